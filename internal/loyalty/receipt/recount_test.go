package receipt_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
)

// After thresholds were changed, the preview says who would move and changes
// nothing; counting anew moves them, goes on where it was interrupted, and done
// twice moves nobody.
func TestRecount(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		rules := simple()
		rules.Levels = []programme.Level{{Code: "base", Name: "B"}, {Code: "gold", Name: "G", Threshold: 100_000_00}}
		c := open(t, d, rules)
		var who []customer.ID
		for i := range 5 {
			who = append(who, c.customer())
			c.sell(draft(who[i], 0, int64(i)*60_000_00+1_00)) // two are gold by it, and are so from the next purchase on
		}
		then := *rules
		then.Levels = []programme.Level{{Code: "base", Name: "B"}, {Code: "silver", Name: "S", Threshold: 50_000_00}, {Code: "gold", Name: "G", Threshold: 200_000_00}}
		ctx := t.Context()
		list, err := c.Programmes.List(ctx)
		must(t, err)
		moves, err := c.Receipts.Moves(ctx, list[0].ID, rules, &then, func(int) error { return nil })
		must(t, err)
		want := []receipt.Move{{From: "gold", To: "silver", Customers: 2}, {From: "base", To: "silver", Customers: 1}}
		if diff := cmp.Diff(want, moves); diff != "" {
			t.Errorf("the preview (-want +got):\n%s", diff)
		}
		if n := c.count(`SELECT COUNT(*) FROM events WHERE kind = 'tier.changed'`); n != 0 {
			t.Errorf("the preview changed %d levels", n)
		}
		c.publish(&then)
		holding, err := c.Programmes.Holding(ctx, c.Now())
		must(t, err)
		v := holding[list[0].ID]

		stop := errors.New("killed")
		err = c.Receipts.Recount(ctx, v, 0, func(context.Context, *db.Tx, customer.ID, int, int) error { return stop })
		if !errors.Is(err, stop) || c.count(`SELECT COUNT(*) FROM events WHERE kind = 'tier.changed'`) != 0 {
			t.Errorf("interrupted: %v", err)
		}
		for _, moving := range []int{3, 0} {
			var moved int
			must(t, c.Receipts.Recount(ctx, v, 0, func(_ context.Context, _ *db.Tx, _ customer.ID, _, n int) error {
				moved += n
				return nil
			}))
			if moved != moving {
				t.Errorf("%d moved, want %d", moved, moving)
			}
		}
		if n := c.count(`SELECT COUNT(*) FROM tiers WHERE level = 'silver'`); n != 3 {
			t.Errorf("%d are silver", n)
		}
		if rec := c.sell(draft(who[4], 0, 1_00)); rec.Level != "gold" {
			t.Errorf("who has spent 240 000 sells at level %s", rec.Level)
		}
	})
}

// stricter are rules by which the second level is out of reach.
func stricter(rules *programme.Rules) *programme.Rules {
	out := *rules
	out.Levels = slices.Clone(rules.Levels)
	out.Levels[1].Threshold = 1_000_000_00
	return &out
}

// A version that was put right before its levels were counted takes nothing.
func TestRecountEndsWithItsRules(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		rules := forfeiting()
		c := open(t, d, rules)
		anna := c.customer()
		c.sell(draft(anna, 0, 100_00))
		c.sell(draft(anna, 0, 1_00))
		before := c.account(anna).Active
		c.publish(stricter(rules))
		v2, err := c.Programmes.At(t.Context(), c.tills[0].Store.Code, c.Now())
		must(t, err)
		c.Clock.Advance(time.Hour)
		c.publish(rules)
		c.Clock.Advance(time.Hour)
		must(t, c.Receipts.Recount(t.Context(), v2, 0, func(context.Context, *db.Tx, customer.ID, int, int) error { return nil }))
		if a := c.account(anna); a.Active != before {
			t.Errorf("rules that were put right took %s of %s points", before-a.Active, before)
		}
		c.night()
	})
}

// Nor does one that stops its programme.
func TestStoppedProgrammesCountNothing(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		rules := forfeiting()
		c := open(t, d, rules)
		anna := c.customer()
		c.sell(draft(anna, 0, 100_00))
		c.stop(stricter(rules))
		v2, err := c.Programmes.At(t.Context(), c.tills[0].Store.Code, c.Now())
		must(t, err)
		must(t, c.Receipts.Recount(t.Context(), v2, 0, func(context.Context, *db.Tx, customer.ID, int, int) error { return nil }))
		tiers, err := c.Programmes.Tiers(t.Context(), anna)
		must(t, err)
		if tiers[0].Level != "gold" {
			t.Errorf("a programme that is stopped took the level: %+v, %s points", tiers, c.account(anna).Active)
		}
	})
}
