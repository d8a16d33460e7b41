package admin

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"regulars/internal/base/i18n"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/customer"
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
	f.Values.Set("welcome/on", cmp.Or(string(r.Welcome.On), onRegistration))
	f.Values.Set("welcome/from", typedAmount(loc, r.Welcome.From, c))
	f.Values.Set("earn/redeeming", redeeming(&r.Earn))
	f.Values.Set("earn/daily", strconv.Itoa(r.Earn.Daily))
	f.Values.Set("idle_days", strconv.Itoa(r.IdleDays))
	f.Values.Set("redeem/max", loc.Points(r.Redeem.Max))
	f.Values.Set("redeem/confirm_from", loc.Points(r.Redeem.ConfirmFrom))
	f.Values.Set("downgrade/when", cmp.Or(string(r.Downgrade.When), dropSoon))
	f.Values.Set("downgrade/days", strconv.Itoa(cmp.Or(r.Downgrade.Days, 365)))
	f.Values.Set("downgrade/grace_days", strconv.Itoa(r.Downgrade.GraceDays))
	fillOccasions(f, loc, r)
	fillCaps(f, loc, r)
	tick := func(name string, on bool) {
		if on {
			f.Values.Set(name, "1")
		}
	}
	tick("earn/promo", r.Earn.Promo)
	tick("stopped", r.Stopped)
	tick("redeem/own", r.Redeem.Own)
	tick("redeem/with_card", r.Redeem.WithCard)
	tick("downgrade/step", r.Downgrade.Step)
	tick("downgrade/forfeit", r.Downgrade.Forfeit)
	tick("guard", r.Guard != nil)
	f.Values.Set("guard/margin", "0")
	if r.Guard != nil {
		f.Values.Set("guard/margin", typedRate(loc, r.Guard.Margin))
	}
	f.Values["stores"] = r.Stores
	f.Values.Set("labels", strings.Join(r.Labels, ", "))
	for part, goods := range map[string]programme.Goods{"earn": r.Earn.Exclude, "redeem": r.Redeem.Exclude, "discount": r.Discount.Exclude, "spend": r.Spend.Exclude} {
		f.Values[part+"/exclude/categories"], f.Values[part+"/exclude/products"] = goods.Categories, goods.Products
	}
	for i, l := range r.Levels {
		at := level(i)
		f.Values.Set(at+"code", l.Code)
		f.Values.Set(at+"name", l.Name)
		f.Values.Set(at+"threshold", typedAmount(loc, l.Threshold, c))
		f.Values.Set(at+"cashback", typedRate(loc, l.Cashback))
		f.Values.Set(at+"discount", typedRate(loc, l.Discount))
		f.Values.Set(at+"per", typedAmount(loc, l.Per, c))
		if l.Cap != nil {
			f.Values.Set(at+"cap", typedRate(loc, *l.Cap))
		}
		promo := programme.PromoRates{}
		if l.Promo != nil {
			promo = *l.Promo
			f.Values.Set("promo_rates", "1")
		}
		f.Values.Set(at+"promo/cashback", typedRate(loc, promo.Cashback))
		f.Values.Set(at+"promo/discount", typedRate(loc, promo.Discount))
	}
	return f
}

// levelFields are the fields of a level, in the order of the editor.
var levelFields = []string{"name", "threshold", "cashback", "discount", "per", "promo/cashback", "promo/discount", "cap"}

// dropSoon stands in the editor for programme.DropSoon, which is empty.
const dropSoon = "soon"

// onRegistration stands in the editor for programme.OnRegistration, which is empty.
const onRegistration = "registration"

// What a receipt earns on which points are redeemed.
const (
	earnMoney   = "money" // on the money
	earnAll     = "all"
	earnNothing = "nothing"
)

func redeeming(e *programme.Earn) string {
	switch {
	case e.NotRedeeming:
		return earnNothing
	case e.PointsPart:
		return earnAll
	}
	return earnMoney
}

// days are the occasions that the editor offers, in its order.
var days = []programme.Day{programme.Birthday, programme.Anniversary}

func fillOccasions(f *web.Form, loc *i18n.Localizer, r *programme.Rules) {
	for _, day := range days {
		o, at := r.Occasion(day), "occasions/"+string(day)+"/"
		if o != nil {
			f.Values.Set("occasions/"+string(day), "1")
		} else {
			o = &programme.Occasion{Before: 3, After: 3}
		}
		f.Values.Set(at+"before", strconv.Itoa(o.Before))
		f.Values.Set(at+"after", strconv.Itoa(o.After))
		f.Values.Set(at+"points", loc.Points(o.Points))
		f.Values.Set(at+"discount", typedRate(loc, o.Discount))
		f.Values.Set(at+"cashback", typedRate(loc, o.Cashback))
	}
}

