package verify_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"regulars/internal/base/checksum"
	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/errs"
	"regulars/internal/base/money"
	"regulars/internal/importer"
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

// life is what happens in a chain, in one process or in several.
type life struct {
	mu     sync.Mutex
	people []customer.ID
	sold   []receipt.Receipt
	holds  []ledger.Hold
	done   map[string]int // how often what was done
}

// pick is one of a list, if there are any; the last ones most of the time.
func pick[T any](l *life, r *rand.Rand, list *[]T) (one T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := len(*list); n > 0 {
		one = (*list)[max(r.IntN(n), r.IntN(n))]
	}
	return one
}

func add[T any](l *life, list *[]T, more ...T) {
	l.mu.Lock()
	defer l.mu.Unlock()
	*list = append(*list, more...)
}

// tried counts what could be done. What could not fails the test, unless something
// else has come before it, as is expected.
func (c *chain) tried(what string, err error, expected ...error) bool {
	c.t.Helper()
	l := c.life
	if err == nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.done == nil {
			l.done = map[string]int{}
		}
		l.done[what]++
		return true
	}
	is := errs.Of(err)
	if is.Kind != errs.Conflict && is.Code != "customer_merging" && !slices.ContainsFunc(expected, func(e error) bool { return errors.Is(err, e) }) {
		c.t.Errorf("%s: %v", what, err)
	}
	return false
}

