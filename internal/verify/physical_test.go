package verify_test

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/programme"
	"regulars/internal/verify"
)

// Bytes that change on the disk are seen, also where only an index has them
// and every query by the table answers well.
func TestFlippedBytesAreNamed(t *testing.T) {
	t.Parallel()
	cfg := dbtest.Migrated(t, dbtest.SQLite)
	d := dbtest.OpenConfig(t, cfg)
	newChain(t, d, rules(programme.Lifetime, programme.ClawbackRefund, 14)).fill()
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole.db")
	plain, err := sql.Open("sqlite", cfg.Path)
	must(t, err)
	_, err = plain.ExecContext(t.Context(), `VACUUM INTO ?`, whole)
	must(t, errors.Join(err, plain.Close()))
	for _, name := range []string{"entries_customer", "identifiers_tail", "receipts_number", "customers_first"} {
		t.Run(name, func(t *testing.T) {
			broken := filepath.Join(t.TempDir(), "broken.db")
			text, err := os.ReadFile(whole)
			must(t, err)
			flip(t, whole, name, text)
			must(t, os.WriteFile(broken, text, 0o600))
			d, err := db.Open(t.Context(), db.Config{Path: broken})
			must(t, err)
			report, err := verify.Run(t.Context(), d, verify.Options{TempDir: t.TempDir()})
			must(t, errors.Join(err, d.Close()))
			if report.Broken[verify.Physical] == 0 || len(report.Notes) != 1 {
				t.Errorf("not named: %v", report.Broken)
			}
		})
	}
}

// flip changes bytes of a key in the first leaf of an index.
func flip(t *testing.T, path, index string, text []byte) {
	t.Helper()
	plain, err := sql.Open("sqlite", path)
	must(t, err)
	defer func() { must(t, plain.Close()) }()
	var size, page int
	must(t, plain.QueryRowContext(t.Context(), `PRAGMA page_size`).Scan(&size))
	must(t, plain.QueryRowContext(t.Context(), `SELECT rootpage FROM sqlite_schema WHERE name = ?`, index).Scan(&page))
	const interior = 2
	for text[(page-1)*size] == interior {
		page = int(binary.BigEndian.Uint32(text[(page-1)*size+8:]))
	}
	for i := page*size - 8; i < page*size-4; i++ {
		text[i] ^= 0x11
	}
}

// On PostgreSQL indexes are checked where that can be done; where not, it is
// said.
func TestIndexesOfPostgres(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.Postgres)
	report := expectClean(t, d)
	if len(report.Notes) != 1 || !strings.Contains(report.Notes[0], "amcheck") {
		t.Errorf("it says %q", report.Notes)
	}
	err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		if _, err := tx.Exec(ctx, `CREATE EXTENSION amcheck`); err != nil {
			return err
		}
		report, err := verify.RunTx(ctx, tx, verify.Options{TempDir: t.TempDir()})
		if err == nil && (len(report.Notes) != 0 || !report.Clean()) {
			err = fmt.Errorf("it says %q and finds %v", report.Notes, report.Findings)
		}
		return err
	})
	if err != nil && strings.Contains(err.Error(), "amcheck.control") {
		t.Log("the server comes without amcheck")
	} else {
		must(t, err)
	}
}
