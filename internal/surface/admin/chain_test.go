package admin_test

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/i18n"
	"regulars/internal/base/id"
	"regulars/internal/base/jobs"
	"regulars/internal/base/money"
	"regulars/internal/base/secret"
	"regulars/internal/base/settings"
	"regulars/internal/importer"
	"regulars/internal/loyalty"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/confirm"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/integration"
	"regulars/internal/loyalty/loyaltytest"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
	"regulars/internal/loyalty/stock"
	"regulars/internal/surface/admin"
	"regulars/internal/surface/till"
	"regulars/internal/surface/web"
	"regulars/internal/webhook"
)

// chain is an installation with the owner's pages served over it.
type chain struct {
	t     testing.TB
	clock *clock
	admin.Config
	*admin.Admin
	url string
}

type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	// Time passes, as it does for people: nothing happens twice at once.
	c.t = c.t.Add(time.Millisecond)
	return c.t
}

var must = loyaltytest.Check

var uzs = money.Currency{Code: "UZS", Exponent: 2}

func open(t testing.TB, d *db.DB) *chain {
	t.Helper()
	return openWith(t, d, admin.Provider{})
}

// openWith is open with a provider that signs people in.
func openWith(t testing.TB, d *db.DB, by admin.Provider) *chain {
	t.Helper()
	// Deadlines of connections are told by the machine: the clock is ahead of it.
	c := &chain{t: t, clock: &clock{t: time.Date(2036, 3, 3, 9, 0, 0, 0, time.UTC)}}
	zone, err := time.LoadLocation("Asia/Tashkent")
	must(t, err)
	is, _, err := settings.Open(t.Context(), d, c.clock.now, settings.Installation{Name: "Makro", Currency: uzs, Zone: zone, Language: "ru"})
	must(t, err)
	bundle, err := i18n.Load()
	must(t, err)
	mint := id.NewMinter(c.clock.now, 1, 0)
	c.Config = admin.Config{
		DB: d, Now: c.clock.now, Bundle: bundle, Settings: is, TillPath: "/till", Provider: by,
		Jobs: jobs.New(d, mint, c.clock.now, jobs.Config{}), Services: loyalty.New(d, mint, c.clock.now, is.Get()),
	}
	t.Cleanup(c.Close)
	keys, err := secret.NewBox(secret.NewKey())
	must(t, err)
	must(t, c.Staff.UseKeys(t.Context(), keys))
	must(t, c.Confirm.Use(t.Context(), confirm.Outlet{
		Keys: keys, Post: webhook.New().Post, Wake: func() {}, Queue: func(context.Context, *db.Tx, confirm.ID) error { return nil },
		Text: func(_, code string, _ money.Points) (string, string) { return code, "ru" },
	}))
	c.Importer = importer.New(importer.Config{
		DB: d, Mint: mint, Now: c.clock.now, Currency: uzs, Zone: func() *time.Location { return zone }, Region: "UZ", Folder: t.TempDir(), Jobs: c.Jobs,
		Services: c.Services,
	})
	shown := func() web.Settings {
		i := is.Get()
		return web.Settings{Name: i.Name, Currency: i.Currency, Zone: i.Zone, Language: i.Language}
	}
	c.Shell, err = web.New(web.Options{
		Bundle: bundle, Log: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})), Now: c.clock.now, Staff: c.Staff, IPRate: 1e6, IPBurst: 1e6,
		Refresh: c.Catalog.Refresh, Settings: shown,
	})
	must(t, err)
	c.Admin, err = admin.New(c.Config)
	must(t, err)
	mux := http.NewServeMux()
	c.Shell.Routes(mux)
	c.Routes(mux)
	counter, err := till.New(till.Config{
		Shell: c.Shell, Now: c.clock.now, Services: c.Services, Secret: is.Get().Secret, Settings: shown, OfflinePeople: func() settings.OfflinePeople { return is.Get().OfflinePeople },
	})
	must(t, err)
	counter.Routes(mux)
	server := httptest.NewServer(c.Shell.Middleware(mux))
	t.Cleanup(server.Close)
	c.url = server.URL
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	worked := make(chan struct{})
	go func() { defer close(worked); c.Jobs.Work(ctx) }()
	t.Cleanup(func() { stop(); <-worked })
	return c
}

// asPerson asks for pages, as browsers do.
type asPerson struct{}

func (asPerson) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Accept", "text/html,application/xhtml+xml")
	return http.DefaultTransport.RoundTrip(r)
}

