package admin_test

import (
	"context"
	"testing"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/staff"
)

// A chain switches a usual attribute on and defines one of its own; the form of a
// customer has them, what does not fit is said, the card shows them, and what is
// personal is hidden from those who see people masked.
func TestAttributes(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).shop()
		b := s.owner()
		b.get("/attributes").is(200).sees("Признаков пока нет", "Доход семьи")
		b.post("/attributes", "usual", "income").is(200).sees("Доход семьи income")
		b.post("/attributes", "code", "pets", "format", "choices", "name_ru", "Питомцы", "choices", "cat | Кошка\ndog | Собака", "required", "1").is(200).sees("Питомцы pets")
		b.post("/attributes", "code", "pets", "format", "text", "name_ru", "Ещё").is(422).sees("с таким кодом уже есть")
		b.post("/attributes", "code", "bird", "format", "choice", "name_ru", "Птица").is(422)

		card := "/customers/" + s.people[0].String()
		edit := []string{"first_name", "Дилноза", "last_name", "Каримова", "store", s.store.ID.String(), "attributes/income", "low"}
		b.post("/attributes", "code", "shoes", "format", "number", "name_ru", "Обувь").is(200)
		b.post(card+"/edit", append(edit, "attributes/pets", "dog", "attributes/shoes", "abc")...).is(422).sees("Здесь нужно число, например 12")
		b.get(card+"/edit").is(200).sees("Ещё о клиенте", "Кошка", "Ниже среднего")
		b.post(card+"/edit", edit...).is(422)
		b.post(card+"/edit", append(edit, "attributes/pets", "cow")...).is(422).sees("Такого значения")
		b.post(card+"/edit", append(edit, "attributes/pets", "dog", "attributes/pets", "cat")...).is(200).sees("Питомцы Кошка, Собака", "Доход семьи Ниже среднего")
		s.signed(s.as(staff.Marketer, "market").ID).get(card).is(200).sees("Питомцы Кошка, Собака").lacks("Ниже среднего")

		// What is no choice any more is kept until it is changed, and nobody else gets it.
		b.post("/attributes?code=pets", "name_ru", "Питомцы", "choices", "cat | Кошка").is(200)
		b.post("/attributes?code=income", "name_ru", "Доход семьи", "choices", "high | Высокий").is(200)
		b.get(card+"/edit").is(200).sees("dog (прежний вариант)", "low (прежний вариант)")
		b.post(card+"/edit", append(edit, "attributes/pets", "dog", "attributes/pets", "cat")...).is(200).sees("Питомцы Кошка, dog (прежний вариант)", "Доход семьи low (прежний вариант)")
		other := "/customers/" + s.people[1].String() + "/edit"
		b.get(other).is(200).lacks("прежний вариант")
		b.post(other, "first_name", "Olim", "store", s.store.ID.String(), "attributes/pets", "dog").is(422).sees("Такого значения")

		b.post("/attributes?code=pets", "name_ru", "Животные", "choices", "cat | Кошка", "archived", "1").is(200).sees("В архиве")
		b.get(card).sees("Животные Кошка, dog (прежний вариант)")
		b.get(card + "/edit").is(200).lacks("attributes/pets")
		// What a file brought and nobody defined is hidden; whom it is hidden from does not
		// define it away.
		must(t, s.DB.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, _, err := s.Customers.UpdateTx(ctx, tx, s.people[1], customer.Change{Set: map[string]any{"passport": "AB1234567"}})
			return err
		}))
		market := s.signed(s.as(staff.Marketer, "market2").ID)
		card = "/customers/" + s.people[1].String()
		b.get(card).sees("AB1234567")
		market.post("/attributes", "code", "passport", "format", "text", "name_ru", "Паспорт").is(422).sees("Отметьте признак как личный")
		market.post("/attributes", "code", "PassPort ", "format", "text", "name_ru", "Паспорт").is(422).sees("Отметьте признак как личный")
		market.post("/attributes", "code", `passport":"AB%`, "format", "text", "name_ru", "Паспорт").is(422).lacks("Отметьте признак как личный")
		market.post("/attributes", "code", "pass_ort", "format", "text", "name_ru", "Другое").is(200)
		market.post("/attributes", "code", "size", "format", "text", "name_ru", "Размер").is(200)
		market.post("/attributes", "code", "passport", "format", "text", "name_ru", "Паспорт", "personal", "1").is(200)
		market.get(card).is(200).lacks("AB1234567")

		b.get("/audit?about=attribute").is(200).sees("Добавлен признак", "Изменён признак")
	})
}
