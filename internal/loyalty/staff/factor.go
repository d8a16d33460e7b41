package staff

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/pquerna/otp/totp"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/secret"
)

// Failures of second factors.
var (
	ErrCode      = errs.New(errs.Invalid, "wrong_code", "The code is wrong, or it was used already. Wait for the next one.").At("/code")
	ErrChallenge = errs.New(errs.Unauthorized, "sign_in_again", "Signing in took too long. Begin again.")
	ErrNotFresh  = errs.New(errs.Forbidden, "session_not_fresh", "You signed in more than 15 minutes ago. Sign in again, then add it.")
	ErrEnrol     = errs.New(errs.Forbidden, "second_factor_needed", "Your role needs a second factor. Set it up first.")
	ErrFactorOn  = errs.New(errs.Conflict, "second_factor_there", "There is a second factor already.")
	ErrNoKeys    = errs.New(errs.Unavailable, "no_secret_key", "This installation has no key to keep second factors under.")
	ErrKeys      = errs.New(errs.Conflict, "secret_key_differs", "The second factors are sealed under another key than the one given. Put back its file or give it as secret-key; where it is lost, have the second factor reset.")
)

const (
	step          = 30 // seconds that a code of an app is good for
	challengeFor  = 5 * time.Minute
	maxTries      = 5 // codes after one password
	recoveryCodes = 10
)

// UseKeys gives the keys under which second factors are kept, and seals by the
// first whatever another one sealed. Where some do not open it fails with ErrKeys, and
// all but who has them can sign in: they are to be reset, or the key put back.
func (s *Service) UseKeys(ctx context.Context, keys *secret.Box) (err error) {
	defer errs.Wrap(&err, "open the second factors")
	type row struct {
		id     ID
		sealed string
	}
	var all []row
	rows, err := s.db.Query(ctx, `SELECT staff_id, secret FROM staff_factors`)
	err = db.Scan(rows, err, func(r *db.Rows) error {
		var one row
		err := r.Scan(&one.id, &one.sealed)
		all = append(all, one)
		return err
	})
	if err != nil {
		return err
	}
	s.keys = keys
	var closed error
	for _, one := range all {
		plain, err := keys.Open(one.sealed, one.id.String())
		if err != nil {
			closed = ErrKeys.Because(err)
			continue
		}
		if !keys.Stale(one.sealed) {
			continue
		}
		// Whatever was set up meanwhile stays.
		const seal = `UPDATE staff_factors SET secret = $3 WHERE staff_id = $1 AND secret = $2`
		if _, err := s.db.Exec(ctx, seal, int64(one.id), one.sealed, keys.Seal(plain, one.id.String())); err != nil {
			return err
		}
	}
	return closed
}

// Factor is what somebody puts into an app that shows codes.
type Factor struct {
	Secret string
	URL    string // otpauth://, as a QR code holds it
}

// StartFactor makes the secret of a second factor, which is one when ConfirmFactor
// has seen a code of it. issuer is what apps call the installation.
func (s *Service) StartFactor(ctx context.Context, id ID, issuer string) (f Factor, err error) {
	defer errs.Wrap(&err, "start a second factor")
	if s.keys == nil {
		return Factor{}, ErrNoKeys
	}
	a, err := s.Get(ctx, id)
	if err != nil {
		return Factor{}, err
	}
	key, err := totp.Generate(totp.GenerateOpts{Issuer: issuer, AccountName: a.Login})
	if err != nil {
		return Factor{}, err
	}
	const put = `
		INSERT INTO staff_factors (staff_id, secret) VALUES ($1, $2)
		ON CONFLICT (staff_id) DO UPDATE SET secret = excluded.secret WHERE staff_factors.confirmed_at IS NULL`
	n, err := s.db.Exec(ctx, put, int64(id), s.keys.Seal(key.Secret(), id.String()))
	if err == nil && n == 0 {
		err = ErrFactorOn
	}
	return Factor{key.Secret(), key.URL()}, err
}

