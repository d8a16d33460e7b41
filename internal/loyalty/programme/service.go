package programme

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"
	"unicode/utf8"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/event"
	"regulars/internal/base/fold"
	"regulars/internal/base/id"
	"regulars/internal/base/money"
)

// Failures of the editor.
var (
	ErrNotFound        = errs.New(errs.NotFound, "programme_not_found", "There is no such programme.")
	ErrVersionNotFound = errs.New(errs.NotFound, "programme_version_not_found", "There is no such version of a programme.")
	ErrDraftOther      = errs.New(errs.Conflict, "programme_draft_other", "Somebody has saved or published these rules, or discarded their draft, since they were opened. Save again to replace them, or open the rules anew to see them.")
	ErrDraftChanged    = errs.New(errs.Conflict, "programme_draft_changed", "Somebody has saved this draft anew. Look at it again.")
	ErrNotADraft       = errs.New(errs.Conflict, "programme_not_a_draft", "This version has been published and does not change any more. Save a new draft.")
	ErrStartsInPast    = errs.New(errs.Invalid, "programme_starts_in_past", "A version cannot start in the past: receipts have been sold under the one before it.")
	ErrName            = errs.New(errs.Invalid, "programme_name", "A name has 1 to 100 characters.")
)

// Programme is a named succession of versions.
type Programme struct {
	ID        ID
	Name      string
	CreatedAt time.Time
}

// State is whether a version still changes.
type State string

// The states:
//
//	(saved) --> draft --(publish)--> published, for good
const (
	StateDraft     State = "draft"
	StatePublished State = "published"
)

// Version is the rules of a programme from a time on, until the next version
// starts. A published one is shared by its readers and never changes.
type Version struct {
	ID          VersionID
	ProgrammeID ID
	Number      int // from 1
	State       State
	StartsAt    time.Time // zero: a draft
	CreatedBy   int64     // staff; 0: the program
	CreatedAt   time.Time // of a draft: when it was saved last
	PublishedAt time.Time // zero: a draft
	Rules       Rules
}

// Service keeps programmes and says which version holds.
type Service struct {
	db       *db.DB
	mint     *id.Minter
	now      func() time.Time
	currency money.Currency
	cache    *cache
	codes    func(context.Context, *db.Tx) error // whether codes can be sent; nil: nobody asks
}

// New makes the service.
func New(d *db.DB, mint *id.Minter, now func() time.Time, c money.Currency) *Service {
	return &Service{db: d, mint: mint, now: now, currency: c, cache: newCache()}
}

// SendCodes says by what function it is asked whether codes can be sent: rules that
// need some are not published where it fails. Call it before anything else.
func (s *Service) SendCodes(ready func(context.Context, *db.Tx) error) { s.codes = ready }

// CreateTx makes a programme that has no version yet.
func (s *Service) CreateTx(ctx context.Context, tx *db.Tx, name string) (_ ID, err error) {
	defer errs.Wrap(&err, "create programme")
	if name, err = cleanName(name); err != nil {
		return 0, err
	}
	programme := ID(s.mint.Next())
	_, err = tx.Exec(ctx, `INSERT INTO programmes (id, name, created_at) VALUES ($1, $2, $3)`,
		int64(programme), name, s.now().UnixMicro())
	return programme, err
}

func cleanName(name string) (string, error) {
	name = fold.Line(name)
	if n := utf8.RuneCountInString(name); n == 0 || n > maxName {
		return "", ErrName.At("/name")
	}
	return name, nil
}

// List gives all programmes, the oldest first.
func (s *Service) List(ctx context.Context) (list []Programme, err error) {
	defer errs.Wrap(&err, "list programmes")
	rows, err := s.db.Query(ctx, `SELECT id, name, created_at FROM programmes ORDER BY id`)
	err = db.Scan(rows, err, func(r *db.Rows) error {
		var p Programme
		if err := r.Scan(&p.ID, &p.Name, db.Time{Dst: &p.CreatedAt}); err != nil {
			return err
		}
		list = append(list, p)
		return nil
	})
	return list, err
}

// Get gives one programme.
func (s *Service) Get(ctx context.Context, programme ID) (p Programme, err error) {
	defer errs.Wrap(&err, "get programme %d", programme)
	err = s.db.QueryRow(ctx, `SELECT id, name, created_at FROM programmes WHERE id = $1`, int64(programme)).
		Scan(&p.ID, &p.Name, db.Time{Dst: &p.CreatedAt})
	if errors.Is(err, db.ErrNoRows) {
		return p, ErrNotFound
	}
	return p, err
}

