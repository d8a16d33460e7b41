package admin

import (
	"strconv"
	"strings"

	"regulars/internal/base/errs"
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
		"discount/exclude/categories": strings.Join(r.Discount.Exclude.Categories, "\n"), "discount/exclude/products": strings.Join(r.Discount.Exclude.Products, "\n"),
		"earn/exclude/categories": strings.Join(r.Earn.Exclude.Categories, "\n"), "earn/exclude/products": strings.Join(r.Earn.Exclude.Products, "\n"),
		"redeem/exclude/categories": strings.Join(r.Redeem.Exclude.Categories, "\n"), "redeem/exclude/products": strings.Join(r.Redeem.Exclude.Products, "\n"),
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

// readRules reads the editor; what cannot be read is marked at its field.
func readRules(f *web.Form, loc *i18n.Localizer, c money.Currency) *programme.Rules {
	days := func(name string) int {
		n, err := loc.ParseNumber(orZero(f.Get(name)))
		f.Check(name, err)
		return int(n)
	}
	rate := func(name string) money.Rate {
		r, err := loc.ParsePercent(orZero(f.Get(name)))
		f.Check(name, err)
		return r
	}
	points := func(name string) money.Points {
		p, err := loc.ParsePoints(orZero(f.Get(name)))
		f.Check(name, err)
		return p
	}
	amount := func(name string) money.Amount {
		a, err := loc.ParseMoney(orZero(f.Get(name)), c)
		f.Check(name, err)
		return a
	}
	goods := func(name string) programme.Goods {
		return programme.Goods{Categories: words(f.Raw(name + "/categories")), Products: lines(f.Raw(name + "/products"))}
	}
	value, err := loc.ParsePrice(f.Get("point_value"))
	f.Check("point_value", err)
	r := &programme.Rules{
		Stopped: f.Has("stopped", "1"), Stores: f.All("stores"), PointValue: value, Combine: programme.Combine(f.Get("combine")),
		Spend: programme.Spend{Window: programme.Window(f.Get("spend/window"))},
		Discount: programme.Discount{
			Exclude:  goods("discount/exclude"),
			Rounding: programme.Rounding{Mode: money.Mode(f.Get("discount/rounding/mode")), Unit: int64(amount("discount/rounding/unit"))},
		},
		Earn: programme.Earn{
			Exclude: goods("earn/exclude"), Promo: f.Has("earn/promo", "1"), PointsPart: f.Has("earn/points_part", "1"),
			Rounding:  programme.Rounding{Mode: money.Mode(f.Get("earn/rounding/mode")), Unit: int64(points("earn/rounding/unit"))},
			DelayDays: days("earn/delay_days"), ExpiryDays: days("earn/expiry_days"),
		},
		Redeem:       programme.Redeem{Exclude: goods("redeem/exclude"), Cap: rate("redeem/cap"), Min: points("redeem/min"), Step: points("redeem/step")},
		Welcome:      programme.Welcome{Points: points("welcome/points"), ExpiryDays: days("welcome/expiry_days")},
		Return:       programme.Return{Clawback: programme.Clawback(f.Get("return/clawback")), GraceDays: days("return/grace_days")},
		QuoteMinutes: days("quote_minutes"),
	}
	if r.Spend.Window == programme.Rolling {
		r.Spend.Days = days("spend/days")
	}
	if f.Has("guard", "1") {
		r.Guard = &programme.Guard{Margin: rate("guard/margin")}
	}
	count, _ := strconv.Atoi(f.Get("levels"))
	for i := range min(max(count, 0), programme.MaxLevels) {
		at := level(i)
		l := programme.Level{Code: f.Get(at + "code"), Name: f.Get(at + "name"), Threshold: amount(at + "threshold"), Cashback: rate(at + "cashback"), Discount: rate(at + "discount")}
		if l.Code == "" {
			l.Code = freeCode(r.Levels)
		}
		r.Levels = append(r.Levels, l)
	}
	return r
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

// lines are what stands on the lines of a text, each once: SKUs may have
// spaces inside.
func lines(text string) (out []string) {
	seen := map[string]bool{}
	for _, l := range strings.Split(text, "\n") {
		if l = strings.TrimSpace(l); l != "" && !seen[l] {
			seen[l] = true
			out = append(out, l)
		}
	}
	return out
}

// check adds what is wrong with the rules as a whole to the form.
func check(f *web.Form, r *programme.Rules, c money.Currency) error {
	if !f.OK() {
		return nil
	}
	return f.Take(programme.Validate(r, c))
}

// fact is one rule in words.
type fact struct{ Label, Text string }

// describe says rules in words, in the order of the editor.
func describe(loc *i18n.Localizer, c money.Currency, r *programme.Rules) (list []fact) {
	say := func(key, text string) { list = append(list, fact{loc.T(key), text}) }
	day := func(n int, none string) string {
		if n == 0 {
			return loc.T(none)
		}
		return loc.N("admin.rules.days", int64(n))
	}
	goods := func(g programme.Goods) string {
		all := append(append([]string(nil), g.Categories...), g.Products...)
		if len(all) == 0 {
			return loc.T("admin.rules.nothing")
		}
		return strings.Join(all, ", ")
	}
	yes := func(on bool) string {
		if on {
			return loc.T("admin.yes")
		}
		return loc.T("admin.no")
	}
	say("admin.rules.stopped", yes(r.Stopped))
	if len(r.Stores) == 0 {
		say("admin.rules.stores", loc.T("admin.rules.everywhere"))
	} else {
		say("admin.rules.stores", strings.Join(r.Stores, ", "))
	}
	for i, l := range r.Levels {
		list = append(list, fact{loc.T("admin.rules.level_n", "n", i+1), loc.T("admin.rules.level_is",
			"name", l.Name, "from", loc.Money(l.Threshold, c), "cashback", loc.Percent(l.Cashback), "discount", loc.Percent(l.Discount))})
	}
	say("admin.rules.combine", loc.T("admin.rules.combine_is."+string(r.Combine)))
	window := loc.T("admin.rules.window_is.lifetime")
	if r.Spend.Window == programme.Rolling {
		window = loc.N("admin.rules.rolling", int64(r.Spend.Days))
	}
	say("admin.rules.window", window)
	say("admin.rules.point_value", loc.Price(r.PointValue, c))
	say("admin.rules.delay", day(r.Earn.DelayDays, "admin.rules.at_once"))
	say("admin.rules.expiry", day(r.Earn.ExpiryDays, "admin.rules.never"))
	say("admin.rules.promo", yes(r.Earn.Promo))
	say("admin.rules.points_part", yes(r.Earn.PointsPart))
	say("admin.rules.earn_exclude", goods(r.Earn.Exclude))
	say("admin.rules.earn_rounding", loc.T("admin.rules.rounding_is."+string(r.Earn.Rounding.Mode), "unit", loc.PointsText(money.Points(r.Earn.Rounding.Unit))))
	say("admin.rules.cap", loc.Percent(r.Redeem.Cap))
	say("admin.rules.min", loc.Points(r.Redeem.Min))
	say("admin.rules.step", loc.Points(r.Redeem.Step))
	say("admin.rules.redeem_exclude", goods(r.Redeem.Exclude))
	say("admin.rules.discount_exclude", goods(r.Discount.Exclude))
	say("admin.rules.discount_rounding", loc.T("admin.rules.rounding_is."+string(r.Discount.Rounding.Mode), "unit", loc.Money(money.Amount(r.Discount.Rounding.Unit), c)))
	say("admin.rules.welcome", loc.PointsText(r.Welcome.Points))
	say("admin.rules.welcome_expiry", day(r.Welcome.ExpiryDays, "admin.rules.never"))
	say("admin.rules.clawback", loc.T("admin.rules.clawback_is."+string(r.Return.Clawback)))
	say("admin.rules.grace", day(r.Return.GraceDays, "admin.rules.gone"))
	if r.Guard == nil {
		say("admin.rules.guard", loc.T("admin.no"))
	} else {
		say("admin.rules.guard", loc.T("admin.rules.guard_is", "rate", loc.Percent(r.Guard.Margin)))
	}
	say("admin.rules.quote", strconv.Itoa(r.QuoteMinutes))
	return list
}

// differences are the facts that differ between two sets of rules.
func differences(loc *i18n.Localizer, c money.Currency, was, is *programme.Rules) (list []fieldChange) {
	before, after := describe(loc, c, was), describe(loc, c, is)
	old := map[string]string{}
	for _, f := range before {
		old[f.Label] = f.Text
	}
	for _, f := range after {
		if text, ok := old[f.Label]; !ok || text != f.Text {
			list = append(list, fieldChange{f.Label, text, f.Text})
		}
		delete(old, f.Label)
	}
	for _, f := range before {
		if text, gone := old[f.Label]; gone {
			list = append(list, fieldChange{f.Label, text, ""})
		}
	}
	return list
}

// text of an error for people.
func said(loc *i18n.Localizer, err error) string {
	e := errs.Of(err)
	if text, ok := loc.Lookup("error."+e.Code, e.Args); ok {
		return text
	}
	return e.Text
}
