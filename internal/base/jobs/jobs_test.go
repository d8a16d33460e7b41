package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/errs"
	"regulars/internal/base/i18n"
	"regulars/internal/base/id"
	"regulars/internal/base/money"
)

// clock is set by the test; all processes of a test share it.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// process is a queue as one process has it: its looks for work are the test's.
type process struct {
	*Queue
	t testing.TB
}

var nodes struct {
	sync.Mutex
	last int
}

func newProcess(t testing.TB, d *db.DB, c *clock) *process {
	t.Helper()
	nodes.Lock()
	defer nodes.Unlock()
	nodes.last = (nodes.last + 1) % id.Nodes
	q := New(d, id.NewMinter(c.now, nodes.last, 0), c.now, Config{Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(func() { // also when the test failed half way
		q.stop()
		q.serving.Wait()
	})
	return &process{q, t}
}

// look starts what is due.
func (p *process) look() {
	p.t.Helper()
	if err := p.step(p.t.Context()); err != nil {
		p.t.Fatal(err)
	}
}

// work starts what is due and waits until it has ended.
func (p *process) work() {
	p.t.Helper()
	p.look()
	p.serving.Wait()
}

func (p *process) add(j Job) ID {
	p.t.Helper()
	id, _, err := p.Add(p.t.Context(), j)
	if err != nil {
		p.t.Fatal(err)
	}
	return id
}

func (p *process) want(id ID, state State, attempts int) Info {
	p.t.Helper()
	i, err := p.Get(p.t.Context(), id)
	if err != nil {
		p.t.Fatal(err)
	}
	if i.State != state || i.Attempts != attempts {
		p.t.Fatalf("the job is %s after %d attempts, want %s after %d", i.State, i.Attempts, state, attempts)
	}
	return i
}

// wait is for a signal of a handler.
func wait[T any](t testing.TB, signal <-chan T) T {
	t.Helper()
	select {
	case v := <-signal:
		return v
	case <-time.After(time.Minute):
		t.Fatal("no signal for a minute")
		panic("not reached")
	}
}

type position struct {
	Row int `json:"row"`
}

func TestAddOnceForEachDedupe(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		a, b := newProcess(t, d, c), newProcess(t, d, c)
		ran := make(chan string, 20)
		for _, p := range []*process{a, b} {
			p.Handle("count", 0, func(_ context.Context, r *Run) error {
				ran <- r.Dedupe
				return nil
			})
		}

		// Both processes add the same turn at once, eight times each.
		var group sync.WaitGroup
		ids, news := make(chan ID, 16), make(chan bool, 16)
		for i := range 16 {
			group.Go(func() {
				id, added, err := []*process{a, b}[i%2].Add(t.Context(), Job{Kind: "count", Dedupe: "monday"})
				if err != nil {
					t.Error(err)
				}
				ids <- id
				news <- added
			})
		}
		group.Wait()
		first, added := <-ids, 0
		for range 15 {
			if id := <-ids; id != first {
				t.Errorf("job %d, want %d as for the others", id, first)
			}
		}
		for range 16 {
			if <-news {
				added++
			}
		}
		if added != 1 {
			t.Errorf("%d were new, want 1", added)
		}
		a.work()
		// It stays one job after it has ended.
		if id, added, err := b.Add(t.Context(), Job{Kind: "count", Dedupe: "monday"}); id != first || added || err != nil {
			t.Errorf("added again as %d, %t, %v", id, added, err)
		}
		b.work()
		if len(ran) != 1 {
			t.Errorf("it ran %d times, want once", len(ran))
		}

		// Jobs without a key are all their own.
		if one, two := a.add(Job{Kind: "count"}), a.add(Job{Kind: "count"}); one == two {
			t.Error("two jobs without a key are one")
		}
	})
}

func TestAddTxIsPartOfTheTransaction(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		p := newProcess(t, d, newClock())
		sorry := errors.New("sorry")
		err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			if _, _, err := p.AddTx(ctx, tx, Job{Kind: "count", Dedupe: "monday"}); err != nil {
				return err
			}
			return sorry
		})
		if !errors.Is(err, sorry) {
			t.Fatal(err)
		}
		if _, err := p.Find(t.Context(), "count", "monday"); !errors.Is(err, ErrNotFound) {
			t.Errorf("the job of a transaction that was undone: %v, want %v", err, ErrNotFound)
		}
	})
}

