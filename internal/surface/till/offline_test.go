package till_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/i18n"
	base "regulars/internal/base/settings"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/web/webtest"
	"regulars/internal/verify"
)

// cut is a line that can be down: then the server hangs up before it has heard
// anything, or does what a test says.
type cut struct {
	down atomic.Bool
	how  atomic.Pointer[func(w http.ResponseWriter, r *http.Request, next http.Handler) bool]
}

func (c *cut) broken(w http.ResponseWriter, r *http.Request, next http.Handler) bool {
	if how := c.how.Load(); how != nil {
		return (*how)(w, r, next)
	}
	if c.down.Load() {
		panic(http.ErrAbortHandler)
	}
	return false
}

// apart is a browser at a till that has everything it needs to go on without its
// line.
func (s *site) apart(t *testing.T) (*webtest.Browser, *cut) {
	t.Helper()
	line := &cut{}
	s.broken = line.broken
	b := webtest.Open(t)
	b.Allow("Failed to load resource", "net::ERR", "Failed to fetch", "The FetchEvent", "Manifest fetch")
	s.catchUp()
	s.browser(b, tablet, "cashier", 0)
	b.Wait(`document.documentElement.dataset.ready === ""`)
	b.Wait(`navigator.serviceWorker.controller`)
	return b, line
}

// cutOff is a browser on the page without the line, which is down.
func (s *site) cutOff(t *testing.T) (*webtest.Browser, *cut) {
	t.Helper()
	b, line := s.apart(t)
	line.down.Store(true)
	s.open(b)
	return b, line
}

// sent is the receipt of the only thing that waits, when the line is there again.
func (s *site) sent(b *webtest.Browser, line *cut) *receipt.Receipt {
	s.t.Helper()
	waiting(b, "1")
	line.down.Store(false)
	b.Value(`void till.send()`)
	waiting(b, "0")
	sales := s.sales()
	if len(sales) != 1 {
		s.t.Fatalf("recorded %+v", sales)
	}
	rec, err := s.Receipts.Get(s.t.Context(), sales[0].ID)
	check(s.t, err)
	return rec
}

// catchUp has the server go by the clock that browsers go by.
func (s *site) catchUp() { s.Clock.Advance(time.Since(s.Now())) }

// audit are the actions in the audit log.
func (s *site) audit() (actions []string) {
	s.t.Helper()
	lines, _, err := s.Staff.Audit(s.t.Context(), staff.Filter{}, "", 50)
	check(s.t, err)
	for _, l := range lines {
		actions = append(actions, l.Action)
	}
	return actions
}

// open opens the page without the line, as a reload does while it is down.
func (s *site) open(b *webtest.Browser) {
	b.Go(s.server.URL + "/till")
	b.Wait(`document.documentElement.dataset.started === ""`)
}

// sell sells what is scanned.
func sell(b *webtest.Browser, codes ...string) {
	scan(b, codes...)
	b.Wait(`!document.querySelector("#sale [data-pay]").disabled`)
	b.Press(kb.F9)
	b.Wait(`document.activeElement.matches("#done:not([hidden]) [data-do=next]")`)
	b.Press(kb.Enter)
	b.See("Корзина пуста")
}

// proved fails the test where the books do not add up.
func (s *site) proved() {
	s.t.Helper()
	report, err := verify.Run(s.t.Context(), s.DB, verify.Options{})
	check(s.t, err)
	// An installation for tests has no settings and no process that keeps its number.
	delete(report.Broken, verify.Setting)
	delete(report.Broken, verify.Node)
	if !report.Clean() {
		s.t.Errorf("verify: %v", report.Broken)
	}
}

// waiting waits until so many receipts are in the browser's queue.
func waiting(b *webtest.Browser, n string) {
	b.Wait(`document.getElementById("count").textContent === "` + n + `"`)
}

