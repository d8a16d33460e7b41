package integration_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/integration"
	"regulars/internal/loyalty/loyaltytest"
)

var must = loyaltytest.Check

func issue(t *testing.T, s *loyaltytest.Installation, in integration.Key) (plain string, key integration.Key, err error) {
	t.Helper()
	err = s.DB.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		plain, key, err = s.Integrations.IssueTx(ctx, tx, in)
		return err
	})
	return plain, key, err
}

func TestKeys(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := loyaltytest.New(t, d, loyaltytest.Options{})
		other := loyaltytest.New(t, d, loyaltytest.Options{Join: s}) // another process
		plain, key, err := issue(t, s, integration.Key{Name: " ERP ", Permissions: []integration.Permission{integration.WriteStock, integration.ReadStock}, Stores: []catalog.StoreID{7}})
		must(t, err)
		for _, p := range []*loyaltytest.Installation{s, other} {
			k, err := p.Integrations.ByKey(t.Context(), plain)
			must(t, err)
			if k.ID != key.ID || k.Name != "ERP" || !k.Can(integration.ReadStock) || k.Can(integration.WriteProducts) || !k.Sees(7) || k.Sees(8) {
				t.Errorf("%+v", k)
			}
		}
		for _, wrong := range []string{"", "rg_" + plain[3:], plain[:len(plain)-1] + "!", plain + "a"} {
			if _, err := s.Integrations.ByKey(t.Context(), wrong); !errors.Is(err, integration.ErrKey) {
				t.Errorf("%q: %v", wrong, err)
			}
		}
		must(t, d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := s.Integrations.RevokeTx(ctx, tx, key.ID)
			return err
		}))
		s.Clock.Advance(2 * time.Second)
		for _, p := range []*loyaltytest.Installation{s, other} {
			if _, err := p.Integrations.ByKey(t.Context(), plain); !errors.Is(err, integration.ErrKey) {
				t.Errorf("a key that was revoked: %v", err)
			}
		}
		list, err := s.Integrations.List(t.Context())
		must(t, err)
		if len(list) != 1 || list[0].RevokedAt.IsZero() || list[0].UsedAt.IsZero() {
			t.Errorf("%+v", list)
		}
		for _, in := range []integration.Key{{Permissions: integration.Permissions}, {Name: "x"}, {Name: "x", Permissions: []integration.Permission{"all"}}} {
			if _, _, err := issue(t, s, in); err == nil {
				t.Errorf("issued %+v", in)
			}
		}
	})
}

// A call that names itself is done once, also where it comes many times at once.
func TestOnce(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := loyaltytest.New(t, d, loyaltytest.Options{})
		_, key, err := issue(t, s, integration.Key{Name: "ERP", Permissions: integration.Permissions})
		must(t, err)
		call := func(name, print, says string) (string, bool, error) {
			return s.Integrations.Once(t.Context(), &key, name, print, func(ctx context.Context, tx *db.Tx) (string, error) {
				_, err := tx.Exec(ctx, `INSERT INTO settings (name, value) VALUES ($1, '1')`, says)
				return says, err
			})
		}
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				if got, _, err := call("a", "p", "done"); got != "done" || err != nil {
					t.Errorf("%q, %v", got, err)
				}
			})
		}
		group.Wait()
		if _, replayed, err := call("a", "p", "again"); !replayed || err != nil {
			t.Errorf("replayed %t, %v", replayed, err)
		}
		if _, _, err := call("a", "q", "other"); !errors.Is(err, integration.ErrReused) {
			t.Errorf("another call under the same name: %v", err)
		}
		s.Clock.Advance(31 * 24 * time.Hour)
		must(t, s.Integrations.ForgetCalls(t.Context()))
		if _, replayed, err := call("a", "q", "later"); replayed || err != nil {
			t.Errorf("after a month: replayed %t, %v", replayed, err)
		}
	})
}
