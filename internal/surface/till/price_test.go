package till_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"regulars/internal/base/money"
	"regulars/internal/loyalty/pricing"
	"regulars/internal/loyalty/programme"
	"regulars/internal/surface/web/webtest"
)

// dice draws rules and baskets: mostly small numbers, sometimes the whole range.
type dice struct{ *rand.Rand }

func (d dice) of(small, large int64) int64 {
	if d.IntN(8) == 0 {
		return d.Int64N(large + 1)
	}
	return d.Int64N(small + 1)
}

func (d dice) one(in int) bool        { return d.IntN(in) == 0 }
func (d dice) rate() money.Rate       { return money.Rate(d.of(1500, 10_000)) }
func pick[T any](d dice, list ...T) T { return list[d.IntN(len(list))] }

func (d dice) goods() (g programme.Goods) {
	if d.one(3) {
		g.Categories = []string{pick(d, "food", "drinks")}
	}
	if d.one(3) {
		g.Products = []string{pick(d, "a", "b")}
	}
	return g
}

func (d dice) rules(c money.Currency) *programme.Rules {
	r := programme.Default(c)
	r.Stopped = d.one(25)
	r.PointValue = pick(d, money.Price(money.PriceScale), 3_333, 12_500, programme.MaxPointValue)
	r.Levels = nil
	threshold := money.Amount(0)
	for i := range 1 + d.IntN(3) {
		l := programme.Level{Code: fmt.Sprint("l", i), Name: "x", Threshold: threshold, Cashback: d.rate(), Discount: d.rate()}
		if d.one(4) {
			l.Cashback, l.Per = 0, money.Amount(1+d.of(10_000, 1e9))
		}
		if d.one(3) {
			l.Promo = &programme.PromoRates{Discount: d.rate()}
			if l.Per == 0 {
				l.Promo.Cashback = d.rate()
			}
		}
		r.Levels = append(r.Levels, l)
		threshold += money.Amount(1 + d.of(100_000, 1e9))
	}
	r.Combine = pick(d, programme.CombineAdd, programme.CombineBetter, programme.CombineBetter, programme.CombineDiscount, programme.CombineCashback)
	r.Discount = programme.Discount{Exclude: d.goods(), Rounding: programme.Rounding{Mode: pick(d, money.Down, money.HalfUp), Unit: pick[int64](d, 1, 1, 5, 100, 10_000, programme.MaxUnit)}}
	r.Earn.Exclude, r.Earn.Promo = d.goods(), d.one(2)
	r.Earn.Rounding = programme.Rounding{Mode: pick(d, money.Down, money.HalfUp, money.Up), Unit: pick[int64](d, 1, 100, programme.MaxEarnUnit)}
	for _, day := range []programme.Day{programme.Birthday, programme.Anniversary} {
		if d.one(3) {
			r.Occasions = append(r.Occasions, programme.Occasion{On: day, Discount: d.rate(), Cashback: d.rate()})
		}
	}
	if d.one(2) {
		r.Guard = &programme.Guard{Margin: money.Rate(d.of(3_000, int64(programme.MaxMargin)))}
	}
	return r
}

func (d dice) line(c money.Currency) pricing.Line {
	l := pricing.Line{
		SKU: pick(d, "", "a", "b", "c"), GiftCard: d.one(10), NoLoyalty: d.one(10), Promo: d.one(4), Void: d.one(12),
		Quantity: money.Quantity(1 + d.of(5_000, 1e6)),
	}
	if d.one(2) {
		l.Categories = []string{pick(d, "food", "drinks", "tobacco"), "all"}
	}
	l.Price = money.Price(min(d.of(2_000_000, 1e11), 5e10*1000/int64(l.Quantity)))
	gross, err := c.LineTotal(l.Price, l.Quantity)
	if err != nil {
		panic(err)
	}
	if d.one(4) {
		l.Discount = money.Amount(d.Int64N(int64(gross) + 1))
	}
	if d.one(2) {
		cost := money.Price(d.of(int64(l.Price), int64(money.MaxPrice)))
		l.Cost = &cost
	}
	return l
}

// asked is a basket as price.js takes it.
type asked struct {
	Exponent   int              `json:"exponent"`
	Rules      *programme.Rules `json:"rules"`
	Level      *string          `json:"level"`
	Days       []programme.Day  `json:"days"`
	NoDiscount bool             `json:"no_discount"`
	NoPoints   bool             `json:"no_points"`
	Lines      []map[string]any `json:"lines"`
}

func (d dice) basket() (asked, pricing.Result) {
	c, err := money.CurrencyOf(pick(d, "UZS", "RUB", "JPY", "KWD"))
	if err != nil {
		panic(err)
	}
	in := pricing.Input{Currency: c, Zone: time.UTC, At: time.Unix(0, 0), Draft: pricing.Draft{NoDiscount: d.one(10), NoPoints: d.one(10)}}
	out := asked{Exponent: c.Exponent, NoDiscount: in.Draft.NoDiscount, NoPoints: in.Draft.NoPoints}
	if !d.one(12) {
		in.Rules = d.rules(c)
		out.Rules = in.Rules
	}
	if !d.one(8) {
		in.Customer = &pricing.Customer{Level: pick(d, "l0", "l1", "l2", ""), Spend: money.Amount(d.of(300_000, 1e12))}
		if d.one(2) {
			in.Customer.Occasions = []programme.Day{programme.Birthday, programme.Anniversary}[:1+d.IntN(2)]
		}
		out.Days = in.Customer.Occasions
		if in.Rules != nil {
			out.Level = &in.Rules.Levels[in.Rules.Held(in.Customer.Level, in.Customer.Spend)].Code
		}
	}
	for range d.IntN(9) {
		l := d.line(c)
		in.Draft.Lines = append(in.Draft.Lines, l)
		out.Lines = append(out.Lines, map[string]any{
			"sku": l.SKU, "categories": l.Categories, "gift_card": l.GiftCard, "no_loyalty": l.NoLoyalty, "promo": l.Promo, "void": l.Void,
			"quantity": l.Quantity, "price": l.Price, "discount": l.Discount, "cost": l.Cost,
		})
	}
	if out.Lines == nil {
		out.Lines = []map[string]any{}
	}
	res, err := pricing.Price(in)
	if err != nil {
		panic(err)
	}
	return out, res
}