// Without the line the till sells on and takes back; when the line is there again
// everything is recorded once, in order and at its time.
func TestBrowserGoesOnWithoutTheLine(t *testing.T) {
	t.Parallel()
	s := newSite(t, dbtest.Open(t, dbtest.SQLite))
	b, line := s.apart(t)
	line.down.Store(true)
	began := time.Now()
	s.open(b)
	b.See("Связи нет", "Корзина пуста")
	scan(b, card, "4780000000024")
	b.See("Азиза К.", "45 000 сум")
	b.Usable("offline")
	b.Touchable("offline")
	b.Shot("till-offline")
	phone := webtest.Phone
	phone.Language = "ru"
	b.Look(phone)
	b.Touchable("offline-phone")
	b.Shot("till-offline-phone")
	b.Look(tablet)
	b.Press(kb.F9)
	b.See("Оплачено, ждёт связи", "45 000 сум", "Green tea")
	b.Usable("offline-slip")
	no := b.Value(`document.querySelector("[data-slot=no]").textContent.replaceAll(" ", "")`)
	b.Press(kb.Enter)
	scan(b, "2*4780000000017")
	b.See("24 000 сум")
	s.open(b) // a reload loses nothing
	b.See("24 000 сум")
	waiting(b, "1")
	b.Press(kb.F9)
	b.See("Оплачено, ждёт связи")
	b.Press(kb.Enter)
	scan(b, "4600000000011")
	b.See("ничего нет")
	b.Click("[data-do=sell]")
	b.Fill("#name-0", "Хлеб")
	b.Fill("#price-0", "7500")
	b.See("7 500 сум")
	b.Press(kb.F9)
	b.See("Оплачено, ждёт связи")
	waiting(b, "3")
	b.Click(`[data-mode=return]`)
	scan(b, no)
	b.See("Green tea")
	b.Click("#more-1")
	b.See("45 000 сум")
	b.Press(kb.F9)
	b.See("Возврат сделан")
	waiting(b, "4")
	if n := len(s.sales()); n != 0 {
		t.Fatalf("%d receipts without a line", n)
	}

	b.Click(`[data-mode=waiting]`)
	b.See("Эти чеки лежат в этом браузере")
	line.down.Store(false)
	b.Value(`void document.querySelector("[data-do=send]").click()`) // which is gone where the page was quicker
	b.See("всё отправлено", "Ничего не ждёт")
	waiting(b, "0")
	b.Wait(`!document.querySelector("[data-do=send]").checkVisibility() && !document.body.innerText.includes("Эти чеки лежат")`)
	b.Usable("nothing-waits")
	b.Shot("till-nothing-waits")
	sales := s.sales()
	if len(sales) != 4 {
		t.Fatalf("%d receipts of 4", len(sales))
	}
	bySeq := map[string]*receipt.Receipt{}
	for _, r := range sales {
		bySeq[string(r.Kind)+r.Number] = r
		if r.SoldAt.Before(began) || r.SoldAt.After(time.Now()) || !r.Details.Late || r.Details.ByRules != nil {
			t.Errorf("recorded %+v", r)
		}
	}
	first := bySeq["sale"+no]
	if first == nil || first.Customer != s.aziza || first.Total != 45_000_00 || first.Earned != 450_00 {
		t.Fatalf("the first sale: %+v", first)
	}
	if back := sales[0]; back.Kind != receipt.KindReturn || back.Original != first.ID || back.Refund() != 45_000_00 {
		t.Errorf("the return: %+v", back)
	}
	s.proved()
	b.Go(s.server.URL + "/till")
	b.Wait(`document.getElementById("waiting").hidden && document.activeElement.id === "scan"`)
	if text := strings.Join(s.audit(), " "); !strings.Contains(text, "look.snapshot") {
		t.Errorf("the audit log says %s", text)
	}
}

