package verify

import (
	"cmp"
	"slices"
	"strconv"

	"regulars/internal/base/db"
)

// hold is a row of holds, with what its lots come to.
type hold struct {
	Customer, ID, Points, Lots, Strange int64 // Strange: lots of somebody else
	State                               int64 // a name's number
	MadeAt, LapsesAt, EndedAt, Receipt  int64
	Card                                bool
}

// occasion is a bonus given for a customer's day.
type occasion struct{ Customer, Programme, Day, Year, At int64 }

// holds spools the holds and the bonuses for days by customer.
func (a *audit) holds() {
	a.holdRows = newSpool(a, func(x, y *hold) int { return cmp.Or(cmp.Compare(x.Customer, y.Customer), cmp.Compare(x.ID, y.ID)) })
	a.heldWith = map[int64]heldWith{}
	a.scan("holds", func(r *db.Rows) error {
		var (
			h     hold
			state string
			till  int64
		)
		err := r.Scan(&h.Customer, &h.ID, &h.Points, &state, &h.MadeAt, &h.LapsesAt, &h.EndedAt, &h.Receipt, &h.Card, &till, &h.Lots, &h.Strange)
		h.State = a.names.number(state)
		if h.Card && h.Receipt != 0 {
			a.heldWith[h.Receipt] = heldWith{till, h.Points}
		}
		a.holdRows.add(h)
		return err
	}, `SELECT h.customer_id, h.id, h.points, h.state, h.made_at, h.lapses_at, COALESCE(h.ended_at, 0), COALESCE(h.receipt_id, 0), h.card, h.till_id,
	           CAST(COALESCE(SUM(hl.points), 0) AS BIGINT), COUNT(CASE WHEN l.customer_id <> h.customer_id THEN 1 END)
	      FROM holds h LEFT JOIN hold_lots hl ON hl.hold_id = h.id LEFT JOIN lots l ON l.id = hl.lot_id
	     GROUP BY h.customer_id, h.id, h.points, h.state, h.made_at, h.lapses_at, h.ended_at, h.receipt_id, h.card, h.till_id`)
	a.occasionRows = newSpool(a, func(x, y *occasion) int { return cmp.Or(cmp.Compare(x.Customer, y.Customer), cmp.Compare(x.At, y.At)) })
	a.scan("occasions", func(r *db.Rows) error {
		var (
			o   occasion
			day string
		)
		err := r.Scan(&o.Customer, &o.Programme, &day, &o.Year, &o.At)
		o.Day = a.names.number(day)
		a.occasionRows.add(o)
		return err
	}, `SELECT customer_id, programme_id, day, year, at FROM occasions`)
}

// held checks a customer's holds against their lots, the receipts that redeemed
// them, and the log.
func (r *replay) held() {
	for i := range r.p.holds {
		h := &r.p.holds[i]
		a, where, state := r.a, at("holds", h.ID), r.a.names.text(h.State)
		a.minted(Hold, where, h.ID, h.MadeAt)
		a.equal(Hold, where, "points", h.Lots, h.Points, "what its lots come to")
		if len(r.own) == 1 { // lots go with merges
			a.equal(Hold, where, "customer_id", 0, h.Strange, "lots of somebody else")
		}
		if h.LapsesAt <= h.MadeAt {
			a.off(Hold, where, "lapses_at", "after "+a.show("at", h.MadeAt), a.show("at", h.LapsesAt), "when it was made")
		}
		if (state == "open") != (h.EndedAt == 0) {
			a.off(Hold, where, "ended_at", "", a.show("at", h.EndedAt), "it is "+state)
		}
		if (state == "redeemed") != (h.Receipt != 0) || h.Receipt != 0 && r.receipts[h.Receipt] == nil {
			a.off(Hold, where, "receipt_id", "the customer's receipt where one redeemed it", a.show("", h.Receipt), "it is "+state)
		}
		r.holdTold(h, where, state)
	}
}

