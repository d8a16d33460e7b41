package fold

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Letters of the Latin and the Cyrillic alphabet that look the same, one below the
// other.
const (
	latinTwins    = "ABCEHKMOPTXYaceopxy"
	cyrillicTwins = "АВСЕНКМОРТХУасеорху"
)

var toCyrillic, toLatin = func() (to, back map[rune]rune) {
	to, back = map[rune]rune{}, map[rune]rune{}
	twins := []rune(cyrillicTwins)
	for i, r := range latinTwins {
		to[r], back[twins[i]] = twins[i], r
	}
	return to, back
}()

// OneScript writes words in which letters of two alphabets stand side by side with
// those of one, where the others look like letters of it: what was typed with the
// keyboard in the wrong language. A word that is of either alone stays as it is, and
// so does one with letters that only the one and only the other has. What could be
// both is Latin, as codes are.
func OneScript(s string) string {
	if ascii(s) {
		return s
	}
	var b strings.Builder
	for s != "" {
		n := strings.IndexFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		if n < 0 {
			n = len(s)
		}
		b.WriteString(oneScript(s[:n]))
		_, size := utf8.DecodeRuneInString(s[n:])
		b.WriteString(s[n : n+size])
		s = s[n+size:]
	}
	return b.String()
}

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func oneScript(word string) string {
	var latin, cyrillic, onlyLatin, onlyCyrillic bool
	for _, r := range word {
		_, twin := toCyrillic[r]
		_, other := toLatin[r]
		switch {
		case unicode.Is(unicode.Latin, r):
			latin, onlyLatin = true, onlyLatin || !twin
		case unicode.Is(unicode.Cyrillic, r):
			cyrillic, onlyCyrillic = true, onlyCyrillic || !other
		}
	}
	switch {
	case !latin || !cyrillic || onlyLatin && onlyCyrillic:
		return word
	case onlyCyrillic:
		return swap(word, toCyrillic)
	}
	return swap(word, toLatin)
}

func swap(s string, by map[rune]rune) string {
	return strings.Map(func(r rune) rune {
		if to, ok := by[r]; ok {
			return to
		}
		return r
	}, s)
}

// Twins are the ways to write a code with letters of one alphabet that look like it,
// other than itself.
func Twins(code string) (list []string) {
	for _, by := range []map[rune]rune{toLatin, toCyrillic} {
		if twin := swap(code, by); twin != code && oneScript(twin) == twin {
			list = append(list, twin)
		}
	}
	return list
}