// The tab is killed while it sends, the answer is lost, and two other tabs send at
// once: everything is recorded once. A tab that was opened without the line has no
// key; whom it cannot find the server finds.
func TestBrowserSendsOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t, dbtest.Open(t, dbtest.SQLite))
	first, line := s.apart(t)
	line.down.Store(true)
	b := first.Tab()
	b.Look(tablet)
	s.open(b)
	b.See("вкладка открыта без связи")
	for range 3 {
		sell(b, "4780000000017")
	}
	scan(b, card)
	b.Click("[data-do=shown]")
	b.See(card)
	sell(b, "4780000000024")

	heard, calls := make(chan bool, 1), atomic.Int32{}
	how := func(w http.ResponseWriter, r *http.Request, next http.Handler) bool {
		if r.URL.Path == "/till/late" && calls.Add(1) == 1 {
			next.ServeHTTP(httptest.NewRecorder(), r) // recorded, and the answer lost
			heard <- true
			<-r.Context().Done()
			panic(http.ErrAbortHandler)
		}
		return false
	}
	b.Value(`void navigator.locks.request("till:send", () => { window.through = true })`)
	b.Wait(`window.through`) // what was on its way without the last
	line.how.Store(&how)
	b.Value(`void till.send()`)
	<-heard
	b.Close()
	if n := len(s.sales()); n != 4 {
		t.Fatalf("%d receipts of 4", n)
	}
	one, two := first.Tab(), first.Tab()
	for _, tab := range []*webtest.Browser{one, two} {
		tab.Look(tablet)
		tab.Go(s.server.URL + "/till/offline#waiting")
	}
	for _, tab := range []*webtest.Browser{one, two} {
		tab.Wait(`document.documentElement.dataset.started === ""`)
		tab.See("всё отправлено")
		waiting(tab, "0")
	}
	sales := s.sales()
	if len(sales) != 4 || sales[0].Customer != s.aziza || sales[0].Earned == 0 {
		t.Errorf("recorded %d, the last %+v", len(sales), sales[0])
	}
	s.proved()
}

// A tab that dies once the receipt is kept, before it knows, does not pay again; nor is
// a return kept twice. What one till is refused keeps no other's receipts.
func TestBrowserDiesWhilePaying(t *testing.T) {
	t.Parallel()
	s := newSite(t, dbtest.Open(t, dbtest.SQLite))
	b, line := s.cutOff(t)
	scan(b, "4780000000017")
	b.Wait(`!document.querySelector("#sale [data-pay]").disabled`)
	b.Value(`void (() => { const add = till.add; till.add = async (...all) => { await add(...all); await new Promise(() => {}); }; })()`)
	b.Press(kb.F9)
	waiting(b, "1")
	s.open(b)
	b.See("Корзина пуста")
	waiting(b, "1")
	sell(b, "4780000000024")

	b.Value(`void till.add({ kind: "sale", number: "odd", till: "7", staff: "", sold_at: Date.now() - 60000, total: 1, lines: [] })`)
	b.Value(`void (async () => { // it has waited longest
		const ask = indexedDB.open("till", 1);
		ask.onsuccess = () => {
			const q = ask.result.transaction("queue", "readwrite").objectStore("queue");
			q.getAll().onsuccess = (e) => { const odd = e.target.result.find((s) => s.number === "odd"); q.delete(odd.seq); q.put({ ...odd, seq: 0 }); };
		};
	})()`)
	line.down.Store(false)
	b.Value(`void till.send()`)
	waiting(b, "1")
	if n := len(s.sales()); n != 2 {
		t.Errorf("%d receipts of 2", n)
	}
	s.proved()
}

// Whoever has been signed out signs in, and what waits is sent. A clock that is a
// day wrong, and one that is set right after the sale, change no time.
func TestBrowserWaitsForItsCashier(t *testing.T) {
	t.Parallel()
	s := newSite(t, dbtest.Open(t, dbtest.SQLite))
	b, line := s.cutOff(t)
	sell(b, card, "4780000000024")
	cashier, err := s.Staff.Named(t.Context(), "cashier")
	check(t, err)
	check(t, s.Staff.EndSessions(t.Context(), staff.By{ID: cashier.ID}, cashier.ID))
	line.down.Store(false)
	b.Value(`void till.send()`)
	b.See("Войдите")
	waiting(b, "1")

	s.Clock.Advance(-24 * time.Hour)
	b.Click("[data-online]")
	b.Wait(`location.pathname === "/sign-in" && document.readyState === "complete"`)
	b.Fill("#login", "cashier")
	b.Fill("#password", password)
	b.Press(kb.Enter)
	b.Wait(`location.pathname === "/till" && document.getElementById("waiting").hidden && document.documentElement.dataset.ready === ""`)
	sales := s.sales()
	if len(sales) != 1 || sales[0].Customer != s.aziza || s.Now().Sub(sales[0].SoldAt).Abs() > 5*time.Minute || sales[0].Details.Clock == 0 {
		t.Fatalf("recorded %+v at %s", sales, s.Now())
	}

	line.down.Store(true)
	s.open(b)
	sell(b, "4780000000017")
	b.Value(`(() => { const was = Date.now; Date.now = () => was() - 86400000; })()`)
	line.down.Store(false)
	b.Value(`void till.send()`)
	waiting(b, "0")
	b.See("Часы этого устройства")
	if sales = s.sales(); len(sales) != 2 || s.Now().Sub(sales[0].SoldAt).Abs() > 5*time.Minute {
		t.Errorf("recorded %+v at %s", sales[0], s.Now())
	}
	s.proved()
}

