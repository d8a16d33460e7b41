// Package confirm has people say themselves that their points may be taken, or that a
// phone is theirs: a code goes to them, and the till passes on what they say.
//
// A code holds once, for a few minutes and a few tries, at one till: for one customer
// and at most so many points, or for one phone, whether or not it leads to somebody. No
// code is kept: it follows from the id and the secret of the installation. A phone is
// kept for as long as codes to it are counted (Forget). Who needs a code for points is a
// rule of package programme, and package receipt asks for it in the transaction that
// takes them; of phones package enrol asks. The codes leave through an address of the
// owner's (address.go, send.go).
package confirm

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/event"
	"regulars/internal/base/id"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
)

// ID identifies a confirmation.
type ID = id.Of[Confirmation]

// What a code is good for.
const (
	ValidFor = 5 * time.Minute
	MaxTries = 5
	// MaxMade is how many are sent to a customer or to a phone within MadeWithin, and
	// MaxOfTill how many a till has sent then, to whomever: it lets nobody's phone ring in turn.
	MaxMade    = 3
	MaxOfTill  = 20
	MadeWithin = 10 * time.Minute
)

// EventMade tells of a code that was asked for; a ref is the confirmation's; body:
// {"points"}. One for a phone is of no customer and no points.
const EventMade = "confirmation.made"

// Failures a till can show to the cashier. ErrWrong does not tell a wrong code from
// one that is too old, used up, another customer's or another phone's.
var (
	ErrNeeded    = errs.New(errs.Conflict, "confirmation_needed", "So many points are taken only with a code that the customer is sent. Ask for one with POST /v1/confirmations and send it along.")
	ErrWrong     = errs.New(errs.Conflict, "confirmation_wrong", "This code does not hold: it is wrong, too old, used up, or for something else. Try again or have another one sent.")
	ErrNotNeeded = errs.New(errs.Conflict, "confirmation_not_needed", "So many points are taken here without a code.")
	ErrTooMany   = errs.New(errs.TooMany, "confirmation_too_many", "This customer has been sent several codes already. Wait ten minutes, or take fewer points.").With("seconds", int64(MadeWithin/time.Second))
	// ErrTillTooMany is the till's own limit.
	ErrTillTooMany = errs.New(errs.TooMany, "confirmation_till_too_many", "This till has had many codes sent already. Wait ten minutes, or go on without one.").With("seconds", int64(MadeWithin/time.Second))
	// ErrPhoneNeeded and those that follow are of registering with a phone.
	ErrPhoneNeeded    = errs.New(errs.Conflict, "confirmation_phone_needed", "A phone is registered only with a code that is sent to it. Ask for one with POST /v1/confirmations and send it along.")
	ErrPhoneNotNeeded = errs.New(errs.Conflict, "confirmation_phone_not_needed", "Registering needs no code here.")
	ErrPhoneTooMany   = errs.New(errs.TooMany, "confirmation_phone_too_many", "Several codes were sent to this phone already. Wait ten minutes.").With("seconds", int64(MadeWithin/time.Second))
	ErrNoAddress      = errs.New(errs.Conflict, "confirmation_no_address", "Codes cannot be sent: set the address for them under Settings first.")
)

// Confirmation is a code that was asked for: of a customer's points, or of a phone.
type Confirmation struct {
	ID        ID
	Customer  customer.ID // 0: it is for Phone
	Till      catalog.TillID
	Points    money.Points // at most
	Phone     string       // in its normal form
	ExpiresAt time.Time
}

// Given is what a till passes on.
type Given struct {
	ID   ID
	Code string
}

// Service makes codes and sees them used.
type Service struct {
	db        *db.DB
	mint      *id.Minter
	now       func() time.Time
	secret    []byte
	customers *customer.Service
	out       Outlet
}

// New makes the service. Nothing leaves it before Use.
func New(d *db.DB, mint *id.Minter, now func() time.Time, secret []byte, customers *customer.Service) *Service {
	return &Service{
		db: d, mint: mint, secret: secret, customers: customers,
		now: func() time.Time { return now().UTC().Truncate(time.Microsecond) },
	}
}

// MakeTx makes a confirmation and has its code sent after the commit. The caller
// holds the lock of the customer's account. It fails with ErrTooMany, ErrTillTooMany
// or ErrNoAddress.
func (s *Service) MakeTx(ctx context.Context, tx *db.Tx, who customer.ID, till catalog.TillID, points money.Points) (c Confirmation, err error) {
	defer errs.Wrap(&err, "make confirmation")
	if err := s.ReadyTx(ctx, tx); err != nil {
		return c, err
	}
	return s.makeTx(ctx, tx, Confirmation{Customer: who, Till: till, Points: points}, ErrTooMany)
}

