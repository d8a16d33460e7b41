package admin_test

import (
	"regexp"
	"strings"
	"testing"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
)

// Who saves over a draft that somebody else has saved meanwhile is told once.
func TestDraftOfTwoEditors(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).shop()
		at := "/programme/" + s.programme() + "/edit"
		b := s.owner()
		for _, cashback := range []string{"7", "8"} { // where there was no draft, and where there was one
			mine := b.get(at).is(200).form("editor")
			theirs := b.get(at).is(200).form("editor")
			b.post(at, theirs.with("levels/0/cashback", cashback, "do", "save")...).is(200).sees("Черновик сохранён")
			b.post(at, mine.with("levels/0/cashback", "9", "do", "drop-9")...).is(200)
			b.post(at, b.form("editor").with("do", "save")...).is(422).sees("сохранил или опубликовал кто-то другой").has(`value="9"`)
			b.get(at).has(`value="` + cashback + `"`)
			b.post(at, mine.with("levels/0/cashback", "9", "do", "publish")...).is(422).sees("сохранил или опубликовал кто-то другой")
			b.post(at, b.form("editor").with("do", "save")...).is(200).sees("Черновик сохранён").has(`value="9"`)
		}

		// Published meanwhile: the editor has the rules of before, and says so.
		mine := b.get(at).is(200).form("editor")
		b.get(at).is(200)
		b.post(at, b.form("editor").with("levels/0/cashback", "6", "do", "save")...).is(200)
		publish := strings.TrimSuffix(at, "edit") + "publish"
		b.get(publish)
		b.post(publish, "draft", b.value("draft"), "when", "now").is(200).sees("Опубликовано")
		b.post(at, mine.with("levels/0/cashback", "4", "do", "save")...).is(422).sees("сохранил или опубликовал кто-то другой")
		// What was published as it was read stands in nobody's way.
		mine = b.get(at).is(200).form("editor")
		b.post(at, mine.with("levels/0/cashback", "5", "do", "save")...).is(200)
	})
}

// A draft is edited with an example beside it, counted on past receipts and
// published; the receipts sold before keep their version.
func TestProgrammeFromDraftToPublished(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).shop()
		b := s.owner().get("/programme").sees("Макро Бонус", "Версия 1 действует с", "Уровень 1", "1 %: от 0 сум, кешбэк 1 %")
		at := b.path
		b.get(at+"/edit").is(200).sees("Пример чека", "К оплате", "Начислится")

		form := b.form("editor")
		// What cannot be read is said at its field; nothing typed is lost.
		wrong := form.with("levels/1/threshold", "много", "do", "save")
		b.post(at+"/edit", wrong...).is(422).sees("Не сохранено", "Это не число")
		b.has(`value="много"`)
		b.post(at+"/edit", form.with("quote_minutes", "1,5", "do", "save")...).is(422).sees("Нужно целое число, например 30.")
		// What the rules refuse is said at its field as well.
		b.post(at+"/edit", form.with("redeem/cap", "150", "do", "save")...).is(422).sees("Нужно от 0 % до 100 %")
		b.post(at+"/edit", form.with("earn/rounding/unit", "0", "discount/rounding/unit", "0", "do", "save")...).is(422).
			sees("Нужно от 0,01 до 1 000.", "Нужно от 0,01 до 10 000 000.")
		b.post(at+"/edit", form.with("levels/1/threshold", "-5", "redeem/cap", "150", "earn/expiry_days", "abc", "welcome/points", "-1", "do", "save")...).is(422)
		for _, field := range []string{"levels/1/threshold", "redeem/cap", "earn/expiry_days", "welcome/points"} {
			if !regexp.MustCompile(`name="` + field + `"[^>]* aria-invalid="true"`).MatchString(b.body) {
				t.Errorf("%s is not marked", field)
			}
		}
		b.post(at+"/edit", form.with("do", "add")...).is(200).has(`name="levels/3/name"`)
		b.post(at+"/edit", form.with("do", "drop-1")...).is(200).lacks(`name="levels/2/name"`)

		// The example is priced by the very rules that are being typed: 12 500
		// + 37 500 + 50 000 at 10 %.
		b.post(at+"/example", form.with("levels/0/cashback", "10", "example/spend", "0")...).is(200).sees("Начислится 10 000 баллов")
		b.post(at+"/example", form.with("example/redeem", "1000000", "example/balance", "1000000")...).is(200).sees("Можно списать 50 000 баллов", "Программа позволяет оплатить баллами эту часть чека", "Списано меньше")
		// Large sums need a code, and what nobody uses goes before its own date.
		coded := form.with("redeem/confirm_from", "1000", "example/balance", "1000000")
		b.post(at+"/example", coded...).is(200).sees("От 1 000 баллов и больше клиенту придёт код.")
		b.post(at+"/example", coded.with("example/redeem", "1000")...).is(200).sees("Клиенту придёт код: баллы спишутся только с ним.")
		b.post(at+"/example", coded.with("example/balance", "999")...).is(200).lacks("придёт код")
		const idle = "Без новых покупок все баллы сгорят: они действуют до "
		b.post(at+"/example", form.with("idle_days", "90", "earn/expiry_days", "0")...).is(200).sees("бессрочно.", idle)
		b.post(at+"/example", form.with("idle_days", "90", "earn/expiry_days", "91", "earn/delay_days", "0")...).is(200).sees(idle)
		b.post(at+"/example", form.with("idle_days", "90", "earn/expiry_days", "90", "earn/delay_days", "0")...).is(200).lacks(idle)
		b.post(at+"/example", form.with("idle_days", "90", "earn/delay_days", "91")...).is(200).sees("Начислится").lacks(idle)
		b.post(at+"/example", form.with("idle_days", "0")...).is(200).lacks(idle)
		b.post(at+"/example", form.with("stopped", "1")...).is(200).sees("Можно списать 0 баллов. Программа лояльности остановлена; баллы сохраняются.").lacks("не действует").lacks("Уровень ")
		b.post(at+"/example", form.with("levels/0/cashback", "x")...).is(200).sees("В правилах есть ошибка", "Это не число")

		b.post(at+"/edit", form.with("levels/0/cashback", "10", "do", "publish")...).is(200).sees("Публикация", "Уровень 1", "кешбэк 10 %")
		publish := b.path
		b.post(at + "/preview").is(200).sees("Черновик на прошлых чеках")
		preview := b.path
		b.until(preview, "Считаем чеки").sees("9 чеков", "Выиграют", "Дилноза Каримова", "Дороже на")
		b.get(publish).sees("Выиграют")
		key := b.value("draft")
		b.post(publish, "draft", "1:1", "when", "now").is(422).sees("Черновик изменили, пока вы смотрели")
		b.post(publish, "draft", key, "when", "later", "date", "2020-01-01").is(422).sees("Версия не может начаться в прошлом").lacks("starts_at").
			has(`aria-describedby="f-date-help" aria-invalid="true"`)
		b.post(publish, "draft", key, "when", "now").is(200).sees("Опубликовано", "Версия 2 действует с")
		b.get("/receipts/" + s.sales[0].ID.String()).is(200).sees("версия 1")
		// The log tells the rules as the pages do, and only those that changed.
		b.get("/audit?about=programme").sees("Уровень 1: 1 %: от 0 сум, кешбэк 1 %, скидка 0 % 1 %: от 0 сум, кешбэк 10 %, скидка 0 %").lacks("{&#34;").lacks("Уровень 2")
	})
}

