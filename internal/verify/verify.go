package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/money"
)

// Options of a Run; the zero value is fine.
type Options struct {
	// Progress is told what is being read and how many rows of it so far.
	Progress func(step string, rows int64)
	// Keep is how many findings of each check are kept, 0: 20. All are counted.
	Keep int
	// TempDir is where rows are sorted that do not fit memory; empty: the
	// system's. They need about a tenth of the space of the database.
	TempDir string
}

// Finding is one thing that is off.
type Finding struct {
	Check    Check  // which rule is broken
	Table    string // and where
	Row      string // key of the row: "id=17"
	Column   string // empty: the whole row
	Expected string
	Found    string
	Detail   string // what else helps, in English; may be empty
}

// Count is how many rows of a table were read.
type Count struct {
	Table string
	Rows  int64
}

// Balance is what all entries together leave in one of the ledger's accounts.
type Balance struct {
	Account string
	Points  money.Points
}

// Report is what a Run found.
type Report struct {
	Rows     []Count       // in the order they were read
	Points   []Balance     // of every account; together zero
	Notes    []string      // what could not be checked, in English
	Broken   map[Check]int // how often, also beyond the findings kept
	Findings []Finding     // by check
}

// Clean reports whether nothing is off.
func (r *Report) Clean() bool { return len(r.Broken) == 0 }

// Run verifies the database. An error means that it could not be read to the
// end; what is off is in the report.
func Run(ctx context.Context, d *db.DB, opts Options) (report Report, err error) {
	defer errs.Wrap(&err, "verify")
	if d.Postgres() {
		err = d.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
			report, err = runTx(ctx, tx, opts)
			return err
		})
		return report, err
	}
	// The engine's own check takes about as long as all the others: it goes
	// beside them.
	type result struct {
		report Report
		err    error
	}
	files := make(chan result, 1)
	go func() {
		var r result
		quiet := opts
		quiet.Progress = nil
		r.err = d.Read(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
			r.report, err = runPasses(ctx, tx, quiet, (*audit).physical)
			return err
		})
		files <- r
	}()
	err = d.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		report, err = runPasses(ctx, tx, opts, recompute...)
		return err
	})
	if r := <-files; r.err != nil || !r.report.Clean() {
		return r.report, r.err
	}
	return report, err
}

// recompute are the passes, in the order in which they need each other.
var recompute = []func(*audit){
	(*audit).schema, (*audit).readFacts, (*audit).readMerges, (*audit).references, (*audit).catalog, (*audit).attached, (*audit).events, (*audit).households, (*audit).orderMerges, (*audit).stock, (*audit).integrations, (*audit).trail, (*audit).settings,
	(*audit).lots, (*audit).holds, (*audit).confirmations, (*audit).receipts, (*audit).returns, (*audit).customers, (*audit).imports, (*audit).nodes, (*audit).finish,
}

func runTx(ctx context.Context, tx *db.Tx, opts Options) (Report, error) {
	return runPasses(ctx, tx, opts, append([]func(*audit){(*audit).physical}, recompute...)...)
}

func runPasses(ctx context.Context, tx *db.Tx, opts Options, passes ...func(*audit)) (_ Report, err error) {
	if opts.Keep == 0 {
		opts.Keep = 20
	}
	a := &audit{ctx: ctx, tx: tx, opts: opts, rows: map[string]int64{}, points: map[string]money.Points{}}
	a.report.Broken = map[Check]int{}
	defer func() {
		for _, s := range a.spools {
			err = errors.Join(err, s.close())
		}
	}()
	for _, pass := range passes {
		if pass(a); a.err != nil {
			return a.report, a.err
		}
		if a.report.Broken[Physical] > 0 {
			// What is read by a broken index is not what is there.
			a.report.Notes = append(a.report.Notes, "Nothing else is told: mend the database first, or take a copy that is whole.")
			break
		}
	}
	return a.report, nil
}

// audit is one run.
type audit struct {
	ctx    context.Context //nolint:containedctx // lives as long as the run
	tx     *db.Tx
	opts   Options
	report Report
	err    error // the first that ended the reading
	spools []interface{ close() error }

	rows   map[string]int64
	tables []string // in the order they were read
	points map[string]money.Points

	facts
	passed
}

