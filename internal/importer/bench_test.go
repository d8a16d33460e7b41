package importer

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/programme"
)

// benchCustomers is how many customers the files of BenchmarkImport have; the
// receipts are ten sevenths of it, the lines three times those. 700000 is the
// size that is promised.
func benchCustomers(b *testing.B) int {
	b.Helper()
	n, err := strconv.Atoi(cmp.Or(os.Getenv("REGULARS_BENCH_IMPORT"), "14000"))
	if err != nil {
		b.Fatalf("REGULARS_BENCH_IMPORT is a number of customers: %v", err)
	}
	return n
}

// BenchmarkImport imports customers, three in four with points and half of them with a
// level, and then their receipts, and inserts every
// row that came of it into another new database of the same indexes by the same
// driver. x-plain is how many times as long the import takes.
func BenchmarkImport(b *testing.B) {
	people := benchCustomers(b)
	customers, receipts := benchFiles(b, people)
	for _, e := range []dbtest.Engine{dbtest.SQLite, dbtest.Postgres} {
		b.Run(string(e), func(b *testing.B) {
			var imported, plain time.Duration
			var rows int64
			for range b.N {
				d := dbtest.Open(b, e)
				h := newHouse(b, d, "GBP", "Asia/Tashkent", b.TempDir())
				rules := plainRules()
				rules.Levels = append(rules.Levels, programme.Level{Code: "silver", Name: "Silver", Threshold: 1_000_00}, programme.Level{Code: "gold", Name: "Gold", Threshold: 9_000_00})
				h.install("Main", rules)
				began := time.Now()
				h.load(customers, File{})
				rows = h.load(receipts, File{}).Report.Rows
				imported += time.Since(began)
				memory := peak(b)
				took, n := insertPlainly(b, d, dbtest.Open(b, e), h.batchRows)
				plain += took
				b.Logf("%d customers, %d lines: %v; %d rows plainly: %v; %s", people, rows, imported.Round(time.Millisecond), n, plain.Round(time.Millisecond), memory)
			}
			b.ReportMetric(float64(imported)/float64(plain), "x-plain")
			b.ReportMetric(float64(rows)*float64(b.N)/imported.Seconds(), "lines/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// peak is the most memory that the process has held so far.
func peak(b *testing.B) string {
	b.Helper()
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return "peak memory unknown"
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "VmHWM") {
			return "peak memory " + strings.Join(strings.Fields(line)[1:], " ")
		}
	}
	return "peak memory unknown"
}

// benchFiles writes a chain's customers and receipts.
func benchFiles(b *testing.B, people int) (customers, receipts string) {
	b.Helper()
	dir := b.TempDir()
	file := func(name string, fill func(*bufio.Writer)) string {
		path := filepath.Join(dir, name)
		f, err := os.Create(path)
		must(b, err)
		w := bufio.NewWriterSize(f, 1<<20)
		fill(w)
		must(b, w.Flush())
		must(b, f.Close())
		return path
	}
	customers = file("customers.csv", func(w *bufio.Writer) {
		fmt.Fprintln(w, "customer_id,last_name,first_name,sex,birth_date,phone,card,registered_at,consent_sms,points,level")
		for i := range people {
			fmt.Fprintf(w, "C%07d,Каримова%d,Нилуфар%d,ж,19%02d-%02d-%02d,+99890%07d,2900%08d,2023-%02d-%02d 10:00,%s,%d,%s\n",
				i, i%5000, i%700, 50+i%50, 1+i%12, 1+i%28, 1000000+i, i, 1+i%12, 1+i%28, []string{"yes", "no"}[i%2], i%4*100, []string{"base", "silver", "base", "gold"}[i%4])
		}
	})
	receipts = file("receipts.csv", func(w *bufio.Writer) {
		fmt.Fprintln(w, "receipt,time,store,customer_id,sku,product,quantity,price,discount,amount")
		for i := range people * 10 / 7 {
			at := time.Date(2024, 1, 1, 9, 0, 0, 0, time.UTC).Add(time.Duration(i) * time.Hour * 8000 / time.Duration(people*10/7))
			who := ""
			if i%5 > 0 { // one in five shows no card
				who = fmt.Sprintf("C%07d", i*7919%people)
			}
			for line := range 3 {
				p := (i*31 + line*17) % 20_000
				q := 1 + i%3
				fmt.Fprintf(w, "S%02d-%07d,%s,S%02d,%s,P%05d,Product %d of the chain,%d,%d.50,0.50,%d\n",
					i%50, i, at.Format("2006-01-02 15:04:05"), i%50, who, p, p, q, 2+p%40, q*(2+p%40)+(q-1)/2)
			}
		}
	})
	return customers, receipts
}

// tables that an import writes, those that are pointed at first.
var tables = []string{
	"sources", "imports", "entities", "stores", "categories", "products", "product_words", "barcodes", "customers",
	"identifiers", "consents", "programmes", "programme_versions", "tiers", "accounts", "lots", "entries", "openings", "imported_giftcards", "receipts", "receipt_lines", "events",
}

// insertPlainly copies the tables into an empty database and says how long the
// inserting alone takes.
func insertPlainly(b *testing.B, from, to *db.DB, atOnce int) (took time.Duration, rows int64) {
	b.Helper()
	ctx := b.Context()
	for _, name := range tables {
		columns := columnsIn(b, from, name)
		if len(columns) == 0 {
			continue
		}
		table := db.NewTable(name, columns...)
		var chunk [][]any
		flush := func() {
			began := time.Now()
			must(b, to.Write(ctx, func(ctx context.Context, tx *db.Tx) error { return tx.Insert(ctx, table, chunk) }))
			took += time.Since(began)
			rows += int64(len(chunk))
			chunk = chunk[:0]
		}
		// In the order in which they were written, not in that of an index.
		list, err := from.Query(ctx, "SELECT "+strings.Join(columns, ", ")+" FROM "+name+" ORDER BY "+byTime(columns))
		must(b, db.Scan(list, err, func(r *db.Rows) error {
			values := make([]any, len(columns))
			into := make([]any, len(columns))
			for i := range values {
				into[i] = &values[i]
			}
			err := r.Scan(into...)
			if chunk = append(chunk, values); len(chunk) == atOnce {
				flush()
			}
			return err
		}))
		flush()
	}
	return took, rows
}

func byTime(columns []string) string {
	for _, c := range []string{"receipt_id", "customer_id", "product_id"} {
		if !slices.Contains(columns, "id") && slices.Contains(columns, c) {
			return c
		}
	}
	return "id"
}

func columnsIn(b *testing.B, d *db.DB, table string) (columns []string) {
	b.Helper()
	text := `SELECT name FROM pragma_table_info($1)`
	if d.Postgres() {
		text = `SELECT column_name FROM information_schema.columns WHERE table_name = $1 AND is_generated = 'NEVER' ORDER BY ordinal_position`
	}
	rows, err := d.Query(b.Context(), text, table)
	must(b, db.Scan(rows, err, func(r *db.Rows) error {
		var name string
		err := r.Scan(&name)
		columns = append(columns, name)
		return err
	}))
	return columns
}
