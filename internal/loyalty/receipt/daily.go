package receipt

import (
	"strings"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/programme"
)

// dayOf is the store's day of a sale, whole: a clock that goes back makes no other
// day.
func dayOf(who customer.ID, at time.Time, zone *time.Location) window {
	return window{who, programme.Midnight(at, 0, zone).UnixMicro(), programme.Midnight(at, 1, zone).UnixMicro() - 1}
}

// queueDay adds to b the counting of a customer's sales, in whatever store.
func (w *world) queueDay(b *db.Batch, day window) {
	const read = `
		SELECT details, (SELECT COUNT(*) FROM receipt_lines l WHERE l.receipt_id = r.id)
		  FROM receipts r
		 WHERE customer_id = $1 AND kind = 'sale' AND sold_at >= $2 AND sold_at <= $3`
	b.Query(func(r *db.Rows) error {
		var (
			text  string
			lines int
		)
		if err := r.Scan(&text, &lines); err != nil {
			return err
		}
		details, err := readDetails(text)
		if details.takesPart(lines) {
			w.days[day]++
		}
		return err
	}, read, int64(day.customer), day.from, day.to)
}

// today is how many sales of the day are recorded before one, with those of the same
// transaction.
func (w *world) today(day window) int {
	n := w.days[day]
	for _, r := range w.receipts {
		if at := r.SoldAt.UnixMicro(); r.Kind == KindSale && r.Customer == day.customer && at >= day.from && at <= day.to && r.Details.takesPart(len(r.Lines)) {
			n++
		}
	}
	return n
}

// takesPart reports whether the till left any of a sale's lines in: one of which it took
// out all is none of the first sales of a day.
func (d *Details) takesPart(lines int) bool {
	return d.NoLoyalty == "" || len(strings.Fields(d.NoLoyalty)) < lines
}
