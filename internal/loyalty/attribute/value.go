package attribute

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"regulars/internal/base/errs"
	"regulars/internal/base/fold"
	"regulars/internal/loyalty/customer"
)

// Fit brings values that somebody gives into the form that is kept; nil takes one
// away. Its error names what is unknown, or is not of the attribute's format.
func (l Definitions) Fit(given map[string]any) (values customer.Attributes, err error) {
	var (
		wrong errs.List
		known []string
	)
	for i := range l {
		if !l[i].Archived {
			known = append(known, l[i].Code)
		}
	}
	values = customer.Attributes{}
	for _, code := range slices.Sorted(maps.Keys(given)) {
		pointer := customer.AttributePointer(code)
		if !slices.Contains(known, code) {
			wrong.Add(pointer, "unknown_attribute", "is not one of %s", strings.Join(known, ", ")).With("known", strings.Join(known, ", "))
			continue
		}
		d := l.Of(code)
		value, ok := d.Fit(given[code])
		if !ok {
			f := wrong.Add(pointer, ErrUnfit.Code, "is no %s that can be kept", d.Format)
			if d.Format == NumberFormat {
				f.With("sample", "12")
			}
			continue
		}
		values[code] = value
	}
	return values, wrong.Err()
}

// Missing are the attributes that a form does not go without, of which values has
// none.
func (l Definitions) Missing(values customer.Attributes) (list []*Definition) {
	for i := range l {
		if d := &l[i]; d.Required && !d.Archived && values[d.Code] == nil {
			list = append(list, d)
		}
	}
	return list
}

// Fit brings one value into the form that is kept: text, a number, yes or no; nil:
// none.
func (d *Definition) Fit(given any) (value any, ok bool) {
	switch v := given.(type) {
	case nil:
		return nil, true
	case []any:
		parts := make([]string, len(v))
		for i := range v {
			if parts[i], ok = v[i].(string); !ok || d.Format != SeveralFormat {
				return nil, false
			}
		}
		return d.fitText(strings.Join(parts, ","))
	case bool:
		return v, d.Format == YesNoFormat
	case float64:
		return d.fitText(strconv.FormatFloat(v, 'f', -1, 64))
	case json.Number:
		return d.fitText(v.String())
	case string:
		return d.fitText(v)
	}
	return nil, false
}

var yesNo = map[string]bool{"1": true, "yes": true, "true": true, "0": false, "no": false, "false": false}

func (d *Definition) fitText(text string) (value any, ok bool) {
	text = fold.Text(text)
	if text == "" {
		return nil, true
	}
	switch d.Format {
	case TextFormat:
		return text, len([]rune(text)) <= customer.MaxValue
	case NumberFormat:
		text = strings.NewReplacer(",", ".", " ", "", "\u00a0", "").Replace(text)
		if _, err := strconv.ParseFloat(text, 64); err != nil || len(text) > customer.MaxKey || !json.Valid([]byte(text)) {
			return nil, false
		}
		return json.Number(text), true
	case DateFormat:
		for _, form := range []string{time.DateOnly, "02.01.2006"} {
			if at, err := time.Parse(form, text); err == nil {
				return at.Format(time.DateOnly), true
			}
		}
		return nil, false
	case YesNoFormat:
		value, ok = yesNo[strings.ToLower(text)]
		return value, ok
	}
	var chosen []string
	parts := []string{text}
	if d.Format == SeveralFormat {
		parts = strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ';' })
	}
	for _, part := range parts {
		c := d.choice(part)
		if c == nil {
			return nil, false
		}
		if !slices.Contains(chosen, c.Code) {
			chosen = append(chosen, c.Code)
		}
	}
	slices.SortFunc(chosen, func(a, b string) int { return d.place(a) - d.place(b) })
	return strings.Join(chosen, ","), true
}

func (d *Definition) place(code string) int {
	return slices.IndexFunc(d.Choices, func(c Choice) bool { return c.Code == code })
}

// choice is the one of a code, or of a name in any language.
func (d *Definition) choice(text string) *Choice {
	key := fold.Key(text)
	for i := range d.Choices {
		c := &d.Choices[i]
		if c.Code == strings.ToLower(strings.TrimSpace(text)) || c.Names.have(key) {
			return c
		}
	}
	return nil
}

// Chosen are the codes that a value of a list holds.
func Chosen(value any) []string {
	text, _ := value.(string)
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' })
}

// Said is a value of a list in words.
func (d *Definition) Said(value any, language string) string {
	var words []string
	for _, code := range Chosen(value) {
		name := code
		if i := d.place(code); i >= 0 {
			name = d.Choices[i].Names.In(language, code)
		}
		words = append(words, name)
	}
	return strings.Join(words, ", ")
}
