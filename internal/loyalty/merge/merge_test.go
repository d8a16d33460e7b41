package merge_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/errs"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/giftcard"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/loyaltytest"
	"regulars/internal/loyalty/merge"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/verify"
)

// shop is a store with a till and a programme.
type shop struct {
	*loyaltytest.Installation
	t    testing.TB
	till receipt.Caller
	n    int
}

func newShop(t testing.TB, d *db.DB) *shop {
	t.Helper()
	return newShopBy(t, d, threeLevels(t))
}

// threeLevels are rules by which points are there at once.
func threeLevels(t testing.TB) *programme.Rules {
	t.Helper()
	currency, err := money.CurrencyOf("UZS")
	loyaltytest.Check(t, err)
	rules := loyaltytest.Rules(currency, 0)
	rules.Earn.DelayDays = 0
	rules.Return.Clawback = programme.ClawbackDebt
	return rules
}

func newShopBy(t testing.TB, d *db.DB, rules *programme.Rules) *shop {
	t.Helper()
	s := &shop{Installation: loyaltytest.New(t, d, loyaltytest.Options{}), t: t}
	store, tills := s.OpenStore(t, catalog.NewStore{Code: "S1", Name: "Chorsu", Zone: "Asia/Tashkent"}, "1")
	s.till = receipt.Caller{Till: tills[0], Store: store}
	if rules.Redeem.ConfirmFrom > 0 {
		s.SendCodes(t)
	}
	_, err := s.Programmes.Install(t.Context(), "Main", rules, s.Now().Add(-time.Hour), 0)
	loyaltytest.Check(t, err)
	return s
}

func (s *shop) join(in customer.New) customer.ID {
	s.t.Helper()
	in.HomeStore, in.Source = s.till.Store.ID, "till"
	res, err := s.Enrol.Register(s.t.Context(), s.till.Store, 0, in)
	loyaltytest.Check(s.t, err)
	if !res.Created {
		s.t.Fatal("this is somebody who is known")
	}
	return res.ID
}

func known(k customer.Kind, value string) customer.Identifier {
	return customer.Identifier{Kind: k, Value: value}
}

// anna registered by her phone, and again by a card.
func (s *shop) anna() (phone, card customer.ID) {
	phone = s.join(customer.New{FirstName: "Anna", Identifiers: []customer.Identifier{known(customer.Phone, "+998901234567")}})
	card = s.join(customer.New{FirstName: "Anna", LastName: "Kim", Born: "1990-04-20", City: "Tashkent", Identifiers: []customer.Identifier{known(customer.Card, "7777")}})
	return phone, card
}

func (s *shop) number() string {
	s.n++
	return fmt.Sprint("n", s.n)
}

func (s *shop) sell(who customer.ID, sum int64, redeem money.Points) receipt.Receipt {
	s.t.Helper()
	d := receipt.Draft{Customer: who, Redeem: redeem, Lines: []receipt.DraftLine{{SKU: "bread", Name: "Bread", Quantity: money.One, Price: money.Price(sum * 10000)}}}
	q, err := s.Receipts.Quote(s.t.Context(), s.till, d)
	loyaltytest.Check(s.t, err)
	rec, _, err := s.Receipts.Commit(s.t.Context(), s.till, receipt.Sale{Number: s.number(), Draft: d, Quote: q.ID})
	loyaltytest.Check(s.t, err)
	return rec
}

func (s *shop) merge(from, into customer.ID) merge.Outcome {
	s.t.Helper()
	out, err := s.Merges.Merge(s.t.Context(), from, into, 0, nil)
	loyaltytest.Check(s.t, err)
	return out
}

func (s *shop) undo(m merge.ID) {
	s.t.Helper()
	loyaltytest.Check(s.t, s.Merges.Undo(s.t.Context(), m, 0, nil))
}

func (s *shop) account(who customer.ID) *ledger.Account {
	s.t.Helper()
	a, err := s.Ledger.Get(s.t.Context(), who)
	loyaltytest.Check(s.t, err)
	return a
}

