package customer

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/nyaruka/phonenumbers"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/fold"
	"regulars/internal/loyalty/catalog"
)

// MaxSearch is the most that a search gives.
const MaxSearch = 100

// Shortest query that is searched by its beginning or end: digits of a number,
// bytes of an e-mail. A name is searched from its first letter on.
const (
	minDigits = 3
	minEmail  = 3
)

// Limits that keep a search quick whatever is typed.
const (
	maxQuery = 200 // bytes
	maxWords = 4   // of a name
	// maxLooked is how many people of a name are looked at for the middle
	// name that was typed too.
	maxLooked = 500
)

// reading is one statement of a search. Each is answered from one index, in
// its order, so that it stops at its limit.
type reading struct {
	text string
	args []any
	// middle, where it is not empty, is what the middle name begins with.
	middle string
}

// Search finds customers by what somebody has typed: the beginnings of the
// first and the last name in any order, the beginning or the end of a phone or
// card number, the beginning of an e-mail, or an id from outside. What fits
// exactly comes first.
func (s *Service) Search(ctx context.Context, query string, limit int) (_ []Customer, err error) {
	defer errs.Wrap(&err, "search customers")
	if limit <= 0 || limit > MaxSearch {
		limit = MaxSearch
	}
	return s.answer(ctx, s.readings(query, limit), limit)
}

// answer reads whom the readings find, the first first.
func (s *Service) answer(ctx context.Context, readings []reading, limit int) ([]Customer, error) {
	var (
		b     db.Batch
		found []ID
	)
	for _, q := range readings {
		n := 0
		b.Query(func(r *db.Rows) error {
			var (
				id     ID
				middle string
			)
			if err := r.Scan(&id, &middle); err != nil {
				return err
			}
			if n < limit && strings.HasPrefix(fold.Key(middle), q.middle) && !slices.Contains(found, id) {
				found = append(found, id)
				n++
			}
			return nil
		}, q.text, q.args...)
	}
	if err := s.db.Run(ctx, &b); err != nil {
		return nil, err
	}
	list, err := s.getAll(ctx, found[:min(len(found), limit)])
	return slices.DeleteFunc(list, func(c Customer) bool { return c.State == StateMerged }), err
}

// readings are the statements that answer a query, the most exact first.
func (s *Service) readings(query string, limit int) (list []reading) {
	query = fold.Line(query)
	if query == "" || len(query) > maxQuery {
		return nil
	}
	for _, i := range s.Candidates(query) {
		list = append(list, exactly(i))
	}
	if strings.Contains(query, "@") {
		if prefix := strings.ToLower(query); len(prefix) >= minEmail {
			list = append(list, beginning(Email, prefix, limit))
		}
		return list
	}
	if number, ok := numeric(query); ok {
		if len(number) >= minDigits {
			list = append(list, s.numbers(query, number, limit)...)
		}
		return list
	}
	return append(list, names(fold.Words(query), limit)...)
}

// numeric reports whether a query is the part of a number, and its digits.
func numeric(query string) (number string, ok bool) {
	return reversed(reversed(query)), strings.Trim(query, digits+"+-() ") == ""
}

// exactly finds whoever has the identifier.
func exactly(i Identifier) reading {
	return reading{text: `SELECT customer_id, '' FROM identifiers WHERE kind = $1 AND value = $2`, args: []any{string(i.Kind), i.Value}}
}

// beginning finds identifiers that begin with prefix.
func beginning(kind Kind, prefix string, limit int) reading {
	return reading{text: `
		SELECT customer_id, '' FROM identifiers
		 WHERE kind = $1 AND value >= $2 AND value < $3
		 ORDER BY value LIMIT $4`,
		args: []any{string(kind), prefix, fold.After(prefix), limit}}
}

// ending finds phones and cards that end with the digits.
func ending(number string, limit int) reading {
	prefix := reversed(number)
	return reading{text: `
		SELECT customer_id, '' FROM identifiers
		 WHERE tail <> '' AND tail >= $1 AND tail < $2
		 ORDER BY tail LIMIT $3`,
		args: []any{prefix, fold.After(prefix), limit}}
}

// numbers searches phones and cards by their beginning and end.
func (s *Service) numbers(query, number string, limit int) []reading {
	list := []reading{ending(number, limit), beginning(Card, number, limit)}
	if strings.HasPrefix(query, "+") {
		return append(list, beginning(Phone, "+"+number, limit))
	}
	prefixes := []string{"+" + number}
	if code := phonenumbers.GetCountryCodeForRegion(s.region); code != 0 {
		home := "+" + strconv.Itoa(code)
		prefixes = append(prefixes, home+number)
	}
	if rest, ok := strings.CutPrefix(number, "8"); ok && rest != "" {
		prefixes = append(prefixes, "+7"+rest)
	}
	for _, prefix := range prefixes {
		list = append(list, beginning(Phone, prefix, limit))
	}
	return list
}

// names searches the words of a name: split in two at every place, as first
// and last name and the other way round; all of them as one name, for those
// that have several words; and of three, with one as the middle name.
func names(words []string, limit int) (list []reading) {
	words = words[:min(len(words), maxWords)]
	if len(words) == 0 {
		return nil
	}
	for i := 1; i < len(words); i++ {
		a, b := strings.Join(words[:i], " "), strings.Join(words[i:], " ")
		list = append(append(list, named(a, b, "", limit)...), named(b, a, "", limit)...)
	}
	if len(words) == 3 {
		list = append(append(list, named(words[1], words[0], words[2], maxLooked)...), named(words[0], words[2], words[1], maxLooked)...)
	}
	whole := strings.Join(words, " ")
	for _, key := range []string{"last_key, first_key", "first_key, last_key"} {
		first, _, _ := strings.Cut(key, ",")
		list = append(list, reading{text: `
			SELECT id, '' FROM customers
			 WHERE ` + first + ` >= $1 AND ` + first + ` < $2
			 ORDER BY ` + key + ` LIMIT $3`,
			args: []any{whole, fold.After(whole), limit}})
	}
	return list
}

