package demo

import (
	"math"
	"slices"
	"time"

	"regulars/internal/base/money"
)

// Kind tells a sale from a return.
type Kind string

// The kinds of receipts.
const (
	Sale   Kind = "sale"
	Return Kind = "return"
)

// Nobody stands in Receipt.Customer and Receipt.Person for no one.
const Nobody = -1

// Receipt is what a till prints. Quantities and money of a return are
// positive, too.
type Receipt struct {
	Number  string // unique in the chain, counted by till
	Kind    Kind
	At      time.Time // in the store's zone
	Day     int       // of the chain, counted from 0
	Store   int
	Till    int // within the store
	Cashier int
	// Customer is whose card was scanned, Person who really bought: only the
	// truth knows the one without the other.
	Customer int
	Person   int
	Visit    int  // the person's visits before this one
	Register bool // the customer registers with this receipt
	Lines    []Line
	Total    money.Amount
	// Reason is why the cashier gave a discount by hand, where she did.
	Reason string
	// Withheld is why the cashier took the customer's discount and points off
	// this receipt, where she did.
	Withheld string
	// Redeem is how much of what the customer may pay with points he asks for.
	Redeem money.Rate
	Sale   string // of a return: the number of what is returned
}

// Line is a position of a receipt. Price times Quantity - Promo - ByHand =
// Total.
type Line struct {
	Product  int
	Quantity money.Quantity
	Price    money.Price  // on the shelf
	Promo    money.Amount // taken off by a promotion
	ByHand   money.Amount // taken off by the cashier
	Total    money.Amount
	Of       int // of a return: index of the sale's line
}

// Reasons that cashiers type.
var (
	reasonsByHand   = []string{"Повреждена упаковка", "Последний экземпляр", "Решение администратора", "Qadoq ochilgan", "Цена на полке ниже"}
	reasonsWithheld = []string{"День распродажи", "Карта не предъявлена", "Chegirma kuni"}
)

// moment is when and where a visit takes place.
type moment struct {
	store, till, second int
	at                  time.Time
}

// first is the visit with which customer i registers.
func (c *Chain) first(d *dice, i int) moment {
	var t Traits
	c.traits(d, i, &t)
	d.set(visitStream, i, 0)
	return c.moment(d, &t, 0, c.birth(i), 0)
}

// birth is the day on which customer i registers; it grows with i.
func (c *Chain) birth(i int) int {
	return search(c.births, (float64(i)+0.5)/float64(c.Size.Customers))
}

// moment draws a person's visit number n on a day, no sooner than a second of
// it. It is the first thing drawn of a visit.
func (c *Chain) moment(d *dice, t *Traits, n, day, after int) moment {
	m := moment{store: t.Store}
	if n > 0 && after == 0 && d.chance(0.12) { // who comes twice a day lives near
		near := c.neighbours(m.store)
		m.store = near[d.IntN(len(near))]
		if d.chance(0.2) {
			m.store = d.pick(c.storeCum)
		}
	}
	m.second = c.second(d, rhythms[t.Rhythm].hour, after)
	s := &c.Stores[m.store]
	m.till = d.IntN(s.Tills)
	if n == 0 { // who asks more registers more
		for range 6 {
			if d.chance(c.Cashiers[c.onDuty(m.store, m.till, day)].Ask) {
				break
			}
			m.till = d.IntN(s.Tills)
		}
	}
	m.at = c.clock(m.store, day, m.second)
	return m
}

// second draws a second of the day around an hour, within opening hours.
func (c *Chain) second(d *dice, hour float64, after int) int {
	s := int(3600 * (hour + 2.1*d.NormFloat64()))
	if s < opens*3600 || s >= closes*3600 {
		s = d.between(opens*3600, closes*3600-1)
	}
	if s <= after {
		s = min(after+d.between(600, 5400), closes*3600+1800)
	}
	return s
}

func (c *Chain) clock(store, day, second int) time.Time {
	date := c.date(day)
	return time.Date(date.Year(), date.Month(), date.Day(), 0, 0, second, 0, c.Stores[store].loc)
}

// visit draws customer i's sale number n.
func (c *Chain) visit(d *dice, t *Traits, i, n, day, after int) (Receipt, int) {
	d.set(visitStream, i, n)
	m := c.moment(d, t, n, day, after)
	r := Receipt{
		Kind: Sale, At: m.at, Day: day, Store: m.store, Till: m.till, Cashier: c.onDuty(m.store, m.till, day),
		Customer: Nobody, Person: i, Visit: n, Register: n == 0,
	}
	if n == 0 || d.chance(c.Cashiers[r.Cashier].Ask) {
		r.Customer = i
	}
	c.fill(d, &r, t)
	if n > 0 && d.chance(t.Redeems) && r.Customer != Nobody {
		r.Redeem = money.Whole
		if d.chance(0.3) {
			r.Redeem = money.Rate(d.between(1, 9)) * money.Whole / 10
		}
	} else if n > 0 && r.Customer != Nobody && d.chance(0.008) {
		r.Withheld = reasonsWithheld[d.IntN(len(reasonsWithheld))]
	}
	return r, m.second
}

// walkIns draws the sales to strangers that go with customer i's visit n.
func (c *Chain) walkIns(d *dice, of *Receipt, t *Traits) []Receipt {
	d.set(walkInStream, of.Person, of.Visit)
	var all []Receipt
	for range d.poisson(c.Habits.walkIns()) {
		t.MeanSpend = c.meanSpend(d)
		t.Deals = 0.1
		sex := "f"
		if d.chance(0.45) {
			sex = "m"
		}
		c.tastes(d, sex, t)
		r := Receipt{
			Kind: Sale, Day: of.Day, Store: of.Store, Till: d.IntN(c.Stores[of.Store].Tills),
			Customer: Nobody, Person: Nobody,
		}
		r.At = c.clock(r.Store, r.Day, c.second(d, rhythms[d.pick(c.rhythmCum)].hour, 0))
		r.Cashier = c.onDuty(r.Store, r.Till, r.Day)
		c.fill(d, &r, t)
		all = append(all, r)
	}
	return all
}

