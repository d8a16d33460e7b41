package delimited

import (
	"fmt"
	"iter"
	"runtime/debug"
	"slices"
	"sync"
)

// chunk is about how many bytes of text are read ahead at once.
const chunk = 64 << 10

// Ahead are the rows that Next would move to, read by a goroutine of its own while
// those before are worked on. Each owns its fields. The Reader is not used meanwhile;
// afterwards Err says whether its source failed.
func (r *Reader) Ahead() iter.Seq[Row] {
	return func(yield func(Row) bool) {
		rows, stop := make(chan []Row, 1), make(chan struct{})
		var reading sync.WaitGroup
		var panicked any
		reading.Go(func() {
			defer close(rows)
			defer func() {
				if p := recover(); p != nil {
					panicked = fmt.Sprintf("%v\n%s", p, debug.Stack())
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
		defer func() {
			close(stop)
			reading.Wait()
			if panicked != nil { // whoever asks for rows may recover
				panic(panicked)
			}
		}()
		for some := range rows {
			for _, row := range some {
				if !yield(row) {
					return
				}
			}
		}
	}
}

// some are the rows of a chunk; more: others may follow.
func (r *Reader) some() (rows []Row, more bool) {
	for end := r.base + int64(r.at) + chunk; r.base+int64(r.at) < end; {
		if !r.Next() {
			return rows, false
		}
		row := r.Row()
		row.Fields = slices.Clone(row.Fields)
		rows = append(rows, row)
	}
	return rows, true
}
