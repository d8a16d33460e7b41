package receipt

import (
	"context"
	"errors"
	"slices"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/confirm"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/pricing"
	"regulars/internal/loyalty/programme"
)

// Confirm has a customer sent a code to say that up to so many points may be taken
// at this till. It fails with confirm.ErrNotNeeded where no rule asks for one, and with
// pricing.ErrRedeemTooMuch or ledger.ErrTooFew where no receipt could take so many: a
// till sends nobody messages for nothing.
func (s *Service) Confirm(ctx context.Context, by Caller, who customer.ID, points money.Points) (c confirm.Confirmation, err error) {
	defer errs.Wrap(&err, "ask customer %s for a code", who)
	version, _, err := s.holds(ctx, by, who, s.now())
	if err != nil {
		return c, err
	}
	if version == nil || !version.Rules.Redeem.Confirms(points) {
		return c, confirm.ErrNotNeeded
	}
	switch most := version.Rules.Redeem.Max; {
	case version.Rules.Stopped:
		return c, pricing.ErrRedeemTooMuch.With("max", money.Points(0)).With("limit", pricing.LimitStopped).At("/points")
	case most > 0 && points > most:
		return c, pricing.ErrRedeemTooMuch.With("max", most).With("limit", pricing.LimitMax).At("/points")
	}
	err = s.following(ctx, &who, func() error {
		return s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
			var b db.Batch
			w := s.queue(&b, &needs{customers: []customer.ID{who}}, true)
			if err := tx.Run(ctx, &b); err != nil {
				return err
			}
			if err := w.usable(who); err != nil {
				return err
			}
			w.accounts.Settle()
			account := w.accounts[who]
			has := account.Usable() // also what is held: mostly it is this very sale that holds it
			if version.Rules.Redeem.Own {
				has = min(has, account.AvailableOf(version.ProgrammeID, nil)+account.Held())
			}
			if points > has {
				return ledger.ErrTooFew.With("available", has).At("/points")
			}
			c, err = s.confirm.MakeTx(ctx, tx, who, by.Till.ID, points)
			return err
		})
	})
	if err == nil {
		s.confirm.Wake()
	}
	return c, err
}

// usable fails where a customer's points are not to be had.
func (w *world) usable(who customer.ID) error {
	profile := w.customers[who]
	if w.accounts[who] == nil || profile.ID == 0 {
		return customer.ErrNotFound.At("/customer")
	}
	switch profile.State {
	case customer.StateActive:
		return nil
	case customer.StateMerged:
		return errMoved
	}
	return ErrBlocked.At("/customer")
}

// confirming finds out what confirms has to know: the rules of now, which hold for codes
// whenever it was sold, and whether the hold was said yes to.
func (s *Service) confirming(ctx context.Context, c *saleCall) (err error) {
	if c.sale.Redeem == 0 || c.sale.Customer == 0 {
		return nil
	}
	if c.current, _, err = s.holds(ctx, c.by, c.sale.Customer, s.now()); err != nil || c.sale.Hold == 0 {
		return err
	}
	if !c.rulesConfirm(c.sale.Redeem) {
		return nil
	}
	c.holdSaid, err = s.confirm.Said(ctx, int64(c.sale.Hold))
	return err
}

// rulesConfirm reports whether the rules of the sale, or those of now, ask for a code.
func (c *saleCall) rulesConfirm(points money.Points) bool {
	return slices.ContainsFunc([]*programme.Version{c.version, c.current}, func(v *programme.Version) bool {
		return v != nil && v.Rules.Redeem.Confirms(points)
	})
}

// confirms reports whether the customer has to say yes to so many points: not again
// to those that this till holds, where they said yes then.
func (c *saleCall) confirms(w *world, points money.Points) bool {
	if !c.rulesConfirm(points) {
		return false
	}
	hold := w.accounts[c.sale.Customer].Open(c.sale.Hold)
	return hold == nil || !c.holdSaid || hold.Till != int64(c.by.Till.ID) || hold.Points < points
}

// unconfirmed is why points are not taken.
func unconfirmed(g confirm.Given) error {
	if g.ID == 0 {
		return confirm.ErrNeeded
	}
	return confirm.ErrWrong.At("/confirmation")
}

// usedUp says of a transaction that met another process what of it was the code: two
// that came at once with the same are told apart by the database.
func usedUp(err error, c confirm.Confirmation) error {
	if c.ID != 0 && errors.Is(err, db.ErrGuard) {
		return confirm.ErrWrong.At("/confirmation").Because(err)
	}
	return err
}
