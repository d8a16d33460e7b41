package importer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/settings"
	"regulars/internal/loyalty"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/merge"
	"regulars/internal/loyalty/staff"
)

// Who is merged while their receipts come in has them in the profile that stays.
func TestMergeDuringAnImport(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h, from, into := couple(t, d)
		of := h.meanwhile(func(ctx context.Context) error {
			_, err := h.merges.Merge(ctx, from, into, 0, nil)
			return err
		})
		if of(from) > 0 || of(into) != 400 {
			t.Errorf("%d receipts are of the profile that is gone, %d of the one that stays", of(from), of(into))
		}
		if spend := h.count(`SELECT spend FROM accounts WHERE customer_id = $1`, int64(into)); spend != 400*1500_00 {
			t.Errorf("who stays has spent %d", spend)
		}
		h.verify()
	})
}

// external finds whom a file calls so.
func (h house) external(name string) customer.ID {
	c, err := h.customers.Find(h.t.Context(), customer.Identifier{Kind: customer.External, Value: name})
	must(h.t, err)
	return c.ID
}

// meanwhile imports 400 receipts of the customer "2" in small transactions, has do done
// while it goes on, and gives how many receipts are whose.
func (h house) meanwhile(do func(ctx context.Context) error) (of func(customer.ID) int) {
	t := h.t
	var b strings.Builder
	b.WriteString("number,date,customer_id,sku,product,quantity,price\n")
	for i := range 400 {
		fmt.Fprintf(&b, "A%d,2024-05-%02d %02d:%02d,2,P0,Нон,1,1500\n", i, 1+i/60%28, i%24, i%60)
	}
	h.batchRows = 2
	i, err := h.Add(t.Context(), File{Name: "sales.csv", Source: "old", Kind: KindReceipts}, write(t, b.String()))
	must(t, err)
	_, err = h.begin(t.Context(), i.ID)
	must(t, err)
	ready := make(chan struct{})
	var g errgroup.Group
	g.Go(func() error {
		<-ready
		return do(t.Context())
	})
	batches := 0
	must(t, h.run(t.Context(), i.ID, func(context.Context, *db.Tx, *Report) error {
		if batches++; batches == 3 {
			close(ready)
		}
		return nil
	}))
	must(t, g.Wait())
	return func(who customer.ID) int {
		return int(h.count(`SELECT COUNT(*) FROM receipts WHERE customer_id = $1`, int64(who)))
	}
}

// receiptsHead are the columns of receipts whose buyers are told by their id.
const receiptsHead = "number,date,customer_id,sku,product,quantity,price\n"

// couple opens a shop with two customers, of the ids 2 and 1.
func couple(t *testing.T, d *db.DB) (h house, from, into customer.ID) {
	t.Helper()
	h = newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
	h.install("Main", plainRules())
	h.load(write(t, "Код;ФИО;Карта\n1;Иванов Иван;111\n2;Петров П;222\n"), File{Name: "people.csv", Source: "old", Kind: KindCustomers})
	return h, h.external("2"), h.external("1")
}

// A merge is undone while receipts of who comes out are imported: those behind are
// theirs again, and nothing is counted twice.
func TestUndoDuringAnImport(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h, from, into := couple(t, d)
		out, err := h.merges.Merge(t.Context(), from, into, 0, nil)
		must(t, err)
		of := h.meanwhile(func(ctx context.Context) error { return h.merges.Undo(ctx, out.ID, 0, nil) })
		if of(from) == 0 || of(from)+of(into) != 400 {
			t.Errorf("%d receipts are of who came out, %d of who stayed", of(from), of(into))
		}
		h.verify()
	})
}

// Somebody is forgotten while their receipts are imported: those behind are not theirs.
func TestErasedDuringAnImport(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
		h.install("Main", plainRules())
		h.load(write(t, "Код;ФИО;Карта\n2;Иванов И;222\n"), File{Name: "people.csv", Source: "old", Kind: KindCustomers})
		gone := h.external("2")
		all := loyalty.New(h.db, h.mint, h.now, settings.Installation{Currency: h.currency, Secret: h.secret})
		t.Cleanup(all.Close)
		of := h.meanwhile(func(ctx context.Context) error {
			_, err := all.Privacy.Erase(ctx, gone, staff.By{}, "asked")
			return err
		})
		if n := of(gone); n == 0 || n == 400 {
			t.Errorf("%d of 400 receipts are of who was forgotten", n)
		}
		if n := h.count(`SELECT COUNT(*) FROM receipts`); n != 400 {
			t.Errorf("%d receipts are in", n)
		}
		if n := h.count(`SELECT COUNT(*) FROM customers WHERE state <> 'erased'`); n != 0 {
			t.Error("they were made anew")
		}
		h.verify()
	})
}

