package verify

import (
	"slices"
	"sort"
	"strconv"
	"strings"

	"regulars/internal/base/money"
)

// accountNames are the accounts that entries move points between.
var accountNames = []string{"pending", "active", "debt", "issued", "redeemed", "expired", "adjusted", "written_off", "refund"}

type movement struct{ source, target string }

// movements are what each cause may move.
var movements = map[string][]movement{
	"earn":     {{"issued", "pending"}, {"issued", "active"}},
	"welcome":  {{"issued", "pending"}, {"issued", "active"}},
	"occasion": {{"issued", "pending"}, {"issued", "active"}},
	"opening":  {{"issued", "pending"}, {"issued", "active"}},
	"manual":   {{"adjusted", "pending"}, {"adjusted", "active"}, {"active", "adjusted"}, {"pending", "adjusted"}},
	"redeem":   {{"active", "redeemed"}},
	"activate": {{"pending", "active"}},
	"expire":   {{"active", "expired"}},
	"forfeit":  {{"active", "expired"}},
	"repay":    {{"pending", "debt"}, {"active", "debt"}},
	"merge":    {{"issued", "pending"}, {"issued", "active"}, {"pending", "issued"}, {"active", "issued"}, {"issued", "debt"}, {"debt", "issued"}},
	"return": {
		{"redeemed", "active"}, {"pending", "issued"}, {"active", "issued"}, {"expired", "issued"}, {"debt", "issued"},
		{"debt", "refund"}, {"debt", "written_off"}, {"refund", "issued"}, {"written_off", "issued"},
		{"active", "written_off"}, {"refund", "written_off"}, {"written_off", "refund"},
	},
}

// gives tells whether the entry makes a lot.
func (e *entry) gives() bool {
	return e.Cause != "merge" && (e.Source == "issued" || e.Source == "adjusted") && (e.Target == "active" || e.Target == "pending")
}

// into is how much the entry adds to an account.
func (e *entry) into(account string) int64 {
	switch account {
	case e.Target:
		return e.Points
	case e.Source:
		return -e.Points
	}
	return 0
}

// ofLot says why an entry names the sale that earned its lot and not that of
// its receipt; "": it does not.
func (e *entry) ofLot() string {
	switch {
	case e.Receipt == 0 && e.Cause == "repay":
		return "the sale that earned what repaid a debt when it expired, or went with a level"
	case e.Cause == "return" && e.Source == "active" && e.Target == "written_off":
		return "the sale whose loss is made up for"
	}
	return ""
}

// inLot is how much the entry adds to its lot.
func (e *entry) inLot() int64 { return e.into("pending") + e.into("active") }

// replay is the entries of one customer, or of a circle, as they are gone through.
type replay struct {
	a *audit
	p *person

	own       []*purse
	lots      map[int64]*kept // by id
	receipts  map[int64]*moved
	overdrawn map[string]bool // said already
}

// purse is one customer's part of a replay.
type purse struct {
	is        *account
	born      bool    // here, not brought by an import
	origin    int64   // the import otherwise
	has       account // what the entries so far left: Active, Pending, Debt
	entries   []*entry
	available []int64 // before each entry, and after the last
	welcomed  int     // welcome bonuses
}

// of is a customer's part; there is always one, for entries are read by customer.
func (r *replay) of(customer int64) *purse {
	for _, u := range r.own {
		if u.is.Customer == customer {
			return u
		}
	}
	return r.own[0]
}

// kept is a lot as it is replayed.
type kept struct {
	*lot
	began            bool
	pending, active  int64
	expired, excused int64
	first            *entry   // that made it
	last             *entry   // that expired
	restored         bool     // a return gave something back
	back             []*entry // that gave it
	paid             map[int64]int64
}

// moved is a receipt with what its entries moved.
type moved struct {
	*bought
	redeemed, earned int64
	refund           int64 // points that it made the refund bear
	lot              *kept // what it earned
	after            int   // entries up to its last
}

