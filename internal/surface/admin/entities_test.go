package admin_test

import (
	"strings"
	"testing"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
)

// A franchisee is added, a store goes to it with the moment, and what customers
// redeem there is settled with whoever gave the points.
func TestFranchiseeIsSettledWith(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).shop()
		b := s.owner()
		far, till := s.branch()
		b.get("/stores/" + far.ID.String()).is(200).lacks(`name="entity"`) // there is but one
		b.get("/stores/" + far.ID.String()).sees("Код * ").lacks("Пустой код")
		b.get("/stores/new").sees("Код Так", "Пустой код")
		b.get("/entities").is(200).sees("Сама сеть", "Чорсу", "Регистан")
		b.post("/entities", "name", "", "tin", "12x").is(422)
		b.post("/entities", "name", "Юг", "tin", "12x").is(422).sees("до 20 цифр")
		b.post("/entities", "name", "ООО Юг", "tin", "301 234 567").is(200).sees("ООО Юг", "301234567")
		b.post("/entities", "name", "ооо  юг", "tin", "").is(422).sees("Другое юридическое лицо уже так называется").lacks(`role="alert"`)
		b.post("/entities?edit=1", "name", "ООО ЮГ", "tin", "").is(422).sees("Другое юридическое лицо уже так называется")
		b.post("/entities?edit=1", "name", "ООО Центр", "tin", "").is(200).sees("ООО Центр")
		b.post("/entities?edit=99", "name", "x", "tin", "").is(404)

		all, err := s.Catalog.Entities(t.Context())
		must(t, err)
		south := all[len(all)-1]
		page := "/stores/" + far.ID.String()
		b.post(page, "name", far.Name, "code", far.Code, "city", "", "zone", "Asia/Tashkent", "active", "1", "entity", south.ID.String()).is(200).
			sees("владелец — ООО Центр")
		b.get("/audit?about=store").is(200).sees("Юридическое лицо: ООО Центр ООО Юг")
		b.get("/audit?about=entity").is(200).sees("Добавлено юридическое лицо", "ООО Юг")
		b.post(page, "name", "Регистан 2", "code", far.Code, "city", "", "zone", "Asia/Tashkent", "active", "1").is(200)
		store, err := s.Catalog.StoreByID(t.Context(), far.ID)
		must(t, err)
		if store.Entity != south.ID || store.Name != "Регистан 2" {
			t.Errorf("a form that names no owner made it %+v", store)
		}

		draft := receipt.Draft{Customer: s.people[0], Redeem: 20_00, Lines: []receipt.DraftLine{{SKU: "A-1", Quantity: 1000, Price: 100_0000}}}
		by := receipt.Caller{Till: till, Store: store}
		q, err := s.Receipts.Quote(t.Context(), by, draft)
		must(t, err)
		_, _, err = s.Receipts.Commit(t.Context(), by, receipt.Sale{Number: "south-1", Draft: draft, Quote: q.ID})
		must(t, err)
		b.get("/reports/settlement").is(200).sees("Списанные баллы", "ООО Юг Всего ООО Центр 20 20", "ООО Центр ООО Юг 0 20 0 0")
		b.get("/reports/settlement?from=2020-01-01&to=2020-01-31").is(200).sees("В эти дни баллы не двигались")
		b.get("/reports/settlement/export").is(200)
		if !strings.Contains(b.body, "ООО Центр;ООО Юг;0,00;20,00;0,00;0,00\r\n") {
			t.Errorf("the file: %s", b.body)
		}
		manager := s.signed(s.as(staff.Manager, "far", far.ID).ID)
		manager.get(page).is(200).lacks("ООО Юг").lacks("ООО Центр")
	})
}
