package admin_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/i18n"
	"regulars/internal/importer"
)

// send uploads a file with the page's form.
func (b *browser) send(path, name, content string, fields ...string) *browser {
	b.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for i := 0; i < len(fields); i += 2 {
		must(b.t, form.WriteField(fields[i], fields[i+1]))
	}
	part, err := form.CreateFormFile("file", name)
	must(b.t, err)
	_, err = part.Write([]byte(content))
	must(b.t, err)
	must(b.t, form.Close())
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.url+path, &body)
	must(b.t, err)
	req.Header.Set("Content-Type", form.FormDataContentType())
	return b.take(b.client.Do(req)) //nolint:bodyclose // take closes it
}

const people = `Телефон;Имя;Фамилия;Карта
+998 90 111 22 33;Малика;Юсупова;77001
90 222 33 44;Тимур;Алиев;77002
не телефон;;;
`

// A file is uploaded, its columns are looked at, checked and imported; what
// was refused can be had as a file.
func TestImport(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).shop()
		b := s.owner()
		b.get("/imports").sees("Ещё ничего не загружали")
		b.get("/imports/new").post("/imports/new").is(422)
		b.send("/imports/new", "", "").is(422).sees("Выберите файл")
		b.send("/imports/new", "клиенты.csv.gz", "\x1f\x8b\x08\x00").is(422).sees("Архив повреждён или обрезан")
		b.send("/imports/new", "клиенты.csv", people, "source", "old", "kind", "customers").is(200).sees("клиенты.csv", "Столбцы", "Телефон", "Малика", "Не проверен")
		at := b.path

		form := b.form("columns")
		b.post(at+"/columns", form.with("column-2", "phone")...).is(422).sees("Это поле уже выбрано для другого столбца").has(`<span class="bad">`)
		b.post(at + "/start").is(422) // nothing was sent, and nothing changes
		b.get(at).sees("Не проверен", "Малика")
		b.post(at+"/columns", form...).is(200)
		b.until(at, "Проверяем файл").sees("Вот что получится", "Строк 3", "Не принято 1", "Почему строки не приняты", "ни e-mail, ни имени. Например: строка 4 1 Замечания", "Телефон: Такого номера телефона быть не может. Например: строка 4 «не телефон» 1").
			has(`form="columns" formaction="` + at + `/start"`)
		b.post(at+"/columns", form.with("column-2", "phone")...).is(422).lacks("/start")

		// What stands on the screen is checked before it is loaded.
		b.post(at+"/start", form.with("column-2", "last_name", "column-3", "first_name")...).is(200).sees("Столбцы изменены после проверки")
		b.until(at, "Проверяем файл").sees("Вот что получится", "Проверен")
		b.post(at+"/start", form...).is(200).sees("Столбцы изменены после проверки")
		b.until(at, "Проверяем файл").sees("Вот что получится", "Проверен")
		b.post(at+"/columns", form...).is(200) // the same once more
		b.until(at, "Проверяем файл").sees("Вот что получится", "Проверен")
		b.post(at+"/start", form...).is(200).lacks("Столбцы изменены")
		b.until(at, "Загружаем ").sees("Файл загружен", "Новых 2", "Не принято 1", "Почему строки не приняты")
		b.get(at + "/refused").is(200).sees("не телефон")
		b.get("/customers?q=Юсупова").sees("Малика Юсупова", "+998 90 111 22 33")
		b.get("/imports").sees("клиенты.csv", "Азиза Рахимова").has(`<div class="narrow-only muted">03.03.2036`)
		b.get("/audit?about=import").sees("Начат импорт", "клиенты.csv")
	})
}

// A file that is not wanted after all can be discarded until something of it is in.
func TestImportIsDiscarded(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		b := open(t, d).shop().owner()
		b.send("/imports/new", "ошибка.csv", people, "kind", "customers").is(200).sees("Удалить файл")
		at := b.path
		b.post(at+"/columns", b.form("columns")...).is(200)
		b.until(at, "Проверяем файл").sees("Проверен", "Удалить файл")
		b.post(at+"/discard").is(200).sees("Файл «ошибка.csv» удалён.", "Ещё ничего не загружали")
		b.get(at).is(404)
		b.get("/audit?about=import").sees("Удалён файл импорта", "ошибка.csv")

		b.send("/imports/new", "клиенты.csv", people, "kind", "customers").is(200)
		at = b.path
		form := b.form("columns")
		b.post(at+"/columns", form...).is(200)
		b.until(at, "Проверяем файл").post(at+"/start", form...).is(200)
		b.until(at, "Загружаем ").sees("Файл загружен").lacks("Удалить файл")
		b.post(at + "/discard").is(409).sees("удалить её нельзя")
	})
}

