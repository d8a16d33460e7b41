package till_test

import (
	"cmp"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/i18n"
	"regulars/internal/base/id"
	"regulars/internal/base/money"
	base "regulars/internal/base/settings"
	"regulars/internal/loyalty/attribute"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/loyaltytest"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/till"
	"regulars/internal/surface/web"
)

// site is the till page with everything behind it, on a database of its own:
// two shops, some goods, a programme, an owner and a cashier of the first shop.
type site struct {
	*loyaltytest.Installation
	t       testing.TB
	server  *httptest.Server
	surface *till.Till

	stores  []catalog.Store
	tills   []catalog.Till     // two in the first store, one in the second
	aziza   customer.ID        // has points
	offline base.OfflinePeople // whom tills take along
	// broken cuts the line: the next payments are recorded and their answer lost.
	broken func(w http.ResponseWriter, r *http.Request, next http.Handler) bool
}

// sealed is how pages name a customer.
func sealed(who customer.ID) string {
	return id.NewSealer(loyaltytest.Secret, customer.Sealed).Seal(int64(who))
}

const (
	phone    = "+998901234567"
	card     = "2900000001234"
	password = "four words of a test"
)

func newSite(t testing.TB, d *db.DB) *site {
	t.Helper()
	s := &site{Installation: loyaltytest.New(t, d, loyaltytest.Options{}), t: t}
	s.fill()

	bundle, err := i18n.Load()
	check(t, err)
	settings := func() web.Settings {
		return web.Settings{Name: "Bahor", Currency: s.Currency, Zone: s.stores[0].Zone, Language: "en"}
	}
	shell, err := web.New(web.Options{
		Bundle: bundle, Now: s.Now, Log: slog.New(slog.NewTextHandler(s.Log, &slog.HandlerOptions{Level: slog.LevelWarn})),
		Settings: settings, Staff: s.Staff, IPRate: 10_000, IPBurst: 10_000,
	})
	check(t, err)
	s.surface, err = till.New(till.Config{
		Services: s.Services, Shell: shell, Now: s.Now, Settings: settings, Secret: loyaltytest.Secret,
		OfflinePeople: func() base.OfflinePeople { return cmp.Or(s.offline, base.OfflinePhones) },
	})
	check(t, err)
	mux := http.NewServeMux()
	shell.Routes(mux)
	s.surface.Routes(mux)
	mux.HandleFunc("GET /sign-in", func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `<!doctype html><title>Sign in</title><form method="post"><input id="login" name="login"><input id="password" name="password" type="password"><button>Sign in</button></form>`)
	})
	mux.Handle("POST /sign-in", shell.Handle(func(w http.ResponseWriter, r *http.Request) error {
		who, err := s.Staff.SignIn(r.Context(), r.PostFormValue("login"), r.PostFormValue("password"), web.Client(r))
		if err != nil {
			return err
		}
		if err := shell.StartSession(w, r, who.ID); err != nil {
			return err
		}
		web.Redirect(w, r, web.SafePath(r.URL.Query().Get("next")))
		return nil
	}))
	whole := shell.Middleware(mux)
	s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.broken != nil && s.broken(w, r, whole) {
			return
		}
		whole.ServeHTTP(w, r)
	}))
	t.Cleanup(s.server.Close)
	return s
}

