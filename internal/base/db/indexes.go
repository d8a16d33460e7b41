package db

import (
	"context"
	"io/fs"
	"regexp"
	"strings"
)

// Index is one that the migrations leave, or that is there.
type Index struct {
	Table, Name string
	Unique      bool
}

var (
	createTable = regexp.MustCompile(`^CREATE TABLE (\w+) \(`)
	createIndex = regexp.MustCompile(`^CREATE (UNIQUE )?INDEX (\w+) ON (\w+)`)
	dropIndex   = regexp.MustCompile(`^DROP INDEX (\w+)`)
	dropTable   = regexp.MustCompile(`^DROP TABLE (\w+)`)
	column      = regexp.MustCompile(`^\t(\w+) .* (UNIQUE|PRIMARY KEY)\b`)
	together    = regexp.MustCompile(`^\t(UNIQUE|PRIMARY KEY) \(([\w, ]+)\)`)
)

// MigratedIndexes are those that the migrations leave behind, by name. On SQLite
// those of keys that are part of a table are not among them: they cannot be
// dropped.
func (tx *Tx) MigratedIndexes() (map[string]Index, error) {
	names, err := fs.Glob(migrations, "migrations/*.sql") // in order
	if err != nil {
		return nil, err
	}
	e, made := postgresEngine, map[string]Index{}
	if tx.lite != nil {
		e = sqliteEngine
	}
	for _, name := range names {
		text, err := fs.ReadFile(migrations, name)
		if err != nil {
			return nil, err
		}
		table := ""
		for line := range strings.Lines(rewrite(e, string(text))) {
			line, _, _ = strings.Cut(strings.TrimRight(line, "\n"), " --")
			if m := createTable.FindStringSubmatch(line); m != nil {
				table = m[1]
			} else if m := createIndex.FindStringSubmatch(line); m != nil {
				made[m[2]] = Index{Table: m[3], Name: m[2], Unique: m[1] != ""}
			} else if m := dropIndex.FindStringSubmatch(line); m != nil {
				delete(made, m[1])
			} else if m := dropTable.FindStringSubmatch(line); m != nil {
				for name, i := range made {
					if i.Table == m[1] {
						delete(made, name)
					}
				}
			} else if key := keyOf(table, line); key != "" && e == postgresEngine {
				made[key] = Index{Table: table, Name: key, Unique: true}
			}
		}
	}
	return made, nil
}

// keyOf is what PostgreSQL calls the key that a line of a table makes.
func keyOf(table, line string) string {
	kind, columns := "", ""
	if m := together.FindStringSubmatch(line); m != nil {
		kind, columns = m[1], strings.ReplaceAll(m[2], ", ", "_")
	} else if m := column.FindStringSubmatch(line); m != nil {
		columns, kind = m[1], m[2]
	}
	switch kind {
	case "PRIMARY KEY":
		return table + "_pkey"
	case "UNIQUE":
		return table + "_" + columns + "_key"
	}
	return ""
}

// Indexes are those that the tables of the migrations have now, whole and
// in use.
func (tx *Tx) Indexes(ctx context.Context) (built map[string]Index, err error) {
	built = map[string]Index{}
	rows, err := tx.Query(ctx, `
		SELECT tbl_name, name, sql LIKE 'CREATE UNIQUE%' FROM sqlite_schema -- sqlite
		 WHERE type = 'index' AND sql IS NOT NULL -- sqlite
		SELECT t.relname, c.relname, i.indisunique FROM pg_index i -- postgres
		  JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace -- postgres
		 WHERE n.nspname = current_schema() AND i.indisvalid AND i.indisready -- postgres`)
	return built, Scan(rows, err, func(r *Rows) error {
		var i Index
		err := r.Scan(&i.Table, &i.Name, &i.Unique)
		built[i.Name] = i
		return err
	})
}

// Triggers are those on the tables; the migrations make none.
func (tx *Tx) Triggers(ctx context.Context) (list []Index, err error) {
	rows, err := tx.Query(ctx, `
		SELECT tbl_name, name FROM sqlite_schema WHERE type = 'trigger' ORDER BY 1, 2 -- sqlite
		SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace -- postgres
		 WHERE NOT t.tgisinternal AND n.nspname = current_schema() ORDER BY 1, 2 -- postgres`)
	return list, Scan(rows, err, func(r *Rows) error {
		var i Index
		err := r.Scan(&i.Table, &i.Name)
		list = append(list, i)
		return err
	})
}
