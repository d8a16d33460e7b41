package receipt

import (
	"context"
	"maps"
	"slices"
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
	cards     []customer.Identifier
	receipts  []key      // that may have been recorded already
	twins     []*posting // likewise, by another till
	keys      []idem     // likewise
	sales     []int64    // to be returned
	windows   []window
	days      []window // of which sales are counted
	firsts    []first
	calendar  []customer.ID // whose spend is counted by the calendar
	since     time.Time     // and since when it may be
}

// key is a till's own name of a receipt.
type key struct {
	source int64
	kind   Kind
	number string
}

// idem is an Idempotency-Key of a till.
type idem struct {
	source int64
	key    string
}

// world is what was read for a batch of calls, as far as the calls before
// have changed it, and what is to be written.
type world struct {
	now       time.Time
	accounts  ledger.Accounts
	customers map[customer.ID]customer.Known
	cards     map[customer.Identifier]customer.ID // whose they are
	products  map[string]catalog.Product
	tiers     map[customer.ID][]programme.Tier
	spend     map[window]money.Amount
	days      map[window]int
	bought    map[first]bool
	welcomed  map[customer.ID]bool // at registration
	reachable map[customer.ID]bool
	calendar  map[customer.ID]bool       // whose spend is counted by the calendar
	spends    map[customer.ID][]spending // theirs
	recorded  map[key]*Receipt
	twins     map[twin][]*Receipt
	keys      map[idem]bool // that were used
	sales     map[ID]*Receipt
	refunds   map[ID]refunded
	histories ledger.Histories

	receipts []addition
	returned []returnedLine
	events   []event.Event
	writes   db.Batch // tiers
}

// refunded is what the returns of a sale gave back, by how much that was reduced, and
// how much of it counted towards a level.
type refunded struct{ total, withheld, spend money.Amount }

// returnedLine moves the returned quantity of a sale's line.
type returnedLine struct {
	sale     ID
	position int
	was, is  money.Quantity
}

// queue adds to b the reading of everything in n; with lock set the customers'
// accounts are locked first, and then the sales that come back, which may be
// nobody's.
func (s *Service) queue(b *db.Batch, n *needs, lock bool) *world {
	w := &world{
		now:       s.now(),
		customers: map[customer.ID]customer.Known{},
		products:  map[string]catalog.Product{},
		tiers:     map[customer.ID][]programme.Tier{},
		spend:     map[window]money.Amount{},
		days:      map[window]int{},
		recorded:  map[key]*Receipt{},
		twins:     map[twin][]*Receipt{},
		keys:      map[idem]bool{},
		sales:     map[ID]*Receipt{},
		refunds:   map[ID]refunded{},
	}
	w.accounts = s.ledger.Queue(b, n.customers, lock)
	if len(n.customers) > 0 {
		s.customers.QueueKnown(b, n.customers, w.customers)
		s.programmes.QueueTiers(b, n.customers, w.tiers)
	}
	s.queueCards(b, n, w, lock)
	if len(n.skus) > 0 {
		s.catalog.QueueByCode(b, n.skus, w.products)
	}
	for _, day := range n.days {
		w.queueDay(b, day)
	}
	if len(n.firsts) > 0 {
		w.bought, w.welcomed, w.reachable = map[first]bool{}, map[customer.ID]bool{}, map[customer.ID]bool{}
		var ids []customer.ID
		for _, f := range n.firsts {
			w.queueFirst(b, f)
			ids = append(ids, f.customer)
		}
		s.ledger.QueueWelcomed(b, ids, w.welcomed)
		s.customers.QueueReachable(b, ids, w.reachable)
	}
	for _, win := range n.windows {
		w.queueWindow(b, win)
	}
	if len(n.calendar) > 0 {
		w.calendar = map[customer.ID]bool{}
		for _, who := range n.calendar {
			w.calendar[who] = true
		}
		w.spends = queueSpends(b, n.calendar, n.since)
	}
	if len(n.sales) > 0 {
		find := `SELECT ` + receiptColumns + ` FROM receipts WHERE id IN ($1...)`
		if lock {
			find += `
			ORDER BY id FOR NO KEY UPDATE -- postgres`
		}
		b.Query(func(r *db.Rows) error {
			rec, err := scanReceipt(r)
			w.sales[rec.ID] = rec
			return err
		}, find, db.Int64s(n.sales))
		queueLines(b, n.sales, func(of ID) *Receipt { return w.sales[of] })
		b.Query(func(r *db.Rows) error {
			var (
				sale ID
				back refunded
			)
			err := r.Scan(&sale, &back.total, &back.withheld, &back.spend)
			w.refunds[sale] = back
			return err
		}, `SELECT original_id, CAST(SUM(total) AS BIGINT), CAST(SUM(withheld) AS BIGINT), CAST(SUM(tier_spend) AS BIGINT) FROM receipts
		     WHERE original_id IN ($1...) GROUP BY original_id`, db.Int64s(n.sales))
		w.histories = s.ledger.QueueHistory(b, w.accounts, n.sales)
	}
	return w
}

// look reads what calls need through run, without locking.
func (s *Service) look(ctx context.Context, calls []call, run func(context.Context, *db.Batch) error) (w *world, err error) {
	n := needsOf(calls)
	var b db.Batch
	w = s.queue(&b, &n, false)
	if err := run(ctx, &b); err != nil {
		return nil, err
	}
	w.accounts.Settle()
	return w, nil
}

func needsOf(calls []call) (n needs) {
	for _, c := range calls {
		c.prepare(&n)
	}
	return n
}

