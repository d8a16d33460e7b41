package admin_test

import (
	"archive/zip"
	"context"
	"image"
	"image/png"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/jobs"
	"regulars/internal/importer"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/admin"
	"regulars/internal/surface/web/webtest"
)

// An import is checked, started, stopped and taken up again with the buttons of
// its page.
func TestBrowserImportIsStoppedAndGoesOn(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite)
	c := open(t, d)
	token, err := c.Staff.InviteFirst(t.Context())
	must(t, err)
	i, err := c.Importer.Upload(t.Context(), importer.File{Name: "клиенты.csv"}, strings.NewReader(people),
		func(context.Context, *db.Tx, importer.Import) error { return nil })
	must(t, err)
	// The job that the page will start is there already and is not due: the
	// import waits until it is stopped.
	_, _, err = c.Jobs.Add(t.Context(), jobs.Job{
		Kind: "import", Dedupe: i.ID.String(), Payload: map[string]any{"import": i.ID}, RunAt: c.clock.now().Add(time.Hour),
	})
	must(t, err)
	b := webtest.Open(t)
	look := webtest.Wide
	look.Language = "ru"
	b.Look(look)
	b.Go(c.url + admin.InvitationPath(token))
	b.Fill("#f-name", "Азиза Рахимова")
	b.Fill("#f-login", "aziza")
	b.Fill("#f-password", "correct horse battery")
	b.Press(kb.Enter)
	b.See("Здравствуйте, Азиза Рахимова!")

	b.Go(c.url + "/imports/" + i.ID.String())
	b.Click(`#columns .btn`)
	b.See("Вот что получится", "Новых")
	b.Click(`button[formaction$="/start"]`)
	b.See("Загружаем", "Остановить", "что уже загружено, останется")
	b.Click(`form[action$="/cancel"] .btn`)
	b.See("Остановлен", "Из файла ещё ничего не загружено")
	b.Click(`form[action$="/start"] .btn`)
	b.See("Файл загружен", "Новых")
	b.Go(c.url + "/audit?about=import")
	b.See("Начат импорт")
}

// Every state of an import is usable in every look.
func TestBrowserImportLooks(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite)
	c := open(t, d)
	b := c.visit(webtest.Wide)
	c.everyLook(b, map[string]string{"imports-none": "/imports", "import-new": "/imports/new"})

	c.shop().goods()
	page := func(i importer.Import) string { return "/imports/" + i.ID.String() }
	upload := func(name, content string, of ...importer.Kind) importer.Import {
		i, err := c.Importer.Upload(t.Context(), importer.File{Name: name, Kind: append(of, "")[0]}, strings.NewReader(content),
			func(context.Context, *db.Tx, importer.Import) error { return nil })
		must(t, err)
		return i
	}
	receipts := "Номер чека;Дата;Артикул;Количество;Цена;Телефон;Статус\n1;02.03.2036 10:00;A-1;2;25000;+998 90 123 45 67;Оплачен\n2;когда-то;A-1;1;25000;;Собран\n"
	pages := map[string]string{
		"import-doubts":     page(upload("касса.csv", "Номер чека;Дата;Сумма\n1;03/02/2036;1,250\n")),
		"import-new-stores": "/imports/new", "import-columns": page(upload("клиенты.csv", people)), "import-receipts": page(upload("чеки за март.csv", receipts)),
		"import-checked": page(upload("люди.csv", people)), "import-done": page(upload("готово.csv", people)),
		"import-images": page(upload("фото товаров.zip", photos(t))), "import-stock": page(upload("остатки.csv", "Артикул;Чорсу;Юнусабад;Итого\nA-1;12;3;15\nнет такого;4;;4\n", importer.KindStock)),
	}
	b.Look(webtest.Look{Width: 1440, Height: 900, Language: "ru"})
	for _, name := range []string{"import-checked", "import-images", "import-stock"} {
		b.Go(c.url + pages[name])
		b.Click(`#columns .btn`)
		b.See("Вот что получится")
	}
	pages["import-stock-done"], pages["import-images-done"] = page(upload("счёт.csv", "Артикул;Чорсу\nA-1;7\n", importer.KindStock)), page(upload("фото.zip", photos(t)))
	for _, name := range []string{"import-done", "import-stock-done", "import-images-done"} {
		b.Go(c.url + pages[name])
		b.Click(`#columns .btn`)
		b.See("Вот что получится")
		b.Click(`button[formaction$="/start"]`)
		b.See("Файл загружен")
	}
	who, err := c.Customers.Find(t.Context(), customer.Identifier{Kind: customer.Card, Value: "77001"})
	must(t, err)
	_, err = c.Privacy.Erase(t.Context(), who.ID, staff.By{}, "заявление 7")
	must(t, err)
	pages["import-forgotten"] = page(upload("снова.csv", people)) + "#state"
	b.Go(c.url + pages["import-forgotten"])
	b.Click(`#columns .btn`)
	b.See("Вот что получится")
	b.See("данные стёрты по его просьбе")
	// This one's job is there already and is not due: it runs until it is stopped.
	long := upload("долго.csv", people)
	at := page(long)
	_, _, err = c.Jobs.Add(t.Context(), jobs.Job{
		Kind: "import", Dedupe: long.ID.String(), Payload: map[string]any{"import": long.ID}, RunAt: c.clock.now().Add(time.Hour),
	})
	must(t, err)
	b.Go(c.url + at)
	b.Click(`#columns .btn`)
	b.See("Вот что получится")
	b.Click(`button[formaction$="/start"]`)
	b.See("Загружаем")
	c.everyLook(b, map[string]string{"import-running": at})
	b.Look(webtest.Look{Width: 1440, Height: 900, Language: "ru"})
	b.Go(c.url + at)
	b.Click(`form[action$="/cancel"] .btn`)
	b.See("Остановлен")
	pages["import-stopped"], pages["imports"] = at, "/imports"
	c.everyLook(b, pages)
}

// photos are an archive with an image of nobody's and what is no image.
func photos(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	z := zip.NewWriter(&b)
	for _, name := range []string{"фото/A-1.png", "фото/nobody.png", "фото/readme.txt"} {
		w, err := z.Create(name)
		must(t, err)
		must(t, png.Encode(w, image.NewGray(image.Rect(0, 0, 2, 2))))
	}
	must(t, z.Close())
	return b.String()
}

// What was not done is not noted: an import that is over cannot be stopped, and
// a request brings one file.
func TestImportNotesWhatWasDone(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d).shop()
		b := c.owner()
		b.send("/imports/new", "клиенты.csv", people, "kind", "customers").is(200)
		at := b.path
		b.post(at + "/cancel").is(200)
		form := b.form("columns")
		b.post(at+"/columns", form...).is(200)
		b.until(at, "Проверяем файл").post(at+"/start", form...).is(200)
		b.until(at, "Загружаем ").sees("Файл загружен")
		b.post(at + "/cancel").is(200).sees("Файл загружен")
		count := func(action string) (n int) {
			must(t, d.QueryRow(t.Context(), `SELECT COUNT(*) FROM audit WHERE action = $1`, action).Scan(&n))
			return n
		}
		if up, began, ended := count("import.uploaded"), count("import.started"), count("import.cancelled"); up != 1 || began != 1 || ended != 0 {
			t.Errorf("noted: %d uploads, %d starts, %d ends", up, began, ended)
		}
	})
}
