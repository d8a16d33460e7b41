package verify

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"time"

	"regulars/internal/base/db"
)

// The amounts that receipts and lines have in common.
const (
	gross = iota
	discount
	paidPoints
	total
	redeemed
	earned
	tierSpend
	amountCount
)

var amountColumns = [amountCount]string{"gross", "discount", "paid_points", "total", "redeemed", "earned", "tier_spend"}

type amounts [amountCount]int64

// receipt is a row of receipts.
type receipt struct {
	ID, Source, Store, Till, Staff, Customer, Original, Version int64
	SoldAt, RecordedAt, Withheld, Balance                       int64
	Imported                                                    bool
	Kind, Number, Fingerprint, Key, Level, Details              string
	Amounts                                                     amounts
}

func (r *receipt) sale() bool { return r.Kind == "sale" }

// line is a row of receipt_lines.
type line struct {
	Receipt, Position, Product, Quantity, Price int64
	Cost, Returned, Sale, Original              int64 // Cost -1: unknown
	Name, Details                               string
	Amounts                                     amounts
}

func (l *line) row() row { return at("receipt_lines", l.Receipt, l.Position) }

// bought is what the customers' pass needs of a receipt.
type bought struct {
	Customer, ID, Store, Staff, Sale, Version, Level int64 // Sale: itself, or the one that is returned
	Recorded                                         int64 // whose it was then, before merges
	SoldAt, RecordedAt, AvailableAt, ExpiresAt       int64
	Total, Withheld, Redeemed, Earned, TierSpend     int64
	Balance, Reached, Welcome                        int64
	Told                                             int64 // the event that tells of it; 0: none
	Imported, Return, Late                           bool
}

// returnedLine is a sale's line of which something came back, or a return's
// line; by the sale's line, which leads.
type returnedLine struct {
	Sale, Original       int64
	IsReturn, Imported   bool
	Receipt, Position    int64
	Named                int64 // sale that the receipt itself names
	Customer, Version    int64
	Level, SoldAt        int64
	Product, Price, Cost int64
	Quantity, Returned   int64
	Amounts              amounts
}

func (a *audit) receiptPages() *pages[receipt] {
	return &pages[receipt]{
		a: a, table: "receipts", after: []any{first}, key: func(r *receipt) []any { return []any{r.ID} },
		text: `SELECT id, source_id, store_id, COALESCE(till_id, 0), COALESCE(staff_id, 0), COALESCE(customer_id, 0), COALESCE(original_id, 0),
		              COALESCE(version_id, 0), sold_at, recorded_at, withheld, balance, imported, kind, number, fingerprint, COALESCE(idempotency_key, ''), level, details,
		              gross, discount, paid_points, total, redeemed, earned, tier_spend
		         FROM receipts WHERE id > $1 ORDER BY id LIMIT $2`,
		scan: func(rows *db.Rows, r *receipt) error {
			m := &r.Amounts
			return rows.Scan(&r.ID, &r.Source, &r.Store, &r.Till, &r.Staff, &r.Customer, &r.Original,
				&r.Version, &r.SoldAt, &r.RecordedAt, &r.Withheld, &r.Balance, &r.Imported, &r.Kind, &r.Number, &r.Fingerprint, &r.Key, &r.Level, &r.Details,
				&m[gross], &m[discount], &m[paidPoints], &m[total], &m[redeemed], &m[earned], &m[tierSpend])
		},
	}
}

func (a *audit) linePages() *pages[line] {
	return &pages[line]{
		a: a, table: "receipt_lines", after: []any{first, first}, key: func(l *line) []any { return []any{l.Receipt, l.Position} },
		text: `SELECT receipt_id, position, COALESCE(product_id, 0), quantity, price, COALESCE(cost, -1), returned,
		              COALESCE(original_id, 0), COALESCE(original, 0), name, details, gross, discount, paid_points, total, redeemed, earned, tier_spend
		         FROM receipt_lines WHERE (receipt_id, position) > ($1, $2) ORDER BY receipt_id, position LIMIT $3`,
		scan: func(rows *db.Rows, l *line) error {
			m := &l.Amounts
			return rows.Scan(&l.Receipt, &l.Position, &l.Product, &l.Quantity, &l.Price, &l.Cost, &l.Returned,
				&l.Sale, &l.Original, &l.Name, &l.Details, &m[gross], &m[discount], &m[paidPoints], &m[total], &m[redeemed], &m[earned], &m[tierSpend])
		},
	}
}

