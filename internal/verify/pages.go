package verify

import (
	"cmp"
	"math"

	"regulars/internal/base/db"
)

// pageRows is how many rows are read at a time.
const pageRows = 4096

// stream gives rows in the order of a key.
type stream[T any] interface {
	peek() *T // nil: no more, or an error that the audit keeps
	skip()
}

// pages reads a table in the order of a key that has an index, a page at a
// time, so that several tables can be merged on one connection.
type pages[T any] struct {
	a     *audit
	table string
	text  string // … WHERE (key) > ($1 …) ORDER BY key LIMIT $n, the last argument
	scan  func(*db.Rows, *T) error
	key   func(*T) []any
	after []any
	size  int // rows at a time, where they are large; 0: pageRows
	rows  []T
	at    int
	done  bool
}

// peek gives the next row.
func (p *pages[T]) peek() *T {
	if p.at == len(p.rows) && !p.done && p.a.err == nil {
		p.read()
	}
	if p.at == len(p.rows) || p.a.err != nil {
		return nil
	}
	return &p.rows[p.at]
}

func (p *pages[T]) skip() { p.at++ }

func (p *pages[T]) read() {
	if n := len(p.rows); n > 0 {
		p.after = p.key(&p.rows[n-1])
	}
	p.rows, p.at = p.rows[:0], 0
	size := cmp.Or(p.size, pageRows)
	p.a.scan(p.table, func(r *db.Rows) error {
		p.rows = append(p.rows, *new(T))
		return p.scan(r, &p.rows[len(p.rows)-1])
	}, p.text, append(p.after[:len(p.after):len(p.after)], size)...)
	p.done = len(p.rows) < size
}

// first is before every key, last after.
const (
	first = int64(math.MinInt64)
	last  = int64(math.MaxInt64)
)

// collect moves the rows that belong together from a stream to into.
func collect[T any](s stream[T], into []T, belongs func(*T) bool) []T {
	into = into[:0]
	for row := s.peek(); row != nil && belongs(row); row = s.peek() {
		into = append(into, *row)
		s.skip()
	}
	return into
}

// each calls see for every row of a stream.
func each[T any](s stream[T], see func(*T)) {
	for row := s.peek(); row != nil; row = s.peek() {
		see(row)
		s.skip()
	}
}
