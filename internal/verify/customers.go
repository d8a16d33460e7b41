package verify

import (
	"cmp"
	"maps"
	"slices"
	"strconv"

	"regulars/internal/base/db"
)

// account is a row of accounts.
type account struct {
	Customer, Active, Pending, Debt              int64
	Receipts, Spend, FirstSold, LastSold, IdleAt int64
	Versions                                     int64
}

// lot is a row of lots.
type lot struct {
	Customer, ID, Programme, Entity, Receipt int64
	Cause, State                             int64 // numbers of names
	Amount, Remaining, Expired               int64
	EarnedAt, AvailableAt, ExpiresAt         int64
}

// entry is a row of entries.
type entry struct {
	Customer, ID, Points                     int64
	Lot, Receipt, Sale, Entity, Store, Staff int64
	Place                                    int64 // whose store it was; 0: the entity's, or none
	At, RecordedAt                           int64
	Source, Target, Cause                    string
}

// tier is a row of tiers.
type tier struct {
	Customer, Programme, Since, ReviewAt, LostAt, FloorUntil int64
	Level, Floor                                             string
}

// anOpening is a row of openings.
type anOpening struct{ Customer, Source, Import, Lot, Points int64 }

func (a *audit) openingPages() *pages[anOpening] {
	return &pages[anOpening]{
		a: a, table: "openings", after: []any{first, first}, key: func(o *anOpening) []any { return []any{o.Customer, o.Source} },
		text: `SELECT customer_id, source_id, import_id, lot_id, points
		         FROM openings WHERE (customer_id, source_id) > ($1, $2) ORDER BY customer_id, source_id LIMIT $3`,
		scan: func(r *db.Rows, o *anOpening) error {
			return r.Scan(&o.Customer, &o.Source, &o.Import, &o.Lot, &o.Points)
		},
	}
}

// lots spools the lots by customer, in which order no index has them all.
func (a *audit) lots() {
	a.lotRows = newSpool(a, func(x, y *lot) int { return cmp.Or(cmp.Compare(x.Customer, y.Customer), cmp.Compare(x.ID, y.ID)) })
	a.scan("lots", func(r *db.Rows) error {
		var (
			l            lot
			cause, state string
		)
		err := r.Scan(&l.Customer, &l.ID, &l.Programme, &l.Entity, &cause, &l.Receipt, &l.Amount, &l.Remaining, &l.Expired, &state,
			&l.EarnedAt, &l.AvailableAt, &l.ExpiresAt)
		l.Cause, l.State = a.names.number(cause), a.names.number(state)
		a.lotRows.add(l)
		return err
	}, `SELECT customer_id, id, programme_id, entity_id, cause, COALESCE(receipt_id, 0), amount, remaining, expired, state,
	           earned_at, available_at, COALESCE(expires_at, 0) FROM lots`)
}

func (a *audit) accountPages() *pages[account] {
	return &pages[account]{
		a: a, table: "accounts", after: []any{first}, key: func(x *account) []any { return []any{x.Customer} },
		text: `SELECT customer_id, active, pending, debt, receipts, spend, COALESCE(first_sold_at, 0), COALESCE(last_sold_at, 0), COALESCE(idle_at, 0), version
		         FROM accounts WHERE customer_id > $1 ORDER BY customer_id LIMIT $2`,
		scan: func(r *db.Rows, x *account) error {
			return r.Scan(&x.Customer, &x.Active, &x.Pending, &x.Debt, &x.Receipts, &x.Spend, &x.FirstSold, &x.LastSold, &x.IdleAt, &x.Versions)
		},
	}
}

func (a *audit) entryPages() *pages[entry] {
	return &pages[entry]{
		a: a, table: "entries", after: []any{first, first}, key: func(e *entry) []any { return []any{e.Customer, e.ID} },
		text: `SELECT customer_id, id, points, COALESCE(lot_id, 0), COALESCE(receipt_id, 0), COALESCE(sale_id, 0), entity_id,
		              COALESCE(store_id, 0), COALESCE(staff_id, 0), COALESCE(at_entity_id, 0), at, recorded_at, source, target, cause
		         FROM entries WHERE (customer_id, id) > ($1, $2) ORDER BY customer_id, id LIMIT $3`,
		scan: func(r *db.Rows, e *entry) error {
			return r.Scan(&e.Customer, &e.ID, &e.Points, &e.Lot, &e.Receipt, &e.Sale, &e.Entity,
				&e.Store, &e.Staff, &e.Place, &e.At, &e.RecordedAt, &e.Source, &e.Target, &e.Cause)
		},
	}
}

func (a *audit) tierPages() *pages[tier] {
	return &pages[tier]{
		a: a, table: "tiers", after: []any{first, first}, key: func(x *tier) []any { return []any{x.Customer, x.Programme} },
		text: `SELECT customer_id, programme_id, since, COALESCE(review_at, 0), COALESCE(lost_at, 0), COALESCE(floor_until, 0), level, floor
		         FROM tiers WHERE (customer_id, programme_id) > ($1, $2) ORDER BY customer_id, programme_id LIMIT $3`,
		scan: func(r *db.Rows, x *tier) error {
			return r.Scan(&x.Customer, &x.Programme, &x.Since, &x.ReviewAt, &x.LostAt, &x.FloorUntil, &x.Level, &x.Floor)
		},
	}
}

