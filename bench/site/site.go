// Package site sets up an installation to be measured or killed, and runs its
// server in a process of its own.
//
// What it puts into the database goes through the services that tills and
// pages use. It belongs to the programs and tests beside it, not to the
// product.
package site

import (
	"context"
	"errors"
	"fmt"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/id"
	"regulars/internal/base/money"
	"regulars/internal/base/settings"
	"regulars/internal/loyalty"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/programme"
)

// Services are the business over a database, while no server runs on it.
type Services struct {
	*loyalty.Services
	DB   *db.DB
	Now  func() time.Time
	IDs  *id.Lease
	Seal id.Sealer // gives ids of customers as tills know them
}

// Currency is every site's: it has two decimals.
var Currency = money.Currency{Code: "UZS", Exponent: 2}

const zone = "Asia/Tashkent"

// Open opens an installation, which it founds on an empty database.
func Open(ctx context.Context, cfg db.Config, now func() time.Time) (_ *Services, err error) {
	s := &Services{Now: now}
	if s.DB, err = db.Open(ctx, cfg); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = s.DB.Close()
		}
	}()
	if _, err := s.DB.Migrate(ctx); err != nil {
		return nil, err
	}
	z, err := settings.Zone(zone)
	if err != nil {
		return nil, err
	}
	set, _, err := settings.Open(ctx, s.DB, time.Now, settings.Installation{Name: "Bench", Currency: Currency, Zone: z, Language: "en"})
	if err != nil {
		return nil, err
	}
	if s.IDs, err = id.Take(ctx, s.DB, time.Now); err != nil { // other processes go by that clock
		return nil, err
	}
	s.Seal = id.NewSealer(set.Get().Secret, customer.Sealed)
	s.Services = loyalty.New(s.DB, s.IDs.Minter, now, set.Get())
	return s, nil
}

// Close leaves the database to a server.
func (s *Services) Close(ctx context.Context) error {
	s.Services.Close()
	return errors.Join(s.IDs.Release(ctx), s.DB.Close())
}

// Till is a till with its key.
type Till struct {
	catalog.Till
	Store catalog.Store
	Key   string
}

// Tills adds a store with tills, and a programme for all stores if there is
// none.
func (s *Services) Tills(ctx context.Context, n int, rules *programme.Rules) (tills []Till, err error) {
	err = s.DB.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		tills = tills[:0]
		store, err := s.Catalog.CreateStoreTx(ctx, tx, catalog.NewStore{Name: "Bench", Zone: zone})
		if err != nil {
			return err
		}
		for i := range n {
			till, err := s.Catalog.CreateTillTx(ctx, tx, store.ID, fmt.Sprint(i+1))
			if err != nil {
				return err
			}
			key, _, err := s.Catalog.IssueKeyTx(ctx, tx, till.ID)
			if err != nil {
				return err
			}
			tills = append(tills, Till{till, store, key})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if known, err := s.Programmes.List(ctx); err != nil || len(known) > 0 {
		return tills, err
	}
	_, err = s.Programmes.Install(ctx, "Bench", rules, s.Now().Add(-365*24*time.Hour), 0)
	return tills, err
}

// Products makes sure that there are so many products, SKU(0) and on.
func (s *Services) Products(ctx context.Context, n int) error {
	return s.DB.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		var seen []catalog.Seen
		for i := range n {
			seen = append(seen, catalog.Seen{SKU: SKU(i), Name: "Bench product " + fmt.Sprint(i)})
		}
		_, err := s.Catalog.EnsureTx(ctx, tx, seen)
		return err
	})
}

// SKU names a product of Products.
func SKU(i int) string { return fmt.Sprintf("BENCH-%04d", i) }

// People registers customers as an import does, without a bonus; the first has
// the outside id "bench-<from>".
func (s *Services) People(ctx context.Context, from, n int) (ids []customer.ID, err error) {
	const batch = 5000
	for ; n > 0; from, n = from+batch, n-batch {
		var list []customer.Checked
		for i := range min(n, batch) {
			c, err := s.Customers.Check(customer.New{
				FirstName: "Anna", LastName: fmt.Sprintf("Bench %d", from+i), Source: "bench",
				Identifiers: []customer.Identifier{
					{Kind: customer.External, Value: fmt.Sprintf("bench-%d", from+i)},
					{Kind: customer.Phone, Value: fmt.Sprintf("+99897%07d", from+i)},
				},
			})
			if err != nil {
				return nil, err
			}
			list = append(list, c)
		}
		err := s.DB.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
			results, err := s.Enrol.OpenAllTx(ctx, tx, list)
			for _, r := range results {
				ids = append(ids, r.ID)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return ids, nil
}
