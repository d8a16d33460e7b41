package ledger

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"regulars/internal/base/money"
	"regulars/internal/loyalty/programme"
)

// Buy A, pay B with what it earned, return A and have the loss written off,
// return B: its points would be a gift, as often as one likes.
func TestWriteOffIsSettledBeforePointsComeBack(t *testing.T) {
	t.Parallel()
	for _, parts := range [][]money.Points{{500}, {100, 400}, {1, 1, 498}} {
		s := newShop()
		a := s.sell(0, 500, 0, 0)
		b := s.sell(500, 0, 0, 0)
		s.giveBack(a, 0, 500, programme.ClawbackWriteOff, 0)
		for _, part := range parts {
			s.giveBack(b, part, 0, programme.ClawbackWriteOff, 0)
			if s.Balance() != 0 {
				t.Errorf("in parts %v: %d points of nothing", parts, s.Balance())
			}
		}
	}
}

// What the loss does not need is the customer's.
func TestPointsBeyondTheLossComeBack(t *testing.T) {
	t.Parallel()
	s := newShop()
	a := s.sell(0, 500, 0, 0)
	b := s.sell(500, 0, 0, 0)
	s.giveBack(a, 0, 200, programme.ClawbackWriteOff, 0) // of two pieces, one
	s.giveBack(b, 500, 0, programme.ClawbackWriteOff, 0)
	if s.Active != 300 {
		t.Errorf("active %d, want the 300 of what was kept", s.Active)
	}
	s.giveBack(a, 0, 300, programme.ClawbackWriteOff, 0)
	if s.Balance() != 0 {
		t.Errorf("balance %d after all of it came back", s.Balance())
	}
}

// A lot that repaid a debt is gone when its sale comes back; were that written
// off, buying and returning would clear any debt.
func TestReturnDoesNotForgiveTheDebtThatItsPointsRepaid(t *testing.T) {
	t.Parallel()
	for _, policy := range policies {
		for _, late := range []bool{false, true} { // repaid when the lot expires
			s := newShop()
			first := s.sell(0, 500, 0, 0)
			spent := s.sell(500, 0, 0, 0)
			var second int64
			if late {
				second = s.sell(0, 500, 0, 3)
			}
			s.giveBack(first, 0, 500, programme.ClawbackDebt, 0)
			if !late {
				second = s.sell(0, 500, 0, 0)
			}
			s.later(4 * 24 * time.Hour)
			if s.Debt != 0 {
				t.Fatalf("%s, late %v: the debt was not repaid", policy, late)
			}
			withheld := s.giveBack(second, 0, 500, policy, 0)
			if s.Debt != 500 || withheld != 0 {
				t.Errorf("%s, late %v: debt %d and %d withheld, want the debt of 500 again", policy, late, s.Debt, withheld)
			}
			s.giveBack(spent, 500, 0, policy, 0)
			if s.Balance() != 0 {
				t.Errorf("%s, late %v: balance %d after everything came back", policy, late, s.Balance())
			}
		}
	}
}

// A refund that has nothing to bear a loss with has not paid for it.
func TestRefundOfNothingBuysNoPoints(t *testing.T) {
	t.Parallel()
	s := newShop()
	a := s.sell(0, 500, 0, 0)
	b := s.sell(500, 0, 0, 0)
	if withheld := s.refund(a, 0, 500, programme.ClawbackRefund, 0, 120); withheld != 120 {
		t.Fatalf("withheld %d of a refund of 120", withheld)
	}
	s.giveBack(b, 500, 0, programme.ClawbackRefund, 0)
	if s.Active != 120 {
		t.Errorf("active %d, want the 120 that were paid for", s.Active)
	}
}

// Whatever is bought, spent, returned in parts and in any order, under any
// policies, by somebody who gives everything back in the end: what is left of
// points is what refunds were reduced by.
func TestNothingComesOfBuyingAndReturning(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := newShop()
		type open struct {
			redeemed, earned money.Points // that have not come back
			paid, kept       money.Points // money in points: still to be refunded, and withheld
			policy           programme.Clawback
		}
		sales := map[int64]*open{}
		var kept money.Points
		upTo := func(top money.Points, label string) money.Points {
			return money.Points(rapid.Int64Range(0, int64(top)).Draw(t, label))
		}
		// One point is worth one of money.
		giveBack := func(sale int64, redeemed, earned, paid money.Points) {
			o := sales[sale]
			withheld := s.refund(sale, redeemed, earned, o.policy, time.Duration(rapid.IntRange(0, 2).Draw(t, "grace"))*24*time.Hour, o.kept+paid)
			if withheld > paid {
				t.Fatalf("%d kept of a refund of %d", withheld, paid)
			}
			o.redeemed, o.earned, o.paid, o.kept = o.redeemed-redeemed, o.earned-earned, o.paid-paid, o.kept+withheld
			kept += withheld
		}
		oneOfThem := rapid.Bool().Draw(t, "one policy")
		common := rapid.SampledFrom(policies).Draw(t, "policy")
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) { s.check(t) },
			"sell": func(t *rapid.T) {
				o := &open{policy: common}
				if !oneOfThem {
					o.policy = rapid.SampledFrom(policies).Draw(t, "policy")
				}
				o.redeemed = upTo(s.Available(), "redeem")
				if rapid.Bool().Draw(t, "all") {
					o.redeemed = s.Available()
				}
				o.earned, o.paid = upTo(1000, "earn"), upTo(2000, "pay")
				sales[s.sell(o.redeemed, o.earned, rapid.IntRange(0, 2).Draw(t, "delay"), rapid.IntRange(0, 9).Draw(t, "life"))] = o
			},
			"wait": func(t *rapid.T) { s.later(time.Duration(rapid.IntRange(1, 100).Draw(t, "hours")) * time.Hour) },
			"return": func(t *rapid.T) {
				if s.next == 0 {
					t.Skip("nothing was sold")
				}
				sale := rapid.Int64Range(1, s.next).Draw(t, "sale")
				o := sales[sale]
				if rapid.Bool().Draw(t, "whole") {
					giveBack(sale, o.redeemed, o.earned, o.paid)
				} else {
					giveBack(sale, upTo(o.redeemed, "redeemed"), upTo(o.earned, "earned"), upTo(o.paid, "paid"))
				}
			},
		})
		order := make([]int64, s.next)
		for i := range order {
			order[i] = int64(i + 1)
		}
		for _, sale := range rapid.Permutation(order).Draw(t, "order") {
			o := sales[sale]
			giveBack(sale, o.redeemed, o.earned, o.paid)
			s.check(t)
		}
		if s.Balance() > kept {
			t.Fatalf("everything was given back, %d kept of it, and %d points are left", kept, s.Balance())
		}
	})
}
