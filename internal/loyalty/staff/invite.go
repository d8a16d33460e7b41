package staff

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/secret"
	"regulars/internal/loyalty/catalog"
)

// ErrInvitation is the answer to every link that cannot be used, whatever the
// reason: used, run out, made up.
var ErrInvitation = errs.New(errs.NotFound, "invitation_not_valid", "This link is not valid: it was used, or it has run out. Ask the owner for a new one.")

// How long links are good.
const (
	invitationFor = 7 * 24 * time.Hour
	resetFor      = 24 * time.Hour
)

// Invitation is what a link lets somebody become.
type Invitation struct {
	Role      Role
	Stores    []catalog.StoreID
	For       ID // whose password the link sets anew; 0: somebody new
	By        ID // 0: the console
	ExpiresAt time.Time
}

// Invite makes a one-time link for somebody new. The token is shown once and
// cannot be had again.
func (s *Service) Invite(ctx context.Context, by By, role Role, stores []catalog.StoreID) (token string, expires time.Time, err error) {
	defer errs.Wrap(&err, "invite")
	var wrong errs.List
	stores = worksIn(&wrong, role, stores)
	if err := wrong.Err(); err != nil {
		return "", time.Time{}, err
	}
	return s.link(ctx, by, Invitation{Role: role, Stores: stores, By: by.ID, ExpiresAt: s.now().Add(invitationFor)})
}

// InviteFirst makes the link of the first owner, for the console. It makes none
// and gives "" once there is an owner.
func (s *Service) InviteFirst(ctx context.Context) (token string, err error) {
	defer errs.Wrap(&err, "invite the first owner")
	found, err := s.Any(ctx)
	if err != nil || found {
		return "", err
	}
	token, _, err = s.link(ctx, By{}, Invitation{Role: Owner, ExpiresAt: s.now().Add(invitationFor)})
	return token, err
}

// InviteAgain makes a link with which somebody sets a new password. What they
// had goes on until the link is used.
func (s *Service) InviteAgain(ctx context.Context, by By, id ID) (token string, expires time.Time, err error) {
	defer errs.Wrap(&err, "make a password link for staff %d", id)
	a, err := s.Get(ctx, id)
	if err != nil {
		return "", time.Time{}, err
	}
	return s.link(ctx, by, Invitation{Role: a.Role, Stores: a.Stores, For: id, By: by.ID, ExpiresAt: s.now().Add(resetFor)})
}

func (s *Service) link(ctx context.Context, by By, in Invitation) (token string, expires time.Time, err error) {
	token = newToken()
	stores, err := json.Marshal(db.IDs(in.Stores))
	if err != nil {
		return "", time.Time{}, err
	}
	err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		const insert = `
			INSERT INTO invitations (token, role, works_as, stores, staff_id, created_by, created_at, expires_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`
		if err := mayTx(ctx, tx, by, in.Becomes()); err != nil {
			return err
		}
		role, worksAs := in.Role.columns()
		_, err := tx.Exec(ctx, insert, secret.Hash(token), role, worksAs, string(stores), db.NullID(in.For), db.NullID(in.By),
			s.now().UnixMicro(), in.ExpiresAt.UnixMicro())
		if err != nil {
			return err
		}
		if in.For != 0 {
			var facts map[string]any
			if by.ID == 0 {
				facts = map[string]any{"source": "console"}
			}
			return s.changeTx(ctx, tx, by, "staff.password_link", in.For, nil, facts)
		}
		return s.changeTx(ctx, tx, by, "staff.invited", 0, nil, map[string]any{"role": in.Role, "stores": in.Stores})
	})
	return token, in.ExpiresAt, err
}

// Pending is a link that waits to be used. Key names it; it is not the token.
type Pending struct {
	Key string
	Invitation
	CreatedAt time.Time
}

// Pending lists the links that wait, the latest first, without those of the
// first owner.
func (s *Service) Pending(ctx context.Context) (all []Pending, err error) {
	defer errs.Wrap(&err, "list invitations")
	const list = `
		SELECT ` + invitationColumns + ` FROM invitations
		 WHERE used_at IS NULL AND expires_at > $1 AND (created_by IS NOT NULL OR staff_id IS NOT NULL) ORDER BY created_at DESC, token`
	rows, err := s.db.Query(ctx, list, s.now().UnixMicro())
	err = db.Scan(rows, err, func(r *db.Rows) error {
		var p Pending
		if err := p.scan(r, &p.Key, db.Time{Dst: &p.CreatedAt}); err != nil {
			return err
		}
		all = append(all, p)
		return nil
	})
	return all, err
}

// Withdraw makes a link that waits useless; one that is not there is no error.
func (s *Service) Withdraw(ctx context.Context, by By, key string) (err error) {
	defer errs.Wrap(&err, "withdraw an invitation")
	return s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		var (
			in   Invitation
			made time.Time
		)
		err := in.scan(tx.QueryRow(ctx, `SELECT `+invitationColumns+` FROM invitations WHERE token = $1 AND used_at IS NULL`, key), &key, db.Time{Dst: &made})
		if errors.Is(err, db.ErrNoRows) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := mayTx(ctx, tx, by, in.Becomes()); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, `DELETE FROM invitations WHERE token = $1 AND used_at IS NULL`, key)
		if err != nil || n == 0 {
			return err
		}
		return s.changeTx(ctx, tx, by, "staff.invitation_withdrawn", 0, nil, nil)
	})
}

// invitationColumns are what scan reads.
const invitationColumns = `token, ` + roleColumn + `, stores, COALESCE(staff_id, 0), COALESCE(created_by, 0), expires_at, created_at`