// MakeForTx makes a confirmation of a phone, and has its code sent there after the
// commit, whosever it is. It fails with ErrPhoneTooMany, ErrTillTooMany or ErrNoAddress.
func (s *Service) MakeForTx(ctx context.Context, tx *db.Tx, phone customer.Identifier, till catalog.TillID) (c Confirmation, err error) {
	defer errs.Wrap(&err, "make confirmation of a phone")
	// Nothing of a phone that may be nobody's can be locked: such codes are made one at a time.
	const wait = `
		SELECT id FROM code_address
		   FOR NO KEY UPDATE -- postgres`
	if err := s.readyTx(ctx, tx, wait); err != nil {
		return c, err
	}
	return s.makeTx(ctx, tx, Confirmation{Phone: phone.Value, Till: till}, ErrPhoneTooMany)
}

// makeTx makes c and fails with tooMany where whom it is for has had too many.
func (s *Service) makeTx(ctx context.Context, tx *db.Tx, c Confirmation, tooMany error) (Confirmation, error) {
	// Tills ask for one code at a time, or two at once would both be the last.
	const wait = `
		SELECT id FROM tills WHERE id = $1
		   FOR NO KEY UPDATE -- postgres`
	var at int64
	if err := tx.QueryRow(ctx, wait, int64(c.Till)).Scan(&at); err != nil {
		return c, err
	}
	now := s.now()
	since := now.Add(-MadeWithin).UnixMicro()
	c.ID, c.ExpiresAt = ID(s.mint.Next()), now.Add(ValidFor)
	const add = `
		INSERT INTO confirmations (id, customer_id, till_id, points, made_at, expires_at, phone)
		SELECT $1, CAST($2 AS BIGINT), $3, CAST($4 AS BIGINT), $5, CAST($6 AS BIGINT), CAST($10 AS TEXT)
		 WHERE (SELECT COUNT(*) FROM confirmations WHERE customer_id = $2 AND made_at > $7) < $8
		   AND (SELECT COUNT(*) FROM confirmations WHERE phone = $10 AND phone <> '' AND made_at > $7) < $8
		   AND (SELECT COUNT(*) FROM confirmations WHERE till_id = $3 AND made_at > $7) < $9`
	n, err := tx.Exec(ctx, add, int64(c.ID), db.NullID(c.Customer), int64(c.Till), int64(c.Points), now.UnixMicro(), c.ExpiresAt.UnixMicro(),
		since, MaxMade, MaxOfTill, c.Phone)
	if err != nil {
		return c, err
	}
	if n == 0 {
		return c, s.tooManyTx(ctx, tx, c.Till, since, tooMany)
	}
	var b db.Batch
	event.Append(&b, event.Event{
		At: now, Kind: EventMade, CustomerID: int64(c.Customer), Ref: int64(c.ID), Body: event.Body(map[string]string{"points": c.Points.String()}),
	})
	if err := tx.Run(ctx, &b); err != nil {
		return c, err
	}
	return c, s.out.Queue(ctx, tx, c.ID)
}

