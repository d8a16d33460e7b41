package delimited

import (
	"fmt"
	"iter"
	"runtime/debug"
	"sync"
)

// chunk is about how many bytes of text are read ahead at once.
const chunk = 64 << 10

// Ahead are the rows from where the Reader is, read by a goroutine of its own while
// the ones before are worked on. Whoever keeps a slice of fields keeps those of its whole
// chunk. The Reader is not used meanwhile. Afterwards Err says whether its source failed, or it panicked itself,
// which would end the program in that goroutine.
func (r *Reader) Ahead() iter.Seq[Row] {
	return func(yield func(Row) bool) {
		rows, stop := make(chan []Row, 1), make(chan struct{})
		var reading sync.WaitGroup
		reading.Go(func() {
			defer close(rows)
			defer func() {
				if p := recover(); p != nil {
					r.err = fmt.Errorf("delimited: panic: %v\n%s", p, debug.Stack())
				}
			}()
			for more := true; more; {
				var some []Row
				some, more = r.some()
				select {
				case rows <- some:
				case <-stop:
					return
				}
			}
		})
		defer reading.Wait()
		defer close(stop)
		for some := range rows {
			for _, row := range some {
				if !yield(row) {
					return
				}
			}
		}
	}
}

// some are a chunk of rows; more: others may follow.
func (r *Reader) some() (rows []Row, more bool) {
	var fields []string
	for end := r.row.End.Offset + chunk; r.row.End.Offset < end; {
		if !r.Next() {
			return rows, false
		}
		row := r.Row()
		from := len(fields)
		fields = append(fields, row.Fields...)
		row.Fields = fields[from:len(fields):len(fields)]
		rows = append(rows, row)
	}
	return rows, true
}
