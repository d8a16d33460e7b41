package fold

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Line is s as it is kept where one line is meant, a name or a code: trimmed,
// composed, each run of spaces and control characters one space, and nothing
// that is not UTF-8 or is not seen. Cleaning again changes nothing.
func Line(s string) string { return clean(s, false) }

// Cut is the beginning of s, at most so many characters of it.
func Cut(s string, limit int) string {
	for i := range s {
		if limit == 0 {
			return s[:i]
		}
		limit--
	}
	return s
}

// Text is Line for what may have several lines: line ends stay.
func Text(s string) string { return clean(s, true) }

func clean(s string, lines bool) string {
	if IsLine(s) {
		return s
	}
	s = norm.NFC.String(strings.Map(readable, strings.ToValidUTF8(s, "")))
	var b strings.Builder
	b.Grow(len(s))
	space, ends := false, 0
	for _, r := range s {
		switch {
		case lines && r == '\n':
			ends++
			space = false
		case unicode.IsSpace(r) || unicode.IsControl(r):
			space = true
		default:
			if b.Len() > 0 {
				if ends > 0 {
					b.WriteString(strings.Repeat("\n", min(ends, 2)))
				} else if space {
					b.WriteByte(' ')
				}
			}
			space, ends = false, 0
			b.WriteRune(r)
		}
	}
	return b.String()
}

// IsLine reports, quickly, whether s is one line of ASCII, which Line leaves as it
// is.
func IsLine(s string) bool {
	gap := true // no space may follow
	for i := range len(s) {
		switch c := s[i]; {
		case c > ' ' && c < 0x7f:
			gap = false
		case c == ' ' && !gap:
			gap = true
		default:
			return false
		}
	}
	return !gap || s == ""
}

// readable drops what cannot be seen: marks that files begin with, signs that
// turn the direction of writing or have no width, so that no two codes look
// the same for them, and what could not be read.
func readable(r rune) rune {
	if r == utf8.RuneError || unicode.Is(unicode.Cf, r) {
		return -1
	}
	return r
}
