package customer

import (
	"context"
	"errors"
	"maps"
	"slices"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/loyalty/catalog"
)

// Failures that callers tell apart.
var (
	ErrTaken             = errs.New(errs.Conflict, "identifier_taken", "Another customer has this already.")
	ErrIdentifierMissing = errs.New(errs.NotFound, "identifier_not_found", "The customer does not have this.")
	ErrTooMany           = errs.New(errs.Conflict, "too_many_identifiers", "The customer has too many of these: remove one first.")
)

// Change changes what is not nil.
type Change struct {
	FirstName, LastName, MiddleName *string
	Sex                             *Sex
	Born, City, Language, Note      *string
	HomeStore                       *catalog.StoreID
	Attributes                      *Attributes // replaces all
	Set                             Attributes  // as attribute.Definitions.Fit gives them: of the rest nothing changes
	Labels                          *[]string   // likewise
}

// LockTx reads a profile, with its identifiers, that can be changed, and locks it. It
// fails with ErrNotFound or ErrGone.
func (s *Service) LockTx(ctx context.Context, tx *db.Tx, id ID) (c Customer, err error) {
	owned := map[ID][]Identifier{}
	var b db.Batch
	b.Query(func(r *db.Rows) (err error) {
		c, err = scan(r)
		return err
	}, `SELECT `+columns+` FROM customers c WHERE c.id = $1
		FOR NO KEY UPDATE -- postgres`, int64(id))
	queueIdentifiers(&b, []ID{id}, owned)
	err = tx.Run(ctx, &b)
	c.Identifiers = owned[id]
	switch {
	case err != nil:
		return c, err
	case c.ID == 0:
		return c, ErrNotFound
	case c.State.Gone():
		return c, ErrGone
	}
	return c, nil
}

// UpdateTx changes a profile and returns it as it was and as it is. It fails
// with ErrNotFound or ErrGone.
func (s *Service) UpdateTx(ctx context.Context, tx *db.Tx, id ID, ch Change) (before, after Customer, err error) {
	defer errs.Wrap(&err, "change customer %d", id)
	if before, err = s.LockTx(ctx, tx, id); err != nil {
		return before, before, err
	}
	after = before
	after.apply(ch)
	var wrong errs.List
	after.clean(&wrong, s.now())
	if err := wrong.Err(); err != nil {
		return before, before, err
	}
	return before, after, s.saveTx(ctx, tx, &before, &after)
}

// apply sets what ch names.
func (c *Customer) apply(ch Change) {
	for _, f := range []struct{ is, to *string }{
		{&c.FirstName, ch.FirstName},
		{&c.LastName, ch.LastName},
		{&c.MiddleName, ch.MiddleName},
		{(*string)(&c.Sex), (*string)(ch.Sex)},
		{&c.Born, ch.Born},
		{&c.City, ch.City},
		{&c.Language, ch.Language},
		{&c.Note, ch.Note},
	} {
		if f.to != nil {
			*f.is = *f.to
		}
	}
	if ch.HomeStore != nil {
		c.HomeStore = *ch.HomeStore
	}
	if ch.Attributes != nil {
		c.Attributes = maps.Clone(*ch.Attributes)
	}
	c.set(ch.Set)
	if ch.Labels != nil {
		c.Labels = *ch.Labels
	}
}

// set gives a profile values that fit; nil takes one away.
func (c *Customer) set(values Attributes) {
	if len(values) == 0 {
		return
	}
	c.Attributes = maps.Clone(c.Attributes)
	if c.Attributes == nil {
		c.Attributes = Attributes{}
	}
	for code, value := range values {
		if value == nil {
			delete(c.Attributes, code)
		} else {
			c.Attributes[code] = value
		}
	}
}

// Changed names the fields in which two states of a profile differ.
func Changed(before, after *Customer) (fields []string) {
	for _, f := range []struct {
		name string
		same bool
	}{
		{"state", before.State == after.State},
		{"first_name", before.FirstName == after.FirstName},
		{"last_name", before.LastName == after.LastName},
		{"middle_name", before.MiddleName == after.MiddleName},
		{"sex", before.Sex == after.Sex},
		{"born", before.Born == after.Born},
		{"city", before.City == after.City},
		{"language", before.Language == after.Language},
		{"attributes", before.Attributes.String() == after.Attributes.String()},
		{"labels", slices.Equal(before.Labels, after.Labels)},
		{"note", before.Note == after.Note},
		{"home_store", before.HomeStore == after.HomeStore},
	} {
		if !f.same {
			fields = append(fields, f.name)
		}
	}
	return fields
}

