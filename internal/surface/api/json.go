package api

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"regulars/internal/base/errs"
	"regulars/internal/surface/web"
)

// Failures of reading a body.
var (
	errJSON     = errs.New(errs.Invalid, "not_json", "The body is not JSON. Send one JSON object in UTF-8.")
	errNoObject = errJSON.Textf("The body is not a JSON object. Send one JSON object in UTF-8.")
	errBody     = errs.New(errs.Invalid, "body_missing", "This call needs a body. Send one JSON object.")
)

// jsonFormat is how bodies are read and written. It knows names exactly and
// refuses what it does not know; huma's own would parse every body twice.
var jsonFormat = huma.Format{
	Marshal: func(w io.Writer, v any) error { return json.MarshalWrite(w, v) },
	Unmarshal: func(data []byte, v any) error {
		if b, ok := v.(interface{ decode(data []byte) }); ok {
			b.decode(data)
			return nil
		}
		return json.Unmarshal(data, v, json.RejectUnknownMembers(true))
	},
}

// body is the body of a call. Reading it never fails as far as huma can see:
// Resolve tells what was wrong, with everything that is known about it.
type body[T any] struct {
	Value T
	err   error
}

func (b *body[T]) decode(data []byte) {
	err := json.Unmarshal(data, &b.Value, json.RejectUnknownMembers(true))
	switch {
	case err != nil:
		b.err = decodeError(err)
	case jsontext.Value(data).Kind() == 'n': // null is taken for a value that leaves all as it is
		b.err = errNoObject
	case bytes.Contains(data, []byte(`\u0000`)):
		if _, ok := any(&b.Value).(rowByRow); !ok {
			b.err = checkText(data)
		}
	}
}

// rowByRow is a body of which each row is refused by itself, whatever is wrong with it.
type rowByRow interface{ rowByRow() }

func (*lateBatch) rowByRow()       {}
func (*stockRequest) rowByRow()    {}
func (*productsRequest) rowByRow() {}

// checkText fails at the string that has a zero byte, which no text has.
func checkText(data []byte) error {
	d := jsontext.NewDecoder(bytes.NewReader(data))
	for {
		token, err := d.ReadToken()
		if err != nil { // io.EOF: it was read before
			return nil
		}
		if token.Kind() == '"' && !web.Legible(token.String()) {
			return wrongField(d.StackPointer(), "bad_characters", "has characters that cannot be printed")
		}
	}
}

// Resolve implements huma.Resolver.
func (b *body[T]) Resolve(huma.Context) []error {
	if b.err != nil {
		return []error{b.err}
	}
	return nil
}

// Schema implements huma.SchemaProvider: a body is documented as its value.
func (b *body[T]) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[T](), true, "")
}

// decodeError says what is wrong with a body and where.
func decodeError(err error) error {
	if syntax := (*jsontext.SyntacticError)(nil); errors.As(err, &syntax) {
		if errors.Is(err, jsontext.ErrDuplicateName) {
			return wrongField(syntax.JSONPointer, "duplicate_field", "comes twice; send it once")
		}
		return errJSON.Textf("The body is not JSON: something is wrong at byte %d. Send one JSON object in UTF-8.", syntax.ByteOffset).Because(err)
	}
	semantic := (*json.SemanticError)(nil)
	switch {
	case !errors.As(err, &semantic):
		return errJSON.Because(err)
	case semantic.JSONPointer == "":
		return errNoObject.Because(err)
	case errors.Is(err, json.ErrUnknownName):
		return wrongField(semantic.JSONPointer, "unknown_field", "is not a field of this call; see the documentation for its fields")
	}
	var wrong errs.List
	what := expected(semantic.GoType)
	wrong.Add(string(semantic.JSONPointer), "wrong_type", "must be of another type: %s", what).With("expected", what)
	return wrong.Err()
}

func wrongField(at jsontext.Pointer, code, text string) error {
	var wrong errs.List
	wrong.Add(string(at), code, "%s", text)
	return wrong.Err()
}

var (
	numberType = reflect.TypeFor[number]()
	timeType   = reflect.TypeFor[time.Time]()
)

// shape is what a field takes. Its words are under api.expected.
type shape string

// expected tells what a field of a type takes.
func expected(t reflect.Type) shape {
	switch t {
	case nil:
		return "another"
	case numberType:
		return "decimal"
	case timeType:
		return "time"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return expected(t.Elem())
	case reflect.Bool:
		return "boolean"
	case reflect.String:
		return "string"
	case reflect.Slice:
		return "list"
	case reflect.Int:
		return "integer"
	}
	return "object"
}

// number is a decimal as the caller wrote it, in a string or as a JSON number;
// it never passes through a float. "" is one that was not sent.
type number string

var errNumber = errors.New("not a plain decimal")

// UnmarshalJSONFrom implements json.UnmarshalerFrom.
func (n *number) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	v, err := dec.ReadValue()
	if err != nil {
		return err
	}
	switch v.Kind() {
	case 'n':
		*n = ""
		return nil
	case '"':
		v = v[1 : len(v)-1] // an escape in it is not a digit and refused below
	case '0':
	default:
		return errNumber
	}
	if !plain(v) {
		return errNumber
	}
	*n = number(v)
	return nil
}

// plain reports whether text is digits, with a point and a sign perhaps.
func plain(text []byte) bool {
	if len(text) > 0 && text[0] == '-' {
		text = text[1:]
	}
	digits, point := 0, false
	for i, c := range text {
		switch {
		case '0' <= c && c <= '9':
			digits++
		case c == '.' && !point && i > 0 && i+1 < len(text):
			point = true
		default:
			return false
		}
	}
	return digits > 0
}

// Schema implements huma.SchemaProvider.
func (number) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{AnyOf: []*huma.Schema{
		{Type: huma.TypeString, Pattern: `^-?[0-9]+(\.[0-9]+)?$`},
		{Type: huma.TypeNumber},
	}}
}

// fixed reads a decimal exactly as a multiple of 10^-exp. It fails with the
// code of what is wrong: "too_many_decimals" or "out_of_range".
func (n number) fixed(exp int) (v int64, code string) {
	text, negative := string(n), false
	if text != "" && text[0] == '-' {
		text, negative = text[1:], true
	}
	decimals := -1 // none yet
	for i := range len(text) {
		c := text[i]
		if c == '.' {
			decimals = 0
			continue
		}
		if decimals >= 0 {
			if decimals++; decimals > exp {
				if c != '0' {
					return 0, "too_many_decimals"
				}
				continue
			}
		}
		if v > (1<<62)/10 {
			return 0, "out_of_range"
		}
		v = v*10 + int64(c-'0')
	}
	for d := max(decimals, 0); d < exp; d++ {
		if v > (1<<62)/10 {
			return 0, "out_of_range"
		}
		v *= 10
	}
	if negative {
		v = -v
	}
	return v, ""
}
