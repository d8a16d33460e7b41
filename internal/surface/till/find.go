package till

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"regulars/internal/base/fold"
	"regulars/internal/base/i18n"
	"regulars/internal/base/money"
	"regulars/internal/base/secret"
	"regulars/internal/base/settings"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/confirm"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/enrol"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/web"
	"regulars/internal/surface/web/field"
)

// found is what was found and is to be chosen from.
type found struct {
	Query    string
	Products []catalog.Product
	People   []customer.Tail
	Receipts []slipFound
	Nothing  bool
	Wrong    bool   // Query asks for so many that cannot be sold
	Name     bool   // Query may be one of two names, by which nobody is found
	New      string // what to sell that nobody knows, under its code or by its name; "": it is neither
}

// Limits of what is shown to choose from.
const (
	maxFound = 8
	maxTyped = 254
)

// times is "3*4780000000017" or "0,350 х tomatoes". A letter that a word begins with,
// as in "2 халвы", is no sign.
var times = regexp.MustCompile(`^(-?[0-9][0-9.,]*)(?:(?:\s*[*×]|[xXхХ]|\s+[xXхХ]\s)\s*(\S.*)|\s+[xXхХ](\PL.*))$`)

// parted parts "3*code" into how many and of what; 0: so many cannot be sold.
func parted(loc *i18n.Localizer, text string) (what string, quantity money.Quantity) {
	m := times.FindStringSubmatch(text)
	if m == nil {
		return text, money.One
	}
	what = m[2] + m[3]
	if q, err := readQuantity(loc, m[1]); err == nil && q > 0 && q <= money.MaxQuantity {
		return what, q
	}
	return what, 0
}

// sized is what may begin with a size, such as "2XL".
var sized = regexp.MustCompile(`^[0-9]+[xXхХ]\pL`)

// counted is how many a text means, and of what. Goods that are called so go before so
// many of others: 2XL is no two of L.
func (t *Till) counted(ctx context.Context, loc *i18n.Localizer, text string) (what string, quantity money.Quantity, err error) {
	if sized.MatchString(text) {
		product, list, err := t.products(ctx, text)
		if err != nil || product != nil || len(list) > 0 {
			return text, money.One, err
		}
	}
	what, quantity = parted(loc, text)
	return what, quantity, nil
}

// isCode reports whether a text may be the code of a product that nobody has
// told the catalog of: a word with a digit in it, and no phone or address.
func isCode(text string) bool {
	return strings.ContainsAny(text, "0123456789") && !strings.ContainsAny(text, "+@") && !strings.ContainsFunc(text, unicode.IsSpace)
}

// isNew reports whether a text can be sold as a new product: under it as the code,
// or by it as the name, which has letters and is no address.
func isNew(text string) bool {
	name := strings.ContainsFunc(text, unicode.IsLetter) && !strings.Contains(text, "@")
	return (name || isCode(text)) && utf8.RuneCountInString(text) <= catalog.MaxSKU
}

// code is something scanned, or typed and entered: a product, a customer or a
// receipt, whichever knows it exactly; the last four digits, a customer's first
// and last name or the beginning of a product's name give a choice.
func (t *Till) code(r *http.Request, v *saleView, text string) error {
	before, looked := v.Customer, false
	if err := t.search(r, v, text, &looked); err != nil || !looked {
		return err
	}
	if v.Customer != before {
		return t.noteLook(r, v.Place, v.Customer, nil)
	}
	if v.Found != nil && len(v.Found.People) > 0 {
		return t.noteLook(r, v.Place, 0, map[string]int{"found": len(v.Found.People)})
	}
	return nil
}

// noteLook writes into the audit log that a cashier looked people up. A card
// that is held out is no look: its receipt says who was there.
func (t *Till) noteLook(r *http.Request, at *place, who customer.ID, facts map[string]int) error {
	e := staff.Entry{Actor: web.Me(r).ID, IP: web.Client(r).IP, Action: "look.till", Store: at.Store.ID}
	if who != 0 {
		e.Subject = "customer:" + who.String()
	}
	if facts != nil {
		var err error
		if e.After, err = json.Marshal(facts); err != nil {
			return err
		}
	}
	return t.Staff.Look(r.Context(), e)
}

