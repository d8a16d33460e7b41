package receipt_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
)

// BenchmarkCommit has 64 tills commit receipts of three lines for ten thousand
// customers, without HTTP; the databases of tests do not wait for the disk on
// PostgreSQL.
func BenchmarkCommit(b *testing.B) {
	for _, e := range []dbtest.Engine{dbtest.SQLite, dbtest.Postgres} {
		b.Run(string(e), func(b *testing.B) {
			c, people := crowd(b, dbtest.Open(b, e), simple(), 10_000)
			total := money.Amount(3_000_00)
			var next atomic.Int64
			b.ReportAllocs()
			b.ResetTimer()
			var wg sync.WaitGroup
			for range 64 {
				wg.Go(func() {
					for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
						d := draft(people[rand.IntN(len(people))], 0, 1_000_00, 1_000_00, 1_000_00)
						_, _, err := c.Receipts.Commit(b.Context(), c.tills[0], receipt.Sale{Number: fmt.Sprint("B", i), Draft: d, Total: &total})
						if err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "receipts/s")
		})
	}
}

// BenchmarkQuote prices drafts of three lines, one after the other.
func BenchmarkQuote(b *testing.B) {
	for _, e := range []dbtest.Engine{dbtest.SQLite, dbtest.Postgres} {
		b.Run(string(e), func(b *testing.B) {
			c, people := crowd(b, dbtest.Open(b, e), simple(), 1000)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Receipts.Quote(b.Context(), c.tills[0], draft(people[rand.IntN(len(people))], 0, 1_000_00, 1_000_00, 1_000_00)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// crowd opens a chain with so many customers and the products of draft.
func crowd(t testing.TB, d *db.DB, rules *programme.Rules, n int) (*chain, []customer.ID) {
	t.Helper()
	c := open(t, d, rules)
	var people []customer.ID
	must(t, d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		people = nil
		var list []customer.Checked
		for i := range n {
			one, err := c.Customers.Check(customer.New{
				FirstName: "Anna", Source: "import", Origin: 1,
				Identifiers: []customer.Identifier{{Kind: customer.External, Value: fmt.Sprint(i)}},
			})
			if err != nil {
				return err
			}
			list = append(list, one)
		}
		results, err := c.Enrol.OpenAllTx(ctx, tx, list)
		if err != nil {
			return err
		}
		for _, r := range results {
			people = append(people, r.ID)
		}
		var seen []catalog.Seen
		for _, l := range draft(0, 0, 1, 1, 1).Lines {
			seen = append(seen, catalog.Seen{SKU: l.SKU, Name: l.SKU})
		}
		_, err = c.Catalog.EnsureTx(ctx, tx, seen)
		return err
	}))
	return c, people
}
