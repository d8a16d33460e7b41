package importer

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/money"
	"regulars/internal/base/settings"
	"regulars/internal/loyalty"
	"regulars/internal/loyalty/catalog"
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

// person is whom an identifier leads to.
func (h house) person(kind customer.Kind, value string) customer.Customer {
	h.t.Helper()
	c, err := h.customers.Find(h.t.Context(), customer.Identifier{Kind: kind, Value: value})
	must(h.t, err)
	return c
}

// forget has a customer forgotten.
func (h house) forget(id customer.ID) {
	h.t.Helper()
	_, err := h.business().Privacy.Erase(h.t.Context(), id, staff.By{}, "asked")
	must(h.t, err)
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
		find := func(phone string) customer.Customer { return h.person(customer.Phone, phone) }
		bob, second := find("+998901234502"), find("+998901234503")
		_, err := all.Merges.Merge(ctx, second.ID, bob.ID, 0, nil)
		must(t, err)
		h.forget(bob.ID)
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
		h.forget(bob.ID)
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
		phone := customer.Identifier{Kind: customer.Phone, Value: "+998901234502"}
		bob, err := h.customers.Find(ctx, phone)
		must(t, err)
		h.forget(bob.ID)
		h.load(write(t, "number,date,customer_id,product,quantity,price\nA1,2024-05-01 10:00,2,Нон,4,1500\n"), File{Name: "s.csv", Source: "old", Kind: KindReceipts})
		i := h.load(write(t, "customer_id,name,phone,points,level\n2,Bob Lee,901234502,20,gold\n"), File{Source: "old", Kind: KindCustomers})
		if _, err := h.customers.Find(ctx, phone); err == nil || i.Report.Refused != 1 {
			t.Errorf("the phone is here again: %v, %+v", err, i.Report)
		}
		h.verify()
	})
}

// Receipts of who is known by a phone of somebody forgotten alone are theirs, who may have come
// back; the id beside it is not, and what comes with it later is nobody else's either.
func TestReceiptsGiveNoIDsOfTheForgotten(t *testing.T) {
	t.Parallel()
	const receipts = "number,date,customer_id,phone,product,quantity,price\n"
	for name, of := range map[string]struct {
		people   string // with him, who is forgotten
		receipts string
		row      string // that comes at last
		refused  bool
	}{
		"his id":              {"2,Bob Lee,,901234502\n", "A1,2024-05-01 10:00,2,901234502,Нон,4,1500\n", "2,Bob Lee,1980-01-01,901234502,50\n", true},
		"an id of his since":  {",Bob Lee,,901234502\n", "A1,2024-05-01 10:00,2,901234502,Нон,4,1500\n", "2,Bob Lee,1980-01-01,901234502,50\n", true},
		"who shares it":       {",Bob Lee,,901234502\n", "A1,2024-05-01 10:00,4,901234502,Нон,4,1500\n", "4,Ann Lee,1990-01-01,,50\n", false},
		"of an id by another": {",Bob Lee,,901234502\n", "A1,2024-05-01 10:00,9,,Нон,4,1500\n", "9,Bob Lee,,901234502,50\n", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dbtest.Run(t, func(t *testing.T, d *db.DB) {
				h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
				h.open("Main")
				h.install("Main", plainRules())
				h.load(write(t, "customer_id,name,born,phone\n"+of.people), File{Source: "old", Kind: KindCustomers})
				h.forget(h.person(customer.Phone, "+998901234502").ID)
				alice, err := h.business().Enrol.Register(t.Context(), catalog.Store{}, 0, customer.New{FirstName: "Alice", LastName: "Kim", Source: "till", Identifiers: []customer.Identifier{{Kind: customer.Phone, Value: "901234502"}}})
				must(t, err)
				h.rehearsed(t, receipts+of.receipts, File{Source: "old", Kind: KindReceipts})
				r := h.rehearsed(t, "customer_id,name,born,phone,points\n"+of.row, File{Source: "old", Kind: KindCustomers})
				if of.refused && (r.Refused != 1 || r.Points != 0) || !of.refused && (r.Created != 1 || r.Points != 50_00) {
					t.Errorf("%+v", r)
				}
				if c, err := h.customers.Get(t.Context(), alice.ID); err != nil || c.Born != "" || len(c.Identifiers) != 1 {
					t.Errorf("Alice is %+v, %v", c, err)
				}
				h.verify()
			})
		})
	}
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
	h.forget(h.external("2"))
	store, err := h.catalog.Stores(ctx)
	must(t, err)
	as.Source, as.Identifiers = "till", []customer.Identifier{{Kind: customer.Phone, Value: "+998901234502"}}
	_, err = all.Enrol.Register(ctx, store[0], 0, as)
	must(t, err)
	return h
}

