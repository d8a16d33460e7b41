package admin_test

import (
	"testing"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
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
		b.post(store+"/tills", "name", "Касса 1").sees("Касса «Касса 1» добавлена")
		till := b.path
		b.post(till+"/keys").sees("Новый ключ кассы", "rg_")
		b.get(till).is(200).post(b.link(till + "/keys/[0-9]+/revoke")).sees("Ключ отозван")
		b.get("/").sees("Сделано 1 из 4")
		b.get("/customers").sees("Клиентов ещё нет")
	})
}
