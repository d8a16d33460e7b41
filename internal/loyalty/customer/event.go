package customer

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/event"
	"regulars/internal/loyalty/catalog"
)

// Events of this package. Their bodies carry no personal data: readers look
// the customer up.
const (
	EventRegistered = "customer.registered" // body: {"source", "store"}
	EventChanged    = "customer.changed"    // body: {"fields"}

	// EventImported tells of all that a transaction of an import created and
	// changed; a ref is the import's; body: {"first", "last", "created",
	// "changed"}. Created are so many customers of that origin between the two
	// ids, which are missing where there are none; another transaction's may lie
	// between them. Changed are ids.
	EventImported = "customers.imported"
)

// events tell of everybody who is new or changed: one of each, or, as they are
// many, one of all that an import brings.
func (r *registration) events() (events []event.Event) {
	type imported struct {
		First   ID   `json:"first,omitzero"`
		Last    ID   `json:"last,omitzero"`
		Created int  `json:"created,omitzero"`
		Changed []ID `json:"changed,omitempty"`
	}
	now := r.s.now()
	imports := map[int64]*imported{}
	for _, p := range r.order {
		if p.origin == 0 {
			events = append(events, p.event(now))
			continue
		}
		in := imports[p.origin]
		if in == nil {
			in = &imported{}
			imports[p.origin] = in
		}
		if p.isNew { // their ids rise
			in.First, in.Last = cmp.Or(in.First, p.ID), p.ID
			in.Created++
		} else {
			in.Changed = append(in.Changed, p.ID)
		}
	}
	for _, origin := range slices.Sorted(maps.Keys(imports)) {
		events = append(events, event.Event{At: now, Kind: EventImported, Ref: origin, Body: event.Body(imports[origin])})
	}
	return events
}

// event tells of one person.
func (p *person) event(now time.Time) event.Event {
	if p.isNew {
		return registered(&p.Customer)
	}
	slices.Sort(p.changed)
	return change(p.ID, now, slices.Compact(p.changed)...)
}

func registered(c *Customer) event.Event {
	body := event.Body(struct {
		Source string          `json:"source,omitempty"`
		Store  catalog.StoreID `json:"store,omitempty"`
	}{c.Source, c.HomeStore})
	return event.Event{At: c.RegisteredAt, Kind: EventRegistered, CustomerID: int64(c.ID), Ref: int64(c.ID), Body: body}
}

func change(id ID, at time.Time, fields ...string) event.Event {
	body := event.Body(map[string][]string{"fields": fields})
	return event.Event{At: at, Kind: EventChanged, CustomerID: int64(id), Ref: int64(id), Body: body}
}

// changed adds the event of a change to b.
func changed(b *db.Batch, id ID, at time.Time, fields ...string) {
	event.Append(b, change(id, at, fields...))
}
