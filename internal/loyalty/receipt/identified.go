package receipt

import (
	"context"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
)

// Grouping says by what sales are counted.
type Grouping string

// The groupings.
const (
	ByStore   Grouping = "store"
	ByTill    Grouping = "till"
	ByCashier Grouping = "cashier"
)

// groupings are the columns that they go by.
var groupings = map[Grouping]string{ByStore: "store_id", ByTill: "till_id", ByCashier: "staff_id"}

// Counted is how many sales there were, and at how many of them somebody was
// known.
type Counted struct{ Sales, Known int64 }

// Rate is the share of sales with a known customer, to the nearest hundredth of a
// percent; of no sales it is 0.
func (c Counted) Rate() money.Rate {
	if c.Sales == 0 {
		return 0
	}
	return money.Rate((2*c.Known*int64(money.Whole) + c.Sales) / (2 * c.Sales))
}

// Identified is how often somebody was known in a store, at a till or by a
// cashier, in a period and in the one before it.
type Identified struct {
	Of          int64 // store, till or cashier; 0: none was named
	Now, Before Counted
}

// Identified counts the sales from a time until another one, not included, and
// those of as long a time before, at which a customer was known: of the stores, or
// of all with none. Imported receipts are left out: nobody was asked for a card at
// those.
func (s *Service) Identified(ctx context.Context, by Grouping, from, to time.Time, stores ...catalog.StoreID) (list []Identified, err error) {
	defer errs.Wrap(&err, "count identified sales by %s", string(by))
	indexed, rest, args := Filter{Kind: KindSale, Own: true, Stores: stores, From: from.Add(-to.Sub(from)), To: to}.conditions()
	counted := args.Put(`
		COUNT(CASE WHEN sold_at >= ? THEN 1 END), COUNT(CASE WHEN sold_at >= ? THEN customer_id END),
		COUNT(CASE WHEN sold_at < ? THEN 1 END), COUNT(CASE WHEN sold_at < ? THEN customer_id END)`,
		from.UnixMicro(), from.UnixMicro(), from.UnixMicro(), from.UnixMicro())
	column := groupings[by]
	rows, err := s.db.Query(ctx, `SELECT COALESCE(`+column+`, 0), `+counted+` FROM receipts WHERE TRUE`+indexed+rest+` GROUP BY `+column, args...)
	return list, db.Scan(rows, err, func(r *db.Rows) error {
		var i Identified
		err := r.Scan(&i.Of, &i.Now.Sales, &i.Now.Known, &i.Before.Sales, &i.Before.Known)
		list = append(list, i)
		return err
	})
}