// browser is somebody at a browser without JavaScript.
type browser struct {
	t      testing.TB
	url    string
	client *http.Client
	path   string
	status int
	header http.Header
	body   string
}

func (c *chain) browser() *browser {
	jar, _ := cookiejar.New(nil)
	return &browser{t: c.t, url: c.url, client: &http.Client{Jar: jar, Transport: asPerson{}}}
}

func (b *browser) take(res *http.Response, err error) *browser {
	b.t.Helper()
	must(b.t, err)
	defer func() { must(b.t, res.Body.Close()) }()
	text, err := io.ReadAll(res.Body)
	must(b.t, err)
	b.status, b.header, b.body, b.path = res.StatusCode, res.Header, string(text), res.Request.URL.RequestURI()
	return b
}

func (b *browser) get(path string) *browser {
	b.t.Helper()
	return b.take(b.client.Get(b.url + path)) //nolint:bodyclose // take closes it
}

// post sends pairs of a name and a value, as a form of the page would.
func (b *browser) post(path string, pairs ...string) *browser {
	b.t.Helper()
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return b.take(b.client.PostForm(b.url+path, form)) //nolint:bodyclose // take closes it
}

var tags = regexp.MustCompile(`(?s)<(?:script|style).*?</(?:script|style)>|<[^>]*>`)
var spaces = regexp.MustCompile(`[\s\x{a0}\x{202f}]+`)

// text is what the page says.
func (b *browser) text() string {
	return spaces.ReplaceAllString(strings.NewReplacer("&#34;", `"`, "&#39;", "'", "&amp;", "&", "&#43;", "+").Replace(tags.ReplaceAllString(b.body, " ")), " ")
}

func (b *browser) sees(words ...string) *browser {
	b.t.Helper()
	for _, w := range words {
		if !strings.Contains(b.text(), w) {
			b.t.Fatalf("%s (%d) does not say %q:\n%s", b.path, b.status, w, b.text())
		}
	}
	return b
}

func (b *browser) is(status int) *browser {
	b.t.Helper()
	if b.status != status {
		b.t.Fatalf("%s answers %d, want %d:\n%s", b.path, b.status, status, b.text())
	}
	return b
}

// link is the first address on the page that a pattern finds.
func (b *browser) link(pattern string) string {
	b.t.Helper()
	m := regexp.MustCompile(`(?:href|action)="(` + pattern + `)"`).FindStringSubmatch(b.body)
	if m == nil {
		b.t.Fatalf("%s has no link to %s", b.path, pattern)
	}
	return m[1]
}

// owner is the first owner, who came by the console's link.
func (c *chain) owner() *browser {
	c.t.Helper()
	token, err := c.Staff.InviteFirst(c.t.Context())
	must(c.t, err)
	b := c.browser()
	b.get(admin.InvitationPath(token)).is(200)
	return b.post(admin.InvitationPath(token), "name", "Азиза Рахимова", "login", "aziza", "password", "correct horse battery").is(200)
}

// rules are a programme of one level: 10 % at once, half a receipt payable.
func rules() *programme.Rules {
	r := programme.Default(uzs)
	r.Welcome = programme.Welcome{Points: 5000, ExpiryDays: 30}
	r.Earn.DelayDays = 0
	return r
}

// shop is a chain with a store, a till, a programme and customers who bought.
type shop struct {
	*chain
	store  catalog.Store
	till   catalog.Till
	people []customer.ID
	sales  []receipt.Receipt
}

