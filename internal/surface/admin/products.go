package admin

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"regulars/internal/base/db"
	"regulars/internal/base/fold"
	"regulars/internal/base/i18n"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/surface/web"
)

type productsView struct {
	frame
	URL        web.Link
	Columns    columnsView
	Rows       []productRow
	Categories []web.Option
	States     []web.Option
	Next       string
	Filtered   bool
}

type productRow struct {
	catalog.Product
	Group string // name of the category
	Image string // its address; empty: it has none
	Heads bool   // the first variant of its model in the list
	Path  string // as imports read it: "Food / Bread"
}

var productList = list[productRow]{"products", []column[productRow]{
	{"name", "admin.product.name", "", always, func(p productRow) any { return p.Name }},
	{"sku", "admin.product.sku", "keep", everywhere, func(p productRow) any { return p.SKU }},
	{"model", "admin.product.model", "", hidden, func(p productRow) any { return p.Model }},
	{"colour", "admin.product.option.colour", "", hidden, func(p productRow) any { return p.Option(catalog.OptionColour) }},
	{"size", "admin.product.option.size", "", hidden, func(p productRow) any { return p.Option(catalog.OptionSize) }},
	{"variant", "admin.product.option.variant", "", hidden, func(p productRow) any { return p.Option(catalog.OptionVariant) }},
	{"barcodes", "admin.product.barcodes", "", hidden, func(p productRow) any { return strings.Join(p.Barcodes, " ") }},
	{"category", "admin.product.category", "", wide, func(p productRow) any { return p.Path }},
	{"brand", "admin.product.brand", "", hidden, func(p productRow) any { return p.Brand }},
	{"price", "admin.product.price", "num", everywhere, func(p productRow) any { return p.Price }},
	{"cost", "admin.product.cost", "num", wide, func(p productRow) any { return p.Cost }},
}}

// productsAsked are the filters of a request for the list.
func productsAsked(url web.Link) catalog.ProductQuery {
	q := catalog.ProductQuery{Search: url.Get("q"), Category: url.Get("category"), Model: url.Get("model")}
	yes, no := true, false
	switch url.Get("state") {
	case "":
		q.Active = &yes
	case "off":
		q.Active = &no
	}
	return q
}

// someProducts reads a page of the list.
func (a *Admin) someProducts(r *http.Request, q catalog.ProductQuery, categories []catalog.Category) (rows []productRow, next string, err error) {
	found, next, err := a.Catalog.Products(r.Context(), q)
	names, paths := map[catalog.CategoryID]string{}, catalog.Paths(categories)
	for _, c := range categories {
		names[c.ID] = c.Name
	}
	if err != nil {
		return nil, "", err
	}
	ids := make([]catalog.ProductID, len(found))
	for i, p := range found {
		ids[i] = p.ID
	}
	images, err := a.Catalog.Images(r.Context(), ids)
	model := ""
	for _, p := range found {
		rows = append(rows, productRow{p, names[p.Category], imagePath(p.ID, images), p.Model != "" && p.Model != model, paths[p.Category]})
		model = p.Model
	}
	return rows, next, err
}

func (a *Admin) exportProducts(w http.ResponseWriter, r *http.Request) error {
	categories, err := a.Catalog.Categories(r.Context())
	if err != nil {
		return err
	}
	q := productsAsked(web.LinkOf(r))
	return sendList(a, w, r, productList, func(cursor string) ([]productRow, string, error) {
		q.After = cursor
		return a.someProducts(r, q, categories)
	})
}

func (a *Admin) products(w http.ResponseWriter, r *http.Request) error {
	ctx, loc := r.Context(), web.Loc(r.Context())
	v := productsView{frame: a.frame(ctx), URL: web.LinkOf(r), Columns: productList.view(r)}
	q := productsAsked(v.URL)
	q.After, q.Limit = v.URL.Get("cursor"), 50
	v.Filtered = q.Search != "" || q.Category != "" || q.Model != "" || v.URL.Get("state") != ""
	categories, err := a.Catalog.Categories(ctx)
	if err != nil {
		return err
	}
	if v.Rows, v.Next, err = a.someProducts(r, q, categories); err != nil {
		return err
	}
	v.Categories = categoryOptions(categories, loc.T("admin.products.every_category"))
	v.States = []web.Option{
		{Text: loc.T("admin.products.sold")}, {Value: "off", Text: loc.T("admin.products.not_sold")}, {Value: "all", Text: loc.T("admin.products.all")},
	}
	return a.pages.Render(w, r, "products", v)
}

// categoryOptions are the categories to choose from, those within others set
// in; with one for none if it has a text.
func categoryOptions(list []catalog.Category, none string) (out []web.Option) {
	if none != "" {
		out = append(out, web.Option{Text: none})
	}
	for _, c := range list {
		out = append(out, web.Option{Value: c.Code, Text: strings.Repeat("— ", len(c.Path)-1) + c.Name})
	}
	return out
}

