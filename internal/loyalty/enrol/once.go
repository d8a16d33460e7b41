package enrol

import (
	"context"
	"errors"
	"strings"

	"regulars/internal/base/checksum"
	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/confirm"
	"regulars/internal/loyalty/customer"
)

// ErrKeyReused is returned where a call's key came with something else before.
var ErrKeyReused = errs.New(errs.Reused, "registration_key_reused", "This Idempotency-Key came with another registration before. Send each under a key of its own.")

// Call is what a till's registration comes with.
type Call struct {
	Till  catalog.TillID
	Key   string // names it, so that it can be sent again; "": it has no name
	Print string // tells another registration under the same key
	// Confirmation is the code that its phone was sent.
	Confirmation confirm.Given
	// Also is done in its transaction, the first time; nil: nothing.
	Also func(context.Context, *db.Tx, Result) error
}

// RegisterOnce is Register for tills, whose calls may be sent again: the same call is
// told for ever whom it made or found then. Without a key the second finds whom
// the first made. Where the installation says so, the phone needs a code: it fails with
// confirm.ErrPhoneNeeded, and with confirm.ErrWrong for one that does not hold.
func (s *Service) RegisterOnce(ctx context.Context, store catalog.Store, by int64, in customer.New, call Call) (res Result, replayed bool, err error) {
	defer errs.Wrap(&err, "register customer once")
	here, checked, err := s.prepare(ctx, store, by, in)
	if err != nil {
		return res, false, err
	}
	here.call = &call
	if here.said, err = s.confirm.Try(ctx, call.Till, call.Confirmation); err != nil {
		return res, false, err
	}
	for attempt := 1; ; attempt++ {
		err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
			if res, replayed, err = s.recordedTx(ctx, tx, call, checked); err != nil || replayed {
				return err
			}
			if res, err = s.registerTx(ctx, tx, here, checked); err != nil {
				return err
			}
			if call.Also != nil {
				if err := call.Also(ctx, tx, res); err != nil {
					return err
				}
			}
			return s.recordTx(ctx, tx, call, res)
		})
		// The same call came twice at once: the other one has its answer now.
		if !errors.Is(err, db.ErrUnique) || attempt == 2 {
			return res, replayed, err
		}
	}
}

// recordTx keeps what a call was told.
func (s *Service) recordTx(ctx context.Context, tx *db.Tx, call Call, res Result) error {
	if call.Key == "" {
		return nil
	}
	kept, left := strings.Join(res.Kept, " "), strings.Join(res.Left, " ")
	var b db.Batch
	b.Exec(`
		INSERT INTO registrations (till_id, idempotency_key, fingerprint, customer_id, created, kept, not_taken, no_bonus)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		int64(call.Till), call.Key, call.Print, int64(res.ID), res.Created, kept, left, string(res.NoBonus))
	s.customers.Attach(&b, res.ID, checksum.Of([]int64{int64(call.Till), int64(res.ID), checksum.Bit(res.Created)}, call.Key, call.Print, kept, left, string(res.NoBonus)))
	return tx.Run(ctx, &b)
}

// recordedTx gives what a call was told when it came first, if it did.
func (s *Service) recordedTx(ctx context.Context, tx *db.Tx, call Call, c customer.Checked) (res Result, done bool, err error) {
	if call.Key == "" {
		return res, false, nil
	}
	var print, kept, left string
	err = tx.QueryRow(ctx, `
		SELECT fingerprint, customer_id, created, kept, not_taken, no_bonus FROM registrations
		 WHERE till_id = $1 AND idempotency_key = $2`,
		int64(call.Till), call.Key).Scan(&print, &res.ID, &res.Created, &kept, &left, &res.NoBonus)
	switch {
	case errors.Is(err, db.ErrNoRows):
		return res, false, nil
	case err != nil:
		return res, false, err
	case print != call.Print:
		return res, false, ErrKeyReused.At("Idempotency-Key")
	}
	if kept != "" {
		res.Kept = strings.Fields(kept)
	}
	if left != "" {
		res.Left = strings.Fields(left)
	}
	owners, err := s.customers.FindAllTx(ctx, tx, c.Identifiers())
	for _, i := range c.Identifiers() {
		if owner, ok := owners[i]; ok && owner.ID != res.ID {
			res.Taken = append(res.Taken, i)
		}
	}
	return res, true, err
}