// person is everything that is kept of one customer.
type person struct {
	id       int64
	profiles []profile // one, or none
	accounts []account
	lots     []lot
	receipts []bought
	entries  []entry
	tiers    []tier
	openings []anOpening
	holds    []hold
	days     []occasion
	events   []customerEvent
	adjusted []adjustment
	attached []attachment
}

// customers goes through all customers with what they bought and have.
func (a *audit) customers() {
	profiles, accounts, entries, tiers, openings := a.customerPages(), a.accountPages(), a.entryPages(), a.tierPages(), a.openingPages()
	lots, receipts, events := a.lotRows.sorted(), a.bought.sorted(), a.customerEvents.sorted()
	adjusted, attached := a.adjusted.sorted(), a.attachments.sorted()
	holds, days := a.holdRows.sorted(), a.occasionRows.sorted()
	a.brought.customers, a.brought.points = map[int64]int64{}, map[int64]int64{}
	var p person
	for a.err == nil {
		p.id = min(
			leading(profiles, func(x *profile) int64 { return x.ID }), leading(accounts, func(x *account) int64 { return x.Customer }),
			leading(entries, func(e *entry) int64 { return e.Customer }), leading(tiers, func(x *tier) int64 { return x.Customer }),
			leading(lots, func(l *lot) int64 { return l.Customer }), leading(receipts, func(b *bought) int64 { return b.Customer }),
			leading(events, func(e *customerEvent) int64 { return e.Customer }), leading(adjusted, func(l *adjustment) int64 { return l.Customer }),
			leading(openings, func(o *anOpening) int64 { return o.Customer }), leading(attached, func(x *attachment) int64 { return x.Customer }),
			leading(holds, func(x *hold) int64 { return x.Customer }), leading(days, func(x *occasion) int64 { return x.Customer }),
		)
		if p.id == last || a.err != nil {
			break
		}
		p.profiles = collect(profiles, p.profiles, func(x *profile) bool { return x.ID == p.id })
		p.accounts = collect(accounts, p.accounts, func(x *account) bool { return x.Customer == p.id })
		p.entries = collect(entries, p.entries, func(e *entry) bool { return e.Customer == p.id })
		p.tiers = collect(tiers, p.tiers, func(x *tier) bool { return x.Customer == p.id })
		p.openings = collect(openings, p.openings, func(o *anOpening) bool { return o.Customer == p.id })
		p.lots = collect(lots, p.lots, func(l *lot) bool { return l.Customer == p.id })
		p.receipts = collect(receipts, p.receipts, func(b *bought) bool { return b.Customer == p.id })
		p.events = collect(events, p.events, func(e *customerEvent) bool { return e.Customer == p.id })
		p.adjusted = collect(adjusted, p.adjusted, func(l *adjustment) bool { return l.Customer == p.id })
		p.holds = collect(holds, p.holds, func(x *hold) bool { return x.Customer == p.id })
		p.days = collect(days, p.days, func(x *occasion) bool { return x.Customer == p.id })
		p.attached = collect(attached, p.attached, func(x *attachment) bool { return x.Customer == p.id })
		if a.err == nil {
			a.meet(&p)
		}
	}
	a.mergesEnd()
	for _, origin := range slices.Sorted(maps.Keys(a.people)) {
		for _, b := range a.people[origin] {
			a.equal(Profile, at("events", b.event), "body", 0, b.sum, "customers that it tells of and that are not there, from "+a.show("", b.first)+" to "+a.show("", b.last))
		}
	}
	for _, b := range a.openings {
		a.equal(EntryEvent, at("events", b.event), "points", 0, b.sum, "what it tells of and no opening balance from "+a.show("", b.first)+" to "+a.show("", b.last)+" brought")
	}
	a.fail(a.lotRows.close())
	a.fail(a.bought.close())
	a.fail(a.customerEvents.close())
	a.fail(a.adjusted.close())
	a.fail(a.attachments.close())
	a.fail(a.holdRows.close())
	a.fail(a.occasionRows.close())
}

// leading is the customer of a stream's next row; last: there is none.
func leading[T any](s stream[T], of func(*T) int64) int64 {
	if row := s.peek(); row != nil {
		return of(row)
	}
	return last
}

// meet takes a customer in: at once, or with the others of the circle.
func (a *audit) meet(p *person) {
	if len(p.profiles) == 0 {
		a.nobody(p)
		return
	}
	a.person(p)
	of := a.circles.of[p.id]
	if of == 0 {
		a.levels(p, nil)
		a.ledger(p)
		a.tiersOf(p)
		a.mergedInto(&p.profiles[0], 0)
		return
	}
	met := append(a.circles.met[of], person{
		id: p.id, profiles: slices.Clone(p.profiles), accounts: slices.Clone(p.accounts), lots: slices.Clone(p.lots), receipts: slices.Clone(p.receipts),
		entries: slices.Clone(p.entries), tiers: slices.Clone(p.tiers), holds: slices.Clone(p.holds), days: slices.Clone(p.days), openings: slices.Clone(p.openings), events: slices.Clone(p.events),
	})
	if a.circles.met[of] = met; len(met) == a.circles.size[of] {
		a.together(of, met)
		delete(a.circles.met, of)
	}
}

