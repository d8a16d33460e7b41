package enrol

import (
	"context"
	"errors"
	"strings"

	"regulars/internal/base/checksum"
	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
)

// ErrKeyReused is returned where a call's key came with something else before.
var ErrKeyReused = errs.New(errs.Reused, "registration_key_reused", "This Idempotency-Key came with another registration before. Send each under a key of its own.")

// Call names a till's registration, so that it can be sent again.
type Call struct {
	Till  catalog.TillID
	Key   string // "": it has no name
	Print string // tells another registration under the same key
}

// RegisterOnce is Register for calls that may be sent again: the same call is
// told for ever whom it made or found then. Without a key the second finds whom
// the first made.
func (s *Service) RegisterOnce(ctx context.Context, store catalog.Store, by int64, in customer.New, call Call) (res Result, replayed bool, err error) {
	if call.Key == "" {
		res, err = s.Register(ctx, store, by, in)
		return res, false, err
	}
	defer errs.Wrap(&err, "register customer once")
	version, err := s.programmes.At(ctx, store.Code, s.now())
	if err != nil {
		return res, false, err
	}
	in.By = by
	checked, err := s.customers.Check(in)
	if err != nil {
		return res, false, err
	}
	for attempt := 1; ; attempt++ {
		err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
			if res, replayed, err = s.recordedTx(ctx, tx, call, checked); err != nil || replayed {
				return err
			}
			if res, err = s.registerTx(ctx, tx, at{version, store, by, in.Till, in.IP}, checked); err != nil {
				return err
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