// Who came back has their phone again: others who share it and are known are taken from files
// as ever. Nobody is made anew by it, for that may be who was forgotten while another has it.
func TestPhoneOfWhoCameBackIsShared(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := bobIsBack(t, d, customer.New{FirstName: "Bob", LastName: "Lee"})
		h.load(write(t, "customer_id,name\n3,Eve Lee\n"), File{Source: "old", Kind: KindCustomers})
		i := h.load(write(t, "customer_id,name,phone\n3,Eve Lee,901234502\n4,Ann Lee,901234502\n"), File{Source: "old", Kind: KindCustomers})
		if r := i.Report; r.Created != 0 || r.Unchanged != 1 || r.Refused != 1 {
			t.Errorf("%d made, %d as before, %d refused: %s", r.Created, r.Unchanged, r.Refused, h.issuesOf(i.ID, true))
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
		h.forget(h.external("2"))
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
		find := func(phone string) customer.ID { return h.person(customer.Phone, phone).ID }
		a, b, c := find("+998901234501"), find("+998901234502"), find("+998901234503")
		_, err := all.Merges.Merge(ctx, a, b, 0, nil)
		must(t, err)
		_, err = all.Merges.Merge(ctx, b, c, 0, nil)
		must(t, err)
		if r := h.rehearsed(t, sales, File{Source: "old", Anew: true}); r.Known != 3 {
			t.Errorf("living: %+v", r)
		}
		h.forget(c)
		if r := h.rehearsed(t, sales, File{Source: "old", Anew: true}); r.Known != 3 {
			t.Errorf("erased: %+v", r)
		}
		h.verify()
	})
}

// Receipts of somebody who was forgotten since are known in later files as those of
// everybody, and others are none of theirs.
func TestReceiptsOfLaterFiles(t *testing.T) {
	t.Parallel()
	const head, stores = "number,date,phone,product,quantity,price\n", "number,date,store,phone,product,quantity,price\n"
	for name, of := range map[string]struct {
		first, later    string
		known, recorded int64
	}{
		"with their stores": {
			head + "1,2024-05-01,901234501,Нон,4,1500\n2,2024-05-01,901234502,Нон,2,1500\n",
			stores + "1,2024-05-01,Main,901234501,Нон,4,1500\n2,2024-05-01,Main,901234502,Нон,2,1500\n3,2024-05-01,Main,,Нон,2,1500\n", 2, 1,
		},
		"the source forgot the buyer, too": {
			head + "A1,2024-05-01 10:00,901234502,Нон,4,1500\n", head + "A1,2024-05-01 10:00,,Нон,4,1500\n", 1, 0,
		},
		"one of nobody was in": {
			head + "1,2024-05-01,,Нон,4,1500\n7,2024-05-01,901234502,Нон,2,1500\n", stores + "1,2024-05-01,Chilonzor,901234502,Нон,4,1500\n", 0, 1,
		},
		"one of somebody living, in another store": {
			head + "1,2024-05-01,901234502,Нон,4,1500\n", stores + "1,2024-05-01,Chilonzor,901234501,Нон,4,1500\n", 0, 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dbtest.Run(t, func(t *testing.T, d *db.DB) {
				h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
				h.rehearsed(t, of.first, File{Source: "old"})
				h.forget(h.person(customer.Phone, "+998901234502").ID)
				if r := h.rehearsed(t, of.later, File{Source: "old"}); r.Known != of.known || r.Recorded != of.recorded || r.Refused != 0 {
					t.Errorf("%+v", r)
				}
				h.verify()
			})
		})
	}
}

