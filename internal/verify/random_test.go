package verify_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"regulars/internal/base/checksum"
	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/errs"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/merge"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
	"regulars/internal/loyalty/stock"
	"regulars/internal/verify"
)

// What the rules allow is never taken for a fault, however they change: guards,
// exclusions, windows, stops, tills that were offline, gift cards, returns; nor is what
// they do to stock.
func TestChangingRulesAreClean(t *testing.T) {
	t.Parallel()
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			dbtest.Run(t, func(t *testing.T, d *db.DB) {
				r := rand.New(rand.NewPCG(seed, 1))
				c := newChain(t, d, anyRules(r))
				c.live(r)
				expectClean(t, d)
			})
		})
	}
}

// anyRules are rules as they may be.
func anyRules(r *rand.Rand) *programme.Rules {
	windows := []programme.Window{programme.Lifetime, programme.Lifetime, programme.Rolling, programme.Rolling, programme.Year, programme.Quarter, programme.Month}
	window := windows[r.IntN(len(windows))]
	some := func(list ...money.Rate) money.Rate { return list[r.IntN(len(list))] }
	p := rules(window, []programme.Clawback{programme.ClawbackDebt, programme.ClawbackRefund, programme.ClawbackWriteOff}[r.IntN(3)], r.IntN(2)*5)
	if window == programme.Rolling {
		p.Spend.Days = 3 + r.IntN(20)
	}
	for i := range p.Levels {
		p.Levels[i].Cashback, p.Levels[i].Discount = some(0, 100, 1234), some(0, 300, 777)
		p.Levels[i].Threshold *= money.Amount(1 + r.IntN(3))
	}
	p.Stopped = r.IntN(6) == 0
	p.Combine = []programme.Combine{programme.CombineAdd, programme.CombineBetter, programme.CombineDiscount, programme.CombineCashback}[r.IntN(4)]
	p.PointValue = money.Price([]int64{10_000, 3_333, 25_000}[r.IntN(3)])
	modes := []money.Mode{money.Down, money.HalfUp}
	p.Discount.Rounding = programme.Rounding{Mode: modes[r.IntN(2)], Unit: []int64{1, 100, 100_000}[r.IntN(3)]}
	p.Earn.Rounding = programme.Rounding{Mode: modes[r.IntN(2)], Unit: []int64{1, 100, 1000}[r.IntN(3)]}
	p.Earn.Promo, p.Earn.PointsPart = r.IntN(2) == 0, r.IntN(2) == 0
	p.Earn.ExpiryDays = []int{0, 10, 30}[r.IntN(3)]
	p.Redeem.Cap, p.Welcome.Points, p.Welcome.ExpiryDays = some(0, 3000, 10_000), money.Points(r.IntN(3)*1_000_00), r.IntN(2)*20
	for _, g := range []*programme.Goods{&p.Earn.Exclude, &p.Redeem.Exclude, &p.Discount.Exclude} {
		if r.IntN(3) == 0 {
			g.Products = []string{"P1"}
		}
		if r.IntN(3) == 0 {
			g.Categories = []string{"food"}
		}
	}
	if r.IntN(2) == 0 {
		p.Guard = &programme.Guard{Margin: some(0, 500)}
	}
	anySettings(r, p, some)
	return p
}

