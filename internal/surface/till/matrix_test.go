package till_test

import (
	"flag"
	"net/http"
	"strings"
	"testing"

	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/web/webtest"
)

var update = flag.Bool("update", false, "write testdata/matrix.txt anew; read what changed in it")

// Each route answers everybody as testdata/matrix.txt says; "far" is the manager
// of another store than the one of the receipt that is asked for. Forms are sent
// empty, which names no till: none.
func TestRoleMatrix(t *testing.T) {
	t.Parallel()
	s := newSite(t, dbtest.Open(t, dbtest.SQLite))
	by := receipt.Caller{Till: s.tills[0], Store: s.stores[0]}
	draft := receipt.Draft{Lines: []receipt.DraftLine{{SKU: "bag", Quantity: money.One, Price: 1000 * money.PriceScale}}}
	q, err := s.Receipts.Quote(t.Context(), by, draft)
	check(t, err)
	sale, _, err := s.Receipts.Commit(t.Context(), by, receipt.Sale{Number: "m-1", Draft: draft, Quote: q.ID})
	check(t, err)
	names, people := []string{"nobody"}, map[string]staff.ID{}
	add := func(name string, role staff.Role, stores ...catalog.StoreID) {
		a, err := s.Staff.Add(t.Context(), staff.By{}, staff.NewAccount{Name: name, Login: "matrix-" + name, Role: role, Stores: stores})
		check(t, err)
		people[name], names = a.ID, append(names, name)
	}
	for _, role := range staff.Roles {
		if role.Everywhere() {
			add(string(role), role)
		} else {
			add(string(role), role, s.stores[0].ID)
		}
	}
	add("far", staff.Manager, s.stores[1].ID)
	webtest.Matrix(t, "testdata/matrix.txt", *update, s.surface.Patterns(), names, func(route, person string) string {
		method, path, _ := strings.Cut(route, " ")
		session := ""
		if person != "nobody" {
			token, _, err := s.Staff.StartSession(t.Context(), people[person], staff.Client{})
			check(t, err)
			session = token
		}
		at := s.tills[0]
		if person == "far" {
			at = s.tills[2]
		}
		answer := webtest.Answer(t, method, s.server.URL+strings.Replace(path, "{id}", sale.ID.String(), 1), session, &http.Cookie{Name: "till", Value: at.ID.String()})
		if method == http.MethodPost && path == "/till/choose" && answer == "none" {
			return "yes" // they may choose, and have chosen none
		}
		return answer
	})
}

// What is no text is refused everywhere, before any database is asked.
func TestTextIsText(t *testing.T) {
	t.Parallel()
	s := newSite(t, dbtest.Open(t, dbtest.Postgres)) // SQLite takes anything
	a, err := s.Staff.Add(t.Context(), staff.By{}, staff.NewAccount{Name: "text", Login: "text", Role: staff.Owner})
	check(t, err)
	session, _, err := s.Staff.StartSession(t.Context(), a.ID, staff.Client{})
	check(t, err)
	webtest.Illegible(t, s.surface.Patterns(), s.server.URL, session, &http.Cookie{Name: "till", Value: s.tills[0].ID.String()})
}
