package staff

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/limit"
	"regulars/internal/base/secret"
)

// Failures of signing in.
var (
	// ErrCredentials is the answer to every wrong try: it does not tell which part
	// was wrong.
	ErrCredentials = errs.New(errs.Invalid, "wrong_login_or_password", "The login or the password is wrong.")
	// ErrTries is the answer when there were too many, right or wrong.
	ErrTries = errs.New(errs.TooMany, "too_many_tries", "Too many tries. Wait a little and try again.")
	// ErrNoSession is the answer to somebody who is not signed in.
	ErrNoSession = errs.New(errs.Unauthorized, "sign_in_needed", "Sign in to see this.")
)

// Lasting is how long a session lasts: so long after it was last used, and never
// longer than the whole of it.
type Lasting struct{ Idle, Whole time.Duration }

// DefaultLasting is a working day, and a month.
var DefaultLasting = Lasting{Idle: 14 * time.Hour, Whole: 30 * 24 * time.Hour}

// noteUse is how often the use of a session is noted, so that most pages write
// nothing.
const noteUse = 5 * time.Minute

// LetSessionsLast says where it is read how long sessions last, also those that
// there are. Call it before anything else.
func (s *Service) LetSessionsLast(lasting func() Lasting) { s.lasting = lasting }

// ended is before when sessions were used last, and began, that are over.
func (s *Service) ended(now time.Time) (seen, began int64) {
	l := s.lasting()
	return now.Add(-l.Idle).UnixMicro(), now.Add(-l.Whole).UnixMicro()
}

// Session is one browser in which somebody is signed in.
type Session struct {
	Key       string // names it; it is not the token
	CreatedAt time.Time
	SeenAt    time.Time
	From      Client
}

// SignIn checks a login and a password. It fails with ErrCredentials, or with
// ErrTries where one network has tried too often, or all of them together and nobody has
// signed in from this one; after a right password the network's tries are forgotten.
func (s *Service) SignIn(ctx context.Context, login, password string, from Client) (a Account, err error) {
	defer errs.Wrap(&err, "sign in")
	login = foldLogin(login)
	if len(login) > 4*maxLogin || len(password) > 4*maxPassword {
		return Account{}, ErrCredentials
	}
	if wait, ok := s.byAddress.Take(network(from.IP)); !ok {
		return Account{}, tries(wait)
	}
	if wait, ok := s.byLogin.Take(pair(login, from.IP)); !ok {
		return Account{}, tries(wait)
	}
	if wait, ok := s.byName.Take(login); !ok { // who was here before is not kept out by who guesses elsewhere
		known, err := s.cameFrom(ctx, login, from.IP)
		if err != nil {
			return Account{}, err
		}
		if !known {
			return Account{}, tries(wait)
		}
	}

	var hash string // "" of an unknown login: it is checked all the same
	if !strings.ContainsFunc(login, notLogin) {
		a, err = scan(s.db.QueryRow(ctx, `SELECT `+columns+`, s.password FROM staff s WHERE s.login = $1`, login), &hash)
		if err != nil && !errors.Is(err, db.ErrNoRows) {
			return Account{}, err
		}
	}
	ok, old, err := s.hasher.check(ctx, hash, password)
	if err != nil {
		return Account{}, err
	}
	if !ok || !a.Active {
		return Account{}, ErrCredentials
	}
	s.byLogin.Forget(pair(login, from.IP))
	if old {
		if err := s.rehash(ctx, a.ID, hash, password); err != nil {
			return Account{}, err
		}
	}
	return s.Get(ctx, a.ID)
}

// network names whom an address stands for; what is none, such as "", counts as one.
func network(ip string) string {
	a, _ := netip.ParseAddr(ip)
	return limit.Network(a)
}

// pair names a login that is tried from a network.
func pair(login, ip string) string { return login + "\n" + network(ip) }

// knownFor is how long a network is remembered from which somebody has signed in.
const knownFor = 90 * 24 * time.Hour

// cameFrom tells whether somebody has signed in from an address's network not long ago, as
// the audit log has it.
func (s *Service) cameFrom(ctx context.Context, login, ip string) (is bool, err error) {
	const find = `
		SELECT DISTINCT a.ip FROM audit a JOIN staff s ON s.id = a.actor
		 WHERE s.login = $1 AND a.action = 'staff.signed_in' AND a.at > $2`
	rows, err := s.db.Query(ctx, find, login, s.now().Add(-knownFor).UnixMicro())
	err = db.Scan(rows, err, func(r *db.Rows) error {
		var known string
		err := r.Scan(&known)
		is = is || network(known) == network(ip)
		return err
	})
	return is, err
}

func tries(wait time.Duration) error {
	return ErrTries.With("seconds", int64((wait+time.Second-1)/time.Second))
}

