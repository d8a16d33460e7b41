package admin_test

import (
	"context"
	"flag"
	"net/http"
	"strings"
	"testing"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/integration"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/web/webtest"
)

// as adds somebody of a role and gives who they are.
func (c *chain) as(role staff.Role, login string, stores ...catalog.StoreID) staff.Account {
	c.t.Helper()
	a, err := c.Staff.Add(c.t.Context(), staff.By{}, staff.NewAccount{Name: login, Login: login, Role: role, Stores: stores})
	must(c.t, err)
	return a
}

// session is a new one of somebody.
func (c *chain) session(who staff.ID) string {
	c.t.Helper()
	token, _, err := c.Staff.StartSession(c.t.Context(), who, staff.Client{})
	must(c.t, err)
	return token
}

// signed is a browser of somebody who is signed in.
func (c *chain) signed(who staff.ID) *browser {
	c.t.Helper()
	b := c.browser()
	at, err := http.NewRequest(http.MethodGet, c.url, nil)
	must(c.t, err)
	b.client.Jar.SetCookies(at.URL, []*http.Cookie{{Name: "regulars_session", Value: c.session(who)}})
	return b
}

// branch is a second store with a till.
func (c *chain) branch() (store catalog.Store, till catalog.Till) {
	c.t.Helper()
	must(c.t, c.DB.Write(c.t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
		if store, err = c.Catalog.CreateStoreTx(ctx, tx, catalog.NewStore{Code: "S9", Name: "Регистан", Zone: "Asia/Tashkent"}); err == nil {
			till, err = c.Catalog.CreateTillTx(ctx, tx, store.ID, "Касса 9")
		}
		return err
	}))
	return store, till
}

var update = flag.Bool("update", false, "write testdata/matrix.txt anew; read what changed in it")

// Each route answers everybody as testdata/matrix.txt says. The things asked for
// are those of the first store; "far" is the manager of another one. Forms are
// sent empty: what they would say of that is a yes, of an identifier that is
// not there none.
func TestRoleMatrix(t *testing.T) {
	t.Parallel()
	s := open(t, dbtest.Open(t, dbtest.SQLite)).shop()
	s.goods()
	far, _ := s.branch()
	people := map[string]staff.ID{"far": s.as(staff.Manager, "far", far.ID).ID}
	names := []string{"nobody"}
	for _, role := range staff.Roles {
		var stores []catalog.StoreID
		if !role.Everywhere() {
			stores = s.stores()
		}
		people[string(role)] = s.as(role, string(role), stores...).ID
		names = append(names, string(role))
		if role == staff.Manager {
			names = append(names, "far")
		}
	}
	owner := s.signed(people["owner"])
	var keys []catalog.Key
	must(t, s.DB.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, key, err := s.Catalog.IssueKeyTx(ctx, tx, s.till.ID)
		keys = append(keys, key)
		return err
	}))
	at := "/programme/" + s.programme()
	owner.get(at + "/edit")
	owner.post(at+"/edit", owner.form("editor").with("do", "publish")...).is(200)
	owner.post(at + "/preview").is(200)
	preview := owner.path[strings.LastIndexByte(owner.path, '/')+1:]
	product := s.product()

	// Where the path of a route leads: to what is there, and new each time where
	// the route takes it away.
	path := func(pattern string) string {
		folder, _, _ := strings.Cut(strings.TrimPrefix(pattern, "/"), "/")
		id := map[string]func() string{
			"customers": func() string { return s.people[0].String() },
			"receipts":  func() string { return s.sales[0].ID.String() },
			"stores":    func() string { return s.store.ID.String() },
			"tills":     func() string { return s.till.ID.String() },
			"products":  func() string { return product.String() },
			"programme": s.programme,
			"integrations": func() (id string) {
				must(t, s.DB.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
					_, k, err := s.Integrations.IssueTx(ctx, tx, integration.Key{Name: "ERP", Permissions: integration.Permissions})
					id = k.ID.String()
					return err
				}))
				return id
			},
			"staff": func() string {
				login := strings.ToLower(t.Name()) + s.clock.now().Format("150405.000")
				return s.as(staff.Cashier, login, s.stores()...).ID.String()
			},
			"imports": func() string {
				owner := s.signed(people["owner"]) // the sessions of before may have been ended
				owner.send("/imports/new", "people.csv", oneRow, "source", "old", "kind", "customers").is(200)
				return strings.TrimPrefix(owner.path, "/imports/")
			},
		}[folder]
		if before, after, ok := strings.Cut(pattern, "{id}"); ok {
			pattern = before + id() + after
		}
		return strings.NewReplacer("{$}", "", "{key}", keys[0].ID.String(), "{job}", preview, "{field...}", "earn/exclude/products",
			"{list}", "customers", "{token}", "x").Replace(pattern)
	}
	var routes []string
	for _, l := range s.Table() {
		routes = append(routes, l.Pattern)
	}
	webtest.Matrix(t, "testdata/matrix.txt", *update, routes, names, func(route, person string) string {
		method, pattern, _ := strings.Cut(route, " ")
		session := ""
		if person != "nobody" {
			session = s.session(people[person])
		}
		return webtest.Answer(t, method, s.url+path(pattern), session)
	})
}

const oneRow = "Телефон;Имя\n+998 90 111 22 33;Малика\n"

// What is no text is refused everywhere, before any database is asked.
func TestTextIsText(t *testing.T) {
	t.Parallel()
	s := open(t, dbtest.Open(t, dbtest.Postgres)).shop() // SQLite takes anything
	var routes []string
	for _, l := range s.Table() {
		if l.Pattern != "POST /sign-out" {
			routes = append(routes, l.Pattern)
		}
	}
	webtest.Illegible(t, routes, s.url, s.session(s.as(staff.Owner, "text").ID))
}
