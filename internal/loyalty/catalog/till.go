package catalog

import (
	"context"
	"crypto/rand"
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"

	"regulars/internal/base/checksum"
	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/event"
	"regulars/internal/base/fold"
	"regulars/internal/base/secret"
)

// Failures that callers tell apart.
var (
	ErrTillNotFound = errs.New(errs.NotFound, "till_not_found", "There is no such till.")
	ErrTillExists   = errs.New(errs.Conflict, "till_exists", "Another till of this store has this name.")
	ErrKeyNotFound  = errs.New(errs.NotFound, "till_key_not_found", "There is no such key.")
	ErrKey          = errs.New(errs.Unauthorized, "till_key_invalid", "This key is not known, or it was revoked. Issue a new key for the till in the back office.")
	ErrTillOff      = errs.New(errs.Forbidden, "till_off", "This till, or its store, is switched off. Switch it on in the back office.")
)

// Till is a place in a store where receipts are made.
type Till struct {
	ID        TillID
	Store     StoreID
	Name      string
	Active    bool
	CreatedAt time.Time
}

// TillChange changes what is not nil.
type TillChange struct {
	Name   *string
	Active *bool
}

// Key lets a till in. The key itself is shown once, when it is issued.
type Key struct {
	ID        KeyID
	Till      TillID
	Hint      string // its last four characters
	CreatedAt time.Time
	RevokedAt time.Time // zero: nobody revoked it
	EndsAt    time.Time // zero: not by itself
	UsedAt    time.Time // to within some minutes; zero: never
}

// Good reports whether the key lets a till in at a time.
func (k Key) Good(at time.Time) bool {
	return k.RevokedAt.IsZero() && (k.EndsAt.IsZero() || at.Before(k.EndsAt))
}

// KeyPrefix begins every key, so that one that leaks is recognised.
const KeyPrefix = "rg_"

const tillColumns = `id, store_id, name, active, created_at`

func scanTill(r db.Scanner, more ...any) (t Till, err error) {
	err = r.Scan(append([]any{&t.ID, &t.Store, &t.Name, &t.Active, db.Time{Dst: &t.CreatedAt}}, more...)...)
	return t, err
}

// Tills lists the tills of a store, the oldest first; of all stores with 0.
func (s *Service) Tills(ctx context.Context, store StoreID) (list []Till, err error) {
	defer errs.Wrap(&err, "list tills of store %d", store)
	rows, err := s.db.Query(ctx, `SELECT `+tillColumns+` FROM tills WHERE store_id = $1 OR $1 = 0 ORDER BY store_id, id`, int64(store))
	err = db.Scan(rows, err, func(r *db.Rows) error {
		t, err := scanTill(r)
		list = append(list, t)
		return err
	})
	return list, err
}

// Till finds a till.
func (s *Service) Till(ctx context.Context, id TillID) (t Till, err error) {
	defer errs.Wrap(&err, "find till %d", id)
	t, err = scanTill(s.db.QueryRow(ctx, `SELECT `+tillColumns+` FROM tills WHERE id = $1`, int64(id)))
	if errors.Is(err, db.ErrNoRows) {
		return t, ErrTillNotFound
	}
	return t, err
}

// CreateTillTx creates a till. It fails with ErrStoreNotFound, or with
// ErrTillExists where the store has one of that name.
func (s *Service) CreateTillTx(ctx context.Context, tx *db.Tx, store StoreID, name string) (_ Till, err error) {
	defer errs.Wrap(&err, "create till")
	t := Till{ID: TillID(s.mint.Next()), Store: store, Active: true, CreatedAt: s.now().UTC().Truncate(time.Microsecond)}
	if err := t.change(TillChange{Name: &name}); err != nil {
		return Till{}, err
	}
	const insert = `
		INSERT INTO tills (id, store_id, name, active, created_at)
		SELECT $1, id, $3, $4, $5 FROM stores WHERE id = $2`
	n, err := tx.Exec(ctx, insert, int64(t.ID), int64(store), t.Name, t.Active, t.CreatedAt.UnixMicro())
	if err == nil && n == 0 {
		err = ErrStoreNotFound.At("/store")
	}
	if err != nil {
		return t, sameName(err)
	}
	return t, s.tellTx(ctx, tx, EventTill, int64(t.ID))
}

// sameName says of a row that the index refuses why.
func sameName(err error) error {
	if errors.Is(err, db.ErrUnique) {
		return ErrTillExists.At("/name")
	}
	return err
}