// search is code; it says whether somebody was looked up.
func (t *Till) search(r *http.Request, v *saleView, text string, looked *bool) error {
	ctx := r.Context()
	text = fold.Line(text)
	if text == "" || utf8.RuneCountInString(text) > maxTyped {
		return nil
	}
	what, quantity, err := t.counted(ctx, web.Loc(ctx), text)
	if err != nil {
		return err
	}
	v.Found = &found{Query: what}
	if quantity == 0 {
		v.Found = &found{Query: text, Wrong: true}
		return nil
	}
	product, list, err := t.products(ctx, what)
	if err != nil {
		return err
	}
	digits := strings.Trim(text, "0123456789") == ""
	look := sync.OnceValue(func() bool { *looked = true; return t.mayLook(r, v) })
	// Codes of products are typed all day and are not counted.
	if digits && len(text) == customer.MinTail && (product != nil || look()) {
		if v.Found.People, err = t.tails(ctx, v.Place.Store.ID, text); err != nil {
			return err
		}
		if product != nil && len(v.Found.People) > 0 { // which of them was meant is the cashier's to say
			v.Found.Products = []catalog.Product{*product}
			return nil
		}
	}
	if product != nil {
		v.Touch = v.add(web.Loc(ctx), *product, quantity)
		v.Found = nil
		return nil
	}
	if v.open(what) >= 0 { // new to the catalog, and in the basket already
		v.Touch, v.Found = v.addNew(web.Loc(ctx), what, quantity), nil
		return nil
	}
	if len(v.Found.People) > 0 {
		return nil
	}
	if done, err := t.identified(ctx, v, text, look); done || err != nil {
		return err
	}
	if v.Found.Receipts, err = t.receipts(ctx, web.Me(r), v.Place, text); err != nil {
		return err
	}
	if len(v.Found.Receipts) > 0 {
		return nil
	}
	if v.Found.People, err = t.named(r, text, look); err != nil {
		return err
	}
	if len(v.Found.People) == 1 && len(list) == 0 {
		v.take(v.Found.People[0].ID)
		return nil
	}
	v.Found.Products = list
	v.Found.Nothing = len(list)+len(v.Found.People) == 0
	v.Found.Name = v.Found.Nothing && len(fold.Words(text)) == 1 && !strings.ContainsAny(text, "0123456789@")
	if v.Found.Nothing && isNew(what) {
		v.Found.New = text
	}
	return nil
}

// take puts a customer who was found on the receipt.
func (v *saleView) take(who customer.ID) {
	v.Customer, v.Joining, v.Redeem, v.Found = who, false, "", nil
}

// products finds what a text names exactly, nil if nothing, and what begins
// with it.
func (t *Till) products(ctx context.Context, text string) (exact *catalog.Product, list []catalog.Product, err error) {
	sold := true
	list, _, err = t.Catalog.Products(ctx, catalog.ProductQuery{Search: text, Active: &sold, Limit: maxFound})
	if err != nil || len(list) == 0 {
		return nil, nil, err
	}
	list = list[:min(len(list), maxFound)]
	first := list[0]
	if first.SKU == text {
		return &first, list, nil
	}
	full, err := t.Catalog.Product(ctx, first.ID)
	if err == nil && slices.Contains(full.Barcodes, text) {
		return &first, list, nil
	}
	return nil, list, err
}

// product puts one in that was chosen from the list.
func (t *Till) product(r *http.Request, v *saleView, sku string) error {
	exact, _, err := t.products(r.Context(), sku)
	if err == nil && exact != nil && exact.SKU == sku {
		v.Touch = v.add(web.Loc(r.Context()), *exact, money.One)
	}
	return err
}

// tails finds people of the store by the last digits.
func (t *Till) tails(ctx context.Context, store catalog.StoreID, digits string) ([]customer.Tail, error) {
	return t.Customers.ByTailInStore(ctx, store, digits, func(ctx context.Context, others []customer.ID) (map[customer.ID]bool, error) {
		return t.Receipts.BoughtIn(ctx, []catalog.StoreID{store}, others)
	})
}

// mayLook reports whether the cashier may look somebody up; whoever tries out a lot has to wait, and is told so.
func (t *Till) mayLook(r *http.Request, v *saleView) bool {
	err := t.looks.Check(web.Me(r).ID.String())
	if err != nil {
		v.note("warn", web.Say(web.Loc(r.Context()), err))
	}
	return err == nil
}

// named finds people of the cashier's stores by first and last name.
func (t *Till) named(r *http.Request, text string, look func() bool) (list []customer.Tail, err error) {
	ctx, who := r.Context(), web.Me(r)
	if len(fold.Words(text)) < 2 || strings.ContainsAny(text, "0123456789@") {
		return nil, nil
	}
	stores, err := t.Catalog.Stores(ctx)
	if err != nil {
		return nil, err
	}
	var theirs []catalog.StoreID
	for _, s := range stores {
		if who.WorksIn(s.ID) {
			theirs = append(theirs, s.ID)
		}
	}
	if !look() {
		return nil, nil
	}
	people, err := t.Customers.SearchIn(ctx, theirs, text, maxFound)
	for _, c := range people {
		if !c.State.Gone() {
			list = append(list, tail(c, reach(c)))
		}
	}
	return list, err
}

