package catalog_test

import (
	"context"
	"errors"
	"testing"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/loyaltytest"
)

// A store is created by a legal entity, goes to another one, and what is no
// number or no entity is refused.
func TestEntities(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := loyaltytest.New(t, d, loyaltytest.Options{})
		ctx := t.Context()
		write := func(do func(ctx context.Context, tx *db.Tx) error) error { return d.Write(ctx, do) }
		var north, south catalog.Entity
		var store catalog.Store
		err := write(func(ctx context.Context, tx *db.Tx) (err error) {
			if north, err = s.Catalog.CreateEntityTx(ctx, tx, catalog.Entity{Name: " Shimol  MChJ ", TIN: "123 456 789"}); err != nil {
				return err
			}
			if south, err = s.Catalog.CreateEntityTx(ctx, tx, catalog.Entity{Name: "Janub"}); err != nil {
				return err
			}
			store, err = s.Catalog.CreateStoreTx(ctx, tx, catalog.NewStore{Name: "Chorsu", Zone: "Asia/Tashkent", Entity: north.ID})
			return err
		})
		if err != nil || north.Name != "Shimol MChJ" || north.TIN != "123456789" || store.Entity != north.ID {
			t.Fatalf("%+v, %+v: %v", north, store, err)
		}
		for name, tt := range map[string]struct {
			do   func(ctx context.Context, tx *db.Tx) error
			want error
		}{
			"letters in the number": {func(ctx context.Context, tx *db.Tx) error {
				_, err := s.Catalog.CreateEntityTx(ctx, tx, catalog.Entity{Name: "x", TIN: "12a"})
				return err
			}, catalog.ErrTIN},
			"a name that is read as another's": {func(ctx context.Context, tx *db.Tx) error {
				_, err := s.Catalog.CreateEntityTx(ctx, tx, catalog.Entity{Name: "SHIMOL mchj"})
				return err
			}, catalog.ErrEntityExists},
			"renamed to another's name": {func(ctx context.Context, tx *db.Tx) error {
				_, _, err := s.Catalog.UpdateEntityTx(ctx, tx, catalog.Entity{ID: south.ID, Name: "shimol MChJ"})
				return err
			}, catalog.ErrEntityExists},
			"the same name, written otherwise": {func(ctx context.Context, tx *db.Tx) error {
				_, _, err := s.Catalog.UpdateEntityTx(ctx, tx, catalog.Entity{ID: south.ID, Name: "JANUB"})
				return err
			}, nil},
			"a store of nobody": {func(ctx context.Context, tx *db.Tx) error {
				_, err := s.Catalog.CreateStoreTx(ctx, tx, catalog.NewStore{Name: "x", Zone: "UTC", Entity: 12})
				return err
			}, catalog.ErrEntityNotFound},
			"sold to nobody": {func(ctx context.Context, tx *db.Tx) error {
				nobody := catalog.EntityID(12)
				_, _, err := s.Catalog.UpdateStoreTx(ctx, tx, store.ID, catalog.StoreChange{Entity: &nobody})
				return err
			}, catalog.ErrEntityNotFound},
			"changed, but not there": {func(ctx context.Context, tx *db.Tx) error {
				_, _, err := s.Catalog.UpdateEntityTx(ctx, tx, catalog.Entity{ID: 12, Name: "x"})
				return err
			}, catalog.ErrEntityNotFound},
		} {
			if err := write(tt.do); !errors.Is(err, tt.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		err = write(func(ctx context.Context, tx *db.Tx) error {
			_, after, err := s.Catalog.UpdateStoreTx(ctx, tx, store.ID, catalog.StoreChange{Entity: &south.ID})
			if after.Entity != south.ID {
				t.Errorf("sold to %s", after.Entity)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		list, err := s.Catalog.Entities(ctx)
		if err != nil || len(list) != 3 { // with the one that every store has until there are several
			t.Errorf("%+v, %v", list, err)
		}
	})
}
