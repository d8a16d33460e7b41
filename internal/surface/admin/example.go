package admin

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"regulars/internal/base/errs"
	"regulars/internal/base/i18n"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/pricing"
	"regulars/internal/loyalty/programme"
	"regulars/internal/surface/web"
)

// exampleLines is how many lines the example basket has.
const exampleLines = 3

// exampleView is a basket priced by the rules that stand in the editor.
type exampleView struct {
	Wrong  []string // what keeps it from being priced; empty: nothing
	Lines  []exampleLine
	Result pricing.Result
	Rules  *programme.Rules
	Zone   *time.Location
	Capped bool // fewer points were redeemed than wished
	// IdleAt is when all points expire without another purchase, where that is before
	// what is earned does; zero: it is not.
	IdleAt time.Time
}

type exampleLine struct {
	Name     string
	Quantity money.Quantity
	pricing.PricedLine
}

// fillExample puts a basket and a customer into the editor's form: the first
// products that have a price, or lines that suit the currency.
func (a *Admin) fillExample(ctx context.Context, f *web.Form, loc *i18n.Localizer, r *programme.Rules) error {
	c := a.Settings.Get().Currency
	yes := true
	products, _, err := a.Catalog.Products(ctx, catalog.ProductQuery{Active: &yes, Limit: 50})
	if err != nil {
		return err
	}
	products = slices.DeleteFunc(products, func(p catalog.Product) bool { return p.Price <= 0 || p.Kind == catalog.KindGiftCard })
	unit := money.Price(int64(programme.Default(c).Levels[1].Threshold) / c.Minor() / 20 * money.PriceScale)
	for i := range exampleLines {
		at := "example/" + strconv.Itoa(i) + "/"
		name, price, category, cost := loc.T("admin.example.line", "n", i+1), unit*money.Price(i+1), "", ""
		if i < len(products) {
			p := products[i]
			name, price = p.Name, p.Price
			if len(p.Categories) > 0 {
				category = p.Categories[0]
			}
			if p.Cost != nil {
				cost = typedPrice(loc, *p.Cost, c)
			}
			if p.Promo {
				f.Values.Set(at+"promo", "1")
			}
			f.Values.Set(at+"sku", p.SKU)
		}
		f.Values.Set(at+"name", name)
		f.Values.Set(at+"price", typedPrice(loc, price, c))
		f.Values.Set(at+"quantity", "1")
		f.Values.Set(at+"category", category)
		f.Values.Set(at+"cost", cost)
	}
	spend := money.Amount(0)
	if len(r.Levels) > 1 {
		spend = r.Levels[1].Threshold
	}
	f.Values.Set("example/spend", typedAmount(loc, spend, c))
	f.Values.Set("example/balance", loc.Points(c.PointsFor(money.Amount(int64(unit)*c.Minor()/money.PriceScale), max(r.PointValue, 1), money.Down)/100*100))
	f.Values.Set("example/redeem", "0")
	f.Values.Set("example/today", "0")
	f.Values.Set("example/card", "1")
	return nil
}

// example prices the basket with the function that prices at the till.
func (a *Admin) example(ctx context.Context, f *web.Form, loc *i18n.Localizer) (v exampleView, err error) {
	is := a.Settings.Get()
	v.Zone = is.Zone
	r, problem := exampleRules(f, loc, is.Currency)
	if problem != "" {
		v.Wrong = append(v.Wrong, problem)
		return v, nil
	}
	v.Rules = r
	categories, err := a.Catalog.Categories(ctx)
	if err != nil {
		return v, err
	}
	in := pricing.Input{Currency: is.Currency, Rules: r, At: a.Now(), Zone: is.Zone, Customer: &pricing.Customer{}}
	redeem := v.read(f, loc, categories, &in)
	if len(v.Wrong) > 0 {
		return v, nil
	}
	in.Customer.Level = r.Reached(max(0, in.Customer.Spend)).Code
	in.Store, in.Customer.First = f.Get("example/store"), f.Has("example/first", "1")
	in.Customer.Card = f.Has("example/card", "1")
	if day := programme.Day(f.Get("example/day")); day != "" {
		in.Customer.Occasions = []programme.Day{day}
	}
	return v, v.price(loc, in, redeem)
}