// quoteAll reads what quotes need and prices them.
func (s *Service) quoteAll(ctx context.Context, calls []call, _ bool) error {
	w, err := s.look(ctx, calls, s.db.Run)
	if err == nil {
		w.apply(s, calls)
	}
	return err
}

// commitAll runs calls in one transaction. Calls that fail on their own keep
// their error; an error returned here is the transaction's.
//
// Calls are too seldom sent twice to look each of them up. A call that fails
// may have been: its price is another one now. One that the database refuses
// for its number or key has been; again, after that, looks all of them up.
func (s *Service) commitAll(ctx context.Context, calls []call, again bool) error {
	return s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		n := needsOf(calls)
		var reads db.Batch
		w := s.queue(&reads, &n, true)
		w.queueTwins(&reads, &n)
		if again {
			w.queueRecorded(&reads, &n)
		}
		if err := tx.Run(ctx, &reads); err != nil {
			return err
		}
		w.accounts.Settle()
		failed := w.apply(s, calls)
		if len(failed) > 0 && !again {
			n := needsOf(failed)
			var reads db.Batch
			w.queueRecorded(&reads, &n)
			if err := tx.Run(ctx, &reads); err != nil {
				return err
			}
			w.apply(s, failed)
		}
		if err := s.meetProductsTx(ctx, tx, w); err != nil {
			return err
		}
		var writes db.Batch
		w.save(s, &writes)
		return tx.Run(ctx, &writes)
	})
}

// apply applies calls in order and gives those that failed.
func (w *world) apply(s *Service, calls []call) (failed []call) {
	for _, c := range calls {
		err := c.apply(s, w)
		c.setOutcome(err)
		if err != nil {
			failed = append(failed, c)
		}
	}
	return failed
}

// queueRecorded adds to b the reading of what was recorded under the calls'
// numbers and keys.
func (w *world) queueRecorded(b *db.Batch, n *needs) {
	for _, k := range n.receipts {
		b.Query(func(r *db.Rows) error {
			rec, err := scanReceipt(r)
			w.recorded[k] = rec
			return err
		}, `SELECT `+receiptColumns+` FROM receipts WHERE source_id = $1 AND number = $2 AND kind = $3`, k.source, k.number, string(k.kind))
	}
	for _, k := range n.keys {
		b.Query(func(r *db.Rows) error {
			w.keys[k] = true
			return nil
		}, `SELECT id FROM receipts WHERE source_id = $1 AND idempotency_key = $2`, k.source, k.key)
	}
}

// queueTwins adds to b the reading of what the tills of a store have recorded under
// the numbers of calls that come late. Two tills of a store that send at once wait
// for each other.
func (w *world) queueTwins(b *db.Batch, n *needs) {
	const lock = `
		SELECT id FROM stores WHERE id = $1
		   FOR UPDATE -- postgres`
	// By number and till, of which there is one, and not by store and time: a till
	// that knows only the day sold everything at once.
	const find = `SELECT ` + receiptColumns + ` FROM receipts WHERE number IN ($1...) AND source_id IN ($2...) ORDER BY id`
	numbers, tills := map[catalog.StoreID]db.Texts{}, map[catalog.StoreID]db.Int64s{}
	for _, p := range n.twins {
		store := p.by.Store.ID
		if numbers[store] == nil {
			for _, t := range p.late.tills {
				tills[store] = append(tills[store], int64(t.ID))
			}
		}
		numbers[store] = append(numbers[store], p.key.number)
	}
	for _, store := range slices.Sorted(maps.Keys(numbers)) {
		b.Query(func(*db.Rows) error { return nil }, lock, int64(store))
		b.Query(func(r *db.Rows) error {
			rec, err := scanReceipt(r)
			if err != nil {
				return err
			}
			k := twin{rec.Number, rec.fingerprint, rec.Kind, rec.Store}
			w.twins[k] = append(w.twins[k], rec)
			return nil
		}, find, numbers[store], tills[store])
	}
}

// meetProductsTx adds the products that only the till knows to the catalog, once
// their receipts are sure to be recorded.
func (s *Service) meetProductsTx(ctx context.Context, tx *db.Tx, w *world) error {
	var (
		unknown []catalog.Seen
		lines   []*Line
	)
	for _, r := range w.receipts {
		for i := range r.Lines {
			if l := &r.Lines[i]; r.Kind == KindSale && l.Product == 0 && l.SKU != "" {
				unknown = append(unknown, catalog.Seen{SKU: l.SKU, Name: l.Name, Price: l.Price})
				lines = append(lines, l)
			}
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	met, err := s.catalog.EnsureTx(ctx, tx, unknown)
	if err != nil {
		return err
	}
	for _, l := range lines {
		l.of(met[l.SKU])
	}
	return nil
}

func (w *world) save(s *Service, b *db.Batch) {
	s.ledger.Save(b, w.accounts)
	var (
		added  rows
		events []event.Event
	)
	for _, r := range w.receipts {
		added.add(r.Receipt, &r.texts)
		events = append(events, r.told(s.currency, &r.texts))
	}
	b.Insert(receiptTable, added.receipts)
	b.Insert(lineTable, added.lines)
	for _, l := range w.returned {
		// The guard is in the statement: two tills that return one line at
		// once are told apart by the database.
		b.Guard(`UPDATE receipt_lines SET returned = $4 WHERE receipt_id = $1 AND position = $2 AND returned = $3`,
			int64(l.sale), l.position, int64(l.was), int64(l.is))
	}
	b.Append(&w.writes)
	event.Append(b, append(events, w.events...)...)
}
