package admin_test

import (
	"testing"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
)

// A customer's groups are written on the card and named by a programme.
func TestGroupsOfCustomers(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).shop()
		b := s.owner()
		card := "/customers/" + s.people[0].String()
		edit := []string{"first_name", "Дилноза", "last_name", "Каримова", "store", s.store.ID.String()}
		b.post(card+"/edit", append(edit, "labels", "VIP, Сотрудник vip")...).is(200).sees("сотрудник", "vip")
		b.get(card + "/edit").has(`value="vip, сотрудник"`)
		b.get("/audit").sees("Группы")
		b.post(card+"/edit", append(edit, "labels", "abcdefghijklmnopqrstuvwxyzabcdefghijklmnop")...).is(422)

		at := "/programme/" + s.programme()
		b.get(at + "/edit").sees("Только для клиентов этих групп")
		b.post(at+"/edit", b.form("editor").with("labels", "vip", "do", "publish")...).is(200).sees("Для групп клиентов", "vip")
	})
}
