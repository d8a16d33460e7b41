package demo

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nyaruka/phonenumbers"
	"gonum.org/v1/gonum/optimize"

	"regulars/internal/base/errs"
	"regulars/internal/base/money"
)

var end = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)

func newChain(t testing.TB, cfg Config) *Chain {
	t.Helper()
	if cfg.Size.End.IsZero() {
		cfg.Size.End = end
	}
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A sample is a chain of some size gone through once: what the statistics are
// taken of.
type sample struct {
	chain    *Chain
	receipts []Receipt
	cashiers []TruthCashier
	truth    []TruthCustomer
}

var takeSample = sync.OnceValues(func() (*sample, error) {
	c, err := New(Config{Seed: 7, Size: Size{Stores: 5, Customers: 12_000, Years: 2, End: end}})
	if err != nil {
		return nil, err
	}
	s := &sample{chain: c}
	run := c.Run()
	s.receipts = slices.Collect(run.Receipts())
	var out bytes.Buffer
	if err := run.WriteTruth(&out); err != nil {
		return nil, err
	}
	for line := range bytes.Lines(out.Bytes()) {
		var kind struct {
			Kind string `json:"kind"`
		}
		err := json.Unmarshal(line, &kind)
		switch kind.Kind {
		case "cashier":
			s.cashiers = append(s.cashiers, TruthCashier{})
			err = errors.Join(err, json.Unmarshal(line, &s.cashiers[len(s.cashiers)-1]))
		case "customer":
			s.truth = append(s.truth, TruthCustomer{})
			err = errors.Join(err, json.Unmarshal(line, &s.truth[len(s.truth)-1]))
		}
		if err != nil {
			return nil, err
		}
	}
	return s, nil
})

func theSample(t *testing.T) *sample {
	t.Helper()
	s, err := takeSample()
	if err != nil {
		t.Fatal(err)
	}
	if len(s.truth) != s.chain.Size.Customers || len(s.cashiers) != len(s.chain.Cashiers) {
		t.Fatalf("the truth has %d customers and %d cashiers", len(s.truth), len(s.cashiers))
	}
	return s
}

// near fails unless got is within a share of want.
func near(t *testing.T, what string, got, want, share float64) {
	t.Helper()
	if math.IsNaN(got) || math.Abs(got-want) > share*math.Abs(want) {
		t.Errorf("%s is %.5g, want %.5g within %.0f %%", what, got, want, 100*share)
	}
}

func TestReceiptsAreInOrderAndAddUp(t *testing.T) {
	t.Parallel()
	s := theSample(t)
	type state struct {
		sale Receipt
		gone []money.Quantity
		back money.Amount
	}
	sales := make(map[string]*state)
	registered := make(map[int]bool)
	var before time.Time
	returns, redeeming, byHand, withheld, deals, moved := 0, 0, 0, 0, 0, 0
	for _, r := range s.receipts {
		if r.At.Before(before) {
			t.Fatalf("%s at %v comes after %v", r.Number, r.At, before)
		}
		before = r.At
		if h := r.At.Hour(); h < opens || h > closes {
			t.Fatalf("%s is at %v, when the store is shut", r.Number, r.At)
		}
		if sales[r.Number] != nil {
			t.Fatalf("number %s is used twice", r.Number)
		}
		if len(r.Lines) == 0 {
			t.Fatalf("%s has no lines", r.Number)
		}
		if s.chain.Cashiers[r.Cashier].Store != r.Store {
			t.Fatalf("%s: the cashier works elsewhere", r.Number)
		}
		if r.Register {
			if registered[r.Customer] || r.Customer == Nobody {
				t.Fatalf("%s registers customer %d", r.Number, r.Customer)
			}
			registered[r.Customer] = true
		}
		if r.Customer != Nobody && !registered[r.Customer] {
			t.Fatalf("%s: customer %d is known before he registers", r.Number, r.Customer)
		}
		var sum, gross money.Amount
		for _, l := range r.Lines {
			full, err := s.chain.Currency.LineTotal(l.Price, l.Quantity)
			if err != nil {
				t.Fatal(err)
			}
			if l.Quantity <= 0 || l.Price <= 0 || l.Promo < 0 || l.Total != full-l.Promo-l.ByHand || l.Total < 0 {
				t.Fatalf("%s has a line %+v", r.Number, l)
			}
			p := s.chain.Products[l.Product]
			if r.Kind == Sale && l.Price != p.PriceAt(r.Day) || (l.Promo > 0) != (s.chain.DealAt(l.Product, r.Day) > 0) && r.Kind == Sale {
				t.Fatalf("%s sells %s at %v, on promotion by %d", r.Number, p.SKU, l.Price, l.Promo)
			}
			if !p.Weighed && l.Quantity%money.One != 0 {
				t.Fatalf("%s has %v pieces of %s", r.Number, l.Quantity, p.SKU)
			}
			if l.Price != p.PriceAt(0) {
				moved++
			}
			sum += l.Total
			gross += full - l.Promo
			if l.Promo > 0 {
				deals++
			}
		}
		if sum != r.Total {
			t.Fatalf("%s: lines sum to %d, the total is %d", r.Number, sum, r.Total)
		}
		if (r.Reason != "") != (gross != sum) && r.Kind == Sale {
			t.Fatalf("%s: discount %d for the reason %q", r.Number, gross-sum, r.Reason)
		}
		if r.Kind == Sale {
			sales[r.Number] = &state{sale: r, gone: make([]money.Quantity, len(r.Lines))}
			if r.Redeem > 0 {
				redeeming++
			}
			if r.Reason != "" {
				byHand++
			}
			if r.Withheld != "" {
				withheld++
				if r.Customer == Nobody || r.Redeem > 0 {
					t.Fatalf("%s: nothing to withhold", r.Number)
				}
			}
			continue
		}
		returns++
		of := sales[r.Sale]
		if of == nil || !r.At.After(of.sale.At) || of.sale.Customer != r.Customer || of.sale.Store != r.Store {
			t.Fatalf("%s returns %q: %+v", r.Number, r.Sale, of)
		}
		for _, l := range r.Lines {
			of.gone[l.Of] += l.Quantity
			if sold := of.sale.Lines[l.Of]; of.gone[l.Of] > sold.Quantity || sold.Product != l.Product || sold.Price != l.Price {
				t.Fatalf("%s returns %+v of %+v", r.Number, l, sold)
			}
		}
		of.back += r.Total
		if slices.Equal(of.gone, quantities(of.sale.Lines)) != (of.back == of.sale.Total) && of.sale.Reason == "" {
			t.Fatalf("%s: %d of %d is given back for %v", r.Number, of.back, of.sale.Total, of.gone)
		}
	}
	if len(registered) != s.chain.Size.Customers {
		t.Errorf("%d of %d customers registered", len(registered), s.chain.Size.Customers)
	}
	partial, again := 0, 0
	parts := make(map[string]int)
	for _, r := range s.receipts {
		if r.Kind == Return {
			parts[r.Sale]++
		}
	}
	for number, n := range parts {
		if !slices.Equal(sales[number].gone, quantities(sales[number].sale.Lines)) {
			partial++
		}
		if n > 1 {
			again++
		}
	}
	n := len(sales)
	for what, share := range map[string][3]float64{
		"returns":                              {float64(returns), 0.02, 0.06},
		"partial returns":                      {float64(partial), 0.01, 0.05},
		"repeated returns":                     {float64(again), 0.001, 0.01},
		"redeeming":                            {float64(redeeming), 0.05, 0.3},
		"discounts by hand":                    {float64(byHand), 0.015, 0.025},
		"benefits withheld":                    {float64(withheld), 0.002, 0.01},
		"lines of goods whose price has moved": {float64(moved), 0.05, 0.8},
		"promotional lines":                    {float64(deals), 0.1, 0.9},
	} {
		if got := share[0] / float64(n); got < share[1] || got > share[2] {
			t.Errorf("%s: %.4f of sales, want %v", what, got, share[1:])
		}
	}
}

func quantities(lines []Line) []money.Quantity {
	all := make([]money.Quantity, len(lines))
	for i, l := range lines {
		all[i] = l.Quantity
	}
	return all
}

func TestCustomersBuyAndLeaveAsBGNBD(t *testing.T) {
	t.Parallel()
	s := theSample(t)
	h := s.chain.Habits
	n := float64(len(s.truth))
	var lambda, dropout, repeats, want, alive, wantAlive, varAlive float64
	for _, c := range s.truth {
		lambda += c.Lambda
		dropout += c.Dropout
		repeats += float64(c.Visits - 1)
		// While alive he dies at a rate lambda*p, so these are exact, person by
		// person.
		stays := math.Exp(-c.Lambda * c.Dropout * c.Exposure)
		want += (1 - stays) / c.Dropout
		wantAlive += stays
		varAlive += stays * (1 - stays)
		if c.Alive {
			alive++
		}
	}
	near(t, "mean lambda", lambda/n, h.R/h.Alpha, 0.04)
	near(t, "mean dropout", dropout/n, h.A/(h.A+h.B), 0.04)
	near(t, "repeat purchases", repeats/n, want/n, 0.015)
	if z := (alive - wantAlive) / math.Sqrt(varAlive); math.Abs(z) > 4 {
		t.Errorf("%v of %v are alive, want %.0f: %.1f standard errors off", alive, n, wantAlive, z)
	}

	// The same over everybody, by the published formula.
	var law float64
	for _, c := range s.truth {
		law += expectedRepeats(h.R, h.Alpha, h.A, h.B, c.Exposure)
	}
	near(t, "repeat purchases by the law", repeats/n, law/n, 0.04)
}

// A forecast that sees every purchase with its date finds the laws again:
// bending time by seasons and habits does not bend them.
func TestLawsCanBeFittedBack(t *testing.T) {
	t.Parallel()
	s := theSample(t)
	type history struct{ x, last, span float64 }
	seen := make([]history, len(s.truth))
	for i, c := range s.truth {
		first, err1 := time.Parse(time.DateOnly, c.First)
		last, err2 := time.Parse(time.DateOnly, c.Last)
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		seen[i] = history{float64(c.Visits - 1), last.Sub(first).Hours() / 24, end.Sub(first).Hours()/24 - 0.5}
	}
	lg := func(x float64) float64 { v, _ := math.Lgamma(x); return v }
	loss := func(p []float64) float64 {
		r, alpha, a, b := math.Exp(p[0]), math.Exp(p[1]), math.Exp(p[2]), math.Exp(p[3])
		heads := make(map[float64]float64) // the costly part depends on x alone
		var sum float64
		for _, c := range seen {
			head, ok := heads[c.x]
			if !ok {
				head = lg(r+c.x) - lg(r) + r*math.Log(alpha) + lg(a+b) + lg(b+c.x) - lg(b) - lg(a+b+c.x)
				heads[c.x] = head
			}
			stays := -(r + c.x) * math.Log(alpha+c.span)
			if c.x == 0 {
				sum += head + stays
				continue
			}
			leaves := math.Log(a/(b+c.x-1)) - (r+c.x)*math.Log(alpha+c.last)
			sum += head + max(stays, leaves) + math.Log1p(math.Exp(-math.Abs(stays-leaves)))
		}
		return -sum
	}
	fit, err := optimize.Minimize(optimize.Problem{Func: loss}, []float64{0, 3, 0, 1}, &optimize.Settings{MajorIterations: 400}, &optimize.NelderMead{})
	if err != nil {
		t.Fatal(err)
	}
	r, alpha, a, b := math.Exp(fit.X[0]), math.Exp(fit.X[1]), math.Exp(fit.X[2]), math.Exp(fit.X[3])
	t.Logf("fitted r=%.3f alpha=%.2f a=%.3f b=%.2f, true %+v", r, alpha, a, b, s.chain.Habits)
	h := s.chain.Habits
	near(t, "r", r, h.R, 0.06)
	near(t, "alpha", alpha, h.Alpha, 0.08)
	near(t, "mean dropout", a/(a+b), h.A/(h.A+h.B), 0.08)
}

func TestSpendIsGammaGamma(t *testing.T) {
	t.Parallel()
	s := theSample(t)
	h := s.chain.Habits
	minor := float64(s.chain.Currency.Minor())
	var got, want, squares, n, people float64
	for _, c := range s.truth {
		people += c.MeanSpend
	}
	for _, r := range s.receipts {
		if r.Kind != Sale || r.Person == Nobody {
			continue
		}
		gross := 0.0
		for _, l := range r.Lines {
			gross += float64(l.Total+l.ByHand) / minor
		}
		mean := s.truth[r.Person].MeanSpend
		got += gross
		want += mean
		squares += (gross/mean - 1) * (gross/mean - 1)
		n++
	}
	near(t, "mean of the people's means", people/float64(len(s.truth)), h.P*h.Gamma/(h.Q-1), 0.03)
	near(t, "spend of a receipt", got/n, want/n, 0.01)
	near(t, "variance of a receipt about its mean", squares/n, 1/h.P, 0.15)
}

func TestIdentificationFollowsTheCashier(t *testing.T) {
	t.Parallel()
	s := theSample(t)
	chi, lowest, highest := 0.0, 1.0, 0.0
	for i, k := range s.cashiers {
		if k.People < 200 {
			t.Errorf("cashier %s served %d", k.Code, k.People)
		}
		se := math.Sqrt(k.Ask * (1 - k.Ask) / float64(k.People))
		z := (float64(k.Known)/float64(k.People) - k.Ask) / se
		if math.Abs(z) > 4.5 {
			t.Errorf("cashier %s identifies %d of %d and asks %.2f", k.Code, k.Known, k.People, k.Ask)
		}
		chi += z * z
		lowest, highest = min(lowest, k.Ask), max(highest, k.Ask)
		if k.Ask != round(s.chain.Cashiers[i].Ask) {
			t.Errorf("the truth of cashier %s differs from her", k.Code)
		}
	}
	if n := float64(len(s.cashiers)); chi > n+5*math.Sqrt(2*n) {
		t.Errorf("chi square %.1f over %v cashiers", chi, n)
	}
	if lowest > 0.65 || highest < 0.95 {
		t.Errorf("cashiers ask from %.2f to %.2f: too much alike", lowest, highest)
	}

	// The tallies are those of the receipts.
	got := make([]TruthCashier, len(s.cashiers))
	strangers := 0.0
	sales := 0.0
	for _, r := range s.receipts {
		if r.Kind != Sale {
			continue
		}
		sales++
		k := &got[r.Cashier]
		k.Receipts++
		if r.Customer != Nobody {
			k.Identified++
		}
		if r.Person == Nobody {
			strangers++
		}
	}
	for i, k := range s.cashiers {
		if got[i].Receipts != k.Receipts || got[i].Identified != k.Identified {
			t.Errorf("cashier %s: %d of %d receipts identified, the truth says %d of %d", k.Code, got[i].Identified, got[i].Receipts, k.Identified, k.Receipts)
		}
	}
	near(t, "sales to strangers", strangers/sales, s.chain.Habits.WalkIn, 0.03)
}

func TestTastesSeasonsAndRhythmsShow(t *testing.T) {
	t.Parallel()
	s := theSample(t)
	c := s.chain
	var taste, wantTaste, lines float64
	bySeason := make(map[string]map[string]float64)
	weekday := make([][7]float64, len(rhythms))
	perDay := make([]float64, c.days)
	for _, r := range s.receipts {
		if r.Kind != Sale || r.Person == Nobody {
			continue
		}
		p := s.truth[r.Person]
		date := c.date(r.Day)
		season := seasonName(date)
		if r.Visit > 0 {
			weekday[p.Rhythm][date.Weekday()]++
			perDay[r.Day]++
		}
		if bySeason[season] == nil {
			bySeason[season] = make(map[string]float64)
		}
		for _, l := range r.Lines {
			top := c.Products[l.Product].top
			bySeason[season][c.Categories[c.tops[top]].Name]++
			bySeason[season][""]++
			if season == "" && l.Promo == 0 && p.Deals < 0.05 {
				lines++
				taste += p.Tastes[top]
				for _, w := range p.Tastes {
					wantTaste += w * w
				}
			}
		}
	}
	// A line falls on category k with chance w[k], so its taste is w*w on
	// average; merging repeats of one product flattens it a little.
	near(t, "taste of the categories bought", taste/lines, wantTaste/lines, 0.05)

	for _, sn := range seasons {
		rush, then, usual, around := 0.0, 0.0, 0.0, 0.0
		for d := range c.days {
			if seasonName(c.date(d)) == sn.name {
				rush += perDay[d]
				then++
			} else if seasonName(c.date(d)) == "" && slices.ContainsFunc([]int{-17, 17}, func(off int) bool {
				return seasonName(c.date(d+off)) == sn.name
			}) { // not further away, as the crowd grows all the time
				usual += perDay[d]
				around++
			}
		}
		near(t, "traffic of "+sn.name, rush/then/(usual/around), sn.traffic, 0.06+3/math.Sqrt(rush))
		all := 1.0
		for category, f := range sn.categories {
			all += (f - 1) * bySeason[""][category] / bySeason[""][""]
		}
		for category, f := range sn.categories {
			usual := bySeason[""][category] / bySeason[""][""]
			then := bySeason[sn.name][category] / bySeason[sn.name][""]
			// Lines picked off the promotion's stand do not follow seasons.
			near(t, sn.name+": share of "+category, then, usual*f/all, 0.25)
		}
	}
	for i, rh := range rhythms {
		var sum, weights float64
		for d := range 7 {
			sum += weekday[i][d]
			weights += rh.weekday[d]
		}
		near(t, "weights of the week "+rh.name, weights, 7, 0.001)
		for d := range 7 {
			near(t, rh.name+" on "+time.Weekday(d).String(), weekday[i][d]/sum, rh.weekday[d]/7, 0.12)
		}
	}
}

func seasonName(day time.Time) string {
	if s := seasonOf(day); s != nil {
		return s.name
	}
	return ""
}

func TestSameSeedSameBytes(t *testing.T) {
	t.Parallel()
	write := func(seed uint64, opts Files) (map[string][]byte, Written) {
		dir := t.TempDir()
		c := newChain(t, Config{Seed: seed, Size: Size{Stores: 3, Customers: 300, Years: 1}})
		w, err := c.WriteFiles(context.Background(), dir, opts)
		if err != nil {
			t.Fatal(err)
		}
		all := make(map[string][]byte)
		for _, name := range []string{"customers.csv", "products.csv", "receipts.csv", "truth.jsonl"} {
			if all[name], err = readAll(filepath.Join(dir, name), opts.Gzip); err != nil {
				t.Fatal(err)
			}
		}
		return all, w
	}
	one, w1 := write(3, Files{})
	two, w2 := write(3, Files{Gzip: true})
	other, _ := write(4, Files{})
	if w1 != w2 {
		t.Errorf("written %+v, then %+v", w1, w2)
	}
	for name := range one {
		if !bytes.Equal(one[name], two[name]) {
			t.Errorf("%s differs from one time to the next", name)
		}
		if bytes.Equal(one[name], other[name]) {
			t.Errorf("%s is the same for another seed", name)
		}
	}
}

func readAll(path string, zip bool) ([]byte, error) {
	if !zip {
		return os.ReadFile(path)
	}
	zipped, err := os.ReadFile(path + ".gz")
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(bytes.NewReader(zipped))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

func TestFilesSayWhatTheChainDid(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := newChain(t, Config{Seed: 5, Size: Size{Stores: 4, Customers: 400, Years: 1}})
	told := 0
	w, err := c.WriteFiles(context.Background(), dir, Files{Progress: func(customers, sales int) { told = customers + sales }})
	if err != nil {
		t.Fatal(err)
	}
	if told != w.Customers+w.Sales {
		t.Errorf("progress ended at %d of %d", told, w.Customers+w.Sales)
	}
	rows := func(name string) []map[string]string {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		all, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		var out []map[string]string
		for _, r := range all[1:] {
			m := make(map[string]string)
			for i, name := range all[0] {
				m[name] = r[i]
			}
			out = append(out, m)
		}
		return out
	}
	if got := len(rows("products.csv")); got != w.Products || got != len(c.Products) {
		t.Errorf("%d products", got)
	}
	customers := rows("customers.csv")
	if len(customers) != w.Customers || w.Customers != c.Size.Customers {
		t.Errorf("%d customers, written %d", len(customers), w.Customers)
	}
	var want []Receipt
	for r := range c.Run().Receipts() {
		want = append(want, r)
	}
	lines, registered := 0, make(map[string]string)
	var total money.Amount
	at := 0
	for _, row := range rows("receipts.csv") {
		for row["receipt"] != want[at].Number {
			at++
		}
		n, err := strconv.Atoi(row["line"])
		if err != nil {
			t.Fatal(err)
		}
		r := want[at]
		l := r.Lines[n-1]
		sign := money.Amount(1)
		if r.Kind == Return {
			sign = -1
		}
		if row["sku"] != c.Products[l.Product].SKU || row["quantity"] != (l.Quantity*money.Quantity(sign)).String() ||
			row["price"] != l.Price.String() || row["amount"] != c.Currency.Format(sign*l.Total) ||
			row["discount"] != c.Currency.Format(sign*(l.Promo+l.ByHand)) || row["kind"] != string(r.Kind) || row["sale"] != r.Sale ||
			row["time"] != r.At.Format(time.RFC3339) {
			t.Fatalf("row %v of %+v", row, l)
		}
		if r.Register {
			registered[row["customer_id"]] = row["time"]
		}
		lines++
		total += sign * l.Total
	}
	if lines != w.Lines || total != w.Total || w.Sales+w.Returns != len(want) || at != len(want)-1 {
		t.Errorf("%d lines of %d over %d receipts: %+v", lines, total, at+1, w)
	}
	for _, p := range customers {
		if registered[p["customer_id"]] != p["registered_at"] {
			t.Fatalf("%v registered at %s", p, registered[p["customer_id"]])
		}
	}
}

func TestWriteFilesStopsWhenAsked(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(context.Background())
	c := newChain(t, Config{Seed: 5, Size: Size{Stores: 1, Customers: 50_000, Years: 1}})
	_, err := c.WriteFiles(ctx, t.TempDir(), Files{Progress: func(_, sales int) {
		if sales > 10_000 {
			stop()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestCustomersLookLikePeople(t *testing.T) {
	t.Parallel()
	c := newChain(t, Config{Seed: 1, Size: Size{Stores: 14, Customers: 20_000, Years: 1}})
	phones, cards, mails, names := make(map[string]bool), make(map[string]bool), make(map[string]bool), make(map[string]bool)
	var sms, women, birthdays float64
	var before time.Time
	for i := range c.Size.Customers {
		p := c.Customer(i)
		n, err := phonenumbers.Parse(p.Phone, "")
		if err != nil || !phonenumbers.IsValidNumber(n) || phonenumbers.Format(n, phonenumbers.E164) != p.Phone {
			t.Fatalf("phone %s: %v", p.Phone, err)
		}
		if region, want := phonenumbers.GetRegionCodeForNumber(n), country(c.Stores[p.Store].City); region != want {
			t.Fatalf("phone %s is of %s, want %s", p.Phone, region, want)
		}
		if phones[p.Phone] || cards[p.Card] || mails[p.Email] {
			t.Fatalf("not the only one: %+v", p)
		}
		phones[p.Phone] = true
		if p.Card != "" {
			cards[p.Card] = true
			if len(p.Card) != 13 || ean13(p.Card[:12]) != p.Card {
				t.Fatalf("card %s", p.Card)
			}
		}
		if p.Email != "" {
			mails[p.Email] = true
			if local, domain, _ := strings.Cut(p.Email, "@"); !strings.HasPrefix(domain, "example.") || strings.ContainsFunc(local, func(r rune) bool {
				return r > 'z' || r == '@'
			}) {
				t.Fatalf("e-mail %s", p.Email)
			}
		} else if p.ConsentEmail {
			t.Fatalf("consent to e-mail without an address: %+v", p)
		}
		if p.FirstName == "" || p.LastName == "" || (p.Sex == "f") != strings.ContainsAny(p.LastName[len(p.LastName)-2:], "aаяя") &&
			strings.HasSuffix(p.LastName, "ov") {
			t.Fatalf("%+v", p)
		}
		names[p.FirstName+" "+p.LastName] = true
		if p.ConsentSMS {
			sms++
		}
		if p.Sex == "f" {
			women++
		}
		if !p.BirthDate.IsZero() {
			birthdays++
			if age := c.Start.Sub(p.BirthDate).Hours() / 24 / 365.25; age < 15.9 || age > 83 {
				t.Fatalf("born %v", p.BirthDate)
			}
		}
		if day := p.RegisteredAt.Truncate(24 * time.Hour); day.Before(before) {
			t.Fatalf("customer %d registered before the one ahead", i)
		} else {
			before = day
		}
	}
	n := float64(c.Size.Customers)
	near(t, "consents to SMS", sms/n, 0.72, 0.03)
	near(t, "women", women/n, 0.62, 0.03)
	near(t, "birth dates", birthdays/n, 0.78, 0.03)
	near(t, "cards", float64(len(cards))/n, 0.55, 0.03)
	if len(names) < 5000 {
		t.Errorf("only %d different names", len(names))
	}
}

func TestFeminine(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Иванов": "Иванова", "Соловьёв": "Соловьёва", "Ильин": "Ильина", "Троицкий": "Троицкая", "Толстой": "Толстая",
		"Шевченко": "Шевченко", "Цой": "Цой", "Ким": "Ким", "Karimov": "Karimova", "Yoʻldoshev": "Yoʻldosheva",
	} {
		if got := feminine(name); got != want {
			t.Errorf("feminine(%s) = %s, want %s", name, got, want)
		}
	}
}

func TestScatterIsOneToOne(t *testing.T) {
	t.Parallel()
	seen := make([]bool, 1_000_000)
	for i := range seen {
		n := scatter(i, len(seen))
		if seen[n] {
			t.Fatalf("%d comes twice", n)
		}
		seen[n] = true
	}
}

func TestReceiptsComeToTheNumberAskedFor(t *testing.T) {
	t.Parallel()
	for _, want := range []int{29_000, 60_000, 250_000} {
		c := newChain(t, Config{Seed: 2, Size: Size{Stores: 10, Customers: 20_000, Years: 2, Receipts: want}})
		got, lines := 0, 0
		for r := range c.Run().Receipts() {
			if r.Kind == Sale {
				got++
				lines += len(r.Lines)
			}
		}
		near(t, "receipts", float64(got), float64(want), 0.04)
		near(t, "lines of a receipt", float64(lines)/float64(got), 3, 0.06)
	}
}

func TestCurrencies(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]float64{"UZS": 160_000, "RUB": 1040, "KZT": 6720, "USD": 12.8, "JPY": 12.8} {
		c := newChain(t, Config{Seed: 2, Currency: code, Size: Size{Stores: 2, Customers: 2000, Years: 1}})
		var sum, n float64
		for r := range c.Run().Receipts() {
			if r.Kind == Sale {
				sum += float64(r.Total) / float64(c.Currency.Minor())
				n++
			}
		}
		near(t, "receipt in "+code, sum/n, want, 0.12)
	}
}

func TestNewRefusesByName(t *testing.T) {
	t.Parallel()
	good := Size{Stores: 1, Customers: 1000, Years: 1, End: end}
	tests := map[string]Config{
		"/size/stores":    {Size: Size{Stores: 0, Customers: 1, Years: 1, End: end}},
		"/size/customers": {Size: Size{Stores: 1, Customers: maxCustomers + 1, Years: 1, End: end}},
		"/size/years":     {Size: Size{Stores: 1, Customers: 1, Years: -1, End: end}},
		"/size/end":       {Size: Size{Stores: 1, Customers: 1, Years: 1}},
		"/size/receipts":  {Size: Size{Stores: 1, Customers: 1000, Years: 1, End: end, Receipts: 900}},
		"/currency":       {Size: good, Currency: "soum"},
	}
	for pointer, cfg := range tests {
		t.Run(pointer, func(t *testing.T) {
			t.Parallel()
			_, err := New(cfg)
			e := errs.Of(err)
			if e.Kind != errs.Invalid || len(e.Fields) != 1 || e.Fields[0].Pointer != pointer {
				t.Errorf("got %v", err)
			}
		})
	}
}

// What a run keeps depends on the customers, not on the receipts. It measures
// the whole heap, and so is not parallel.
func TestMemoryDoesNotGrowWithReceipts(t *testing.T) {
	peak := func(receipts int) uint64 {
		c := newChain(t, Config{Seed: 1, Size: Size{Stores: 10, Customers: 20_000, Years: 2, Receipts: receipts}})
		var most uint64
		var m runtime.MemStats
		n := 0
		for range c.Run().Receipts() {
			if n++; n%(receipts/8) == 0 {
				runtime.GC()
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapAlloc)
			}
		}
		return most
	}
	few, many := peak(40_000), peak(300_000)
	if many > few+6<<20 {
		t.Errorf("%d MB for 40,000 receipts, %d MB for 300,000", few>>20, many>>20)
	}
}

func BenchmarkReceipts(b *testing.B) {
	c := newChain(b, Config{Seed: 1, Size: Size{Stores: 48, Customers: 700_000, Years: 2, Receipts: 1_000_000}})
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		n = 0
		for range c.Run().Receipts() {
			n++
		}
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "receipts/s")
}

func BenchmarkWriteFiles(b *testing.B) {
	c := newChain(b, Config{Seed: 1, Size: Size{Stores: 48, Customers: 70_000, Years: 2, Receipts: 100_000}})
	n := 0
	for b.Loop() {
		w, err := c.WriteFiles(context.Background(), b.TempDir(), Files{})
		if err != nil {
			b.Fatal(err)
		}
		n = w.Lines
	}
	b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
}