// What lies in the browser says nothing of anybody without the key, which goes
// with the tab and with signing out.
func TestBrowserKeepsNobodyInTheClear(t *testing.T) {
	t.Parallel()
	s := newSite(t, dbtest.Open(t, dbtest.SQLite))
	b, line := s.cutOff(t)
	sell(b, card, "4780000000024")
	b.Value(`(async () => {
		let all = JSON.stringify(localStorage);
		const text = (v) => v instanceof ArrayBuffer || ArrayBuffer.isView(v) ? new TextDecoder().decode(v) : v && typeof v === "object" ? Object.values(v).map(text).join(" ") : String(v);
		for (const { name } of await indexedDB.databases()) {
			const db = await new Promise((done) => { indexedDB.open(name).onsuccess = (e) => done(e.target.result); });
			for (const s of db.objectStoreNames) all += " " + s + " " + text(await new Promise((done) => { db.transaction(s).objectStore(s).getAll().onsuccess = (e) => done(e.target.result); }));
			db.close();
		}
		for (const c of await caches.keys()) for (const r of await (await caches.open(c)).keys()) all += await (await (await caches.open(c)).match(r, { ignoreVary: true })).text();
		globalThis.stolen = all;
	})(), ""`)
	b.Wait(`globalThis.stolen`)
	stolen := b.Value(`stolen`)
	if !strings.Contains(stolen, "Green tea") || !strings.Contains(stolen, "4780000000024") {
		t.Fatal("the goods are not there: nothing was looked at")
	}
	for _, secret := range []string{"Азиза", "Каримова", "4567", phone, card, card[len(card)-6:], "Малика", "1800000000"} {
		if strings.Contains(stolen, secret) {
			t.Errorf("%q lies in the clear", secret)
		}
	}
	// The key goes from page to page, and nothing of it to the disk, where all that a
	// tab stores is written.
	opens := func(yes bool) {
		t.Helper()
		b.Value(fmt.Sprintf(`globalThis.opened = "", (async () => {
			for (const end = Date.now() + 5_000; Date.now() < end && Boolean(await till.people()) !== %t;);
			globalThis.opened = String(Boolean(await till.people()));
		})(), ""`, yes))
		b.Wait(fmt.Sprintf(`globalThis.opened === "%t"`, yes))
	}
	opens(true)
	b.StopWorkers() // as the browser does with those that have nothing to do
	s.open(b)       // once more, without the line
	opens(true)
	if text := b.Value(`JSON.stringify(sessionStorage) + JSON.stringify(localStorage)`); strings.Contains(text, "marks") || strings.Contains(text, "key\"") {
		t.Errorf("the tab stores %s", text)
	}
	b.Value(`new BroadcastChannel("till").postMessage("forget"), ""`) // as a tab does that signs out
	opens(false)
	s.open(b)
	opens(false)

	line.down.Store(false)
	b.Value(`void till.send()`)
	b.Go(s.server.URL + "/till")
	b.Wait(`document.documentElement.dataset.ready === ""`)
	opens(true)
	b.Value(`(() => { const f = document.querySelector("form[action='/sign-out']"); f.addEventListener("submit", (e) => e.preventDefault()); f.requestSubmit(); })()`)
	opens(false)
	// A till that is switched off keeps nobody.
	b.Go(s.server.URL + "/till")
	b.Wait(`document.documentElement.dataset.ready === ""`)
	opens(true)
	off := false
	check(t, s.DB.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		_, _, err := s.Catalog.UpdateTillTx(ctx, tx, s.tills[0].ID, catalog.TillChange{Active: &off})
		return err
	}))
	b.Go(s.server.URL + "/till")
	b.Wait(`document.readyState === "complete" && location.pathname === "/till/choose"`)
	b.Wait(`document.documentElement.dataset.ready === ""`)
	opens(false)
	b.Value(`till.kept("people").then((p) => { globalThis.left = String(p); }), ""`)
	b.Wait(`globalThis.left === "undefined"`)
}

