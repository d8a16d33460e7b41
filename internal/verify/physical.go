package verify

import (
	"errors"

	"regulars/internal/base/db"
)

// physical has the engine itself look whether its files are whole: rows,
// indexes, and each index against its table.
func (a *audit) physical() {
	a.progress("database", 0)
	postgres := false
	a.look(func(r *db.Rows) error { return r.Scan(&postgres) }, `
		SELECT TRUE -- postgres
		SELECT FALSE -- sqlite`)
	if postgres {
		a.indexes()
		return
	}
	if a.err != nil {
		return
	}
	broken := func(fault string) {
		a.found(Finding{Check: Physical, Table: "database", Row: "PRAGMA integrity_check", Expected: "ok", Found: fault})
	}
	rows, err := a.tx.Query(a.ctx, `PRAGMA integrity_check(100)`)
	err = db.Scan(rows, err, func(r *db.Rows) error {
		var fault string
		err := r.Scan(&fault)
		if err == nil && fault != "ok" {
			broken(fault)
		}
		return err
	})
	switch {
	case a.ctx.Err() != nil:
		a.fail(a.ctx.Err())
	case err != nil:
		broken(err.Error()) // so broken that even the check stops
	}
}

// indexes checks those of PostgreSQL, by the extension that is made for it,
// where it is there.
func (a *audit) indexes() {
	const create = "Indexes were not checked for damage: that takes the extension amcheck (CREATE EXTENSION amcheck) and the right to use it."
	type index struct {
		oid  int64
		name string
	}
	var list []index
	ready := false
	a.look(func(r *db.Rows) error { return r.Scan(&ready) }, `SELECT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'amcheck')`)
	if !ready {
		a.report.Notes = append(a.report.Notes, create)
		return
	}
	a.look(func(r *db.Rows) error {
		var i index
		err := r.Scan(&i.oid, &i.name)
		list = append(list, i)
		return err
	}, `SELECT CAST(c.oid AS BIGINT), c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
	      JOIN pg_am m ON m.oid = c.relam JOIN pg_namespace n ON n.oid = c.relnamespace
	     WHERE m.amname = 'btree' AND n.nspname = current_schema() AND i.indisvalid AND c.relpersistence = 'p' ORDER BY c.relname`)
	for _, i := range list {
		if a.err != nil {
			return
		}
		err := a.tx.Try(a.ctx, func() error {
			rows, err := a.tx.Query(a.ctx, `SELECT CAST(bt_index_check(CAST($1 AS BIGINT)::oid, TRUE) AS TEXT)`, i.oid)
			return db.Scan(rows, err, func(*db.Rows) error { return nil })
		})
		switch {
		case err == nil:
		case a.ctx.Err() != nil, errors.Is(err, db.ErrDown):
			a.fail(err)
		case denied(err):
			a.report.Notes = append(a.report.Notes, create)
			return
		default:
			a.found(Finding{Check: Physical, Table: "database", Row: "index " + i.name, Expected: "an index of its table", Found: err.Error()})
		}
	}
}

// denied tells whether it was the right that was missing.
func denied(err error) bool {
	var state interface{ SQLState() string }
	return errors.As(err, &state) && state.SQLState() == "42501"
}