// rehash keeps a password under the figures of today, unless it was changed
// meanwhile.
func (s *Service) rehash(ctx context.Context, id ID, was, password string) error {
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	_, err = s.db.Exec(ctx, `UPDATE staff SET password = $3 WHERE id = $1 AND password = $2`, int64(id), was, hash)
	return err
}

// StartSession signs an account in; who it is has been checked by password or by a
// session. The token is a new one and is not kept, only its hash.
func (s *Service) StartSession(ctx context.Context, id ID, from Client) (token string, expires time.Time, err error) {
	defer errs.Wrap(&err, "start session")
	now := s.now()
	token, expires = newToken(), now.Add(s.lasting().Whole)
	seen, began := s.ended(now)
	err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		// Sessions that are over are cleared away when their owner comes again.
		const sweep = `DELETE FROM staff_sessions WHERE staff_id = $1 AND (expires_at <= $2 OR seen_at <= $3 OR created_at <= $4)`
		if _, err := tx.Exec(ctx, sweep, int64(id), now.UnixMicro(), seen, began); err != nil {
			return err
		}
		const insert = `
			INSERT INTO staff_sessions (token, staff_id, created_at, seen_at, expires_at, ip, agent)
			VALUES ($1, $2, $3, $3, $4, $5, $6)`
		if _, err := tx.Exec(ctx, insert, secret.Hash(token), int64(id), now.UnixMicro(), expires.UnixMicro(), from.IP, from.Agent); err != nil {
			return err
		}
		return s.changeTx(ctx, tx, By{ID: id, IP: from.IP}, "staff.signed_in", id, nil, nil)
	})
	return token, expires, err
}

// SessionAccount gives the active account of a live session, or ErrNoSession.
func (s *Service) SessionAccount(ctx context.Context, token string) (a Account, err error) {
	defer errs.Wrap(&err, "find session")
	hash, now := secret.Hash(token), s.now()
	var (
		seen int64
		must bool
	)
	idle, began := s.ended(now)
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		const find = `
			SELECT s.id, e.seen_at,
			       EXISTS (SELECT 1 FROM staff_rules r WHERE r.role = CASE s.works_as WHEN '' THEN s.role ELSE s.works_as END AND r.second_factor)
			       AND NOT EXISTS (SELECT 1 FROM staff_factors f WHERE f.staff_id = s.id AND f.confirmed_at IS NOT NULL)
			       AND NOT EXISTS (SELECT 1 FROM staff_passkeys k WHERE k.staff_id = s.id)
			  FROM staff_sessions e JOIN staff s ON s.id = e.staff_id
			 WHERE e.token = $1 AND e.expires_at > $2 AND e.seen_at > $3 AND e.created_at > $4 AND s.active`
		var id int64
		if err := tx.QueryRow(ctx, find, hash, now.UnixMicro(), idle, began).Scan(&id, &seen, &must); err != nil {
			return err
		}
		a, err = getTx(ctx, tx, ID(id))
		a.MustEnrol = must
		return err
	})
	if errors.Is(err, db.ErrNoRows) {
		return Account{}, ErrNoSession
	}
	if err != nil {
		return Account{}, err
	}
	if now.UnixMicro()-seen >= noteUse.Microseconds() {
		// Two requests at once note it once; a session that was ended stays so.
		const note = `UPDATE staff_sessions SET seen_at = $2 WHERE token = $1 AND seen_at < $2`
		if _, err := s.db.Exec(ctx, note, hash, now.UnixMicro()); err != nil {
			return Account{}, err
		}
	}
	return a, nil
}

// EndSession signs one browser out; a session that is not there is over.
func (s *Service) EndSession(ctx context.Context, token string) (err error) {
	defer errs.Wrap(&err, "end session")
	_, err = s.db.Exec(ctx, `DELETE FROM staff_sessions WHERE token = $1`, secret.Hash(token))
	return err
}

// Sessions lists where somebody is signed in, the latest used first.
func (s *Service) Sessions(ctx context.Context, id ID) (all []Session, err error) {
	defer errs.Wrap(&err, "list sessions")
	now := s.now()
	seen, began := s.ended(now)
	const list = `
		SELECT token, created_at, seen_at, ip, agent FROM staff_sessions
		 WHERE staff_id = $1 AND expires_at > $2 AND seen_at > $3 AND created_at > $4 ORDER BY seen_at DESC, created_at DESC`
	rows, err := s.db.Query(ctx, list, int64(id), now.UnixMicro(), seen, began)
	err = db.Scan(rows, err, func(r *db.Rows) error {
		var e Session
		err := r.Scan(&e.Key, db.Time{Dst: &e.CreatedAt}, db.Time{Dst: &e.SeenAt}, &e.From.IP, &e.From.Agent)
		all = append(all, e)
		return err
	})
	return all, err
}

// freshFor is how long after signing in somebody may open further ways in.
const freshFor = 15 * time.Minute