// anySettings are those that fewer chains use.
func anySettings(r *rand.Rand, p *programme.Rules, some func(...money.Rate) money.Rate) {
	for i := range p.Levels {
		l := &p.Levels[i]
		if r.IntN(4) == 0 {
			l.Cashback, l.Per = 0, money.Amount(1+r.IntN(500))*100
		}
		if r.IntN(3) == 0 {
			l.Promo = &programme.PromoRates{Discount: some(0, 200, 2000)}
			if l.Per == 0 {
				l.Promo.Cashback = some(0, 50, 1500)
			}
		}
		if r.IntN(4) == 0 {
			own := some(0, 2000, 10_000)
			l.Cap = &own
		}
	}
	p.Downgrade = programme.Downgrade{Step: r.IntN(3) == 0, GraceDays: max(0, r.IntN(20)-10), Forfeit: r.IntN(3) == 0}
	switch r.IntN(5) {
	case 0:
		p.Downgrade.When = programme.DropNever
	case 1:
		p.Downgrade.When, p.Downgrade.Days = programme.DropEvery, 1+r.IntN(20)
	case 2:
		if p.Spend.Calendar() {
			p.Downgrade.When = programme.DropReset
		}
	}
	if r.IntN(2) == 0 {
		p.Welcome.On, p.Welcome.From = programme.OnPurchase, money.Amount(r.IntN(3)*50_000_00)
	}
	p.Earn.NotRedeeming, p.Earn.Daily = r.IntN(4) == 0, max(0, r.IntN(6)-3)
	if r.IntN(4) == 0 {
		p.Earn.Rounding.Mode = money.Up
	}
	if r.IntN(4) == 0 {
		p.Redeem.Max = money.Points(1 + r.IntN(1000_00))
	}
	if r.IntN(3) == 0 {
		p.Redeem.Caps = []programme.Cap{
			{Goods: programme.Goods{Products: []string{"P2"}}, Cap: some(0, 1000, 10_000)}, {Stores: []string{"S1"}, Cap: some(0, 4000)},
		}
	}
	if r.IntN(4) == 0 {
		p.Spend.Exclude = programme.Goods{Products: []string{"P4"}}
	}
	if r.IntN(3) == 0 {
		p.IdleDays = 1 + r.IntN(20)
	}
	if r.IntN(2) == 0 {
		p.Occasions = []programme.Occasion{
			{On: programme.Birthday, Before: 60, After: 60, Points: money.Points(r.IntN(100_00)), Cashback: some(0, 800), Discount: some(0, 500)},
			{On: programme.Anniversary, After: 10, Discount: some(0, 1100)},
		}
	}
}

// A level that spend may leave has a night at which it is looked at.
func TestLevelsThatNobodyLooksAtAreNamed(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite)
	c := newChain(t, d, rules(programme.Rolling, programme.ClawbackDebt, 0))
	c.sell(draft(c.customer("Анна"), 0, money.One, 110_000_00))
	expectClean(t, d)
	n, err := d.Exec(t.Context(), `UPDATE tiers SET review_at = NULL WHERE level <> 'base'`)
	must(t, err)
	report, err := verify.Run(t.Context(), d, verify.Options{TempDir: t.TempDir()})
	must(t, err)
	if n == 0 || report.Broken[verify.TierLevel] != int(n) {
		t.Errorf("%d levels are never looked at, named are %v", n, report.Broken)
	}
}

