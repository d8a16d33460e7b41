package admin_test

import (
	"context"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/money"
	"regulars/internal/importer"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/admin"
)

// From the console's link to a store with a till that has a key, and a customer.
func TestFirstSteps(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d)
		b := c.owner().sees("Здравствуйте, Азиза Рахимова!", "Сделано 0 из 4")
		b.get(b.link("/stores")).sees("Магазинов ещё нет")
		b.get("/stores/new").post("/stores/new", "name", "Чорсу", "code", "S1", "zone", "Asia/Tashkant").is(422).sees("Такого часового пояса нет")
		b.post("/stores/new", "name", "Чорсу", "code", "S1", "city", "Ташкент", "zone", "Asia/Tashkent").is(200).sees("Магазин «Чорсу» добавлен")
		store := b.path
		b.post(store+"/tills", "till", "Касса 1").sees("Касса «Касса 1» добавлена")
		till := b.path
		b.post(store+"/tills", "till", "Касса 1").is(422).sees("уже есть касса с таким названием").has(`aria-describedby="f-till-help" aria-invalid="true"`)
		b.post(store+"/tills", "till", "Касса 2").is(200)
		b.post(b.path, "name", "Касса 1", "active", "1").is(422).sees("уже есть касса с таким названием")
		b.post(till+"/keys").sees("Новый ключ кассы", "rg_")
		b.get(till).is(200).has(`href="/docs"`).post(b.link(till + "/keys/[0-9]+/revoke")).sees("Ключ отозван")
		b.get("/").sees("Сделано 1 из 4")
		b.get("/customers").sees("Клиентов ещё нет")
	})
}

// The first owner says what the chain is called; whoever comes later is not asked.
func TestFirstOwnerNamesTheChain(t *testing.T) {
	t.Parallel()
	c := open(t, dbtest.Open(t, dbtest.SQLite))
	token, err := c.Staff.InviteFirst(t.Context())
	must(t, err)
	b, at := c.browser(), admin.InvitationPath(token)
	const nobody = "Войти пока некому"
	b.get("/").is(200).sees(nobody)
	b.post("/sign-in", "login", "aziza", "password", "guessed").is(422).sees(nobody)
	b.get(at).is(200).sees("Название сети").has(`value="Makro"`)
	who := []string{"name", "Азиза Рахимова", "login", "aziza", "password", "correct horse battery"}
	b.post(at, "name", "Азиза", "login", "aziza", "password", "aziza-dokon-2026", "chain", "Makro").is(422).sees("В пароле не должно быть логина")
	b.post(at, "name", "Азиза", "login", "a", "password", "short", "chain", "", "zone", "").is(422)
	if n := strings.Count(b.body, `aria-invalid="true"`); n != 4 {
		t.Errorf("of a chain, a clock, a login and a password %d are marked", n)
	}
	b.post(at, append(who, "chain", " ")...).is(422).sees("Это нужно заполнить").has(`value="aziza"`)
	b.get(at).has(`name="zone" value="Asia/Tashkent"`).has(" data-first")
	b.post(at, append(who, "chain", "Oltin Savdo", "zone", "Mars/Base")...).is(422).sees("Такого часового пояса нет").has(`value="Mars/Base"`).lacks(" data-first")
	b.post(at, append(who, "chain", "Oltin Savdo", "zone", "Asia/Almaty")...).is(200).sees("Oltin Savdo", "Здравствуйте, Азиза Рахимова!")
	b.get("/audit").sees("Название: Makro Oltin Savdo", "Часовой пояс: Asia/Tashkent Asia/Almaty")
	b.get("/stores/new").has(`name="zone" value="Asia/Almaty"`)
	token, _, err = c.Staff.Invite(t.Context(), staff.By{ID: c.ownerID()}, staff.Owner, nil)
	must(t, err)
	c.browser().get(admin.InvitationPath(token)).is(200).lacks("Название сети")
	c.browser().get("/").is(200).lacks(nobody)
}

// What ends at a midnight is good on the day before it, wherever it is shown.
func TestLastDay(t *testing.T) {
	t.Parallel()
	s := open(t, dbtest.Open(t, dbtest.SQLite)).shop()
	b := s.owner()
	ends := s.sales[0].Details.ExpiresAt
	if ends == nil {
		t.Fatal("the points of the sale never end")
	}
	zone := s.store.Zone
	if at := ends.In(zone); at.Hour() != 0 || at.Minute() != 0 {
		t.Fatalf("they end at %s", at)
	}
	last := ends.In(zone).AddDate(0, 0, -1).Format("02.01.2006")
	b.get("/receipts/" + s.sales[0].ID.String()).sees("действуют до " + last)
	b.get("/customers/" + s.people[0].String()).sees(last).lacks(ends.In(zone).Format("02.01.2006"))
	b.get("/programme/" + s.programme() + "/edit").sees("действуют до " + last)
}

