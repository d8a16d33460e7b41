package staff

import (
	"context"
	"time"
	"unicode/utf8"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/fold"
	"regulars/internal/base/secret"
)

// ErrPasskey is the answer to a passkey that does not let in.
var ErrPasskey = errs.New(errs.Forbidden, "passkey_refused", "The passkey does not fit. Begin again, or sign in with the password.")

// Passkey is a key in somebody's phone, computer or token. Whoever uses it has it
// and has shown to it who they are, so it signs in by itself.
type Passkey struct {
	ID         string // that the browser knows it by
	Name       string
	Credential string // the public key and more, as JSON
	Counter    uint32 // of its uses; one that does not count stays at 0
	CreatedAt  time.Time
	UsedAt     time.Time // zero: never
}

// Signed is what a passkey has signed, which it may do until it expires, once.
type Signed struct {
	Challenge string
	Expires   time.Time
}

// Passkeys lists those of somebody, the oldest first.
func (s *Service) Passkeys(ctx context.Context, id ID) (all []Passkey, err error) {
	defer errs.Wrap(&err, "list passkeys")
	const list = `SELECT id, name, credential, counter, created_at, used_at FROM staff_passkeys WHERE staff_id = $1 ORDER BY created_at, id`
	rows, err := s.db.Query(ctx, list, int64(id))
	err = db.Scan(rows, err, func(r *db.Rows) error {
		var k Passkey
		err := r.Scan(&k.ID, &k.Name, &k.Credential, &k.Counter, db.Time{Dst: &k.CreatedAt}, db.Time{Dst: &k.UsedAt})
		all = append(all, k)
		return err
	})
	return all, err
}

// AddPasskey keeps a new one, which has signed its first challenge.
func (s *Service) AddPasskey(ctx context.Context, by By, id ID, k Passkey, what Signed) (err error) {
	defer errs.Wrap(&err, "add a passkey")
	if k.Name, err = keyName(k.Name); err != nil {
		return err
	}
	return s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.signedTx(ctx, tx, what); err != nil {
			return err
		}
		const insert = `
			INSERT INTO staff_passkeys (id, staff_id, name, credential, counter, created_at) VALUES ($1, $2, $3, $4, $5, $6)
			ON CONFLICT (id) DO NOTHING`
		n, err := tx.Exec(ctx, insert, k.ID, int64(id), k.Name, k.Credential, int64(k.Counter), s.now().UnixMicro())
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrPasskey
		}
		return s.changeTx(ctx, tx, by, "staff.passkey_added", id, nil, map[string]any{"name": k.Name})
	})
}

// keyName puts the name of a passkey in order.
func keyName(name string) (string, error) {
	name = fold.Line(name)
	if n := utf8.RuneCountInString(name); n == 0 {
		return "", errs.InvalidField("/name", "required", "is needed")
	} else if n > maxName {
		return "", errs.InvalidField("/name", "too_long", "may have at most %d characters", maxName).With("max", maxName)
	}
	return name, nil
}

// RenamePasskey changes what one of somebody's own is called; one that is not there is
// gone.
func (s *Service) RenamePasskey(ctx context.Context, by By, id ID, key, name string) (err error) {
	defer errs.Wrap(&err, "rename a passkey")
	if name, err = keyName(name); err != nil {
		return err
	}
	return s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE staff_passkeys SET name = $3 WHERE id = $1 AND staff_id = $2 AND name <> $3`, key, int64(id), name)
		if err != nil || n == 0 {
			return err
		}
		return s.changeTx(ctx, tx, by, "staff.passkey_renamed", id, nil, map[string]any{"name": name})
	})
}

// UsePasskey gives the active account that a passkey signs in, whose signature
// has been checked: with the counter that it gave. It fails with ErrPasskey where
// it was used before, or a copy of it was, and with ErrInactive.
func (s *Service) UsePasskey(ctx context.Context, id ID, k Passkey, what Signed) (a Account, err error) {
	defer errs.Wrap(&err, "use a passkey")
	err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.signedTx(ctx, tx, what); err != nil {
			return err
		}
		const use = `
			UPDATE staff_passkeys SET counter = $3, used_at = $4
			 WHERE id = $1 AND staff_id = $2 AND (counter < $3 OR counter = 0 AND $3 = 0)`
		n, err := tx.Exec(ctx, use, k.ID, int64(id), int64(k.Counter), s.now().UnixMicro())
		if err == nil && n == 0 {
			err = ErrPasskey
		}
		if err != nil {
			return err
		}
		a, err = activeTx(ctx, tx, id)
		return err
	})
	if err != nil {
		return Account{}, err
	}
	return a, nil
}

// signedTx takes what a passkey has signed, once.
func (s *Service) signedTx(ctx context.Context, tx *db.Tx, what Signed) error {
	now := s.now()
	if now.After(what.Expires) {
		return ErrChallenge
	}
	if _, err := tx.Exec(ctx, `DELETE FROM staff_signed WHERE expires_at < $1`, now.UnixMicro()); err != nil {
		return err
	}
	n, err := tx.Exec(ctx, `INSERT INTO staff_signed (challenge, expires_at) VALUES ($1, $2) ON CONFLICT DO NOTHING`, secret.Hash(what.Challenge), what.Expires.UnixMicro())
	if err == nil && n == 0 {
		err = ErrPasskey
	}
	return err
}

// RemovePasskey takes one of somebody's own away; one that is not there is gone.
func (s *Service) RemovePasskey(ctx context.Context, by By, id ID, key string) (err error) {
	defer errs.Wrap(&err, "remove a passkey")
	return s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err := tx.Exec(ctx, `DELETE FROM staff_passkeys WHERE id = $1 AND staff_id = $2`, key, int64(id))
		if err != nil || n == 0 {
			return err
		}
		return s.changeTx(ctx, tx, by, "staff.passkey_removed", id, nil, nil)
	})
}

// dropAllTx takes every second factor of somebody away.
func (s *Service) dropAllTx(ctx context.Context, tx *db.Tx, by By, id ID) error {
	n, err := tx.Exec(ctx, `DELETE FROM staff_passkeys WHERE staff_id = $1`, int64(id))
	if err != nil {
		return err
	}
	if n > 0 {
		if err := s.changeTx(ctx, tx, by, "staff.passkey_removed", id, nil, nil); err != nil {
			return err
		}
	}
	return s.dropFactorTx(ctx, tx, by, id, "staff.factor_reset")
}

// AskedMore reports whether the password alone does not let somebody in: they
// have codes of an app, or a passkey.
func (s *Service) AskedMore(ctx context.Context, id ID) (is bool, err error) {
	defer errs.Wrap(&err, "look for second factors")
	const find = `
		SELECT EXISTS (SELECT 1 FROM staff_factors WHERE staff_id = $1 AND confirmed_at IS NOT NULL)
		    OR EXISTS (SELECT 1 FROM staff_passkeys WHERE staff_id = $1)`
	err = s.db.QueryRow(ctx, find, int64(id)).Scan(&is)
	return is, err
}
