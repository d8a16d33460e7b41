package web

import (
	"strings"
	"time"

	"regulars/internal/base/errs"
	"regulars/internal/base/i18n"
	"regulars/internal/loyalty/customer"
)

// AttributeText says in words what is kept under an attribute.
func AttributeText(loc *i18n.Localizer, d *customer.Definition, value any) string {
	if d.List() {
		return d.Said(value, loc.Lang())
	}
	if text, ok := value.(string); ok && d.Format == customer.DateFormat {
		if at, err := time.Parse(time.DateOnly, text); err == nil {
			return loc.Date(at, time.UTC)
		}
	}
	return ValueText(loc, value)
}

// AttributeField is a field of a form for an attribute.
type AttributeField struct {
	Name, Label, Type, Value string
	Options                  []Option
	Required                 bool
}

// AttributeFields are the fields of what can be said of a customer besides.
func AttributeFields(loc *i18n.Localizer, all customer.Definitions) (list []AttributeField) {
	for i := range all {
		d := &all[i]
		if d.Archived {
			continue
		}
		f := AttributeField{Name: "attributes/" + d.Code, Label: d.Names.In(loc.Lang(), d.Code), Type: "text", Required: d.Required}
		switch d.Format {
		case customer.DateFormat:
			f.Type = "date"
		case customer.YesNoFormat:
			f.Type, f.Options = "select", []Option{{Text: "—"}, {Value: "yes", Text: loc.T("web.yes")}, {Value: "no", Text: loc.T("web.no")}}
		case customer.OneFormat:
			f.Type, f.Options = "select", []Option{{Text: "—"}}
		case customer.SeveralFormat:
			f.Type = "checks"
		}
		for _, c := range d.Choices {
			f.Options = append(f.Options, Option{Value: c.Code, Text: c.Names.In(loc.Lang(), c.Code)})
		}
		list = append(list, f)
	}
	return list
}

// FillAttributes puts what is known of a customer into a form.
func FillAttributes(all customer.Definitions, values customer.Attributes, form *Form) {
	for i := range all {
		d, name := &all[i], "attributes/"+all[i].Code
		switch v := values[d.Code].(type) {
		case bool:
			form.Values.Set(name, map[bool]string{true: "yes", false: "no"}[v])
		case string:
			if form.Values.Set(name, v); d.Format == customer.SeveralFormat {
				form.Values[name] = customer.Chosen(v)
			}
		case interface{ String() string }:
			form.Values.Set(name, v.String())
		}
	}
}

// ReadAttributes reads them back, and says what is wrong with them.
func ReadAttributes(all customer.Definitions, form *Form) (customer.Attributes, error) {
	given := map[string]any{}
	for i := range all {
		d, name := &all[i], "attributes/"+all[i].Code
		if _, sent := form.Values[name]; !d.Archived && (sent || d.Format == customer.SeveralFormat) { // boxes of which none is ticked send nothing
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

// ValueText says in words what is kept under a name that nobody has defined.
func ValueText(loc *i18n.Localizer, v any) string {
	switch v := v.(type) {
	case bool:
		if v {
			return loc.T("web.yes")
		}
		return loc.T("web.no")
	case string:
		return v
	case interface{ String() string }:
		return v.String()
	}
	return ""
}
