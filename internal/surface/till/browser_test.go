package till_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/i18n"
	"regulars/internal/base/settings"
	"regulars/internal/surface/web/webtest"
)

// browser signs somebody in at a till, in a language.
func (s *site) browser(b *webtest.Browser, look webtest.Look, login string, till int) {
	s.t.Helper()
	b.Allow("favicon", "icon from the Manifest") // whoever leaves the page stops its loading; TestBrowserInstalls looks at it
	b.Look(look)
	b.Go(s.server.URL + "/till")
	b.Wait(`location.pathname === "/sign-in" && document.readyState === "complete"`)
	b.Fill("#login", login)
	b.Fill("#password", password)
	b.Press(kb.Enter)
	b.Wait(`location.pathname === "/till/choose" && document.readyState === "complete" && document.querySelector(".place")`)
	b.Click(`.place[value="` + s.tills[till].ID.String() + `"]`)
	b.Wait(`location.pathname === "/till" && document.activeElement.id === "scan"`)
}

// scan types as a scanner does: fast, with Enter at the end, wherever the
// focus is.
func scan(b *webtest.Browser, codes ...string) {
	for _, c := range codes {
		b.Press(c, kb.Enter)
	}
}

// goOn goes on to the next customer, whose link has the focus.
func goOn(b *webtest.Browser) {
	b.Wait(`document.activeElement?.matches("[data-next]")`)
	b.Press(kb.Enter)
}

func settled(b *webtest.Browser) {
	b.Wait(`!document.querySelector("#work.waiting")`)
}

var tablet = webtest.Look{Width: 1024, Height: 768, Language: "ru"}

// A cashier signs in, scans the customer and two products, lets her pay a part
// with points, takes the money, sees the slip and goes on to the next one.
func TestBrowserSells(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		b := webtest.Open(t)
		s.browser(b, tablet, "cashier", 0)
		scan(b, card)
		b.See("Азиза К.", "Start", "Доступно баллов", "30 000")
		// Scanned one after another, faster than the server answers.
		scan(b, "4780000000017", "4780000000024", "4780000000017")
		b.See("69 000 сум", "Начислим 690 баллов", "06.12.2026", "Больше на счёте нет.")
		settled(b)
		b.Wait(`[...document.querySelectorAll("[name=quantity]")].map(i => i.value).join() === "2,1"`)
		b.Wait(`document.activeElement.id === "scan"`)

		// What stands in an element's style, as browsers' helpers leave it there,
		// is not carried over: the policy would refuse it, and the console say so.
		b.Value(`document.querySelector("#redeem").style.color = "red"`)
		b.Fill("#redeem", "9000")
		b.See("60 000 сум", "Оплачено баллами")
		b.Click("[data-pay]")
		b.See("Оплачено", "60 000 сум", "ПРОДАЖА", "Малика Юсупова", "Списано баллов")
		if sales := s.sales(); len(sales) != 1 || sales[0].Total != 60_000_00 || sales[0].Customer != s.aziza {
			t.Errorf("recorded %+v", sales)
		}
		b.Usable("slip")
		goOn(b)
		b.See("Корзина пуста", "Клиент не указан")
		b.Back()
		b.See("60 000 сум")
	})
}

// Where a button does not take the focus, what it set replaces what was typed.
func TestBrowserPointsAreThoseOfTheButton(t *testing.T) {
	t.Parallel()
	s := newSite(t, dbtest.Open(t, dbtest.SQLite))
	b := webtest.Open(t)
	s.browser(b, tablet, "cashier", 0)
	scan(b, card, "4780000000024")
	b.See("45 000 сум")
	b.Fill("#redeem", "5000")
	b.See("40 000 сум")
	settled(b)
	b.Value(`document.querySelector(".redeem .chip:last-child").click(), ""`)
	b.See("22 500 сум")
	settled(b)
	b.Wait(`document.activeElement.id === "redeem" && document.activeElement.value.replace(/\D/g, "") === "22500"`)
	b.Press(kb.F9)
	b.See("Следующий клиент", "22 500 сум")
	if sales := s.sales(); len(sales) != 1 || sales[0].Redeemed != 22_500_00 {
		t.Errorf("recorded %+v", sales)
	}
}

