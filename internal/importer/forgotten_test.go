package importer

import (
	"strings"
	"testing"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/settings"
	"regulars/internal/loyalty"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/staff"
)

// business are the services over the house's database.
func (h house) business() *loyalty.Services {
	h.t.Helper()
	is, _, err := settings.Open(h.t.Context(), h.db, h.now, settings.Installation{})
	must(h.t, err)
	all := loyalty.New(h.db, h.mint, h.now, is.Get())
	h.t.Cleanup(all.Close)
	return all
}

// A file of receipts loaded again says nothing else of those whose buyer was forgotten
// since, merged before or not, come back or not; what differs besides is told all the same.
func TestReceiptsOfTheForgottenAreKnown(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h, ctx := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir()), t.Context()
		h.open("Main")
		sales := "number,date,phone,product,quantity,price\n" +
			"A1,2024-05-01 10:00,901234501,Нон,4,1500\nA2,2024-05-02 10:00,901234502,Нон,2,1500\nA3,2024-05-03 10:00,901234503,Нон,1,1500\nA4,2024-05-04 10:00,901234502,Нон,1,1500\n"
		if r := h.rehearsed(t, sales, File{Source: "old"}); r.Recorded != 4 || r.NewCustomers != 3 {
			t.Fatalf("first came %+v", r)
		}
		all := h.business()
		find := func(phone string) customer.Customer {
			c, err := h.customers.Find(ctx, customer.Identifier{Kind: customer.Phone, Value: phone})
			must(t, err)
			return c
		}
		bob, second := find("+998901234502"), find("+998901234503")
		_, err := all.Merges.Merge(ctx, second.ID, bob.ID, 0, nil)
		must(t, err)
		_, err = all.Privacy.Erase(ctx, bob.ID, staff.By{}, "asked")
		must(t, err)
		other := strings.Replace(sales, "A4,2024-05-04 10:00,901234502,Нон,1", "A4,2024-05-04 10:00,901234502,Нон,7", 1)
		again := func(when string) {
			t.Helper()
			if r := h.rehearsed(t, sales, File{Source: "old", Anew: true}); r.Known != 4 || r.Refused != 0 || r.NewCustomers != 0 {
				t.Errorf("%s: %+v", when, r)
			}
			if r := h.rehearsed(t, other, File{Source: "old", Anew: true}); r.Known != 3 || r.Refused != 1 {
				t.Errorf("%s, of other contents: %+v", when, r)
			}
			h.verify()
		}
		again("forgotten")
		store, err := h.catalog.Stores(ctx)
		must(t, err)
		_, err = all.Enrol.Register(ctx, store[0], 0, customer.New{Source: "till", Identifiers: []customer.Identifier{{Kind: customer.Phone, Value: "+998901234502"}}})
		must(t, err)
		again("come back")
	})
}

