package receipt

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"regulars/internal/base/db"
)

// odd is a call with which something is wrong.
type odd struct{ err error }

func (odd) prepare(*needs)               {}
func (odd) apply(*Service, *world) error { return nil }
func (o odd) outcome() error             { return o.err }
func (odd) setOutcome(error)             {}

// A call that panics is answered like any other that fails, and the tills that
// wait beside it and after it are served.
func TestPanicOfACallIsItsFailureAlone(t *testing.T) {
	t.Parallel()
	bad := &odd{}
	g := newGroup(1, 0, db.ErrUnsure, func(_ context.Context, calls []call, _ bool) error {
		if slices.Contains(calls, call(bad)) {
			panic("what nobody thought of")
		}
		return nil
	})
	defer g.close()
	for range 3 {
		var (
			wg   sync.WaitGroup
			errs [5]error
		)
		for i := range errs {
			c := &odd{}
			if i == 2 {
				c = bad
			}
			wg.Go(func() { errs[i] = g.do(t.Context(), c) })
		}
		wg.Wait()
		if errs[2] == nil || errors.Join(errs[0], errs[1], errs[3], errs[4]) != nil {
			t.Errorf("got %v", errs)
		}
	}
}
