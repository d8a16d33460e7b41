package verify

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"regulars/internal/base/db"
)

// passed is what the earlier passes leave for the later ones.
type passed struct {
	receiptEvents  *spool[receiptEvent]
	customerEvents *spool[customerEvent]
	batches        map[int64]batches // of imported receipts, by source
	people         map[int64]batches // of imported customers, by import
	openings       batches           // of the entries of opening balances
	goodsTold      map[string]*roll  // of the catalog's tables
	lowTold        int64             // products that came to their threshold, by the log
	overTold       int64             // and were over it again
	lotRows        *spool[lot]
	adjusted       *spool[adjustment]
	bought         *spool[bought]
	holdRows       *spool[hold]
	occasionRows   *spool[occasion]
	returned       *spool[returnedLine]
	brought        brought

	foundings    []founding
	settingsTold recent[map[string]string] // by the audit log

	attachments *spool[attachment]
	started     map[int64]int64 // imports that were started from a page, and the line of the audit log that says so
	discarded   map[int64]bool  // imports that were discarded on a page: nothing of them was in
	newest      map[int64]int64 // milliseconds of the newest id, by the number it was minted under

	publishedEvents map[int64][]publishedEvent // by version
	keyEvents       map[int64][]keyEvent       // by key
	codesTold       map[int64]codeEvent        // by confirmation
	said            map[int64]said             // by receipt
	heldWith        map[int64]heldWith         // by the receipt that redeemed it

	integrationEvents map[int64][]keyEvent // by key

	cuts []cut // of the receipt that is looked at
	sum  checksum

	homes homes
}

// publishedEvent is "programme.published".
type publishedEvent struct {
	event, at     int64
	starts, rules string
}

// keyEvent is "till.key_issued" or "till.key_revoked".
type keyEvent struct {
	event, at int64
	checksum  int64
	revoked   bool
	till      string
}

// receiptEvent is "receipt.recorded", or of Kind "returns.matched", whose Total
// is the source.
type receiptEvent struct {
	Receipt, Event, At, Customer int64
	Kind, Total, Checksum        int64 // Kind is a name's number
}

// customerEvent is of a customer: points that no receipt moved, a level that was
// reached, the registration, or a change.
type customerEvent struct {
	Customer, Ref, Event, At int64
	Kind, Value              int64 // Value: points, the level, or the state of a hold
	Until                    int64 // of what is held
	Card                     bool  // was shown when it was held
}

// batch is the rows, from one id to another, that an event tells of, and what
// they come to: for receipts the sum of 32 bits of their checksums, for opening
// balances that of their points, for customers how many they are.
type batch struct{ first, last, event, sum int64 }

// batches are those of one source: in order and apart once they are joined.
type batches []batch

func (bs batches) joined() (joined batches) {
	slices.SortFunc(bs, func(x, y batch) int { return cmp.Compare(x.first, y.first) })
	for _, b := range bs {
		if n := len(joined); n > 0 && b.first <= joined[n-1].last {
			joined[n-1].last = max(joined[n-1].last, b.last)
			joined[n-1].event = max(joined[n-1].event, b.event)
			joined[n-1].sum += b.sum
		} else {
			joined = append(joined, b)
		}
	}
	return joined
}

// of is the batch of a row; nil: no event tells of it.
func (bs batches) of(id int64) *batch {
	i := sort.Search(len(bs), func(i int) bool { return bs[i].last >= id })
	if i == len(bs) || bs[i].first > id {
		return nil
	}
	return &bs[i]
}

// events reads the log.
func (a *audit) events() {
	a.receiptEvents = newSpool(a, func(x, y *receiptEvent) int {
		return cmp.Or(cmp.Compare(x.Receipt, y.Receipt), cmp.Compare(x.Event, y.Event))
	})
	a.customerEvents = newSpool(a, func(x, y *customerEvent) int {
		return cmp.Or(cmp.Compare(x.Customer, y.Customer), cmp.Compare(x.Ref, y.Ref), cmp.Compare(x.Event, y.Event))
	})
	a.batches, a.people = map[int64]batches{}, map[int64]batches{}
	a.goodsTold["stores"], a.goodsTold["tills"] = newRoll(slices.Collect(maps.Keys(a.stores))), newRoll(slices.Collect(maps.Keys(a.tills)))
	a.goodsTold["products"] = newRoll(a.products)
	a.homes = newHomes()
	a.goodsTold["attributes"] = newRoll(a.attributes)
	a.goodsTold["wordings"] = newRoll(slices.Collect(maps.Keys(a.wordings)))
	a.codesTold = map[int64]codeEvent{}
	a.publishedEvents, a.keyEvents = map[int64][]publishedEvent{}, map[int64][]keyEvent{}
	a.integrationEvents = map[int64][]keyEvent{}
	a.scan("events", func(r *db.Rows) error {
		var (
			id, at, customer, ref int64
			kind, body            string
		)
		if err := r.Scan(&id, &at, &kind, &customer, &ref, &body); err != nil {
			return err
		}
		a.event(id, at, kind, customer, ref, body)
		return nil
	}, `SELECT id, at, kind, COALESCE(customer_id, 0), ref, body FROM events`)
	for _, of := range []map[int64]batches{a.batches, a.people} {
		for ref, list := range of {
			of[ref] = list.joined()
		}
	}
	a.openings = a.openings.joined()
	for _, table := range slices.Sorted(maps.Keys(a.goodsTold)) {
		for i, told := range a.goodsTold[table].told {
			if !told {
				a.off(CatalogEvent, at(table, a.goodsTold[table].ids[i]), "", "an event that it was made", "none", "")
			}
		}
	}
}

