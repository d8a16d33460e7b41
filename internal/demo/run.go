package demo

import (
	"fmt"
	"iter"
	"slices"

	"regulars/internal/base/money"
)

// Run is one passage through a chain's time. It keeps some thirty bytes for a
// customer and the returns that are still to come, whatever the number of
// receipts.
type Run struct {
	chain *Chain

	at    []float64 // by customer: when his next visit is, in his rhythm's time
	first []float32 // when his first was
	seen  []uint32  // visits so far
	known []uint32  // ... with the card
	last  []int32   // the day of the latest, -1 before the first
	dead  []bool

	// Each living customer waits in the list of the day of his next visit:
	// head by day, next by customer, -1 ends a list.
	head, next []int32

	returns  [][]Receipt // a ring by day of what will be brought back
	counters [][]int     // by store and till: the last number used
	staff    []Tally
	done     bool
}

// Tally is what became of a cashier's sales.
type Tally struct {
	Receipts   int // all sales
	Identified int // of them with a customer
	People     int // sales to registered people who came again
	Known      int // of them with the card
}

// returnDays is how long after the sale a return may come.
const returnDays = 24

// Run starts a passage.
func (c *Chain) Run() *Run {
	n := c.Size.Customers
	r := &Run{
		chain: c,
		at:    make([]float64, n), first: make([]float32, n), seen: make([]uint32, n), known: make([]uint32, n),
		last: make([]int32, n), dead: make([]bool, n), next: make([]int32, n), head: make([]int32, c.days),
		returns: make([][]Receipt, returnDays+1), counters: make([][]int, len(c.Stores)), staff: make([]Tally, len(c.Cashiers)),
	}
	for i := range r.last {
		r.last[i] = -1
	}
	for d := range r.head {
		r.head[d] = -1
	}
	for s := range r.counters {
		r.counters[s] = make([]int, c.Stores[s].Tills)
	}
	return r
}

// Receipts yields every sale and return in order of time, the sale before its
// returns. It may be gone through once; stopping early ends it.
func (r *Run) Receipts() iter.Seq[Receipt] {
	return func(yield func(Receipt) bool) {
		if r.done {
			panic("demo: a Run is gone through once")
		}
		r.done = true
		c := r.chain
		d := newDice(c.Seed)
		var traits, stranger Traits
		var today []Receipt
		sold, born := 0, 0
		for day := range c.days {
			today = today[:0]
			visits := func(i int) {
				c.traits(d, i, &traits)
				today = r.visits(d, today, i, day, &traits, &stranger)
			}
			for i := r.head[day]; i >= 0; {
				next := r.next[i] // visits puts i into another list
				visits(int(i))
				i = next
			}
			for ; born < c.Size.Customers && c.birth(born) == day; born++ {
				visits(born)
			}
			ring := &r.returns[day%len(r.returns)]
			today = append(today, *ring...)
			*ring = nil

			slices.SortStableFunc(today, func(a, b Receipt) int { return a.At.Compare(b.At) })
			for i := range today {
				rc := &today[i]
				r.number(rc)
				if rc.Kind == Sale {
					r.count(rc)
					r.plan(d.set(returnStream, sold, 0), rc)
					sold++
				}
				if !yield(*rc) {
					return
				}
			}
		}
	}
}

// visits appends all that customer i buys on a day, and the strangers around
// him, and puts him down for the day of his next visit.
func (r *Run) visits(d *dice, today []Receipt, i, day int, t, stranger *Traits) []Receipt {
	c := r.chain
	bent := c.bent[t.Rhythm]
	for second := 0; ; {
		n := int(r.seen[i])
		rc, at := c.visit(d, t, i, n, day, second)
		second = at
		// How long until the next visit is drawn with this one.
		left, wait := n > 0 && d.chance(t.Dropout), d.ExpFloat64()/t.Lambda
		if n == 0 {
			r.at[i] = bent[day] + d.Float64()*(bent[day+1]-bent[day])
			r.first[i] = float32(r.at[i])
		}
		r.seen[i]++
		r.last[i] = int32(day)
		if rc.Customer != Nobody {
			r.known[i]++
		}
		today = append(today, rc)
		today = append(today, c.walkIns(d, &rc, stranger)...)
		if left {
			r.dead[i] = true
			return today
		}
		r.at[i] += wait
		if next := c.dayAt(t.Rhythm, r.at[i]); next != day {
			if next < c.days {
				r.next[i], r.head[next] = r.head[next], int32(i)
			}
			return today
		}
	}
}

