package fold_test

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"regulars/internal/base/fold"
)

func TestKey(t *testing.T) {
	t.Parallel()

	tests := map[string]struct{ in, want string }{
		"case":                 {"ИВАН Ivan", "иван ivan"},
		"yo":                   {"Фёдор ФЁДОР", "федор федор"},
		"yo taken apart":       {"Фе\u0308дор", "федор"},
		"short i stays":        {"Андрей АНДРЕЙ", "андрей андрей"},
		"short i taken apart":  {"Андреи\u0306", "андрей"},
		"accents":              {"José Çelik Łukasz Åse", "jose celik lukasz ase"},
		"uzbek cyrillic":       {"Ўткир Қодиров Ғани Ҳасан", "ўткир қодиров ғани ҳасан"},
		"turned comma":         {"Oʻtkir Gʻani", "otkir gani"},
		"typewriter":           {"O'tkir G'ani", "otkir gani"},
		"quotes":               {"O‘tkir O’tkir O`tkir O´tkir", "otkir otkir otkir otkir"},
		"tutuq":                {"Maʼmura Saʼdulla", "mamura sadulla"},
		"hyphen":               {"Иванова-Петрова", "иванова петрова"},
		"hyphens of all sorts": {"Anna – Maria—Lea", "anna maria lea"},
		"spaces":               {" \tИван\u00a0 \n Иванов ", "иван иванов"},
		"punctuation":          {"Иванов И.И. (мл.)", "иванов и и мл"},
		"digits":               {"Молоко 3,2 % 1л", "молоко 3 2 1л"},
		"full width":           {"Ｉｖａｎ１", "ivan1"},
		"sharp s":              {"Groß", "gross"},
		"turkish i":            {"İstanbul ISPARTA ısparta", "istanbul isparta isparta"},
		"broken bytes":         {"Ив\xffан", "ив ан"},
		"nothing":              {" -'- ", ""},
		"empty":                {"", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := fold.Key(tt.in); got != tt.want {
				t.Errorf("Key(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}

// A name is found however its letters were typed: with any apostrophe that a
// keyboard has, or with none.
func TestUzbekNamesAreOneHoweverTyped(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"O*ktam", "G*ulnora", "Sa*dulla", "Mo*minov Nu*mon O*G*LI", "to*g*ri"} {
		want := strings.ToLower(strings.ReplaceAll(name, "*", ""))
		for _, sign := range []string{"", "'", "’", "‘", "`", "´", "ʻ", "ʼ", "ʹ", "′", "＇", "‛"} {
			for _, typed := range []string{strings.ReplaceAll(name, "*", sign), strings.ToUpper(strings.ReplaceAll(name, "*", sign))} {
				if got := fold.Key(typed); got != want {
					t.Errorf("Key(%q) = %q, want %q", typed, got, want)
				}
			}
		}
	}
}

func TestWords(t *testing.T) {
	t.Parallel()
	if got, want := fold.Words("Иванова-Петрова  Анна"), []string{"иванова", "петрова", "анна"}; !slices.Equal(got, want) {
		t.Errorf("Words = %q, want %q", got, want)
	}
}

func TestAfterBoundsPrefix(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"ив", "иван", "ивя", "ив ан"} {
		if key >= fold.After("ив") {
			t.Errorf("%q is not below After(%q)", key, "ив")
		}
	}
	if "иг" < fold.After("ив") {
		t.Errorf("%q is below After(%q)", "иг", "ив")
	}
}

// A key is its own key, valid and bounded, whatever went in.
func FuzzKey(f *testing.F) {
	for _, s := range []string{
		"Иванов-Ёлкин", "Oʻtkir", "Андреи\u0306", "и\u0301\u0306", "у\u0306\u0306", "İ", "ﷺ", "한글", "Ⅷ½№", "\xff", "ẞßſ", "е\u0308\u0306",
		strings.Repeat("ё", 300), strings.Repeat("ab ", 100), "і\u0308", "\u0306", "ǅ", "ϓ\u0301", "ᾳ", "'", "a'b",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		key := fold.Key(s)
		if !utf8.ValidString(key) {
			t.Fatalf("Key(%q) = %q is not valid UTF-8", s, key)
		}
		if len(key) > fold.Max {
			t.Fatalf("Key(%q) is %d bytes long", s, len(key))
		}
		if again := fold.Key(key); again != key {
			t.Fatalf("Key(%q) = %q, and its key is %q", s, key, again)
		}
		if strings.TrimSpace(key) != key || strings.Contains(key, "  ") {
			t.Fatalf("Key(%q) = %q has idle spaces", s, key)
		}
	})
}

func BenchmarkKey(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		fold.Key("Иванова-Петрова")
		fold.Key("Oʻtkir")
	}
}
