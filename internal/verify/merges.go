package verify

import (
	"cmp"
	"slices"
	"strconv"

	"regulars/internal/base/db"
)

// merge is a row of merges, with what else tells of it.
type merge struct {
	id, from, into, at, undone int64
	merged, unmerged           int64          // the events that tell of it
	lots                       map[int64]bool // that went
	receipts                   int            // that went, or came back with them, and were not read yet
}

// hand is a receipt that went with a merge; later: it came with the undoing only.
type hand struct {
	merge *merge
	later bool
}

// circles are customers who are, or were for a while, one: what happened to one of
// them is explained only together with the others.
type circles struct {
	merges []*merge // in order
	byID   map[int64]*merge
	of     map[int64]int64 // a member of each customer's circle that stands for it
	size   map[int64]int   // by that member
	hands  map[int64][]hand
	met    map[int64][]person
}

// readMerges reads who was merged into whom.
func (a *audit) readMerges() {
	c := &a.circles
	*c = circles{byID: map[int64]*merge{}, of: map[int64]int64{}, size: map[int64]int{}, hands: map[int64][]hand{}, met: map[int64][]person{}}
	a.scan("merges", func(r *db.Rows) error {
		m := &merge{lots: map[int64]bool{}}
		err := r.Scan(&m.id, &m.from, &m.into, &m.at, &m.undone)
		c.merges = append(c.merges, m)
		c.byID[m.id] = m
		return err
	}, `SELECT id, customer_id, into_id, at, COALESCE(undone_at, 0) FROM merges ORDER BY id`)
	for _, m := range c.merges {
		x, y := cmp.Or(c.of[m.from], m.from), cmp.Or(c.of[m.into], m.into)
		c.of[m.from], c.of[m.into] = x, x
		for who, of := range c.of {
			if of == y {
				c.of[who] = x
			}
		}
	}
	for _, of := range c.of {
		c.size[of]++
	}
	stray := func(table string, merge, of int64) {
		a.found(Finding{Merge, table, "merge_id=" + a.show("", merge), "merge_id", "a merge", a.show("", merge), "there is no such merge; of " + a.show("", of)})
	}
	a.scan("merged_receipts", func(r *db.Rows) error {
		var (
			merge, receipt int64
			later          bool
		)
		err := r.Scan(&merge, &receipt, &later)
		if m := c.byID[merge]; m != nil {
			c.hands[receipt] = append(c.hands[receipt], hand{m, later})
			m.receipts++
		} else {
			stray("merged_receipts", merge, receipt)
		}
		return err
	}, `SELECT merge_id, receipt_id, later FROM merged_receipts`)
	a.scan("merged_lots", func(r *db.Rows) error {
		var merge, lot int64
		err := r.Scan(&merge, &lot)
		if m := c.byID[merge]; m != nil {
			m.lots[lot] = true
		} else {
			stray("merged_lots", merge, lot)
		}
		return err
	}, `SELECT merge_id, lot_id FROM merged_lots`)
}

// orderMerges puts what happened in the order of the event log.
func (a *audit) orderMerges() {
	for _, list := range a.circles.hands {
		slices.SortFunc(list, func(x, y hand) int {
			return cmp.Compare(turn{x.merge, x.later}.told(), turn{y.merge, y.later}.told())
		})
	}
}

// recordedFor is whose a receipt was when it was recorded, by whose it is now.
func (c *circles) recordedFor(receipt, now int64) int64 {
	list := c.hands[receipt]
	if len(list) == 0 {
		return now
	}
	if list[0].later {
		return list[0].merge.into
	}
	return list[0].merge.from
}

// turn is a merge or its undoing, as they came one after another.
type turn struct {
	*merge
	undo bool
}

// told is the event that tells of it; 0: none.
func (t turn) told() int64 {
	if t.undo {
		return t.unmerged
	}
	return t.merged
}

func (t turn) when() int64 {
	if t.undo {
		return t.undone
	}
	return t.at
}

func (c *circles) turns(of int64) (list []turn) {
	for _, m := range c.merges {
		if c.of[m.from] != of {
			continue
		}
		list = append(list, turn{m, false})
		if m.undone != 0 {
			list = append(list, turn{m, true})
		}
	}
	slices.SortStableFunc(list, func(x, y turn) int { return cmp.Compare(x.told(), y.told()) })
	return list
}

// endsAt is whose something is in the end that was one's at first: went tells whether
// it went with a merge, or came back with it.
func endsAt(first int64, turns []turn, went func(t turn) bool) int64 {
	for _, t := range turns {
		switch {
		case !t.undo && first == t.from && went(t):
			first = t.into
		case t.undo && first == t.into && went(t):
			first = t.from
		}
	}
	return first
}