// tail is as much of a customer as the cashier needs to ask "is it you?".
func tail(c customer.Customer, i customer.Identifier) customer.Tail {
	return customer.Tail{
		ID: c.ID, State: c.State, Name: customer.MaskName(c.FirstName, c.LastName), Masked: customer.Mask(i), Kind: i.Kind,
		Home: c.HomeStore, Registered: c.RegisteredAt,
	}
}

// reach is what a customer is told apart by: the phone, or else the first that
// there is.
func reach(c customer.Customer) customer.Identifier {
	list := c.Identifiers
	if at := slices.IndexFunc(list, func(i customer.Identifier) bool { return i.Kind == customer.Phone }); at >= 0 {
		list = list[at:]
	}
	if len(list) == 0 {
		return customer.Identifier{}
	}
	return list[0]
}

// identified finds the customer whom a card, a phone or another identifier
// names; where it may name several, they are to be chosen from. A phone counts as
// a look: whoever may try all of them finds out which is behind a masked one.
func (t *Till) identified(ctx context.Context, v *saleView, text string, look func() bool) (done bool, err error) {
	candidates := t.Customers.Candidates(text)
	isPhone := func(i customer.Identifier) bool { return i.Kind == customer.Phone }
	if slices.ContainsFunc(candidates, isPhone) && !look() {
		candidates = slices.DeleteFunc(candidates, isPhone)
	}
	known, err := t.Customers.FindAll(ctx, candidates)
	if err != nil {
		return false, err
	}
	for _, i := range candidates {
		k, ok := known[i]
		if !ok || slices.ContainsFunc(v.Found.People, func(p customer.Tail) bool { return p.ID == k.ID }) {
			continue
		}
		if i.Kind == customer.Card {
			v.Card = i.Value
		}
		c, err := t.Customers.Get(ctx, k.ID)
		if err != nil {
			return false, err
		}
		v.Found.People = append(v.Found.People, tail(c, i))
	}
	if len(v.Found.People) == 1 {
		v.take(v.Found.People[0].ID)
		return true, nil
	}
	return len(v.Found.People) > 0, nil
}

// slipFound is a receipt that was found. A return leads to its sale.
type slipFound struct {
	*receipt.Receipt
	Of string // number of the sale that a return is of; "": it is a sale itself, or of no one sale
}

// Href is where more of it can come back, or else the slip itself.
func (f slipFound) Href() string {
	switch {
	case f.Kind == receipt.KindSale:
		return Path + "/returns/" + f.ID.String()
	case f.Of != "":
		return Path + "/returns/" + f.Original.String()
	}
	return Path + "/receipts/" + f.ID.String()
}

// sameNumber is how many receipts of one number are looked through.
const sameNumber = 1000

// receipts finds sales and returns by the number on the slip: of this till,
// then of the other stores where the cashier works.
func (t *Till) receipts(ctx context.Context, who staff.Account, at *place, text string) (list []slipFound, err error) {
	found, err := t.Receipts.List(ctx, receipt.Filter{Typed: text}, receipt.Cursor{}, sameNumber)
	if err != nil {
		return nil, err
	}
	for _, r := range found {
		if who.WorksIn(r.Store) {
			list = append(list, slipFound{Receipt: r})
		}
	}
	slices.SortStableFunc(list, func(a, b slipFound) int { return near(at, a.Receipt) - near(at, b.Receipt) })
	list = list[:min(len(list), maxFound)]
	for i, f := range list {
		if f.Original == 0 {
			continue
		}
		sale, err := t.Receipts.Get(ctx, f.Original)
		if err != nil {
			return nil, err
		}
		list[i].Of = grouped(sale.Number)
	}
	return list, nil
}

// near orders receipts: of this till, of its store, of others.
func near(at *place, r *receipt.Receipt) int {
	switch {
	case r.Till == at.Till.ID:
		return 0
	case r.Store == at.Store.ID:
		return 1
	}
	return 2
}

// suggest finds products while somebody types a name. Digits wait for Enter:
// nobody is to be found by trying them.
func (t *Till) suggest(w http.ResponseWriter, r *http.Request) error {
	q, v := fold.Line(r.URL.Query().Get("code")), &saleView{}
	if len(q) <= maxTyped {
		var err error
		if q, _, err = t.counted(r.Context(), web.Loc(r.Context()), q); err != nil {
			return err
		}
	}
	if utf8.RuneCountInString(q) >= 2 && len(q) <= maxTyped && strings.ContainsFunc(q, unicode.IsLetter) {
		_, list, err := t.products(r.Context(), q)
		if err != nil {
			return err
		}
		v.Found = &found{Query: q, Products: list}
	}
	return t.pages.Fragment(w, r, http.StatusOK, "sale", "found", v)
}