func (s *shop) get(who customer.ID) customer.Customer {
	s.t.Helper()
	c, err := s.Customers.Get(s.t.Context(), who)
	loyaltytest.Check(s.t, err)
	return c
}

func (s *shop) label(who customer.ID, labels ...string) {
	s.t.Helper()
	loyaltytest.Check(s.t, s.DB.Write(s.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, _, err := s.Customers.UpdateTx(ctx, tx, who, customer.Change{Labels: &labels})
		return err
	}))
}

func (s *shop) agrees() {
	s.t.Helper()
	report, err := verify.Run(s.t.Context(), s.DB, verify.Options{TempDir: s.t.TempDir()})
	loyaltytest.Check(s.t, err)
	for _, f := range report.Findings {
		if f.Check != verify.Setting && f.Check != verify.Node { // of which a test's installation has none
			s.t.Errorf("the books do not agree: %v", f)
		}
	}
}

// What two profiles have is one's after a merge, and each one's own again after it is
// undone.
func TestMergeAndUndo(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		phone, card := s.anna()
		s.sell(phone, 400_000, 0)
		s.label(phone, "vip")
		s.label(card, "staff", "vip")
		s.sell(card, 700_000, 0) // neither is at silver, which is at a million
		before, own := s.account(card).Available(), s.account(phone).Available()
		out := s.merge(card, phone)
		c, a := s.get(phone), s.account(phone)
		if c.LastName != "Kim" || c.Born != "1990-04-20" || c.City != "Tashkent" || c.First(customer.Card) != "7777" || c.First(customer.Phone) != "+998901234567" {
			t.Errorf("the profile is %+v", c)
		}
		if !slices.Equal(c.Labels, []string{"staff", "vip"}) {
			t.Errorf("the labels are %q", c.Labels)
		}
		if a.Available() != before+own || a.Receipts != 2 || a.Spend != 1_100_000_00 || len(out.Receipts) != 2-1 {
			t.Errorf("available %s, receipts %d, spend %d, moved %d", a.Available(), a.Receipts, a.Spend, len(out.Receipts))
		}
		if tiers, err := s.Programmes.Tiers(t.Context(), phone); err != nil || len(tiers) != 1 || tiers[0].Level != "silver" {
			t.Errorf("the level is %+v, %v", tiers, err)
		}
		if gone := s.get(card); gone.State != customer.StateMerged || gone.Into != phone || len(gone.Identifiers) > 0 || s.account(card).Balance() != 0 {
			t.Errorf("who went is %+v", gone)
		}
		if found, err := s.Customers.Find(t.Context(), known(customer.Card, "7777")); err != nil || found.ID != phone {
			t.Errorf("the card leads to %s, %v", found.ID, err)
		}
		s.agrees()

		spent := s.sell(phone, 100_000, before) // of the lot that came, as the first to expire is the oldest
		s.undo(out.ID)
		c, back := s.get(phone), s.get(card)
		if c.LastName != "" || c.Born != "" || len(c.Identifiers) != 1 || back.State != customer.StateActive || back.Into != 0 || back.First(customer.Card) != "7777" {
			t.Errorf("taken apart they are %+v and %+v", c, back)
		}
		if !slices.Equal(c.Labels, []string{"vip"}) || !slices.Equal(back.Labels, []string{"staff", "vip"}) {
			t.Errorf("taken apart their labels are %q and %q", c.Labels, back.Labels)
		}
		a, b := s.account(phone), s.account(card)
		if a.Available()+b.Available() != before+own-spent.Redeemed+spent.Earned || a.Receipts != 2 || b.Receipts != 1 || b.Spend != 700_000_00 {
			t.Errorf("taken apart they have %s and %s, %d and %d receipts", a.Available(), b.Available(), a.Receipts, b.Receipts)
		}
		if tiers, err := s.Programmes.Tiers(t.Context(), phone); err != nil || tiers[0].Level != "start" {
			t.Errorf("the level after is %+v, %v", tiers, err)
		}
		// What the later sale paid with goes back to who bought, though the lot is another's.
		_, _, err := s.Receipts.Return(t.Context(), s.till, receipt.Return{Number: s.number(), Original: spent.ID})
		loyaltytest.Check(t, err)
		if got := s.account(phone).Available() + s.account(card).Available(); got != before+own {
			t.Errorf("after the return both have %s, want %s", got, before+own)
		}
		s.agrees()
	})
}