// read reads the customer and the basket into in; what cannot be read is wrong.
func (v *exampleView) read(f *web.Form, loc *i18n.Localizer, categories []catalog.Category, in *pricing.Input) (redeem money.Points) {
	where := "" // the line that is read
	wrong := func(key string, err error) {
		if err != nil {
			v.Wrong = append(v.Wrong, where+loc.T(key)+": "+web.Say(loc, err))
		}
	}
	var err error
	in.Customer.Spend, err = loc.ParseMoney(orZero(f.Get("example/spend")), in.Currency)
	wrong("admin.example.spend", err)
	in.Customer.Available, err = loc.ParsePoints(orZero(f.Get("example/balance")))
	wrong("admin.example.balance", err)
	today, err := loc.ParseNumber(orZero(f.Get("example/today")))
	wrong("admin.example.today", err)
	in.Customer.Today = int(today)
	redeem, err = loc.ParsePoints(orZero(f.Get("example/redeem")))
	wrong("admin.example.redeem", err)
	for i := range exampleLines {
		at := "example/" + strconv.Itoa(i) + "/"
		where = f.Get(at+"name") + ", "
		line := pricing.Line{SKU: f.Get(at + "sku"), Promo: f.Has(at+"promo", "1")}
		line.Price, err = loc.ParsePrice(orZero(f.Get(at + "price")))
		wrong("admin.example.price", err)
		line.Quantity, err = loc.ParseQuantity(orZero(f.Get(at + "quantity")))
		wrong("admin.example.quantity", err)
		if text := f.Get(at + "cost"); text != "" {
			cost, err := loc.ParsePrice(text)
			wrong("admin.example.cost", err)
			line.Cost = &cost
		}
		for _, c := range categories {
			if c.Code == f.Get(at+"category") {
				line.Categories = c.Path
			}
		}
		if line.Quantity > 0 {
			in.Draft.Lines = append(in.Draft.Lines, line)
			v.Lines = append(v.Lines, exampleLine{Name: f.Get(at + "name"), Quantity: line.Quantity})
		}
	}
	return redeem
}

// price prices the basket, with as many of the points as may be redeemed; what
// the rules refuse is wrong.
func (v *exampleView) price(loc *i18n.Localizer, in pricing.Input, redeem money.Points) (err error) {
	if v.Result, err = pricing.Price(in); err == nil && redeem > 0 {
		in.Draft.Redeem = min(redeem, v.Result.MaxRedeem)
		v.Capped = in.Draft.Redeem < redeem
		if in.Draft.Redeem > 0 {
			v.Result, err = pricing.Price(in)
		}
	}
	if web.Refused(err) {
		e := errs.Of(err)
		v.Wrong = append(v.Wrong, loc.Error(e))
		for _, f := range e.Fields {
			v.Wrong = append(v.Wrong, loc.Field(e, f))
		}
		return nil
	}
	idle, r := in.Rules.IdleAt(in.At, in.Zone), &v.Result
	if !in.Rules.Stopped && !idle.Before(r.AvailableAt) && (r.ExpiresAt.IsZero() || idle.Before(r.ExpiresAt)) { // what still waits is not idle
		v.IdleAt = idle
	}
	for i := range v.Result.Lines {
		v.Lines[i].PricedLine = v.Result.Lines[i]
	}
	return err
}

// exampleRules reads the rules for the example; problem says why there are none.
func exampleRules(f *web.Form, loc *i18n.Localizer, c money.Currency) (r *programme.Rules, problem string) {
	typed := *f
	typed.Errors = map[string]string{} // the editor shows its own when it is saved
	r = readRules(&typed, loc, c)
	if err := check(&typed, r, c); err == nil && typed.OK() {
		return r, ""
	}
	problem = strings.Join(append([]string{loc.T("admin.example.rules_wrong")}, mistakes(&typed, loc)...), "\n")
	return nil, strings.TrimSpace(problem + "\n" + typed.Alert)
}

func (a *Admin) exampleReceipt(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	v, err := a.example(r.Context(), form, web.Loc(r.Context()))
	if err != nil {
		return err
	}
	return a.pages.Fragment(w, r, http.StatusOK, "programme_edit", "slip", v)
}
