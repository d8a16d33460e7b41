package db

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
)

// Batch gathers statements that are sent together: on PostgreSQL they cost
// one round trip.
type Batch struct{ steps []step }

type step struct {
	text  string
	args  []any
	guard int64 // rows that it must change; 0: any
	scan  func(*Rows) error
}

// Exec adds a statement.
func (b *Batch) Exec(text string, args ...any) {
	b.steps = append(b.steps, step{text: text, args: args})
}

// Guard adds a statement that must change exactly one row; otherwise the
// batch fails with ErrGuard.
func (b *Batch) Guard(text string, args ...any) { b.GuardMany(1, text, args...) }

// GuardMany adds a statement that must change exactly n rows; otherwise the batch
// fails with ErrGuard.
func (b *Batch) GuardMany(n int, text string, args ...any) {
	b.steps = append(b.steps, step{text: text, args: args, guard: int64(n)})
}

// Query adds a reading; scan is called for each row.
func (b *Batch) Query(scan func(*Rows) error, text string, args ...any) {
	b.steps = append(b.steps, step{text: text, args: args, scan: scan})
}

// Append adds the statements of another batch.
func (b *Batch) Append(other *Batch) { b.steps = append(b.steps, other.steps...) }

// Empty reports whether nothing was added.
func (b *Batch) Empty() bool { return len(b.steps) == 0 }

// Run runs the statements of b in order, up to the first that fails.
func (tx *Tx) Run(ctx context.Context, b *Batch) error { return tx.Start(ctx, b)() }

// Start has the statements of b run as Run does, and finish waits for them. PostgreSQL
// works at them meanwhile; nothing else may be asked of tx before finish.
func (tx *Tx) Start(ctx context.Context, b *Batch) (finish func() error) {
	if tx.lite != nil {
		return func() error { return tx.runLite(ctx, b) }
	}
	return b.send(ctx, tx.texts, tx.pg.SendBatch)
}

func (b *Batch) send(ctx context.Context, t *texts, send func(context.Context, *pgx.Batch) pgx.BatchResults) (finish func() error) {
	if len(b.steps) == 0 {
		return func() error { return nil }
	}
	var pb pgx.Batch
	for _, s := range b.steps {
		pb.Queue(t.get(postgresEngine, s.text), postgresArgs(s.args)...)
	}
	res := send(ctx, &pb)
	return func() error {
		for _, s := range b.steps {
			if err := s.take(res); err != nil {
				_ = res.Close() // the first error is the one that tells
				return err
			}
		}
		return classify(res.Close())
	}
}

// Run reads with the statements of b, outside of a transaction: each sees what
// is committed when it runs.
func (d *DB) Run(ctx context.Context, b *Batch) error {
	if len(b.steps) == 0 {
		return nil
	}
	if d.engine == sqliteEngine {
		return d.lite.read(ctx, func(ctx context.Context, tx *Tx) error { return tx.Run(ctx, b) })
	}
	return b.send(ctx, d.texts, d.pool.SendBatch)()
}

func (s step) take(res pgx.BatchResults) error {
	if s.scan != nil {
		rows, err := res.Query()
		if err != nil {
			return classify(err)
		}
		return Scan(&Rows{pg: rows}, nil, s.scan)
	}
	tag, err := res.Exec()
	if err != nil {
		return classify(err)
	}
	if s.guard > 0 && tag.RowsAffected() != s.guard {
		return ErrGuard
	}
	return nil
}

func (tx *Tx) runLite(ctx context.Context, b *Batch) error {
	for _, s := range b.steps {
		if s.scan != nil {
			rows, err := tx.lite.query(ctx, s.text, s.args)
			if err := Scan(rows, err, s.scan); err != nil {
				return err
			}
			continue
		}
		n, err := tx.lite.exec(ctx, s.text, s.args)
		if err != nil {
			return err
		}
		if s.guard > 0 && n != s.guard {
			return ErrGuard
		}
	}
	return nil
}

// Table names a table and the columns that are inserted.
type Table struct {
	name string
	cols []string

	once  sync.Once
	texts map[int]string // INSERT of that many rows
}

// NewTable describes rows to insert: NewTable("lots", "id", "customer_id").
func NewTable(name string, cols ...string) *Table { return &Table{name: name, cols: cols} }

// insertSizes are the numbers of rows of one INSERT: few texts, so that each
// is prepared once.
var insertSizes = []int{64, 16, 4, 1}

func (t *Table) text(rows int) string {
	t.once.Do(func() {
		t.texts = map[int]string{}
		for _, n := range insertSizes {
			var b strings.Builder
			fmt.Fprintf(&b, "INSERT INTO %s (%s) VALUES ", t.name, strings.Join(t.cols, ", "))
			for i := range n {
				if i > 0 {
					b.WriteString(", ")
				}
				b.WriteByte('(')
				for j := range t.cols {
					if j > 0 {
						b.WriteString(", ")
					}
					fmt.Fprintf(&b, "$%d", i*len(t.cols)+j+1)
				}
				b.WriteByte(')')
			}
			t.texts[n] = b.String()
		}
	})
	return t.texts[rows]
}

// Insert adds the rows, each with the table's columns in order, to b.
func (b *Batch) Insert(t *Table, rows [][]any) {
	for len(rows) > 0 {
		for _, n := range insertSizes {
			if len(rows) < n {
				continue
			}
			args := make([]any, 0, n*len(t.cols))
			for _, r := range rows[:n] {
				if len(r) != len(t.cols) {
					panic(fmt.Sprintf("db: %d values for the %d columns of %s", len(r), len(t.cols), t.name))
				}
				args = append(args, r...)
			}
			b.steps = append(b.steps, step{text: t.text(n), args: args})
			rows = rows[n:]
			break
		}
	}
}

// copyFrom is how many rows PostgreSQL takes faster by COPY.
const copyFrom = 512

// Insert inserts the rows at once; it is the way for thousands.
func (tx *Tx) Insert(ctx context.Context, t *Table, rows [][]any) error {
	return tx.InsertEach(ctx, t, len(rows), slices.Values(rows))
}

// InsertEach inserts n rows at once, going over them once, in order and to the end
// unless it fails. On PostgreSQL many are made while the server takes those before
// them; none may be changed once it was given.
func (tx *Tx) InsertEach(ctx context.Context, t *Table, n int, rows iter.Seq[[]any]) error {
	if tx.pg != nil && n >= copyFrom {
		next, stop := iter.Pull(rows)
		defer stop()
		_, err := tx.pg.CopyFrom(ctx, pgx.Identifier{t.name}, t.cols, pgx.CopyFromFunc(func() ([]any, error) {
			row, _ := next() // nil: the last one was before
			return row, nil
		}))
		return classify(err)
	}
	var b Batch
	b.Insert(t, slices.Collect(rows))
	return tx.Run(ctx, &b)
}
