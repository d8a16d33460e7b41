package catalog_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/catalog"
)

// A key that another one follows works on for a while, ends by itself, and is
// known to have been used.
func TestKeysOverlap(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		s := newService(d, c)
		store := addStore(t, d, s, catalog.NewStore{Name: "First", Zone: "Asia/Tashkent"})
		till, old, _ := addTill(t, d, s, store.ID)
		var (
			plain string
			key   catalog.Key
		)
		start := c.now()
		for _, after := range []time.Duration{time.Hour, 24 * time.Hour} { // what ends sooner is not put off
			write(t, d, func(ctx context.Context, tx *db.Tx) (err error) {
				if key.ID == 0 {
					if plain, key, err = s.IssueKeyTx(ctx, tx, till.ID); err != nil {
						return err
					}
				}
				return s.EndKeysTx(ctx, tx, till.ID, key.ID, start.Add(after))
			})
		}
		for _, k := range []string{old, plain} {
			if _, _, err := s.TillByKey(t.Context(), k); err != nil {
				t.Errorf("a key while both work: %v", err)
			}
		}
		c.advance(time.Hour - time.Second)
		if _, _, err := s.TillByKey(t.Context(), old); err != nil {
			t.Errorf("a second before its end: %v", err)
		}
		c.advance(3 * time.Second)
		if _, _, err := s.TillByKey(t.Context(), old); !errors.Is(err, catalog.ErrKey) {
			t.Errorf("after its end: %v", err)
		}
		c.advance(48 * time.Hour)
		if _, _, err := s.TillByKey(t.Context(), plain); err != nil {
			t.Errorf("the new key: %v", err)
		}
		keys, err := s.Keys(t.Context(), till.ID)
		if err != nil || len(keys) != 2 {
			t.Fatal(keys, err)
		}
		if !keys[0].Good(c.now()) || !keys[0].UsedAt.Equal(c.now()) || keys[1].Good(c.now()) || !keys[1].EndsAt.Equal(start.Add(time.Hour)) || !keys[1].UsedAt.Equal(start.Add(time.Hour-time.Second)) {
			t.Errorf("the keys are %+v", keys)
		}
	})
}
