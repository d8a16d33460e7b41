package receipt_test

import (
	"cmp"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/receipt"
)

// The rate is receipts with a known customer by all receipts, of a period and the
// one before, by whatever it is asked; returns and imports count for nothing.
func TestIdentifiedSalesAreCountedByStoreTillAndCashier(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := open(t, d, simple())
		anna := c.customer()
		start := c.Now()
		c.sell(draft(0, 0, 100_00)) // before
		c.Clock.Advance(24 * time.Hour)
		from := c.Now()
		known := c.sell(draft(anna, 0, 100_00))
		c.sell(draft(anna, 0, 100_00))
		c.sell(draft(0, 0, 100_00))
		c.giveBack(known.ID)
		_, err := d.Exec(t.Context(), `UPDATE receipts SET staff_id = 7 WHERE id = $1`, int64(known.ID))
		must(t, err)
		imported := c.sell(draft(anna, 0, 100_00))
		_, err = d.Exec(t.Context(), `UPDATE receipts SET imported = TRUE WHERE id = $1`, int64(imported.ID))
		must(t, err)
		to := from.Add(from.Sub(start))

		before := receipt.Counted{Sales: 1}
		for by, want := range map[receipt.Grouping][]receipt.Identified{
			receipt.ByStore: {{Of: int64(c.tills[0].Store.ID), Now: receipt.Counted{Sales: 3, Known: 2}, Before: before}},
			receipt.ByTill:  {{Of: int64(c.tills[0].Till.ID), Now: receipt.Counted{Sales: 3, Known: 2}, Before: before}},
			receipt.ByCashier: {
				{Of: 0, Now: receipt.Counted{Sales: 2, Known: 1}, Before: before}, {Of: 7, Now: receipt.Counted{Sales: 1, Known: 1}},
			},
		} {
			got, err := c.Receipts.Identified(t.Context(), by, from, to)
			must(t, err)
			slices.SortFunc(got, func(a, b receipt.Identified) int { return cmp.Compare(a.Of, b.Of) })
			if diff := gocmp.Diff(want, got); diff != "" {
				t.Errorf("by %s (-want +got):\n%s", by, diff)
			}
		}
		if got, err := c.Receipts.Identified(t.Context(), receipt.ByStore, from, to, -1); err != nil || len(got) != 0 {
			t.Errorf("of no store: %v %v", got, err)
		}
		if got := (receipt.Counted{Sales: 3, Known: 2}).Rate(); got != 6667 {
			t.Errorf("2 of 3 are %d", got)
		}
	})
}

// A month and the one before, out of a million receipts of a year.
func BenchmarkIdentified(b *testing.B) {
	for _, e := range []dbtest.Engine{dbtest.SQLite, dbtest.Postgres} {
		b.Run(string(e), func(b *testing.B) {
			c, people := crowd(b, dbtest.Open(b, e), simple(), 1000)
			year := int64(365 * 24 * time.Hour / time.Microsecond)
			_, err := c.DB.Exec(b.Context(), `
				INSERT INTO receipts (id, source_id, kind, number, fingerprint, store_id, till_id, staff_id, customer_id, sold_at, recorded_at, gross, total)
				WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)
				SELECT i, $1, 'sale', 'bench-' || i, 'fingerprint of this receipt', i % 50, i % 150, i % 400,
				       CASE WHEN i % 3 > 0 THEN CAST($2 AS BIGINT) END, CAST($3 AS BIGINT) - $4 + i * (CAST($4 AS BIGINT) / 1000000), $3, 100, 100
				  FROM n`, int64(c.tills[0].Till.ID), int64(people[0]), c.Now().UnixMicro(), year)
			must(b, err)
			if e == dbtest.Postgres {
				_, err = c.DB.Exec(b.Context(), `ANALYZE receipts`)
				must(b, err)
			}
			for _, by := range []receipt.Grouping{receipt.ByStore, receipt.ByCashier} {
				for days, name := range map[int]string{30: "month", 182: "half a year"} {
					b.Run(string(by)+" "+name, func(b *testing.B) {
						for b.Loop() {
							list, err := c.Receipts.Identified(b.Context(), by, c.Now().AddDate(0, 0, -days), c.Now())
							if err != nil || len(list) < 50 {
								b.Fatal(len(list), err)
							}
						}
					})
				}
			}
		})
	}
}
