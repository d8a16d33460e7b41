package staff

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/fold"
	"regulars/internal/base/id"
	"regulars/internal/base/limit"
	"regulars/internal/base/secret"
	"regulars/internal/loyalty/catalog"
)

// Failures that callers tell apart.
var (
	ErrNotFound   = errs.New(errs.NotFound, "staff_not_found", "There is no such member of the staff.")
	ErrLoginTaken = errs.New(errs.Conflict, "login_taken", "Somebody else has this login; choose another one.").At("/login")
	ErrMayNot     = errs.New(errs.Forbidden, "not_permitted", "Your role does not include this. Ask the owner.")
	ErrLastOwner  = errs.New(errs.Conflict, "last_owner", "This is the only active owner; make somebody else an owner first.")
)

// Limits of what is kept.
const (
	maxName     = 100
	minLogin    = 3
	maxLogin    = 64
	minPassword = 8
	maxPassword = 200
)

// Service keeps the staff of a database.
type Service struct {
	db     *db.DB
	mint   *id.Minter
	now    func() time.Time
	hasher *hasher
	// Tries to sign in, by login and network together, by network, and by login, so that
	// many networks together guess no faster.
	byLogin, byAddress, byName *limit.Limiter
	byFactor                   *limit.Limiter // codes of second factors, by whose they are
	keys                       *secret.Box    // nil: there are no second factors here
	lasting                    func() Lasting
}

// New makes the service.
func New(d *db.DB, mint *id.Minter, now func() time.Time) *Service {
	return &Service{
		db: d, mint: mint, now: now, hasher: newHasher(), lasting: func() Lasting { return DefaultLasting },
		byLogin:   limit.New(1.0/30, 5, 10_000, now),
		byAddress: limit.New(1, 50, 10_000, now),
		byName:    limit.New(1.0/36, 100, 10_000, now),
		byFactor:  limit.New(1.0/30, 5, 10_000, now),
	}
}

// By is who makes a change, as the audit log keeps it. The zero By is the
// program itself.
type By struct {
	ID ID
	IP string
}

// NewAccount is somebody to be added.
type NewAccount struct {
	Name     string
	Login    string
	Password string // "" cannot sign in until a link has set one
	Role     Role
	Stores   []catalog.StoreID
	Language string
}

// columns of an account, in the order of scan.
const columns = `s.id, s.name, s.login, ` + roleColumn + `, s.language, s.active, s.created_at`

func scan(r db.Scanner, more ...any) (a Account, err error) {
	var id int64
	err = r.Scan(append([]any{&id, &a.Name, &a.Login, &a.Role, &a.Language, &a.Active, db.Time{Dst: &a.CreatedAt}}, more...)...)
	a.ID = ID(id)
	return a, err
}

// List gives everybody, by name.
func (s *Service) List(ctx context.Context) (all []Account, err error) {
	defer errs.Wrap(&err, "list staff")
	stores := map[ID][]catalog.StoreID{}
	rows, err := s.db.Query(ctx, `SELECT staff_id, store_id FROM staff_stores ORDER BY staff_id, store_id`)
	err = db.Scan(rows, err, func(r *db.Rows) error {
		var who, store int64
		err := r.Scan(&who, &store)
		stores[ID(who)] = append(stores[ID(who)], catalog.StoreID(store))
		return err
	})
	if err != nil {
		return nil, err
	}
	rows, err = s.db.Query(ctx, `SELECT `+columns+` FROM staff s`)
	err = db.Scan(rows, err, func(r *db.Rows) error {
		a, err := scan(r)
		a.Stores = stores[a.ID]
		all = append(all, a)
		return err
	})
	slices.SortFunc(all, func(a, b Account) int {
		return cmp.Or(cmp.Compare(fold.Key(a.Name), fold.Key(b.Name)), cmp.Compare(a.ID, b.ID))
	})
	return all, err
}

// Get gives one account, active or not, or ErrNotFound.
func (s *Service) Get(ctx context.Context, id ID) (a Account, err error) {
	defer errs.Wrap(&err, "get staff %d", id)
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		a, err = getTx(ctx, tx, id)
		return err
	})
	return a, err
}