// Without the line variants are told apart as with it, and are recorded by the
// catalog's name.
func TestBrowserTellsVariantsApart(t *testing.T) {
	t.Parallel()
	s := newSite(t, dbtest.Open(t, dbtest.SQLite))
	s.variants("M", "L", "2XL")
	b, line := s.cutOff(t)
	b.Fill("#scan", "футболка")
	b.See("Футболка красный, M", "Футболка красный, L")
	b.Press(kb.Escape)
	b.Fill("#scan", "2XL") // is no two of L
	b.Wait(`[...document.querySelectorAll(".hit")].map((e) => /2XL/.test(e.textContent)).join() === "true"`)
	b.Press(kb.Escape)
	scan(b, "2XL")
	b.Wait(`[...document.querySelectorAll(".hit")].map((e) => /2XL/.test(e.textContent)).join() === "true"`)
	b.Press(kb.Escape)
	b.Fill("#scan", "красный L")
	b.Wait(`document.querySelectorAll(".hit").length === 1`)
	b.Press(kb.ArrowDown, kb.Enter)
	b.Wait(`document.querySelector(".line-name strong").textContent === "Футболка красный, L"`)
	b.Press(kb.F9)
	b.Wait(`document.querySelector(".slip-lines").textContent.includes("Футболка красный, L")`)
	rec := s.sent(b, line)
	if len(rec.Lines) != 1 || rec.Lines[0].SKU != "shirt-l" || rec.Lines[0].Name != "Футболка" {
		t.Errorf("recorded %+v", rec.Lines)
	}
}

// Without the line, too, goods that nobody knows are sold by the name that is typed.
func TestBrowserSellsByNameWithoutTheLine(t *testing.T) {
	t.Parallel()
	s := newSite(t, dbtest.Open(t, dbtest.SQLite))
	b, line := s.cutOff(t)
	for _, other := range []string{"+998 99 111 22 33", "somebody@example.com"} {
		scan(b, other)
		b.Wait(`document.querySelector(".found-nothing") && document.querySelector(".found-nothing p").textContent.includes("` + other + `")`)
		b.Wait(`document.querySelector("[data-do=sell]").hidden`)
	}
	for typed, what := range map[string]string{"2 халвы": "2 халвы", "2 x 99": "99", "2 x99": "99", "2xalva": "alva"} {
		scan(b, typed)
		b.Click(`[data-do=sell]`)
		b.Wait(`document.querySelector("#lines .line-name span").textContent === "` + what + `"`)
		b.Click(`[data-do=clear]`)
		b.Wait(`!document.querySelector("#lines .line")`)
	}
	scan(b, "2*Хлеб белый")
	b.Click(`[data-do=sell]`)
	b.Wait(`document.querySelector("#name-0").value === "Хлеб белый"`)
	b.Fill("#price-0", "7500")
	b.See("15 000 сум")
	b.Press(kb.F9)
	b.Wait(`document.querySelector(".slip-lines").textContent.includes("Хлеб белый")`)
	rec := s.sent(b, line)
	if l := rec.Lines; len(l) != 1 || l[0].SKU != "Хлеб белый" || l[0].Name != "Хлеб белый" || l[0].Product == 0 {
		t.Errorf("recorded %+v", l)
	}
}

// What closes the list of what was found lies on nothing of it.
func TestBrowserClosesWhatWasFound(t *testing.T) {
	t.Parallel()
	s := newSite(t, dbtest.Open(t, dbtest.SQLite))
	s.variants("M", "L")
	b, line := s.apart(t)
	clear := func(page, text string) {
		t.Helper()
		for _, look := range []webtest.Look{{Width: 390, Height: 844, Language: "ru"}, {Width: 1440, Height: 900, Language: "ru"}} {
			b.Look(look)
			b.Click("#scan")
			scan(b, text)
			b.Wait(`document.querySelector(".found")`)
			if on := b.Value(`(() => {
				const x = document.querySelector(".found-close").getBoundingClientRect();
				return [...document.querySelectorAll(".found :is(h2, p, .hit, .btn)")].filter((e) => {
					const at = e.getBoundingClientRect();
					return at.height && at.right > x.left && at.left < x.right && at.bottom > x.top && at.top < x.bottom;
				}).map((e) => e.textContent).join("; ");
			})()`); on != "" {
				t.Errorf("%s, %d wide: lies on %s", page, look.Width, on)
			}
			b.Usable(page)
			b.Touchable(page)
			b.Shot(fmt.Sprintf("till-%s-%d", page, look.Width))
			b.Click(".found-close")
			b.Wait(`!document.querySelector(".found")`)
		}
	}
	clear("found-goods", "футболка")
	clear("found-nothing", "4600000000011")
	line.down.Store(true)
	s.open(b)
	clear("offline-goods", "футболка")
	clear("offline-nothing", "4600000000011")
}

