package ledger

import (
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"regulars/internal/base/id"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/programme"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// shop is an account in memory with a clock, and what was recorded of its
// sales: the ledger without its database.
type shop struct {
	*Account
	log  []Entry // what was written
	next int64
}

func newShop() *shop {
	s := &Service{mint: id.NewMinter(func() time.Time { return start }, 1, 0)}
	return &shop{Account: &Account{Customer: 7, ledger: s, now: start}}
}

// clone copies the shop as a database would give it back.
func (s *shop) clone() *shop {
	c := *s
	account := *s.Account
	c.Account = &account
	account.lots = nil
	for _, l := range s.lots {
		own := *l
		account.lots = append(account.lots, &own)
	}
	account.entries = slices.Clone(s.entries)
	c.log = slices.Clone(s.log)
	return &c
}

// later settles what is due; that is written with whatever comes next.
func (s *shop) later(d time.Duration) {
	s.now = s.now.Add(d)
	s.settle()
}

func (s *shop) save() {
	s.log = append(s.log, s.entries...)
	s.entries = nil
}

// histories are what QueueHistory would read of a sale.
func (s *shop) histories(sale int64) Histories {
	hs := Histories{}
	hs.of(sale)
	for _, e := range s.log {
		if e.Sale == sale && e.Cause == CauseRedeem {
			hs.of(s.lot(e.Lot).Receipt)
		}
	}
	for _, e := range s.log {
		if h := hs[e.Sale]; h != nil {
			h.entries = append(h.entries, e)
		}
	}
	return hs
}

// sell redeems and earns on a receipt of its own and returns its number.
func (s *shop) sell(redeem, earn money.Points, delay, life int) int64 {
	s.next++
	sale := s.next
	m := Move{Cause: CauseRedeem, Receipt: sale, Sale: sale, Entity: 1, At: s.now}
	if err := s.Redeem(m, redeem, With{}); err != nil {
		panic(err)
	}
	m.Cause = CauseEarn
	g := Grant{Move: m, Source: Issued, Points: earn, AvailableAt: s.now.AddDate(0, 0, delay)}
	if life > 0 {
		g.ExpiresAt = s.now.AddDate(0, 0, delay+life)
	}
	s.Earn(g)
	s.save()
	return sale
}

// giveBack returns a part of a sale whose refunds can bear anything.
func (s *shop) giveBack(sale int64, restore, takeBack money.Points, policy programme.Clawback, grace time.Duration) money.Points {
	return s.refund(sale, restore, takeBack, policy, grace, 1<<60)
}

func (s *shop) refund(sale int64, restore, takeBack money.Points, policy programme.Clawback, grace time.Duration, bearable money.Points) money.Points {
	r := Reversal{
		Move:    Move{Receipt: sale + 1000, Sale: sale, Entity: 1, At: s.now},
		Restore: restore, TakeBack: takeBack, Policy: policy, Bearable: bearable, Histories: s.histories(sale),
	}
	if grace > 0 {
		r.GraceUntil = s.now.Add(grace)
	}
	defer s.save()
	return s.Reverse(r)
}

// holdings are everything that two ways of returning must agree on.
type holdings struct {
	Active, Pending, Debt money.Points
	Lots                  map[LotID]money.Points
}

func (s *shop) holdings() holdings {
	h := holdings{s.Active, s.Pending, s.Debt, map[LotID]money.Points{}}
	for _, l := range s.lots {
		h.Lots[l.ID] = l.Remaining
	}
	return h
}

// check holds what must always be true.
func (s *shop) check(t *rapid.T) {
	sums := map[Name]money.Points{}
	lots := map[LotID]money.Points{}
	var all money.Points
	for _, e := range slices.Concat(s.log, s.entries) {
		if e.Points <= 0 || e.Source == e.Target {
			t.Fatalf("entry %+v", e)
		}
		sums[e.Source] -= e.Points
		sums[e.Target] += e.Points
		for name, sign := range map[Name]money.Points{e.Source: -1, e.Target: 1} {
			if name == Active || name == Pending {
				lots[e.Lot] += sign * e.Points
			}
		}
	}
	for _, v := range sums {
		all += v
	}
	var remaining money.Points
	for _, l := range s.lots {
		remaining += l.Remaining
		if l.Remaining < 0 || l.Remaining > l.Amount || l.Remaining != lots[l.ID] {
			t.Fatalf("lot %+v holds %d, its entries say %d", l, l.Remaining, lots[l.ID])
		}
	}
	switch {
	case all != 0:
		t.Fatalf("accounts sum to %d", all)
	case s.Active < 0 || s.Pending < 0 || s.Debt < 0:
		t.Fatalf("balances %d %d %d", s.Active, s.Pending, s.Debt)
	case sums[Active] != s.Active || sums[Pending] != s.Pending || sums[Debt] != -s.Debt:
		t.Fatalf("entries say %v, balances %d %d %d", sums, s.Active, s.Pending, s.Debt)
	case remaining != s.Active+s.Pending:
		t.Fatalf("lots hold %d, balances %d and %d", remaining, s.Active, s.Pending)
	}
}

var policies = []programme.Clawback{programme.ClawbackDebt, programme.ClawbackRefund, programme.ClawbackWriteOff}

// Parts of a return, in any order and number, end where the whole would, lot
// by lot, whatever happened before them.
func TestReturnedPartsEndWhereTheWholeWould(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := newShop()
		random := func(top money.Points, label string) money.Points {
			return money.Points(rapid.Int64Range(0, int64(top)).Draw(t, label))
		}
		for range rapid.IntRange(0, 4).Draw(t, "before") {
			s.sell(random(s.Available(), "redeem"), random(5000, "earn"), rapid.IntRange(0, 3).Draw(t, "delay"), rapid.IntRange(0, 9).Draw(t, "life"))
			s.later(time.Duration(rapid.IntRange(0, 100).Draw(t, "hours")) * time.Hour)
		}
		redeemed, earned := random(s.Available(), "redeemed"), random(5000, "earned")
		sale := s.sell(redeemed, earned, rapid.IntRange(0, 3).Draw(t, "delay"), rapid.IntRange(0, 9).Draw(t, "life"))
		for range rapid.IntRange(0, 3).Draw(t, "after") {
			s.later(time.Duration(rapid.IntRange(0, 100).Draw(t, "hours")) * time.Hour)
			s.sell(random(s.Available(), "redeem"), random(5000, "earn"), 0, rapid.IntRange(0, 9).Draw(t, "life"))
		}
		s.check(t)
		policy := rapid.SampledFrom(policies).Draw(t, "policy")
		grace := time.Duration(rapid.IntRange(0, 2).Draw(t, "grace")) * 24 * time.Hour

		whole := s.clone()
		wholeWithheld := whole.giveBack(sale, redeemed, earned, policy, grace)
		whole.check(t)

		parts := s.clone()
		var partsWithheld, restored, taken money.Points
		for restored < redeemed || taken < earned {
			r, e := random(redeemed-restored, "part redeemed"), random(earned-taken, "part earned")
			if r == 0 && e == 0 {
				r, e = redeemed-restored, earned-taken
			}
			partsWithheld += parts.giveBack(sale, r, e, policy, grace)
			parts.check(t)
			restored, taken = restored+r, taken+e
		}
		if wholeWithheld != partsWithheld {
			t.Fatalf("withheld %d in parts, %d at once", partsWithheld, wholeWithheld)
		}
		a, b := whole.holdings(), parts.holdings()
		if a.Active != b.Active || a.Pending != b.Pending || a.Debt != b.Debt || !maps.Equal(a.Lots, b.Lots) {
			t.Fatalf("at once %+v, in parts %+v", a, b)
		}
	})
}