// ledger replays a customer's entries.
func (a *audit) ledger(p *person) {
	r := &replay{
		a: a, p: p, lots: map[int64]*kept{}, receipts: map[int64]*moved{}, overdrawn: map[string]bool{},
	}
	for i := range p.accounts {
		u := &purse{is: &p.accounts[i], available: []int64{0}}
		for j := range p.profiles {
			if p.profiles[j].ID == u.is.Customer {
				u.origin = p.profiles[j].Origin
			}
		}
		u.born = u.origin == 0
		r.own = append(r.own, u)
	}
	for i := range p.lots {
		r.lots[p.lots[i].ID] = &kept{lot: &p.lots[i], paid: map[int64]int64{}}
	}
	for i := range p.receipts {
		b := &p.receipts[i]
		r.receipts[b.ID] = &moved{bought: b}
	}
	for i := range p.entries {
		e := &p.entries[i]
		u := r.of(e.Customer)
		u.entries = append(u.entries, e)
	}
	for _, m := range r.receipts {
		u := r.of(m.Recorded)
		m.after = sort.Search(len(u.entries), func(j int) bool { return u.entries[j].ID > m.ID })
	}
	for i := range p.entries {
		r.entry(i)
	}
	for _, u := range r.own {
		r.account(u)
	}
	for i := range p.lots {
		r.lot(r.lots[p.lots[i].ID])
	}
	for i := range p.receipts {
		r.receipt(r.receipts[p.receipts[i].ID])
	}
	r.withheld()
	r.welcomes()
	r.held()
	r.celebrated()
	r.openings()
	r.told()
}

// entry takes one entry in.
func (r *replay) entry(i int) {
	a, e := r.a, &r.p.entries[i]
	where := at("entries", e.ID)
	if !slices.Contains(movements[e.Cause], movement{e.Source, e.Target}) {
		a.off(EntryMovement, where, "cause", "", e.Cause, "moves from "+e.Source+" to "+e.Target)
	}
	a.minted(EntryTime, where, e.ID, e.RecordedAt)
	u := r.of(e.Customer)
	r.points(u, e)
	r.belongs(i, u, where)
	if e.Lot != 0 {
		if l := r.lots[e.Lot]; l != nil {
			r.inLot(i, l, where)
		} else {
			a.off(EntryLot, where, "lot_id", "a lot of the customer", a.show("", e.Lot), "")
		}
	} else if e.inLot() != 0 {
		a.off(EntryLot, where, "lot_id", "a lot", "none", "points are in lots")
	}
	u.available = append(u.available, max(0, u.has.Active-u.has.Debt))
	for _, name := range []string{"active", "pending", "debt"} {
		held := map[string]int64{"active": u.has.Active, "pending": u.has.Pending, "debt": u.has.Debt}[name]
		if held < 0 && !r.overdrawn[name] && r.certain(i, e.ID) {
			r.overdrawn[name] = true
			a.off(Overdrawn, where, "points", "0 or more "+name, a.show("points", held), "what customer "+strconv.FormatInt(e.Customer, 10)+" had after it")
		}
	}
}

// points counts an entry in the customer's balances and in everybody's.
func (r *replay) points(u *purse, e *entry) {
	r.a.points[e.Source] = money.Points(plus(int64(r.a.points[e.Source]), -e.Points))
	r.a.points[e.Target] = money.Points(plus(int64(r.a.points[e.Target]), e.Points))
	u.has.Active = plus(u.has.Active, e.into("active"))
	u.has.Pending = plus(u.has.Pending, e.into("pending"))
	u.has.Debt = plus(u.has.Debt, -e.into("debt"))
}

// certain reports whether the entries before i were certainly written before
// what has the id, and the others after.
func (r *replay) certain(i int, id int64) bool {
	return certain(r.p.entries, func(e *entry) int64 { return e.ID }, i, id)
}