// receipts goes through all receipts with their lines and events.
func (a *audit) receipts() {
	a.brought.receipts = map[int64]int64{}
	a.bought = newSpool(a, func(x, y *bought) int {
		return cmp.Or(cmp.Compare(x.Customer, y.Customer), cmp.Compare(x.ID, y.ID))
	})
	a.returned = newSpool(a, func(x, y *returnedLine) int {
		return cmp.Or(cmp.Compare(x.Sale, y.Sale), cmp.Compare(x.Original, y.Original), compareBool(x.IsReturn, y.IsReturn),
			cmp.Compare(x.Receipt, y.Receipt), cmp.Compare(x.Position, y.Position))
	})
	receipts, lines, events := a.receiptPages(), a.linePages(), a.receiptEvents.sorted()
	var (
		own  []line
		told []receiptEvent
	)
	stray := func(l *line) {
		a.off(Reference, l.row(), "receipt_id", "a receipt", a.show("", l.Receipt), "there is no such receipt")
	}
	for r := receipts.peek(); r != nil; r = receipts.peek() {
		for _, l := range collect(lines, own, func(l *line) bool { return l.Receipt < r.ID }) {
			stray(&l)
		}
		a.strayEvents(collect(events, told, func(e *receiptEvent) bool { return e.Receipt < r.ID }))
		own = collect(lines, own, func(l *line) bool { return l.Receipt == r.ID })
		told = collect(events, told, func(e *receiptEvent) bool { return e.Receipt == r.ID })
		a.receipt(r, own, a.told(r, own, told))
		receipts.skip()
	}
	each(lines, stray)
	a.strayEvents(collect(events, told, func(*receiptEvent) bool { return true }))
	a.fail(a.receiptEvents.close())
	for _, source := range slices.Sorted(maps.Keys(a.batches)) {
		for _, b := range a.batches[source] {
			if b.sum != 0 {
				a.off(Imported, at("events", b.event), "body", "the checksum of the receipts that it tells of", "another", "one of receipts "+a.show("", b.first)+" to "+a.show("", b.last)+" is gone or was changed")
			}
		}
	}
	a.numbers()
}

func (a *audit) strayEvents(list []receiptEvent) {
	for _, e := range list {
		a.off(ReceiptEvent, at("events", e.Event), "ref", "a receipt", a.show("", e.Receipt), "there is no such receipt")
	}
}

func compareBool(x, y bool) int {
	switch {
	case x == y:
		return 0
	case y:
		return -1
	}
	return 1
}

// receipt checks a receipt by itself and its lines.
func (a *audit) receipt(r *receipt, lines []line, told int64) {
	where := at("receipts", r.ID)
	details := a.details(r, where)
	var sum amounts
	a.cuts = a.cuts[:0]
	for i := range lines {
		for j, v := range lines[i].Amounts {
			sum[j] = plus(sum[j], v)
		}
		a.cuts = append(a.cuts, a.line(r, &lines[i]))
	}
	for j, want := range sum {
		a.equal(ReceiptSum, where, amountColumns[j], want, r.Amounts[j], "")
	}
	m := &r.Amounts
	a.equal(ReceiptTotal, where, "total", m[gross]-m[discount]-m[paidPoints], m[total], "gross less discount and points")
	if !r.Imported {
		a.notBelowZero(ReceiptAmount, where, m)
	}
	if r.sale() || r.Imported {
		a.equal(ReceiptHeld, where, "withheld", 0, r.Withheld, "only a return at a till is reduced")
	}
	a.source(r, where)
	a.soldUnder(r, where)
	if r.sale() && !r.Imported {
		a.priced(r, lines, a.cuts, details)
	}
	if r.Imported {
		a.brought.receipts[r.Source]++
		for _, j := range []int{redeemed, earned} {
			a.equal(Imported, where, amountColumns[j], 0, m[j], "")
		}
		a.equal(Imported, where, "balance", 0, r.Balance, "")
	}
	a.keep(r, where, details, told)
}

