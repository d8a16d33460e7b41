package receipt_test

import (
	"context"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/receipt"
)

// Points that one legal entity issued and another took are told apart, period by
// period, and come to what customers have.
func TestPointsAreSettledByLegalEntities(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		rules := simple()
		rules.Redeem.Cap = money.Whole
		c := open(t, d, rules)
		var south catalog.Entity
		must(t, d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
			south, err = c.Catalog.CreateEntityTx(ctx, tx, catalog.Entity{Name: "Janub"})
			return err
		}))
		store, tills := c.OpenStore(t, catalog.NewStore{Code: "S2", Name: "Janub", Zone: "Asia/Tashkent", Entity: south.ID}, "1")
		there := receipt.Caller{Till: tills[0], Store: store}
		anna, start := c.customer(), c.Now()
		sold := c.sell(draft(anna, 0, 1000_00)) // 100 points here
		c.Clock.Advance(time.Hour)
		middle := c.Now()
		sale := c.quoted(draft(anna, 40_00, 100_00))
		q, err := c.Receipts.Quote(t.Context(), there, sale.Draft)
		must(t, err)
		sale.Quote = q.ID
		_, _, err = c.Receipts.Commit(t.Context(), there, sale)
		must(t, err)
		c.Clock.Advance(time.Hour)
		end := c.Now()

		here, other := int64(catalog.DefaultEntity), int64(south.ID)
		earned := q.Earned
		for name, tt := range map[string]struct {
			from, to time.Time
			want     []ledger.Flow
		}{
			"before": {start, middle, []ledger.Flow{{Owner: here, Place: here, Issued: sold.Earned}}},
			"after":  {middle, end, []ledger.Flow{{Owner: here, Place: other, Redeemed: 40_00}, {Owner: other, Place: other, Issued: earned}}},
			"none":   {end, end.Add(time.Hour), nil},
		} {
			got, err := c.Ledger.Flows(t.Context(), tt.from, tt.to)
			must(t, err)
			if diff := gocmp.Diff(tt.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
		var whole money.Points
		all, err := c.Ledger.Flows(t.Context(), start, end)
		must(t, err)
		for _, f := range all {
			whole += f.Issued + f.Other - f.Redeemed - f.Expired
		}
		if has := c.account(anna).Balance(); whole != has {
			t.Errorf("the flows come to %s, the customer has %s", whole, has)
		}
	})
}
