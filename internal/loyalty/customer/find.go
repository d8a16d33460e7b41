package customer

import (
	"context"
	"slices"
	"strconv"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/loyalty/catalog"
)

// Known is what an identifier leads to.
type Known struct {
	ID         ID
	State      State
	HomeStore  catalog.StoreID
	Born       string // 1990-12-31, or --12-31; "": not known
	Registered time.Time
	Labels     []string // where it was asked for what a receipt has to know
}

func pointer(base string, i int) string { return base + "/" + strconv.Itoa(i) }

// queue adds to b the reading of profiles, without their identifiers; those
// that exist are in into when b has run.
func (s *Service) queue(b *db.Batch, ids []ID, into map[ID]Customer) {
	b.Query(func(r *db.Rows) error {
		c, err := scan(r)
		into[c.ID] = c
		return err
	}, `SELECT `+columns+` FROM customers c WHERE c.id IN ($1...)`, db.IDs(ids))
}

// BornOn gives active customers whose birthday is on one of some days, "12-31",
// after one of them in the order of ids, up to limit.
func (s *Service) BornOn(ctx context.Context, days []string, after ID, limit int) (list []Known, err error) {
	defer errs.Wrap(&err, "find birthdays")
	const find = `
		SELECT ` + knownColumns + `
		  FROM customers
		 WHERE born <> '' AND substr(born, length(born) - 4) IN ($1...) AND state = 'active' AND id > $2
		 ORDER BY id LIMIT $3`
	rows, err := s.db.Query(ctx, find, db.Texts(days), int64(after), limit)
	return list, db.Scan(rows, err, func(r *db.Rows) error { return appendKnown(r, &list) })
}

// RegisteredBetween gives active customers who registered from one time until
// another, after one of them in the order of ids, up to limit.
func (s *Service) RegisteredBetween(ctx context.Context, from, to time.Time, after ID, limit int) (list []Known, err error) {
	defer errs.Wrap(&err, "find registrations")
	const find = `
		SELECT ` + knownColumns + `
		  FROM customers
		 WHERE registered_at >= $1 AND registered_at < $2 AND state = 'active' AND id > $3
		 ORDER BY id LIMIT $4`
	rows, err := s.db.Query(ctx, find, from.UnixMicro(), to.UnixMicro(), int64(after), limit)
	return list, db.Scan(rows, err, func(r *db.Rows) error { return appendKnown(r, &list) })
}

const knownColumns = `id, state, COALESCE(home_store_id, 0), born, registered_at, labels`

func appendKnown(r *db.Rows, to *[]Known) error {
	var (
		k      Known
		labels string
	)
	err := r.Scan(&k.ID, &k.State, &k.HomeStore, &k.Born, db.Time{Dst: &k.Registered}, &labels)
	k.Labels = labelsOf(labels)
	*to = append(*to, k)
	return err
}

// FirstRegistered is when the first customer registered; zero: there is none.
func (s *Service) FirstRegistered(ctx context.Context) (at time.Time, err error) {
	defer errs.Wrap(&err, "find the first registration")
	return at, s.db.QueryRow(ctx, `SELECT MIN(registered_at) FROM customers`).Scan(db.Time{Dst: &at})
}

// QueueKnown adds to b the reading of what a receipt has to know of customers;
// those that exist are in into when b has run.
func (s *Service) QueueKnown(b *db.Batch, ids []ID, into map[ID]Known) {
	b.Query(func(r *db.Rows) error {
		var one []Known
		err := appendKnown(r, &one)
		into[one[0].ID] = one[0]
		return err
	}, `SELECT `+knownColumns+` FROM customers WHERE id IN ($1...)`, db.IDs(ids))
}

// QueueCards adds to b the reading of whose some cards are; those that somebody has are
// in into when b has run. With lock set they stay theirs until the transaction is over.
func (s *Service) QueueCards(b *db.Batch, cards []Identifier, lock bool, into map[Identifier]ID) {
	values := make(db.Texts, len(cards))
	for i, c := range cards {
		values[i] = c.Value
	}
	find := `SELECT value, customer_id FROM identifiers WHERE kind = 'card' AND value IN ($1...)`
	if lock {
		find += `
		ORDER BY value FOR KEY SHARE -- postgres`
	}
	b.Query(func(r *db.Rows) error {
		i := Identifier{Kind: Card}
		var of ID
		err := r.Scan(&i.Value, &of)
		into[i] = of
		return err
	}, find, values)
}

