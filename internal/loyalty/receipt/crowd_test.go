package receipt_test

import (
	"fmt"
	"testing"

	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/receipt"
)

// A sale among thousands of customers and receipts costs what it costs among
// ten: neither the quote nor the commit nor the return reads a whole table.
// Finding the customer is package customer's.
func TestManyCardsDoNotSlowASale(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.Postgres)
	// So many that reading ten of them one by one is cheaper than all beyond doubt,
	// which is what PostgreSQL plans for a list whose length it does not know.
	c, people := crowd(t, d, rolling(30), 20_000)
	total := money.Amount(2_000_00)
	var sales []receipt.Sale
	for i, who := range people[:4000] {
		sales = append(sales, receipt.Sale{Number: fmt.Sprint("C", i), Draft: draft(who, 0, 1_000_00, 1_000_00), Total: &total})
	}
	recorded := c.together(sales, nil)
	_, err := d.Exec(t.Context(), `ANALYZE`)
	must(t, err)
	sale := c.quoted(draft(people[0], 100_00, 1_000_00))
	sale.Key = "a key"
	back := receipt.Return{Number: "R", Key: "another", Original: recorded[0].ID}
	must(t, c.Receipts.WholeTables(t.Context(), c.tills[0], sale, back, func(call string, tables []string) {
		if len(tables) > 0 {
			t.Errorf("the %s reads all of %v", call, tables)
		}
	}))
}
