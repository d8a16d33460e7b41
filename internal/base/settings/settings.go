// Package settings keeps what an installation is: its name, currency, time
// zone and language, chosen when the database is new.
//
// The currency never changes, for every amount in the database is in it; the
// rest may. All processes of an installation read the same rows. How a process
// runs (addresses, folders) is not here but on its command line.
package settings

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"regulars/internal/base/checksum"
	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/event"
	"regulars/internal/base/fold"
	"regulars/internal/base/money"
)

// Installation is what was chosen.
type Installation struct {
	Name     string         // of the chain
	Currency money.Currency // of every amount
	Zone     *time.Location // of dates that belong to no store
	Language string         // of who has not chosen one
	// LateDays is how old a receipt may be that a till sends after it was without
	// its line, 1 to MaxLateDays; ClockMinutes by how much its clock may be wrong
	// before it is corrected, 1 to MaxClockMinutes.
	LateDays, ClockMinutes int
	// StockBySales says that sales and returns move stock; otherwise another system
	// sends it.
	StockBySales bool
	// IdleHours is after how long without use people are signed out, 1 to
	// MaxIdleHours; SessionDays after how long in any case, 1 to MaxSessionDays.
	IdleHours, SessionDays int
	// LookDays is how long the audit log keeps who looked at personal data, at least
	// MinLookDays; 0: for ever.
	LookDays int
	// Code says whether registering at a till needs a code that is sent to the phone.
	Code Code
	// OfflinePeople says whom tills take along for working without their line.
	OfflinePeople OfflinePeople
	// Secret signs what the program hands out and takes back, such as quotes.
	// It is random, the same in all processes, and never shown.
	Secret []byte
}

// Code says whether registering at a till needs a code.
type Code string

// The ways.
const (
	NoCode     Code = "no"
	AskCode    Code = "asked"  // it may be skipped; the phone is then not confirmed
	AlwaysCode Code = "always" // a phone is registered with a code alone
)

// Codes lists them.
var Codes = []Code{NoCode, AskCode, AlwaysCode}

// OfflinePeople says whom tills take along for working without their line. Who may read
// what a till has can try all phones out on it, however they are kept.
type OfflinePeople string

// The ways.
const (
	OfflinePhones OfflinePeople = "phones" // the store's customers, found by card or phone
	OfflineCards  OfflinePeople = "cards"  // those with a card, found by it alone
	OfflineNobody OfflinePeople = "nobody"
)

// OfflineChoices lists them.
var OfflineChoices = []OfflinePeople{OfflinePhones, OfflineCards, OfflineNobody}

// CodeTx reads what Code is in a transaction, whatever a process read last.
func CodeTx(ctx context.Context, tx *db.Tx) (c Code, err error) {
	defer errs.Wrap(&err, "read whether registering needs a code")
	err = tx.QueryRow(ctx, `SELECT value FROM settings WHERE name = 'register_code'`).Scan(&c)
	if errors.Is(err, db.ErrNoRows) { // older installations never chose
		return NoCode, nil
	}
	return c, err
}

// What is taken where nothing was chosen, and the most that can be.
const (
	DefaultLateDays, MaxLateDays         = 14, 366
	DefaultClockMinutes, MaxClockMinutes = 10, 24 * 60
	DefaultIdleHours, MaxIdleHours       = 14, 7 * 24
	DefaultSessionDays, MaxSessionDays   = 30, 90
	MinLookDays, MaxLookDays             = 30, 3660
)

// Settings is the installation of a database. It is safe for concurrent use.
type Settings struct {
	db      *db.DB
	current atomic.Pointer[Installation]
}

// Open reads the installation; where there is none yet, it becomes first.
// Several processes may be the first at once: one wins, all read the same.
func Open(ctx context.Context, d *db.DB, now func() time.Time, first Installation) (s *Settings, created bool, err error) {
	defer errs.Wrap(&err, "read settings")
	s = &Settings{db: d}
	err = d.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		n, err := tx.Exec(ctx, `INSERT INTO settings (name, value) VALUES ('currency', $1) ON CONFLICT (name) DO NOTHING`, first.Currency.Code)
		if created = n == 1; err != nil || !created {
			return err
		}
		first.choose()
		if err := first.Clean(); err != nil { // what is there already keeps the name it has
			return err
		}
		secret := rand.Text() + rand.Text() // 256 bits
		var b db.Batch
		b.Exec(`INSERT INTO settings (name, value) VALUES ('secret', $1)`, secret)
		event.Append(&b, founded(now(), first, secret))
		if err := tx.Run(ctx, &b); err != nil {
			return err
		}
		return s.ChangeTx(ctx, tx, first)
	})
	if err != nil {
		return nil, false, err
	}
	return s, created, s.Reload(ctx)
}

// EventFounded is told once; body: {"currency", "name", "zone", "language",
// "secret"}, the secret by its checksum.
const EventFounded = "installation.founded"

func founded(at time.Time, i Installation, secret string) event.Event {
	return event.Event{At: at, Kind: EventFounded, Body: event.Body(map[string]string{
		"currency": i.Currency.Code, "name": i.Name, "zone": i.Zone.String(), "language": i.Language,
		"secret": strconv.FormatInt(checksum.Of(nil, secret), 10),
	})}
}

