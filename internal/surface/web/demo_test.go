package web_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/i18n"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/loyaltytest"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/web"
)

// demo is a surface as the real ones are, small enough to see whole.
type demo struct {
	*web.Shell
	pages    *web.Pages
	log      *bytes.Buffer
	registry *prometheus.Registry
	handler  http.Handler
	clock    *loyaltytest.Clock
	staff    *staff.Service
	owner    staff.ID
	cashier  staff.ID
}

// words are the program's own with those of the demo beside them.
func words(t testing.TB) *i18n.Bundle {
	t.Helper()
	all := fstest.MapFS{}
	for _, dir := range []string{"../../base/i18n/locales", "testdata"} {
		files, err := filepath.Glob(filepath.Join(dir, "*.toml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			all[filepath.Base(file)] = &fstest.MapFile{Data: text}
		}
	}
	b, err := i18n.LoadFS(all)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

type row struct {
	ID                       int
	Name, Phone, State, Kind string
	Spent                    money.Amount
	Points                   money.Points
	Last                     time.Time
}

type listPage struct {
	URL    web.Link
	Count  int
	Share  money.Rate
	Sum    money.Amount
	Points money.Points
	States []web.Option
	Rows   []row
	Form   *web.Form
	Last   time.Time
	Left   time.Duration
}

func (d *demo) list(r *http.Request) listPage {
	p := listPage{
		URL: web.LinkOf(r), Count: 23_412, Share: 7790, Sum: 125_000_000_000, Points: 4_120_950_00,
		States: []web.Option{{Text: "Все / All"}, {Value: "active", Text: "Active"}, {Value: "lost", Text: "Lost"}},
		Form:   web.NewForm(map[string]string{"name": "Дилноза Каримова", "rate": "5", "state": "active"}),
		Last:   d.clock.Now(), Left: 31 * time.Second,
	}
	for i := range 12 {
		p.Rows = append(p.Rows, row{
			ID: i, Name: []string{"Дилноза Каримова", "Рустам Юсупов", "Oʻktam Gʻaniyev", "Екатерина Александровна Константинопольская-Рождественская"}[i%4],
			Phone: "+998 90 123-45-67", State: []string{"Активный", "Спит", "Потерян"}[i%3], Kind: []string{"good", "warn", "bad"}[i%3],
			Spent: money.Amount(i*i*12_345_600 + 450_000), Points: money.Points(i * 12_350), Last: d.clock.Now().AddDate(0, 0, -i*9),
		})
	}
	return p
}

// newDemo makes a demo whose staff is in a database; without one nobody can
// sign in.
func newDemo(t testing.TB, store *db.DB, change ...func(*web.Options)) *demo {
	t.Helper()
	at := loyaltytest.New(t, store, loyaltytest.Options{})
	d := &demo{log: &bytes.Buffer{}, registry: prometheus.NewRegistry(), clock: at.Clock}
	if store != nil {
		shop, _ := at.OpenStore(t, catalog.NewStore{Code: "1", Name: "Chilonzor", Zone: "Asia/Tashkent"})
		add := func(a staff.NewAccount) staff.ID {
			added, err := at.Staff.Add(t.Context(), staff.By{}, a)
			loyaltytest.Check(t, err)
			return added.ID
		}
		d.staff = at.Staff
		d.owner = add(staff.NewAccount{Name: "Азиза Рахимова", Login: "aziza", Role: staff.Owner})
		d.cashier = add(staff.NewAccount{Name: "Касса 3", Login: "till", Role: staff.Cashier, Stores: []catalog.StoreID{shop.ID}})
	}
	o := web.Options{
		Bundle: words(t), Now: d.clock.Now, Staff: d.staff, Registry: d.registry,
		Log: slog.New(slog.NewJSONHandler(&lockedWriter{w: d.log}, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Settings: func() web.Settings {
			return web.Settings{Name: "Bahor", Currency: money.Currency{Code: "UZS", Exponent: 2}, Zone: time.FixedZone("Asia/Tashkent", 5*3600), Language: "en"}
		},
	}
	for _, f := range change {
		f(&o)
	}
	var err error
	if d.Shell, err = web.New(o); err != nil {
		t.Fatal(err)
	}
	sub := os.DirFS("testdata/pages")
	d.pages, err = d.Pages(sub, web.Nav{
		Home: "/customers", SignOut: "/sign-out",
		Search: &web.Search{Href: "/customers", Text: "demo.search", Permission: staff.ViewCustomers},
		Items: []web.NavItem{
			{Key: "customers", Text: "demo.customers", Icon: "users", Href: "/customers", Go: "c", Group: "demo.base", Permission: staff.ViewCustomers},
			{Key: "receipts", Text: "demo.receipts", Icon: "receipt", Href: "/card", Go: "r", Group: "demo.base", Permission: staff.ViewReceipts},
			{Key: "stores", Text: "demo.stores", Icon: "building-store", Href: "/stores", Go: "s", Group: "demo.setup", Permission: staff.ManageStores},
			{Key: "programme", Text: "demo.programme", Icon: "gift", Href: "/programme", Go: "p", Group: "demo.setup", Permission: staff.ManageProgramme},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	d.Routes(mux)
	d.routes(mux)
	d.handler = d.Middleware(mux)
	return d
}

func (d *demo) routes(mux *http.ServeMux) {
	mux.Handle("GET /customers", d.Require(staff.ViewCustomers, func(w http.ResponseWriter, r *http.Request) error {
		return d.pages.Render(w, r, "customers", d.list(r))
	}))
	mux.Handle("GET /card", d.Require(staff.ViewCustomers, func(w http.ResponseWriter, r *http.Request) error {
		return d.pages.Render(w, r, "card", d.list(r))
	}))
	mux.Handle("POST /card", d.Require(staff.EditCustomers, func(w http.ResponseWriter, r *http.Request) error {
		form, err := web.ReadForm(r)
		if err != nil {
			return err
		}
		p := d.list(r)
		p.Form = form
		_, err = web.Loc(r.Context()).ParsePercent(form.Get("rate"))
		form.Check("rate", err)
		if !form.OK() {
			return d.pages.Fragment(w, r, http.StatusUnprocessableEntity, "card", "form", p)
		}
		d.SetFlash(w, r, "good", web.Loc(r.Context()).T("demo.saved", "name", form.Get("name")))
		web.Redirect(w, r, "/customers")
		return nil
	}))
	mux.Handle("GET /sign-in", d.Handle(func(w http.ResponseWriter, r *http.Request) error {
		return d.pages.Render(w, r, "signin", nil)
	}))
	mux.Handle("POST /sign-in", d.Handle(func(w http.ResponseWriter, r *http.Request) error {
		form, err := web.ReadForm(r)
		if err != nil {
			return err
		}
		id := d.owner
		if form.Get("login") == "till" {
			id = d.cashier
		}
		if err := d.StartSession(w, r, id); err != nil {
			return err
		}
		web.Redirect(w, r, "/customers")
		return nil
	}))
	mux.Handle("POST /sign-out", d.Handle(func(w http.ResponseWriter, r *http.Request) error {
		if err := d.EndSession(w, r); err != nil {
			return err
		}
		web.Redirect(w, r, "/sign-in")
		return nil
	}))
	mux.Handle("GET /panic", d.Handle(func(http.ResponseWriter, *http.Request) error { panic("a bug") }))
	mux.Handle("GET /wrong/{kind}", d.Handle(func(_ http.ResponseWriter, r *http.Request) error {
		return errs.New(errs.Kind(r.PathValue("kind")), "demo_code", "Demo.")
	}))
	mux.Handle("GET /slow", d.Handle(func(_ http.ResponseWriter, r *http.Request) error {
		<-r.Context().Done()
		return r.Context().Err()
	}))
	mux.Handle("POST /echo", d.Handle(echo))
	mux.Handle("POST /large", d.Allow(2<<20, time.Minute, echo))
}

func echo(w http.ResponseWriter, r *http.Request) error {
	var b bytes.Buffer
	if _, err := b.ReadFrom(r.Body); err != nil {
		return web.BodyError(err)
	}
	_, err := w.Write(b.Bytes())
	return err
}

type lockedWriter struct {
	mu sync.Mutex
	w  *bytes.Buffer
}

func (l *lockedWriter) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(b)
}

// do sends a request as a browser that is signed in as id; 0: as nobody.
func (d *demo) do(t testing.TB, id staff.ID, req *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	if req.Header.Get("Accept") == "" {
		req.Header.Set("Accept", "text/html")
	}
	if id != 0 {
		token, _, err := d.staff.StartSession(t.Context(), id, staff.Client{})
		if err != nil {
			t.Fatal(err)
		}
		req.AddCookie(&http.Cookie{Name: "regulars_session", Value: token})
	}
	rec := httptest.NewRecorder()
	d.handler.ServeHTTP(rec, req)
	return rec
}

func get(path string, header ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}
