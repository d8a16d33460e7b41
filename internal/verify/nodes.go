package verify

import (
	"maps"
	"slices"

	"regulars/internal/base/db"
)

// ahead is how far beyond its lease a process may have minted, in milliseconds:
// one that slept wakes up and mints before it sees that the time is over.
const ahead = 3_600_000

// nodes looks whether ids were minted under numbers that were leased, and not
// beyond what the next holder of a number knows of: it would mint them again.
func (a *audit) nodes() {
	until := map[int64]int64{}
	a.scan("nodes", func(r *db.Rows) error {
		var number, leased, high int64
		err := r.Scan(&number, &leased, &high)
		until[number] = max(leased/1000, high) + ahead
		return err
	}, `SELECT number, leased_until, high FROM nodes`)
	for _, number := range slices.Sorted(maps.Keys(a.newest)) {
		where := "number=" + a.show("", number)
		to, leased := until[number]
		if newest := a.newest[number]; !leased {
			a.found(Finding{Node, "nodes", where, "", "the number that ids were minted under", "none", "another process would mint the same ids"})
		} else if newest > to {
			a.found(Finding{Node, "nodes", where, "high", "not before " + a.show("at", newest*1000), a.show("at", to*1000), "another process would mint the same ids"})
		}
	}
}