// A till that knows a profile that was merged since sells to whom it is now; what it
// sent before is answered as it was.
func TestTillsThatKnowTheMergedProfile(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s, ctx := newShop(t, d), t.Context()
		phone, card := s.anna()
		draft := receipt.Draft{Customer: card, Lines: []receipt.DraftLine{{SKU: "bread", Name: "Bread", Quantity: money.One, Price: 10_000_0000}}}
		quote, err := s.Receipts.Quote(ctx, s.till, draft)
		loyaltytest.Check(t, err)
		sold := s.sell(card, 20_000, 0)
		s.merge(card, phone)

		var changed *receipt.ChangedError
		_, _, err = s.Receipts.Commit(ctx, s.till, receipt.Sale{Number: "old", Draft: draft, Quote: quote.ID})
		if !errors.As(err, &changed) || changed.Quote.Draft.Customer != phone {
			t.Fatalf("a quote for the merged profile: %v", err)
		}
		sale := receipt.Sale{Number: "old", Draft: draft, Total: &changed.Quote.Total}
		rec, _, err := s.Receipts.Commit(ctx, s.till, sale)
		if err != nil || rec.Customer != phone {
			t.Fatalf("a sale to the merged profile is of %s, %v", rec.Customer, err)
		}
		if again, replayed, err := s.Receipts.Commit(ctx, s.till, sale); err != nil || !replayed || again.ID != rec.ID {
			t.Errorf("sent again: %s, replayed %t, %v", again.ID, replayed, err)
		}
		h, _, err := s.Receipts.Hold(ctx, s.till, receipt.Hold{Number: "h", Customer: card, Points: 1_00})
		if err != nil || h.Customer != phone {
			t.Errorf("a hold is of %s, %v", h.Customer, err)
		}
		total := money.Amount(10_000_00)
		results, err := s.Receipts.RecordLate(ctx, time.Time{}, []receipt.LateCall{{By: s.till, Late: receipt.Late{Sale: &receipt.Sale{Number: "late", SoldAt: s.Now(), Draft: draft, Total: &total}}}})
		loyaltytest.Check(t, err)
		if results[0].Err != nil || results[0].Receipt.Customer != phone || len(results[0].Differences) > 0 {
			t.Errorf("late: %+v", results[0])
		}
		if _, _, err := s.Receipts.Return(ctx, s.till, receipt.Return{Number: "r", Original: sold.ID}); err != nil {
			t.Error(err)
		}
		s.agrees()
	})
}