// person checks what a customer alone explains.
func (a *audit) person(p *person) {
	where := at("accounts", p.id)
	if len(p.accounts) == 0 {
		a.off(AccountMissing, where, "", "an account", "none", "of customer "+strconv.FormatInt(p.id, 10))
		p.accounts = append(p.accounts, account{Customer: p.id})
	}
	a.profile(&p.profiles[0], p.events)
	a.attachedTo(p)
	a.purchases(p, where)
	a.byHand(p)
}

// nobody names the rows of a customer that there is not.
func (a *audit) nobody(p *person) {
	say := func(where row) {
		a.off(Reference, where, "customer_id", "a customer", a.show("", p.id), "there is no such customer")
	}
	for range p.accounts {
		a.off(AccountMissing, at("accounts", p.id), "customer_id", "a customer", a.show("", p.id), "there is no such customer")
	}
	for i := range p.lots {
		say(at("lots", p.lots[i].ID))
	}
	for i := range p.receipts {
		say(at("receipts", p.receipts[i].ID))
	}
	for i := range p.entries {
		say(at("entries", p.entries[i].ID))
	}
	for i := range p.tiers {
		say(at("tiers", p.id, p.tiers[i].Programme))
	}
	for i := range p.openings {
		say(at("openings", p.id, p.openings[i].Source))
	}
	for i := range p.events {
		say(at("events", p.events[i].Event))
	}
	for i := range p.adjusted {
		say(at("audit", p.adjusted[i].ID))
	}
}

// purchases counts what a customer bought.
func (a *audit) purchases(p *person, where row) {
	var want account
	for i := range p.receipts {
		r := &p.receipts[i]
		if r.Return {
			want.Spend = plus(want.Spend, -r.TierSpend)
			continue
		}
		want.Receipts++
		want.Spend = plus(want.Spend, r.TierSpend)
		if want.FirstSold == 0 || r.SoldAt < want.FirstSold {
			want.FirstSold = r.SoldAt
		}
		if want.LastSold == 0 || r.SoldAt > want.LastSold {
			want.LastSold = r.SoldAt
		}
	}
	has := &p.accounts[0]
	a.equal(AccountPurchases, where, "receipts", want.Receipts, has.Receipts, "sales")
	a.equal(AccountPurchases, where, "spend", want.Spend, has.Spend, "of all receipts")
	a.equal(AccountPurchases, where, "first_sold_at", want.FirstSold, has.FirstSold, "")
	a.equal(AccountPurchases, where, "last_sold_at", want.LastSold, has.LastSold, "")
}

// tiersOf checks a customer's tiers, and that the log told of those reached.
func (a *audit) tiersOf(p *person) {
	for i := range p.tiers {
		t := &p.tiers[i]
		where := at("tiers", t.Customer, t.Programme)
		codes, known := a.codes[t.Programme]
		if !known {
			a.off(Reference, where, "programme_id", "a programme with versions", a.show("", t.Programme), "")
			continue
		}
		if !slices.Contains(codes, t.Level) {
			a.off(TierLevel, where, "level", "a level of the programme", t.Level, "")
		}
		if t.LostAt != 0 && (t.ReviewAt <= t.LostAt || !a.graceful(t.Programme)) {
			a.off(TierLevel, where, "lost_at", "nothing, or a midnight before the grace ends", a.show("at", t.LostAt), "a level is held for the grace of the programme")
		}
	}
	for i := range p.receipts {
		a.tierReached(p, &p.receipts[i])
	}
}

// graceful tells whether some version of a programme holds lost levels for a
// while.
func (a *audit) graceful(programme int64) bool {
	return a.unreadable || slices.ContainsFunc(a.published[programme], func(v *version) bool { return v.rules.Downgrade.GraceDays > 0 })
}

func (a *audit) tierReached(p *person, r *bought) {
	reached := a.names.text(r.Reached)
	n := 0
	for i := range p.events {
		e := &p.events[i]
		if e.Ref != r.ID || a.names.text(e.Kind) != "tier.reached" {
			continue
		}
		n++
		if e.Value != r.Reached {
			a.off(ReceiptEvent, at("events", e.Event), "body", reached, a.names.text(e.Value), "the level that the receipt reached")
		}
		a.equal(ReceiptEvent, at("events", e.Event), "at", r.SoldAt, e.At, "")
	}
	if reached == "" || n == 1 {
		return
	}
	a.off(ReceiptEvent, at("receipts", r.ID), "details", "one event tier.reached", strconv.Itoa(n), "it reached level "+reached)
}
