package importer

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/errs"
	"regulars/internal/base/i18n"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/programme"
)

// What came in is held against the totals of the old system, and the rows that make
// the difference are named.
func TestReconcile(t *testing.T) {
	t.Parallel()
	bundle, err := i18n.Load()
	must(t, err)
	loc := bundle.For("en")
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "USD", "Asia/Tashkent", t.TempDir())
		_, err := h.programmes.Install(t.Context(), "Main", &programme.Rules{
			PointValue: 10_000, Levels: []programme.Level{{Code: "base", Name: "Base"}}, Combine: programme.CombineAdd,
			Spend:    programme.Spend{Window: programme.Lifetime},
			Discount: programme.Discount{Rounding: programme.Rounding{Mode: money.Down, Unit: 1}},
			Earn:     programme.Earn{Rounding: programme.Rounding{Mode: money.Down, Unit: 1}},
			Redeem:   programme.Redeem{Cap: 5000}, Return: programme.Return{Clawback: programme.ClawbackDebt}, QuoteMinutes: 10,
		}, h.now(), 0)

		must(t, err)
		compare := func(totals map[string]string, files ...Import) (list []string) {
			t.Helper()
			r, err := Reconcile(totals, loc, h.currency)
			must(t, err)
			for i := range files {
				r.Add(&files[i])
			}
			for _, c := range r.Compare() {
				list = append(list, c.Label+": "+strings.ReplaceAll(c.Text, "\u00a0", " "))
				list = append(list, c.Why...)
			}
			return list
		}
		people := h.load(write(t, "Код;ФИО;Баллы\n1;Иванов Иван;100,50\n2;Петров Пётр;20\n3;Ким Олег;много\n1;Иванов Иван;\n"), File{Name: "people.csv"})
		sales := h.load(write(t, "Номер чека;Дата;Сумма;Код клиента\n1;01.03.2026;100,00;1\n2;02.03.2026;-30,00;1\n3;03.03.2026;x;2\n"), File{Name: "sales.csv"})
		if diff := cmp.Diff([]string{"Customers: 2, agrees", "Receipts: 2, agrees", "Sales less returns: $70.00, agrees", "Points outstanding: 120.50, agrees"},
			compare(map[string]string{"customers": "2", "receipts": "2", "sum": "70.00", "points": "120.50"}, people, sales)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		bad := "people.csv: 1 × Баллы: This is not a number. (row 4 “много”)"
		if diff := cmp.Diff([]string{
			"Customers: here 2, there 3, difference −1", bad, "people.csv: 1 × Код: " + loc.T(ReasonTwice.Key()) + " (row 2 “1”)",
			"Sales less returns: here $70.00, there $80.00, difference −$10.00", "sales.csv: 1 × Сумма: This is not a number. (row 4 “x”)",
			"Points outstanding: here 120.50, there 100, difference +20.50", bad,
		}, compare(map[string]string{"customers": "3", "sum": "80", "points": "100"}, people, sales)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		_, err = Reconcile(map[string]string{"turnover": "1", "sum": "much"}, loc, h.currency)
		if e := errs.Of(err); len(e.Fields) != 2 {
			t.Errorf("totals that cannot be read: %v", err)
		}
		h.verify()
	})
}