// A card of somebody forgotten, which another person has now, brings neither name nor phone
// nor id of the former back.
func TestCardOfTheForgottenExcusesNobody(t *testing.T) {
	t.Parallel()
	for name, of := range map[string]struct {
		now    customer.New
		people string
	}{
		"nameless": {customer.New{}, "customer_id,name,phone,card\n2,Bob Lee,901234502,111\n"},
		"named":    {customer.New{FirstName: "Alice"}, "customer_id,name,phone,card\n2,Bob Lee,901234502,111\n"},
		"no ids":   {customer.New{FirstName: "Alice"}, "name,phone,card\nBob Lee,901234502,111\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dbtest.Run(t, func(t *testing.T, d *db.DB) {
				h, ctx := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir()), t.Context()
				h.open("Main")
				h.install("Main", plainRules())
				h.load(write(t, of.people), File{Source: "old", Kind: KindCustomers})
				h.forget(h.person(customer.Card, "111").ID)
				store, err := h.catalog.Stores(ctx)
				must(t, err)
				now := of.now
				now.Source, now.Identifiers = "till", []customer.Identifier{{Kind: customer.Card, Value: "111"}}
				_, err = h.business().Enrol.Register(ctx, store[0], 0, now)
				must(t, err)
				if i := h.load(write(t, of.people), File{Source: "old", Kind: KindCustomers, Anew: true}); i.Report.Refused != 1 {
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

// A card of somebody forgotten, which another person has now, makes no row of a third one
// theirs, and none of the former the other's.
func TestCardOfTheForgottenThatAnotherHas(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
		h.open("Main")
		h.install("Main", plainRules())
		bob := "card,name,points\n222,Bob Lee,50\n"
		h.load(write(t, bob), File{Source: "old", Kind: KindCustomers})
		h.load(write(t, "name,phone\nAnn Poe,901234509\n"), File{Source: "old", Kind: KindCustomers})
		h.forget(h.person(customer.Card, "222").ID)
		_, err := h.business().Enrol.Register(t.Context(), catalog.Store{}, 0, customer.New{FirstName: "Eve", Source: "till", Identifiers: []customer.Identifier{{Kind: customer.Card, Value: "222"}}})
		must(t, err)
		h.load(write(t, "customer_id,card,name\n6,222,Eve Kim\n"), File{Source: "old", Kind: KindCustomers})
		if r := h.rehearsed(t, "customer_id,card,name,phone\n9,222,Ann Poe,901234509\n", File{Source: "old", Kind: KindCustomers}); r.Updated != 1 || len(r.Tallies) != 1 || r.Tallies[0].Reason != ReasonTaken {
			t.Errorf("%+v", r)
		}
		if r := h.rehearsed(t, bob+"\n", File{Source: "old", Kind: KindCustomers}); r.Refused != 1 || r.Points != 0 {
			t.Errorf("his row: %+v", r)
		}
		h.verify()
	})
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
		h.forget(h.external("2"))
		i := h.load(write(t, "customer_id,email,phone,city,points,opt_out\n7,ann@example.com,901234502,Tashkent,50,yes\n"), File{Source: "old", Kind: KindCustomers})
		if r := i.Report; r.Refused != 1 || r.Points != 0 || h.count(`SELECT COUNT(*) FROM lots`) != 0 {
			t.Errorf("%+v", r)
		}
		if said, err := h.customers.Consents(ctx, h.external("7")); err != nil || len(said) == 0 || slices.ContainsFunc(said, func(c customer.Consent) bool { return c.Given }) {
			t.Errorf("a no was not taken: %v %v", said, err)
		}
		alice, err := h.business().Enrol.Register(ctx, catalog.Store{}, 0, customer.New{FirstName: "Alice", LastName: "Kim", Source: "till", Identifiers: []customer.Identifier{{Kind: customer.Phone, Value: "901234502"}}})
		must(t, err)
		if r := h.load(write(t, "name,phone,opt_out\nBob Lee,901234502,yes\n"), File{Source: "old", Kind: KindCustomers}).Report; r.Refused != 1 {
			t.Errorf("%+v", r)
		}
		if said, err := h.customers.Consents(ctx, alice.ID); err != nil || len(said) == 0 {
			t.Errorf("a no by the phone was not taken: %v", err)
		}
		if r := h.load(write(t, "number,date,customer name,phone,product,quantity,price\nA1,2024-05-01 10:00,Bob Lee,901234502,Нон,4,1500\n"), File{Source: "old", Kind: KindReceipts}).Report; r.Recorded != 1 || r.Anonymous != 1 {
			t.Errorf("his receipt: %+v", r)
		}
		h.verify()
	})
}

