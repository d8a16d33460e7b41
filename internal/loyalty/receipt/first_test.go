package receipt_test

import (
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/money"
	"regulars/internal/base/settings"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/enrol"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
)

// welcoming gives 50 points for the first purchase of 100 or more.
func welcoming() *programme.Rules {
	rules := simple()
	rules.Welcome = programme.Welcome{Points: 50_00, ExpiryDays: 30, On: programme.OnPurchase, From: 100_00}
	return rules
}

// The first purchase that is large enough gives the bonus, once, and the quote says so
// before.
func TestTheFirstPurchaseIsWelcomed(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, welcoming())
		anna := c.customer()
		if a := c.account(anna); a.Active != 0 {
			t.Errorf("registering gave %s", a.Active)
		}
		small := draft(anna, 0, 99_99)
		q, err := c.Receipts.Quote(t.Context(), c.tills[0], small)
		must(t, err)
		if q.Welcome != 0 || q.WelcomeFrom != 100_00 {
			t.Errorf("a small purchase gives %s, from %d on", q.Welcome, q.WelcomeFrom)
		}
		c.sell(small)
		out := draft(anna, 0, 200_00)
		out.Lines[0].NoLoyalty = true
		c.sell(out)
		both := c.together([]receipt.Sale{c.quoted(draft(anna, 0, 100_00))}, nil)
		if both[0].Details.Welcome != 50_00 || both[0].Earned != 10_00 {
			t.Errorf("the first one gave %s and earned %s", both[0].Details.Welcome, both[0].Earned)
		}
		if a := c.account(anna); a.Active != 9_99+10_00+50_00 || a.Lots()[0].ExpiresAt.IsZero() {
			t.Errorf("there are %s", a.Active)
		}
		if rec := c.sell(draft(anna, 0, 100_00)); rec.Details.Welcome != 0 {
			t.Errorf("the second gave %s", rec.Details.Welcome)
		}
		c.check(t)
	})
}

// Of two first purchases at once, one is.
func TestOnePurchaseIsTheFirst(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, welcoming())
		anna := c.customer()
		first, second := c.quoted(draft(anna, 0, 100_00)), c.quoted(draft(anna, 0, 100_00))
		_, failures, err := c.Receipts.Together(t.Context(), c.tills[0], []receipt.Sale{first, second}, nil)
		must(t, err)
		if failures[0] != nil || failures[1] == nil {
			t.Errorf("at once: %v", failures)
		}
		if a := c.account(anna); a.Active != 60_00 {
			t.Errorf("there are %s", a.Active)
		}
	})
}

// What a return leaves of it decides: less than the sum, and the bonus is taken back as
// earned points are, whatever of it was spent; the next purchase is the first again, but
// where the programme bears what was spent, or it could be spent without end.
func TestAReturnTakesTheWelcomeBack(t *testing.T) {
	t.Parallel()
	for _, policy := range []programme.Clawback{programme.ClawbackDebt, programme.ClawbackRefund, programme.ClawbackWriteOff} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			dbtest.Run(t, func(t *testing.T, d *db.DB) {
				rules := welcoming()
				rules.Return.Clawback = policy
				c := open(t, d, rules)
				anna := c.customer()
				sale := c.sell(draft(anna, 0, 60_00, 60_00, 40_00))
				spent := c.sell(draft(anna, 40_00, 90_00))
				if back := c.giveBack(sale.ID, line(1, 1000)); back.Details.Welcome != 0 {
					t.Errorf("what is left is enough, and %s are taken back", back.Details.Welcome)
				}
				back := c.giveBack(sale.ID, line(2, 1000))
				if back.Details.Welcome != 50_00 || back.Earned != 6_00 {
					t.Errorf("taken back: %s, and %s that were earned", back.Details.Welcome, back.Earned)
				}
				if last := c.giveBack(sale.ID); last.Details.Welcome != 0 {
					t.Errorf("taken back twice: %s", last.Details.Welcome)
				}
				a := c.account(anna)
				// 50 and 16 and 5 were given, 40 spent; 66 are to go back.
				want := money.Points(50_00 + 16_00 + 5_00 - 40_00 - 66_00)
				if policy != programme.ClawbackDebt {
					want = max(0, want)
				}
				if a.Balance() != want {
					t.Errorf("a balance of %s, want %s", a.Balance(), want)
				}
				again := money.Points(50_00)
				if policy == programme.ClawbackWriteOff {
					again = 0
				}
				for range 2 {
					next := c.sell(draft(anna, 0, 100_00))
					if next.Details.Welcome != again {
						t.Errorf("the next purchase gave %s, want %s", next.Details.Welcome, again)
					}
					c.giveBack(next.ID)
				}
				c.giveBack(spent.ID)
				c.check(t)
			})
		})
	}
}

// Who was welcomed at registration, bought before, came with an import, has no contact, or
// none that was confirmed where tills ask, is not welcomed again.
func TestWhoIsNotWelcomed(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		rules := simple()
		rules.Welcome.Points = 20_00
		c := open(t, d, rules)
		registered := c.customer()
		rules.Welcome.Points = 0
		c.publish(rules)
		bought := c.customer()
		c.sell(draft(bought, 0, 100_00))
		c.publish(welcoming())
		res, err := c.Enrol.Register(t.Context(), c.tills[0].Store, 0, customer.New{
			FirstName: "Vera", HomeStore: c.tills[0].Store.ID, Identifiers: []customer.Identifier{{Kind: customer.Card, Value: "7777 0001"}},
		})
		must(t, err)
		c.AskForCodes(t, settings.AskCode)
		skipped, _, err := c.Enrol.RegisterOnce(t.Context(), c.tills[0].Store, 0, customer.New{
			FirstName: "Nina", HomeStore: c.tills[0].Store.ID, Identifiers: []customer.Identifier{{Kind: customer.Phone, Value: "+998901112299"}},
		}, enrol.Call{Till: c.tills[0].Till.ID})
		must(t, err)
		c.Clock.Advance(time.Hour)
		for name, who := range map[string]customer.ID{"registered": registered, "bought": bought, "without a contact": res.ID, "not confirmed": skipped.ID} {
			if rec := c.sell(draft(who, 0, 100_00)); rec.Details.Welcome != 0 {
				t.Errorf("%s: %s", name, rec.Details.Welcome)
			}
		}
		if rec := c.sell(draft(c.customer(), 0, 100_00)); rec.Details.Welcome != 50_00 {
			t.Errorf("somebody new: %s", rec.Details.Welcome)
		}
	})
}
