package customer

import (
	"strings"
	"unicode/utf8"
)

// Mask shows enough of an identifier to recognise one's own, and no more: the
// last four characters, of an e-mail the first and the domain.
func Mask(i Identifier) string {
	if i.Kind == Email {
		local, domain, _ := strings.Cut(i.Value, "@")
		_, size := utf8.DecodeRuneInString(local)
		return local[:size] + "•••@" + domain
	}
	runes := []rune(i.Value)
	shown := 4
	if len(runes) < 8 {
		shown = len(runes) / 4
	}
	hidden := len(runes) - shown
	return strings.Repeat("•", min(hidden, 9)) + string(runes[hidden:])
}

// MaskName shows the first name and the initial of the last.
func MaskName(first, last string) string {
	if r, size := utf8.DecodeRuneInString(last); size > 0 {
		last = string(r) + "."
	}
	return strings.TrimSpace(first + " " + last)
}