// UpdateTillTx changes a till and returns it as it was and as it is. One that
// is switched off is turned away within two seconds. It fails with
// ErrTillNotFound or ErrTillExists.
func (s *Service) UpdateTillTx(ctx context.Context, tx *db.Tx, id TillID, c TillChange) (before, after Till, err error) {
	defer errs.Wrap(&err, "change till %d", id)
	const read = `
		SELECT ` + tillColumns + ` FROM tills WHERE id = $1
		FOR NO KEY UPDATE -- postgres`
	before, err = scanTill(tx.QueryRow(ctx, read, int64(id)))
	if errors.Is(err, db.ErrNoRows) {
		return before, after, ErrTillNotFound
	}
	if err != nil {
		return before, after, err
	}
	after = before
	if err := after.change(c); err != nil || after == before {
		return before, before, err
	}
	err = tx.Guard(ctx, `UPDATE tills SET name = $2, active = $3 WHERE id = $1`, int64(id), after.Name, after.Active)
	s.keys.forget(func(t Till) bool { return t.ID == id })
	if err != nil {
		return before, after, sameName(err)
	}
	return before, after, s.tellTx(ctx, tx, EventTill, int64(id))
}

func (t *Till) change(c TillChange) error {
	if c.Name != nil {
		t.Name = fold.Line(*c.Name)
	}
	if c.Active != nil {
		t.Active = *c.Active
	}
	var wrong errs.List
	required(&wrong, "/name", t.Name, MaxName)
	return wrong.Err()
}

// IssueKeyTx makes a key for a till. plain is all that can be shown of it,
// once; a till may have several, so that keys are changed without a pause.
func (s *Service) IssueKeyTx(ctx context.Context, tx *db.Tx, till TillID) (plain string, key Key, err error) {
	defer errs.Wrap(&err, "issue a key for till %d", till)
	plain = KeyPrefix + strings.ToLower(rand.Text())
	key = Key{
		ID: KeyID(s.mint.Next()), Till: till, Hint: plain[len(plain)-4:],
		CreatedAt: s.now().UTC().Truncate(time.Microsecond),
	}
	const insert = `
		INSERT INTO till_keys (id, till_id, hash, hint, created_at)
		SELECT $1, id, $3, $4, $5 FROM tills WHERE id = $2`
	n, err := tx.Exec(ctx, insert, int64(key.ID), int64(till), secret.Hash(plain), key.Hint, key.CreatedAt.UnixMicro())
	if err == nil && n == 0 {
		err = ErrTillNotFound
	}
	if err != nil {
		return plain, key, err
	}
	issued := event.Event{
		At: key.CreatedAt, Kind: EventKeyIssued, Ref: int64(key.ID),
		Body: `{"till":"` + till.String() + `","checksum":"` + strconv.FormatInt(checksum.Of(nil, secret.Hash(plain)), 10) + `"}`,
	}
	var b db.Batch
	event.Append(&b, issued)
	return plain, key, tx.Run(ctx, &b)
}

// EndKeysTx lets the keys of a till but one end at a time, those that would not
// end before: so a new key is brought to a till while the old one still works.
func (s *Service) EndKeysTx(ctx context.Context, tx *db.Tx, till TillID, but KeyID, at time.Time) (err error) {
	defer errs.Wrap(&err, "end the keys of till %d", till)
	const end = `
		UPDATE till_keys SET ends_at = $3
		 WHERE till_id = $1 AND id <> $2 AND revoked_at IS NULL AND (ends_at IS NULL OR ends_at > $3)`
	_, err = tx.Exec(ctx, end, int64(till), int64(but), at.UnixMicro())
	s.keys.forget(func(t Till) bool { return t.ID == till })
	return err
}

// Keys lists the keys of a till, the newest first, the revoked ones too.
func (s *Service) Keys(ctx context.Context, till TillID) (list []Key, err error) {
	defer errs.Wrap(&err, "list keys of till %d", till)
	const read = `SELECT id, till_id, hint, created_at, revoked_at, ends_at, used_at FROM till_keys WHERE till_id = $1 ORDER BY id DESC`
	rows, err := s.db.Query(ctx, read, int64(till))
	err = db.Scan(rows, err, func(r *db.Rows) error {
		var k Key
		err := r.Scan(&k.ID, &k.Till, &k.Hint, db.Time{Dst: &k.CreatedAt}, db.Time{Dst: &k.RevokedAt}, db.Time{Dst: &k.EndsAt}, db.Time{Dst: &k.UsedAt})
		list = append(list, k)
		return err
	})
	return list, err
}

