// Package loyalty puts the services of the business together: whoever runs
// them, a server, a test or a benchmark, gets the same ones from New.
//
// It holds no rules; those are in the packages below it. Whoever needs one or
// two services takes those and not all of them.
package loyalty

import (
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/id"
	"regulars/internal/base/settings"
	"regulars/internal/loyalty/attribute"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/confirm"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/enrol"
	"regulars/internal/loyalty/giftcard"
	"regulars/internal/loyalty/household"
	"regulars/internal/loyalty/integration"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/merge"
	"regulars/internal/loyalty/privacy"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
	"regulars/internal/loyalty/stock"
)

// Services are the business, each standing on those before it.
type Services struct {
	Staff        *staff.Service
	Catalog      *catalog.Service
	Customers    *customer.Service
	Attributes   *attribute.Service
	Households   *household.Service
	Programmes   *programme.Service
	Ledger       *ledger.Service
	Confirm      *confirm.Service
	Enrol        *enrol.Service
	Receipts     *receipt.Service
	Stock        *stock.Service
	Integrations *integration.Service
	Giftcards    *giftcard.Service
	Merges       *merge.Service
	Privacy      *privacy.Service
}

// New makes the services of an installation over its database.
func New(d *db.DB, mint *id.Minter, now func() time.Time, is settings.Installation) *Services {
	s := &Services{
		Staff:      staff.New(d, mint, now),
		Catalog:    catalog.New(d, mint, now),
		Programmes: programme.New(d, mint, now, is.Currency),
	}
	s.Customers = customer.NewService(d, mint, now, Region(is), is.Secret, s.Catalog)
	s.Attributes = attribute.New(d, mint, now)
	s.Households = household.New(d, mint, now, s.Customers)
	s.Ledger = ledger.New(d, mint, now, func(t time.Time) ledger.Policy {
		stopped, idle := s.Programmes.Standing(t)
		return ledger.Policy{Stopped: stopped, Idle: idle}
	})
	s.Confirm = confirm.New(d, mint, now, is.Secret, s.Customers)
	s.Enrol = enrol.New(d, now, s.Customers, s.Ledger, s.Programmes, s.Staff, s.Confirm)
	s.Programmes.SendCodes(s.Confirm.ReadyTx)
	s.Receipts = receipt.New(receipt.Config{
		DB: d, Mint: mint, Now: now, Currency: is.Currency, Secret: is.Secret,
		Ledger: s.Ledger, Programmes: s.Programmes, Catalog: s.Catalog, Customers: s.Customers, Confirm: s.Confirm,
	})
	s.Stock = stock.New(d, mint, now, s.Catalog, s.Receipts)
	s.Integrations = integration.New(d, mint, now)
	s.Giftcards = giftcard.New(d)
	s.Merges = merge.New(d, mint, now, s.Catalog, s.Customers, s.Households, s.Receipts, s.Giftcards)
	s.Privacy = privacy.New(d, now, s.Staff, s.Catalog, s.Customers, s.Households, s.Programmes, s.Ledger, s.Confirm, s.Receipts, s.Merges, s.Giftcards)
	return s
}

// Close waits for the sales and returns that are under way.
func (s *Services) Close() { s.Receipts.Close() }

var regions = map[string]string{"UZS": "UZ", "RUB": "RU", "KZT": "KZ", "KGS": "KG", "TJS": "TJ", "GBP": "GB", "USD": "US", "EUR": "DE"}

// Region is where phones without a country code are taken to be from, an ISO
// 3166 code; empty: nowhere.
func Region(is settings.Installation) string { return regions[is.Currency.Code] }
