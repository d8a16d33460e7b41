package receipt_test

import (
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/receipt"
)

// A line that the till takes out is recorded as such, and what was quoted with it is
// not what is sold without.
func TestLinesThatTakeNoPart(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		rules := simple()
		c := open(t, d, rules)
		anna := c.customer()
		out := draft(anna, 0, 100_00, 50_00)
		out.Lines[1].NoLoyalty = true
		rec := c.sell(out)
		if rec.Earned != 10_00 || rec.Lines[1].Earned != 0 || rec.TierSpend != 100_00 || rec.Details.NoLoyalty != "2" {
			t.Errorf("earned %s, spend %d, details %+v", rec.Earned, rec.TierSpend, rec.Details)
		}
		sale := c.quoted(out)
		sale.Draft = draft(anna, 0, 100_00, 50_00)
		if _, _, err := c.Receipts.Commit(t.Context(), c.tills[0], sale); err == nil {
			t.Error("a quote was committed with a line that it was not for")
		}
		a, err := c.Receipts.Compare(t.Context(), receipt.Question{
			Now: rules, Then: nil, From: c.Now().Add(-time.Hour), To: c.Now().Add(time.Hour), Most: 10,
		}, func(int, int) error { return nil })
		must(t, err)
		if a.Now.Earned != 10_00 {
			t.Errorf("looked at again it earns %s", a.Now.Earned)
		}
		if back := c.giveBack(rec.ID); back.Earned != 10_00 || back.Total != 150_00 {
			t.Errorf("the return takes %s and gives %d", back.Earned, back.Total)
		}
	})
}
