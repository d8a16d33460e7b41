package api_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"

	"regulars/internal/base/db"
	"regulars/internal/base/i18n"
	"regulars/internal/base/id"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/integration"
	"regulars/internal/loyalty/loyaltytest"
	"regulars/internal/loyalty/programme"
	"regulars/internal/surface/api"
	"regulars/internal/surface/web"
)

// site is the API with everything behind it, on a database of its own: one
// shop with two tills, some goods, and a programme.
type site struct {
	*loyaltytest.Installation
	t       testing.TB
	api     *api.API
	handler http.Handler

	store catalog.Store
	tills []catalog.Till
	keys  []string // one for each till
	mark  int64    // the last event that was seen

	contract *contract
}

// people and sales make ids that the site would give if there were such a
// customer or receipt.
var (
	people = id.NewSealer(loyaltytest.Secret, "customer")
	sales  = id.NewSealer(loyaltytest.Secret, "receipt")
)

// options change a site before it is made.
type options struct {
	rules    func(*programme.Rules)
	currency string
	api      func(*api.Config)
	now      func() time.Time // instead of the site's clock
	join     *site            // another process of this one's installation
}

func newSite(t testing.TB, d *db.DB, o options) *site {
	t.Helper()
	in := loyaltytest.Options{Currency: o.currency, Now: o.now}
	if o.join != nil {
		in.Join = o.join.Installation
	}
	s := &site{Installation: loyaltytest.New(t, d, in), t: t}
	if o.join == nil {
		s.fill(o)
	} else {
		s.store, s.tills, s.keys = o.join.store, o.join.tills, o.join.keys
	}

	bundle, err := i18n.Load()
	check(t, err)
	shell, err := web.New(web.Options{
		Bundle: bundle, Now: s.Now, Log: slog.New(slog.NewTextHandler(s.Log, &slog.HandlerOptions{Level: slog.LevelWarn})),
		Settings: func() web.Settings {
			return web.Settings{Name: "Bahor", Currency: s.Currency, Zone: s.store.Zone, Language: "en"}
		},
	})
	check(t, err)
	c := api.Config{
		Services: s.Services, Shell: shell, Now: s.Now, Bundle: bundle, Secret: loyaltytest.Secret, Version: "test",
	}
	if o.api != nil {
		o.api(&c)
	}
	s.api, err = api.New(c)
	check(t, err)
	mux := http.NewServeMux()
	shell.Routes(mux)
	s.api.Routes(mux)
	s.handler = shell.Middleware(mux)
	s.contract = newContract(t, s.do(call{method: http.MethodGet, path: "/openapi.json", key: "-"}).is(http.StatusOK).text)
	return s
}

func (s *site) fill(o options) {
	ctx, t := s.t.Context(), s.t
	r := rules(s.Currency)
	if o.rules != nil {
		o.rules(r)
	}
	if r.Redeem.ConfirmFrom > 0 {
		s.SendCodes(t)
	}
	_, err := s.Programmes.Install(ctx, "Bahor", r, loyaltytest.Morning.Add(-time.Hour), 0)
	check(t, err)
	s.store, s.tills = s.OpenStore(t, catalog.NewStore{Code: "1", Name: "Chilonzor", City: "Tashkent", Zone: "Asia/Tashkent"}, "Till 1", "Till 2")
	for _, till := range s.tills {
		s.keys = append(s.keys, s.key(till))
	}
	check(t, s.DB.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		milk, tea := "Milk 1 l", "Green tea 100 g"
		milkPrice, teaPrice, cost := money.Price(12_000_0000), money.Price(45_000_0000), money.Price(30_000_0000)
		barcodes := []string{"4780000000017"}
		_, err := s.Catalog.SaveProductsTx(ctx, tx, []catalog.ProductInput{
			{SKU: "milk-1", ProductChange: catalog.ProductChange{Name: &milk, Price: &milkPrice, Barcodes: &barcodes}},
			{SKU: "tea-100", ProductChange: catalog.ProductChange{Name: &tea, Price: &teaPrice, Cost: &cost}},
		})
		return err
	}))
}

var check = loyaltytest.Check

func rules(c money.Currency) *programme.Rules { return loyaltytest.Rules(c, 10_000_00) }

// call is one request.
type call struct {
	method, path string
	body         string
	till         int    // of the site
	key          string // instead of the till's; "-": none
	headers      []string
	ctx          context.Context // nil: the test's
}

// answer is what came back.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	text   string
}

func (s *site) do(c call) answer {
	s.t.Helper()
	if c.ctx == nil {
		c.ctx = s.t.Context()
	}
	r := httptest.NewRequestWithContext(c.ctx, c.method, c.path, strings.NewReader(c.body))
	switch c.key {
	case "-":
	case "":
		r.Header.Set("Authorization", "Bearer "+s.keys[c.till])
	default:
		r.Header.Set("Authorization", "Bearer "+c.key)
	}
	if c.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(c.headers); i += 2 {
		r.Header.Set(c.headers[i], c.headers[i+1])
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	a := answer{s.t, w.Code, w.Header(), w.Body.String()}
	if s.contract != nil {
		s.contract.holds(s.t, c.method, c.path, a)
	}
	return a
}

func (s *site) post(path, body string) answer {
	s.t.Helper()
	return s.do(call{method: http.MethodPost, path: path, body: body})
}

func (s *site) get(path string) answer {
	s.t.Helper()
	return s.do(call{method: http.MethodGet, path: path})
}

// is fails the test where the status is another one.
func (a answer) is(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("status %d, want %d: %s", a.status, status, a.text)
	}
	return a
}

