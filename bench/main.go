// Command bench measures a whole installation from outside: importing,
// selling, sending late, starting, finding and verifying, on SQLite and PostgreSQL, and
// writes the figures down as docs/benchmarks.md has them.
//
// Nothing is faked: the server is the program's own binary, PostgreSQL is a
// cluster of its own that waits for the disk, and what is compared ran in the
// same hour on the same machine, by turns. `go test -bench` has the small
// benchmarks; here is what a retailer would see. It is set by the environment:
//
//	BENCH_PARTS      import,month,sell,late,look (all but month)
//	BENCH_ENGINES    sqlite,postgresql
//	BENCH_CUSTOMERS  700000      imported, with BENCH_RECEIPTS (1000000)
//	BENCH_PEOPLE     1000000     stored at least, while tills sell and people look
//	BENCH_ROUNDS     5           of BENCH_SECONDS (20) each
//	BENCH_DIR        a folder on the disk to be measured (the system's)
//	BENCH_OUT        bench.md
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"regulars/bench/site"
	"regulars/internal/base/db"
	"regulars/internal/base/db/pgserver"
)

// settings of PostgreSQL; what is not here is its default, so that every
// commit waits for the disk.
var settings = []string{
	"shared_buffers=1GB", "effective_cache_size=4GB", "maintenance_work_mem=256MB", "random_page_cost=1.1",
	"min_wal_size=8GB", "max_wal_size=8GB", "checkpoint_timeout=15min", "max_connections=200",
}

// bench is one run of this program.
type bench struct {
	dir       string // of everything
	bin       string // the program
	load      string // the load generator
	pg        *pgserver.Server
	postgres  int // process of the server
	parts     []string
	customers int
	receipts  int
	people    int
	rounds    int
	seconds   int
	page      page
	now       time.Time // in UTC; the chain ends on its day
}

// engine is one of the two databases with what was put into it.
type engine struct {
	name string
	data string // folder
	url  string // empty: SQLite
}

func (e engine) config() db.Config {
	return db.Config{URL: e.url, Path: filepath.Join(e.data, "regulars.db")}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1) //nolint:gocritic // stop only gives the signal back
	}
}

func run(ctx context.Context) (err error) {
	b := &bench{
		now:       time.Now().UTC(),
		parts:     strings.Split(text("BENCH_PARTS", "import,sell,late,look"), ","),
		customers: number("BENCH_CUSTOMERS", 700_000), receipts: number("BENCH_RECEIPTS", 1_000_000), people: number("BENCH_PEOPLE", 1_000_000),
		rounds: number("BENCH_ROUNDS", 5), seconds: number("BENCH_SECONDS", 20),
	}
	if b.dir, err = os.MkdirTemp(os.Getenv("BENCH_DIR"), "regulars-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(b.dir) //nolint:errcheck // what stays is in the system's own folder for that
	if err := b.build(ctx); err != nil {
		return err
	}
	if b.pg, err = pgserver.Start(ctx, settings...); err != nil {
		return err
	}
	defer b.pg.Close() //nolint:errcheck // its data is thrown away
	if err := b.machine(ctx); err != nil {
		return err
	}
	engines := []engine{{name: "SQLite", data: filepath.Join(b.dir, "sqlite")}, {name: "PostgreSQL", data: filepath.Join(b.dir, "postgres")}}
	if engines[1].url, err = b.database(ctx, "regulars"); err != nil {
		return err
	}
	asked := strings.Split(text("BENCH_ENGINES", "sqlite,postgresql"), ",")
	engines = slices.DeleteFunc(engines, func(e engine) bool { return !slices.Contains(asked, strings.ToLower(e.name)) })
	if err := b.fill(ctx, engines); err != nil {
		return err
	}
	if slices.Contains(b.parts, "month") {
		if err := b.month(ctx, engines); err != nil {
			return err
		}
	}
	if slices.Contains(b.parts, "sell") {
		if err := b.sell(ctx, engines); err != nil {
			return err
		}
	}
	if slices.Contains(b.parts, "late") {
		if err := b.late(ctx, engines); err != nil {
			return err
		}
	}
	if slices.Contains(b.parts, "look") {
		if err := b.look(ctx, engines); err != nil {
			return err
		}
	}
	return os.WriteFile(text("BENCH_OUT", "bench.md"), []byte(b.page.String()), 0o644) //nolint:gosec // a page for everybody
}

// build makes the two programs.
func (b *bench) build(ctx context.Context) error {
	b.bin, b.load = filepath.Join(b.dir, "regulars"), filepath.Join(b.dir, "load")
	for path, pkg := range map[string]string{b.bin: "./cmd/regulars", b.load: "./bench/load"} {
		if _, err := output(exec.CommandContext(ctx, "go", "build", "-o", path, pkg)); err != nil { //nolint:gosec // our own packages
			return err
		}
	}
	return nil
}

// database makes an empty database on our PostgreSQL.
func (b *bench) database(ctx context.Context, name string) (string, error) {
	conn, err := pgx.Connect(ctx, b.pg.URL)
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx) //nolint:errcheck // the error that matters is the statement's
	_, err = conn.Exec(ctx, "CREATE DATABASE "+name)
	return strings.Replace(b.pg.URL, "/postgres?", "/"+name+"?", 1), err
}

func (b *bench) dropDatabase(ctx context.Context, name string) error {
	conn, err := pgx.Connect(ctx, b.pg.URL)
	if err != nil {
		return err
	}
	defer conn.Close(ctx) //nolint:errcheck // the error that matters is the statement's
	_, err = conn.Exec(ctx, "DROP DATABASE "+name)
	return err
}

// regulars runs a command of the program on a database and waits for it.
func (b *bench) regulars(ctx context.Context, e engine, command string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, b.bin, append([]string{command, "--data", e.data, "--database", e.url, "--log-level", "warn"}, args...)...) //nolint:gosec // built above
	cmd.Env = append(os.Environ(), "REGULARS_DATA=", "REGULARS_DATABASE=")
	return cmd
}

// serve runs a server on a database.
func (b *bench) serve(ctx context.Context, e engine) (*site.Server, error) {
	return site.Serve(ctx, b.regulars(ctx, e, "serve", "--listen", "127.0.0.1:0"))
}

// output runs a program and gives what it prints, or its complaint.
func output(cmd *exec.Cmd) (string, error) {
	var complaint strings.Builder
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s%s", cmd, err, out, &complaint)
	}
	return string(out), nil
}

// say tells whoever waits what is going on.
func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format(time.TimeOnly)+" "+format+"\n", args...)
}

func text(name, otherwise string) string {
	if v := os.Getenv(name); v != "" {
		return v
	}
	return otherwise
}

func number(name string, otherwise int) int {
	if v, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return v
	}
	return otherwise
}