// Somebody who registered in person without a name gets one by a file, and not the phone
// in it that was of somebody forgotten.
func TestWhoRegisteredWithoutANameIsNotForgotten(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h, ctx := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir()), t.Context()
		h.open("Main")
		h.load(write(t, "customer_id,name,phone\n2,Bob Lee,901234502\n"), File{Source: "old", Kind: KindCustomers})
		all := h.business()
		h.forget(h.external("2"))
		ann, err := all.Enrol.Register(ctx, catalog.Store{}, 0, customer.New{Source: "till", Identifiers: []customer.Identifier{{Kind: customer.External, Value: "7"}}})
		must(t, err)
		if r := h.load(write(t, "customer_id,name,phone\n7,Ann,901234502\n"), File{Source: "old", Kind: KindCustomers}).Report; r.Updated != 1 || len(r.Tallies) != 1 || r.Tallies[0].Reason != ReasonLost {
			t.Errorf("%+v", r)
		}
		if c, err := h.customers.Get(ctx, ann.ID); err != nil || c.FirstName != "Ann" || len(c.Identifiers) != 1 {
			t.Errorf("%+v, %v", c, err)
		}
		h.verify()
	})
}

// Whose a row is, the surest of what it says decides: who shared a phone with somebody who
// was forgotten, or has it beside an id or a card of theirs, is neither taken for them nor
// given what is theirs.
func TestWhoseARowIs(t *testing.T) {
	t.Parallel()
	const (
		head  = "customer_id,card,phone,name,born\n"
		cards = ",111,901234502,Bob Lee,1980-01-01\n,222,901234502,Eve Lee,1982-02-02\n"
		born  = ",,901234502,Bob Lee,1980-01-01\n,,901234502,Eve Lee,1982-02-02\n"
		ids   = ",,901234502,Bob Lee,1980-01-01\n3,,901234502,Eve Lee,1982-02-02\n"
	)
	id := func(of string) customer.Identifier { return customer.Identifier{Kind: customer.External, Value: of} }
	card := func(of string) customer.Identifier { return customer.Identifier{Kind: customer.Card, Value: of} }
	phone := customer.Identifier{Kind: customer.Phone, Value: "+998901234502"}
	for name, of := range map[string]struct {
		people    string
		forgotten customer.Identifier
		since     string // who registers with the phone of 901234502, by first and last name
		row       string // that comes again
		refused   bool
		buyer     string // of a receipt with what tells who it is in the row
	}{
		"by her own card":                         {cards, card("111"), "", ",222,901234502,Eve Lee,", false, "Eve"},
		"by name and birthday":                    {born, phone, "", ",,901234502,Eve Lee,1982-02-02", false, ""},
		"by her own id":                           {ids, phone, "", "3,,901234502,Eve Lee,", false, "Eve"},
		"who shared his phone":                    {born, phone, "", ",,901234502,Bob Lee,1980-01-01", true, ""},
		"with the phone of another":               {",,901234502,Alice Kim,\n2,,901234502,Bob Lee,\n", id("2"), "", "2,,901234502,,", true, ""},
		"named, with another's phone":             {",,901234502,Alice Kim,\n2,,901234502,Bob Lee,\n", id("2"), "", "2,,901234502,Bob Lee,", true, ""},
		"with a card and another's":               {cards, card("222"), "", ",222,901234502,Eve Lee,1982-02-02", true, ""},
		"whose phone it is":                       {cards, card("222"), "", ",111,901234502,Bob Lee,1980-01-01", false, "Bob"},
		"known by name and birthday":              {born, id(customer.Called("Eve", "Lee", "1982-02-02")), "", ",,901234502,Eve Lee,1982-02-02", true, "Bob"},
		"with an id of the same name":             {"2,,,Bob Lee,\n5,,901234502,Bob Lee,\n", id("2"), "", "2,,901234502,Bob Lee,", true, ""},
		"with a birthday since":                   {strings.ReplaceAll(cards, "1982-02-02", ""), card("222"), "", ",222,901234502,Eve Lee,1982-02-02", true, ""},
		"who has his card now":                    {"2,222,,Bob Lee,\n5,,901234502,Eve Lee,\n", id("2"), "", "5,222,901234502,Eve Lee,", false, "Eve"},
		"father and son":                          {",222,901234509,Bob Lee,2005-05-05\n,111,901234509,Bob Lee,1980-01-01\n", card("111"), "", ",,901234509,Bob Lee,1980-01-01", true, "Bob"},
		"of the same name and birthday":           {born, id(customer.Called("Eve", "Lee", "1982-02-02")), "", ",,901234509,Eve Lee,1982-02-02", false, "Eve"},
		"to whom the card was given now":          {cards, card("222"), "", ",222,901234509,Zoya Kim,", false, "Zoya"},
		"who has his phone now, called otherwise": {",,901234502,Bob Lee,\n", phone, "Alice Kim", ",,901234502,Bob Lee,", true, "Alice"},
		"with a phone of who came back, first":    {",,901234502,Bob Lee,\n,,901234509,Ann,\n", phone, "Bob Lee", ",,901234502; 901234509,Ann,", false, "Bob"},
		"called otherwise, with a birthday since": {",,901234502,Bob Lee,\n", phone, "Alice Kim", ",,901234502,Bob Lee,1980-01-01", true, "Alice"},
		"called otherwise, with a card since":     {",,901234502,Bob Lee,\n", phone, "Alice Kim", ",777,901234502,Bob Lee,", true, "Alice"},
		"who came back, by the name":              {",,901234502,Bob Lee,\n", phone, "Bob Lee", ",,901234502,Bob Lee,", false, "Bob"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dbtest.Run(t, func(t *testing.T, d *db.DB) {
				h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
				h.open("Main")
				h.install("Main", plainRules())
				h.load(write(t, head+of.people), File{Source: "old", Kind: KindCustomers})
				h.forget(h.person(of.forgotten.Kind, of.forgotten.Value).ID)
				if first, last, some := strings.Cut(of.since, " "); some {
					_, err := h.business().Enrol.Register(t.Context(), catalog.Store{}, 0, customer.New{FirstName: first, LastName: last, Source: "till", Identifiers: []customer.Identifier{phone}})
					must(t, err)
				}
				for n := range 2 { // the second time nothing is given again
					row := strings.Replace(head, "\n", ",points\n", 1) + of.row + ",50\n" + strings.Repeat("\n", n)
					r := h.rehearsed(t, row, File{Source: "old", Kind: KindCustomers})
					if want := money.Points((1 - n) * 50_00); of.refused && (r.Refused != 1 || r.Points != 0) || !of.refused && (r.Refused != 0 || r.Points != want) {
						t.Errorf("refused %d, %s points", r.Refused, r.Points)
					}
				}
				who := strings.Join(strings.Split(of.row, ",")[:3], ",")
				h.rehearsed(t, "number,date,customer_id,card,phone,product,quantity,price\nA1,2024-05-01 10:00,"+who+",Нон,4,1500\n", File{Source: "old", Kind: KindReceipts})
				buyer := ""
				must(t, h.db.QueryRow(t.Context(), `SELECT COALESCE((SELECT first_name FROM customers c WHERE c.id = r.customer_id), '') FROM receipts r`).Scan(&buyer))
				if buyer != of.buyer {
					t.Errorf("the receipt is %q's, not %q's", buyer, of.buyer)
				}
				h.verify()
			})
		})
	}
}

