package verify

import (
	"maps"
	"slices"

	"regulars/internal/base/db"
)

// stay is where the log says that somebody is at home, and who heads a household.
type stay struct {
	event     int64
	household int64 // 0: they left
	at        int64
}

// homes are what the event log says of households.
type homes struct {
	of   map[int64]stay // by customer
	head map[int64]stay // by household: of the customer in household
}

func newHomes() homes { return homes{map[int64]stay{}, map[int64]stay{}} }

// told takes up an event of a household; they do not come in order.
func (h *homes) told(kind string, event, customer, household, at int64, head bool) {
	latest := func(m map[int64]stay, key, value int64) {
		if m[key].event < event {
			m[key] = stay{event, value, at}
		}
	}
	switch kind {
	case "household.joined":
		latest(h.of, customer, household)
	case "household.left":
		latest(h.of, customer, 0)
	}
	if head || kind == "household.head" {
		latest(h.head, household, customer)
	}
}

// households compares who lives together with what the event log says.
func (a *audit) households() {
	members, heads := map[int64]int{}, map[int64]int{}
	met := map[int64]bool{}
	a.scan("household_members", func(r *db.Rows) error {
		var (
			customer, household, since int64
			head                       bool
		)
		if err := r.Scan(&customer, &household, &head, &since); err != nil {
			return err
		}
		where := at("household_members", customer)
		met[customer] = true
		members[household]++
		told := a.homes.of[customer]
		a.equal(Household, where, "household_id", told.household, household, "the household that the event log says")
		a.equal(Household, where, "since", told.at, since, "when they joined")
		if head {
			heads[household]++
			a.equal(Household, where, "head", a.homes.head[household].household, customer, "the head that the event log says")
		}
		return nil
	}, `SELECT customer_id, household_id, head, since FROM household_members`)
	for _, customer := range slices.Sorted(maps.Keys(a.homes.of)) {
		if told := a.homes.of[customer]; told.household != 0 && !met[customer] {
			a.off(Household, at("events", told.event), "ref", "a member of the household", "none", "of customer "+a.show("", customer))
		}
	}
	a.scanIDs("households", func(id int64) {
		if members[id] == 0 || heads[id] != 1 {
			a.off(Household, at("households", id), "", "members, one of them the head", "others", "")
		}
	})
}
