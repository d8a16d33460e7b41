package receipt

import (
	"context"
	"errors"
	"sync"

	"regulars/internal/base/db"
)

// maxGroup is the most calls that share one transaction.
const maxGroup = 128

// call is one till call that changes something. Its methods are called in
// this order, perhaps several times over.
type call interface {
	// prepare names what must be read and locked.
	prepare(n *needs)
	// apply computes in memory. On an error it must have changed nothing.
	apply(s *Service, w *world) error
	// fail takes the outcome of apply; nil after a success.
	outcome() error
	setOutcome(error)
}

// group gathers concurrent calls into one transaction: the database's commit,
// which waits for the disk, is then paid once for all of them. A lone call
// does not wait for company.
type group struct {
	run   func(context.Context, []call) error
	queue chan *waiting
	done  sync.WaitGroup

	mu     sync.RWMutex
	closed bool
}

type waiting struct {
	ctx    context.Context
	call   call
	err    error
	answer chan struct{}
}

// newGroup starts as many committers as the database takes at once: while one
// waits for the disk, the next gathers.
func newGroup(committers int, run func(context.Context, []call) error) *group {
	g := &group{run: run, queue: make(chan *waiting, maxGroup)}
	for range committers {
		g.done.Go(g.loop)
	}
	return g
}

// do has the call run and waits for its transaction to be committed. If ctx
// ends while the call is being committed, the outcome is unknown to the
// caller, who repeats it.
func (g *group) do(ctx context.Context, c call) error {
	w := &waiting{ctx: ctx, call: c, answer: make(chan struct{})}
	g.mu.RLock()
	if g.closed {
		g.mu.RUnlock()
		return db.ErrDown
	}
	select {
	case g.queue <- w:
		g.mu.RUnlock()
	case <-ctx.Done():
		g.mu.RUnlock()
		return ctx.Err()
	}
	select {
	case <-w.answer:
		return w.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g *group) close() {
	g.mu.Lock()
	if !g.closed {
		g.closed = true
		close(g.queue)
	}
	g.mu.Unlock()
	g.done.Wait()
}

func (g *group) loop() {
	for first := range g.queue {
		batch := g.gather(first)
		calls := make([]call, len(batch))
		for i, w := range batch {
			calls[i] = w.call
		}
		err := g.run(context.Background(), calls)
		if len(calls) > 1 && (errors.Is(err, db.ErrUnique) || errors.Is(err, db.ErrGuard)) {
			g.apart(batch)
			continue
		}
		for _, w := range batch {
			w.end(err)
		}
	}
}

// gather takes what is waiting, without waiting for more.
func (g *group) gather(first *waiting) []*waiting {
	batch := []*waiting{first}
	for len(batch) < maxGroup {
		select {
		case w, ok := <-g.queue:
			if !ok {
				return batch
			}
			if w.ctx.Err() != nil { // gave up while it waited
				w.end(w.ctx.Err())
				continue
			}
			batch = append(batch, w)
		default:
			return batch
		}
	}
	return batch
}

// apart runs each call in a transaction of its own, because one of them met
// another process and made all fail.
func (g *group) apart(batch []*waiting) {
	for _, w := range batch {
		var err error
		for range 3 {
			err = g.run(context.Background(), []call{w.call})
			if !errors.Is(err, db.ErrUnique) && !errors.Is(err, db.ErrGuard) {
				break
			}
		}
		w.end(err)
	}
}

// end answers: err is the transaction's, otherwise the call's own holds.
func (w *waiting) end(err error) {
	w.err = err
	if err == nil {
		w.err = w.call.outcome()
	}
	close(w.answer)
}
