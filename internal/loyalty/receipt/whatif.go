package receipt

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/pricing"
	"regulars/internal/loyalty/programme"
)

// Question asks what other rules would have given on past receipts.
type Question struct {
	Now, Then *programme.Rules // nil: no programme
	From, To  time.Time        // of sale
	Most      int              // receipts, the latest; 1 to MaxAsked
	Top       int              // customers listed as winners and losers
}

// MaxAsked is the most receipts that one question looks at.
const MaxAsked = 50_000

// Answer compares two sets of rules on the same receipts.
type Answer struct {
	Receipts  int          `json:"receipts"`
	Customers int          `json:"customers"`
	Skipped   int          `json:"skipped,omitempty"` // receipts that cannot be priced
	Cut       bool         `json:"cut,omitempty"`     // there were more receipts than were looked at
	First     time.Time    `json:"first"`             // sale of the earliest of them
	Gross     money.Amount `json:"gross"`
	Now       Given        `json:"now"`
	Then      Given        `json:"then"`
	Gain      int          `json:"gain"` // customers who would get more
	Lose      int          `json:"lose"`
	Same      int          `json:"same"`
	Winners   []Mover      `json:"winners,omitempty"` // the most first
	Losers    []Mover      `json:"losers,omitempty"`
}

// Given is what rules give away.
type Given struct {
	Discount money.Amount `json:"discount"` // of levels
	Earned   money.Points `json:"earned"`
	Worth    money.Amount `json:"worth"` // of what is earned
}

// Cost is what is given in money and in points' worth.
func (g Given) Cost() money.Amount { return g.Discount + g.Worth }

// Mover is a customer for whom the rules make a difference.
type Mover struct {
	Customer customer.ID  `json:"customer"`
	Now      money.Amount `json:"now"`
	Then     money.Amount `json:"then"`
}

// Compare prices past receipts of known customers by two sets of rules with
// the function that prices at the till. Both see the same: the lines less what
// was returned, the till's own discounts, the redemption that was asked for as
// far as the rules let it, and the spend recorded before the sale, from which
// the level follows, with the occasions that it was. Levels given by hand or kept for a
// while are left out; labels are those of today.
// Nothing is changed. progress, called now and then, may end it by an error.
func (s *Service) Compare(ctx context.Context, q Question, progress func(done, all int) error) (a Answer, err error) {
	defer errs.Wrap(&err, "compare rules on past receipts")
	sales, cut, err := s.asked(ctx, q)
	if err != nil || len(sales) == 0 {
		return a, err
	}
	a.Cut, a.First = cut, sales[0].SoldAt
	if err := s.catalog.Refresh(ctx); err != nil {
		return a, err
	}
	spend, err := s.spendBefore(ctx, q, sales)
	if err != nil {
		return a, err
	}
	who := map[customer.ID]*Mover{}
	const step = 500
	for from := 0; from < len(sales); from += step {
		part := sales[from:min(from+step, len(sales))]
		products, err := s.lines(ctx, part)
		if err != nil {
			return a, err
		}
		for _, sale := range part {
			s.compare(&a, q, sale, spend[sale.Customer], products, who)
		}
		if err := progress(from+len(part), len(sales)); err != nil {
			return a, err
		}
	}
	a.count(who, q.Top)
	return a, nil
}

// asked are the receipts of a question without their lines, in order of time.
func (s *Service) asked(ctx context.Context, q Question) (sales []*Receipt, cut bool, err error) {
	most := min(max(q.Most, 1), MaxAsked)
	const read = `
		SELECT id, customer_id, store_id, sold_at, redeemed, details
		  FROM receipts
		 WHERE sold_at >= $1 AND sold_at < $2 AND kind = 'sale' AND customer_id IS NOT NULL
		 ORDER BY sold_at DESC, id DESC
		 LIMIT $3`
	rows, err := s.db.Query(ctx, read, q.From.UnixMicro(), q.To.UnixMicro(), most+1)
	err = db.Scan(rows, err, func(r *db.Rows) error {
		rec := &Receipt{Kind: KindSale}
		var details string
		err := r.Scan(&rec.ID, &rec.Customer, &rec.Store, db.Time{Dst: &rec.SoldAt}, &rec.Redeemed, &details)
		if err == nil {
			rec.Details, err = readDetails(details)
		}
		sales = append(sales, rec)
		return err
	})
	if len(sales) > most {
		sales, cut = sales[:most], true
	}
	slices.Reverse(sales)
	return sales, cut, err
}