// A part comes back: the slip's number is scanned, a piece is chosen, the
// preview says what it comes to, and the return is recorded.
func TestBrowserTakesAPartBack(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		v := s.enter("cashier", 0)
		v.send("/till/pay", v.send("/till/basket", v.get("/till").form(), "code:"+card, "code:2*tea-100", "code:milk-1", "redeem:10200").form()).is(http.StatusOK)
		sale := s.sales()[0]

		b := webtest.Open(t)
		s.browser(b, tablet, "cashier", 1)
		b.Click(`.modes a[href="/till/returns"]`)
		next := func(quantity string) { // page, not the one that is being left
			b.Wait(`!document.body.dataset.left && document.readyState === "complete" && document.querySelector("#quantity-1")?.value === "` + quantity + `"`)
		}
		b.See("Сканируйте штрихкод чека")
		b.Value(`document.body.dataset.left = "yes"`)
		scan(b, sale.Number)
		next("")
		b.See("Green tea", "Отметьте, что возвращают")
		// What was chosen outlives a reload, and not a new beginning.
		b.Click("#plus-1")
		b.See("40 500 сум")
		settled(b)
		b.Value(`document.body.dataset.left = "yes", location.reload(), ""`)
		next("1")
		settled(b)
		b.Value(`document.body.dataset.left = "yes"`)
		scan(b, sale.Number)
		next("")
		b.See("Отметьте, что возвращают")
		b.Click("#plus-1")
		b.See("40 500 сум", "Вернём баллов", "4 500", "405")
		b.Wait(`document.activeElement.id === "plus-1"`)
		b.Press(kb.F9)
		b.See("Возврат сделан", "40 500 сум", "ВОЗВРАТ")
		if sales := s.sales(); len(sales) != 2 || sales[0].Total != 40_500_00 || sales[0].Original != sale.ID {
			t.Errorf("recorded %+v", sales)
		}
	})
}

// The answer to a payment is lost, the cashier presses again and reloads: the
// page says that it does not know, asks again, and there is one receipt.
func TestBrowserPaysOnceThroughABrokenLine(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		var cut atomic.Bool
		s.broken = func(w http.ResponseWriter, r *http.Request, next http.Handler) bool {
			if !cut.Load() || r.URL.Path != "/till/pay" {
				return false
			}
			next.ServeHTTP(httptest.NewRecorder(), r) // recorded, and the answer lost
			panic(http.ErrAbortHandler)
		}
		b := webtest.Open(t)
		b.Allow("Failed to load resource", "net::ERR", "Failed to fetch")
		s.browser(b, tablet, "cashier", 0)
		scan(b, card, "4780000000024")
		b.See("45 000 сум")
		settled(b)
		cut.Store(true)
		b.Value(`document.querySelector("[data-pay]").click(), document.querySelector("[data-pay]").click(), ""`)
		b.See("пока неизвестно, записан ли чек")
		b.Wait(`document.getElementById("work").inert`)
		b.Shot("till-unknown")
		b.Go(s.server.URL + "/till") // somebody reloads
		b.See("пока неизвестно, записан ли чек")
		cut.Store(false)
		b.Click("[data-retry]")
		b.See("Следующий клиент", "45 000 сум")
		if n := len(s.sales()); n != 1 {
			t.Errorf("%d receipts", n)
		}
	})
}