// Returns that came while their customer was another's go back with the sales that their
// lines are of.
func TestImportedReturnsGoBackWithTheirSales(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h, from, into := couple(t, d)
		h.load(write(t, receiptsHead+"A1,2024-05-01 10:00,2,P0,Нон,4,1500\nA9,2024-05-01 10:00,1,P1,Сут,4,1500\n"), File{Name: "s.csv", Source: "old", Kind: KindReceipts})
		out, err := h.merges.Merge(t.Context(), from, into, 0, nil)
		must(t, err)
		h.load(write(t, receiptsHead+"A2,2024-05-02 10:00,2,P0,Нон,-3,1500\nA3,2024-05-02 11:00,1,P1,Сут,-2,1500\n"), File{Name: "r.csv", Source: "old", Kind: KindReceipts})
		must(t, h.merges.Undo(t.Context(), out.ID, 0, nil))
		for who, spend := range map[customer.ID]int64{from: 1 * 1500_00, into: 2 * 1500_00} {
			if got := h.count(`SELECT spend FROM accounts WHERE customer_id = $1`, int64(who)); got != spend {
				t.Errorf("customer %s has spent %d, not %d", who, got, spend)
			}
		}
		h.verify()
	})
}

// A return that was of who stays before the merge is theirs when it is undone, though it
// was matched with a sale of the other meanwhile.
func TestOwnReturnsStayWhenAMergeIsUndone(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h, from, into := couple(t, d)
		h.load(write(t, receiptsHead+"A1,2024-05-01 10:00,2,P0,Нон,4,1500\nR1,2024-05-02 10:00,1,P0,Нон,-1,1500\n"), File{Name: "s.csv", Source: "old", Kind: KindReceipts})
		spent := func(who customer.ID) int64 {
			return h.count(`SELECT spend FROM accounts WHERE customer_id = $1`, int64(who))
		}
		beforeFrom, beforeInto := spent(from), spent(into)
		out, err := h.merges.Merge(t.Context(), from, into, 0, nil)
		must(t, err)
		h.load(write(t, receiptsHead+"A7,2024-05-03 10:00,,P0,Нон,1,1500\n"), File{Name: "other.csv", Source: "old", Kind: KindReceipts})
		if n := h.count(`SELECT COUNT(*) FROM receipt_lines WHERE original_id IS NOT NULL`); n != 1 {
			t.Errorf("%d lines have found the sale of the other", n)
		}
		must(t, h.merges.Undo(t.Context(), out.ID, 0, nil))
		if spent(from) != beforeFrom || spent(into) != beforeInto {
			t.Errorf("before the merge they had spent %d and %d, undone %d and %d", beforeFrom, beforeInto, spent(from), spent(into))
		}
		h.verify()
	})
}

// An import that remembers nobody yet does not mind that a merge is undone.
func TestUndoBeforeAnImportKnowsAnybody(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h, from, into := couple(t, d)
		out, err := h.merges.Merge(t.Context(), from, into, 0, nil)
		must(t, err)
		i, err := h.Add(t.Context(), File{Name: "s.csv", Source: "old", Kind: KindReceipts}, write(t, receiptsHead+"A1,2024-05-01 10:00,2,P0,Нон,1,1500\n"))
		must(t, err)
		i, err = h.begin(t.Context(), i.ID)
		must(t, err)
		r, err := h.runner(t.Context(), &i, i.progress.Issues)
		must(t, err)
		r.save, r.prepare.ensure = func(context.Context, *db.Tx, *Report) error { return nil }, r.makeStore
		must(t, h.merges.Undo(t.Context(), out.ID, 0, nil))
		must(t, errors.Join(r.rows(t.Context()), r.close()))
		if n := h.count(`SELECT COUNT(*) FROM receipts WHERE customer_id = $1`, int64(from)); n != 1 {
			t.Errorf("%d receipts are theirs", n)
		}
	})
}

// Who was merged is made anew by no file, whatever they were called and when they were born,
// and gets nothing a second time.
func TestMergedDoNotComeBack(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
		h.open("Main")
		h.install("Main", plainRules())
		people := "name,born,phone,points\nBob Lee,1980-01-01,901234501,10\nEve Kim,1982-02-02,901234502,20\n"
		h.load(write(t, people), File{Source: "old", Kind: KindCustomers})
		bob, eve := h.person(customer.Phone, "+998901234501").ID, h.person(customer.Phone, "+998901234502").ID
		const owned = `SELECT COUNT(*) FROM identifiers`
		before := h.count(owned)
		out, err := h.merges.Merge(t.Context(), eve, bob, 0, nil)
		must(t, err)
		again := func(when string) {
			t.Helper()
			if r := h.rehearsed(t, people+strings.Repeat("\n", len(when)), File{Source: "old", Kind: KindCustomers}); r.Created != 0 || r.Points != 0 || r.Refused != 0 {
				t.Errorf("%s: %+v", when, r)
			}
			h.verify()
		}
		again("merged")
		must(t, h.merges.Undo(t.Context(), out.ID, 0, nil))
		if n := h.count(owned); n != before {
			t.Errorf("%d identifiers, there were %d", n, before)
		}
		again("taken out")
		if r := h.rehearsed(t, "name,born,phone,card\nEve Kim,1982-02-02,901234509,777\n", File{Source: "old", Kind: KindCustomers}); r.Created != 1 {
			t.Errorf("a namesake: %+v", r)
		}
	})
}