// What the server records otherwise, or not at all, a person is shown until they
// have seen it; what was mended is sent again.
func TestBrowserShowsConflicts(t *testing.T) {
	t.Parallel()
	s := newSite(t, dbtest.Open(t, dbtest.SQLite))
	var age atomic.Int64
	age.Store(int64(14 * 24 * time.Hour))
	s.Receipts.AllowLate(func() receipt.Lateness {
		return receipt.Lateness{Age: time.Duration(age.Load()), Skew: 10 * time.Minute}
	})
	b, line := s.cutOff(t)
	sell(b, card, "4780000000024")
	check(t, s.block(s.aziza))
	b.Value(`void till.add({ kind: "sale", number: "old-1", till: document.body.dataset.till, sold_at: Date.now() - 20 * 86400000, total: 100, lines: [{ sku: "bag", name: "Bag", quantity: 1000, price: 10000, charged: 100 }] })`)
	// What cannot be read keeps nothing else from being recorded.
	b.Value(`void till.add({ kind: "sale", number: "bad-1", till: document.body.dataset.till, sold_at: Date.now(), total: 100, original: 5 })`)
	waiting(b, "3")
	line.down.Store(false)
	busy := func(w http.ResponseWriter, _ *http.Request, _ http.Handler) bool {
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	}
	line.how.Store(&busy)
	s.open(b) // instead of an error page of whatever stands before the server
	b.Click(`[data-mode=waiting]`)
	b.See("Сервер занят")
	waiting(b, "3")
	line.how.Store(nil)
	b.Click(`[data-do=send]`)
	b.See("Клиент заблокирован", "old-1", "Просмотрено", "bad-1", "не смог прочитать")
	b.Value(`[...document.querySelectorAll(".conflict")].find((c) => c.textContent.includes("bad-1")).querySelector("[data-seen]").click()`)
	waiting(b, "2")
	b.Usable("conflicts")
	b.Shot("till-conflicts")
	if sales := s.sales(); len(sales) != 1 || sales[0].Customer != 0 {
		t.Fatalf("recorded %+v", sales)
	}
	b.Go(s.server.URL + "/till")
	b.Wait(`document.querySelector("#waiting strong").textContent === "2"`)
	b.Click("#waiting")
	b.Wait(`document.documentElement.dataset.started === ""`)
	b.See("old-1")
	age.Store(int64(30 * 24 * time.Hour))
	b.Click(`.conflict [data-again]:not([hidden])`)
	waiting(b, "1")
	if sales := s.sales(); len(sales) != 2 {
		t.Fatalf("%d receipts, sent again", len(sales))
	}
	b.Click(`.conflict [data-seen]`)
	waiting(b, "0")
	s.proved()
}

// A payment whose answer was lost goes on without the line under its own number,
// whether it was recorded or not.
func TestBrowserPaysThroughTheQueue(t *testing.T) {
	t.Parallel()
	for name, arrived := range map[string]bool{"recorded": true, "not recorded": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, dbtest.Open(t, dbtest.SQLite))
			b, line := s.apart(t)
			scan(b, card, "4780000000024")
			b.See("45 000 сум")
			settled(b)
			no := b.Value(`document.querySelector("[name=number]").value`)
			how := func(w http.ResponseWriter, r *http.Request, next http.Handler) bool {
				if arrived && r.URL.Path == "/till/pay" {
					next.ServeHTTP(httptest.NewRecorder(), r)
				}
				panic(http.ErrAbortHandler)
			}
			line.how.Store(&how)
			b.Press(kb.F9)
			b.See("пока неизвестно")
			b.Click("[data-go-on]")
			b.Wait(`document.documentElement.dataset.started === ""`)
			b.See("ответ на которую потерялся", "Корзина пуста")
			waiting(b, "1")
			line.how.Store(nil)
			b.Value(`void till.send()`)
			waiting(b, "0")
			sales := s.sales()
			if len(sales) != 1 || sales[0].Number != no || sales[0].Total != 45_000_00 || sales[0].Customer != s.aziza || sales[0].Details.Late == arrived {
				t.Errorf("recorded %+v", sales)
			}
			s.proved()
		})
	}
}

