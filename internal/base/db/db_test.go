package db_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/errs"
)

// write runs fn in a transaction that must commit.
func write(t testing.TB, d *db.DB, fn func(ctx context.Context, tx *db.Tx) error) {
	t.Helper()
	if err := d.Write(context.WithoutCancel(t.Context()), fn); err != nil {
		t.Fatal(err)
	}
}

func must(t testing.TB, d *db.DB, text string, args ...any) int64 {
	t.Helper()
	n, err := d.Exec(t.Context(), text, args...)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// ask gives the first column of all rows.
func ask[T any](t testing.TB, d *db.DB, text string, args ...any) (column []T) {
	t.Helper()
	rows, err := d.Query(t.Context(), text, args...)
	err = db.Scan(rows, err, func(r *db.Rows) error {
		var v T
		err := r.Scan(&v)
		column = append(column, v)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return column
}

// table makes a table of the test's own.
func table(t testing.TB, d *db.DB) {
	t.Helper()
	must(t, d, `
		CREATE TABLE things (
			id    BIGINT PRIMARY KEY,
			name  TEXT   NOT NULL DEFAULT '' UNIQUE,
			count BIGINT NOT NULL DEFAULT 0 CHECK (count >= 0),
			on_   BOOLEAN NOT NULL DEFAULT FALSE,
			of    BIGINT REFERENCES things (id),
			blob  BYTEA -- postgres
			blob  BLOB -- sqlite
		)`)
}

// $N is bound by its number, wherever and however often it stands.
func TestPlaceholdersAreBoundByNumber(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		var a, b, c, e int64
		err := d.QueryRow(t.Context(), `SELECT CAST($3 AS BIGINT), CAST($1 AS BIGINT), CAST($2 AS BIGINT), $3 - $1`, 10, 20, 35).Scan(&a, &b, &c, &e)
		if err != nil {
			t.Fatal(err)
		}
		if got := []int64{a, b, c, e}; !slices.Equal(got, []int64{35, 10, 20, 25}) {
			t.Errorf("%v", got)
		}
		// Beyond nine, where $1 is also the beginning of $12.
		args := make([]any, 12)
		for i := range args {
			args[i] = i + 1
		}
		got := ask[int64](t, d, `SELECT CAST($12 AS BIGINT) UNION ALL SELECT CAST($1 AS BIGINT) UNION ALL
			SELECT CAST($2 AS BIGINT)+$3+$4+$5+$6+$7+$8+$9+$10+$11`, args...)
		if !slices.Equal(got, []int64{12, 1, 65}) {
			t.Errorf("%v", got)
		}
	})
}

func TestLists(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		table(t, d)
		names := []string{"", "O'Reilly", `"quoted"`, "[1]", "Ўзбек\n", "null"}
		for i, name := range names {
			must(t, d, `INSERT INTO things (id, name) VALUES ($1, $2)`, i, name)
		}
		const byName = `SELECT id FROM things WHERE name IN ($1...) ORDER BY id`
		if got := ask[int64](t, d, byName, db.Texts(names)); !slices.Equal(got, []int64{0, 1, 2, 3, 4, 5}) {
			t.Errorf("all names: %v", got)
		}
		if got := ask[int64](t, d, byName, db.Texts{"O'Reilly", "none"}); !slices.Equal(got, []int64{1}) {
			t.Errorf("one name: %v", got)
		}
		for _, empty := range []db.Texts{nil, {}} {
			if got := ask[int64](t, d, byName, empty); got != nil {
				t.Errorf("no names: %v", got)
			}
			if got := ask[int64](t, d, `SELECT COUNT(*) FROM things WHERE NOT name IN ($1...)`, empty); got[0] != 6 {
				t.Errorf("%d are not among no names, want all", got[0])
			}
		}
		// Twice in one text, beside other arguments.
		const by = `SELECT id FROM things WHERE id IN ($2...) AND id < $1 AND (id + 1 IN ($2...) OR name IN ($3...)) ORDER BY id`
		if got := ask[int64](t, d, by, 5, db.Int64s{1, 2, 4, 5}, db.Texts{"Ўзбек\n"}); !slices.Equal(got, []int64{1, 4}) {
			t.Errorf("%v", got)
		}
		if got := ask[int64](t, d, by, 5, db.Int64s(nil), db.Texts(nil)); got != nil {
			t.Errorf("%v", got)
		}
		if n := must(t, d, `DELETE FROM things WHERE id IN ($1...)`, db.Int64s{0, 1, 1, 99}); n != 2 {
			t.Errorf("%d deleted, want 2", n)
		}
		many := make(db.Int64s, 100_000)
		for i := range many {
			many[i] = int64(i)
		}
		if got := ask[int64](t, d, `SELECT COUNT(*) FROM things WHERE id IN ($1...)`, many); got[0] != 4 {
			t.Errorf("%d of a long list", got[0])
		}
	})
}

