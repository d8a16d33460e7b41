package customer

import (
	"cmp"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"

	"regulars/internal/base/checksum"
	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/fold"
	"regulars/internal/base/id"
	"regulars/internal/base/limit"
	"regulars/internal/loyalty/catalog"
)

// Failures that callers tell apart.
var (
	ErrNotFound = errs.New(errs.NotFound, "customer_not_found", "There is no such customer.")
	ErrGone     = errs.New(errs.Conflict, "customer_gone", "This profile was merged into another or erased and cannot be changed.")
)

// ID identifies a customer inside the program; it is never shown to the public.
type ID = id.Of[Customer]

// Sealed is the kind under which tills get ids of customers (id.Sealer).
const Sealed = "customer"

// State is where a profile stands; the diagram is in the package's doc.
type State string

// The states.
const (
	StateActive  State = "active"
	StateBlocked State = "blocked"
	StateMerged  State = "merged"
	StateErased  State = "erased"
)

// Gone reports whether nobody sells to the profile or changes it any more.
func (s State) Gone() bool { return s == StateMerged || s == StateErased }

// Sex is empty where it is not known.
type Sex string

// The sexes.
const (
	Female Sex = "female"
	Male   Sex = "male"
)

// Customer is a profile.
type Customer struct {
	ID         ID
	State      State
	FirstName  string
	LastName   string
	MiddleName string
	Sex        Sex
	Born       string // 1990-12-31, or --12-31 where the year is not known
	City       string
	Language   string // "ru"
	Source     string // where they came from: till, import, web …
	Attributes Attributes
	Labels     []string // as ReadLabels gives them
	Note       string
	HomeStore  catalog.StoreID // where they registered; 0: unknown
	Origin     int64           // import that brought them; 0: registered here
	Into       ID              // of a merged profile: where everything went; otherwise 0
	// RegisteredAt is when they joined, which for imported ones is before
	// they came here.
	RegisteredAt time.Time
	Identifiers  []Identifier // by kind and value; not filled by Queue
}

// Name is how the customer is addressed; empty where no name is known.
func (c *Customer) Name() string {
	return strings.TrimSpace(c.FirstName + " " + c.LastName)
}

// First is the first identifier of a kind, as a list or a slip shows it;
// empty where there is none.
func (c *Customer) First(k Kind) string {
	for _, i := range c.Identifiers {
		if i.Kind == k {
			return i.Value
		}
	}
	return ""
}

// String names the customer without saying who it is.
func (c Customer) String() string { return "customer " + c.ID.String() }

// LogValue keeps personal data out of logs.
func (c Customer) LogValue() slog.Value { return slog.StringValue(c.ID.String()) }

// Service keeps the customers.
type Service struct {
	db      *db.DB
	mint    *id.Minter
	now     func() time.Time
	region  string
	secret  []byte
	catalog *catalog.Service
	// guesses are how often names and birthdays may be tried on a profile.
	guesses *limit.Limiter
}

// NewService makes the service. Phones without a country are of the region, such as
// "UZ". The secret keys what is kept of identifiers of those who were forgotten; the
// catalogue tells of which legal entity a store is.
func NewService(d *db.DB, mint *id.Minter, now func() time.Time, region string, secret []byte, ca *catalog.Service) *Service {
	return &Service{db: d, mint: mint, now: now, region: region, secret: secret, catalog: ca, guesses: limit.New(1.0/600, 5, 10_000, now)}
}

// Limits on what is written, in characters.
const (
	maxName   = 100
	maxCity   = 100
	maxSource = 64
	MaxNote   = 2000
)

const columns = `c.id, c.state, c.first_name, c.last_name, c.middle_name, c.sex, c.born, c.city, c.language, c.source,
	c.attributes, c.labels, c.note, COALESCE(c.home_store_id, 0), c.origin_id, COALESCE(c.merged_into, 0), c.registered_at`

func scan(r db.Scanner) (c Customer, err error) {
	var attributes, labels string
	err = r.Scan(&c.ID, &c.State, &c.FirstName, &c.LastName, &c.MiddleName, &c.Sex, &c.Born, &c.City, &c.Language, &c.Source,
		&attributes, &labels, &c.Note, &c.HomeStore, &c.Origin, &c.Into, db.Time{Dst: &c.RegisteredAt})
	if err != nil {
		return c, err
	}
	c.Labels = labelsOf(labels)
	c.Attributes, err = readAttributes(attributes)
	return c, err
}

