package jobs

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
)

// A lease is renewed several times before it ends, so that one renewal that
// fails costs nothing; it ends soon enough for a job of a process that was
// killed to go on within the minute.
const (
	leaseFor   = 30 * time.Second
	renewEvery = 8 * time.Second
	planEvery  = 30 * time.Second
	lookEvery  = time.Second
	// stepFor bounds one look for work: a database that does not answer must
	// not keep the leases from being told lost.
	stepFor = 10 * time.Second
	// stopFor is how long handlers have to return at a polite stop. What does
	// not is left to its lease, as if the process had been killed.
	stopFor = 20 * time.Second

	maxAttempts  = 5
	firstBackoff = 10 * time.Second
	maxBackoff   = time.Hour
)

type kind struct {
	run   Handler
	limit int
}

// Handle registers the handler of a kind. At most limit jobs of the kind run
// at once in this process; 0: as many as there are workers.
func (q *Queue) Handle(name string, limit int, run Handler) {
	if _, twice := q.handlers[name]; twice {
		panic("jobs: two handlers for " + name)
	}
	q.handlers[name] = kind{run, limit}
}

// Reclaim ends the leases of all jobs that are marked as running. It is for the
// start of a process that knows that no other one works on this database: what
// a killed process left goes on without waiting.
func (q *Queue) Reclaim(ctx context.Context) (err error) {
	defer errs.Wrap(&err, "reclaim jobs")
	_, err = q.db.Exec(ctx, `UPDATE jobs SET leased_until = 0 WHERE state = 'running'`)
	return err
}

// Work takes due jobs and runs them until ctx ends; then it stops politely:
// handlers are told, what they finish is kept, and what they do not is given
// back to be taken at once by another process or the next start.
func (q *Queue) Work(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	failing := false
	for {
		err := q.step(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			q.cfg.Log.Warn("cannot look for jobs", "error", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			q.stop()
			return
		case <-tick.C:
		case <-q.wake:
		}
	}
}

// step is one look for work: keep what runs, plan what recurs, take what is due.
func (q *Queue) step(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, stepFor)
	defer cancel()
	return errors.Join(q.renew(ctx), q.obey(ctx), q.plan(ctx), q.takeAll(ctx))
}

func (q *Queue) runs() []*Run {
	q.mu.Lock()
	defer q.mu.Unlock()
	runs := make([]*Run, 0, len(q.running))
	for r := range q.running {
		runs = append(runs, r)
	}
	return runs
}

// renew prolongs the leases of what runs here. A handler whose lease could not
// be renewed until it ended is stopped, for the job may be somebody else's.
func (q *Queue) renew(ctx context.Context) error {
	now, runs := q.now(), q.runs()
	if len(runs) == 0 {
		return nil
	}
	var err error
	if since := now.Sub(q.renewed); since >= renewEvery || since < 0 {
		var kept []string
		if kept, err = q.prolong(ctx, runs, now.Add(leaseFor)); err == nil {
			q.renewed = now
			for _, r := range runs {
				if slices.Contains(kept, r.holder) {
					r.until = now.Add(leaseFor)
				} else {
					r.until = time.Time{}
				}
			}
		}
	}
	for _, r := range runs {
		if !now.Before(r.until) {
			r.cancel(ErrLost)
		}
	}
	return err
}

func (q *Queue) prolong(ctx context.Context, runs []*Run, until time.Time) (kept []string, err error) {
	holders := make(db.Texts, len(runs))
	for i, r := range runs {
		holders[i] = r.holder
	}
	err = q.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		kept = kept[:0]
		const prolong = `
			UPDATE jobs SET leased_until = $2
			 WHERE state IN ('queued', 'running') AND state = 'running' AND holder IN ($1...)
			RETURNING holder`
		rows, err := tx.Query(ctx, prolong, holders, until.UnixMicro())
		return db.Scan(rows, err, func(r *db.Rows) error {
			var holder string
			err := r.Scan(&holder)
			kept = append(kept, holder)
			return err
		})
	})
	return kept, err
}

