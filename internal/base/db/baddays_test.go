package db_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/db/pgserver"
	"regulars/internal/base/errs"
)

// wantRefused is err as the caller of an unlucky moment sees it: it says what
// is wrong and that trying again is right.
func wantRefused(t testing.TB, err, want error) {
	t.Helper()
	if !errors.Is(err, want) || errs.KindOf(err) != errs.Unavailable {
		t.Errorf("%v, want %v", err, want)
	}
}

// fill writes until the database refuses.
func fill(t testing.TB, d *db.DB) error {
	t.Helper()
	for id := range 100_000 {
		if _, err := d.Exec(t.Context(), `INSERT INTO things (id, name) VALUES ($1, $2)`, id, fmt.Sprint(id)+strings.Repeat("x", 4000)); err != nil {
			return err
		}
	}
	t.Fatal("it never fills")
	return nil
}

func size(t testing.TB, d *db.DB, pages int) {
	t.Helper()
	write(t, d, func(ctx context.Context, tx *db.Tx) error {
		_, err := tx.Exec(ctx, fmt.Sprintf(`PRAGMA max_page_count = %d`, pages))
		return err
	})
}

// A full database refuses with a text that says so, goes on answering, and
// takes writes again as soon as there is room.
func TestFullDatabase(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite)
	table(t, d)
	size(t, d, 400)
	wantRefused(t, fill(t, d), db.ErrFull)
	rows := ask[int64](t, d, `SELECT COUNT(*) FROM things`)[0]
	if rows == 0 {
		t.Error("nothing was written before it was full")
	}

	// What SQLite has undone by itself cannot go on half way: neither after
	// an error that was overlooked nor after a savepoint.
	err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `UPDATE things SET count = 1`); err != nil {
			return err
		}
		_ = tx.Try(ctx, func() error {
			_, err := tx.Exec(ctx, `INSERT INTO things (id, name) VALUES (-1, $1)`, strings.Repeat("x", 1<<20))
			wantRefused(t, err, db.ErrFull)
			return err
		})
		_, err := tx.Exec(ctx, `DELETE FROM things`) // would be committed by itself
		wantRefused(t, err, db.ErrFull)
		_, err = tx.Query(ctx, `SELECT 1`)
		wantRefused(t, err, db.ErrFull)
		return nil
	})
	wantRefused(t, err, db.ErrFull)
	if got := ask[int64](t, d, `SELECT COUNT(*) FROM things WHERE count = 0`); got[0] != rows {
		t.Errorf("%d rows as before, want %d", got[0], rows)
	}

	size(t, d, 4000)
	must(t, d, `INSERT INTO things (id, name) VALUES (-1, 'room')`)
}

// What the disk has not taken is not said to be saved. The system still has it,
// so it is put into the database before anything follows.
func TestDiskTakesNoLog(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite)
	table(t, d)
	mend, err := d.BreakLog()
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.Exec(t.Context(), `INSERT INTO things (id) VALUES (1)`)
	wantRefused(t, err, db.ErrUnsure)
	mend()
	must(t, d, `INSERT INTO things (id, name) VALUES (2, 'later')`)
	if got := ask[int64](t, d, `SELECT id FROM things ORDER BY id`); !slices.Equal(got, []int64{1, 2}) {
		t.Errorf("%v", got)
	}
}

// tiny mounts a file system that holds a megabyte; half of it is free once
// the ballast is removed.
func tiny(t *testing.T) (dir, ballast string) {
	t.Helper()
	dir = t.TempDir()
	if out, err := command(t, "mount", "-t", "tmpfs", "-o", "size=1m,mode=777", "regulars-test", dir); err != nil {
		t.Skipf("a disk that is really full needs the right to mount one: %s", out)
	}
	t.Cleanup(func() {
		if out, err := command(t, "umount", dir); err != nil {
			t.Errorf("umount %s: %s", dir, out)
		}
	})
	ballast = filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 500<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir, ballast
}

func command(t *testing.T, name string, args ...string) ([]byte, error) {
	t.Helper()
	return exec.CommandContext(context.WithoutCancel(t.Context()), name, args...).CombinedOutput()
}

