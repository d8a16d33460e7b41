package receipt_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
)

// A till is told of its own store's people what a quote would say of them, the
// last buyer first, and of nobody else.
func TestRegulars(t *testing.T) {
	t.Parallel()
	for name, spend := range map[string]programme.Spend{"lifetime": {Window: programme.Lifetime}, "rolling": {Window: programme.Rolling, Days: 30}, "calendar": {Window: programme.Year}} {
		dbtest.Run(t, func(t *testing.T, d *db.DB) {
			rules := rolling(30)
			rules.Spend = spend
			rules.Occasions = []programme.Occasion{{On: programme.Birthday, Before: 1, Discount: 500}}
			c := open(t, d, rules)
			boris, anna, blocked := c.customer(), c.customer(), c.customer()
			far, tills := c.OpenStore(t, catalog.NewStore{Code: "S2", Name: "Far", Zone: "Asia/Tashkent"}, "1")
			away := c.at(far)
			stranger := c.at(far)
			c.born(anna, "1990-"+c.Now().AddDate(0, 0, 5).Format("01-02"))
			c.sell(draft(boris, 0, 200_00))
			c.Clock.Advance(time.Minute)
			c.sell(draft(away, 0, 50_00))
			c.Clock.Advance(time.Minute)
			c.sell(draft(blocked, 0, 50_00))
			must(t, c.DB.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				_, _, err := c.Customers.SetStateTx(ctx, tx, blocked, customer.StateBlocked)
				return err
			}))
			c.Clock.Advance(time.Minute)
			c.sell(draft(anna, 0, 150_00))
			total := money.Amount(100)
			_, _, err := c.Receipts.Commit(t.Context(), receipt.Caller{Till: tills[0], Store: far}, receipt.Sale{Number: "far", Draft: draft(stranger, 0, 100), Total: &total})
			must(t, err)

			v, list, err := c.Receipts.Regulars(t.Context(), c.tills[0].Store, c.Now().AddDate(0, -1, 0), 10)
			must(t, err)
			if v == nil || len(list) != 3 || list[0].ID != anna || list[1].ID != away || list[2].ID != boris {
				t.Fatalf("%s: %+v", name, list)
			}
			for _, r := range list {
				q, err := c.Receipts.Quote(t.Context(), c.tills[0], draft(r.ID, 0, 100))
				must(t, err)
				if r.Level != q.Level.Code {
					t.Errorf("%s: %s is at %q, a quote says %q", name, r.ID, r.Level, q.Level.Code)
				}
			}
			if list[0].Level != "gold" || list[1].Level != "base" {
				t.Errorf("%s: levels %s and %s", name, list[0].Level, list[1].Level)
			}
			if days := list[0].Days; len(days) != 1 || days[0].Day != programme.Birthday || days[0].Until.Sub(days[0].From) != 48*time.Hour || days[0].From.Before(c.Now()) {
				t.Errorf("%s: her days %+v", name, days)
			}
			if _, few, err := c.Receipts.Regulars(t.Context(), c.tills[0].Store, c.Now().AddDate(0, -1, 0), 1); err != nil || len(few) != 1 || few[0].ID != anna {
				t.Errorf("%s: of one: %+v, %v", name, few, err)
			}
			if rules, none, err := c.Receipts.Regulars(t.Context(), c.tills[0].Store, c.Now().AddDate(0, -1, 0), 0); err != nil || rules != v || len(none) != 0 {
				t.Errorf("%s: of nobody: %v, %+v, %v", name, rules, none, err)
			}
		})
	}
}

// at registers somebody in another store.
func (c *chain) at(store catalog.Store) customer.ID {
	c.t.Helper()
	c.phones++
	res, err := c.Enrol.Register(c.t.Context(), store, 0, customer.New{
		FirstName: "Vera", HomeStore: store.ID, Source: "till",
		Identifiers: []customer.Identifier{{Kind: customer.Phone, Value: fmt.Sprintf("+99890%07d", 1000000+c.phones)}},
	})
	must(c.t, err)
	return res.ID
}

// BenchmarkRegulars gathers the five thousand that a till takes along, of a chain
// of a hundred thousand of whom a fifth buy in its store.
func BenchmarkRegulars(b *testing.B) {
	for _, e := range []dbtest.Engine{dbtest.SQLite, dbtest.Postgres} {
		for name, rules := range map[string]*programme.Rules{"lifetime": simple(), "rolling": rolling(90)} {
			b.Run(string(e)+"/"+name, func(b *testing.B) {
				c, people := crowd(b, dbtest.Open(b, e), rules, 100_000)
				total := money.Amount(2_000_00)
				var sales []receipt.Sale
				for i, who := range people[:20_000] {
					sales = append(sales, receipt.Sale{Number: fmt.Sprint("C", i), Draft: draft(who, 0, 1_000_00, 1_000_00), Total: &total})
				}
				for i := 0; i < len(sales); i += 500 {
					c.together(sales[i:i+500], nil)
				}
				_, err := c.DB.Exec(b.Context(), `ANALYZE`)
				must(b, err)
				for b.Loop() {
					_, list, err := c.Receipts.Regulars(b.Context(), c.tills[0].Store, c.Now().AddDate(0, -4, 0), 5_000)
					if err != nil || len(list) != 5_000 {
						b.Fatal(len(list), err)
					}
				}
			})
		}
	}
}