// saveTx writes a profile that has changed, with the event that says so.
func (s *Service) saveTx(ctx context.Context, tx *db.Tx, before, after *Customer) error {
	fields := Changed(before, after)
	if len(fields) == 0 {
		return nil
	}
	var b db.Batch
	after.queueUpdate(&b)
	changed(&b, after.ID, s.now(), fields...)
	return tx.Run(ctx, &b)
}

// StateTx reads the state of a profile. It fails with ErrNotFound.
func StateTx(ctx context.Context, tx *db.Tx, id ID) (state State, err error) {
	err = tx.QueryRow(ctx, `SELECT state FROM customers WHERE id = $1`, int64(id)).Scan(&state)
	if errors.Is(err, db.ErrNoRows) {
		err = ErrNotFound
	}
	return state, err
}

// SetStateTx blocks a customer or lifts the block, and returns the profile as
// it was and as it is.
func (s *Service) SetStateTx(ctx context.Context, tx *db.Tx, id ID, state State) (before, after Customer, err error) {
	defer errs.Wrap(&err, "make customer %d %s", id, state)
	if state != StateActive && state != StateBlocked {
		return before, after, errs.InvalidField("/state", "unknown_state", "must be active or blocked")
	}
	if before, err = s.LockTx(ctx, tx, id); err != nil {
		return before, before, err
	}
	after = before
	after.State = state
	return before, after, s.saveTx(ctx, tx, &before, &after)
}

// AddIdentifierTx gives a customer an identifier, as it was typed, and returns
// its normal form. One that the customer has already changes nothing; it fails
// with ErrTaken where somebody else has it.
func (s *Service) AddIdentifierTx(ctx context.Context, tx *db.Tx, id ID, kind Kind, raw string) (i Identifier, err error) {
	defer errs.Wrap(&err, "add %s to customer %d", kind, id)
	if i, err = s.Normalize(kind, raw); err != nil {
		e := errs.Of(err)
		return i, e.At("/value")
	}
	c, err := s.LockTx(ctx, tx, id)
	if err != nil {
		return i, err
	}
	for _, own := range c.Identifiers {
		if own == i {
			return i, nil
		}
	}
	if len(c.Identifiers) >= maxIdentifiers {
		return i, ErrTooMany.At("/value")
	}
	err = tx.Try(ctx, func() error {
		return tx.Insert(ctx, identifierTable, [][]any{i.row(id)})
	})
	if errors.Is(err, db.ErrUnique) {
		return i, ErrTaken.At("/value")
	}
	if err != nil {
		return i, err
	}
	var b db.Batch
	if p := (person{Customer: c, added: []Identifier{i}}); i.madeUp() {
		b.Insert(contactTable, p.suspects(s.now()))
	}
	attach(&b, id, share(i.checksum(id)))
	changed(&b, id, s.now(), "identifiers")
	return i, tx.Run(ctx, &b)
}

// RemoveIdentifierTx takes an identifier, in normal form, from a customer. It
// fails with ErrIdentifierMissing.
func (s *Service) RemoveIdentifierTx(ctx context.Context, tx *db.Tx, id ID, i Identifier) (err error) {
	defer errs.Wrap(&err, "remove %s from customer %d", i, id)
	if _, err := s.LockTx(ctx, tx, id); err != nil {
		return err
	}
	const remove = `DELETE FROM identifiers WHERE kind = $1 AND value = $2 AND customer_id = $3`
	n, err := tx.Exec(ctx, remove, string(i.Kind), i.Value, int64(id))
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrIdentifierMissing
	}
	var b db.Batch
	forget(&b, []Identifier{i})
	attach(&b, id, -share(i.checksum(id)))
	changed(&b, id, s.now(), "identifiers")
	return tx.Run(ctx, &b)
}
