package receipt

import (
	"context"
	"slices"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/programme"
)

// Regular is a customer of a store as a till without its line prices for them.
type Regular struct {
	customer.Customer
	Level string // code; "": no programme holds
	Days  []DaySpan
}

// DaySpan is when an occasion of a customer's is: from a time until another.
type DaySpan struct {
	Day         programme.Day
	From, Until time.Time
}

// Regulars tells a till what it needs of its store's customers to sell to them
// while it has no line: of those who bought there since a time, the last first,
// and of those who are at home there, at most so many, the level that they hold
// now and their occasions for as long as receipts may come late. Where that is 0, nobody is
// read. v are the rules that hold now; nil: none. Customers for whom a programme of their label holds are
// left out: the till knows no other rules, and their receipts are priced when they come.
func (s *Service) Regulars(ctx context.Context, store catalog.Store, since time.Time, most int) (v *programme.Version, list []Regular, err error) {
	defer errs.Wrap(&err, "find regulars of store %s", store.Code)
	now := s.now()
	if v, err = s.programmes.At(ctx, store.Code, now); err != nil || most == 0 {
		return v, nil, err
	}
	ids, err := s.buyers(ctx, store.ID, since, most)
	if err != nil {
		return nil, nil, err
	}
	home, err := s.customers.Latest(ctx, store.ID, most)
	if err != nil {
		return nil, nil, err
	}
	seen := make(map[customer.ID]bool, len(ids)+len(home))
	ids = slices.DeleteFunc(append(ids, home...), func(id customer.ID) bool {
		again := seen[id]
		seen[id] = true
		return again
	})
	ids = ids[:min(len(ids), most)]
	people, err := s.customers.GetAll(ctx, ids)
	if err != nil {
		return nil, nil, err
	}
	people = slices.DeleteFunc(people, func(c customer.Customer) bool { return c.State != customer.StateActive })
	for i := 0; i < len(people); i++ {
		own, err := s.programmes.At(ctx, store.Code, now, people[i].Labels...)
		if err != nil {
			return nil, nil, err
		}
		if own != v {
			people = slices.Delete(people, i, i+1)
			i--
		}
	}
	if v == nil {
		for _, c := range people {
			list = append(list, Regular{Customer: c})
		}
		return nil, list, nil
	}
	// The ledger asks what is stopped without reading it.
	if _, err := s.programmes.Holding(ctx, now); err != nil {
		return nil, nil, err
	}
	var all *crowd
	if err := s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		all, err = s.crowdTx(ctx, tx, ids, lookBack(map[programme.ID]*programme.Version{v.ProgrammeID: v}, now), false)
		return err
	}); err != nil {
		return nil, nil, err
	}
	until := now.Add(s.lateness().Age)
	for _, c := range people {
		if all.accounts[c.ID] == nil {
			continue
		}
		profile := all.profiles[c.ID]
		zone := s.catalog.Zone(profile.HomeStore, store.Zone)
		tier, spend := programme.TierOf(all.tiers[c.ID], v.ProgrammeID), all.spend(c.ID, v.Rules.Spend, now, zone)
		r := Regular{Customer: c, Level: programme.LevelOf(&v.Rules, tier, spend, now).Code}
		dates := programme.Dates{Born: profile.Born, Registered: profile.Registered}
		for i := range v.Rules.Occasions {
			o := &v.Rules.Occasions[i]
			if from, until, ok := o.Ahead(dates, now, until, zone); ok {
				r.Days = append(r.Days, DaySpan{o.On, from, until})
			}
		}
		list = append(list, r)
	}
	return v, list, nil
}

// buyers are those who bought in a store since a time, the last first.
func (s *Service) buyers(ctx context.Context, store catalog.StoreID, since time.Time, most int) (ids []customer.ID, err error) {
	const find = `
		SELECT customer_id
		  FROM receipts
		 WHERE store_id = $1 AND sold_at >= $2 AND customer_id IS NOT NULL
		 GROUP BY customer_id
		 ORDER BY MAX(sold_at) DESC, customer_id
		 LIMIT $3`
	rows, err := s.db.Query(ctx, find, int64(store), since.UnixMicro(), most)
	return ids, db.Scan(rows, err, func(r *db.Rows) error {
		var id customer.ID
		err := r.Scan(&id)
		ids = append(ids, id)
		return err
	})
}