// Who was forgotten does not come back as somebody of whom less is known and who has the
// second phone of an old row, when their own phone or card is a third person's by now.
func TestForgottenDoNotComeBackAsAnother(t *testing.T) {
	t.Parallel()
	const head = "карта,телефон,имя,отчество,фамилия,дата рождения\n"
	for name, of := range map[string]struct{ people, alice, third, row string }{
		"nameless":            {",901234502,Bob,,Lee,\n", "phone 901234502", "", ",901234502; 901234509,Bob,,Lee,"},
		"with a birthday":     {",901234502,Bob,,Lee,1980-01-01\n", "phone 901234502", "", ",901234502; 901234509,Bob,,Lee,1980-01-01"},
		"by the card":         {"222,,Bob,,Lee,\n", "card 222", "", "222,901234509,Bob,,Lee,"},
		"by a first name":     {",901234502,Анна,Ивановна,,\n", "phone 901234502", "Анна", ",901234502; 901234509,Анна,Ивановна,,"},
		"of another father":   {",901234502,Анна,Ивановна,,\n", "phone 901234502", "Анна Петровна", ",901234502; 901234509,Анна,Ивановна,,"},
		"of an unknown birth": {",901234502,Анна,,,1980-01-01\n", "phone 901234502", "Анна", ",901234502; 901234509,Анна,,,1980-01-01"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dbtest.Run(t, func(t *testing.T, d *db.DB) {
				h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
				h.open("Main")
				h.install("Main", plainRules())
				h.load(write(t, head+of.people), File{Source: "old", Kind: KindCustomers})
				h.forget(customer.ID(h.count(`SELECT id FROM customers`)))
				register := func(name, by string) customer.ID {
					kind, value, _ := strings.Cut(by, " ")
					first, middle, _ := strings.Cut(name, " ")
					r, err := h.business().Enrol.Register(t.Context(), catalog.Store{}, 0, customer.New{
						FirstName: first, MiddleName: middle, Source: "till", Identifiers: []customer.Identifier{{Kind: customer.Kind(kind), Value: value}},
					})
					must(t, err)
					return r.ID
				}
				register("Alice", of.alice)
				third := register(of.third, "phone 901234509")
				r := h.rehearsed(t, strings.Replace(head, "\n", ",баллы\n", 1)+of.row+",50\n", File{Source: "old", Kind: KindCustomers})
				if why := r.Tallies[0]; r.Refused != 1 || r.Points != 0 || !strings.HasPrefix(of.alice, string(why.Field)+" ") {
					t.Errorf("refused %d, %s points, %+v", r.Refused, r.Points, why)
				}
				if c, err := h.customers.Get(t.Context(), third); err != nil || strings.TrimSpace(c.Name()+" "+c.MiddleName) != of.third || c.Born != "" {
					t.Errorf("%+v, %v", c, err)
				}
				h.verify()
				if of.third != "" { // a receipt says no more of them
					return
				}
				h.rehearsed(t, "number,date,card,phone,customer name,product,quantity,price\nA1,2024-05-01 10:00,"+strings.Join(strings.Split(of.row, ",")[:2], ",")+",Bob Lee,Нон,4,1500\n", File{Source: "old", Kind: KindReceipts})
				var buyer customer.ID
				must(t, h.db.QueryRow(t.Context(), `SELECT COALESCE(customer_id, 0) FROM receipts`).Scan(&buyer))
				if buyer != 0 {
					c, err := h.customers.Get(t.Context(), buyer)
					t.Errorf("the receipt is of %q, %v", c.Name(), err)
				}
			})
		})
	}
}