// Who was forgotten does not come back by a file: not with their row of customers, which
// gives nothing a second time, and not as a buyer on a receipt. Others do, and so does
// who has registered again since.
func TestForgottenDoNotComeBack(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h, ctx := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir()), t.Context()
		h.batchRows = 2
		h.open("Main")
		rules := plainRules()
		rules.Levels = append(rules.Levels, programme.Level{Code: "gold", Name: "Gold", Threshold: 9_000_00})
		h.install("Main", rules)
		people := "name,phone,card,points,level\nAnna Kim,901234501,111,10,gold\nBob Lee,901234502,222,20,gold\nCid Fox,901234503,333,30,gold\n"
		if r := h.rehearsed(t, people, File{Source: "old"}); r.Created != 3 || r.Points != 60_00 || r.Levels != 3 {
			t.Fatalf("first came %+v", r)
		}
		all, phone := h.business(), customer.Identifier{Kind: customer.Phone, Value: "+998901234502"}
		bob, err := h.customers.Find(ctx, phone)
		must(t, err)
		_, err = all.Privacy.Erase(ctx, bob.ID, staff.By{}, "asked")
		must(t, err)
		before := h.count(`SELECT COUNT(*) FROM customers`)
		r := h.rehearsed(t, people+"Dan Ray,901234504,444,40,gold\nBob Lee,901234502,222,20,gold\n", File{Source: "old", Anew: true})
		if r.Created != 1 || r.Unchanged != 2 || r.Refused != 2 || r.Points != 40_00 || r.Levels != 1 || r.Opened != 2 {
			t.Errorf("loaded again: %+v", r)
		}
		if n := h.count(`SELECT COUNT(*) FROM customers`); n != before+1 {
			t.Errorf("%d customers, there were %d", n, before)
		}

		sales := "number,date,phone,product,quantity,price\n" +
			"A1,2024-05-01 10:00,901234502,Нон,4,1500\nA2,2024-05-02 10:00,901234501,Нон,2,1500\nA3,2024-05-03 10:00,901234502,Нон,1,1500\nA4,2024-05-04 10:00,,Нон,1,1500\n"
		r = h.rehearsed(t, sales, File{Source: "old"})
		if r.Recorded != 4 || r.NewCustomers != 0 || r.Anonymous != 3 || r.Noted != 2 {
			t.Errorf("receipts: %+v", r)
		}
		if n := h.count(`SELECT COUNT(*) FROM receipts WHERE customer_id IS NULL`); n != 3 {
			t.Errorf("%d receipts are nobody's", n)
		}
		if r = h.rehearsed(t, sales, File{Source: "old", Anew: true}); r.Known != 4 || r.Refused != 0 {
			t.Errorf("receipts again: %+v", r)
		}
		h.verify()

		store, err := h.catalog.Stores(ctx)
		must(t, err)
		_, err = all.Enrol.Register(ctx, store[0], 0, customer.New{Source: "till", Identifiers: []customer.Identifier{phone}})
		must(t, err)
		i := h.load(write(t, strings.Replace(people, "Bob", "Bobby", 1)), File{Source: "old", Anew: true})
		if i.Report.Refused != 0 || i.Report.Created != 0 {
			t.Errorf("who came back: %+v", i.Report)
		}
		h.verify()
	})
}

// Who was forgotten does not come back by a file that has an id that was not known of them,
// and another that has it with their phone.
func TestForgottenDoNotComeBackByTwoFiles(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h, ctx := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir()), t.Context()
		h.open("Main")
		rules := plainRules()
		rules.Levels = append(rules.Levels, programme.Level{Code: "gold", Name: "Gold", Threshold: 9_000_00})
		h.install("Main", rules)
		h.load(write(t, "name,phone,points,level\nBob Lee,901234502,20,gold\n"), File{Source: "old", Kind: KindCustomers})
		all, phone := h.business(), customer.Identifier{Kind: customer.Phone, Value: "+998901234502"}
		bob, err := h.customers.Find(ctx, phone)
		must(t, err)
		_, err = all.Privacy.Erase(ctx, bob.ID, staff.By{}, "asked")
		must(t, err)
		h.load(write(t, "number,date,customer_id,product,quantity,price\nA1,2024-05-01 10:00,2,Нон,4,1500\n"), File{Name: "s.csv", Source: "old", Kind: KindReceipts})
		i := h.load(write(t, "customer_id,name,phone,points,level\n2,Bob Lee,901234502,20,gold\n"), File{Source: "old", Kind: KindCustomers})
		if _, err := h.customers.Find(ctx, phone); err == nil || i.Report.Refused != 1 {
			t.Errorf("the phone is here again: %v, %+v", err, i.Report)
		}
		h.verify()
	})
}

// bobIsBack opens a shop in which a customer was forgotten and registers anew, with the
// phone that the file had.
func bobIsBack(t *testing.T, d *db.DB, as customer.New) house {
	t.Helper()
	h, ctx := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir()), t.Context()
	h.open("Main")
	h.install("Main", plainRules())
	h.load(write(t, "customer_id,name,phone\n2,Bob Lee,901234502\n"), File{Source: "old", Kind: KindCustomers})
	all := h.business()
	_, err := all.Privacy.Erase(ctx, h.external("2"), staff.By{}, "asked")
	must(t, err)
	store, err := h.catalog.Stores(ctx)
	must(t, err)
	as.Source, as.Identifiers = "till", []customer.Identifier{{Kind: customer.Phone, Value: "+998901234502"}}
	_, err = all.Enrol.Register(ctx, store[0], 0, as)
	must(t, err)
	return h
}

