package receipt

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
)

// maxGroup is the most calls that share one transaction.
const maxGroup = 128

// patience is how long a transaction may take, far longer than its callers
// wait: where the database has stopped answering, or somebody sits on a lock,
// the tills behind it are not held up for good.
const patience = 30 * time.Second

// breath is how long after another a transaction begins, under load: it costs
// about the same for one call as for ten. A cashier does not notice it.
// quoteBreath is the same for what reads only and waits for no disk.
const (
	breath      = 5 * time.Millisecond
	quoteBreath = 2 * time.Millisecond
)

// call is one till call. Its methods are called in this order, perhaps several
// times over.
type call interface {
	// prepare names what must be read and locked.
	prepare(n *needs)
	// apply computes in memory. On an error it must have changed nothing.
	apply(s *Service, w *world) error
	// outcome is that of apply; nil after a success.
	outcome() error
	setOutcome(error)
}

// group gathers concurrent calls into one transaction: what it costs by itself,
// most of all the database's commit, which waits for the disk, is then paid
// once for all of them. A lone call does not wait for company.
type group struct {
	// run runs calls in a transaction; again says that it failed because one
	// of them met another process.
	run      func(ctx context.Context, calls []call, again bool) error
	breath   time.Duration
	changes  bool // the calls change something: the outcome of one given up is unknown
	patience time.Duration
	queue    chan *waiting
	done     sync.WaitGroup

	mu     sync.RWMutex
	closed bool
}

type waiting struct {
	ctx    context.Context
	call   call
	err    error
	answer chan struct{}
}

// newGroup starts as many workers as the database takes at once: while one
// waits for it, the next gathers.
func newGroup(workers int, breath time.Duration, changes bool, run func(context.Context, []call, bool) error) *group {
	g := &group{run: run, breath: breath, changes: changes, patience: patience, queue: make(chan *waiting, maxGroup)}
	for range workers {
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
		if !g.changes {
			return ctx.Err()
		}
		return db.ErrUnsure.Because(ctx.Err())
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
	var (
		breathed <-chan time.Time // since the last batch began
		company  bool             // was in it
	)
	for first := range g.queue {
		if company {
			<-breathed
		}
		batch := g.gather(first)
		breathed, company = time.After(g.breath), len(batch) > 1
		g.serve(batch)
	}
}

// serve runs a batch and answers its calls. Where one of them met another
// process, all are run again, who now see what that one did; where one cannot
// be done at all, each is run by itself, so that only that one fails.
func (g *group) serve(batch []*waiting) {
	err := g.attempt(batch, false)
	if errors.Is(err, db.ErrUnique) || errors.Is(err, db.ErrGuard) {
		err = g.attempt(batch, true)
	}
	if len(batch) > 1 && err != nil && errs.KindOf(err) != errs.Unavailable {
		for i := range batch {
			g.serve(batch[i : i+1])
		}
		return
	}
	for _, w := range batch {
		w.end(err)
	}
}

// attempt runs a batch in one transaction. What a call panics with is its
// failure: all other tills wait here.
func (g *group) attempt(batch []*waiting, again bool) (err error) {
	calls := make([]call, len(batch))
	for i, w := range batch {
		calls[i] = w.call
	}
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("receipt: panic: %v\n%s", p, debug.Stack())
		}
	}()
	ctx, cancel := context.WithTimeout(context.Background(), g.patience)
	defer cancel()
	err = g.run(ctx, calls, again)
	switch {
	case err == nil || ctx.Err() == nil:
		return err
	case g.changes:
		return db.ErrUnsure.Because(err)
	}
	return db.ErrDown.Because(err)
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

// end answers: err is the transaction's, otherwise the call's own holds.
func (w *waiting) end(err error) {
	w.err = err
	if err == nil {
		w.err = w.call.outcome()
	}
	close(w.answer)
}