func (s *site) fill() {
	ctx, t := s.t.Context(), s.t
	_, err := s.Programmes.Install(ctx, "Bahor", loyaltytest.Rules(s.Currency, 30_000_00), loyaltytest.Morning.Add(-time.Hour), 0)
	check(t, err)
	near, tills := s.OpenStore(t, catalog.NewStore{Code: "1", Name: "Chilonzor", City: "Tashkent", Zone: "Asia/Tashkent"}, "Till 1", "Till 2")
	far, third := s.OpenStore(t, catalog.NewStore{Code: "2", Name: "Registon", City: "Samarkand", Zone: "Asia/Samarkand"}, "Till 3")
	s.stores, s.tills = []catalog.Store{near, far}, append(tills, third...)
	check(t, s.DB.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		var goods []catalog.ProductInput
		for _, p := range []struct {
			sku, name, barcode string
			price, cost        money.Price
		}{
			{"milk-1", "Молоко «Зелёный луг» 3,2 %, 1 л", "4780000000017", 12_000_0000, 0},
			{"tea-100", "Green tea No. 95, 100 g", "4780000000024", 45_000_0000, 30_000_0000},
			{"tomato", "Помидоры розовые, кг", "4780000000031", 28_900_0000, 0},
			{"plov-set", "Подарочный набор специй для плова в деревянной шкатулке", "4780000000048", 189_000_0000, 180_000_0000},
			{"bag", "Пакет", "4780000000055", 0, 0},
			{"1234", "Lipstick 1234", "4780000000062", 99_000_0000, 0},
		} {
			in := catalog.ProductInput{SKU: p.sku, ProductChange: catalog.ProductChange{Name: &p.name, Barcodes: &[]string{p.barcode}}}
			if p.price != 0 {
				in.Price = &p.price
			}
			if p.cost != 0 {
				in.Cost = &p.cost
			}
			goods = append(goods, in)
		}
		_, err := s.Catalog.SaveProductsTx(ctx, tx, goods)
		return err
	}))
	for _, a := range []staff.NewAccount{
		{Name: "Дилшод Рахимов", Login: "owner", Password: password, Role: staff.Owner},
		{Name: "Малика Юсупова", Login: "cashier", Password: password, Role: staff.Cashier, Stores: []catalog.StoreID{s.stores[0].ID}},
	} {
		_, err := s.Staff.Add(ctx, staff.By{}, a)
		check(t, err)
	}
	s.aziza = s.register(0, "Азиза", "Каримова", phone, card)
}

// register makes a customer of a store, with the welcome bonus.
func (s *site) register(store int, first, last, phone, card string) customer.ID {
	s.t.Helper()
	n := customer.New{FirstName: first, LastName: last, HomeStore: s.stores[store].ID, Source: "till", Identifiers: []customer.Identifier{{Kind: customer.Phone, Value: phone}}}
	if card != "" {
		n.Identifiers = append(n.Identifiers, customer.Identifier{Kind: customer.Card, Value: card})
	}
	res, err := s.Enrol.Register(s.t.Context(), s.stores[store], 0, n)
	check(s.t, err)
	return res.ID
}

// attributes defines what tills set, see and do neither of.
func (s *site) attributes() {
	s.t.Helper()
	friend := []attribute.Choice{{Code: "friend", Names: attribute.Names{"en": "a friend", "ru": "друга"}}, {Code: "street", Names: attribute.Names{"en": "the street", "ru": "вывеска"}}}
	for _, d := range []attribute.Definition{
		{Code: "shoe", Format: attribute.NumberFormat, Names: attribute.Names{"en": "Shoe size", "ru": "Размер обуви"}, Tills: attribute.TillsSet},
		{Code: "source", Format: attribute.OneFormat, Names: attribute.Names{"en": "Hears of us from", "ru": "Узнал от"}, Choices: friend, Tills: attribute.TillsSet, Required: true},
		{Code: "pets", Format: attribute.YesNoFormat, Names: attribute.Names{"en": "Pets", "ru": "Питомцы"}, Tills: attribute.TillsSet, Personal: true},
		{Code: "blood", Format: attribute.TextFormat, Names: attribute.Names{"en": "Blood group"}},
		{Code: "note", Format: attribute.TextFormat, Names: attribute.Names{"en": "Our note"}, Tills: attribute.TillsSee},
	} {
		check(s.t, s.DB.Write(s.t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, _, err := s.Attributes.DefineTx(ctx, tx, d)
			return err
		}))
	}
	check(s.t, s.DB.Write(s.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, _, err := s.Customers.UpdateTx(ctx, tx, s.aziza, customer.Change{Set: customer.Attributes{"note": "Звонить после шести", "blood": "AB"}})
		return err
	}))
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// visitor is somebody's browser without a screen.
type visitor struct {
	*site
	client *http.Client
}

