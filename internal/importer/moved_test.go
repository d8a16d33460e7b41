package importer_test

import (
	"context"
	"slices"
	"testing"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/importer"
)

// What was uploaded is looked for in the new data folder, other files where they were.
func TestMoved(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			var b db.Batch
			b.Exec(`INSERT INTO sources (id, name, created_at) VALUES (1, 'old', 0)`)
			for i, path := range []string{"/srv/old/imports/1", "/srv/older/2.csv", "/srv/old", "/home/ann/3.csv"} {
				b.Exec(`INSERT INTO imports (id, source_id, kind, file, path, mapping, state, created_at) VALUES ($1, 1, 'products', 'f', $2, '{}', 'draft', 0)`, int64(i+1), path)
			}
			if err := tx.Run(ctx, &b); err != nil {
				return err
			}
			return importer.MovedTx(ctx, tx, "/srv/old", "/var/lib/new")
		})
		if err != nil {
			t.Fatal(err)
		}
		var paths []string
		rows, err := d.Query(t.Context(), `SELECT path FROM imports ORDER BY id`)
		err = db.Scan(rows, err, func(r *db.Rows) error {
			var path string
			err := r.Scan(&path)
			paths = append(paths, path)
			return err
		})
		if want := []string{"/var/lib/new/imports/1", "/srv/older/2.csv", "/srv/old", "/home/ann/3.csv"}; err != nil || !slices.Equal(paths, want) {
			t.Errorf("%v %v, want %v", paths, err, want)
		}
	})
}
