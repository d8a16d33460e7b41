// Package errs is the vocabulary of failures: what kind one is, a stable code
// for machines and a text for people.
//
// An Error is made once, where the failure is understood, and only wrapped on
// the way up; it carries nothing that may not be shown to the caller. Status
// codes, translations and logs are the business of the surface (surface/web).
// What went wrong with long work is kept as JSON and told later, in the words of
// whoever reads it: so the figures of an error are money's where they are money.
package errs

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Kind says what the caller can do about an error.
type Kind string

// The kinds. Everything that is not an *Error is Internal.
const (
	Invalid      Kind = "invalid"      // the request is wrong: change it
	Unauthorized Kind = "unauthorized" // who are you: sign in or send a key
	Forbidden    Kind = "forbidden"    // you may not
	NotFound     Kind = "not_found"    // there is no such thing
	Conflict     Kind = "conflict"     // the state has moved on: look again and decide
	Reused       Kind = "reused"       // an idempotency key came with another body
	TooLarge     Kind = "too_large"    // the request is over a limit of size
	TooMany      Kind = "too_many"     // slow down and try later
	Unavailable  Kind = "unavailable"  // nothing is wrong with the request: try again
	Internal     Kind = "internal"     // our mistake
)

// Field is what is wrong with one part of a request.
type Field struct {
	Pointer string `json:"pointer"` // JSON pointer or form field: "/lines/2/quantity"
	Code    string `json:"code"`    // stable: "out_of_range"
	Text    string `json:"text"`    // what is wrong and what would be right
	Args    Args   `json:"args,omitempty"`
}

// With gives the field a figure that Text names, so that translations and
// programs have it too: "min", "max", or "above" where the limit itself is out.
func (f *Field) With(name string, value any) *Field {
	if f.Args == nil {
		f.Args = Args{}
	}
	f.Args[name] = value
	return f
}

// Error is a failure that may be shown to the caller. Code is stable and
// machine-readable ("receipt_not_found"); pages translate it through the i18n
// key "error.<code>" with Args; Text is the English of the API. As JSON it can
// be kept, all but its cause, and be translated for whoever reads it later.
type Error struct {
	Kind   Kind    `json:"kind"`
	Code   string  `json:"code"`
	Text   string  `json:"text"`
	Fields []Field `json:"fields,omitempty"`
	Args   Args    `json:"args,omitempty"`
	cause  error
}

// New makes an error that can be compared with errors.Is by its code.
func New(kind Kind, code, text string) *Error {
	return &Error{Kind: kind, Code: code, Text: text}
}

// InvalidField is the error of one wrong field.
func InvalidField(pointer, code, format string, args ...any) *Error {
	text := fmt.Sprintf(format, args...)
	return &Error{
		Kind: Invalid, Code: code, Text: text,
		Fields: []Field{{Pointer: pointer, Code: code, Text: text}},
	}
}

// Error implements error; the cause is for the log.
func (e *Error) Error() string {
	if e.cause == nil {
		return e.Code + ": " + e.Text
	}
	return e.Code + ": " + e.Text + ": " + e.cause.Error()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.cause }

// Is reports whether target is an Error of the same code.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error) // Is compares this very link of the chain
	return ok && t.Code == e.Code
}

// ArgsOf are the figures of one of its fields: those of the error, where the
// field has none of its own.
func (e *Error) ArgsOf(f Field) Args {
	if f.Args == nil {
		return e.Args
	}
	return f.Args
}

// Because returns a copy of e that carries its cause for the log.
func (e *Error) Because(cause error) *Error {
	c := *e
	c.cause = cause
	return &c
}

// With returns a copy of e whose translation is given an argument.
func (e *Error) With(name string, value any) *Error {
	c := *e
	c.Args = make(Args, len(e.Args)+1)
	for k, v := range e.Args {
		c.Args[k] = v
	}
	c.Args[name] = value
	return &c
}

// Textf returns a copy of e with another text.
func (e *Error) Textf(format string, args ...any) *Error {
	c := *e
	c.Text = fmt.Sprintf(format, args...)
	return &c
}

// At returns a copy of e that points at a field of the request.
func (e *Error) At(pointer string) *Error {
	c := *e
	c.Fields = append(append([]Field(nil), e.Fields...), Field{Pointer: pointer, Code: e.Code, Text: e.Text})
	return &c
}

// Of finds the Error in a chain; for any other error it is an Internal one
// that hides the cause from the caller.
func Of(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return New(Internal, "internal", "Something went wrong on our side; nothing was changed. Try again, and tell the administrator if it stays.").Because(err)
}

// KindOf is Of(err).Kind.
func KindOf(err error) Kind { return Of(err).Kind }

// Wrap adds what was being done to *err, if there is one. It is deferred once
// per exported method.
func Wrap(err *error, format string, args ...any) {
	if *err != nil {
		*err = fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), *err)
	}
}

// List gathers what is wrong with a request, field by field.
type List struct{ fields []Field }

// Add notes a wrong field, which is good until the next is added.
func (l *List) Add(pointer, code, format string, args ...any) *Field {
	l.fields = append(l.fields, Field{Pointer: pointer, Code: code, Text: fmt.Sprintf(format, args...)})
	return &l.fields[len(l.fields)-1]
}

// Bound notes a text that is longer than so many characters.
func (l *List) Bound(pointer, text string, limit int) {
	if utf8.RuneCountInString(text) > limit {
		l.Add(pointer, "too_long", "is longer than %d characters", limit).With("max", limit)
	}
}

// Len is how many fields were added.
func (l *List) Len() int { return len(l.fields) }

// Err is nil if nothing was added, else one Invalid error with every field.
func (l *List) Err() error {
	if len(l.fields) == 0 {
		return nil
	}
	texts := make([]string, len(l.fields))
	for i, f := range l.fields {
		texts[i] = f.Pointer + " " + f.Text
	}
	return &Error{Kind: Invalid, Code: "invalid_request", Text: strings.Join(texts, "; "), Fields: l.fields}
}
