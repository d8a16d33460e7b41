package ledger_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/id"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/ledger"
)

// Accounts are read and locked, moved in memory, and saved, in one transaction.
// What is spent is what expires first.
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

	mint := id.NewMinter(time.Now, 1, 0)
	customers := customer.NewService(d, mint, time.Now, "UZ", nil, nil)
	points := ledger.New(d, mint, time.Now, func(time.Time) ledger.Policy { return ledger.Policy{} })
	anna, err := customers.Check(customer.New{FirstName: "Anna"})
	check(err)
	now, tomorrow := time.Now(), time.Now().AddDate(0, 0, 1)
	check(d.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		people, err := customers.RegisterAllTx(ctx, tx, []customer.Checked{anna})
		if err != nil {
			return err
		}
		who := []customer.ID{people[0].ID}
		if err := points.OpenTx(ctx, tx, who); err != nil {
			return err
		}
		var b db.Batch
		accounts := points.Queue(&b, who, true)
		if err := tx.Run(ctx, &b); err != nil {
			return err
		}
		accounts.Settle()

		a := accounts[who[0]]
		gift := ledger.Grant{Source: ledger.Adjusted, Programme: 1, Points: 100_00, AvailableAt: now}
		gift.Move = ledger.Move{Cause: ledger.CauseManual, Reason: "a broken jar", At: now}
		a.Earn(gift)
		gift.Points, gift.ExpiresAt = 30_00, tomorrow
		a.Earn(gift)
		if err := a.Redeem(ledger.Move{Cause: ledger.CauseRedeem, At: now}, 50_00, ledger.With{}); err != nil {
			return err
		}
		for _, l := range a.Lots() {
			fmt.Printf("%s of %s left\n", l.Remaining, l.Amount)
		}
		fmt.Println(a.Redeem(ledger.Move{Cause: ledger.CauseRedeem, At: now}, 80_01, ledger.With{}))
		return points.SaveTx(ctx, tx, accounts)
	}))
	// Output:
	// 80.00 of 100.00 left
	// points_too_few: The customer has fewer points available.
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