// Who was forgotten and came back agrees anew: an old file brings no consent of theirs,
// whatever it knows them by, and says so.
func TestConsentsOfTheForgotten(t *testing.T) {
	t.Parallel()
	const head = "customer_id,card,name,marketing consent,points,registered\n"
	for _, of := range []struct {
		by  customer.Identifier
		row string
	}{
		{customer.Identifier{Kind: customer.External, Value: "7"}, "7,,Bob Lee,yes,5,2024-01-01\n"},
		{customer.Identifier{Kind: customer.Card, Value: "222"}, ",222,Bob Lee,yes,5,2024-01-01\n"},
	} {
		dbtest.Run(t, func(t *testing.T, d *db.DB) {
			h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
			h.open("Main")
			h.install("Main", plainRules())
			file := File{Source: "old", Kind: KindCustomers}
			given := func() int64 { return h.count(`SELECT COUNT(*) FROM consents WHERE given`) }
			if h.load(write(t, head+of.row), file); given() != 1 {
				t.Fatal("no consent to forget")
			}
			h.forget(h.person(of.by.Kind, of.by.Value).ID)
			before := given()
			back, err := h.business().Enrol.Register(t.Context(), catalog.Store{}, 0, customer.New{FirstName: "Bob", LastName: "Lee", Source: "till", Identifiers: []customer.Identifier{of.by}})
			must(t, err)
			r := h.rehearsed(t, head+of.row+"\n", file)
			if r.Refused != 0 || r.Points != 5_00 || len(r.Tallies) != 1 || r.Tallies[0].Reason != ReasonUnheard {
				t.Errorf("%+v", r)
			}
			if given() != before || h.count(`SELECT COUNT(*) FROM consents WHERE customer_id = $1`, int64(back.ID)) != 0 {
				t.Error("the consent is back")
			}
			err = h.db.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				return h.customers.AddConsentsTx(ctx, tx, back.ID, []customer.Consent{{Channel: customer.ChannelAny, Purpose: customer.Marketing, Given: true, Source: "till", Wording: "w", At: h.now()}})
			})
			must(t, err)
			r = h.rehearsed(t, head+of.row+"\n\n", file)
			if len(r.Tallies) != 1 || r.Tallies[0].Reason != ReasonKnown {
				t.Errorf("who agreed anew: %+v", r)
			}
			err = h.db.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				return h.customers.AddConsentsTx(ctx, tx, back.ID, []customer.Consent{{Channel: customer.ChannelAny, Purpose: customer.Marketing, Source: "till", At: h.now()}})
			})
			must(t, err)
			r = h.rehearsed(t, head+of.row+"\n\n\n", file)
			if len(r.Tallies) != 1 || r.Tallies[0].Reason != ReasonKnown {
				t.Errorf("who said no since: %+v", r)
			}
			h.verify()
		})
	}
}