// Of what was agreed to the stricter holds; taken apart, each has their own word.
func TestTheStricterConsentHolds(t *testing.T) {
	t.Parallel()
	say := func(ch customer.Channel, given bool) customer.Consent {
		return customer.Consent{Channel: ch, Purpose: customer.Marketing, Given: given, Wording: "v1"}
	}
	tests := map[string]struct {
		from, into   []customer.Consent
		sms, viber   string // yes, no or nothing after the merge
		undone, once string // sms of who stayed after undoing, and viber
	}{
		"only who goes said yes":   {from: []customer.Consent{say(customer.ChannelAny, true)}, sms: "yes", viber: "yes", undone: "no", once: "no"},
		"who goes withdrew":        {from: []customer.Consent{say(customer.ChannelSMS, false)}, into: []customer.Consent{say(customer.ChannelAny, true)}, sms: "no", viber: "yes", undone: "yes", once: "yes"},
		"who stays withdrew":       {from: []customer.Consent{say(customer.ChannelAny, true)}, into: []customer.Consent{say(customer.ChannelSMS, false)}, sms: "no", viber: "yes", undone: "no", once: "no"},
		"who goes withdrew of all": {from: []customer.Consent{say(customer.ChannelAny, false)}, into: []customer.Consent{say(customer.ChannelSMS, true)}, sms: "no", viber: "no", undone: "yes", once: "no"},
		"nobody said anything":     {sms: "nothing", viber: "nothing", undone: "nothing", once: "nothing"},
	}
	word := func(list []customer.Consent, ch customer.Channel) string {
		for _, c := range list { // Current is the newest first
			if c.Channel == ch || c.Channel == customer.ChannelAny {
				if c.Given {
					return "yes"
				}
				return "no"
			}
		}
		return "nothing"
	}
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s, ctx, n := newShop(t, d), t.Context(), 0
		for name, tt := range tests {
			n += 2
			from := s.join(customer.New{Identifiers: []customer.Identifier{known(customer.Card, fmt.Sprint(n))}, Consents: tt.from})
			into := s.join(customer.New{Identifiers: []customer.Identifier{known(customer.Card, fmt.Sprint(n+1))}, Consents: tt.into})
			now := func() (sms, viber string) {
				said, err := s.Customers.Consents(ctx, into)
				loyaltytest.Check(t, err)
				list := customer.Current(said)
				return word(list, customer.ChannelSMS), word(list, customer.ChannelViber)
			}
			s.Clock.Advance(time.Minute)
			m := s.merge(from, into)
			if sms, viber := now(); sms != tt.sms || viber != tt.viber {
				t.Errorf("%s: merged they say %s, %s; want %s, %s", name, sms, viber, tt.sms, tt.viber)
			}
			s.Clock.Advance(time.Minute)
			s.undo(m.ID)
			if sms, viber := now(); sms != tt.undone || viber != tt.once {
				t.Errorf("%s: taken apart they say %s, %s; want %s, %s", name, sms, viber, tt.undone, tt.once)
			}
		}
		s.agrees()
	})
}

// Three profiles of one person are merged one into the next and taken apart from the
// latest on; in between nothing can be taken apart.
func TestChainsOfMerges(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s, ctx := newShop(t, d), t.Context()
		phone, card := s.anna()
		third := s.join(customer.New{FirstName: "Anna", Identifiers: []customer.Identifier{known(customer.Email, "anna@example.com")}})
		sale := s.sell(card, 500_000, 0)
		s.sell(phone, 100_000, 0)
		first := s.merge(card, phone)
		s.sell(phone, 10_000, s.account(phone).Available()/2) // empties the lot that came
		second := s.merge(phone, third)
		if err := s.Merges.Undo(ctx, first.ID, 0, nil); !errors.Is(err, customer.ErrGone) {
			t.Errorf("the first is taken apart under the second: %v", err)
		}
		if _, err := s.Merges.Merge(ctx, card, third, 0, nil); !errors.Is(err, customer.ErrGone) {
			t.Errorf("who is merged is merged again: %v", err)
		}
		if is, err := s.Customers.Resolve(ctx, []customer.ID{card, phone, third}); err != nil || is[card] != third || is[phone] != third || is[third] != 0 {
			t.Errorf("they are %v, %v", is, err)
		}
		if _, _, err := s.Receipts.Return(ctx, s.till, receipt.Return{Number: "r", Original: sale.ID}); err != nil {
			t.Error(err)
		}
		s.agrees()
		s.undo(second.ID)
		s.undo(first.ID)
		if err := s.Merges.Undo(ctx, first.ID, 0, nil); !errors.Is(err, merge.ErrNotFound) {
			t.Errorf("undone twice: %v", err)
		}
		if a := s.account(card); a.Spend != 0 || a.Receipts != 1 { // its sale came back, and went with it
			t.Errorf("the first has %d of %d receipts", a.Spend, a.Receipts)
		}
		s.agrees()
	})
}