func TestLinesOfTheOtherEngineAreDropped(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		got := ask[string](t, d, `
			SELECT 'sqlite' -- sqlite
			SELECT 'postgres' -- postgres
			`)
		if got[0] != d.String() || d.Postgres() != (got[0] == "postgres") {
			t.Errorf("ran the line of %s on %s", got[0], d)
		}
	})
}

func TestBatchRunsInOrderUpToTheFirstFailure(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		table(t, d)
		must(t, d, `INSERT INTO things (id, name, count) VALUES (1, 'a', 5)`)
		count := func(b *db.Batch, to *[]int64) {
			b.Query(func(r *db.Rows) error {
				var n int64
				err := r.Scan(&n)
				*to = append(*to, n)
				return err
			}, `SELECT count FROM things ORDER BY id`)
		}

		var before, between, after []int64
		write(t, d, func(ctx context.Context, tx *db.Tx) error {
			before, between, after = nil, nil, nil
			var b, more db.Batch
			if !b.Empty() {
				t.Error("a new batch is not empty")
			}
			count(&b, &before)
			b.Guard(`UPDATE things SET count = count - $2 WHERE id = $1 AND count >= $2`, 1, 4)
			count(&b, &between)
			more.Exec(`UPDATE things SET count = count + 10`)
			more.Exec(`UPDATE things SET count = 0 WHERE id = 99`) // changes nothing, and may
			b.Append(&more)
			count(&b, &after)
			return tx.Run(ctx, &b)
		})
		if diff := cmp.Diff([][]int64{{5}, {1}, {11}}, [][]int64{before, between, after}); diff != "" {
			t.Error(diff)
		}

		reached := false
		err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			var b db.Batch
			b.Exec(`UPDATE things SET count = 100`)
			b.Guard(`UPDATE things SET count = count - $2 WHERE id = $1 AND count >= $2`, 1, 101)
			b.Query(func(*db.Rows) error { reached = true; return nil }, `SELECT 1`)
			return tx.Run(ctx, &b)
		})
		if !errors.Is(err, db.ErrGuard) || reached {
			t.Errorf("%v, and went on: %t", err, reached)
		}
		stop := errors.New("stop")
		err = d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			var b db.Batch
			b.Query(func(*db.Rows) error { return stop }, `SELECT 1`)
			b.Exec(`UPDATE things SET count = 100`)
			return tx.Run(ctx, &b)
		})
		if !errors.Is(err, stop) {
			t.Errorf("%v, want what the reader of the rows said", err)
		}
		if err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			return tx.Guard(ctx, `UPDATE things SET count = 1`)
		}); err != nil {
			t.Error(err)
		}
		if err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			return tx.Guard(ctx, `UPDATE things SET count = 2 WHERE id = 2`)
		}); !errors.Is(err, db.ErrGuard) {
			t.Error(err)
		}
		if got := ask[int64](t, d, `SELECT count FROM things`); got[0] != 1 {
			t.Errorf("count %d, want 1", got[0])
		}

		// Outside of a transaction, for reading.
		var outside []int64
		var b db.Batch
		if err := d.Run(t.Context(), &b); err != nil {
			t.Error(err)
		}
		count(&b, &outside)
		count(&b, &outside)
		if err := d.Run(t.Context(), &b); err != nil || len(outside) != 2 {
			t.Errorf("%v, %v", outside, err)
		}
	})
}

