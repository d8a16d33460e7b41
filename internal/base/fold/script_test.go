package fold_test

import (
	"slices"
	"testing"

	"regulars/internal/base/fold"
)

func TestOneScript(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Cумма":               "Сумма",               // with a Latin C
		"Телефoн клиента":     "Телефон клиента",     // with a Latin o
		"Еmail":               "Email",               // with a Cyrillic Е
		"F635Р4":              "F635P4",              // with a Cyrillic Р
		"А112T4":              "A112T4",              // either
		"А112Т4":              "А112Т4",              // Cyrillic alone
		"A112T4":              "A112T4",              // Latin alone
		"SMS-рассылка":        "SMS-рассылка",        // two words
		"iPhoneфон":           "iPhoneфон",           // of both
		"Oʻgʻli, Иванoв; ABC": "Oʻgʻli, Иванов; ABC", // word by word
		"":                    "",                    //
		"\xff\xfeCумма":       "\xff\xfeСумма",       // what cannot be read stays
		"№1 Mосква/Caмарканд": "№1 Москва/Самарканд", //
		"Ҳamкор":              "Ҳamкор",              // m has no twin
	} {
		got := fold.OneScript(text)
		if got != want {
			t.Errorf("OneScript(%q) = %q, want %q", text, got, want)
		}
		if again := fold.OneScript(got); again != got {
			t.Errorf("OneScript(%q) = %q", got, again)
		}
	}
}

func TestTwins(t *testing.T) {
	t.Parallel()
	for code, want := range map[string][]string{
		"А112Т4": {"A112T4"}, "A112T4": {"А112Т4"}, "F635R4": nil, "12345": nil, "Ж-1": nil, "АВ": {"AB"},
	} {
		if got := fold.Twins(code); !slices.Equal(got, want) {
			t.Errorf("Twins(%q) = %q, want %q", code, got, want)
		}
	}
}