// live has customers buy and bring back while the rules change.
func (c *chain) live(r *rand.Rand) {
	ctx := c.t.Context()
	c.goods()
	c.write(func(ctx context.Context, tx *db.Tx) error {
		yes, card := true, catalog.KindGiftCard
		cost := money.Price(900_00_00)
		_, err := c.Catalog.SaveProductsTx(ctx, tx, []catalog.ProductInput{
			{SKU: "P2", ProductChange: catalog.ProductChange{Promo: &yes}},
			{SKU: "P3", ProductChange: catalog.ProductChange{Kind: &card}},
			{SKU: "P4", ProductChange: catalog.ProductChange{Cost: &cost}},
		})
		return err
	})
	var (
		people []customer.ID
		sold   []receipt.Receipt
		prog   programme.ID
	)
	must(c.t, c.db.QueryRow(ctx, `SELECT id FROM programmes`).Scan(&prog))
	for i := range 3 {
		people = append(people, c.customer("Анна", customer.Identifier{Kind: customer.Card, Value: fmt.Sprint(i)}, customer.Identifier{Kind: customer.Phone, Value: fmt.Sprintf("+9989355500%02d", i)}))
	}
	for i := range 140 {
		switch r.IntN(20) {
		case 17, 18, 19:
			c.anyStock(r)
		case 15, 16:
			c.anyMerge(r, people)
		case 14:
			c.anyLate(r, people)
		case 13:
			c.anyHold(r, people[r.IntN(len(people))])
		case 12:
			c.grant(r, prog, people[r.IntN(len(people))])
		case 0:
			c.pass(1 + r.IntN(8))
			c.night()
		case 1:
			c.pass(1)
			if i%3 == 0 {
				c.publish(prog, anyRules(r))
			}
		case 2, 3, 4:
			if len(sold) == 0 {
				continue
			}
			sale := sold[r.IntN(len(sold))]
			in := receipt.Return{Number: c.number(), Original: sale.ID}
			if r.IntN(2) == 0 {
				in.Lines = []receipt.ReturnLine{{Position: sale.Lines[0].Position, Quantity: money.Quantity(1 + r.IntN(700))}}
			}
			if _, _, err := c.Receipts.Return(ctx, c.till, in); err != nil && errs.KindOf(err) != errs.Conflict {
				c.t.Error(err)
			}
		default:
			if rec, ok := c.anySale(r, append(people, 0)[r.IntN(len(people)+1)]); ok {
				sold = append(sold, rec)
			}
		}
	}
	if len(sold) < 20 {
		c.t.Errorf("only %d sales", len(sold))
	}
	if _, err := c.Privacy.Erase(ctx, people[r.IntN(len(people))], staff.By{ID: staff.ID(c.till.Staff)}, "asked"); err != nil && !errors.Is(err, customer.ErrGone) && !errors.Is(err, ledger.ErrHeld) {
		c.t.Error(err)
	}
	c.imported()
	c.pass(40)
	c.night()
	c.follows(true)
	for _, sku := range []string{"P0", "P1"} {
		c.moves(sku, stock.Change{Set: new(money.Quantity), Cause: stock.Count})
	}
	c.pass(1)
	q := money.One
	for { // until there is one of goods that were counted
		if rec, ok := c.anySale(r, 0); ok && slices.ContainsFunc(rec.Lines, func(l receipt.Line) bool { return l.SKU == "P0" || l.SKU == "P1" }) {
			break
		}
	}
	c.moves("P0", stock.Change{Threshold: &q})
	c.follow()
	var moved int64
	must(c.t, c.db.QueryRow(ctx, `SELECT COUNT(*) FROM stock_moves WHERE cause = 'sale'`).Scan(&moved))
	if moved == 0 {
		c.t.Error("no sale has moved stock")
	}
}

// anyStock counts something, moves it, changes a threshold, has sales followed or not, or
// follows them.
func (c *chain) anyStock(r *rand.Rand) {
	sku := fmt.Sprintf("P%d", r.IntN(4))
	q, limit := money.Quantity(r.IntN(9000)), money.Quantity(r.IntN(6000))
	switch r.IntN(8) {
	case 0:
		c.follows(r.IntN(3) > 0)
	case 1, 2:
		_, err := c.Stock.Follow(c.t.Context())
		must(c.t, err)
	case 3:
		c.moves(sku, stock.Change{Set: &q, Cause: stock.Count, Threshold: &limit})
	case 4:
		c.moves(sku, stock.Change{Add: q - 4500, Cause: stock.Transfer}, stock.Change{Add: q, Cause: stock.Delivery})
	case 5:
		c.moves(sku, stock.Change{NoThreshold: true}, stock.Change{Set: &q, Cause: stock.Count})
	case 6:
		threshold := &limit
		if r.IntN(3) == 0 {
			threshold = nil
		}
		c.write(func(ctx context.Context, tx *db.Tx) error {
			found, err := c.Catalog.BySKUTx(ctx, tx, []string{sku})
			if p, ok := found[sku]; ok && err == nil {
				err = c.Stock.SetDefaultTx(ctx, tx, p.ID, threshold)
			}
			return err
		})
	default:
		must(c.t, c.Stock.Pace(c.t.Context(), []catalog.StoreID{c.till.Store.ID}))
	}
}

// follows has the settings say whether sales are followed, as their page does.
func (c *chain) follows(on bool) {
	to := c.settings.Get()
	to.StockBySales = on
	c.write(func(ctx context.Context, tx *db.Tx) error {
		said := staff.Entry{Action: "settings.changed", Subject: "settings", After: []byte(fmt.Sprintf(`{"stock_by_sales":"%d"}`, checksum.Bit(on)))}
		return errors.Join(c.Stock.SwitchTx(ctx, tx, on), c.settings.ChangeTx(ctx, tx, to), c.Staff.AuditTx(ctx, tx, said))
	})
	must(c.t, c.settings.Reload(c.t.Context()))
}

