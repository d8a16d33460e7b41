package merge_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/id"
	"regulars/internal/base/money"
	"regulars/internal/base/settings"
	"regulars/internal/loyalty"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/loyaltytest"
	"regulars/internal/loyalty/merge"
)

// child is what a process that merges is told in its environment.
type child struct {
	URL, Path  string
	Process    int
	From, Into customer.ID
}

const childKey = "REGULARS_TEST_MERGE"

func TestMain(m *testing.M) {
	if told := os.Getenv(childKey); told != "" {
		if err := mergeForEver(told); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// mergeForEver merges two customers and takes them apart, and says a line in every
// transaction, before it is committed.
func mergeForEver(told string) error {
	var c child
	if err := json.Unmarshal([]byte(told), &c); err != nil {
		return err
	}
	ctx := context.Background()
	d, err := db.Open(ctx, db.Config{URL: c.URL, Path: c.Path, Conns: 4})
	if err != nil {
		return err
	}
	uzs, err := money.CurrencyOf("UZS")
	if err != nil {
		return err
	}
	s := loyalty.New(d, id.NewMinter(time.Now, c.Process, 0), time.Now, settings.Installation{Currency: uzs, Secret: loyaltytest.Secret})
	if err := s.Programmes.Refresh(ctx); err != nil {
		return err
	}
	say := func() { _, _ = os.Stdout.WriteString("now\n") }
	for {
		_, err := s.Merges.Merge(ctx, c.From, c.Into, 0, func(context.Context, *db.Tx, merge.Outcome) error { say(); return nil })
		if err != nil && !errors.Is(err, customer.ErrGone) { // merged before the last one was killed
			return err
		}
		list, err := s.Merges.Of(ctx, c.From)
		if err != nil {
			return err
		}
		if err := s.Merges.Undo(ctx, list[0].ID, 0, func(context.Context, *db.Tx, merge.Merge) error { say(); return nil }); err != nil {
			return err
		}
	}
}

// Killed at random moments, a merge and its undoing are there whole or not at all.
func TestKilledMergeIsWholeOrNot(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, e dbtest.Engine) {
		cfg := dbtest.Migrated(t, e)
		s := newShop(t, dbtest.OpenConfig(t, cfg))
		phone, card := s.anna()
		for range 20 {
			s.sell(card, 50_000, 0)
		}
		s.sell(phone, 50_000, 0)
		points := s.account(card).Available() + s.account(phone).Available()
		for run := range 6 {
			killed(t, child{cfg.URL, cfg.Path, 100 + run, card, phone}, 1+rand.IntN(6))
			// PostgreSQL may end the commit of who was killed a moment later.
			state := s.get(card).State
			a, b := s.account(card), s.account(phone)
			for now := s.get(card).State; now != state; now = s.get(card).State {
				state, a, b = now, s.account(card), s.account(phone)
			}
			together := state == customer.StateMerged
			if a.Available()+b.Available() != points || a.Receipts+b.Receipts != 21 || together != (a.Receipts == 0) {
				t.Errorf("merged %t, points %s and %s, receipts %d and %d", together, a.Available(), b.Available(), a.Receipts, b.Receipts)
			}
			s.agrees()
		}
	})
}

// killed runs a process and kills it after so many transactions, around the commit of
// the last.
func killed(t *testing.T, c child, after int) {
	t.Helper()
	told, err := json.Marshal(c)
	loyaltytest.Check(t, err)
	exe, err := os.Executable()
	loyaltytest.Check(t, err)
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), childKey+"="+string(told))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	loyaltytest.Check(t, err)
	loyaltytest.Check(t, cmd.Start())
	lines, n := bufio.NewScanner(out), 0
	for n < after && lines.Scan() {
		n++
	}
	loyaltytest.Check(t, cmd.Process.Kill())
	err = cmd.Wait()
	if exit := (*exec.ExitError)(nil); n < after || !errors.As(err, &exit) || exit.ExitCode() != -1 {
		t.Fatalf("it ended by itself after %d transactions: %v", n, err)
	}
}
