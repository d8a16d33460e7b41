package db_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"regulars/internal/base/db"
)

// One text for both engines; the guard stands in the statement that changes,
// and what fails is told by a few errors.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "regulars-example-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // of the example
	d, err := db.Open(ctx, db.Config{Path: filepath.Join(dir, "regulars.db")})
	if err != nil {
		panic(err)
	}
	defer d.Close() //nolint:errcheck // of the example

	cards := db.NewTable("cards", "id", "balance")
	err = d.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `CREATE TABLE cards (id BIGINT PRIMARY KEY, balance BIGINT NOT NULL)`); err != nil {
			return err
		}
		return tx.Insert(ctx, cards, [][]any{{1, 500}, {2, 100}, {3, 0}})
	})
	if err != nil {
		panic(err)
	}

	err = d.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		var b db.Batch // one round trip
		b.Guard(`UPDATE cards SET balance = balance - $2 WHERE id = $1 AND balance >= $2`, 1, 300)
		b.Guard(`UPDATE cards SET balance = balance - $2 WHERE id = $1 AND balance >= $2`, 2, 300)
		return tx.Run(ctx, &b)
	})
	fmt.Println(errors.Is(err, db.ErrGuard))

	var left int64
	rows, err := d.Query(ctx, `SELECT balance FROM cards WHERE id IN ($1...)`, db.Int64s{1, 2})
	err = db.Scan(rows, err, func(r *db.Rows) error {
		var balance int64
		err := r.Scan(&balance)
		left += balance
		return err
	})
	fmt.Println(left, err)
	// Output:
	// true
	// 600 <nil>
}
