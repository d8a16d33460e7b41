package receipt

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
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
	g := newGroup(1, 0, true, func(_ context.Context, calls []call, _ bool) error {
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

// Who calls alone does not wait for company, however long that would be.
func TestLoneCallDoesNotWait(t *testing.T) {
	t.Parallel()
	g := newGroup(1, time.Hour, true, func(context.Context, []call, bool) error { return nil })
	defer g.close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for range 3 {
		if err := g.do(ctx, &odd{}); err != nil {
			t.Fatal(err)
		}
	}
}

// After a transaction of several, the calls of a breath share the next.
func TestCompanyIsGathered(t *testing.T) {
	t.Parallel()
	var (
		sizes []int
		first = make(chan struct{})
		busy  = make(chan struct{})
	)
	g := newGroup(1, 2*time.Second, true, func(_ context.Context, calls []call, _ bool) error {
		if sizes = append(sizes, len(calls)); len(sizes) == 1 {
			close(busy)
			<-first
		}
		return nil
	})
	var wg sync.WaitGroup
	ask := func() {
		wg.Go(func() {
			if err := g.do(t.Context(), &odd{}); err != nil {
				t.Error(err)
			}
		})
	}
	queued := func(n int) {
		for len(g.queue) < n {
			runtime.Gosched()
		}
	}
	ask()
	<-busy
	ask()
	ask()
	queued(2)
	close(first) // the two are together
	wg.Wait()
	for range 4 {
		ask()
	}
	wg.Wait()
	g.close()
	if !slices.Equal(sizes, []int{1, 2, 4}) {
		t.Errorf("transactions of %v calls", sizes)
	}
}
