// Package fold makes keys of what people write, so that the program and not
// the database decides when two spellings are the same; Line and Text clean
// what is kept as it was written, and Guard is for cells that a spreadsheet opens.
//
// A key is lower case without accents, ё is е, Uzbek apostrophes are gone, and
// everything that is neither letter nor digit is one space. Folding a key
// again changes nothing, a key is valid UTF-8 and at most Max bytes long, so
// keys are compared and searched byte by byte, by prefix. Nothing is ever
// shown from a key. Identifiers such as phones have their own normal forms in
// package customer.
package fold

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Max is the length of the longest key in bytes.
const Max = 200

// breve makes й of и and ў of у: letters of their own, unlike accented ones.
const breve = '\u0306'

// silent are signs that spell a letter in Uzbek (oʻ, gʻ) or stand for one, in
// whichever of their many forms they were typed.
const silent = "'`´ʹʻʼʽʾʿˈˊˋ‘’‛′‵＇ꞌ"

// whole are letters that Unicode does not take apart, though people who lack
// them on the keyboard do.
var whole = map[rune]string{
	'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'þ': "th", 'ħ': "h", 'ı': "i", 'ς': "σ",
}

// Key folds s.
func Key(s string) string {
	if len(s) > 4*Max { // a key that long is cut anyway
		s = s[:4*Max]
	}
	if k, ok := plain(s); ok {
		return k
	}
	return full(s)
}

// Words are the words of a key.
func Words(s string) []string { return strings.Fields(Key(s)) }

// After is greater than every key that begins with prefix, and not greater
// than any other that is greater than prefix.
func After(prefix string) string { return prefix + string(unicode.MaxRune) }

// plain folds ASCII and Russian, which is nearly everything, without taking
// characters apart.
func plain(s string) (string, bool) {
	var b builder
	b.Grow(min(len(s), Max))
	for _, r := range s {
		switch {
		case r < utf8.RuneSelf, r >= 'А' && r <= 'я', r == 'ё', r == 'Ё':
			b.add(lower(r))
		default:
			return "", false
		}
	}
	return b.String(), true
}

func lower(r rune) rune {
	r = unicode.ToLower(r)
	if r == 'ё' {
		return 'е'
	}
	return r
}

// voiced drops silent signs.
func voiced(r rune) rune {
	if strings.ContainsRune(silent, r) {
		return -1
	}
	return r
}

// Bare is s without silent signs, for what is compared by other rules than keys.
func Bare(s string) string { return strings.Map(voiced, s) }

// full folds anything.
func full(s string) string {
	text := make([]rune, 0, len(s))
	last := rune(0)                       // the letter that a mark belongs to
	s = Bare(strings.ToValidUTF8(s, " ")) // before they are taken apart
	for _, r := range norm.NFKD.String(s) {
		r = unicode.ToLower(r)
		if unicode.Is(unicode.Mn, r) {
			if r == breve && (last == 'и' || last == 'у') {
				text, last = append(text, r), 0
			}
			continue
		}
		if as, ok := whole[r]; ok {
			text = append(text, []rune(as)...)
		} else {
			text = append(text, r)
		}
		last = r
	}
	var b builder
	for _, r := range norm.NFC.String(string(text)) {
		b.add(r)
	}
	return b.String()
}

// builder collects a key up to its limit.
type builder struct {
	strings.Builder
	space, full bool
}

func (b *builder) add(r rune) {
	switch {
	case b.full || voiced(r) < 0:
	case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.M, r):
		n := utf8.RuneLen(r)
		if b.space {
			n++
		}
		if b.Len()+n > Max {
			b.full = true
			return
		}
		if b.space {
			b.WriteByte(' ')
			b.space = false
		}
		b.WriteRune(r)
	default:
		b.space = b.Len() > 0
	}
}