func (c *chain) shop() *shop {
	c.t.Helper()
	s := &shop{chain: c}
	ctx := c.t.Context()
	must(c.t, c.DB.Write(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		if s.store, err = c.Catalog.CreateStoreTx(ctx, tx, catalog.NewStore{Code: "S1", Name: "Чорсу", City: "Ташкент", Zone: "Asia/Tashkent"}); err != nil {
			return err
		}
		if s.till, err = c.Catalog.CreateTillTx(ctx, tx, s.store.ID, "Касса 1"); err != nil {
			return err
		}
		_, err = c.Catalog.SaveCategoriesTx(ctx, tx, []catalog.CategoryInput{{Code: "food", Name: "Продукты"}, {Code: "wine", Name: "Вино"}})
		if err != nil {
			return err
		}
		for i, name := range []string{"Хлеб Патыр", "Чай зелёный 100 г", "Плов готовый", "Вино красное"} {
			price, category := money.Price((i+1)*12_500)*money.PriceScale, "food"
			if i == 3 {
				category = "wine"
			}
			if _, err := c.Catalog.CreateProductTx(ctx, tx, catalog.ProductInput{SKU: fmt.Sprintf("A-%d", i+1), ProductChange: catalog.ProductChange{Name: &name, Price: &price, Category: &category}}); err != nil {
				return err
			}
		}
		return nil
	}))
	_, err := c.Programmes.Install(ctx, "Макро Бонус", rules(), c.clock.now().Add(-time.Hour), 0)
	must(c.t, err)
	names := [][2]string{{"Дилноза", "Каримова"}, {"Алишер", "Усманов"}, {"Anna", "Smirnova"}}
	by := receipt.Caller{Till: s.till, Store: s.store}
	for i, n := range names {
		res, err := c.Enrol.Register(ctx, s.store, 0, customer.New{
			FirstName: n[0], LastName: n[1], HomeStore: s.store.ID, Source: "till", Born: "1990-05-17",
			Identifiers: []customer.Identifier{{Kind: customer.Phone, Value: fmt.Sprintf("+99890%07d", 1234567+i)}, {Kind: customer.Card, Value: fmt.Sprintf("200010000%d", i)}},
			Consents:    []customer.Consent{{Channel: customer.ChannelSMS, Purpose: customer.Marketing, Given: true, Wording: "v1", Proof: "форма 17"}},
		})
		must(c.t, err)
		s.people = append(s.people, res.ID)
		for k := range 3 {
			s.sell(by, fmt.Sprintf("%d-%d", i+1, k+1), res.ID, int64(40_000*(i+1)*(k+1)))
		}
	}
	return s
}

// sell commits a sale of two lines as the page of a till would.
func (s *shop) sell(by receipt.Caller, number string, who customer.ID, sum int64) {
	s.t.Helper()
	d := receipt.Draft{Customer: who, Lines: []receipt.DraftLine{
		{SKU: "A-1", Quantity: 2 * money.One, Price: money.Price(sum) * money.PriceScale},
		{SKU: "A-4", Quantity: money.One, Price: money.Price(sum/2) * money.PriceScale},
	}}
	q, err := s.Receipts.Quote(s.t.Context(), by, d)
	must(s.t, err)
	rec, _, err := s.Receipts.Commit(s.t.Context(), by, receipt.Sale{Number: number, Draft: d, Quote: q.ID})
	must(s.t, err)
	s.sales = append(s.sales, rec)
}

// pairs are the fields of a form, as they would be sent.
type pairs []string

// with changes fields of a form.
func (p pairs) with(changes ...string) pairs {
	out := append(pairs(nil), p...)
	for i := 0; i < len(changes); i += 2 {
		found := false
		for k := 0; k < len(out); k += 2 {
			if out[k] == changes[i] {
				out[k+1], found = changes[i+1], true
			}
		}
		if !found {
			out = append(out, changes[i], changes[i+1])
		}
	}
	return out
}

var (
	fieldTag   = regexp.MustCompile(`(?s)<input\b[^>]*>|<textarea\b[^>]*>.*?</textarea>|<select\b[^>]*>.*?</select>`)
	tagPart    = regexp.MustCompile(`\s([a-z-]+)="([^"]*)"`)
	optionText = regexp.MustCompile(`<option value="([^"]*)" selected>`)
)

// adjust gives or takes points of a customer and confirms it.
func (b *browser) adjust(customer, way, points, reason string) *browser {
	b.t.Helper()
	b.post(customer+"/points", "way", way, "points", points, "reason", reason).is(200)
	return b.post(customer+"/points", b.form("adjust")...)
}

// form reads the fields of a form of the page by its id.
func (b *browser) form(id string) (fields pairs) {
	b.t.Helper()
	_, rest, ok := strings.Cut(b.body, `id="`+id+`"`)
	if !ok {
		b.t.Fatalf("%s has no form %s", b.path, id)
	}
	inside, _, _ := strings.Cut(rest, "</form>")
	for _, tag := range fieldTag.FindAllString(inside, -1) {
		head, body, _ := strings.Cut(tag, ">")
		attrs := map[string]string{}
		for _, m := range tagPart.FindAllStringSubmatch(head, -1) {
			attrs[m[1]] = html.UnescapeString(m[2])
		}
		value := attrs["value"]
		switch {
		case attrs["name"] == "":
			continue
		case (attrs["type"] == "checkbox" || attrs["type"] == "radio") && !strings.Contains(head+" ", " checked "):
			continue
		case strings.HasPrefix(tag, "<textarea"):
			value = html.UnescapeString(strings.TrimSuffix(body, "</textarea>"))
		case strings.HasPrefix(tag, "<select"):
			m := optionText.FindStringSubmatch(body)
			if m == nil {
				continue
			}
			value = html.UnescapeString(m[1])
		}
		fields = append(fields, attrs["name"], value)
	}
	return fields
}