// bench is a page that has nothing but price.js.
func bench(t *testing.T) *webtest.Browser {
	t.Helper()
	script, err := os.ReadFile("assets/price.js")
	check(t, err)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/price.js" {
			w.Header().Set("Content-Type", "text/javascript")
			_, _ = w.Write(script)
			return
		}
		_, _ = w.Write([]byte(`<!doctype html><title>Prices</title><script src="/price.js"></script>`))
	}))
	t.Cleanup(server.Close)
	b := webtest.Open(t)
	b.Allow("favicon")
	b.Go(server.URL)
	return b
}

// The browser and the server charge the same for every line, whatever the rules.
func TestBrowserPricesAsTheServer(t *testing.T) {
	t.Parallel()
	b := bench(t)
	seed := uint64(20_261_128)
	d := dice{rand.New(rand.NewPCG(seed, 1))}
	const cases = 2_000
	var (
		questions []asked
		want      []pricing.Result
		took      int
	)
	for range cases {
		q, res := d.basket()
		questions, want = append(questions, q), append(want, res)
		if slices.ContainsFunc(res.Lines, func(l pricing.PricedLine) bool {
			return slices.ContainsFunc(l.Discounts, func(d pricing.Discount) bool { return d.Cause == pricing.CauseTier && d.Amount > 0 })
		}) {
			took++
		}
	}
	if took < cases/4 {
		t.Fatalf("only %d of %d baskets have a discount", took, cases)
	}
	text, err := json.Marshal(questions)
	check(t, err)
	var got []struct {
		Lines []struct{ Gross, Discount, Tier, Total money.Amount }
		Total money.Amount
		Known bool
	}
	check(t, json.Unmarshal([]byte(b.Value(`JSON.stringify(`+string(text)+`.map(till.price))`)), &got))
	wrong := 0
	for i, res := range want {
		same := got[i].Known && got[i].Total == res.Total && len(got[i].Lines) == len(res.Lines)
		for j := 0; same && j < len(res.Lines); j++ {
			g, l := got[i].Lines[j], res.Lines[j]
			same = g.Gross == l.Gross && g.Discount == l.Discount && g.Total == l.Total
		}
		if !same {
			if wrong++; wrong < 4 {
				body, _ := json.Marshal(questions[i])
				t.Errorf("case %d of seed %d: %s\ngo: %+v\njs: %+v", i, seed, body, res, got[i])
			}
		}
	}
	if wrong > 0 {
		t.Errorf("%d of %d differ", wrong, cases)
	}
}

// A rule that the browser does not know keeps it from giving a discount; those
// that there are it knows.
func TestBrowserKnowsTheRules(t *testing.T) {
	t.Parallel()
	b := bench(t)
	var known []string
	check(t, json.Unmarshal([]byte(b.Value(`JSON.stringify(till.knows)`)), &known))
	for i := range reflect.TypeFor[programme.Rules]().NumField() {
		name, _, _ := strings.Cut(reflect.TypeFor[programme.Rules]().Field(i).Tag.Get("json"), ",")
		if !slices.Contains(known, name) {
			t.Errorf("price.js has not heard of the rule %q: port what it does to the level's discount", name)
		}
	}
	got := b.Value(`JSON.stringify(till.price({exponent: 2, level: "a", rules: {levels: [{code: "a", discount: 1000, cashback: 0}], combine: "add", moon: {}, discount: {rounding: {mode: "down", unit: 1}}, earn: {}}, lines: [{sku: "x", quantity: 1000, price: 1000000}]}))`)
	if !strings.Contains(got, `"total":10000`) || !strings.Contains(got, `"known":false`) {
		t.Errorf("by an unknown rule: %s", got)
	}
}

// What comes back in parts comes to the whole, as on the server.
func TestBrowserRefundsAsTheServer(t *testing.T) {
	t.Parallel()
	b := bench(t)
	d := dice{rand.New(rand.NewPCG(7, 7))}
	type question struct {
		Line   map[string]any `json:"line"`
		Before money.Quantity `json:"before"`
		Now    money.Quantity `json:"now"`
	}
	var (
		questions []question
		want      []money.Amount
	)
	for range 500 {
		q := money.Quantity(1 + d.of(9_000, 1e6))
		gross := money.Amount(d.of(500_000, 1e10))
		off := money.Amount(d.Int64N(int64(gross) + 1))
		before := money.Quantity(d.Int64N(int64(q)))
		now := money.Quantity(1 + d.Int64N(int64(q-before)))
		questions = append(questions, question{map[string]any{"quantity": q, "gross": gross, "total": gross - off}, before, now})
		want = append(want, pricing.ReturnPart(pricing.Recorded{Quantity: q, Gross: gross, Discount: off}, before, now).Total)
	}
	text, err := json.Marshal(questions)
	check(t, err)
	var got []money.Amount
	check(t, json.Unmarshal([]byte(b.Value(`JSON.stringify(`+string(text)+`.map((q) => till.part(q.line, q.before, q.now)))`)), &got))
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%+v: %d, want %d", questions[i], got[i], want[i])
		}
	}
}
