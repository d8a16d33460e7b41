package app

import (
	"context"
	"slices"
	"time"

	"regulars/internal/base/jobs"
	"regulars/internal/base/settings"
	"regulars/internal/loyalty"
	"regulars/internal/loyalty/catalog"
)

// nightly has points activated and expire, tiers reviewed, old looks and phones that codes went to forgotten, and the
// pace of sales worked out when a day begins in the zone of a store; duplicates, among
// all customers, are looked for once a night, in the zone of the installation.
func nightly(s *loyalty.Services, q *jobs.Queue, now func() time.Time, is func() settings.Installation) {
	const kind, pairs = "night", "duplicates"
	q.Schedule(jobs.Nightly(pairs, func(context.Context) ([]string, error) { return []string{is().Zone.String()}, nil }))
	q.Handle(pairs, 1, func(ctx context.Context, _ *jobs.Run) error {
		_, err := s.Customers.FindPairs(ctx)
		return err
	})
	q.Schedule(jobs.Nightly(kind, func(ctx context.Context) ([]string, error) { return zones(ctx, s.Catalog) }))
	q.Handle(kind, 1, func(ctx context.Context, run *jobs.Run) error {
		var failed error
		err := s.Receipts.Night(ctx, func(customers int) {
			if err := run.Save(ctx, map[string]int{"customers": customers}); err != nil && failed == nil {
				failed = err
			}
		})
		if days := is().LookDays; err == nil && days > 0 {
			err = s.Staff.ForgetLooks(ctx, now().AddDate(0, 0, -days))
		}
		if err == nil {
			err = pace(ctx, s)
		}
		if err == nil {
			err = s.Integrations.ForgetCalls(ctx)
		}
		if err == nil {
			err = s.Confirm.Forget(ctx)
		}
		if err == nil {
			err = failed
		}
		return err
	})
}

// pace works out how fast stock is sold.
func pace(ctx context.Context, s *loyalty.Services) error {
	stores, err := s.Catalog.Stores(ctx)
	if err != nil {
		return err
	}
	ids := make([]catalog.StoreID, len(stores))
	for i, store := range stores {
		ids[i] = store.ID
	}
	return s.Stock.Pace(ctx, ids)
}

// zones are those of the stores.
func zones(ctx context.Context, c *catalog.Service) (zones []string, err error) {
	stores, err := c.Stores(ctx)
	for _, store := range stores {
		if name := store.Zone.String(); !slices.Contains(zones, name) {
			zones = append(zones, name)
		}
	}
	return zones, err
}