// The same on a disk that is really full, which also the log cannot grow on.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		dir, ballast := tiny(t)
		d := dbtest.OpenConfig(t, db.Config{Path: filepath.Join(dir, "regulars.db"), Conns: 2})
		table(t, d)
		wantRefused(t, fill(t, d), db.ErrFull)
		before := ask[int64](t, d, `SELECT COUNT(*) FROM things`)[0]
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		must(t, d, `INSERT INTO things (id, name) VALUES (-1, 'room')`)
		if got := ask[int64](t, d, `SELECT COUNT(*) FROM things`); got[0] != before+1 {
			t.Errorf("%d rows, want %d", got[0], before+1)
		}
		if got := ask[string](t, d, `PRAGMA integrity_check`); !slices.Equal(got, []string{"ok"}) {
			t.Errorf("the file is damaged: %v", got)
		}
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		dir, ballast := tiny(t)
		d := dbtest.OpenConfig(t, dbtest.Empty(t, dbtest.Postgres))
		// The server makes its folder there under its own account.
		if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
			t.Fatal(err)
		}
		place := filepath.Join(dir, "space")
		if err := os.Mkdir(place, 0o777); err != nil {
			t.Fatal(err)
		}
		data := ask[string](t, d, `SHOW data_directory`)[0]
		if out, err := command(t, "chown", "--reference="+data, place); err != nil {
			t.Skipf("the server does not run on this machine: %s", out)
		}
		space := "space_" + ask[string](t, d, `SELECT current_database()`)[0] // all tests share the server
		ask[string](t, d, `CREATE TABLESPACE `+space+` LOCATION '`+place+`'`)
		must(t, d, `CREATE TABLE things (id BIGINT, name TEXT) TABLESPACE `+space)
		must(t, d, `ALTER TABLE things ALTER COLUMN name SET STORAGE PLAIN`) // not compressed
		wantRefused(t, fill(t, d), db.ErrFull)
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		must(t, d, `INSERT INTO things (id, name) VALUES (-1, 'room')`)

		must(t, d, `DROP TABLE things`)
		ask[string](t, d, `DROP TABLESPACE `+space)
	})
}

