package db_test

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
)

func TestMigrate(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, e dbtest.Engine) {
		cfg := dbtest.Empty(t, e)
		d, other := dbtest.OpenConfig(t, cfg), dbtest.OpenConfig(t, cfg)
		pending := func(want bool) {
			t.Helper()
			if got, err := other.Pending(t.Context()); err != nil || got != want {
				t.Errorf("pending: %t, %v, want %t", got, err, want)
			}
		}
		pending(true)
		applied, err := d.Migrate(t.Context())
		if err != nil || !slices.Contains(applied, "0001_spine.sql") {
			t.Errorf("applied %v, %v", applied, err)
		}
		pending(false)
		if applied, err := other.Migrate(t.Context()); err != nil || len(applied) != 0 {
			t.Errorf("applied again: %v, %v", applied, err)
		}
	})
}

// The indexes that the migrations' text names are those that it makes.
func TestMadeIndexesAreBuilt(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		err := d.Read(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			made, err := tx.MigratedIndexes()
			if err != nil {
				return err
			}
			built, err := tx.Indexes(ctx)
			if err != nil {
				return err
			}
			maps.DeleteFunc(built, func(name string, _ db.Index) bool { return strings.HasPrefix(name, "goose_") })
			if diff := cmp.Diff(made, built); diff != "" {
				t.Errorf("made and built differ (-made +built):\n%s", diff)
			}
			triggers, err := tx.Triggers(ctx)
			if len(triggers) != 0 {
				t.Errorf("triggers: %v", triggers)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}

// No table takes a value of another type than its column's: what reads it would
// fail, and verify with it.
func TestValuesOfTheWrongTypeAreRefused(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		for _, sql := range []string{
			`INSERT INTO products (id, sku, name, name_key, created_at, checksum) VALUES (1, 'P', 'P', 'p', 0, 0)`,
			`INSERT INTO entries (id, customer_id, source, target, points, cause, entity_id, at, recorded_at) VALUES (1, 1, 'issued', 'active', 5, 'earn', 1, 0, 0)`,
			`INSERT INTO receipts (id, source_id, kind, number, fingerprint, store_id, sold_at, recorded_at, gross, total) VALUES (1, 1, 'sale', '1', '', 1, 0, 0, 5, 5)`,
		} {
			if n, err := d.Exec(t.Context(), sql); n != 1 || err != nil {
				t.Fatal(sql, n, err)
			}
		}
		for _, sql := range []string{
			`UPDATE receipts SET total = 'abc'`,
			`UPDATE receipts SET imported = 1000000`,
			`UPDATE products SET active = 2`,
			`UPDATE entries SET points = 'many'`,
		} {
			if _, err := d.Exec(t.Context(), sql); err == nil {
				t.Errorf("%s: taken", sql)
			}
		}
		var loose int
		const tables = `
			SELECT COUNT(*) FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND strict = 0 AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose_%' -- sqlite
			SELECT 0 -- postgres`
		if err := d.QueryRow(t.Context(), tables).Scan(&loose); err != nil || loose != 0 {
			t.Errorf("%d tables take values of any type, %v", loose, err)
		}
	})
}

// The tables are the same on both engines, column by column, but for what they
// number themselves, and the order of events, which is that of ids on SQLite.
func TestBothEnginesHaveTheSameTables(t *testing.T) {
	t.Parallel()
	const (
		inSQLite = `
			SELECT t.name || '.' || c.name || CASE WHEN c."notnull" = 1 OR c.pk > 0 THEN ' not null' ELSE '' END
			  FROM sqlite_schema t, pragma_table_info(t.name) c
			 WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' AND t.name NOT LIKE 'goose_%'
			 ORDER BY 1`
		inPostgres = `
			SELECT table_name || '.' || column_name || CASE WHEN is_nullable = 'NO' THEN ' not null' ELSE '' END COLLATE "C"
			  FROM information_schema.columns
			 WHERE table_schema = 'public' AND table_name NOT LIKE 'goose_%'
			 ORDER BY 1`
		indexesInSQLite   = `SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL AND name NOT LIKE 'goose_%' ORDER BY 1`
		indexesInPostgres = `
			SELECT CAST(indexname AS TEXT) COLLATE "C" FROM pg_indexes
			 WHERE schemaname = 'public' AND indexname NOT LIKE '%_pkey' AND indexname NOT LIKE '%_key' AND indexname NOT LIKE 'goose_%'
			 ORDER BY 1`
	)
	lite, pg := dbtest.Open(t, dbtest.SQLite), dbtest.Open(t, dbtest.Postgres)
	if diff := cmp.Diff(ask[string](t, lite, inSQLite), ask[string](t, pg, inPostgres)); diff != "" {
		t.Errorf("columns of SQLite (-) and PostgreSQL (+): %s", diff)
	}
	if diff := cmp.Diff(ask[string](t, lite, indexesInSQLite), ask[string](t, pg, indexesInPostgres)); diff != "" {
		t.Errorf("indexes of SQLite (-) and PostgreSQL (+): %s", diff)
	}
}

// The driver of SQLite is C that was translated against one version of a
// library, and only works with that one.
func TestLibcIsTheOneThatSQLiteWasBuiltWith(t *testing.T) {
	t.Parallel()
	module := func(path string) (m struct{ Version, GoMod string }) {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), "go", "list", "-m", "-json", path).Output()
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(out, &m); err != nil {
			t.Fatal(err)
		}
		return m
	}
	wants, err := os.ReadFile(module("modernc.org/sqlite").GoMod)
	if err != nil {
		t.Fatal(err)
	}
	want := regexp.MustCompile(`modernc\.org/libc (v\S+)`).FindSubmatch(wants)
	if want == nil {
		t.Fatal("modernc.org/sqlite does not say which modernc.org/libc it was built with")
	}
	if got := module("modernc.org/libc").Version; got != string(want[1]) {
		t.Errorf("modernc.org/libc is %s, but modernc.org/sqlite was built with %s: go get modernc.org/libc@%s", got, want[1], want[1])
	}
}
