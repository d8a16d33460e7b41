package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"regulars/internal/base/db"
)

// Schedule names the jobs whose turn has come by now. It is asked again and
// again, in every process: the dedupe key names the turn, so that each is
// added once.
type Schedule func(ctx context.Context, now time.Time) ([]Job, error)

// Schedule registers recurring work.
func (q *Queue) Schedule(s Schedule) { q.schedules = append(q.schedules, s) }

// Night is the payload of a nightly job: it does what is due until the Date
// begins in the Zone.
type Night struct {
	Zone string `json:"zone"` // IANA name: Asia/Tashkent
	Date string `json:"date"` // the day that has begun: 2026-11-22
}

// Nightly runs a kind once in each zone when a day begins there. Of nights
// that passed while no process ran only the last is made up for: its handler
// does everything that is due until then.
func Nightly(kind string, zones func(ctx context.Context) ([]string, error)) Schedule {
	return func(ctx context.Context, now time.Time) (due []Job, err error) {
		names, err := zones(ctx)
		for _, name := range names {
			zone, e := time.LoadLocation(name)
			if e != nil {
				err = errors.Join(err, fmt.Errorf("nights of %s: %w", name, e))
				continue
			}
			night := Night{name, now.In(zone).Format(time.DateOnly)}
			due = append(due, Job{Kind: kind, Dedupe: night.Zone + ":" + night.Date, Payload: night})
		}
		return due, err
	}
}

// plan adds the jobs whose turn has come.
func (q *Queue) plan(ctx context.Context) error {
	now := q.now()
	if since := now.Sub(q.planned); len(q.schedules) == 0 || since >= 0 && since < planEvery {
		return nil
	}
	var (
		due  []Job
		fail error
	)
	for _, s := range q.schedules {
		jobs, err := s(ctx, now)
		due, fail = append(due, jobs...), errors.Join(fail, err)
	}
	err := q.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		for _, j := range due {
			if _, _, err := q.AddTx(ctx, tx, j); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		q.planned = now
	}
	return errors.Join(fail, err)
}
