package api

import (
	"time"

	"regulars/internal/base/money"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/pricing"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/surface/web"
)

// discountText says why a line is cheaper.
func (by *caller) discountText(d pricing.Discount, held *programme.Level) string {
	key, rate := "api.cause."+string(d.Cause), held.Discount
	if d.Day != "" {
		key += "_" + string(d.Day)
	}
	if d.Guarded {
		key += "_guarded"
	}
	if d.Rate > 0 {
		rate = d.Rate
	}
	return by.loc.T(key, "level", held.Name, "rate", rate)
}

// quoteTexts says what the cashier should tell, and what the slip of an
// offer would say.
func (by *caller) quoteTexts(q *receipt.Quote) texts {
	t := texts{Cashier: []string{}, Slip: []string{}}
	if q.Level.Code != "" {
		t.Cashier = append(t.Cashier, by.levelText(q))
	}
	if q.Label != "" {
		t.Cashier = append(t.Cashier, by.loc.T("api.text.label", "label", q.Label))
	}
	if q.Occasion != "" {
		t.Cashier = append(t.Cashier, by.loc.T("api.occasion."+string(q.Occasion)))
	}
	t.Cashier = append(t.Cashier, by.limitText(q))
	if q.Redeemed > 0 {
		paid := by.loc.T("api.text.paid", "points", by.loc.PointsText(q.Redeemed), "amount", by.loc.Money(q.PaidPoints, by.currency.Currency))
		t.Cashier = append(t.Cashier, paid)
		t.Slip = append(t.Slip, paid)
	}
	if q.Earned > 0 {
		earned := by.earnedText(q.Earned, by.now, q.AvailableAt, q.ExpiresAt)
		t.Cashier = append(t.Cashier, earned)
		t.Slip = append(t.Slip, earned)
	}
	switch {
	case q.Welcome > 0:
		welcome := by.loc.T("api.text.welcome", "points", by.loc.PointsText(q.Welcome))
		t.Cashier, t.Slip = append(t.Cashier, welcome), append(t.Slip, welcome)
	case q.WelcomeFrom > 0:
		t.Cashier = append(t.Cashier, by.loc.T("api.text.welcome_from", "amount", by.loc.Money(q.WelcomeFrom, by.currency.Currency), "points", by.loc.PointsText(q.Programme.Rules.Welcome.Points)))
	}
	if q.Programme != nil && q.Programme.Rules.MayForfeit(q.Level.Code) {
		t.Cashier = append(t.Cashier, by.loc.T("api.text.forfeit", "level", q.Level.Name))
	}
	if q.Over {
		t.Cashier = append(t.Cashier, by.loc.T("api.text.over"))
	}
	if q.Reaches != nil {
		reached := by.loc.T("api.text.reaches", "level", q.Reaches.Name)
		t.Cashier = append(t.Cashier, reached)
		t.Slip = append(t.Slip, reached)
	}
	return t
}

// limitText says how many points can pay and why not more.
func (by *caller) limitText(q *receipt.Quote) string {
	key := string(limitOf(q.Limit))
	if q.MaxRedeem == 0 {
		switch q.Limit {
		case pricing.LimitBalance:
			key = "empty"
		case pricing.LimitCap, pricing.LimitGoodsCap, pricing.LimitMax, pricing.LimitGuard, pricing.LimitStep:
			key = "goods"
		}
	}
	return by.loc.T("api.limit."+key, "points", by.loc.PointsText(q.MaxRedeem))
}

// levelText names the level and how far the next one is.
func (by *caller) levelText(q *receipt.Quote) string {
	if q.Next == nil {
		return by.loc.T("api.text.level", "level", q.Level.Name)
	}
	return by.loc.T("api.text.level_next", "level", q.Level.Name, "next", q.Next.Name,
		"amount", by.loc.Money(q.ToNext, by.currency.Currency))
}

// earnedText says what is earned, from when it can be spent and until when.
// The day that expires names is the last one: the time is its midnight.
func (by *caller) earnedText(earned money.Points, at, available, expires time.Time) string {
	key := "earned"
	if available.After(at.Add(time.Second)) { // not the time of sale itself, however it was rounded
		key += "_later"
	}
	if !expires.IsZero() {
		key += "_until"
	}
	zone := by.Store.Zone
	return by.loc.T("api.text."+key, "points", by.loc.PointsText(earned),
		"from", by.loc.Date(available, zone), "until", by.loc.Date(web.LastDay(expires), zone))
}

// slip is what a receipt says to its customer.
func (by *caller) slip(r *receipt.Receipt, held, reached programme.Level) []string {
	t := []string{}
	if r.Customer == 0 {
		return t
	}
	sale := r.Kind == receipt.KindSale
	say := func(key string, args ...any) { t = append(t, by.loc.T(key, args...)) }
	if held.Name != "" {
		say("api.text.level", "level", held.Name)
	}
	switch {
	case r.Redeemed > 0 && sale:
		say("api.text.paid", "points", by.loc.PointsText(r.Redeemed), "amount", by.loc.Money(r.PaidPoints, by.currency.Currency))
	case r.Redeemed > 0:
		say("api.text.given_back", "points", by.loc.PointsText(r.Redeemed))
	}
	switch {
	case r.Earned > 0 && sale:
		var available, expires time.Time
		if r.Details.AvailableAt != nil {
			available = *r.Details.AvailableAt
		}
		if r.Details.ExpiresAt != nil {
			expires = *r.Details.ExpiresAt
		}
		t = append(t, by.earnedText(r.Earned, r.SoldAt, available, expires))
	case r.Earned > 0:
		say("api.text.taken_back", "points", by.loc.PointsText(r.Earned))
	}
	switch welcome := r.Details.Welcome; {
	case welcome > 0 && sale:
		say("api.text.welcome", "points", by.loc.PointsText(welcome))
	case welcome > 0:
		say("api.text.welcome_back", "points", by.loc.PointsText(welcome))
	}
	if r.Withheld > 0 {
		say("api.text.withheld", "amount", by.loc.Money(r.Withheld, by.currency.Currency))
	}
	if reached.Name != "" {
		say("api.text.reaches", "level", reached.Name)
	}
	say("api.text.balance", "points", by.loc.PointsText(r.Balance))
	return t
}

// balanceTexts says what a customer has.
func (by *caller) balanceTexts(a *ledger.Account, q *receipt.Quote) texts {
	balance := by.loc.T("api.text.balance", "points", by.loc.PointsText(a.Available()))
	t := texts{Cashier: []string{balance}, Slip: []string{balance}}
	if first := a.PendingUntil(); !first.IsZero() {
		t.Cashier = append(t.Cashier, by.loc.T("api.text.pending", "points", by.loc.PointsText(a.Pending),
			"from", by.loc.Date(first, by.Store.Zone)))
	}
	if a.Debt > 0 {
		t.Cashier = append(t.Cashier, by.loc.T("api.text.debt", "points", by.loc.PointsText(a.Debt)))
	}
	if q.Level.Code != "" {
		level := by.levelText(q)
		t.Cashier, t.Slip = append(t.Cashier, level), append(t.Slip, level)
	}
	return t
}
