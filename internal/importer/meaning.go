package importer

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"regulars/internal/base/fold"
)

// Meaning is what a mapping says that a word of a file means, in the columns that
// say what a receipt is, whether it came back, and how it stands.
type Meaning string

// The meanings.
const (
	MeansSale   Meaning = "sale"
	MeansReturn Meaning = "return"
	MeansVoid   Meaning = "void" // it was never sold, or was undone or given back: the row is refused
)

// Meanings are all.
var Meanings = []Meaning{MeansSale, MeansReturn, MeansVoid}

// Key is the i18n key of the meaning; that of none says that it is not understood.
func (m Meaning) Key() string {
	if m == "" {
		return "importer.meaning.none"
	}
	return "importer.meaning." + string(m)
}

// wordFields are the columns whose words have meanings.
var wordFields = []Field{FieldType, FieldStatus, FieldReturned}

// wordKey is a word as it is looked up: case and blanks are nothing, signs are.
func wordKey(word string) string { return strings.ToLower(fold.Line(word)) }

// meanings are the words that a mapping explains, by field and key.
type meanings map[Field]map[string]Meaning

func (o Options) meanings() meanings {
	m := meanings{}
	for f, words := range o.Words {
		m[f] = map[string]Meaning{}
		for word, meaning := range words {
			m[f][wordKey(word)] = meaning
		}
	}
	return m
}

// keepWords adds the words of before that are not explained anew.
func (o Options) keepWords(before Options) {
	own := o.meanings()
	for f, words := range before.Words {
		for word, meaning := range words {
			if _, anew := own[f][wordKey(word)]; !anew && o.Words[f] != nil {
				o.Words[f][word] = meaning
			}
		}
	}
}

// deed is what a cell says of a row, in the column of f that the file calls heading.
func (m meanings) deed(f Field, cell, heading string) deed {
	switch m[f][wordKey(cell)] {
	case MeansSale:
		return sells
	case MeansReturn:
		return takesBack
	case MeansVoid:
		return leftOut
	}
	switch f {
	case FieldType:
		return parseDeed(cell)
	case FieldReturned:
		return parseReturned(cell)
	}
	return parseState(cell, heading)
}

// deed is what a cell of the row says of it.
func (r *rowReader) deed(f Field, cell string) deed {
	return once(r.deeds[f], cell, func() deed { return r.words.deed(f, cell, r.m.heading(f)) })
}

// Said is a word of a column, and what it is read as; "" where it is not understood and
// its rows are refused.
type Said struct {
	Field Field
	Word  string
	Means Meaning
}

func (s Said) same(other Said) bool {
	return s.Field == other.Field && wordKey(s.Word) == wordKey(other.Word)
}

// maxSaid is how many words are shown of a column.
const maxSaid = 20

// saidIn are the words of the columns that have meanings: those that the mapping
// explains, and others in the order in which they come.
func saidIn(rows []sampleRow, m *Mapping) (list []Said) {
	given, seen := m.Options.meanings(), map[Said]bool{}
	for _, f := range wordFields {
		for _, word := range slices.Sorted(maps.Keys(m.Options.Words[f])) {
			seen[Said{Field: f, Word: wordKey(word)}] = true
			list = append(list, Said{f, word, m.Options.Words[f][word]})
		}
		until := len(list) + maxSaid
		for cell := range cellsOf(rows, m.Columns, f) {
			key := Said{Field: f, Word: wordKey(cell)}
			if key.Word == "" || seen[key] || len(list) == until || utf8.RuneCountInString(cell) > maxValue {
				continue
			}
			seen[key] = true
			list = append(list, Said{f, fold.Line(cell), given.deed(f, cell, m.heading(f)).meaning()})
		}
	}
	return list
}

// meaning is what a mapping would say of a word that is read so.
func (d deed) meaning() Meaning {
	switch d {
	case takesBack:
		return MeansReturn
	case undone, leftOut:
		return MeansVoid
	case puzzles:
		return ""
	}
	return MeansSale
}

// Unclear are words besides those said of which a check tells that they are not
// understood, or that their rows are refused.
func (r *Report) Unclear(said []Said) (more []Said) {
	for _, t := range r.Tallies {
		if !slices.Contains(wordFields, t.Field) || !slices.Contains([]Reason{ReasonWord, ReasonState, ReasonVoid}, t.Reason) {
			continue
		}
		for _, e := range t.First {
			s := Said{Field: t.Field, Word: e.Value}
			switch t.Reason {
			case ReasonState:
				s.Means = MeansSale
			case ReasonVoid:
				s.Means = MeansVoid
			}
			if !slices.ContainsFunc(slices.Concat(said, more), s.same) {
				more = append(more, s)
			}
		}
	}
	return more
}
