package receipt_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
)

// lateSale is a sale of one piece of one product, charged at so much.
func lateSale(number string, who customer.ID, at time.Time, price, charged int64) receipt.Late {
	total := money.Amount(charged)
	return receipt.Late{Sale: &receipt.Sale{Number: number, SoldAt: at, Draft: draft(who, 0, price), Total: &total}}
}

func (c *chain) late(till int, sent time.Time, list ...receipt.Late) []receipt.LateResult {
	c.t.Helper()
	var calls []receipt.LateCall
	for _, l := range list {
		calls = append(calls, receipt.LateCall{By: c.tills[till], Late: l})
	}
	results, err := c.Receipts.RecordLate(c.t.Context(), sent, calls)
	must(c.t, err)
	return results
}

// A week without the line: everything comes once and in order, is recorded as it
// was charged, and earns by the rules of its time, dated from then.
func TestWeekOffline(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		rules := simple()
		rules.Earn.ExpiryDays = 5
		c := open(t, d, rules)
		anna, boris := c.customer(), c.customer()
		start := c.Now()
		richer := simple()
		richer.Levels[0].Cashback = 2000
		c.Clock.Advance(48 * time.Hour)
		c.publish(richer)
		c.Clock.Advance(5 * 24 * time.Hour)

		back := money.Amount(40_000_00)
		list := []receipt.Late{
			lateSale("1", anna, start.Add(time.Hour), 100_000_00, 100_000_00),   // by the old rules, and expired since
			lateSale("2", boris, start.Add(72*time.Hour), 50_000_00, 50_000_00), // by the new ones
			{Return: &receipt.Return{Number: "3", SoldAt: start.Add(80 * time.Hour)}, OriginalNumber: "2", Refund: &back},
			lateSale("4", 0, start.Add(81*time.Hour), 10_000_00, 9_000_00),
			{Sale: lateSale("5", 0, start.Add(82*time.Hour), 10_000_00, 10_000_00).Sale, Shown: []customer.Identifier{{Kind: customer.Phone, Value: "+998901000001"}}},
			{Sale: lateSale("6", 0, start.Add(83*time.Hour), 10_000_00, 10_000_00).Sale, Shown: []customer.Identifier{{Kind: customer.Phone, Value: "+998909999999"}}},
		}
		results := c.late(0, time.Time{}, list...)
		for i, want := range []struct {
			earned money.Points
			total  money.Amount
			who    customer.ID
			diffs  []receipt.Difference
		}{
			{10_000_00, 100_000_00, anna, nil},
			{10_000_00, 50_000_00, boris, nil},
			{10_000_00, 50_000_00, boris, []receipt.Difference{receipt.DiffRefund}},
			{0, 9_000_00, 0, []receipt.Difference{receipt.DiffPrice}},
			{2_000_00, 10_000_00, anna, nil},
			{0, 10_000_00, 0, []receipt.Difference{receipt.DiffUnknown}},
		} {
			got := results[i]
			if got.Err != nil || got.Replayed || got.Receipt.Earned != want.earned || got.Receipt.Total != want.total || got.Receipt.Customer != want.who || !slices.Equal(got.Differences, want.diffs) {
				t.Errorf("%d: earned %s, total %d, customer %s, differences %v, replayed %v: %v", i+1, got.Receipt.Earned, got.Receipt.Total, got.Receipt.Customer, got.Differences, got.Replayed, got.Err)
			}
		}
		if a := c.account(anna); a.Balance() != 2_000_00 {
			t.Errorf("anna has %s: what she earned a week ago has expired", a.Balance())
		}
		again := c.late(0, time.Time{}, list...)
		for i := range again {
			if again[i].Err != nil || !again[i].Replayed || again[i].Receipt.ID != results[i].Receipt.ID {
				t.Errorf("%d sent again: %+v", i+1, again[i])
			}
		}
		if n := c.count(`SELECT COUNT(*) FROM receipts`); n != len(list) {
			t.Errorf("%d receipts of %d", n, len(list))
		}
	})
}