// A receipt says when it was recorded where that was long after the sale.
func TestLateReceipts(t *testing.T) {
	t.Parallel()
	s := open(t, dbtest.Open(t, dbtest.SQLite)).shop()
	b := s.owner()
	b.get("/receipts/" + s.sales[0].ID.String()).lacks("Записан")
	for hours, says := range map[int]bool{1: false, 5: true} {
		total := money.Amount(1000_00)
		rec, _, err := s.Receipts.Commit(t.Context(), receipt.Caller{Till: s.till, Store: s.store}, receipt.Sale{
			Number: strconv.Itoa(hours), SoldAt: s.clock.now().Add(-time.Duration(hours)*time.Hour + time.Minute), Total: &total,
			Draft: receipt.Draft{Lines: []receipt.DraftLine{{SKU: "A-1", Quantity: money.One, Price: 1000 * money.PriceScale}}},
		})
		must(t, err)
		if b.get("/receipts/" + rec.ID.String()).is(200); b.contains("Записан 03.03.2036 14:00") != says {
			t.Errorf("%d hours: %s", hours, b.text())
		}
	}
}

// Where the stores' clocks differ, a time of the list says whose it is.
func TestTimesSayTheirZone(t *testing.T) {
	t.Parallel()
	s := open(t, dbtest.Open(t, dbtest.SQLite)).shop()
	b := s.owner()
	b.get("/receipts").sees("03.03.2036").lacks("UTC+5").lacks("Asia/Tashkent")
	b.post("/stores/new", "name", "Москва", "code", "M1", "zone", "Europe/Moscow").is(200)
	b.get("/receipts").sees("14:00 UTC+5", "Дни здесь по часам Asia/Tashkent")
}

