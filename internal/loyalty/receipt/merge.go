package receipt

import (
	"context"
	"errors"
	"slices"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/event"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/programme"
)

// Merge names two customers of whom one goes into the other.
type Merge struct {
	ID         int64
	From, Into customer.ID
	At         time.Time
	Entity     int64 // whose books a debt goes through
	Staff      int64
	holding    map[programme.ID]*programme.Version
	// Lots are those that came to From by merges before, besides what it earned.
	Lots []ledger.LotID
}

// Moved is what went with a merge, for UnmergeTx to give back.
type Moved struct {
	Receipts []ID           `json:"-"`
	Lots     []ledger.LotID `json:"-"`
	Debt     money.Points   `json:"debt,omitempty"`
	IdleAt   time.Time      `json:"idle_at,omitzero"`
	// Were are the tiers of who stays as they were, Floors the levels by hand that
	// came along.
	Were   []programme.Tier `json:"were,omitempty"`
	Floors []programme.Tier `json:"floors,omitempty"`
	Left   []programme.Tier `json:"left,omitempty"` // those of who goes
	// Given are the bonuses of who goes that count as given to who stays.
	Given []programme.Given `json:"given,omitempty"`
	// Account and Tiers are those of who stays now.
	Account *ledger.Account  `json:"-"`
	Tiers   []programme.Tier `json:"-"`
}

// The events of merging; both are of who goes, and the ref is the merge's; body:
// {"into"}.
const (
	EventMerged   = "customer.merged"
	EventUnmerged = "customer.unmerged"
)

func (m *Merge) event(kind string) event.Event {
	return event.Event{At: m.At, Kind: kind, CustomerID: int64(m.From), Ref: m.ID, Body: event.Body(map[string]string{"into": m.Into.String()})}
}

func (m *Merge) move() ledger.Move {
	return ledger.Move{Entity: m.Entity, Staff: m.Staff, At: m.At}
}

// errMoved is of a call whose customer was merged into another since it was made.
var errMoved = errs.New(errs.Unavailable, "customer_merging", "The customer is being merged with another profile. Try again.")

// following does a call again for whom its customer was merged into.
func (s *Service) following(ctx context.Context, who *customer.ID, do func() error) error {
	for attempt := 1; ; attempt++ {
		err := do()
		if !errors.Is(err, errMoved) || attempt == 3 {
			return err
		}
		is, failed := s.customers.Resolve(ctx, []customer.ID{*who})
		switch {
		case failed != nil:
			return failed
		case is[*who] == 0: // the merge was undone
		default:
			*who = is[*who]
		}
	}
}

// PrepareMerge reads what a merge needs before its transaction.
func (s *Service) PrepareMerge(ctx context.Context, m *Merge) (err error) {
	if err := s.catalog.Refresh(ctx); err != nil {
		return err
	}
	m.holding, err = s.programmes.Holding(ctx, m.At)
	return err
}

// bothTx locks the accounts of a merge and reads what their levels follow from.
func (s *Service) bothTx(ctx context.Context, tx *db.Tx, m *Merge) (w *world, err error) {
	n := needs{customers: []customer.ID{m.From, m.Into}}
	for _, v := range m.holding {
		n.spend(m.From, v.Rules.Spend, m.At)
		n.spend(m.Into, v.Rules.Spend, m.At)
	}
	var reads db.Batch
	w = s.queue(&reads, &n, true)
	if err := tx.Run(ctx, &reads); err != nil {
		return nil, err
	}
	w.accounts.Settle()
	if w.accounts[m.From] == nil || w.accounts[m.Into] == nil {
		return nil, customer.ErrNotFound
	}
	return w, nil
}