// What was scanned while the server did not answer goes along, and what the till does
// not know without the line is told. One of the store's customers has neither phone nor
// card.
func TestBrowserTakesScansAlong(t *testing.T) {
	t.Parallel()
	s := newSite(t, dbtest.Open(t, dbtest.SQLite))
	_, err := s.Enrol.Register(t.Context(), s.stores[0], 0, customer.New{HomeStore: s.stores[0].ID, Source: "till", Identifiers: []customer.Identifier{{Kind: customer.Email, Value: "nobody@example.com"}}})
	check(t, err)
	b, line := s.apart(t)
	scan(b, "4780000000024")
	b.See("45 000 сум")
	settled(b)
	line.down.Store(true)
	scan(b, "2*4780000000017", "4600000000011", card)
	b.See("4600000000011", "Сервер не отвечает")
	b.Click("[data-go-on]")
	b.Wait(`document.documentElement.dataset.started === ""`)
	b.See("Азиза К.", "69 000 сум", "не знает: 4600000000011")
	b.Shot("till-offline-unsure")
	b.Press(kb.F9)
	b.Wait(`document.activeElement.matches("#done:not([hidden]) [data-do=next]")`)
	waiting(b, "1")

	line.down.Store(false)
	b.Value(`void till.send()`)
	waiting(b, "0")
	if sales := s.sales(); len(sales) != 1 || sales[0].Total != 69_000_00 || sales[0].Customer != s.aziza {
		t.Errorf("recorded %+v", sales)
	}
	// A page that is opened anew before the line is back does it when it is.
	b.Go(s.server.URL + "/till")
	b.Wait(`document.readyState === "complete"`)
	how := func(w http.ResponseWriter, r *http.Request, next http.Handler) bool {
		if r.Method == http.MethodPost {
			panic(http.ErrAbortHandler)
		}
		return false
	}
	line.how.Store(&how)
	scan(b, "4780000000024")
	b.See("Сервер не отвечает")
	b.Go(s.server.URL + "/till")
	b.See("Сервер не отвечает")
	line.how.Store(nil)
	b.Click("[data-retry]")
	b.See("45 000 сум")
	b.Wait(`document.getElementById("line").hidden`)
	s.proved()
}

// A customer's level gives its discount without the line as it does with it.
func TestBrowserGivesTheLevelsDiscount(t *testing.T) {
	t.Parallel()
	s := newSite(t, dbtest.Open(t, dbtest.SQLite))
	v := s.enter("cashier", 0)
	v.send("/till/pay", v.send("/till/basket", v.get("/till").form(), "code:"+card, "code:30*tea-100").form()).is(http.StatusOK)
	b, line := s.cutOff(t)
	scan(b, "4567") // her phone ends like that
	b.Click("#found .hit")
	scan(b, "4780000000024", "4780000000048", "0,350*4780000000031")
	b.See("Азиза К.", "Silver", "Скидка уровня")
	due := b.Value(`document.getElementById("due").textContent`)
	b.Press(kb.F9)
	b.Wait(`document.activeElement.matches("#done:not([hidden]) [data-do=next]")`)
	line.down.Store(false)
	b.Value(`void till.send()`)
	waiting(b, "0")
	bundle, err := i18n.Load()
	check(t, err)
	sale := s.sales()[0]
	if sale.Customer != s.aziza || sale.Discount == 0 || sale.Details.ByRules != nil || sale.Level != "silver" {
		t.Errorf("recorded %+v", sale)
	}
	if want := bundle.For("ru").Money(sale.Total, s.Currency); due != want {
		t.Errorf("the page said %s, recorded is %s", due, want)
	}
	s.proved()
}