// Founded reports whether the database holds an installation. It only looks.
func Founded(ctx context.Context, d *db.DB) (yes bool, err error) {
	defer errs.Wrap(&err, "look for an installation")
	const table = `
		SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = 'settings' -- postgres
		SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'settings' -- sqlite`
	var n int
	if err := d.QueryRow(ctx, table).Scan(&n); err != nil || n == 0 {
		return false, err
	}
	err = d.QueryRow(ctx, `SELECT COUNT(*) FROM settings WHERE name = 'currency'`).Scan(&n)
	return n > 0, err
}

// Get is the installation as this process last read it. It is quick.
func (s *Settings) Get() Installation { return *s.current.Load() }

// ChangeTx changes everything but the currency and the secret. After the
// commit, Reload shows it here at once; other processes see it when they read
// again.
func (s *Settings) ChangeTx(ctx context.Context, tx *db.Tx, to Installation) (err error) {
	defer errs.Wrap(&err, "change settings")
	if err := to.Clean(); err != nil {
		return err
	}
	var b db.Batch
	values := to.Values()
	for _, name := range slices.Sorted(maps.Keys(values)) {
		b.Exec(`INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, values[name])
	}
	return tx.Run(ctx, &b)
}

// Values are what can be changed, as it is kept: by name.
func (i *Installation) Values() map[string]string {
	values := map[string]string{
		"name": i.Name, "zone": i.Zone.String(), "language": i.Language,
		"stock_by_sales": strconv.FormatInt(checksum.Bit(i.StockBySales), 10),
		"register_code":  string(i.Code), "offline_people": string(i.OfflinePeople),
	}
	for _, n := range i.numbers() {
		values[n.name] = strconv.Itoa(*n.value)
	}
	return values
}

// number is a setting that is one, by the name it is kept under.
type number struct {
	name               string
	value              *int
	usual, least, most int // usual is taken where nothing was chosen
}

func (i *Installation) numbers() []number {
	return []number{
		{"late_days", &i.LateDays, DefaultLateDays, 1, MaxLateDays},
		{"clock_minutes", &i.ClockMinutes, DefaultClockMinutes, 1, MaxClockMinutes},
		{"idle_hours", &i.IdleHours, DefaultIdleHours, 1, MaxIdleHours},
		{"session_days", &i.SessionDays, DefaultSessionDays, 1, MaxSessionDays},
		{"look_days", &i.LookDays, 0, MinLookDays, MaxLookDays},
	}
}

// maxName of a chain, in characters.
const maxName = 100

// choose takes what is usual where nothing was chosen: in a new installation, or in one
// that is older than the setting.
func (i *Installation) choose() {
	for _, n := range i.numbers() {
		*n.value = cmp.Or(*n.value, n.usual)
	}
	i.Code, i.OfflinePeople = cmp.Or(i.Code, NoCode), cmp.Or(i.OfflinePeople, OfflinePhones)
}

// Clean puts the name in order and fails with every field that is out of range.
func (i *Installation) Clean() error {
	var wrong errs.List
	i.Name = fold.Line(i.Name)
	wrong.Bound("/name", i.Name, maxName)
	if !slices.Contains(Codes, i.Code) {
		wrong.Add("/register_code", "unknown", "must be no, asked or always")
	}
	if !slices.Contains(OfflineChoices, i.OfflinePeople) {
		wrong.Add("/offline_people", "unknown", "must be phones, cards or nobody")
	}
	for _, n := range i.numbers() {
		if *n.value != n.usual && (*n.value < n.least || *n.value > n.most) {
			wrong.Add("/"+n.name, "out_of_range", "must be %d to %d", n.least, n.most).With("min", n.least).With("max", n.most)
		}
	}
	return wrong.Err()
}

// Reload reads the installation again.
func (s *Settings) Reload(ctx context.Context) (err error) {
	defer errs.Wrap(&err, "read settings")
	values := map[string]string{}
	rows, err := s.db.Query(ctx, `SELECT name, value FROM settings`)
	err = db.Scan(rows, err, func(r *db.Rows) error {
		var name, value string
		err := r.Scan(&name, &value)
		values[name] = value
		return err
	})
	if err != nil {
		return err
	}
	i := Installation{
		Name: values["name"], Language: values["language"], Secret: []byte(values["secret"]), StockBySales: values["stock_by_sales"] == "1",
		Code: Code(values["register_code"]), OfflinePeople: OfflinePeople(values["offline_people"]),
	}
	if i.Currency, err = money.CurrencyOf(values["currency"]); err != nil {
		return err
	}
	if i.Zone, err = Zone(values["zone"]); err != nil {
		return err
	}
	for _, n := range i.numbers() {
		*n.value, _ = strconv.Atoi(values[n.name]) // 0 where none was kept
	}
	i.choose()
	s.current.Store(&i)
	return nil
}

// Zone finds a time zone by its IANA name. A name that means something else on
// another machine ("Local", "") is refused.
func Zone(name string) (*time.Location, error) {
	if name == "UTC" {
		return time.UTC, nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil || !strings.Contains(name, "/") {
		return nil, errs.New(errs.Invalid, "unknown_time_zone", "").
			Textf("There is no time zone %q; names look like Asia/Tashkent or Europe/Moscow.", name)
	}
	return zone, nil
}
