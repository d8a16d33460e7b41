package web_test

import (
	"fmt"
	"net/http/httptest"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/i18n"
	"regulars/internal/surface/web/webtest"
)

// A real browser uses the frame: it signs in, moves by keyboard, filters
// without losing the page, sees what is wrong with a form, changes language
// and theme; and the content security policy has nothing to complain about.
func TestBrowserUsesTheFrame(t *testing.T) {
	t.Parallel()
	d := newDemo(t, dbtest.Open(t, dbtest.SQLite))
	srv := httptest.NewServer(d.handler)
	t.Cleanup(srv.Close)
	b := webtest.Open(t)
	b.Look(webtest.Look{Width: 1440, Height: 900, Language: "ru"})

	b.Go(srv.URL + "/card")
	b.See("Вход") // sent to sign in
	b.Fill("#f-login", "aziza")
	b.Fill("#f-password", "secret")
	b.Press(kb.Enter)
	b.See("23 412 клиентов", "Азиза Рахимова")

	// A chip changes the address and the list, and nothing else.
	b.Value(`document.querySelector("h1").dataset.same = "yes"`)
	b.Click(`.chip[href*="state=lost"]`)
	b.Wait(`location.search === "?state=lost" && document.querySelector("#list .chip[aria-current]").innerText.startsWith("Lost")`)
	b.Wait(`document.querySelector("h1").dataset.same === "yes"`)
	// Searching keeps the chip.
	b.Fill("#s-q", "Дил")
	b.Wait(`new URLSearchParams(location.search).get("q") === "Дил" && new URLSearchParams(location.search).get("state") === "lost"`)
	b.Back()
	b.Wait(`location.search === "?state=lost" && document.querySelector("#s-q").value === "" && document.readyState === "complete" && document.querySelector("#list .chip[aria-current]").innerText.startsWith("Lost")`)

	// The keyboard: "/" searches, g r goes to receipts.
	b.Go(srv.URL + "/customers")
	b.Press("/")
	b.Wait(`document.activeElement.matches("[data-slash]")`)
	b.Press(kb.Escape, "g", "r")
	b.Wait(`location.pathname === "/card"`)

	// A wrong form comes back with its values and says what is wrong.
	b.Allow("422")
	b.Fill("#f-rate", "много")
	b.Click("#form .btn-primary")
	b.See("Это не число")
	b.Wait(`document.querySelector("#f-rate").value === "много" && document.querySelector("#f-rate").getAttribute("aria-invalid") === "true"`)
	b.Fill("#f-rate", "2,5")
	b.Click("#form .btn-primary")
	b.Wait(`location.pathname === "/customers"`)
	b.See("Сохранено: Дилноза Каримова")

	// An error of a part of the page is said at the top; the part stays.
	b.Go(srv.URL + "/card")
	b.Allow("404")
	b.Click("#form .btn-danger")
	b.See("Не найдено", "По этому адресу ничего нет")
	b.Wait(`document.querySelector("#flash .alert") && document.querySelector(".progress-box progress")`)

	// Language and theme are kept.
	b.Click(".top-user")
	b.Click(`.menu button[value="dark"]`)
	b.Wait(`document.documentElement.classList.contains("theme-dark") && location.pathname === "/card"`)
	b.Click(".top-user")
	b.Click(`.menu button[value="en"]`)
	b.See("This number has not answered three messages.")
	b.Wait(`document.documentElement.lang === "en" && document.documentElement.classList.contains("theme-dark")`)

	b.Click(".top-user")
	b.Click(".menu-item")
	b.See("Sign in")
}

// On a phone the sidebar is a menu; nothing is wider than the screen.
func TestBrowserLooks(t *testing.T) {
	t.Parallel()
	d := newDemo(t, dbtest.Open(t, dbtest.SQLite))
	srv := httptest.NewServer(d.handler)
	t.Cleanup(srv.Close)
	b := webtest.Open(t)
	b.Go(srv.URL + "/sign-in")
	b.Usable("signing in")
	b.Shot("signin")
	b.Fill("#f-login", "aziza")
	b.Fill("#f-password", "secret")
	b.Click(".btn-primary")
	b.See("23,412 customers")

	for name, look := range map[string]webtest.Look{"phone": webtest.Phone, "tablet": webtest.Tablet, "wide": webtest.Wide} {
		for _, lang := range i18n.Codes() {
			for _, dark := range []bool{false, true} {
				look.Language, look.Dark = lang, dark
				b.Look(look)
				for _, page := range []string{"customers", "card"} {
					b.Go(srv.URL + "/" + page)
					b.Wait(`document.readyState === "complete"`)
					b.Usable(fmt.Sprintf("%s, %s, %s, dark %v", page, name, lang, dark))
					b.Shot(fmt.Sprintf("%s-%s-%s-%v", page, name, lang, dark))
				}
			}
		}
	}

	b.Look(webtest.Phone)
	b.Click(".nav-toggle")
	b.Wait(`document.querySelector("#nav").matches(":popover-open")`)
	b.Usable("the menu of a phone")
	b.Shot("phone-menu")
	b.Click(`#nav a[data-go="c"]`)
	b.Wait(`location.pathname === "/customers"`)
	b.Look(webtest.Wide)
	b.Click(".top-user")
	b.Wait(`document.querySelector("#menu").matches(":popover-open")`)
	b.Usable("the user's menu")
	b.Shot("user-menu")
	look := webtest.Wide
	look.Print = true
	b.Look(look)
	b.Shot("print")
}

// However far one scrolls, the sections and the search stay in sight.
func TestBrowserKeepsTheFrameInSight(t *testing.T) {
	t.Parallel()
	d := newDemo(t, dbtest.Open(t, dbtest.SQLite))
	srv := httptest.NewServer(d.handler)
	t.Cleanup(srv.Close)
	b := webtest.Open(t)
	b.Look(webtest.Look{Width: 1440, Height: 500, Language: "en"})
	b.Go(srv.URL + "/customers")
	b.Fill("#f-login", "aziza")
	b.Fill("#f-password", "secret")
	b.Click(".btn-primary")
	b.See("23,412 customers")
	b.Wait(`(scrollTo(0, 1e6), scrollY > 0)`) // once there is something to scroll
	b.Wait(`["#nav", ".top"].every((part) => Math.round(document.querySelector(part).getBoundingClientRect().top) === 0)`)
}
