package ledger

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"regulars/internal/base/errs"
	"regulars/internal/base/id"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/programme"
)

// LotID identifies a lot, EntryID an entry.
type (
	LotID   = id.Of[Lot]
	EntryID = id.Of[Entry]
)

// Name is one of the two accounts of an entry.
type Name string

// The accounts. The first three are a customer's; the others are the
// programme's and are never stored, only summed.
const (
	Pending    Name = "pending"     // earned, not yet available
	Active     Name = "active"      // can be redeemed
	Debt       Name = "debt"        // owed by the customer: never above zero
	Issued     Name = "issued"      // the programme's liability
	Redeemed   Name = "redeemed"    // paid with
	Expired    Name = "expired"     // lost
	Adjusted   Name = "adjusted"    // given or taken by hand
	WrittenOff Name = "written_off" // spent before they could be taken back, borne by the programme
	Refund     Name = "refund"      // likewise, kept back from the refund
)

// Cause says why points moved.
type Cause string

// The causes.
const (
	CauseEarn     Cause = "earn"
	CauseRedeem   Cause = "redeem"
	CauseReturn   Cause = "return"
	CauseWelcome  Cause = "welcome"
	CauseOpening  Cause = "opening"
	CauseManual   Cause = "manual"
	CauseActivate Cause = "activate"
	CauseExpire   Cause = "expire"
	CauseRepay    Cause = "repay"
	CauseOccasion Cause = "occasion" // a day of the customer's own
	CauseForfeit  Cause = "forfeit"  // a level was lost
)

// State is whether a lot's points can be spent.
type State string

// The states: a lot is pending until it is available, then active for good; it
// is open while something remains.
//
//	pending --(available at)--> active
const (
	StatePending State = "pending"
	StateActive  State = "active"
)

// Failures of moving points. ErrBroken is the database's: the stored balance
// says one thing and the lots another.
var (
	ErrTooFew  = errs.New(errs.Conflict, "points_too_few", "The customer has fewer points available.")
	ErrTooMuch = errs.New(errs.Conflict, "totals_too_much", "The customer's purchases or points would come to more than can be counted; nothing was changed. Sell without the customer.")
	ErrBroken  = errs.New(errs.Internal, "points_broken", "The customer's points are not what the ledger says, so none can be redeemed; nothing was changed. Sell without redeeming, and have the administrator run verify.")
)

// MostCounted is the most that a customer's purchases, in minor units, or
// points, in hundredths, are counted to; no receipt brings it near to where a
// number ends.
const MostCounted = 1_000_000_000_000_000_000

// Lot is points that were earned together and expire together.
type Lot struct {
	ID          LotID
	Programme   programme.ID
	Entity      int64 // legal entity that owes them
	Cause       Cause
	Receipt     int64 // 0: none
	Amount      money.Points
	Remaining   money.Points
	Expired     money.Points // of Amount, what expiry took
	State       State
	EarnedAt    time.Time
	AvailableAt time.Time
	ExpiresAt   time.Time // zero: never

	fresh bool         // not in the database yet
	dirty bool         // changed since it was read
	was   money.Points // Remaining as it was read, for the guard
}

func (l *Lot) due(at, now time.Time) bool { return !at.IsZero() && !at.After(now) }

// account is where the lot's points are counted.
func (l *Lot) account() Name {
	if l.State == StatePending {
		return Pending
	}
	return Active
}

// Entry moves points between two accounts.
type Entry struct {
	ID         EntryID
	Customer   customer.ID
	Source     Name
	Target     Name
	Points     money.Points // > 0
	Lot        LotID        // 0: none
	Move                    // Entity: whose liability moves, At whose store is in Place
	Place      int64        // legal entity of the store where it happened; 0: none
	RecordedAt time.Time
}

// Move is what the entries of one movement share.
type Move struct {
	Cause   Cause
	Receipt int64 // sale or return in which it happened; 0: none
	Sale    int64 // that sale, the one that the return is of, or the one that earned the points; 0: none
	Entity  int64 // of the store where it happens; lots keep their own
	Store   int64 // 0: none
	Staff   int64 // 0: the program
	Reason  string
	At      time.Time // when it happened
}