// Who came back has their phone again: others who share it are taken from files as ever.
func TestPhoneOfWhoCameBackIsShared(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := bobIsBack(t, d, customer.New{FirstName: "Bob", LastName: "Lee"})
		i := h.load(write(t, "customer_id,name,phone\n3,Eve Lee,901234502\n"), File{Source: "old", Kind: KindCustomers})
		if i.Report.Created != 1 || i.Report.Refused != 0 {
			t.Errorf("%d made, %d refused: %s", i.Report.Created, i.Report.Refused, h.issuesOf(i.ID, true))
		}
		h.verify()
	})
}

// Who came back at a till, with a phone and without a name, is taken from files again.
func TestWhoCameBackWithoutANameIsTaken(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := bobIsBack(t, d, customer.New{})
		i := h.load(write(t, "customer_id,name,phone\n2,Bob Lee,901234502\n"), File{Source: "old", Kind: KindCustomers})
		if i.Report.Refused != 0 {
			t.Errorf("customers: %+v", i.Report)
		}
		i = h.load(write(t, "number,date,customer_id,phone,product,quantity,price\nA1,2024-05-01 10:00,2,901234502,Нон,4,1500\n"), File{Name: "s.csv", Source: "old", Kind: KindReceipts})
		if n := h.count(`SELECT COUNT(*) FROM receipts WHERE customer_id IS NOT NULL`); n != 1 {
			t.Errorf("receipts: %+v", i.Report)
		}
	})
}

// Somebody who was made by a receipt is no one who was forgotten because a later one has
// the phone of such: their receipts stay theirs, and the phone does not come back.
func TestBuyerWithAPhoneOfTheForgotten(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h, ctx := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir()), t.Context()
		h.open("Main")
		h.install("Main", plainRules())
		h.load(write(t, "customer_id,name,phone,card\n2,Bob Lee,901234502,111\n"), File{Source: "old", Kind: KindCustomers})
		sales := "number,date,customer_id,phone,product,quantity,price\nA1,2024-05-01 10:00,7,,Нон,4,1500\nA2,2024-05-02 10:00,7,901234502,Нон,4,1500\n"
		if r := h.rehearsed(t, sales, File{Source: "old"}); r.Recorded != 2 || r.NewCustomers != 1 {
			t.Fatalf("first came %+v", r)
		}
		all := h.business()
		_, err := all.Privacy.Erase(ctx, h.external("2"), staff.By{}, "asked")
		must(t, err)
		sales += "A3,2024-05-03 10:00,7,901234502,Нон,1,1500\n"
		if r := h.rehearsed(t, sales, File{Source: "old", Anew: true}); r.Known != 2 || r.Recorded != 1 || r.Anonymous != 0 {
			t.Errorf("again: %+v", r)
		}
		if _, err := h.customers.Find(ctx, customer.Identifier{Kind: customer.Phone, Value: "+998901234502"}); err == nil {
			t.Error("the phone is here again")
		}
		h.verify()
	})
}

// Receipts are known whoever their buyer was merged into, and into whom those were.
func TestReceiptsOfMergesOfMergesAreKnown(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h, ctx := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir()), t.Context()
		h.open("Main")
		sales := "number,date,phone,product,quantity,price\n" +
			"A1,2024-05-01 10:00,901234501,Нон,4,1500\nA2,2024-05-02 10:00,901234502,Нон,2,1500\nA3,2024-05-03 10:00,901234503,Нон,1,1500\n"
		h.rehearsed(t, sales, File{Source: "old"})
		all := h.business()
		find := func(phone string) customer.ID {
			c, err := h.customers.Find(ctx, customer.Identifier{Kind: customer.Phone, Value: phone})
			must(t, err)
			return c.ID
		}
		a, b, c := find("+998901234501"), find("+998901234502"), find("+998901234503")
		_, err := all.Merges.Merge(ctx, a, b, 0, nil)
		must(t, err)
		_, err = all.Merges.Merge(ctx, b, c, 0, nil)
		must(t, err)
		if r := h.rehearsed(t, sales, File{Source: "old", Anew: true}); r.Known != 3 {
			t.Errorf("living: %+v", r)
		}
		_, err = all.Privacy.Erase(ctx, c, staff.By{}, "asked")
		must(t, err)
		if r := h.rehearsed(t, sales, File{Source: "old", Anew: true}); r.Known != 3 {
			t.Errorf("erased: %+v", r)
		}
		h.verify()
	})
}

