package crash

import (
	"context"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"regulars/bench/site"
	"regulars/internal/app"
	"regulars/internal/backup"
	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/settings"
	"regulars/internal/loyalty/customer"
)

func env() app.Env {
	return app.Env{Stdout: io.Discard, Stderr: io.Discard, Now: time.Now, Version: "test"}
}

// where is how the program is told of a database.
func where(data string, cfg db.Config) app.Config {
	return app.Config{Data: data, Database: cfg.URL, LogLevel: "warn", LogFormat: "text"}
}

// at is where a restored database is.
func at(data string, cfg db.Config) db.Config {
	if cfg.URL == "" {
		cfg.Path = filepath.Join(data, backup.Database)
	}
	return cfg
}

// A backup that is taken while tills sell holds all they were told before it began, and
// of what came meanwhile no half; it can be restored on either engine and agrees.
func TestBackupWhileSelling(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, e dbtest.Engine) {
		cfg := dbtest.Migrated(t, e)
		tills, people := found(t, cfg, 0, 6, 200, func(ctx context.Context, s *site.Services, ids []customer.ID) {
			grant(ctx, t, s, ids, 50_00, 0, 30)
		})
		s := serve(t, cfg)
		var (
			wg   sync.WaitGroup
			mu   sync.Mutex
			told = map[name]ack{}
		)
		for i, one := range tills {
			w := &worker{t: t, till: one, people: people, random: rand.New(rand.NewPCG(uint64(i), 3)), acks: map[name]ack{}}
			w.told = func(n name, a ack) {
				mu.Lock()
				defer mu.Unlock()
				told[n] = a
			}
			wg.Go(func() { w.work(s.Addr, false) })
		}
		acked := func() int {
			mu.Lock()
			defer mu.Unlock()
			return len(told)
		}
		until := func(n int) {
			for end := time.Now().Add(time.Minute); acked() < n && time.Now().Before(end); {
				time.Sleep(time.Millisecond)
			}
		}
		until(100)
		mu.Lock()
		before := make(map[name]ack, len(told))
		for n, a := range told {
			before[n] = a
		}
		mu.Unlock()
		file := filepath.Join(t.TempDir(), "backup.zip")
		data := t.TempDir()
		if cfg.Path != "" {
			data = filepath.Dir(cfg.Path)
		}
		must(t, app.Backup(t.Context(), where(data, cfg), env(), file))
		until(acked() + 20)
		s.Kill()
		wg.Wait()

		for _, to := range []dbtest.Engine{dbtest.SQLite, dbtest.Postgres} {
			place, into := t.TempDir(), dbtest.Empty(t, to)
			must(t, app.Restore(t.Context(), where(place, into), env(), file, false))
			d := dbtest.OpenConfig(t, at(place, into))
			there := recorded(t, d)
			for n, a := range before {
				if there[n] != a {
					t.Errorf("restored on %s: %v was acknowledged before as %v and is %v", to, n, a, there[n])
				}
			}
			t.Logf("restored on %s: %d receipts of %d before and %d in all", to, len(there), len(before), acked())
			clean(t, d)
		}
	})
}

// A restore that is killed leaves no installation, or all of it; the next one
// brings all of it.
func TestKilledRestoreIsWholeOrNothing(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, e dbtest.Engine) {
		source := dbtest.Migrated(t, dbtest.SQLite)
		found(t, source, 0, 2, 3000, func(ctx context.Context, s *site.Services, ids []customer.ID) {
			grant(ctx, t, s, ids, 50_00, 0, 30)
		})
		must(t, os.MkdirAll(filepath.Join(filepath.Dir(source.Path), "imports"), 0o700))
		must(t, os.WriteFile(filepath.Join(filepath.Dir(source.Path), "imports", "1"), make([]byte, 1<<20), 0o600))
		file := filepath.Join(t.TempDir(), "backup.zip")
		must(t, app.Backup(t.Context(), where(filepath.Dir(source.Path), source), env(), file))

		whole := func(data string, cfg db.Config) bool {
			cfg = at(data, cfg)
			if _, err := os.Stat(cfg.Path); cfg.URL == "" && err != nil {
				return false
			}
			d := dbtest.OpenConfig(t, cfg)
			founded, err := settings.Founded(t.Context(), d)
			must(t, err)
			if !founded {
				return false
			}
			var n int
			must(t, d.QueryRow(t.Context(), `SELECT COUNT(*) FROM customers`).Scan(&n))
			if info, err := os.Stat(filepath.Join(data, "imports", "1")); n != 3000 || err != nil || info.Size() != 1<<20 {
				t.Errorf("there is an installation of %d customers, and of files %v", n, err)
			}
			clean(t, d)
			return true
		}
		command := func(data string, cfg db.Config) *exec.Cmd {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), dataEnv+"="+data, databaseEnv+"="+cfg.URL, restoreEnv+"="+file)
			return cmd
		}
		began := time.Now()
		data, cfg := t.TempDir(), dbtest.Empty(t, e)
		if out, err := command(data, cfg).CombinedOutput(); err != nil || !whole(data, cfg) {
			t.Fatalf("%v %s", err, out)
		}
		took := time.Since(began)

		nothing, all := 0, 0
		for i := range rounds() {
			data, cfg := t.TempDir(), dbtest.Empty(t, e)
			cmd := command(data, cfg)
			must(t, cmd.Start())
			time.Sleep(time.Duration(rand.Int64N(int64(took)*(int64(i)%3+1)/3 + 1)))
			_ = cmd.Process.Kill() // it may have ended
			_ = cmd.Wait()
			if whole(data, cfg) {
				all++
				continue
			}
			nothing++
			must(t, app.Restore(t.Context(), where(data, cfg), env(), file, false))
			if !whole(data, cfg) {
				t.Error("the next restore left nothing")
			}
		}
		t.Logf("killed %d times: %d left nothing, %d all", rounds(), nothing, all)
		if nothing == 0 {
			t.Error("nothing was in danger")
		}
	})
}
