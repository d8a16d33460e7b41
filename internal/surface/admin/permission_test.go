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

// Each route lets in whom the table says, and nobody else: without an account
// one is sent to sign in, a cashier gets as far as a cashier may.
func TestWhoMayOpenWhat(t *testing.T) {
	t.Parallel()
	s := open(t, dbtest.Open(t, dbtest.SQLite)).shop()
	s.owner()
	token, _, err := s.Staff.Invite(t.Context(), staff.By{ID: s.ownerID()}, staff.Cashier, s.stores())
	must(t, err)
	cashier := s.browser()
	cashier.post(admin.InvitationPath(token), "name", "Бобур", "login", "bobur", "password", "correct horse battery").is(200).sees("Продажи идут на странице кассы").has("<h1>Главная</h1>")
	nobody := s.browser()

	ids := strings.NewReplacer("{id}", "1", "{key}", "1", "{field...}", "earn/exclude/products", "{job}", "1", "{token}", "x", "{$}", "")
	seen := 0
	for _, l := range s.Table() {
		method, path, _ := strings.Cut(l.Pattern, " ")
		path = ids.Replace(path)
		ask := func(b *browser) *browser {
			if method == http.MethodGet {
				return b.get(path)
			}
			return b.post(path)
		}
		if l.Anybody {
			continue
		}
		seen++
		if ask(nobody); nobody.path != "/sign-in" && !strings.HasPrefix(nobody.path, "/sign-in?next=") {
			t.Errorf("%s: nobody got to %s (%d)", l.Pattern, nobody.path, nobody.status)
		}
		if method == http.MethodPost && (path == "/account/password" || path == "/account/sessions") {
			continue // ends the session that the rest needs
		}
		may := l.SignedIn || staff.Cashier.Can(l.Needs)
		if ask(cashier); (cashier.status == http.StatusForbidden) == may {
			t.Errorf("%s: a cashier is answered %d at %s", l.Pattern, cashier.status, cashier.path)
		}
	}
	if seen < 60 {
		t.Errorf("only %d routes were tried", seen)
	}

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
	nobody.get("/customers?q=" + url.QueryEscape("Анна"))
	if nobody.path != "/sign-in?next="+url.QueryEscape("/customers?q="+url.QueryEscape("Анна")) {
		t.Errorf("who signs in does not come back to where they wanted: %s", nobody.path)
	}
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