// A file that tells the store, which one before did not, finds the receipts of the
// forgotten as those of everybody.
func TestReceiptOfTheForgottenIsNotRecordedOnceMore(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h, ctx := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir()), t.Context()
		h.rehearsed(t, "number,date,phone,product,quantity,price\n1,2024-05-01,901234501,Нон,4,1500\n2,2024-05-01,901234502,Нон,2,1500\n", File{Source: "old"})
		bob, err := h.customers.Find(ctx, customer.Identifier{Kind: customer.Phone, Value: "+998901234502"})
		must(t, err)
		_, err = h.business().Privacy.Erase(ctx, bob.ID, staff.By{}, "asked")
		must(t, err)
		r := h.rehearsed(t, "number,date,store,phone,product,quantity,price\n1,2024-05-01,Main,901234501,Нон,4,1500\n2,2024-05-01,Main,901234502,Нон,2,1500\n3,2024-05-01,Main,,Нон,2,1500\n", File{Source: "old"})
		if r.Known != 2 || r.Recorded != 1 {
			t.Errorf("%+v", r)
		}
		h.verify()
	})
}

// A card of somebody forgotten, which another person has now, brings neither name nor phone
// nor id of the former back.
func TestCardOfTheForgottenExcusesNobody(t *testing.T) {
	t.Parallel()
	for name, now := range map[string]customer.New{"nameless": {}, "named": {FirstName: "Alice"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dbtest.Run(t, func(t *testing.T, d *db.DB) {
				h, ctx := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir()), t.Context()
				h.open("Main")
				h.install("Main", plainRules())
				people := "customer_id,name,phone,card\n2,Bob Lee,901234502,111\n"
				h.load(write(t, people), File{Source: "old", Kind: KindCustomers})
				all := h.business()
				_, err := all.Privacy.Erase(ctx, h.external("2"), staff.By{}, "asked")
				must(t, err)
				store, err := h.catalog.Stores(ctx)
				must(t, err)
				now.Source, now.Identifiers = "till", []customer.Identifier{{Kind: customer.Card, Value: "111"}}
				_, err = all.Enrol.Register(ctx, store[0], 0, now)
				must(t, err)
				if i := h.load(write(t, people), File{Source: "old", Kind: KindCustomers, Anew: true}); i.Report.Refused != 1 {
					t.Errorf("%+v", i.Report)
				}
				if _, err := h.customers.Find(ctx, customer.Identifier{Kind: customer.Phone, Value: "+998901234502"}); err == nil {
					t.Error("the phone is here again")
				}
				h.verify()
			})
		})
	}
}

// A row of customers that is refused gives nothing, and is told: also of somebody whom a
// file without names has made.
func TestRowOfTheForgottenGivesNothing(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h, ctx := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir()), t.Context()
		h.open("Main")
		h.install("Main", plainRules())
		h.load(write(t, "customer_id,name,phone,email\n2,Bob Lee,901234502,\n7,,,ann@example.com\n"), File{Source: "old", Kind: KindCustomers})
		_, err := h.business().Privacy.Erase(ctx, h.external("2"), staff.By{}, "asked")
		must(t, err)
		i := h.load(write(t, "customer_id,email,phone,city,points\n7,ann@example.com,901234502,Tashkent,50\n"), File{Source: "old", Kind: KindCustomers})
		if r := i.Report; r.Refused != 1 || r.Points != 0 || h.count(`SELECT COUNT(*) FROM lots`) != 0 {
			t.Errorf("%+v", r)
		}
		h.verify()
	})
}

// A receipt of the forgotten in a store is not an anonymous one that stands in a file
// without stores: each was sold.
func TestReceiptOfTheForgottenIsNoAnonymousOne(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h, ctx := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir()), t.Context()
		h.rehearsed(t, "number,date,phone,product,quantity,price\n1,2024-05-01,,Нон,4,1500\n7,2024-05-01,901234502,Нон,2,1500\n", File{Source: "old"})
		bob, err := h.customers.Find(ctx, customer.Identifier{Kind: customer.Phone, Value: "+998901234502"})
		must(t, err)
		_, err = h.business().Privacy.Erase(ctx, bob.ID, staff.By{}, "asked")
		must(t, err)
		r := h.rehearsed(t, "number,date,store,phone,product,quantity,price\n1,2024-05-01,Chilonzor,901234502,Нон,4,1500\n", File{Source: "old"})
		if r.Recorded != 1 || r.Known != 0 {
			t.Errorf("%+v", r)
		}
		h.verify()
	})
}