// details reads what a receipt's details say; nothing where they cannot be.
func (a *audit) details(r *receipt, where row) *receiptDetails {
	d := new(receiptDetails)
	if r.Details != "" {
		if err := json.Unmarshal([]byte(r.Details), d); err != nil {
			a.off(ReceiptDates, where, "details", "JSON", "something else", "")
		}
	}
	return d
}

func (a *audit) notBelowZero(c Check, where row, m *amounts) {
	for j, v := range m {
		if v < 0 {
			a.off(c, where, amountColumns[j], "0 or more", a.show(amountColumns[j], v), "")
		}
	}
}

// source checks where a receipt comes from.
func (a *audit) source(r *receipt, where row) {
	if _, ok := a.stores[r.Store]; !ok {
		a.off(Reference, where, "store_id", "a store", a.show("", r.Store), "there is no such store")
	}
	if r.Staff != 0 && a.staff[r.Staff] == nil {
		a.off(Reference, where, "staff_id", "somebody of the staff", a.show("", r.Staff), "there is nobody of that id")
	}
	if r.Number == "" {
		a.off(ReceiptNumber, where, "number", "a number", "", "")
	}
	if r.Fingerprint == "" {
		a.off(ReceiptNumber, where, "fingerprint", "a fingerprint", "", "a repeated call cannot be told from another one")
	}
	if r.Imported {
		if !a.sources[r.Source] {
			a.off(Reference, where, "source_id", "an import source", a.show("", r.Source), "there is no such source")
		}
		a.equal(ReceiptSource, where, "till_id", 0, r.Till, "it was imported")
		a.equal(ReceiptSource, where, "original_id", 0, r.Original, "imported returns name their sales by line")
		a.equal(ReceiptSource, where, "version_id", 0, r.Version, "it was imported")
		if r.Level != "" {
			a.off(ReceiptSource, where, "level", "", r.Level, "it was imported")
		}
		return
	}
	if store, ok := a.tills[r.Till]; !ok {
		a.off(Reference, where, "till_id", "a till", a.show("", r.Till), "there is no such till")
	} else {
		a.equal(ReceiptSource, where, "store_id", store, r.Store, "the till stands there")
	}
	a.equal(ReceiptSource, where, "source_id", r.Till, r.Source, "the till")
	if r.sale() {
		a.equal(ReceiptSource, where, "original_id", 0, r.Original, "a sale returns nothing")
	} else if r.Original == 0 {
		a.off(ReceiptSource, where, "original_id", "a sale", "", "a return at a till is of one sale")
	}
	a.minted(ReceiptTime, where, r.ID, r.RecordedAt)
	// A return is never earlier than its sale, even where the clock was set back.
	if late := r.SoldAt - r.RecordedAt; r.sale() && late > skew.Microseconds() {
		a.off(ReceiptTime, where, "sold_at", "not after "+a.show("at", r.RecordedAt), a.show("at", r.SoldAt), "the time it was recorded")
	} else if -late > longest.Microseconds() {
		a.off(ReceiptTime, where, "recorded_at", "within a month of "+a.show("at", r.SoldAt), a.show("at", r.RecordedAt), "the time it was sold")
	}
}

// How far the time of a sale may lie from that of its recording: a till's
// clock, and a till that was offline.
const (
	skew    = 10 * time.Minute
	longest = 31*24*time.Hour + skew
)

// Ids are milliseconds since 2024, ten bits of the process that minted them
// and a counter of twelve bits.
func mintedAt(id int64) int64 { return (id>>22 + 1704067200000) * 1000 }

func mintedBy(id int64) int64 { return id >> 12 & 1023 }

// minted checks that a row was recorded before its id was minted: a clock that
// is set back goes on minting from where it was, so it may be long before.
func (a *audit) minted(c Check, where row, id, recorded int64) {
	a.newest[mintedBy(id)] = max(a.newest[mintedBy(id)], mintedAt(id)/1000)
	if recorded > mintedAt(id)+999 {
		a.off(c, where, "recorded_at", "not after "+a.show("at", mintedAt(id)), a.show("at", recorded), "the id was minted then")
	}
}

