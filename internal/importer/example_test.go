package importer_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"regulars/internal/base/money"
	"regulars/internal/importer"
)

// What is guessed of a file is enough to read it.
func ExampleScan() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir) //nolint:errcheck // the system removes it otherwise
	path := filepath.Join(dir, "sales.csv")
	text := "№ чека;Дата;Товар;Кол-во;Цена\n17;01.02.2026 10:30;Чай;2;1 250,50\n17;01.02.2026 10:30;Хлеб;1;200\n18;01.02.2026 11:00;Чай;-1;1 250,50\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		panic(err)
	}

	ctx := context.Background()
	sniffed, err := importer.Sniff(ctx, path, importer.Hints{Zone: "Asia/Tashkent", Region: "UZ"})
	if err != nil {
		panic(err)
	}
	rub := money.Currency{Code: "RUB", Exponent: 2}
	scan := importer.Scan{Path: path, Mapping: sniffed.Mapping, Currency: rub, Now: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}
	err = scan.Run(ctx, importer.Checkpoint{}, func(step importer.Step) error {
		for _, r := range step.Receipts {
			total, _ := r.Total()
			fmt.Println(r.Number, r.At.Format(time.DateTime), len(r.Lines), rub.Format(total), r.Return)
		}
		return nil
	})
	if err != nil {
		panic(err)
	}
	// Output:
	// 17 2026-02-01 10:30:00 2 2701.00 false
	// 18 2026-02-01 11:00:00 1 1250.50 true
}
