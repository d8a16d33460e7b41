package importer

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/id"
)

// ID identifies an import.
type ID = id.Of[Import]

// State is where an import stands; the diagram is in the package's doc.
type State string

// The states.
const (
	Draft     State = "draft"
	Checked   State = "checked"
	Running   State = "running"
	Done      State = "done"
	Failed    State = "failed"
	Cancelled State = "cancelled"
)

// Key is the i18n key of the state.
func (s State) Key() string { return "importer.state." + string(s) }

// Import is a file on its way in.
type Import struct {
	ID         ID
	Source     string // receipts of one source are told apart by their numbers
	Kind       Kind
	File       string // as the user knows it
	Mapping    Mapping
	State      State
	Report     Report      // of the dry run until it is started
	Failure    *errs.Error // why it failed; nil: it has not
	CreatedBy  int64       // staff; 0: the command line
	CreatedAt  time.Time
	FinishedAt time.Time // zero: it has not

	sourceID int64
	path     string
	digest   string
	progress progress
	kept     string // progress as it is in the database
	mapping  string // likewise
}

// Failures that callers tell apart.
var (
	ErrNotFound  = errs.New(errs.NotFound, "import_not_found", "There is no such import.")
	ErrStarted   = errs.New(errs.Conflict, "import_started", "The import has been started; its columns cannot be changed any more.")
	ErrNotGoing  = errs.New(errs.Conflict, "import_not_running", "The import is not running.")
	ErrOtherFile = errs.New(errs.Conflict, "import_other_file", "The file is not the one that the import began with. Import it anew; what is in already is not doubled.")
	ErrKept      = errs.New(errs.Conflict, "import_kept", "The import is running, or some of it is in: it cannot be discarded.")
	// ErrWhichStore is returned where rows name no store and there are several.
	ErrWhichStore = errs.New(errs.Invalid, "import_which_store", "The file does not say which store its rows are of, and there are several. Name one.")
	// ErrOtherSource is returned for receipts, gift cards, and customers with points, that are in, or
	// begun, as another source's.
	ErrOtherSource = errs.New(errs.Invalid, "import_other_source", "This very file is imported as one of another source. Name that source, or discard that import if nothing of it is in: what comes of two is not told apart.")
	ErrSource      = errs.New(errs.Invalid, "import_bad_source", "The source has a name of 1 to 100 characters.")
)

// unbegun is the progress of an import that has written nothing since it was
// started.
const unbegun = "{}"

const importColumns = `i.id, s.name, i.source_id, i.kind, i.file, i.path, i.digest, i.mapping, i.state, i.checkpoint, i.report,
	i.created_by, i.created_at, i.finished_at`

const fromImports = ` FROM imports i JOIN sources s ON s.id = i.source_id `

func scanImport(r db.Scanner) (i Import, err error) {
	var report string
	err = r.Scan(&i.ID, &i.Source, &i.sourceID, &i.Kind, &i.File, &i.path, &i.digest, &i.mapping, &i.State, &i.kept, &report,
		&i.CreatedBy, db.Time{Dst: &i.CreatedAt}, db.Time{Dst: &i.FinishedAt})
	if err != nil {
		return i, err
	}
	err = errors.Join(
		json.Unmarshal([]byte(i.mapping), &i.Mapping),
		json.Unmarshal([]byte(i.kept), &i.progress),
		json.Unmarshal([]byte(report), &i.Report),
	)
	i.Kind = i.Mapping.Kind
	return i, err
}

// stored is what the column kind says: it has no word for gift cards, stock and images,
// which are counted with the goods.
func (k Kind) stored() string {
	if k == KindGiftcards || k == KindStock || k == KindImages {
		return string(KindProducts)
	}
	return string(k)
}

// row reads an import as it is kept.
func (s *Service) row(ctx context.Context, id ID) (i Import, err error) {
	i, err = scanImport(s.db.QueryRow(ctx, `SELECT `+importColumns+fromImports+`WHERE i.id = $1`, int64(id)))
	if errors.Is(err, db.ErrNoRows) {
		return i, ErrNotFound
	}
	return i, err
}

// insertTx keeps a new import, and its source if that is new too.
func (s *Service) insertTx(ctx context.Context, tx *db.Tx, i *Import) error {
	now := s.now().UTC().Truncate(time.Microsecond)
	const source = `INSERT INTO sources (id, name, created_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING`
	if _, err := tx.Exec(ctx, source, s.mint.Next(), i.Source, now.UnixMicro()); err != nil {
		return err
	}
	if err := tx.QueryRow(ctx, `SELECT id FROM sources WHERE name = $1`, i.Source).Scan(&i.sourceID); err != nil {
		return err
	}
	i.CreatedAt = now
	const insert = `
		INSERT INTO imports (id, source_id, kind, file, path, digest, mapping, state, created_by, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`
	_, err := tx.Exec(ctx, insert, int64(i.ID), i.sourceID, i.Kind.stored(), i.File, i.path, i.digest, text(i.Mapping),
		string(i.State), i.CreatedBy, now.UnixMicro())
	return err
}

