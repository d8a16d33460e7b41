package programme

import (
	"cmp"
	"context"
	"slices"
	"sync/atomic"
	"time"

	"regulars/internal/base/errs"
)

// fresh is how long the cache answers before it asks the database whether
// something was published, perhaps by another process. It keeps the promise
// of PublishTx with room for a slow answer.
const fresh = 500 * time.Millisecond

// cache holds every published version in memory: there are few, they are asked
// for by every receipt, and they never change. Readers take the snapshot that
// stands and do not wait for each other.
type cache struct {
	standing atomic.Pointer[snapshot]
	turn     chan struct{} // held by whoever reads the database
}

type snapshot struct {
	checked time.Time
	byID    map[VersionID]*published
	// byProgramme holds the versions that start last first.
	byProgramme map[ID][]*published
	labels      bool // some are for customers of a label
}

// published is a version with its stores as a set.
type published struct {
	*Version
	stores map[string]bool // nil: all
}

func newCache() *cache {
	c := &cache{turn: make(chan struct{}, 1)}
	c.standing.Store(&snapshot{})
	return c
}

// At is the published version that holds in a store at a time for a customer of
// some labels; nil: none does. Where several programmes cover both, one that is
// not stopped goes before one that is, then one that is for a label before one for
// everybody, then one that names the store before one that holds everywhere, then
// the one whose version started last, then the newer programme.
//
// It is answered from memory. What was published in this or another process is
// seen within a second. It may read the database: do not call it inside of a
// transaction, which would then hold one connection and wait for another.
func (s *Service) At(ctx context.Context, storeCode string, t time.Time, labels ...string) (_ *Version, err error) {
	defer errs.Wrap(&err, "programme in store %s", storeCode)
	snap, err := s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return snap.in(storeCode, t, labels), nil
}

// ByLabel reports whether labels make a difference to which programme holds.
func (s *Service) ByLabel(ctx context.Context) (_ bool, err error) {
	defer errs.Wrap(&err, "programmes by label")
	snap, err := s.snapshot(ctx)
	if err != nil {
		return false, err
	}
	return snap.labels, nil
}

// Everywhere answers like At for any store and labels, by what is published now; it
// asks no database, so that it can be called inside of a transaction.
func (s *Service) Everywhere(ctx context.Context, t time.Time) (_ func(storeCode string, labels ...string) *Version, err error) {
	defer errs.Wrap(&err, "programmes of all stores")
	snap, err := s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return func(storeCode string, labels ...string) *Version { return snap.in(storeCode, t, labels) }, nil
}

func (snap *snapshot) in(storeCode string, t time.Time, labels []string) *Version {
	var best *published
	for _, versions := range snap.byProgramme {
		p := holding(versions, t)
		if p != nil && p.covers(storeCode) && p.Rules.Suits(labels) && (best == nil || p.rank(best) > 0) {
			best = p
		}
	}
	if best == nil {
		return nil
	}
	return best.Version
}

// holding is the version of one programme that holds at a time; nil: none yet.
func holding(versions []*published, t time.Time) *published {
	for _, p := range versions {
		if !p.StartsAt.After(t) {
			return p
		}
	}
	return nil
}

func (p *published) covers(store string) bool { return p.stores == nil || p.stores[store] }

// rank says which of two versions that cover a store holds there.
func (p *published) rank(o *published) int {
	return cmp.Or(
		order(!p.Rules.Stopped, !o.Rules.Stopped),
		order(len(p.Rules.Labels) > 0, len(o.Rules.Labels) > 0),
		order(p.stores != nil, o.stores != nil),
		p.StartsAt.Compare(o.StartsAt),
		cmp.Compare(p.ProgrammeID, o.ProgrammeID),
	)
}

func order(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// ByID is a version. A published one is answered from memory.
func (s *Service) ByID(ctx context.Context, version VersionID) (_ *Version, err error) {
	if p := s.cache.standing.Load().byID[version]; p != nil {
		return p.Version, nil
	}
	defer errs.Wrap(&err, "get version %d", version)
	return scanVersion(s.db.QueryRow(ctx, `SELECT `+columns+` FROM programme_versions WHERE id = $1`, int64(version)))
}

// snapshot gives what is published, as the database said a moment ago.
func (s *Service) snapshot(ctx context.Context) (*snapshot, error) {
	if snap := s.cache.standing.Load(); snap.holds(s.now()) {
		return snap, nil
	}
	return s.refresh(ctx, false)
}

func (snap *snapshot) holds(now time.Time) bool {
	age := now.Sub(snap.checked)
	return age >= 0 && age < fresh
}

// Refresh reads now what was published.
func (s *Service) Refresh(ctx context.Context) (err error) {
	defer errs.Wrap(&err, "read the published programmes")
	_, err = s.refresh(ctx, true)
	return err
}

func (s *Service) refresh(ctx context.Context, always bool) (*snapshot, error) {
	select {
	case s.cache.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { <-s.cache.turn }()

	old, now := s.cache.standing.Load(), s.now()
	if !always && old.holds(now) { // somebody else asked while we waited
		return old, nil
	}
	// Nothing that was published goes away again, so the number of versions
	// tells whether there is a new one.
	var n int
	if err := s.db.QueryRow(ctx, `SELECT COUNT(*) FROM programme_versions WHERE state = 'published'`).Scan(&n); err != nil {
		return nil, err
	}
	snap := &snapshot{checked: now, byID: old.byID, byProgramme: old.byProgramme, labels: old.labels}
	if n != len(old.byID) {
		list, err := scanVersions(s.db.Query(ctx, `SELECT `+columns+` FROM programme_versions WHERE state = 'published'`))
		if err != nil {
			return nil, err
		}
		snap.index(list)
	}
	s.cache.standing.Store(snap)
	return snap, nil
}

func (snap *snapshot) index(list []*Version) {
	snap.byID = make(map[VersionID]*published, len(list))
	snap.byProgramme = map[ID][]*published{}
	for _, v := range list {
		p := &published{Version: v}
		snap.labels = snap.labels || len(v.Rules.Labels) > 0
		if len(v.Rules.Stores) > 0 {
			p.stores = make(map[string]bool, len(v.Rules.Stores))
			for _, code := range v.Rules.Stores {
				p.stores[code] = true
			}
		}
		snap.byID[v.ID] = p
		snap.byProgramme[v.ProgrammeID] = append(snap.byProgramme[v.ProgrammeID], p)
	}
	for _, versions := range snap.byProgramme {
		slices.SortFunc(versions, func(a, b *published) int {
			return cmp.Or(b.StartsAt.Compare(a.StartsAt), cmp.Compare(b.Number, a.Number))
		})
	}
}