// A namesake of two who were merged, with the same birthday and a phone of their own, is
// somebody else, whether the one had a name before or not.
func TestNamesakeOfMergedIsAnother(t *testing.T) {
	t.Parallel()
	for name, people := range map[string]string{
		"named":    "name,born,phone,card\nAziz Karimov,1980-01-01,901234501,111\nAziz Karimov,1980-01-01,901234502,222\n",
		"nameless": "name,born,phone,card\nAziz Karimov,1980-01-01,901234501,111\n,,901234502,222\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dbtest.Run(t, func(t *testing.T, d *db.DB) {
				h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
				h.open("Main")
				h.load(write(t, people), File{Source: "old", Kind: KindCustomers})
				_, err := h.merges.Merge(t.Context(), h.person(customer.Card, "111").ID, h.person(customer.Card, "222").ID, 0, nil)
				must(t, err)
				if r := h.rehearsed(t, "name,born,phone,card\nAziz Karimov,1980-01-01,901234503,333\n", File{Source: "old", Kind: KindCustomers}); r.Created != 1 {
					t.Errorf("%+v", r)
				}
			})
		})
	}
}

// Of two namesakes who were merged into a third one can be taken out, and the other is known
// still.
func TestNamesakeWhoStaysMergedIsKnown(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
		h.open("Main")
		h.install("Main", plainRules())
		h.load(write(t, "name,born,phone\nBob Lee,1980-01-01,901234501\nEve Kim,1982-02-02,901234502\nEve Kim,1982-02-02,901234503\n"), File{Source: "old", Kind: KindCustomers})
		bob := h.person(customer.Phone, "+998901234501").ID
		const owned = `SELECT COUNT(*) FROM identifiers`
		before := h.count(owned)
		first, err := h.merges.Merge(t.Context(), h.person(customer.Phone, "+998901234502").ID, bob, 0, nil)
		must(t, err)
		second, err := h.merges.Merge(t.Context(), h.person(customer.Phone, "+998901234503").ID, bob, 0, nil)
		must(t, err)
		must(t, h.merges.Undo(t.Context(), first.ID, 0, nil))
		if r := h.rehearsed(t, "name,born,phone,points\nEve Kim,1982-02-02,901234503,10\n", File{Source: "old", Kind: KindCustomers}); r.Created != 0 {
			t.Errorf("%+v", r)
		}
		must(t, h.merges.Undo(t.Context(), second.ID, 0, nil))
		if n := h.count(owned); n != before {
			t.Errorf("%d identifiers, there were %d", n, before)
		}
		h.verify()
	})
}

// Who is known by a former name keeps it when a namesake was merged into them and taken out.
func TestFormerNameStaysWhenANamesakeIsTakenOut(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
		h.open("Main")
		h.install("Main", plainRules())
		people := "name,born,phone,points\nBob Lee,1980-01-01,901234501,10\nEve Kim,1982-02-02,901234501,20\n"
		h.load(write(t, people), File{Source: "old", Kind: KindCustomers})
		eve, married := h.person(customer.External, customer.Called("Eve", "Kim", "1982-02-02")).ID, "Lee"
		must(t, h.db.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, _, err := h.customers.UpdateTx(ctx, tx, eve, customer.Change{LastName: &married})
			return err
		}))
		namesake, err := h.business().Enrol.Register(t.Context(), catalog.Store{}, 0, customer.New{FirstName: "Eve", LastName: "Kim", Born: "1982-02-02", Source: "till", Identifiers: []customer.Identifier{{Kind: customer.Phone, Value: "901234505"}}})
		must(t, err)
		out, err := h.merges.Merge(t.Context(), namesake.ID, eve, 0, nil)
		must(t, err)
		must(t, h.merges.Undo(t.Context(), out.ID, 0, nil))
		if r := h.rehearsed(t, people+"\n", File{Source: "old", Kind: KindCustomers}); r.Created != 0 || r.Points != 0 {
			t.Errorf("created %d, %s points given again", r.Created, r.Points)
		}
		h.verify()
	})
}

