package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/id"
)

// ID identifies a job.
type ID = id.Of[Job]

// State is where a job is; see the diagram of the package.
type State string

// The states of a job.
const (
	Queued    State = "queued"
	Running   State = "running"
	Done      State = "done"
	Failed    State = "failed"
	Cancelled State = "cancelled"
)

// Ended reports whether nothing more will happen by itself.
func (s State) Ended() bool { return s == Done || s == Failed || s == Cancelled }

// Job is work to be added.
type Job struct {
	Kind    string    // names the handler
	Dedupe  string    // one job for each (kind, dedupe), ever; "" is never the same
	RunAt   time.Time // not before; zero: now
	Payload any       // for the handler, kept as JSON; nil: {}
}

// Info is what is known of a job.
type Info struct {
	ID         ID
	Kind       string
	Dedupe     string
	State      State
	RunAt      time.Time
	Attempts   int
	Payload    json.RawMessage
	Progress   json.RawMessage
	Cancelling bool        // it was asked to stop
	Failure    *errs.Error // of the last attempt; nil: none
	CreatedAt  time.Time
	FinishedAt time.Time // zero: it has not
}

// Failures of this package.
var (
	ErrNotFound = errs.New(errs.NotFound, "job_not_found", "There is no such job.")
	ErrEnded    = errs.New(errs.Conflict, "job_ended", "The job has already ended.")
	ErrNotEnded = errs.New(errs.Conflict, "job_not_ended", "The job has not failed and was not cancelled, so it cannot be repeated.")
)

// Config says how jobs are worked off.
type Config struct {
	Log *slog.Logger // nil: slog.Default()
	// Observe is told what became of an attempt, for figures. It may be nil.
	Observe func(kind string, became State, took time.Duration)
}

// Queue adds jobs and, while Work runs, works them off. It is safe for
// concurrent use.
type Queue struct {
	db  *db.DB
	ids *id.Minter
	now func() time.Time
	cfg Config

	workers   int // how many run at once in this process
	handlers  map[string]kind
	schedules []Schedule
	wake      chan struct{} // holds one signal to look for work at once
	renewed   time.Time     // of step only, as the next
	planned   time.Time

	mu      sync.Mutex
	running map[*Run]struct{}
	serving sync.WaitGroup
}

// New makes a queue. Handlers and schedules are registered before Work.
func New(d *db.DB, ids *id.Minter, now func() time.Time, cfg Config) *Queue {
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	return &Queue{
		db: d, ids: ids, now: now, cfg: cfg, workers: 4,
		handlers: map[string]kind{}, wake: make(chan struct{}, 1), running: map[*Run]struct{}{},
	}
}

// Add adds a job and has it looked at at once. It returns the id of the job
// and whether it is new: with a Dedupe that is known it is the earlier one.
func (q *Queue) Add(ctx context.Context, j Job) (id ID, added bool, err error) {
	err = q.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		id, added, err = q.AddTx(ctx, tx, j)
		return err
	})
	q.Wake()
	return id, added, err
}

// AddTx adds a job in the caller's transaction, as Add does; it is found by
// the next look for work, or at once after Wake.
func (q *Queue) AddTx(ctx context.Context, tx *db.Tx, j Job) (id ID, added bool, err error) {
	defer errs.Wrap(&err, "add job %s", j.Kind)
	now := q.now()
	if j.RunAt.IsZero() {
		j.RunAt = now
	}
	payload, err := encode(j.Payload)
	if err != nil {
		return 0, false, err
	}
	var dedupe *string
	if j.Dedupe != "" {
		dedupe = &j.Dedupe
	}
	const add = `
		INSERT INTO jobs (id, kind, dedupe, state, run_at, payload, created_at)
		VALUES ($1, $2, $3, 'queued', $4, $5, $6)
		ON CONFLICT (kind, dedupe) WHERE dedupe IS NOT NULL DO NOTHING`
	id = ID(q.ids.Next())
	n, err := tx.Exec(ctx, add, int64(id), j.Kind, dedupe, j.RunAt.UnixMicro(), payload, now.UnixMicro())
	if err != nil || n == 1 {
		return id, n == 1, err
	}
	const known = `SELECT id FROM jobs WHERE kind = $1 AND dedupe = $2`
	return id, false, tx.QueryRow(ctx, known, j.Kind, dedupe).Scan(&id)
}

// Wake has the queue look for work at once, not only at its next turn.
func (q *Queue) Wake() {
	select {
	case q.wake <- struct{}{}:
	default: // it will look anyway
	}
}

// Cancel asks a job to stop: one that waits is cancelled at once, the handler
// of one that runs is told within a second or so.
func (q *Queue) Cancel(ctx context.Context, id ID) error {
	err := q.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error { return q.CancelTx(ctx, tx, id) })
	q.Wake()
	return err
}