// past is a customer's tier spend over time.
type past struct {
	before money.Amount // over the lifetime, without what is in list
	list   []spending
	who    customer.Known
	day    time.Time // of the sale before
	today  int       // sales of that day
}

// until is what had been spent after a time (zero: ever), as it was known before
// another.
func (h *past) until(after, known time.Time) (sum money.Amount) {
	if after.IsZero() {
		sum = h.before
	}
	for _, e := range h.list {
		if e.since.Before(known) && e.at.After(after) {
			sum += e.sum
		}
	}
	return sum
}

// spendBefore reads what the customers of the sales had spent, as far back as
// the rules look.
func (s *Service) spendBefore(ctx context.Context, q Question, sales []*Receipt) (map[customer.ID]*past, error) {
	from := sales[0].SoldAt
	for _, r := range []*programme.Rules{q.Now, q.Then} {
		if r == nil || r.Spend.Window == programme.Lifetime {
			continue
		}
		// Zones are up to a day from UTC.
		if since := r.Spend.After(sales[0].SoldAt.AddDate(0, 0, -1), time.UTC); since.Before(from) {
			from = since
		}
	}
	from = from.Add(-time.Microsecond) // the first sale counts too
	found := map[customer.ID]*past{}
	var ids []customer.ID
	for _, sale := range sales {
		if found[sale.Customer] == nil {
			found[sale.Customer] = &past{}
			ids = append(ids, sale.Customer)
		}
	}
	for part := range slices.Chunk(ids, 500) {
		var b db.Batch
		lists, known := queueSpends(&b, part, from), map[customer.ID]customer.Known{}
		s.customers.QueueKnown(&b, part, known)
		if err := s.db.Run(ctx, &b); err != nil {
			return nil, err
		}
		accounts, err := s.ledger.GetAll(ctx, part)
		if err != nil {
			return nil, err
		}
		for who, account := range accounts {
			h := &past{before: account.Spend, list: lists[who], who: known[who]}
			for _, e := range h.list {
				h.before -= e.sum
			}
			found[who] = h
		}
	}
	return found, nil
}

// lines reads the lines of some sales and their products.
func (s *Service) lines(ctx context.Context, sales []*Receipt) (map[catalog.ProductID]catalog.Product, error) {
	byID := map[ID]*Receipt{}
	var ids db.Int64s
	for _, sale := range sales {
		byID[sale.ID] = sale
		ids = append(ids, int64(sale.ID))
	}
	var b db.Batch
	queueLines(&b, ids, func(of ID) *Receipt { return byID[of] })
	if err := s.db.Run(ctx, &b); err != nil {
		return nil, err
	}
	return s.productsOf(ctx, sales)
}

// compare prices one sale by both rules and adds it to the answer. Its lines
// are let go: they are not needed again.
func (s *Service) compare(a *Answer, q Question, sale *Receipt, h *past, products map[catalog.ProductID]catalog.Product, who map[customer.ID]*Mover) {
	lines, counts := pastLines(sale, products), sale.Details.takesPart(len(sale.Lines))
	sale.Lines = nil
	if store, ok := s.catalog.Store(sale.Store); ok {
		if day := programme.Midnight(sale.SoldAt, 0, store.Zone); !day.Equal(h.day) {
			h.day, h.today = day, 0
		}
	}
	if counts {
		defer func() { h.today++ }()
	}
	if len(lines) == 0 { // all of it came back
		return
	}
	now, gross, err := s.given(q.Now, sale, lines, h)
	then, _, err2 := s.given(q.Then, sale, lines, h)
	if err != nil || err2 != nil {
		a.Skipped++
		return
	}
	a.Receipts++
	a.Gross += gross
	a.Now.add(now)
	a.Then.add(then)
	m := who[sale.Customer]
	if m == nil {
		m = &Mover{Customer: sale.Customer}
		who[sale.Customer] = m
	}
	m.Now += now.Cost()
	m.Then += then.Cost()
}

