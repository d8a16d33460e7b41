package verify

import (
	"bufio"
	"container/heap"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"slices"
)

// spoolMemory is how many bytes of rows a spool keeps before it sorts them
// into a file.
const spoolMemory = 8 << 20

// spool sorts more rows than memory holds. T is a struct of numbers. What
// fails is kept by the audit.
type spool[T any] struct {
	a    *audit
	cmp  func(a, b *T) int
	max  int // rows in memory
	rows []T
	runs []*os.File // sorted
}

func newSpool[T any](a *audit, cmp func(a, b *T) int) *spool[T] {
	s := &spool[T]{a: a, cmp: cmp, max: max(spoolMemory/binary.Size(*new(T)), 2)}
	a.spools = append(a.spools, s)
	return s
}

// add takes a row in.
func (s *spool[T]) add(row T) {
	if len(s.rows) == s.max {
		s.a.fail(s.spill())
	}
	s.rows = append(s.rows, row)
}

func (s *spool[T]) sort() {
	slices.SortFunc(s.rows, func(a, b T) int { return s.cmp(&a, &b) })
}

func (s *spool[T]) spill() error {
	s.sort()
	f, err := os.CreateTemp(s.a.opts.TempDir, "regulars-verify-")
	if err != nil {
		return err
	}
	s.runs = append(s.runs, f)
	w := bufio.NewWriterSize(f, 1<<20)
	buf := make([]byte, 0, 256)
	for i := range s.rows {
		if buf, err = binary.Append(buf[:0], binary.LittleEndian, &s.rows[i]); err != nil {
			return err
		}
		if _, err := w.Write(buf); err != nil {
			return err
		}
	}
	s.rows = s.rows[:0]
	return w.Flush()
}

// sorted ends the filling and gives the rows in order.
func (s *spool[T]) sorted() *sorted[T] {
	s.sort()
	out := &sorted[T]{a: s.a, cmp: s.cmp}
	if len(s.rows) > 0 {
		out.runs = append(out.runs, &run[T]{rows: s.rows})
	}
	for _, f := range s.runs {
		_, err := f.Seek(0, io.SeekStart)
		s.a.fail(err)
		r := &run[T]{in: bufio.NewReaderSize(f, 64<<10)}
		s.a.fail(r.read())
		out.runs = append(out.runs, r)
	}
	if s.a.err == nil {
		heap.Init(out)
	}
	return out
}

// close gives memory and disk back.
func (s *spool[T]) close() error {
	s.rows = nil
	var failed error
	for _, f := range s.runs {
		failed = errors.Join(failed, f.Close(), os.Remove(f.Name()))
	}
	s.runs = nil
	return failed
}

// run is one sorted part: of memory, or of a file that is read row by row.
type run[T any] struct {
	rows []T
	in   *bufio.Reader
	buf  []byte
}

// read replaces the only row in memory by the file's next one.
func (r *run[T]) read() error {
	if r.rows == nil {
		r.rows = make([]T, 1)
		r.buf = make([]byte, binary.Size(r.rows[0]))
	}
	_, err := io.ReadFull(r.in, r.buf)
	if errors.Is(err, io.EOF) {
		r.rows = r.rows[:0]
		return nil
	}
	if err == nil {
		_, err = binary.Decode(r.buf, binary.LittleEndian, &r.rows[0])
	}
	return err
}

// next drops the first row and reports whether there is another.
func (r *run[T]) next() (bool, error) {
	if r.in == nil {
		r.rows = r.rows[1:]
		return len(r.rows) > 0, nil
	}
	err := r.read()
	return len(r.rows) > 0, err
}

// sorted merges the runs of a spool: a heap by their first rows.
type sorted[T any] struct {
	a    *audit
	cmp  func(a, b *T) int
	runs []*run[T]
}

// Len implements heap.Interface.
func (s *sorted[T]) Len() int { return len(s.runs) }

// Less implements heap.Interface.
func (s *sorted[T]) Less(i, j int) bool { return s.cmp(&s.runs[i].rows[0], &s.runs[j].rows[0]) < 0 }

// Swap implements heap.Interface.
func (s *sorted[T]) Swap(i, j int) { s.runs[i], s.runs[j] = s.runs[j], s.runs[i] }

// Push implements heap.Interface.
func (s *sorted[T]) Push(x any) { s.runs = append(s.runs, x.(*run[T])) }

// Pop implements heap.Interface.
func (s *sorted[T]) Pop() any {
	last := s.runs[len(s.runs)-1]
	s.runs = s.runs[:len(s.runs)-1]
	return last
}

// peek is the first row that is left; nil: none.
func (s *sorted[T]) peek() *T {
	if len(s.runs) == 0 || s.a.err != nil {
		return nil
	}
	return &s.runs[0].rows[0]
}

// skip drops it.
func (s *sorted[T]) skip() {
	more, err := s.runs[0].next()
	switch {
	case err != nil:
		s.a.fail(err)
	case more:
		heap.Fix(s, 0)
	default:
		heap.Pop(s)
	}
}
