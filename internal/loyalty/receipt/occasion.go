package receipt

import (
	"context"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/programme"
)

// celebrate gives the bonuses for customers' days that have begun and were not
// given yet. It may run as often as one likes, and goes on where it was killed.
func (s *Service) celebrate(ctx context.Context, progress func(customers int)) error {
	now := s.now()
	holding, err := s.programmes.Holding(ctx, now)
	if err != nil {
		return err
	}
	for _, v := range holding {
		if v.Rules.Stopped {
			continue
		}
		for i := range v.Rules.Occasions {
			o := &v.Rules.Occasions[i]
			if o.Points == 0 {
				continue
			}
			err := s.having(ctx, o, now, func(list []customer.Known) error {
				n, err := s.give(ctx, v, o, list, now)
				progress(n)
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// having pages through the customers for whom it may be an occasion at a time;
// which day it is where they are, give decides.
func (s *Service) having(ctx context.Context, o *programme.Occasion, now time.Time, each func([]customer.Known) error) error {
	// Zones are up to a day from UTC.
	first, last := now.UTC().AddDate(0, 0, -o.After-1), now.UTC().AddDate(0, 0, o.Before+1)
	pages := func(find func(after customer.ID) ([]customer.Known, error)) error {
		for after := customer.ID(0); ; {
			list, err := find(after)
			if err != nil || len(list) == 0 {
				return err
			}
			if err := each(list); err != nil {
				return err
			}
			after = list[len(list)-1].ID
		}
	}
	if o.On == programme.Birthday {
		days := []string{"02-29"} // kept on another day in most years
		for d := first; !d.After(last); d = d.AddDate(0, 0, 1) {
			days = append(days, d.Format("01-02"))
		}
		return pages(func(after customer.ID) ([]customer.Known, error) {
			return s.customers.BornOn(ctx, days, after, nightGroup)
		})
	}
	oldest, err := s.customers.FirstRegistered(ctx)
	if err != nil || oldest.IsZero() {
		return err
	}
	for years := 1; last.AddDate(-years, 0, 0).After(oldest); years++ {
		from, to := first.AddDate(-years, 0, -1), last.AddDate(-years, 0, 2) // leap years
		err := pages(func(after customer.ID) ([]customer.Known, error) {
			return s.customers.RegisteredBetween(ctx, from, to, after, nightGroup)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// give gives the bonus of an occasion to those of some customers whose day it is.
func (s *Service) give(ctx context.Context, v *programme.Version, o *programme.Occasion, list []customer.Known, now time.Time) (n int, err error) {
	type due struct {
		customer.Known
		store catalog.Store
		year  int
		until time.Time
	}
	var (
		dues []due
		ids  []customer.ID
	)
	for _, k := range list {
		store, _ := s.catalog.Store(k.HomeStore)
		// One gift, of the programme that the customer is in.
		theirs, err := s.programmes.At(ctx, store.Code, now, k.Labels...)
		if err != nil {
			return 0, err
		}
		if theirs == nil || theirs.ProgrammeID != v.ProgrammeID {
			continue
		}
		dates := programme.Dates{Born: k.Born, Registered: k.Registered}
		if year, until, ok := o.Around(dates, now, s.catalog.Zone(k.HomeStore, time.UTC)); ok {
			dues, ids = append(dues, due{k, store, year, until}), append(ids, k.ID)
		}
	}
	had, err := s.programmes.Celebrated(ctx, ids, v.ProgrammeID, o.On, now)
	if err != nil || len(had) == len(ids) {
		return 0, err
	}
	err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		n = 0
		var b db.Batch
		accounts, known := s.ledger.Queue(&b, ids, true), map[customer.ID]customer.Known{}
		s.customers.QueueKnown(&b, ids, known)
		if err := tx.Run(ctx, &b); err != nil {
			return err
		}
		accounts.Settle()
		for _, d := range dues {
			account := accounts[d.ID]
			if had[d.ID] || account == nil || known[d.ID].State != customer.StateActive || account.Fits(0, o.Points) != nil {
				continue
			}
			fresh, err := s.programmes.GiveTx(ctx, tx, programme.Given{Customer: d.ID, Programme: v.ProgrammeID, Day: o.On, Year: d.year}, now)
			if err != nil {
				return err
			}
			if !fresh {
				continue
			}
			account.Earn(ledger.Grant{
				Move:   ledger.Move{Cause: ledger.CauseOccasion, Entity: int64(s.catalog.Entity(d.store.ID)), Store: int64(d.store.ID), Reason: string(o.On), At: now},
				Source: ledger.Issued, Programme: v.ProgrammeID, Points: o.Points, AvailableAt: now, ExpiresAt: d.until,
			})
			n++
		}
		return s.ledger.SaveTx(ctx, tx, accounts)
	})
	return n, err
}
