package staff

import (
	"context"
	"errors"
	"strings"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
)

// Failures of signing in by a provider.
var (
	ErrUnverified = errs.New(errs.Forbidden, "email_not_verified", "The provider has not verified your e-mail. Verify it there, and sign in again.")
	ErrNobody     = errs.New(errs.Forbidden, "nobody_by_email", "No active account has your e-mail as its login. Ask the owner to make it your login.")
	ErrInactive   = errs.New(errs.Forbidden, "account_inactive", "Your account is switched off. Ask the owner to switch it on.")
	ErrLinked     = errs.New(errs.Forbidden, "linked_otherwise", "The account is linked with somebody else at the provider. Ask the owner to unlink it.")
)

// Identity is who somebody is by the word of a provider, whose signature has
// been checked.
type Identity struct {
	Issuer   string
	Subject  string // never given to anybody else there
	Email    string
	Verified bool // the e-mail is theirs
}

// Identify gives the active account of somebody whom a provider has signed in.
// The first time it is the one whose login is their verified e-mail, and is
// linked; from then on only the link counts, so that an e-mail that somebody
// else is given there opens nothing. It makes no accounts. It fails with
// ErrUnverified, ErrNobody, ErrInactive or ErrLinked.
func (s *Service) Identify(ctx context.Context, who Identity, from Client) (a Account, err error) {
	defer errs.Wrap(&err, "find who a provider has signed in")
	if who.Issuer == "" || who.Subject == "" {
		return Account{}, ErrNobody
	}
	err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		id, err := linkedTx(ctx, tx, who)
		if errors.Is(err, db.ErrNoRows) {
			id, err = s.linkTx(ctx, tx, who, from)
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

func linkedTx(ctx context.Context, tx *db.Tx, who Identity) (id ID, err error) {
	err = tx.QueryRow(ctx, `SELECT staff_id FROM staff_identities WHERE issuer = $1 AND subject = $2`, who.Issuer, who.Subject).Scan(&id)
	return id, err
}

// linkTx links whose login is the verified e-mail.
func (s *Service) linkTx(ctx context.Context, tx *db.Tx, who Identity, from Client) (id ID, err error) {
	login := foldLogin(who.Email)
	if !who.Verified || login == "" {
		return 0, ErrUnverified
	}
	// As a login, ｂob@ is bob@; as an address it is somebody else's.
	if login != strings.Map(small, strings.TrimSpace(who.Email)) || !strings.Contains(login, "@") || len(login) > 4*maxLogin || strings.ContainsFunc(login, notLogin) {
		return 0, ErrNobody
	}
	err = tx.QueryRow(ctx, `SELECT id FROM staff WHERE login = $1 AND active`, login).Scan(&id)
	if errors.Is(err, db.ErrNoRows) {
		return 0, ErrNobody
	}
	if err != nil {
		return 0, err
	}
	// Somebody there is one account here and the other way round, also when two
	// come at once.
	const link = `INSERT INTO staff_identities (issuer, subject, staff_id, linked_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`
	n, err := tx.Exec(ctx, link, who.Issuer, who.Subject, int64(id), s.now().UnixMicro())
	if err != nil {
		return 0, err
	}
	if n == 0 {
		if at, err := linkedTx(ctx, tx, who); err != nil || at != id {
			return 0, ErrLinked
		}
		return id, nil
	}
	return id, s.changeTx(ctx, tx, By{ID: id, IP: from.IP}, "staff.linked", id, nil, map[string]any{"provider": who.Issuer, "email": login})
}

// small is a Latin capital's small letter, and everything else as it is.
func small(r rune) rune {
	if 'A' <= r && r <= 'Z' {
		return r + 'a' - 'A'
	}
	return r
}

// Linked reports whether somebody is linked with anybody at a provider.
func (s *Service) Linked(ctx context.Context, id ID) (is bool, err error) {
	defer errs.Wrap(&err, "look for links with providers")
	err = s.db.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM staff_identities WHERE staff_id = $1)`, int64(id)).Scan(&is)
	return is, err
}

// Unlink parts somebody from who they are at providers, and signs them out
// everywhere. Who is there next with their login as e-mail is linked anew.
func (s *Service) Unlink(ctx context.Context, by By, id ID) (err error) {
	defer errs.Wrap(&err, "unlink staff %d", id)
	return s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		a, err := getTx(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := mayTx(ctx, tx, by, a); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `DELETE FROM staff_identities WHERE staff_id = $1`, int64(id))
		if err != nil || n == 0 {
			return err
		}
		if err := endAllTx(ctx, tx, id, ""); err != nil {
			return err
		}
		return s.changeTx(ctx, tx, by, "staff.unlinked", id, nil, nil)
	})
}