// fillCaps fills in the shares of some goods and stores. The editor names one
// store, one category and one product in each.
func fillCaps(f *web.Form, loc *i18n.Localizer, r *programme.Rules) {
	f.Values.Set("caps", strconv.Itoa(len(r.Redeem.Caps)))
	for i, c := range r.Redeem.Caps {
		at := capAt(i)
		f.Values.Set(at+"stores", strings.Join(c.Stores, ""))
		f.Values.Set(at+"goods", strings.Join(c.Goods.Categories, ""))
		f.Values.Set(at+"product", strings.Join(c.Goods.Products, ""))
		f.Values.Set(at+"cap", typedRate(loc, c.Cap))
	}
}

func capAt(i int) string { return "redeem/caps/" + strconv.Itoa(i) + "/" }

// capFields are the fields of a share, in the order of the editor.
var capFields = []string{"stores", "goods", "product", "cap"}

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
		Stopped: f.Has("stopped", "1"), Stores: f.All("stores"), Labels: customer.ReadLabels(f.Get("labels")), PointValue: value, Combine: programme.Combine(f.Get("combine")),
		Spend:        programme.Spend{Window: programme.Window(f.Get("spend/window")), Exclude: in.goods("spend/exclude")},
		Levels:       in.levels(),
		Discount:     in.discount(),
		Earn:         in.earn(),
		Downgrade:    in.downgrade(),
		Redeem:       in.redeem(),
		Occasions:    in.occasions(),
		IdleDays:     in.days("idle_days"),
		Welcome:      in.welcome(),
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

func (in rulesReader) welcome() programme.Welcome {
	w := programme.Welcome{Points: in.points("welcome/points"), ExpiryDays: in.days("welcome/expiry_days"), On: programme.WelcomeOn(in.form.Get("welcome/on"))}
	switch w.On {
	case onRegistration:
		w.On = programme.OnRegistration
	case programme.OnPurchase:
		w.From = in.amount("welcome/from")
	}
	return w
}

func (in rulesReader) discount() programme.Discount {
	return programme.Discount{
		Exclude:  in.goods("discount/exclude"),
		Rounding: programme.Rounding{Mode: money.Mode(in.form.Get("discount/rounding/mode")), Unit: int64(in.amount("discount/rounding/unit"))},
	}
}

func (in rulesReader) downgrade() programme.Downgrade {
	d := programme.Downgrade{
		When: programme.When(in.form.Get("downgrade/when")), Step: in.form.Has("downgrade/step", "1"), GraceDays: in.days("downgrade/grace_days"),
		Forfeit: in.form.Has("downgrade/forfeit", "1"),
	}
	switch d.When {
	case dropSoon:
		d.When = programme.DropSoon
	case programme.DropEvery:
		d.Days = in.days("downgrade/days")
	}
	return d
}

func (in rulesReader) redeem() programme.Redeem {
	r := programme.Redeem{
		Exclude: in.goods("redeem/exclude"), Cap: in.rate("redeem/cap"), Own: in.form.Has("redeem/own", "1"),
		Max: in.points("redeem/max"), Min: in.points("redeem/min"), Step: in.points("redeem/step"), ConfirmFrom: in.points("redeem/confirm_from"),
		WithCard: in.form.Has("redeem/with_card", "1"),
	}
	count, _ := strconv.Atoi(in.form.Get("caps"))
	one := func(name string) []string {
		if v := in.form.Get(name); v != "" {
			return []string{v}
		}
		return nil
	}
	for i := range min(max(count, 0), programme.MaxCaps) {
		at := capAt(i)
		r.Caps = append(r.Caps, programme.Cap{
			Stores: one(at + "stores"), Goods: programme.Goods{Categories: one(at + "goods"), Products: one(at + "product")}, Cap: in.rate(at + "cap"),
		})
	}
	return r
}

func (in rulesReader) occasions() (list []programme.Occasion) {
	for _, day := range days {
		if !in.form.Has("occasions/"+string(day), "1") {
			continue
		}
		at := "occasions/" + string(day) + "/"
		list = append(list, programme.Occasion{
			On: day, Before: in.days(at + "before"), After: in.days(at + "after"), Points: in.points(at + "points"),
			Discount: in.rate(at + "discount"), Cashback: in.rate(at + "cashback"),
		})
	}
	return list
}

func (in rulesReader) earn() programme.Earn {
	return programme.Earn{
		Exclude: in.goods("earn/exclude"), Promo: in.form.Has("earn/promo", "1"),
		PointsPart: in.form.Get("earn/redeeming") == earnAll, NotRedeeming: in.form.Get("earn/redeeming") == earnNothing,
		Rounding: programme.Rounding{Mode: money.Mode(in.form.Get("earn/rounding/mode")), Unit: int64(in.points("earn/rounding/unit"))},
		Daily:    in.days("earn/daily"), DelayDays: in.days("earn/delay_days"), ExpiryDays: in.days("earn/expiry_days"),
	}
}

