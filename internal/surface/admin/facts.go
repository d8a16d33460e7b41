package admin

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"regulars/internal/base/i18n"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/programme"
)

// fact is one rule in words.
type fact struct{ Label, Text string }

// teller says rules in words.
type teller struct {
	loc      *i18n.Localizer
	currency money.Currency
	names
}

// teller knows the names of everything that the rules name.
func (a *Admin) teller(ctx context.Context, loc *i18n.Localizer, rules ...*programme.Rules) (teller, error) {
	var skus []string
	for _, r := range rules {
		skus = append(skus, slices.Concat(r.Earn.Exclude.Products, r.Redeem.Exclude.Products, r.Discount.Exclude.Products, r.Spend.Exclude.Products)...)
		for _, c := range r.Redeem.Caps {
			skus = append(skus, c.Goods.Products...)
		}
	}
	known, err := a.names(ctx, skus)
	return teller{loc, a.Settings.Get().Currency, known}, err
}

// facts are all rules, in the order of the editor.
func (t teller) facts(r *programme.Rules) []fact {
	return slices.Concat(t.levels(r), t.earning(r), t.redeeming(r), t.occasions(r), t.rest(r))
}

func (t teller) fact(key, text string) fact { return fact{t.loc.T(key), text} }

func (t teller) levels(r *programme.Rules) []fact {
	stores := t.loc.T("admin.rules.everywhere")
	if len(r.Stores) > 0 {
		stores = strings.Join(named(t.stores, r.Stores), ", ")
	}
	list := []fact{t.fact("admin.rules.stopped", t.yes(r.Stopped)), t.fact("admin.rules.stores", stores)}
	if len(r.Labels) > 0 {
		list = append(list, t.fact("admin.rules.labels", strings.Join(r.Labels, ", ")))
	}
	for i, l := range r.Levels {
		list = append(list, fact{t.loc.T("admin.rules.level_n", "n", i+1), t.level(&l)})
	}
	window := t.loc.T("admin.rules.window_is." + string(r.Spend.Window))
	if r.Spend.Window == programme.Rolling {
		window = t.loc.N("admin.rules.rolling", int64(r.Spend.Days))
	}
	return append(list,
		t.fact("admin.rules.combine", t.loc.T("admin.rules.combine_is."+string(r.Combine))),
		t.fact("admin.rules.window", window),
		t.fact("admin.rules.spend_exclude", t.goods(r.Spend.Exclude)),
		t.fact("admin.rules.downgrade", t.downgrade(&r.Downgrade)),
		t.fact("admin.rules.drop_grace", t.days(r.Downgrade.GraceDays, "web.no")),
	)
}

func (t teller) daily(n int) string {
	if n == 0 {
		return t.loc.T("admin.rules.daily_all")
	}
	return t.loc.Number(int64(n))
}

// level says what a level takes and gives.
func (t teller) level(l *programme.Level) string {
	text := t.loc.T("admin.rules.level_is", "name", l.Name, "from", t.loc.Money(l.Threshold, t.currency), "cashback", t.loc.Percent(l.Cashback), "discount", t.loc.Percent(l.Discount))
	if l.Per > 0 {
		text += ", " + t.loc.T("admin.rules.level_per", "sum", t.loc.Money(l.Per, t.currency))
	}
	if l.Promo != nil {
		text += ", " + t.loc.T("admin.rules.level_promo", "cashback", t.loc.Percent(l.Promo.Cashback), "discount", t.loc.Percent(l.Promo.Discount))
	}
	if l.Cap != nil {
		text += ", " + t.loc.T("admin.rules.level_cap", "share", t.loc.Percent(*l.Cap))
	}
	return text
}

func (t teller) downgrade(d *programme.Downgrade) string {
	text := t.loc.T("admin.rules.drop_is." + cmp.Or(string(d.When), dropSoon))
	if d.When == programme.DropEvery {
		text = t.loc.N("admin.rules.drop_every", int64(d.Days))
	}
	if d.Step {
		text += ", " + t.loc.T("admin.rules.drop_step")
	}
	if d.Forfeit {
		text += ", " + t.loc.T("admin.rules.drop_forfeit")
	}
	return text
}

func (t teller) earning(r *programme.Rules) []fact {
	return []fact{
		t.fact("admin.rules.point_value", t.loc.Price(r.PointValue, t.currency)),
		t.fact("admin.rules.delay", t.days(r.Earn.DelayDays, "admin.rules.at_once")),
		t.fact("admin.rules.expiry", t.days(r.Earn.ExpiryDays, "admin.rules.never")),
		t.fact("admin.rules.promo", t.yes(r.Earn.Promo)),
		t.fact("admin.rules.idle", t.days(r.IdleDays, "web.no")),
		t.fact("admin.rules.daily", t.daily(r.Earn.Daily)),
		t.fact("admin.rules.redeeming", t.loc.T("admin.rules.redeeming_is."+redeeming(&r.Earn))),
		t.fact("admin.rules.earn_exclude", t.goods(r.Earn.Exclude)),
		t.fact("admin.rules.earn_rounding", t.rounding(r.Earn.Rounding, t.loc.PointsText(money.Points(r.Earn.Rounding.Unit)))),
	}
}