// enter signs somebody in and stands at a till; till < 0: at none.
func (s *site) enter(login string, till int) *visitor {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	check(s.t, err)
	v := &visitor{s, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	v.post("/sign-in", url.Values{"login": {login}, "password": {password}}).is(http.StatusSeeOther)
	if till >= 0 {
		v.post("/till/choose", url.Values{"till": {s.tills[till].ID.String()}}).is(http.StatusSeeOther)
	}
	return v
}

// answer is what came back.
type answer struct {
	t      testing.TB
	status int
	header http.Header
	text   string
}

func (v *visitor) do(method, path string, form url.Values, htmx bool) answer {
	v.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(v.t.Context(), method, v.server.URL+path, body)
	check(v.t, err)
	r.Header.Set("Accept", "text/html")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if htmx {
		r.Header.Set("HX-Request", "true")
		r.Header.Set("HX-Current-URL", v.server.URL+"/till")
	}
	res, err := v.client.Do(r)
	check(v.t, err)
	defer res.Body.Close() //nolint:errcheck // read to its end
	text, err := io.ReadAll(res.Body)
	check(v.t, err)
	return answer{v.t, res.StatusCode, res.Header, string(text)}
}

func (v *visitor) get(path string) answer {
	v.t.Helper()
	return v.do(http.MethodGet, path, nil, false)
}

func (v *visitor) post(path string, form url.Values) answer {
	v.t.Helper()
	return v.do(http.MethodPost, path, form, false)
}

// send is what the page's script does: the form, and what was done.
func (v *visitor) send(path string, form url.Values, did ...string) answer {
	v.t.Helper()
	all := url.Values{}
	for k, list := range form {
		all[k] = slices.Clone(list)
	}
	all["do"] = did
	return v.do(http.MethodPost, path, all, true)
}

func (a answer) is(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("status %d, want %d: %s", a.status, status, plain(a.text))
	}
	return a
}

// has fails the test where a text is missing.
func (a answer) has(words ...string) answer {
	a.t.Helper()
	text := plain(a.text)
	for _, w := range words {
		if !strings.Contains(text, w) {
			a.t.Errorf("%q is missing in %s", w, text)
		}
	}
	return a
}

func (a answer) hasNot(words ...string) answer {
	a.t.Helper()
	text := plain(a.text)
	for _, w := range words {
		if strings.Contains(text, w) {
			a.t.Errorf("%q is in %s", w, text)
		}
	}
	return a
}

var (
	tags   = regexp.MustCompile(`<[^>]*>`)
	spaces = regexp.MustCompile(`[\s\x{00a0}\x{202f}]+`)
	inputs = regexp.MustCompile(`<input\b[^>]*>`)
	attrs  = regexp.MustCompile(`\s([a-z-]+)="([^"]*)"`)
)

// plain is what a page says.
func plain(html string) string {
	return strings.TrimSpace(spaces.ReplaceAllString(unescape(tags.ReplaceAllString(html, " ")), " "))
}

func unescape(s string) string {
	return strings.NewReplacer("&#34;", `"`, "&#39;", "'", "&#43;", "+", "&amp;", "&", "&lt;", "<", "&gt;", ">").Replace(s)
}

// form reads the fields of a page as a browser would send them.
func (a answer) form() url.Values {
	a.t.Helper()
	form := url.Values{}
	for _, tag := range inputs.FindAllString(a.text, -1) {
		at := map[string]string{}
		for _, m := range attrs.FindAllStringSubmatch(tag, -1) {
			at[m[1]] = unescape(m[2])
		}
		if at["name"] == "" || at["name"] == "code" || at["name"] == "back" {
			continue
		}
		if at["type"] == "checkbox" && !strings.Contains(tag, " checked") {
			continue
		}
		form.Add(at["name"], at["value"])
	}
	return form
}

// sales are the receipts that are recorded, the latest first.
func (s *site) sales() []*receipt.Receipt {
	s.t.Helper()
	list, err := s.Receipts.List(s.t.Context(), receipt.Filter{}, receipt.Cursor{}, 100)
	check(s.t, err)
	return list
}

// block blocks a customer's card.
func (s *site) block(who customer.ID) error {
	return s.DB.Write(s.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, _, err := s.Customers.SetStateTx(ctx, tx, who, customer.StateBlocked)
		return err
	})
}
