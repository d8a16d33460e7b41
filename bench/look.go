package main

import (
	"context"
	"fmt"
	"time"

	"regulars/bench/site"
	"regulars/bench/till"
	"regulars/internal/base/db"
)

// look measures what people wait for: the start of a server, a search, and
// the verification of everything.
func (b *bench) look(ctx context.Context, engines []engine) error {
	var starts, asked, verified [][]string
	var stored string
	for _, e := range engines {
		s, err := b.open(ctx, e)
		if err != nil {
			return err
		}
		if stored, err = size(ctx, e); err != nil {
			return err
		}
		row, err := b.start(ctx, s)
		if err != nil {
			return err
		}
		starts = append(starts, row)
		rows, err := b.ask(ctx, s)
		if err != nil {
			return err
		}
		asked = append(asked, rows...)
		cmd, began := b.regulars(ctx, e, "verify"), time.Now()
		say("%s: verifying", e.name)
		most, err := watched(cmd)
		if err != nil {
			return err
		}
		verified = append(verified, []string{e.name, seconds(time.Since(began)), megabytes(most)})
		say("%s: %v %v", e.name, row, verified[len(verified)-1])
	}
	p := &b.page
	p.line("## Starting, finding, verifying")
	p.line("")
	p.line("On the same databases, with %s. From the start of the process `regulars serve`", stored)
	p.line("to an answer, median of %d starts after one to warm up:", b.rounds)
	p.table([]string{"", "/readyz answers", "the first quote is answered"}, starts)
	p.line("The owner's pages and the tills' calls over HTTP, one after the other, %d of each kind:", asks)
	p.table([]string{"", "asked for", "p50", "p99", "longest"}, asked)
	p.line("`regulars verify` of the whole:")
	p.table([]string{"", "took", "peak memory"}, verified)
	return nil
}

// size says how much there is in a database.
func size(ctx context.Context, e engine) (string, error) {
	d, err := db.Open(ctx, e.config())
	if err != nil {
		return "", err
	}
	defer d.Close() //nolint:errcheck // read only
	var customers, receipts, lines int
	const counts = `SELECT (SELECT COUNT(*) FROM customers), (SELECT COUNT(*) FROM receipts), (SELECT COUNT(*) FROM receipt_lines)`
	if err := d.QueryRow(ctx, counts).Scan(&customers, &receipts, &lines); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s customers and %s receipts of %s lines", count(customers), count(receipts), count(lines)), nil
}

// start measures how soon a server answers.
func (b *bench) start(ctx context.Context, s *shop) ([]string, error) {
	var ready, quoted []int64
	for i := range b.rounds + 1 {
		began := time.Now()
		server, err := b.serve(ctx, s.engine)
		if err != nil {
			return nil, err
		}
		c := till.New(server.Addr, s.keys[0])
		if status, answer, err := c.Do(ctx, "GET", "/readyz", nil); err != nil || status != 200 {
			return nil, fmt.Errorf("/readyz: %w, %w", err, till.Problem(status, answer))
		}
		isReady := time.Since(began)
		basket := till.Sale{Total: -1, Lines: []till.Line{{SKU: site.SKU(0), Quantity: 1000, Price: 1_00}}}
		if status, answer, err := c.Do(ctx, "POST", "/v1/quotes", basket.Append(nil)); err != nil || status != 200 {
			return nil, fmt.Errorf("quote: %w, %w", err, till.Problem(status, answer))
		}
		if i > 0 {
			ready, quoted = append(ready, isReady.Microseconds()), append(quoted, time.Since(began).Microseconds())
		}
		c.Close()
		if err := server.Stop(); err != nil {
			return nil, err
		}
	}
	return []string{s.name, millis(median(ready)), aimed(millis(median(quoted)), median(quoted) < 1_000_000, "1 s")}, nil
}