// follow follows to the end of the log, which transactions of other tests may hold up
// on PostgreSQL.
func (c *chain) follow() {
	for behind, late := true, time.Now().Add(time.Minute); behind; {
		_, err := c.Stock.Follow(c.t.Context())
		must(c.t, err)
		must(c.t, c.db.QueryRow(c.t.Context(), `SELECT cursor <> (SELECT id FROM events ORDER BY xid DESC, id DESC LIMIT 1) FROM stock_reader`).Scan(&behind))
		if time.Now().After(late) {
			c.t.Fatal("the log is not read to its end")
		}
	}
}

// moves changes what is in stock of a product, if there is one.
func (c *chain) moves(sku string, list ...stock.Change) {
	c.write(func(ctx context.Context, tx *db.Tx) error {
		found, err := c.Catalog.BySKUTx(ctx, tx, []string{sku})
		p, ok := found[sku]
		if err != nil || !ok {
			return err
		}
		for i := range list {
			list[i].Key = stock.Key{Store: c.till.Store.ID, Product: p.ID}
		}
		_, err = c.Stock.ApplyTx(ctx, tx, list)
		return err
	})
}

// anySale sells a basket, if the rules and the balance allow it.
func (c *chain) anySale(r *rand.Rand, who customer.ID) (rec receipt.Receipt, ok bool) {
	ctx := c.t.Context()
	d := receipt.Draft{Customer: who}
	for range 1 + r.IntN(4) {
		l := receipt.DraftLine{SKU: fmt.Sprintf("P%d", r.IntN(6)), Quantity: money.Quantity(1 + r.IntN(3000)), Price: money.Price(r.Int64N(60_000_00_00)), Void: r.IntN(10) == 0, NoLoyalty: r.IntN(8) == 0}
		if gross, err := uzs.LineTotal(l.Price, l.Quantity); err == nil && r.IntN(4) == 0 {
			l.Discount = money.Amount(r.Int64N(int64(gross) + 1))
		}
		d.Lines = append(d.Lines, l)
	}
	if r.IntN(8) == 0 {
		d.NoDiscount, d.NoPoints, d.Reason = r.IntN(2) == 0, r.IntN(2) == 0, "a day of sales"
	}
	q, err := c.Receipts.Quote(ctx, c.till, d)
	if err == nil && q.MaxRedeem > 0 && r.IntN(2) == 0 {
		d.Redeem = money.Points(1 + r.Int64N(int64(q.MaxRedeem)))
		q, err = c.Receipts.Quote(ctx, c.till, d)
	}
	sale := receipt.Sale{Number: c.number(), Draft: d, Quote: q.ID}
	if err == nil && d.Redeem == 0 && r.IntN(5) == 0 {
		// The line to the till was down: it comes by its total, late.
		sale.Quote, sale.SoldAt = "", c.clock.now().Add(-time.Duration(r.IntN(300))*time.Hour)
		total := q.Total
		sale.Total = &total
	}
	if err == nil {
		rec, _, err = c.Receipts.Commit(ctx, c.till, sale)
	}
	if err != nil && !errors.Is(err, receipt.ErrEmpty) && errs.KindOf(err) != errs.Conflict && errs.KindOf(err) != errs.Invalid {
		c.t.Error(err)
	}
	return rec, err == nil
}

// anyLate sends what was sold without the line, charged as the rules say or not.
func (c *chain) anyLate(r *rand.Rand, people []customer.ID) {
	var list []receipt.LateCall
	for range 1 + r.IntN(4) {
		total := money.Amount(r.Int64N(40_000_00))
		d := draft(append(people, 0)[r.IntN(len(people)+1)], 0, money.One, 20_000_00, 20_000_00)
		if r.IntN(2) == 0 { // line by line
			d.Lines[0].Charged, d.Lines[1].Charged = new(money.Amount), new(money.Amount)
			*d.Lines[0].Charged, *d.Lines[1].Charged = min(total, 20_000_00), max(0, total-20_000_00)
		}
		at := c.clock.now().Add(-time.Duration(r.IntN(14*24*60)) * time.Minute)
		list = append(list, receipt.LateCall{By: c.till, Late: receipt.Late{Sale: &receipt.Sale{Number: c.number(), SoldAt: at, Draft: d, Total: &total}}})
		if r.IntN(3) == 0 {
			list = append(list, receipt.LateCall{By: c.till, Late: receipt.Late{Return: &receipt.Return{Number: c.number(), SoldAt: at.Add(time.Second)}, OriginalNumber: list[len(list)-1].Sale.Number}})
		}
	}
	results, err := c.Receipts.RecordLate(c.t.Context(), time.Time{}, list)
	must(c.t, err)
	for _, res := range results {
		must(c.t, res.Err)
	}
}

