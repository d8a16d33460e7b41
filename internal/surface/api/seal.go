package api

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"

	"github.com/go-json-experiment/json"

	"regulars/internal/base/id"
	"regulars/internal/loyalty/confirm"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/receipt"
)

// A till knows of people what it needs to serve them: a name to greet them by,
// the level and the points. Ids rise with time, so a key that leaked, or a till
// that is curious, could read everybody by counting. The ids of customers and
// receipts therefore leave sealed, and nothing else is taken back: who names a
// customer has found them by a whole identifier, registered them, or met them
// among the customers and receipts of its store. Any process can check that
// without asking the database, and an integration keeps and sends ids as ever.
type seals struct {
	customers, receipts, holds, confirmations id.Sealer

	secret []byte
}

var errSecret = errors.New("api: there is no secret to seal ids with")

func newSeals(secret []byte) (seals, error) {
	if len(secret) == 0 {
		return seals{}, errSecret
	}
	return seals{id.NewSealer(secret, customer.Sealed), id.NewSealer(secret, "receipt"), id.NewSealer(secret, "hold"), id.NewSealer(secret, "confirmation"), secret}, nil
}

// customer is how a till knows a customer; nobody is "".
func (s *seals) customer(who customer.ID) string { return sealed(s.customers, int64(who)) }

// receipt is how a till knows a receipt; none is "".
func (s *seals) receipt(of receipt.ID) string { return sealed(s.receipts, int64(of)) }

// hold is how a till knows a hold; none is "".
func (s *seals) hold(h ledger.HoldID) string { return sealed(s.holds, int64(h)) }

// confirmation is how a till knows a confirmation.
func (s *seals) confirmation(c confirm.ID) string { return sealed(s.confirmations, int64(c)) }

// holdOf reads the id of a hold.
func (s *seals) holdOf(text string) (ledger.HoldID, error) {
	h, ok := s.holds.Open(text)
	if !ok {
		return 0, ledger.ErrHoldNotFound
	}
	return ledger.HoldID(h), nil
}

func sealed(by id.Sealer, of int64) string {
	if of == 0 {
		return ""
	}
	return by.Seal(of)
}

// customerOf reads the id of a customer in an address.
func (s *seals) customerOf(text string) (customer.ID, error) {
	who, ok := s.customers.Open(text)
	if !ok {
		return 0, customer.ErrNotFound
	}
	return customer.ID(who), nil
}

// receiptOf reads the id of a receipt in an address.
func (s *seals) receiptOf(text string) (receipt.ID, error) {
	of, ok := s.receipts.Open(text)
	if !ok {
		return 0, receipt.ErrNotFound
	}
	return receipt.ID(of), nil
}

// print tells one registration from another without keeping what it says:
// whoever reads the database cannot try phones against it. With another code it is the
// same registration.
func (s *seals) print(in *registerRequest) (string, error) {
	without := *in
	without.Said = nil
	mac := hmac.New(sha256.New, s.secret)
	mac.Write([]byte("registration "))
	err := json.MarshalWrite(mac, &without)
	return base64.RawStdEncoding.EncodeToString(mac.Sum(nil)[:16]), err
}