// text is v as JSON; nothing that is kept here fails to be.
func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// endTx ends an import that is running.
func endTx(ctx context.Context, tx *db.Tx, id ID, to State, at time.Time) error {
	const end = `UPDATE imports SET state = $2, finished_at = $3 WHERE id = $1 AND state = 'running'`
	return tx.Guard(ctx, end, int64(id), string(to), db.Micros(at))
}

// beginTx starts an import, or one that was stopped again. The report so far is
// the check's, unless it was stopped. It fails with ErrTaken if i is another by now,
// and with ErrOtherSource.
func beginTx(ctx context.Context, tx *db.Tx, i Import) error {
	const lock = `
		SELECT id
		  FROM imports
		 WHERE digest = $1
		 ORDER BY id
		   FOR UPDATE -- postgres` // of two that begin at once the second sees the first
	if _, err := tx.Exec(ctx, lock, i.digest); err != nil {
		return err
	}
	if err := i.notOtherSource(ctx, tx.QueryRow); err != nil {
		return err
	}
	const begin = `
		UPDATE imports
		   SET report      = CASE WHEN state IN ('draft', 'checked') THEN '{}' ELSE report END,
		       checkpoint  = CASE WHEN state IN ('draft', 'checked') THEN '` + unbegun + `' ELSE checkpoint END,
		       state       = 'running',
		       finished_at = NULL
		 WHERE id = $1 AND mapping = $2 AND state IN ('draft', 'checked', 'failed', 'cancelled')`
	return taken(tx.Guard(ctx, begin, int64(i.ID), i.mapping))
}

// notOtherSource keeps the receipts, gift cards and points of a file from coming in a second time
// under the name of another system: those of each source are told apart by themselves.
// Until it is discarded an import that was stopped has the file to itself.
func (i *Import) notOtherSource(ctx context.Context, row func(ctx context.Context, text string, args ...any) db.Row) error {
	if i.Kind != KindReceipts && i.Kind != KindGiftcards && !(i.Kind == KindCustomers && i.Mapping.has(FieldPoints)) {
		return nil
	}
	const begun = `
		SELECT s.name FROM imports i JOIN sources s ON s.id = i.source_id
		 WHERE i.digest = $1 AND i.kind = $2 AND i.state NOT IN ('draft', 'checked')
		 ORDER BY CASE WHEN s.name = $3 THEN 0 ELSE 1 END LIMIT 1` // whoever has begun with it goes on
	var before string
	err := row(ctx, begun, i.digest, string(i.Kind), i.Source).Scan(&before)
	switch {
	case errors.Is(err, db.ErrNoRows), err == nil && before == i.Source:
		return nil
	case err != nil:
		return err
	}
	return ErrOtherSource.With("source", before).At("/source")
}

// saveTx keeps how far an import is, in the transaction of what it did. It
// fails with ErrTaken if another process has gone on with it meanwhile, or begun it
// anew with other columns.
func (i *Import) saveTx(ctx context.Context, tx *db.Tx, to progress, r *Report) (kept string, err error) {
	kept = text(to)
	const save = `UPDATE imports SET checkpoint = $2, report = $3 WHERE id = $1 AND checkpoint = $4 AND mapping = $5 AND state = 'running'`
	return kept, taken(tx.Guard(ctx, save, int64(i.ID), kept, text(r), i.kept, i.mapping))
}

// taken is err, or that somebody else has changed the import.
func taken(err error) error {
	if errors.Is(err, db.ErrGuard) {
		return ErrTaken
	}
	return err
}

// ErrTaken ends a run that is not the only one any more, or was cancelled.
var ErrTaken = errs.New(errs.Conflict, "import_taken", "Another process goes on with this import, or it was stopped.")

// List lists imports, the newest first, those before one of them (0: from the
// newest).
func (s *Service) List(ctx context.Context, before ID, limit int) (list []Import, err error) {
	defer errs.Wrap(&err, "list imports")
	if before == 0 {
		before = 1<<63 - 1
	}
	rows, err := s.db.Query(ctx, `SELECT `+importColumns+fromImports+`WHERE i.id < $1 ORDER BY i.id DESC LIMIT $2`, int64(before), limit)
	err = db.Scan(rows, err, func(r *db.Rows) error {
		i, err := scanImport(r)
		list = append(list, i)
		return err
	})
	if err != nil {
		return nil, err
	}
	for i := range list {
		if err := s.merge(ctx, &list[i]); err != nil {
			return nil, err
		}
	}
	return list, nil
}
