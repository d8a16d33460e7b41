// Package integration knows the programs that are no tills: an ERP that sends stock,
// a shop on the web, a report. Each has a key of its own that the owner issues, may do
// what the key says in the stores it names, and is turned away within two seconds of
// being revoked.
//
// A key is kept as SHA-256 only, and shown once. What a call that names itself was
// answered is kept for thirty days, in the transaction of what it did, so that sending
// it again does nothing twice. Keys of tills are catalog's; what people may do is
// staff's.
package integration

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"regulars/internal/base/checksum"
	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/event"
	"regulars/internal/base/fold"
	"regulars/internal/base/id"
	"regulars/internal/base/secret"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/staff"
)

// Failures that callers tell apart.
var (
	ErrNotFound  = errs.New(errs.NotFound, "integration_not_found", "There is no such integration.")
	ErrKey       = errs.New(errs.Unauthorized, "integration_key_invalid", "This key is not known, or it was revoked. Issue a new one in the back office, under Integrations.")
	ErrForbidden = errs.New(errs.Forbidden, "integration_forbidden", "This key may not do that. What a key may do is chosen when it is issued.")
	ErrReused    = errs.New(errs.Reused, "integration_call_reused", "This Idempotency-Key came with another call before. Send each under a key of its own.")
)

// Events of this package; a ref is the key's.
const (
	EventIssued  = "integration.issued" // body: {"checksum"}
	EventRevoked = "integration.revoked"
)

// Permission is one thing that a key may do.
type Permission string

// The permissions.
const (
	ReadStock     Permission = "stock.read"
	WriteStock    Permission = "stock.write"
	ReadProducts  Permission = "products.read"
	WriteProducts Permission = "products.write"
	ReadReports   Permission = "reports.read" // and the legal entities
)

// Permissions lists every one, as people are shown them.
var Permissions = []Permission{ReadStock, WriteStock, ReadProducts, WriteProducts, ReadReports}

// Key lets a program in.
type Key struct {
	ID          ID
	Name        string // of the program
	Permissions []Permission
	Stores      []catalog.StoreID // that it sees and changes; nil: all
	Hint        string            // its last four characters
	CreatedAt   time.Time
	CreatedBy   staff.ID
	RevokedAt   time.Time // zero: nobody revoked it
	UsedAt      time.Time // to within some minutes; zero: never
}

// ID identifies a key.
type ID = id.Of[Key]

// Prefix begins every key, so that one that leaks is recognised.
const Prefix = "ri_"

// Can reports whether the key holds a permission.
func (k *Key) Can(p Permission) bool { return slices.Contains(k.Permissions, p) }

// Sees reports whether the key is for a store.
func (k *Key) Sees(store catalog.StoreID) bool {
	return k.Stores == nil || slices.Contains(k.Stores, store)
}

// Service keeps the keys.
type Service struct {
	db   *db.DB
	mint *id.Minter
	now  func() time.Time

	mu    sync.Mutex
	known map[string]known // by hash
}

// known is a key that was good at a time.
type known struct {
	Key
	at time.Time
}

// New makes the service.
func New(d *db.DB, mint *id.Minter, now func() time.Time) *Service {
	return &Service{db: d, mint: mint, now: now, known: map[string]known{}}
}

const columns = `id, name, permissions, stores, hint, created_at, created_by, revoked_at, used_at`

func scan(r db.Scanner) (k Key, err error) {
	var permissions, stores string
	err = r.Scan(&k.ID, &k.Name, &permissions, &stores, &k.Hint, db.Time{Dst: &k.CreatedAt}, &k.CreatedBy, db.Time{Dst: &k.RevokedAt}, db.Time{Dst: &k.UsedAt})
	for _, p := range strings.Fields(permissions) {
		k.Permissions = append(k.Permissions, Permission(p))
	}
	for _, text := range strings.Fields(stores) {
		n, e := strconv.ParseInt(text, 10, 64)
		err = errors.Join(err, e)
		k.Stores = append(k.Stores, catalog.StoreID(n))
	}
	return k, err
}

