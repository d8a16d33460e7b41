package importer

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
)

// child is what a process that imports is told in its environment.
type child struct {
	URL, Path, File, Folder string
}

const childKey = "REGULARS_TEST_IMPORT"

func TestMain(m *testing.M) {
	if told := os.Getenv(childKey); told != "" {
		if err := importAlone(told); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// importAlone imports a file as a process of its own and says a line in every
// transaction, before it is committed.
func importAlone(told string) (err error) {
	var c child
	if err := json.Unmarshal([]byte(told), &c); err != nil {
		return err
	}
	ctx := context.Background()
	d, err := db.Open(ctx, db.Config{URL: c.URL, Path: c.Path, Conns: 4})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	s, end, err := build(ctx, d, "GBP", "Europe/London", c.Folder)
	if err != nil {
		return err
	}
	defer end()
	s.batchRows, s.matchRows = 40, 3
	i, err := s.Add(ctx, File{}, c.File)
	if err != nil {
		return err
	}
	_, err = s.RunNow(ctx, i.ID, func(Report) { _, _ = os.Stdout.WriteString("batch\n") })
	return err
}

// rounds are how often a test does what is done at random: few times, or as REGULARS_SOAK says.
func rounds(few int) int {
	if n, err := strconv.Atoi(os.Getenv("REGULARS_SOAK")); err == nil && n > 0 {
		return n
	}
	return few
}

// Killed at random moments, an import loses nothing and doubles nothing.
func TestKilledImportGoesOn(t *testing.T) {
	t.Parallel()
	rounds := rounds(8)
	path := write(t, chainFile(60*rounds))
	straight := newHouse(t, dbtest.Open(t, dbtest.SQLite), "GBP", "Europe/London", t.TempDir())
	want := straight.load(path, File{})
	wantRefused := straight.issuesOf(want.ID, true)
	dbtest.Each(t, func(t *testing.T, e dbtest.Engine) {
		cfg := dbtest.Migrated(t, e)
		folder := t.TempDir()
		killed := 0
		for run := 0; ; run++ {
			if run > 100+10*rounds {
				t.Fatal("the import never ends")
			}
			batches := 1 + rand.IntN(6)
			if run >= rounds {
				batches = 1 << 30
			}
			if runKilled(t, child{cfg.URL, cfg.Path, path, folder}, batches) {
				break
			}
			killed++
		}
		if killed == 0 {
			t.Error("it was never killed")
		}
		h := newHouse(t, dbtest.OpenConfig(t, cfg), "GBP", "Europe/London", folder)
		list, err := h.List(t.Context(), 0, 10)
		must(t, err)
		// One that was killed when all was done is imported again, for nothing.
		for ; len(list) > 1 && list[0].Report.Recorded == 0; list = list[1:] {
		}
		if len(list) != 1 || list[0].State != Done {
			t.Fatalf("after %d kills: %+v", killed, list)
		}
		if diff := cmp.Diff(want.Report, list[0].Report, timeless); diff != "" {
			t.Errorf("after %d kills (-straight +killed):\n%s", killed, diff)
		}
		if diff := cmp.Diff(wantRefused, h.issuesOf(list[0].ID, true)); diff != "" {
			t.Errorf("refused rows (-straight +killed):\n%s", diff)
		}
		h.verify()
	})
}

// runKilled runs a process and kills it in its batch of that number; it says
// whether the process ended before.
func runKilled(t *testing.T, c child, batches int) (ended bool) {
	t.Helper()
	told, err := json.Marshal(c)
	must(t, err)
	exe, err := os.Executable()
	must(t, err)
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), childKey+"="+string(told))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	lines := bufio.NewScanner(out)
	for n := 0; n < batches && lines.Scan(); n++ {
		if n == batches-1 {
			must(t, cmd.Process.Kill())
		}
	}
	err = cmd.Wait()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() == -1 {
		return false
	}
	must(t, err)
	return true
}