// RevokeKeyTx ends a key of a till; within two seconds no process lets it in. Revoking
// again changes nothing.
func (s *Service) RevokeKeyTx(ctx context.Context, tx *db.Tx, till TillID, id KeyID) (k Key, err error) {
	defer errs.Wrap(&err, "revoke till key %d", id)
	const revoke = `
		UPDATE till_keys SET revoked_at = COALESCE(revoked_at, $2) WHERE id = $1 AND till_id = $3
		RETURNING id, till_id, hint, created_at, revoked_at`
	err = tx.QueryRow(ctx, revoke, int64(id), s.now().UnixMicro(), int64(till)).
		Scan(&k.ID, &k.Till, &k.Hint, db.Time{Dst: &k.CreatedAt}, db.Time{Dst: &k.RevokedAt})
	if errors.Is(err, db.ErrNoRows) {
		return k, ErrKeyNotFound
	}
	if err != nil {
		return k, err
	}
	s.keys.forget(func(t Till) bool { return t.ID == k.Till })
	var b db.Batch
	event.Append(&b, event.Event{At: k.RevokedAt, Kind: EventKeyRevoked, Ref: int64(k.ID)})
	return k, tx.Run(ctx, &b)
}

// TillByKey lets a till in. It fails with ErrKey, or with ErrTillOff where the
// till or its store is switched off.
func (s *Service) TillByKey(ctx context.Context, plain string) (_ Till, _ Store, err error) {
	defer errs.Wrap(&err, "sign a till in")
	// What cannot be a key does not cost a reading.
	if len(plain) != len(KeyPrefix)+26 || !strings.HasPrefix(plain, KeyPrefix) {
		return Till{}, Store{}, ErrKey
	}
	digest, now := secret.Hash(plain), s.now() // before the reading: what is revoked later is not in it
	till, ok := s.keys.get(digest, now)
	if !ok {
		const read = `
			SELECT t.id, t.store_id, t.name, t.active, t.created_at, COALESCE(k.used_at, 0)
			  FROM till_keys k JOIN tills t ON t.id = k.till_id
			 WHERE k.hash = $1 AND k.revoked_at IS NULL AND (k.ends_at IS NULL OR k.ends_at > $2)`
		var used int64
		till, err = scanTill(s.db.QueryRow(ctx, read, digest, now.UnixMicro()), &used)
		if errors.Is(err, db.ErrNoRows) {
			return Till{}, Store{}, ErrKey
		}
		if err != nil {
			return Till{}, Store{}, err
		}
		if now.UnixMicro()-used >= noteEvery.Microseconds() {
			s.noteUse(ctx, digest, now)
		}
		s.keys.put(digest, till, now)
	}
	store, err := s.StoreByID(ctx, till.Store)
	if err != nil {
		return Till{}, Store{}, err
	}
	if !till.Active || !store.Active {
		return Till{}, Store{}, ErrTillOff
	}
	return till, store, nil
}

// noteUse writes down when a key was used. A till that only reads does not wait
// for a database that cannot be written to, nor is it turned away: a later call
// notes it.
func (s *Service) noteUse(ctx context.Context, digest string, now time.Time) {
	ctx, cancel := context.WithTimeout(ctx, noteWait)
	defer cancel()
	const note = `UPDATE till_keys SET used_at = $2 WHERE hash = $1 AND COALESCE(used_at, 0) < $2`
	_, _ = s.db.Exec(ctx, note, digest, now.UnixMicro())
}

// How often the use of a key is noted, so that most calls write nothing, and how
// long a call waits for that.
const (
	noteEvery = 5 * time.Minute
	noteWait  = 250 * time.Millisecond
)

// believed is how long a key that was good is not looked up again.
const believed = 2 * time.Second

// maxKeys is how many keys are remembered; far more than a chain has tills.
const maxKeys = 10_000

// keyCache remembers the tills of good keys; of bad ones it knows nothing.
type keyCache struct {
	mu    sync.Mutex
	tills map[string]knownTill // by hash
}

type knownTill struct {
	Till
	at time.Time
}

func (c *keyCache) get(hash string, now time.Time) (Till, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	k, ok := c.tills[hash]
	if !ok || now.Sub(k.at).Abs() >= believed {
		return Till{}, false
	}
	return k.Till, true
}

func (c *keyCache) put(hash string, t Till, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tills == nil || len(c.tills) >= maxKeys {
		c.tills = map[string]knownTill{}
	}
	c.tills[hash] = knownTill{t, at}
}

// forget drops what this process believes of some tills. It is a courtesy to
// whoever changes one: a call that is reading at the moment may remember it
// for another two seconds.
func (c *keyCache) forget(which func(Till) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for hash, k := range c.tills {
		if which(k.Till) {
			delete(c.tills, hash)
		}
	}
}
