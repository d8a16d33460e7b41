package importer

import (
	"testing"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
)

// Two years of a real retailer, imported with no hand editing: what is in the
// database is what the sets' README says, the overlap once.
func TestImportOnlineRetail(t *testing.T) {
	t.Parallel()
	older, newer := realFile(t, "online-retail/online_retail_II_2009-2010.csv.gz"), realFile(t, "online-retail/online_retail_2010-2011.csv.gz")
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "GBP", "Europe/London", t.TempDir())
		a := h.load(older, File{})
		b := h.load(newer, File{})
		for _, tt := range []struct {
			got         Report
			rows        int64
			total, lost string
			receipts    int64
			adjustments int64
		}{
			{a.Report, 525_461, "9539484.62", "0.014", 28_816, 2_121},
			{b.Report, 541_909, "9747747.93", "0.004", 25_900, 1_336},
		} {
			if r := tt.got; r.Rows != tt.rows || r.Lines != tt.rows || r.Refused != 0 || r.Sales+r.Returns != tt.receipts ||
				gbp.Format(r.Total) != tt.total || r.Lost.String() != tt.lost || r.Adjustments != tt.adjustments {
				t.Errorf("%+v", r)
			}
		}
		if a.Report.Known != 0 || b.Report.Known != 1_088 || a.Report.Differing+b.Report.Differing != 0 {
			t.Errorf("overlap: %d and %d known, %d and %d differ", a.Report.Known, b.Report.Known, a.Report.Differing, b.Report.Differing)
		}
		// Worked out from the files by a program that shares nothing with this one.
		for _, tt := range []struct {
			got                Report
			matched, unmatched int64
			worth, left        string
		}{
			{a.Report, 7_534, 2_305, "258784.09", "225010.61"},
			{b.Report, 15_254 - 7_534, 911, "466570.53", "139198.58"},
		} {
			r := tt.got
			if r.Matched != tt.matched || r.Unmatched != tt.unmatched || gbp.Format(r.MatchedTotal) != tt.worth || gbp.Format(r.UnmatchedTotal) != tt.left {
				t.Errorf("%d returns matched of %s, %d unmatched of %s, want %+v",
					r.Matched, gbp.Format(r.MatchedTotal), r.Unmatched, gbp.Format(r.UnmatchedTotal), tt)
			}
		}
		check := func() {
			t.Helper()
			for query, want := range map[string]int64{
				`SELECT COUNT(*) FROM receipts`:      53_628,
				`SELECT COUNT(*) FROM receipt_lines`: 1_044_847,
				`SELECT COUNT(*) FROM customers`:     5_942,
				// The union of both files is 18,909,744.118.
				`SELECT CAST(SUM(CASE WHEN kind = 'sale' THEN total ELSE -total END) AS BIGINT) FROM receipts`: 1_890_974_410,
			} {
				if got := h.count(query); got != want {
					t.Errorf("%s: %d, want %d", query, got, want)
				}
			}
		}
		check()
		again := h.load(older, File{})
		if again.Report.Recorded != 0 || again.Report.Known != 28_816 || again.Report.NewCustomers+again.Report.NewProducts != 0 {
			t.Errorf("the second time: %+v", again.Report)
		}
		check()
		h.verify()
	})
}

// Genuine repeats stay, and a second load adds none.
func TestImportCDNOW(t *testing.T) {
	t.Parallel()
	path := realFile(t, "cdnow/cdnow_master.csv.gz")
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "USD", "America/New_York", t.TempDir())
		for round := range 2 {
			r := h.load(path, File{}).Report
			if r.Sales != 69_659 || usd(r) != "2500315.63" || r.Lost != 0 || r.Refused != 0 {
				t.Errorf("%+v", r)
			}
			if round == 0 && (r.Recorded != 69_659 || r.NewCustomers != 23_570) || round == 1 && (r.Known != 69_659 || r.Recorded != 0) {
				t.Errorf("round %d: %+v", round, r)
			}
			if n := h.count(`SELECT COUNT(*) FROM receipts`); n != 69_659 {
				t.Errorf("%d receipts", n)
			}
		}
		h.verify()
	})
}

func usd(r Report) string { return gbp.Format(r.Total) }