// Another till spends the points meanwhile: the page shows it and the cashier
// decides.
func TestBrowserDecidesOnAChangedPrice(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		b := webtest.Open(t)
		b.Allow("409")
		s.browser(b, tablet, "cashier", 0)
		scan(b, card, "4780000000024")
		b.See("45 000 сум")
		b.Click(`.redeem .chip:last-child`)
		b.See("22 500 сум")
		settled(b)
		v := s.enter("cashier", 1)
		v.send("/till/pay", v.send("/till/basket", v.get("/till").form(), "code:"+card, "code:tea-100", "redeem:20000").form()).is(http.StatusOK)
		b.Press(kb.F9)
		b.See("Чек ещё не записан", "45 000 сум")
		b.Wait(`document.querySelector("[data-pay]").disabled && document.querySelector("#redeem[aria-invalid]")`)
		b.Press(kb.F9) // leads to what is wrong
		b.Wait(`document.activeElement.id === "redeem"`)
		b.Click(`.redeem .chip:last-child`)
		b.See("35 000 сум")
		settled(b)
		b.Press(kb.F9)
		b.See("Следующий клиент")
		if sales := s.sales(); len(sales) != 2 || sales[0].Redeemed != 10_000_00 {
			t.Errorf("recorded %+v", sales)
		}
	})
}

// Where a discount or points are taken off, the reason is asked for where it is
// seen; nothing is paid without it, and the way to pay leads there. What is
// shown is what holds, and the focus stays where it was.
func TestBrowserAsksForTheReason(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite)
	s := newSite(t, d)
	b := webtest.Open(t)
	s.browser(b, tablet, "cashier", 0)
	for _, look := range []webtest.Look{tablet, {Width: 390, Height: 844, Language: "ru"}} {
		b.Look(look)
		b.Go(s.server.URL + "/till")
		scan(b, card, "4780000000017", "4780000000024", "4780000000048", "4780000000031")
		b.Wait(`document.querySelectorAll(".line").length === 4`)
		settled(b)
		b.Fill("#redeem", "5000")
		b.See("269 900 сум")
		settled(b)
		asked := `(() => {
			const field = document.querySelector("#reason"), why = document.querySelector("#reason-why .needed");
			const seen = (e) => { const at = e.getBoundingClientRect(); return e.contains(document.elementFromPoint(at.left + 20, at.top + at.height / 2)); };
			return document.activeElement === field && seen(field) && seen(why);
		})()`
		b.Click(".offs summary")
		b.Click("#off-points")
		b.Wait(asked)
		settled(b)
		if left := b.Value(`document.querySelector("#redeem") ? "points" : document.querySelector(".offs [aria-invalid]") ? "red" : ""`); left != "" {
			t.Errorf("%d: shown without points: %s", look.Width, left)
		}
		pay := func(how string, do func()) {
			t.Helper()
			b.Value(`document.querySelector("#scan").focus(), scrollTo(0, 0), ""`)
			do()
			b.Wait(asked)
			if b.Wait(`document.querySelector("#reason[aria-invalid]") && document.querySelector("#say").textContent.includes("Укажите, почему")`); len(s.sales()) != 0 {
				t.Errorf("%d: %s paid without a reason", look.Width, how)
			}
		}
		pay("F9", func() { b.Press(kb.F9) })
		pay("the button", func() { b.Click("[data-pay]") })
		b.Click("#off-points")
		b.See("269 900 сум")
		settled(b)
		b.Wait(`document.activeElement.id === "off-points" && document.activeElement.checkVisibility() && !document.activeElement.checked`)
		b.Wait(`document.querySelector("#redeem").value === "5000"`)
		b.Value(`sessionStorage.clear(), ""`)
	}
	b.Click("#off-discount")
	b.Wait(`document.activeElement.id === "reason"`)
	// What is typed and paid at once is paid with it.
	b.Press("День рождения", kb.F9)
	b.See("Следующий клиент")
	if sales := s.sales(); len(sales) != 1 || !sales[0].Details.NoDiscount || sales[0].Details.Reason != "День рождения" {
		t.Errorf("recorded %+v", sales)
	}
}