// anything is what may happen on any day.
func (c *chain) anything(r *rand.Rand) {
	l := c.life
	who := pick(l, r, &l.people)
	switch n := r.IntN(100); {
	case n < 5:
		c.anySale(r, 0)
	case n < 40:
		c.anySale(r, who)
	case n < 54:
		c.anyReturn(r, pick(l, r, &l.sold))
	case n < 64:
		c.anyHold(r, who)
	case n < 76:
		c.anyMerge(r, who, pick(l, r, &l.people))
	case n < 82:
		c.anyLate(r)
	case n < 86:
		c.anyHistory(r, who)
	case n < 90:
		c.clock.advance(time.Microsecond) // nobody types twice at once
		c.anyPoints(r, who)
	case n < 95:
		c.anyGrant(r, who)
	case n < 97:
		phone := customer.Identifier{Kind: customer.Phone, Value: fmt.Sprintf("+99890%07d", 2_000_000+r.IntN(1_000_000))}
		if who, err := c.register("Лола", phone); c.tried("registration", err) {
			add(l, &l.people, who)
		}
	case n < 98:
		c.clock.advance(time.Microsecond)
		_, err := c.Privacy.Erase(c.t.Context(), who, staff.By{ID: staff.ID(c.till.Staff)}, "asked")
		c.tried("erasure", err)
	default:
		c.tried("night", c.Receipts.Night(c.t.Context(), func(int) {}))
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
	c.assortment()
	for i := range 3 {
		c.life.people = append(c.life.people, c.customer("Анна", customer.Identifier{Kind: customer.Card, Value: fmt.Sprint(i)}, customer.Identifier{Kind: customer.Phone, Value: fmt.Sprintf("+9989355500%02d", i)}))
	}
	for i := range 140 {
		switch r.IntN(20) {
		case 17, 18, 19:
			c.anyStock(r)
		case 0:
			c.pass(1 + r.IntN(8))
			c.night()
		case 1:
			c.pass(1)
			if i%3 == 0 {
				c.publish(anyRules(r))
			}
		default:
			c.anything(r)
		}
	}
	if n := len(c.life.sold); n < 20 {
		c.t.Errorf("only %d sales", n)
	}
	_, err := c.Privacy.Erase(ctx, pick(c.life, r, &c.life.people), staff.By{ID: staff.ID(c.till.Staff)}, "asked")
	c.tried("erasure", err)
	c.imported()
	c.pass(40)
	c.night()
	c.follows(true)
	for _, sku := range []string{"P0", "P1"} {
		c.moves(sku, stock.Change{Set: new(money.Quantity), Cause: stock.Count})
	}
	c.pass(1)
	q, counted := money.One, c.clock.now().Add(-12*time.Hour)
	for { // until there is one of goods that were counted before
		rec, ok := c.anySale(r, 0)
		if ok && rec.SoldAt.After(counted) && slices.ContainsFunc(rec.Lines, func(l receipt.Line) bool { return l.SKU == "P0" || l.SKU == "P1" }) {
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
	if errs.KindOf(err) == errs.Invalid { // nothing but void lines, say
		return rec, false
	}
	if ok = c.tried("sale", err); ok {
		add(c.life, &c.life.sold, rec)
	}
	if rec.Redeemed > 0 {
		c.tried("redemption", nil)
	}
	return rec, ok
}

// anyReturn takes a sale back, or some of it.
func (c *chain) anyReturn(r *rand.Rand, sale receipt.Receipt) {
	if sale.ID == 0 {
		return
	}
	in := receipt.Return{Number: c.number(), Original: sale.ID}
	if r.IntN(2) == 0 {
		in.Lines = []receipt.ReturnLine{{Position: sale.Lines[0].Position, Quantity: money.Quantity(1 + r.IntN(700))}}
	}
	_, _, err := c.Receipts.Return(c.t.Context(), c.till, in)
	c.tried("return", err)
}

// anyLate sends what was sold without the line, charged as the rules say or not.
func (c *chain) anyLate(r *rand.Rand) {
	l := c.life
	var list []receipt.LateCall
	for range 1 + r.IntN(4) {
		total := money.Amount(r.Int64N(40_000_00))
		d := draft(pick(l, r, &l.people), 0, money.One, 20_000_00, 20_000_00)
		if r.IntN(6) == 0 {
			d.Customer = 0
		}
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
	if !c.tried("late batch", err) {
		return
	}
	for _, res := range results {
		if res.Err != nil {
			c.t.Errorf("late: %v", res.Err)
		} else if res.Receipt.Kind == receipt.KindSale {
			add(l, &l.sold, res.Receipt)
		}
	}
}

// anyHold holds some points, over midnight at times, and redeems or releases those or
// others that were held.
func (c *chain) anyHold(r *rand.Rand, who customer.ID) {
	ctx, l := c.t.Context(), c.life
	h, _, err := c.Receipts.Hold(ctx, c.till, receipt.Hold{Number: c.number(), Customer: who, Points: money.Points(1 + r.IntN(5000_00)), For: time.Hour})
	if c.tried("hold", err) {
		add(l, &l.holds, h)
	}
	if h = pick(l, r, &l.holds); h.ID == 0 || h.Till != int64(c.till.Till.ID) {
		return
	}
	switch r.IntN(4) {
	case 0:
		_, err = c.Receipts.Release(ctx, c.till, h.ID)
		c.tried("release", err)
	case 1, 2:
		d := draft(h.Customer, 0, money.One, 20_000_00)
		d.Hold = h.ID
		q, err := c.Receipts.Quote(ctx, c.till, d)
		if err == nil {
			if d.Redeem = min(q.MaxRedeem, h.Points); d.Redeem > 0 {
				q, err = c.Receipts.Quote(ctx, c.till, d)
			}
		}
		var rec receipt.Receipt
		if err == nil {
			rec, _, err = c.Receipts.Commit(ctx, c.till, receipt.Sale{Number: c.number(), Draft: d, Quote: q.ID})
		}
		if c.tried("sale of a hold", err) {
			add(l, &l.sold, rec)
		}
	}
}

// anyHistory imports a sale or a return that the old tills made.
func (c *chain) anyHistory(r *rand.Rand, who customer.ID) {
	of, err := c.Customers.Get(c.t.Context(), who)
	phone := ""
	for _, i := range of.Identifiers {
		if i.Kind == customer.Phone {
			phone = i.Value
		}
	}
	if err == nil {
		at := c.clock.now().Add(-time.Duration(1+r.IntN(20*24)) * time.Hour).Format(time.DateTime)
		err = c.history(fmt.Sprintf("A-%s,%s,%s,%s,P0,Нон,%d,%d", c.number(), at, c.till.Store.Code, phone, []int{1, 1, 1, -1}[r.IntN(4)], r.IntN(3_000_000)))
	}
	c.tried("import", err)
}

// history imports what the old tills recorded.
func (c *chain) history(rows ...string) error {
	ctx, dir := c.t.Context(), c.t.TempDir()
	path := filepath.Join(dir, "sales.csv")
	text := "number,date,store,phone,sku,product,quantity,price\n" + strings.Join(rows, "\n") + "\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		return err
	}
	in := c.importer(dir)
	i, err := in.Add(ctx, importer.File{Source: "old tills", Kind: importer.KindReceipts}, path)
	if err != nil {
		return err
	}
	i, err = in.RunNow(ctx, i.ID, func(importer.Report) {})
	if err == nil && i.Report.Refused > 0 {
		err = fmt.Errorf("refused: %+v", i.Report)
	}
	return err
}

// anyPoints gives or takes points by hand.
func (c *chain) anyPoints(r *rand.Rand, who customer.ID) {
	c.tried("points by hand", c.adjust(who, money.Points(r.IntN(200_00)-100_00)|1))
}

func (c *chain) adjust(who customer.ID, points money.Points) error {
	ctx := c.t.Context()
	v, err := c.Programmes.At(ctx, c.till.Store.Code, c.clock.now())
	if err == nil {
		err = c.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
			_, err := c.Ledger.AdjustTx(ctx, tx, ledger.Adjustment{
				Customer: who, Points: points, Reason: "sorry", Programme: v.ProgrammeID,
				Entity: int64(c.till.Store.Entity), Store: int64(c.till.Store.ID), Staff: c.till.Staff,
			})
			if err != nil {
				return err
			}
			return c.Staff.AuditTx(ctx, tx, staff.Entry{
				Actor: staff.ID(c.till.Staff), Action: "customer.points_adjusted", Subject: "customer:" + who.String(), After: []byte(`{"points":"` + points.String() + `"}`),
			})
		})
	}
	return err
}

// anyGrant gives somebody a level by hand, or takes it back.
func (c *chain) anyGrant(r *rand.Rand, who customer.ID) {
	v, err := c.Programmes.At(c.t.Context(), c.till.Store.Code, c.clock.now())
	if err == nil {
		g := receipt.Grant{Customer: who}
		if levels := v.Rules.Levels; r.IntN(3) > 0 {
			g.Level = levels[r.IntN(len(levels))].Code
			if r.IntN(2) == 0 {
				g.Until = programme.Midnight(c.clock.now(), 1+r.IntN(20), c.till.Store.Zone)
			}
		}
		err = c.give(v, g)
	}
	c.tried("level by hand", err)
}

func (c *chain) give(v *programme.Version, g receipt.Grant) error {
	return c.db.Write(c.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, _, err := c.Receipts.GrantTierTx(ctx, tx, v, g)
		return err
	})
}