// Who is known by the name of a profile that was merged into theirs is not taken for somebody
// forgotten by a card that such had before.
func TestMergedNameBesideACardOfTheForgotten(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
		h.open("Main")
		h.install("Main", plainRules())
		h.load(write(t, "card,name\n222,Bob Lee\n"), File{Source: "old", Kind: KindCustomers})
		h.forget(h.person(customer.Card, "222").ID)
		register := func(last, card string) customer.ID {
			r, err := h.business().Enrol.Register(t.Context(), catalog.Store{}, 0, customer.New{FirstName: "Eve", LastName: last, Born: "1990-01-01", Source: "till", Identifiers: []customer.Identifier{{Kind: customer.Card, Value: card}}})
			must(t, err)
			return r.ID
		}
		_, err := h.merges.Merge(t.Context(), register("Kim", "222"), register("Park", "333"), 0, nil)
		must(t, err)
		if r := h.rehearsed(t, "card,name,born,points\n222,Eve Kim,1990-01-01,50\n", File{Source: "old", Kind: KindCustomers}); r.Refused != 0 || r.Created != 0 || r.Points != 50_00 {
			t.Errorf("%+v", r)
		}
		h.verify()
	})
}

// Who comes while a merge is undone waits for it, and is who they are after it: by a row of a
// file, as the holder of a gift card, and at a till.
func TestWhoComesWhileAMergeIsUndone(t *testing.T) {
	t.Parallel()
	for name, of := range map[string]struct {
		kind Kind
		file string // empty: at a till
		who  string // came
	}{
		"customers":  {KindCustomers, "customer_id,city,points\n2,Samarkand,50\n", `SELECT id FROM customers WHERE city = 'Samarkand'`},
		"gift cards": {KindGiftcards, "giftcard,balance,customer_id\nAB12345,500,2\n", `SELECT customer_id FROM imported_giftcards`},
		"till":       {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, from, into := couple(t, dbtest.Open(t, dbtest.Postgres)) // SQLite has one writer
			h.load(write(t, "customer_id,points\n2,50\n"), File{Source: "old", Kind: KindCustomers})
			out, err := h.merges.Merge(t.Context(), from, into, 0, nil)
			must(t, err)
			all, who := h.business(), int64(0)
			come := func() error {
				r, err := all.Enrol.Register(t.Context(), catalog.Store{}, 0, customer.New{Source: "till", Identifiers: []customer.Identifier{{Kind: customer.Card, Value: "222"}}})
				who = int64(r.ID)
				return err
			}
			if of.file != "" {
				i, err := h.Add(t.Context(), File{Source: "old", Kind: of.kind}, write(t, of.file))
				must(t, err)
				_, err = h.begin(t.Context(), i.ID)
				must(t, err)
				come = func() error {
					return h.run(t.Context(), i.ID, func(context.Context, *db.Tx, *Report) error { return nil })
				}
			}
			var g errgroup.Group
			must(t, h.merges.Undo(t.Context(), out.ID, 0, func(context.Context, *db.Tx, merge.Merge) error {
				g.Go(come)
				h.waits()
				return nil
			}))
			must(t, g.Wait())
			if of.file != "" {
				who = h.count(of.who)
			}
			if who != int64(from) {
				t.Errorf("%d came, not %d, who was merged into %d", who, from, into)
			}
			const points = `SELECT COALESCE(SUM(remaining), 0) FROM lots WHERE customer_id = $1`
			if f, i := h.count(points, int64(from)), h.count(points, int64(into)); f != 50_00 || i != 0 {
				t.Errorf("who came out has %d points, who stays %d", f, i)
			}
			h.verify()
		})
	}
}

// waits returns when somebody waits for a lock of the house's database.
func (h house) waits() {
	for h.count(`SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) == 0 {
	}
}

// A profile that gets as many identifiers as one can have by a merge has no more of them
// that nobody sees.
func TestMergedIdentifiersAreNoMoreThanThereCanBe(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
		h.open("Main")
		register := func(name string, cards ...string) customer.ID {
			n := customer.New{FirstName: name, LastName: "Lee", Born: "1980-01-01", Source: "till"}
			for _, c := range cards {
				n.Identifiers = append(n.Identifiers, customer.Identifier{Kind: customer.Card, Value: c})
			}
			r, err := h.business().Enrol.Register(t.Context(), catalog.Store{}, 0, n)
			must(t, err)
			return r.ID
		}
		var cards []string
		for k := range 32 {
			cards = append(cards, fmt.Sprint("C", 100+k))
		}
		into := register("Bob", cards[:16]...)
		for _, from := range []customer.ID{register("Eve", cards[16:]...), register("Zoya")} {
			_, err := h.merges.Merge(t.Context(), from, into, 0, nil)
			must(t, err)
		}
		h.verify()
	})
}