// Named gives the account of a login, or else of an id as text, active or not,
// or ErrNotFound.
func (s *Service) Named(ctx context.Context, name string) (a Account, err error) {
	defer errs.Wrap(&err, "find staff by name")
	login := foldLogin(name)
	if len(login) > 4*maxLogin || strings.ContainsFunc(login, notLogin) {
		return Account{}, ErrNotFound
	}
	var id ID
	if id.UnmarshalText([]byte(login)) != nil {
		id = 0 // nobody's
	}
	err = s.db.Read(ctx, func(ctx context.Context, tx *db.Tx) error {
		const find = `SELECT id FROM staff WHERE login = $1 OR id = $2 ORDER BY CASE login WHEN $1 THEN 0 ELSE 1 END LIMIT 1`
		if err := tx.QueryRow(ctx, find, login, int64(id)).Scan(&id); errors.Is(err, db.ErrNoRows) {
			return ErrNotFound
		} else if err != nil {
			return err
		}
		a, err = getTx(ctx, tx, id)
		return err
	})
	return a, err
}

func getTx(ctx context.Context, tx *db.Tx, id ID) (Account, error) {
	a, err := scan(tx.QueryRow(ctx, `SELECT `+columns+` FROM staff s WHERE s.id = $1`, int64(id)))
	if errors.Is(err, db.ErrNoRows) {
		return Account{}, ErrNotFound
	}
	if err != nil {
		return Account{}, err
	}
	rows, err := tx.Query(ctx, `SELECT store_id FROM staff_stores WHERE staff_id = $1 ORDER BY store_id`, int64(id))
	err = db.Scan(rows, err, func(r *db.Rows) error {
		var store int64
		err := r.Scan(&store)
		a.Stores = append(a.Stores, catalog.StoreID(store))
		return err
	})
	return a, err
}

// activeTx is getTx for somebody who signs in; it fails with ErrInactive.
func activeTx(ctx context.Context, tx *db.Tx, id ID) (Account, error) {
	a, err := getTx(ctx, tx, id)
	if err == nil && !a.Active {
		return Account{}, ErrInactive
	}
	return a, err
}

// Names gives the names of some of the staff, for lists that show who did
// what. Who is not there any more is left out.
func (s *Service) Names(ctx context.Context, ids []ID) (names map[ID]string, err error) {
	defer errs.Wrap(&err, "name staff")
	names = map[ID]string{}
	rows, err := s.db.Query(ctx, `SELECT id, name FROM staff WHERE id IN ($1...)`, db.IDs(ids))
	err = db.Scan(rows, err, func(r *db.Rows) error {
		var (
			id   int64
			name string
		)
		err := r.Scan(&id, &name)
		names[ID(id)] = name
		return err
	})
	return names, err
}

