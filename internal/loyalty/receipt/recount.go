package receipt

import (
	"cmp"
	"context"
	"slices"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/programme"
)

// Move is how many customers go from one level, by its code, to another.
type Move struct {
	From      string `json:"from"`
	To        string `json:"to"`
	Customers int    `json:"customers"`
	// Points are what they would lose with their level.
	Points money.Points `json:"points,omitzero"`
}

// Moves tells who would move if everybody's level in a programme were counted anew
// now by some rules, where others hold (nil: none): most first, those who stay
// left out. Nothing is changed. progress, called now and then, may end it by an
// error.
func (s *Service) Moves(ctx context.Context, p programme.ID, holds, then *programme.Rules, progress func(done int) error) (moves []Move, err error) {
	defer errs.Wrap(&err, "count who would move")
	if err := s.catalog.Refresh(ctx); err != nil {
		return nil, err
	}
	now := s.now()
	type way struct{ from, to string }
	found := map[way]*Move{}
	versions := map[programme.ID]*programme.Version{1: {Rules: *then}}
	if holds != nil {
		versions[2] = &programme.Version{Rules: *holds}
	}
	from := lookBack(versions, now)
	done := 0
	for after := customer.ID(0); ; {
		ids, err := s.ledger.Page(ctx, after, nightGroup)
		if err != nil {
			return nil, err
		}
		if len(ids) == 0 {
			break
		}
		after = ids[len(ids)-1]
		var c *crowd
		if err := s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
			c, err = s.crowdTx(ctx, tx, ids, from, false)
			return err
		}); err != nil {
			return nil, err
		}
		for _, who := range ids {
			t, account, zone := programme.KeptOf(c.tiers[who], p), c.accounts[who], s.catalog.Zone(c.profiles[who].HomeStore, time.UTC)
			before := ""
			if holds != nil {
				before = programme.LevelOf(holds, &t, c.spend(who, holds.Spend, now, zone), now).Code
			}
			is := look(then, t, account.Spend, c.history[who], now, zone).Level
			if is != before && (before != "" || is != then.Levels[0].Code) {
				m := found[way{before, is}]
				if m == nil {
					m = &Move{From: before, To: is}
					found[way{before, is}] = m
				}
				m.Customers++
				if then.Forfeits(t.Level, is) {
					m.Points += account.Free(p)
				}
			}
		}
		done += len(ids)
		if err := progress(done); err != nil {
			return nil, err
		}
	}
	for _, m := range found {
		moves = append(moves, *m)
	}
	slices.SortFunc(moves, func(a, b Move) int {
		return cmp.Or(cmp.Compare(b.Customers, a.Customers), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	return moves, nil
}

// Recount counts everybody's level in the programme of a version anew by its
// rules, as a review does, after one of the customers in the order of ids; and
// where whole accounts expire, the time begins for those whose it has not. Each
// transaction calls save with the last customer of it and how many moved, so that
// it goes on from there. It ends where another version holds, or the programme is
// stopped.
func (s *Service) Recount(ctx context.Context, v *programme.Version, after customer.ID, save func(ctx context.Context, tx *db.Tx, last customer.ID, done, moved int) error) (err error) {
	defer errs.Wrap(&err, "count levels anew")
	if err := s.catalog.Refresh(ctx); err != nil {
		return err
	}
	for {
		holding, err := s.programmes.Holding(ctx, s.now())
		if err != nil {
			return err
		}
		if is := holding[v.ProgrammeID]; is == nil || is.ID != v.ID || is.Rules.Stopped {
			return nil
		}
		ids, err := s.ledger.Page(ctx, after, nightGroup)
		if err != nil || len(ids) == 0 {
			return err
		}
		after = ids[len(ids)-1]
		err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
			moved, err := s.recountTx(ctx, tx, v, ids)
			if err != nil {
				return err
			}
			return save(ctx, tx, after, len(ids), moved)
		})
		if err != nil {
			return err
		}
	}
}

func (s *Service) recountTx(ctx context.Context, tx *db.Tx, v *programme.Version, ids []customer.ID) (moved int, err error) {
	now, rules := s.now(), &v.Rules
	c, err := s.crowdTx(ctx, tx, ids, lookBack(map[programme.ID]*programme.Version{v.ProgrammeID: v}, now), true)
	if err != nil {
		return 0, err
	}
	var b db.Batch
	for _, who := range ids {
		account, zone := c.accounts[who], s.catalog.Zone(c.profiles[who].HomeStore, time.UTC)
		if account == nil {
			continue
		}
		if account.IdleAt.IsZero() && account.Balance() > 0 {
			last := account.LastSold
			if last.Before(v.StartsAt) {
				last = v.StartsAt
			}
			account.KeepUntil(rules.IdleAt(last, zone))
		}
		t := programme.KeptOf(c.tiers[who], v.ProgrammeID)
		is := look(rules, t, account.Spend, c.history[who], now, zone)
		if t.Level == "" && is.Level == rules.Levels[0].Code {
			continue
		}
		if is.Level != t.Level {
			moved++
		}
		step(&b, who, rules, t.Level, is, account, now)
	}
	s.ledger.Save(&b, c.accounts)
	return moved, tx.Run(ctx, &b)
}

// crowd is some customers with what their levels follow from.
type crowd struct {
	accounts ledger.Accounts
	profiles map[customer.ID]customer.Known
	tiers    map[customer.ID][]programme.Tier
	history  map[customer.ID][]spending // since a time
}

// crowdTx reads customers; with lock set they are locked.
func (s *Service) crowdTx(ctx context.Context, tx *db.Tx, ids []customer.ID, since time.Time, lock bool) (*crowd, error) {
	c := &crowd{profiles: map[customer.ID]customer.Known{}, tiers: map[customer.ID][]programme.Tier{}}
	var b db.Batch
	c.accounts = s.ledger.Queue(&b, ids, lock)
	s.customers.QueueKnown(&b, ids, c.profiles)
	s.programmes.QueueTiers(&b, ids, c.tiers)
	if !since.IsZero() {
		c.history = queueSpends(&b, ids, since)
	}
	err := tx.Run(ctx, &b)
	c.accounts.Settle()
	return c, err
}

// spend is what counts towards a level at a time, by the days of zone.
func (c *crowd) spend(who customer.ID, s programme.Spend, at time.Time, zone *time.Location) money.Amount {
	if s.Window == programme.Lifetime {
		return c.accounts[who].Spend
	}
	return sum(counting(c.history[who], s.After(at, zone), at))
}
