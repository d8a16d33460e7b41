package db

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"regulars/internal/base/errs"
)

// Copied is a table as it is copied out of a database and into another, by
// either engine: as PostgreSQL's COPY writes text, a row a line.
type Copied struct {
	Table   string
	Columns []string
}

var errCopied = errors.New("db: this is not a table as it is copied")

// Tables lists all tables of the program, each after those it refers to.
func (tx *Tx) Tables(ctx context.Context) (list []Copied, err error) {
	const columns = `
		SELECT t.name, c.name -- sqlite
		  FROM pragma_table_list t, pragma_table_info(t.name) c -- sqlite
		 WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND t.name NOT LIKE 'goose_%' -- sqlite
		 ORDER BY t.name, c.cid -- sqlite
		SELECT CAST(t.relname AS TEXT), CAST(c.attname AS TEXT) -- postgres
		  FROM pg_class t JOIN pg_attribute c ON c.attrelid = t.oid -- postgres
		 WHERE t.relnamespace = current_schema()::regnamespace AND t.relkind = 'r' AND t.relname NOT LIKE 'goose_%' -- postgres
		       AND c.attnum > 0 AND NOT c.attisdropped -- postgres
		 ORDER BY t.relname, c.attnum -- postgres`
	rows, err := tx.Query(ctx, columns)
	err = Scan(rows, err, func(r *Rows) error {
		var table, column string
		if err := r.Scan(&table, &column); err != nil {
			return err
		}
		if len(list) == 0 || list[len(list)-1].Table != table {
			list = append(list, Copied{Table: table})
		}
		last := &list[len(list)-1]
		last.Columns = append(last.Columns, column)
		return nil
	})
	if err != nil {
		return nil, err
	}
	parents := map[string][]string{}
	const references = `
		SELECT t.name, f."table" FROM pragma_table_list t, pragma_foreign_key_list(t.name) f WHERE t.schema = 'main' -- sqlite
		SELECT CAST(t.relname AS TEXT), CAST(p.relname AS TEXT) -- postgres
		  FROM pg_constraint f JOIN pg_class t ON t.oid = f.conrelid JOIN pg_class p ON p.oid = f.confrelid -- postgres
		 WHERE f.contype = 'f' AND t.relnamespace = current_schema()::regnamespace -- postgres`
	rows, err = tx.Query(ctx, references)
	err = Scan(rows, err, func(r *Rows) error {
		var table, parent string
		err := r.Scan(&table, &parent)
		if table != parent {
			parents[table] = append(parents[table], parent)
		}
		return err
	})
	return parentsFirst(list, parents), err
}

// parentsFirst puts tables after those they refer to, by their names otherwise.
func parentsFirst(list []Copied, parents map[string][]string) (sorted []Copied) {
	placed := map[string]bool{}
	for len(list) > 0 {
		ready := slices.IndexFunc(list, func(c Copied) bool {
			return !slices.ContainsFunc(parents[c.Table], func(p string) bool { return !placed[p] })
		})
		ready = max(ready, 0) // a circle, which only a load that is deferred can break
		placed[list[ready].Table] = true
		sorted = append(sorted, list[ready])
		list = slices.Delete(list, ready, ready+1)
	}
	return sorted
}

// Version is that of the last migration that was applied.
func (tx *Tx) Version(ctx context.Context) (version int64, err error) {
	err = tx.QueryRow(ctx, `SELECT COALESCE(MAX(version_id), 0) FROM goose_db_version WHERE is_applied`).Scan(&version)
	return version, err
}

// CopyOut writes all rows of a table.
func (tx *Tx) CopyOut(ctx context.Context, c Copied, w io.Writer) (err error) {
	defer errs.Wrap(&err, "copy %s out", c.Table)
	if tx.pg != nil {
		_, err := tx.pg.Conn().PgConn().CopyTo(ctx, w, "COPY "+c.Table+" ("+strings.Join(c.Columns, ", ")+") TO STDOUT")
		return classify(err)
	}
	values, fields := make([]any, len(c.Columns)), make([]any, len(c.Columns))
	for i := range values {
		fields[i] = &values[i]
	}
	var line []byte
	rows, err := tx.Query(ctx, "SELECT "+strings.Join(c.Columns, ", ")+" FROM "+c.Table)
	return Scan(rows, err, func(r *Rows) error {
		if err := r.Scan(fields...); err != nil {
			return err
		}
		line = line[:0]
		for i, v := range values {
			if i > 0 {
				line = append(line, '\t')
			}
			switch v := v.(type) {
			case nil:
				line = append(line, `\N`...)
			case int64:
				line = strconv.AppendInt(line, v, 10)
			case string:
				line = append(line, escape.Replace(v)...)
			default:
				return fmt.Errorf("%w: a %T in %s.%s", errCopied, v, c.Table, c.Columns[i])
			}
		}
		_, err := w.Write(append(line, '\n'))
		return err
	})
}

