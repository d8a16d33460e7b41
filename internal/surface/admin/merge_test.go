package admin_test

import (
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
		b.get(goes).is(200).sees("Этот профиль вошёл в").lacks("Объединить с другим")
		b.get("/customers?q=1234567").sees("Гульнора")
		b.post(stays+"/merge", "with", with, "seen", "").is(422).sees("объединён") // it is gone
		b.get("/audit").sees("Профиль объединён с другим", "К профилю присоединён другой")

		b.get(stays)
		b.post(stays+"/unmerge", "merge", b.value("merge")).is(200).sees("Профили снова раздельные").lacks("1234567")
		b.get(goes).sees("1234567")

		b.get("/duplicates").is(200).sees("Рустам", "назвали один телефон")
		b.post("/duplicates", "a", b.value("a"), "b", b.value("b")).is(200).sees("больше не предложим", "Дубликатов нет")
	})
}
