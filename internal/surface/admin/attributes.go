package admin

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"regulars/internal/base/db"
	"regulars/internal/base/i18n"
	"regulars/internal/loyalty/attribute"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/web"
	"regulars/internal/surface/web/field"
)

type attributesView struct {
	frame
	Form    *web.Form
	Edit    *attribute.Definition // nil: a new one
	Rows    []attributeRow
	Formats []web.Option
	Tills   []web.Option
	Names   []wordingText
	Usual   []attributeRow // that can be switched on
}

type attributeRow struct {
	attribute.Definition
	Name string
}

// showAttributes shows what is kept of customers besides, and a form: of the one that
// the address names, or of another.
func (a *Admin) showAttributes(w http.ResponseWriter, r *http.Request, status int, form *web.Form) error {
	ctx, loc := r.Context(), web.Loc(r.Context())
	all, err := a.Attributes.Definitions(ctx)
	if err != nil {
		return err
	}
	v := attributesView{frame: a.frame(ctx), Form: form, Edit: all.Of(r.URL.Query().Get("code"))}
	for _, d := range all {
		v.Rows = append(v.Rows, attributeRow{d, d.Names.In(loc.Lang(), d.Code)})
	}
	for _, d := range attribute.Usual(a.usualName) {
		if all.Of(d.Code) == nil {
			v.Usual = append(v.Usual, attributeRow{d, d.Names.In(loc.Lang(), d.Code)})
		}
	}
	for _, f := range attribute.Formats {
		v.Formats = append(v.Formats, web.Option{Value: string(f), Text: loc.T("admin.attributes.format." + string(f))})
	}
	for _, t := range []string{"", attribute.TillsSee, attribute.TillsSet} {
		v.Tills = append(v.Tills, web.Option{Value: t, Text: loc.T("admin.attributes.tills_may." + cmp.Or(t, "nothing"))})
	}
	for _, l := range a.Bundle.Languages() {
		v.Names = append(v.Names, wordingText{"name_" + l.Code, loc.T("admin.attributes.name_in", "language", l.Name)})
	}
	if v.Form == nil {
		v.Form = web.NewForm(nil)
		if d := v.Edit; d != nil {
			v.Form = web.NewForm(map[string]string{"tills": d.Tills, "choices": choiceLines(d), "position": strconv.FormatInt(d.Position, 10)})
			for in, name := range d.Names {
				v.Form.Values.Set("name_"+in, name)
			}
			for name, on := range map[string]bool{"personal": d.Personal, "required": d.Required, "archived": d.Archived} {
				if on {
					v.Form.Values.Set(name, "1")
				}
			}
		}
	}
	return a.pages.RenderStatus(w, r, status, "attributes", v)
}

// choiceLines are the choices as the form has them: one a line, code and names with
// bars between.
func choiceLines(d *attribute.Definition) string {
	var lines []string
	for _, c := range d.Choices {
		parts := []string{c.Code}
		for _, in := range customer.Languages {
			parts = append(parts, c.Names[in])
		}
		lines = append(lines, strings.TrimRight(strings.Join(parts, " | "), "| "))
	}
	return strings.Join(lines, "\n")
}

func readChoices(text string) (list []attribute.Choice) {
	for line := range strings.Lines(text) {
		parts := strings.Split(line, "|")
		c := attribute.Choice{Code: strings.TrimSpace(parts[0]), Names: attribute.Names{}}
		for i, in := range customer.Languages {
			if i+1 < len(parts) {
				c.Names[in] = parts[i+1]
			}
		}
		if c.Code != "" {
			list = append(list, c)
		}
	}
	return list
}

func (a *Admin) attributes(w http.ResponseWriter, r *http.Request) error {
	return a.showAttributes(w, r, http.StatusOK, nil)
}