type productView struct {
	frame
	Form       *web.Form
	Product    catalog.Product // zero: a new one
	Categories []web.Option
	Kinds      []web.Option
	Variants   []catalog.Product // of the same model, this one too
	Image      string            // its address; empty: there is none
	ImageForm  *web.Form
}

func (a *Admin) showProduct(w http.ResponseWriter, r *http.Request, status int, p catalog.Product, form *web.Form) error {
	loc := web.Loc(r.Context())
	categories, err := a.Catalog.Categories(r.Context())
	if err != nil {
		return err
	}
	v := productView{frame: a.frame(r.Context()), Form: form, Product: p, Categories: categoryOptions(categories, loc.T("admin.product.no_category"))}
	for _, k := range []catalog.Kind{catalog.KindGoods, catalog.KindService, catalog.KindGiftCard} {
		v.Kinds = append(v.Kinds, web.Option{Value: string(k), Text: loc.T("admin.product.kind." + string(k))})
	}
	images, err := a.Catalog.Images(r.Context(), []catalog.ProductID{p.ID})
	if err != nil {
		return err
	}
	v.Image, v.ImageForm = imagePath(p.ID, images), web.NewForm(nil)
	if p.Model != "" {
		if v.Variants, _, err = a.Catalog.Products(r.Context(), catalog.ProductQuery{Model: p.Model}); err != nil {
			return err
		}
	}
	return a.pages.RenderStatus(w, r, status, "product", v)
}

func (a *Admin) newProduct(w http.ResponseWriter, r *http.Request) error {
	return a.showProduct(w, r, http.StatusOK, catalog.Product{}, web.NewForm(map[string]string{"kind": string(catalog.KindGoods), "active": "1"}))
}

// readProduct reads the form; what cannot be read is marked there.
func (a *Admin) readProduct(form *web.Form, loc *i18n.Localizer) catalog.ProductChange {
	text := func(name string) *string {
		v := form.Get(name)
		return &v
	}
	flag := func(name string) *bool {
		v := form.Has(name, "1")
		return &v
	}
	kind := catalog.Kind(form.Get("kind"))
	price, err := loc.ParsePrice(orZero(form.Get("price")))
	form.Check("price", err)
	c := catalog.ProductChange{
		SKU: text("sku"), Name: text("name"), Category: text("category"), Brand: text("brand"), Kind: &kind,
		Price: &price, Promo: flag("promo"), Active: flag("active"),
	}
	if cost := form.Get("cost"); cost == "" {
		c.NoCost = true
	} else {
		v, err := loc.ParsePrice(cost)
		form.Check("cost", err)
		c.Cost = &v
	}
	codes := words(form.Raw("barcodes"))
	c.Barcodes = &codes
	options := readOptions(loc, form.Raw("options"))
	c.Model, c.Options = text("model"), &options
	return c
}

// optionNames are those that pages have a word for.
var optionNames = []string{catalog.OptionColour, catalog.OptionSize, catalog.OptionVariant}

// typedOptions are the options of a variant as its form has them: "Colour: red",
// one a line.
func typedOptions(loc *i18n.Localizer, list []catalog.Option) string {
	lines := make([]string, len(list))
	for i, o := range list {
		if slices.Contains(optionNames, o.Name) {
			o.Name = loc.T("admin.product.option." + o.Name)
		}
		lines[i] = o.Name + ": " + o.Value
	}
	return strings.Join(lines, "\n")
}

// readOptions reads what typedOptions wrote; a line without a name is a variant.
func readOptions(loc *i18n.Localizer, text string) (list []catalog.Option) {
	for line := range strings.Lines(text) {
		name, value, named := strings.Cut(line, ":")
		if !named {
			name, value = catalog.OptionVariant, line
		}
		for _, known := range optionNames {
			if fold.Key(name) == fold.Key(loc.T("admin.product.option."+known)) {
				name = known
			}
		}
		if strings.TrimSpace(value) != "" {
			list = append(list, catalog.Option{Name: name, Value: value})
		}
	}
	return list
}

func orZero(text string) string {
	if text == "" {
		return "0"
	}
	return text
}

// words are what stands between spaces, commas and line ends, each once.
func words(text string) []string {
	return once(strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(",; \t\r\n", r) }))
}

func (a *Admin) addProduct(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	c := a.readProduct(form, web.Loc(r.Context()))
	var p catalog.Product
	err = a.changeBy(form, r, func(ctx context.Context, tx *db.Tx) (line, error) {
		var err error
		p, err = a.Catalog.CreateProductTx(ctx, tx, catalog.ProductInput{SKU: *c.SKU, ProductChange: c})
		return line{action: "product.created", subject: "product:" + p.ID.String(), after: productFacts(p)}, err
	})
	if err != nil {
		return err
	}
	if !form.OK() {
		return a.showProduct(w, r, unprocessable, catalog.Product{}, form)
	}
	a.good(w, r, "admin.product.added", "name", p.Name)
	web.Redirect(w, r, "/products")
	return nil
}