// Account is one customer's points and purchases in memory: read by Queue
// or Get, moved by its methods, written by Save. It is for one goroutine.
type Account struct {
	Customer              customer.ID
	Active, Pending, Debt money.Points
	// Kept for receipt: sales, tier spend over the lifetime, first and last
	// sale.
	Receipts  int64
	Spend     money.Amount
	FirstSold time.Time
	LastSold  time.Time
	// IdleAt is the midnight at which all points expire that a programme lets
	// expire so, if nothing is bought before; zero: never.
	IdleAt time.Time

	lots []*Lot // open ones, and those read for a return
	// elsewhere are the lots that sales to be returned took part in, whosever.
	elsewhere map[LotID]Lot
	holds     []*Hold
	entries   []Entry
	version   int64
	dirty     bool
	ledger    *Service
	now       time.Time // when it was read; entries are recorded then
	policy    Policy
	locked    bool
	broken    bool // balances are not what the lots hold
}

// Policy is which programmes do otherwise than others at a time.
type Policy struct {
	Stopped []programme.ID // nothing expires
	Idle    []programme.ID // whole accounts expire when nothing is bought for long
}

// Stamp is another once anything has moved, and once the clock has changed how many
// points are available.
func (a *Account) Stamp() string {
	return strconv.FormatInt(a.version, 10) + "/" + a.Active.String() + "/" + a.Debt.String() + "/" + a.Available().String()
}

// Usable is what could be redeemed if nothing were held: active points less the
// debt.
func (a *Account) Usable() money.Points { return max(0, a.Active-a.Debt) }

// Available is what can be redeemed: active points less the debt and what is
// held.
func (a *Account) Available() money.Points { return a.AvailableTo(nil) }

// AvailableTo is what can be redeemed with a hold (nil: without): what it holds
// is available to it.
func (a *Account) AvailableTo(h *Hold) money.Points { return max(0, a.Active-a.Debt-a.held(h, nil)) }

// AvailableOf is AvailableTo of the points of one programme only.
func (a *Account) AvailableOf(p programme.ID, h *Hold) (own money.Points) {
	for _, l := range a.lots {
		if l.State == StateActive && l.Programme == p {
			own += max(0, l.Remaining-a.held(h, l))
		}
	}
	return min(own, a.AvailableTo(h))
}

// Balance is everything the customer has, less the debt; it can be negative.
func (a *Account) Balance() money.Points { return a.Active + a.Pending - a.Debt }

// Lots are the open lots, the soonest to expire first.
func (a *Account) Lots() []*Lot {
	var open []*Lot
	for _, l := range a.lots {
		if l.Remaining > 0 {
			open = append(open, l)
		}
	}
	slices.SortFunc(open, spendingOrder)
	return open
}

// PendingUntil is when the first of the pending points become available; zero
// where none are pending.
func (a *Account) PendingUntil() (first time.Time) {
	for _, l := range a.Lots() {
		if l.State == StatePending && (first.IsZero() || l.AvailableAt.Before(first)) {
			first = l.AvailableAt
		}
	}
	return first
}

// spendingOrder is soonest to expire, then oldest.
func spendingOrder(a, b *Lot) int {
	return cmp.Or(expiryOrder(a.ExpiresAt, b.ExpiresAt), a.EarnedAt.Compare(b.EarnedAt), cmp.Compare(a.ID, b.ID))
}

func expiryOrder(a, b time.Time) int {
	switch {
	case a.IsZero() && b.IsZero():
		return 0
	case a.IsZero():
		return 1
	case b.IsZero():
		return -1
	}
	return a.Compare(b)
}

