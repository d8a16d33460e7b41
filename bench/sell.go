package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"regulars/bench/site"
	"regulars/internal/base/db"
	"regulars/internal/loyalty/programme"
)

const (
	tills    = 64
	lanes    = 4 // connections of a till, at a rate
	products = 1000
	scale    = 50 // of pgbench: five million accounts
	clients  = 16 // of pgbench
	warm     = 3 * time.Second
)

// loaded is what the load generator answers; see its Result.
type loaded struct {
	Seconds        float64
	Receipts       int
	Refused        int
	Quotes, Commit struct {
		Count                    int
		P50, P90, P99, P999, Max int64
	}
	CPU time.Duration

	server, database time.Duration // processor time that others used meanwhile
	took             time.Duration
}

func (l *loaded) rate() float64 { return float64(l.Receipts) / l.Seconds }

// shop is a database that tills sell on.
type shop struct {
	engine
	keys   []string
	people string // file of customers' ids
}

// sell measures receipts a second by turns with pgbench, and then how long a
// quote and a commit take at a part of that.
func (b *bench) sell(ctx context.Context, engines []engine) error {
	shops := make([]*shop, len(engines))
	for i, e := range engines {
		var err error
		if shops[i], err = b.open(ctx, e); err != nil {
			return err
		}
	}
	pgbench, err := b.pgbench(ctx)
	if err != nil {
		return err
	}
	var (
		transactions []float64
		runs         = make([][]*loaded, len(shops))
		rates        = make([][]float64, len(shops))
	)
	for round := range b.rounds {
		tps, err := pgbench(ctx)
		if err != nil {
			return err
		}
		transactions = append(transactions, tps)
		say("round %d: pgbench %s", round+1, count(tps))
		for i, s := range shops {
			res, err := b.drive(ctx, s, fmt.Sprint("r", round), 0)
			if err != nil {
				return err
			}
			runs[i], rates[i] = append(runs[i], res), append(rates[i], res.rate())
			say("round %d: %s %s receipts a second, p99 %s", round+1, s.name, count(res.rate()), millis(res.Commit.P99))
		}
	}

	p := &b.page
	p.line("## Selling")
	p.line("")
	p.line("%d tills, each with a key and a kept connection of its own, commit receipts of three lines (`POST /v1/receipts`), one after", tills)
	p.line("the other, for random customers out of %s stored; every receipt earns points. Every answer is on the disk. By turns with", count(b.people))
	p.line("`pgbench -M prepared -c %d` (TPC-B, scale %d) on the same PostgreSQL, %d rounds of %d s; medians, smallest and largest in", clients, scale, b.rounds, b.seconds)
	p.line("brackets. The load generator (`bench/load`) is a process of its own on the same machine. The files of PostgreSQL's log are made")
	p.line("beforehand, as they are on a server that has run for a day: making one holds up all writers for some 50 ms. PostgreSQL is halted")
	p.line("while SQLite is measured: a shop has none.")
	rows := [][]string{{"pgbench TPC-B", span(transactions) + " transactions", "1.00", "", "", ""}}
	for i, s := range shops {
		rows = append(rows, []string{
			s.name, span(rates[i]) + " receipts", aimed(fmt.Sprintf("%.2f", median(rates[i])/median(transactions)), median(rates[i]) >= median(transactions), "1"),
			cores(runs[i], func(l *loaded) time.Duration { return l.server }),
			cores(runs[i], func(l *loaded) time.Duration { return l.database }),
			cores(runs[i], func(l *loaded) time.Duration { return l.CPU }),
		})
	}
	p.table([]string{"", "a second", "of pgbench", "cores: server", "PostgreSQL", "load generator"}, rows)
	return b.calm(ctx, shops, rates)
}

// calm measures latencies at half the load, and at a third.
func (b *bench) calm(ctx context.Context, shops []*shop, rates [][]float64) error {
	p := &b.page
	p.line("At half and at a third of that load, every purchase being a quote and then its commit (at half, as many calls as above), sent at")
	p.line("fixed times whether or not those before were answered, over %d connections a till (latency counts from when a call was due, so that", lanes)
	p.line("no wait is hidden). What the rounds before left to vacuum is vacuumed first:")
	var rows [][]string
	for i, s := range shops {
		for _, share := range []float64{2, 3} {
			more, err := b.latencies(ctx, s, median(rates[i])/share)
			if err != nil {
				return err
			}
			rows = append(rows, more...)
		}
	}
	p.table([]string{"", "purchases", "cores, all", "", "p50", "p99", "longest"}, rows)
	return nil
}

