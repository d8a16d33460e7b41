package admin_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/jobs"
	"regulars/internal/importer"
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
	b.See("Остановлен", "Что уже загружено, осталось", "Продолжение начнётся с того же места")
	b.Click(`form[action$="/start"] .btn`)
	b.See("Файл загружен", "Новых")
	b.Go(c.url + "/audit?about=import")
	b.See("Начат импорт")
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