func TestRunsWhenDueWithItsPayload(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		p := newProcess(t, d, c)
		var got position
		p.Handle("count", 0, func(_ context.Context, r *Run) error { return r.Payload(&got) })
		id := p.add(Job{Kind: "count", RunAt: c.now().Add(time.Hour), Payload: position{7}})
		other := p.add(Job{Kind: "unknown here"})

		c.pass(time.Hour - time.Microsecond)
		p.work()
		p.want(id, Queued, 0)
		if due, _, err := p.Backlog(t.Context()); due != 1 || err != nil {
			t.Errorf("backlog %d, %v, want the other one", due, err)
		}
		c.pass(time.Microsecond)
		p.work()
		i := p.want(id, Done, 1)
		if got.Row != 7 {
			t.Errorf("payload %+v", got)
		}
		if !i.FinishedAt.Equal(c.now()) || i.Failure != nil {
			t.Errorf("finished at %v, failure %v", i.FinishedAt, i.Failure)
		}
		p.want(other, Queued, 0) // left to a process that knows it
	})
}

func TestFailureIsRepeatedLaterAndLaterAndThenKept(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		p := newProcess(t, d, c)
		busy := errs.New(errs.Unavailable, "gateway_busy", "The gateway is busy.")
		p.Handle("send", 0, func(context.Context, *Run) error { return fmt.Errorf("send: %w", busy) })
		id := p.add(Job{Kind: "send"})

		for attempt, pause := range []time.Duration{10 * time.Second, 20 * time.Second, 40 * time.Second, 80 * time.Second} {
			p.work()
			i := p.want(id, Queued, attempt+1)
			if !i.RunAt.Equal(c.now().Add(pause)) {
				t.Errorf("attempt %d is repeated after %v, want %v", attempt+1, i.RunAt.Sub(c.now()), pause)
			}
			c.pass(pause)
		}
		p.work()
		i := p.want(id, Failed, 5)
		if diff := cmp.Diff(i.Failure.Code+" "+i.Failure.Text, "gateway_busy The gateway is busy."); diff != "" {
			t.Error(diff)
		}
		c.pass(time.Hour)
		p.work()
		p.want(id, Failed, 5)

		if err := p.Retry(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if i := p.want(id, Queued, 0); i.Failure != nil {
			t.Errorf("failure %v of a job that is repeated", i.Failure)
		}
		if err := p.Retry(t.Context(), id); !errors.Is(err, ErrNotEnded) {
			t.Errorf("Retry of a queued job: %v, want %v", err, ErrNotEnded)
		}
		if err := p.Retry(t.Context(), 1); !errors.Is(err, ErrNotFound) {
			t.Errorf("Retry of no job: %v, want %v", err, ErrNotFound)
		}
	})
}

func TestFailuresThatAreNotRepeated(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		p := newProcess(t, d, newClock())
		tests := map[string]struct {
			handler Handler
			text    string
		}{
			"permanent": {func(context.Context, *Run) error { return Permanent(errors.New("the file is gone")) }, "the file is gone"},
			"a fault of the request": {func(context.Context, *Run) error {
				return errs.InvalidField("mapping", "no_such_column", "There is no column %q.", "Дата")
			}, `There is no column "Дата".`},
			"payload": {func(_ context.Context, r *Run) error {
				var n int
				return r.Payload(&n)
			}, "payload of job"},
		}
		ids := map[string]ID{}
		for name, tt := range tests {
			p.Handle(name, 0, tt.handler)
			ids[name] = p.add(Job{Kind: name})
		}
		p.work()
		for name, tt := range tests {
			if i := p.want(ids[name], Failed, 1); !strings.Contains(i.Failure.Text, tt.text) {
				t.Errorf("%s: %q, want %q in it", name, i.Failure.Text, tt.text)
			}
		}
	})
}

