package catalog

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"regulars/internal/base/errs"
	"regulars/internal/base/fold"
)

// Option is one thing that tells a variant from the others of its model.
type Option struct {
	Name  string `json:"name"` // OptionColour, OptionSize, or what people call it
	Value string `json:"value"`
}

// Names of options that files bring and pages have a word for.
const (
	OptionColour  = "colour"
	OptionSize    = "size"
	OptionVariant = "variant" // all in one text
)

func readOptions(text string) (list []Option, err error) {
	if text != "" {
		err = json.Unmarshal([]byte(text), &list)
	}
	return list, err
}

func writeOptions(list []Option) string {
	if len(list) == 0 {
		return ""
	}
	b, err := json.Marshal(list)
	if err != nil {
		panic(err) // texts always marshal
	}
	return string(b)
}

// cleanOptions puts options in order; those without a value are none.
func cleanOptions(wrong *errs.List, list []Option) (clean []Option) {
	seen := map[string]bool{}
	for i, o := range list {
		o = Option{fold.Line(o.Name), fold.Line(o.Value)}
		at := "/options/" + strconv.Itoa(i)
		required(wrong, at+"/name", o.Name, maxOption)
		wrong.Bound(at+"/value", o.Value, maxOption)
		if key := fold.Key(o.Name); seen[key] {
			wrong.Add(at+"/name", "duplicate_option", "comes twice; name each option once")
		} else {
			seen[key] = true
		}
		if o.Value != "" {
			clean = append(clean, o)
		}
	}
	if len(clean) > MaxOptions {
		wrong.Add("/options", "too_many", "are more than %d", MaxOptions).With("max", MaxOptions)
	}
	return clean
}

// Variant is what tells the product from the others of its model, in one text:
// "red, XL".
func (p Product) Variant() string {
	values := make([]string, len(p.Options))
	for i, o := range p.Options {
		values[i] = o.Value
	}
	return strings.Join(values, ", ")
}

// FullName is the name with what tells the product from the others of its model,
// as far as the name does not say it: "T-shirt red, XL".
func (p Product) FullName() string {
	var values []string
	said := fold.Words(p.Name)
	for _, o := range p.Options {
		if slices.ContainsFunc(fold.Words(o.Value), func(w string) bool { return !slices.Contains(said, w) }) {
			values = append(values, o.Value)
		}
	}
	return strings.TrimSpace(p.Name + " " + strings.Join(values, ", "))
}

// Option is the value of an option; "": it has none of that name.
func (p Product) Option(name string) string {
	for _, o := range p.Options {
		if o.Name == name {
			return o.Value
		}
	}
	return ""
}
