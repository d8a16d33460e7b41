package receipt

import (
	"context"
	"errors"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/confirm"
	"regulars/internal/loyalty/customer"
)

// Confirm has a customer sent a code to say that up to so many points may be taken
// at this till. It fails with confirm.ErrNotNeeded where no rule asks for one: a till
// sends nobody messages for nothing.
func (s *Service) Confirm(ctx context.Context, by Caller, who customer.ID, points money.Points) (c confirm.Confirmation, err error) {
	defer errs.Wrap(&err, "ask customer %s for a code", who)
	version, err := s.programmes.At(ctx, by.Store.Code, s.now())
	if err != nil {
		return c, err
	}
	if version == nil || !version.Rules.Redeem.Confirms(points) {
		return c, confirm.ErrNotNeeded
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

// confirms reports whether the customer has to say yes to so many points: not again
// to those that this till holds already, for then it was asked.
func (c *saleCall) confirms(w *world, points money.Points) bool {
	if c.version == nil || !c.version.Rules.Redeem.Confirms(points) {
		return false
	}
	hold := w.accounts[c.sale.Customer].Open(c.sale.Hold)
	return hold == nil || hold.Till != int64(c.by.Till.ID) || hold.Points < points
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
