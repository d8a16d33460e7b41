// Package ledger keeps customers' points: double entry, append only, by lots.
//
// Every movement is an entry that moves points between two accounts, so all
// accounts sum to zero; what a customer holds is the sum of the lots less the
// debt. Balances are stored for customers only and are proved by package
// verify from the entries. DESIGN.md has the rules.
//
// Work goes in three steps inside one transaction of the caller: Queue reads
// and locks accounts (in the order of ids, before anything else of the
// customers), the methods of Account move points in memory, Save writes what
// changed with the guards in the statements. Package receipt is the caller for
// sales and returns; enrol, the nightly job and manual adjustments are others.
package ledger

import (
	"context"
	"slices"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/event"
	"regulars/internal/base/id"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/customer"
)

// Service reads and writes accounts.
type Service struct {
	db     *db.DB
	mint   *id.Minter
	now    func() time.Time
	policy func(time.Time) Policy
}

// New makes the ledger of a database. policy tells what holds at a time.
func New(d *db.DB, mint *id.Minter, now func() time.Time, policy func(time.Time) Policy) *Service {
	return &Service{d, mint, now, policy}
}

// Accounts are accounts by customer. A customer who has none is missing.
type Accounts map[customer.ID]*Account

var (
	accountTable = db.NewTable("accounts", "customer_id")
	lotTable     = db.NewTable("lots", "id", "customer_id", "programme_id", "entity_id", "cause", "receipt_id", "amount", "remaining",
		"expired", "state", "earned_at", "available_at", "expires_at")
	entryTable = db.NewTable("entries", "id", "customer_id", "source", "target", "points", "cause", "lot_id", "receipt_id", "sale_id", "entity_id",
		"store_id", "staff_id", "reason", "at", "recorded_at", "at_entity_id")
)

// Page gives the customers who have accounts, in the order of ids, up to limit
// after one of them.
func (s *Service) Page(ctx context.Context, after customer.ID, limit int) (ids []customer.ID, err error) {
	defer errs.Wrap(&err, "page through accounts")
	rows, err := s.db.Query(ctx, `SELECT customer_id FROM accounts WHERE customer_id > $1 ORDER BY customer_id LIMIT $2`, int64(after), limit)
	return ids, db.Scan(rows, err, func(r *db.Rows) error {
		var c customer.ID
		err := r.Scan(&c)
		ids = append(ids, c)
		return err
	})
}

// OpenTx gives new customers their accounts.
func (s *Service) OpenTx(ctx context.Context, tx *db.Tx, ids []customer.ID) error {
	rows := make([][]any, len(ids))
	for i, c := range ids {
		rows[i] = []any{int64(c)}
	}
	return tx.Insert(ctx, accountTable, rows)
}

const lotColumns = `id, customer_id, programme_id, entity_id, cause, COALESCE(receipt_id, 0), amount, remaining, expired, state,
	earned_at, available_at, expires_at`

// Queue adds to b the reading of the customers' accounts and open lots, with
// lock set locking them until the transaction ends. Accounts.Settle completes
// what was read, once the batch has run.
func (s *Service) Queue(b *db.Batch, ids []customer.ID, lock bool) Accounts {
	accounts := Accounts{}
	if len(ids) == 0 {
		return accounts
	}
	list := db.IDs(ids)
	slices.Sort(list)
	list = slices.Compact(list)
	now := s.now()
	policy := s.policy(now)
	const read = `
		SELECT customer_id, active, pending, debt, receipts, spend, first_sold_at, last_sold_at, idle_at, version
		  FROM accounts
		 WHERE customer_id IN ($1...)`
	const readAndLock = read + `
		 ORDER BY customer_id
		   FOR UPDATE -- postgres`
	text := read
	if lock {
		text = readAndLock
	}
	b.Query(func(r *db.Rows) error {
		a := &Account{ledger: s, now: now, policy: policy, locked: lock}
		err := r.Scan(&a.Customer, &a.Active, &a.Pending, &a.Debt, &a.Receipts, &a.Spend,
			db.Time{Dst: &a.FirstSold}, db.Time{Dst: &a.LastSold}, db.Time{Dst: &a.IdleAt}, &a.version)
		accounts[a.Customer] = a
		return err
	}, text, list)
	b.Query(accounts.scanLot, `SELECT `+lotColumns+` FROM lots WHERE customer_id IN ($1...) AND remaining > 0`, list)
	accounts.queueHolds(b, list)
	return accounts
}

