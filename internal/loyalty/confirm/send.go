package confirm

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/customer"
)

// Kinds of messages.
const (
	TypeCode = "confirmation.code"
	TypeTest = "confirmation.test" // nobody is to be sent anything
)

// message is what is posted.
type message struct {
	Type      string    `json:"type"`
	Timestamp time.Time `json:"timestamp"`
	Data      data      `json:"data"`
}

type data struct {
	For       purpose    `json:"for"`
	Customer  string     `json:"customer,omitempty"`
	Phone     string     `json:"phone,omitempty"` // empty: none is known
	Code      string     `json:"code"`
	Points    string     `json:"points"`
	Text      string     `json:"text"`
	Language  string     `json:"language"`
	ExpiresAt *time.Time `json:"expires_at,omitempty"`
}

// purpose is what a code confirms.
type purpose string

const (
	redemption   purpose = "redemption"
	registration purpose = "registration"
)

// Send posts the code of a confirmation. One that is over, used or was taken
// already is left; else it fails with ErrPost, to be tried again.
func (s *Service) Send(ctx context.Context, of ID) (err error) {
	defer errs.Wrap(&err, "send the code of confirmation %s", of)
	now := s.now()
	const find = `
		SELECT COALESCE(customer_id, 0), points, phone, made_at, expires_at FROM confirmations
		 WHERE id = $1 AND sent_at IS NULL AND used_at IS NULL AND expires_at > $2`
	var (
		c    = Confirmation{ID: of}
		made time.Time
	)
	err = s.db.QueryRow(ctx, find, int64(of), now.UnixMicro()).Scan(&c.Customer, &c.Points, &c.Phone, db.Time{Dst: &made}, db.Time{Dst: &c.ExpiresAt})
	if errors.Is(err, db.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	d := data{For: registration, Phone: c.Phone, Code: s.code(of), Points: c.Points.String(), ExpiresAt: &c.ExpiresAt}
	language := ""
	switch {
	case c.Customer != 0:
		language, err = s.recipient(ctx, c.Customer, &d)
	case c.Phone == "": // of somebody who was forgotten meanwhile
		return nil
	}
	if err != nil {
		return err
	}
	d.Text, d.Language = s.out.Text(language, d.Code, c.Points)
	if err := s.post(ctx, "confirmation_"+of.String(), message{TypeCode, made, d}); err != nil {
		return err
	}
	if _, err := s.db.Exec(ctx, `UPDATE confirmations SET sent_at = $2 WHERE id = $1`, int64(of), now.UnixMicro()); err != nil {
		return err
	}
	return s.Forget(ctx)
}

// recipient fills in whom a code for points goes to, and gives the language they speak.
func (s *Service) recipient(ctx context.Context, of customer.ID, d *data) (language string, err error) {
	who, err := s.customers.Now(ctx, of)
	if err != nil {
		return "", err
	}
	d.For, d.Customer = redemption, who.ID.String()
	contacts, err := s.customers.Contacts(ctx, who.Identifiers)
	reaches := func(i customer.Identifier) bool {
		return i.Kind == customer.Phone && contacts[i].Quality != customer.Retired
	}
	if at := slices.IndexFunc(who.Identifiers, reaches); at >= 0 {
		d.Phone = who.Identifiers[at].Value
	}
	return who.Language, err
}

// Test posts a message that nobody is to be sent.
func (s *Service) Test(ctx context.Context) (err error) {
	defer errs.Wrap(&err, "send a test to the address for codes")
	const code, points = "000000", money.Points(100_00)
	text, language := s.out.Text("", code, points)
	return s.post(ctx, "test_"+ID(s.mint.Next()).String(), message{TypeTest, s.now(), data{For: redemption, Code: code, Points: points.String(), Text: text, Language: language}})
}

func (s *Service) post(ctx context.Context, name string, m message) error {
	address, secret, err := s.Address(ctx)
	if err != nil {
		return err
	}
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	if err := s.out.Post(ctx, address, secret, name, s.now(), body); err != nil {
		return ErrPost.Because(err)
	}
	return nil
}
