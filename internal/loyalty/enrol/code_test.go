package enrol_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/settings"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/confirm"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/enrol"
	"regulars/internal/loyalty/loyaltytest"
	"regulars/internal/loyalty/staff"
)

// coded is a world whose tills ask for codes.
type coded struct {
	*world
	tills []catalog.Till
}

func newCoded(t *testing.T, d *db.DB, way settings.Code) *coded {
	t.Helper()
	w := &coded{world: newWorld(t, d)}
	w.AskForCodes(t, way)
	_, w.tills = w.OpenStore(t, catalog.NewStore{Name: "Yunusobod", Zone: "Asia/Tashkent"}, "1", "2")
	return w
}

// code asks for one and gives it as the customer does.
func (w *coded) code(till int, to string) confirm.Given {
	w.t.Helper()
	c, err := w.send(till, to)
	loyaltytest.Check(w.t, err)
	said, _ := w.Sent.Last()
	return confirm.Given{ID: c.ID, Code: said}
}

func (w *coded) send(till int, to string) (confirm.Confirmation, error) {
	return w.Enrol.SendCode(w.t.Context(), w.tills[till].ID, customer.Identifier{Kind: customer.Phone, Value: "+998" + to})
}

func (w *coded) join(till int, given confirm.Given, key string, known ...customer.Identifier) (enrol.Result, bool, error) {
	in := customer.New{FirstName: "Anna", LastName: "Karimova", Source: "till", HomeStore: w.store.ID, Identifiers: known}
	return w.Enrol.RegisterOnce(w.t.Context(), w.store, int64(w.cashier), in, enrol.Call{Till: w.tills[till].ID, Key: key, Print: "p", Confirmation: given})
}

// known is what is known of a phone.
func (w *coded) known(raw string) customer.Contact {
	w.t.Helper()
	i := phone("+998" + raw)
	list, err := w.Customers.Contacts(w.t.Context(), []customer.Identifier{i})
	loyaltytest.Check(w.t, err)
	return list[i]
}

func (w *coded) balance(who customer.ID) string {
	w.t.Helper()
	account, err := w.Ledger.Get(w.t.Context(), who)
	loyaltytest.Check(w.t, err)
	return account.Balance().String()
}

func other(code string) string {
	if code == "123456" {
		return "654321"
	}
	return "123456"
}

// Where a phone always needs a code it is registered with the right one, once, for that
// phone and at that till, and all others are answered alike, whosever the phone is.
func TestAPhoneIsRegisteredWithItsCode(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newCoded(t, d, settings.AlwaysCode)
		olim, _ := w.register(customer.New{FirstName: "Olim", Identifiers: []customer.Identifier{phone("909999999")}})
		for _, p := range []string{"901234567", "909999999"} { // nobody's, and somebody's
			if _, _, err := w.join(0, confirm.Given{}, "", phone(p)); !errors.Is(err, confirm.ErrPhoneNeeded) {
				t.Errorf("without a code: %v", err)
			}
			if _, err := w.send(0, p); err != nil || !strings.Contains(w.Sent.Body(), `"for":"registration"`) || !strings.Contains(w.Sent.Body(), `"phone":"+998`+p+`"`) || strings.Contains(w.Sent.Body(), `"customer"`) {
				t.Errorf("the message is %s, %v", w.Sent.Body(), err)
			}
		}
		var points confirm.Confirmation
		loyaltytest.Check(t, d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
			points, err = w.Confirm.MakeTx(ctx, tx, olim.ID, w.tills[0].ID, 10_00)
			return err
		}))
		w.Confirm.Wake()
		ofPoints, _ := w.Sent.Last()
		given := w.code(0, "901234567")
		for name, try := range map[string]func() error{
			"a wrong code": func() error {
				_, _, err := w.join(0, confirm.Given{ID: given.ID, Code: other(given.Code)}, "", phone("901234567"))
				return err
			},
			"no such code": func() error {
				_, _, err := w.join(0, confirm.Given{ID: 1, Code: given.Code}, "", phone("901234567"))
				return err
			},
			"another till":  func() error { _, _, err := w.join(1, given, "", phone("901234567")); return err },
			"another phone": func() error { _, _, err := w.join(0, given, "", phone("909999999")); return err },
			"two phones":    func() error { _, _, err := w.join(0, given, "", phone("901234567"), phone("909999999")); return err },
			"for points": func() error {
				_, _, err := w.join(0, confirm.Given{ID: points.ID, Code: ofPoints}, "", phone("909999999"))
				return err
			},
			"no phone": func() error { _, _, err := w.join(0, given, "", card("1")); return err },
		} {
			if err := try(); !errors.Is(err, confirm.ErrWrong) {
				t.Errorf("%s: %v", name, err)
			}
		}
		res, _, err := w.join(0, given, "k", phone("901234567"))
		if err != nil || !res.Created || res.NoBonus != "" || w.balance(res.ID) != "50.00" {
			t.Fatalf("with the code: %+v has %s, %v", res, w.balance(res.ID), err)
		}
		if c := w.known("901234567"); c.Quality != customer.Verified || c.Reason != customer.ByCode || !c.Since.Equal(w.Now()) || c.Staff != int64(w.cashier) || c.Store != w.store.ID || c.Judge != 0 {
			t.Errorf("of the phone is known %+v", c)
		}
		if again, replayed, err := w.join(0, given, "k", phone("901234567")); err != nil || !replayed || again.ID != res.ID {
			t.Errorf("sent again: %v, %v", replayed, err)
		}
		if _, _, err := w.join(0, given, "other", phone("901234567")); !errors.Is(err, confirm.ErrWrong) {
			t.Errorf("used twice: %v", err)
		}
		// Who has no phone needs no code, and has no bonus; the office and files are not asked.
		if res, _, err := w.join(0, confirm.Given{}, "", customer.Identifier{Kind: customer.Email, Value: "a@example.com"}); err != nil || res.NoBonus != enrol.NoBonusCode {
			t.Errorf("by e-mail: %+v, %v", res, err)
		}
		if res, got := w.register(customer.New{FirstName: "Rustam", Identifiers: []customer.Identifier{phone("905554433")}}); res.NoBonus != "" || got != bonus || w.known("905554433").Quality != "" {
			t.Errorf("in the office: %+v has %v, %+v", res, got, w.known("905554433"))
		}
		// A phone that stays with somebody else is known to be reached.
		res, _, err = w.join(0, w.code(0, "909999999"), "", phone("909999999"), card("77"))
		if err != nil || len(res.Taken) != 1 || res.NoBonus != enrol.NoBonusTaken || w.known("909999999").Quality != customer.Verified {
			t.Errorf("of somebody else: %+v, %v, %+v", res, err, w.known("909999999"))
		}
	})
}