// CancelTx is Cancel in the caller's transaction; a handler is told at the next
// look, or at once after Wake.
func (q *Queue) CancelTx(ctx context.Context, tx *db.Tx, id ID) (err error) {
	defer errs.Wrap(&err, "cancel job %d", id)
	const cancel = `
		UPDATE jobs
		   SET cancel      = TRUE,
		       state       = CASE WHEN state = 'queued' THEN 'cancelled' ELSE state END,
		       finished_at = CASE WHEN state = 'queued' THEN $2 ELSE finished_at END
		 WHERE id = $1 AND state IN ('queued', 'running')`
	n, err := tx.Exec(ctx, cancel, int64(id), q.now().UnixMicro())
	if err != nil || n == 1 {
		return err
	}
	return whyNotTx(ctx, tx, id, ErrEnded)
}

// Retry queues a job that failed or was cancelled again; it goes on from the
// progress it had saved.
func (q *Queue) Retry(ctx context.Context, id ID) error {
	err := q.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error { return q.RetryTx(ctx, tx, id) })
	q.Wake()
	return err
}

// RetryTx is Retry in the caller's transaction; it is found by the next look
// for work, or at once after Wake.
func (q *Queue) RetryTx(ctx context.Context, tx *db.Tx, id ID) (err error) {
	defer errs.Wrap(&err, "repeat job %d", id)
	const retry = `
		UPDATE jobs
		   SET state = 'queued', run_at = $2, attempts = 0, cancel = FALSE, failure = '', finished_at = NULL
		 WHERE id = $1 AND state IN ('failed', 'cancelled')`
	n, err := tx.Exec(ctx, retry, int64(id), q.now().UnixMicro())
	if err != nil || n == 1 {
		return err
	}
	return whyNotTx(ctx, tx, id, ErrNotEnded)
}

// whyNotTx is ErrNotFound if there is no such job, else why.
func whyNotTx(ctx context.Context, tx *db.Tx, id ID, why error) error {
	err := tx.QueryRow(ctx, `SELECT id FROM jobs WHERE id = $1`, int64(id)).Scan(&id)
	switch {
	case errors.Is(err, db.ErrNoRows):
		return ErrNotFound
	case err != nil:
		return err
	}
	return why
}

const columns = `
	SELECT id, kind, COALESCE(dedupe, ''), state, run_at, attempts, payload, progress, cancel, failure,
	       created_at, finished_at
	  FROM jobs`

func scanInfo(r *db.Rows) (Info, error) {
	var (
		i                          Info
		payload, progress, failure string
	)
	err := r.Scan(&i.ID, &i.Kind, &i.Dedupe, &i.State, db.Time{Dst: &i.RunAt}, &i.Attempts, &payload, &progress,
		&i.Cancelling, &failure, db.Time{Dst: &i.CreatedAt}, db.Time{Dst: &i.FinishedAt})
	if err != nil {
		return Info{}, err
	}
	i.Payload, i.Progress = json.RawMessage(payload), json.RawMessage(progress)
	i.Failure, err = parseFailure(failure)
	return i, err
}

func (q *Queue) list(ctx context.Context, text string, args ...any) (found []Info, err error) {
	rows, err := q.db.Query(ctx, columns+text, args...)
	err = db.Scan(rows, err, func(r *db.Rows) error {
		i, err := scanInfo(r)
		found = append(found, i)
		return err
	})
	return found, err
}

func one(found []Info, err error) (Info, error) {
	if err != nil {
		return Info{}, err
	}
	if len(found) == 0 {
		return Info{}, ErrNotFound
	}
	return found[0], nil
}

// Get tells about one job.
func (q *Queue) Get(ctx context.Context, id ID) (_ Info, err error) {
	defer errs.Wrap(&err, "look at job %d", id)
	return one(q.list(ctx, ` WHERE id = $1`, int64(id)))
}

// Find tells about the job of a kind and dedupe key.
func (q *Queue) Find(ctx context.Context, kind, dedupe string) (_ Info, err error) {
	defer errs.Wrap(&err, "look at job %s %s", kind, dedupe)
	return one(q.list(ctx, ` WHERE kind = $1 AND dedupe = $2`, kind, dedupe))
}

// Backlog is what is due and waits: how many jobs, and since when the first.
func (q *Queue) Backlog(ctx context.Context) (due int64, since time.Time, err error) {
	defer errs.Wrap(&err, "count due jobs")
	// Every query for jobs that have not ended names both states first, though it
	// asks for one of them: only so is the partial index used.
	const count = `
		SELECT COUNT(*), MIN(run_at) FROM jobs
		 WHERE state IN ('queued', 'running') AND state = 'queued' AND run_at <= $1`
	err = q.db.QueryRow(ctx, count, q.now().UnixMicro()).Scan(&due, db.Time{Dst: &since})
	return due, since, err
}

func encode(v any) (string, error) {
	if v == nil {
		return "{}", nil
	}
	b, err := json.Marshal(v)
	return string(b), err
}

// failureText keeps of err what people can use. Of an error that is not meant
// for people the whole text is kept: who looks at jobs runs the installation.
func failureText(err error) string {
	e := *errs.Of(err)
	if e.Kind == errs.Internal {
		e.Text = err.Error()
	}
	b, e2 := json.Marshal(&e)
	if e2 != nil {
		panic(e2) // texts and figures always marshal
	}
	return string(b)
}

func parseFailure(text string) (*errs.Error, error) {
	if text == "" {
		return nil, nil
	}
	e := &errs.Error{}
	return e, json.Unmarshal([]byte(text), e)
}
