package demo

import (
	"math"
	"time"

	"gonum.org/v1/gonum/mathext"

	"regulars/internal/base/errs"
	"regulars/internal/base/money"
)

// Size says how large a chain is and when it traded.
type Size struct {
	Stores    int
	Customers int // who register between the first day and the last
	Years     int
	End       time.Time // its date is the day after the last one
	// Receipts is about how many sales there are to be, those of people unknown
	// included; customers then come more or less often than Habits say. Zero
	// leaves it to Habits.
	Receipts int
}

// Config is everything that a chain follows from.
type Config struct {
	Seed     uint64
	Size     Size
	Currency string // ISO 4217; empty: UZS
}

// Habits are the laws that all customers of a chain are drawn from.
type Habits struct {
	R     float64 `json:"r"`     // purchases a day: gamma of shape R ...
	Alpha float64 `json:"alpha"` // ... and rate Alpha
	A     float64 `json:"a"`     // chance to leave after a repeat purchase: beta of A ...
	B     float64 `json:"b"`     // ... and B
	P     float64 `json:"p"`     // a receipt's value: gamma of shape P and a rate of the customer's own, ...
	Q     float64 `json:"q"`     // ... itself gamma of shape Q ...
	Gamma float64 `json:"gamma"` // ... and rate Gamma, in the currency's major unit
	// WalkIn is the share of sales to people who never register.
	WalkIn float64 `json:"walk_in"`
}

// Chain is a chain's stores, staff and goods, and the laws its customers
// follow. It never changes, and may be used by many at once.
type Chain struct {
	Seed       uint64
	Size       Size
	Currency   money.Currency
	Habits     Habits
	Start      time.Time // midnight UTC of the first date
	Categories []Category
	Products   []Product
	Stores     []Store
	Cashiers   []Cashier

	calendar
	tops      []int // the top categories, as indexes into Categories
	shelves   []shelf
	deals     []map[int]money.Rate // by period of dealWeeks: what is on promotion
	dealGoods [][]int              // the same, as lists
	storeCum  []float64
	rhythmCum []float64
	cities    map[string][]int
	tasteBase map[string][]float64  // by sex: weights of the Dirichlet
	sway      map[*season][]float64 // what a season adds to tastes
}

// Limits of what makes sense and of what phones there are.
const (
	maxStores    = 1000
	maxCustomers = 10_000_000
	maxYears     = 20
)

// Check finds what New would refuse of the figures, before it is known when the
// chain ends.
func (s Size) Check() error {
	var wrong errs.List
	s.check(&wrong)
	return wrong.Err()
}

func (s Size) check(wrong *errs.List) {
	if s.Stores < 1 || s.Stores > maxStores {
		wrong.Add("/size/stores", "out_of_range", "must be 1 to %d", maxStores)
	}
	if s.Customers < 1 || s.Customers > maxCustomers {
		wrong.Add("/size/customers", "out_of_range", "must be 1 to %d", maxCustomers)
	}
	if s.Years < 1 || s.Years > maxYears {
		wrong.Add("/size/years", "out_of_range", "must be 1 to %d", maxYears)
	}
}

