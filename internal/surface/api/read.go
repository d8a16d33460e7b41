package api

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"regulars/internal/base/errs"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/receipt"
)

// reader turns what a call sent into what the services take, and gathers
// everything that is wrong with it.
type reader struct {
	wrong    errs.List
	currency money.Currency
	ids      *seals
}

func (by *caller) reader() reader { return reader{currency: by.currency.Currency, ids: by.ids} }

// field is where a value stood: a field of the body, or of its i-th line.
type field struct {
	list string // "": the body itself; "?": the query
	i    int
	name string
}

func at(name string) field { return field{name: name} }

func lineAt(i int, name string) field { return field{"lines", i, name} }

func (f field) String() string {
	if f.list == "?" { // a parameter
		return f.name
	}
	if f.list == "" {
		return "/" + f.name
	}
	return "/" + f.list + "/" + strconv.Itoa(f.i) + "/" + f.name
}

func (r *reader) missing(f field) {
	r.wrong.Add(f.String(), "missing", "is missing")
}

// decimal reads a number that has at most exp decimals and lies between 0 and
// most; one that was not sent is 0, and so is one that is wrong.
func (r *reader) decimal(f field, n number, exp int, most int64) int64 {
	v, code := n.fixed(exp)
	if code == "" && (v < 0 || v > most) {
		code = "out_of_range"
	}
	switch code {
	case "too_many_decimals":
		r.wrong.Add(f.String(), code, "has more decimals than the %d that are kept here", exp).With("n", exp)
	case "out_of_range":
		r.wrong.Add(f.String(), code, "must be 0 to %d", most/pow10(exp)).With("min", 0).With("max", most/pow10(exp))
	default:
		return v
	}
	return 0
}

func pow10(exp int) int64 {
	v := int64(1)
	for range exp {
		v *= 10
	}
	return v
}

func (r *reader) amount(f field, n number) money.Amount {
	return money.Amount(r.decimal(f, n, r.currency.Exponent, int64(money.MaxAmount)))
}

func (r *reader) price(f field, n number) money.Price {
	return money.Price(r.decimal(f, n, 4, int64(money.MaxPrice)))
}

func (r *reader) points(f field, n number) money.Points {
	return money.Points(r.decimal(f, n, 2, maxPoints))
}

// maxPoints is more than any balance.
const maxPoints = 1e15

// quantity reads how much there is of something; it must be more than 0.
func (r *reader) quantity(f field, n number) money.Quantity {
	if n == "" {
		r.missing(f)
		return 0
	}
	if v, code := n.fixed(3); code == "" && v <= 0 {
		r.wrong.Add(f.String(), "out_of_range", "must be more than 0").With("above", 0)
		return 0
	}
	return money.Quantity(r.decimal(f, n, 3, int64(money.MaxQuantity)))
}

// soldAt checks a time of sale; zero: none was sent. The year 1 is one.
func (r *reader) soldAt(sent *time.Time) (at time.Time) {
	if sent == nil {
		return at
	}
	if sent.IsZero() {
		r.wrong.Add("/sold_at", receipt.ErrTooOld.Code, "%s", receipt.ErrTooOld.Text)
	}
	return *sent
}

// text checks a string: it is printed and stored as it is, so it has no
// control characters and no spaces around it.
func (r *reader) text(f field, s string, most int) string {
	switch {
	case len(s) > most && utf8.RuneCountInString(s) > most:
		r.wrong.Add(f.String(), "too_long", "is longer than %d characters", most).With("max", most)
	case strings.TrimSpace(s) != s:
		r.wrong.Add(f.String(), "bad_characters", "has spaces around it")
	case strings.ContainsFunc(s, unicode.IsControl) || !utf8.ValidString(s):
		r.wrong.Add(f.String(), "bad_characters", "has characters that cannot be printed")
	default:
		return s
	}
	return ""
}

// customer reads the id of a customer; one that was not sent is 0.
func (r *reader) customer(f field, s string) customer.ID {
	who, err := r.ids.customerOf(s)
	if err != nil && s != "" {
		r.foreign(f)
	}
	return who
}

// receipt reads the id of a receipt; one that was not sent is 0.
func (r *reader) receipt(f field, s string) receipt.ID {
	of, err := r.ids.receiptOf(s)
	if err != nil && s != "" {
		r.foreign(f)
	}
	return of
}

func (r *reader) foreign(f field) {
	r.wrong.Add(f.String(), "not_an_id", "is not an id that was given here; send ids back as they came")
}

// timeOf is a time as it is stored and shown: to the microsecond, in UTC.
func timeOf(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