// QueueReachable adds to b the asking which of some customers registered here and have a
// contact, one that was to be confirmed by a code only if it was: whoever may be welcomed.
func (s *Service) QueueReachable(b *db.Batch, ids []ID, into map[ID]bool) {
	const find = `
		SELECT c.id FROM customers c
		 WHERE c.id IN ($1...) AND c.origin_id = 0
		   AND EXISTS (SELECT 1 FROM identifiers i WHERE i.customer_id = c.id AND i.kind IN ('phone', 'email', 'telegram')
		       AND NOT EXISTS (SELECT 1 FROM contacts k WHERE k.value = i.value AND k.kind = i.kind AND k.reason = 'unconfirmed' AND k.judged_by IS NULL))`
	b.Query(func(r *db.Rows) error {
		var id ID
		err := r.Scan(&id)
		into[id] = true
		return err
	}, find, db.IDs(ids))
}

// queueFind adds to b the look-up of identifiers; those that are known are in
// into when b has run.
func (s *Service) queueFind(b *db.Batch, identifiers []Identifier, into map[Identifier]Known) {
	for _, kind := range Kinds {
		var values []string
		for _, i := range identifiers {
			if i.Kind == kind {
				values = append(values, i.Value)
			}
		}
		if len(values) == 0 {
			continue
		}
		b.Query(func(r *db.Rows) error {
			i := Identifier{Kind: kind}
			var k Known
			err := r.Scan(&i.Value, &k.ID, &k.State, &k.HomeStore)
			into[i] = k
			return err
		}, findText, string(kind), db.Texts(values))
	}
}

const findText = `
	SELECT i.value, c.id, c.state, COALESCE(c.home_store_id, 0)
	  FROM identifiers i JOIN customers c ON c.id = i.customer_id
	 WHERE i.kind = $1 AND i.value IN ($2...)`

// FindAllTx looks identifiers up; those that nobody has are not in the map.
func (s *Service) FindAllTx(ctx context.Context, tx *db.Tx, identifiers []Identifier) (found map[Identifier]Known, err error) {
	defer errs.Wrap(&err, "find customers")
	found = make(map[Identifier]Known, len(identifiers))
	var b db.Batch
	s.queueFind(&b, identifiers, found)
	return found, tx.Run(ctx, &b)
}

// FindAll looks identifiers up; those that nobody has are not in the map.
func (s *Service) FindAll(ctx context.Context, identifiers []Identifier) (found map[Identifier]Known, err error) {
	defer errs.Wrap(&err, "find customers")
	found = make(map[Identifier]Known, len(identifiers))
	var b db.Batch
	s.queueFind(&b, identifiers, found)
	return found, s.db.Run(ctx, &b)
}

// Find finds the customer of an identifier. It fails with ErrNotFound.
func (s *Service) Find(ctx context.Context, i Identifier) (_ Customer, err error) {
	defer errs.Wrap(&err, "find customer by %s", i)
	found, err := s.FindAll(ctx, []Identifier{i})
	if err != nil {
		return Customer{}, err
	}
	k, ok := found[i]
	if !ok {
		return Customer{}, ErrNotFound
	}
	return s.Get(ctx, k.ID)
}

// Get reads a profile with its identifiers. It fails with ErrNotFound.
func (s *Service) Get(ctx context.Context, id ID) (_ Customer, err error) {
	defer errs.Wrap(&err, "read customer %d", id)
	list, err := s.getAll(ctx, []ID{id})
	if err == nil && len(list) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return Customer{}, err
	}
	return list[0], nil
}

// GetAll reads profiles with their identifiers, in the order of ids; those
// that do not exist are left out.
func (s *Service) GetAll(ctx context.Context, ids []ID) (_ []Customer, err error) {
	defer errs.Wrap(&err, "read customers")
	return s.getAll(ctx, ids)
}

