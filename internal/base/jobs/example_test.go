package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/id"
	"regulars/internal/base/jobs"
)

// A job is added where it becomes necessary, in the same transaction, and goes
// on from its progress wherever it was interrupted.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "regulars-example-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // of the example
	d, err := db.Open(ctx, db.Config{Path: filepath.Join(dir, "regulars.db")})
	if err != nil {
		panic(err)
	}
	defer d.Close() //nolint:errcheck // of the example
	if _, err := d.Migrate(ctx); err != nil {
		panic(err)
	}

	q := jobs.New(d, id.NewMinter(time.Now, 1, 0), time.Now, jobs.Config{})
	finished := make(chan struct{})
	q.Handle("greet", 0, func(ctx context.Context, r *jobs.Run) error {
		var names []string
		var at struct{ Greeted int }
		if err := errors.Join(r.Payload(&names), r.Progress(&at)); err != nil {
			return err
		}
		for ; at.Greeted < len(names); at.Greeted++ {
			err := d.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
				fmt.Println("Welcome,", names[at.Greeted]) // or rather: change rows in tx
				return r.SaveTx(ctx, tx, struct{ Greeted int }{at.Greeted + 1})
			})
			if err != nil {
				return err
			}
		}
		close(finished)
		return nil
	})

	err = d.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		for range 2 { // one job, however often it is asked for
			if _, _, err := q.AddTx(ctx, tx, jobs.Job{Kind: "greet", Dedupe: "2026-11-22", Payload: []string{"Anora", "Bobur"}}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		panic(err)
	}

	ctx, stop := context.WithCancel(ctx)
	go func() {
		<-finished
		stop()
	}()
	q.Work(ctx) // until stop
	// Output:
	// Welcome, Anora
	// Welcome, Bobur
}