// number gives a receipt the till's next number.
func (r *Run) number(rc *Receipt) {
	r.counters[rc.Store][rc.Till]++
	rc.Number = fmt.Sprintf("%s-%07d", r.chain.Stores[rc.Store].TillCode(rc.Till), r.counters[rc.Store][rc.Till])
}

func (r *Run) count(rc *Receipt) {
	t := &r.staff[rc.Cashier]
	t.Receipts++
	if rc.Customer != Nobody {
		t.Identified++
	}
	if rc.Person != Nobody && !rc.Register {
		t.People++
		if rc.Customer != Nobody {
			t.Known++
		}
	}
}

// perishable goods are not taken back.
var perishable = map[string]bool{"Продукты": true, "Чай и сладости": true}

// plan decides what of a sale will be brought back and when: all of it at
// once, or a part, or one part and later another.
func (r *Run) plan(d *dice, sale *Receipt) {
	c := r.chain
	if !d.chance(0.055) {
		return
	}
	can := make([]int, 0, len(sale.Lines)) // lines that may go back
	for i, l := range sale.Lines {
		if !perishable[c.Categories[c.tops[c.Products[l.Product].top]].Name] {
			can = append(can, i)
		}
	}
	if len(can) == 0 {
		return
	}
	if len(can) == len(sale.Lines) && d.chance(0.45) {
		r.bring(d, sale, sale.Day, func(l Line, _ money.Quantity) money.Quantity { return l.Quantity }, nil)
		return
	}
	gone := make([]money.Quantity, len(sale.Lines))
	day := sale.Day
	for range 1 + d.poisson(0.2) {
		chosen := can[d.IntN(len(can))]
		day = r.bring(d, sale, day, func(l Line, gone money.Quantity) money.Quantity {
			if l.Of != chosen && !d.chance(0.15) || !slices.Contains(can, l.Of) {
				return 0
			}
			left := l.Quantity - gone
			if pieces := int(left / money.One); pieces > 1 && !c.Products[l.Product].Weighed {
				return money.Quantity(d.between(1, pieces)) * money.One
			}
			return left
		}, gone)
	}
}

// bring puts down a return some days after a day, of as much of each line as
// take says, and adds it to what is gone. It gives the day of the return.
func (r *Run) bring(d *dice, sale *Receipt, after int, take func(l Line, gone money.Quantity) money.Quantity, gone []money.Quantity) int {
	c := r.chain
	if gone == nil {
		gone = make([]money.Quantity, len(sale.Lines))
	}
	day := after + d.between(1, returnDays/3)
	back := Receipt{
		Kind: Return, Day: day, Store: sale.Store, Till: d.IntN(c.Stores[sale.Store].Tills),
		Customer: sale.Customer, Person: sale.Person, Visit: sale.Visit, Sale: sale.Number,
	}
	back.At = c.clock(back.Store, day, c.second(d, 14, 0))
	back.Cashier = c.onDuty(back.Store, back.Till, day)
	for i, l := range sale.Lines {
		l.Of = i
		q := take(l, gone[i])
		if q == 0 {
			continue
		}
		total := l.Total.Share(gone[i]+q, l.Quantity) - l.Total.Share(gone[i], l.Quantity)
		l.Promo = l.Promo.Share(gone[i]+q, l.Quantity) - l.Promo.Share(gone[i], l.Quantity)
		l.ByHand = c.lineTotal(l.Price, q) - l.Promo - total
		l.Quantity, l.Total = q, total
		gone[i] += q
		back.Lines = append(back.Lines, l)
		back.Total += total
	}
	if len(back.Lines) > 0 && day < c.days && day < sale.Day+len(r.returns) {
		ring := &r.returns[day%len(r.returns)]
		*ring = append(*ring, back)
	}
	return day
}
