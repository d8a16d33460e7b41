package importer

import (
	"strings"
	"testing"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/household"
	"regulars/internal/loyalty/merge"
)

// Files that come again after customers of theirs were merged bring nothing twice: no
// opening balance and no receipt; nor do they once that was undone.
func TestMergedCustomersAreKnown(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h, ctx := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir()), t.Context()
		h.install("Main", plainRules())
		people := "Код;ФИО;Карта;Баллы\n1;Иванов Иван;111;10\n2;Иванов И;222;20\n3;Петров Пётр;333;5\n"
		sales := "number,date,customer_id,sku,product,quantity,price\n" +
			"A1,2024-05-01 10:00,1,P0,Нон,4,1500\nA2,2024-05-02 10:00,2,P0,Нон,2,1500\nA3,2024-05-03 10:00,2,P0,Нон,-1,1500\n"
		again := 0
		load := func() (people1, sales1 Import) {
			again++ // the same rows, not the same file
			tail := strings.Repeat("\n", again)
			return h.load(write(t, people+tail), File{Name: "people.csv", Source: "old", Kind: KindCustomers, Anew: true}),
				h.load(write(t, sales+tail), File{Name: "sales.csv", Source: "old", Kind: KindReceipts, Anew: true})
		}
		first, sold := load()
		if first.Report.Points != 35_00 || sold.Report.Recorded != 3 {
			t.Fatalf("first came %s points and %d receipts", first.Report.Points, sold.Report.Recorded)
		}
		who := func(external string) customer.ID {
			c, err := h.customers.Find(ctx, customer.Identifier{Kind: customer.External, Value: external})
			must(t, err)
			return c.ID
		}
		same := func(when string) {
			t.Helper()
			p, s := load()
			if p.Report.Points != 0 || p.Report.Created != 0 || s.Report.Recorded != 0 || s.Report.Known != 3 {
				t.Errorf("%s: %s points given, %d people, %d receipts recorded and %d known", when, p.Report.Points,
					p.Report.Created, s.Report.Recorded, s.Report.Known)
			}
			h.verify()
		}
		into := who("1")
		merges := merge.New(h.db, h.mint, h.now, h.catalog, h.customers, household.New(h.db, h.mint, h.now, h.customers), h.receipts, h.giftcards)
		out, err := merges.Merge(ctx, who("2"), into, 0, nil)
		must(t, err)
		if got := h.points("2"); who("2") != into || got != money.Points(30_00) {
			t.Errorf("merged they have %s points", got)
		}
		same("merged")
		must(t, merges.Undo(ctx, out.ID, 0, nil))
		same("undone")
	})
}
