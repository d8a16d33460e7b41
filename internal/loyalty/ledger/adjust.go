package ledger

import (
	"context"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/programme"
)

// Failures of adjusting by hand.
var (
	ErrReason = errs.New(errs.Invalid, "reason_needed", "Say why the points are given or taken.").At("/reason")
	ErrMoved  = errs.New(errs.Conflict, "points_moved", "The customer's points have moved since they were shown. Look at them again.")
	ErrPoints = errs.New(errs.Invalid, "points_nothing", "Give or take more than nothing.").At("/points")
)

// Adjustment gives points by hand, or takes them where Points is negative.
type Adjustment struct {
	Customer  customer.ID
	Points    money.Points
	Reason    string // said to whoever asks later; needed
	Programme programme.ID
	ExpiresAt time.Time // of points that are given; zero: never
	Entity    int64     // that owes what is given
	Store     int64     // 0: none
	Staff     int64
	Seen      string // stamp of the account that somebody confirmed it for; empty: whichever there is
}

// AdjustTx gives or takes points by hand and returns what can be redeemed
// afterwards. It fails with ErrReason, ErrPoints, ErrTooFew, ErrTooMuch or ErrBroken,
// with ErrMoved or customer.ErrGone, and then changes nothing.
func (s *Service) AdjustTx(ctx context.Context, tx *db.Tx, in Adjustment) (available money.Points, err error) {
	defer errs.Wrap(&err, "adjust points of customer %s", in.Customer)
	if in.Reason == "" {
		return 0, ErrReason
	}
	if in.Points == 0 {
		return 0, ErrPoints
	}
	var b db.Batch
	accounts := s.Queue(&b, []customer.ID{in.Customer}, true)
	if err := tx.Run(ctx, &b); err != nil {
		return 0, err
	}
	accounts.Settle()
	a, ok := accounts[in.Customer]
	switch {
	case !ok:
		return 0, customer.ErrNotFound
	case in.Seen != "" && in.Seen != a.Stamp():
		return 0, ErrMoved
	}
	// Behind the account's lock, for which a merge waits, too.
	if state, err := customer.StateTx(ctx, tx, in.Customer); err != nil {
		return 0, err
	} else if state.Gone() {
		return 0, customer.ErrGone
	}
	now := a.now // by a later moment, what is given would not be available yet
	m := Move{Cause: CauseManual, Entity: in.Entity, Store: in.Store, Staff: in.Staff, Reason: in.Reason, At: now}
	if in.Points < 0 {
		if err := a.Deduct(m, -in.Points); err != nil {
			return 0, errs.Of(err).At("/points")
		}
	} else {
		if err := a.Fits(0, in.Points); err != nil {
			return 0, errs.Of(err).At("/points")
		}
		a.Earn(Grant{Move: m, Source: Adjusted, Programme: in.Programme, Points: in.Points, AvailableAt: now, ExpiresAt: in.ExpiresAt})
	}
	return a.Available(), s.SaveTx(ctx, tx, accounts)
}

// ForfeitTx takes all points that a customer has, who will not come for them, pending
// ones too; a debt stays in the books. It gives how many there were, and fails with
// ErrHeld.
func (s *Service) ForfeitTx(ctx context.Context, tx *db.Tx, who customer.ID, m Move) (points money.Points, err error) {
	defer errs.Wrap(&err, "take the points of customer %s", who)
	var b db.Batch
	accounts := s.Queue(&b, []customer.ID{who}, true)
	if err := tx.Run(ctx, &b); err != nil {
		return 0, err
	}
	accounts.Settle()
	a, ok := accounts[who]
	switch {
	case !ok:
		return 0, customer.ErrNotFound
	case a.Held() > 0:
		return 0, ErrHeld
	}
	a.dirty = true // who looks at the account meanwhile gives nothing to somebody forgotten
	for _, l := range a.Lots() {
		points += l.Remaining
		a.take(m, l, Adjusted, l.Remaining)
	}
	return points, s.SaveTx(ctx, tx, accounts)
}