// Any reports whether there is anybody at all.
func (s *Service) Any(ctx context.Context) (any bool, err error) {
	defer errs.Wrap(&err, "look for staff")
	err = s.db.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM staff)`).Scan(&any)
	return any, err
}

// Add adds somebody at once, without a link. It fails with ErrLoginTaken or an
// error that names the wrong fields.
func (s *Service) Add(ctx context.Context, by By, in NewAccount) (a Account, err error) {
	defer errs.Wrap(&err, "add staff")
	if err := in.clean(); err != nil {
		return Account{}, err
	}
	hash, err := s.hashNew(ctx, in.Password)
	if err != nil {
		return Account{}, err
	}
	err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		if err := mayTx(ctx, tx, by, in.as()); err != nil {
			return err
		}
		a, err = s.addTx(ctx, tx, by, ID(s.mint.Next()), in, hash)
		return err
	})
	return a, err
}

// hashNew hashes a password that an account is to begin with; "" stays "".
func (s *Service) hashNew(ctx context.Context, password string) (string, error) {
	if password == "" {
		return "", nil
	}
	return s.hasher.hash(ctx, password)
}

func (s *Service) addTx(ctx context.Context, tx *db.Tx, by By, id ID, in NewAccount, hash string) (Account, error) {
	a := Account{
		ID: id, Name: in.Name, Login: in.Login, Role: in.Role, Stores: in.Stores,
		Language: in.Language, Active: true, CreatedAt: s.now().Truncate(time.Microsecond),
	}
	const insert = `
		INSERT INTO staff (id, name, login, password, role, works_as, language, active, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, TRUE, $8)
		ON CONFLICT (login) DO NOTHING`
	role, worksAs := a.Role.columns()
	n, err := tx.Exec(ctx, insert, int64(a.ID), a.Name, a.Login, hash, role, worksAs, a.Language, a.CreatedAt.UnixMicro())
	if err != nil {
		return Account{}, err
	}
	if n == 0 {
		return Account{}, ErrLoginTaken
	}
	if err := setStoresTx(ctx, tx, a.ID, a.Stores); err != nil {
		return Account{}, err
	}
	return a, s.changeTx(ctx, tx, by, "staff.added", a.ID, nil, a.facts())
}

func setStoresTx(ctx context.Context, tx *db.Tx, id ID, stores []catalog.StoreID) error {
	if _, err := tx.Exec(ctx, `DELETE FROM staff_stores WHERE staff_id = $1`, int64(id)); err != nil {
		return err
	}
	for _, store := range stores {
		if _, err := tx.Exec(ctx, `INSERT INTO staff_stores (staff_id, store_id) VALUES ($1, $2)`, int64(id), int64(store)); err != nil {
			return err
		}
	}
	return nil
}

// Change is what may be changed of an account; nil stays.
type Change struct {
	Name     *string
	Login    *string
	Role     *Role
	Stores   *[]catalog.StoreID
	Language *string
	Active   *bool
}

// as is the account that somebody would have.
func (in NewAccount) as() Account { return Account{Role: in.Role, Stores: in.Stores} }

// mayTx refuses with ErrMayNot what somebody does to accounts that are not
// theirs to manage, as they are and as they would be. The program may do
// anything; who does not manage the staff of a store does not learn whether
// there is such an account elsewhere.
func mayTx(ctx context.Context, tx *db.Tx, by By, accounts ...Account) error {
	if by.ID == 0 {
		return nil
	}
	who, err := getTx(ctx, tx, by.ID)
	if err != nil {
		return err
	}
	for _, a := range accounts {
		if !who.Manages(a) {
			return ErrMayNot
		}
	}
	return nil
}

// Change changes an account. It fails with ErrMayNot where whoever asks does
// not manage it; one's own name and language are one's own. Whoever is made
// inactive is signed out everywhere; the last active owner stays what they are
// (ErrLastOwner). What changes nothing is not in the audit log.
func (s *Service) Change(ctx context.Context, by By, id ID, c Change) (a Account, err error) {
	defer errs.Wrap(&err, "change staff %d", id)
	err = s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		// Two owners who demote each other at once must not both succeed: all
		// owners are locked, in the order of their ids, before one is looked at.
		const lock = `
			SELECT id FROM staff WHERE (role = 'owner' AND active) OR id = $1 ORDER BY id
			FOR UPDATE -- postgres`
		rows, err := tx.Query(ctx, lock, int64(id))
		if err := db.Scan(rows, err, func(r *db.Rows) error { var id int64; return r.Scan(&id) }); err != nil {
			return err
		}
		was, err := getTx(ctx, tx, id)
		if err != nil {
			return err
		}
		a, err = c.apply(was)
		if err != nil {
			return err
		}
		if by.ID != id || c.Login != nil || c.Role != nil || c.Stores != nil || c.Active != nil {
			if err := mayTx(ctx, tx, by, was, a); err != nil {
				return err
			}
		}
		if bytes.Equal(facts(was.facts()), facts(a.facts())) {
			return nil
		}
		const update = `
			UPDATE staff SET name = $2, login = $3, role = $4, works_as = $5, language = $6, active = $7
			 WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM staff WHERE login = $3 AND id <> $1)`
		role, worksAs := a.Role.columns()
		n, err := tx.Exec(ctx, update, int64(id), a.Name, a.Login, role, worksAs, a.Language, a.Active)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrLoginTaken
		}
		if was.owns() && !a.owns() {
			if err := keepOwnerTx(ctx, tx); err != nil {
				return err
			}
		}
		if was.Can(ManageCashiers) && (!a.Active || was.Role != a.Role || !slices.Equal(was.Stores, a.Stores)) {
			// What they invited to may not be theirs to give any more.
			if _, err := tx.Exec(ctx, `DELETE FROM invitations WHERE created_by = $1 AND used_at IS NULL`, int64(id)); err != nil {
				return err
			}
		}
		if err := setStoresTx(ctx, tx, id, a.Stores); err != nil {
			return err
		}
		if was.Active && !a.Active {
			if err := endAllTx(ctx, tx, id, ""); err != nil {
				return err
			}
		}
		return s.changeTx(ctx, tx, by, "staff.changed", id, was.facts(), a.facts())
	})
	if errors.Is(err, db.ErrUnique) {
		return Account{}, ErrLoginTaken // two changes to one login at once
	}
	return a, err
}

func (a Account) owns() bool { return a.Active && a.Role == Owner }

func keepOwnerTx(ctx context.Context, tx *db.Tx) error {
	var owners int64
	err := tx.QueryRow(ctx, `SELECT COUNT(*) FROM staff WHERE role = 'owner' AND active`).Scan(&owners)
	if err == nil && owners == 0 {
		return ErrLastOwner
	}
	return err
}

func (c Change) apply(a Account) (Account, error) {
	in := NewAccount{Name: a.Name, Login: a.Login, Role: a.Role, Stores: a.Stores, Language: a.Language}
	set(&in.Name, c.Name)
	set(&in.Login, c.Login)
	set(&in.Role, c.Role)
	set(&in.Stores, c.Stores)
	set(&in.Language, c.Language)
	set(&a.Active, c.Active)
	if err := in.clean(); err != nil {
		return Account{}, err
	}
	a.Name, a.Login, a.Role, a.Stores, a.Language = in.Name, in.Login, in.Role, in.Stores, in.Language
	return a, nil
}

func set[T any](dst, src *T) {
	if src != nil {
		*dst = *src
	}
}

// SetLanguage is the language switch in the user's menu. It is not worth a
// line in the audit log.
func (s *Service) SetLanguage(ctx context.Context, id ID, lang string) (err error) {
	defer errs.Wrap(&err, "set language")
	_, err = s.db.Exec(ctx, `UPDATE staff SET language = $2 WHERE id = $1`, int64(id), lang)
	return err
}

// Check says what is wrong with an account before anybody is added, as far as it
// can be known.
func (in NewAccount) Check() error { return in.clean() }

// clean puts what was typed into its normal form and says what is wrong.
func (in *NewAccount) clean() error {
	var wrong errs.List
	in.Name = fold.Line(in.Name)
	switch n := utf8.RuneCountInString(in.Name); {
	case n == 0:
		wrong.Add("/name", "required", "is needed")
	case n > maxName:
		wrong.Add("/name", "too_long", "may have at most %d characters", maxName).With("max", maxName)
	}
	in.Login = foldLogin(in.Login)
	if n := utf8.RuneCountInString(in.Login); n < minLogin || n > maxLogin || strings.ContainsFunc(in.Login, notLogin) {
		wrong.Add("/login", "bad_login", "must have %d to %d letters, digits or . _ - + @", minLogin, maxLogin)
	}
	if in.Password != "" {
		checkPassword(&wrong, in.Password, in.Login)
	}
	in.Stores = worksIn(&wrong, in.Role, in.Stores)
	return wrong.Err()
}

// worksIn checks a role and gives the stores it is for, each once.
func worksIn(wrong *errs.List, role Role, stores []catalog.StoreID) []catalog.StoreID {
	if !role.Valid() {
		wrong.Add("/role", "unknown_role", "is not a role")
	}
	stores = slices.Compact(slices.Sorted(slices.Values(stores)))
	switch {
	case role.Everywhere():
		return nil
	case len(stores) == 0:
		wrong.Add("/stores", "store_needed", "must name at least one store to work in")
	}
	return stores
}

// foldLogin makes one login of its spellings; folding again changes nothing.
func foldLogin(login string) string {
	return norm.NFKC.String(strings.ToLower(norm.NFKC.String(strings.TrimSpace(login))))
}

func notLogin(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._-@+", r)
}

// facts are what the audit log keeps of an account.
func (a Account) facts() map[string]any {
	return map[string]any{
		"name": a.Name, "login": a.Login, "role": a.Role, "stores": a.Stores, "language": a.Language, "active": a.Active,
	}
}

// changeTx writes a change of the staff itself to the audit log.
func (s *Service) changeTx(ctx context.Context, tx *db.Tx, by By, action string, id ID, was, became map[string]any) error {
	subject := ""
	if id != 0 {
		subject = "staff:" + id.String()
	}
	var store int64 // of whoever works in one; what concerns several is for those who manage all
	const of = `SELECT CASE COUNT(*) WHEN 1 THEN MIN(store_id) ELSE 0 END FROM staff_stores WHERE staff_id = $1`
	if err := tx.QueryRow(ctx, of, int64(id)).Scan(&store); err != nil {
		return err
	}
	return s.AuditTx(ctx, tx, Entry{
		Actor: by.ID, IP: by.IP, Action: action, Subject: subject, Store: catalog.StoreID(store), Before: facts(was), After: facts(became),
	})
}

func facts(m map[string]any) json.RawMessage {
	if m == nil {
		return nil
	}
	b, err := json.Marshal(m)
	if err != nil {
		panic(err) // texts, lists and booleans always marshal
	}
	return b
}