// A line is taken out of the programme without the line, and back in.
func TestBrowserTakesALineOutWithoutTheLine(t *testing.T) {
	t.Parallel()
	s := newSite(t, dbtest.Open(t, dbtest.SQLite))
	b, line := s.cutOff(t)
	scan(b, "4780000000024", "4780000000048")
	for _, at := range []string{"0", "1", "1"} {
		b.Click(`[data-at="` + at + `"] summary`)
		b.Click(`[data-at="` + at + `"] [data-out]`)
	}
	b.See("не участвует в программе")
	b.Press(kb.F9)
	b.Wait(`document.activeElement.matches("#done:not([hidden]) [data-do=next]")`)
	waiting(b, "1")
	line.down.Store(false)
	b.Value(`void till.send()`)
	waiting(b, "0")
	if out := s.sales()[0].Details.NoLoyalty; out != "1" {
		t.Errorf("lines %q were taken out", out)
	}
	s.proved()
}

// A key that is on its way when somebody signs out in another tab is not taken.
func TestBrowserDropsAKeyOnItsWay(t *testing.T) {
	t.Parallel()
	s := newSite(t, dbtest.Open(t, dbtest.SQLite))
	b, line := s.apart(t)
	asked, answer := make(chan struct{}, 10), make(chan struct{})
	slow := func(_ http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if r.URL.Path == "/till/key" {
			asked <- struct{}{}
			<-answer
		}
		return false
	}
	line.how.Store(&slow)
	b.Go(s.server.URL + "/till")
	<-asked
	b.Value(`globalThis.told = false, till.forgotten = () => { globalThis.told = true }, new BroadcastChannel("till").postMessage("forget"), ""`)
	b.Wait(`globalThis.told`)
	close(answer)
	b.Wait(`document.documentElement.dataset.ready === ""`)
	b.Value(`globalThis.opened = "", till.people().then((found) => { globalThis.opened = String(Boolean(found)) }), ""`)
	b.Wait(`globalThis.opened === "false"`)
}

// The page can be installed.
func TestBrowserInstalls(t *testing.T) {
	t.Parallel()
	s := newSite(t, dbtest.Open(t, dbtest.SQLite))
	b, _ := s.apart(t)
	b.Installable()
}

// A basket without the line is not left unpaid for the page with it; where it was, the
// one that was begun with the line since is gone on with, and the other is named.
func TestBrowserTwoBaskets(t *testing.T) {
	t.Parallel()
	s := newSite(t, dbtest.Open(t, dbtest.SQLite))
	b, line := s.cutOff(t)
	scan(b, "4780000000017")
	b.See("12 000 сум")
	line.down.Store(false)
	b.Value(`void till.send()`)
	b.Wait(`!document.querySelector("[data-online]").hidden`)
	b.Click("[data-online]")
	b.See("Эта корзина не оплачена", "12 000 сум")
	b.Value(`location.hash = "waiting", ""`)
	b.Wait(`!document.getElementById("list").hidden`)
	b.Click("[data-online]")
	b.See("Эта корзина не оплачена", "12 000 сум")

	b.Go(s.server.URL + "/till") // by another way
	b.Wait(`document.documentElement.dataset.ready === ""`)
	scan(b, "4780000000024")
	b.See("45 000 сум")
	settled(b)
	line.down.Store(true)
	scan(b, "2*4780000000024")
	b.See("Сервер не отвечает")
	b.Click("[data-go-on]")
	b.Wait(`document.documentElement.dataset.started === ""`)
	b.See("135 000 сум", "прежняя неоплаченная корзина", "Зелёный луг» 3,2 %, 1 л × 1")
	sell(b)
	b.See("Корзина пуста")
}

// A till that takes nobody along sells, and says of a card that it does not know it.
func TestBrowserSellsWithNobodyTakenAlong(t *testing.T) {
	t.Parallel()
	s := newSite(t, dbtest.Open(t, dbtest.SQLite))
	s.offline = base.OfflineNobody
	b, line := s.cutOff(t)
	scan(b, card)
	b.Click("#found [data-do=shown]") // it goes along, and the server finds whose it is
	sell(b, "4780000000024")
	line.down.Store(false)
	b.Value(`void till.send()`)
	waiting(b, "0")
	if sales := s.sales(); len(sales) != 1 || sales[0].Customer != s.aziza {
		t.Errorf("recorded %+v", sales)
	}
}