// A customer is registered once, changed, given and denied consents, blocked;
// points are given by hand after they were shown; all of it is in the log.
func TestCustomer(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).shop()
		b := s.owner()
		b.post("/customers/new", "phone", "123", "first_name", "Гуля").is(422).sees("не хватает цифр", "Выберите магазин").has(`value="Гуля"`)
		b.post("/customers/new", "phone", "", "card", "", "email", "", "first_name", "", "store", s.store.ID.String()).is(422).sees("Нужен телефон, карта").
			has(`aria-describedby="f-phone-help" aria-invalid="true"`).lacks("identifiers")
		b.post("/customers/new", "phone", "90 555 44 33", "card", "", "email", "", "first_name", "Гуля", "store", s.store.ID.String(), "consent", "1", "wording", "", "proof", "форма 5").is(422).has(`aria-describedby="f-wording-help" aria-invalid="true"`)
		b.post("/customers/new", "phone", "90 555 44 33", "card", "", "email", "", "first_name", "Гуля", "store", s.store.ID.String(), "consent", "1", "wording", "Согласие v2", "proof", "форма 5").is(200).
			sees("Клиент зарегистрирован", "+998 90 555 44 33", "Приветственные", "50", "форма 5")
		at := b.path
		b.post("/customers/new", "phone", "+998905554433", "first_name", "Гуля", "store", s.store.ID.String()).is(200).sees("Этот клиент уже был")
		if b.path != at {
			t.Fatalf("registered twice: %s and %s", at, b.path)
		}
		b.post(at+"/edit", "first_name", "Гульнора", "last_name", "Ахмедова", "middle_name", "", "sex", "female", "born", "1985-02-30", "city", "", "note", "", "store", s.store.ID.String()).is(422).sees("Такого дня нет в календаре")
		b.post(at+"/edit", "first_name", "Гульнора", "last_name", "Ахмедова", "middle_name", "", "sex", "female", "born", "1985-02-20", "city", "", "note", "", "store", s.store.ID.String()).is(200).sees("Гульнора Ахмедова", "20.02.1985", "Женский")
		b.get(at + "/edit").has(`value="20.02.1985"`)
		for typed, shown := range map[string]string{"1.3.1985": "01.03.1985", "29.02": "29.02", "31/12/1990": "31.12.1990", "1990-12-30": "30.12.1990", "--12-31": "31.12"} {
			b.post(at+"/edit", "first_name", "Гульнора", "last_name", "Ахмедова", "born", typed, "store", s.store.ID.String()).is(200).sees(shown)
		}
		b.post(at+"/edit", "first_name", "Гульнора", "last_name", "Ахмедова", "born", "31.02.1985", "store", s.store.ID.String()).is(422).sees("Такого дня нет в календаре").has(`value="31.02.1985"`)
		for typed, said := range map[string]string{"31.02": "Такого дня нет", "29.02.1985": "Такого дня нет", "1.1.2999": "Укажите прошедший день", "вчера": "Укажите прошедший день", "01.01.1800": "не раньше 1900 года"} {
			b.post(at+"/edit", "first_name", "Гульнора", "last_name", "Ахмедова", "born", typed, "store", s.store.ID.String()).is(422).sees(said)
		}
		b.post(at+"/identifiers", "kind", "card", "value", "2000100000").is(422).sees("Это уже есть у другого клиента")
		b.post(at+"/identifiers", "kind", "card", "value", "5555").is(200).sees("5555")
		b.post(at+"/identifiers/remove", "kind", "card", "value", "5555").is(200).sees("Убрано: 5555")
		b.post(at+"/consents", "given", "1", "purpose", "marketing", "channel", "sms", "wording", "", "proof", "").is(422).has(`aria-invalid="true"`)
		b.post(at+"/consents", "given", "0", "purpose", "marketing", "channel", "any", "wording", "", "proof", "звонок 8").is(200).sees("Отказ", "звонок 8")
		b.get(at+"/consents").sees("звонок 8", "форма 5")

		b.post(at+"/points", "way", "take", "points", "1000", "reason", "ошибка").is(422).sees("Доступно только баллов: 50")
		b.post(at+"/points", "way", "give", "points", "100", "reason", "").is(422).sees("Напишите, почему")
		b.post(at+"/points", "way", "give", "points", "100", "reason", "за терпение").is(200).sees("Станет 150", "Начислить 100 баллов")
		confirmed := b.form("adjust")
		b.post(at+"/points", confirmed...).is(200).sees("Готово", "Начислено вручную", "за терпение", "+100", "150")
		b.get("/audit?about=customer").sees("Баллы: 100 ", "Стало доступно: 150 ")
		b.post(at+"/points", confirmed...).is(422).sees("Баллы клиента изменились с тех пор", "Станет 250") // sent twice
		b.get(at).sees("150").lacks("250")
		b.adjust(at, "give", "20000", "ошибка").is(200)
		b.adjust(at, "take", "20000", "ошибка").is(200)
		b.get("/audit?about=customer").sees("Баллы: −20 000 ", "Стало доступно: 150 ", "Стало доступно: 20 150 ")
		b.post(at+"/state", "state", "blocked").is(200).sees("Клиент заблокирован", "заблокирован")
		b.get("/customers?state=blocked").sees("Гульнора Ахмедова")
		b.post(at+"/state", "state", "active").sees("Клиент разблокирован")
		b.get("/audit?about=customer").sees("Баллы изменены вручную", "за терпение", "Записан отзыв согласия", "Изменён доступ клиента", "Зарегистрирован клиент").lacks("5554433")

		// Every earning of a customer who bought is explained and leads to its receipt.
		b.get("/customers/"+s.people[0].String()).sees("Начислено за покупку · 1-3", "Приветственные баллы за регистрацию", "До уровня «3 %» осталось 2 400 000 сум")
		b.get(b.link("/receipts/[0-9]+")).is(200).sees("Чек 1-", "Хлеб Патыр", "Начислено баллов", "начислено ", "Уровень", "баллами")
		// Nobody held no level, though the programme priced the receipt.
		s.sell(receipt.Caller{Till: s.till, Store: s.store}, "nobody", 0, 40_000)
		b.get("/receipts/"+s.sales[len(s.sales)-1].ID.String()).is(200).sees("Клиент не назван", "версия 1").lacks("Уровень")
		b.get("/receipts?kind=return").sees("Ничего не нашлось")
		b.get("/receipts?q=2-1").sees("Алишер Усманов").lacks("Дилноза")
		b.get("/").sees("Сегодня", "90 %", "9 из 10 продаж")

		// What is given pays a debt off first.
		at = "/customers/" + s.people[0].String()
		b.adjust(at, "take", "6050", "сгорели").is(200)
		_, _, err := s.Receipts.Return(t.Context(), receipt.Caller{Till: s.till, Store: s.store}, receipt.Return{
			Number: "1-9", Original: s.sales[0].ID, Lines: []receipt.ReturnLine{{Position: 1, Quantity: 2 * money.One}},
		})
		must(t, err)
		b.post(at+"/points", "way", "give", "points", "1000", "reason", "подарок").is(200).sees("Долг, гасится первым 800", "Станет 200")
		b.post(at+"/points", b.form("adjust")...).is(200)
		b.get("/audit?about=customer").sees("Баллы: 1 000 ", "Стало доступно: 200 ")
	})
}