func (t teller) redeeming(r *programme.Rules) []fact {
	list := []fact{t.fact("admin.rules.cap", t.loc.Percent(r.Redeem.Cap))}
	for i := range r.Redeem.Caps {
		list = append(list, fact{t.loc.T("admin.rules.cap_n", "n", i+1), t.cap(&r.Redeem.Caps[i])})
	}
	return append(list,
		t.fact("admin.rules.own", t.yes(r.Redeem.Own)),
		t.fact("admin.rules.max", t.points(r.Redeem.Max, "admin.rules.no_limit")),
		t.fact("admin.rules.min", t.loc.Points(r.Redeem.Min)),
		t.fact("admin.rules.step", t.loc.Points(r.Redeem.Step)),
		t.fact("admin.rules.confirm_from", t.points(r.Redeem.ConfirmFrom, "web.no")),
		t.fact("admin.rules.with_card", t.yes(r.Redeem.WithCard)),
		t.fact("admin.rules.redeem_exclude", t.goods(r.Redeem.Exclude)),
		t.fact("admin.rules.discount_exclude", t.goods(r.Discount.Exclude)),
		t.fact("admin.rules.discount_rounding", t.rounding(r.Discount.Rounding, t.loc.Money(money.Amount(r.Discount.Rounding.Unit), t.currency))),
	)
}

// points says points; none is said otherwise.
func (t teller) points(p money.Points, none string) string {
	if p == 0 {
		return t.loc.T(none)
	}
	return t.loc.Points(p)
}

// cap says where and for what a share is another one.
func (t teller) cap(c *programme.Cap) string {
	var where []string
	if !c.Goods.None() {
		where = append(where, t.goods(c.Goods))
	}
	return t.loc.T("admin.rules.cap_is", "what", strings.Join(append(where, named(t.stores, c.Stores)...), ", "), "share", t.loc.Percent(c.Cap))
}

// occasions says what is given for customers' days.
func (t teller) occasions(r *programme.Rules) (list []fact) {
	for _, day := range days {
		text := t.loc.T("web.no")
		if o := r.Occasion(day); o != nil {
			text = t.loc.T("admin.rules.day_rule", "before", t.loc.N("admin.rules.days", int64(o.Before)), "after", t.loc.N("admin.rules.days", int64(o.After)),
				"points", t.loc.PointsText(o.Points), "discount", t.loc.Percent(o.Discount), "cashback", t.loc.Percent(o.Cashback))
		}
		list = append(list, t.fact("admin.rules.day_is."+string(day), text))
	}
	return list
}

func (t teller) rest(r *programme.Rules) []fact {
	guard := t.loc.T("web.no")
	if r.Guard != nil {
		guard = t.loc.T("admin.rules.guard_is", "rate", t.loc.Percent(r.Guard.Margin))
	}
	welcome := t.loc.T("admin.rules.welcome_is." + cmp.Or(string(r.Welcome.On), onRegistration))
	if r.Welcome.From > 0 {
		welcome = t.loc.T("admin.rules.welcome_purchase", "sum", t.loc.Money(r.Welcome.From, t.currency))
	}
	return []fact{
		t.fact("admin.rules.welcome_on", welcome),
		t.fact("admin.rules.welcome", t.loc.PointsText(r.Welcome.Points)),
		t.fact("admin.rules.welcome_expiry", t.days(r.Welcome.ExpiryDays, "admin.rules.never")),
		t.fact("admin.rules.clawback", t.loc.T("admin.rules.clawback_is."+string(r.Return.Clawback))),
		t.fact("admin.rules.grace", t.days(r.Return.GraceDays, "admin.rules.gone")),
		t.fact("admin.rules.guard", guard),
		t.fact("admin.rules.quote", t.loc.N("admin.rules.minutes", int64(r.QuoteMinutes))),
	}
}

func (t teller) yes(on bool) string {
	if on {
		return t.loc.T("web.yes")
	}
	return t.loc.T("web.no")
}

func (t teller) days(n int, none string) string {
	if n == 0 {
		return t.loc.T(none)
	}
	return t.loc.N("admin.rules.days", int64(n))
}

func (t teller) rounding(r programme.Rounding, unit string) string {
	return t.loc.T("admin.rules.rounding_is."+string(r.Mode), "unit", unit)
}

func (t teller) goods(g programme.Goods) string {
	if len(g.Categories)+len(g.Products) == 0 {
		return t.loc.T("admin.rules.nothing")
	}
	return strings.Join(slices.Concat(named(t.categories, g.Categories), named(t.products, g.Products)), ", ")
}

// differences are the facts that differ between two sets of rules.
func (t teller) differences(was, is *programme.Rules) (list []fieldChange) {
	before, after := t.facts(was), t.facts(is)
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
