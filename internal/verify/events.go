package verify

import (
	"cmp"
	"encoding/json"
	"slices"
	"sort"
	"strconv"
	"strings"

	"regulars/internal/base/db"
)

// passed is what the earlier passes leave for the later ones.
type passed struct {
	receiptEvents  *spool[receiptEvent]
	customerEvents *spool[customerEvent]
	batches        map[int64]batches // of imported receipts, by source
	lotRows        *spool[lot]
	adjusted       *spool[adjustment]
	bought         *spool[bought]
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

	cuts []cut // of the receipt that is looked at
	sum  checksum
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

// receiptEvent is "receipt.recorded".
type receiptEvent struct {
	Receipt, Event, At, Customer int64
	Kind, Total, Checksum        int64 // Kind is a name's number
}

// customerEvent is of a customer: points that were activated or expired, a level
// that was reached, or the registration.
type customerEvent struct {
	Customer, Ref, Event, At int64
	Kind, Value              int64 // Value: points, or the level
}

// batch is the receipts, from one id to another, that a "receipts.imported"
// tells of, and the sum of 32 bits of their checksums.
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

// of is the batch of a receipt; nil: no event tells of it.
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
	a.batches = map[int64]batches{}
	a.publishedEvents, a.keyEvents = map[int64][]publishedEvent{}, map[int64][]keyEvent{}
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
	for source, list := range a.batches {
		a.batches[source] = list.joined()
	}
}

func (a *audit) event(id, when int64, kind string, customer, ref int64, text string) {
	var body struct {
		Kind     string `json:"kind"`
		Total    string `json:"total"`
		Checksum string `json:"checksum"`
		Points   string `json:"points"`
		Level    string `json:"level"`
		Is       string `json:"is"`
		First    string `json:"first"`
		Last     string `json:"last"`
		Starts   string `json:"starts"`
		Rules    string `json:"rules"`
		Till     string `json:"till"`
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
	ofCustomer := func(value int64) {
		a.customerEvents.add(customerEvent{customer, ref, id, when, a.names.number(kind), value})
	}
	switch kind {
	case "receipt.recorded":
		if read() {
			a.receiptEvents.add(receiptEvent{ref, id, when, customer, a.names.number(body.Kind), units(body.Total), checksum()})
		}
	case "receipts.imported":
		if read() {
			a.importedEvent(id, ref, body.First, body.Last, checksum(), text)
		}
	case "installation.founded":
		if read() {
			a.foundings = append(a.foundings, body.founding)
		}
	case "programme.published":
		if read() {
			a.publishedEvents[ref] = append(a.publishedEvents[ref], publishedEvent{id, when, body.Starts, body.Rules})
		}
	case "till.key_issued", "till.key_revoked":
		if read() {
			a.keyEvents[ref] = append(a.keyEvents[ref], keyEvent{id, when, checksum(), kind == "till.key_revoked", body.Till})
		}
	case "customer.registered":
		if read() {
			ofCustomer(0)
		}
	case "tier.reached":
		if read() {
			ofCustomer(a.names.number(body.Level))
		}
	case "tier.changed":
		if read() {
			ofCustomer(a.names.number(body.Is))
		}
	case "points.activated", "points.expired":
		if read() {
			ofCustomer(units(body.Points))
		}
	}
}

// importedEvent takes up which receipts of a source a batch brought.
func (a *audit) importedEvent(id, source int64, from, to string, sum int64, text string) {
	first, err1 := strconv.ParseInt(from, 10, 64)
	last, err2 := strconv.ParseInt(to, 10, 64)
	if err1 != nil || err2 != nil || first > last || !a.sources[source] {
		a.off(Imported, at("events", id), "body", "the first and last id of receipts of a source", text, "")
		return
	}
	a.batches[source] = append(a.batches[source], batch{first, last, id, sum})
}

// units reads "12.50" as 1250, whatever the decimals; -1: it is no number.
func units(text string) int64 {
	v, err := strconv.ParseInt(strings.Replace(text, ".", "", 1), 10, 64)
	if err != nil {
		return -1
	}
	return v
}