// fill puts goods into a sale for about what the person spends.
func (c *Chain) fill(d *dice, r *Receipt, t *Traits) {
	spend := d.gamma(c.Habits.P, c.Habits.P/t.MeanSpend)
	r.Lines = c.basket(d, t, r.Day, spend*money.PriceScale)
	for i := range r.Lines {
		r.Total += r.Lines[i].Total
	}
	if d.chance(0.02) {
		c.discount(d, r)
	}
}

// discount takes a few per cent off a receipt by hand.
func (c *Chain) discount(d *dice, r *Receipt) {
	off := money.Rate(d.between(3, 10)*100).Of(r.Total, money.Down).RoundTo(money.Amount(c.Currency.Minor()), money.Down)
	if off == 0 {
		return
	}
	weights := make([]int64, len(r.Lines))
	for i, l := range r.Lines {
		weights[i] = int64(l.Total)
	}
	for i, part := range off.Split(weights) {
		r.Lines[i].ByHand = part
		r.Lines[i].Total -= part
	}
	r.Total -= off
	r.Reason = reasonsByHand[d.IntN(len(reasonsByHand))]
}

// Bounds of what one takes of a kind.
const (
	maxLines  = 40
	maxPieces = 12
	minWeight = 100 // grams
	maxWeight = 6000
)

// basket picks goods by taste, season and budget. On average they cost spend
// (in units of money.Price): every line but the last stays below its part,
// and the last is rounded up or down by chance.
func (c *Chain) basket(d *dice, t *Traits, day int, spend float64) []Line {
	var cum [32]float64
	tops := cum[:len(c.tops)]
	sway := c.sway[seasonOf(c.date(day))]
	var sum float64
	for k, w := range t.Tastes {
		if sway != nil {
			w += sway[k] // everybody looks for presents then, whatever his taste
		}
		sum += w
		tops[k] = sum
	}

	want := 1 + d.poisson(2.2)
	lines := make([]Line, 0, want)
	left := spend
	for k := range maxLines {
		last := k >= want-1
		budget := left
		if !last {
			budget *= (0.5 + d.Float64()) / float64(want-k)
		}
		product := c.choose(d, t, tops, day, budget)
		quantity, capped := c.howMuch(d, product, day, budget, last)
		if quantity == 0 && last && len(lines) == 0 {
			quantity = money.One
		}
		if quantity > 0 {
			lines = c.put(lines, product, quantity, day)
			left -= float64(c.priceAt(product, day)) * float64(quantity) / float64(money.One)
		}
		if last && !capped || left <= 0 {
			break
		}
	}
	return lines
}

// choose picks a product that suits a budget, the cheapest of its kind if none
// does.
func (c *Chain) choose(d *dice, t *Traits, tops []float64, day int, budget float64) int {
	if d.chance(t.Deals) {
		goods := c.dealGoods[day/(7*dealWeeks)]
		if i := goods[d.IntN(len(goods))]; float64(c.priceAt(i, day)) <= budget {
			return i
		}
	}
	s := &c.shelves[d.pick(tops)]
	from, to := s.between(money.Price(budget/6), money.Price(budget))
	if from == to {
		from, to = 0, max(to, 1)
	}
	low := 0.0
	if from > 0 {
		low = s.cum[from-1]
	}
	return s.goods[search(s.cum[:to], low+d.Float64()*(s.cum[to-1]-low))]
}

// howMuch of a product a budget buys, and whether one does not take that much.
func (c *Chain) howMuch(d *dice, product, day int, budget float64, last bool) (q money.Quantity, capped bool) {
	unit, most := float64(money.One), float64(maxPieces)
	if c.Products[product].Weighed {
		unit, most = minWeight, maxWeight/minWeight
	}
	units := budget / (float64(c.priceAt(product, day)) * unit / float64(money.One))
	if units > most {
		return money.Quantity(most * unit), true
	}
	if c.Products[product].Weighed && units >= 1 {
		return money.Quantity(math.Round(units * unit)), false // to the gram
	}
	whole := math.Floor(units)
	if last && d.chance(units-whole) {
		whole++
	}
	return money.Quantity(whole * unit), false
}

// put adds goods to the lines, to the one that has them already if there is.
func (c *Chain) put(lines []Line, product int, q money.Quantity, day int) []Line {
	i := slices.IndexFunc(lines, func(l Line) bool { return l.Product == product })
	if i < 0 {
		i = len(lines)
		lines = append(lines, Line{Product: product, Price: c.Products[product].PriceAt(day)})
	}
	l := &lines[i]
	l.Quantity += q
	l.Total = c.lineTotal(c.priceAt(product, day), l.Quantity)
	l.Promo = c.lineTotal(l.Price, l.Quantity) - l.Total
	return lines
}

// lineTotal cannot fail: the list's prices and the bounds above are far from
// the limits of money.
func (c *Chain) lineTotal(p money.Price, q money.Quantity) money.Amount {
	total, err := c.Currency.LineTotal(p, q)
	if err != nil {
		panic(err)
	}
	return total
}

// priceAt is a product's price less its promotion's discount.
func (c *Chain) priceAt(product, day int) money.Price {
	list := c.Products[product].PriceAt(day)
	off := c.DealAt(product, day)
	if off == 0 {
		return list
	}
	step := tariffOf(c.Currency).step
	return max(list*money.Price(money.Whole-off)/money.Price(money.Whole)/step, 1) * step
}