func (a *Admin) saveAttribute(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	all, err := a.Attributes.Definitions(r.Context())
	if err != nil {
		return err
	}
	var in attribute.Definition
	if usual := form.Get("usual"); usual != "" {
		ready := attribute.Usual(a.usualName)
		i := slices.IndexFunc(ready, func(d attribute.Definition) bool { return d.Code == usual })
		if i < 0 {
			return attribute.ErrNotFound
		}
		in = ready[i]
		in.Position = int64(len(all)) + 1
	} else {
		in = attribute.Definition{
			Code: form.Get("code"), Format: attribute.Format(form.Get("format")), Names: attribute.Names{}, Choices: readChoices(form.Raw("choices")), Tills: form.Get("tills"),
			Personal: form.Has("personal", "1"), Required: form.Has("required", "1"), Archived: form.Has("archived", "1"),
		}
		for _, language := range customer.Languages {
			in.Names[language] = form.Get("name_" + language)
		}
		in.Position = int64(len(all)) + 1
		if text := form.Get("position"); text != "" {
			in.Position, err = web.Loc(r.Context()).ParseNumber(text)
			form.Check("position", err)
		}
	}
	code := r.URL.Query().Get("code")
	if code != "" {
		d := all.Of(code)
		if d == nil {
			return attribute.ErrNotFound
		}
		in.ID = d.ID
		if d.Personal && !in.Personal && masked(web.Me(r)) { // nobody shows themselves what they may not see
			return staff.ErrMayNot
		}
	} else if !in.Personal && masked(web.Me(r)) {
		kept, err := a.Customers.HasAttribute(r.Context(), attribute.Code(in.Code))
		if err != nil {
			return err
		}
		if kept { // hidden until now: what nobody defined may be personal
			form.Fail("personal", web.Loc(r.Context()).T("admin.attributes.kept"))
		}
	}
	err = a.changeBy(form, r, func(ctx context.Context, tx *db.Tx) (line, error) {
		before, after, err := a.Attributes.DefineTx(ctx, tx, in)
		l := line{action: "attribute.added", subject: "attribute:" + after.Code, after: attributeFacts(after)}
		if in.ID != 0 {
			l.action, l.before = "attribute.changed", attributeFacts(before)
		}
		return l, err
	})
	if err != nil {
		return err
	}
	if !form.OK() {
		return a.showAttributes(w, r, unprocessable, form)
	}
	a.good(w, r, "admin.saved")
	web.Redirect(w, r, "/attributes")
	return nil
}

func attributeFacts(d attribute.Definition) map[string]any {
	return map[string]any{"names": d.Names, "choices": choiceLines(&d), "position": d.Position, "format": d.Format, "tills": d.Tills, "personal": d.Personal, "required": d.Required, "archived": d.Archived}
}

// attributeRows are what is kept of a customer besides, as whoever asks may see it:
// what nobody defined may be personal.
func attributeRows(loc *i18n.Localizer, all attribute.Definitions, values customer.Attributes, hide bool) (rows []fieldChange) {
	for i := range all {
		d := &all[i]
		value, ok := values[d.Code]
		if !ok || hide && d.Personal {
			continue
		}
		rows = append(rows, fieldChange{Name: d.Names.In(loc.Lang(), d.Code), Is: field.Text(loc, d, value)})
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if all.Of(name) == nil && !hide {
			rows = append(rows, fieldChange{Name: name, Is: web.ValueText(loc, values[name])})
		}
	}
	return rows
}

// attributesOf are the attributes for the form of a customer: what was taken out of
// its list since is a former choice.
func (a *Admin) attributesOf(ctx context.Context, c customer.Customer) (attribute.Definitions, error) {
	all, err := a.Attributes.Definitions(ctx)
	return all.Keeping(c.Attributes, func(language, code string) string {
		return a.Bundle.For(language).T("admin.attributes.former", "choice", code)
	}), err
}

// usualName is what a usual attribute, or a choice of one, is called.
func (a *Admin) usualName(language, key string) string {
	return a.Bundle.For(language).T("admin.usual." + key)
}