func (in rulesReader) levels() (list []programme.Level) {
	count, _ := strconv.Atoi(in.form.Get("levels"))
	for i := range min(max(count, 0), programme.MaxLevels) {
		at := level(i)
		l := programme.Level{
			Code: in.form.Get(at + "code"), Name: in.form.Get(at + "name"),
			Threshold: in.amount(at + "threshold"), Cashback: in.rate(at + "cashback"), Discount: in.rate(at + "discount"), Per: in.amount(at + "per"),
		}
		if in.form.Get(at+"cap") != "" {
			share := in.rate(at + "cap")
			l.Cap = &share
		}
		if in.form.Has("promo_rates", "1") {
			l.Promo = &programme.PromoRates{Cashback: in.rate(at + "promo/cashback"), Discount: in.rate(at + "promo/discount")}
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
	{"spend/exclude/categories", "admin.rules.spend_exclude"},
	{"spend/exclude/products", "admin.rules.spend_exclude"},
	{"downgrade/when", "admin.rules.downgrade"},
	{"downgrade/days", "admin.editor.drop_days"},
	{"downgrade/grace_days", "admin.rules.drop_grace"},
	{"point_value", "admin.rules.point_value"},
	{"earn/delay_days", "admin.rules.delay"},
	{"earn/expiry_days", "admin.rules.expiry"},
	{"idle_days", "admin.rules.idle"},
	{"earn/redeeming", "admin.rules.redeeming"},
	{"earn/daily", "admin.rules.daily"},
	{"earn/exclude/categories", "admin.rules.earn_exclude"},
	{"earn/exclude/products", "admin.rules.earn_exclude"},
	{"earn/rounding/unit", "admin.editor.round_points"},
	{"earn/rounding/mode", "admin.editor.round_way"},
	{"redeem/cap", "admin.rules.cap"},
	{"redeem/min", "admin.rules.min"},
	{"redeem/step", "admin.rules.step"},
	{"redeem/max", "admin.rules.max"},
	{"redeem/confirm_from", "admin.rules.confirm_from"},
	{"redeem/exclude/categories", "admin.rules.redeem_exclude"},
	{"redeem/exclude/products", "admin.rules.redeem_exclude"},
	{"discount/exclude/categories", "admin.rules.discount_exclude"},
	{"discount/exclude/products", "admin.rules.discount_exclude"},
	{"discount/rounding/unit", "admin.editor.round_money"},
	{"discount/rounding/mode", "admin.editor.round_way"},
	{"guard/margin", "admin.editor.margin"},
	{"welcome/points", "admin.rules.welcome"},
	{"welcome/on", "admin.rules.welcome_on"},
	{"welcome/from", "admin.rules.welcome_from"},
	{"welcome/expiry_days", "admin.rules.welcome_expiry"},
	{"occasions/birthday/before", "admin.editor.day_before"},
	{"occasions/birthday/after", "admin.editor.day_after"},
	{"occasions/birthday/points", "admin.editor.day_points"},
	{"occasions/birthday/discount", "admin.editor.day_discount"},
	{"occasions/birthday/cashback", "admin.editor.day_cashback"},
	{"occasions/anniversary/before", "admin.editor.day_before"},
	{"occasions/anniversary/after", "admin.editor.day_after"},
	{"occasions/anniversary/points", "admin.editor.day_points"},
	{"occasions/anniversary/discount", "admin.editor.day_discount"},
	{"occasions/anniversary/cashback", "admin.editor.day_cashback"},
	{"return/clawback", "admin.rules.clawback"},
	{"return/grace_days", "admin.rules.grace"},
	{"stores", "admin.editor.stores"},
	{"labels", "admin.editor.labels"},
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
		for _, field := range levelFields {
			say(level(i)+field, loc.T("admin.rules.level_field."+strings.ReplaceAll(field, "/", "_"), "n", i+1))
		}
	}
	for _, field := range labels {
		label := loc.T(field[1])
		if _, rest, ok := strings.Cut(field[0], "occasions/"); ok {
			day, _, _ := strings.Cut(rest, "/")
			label = loc.T("admin.rules.day_is."+day) + ", " + label
		}
		say(field[0], label)
	}
	for i := range programme.MaxCaps {
		for _, field := range capFields {
			say(capAt(i)+field, loc.T("admin.rules.cap_field."+field, "n", i+1))
		}
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
	err := f.Take(programme.Validate(r, c))
	for i, o := range r.Occasions { // the rules number them, the editor calls them by their day
		for _, field := range []string{"before", "after", "points", "discount", "cashback"} {
			from := "occasions/" + strconv.Itoa(i) + "/" + field
			if text, wrong := f.Errors[from]; wrong {
				delete(f.Errors, from)
				f.Errors["occasions/"+string(o.On)+"/"+field] = text
			}
		}
	}
	return err
}
