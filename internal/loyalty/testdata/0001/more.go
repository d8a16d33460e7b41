// Command more adds to a demo of the first slice what a demo has none of. It is
// kept to be read: it compiled in bench/more at the commit that README.md names.
package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"regulars/bench/site"
	"regulars/internal/base/db"
	"regulars/internal/base/jobs"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/enrol"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
)

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	ctx := context.Background()
	cfg := db.Config{Path: os.Args[1] + "/regulars.db", URL: os.Args[2]}
	at := time.Now().AddDate(0, 0, -20)
	s, err := site.Open(ctx, cfg, func() time.Time { return at })
	must(err)
	stores, err := s.Catalog.Stores(ctx)
	must(err)
	tills, err := s.Catalog.Tills(ctx, stores[0].ID)
	must(err)
	by := receipt.Caller{Till: tills[0], Store: stores[0]}
	who, _, err := s.Enrol.RegisterOnce(ctx, stores[0], 0, customer.New{FirstName: "Debora", Identifiers: []customer.Identifier{{Kind: customer.Phone, Value: "+998901112233"}}},
		enrol.Call{Till: tills[0].ID, Key: "first", Print: "print"})
	must(err)
	sell := func(number string, price money.Price, redeem money.Points) receipt.Receipt {
		d := receipt.Draft{Customer: who.ID, Lines: []receipt.DraftLine{{SKU: "more", Name: "More", Quantity: money.One, Price: price}}, Redeem: redeem}
		q, err := s.Receipts.Quote(ctx, by, d)
		must(err)
		r, _, err := s.Receipts.Commit(ctx, by, receipt.Sale{Number: number, Draft: d, Quote: q.ID})
		must(err)
		return r
	}
	first := sell("more-1", 1_000_000*money.PriceScale, 0)
	at = at.AddDate(0, 0, 15)
	must(s.Receipts.Night(ctx, func(int) {}))
	acc, err := s.Receipts.Quote(ctx, by, receipt.Draft{Customer: who.ID, Lines: []receipt.DraftLine{{SKU: "more", Quantity: money.One, Price: 1_000_000 * money.PriceScale}}})
	must(err)
	second := sell("more-2", 1_000_000*money.PriceScale, acc.MaxRedeem)
	_, _, err = s.Receipts.Return(ctx, by, receipt.Return{Number: "more-3", Original: first.ID})
	must(err)
	_ = second
	third := sell("more-4", 500*money.PriceScale, 0)
	_ = third
	all, err := s.Staff.List(ctx)
	must(err)
	_, _, err = s.Staff.StartSession(ctx, all[0].ID, staff.Client{IP: "127.0.0.1", Agent: "upgrade"})
	must(err)
	_, _, err = s.Staff.Invite(ctx, staff.By{}, staff.Owner, nil)
	must(err)
	_, _, err = jobs.New(s.DB, s.IDs.Minter, func() time.Time { return at }, jobs.Config{}).Add(ctx, jobs.Job{Kind: "night", Dedupe: "first slice"})
	must(err)
	must(s.Close(ctx))
	fmt.Println("ok")
}