// factorTx reads the secret of somebody and what is known of it.
func (s *Service) factorTx(ctx context.Context, tx *db.Tx, id ID) (plain, sealed string, confirmed bool, err error) {
	if s.keys == nil {
		return "", "", false, ErrNoKeys
	}
	err = tx.QueryRow(ctx, `SELECT secret, confirmed_at IS NOT NULL FROM staff_factors WHERE staff_id = $1`, int64(id)).Scan(&sealed, &confirmed)
	if err != nil {
		return "", "", false, err
	}
	if plain, err = s.keys.Open(sealed, id.String()); err != nil {
		err = ErrKeys.Because(err)
	}
	return plain, sealed, confirmed, err
}

// stepOf finds which step a code is of: the one that is now, or the one before
// or after for clocks that differ; 0: none.
func (s *Service) stepOf(plain, code string) (found int64, err error) {
	now := s.now().Unix() / step
	for _, at := range []int64{now - 1, now, now + 1} {
		want, err := totp.GenerateCode(plain, time.Unix(at*step, 0))
		if err != nil {
			return 0, err
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(code)) == 1 {
			found = at
		}
	}
	return found, nil
}

// ConfirmFactor makes the second factor of somebody hold whose app shows the
// right code, and gives the recovery codes, which cannot be had again.
func (s *Service) ConfirmFactor(ctx context.Context, by By, id ID, code string) (recovery []string, err error) {
	defer errs.Wrap(&err, "confirm a second factor")
	if wait, ok := s.byFactor.Take(id.String()); !ok {
		return nil, tries(wait)
	}
	err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		plain, sealed, confirmed, err := s.factorTx(ctx, tx, id)
		if errors.Is(err, db.ErrNoRows) || confirmed {
			return ErrFactorOn
		}
		if err != nil {
			return err
		}
		at, err := s.stepOf(plain, digitsOf(code))
		if err != nil {
			return err
		}
		if at == 0 {
			return ErrCode
		}
		const confirm = `UPDATE staff_factors SET confirmed_at = $3, step = $4 WHERE staff_id = $1 AND secret = $2 AND confirmed_at IS NULL`
		if err := tx.Guard(ctx, confirm, int64(id), sealed, s.now().UnixMicro(), at); err != nil {
			return err
		}
		recovery = nil
		for range recoveryCodes {
			text := strings.ToLower(rand.Text()[:16]) // 80 bits
			if _, err := tx.Exec(ctx, `INSERT INTO staff_recovery (code, staff_id) VALUES ($1, $2)`, recoveryHash(id, text), int64(id)); err != nil {
				return err
			}
			recovery = append(recovery, text[:4]+"-"+text[4:8]+"-"+text[8:12]+"-"+text[12:])
		}
		return s.changeTx(ctx, tx, by, "staff.factor_added", id, nil, nil)
	})
	return recovery, err
}

func recoveryHash(id ID, text string) string { return secret.Hash(id.String() + ":" + text) }

// digitsOf leaves spaces out of a code, as apps show them.
func digitsOf(code string) string { return strings.ReplaceAll(strings.TrimSpace(code), " ", "") }

// HasFactor reports whether somebody has a second factor that holds, and how many
// recovery codes are left.
func (s *Service) HasFactor(ctx context.Context, id ID) (has bool, left int, err error) {
	defer errs.Wrap(&err, "look for a second factor")
	const find = `
		SELECT EXISTS (SELECT 1 FROM staff_factors WHERE staff_id = $1 AND confirmed_at IS NOT NULL),
		       (SELECT COUNT(*) FROM staff_recovery WHERE staff_id = $1 AND used_at IS NULL)`
	err = s.db.QueryRow(ctx, find, int64(id)).Scan(&has, &left)
	return has, left, err
}