// What was started is there when it is waited for, and costs nobody the database when it
// is not.
func TestStartedBatch(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		table(t, d)
		given := errors.New("given up")
		for range 20 { // more often than there are connections
			if err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				var b db.Batch
				b.Exec(`INSERT INTO things (id, name, count) VALUES (1, 'a', 5)`)
				tx.Start(ctx, &b)
				return given
			}); !errors.Is(err, given) {
				t.Fatal(err)
			}
		}
		var sum int64
		write(t, d, func(ctx context.Context, tx *db.Tx) error {
			var b db.Batch
			b.Exec(`INSERT INTO things (id, name, count) VALUES (2, 'b', 2)`)
			b.Query(func(r *db.Rows) error { return r.Scan(&sum) }, `SELECT SUM(count) FROM things`)
			finish := tx.Start(ctx, &b)
			if sum != 0 {
				t.Error("answers before they are waited for")
			}
			return finish()
		})
		if sum != 2 {
			t.Errorf("the sum is %d, want 2", sum)
		}
	})
}

func TestInsertOfAnySize(t *testing.T) {
	t.Parallel()
	things := db.NewTable("things", "id", "name", "count", "on_", "of", "blob")
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		table(t, d)
		from := 0
		rows := func(n int) (rows [][]any) {
			for range n {
				id := int64(from)
				var of *int64
				if from%3 == 1 {
					one := id - 1
					of = &one
				}
				rows = append(rows, []any{id, fmt.Sprint("имя ", from), id * 2, from%2 == 0, of, []byte{0, byte(from)}})
				from++
			}
			return rows
		}
		for _, n := range []int{0, 1, 2, 3, 4, 5, 15, 16, 17, 63, 64, 65, 127, 150, 511, 512, 513, 2000} {
			batch, direct := rows(n), rows(n)
			write(t, d, func(ctx context.Context, tx *db.Tx) error {
				var b db.Batch
				b.Insert(things, batch)
				if err := tx.Run(ctx, &b); err != nil {
					return err
				}
				return tx.Insert(ctx, things, direct)
			})
			if got := ask[int64](t, d, `SELECT COUNT(*) FROM things`); got[0] != int64(from) {
				t.Fatalf("%d rows after %d more, want %d", got[0], 2*n, from)
			}
		}
		const wrong = `
			SELECT COUNT(*) FROM things
			 WHERE count <> id * 2 OR on_ <> (id % 2 = 0) OR name <> 'имя ' || id OR (of IS NULL) <> (id % 3 <> 1) OR of <> id - 1`
		if got := ask[int64](t, d, wrong); got[0] != 0 {
			t.Errorf("%d rows are not what was inserted", got[0])
		}
		if got := ask[[]byte](t, d, `SELECT blob FROM things WHERE id = 1027`); !slices.Equal(got[0], []byte{0, 3}) {
			t.Errorf("blob %v", got[0])
		}

		// One that fails inserts nothing, and says why.
		again := rows(600)
		again[599][0] = int64(0)
		err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error { return tx.Insert(ctx, things, again) })
		if !errors.Is(err, db.ErrUnique) {
			t.Errorf("%v, want %v", err, db.ErrUnique)
		}
		if got := ask[int64](t, d, `SELECT MAX(id) FROM things`); got[0] != again[0][0].(int64)-1 {
			t.Errorf("%d is there", got[0])
		}
	})

	defer func() {
		if p := recover(); p == nil || !strings.Contains(fmt.Sprint(p), "1 values for the 6 columns of things") {
			t.Errorf("a row that is too short: %v", p)
		}
	}()
	new(db.Batch).Insert(things, [][]any{{1}})
}

func TestTryUndoesOnlyItself(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		table(t, d)
		sorry := errors.New("sorry")
		write(t, d, func(ctx context.Context, tx *db.Tx) error {
			put := func(id int) error {
				_, err := tx.Exec(ctx, `INSERT INTO things (id, name) VALUES ($1, $2)`, id, fmt.Sprint(id))
				return err
			}
			if err := put(1); err != nil {
				return err
			}
			// The database refuses.
			if err := tx.Try(ctx, func() error { return errors.Join(put(2), put(1)) }); !errors.Is(err, db.ErrUnique) {
				t.Errorf("%v, want %v", err, db.ErrUnique)
			}
			// We refuse, inside of what succeeds.
			if err := tx.Try(ctx, func() error {
				if err := put(3); err != nil {
					return err
				}
				if err := tx.Try(ctx, func() error { return errors.Join(put(4), sorry) }); !errors.Is(err, sorry) {
					t.Errorf("%v, want %v", err, sorry)
				}
				return put(5)
			}); err != nil {
				t.Error(err)
			}
			return put(6)
		})
		if got := ask[int64](t, d, `SELECT id FROM things ORDER BY id`); !slices.Equal(got, []int64{1, 3, 5, 6}) {
			t.Errorf("%v", got)
		}
	})
}