func (g *Given) add(o Given) {
	g.Discount += o.Discount
	g.Earned += o.Earned
	g.Worth += o.Worth
}

// pastLines are the lines of a sale as a till would send them, less what came
// back.
func pastLines(sale *Receipt, products map[catalog.ProductID]catalog.Product) (list []pricing.Line) {
	out := strings.Fields(sale.Details.NoLoyalty)
	for _, l := range sale.Lines {
		left := l.Quantity - l.Returned
		if left <= 0 {
			continue
		}
		till := l.Discount
		if len(l.Discounts) > 0 {
			till = 0
			for _, d := range l.Discounts {
				if d.Cause == pricing.CauseTill {
					till += d.Amount
				}
			}
		}
		p := products[l.Product]
		list = append(list, pricing.Line{
			SKU: p.SKU, Categories: p.Categories, GiftCard: p.Kind == catalog.KindGiftCard, Promo: p.Promo, NoLoyalty: slices.Contains(out, strconv.Itoa(l.Position)),
			Quantity: left, Price: l.Price, Discount: till.Share(left, l.Quantity), Cost: l.Cost,
		})
	}
	return list
}

// given is what rules give on a sale.
func (s *Service) given(rules *programme.Rules, sale *Receipt, lines []pricing.Line, h *past) (g Given, gross money.Amount, err error) {
	store, _ := s.catalog.Store(sale.Store)
	if rules != nil && (rules.Stopped || !rules.Covers(store.Code) || !rules.Suits(h.who.Labels)) {
		rules = nil
	}
	in := pricing.Input{Currency: s.currency, Rules: rules, At: sale.SoldAt, Zone: store.Zone, Store: store.Code, Draft: pricing.Draft{Lines: lines}}
	if rules != nil {
		spend := max(0, h.until(rules.Spend.After(sale.SoldAt, store.Zone), sale.SoldAt))
		in.Customer = &pricing.Customer{Level: rules.Reached(spend).Code, Spend: spend, Available: sale.Redeemed, Today: h.today, Card: true}
		in.Customer.Occasions = rules.Days(programme.Dates{Born: h.who.Born, Registered: h.who.Registered}, sale.SoldAt, s.catalog.Zone(h.who.HomeStore, store.Zone))
	}
	res, err := pricing.Price(in)
	if err != nil {
		return g, 0, err
	}
	if want := min(sale.Redeemed, res.MaxRedeem); want > 0 && rules != nil {
		in.Draft.Redeem = want
		if paid, err := pricing.Price(in); err == nil { // otherwise the step or the least lets none of it be redeemed
			res = paid
		}
	}
	for _, l := range res.Lines {
		for _, d := range l.Discounts {
			if d.Cause == pricing.CauseTier {
				g.Discount += d.Amount
			}
		}
	}
	g.Earned = res.Earned
	if rules != nil {
		g.Worth = s.currency.Worth(res.Earned, rules.PointValue)
	}
	return g, res.Gross, nil
}

// count says who would gain and who would lose.
func (a *Answer) count(who map[customer.ID]*Mover, top int) {
	a.Customers = len(who)
	for _, m := range who {
		switch {
		case m.Then > m.Now:
			a.Gain++
			a.Winners = append(a.Winners, *m)
		case m.Then < m.Now:
			a.Lose++
			a.Losers = append(a.Losers, *m)
		default:
			a.Same++
		}
	}
	order := func(x, y Mover) int {
		return cmp.Or(cmp.Compare(y.Then-y.Now, x.Then-x.Now), cmp.Compare(x.Customer, y.Customer))
	}
	slices.SortFunc(a.Winners, order)
	slices.SortFunc(a.Losers, func(x, y Mover) int { return cmp.Or(-order(x, y), cmp.Compare(x.Customer, y.Customer)) })
	a.Winners = a.Winners[:min(top, len(a.Winners))]
	a.Losers = a.Losers[:min(top, len(a.Losers))]
}
