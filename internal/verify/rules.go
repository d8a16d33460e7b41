package verify

import (
	"slices"
	"strconv"
	"strings"
)

// rules checks a lot against the rules of its time.
func (r *replay) rules(l *kept) {
	a, where := r.a, at("lots", l.ID)
	if l.first == nil || a.unreadable {
		return
	}
	e := l.first
	u := r.of(e.Customer)
	switch e.Cause {
	case "earn":
		m := r.receipts[l.Receipt]
		if m == nil {
			return // said already
		}
		if v := a.versions[m.Version]; v != nil {
			r.dates(l, v, v.rules.Earn.DelayDays, v.rules.Earn.ExpiryDays)
		}
	case "welcome":
		if l.Receipt != 0 {
			r.welcomedBy(l)
			return
		}
		if u.welcomed++; u.welcomed > 1 || !u.born {
			a.off(LotRules, where, "cause", "one welcome bonus of a customer who registered here", strconv.Itoa(u.welcomed), "")
		}
		list := a.held(l.Programme, e.At-quoteSlack, e.At)
		if v := list[max(0, len(list)-1):]; len(list) == 0 || !slices.ContainsFunc(list, func(v *version) bool {
			return v.rules.Welcome.Points == l.Amount && !v.rules.Stopped && v.rules.Welcome.On == ""
		}) {
			want := "none: no rules held"
			if len(v) > 0 {
				want = a.show("amount", v[0].rules.Welcome.Points)
			}
			a.off(LotRules, where, "amount", want, a.show("amount", l.Amount), "the welcome bonus of the rules then")
			return
		}
		for i, v := range list {
			if v.rules.Welcome.Points == l.Amount && (i == len(list)-1 || r.fit(l, 0, v.rules.Welcome.ExpiryDays)) {
				r.dates(l, v, 0, v.rules.Welcome.ExpiryDays)
				return
			}
		}
	case "opening":
		i := slices.IndexFunc(r.p.openings, func(o anOpening) bool { return o.Lot == l.ID })
		if i < 0 {
			a.off(LotRules, where, "cause", "the opening balance of a system, each of which a customer has one of", "none that is noted", "")
			return
		}
		a.equal(LotRules, at("openings", r.p.openings[i].Customer, r.p.openings[i].Source), "points", l.Amount, r.p.openings[i].Points, "of lot "+a.show("", l.ID))
	}
}

// welcomedBy checks a welcome bonus that a purchase gave.
func (r *replay) welcomedBy(l *kept) {
	a, where, m := r.a, at("lots", l.ID), r.receipts[l.Receipt]
	if m == nil {
		return // said already
	}
	v := a.versions[m.Version]
	if v == nil || v.rules == nil {
		return // likewise
	}
	is := &v.rules.Welcome
	if v.rules.Stopped || is.On != "purchase" || m.Return || m.TierSpend < is.least() {
		a.off(LotRules, where, "receipt_id", "a purchase that the rules welcome", a.show("", l.Receipt), "")
		return
	}
	a.equal(LotRules, where, "amount", is.Points, l.Amount, "the welcome bonus of the rules then")
	r.dates(l, v, v.rules.Earn.DelayDays, is.ExpiryDays)
}

// least is what a first purchase comes to.
func (w *welcome) least() int64 { return max(1, w.From) }

// welcomes checks that a purchase says which bonus it gave, that its returns take that
// back where less is left of it than was needed, and that somebody who is no import has
// one that was not taken back, or of which the programme bears a part.
func (r *replay) welcomes() {
	a := r.a
	type sale struct{ left, back int64 }
	sales, given := map[int64]*sale{}, map[int64]int64{} // by receipt
	for _, l := range r.lots {
		if a.names.text(l.Cause) == "welcome" && l.Receipt != 0 {
			given[l.Receipt] = plus(given[l.Receipt], l.Amount)
		}
	}
	lost := map[int64]int64{} // by the programme, of what a sale gave
	for i := range r.p.entries {
		switch e := &r.p.entries[i]; "written_off" {
		case e.Source:
			lost[e.Sale] = plus(lost[e.Sale], e.Points)
		case e.Target:
			lost[e.Sale] = plus(lost[e.Sale], -e.Points)
		}
	}
	for i := range r.p.receipts {
		b := &r.p.receipts[i]
		of := sales[b.Sale]
		if of == nil {
			of = new(sale)
			sales[b.Sale] = of
		}
		if b.Return {
			of.left, of.back = plus(of.left, -b.TierSpend), plus(of.back, b.Welcome)
			continue
		}
		of.left = plus(of.left, b.TierSpend)
		a.equal(LotRules, at("receipts", b.ID), "details", given[b.ID], b.Welcome, "the welcome bonus that it gave")
	}
	for id, of := range sales {
		m := r.receipts[id]
		if m == nil || m.Return {
			continue
		}
		want := int64(0)
		if v := a.versions[m.Version]; m.Welcome > 0 && v != nil && v.rules != nil && of.left < v.rules.Welcome.least() {
			want = m.Welcome
		}
		a.equal(LotRules, at("receipts", id), "details", want, of.back, "what its returns say they took back of the welcome bonus")
		if m.Welcome == 0 || of.back > 0 && lost[id] <= 0 {
			continue
		}
		if u := r.of(m.Recorded); len(r.own) == 1 {
			if u.welcomed++; u.welcomed > 1 || !u.born {
				a.off(LotRules, at("receipts", id), "details", "one welcome bonus of a customer who registered here", strconv.FormatInt(int64(u.welcomed), 10), "")
			}
		}
	}
}