// Where the code may be skipped, the phone is kept as not confirmed and brings no bonus,
// until a code, or a person, says otherwise.
func TestACodeIsSkipped(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newCoded(t, d, settings.AskCode)
		given := w.code(0, "901234567")
		given.Code = other(given.Code)
		if _, _, err := w.join(0, given, "", phone("901234567")); !errors.Is(err, confirm.ErrWrong) {
			t.Errorf("a wrong code: %v", err)
		}
		res, _, err := w.join(0, confirm.Given{}, "", phone("901234567"))
		if c := w.known("901234567"); err != nil || res.NoBonus != enrol.NoBonusCode || w.balance(res.ID) != "0.00" || c.Quality != customer.Suspect || c.Reason != customer.Unconfirmed {
			t.Fatalf("skipped: %+v, %v, %+v", res, err, c)
		}
		again, _, err := w.join(0, w.code(0, "901234567"), "", phone("901234567"))
		if err != nil || again.ID != res.ID || w.known("901234567").Quality != customer.Verified || w.balance(res.ID) != "0.00" {
			t.Errorf("confirmed later: %+v, %v", again, err)
		}

		w.AskForCodes(t, settings.NoCode)
		if _, err := w.send(0, "907777777"); !errors.Is(err, confirm.ErrPhoneNotNeeded) {
			t.Errorf("a code that nobody asks for: %v", err)
		}
		if res, _, err := w.join(0, confirm.Given{}, "", phone("906543210")); err != nil || res.NoBonus != "" || w.known("906543210").Quality != "" {
			t.Errorf("not asked: %+v, %v", res, err)
		}
	})
}

// A code is void after five tries and five minutes; three go to a phone in ten minutes,
// from whichever tills, and the phone is forgotten after them.
func TestCodesToAPhoneAreFew(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newCoded(t, d, settings.AlwaysCode)
		tried := w.code(0, "901234567")
		for range confirm.MaxTries {
			if _, _, err := w.join(0, confirm.Given{ID: tried.ID, Code: other(tried.Code)}, "", phone("901234567")); !errors.Is(err, confirm.ErrWrong) {
				t.Errorf("a wrong code: %v", err)
			}
		}
		if _, _, err := w.join(0, tried, "", phone("901234567")); !errors.Is(err, confirm.ErrWrong) {
			t.Errorf("the sixth try: %v", err)
		}
		var (
			together sync.WaitGroup
			failures [6]error
			sent     int
		)
		for i := range failures { // at once, from both tills
			together.Go(func() { _, failures[i] = w.send(i%2, "901234567") })
		}
		together.Wait()
		for _, err := range failures {
			if err == nil {
				sent++
			} else if !errors.Is(err, confirm.ErrPhoneTooMany) {
				t.Error(err)
			}
		}
		if sent != confirm.MaxMade-1 {
			t.Errorf("%d more codes were sent", sent)
		}
		old := w.code(0, "907654321")
		w.Clock.Advance(confirm.ValidFor)
		if _, _, err := w.join(0, old, "", phone("907654321")); !errors.Is(err, confirm.ErrWrong) {
			t.Errorf("after five minutes: %v", err)
		}
		phones := func() (n int) {
			loyaltytest.Check(t, d.QueryRow(t.Context(), `SELECT COUNT(*) FROM confirmations WHERE phone <> ''`).Scan(&n))
			return n
		}
		if n := phones(); n != 4 {
			t.Errorf("%d phones are kept", n)
		}
		w.Clock.Advance(confirm.MadeWithin - confirm.ValidFor)
		w.code(0, "901234567")
		if n := phones(); n != 1 {
			t.Errorf("%d phones are kept after ten minutes", n)
		}
		w.Clock.Advance(confirm.MadeWithin)
		loyaltytest.Check(t, w.Confirm.Forget(t.Context()))
		if n := phones(); n != 0 {
			t.Errorf("%d phones are kept after the night", n)
		}

		for i := range confirm.MaxOfTill {
			if _, err := w.send(1, fmt.Sprint(901000000+i)); err != nil {
				t.Fatal(i, err)
			}
		}
		if _, err := w.send(1, "901000099"); !errors.Is(err, confirm.ErrTillTooMany) {
			t.Errorf("one more of the till: %v", err)
		}
	})
}

