package admin_test

import (
	"testing"

	"github.com/chromedp/chromedp/kb"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/surface/web/webtest"
)

// Goods that earn nothing are found and picked by name; without JavaScript the
// same buttons do it by sending the form.
func TestGoodsArePickedByName(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).shop()
		b := s.owner()
		at := "/programme/" + s.programme()
		b.get(at + "/edit").is(200).sees("Кроме категорий")
		form := b.form("editor")

		b.post(at+"/edit", form.with("find/earn/exclude/products", "вино", "do", "enter")...).is(200).sees("Вино красное").has(`value="pick earn/exclude/products A-4"`)
		b.post(at+"/edit", form.with("find/earn/exclude/categories", "ви", "do", "enter")...).is(200).has(`value="pick earn/exclude/categories wine"`)
		b.post(at+"/edit", form.with("find/earn/exclude/products", "вертолёт", "do", "enter")...).is(200).sees("Ничего не нашлось")
		b.post(at+"/edit", form.with("do", "pick earn/exclude/products A-4")...).is(200).has(`name="earn/exclude/products" value="A-4"`)
		form = b.form("editor")
		b.post(at+"/edit", form.with("do", "pick earn/exclude/categories food")...).is(200)
		b.post(at+"/edit", b.form("editor").with("do", "pick earn/exclude/categories made-up")...).is(200)
		b.post(at+"/edit", b.form("editor").with("do", "drop earn/exclude/categories made-up")...).is(200).lacks(`value="made-up"`)
		b.post(at+"/edit", b.form("editor").with("do", "save")...).is(200).sees("Черновик сохранён")
		b.get(at).sees("Без баллов: ничего → Продукты, Вино красное")
		b.get("/audit").is(200)

		// A picker answers for itself, and what was picked is not offered again.
		b.get(at + "/edit")
		form = b.form("editor")
		b.post(at+"/goods/earn/exclude/products", form.with("find/earn/exclude/products", "")...).is(200).sees("Хлеб Патыр").lacks("pick earn/exclude/products A-4")
		b.post(at+"/goods/redeem/exclude/products", form.with("do", "pick redeem/exclude/products A-1")...).is(200).has(`name="redeem/exclude/products" value="A-1"`)
		b.post(at+"/goods/levels", form...).is(404)
	})
}

// A marketer leaves goods out by keyboard and by mouse, and sees the example
// priced anew.
func TestBrowserPicksGoods(t *testing.T) {
	t.Parallel()
	s := open(t, dbtest.Open(t, dbtest.SQLite)).shop()
	look := webtest.Wide
	look.Language = "ru"
	b := s.visit(look)
	b.Go(s.url + "/programme/" + s.programme() + "/edit")
	b.Wait(`document.readyState === "complete"`)
	b.Value(`document.querySelector("h1").dataset.same = "yes"`)
	earned := b.Value(`document.querySelector("#slip .said").innerText`)

	// Enter takes the first that was found, even before it has come.
	box := `[name="find/earn/exclude/products"]`
	b.Fill(box, "хлеб")
	b.Press(kb.Enter)
	b.Wait(`document.querySelector('[name="earn/exclude/products"]')?.value === "A-1"`)
	b.Wait(`document.querySelector(".picked li").innerText.includes("Хлеб Патыр")`)
	b.Wait(`document.querySelector("#slip .said").innerText !== ` + quote(earned))
	b.Wait(`document.activeElement.name === "find/earn/exclude/products"`)
	// The arrows go through what is found.
	b.Wait(`document.querySelectorAll(".hits:has(.hit) .hit").length > 1`)
	b.Press(kb.ArrowDown, kb.ArrowDown)
	name := b.Value(`document.activeElement.querySelector("span").innerText`)
	b.Press(kb.Enter)
	b.Wait(`document.querySelectorAll(".picked li").length === 2 && document.querySelector(".picked").innerText.includes(` + quote(name) + `)`)

	// By mouse: a category, whose list opens at once.
	b.Click(`[name="find/redeem/exclude/categories"]`)
	b.Click(`[value="pick redeem/exclude/categories wine"]`)
	b.Wait(`document.querySelector('[name="redeem/exclude/categories"]')?.value === "wine"`)
	b.Usable("the pickers")
	b.Shot("pickers")
	b.Click(`[value="drop earn/exclude/products A-1"]`)
	b.Wait(`document.querySelectorAll('[name="earn/exclude/products"]').length === 1`)
	b.Wait(`document.querySelector("h1").dataset.same === "yes"`)
	b.Click(`button[value="save"].btn`)
	b.See("Черновик сохранён", "Вино", name)
}
