package admin

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"regulars/internal/base/i18n"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/programme"
	"regulars/internal/surface/web"
)

// The editor's fields are named by the places of the rules' JSON form, so that
// what the rules complain of is shown at its field.

// rulesForm fills the editor.
func rulesForm(loc *i18n.Localizer, c money.Currency, r *programme.Rules) *web.Form {
	f := web.NewForm(map[string]string{
		"levels": strconv.Itoa(len(r.Levels)), "combine": string(r.Combine), "spend/window": string(r.Spend.Window), "spend/days": strconv.Itoa(r.Spend.Days),
		"point_value": typedPrice(loc, r.PointValue, c), "discount/rounding/mode": string(r.Discount.Rounding.Mode),
		"discount/rounding/unit": typedAmount(loc, money.Amount(r.Discount.Rounding.Unit), c), "earn/rounding/mode": string(r.Earn.Rounding.Mode),
		"earn/rounding/unit": loc.Points(money.Points(r.Earn.Rounding.Unit)), "earn/delay_days": strconv.Itoa(r.Earn.DelayDays), "earn/expiry_days": strconv.Itoa(r.Earn.ExpiryDays),
		"redeem/cap": typedRate(loc, r.Redeem.Cap), "redeem/min": loc.Points(r.Redeem.Min), "redeem/step": loc.Points(r.Redeem.Step),
		"welcome/points": loc.Points(r.Welcome.Points), "welcome/expiry_days": strconv.Itoa(r.Welcome.ExpiryDays), "return/clawback": string(r.Return.Clawback),
		"return/grace_days": strconv.Itoa(r.Return.GraceDays), "quote_minutes": strconv.Itoa(r.QuoteMinutes),
	})
	if r.Spend.Window != programme.Rolling {
		f.Values.Set("spend/days", "365")
	}
	tick := func(name string, on bool) {
		if on {
			f.Values.Set(name, "1")
		}
	}
	tick("earn/promo", r.Earn.Promo)
	tick("earn/points_part", r.Earn.PointsPart)
	tick("stopped", r.Stopped)
	tick("guard", r.Guard != nil)
	f.Values.Set("guard/margin", "0")
	if r.Guard != nil {
		f.Values.Set("guard/margin", typedRate(loc, r.Guard.Margin))
	}
	f.Values["stores"] = r.Stores
	for part, goods := range map[string]programme.Goods{"earn": r.Earn.Exclude, "redeem": r.Redeem.Exclude, "discount": r.Discount.Exclude} {
		f.Values[part+"/exclude/categories"], f.Values[part+"/exclude/products"] = goods.Categories, goods.Products
	}
	for i, l := range r.Levels {
		at := level(i)
		f.Values.Set(at+"code", l.Code)
		f.Values.Set(at+"name", l.Name)
		f.Values.Set(at+"threshold", typedAmount(loc, l.Threshold, c))
		f.Values.Set(at+"cashback", typedRate(loc, l.Cashback))
		f.Values.Set(at+"discount", typedRate(loc, l.Discount))
	}
	return f
}

func level(i int) string { return "levels/" + strconv.Itoa(i) + "/" }

// rulesReader reads fields of the editor; what cannot be read is marked there.
type rulesReader struct {
	form     *web.Form
	loc      *i18n.Localizer
	currency money.Currency
}

// number reads what stands in a field, nothing being 0, with the function that
// reads such numbers.
func number[T any](in rulesReader, name string, parse func(string) (T, error)) T {
	v, err := parse(orZero(in.form.Get(name)))
	in.form.Check(name, err)
	return v
}

func (in rulesReader) days(name string) int { return int(number(in, name, in.loc.ParseNumber)) }

func (in rulesReader) rate(name string) money.Rate { return number(in, name, in.loc.ParsePercent) }

func (in rulesReader) points(name string) money.Points { return number(in, name, in.loc.ParsePoints) }

func (in rulesReader) amount(name string) money.Amount {
	return number(in, name, func(text string) (money.Amount, error) { return in.loc.ParseMoney(text, in.currency) })
}

func (in rulesReader) goods(name string) programme.Goods {
	return programme.Goods{Categories: once(in.form.All(name + "/categories")), Products: once(in.form.All(name + "/products"))}
}

// readRules reads the editor; what cannot be read is marked at its field.
func readRules(f *web.Form, loc *i18n.Localizer, c money.Currency) *programme.Rules {
	in := rulesReader{f, loc, c}
	value, err := loc.ParsePrice(f.Get("point_value"))
	f.Check("point_value", err)
	r := &programme.Rules{
		Stopped: f.Has("stopped", "1"), Stores: f.All("stores"), PointValue: value, Combine: programme.Combine(f.Get("combine")),
		Spend:        programme.Spend{Window: programme.Window(f.Get("spend/window"))},
		Levels:       in.levels(),
		Discount:     in.discount(),
		Earn:         in.earn(),
		Redeem:       programme.Redeem{Exclude: in.goods("redeem/exclude"), Cap: in.rate("redeem/cap"), Min: in.points("redeem/min"), Step: in.points("redeem/step")},
		Welcome:      programme.Welcome{Points: in.points("welcome/points"), ExpiryDays: in.days("welcome/expiry_days")},
		Return:       programme.Return{Clawback: programme.Clawback(f.Get("return/clawback")), GraceDays: in.days("return/grace_days")},
		QuoteMinutes: in.days("quote_minutes"),
	}
	if r.Spend.Window == programme.Rolling {
		r.Spend.Days = in.days("spend/days")
	}
	if f.Has("guard", "1") {
		r.Guard = &programme.Guard{Margin: in.rate("guard/margin")}
	}
	return r
}