// The same batch from a second till of the store, to which the queue was copied, is
// recorded once.
func TestSameBatchFromTwoTills(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, simple())
		anna := c.customer()
		c.Clock.Advance(9 * time.Hour)
		var list []receipt.Late
		for i := range 300 {
			list = append(list, lateSale(fmt.Sprint("A-", i), anna, c.Now().Add(-time.Duration(i)*time.Minute), 10_000_00, 10_000_00))
		}
		first := c.late(0, time.Time{}, list...)
		second := c.late(1, time.Time{}, list...)
		for i := range second {
			if first[i].Err != nil || second[i].Err != nil || second[i].Receipt.ID != first[i].Receipt.ID || !slices.Equal(second[i].Differences, []receipt.Difference{receipt.DiffRecorded}) {
				t.Fatalf("%d: %+v, then %+v", i, first[i], second[i])
			}
		}
		if a := c.account(anna); a.Balance() != 300*1_000_00 {
			t.Errorf("anna has %s of 300 receipts", a.Balance())
		}
		// The same number at another till is another receipt where anything of it is.
		other := c.late(1, time.Time{}, lateSale("A-0", anna, c.Now().Add(-time.Second), 10_000_00, 10_000_00))
		if other[0].Err != nil || other[0].Replayed {
			t.Errorf("another receipt of the number: %+v", other[0])
		}
	})
}

// What is kept of a sale tells nobody the phone that was shown: of two that are the same
// but for it thousands are kept the same. Who comes with another one is told all the same.
func TestFingerprintsTellNoPhones(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite)
	c := open(t, d, simple())
	c.Clock.Advance(time.Hour)
	kept := func(phone string) string {
		l := lateSale("A-1", 0, c.Now().Add(-time.Minute), 10_000_00, 10_000_00)
		l.Shown = []customer.Identifier{{Kind: customer.Phone, Value: phone}}
		return receipt.FingerprintOf(&l)
	}
	seen := map[string]int{}
	for i := range 20_000 {
		seen[kept(fmt.Sprintf("+99890%07d", i))]++
	}
	if n := len(seen); n < 3_000 || n > 4_096 {
		t.Errorf("20,000 phones have %d fingerprints: want each to be shared by some", n)
	}
	if kept("+998901234567") == kept("+998901234568") {
		t.Error("another phone is not told")
	}
}

// A receipt that comes to nothing makes nobody a buyer of the store.
func TestNothingSoldMakesNoBuyer(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, simple())
		anna := c.customer()
		c.Clock.Advance(time.Hour)
		for i, price := range []int64{0, 10_000_00} {
			if res := c.late(0, time.Time{}, lateSale(fmt.Sprint("N-", i), anna, c.Now().Add(-time.Minute), price, price)); res[0].Err != nil {
				t.Fatal(res[0].Err)
			}
			bought, err := c.Receipts.BoughtIn(t.Context(), []catalog.StoreID{c.tills[0].Store.ID}, []customer.ID{anna})
			must(t, err)
			if bought[anna] != (price > 0) {
				t.Errorf("at a price of %d she bought: %t", price, bought[anna])
			}
		}
	})
}

// Two tills that send one queue at once are told apart by the database.
func TestSameBatchFromTwoTillsAtOnce(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, simple())
		other := c.process()
		for round := range 5 {
			var list []receipt.Late
			for i := range 20 {
				list = append(list, lateSale(fmt.Sprint(round, "-", i), 0, c.Now().Add(-time.Duration(i)*time.Minute), 10_000_00, 10_000_00))
			}
			var wg sync.WaitGroup
			for i, p := range []*chain{c, other} {
				wg.Go(func() { p.late(i, time.Time{}, list...) })
			}
			wg.Wait()
		}
		if n := c.count(`SELECT COUNT(*) FROM receipts`); n != 100 {
			t.Errorf("%d receipts of 100", n)
		}
	})
}