// soldUnder checks the rules that a receipt says it was sold by.
func (a *audit) soldUnder(r *receipt, where row) {
	v := a.versions[r.Version]
	switch {
	case r.Version == 0:
		if r.Level != "" {
			a.off(ReceiptLevel, where, "level", "", r.Level, "no programme priced it")
		}
		return
	case v == nil:
		a.off(Reference, where, "version_id", "a version of a programme", a.show("", r.Version), "there is no such version")
		return
	case !v.published:
		a.off(ReceiptSource, where, "version_id", "a published version", a.show("", r.Version), "it is a draft")
	}
	if v.rules == nil {
		return
	}
	a.inForce(r, v, where)
	switch has := r.Customer != 0 && !v.rules.Stopped; {
	case has && v.rules.level(r.Level) < 0:
		a.off(ReceiptLevel, where, "level", "a level of version "+strconv.FormatInt(r.Version, 10), r.Level, "")
	case !has && r.Level != "":
		a.off(ReceiptLevel, where, "level", "", r.Level, "there was no customer, or the programme was stopped")
	}
	if r.sale() {
		m := &r.Amounts
		// What points pay is worth a whole number of minor units, and costs
		// as few points as come to that.
		a.equal(ReceiptPaid, where, "redeemed", worthPoints(m[paidPoints], v.rules.PointValue, a.hundreds), m[redeemed], "what the points part costs")
	}
}

// line checks a line by itself and sends it on to its return or sale.
func (a *audit) line(r *receipt, l *line) (c cut) {
	where, m := l.row(), &l.Amounts
	a.equal(LineTotal, where, "total", m[gross]-m[discount]-m[paidPoints], m[total], "gross less discount and points")
	if l.Product != 0 && !a.product(l.Product) {
		a.off(Reference, where, "product_id", "a product", a.show("", l.Product), "there is no such product")
	}
	if l.Position < 1 {
		a.off(LineTotal, where, "position", "1 or more", a.show("", l.Position), "")
	}
	if m[tierSpend] != 0 {
		a.equal(LineSpend, where, "tier_spend", m[total], m[tierSpend], "what was paid for it")
	}
	if !r.Imported {
		a.notBelowZero(LineTotal, where, m)
	} else {
		for _, j := range []int{redeemed, earned} {
			a.equal(Imported, where, amountColumns[j], 0, m[j], "")
		}
	}
	if r.sale() {
		if !r.Imported {
			a.equal(LinePrice, where, "gross", halfUp(l.Price, l.Quantity, 10_000_000/a.hundreds), m[gross], "price times quantity")
			c = a.causes(l, where)
		}
		if l.Sale != 0 || l.Original != 0 {
			a.off(ReturnOf, where, "original_id", "", a.show("", l.Sale), "a sale returns nothing")
		}
		if l.Returned != 0 {
			a.returned.add(a.returnedLine(r, l, l.Receipt, l.Position))
		}
		return c
	}
	a.equal(LineReturned, where, "returned", 0, l.Returned, "of a return nothing comes back")
	switch {
	case l.Sale != 0 && l.Original != 0:
		a.returned.add(a.returnedLine(r, l, l.Sale, l.Original))
	case l.Sale != 0 || l.Original != 0 || !r.Imported:
		a.off(ReturnOf, where, "original_id", "a line of a sale", a.show("", l.Sale)+"/"+a.show("", l.Original), "")
	}
	return c
}

func (a *audit) returnedLine(r *receipt, l *line, sale, position int64) returnedLine {
	return returnedLine{
		Sale: sale, Original: position, IsReturn: !r.sale(), Imported: r.Imported, Receipt: r.ID, Position: l.Position, Named: r.Original,
		Customer: r.Customer, Version: r.Version, Level: a.names.number(r.Level), SoldAt: r.SoldAt,
		Product: l.Product, Price: l.Price, Cost: l.Cost, Quantity: l.Quantity, Returned: l.Returned, Amounts: l.Amounts,
	}
}

