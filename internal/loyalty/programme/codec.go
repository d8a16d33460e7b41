package programme

import (
	"errors"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"regulars/internal/base/errs"
)

// MaxJSON is the largest JSON form of rules, in bytes.
const MaxJSON = 1 << 20

// ErrTooLarge is returned for rules over MaxJSON.
var ErrTooLarge = errs.New(errs.TooLarge, "programme_too_large", "The rules are larger than 1 MB; put products into categories.")

// Encode writes rules as they are kept.
func Encode(r *Rules) []byte {
	b, err := json.Marshal(r, jsontext.AllowInvalidUTF8(true))
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
	r := new(Rules)
	if err := json.Unmarshal(text, r, json.RejectUnknownMembers(true)); err != nil {
		return nil, decodeError(err)
	}
	return r, nil
}

// decodeError says what is wrong with the text and at which field.
func decodeError(err error) error {
	if syntax := (*jsontext.SyntacticError)(nil); errors.As(err, &syntax) && errors.Is(err, jsontext.ErrDuplicateName) {
		return errs.InvalidField(string(syntax.JSONPointer), "duplicate_field", "comes twice").Because(err)
	}
	semantic := (*json.SemanticError)(nil)
	switch {
	case !errors.As(err, &semantic):
		return errs.InvalidField("", "not_json", "is not JSON: %v", err).Because(err)
	case errors.Is(err, json.ErrUnknownName):
		return errs.InvalidField(string(semantic.JSONPointer), "unknown_field", "is not a field of the rules").Because(err)
	}
	return errs.InvalidField(string(semantic.JSONPointer), "wrong_type", "is not what the field takes").Because(err)
}