// belongs checks what an entry points at.
func (r *replay) belongs(i int, u *purse, where row) {
	a, e := r.a, &r.p.entries[i]
	if e.Staff != 0 && a.staff[e.Staff] == nil {
		a.off(Reference, where, "staff_id", "somebody of the staff", a.show("", e.Staff), "there is nobody of that id")
	}
	if s, ok := a.stores[e.Store]; e.Store != 0 && !ok {
		a.off(Reference, where, "store_id", "a store", a.show("", e.Store), "there is no such store")
	} else if ok && e.Lot == 0 && !s.ownedBy(e.Entity, e.RecordedAt) {
		a.off(EntryLot, where, "entity_id", "the store's, for it has no lot", a.show("", e.Entity), "")
	}
	switch s, ok := a.stores[e.Store]; {
	case ok && e.Place == 0:
		if !s.ownedBy(e.Entity, e.RecordedAt) {
			a.off(EntryLot, where, "at_entity_id", "whose the store was", "none", "")
		}
	case ok:
		if !s.ownedBy(e.Place, e.RecordedAt) {
			a.off(EntryLot, where, "at_entity_id", "whose the store was", a.show("", e.Place), "")
		}
	default:
		a.equal(EntryLot, where, "at_entity_id", 0, e.Place, "it is of no store")
	}
	if e.Receipt == 0 {
		if e.ofLot() == "" {
			a.equal(EntryReceipt, where, "sale_id", 0, e.Sale, "it is of no receipt")
		}
		return
	}
	m := r.receipts[e.Receipt]
	if m == nil || m.Recorded != e.Customer {
		a.off(EntryReceipt, where, "receipt_id", "a receipt of the customer", a.show("", e.Receipt), "")
		return
	}
	if m.Imported {
		a.off(Imported, where, "receipt_id", "none", a.show("", e.Receipt), "imported receipts move no points")
	}
	if e.ofLot() == "" {
		a.equal(EntryReceipt, where, "sale_id", m.Sale, e.Sale, "the receipt's sale")
	}
	a.equal(EntryReceipt, where, "store_id", m.Store, e.Store, "the receipt's")
	a.equal(EntryReceipt, where, "staff_id", m.Staff, e.Staff, "the receipt's")
	a.equal(EntryReceipt, where, "at", m.SoldAt, e.At, "the receipt's")
	if d := m.RecordedAt - e.RecordedAt; d > apart || d < -apart {
		a.off(EntryReceipt, where, "recorded_at", a.show("at", m.RecordedAt), a.show("at", e.RecordedAt), "the receipt's")
	}
	causes := []string{"redeem", "earn", "repay"}
	if m.Welcome > 0 {
		causes = append(causes, "welcome")
	}
	if m.Return {
		causes = []string{"return"}
	}
	if !slices.Contains(causes, e.Cause) {
		a.off(EntryReceipt, where, "cause", strings.Join(causes, " or "), e.Cause, "the receipt's kind")
	}
	m.after = len(u.available) // up to this one
	switch {
	case e.Cause == "redeem", e.Source == "redeemed":
		m.redeemed = plus(m.redeemed, e.Points)
	case e.Cause == "earn", e.Cause == "welcome":
		m.earned = plus(m.earned, e.Points)
	case e.Cause == "return":
		m.earned = plus(m.earned, e.into("issued"))
	}
	m.refund -= e.into("refund")
}