// told checks that the log tells of a receipt, and gives the event.
func (a *audit) told(r *receipt, lines []line, list []receiptEvent) (event int64) {
	where := at("receipts", r.ID)
	if r.Imported {
		a.matched(r, lines, list)
		if b := a.batches[r.Source].of(r.ID); b == nil {
			a.off(Imported, where, "", "an event receipts.imported", "none", "")
		} else {
			event = b.event
			b.sum -= int64(uint32(a.checksumOf(r, lines)))
		}
		if print := a.fingerprintOf(r, lines); print != r.Fingerprint {
			a.off(Imported, where, "fingerprint", print, r.Fingerprint, "of customer, and of the lines' products, quantities, prices and totals")
		}
		return event
	}
	if len(list) != 1 {
		a.off(ReceiptEvent, where, "", "one event receipt.recorded", strconv.Itoa(len(list)), "")
	}
	for _, e := range list {
		where := at("events", e.Event)
		a.equal(ReceiptEvent, where, "at", r.SoldAt, e.At, "")
		a.equal(ReceiptEvent, where, "customer_id", a.circles.recordedFor(r.ID, r.Customer), e.Customer, "")
		a.equal(ReceiptEvent, where, "total", r.Amounts[total], e.Total, "in its body")
		if kind := a.names.text(e.Kind); kind != r.Kind {
			a.off(ReceiptEvent, where, "body", r.Kind, kind, "the kind of the receipt")
		}
		if e.Checksum != a.checksumOf(r, lines) {
			a.off(ReceiptChecksum, at("receipts", r.ID), "", "what event "+a.show("", e.Event)+" noted the checksum of", "something else", "the receipt, its lines, their costs and discounts")
		}
		event = e.Event
	}
	return event
}

// matched checks that the log tells that an imported return was given its sale.
func (a *audit) matched(r *receipt, lines []line, list []receiptEvent) {
	told := false
	given := slices.ContainsFunc(lines, func(l line) bool { return l.Sale != 0 })
	for _, e := range list {
		switch where := at("events", e.Event); {
		case a.names.text(e.Kind) != "returns.matched":
			a.off(ReceiptEvent, where, "ref", "none", a.show("", r.ID), "the receipt was imported")
		case !given || e.Total != r.Source:
			a.off(Imported, where, "body", "returns of the source that were given their sales", a.show("", r.ID), "")
		default:
			told = true
		}
	}
	if given && !told {
		a.off(Imported, at("receipts", r.ID), "", "an event returns.matched", "none", "")
	}
}

// keep sends a customer's receipt on.
func (a *audit) keep(r *receipt, where row, details *receiptDetails, told int64) {
	a.mergedReceipt(r)
	if r.Customer == 0 {
		for _, j := range []int{redeemed, earned} {
			a.equal(ReceiptPoints, where, amountColumns[j], 0, r.Amounts[j], "nobody was identified")
		}
		a.equal(ReceiptBalance, where, "balance", 0, r.Balance, "nobody was identified")
		return
	}
	b := bought{
		Customer: r.Customer, Recorded: a.circles.recordedFor(r.ID, r.Customer), ID: r.ID, Store: r.Store, Staff: r.Staff, Sale: r.ID, Version: r.Version, Level: a.names.number(r.Level),
		SoldAt: r.SoldAt, RecordedAt: r.RecordedAt, AvailableAt: micros(details.AvailableAt), ExpiresAt: micros(details.ExpiresAt),
		Total: r.Amounts[total], Withheld: r.Withheld, Redeemed: r.Amounts[redeemed], Earned: r.Amounts[earned], TierSpend: r.Amounts[tierSpend],
		Balance: r.Balance, Reached: a.names.number(details.Reached), Welcome: details.Welcome, Imported: r.Imported, Late: details.Late, Return: !r.sale(), Told: told,
	}
	if r.Original != 0 {
		b.Sale = r.Original
	}
	a.bought.add(b)
}

func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// numbers looks for receipts that share their name.
func (a *audit) numbers() {
	a.look(func(r *db.Rows) error {
		var (
			source, count, id int64
			kind, number      string
		)
		err := r.Scan(&source, &kind, &number, &count, &id)
		a.off(ReceiptNumber, at("receipts", id), "number", "one "+kind+" of source "+a.show("", source), a.show("", count), "number "+strconv.Quote(number))
		return err
	}, `SELECT source_id, kind, number, COUNT(*), MAX(id) FROM receipts GROUP BY source_id, kind, number HAVING COUNT(*) > 1`)
}
