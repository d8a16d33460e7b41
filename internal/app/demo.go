package app

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/jobs"
	"regulars/internal/demo"
	"regulars/internal/importer"
	"regulars/internal/loyalty"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/staff"
)

// DemoSize is how large the simulated chain is; it is filled in within a
// minute on two cores.
var DemoSize = demo.Size{Stores: 4, Customers: 1500, Years: 1}

// demoPassword of both who can sign in to a demo. It is no secret: a demo
// listens on this machine alone unless told otherwise.
const demoPassword = "good-bread-here"

// Demo serves an installation that is filled with a simulated chain the first
// time, and prints who can sign in. A wrong size leaves nothing behind.
func Demo(ctx context.Context, cfg Config, env Env, seed uint64, size demo.Size) error {
	if err := size.Check(); err != nil {
		return err
	}
	return serve(ctx, cfg, env, func(p *parts) error { return p.fillDemo(ctx, seed, size) })
}

// DemoFiles writes a simulated chain as files for Import, and what it knows and
// a shop never does beside them. The folder is made.
func DemoFiles(ctx context.Context, cfg Config, env Env, seed uint64, size demo.Size, folder string) error {
	if err := cfg.Check(); err != nil {
		return err
	}
	is, err := cfg.installation()
	if err != nil {
		return err
	}
	size.End = env.Now().UTC().Truncate(24 * time.Hour)
	chain, err := demo.New(demo.Config{Seed: seed, Size: size, Currency: is.Currency.Code})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	w, err := chain.WriteFiles(ctx, folder, demo.Files{})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(env.Stdout, "%d customers, %d products, %d sales and %d returns are in %s.\n", w.Customers, w.Products, w.Sales, w.Returns, folder)
	return err
}

// fillDemo fills an empty installation. The truth of the simulation is written
// last: where it stands, nothing is missing.
func (p *parts) fillDemo(ctx context.Context, seed uint64, size demo.Size) error {
	truth := filepath.Join(p.cfg.Data, "truth.jsonl")
	if _, err := os.Stat(truth); err == nil {
		return p.tellDemo()
	}
	stores, err := p.services.Catalog.Stores(ctx)
	if err != nil {
		return err
	}
	if len(stores) > 0 {
		return errs.New(errs.Conflict, "demo_incomplete", "").Textf(
			"The database is not empty and holds no complete demo. Name another folder with --data, or remove %s if it was an interrupted demo.", p.cfg.Data)
	}
	is := p.settings.Get()
	now := p.env.Now()
	// The chain sells up to now: its last day is the one that is furthest ahead,
	// and nothing is sold later than now.
	size.End = now.UTC().Add(demo.Ahead).Truncate(24*time.Hour).AddDate(0, 0, 1)
	chain, err := demo.New(demo.Config{Seed: seed, Size: size, Currency: is.Currency.Code})
	if err != nil {
		return err
	}
	var clock demo.Clock
	s := loyalty.New(p.db, p.ids.Minter, clock.Now, is)
	run := chain.Run()
	tell := p.progress("Simulating a chain of %d stores and %d customers", size.Stores, size.Customers)
	filled, err := demo.Fill(ctx, demo.Services{
		DB: p.db, Services: s,
		Products: func(ctx context.Context, file io.Reader) error { return p.demoProducts(ctx, s, &clock, file) },
	}, &clock, run, demo.Span{Until: now}, func(days, of int) error { tell(days, of); return nil })
	s.Close()
	if err != nil {
		return err
	}
	fmt.Fprintf(p.env.Stdout, "%d sales, %d returns, %d customers in %d stores.\n", filled.Sales, filled.Returns, filled.Customers, filled.Stores)
	if err := p.demoStaff(ctx, filled); err != nil {
		return err
	}
	if err := p.services.Programmes.Refresh(ctx); err != nil {
		return err
	}
	if err := writeFile(truth, run.WriteTruth); err != nil {
		return err
	}
	return p.tellDemo()
}

// demoProducts takes the products in through an import, which is there to be
// looked at.
func (p *parts) demoProducts(ctx context.Context, s *loyalty.Services, clock *demo.Clock, file io.Reader) error {
	in := p.newImporter(s, clock.Now, jobs.New(p.db, p.ids.Minter, clock.Now, jobs.Config{Log: p.log}))
	i, err := in.Upload(ctx, importer.File{Name: "products.csv", Source: "demo", Kind: importer.KindProducts}, file, nil)
	if err != nil {
		return err
	}
	_, err = in.RunNow(ctx, i.ID, func(importer.Report) {})
	return err
}

// demoKeys are the files with the keys of tills.
var demoKeys = []string{"till.key", "till-2.key"}

// demoStaff makes those who can sign in, and keys for the till API, of two tills of a
// store where it has two.
func (p *parts) demoStaff(ctx context.Context, filled demo.Filled) error {
	first := filled.Tills[0]
	for _, a := range []staff.NewAccount{
		{Name: "Demo Owner", Login: "demo", Password: demoPassword, Role: staff.Owner},
		{Name: "Demo Cashier", Login: "cashier", Password: demoPassword, Role: staff.Cashier, Stores: []catalog.StoreID{first.Store.ID}},
	} {
		if _, err := p.services.Staff.Add(ctx, staff.By{}, a); err != nil {
			return err
		}
	}
	for i, name := range demoKeys {
		if i >= len(filled.Tills) || filled.Tills[i].Store.ID != first.Store.ID {
			break
		}
		if err := p.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
			key, _, err := p.services.Catalog.IssueKeyTx(ctx, tx, filled.Tills[i].Till.ID)
			if err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(p.cfg.Data, name), []byte(key+"\n"), 0o600)
		}); err != nil {
			return err
		}
	}
	return nil
}

func (p *parts) tellDemo() error {
	_, err := fmt.Fprintf(p.env.Stdout, `
Sign in as the owner    demo     %[1]s
     or as a cashier    cashier  %[1]s
Keys of the till API, of two tills of one store, lie in %[2]s,
what the simulation knows and a shop never does in %[3]s.

`, demoPassword, filepath.Join(p.cfg.Data, "till*.key"), filepath.Join(p.cfg.Data, "truth.jsonl"))
	return err
}