func (a *audit) fail(err error) {
	if a.err == nil {
		a.err = err
	}
}

// scan reads rows of a table.
func (a *audit) scan(table string, scan func(*db.Rows) error, text string, args ...any) {
	if a.err != nil {
		return
	}
	n := a.rows[table]
	if _, known := a.rows[table]; !known {
		a.tables = append(a.tables, table)
	}
	rows, err := a.tx.Query(a.ctx, text, args...)
	a.fail(db.Scan(rows, err, func(r *db.Rows) error {
		if n++; n%pageRows == 0 {
			a.progress(table, n)
		}
		return scan(r)
	}))
	a.rows[table] = n
}

// look runs a query whose rows are findings already.
func (a *audit) look(scan func(*db.Rows) error, text string, args ...any) {
	if a.err != nil {
		return
	}
	rows, err := a.tx.Query(a.ctx, text, args...)
	a.fail(db.Scan(rows, err, scan))
}

func (a *audit) progress(step string, n int64) {
	if a.opts.Progress != nil {
		a.opts.Progress(step, n)
	}
	if a.ctx.Err() != nil {
		a.fail(a.ctx.Err())
	}
}

// finish puts the report in order.
func (a *audit) finish() {
	for _, t := range a.tables {
		a.report.Rows = append(a.report.Rows, Count{t, a.rows[t]})
	}
	for _, name := range accountNames {
		a.report.Points = append(a.report.Points, Balance{name, a.points[name]})
	}
	slices.SortStableFunc(a.report.Findings, func(x, y Finding) int { return cmp.Compare(x.Check, y.Check) })
}

// row names a row for a finding.
type row struct {
	table string
	key   [2]int64
}

// keys are the columns of primary keys other than id.
var keys = map[string][2]string{
	"receipt_lines":     {"receipt_id", "position"},
	"accounts":          {"customer_id"},
	"tiers":             {"customer_id", "programme_id"},
	"occasions":         {"customer_id", "programme_id"},
	"openings":          {"customer_id", "source_id"},
	"stock":             {"store_id", "product_id"},
	"household_members": {"customer_id"},
}

func at(table string, key ...int64) row {
	r := row{table: table}
	copy(r.key[:], key)
	return r
}

func (r row) String() string {
	names, ok := keys[r.table]
	switch {
	case !ok:
		return "id=" + strconv.FormatInt(r.key[0], 10)
	case names[1] == "":
		return names[0] + "=" + strconv.FormatInt(r.key[0], 10)
	}
	return fmt.Sprintf("%s=%d %s=%d", names[0], r.key[0], names[1], r.key[1])
}

// found notes what is off.
func (a *audit) found(f Finding) {
	a.report.Broken[f.Check]++
	if a.report.Broken[f.Check] <= a.opts.Keep {
		a.report.Findings = append(a.report.Findings, f)
	}
}

// off notes that a column of a row does not hold what it should.
func (a *audit) off(c Check, r row, column, want, got, detail string) {
	a.found(Finding{c, r.table, r.String(), column, want, got, detail})
}

// equal notes a number that is not what was recomputed.
func (a *audit) equal(c Check, r row, column string, want, got int64, detail string) {
	if want != got {
		a.off(c, r, column, a.show(column, want), a.show(column, got), detail)
	}
}

// show writes a number as its column means it.
func (a *audit) show(column string, v int64) string {
	switch column {
	case "gross", "discount", "paid_points", "total", "withheld", "tier_spend", "spend":
		return a.currency.Format(money.Amount(v))
	case "redeemed", "earned", "balance", "active", "pending", "debt", "points", "amount", "remaining", "expired":
		return money.Points(v).String()
	case "price", "cost":
		return money.Price(v).String()
	case "quantity", "returned":
		return money.Quantity(v).String()
	case "at", "sold_at", "recorded_at", "earned_at", "available_at", "expires_at", "first_sold_at", "last_sold_at":
		if v == 0 {
			return "never"
		}
		return time.UnixMicro(v).UTC().Format(time.RFC3339Nano)
	}
	return strconv.FormatInt(v, 10)
}
