package catalog

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/fold"
	"regulars/internal/base/id"
	"regulars/internal/base/settings"
)

// Failures that callers tell apart.
var (
	ErrStoreNotFound = errs.New(errs.NotFound, "store_not_found", "There is no such store.")
	ErrStoreExists   = errs.New(errs.Conflict, "store_exists", "Another store has this code.")
)

// Store is a shop of the chain.
type Store struct {
	ID        StoreID
	Entity    EntityID // legal entity that owns it
	Code      string   // what files and tills call it
	Name      string
	City      string
	Zone      *time.Location // its days end by it
	Active    bool
	CreatedAt time.Time
}

// NewStore is a store to be created. An empty code becomes the next number.
type NewStore struct {
	Code, Name, City string
	Zone             string   // IANA name: Asia/Tashkent
	Entity           EntityID // that owns it; 0: DefaultEntity
}

// StoreChange changes what is not nil.
type StoreChange struct {
	Code, Name, City, Zone *string
	Active                 *bool
	Entity                 *EntityID // that owns it from now on
}

// Limits on what is written, in characters.
const (
	MaxCode = 64  // of a store or category
	MaxName = 200 // of whatever has one
	maxCity = 100
)

// Service keeps the catalog.
type Service struct {
	db   *db.DB
	mint *id.Minter
	now  func() time.Time

	stores  atomic.Pointer[storeSet]
	reading sync.Mutex   // held by the one that reads the stores
	changed atomic.Int64 // when this process last changed a store, in microseconds
	zones   sync.Map     // *time.Location by name

	keys keyCache
}

// New makes the service.
func New(d *db.DB, mint *id.Minter, now func() time.Time) *Service {
	return &Service{db: d, mint: mint, now: now}
}

// How long the stores in memory are good: after fresh one caller reads them
// again while the others go on, after stale everybody waits for that.
const (
	fresh = time.Second
	stale = 2 * time.Second
)

// storeSet is all stores as they were at a time. It does not change.
type storeSet struct {
	at   time.Time
	list []Store // by code
	byID map[StoreID]Store
}

func newStoreSet(at time.Time, list []Store) *storeSet {
	slices.SortFunc(list, func(a, b Store) int { return byNumber(a.Code, b.Code) })
	set := &storeSet{at: at, list: list, byID: make(map[StoreID]Store, len(list))}
	for _, s := range list {
		set.byID[s.ID] = s
	}
	return set
}

// byNumber orders codes as people do: 2 before 10, numbers before names.
func byNumber(a, b string) int {
	m, errM := strconv.Atoi(a)
	n, errN := strconv.Atoi(b)
	switch {
	case errM == nil && errN == nil:
		return cmp.Or(cmp.Compare(m, n), cmp.Compare(a, b))
	case errM == nil:
		return -1
	case errN == nil:
		return 1
	}
	return cmp.Compare(a, b)
}

// known gives the stores, not older than a second or, while another caller
// reads them anew, two. What this process has changed itself is seen at once.
func (s *Service) known(ctx context.Context) (*storeSet, error) {
	set, now := s.stores.Load(), s.now()
	if s.good(set, now, fresh) {
		return set, nil
	}
	if !s.reading.TryLock() {
		if s.good(set, now, stale) {
			return set, nil
		}
		s.reading.Lock()
		if set := s.stores.Load(); s.good(set, s.now(), fresh) {
			s.reading.Unlock()
			return set, nil
		}
	}
	defer s.reading.Unlock()
	return s.read(ctx)
}

// read reads the stores into memory.
func (s *Service) read(ctx context.Context) (*storeSet, error) {
	at := s.now() // before the reading: what is committed later is not in it
	rows, err := s.db.Query(ctx, `SELECT `+storeColumns+` FROM stores`)
	var list []Store
	err = db.Scan(rows, err, func(r *db.Rows) error {
		store, err := s.scanStore(r)
		list = append(list, store)
		return err
	})
	if err != nil {
		return nil, err
	}
	set := newStoreSet(at, list)
	s.stores.Store(set)
	return set, nil
}

// good reports whether a set is good for a time. For a while after a change
// of our own none is: we do not hear of its commit.
func (s *Service) good(set *storeSet, now time.Time, within time.Duration) bool {
	if set == nil || now.Sub(time.UnixMicro(s.changed.Load())).Abs() < stale {
		return false
	}
	return now.Sub(set.at).Abs() < within
}

const storeColumns = `id, entity_id, code, name, city, zone, active, created_at`

func (s *Service) scanStore(r db.Scanner) (Store, error) {
	var (
		store Store
		zone  string
	)
	err := r.Scan(&store.ID, &store.Entity, &store.Code, &store.Name, &store.City, &zone, &store.Active, db.Time{Dst: &store.CreatedAt})
	if err != nil {
		return Store{}, err
	}
	store.Zone, err = s.zone(zone)
	return store, err
}

