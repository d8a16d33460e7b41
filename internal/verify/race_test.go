package verify_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/verify"
)

// Whatever two processes do to the same people at once, and undo in whatever order,
// the books agree. Where clocks stand, all of it has the same time, as on a machine
// that is faster than its clock.
//
// What failed is tried again by its name, such as TestTwoProcessesSoak/standing-17/;
// a seed says what is tried, not who comes first.
func TestTwoProcessesSoak(t *testing.T) {
	t.Parallel()
	seeds := 2
	if n, err := strconv.Atoi(os.Getenv("REGULARS_SOAK")); err == nil && n > 0 {
		seeds = n
	}
	var mu sync.Mutex
	runs, done := 0, map[dbtest.Engine]map[string]int{dbtest.SQLite: {}, dbtest.Postgres: {}}
	t.Cleanup(func() {
		if t.Failed() || runs < 4*seeds {
			return
		}
		for e, done := range done {
			t.Log(e, done)
			for _, what := range []string{
				"registration", "sale", "redemption", "return", "hold", "release", "sale of a hold", "late batch", "import",
				"merge", "undone merge", "points by hand", "level by hand", "erasure", "night",
			} {
				if done[what] == 0 {
					t.Errorf("no %s on %s", what, e)
				}
			}
		}
	})
	for seed := 2; seed < 2+seeds; seed++ {
		for name, tick := range map[string]time.Duration{"moving": time.Millisecond, "standing": 0} {
			t.Run(fmt.Sprint(name, "-", seed), func(t *testing.T) {
				t.Parallel()
				dbtest.Each(t, func(t *testing.T, e dbtest.Engine) {
					l := race(t, e, uint64(seed), tick)
					mu.Lock()
					defer mu.Unlock()
					runs++
					for what, n := range l.done {
						done[e][what] += n
					}
				})
			})
		}
	}
}

// Points that are taken by hand from several lots are one line of the audit log, also where
// another process, whose clock is behind, numbers what it takes between them.
func TestPointsByHandNumberedAmongOthers(t *testing.T) {
	t.Parallel()
	cfg := dbtest.Migrated(t, dbtest.SQLite)
	one := newChain(t, dbtest.OpenConfig(t, cfg), anyRules(rand.New(rand.NewPCG(1, 2))))
	who := one.customer("Анна", customer.Identifier{Kind: customer.Phone, Value: "+998901234501"})
	must(t, one.adjust(who, 10_00))
	must(t, one.adjust(who, 20_00))
	one.clock.tick = time.Second // from entry to entry
	must(t, one.adjust(who, -25_00))
	var first int64
	must(t, one.db.QueryRow(t.Context(), `SELECT id FROM entries WHERE customer_id = $1 AND cause = 'manual' ORDER BY id LIMIT 1 OFFSET 2`, int64(who)).Scan(&first))
	other := process(t, dbtest.OpenConfig(t, cfg), &clock{t: time.UnixMicro(verify.MintedAt(first)).Add(time.Second / 2), tick: time.Microsecond})
	other.till = one.till
	other.till.Staff = one.cashier("other")
	must(t, other.adjust(who, -1_00))
	expectClean(t, one.db)
}

// race has two tills sell through two processes, on days of any rules.
func race(t *testing.T, e dbtest.Engine, seed uint64, tick time.Duration) *life {
	ctx, r := t.Context(), rand.New(rand.NewPCG(seed, 2))
	cfg := dbtest.Migrated(t, e)
	one := newChain(t, dbtest.OpenConfig(t, cfg), anyRules(r))
	one.assortment()
	tills := []receipt.Caller{one.till, {}}
	one.write(func(ctx context.Context, tx *db.Tx) (err error) {
		other := &tills[1]
		if other.Store, err = one.Catalog.CreateStoreTx(ctx, tx, catalog.NewStore{Code: "S2", Name: "Alay", Zone: "Asia/Tashkent"}); err == nil {
			other.Till, err = one.Catalog.CreateTillTx(ctx, tx, other.Store.ID, "1")
		}
		return err
	})
	for i := range 6 {
		one.life.people = append(one.life.people, one.customer("Анна", customer.Identifier{Kind: customer.Phone, Value: fmt.Sprint("+99890123450", i)}))
	}
	by := ahead(0)
	if tick == 0 {
		by = one.clock
	}
	other := process(t, dbtest.OpenConfig(t, cfg), by)
	other.life = one.life
	var workers []*chain
	for i, c := range []*chain{one, one, other, other} {
		w := *c
		w.till, w.numbers = tills[i%2], (i+1)*1_000_000
		w.till.Staff = one.cashier(fmt.Sprint("cashier", i))
		workers = append(workers, &w)
	}
	one.clock.tick, other.clock.tick = tick, tick
	for day := range uint64(3) {
		var wg sync.WaitGroup
		for i, w := range workers {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(seed, 10*day+uint64(i)))
				for range 40 {
					w.anything(r)
				}
			})
		}
		wg.Wait()
		if expectClean(t, one.db); t.Failed() {
			break
		}
		days := r.IntN(3)
		one.pass(days)
		if other.clock == one.clock {
			days = 0
		}
		other.pass(days)
		if r.IntN(2) == 0 {
			one.publish(anyRules(r))
			must(t, other.Programmes.Refresh(ctx))
		}
	}
	return one.life
}