// Fresh tells whether a session began so lately that whoever sits there is who signed
// in: a browser that was left open opens no way in that lasts longer than itself.
func (s *Service) Fresh(ctx context.Context, token string) (is bool, err error) {
	defer errs.Wrap(&err, "find when a session began")
	const find = `SELECT EXISTS (SELECT 1 FROM staff_sessions WHERE token = $1 AND created_at > $2)`
	err = s.db.QueryRow(ctx, find, secret.Hash(token), s.now().Add(-freshFor).UnixMicro()).Scan(&is)
	return is, err
}

// SessionKey names the session of a token among those of Sessions.
func SessionKey(token string) string { return secret.Hash(token) }

// EndSessionOf signs somebody out of one browser; a session that is not there, or
// not theirs, is over.
func (s *Service) EndSessionOf(ctx context.Context, by By, id ID, key string) (err error) {
	defer errs.Wrap(&err, "end a session of staff %d", id)
	return s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		a, err := getTx(ctx, tx, id)
		if err != nil {
			return err
		}
		if by.ID != id {
			if err := mayTx(ctx, tx, by, a); err != nil {
				return err
			}
		}
		n, err := tx.Exec(ctx, `DELETE FROM staff_sessions WHERE token = $1 AND staff_id = $2`, key, int64(id))
		if err != nil || n == 0 {
			return err
		}
		return s.changeTx(ctx, tx, by, "staff.session_ended", id, nil, nil)
	})
}

// EndSessions signs somebody out everywhere.
func (s *Service) EndSessions(ctx context.Context, by By, id ID) error {
	return s.endSessions(ctx, by, id, "")
}

// EndOtherSessions signs whoever asks out everywhere but in the session of a key.
func (s *Service) EndOtherSessions(ctx context.Context, by By, key string) error {
	return s.endSessions(ctx, by, by.ID, key)
}

func (s *Service) endSessions(ctx context.Context, by By, id ID, but string) (err error) {
	defer errs.Wrap(&err, "end sessions of staff %d", id)
	return s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		a, err := getTx(ctx, tx, id)
		if err != nil {
			return err
		}
		if by.ID != id {
			if err := mayTx(ctx, tx, by, a); err != nil {
				return err
			}
		}
		if err := endAllTx(ctx, tx, id, but); err != nil {
			return err
		}
		return s.changeTx(ctx, tx, by, "staff.sessions_ended", id, nil, nil)
	})
}

// endAllTx ends the sessions of somebody but that of a key, and what waits for their
// second factor.
func endAllTx(ctx context.Context, tx *db.Tx, id ID, but string) error {
	if _, err := tx.Exec(ctx, `DELETE FROM staff_sessions WHERE staff_id = $1 AND token <> $2`, int64(id), but); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `DELETE FROM staff_challenges WHERE staff_id = $1`, int64(id))
	return err
}

// ChangePassword lets somebody choose a new password who knows the old one.
// Every session of theirs ends.
func (s *Service) ChangePassword(ctx context.Context, by By, id ID, old, password string) (err error) {
	defer errs.Wrap(&err, "change password of staff %d", id)
	var hash string
	a, err := scan(s.db.QueryRow(ctx, `SELECT `+columns+`, s.password FROM staff s WHERE s.id = $1`, int64(id)), &hash)
	if errors.Is(err, db.ErrNoRows) {
		return ErrNotFound
	}
	if err != nil {
		return err
	}
	if wait, ok := s.byLogin.Take(pair(a.Login, by.IP)); !ok {
		return tries(wait)
	}
	ok, _, err := s.hasher.check(ctx, hash, old)
	if err != nil {
		return err
	}
	if !ok {
		return errs.InvalidField("/old", "wrong_password", "is not the password that you have now")
	}
	s.byLogin.Forget(pair(a.Login, by.IP))
	return s.setPassword(ctx, by, a, hash, password)
}

// setPassword replaces the password that was, unless somebody was quicker.
func (s *Service) setPassword(ctx context.Context, by By, a Account, was, password string) error {
	var wrong errs.List
	checkPassword(&wrong, password, a.Login)
	if err := wrong.Err(); err != nil {
		return err
	}
	hash, err := s.hasher.hash(ctx, password)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := tx.Guard(ctx, `UPDATE staff SET password = $3 WHERE id = $1 AND password = $2`, int64(a.ID), was, hash); err != nil {
			return err
		}
		return s.passwordSetTx(ctx, tx, by, a.ID)
	})
}

// passwordSetTx ends what the password before had opened, and the links for another
// one.
func (s *Service) passwordSetTx(ctx context.Context, tx *db.Tx, by By, id ID) error {
	if err := endAllTx(ctx, tx, id, ""); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `DELETE FROM invitations WHERE staff_id = $1 AND used_at IS NULL`, int64(id)); err != nil {
		return err
	}
	return s.changeTx(ctx, tx, by, "staff.password_changed", id, nil, nil)
}
