package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"regulars/bench/site"
	"regulars/bench/till"
)

// look measures what people wait for: the start of a server, a search, and
// the verification of everything.
func (b *bench) look(ctx context.Context, engines []engine) error {
	var starts, searches, verified [][]string
	for _, e := range engines {
		s, err := b.open(ctx, e)
		if err != nil {
			return err
		}
		row, err := b.start(ctx, s)
		if err != nil {
			return err
		}
		starts = append(starts, row)
		rows, err := b.search(ctx, s)
		if err != nil {
			return err
		}
		searches = append(searches, rows...)
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
	p.line("On the same databases, with %s customers and all receipts of the runs above. From the start of the process `regulars serve`", count(b.people))
	p.line("to an answer, median of %d starts after one to warm up:", b.rounds)
	p.table([]string{"", "/readyz answers", "the first quote is answered"}, starts)
	p.line("A search for customers, as the back office and the till's page do it (20 found at most), 200 of each kind:")
	p.table([]string{"", "looked for", "p50", "p99", "longest"}, searches)
	p.line("`regulars verify` of the whole:")
	p.table([]string{"", "took", "peak memory"}, verified)
	return nil
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

// search measures how long people look for customers.
func (b *bench) search(ctx context.Context, s *shop) (rows [][]string, err error) {
	services, err := site.Open(ctx, s.config(), time.Now)
	if err != nil {
		return nil, err
	}
	defer func() {
		if e := services.Close(ctx); err == nil {
			err = e
		}
	}()
	names := []string{"ann", "анн", "кар", "юл", "bench 1", "иванова", "ka", "мар", "дил", "саид"}
	random := rand.New(rand.NewPCG(1, 1)) //nolint:gosec // what is looked for need not be hard to guess
	for _, kind := range []struct {
		name  string
		query func() string
	}{
		{"the beginning of a name", func() string { return names[random.IntN(len(names))] }},
		{"a name and the beginning of another", func() string { return names[random.IntN(len(names))] + " " + names[random.IntN(len(names))] }},
		{"a whole phone", func() string { return fmt.Sprintf("+99897%07d", random.IntN(b.people)) }},
		{"four digits of a phone", func() string { return fmt.Sprintf("%04d", random.IntN(10_000)) }},
		{"what nobody has", func() string { return fmt.Sprintf("qqq%d", random.IntN(10_000)) }},
	} {
		var took []int64
		for range 200 {
			query, began := kind.query(), time.Now()
			if _, err := services.Customers.Search(ctx, query, 20); err != nil {
				return nil, err
			}
			took = append(took, time.Since(began).Microseconds())
		}
		l := distribution(took)
		rows = append(rows, []string{s.name, kind.name, millis(l[0]), aimed(millis(l[1]), l[1] < 100_000, "100 ms"), millis(l[2])})
	}
	return rows, nil
}
