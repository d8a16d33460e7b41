package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/BurntSushi/toml"

	"regulars/internal/base/db"
	"regulars/internal/base/i18n"
	"regulars/internal/base/id"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/enrol"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/api"
	"regulars/internal/surface/web"
)

// site is the API with everything behind it, on a database of its own: one
// shop with two tills, some goods, and a programme.
type site struct {
	t       testing.TB
	db      *db.DB
	clock   *clock
	api     *api.API
	handler http.Handler

	catalog    *catalog.Service
	customers  *customer.Service
	ledger     *ledger.Service
	programmes *programme.Service
	receipts   *receipt.Service
	enrol      *enrol.Service
	staff      *staff.Service

	store catalog.Store
	tills []catalog.Till
	keys  []string // one for each till
	log   *lockedBuffer
	mark  int64 // the last event that was seen

	contract *contract
}

// secret seals ids; people and sales make ids that the site would give if
// there were such a customer or receipt.
var (
	secret = []byte("a secret of the tests")
	people = id.NewSealer(secret, "customer")
	sales  = id.NewSealer(secret, "receipt")
)

// clock is moved by tests.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// morning is when a test begins: 14:30 in Tashkent.
var morning = time.Date(2026, 11, 22, 9, 30, 0, 0, time.UTC)

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
	s := &site{t: t, db: d, clock: &clock{at: morning}, log: &lockedBuffer{}}
	now := s.clock.now
	if o.now != nil {
		now = o.now
	}
	if o.currency == "" {
		o.currency = "UZS"
	}
	cur, err := money.CurrencyOf(o.currency)
	check(t, err)
	node := 1
	if o.join != nil {
		node, s.clock = 2, o.join.clock
		now = s.clock.now
	}
	mint := id.NewMinter(now, node, 0)
	s.catalog = catalog.New(d, mint, now)
	s.staff = staff.New(d, mint, now)
	s.customers = customer.NewService(d, mint, now, "UZ")
	s.programmes = programme.New(d, mint, now, cur)
	s.ledger = ledger.New(d, mint, now, s.programmes.Stopped)
	s.enrol = enrol.New(d, now, s.customers, s.ledger, s.programmes, s.staff)
	s.receipts = receipt.New(receipt.Config{
		DB: d, Mint: mint, Now: now, Currency: cur, Secret: secret,
		Ledger: s.ledger, Programmes: s.programmes, Catalog: s.catalog, Customers: s.customers,
	})
	t.Cleanup(s.receipts.Close)
	if o.join == nil {
		s.fill(o)
	} else {
		s.store, s.tills, s.keys = o.join.store, o.join.tills, o.join.keys
	}

	bundle, err := i18n.Load()
	check(t, err)
	shell, err := web.New(web.Options{
		Bundle: bundle, Now: now, Log: slog.New(slog.NewTextHandler(s.log, &slog.HandlerOptions{Level: slog.LevelWarn})),
		Settings: func() web.Settings {
			return web.Settings{Name: "Bahor", Currency: cur, Zone: s.store.Zone, Language: "en"}
		},
	})
	check(t, err)
	c := api.Config{
		Shell: shell, Receipts: s.receipts, Ledger: s.ledger, Programmes: s.programmes, Catalog: s.catalog,
		Customers: s.customers, Enrol: s.enrol, Staff: s.staff, Now: now, Bundle: bundle, Secret: secret, Version: "test",
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

// rules are those of the examples: three levels of cashback, half payable
// with points, points available at once.
func rules(c money.Currency) *programme.Rules {
	r := programme.Default(c)
	r.Levels = []programme.Level{
		{Code: "start", Name: "Start", Cashback: 100},
		{Code: "silver", Name: "Silver", Threshold: 1_000_000_00, Cashback: 300, Discount: 200},
		{Code: "gold", Name: "Gold", Threshold: 5_000_000_00, Cashback: 500, Discount: 500},
	}
	r.Earn.DelayDays = 14
	r.Welcome.Points = 10_000_00
	return r
}

func (s *site) fill(o options) {
	ctx, t := s.t.Context(), s.t
	r := rules(s.receipts.Currency())
	if o.rules != nil {
		o.rules(r)
	}
	_, err := s.programmes.Install(ctx, "Bahor", r, morning.Add(-time.Hour), 0)
	check(t, err)
	check(t, s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		store, err := s.catalog.CreateStoreTx(ctx, tx, catalog.NewStore{Code: "1", Name: "Chilonzor", City: "Tashkent", Zone: "Asia/Tashkent"})
		if err != nil {
			return err
		}
		s.store = store
		for _, name := range []string{"Till 1", "Till 2"} {
			till, err := s.catalog.CreateTillTx(ctx, tx, store.ID, name)
			if err != nil {
				return err
			}
			key, _, err := s.catalog.IssueKeyTx(ctx, tx, till.ID)
			if err != nil {
				return err
			}
			s.tills, s.keys = append(s.tills, till), append(s.keys, key)
		}
		milk, tea := "Milk 1 l", "Green tea 100 g"
		milkPrice, teaPrice, cost := money.Price(12_000_0000), money.Price(45_000_0000), money.Price(30_000_0000)
		barcodes := []string{"4780000000017"}
		_, err = s.catalog.SaveProductsTx(ctx, tx, []catalog.ProductInput{
			{SKU: "milk-1", ProductChange: catalog.ProductChange{Name: &milk, Price: &milkPrice, Barcodes: &barcodes}},
			{SKU: "tea-100", ProductChange: catalog.ProductChange{Name: &tea, Price: &teaPrice, Cost: &cost}},
		})
		return err
	}))
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

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
	rows, err := s.db.Query(s.t.Context(), `SELECT id, kind FROM events WHERE id > $1 ORDER BY id`, s.mark)
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
	check(s.t, s.db.Write(s.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		store, err := s.catalog.CreateStoreTx(ctx, tx, catalog.NewStore{Code: "2", Name: "Samarqand", Zone: "Asia/Samarkand"})
		if err != nil {
			return err
		}
		till, err := s.catalog.CreateTillTx(ctx, tx, store.ID, "Till 1")
		if err != nil {
			return err
		}
		key, _, err = s.catalog.IssueKeyTx(ctx, tx, till.ID)
		return err
	}))
	return key
}
