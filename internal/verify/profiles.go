package verify

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"regulars/internal/base/db"
	"regulars/internal/base/fold"
)

// profile is a row of customers.
type profile struct {
	ID, Origin, RegisteredAt               int64
	FirstName, LastName, FirstKey, LastKey string
	Born, Attributes, State                string
}

func (a *audit) customerPages() *pages[profile] {
	return &pages[profile]{
		a: a, table: "customers", after: []any{first}, key: func(p *profile) []any { return []any{p.ID} },
		text: `SELECT id, origin_id, registered_at, first_name, last_name, first_key, last_key, born, attributes, state
		         FROM customers WHERE id > $1 ORDER BY id LIMIT $2`,
		scan: func(r *db.Rows, p *profile) error {
			return r.Scan(&p.ID, &p.Origin, &p.RegisteredAt, &p.FirstName, &p.LastName, &p.FirstKey, &p.LastKey, &p.Born, &p.Attributes, &p.State)
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
		want = 0 // imports start nothing
		a.brought.customers[p.Origin]++
	}
	if n != want {
		a.off(Profile, where, "", strconv.Itoa(want)+" events customer.registered", strconv.Itoa(n), "")
	}
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

// identifiers reads what leads to customers.
func (a *audit) identifiers() {
	a.scan("identifiers", func(r *db.Rows) error {
		var (
			kind, value, tail, state string
			customer, noted          int64
		)
		if err := r.Scan(&kind, &value, &tail, &customer, &state, &noted); err != nil {
			return err
		}
		// The value is personal data, and so is what it should be.
		where := "customer_id=" + a.show("", customer) + " kind=" + kind
		say := func(c Check, column, want, got, detail string) {
			a.found(Finding{c, "identifiers", where, column, want, got, detail})
		}
		if !normal(kind, value) {
			say(Identifier, "value", "the normal form of a "+kind, "another", "")
		}
		if ending(kind, value) != tail {
			say(Identifier, "tail", "the digits of the value turned round", "something else", "")
		}
		a.sum.numbers(customer)
		a.sum.texts(kind, value)
		if a.sum.sum() != noted {
			say(Identifier, "checksum", "the one of what was written", "another", "the value was changed, or led to somebody else")
		}
		switch state {
		case "":
			say(Reference, "customer_id", "a row of customers", a.show("", customer), "there is none of that id")
		case "merged", "erased":
			say(Identifier, "customer_id", "a customer who is there", a.show("", customer), "this one was "+state)
		}
		return nil
	}, `SELECT i.kind, i.value, i.tail, i.customer_id, COALESCE(c.state, ''), i.checksum FROM identifiers i LEFT JOIN customers c ON c.id = i.customer_id`)
}

// ending is what the endings of phones and cards are searched by.
func ending(kind, value string) string {
	if kind != "phone" && kind != "card" {
		return ""
	}
	var digits []byte
	for i := len(value) - 1; i >= 0; i-- {
		if '0' <= value[i] && value[i] <= '9' {
			digits = append(digits, value[i])
		}
	}
	return string(digits)
}