// roll is the rows of a table, and of which the log tells.
type roll struct {
	ids  []int64 // sorted
	told []bool
}

func newRoll(ids []int64) *roll {
	slices.Sort(ids)
	return &roll{ids, make([]bool, len(ids))}
}

// goodsEvent takes up of which rows of a table of the catalog an event tells.
func (a *audit) goodsEvent(event int64, table string, ids ...int64) {
	r := a.goodsTold[table]
	for _, id := range ids {
		if i, ok := slices.BinarySearch(r.ids, id); ok {
			r.told[i] = true
		} else {
			a.off(CatalogEvent, at("events", event), "ref", "a row of "+table, a.show("", id), "there is none of that id")
		}
	}
}

func (a *audit) event(id, when int64, kind string, customer, ref int64, text string) {
	var body struct {
		Kind     string `json:"kind"`
		Total    string `json:"total"`
		Checksum string `json:"checksum"`
		Points   string `json:"points"`
		Items    []struct {
			Quantity string `json:"quantity"`
		} `json:"items"`
		Level   string    `json:"level"`
		State   string    `json:"state"`
		Until   time.Time `json:"until"`
		Card    string    `json:"card"`
		Was     string    `json:"was"`
		Is      string    `json:"is"`
		First   string    `json:"first"`
		Last    string    `json:"last"`
		Starts  string    `json:"starts"`
		Rules   string    `json:"rules"`
		Till    string    `json:"till"`
		Into    string    `json:"into"`
		Created int64     `json:"created"`
		Head    bool      `json:"head"`
		Changed ids       `json:"changed"`
		Returns ids       `json:"returns"`
		IDs     ids       `json:"ids"`
		founding
	}
	where := at("events", id)
	read := func() bool {
		err := json.Unmarshal([]byte(text), &body)
		if err != nil {
			a.off(EventBody, where, "body", "JSON", text, err.Error())
		}
		return err == nil
	}
	checksum := func() int64 {
		sum, _ := strconv.ParseInt(body.Checksum, 10, 64) // 0 where there is none: as good as a wrong one
		return sum
	}
	batch := func(sum int64) (list batches) {
		b, ok := batchOf(body.First, body.Last)
		if !ok {
			a.off(Imported, where, "body", "the first and last id of what it tells of", text, "")
			return nil
		}
		b.event, b.sum = id, sum
		return batches{b}
	}
	ofCustomer := func(value int64) {
		a.customerEvents.add(customerEvent{customer, ref, id, when, a.names.number(kind), value, micros(body.Until), body.Card == "shown"})
	}
	switch kind {
	case "receipt.recorded":
		if read() {
			a.receiptEvents.add(receiptEvent{ref, id, when, customer, a.names.number(body.Kind), units(body.Total), checksum()})
		}
	case "receipts.imported":
		if !a.sources[ref] {
			a.off(Imported, where, "ref", "an import source", a.show("", ref), "there is no such source")
		} else if read() {
			a.batches[ref] = append(a.batches[ref], batch(checksum())...)
		}
	case "returns.matched":
		read()
		for _, r := range body.Returns {
			a.receiptEvents.add(receiptEvent{Receipt: r, Event: id, At: when, Kind: a.names.number(kind), Total: ref})
		}
	case "customers.imported":
		if read() && body.Created > 0 {
			a.people[ref] = append(a.people[ref], batch(body.Created)...)
		}
		for _, c := range body.Changed {
			a.customerEvents.add(customerEvent{Customer: c, Ref: ref, Event: id, At: when, Kind: a.names.number(kind)})
		}
	case "points.opened":
		if read() {
			a.openings = append(a.openings, batch(units(body.Points))...)
		}
	case "entity.changed":
	case "store.changed":
		a.goodsEvent(id, "stores", ref)
	case "attribute.changed":
		a.goodsEvent(id, "attributes", ref)
	case "household.joined", "household.left", "household.head":
		if read() {
			a.homes.told(kind, id, customer, ref, when, body.Head)
		}
	case "wording.published":
		a.goodsEvent(id, "wordings", ref)
	case "till.changed":
		a.goodsEvent(id, "tills", ref)
	case "categories.changed":
		if read() {
			a.goodsEvent(id, "categories", body.IDs...)
		}
	case "products.changed":
		if read() {
			a.goodsEvent(id, "products", body.IDs...)
		}
	case "stock.low":
		if read() {
			a.lowTold += int64(len(body.Items))
		}
	case "stock.over":
		if read() {
			a.overTold += int64(len(body.Items))
		}
	case "stock.aside":
		read()
	case "installation.founded":
		if read() {
			a.foundings = append(a.foundings, body.founding)
		}
	case "programme.published":
		if read() {
			a.publishedEvents[ref] = append(a.publishedEvents[ref], publishedEvent{id, when, body.Starts, body.Rules})
		}
	case "confirmation.made":
		if read() {
			a.codesTold[ref] = codeEvent{id, when, customer, units(body.Points)}
		}
	case "till.key_issued", "till.key_revoked":
		if read() {
			a.keyEvents[ref] = append(a.keyEvents[ref], keyEvent{id, when, checksum(), kind == "till.key_revoked", body.Till})
		}
	case "integration.issued", "integration.revoked":
		if read() {
			a.integrationEvents[ref] = append(a.integrationEvents[ref], keyEvent{id, when, checksum(), kind == "integration.revoked", ""})
		}
	case "customer.registered", "customer.changed":
		if read() {
			ofCustomer(0)
		}
	case "customer.merged", "customer.unmerged":
		m := a.circles.byID[ref]
		switch {
		case m == nil || m.from != customer:
			a.off(Merge, where, "ref", "a merge of the customer", a.show("", ref), "there is none")
		case !read():
		case body.Into != a.show("", m.into):
			a.off(Merge, where, "body", a.show("", m.into), body.Into, "whom the customer was merged into")
		case kind == "customer.merged" && m.merged == 0:
			m.merged = id
			a.equal(Merge, where, "at", m.at, when, "when they were merged")
		case kind == "customer.unmerged" && m.unmerged == 0:
			m.unmerged = id
			a.equal(Merge, where, "at", m.undone, when, "when that was undone")
		default:
			a.off(Merge, where, "ref", "one event of each kind", a.show("", ref), "")
		}
	case "tier.reached":
		if read() {
			ofCustomer(a.names.number(body.Level))
		}
	case "tier.changed":
		if read() {
			ofCustomer(a.names.number(body.Was + " " + body.Is))
		}
	case "tier.granted":
		if read() {
			ofCustomer(a.names.number(body.Level + " " + strconv.FormatInt(micros(body.Until), 10)))
		}
	case "points.released":
		if read() {
			ofCustomer(a.names.number(body.State))
		}
	case "points.activated", "points.expired", "points.adjusted", "points.given", "points.repaid", "points.occasion", "points.forfeited", "points.held":
		if read() {
			ofCustomer(units(body.Points))
		}
	default:
		a.off(EventKind, where, "kind", "one that is known", kind, "")
	}
}

// ids are ids as they stand in JSON.
type ids []int64

// UnmarshalJSON reads an array of strings of digits.
func (list *ids) UnmarshalJSON(text []byte) error {
	var digits []string
	if err := json.Unmarshal(text, &digits); err != nil {
		return err
	}
	for _, d := range digits {
		id, err := strconv.ParseInt(d, 10, 64)
		if err != nil {
			return err
		}
		*list = append(*list, id)
	}
	return nil
}

// batchOf reads from which id to which an event tells of rows.
func batchOf(from, to string) (b batch, ok bool) {
	var err1, err2 error
	b.first, err1 = strconv.ParseInt(from, 10, 64)
	b.last, err2 = strconv.ParseInt(to, 10, 64)
	return b, err1 == nil && err2 == nil && b.first <= b.last
}

// units reads "12.50" as 1250, whatever the decimals; -1: it is no number.
func units(text string) int64 {
	v, err := strconv.ParseInt(strings.Replace(text, ".", "", 1), 10, 64)
	if err != nil {
		return -1
	}
	return v
}
