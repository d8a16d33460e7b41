package app

import (
	"errors"
	"path/filepath"

	"github.com/gofrs/flock"

	"regulars/internal/backup"
	"regulars/internal/base/errs"
)

// ErrInUse is returned to the second server of a data folder.
var ErrInUse = errs.New(errs.Conflict, "data_in_use", "")

// lockFolder makes this process the server of a data folder until it unlocks
// or ends, however it ends. The file itself stays: removing it would let two
// hold locks on files of the same name.
func lockFolder(folder string) (unlock func() error, err error) {
	l := flock.New(filepath.Join(folder, backup.Lock), flock.SetPermissions(0o600))
	ok, err := l.TryLock()
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	if !ok {
		return nil, ErrInUse.Textf("Another regulars serves the data folder %s. Stop it first, or choose another folder with --data; "+
			"several servers on the same data need PostgreSQL (--database).", folder)
	}
	return l.Close, nil
}
