package admin_test

import (
	"testing"

	"github.com/chromedp/chromedp/kb"

	"regulars/internal/base/db/dbtest"
	"regulars/internal/surface/admin"
	"regulars/internal/surface/web/webtest"
)

// A newcomer comes by the console's link and does what the first page leads
// to: a store, a till with its key, a programme with the example receipt
// beside it, a customer who is found by typing.
func TestBrowserFirstSteps(t *testing.T) {
	t.Parallel()
	c := open(t, dbtest.Open(t, dbtest.SQLite))
	token, err := c.Staff.InviteFirst(t.Context())
	must(t, err)
	b := webtest.Open(t)
	look := webtest.Wide
	look.Language = "ru"
	b.Look(look)

	b.Go(c.url + admin.InvitationPath(token))
	b.See("Первый владелец")
	b.Fill("#f-name", "Азиза Рахимова")
	b.Fill("#f-login", "aziza")
	b.Fill("#f-password", "correct horse battery")
	b.Press(kb.Enter)
	b.See("Здравствуйте, Азиза Рахимова!", "Сделано 0 из 4")

	b.Click(`.first-next .btn`)
	b.Click(`.empty-state .btn`)
	b.Fill("#f-name", "Чорсу")
	b.Press(kb.Enter)
	b.See("Магазин «Чорсу» добавлен")
	b.Fill("#f-till", "Касса 1")
	b.Press(kb.Enter)
	b.See("Касса «Касса 1» добавлена")
	b.Click(`form[action$="/keys"] .btn`)
	b.See("Новый ключ кассы")
	b.Wait(`document.querySelector(".secret code").innerText.startsWith("rg_")`)

	b.Press("g", "p")
	b.See("Новая программа")
	b.Click(`#f-kind-1`)
	b.Click(`form .btn-primary`)
	b.See("Пример чека", "К оплате")
	// The example is priced while the rate is typed, without leaving the page.
	b.Value(`document.querySelector("h1").dataset.same = "yes"`)
	b.Fill(`[name="levels/0/cashback"]`, "50")
	b.Wait(`document.querySelector("#slip").innerText.includes("Начислится") && document.querySelector("#slip .slip-lines .sum .num").innerText !== ""`)
	was := b.Value(`document.querySelector("#slip .said").innerText`)
	b.Value(`document.querySelector('[name="levels/0/cashback"]').value = ""`)
	b.Fill(`[name="levels/0/cashback"]`, "25")
	b.Wait(`document.querySelector("#slip .said").innerText !== ` + quote(was))
	b.Wait(`document.querySelector("h1").dataset.same === "yes"`)
	b.Click(`button[value="publish"].btn`)
	b.See("Публикация", "Что изменится")
	b.Click(`form[method=post]:has([name=draft]) .btn-primary`)
	b.See("Опубликовано", "Версия 1 действует")

	b.Press("g", "c")
	b.See("Клиентов ещё нет")
	b.Click(`.empty-state .btn`)
	b.Fill("#f-phone", "90 123 45 67")
	b.Fill("#f-first_name", "Дилноза")
	b.Press(kb.Enter)
	b.See("Клиент зарегистрирован", "+998 90 123 45 67")
	b.Press("g", "c")
	b.See("Дилноза")
	b.Fill("#s-q", "4567")
	b.Wait(`location.search === "?q=4567" && document.querySelector("#list table")?.innerText.includes("Дилноза")`)
	b.Value(`document.querySelector("#s-q").value = ""`)
	b.Fill("#s-q", "9999")
	b.See("Такого клиента не нашлось")
	b.Wait(`document.activeElement.id === "s-q"`)
	b.Go(c.url + "/")
	b.See("Сделано 3 из 4", "по желанию")

	// The first sale is of something that nobody has told the catalog of.
	b.Click(`.first-next .btn`)
	b.Click(`.place`)
	b.Wait(`document.activeElement.id === "scan" && document.readyState === "complete"`)
	b.Press("4780000000017", kb.Enter)
	b.See("По «4780000000017» ничего нет", "Новый клиент")
	b.Click(`[data-do^="new:"]`)
	b.Wait(`document.activeElement.id === "named-0"`)
	b.Press("Хлеб Патыр", kb.Enter)
	b.Wait(`document.activeElement.id === "priced-0"`)
	b.Press("6000", kb.Enter)
	b.See("6 000 сум")
	b.Wait(`document.activeElement.id === "scan" && !document.querySelector("#work.waiting")`)
	b.Press("4780000000017", kb.Enter) // another piece of the same
	b.See("12 000 сум")
	b.Press("901234567", kb.Enter)
	b.See("Дилноза", "Начислим")
	b.Wait(`!document.querySelector("#work.waiting")`)
	b.Press(kb.F9)
	b.See("Оплачено", "12 000 сум", "Хлеб Патыр")

	// It is known from now on, and the figures of the day take the steps' place.
	b.Press(kb.Enter)
	b.Wait(`document.activeElement.id === "scan" && document.readyState === "complete"`)
	b.Press("4780000000017", kb.Enter)
	b.See("Хлеб Патыр", "6 000 сум")
	b.Go(c.url + "/")
	b.See("Сегодня", "12 000 сум")
}

// The first owner's clock is the chain's, whatever that of the server is.
func TestBrowserFirstOwnersClock(t *testing.T) {
	t.Parallel()
	c := open(t, dbtest.Open(t, dbtest.SQLite))
	token, err := c.Staff.InviteFirst(t.Context())
	must(t, err)
	b := webtest.Open(t)
	look := webtest.Phone
	look.Zone = "Asia/Yekaterinburg"
	b.Look(look)
	b.Go(c.url + admin.InvitationPath(token))
	b.Wait(`document.querySelector("#f-zone").value === "Asia/Yekaterinburg"`)
	b.Fill("#f-name", "Азиза Рахимова")
	b.Fill("#f-login", "aziza")
	b.Fill("#f-password", "correct horse battery")
	b.Click(".btn-primary")
	b.Wait(`location.pathname === "/"`)
	if zone := c.Settings.Get().Zone.String(); zone != "Asia/Yekaterinburg" {
		t.Errorf("the chain's clock is %s", zone)
	}
}