// inLot takes an entry into its lot.
func (r *replay) inLot(i int, l *kept, where row) {
	a, e := r.a, &r.p.entries[i]
	a.equal(EntryLot, where, "entity_id", l.Entity, e.Entity, "the lot's")
	switch {
	case l.Cause == a.names.number("return") && !l.began && e.Source == "redeemed" && (e.Points == l.Amount || r.certain(i, e.ID)):
		// For points whose lot is another customer's since a merge was undone.
		r.origin(e, l)
		l.began, l.first = true, e
		l.active = plus(l.active, e.Points)
		return
	case e.gives() && l.began:
		a.off(EntryMovement, where, "lot_id", "a lot of its own", a.show("", e.Lot), "only the entry that makes a lot gives it points")
	case e.gives():
		r.origin(e, l)
		l.began, l.first = true, e
	}
	l.pending = plus(l.pending, e.into("pending"))
	l.active = plus(l.active, e.into("active"))
	switch {
	case e.Cause == "activate":
		a.equal(LotDates, where, "at", l.AvailableAt, e.At, "when the lot becomes available")
	case e.Cause == "expire":
		l.expired += e.Points
		l.last = e
	case e.Cause == "forfeit":
		l.expired += e.Points
		if !r.lost(e, l) {
			a.off(LotRules, where, "at", "when a level was lost by rules that take points with it", a.show("at", e.At), "")
		}
	case e.Source == "expired":
		l.excused += e.Points
	case e.Cause == "redeem":
		l.paid[e.Sale] += e.Points
		if l.ExpiresAt != 0 && e.RecordedAt >= l.ExpiresAt && !a.stoppable[l.Programme] && !r.heldBefore(e.Receipt, l.ExpiresAt) {
			a.off(LotDates, where, "recorded_at", "before "+a.show("at", l.ExpiresAt), a.show("at", e.RecordedAt), "when the lot expired")
		}
	case e.Source == "redeemed":
		l.restored = true
		l.back = append(l.back, e)
		l.paid[e.Sale] -= e.Points
		if l.paid[e.Sale] < 0 && r.certain(i, e.ID) {
			a.off(ReturnedPoints, where, "points", "at most "+a.show("points", l.paid[e.Sale]+e.Points), a.show("points", e.Points), "what the sale took from the lot")
		}
	}
	if e.Cause == "return" && (e.Target == "issued") {
		a.equal(ReturnedPoints, at("lots", l.ID), "receipt_id", e.Sale, l.Receipt, "points are taken back from the sale's own lot")
	}
	if why := e.ofLot(); why != "" {
		a.equal(EntryReceipt, where, "sale_id", l.Receipt, e.Sale, why)
	}
	if held := l.pending + l.active; (l.pending < 0 || l.active < 0 || held > l.Amount) && r.certain(i, e.ID) && !r.overdrawn["lot"] {
		r.overdrawn["lot"] = true
		a.off(Overdrawn, where, "points", "0 to "+a.show("points", l.Amount)+" in lot "+strconv.FormatInt(l.ID, 10),
			a.show("points", l.pending)+" pending and "+a.show("points", l.active)+" active", "after it")
	}
}

// origin checks a lot against the entry that made it.
func (r *replay) origin(e *entry, l *kept) {
	a, where := r.a, at("lots", l.ID)
	a.equal(LotOrigin, where, "amount", e.Points, l.Amount, "its first entry's")
	if e.Cause != "return" { // of the sale that earned the lot in whose place it is
		a.equal(LotOrigin, where, "receipt_id", e.Receipt, l.Receipt, "its first entry's")
	}
	a.equal(LotOrigin, where, "earned_at", e.At, l.EarnedAt, "its first entry's")
	if cause := a.names.text(l.Cause); cause != e.Cause {
		a.off(LotOrigin, where, "cause", e.Cause, cause, "its first entry's")
	}
	if s, ok := a.stores[e.Store]; ok && !s.ownedBy(l.Entity, e.RecordedAt) {
		a.off(LotOrigin, where, "entity_id", "whose the store was", a.show("", l.Entity), "")
	}
	if _, known := a.codes[l.Programme]; !known {
		a.off(Reference, where, "programme_id", "a programme with versions", a.show("", l.Programme), "")
	}
	if m := r.receipts[l.Receipt]; m != nil && e.Cause != "return" {
		if e.Cause == "earn" {
			m.lot = l
		}
		if v := a.versions[m.Version]; v != nil {
			a.equal(LotOrigin, where, "programme_id", v.programme, l.Programme, "the receipt's")
		}
	}
	switch pending := l.AvailableAt > e.RecordedAt; {
	case pending && e.Target != "pending" && (e.Cause != "return" || l.AvailableAt != l.EarnedAt): // what was redeemed was available, by another clock
		a.off(LotDates, where, "available_at", "not after "+a.show("at", e.RecordedAt), a.show("at", l.AvailableAt), "it was available from the first")
	case !pending && e.Target == "pending":
		a.off(LotDates, where, "available_at", "after "+a.show("at", e.RecordedAt), a.show("at", l.AvailableAt), "it was pending at first")
	}
}

