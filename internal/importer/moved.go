package importer

import (
	"context"
	"path/filepath"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
)

// MovedTx has imports find their files where the data folder is now, of an
// installation that was restored elsewhere.
func MovedTx(ctx context.Context, tx *db.Tx, from, to string) (err error) {
	defer errs.Wrap(&err, "move the files of imports")
	const move = `UPDATE imports SET path = $2 || substr(path, length($1) + 1) WHERE substr(path, 1, length($1)) = $1`
	_, err = tx.Exec(ctx, move, from+string(filepath.Separator), to+string(filepath.Separator))
	return err
}