// A preview changes nothing, and what somebody pays with is not moved.
func TestPreviewAndHold(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s, ctx := newShop(t, d), t.Context()
		phone, card := s.anna()
		s.sell(card, 500_000, 0)
		out, err := s.Merges.Preview(ctx, card, phone)
		if err != nil || out.Account.Available() != 5000_00 || out.Customer.LastName != "Kim" || len(out.Receipts) != 1 {
			t.Errorf("the preview is %+v, %v", out, err)
		}
		if c := s.get(phone); c.LastName != "" || s.get(card).State != customer.StateActive {
			t.Errorf("the preview changed %+v", c)
		}
		h, _, err := s.Receipts.Hold(ctx, s.till, receipt.Hold{Number: "h", Customer: card, Points: 1_00})
		loyaltytest.Check(t, err)
		if _, err := s.Merges.Merge(ctx, card, phone, 0, nil); !errors.Is(err, ledger.ErrHeld) {
			t.Errorf("with points held: %v", err)
		}
		_, err = s.Receipts.Release(ctx, s.till, h.ID)
		loyaltytest.Check(t, err)
		s.merge(card, phone)
		s.agrees()
	})
}

// Tills sell to both, and take back, while they are merged and taken apart by several
// processes: nothing is lost, nothing is had twice.
func TestMergingUnderLoad(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s, ctx := newShop(t, d), t.Context()
		other := loyaltytest.New(t, d, loyaltytest.Options{Join: s.Installation})
		phone, card := s.anna()
		start := s.sell(card, 500_000, 0)
		var wg sync.WaitGroup
		for w, in := range []*loyaltytest.Installation{s.Installation, other, s.Installation, other} {
			wg.Go(func() {
				for i := range 12 {
					who := []customer.ID{phone, card}[(i+w)%2]
					price := money.Price(10_000_0000)
					d := receipt.Draft{Customer: who, Redeem: 10_00, Lines: []receipt.DraftLine{{SKU: "bread", Name: "Bread", Quantity: money.One, Price: price}}}
					total := money.Amount(9_990_00)
					number := fmt.Sprint("w", w, "-", i)
					rec, _, err := in.Receipts.Commit(ctx, s.till, receipt.Sale{Number: number, Draft: d, Total: &total})
					if err == nil && i%3 == 0 {
						_, _, err = in.Receipts.Return(ctx, s.till, receipt.Return{Number: number, Original: rec.ID})
					}
					if err != nil && !expected(err) {
						t.Error(err)
					}
				}
			})
		}
		for _, in := range []*loyaltytest.Installation{s.Installation, other} {
			wg.Go(func() {
				for range 10 {
					out, err := in.Merges.Merge(ctx, card, phone, 0, nil)
					if err == nil {
						err = in.Merges.Undo(ctx, out.ID, 0, nil)
					}
					if err != nil && !expected(err) {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if start.ID == 0 {
			t.Fatal("nothing was sold")
		}
		s.agrees()
	})
}

// expected are what a call may meet while others change the same customers.
func expected(err error) bool {
	var changed *receipt.ChangedError
	for _, e := range []error{customer.ErrGone, customer.ErrNotMerged, merge.ErrNotFound, ledger.ErrTooFew, receipt.ErrChanged} {
		if errors.Is(err, e) {
			return true
		}
	}
	return errors.As(err, &changed) || codeOf(err) == "redeem_too_much" || codeOf(err) == "customer_merging"
}

func codeOf(err error) string { return errs.Of(err).Code }

// What tills register is suggested where it is somebody else's, and so is one name with
// one birthday; who was said to be two is not suggested again.
func TestDuplicatesAreSuggested(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s, ctx := newShop(t, d), t.Context()
		a := s.join(customer.New{FirstName: "Anna", LastName: "Kim", Born: "1990-04-20", Identifiers: []customer.Identifier{known(customer.Phone, "+998901234567")}})
		spouse := s.join(customer.New{FirstName: "Igor", LastName: "Kim", Identifiers: []customer.Identifier{known(customer.Phone, "+998901234567"), known(customer.Card, "1")}})
		turned := s.join(customer.New{FirstName: "KIM", LastName: "anna", Born: "1990-04-20", Identifiers: []customer.Identifier{known(customer.Card, "2")}})
		s.join(customer.New{FirstName: "Anna", LastName: "Kim", Born: "1990-04-21", Identifiers: []customer.Identifier{known(customer.Card, "3")}})
		for range 2 {
			_, err := s.Customers.FindPairs(ctx)
			loyaltytest.Check(t, err)
		}
		pairs := func(stores []catalog.StoreID) map[customer.Pair]bool {
			list, err := s.Customers.Pairs(ctx, stores, 0)
			loyaltytest.Check(t, err)
			found := map[customer.Pair]bool{}
			for _, p := range list {
				found[customer.Pair{A: p.A, B: p.B, Why: p.Why}] = true
			}
			return found
		}
		all := pairs(nil)
		if len(all) != 2 || !all[customer.Pair{A: a, B: spouse, Why: "phone"}] || !all[customer.Pair{A: a, B: turned, Why: customer.ByNameAndBorn}] {
			t.Errorf("suggested are %v", all)
		}
		if here, there := pairs([]catalog.StoreID{s.till.Store.ID}), pairs([]catalog.StoreID{7}); len(here) != 2 || len(there) != 0 {
			t.Errorf("in the store %v, in another %v", here, there)
		}
		loyaltytest.Check(t, d.Write(ctx, func(ctx context.Context, tx *db.Tx) error { return s.Customers.SettleTx(ctx, tx, spouse, a, 0) }))
		s.merge(turned, a)
		_, err := s.Customers.FindPairs(ctx)
		loyaltytest.Check(t, err)
		if left := pairs(nil); len(left) != 0 {
			t.Errorf("still suggested are %v", left)
		}
		s.agrees()
	})
}

// Whoever returns what earned points and then what they paid for keeps points of
// neither, also where a merge was undone between.
func TestNoPointsComeOfUndoing(t *testing.T) {
	t.Parallel()
	for _, clawback := range []programme.Clawback{programme.ClawbackWriteOff, programme.ClawbackRefund, programme.ClawbackDebt} {
		t.Run(string(clawback), func(t *testing.T) {
			t.Parallel()
			dbtest.Run(t, func(t *testing.T, d *db.DB) {
				rules := threeLevels(t)
				rules.Return.Clawback = clawback
				s := newShopBy(t, d, rules)
				var left [2]money.Points
				for i, undone := range []bool{false, true} {
					into := s.join(customer.New{Identifiers: []customer.Identifier{known(customer.Card, fmt.Sprint("1", i))}})
					from := s.join(customer.New{Identifiers: []customer.Identifier{known(customer.Card, fmt.Sprint("2", i))}})
					earned := s.sell(from, 500_000, 0)
					m := s.merge(from, into)
					paid := s.sell(into, 100_000, s.account(into).Available())
					for _, sale := range []receipt.ID{earned.ID, paid.ID} {
						if sale == paid.ID && undone {
							s.undo(m.ID)
						}
						_, _, err := s.Receipts.Return(t.Context(), s.till, receipt.Return{Number: s.number(), Original: sale})
						loyaltytest.Check(t, err)
					}
					left[i] = s.account(into).Balance() + s.account(from).Balance()
				}
				// Where the refund bore it, the points are paid for.
				if left[0] != left[1] || left[0] != 0 && clawback != programme.ClawbackRefund {
					t.Errorf("%s points are left, and %s where the merge was undone", left[0], left[1])
				}
				s.agrees()
			})
		})
	}
}

// The proof of a consent, which names people, stays with the profile that gave it.
func TestProofsStay(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		from := s.join(customer.New{Identifiers: []customer.Identifier{known(customer.Card, "1")}, Consents: []customer.Consent{
			{Channel: customer.ChannelAny, Purpose: customer.Marketing, Given: true, Wording: "v1", Proof: "form of Anna Kim"},
		}})
		into := s.join(customer.New{Identifiers: []customer.Identifier{known(customer.Card, "2")}})
		s.Clock.Advance(time.Minute)
		s.undo(s.merge(from, into).ID)
		said, err := s.Customers.Consents(t.Context(), into)
		loyaltytest.Check(t, err)
		if len(said) == 0 {
			t.Error("nothing was said")
		}
		for _, c := range said {
			if c.Proof != "" {
				t.Errorf("another's proof: %q", c.Proof)
			}
		}
		s.agrees()
	})
}

