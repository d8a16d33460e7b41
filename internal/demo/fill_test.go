package demo_test

import (
	"context"
	"io"
	"slices"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/id"
	"regulars/internal/base/jobs"
	"regulars/internal/base/settings"
	"regulars/internal/demo"
	"regulars/internal/importer"
	"regulars/internal/loyalty"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/verify"
)

// A chain that was filled in has every receipt of the simulation, and holds
// together.
func TestFill(t *testing.T) {
	t.Parallel()
	chain, err := demo.New(demo.Config{Seed: 7, Size: demo.Size{Stores: 2, Customers: 60, Years: 1, End: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)}})
	if err != nil {
		t.Fatal(err)
	}
	// The last day is cut in the middle: the shop is open.
	until := time.Date(2026, 11, 21, 10, 0, 0, 0, time.UTC)
	var want demo.Filled
	today := 0
	for r := range chain.Run().Receipts() {
		if r.At.After(until) {
			break
		}
		if r.Day == 364 {
			today++
		}
		if r.Kind == demo.Sale {
			want.Sales++
		} else {
			want.Returns++
		}
	}
	if today == 0 {
		t.Fatal("nothing is sold on the day that is going on")
	}
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		is, _, err := settings.Open(t.Context(), d, time.Now, settings.Installation{Currency: chain.Currency, Zone: time.UTC})
		if err != nil {
			t.Fatal(err)
		}
		var clock demo.Clock
		lease, err := id.Take(t.Context(), d, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		mint := lease.Minter
		s := demo.Services{DB: d, Services: loyalty.New(d, mint, clock.Now, is.Get())}
		defer s.Close()
		zone := time.UTC
		in := importer.New(importer.Config{
			DB: d, Mint: mint, Now: clock.Now, Currency: chain.Currency, Zone: func() *time.Location { return zone }, Region: "UZ", Folder: t.TempDir(),
			Jobs:     jobs.New(d, mint, clock.Now, jobs.Config{}),
			Services: s.Services,
		})
		s.Products = func(ctx context.Context, file io.Reader) error {
			i, err := in.Upload(ctx, importer.File{Name: "products.csv", Kind: importer.KindProducts}, file,
				func(context.Context, *db.Tx, importer.Import) error { return nil })
			if err == nil {
				i, err = in.RunNow(ctx, i.ID, func(importer.Report) {})
			}
			if err == nil && (i.Report.Refused+i.Report.Noted > 0 || i.Report.Created != int64(len(chain.Products))) {
				t.Errorf("products: %+v", i.Report)
			}
			return err
		}
		got, err := demo.Fill(t.Context(), s, &clock, chain.Run(), demo.Span{Until: until}, func(int, int) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		if got.Sales != want.Sales || got.Returns != want.Returns || got.Stores != 2 || got.Customers < 50 || got.Redeemed == 0 ||
			got.Late == 0 || got.Merged == 0 || got.Undone == 0 {
			t.Errorf("filled %+v, the chain has %+v", got, want)
		}
		ordered(t, d, s.Services)
		report, err := verify.Run(t.Context(), d, verify.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range report.Findings {
			t.Errorf("verify: %+v", f)
		}
	})
}

// ordered fails the test where a customer's points did not begin with the
// welcome, or are not told the latest first, read at once or page by page.
func ordered(t *testing.T, d *db.DB, s *loyalty.Services) {
	t.Helper()
	var people []customer.ID
	rows, err := d.Query(t.Context(), `SELECT id FROM customers`)
	err = db.Scan(rows, err, func(r *db.Rows) error {
		var who customer.ID
		err := r.Scan(&who)
		people = append(people, who)
		return err
	})
	if err != nil || len(people) == 0 {
		t.Fatal(len(people), err)
	}
	for _, who := range people {
		all, err := s.Ledger.Entries(t.Context(), who, 0, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.IsSortedFunc(all, func(a, b ledger.Entry) int { return b.At.Compare(a.At) }) || all[len(all)-1].Cause != ledger.CauseWelcome {
			t.Errorf("out of order: %+v", all)
		}
		var paged []ledger.Entry
		for before := ledger.EntryID(0); len(paged) < len(all); before = paged[len(paged)-1].ID {
			page, err := s.Ledger.Entries(t.Context(), who, before, 3)
			if err != nil || len(page) == 0 {
				t.Fatal(len(page), err)
			}
			paged = append(paged, page...)
		}
		if !slices.Equal(paged, all) {
			t.Errorf("page by page: %+v, at once: %+v", paged, all)
		}
	}
}