func TestStaffAndProducts(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).shop()
		b := s.owner()
		b.post("/staff/invite", "role", "cashier").is(422).sees("Выберите хотя бы один магазин")
		if n := strings.Count(b.text(), "Выберите хотя бы один магазин"); n != 1 {
			t.Errorf("what is wrong is said %d times", n)
		}
		b.post("/staff/invite", "role", "cashier", "stores", s.store.ID.String()).is(200).sees("Ссылка для нового сотрудника", "/invitation/")
		b.get("/staff").sees("Ждут ответа", "Чорсу").post("/staff/withdraw", "key", b.value("key")).sees("Ссылка больше не действует")
		me := "/staff/" + s.ownerID().String()
		b.post(me+"/active", "active", "0").is(422).sees("Это единственный действующий владелец")
		b.post(me + "/password").is(200).sees("Ссылка для нового пароля: Азиза Рахимова")
		b.post("/account/password", "old", "wrong", "password", "another long password").is(422).sees("Это не тот пароль")
		b.post("/account/password", "old", "correct horse battery", "password", "another long password").is(200).sees("Пароль сменён")
		other := s.browser()
		other.post("/sign-in", "login", "aziza", "password", "correct horse battery").is(422).sees("Неверный логин или пароль")
		other.post("/sign-in", "login", "aziza", "password", "another long password", "next", "/stores").is(200)
		if other.path != "/stores" {
			t.Errorf("after signing in one is at %s", other.path)
		}
		b.post("/account/sessions").is(200).sees("На других устройствах вы вышли")
		if other.get("/stores"); !strings.HasPrefix(other.path, "/sign-in") {
			t.Errorf("the other browser is still signed in at %s", other.path)
		}

		b.post("/products/new", "name", "Сыр", "sku", "A-1", "price", "1000", "kind", "goods", "category", "", "brand", "", "cost", "", "barcodes", "").is(422).sees("Этот артикул уже у другого товара")
		b.post("/products/new", "name", "Сыр", "sku", "A-9", "price", "дорого", "kind", "goods").is(422).sees("Это не число")
		b.post("/products/new", "name", "Сыр твёрдый", "sku", "A-9", "price", "45 000,50", "cost", "30000", "kind", "goods", "category", "food", "brand", "", "barcodes", "4780000000017", "active", "1").is(200).sees("Товар «Сыр твёрдый» добавлен")
		b.get("/products?q=4780000000017").sees("Сыр твёрдый", "45 000,50 сум").lacks("Плов")
		b.get(b.link("/products/[0-9]+")).has(`value="45`)
		b.get("/audit?about=product").sees("Цена: 45 000,50 сум", "Себестоимость: 30 000 сум")
		b.post("/products/new", "name", "Сыр мягкий", "sku", "A-10", "price", "1", "kind", "goods", "model", "Сыры", "options", "Размер: 200 г\nв рассоле", "active", "1").is(200)
		b.post("/products/new", "name", "Брынза", "sku", "A-11", "price", "1", "kind", "goods", "model", "Сыры", "options", "Размер: 400 г", "active", "1").is(200)
		b.get("/products?model=%D0%A1%D1%8B%D1%80%D1%8B").sees("Сыры", "200 г, в рассоле", "Брынза").lacks("Плов")
		b.get(b.link("/products/[0-9]+")).sees("Варианты этой модели", "Размер: 400 г", "200 г, в рассоле")
		b.get("/products?category=wine").sees("Вино красное").lacks("Плов")
		b.post("/categories", "code", "cheese", "name", "Сыры", "parent", "food").is(200).sees("Сыры")
		b.post("/categories", "code", "cheese", "name", "Brie", "parent", "").is(422).sees("Этот код уже у другой категории", "Новая категория")
		b.get("/categories?edit=cheese").has(`readonly`)
		b.post(b.link("/categories[?]edit=cheese"), "code", "cheese", "name", "Сыры и брынза", "parent", "").is(200).sees("Сыры и брынза")
		b.get("/audit?about=category").sees("Изменена категория", "Название: Сыры Сыры и брынза", "Внутри категории: food")
		ticked := `name="stock_by_sales" value="1" checked`
		b.get("/settings").is(200).has(`name="stock_by_sales"`).lacks(ticked)
		b.post("/settings", "name", "", "zone", "Mars/Base", "language", "ru").is(422).sees("Это нужно заполнить", "Такого часового пояса нет")
		b.post("/settings", "name", "Korzinka", "zone", "UTC", "language", "en", "late_days", "400", "clock_minutes", "x").is(422).sees("Нужно целое число")
		b.post("/settings", "name", "Korzinka", "zone", "UTC", "language", "en", "late_days", "400", "clock_minutes", "0", "idle_hours", "14", "session_days", "91").is(422).sees("Нужно от 1 до 366", "Нужно от 1 до 1 440", "Нужно от 1 до 90") // all at once; 0 is no way to say "as usual"
		b.post("/settings", "name", "Korzinka", "zone", "Asia/Samarkand", "language", "en", "late_days", "30", "clock_minutes", "5", "idle_hours", "14", "session_days", "30").is(200).has(`value="30"`).sees("Korzinka").has(`value="UZS" readonly`)
	})
}