// QueueWelcomed adds to b the asking which customers were given a welcome bonus for good:
// one that is of no receipt, or of a sale whose returns could not take all back, so that
// the programme bears a part. Such a one is not given again, or it could be without end.
func (s *Service) QueueWelcomed(b *db.Batch, ids []customer.ID, into map[customer.ID]bool) {
	b.Query(func(r *db.Rows) error {
		var who customer.ID
		err := r.Scan(&who)
		into[who] = true
		return err
	}, `
		SELECT customer_id
		  FROM lots
		 WHERE customer_id IN ($1...) AND cause = 'welcome' AND (
		       receipt_id IS NULL
		    OR (SELECT SUM(CASE 'written_off' WHEN source THEN points WHEN target THEN -points END) FROM entries WHERE sale_id = lots.receipt_id) > 0)`, db.IDs(ids))
}

// QueueHistory adds to b the reading of what the ledger recorded of sales and
// their returns, of the lots that took part, and of the sales that earned what
// these redeemed; it follows Queue in the same batch.
func (s *Service) QueueHistory(b *db.Batch, accounts Accounts, sales []int64) Histories {
	histories := Histories{}
	if len(sales) == 0 {
		return histories
	}
	for _, sale := range sales {
		histories.of(sale)
	}
	scan := func(r *db.Rows) error {
		var (
			sale int64
			e    Entry
		)
		if err := r.Scan(&sale, &e.Source, &e.Target, &e.Points, &e.Cause, &e.Lot); err != nil {
			return err
		}
		h := histories.of(sale)
		h.entries = append(h.entries, e)
		return nil
	}
	const columns = `sale_id, source, target, points, cause, COALESCE(lot_id, 0)`
	const own = `
		SELECT ` + columns + `
		  FROM entries
		 WHERE sale_id IN ($1...)
		 ORDER BY id`
	b.Query(scan, own, db.Int64s(sales))
	const earlier = `
		SELECT ` + columns + `
		  FROM entries
		 WHERE sale_id IN (SELECT l.receipt_id
		                     FROM entries e JOIN lots l ON l.id = e.lot_id
		                    WHERE e.sale_id IN ($1...) AND e.cause = 'redeem')
		   AND NOT sale_id IN ($1...)
		 ORDER BY id`
	b.Query(scan, earlier, db.Int64s(sales))
	const lots = `
		SELECT ` + lotColumns + `
		  FROM lots
		 WHERE id IN (SELECT lot_id FROM entries WHERE sale_id IN ($1...))`
	elsewhere := map[LotID]Lot{}
	b.Query(func(r *db.Rows) error {
		owns, l, err := scanLot(r)
		elsewhere[l.ID] = l
		for _, a := range accounts {
			a.elsewhere = elsewhere
		}
		if a := accounts[owns]; a != nil && l.Remaining == 0 {
			a.lots = append(a.lots, &l)
		}
		return err
	}, lots, db.Int64s(sales))
	return histories
}

func (as Accounts) scanLot(r *db.Rows) error {
	owns, l, err := scanLot(r)
	if a := as[owns]; a != nil {
		a.lots = append(a.lots, &l)
	}
	return err
}

func scanLot(r *db.Rows) (owns customer.ID, l Lot, err error) {
	err = r.Scan(&l.ID, &owns, &l.Programme, &l.Entity, &l.Cause, &l.Receipt, &l.Amount, &l.Remaining, &l.Expired, &l.State,
		db.Time{Dst: &l.EarnedAt}, db.Time{Dst: &l.AvailableAt}, db.Time{Dst: &l.ExpiresAt})
	l.was = l.Remaining
	return owns, l, err
}