// SaveDraftTx keeps rules as the programme's draft, of which there is one at
// most: the draft there is is replaced. Rules that Validate refuses are not
// kept.
func (s *Service) SaveDraftTx(ctx context.Context, tx *db.Tx, programme ID, r *Rules, by int64) (_ *Version, err error) {
	defer errs.Wrap(&err, "save draft of programme %d", programme)
	if err := Validate(r, s.currency); err != nil {
		return nil, err
	}
	if err := lock(ctx, tx, programme); err != nil {
		return nil, err
	}
	v := &Version{ProgrammeID: programme, State: StateDraft, CreatedBy: by, CreatedAt: s.now().UTC(), Rules: *r}
	text := string(Encode(r))
	const replace = `
		UPDATE programme_versions SET rules = $2, created_by = $3, created_at = $4
		 WHERE programme_id = $1 AND state = 'draft'
		RETURNING id, number`
	err = tx.QueryRow(ctx, replace, int64(programme), text, by, v.CreatedAt.UnixMicro()).Scan(&v.ID, &v.Number)
	if !errors.Is(err, db.ErrNoRows) {
		return v, err
	}
	v.ID = VersionID(s.mint.Next())
	const add = `
		INSERT INTO programme_versions (id, programme_id, number, state, rules, created_by, created_at)
		SELECT $2, $1, COALESCE(MAX(number), 0) + 1, 'draft', $3, $4, $5 FROM programme_versions WHERE programme_id = $1
		RETURNING number`
	err = tx.QueryRow(ctx, add, int64(programme), int64(v.ID), text, by, v.CreatedAt.UnixMicro()).Scan(&v.Number)
	return v, err
}

// ReplaceDraftTx keeps rules as SaveDraftTx does, by whoever has read the newest version,
// draft or not; nil: there was none. It fails with ErrDraftOther where there is another
// by now: its rules would be taken back unread.
func (s *Service) ReplaceDraftTx(ctx context.Context, tx *db.Tx, programme ID, read *Version, r *Rules, by int64) (_ *Version, err error) {
	defer errs.Wrap(&err, "replace draft of programme %d", programme)
	if err := lock(ctx, tx, programme); err != nil {
		return nil, err
	}
	const others = `SELECT COUNT(*) FROM programme_versions WHERE programme_id = $1 AND number >= $2 AND NOT (id = $3 AND created_at = $4)`
	var number, id, at int64
	if read != nil {
		number, id, at = int64(read.Number), int64(read.ID), read.CreatedAt.UnixMicro()
	}
	var n int64
	if err := tx.QueryRow(ctx, others, int64(programme), number, id, at).Scan(&n); err != nil {
		return nil, err
	}
	if n > 0 {
		return nil, ErrDraftOther
	}
	return s.SaveDraftTx(ctx, tx, programme, r, by)
}

// lock makes changes of one programme wait for each other.
func lock(ctx context.Context, tx *db.Tx, programme ID) error {
	const find = `
		SELECT id FROM programmes WHERE id = $1
		FOR UPDATE -- postgres`
	err := tx.QueryRow(ctx, find, int64(programme)).Scan(&programme)
	if errors.Is(err, db.ErrNoRows) {
		return ErrNotFound
	}
	return err
}

