package enrol_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/enrol"
	"regulars/internal/loyalty/loyaltytest"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/staff"
)

const bonus = 50_00

type world struct {
	*loyaltytest.Installation
	t       *testing.T
	store   catalog.Store
	cashier staff.ID
}

func newWorld(t *testing.T, d *db.DB) *world {
	t.Helper()
	w := &world{Installation: loyaltytest.New(t, d, loyaltytest.Options{}), t: t}
	w.store, _ = w.OpenStore(t, catalog.NewStore{Name: "Chilonzor", Zone: "Asia/Tashkent"})
	rules := programme.Default(w.Currency)
	rules.Welcome = programme.Welcome{Points: bonus}
	_, err := w.Programmes.Install(t.Context(), "Regulars", rules, w.Now().Add(-time.Hour), 0)
	loyaltytest.Check(t, err)
	cashier, err := w.Staff.Add(t.Context(), staff.By{}, staff.NewAccount{Name: "Zarina", Login: "zarina", Password: "a long password", Role: staff.Cashier, Stores: []catalog.StoreID{w.store.ID}})
	loyaltytest.Check(t, err)
	w.cashier = cashier.ID
	return w
}

func (w *world) register(in customer.New) (enrol.Result, money.Points) {
	w.t.Helper()
	in.Source, in.Till, in.HomeStore = "till", "Till 1", w.store.ID
	res, err := w.Enrol.Register(w.t.Context(), w.store, int64(w.cashier), in)
	loyaltytest.Check(w.t, err)
	account, err := w.Ledger.Get(w.t.Context(), res.ID)
	loyaltytest.Check(w.t, err)
	return res, account.Balance()
}

func phone(raw string) customer.Identifier {
	return customer.Identifier{Kind: customer.Phone, Value: raw}
}

func card(raw string) customer.Identifier {
	return customer.Identifier{Kind: customer.Card, Value: raw}
}

// One phone brings one welcome bonus, whatever names and invented cards it
// comes with, and a card alone brings none.
func TestOnePhoneOneWelcomeBonus(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		res, got := w.register(customer.New{FirstName: "Anna", LastName: "Karimova", Identifiers: []customer.Identifier{phone("901234567"), card("1")}})
		if !res.Created || res.NoBonus != "" || got != bonus {
			t.Fatalf("the first: %+v has %v", res, got)
		}
		for i := range 20 {
			res, got := w.register(customer.New{FirstName: fmt.Sprint("N", i), Identifiers: []customer.Identifier{phone("901234567"), card(fmt.Sprint("W", i))}})
			if !res.Created || res.NoBonus != enrol.NoBonusTaken || got != 0 {
				t.Errorf("under another name: %+v has %v", res, got)
			}
			res, got = w.register(customer.New{FirstName: "Anna", Identifiers: []customer.Identifier{card(fmt.Sprint("C", i)), {Kind: customer.External, Value: fmt.Sprint(i)}}})
			if !res.Created || res.NoBonus != enrol.NoBonusContact || got != 0 {
				t.Errorf("by a card alone: %+v has %v", res, got)
			}
		}
		if res, got := w.register(customer.New{FirstName: "Anna", Identifiers: []customer.Identifier{{Kind: customer.Email, Value: "a@example.com"}, card("2")}}); res.NoBonus != "" || got != bonus {
			t.Errorf("by an e-mail: %+v has %v", res, got)
		}
	})
}

// What a known profile gets by a registration is in the audit log, with the
// till and who stood there; what it did not get is not.
func TestAdditionsToAProfileAreAudited(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		yes := []customer.Consent{{Channel: customer.ChannelAny, Purpose: customer.Marketing, Given: true, Wording: "v1"}}
		anna, _ := w.register(customer.New{FirstName: "Anna", LastName: "Karimova", Identifiers: []customer.Identifier{phone("901234567")}})
		lines := func() []staff.Entry {
			list, _, err := w.Staff.Audit(t.Context(), staff.Filter{Subject: "customer:" + anna.ID.String()}, "", 10)
			if err != nil {
				t.Fatal(err)
			}
			return list
		}
		w.register(customer.New{City: "Nowhere", Consents: yes, Identifiers: []customer.Identifier{phone("901234567"), card("66666666")}})
		if list := lines(); len(list) != 0 {
			t.Errorf("nothing was added, and yet: %+v", list)
		}
		w.register(customer.New{FirstName: "Anna", LastName: "Karimova", City: "Tashkent", Consents: yes, Identifiers: []customer.Identifier{phone("901234567"), card("29000001")}})
		list := lines()
		if len(list) != 1 || list[0].Action != "customer.completed" || list[0].Actor != w.cashier {
			t.Fatalf("the log says %+v", list)
		}
		for _, want := range []string{`"till":"Till 1"`, `"store":"` + w.store.ID.String() + `"`, `"city"`, `0001"`, `"marketing"`} {
			if !strings.Contains(string(list[0].After), want) {
				t.Errorf("%s lacks %s", list[0].After, want)
			}
		}
		if strings.Contains(string(list[0].After), "29000001") {
			t.Errorf("the log holds the card: %s", list[0].After)
		}
		// What is said again adds nothing.
		w.Clock.Advance(time.Hour)
		again := customer.New{FirstName: "Anna", LastName: "Karimova", City: "Tashkent", Consents: yes, Identifiers: []customer.Identifier{phone("901234567"), card("29000001")}}
		if w.register(again); len(lines()) != 1 {
			t.Errorf("said again, and the log says %+v", lines())
		}
	})
}