// Challenge begins the second half of signing in, for somebody whose password
// was right. Without a second factor there is none: the token is "".
func (s *Service) Challenge(ctx context.Context, id ID) (token string, expires time.Time, err error) {
	defer errs.Wrap(&err, "ask for a second factor")
	has, err := s.AskedMore(ctx, id)
	if err != nil || !has {
		return "", time.Time{}, err
	}
	now := s.now()
	token, expires = newToken(), now.Add(challengeFor)
	err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `DELETE FROM staff_challenges WHERE staff_id = $1 AND expires_at <= $2`, int64(id), now.UnixMicro()); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO staff_challenges (token, staff_id, expires_at) VALUES ($1, $2, $3)`, secret.Hash(token), int64(id), expires.UnixMicro())
		return err
	})
	return token, expires, err
}

// Asked tells with what a challenge can be passed: codes of an app, a passkey. Of one that
// is over, or never was, it tells both.
func (s *Service) Asked(ctx context.Context, token string) (app, key bool, err error) {
	defer errs.Wrap(&err, "look for second factors")
	const find = `
		SELECT EXISTS (SELECT 1 FROM staff_factors f WHERE f.staff_id = c.staff_id AND f.confirmed_at IS NOT NULL),
		       EXISTS (SELECT 1 FROM staff_passkeys k WHERE k.staff_id = c.staff_id)
		  FROM staff_challenges c WHERE c.token = $1`
	err = s.db.QueryRow(ctx, find, secret.Hash(token)).Scan(&app, &key)
	if errors.Is(err, db.ErrNoRows) {
		return true, true, nil
	}
	return app, key, err
}

// PassChallenge takes a code of the app, or a recovery code, and gives who is
// signed in by it. Each code is taken once. It fails with ErrCode, ErrTries, or
// ErrChallenge where one has to begin again.
func (s *Service) PassChallenge(ctx context.Context, token, code string, from Client) (a Account, err error) {
	defer errs.Wrap(&err, "check a second factor")
	hash := secret.Hash(token)
	// A try counts before it is checked, and whatever comes of it.
	const count = `UPDATE staff_challenges SET tries = tries + 1 WHERE token = $1 AND expires_at > $2 AND tries < $3 RETURNING staff_id`
	var id ID
	err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.QueryRow(ctx, count, hash, s.now().UnixMicro(), maxTries).Scan(&id)
	})
	if errors.Is(err, db.ErrNoRows) {
		return Account{}, ErrChallenge
	}
	if err != nil {
		return Account{}, err
	}
	if wait, ok := s.byFactor.Take(id.String()); !ok { // of all browsers together
		return Account{}, tries(wait)
	}
	err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if a, err = getTx(ctx, tx, id); err != nil {
			return err
		}
		if !a.Active {
			return ErrChallenge
		}
		if err := s.takeCodeTx(ctx, tx, By{ID: id, IP: from.IP}, id, code); err != nil {
			return err
		}
		return tx.Guard(ctx, `DELETE FROM staff_challenges WHERE token = $1`, hash)
	})
	if err != nil {
		return Account{}, err
	}
	s.byFactor.Forget(id.String())
	return a, nil
}

// takeCodeTx uses up a code of somebody's second factor or a recovery code, or
// fails with ErrCode.
func (s *Service) takeCodeTx(ctx context.Context, tx *db.Tx, by By, id ID, code string) error {
	plain, _, confirmed, err := s.factorTx(ctx, tx, id)
	if errors.Is(err, db.ErrNoRows) || err == nil && !confirmed {
		return ErrCode
	}
	if err != nil {
		return err
	}
	at, err := s.stepOf(plain, digitsOf(code))
	if err != nil {
		return err
	}
	if at != 0 {
		// That no code is taken twice is for the row to say: two may come at once.
		const take = `UPDATE staff_factors SET step = $2 WHERE staff_id = $1 AND confirmed_at IS NOT NULL AND step < $2`
		n, err := tx.Exec(ctx, take, int64(id), at)
		if err == nil && n == 0 {
			err = ErrCode
		}
		return err
	}
	text := strings.ToLower(strings.NewReplacer("-", "", " ", "").Replace(code))
	n, err := tx.Exec(ctx, `UPDATE staff_recovery SET used_at = $2 WHERE code = $1 AND used_at IS NULL`, recoveryHash(id, text), s.now().UnixMicro())
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrCode
	}
	return s.changeTx(ctx, tx, by, "staff.recovery_used", id, nil, nil)
}

// RemoveFactor takes somebody's own second factor away, who has a code of it.
func (s *Service) RemoveFactor(ctx context.Context, by By, id ID, code string) (err error) {
	defer errs.Wrap(&err, "remove a second factor")
	if wait, ok := s.byFactor.Take(id.String()); !ok {
		return tries(wait)
	}
	return s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := s.takeCodeTx(ctx, tx, by, id, code); err != nil {
			return err
		}
		return s.dropFactorTx(ctx, tx, by, id, "staff.factor_removed")
	})
}

// ResetFactor takes the second factor of somebody away who has lost it, and signs
// them out everywhere.
func (s *Service) ResetFactor(ctx context.Context, by By, id ID) (err error) {
	defer errs.Wrap(&err, "reset the second factor of staff %d", id)
	return s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		a, err := getTx(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := mayTx(ctx, tx, by, a); err != nil {
			return err
		}
		if err := endAllTx(ctx, tx, id, ""); err != nil {
			return err
		}
		return s.dropAllTx(ctx, tx, by, id)
	})
}

func (s *Service) dropFactorTx(ctx context.Context, tx *db.Tx, by By, id ID, action string) error {
	n, err := tx.Exec(ctx, `DELETE FROM staff_factors WHERE staff_id = $1`, int64(id))
	if err != nil || n == 0 {
		return err
	}
	for _, rest := range []string{`DELETE FROM staff_recovery WHERE staff_id = $1`, `DELETE FROM staff_challenges WHERE staff_id = $1`} {
		if _, err := tx.Exec(ctx, rest, int64(id)); err != nil {
			return err
		}
	}
	return s.changeTx(ctx, tx, by, action, id, nil, nil)
}

// NeedFactor says which roles need a second factor. Whoever has none yet sets it
// up before anything else.
func (s *Service) NeedFactor(ctx context.Context, by By, roles []Role) (err error) {
	defer errs.Wrap(&err, "say who needs a second factor")
	return s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		was, err := needTx(ctx, tx)
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM staff_rules`); err != nil {
			return err
		}
		for _, role := range slices.Compact(slices.Sorted(slices.Values(roles))) {
			if !role.Valid() {
				return errs.InvalidField("/roles", "unknown_role", "is not a role")
			}
			if _, err := tx.Exec(ctx, `INSERT INTO staff_rules (role, second_factor) VALUES ($1, TRUE)`, string(role)); err != nil {
				return err
			}
		}
		is, err := needTx(ctx, tx)
		if err != nil {
			return err
		}
		return s.changeTx(ctx, tx, by, "staff.factor_needed", 0, map[string]any{"role": was}, map[string]any{"role": is})
	})
}

// FactorNeeded gives the roles that need a second factor.
func (s *Service) FactorNeeded(ctx context.Context) (roles []Role, err error) {
	defer errs.Wrap(&err, "look who needs a second factor")
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		roles, err = needTx(ctx, tx)
		return err
	})
	return roles, err
}

func needTx(ctx context.Context, tx *db.Tx) (roles []Role, err error) {
	rows, err := tx.Query(ctx, `SELECT role FROM staff_rules WHERE second_factor ORDER BY role`)
	err = db.Scan(rows, err, func(r *db.Rows) error {
		var role string
		err := r.Scan(&role)
		roles = append(roles, Role(role))
		return err
	})
	return roles, err
}