// A file that another program has locked is waited for, and then refused with
// a text that says so.
func TestLockedFile(t *testing.T) {
	t.Parallel()
	cfg := dbtest.Migrated(t, dbtest.SQLite).Tuned(50*time.Millisecond, time.Second, 1<<20, 1<<20)
	here, there := dbtest.OpenConfig(t, cfg), dbtest.OpenConfig(t, cfg)
	table(t, here)
	write(t, there, func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO things (id) VALUES (1)`); err != nil {
			return err
		}
		_, err := here.Exec(t.Context(), `INSERT INTO things (id) VALUES (1)`)
		wantRefused(t, err, db.ErrBusy)
		if got := ask[int64](t, here, `SELECT COUNT(*) FROM things`); got[0] != 0 {
			t.Errorf("%d rows", got[0])
		}
		return nil
	})
	must(t, here, `DELETE FROM things`)
}

// Two processes that write to one file wait for each other and lose nothing:
// an import beside a server.
func TestTwoProcessesOnOneFile(t *testing.T) {
	t.Parallel()
	cfg := dbtest.Migrated(t, dbtest.SQLite)
	both := []*db.DB{dbtest.OpenConfig(t, cfg), dbtest.OpenConfig(t, cfg)}
	table(t, both[0])
	must(t, both[0], `INSERT INTO things (id) VALUES (1)`)
	var group sync.WaitGroup
	for _, d := range both {
		for range 3 {
			group.Go(func() {
				for range 50 {
					if _, err := d.Exec(t.Context(), `UPDATE things SET count = count + 1`); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	group.Wait()
	if got := ask[int64](t, both[0], `SELECT count FROM things`); got[0] != 300 {
		t.Errorf("counted %d, want 300", got[0])
	}
}

// The log of SQLite stays bounded while one writes and others read without a
// pause.
func TestLogStaysBounded(t *testing.T) {
	t.Parallel()
	const soft, hard = 1 << 20, 4 << 20
	d := dbtest.OpenConfig(t, dbtest.Migrated(t, dbtest.SQLite).Tuned(10*time.Second, 5*time.Millisecond, soft, hard))
	table(t, d)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var readers sync.WaitGroup
	for range 2 {
		readers.Go(func() {
			for ctx.Err() == nil {
				var n int64
				if err := d.QueryRow(ctx, `SELECT COUNT(*) FROM things WHERE id < 100`).Scan(&n); err != nil && ctx.Err() == nil {
					t.Error(err)
				}
			}
		})
	}
	var most, written int64
	row := strings.Repeat("x", 64<<10)
	for id := range 350 {
		must(t, d, `INSERT INTO things (id, name) VALUES ($1, $2)`, id, fmt.Sprint(id, row))
		most = max(most, d.Stats().WALBytes)
		written += int64(len(row))
	}
	stop()
	readers.Wait()
	// The background is as slow as the machine is busy: what is written
	// until it looks comes on top.
	if written < 5*hard || most < soft || most > 3*hard {
		t.Errorf("the log grew to %d KB while %d KB were written, want at most a little over %d KB", most>>10, written>>10, hard>>10)
	}
}

// A reader that keeps the log from starting anew for long does not keep the
// writer from writing: it would be held for an hour here.
func TestLongReaderDoesNotHoldTheWriter(t *testing.T) {
	t.Parallel()
	const soft, hard = 64 << 10, 256 << 10
	d := dbtest.OpenConfig(t, dbtest.Migrated(t, dbtest.SQLite).Tuned(time.Hour, time.Millisecond, soft, hard))
	table(t, d)
	err := d.Read(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		var before, after int64
		if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM things`).Scan(&before); err != nil {
			return err
		}
		written := make(chan error, 1)
		go func() {
			row := strings.Repeat("x", 8000)
			for id := range 400 {
				if _, err := d.Exec(t.Context(), `INSERT INTO things (id, name) VALUES ($1, $2)`, id, fmt.Sprint(id, row)); err != nil {
					written <- err
					return
				}
			}
			written <- nil
		}()
		select {
		case err := <-written:
			if err != nil {
				return err
			}
		case <-time.After(5 * time.Minute):
			t.Fatal("the writer is held by a reader")
		}
		if got := d.Stats().WALBytes; got < hard {
			t.Errorf("the log has %d bytes: it started anew under a reader", got)
		}
		if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM things`).Scan(&after); err != nil {
			return err
		}
		if before != after {
			t.Errorf("%d rows, then %d in one snapshot", before, after)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Transactions that lock each other out are repeated until all succeed.
func TestDeadlockIsRepeated(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.Postgres)
	table(t, d)
	must(t, d, `INSERT INTO things (id, name) VALUES (1, 'a'), (2, 'b')`)
	var (
		meet  = make(chan struct{})
		group sync.WaitGroup
		mu    sync.Mutex
		runs  int
	)
	for _, order := range [][]int{{1, 2}, {2, 1}} {
		group.Go(func() {
			first := true
			err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				mu.Lock()
				runs++
				mu.Unlock()
				for i, id := range order {
					if _, err := tx.Exec(ctx, `UPDATE things SET count = count + 1 WHERE id = $1`, id); err != nil {
						return err
					}
					if i == 0 && first { // both hold one row before they want the other's
						first = false
						select {
						case meet <- struct{}{}:
						case <-meet:
						}
					}
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if got := ask[int64](t, d, `SELECT count FROM things`); !slices.Equal(got, []int64{2, 2}) {
		t.Errorf("counts %v, want each 2", got)
	}
	if s := d.Stats(); s.Repeated == 0 || runs != 2+int(s.Repeated) || s.Failed != 0 || s.Committed != 4 {
		t.Errorf("%d runs, want two and those repeated; %+v", runs, s)
	}
}

// A transaction that loses every time ends with an error that says to try
// again.
func TestRepeatingEnds(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.Postgres)
	runs := 0
	err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		runs++
		_, err := tx.Exec(ctx, `DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$`)
		return err
	})
	wantRefused(t, err, db.ErrBusy)
	if s := d.Stats(); runs != 5 || s.Repeated != 4 || s.Failed != 1 {
		t.Errorf("%d runs, want 5; %+v", runs, s)
	}
}

// kill ends the server's side of the connections that others hold.
func kill(t testing.TB, d *db.DB, pids ...int64) {
	t.Helper()
	for _, pid := range pids {
		if got := ask[bool](t, d, `SELECT pg_terminate_backend($1, 10000)`, pid); !got[0] {
			t.Errorf("connection %d does not end", pid)
		}
	}
}

const backend = `SELECT CAST(pg_backend_pid() AS BIGINT)`

// A connection that is lost costs what ran on it, with an error that says so,
// and nothing else.
func TestLostConnection(t *testing.T) {
	t.Parallel()
	cfg := dbtest.Migrated(t, dbtest.Postgres)
	d, other := dbtest.OpenConfig(t, cfg), dbtest.OpenConfig(t, cfg)
	table(t, d)

	runs := 0
	err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		runs++
		var pid int64
		if err := tx.QueryRow(ctx, backend).Scan(&pid); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO things (id) VALUES (1)`); err != nil {
			return err
		}
		kill(t, other, pid)
		_, err := tx.Exec(ctx, `INSERT INTO things (id) VALUES (2)`)
		return err
	})
	wantRefused(t, err, db.ErrDown)
	if runs != 1 {
		t.Errorf("%d runs", runs)
	}

	// Lost with nothing left to do but to commit: it is not claimed that
	// nothing was changed, for that cannot be known.
	err = d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		var pid int64
		if err := tx.QueryRow(ctx, backend).Scan(&pid); err != nil {
			return err
		}
		kill(t, other, pid)
		return nil
	})
	wantRefused(t, err, db.ErrUnsure)

	// Lost while idle, all at once: nobody notices.
	var pids []int64
	var hold func(n int) error
	hold = func(n int) error {
		return d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			var pid int64
			err := tx.QueryRow(ctx, backend).Scan(&pid)
			pids = append(pids, pid)
			if n > 1 {
				err = errors.Join(err, hold(n-1))
			}
			return err
		})
	}
	if err := hold(4); err != nil {
		t.Fatal(err)
	}
	kill(t, other, pids...)
	must(t, d, `INSERT INTO things (id) VALUES (3)`)
	if err := d.Read(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		var n int64
		err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM things`).Scan(&n)
		if n != 1 {
			t.Errorf("%d rows, want the one that was committed", n)
		}
		return err
	}); err != nil {
		t.Error(err)
	}
}

// A server that stops and starts again is found again, without a restart.
func TestServerStopsAndStarts(t *testing.T) {
	t.Parallel()
	pg, err := pgserver.Start(t.Context(), "fsync=off")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pg.Close(); err != nil {
			t.Error(err)
		}
	})
	d := dbtest.OpenConfig(t, db.Config{URL: pg.URL, Conns: 4})
	if _, err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	table(t, d)
	err = d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `INSERT INTO things (id) VALUES (1)`); err != nil {
			return err
		}
		if err := pg.Stop(context.WithoutCancel(ctx)); err != nil {
			t.Fatal(err)
		}
		_, err := tx.Exec(ctx, `INSERT INTO things (id) VALUES (2)`)
		return err
	})
	wantRefused(t, err, db.ErrDown)
	for range 3 {
		_, err := d.Exec(t.Context(), `INSERT INTO things (id) VALUES (3)`)
		wantRefused(t, err, db.ErrDown)
		wantRefused(t, d.Ping(t.Context()), db.ErrDown)
	}
	if err := pg.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	must(t, d, `INSERT INTO things (id) VALUES (4)`)
	if got := ask[int64](t, d, `SELECT id FROM things`); !slices.Equal(got, []int64{4}) {
		t.Errorf("rows %v, want 4 alone", got)
	}
}

// A process that writes one transaction after another does not keep another one
// out: it waits for about one of them.
func TestNobodyIsKeptOut(t *testing.T) {
	t.Parallel()
	cfg := dbtest.Migrated(t, dbtest.SQLite).Tuned(time.Minute, time.Second, 1<<20, 1<<20)
	here, there := dbtest.OpenConfig(t, cfg), dbtest.OpenConfig(t, cfg)
	table(t, here)
	var written atomic.Int64
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	const long = `SELECT COUNT(*) FROM (WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) SELECT i FROM n)`
	go func() {
		for ctx.Err() == nil {
			err := there.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				var n int
				return tx.QueryRow(ctx, long).Scan(&n)
			})
			if err != nil {
				ended <- err
				return
			}
			written.Add(1)
		}
		ended <- nil
	}()
	var waited int64
	const times = 8
	for i := range times {
		for at := written.Load(); written.Load() == at && len(ended) == 0; {
			runtime.Gosched()
		}
		before := written.Load()
		must(t, here, `INSERT INTO things (id, name) VALUES (`+strconv.Itoa(i)+`, '`+strconv.Itoa(i)+`')`)
		waited += written.Load() - before
	}
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if waited > 3*times {
		t.Errorf("%d writes waited for %d of the other process", times, waited)
	}
}

// A primary that has become a standby, as after a failover that it survived, is left
// for the one that takes writes, without a restart and without telling anybody.
func TestPrimaryThatTakesNoWritesIsLeft(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	primary, err := pgserver.Start(ctx, "fsync=off")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = primary.Close() })
	standby, err := primary.Standby(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = standby.Close() })
	if d, err := db.Open(ctx, db.Config{URL: standby.URL}); !errors.Is(err, db.ErrDown) {
		t.Errorf("a standby alone is opened: %v, %v", d, err)
	}
	both, err := url.Parse(standby.URL) // first, and passed over
	if err != nil {
		t.Fatal(err)
	}
	first, err := url.Parse(primary.URL)
	if err != nil {
		t.Fatal(err)
	}
	both.Host += "," + first.Host
	d := dbtest.OpenConfig(t, db.Config{URL: both.String(), Conns: 4, Log: slog.New(slog.DiscardHandler)})
	where := func() (port string) {
		t.Helper()
		if err := d.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
			if _, err := tx.Exec(ctx, `CREATE TABLE IF NOT EXISTS written (n BIGINT)`); err != nil {
				return err
			}
			return tx.QueryRow(ctx, `SELECT CAST(inet_server_port() AS TEXT)`).Scan(&port)
		}); err != nil {
			t.Fatal(err)
		}
		return port
	}
	if port := where(); port != first.Port() {
		t.Errorf("written at %s, the primary is at %s", port, first.Port())
	}
	var group sync.WaitGroup
	for range 4 { // every connection is one to the primary
		group.Go(func() {
			if _, err := d.Exec(ctx, `INSERT INTO written SELECT 1 FROM pg_sleep(0.2)`); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for _, text := range []string{`ALTER SYSTEM SET default_transaction_read_only = on`, `SELECT pg_reload_conf()`} {
		conn, err := pgx.Connect(ctx, primary.URL)
		if err != nil {
			t.Fatal(err)
		}
		_, err = conn.Exec(ctx, text)
		if err := errors.Join(err, conn.Close(ctx)); err != nil {
			t.Fatal(err)
		}
	}
	if err := standby.Promote(ctx); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); where() == first.Port(); time.Sleep(10 * time.Millisecond) { // until it has read its settings anew
		if time.Now().After(end) {
			t.Fatal("it writes to the old primary still")
		}
	}
}

// A server whose machine is gone without a word, with statements under way, is left
// for another within ten seconds. The machine is an address of a network of the
// test's own, which is taken away.
func TestVanishedServerIsLeft(t *testing.T) {
	t.Parallel()
	const within = "REGULARS_TEST_NETWORK"
	if os.Getenv(within) == "" {
		cmd := exec.CommandContext(t.Context(), "unshare", "-n", os.Args[0], "-test.run=^TestVanishedServerIsLeft$", "-test.v")
		cmd.Env = append(os.Environ(), within+"=1", pgserver.Env+"=")
		out, err := cmd.CombinedOutput()
		if err != nil && !strings.Contains(string(out), "=== RUN") {
			t.Skipf("a network of its own needs the right to make one: %s", out)
		}
		if err != nil || strings.Contains(string(out), "--- SKIP") {
			t.Errorf("%v\n%s", err, out)
		}
		return
	}
	const machine = "10.9.8.7"
	for _, args := range [][]string{{"link", "set", "lo", "up"}, {"addr", "add", machine + "/32", "dev", "lo"}} {
		if out, err := command(t, "ip", args...); err != nil {
			t.Fatalf("ip %v: %v %s", args, err, out)
		}
	}
	server, err := pgserver.Start(t.Context(), "fsync=off")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	there, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	both := *there
	both.Host = relay(t, machine, there.Host) + "," + there.Host
	d := dbtest.OpenConfig(t, db.Config{URL: both.String(), Conns: 4, Log: slog.New(slog.DiscardHandler)})
	table(t, d)
	began, cut := make(chan struct{}), make(chan struct{})
	var group sync.WaitGroup
	for i := range 4 { // two wait for an answer, two are to send when nobody takes it any more
		group.Go(func() {
			err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				if _, err := tx.Exec(ctx, `SELECT 1`); err != nil {
					return err
				}
				began <- struct{}{}
				if i < 2 {
					_, err := tx.Exec(ctx, `SELECT pg_sleep(60)`)
					return err
				}
				<-cut
				_, err := tx.Exec(ctx, `SELECT 1`)
				return err
			})
			if !errors.Is(err, db.ErrDown) {
				t.Errorf("%d: %v, want %v", i, err, db.ErrDown)
			}
		})
	}
	for range 4 {
		<-began
	}
	if out, err := command(t, "ip", "addr", "del", machine+"/32", "dev", "lo"); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	gone := time.Now()
	close(cut)
	group.Wait()
	if _, err := d.Exec(t.Context(), `INSERT INTO things (id, name) VALUES (77, 'after')`); err != nil {
		t.Error(err)
	}
	if took := time.Since(gone); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
}

// relay passes connections on, from a port of its own.
func relay(t *testing.T, machine, to string) (address string) {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", machine+":0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := new(net.Dialer).DialContext(context.WithoutCancel(t.Context()), "tcp", to)
			if err != nil {
				return
			}
			go io.Copy(in, out) //nolint:errcheck // until the test ends
			go io.Copy(out, in) //nolint:errcheck // likewise
		}
	}()
	return l.Addr().String()
}