// lost tells whether a level was lost when an entry took points of a lot, by rules of its
// programme that take them with it.
func (r *replay) lost(e *entry, l *kept) bool {
	a := r.a
	if a.unreadable {
		return true
	}
	for i := range r.p.events {
		ev := &r.p.events[i]
		if a.names.text(ev.Kind) != "tier.changed" || ev.Customer != e.Customer || ev.At != e.At || ev.Ref != 0 && ev.Ref != l.Programme {
			continue // once, events did not name the programme
		}
		was, is, _ := strings.Cut(a.names.text(ev.Value), " ")
		for _, v := range a.held(l.Programme, e.At-reviewSlack, e.At) {
			if v.rules.Downgrade.Forfeit && v.rules.level(is) < v.rules.level(was) {
				return true
			}
		}
	}
	return false
}

// openings counts a customer's opening balances for the imports that brought them.
func (r *replay) openings() {
	a := r.a
	for i := range r.p.openings {
		o := &r.p.openings[i]
		where := at("openings", o.Customer, o.Source)
		a.brought.points[o.Import] = plus(a.brought.points[o.Import], o.Points)
		if source, ok := a.importsOf[o.Import]; !ok || source != o.Source {
			a.off(Reference, where, "import_id", "an import of the source", a.show("", o.Import), "")
		}
		if l := r.lots[o.Lot]; l == nil || a.names.text(l.Cause) != "opening" {
			a.off(LotRules, where, "lot_id", "a lot of the customer that is an opening balance", a.show("", o.Lot), "")
		}
	}
}

// dates checks when a lot becomes available and expires.
func (r *replay) dates(l *kept, v *version, delay, expiry int) {
	if r.fit(l, delay, expiry) {
		return
	}
	a, where := r.a, at("lots", l.ID)
	available, expires := a.dates(0, l.EarnedAt, delay, expiry)
	if l.AvailableAt != available {
		a.off(LotRules, where, "available_at", a.show("at", available), a.show("at", l.AvailableAt), "by version "+a.show("", v.id)+", or midnight in another store's zone")
	}
	if l.ExpiresAt != expires {
		a.off(LotRules, where, "expires_at", a.show("at", expires), a.show("at", l.ExpiresAt), "by version "+a.show("", v.id)+", or midnight in another store's zone")
	}
}

// fit tells whether a lot's dates are those of some store's zone. Points that
// went back to a lot may have given it days of grace.
func (r *replay) fit(l *kept, delay, expiry int) bool {
	for zone := range r.a.calendar.zones {
		available, expires := r.a.dates(zone, l.EarnedAt, delay, expiry)
		if l.AvailableAt == available && (l.ExpiresAt == expires || expires != 0 && r.grace(l)) {
			return true
		}
	}
	return false
}

func (r *replay) grace(l *kept) bool {
	for _, e := range l.back {
		m := r.receipts[e.Receipt]
		if m == nil {
			continue
		}
		v := r.a.versions[m.Version]
		if v == nil || v.rules.Return.GraceDays == 0 {
			continue
		}
		for zone := range r.a.calendar.zones {
			if r.a.calendar.midnight(zone, e.At, v.rules.Return.GraceDays) == l.ExpiresAt {
				return true
			}
		}
	}
	return false
}

// dates are when points that are earned at a time become available and
// expire; 0: never.
func (a *audit) dates(zone int, earned int64, delay, expiry int) (available, expires int64) {
	if len(a.calendar.zones) == 0 {
		return earned, 0
	}
	available = earned
	if delay > 0 {
		available = a.calendar.midnight(zone, earned, delay)
	}
	if expiry > 0 {
		expires = a.calendar.midnight(zone, earned, delay+expiry)
	}
	return available, expires
}
