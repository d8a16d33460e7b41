package admin_test

import (
	"strings"
	"testing"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
)

// Two profiles are compared, merged as they were shown, found as one, and taken apart;
// a pair that is suggested is settled.
func TestMergePages(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).shop()
		b := s.owner()
		join := func(name, phone, card string) string {
			b.post("/customers/new", "phone", phone, "card", card, "email", "", "first_name", name, "store", s.store.ID.String()).is(200)
			return b.path
		}
		stays := join("Гульнора", "90 555 44 33", "")
		goes := join("Гульнора", "", "1234567")
		join("Рустам", "90 555 44 33", "7654321") // of one phone
		with := goes[len("/customers/"):]

		b.get(stays+"/merge?q=1234567").is(200).sees("Сравнить", "Гульнора")
		b.get(stays+"/merge?with="+with).is(200).sees("Остаётся", "1234567", "+998 90 555 44 33", "После объединения")
		seen := b.form("merge")
		b.adjust(goes, "give", "5", "подарок").is(200)
		b.post(stays+"/merge", seen...).is(409).sees("что-то изменилось")
		b.post(stays+"/merge", b.form("merge")...).is(200).sees("Профили объединены", "К этому профилю присоединён", "1234567")
		b.get(goes).is(200).sees("Этот профиль вошёл в").lacks("Объединить с другим").lacks(`class="card-body level"`).lacks("Покупок ещё не было")
		for _, part := range []string{"/points", "/edit", "/level", "/identifiers", "/consents", "/household"} { // all of which would be refused
			b.lacks(goes + part)
		}
		b.get("/customers?q=1234567").sees("Гульнора")
		b.post(stays+"/merge", "with", with, "seen", "").is(422).sees("объединён") // it is gone
		b.get("/audit").sees("Профиль объединён с другим", "К профилю присоединён другой")

		b.get(stays)
		b.post(stays+"/unmerge", "merge", b.value("merge")).is(200).sees("Профили снова раздельные").lacks("1234567")
		b.get(goes).sees("1234567", "Покупок ещё не было", "Уровень")

		// While the programme is stopped nobody has a level, before or after.
		b.get(stays + "/merge?with=" + with).sees("Уровень")
		at := "/programme/" + s.programme()
		b.get(at + "/edit")
		b.post(at+"/edit", b.form("editor").with("stopped", "1", "do", "publish")...).is(200)
		b.post(at+"/publish", "draft", b.value("draft"), "when", "now").is(200).sees("Опубликовано")
		b.get(stays + "/merge?with=" + with).sees("После объединения").lacks("Уровень")

		b.get("/duplicates").is(200).sees("Рустам", "назвали один телефон")
		b.post("/duplicates", "a", b.value("a"), "b", b.value("b")).is(200).sees("больше не предложим", "Дубликатов нет")
	})
}

// All data of a person come in a file; forgetting them asks for a reason and the number
// that is shown, and says no name afterwards.
func TestPrivacyPages(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).shop()
		b := s.owner()
		b.post("/customers/new", "phone", "90 555 44 33", "card", "", "email", "", "first_name", "Гульнора", "store", s.store.ID.String()).is(200)
		at := b.path
		b.get(at).sees("Права человека")
		give := []string{"way", "give", "points", "100", "reason", "за ожидание"}
		b.post(at+"/points", give...).is(200)
		b.post(at+"/points", append(give, "seen", b.value("seen"), "confirm", "1")...).is(200)
		if b.get(at + "/data").is(200); strings.Count(b.body, `"reason": "за ожидание"`) != 2 {
			t.Errorf("the file says why points were given, at the points and in the log: %s", b.body)
		}
		if b.get(at + "/data").is(200); !strings.Contains(b.body, "Гульнора") || !strings.Contains(b.body, "+998905554433") {
			t.Errorf("the file is %s", b.body)
		}
		b.get(at+"/erase").is(200).sees("Стереть навсегда", "Введите "+at[len(at)-4:])
		b.post(at+"/erase", "reason", "", "word", "0").is(422).sees("не то число")
		b.post(at+"/erase", "reason", "заявление 7", "word", at[len(at)-4:]).is(200).sees("Данные человека стёрты").lacks("Гульнора")
		b.get(at).is(200).lacks("Гульнора").lacks("Стереть данные")
		b.get("/customers?q=905554433").sees("Такого клиента не нашлось")
		b.get("/audit").sees("Данные человека стёрты", "Все данные человека сохранены в файл")
		b.post(at+"/erase", "reason", "ещё раз", "word", at[len(at)-4:]).is(409)
		for _, form := range []string{"/edit", "/consents", "/household", "/points", "/level", "/merge", "/erase"} {
			b.get(at + form).is(409).sees("изменить его нельзя")
		}
	})
}
