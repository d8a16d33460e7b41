package fold_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"regulars/internal/base/fold"
)

func TestLine(t *testing.T) {
	t.Parallel()

	tests := map[string]struct{ in, line, text string }{
		"clean":        {"Молоко 3,2 %", "Молоко 3,2 %", "Молоко 3,2 %"},
		"spaces":       {" \tA\u00a0\u2003 B ", "A B", "A B"},
		"control":      {"A\x00B\x7f", "A B", "A B"},
		"line ends":    {"A \r\n B\n\n\n\nC\n", "A B C", "A\nB\n\nC"},
		"composed":     {"Фе\u0308дор", "Фёдор", "Фёдор"},
		"broken bytes": {"A\xffB", "AB", "AB"},
		"byte order":   {"\ufeffA", "A", "A"},
		"no width":     {"A\u200bB\u00ad\u2060", "AB", "AB"},
		"turned round": {"A\u202eB\u2066", "AB", "AB"},
		"empty":        {" ", "", ""},
		"before":       {" A", "A", "A"},
		"after":        {"A ", "A", "A"},
		"between":      {"A  B", "A B", "A B"},
		"one line":     {"A B~C 1", "A B~C 1", "A B~C 1"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := fold.Line(tt.in); got != tt.line {
				t.Errorf("Line(%q) = %q, want %q", tt.in, got, tt.line)
			}
			if got := fold.Text(tt.in); got != tt.text {
				t.Errorf("Text(%q) = %q, want %q", tt.in, got, tt.text)
			}
		})
	}
}

// What was cleaned is clean: PostgreSQL takes it, and it is equal to itself.
func FuzzText(f *testing.F) {
	for _, s := range []string{"a\x00b", "\xff", "a \n b", "е\u0308", " \u0308", "\ufeff\ufeff", "e\ufeff\u0301", "a\u0301\n\u0301"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, clean := range []func(string) string{fold.Line, fold.Text} {
			c := clean(s)
			if !utf8.ValidString(c) || strings.ContainsRune(c, 0) || clean(c) != c {
				t.Fatalf("%q became %q, and that %q", s, c, clean(c))
			}
		}
	})
}