var escape = strings.NewReplacer(`\`, `\\`, "\b", `\b`, "\f", `\f`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "\v", `\v`)

// CopyIn adds the rows that CopyOut wrote to a table, on whatever engine. Its
// transaction need not respect references before it ends on SQLite; on PostgreSQL
// tables come in the order of Tables.
func (tx *Tx) CopyIn(ctx context.Context, c Copied, r io.Reader) (err error) {
	defer errs.Wrap(&err, "copy %s in", c.Table)
	if tx.lite != nil {
		return tx.copyInLite(ctx, c, r)
	}
	if _, err := tx.pg.Conn().PgConn().CopyFrom(ctx, r, "COPY "+c.Table+" ("+strings.Join(c.Columns, ", ")+") FROM STDIN"); err != nil {
		return classify(err)
	}
	var own []string // columns that the server numbers itself go on after the last
	const identities = `
		SELECT CAST(attname AS TEXT) FROM pg_attribute
		 WHERE attrelid = (current_schema() || '.' || $1)::regclass AND attidentity <> '' AND NOT attisdropped`
	rows, err := tx.Query(ctx, identities, c.Table)
	err = Scan(rows, err, func(r *Rows) error {
		var name string
		err := r.Scan(&name)
		own = append(own, name)
		return err
	})
	for _, name := range own {
		if err == nil {
			_, err = tx.Exec(ctx, "SELECT setval(pg_get_serial_sequence($1, $2), COALESCE((SELECT MAX("+name+") FROM "+c.Table+"), 0) + 1, FALSE)", c.Table, name)
		}
	}
	return err
}

// insertRows are inserted into SQLite together.
const insertRows = 512

func (tx *Tx) copyInLite(ctx context.Context, c Copied, from io.Reader) error {
	if _, err := tx.Exec(ctx, `PRAGMA defer_foreign_keys = 1`); err != nil {
		return err
	}
	numbers := make([]bool, len(c.Columns))
	rows, err := tx.Query(ctx, `SELECT name, type FROM pragma_table_info($1)`, c.Table)
	err = Scan(rows, err, func(r *Rows) error {
		var name, kind string
		err := r.Scan(&name, &kind)
		if i := slices.Index(c.Columns, name); i >= 0 {
			numbers[i] = kind == "INTEGER"
		}
		return err
	})
	if err != nil {
		return err
	}
	table, lines := NewTable(c.Table, c.Columns...), bufio.NewReaderSize(from, 1<<16)
	batch := make([][]any, 0, insertRows)
	for {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return tx.Insert(ctx, table, batch)
		}
		if err != nil {
			return fmt.Errorf("%w: a row of %s is cut off: %w", errCopied, c.Table, err)
		}
		row, err := fieldsOf(line[:len(line)-1], numbers)
		if err != nil {
			return err
		}
		if batch = append(batch, row); len(batch) == insertRows {
			if err := tx.Insert(ctx, table, batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
}

// fieldsOf reads a row; those that are numbers may also be PostgreSQL's true and
// false.
func fieldsOf(line []byte, numbers []bool) ([]any, error) {
	row := make([]any, 0, len(numbers))
	for field := range bytes.SplitSeq(line, []byte("\t")) {
		if len(row) == len(numbers) {
			return nil, fmt.Errorf("%w: a row has more than %d columns", errCopied, len(numbers))
		}
		text := string(field)
		switch {
		case text == `\N`:
			row = append(row, nil)
		case !numbers[len(row)]:
			row = append(row, unescape(text))
		case text == "t":
			row = append(row, int64(1))
		case text == "f":
			row = append(row, int64(0))
		default:
			n, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return nil, fmt.Errorf("%w: %q is no number", errCopied, text)
			}
			row = append(row, n)
		}
	}
	if len(row) < len(numbers) {
		return nil, fmt.Errorf("%w: a row has %d columns of %d", errCopied, len(row), len(numbers))
	}
	return row, nil
}

var escaped = map[byte]byte{'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t', 'v': '\v'}

func unescape(text string) string {
	if strings.IndexByte(text, '\\') < 0 {
		return text
	}
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == '\\' && i+1 < len(text) {
			i++
			if c = text[i]; escaped[c] != 0 {
				c = escaped[c]
			}
		}
		b.WriteByte(c)
	}
	return b.String()
}