// Whatever is sold, returned and waited for, sums are conserved, and what is
// redeemed was available.
func TestSumsAreConserved(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := newShop()
		type left struct{ redeemed, earned money.Points }
		sales := map[int64]*left{}
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) { s.check(t) },
			"sell": func(t *rapid.T) {
				redeem := money.Points(rapid.Int64Range(0, int64(s.Available())).Draw(t, "redeem"))
				earn := money.Points(rapid.Int64Range(0, 3000).Draw(t, "earn"))
				sales[s.sell(redeem, earn, rapid.IntRange(0, 5).Draw(t, "delay"), rapid.IntRange(0, 20).Draw(t, "life"))] = &left{redeem, earn}
			},
			"wait": func(t *rapid.T) { s.later(time.Duration(rapid.IntRange(1, 400).Draw(t, "hours")) * time.Hour) },
			"return": func(t *rapid.T) {
				if s.next == 0 {
					t.Skip("nothing was sold")
				}
				sale := rapid.Int64Range(1, s.next).Draw(t, "sale")
				l := sales[sale]
				r := money.Points(rapid.Int64Range(0, int64(l.redeemed)).Draw(t, "redeemed"))
				e := money.Points(rapid.Int64Range(0, int64(l.earned)).Draw(t, "earned"))
				l.redeemed, l.earned = l.redeemed-r, l.earned-e
				s.giveBack(sale, r, e, rapid.SampledFrom(policies).Draw(t, "policy"), time.Duration(rapid.IntRange(0, 3).Draw(t, "grace"))*24*time.Hour)
			},
			"too many": func(t *rapid.T) {
				before := s.holdings()
				if err := s.Redeem(Move{Cause: CauseRedeem, At: s.now}, s.Available()+1, With{}); err == nil {
					t.Fatal("redeemed more than was available")
				}
				if after := s.holdings(); !maps.Equal(before.Lots, after.Lots) {
					t.Fatal("a refused redemption changed lots")
				}
			},
		})
	})
}

// Buying, giving back and keeping the points does not work.
func TestRefundTakesThePointsBack(t *testing.T) {
	t.Parallel()
	s := newShop()
	sale := s.sell(0, 500, 0, 0)
	s.giveBack(sale, 0, 500, programme.ClawbackDebt, 0)
	if s.Balance() != 0 {
		t.Errorf("balance %d after the refund", s.Balance())
	}
}