// The log says about whom or what each line is, on the page and in the file; what
// was saved as it was is not in it.
func TestAuditSaysAboutWhom(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).shop()
		b := s.owner()
		who, me := "/customers/"+s.people[0].String(), "/staff/"+s.ownerID().String()
		b.adjust(who, "give", "500", "за терпение").is(200)
		b.post("/products/new", "name", "Сыр", "sku", "A-9", "price", "45000", "kind", "goods", "active", "1").is(200)
		b.post("/categories", "code", "cheese", "name", "Сыры", "parent", "").is(200)
		b.post("/stores/new", "name", "Сергели", "code", "S2", "zone", "Asia/Tashkent").is(200)
		b.post(me + "/password").is(200)
		must(t, d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			return s.Staff.AuditTx(ctx, tx, staff.Entry{Action: "till.key_issued", Subject: "till:" + s.till.ID.String(), After: []byte(`{"hint":"x9z"}`)})
		}))
		b.get("/audit").has(`href="`+who+`">Дилноза Каримова<`).has(`href="`+me+`">Азиза Рахимова<`).sees("Создана ссылка для нового пароля", "Касса 1, Чорсу", "Конец ключа: x9z")
		b.get("/audit/export")
		about := map[string]string{}
		for _, row := range b.file()[1:] {
			about[row[2]] = row[3]
		}
		for what, want := range map[string]string{
			"Баллы изменены вручную": "Дилноза Каримова", "Добавлен товар": "Сыр", "Добавлена категория": "Сыры", "Добавлен магазин": "Сергели", "Создана ссылка для нового пароля": "Азиза Рахимова",
		} {
			if about[what] != want {
				t.Errorf("%s: about %q, want %q", what, about[what], want)
			}
		}

		entries := func() int64 {
			var n int64
			must(t, d.QueryRow(t.Context(), `SELECT COUNT(*) FROM audit`).Scan(&n))
			return n
		}
		before := entries()
		b.post("/account", "name", "Азиза Рахимова", "language", "ru").is(200)
		b.post("/account", "name", "Азиза Рахимова", "language", "ru").is(200)
		b.get("/settings").post("/settings", "name", "Makro", "zone", "Asia/Tashkent", "language", "ru", "late_days", "14", "clock_minutes", "10", "idle_hours", "14", "session_days", "30").is(200)
		if n := entries() - before; n > 1 { // the language may have been none
			t.Errorf("saving without a change wrote %d entries", n)
		}
	})
}

// A receipt and a card say what the level gives, whatever it is called; the
// receipt nothing that was taken off it.
func TestLevelsSayWhatTheyGive(t *testing.T) {
	t.Parallel()
	s := open(t, dbtest.Open(t, dbtest.SQLite)).shop()
	b := s.owner()
	b.get("/customers/" + s.people[0].String()).sees("Уровень 1 % · кешбэк 1 %")
	b.get("/receipts/" + s.sales[0].ID.String()).sees("Уровень 1 % 1 % баллами")
	by := receipt.Caller{Till: s.till, Store: s.store}
	none := receipt.Draft{Customer: s.people[0], NoPoints: true, Reason: "ошибка", Lines: []receipt.DraftLine{{SKU: "A-1", Quantity: money.One, Price: 1_000 * money.PriceScale}}}
	q, err := s.Receipts.Quote(t.Context(), by, none)
	must(t, err)
	rec, _, err := s.Receipts.Commit(t.Context(), by, receipt.Sale{Number: "without", Draft: none, Quote: q.ID})
	must(t, err)
	b.get("/receipts/"+rec.ID.String()).sees("Уровень 1 %", "ошибка").lacks("1 % баллами")
}

