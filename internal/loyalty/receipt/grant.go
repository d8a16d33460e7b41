package receipt

import (
	"context"
	"slices"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/event"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/programme"
)

// ErrLevel refuses to give a level that the programme does not have.
var ErrLevel = errs.New(errs.Invalid, "unknown_level", "The programme has no such level.").At("/level")

// Grant is a level given by hand: the customer does not fall under it until a
// midnight.
type Grant struct {
	Customer customer.ID
	Level    string    // code; "": what was given is taken back
	Until    time.Time // zero: for good
}

// GrantTierTx gives a level in the programme of a version, by whose rules it is
// counted, or takes it back; programme.Give says what becomes of the one held. It
// returns the level held before and after, and fails with ErrLevel,
// customer.ErrNotFound or customer.ErrGone.
func (s *Service) GrantTierTx(ctx context.Context, tx *db.Tx, v *programme.Version, g Grant) (was, is programme.Level, err error) {
	defer errs.Wrap(&err, "grant level to customer %s", g.Customer)
	w, err := s.grantsTx(ctx, tx, []GrantIn{{v, g}})
	if err != nil {
		return was, is, err
	}
	byHand := false
	if t := programme.TierOf(w.tiers[g.Customer], v.ProgrammeID); t != nil && g.Level == "" {
		if byHand, err = s.givenAt(ctx, g.Customer, t); err != nil {
			return was, is, err
		}
	}
	if was, is, err = s.grant(w, v, g, byHand); err != nil {
		return was, is, err
	}
	return was, is, w.saveGrantsTx(ctx, tx)
}

// GrantIn is a level to be given in the programme of a version.
type GrantIn struct {
	Version *programme.Version
	Grant
}

// GrantTiersTx gives levels, thousands at a time, as a file says them: a level given
// before that is higher, or lasts as long, stays. It says which were given, and fails
// like GrantTierTx, for all.
func (s *Service) GrantTiersTx(ctx context.Context, tx *db.Tx, list []GrantIn) (given []bool, err error) {
	defer errs.Wrap(&err, "grant %d levels", len(list))
	w, err := s.grantsTx(ctx, tx, list)
	if err != nil {
		return nil, err
	}
	given = make([]bool, len(list))
	for i, g := range list {
		if t := programme.TierOf(w.tiers[g.Customer], g.Version.ProgrammeID); t.Covers(&g.Version.Rules, g.Level, g.Until, w.now) {
			continue
		}
		if _, _, err := s.grant(w, g.Version, g.Grant, false); err != nil {
			return nil, err
		}
		given[i] = true
	}
	return given, w.saveGrantsTx(ctx, tx)
}

// grantsTx reads what grants are counted by.
func (s *Service) grantsTx(ctx context.Context, tx *db.Tx, list []GrantIn) (*world, error) {
	var (
		reads db.Batch
		n     needs
		now   = s.now()
	)
	for _, g := range list {
		n.customers = append(n.customers, g.Customer)
		n.spend(g.Customer, g.Version.Rules.Spend, now)
	}
	w := s.queue(&reads, &n, true)
	w.now = now
	return w, tx.Run(ctx, &reads)
}

func (w *world) saveGrantsTx(ctx context.Context, tx *db.Tx) error {
	event.Append(&w.writes, w.events...)
	return tx.Run(ctx, &w.writes)
}

// grant gives a level, or takes what was given back; byHand: the level that is held was
// not reached before.
func (s *Service) grant(w *world, v *programme.Version, g Grant, byHand bool) (was, is programme.Level, err error) {
	r, now, account := &v.Rules, w.now, w.accounts[g.Customer]
	switch {
	case g.Level != "" && r.Index(g.Level) < 0:
		return was, is, ErrLevel
	case account == nil:
		return was, is, customer.ErrNotFound
	case w.customers[g.Customer].State.Gone():
		return was, is, customer.ErrGone
	}
	zone := s.catalog.Zone(w.customers[g.Customer].HomeStore, time.UTC)
	old, spend := programme.KeptOf(w.tiers[g.Customer], v.ProgrammeID), w.tierSpend(account, r.Spend, now, zone)
	t := programme.Give(r, old, spend, g.Level, g.Until, byHand, now, zone)
	was = programme.LevelOf(r, &old, spend, now)
	is, _ = r.Level(t.Level)
	w.putTier(g.Customer, t)
	w.events = append(w.events, programme.TierGranted(now, g.Customer, &t))
	if is.Code != was.Code {
		w.events = append(w.events, programme.TierChanged(now, g.Customer, t.Programme, was.Code, is.Code))
	}
	return was, is, nil
}

// givenAt reports whether the level of a tier came by hand: then it was given when it began.
func (s *Service) givenAt(ctx context.Context, who customer.ID, t *programme.Tier) (bool, error) {
	list, err := s.LevelHistory(ctx, []customer.ID{who})
	return slices.ContainsFunc(list, func(c LevelChange) bool {
		return c.Kind == programme.EventTierGranted && c.Programme == t.Programme && c.Level == t.Level && c.At.Equal(t.Since)
	}), err
}