// The points that a sale redeemed come back on its return,
// and points earned and spent are charged once, as the policy says.
func TestReturnNeverChargesSpentPointsAgain(t *testing.T) {
	t.Parallel()
	for policy, want := range map[programme.Clawback]struct{ withheld, debt, active money.Points }{
		programme.ClawbackDebt:     {0, 500, 500},
		programme.ClawbackRefund:   {500, 0, 500}, // the customer has paid for them
		programme.ClawbackWriteOff: {0, 0, 0},
	} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			s := newShop()
			first := s.sell(0, 500, 0, 0)
			second := s.sell(500, 0, 0, 0)
			withheld := s.giveBack(first, 0, 500, policy, 0)
			if withheld != want.withheld || s.Debt != want.debt {
				t.Errorf("withheld %d, debt %d, want %+v", withheld, s.Debt, want)
			}
			s.giveBack(second, 500, 0, policy, 0)
			if s.Active != want.active || s.Debt != want.debt {
				t.Errorf("after the second return: active %d, debt %d, want %+v", s.Active, s.Debt, want)
			}
		})
	}
}

// What can be redeemed and what is taken are one sum.
func TestPointsCannotBeRedeemedTwice(t *testing.T) {
	t.Parallel()
	s := newShop()
	s.sell(0, 500, 0, 10)
	s.sell(0, 300, 5, 10) // pending
	if s.Available() != 500 {
		t.Fatalf("available %d, want the active 500", s.Available())
	}
	s.sell(500, 0, 0, 0)
	if err := s.Redeem(Move{Cause: CauseRedeem, At: s.now}, 1, With{}); err == nil {
		t.Error("redeemed a point that was spent or pending")
	}
}

// What expires is lost with all that belongs to it, and
// what was spent before does not take the balance down again.
func TestExpiryTakesOnlyWhatIsLeft(t *testing.T) {
	t.Parallel()
	s := newShop()
	s.sell(0, 500, 0, 10)
	s.sell(200, 0, 0, 0)
	s.sell(0, 100, 0, 0) // never expires
	s.later(11 * 24 * time.Hour)
	if s.Active != 100 || s.Available() != 100 {
		t.Errorf("active %d after expiry, want the 100 that never expire", s.Active)
	}
	if err := s.Redeem(Move{Cause: CauseRedeem, At: s.now}, 101, With{}); err == nil {
		t.Error("expired points were redeemed")
	}
}

func TestSoonestToExpireIsSpentFirst(t *testing.T) {
	t.Parallel()
	s := newShop()
	s.sell(0, 100, 0, 0)
	s.sell(0, 100, 0, 30)
	s.sell(0, 100, 0, 10)
	s.sell(150, 0, 0, 0)
	var left []money.Points
	for _, l := range s.Lots() {
		left = append(left, l.Remaining)
	}
	if len(left) != 2 || left[0] != 50 || left[1] != 100 {
		t.Errorf("lots left %v, want 50 of the 30 days and 100 that never expire", left)
	}
}

func TestFirstPendingPoints(t *testing.T) {
	t.Parallel()
	s := newShop()
	s.sell(0, 100, 0, 0)
	if first := s.PendingUntil(); !first.IsZero() {
		t.Errorf("nothing is pending until %s", first)
	}
	s.sell(0, 100, 14, 1) // the sooner to expire
	s.sell(0, 100, 7, 0)
	if first, want := s.PendingUntil(), s.now.AddDate(0, 0, 7); !first.Equal(want) {
		t.Errorf("the first are pending until %s, want %s", first, want)
	}
}

func TestDebtIsRepaidByTheNextEarning(t *testing.T) {
	t.Parallel()
	s := newShop()
	first := s.sell(0, 500, 0, 0)
	s.sell(500, 0, 0, 0)
	s.giveBack(first, 0, 500, programme.ClawbackDebt, 0)
	if s.Balance() != -500 || s.Available() != 0 {
		t.Fatalf("balance %d, want -500", s.Balance())
	}
	s.sell(0, 800, 0, 0)
	if s.Debt != 0 || s.Active != 300 {
		t.Errorf("debt %d, active %d, want 0 and 300", s.Debt, s.Active)
	}
}

func TestRestoredPointsOfAnExpiredLotGetGrace(t *testing.T) {
	t.Parallel()
	for grace, want := range map[time.Duration]money.Points{0: 0, 48 * time.Hour: 400} {
		s := newShop()
		s.sell(0, 400, 0, 5)
		sale := s.sell(400, 0, 0, 0)
		s.later(6 * 24 * time.Hour)
		s.giveBack(sale, 400, 0, programme.ClawbackDebt, grace)
		if s.Active != want {
			t.Errorf("grace %v: active %d, want %d", grace, s.Active, want)
		}
		s.later(grace)
		if s.Active != 0 {
			t.Errorf("grace %v has passed: active %d", grace, s.Active)
		}
	}
}