// No file gives somebody the phone of who was forgotten, with which these would be back.
func TestForgottenDoNotComeBackByWhoSharedTheirPhone(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
		h.open("Main")
		h.install("Main", plainRules())
		people := "name,born,phone,email\nBob Lee,1980-01-01,901234502,\nEve Lee,1982-02-02,901234502,eve@example.com\n"
		h.load(write(t, people), File{Source: "old", Kind: KindCustomers})
		h.forget(h.person(customer.Phone, "+998901234502").ID)
		for n := range 2 {
			r := h.rehearsed(t, people+strings.Repeat("\n", n+1), File{Source: "old", Kind: KindCustomers})
			if r.Created != 0 || r.Refused != 1 || r.Tallies[len(r.Tallies)-1].Reason != ReasonLost {
				t.Errorf("loaded again: %+v", r)
			}
		}
		h.verify()
	})
}

// A receipt of somebody who was forgotten before it came is known when it comes again, with
// its store or once they are back.
func TestReceiptOfTheForgottenIsKnown(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
		h.load(write(t, "number,date,phone,product,quantity,price\n9,2024-04-01,901234502,Нон,4,1500\n"), File{Source: "old", Kind: KindReceipts})
		h.forget(h.person(customer.Phone, "+998901234502").ID)
		sale := "number,date,phone,product,quantity,price\n2,2024-05-01,901234502,Нон,2,1500\n"
		h.load(write(t, sale), File{Source: "old", Kind: KindReceipts})
		if r := h.load(write(t, "number,date,store,phone,product,quantity,price\n2,2024-05-01,Main,901234502,Нон,2,1500\n"), File{Source: "old", Kind: KindReceipts}).Report; r.Recorded != 0 || r.Known != 1 {
			t.Errorf("with its store: %+v", r)
		}
		_, err := h.business().Enrol.Register(t.Context(), catalog.Store{}, 0, customer.New{Source: "till", Identifiers: []customer.Identifier{{Kind: customer.Phone, Value: "901234502"}}})
		must(t, err)
		if r := h.load(write(t, sale), File{Source: "old", Kind: KindReceipts, Anew: true}).Report; r.Known != 1 || r.Refused != 0 {
			t.Errorf("once they are back: %+v", r)
		}
		h.verify()
	})
}

// A gift card of somebody forgotten is not of who has the phone beside their id, had it
// before or got it since; one of an unknown id only where they have none.
func TestGiftcardOfTheForgottenIsNobodys(t *testing.T) {
	t.Parallel()
	alice, bob := "1,Alice Kim,901234502\n", "2,Bob Lee,901234502\n"
	for name, of := range map[string]struct {
		people string
		held   int64
	}{"had": {alice + bob, 900_00}, "got": {bob + alice, 900_00}, "had, without an id": {alice[1:] + bob, 900_00 + 70_00}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dbtest.Run(t, func(t *testing.T, d *db.DB) {
				h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
				h.open("Main")
				h.load(write(t, "customer_id,name,phone\n"+of.people), File{Source: "old", Kind: KindCustomers})
				h.forget(h.external("2"))
				if name == "got" {
					must(t, h.db.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
						_, err := h.customers.AddIdentifierTx(ctx, tx, h.external("1"), customer.Phone, "+998901234502")
						return err
					}))
				}
				h.load(write(t, "giftcard,balance,customer_id,phone\nAB12345,500,2,901234502\nAB12346,70,9,901234502\nAB12347,900,,901234502\n"), File{Source: "old", Kind: KindGiftcards})
				if sum := h.count(`SELECT SUM(balance) FROM imported_giftcards WHERE customer_id IS NOT NULL`); sum != of.held {
					t.Errorf("Alice holds %d, not %d", sum, of.held)
				}
				h.verify()
			})
		})
	}
}

// A gift card of somebody who came back is theirs, by what they had before, too.
func TestGiftcardOfWhoCameBack(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := bobIsBack(t, d, customer.New{FirstName: "Bob"})
		h.load(write(t, "customer_id,name,phone\n3,Ann Poe,901234509\n"), File{Source: "old", Kind: KindCustomers})
		h.load(write(t, "giftcard,balance,customer_id,phone\nAB12345,500,2,901234502\nAB12346,500,2,901234509; 901234502\n"), File{Source: "old", Kind: KindGiftcards})
		bob := h.person(customer.Phone, "+998901234502").ID
		if n := h.count(`SELECT COUNT(*) FROM imported_giftcards WHERE customer_id = $1`, int64(bob)); n != 2 {
			t.Errorf("%d cards are his, not 2", n)
		}
	})
}