// A clock that is a day wrong is corrected by what it shows when it sends, and a
// receipt says so; what is too old is left for a person.
func TestClockADayWrong(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, simple())
		anna := c.customer()
		now := c.Now()
		wrong := now.Add(24 * time.Hour)
		got := c.late(0, wrong, lateSale("1", anna, wrong.Add(-time.Hour), 10_000_00, 10_000_00))[0]
		if got.Err != nil || !got.Receipt.SoldAt.Equal(now.Add(-time.Hour)) || !slices.Equal(got.Differences, []receipt.Difference{receipt.DiffClock}) || got.Receipt.Details.Clock != 86_400 {
			t.Errorf("%+v", got)
		}
		if again := c.late(0, wrong.Add(time.Minute), lateSale("1", anna, wrong.Add(-time.Hour), 10_000_00, 10_000_00))[0]; again.Err != nil || !again.Replayed {
			t.Errorf("sent again: %+v", again)
		}
		for name, tt := range map[string]struct {
			in   receipt.Late
			want error
		}{
			"too old":      {lateSale("2", anna, now.Add(-15*24*time.Hour), 1_00, 1_00), receipt.ErrLateTooOld},
			"not yet":      {lateSale("3", anna, now.Add(time.Hour), 1_00, 1_00), receipt.ErrInTheFuture},
			"no time":      {lateSale("4", anna, time.Time{}, 1_00, 1_00), receipt.ErrLateNoTime},
			"points":       {receipt.Late{Sale: &receipt.Sale{Number: "5", SoldAt: now, Draft: draft(anna, 100, 1_00), Total: ptr[money.Amount](1)}}, receipt.ErrLateRedeem},
			"unknown sale": {receipt.Late{Return: &receipt.Return{Number: "6", SoldAt: now}, OriginalNumber: "nothing"}, receipt.ErrNotFound},
		} {
			if got := c.late(0, time.Time{}, tt.in)[0]; !errors.Is(got.Err, tt.want) {
				t.Errorf("%s: %v", name, got.Err)
			}
		}
	})
}

// What was reached since is not taken by a receipt that comes late, nor is its
// level used for one that was sold before.
func TestLateReceiptsHaveTheLevelOfTheirTime(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		rules := simple()
		rules.Levels = []programme.Level{{Code: "base", Name: "Base", Cashback: 1000}, {Code: "gold", Name: "Gold", Threshold: 100_000_00, Cashback: 2000}, {Code: "top", Name: "Top", Threshold: 300_000_00, Cashback: 3000}}
		c := open(t, d, rules)
		anna := c.customer()
		start := c.Now()
		c.Clock.Advance(24 * time.Hour)
		if rec := c.sell(draft(anna, 0, 200_000_00)); rec.Details.Reached != "gold" {
			t.Fatalf("%+v", rec.Details)
		}
		got := c.late(0, time.Time{}, lateSale("L1", anna, start.Add(time.Hour), 120_000_00, 120_000_00))[0]
		if got.Err != nil || got.Receipt.Level != "base" || got.Receipt.Earned != 12_000_00 || got.Receipt.Details.Reached != "" {
			t.Errorf("the late sale: level %s, earned %s, reached %q: %v", got.Receipt.Level, got.Receipt.Earned, got.Receipt.Details.Reached, got.Err)
		}
		if rec := c.sell(draft(anna, 0, 1_000_00)); rec.Level != "top" {
			t.Errorf("with both the level is %s", rec.Level)
		}
	})
}

// What a till charged stands, line by line, and earns on that.
func TestChargedIsTheFact(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		rules := simple()
		rules.Levels[0].Discount = 1000
		c := open(t, d, rules)
		anna := c.customer()
		by := draft(anna, 0, 10_000_00, 20_000_00)
		by.Lines[0].Charged, by.Lines[1].Charged = ptr[money.Amount](9_000_00), ptr[money.Amount](18_000_00)
		as := c.late(0, time.Time{}, receipt.Late{Sale: &receipt.Sale{Number: "1", SoldAt: c.Now(), Draft: by, Total: ptr[money.Amount](27_000_00)}})[0]
		if as.Err != nil || len(as.Differences) != 0 || as.Receipt.Lines[0].Discounts[0].Cause != "tier" {
			t.Errorf("as by the rules: %+v", as)
		}
		other := draft(anna, 0, 10_000_00, 20_000_00)
		other.Lines[0].Charged, other.Lines[1].Charged = ptr[money.Amount](10_000_00), ptr[money.Amount](0)
		got := c.late(0, time.Time{}, receipt.Late{Sale: &receipt.Sale{Number: "2", SoldAt: c.Now(), Draft: other, Total: ptr[money.Amount](10_000_00)}})[0]
		if got.Err != nil || got.Receipt.Total != 10_000_00 || got.Receipt.Earned != 1_000_00 || got.Receipt.Lines[1].Discount != 20_000_00 || *got.Receipt.Details.ByRules != 27_000_00 {
			t.Errorf("otherwise: %+v, %v", got.Receipt, got.Err)
		}
		back := c.giveBack(got.Receipt.ID)
		if back.Total != 10_000_00 {
			t.Errorf("gives back %d", back.Total)
		}
		if c.count(`SELECT COUNT(*) FROM events WHERE kind = 'receipt.recorded'`) != 3 {
			t.Error("not every receipt is told")
		}
	})
}
