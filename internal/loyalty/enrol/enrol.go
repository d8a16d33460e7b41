// Package enrol makes somebody a customer: the profile, the points account and
// the welcome bonus in one transaction.
//
// A person who is known by any identifier is found, not made twice, and gets
// no second bonus. Profiles are package customer's, points ledger's; tills and
// pages register people here only. Imports open accounts without a bonus.
package enrol

import (
	"context"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/programme"
)

// Service registers customers.
type Service struct {
	db         *db.DB
	now        func() time.Time
	customers  *customer.Service
	ledger     *ledger.Service
	programmes *programme.Service
}

// New makes the service.
func New(d *db.DB, now func() time.Time, c *customer.Service, l *ledger.Service, p *programme.Service) *Service {
	return &Service{d, now, c, l, p}
}

// Register registers a person in a store, or finds the one who has one of the
// identifiers; the result says which. Only who is new gets the welcome bonus.
func (s *Service) Register(ctx context.Context, store catalog.Store, staff int64, in customer.New) (res customer.Result, err error) {
	return s.RegisterAnd(ctx, store, staff, in, func(context.Context, *db.Tx, customer.Result) error { return nil })
}

// RegisterAnd is Register with something more to be done in its transaction,
// such as a line of the audit log.
func (s *Service) RegisterAnd(ctx context.Context, store catalog.Store, staff int64, in customer.New,
	also func(context.Context, *db.Tx, customer.Result) error,
) (res customer.Result, err error) {
	defer errs.Wrap(&err, "register customer")
	version, err := s.programmes.At(ctx, store.Code, s.now())
	if err != nil {
		return customer.Result{}, err
	}
	checked, err := s.customers.Check(in)
	if err != nil {
		return customer.Result{}, err
	}
	err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		if res, err = s.registerTx(ctx, tx, version, store, staff, checked); err != nil {
			return err
		}
		return also(ctx, tx, res)
	})
	return res, err
}

func (s *Service) registerTx(ctx context.Context, tx *db.Tx, version *programme.Version, store catalog.Store, staff int64, c customer.Checked) (customer.Result, error) {
	results, err := s.OpenAllTx(ctx, tx, []customer.Checked{c})
	if err != nil {
		return customer.Result{}, err
	}
	if results[0].Created {
		err = s.welcomeTx(ctx, tx, version, store, staff, results[0].ID)
	}
	return results[0], err
}

// OpenAllTx registers people, thousands at a time, with an account and no
// bonus: the way for imports.
func (s *Service) OpenAllTx(ctx context.Context, tx *db.Tx, list []customer.Checked) (results []customer.Result, err error) {
	defer errs.Wrap(&err, "register %d customers", len(list))
	if results, err = s.customers.RegisterAllTx(ctx, tx, list); err != nil {
		return nil, err
	}
	var created []customer.ID
	for _, r := range results {
		if r.Created {
			created = append(created, r.ID)
		}
	}
	return results, s.ledger.OpenTx(ctx, tx, created)
}

// welcomeTx gives the welcome bonus of the programme that holds in the store.
func (s *Service) welcomeTx(ctx context.Context, tx *db.Tx, version *programme.Version, store catalog.Store, staff int64, who customer.ID) error {
	if version == nil || version.Rules.Stopped || version.Rules.Welcome.Points == 0 {
		return nil
	}
	now := s.now()
	var b db.Batch
	accounts := s.ledger.Queue(&b, []customer.ID{who}, true)
	if err := tx.Run(ctx, &b); err != nil {
		return err
	}
	accounts[who].Earn(ledger.Grant{
		Move: ledger.Move{
			Cause: ledger.CauseWelcome, Entity: int64(store.Entity), Store: int64(store.ID), Staff: staff, At: now,
		},
		Source: ledger.Issued, Programme: version.ProgrammeID, Points: version.Rules.Welcome.Points,
		AvailableAt: now, ExpiresAt: version.Rules.WelcomeExpires(now, store.Zone),
	})
	return s.ledger.SaveTx(ctx, tx, accounts)
}
