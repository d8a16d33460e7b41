package app

import (
	"context"
	"slices"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/id"
	"regulars/internal/base/jobs"
	"regulars/internal/base/settings"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/enrol"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
)

// services are the business, each standing on those before it.
type services struct {
	staff      *staff.Service
	catalog    *catalog.Service
	customers  *customer.Service
	programmes *programme.Service
	ledger     *ledger.Service
	enrol      *enrol.Service
	receipts   *receipt.Service
}

// regions are where phones without a country code are taken to be from.
var regions = map[string]string{"UZS": "UZ", "RUB": "RU", "KZT": "KZ", "KGS": "KG", "TJS": "TJ", "GBP": "GB", "USD": "US", "EUR": "DE"}

// newServices makes the services of an installation; close ends them.
func newServices(d *db.DB, mint *id.Minter, now func() time.Time, is settings.Installation) *services {
	s := &services{
		staff:      staff.New(d, mint, now),
		catalog:    catalog.New(d, mint, now),
		customers:  customer.NewService(d, mint, now, regions[is.Currency.Code]),
		programmes: programme.New(d, mint, now, is.Currency),
	}
	s.ledger = ledger.New(d, mint, now, s.programmes.Stopped)
	s.enrol = enrol.New(d, now, s.customers, s.ledger, s.programmes, s.staff)
	s.receipts = receipt.New(receipt.Config{
		DB: d, Mint: mint, Now: now, Currency: is.Currency, Secret: is.Secret,
		Ledger: s.ledger, Programmes: s.programmes, Catalog: s.catalog, Customers: s.customers,
	})
	return s
}

func (s *services) close() error {
	s.receipts.Close()
	return nil
}

// nightly has points activated and expire and tiers reviewed when a day
// begins in the zone of a store.
func (s *services) nightly(q *jobs.Queue) {
	const kind = "night"
	q.Schedule(jobs.Nightly(kind, s.zones))
	q.Handle(kind, 1, func(ctx context.Context, run *jobs.Run) error {
		var failed error
		err := s.receipts.Night(ctx, func(customers int) {
			if err := run.Save(ctx, map[string]int{"customers": customers}); err != nil && failed == nil {
				failed = err
			}
		})
		if err == nil {
			err = failed
		}
		return err
	})
}

// zones are those of the stores.
func (s *services) zones(ctx context.Context) (zones []string, err error) {
	stores, err := s.catalog.Stores(ctx)
	for _, store := range stores {
		if name := store.Zone.String(); !slices.Contains(zones, name) {
			zones = append(zones, name)
		}
	}
	return zones, err
}
