package programme_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/programme"
)

func TestTiersAreKept(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s, _ := service(t, d, 1)
		p, q := create(t, d, s, "x"), create(t, d, s, "y")
		for who := range 3 {
			if _, err := d.Exec(t.Context(), `INSERT INTO customers (id, registered_at, checksum) VALUES ($1, 0, 0)`, who+1); err != nil {
				t.Fatal(err)
			}
		}
		set := func(who customer.ID, tiers ...programme.Tier) {
			t.Helper()
			err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				var b db.Batch
				for _, tier := range tiers {
					programme.SetTier(&b, who, tier)
				}
				return tx.Run(ctx, &b)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		silver := programme.Tier{Programme: p, Level: "silver", Since: start}
		gold := programme.Tier{Programme: q, Level: "gold", Since: start, ReviewAt: start.Add(time.Hour), Floor: "silver", FloorUntil: start.Add(2 * time.Hour)}
		set(1, silver, gold)
		set(2, programme.Tier{Programme: p, Level: "gold", Since: start, ReviewAt: start.Add(-time.Hour)})
		set(2, programme.Tier{Programme: p, Level: "", Since: start.Add(1), ReviewAt: start.Add(30 * time.Minute), Floor: "gold"})

		got := map[customer.ID][]programme.Tier{}
		var b db.Batch
		s.QueueTiers(&b, []customer.ID{1, 2, 3}, got)
		if err := d.Run(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		second := programme.Tier{Programme: p, Since: start, ReviewAt: start.Add(30 * time.Minute), Floor: "gold"} // nanoseconds are not kept
		want := map[customer.ID][]programme.Tier{1: {silver, gold}, 2: {second}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}

		reviews := func(now time.Time, limit int) (due []programme.Due) {
			t.Helper()
			err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
				due, err = s.ReviewsTx(ctx, tx, now, limit)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return due
		}
		if diff := cmp.Diff([]programme.Due{{Customer: 2, Tier: second}, {Customer: 1, Tier: gold}}, reviews(start.Add(time.Hour), 9)); diff != "" {
			t.Errorf("due within an hour:\n%s", diff)
		}
		if due := reviews(start.Add(time.Hour), 1); len(due) != 1 || due[0].Customer != 2 {
			t.Errorf("the first of them: %+v", due)
		}
		if due := reviews(start, 9); len(due) != 0 {
			t.Errorf("due already: %+v", due)
		}
	})
}