// A gift card is of whose e-mail it says, whatever else it does, if nobody else is told.
func TestGiftcardByEmail(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
		h.open("Main")
		h.load(write(t, "customer_id,name,email\n,Alice Kim,alice@example.com\n3,Ann Poe,ann@example.com\n5,Bob Lee,\n"), File{Source: "old", Kind: KindCustomers})
		h.forget(h.external("5"))
		h.load(write(t, "giftcard,balance,customer_id,phone,email\nAB12345,500,9,,alice@example.com\nAB12346,70,,901234502,alice@example.com\nAB12347,900,9,,ann@example.com\nAB12348,1000,5,,alice@example.com\n"), File{Source: "old", Kind: KindGiftcards})
		if sum := h.count(`SELECT SUM(balance) FROM imported_giftcards WHERE customer_id IS NOT NULL`); sum != 570_00 {
			t.Errorf("%d is held, not Alice's 570", sum)
		}
		h.verify()
	})
}

// Who came back with a phone of their own is taken from files by it, whatever name and
// birthday say.
func TestWhoCameBackWithAnotherPhone(t *testing.T) {
	t.Parallel()
	for name, as := range map[string]customer.New{"nameless": {}, "first name": {FirstName: "Bob"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dbtest.Run(t, func(t *testing.T, d *db.DB) {
				h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
				h.open("Main")
				h.load(write(t, "name,phone,born\nBob Lee,901234502,1980-01-01\n"), File{Source: "old", Kind: KindCustomers})
				h.forget(h.person(customer.Phone, "+998901234502").ID)
				as := as
				as.Source, as.Identifiers = "till", []customer.Identifier{{Kind: customer.Phone, Value: "909999999"}}
				_, err := h.business().Enrol.Register(t.Context(), catalog.Store{}, 0, as)
				must(t, err)
				if r := h.load(write(t, "name,phone,born\nBob Lee,909999999,1980-01-01\n"), File{Source: "old", Kind: KindCustomers}).Report; r.Updated != 1 {
					t.Errorf("%+v", r)
				}
				h.verify()
			})
		})
	}
}

// Somebody living is known by her own e-mail and full name, though she shared the phone of
// somebody forgotten.
func TestEmailOfSomebodyLivingWithAPhoneOfTheForgotten(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
		h.open("Main")
		people := "card,phone,email,name\n111,901234502,,Bob Lee\n,901234502,eve@example.com,Eve Kim\n"
		h.load(write(t, people), File{Source: "old", Kind: KindCustomers})
		h.forget(h.person(customer.Card, "111").ID)
		if r := h.rehearsed(t, people+"\n", File{Source: "old", Kind: KindCustomers}); r.Refused != 1 || r.Created != 0 {
			t.Errorf("%+v", r)
		}
		h.verify()
	})
}

// Who is forgotten or merged while a file of gift cards is written waits for it: a card is
// of nobody gone.
func TestHoldersStayWhileGiftcardsAreWritten(t *testing.T) {
	t.Parallel()
	for name, held := range map[string]int64{"forgotten": 0, "merged": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, from, into := couple(t, dbtest.Open(t, dbtest.Postgres)) // SQLite has one writer
			i, err := h.Add(t.Context(), File{Source: "old", Kind: KindGiftcards}, write(t, "giftcard,balance,customer_id\nAB12345,500,2\n"))
			must(t, err)
			_, err = h.begin(t.Context(), i.ID)
			must(t, err)
			all, ended := h.business(), make(chan struct{})
			var group errgroup.Group
			goes := sync.OnceFunc(func() {
				group.Go(func() (err error) {
					defer close(ended)
					if held == 0 {
						_, err = all.Privacy.Erase(t.Context(), from, staff.By{}, "asked")
					} else {
						_, err = h.merges.Merge(t.Context(), from, into, 0, nil)
					}
					return err
				})
				for waits := false; !waits; {
					select {
					case <-ended:
						return
					default:
						waits = h.count(`SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) > 0
					}
				}
			})
			must(t, h.run(t.Context(), i.ID, func(ctx context.Context, tx *db.Tx, rep *Report) error {
				if rep.Cards > 0 { // written, not committed
					goes()
				}
				return nil
			}))
			must(t, group.Wait())
			some, stays := h.count(`SELECT COUNT(*) FROM imported_giftcards WHERE customer_id IS NOT NULL`), h.count(`SELECT COUNT(*) FROM imported_giftcards WHERE customer_id = $1`, int64(into))
			if some != held || stays != held {
				t.Errorf("%d cards are held, %d of them by who stays", some, stays)
			}
			h.verify()
		})
	}
}
