package api

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"regulars/internal/base/errs"
	"regulars/internal/loyalty/integration"
)

// operation is what is documented of a call besides its types. Its words are
// under api.op.<id>.
type operation struct {
	id      string
	group   string
	method  string
	path    string
	status  int  // of success; 0: 200
	changes bool // may be repeated, but has an effect
	again   int  // status where what is asked for is there already; 0: the same
	errors  []*errs.Error
	large   bool                   // takes a batch
	needs   integration.Permission // of an integration; empty: the call is for tills
	tills   bool                   // also tills may make it
}

// reply is an answer of status 200.
type reply[T any] struct {
	Body T
}

// created is an answer of its own status.
type created[T any] struct {
	Status   int
	Location string `header:"Location"` // of what this call made
	Replayed string `header:"Idempotent-Replayed"`
	Body     T
}

// nothing is what calls without a body take.
type nothing struct{}

// register adds a call without a body.
func register[I, O any](d *description, o operation, do func(context.Context, *caller, *I) (*O, error)) {
	route := o.method + " " + o.path
	parameters := queryOf(reflect.TypeFor[I]())
	huma.Register(d.huma, d.operation(o), func(ctx context.Context, in *I) (*O, error) {
		by := ctx.Value(callerKey{}).(*caller)
		var out *O
		err := by.may(o)
		if err == nil {
			err = by.asks(parameters)
		}
		if err == nil {
			out, err = do(ctx, by, in)
		}
		if err != nil {
			return nil, d.api.failed(ctx, by, route, o.changes, err)
		}
		return out, nil
	})
	d.listed = append(d.listed, o)
}

// queryOf lists the parameters that a call takes in its address.
func queryOf(t reflect.Type) (names []string) {
	for i := range t.NumField() {
		f := t.Field(i)
		if name := f.Tag.Get("query"); name != "" {
			names = append(names, name)
		}
		if f.Anonymous {
			names = append(names, queryOf(f.Type)...)
		}
	}
	return names
}

// asks refuses parameters that the call does not have: a slip of the pen would
// otherwise list what nobody asked for.
func (by *caller) asks(parameters []string) error {
	var wrong errs.List
	for _, name := range slices.Sorted(maps.Keys(by.query)) {
		if !slices.Contains(parameters, name) {
			wrong.Add(name, "unknown_parameter", "is not a parameter of this call; see the documentation for its parameters")
		}
	}
	return wrong.Err()
}

// withBody is what a call with a body takes.
type withBody[T any] struct {
	Body body[T]
}

// post adds a call that takes nothing but a body.
func post[I, O any](d *description, o operation, do func(context.Context, *caller, *I) (*O, error)) {
	register(d, o, func(ctx context.Context, by *caller, in *withBody[I]) (*O, error) {
		return do(ctx, by, &in.Body.Value)
	})
}

// withKey is what a call takes that records something.
type withKey[T any] struct {
	Key  string `header:"Idempotency-Key"`
	Body body[T]
}

// record adds a call that records something, with its Idempotency-Key.
func record[I, O any](d *description, o operation, do func(context.Context, *caller, *I, string) (*O, error)) {
	register(d, o, func(ctx context.Context, by *caller, in *withKey[I]) (*O, error) {
		key, err := idempotencyKey(in.Key)
		if err != nil {
			return nil, err
		}
		return do(ctx, by, &in.Body.Value, key)
	})
}

// maxKey is how long an Idempotency-Key may be.
const maxKey = 100

// idempotencyKey reads the header: a string of RFC 8941, or one that the
// caller did not put into quotes.
func idempotencyKey(header string) (string, error) {
	key := header
	if inner, ok := strings.CutPrefix(key, `"`); ok {
		if key, ok = unquote(inner); !ok {
			return "", errKeyHeader.At("Idempotency-Key")
		}
	}
	if len(key) > maxKey || header != "" && key == "" {
		return "", errKeyHeader.At("Idempotency-Key")
	}
	for i := range len(key) {
		if key[i] < ' ' || key[i] > '~' {
			return "", errKeyHeader.At("Idempotency-Key")
		}
	}
	return key, nil
}

// unquote reads what follows the opening quote.
func unquote(s string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '"':
			return b.String(), i == len(s)-1
		case '\\':
			if i++; i == len(s) || s[i] != '"' && s[i] != '\\' {
				return "", false
			}
			b.WriteByte(s[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", false
}
