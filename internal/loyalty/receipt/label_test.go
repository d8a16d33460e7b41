package receipt_test

import (
	"context"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
)

func (c *chain) label(who customer.ID, labels ...string) {
	c.t.Helper()
	must(c.t, c.DB.Write(c.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, _, err := c.Customers.UpdateTx(ctx, tx, who, customer.Change{Labels: &labels})
		return err
	}))
}

// A programme for a label holds for its customers and nobody else, before that of the
// store and the general one; a quote keeps it when the label goes meanwhile.
func TestProgrammeOfALabel(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, simple())
		install := func(name string, cashback money.Rate, stores, labels []string) {
			r := simple()
			r.Stores, r.Labels = stores, labels
			r.Levels[0].Cashback = cashback
			_, err := c.Programmes.Install(t.Context(), name, r, c.Now().Add(-time.Minute), 0)
			must(t, err)
			must(t, c.Programmes.Refresh(t.Context()))
		}
		store := []string{c.tills[0].Store.Code}
		install("Staff", 2000, nil, []string{"staff"})
		install("Store", 700, store, nil)
		install("Guests", 3000, []string{"elsewhere"}, []string{"guest"})
		anna, boris, vera := c.customer(), c.customer(), c.customer()
		c.label(anna, "VIP", "staff", "vip")
		c.label(vera, "guest")

		earned := func(who customer.ID) (money.Points, string) {
			q, err := c.Receipts.Quote(t.Context(), c.tills[0], draft(who, 0, 100_00))
			must(t, err)
			return q.Earned, q.Label
		}
		for who, want := range map[customer.ID]struct {
			earned money.Points
			label  string
		}{anna: {20_00, "staff"}, boris: {7_00, ""}, vera: {7_00, ""}} {
			if got, label := earned(who); got != want.earned || label != want.label {
				t.Errorf("customer %s earns %s for %q, want %s for %q", who, got, label, want.earned, want.label)
			}
		}
		if got, _ := earned(0); got != 0 {
			t.Errorf("nobody earns %s", got)
		}

		sale := c.quoted(draft(anna, 0, 100_00))
		c.label(anna)
		rec, _, err := c.Receipts.Commit(t.Context(), c.tills[0], sale)
		must(t, err)
		if rec.Earned != 20_00 {
			t.Errorf("what was quoted earned %s", rec.Earned)
		}
		if got, _ := earned(anna); got != 7_00 {
			t.Errorf("without the label she earns %s", got)
		}

		// What comes late is priced by the labels that the customer has when it comes;
		// the till that has no line is not told of those who have one.
		if _, list, err := c.Receipts.Regulars(t.Context(), c.tills[0].Store, c.Now().AddDate(0, 0, -1), 10); err != nil || len(list) != 3 {
			t.Fatalf("regulars without labels: %d, %v", len(list), err)
		}
		at := c.Now()
		c.Clock.Advance(time.Hour)
		c.label(boris, "staff")
		_, list, err := c.Receipts.Regulars(t.Context(), c.tills[0].Store, c.Now().AddDate(0, 0, -1), 10)
		must(t, err)
		if len(list) != 2 {
			t.Errorf("%d regulars, want the two that the store's programme is for", len(list))
		}
		res := c.late(0, time.Time{}, lateSale("l1", boris, at, 100_00, 100_00))
		if res[0].Err != nil || res[0].Receipt.Earned != 20_00 {
			t.Errorf("late: %+v", res[0])
		}
	})
}

// A past receipt is compared with the occasions that it was sold on, and with rules
// for a label only where they are for its customer.
func TestCompareCountsOccasionsAndLabels(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		now := simple()
		c := open(t, d, now)
		anna, boris := c.customer(), c.customer()
		c.born(anna, "1990-"+c.Now().In(c.tills[0].Store.Zone).Format("01-02"))
		c.label(boris, "staff")
		c.sell(draft(anna, 0, 100_00))
		c.sell(draft(boris, 0, 100_00))

		ask := func(then *programme.Rules) money.Points {
			a, err := c.Receipts.Compare(t.Context(), receipt.Question{
				Now: now, Then: then, From: c.Now().Add(-time.Hour), To: c.Now().Add(time.Hour), Most: 10,
			}, func(int, int) error { return nil })
			must(t, err)
			return a.Then.Earned - a.Now.Earned
		}
		birthday := simple()
		birthday.Occasions = []programme.Occasion{{On: programme.Birthday, Cashback: 5000}}
		if more := ask(birthday); more != 50_00-cashback(now) {
			t.Errorf("a birthday earns %s more", more)
		}
		staff := simple()
		staff.Labels = []string{"staff"}
		if more := ask(staff); more != -cashback(now) {
			t.Errorf("rules for staff earn %s more", more)
		}
	})
}

// cashback is what the first level earns on a hundred.
func cashback(r *programme.Rules) money.Points { return money.Points(r.Levels[0].Cashback) }
