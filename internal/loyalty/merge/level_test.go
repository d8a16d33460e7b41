package merge_test

import (
	"context"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/confirm"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/loyaltytest"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
)

func forfeitingShop(t testing.TB, d *db.DB, edit func(*shop, *programme.Rules)) *shop {
	t.Helper()
	s := &shop{Installation: loyaltytest.New(t, d, loyaltytest.Options{}), t: t}
	store, tills := s.OpenStore(t, catalog.NewStore{Code: "S1", Name: "Chorsu", Zone: "Asia/Tashkent"}, "1", "2")
	s.till = receipt.Caller{Till: tills[0], Store: store}
	rules := &programme.Rules{
		PointValue: 10_000, Levels: []programme.Level{{Code: "base", Name: "Base", Cashback: 1000}, {Code: "gold", Name: "Gold", Threshold: 100_000_00, Cashback: 2000}}, Combine: programme.CombineAdd,
		Spend:    programme.Spend{Window: programme.Lifetime},
		Discount: programme.Discount{Rounding: programme.Rounding{Mode: money.Down, Unit: 1}},
		Earn:     programme.Earn{Rounding: programme.Rounding{Mode: money.Down, Unit: 1}},
		Redeem:   programme.Redeem{Cap: 5000}, Return: programme.Return{Clawback: programme.ClawbackDebt}, QuoteMinutes: 10,
	}
	edit(s, rules)
	_, err := s.Programmes.Install(t.Context(), "Main", rules, s.Now().Add(-time.Hour), 0)
	loyaltytest.Check(t, err)
	return s
}

func lastsAYear(_ *shop, r *programme.Rules) {
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

func (s *shop) three() (gold, other customer.ID) {
	gold = s.join(customer.New{FirstName: "Anna", Identifiers: []customer.Identifier{known(customer.Phone, "+998901234567")}})
	other = s.join(customer.New{FirstName: "Anna", Identifiers: []customer.Identifier{known(customer.Card, "7777")}})
	return gold, other
}

// A level that lasts for a year lasts it also where an empty duplicate is merged in.
func TestMergeTakesNoLevelEarly(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := forfeitingShop(t, d, lastsAYear)
		gold, other := s.three()
		s.sell(gold, 100_000, 0)
		s.Clock.Advance(60 * 24 * time.Hour)
		s.night()
		before := s.account(gold).Available()
		m := s.merge(other, gold)
		s.Clock.Advance(24 * time.Hour)
		s.night()
		if got := s.account(gold).Available(); got != before {
			t.Errorf("merging an empty duplicate took the level (%s) and %s of %s points, 305 days early", s.level(gold), before-got, before)
		}
		s.undo(m.ID)
		s.night()
		if got := s.account(gold).Available(); got != before {
			t.Errorf("undoing gives nothing back: %s, %s", got, s.level(gold))
		}
		s.agrees()
	})
}

// A level that comes along is not lost the next night, nor are the points of who had none.
func TestMergeBringsALevelForItsTime(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := forfeitingShop(t, d, lastsAYear)
		gold, other := s.three()
		s.sell(gold, 100_000, 0)
		s.sell(other, 90_000, 0)
		s.Clock.Advance(60 * 24 * time.Hour)
		s.night()
		own := s.account(other).Available()
		m := s.merge(gold, other)
		s.Clock.Advance(24 * time.Hour)
		s.night()
		if got := s.account(other).Available(); got < own {
			t.Errorf("who was never gold lost own points: had %s, has %s, %s", own, got, s.level(other))
		}
		s.undo(m.ID)
		s.night()
		if got := s.account(other).Available(); got < own {
			t.Errorf("after undo: own %s, has %s; gold has %s", own, got, s.account(gold).Available())
		}
		s.agrees()
	})
}

// A merge by mistake that is undone changes no level and takes no points.
func TestUndoneMergeLeavesLevels(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"gold went", "gold stayed"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			dbtest.Run(t, func(t *testing.T, d *db.DB) {
				s := forfeitingShop(t, d, lastsAYear)
				gold, other := s.three()
				s.sell(gold, 100_000, 0)
				s.Clock.Advance(60 * 24 * time.Hour)
				s.night()
				before := s.account(gold).Available()
				was := s.level(gold)
				var m = s.merge
				if way == "gold went" {
					s.undo(m(gold, other).ID)
				} else {
					s.undo(m(other, gold).ID)
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
		s := forfeitingShop(t, d, func(_ *shop, r *programme.Rules) {
			r.Occasions = []programme.Occasion{{On: programme.Birthday, Points: 5_00}}
		})
		anna, other := s.three()
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
		s := forfeitingShop(t, d, func(s *shop, r *programme.Rules) {
			s.SendCodes(t)
			r.Redeem.ConfirmFrom = 1_000_00
		})
		gone, stays := s.three()
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
