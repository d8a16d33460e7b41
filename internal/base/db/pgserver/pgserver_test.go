package pgserver_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"regulars/internal/base/db/pgserver"
)

// child is what this test program does instead of testing, when a test runs
// it as another process: it prints the address of a server and keeps it until
// it is killed.
const child = "REGULARS_TEST_CHILD"

func TestMain(m *testing.M) {
	var address string
	var err error
	switch os.Getenv(child) {
	case "":
		os.Exit(m.Run())
	case "shared":
		address, err = pgserver.Shared(context.Background())
	case "own":
		var s *pgserver.Server
		if s, err = pgserver.Start(context.Background(), "fsync=off"); err == nil {
			address = s.URL
		}
	}
	fmt.Println(address, err)
	_, _ = bufio.NewReader(os.Stdin).ReadByte() // until our parent ends
}

// other starts this program as another process, which lives until the test
// ends or kills it, and returns the address that it prints.
func other(t *testing.T, what string) (address string, kill func()) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), child+"="+what)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = cmd.Wait() // how it ended is the test's business
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address, failure, _ := strings.Cut(strings.TrimSpace(line), " ")
	if failure != "<nil>" {
		t.Fatal(line)
	}
	return address, func() {
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
	}
}

func connect(t *testing.T, address string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) }) // may be cut off by now
	return conn
}

func text(t *testing.T, conn *pgx.Conn, query string) (got string) {
	t.Helper()
	if err := conn.QueryRow(t.Context(), query).Scan(&got); err != nil {
		t.Fatal(err)
	}
	return got
}

func refused(t *testing.T, address string) {
	t.Helper()
	if conn, err := pgx.Connect(t.Context(), address); err == nil {
		_ = conn.Close(t.Context())
		t.Error("the server still answers")
	}
}

// A server keeps what was committed over a crash, at the same address, and
// leaves nothing behind when it is closed.
func TestStart(t *testing.T) {
	t.Parallel()
	s, err := pgserver.Start(t.Context(), "work_mem=5MB")
	if err != nil {
		t.Fatal(err)
	}
	conn := connect(t, s.URL)
	data := text(t, conn, `SHOW data_directory`)
	for name, want := range map[string]string{"fsync": "on", "work_mem": "5MB"} {
		if got := text(t, conn, "SHOW "+name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	if _, err := conn.Exec(t.Context(), `CREATE TABLE kept AS SELECT 'kept' AS what`); err != nil {
		t.Fatal(err)
	}
	if err := s.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	refused(t, s.URL)
	if err := s.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := text(t, connect(t, s.URL), `SELECT what FROM kept`); got != "kept" {
		t.Errorf("read %q after the restart", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	refused(t, s.URL)
	if _, err := os.Stat(data); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", data, err)
	}
}

// A standby has what its primary had, outlives it, and takes over when it is told to.
func TestStandby(t *testing.T) {
	t.Parallel()
	primary, err := pgserver.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = primary.Close() }) // it is dead
	if _, err := connect(t, primary.URL).Exec(t.Context(), `CREATE TABLE kept AS SELECT 'kept' AS what`); err != nil {
		t.Fatal(err)
	}
	standby, err := primary.Standby(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = standby.Close() })
	conn := connect(t, standby.URL)
	if got := text(t, conn, `SELECT what || pg_is_in_recovery() FROM kept`); got != "kepttrue" {
		t.Errorf("the standby has %q", got)
	}
	if err := primary.Kill(); err != nil {
		t.Fatal(err)
	}
	refused(t, primary.URL)
	if err := standby.Promote(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := text(t, conn, `UPDATE kept SET what = 'changed' RETURNING what`); got != "changed" {
		t.Errorf("promoted, it has %q", got)
	}
}

// A process that is killed takes its server with it.
func TestServerEndsWithItsProcess(t *testing.T) {
	t.Parallel()
	address, kill := other(t, "own")
	conn := connect(t, address)
	kill()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if _, err := conn.WaitForNotification(ctx); err == nil || ctx.Err() != nil {
		t.Fatalf("the server did not cut us off: %v", err)
	}
	refused(t, address)
}

// Processes share one server, and it stays while one of them lives.
func TestShared(t *testing.T) {
	t.Parallel()
	theirs, kill := other(t, "shared")
	ours, err := pgserver.Shared(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if again, err := pgserver.Shared(t.Context()); err != nil || again != ours || theirs != ours {
		t.Errorf("three askers got %s, %s and %s, %v", theirs, ours, again, err)
	}
	kill()
	text(t, connect(t, ours), `SELECT version()`)
}
