package enrol

import (
	"context"
	"errors"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/settings"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/confirm"
	"regulars/internal/loyalty/customer"
)

// Code says whether tills are to ask for a code now.
func (s *Service) Code(ctx context.Context) (asks settings.Code, err error) {
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		asks, err = settings.CodeTx(ctx, tx)
		return err
	})
	return asks, err
}

// SendCode has a code sent to a phone that is to be registered at a till, whether or
// not somebody has it already. It fails with confirm.ErrPhoneNotNeeded where tills do not
// ask, and with what confirm.MakeForTx fails with.
func (s *Service) SendCode(ctx context.Context, till catalog.TillID, phone customer.Identifier) (c confirm.Confirmation, err error) {
	defer errs.Wrap(&err, "send a code to a phone")
	err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		asks, err := settings.CodeTx(ctx, tx)
		if err != nil {
			return err
		}
		if asks == settings.NoCode {
			return confirm.ErrPhoneNotNeeded
		}
		c, err = s.confirm.MakeForTx(ctx, tx, phone, till)
		return err
	})
	if err == nil {
		s.confirm.Wake()
	}
	return c, err
}

// askTx gives the phone that a till's code confirms, if it came with one, and whether
// tills ask for it. It fails where the code does not hold, or where a phone needs one.
func (s *Service) askTx(ctx context.Context, tx *db.Tx, here at, c customer.Checked) (asks settings.Code, phone customer.Identifier, err error) {
	if here.call == nil {
		return settings.NoCode, phone, nil
	}
	if asks, err = settings.CodeTx(ctx, tx); err != nil {
		return asks, phone, err
	}
	var other bool // a phone that is not confirmed
	for _, i := range c.Identifiers() {
		switch {
		case i.Kind != customer.Phone:
		case here.said.Proves(i, here.call.Till):
			phone = i
		default:
			other = true
		}
	}
	switch {
	case here.call.Confirmation.ID != 0 && (other || phone.Value == ""):
		return asks, phone, confirm.ErrWrong.At("/confirmation")
	case asks == settings.AlwaysCode && other:
		return asks, phone, confirm.ErrPhoneNeeded
	}
	return asks, phone, nil
}

// noteTx uses up the code that confirmed a phone and notes that it did, or that nothing
// confirmed what was registered though tills ask.
func (s *Service) noteTx(ctx context.Context, tx *db.Tx, here at, res *Result, asks settings.Code, phone customer.Identifier) error {
	now := s.now().UTC().Truncate(time.Microsecond)
	if phone.Value == "" {
		if asks == settings.NoCode {
			return nil
		}
		return s.customers.DoubtTx(ctx, tx, res.Added, now, here.store.ID, here.by)
	}
	var b db.Batch
	s.confirm.Spend(&b, here.said, int64(res.ID), now)
	if err := tx.Run(ctx, &b); err != nil {
		if errors.Is(err, db.ErrGuard) { // another registration did, meanwhile
			return confirm.ErrWrong.At("/confirmation").Because(err)
		}
		return err
	}
	return s.customers.ConfirmTx(ctx, tx, phone, now, here.store.ID, here.by)
}
