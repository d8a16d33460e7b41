package receipt

import (
	"context"
	"errors"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/confirm"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/programme"
)

// How long points may be held: as long as paying takes.
const (
	DefaultHold = 5 * time.Minute
	MaxHold     = time.Hour
)

// Failures of holding.
var (
	ErrHoldPoints = errs.New(errs.Invalid, "hold_nothing", "Hold more than nothing.").At("/points")
	ErrHoldReused = errs.New(errs.Reused, "hold_number_reused", "A hold of this number was made already with other contents. Send the new one under a number of its own.").At("/number")
)

// Hold asks to keep points for a customer who is paying.
type Hold struct {
	Number   string        `json:"number"` // the till's name of it, once
	Customer customer.ID   `json:"customer"`
	Points   money.Points  `json:"points"`
	For      time.Duration `json:"for"` // up to MaxHold; 0: DefaultHold
	// Confirmation is what the customer said to it; the hold is the same with another.
	Confirmation confirm.Given `json:"-"`
	// Card is as in Draft.
	Card string `json:"-"`
}

// Hold keeps points until they are redeemed by a commit that names the hold, until
// Release, or until their time is over. The same call answers the same again and
// sets replayed. It fails with ledger.ErrTooFew, ErrBlocked, ErrHoldReused, with
// ErrCardNeeded or ErrCardWrong where the customer has to show their card, or with
// confirm.ErrNeeded or ErrWrong where they have to say yes to so many.
func (s *Service) Hold(ctx context.Context, by Caller, in Hold) (h ledger.Hold, replayed bool, err error) {
	defer errs.Wrap(&err, "hold points of customer %s", in.Customer)
	switch {
	case in.Points <= 0:
		return h, false, ErrHoldPoints
	case in.For < 0 || in.For > MaxHold:
		return h, false, errs.InvalidField("/minutes", "out_of_range", "must be 1 to %d", int(MaxHold/time.Minute)).With("min", 1).With("max", int(MaxHold/time.Minute))
	}
	if err := checkNumber(in.Number); err != nil {
		return h, false, err
	}
	if in.For == 0 {
		in.For = DefaultHold
	}
	// The ledger asks what is stopped without reading it.
	if _, err := s.programmes.Holding(ctx, s.now()); err != nil {
		return h, false, err
	}
	version, _, err := s.holds(ctx, by, in.Customer, s.now())
	if err != nil {
		return h, false, err
	}
	var asks programme.Redeem
	if version != nil {
		asks = version.Rules.Redeem
	}
	confirmed, err := s.confirm.Try(ctx, by.Till.ID, in.Confirmation)
	if err != nil {
		return h, false, err
	}
	print := fingerprint(in)
	err = s.following(ctx, &in.Customer, func() error {
		h, replayed, err = s.hold(ctx, by, in, print, &asks, confirmed)
		return err
	})
	return h, replayed, usedUp(err, confirmed)
}

func (s *Service) hold(ctx context.Context, by Caller, in Hold, print string, asks *programme.Redeem, confirmed confirm.Confirmation) (h ledger.Hold, replayed bool, err error) {
	confirms, card := asks.Confirms(in.Points), s.card(in.Card)
	err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		var b db.Batch
		n := needs{customers: []customer.ID{in.Customer}}
		if card.Value != "" {
			n.cards = append(n.cards, card)
		}
		w := s.queue(&b, &n, true)
		if err := tx.Run(ctx, &b); err != nil {
			return err
		}
		// Looked up under the lock: the same call may have come twice at once.
		h, err = s.ledger.HeldTx(ctx, tx, int64(by.Till.ID), in.Number)
		switch {
		case err == nil && h.Fingerprint != print:
			return ErrHoldReused
		case err == nil:
			replayed = true
			return nil
		case !errors.Is(err, ledger.ErrHoldNotFound):
			return err
		}
		w.accounts.Settle()
		account := w.accounts[in.Customer]
		if err := w.usable(in.Customer); err != nil {
			return err
		}
		shown := w.shows(in.Customer, card)
		if asks.WithCard && !shown {
			return uncarded(in.Card)
		}
		if confirms && !confirmed.Covers(in.Customer, by.Till.ID, in.Points) {
			return unconfirmed(in.Confirmation)
		}
		made, err := account.Hold(ledger.Hold{
			Till: int64(by.Till.ID), Staff: by.Staff, Number: in.Number, Fingerprint: print, Points: in.Points, LapsesAt: w.now.Add(in.For),
			Card: shown,
		})
		if err != nil {
			return errs.Of(err).At("/points")
		}
		h = *made
		if err := s.ledger.SaveTx(ctx, tx, w.accounts); err != nil || !confirms {
			return err
		}
		var spent db.Batch
		s.confirm.Spend(&spent, confirmed, int64(h.ID), w.now)
		return tx.Run(ctx, &spent)
	})
	return h, replayed, err
}

// Release ends a hold of the till before its time; one that has ended so or lapsed
// already is answered as it is. It fails with ledger.ErrHoldNotFound, or with
// ErrHoldEnded where a receipt has redeemed it.
func (s *Service) Release(ctx context.Context, by Caller, id ledger.HoldID) (h ledger.Hold, err error) {
	defer errs.Wrap(&err, "release hold")
	if _, err := s.programmes.Holding(ctx, s.now()); err != nil {
		return h, err
	}
	err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if h, err = s.ledger.HoldTx(ctx, tx, id); err != nil {
			return err
		}
		if h.Till != int64(by.Till.ID) {
			return ledger.ErrHoldNotFound
		}
		var b db.Batch
		accounts := s.ledger.Queue(&b, []customer.ID{h.Customer}, true)
		if err := tx.Run(ctx, &b); err != nil {
			return err
		}
		accounts.Settle()
		account := accounts[h.Customer]
		if open := account.Open(id); open != nil {
			account.End(open, ledger.HoldCancelled, 0)
		}
		if err := s.ledger.SaveTx(ctx, tx, accounts); err != nil {
			return err
		}
		h, err = s.ledger.HoldTx(ctx, tx, id)
		if err == nil && h.State == ledger.HoldRedeemed {
			err = ledger.ErrHoldEnded
		}
		return err
	})
	return h, err
}