// MergeTx moves receipts, points and levels of one customer to another, lot by lot:
// who stays has at least the level that either had. It fails with
// customer.ErrNotFound, ledger.ErrHeld or ledger.ErrTooMuch.
func (s *Service) MergeTx(ctx context.Context, tx *db.Tx, m Merge) (moved Moved, err error) {
	defer errs.Wrap(&err, "merge the receipts of customer %s into %s", m.From, m.Into)
	w, err := s.bothTx(ctx, tx, &m)
	if err != nil {
		return moved, err
	}
	from, into := w.accounts[m.From], w.accounts[m.Into]
	if err := into.Fits(max(0, from.Spend), 0); err != nil {
		return moved, err
	}
	event.Append(&w.writes, m.event(EventMerged))
	moved.Debt, moved.IdleAt, moved.Were, moved.Left = from.Debt, from.IdleAt, slices.Clone(w.tiers[m.Into]), slices.Clone(w.tiers[m.From])
	for _, v := range m.holding {
		s.joinTiers(w, v, &m, &moved)
	}
	for _, t := range w.tiers[m.From] {
		t.ReviewAt, t.LostAt = time.Time{}, time.Time{} // nobody's now
		programme.SetTier(&w.writes, m.From, t)
	}
	if err := from.Hand(into, m.move(), func(*ledger.Lot) bool { return true }, from.Debt); err != nil {
		return moved, err
	}
	all := ledger.Totals{Receipts: from.Receipts + into.Receipts, Spend: from.Spend + into.Spend, First: into.FirstSold, Last: into.LastSold}
	if !from.FirstSold.IsZero() && (all.First.IsZero() || from.FirstSold.Before(all.First)) {
		all.First = from.FirstSold
	}
	if from.LastSold.After(all.Last) {
		all.Last = from.LastSold
	}
	into.Bought(all)
	from.Bought(ledger.Totals{})
	into.KeepUntil(from.IdleAt)
	from.IdleAt = time.Time{}
	moved.Account, moved.Tiers = into, w.tiers[m.Into]
	s.ledger.Save(&w.writes, w.accounts)
	if err := tx.Run(ctx, &w.writes); err != nil {
		return moved, err
	}
	own, err := s.ledger.OwnTx(ctx, tx, m.From)
	if err != nil {
		return moved, err
	}
	if moved.Lots, err = s.ledger.MoveLotsTx(ctx, tx, m.From, m.Into, append(own, m.Lots...)); err != nil {
		return moved, err
	}
	if moved.Given, err = s.programmes.CopyGivenTx(ctx, tx, m.From, m.Into); err != nil {
		return moved, err
	}
	moved.Receipts, err = handTx(ctx, tx, `UPDATE receipts SET customer_id = $2 WHERE customer_id = $1 RETURNING id`, int64(m.From), int64(m.Into))
	return moved, err
}

// handTx runs an update of receipts and gives their ids.
func handTx(ctx context.Context, tx *db.Tx, text string, args ...any) (ids []ID, err error) {
	rows, err := tx.Query(ctx, text, args...)
	return ids, db.Scan(rows, err, func(r *db.Rows) error {
		var id ID
		err := r.Scan(&id)
		ids = append(ids, id)
		return err
	})
}

// joinTiers has who stays keep what becomes of both tiers in the programme of a version.
func (s *Service) joinTiers(w *world, v *programme.Version, m *Merge, moved *Moved) {
	r, p, zone := &v.Rules, v.ProgrammeID, s.catalog.Zone(w.customers[m.Into].HomeStore, time.UTC)
	own, theirs := programme.KeptOf(w.tiers[m.Into], p), programme.KeptOf(w.tiers[m.From], p)
	spend, others := w.tierSpend(w.accounts[m.Into], r.Spend, m.At, zone), w.tierSpend(w.accounts[m.From], r.Spend, m.At, zone)
	t := programme.Join(r, own, theirs, spend, others, m.At, zone)
	if t.Level == "" { // nothing is kept of either
		return
	}
	if !t.SameFloor(&own) {
		moved.Floors = append(moved.Floors, t)
	}
	w.turn(m, programme.LevelOf(r, &own, spend, m.At).Code, own, t)
}

// turn keeps what a merge, or its undoing, makes of a tier of who stays, who held a level,
// and tells of it.
func (w *world) turn(m *Merge, held string, old, t programme.Tier) {
	if !t.SameFloor(&old) {
		event.Append(&w.writes, programme.TierGranted(m.At, m.Into, &t))
	}
	if t.Level != held {
		event.Append(&w.writes, programme.TierChanged(m.At, m.Into, t.Programme, held, t.Level))
	}
	w.putTier(m.Into, t)
}