// Settle activates and expires what is due in all accounts; it is called once
// their reading has run.
func (as Accounts) Settle() {
	for _, a := range as {
		a.prove()
		a.settle()
	}
}

// Get reads an account without locking it. What is due is settled in the
// copy; nothing is written.
func (s *Service) Get(ctx context.Context, c customer.ID) (*Account, error) {
	accounts, err := s.GetAll(ctx, []customer.ID{c})
	if err != nil {
		return nil, err
	}
	a, ok := accounts[c]
	if !ok {
		return nil, customer.ErrNotFound
	}
	return a, nil
}

// GetAll reads accounts without locking them.
func (s *Service) GetAll(ctx context.Context, ids []customer.ID) (accounts Accounts, err error) {
	defer errs.Wrap(&err, "read accounts")
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		var b db.Batch
		accounts = s.Queue(&b, ids, false)
		return tx.Run(ctx, &b)
	})
	accounts.Settle()
	return accounts, err
}

// Save adds to b the writing of everything that changed in the accounts.
func (s *Service) Save(b *db.Batch, accounts Accounts) {
	var (
		lots, entries [][]any
		events        []event.Event
		opened        opening
	)
	for _, c := range accounts.sorted() {
		a := accounts[c]
		if !a.dirty {
			continue
		}
		const update = `
			UPDATE accounts
			   SET active = $2, pending = $3, debt = $4, receipts = $5, spend = $6,
			       first_sold_at = $7, last_sold_at = $8, idle_at = $10, version = version + 1
			 WHERE customer_id = $1 AND version = $9`
		b.Guard(update, int64(a.Customer), int64(a.Active), int64(a.Pending), int64(a.Debt), a.Receipts, int64(a.Spend),
			db.Micros(a.FirstSold), db.Micros(a.LastSold), a.version, db.Micros(a.IdleAt))
		events = append(events, a.saveHolds(b)...)
		for _, l := range a.lots {
			switch {
			case l.fresh:
				lots = append(lots, l.row(c))
			case l.dirty:
				const change = `
					UPDATE lots SET remaining = $2, expired = $3, state = $4, expires_at = $5
					 WHERE id = $1 AND remaining = $6`
				b.Guard(change, int64(l.ID), int64(l.Remaining), int64(l.Expired), string(l.State), db.Micros(l.ExpiresAt), int64(l.was))
			}
		}
		for _, e := range a.entries {
			entries = append(entries, e.row())
			switch {
			case e.Receipt != 0: // the receipt's event tells of it
			case e.Cause == CauseOpening:
				opened.add(e)
			case eventKinds[e.Cause] != "":
				events = append(events, e.event())
			}
		}
	}
	if opened.last != 0 {
		events = append(events, opened.event(s.now()))
	}
	b.Insert(lotTable, lots)
	b.Insert(entryTable, entries)
	event.Append(b, events...)
}

// SaveTx is Save in a transaction of the caller, for many accounts at once.
func (s *Service) SaveTx(ctx context.Context, tx *db.Tx, accounts Accounts) error {
	var b db.Batch
	s.Save(&b, accounts)
	return tx.Run(ctx, &b)
}

// The events of points that no receipt moves; a ref is the entry's; body:
// {"points"}, below zero where points are taken by hand.
const (
	EventActivated = "points.activated"
	EventExpired   = "points.expired"
	EventAdjusted  = "points.adjusted"  // by hand
	EventGiven     = "points.given"     // the welcome bonus
	EventRepaid    = "points.repaid"    // of a debt
	EventOccasion  = "points.occasion"  // the bonus for a day of the customer's own
	EventForfeited = "points.forfeited" // with a level

	// EventOpened tells of the opening balances that one transaction of an import
	// brought; it has no ref; body: {"first", "last", "points"}, the points of all
	// of them together. They are the entries of that cause between the two ids;
	// another transaction's may lie between them.
	EventOpened = "points.opened"
)

var eventKinds = map[Cause]string{
	CauseActivate: EventActivated, CauseExpire: EventExpired, CauseManual: EventAdjusted, CauseWelcome: EventGiven, CauseRepay: EventRepaid,
	CauseOccasion: EventOccasion, CauseForfeit: EventForfeited,
}

