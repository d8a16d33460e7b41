package catalog

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/fold"
)

// Failures of legal entities.
var (
	ErrEntityNotFound = errs.New(errs.NotFound, "entity_not_found", "There is no such legal entity.")
	ErrEntityExists   = errs.New(errs.Conflict, "entity_exists", "Another legal entity has this name.")
	ErrTIN            = errs.New(errs.Invalid, "bad_tin", "A taxpayer's number has up to 20 digits.").At("/tin")
)

// Entity is a legal entity: it owns stores and owes the points that they
// issue.
type Entity struct {
	ID   EntityID
	Name string
	TIN  string // taxpayer's number, digits; "": not known
}

// Unnamed reports whether nobody has named it: it is the first, which is made with a
// number for a name.
func (e Entity) Unnamed() bool { return e.Name == e.ID.String() }

// maxTIN is how long a taxpayer's number is anywhere, in digits.
const maxTIN = 20

// clean puts what people wrote in order.
func (e *Entity) clean() error {
	e.Name, e.TIN = fold.Line(e.Name), strings.ReplaceAll(fold.Line(e.TIN), " ", "")
	var wrong errs.List
	wrong.Bound("/name", e.Name, MaxName)
	if e.Name == "" {
		wrong.Add("/name", "required", "is missing")
	}
	if err := wrong.Err(); err != nil {
		return err
	}
	if len(e.TIN) > maxTIN || strings.ContainsFunc(e.TIN, func(r rune) bool { return !unicode.IsDigit(r) }) {
		return ErrTIN
	}
	return nil
}

// Entities gives all legal entities, the oldest first.
func (s *Service) Entities(ctx context.Context) (list []Entity, err error) {
	defer errs.Wrap(&err, "list legal entities")
	rows, err := s.db.Query(ctx, `SELECT id, name, tin FROM entities ORDER BY id`)
	return list, db.Scan(rows, err, func(r *db.Rows) error {
		var e Entity
		err := r.Scan(&e.ID, &e.Name, &e.TIN)
		list = append(list, e)
		return err
	})
}

// newNameTx fails with ErrEntityExists where another legal entity is called what
// people read as the same. Nobody names one until the transaction ends.
func (s *Service) newNameTx(ctx context.Context, tx *db.Tx, e Entity) error {
	if s.db.Postgres() { // on SQLite nobody else writes
		if _, err := tx.Exec(ctx, `LOCK TABLE entities IN SHARE ROW EXCLUSIVE MODE`); err != nil {
			return err
		}
	}
	taken := false
	rows, err := tx.Query(ctx, `SELECT name FROM entities WHERE id <> $1`, int64(e.ID))
	err = db.Scan(rows, err, func(r *db.Rows) error {
		var name string
		err := r.Scan(&name)
		taken = taken || fold.Key(name) == fold.Key(e.Name)
		return err
	})
	if err == nil && taken {
		err = ErrEntityExists.At("/name")
	}
	return err
}

// CreateEntityTx adds a legal entity. It fails with ErrEntityExists.
func (s *Service) CreateEntityTx(ctx context.Context, tx *db.Tx, e Entity) (_ Entity, err error) {
	defer errs.Wrap(&err, "create legal entity")
	if err := e.clean(); err != nil {
		return e, err
	}
	e.ID = EntityID(s.mint.Next())
	if err := s.newNameTx(ctx, tx, e); err != nil {
		return e, err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO entities (id, name, tin) VALUES ($1, $2, $3)`, int64(e.ID), e.Name, e.TIN); err != nil {
		return e, err
	}
	return e, s.tellTx(ctx, tx, EventEntity, int64(e.ID))
}

// UpdateEntityTx changes the name and the number of a legal entity; it fails with
// ErrEntityNotFound or, where it gets another name, ErrEntityExists.
func (s *Service) UpdateEntityTx(ctx context.Context, tx *db.Tx, e Entity) (before, after Entity, err error) {
	defer errs.Wrap(&err, "change legal entity %d", e.ID)
	const read = `
		SELECT id, name, tin FROM entities WHERE id = $1
		FOR NO KEY UPDATE -- postgres`
	err = tx.QueryRow(ctx, read, int64(e.ID)).Scan(&before.ID, &before.Name, &before.TIN)
	if errors.Is(err, db.ErrNoRows) {
		err = ErrEntityNotFound
	}
	if err != nil {
		return before, before, err
	}
	if err := e.clean(); err != nil || e == before {
		return before, before, err
	}
	if fold.Key(e.Name) != fold.Key(before.Name) {
		if err := s.newNameTx(ctx, tx, e); err != nil {
			return before, before, err
		}
	}
	if err := tx.Guard(ctx, `UPDATE entities SET name = $2, tin = $3 WHERE id = $1`, int64(e.ID), e.Name, e.TIN); err != nil {
		return before, before, err
	}
	return before, e, s.tellTx(ctx, tx, EventEntity, int64(e.ID))
}

// Owner is a legal entity that owned a store until a moment.
type Owner struct {
	Store  StoreID
	Entity EntityID
	Until  time.Time
}

// Owners gives who owned a store before, the latest first; of all stores with 0.
func (s *Service) Owners(ctx context.Context, store StoreID) (list []Owner, err error) {
	defer errs.Wrap(&err, "list former owners of store %d", store)
	rows, err := s.db.Query(ctx, `SELECT store_id, entity_id, until FROM store_owners WHERE store_id = $1 OR $1 = 0 ORDER BY until DESC, store_id`, int64(store))
	return list, db.Scan(rows, err, func(r *db.Rows) error {
		var o Owner
		err := r.Scan(&o.Store, &o.Entity, db.Time{Dst: &o.Until})
		list = append(list, o)
		return err
	})
}

// soldTx notes that a store goes from one legal entity to another now: the points
// that the old one issued stay its own.
func (s *Service) soldTx(ctx context.Context, tx *db.Tx, before, after Store) error {
	if err := entityTx(ctx, tx, after.Entity); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `INSERT INTO store_owners (store_id, until, entity_id) VALUES ($1, $2, $3)`, int64(before.ID), s.now().UnixMicro(), int64(before.Entity))
	return err
}

// entityTx fails with ErrEntityNotFound where there is no legal entity of an id.
func entityTx(ctx context.Context, tx *db.Tx, id EntityID) error {
	var known int
	err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM entities WHERE id = $1`, int64(id)).Scan(&known)
	if err == nil && known == 0 {
		err = ErrEntityNotFound.At("/entity")
	}
	return err
}