// One code for several registrations at once is good for one of them.
func TestOneCodeOfAPhoneRaces(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newCoded(t, d, settings.AlwaysCode)
		given := w.code(0, "901234567")
		var (
			together sync.WaitGroup
			failures [4]error
			made     [4]enrol.Result
		)
		for i := range failures {
			in := customer.New{FirstName: "Anna", LastName: "Karimova", Source: "till", HomeStore: w.store.ID, Identifiers: []customer.Identifier{phone("901234567")}}
			if i%2 == 1 { // somebody else with the same phone
				in.FirstName, in.Identifiers = "Olim", append(in.Identifiers, card("77"))
			}
			together.Go(func() {
				made[i], _, failures[i] = w.Enrol.RegisterOnce(t.Context(), w.store, 0, in, enrol.Call{Till: w.tills[0].ID, Confirmation: given})
			})
		}
		together.Wait()
		good := 0
		for i, err := range failures {
			switch {
			case err == nil:
				if good++; !made[i].Created {
					t.Errorf("found: %+v", made[i])
				}
			case !errors.Is(err, confirm.ErrWrong):
				t.Errorf("another: %v", err)
			}
		}
		var people int
		loyaltytest.Check(t, d.QueryRow(t.Context(), `SELECT COUNT(*) FROM customers`).Scan(&people))
		if good != 1 || people != 1 {
			t.Errorf("%d registrations by one code, %d people: %v", good, people, failures)
		}
	})
}

// What is known of a phone stays with it through a merge and its undoing, and goes with
// whoever is forgotten; their codes that are on their way are void.
func TestAConfirmedPhoneGoesWithItsOwner(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newCoded(t, d, settings.AlwaysCode)
		ctx := t.Context()
		res, _, err := w.join(0, w.code(0, "901234567"), "", phone("901234567"))
		loyaltytest.Check(t, err)
		into, _ := w.register(customer.New{FirstName: "Anna", Identifiers: []customer.Identifier{card("1")}})
		_, err = w.Merges.Merge(ctx, res.ID, into.ID, w.cashier, nil)
		loyaltytest.Check(t, err)
		merges, err := w.Merges.Of(ctx, into.ID)
		loyaltytest.Check(t, err)
		if w.known("901234567").Quality != customer.Verified {
			t.Error("merged, and the phone is not confirmed")
		}
		var file strings.Builder
		loyaltytest.Check(t, w.Privacy.Export(ctx, into.ID, &file))
		for _, want := range []string{`"quality": "verified"`, `"reason": "code"`, `"since": "`, `"points": "0.00"`, `"confirmed_at": "`} {
			if !strings.Contains(file.String(), want) {
				t.Errorf("the file lacks %s", want)
			}
		}
		loyaltytest.Check(t, w.Merges.Undo(ctx, merges[0].ID, w.cashier, nil))
		if w.known("901234567").Quality != customer.Verified {
			t.Error("undone, and the phone is not confirmed")
		}
		onItsWay := w.code(0, "901234567")
		_, err = w.Privacy.Erase(ctx, res.ID, staff.By{ID: w.cashier}, "asked")
		loyaltytest.Check(t, err)
		var kept int
		loyaltytest.Check(t, d.QueryRow(ctx, `SELECT COUNT(*) FROM confirmations WHERE phone <> ''`).Scan(&kept))
		if kept != 0 || w.known("901234567").Quality != "" {
			t.Errorf("forgotten, and %d codes and %+v are left", kept, w.known("901234567"))
		}
		if _, _, err := w.join(0, onItsWay, "", phone("901234567")); !errors.Is(err, confirm.ErrWrong) {
			t.Errorf("a code of before: %v", err)
		}
	})
}
