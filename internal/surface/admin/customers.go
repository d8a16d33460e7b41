package admin

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/i18n"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/enrol"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/web"
	"regulars/internal/surface/web/field"
)

type customersView struct {
	frame
	URL      web.Link
	Columns  columnsView
	Rows     []customerRow
	Stores   []web.Option
	States   []web.Option
	Next     string
	Filtered bool
	Any      bool // there is anybody at all
}

type customerRow struct {
	ID          customer.ID
	State       customer.State
	Name        string // empty: not known, and a file that is read back must not say another
	Called      string
	Phone, Card string
	Email       string
	External    string
	Born, City  string // the day as it is kept
	BornAs      string // and as it is read
	Store       string
	home        catalog.StoreID
	Points      money.Points
	Spend       money.Amount
	Receipts    int64
	Last        time.Time
	Registered  time.Time
}

// masked reports whether personal data are to be hidden from whoever asks.
func masked(who staff.Account) bool { return !who.Can(staff.SeePersonal) }

// anywhere are all stores to search in, and 0 for customers who have none.
func (a *Admin) anywhere(ctx context.Context) ([]catalog.StoreID, error) {
	stores, err := a.Catalog.Stores(ctx)
	ids := []catalog.StoreID{0}
	for _, s := range stores {
		ids = append(ids, s.ID)
	}
	return ids, err
}

