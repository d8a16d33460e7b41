package programme

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"regulars/internal/base/errs"
)

// MaxJSON is the largest JSON form of rules, in bytes.
const MaxJSON = 1 << 20

// ErrTooLarge is returned for rules over MaxJSON.
var ErrTooLarge = errs.New(errs.TooLarge, "programme_too_large", "The rules are larger than 1 MB; put products into categories.")

// Encode writes rules as they are kept.
func Encode(r *Rules) []byte {
	b, err := json.Marshal(r)
	if err != nil {
		panic(err) // plain structs always marshal
	}
	return b
}

// Decode reads the JSON form of rules. A field that this program does not know
// is an error, because ignoring it would price otherwise than was meant.
// Decode does not Validate: rules that were published stay readable when a
// limit is tightened.
func Decode(text []byte) (*Rules, error) {
	if len(text) > MaxJSON {
		return nil, ErrTooLarge
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	r := new(Rules)
	if err := d.Decode(r); err != nil {
		return nil, decodeError(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errs.InvalidField("", "not_json", "something follows the rules")
	}
	return r, nil
}

func decodeError(err error) error {
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		pointer := strings.ReplaceAll("."+kind.Field, ".", "/")
		return errs.InvalidField(strings.TrimSuffix(pointer, "/"), "wrong_type", "must not be a JSON %s", kind.Value).Because(err)
	}
	// The decoder has no type for this one.
	if _, field, ok := strings.Cut(err.Error(), "unknown field "); ok {
		return errs.InvalidField("/"+strings.Trim(field, `"`), "unknown_field", "is not a field of the rules").Because(err)
	}
	return errs.InvalidField("", "not_json", "is not JSON: %v", err).Because(err)
}