// tooManyTx is whose limit it is; of is that of whom the code is for.
func (s *Service) tooManyTx(ctx context.Context, tx *db.Tx, till catalog.TillID, since int64, of error) error {
	var ofTill int
	err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM confirmations WHERE till_id = $1 AND made_at > $2`, int64(till), since).Scan(&ofTill)
	switch {
	case err != nil:
		return err
	case ofTill >= MaxOfTill:
		return ErrTillTooMany
	}
	return of
}

// Try compares a code that a till gives. A wrong one costs a try, in a transaction of
// its own, for the caller's is not written then; a right one costs none, and whether
// it holds is asked in the statement that counts: so nobody tries more by trying at
// once. Where it does not hold, c is zero. That it is used but once is for Spend to
// see to.
func (s *Service) Try(ctx context.Context, till catalog.TillID, g Given) (c Confirmation, err error) {
	defer errs.Wrap(&err, "try a code")
	if g.ID == 0 {
		return c, nil
	}
	wrong := 0
	if !hmac.Equal([]byte(s.code(g.ID)), []byte(strings.TrimSpace(g.Code))) {
		wrong = 1
	}
	const try = `
		UPDATE confirmations SET tries = tries + $5
		 WHERE id = $1 AND till_id = $4 AND used_at IS NULL AND tries < $2 AND expires_at > $3
		RETURNING id, COALESCE(customer_id, 0), till_id, points, phone, expires_at`
	err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		return tx.QueryRow(ctx, try, int64(g.ID), MaxTries, s.now().UnixMicro(), int64(till), wrong).
			Scan(&c.ID, &c.Customer, &c.Till, &c.Points, &c.Phone, db.Time{Dst: &c.ExpiresAt})
	})
	if errors.Is(err, db.ErrNoRows) || err == nil && wrong > 0 {
		return Confirmation{}, nil
	}
	if err != nil || c.Customer == 0 {
		return c, err
	}
	is, err := s.customers.Resolve(ctx, []customer.ID{c.Customer}) // it was sent to whoever was merged since
	c.Customer = cmp.Or(is[c.Customer], c.Customer)
	return c, err
}

// Covers reports whether a confirmation is for so many points of a customer at a
// till; the zero one is for none.
func (c Confirmation) Covers(who customer.ID, till catalog.TillID, points money.Points) bool {
	return c.ID != 0 && c.Customer == who && c.Till == till && c.Points >= points
}

// Proves reports whether a confirmation is of a phone at a till; the zero one is of none.
func (c Confirmation) Proves(phone customer.Identifier, till catalog.TillID) bool {
	return c.ID != 0 && phone.Kind == customer.Phone && c.Phone != "" && c.Phone == phone.Value && c.Till == till
}

// Asked is what a customer was asked by a code, or was to be.
type Asked struct {
	Till                catalog.TillID
	Points              money.Points // 0: they registered with it
	MadeAt              time.Time
	SentAt, ConfirmedAt time.Time // zero: not
}

// Of lists the codes of some customers, the first first; of those for phones the ones
// that they registered with, for the others are nobody's.
func (s *Service) Of(ctx context.Context, ids []customer.ID) (list []Asked, err error) {
	defer errs.Wrap(&err, "list codes of customers")
	rows, err := s.db.Query(ctx, `SELECT till_id, points, made_at, sent_at, used_at FROM confirmations
		 WHERE customer_id IN ($1...) OR customer_id IS NULL AND used_by IN ($1...) ORDER BY made_at, id`, db.IDs(ids))
	return list, db.Scan(rows, err, func(r *db.Rows) error {
		var c Asked
		err := r.Scan(&c.Till, &c.Points, db.Time{Dst: &c.MadeAt}, db.Time{Dst: &c.SentAt}, db.Time{Dst: &c.ConfirmedAt})
		list = append(list, c)
		return err
	})
}

// Waits says since when a code that a till asked for waits to be taken by the address;
// zero: it does not.
func (s *Service) Waits(ctx context.Context, of ID, till catalog.TillID) (since time.Time, err error) {
	defer errs.Wrap(&err, "ask whether a code was sent")
	const find = `
		SELECT MAX(made_at) FROM confirmations
		 WHERE id = $1 AND till_id = $2 AND sent_at IS NULL AND used_at IS NULL AND expires_at > $3`
	return since, s.db.QueryRow(ctx, find, int64(of), int64(till), s.now().UnixMicro()).Scan(db.Time{Dst: &since})
}

// Said reports whether a receipt or hold used a confirmation up.
func (s *Service) Said(ctx context.Context, by int64) (said bool, err error) {
	defer errs.Wrap(&err, "ask what was confirmed")
	return said, s.db.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM confirmations WHERE used_by = $1)`, by).Scan(&said)
}

// Spend adds to b that a receipt or hold, or the customer whom a phone registers, uses
// up a confirmation: where another did, or it is too late, the batch fails with
// db.ErrGuard.
func (s *Service) Spend(b *db.Batch, c Confirmation, by int64, at time.Time) {
	const use = `UPDATE confirmations SET used_at = $2, used_by = $3 WHERE id = $1 AND used_at IS NULL AND expires_at > $2`
	b.Guard(use, int64(c.ID), at.UnixMicro(), by)
}

// Forget clears phones that no limit counts any more. Sending does it, too.
func (s *Service) Forget(ctx context.Context) (err error) {
	defer errs.Wrap(&err, "forget phones that codes were sent to")
	const forget = `
		UPDATE confirmations SET phone = '' WHERE id IN (
			SELECT id FROM confirmations WHERE phone <> '' AND made_at <= $1 ORDER BY id
			   FOR UPDATE SKIP LOCKED -- postgres
		)`
	_, err = s.db.Exec(ctx, forget, s.now().Add(-MadeWithin).UnixMicro())
	return err
}

// ForgetTx clears the phones of somebody who is forgotten; their codes are void.
func (s *Service) ForgetTx(ctx context.Context, tx *db.Tx, list []customer.Identifier) (err error) {
	defer errs.Wrap(&err, "forget codes to phones")
	var phones db.Texts
	for _, i := range list {
		if i.Kind == customer.Phone {
			phones = append(phones, i.Value)
		}
	}
	_, err = tx.Exec(ctx, `UPDATE confirmations SET phone = '' WHERE phone <> '' AND phone IN ($1...)`, phones)
	return err
}

// code is the one of a confirmation: six digits, as good as random to who does not
// know the secret.
func (s *Service) code(of ID) string {
	mac := hmac.New(sha256.New, s.secret)
	mac.Write([]byte("confirmation "))
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(of)))
	return fmt.Sprintf("%06d", binary.BigEndian.Uint64(mac.Sum(nil))%1_000_000)
}