// mergedReceipt checks whose a receipt is that went with merges.
func (a *audit) mergedReceipt(r *receipt) {
	list := a.circles.hands[r.ID]
	if len(list) == 0 {
		return
	}
	first := a.circles.recordedFor(r.ID, r.Customer)
	want := endsAt(first, a.circles.turns(a.circles.of[first]), func(t turn) bool {
		return slices.ContainsFunc(list, func(h hand) bool { return h.merge == t.merge && (t.undo || !h.later) })
	})
	a.equal(Merge, at("receipts", r.ID), "customer_id", want, r.Customer, "after the merges that it went with")
	for _, h := range list {
		h.merge.receipts--
	}
}

// together goes through the customers of a circle.
func (a *audit) together(of int64, people []person) {
	turns := a.circles.turns(of)
	all := person{id: of}
	for i := range people {
		p := &people[i]
		all.profiles = append(all.profiles, p.profiles...)
		all.accounts = append(all.accounts, p.accounts...)
		all.lots = append(all.lots, p.lots...)
		all.receipts = append(all.receipts, p.receipts...)
		all.entries = append(all.entries, p.entries...)
		all.tiers = append(all.tiers, p.tiers...)
		all.holds = append(all.holds, p.holds...)
		all.days = append(all.days, p.days...)
		all.openings = append(all.openings, p.openings...)
		all.events = append(all.events, p.events...)
	}
	slices.SortFunc(all.lots, func(x, y lot) int { return cmp.Compare(x.ID, y.ID) })
	slices.SortFunc(all.receipts, func(x, y bought) int { return cmp.Compare(x.ID, y.ID) })
	slices.SortFunc(all.entries, func(x, y entry) int { return cmp.Compare(x.ID, y.ID) })
	slices.SortFunc(all.events, func(x, y customerEvent) int {
		return cmp.Or(cmp.Compare(x.Ref, y.Ref), cmp.Compare(x.Event, y.Event))
	})
	a.levels(&all, turns)
	a.ledger(&all)
	a.tiersOf(&all)
	first := map[int64]int64{} // whose each lot was
	for i := range all.entries {
		if e := &all.entries[i]; e.Lot != 0 && first[e.Lot] == 0 {
			first[e.Lot] = e.Customer
		}
	}
	for i := range all.lots {
		l := &all.lots[i]
		whose := cmp.Or(first[l.ID], l.Customer)
		want := endsAt(whose, turns, func(t turn) bool {
			before := !t.undo && mintedAt(l.ID)+apart < mintedAt(t.id)
			if before && !t.lots[l.ID] {
				a.off(Merge, at("lots", l.ID), "", "a row of merged_lots", "none", "it went with merge "+a.show("", t.id))
			}
			return before || t.lots[l.ID]
		})
		a.equal(Merge, at("lots", l.ID), "customer_id", want, l.Customer, "after the merges that it went with")
	}
	a.mergesOf(&all, turns)
}

// mergesOf checks profiles against the merges, and what the log tells of them.
func (a *audit) mergesOf(all *person, turns []turn) {
	into := map[int64]int64{}
	for _, t := range turns {
		if into[t.from] = t.into; t.undo {
			into[t.from] = 0
		}
		where := at("merges", t.id)
		if t.told() == 0 || t.undone == 0 && t.unmerged != 0 {
			a.off(Merge, where, "", "events that tell of it", "none, or of its undoing", "")
		}
	}
	for i := range all.entries {
		e := &all.entries[i]
		if e.Cause == "merge" && !slices.ContainsFunc(turns, func(t turn) bool { return t.when() == e.At && (t.from == e.Customer || t.into == e.Customer) }) {
			a.off(EntryMovement, at("entries", e.ID), "at", "when the customer was merged, or that was undone", a.show("at", e.At), "")
		}
	}
	for i := range all.profiles {
		a.mergedInto(&all.profiles[i], into[all.profiles[i].ID])
	}
	for i := range all.accounts {
		is := &all.accounts[i]
		if into[is.Customer] != 0 && (is.Active != 0 || is.Pending != 0 || is.Debt != 0 || is.Receipts != 0 || is.Spend != 0) {
			a.off(Merge, at("accounts", is.Customer), "", "nothing", "points or purchases", "the customer was merged into "+a.show("", into[is.Customer]))
		}
	}
}

// mergedInto checks a profile's own word of whom it was merged into.
func (a *audit) mergedInto(p *profile, into int64) {
	a.equal(Merge, at("customers", p.ID), "merged_into", into, p.Into, "by the merges")
	if merged := p.State == "merged"; p.State != "erased" && merged != (into != 0) {
		a.off(Merge, at("customers", p.ID), "state", "merged where it was merged into another", strconv.Quote(p.State), "")
	}
}

// mergesEnd names what merges tell of and is not there.
func (a *audit) mergesEnd() {
	for _, m := range a.circles.merges {
		if m.receipts != 0 {
			a.off(Merge, at("merges", m.id), "", "the receipts that went with it", "others", "")
		}
	}
}