// A draft is discarded once that is confirmed, as it was shown; a programme of
// which nothing was published goes with it.
func TestDraftIsDiscarded(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).shop()
		b := s.owner()
		at := "/programme/" + s.programme()
		b.get(at).lacks("/discard").get(at + "/edit").sees("Расчёт и остановка").lacks("Где и когда") // of one store
		form := b.form("editor")
		b.post(at+"/edit", form.with("levels/0/cashback", "10", "do", "save")...).is(200)
		b.get(at).sees("Правила черновика пропадут. Действующая версия останется.")
		shown := b.value("draft")
		b.post(at+"/edit", b.get(at+"/edit").form("editor").with("levels/0/cashback", "20", "do", "save")...).is(200)
		b.post(at+"/discard", "draft", shown).is(200).sees("Черновик изменили, пока вы смотрели", "кешбэк 20 %")
		b.post(at+"/discard", "draft", b.value("draft")).is(200).sees("Черновик удалён", "Изменить правила").lacks("/discard")
		b.post(at+"/discard", "draft", shown).is(200).sees("Он не удалён", "Версия 1 действует")
		b.get("/audit?about=programme").sees("Удалён черновик программы Макро Бонус Макро Бонус Версия: 2").lacks("{&#34;")

		b.post("/programme", "name", "Вторая", "kind", "simple").is(200).get(strings.TrimSuffix(b.path, "/edit")).sees("а с ними и программа")
		second := b.path
		b.post(second+"/discard", "draft", b.value("draft")).is(200).sees("Черновик удалён", "Версия 1 действует")
		b.get(second).is(404)
		b.get("/audit?about=programme").sees("Удалён черновик программы — Название: Вторая Версия: 1")
	})
}

