package receipt

import (
	"regulars/internal/base/db"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/programme"
)

// first asks whether a customer has bought yet for so much, of what counts towards a
// level: what is left of a sale after its returns.
type first struct {
	customer customer.ID
	from     money.Amount
}

// first is what a sale has to ask; ok: it does.
func (c *saleCall) first() (f first, ok bool) {
	if c.sale.Customer == 0 || c.version == nil || !c.version.Rules.WelcomesPurchases() {
		return f, false
	}
	return first{c.sale.Customer, c.version.Rules.Welcome.Least()}, true
}

// queueFirst adds to b the asking. A sale that gave the bonus counts until it is taken
// back, though another sum was needed for it.
func (w *world) queueFirst(b *db.Batch, f first) {
	const read = `
		SELECT CASE WHEN EXISTS (
			SELECT 1 FROM receipts s
			 WHERE s.customer_id = $1 AND s.kind = 'sale' AND (
			       s.tier_spend >= $2 AND s.tier_spend - COALESCE((SELECT SUM(r.tier_spend) FROM receipts r WHERE r.original_id = s.id), 0) >= $2
			    OR s.details LIKE '%"welcome":%' AND NOT EXISTS (SELECT 1 FROM receipts r WHERE r.original_id = s.id AND r.details LIKE '%"welcome":%'))
		) THEN 1 ELSE 0 END`
	b.Query(func(r *db.Rows) error {
		var bought int
		err := r.Scan(&bought)
		w.bought[f] = bought > 0
		return err
	}, read, int64(f.customer), int64(f.from))
}

// isFirst reports whether a sale may be the first: nothing was bought yet, also in the
// same transaction, no welcome bonus was given, and the customer registered here with a
// contact, as for one at registration.
func (w *world) isFirst(f first) bool {
	if w.bought[f] || w.welcomed[f.customer] || !w.reachable[f.customer] {
		return false
	}
	for _, r := range w.receipts {
		if r.Kind == KindSale && r.Customer == f.customer && (r.TierSpend >= f.from || r.Details.Welcome > 0) {
			return false
		}
	}
	return true
}

// welcomeBack is how much of a welcome bonus a return takes back with which so much of
// the sale has come back that the rest would not have given it; spend is what had come
// back before.
func welcomeBack(v *programme.Version, sale, back *Receipt, spend money.Amount) money.Points {
	if v == nil || sale.Details.Welcome == 0 {
		return 0
	}
	left, least := sale.TierSpend-spend, v.Rules.Welcome.Least()
	if left < least || left-back.TierSpend >= least {
		return 0
	}
	return sale.Details.Welcome
}
