package merge_test

import (
	"context"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/confirm"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/loyaltytest"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
)

// shopWith has rules of two levels, gold from 100 000 on, with a change.
func shopWith(t testing.TB, d *db.DB, change func(*programme.Rules)) *shop {
	t.Helper()
	rules := loyaltytest.Simple()
	rules.Levels = append(rules.Levels, programme.Level{Code: "gold", Name: "Gold", Threshold: 100_000_00, Cashback: 2000})
	change(rules)
	return newShopBy(t, d, rules)
}

// lastsAYear has gold, and the points with it, be lost a year after it was reached, where
// a month's spend reaches it no more.
func lastsAYear(r *programme.Rules) {
	r.Spend = programme.Spend{Window: programme.Rolling, Days: 30}
	r.Downgrade = programme.Downgrade{When: programme.DropEvery, Days: 365, Forfeit: true}
}

func (s *shop) night() {
	s.t.Helper()
	loyaltytest.Check(s.t, s.Receipts.Night(s.t.Context(), func(int) {}))
}

func (s *shop) level(who customer.ID) string {
	s.t.Helper()
	tiers, err := s.Programmes.Tiers(s.t.Context(), who)
	loyaltytest.Check(s.t, err)
	if len(tiers) == 0 {
		return "-"
	}
	return tiers[0].Level + " review " + tiers[0].ReviewAt.Format(time.DateOnly)
}

func (s *shop) two() (gold, other customer.ID) {
	gold = s.join(customer.New{FirstName: "Anna", Identifiers: []customer.Identifier{known(customer.Phone, "+998901234567")}})
	other = s.join(customer.New{FirstName: "Anna", Identifiers: []customer.Identifier{known(customer.Card, "7777")}})
	return gold, other
}

// A level that lasts for a year lasts it where an empty duplicate is merged into it, and
// where it comes along to who had none: nobody's points are lost the next night.
func TestMergeTakesNoLevelEarly(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		bought   int64 // by the other
		goldGoes bool
	}{
		"an empty duplicate goes": {0, false},
		"who is gold goes":        {90_000, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dbtest.Run(t, func(t *testing.T, d *db.DB) {
				s := shopWith(t, d, lastsAYear)
				gold, other := s.two()
				s.sell(gold, 100_000, 0)
				if tt.bought > 0 {
					s.sell(other, tt.bought, 0)
				}
				s.Clock.Advance(60 * 24 * time.Hour)
				s.night()
				has := func(who customer.ID) money.Points { return s.account(who).Available() }
				ofGold, ofOther := has(gold), has(other)
				from, into := other, gold
				if tt.goldGoes {
					from, into = gold, other
				}
				m := s.merge(from, into)
				s.Clock.Advance(24 * time.Hour)
				s.night()
				if got := has(into); got != ofGold+ofOther {
					t.Errorf("305 days early the merge left %s of %s points, and %s", got, ofGold+ofOther, s.level(into))
				}
				s.undo(m.ID)
				s.night()
				if a, b := has(gold), has(other); a != ofGold || b != ofOther {
					t.Errorf("its undoing left %s of %s points (%s), and %s of %s (%s)", a, ofGold, s.level(gold), b, ofOther, s.level(other))
				}
				s.agrees()
			})
		})
	}
}

// A merge by mistake that is undone changes no level and takes no points.
func TestUndoneMergeLeavesLevels(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"gold went", "gold stayed"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			dbtest.Run(t, func(t *testing.T, d *db.DB) {
				s := shopWith(t, d, lastsAYear)
				gold, other := s.two()
				s.sell(gold, 100_000, 0)
				s.Clock.Advance(60 * 24 * time.Hour)
				s.night()
				before := s.account(gold).Available()
				was := s.level(gold)
				if way == "gold went" {
					s.undo(s.merge(gold, other).ID)
				} else {
					s.undo(s.merge(other, gold).ID)
				}
				s.Clock.Advance(24 * time.Hour)
				s.night()
				if got := s.account(gold).Available(); got != before {
					t.Errorf("a merge that was undone at once took the level and points: %s -> %s, %s -> %s", before, got, was, s.level(gold))
				}
				s.agrees()
			})
		})
	}
}

// Who is one person has one birthday a year; who was merged by mistake has their own.
func TestUndoneMergeLeavesTheBirthday(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := shopWith(t, d, func(r *programme.Rules) {
			r.Occasions = []programme.Occasion{{On: programme.Birthday, Points: 5_00}}
		})
		anna, other := s.two()
		born := func(who customer.ID, year string) {
			day := year + s.Now().Format("-01-02")
			loyaltytest.Check(t, s.DB.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				_, _, err := s.Customers.UpdateTx(ctx, tx, who, customer.Change{Born: &day})
				return err
			}))
			s.night()
		}
		has := func(who customer.ID) money.Points { return s.account(who).Available() }
		born(anna, "1990")
		out, err := s.Merges.Merge(t.Context(), anna, other, 0, nil)
		loyaltytest.Check(t, err)
		s.Clock.Advance(30 * 24 * time.Hour)
		born(other, "1991")
		if has(other) != 0 {
			t.Errorf("%s for the second birthday of one person", has(other))
		}
		loyaltytest.Check(t, s.Merges.Undo(t.Context(), out.ID, 0, nil))
		s.night()
		if has(other) != 5_00 {
			t.Errorf("%s for the birthday of another person", has(other))
		}
	})
}

// A code that was sent before a merge holds after it, for who stays.
func TestCodeHoldsAfterAMerge(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := shopWith(t, d, func(r *programme.Rules) { r.Redeem.ConfirmFrom = 1_000_00 })
		gone, stays := s.two()
		s.sell(gone, 200_000, 0)
		c, err := s.Receipts.Confirm(t.Context(), s.till, gone, 1_000_00)
		loyaltytest.Check(t, err)
		code, _ := s.Sent.Last()
		s.merge(gone, stays)
		total := money.Amount(49_000_00)
		_, _, err = s.Receipts.Commit(t.Context(), s.till, receipt.Sale{
			Number: "c1", Total: &total, Confirmation: confirm.Given{ID: c.ID, Code: code},
			Draft: receipt.Draft{Customer: gone, Redeem: 1_000_00, Lines: []receipt.DraftLine{{SKU: "bread", Name: "Bread", Quantity: money.One, Price: 50_000_0000}}},
		})
		loyaltytest.Check(t, err)
		s.agrees()
	})
}