// New sets up the chain that follows from a config. What it refuses names the
// field.
func New(cfg Config) (*Chain, error) {
	var wrong errs.List
	size := cfg.Size
	size.check(&wrong)
	if size.End.IsZero() {
		wrong.Add("/size/end", "missing", "must be a date")
	}
	if cfg.Currency == "" {
		cfg.Currency = "UZS"
	}
	currency, err := money.CurrencyOf(cfg.Currency)
	if err != nil {
		wrong.Add("/currency", "unknown_currency", "%q is not an ISO 4217 code such as UZS", cfg.Currency)
	}
	if err := wrong.Err(); err != nil {
		return nil, err
	}

	size.End = time.Date(size.End.Year(), size.End.Month(), size.End.Day(), 0, 0, 0, 0, time.UTC)
	start := size.End.AddDate(-size.Years, 0, 0)
	c := &Chain{
		Seed: cfg.Seed, Size: size, Currency: currency, Start: start,
		Habits: Habits{
			R: 0.8, Alpha: 22, A: 0.7, B: 5.5, WalkIn: 0.18,
			P: 6, Q: 4, Gamma: 80 * tariffOf(currency).rate, // 160,000 UZS a receipt
		},
		calendar: newCalendar(start, int(size.End.Sub(start).Hours()/24)),
	}
	if size.Receipts > 0 {
		if err := c.fitReceipts(size.Receipts); err != nil {
			return nil, err
		}
	}
	d := newDice(c.Seed).set(chainStream, 0, 0)
	c.stock(d)
	if err := c.openStores(d); err != nil {
		return nil, err
	}
	c.tabulate()
	return c, nil
}

// tabulate lays out what every draw needs.
func (c *Chain) tabulate() {
	var sum float64
	for _, s := range c.Stores {
		sum += s.Weight
		c.storeCum = append(c.storeCum, sum)
	}
	sum = 0
	for _, r := range rhythms {
		sum += r.share
		c.rhythmCum = append(c.rhythmCum, sum)
	}
	c.cities = make(map[string][]int)
	for i, s := range c.Stores {
		c.cities[s.City] = append(c.cities[s.City], i)
	}
	c.tasteBase = make(map[string][]float64)
	for sex, l := range likes {
		for _, top := range c.tops {
			name := c.Categories[top].Name
			c.tasteBase[sex] = append(c.tasteBase[sex], tasteSharpness*categoryShare[name]*factor(l, name))
		}
	}
	c.sway = make(map[*season][]float64)
	for i := range seasons {
		for _, top := range c.tops {
			name := c.Categories[top].Name
			more := categoryShare[name] * (factor(seasons[i].categories, name) - 1)
			c.sway[&seasons[i]] = append(c.sway[&seasons[i]], more)
		}
	}
}

// factor is a map's value, or 1.
func factor(m map[string]float64, key string) float64 {
	if f, ok := m[key]; ok {
		return f
	}
	return 1
}

// walkIns is how many sales to strangers there are for one to a customer.
func (h Habits) walkIns() float64 { return h.WalkIn / (1 - h.WalkIn) }

// fitReceipts sets Alpha so that about n sales come out.
func (c *Chain) fitReceipts(n int) error {
	each := float64(n) / float64(c.Size.Customers) / (1 + c.Habits.walkIns())
	repeats := func(alpha float64) float64 {
		var sum float64
		last := 0.0
		for d, share := range c.births {
			sum += (share - last) * expectedRepeats(c.Habits.R, alpha, c.Habits.A, c.Habits.B, float64(c.days-d)-0.5)
			last = share
		}
		return sum
	}
	lo, hi := math.Log(1e-3), math.Log(1e7) // of alpha: from always there to never again
	if each-1 <= repeats(math.Exp(hi)) || each-1 >= repeats(math.Exp(lo)) {
		return errs.InvalidField("/size/receipts", "out_of_range",
			"%d customers cannot make %d receipts: each makes at least one, and strangers %.0f %% more",
			c.Size.Customers, n, 100*c.Habits.walkIns())
	}
	for range 60 {
		mid := (lo + hi) / 2
		if repeats(math.Exp(mid)) > each-1 {
			lo = mid
		} else {
			hi = mid
		}
	}
	c.Habits.Alpha = math.Exp(hi)
	return nil
}

// expectedRepeats is the mean number of repeat purchases in a time t since the
// first under BG/NBD (Fader, Hardie and Lee 2005, equation 9).
func expectedRepeats(r, alpha, a, b, t float64) float64 {
	h := mathext.Hypergeo(r, b, a+b-1, t/(alpha+t))
	return (a + b - 1) / (a - 1) * (1 - math.Pow(alpha/(alpha+t), r)*h)
}