// named finds people by the beginnings of the first and the last name. Each
// alone may be that of half of all people, so neither index is read along: of
// the names that begin so, which are few, each is looked up with the beginning
// of the other. Both ways are gone, for one of the two has few names nearly
// always, and that one finds everybody.
func named(first, last, middle string, limit int) []reading {
	return []reading{
		{text: byLastText, args: []any{last, fold.After(last), first, fold.After(first), limit}, middle: middle},
		{text: byFirstText, args: []any{first, fold.After(first), last, fold.After(last), limit}, middle: middle},
	}
}

// maxNames is how many names of one beginning are looked up with another.
const maxNames = 300

var (
	byLastText  = byNames("last_key", "first_key")
	byFirstText = byNames("first_key", "last_key")
)

// byNames jumps from one name to the next in the index of a key and looks each
// up together with the beginning of the other. SQLite is told the index: where
// many people have one name it would rather jump over the other key.
func byNames(key, other string) string {
	index := "customers_last"
	if key == "first_key" {
		index = "customers_first"
	}
	return strings.NewReplacer("<key>", key, "<other>", other, "<index>", index, "<most>", strconv.Itoa(maxNames)).Replace(`
	WITH RECURSIVE begun (word, n) AS (
		SELECT MIN(<key>), 1
		  FROM customers -- postgres
		  FROM customers INDEXED BY <index> -- sqlite
		 WHERE <key> >= $1 AND <key> < $2
		UNION ALL
		SELECT (SELECT MIN(<key>)
		          FROM customers -- postgres
		          FROM customers INDEXED BY <index> -- sqlite
		         WHERE <key> > begun.word AND <key> < $2), begun.n + 1
		  FROM begun WHERE begun.word IS NOT NULL AND begun.n < <most>
	)
	SELECT c.id, c.middle_name FROM begun
	       CROSS JOIN customers c INDEXED BY <index> -- sqlite
	 WHERE c.<key> = begun.word AND c.<other> >= $3 AND c.<other> < $4 -- sqlite
	       CROSS JOIN LATERAL (SELECT id, middle_name FROM customers WHERE <key> = begun.word -- postgres
	                              AND <other> >= $3 AND <other> < $4 ORDER BY <other> LIMIT $5) c -- postgres
	 LIMIT $5`)
}

// Tail is a customer found by the last digits, with only as much as the
// cashier needs to ask "is it you?".
type Tail struct {
	ID     ID
	State  State
	Name   string // "Anna K."
	Masked string // "•••••••••4567"
	Kind   Kind   // of what is masked
	// Namesakes whose numbers end alike are told apart by these.
	Home       catalog.StoreID
	Registered time.Time
}

// Limits of ByTailInStore: fewer digits would list strangers, and more
// candidates than one store can have say nothing.
const (
	MinTail    = 4
	maxTails   = 50
	maxBuyers  = 200 // of another store's customers, for how many it is asked whether they bought here
	candidates = 5000
)

// ErrTail is returned where the digits are too few.
var ErrTail = errs.New(errs.Invalid, "tail_too_short", "Give the last four digits at least, and digits only.")

// ByTailInStore finds customers by the last digits of a phone or card, but
// only those who registered in the store or whom bought, which may be nil,
// names among the ids it is given.
func (s *Service) ByTailInStore(ctx context.Context, store catalog.StoreID, number string,
	bought func(context.Context, []ID) (map[ID]bool, error)) (list []Tail, err error) {
	defer errs.Wrap(&err, "find customers by the last digits")
	if len(number) < MinTail || strings.Trim(number, digits) != "" {
		return nil, ErrTail.At("/digits")
	}
	all, err := s.tails(ctx, number)
	if err != nil {
		return nil, err
	}
	var others []ID
	for _, t := range all {
		if t.Home != store {
			others = append(others, t.ID)
		}
	}
	here := map[ID]bool{}
	if bought != nil && len(others) > 0 {
		if here, err = bought(ctx, others[:min(len(others), maxBuyers)]); err != nil {
			return nil, err
		}
	}
	for _, t := range all {
		if (t.Home == store || here[t.ID]) && len(list) < maxTails {
			list = append(list, t)
		}
	}
	return list, nil
}

func (s *Service) tails(ctx context.Context, number string) (list []Tail, err error) {
	prefix := reversed(number)
	seen := map[ID]bool{} // a phone and a card may end alike
	rows, err := s.db.Query(ctx, tailsText, prefix, fold.After(prefix), candidates)
	err = db.Scan(rows, err, func(r *db.Rows) error {
		var (
			t           Tail
			i           Identifier
			first, last string
		)
		if err := r.Scan(&i.Kind, &i.Value, &t.ID, &t.State, &first, &last, &t.Home, db.Time{Dst: &t.Registered}); err != nil {
			return err
		}
		t.Name, t.Masked, t.Kind = MaskName(first, last), Mask(i), i.Kind
		if !seen[t.ID] {
			seen[t.ID] = true
			list = append(list, t)
		}
		return nil
	})
	return list, err
}

const tailsText = `
	SELECT i.kind, i.value, c.id, c.state, c.first_name, c.last_name, COALESCE(c.home_store_id, 0), c.registered_at
	  FROM identifiers i JOIN customers c ON c.id = i.customer_id
	 WHERE i.tail <> '' AND i.tail >= $1 AND i.tail < $2
	 ORDER BY i.tail LIMIT $3`
