package receipt

import (
	"context"
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
// counted, or takes it back: then the level is looked at on the next midnight. It
// returns the level held before and after, and fails with ErrLevel or
// customer.ErrNotFound.
func (s *Service) GrantTierTx(ctx context.Context, tx *db.Tx, v *programme.Version, g Grant) (was, is programme.Level, err error) {
	defer errs.Wrap(&err, "grant level to customer %s", g.Customer)
	r := &v.Rules
	if g.Level != "" && r.Index(g.Level) < 0 {
		return was, is, ErrLevel
	}
	var (
		reads, writes db.Batch
		n             = needs{customers: []customer.ID{g.Customer}}
		now           = s.now()
	)
	n.spend(g.Customer, r.Spend, now)
	w := s.queue(&reads, &n, true)
	if err := tx.Run(ctx, &reads); err != nil {
		return was, is, err
	}
	account := w.accounts[g.Customer]
	switch {
	case account == nil:
		return was, is, customer.ErrNotFound
	case w.customers[g.Customer].State.Gone():
		return was, is, customer.ErrGone
	}
	zone := s.zone(time.UTC, w.customers[g.Customer])
	old := w.tier(g.Customer, v.ProgrammeID)
	was = programme.LevelOf(r, old, w.tierSpend(account, r.Spend, now, zone), now)
	t := programme.Tier{Programme: v.ProgrammeID, Since: now}
	if old != nil {
		t = *old
	}
	t.Floor, t.FloorUntil = g.Level, g.Until
	is = r.Levels[max(r.Index(was.Code), r.Index(g.Level))]
	if is.Code != t.Level {
		t.Level, t.Since, t.LostAt = is.Code, now, time.Time{}
		t.ReviewAt = r.NextReview(&t, now, zone)
	}
	if g.Level == "" {
		t.ReviewAt = programme.Midnight(now, 1, zone)
	}
	t.ReviewAt = t.WithFloor(t.ReviewAt, now)
	programme.SetTier(&writes, g.Customer, t)
	event.Append(&writes, granted(now, g.Customer, &t))
	if is.Code != was.Code {
		event.Append(&writes, tierChanged(now, g.Customer, was.Code, is.Code))
	}
	return was, is, tx.Run(ctx, &writes)
}

// granted tells of the floor of a tier.
func granted(at time.Time, who customer.ID, t *programme.Tier) event.Event {
	body := map[string]string{"level": t.Floor}
	if !t.FloorUntil.IsZero() {
		body["until"] = t.FloorUntil.UTC().Format(time.RFC3339Nano)
	}
	return event.Event{At: at, Kind: EventTierGranted, CustomerID: int64(who), Ref: int64(t.Programme), Body: event.Body(body)}
}

func tierChanged(at time.Time, who customer.ID, was, is string) event.Event {
	return event.Event{At: at, Kind: EventTierChanged, CustomerID: int64(who), Body: event.Body(map[string]string{"was": was, "is": is})}
}