// What a job failed with is read later, by whoever looks, in their language.
func TestFailureKeepsItsFigures(t *testing.T) {
	t.Parallel()
	bundle, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		p := newProcess(t, d, newClock())
		p.Handle("redeem", 0, func(context.Context, *Run) error {
			return Permanent(errs.New(errs.Conflict, "redeem_too_much", "Too many points.").With("max", money.Points(125_050)))
		})
		id := p.add(Job{Kind: "redeem"})
		p.work()
		why := p.want(id, Failed, 1).Failure
		text, _ := bundle.For("ru").Failure(why.Code, why.Args)
		if want := "На этом чеке можно списать не больше чем 1\u202f250,50. Выберите меньше."; text != want || why.Kind != errs.Conflict {
			t.Errorf("%s %q, want %q", why.Kind, text, want)
		}
	})
}

func TestPanicIsAFailure(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		p := newProcess(t, d, newClock())
		var log strings.Builder
		p.cfg.Log = slog.New(slog.NewTextHandler(&log, nil))
		p.Handle("count", 0, func(context.Context, *Run) error { panic("no such shelf") })
		id := p.add(Job{Kind: "count"})
		p.work()
		if i := p.want(id, Queued, 1); i.Failure.Text != "panic: no such shelf" {
			t.Errorf("failure %q", i.Failure.Text)
		}
		// Once, with where it was.
		if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, `error.panic="no such shelf"`) || !strings.Contains(text, "jobs_test.go:") {
			t.Errorf("the log has %q", text)
		}
	})
}

// A job that gets on is never given up, however often it is interrupted.
func TestProgressSetsAttemptsBack(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		p := newProcess(t, d, c)
		p.Handle("import", 0, func(ctx context.Context, r *Run) error {
			var at position
			if err := r.Progress(&at); err != nil {
				return err
			}
			if at.Row == 12 {
				return nil
			}
			if err := r.Save(ctx, position{at.Row + 1}); err != nil {
				return err
			}
			return errors.New("cut off")
		})
		id := p.add(Job{Kind: "import"})
		for range 13 {
			p.work()
			c.pass(10 * time.Second)
		}
		if i := p.want(id, Done, 2); string(i.Progress) != `{"row":12}` {
			t.Errorf("progress %s", i.Progress)
		}
	})
}

func TestTwoProcessesNeverTakeOneJob(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, e dbtest.Engine) {
		cfg, c := dbtest.Migrated(t, e), newClock()
		const jobs = 60
		ran := make(chan ID, 10*jobs)
		var all []*process
		for range 3 {
			p := newProcess(t, dbtest.OpenConfig(t, cfg), c)
			p.Handle("count", 0, func(_ context.Context, r *Run) error {
				ran <- r.ID
				return nil
			})
			all = append(all, p)
		}
		for range jobs {
			all[0].add(Job{Kind: "count"})
		}
		var group sync.WaitGroup
		for _, p := range all {
			group.Go(func() {
				for len(ran) < jobs {
					p.look()
					p.serving.Wait()
				}
			})
		}
		group.Wait()
		close(ran)
		times := map[ID]int{}
		for id := range ran {
			if times[id]++; times[id] > 1 {
				t.Errorf("job %d ran %d times", id, times[id])
			}
		}
		if len(times) != jobs {
			t.Errorf("%d jobs ran, want %d", len(times), jobs)
		}
	})
}

func TestLeaseIsRenewedWhileTheHandlerRuns(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		a, b := newProcess(t, d, c), newProcess(t, d, c)
		go_ := make(chan struct{})
		a.Handle("count", 0, func(context.Context, *Run) error {
			<-go_
			return nil
		})
		b.Handle("count", 0, func(context.Context, *Run) error {
			t.Error("taken while it runs elsewhere")
			return nil
		})
		id := a.add(Job{Kind: "count"})
		a.look()
		for range 5 { // together far longer than a lease
			c.pass(leaseFor - time.Second)
			a.look()
			b.work()
		}
		close(go_)
		a.serving.Wait()
		a.want(id, Done, 1)
	})
}