func (b *browser) contains(words string) bool { return strings.Contains(b.text(), words) }

func (b *browser) has(markup string) *browser {
	b.t.Helper()
	if !strings.Contains(b.body, markup) {
		b.t.Fatalf("%s has no %s", b.path, markup)
	}
	return b
}

func (b *browser) lacks(markup string) *browser {
	b.t.Helper()
	if strings.Contains(b.body, markup) {
		b.t.Fatalf("%s has %s", b.path, markup)
	}
	return b
}

// value is that of a hidden field of the page.
func (b *browser) value(name string) string {
	b.t.Helper()
	m := regexp.MustCompile(`name="` + regexp.QuoteMeta(name) + `" value="([^"]*)"`).FindStringSubmatch(b.body)
	if m == nil {
		b.t.Fatalf("%s has no field %s", b.path, name)
	}
	return html.UnescapeString(m[1])
}

// until asks for a page again and again until it no longer says something.
func (b *browser) until(path, gone string) *browser {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), 30*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for b.get(path); b.contains(gone); b.get(path) {
		select {
		case <-ctx.Done():
			b.t.Fatalf("%s goes on saying %q", path, gone)
		case <-tick.C:
		}
	}
	return b
}

// ownerID is the first owner's.
func (c *chain) ownerID() staff.ID {
	c.t.Helper()
	all, err := c.Staff.List(c.t.Context())
	must(c.t, err)
	return all[0].ID
}

// programme is the id of the programme in force.
func (s *shop) programme() string {
	s.t.Helper()
	list, err := s.Programmes.List(s.t.Context())
	must(s.t, err)
	return fmt.Sprint(int64(list[0].ID))
}

// stores are the ids of all stores.
func (s *shop) stores() []catalog.StoreID { return []catalog.StoreID{s.store.ID} }

// quote writes a text as JavaScript does.
func quote(text string) string {
	out, _ := json.Marshal(text)
	return string(out)
}

// product is one of the shop's.
func (c *chain) product() catalog.ProductID {
	c.t.Helper()
	products, _, err := c.Catalog.Products(c.t.Context(), catalog.ProductQuery{Limit: 1})
	must(c.t, err)
	return products[0].ID
}

// goods has a product run low, gives two of them a model, and lets a program in.
func (s *shop) goods() {
	s.t.Helper()
	products, _, err := s.Catalog.Products(s.t.Context(), catalog.ProductQuery{Limit: 2})
	must(s.t, err)
	must(s.t, s.DB.Write(s.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		model, five, three := "Футболка хлопковая", 5*money.One, 3*money.One
		for i, p := range products {
			options := []catalog.Option{{Name: catalog.OptionColour, Value: "красный"}, {Name: catalog.OptionSize, Value: []string{"M", "XXL"}[i]}}
			if _, _, err := s.Catalog.UpdateProductTx(ctx, tx, p.ID, catalog.ProductChange{Model: &model, Options: &options}); err != nil {
				return err
			}
		}
		picture, err := catalog.ReadImage([]byte(dot))
		if err == nil {
			_, err = s.Catalog.SetImageTx(ctx, tx, products[0].ID, &picture)
		}
		if err != nil {
			return err
		}
		if err := s.Stock.SetDefaultTx(ctx, tx, products[0].ID, &five); err != nil {
			return err
		}
		if _, err := s.Stock.ApplyTx(ctx, tx, []stock.Change{{Key: stock.Key{Store: s.store.ID, Product: products[0].ID}, Set: &three, Cause: stock.Count}}); err != nil {
			return err
		}
		_, _, err = s.Integrations.IssueTx(ctx, tx, integration.Key{Name: "1С:Управление торговлей", Permissions: integration.Permissions, Stores: []catalog.StoreID{s.store.ID}})
		return err
	}))
}

// dot is a GIF of one pixel.
const dot = "GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