// What fewer chains use is kept as it was typed, shown in the example and told in
// words: rates for promotional goods, points for a sum, shares of some goods,
// levels by the calendar, days of the customer's own.
func TestEditorKeepsEverySetting(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).shop()
		b := s.owner()
		at := "/programme/" + s.programme()
		b.get(at + "/edit")
		form := b.form("editor")
		b.post(at+"/edit", form.with("do", "add_cap")...).is(200)
		form = b.form("editor").with(
			"promo_rates", "1", "levels/0/promo/cashback", "0,5", "levels/0/promo/discount", "2", "levels/1/cashback", "0", "levels/1/per", "30", "levels/2/cap", "80",
			"redeem/caps/0/goods", "", "redeem/caps/0/product", "plov", "redeem/caps/0/cap", "10", "redeem/max", "5 000", "redeem/own", "1", "redeem/with_card", "1",
			"spend/window", "quarter", "downgrade/when", "every", "downgrade/days", "30", "downgrade/grace_days", "7", "downgrade/step", "1", "downgrade/forfeit", "1",
			"earn/redeeming", "nothing", "idle_days", "180", "earn/rounding/mode", "up",
			"occasions/birthday", "1", "occasions/birthday/before", "5", "occasions/birthday/points", "1 000", "occasions/birthday/discount", "15",
			"example/day", "birthday", "welcome/on", "purchase", "welcome/from", "1 000", "welcome/points", "500", "example/first", "1",
		)
		b.post(at+"/example", form...).is(200).sees("Приветственные баллы за первую покупку: 500 баллов", "сгорят и баллы", "У клиента день рождения: ставки выше", "Скидка ко дню рождения")
		b.post(at+"/example", form.with("example/card", "")...).is(200).sees("Можно списать 0 баллов. Карту клиента не предъявили.")
		b.post(at+"/edit", form.with("do", "save")...).is(200)
		b.get(at + "/edit").is(200)
		again := map[string]string{}
		kept := b.form("editor")
		for i := 0; i+1 < len(kept); i += 2 {
			again[kept[i]] = kept[i+1]
		}
		for i := 0; i+1 < len(form); i += 2 {
			name, typed := form[i], form[i+1]
			if got := again[name]; !strings.HasPrefix(name, "example/") && !strings.HasPrefix(name, "find/") && name != "do" && name != "read" && strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(typed), " ") {
				t.Errorf("%s was typed as %q and is kept as %q", name, typed, got)
			}
		}
		b.get(at+"/publish").sees("за акционные товары кешбэк 0,5 %, скидка 2 %", "1 балл за каждые 30 сум", "баллами до 80 %", "до 10 %", "за календарный квартал", "за первую покупку от 1 000 сум",
			"каждые 30 дней, на одну ступень за раз, баллы сгорают вместе с ним", "7 дней", "не начисляются", "180 дней", "Баллы только по карте", "за 5 дней до и 3 дня после: 1 000 баллов, скидка 15 %")
		b.has(`id="figures"`).has(`href="#figures"`).sees("Сколько клиентов и куда перейдут")
		b.get(at + "/edit")
		b.post(at+"/edit", form.with("levels/1/cashback", "3", "redeem/caps/0/product", "", "downgrade/when", "reset", "spend/window", "lifetime", "do", "save")...).
			sees("Баллы начисляются либо за сумму, либо ставкой", "Назовите товары или магазины", "Начать заново можно, только если")
		b.post(at+"/edit", b.form("editor").with("do", "drop_cap-0")...).is(200).lacks("redeem/caps/0/cap")
	})
}

// The example names every field that keeps it from being priced, as the editor
// does and in its order.
func TestExampleNamesWrongRules(t *testing.T) {
	t.Parallel()
	s := open(t, dbtest.Open(t, dbtest.SQLite)).shop()
	b := s.owner()
	at := "/programme/" + s.programme()
	b.get(at + "/edit")
	form := b.form("editor").with("guard", "1", "welcome/on", "purchase", "spend/window", "rolling", "downgrade/when", "every", "occasions/birthday", "1", "occasions/anniversary", "1")
	fields := regexp.MustCompile(`<label for="f-([a-z_/]+)">([^<]+)</label>\s*(?:<div class="with-suffix">\s*)?<input class="form-control" type="text"`).FindAllStringSubmatch(b.body, -1)
	if len(fields) < 15 {
		t.Fatalf("the editor has %d fields to type into", len(fields))
	}
	var wrong, want []string
	for _, f := range fields {
		if strings.HasPrefix(f[1], "example/") || f[1] == "labels" { // any word is a group
			continue
		}
		b.post(at+"/example", form.with(f[1], "x")...).is(200).sees(f[2] + ": ")
		wrong, want = append(wrong, f[1], "x"), append(want, f[2]+": ")
	}
	b.post(at+"/example", form.with("levels/1/cashback", "150", "redeem/cap", "150", "levels/2/name", "", "combine", "both")...).
		sees("В правилах есть ошибка", "Уровень 2, кешбэк: Нужно от 0 % до 100 %", "Уровень 3, название: Это нужно заполнить", "Баллами можно оплатить: Нужно от 0 % до 100 %", "Если есть и скидка, и кешбэк: ")
	b.post(at+"/example", form.with(wrong...)...)
	text := b.text()
	for _, words := range want {
		_, rest, ok := strings.Cut(text, words)
		if !ok {
			t.Errorf("%q is not said in its turn", words)
			continue
		}
		text = rest
	}
}