// account compares a customer's balances.
func (r *replay) account(u *purse) {
	a, where, is := r.a, at("accounts", u.is.Customer), u.is
	a.equal(AccountPoints, where, "active", u.has.Active, is.Active, "")
	a.equal(AccountPoints, where, "pending", u.has.Pending, is.Pending, "")
	a.equal(AccountPoints, where, "debt", u.has.Debt, is.Debt, "")
	if is.IdleAt != 0 && !r.anchored(is.IdleAt) {
		a.off(AccountPoints, where, "idle_at", "a midnight so many days after a purchase as the rules say", a.show("at", is.IdleAt), "")
	}
	var remaining int64
	for i := range r.p.lots {
		if r.p.lots[i].Customer == is.Customer {
			remaining = plus(remaining, r.p.lots[i].Remaining)
		}
	}
	a.equal(AccountPoints, where, "active", remaining, is.Active+is.Pending, "active and pending are what is left in the lots")
	if is.Versions < 0 {
		a.off(AccountPoints, where, "version", "0 or more", a.show("", is.Versions), "")
	}
}

// lot compares a lot with what its entries left in it.
func (r *replay) lot(l *kept) {
	a, where := r.a, at("lots", l.ID)
	if !l.began {
		a.off(LotOrigin, where, "", "an entry that made it", "none", "")
	}
	r.rules(l)
	a.equal(LotPoints, where, "remaining", l.pending+l.active, l.Remaining, "")
	a.equal(LotPoints, where, "expired", l.expired, l.Expired, "")
	if l.excused > l.expired {
		a.off(ReturnedPoints, where, "expired", "at most "+a.show("points", l.expired), a.show("points", l.excused), "expired points that returns counted as taken back")
	}
	state := a.names.text(l.State)
	if l.pending != 0 && state != "pending" || l.active != 0 && state != "active" {
		a.off(LotPoints, where, "state", "", state, a.show("points", l.pending)+" are pending and "+a.show("points", l.active)+" active")
	}
	if l.AvailableAt < l.EarnedAt {
		a.off(LotDates, where, "available_at", "not before "+a.show("at", l.EarnedAt), a.show("at", l.AvailableAt), "when it was earned")
	}
	if l.ExpiresAt != 0 && l.ExpiresAt < l.EarnedAt {
		a.off(LotDates, where, "expires_at", "not before "+a.show("at", l.EarnedAt), a.show("at", l.ExpiresAt), "when it was earned")
	}
	if l.last == nil {
		return
	}
	e := l.last
	if e.At > e.RecordedAt {
		a.off(LotDates, at("entries", e.ID), "at", "not after "+a.show("at", e.RecordedAt), a.show("at", e.At), "points expire when their time has come")
	}
	idle := e.At != l.ExpiresAt && (l.ExpiresAt == 0 || e.At < l.ExpiresAt) && r.anchored(e.At) // all of the account expired
	if (l.ExpiresAt < e.At || !l.restored) && !idle {
		a.equal(LotDates, where, "expires_at", e.At, l.ExpiresAt, "when its points expired")
	}
}

// receipt compares a receipt with what its entries moved, and what its slip
// said.
func (r *replay) receipt(m *moved) {
	a, where := r.a, at("receipts", m.ID)
	a.equal(ReceiptPoints, where, "redeemed", m.redeemed, m.Redeemed, "what its entries moved")
	a.equal(ReceiptPoints, where, "earned", m.earned, plus(m.Earned, m.Welcome), "what its entries moved, with the welcome bonus in its details")
	if m.Imported {
		return
	}
	r.slip(m, where)
	if l := m.lot; l != nil {
		a.equal(ReceiptDates, where, "available_at", l.AvailableAt, m.AvailableAt, "in its details; the lot's")
		if !l.restored || m.ExpiresAt > l.ExpiresAt || m.ExpiresAt == 0 {
			a.equal(ReceiptDates, where, "expires_at", l.ExpiresAt, m.ExpiresAt, "in its details; the lot's")
		}
	}
}

