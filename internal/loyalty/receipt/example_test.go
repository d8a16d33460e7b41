package receipt_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/id"
	"regulars/internal/base/money"
	"regulars/internal/base/settings"
	"regulars/internal/loyalty"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/receipt"
)

// A till quotes, commits what it was told, and gives one of two bottles back.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "regulars-example-")
	check(err)
	defer os.RemoveAll(dir) //nolint:errcheck // of the example
	d, err := db.Open(ctx, db.Config{Path: filepath.Join(dir, "regulars.db")})
	check(err)
	defer d.Close() //nolint:errcheck // of the example
	_, err = d.Migrate(ctx)
	check(err)

	uzs := money.Currency{Code: "UZS", Exponent: 2}
	s := loyalty.New(d, id.NewMinter(time.Now, 1, 0), time.Now, settings.Installation{Currency: uzs, Secret: []byte("of the installation")})
	defer s.Close()

	var till receipt.Caller
	check(d.Write(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
		if till.Store, err = s.Catalog.CreateStoreTx(ctx, tx, catalog.NewStore{Code: "S1", Name: "Chorsu", Zone: "Asia/Tashkent"}); err != nil {
			return err
		}
		till.Till, err = s.Catalog.CreateTillTx(ctx, tx, till.Store.ID, "1")
		return err
	}))
	_, err = s.Programmes.Install(ctx, "Cashback", simple(), time.Now(), 0) // 10 %
	check(err)
	anna, err := s.Enrol.Register(ctx, till.Store, 0, customer.New{
		FirstName: "Anna", Identifiers: []customer.Identifier{{Kind: customer.Phone, Value: "90 123 45 67"}},
	})
	check(err)

	basket := receipt.Draft{
		Customer: anna.ID, Lines: []receipt.DraftLine{{SKU: "milk", Name: "Milk", Quantity: 2 * money.One, Price: 120_000_000}},
	}
	quote, err := s.Receipts.Quote(ctx, till, basket)
	check(err)
	fmt.Printf("%s to pay, earns %s\n", uzs.Format(quote.Total), quote.Earned)

	sale := receipt.Sale{Number: "1-000042", Draft: basket, Quote: quote.ID}
	sold, _, err := s.Receipts.Commit(ctx, till, sale)
	check(err)
	again, replayed, err := s.Receipts.Commit(ctx, till, sale) // the answer was lost on its way
	check(err)
	fmt.Println(again.ID == sold.ID, replayed, again.Balance)

	back, _, err := s.Receipts.Return(ctx, till, receipt.Return{
		Number: "1-000043", Original: sold.ID, Lines: []receipt.ReturnLine{{Position: 1, Quantity: money.One}},
	})
	check(err)
	fmt.Printf("%s back, %s points left\n", uzs.Format(back.Total), back.Balance)
	// Output:
	// 24000.00 to pay, earns 2400.00
	// true true 2400.00
	// 12000.00 back, 1200.00 points left
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