// The process that has lost its job changes nothing any more: neither in its
// own transactions, nor in the job.
func TestTakeoverFencesTheFormerHolder(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		a, b := newProcess(t, d, c), newProcess(t, d, c)
		saved, goOn, late := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		a.Handle("import", 0, func(ctx context.Context, r *Run) error {
			if err := r.Save(ctx, position{3}); err != nil {
				return err
			}
			close(saved)
			<-goOn // as if it were suspended
			late <- d.Write(context.WithoutCancel(ctx), func(ctx context.Context, tx *db.Tx) error {
				if _, err := tx.Exec(ctx, `INSERT INTO settings (name, value) VALUES ('row', '4')`); err != nil {
					return err
				}
				return r.SaveTx(ctx, tx, position{4})
			})
			return nil
		})
		var from position
		b.Handle("import", 0, func(_ context.Context, r *Run) error { return r.Progress(&from) })

		id := a.add(Job{Kind: "import"})
		a.look()
		wait(t, saved)
		c.pass(leaseFor - time.Microsecond)
		b.work()
		b.want(id, Running, 1) // not before the lease has ended
		c.pass(time.Microsecond)
		b.work()
		b.want(id, Done, 2)
		if from.Row != 3 {
			t.Errorf("went on from row %d, want 3", from.Row)
		}

		close(goOn)
		if err := wait(t, late); !errors.Is(err, ErrLost) {
			t.Errorf("the former holder saved: %v, want %v", err, ErrLost)
		}
		a.serving.Wait()
		i := b.want(id, Done, 2)
		if string(i.Progress) != `{"row":3}` {
			t.Errorf("progress %s, want that of before", i.Progress)
		}
		var rows int
		if err := d.QueryRow(t.Context(), `SELECT COUNT(*) FROM settings`).Scan(&rows); err != nil || rows != 0 {
			t.Errorf("%d rows of the former holder, %v", rows, err)
		}
	})
}

func TestHandlerIsToldThatItsJobIsLost(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		a, b := newProcess(t, d, c), newProcess(t, d, c)
		told := make(chan error, 1)
		a.Handle("import", 0, func(ctx context.Context, _ *Run) error {
			<-ctx.Done()
			told <- context.Cause(ctx)
			return ctx.Err()
		})
		b.Handle("import", 0, func(context.Context, *Run) error { return nil })
		id := a.add(Job{Kind: "import"})
		a.look()
		c.pass(leaseFor)
		b.work()
		a.look()
		if err := wait(t, told); !errors.Is(err, ErrLost) {
			t.Errorf("cause %v, want %v", err, ErrLost)
		}
		a.serving.Wait()
		a.want(id, Done, 2)
	})
}

func TestCancel(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		a, b := newProcess(t, d, c), newProcess(t, d, c)
		causes, started := make(chan error, 1), make(chan struct{}, 1)
		a.Handle("import", 0, func(ctx context.Context, r *Run) error {
			if err := r.Save(ctx, position{5}); err != nil {
				return err
			}
			started <- struct{}{}
			<-ctx.Done()
			causes <- context.Cause(ctx)
			return ctx.Err()
		})
		b.Handle("import", 0, func(context.Context, *Run) error {
			t.Error("a cancelled job ran")
			return nil
		})

		// One that runs, from another process.
		running := a.add(Job{Kind: "import"})
		a.look()
		wait(t, started)
		if err := b.Cancel(t.Context(), running); err != nil {
			t.Fatal(err)
		}
		if i := b.want(running, Running, 1); !i.Cancelling {
			t.Error("nothing shows that the job is being cancelled")
		}
		a.look()
		if err := wait(t, causes); !errors.Is(err, ErrCancelled) {
			t.Errorf("cause %v, want %v", err, ErrCancelled)
		}
		a.serving.Wait()
		if i := a.want(running, Cancelled, 1); i.Failure != nil || i.FinishedAt.IsZero() || string(i.Progress) != `{"row":5}` {
			t.Errorf("cancelled job: %+v", i)
		}
		if err := b.Cancel(t.Context(), running); !errors.Is(err, ErrEnded) {
			t.Errorf("Cancel again: %v, want %v", err, ErrEnded)
		}

		// One that waits.
		waiting := a.add(Job{Kind: "import", RunAt: c.now().Add(time.Hour)})
		if err := b.Cancel(t.Context(), waiting); err != nil {
			t.Fatal(err)
		}
		b.want(waiting, Cancelled, 0)
		c.pass(time.Hour)
		b.work()

		// One whose process died before it obeyed.
		orphan := a.add(Job{Kind: "import"})
		a.look()
		wait(t, started)
		if err := b.Cancel(t.Context(), orphan); err != nil {
			t.Fatal(err)
		}
		c.pass(leaseFor)
		b.work()
		b.want(orphan, Cancelled, 2)

		if err := b.Cancel(t.Context(), 1); !errors.Is(err, ErrNotFound) {
			t.Errorf("Cancel of no job: %v, want %v", err, ErrNotFound)
		}
	})
}

