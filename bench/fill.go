package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"regulars/bench/site"
	"regulars/internal/base/db"
	"regulars/internal/demo"
)

// imported is what an import of a file took.
type imported struct {
	took time.Duration
	peak int64 // bytes
}

// fill puts the customers and receipts of a simulated chain into both
// databases, through the program's own import, and measures that beside a plain
// insert unless only a month is to follow.
func (b *bench) fill(ctx context.Context, engines []engine) error {
	measured := slices.Contains(b.parts, "import")
	if !measured && !slices.Contains(b.parts, "month") {
		return nil
	}
	files := filepath.Join(b.dir, "files")
	if err := os.Mkdir(files, 0o700); err != nil {
		return err
	}
	say("writing the files of %s customers and %s receipts", count(b.customers), count(b.receipts))
	chain, err := b.chain()
	if err != nil {
		return err
	}
	var which demo.Files
	if slices.Contains(b.parts, "month") {
		which.Until = monthOf(chain)
	}
	w, err := chain.WriteFiles(ctx, files, which)
	if err != nil {
		return err
	}
	var rows [][]string
	for _, e := range engines {
		row, err := b.importFiles(ctx, e, files, measured)
		if err != nil {
			return err
		}
		rows = append(rows, row)
	}
	if !measured {
		return nil
	}
	p := &b.page
	p.line("## Importing")
	p.line("")
	p.line("`regulars import` of the files of a simulated chain into an empty database: %s customers, %s products, then %s receipts", count(w.Customers), count(w.Products), count(w.Sales+w.Returns))
	p.line("(%s of them returns, which are matched to their sales) with %s lines. Beside it a plain bulk insert, into another empty", count(w.Returns), count(w.Lines))
	p.line("database, of every row that the import wrote: same driver, same tables and indexes, same sizes of transactions, nothing read,")
	p.line("checked or computed.")
	p.table([]string{"", "import (customers + products + receipts)", "rows written", "plain insert", "import / plain", "peak memory of the import"}, rows)
	return nil
}

// importFiles imports a chain's files into a database; measured, also plainly into
// another, and gives the row of both.
func (b *bench) importFiles(ctx context.Context, e engine, files string, measured bool) ([]string, error) {
	var all imported
	var parts []string
	for _, file := range []string{"customers", "products", "receipts"} {
		one, err := b.importFile(ctx, e, file, filepath.Join(files, file+".csv"))
		if err != nil {
			return nil, err
		}
		all.took += one.took
		all.peak = max(all.peak, one.peak)
		parts = append(parts, seconds(one.took))
		say("%s: %s imported in %s, %s", e.name, file, seconds(one.took), megabytes(one.peak))
	}
	if !measured {
		return nil, nil
	}
	plain, written, err := b.plain(ctx, e)
	if err != nil {
		return nil, err
	}
	say("%s: the same %s rows inserted plainly in %s", e.name, count(written), seconds(plain))
	return []string{
		e.name, seconds(all.took) + " (" + strings.Join(parts, " + ") + ")", count(written), seconds(plain),
		aimed(fmt.Sprintf("%.2f", all.took.Seconds()/plain.Seconds()), all.took <= 2*plain, "2"), aimed(megabytes(all.peak), all.peak < 512<<20, "512 MB"),
	}, nil
}

// chain is the chain whose past is imported.
func (b *bench) chain() (*demo.Chain, error) {
	return demo.New(demo.Config{Seed: 1, Size: demo.Size{Stores: 48, Customers: b.customers, Years: 2, End: b.now, Receipts: b.receipts}})
}

func (b *bench) importFile(ctx context.Context, e engine, kind, path string) (imported, error) {
	cmd := b.regulars(ctx, e, "import", "--kind", kind, "--source", "bench", "--currency", "UZS", "--zone", "Asia/Tashkent", path)
	start := time.Now()
	most, err := watched(cmd)
	return imported{time.Since(start), most}, err
}

