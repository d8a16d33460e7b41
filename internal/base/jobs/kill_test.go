package jobs

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"testing"
	"testing/synctest"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/id"
)

// childEnv makes this test's binary the process that is killed.
const childEnv = "REGULARS_JOBS_CHILD"

type child struct{ URL, Path string }

func TestMain(m *testing.M) {
	if given := os.Getenv(childEnv); given != "" {
		beKilled(given)
	}
	os.Exit(m.Run())
}

// beKilled imports rows, each with its progress in one transaction, until
// somebody kills it. It says on its output when it has begun.
func beKilled(given string) {
	var (
		c   child
		ctx = context.Background()
		now = newClock().now
	)
	if err := json.Unmarshal([]byte(given), &c); err != nil {
		panic(err)
	}
	d, err := db.Open(ctx, db.Config{URL: c.URL, Path: c.Path, Conns: 4})
	if err != nil {
		panic(err)
	}
	q := New(d, id.NewMinter(now, 1000, 0), now, Config{Log: slog.New(slog.DiscardHandler)})
	q.Handle("import", 0, func(ctx context.Context, r *Run) error {
		for row := 1; ; row++ {
			if err := importRow(ctx, d, r, row); err != nil {
				return err
			}
			if row == 10 {
				os.Stdout.Write([]byte("begun\n")) //nolint:errcheck // the parent waits for it
			}
		}
	})
	q.Work(ctx)
}

func importRow(ctx context.Context, d *db.DB, r *Run, row int) error {
	return d.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO sources (id, name, created_at) VALUES ($1, $2, 0)`, row, time.Duration(row).String()); err != nil {
			return err
		}
		return r.SaveTx(ctx, tx, position{row})
	})
}

// A process that is killed with -9 while it imports leaves a job that another
// one goes on with when the lease has ended, from exactly the row it came to.
func TestTakeoverAfterKill(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, e dbtest.Engine) {
		cfg, c := dbtest.Migrated(t, e), newClock()
		d := dbtest.OpenConfig(t, cfg)
		p := newProcess(t, d, c)
		id := p.add(Job{Kind: "import"})

		given, err := json.Marshal(child{cfg.URL, cfg.Path})
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), childEnv+"="+string(given))
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(out, make([]byte, len("begun\n"))); err != nil {
			t.Error(err)
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // killed, as it should be

		var from position
		p.Handle("import", 0, func(ctx context.Context, r *Run) error {
			if err := r.Progress(&from); err != nil {
				return err
			}
			return importRow(ctx, d, r, from.Row+1)
		})
		p.work()
		p.want(id, Running, 1)
		c.pass(leaseFor)
		p.work()
		p.want(id, Done, 1) // it got on, so the count began anew
		var rows, last int
		if err := d.QueryRow(t.Context(), `SELECT COUNT(*), MAX(id) FROM sources`).Scan(&rows, &last); err != nil {
			t.Fatal(err)
		}
		if from.Row < 10 || rows != from.Row+1 || last != rows {
			t.Errorf("went on from row %d; now %d rows up to %d", from.Row, rows, last)
		}
	})
}

// Work itself looks every second, without being woken.
func TestWorkLooksBySelf(t *testing.T) {
	t.Parallel()
	cfg := dbtest.Migrated(t, dbtest.SQLite)
	synctest.Test(t, func(t *testing.T) {
		d, err := db.Open(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		q := New(d, id.NewMinter(time.Now, 1, 0), time.Now, Config{Log: slog.New(slog.DiscardHandler)})
		ran := make(chan time.Time, 1)
		q.Handle("count", 0, func(context.Context, *Run) error {
			ran <- time.Now()
			return nil
		})
		due := time.Now().Add(90*time.Second + 300*time.Millisecond)
		ctx, stop := context.WithCancel(t.Context())
		stopped := make(chan struct{})
		go func() {
			q.Work(ctx)
			close(stopped)
		}()
		if _, _, err := q.Add(ctx, Job{Kind: "count", RunAt: due}); err != nil {
			t.Fatal(err)
		}
		if late := (<-ran).Sub(due); late < 0 || late > lookEvery {
			t.Errorf("ran %v after it was due", late)
		}
		stop()
		<-stopped
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	})
}
