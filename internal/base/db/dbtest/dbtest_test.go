package dbtest_test

import (
	"slices"
	"testing"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
)

const (
	put   = `INSERT INTO settings (name, value) VALUES ('a', 'b')`
	count = `SELECT count(*) FROM settings`
)

// Two tests never see each other's rows, on either engine.
func TestOpenGivesEachTestItsOwn(t *testing.T) {
	t.Parallel()
	var engines []string
	t.Run("engines", func(t *testing.T) {
		t.Parallel()
		seen := make(chan string, 2)
		t.Cleanup(func() {
			close(seen)
			for e := range seen {
				engines = append(engines, e)
			}
			if slices.Sort(engines); !slices.Equal(engines, []string{"postgres", "sqlite"}) {
				t.Errorf("ran on %v, want both engines", engines)
			}
		})
		dbtest.Run(t, func(t *testing.T, d *db.DB) {
			e := dbtest.Engine(d.String())
			seen <- d.String()
			other := dbtest.Open(t, e)
			if _, err := d.Exec(t.Context(), put); err != nil {
				t.Fatal(err)
			}
			for want, d := range map[int64]*db.DB{1: d, 0: other} {
				var n int64
				if err := d.QueryRow(t.Context(), count).Scan(&n); err != nil {
					t.Fatal(err)
				}
				if n != want {
					t.Errorf("%d rows, want %d", n, want)
				}
			}
		})
	})
}

// A migrated database can be opened twice, as by two processes, and is at the
// version that Migrate would bring it to; an empty one has all before it.
func TestMigratedAndEmpty(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, e dbtest.Engine) {
		cfg := dbtest.Migrated(t, e)
		one, two := dbtest.OpenConfig(t, cfg), dbtest.OpenConfig(t, cfg)
		if _, err := one.Exec(t.Context(), put); err != nil {
			t.Fatal(err)
		}
		var n int64
		if err := two.QueryRow(t.Context(), count).Scan(&n); err != nil || n != 1 {
			t.Errorf("the second sees %d rows, %v, want 1", n, err)
		}
		if applied, err := two.Migrate(t.Context()); err != nil || len(applied) != 0 {
			t.Errorf("Migrate applied %v, %v, want nothing left to do", applied, err)
		}

		empty := dbtest.OpenConfig(t, dbtest.Empty(t, e))
		if applied, err := empty.Migrate(t.Context()); err != nil || len(applied) == 0 {
			t.Errorf("Migrate of an empty database applied %v, %v, want all", applied, err)
		}
	})
}

// What a new database costs each test.
func BenchmarkMigrated(b *testing.B) {
	for _, e := range []dbtest.Engine{dbtest.SQLite, dbtest.Postgres} {
		b.Run(string(e), func(b *testing.B) {
			dbtest.Open(b, e) // the template is made once
			for b.Loop() {
				dbtest.Open(b, e)
			}
		})
	}
}