// The basket outlives a reload and belongs to its tab; what is scanned while a
// field is typed in goes into the basket and not into the field; a cancelled
// receipt can be brought back.
func TestBrowserKeepsTheBasket(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite)
	s := newSite(t, d)
	b := webtest.Open(t)
	s.browser(b, tablet, "cashier", 0)
	scan(b, card, "4780000000024")
	b.See("45 000 сум")
	settled(b)
	no := b.Value(`document.querySelector("[name=number]").value`)
	b.Go(s.server.URL + "/till")
	b.See("Азиза К.", "45 000 сум")
	settled(b)
	if again := b.Value(`document.querySelector("[name=number]").value`); again != no {
		t.Errorf("the number became %s after %s", again, no)
	}

	b.Click("#quantity-0")
	b.Value(`(() => {
		const field = document.getElementById("quantity-0");
		for (const key of "4780000000017") {
			field.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
			field.value += key;
			field.dispatchEvent(new Event("input", { bubbles: true }));
		}
		return field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
	})()`)
	b.See("57 000 сум")
	settled(b)
	b.Wait(`[...document.querySelectorAll("[name=quantity]")].map(i => i.value).join() === "1,1"`)

	b.Fill("#quantity-0", "3")
	b.See("147 000 сум")
	b.Press(kb.Enter)
	b.Wait(`document.activeElement.id === "scan"`)
	settled(b)
	b.Click("[data-clear]")
	b.See("Корзина пуста", "Чек очищен")
	settled(b)
	b.Click(".undo .btn")
	b.See("147 000 сум", "Азиза К.")

	// Names are suggested, chosen with the arrow and Enter.
	b.Fill("#scan", "пом")
	b.See("Помидоры розовые")
	b.Press(kb.ArrowDown, kb.Enter)
	b.See("175 900 сум")
}

// Somebody new is registered on the page.
func TestBrowserRegisters(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite)
	s := newSite(t, d)
	b := webtest.Open(t)
	s.browser(b, tablet, "cashier", 0)
	scan(b, "99 111-22-33")
	b.See("ничего нет")
	b.Click(`[data-do^="join:"]`)
	b.Fill("#join-name", "Нодира")
	b.Click("#consent-data")
	b.Press(kb.Enter)
	b.See("Клиент зарегистрирован", "Нодира", "30 000")
}

// Somebody new says the code that the phone was sent, and the field for it is next.
func TestBrowserRegistersWithACode(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite)
	s := newSite(t, d)
	s.AskForCodes(t, settings.AlwaysCode)
	b := webtest.Open(t)
	s.browser(b, tablet, "cashier", 0)
	scan(b, "99 111-22-33")
	b.Click(`[data-do^="join:"]`)
	b.Fill("#join-name", "Нодира")
	b.Click(`[data-do="join-code"]`)
	b.Wait(`document.activeElement.id === "join-said"`)
	code, _ := s.Sent.Last()
	b.Fill("#join-said", code) // as fast as a scanner, so that Enter would end a scan
	b.Click(`[data-do="register"]`)
	b.See("Клиент зарегистрирован", "Нодира", "30 000")
}