// IssueTx makes a key of a name, with permissions, for stores; nil: for all. plain is
// all that can be shown of it, once.
func (s *Service) IssueTx(ctx context.Context, tx *db.Tx, in Key) (plain string, k Key, err error) {
	defer errs.Wrap(&err, "issue an integration's key")
	plain = Prefix + strings.ToLower(rand.Text())
	k = Key{
		ID: ID(s.mint.Next()), Name: fold.Line(in.Name), Permissions: slices.Compact(slices.Sorted(slices.Values(in.Permissions))), Stores: in.Stores,
		Hint: plain[len(plain)-4:], CreatedAt: s.now().UTC().Truncate(time.Microsecond), CreatedBy: in.CreatedBy,
	}
	var wrong errs.List
	if k.Name == "" {
		wrong.Add("/name", "required", "is missing")
	}
	wrong.Bound("/name", k.Name, catalog.MaxName)
	if len(k.Permissions) == 0 || slices.ContainsFunc(k.Permissions, func(p Permission) bool { return !slices.Contains(Permissions, p) }) {
		wrong.Add("/permissions", "integration_may_nothing", "must name at least one thing that the key may do")
	}
	if err := wrong.Err(); err != nil {
		return "", k, err
	}
	var permissions, stores []string
	for _, p := range k.Permissions {
		permissions = append(permissions, string(p))
	}
	for _, store := range k.Stores {
		stores = append(stores, store.String())
	}
	may, where, hash := strings.Join(permissions, " "), strings.Join(stores, " "), secret.Hash(plain)
	var b db.Batch
	b.Exec(`INSERT INTO integrations (id, name, permissions, stores, hash, hint, created_at, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		int64(k.ID), k.Name, may, where, hash, k.Hint, k.CreatedAt.UnixMicro(), int64(k.CreatedBy))
	sum := checksum.Of([]int64{int64(k.ID), k.CreatedAt.UnixMicro(), int64(k.CreatedBy)}, k.Name, may, where, hash)
	event.Append(&b, event.Event{At: k.CreatedAt, Kind: EventIssued, Ref: int64(k.ID), Body: event.Body(map[string]string{"checksum": strconv.FormatInt(sum, 10)})})
	return plain, k, tx.Run(ctx, &b)
}

// RevokeTx ends a key; revoking again changes nothing. It fails with ErrNotFound.
func (s *Service) RevokeTx(ctx context.Context, tx *db.Tx, which ID) (k Key, err error) {
	defer errs.Wrap(&err, "revoke integration %d", which)
	now := s.now().UTC().Truncate(time.Microsecond)
	n, err := tx.Exec(ctx, `UPDATE integrations SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL`, int64(which), now.UnixMicro())
	if err != nil {
		return k, err
	}
	k, err = scan(tx.QueryRow(ctx, `SELECT `+columns+` FROM integrations WHERE id = $1`, int64(which)))
	switch {
	case errors.Is(err, db.ErrNoRows):
		return k, ErrNotFound
	case err != nil || n == 0:
		return k, err
	}
	s.mu.Lock()
	clear(s.known)
	s.mu.Unlock()
	var b db.Batch
	event.Append(&b, event.Event{At: now, Kind: EventRevoked, Ref: int64(which)})
	return k, tx.Run(ctx, &b)
}

// List gives all keys, those that are good first, then the latest first.
func (s *Service) List(ctx context.Context) (list []Key, err error) {
	defer errs.Wrap(&err, "list integrations")
	rows, err := s.db.Query(ctx, `SELECT `+columns+` FROM integrations ORDER BY CASE WHEN revoked_at IS NULL THEN 0 ELSE 1 END, id DESC`)
	return list, db.Scan(rows, err, func(r *db.Rows) error {
		k, err := scan(r)
		list = append(list, k)
		return err
	})
}

// How long a key that was good is not looked up again, how many are remembered, how
// often the use of one is noted, and how long a call waits for that.
const (
	believed  = 2 * time.Second
	maxKnown  = 1000
	noteEvery = 5 * time.Minute
	noteWait  = 250 * time.Millisecond
)

// ByKey lets a program in. It fails with ErrKey.
func (s *Service) ByKey(ctx context.Context, plain string) (_ *Key, err error) {
	defer errs.Wrap(&err, "sign an integration in")
	if len(plain) != len(Prefix)+26 || !strings.HasPrefix(plain, Prefix) {
		return nil, ErrKey
	}
	hash, now := secret.Hash(plain), s.now() // before the reading: what is revoked later is not in it
	s.mu.Lock()
	k, ok := s.known[hash]
	s.mu.Unlock()
	if ok && now.Sub(k.at).Abs() < believed {
		return &k.Key, nil
	}
	k = known{at: now}
	k.Key, err = scan(s.db.QueryRow(ctx, `SELECT `+columns+` FROM integrations WHERE hash = $1 AND revoked_at IS NULL`, hash))
	if errors.Is(err, db.ErrNoRows) {
		return nil, ErrKey
	}
	if err != nil {
		return nil, err
	}
	if now.Sub(k.UsedAt) >= noteEvery { // whoever only reads does not wait for a database that cannot be written to
		ctx, cancel := context.WithTimeout(ctx, noteWait)
		defer cancel()
		_, _ = s.db.Exec(ctx, `UPDATE integrations SET used_at = $2 WHERE id = $1 AND COALESCE(used_at, 0) < $2`, int64(k.ID), now.UnixMicro())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) >= maxKnown {
		clear(s.known)
	}
	s.known[hash] = k
	return &k.Key, nil
}

// Once does what a call asks for, once: where the same call was answered before,
// answer is what it was answered then. do gives the answer. A call without a name is
// done every time. It fails with ErrReused where the name came with another print.
func (s *Service) Once(ctx context.Context, k *Key, name, print string, do func(context.Context, *db.Tx) (answer string, err error)) (answer string, replayed bool, err error) {
	defer errs.Wrap(&err, "answer integration %d", k.ID)
	for attempt := 1; ; attempt++ {
		err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) (err error) {
			if name == "" {
				answer, err = do(ctx, tx)
				return err
			}
			var before string
			err = tx.QueryRow(ctx, `SELECT fingerprint, answer FROM integration_calls WHERE integration_id = $1 AND idempotency_key = $2`, int64(k.ID), name).Scan(&before, &answer)
			replayed = err == nil
			switch {
			case replayed && before != print:
				return ErrReused.At("Idempotency-Key")
			case replayed || !errors.Is(err, db.ErrNoRows):
				return err
			}
			if answer, err = do(ctx, tx); err != nil {
				return err
			}
			_, err = tx.Exec(ctx, `INSERT INTO integration_calls (integration_id, idempotency_key, fingerprint, answer, at) VALUES ($1, $2, $3, $4, $5)`,
				int64(k.ID), name, print, answer, s.now().UnixMicro())
			return err
		})
		// The same call came twice at once: the other one has its answer now.
		if !errors.Is(err, db.ErrUnique) || attempt == 2 {
			return answer, replayed, err
		}
	}
}

// kept is how long answers are.
const kept = 30 * 24 * time.Hour

// ForgetCalls forgets answers that are older than thirty days.
func (s *Service) ForgetCalls(ctx context.Context) (err error) {
	defer errs.Wrap(&err, "forget answers to integrations")
	_, err = s.db.Exec(ctx, `DELETE FROM integration_calls WHERE at < $1`, s.now().Add(-kept).UnixMicro())
	return err
}
