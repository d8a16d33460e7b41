package receipt

import (
	"context"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/event"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/programme"
)

// nightGroup is how many customers share a transaction of the night, so that
// tills never wait long for it.
const nightGroup = 200

// Night does what a midnight brings: it activates and expires points, looks at
// tiers that a return or the window may have taken, and gives the bonuses for
// customers' days. Midnights are
// those of the customers' home stores and stand in the rows, so Night may run
// at any time and as often as one likes; it takes what is due. Killed half
// way, it goes on with the rest when it runs again. progress is told how many
// customers are done.
func (s *Service) Night(ctx context.Context, progress func(customers int)) (err error) {
	defer errs.Wrap(&err, "night")
	if err := s.catalog.Refresh(ctx); err != nil { // their zones are asked for inside of transactions
		return err
	}
	done := 0
	for _, step := range []func(context.Context) (int, error){s.settleDue, s.reviewDue} {
		for {
			if err := ctx.Err(); err != nil {
				return err
			}
			n, err := step(ctx)
			if err != nil {
				return err
			}
			done += n
			progress(done)
			if n == 0 {
				break
			}
		}
	}
	return s.celebrate(ctx, func(customers int) {
		done += customers
		progress(done)
	})
}

// settleDue activates and expires points of some customers.
func (s *Service) settleDue(ctx context.Context) (n int, err error) {
	// The ledger asks what is stopped without reading it.
	if _, err := s.programmes.Holding(ctx, s.now()); err != nil {
		return 0, err
	}
	err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		due, err := s.ledger.DueTx(ctx, tx, nightGroup)
		if err != nil {
			return err
		}
		n = len(due)
		var b db.Batch
		accounts := s.ledger.Queue(&b, due, true)
		if err := tx.Run(ctx, &b); err != nil {
			return err
		}
		accounts.Settle()
		return s.ledger.SaveTx(ctx, tx, accounts)
	})
	return n, err
}

// reviewDue looks at some tiers.
func (s *Service) reviewDue(ctx context.Context) (n int, err error) {
	now := s.now()
	holding, err := s.programmes.Holding(ctx, now)
	if err != nil {
		return 0, err
	}
	err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		due, err := s.programmes.ReviewsTx(ctx, tx, now, nightGroup)
		if err != nil {
			return err
		}
		n = len(due)
		if n == 0 {
			return nil
		}
		ids := make([]customer.ID, n)
		for i, d := range due {
			ids[i] = d.Customer
		}
		// Read again under the lock: a sale may have reached a level since.
		c, err := s.crowdTx(ctx, tx, ids, lookBack(holding, now), true)
		if err != nil {
			return err
		}
		var b db.Batch
		for who, list := range c.tiers {
			for _, t := range list {
				if !t.ReviewAt.IsZero() && !t.ReviewAt.After(now) {
					s.review(&b, who, t, holding[t.Programme], c, now)
				}
			}
		}
		s.ledger.Save(&b, c.accounts)
		return tx.Run(ctx, &b)
	})
	return n, err
}

// review sets a tier to what spend reaches, or to its floor, and says when to look again.
func (s *Service) review(b *db.Batch, who customer.ID, t programme.Tier, version *programme.Version, c *crowd, now time.Time) {
	if version == nil || version.Rules.Stopped {
		// A stopped programme keeps everything; the day it goes on it looks.
		t.ReviewAt = now.Add(24 * time.Hour)
		programme.SetTier(b, who, t)
		return
	}
	a := c.accounts[who]
	is := look(&version.Rules, t, a.Spend, c.history[who], now, s.catalog.Zone(c.profiles[who].HomeStore, time.UTC))
	step(b, who, &version.Rules, t.Level, is, a, now)
}

// step keeps what a look made of a tier that was of a level: up, where imported receipts
// brought spend, down otherwise, and with it the points that go with a level.
func step(b *db.Batch, who customer.ID, rules *programme.Rules, was string, is programme.Tier, a *ledger.Account, now time.Time) {
	if is.Level != was {
		event.Append(b, programme.TierChanged(now, who, is.Programme, was, is.Level))
		if rules.Forfeits(was, is.Level) {
			a.Forfeit(is.Programme, now)
		}
	}
	programme.SetTier(b, who, is)
}

// look is what a review at a time makes of a tier: lifetime is the spend over the
// lifetime, history as far back as any window.
func look(rules *programme.Rules, t programme.Tier, lifetime money.Amount, history []spending, now time.Time, zone *time.Location) programme.Tier {
	spend, ended := lifetime, money.Amount(0)
	midnight := programme.Midnight(now, 0, zone) // as it was then, however late this comes
	switch {
	case rules.Spend.Window == programme.Rolling:
		history = counting(history, rules.Spend.After(midnight, zone), now)
		spend = sum(history)
	case rules.Spend.Calendar():
		from, _ := rules.Spend.Period(now, zone)
		before, _ := rules.Spend.Period(from.Add(-time.Hour), zone)
		spend = sum(counting(history, from.Add(-time.Microsecond), now))
		ended = sum(counting(history, before.Add(-time.Microsecond), from.Add(-time.Microsecond)))
	}
	t = programme.Review(rules, t, spend, ended, now, zone)
	if rules.Spend.Window != programme.Rolling || rules.Downgrade.When != programme.DropSoon || !t.LostAt.IsZero() {
		return t
	}
	// What spend does not carry is a step on the way down, or given by hand.
	switch level, _ := rules.Level(t.Level); {
	case spend >= level.Threshold:
		t.ReviewAt = t.WithFloor(firstLoss(history, spend, level.Threshold, rules.Spend.Days, zone), now)
	case programme.LevelOf(rules, &programme.Tier{Floor: t.Floor, FloorUntil: t.FloorUntil}, 0, now).Code == t.Level:
		t.ReviewAt = t.WithFloor(time.Time{}, now)
	}
	return t
}

// lookBack is how far back the spend counts that reviews of some programmes need;
// zero: over the lifetime in all of them.
func lookBack(holding map[programme.ID]*programme.Version, now time.Time) (from time.Time) {
	for _, v := range holding {
		var since time.Time
		switch s := v.Rules.Spend; {
		case s.Window == programme.Rolling:
			since = now.AddDate(0, 0, -s.Days)
		case s.Calendar(): // the period before counts too
			this, _ := s.Period(now.AddDate(0, 0, -1), time.UTC)
			since, _ = s.Period(this.AddDate(0, 0, -2), time.UTC)
		default:
			continue
		}
		since = since.AddDate(0, 0, -2) // zones are up to a day from UTC, and windows begin at midnight
		if from.IsZero() || since.Before(from) {
			from = since
		}
	}
	return from
}

// firstLoss is the midnight after purchases leave the window and spend falls
// under the threshold, if nothing more is bought; zero: it cannot fall.
func firstLoss(list []spending, spend, threshold money.Amount, days int, zone *time.Location) time.Time {
	if threshold == 0 {
		return time.Time{}
	}
	for _, e := range list {
		if spend -= e.sum; spend < threshold {
			return programme.Midnight(e.at.AddDate(0, 0, days), 1, zone)
		}
	}
	return time.Time{}
}