func (s *Service) getAll(ctx context.Context, ids []ID) ([]Customer, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var (
		b     db.Batch
		found = make(map[ID]Customer, len(ids))
		owned = make(map[ID][]Identifier, len(ids))
	)
	s.queue(&b, ids, found)
	queueIdentifiers(&b, ids, owned)
	if err := s.db.Run(ctx, &b); err != nil {
		return nil, err
	}
	list := make([]Customer, 0, len(ids))
	for _, id := range ids {
		if c, ok := found[id]; ok {
			c.Identifiers = slices.DeleteFunc(owned[id], isName) // they say nothing to anybody
			list = append(list, c)
		}
	}
	return list, nil
}

// queueIdentifiers adds to b the reading of customers' identifiers.
func queueIdentifiers(b *db.Batch, ids []ID, into map[ID][]Identifier) {
	b.Query(func(r *db.Rows) error {
		var (
			of ID
			i  Identifier
		)
		err := r.Scan(&of, &i.Kind, &i.Value)
		at, _ := slices.BinarySearchFunc(into[of], i, Identifier.compare) // a file may give one thousands
		into[of] = slices.Insert(into[of], at, i)
		return err
	}, `SELECT customer_id, kind, value FROM identifiers WHERE customer_id IN ($1...)`, db.IDs(ids))
}

// Latest gives the active customers of a store, those who came last first.
func (s *Service) Latest(ctx context.Context, store catalog.StoreID, most int) (ids []ID, err error) {
	defer errs.Wrap(&err, "find customers of a store")
	const find = `SELECT id FROM customers WHERE home_store_id = $1 AND state = 'active' ORDER BY id DESC LIMIT $2`
	rows, err := s.db.Query(ctx, find, int64(store), most)
	return ids, db.Scan(rows, err, func(r *db.Rows) error {
		var id ID
		err := r.Scan(&id)
		ids = append(ids, id)
		return err
	})
}

// ListQuery says which customers to list; what is zero does not matter.
type ListQuery struct {
	HomeStore catalog.StoreID
	Stores    []catalog.StoreID // home is one of them; nil: any
	State     State             // "": those who are there
	After     ID                // last of the page before
	Limit     int               // 1 to MaxPage; 0: MaxPage
}

// MaxPage is the largest page of a list.
const MaxPage = 200

// List lists customers, those who came last first, and gives what After of the
// next page is; 0 at the end.
func (s *Service) List(ctx context.Context, q ListQuery) (_ []Customer, next ID, err error) {
	defer errs.Wrap(&err, "list customers")
	if q.Limit <= 0 || q.Limit > MaxPage {
		q.Limit = MaxPage
	}
	text, args := q.text()
	var ids []ID
	rows, err := s.db.Query(ctx, text, args...)
	err = db.Scan(rows, err, func(r *db.Rows) error {
		var id ID
		err := r.Scan(&id)
		ids = append(ids, id)
		return err
	})
	if err != nil {
		return nil, 0, err
	}
	if len(ids) > q.Limit {
		ids = slices.Clip(ids[:q.Limit])
		next = ids[q.Limit-1]
	}
	list, err := s.getAll(ctx, ids)
	return list, next, err
}

func (q ListQuery) text() (text string, args db.Args) {
	text = `SELECT id FROM customers WHERE TRUE`
	if q.HomeStore != 0 {
		text += args.Put(` AND home_store_id = ?`, int64(q.HomeStore))
	}
	if q.Stores != nil {
		text += args.Put(` AND home_store_id IN (?...)`, db.IDs(q.Stores))
	}
	switch q.State {
	case "":
		text += ` AND state IN ('active', 'blocked')`
	case StateActive:
		text += args.Put(` AND state = ?`, string(q.State))
	default: // few, and found by an index of their own
		text += args.Put(` AND state <> 'active' AND state = ?`, string(q.State))
	}
	if q.After != 0 {
		text += args.Put(` AND id < ?`, int64(q.After))
	}
	text += args.Put(` ORDER BY id DESC LIMIT ?`, q.Limit+1)
	return text, args
}