// Becomes is the account that a link makes, or sets the password of.
func (in Invitation) Becomes() Account { return Account{Role: in.Role, Stores: in.Stores} }

// scan reads key, role, stores, staff, by, expiry and made.
func (in *Invitation) scan(r db.Scanner, key *string, made any) error {
	var (
		stores  string
		who, by int64
	)
	if err := r.Scan(key, &in.Role, &stores, &who, &by, db.Time{Dst: &in.ExpiresAt}, made); err != nil {
		return err
	}
	in.For, in.By = ID(who), ID(by)
	var ids []int64
	if err := json.Unmarshal([]byte(stores), &ids); err != nil {
		return err
	}
	for _, id := range ids {
		in.Stores = append(in.Stores, catalog.StoreID(id))
	}
	return nil
}

// Invitation gives what a link is for, or ErrInvitation.
func (s *Service) Invitation(ctx context.Context, token string) (in Invitation, err error) {
	defer errs.Wrap(&err, "look at an invitation")
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		in, err = s.invitationTx(ctx, tx, token)
		return err
	})
	return in, err
}

func (s *Service) invitationTx(ctx context.Context, tx *db.Tx, token string) (in Invitation, err error) {
	// The console's links are for an installation without staff.
	const find = `
		SELECT ` + invitationColumns + ` FROM invitations
		 WHERE token = $1 AND used_at IS NULL AND expires_at > $2
		   AND (created_by IS NOT NULL OR staff_id IS NOT NULL OR NOT EXISTS (SELECT 1 FROM staff))`
	var (
		key  string
		made time.Time
	)
	err = in.scan(tx.QueryRow(ctx, find, secret.Hash(token), s.now().UnixMicro()), &key, db.Time{Dst: &made})
	if errors.Is(err, db.ErrNoRows) {
		return Invitation{}, ErrInvitation
	}
	if err != nil {
		return Invitation{}, err
	}
	// Those of somebody who could not give them any more are nobody's, nor is
	// one that sets the password of who has become more since.
	to := in.Becomes()
	if in.For != 0 {
		if to, err = getTx(ctx, tx, in.For); err != nil {
			return Invitation{}, err
		}
	}
	err = mayTx(ctx, tx, By{ID: in.By}, to)
	if errors.Is(err, ErrMayNot) || errors.Is(err, ErrNotFound) {
		return Invitation{}, ErrInvitation
	}
	return in, err
}

// Accept uses a link: somebody new gets an account with their name, login and
// password, somebody known a new password (name and login are not asked then).
// A link is used once, however many use it at the same time.
func (s *Service) Accept(ctx context.Context, token string, in NewAccount, from Client) (a Account, err error) {
	defer errs.Wrap(&err, "accept an invitation")
	inv, err := s.Invitation(ctx, token)
	if err != nil {
		return Account{}, err
	}
	var wrong errs.List
	if in.Password == "" {
		wrong.Add("/password", "required", "is needed")
		return Account{}, wrong.Err()
	}
	if inv.For != 0 {
		return s.acceptAgain(ctx, token, inv, in.Password, from)
	}
	in.Role, in.Stores = inv.Role, inv.Stores
	if err := in.clean(); err != nil {
		return Account{}, err
	}
	hash, err := s.hasher.hash(ctx, in.Password)
	if err != nil {
		return Account{}, err
	}
	id := ID(s.mint.Next())
	err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		a, err = s.addTx(ctx, tx, By{ID: id, IP: from.IP}, id, in, hash)
		if err != nil {
			return err
		}
		return s.useTx(ctx, tx, token, inv)
	})
	return a, err
}

func (s *Service) acceptAgain(ctx context.Context, token string, inv Invitation, password string, from Client) (a Account, err error) {
	a, err = s.Get(ctx, inv.For)
	if err != nil {
		return Account{}, err
	}
	var wrong errs.List
	if checkPassword(&wrong, password, a.Login); wrong.Err() != nil {
		return Account{}, wrong.Err()
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return Account{}, err
	}
	err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := tx.Guard(ctx, `UPDATE staff SET password = $2 WHERE id = $1`, int64(a.ID), hash); err != nil {
			return err
		}
		if err := s.useTx(ctx, tx, token, inv); err != nil {
			return err
		}
		if inv.By == 0 { // whoever has the machine may do anything: the way in for an owner who has lost both
			if err := s.dropAllTx(ctx, tx, By{IP: from.IP}, a.ID); err != nil {
				return err
			}
		}
		return s.passwordSetTx(ctx, tx, By{ID: a.ID, IP: from.IP}, a.ID)
	})
	return a, err
}

// useTx marks a link used. One of the console's uses up all of them, so that
// of two people with two such links one becomes the owner.
func (s *Service) useTx(ctx context.Context, tx *db.Tx, token string, inv Invitation) error {
	now := s.now().UnixMicro()
	if inv.By == 0 && inv.For == 0 {
		const all = `UPDATE invitations SET used_at = $1 WHERE created_by IS NULL AND staff_id IS NULL AND used_at IS NULL AND token <> $2`
		if _, err := tx.Exec(ctx, all, now, secret.Hash(token)); err != nil {
			return err
		}
	}
	const use = `UPDATE invitations SET used_at = $1 WHERE token = $2 AND used_at IS NULL`
	n, err := tx.Exec(ctx, use, now, secret.Hash(token))
	if err == nil && n == 0 {
		return ErrInvitation
	}
	return err
}
