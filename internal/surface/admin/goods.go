package admin

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"regulars/internal/base/fold"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/surface/web"
)

// names are what the codes in rules stand for.
type names struct {
	categories, products, stores map[string]string // by code, SKU, code
}

func (a *Admin) names(ctx context.Context, skus []string) (n names, err error) {
	n = names{map[string]string{}, map[string]string{}, map[string]string{}}
	categories, err := a.Catalog.Categories(ctx)
	if err != nil {
		return n, err
	}
	for _, c := range categories {
		n.categories[c.Code] = c.Name
	}
	stores, err := a.Catalog.Stores(ctx)
	if err != nil {
		return n, err
	}
	for _, s := range stores {
		n.stores[s.Code] = s.Name
	}
	if len(skus) == 0 {
		return n, nil
	}
	found, err := a.Catalog.BySKU(ctx, once(skus))
	for sku, p := range found {
		n.products[sku] = p.Name
	}
	return n, err
}

// named are the names of codes; what has none is called by its code.
func named(names map[string]string, codes []string) (list []string) {
	for _, c := range codes {
		if name := names[c]; name != "" {
			c = name
		}
		list = append(list, c)
	}
	return list
}

// once leaves out what is empty or was there before.
func once[T comparable](list []T) (out []T) {
	var none T
	seen := map[T]bool{none: true}
	for _, v := range list {
		if !seen[v] {
			seen[v] = true
			out = append(out, v)
		}
	}
	return out
}

// The goods that a rule leaves out are chosen by name, in a picker for each
// field of the rules that lists them. What has been chosen stands in hidden
// fields of the editor; what is looked for, in the field find/<field>. A button
// picks one and another drops it, by sending the whole form: it works without
// JavaScript, and with it only the picker is replaced.
var pickers = []string{
	"earn/exclude/categories", "earn/exclude/products", "redeem/exclude/categories", "redeem/exclude/products",
	"discount/exclude/categories", "discount/exclude/products", "spend/exclude/categories", "spend/exclude/products",
}

// picker is what one of them shows.
type picker struct {
	Field   string
	Path    string // that answers with the picker
	Example string // that prices the example
	Kind    string // "categories" or "products"
	Picked  []pick
	Find    string
	Found   []pick
	Changed bool // something was just picked or dropped
	Open    bool // what is found is shown at once
}

// pick is a category or a product to choose.
type pick struct {
	Value string // its code or SKU
	Text  string
	Note  string // what tells it from others of its name
}

// mostFound is how many picks are offered at once: who wants another types on.
const mostFound = 8

func (a *Admin) picker(ctx context.Context, f *web.Form, at, field string) (p picker, err error) {
	_, kind, _ := strings.Cut(field, "/exclude/")
	p = picker{Field: field, Path: at + "/goods/" + field, Example: at + "/example", Kind: kind, Find: f.Get("find/" + field)}
	chosen := once(f.All(field))
	known, err := a.names(ctx, f.All(field))
	if err != nil {
		return p, err
	}
	names := known.products
	if kind == "categories" {
		names = known.categories
	}
	for i, name := range named(names, chosen) {
		p.Picked = append(p.Picked, pick{Value: chosen[i], Text: name})
	}
	return p, nil
}

// pickers are all of them, with what is found where something was typed.
func (a *Admin) pickers(ctx context.Context, f *web.Form, at string) (map[string]picker, error) {
	all := map[string]picker{}
	for _, field := range pickers {
		p, err := a.picker(ctx, f, at, field)
		if err == nil && p.Find != "" {
			p.Open = field == looking(f)
			err = a.find(ctx, &p)
		}
		if err != nil {
			return nil, err
		}
		all[field] = p
	}
	return all, nil
}

// find looks for what could be picked yet.
func (a *Admin) find(ctx context.Context, p *picker) error {
	look := a.productsToPick
	if p.Kind == "categories" {
		look = a.categoriesToPick
	}
	list, err := look(ctx, p.Find, len(p.Picked))
	for _, x := range list {
		if !slices.ContainsFunc(p.Picked, func(y pick) bool { return x.Value == y.Value }) && len(p.Found) < mostFound {
			p.Found = append(p.Found, x)
		}
	}
	return err
}

// productsToPick finds as many more products than are shown as may have been
// picked already.
func (a *Admin) productsToPick(ctx context.Context, words string, picked int) (list []pick, err error) {
	found, _, err := a.Catalog.Products(ctx, catalog.ProductQuery{Search: words, Limit: min(mostFound+picked, catalog.MaxPage)})
	for _, p := range found {
		list = append(list, pick{p.SKU, p.Name, p.SKU})
	}
	return list, err
}

// categoriesToPick finds categories in whose name every word begins a word.
func (a *Admin) categoriesToPick(ctx context.Context, words string, _ int) (list []pick, err error) {
	all, err := a.Catalog.Categories(ctx)
	names := map[string]string{}
	for _, c := range all {
		names[c.Code] = c.Name
	}
	for _, c := range all {
		fits := true
		for _, w := range fold.Words(words) {
			fits = fits && strings.Contains(" "+fold.Key(c.Name+" "+c.Code), " "+w)
		}
		if fits {
			above := named(names, c.Path[1:])
			slices.Reverse(above)
			list = append(list, pick{c.Code, c.Name, strings.Join(above, " › ")})
		}
	}
	return list, err
}

// repick picks or drops what a button of a picker says, "pick <field> <code>",
// and gives the field; none: the button is not a picker's.
func repick(f *web.Form, do string) (field string) {
	verb, rest, _ := strings.Cut(do, " ")
	field, value, _ := strings.Cut(rest, " ")
	if !slices.Contains(pickers, field) {
		return ""
	}
	switch verb {
	case "pick":
		f.Values[field] = once(append(f.All(field), value))
	case "drop":
		f.Values[field] = slices.DeleteFunc(f.All(field), func(v string) bool { return v == value })
	default:
		return ""
	}
	f.Values.Del("find/" + field)
	return field
}

// looking is the first picker in which something was typed.
func looking(f *web.Form) string {
	for _, field := range pickers {
		if f.Get("find/"+field) != "" {
			return field
		}
	}
	return ""
}

// pickGoods answers what a picker asks: what is found by what was typed, or,
// where a button was pressed, the picker as it is now.
func (a *Admin) pickGoods(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	field := r.PathValue("field")
	if !slices.Contains(pickers, field) {
		return web.ErrNoPage
	}
	block, changed := "hits", repick(form, form.Get("do")) == field
	if changed {
		block = "picker"
	}
	p, err := a.picker(r.Context(), form, "/programme/"+r.PathValue("id"), field)
	if err != nil {
		return err
	}
	p.Changed = changed
	if err := a.find(r.Context(), &p); err != nil {
		return err
	}
	return a.pages.Fragment(w, r, http.StatusOK, "programme_edit", block, p)
}
