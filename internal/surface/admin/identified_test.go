package admin_test

import (
	"strings"
	"testing"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
)

// Which shop does not ask for the card: by store, till and cashier, sorted as one
// likes, in a file, and no further than one's own stores.
func TestWhoAsksForTheCard(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).shop()
		b := s.owner()
		far, till := s.branch()
		for _, number := range []string{"far-1", "far-2"} {
			s.sell(receipt.Caller{Till: till, Store: far}, number, 0, 70_000)
		}
		s.sell(receipt.Caller{Till: till, Store: far}, "far-3", s.people[0], 70_000)
		s.sell(receipt.Caller{Till: s.till, Store: s.store, Staff: int64(s.ownerID())}, "here", 0, 70_000)

		b.get("/reports/identified").is(200).sees("Доля узнанных 76,92 %", far.Name+" 3 1 2 33,33 % — — "+s.store.Name+" 10 9 1 90 % — —")
		b.get("/reports/identified?sort=-rate").is(200).sees(s.store.Name + " 10 9 1 90 % — — " + far.Name)
		b.get("/reports/identified?by=till").is(200).sees(till.Name + " " + far.Name + " 3 1 2")
		b.get("/reports/identified?by=cashier").is(200).sees("Азиза Рахимова 1 0 1 0 %", "Кассир не назван 12 10 2 83,33 %")
		b.get("/reports/identified?from=2020-01-01&to=2020-01-31").is(200).sees("В эти дни продаж не было")
		b.get("/reports/identified/export?by=till&sort=-rate").is(200)
		if want := "Касса 1;" + s.store.Name + ";10;9;1;90.00;;\r\n"; !strings.Contains(strings.ReplaceAll(b.body, ",", "."), strings.ReplaceAll(want, ",", ".")) {
			t.Errorf("the file has no %q: %s", want, b.body)
		}
		manager := s.signed(s.as(staff.Manager, "far", far.ID).ID)
		manager.get("/reports/identified").is(200).sees("33,33 %").lacks(s.store.Name + "<")
	})
}
