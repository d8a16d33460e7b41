package customer

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"regulars/internal/base/errs"
	"regulars/internal/base/fold"
)

// Attributes are what a chain wants to know besides: a flat JSON object of
// strings, booleans and json.Number.
type Attributes map[string]any

// Limits on attributes, in characters but for the first.
const (
	maxAttributes = 64
	MaxKey        = 64
	MaxValue      = 1000
)

func readAttributes(text string) (a Attributes, err error) {
	if text == "" || text == "{}" {
		return nil, nil
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&a); err != nil {
		return nil, err
	}
	if d.More() {
		return nil, errTrailing
	}
	return a, nil
}

var errTrailing = errs.New(errs.Invalid, "bad_attributes", "There is something after the JSON object.")

// String writes the object with its keys in order, as it is kept.
func (a Attributes) String() string {
	if len(a) == 0 {
		return "{}"
	}
	text, err := json.Marshal(map[string]any(a))
	if err != nil { // check has let nothing else in
		panic(err)
	}
	return string(text)
}

func (a Attributes) check(wrong *errs.List) {
	if len(a) > maxAttributes {
		wrong.Add("/attributes", "too_many", "are more than %d", maxAttributes).With("max", maxAttributes)
		return
	}
	for _, key := range slices.Sorted(maps.Keys(a)) {
		pointer := AttributePointer(key)
		if key == "" || fold.Line(key) != key || utf8.RuneCountInString(key) > MaxKey {
			wrong.Add("/attributes", "bad_key", "have a name that is empty, longer than %d characters or has idle spaces", MaxKey)
			continue
		}
		switch v := a[key].(type) {
		case string:
			a[key] = fold.Text(v)
			wrong.Bound(pointer, v, MaxValue)
		case bool:
		case json.Number:
			if _, err := v.Float64(); err != nil || len(v) > MaxKey || !json.Valid([]byte(v)) {
				wrong.Add(pointer, "bad_attribute", "is not a number that can be kept")
			}
		default:
			wrong.Add(pointer, "bad_attribute", "must be a text, a number, true or false")
		}
	}
}

// AttributePointer is how errors name the value of a key.
func AttributePointer(key string) string { return "/attributes/" + pointerEscape.Replace(key) }

var pointerEscape = strings.NewReplacer("~", "~0", "/", "~1")

// HasAttribute tells whether anything is kept of any customer under a code of an
// attribute, in whatever case. It looks through all of them.
func (s *Service) HasAttribute(ctx context.Context, code string) (is bool, err error) {
	defer errs.Wrap(&err, "look for values of attribute %s", code)
	if code == "" {
		return false, nil
	}
	key := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(code)
	const find = `SELECT EXISTS (SELECT 1 FROM customers WHERE lower(attributes) LIKE '%"' || $1 || '":%' ESCAPE '\')`
	err = s.db.QueryRow(ctx, find, key).Scan(&is)
	return is, err
}