func TestBrokenRulesAreClassified(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		table(t, d)
		must(t, d, `INSERT INTO things (id, name, count) VALUES (1, 'a', 5)`)
		tests := map[string]struct {
			text string
			want error
		}{
			"primary key": {`INSERT INTO things (id, name) VALUES (1, 'b')`, db.ErrUnique},
			"unique":      {`INSERT INTO things (id, name) VALUES (2, 'a')`, db.ErrUnique},
			"check":       {`UPDATE things SET count = count - 6`, db.ErrCheck},
			"foreign key": {`INSERT INTO things (id, name, of) VALUES (2, 'b', 3)`, db.ErrCheck},
			"not null":    {`UPDATE things SET name = NULL`, db.ErrCheck},
		}
		for name, tt := range tests {
			_, err := d.Exec(t.Context(), tt.text)
			if !errors.Is(err, tt.want) {
				t.Errorf("%s: %v, want %v", name, err, tt.want)
			}
			if err == nil || !strings.Contains(err.Error(), "onstraint") {
				t.Errorf("%s: %v does not say for the log what the engine said", name, err)
			}
		}
		if got := ask[int64](t, d, `SELECT count FROM things`); !slices.Equal(got, []int64{5}) {
			t.Errorf("%v", got)
		}
		var n int
		if err := d.QueryRow(t.Context(), `SELECT id FROM things WHERE id = 7`).Scan(&n); !errors.Is(err, db.ErrNoRows) {
			t.Errorf("no row: %v", err)
		}
		if _, err := d.Exec(t.Context(), `SELEKT`); err == nil || errs.KindOf(err) != errs.Internal {
			t.Errorf("our own mistake: %v", err)
		}
	})
}

// A transaction ends, whatever becomes of the function in it.
func TestTransactionsEnd(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		table(t, d)
		for range 3 * 4 { // more than there are connections
			func() {
				defer func() {
					if p := recover(); p != "no such shelf" {
						t.Errorf("recovered %v", p)
					}
				}()
				_ = d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
					if _, err := tx.Exec(ctx, `INSERT INTO things (id) VALUES (1)`); err != nil {
						t.Error(err)
					}
					panic("no such shelf")
				})
			}()
			func() {
				defer func() { _ = recover() }()
				_ = d.Read(t.Context(), func(context.Context, *db.Tx) error { panic("no such shelf") })
			}()
			_ = d.QueryRow(t.Context(), `SELECT 1`).Scan(new(struct{})) // cannot be scanned
			rows, err := d.Query(t.Context(), `SELECT 1 UNION ALL SELECT 2`)
			if err != nil {
				t.Fatal(err)
			}
			rows.Next()
			rows.Close()
			rows.Close()
		}
		if got := ask[int64](t, d, `SELECT COUNT(*) FROM things`); got[0] != 0 {
			t.Errorf("%d rows of transactions that panicked", got[0])
		}
		must(t, d, `INSERT INTO things (id) VALUES (1)`)
		if s := d.Stats(); s.Busy != 0 || s.Writing || s.Conns == 0 {
			t.Errorf("%+v when nothing runs", s)
		}
	})
}

func TestReadSeesOneMoment(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		table(t, d)
		err := d.Read(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			var before, after int
			if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM things`).Scan(&before); err != nil {
				return err
			}
			must(t, d, `INSERT INTO things (id) VALUES (1)`)
			if err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM things`).Scan(&after); err != nil {
				return err
			}
			if before != 0 || after != 0 {
				t.Errorf("%d, then %d", before, after)
			}
			if _, err := tx.Exec(ctx, `INSERT INTO things (id) VALUES (2)`); err == nil {
				t.Error("a reader wrote")
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// Readers are answered while a transaction writes, and see what was before.
func TestReadersDoNotWaitForTheWriter(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		table(t, d)
		write(t, d, func(ctx context.Context, tx *db.Tx) error {
			if _, err := tx.Exec(ctx, `INSERT INTO things (id) VALUES (1)`); err != nil {
				return err
			}
			for range 20 {
				if got := ask[int64](t, d, `SELECT COUNT(*) FROM things`); got[0] != 0 {
					t.Errorf("%d rows before the commit", got[0])
				}
			}
			return nil
		})
		if got := ask[int64](t, d, `SELECT COUNT(*) FROM things`); got[0] != 1 {
			t.Errorf("%d rows after the commit", got[0])
		}
	})
}

