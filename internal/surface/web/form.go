package web

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"

	"regulars/internal/base/errs"
	"regulars/internal/base/i18n"
)

// Form is what a person filled in, and what was wrong with it: a page that is
// shown again keeps every value.
type Form struct {
	Values url.Values
	Errors map[string]string // by field, for people
	Alert  string            // what is wrong with the whole
	loc    *i18n.Localizer
	as     map[string]string
}

// NewForm is a form that is shown for the first time, with its values.
func NewForm(values map[string]string) *Form {
	f := &Form{Values: url.Values{}, Errors: map[string]string{}}
	for k, v := range values {
		f.Values.Set(k, v)
	}
	return f
}

// ReadForm reads a form that was sent.
func ReadForm(r *http.Request) (*Form, error) {
	if err := r.ParseForm(); err != nil {
		return nil, BodyError(err)
	}
	if err := checkValues(r.PostForm); err != nil {
		return nil, err
	}
	return &Form{Values: r.PostForm, Errors: map[string]string{}, loc: Loc(r.Context())}, nil
}

// Get is a field's value without the spaces around it.
func (f *Form) Get(name string) string { return strings.TrimSpace(f.Values.Get(name)) }

// Raw is a field's value as it was typed: passwords.
func (f *Form) Raw(name string) string { return f.Values.Get(name) }

// Has reports whether a box was ticked, or one of several with a value.
func (f *Form) Has(name, value string) bool {
	for _, v := range f.Values[name] {
		if v == value {
			return true
		}
	}
	return false
}

// All are the values of a field that may have several.
func (f *Form) All(name string) []string { return f.Values[name] }

// Boxes are those of a field that were ticked. One that was not is not sent, but what
// is wrong with them is said there.
func (f *Form) Boxes(name string) []string {
	ticked := f.Values[name]
	f.Values[name] = ticked
	return ticked
}

// Fail notes what is wrong with a field; the text is already for people. The
// first thing said about a field stays.
func (f *Form) Fail(name, text string) {
	if _, ok := f.Errors[name]; !ok {
		f.Errors[name] = text
	}
}

// Check notes an error about a field, such as a number that cannot be read.
func (f *Form) Check(name string, err error) {
	if err == nil {
		return
	}
	f.Fail(name, Say(f.loc, err))
}

// OK reports whether nothing is wrong.
func (f *Form) OK() bool { return len(f.Errors) == 0 && f.Alert == "" }

// As says which field stands for a part ("name", or of a list "names/0/value") that
// the service knows and the form has under another name.
func (f *Form) As(part, name string) {
	if f.as == nil {
		f.as = map[string]string{}
	}
	f.as[part] = name
}

// Take notes an error of the service that was called. Fields that it points at
// ("/name", "name" or, of a list in one field, "/name/0") are marked, the rest is said above the form. Errors that
// are not the form's to show (ours, a missing page, a missing permission) come
// back to be returned.
func (f *Form) Take(err error) error {
	if err == nil {
		return nil
	}
	switch errs.KindOf(err) {
	case errs.Invalid, errs.Conflict, errs.Reused, errs.TooMany:
	default:
		return err
	}
	p := ProblemOf(err, f.loc)
	if len(p.Errors) == 0 {
		f.Alert = p.Detail
		return nil
	}
	var rest []string // said of parts that are no field of this form, whose names nobody knows
	for _, field := range p.Errors {
		name := strings.TrimPrefix(field.Pointer, "/")
		list, _, _ := strings.Cut(name, "/")
		list = cmp.Or(f.as[name], f.as[list], list)
		if f.Values.Has(name) {
			f.Fail(name, field.Detail)
		} else if f.Values.Has(list) {
			f.Fail(list, field.Detail)
		} else {
			rest = append(rest, field.Detail)
		}
	}
	f.Alert = strings.Join(rest, "\n")
	return nil
}