// clean brings the profile into the form that is kept and checks it.
func (c *Customer) clean(wrong *errs.List, now time.Time) {
	for _, f := range []struct {
		pointer string
		value   *string
		limit   int
	}{
		{"/first_name", &c.FirstName, maxName},
		{"/last_name", &c.LastName, maxName},
		{"/middle_name", &c.MiddleName, maxName},
		{"/city", &c.City, maxCity},
		{"/source", &c.Source, maxSource},
	} {
		*f.value = fold.Line(*f.value)
		wrong.Bound(f.pointer, *f.value, f.limit)
	}
	c.Note = fold.Text(c.Note)
	wrong.Bound("/note", c.Note, MaxNote)
	if c.Sex != "" && c.Sex != Female && c.Sex != Male {
		wrong.Add("/sex", "unknown_sex", "must be female, male or empty")
	}
	c.Born = strings.TrimSpace(c.Born)
	switch {
	case c.Born == "" || validBorn(c.Born, now):
	case noSuchDay(c.Born):
		wrong.Add("/born", "no_such_day", "is a day that is in no calendar")
	default:
		wrong.Add("/born", "bad_birthday", "must be a day from %d on that has been, as 1990-12-31, or --12-31 where the year is not known", oldest).
			With("min", strconv.Itoa(oldest)) // a year, whose digits are not parted
	}
	if c.Language != "" {
		tag, err := language.Parse(c.Language)
		if err != nil {
			wrong.Add("/language", "unknown_language_code", "must be the code of a language such as ru")
		}
		c.Language = tag.String()
	}
	c.Attributes.check(wrong)
	c.Labels = ReadLabels(strings.Join(c.Labels, " "))
	checkLabels(wrong, c.Labels)
}

// oldest is the first year that somebody alive can be born in.
const oldest = 1900

// validBorn allows a day's difference: it may be tomorrow further east.
func validBorn(born string, now time.Time) bool {
	if rest, ok := strings.CutPrefix(born, "--"); ok {
		_, err := time.Parse(time.DateOnly, "2000-"+rest) // a leap year
		return err == nil
	}
	day, err := time.Parse(time.DateOnly, born)
	return err == nil && day.Year() >= oldest && day.Before(now.AddDate(0, 0, 1))
}

// noSuchDay reports whether born is spelled as a day that is in no calendar, such
// as the 31st of February.
func noSuchDay(born string) bool {
	if rest, ok := strings.CutPrefix(born, "--"); ok {
		born = "2000-" + rest
	}
	var year, month, day int
	_, err := fmt.Sscanf(born, "%4d-%2d-%2d", &year, &month, &day)
	return err == nil && len(born) == len(time.DateOnly) && time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC).Format(time.DateOnly) != born
}

// compare has identifiers in the order of kinds.
func (i Identifier) compare(other Identifier) int {
	return cmp.Or(cmp.Compare(slices.Index(Kinds, i.Kind), slices.Index(Kinds, other.Kind)), strings.Compare(i.Value, other.Value))
}

var customerTable = db.NewTable("customers",
	"id", "state", "first_name", "last_name", "middle_name", "first_key", "last_key", "sex", "born", "city", "language",
	"source", "attributes", "labels", "note", "home_store_id", "origin_id", "registered_at", "checksum", "attached")

// row is a profile's row; attached is the sum of the shares of what belongs to it.
func (c *Customer) row(attached int64) []any {
	return []any{
		int64(c.ID), string(c.State), c.FirstName, c.LastName, c.MiddleName, fold.Key(c.FirstName), fold.Key(c.LastName),
		string(c.Sex), c.Born, c.City, c.Language, c.Source, c.Attributes.String(), labelText(c.Labels), c.Note,
		db.NullID(c.HomeStore), c.Origin, c.RegisteredAt.UnixMicro(), c.checksum(), attached,
	}
}

func (c *Customer) checksum() int64 {
	texts := []string{string(c.State), c.FirstName, c.LastName, c.MiddleName, string(c.Sex), c.Born, c.City, c.Language, c.Source, c.Attributes.String(), c.Note}
	if len(c.Labels) > 0 { // a profile without any is as those before there were labels
		texts = append(texts, labelText(c.Labels))
	}
	return checksum.Of([]int64{int64(c.ID), int64(c.HomeStore), c.Origin, c.RegisteredAt.UnixMicro()}, texts...)
}

// share is what a row of that checksum adds to the sum that its customer's row
// keeps of what belongs to it: so few bits that no sum grows too large.
func share(checksum int64) int64 { return checksum & (1<<32 - 1) }

// attach adds to b that rows whose shares come to sum belong to a customer; below
// zero: they do no more.
func attach(b *db.Batch, id ID, sum int64) {
	if sum != 0 {
		b.Guard(`UPDATE customers SET attached = attached + $2 WHERE id = $1`, int64(id), sum)
	}
}

// Attach adds to b that a row of another package, of that checksum, belongs to a
// customer.
func (s *Service) Attach(b *db.Batch, id ID, checksum int64) { attach(b, id, share(checksum)) }

func (c *Customer) queueUpdate(b *db.Batch) {
	const update = `
		UPDATE customers
		   SET first_name = $2, last_name = $3, middle_name = $4, first_key = $5, last_key = $6, sex = $7, born = $8,
		       city = $9, language = $10, attributes = $11, note = $12, home_store_id = $13, state = $14, checksum = $15, labels = $16
		 WHERE id = $1`
	b.Guard(update, int64(c.ID), c.FirstName, c.LastName, c.MiddleName, fold.Key(c.FirstName), fold.Key(c.LastName),
		string(c.Sex), c.Born, c.City, c.Language, c.Attributes.String(), c.Note, db.NullID(c.HomeStore), string(c.State), c.checksum(), labelText(c.Labels))
}