// obey tells the handlers of jobs that were asked to stop.
func (q *Queue) obey(ctx context.Context) error {
	runs := q.runs()
	if len(runs) == 0 {
		return nil
	}
	ids := make(db.Int64s, len(runs))
	for i, r := range runs {
		ids[i] = int64(r.ID)
	}
	rows, err := q.db.Query(ctx, `SELECT id FROM jobs WHERE cancel AND id IN ($1...)`, ids)
	return db.Scan(rows, err, func(row *db.Rows) error {
		var id ID
		err := row.Scan(&id)
		for _, r := range runs {
			if r.ID == id {
				r.cancel(ErrCancelled)
			}
		}
		return err
	})
}

// takeAll takes due jobs while there are hands for them.
func (q *Queue) takeAll(ctx context.Context) error {
	for {
		kinds := q.free()
		if len(kinds) == 0 {
			return nil
		}
		r, err := q.take(ctx, kinds)
		if err != nil || r == nil {
			return err
		}
		q.start(ctx, r)
	}
}

// free lists the kinds of which one more may run here.
func (q *Queue) free() (kinds db.Texts) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.running) >= q.workers {
		return nil
	}
	busy := map[string]int{}
	for r := range q.running {
		busy[r.Kind]++
	}
	for name, k := range q.handlers {
		if k.limit == 0 || busy[name] < k.limit {
			kinds = append(kinds, name)
		}
	}
	return kinds
}