// On a phone no word of what was found is broken, nothing that has the focus
// is under the bars, and what went wrong is said where it is seen.
func TestBrowserFitsAPhone(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite)
	s := newSite(t, d)
	var cut atomic.Bool
	s.broken = func(http.ResponseWriter, *http.Request, http.Handler) bool {
		if cut.Load() {
			panic(http.ErrAbortHandler)
		}
		return false
	}
	b := webtest.Open(t)
	b.Allow("409", "Failed to load resource", "net::ERR", "Failed to fetch")
	phone := webtest.Phone
	phone.Language = "ru"
	s.browser(b, phone, "cashier", 0)
	// Nothing is sold yet: between the basket and the bar there is no empty box.
	b.Wait(`document.querySelector(".nothing") && document.querySelector(".sum").offsetHeight === 0`)
	b.Fill("#scan", "по")
	b.Wait(`document.querySelectorAll(".hit").length > 1`)
	if broken := b.Value(`[...document.querySelectorAll(".hit strong")].flatMap(e => [...e.textContent.matchAll(/\S+/g)].filter(m => {
		const word = document.createRange();
		word.setStart(e.firstChild, m.index);
		word.setEnd(e.firstChild, m.index + m[0].length);
		return word.getClientRects().length > 1;
	}))`); broken != "" {
		t.Errorf("broken in the middle: %s", broken)
	}

	b.Fill("#scan", "")
	scan(b, card, "4780000000017", "4600000000011")
	b.Wait(`document.querySelector(".found-nothing")`)
	b.Click(`[data-do^="new:"]`)
	b.Wait(`document.querySelector(".needed") && document.activeElement.name === "name" && document.activeElement.offsetWidth > 250`)
	settled(b)
	// What nobody has typed yet is asked for, and is no mistake.
	b.Wait(`!document.querySelector(".line [aria-invalid], .line .wrong:not(.needed), .line :user-invalid")`)
	b.Fill(`.line.new [name="name"]`, "Хлеб")
	b.Fill(`.line.new [name="priced"]`, "7500")
	b.See("19 500") // both lines
	settled(b)
	if covered := b.Value(`[...document.querySelectorAll("#work :is(button, input:not([type=hidden]), a, summary)")].filter(e => {
		if (!e.checkVisibility() || e.disabled || e.closest(".pay")) return false;
		e.focus();
		const at = e.getBoundingClientRect();
		return at.bottom > document.querySelector(".pay").getBoundingClientRect().top || at.top < document.querySelector(".bar").getBoundingClientRect().bottom;
	}).map(e => e.outerHTML.slice(0, 100)).join("\n")`); covered != "" {
		t.Errorf("under a bar with the focus: %s", covered)
	}

	seen := func(selector string) {
		t.Helper()
		b.Wait(`(() => {
			const at = document.querySelector("` + selector + `").getBoundingClientRect();
			return at.height > 0 && document.elementFromPoint(at.left + at.width / 2, at.top + 10)?.closest("` + selector + `");
		})()`)
	}
	b.Value(`document.querySelector("[name=quote]").value = "stale", document.querySelector("[data-pay]").click(), ""`)
	b.Wait(`document.querySelector(".messages .alert")`)
	seen(".messages .alert")
	settled(b)
	b.Value(`document.querySelector("#plus-0").focus(), ""`)
	cut.Store(true)
	b.Value(`document.querySelector("#plus-0").click(), ""`)
	b.See("Корзина сохранена")
	seen("#line")
	cut.Store(false)
	b.Click("[data-retry]")
	b.Wait(`document.getElementById("line").hidden && document.querySelector("#quantity-0").value === "2"`)
}

