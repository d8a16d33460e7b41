package importer

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/household"
	"regulars/internal/loyalty/merge"
)

// Who is merged while their receipts come in has them in the profile that stays.
func TestMergeDuringAnImport(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h, ctx := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir()), t.Context()
		h.install("Main", plainRules())
		h.load(write(t, "Код;ФИО;Карта\n1;Иванов Иван;111\n2;Иванов И;222\n"), File{Name: "people.csv", Source: "old", Kind: KindCustomers})
		who := func(external string) customer.ID {
			c, err := h.customers.Find(ctx, customer.Identifier{Kind: customer.External, Value: external})
			must(t, err)
			return c.ID
		}
		from, into := who("2"), who("1")
		var b strings.Builder
		b.WriteString("number,date,customer_id,sku,product,quantity,price\n")
		const n = 400
		for i := range n {
			fmt.Fprintf(&b, "A%d,2024-05-%02d %02d:%02d,2,P0,Нон,1,1500\n", i, 1+i/60%28, i%24, i%60)
		}
		h.batchRows = 2
		i, err := h.Add(ctx, File{Name: "sales.csv", Source: "old", Kind: KindReceipts}, write(t, b.String()))
		must(t, err)
		_, err = h.begin(ctx, i.ID)
		must(t, err)
		merges := merge.New(h.db, h.mint, h.now, h.catalog, h.customers, household.New(h.db, h.mint, h.now, h.customers), h.receipts, h.giftcards)
		ready := make(chan struct{})
		var g errgroup.Group
		g.Go(func() error {
			<-ready
			_, err := merges.Merge(ctx, from, into, 0, nil)
			return err
		})
		batches := 0
		must(t, h.run(ctx, i.ID, func(context.Context, *db.Tx, *Report) error {
			if batches++; batches == 3 {
				close(ready)
			}
			return nil
		}))
		must(t, g.Wait())
		if got := h.count(`SELECT COUNT(*) FROM receipts WHERE customer_id = $1`, int64(from)); got > 0 {
			t.Errorf("%d of %d receipts are of the profile that is gone, %d of the one that stays", got, n, h.count(`SELECT COUNT(*) FROM receipts WHERE customer_id = $1`, int64(into)))
		}
		if spend := h.count(`SELECT spend FROM accounts WHERE customer_id = $1`, int64(into)); spend != n*1500_00 {
			t.Errorf("who stays has spent %d of %d", spend, n*1500_00)
		}
		h.verify()
	})
}
