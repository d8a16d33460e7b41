package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"regulars/bench/site"
	"regulars/internal/base/db"
	"regulars/internal/demo"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/programme"
)

// monthDays is how long the chain lives after its past was imported.
const monthDays = 30

// monthOf is midnight UTC of the first date of a chain's last month.
func monthOf(chain *demo.Chain) time.Time { return chain.Size.End.AddDate(0, 0, -monthDays) }

// month has the chain whose past was imported bring its points, and live a month:
// nights, sales, returns, stores without a line, people merged and taken apart, a
// change of levels in the middle. Nothing of it may be found wrong by verify.
func (b *bench) month(ctx context.Context, engines []engine) error {
	chain, err := b.chain()
	if err != nil {
		return err
	}
	points := filepath.Join(b.dir, "points.csv")
	if err := writePoints(chain, points); err != nil {
		return err
	}
	var rows [][]string
	for _, e := range engines {
		row, err := b.live(ctx, e, chain, points)
		if err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
		say("%v", row)
		rows = append(rows, row)
	}
	p := &b.page
	p.line("## A month of the chain")
	p.line("")
	p.line("The %d stores whose past was imported bring the points of their customers, count all levels, and live %d days through the services,", len(chain.Stores), monthDays)
	p.line("with every night: points that begin and expire, levels reviewed; stores lose their line for days and send late; people register")
	p.line("twice, are merged and taken apart; in the middle the levels change and are counted anew. Then `regulars verify` finds nothing wrong.")
	p.table([]string{"", "customers", "sales", "returns", "of them late", "merged", "taken apart", "points moved in", "the month", "levels counted anew", "verify"}, rows)
	return nil
}

// live is a month of one installation.
func (b *bench) live(ctx context.Context, e engine, chain *demo.Chain, points string) (row []string, err error) {
	var clock demo.Clock
	start := monthOf(chain)
	clock.Set(start)
	s, err := site.Open(ctx, e.config(), clock.Now)
	if err != nil {
		return nil, err
	}
	rules := monthRules()
	v, err := s.Programmes.Install(ctx, "Month", rules, start, 0)
	if err == nil {
		err = s.Close(ctx)
	}
	if err != nil {
		return nil, err
	}
	opened, err := b.importFile(ctx, e, "customers", points)
	if err != nil {
		return nil, err
	}
	say("%s: points in %s", e.name, seconds(opened.took))

	if s, err = site.Open(ctx, e.config(), clock.Now); err != nil {
		return nil, err
	}
	keeping, stop := context.WithCancel(ctx)
	defer stop()
	go s.IDs.Keep(keeping, func(err error) { say("%s: %v", e.name, err) })
	recounted := time.Now()
	if err := s.Receipts.Recount(ctx, v, 0, saved); err != nil {
		return nil, err
	}
	counting := time.Since(recounted)
	say("%s: levels in %s", e.name, seconds(counting))
	began := time.Now()
	filled, err := demo.Fill(ctx, demo.Services{Services: s.Services, DB: s.DB}, &clock, chain.Run(), demo.Span{From: start, Until: chain.Size.End}, func(day, of int) error {
		say("%s: day %d of %d", e.name, day, of)
		if of-day != monthDays/2 {
			return nil
		}
		for i := range rules.Levels {
			rules.Levels[i].Threshold = rules.Levels[i].Threshold * 3 / 2
		}
		return change(ctx, s, v.ProgrammeID, rules)
	})
	if err != nil {
		return nil, err
	}
	took := time.Since(began)
	stop()
	if err := s.Close(ctx); err != nil {
		return nil, err
	}
	cmd, verifying := b.regulars(ctx, e, "verify"), time.Now()
	if _, err := watched(cmd); err != nil {
		return nil, err
	}
	return []string{
		e.name, count(filled.Customers), count(filled.Sales), count(filled.Returns), count(filled.Late), count(filled.Merged), count(filled.Undone),
		seconds(opened.took), seconds(took), seconds(counting), seconds(time.Since(verifying)),
	}, nil
}

// monthRules has points begin and expire, and levels fall, within a month.
func monthRules() *programme.Rules {
	r := programme.Default(site.Currency)
	r.Welcome = programme.Welcome{Points: 1_000_000, ExpiryDays: 10}
	r.Earn.DelayDays, r.Earn.ExpiryDays = 5, 12
	r.Redeem.Step = 100
	r.Spend = programme.Spend{Window: programme.Rolling, Days: 90}
	return r
}

// change publishes other rules from now on, and counts all levels by them.
func change(ctx context.Context, s *site.Services, p programme.ID, r *programme.Rules) error {
	var v *programme.Version
	err := s.DB.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		draft, err := s.Programmes.SaveDraftTx(ctx, tx, p, r, 0)
		if err != nil {
			return err
		}
		v, err = s.Programmes.PublishTx(ctx, tx, draft, s.Now())
		return err
	})
	if err != nil {
		return err
	}
	if err := s.Programmes.Refresh(ctx); err != nil {
		return err
	}
	return s.Receipts.Recount(ctx, v, 0, saved)
}

func saved(context.Context, *db.Tx, customer.ID, int, int) error { return nil }

// writePoints writes the balances that the old system leaves to whoever has
// registered before the month: three in four have one.
func writePoints(chain *demo.Chain, path string) error {
	f, err := os.Create(path) //nolint:gosec // our own folder
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // Flush tells
	out := bufio.NewWriter(f)
	fmt.Fprintln(out, "customer_id,store,points,points_expire")
	until := monthOf(chain)
	for i := range chain.Size.Customers {
		who := chain.Customer(i)
		if !who.RegisteredAt.Before(until) {
			break
		}
		if i%4 > 0 {
			fmt.Fprintf(out, "%s,%s,%d,%s\n", who.ExternalID, chain.Stores[who.Store].Code, 100+i*7919%50_000, until.AddDate(0, 0, 3+i%300).Format(time.DateOnly))
		}
	}
	return out.Flush()
}