// The largest sums and the longest quantities are whole on every screen.
func TestBrowserCutsNoSumOff(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite)
	s := newSite(t, d)
	b := webtest.Open(t)
	s.browser(b, tablet, "cashier", 0)
	scan(b, "4780000000055")
	scan(b, card)
	b.See("Азиза К.")
	settled(b)
	screens := []webtest.Look{
		{Width: 1440, Height: 900}, {Width: 1280, Height: 800}, {Width: 1024, Height: 768}, {Width: 820, Height: 1180},
		{Width: 768, Height: 1024}, {Width: 390, Height: 844}, {Width: 360, Height: 780},
	}
	whole := func(what string) {
		t.Helper()
		settledOrNone(b)
		for _, look := range screens {
			b.Look(look)
			name := fmt.Sprintf("till-sums-%s-%d", what, look.Width)
			b.Shot(name)
			if cut := b.Value(`[...document.querySelectorAll(".due strong, .done-sum, .sums dd, .line-total strong, .slip-total span, .chip, .stepper input")].filter(e => {
				const at = e.getBoundingClientRect(), box = e.closest(".sum, .line, .done-main, .slip").getBoundingClientRect();
				return at.left < box.left || at.right > Math.min(box.right, innerWidth) || e.scrollWidth > e.clientWidth + 1 && e.clientWidth;
			}).map(e => e.outerHTML.slice(0, 100)).join("\n")`); cut != "" {
				t.Errorf("cut off, %s: %s", name, cut)
			}
		}
	}
	for _, lang := range i18n.Codes() {
		b.Look(webtest.Look{Width: 1024, Height: 768, Language: lang})
		b.Go(s.server.URL + "/till")
		b.Wait(`document.querySelector("#priced-0")`)
		for _, sum := range []string{"999999", "9999999", "17980100", "8990065.25", "9999999999.99"} {
			b.Fill("#priced-0", sum)
			b.Wait(`document.querySelector(".due strong").textContent.replace(/[^0-9]/g, "") === "` + strings.ReplaceAll(sum, ".", "") + `"`)
			whole(sum + "-" + lang)
		}
		// More than a receipt can come to, in case that changes.
		b.Value(`document.querySelector(".due strong").textContent = document.querySelector(".due strong").textContent.replace("9", "99"), ""`)
		whole("most-" + lang)
		for _, quantity := range []string{"0.010", "0,1234", "1"} {
			b.Fill("#quantity-0", quantity)
			whole(quantity + "-" + lang)
		}
	}
	b.Click("[data-pay]")
	b.Wait(`document.querySelector(".slip-total")`)
	whole("paid")
	b.Go(s.server.URL + "/till/returns/" + s.sales()[0].ID.String())
	b.Click(`[data-do="all"]`)
	b.Wait(`document.querySelector(".due .longer")`)
	whole("return")
}