// Points need a programme: without one the page says so, or takes the file without
// them.
func TestImportOfPointsNeedsAProgramme(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		b := open(t, d).owner()
		b.send("/imports/new", "клиенты.csv", "Карта;Имя;Баллы\n77001;Анна;5\n", "kind", "customers").is(200)
		at, form := b.path, b.form("columns")
		b.post(at+"/columns", form...).is(422).sees("Сначала задайте программу или не берите столбец с баллами.").lacks("Проверяем файл")
		b.post(at+"/columns", form.with("column-3", "")...).is(200)
		b.until(at, "Проверяем файл").sees("Вот что получится", "Новых 1")
	})
}

// What the file leaves open is said, with how it is read, by whatever is chosen.
func TestImportSaysWhatItIsNotSureOf(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		b := open(t, d).shop().owner()
		b.send("/imports/new", "чеки.csv", "Чек;Дата;Сумма\n1;03/02/2024;1,250\n", "kind", "receipts").is(200).
			sees("«1,250» в столбце «Сумма» читается как 1250.", "«03/02/2024» читается как 3 февраля 2024").has(`<details class="more" open>`)
		at, form := b.path, b.form("columns")
		b.post(at+"/columns", form.with("decimal", ",", "date_order", "mdy")...).is(200)
		b.until(at, "Проверяем файл").sees("«1,250» в столбце «Сумма» читается как 1,25.", "«03/02/2024» читается как 2 марта 2024")
	})
}

// The words that say what a receipt is are shown with what they are read as, and are
// read as another choice says.
func TestImportExplainsWords(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		b := open(t, d).shop().owner()
		b.send("/imports/new", "чеки.csv", "Чек;Дата;Сумма;Статус\n1;13.02.2024;100;Оплачен\n2;13.02.2024;50;Брак\n3;13.02.2024;7;Отменён\n", "kind", "receipts").is(200).
			sees("Слова о чеках", "Оплачен Статус как понято: продажа", "как понято: не продажа")
		at, form := b.path, b.form("columns")
		b.post(at+"/columns", form.with("word-status-Брак", "sold")...).is(422).sees("Слово значит sale")
		form = form.with("word-status-Брак", "void")
		b.post(at+"/columns", form...).is(200)
		b.until(at, "Проверяем файл").sees("Не принято 2").has(`<option value="void" selected>`)
		b.post(at+"/start", form...).is(200).lacks("Столбцы изменены")
		b.until(at, "Загружаем ").sees("Файл загружен", "Не принято 2")
	})
}

// A file of names only says so, and is not started from the page; one that was
// stopped says whether anything of it is in.
func TestImportOfNothing(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		b := open(t, d).shop().owner()
		head, _, _ := strings.Cut(people, "\n")
		b.send("/imports/new", "пусто.csv", head+"\n", "kind", "customers").is(200)
		at := b.path
		b.post(at+"/columns", b.form("columns")...).is(200)
		b.until(at, "Проверяем файл").sees("В файле нет строк с данными").lacks("/start").lacks("Вот что получится")

		b.send("/imports/new", "клиенты.csv", people, "kind", "customers").is(200)
		at = b.path
		_, err := d.Exec(t.Context(), `UPDATE imports SET state = 'cancelled' WHERE file = 'клиенты.csv'`)
		must(t, err)
		b.get(at).sees("Остановлен", "Из файла ещё ничего не загружено")
		_, err = d.Exec(t.Context(), `UPDATE imports SET checkpoint = '{"row":2}' WHERE file = 'клиенты.csv'`)
		must(t, err)
		b.get(at).sees("Остановлен", "Что уже загружено, осталось").lacks("ничего не загружено")
	})
}

// Of several stores, that of a file of balances that names none is chosen on the
// page.
func TestImportAsksForTheStore(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).shop()
		b := s.owner()
		withPoints := strings.Replace(strings.ReplaceAll(people, "\n", ";5\n"), "Карта;5", "Карта;Баллы", 1)
		b.post("/stores/new", "name", "Сергели", "code", "S2", "zone", "Asia/Tashkent").is(200)
		b.send("/imports/new", "клиенты.csv", withPoints, "kind", "customers").is(200).sees("не выбран", "Сергели")
		at, form := b.path, b.form("columns")
		b.post(at+"/columns", form...).is(422).sees("магазинов несколько. Назовите магазин: Чорсу (S1), Сергели (S2)").has(`aria-invalid="true"`).lacks("/start")
		form = form.with("store", "S2")
		b.post(at+"/columns", form...).is(200)
		b.until(at, "Проверяем файл").sees("Вот что получится").has(`<option value="S2" selected>`)
		b.post(at+"/start", form...).is(200)
		b.until(at, "Загружаем ").sees("Файл загружен")
		b.get("/customers?q=Юсупова").sees("Сергели")
	})
}

// The audit log says in words what kind of file was loaded.
func TestKindsOfImportsHaveWords(t *testing.T) {
	t.Parallel()
	bundle, err := i18n.Load()
	must(t, err)
	for _, lang := range i18n.Codes() {
		for _, kind := range importer.Kinds {
			if _, ok := bundle.For(lang).Lookup("admin.value."+string(kind), nil); !ok {
				t.Errorf("%s: there is no word for %s", lang, kind)
			}
		}
	}
}