// watched runs a program and gives the most memory that it had resident. The
// kernel's account of an ended process will not do: it begins with the memory
// of whoever started it.
func watched(cmd *exec.Cmd) (most int64, err error) {
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		most = max(most, site.Peak(cmd.Process.Pid))
		select {
		case err := <-ended:
			if err != nil {
				err = fmt.Errorf("%s: %w\n%s", cmd, err, &out)
			}
			return most, err
		case <-look.C:
		}
	}
}

// copied are the tables that an import writes, in an order in which rows find
// what they refer to, and how many rows of them the import puts into one
// transaction; on PostgreSQL it is twice as many.
var copied = []struct {
	table string
	batch int
}{
	{"entities", 3000}, {"stores", 3000}, {"sources", 3000}, {"imports", 3000}, {"categories", 3000}, {"products", 3000}, {"barcodes", 3000},
	{"product_words", 9000}, {"customers", 3000}, {"accounts", 3000}, {"identifiers", 6000}, {"consents", 3000}, {"programmes", 3000},
	{"programme_versions", 3000}, {"tiers", 3000}, {"lots", 3000}, {"entries", 3000}, {"openings", 3000}, {"imported_giftcards", 3000}, {"receipts", 2000}, {"receipt_lines", 6000}, {"events", 3000},
}

// plain inserts every row of a database into another one and says how long
// the inserting took.
func (b *bench) plain(ctx context.Context, e engine) (took time.Duration, written int, err error) {
	to := engine{name: e.name, data: e.data + "-plain"}
	if e.url != "" {
		if to.url, err = b.database(ctx, "plain"); err != nil {
			return 0, 0, err
		}
	}
	defer func() { // beside the first, a large one fills the disk
		if to.url != "" {
			err = errors.Join(err, b.dropDatabase(ctx, "plain"))
		}
		err = errors.Join(err, os.RemoveAll(to.data))
	}()
	source, err := db.Open(ctx, e.config())
	if err != nil {
		return 0, 0, err
	}
	defer source.Close() //nolint:errcheck // read only
	target, err := db.Open(ctx, to.config())
	if err != nil {
		return 0, 0, err
	}
	defer target.Close() //nolint:errcheck // thrown away
	if _, err := target.Migrate(ctx); err != nil {
		return 0, 0, err
	}
	for _, c := range copied {
		columns, err := columnsOf(ctx, source, c.table)
		if err != nil {
			return 0, 0, err
		}
		table := db.NewTable(c.table, columns...)
		most := c.batch
		if source.Postgres() {
			most *= 2
		}
		var batch [][]any
		insert := func() error {
			start := time.Now()
			err := target.Write(ctx, func(ctx context.Context, tx *db.Tx) error { return tx.Insert(ctx, table, batch) })
			took += time.Since(start)
			written += len(batch)
			batch = batch[:0]
			return err
		}
		rows, err := source.Query(ctx, "SELECT "+strings.Join(columns, ", ")+" FROM "+c.table+orderOf[c.table])
		if err := db.Scan(rows, err, func(r *db.Rows) error {
			row, dst := make([]any, len(columns)), make([]any, len(columns))
			for i := range row {
				dst[i] = &row[i]
			}
			if err := r.Scan(dst...); err != nil {
				return err
			}
			if batch = append(batch, row); len(batch) == most {
				return insert()
			}
			return nil
		}); err != nil {
			return 0, 0, err
		}
		if err := insert(); err != nil {
			return 0, 0, err
		}
	}
	return took, written, nil
}

// orderOf is for tables whose rows refer to each other.
var orderOf = map[string]string{"categories": " ORDER BY parent_id IS NOT NULL, id"}

func columnsOf(ctx context.Context, d *db.DB, table string) (columns []string, err error) {
	text := `SELECT name FROM pragma_table_info($1) ORDER BY cid`
	if d.Postgres() {
		text = `SELECT column_name::text FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1 ORDER BY ordinal_position`
	}
	rows, err := d.Query(ctx, text, table)
	err = db.Scan(rows, err, func(r *db.Rows) error {
		var name string
		err := r.Scan(&name)
		columns = append(columns, name)
		return err
	})
	return columns, err
}
