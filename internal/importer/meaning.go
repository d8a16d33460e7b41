package importer

import (
	"cmp"
	"maps"
	"slices"
	"unicode/utf8"

	"regulars/internal/base/fold"
)

// Meaning is what a mapping says that a word of a file means, in the columns that
// say what a receipt is, whether it came back, and how it stands.
type Meaning string

// The meanings.
const (
	MeansSale   Meaning = "sale"
	MeansReturn Meaning = "return" // of a state: the sale was given back, and is none any more
	MeansVoid   Meaning = "void"   // it was never sold, or was undone: the row is refused
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

// meanings are the words that a mapping explains, as they are looked up.
type meanings map[string]Meaning

func (o Options) meanings() meanings {
	m := meanings{}
	for word, meaning := range o.Words {
		m[fold.Key(word)] = meaning
	}
	return m
}

// deed is what a cell says of a row, in the column of f that the file calls heading.
func (m meanings) deed(f Field, cell, heading string) deed {
	switch m[fold.Key(cell)] {
	case MeansSale:
		return sells
	case MeansReturn:
		if f == FieldStatus {
			return undone
		}
		return takesBack
	case MeansVoid:
		return undone
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

// Said is a word of a file, and what it is read as; "" where it is not understood and
// its rows are refused.
type Said struct {
	Word  string
	Means Meaning
}

// maxSaid is how many words are shown of a column.
const maxSaid = 20

// saidIn are the words of the columns that have meanings, in the order in which they
// come, and those that the mapping explains besides.
func saidIn(rows []sampleRow, m *Mapping) (list []Said) {
	given, seen := m.Options.meanings(), map[string]bool{}
	spelled := map[string]string{} // as in the mapping
	for word := range m.Options.Words {
		spelled[fold.Key(word)] = word
	}
	for _, f := range wordFields {
		until := len(list) + maxSaid
		for cell := range cellsOf(rows, m.Columns, f) {
			key := fold.Key(cell)
			if key == "" || seen[key] || len(list) == until || utf8.RuneCountInString(cell) > maxValue {
				continue
			}
			seen[key] = true
			list = append(list, Said{cmp.Or(spelled[key], fold.Line(cell)), given.deed(f, cell, m.heading(f)).meaning()})
		}
	}
	for _, key := range slices.Sorted(maps.Keys(spelled)) {
		if !seen[key] {
			list = append(list, Said{spelled[key], given[key]})
		}
	}
	return list
}

// meaning is what a mapping would say of a word that is read so.
func (d deed) meaning() Meaning {
	switch d {
	case takesBack:
		return MeansReturn
	case undone:
		return MeansVoid
	case puzzles:
		return ""
	}
	return MeansSale
}

// Unclear are words besides those said of which a check tells that they are not
// understood.
func (r *Report) Unclear(said []Said) (more []Said) {
	for _, t := range r.Tallies {
		if !slices.Contains(wordFields, t.Field) || t.Reason != ReasonWord && t.Reason != ReasonState {
			continue
		}
		for _, e := range t.First {
			is := func(s Said) bool { return fold.Key(s.Word) == fold.Key(e.Value) }
			if slices.ContainsFunc(said, is) || slices.ContainsFunc(more, is) {
				continue
			}
			s := Said{Word: e.Value}
			if t.Reason == ReasonState {
				s.Means = MeansSale
			}
			more = append(more, s)
		}
	}
	return more
}