// anyHold holds some points, over midnight at times, and redeems or releases them.
func (c *chain) anyHold(r *rand.Rand, who customer.ID) {
	ctx := c.t.Context()
	h, _, err := c.Receipts.Hold(ctx, c.till, receipt.Hold{Number: c.number(), Customer: who, Points: money.Points(1 + r.IntN(5000_00)), For: time.Hour})
	if errors.Is(err, ledger.ErrTooFew) {
		return
	}
	must(c.t, err)
	switch r.IntN(4) {
	case 0:
		_, err = c.Receipts.Release(ctx, c.till, h.ID)
		must(c.t, err)
	case 1, 2:
		d := draft(who, 0, money.One, 20_000_00)
		d.Hold = h.ID
		q, err := c.Receipts.Quote(ctx, c.till, d)
		must(c.t, err)
		if d.Redeem = min(q.MaxRedeem, h.Points); d.Redeem > 0 {
			if q, err = c.Receipts.Quote(ctx, c.till, d); err != nil { // a step, or the least
				return
			}
		}
		_, _, err = c.Receipts.Commit(ctx, c.till, receipt.Sale{Number: c.number(), Draft: d, Quote: q.ID})
		must(c.t, err)
	}
}

// grant gives somebody a level by hand, or takes it back.
func (c *chain) grant(r *rand.Rand, of programme.ID, who customer.ID) {
	holding, err := c.Programmes.Holding(c.t.Context(), c.clock.now())
	must(c.t, err)
	g := receipt.Grant{Customer: who}
	if levels := holding[of].Rules.Levels; r.IntN(3) > 0 {
		g.Level = levels[r.IntN(len(levels))].Code
		if r.IntN(2) == 0 {
			g.Until = programme.Midnight(c.clock.now(), 1+r.IntN(20), c.till.Store.Zone)
		}
	}
	c.write(func(ctx context.Context, tx *db.Tx) error {
		_, _, err := c.Receipts.GrantTierTx(ctx, tx, holding[of], g)
		if errors.Is(err, customer.ErrGone) {
			return nil
		}
		return err
	})
}

// anyMerge merges two customers, or takes them apart again, where that can be.
func (c *chain) anyMerge(r *rand.Rand, people []customer.ID) {
	ctx := c.t.Context()
	who := people[r.IntN(len(people))]
	list, err := c.Merges.Of(ctx, who)
	must(c.t, err)
	holds := slices.DeleteFunc(list, func(m merge.Merge) bool { return !m.UndoneAt.IsZero() })
	if len(holds) > 0 && r.IntN(2) == 0 {
		err = c.Merges.Undo(ctx, holds[r.IntN(len(holds))].ID, staff.ID(c.till.Staff), nil)
	} else {
		_, err = c.Merges.Merge(ctx, who, people[r.IntN(len(people))], staff.ID(c.till.Staff), nil)
	}
	for _, expected := range []error{customer.ErrSame, customer.ErrGone, customer.ErrNotMerged, ledger.ErrHeld} {
		if errors.Is(err, expected) {
			return
		}
	}
	must(c.t, err)
}

func (c *chain) publish(of programme.ID, r *programme.Rules) {
	c.write(func(ctx context.Context, tx *db.Tx) error {
		v, err := c.Programmes.SaveDraftTx(ctx, tx, of, r, c.till.Staff)
		if err == nil {
			_, err = c.Programmes.PublishTx(ctx, tx, v, time.Time{})
		}
		return err
	})
	must(c.t, c.Programmes.Refresh(c.t.Context()))
}