// register makes a customer of who fills in the fields, or finds who is one; skip says
// that the phone is not to be confirmed.
func (t *Till) register(r *http.Request, v *saleView, skip bool) error {
	loc := web.Loc(r.Context())
	n, err := t.newcomer(r, v)
	if err != nil || len(v.Join.Errors) > 0 {
		return err
	}
	if asks, err := t.Enrol.Code(r.Context()); err != nil {
		return err
	} else if asks != settings.NoCode && !skip && v.Join.Phone != "" && v.Join.Said == "" {
		v.Join.Errors["join-said"] = loc.T("counter.join.code_needed")
		return nil
	}
	call := enrol.Call{Till: v.Place.Till.ID, Also: t.joined(r, v.Place)}
	if !skip && v.Join.Said != "" {
		call.Confirmation, call.Key = v.Join.given(), t.joinKey(&v.Join, &n)
	}
	if !t.mayLook(r, v) { // what comes of it tells whether somebody has the phone
		return nil
	}
	res, _, err := t.Enrol.RegisterOnce(r.Context(), v.Place.Store, int64(web.Me(r).ID), n, call)
	switch {
	case errors.Is(err, confirm.ErrWrong), errors.Is(err, confirm.ErrPhoneNeeded):
		v.Join.Said, v.Join.Errors["join-said"] = "", web.Say(loc, err)
		return nil
	case err != nil:
		if !web.Refused(err) {
			return err
		}
		p := web.ProblemOf(err, loc)
		text := p.Detail
		if len(p.Errors) > 0 {
			text = p.Errors[0].Detail
		}
		v.Join.Errors["join-name"] = text
		return nil
	}
	agreed := slices.ContainsFunc(n.Consents, func(c customer.Consent) bool { return c.Purpose == customer.Data })
	v.Customer, v.Joining, v.Card, v.Join, v.Redeem = res.ID, false, v.Join.Card, join{}, ""
	switch {
	case len(res.Left) > 0:
		v.note("warn", loc.T("counter.join.left", "what", strings.Join(left(loc, res.Left), ", ")))
	case !res.Created:
		v.note("info", loc.T("counter.join.known"))
	case len(res.Taken) > 0:
		v.note("warn", loc.T("counter.join.taken"))
	default:
		v.note("good", loc.T("counter.join.done"))
	}
	if res.Created && !agreed {
		v.note("warn", loc.T("counter.join.no_consent"))
	}
	if res.NoBonus != "" {
		v.note("info", loc.T("counter.join.no_bonus."+string(res.NoBonus)))
	}
	return nil
}

// joinKey names a registration by its code and all that is said with it: the page sends
// it again where the answer was lost, and the code is used up by then.
func (t *Till) joinKey(j *join, n *customer.New) string {
	said := []string{"registration", j.Asked.String(), j.Said, j.Phone, j.Card, j.Name, j.Proof, n.Attributes.String()}
	return secret.Keyed(t.Secret, strings.Join(append(said, j.Agreed...), "\n"))
}

// newcomer is who fills in the fields; what is wrong with them is noted there.
func (t *Till) newcomer(r *http.Request, v *saleView) (customer.New, error) {
	loc, j := web.Loc(r.Context()), &v.Join
	j.Errors = map[string]string{}
	n := customer.New{HomeStore: v.Place.Store.ID, Source: "till", Till: v.Place.Till.Name, IP: web.Client(r).IP}
	n.FirstName, n.LastName, _ = strings.Cut(j.Name, " ")
	identify := func(field string, kind customer.Kind, typed string) {
		if typed == "" {
			return
		}
		i, err := t.Customers.Normalize(kind, typed)
		if err != nil {
			j.Errors[field] = web.Say(loc, err)
			return
		}
		n.Identifiers = append(n.Identifiers, i)
	}
	identify("join-phone", customer.Phone, j.Phone)
	identify("join-card", customer.Card, j.Card)
	if len(n.Identifiers) == 0 && len(j.Errors) == 0 {
		j.Errors["join-phone"] = loc.T("counter.join.phone_needed")
	}
	if j.Name == "" {
		j.Errors["join-name"] = loc.T("counter.join.name_needed")
	}
	defined, err := t.Attributes.Definitions(r.Context())
	if err != nil {
		return n, err
	}
	if n.Attributes, err = field.Read(defined.SetAtTills(), j.More); err != nil {
		return n, err
	}
	maps.Copy(j.Errors, j.More.Errors)
	maps.DeleteFunc(n.Attributes, func(_ string, v any) bool { return v == nil })
	n.Consents, err = t.agreed(r.Context(), loc, v, web.Me(r).ID)
	return n, err
}

// left says in words what a known profile did not take.
func left(loc *i18n.Localizer, what []string) (list []string) {
	for _, w := range what {
		text, ok := loc.Lookup("counter.join.what."+w, nil)
		if !ok {
			text = loc.T("counter.join.what.facts")
		}
		if !slices.Contains(list, text) {
			list = append(list, text)
		}
	}
	return list
}