// zone loads each time zone once.
func (s *Service) zone(name string) (*time.Location, error) {
	if zone, ok := s.zones.Load(name); ok {
		return zone.(*time.Location), nil
	}
	zone, err := time.LoadLocation(name)
	if err == nil {
		s.zones.Store(name, zone)
	}
	return zone, err
}

// Stores lists all stores by code, the closed ones too.
func (s *Service) Stores(ctx context.Context) (_ []Store, err error) {
	defer errs.Wrap(&err, "list stores")
	set, err := s.known(ctx)
	if err != nil {
		return nil, err
	}
	return slices.Clone(set.list), nil
}

// Refresh reads the stores into memory, unless they were a second ago: whoever
// calls Store does so first, outside of a transaction.
func (s *Service) Refresh(ctx context.Context) (err error) {
	defer errs.Wrap(&err, "read the stores")
	_, err = s.known(ctx)
	return err
}

// Store finds a store in memory: it never waits and may be called inside a
// transaction. Memory is as new as the last call of Refresh, TillByKey, Stores or
// StoreByID made it, and filled by the first of them.
func (s *Service) Store(id StoreID) (Store, bool) {
	set := s.stores.Load()
	if set == nil {
		return Store{}, false
	}
	store, ok := set.byID[id]
	return store, ok
}

// Entity is who owns a store, in whose books stands what concerns who is at home in it;
// of a store that is not known DefaultEntity. Like Store it never waits.
func (s *Service) Entity(of StoreID) EntityID {
	store, _ := s.Store(of)
	return cmp.Or(store.Entity, DefaultEntity)
}

// Zone is by which clock the days of a store, and of who is at home in it, end: its own,
// or another where it is not known. Like Store it never waits.
func (s *Service) Zone(of StoreID, other *time.Location) *time.Location {
	if store, ok := s.Store(of); ok {
		return store.Zone
	}
	return other
}

// StoreByID finds a store, and reads once more before it says that there is
// none: another process may have created it a moment ago.
func (s *Service) StoreByID(ctx context.Context, id StoreID) (_ Store, err error) {
	defer errs.Wrap(&err, "find store %d", id)
	set, err := s.known(ctx)
	if err != nil {
		return Store{}, err
	}
	store, ok := set.byID[id]
	if !ok {
		if set, err = s.read(ctx); err != nil {
			return Store{}, err
		}
		if store, ok = set.byID[id]; !ok {
			return Store{}, ErrStoreNotFound
		}
	}
	return store, nil
}

// CreateStoreTx creates a store; the first one brings the legal entity that
// owns it. It fails with ErrStoreExists where the code is taken.
func (s *Service) CreateStoreTx(ctx context.Context, tx *db.Tx, in NewStore) (_ Store, err error) {
	defer errs.Wrap(&err, "create store")
	code := fold.Line(in.Code)
	if code == "" {
		if code, err = s.nextCodeTx(ctx, tx); err != nil {
			return Store{}, err
		}
	}
	store := Store{
		ID: StoreID(s.mint.Next()), Entity: cmp.Or(in.Entity, DefaultEntity), Code: code, Active: true,
		CreatedAt: s.now().UTC().Truncate(time.Microsecond),
	}
	if err := store.change(StoreChange{Name: &in.Name, City: &in.City, Zone: &in.Zone}); err != nil {
		return Store{}, err
	}
	const entity = `INSERT INTO entities (id, name) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING`
	if _, err := tx.Exec(ctx, entity, int64(DefaultEntity), DefaultEntity.String()); err != nil {
		return Store{}, err
	}
	if in.Entity != 0 {
		if err := entityTx(ctx, tx, in.Entity); err != nil {
			return Store{}, err
		}
	}
	const insert = `
		INSERT INTO stores (id, entity_id, code, name, city, zone, active, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
		ON CONFLICT (code) DO NOTHING`
	n, err := tx.Exec(ctx, insert, int64(store.ID), int64(store.Entity), store.Code, store.Name, store.City,
		store.Zone.String(), store.Active, store.CreatedAt.UnixMicro())
	if err != nil {
		return Store{}, err
	}
	if n == 0 {
		return Store{}, ErrStoreExists.At("/code")
	}
	s.remember(store)
	return store, s.tellTx(ctx, tx, EventStore, int64(store.ID))
}

// nextCodeTx is the number after the largest that is a code.
func (s *Service) nextCodeTx(ctx context.Context, tx *db.Tx) (string, error) {
	rows, err := tx.Query(ctx, `SELECT code FROM stores`)
	largest := 0
	err = db.Scan(rows, err, func(r *db.Rows) error {
		var code string
		if err := r.Scan(&code); err != nil {
			return err
		}
		if n, err := strconv.Atoi(code); err == nil {
			largest = max(largest, n)
		}
		return nil
	})
	return strconv.Itoa(largest + 1), err
}

