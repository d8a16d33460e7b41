package demo

import (
	_ "embed"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"regulars/internal/base/money"
)

// goodsList has the assortment: "# category > subcategory", and below it
// "name; price in thousands of UZS; brand; unit".
//
//go:embed lists/goods.txt
var goodsList string

// Category is a node of the two-level tree of goods.
type Category struct {
	Name   string
	Parent int // index of the parent, -1 at the top
}

// Product is an article of the assortment.
type Product struct {
	SKU      string
	Barcode  string // EAN-13 of the range for use inside a store
	Name     string
	Brand    string // empty for loose goods
	Category int    // index into Chain.Categories, always of a subcategory
	Weighed  bool   // sold by the kilogram, else by the piece
	Cost     money.Price

	top        int // index into Chain.tops
	popularity float64
	prices     []priceFrom
}

type priceFrom struct {
	day   int
	price money.Price
}

// dealWeeks is how long a promotion runs.
const dealWeeks = 2

// PriceAt is the shelf price on a day of the chain, before any promotion.
func (p *Product) PriceAt(day int) money.Price {
	price := p.prices[0].price
	for _, c := range p.prices[1:] {
		if c.day <= day {
			price = c.price
		}
	}
	return price
}

// tariff turns the list's prices into a currency's.
type tariff struct {
	rate float64     // units of the currency for 1,000 UZS
	step money.Price // prices are multiples of it
}

var tariffs = map[string]tariff{
	"UZS": {1000, 100 * money.PriceScale},
	"RUB": {6.5, 1 * money.PriceScale},
	"KZT": {42, 5 * money.PriceScale},
}

// tariffOf falls back on something like a dollar.
func tariffOf(c money.Currency) tariff {
	if t, ok := tariffs[c.Code]; ok {
		return t
	}
	step := money.Price(money.PriceScale)
	if c.Exponent > 0 {
		step = money.PriceScale / 20
	}
	return tariff{0.08, step}
}

// price is an amount of the list's thousands in the currency, never zero.
func (t tariff) price(thousands float64) money.Price {
	return max(1, money.Price(math.Round(thousands*t.rate*money.PriceScale/float64(t.step)))) * t.step
}

// shelf has one top category's goods from cheap to dear, to find those that
// suit a budget.
type shelf struct {
	goods  []int
	prices []money.Price // as at the start
	cum    []float64     // cumulative popularity
}

// between is the goods whose price lies in [lo, hi], as a range of the shelf.
func (s *shelf) between(lo, hi money.Price) (from, to int) {
	from, _ = slices.BinarySearch(s.prices, lo)
	to, _ = slices.BinarySearch(s.prices, hi+1)
	return from, to
}

// stock fills the assortment from the list.
func (c *Chain) stock(d *dice) {
	t := tariffOf(c.Currency)
	top, sub := -1, -1
	for line := range strings.Lines(goodsList) {
		line = strings.TrimSpace(line)
		if path, ok := strings.CutPrefix(line, "# "); ok {
			a, b, _ := strings.Cut(path, " > ")
			if top < 0 || c.Categories[c.tops[top]].Name != a {
				top = len(c.tops)
				c.tops = append(c.tops, len(c.Categories))
				c.Categories = append(c.Categories, Category{a, -1})
			}
			sub = len(c.Categories)
			c.Categories = append(c.Categories, Category{b, c.tops[top]})
			continue
		}
		f := strings.Split(line, ";")
		for i := range f {
			f[i] = strings.TrimSpace(f[i])
		}
		thousands, err := strconv.ParseFloat(f[1], 64)
		if err != nil || len(f) < 3 || sub < 0 {
			panic(fmt.Sprintf("demo: bad line in the list of goods: %q", line))
		}
		i := len(c.Products)
		price := t.price(thousands)
		p := Product{
			SKU:        fmt.Sprintf("A%04d", 1001+i),
			Barcode:    ean13(fmt.Sprintf("21%010d", 1001+i)),
			Name:       f[0],
			Brand:      f[2],
			Category:   sub,
			Weighed:    len(f) > 3,
			Cost:       t.price(thousands * (0.55 + 0.25*d.Float64())),
			top:        top,
			popularity: d.gamma(1.5, 1) + 0.1,
			prices:     []priceFrom{{0, price}},
		}
		if d.chance(0.15) { // now and then a price moves
			for day := d.between(30, 300); day < c.days; day += d.between(120, 300) {
				price = t.price(thousands * (0.92 + 0.22*d.Float64()))
				p.prices = append(p.prices, priceFrom{day, price})
			}
		}
		c.Products = append(c.Products, p)
	}

	c.shelves = make([]shelf, len(c.tops))
	byPrice := make([]int, len(c.Products))
	for i := range byPrice {
		byPrice[i] = i
	}
	slices.SortStableFunc(byPrice, func(a, b int) int {
		return int(c.Products[a].prices[0].price - c.Products[b].prices[0].price)
	})
	for _, i := range byPrice {
		p := &c.Products[i]
		s := &c.shelves[p.top]
		var sum float64
		if n := len(s.cum); n > 0 {
			sum = s.cum[n-1]
		}
		s.goods = append(s.goods, i)
		s.prices = append(s.prices, p.prices[0].price)
		s.cum = append(s.cum, sum+p.popularity)
	}

	periods := c.days/(7*dealWeeks) + 1
	c.deals = make([]map[int]money.Rate, periods)
	c.dealGoods = make([][]int, periods)
	for w := range periods {
		c.deals[w] = make(map[int]money.Rate)
		for len(c.dealGoods[w]) < len(c.Products)/25 {
			i := d.IntN(len(c.Products))
			if c.deals[w][i] == 0 {
				c.deals[w][i] = money.Rate(d.between(2, 6) * 500) // 10 to 30 %
				c.dealGoods[w] = append(c.dealGoods[w], i)
			}
		}
	}
}

// DealAt is the promotion's discount on a product on a day, or 0.
func (c *Chain) DealAt(product, day int) money.Rate {
	return c.deals[day/(7*dealWeeks)][product]
}

// ean13 adds the check digit to twelve digits.
func ean13(twelve string) string {
	sum := 0
	for i, r := range twelve {
		n := int(r - '0')
		if i%2 == 1 {
			n *= 3
		}
		sum += n
	}
	return twelve + strconv.Itoa((10-sum%10)%10)
}
