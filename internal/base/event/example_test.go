package event_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/event"
)

// What happened is appended in the transaction that made it so, and read from
// where the reader has come to.
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
	if _, err := d.Migrate(ctx); err != nil {
		panic(err)
	}

	err = d.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		var b db.Batch
		b.Exec(`INSERT INTO settings (name, value) VALUES ('name', 'Oltin')`)
		event.Append(&b, event.Event{
			At: time.Now(), Kind: "settings.changed", Body: event.Body(map[string][]string{"fields": {"name"}}),
		})
		return tx.Run(ctx, &b)
	})
	if err != nil {
		panic(err)
	}

	log, cursor := event.New(d), event.Cursor(0)
	for range 2 {
		events, next, err := log.Read(ctx, cursor, 100)
		if err != nil {
			panic(err)
		}
		for _, e := range events {
			fmt.Println(e.Kind, e.Body)
		}
		cursor = next // to be kept with what was made of the events
	}
	// Output: settings.changed {"fields":["name"]}
}