// take leases the job that has been due longest; nil: there is none.
func (q *Queue) take(ctx context.Context, kinds db.Texts) (*Run, error) {
	now := q.now()
	// Most looks find nothing, and a read keeps no till waiting for the writer.
	const look = `
		SELECT id FROM jobs
		 WHERE state IN ('queued', 'running') AND run_at <= $1 AND kind IN ($2...)
		   AND (state = 'queued' OR leased_until <= $1)
		 ORDER BY run_at, id LIMIT 1`
	var found ID
	if err := q.db.QueryRow(ctx, look, now.UnixMicro(), kinds).Scan(&found); err != nil {
		if errors.Is(err, db.ErrNoRows) {
			return nil, nil
		}
		return nil, err
	}
	const lease = `
		UPDATE jobs SET state = 'running', holder = $3, leased_until = $4, attempts = attempts + 1
		 WHERE id = (
			SELECT id FROM jobs
			 WHERE state IN ('queued', 'running') AND run_at <= $1 AND kind IN ($2...)
			   AND (state = 'queued' OR leased_until <= $1)
			 ORDER BY run_at, id LIMIT 1
			   FOR UPDATE SKIP LOCKED -- postgres
		       )
		   AND state IN ('queued', 'running') AND (state = 'queued' OR leased_until <= $1)
		RETURNING id, kind, COALESCE(dedupe, ''), attempts, payload, progress, cancel`
	var r *Run
	err := q.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		r = &Run{queue: q, holder: rand.Text(), until: now.Add(leaseFor)}
		return tx.QueryRow(ctx, lease, now.UnixMicro(), kinds, r.holder, r.until.UnixMicro()).
			Scan(&r.ID, &r.Kind, &r.Dedupe, &r.Attempt, &r.payload, &r.progress, &r.asked)
	})
	if errors.Is(err, db.ErrNoRows) { // somebody else was faster
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// start gives a job to its handler.
func (q *Queue) start(ctx context.Context, r *Run) {
	ctx, r.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	q.mu.Lock()
	q.running[r] = struct{}{}
	q.mu.Unlock()
	q.serving.Go(func() {
		began := q.now()
		err := q.call(ctx, r)
		became := q.end(ctx, r, err)
		r.cancel(nil)
		q.mu.Lock()
		delete(q.running, r)
		q.mu.Unlock()
		if q.cfg.Observe != nil {
			q.cfg.Observe(r.Kind, became, q.now().Sub(began))
		}
		q.Wake() // there is a free hand
	})
}

// call runs the handler, unless that would be in vain.
func (q *Queue) call(ctx context.Context, r *Run) (err error) {
	if r.asked {
		r.cancel(ErrCancelled)
		return ErrCancelled
	}
	if r.Attempt > maxAttempts {
		return Permanent(errs.New(errs.Internal, "job_dies", "").
			Textf("The program ended %d times while this ran; it is not tried again by itself.", maxAttempts))
	}
	defer func() {
		if p := recover(); p != nil {
			err = &panicked{p, string(debug.Stack())}
		}
	}()
	return q.handlers[r.Kind].run(ctx, r)
}

// panicked is the failure of a handler that panicked; the log has the stack too.
type panicked struct {
	value any
	stack string
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// LogValue implements slog.LogValuer.
func (p *panicked) LogValue() slog.Value {
	return slog.GroupValue(slog.Any("panic", p.value), slog.String("stack", p.stack))
}

// end writes what became of an attempt, and tries until that succeeds or the
// job is lost: else it would be run again for nothing.
func (q *Queue) end(ctx context.Context, r *Run, err error) (became State) {
	for pause := lookEvery; ; pause = min(2*pause, leaseFor) {
		var e error
		if became, e = q.settle(ctx, r, err); e == nil {
			return became
		}
		q.cfg.Log.Warn("cannot save what became of a job", "job", r.ID, "kind", r.Kind, "error", e)
		wait := time.NewTimer(pause)
		select {
		case <-ctx.Done(): // stopping or lost: the lease will tell
			wait.Stop()
			return Running
		case <-wait.C:
		}
	}
}

// settle decides what becomes of an attempt and writes it, if the job is still
// ours.
func (q *Queue) settle(ctx context.Context, r *Run, err error) (State, error) {
	now, cause := q.now(), context.Cause(ctx)
	next := struct {
		state    State
		runAt    time.Time
		attempts int64 // less
		failure  string
		finished time.Time
	}{state: Done, finished: now}
	attempt := r.Attempt
	if r.progressed {
		attempt = 1
	}
	log := q.cfg.Log.With("job", r.ID, "kind", r.Kind, "attempt", attempt)
	switch {
	case err == nil:
	case errors.Is(cause, ErrLost) || errors.Is(err, ErrLost):
		log.Warn("job was lost to another process")
		return Running, nil
	case errors.Is(cause, ErrCancelled):
		next.state = Cancelled
	case errors.Is(cause, ErrStopping):
		next.state, next.runAt, next.attempts, next.finished = Queued, now, 1, time.Time{}
	case isPermanent(err) || attempt >= maxAttempts:
		log.Error("job failed", "error", err)
		next.state, next.failure = Failed, failureText(err)
	default:
		log.Warn("job failed and will be repeated", "error", err)
		wait := min(firstBackoff<<(attempt-1), maxBackoff)
		next.state, next.runAt, next.failure, next.finished = Queued, now.Add(wait), failureText(err), time.Time{}
	}
	// One that is asked to stop just as it goes back to the queue is stopped.
	const settle = `
		UPDATE jobs
		   SET state        = CASE WHEN cancel AND $3 = 'queued' THEN 'cancelled' ELSE $3 END,
		       run_at       = COALESCE($4, run_at),
		       attempts     = attempts - $5,
		       failure      = $6,
		       finished_at  = CASE WHEN cancel AND $3 = 'queued' THEN CAST($8 AS BIGINT) ELSE $7 END,
		       holder       = '',
		       leased_until = NULL
		 WHERE id = $1 AND holder = $2
		RETURNING state`
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stepFor)
	defer cancel()
	e := q.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.QueryRow(ctx, settle, int64(r.ID), r.holder, string(next.state), db.Micros(next.runAt), next.attempts,
			next.failure, db.Micros(next.finished), now.UnixMicro()).Scan(&next.state)
	})
	if errors.Is(e, db.ErrNoRows) {
		log.Warn("job was lost to another process")
		return Running, nil
	}
	return next.state, e
}

// stop tells the handlers and waits for them.
func (q *Queue) stop() {
	for _, r := range q.runs() {
		r.cancel(ErrStopping)
	}
	ended := make(chan struct{})
	go func() {
		q.serving.Wait()
		close(ended)
	}()
	late := time.NewTimer(stopFor)
	defer late.Stop()
	select {
	case <-ended:
	case <-late.C:
		q.cfg.Log.Warn("jobs did not stop in time; they are taken up again when their leases end", "jobs", len(q.runs()))
	}
}
