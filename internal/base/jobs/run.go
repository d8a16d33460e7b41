package jobs

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
)

// Handler does a job. It is called again from the start after a failure or a
// stop, and goes on from r.Progress. Its context ends when the job is cancelled
// (cause ErrCancelled), when the process stops (ErrStopping) and when the job
// has gone to another process (ErrLost); it then returns soon, with any error.
type Handler func(ctx context.Context, r *Run) error

// Why the context of a handler ended: the cause of its context.
var (
	ErrCancelled = errors.New("jobs: cancelled")
	ErrStopping  = errors.New("jobs: the process stops")
	ErrLost      = errors.New("jobs: another process has the job")
)

// permanent is an error that another attempt would not mend.
type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// Permanent marks an error of a handler that another attempt would not mend.
// Those that errs calls a fault of the request are permanent without it.
func Permanent(err error) error { return permanent{err} }

func isPermanent(err error) bool {
	if errors.As(err, &permanent{}) {
		return true
	}
	switch errs.KindOf(err) {
	case errs.Invalid, errs.Unauthorized, errs.Forbidden, errs.NotFound, errs.TooLarge, errs.Reused:
		return true
	}
	return false
}

// Run is a job in the hands of its handler.
type Run struct {
	ID       ID
	Kind     string
	Dedupe   string
	Attempt  int // from 1
	payload  string
	progress string

	queue      *Queue
	holder     string // of this attempt alone
	cancel     context.CancelCauseFunc
	asked      bool      // it was cancelled before it was taken
	progressed bool      // in this attempt
	until      time.Time // of the lease; of step only
}

// Payload reads what the job was added with.
func (r *Run) Payload(dst any) error {
	if err := json.Unmarshal([]byte(r.payload), dst); err != nil {
		return Permanent(fmt.Errorf("payload of job %d: %w", r.ID, err))
	}
	return nil
}

// Progress reads what was last saved; dst stays as it is if nothing was.
func (r *Run) Progress(dst any) error {
	if err := json.Unmarshal([]byte(r.progress), dst); err != nil {
		return Permanent(fmt.Errorf("progress of job %d: %w", r.ID, err))
	}
	return nil
}

// Save keeps progress, from which the next attempt goes on and which Get
// shows. It fails with ErrLost if another process has the job.
func (r *Run) Save(ctx context.Context, progress any) error {
	return r.queue.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		return r.SaveTx(ctx, tx, progress)
	})
}

// SaveTx keeps progress in the transaction of the work that it tells of; if it
// fails with ErrLost the transaction must not commit.
func (r *Run) SaveTx(ctx context.Context, tx *db.Tx, progress any) (err error) {
	defer errs.Wrap(&err, "save progress of job %d", r.ID)
	text, err := encode(progress)
	if err != nil {
		return err
	}
	const save = `UPDATE jobs SET progress = $3, attempts = 1 WHERE id = $1 AND holder = $2`
	err = tx.Guard(ctx, save, int64(r.ID), r.holder, text)
	if errors.Is(err, db.ErrGuard) {
		return ErrLost
	}
	r.progressed = r.progressed || err == nil
	return err
}