func (in rulesReader) discount() programme.Discount {
	return programme.Discount{
		Exclude:  in.goods("discount/exclude"),
		Rounding: programme.Rounding{Mode: money.Mode(in.form.Get("discount/rounding/mode")), Unit: int64(in.amount("discount/rounding/unit"))},
	}
}

func (in rulesReader) earn() programme.Earn {
	return programme.Earn{
		Exclude: in.goods("earn/exclude"), Promo: in.form.Has("earn/promo", "1"), PointsPart: in.form.Has("earn/points_part", "1"),
		Rounding:  programme.Rounding{Mode: money.Mode(in.form.Get("earn/rounding/mode")), Unit: int64(in.points("earn/rounding/unit"))},
		DelayDays: in.days("earn/delay_days"), ExpiryDays: in.days("earn/expiry_days"),
	}
}

func (in rulesReader) levels() (list []programme.Level) {
	count, _ := strconv.Atoi(in.form.Get("levels"))
	for i := range min(max(count, 0), programme.MaxLevels) {
		at := level(i)
		l := programme.Level{
			Code: in.form.Get(at + "code"), Name: in.form.Get(at + "name"),
			Threshold: in.amount(at + "threshold"), Cashback: in.rate(at + "cashback"), Discount: in.rate(at + "discount"),
		}
		if l.Code == "" {
			l.Code = freeCode(list)
		}
		list = append(list, l)
	}
	return list
}

// labels are the keys of what the editor calls its fields, after the levels, in its
// order.
var labels = [][2]string{
	{"combine", "admin.rules.combine"},
	{"spend/window", "admin.rules.window"},
	{"spend/days", "admin.editor.window_days"},
	{"point_value", "admin.rules.point_value"},
	{"earn/delay_days", "admin.rules.delay"},
	{"earn/expiry_days", "admin.rules.expiry"},
	{"earn/exclude/categories", "admin.rules.earn_exclude"},
	{"earn/exclude/products", "admin.rules.earn_exclude"},
	{"earn/rounding/unit", "admin.editor.round_points"},
	{"earn/rounding/mode", "admin.editor.round_way"},
	{"redeem/cap", "admin.rules.cap"},
	{"redeem/min", "admin.rules.min"},
	{"redeem/step", "admin.rules.step"},
	{"redeem/exclude/categories", "admin.rules.redeem_exclude"},
	{"redeem/exclude/products", "admin.rules.redeem_exclude"},
	{"discount/exclude/categories", "admin.rules.discount_exclude"},
	{"discount/exclude/products", "admin.rules.discount_exclude"},
	{"discount/rounding/unit", "admin.editor.round_money"},
	{"discount/rounding/mode", "admin.editor.round_way"},
	{"guard/margin", "admin.editor.margin"},
	{"welcome/points", "admin.rules.welcome"},
	{"welcome/expiry_days", "admin.rules.welcome_expiry"},
	{"return/clawback", "admin.rules.clawback"},
	{"return/grace_days", "admin.rules.grace"},
	{"stores", "admin.editor.stores"},
	{"quote_minutes", "admin.rules.quote"},
}

// Label is the key of what a field is called.
func (editorView) Label(field string) (key string, err error) {
	i := slices.IndexFunc(labels, func(l [2]string) bool { return l[0] == field })
	if i < 0 {
		return "", fmt.Errorf("the editor has no name for its field %q", field)
	}
	return labels[i][1], nil
}

// mistakes are what is wrong with the rules, each with the name of its field,
// in the order of the editor.
func mistakes(f *web.Form, loc *i18n.Localizer) (list []string) {
	left := maps.Clone(f.Errors)
	say := func(name, label string) {
		if text := left[name]; text != "" {
			list = append(list, label+": "+text)
			delete(left, name)
		}
	}
	for i := range programme.MaxLevels {
		for _, field := range []string{"name", "threshold", "cashback", "discount"} {
			say(level(i)+field, loc.T("admin.rules.level_field."+field, "n", i+1))
		}
	}
	for _, field := range labels {
		say(field[0], loc.T(field[1]))
	}
	for _, name := range slices.Sorted(maps.Keys(left)) { // of what the editor does not show, such as the code of a level
		list = append(list, left[name])
	}
	return list
}

// freeCode names a level that is new: its code is never shown, but receipts
// and tiers keep it.
func freeCode(levels []programme.Level) string {
	for n := len(levels) + 1; ; n++ {
		code := "level-" + strconv.Itoa(n)
		taken := false
		for _, l := range levels {
			taken = taken || l.Code == code
		}
		if !taken {
			return code
		}
	}
}

// check adds what is wrong with the rules to the form, beside what could not be
// read: all of it is marked at once.
func check(f *web.Form, r *programme.Rules, c money.Currency) error {
	return f.Take(programme.Validate(r, c))
}