// holdTold checks that the log tells of a hold and of its end.
func (r *replay) holdTold(h *hold, where row, state string) {
	a, made, ended := r.a, 0, 0
	for j := range r.p.events {
		e := &r.p.events[j]
		if e.Ref != h.ID {
			continue
		}
		switch a.names.text(e.Kind) {
		case "points.held":
			made++
			a.equal(Hold, where, "points", e.Value, h.Points, "what the log says")
			a.equal(Hold, where, "lapses_at", e.Until, h.LapsesAt, "what the log says")
			a.equal(Hold, where, "made_at", e.At, h.MadeAt, "what the log says")
			if e.Card != h.Card {
				a.off(Hold, where, "card", strconv.FormatBool(e.Card), strconv.FormatBool(h.Card), "what the log says")
			}
		case "points.released":
			ended++
			a.equal(Hold, where, "ended_at", e.At, h.EndedAt, "what the log says")
			if e.Value != h.State {
				a.off(Hold, where, "state", a.names.text(e.Value), state, "what the log says")
			}
		}
	}
	if made != 1 || (ended == 1) == (state == "open") || ended > 1 {
		a.off(Hold, where, "", "one event points.held, and one points.released when it has ended", strconv.Itoa(made)+" and "+strconv.Itoa(ended), "")
	}
}

// heldBefore tells whether a receipt redeemed points that were held since before a
// time.
func (r *replay) heldBefore(receipt, at int64) bool {
	return slices.ContainsFunc(r.p.holds, func(h hold) bool { return h.Receipt == receipt && receipt != 0 && h.MadeAt < at })
}

// celebrated checks that each bonus for a day is a lot, and each such lot a bonus.
func (r *replay) celebrated() {
	a, given := r.a, map[int64]bool{}
	for i := range r.p.days {
		o := &r.p.days[i]
		where := at("occasions", o.Customer, o.Programme)
		var of *kept
		for _, l := range r.lots {
			if a.names.text(l.Cause) != "occasion" || l.Programme != o.Programme || l.EarnedAt != o.At {
				continue
			}
			if of = l; l.first == nil || l.first.Customer == o.Customer {
				given[of.ID] = true
				break
			}
		}
		if of == nil { // another's counts since they were merged
			a.off(LotRules, where, "at", "a lot that was given then", "none", "")
			continue
		}
		if !r.dayOf(o, of) {
			a.off(LotRules, where, "day", "an occasion of the rules then, its points and its last day", a.names.text(o.Day), "lot "+a.show("", of.ID))
		}
	}
	for _, l := range r.lots {
		if a.names.text(l.Cause) == "occasion" && !given[l.ID] {
			a.off(LotRules, at("lots", l.ID), "cause", "a day that it was given for", "none", "")
		}
	}
}

// dayOf tells whether a lot is what the rules gave for a day then, until a midnight
// after it. The birthday may be another one by now.
func (r *replay) dayOf(o *occasion, l *kept) bool {
	a := r.a
	if a.unreadable {
		return true
	}
	for _, v := range a.held(o.Programme, o.At-quoteSlack, o.At) {
		for _, rule := range v.rules.Occasions {
			if rule.On != a.names.text(o.Day) || rule.Points != l.Amount || v.rules.Stopped {
				continue
			}
			for zone := range a.calendar.zones {
				year, last := a.calendar.year(zone, o.At), a.calendar.midnight(zone, o.At, int(rule.Before+rule.After)+1)
				within := l.ExpiresAt > o.At && l.ExpiresAt <= last && a.calendar.midnight(zone, l.ExpiresAt, 0) == l.ExpiresAt
				if o.Year >= year-1 && o.Year <= year+1 && (within || r.grace(l)) {
					return true
				}
			}
		}
	}
	return false
}

// anchored tells whether a midnight is when a whole account expires: so many days
// after a purchase, the registration, an opening balance, or the day from which such
// rules held.
func (r *replay) anchored(midnight int64) bool {
	a := r.a
	if a.unreadable {
		return true
	}
	for _, list := range a.published {
		for _, v := range list {
			days := int(v.rules.IdleDays)
			if days == 0 {
				continue
			}
			for zone := range a.calendar.zones {
				if a.calendar.midnight(zone, midnight, 0) != midnight {
					continue
				}
				from, to := a.calendar.midnight(zone, midnight, -days), a.calendar.midnight(zone, midnight, 1-days)
				within := func(t int64) bool { return from <= t && t < to }
				if slices.ContainsFunc(r.p.profiles, func(p profile) bool { return within(p.RegisteredAt) }) || within(v.starts) || slices.ContainsFunc(r.p.receipts, func(b bought) bool { return !b.Return && within(b.SoldAt) }) ||
					slices.ContainsFunc(r.p.entries, func(e entry) bool { return e.Cause == "opening" && within(e.At) }) {
					return true
				}
			}
		}
	}
	return false
}