// post moves points between two accounts of which at least one is the
// customer's, and keeps the running balances.
func (a *Account) post(m Move, source, target Name, points money.Points, lot *Lot) {
	if points <= 0 {
		return
	}
	a.add(source, -points)
	a.add(target, points)
	e := Entry{
		ID: EntryID(a.ledger.mint.Next()), Customer: a.Customer, Source: source, Target: target,
		Points: points, Move: m, Place: m.Entity, RecordedAt: a.now,
	}
	if lot != nil {
		e.Lot, e.Entity = lot.ID, lot.Entity
	}
	a.entries = append(a.entries, e)
	a.dirty = true
}

func (a *Account) add(name Name, points money.Points) {
	switch name {
	case Active:
		a.Active += points
	case Pending:
		a.Pending += points
	case Debt: // owed: stored as a positive number
		a.Debt -= points
	}
}

// take moves points out of a lot.
func (a *Account) take(m Move, lot *Lot, target Name, points money.Points) {
	if points <= 0 {
		return
	}
	a.post(m, lot.account(), target, points, lot)
	lot.Remaining -= points
	lot.dirty = true
}

// settle brings the lots up to date: what has become available is activated,
// what has passed its date expires, and an expiring lot first repays a debt.
// Loading does it, so nothing is redeemed after its date however late the
// nightly job comes.
func (a *Account) settle() {
	for _, l := range a.lots {
		if l.State == StatePending && l.Remaining > 0 && l.due(l.AvailableAt, a.now) {
			m := Move{Cause: CauseActivate, At: l.AvailableAt}
			a.post(m, Pending, Active, l.Remaining, l)
			l.State, l.dirty = StateActive, true
		}
	}
	a.lapse()
	for _, l := range a.Lots() {
		if at, due := a.expires(l); due {
			a.repay(Move{Sale: l.Receipt, At: at}, l) // a return of the sale undoes it
			a.expire(l, at)
		}
	}
	if a.idle() {
		a.IdleAt, a.dirty = time.Time{}, true
	}
}

// idle reports whether nothing was bought for so long that points expire.
func (a *Account) idle() bool {
	return len(a.policy.Idle) > 0 && !a.IdleAt.IsZero() && !a.IdleAt.After(a.now)
}

// expires tells when the lot expired, if its date has come, or that of the whole
// account; in a stopped programme neither ever does.
func (a *Account) expires(l *Lot) (at time.Time, due bool) {
	if slices.Contains(a.policy.Stopped, l.Programme) {
		return at, false
	}
	at = l.ExpiresAt
	if a.idle() && l.State == StateActive && slices.Contains(a.policy.Idle, l.Programme) && (at.IsZero() || a.IdleAt.Before(at)) {
		at = a.IdleAt
	}
	return at, l.due(at, a.now)
}

// expire takes what is left of a lot, but for what is held of it.
func (a *Account) expire(l *Lot, at time.Time) {
	left := max(0, l.Remaining-a.held(nil, l))
	a.take(Move{Cause: CauseExpire, At: at}, l, Expired, left)
	l.Expired += left
}

// Free are the points of a programme that can be redeemed, whatever is owed, and that
// nothing holds.
func (a *Account) Free(p programme.ID) (points money.Points) {
	for _, l := range a.lots {
		if l.State == StateActive && l.Programme == p {
			points += max(0, l.Remaining-a.held(nil, l))
		}
	}
	return points
}

// Forfeit takes the points of a programme that are free, as with a level; like points
// that expire they repay a debt first, and a return of the sale that earned them finds
// them taken back.
func (a *Account) Forfeit(p programme.ID, at time.Time) {
	for _, l := range a.Lots() {
		if l.State != StateActive || l.Programme != p {
			continue
		}
		m := Move{Cause: CauseForfeit, At: at}
		free := max(0, l.Remaining-a.held(nil, l))
		owed := min(a.Debt, free)
		a.take(Move{Cause: CauseRepay, Sale: l.Receipt, At: at}, l, Debt, owed)
		a.take(m, l, Expired, free-owed)
		l.Expired += free - owed
	}
}

// KeepUntil has the account's points live until a midnight, if it is later than
// the one that they live until.
func (a *Account) KeepUntil(midnight time.Time) {
	if midnight.After(a.IdleAt) {
		a.IdleAt, a.dirty = midnight, true
	}
}

