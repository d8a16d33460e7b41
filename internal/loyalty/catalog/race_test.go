package catalog_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/catalog"
)

// Of several who create a product of one SKU at once, one does; the others change
// nothing of it.
func TestOneSKUIsCreatedOnce(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d, newClock())
		for round := range 10 {
			sku := fmt.Sprint("A-", round)
			failed := make([]error, 4)
			var wg, ready sync.WaitGroup
			ready.Add(len(failed))
			for i := range failed {
				wg.Go(func() {
					name := fmt.Sprint("Milk ", i)
					ready.Done()
					ready.Wait()
					failed[i] = d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
						_, err := s.CreateProductTx(ctx, tx, catalog.ProductInput{SKU: sku, ProductChange: catalog.ProductChange{Name: &name}})
						return err
					})
				})
			}
			wg.Wait()
			var name string
			if err := d.QueryRow(t.Context(), `SELECT name FROM products WHERE sku = $1`, sku).Scan(&name); err != nil {
				t.Fatal(err)
			}
			made := 0
			for i, err := range failed {
				switch {
				case err == nil:
					if made++; name != fmt.Sprint("Milk ", i) {
						t.Errorf("%d made it, and it is called %s", i, name)
					}
				case !errors.Is(err, catalog.ErrSKUTaken):
					t.Error(err)
				}
			}
			if made != 1 {
				t.Errorf("%d made it", made)
			}
		}
	})
}

// Of several processes that give a name at once, to a new legal entity or to one that
// is there, one does.
func TestOneEntityGetsAName(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d, newClock())
		var there catalog.Entity
		write(t, d, func(ctx context.Context, tx *db.Tx) (err error) {
			there, err = s.CreateEntityTx(ctx, tx, catalog.Entity{Name: "There"})
			return err
		})
		for round := range 10 {
			failed := make([]error, 4)
			var wg, ready sync.WaitGroup
			ready.Add(len(failed))
			for i := range failed {
				wg.Go(func() {
					e := catalog.Entity{Name: fmt.Sprint([]string{"North ", "NORTH  ", "north ", "North "}[i], round)}
					ready.Done()
					ready.Wait()
					failed[i] = d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
						if i == 0 {
							e.ID = there.ID
							_, _, err = s.UpdateEntityTx(ctx, tx, e)
						} else {
							_, err = s.CreateEntityTx(ctx, tx, e)
						}
						return err
					})
				})
			}
			wg.Wait()
			made := 0
			for _, err := range failed {
				if err == nil {
					made++
				} else if !errors.Is(err, catalog.ErrEntityExists) {
					t.Error(err)
				}
			}
			if made != 1 {
				t.Errorf("%d have the name", made)
			}
		}
	})
}