// UnmergeTx gives back what is left of what went with a merge: its receipts with
// their returns, what remains of its lots, and the debt as far as it is owed still.
// Who stays keeps a level reached since. later are the returns that were recorded
// since. It fails with ledger.ErrHeld.
func (s *Service) UnmergeTx(ctx context.Context, tx *db.Tx, m Merge, mergedAt time.Time, moved Moved) (later []ID, err error) {
	defer errs.Wrap(&err, "take the receipts of customer %s out of %s", m.From, m.Into)
	w, err := s.bothTx(ctx, tx, &m)
	if err != nil {
		return nil, err
	}
	from, into := w.accounts[m.From], w.accounts[m.Into]
	event.Append(&w.writes, m.event(EventUnmerged))
	if err := into.Hand(from, m.move(), func(l *ledger.Lot) bool { return slices.Contains(moved.Lots, l.ID) }, moved.Debt); err != nil {
		return nil, err
	}
	ids := db.IDs(moved.Receipts)
	back, err := handTx(ctx, tx, `UPDATE receipts SET customer_id = $1 WHERE customer_id = $2 AND (id IN ($3...) OR original_id IN ($3...)) RETURNING id`,
		int64(m.From), int64(m.Into), ids)
	if err != nil {
		return nil, err
	}
	// Of imported returns the lines know their sales. One that was here before is who
	// stays's own, even if it was matched with a sale of the other since.
	const returns = `
		UPDATE receipts SET customer_id = $1
		 WHERE customer_id = $2 AND kind = 'return' AND imported AND recorded_at >= $3
		   AND EXISTS (SELECT 1 FROM receipt_lines l JOIN receipts s ON s.id = l.original_id WHERE l.receipt_id = receipts.id AND s.customer_id = $1)
		   AND NOT EXISTS (SELECT 1 FROM receipt_lines l JOIN receipts s ON s.id = l.original_id WHERE l.receipt_id = receipts.id AND s.customer_id = $2)
		RETURNING id`
	imported, err := handTx(ctx, tx, returns, int64(m.From), int64(m.Into), mergedAt.UnixMicro())
	if err != nil {
		return nil, err
	}
	back = append(back, imported...)
	known := make(map[ID]bool, len(moved.Receipts))
	for _, id := range moved.Receipts {
		known[id] = true
	}
	for _, id := range back {
		if !known[id] {
			later = append(later, id)
		}
	}
	if err := s.boughtTx(ctx, tx, from, into); err != nil {
		return nil, err
	}
	from.KeepUntil(moved.IdleAt)
	from.KeepUntil(into.IdleAt) // not to expire at once for the time they were one
	for _, v := range m.holding {
		s.partTiers(w, v, &m, mergedAt, &moved)
	}
	programme.TakeGiven(&w.writes, moved.Given)
	s.ledger.Save(&w.writes, w.accounts)
	if err := tx.Run(ctx, &w.writes); err != nil {
		return nil, err
	}
	_, err = s.ledger.MoveLotsTx(ctx, tx, m.Into, m.From, moved.Lots)
	return later, err
}

// boughtTx counts anew what accounts bought.
func (s *Service) boughtTx(ctx context.Context, tx *db.Tx, accounts ...*ledger.Account) error {
	for _, a := range accounts {
		var t ledger.Totals
		const count = `
			SELECT COUNT(CASE kind WHEN 'sale' THEN 1 END),
			       CAST(COALESCE(SUM(CASE kind WHEN 'sale' THEN tier_spend ELSE -tier_spend END), 0) AS BIGINT),
			       MIN(CASE kind WHEN 'sale' THEN sold_at END), MAX(CASE kind WHEN 'sale' THEN sold_at END)
			  FROM receipts WHERE customer_id = $1`
		if err := tx.QueryRow(ctx, count, int64(a.Customer)).Scan(&t.Receipts, &t.Spend, db.Time{Dst: &t.First}, db.Time{Dst: &t.Last}); err != nil {
			return err
		}
		a.Bought(t)
	}
	return nil
}

// partTiers has both keep what becomes of their tiers in the programme of a version.
func (s *Service) partTiers(w *world, v *programme.Version, m *Merge, mergedAt time.Time, moved *Moved) {
	r, p := &v.Rules, v.ProgrammeID
	if t := programme.TierOf(w.tiers[m.From], p); t != nil {
		zone := s.catalog.Zone(w.customers[m.From].HomeStore, time.UTC)
		w.putTier(m.From, programme.Restore(r, *t, programme.KeptOf(moved.Left, p), m.At, zone))
	}
	if t := programme.TierOf(w.tiers[m.Into], p); t != nil {
		zone := s.catalog.Zone(w.customers[m.Into].HomeStore, time.UTC)
		were, gave := programme.KeptOf(moved.Were, p), programme.KeptOf(moved.Floors, p)
		w.turn(m, t.Level, *t, programme.Part(r, *t, were, gave, mergedAt, m.At, zone))
	}
}
