package db

import (
	"testing"
	"time"
)

func TestRewrite(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ text, sqlite, postgres string }{
		"plain": {`SELECT $2, $1`, `SELECT $2, $1`, `SELECT $2, $1`},
		"list": {
			`SELECT 1 WHERE a IN ($1...) AND b IN ($12...) AND c IN ($1, $2)`,
			`SELECT 1 WHERE a IN (SELECT value FROM json_each($1)) AND b IN (SELECT value FROM json_each($12)) AND c IN ($1, $2)`,
			`SELECT 1 WHERE a = ANY($1) AND b = ANY($12) AND c IN ($1, $2)`,
		},
		"lines": {
			"SELECT a -- sqlite\nSELECT b -- postgres\t \n-- told to people\nFROM c -- why -- sqlite\n",
			"SELECT a \n-- told to people\nFROM c -- why \n",
			"SELECT b \n-- told to people\n",
		},
		"the other's only": {
			"SELECT a -- postgres\nFOR UPDATE -- postgres\n", "SELECT 1 WHERE 1 = 0", "SELECT a \nFOR UPDATE \n",
		},
		"not at the end": {
			"SELECT '-- postgres', a", "SELECT '-- postgres', a", "SELECT '-- postgres', a",
		},
	}
	for name, tt := range tests {
		if got := rewrite(sqliteEngine, tt.text); got != tt.sqlite {
			t.Errorf("%s on SQLite: %q, want %q", name, got, tt.sqlite)
		}
		if got := rewrite(postgresEngine, tt.text); got != tt.postgres {
			t.Errorf("%s on PostgreSQL: %q, want %q", name, got, tt.postgres)
		}
	}
}

func TestTimes(t *testing.T) {
	t.Parallel()
	if Micros(time.Time{}) != nil {
		t.Error("the zero time is not NULL")
	}
	at := time.Date(1969, 12, 31, 23, 59, 59, 123456789, time.FixedZone("", 3600))
	got := time.Now()
	if err := (Time{&got}).Scan(*Micros(at)); err != nil || !got.Equal(at.Truncate(time.Microsecond)) || got.Location() != time.UTC {
		t.Errorf("%v, %v, want %v", got, err, at)
	}
	if err := (Time{&got}).Scan(nil); err != nil || !got.IsZero() {
		t.Errorf("NULL is %v, %v", got, err)
	}
	if err := (Time{&got}).Scan("2026-11-22"); err == nil {
		t.Error("a text was taken for a time")
	}
}

// The caller's arguments are the caller's: a batch may be run again.
func TestArgumentsStayAsTheyAre(t *testing.T) {
	t.Parallel()
	for name, own := range map[string]func([]any) []any{"SQLite": sqliteArgs, "PostgreSQL": postgresArgs} {
		args := []any{7, Int64s(nil), Texts(nil), Int64s{1}}
		got := own(args)
		if l, ok := args[1].(Int64s); !ok || l != nil {
			t.Errorf("%s made %#v of the caller's list", name, args[1])
		}
		if got[0] != 7 || got[1] == nil || got[2] == nil {
			t.Errorf("%s takes %#v", name, got)
		}
		if plain := []any{1, "a"}; &own(plain)[0] != &plain[0] {
			t.Errorf("%s copies arguments without lists", name)
		}
		if len(own(nil)) != 0 {
			t.Errorf("%s makes arguments of none", name)
		}
	}
}