// PublishTx makes a draft hold from starts on (zero: now), for good. It fails with
// ErrDraftChanged if it was saved anew since it was read, for nobody has looked at
// what would hold then, and with ErrNotADraft if it is none any more. It cannot
// start in the past, except where the programme had no published version
// before. Two versions that start at once: the later number holds, which is how
// one that has not started yet is taken back.
//
// Every process sees it within a second of the commit; call Refresh after it
// to see it here at once.
func (s *Service) PublishTx(ctx context.Context, tx *db.Tx, draft *Version, starts time.Time) (_ *Version, err error) {
	defer errs.Wrap(&err, "publish version %d", draft.ID)
	v, err := lockVersion(ctx, tx, draft.ID)
	if err != nil {
		return nil, err
	}
	now := s.now().UTC().Truncate(time.Microsecond)
	if starts.IsZero() {
		starts = now
	}
	starts = starts.UTC().Truncate(time.Microsecond)
	if starts.Before(now) {
		var published int64
		err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM programme_versions WHERE programme_id = $1 AND state = 'published'`,
			int64(v.ProgrammeID)).Scan(&published)
		if err != nil {
			return nil, err
		}
		if published > 0 {
			return nil, ErrStartsInPast.At("/starts_at")
		}
	}

	// The rules come from the statement that ends their changing, so that
	// they are the ones that hold.
	const publish = `
		UPDATE programme_versions SET state = 'published', starts_at = $2, published_at = $3
		 WHERE id = $1 AND state = 'draft' AND created_at = $4
		RETURNING ` + columns
	published, err := scanVersion(tx.QueryRow(ctx, publish, int64(draft.ID), starts.UnixMicro(), now.UnixMicro(), draft.CreatedAt.UnixMicro()))
	if errors.Is(err, ErrVersionNotFound) {
		return nil, v.notThis()
	}
	if err != nil {
		return nil, err
	}
	// Limits may have been tightened since the draft was saved.
	if err := Validate(&published.Rules, s.currency); err != nil {
		return nil, err
	}
	if published.Rules.Redeem.ConfirmFrom > 0 && s.codes != nil {
		if err := s.codes(ctx, tx); err != nil {
			return nil, err
		}
	}
	return published, publishedTx(ctx, tx, published)
}

// notThis is why a version is not the draft that somebody looked at.
func (v *Version) notThis() error {
	if v.State == StateDraft {
		return ErrDraftChanged
	}
	return ErrNotADraft
}

// lockVersion reads a version while no other change of its programme goes on.
func lockVersion(ctx context.Context, tx *db.Tx, id VersionID) (*Version, error) {
	const find = `SELECT ` + columns + ` FROM programme_versions WHERE id = $1`
	v, err := scanVersion(tx.QueryRow(ctx, find, int64(id)))
	if err != nil {
		return nil, err
	}
	if err := lock(ctx, tx, v.ProgrammeID); err != nil {
		return nil, err
	}
	return scanVersion(tx.QueryRow(ctx, find, int64(id)))
}

// DiscardDraftTx removes a draft, and with it a programme that has no other
// version: gone says so. It fails with ErrVersionNotFound, ErrNotADraft, or
// ErrDraftChanged if it was saved anew since it was read.
func (s *Service) DiscardDraftTx(ctx context.Context, tx *db.Tx, draft *Version) (gone bool, err error) {
	defer errs.Wrap(&err, "discard draft %d", draft.ID)
	v, err := lockVersion(ctx, tx, draft.ID)
	if err != nil {
		return false, err
	}
	const discard = `DELETE FROM programme_versions WHERE id = $1 AND state = 'draft' AND created_at = $2`
	n, err := tx.Exec(ctx, discard, int64(draft.ID), draft.CreatedAt.UnixMicro())
	if err != nil {
		return false, err
	}
	if n == 0 {
		return false, v.notThis()
	}
	const bare = `
		DELETE FROM programmes
		 WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM programme_versions WHERE programme_id = $1)`
	n, err = tx.Exec(ctx, bare, int64(v.ProgrammeID))
	return n > 0, err
}

// publishedTx tells the log what was published: the SHA-256 of the rules as
// they are kept, so that they are seen to be the same ever after.
func publishedTx(ctx context.Context, tx *db.Tx, v *Version) error {
	var text string
	if err := tx.QueryRow(ctx, `SELECT rules FROM programme_versions WHERE id = $1`, int64(v.ID)).Scan(&text); err != nil {
		return err
	}
	sum := sha256.Sum256([]byte(text))
	var b db.Batch
	event.Append(&b, event.Event{
		At: v.PublishedAt, Kind: EventPublished, Ref: int64(v.ID),
		Body: event.Body(map[string]string{"starts": v.StartsAt.Format(time.RFC3339Nano), "rules": hex.EncodeToString(sum[:])}),
	})
	return tx.Run(ctx, &b)
}

// EventPublished tells of a version; body: {"starts", "rules"}.
const EventPublished = "programme.published"

// Install creates a programme and publishes its rules at once, as demos and
// first starts do.
func (s *Service) Install(ctx context.Context, name string, r *Rules, starts time.Time, by int64) (v *Version, err error) {
	defer errs.Wrap(&err, "install programme")
	err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		programme, err := s.CreateTx(ctx, tx, name)
		if err != nil {
			return err
		}
		draft, err := s.SaveDraftTx(ctx, tx, programme, r, by)
		if err != nil {
			return err
		}
		v, err = s.PublishTx(ctx, tx, draft, starts)
		return err
	})
	if err != nil {
		return nil, err
	}
	return v, s.Refresh(ctx)
}

// Versions gives every version of a programme, the newest first, so that the
// draft, if there is one, leads.
func (s *Service) Versions(ctx context.Context, programme ID) (list []*Version, err error) {
	defer errs.Wrap(&err, "list versions of programme %d", programme)
	return scanVersions(s.db.Query(ctx, `SELECT `+columns+` FROM programme_versions WHERE programme_id = $1 ORDER BY number DESC`, int64(programme)))
}

const columns = `id, programme_id, number, state, starts_at, created_by, created_at, published_at, rules`

func scanVersions(rows *db.Rows, err error) (list []*Version, _ error) {
	err = db.Scan(rows, err, func(r *db.Rows) error {
		v, err := scanVersion(r)
		list = append(list, v)
		return err
	})
	return list, err
}

func scanVersion(row db.Scanner) (*Version, error) {
	var (
		v    Version
		text string
	)
	err := row.Scan(&v.ID, &v.ProgrammeID, &v.Number, &v.State, db.Time{Dst: &v.StartsAt}, &v.CreatedBy,
		db.Time{Dst: &v.CreatedAt}, db.Time{Dst: &v.PublishedAt}, &text)
	if errors.Is(err, db.ErrNoRows) {
		return nil, ErrVersionNotFound
	}
	if err != nil {
		return nil, err
	}
	r, err := Decode([]byte(text))
	if err != nil {
		return nil, errs.New(errs.Internal, "programme_unreadable", "The rules of a programme cannot be read; a newer program may have written them.").Because(err)
	}
	v.Rules = *r
	return &v, nil
}
