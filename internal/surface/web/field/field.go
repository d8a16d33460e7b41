// Package field puts what a chain keeps of its customers besides into forms and words:
// what package attribute defines, as the pages of web show it. It has no rules: what
// fits is said there.
package field

import (
	"strings"
	"time"

	"regulars/internal/base/errs"
	"regulars/internal/base/i18n"
	"regulars/internal/loyalty/attribute"
	"regulars/internal/loyalty/customer"
	"regulars/internal/surface/web"
)

// Text says in words what is kept under an attribute.
func Text(loc *i18n.Localizer, d *attribute.Definition, value any) string {
	if d.List() {
		return d.Said(value, loc.Lang())
	}
	if text, ok := value.(string); ok && d.Format == attribute.DateFormat {
		if at, err := time.Parse(time.DateOnly, text); err == nil {
			return loc.Date(at, time.UTC)
		}
	}
	return web.ValueText(loc, value)
}

// Field is a field of a form for an attribute.
type Field struct {
	Name, Label, Type, Value string
	Options                  []web.Option
	Required                 bool
}

// Of gives the fields of what can be said of a customer besides.
func Of(loc *i18n.Localizer, all attribute.Definitions) (list []Field) {
	for i := range all {
		d := &all[i]
		if d.Archived {
			continue
		}
		f := Field{Name: "attributes/" + d.Code, Label: d.Names.In(loc.Lang(), d.Code), Type: "text", Required: d.Required}
		switch d.Format {
		case attribute.DateFormat:
			f.Type = "date"
		case attribute.YesNoFormat:
			f.Type, f.Options = "select", []web.Option{{Text: "—"}, {Value: "yes", Text: loc.T("web.yes")}, {Value: "no", Text: loc.T("web.no")}}
		case attribute.OneFormat:
			f.Type, f.Options = "select", []web.Option{{Text: "—"}}
		case attribute.SeveralFormat:
			f.Type = "checks"
		}
		for _, c := range d.Choices {
			f.Options = append(f.Options, web.Option{Value: c.Code, Text: c.Names.In(loc.Lang(), c.Code)})
		}
		list = append(list, f)
	}
	return list
}

// Fill puts what is known of a customer into a form.
func Fill(all attribute.Definitions, values customer.Attributes, form *web.Form) {
	for i := range all {
		d, name := &all[i], "attributes/"+all[i].Code
		switch v := values[d.Code].(type) {
		case bool:
			form.Values.Set(name, map[bool]string{true: "yes", false: "no"}[v])
		case string:
			if form.Values.Set(name, v); d.Format == attribute.SeveralFormat {
				form.Values[name] = attribute.Chosen(v)
			}
		case interface{ String() string }:
			form.Values.Set(name, v.String())
		}
	}
}

// Read reads them back, and says what is wrong with them.
func Read(all attribute.Definitions, form *web.Form) (customer.Attributes, error) {
	given := map[string]any{}
	for i := range all {
		d, name := &all[i], "attributes/"+all[i].Code
		if _, sent := form.Values[name]; !d.Archived && (sent || d.Format == attribute.SeveralFormat) { // boxes of which none is ticked send nothing
			given[d.Code] = strings.Join(form.All(name), ",")
		}
	}
	values, err := all.Fit(given)
	if err := form.Take(err); err != nil {
		return nil, err
	}
	for _, d := range all.Missing(values) {
		if form.Errors["attributes/"+d.Code] == "" {
			form.Check("attributes/"+d.Code, errs.New(errs.Invalid, "required", ""))
		}
	}
	return values, nil
}