// A gift card goes with its holder, through every merge, and comes back from each that
// is undone, unless it is another's by then.
func TestGiftcardsFollowTheirHolder(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s, ctx := newShop(t, d), t.Context()
		phone, card := s.anna()
		third := s.join(customer.New{FirstName: "Anna", Identifiers: []customer.Identifier{{Kind: customer.Card, Value: "333"}}})
		loyaltytest.Check(t, d.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
			for _, text := range []string{`INSERT INTO sources (id, name, created_at) VALUES (1, 'old', 1)`,
				`INSERT INTO imports (id, source_id, kind, file, path, mapping, state, created_at) VALUES (1, 1, 'products', 'c.csv', 'c.csv', '{}', 'done', 1)`} {
				if _, err := tx.Exec(ctx, text); err != nil {
					return err
				}
			}
			var cards []giftcard.Card
			for hash, holder := range map[string]customer.ID{"a": card, "b": card, "c": phone, "d": 0} {
				cards = append(cards, giftcard.Card{Name: giftcard.Name{Hash: hash, Source: 1}, Import: 1, Hint: hash, Balance: 1, Holder: holder})
			}
			return s.Giftcards.KeepTx(ctx, tx, cards)
		}))
		holds := func(who customer.ID, want string) {
			t.Helper()
			list, err := s.Giftcards.Of(ctx, []customer.ID{who})
			loyaltytest.Check(t, err)
			got := ""
			for _, c := range list {
				got += c.Hash
			}
			if got != want {
				t.Errorf("customer %s holds %q, want %q", who, got, want)
			}
		}
		first := s.merge(card, phone)
		holds(card, "")
		holds(phone, "abc")
		second := s.merge(phone, third)
		holds(third, "abc")
		s.undo(second.ID)
		holds(phone, "abc")
		loyaltytest.Check(t, d.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE imported_giftcards SET customer_id = $1 WHERE hash = 'b'`, int64(third))
			return err
		}))
		s.undo(first.ID)
		holds(card, "a")
		holds(phone, "c")
		holds(third, "b")
		if _, err := s.Merges.Preview(ctx, card, phone); err != nil {
			t.Error(err)
		}
		holds(card, "a")
	})
}

// What was taken back while two profiles were one is taken back by both when they are
// taken apart; what was agreed to meanwhile stays with the one that stays. A block that
// was set meanwhile holds for both as well.
func TestWhatIsSaidWhileTheyAreOne(t *testing.T) {
	t.Parallel()
	yes := func(ch customer.Channel, p customer.Purpose) customer.Consent {
		return customer.Consent{Channel: ch, Purpose: p, Given: true, Source: "till", Wording: "v1"}
	}
	no := func(ch customer.Channel, p customer.Purpose) customer.Consent {
		return customer.Consent{Channel: ch, Purpose: p, Source: "till"}
	}
	offers := func(ch customer.Channel) customer.Consent { return yes(ch, customer.Marketing) }
	stop := func(ch customer.Channel) customer.Consent { return no(ch, customer.Marketing) }
	tests := map[string]struct {
		from, into, meanwhile []customer.Consent // of the last, one after another
		went, stayed          string             // sms, viber and then data of each, after undoing
	}{
		"a no of all":              {[]customer.Consent{offers(customer.ChannelAny)}, []customer.Consent{offers(customer.ChannelAny)}, []customer.Consent{stop(customer.ChannelAny)}, "no no -", "no no -"},
		"a no of one channel":      {[]customer.Consent{offers(customer.ChannelAny)}, []customer.Consent{offers(customer.ChannelAny)}, []customer.Consent{stop(customer.ChannelSMS)}, "no yes -", "no yes -"},
		"a no where one said yes":  {[]customer.Consent{offers(customer.ChannelSMS)}, nil, []customer.Consent{stop(customer.ChannelAny)}, "no no -", "no no -"},
		"a no, and a yes again":    {[]customer.Consent{offers(customer.ChannelAny)}, nil, []customer.Consent{stop(customer.ChannelAny), offers(customer.ChannelAny)}, "yes yes -", "yes yes -"},
		"a no, and a yes of one":   {[]customer.Consent{offers(customer.ChannelAny)}, nil, []customer.Consent{stop(customer.ChannelAny), offers(customer.ChannelSMS)}, "no no -", "yes no -"},
		"a yes":                    {nil, nil, []customer.Consent{offers(customer.ChannelAny)}, "- - -", "yes yes -"},
		"nothing":                  {[]customer.Consent{offers(customer.ChannelAny)}, []customer.Consent{stop(customer.ChannelAny)}, nil, "yes yes -", "no no -"},
		"a no to data ends others": {[]customer.Consent{offers(customer.ChannelAny), yes(customer.ChannelAny, customer.Data)}, []customer.Consent{stop(customer.ChannelAny)}, []customer.Consent{no(customer.ChannelAny, customer.Data)}, "no no no", "no no no"},
	}
	word := func(list []customer.Consent, ch customer.Channel, p customer.Purpose) string {
		for _, c := range customer.Current(list) {
			if c.Purpose == p && (c.Channel == ch || c.Channel == customer.ChannelAny) {
				return map[bool]string{true: "yes", false: "no"}[c.Given]
			}
		}
		return "-"
	}
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s, ctx, n := newShop(t, d), t.Context(), 0
		says := func(who customer.ID) string {
			said, err := s.Customers.Consents(ctx, who)
			loyaltytest.Check(t, err)
			return word(said, customer.ChannelSMS, customer.Marketing) + " " + word(said, customer.ChannelViber, customer.Marketing) + " " + word(said, customer.ChannelAny, customer.Data)
		}
		for name, tt := range tests {
			n += 2
			from := s.join(customer.New{Identifiers: []customer.Identifier{known(customer.Card, fmt.Sprint(n))}, Consents: tt.from})
			into := s.join(customer.New{Identifiers: []customer.Identifier{known(customer.Card, fmt.Sprint(n+1))}, Consents: tt.into})
			s.Clock.Advance(time.Minute)
			m := s.merge(from, into)
			for _, c := range tt.meanwhile {
				s.Clock.Advance(time.Minute)
				loyaltytest.Check(t, d.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
					return s.Customers.AddConsentsTx(ctx, tx, into, []customer.Consent{c})
				}))
			}
			s.Clock.Advance(time.Minute)
			s.undo(m.ID)
			if went, stayed := says(from), says(into); went != tt.went || stayed != tt.stayed {
				t.Errorf("%s: who went says %s, want %s; who stayed %s, want %s", name, went, tt.went, stayed, tt.stayed)
			}
		}
		s.agrees()
	})
}

// A block that was set while two profiles were one holds for both when they are taken
// apart; one that who stays had before is theirs alone.
func TestBlockedWhileTheyAreOne(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newShop(t, d)
		block := func(who customer.ID) {
			t.Helper()
			loyaltytest.Check(t, d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				_, _, err := s.Customers.SetStateTx(ctx, tx, who, customer.StateBlocked)
				return err
			}))
		}
		join := func(c string) customer.ID {
			return s.join(customer.New{Identifiers: []customer.Identifier{known(customer.Card, c)}})
		}
		from, into := join("1"), join("2")
		m := s.merge(from, into)
		block(into)
		s.undo(m.ID)
		if a, b := s.get(from).State, s.get(into).State; a != customer.StateBlocked || b != customer.StateBlocked {
			t.Errorf("blocked meanwhile they are %s and %s", a, b)
		}
		from, into = join("3"), join("4")
		block(into)
		m = s.merge(from, into)
		s.undo(m.ID)
		if a, b := s.get(from).State, s.get(into).State; a != customer.StateActive || b != customer.StateBlocked {
			t.Errorf("where who stays was blocked before they are %s and %s", a, b)
		}
		s.agrees()
	})
}
