package admin_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/admin"
)

// A cashier sees customers of their stores masked, and what was bought there.
func TestWhatACashierSees(t *testing.T) {
	t.Parallel()
	s := open(t, dbtest.Open(t, dbtest.SQLite)).shop()
	s.owner()
	token, _, err := s.Staff.Invite(t.Context(), staff.By{ID: s.ownerID()}, staff.Cashier, s.stores())
	must(t, err)
	cashier := s.browser()
	cashier.post(admin.InvitationPath(token), "name", "Бобур", "login", "bobur", "password", "correct horse battery").is(200).sees("Продажи идут на странице кассы").has("<h1>Главная</h1>")
	// What a cashier sees of a customer is masked.
	// The search stands on the page as it was typed.
	cashier.get("/customers?q=Дилноза+Каримова").is(200).sees("Дилноза К.").lacks("Дилноза Каримова</").lacks("123 45 67")
	cashier.get("/customers/"+s.people[0].String()).is(200).sees("Дилноза К.", "6 050").lacks("Каримова").lacks("1234567").lacks("17.05.1990").lacks(`href="/receipts/`)
	// What was bought where the cashier does not work is not shown.
	var far receipt.Caller
	must(t, s.DB.Write(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
		if far.Store, err = s.Catalog.CreateStoreTx(ctx, tx, catalog.NewStore{Code: "S9", Name: "Регистан", Zone: "Asia/Tashkent"}); err == nil {
			far.Till, err = s.Catalog.CreateTillTx(ctx, tx, far.Store.ID, "Касса 9")
		}
		return err
	}))
	s.sell(far, "far-1", s.people[0], 40_000)
	cashier.get("/customers/"+s.people[0].String()).is(200).sees("1-1", "Чорсу").lacks("far-1").lacks("Регистан")
	nobody := s.browser()
	nobody.get("/customers?q=" + url.QueryEscape("Анна"))
	if nobody.path != "/sign-in?next="+url.QueryEscape("/customers?q="+url.QueryEscape("Анна")) {
		t.Errorf("who signs in does not come back to where they wanted: %s", nobody.path)
	}
}

// Where there are no receipts yet, only those who sell are sent to the till.
func TestWhoIsSentToTheTill(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d)
		s.owner()
		var store catalog.Store
		must(t, s.DB.Write(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
			store, err = s.Catalog.CreateStoreTx(ctx, tx, catalog.NewStore{Code: "S1", Name: "Чорсу", Zone: "Asia/Tashkent"})
			return err
		}))
		for _, role := range staff.Roles {
			if !role.Can(staff.ViewReceipts) {
				continue
			}
			var stores []catalog.StoreID
			if !role.Everywhere() {
				stores = append(stores, store.ID)
			}
			page := s.signed(s.as(role, string(role), stores...).ID).get("/receipts").is(200).sees("Чеков ещё нет")
			if leads := strings.Contains(page.body, "Открыть кассу"); leads != role.Can(staff.Sell) {
				t.Errorf("%s: sent to the till: %v", role, leads)
			}
		}
	})
}

// A cashier recovers neither a phone nor a surname by searching for more and
// more of it, and cannot try for ever.
func TestCashierUnmasksNobodyBySearching(t *testing.T) {
	t.Parallel()
	s := open(t, dbtest.Open(t, dbtest.SQLite)).shop()
	_, err := s.Staff.Add(t.Context(), staff.By{}, staff.NewAccount{Name: "Бобур", Login: "bobur", Password: "correct horse battery", Role: staff.Cashier, Stores: s.stores()})
	must(t, err)
	cashier := s.browser()
	cashier.post("/sign-in", "login", "bobur", "password", "correct horse battery")
	find := func(words string) *browser { return cashier.get("/customers?q=" + url.QueryEscape(words)) }
	for _, words := range []string{"4567", "+998 90 123-45-67", "2000100000", "дилноза каримова"} {
		find(words).is(200).sees("Дилноза К.").lacks("Каримова<")
	}
	for _, words := range []string{"34567", "234567", "90123", "20001", "Дилноза", "Дилноза Кар", "Каримова", "Д К"} {
		find(words).is(200).lacks("Дилноза К.")
	}
	for range 60 {
		find("0000")
	}
	find("4567").is(http.StatusTooManyRequests)
	cashier.get("/customers/" + s.people[0].String()).is(http.StatusTooManyRequests)
}