// within leaves of customers those whom somebody who works in stores may see:
// who is at home there, and, except for who only finds people at the till, who
// has bought there.
func (a *Admin) within(ctx context.Context, who staff.Account, list []customer.Customer) ([]customer.Customer, error) {
	scope := who.Scope()
	if scope == nil {
		return list, nil
	}
	var others []customer.ID
	for _, c := range list {
		if who.Can(staff.ViewCustomers) && !who.WorksIn(c.HomeStore) {
			others = append(others, c.ID)
		}
	}
	var bought map[customer.ID]bool
	if len(others) > 0 {
		var err error
		if bought, err = a.Receipts.BoughtIn(ctx, scope, others); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(list, func(c customer.Customer) bool { return !who.WorksIn(c.HomeStore) && !bought[c.ID] }), nil
}

var customerList = list[customerRow]{"customers", []column[customerRow]{
	{"name", "admin.customers.name", "", always, func(c customerRow) any { return c.Name }},
	{"phone", "admin.identifier.phone", "keep", everywhere, func(c customerRow) any { return c.Phone }},
	{"card", "admin.identifier.card", "keep", roomy, func(c customerRow) any { return c.Card }},
	{"email", "admin.identifier.email", "", hidden, func(c customerRow) any { return c.Email }},
	{"external", "admin.customers.external", "", filed, func(c customerRow) any { return c.External }},
	{"born", "admin.customer.born", "keep", hidden, func(c customerRow) any { return c.Born }},
	{"city", "admin.customer.city", "", hidden, func(c customerRow) any { return c.City }},
	{"store", "admin.customer.home_store", "", wide, func(c customerRow) any { return c.Store }},
	{"points", "admin.customers.points", "num", everywhere, func(c customerRow) any { return c.Points }},
	{"spend", "admin.customers.spend", "num", wide, func(c customerRow) any { return c.Spend }},
	{"receipts", "admin.customers.receipts", "num", hidden, func(c customerRow) any { return c.Receipts }},
	{"last", "admin.customers.last", "keep", wide, func(c customerRow) any { return c.Last }},
	{"registered", "admin.customers.registered", "keep", hidden, func(c customerRow) any { return c.Registered }},
}}

// customersAsked are the filters of a request for the list.
func customersAsked(url web.Link) (words string, q customer.ListQuery) {
	_ = q.HomeStore.UnmarshalText([]byte(url.Get("store"))) // what is no id does not filter
	if url.Is("state", string(customer.StateBlocked)) {
		q.State = customer.StateBlocked
	}
	return url.Get("q"), q
}

// someCustomers reads a page of the list.
func (a *Admin) someCustomers(r *http.Request, url web.Link, cursor string, limit int) (rows []customerRow, next string, err error) {
	ctx, who := r.Context(), web.Me(r)
	words, q := customersAsked(url)
	var found []customer.Customer
	switch {
	case words != "" && masked(who):
		if err := a.looks.Check(who.ID.String()); err != nil {
			return nil, "", err
		}
		stores := who.Scope()
		if stores == nil {
			if stores, err = a.anywhere(ctx); err != nil {
				return nil, "", err
			}
		}
		found, err = a.Customers.SearchIn(ctx, stores, words, limit)
	case words != "":
		found, err = a.searchWithin(ctx, who, words, limit)
	case !who.Can(staff.Export): // they look for somebody; there is no list to take away page by page
	default:
		_ = q.After.UnmarshalText([]byte(cursor))
		q.Limit, q.Stores = limit, who.Scope()
		var after customer.ID
		found, after, err = a.Customers.List(ctx, q)
		if after != 0 {
			next = after.String()
		}
	}
	if err != nil {
		return nil, "", err
	}
	rows, err = a.customerRows(ctx, web.Loc(ctx), who, found)
	return rows, next, err
}

// searchWithin is Search for who sees people unmasked: of those who work in
// stores first whom their stores know by the whole of what was typed, for a name
// that many have may fill a search with strangers.
func (a *Admin) searchWithin(ctx context.Context, who staff.Account, words string, limit int) (found []customer.Customer, err error) {
	if scope := who.Scope(); scope != nil {
		if found, err = a.Customers.SearchIn(ctx, scope, words, limit); err != nil {
			return nil, err
		}
	}
	list, err := a.Customers.Search(ctx, words, limit)
	if err != nil {
		return nil, err
	}
	list, err = a.within(ctx, who, list)
	for _, c := range list {
		if len(found) < limit && !slices.ContainsFunc(found, func(o customer.Customer) bool { return o.ID == c.ID }) {
			found = append(found, c)
		}
	}
	return found, err
}

func (a *Admin) customers(w http.ResponseWriter, r *http.Request) (err error) {
	ctx, loc := r.Context(), web.Loc(r.Context())
	v := customersView{frame: a.frame(ctx), URL: web.LinkOf(r), Columns: customerList.view(r)}
	words, q := customersAsked(v.URL)
	if v.Rows, v.Next, err = a.someCustomers(r, v.URL, v.URL.Get("cursor"), 50); err != nil {
		return err
	}
	if err := a.searched(r, words, v.Rows, v.Next != ""); err != nil {
		return err
	}
	v.Filtered = words != "" || q.HomeStore != 0 || q.State != ""
	v.Any = v.Filtered || len(v.Rows) > 0
	if v.Stores, err = a.storeOptions(r, loc.T("admin.customers.every_store")); err != nil {
		return err
	}
	v.States = []web.Option{{Text: loc.T("admin.customers.all")}, {Value: string(customer.StateBlocked), Text: loc.T("admin.customers.blocked")}}
	return a.pages.Render(w, r, "customers", v)
}

func (a *Admin) exportCustomers(w http.ResponseWriter, r *http.Request) error {
	if err := a.noteExport(r, "customer.exported", "store", "state"); err != nil {
		return err
	}
	url, size := web.LinkOf(r), customer.MaxPage
	if url.Get("q") != "" {
		size = customer.MaxSearch
	}
	return sendList(a, w, r, customerList, func(cursor string) ([]customerRow, string, error) {
		return a.someCustomers(r, url, cursor, size)
	})
}

// customerRows adds what the points and the stores know of customers, masked
// for who may not see personal data.
func (a *Admin) customerRows(ctx context.Context, loc *i18n.Localizer, who staff.Account, list []customer.Customer) ([]customerRow, error) {
	ids := make([]customer.ID, len(list))
	for i, c := range list {
		ids[i] = c.ID
	}
	accounts, err := a.Ledger.GetAll(ctx, ids)
	if err != nil {
		return nil, err
	}
	var rows []customerRow
	for _, c := range list {
		row := customerRow{
			ID: c.ID, State: c.State, Name: c.Name(), Called: nameOf(loc, who, c), External: shown(who, customer.External, c.First(customer.External)), Phone: shown(who, customer.Phone, c.First(customer.Phone)),
			Card: shown(who, customer.Card, c.First(customer.Card)), Email: shown(who, customer.Email, c.First(customer.Email)), Born: c.Born, BornAs: born(loc, c.Born), City: c.City, Registered: c.RegisteredAt, home: c.HomeStore,
		}
		if masked(who) {
			row.Name, row.Born, row.BornAs, row.City = customer.MaskName(c.FirstName, c.LastName), "", "", ""
		}
		if s, ok := a.Catalog.Store(c.HomeStore); ok {
			row.Store = s.Name
		}
		if acc := accounts[c.ID]; acc != nil {
			row.Points, row.Spend, row.Receipts, row.Last = acc.Balance(), acc.Spend, acc.Receipts, acc.LastSold
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// born is a day of birth as people read it; where the year is not known it
// stays as it is kept.
func born(loc *i18n.Localizer, day string) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return typedBorn(loc, day)
	}
	return loc.Date(t, time.UTC)
}

// typedBorn is a birthday as people write it in their language.
func typedBorn(loc *i18n.Localizer, day string) string {
	if rest, ok := strings.CutPrefix(day, "--"); ok {
		if t, err := time.Parse(time.DateOnly, "2000-"+rest); err == nil {
			return t.Format(loc.T("admin.customer.born_day"))
		}
	}
	if t, err := time.Parse(time.DateOnly, day); err == nil {
		return t.Format(loc.T("admin.customer.born_date"))
	}
	return day
}

// readBorn reads a birthday as it is typed, with a year or without; what it
// cannot read it gives back, to be refused.
func readBorn(loc *i18n.Localizer, text string) string {
	parted := func(c rune) bool { return strings.ContainsRune("./ ", c) }
	two := func(s string) string { return strings.Repeat("0", max(0, 2-len(s))) + s } // days and months without a zero before them
	parts := strings.FieldsFunc(text, parted)
	for _, order := range [][]string{
		strings.FieldsFunc(loc.T("admin.customer.born_date"), parted), strings.FieldsFunc(loc.T("admin.customer.born_day"), parted),
	} {
		if len(order) != len(parts) {
			continue
		}
		year := "-"
		if i := slices.Index(order, "2006"); i >= 0 {
			year = parts[i]
		}
		return year + "-" + two(parts[slices.Index(order, "01")]) + "-" + two(parts[slices.Index(order, "02")])
	}
	return text
}

// shown is an identifier as whoever asks may see it.
func shown(who staff.Account, kind customer.Kind, value string) string {
	switch {
	case value == "":
		return ""
	case masked(who):
		return customer.Mask(customer.Identifier{Kind: kind, Value: value})
	case kind == customer.Phone:
		return spacedPhone(value)
	}
	return value
}

// spacedPhone writes +998901234567 as +998 90 123 45 67: the country, and then
// groups from the end, as people read numbers out. A narrow column breaks it
// after the country only.
func spacedPhone(e164 string) string {
	var country int
	switch {
	case len(e164) == 13 && e164[:4] == "+998":
		country = 4
	case len(e164) == 12 && e164[:2] == "+7":
		country = 2
	default:
		return e164
	}
	rest := e164[country:]
	n := len(rest)
	return e164[:country] + " " + rest[:n-7] + "\u00a0" + rest[n-7:n-4] + "\u00a0" + rest[n-4:n-2] + "\u00a0" + rest[n-2:]
}

type editCustomerView struct {
	frame
	Form     *web.Form
	Customer customer.Customer // zero: a new one
	Name     string
	Stores   []web.Option
	Sexes    []web.Option
	Asks     []ask
	More     []field.Field
}

func (a *Admin) customerForm(w http.ResponseWriter, r *http.Request, status int, c customer.Customer, form *web.Form) error {
	loc := web.Loc(r.Context())
	v := editCustomerView{frame: a.frame(r.Context()), Form: form, Customer: c, Name: nameOf(loc, web.Me(r), c), Sexes: []web.Option{
		{Text: loc.T("admin.customer.sex_unknown")},
		{Value: string(customer.Female), Text: loc.T("admin.customer.sex.female")},
		{Value: string(customer.Male), Text: loc.T("admin.customer.sex.male")},
	}}
	defined, err := a.attributesOf(r.Context(), c)
	if err != nil {
		return err
	}
	v.More = field.Of(loc, defined)
	if v.Stores, err = a.storeOptions(r, ""); err != nil {
		return err
	}
	if c.ID == 0 {
		all, err := a.Customers.Wordings(r.Context())
		if err != nil {
			return err
		}
		var home catalog.StoreID
		if len(v.Stores) > 0 {
			_ = home.UnmarshalText([]byte(v.Stores[0].Value)) // whose legal entity asks
		}
		v.Asks = a.asks(r.Context(), loc, all, home)
	}
	home, ok := a.Catalog.Store(c.HomeStore)
	switch {
	case c.ID == 0:
	case !ok:
		v.Stores = append([]web.Option{{Text: loc.T("admin.customer.no_store")}}, v.Stores...)
	case !slices.ContainsFunc(v.Stores, func(o web.Option) bool { return o.Value == home.ID.String() }): // closed, or not one's own
		v.Stores = append([]web.Option{{Value: home.ID.String(), Text: home.Name}}, v.Stores...)
	}
	return a.pages.RenderStatus(w, r, status, "customer_edit", v)
}

func (a *Admin) newCustomer(w http.ResponseWriter, r *http.Request) error {
	form := web.NewForm(nil)
	if words := r.URL.Query().Get("phone"); words != "" {
		form.Values.Set("phone", words)
	}
	return a.customerForm(w, r, http.StatusOK, customer.Customer{}, form)
}

// asked are the identifiers of the registration form, in its order.
var asked = []customer.Kind{customer.Phone, customer.Card, customer.Email}

func (a *Admin) registerCustomer(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	ctx, loc := r.Context(), web.Loc(r.Context())
	in := customer.New{
		FirstName: form.Get("first_name"), LastName: form.Get("last_name"), MiddleName: form.Get("middle_name"),
		Sex: customer.Sex(form.Get("sex")), Born: readBorn(loc, form.Get("born")), City: form.Get("city"), Note: form.Get("note"), Source: "admin", IP: web.Client(r).IP,
	}
	defined, err := a.Attributes.Definitions(ctx)
	if err != nil {
		return err
	}
	if in.Attributes, err = field.Read(defined, form); err != nil {
		return err
	}
	maps.DeleteFunc(in.Attributes, func(_ string, v any) bool { return v == nil })
	for _, kind := range asked {
		if raw := form.Get(string(kind)); raw != "" {
			form.As(fmt.Sprintf("identifiers/%d/value", len(in.Identifiers)), string(kind))
			in.Identifiers = append(in.Identifiers, customer.Identifier{Kind: kind, Value: raw})
		}
	}
	var store catalog.Store
	if err := in.HomeStore.UnmarshalText([]byte(form.Get("store"))); err == nil && web.Me(r).WorksIn(in.HomeStore) {
		if store, err = a.Catalog.StoreByID(ctx, in.HomeStore); err != nil {
			return err
		}
	} else {
		form.Fail("store", loc.T("admin.customer.store_needed"))
	}
	if form.Has("consent", "1") {
		in.Consents = []customer.Consent{
			{Channel: customer.ChannelAny, Purpose: customer.Marketing, Given: true, Store: in.HomeStore, Staff: int64(web.Me(r).ID), Wording: form.Get("wording"), Proof: form.Get("proof")},
		}
	}
	if len(form.All("agreed")) > 0 {
		all, err := a.Customers.Wordings(ctx)
		if err != nil {
			return err
		}
		in.Consents = append(in.Consents, a.agreedTo(all, form, in.HomeStore, customer.Consent{Store: in.HomeStore, Staff: int64(web.Me(r).ID), Proof: form.Get("proof")})...)
	}
	form.As("identifiers", string(customer.Phone))
	form.As("consents/0/wording", "wording")
	if _, err := a.Customers.Check(in); err != nil { // also where no store was chosen
		if err := form.Take(err); err != nil {
			return err
		}
	}
	var res enrol.Result
	if form.OK() {
		who := by(r)
		res, err = a.Enrol.RegisterAnd(ctx, store, int64(who.ID), in, func(ctx context.Context, tx *db.Tx, res enrol.Result) error {
			if !res.Created {
				return nil
			}
			return a.auditTx(ctx, tx, who, line{action: "customer.registered", subject: subjectOf(res.ID), store: store.ID, after: map[string]string{"store": store.Name}})
		})
		if err := form.Take(err); err != nil {
			return err
		}
	}
	if !form.OK() {
		return a.customerForm(w, r, unprocessable, customer.Customer{}, form)
	}
	switch {
	case len(res.Left) > 0:
		a.Shell.SetFlash(w, r, "warn", loc.T("admin.customer.known_left"))
	case !res.Created:
		a.Shell.SetFlash(w, r, "warn", loc.T("admin.customer.known"))
	case res.NoBonus != "":
		a.Shell.SetFlash(w, r, "warn", loc.T("admin.customer.no_bonus."+string(res.NoBonus)))
	default:
		a.good(w, r, "admin.customer.registered")
	}
	web.Redirect(w, r, "/customers/"+res.ID.String())
	return nil
}

func (a *Admin) customer(r *http.Request) (c customer.Customer, err error) {
	id, err := web.PathID[customer.ID](r, "id")
	if err != nil {
		return c, err
	}
	who := web.Me(r)
	if masked(who) { // ids can be tried out like searches
		if err := a.looks.Check(who.ID.String()); err != nil {
			return c, err
		}
	}
	if c, err = a.customerOf(r.Context(), who, id); err == nil && r.Method == http.MethodGet { // what is changed is noted as such
		err = a.looked(r, c)
	}
	return c, err
}

// customerOf is a customer whom somebody may see; of others one is not told
// that they are there.
func (a *Admin) customerOf(ctx context.Context, who staff.Account, id customer.ID) (c customer.Customer, err error) {
	if c, err = a.Customers.Get(ctx, id); err != nil {
		return c, err
	}
	theirs, err := a.within(ctx, who, []customer.Customer{c})
	if err == nil && len(theirs) == 0 {
		err = customer.ErrNotFound
	}
	if err != nil {
		return customer.Customer{}, err
	}
	return c, nil
}

// present is the customer of a page on which something is changed: nobody who was
// merged or forgotten.
func (a *Admin) present(r *http.Request) (c customer.Customer, err error) {
	if c, err = a.customer(r); err == nil && c.State.Gone() {
		err = customer.ErrGone
	}
	return c, err
}

// customerAndForm are whom a form is about, who must be present, and the form.
func (a *Admin) customerAndForm(r *http.Request) (c customer.Customer, form *web.Form, err error) {
	if form, err = web.ReadForm(r); err == nil {
		c, err = a.present(r)
	}
	return c, form, err
}

// subjectOf is how the audit log names a customer.
func subjectOf(id customer.ID) string { return "customer:" + id.String() }

// backToCard says what was done, on the customer's card.
func (a *Admin) backToCard(w http.ResponseWriter, r *http.Request, c customer.Customer, key string, args ...any) error {
	a.good(w, r, key, args...)
	web.Redirect(w, r, "/customers/"+c.ID.String())
	return nil
}

func (a *Admin) editCustomer(w http.ResponseWriter, r *http.Request) error {
	c, err := a.present(r)
	if err != nil {
		return err
	}
	form := web.NewForm(map[string]string{
		"first_name": c.FirstName, "last_name": c.LastName, "middle_name": c.MiddleName, "sex": string(c.Sex), "born": typedBorn(web.Loc(r.Context()), c.Born), "city": c.City, "note": c.Note,
		"labels": strings.Join(c.Labels, ", "),
	})
	if c.HomeStore != 0 {
		form.Values.Set("store", c.HomeStore.String())
	}
	defined, err := a.attributesOf(r.Context(), c)
	if err != nil {
		return err
	}
	field.Fill(defined, c.Attributes, form)
	return a.customerForm(w, r, http.StatusOK, c, form)
}

func (a *Admin) saveCustomer(w http.ResponseWriter, r *http.Request) error {
	c, form, err := a.customerAndForm(r)
	if err != nil {
		return err
	}
	text := func(name string) *string {
		v := form.Get(name)
		return &v
	}
	labels := customer.ReadLabels(form.Get("labels"))
	sex, born := customer.Sex(form.Get("sex")), readBorn(web.Loc(r.Context()), form.Get("born"))
	ch := customer.Change{
		FirstName: text("first_name"), LastName: text("last_name"), MiddleName: text("middle_name"),
		Sex: &sex, Born: &born, City: text("city"), Note: text("note"),
	}
	defined, err := a.attributesOf(r.Context(), c)
	if err != nil {
		return err
	}
	if ch.Set, err = field.Read(defined, form); err != nil {
		return err
	}
	if form.Values.Has("labels") {
		ch.Labels = &labels
	}
	var store catalog.StoreID
	if store.UnmarshalText([]byte(form.Get("store"))) == nil {
		ch.HomeStore = &store
	}
	if store != 0 && store != c.HomeStore && !web.Me(r).WorksIn(store) {
		form.Fail("store", web.Loc(r.Context()).T("admin.customer.store_needed"))
	}
	err = a.changeBy(form, r, func(ctx context.Context, tx *db.Tx) (line, error) {
		before, after, err := a.Customers.UpdateTx(ctx, tx, c.ID, ch)
		if err != nil {
			return line{}, err
		}
		changed := customer.Changed(&before, &after)
		if len(changed) == 0 {
			return line{}, nil
		}
		// The log says which fields changed and not what they hold: it is kept
		// for ever, and a customer may be erased.
		return line{action: "customer.changed", subject: subjectOf(c.ID), store: c.HomeStore, after: map[string]any{"fields": changed}}, nil
	})
	if err != nil {
		return err
	}
	if !form.OK() {
		return a.customerForm(w, r, unprocessable, c, form)
	}
	return a.backToCard(w, r, c, "admin.saved")
}

func (a *Admin) addIdentifier(w http.ResponseWriter, r *http.Request) error {
	c, form, err := a.customerAndForm(r)
	if err != nil {
		return err
	}
	err = a.change(r, func(ctx context.Context, tx *db.Tx) (line, error) {
		i, err := a.Customers.AddIdentifierTx(ctx, tx, c.ID, customer.Kind(form.Get("kind")), form.Get("value"))
		return line{action: "customer.identifier_added", subject: subjectOf(c.ID), store: c.HomeStore, after: map[string]string{"kind": string(i.Kind), "value": customer.Mask(i)}}, err
	})
	if err := form.Take(err); err != nil {
		return err
	}
	if !form.OK() {
		return a.showCustomer(w, r, unprocessable, c, form)
	}
	return a.backToCard(w, r, c, "admin.saved")
}

func (a *Admin) removeIdentifier(w http.ResponseWriter, r *http.Request) error {
	c, form, err := a.customerAndForm(r)
	if err != nil {
		return err
	}
	i := customer.Identifier{Kind: customer.Kind(form.Get("kind")), Value: form.Get("value")}
	err = a.change(r, func(ctx context.Context, tx *db.Tx) (line, error) {
		return line{action: "customer.identifier_removed", subject: subjectOf(c.ID), store: c.HomeStore, before: map[string]string{"kind": string(i.Kind), "value": customer.Mask(i)}},
			a.Customers.RemoveIdentifierTx(ctx, tx, c.ID, i)
	})
	if err != nil {
		return err
	}
	return a.backToCard(w, r, c, "admin.customer.identifier_removed", "value", i.Value)
}

func (a *Admin) setCustomerState(w http.ResponseWriter, r *http.Request) error {
	c, form, err := a.customerAndForm(r)
	if err != nil {
		return err
	}
	state := customer.State(form.Get("state"))
	err = a.change(r, func(ctx context.Context, tx *db.Tx) (line, error) {
		before, after, err := a.Customers.SetStateTx(ctx, tx, c.ID, state)
		return line{action: "customer.state_changed", subject: subjectOf(c.ID), store: c.HomeStore, before: map[string]any{"state": before.State}, after: map[string]any{"state": after.State}}, err
	})
	if err != nil {
		return err
	}
	said := "admin.customer.now_active"
	if state == customer.StateBlocked {
		said = "admin.customer.now_blocked"
	}
	return a.backToCard(w, r, c, said)
}

type consentsView struct {
	frame
	Form     *web.Form
	Customer customer.Customer
	Name     string
	Channels []web.Option
	Purposes []web.Option
	Words    []web.Option // given or withdrawn
	Asks     []ask
	Current  []consentRow
	History  []consentRow
}

type consentRow struct {
	customer.Consent
	Who, Where string
	Shown      string // the text, as it was shown; empty: it is in no catalogue
	Anew       bool   // a newer text asks again
}

func (a *Admin) showConsents(w http.ResponseWriter, r *http.Request, status int, c customer.Customer, form *web.Form) error {
	ctx, loc := r.Context(), web.Loc(r.Context())
	v := consentsView{frame: a.frame(ctx), Form: form, Customer: c, Name: nameOf(loc, web.Me(r), c)}
	if store, ok := a.Catalog.Store(c.HomeStore); ok { // as on the card
		v.Zone = store.Zone
	}
	for _, ch := range customer.Channels {
		v.Channels = append(v.Channels, web.Option{Value: string(ch), Text: loc.T("admin.channel." + string(ch))})
	}
	for _, p := range customer.Purposes {
		v.Purposes = append(v.Purposes, web.Option{Value: string(p), Text: loc.T("admin.purpose." + string(p))})
	}
	v.Words = []web.Option{{Value: "1", Text: loc.T("admin.consents.given")}, {Value: "0", Text: loc.T("admin.consents.withdrawn")}}
	history, err := a.Customers.Consents(ctx, c.ID)
	if err != nil {
		return err
	}
	if v.Current, err = a.consentRows(ctx, c, customer.Current(history)); err != nil {
		return err
	}
	all, err := a.Customers.Wordings(ctx)
	if err != nil {
		return err
	}
	v.Asks = a.asks(ctx, loc, all, c.HomeStore)
	slices.Reverse(history) // the latest first
	if v.History, err = a.consentRows(ctx, c, history); err != nil {
		return err
	}
	return a.pages.RenderStatus(w, r, status, "consents", v)
}

// consentRows names who took consents of a customer and where.
func (a *Admin) consentRows(ctx context.Context, of customer.Customer, list []customer.Consent) (rows []consentRow, err error) {
	var ids []staff.ID
	for _, c := range list {
		ids = append(ids, staff.ID(c.Staff))
	}
	names, err := a.Staff.Names(ctx, ids)
	if err != nil {
		return nil, err
	}
	all, err := a.Customers.Wordings(ctx)
	if err != nil {
		return nil, err
	}
	for _, c := range list {
		row := consentRow{Consent: c, Who: names[staff.ID(c.Staff)], Anew: all.Outdated(c, a.Customers.EntityOf(c, of.HomeStore), a.Now())}
		if w := all.Of(c.Text); w != nil {
			row.Shown, _ = w.Shown(c.Language)
		}
		if s, ok := a.Catalog.Store(c.Store); ok {
			row.Where = s.Name
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// nameOf is how a customer is called on a page: by name, else by what they are
// known by in another system or carry, else by the end of their phone.
func nameOf(loc *i18n.Localizer, who staff.Account, c customer.Customer) string {
	name := c.Name()
	if masked(who) {
		name = customer.MaskName(c.FirstName, c.LastName)
	}
	phone := c.First(customer.Phone)
	if phone != "" {
		phone = customer.Mask(customer.Identifier{Kind: customer.Phone, Value: phone})
	}
	return cmp.Or(name, shown(who, customer.External, c.First(customer.External)), shown(who, customer.Card, c.First(customer.Card)),
		phone, loc.T("admin.customer.nameless"))
}

func (a *Admin) consentsPage(w http.ResponseWriter, r *http.Request) error {
	c, err := a.present(r)
	if err != nil {
		return err
	}
	return a.showConsents(w, r, http.StatusOK, c, web.NewForm(map[string]string{
		"channel": string(customer.ChannelAny), "purpose": string(customer.Marketing), "given": "1",
	}))
}

func (a *Admin) addConsent(w http.ResponseWriter, r *http.Request) error {
	c, form, err := a.customerAndForm(r)
	if err != nil {
		return err
	}
	if form.Has("ask", "1") {
		return a.addAgreed(w, r, c, form)
	}
	consent := customer.Consent{
		Channel: customer.Channel(form.Get("channel")), Purpose: customer.Purpose(form.Get("purpose")), Given: form.Get("given") == "1",
		Source: "admin", Staff: int64(web.Me(r).ID), Wording: form.Get("wording"), Proof: form.Get("proof"), Reason: form.Get("reason"),
	}
	err = a.change(r, func(ctx context.Context, tx *db.Tx) (line, error) {
		l := line{action: "customer.consent_given", subject: subjectOf(c.ID), store: c.HomeStore, after: map[string]any{"channel": consent.Channel, "purpose": consent.Purpose}}
		if !consent.Given {
			l.action = "customer.consent_withdrawn"
		}
		return l, a.Customers.AddConsentsTx(ctx, tx, c.ID, []customer.Consent{consent})
	})
	form.As("consents/0/wording", "wording")
	if err := form.Take(err); err != nil {
		return err
	}
	if !form.OK() {
		return a.showConsents(w, r, unprocessable, c, form)
	}
	return a.backToCard(w, r, c, "admin.saved")
}

// addAgreed records the wordings whose boxes were ticked.
func (a *Admin) addAgreed(w http.ResponseWriter, r *http.Request, c customer.Customer, form *web.Form) error {
	all, err := a.Customers.Wordings(r.Context())
	if err != nil {
		return err
	}
	said := a.agreedTo(all, form, c.HomeStore, customer.Consent{Source: "admin", Staff: int64(web.Me(r).ID), Proof: form.Get("proof")})
	if len(said) == 0 {
		form.Alert = web.Loc(r.Context()).T("admin.consents.ask_none")
	} else {
		err = a.change(r, func(ctx context.Context, tx *db.Tx) (line, error) {
			var purposes []customer.Purpose
			for _, c := range said {
				if !slices.Contains(purposes, c.Purpose) {
					purposes = append(purposes, c.Purpose)
				}
			}
			return line{action: "customer.consent_given", subject: subjectOf(c.ID), store: c.HomeStore, after: map[string]any{"consents": purposes}}, a.Customers.AddConsentsTx(ctx, tx, c.ID, said)
		})
		if err := form.Take(err); err != nil {
			return err
		}
	}
	if !form.OK() {
		return a.showConsents(w, r, unprocessable, c, form)
	}
	return a.backToCard(w, r, c, "admin.saved")
}