func (a *Account) repay(m Move, l *Lot) {
	m.Cause = CauseRepay
	a.take(m, l, Debt, min(a.Debt, l.Remaining))
}

// Grant is new points.
type Grant struct {
	Move
	Source      Name // Issued, or Adjusted for points by hand
	Programme   programme.ID
	Points      money.Points
	AvailableAt time.Time
	ExpiresAt   time.Time // zero: never
}

// Earn adds a lot; a debt is repaid from it at once.
func (a *Account) Earn(g Grant) *Lot {
	if g.Points <= 0 {
		return nil
	}
	l := &Lot{
		ID: LotID(a.ledger.mint.Next()), Programme: g.Programme, Entity: g.Entity, Cause: g.Cause, Receipt: g.Receipt,
		Amount: g.Points, Remaining: g.Points, State: StateActive,
		EarnedAt: g.At, AvailableAt: g.AvailableAt, ExpiresAt: g.ExpiresAt, fresh: true,
	}
	if g.AvailableAt.After(a.now) {
		l.State = StatePending
	}
	a.lots = append(a.lots, l)
	a.post(g.Move, g.Source, l.account(), g.Points, l)
	a.repay(g.Move, l)
	a.settle() // a receipt of long ago may have earned what has expired since
	return l
}

// With is what points are taken with.
type With struct {
	Hold *Hold        // nil: none; what it holds is taken first
	Only programme.ID // whose points alone may be taken; 0: all
}

// Redeem takes available points, the soonest to expire first. It fails with
// ErrTooFew or ErrBroken and then changes nothing.
func (a *Account) Redeem(m Move, points money.Points, with With) error {
	return a.spend(m, Redeemed, points, with)
}

// Deduct takes points by hand.
func (a *Account) Deduct(m Move, points money.Points) error {
	return a.spend(m, Adjusted, points, With{})
}

func (a *Account) spend(m Move, target Name, points money.Points, with With) error {
	available := a.AvailableTo(with.Hold)
	if with.Only != 0 {
		available = a.AvailableOf(with.Only, with.Hold)
	}
	if points > available {
		return ErrTooFew.With("available", available)
	}
	var there money.Points
	for _, l := range a.lots {
		if l.State == StateActive {
			there += l.Remaining
		}
	}
	if points > 0 && (a.broken || there < points) {
		return ErrBroken
	}
	takes := func(l *Lot, most money.Points) {
		if l.State != StateActive || with.Only != 0 && l.Programme != with.Only {
			return
		}
		part := min(points, most)
		a.take(m, l, target, part)
		points -= part
	}
	if with.Hold != nil {
		for _, l := range a.Lots() {
			takes(l, min(l.Remaining, with.Hold.lots[l.ID]))
		}
	}
	for _, l := range a.Lots() {
		takes(l, max(0, l.Remaining-a.held(with.Hold, l)))
	}
	return nil
}

// prove holds the balances against the lots. What was read without a lock may
// be of two moments.
func (a *Account) prove() {
	var held money.Points
	for _, l := range a.lots {
		held += l.Remaining
	}
	a.broken = a.locked && held != a.Active+a.Pending
}

// Fits fails with ErrTooMuch where a sale's tier spend and points, added to the
// account's, are more than is counted.
func (a *Account) Fits(tierSpend money.Amount, points money.Points) error {
	if a.Spend > MostCounted-tierSpend || max(a.Active, a.Pending) > MostCounted-points {
		return ErrTooMuch
	}
	return nil
}

// Sold counts a sale that Fits, or with returned set a return, in the totals.
func (a *Account) Sold(at time.Time, tierSpend money.Amount, returned bool) {
	a.dirty = true
	if returned {
		a.Spend -= tierSpend
		return
	}
	a.Receipts++
	a.Spend += tierSpend
	if a.FirstSold.IsZero() || at.Before(a.FirstSold) {
		a.FirstSold = at
	}
	if at.After(a.LastSold) {
		a.LastSold = at
	}
}