// latencies measures a shop at a rate: a row of quotes and one of commits.
func (b *bench) latencies(ctx context.Context, s *shop, rate float64) ([][]string, error) {
	var (
		quotes, commits [3][]int64 // p50, p99, longest, by round
		runs            []*loaded
		refused         int
	)
	for round := range b.rounds {
		if err := b.swept(ctx); err != nil {
			return nil, err
		}
		res, err := b.drive(ctx, s, fmt.Sprintf("c%.0f-%d", rate, round), rate)
		if err != nil {
			return nil, err
		}
		refused += res.Refused
		runs = append(runs, res)
		for j, v := range []int64{res.Quotes.P50, res.Quotes.P99, res.Quotes.Max} {
			quotes[j] = append(quotes[j], v)
		}
		for j, v := range []int64{res.Commit.P50, res.Commit.P99, res.Commit.Max} {
			commits[j] = append(commits[j], v)
		}
		say("%s at %s a second: quote p99 %s, commit p99 %s", s.name, count(rate), millis(res.Quotes.P99), millis(res.Commit.P99))
	}
	note := ""
	if refused > 0 {
		note = fmt.Sprintf("%d refused with a new quote", refused)
	}
	busy := cores(runs, func(l *loaded) time.Duration { return l.server + l.database + l.CPU })
	return [][]string{
		{s.name, count(rate) + " a second", busy, "quote", millis(median(quotes[0])), aimed(millis(median(quotes[1])), median(quotes[1]) < 10_000, "10 ms"), millis(median(quotes[2]))},
		{"", note, "", "commit", millis(median(commits[0])), aimed(millis(median(commits[1])), median(commits[1]) < 50_000, "50 ms"), millis(median(commits[2]))},
	}, nil
}

// cores is how many cores were busy, in the middle of the runs.
func cores(runs []*loaded, used func(*loaded) time.Duration) string {
	var all []float64
	for _, r := range runs {
		all = append(all, used(r).Seconds()/r.took.Seconds())
	}
	return fmt.Sprintf("%.2f", median(all))
}

// open readies a database for selling: tills, products, a programme, and as
// many customers as there are to be.
func (b *bench) open(ctx context.Context, e engine) (_ *shop, err error) {
	s := &shop{engine: e, people: filepath.Join(b.dir, e.name+".ids")}
	services, err := site.Open(ctx, e.config(), time.Now)
	if err != nil {
		return nil, err
	}
	defer func() {
		if e := services.Close(ctx); err == nil {
			err = e
		}
	}()
	list, err := services.Tills(ctx, tills, programme.Default(site.Currency))
	if err != nil {
		return nil, err
	}
	for _, t := range list {
		s.keys = append(s.keys, t.Key)
	}
	if err := services.Products(ctx, products); err != nil {
		return nil, err
	}
	var stored int
	if err := services.DB.QueryRow(ctx, `SELECT COUNT(*) FROM customers`).Scan(&stored); err != nil {
		return nil, err
	}
	if stored < b.people {
		say("%s: %s more customers", e.name, count(b.people-stored))
		if _, err := services.People(ctx, stored, b.people-stored); err != nil {
			return nil, err
		}
	}
	return s, writeIDs(ctx, services, s.people)
}

func writeIDs(ctx context.Context, s *site.Services, path string) error {
	f, err := os.Create(path) //nolint:gosec // our own folder
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // Flush tells
	out := bufio.NewWriter(f)
	rows, err := s.DB.Query(ctx, `SELECT id FROM customers`)
	if err := db.Scan(rows, err, func(r *db.Rows) error {
		var id int64
		err := r.Scan(&id)
		fmt.Fprintln(out, s.Seal.Seal(id))
		return err
	}); err != nil {
		return err
	}
	return out.Flush()
}

