package receipt

import (
	"context"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/event"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/programme"
)

// needs is what a batch of calls has to read.
type needs struct {
	customers []customer.ID
	skus      []string
	seen      []catalog.Seen // what tills say of products, for unknown ones
	receipts  []key          // that may have been recorded already
	sales     []int64        // to be returned
	windows   []window
}

// key is a till's own name of a receipt.
type key struct {
	source int64
	kind   Kind
	number string
}

// window asks for the tier spend of a rolling programme.
type window struct {
	customer customer.ID
	version  programme.VersionID
	from, to time.Time
}

// spendKey is where its answer is found.
type spendKey struct {
	customer customer.ID
	version  programme.VersionID
}

// world is what was read for a batch of calls, as far as the calls before
// have changed it, and what is to be written.
type world struct {
	now       time.Time
	accounts  ledger.Accounts
	customers map[customer.ID]customer.Customer
	products  map[string]catalog.Product
	tiers     map[customer.ID][]programme.Tier
	spend     map[spendKey]money.Amount
	recorded  map[key]*Receipt
	sales     map[ID]*Receipt
	histories map[int64]*ledger.History

	receipts, lines [][]any
	returned        []returnedLine
	events          []event.Event
	writes          db.Batch // tiers
}

// returnedLine moves the returned quantity of a sale's line.
type returnedLine struct {
	sale     ID
	position int
	was, is  money.Quantity
}

// queue adds to b the reading of everything in n; with lock set the customers'
// accounts are locked first.
func (s *Service) queue(b *db.Batch, n *needs, lock bool) *world {
	w := &world{
		now:       s.now(),
		customers: map[customer.ID]customer.Customer{},
		products:  map[string]catalog.Product{},
		tiers:     map[customer.ID][]programme.Tier{},
		spend:     map[spendKey]money.Amount{},
		recorded:  map[key]*Receipt{},
		sales:     map[ID]*Receipt{},
	}
	w.accounts = s.ledger.Queue(b, n.customers, lock)
	if len(n.customers) > 0 {
		s.customers.Queue(b, n.customers, w.customers)
		s.programmes.QueueTiers(b, n.customers, w.tiers)
	}
	if len(n.skus) > 0 {
		s.catalog.QueueBySKU(b, n.skus, w.products)
	}
	for _, win := range n.windows {
		b.Query(func(r *db.Rows) error {
			var spend money.Amount
			err := r.Scan(&spend)
			w.spend[spendKey{win.customer, win.version}] = spend
			return err
		}, `SELECT CAST(COALESCE(SUM(CASE kind WHEN 'sale' THEN tier_spend ELSE -tier_spend END), 0) AS BIGINT)
		      FROM receipts WHERE customer_id = $1 AND sold_at > $2 AND sold_at <= $3`,
			int64(win.customer), win.from.UnixMicro(), win.to.UnixMicro())
	}
	for _, k := range n.receipts {
		b.Query(func(r *db.Rows) error {
			rec, err := scanReceipt(r)
			w.recorded[k] = rec
			return err
		}, `SELECT `+receiptColumns+` FROM receipts WHERE source_id = $1 AND number = $2 AND kind = $3`, k.source, k.number, string(k.kind))
	}
	if len(n.sales) > 0 {
		b.Query(func(r *db.Rows) error {
			rec, err := scanReceipt(r)
			w.sales[rec.ID] = rec
			return err
		}, `SELECT `+receiptColumns+` FROM receipts WHERE id IN ($1...)`, db.Int64s(n.sales))
		b.Query(func(r *db.Rows) error {
			return scanLine(r, func(of ID) *Receipt { return w.sales[of] })
		}, `SELECT `+lineColumns+` FROM receipt_lines WHERE receipt_id IN ($1...) ORDER BY receipt_id, position`, db.Int64s(n.sales))
		w.histories = s.ledger.QueueHistory(b, w.accounts, n.sales)
	}
	return w
}

// look reads what a call needs without locking, for quotes and previews.
func (s *Service) look(ctx context.Context, c call) (w *world, err error) {
	var n needs
	c.prepare(&n)
	var b db.Batch
	w = s.queue(&b, &n, false)
	if err := s.db.Run(ctx, &b); err != nil {
		return nil, err
	}
	w.accounts.Settle()
	return w, nil
}

// commitAll runs calls in one transaction. Calls that fail on their own keep
// their error; an error returned here is the transaction's.
func (s *Service) commitAll(ctx context.Context, calls []call) error {
	return s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		var n needs
		for _, c := range calls {
			c.prepare(&n)
		}
		var reads db.Batch
		w := s.queue(&reads, &n, true)
		if err := tx.Run(ctx, &reads); err != nil {
			return err
		}
		if err := s.meetProducts(ctx, tx, w, n.seen); err != nil {
			return err
		}
		w.accounts.Settle()
		for _, c := range calls {
			c.setOutcome(c.apply(s, w))
		}
		var writes db.Batch
		w.save(s, &writes)
		return tx.Run(ctx, &writes)
	})
}

// meetProducts adds the products that only the till knows.
func (s *Service) meetProducts(ctx context.Context, tx *db.Tx, w *world, seen []catalog.Seen) error {
	var unknown []catalog.Seen
	for _, p := range seen {
		if _, ok := w.products[p.SKU]; !ok && p.SKU != "" {
			unknown = append(unknown, p)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	met, err := s.catalog.EnsureTx(ctx, tx, unknown)
	for sku, p := range met {
		w.products[sku] = p
	}
	return err
}

func (w *world) save(s *Service, b *db.Batch) {
	s.ledger.Save(b, w.accounts)
	b.Insert(receiptTable, w.receipts)
	b.Insert(lineTable, w.lines)
	for _, l := range w.returned {
		// The guard is in the statement: two tills that return one line at
		// once are told apart by the database.
		b.Guard(`UPDATE receipt_lines SET returned = $4 WHERE receipt_id = $1 AND position = $2 AND returned = $3`,
			int64(l.sale), l.position, int64(l.was), int64(l.is))
	}
	b.Append(&w.writes)
	event.Append(b, w.events...)
}