// Why a job cannot be cancelled or repeated is read where it was written: others
// do not see it yet.
func TestRefusalsAreOfTheTransaction(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		p := newProcess(t, d, newClock())
		err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			id, _, err := p.AddTx(ctx, tx, Job{Kind: "count"})
			if err != nil {
				return err
			}
			if err := p.RetryTx(ctx, tx, id); !errors.Is(err, ErrNotEnded) {
				t.Errorf("RetryTx: %v, want %v", err, ErrNotEnded)
			}
			if err := p.CancelTx(ctx, tx, id); err != nil {
				return err
			}
			if err := p.CancelTx(ctx, tx, id); !errors.Is(err, ErrEnded) {
				t.Errorf("CancelTx again: %v, want %v", err, ErrEnded)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

func TestPoliteStop(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		a, b := newProcess(t, d, c), newProcess(t, d, c)
		started := make(chan struct{}, 3)
		a.Handle("long", 0, func(ctx context.Context, _ *Run) error {
			started <- struct{}{}
			<-ctx.Done()
			return context.Cause(ctx)
		})
		a.Handle("last breath", 0, func(ctx context.Context, _ *Run) error {
			started <- struct{}{}
			<-ctx.Done()
			return nil // it finished what it had begun
		})
		long, long2, last := a.add(Job{Kind: "long"}), a.add(Job{Kind: "long"}), a.add(Job{Kind: "last breath"})

		ctx, stop := context.WithCancel(t.Context())
		stopped := make(chan struct{})
		go func() {
			a.Work(ctx)
			close(stopped)
		}()
		for range 3 {
			wait(t, started)
		}
		if err := b.Cancel(t.Context(), long2); err != nil { // unless a sees it first, which ends the same
			t.Fatal(err)
		}
		stop()
		wait(t, stopped)
		a.want(last, Done, 1)
		a.want(long, Queued, 0) // the stop is not held against it
		if i, err := a.Get(t.Context(), long2); i.State != Cancelled || err != nil {
			t.Errorf("asked to stop and given back: %+v, %v, want cancelled", i, err)
		}

		// Another process has it at once.
		b.Handle("long", 0, func(context.Context, *Run) error { return nil })
		b.work()
		b.want(long, Done, 1)
	})
}

func TestReclaimDoesNotWaitForLeases(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		killed, next := newProcess(t, d, c), newProcess(t, d, c)
		killed.Handle("import", 0, func(ctx context.Context, _ *Run) error {
			<-ctx.Done()
			return nil
		})
		next.Handle("import", 0, func(context.Context, *Run) error { return nil })
		id := killed.add(Job{Kind: "import"})
		killed.look()
		next.work()
		next.want(id, Running, 1)
		if err := next.Reclaim(t.Context()); err != nil {
			t.Fatal(err)
		}
		next.work()
		next.want(id, Done, 2)
	})
}

// A job that takes the process down with it is not tried for ever.
func TestJobThatKillsItsProcess(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		var id ID
		for attempt := range maxAttempts {
			p := newProcess(t, d, c)
			p.Handle("count", 0, func(ctx context.Context, _ *Run) error {
				<-ctx.Done()
				return nil
			})
			if attempt == 0 {
				id = p.add(Job{Kind: "count"})
			}
			p.look()
			p.want(id, Running, attempt+1)
			c.pass(leaseFor) // it never looks again
		}
		p := newProcess(t, d, c)
		p.Handle("count", 0, func(context.Context, *Run) error {
			t.Error("ran once more")
			return nil
		})
		p.work()
		if i := p.want(id, Failed, maxAttempts+1); !strings.Contains(i.Failure.Text, "ended 5 times") {
			t.Errorf("failure %q", i.Failure.Text)
		}
	})
}