func TestConcurrentWritesAllCount(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		table(t, d)
		must(t, d, `INSERT INTO things (id, name) VALUES (1, 'a'), (2, 'b')`)
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				for range 25 {
					if _, err := d.Exec(t.Context(), `UPDATE things SET count = count + 1`); err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		if got := ask[int64](t, d, `SELECT count FROM things`); !slices.Equal(got, []int64{200, 200}) {
			t.Errorf("%v", got)
		}
	})
}

// Who gives up while waiting is not kept waiting, and the database goes on.
func TestCancelled(t *testing.T) {
	t.Parallel()
	const forever = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT COUNT(*) FROM n`
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		var n int64
		if err := d.QueryRow(ctx, forever).Scan(&n); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, want it told that the time is over", err)
		}
		if !d.Postgres() {
			write(t, d, func(context.Context, *db.Tx) error { // holds the only writer
				if _, err := d.Exec(ctx, `SELECT 1`); !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%v, want it told that the time is over", err)
				}
				return nil
			})
		}
		for range 10 {
			if err := d.Ping(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestClosed(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, e dbtest.Engine) {
		cfg := dbtest.Migrated(t, e)
		d, err := db.Open(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		must(t, d, `INSERT INTO settings (name, value) VALUES ('a', 'b')`)
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Exec(t.Context(), `DELETE FROM settings`); !errors.Is(err, db.ErrDown) {
			t.Errorf("write: %v, want %v", err, db.ErrDown)
		}
		if err := d.Ping(t.Context()); !errors.Is(err, db.ErrDown) {
			t.Errorf("read: %v, want %v", err, db.ErrDown)
		}
		if e == dbtest.SQLite {
			if _, err := os.Stat(cfg.Path + "-wal"); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the log is left: %v", err)
			}
		}
		if got := ask[string](t, dbtest.OpenConfig(t, cfg), `SELECT value FROM settings`); got[0] != "b" {
			t.Errorf("%v", got)
		}
	})
}

func TestOpen(t *testing.T) {
	t.Parallel()
	for name, address := range map[string]string{"other database": "mysql://h/x", "no address": "postgres://%zz", "port": "postgres://h:port/x"} {
		if _, err := db.Open(t.Context(), db.Config{URL: address}); errs.KindOf(err) != errs.Invalid {
			t.Errorf("%s: %v, want it refused as invalid", name, err)
		}
	}
	if _, err := db.Open(t.Context(), db.Config{URL: "postgres://u:p@127.0.0.1:1/x"}); !errors.Is(err, db.ErrDown) {
		t.Errorf("nobody listens: %v, want %v", err, db.ErrDown)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("not a database, but long enough to be looked at as one"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Open(t.Context(), db.Config{Path: file}); err == nil {
		t.Error("opened a file that is no database")
	}
	if _, err := db.Open(t.Context(), db.Config{Path: filepath.Join(file, "below", "a file")}); err == nil {
		t.Error("opened below a file")
	}
	// Any folder will do.
	path := filepath.Join(t.TempDir(), "Мой магазин #1 100%?_pragma=x&y", "a b.db")
	d := dbtest.OpenConfig(t, db.Config{Path: path})
	if _, err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 || info.Size() == 0 {
		t.Errorf("%v, %d bytes", info.Mode(), info.Size())
	}
}

// PostgreSQL compiles no statement: it would for some, and take a hundred times as long
// as they do.
func TestNothingIsCompiled(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.Postgres)
	var jit string
	if err := d.QueryRow(t.Context(), `SHOW jit`).Scan(&jit); err != nil || jit != "off" {
		t.Errorf("jit is %q, %v", jit, err)
	}
}
