package verify

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"regulars/internal/base/db"
	"regulars/internal/base/fold"
)

// profile is a row of customers.
type profile struct {
	ID, HomeStore, Origin, RegisteredAt           int64
	Checksum, Attached                            int64
	Into                                          int64 // of a merged one
	State, FirstName, LastName, FirstKey, LastKey string
	MiddleName, Sex, Born, City, Language, Source string
	Attributes, Labels, Note                      string
}

func (a *audit) customerPages() *pages[profile] {
	return &pages[profile]{
		a: a, table: "customers", after: []any{first}, key: func(p *profile) []any { return []any{p.ID} },
		text: `SELECT id, COALESCE(home_store_id, 0), origin_id, registered_at, checksum, attached, COALESCE(merged_into, 0), state, first_name, last_name, first_key, last_key,
		              middle_name, sex, born, city, language, source, attributes, labels, note
		         FROM customers WHERE id > $1 ORDER BY id LIMIT $2`,
		scan: func(r *db.Rows, p *profile) error {
			return r.Scan(&p.ID, &p.HomeStore, &p.Origin, &p.RegisteredAt, &p.Checksum, &p.Attached, &p.Into, &p.State, &p.FirstName, &p.LastName, &p.FirstKey, &p.LastKey,
				&p.MiddleName, &p.Sex, &p.Born, &p.City, &p.Language, &p.Source, &p.Attributes, &p.Labels, &p.Note)
		},
	}
}

// profile checks what a profile says.
func (a *audit) profile(p *profile, events []customerEvent) {
	where := at("customers", p.ID)
	// What a profile says is personal data: it is not repeated here.
	if fold.Key(p.FirstName) != p.FirstKey {
		a.off(SearchKey, where, "first_key", "first_name, folded", "something else", "")
	}
	if fold.Key(p.LastName) != p.LastKey {
		a.off(SearchKey, where, "last_key", "last_name, folded", "something else", "")
	}
	if p.Born != "" && !born(p.Born) {
		a.off(Profile, where, "born", "a day as 1990-12-31 or --12-31", "something else", "")
	}
	var attributes map[string]any
	if err := json.Unmarshal([]byte(p.Attributes), &attributes); err != nil || attributes == nil {
		a.off(Profile, where, "attributes", "a JSON object", "something else", "")
	}
	a.sum.numbers(p.ID, p.HomeStore, p.Origin, p.RegisteredAt)
	a.sum.texts(p.State, p.FirstName, p.LastName, p.MiddleName, p.Sex, p.Born, p.City, p.Language, p.Source, p.Attributes, p.Note)
	if p.Labels != "" {
		a.sum.texts(p.Labels)
		if !labelled(p.Labels) {
			a.off(Profile, where, "labels", "each once, sorted, a space before and after", "something else", "")
		}
	}
	if a.sum.sum() != p.Checksum {
		a.off(Profile, where, "checksum", "the one of what was written", "another", "the profile was changed by something else")
	}
	n := 0
	for i := range events {
		e := &events[i]
		if a.names.text(e.Kind) != "customer.registered" {
			continue
		}
		n++
		a.equal(Profile, at("events", e.Event), "at", p.RegisteredAt, e.At, "when the customer registered")
		a.equal(Profile, at("events", e.Event), "ref", p.ID, e.Ref, "the customer")
	}
	want := 1
	if p.Origin != 0 {
		want = 0
		a.brought.customers[p.Origin]++
		if b := a.people[p.Origin].of(p.ID); b != nil {
			b.sum--
		} else {
			a.off(Profile, where, "", "an event customers.imported", "none", "")
		}
	}
	if n != want {
		a.off(Profile, where, "", strconv.Itoa(want)+" events customer.registered", strconv.Itoa(n), "")
	}
}

// labelled reports whether labels are kept as a search for one expects them.
func labelled(text string) bool {
	list := strings.Fields(text)
	return text == " "+strings.Join(list, " ")+" " && slices.IsSorted(list) && len(slices.Compact(list)) == len(strings.Fields(text))
}

func born(text string) bool {
	if day, ok := strings.CutPrefix(text, "--"); ok {
		text = "2000-" + day // a leap year
	}
	_, err := time.Parse("2006-01-02", text)
	return err == nil
}

var (
	e164     = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	address  = regexp.MustCompile(`^[^\s@]+@[^\s@]+\.[^\s@.]+$`)
	telegram = regexp.MustCompile(`^[1-9][0-9]{0,17}$`)
)

// normal reports whether an identifier is in the form in which equal ones are
// equal.
func normal(kind, value string) bool {
	switch kind {
	case "phone":
		return e164.MatchString(value)
	case "email":
		return address.MatchString(value) && strings.ToLower(value) == value
	case "telegram":
		return telegram.MatchString(value)
	case "card":
		return value != "" && strings.ToUpper(value) == value && !strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	case "external":
		return value != "" && strings.TrimSpace(value) == value
	}
	return false
}
