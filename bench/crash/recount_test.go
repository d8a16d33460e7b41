package crash

import (
	"context"
	"fmt"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"regulars/bench/site"
	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/jobs"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
)

// Levels that are counted anew when the server is killed are counted to the end by
// the next one, everybody's once, and agree with what was bought.
func TestKilledRecountGoesOn(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, e dbtest.Engine) {
		const shoppers = 3000
		cfg := dbtest.Migrated(t, e)
		found(t, cfg, 1, 2, shoppers, func(ctx context.Context, s *site.Services, ids []customer.ID) { buy(ctx, t, s, ids) })
		cut := 0
		for i := range rounds() {
			threshold := shoppers * (rounds() - i) / (rounds() + 1)
			before, want := risen(t, cfg), shoppers-threshold+1
			recount(t, cfg, fmt.Sprint("round ", i), money.Amount(threshold)*100)
			s := serve(t, cfg)
			begun(t, cfg, before)
			s.Kill()
			if n := risen(t, cfg); before < n && n < want {
				cut++
			}
			leasesEnd(t, cfg)
			s = serve(t, cfg)
			endOfRecount(t, cfg)
			must(t, s.Stop())
			if n := risen(t, cfg); n != want {
				t.Errorf("round %d: %d have the level, not %d", i, n, want)
			}
		}
		t.Logf("killed %d times, %d of them while levels were counted", rounds(), cut)
		if rounds() >= 20 && cut == 0 {
			t.Error("nothing was in danger")
		}
		clean(t, dbtest.OpenConfig(t, cfg))
	})
}

// buy has customer n spend n+1 units of the currency.
func buy(ctx context.Context, t *testing.T, s *site.Services, ids []customer.ID) {
	t.Helper()
	stores, err := s.Catalog.Stores(ctx)
	must(t, err)
	tills, err := s.Catalog.Tills(ctx, stores[0].ID)
	must(t, err)
	by := receipt.Caller{Till: tills[0], Store: stores[0]}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(16)
	for n, who := range ids {
		group.Go(func() error {
			total := money.Amount(n+1) * 100
			_, _, err := s.Receipts.Commit(ctx, by, receipt.Sale{Number: fmt.Sprint(n), Total: &total, Draft: receipt.Draft{
				Customer: who, Lines: []receipt.DraftLine{{SKU: site.SKU(0), Quantity: money.One, Price: money.Price(n+1) * money.PriceScale}},
			}})
			return err
		})
	}
	must(t, group.Wait())
}

// recount publishes rules with a level from a threshold on, and has the next server
// count everybody's anew.
func recount(t *testing.T, cfg db.Config, turn string, threshold money.Amount) {
	t.Helper()
	ctx := t.Context()
	s, err := site.Open(ctx, cfg, time.Now)
	must(t, err)
	list, err := s.Programmes.List(ctx)
	must(t, err)
	r := rules()
	r.Levels = append(r.Levels, programme.Level{Code: "risen", Name: "Risen", Threshold: threshold, Cashback: 2000})
	must(t, s.DB.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		draft, err := s.Programmes.SaveDraftTx(ctx, tx, list[0].ID, r, 0)
		if err != nil {
			return err
		}
		v, err := s.Programmes.PublishTx(ctx, tx, draft, time.Time{})
		if err != nil {
			return err
		}
		q := jobs.New(s.DB, s.IDs.Minter, time.Now, jobs.Config{})
		_, _, err = q.AddTx(ctx, tx, jobs.Job{Kind: recountKind, Dedupe: turn, RunAt: v.StartsAt, Payload: map[string]any{"version": v.ID}})
		return err
	}))
	must(t, s.Close(ctx))
}

const recountKind = "programme.recount"

// leasesEnd is what the time does to the jobs of a server that is gone.
func leasesEnd(t *testing.T, cfg db.Config) {
	t.Helper()
	s, err := site.Open(t.Context(), cfg, time.Now)
	must(t, err)
	must(t, jobs.New(s.DB, s.IDs.Minter, time.Now, jobs.Config{}).Reclaim(t.Context()))
	must(t, s.Close(t.Context()))
}

// risen is how many have the level.
func risen(t *testing.T, cfg db.Config) (n int) {
	t.Helper()
	until(t, cfg, func(is int) bool { n = is; return true }, risenCount)
	return n
}

const risenCount = `SELECT COUNT(*) FROM tiers WHERE level = 'risen'`

func endOfRecount(t *testing.T, cfg db.Config) {
	t.Helper()
	until(t, cfg, func(left int) bool { return left == 0 }, `SELECT COUNT(*) FROM jobs WHERE kind = '`+recountKind+`' AND state IN ('queued', 'running')`)
}

// begun waits until more have the level than before.
func begun(t *testing.T, cfg db.Config, before int) {
	t.Helper()
	until(t, cfg, func(n int) bool { return n > before }, risenCount)
}

// until reads a figure beside a server, again and again.
func until(t *testing.T, cfg db.Config, done func(n int) bool, query string) {
	t.Helper()
	d, err := db.Open(t.Context(), cfg)
	must(t, err)
	defer d.Close() //nolint:errcheck // read only
	end := time.Now().Add(2 * time.Minute)
	for n := 0; time.Now().Before(end); {
		must(t, d.QueryRow(t.Context(), query).Scan(&n))
		if done(n) {
			return
		}
	}
	t.Fatalf("not within two minutes: %s", query)
}