func (e Entry) event() event.Event {
	points := e.Points
	if e.Target == Adjusted {
		points = -points
	}
	return event.Event{
		At: e.At, Kind: eventKinds[e.Cause], CustomerID: int64(e.Customer), Ref: int64(e.ID), Body: event.Body(map[string]string{"points": points.String()}),
	}
}

// opening is the entries of opening balances, from one to another.
type opening struct {
	first, last EntryID
	points      money.Points
}

func (o *opening) add(e Entry) {
	if o.last == 0 {
		o.first = e.ID
	}
	o.first, o.last = min(o.first, e.ID), max(o.last, e.ID)
	o.points += e.Points
}

func (o *opening) event(now time.Time) event.Event {
	return event.Event{At: now, Kind: EventOpened, Body: event.Body(map[string]string{
		"first": o.first.String(), "last": o.last.String(), "points": o.points.String(),
	})}
}

func (as Accounts) sorted() []customer.ID {
	ids := make([]customer.ID, 0, len(as))
	for c := range as {
		ids = append(ids, c)
	}
	slices.Sort(ids)
	return ids
}

func (l *Lot) row(c customer.ID) []any {
	return []any{
		int64(l.ID), int64(c), int64(l.Programme), l.Entity, string(l.Cause), db.NullID(l.Receipt), int64(l.Amount), int64(l.Remaining),
		int64(l.Expired), string(l.State), db.Micros(l.EarnedAt), db.Micros(l.AvailableAt), db.Micros(l.ExpiresAt),
	}
}

func (e Entry) row() []any {
	return []any{
		int64(e.ID), int64(e.Customer), string(e.Source), string(e.Target), int64(e.Points), string(e.Cause), db.NullID(e.Lot), db.NullID(e.Receipt), db.NullID(e.Sale),
		e.Entity, db.NullID(e.Store), db.NullID(e.Staff), e.Reason, e.At.UnixMicro(), e.RecordedAt.UnixMicro(), e.place(),
	}
}

// place is the legal entity of the store, where it is not whose liability moves;
// nil: it is, or there was no store.
func (e Entry) place() *int64 {
	if e.Place == e.Entity {
		return nil
	}
	return db.NullID(e.Place)
}

// DueTx finds up to limit customers with points that are to be activated or
// to expire, or with a hold that has lapsed.
func (s *Service) DueTx(ctx context.Context, tx *db.Tx, limit int) (due []customer.ID, err error) {
	now := s.now()
	const find = `
		SELECT customer_id FROM (
			SELECT * FROM (
				SELECT customer_id FROM lots
				 WHERE state = 'pending' AND remaining > 0 AND available_at <= $1
				 ORDER BY available_at LIMIT $2) AS activate
			UNION
			SELECT * FROM (
				SELECT customer_id FROM lots
				 WHERE remaining > 0 AND expires_at IS NOT NULL AND expires_at <= $1 AND NOT programme_id IN ($3...)
				   AND NOT EXISTS (SELECT 1 FROM holds h WHERE h.customer_id = lots.customer_id AND h.state = 'open' AND h.lapses_at > $1)
				 ORDER BY expires_at LIMIT $2) AS expire
			UNION
			SELECT * FROM (SELECT customer_id FROM accounts WHERE idle_at <= $1 AND $4 ORDER BY idle_at LIMIT $2) AS idle
			UNION
			SELECT * FROM (SELECT customer_id FROM holds WHERE state = 'open' AND lapses_at <= $1 ORDER BY lapses_at LIMIT $2) AS lapse
		) AS due LIMIT $2`
	policy := s.policy(now)
	rows, err := tx.Query(ctx, find, now.UnixMicro(), limit, db.IDs(policy.Stopped), len(policy.Idle) > 0)
	err = db.Scan(rows, err, func(r *db.Rows) error {
		var c customer.ID
		err := r.Scan(&c)
		due = append(due, c)
		return err
	})
	return due, err
}