func TestLimits(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		p := newProcess(t, d, newClock())
		p.workers = 3
		var (
			mu      sync.Mutex
			running = map[string]int{}
			most    = map[string]int{}
		)
		goOn, started := make(chan struct{}), make(chan struct{}, 8)
		busy := func(_ context.Context, r *Run) error {
			mu.Lock()
			for _, name := range []string{r.Kind, "all"} {
				running[name]++
				most[name] = max(most[name], running[name])
			}
			mu.Unlock()
			started <- struct{}{}
			<-goOn
			mu.Lock()
			defer mu.Unlock()
			running[r.Kind]--
			running["all"]--
			return nil
		}
		p.Handle("import", 1, busy)
		p.Handle("count", 0, busy)
		for range 4 {
			p.add(Job{Kind: "import"})
		}
		for range 4 {
			p.add(Job{Kind: "count"})
		}
		p.look()
		p.look()
		for range 3 {
			wait(t, started)
		}
		if n := len(p.runs()); n != 3 {
			t.Errorf("%d run, want one import and two counts", n)
		}
		close(goOn)
		for range 8 {
			p.work()
		}
		if diff := cmp.Diff(map[string]int{"import": 1, "count": max(2, most["count"]), "all": 3}, most); diff != "" {
			t.Error(diff)
		}
		left, err := p.List(t.Context(), 0, 10)
		if err != nil || len(left) != 8 {
			t.Fatalf("%d jobs, %v", len(left), err)
		}
		for i, j := range left {
			if j.State != Done || i > 0 && j.ID >= left[i-1].ID {
				t.Errorf("job %d is %s, newest first", j.ID, j.State)
			}
		}
	})
}

func TestNightlyOnceForEachZoneAndDate(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		c.t = time.Date(2026, 11, 21, 18, 59, 59, 0, time.UTC) // 23:59:59 in Tashkent, 21:59:59 in Moscow
		zones := func(context.Context) ([]string, error) {
			return []string{"Asia/Tashkent", "Europe/Moscow", "Nowhere/Such"}, nil
		}
		nights := make(chan Night, 100)
		var both []*process
		for range 2 {
			p := newProcess(t, d, c)
			p.Schedule(Nightly("night", zones))
			p.Handle("night", 0, func(_ context.Context, r *Run) error {
				var n Night
				err := r.Payload(&n)
				nights <- n
				return err
			})
			both = append(both, p)
		}
		turn := func(want ...Night) {
			t.Helper()
			for _, p := range both {
				if err := p.step(t.Context()); err == nil || !strings.Contains(err.Error(), "Nowhere/Such") {
					t.Errorf("a zone that is unknown: %v", err)
				}
				p.serving.Wait()
			}
			got := map[Night]int{}
			for len(nights) > 0 {
				got[<-nights]++
			}
			wanted := map[Night]int{}
			for _, n := range want {
				wanted[n] = 1
			}
			if diff := cmp.Diff(wanted, got); diff != "" {
				t.Errorf("at %v: %s", c.now(), diff)
			}
		}
		turn(Night{"Asia/Tashkent", "2026-11-21"}, Night{"Europe/Moscow", "2026-11-21"})
		c.pass(planEvery)
		turn(Night{"Asia/Tashkent", "2026-11-22"})
		c.pass(planEvery)
		turn()
		c.pass(2 * time.Hour)
		turn(Night{"Europe/Moscow", "2026-11-22"})
		c.pass(72 * time.Hour) // nobody served for three days
		turn(Night{"Asia/Tashkent", "2026-11-25"}, Night{"Europe/Moscow", "2026-11-25"})
		c.pass(-time.Hour) // the clock is set back
		turn(Night{"Europe/Moscow", "2026-11-24"})
	})
}
