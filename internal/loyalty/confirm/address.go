package confirm

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/money"
	"regulars/internal/base/secret"
)

// Failures of the address.
var (
	ErrAddress = errs.New(errs.Invalid, "code_address", "An address begins with https:// (http:// only on this machine) and has no name or password in it.")
	ErrPost    = errs.New(errs.Unavailable, "code_address_silent", "The address for codes did not take the message.")
)

// Outlet is what codes leave by. The package knows no HTTP, texts or jobs.
type Outlet struct {
	Keys *secret.Box // under which the address's secret is kept
	// Post sends a signed message once; what it carries is in no error of it.
	Post func(ctx context.Context, url, secret, id string, at time.Time, body []byte) error
	// Text says to a person what a code is for, in the language that is closest; of no
	// points it confirms their phone.
	Text func(language, code string, points money.Points) (text, spoken string)
	// Queue adds the job that calls Send, and Wake has it done at once.
	Queue func(ctx context.Context, tx *db.Tx, of ID) error
	Wake  func()
}

// Use gives the service what codes leave by. It is called before anything is
// made; a secret that was sealed by an older key is sealed anew. Where none opens it, it
// fails with ErrKeys and no code leaves until the address has a new secret.
func (s *Service) Use(ctx context.Context, o Outlet) (err error) {
	defer errs.Wrap(&err, "open the address for codes")
	sealed, err := s.sealed(ctx)
	if errors.Is(err, ErrNoAddress) {
		s.out = o
		return nil
	}
	if err != nil {
		return err
	}
	s.out = o
	plain, err := o.Keys.Open(sealed.secret, about)
	if err != nil {
		return errors.Join(ErrKeys, err)
	}
	if o.Keys.Stale(sealed.secret) {
		const seal = `UPDATE code_address SET secret = $2 WHERE secret = $1`
		if _, err := s.db.Exec(ctx, seal, sealed.secret, o.Keys.Seal(plain, about)); err != nil {
			return err
		}
	}
	return nil
}

// Wake has what was made sent at once.
func (s *Service) Wake() { s.out.Wake() }

// ErrKeys is returned where the keys are not those that the secret was kept under.
var ErrKeys = errors.New("the secret of the address for codes was kept under another secret key: start with that one, also behind another, or make a new secret on the page of codes")

// about is what the secret is sealed as.
const about = "code_address"

type sealed struct{ url, secret string }

func (s *Service) sealed(ctx context.Context) (a sealed, err error) {
	err = s.db.QueryRow(ctx, `SELECT url, secret FROM code_address WHERE id = 1`).Scan(&a.url, &a.secret)
	if errors.Is(err, db.ErrNoRows) {
		err = ErrNoAddress
	}
	return a, err
}

// Address is where codes are posted; secret signs them. It fails with ErrNoAddress.
func (s *Service) Address(ctx context.Context) (url, secret string, err error) {
	defer errs.Wrap(&err, "read the address for codes")
	a, err := s.sealed(ctx)
	if err != nil {
		return "", "", err
	}
	if s.out.Keys == nil {
		return "", "", ErrNoAddress
	}
	secret, err = s.out.Keys.Open(a.secret, about)
	return a.url, secret, err
}

// ReadyTx fails with ErrNoAddress where codes cannot be sent. It locks the address
// against changes.
func (s *Service) ReadyTx(ctx context.Context, tx *db.Tx) error {
	const find = `
		SELECT id FROM code_address
		   FOR SHARE -- postgres`
	return s.readyTx(ctx, tx, find)
}

func (s *Service) readyTx(ctx context.Context, tx *db.Tx, find string) error {
	var one int64
	err := tx.QueryRow(ctx, find).Scan(&one)
	if errors.Is(err, db.ErrNoRows) || err == nil && s.out.Queue == nil {
		return ErrNoAddress
	}
	return err
}

// SetAddressTx changes where codes are posted; there is no way back to none, for
// rules may need one. A secret is made for the first address and with anew.
func (s *Service) SetAddressTx(ctx context.Context, tx *db.Tx, address string, anew bool) (err error) {
	defer errs.Wrap(&err, "set the address for codes")
	address = strings.TrimSpace(address)
	if err := checkAddress(address); err != nil {
		return err
	}
	if s.out.Keys == nil {
		return ErrNoAddress
	}
	made := s.out.Keys.Seal(newSecret(), about)
	const set = `
		INSERT INTO code_address (id, url, secret, changed_at) VALUES (1, $1, $2, $3)
		ON CONFLICT (id) DO UPDATE SET url = excluded.url, changed_at = excluded.changed_at,
		       secret = CASE WHEN $4 THEN excluded.secret ELSE code_address.secret END`
	_, err = tx.Exec(ctx, set, address, made, s.now().UnixMicro(), anew)
	return err
}

// newSecret makes one that signs messages.
func newSecret() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails, by its contract
	return "whsec_" + base64.StdEncoding.EncodeToString(b[:])
}

// maxAddress is how long an address may be.
const maxAddress = 500

func checkAddress(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" || u.User != nil || u.Fragment != "" || len(address) > maxAddress {
		return ErrAddress.At("/url")
	}
	switch host := u.Hostname(); {
	case u.Scheme == "https":
	case u.Scheme == "http" && (host == "localhost" || host == "127.0.0.1" || host == "::1"):
	default:
		return ErrAddress.At("/url")
	}
	return nil
}