// grant gives a level for good.
func (c *chain) grant(who customer.ID, level string) {
	v, err := c.Programmes.At(c.t.Context(), c.till.Store.Code, c.clock.now())
	must(c.t, err)
	must(c.t, c.give(v, receipt.Grant{Customer: who, Level: level}))
}

// anyMerge merges two customers, or takes one of them apart again.
func (c *chain) anyMerge(r *rand.Rand, who, other customer.ID) {
	ctx := c.t.Context()
	list, err := c.Merges.Of(ctx, who)
	holds := slices.DeleteFunc(list, func(m merge.Merge) bool { return !m.UndoneAt.IsZero() })
	if len(holds) > 0 && r.IntN(2) == 0 {
		if err == nil {
			err = c.Merges.Undo(ctx, holds[r.IntN(len(holds))].ID, staff.ID(c.till.Staff), nil)
		}
		c.tried("undone merge", err, merge.ErrNotFound)
		return
	}
	if err == nil {
		_, err = c.Merges.Merge(ctx, who, other, staff.ID(c.till.Staff), nil)
	}
	c.tried("merge", err, customer.ErrSame)
}

func (c *chain) publish(r *programme.Rules) {
	v, err := c.Programmes.At(c.t.Context(), c.till.Store.Code, c.clock.now())
	must(c.t, err)
	c.write(func(ctx context.Context, tx *db.Tx) error {
		draft, err := c.Programmes.SaveDraftTx(ctx, tx, v.ProgrammeID, r, c.till.Staff)
		if err == nil {
			_, err = c.Programmes.PublishTx(ctx, tx, draft, time.Time{})
		}
		return err
	})
	must(c.t, c.Programmes.Refresh(c.t.Context()))
}

// assortment is goods of every kind.
func (c *chain) assortment() {
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
}