// What was imported are no steps: its stores lack tills, and its sales were made
// elsewhere, though they count in the figures.
func TestFirstStepsAfterAnImport(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d)
		b := c.owner()
		nothing := func(context.Context, *db.Tx, importer.Import) error { return nil }
		i, err := c.Importer.Upload(t.Context(), importer.File{Name: "receipts.csv", Kind: importer.KindReceipts}, strings.NewReader("Чек;Дата;Магазин;Сумма\n1;03.03.2036 10:00;Чорсу;12500\n"), nothing)
		must(t, err)
		_, err = c.Importer.RunNow(t.Context(), i.ID, func(importer.Report) {})
		must(t, err)
		b.get("/").sees("Сделано 0 из 4", "касс пока нет", "Завести кассу", "Перейти к кассе", "Последние чеки", "12 500 сум")
		b.get(b.link("/stores/[0-9]+")).sees("Чорсу")
		b.post(b.path+"/tills", "till", "Касса 1").is(200)
		b.get("/").sees("Сделано 1 из 4", "Перейти к кассе").lacks("касс пока нет")
	})
}

// Where no store has the chain's clock, Home says so; times of a customer are
// those of the card, and a file tells clocks that differ.
func TestClocksThatDiffer(t *testing.T) {
	t.Parallel()
	s := open(t, dbtest.Open(t, dbtest.SQLite)).shop()
	b := s.owner()
	who := "/customers/" + s.people[0].String()
	said := regexp.MustCompile(`\d\d\.\d\d\.2036 \d\d:\d\d`)
	before := said.FindString(b.get(who + "/consents").text())
	b.get("/").lacks("Часы сети")
	b.get("/receipts/export?q=2-1")
	if at := b.file()[1][0]; len(at) != len("2036-03-03 14:00") {
		t.Errorf("where all clocks are one, a time is %q", at)
	}
	b.post("/settings", "name", "Makro", "zone", "UTC", "language", "ru", "late_days", "14", "clock_minutes", "10", "idle_hours", "14", "session_days", "30").is(200)
	b.get("/").sees("Часы сети — UTC, а у магазинов другие: Чорсу (Asia/Tashkent)").has(`href="/settings">Исправить`)
	if after := said.FindString(b.get(who + "/consents").text()); after != before || after == "" {
		t.Errorf("the consent of %q is of %q by the clock of the chain", before, after)
	}
	b.post("/stores/new", "name", "Лондон", "code", "S2", "zone", "Europe/London").is(200)
	b.get("/").lacks("Часы сети")
	b.get("/receipts").sees("UTC+5").get("/receipts/export?q=2-1")
	if at := b.file()[1][0]; !strings.HasSuffix(at, " +05:00") {
		t.Errorf("of clocks that differ, a time is %q", at)
	}
}

// What is wrong with a form is said at once, with the bounds, and nothing of it is
// kept.
func TestFormsSayEverythingAtOnce(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).shop()
		b := s.owner()
		b.post("/customers/new", "first_name", "", "last_name", "", "phone", "12", "card", "", "email", "никто", "born", "вчера", "store", "").is(422).
			sees("Укажите прошедший день", "Выберите магазин")
		if n := strings.Count(b.body, `aria-invalid="true"`); n != 4 {
			t.Errorf("of a phone, an address, a birthday and a store %d are marked", n)
		}
		b.post("/products/new", "name", "Сыр", "sku", "A-1", "price", "дорого", "cost", "дёшево", "kind", "goods", "barcodes", "").is(422).sees("Этот артикул уже у другого товара")
		if n := strings.Count(b.body, `aria-invalid="true"`); n != 3 {
			t.Errorf("of an SKU, a price and a cost %d are marked", n)
		}
		b.post("/products/new", "name", "Сыр", "sku", "A-9", "price", "дорого", "cost", "", "kind", "goods", "barcodes", "").is(422)
		b.get("/products?state=all").lacks("Сыр")
		b.post("/products/new", "name", "Сыр", "sku", "A-9", "price", "-5", "cost", "-5", "kind", "goods", "barcodes", "").is(422).sees("Нужно от 0 до")
	})
}
