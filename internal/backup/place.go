package backup

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// place is a data folder that is being filled:
//
//	draft made -> files and database written in it -> what was there moved aside
//	-> files moved out of the draft -> database moved out -> draft removed
//
// The folder itself may be the root of a volume, so it is never renamed. Until the
// database is in its place there is none; a draft beside none is what a
// restore left that was cut off, and the next one begins anew.
type place struct {
	folder  string
	draft   string
	aside   string   // where what was there goes
	before  []string // and its names
	settled bool
}

// newPlace begins to fill a folder; aside is where in it what was there goes, if
// that is wanted.
func newPlace(folder, when string, replace bool) (*place, error) {
	p := &place{folder: folder, draft: filepath.Join(folder, draft), aside: filepath.Join(folder, aside+"-"+when)}
	names, err := entries(folder)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if name != Lock && name != draft && !strings.HasPrefix(name, aside) {
			p.before = append(p.before, name)
		}
	}
	cutOff := slices.Contains(names, draft) && !slices.Contains(names, Database)
	if len(p.before) > 0 && !replace && !cutOff {
		return nil, ErrNotEmpty.Textf("The data folder %s is not empty: it holds %s. Restore into another, or say --replace to have that moved aside.",
			folder, strings.Join(p.before, ", "))
	}
	// The database leaves first: what follows it is not read without it.
	slices.SortFunc(p.before, func(a, b string) int { return strings.Compare(order(a), order(b)) })
	if err := os.RemoveAll(p.draft); err != nil {
		return nil, err
	}
	return p, os.Mkdir(p.draft, 0o700)
}

func order(name string) string {
	if name == Database {
		return ""
	}
	return name
}

func entries(folder string) (names []string, err error) {
	list, err := os.ReadDir(folder)
	for _, e := range list {
		names = append(names, e.Name())
	}
	return names, err
}

func (p *place) database() string { return filepath.Join(p.draft, Database) }

// put writes a file into the draft.
func (p *place) put(name string, r io.Reader) error {
	to := filepath.Join(p.draft, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // within the draft
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// settle moves everything to where it belongs, the database last.
func (p *place) settle() error {
	p.settled = true
	if len(p.before) > 0 {
		if err := os.Mkdir(p.aside, 0o700); err != nil {
			return err
		}
		for _, name := range p.before {
			if err := os.Rename(filepath.Join(p.folder, name), filepath.Join(p.aside, name)); err != nil {
				return err
			}
		}
		p.before = nil
	}
	names, err := entries(p.draft)
	if err != nil {
		return err
	}
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(order(b), order(a)) })
	for _, name := range names {
		if name == Database { // its files and those before are on the disk by now
			if err := errors.Join(syncFolder(p.draft), syncFolder(p.folder)); err != nil {
				return err
			}
		}
		if err := os.Rename(filepath.Join(p.draft, name), filepath.Join(p.folder, name)); err != nil {
			return err
		}
	}
	return syncFolder(p.folder)
}

// giveUp leaves the folder as it was, unless it is being changed: then the next
// restore finds the draft.
func (p *place) giveUp() error {
	if p.settled {
		return nil
	}
	return os.RemoveAll(p.draft)
}

// done removes the draft.
func (p *place) done() error { return errors.Join(os.Remove(p.draft), syncFolder(p.folder)) }
