package receipt

import (
	"slices"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/programme"
)

// Of receipts r with the sales o that they take back: what counts towards tiers,
// and when. A return counts when its sale did: it leaves a window with it, or it
// would take from what was bought later. No return is earlier than its sale
// (ErrBeforeSale), so an index on the times of receipts finds all that count.
const (
	sqlSpend   = `CASE r.kind WHEN 'sale' THEN r.tier_spend ELSE -r.tier_spend END`
	sqlSpendAt = `COALESCE(o.sold_at, r.sold_at)`
	fromSpends = `FROM receipts r LEFT JOIN receipts o ON o.id = r.original_id`
)

// window is the time over which a rolling programme counts tier spend, in
// microseconds: after from, until to.
type window struct {
	customer customer.ID
	from, to int64
}

func rollingWindow(who customer.ID, s programme.Spend, at time.Time) window {
	return window{who, s.After(at, nil).UnixMicro(), at.UnixMicro()}
}

// spend adds what has to be read to know what a customer's spend was at a time.
func (n *needs) spend(who customer.ID, s programme.Spend, at time.Time) {
	switch {
	case s.Window == programme.Rolling:
		n.windows = append(n.windows, rollingWindow(who, s, at))
	case s.Calendar():
		// Where the customer's days begin is not known yet: in no zone more than a
		// day earlier.
		since := s.After(at.AddDate(0, 0, -1), time.UTC).AddDate(0, 0, -1)
		if len(n.calendar) == 0 || since.Before(n.since) {
			n.since = since
		}
		n.calendar = append(n.calendar, who)
	}
}

// tierSpend is what counts towards the tier at a time, before the sale, by the
// days of zone.
func (w *world) tierSpend(a *ledger.Account, s programme.Spend, at time.Time, zone *time.Location) money.Amount {
	switch {
	case s.Window == programme.Rolling:
		return w.spend[rollingWindow(a.Customer, s, at)]
	case s.Calendar():
		return sum(counting(w.spends[a.Customer], s.After(at, zone), at))
	}
	return a.Spend
}

func sum(list []spending) (all money.Amount) {
	for _, e := range list {
		all += e.sum
	}
	return all
}

// queueWindow adds to b the reading of what was spent in a window.
func (w *world) queueWindow(b *db.Batch, win window) {
	const read = `
		SELECT CAST(COALESCE(SUM(` + sqlSpend + `), 0) AS BIGINT)
		  ` + fromSpends + `
		 WHERE r.customer_id = $1 AND r.sold_at > $2 AND ` + sqlSpendAt + ` > $2 AND ` + sqlSpendAt + ` <= $3`
	b.Query(func(r *db.Rows) error {
		var sum money.Amount
		err := r.Scan(&sum)
		w.spend[win] = sum
		return err
	}, read, int64(win.customer), win.from, win.to)
}

// spent counts tier spend of a time in the windows that were read.
func (w *world) spent(who customer.ID, at time.Time, sum money.Amount) {
	us := at.UnixMicro()
	for win := range w.spend {
		if win.customer == who && win.from < us && us <= win.to {
			w.spend[win] += sum
		}
	}
	if list, ok := w.spends[who]; ok || w.calendar[who] {
		i, _ := slices.BinarySearchFunc(list, at, later)
		w.spends[who] = slices.Insert(list, i, spending{at: at, since: at, sum: sum})
	}
}

// spending is the tier spend of one receipt; a return's is negative.
type spending struct {
	at    time.Time // when it counts
	since time.Time // it is known: a return comes after its sale
	sum   money.Amount
}

// queueSpends adds to b the reading of the spend that customers' receipts after
// a time brought, in the order in which it counts, into the map.
func queueSpends(b *db.Batch, ids []customer.ID, after time.Time) map[customer.ID][]spending {
	const read = `
		SELECT r.customer_id, ` + sqlSpendAt + `, r.sold_at, ` + sqlSpend + `
		  ` + fromSpends + `
		 WHERE r.customer_id IN ($1...) AND r.sold_at > $2
		 ORDER BY 2, r.id`
	found := map[customer.ID][]spending{}
	b.Query(func(r *db.Rows) error {
		var (
			who customer.ID
			e   spending
		)
		err := r.Scan(&who, db.Time{Dst: &e.at}, db.Time{Dst: &e.since}, &e.sum)
		found[who] = append(found[who], e)
		return err
	}, read, db.IDs(ids), after.UnixMicro())
	return found
}

// later orders spendings around a time: those of it come before.
func later(e spending, than time.Time) int {
	if e.at.After(than) {
		return 1
	}
	return -1
}

// counting are those of a list that count after a time and until another.
func counting(list []spending, after, until time.Time) []spending {
	from, _ := slices.BinarySearchFunc(list, after, later)
	to, _ := slices.BinarySearchFunc(list, until, later)
	return list[from:to]
}
