package id

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
)

type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// mint mints n ids in several goroutines at once.
func mint(n int, from ...*Minter) []int64 {
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		all   []int64
	)
	for _, m := range from {
		for range 4 {
			group.Go(func() {
				own := make([]int64, n)
				for i := range own {
					own[i] = m.Next()
				}
				mu.Lock()
				defer mu.Unlock()
				all = append(all, own...)
			})
		}
	}
	group.Wait()
	return all
}

func wantUnique(t *testing.T, ids []int64) {
	t.Helper()
	sorted := slices.Sorted(slices.Values(ids))
	if n := len(slices.Compact(sorted)); n != len(ids) {
		t.Errorf("%d ids of %d are different", n, len(ids))
	}
}

func TestConcurrentMintingIsUnique(t *testing.T) {
	t.Parallel()
	// The clock of some stands still, so that the counter runs over.
	still := newClock()
	ids := mint(20_000, NewMinter(time.Now, 0, 0), NewMinter(still.now, 1, 0), NewMinter(still.now, Nodes-1, 0))
	wantUnique(t, ids)
	for _, id := range ids {
		if id <= 0 {
			t.Fatalf("id %d", id)
		}
	}
}

func TestIDsRiseThoughTheClockIsSetBack(t *testing.T) {
	t.Parallel()
	c := newClock()
	m := NewMinter(c.now, 7, 0)
	last := m.Next()
	for _, step := range []time.Duration{0, time.Microsecond, time.Millisecond, -time.Hour, 0, time.Second, -48 * time.Hour, 50 * time.Hour} {
		c.pass(step)
		for range 5000 { // more than fit a millisecond
			id := m.Next()
			if id <= last {
				t.Fatalf("%d after %d, when the clock went %v", id, last, step)
			}
			last = id
		}
	}
	if high := First(time.UnixMilli(m.High() + 1)); last >= high {
		t.Errorf("id %d lies beyond High", last)
	}
}

func TestFirstIsATimeIndex(t *testing.T) {
	t.Parallel()
	c := newClock()
	m := NewMinter(c.now, Nodes-1, 0)
	at := c.now()
	early := m.Next()
	c.pass(time.Millisecond)
	late := m.Next()
	if !(First(at) <= early && early < First(at.Add(time.Millisecond)) && First(at.Add(time.Millisecond)) <= late) {
		t.Errorf("First(%v) = %d does not part %d from %d", at, First(at), early, late)
	}
	if First(time.Time{}) != 0 {
		t.Errorf("First of the zero time is %d", First(time.Time{}))
	}
}

func take(t *testing.T, d *db.DB, c *clock) *Lease {
	t.Helper()
	l, err := Take(t.Context(), d, c.now)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// Processes that start at the same moment all get numbers of their own.
func TestTakeTogether(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, e dbtest.Engine) {
		cfg, c := dbtest.Migrated(t, e), newClock()
		var (
			group   sync.WaitGroup
			mu      sync.Mutex
			minters []*Minter
			numbers []int64
		)
		for range 4 {
			d := dbtest.OpenConfig(t, cfg)
			for range 3 {
				group.Go(func() {
					l, err := Take(t.Context(), d, c.now)
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					defer mu.Unlock()
					minters, numbers = append(minters, l.Minter), append(numbers, int64(l.node))
				})
			}
		}
		group.Wait()
		if len(minters) != 12 {
			t.Fatalf("%d have a number, want 12", len(minters))
		}
		wantUnique(t, numbers)
		wantUnique(t, mint(5000, minters...))
	})
}

// A number is used again when its lease has ended, but never for the same ids,
// even if the clock was set back meanwhile.
func TestTakeover(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		first := take(t, d, c)
		ids := mint(10_000, first.Minter) // ahead of the clock
		if !first.Held() {
			t.Error("the number is not held")
		}

		c.pass(leaseFor - time.Second)
		if second := take(t, d, c); second.node == first.node {
			t.Error("a number was taken that is leased")
		}
		if err := first.renew(t.Context(), c.now().Add(leaseFor)); err != nil {
			t.Fatal(err)
		}
		c.pass(leaseFor + time.Second)
		if first.Held() {
			t.Error("the number is held though its lease has ended")
		}

		// Given up: at once, and from where it was.
		if err := first.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
		c.pass(time.Microsecond)
		third := take(t, d, c)
		if third.node != first.node {
			t.Errorf("number %d, want the free number %d", third.node, first.node)
		}
		c.pass(-24 * time.Hour)
		wantUnique(t, append(ids, mint(10_000, third.Minter)...))

		// The former holder comes back and finds that it has none.
		c.pass(24 * time.Hour)
		before := first.Next()
		if err := first.renew(t.Context(), c.now().Add(leaseFor)); err != nil {
			t.Fatal(err)
		}
		if first.node == third.node || !first.Held() {
			t.Errorf("number %d after the takeover of %d, held: %t", first.node, third.node, first.Held())
		}
		if after := first.Next(); after <= before {
			t.Errorf("%d after %d", after, before)
		}
		wantUnique(t, mint(10_000, first.Minter, third.Minter))

		// Giving up what was lost changes nothing.
		if _, err := d.Exec(t.Context(), `UPDATE nodes SET holder = 'somebody'`); err != nil {
			t.Fatal(err)
		}
		if err := first.Release(t.Context()); err != nil {
			t.Fatal(err)
		}
		var others int
		if err := d.QueryRow(t.Context(), `SELECT COUNT(*) FROM nodes WHERE holder <> 'somebody'`).Scan(&others); err != nil || others != 0 {
			t.Errorf("%d rows, %v, after giving up a number that was lost", others, err)
		}
	})
}

func TestNoMoreNumbers(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		if _, err := d.Exec(t.Context(), `INSERT INTO nodes (number, holder, leased_until, high) VALUES ($1, 'x', $2, 0)`,
			Nodes-1, c.now().Add(time.Hour).UnixMicro()); err != nil {
			t.Fatal(err)
		}
		if _, err := Take(t.Context(), d, c.now); err == nil {
			t.Error("a number beyond the last")
		}
	})
}

// Keep renews, and gives the number up at the end.
func TestKeep(t *testing.T) {
	t.Parallel()
	cfg := dbtest.Migrated(t, dbtest.SQLite)
	synctest.Test(t, func(t *testing.T) {
		d, err := db.Open(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		l, err := Take(t.Context(), d, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		kept := make(chan struct{})
		go func() {
			l.Keep(ctx, func(err error) { t.Error(err) })
			close(kept)
		}()
		time.Sleep(10*leaseFor + time.Second) // of the bubble's clock
		if !l.Held() {
			t.Error("the lease was not renewed")
		}
		stop()
		<-kept
		if !l.Held() {
			t.Error("the lease was given up before anybody said that nothing is minted any more")
		}
		if err := l.Release(t.Context()); err != nil || l.Held() {
			t.Errorf("the lease was not given up: %v", err)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestOfIsTextInJSON(t *testing.T) {
	t.Parallel()
	type row struct{ ID Of[string] }
	text, err := json.Marshal(row{1<<62 + 1})
	if err != nil || string(text) != `{"ID":"4611686018427387905"}` {
		t.Errorf("%s, %v", text, err)
	}
	var back row
	if err := json.Unmarshal(text, &back); err != nil || back.ID != 1<<62+1 {
		t.Errorf("read back as %v, %v", back, err)
	}
	if err := back.ID.UnmarshalText([]byte("4e3")); err == nil {
		t.Error("what is no number was taken")
	}
}