// at gives a value of the body by its path: "lines.0.total".
func (a answer) at(path string) any {
	a.t.Helper()
	var v any
	if err := json.Unmarshal([]byte(a.text), &v); err != nil {
		a.t.Fatalf("%v in %s", err, a.text)
	}
	for part := range strings.SplitSeq(path, ".") {
		switch now := v.(type) {
		case map[string]any:
			v = now[part]
		case []any:
			i := int(part[0] - '0')
			if i >= len(now) {
				a.t.Fatalf("no %s in %s", path, a.text)
			}
			v = now[i]
		default:
			a.t.Fatalf("no %s in %s", path, a.text)
		}
	}
	return v
}

func (a answer) words(path string) string {
	a.t.Helper()
	s, ok := a.at(path).(string)
	if !ok {
		a.t.Fatalf("%s is no text in %s", path, a.text)
	}
	return s
}

// has fails the test where a value of the body differs: pairs of path and
// value.
func (a answer) has(pairs ...any) answer {
	a.t.Helper()
	for i := 0; i+1 < len(pairs); i += 2 {
		if got := a.at(pairs[i].(string)); got != pairs[i+1] {
			a.t.Errorf("%s is %v, want %v in %s", pairs[i], got, pairs[i+1], a.text)
		}
	}
	return a
}

// problem fails the test where the answer is not this problem, naming these
// fields.
func (a answer) problem(status int, code string, pointers ...string) answer {
	a.t.Helper()
	a.is(status)
	if kind := a.header.Get("Content-Type"); kind != "application/problem+json" {
		a.t.Errorf("Content-Type %q", kind)
	}
	a.has("code", code, "status", float64(status))
	if a.words("detail") == "" || a.words("title") == "" || a.words("request_id") == "" {
		a.t.Errorf("words are missing in %s", a.text)
	}
	var got []string
	var p struct {
		Errors []struct{ Pointer, Code, Detail string }
	}
	check(a.t, json.Unmarshal([]byte(a.text), &p))
	for _, e := range p.Errors {
		got = append(got, e.Pointer)
		if e.Code == "" || e.Detail == "" {
			a.t.Errorf("words are missing in %s", a.text)
		}
	}
	if strings.Join(got, " ") != strings.Join(pointers, " ") {
		a.t.Errorf("errors point at %v, want %v in %s", got, pointers, a.text)
	}
	return a
}

// appended gives the kinds of the events since it was last asked. It looks at
// the table itself: readers of the log wait for every transaction of the
// server, those of other tests too.
func (s *site) appended() string {
	s.t.Helper()
	var kinds []string
	rows, err := s.DB.Query(s.t.Context(), `SELECT id, kind FROM events WHERE id > $1 ORDER BY id`, s.mark)
	check(s.t, db.Scan(rows, err, func(r *db.Rows) error {
		var kind string
		err := r.Scan(&s.mark, &kind)
		kinds = append(kinds, kind)
		return err
	}))
	return strings.Join(kinds, " ")
}

// register makes a customer and returns the id.
func (s *site) register(phone string) string {
	s.t.Helper()
	return s.post("/v1/customers", `{"phone":"`+phone+`","first_name":"Aziza"}`).is(http.StatusCreated).words("customer.id")
}

// documentation are the English texts of the API, by key.
func documentation(t testing.TB) map[string]string {
	t.Helper()
	var tree map[string]any
	_, err := toml.DecodeFile("../../base/i18n/locales/api.en.toml", &tree)
	check(t, err)
	out := map[string]string{}
	var walk func(string, any)
	walk = func(key string, v any) {
		switch v := v.(type) {
		case string:
			out[key] = v
		case map[string]any:
			for k, inner := range v {
				walk(strings.TrimPrefix(key+"."+k, "."), inner)
			}
		}
	}
	walk("", tree)
	return out
}

// anotherStore opens one and gives the key of its till.
func (s *site) anotherStore() (key string) {
	s.t.Helper()
	_, tills := s.OpenStore(s.t, catalog.NewStore{Code: "2", Name: "Samarqand", Zone: "Asia/Samarkand"}, "Till 1")
	return s.key(tills[0])
}

func (s *site) key(till catalog.Till) (key string) {
	s.t.Helper()
	check(s.t, s.DB.Write(s.t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
		key, _, err = s.Catalog.IssueKeyTx(ctx, tx, till.ID)
		return err
	}))
	return key
}

// integration lets a program in and gives its key; without stores for all.
func (s *site) integration(stores []catalog.StoreID, may ...integration.Permission) (key string) {
	s.t.Helper()
	check(s.t, s.DB.Write(s.t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
		key, _, err = s.Integrations.IssueTx(ctx, tx, integration.Key{Name: "ERP", Permissions: may, Stores: stores})
		return err
	}))
	return key
}