// drive runs a server and the load generator on it; rate 0 is as fast as it
// goes.
func (b *bench) drive(ctx context.Context, s *shop, series string, rate float64) (*loaded, error) {
	if s.url == "" {
		// A shop on SQLite has no PostgreSQL beside it that writes back what the
		// rounds before have left.
		site.Signal(b.postgres, syscall.SIGSTOP)
		defer site.Signal(b.postgres, syscall.SIGCONT)
	}
	server, err := b.serve(ctx, s.engine)
	if err != nil {
		return nil, err
	}
	defer server.Kill()
	var skus []string
	for i := range products {
		skus = append(skus, site.SKU(i))
	}
	job, err := json.Marshal(map[string]any{
		"Addr": server.Addr, "Keys": s.keys, "Customers": s.people, "SKUs": skus, "Lines": 3, "Series": series,
		"Rate": rate, "Lanes": lanes, "Warm": warm, "Measure": time.Duration(b.seconds) * time.Second,
	})
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, b.load) //nolint:gosec // built above
	cmd.Stdin = bytes.NewReader(job)
	start, before, beforeDB := time.Now(), site.CPU(server.Pid), site.FamilyCPU(b.postgres)
	out, err := output(cmd)
	if err != nil {
		return nil, fmt.Errorf("%w\n%s", err, server.Log())
	}
	res := &loaded{took: time.Since(start), server: site.CPU(server.Pid) - before, database: site.FamilyCPU(b.postgres) - beforeDB}
	if err := json.Unmarshal([]byte(out), res); err != nil {
		return nil, err
	}
	return res, server.Stop()
}

var tps = regexp.MustCompile(`tps = ([0-9.]+) \(without`)

// fileLog has PostgreSQL make the files of its log beforehand: a server that has
// run for a day uses them again, one that is an hour old holds all writers up
// for 50 ms each time that it makes one.
func (b *bench) fileLog(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, b.pg.URL)
	if err != nil {
		return err
	}
	defer conn.Close(ctx) //nolint:errcheck // the error that matters is the statement's
	say("PostgreSQL: files of its log")
	const fill = `SELECT COUNT(pg_logical_emit_message(FALSE, '', REPEAT('x', 1000000))) FROM generate_series(1, 4000)`
	if _, err := conn.Exec(ctx, fill); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, `CHECKPOINT`) // they are free now
	return err
}

// swept waits until PostgreSQL has vacuumed what the runs before have left, which
// is no part of this one.
func (b *bench) swept(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, b.pg.URL)
	if err != nil {
		return err
	}
	defer conn.Close(ctx) //nolint:errcheck // the error that matters is the statement's
	const busy = `SELECT COUNT(*) FROM pg_stat_activity WHERE backend_type = 'autovacuum worker'`
	for n := 1; n > 0; time.Sleep(time.Second) {
		if err := conn.QueryRow(ctx, busy).Scan(&n); err != nil {
			return err
		}
	}
	return nil
}

// pgbench readies its database and gives a way to run it.
func (b *bench) pgbench(ctx context.Context) (func(context.Context) (float64, error), error) {
	url, err := b.database(ctx, "pgbench")
	if err != nil {
		return nil, err
	}
	program := filepath.Join(b.pg.Bin, "pgbench")
	say("pgbench: scale %d", scale)
	if _, err := output(exec.CommandContext(ctx, program, "-i", "-q", "-s", strconv.Itoa(scale), url)); err != nil { //nolint:gosec // PostgreSQL's own
		return nil, err
	}
	if err := b.fileLog(ctx); err != nil {
		return nil, err
	}
	return func(ctx context.Context) (float64, error) {
		out, err := output(exec.CommandContext(ctx, program, "-n", "-M", "prepared", "-c", strconv.Itoa(clients), "-j", "2", "-T", strconv.Itoa(b.seconds), url)) //nolint:gosec // PostgreSQL's own
		if err != nil {
			return 0, err
		}
		found := tps.FindStringSubmatch(out)
		if found == nil {
			return 0, fmt.Errorf("pgbench says nothing of its rate:\n%s", out)
		}
		return strconv.ParseFloat(found[1], 64)
	}, nil
}