// Every screen in the sizes, languages and themes that it is used in.
func TestBrowserLooks(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite)
	s := newSite(t, d)
	s.attributes()
	s.register(0, "Bobur", "Aliyev", "+998935551234", "")
	s.AskForCodes(t, settings.AskCode)
	owner := s.enter("owner", 0)
	owner.send("/till/pay", owner.send("/till/basket", owner.get("/till").form(), "code:"+card, "code:8*plov-set", "redeem:12000").form()).is(http.StatusOK)
	sale := s.sales()[0]
	owner.send("/till/pay", owner.send("/till/basket", owner.get("/till").form(), "code:2*milk-1", "code:tea-100").form()).is(http.StatusOK)
	gone := "/till/returns/" + s.sales()[0].ID.String()
	owner.send(strings.Replace(gone, "returns", "take-back", 1), owner.send(gone, owner.get(gone).form(), "all").form()).is(http.StatusOK)
	returned := s.sales()[0]

	b := webtest.Open(t)
	first := true
	for _, screen := range []struct {
		name string
		webtest.Look
	}{
		{"tablet-ru", webtest.Look{Width: 1024, Height: 768, Language: "ru"}},
		{"upright-ru-dark", webtest.Look{Width: 820, Height: 1180, Language: "ru", Dark: true}},
		{"phone-ru", webtest.Look{Width: 390, Height: 844, Language: "ru"}},
		{"tablet-uz", webtest.Look{Width: 1024, Height: 768, Language: "uz"}},
		{"upright-uz", webtest.Look{Width: 820, Height: 1180, Language: "uz"}},
		{"phone-uz-dark", webtest.Look{Width: 360, Height: 780, Language: "uz", Dark: true}},
		{"wide-en", webtest.Look{Width: 1440, Height: 900, Language: "en"}},
		{"phone-en-dark", webtest.Look{Width: 390, Height: 844, Language: "en", Dark: true}},
		{"wide-ru-dark", webtest.Look{Width: 1440, Height: 900, Language: "ru", Dark: true}},
	} {
		shot := func(page string) {
			t.Helper()
			settledOrNone(b)
			b.Shot("till-" + page + "-" + screen.name)
			b.Usable(page + " " + screen.name)
			b.Touchable(page + " " + screen.name)
		}
		if first {
			s.browser(b, screen.Look, "cashier", 0)
			first = false
		}
		b.Look(screen.Look)
		b.Go(s.server.URL + "/till/choose")
		shot("choose")
		b.Go(s.server.URL + "/till")
		b.Wait(`document.querySelector(".nothing")`)
		shot("empty")
		scan(b, "1234")
		b.Wait(`document.querySelectorAll(".hit").length > 1`)
		shot("found")
		scan(b, "99 111-22-33")
		b.Wait(`document.querySelector(".found-nothing")`)
		b.Click(`.found-nothing [data-do]`)
		b.Wait(`document.querySelector("#join-phone")`)
		b.Click(`[data-do="register"]`)
		b.Wait(`document.querySelector("#join-name[aria-invalid]")`)
		shot("join")
		b.Click(`[data-do="unjoin"]`)
		b.Wait(`!document.querySelector("#join-phone")`)
		scan(b, card, "4780000000017", "0,350*tomato", "4780000000048", "2*tea-100", "3*milk-1", "4780000000024")
		b.Wait(`document.querySelectorAll(".line").length >= 4`)
		settled(b)
		b.Click(`.redeem .chip:last-child`)
		b.Wait(`document.querySelector("#redeem").value !== ""`)
		settled(b)
		b.Click(`[data-do="strike:1"]`)
		b.Wait(`document.querySelector(".line.void")`)
		shot("basket")
		b.Value(`document.querySelector(".offs summary").click(), document.querySelector("#off-discount").click(), ""`)
		b.Wait(`document.activeElement.id === "reason"`)
		settled(b)
		shot("reason")
		b.Click("[data-pay]")
		shot("reason-missing")
		b.Click(`.line-more summary`)
		b.Fill("#discount-0", "1000000")
		b.Wait(`document.querySelector(".line .wrong")`)
		shot("wrong")
		b.Go(s.server.URL + "/till/receipts/" + sale.ID.String())
		b.Wait(`document.querySelector(".slip-bars")`)
		shot("slip")
		b.Look(webtest.Look{Width: 302, Height: 700, Print: true, Language: screen.Language}) // 80 mm
		b.Shot("till-print80-" + screen.name)
		b.Look(webtest.Look{Width: 219, Height: 700, Print: true, Language: screen.Language}) // 58 mm
		b.Shot("till-print58-" + screen.name)
		b.Look(screen.Look)
		b.Go(s.server.URL + "/till/returns?customer=" + sealed(s.aziza))
		shot("receipts")
		b.Go(s.server.URL + "/till/returns?number=7")
		shot("none")
		b.Go(s.server.URL + "/till/returns/" + sale.ID.String())
		b.Click("#plus-1")
		b.Wait(`document.querySelector(".points-sums")`)
		shot("return")
		b.Go(s.server.URL + "/till/returns?number=" + returned.Number)
		shot("returned")
		b.Go(s.server.URL + gone)
		shot("gone")
		b.Value(`sessionStorage.clear(), ""`)
	}
}

func settledOrNone(b *webtest.Browser) {
	b.Wait(`!document.querySelector("#work.waiting") && document.readyState === "complete"`)
}

// On a phone the boxes say whole what they are for.
func TestBrowserPlaceholdersFit(t *testing.T) {
	t.Parallel()
	s := newSite(t, dbtest.Open(t, dbtest.SQLite))
	b := webtest.Open(t)
	s.browser(b, webtest.Look{Width: 390, Height: 844}, "cashier", 0)
	for _, lang := range i18n.Codes() {
		b.Look(webtest.Look{Width: 390, Height: 844, Language: lang})
		for _, path := range []string{"/till", "/till/returns", "/till/offline"} {
			b.Go(s.server.URL + path + "?" + lang)
			b.Wait(`(() => {
				const box = document.querySelector("#scan"), style = getComputedStyle(box), pen = document.createElement("canvas").getContext("2d");
				pen.font = style.font;
				return pen.measureText(box.placeholder).width <= box.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
			})()`)
		}
	}
}
