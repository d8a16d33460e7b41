package customer

import (
	"context"
	"slices"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/loyalty/catalog"
)

// ByNameAndBorn is why a pair is suggested that has one name and one birthday; other
// pairs gave one identifier, whose kind is why.
const ByNameAndBorn = "name"

// Pair is two profiles that may be of one person.
type Pair struct {
	A, B  ID // A registered first
	Why   string
	Found time.Time
}

// queuePairs adds to b pairs that may be one person. What was said of a pair before,
// also that they are two, stays.
func queuePairs(b *db.Batch, pairs []Pair) {
	for _, p := range pairs {
		b.Exec(`INSERT INTO duplicates (customer_id, other_id, why, found_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
			int64(min(p.A, p.B)), int64(max(p.A, p.B)), p.Why, p.Found.UnixMicro())
	}
}

// FindPairs looks through all profiles for those of one full name, whichever way
// round, and one whole birthday, and suggests those that were not suggested before.
// It answers how many there are, and may run as often as one likes.
func (s *Service) FindPairs(ctx context.Context) (n int, err error) {
	defer errs.Wrap(&err, "look for duplicates")
	const find = `
		SELECT first_id, id
		  FROM (SELECT id, MIN(id) OVER (PARTITION BY
		                 CASE WHEN first_key < last_key THEN first_key ELSE last_key END,
		                 CASE WHEN first_key < last_key THEN last_key ELSE first_key END, born) AS first_id
		          FROM customers
		         WHERE state IN ('active', 'blocked') AND first_key <> '' AND last_key <> '' AND length(born) = 10) AS namesakes
		 WHERE id <> first_id
		   AND NOT EXISTS (SELECT 1 FROM duplicates d WHERE d.customer_id = first_id AND d.other_id = namesakes.id)`
	var pairs []Pair
	now := s.now()
	rows, err := s.db.Query(ctx, find)
	err = db.Scan(rows, err, func(r *db.Rows) error {
		p := Pair{Why: ByNameAndBorn, Found: now}
		err := r.Scan(&p.A, &p.B)
		pairs = append(pairs, p)
		return err
	})
	if err != nil {
		return 0, err
	}
	for some := range slices.Chunk(pairs, 500) { // tills never wait long for it
		err := s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
			var b db.Batch
			queuePairs(&b, some)
			return tx.Run(ctx, &b)
		})
		if err != nil {
			return 0, err
		}
	}
	return len(pairs), nil
}

// MaxPairs is the most that Pairs gives.
const MaxPairs = 100

// Pairs lists suggested pairs whose profiles are both there, the latest found first;
// stores, where it is not nil, are those in which both are at home.
func (s *Service) Pairs(ctx context.Context, stores []catalog.StoreID, limit int) (list []Pair, err error) {
	defer errs.Wrap(&err, "list duplicates")
	if limit <= 0 || limit > MaxPairs {
		limit = MaxPairs
	}
	var args db.Args
	text := `
		SELECT d.customer_id, d.other_id, d.why, d.found_at, a.registered_at > b.registered_at
		  FROM duplicates d JOIN customers a ON a.id = d.customer_id JOIN customers b ON b.id = d.other_id
		 WHERE d.settled_at IS NULL AND a.state IN ('active', 'blocked') AND b.state IN ('active', 'blocked')`
	if stores != nil {
		text += args.Put(` AND a.home_store_id IN (?...) AND b.home_store_id IN (?...)`, db.IDs(stores), db.IDs(stores))
	}
	text += args.Put(` ORDER BY d.found_at DESC, d.customer_id DESC, d.other_id DESC LIMIT ?`, limit)
	rows, err := s.db.Query(ctx, text, args...)
	return list, db.Scan(rows, err, func(r *db.Rows) error {
		var (
			p      Pair
			turned bool
		)
		err := r.Scan(&p.A, &p.B, &p.Why, db.Time{Dst: &p.Found}, &turned)
		if turned {
			p.A, p.B = p.B, p.A
		}
		list = append(list, p)
		return err
	})
}

// SettleTx notes that two profiles are two people: they are not suggested again.
func (s *Service) SettleTx(ctx context.Context, tx *db.Tx, a, b ID, by int64) (err error) {
	defer errs.Wrap(&err, "settle a duplicate")
	if a == b {
		return ErrSame
	}
	const settle = `
		INSERT INTO duplicates (customer_id, other_id, why, found_at, settled_at, settled_by) VALUES ($1, $2, '', $3, $3, $4)
		ON CONFLICT (customer_id, other_id) DO UPDATE SET settled_at = excluded.settled_at, settled_by = excluded.settled_by`
	_, err = tx.Exec(ctx, settle, int64(min(a, b)), int64(max(a, b)), s.now().UnixMicro(), db.NullID(by))
	return err
}