func productFacts(p catalog.Product) any {
	m := map[string]any{
		"sku": p.SKU, "name": p.Name, "categories": strings.Join(p.Categories, " < "), "brand": p.Brand, "kind": p.Kind, "price": p.Price.String(),
		"promo": p.Promo, "active": p.Active, "barcodes": strings.Join(p.Barcodes, " "),
	}
	if p.Model != "" {
		m["model"] = p.Model
	}
	if len(p.Options) > 0 {
		m["options"] = p.Variant()
	}
	if p.Cost != nil {
		m["cost"] = p.Cost.String()
	}
	return m
}

func (a *Admin) product(r *http.Request) (p catalog.Product, err error) {
	id, err := web.PathID[catalog.ProductID](r, "id")
	if err != nil {
		return p, err
	}
	return a.Catalog.Product(r.Context(), id)
}

func (a *Admin) productPage(w http.ResponseWriter, r *http.Request) error {
	p, err := a.product(r)
	if err != nil {
		return err
	}
	loc, currency := web.Loc(r.Context()), a.Settings.Get().Currency
	form := web.NewForm(map[string]string{
		"sku": p.SKU, "name": p.Name, "brand": p.Brand, "kind": string(p.Kind), "price": typedPrice(loc, p.Price, currency), "barcodes": strings.Join(p.Barcodes, "\n"),
		"model": p.Model, "options": typedOptions(loc, p.Options),
	})
	if len(p.Categories) > 0 {
		form.Values.Set("category", p.Categories[0])
	}
	if p.Cost != nil {
		form.Values.Set("cost", typedPrice(loc, *p.Cost, currency))
	}
	if p.Promo {
		form.Values.Set("promo", "1")
	}
	if p.Active {
		form.Values.Set("active", "1")
	}
	return a.showProduct(w, r, http.StatusOK, p, form)
}

func (a *Admin) saveProduct(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	p, err := a.product(r)
	if err != nil {
		return err
	}
	c := a.readProduct(form, web.Loc(r.Context()))
	err = a.changeBy(form, r, func(ctx context.Context, tx *db.Tx) (line, error) {
		before, after, err := a.Catalog.UpdateProductTx(ctx, tx, p.ID, c)
		return line{action: "product.changed", subject: "product:" + p.ID.String(), before: productFacts(before), after: productFacts(after)}, err
	})
	if err != nil {
		return err
	}
	if !form.OK() {
		return a.showProduct(w, r, unprocessable, p, form)
	}
	a.good(w, r, "admin.saved")
	web.Redirect(w, r, "/products/"+p.ID.String())
	return nil
}

type categoriesView struct {
	frame
	Form    *web.Form
	Rows    []categoryRow
	Parents []web.Option
	Editing string // code of the one that the form changes; empty: it makes a new one
}

type categoryRow struct {
	catalog.Category
	Deep []struct{} // one for each category above
}

// showCategories shows the tree and a form: of the category that the address
// names, or of a new one.
func (a *Admin) showCategories(w http.ResponseWriter, r *http.Request, status int, form *web.Form) error {
	list, err := a.Catalog.Categories(r.Context())
	if err != nil {
		return err
	}
	v := categoriesView{frame: a.frame(r.Context()), Form: form, Parents: categoryOptions(list, web.Loc(r.Context()).T("admin.categories.no_parent"))}
	edit := r.URL.Query().Get("edit")
	for _, c := range list {
		v.Rows = append(v.Rows, categoryRow{c, make([]struct{}, len(c.Path)-1)})
		if c.Code == edit {
			v.Editing = edit
			if form == nil {
				v.Form = web.NewForm(categoryFacts(c))
			}
		}
	}
	if v.Form == nil {
		v.Form = web.NewForm(nil)
	}
	return a.pages.RenderStatus(w, r, status, "categories", v)
}

func categoryFacts(c catalog.Category) map[string]string {
	facts := map[string]string{"code": c.Code, "name": c.Name, "parent": ""}
	if len(c.Path) > 1 {
		facts["parent"] = c.Path[1]
	}
	return facts
}

func (a *Admin) categories(w http.ResponseWriter, r *http.Request) error {
	return a.showCategories(w, r, http.StatusOK, nil)
}

func (a *Admin) saveCategory(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	parent := form.Get("parent")
	in := catalog.CategoryInput{Code: form.Get("code"), Name: form.Get("name"), Parent: &parent}
	edit := r.URL.Query().Get("edit")
	err = a.change(r, func(ctx context.Context, tx *db.Tx) (line, error) {
		if edit == "" {
			c, err := a.Catalog.CreateCategoryTx(ctx, tx, in)
			return line{action: "category.created", subject: "category:" + c.Code, after: categoryFacts(c)}, err
		}
		in.Code = edit
		before, after, err := a.Catalog.UpdateCategoryTx(ctx, tx, in)
		return line{action: "category.changed", subject: "category:" + after.Code, before: categoryFacts(before), after: categoryFacts(after)}, err
	})
	if err := form.Take(err); err != nil {
		return err
	}
	if !form.OK() {
		return a.showCategories(w, r, unprocessable, form)
	}
	a.good(w, r, "admin.saved")
	web.Redirect(w, r, "/categories")
	return nil
}