// EnsureStoresTx finds stores by code and creates those that are missing, as
// files name them. A store that exists stays as it is.
func (s *Service) EnsureStoresTx(ctx context.Context, tx *db.Tx, stores []NewStore) (_ map[string]Store, err error) {
	defer errs.Wrap(&err, "find or create stores")
	codes := make([]string, len(stores))
	for i := range stores {
		codes[i] = fold.Line(stores[i].Code)
	}
	found, err := s.storesByCodeTx(ctx, tx, codes)
	if err != nil {
		return nil, err
	}
	for i, in := range stores {
		if _, ok := found[codes[i]]; ok {
			continue
		}
		store, err := s.CreateStoreTx(ctx, tx, in)
		if errors.Is(err, ErrStoreExists) { // somebody else was faster
			again, err := s.storesByCodeTx(ctx, tx, codes[i:i+1])
			if err != nil {
				return nil, err
			}
			store = again[codes[i]]
		} else if err != nil {
			return nil, err
		}
		found[codes[i]] = store
	}
	return found, nil
}

func (s *Service) storesByCodeTx(ctx context.Context, tx *db.Tx, codes []string) (map[string]Store, error) {
	found := make(map[string]Store, len(codes))
	rows, err := tx.Query(ctx, `SELECT `+storeColumns+` FROM stores WHERE code IN ($1...)`, db.Texts(codes))
	err = db.Scan(rows, err, func(r *db.Rows) error {
		store, err := s.scanStore(r)
		found[store.Code] = store
		return err
	})
	return found, err
}

// UpdateStoreTx changes a store and returns it as it was and as it is.
func (s *Service) UpdateStoreTx(ctx context.Context, tx *db.Tx, id StoreID, c StoreChange) (before, after Store, err error) {
	defer errs.Wrap(&err, "change store %d", id)
	const read = `
		SELECT ` + storeColumns + ` FROM stores WHERE id = $1
		FOR NO KEY UPDATE -- postgres`
	before, err = s.scanStore(tx.QueryRow(ctx, read, int64(id)))
	if errors.Is(err, db.ErrNoRows) {
		return before, after, ErrStoreNotFound
	}
	if err != nil {
		return before, after, err
	}
	after = before
	if err := after.change(c); err != nil {
		return before, before, err
	}
	if after == before {
		return before, after, nil
	}
	if after.Entity != before.Entity {
		if err := s.soldTx(ctx, tx, before, after); err != nil {
			return before, before, err
		}
	}
	const update = `UPDATE stores SET code = $2, name = $3, city = $4, zone = $5, active = $6, entity_id = $7 WHERE id = $1`
	err = tx.Guard(ctx, update, int64(id), after.Code, after.Name, after.City, after.Zone.String(), after.Active, int64(after.Entity))
	if errors.Is(err, db.ErrUnique) {
		return before, before, ErrStoreExists.At("/code")
	}
	if err != nil {
		return before, before, err
	}
	s.remember(after)
	return before, after, s.tellTx(ctx, tx, EventStore, int64(id))
}

// change applies c and checks the outcome.
func (store *Store) change(c StoreChange) error {
	var wrong errs.List
	if c.Code != nil {
		store.Code = fold.Line(*c.Code)
	}
	if c.Entity != nil {
		store.Entity = *c.Entity
	}
	if c.Name != nil {
		store.Name = fold.Line(*c.Name)
	}
	if c.City != nil {
		store.City = fold.Line(*c.City)
	}
	if c.Active != nil {
		store.Active = *c.Active
	}
	if c.Zone != nil && (store.Zone == nil || *c.Zone != store.Zone.String()) {
		zone, err := settings.Zone(*c.Zone)
		if err != nil {
			wrong.Add("/zone", "unknown_zone", "is not the name of a time zone such as Asia/Tashkent")
		}
		store.Zone = zone
	}
	required(&wrong, "/code", store.Code, MaxCode)
	required(&wrong, "/name", store.Name, MaxName)
	wrong.Bound("/city", store.City, maxCity)
	return wrong.Err()
}

// remember shows a store that was written at once; should its transaction
// fail, the next reading forgets it.
func (s *Service) remember(store Store) {
	s.changed.Store(s.now().UnixMicro())
	for {
		set := s.stores.Load()
		list, at := []Store{store}, time.Time{}
		if set != nil {
			at = set.at
			for _, other := range set.list {
				if other.ID != store.ID {
					list = append(list, other)
				}
			}
		}
		if s.stores.CompareAndSwap(set, newStoreSet(at, list)) {
			return
		}
	}
}

func required(l *errs.List, pointer, s string, limit int) {
	if s == "" {
		l.Add(pointer, "missing", "is missing")
	}
	l.Bound(pointer, s, limit)
}