// slip compares the balance that a receipt showed with what was available
// after it.
func (r *replay) slip(m *moved, where row) {
	u := r.of(m.Recorded)
	es := u.entries
	if !certain(es, func(e **entry) int64 { return (*e).ID }, m.after, m.ID) {
		return
	}
	end := m.after
	for ; u.available[end] != m.Balance; end++ {
		// What a receipt of long ago earned may have expired at once.
		if end == 0 || end == len(es) || es[end].Receipt != 0 || es[end].RecordedAt != es[end-1].RecordedAt {
			r.a.equal(ReceiptBalance, where, "balance", u.available[m.after], m.Balance, "")
			return
		}
	}
}

// withheld compares by how much refunds were reduced.
func (r *replay) withheld() {
	a := r.a
	type refunds struct{ borne, total, withheld int64 } // points, money given back, and kept of it
	before := map[int64]refunds{}                       // by sale
	for i := range r.p.receipts {
		m := r.receipts[r.p.receipts[i].ID]
		if !m.Return || m.Imported {
			continue
		}
		was := before[m.Sale]
		is := refunds{was.borne + m.refund, was.total + m.Total, was.withheld + m.Withheld}
		if v := a.versions[m.Version]; v != nil && v.rules != nil && certain(r.of(m.Recorded).entries, func(e **entry) int64 { return (*e).ID }, m.after, m.ID) {
			// Never more than there was to give back.
			all := min(is.total, worth(is.borne, v.rules.PointValue, a.hundreds))
			want := min(m.Total, all-was.withheld)
			a.equal(ReceiptHeld, at("receipts", m.ID), "withheld", want, m.Withheld, "what the refund bore of points")
			is.withheld = was.withheld + want
		}
		before[m.Sale] = is
	}
}

// entryEvents are what tells of entries that no receipt made, by cause.
var entryEvents = map[string]string{
	"activate": "points.activated", "expire": "points.expired", "manual": "points.adjusted", "welcome": "points.given", "repay": "points.repaid",
	"occasion": "points.occasion", "forfeit": "points.forfeited",
}

// told checks that the log tells of the entries that no receipt made.
func (r *replay) told() {
	a := r.a
	events := map[int64][]*customerEvent{} // by entry or receipt
	for i := range r.p.events {
		e := &r.p.events[i]
		events[e.Ref] = append(events[e.Ref], e)
	}
	for i := range r.p.entries {
		e := &r.p.entries[i]
		if e.Cause == "opening" {
			if b := a.openings.of(e.ID); b != nil {
				b.sum = plus(b.sum, -e.Points)
			} else {
				a.off(EntryEvent, at("entries", e.ID), "", "an event points.opened", "none", "")
			}
		}
		kind := entryEvents[e.Cause]
		if e.Receipt != 0 || kind == "" {
			continue
		}
		list := events[e.ID]
		delete(events, e.ID)
		if len(list) != 1 {
			a.off(EntryEvent, at("entries", e.ID), "", "one event "+kind, strconv.Itoa(len(list)), "")
		}
		for _, ev := range list {
			where := at("events", ev.Event)
			if told := a.names.text(ev.Kind); told != kind {
				a.off(EntryEvent, where, "kind", kind, told, "")
			}
			points := e.Points
			if e.Target == "adjusted" {
				points = -points
			}
			a.equal(EntryEvent, where, "points", points, ev.Value, "in its body")
			a.equal(EntryEvent, where, "at", e.At, ev.At, "")
		}
	}
	for i := range r.p.events {
		e := &r.p.events[i]
		if _, left := events[e.Ref]; !left {
			continue
		}
		fits := true
		switch a.names.text(e.Kind) {
		case "customer.registered", "tier.changed", "tier.granted", "customers.imported": // profile, levels
		case "customer.changed":
			fits = e.Ref == e.Customer
		case "tier.reached":
			fits = r.receipts[e.Ref] != nil
		case "points.held", "points.released":
			fits = slices.ContainsFunc(r.p.holds, func(h hold) bool { return h.ID == e.Ref })
		default:
			fits = false
		}
		if !fits {
			a.off(EntryEvent, at("events", e.Event), "ref", "what it tells of", a.show("", e.Ref), "the customer has none such")
		}
	}
}
