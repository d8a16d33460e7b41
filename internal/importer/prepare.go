package importer

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/fold"
	"regulars/internal/loyalty/attribute"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
)

// preparer makes of rows what can be written, beside the transactions: it
// brings identifiers into normal form, which takes longer than reading them.
type preparer struct {
	*Service
	imp      *Import
	home     string // the store of rows that name none; empty: they are of none
	stores   storeNames
	reported map[string]bool // of those that a dry run would make, which are in its report
	seen     map[whoKey]bool // those on receipts so far: can they be told apart
	defined  attribute.Definitions
	ensure   func(ctx context.Context, s catalog.NewStore) (catalog.Store, error)

	dry *attempt // of a dry run
}

// storeNames are stores by what files call them. How a name is spelled tells no
// two stores apart, unless there are two that are spelled so.
type storeNames struct{ exact, alike map[string]catalog.Store }

// storeKey is what all spellings of a store's name have in common: Магазин №1 is
// Магазин 1.
func storeKey(name string) string { return fold.Key(strings.ReplaceAll(name, "№", " ")) }

func (n storeNames) find(name string) (store catalog.Store, ok bool) {
	if store, ok = n.exact[name]; !ok {
		store, ok = n.alike[storeKey(name)]
	}
	return store, ok
}

func (n storeNames) add(name string, store catalog.Store) {
	n.exact[name] = store
	if key := storeKey(name); key != "" {
		n.alike[key] = store
	}
}

func (n storeNames) remove(name string) {
	delete(n.exact, name)
	delete(n.alike, storeKey(name))
}

// attempt is what a dry run prepares in a transaction that is taken back.
type attempt struct {
	seen   []whoKey // for the first time in the import
	here   map[whoKey]bool
	stores []string // that were made
}

// person is somebody to be registered.
type person struct {
	key     whoKey // of one whom a receipt names
	checked customer.Checked
	store   catalog.Store
	row     *Customer // of a customers file
}

// bought is a receipt and whose it is; the zero key is nobody's.
type bought struct {
	*Receipt
	key    whoKey
	store  catalog.Store
	adrift bool // the store is the source's own, which nothing in the file names
}

// goods is a row of a products file.
type goods struct {
	*Product
	input      catalog.ProductInput
	categories []catalog.CategoryInput
}

// whoKey stands for a Who in maps that hold millions: 128 bits of hash.
type whoKey [2]uint64

func (w *Who) key() whoKey {
	if w.nobody() {
		return whoKey{}
	}
	text := w.External + "\x00" + w.Card + "\x00" + w.Phone + "\x00" + w.Email
	return whoKey{hash(text), hash("\x01" + text)} // what differs leads: equal hashes stay equal whatever follows
}

// maxSeen bounds what is remembered of who was on receipts.
const maxSeen = 2_000_000

func newPreparer(ctx context.Context, s *Service, i *Import) (p *preparer, err error) {
	defer errs.Wrap(&err, "find the stores of the import")
	p = &preparer{Service: s, imp: i, stores: storeNames{map[string]catalog.Store{}, map[string]catalog.Store{}}, reported: map[string]bool{}, seen: map[whoKey]bool{}}
	known, err := s.catalog.Stores(ctx)
	if err != nil {
		return nil, err
	}
	for _, store := range slices.Backward(known) { // of two that are called alike the first
		p.stores.add(store.Name, store)
	}
	for _, store := range slices.Backward(known) { // a code goes before another's name
		p.stores.add(store.Code, store)
	}
	p.home = i.home(known)
	p.defined, err = s.attributes.Definitions(ctx)
	return p, err
}

// home is the store of rows that name none; empty: they are of none.
func (i *Import) home(known []catalog.Store) string {
	switch {
	case i.Mapping.Options.Store != "":
		for _, store := range known { // by which programmes know it
			if store.Name == i.Mapping.Options.Store {
				return store.Code
			}
		}
		return i.Mapping.Options.Store
	case len(known) == 1:
		return known[0].Code
	case i.Mapping.ofStores(): // there is none yet, or the source has one, or some rows leave their store empty
		return i.Source
	}
	return ""
}

// zones tells where the stores are that there were when the import began: those
// that it makes are where the installation is.
func (p *preparer) zones() func(store string) *time.Location {
	here := p.zone()
	known := storeNames{maps.Clone(p.stores.exact), maps.Clone(p.stores.alike)}
	return func(name string) *time.Location {
		store, _ := known.find(cmp.Or(name, p.home))
		return cmp.Or(store.Zone, here)
	}
}

func (p *preparer) storeTx(ctx context.Context, tx *db.Tx, n catalog.NewStore) (catalog.Store, error) {
	found, err := p.catalog.EnsureStoresTx(ctx, tx, []catalog.NewStore{n})
	return found[fold.Line(n.Code)], err
}

// rehearseTx has what follows prepared in a transaction that is taken back:
// nothing of the one before is there any more, and an attempt that failed did
// not happen.
func (p *preparer) rehearseTx(tx *db.Tx) {
	if p.dry != nil {
		for _, name := range p.dry.stores {
			p.stores.remove(name)
		}
		for _, key := range p.dry.seen {
			delete(p.seen, key)
		}
	}
	p.dry = &attempt{here: map[whoKey]bool{}}
	p.ensure = func(ctx context.Context, n catalog.NewStore) (catalog.Store, error) { return p.storeTx(ctx, tx, n) }
}

// rehearsed ends an attempt that went well.
func (p *preparer) rehearsed(rep *Report) {
	p.dry.seen = nil
	for _, name := range p.dry.stores {
		if !p.reported[name] {
			p.reported[name] = true
			rep.newStore(p.stores.exact[name].Name)
		}
	}
}

// store is the one that the file calls so; it is created if there is none.
func (p *preparer) store(ctx context.Context, name string) (catalog.Store, error) {
	if name = cmp.Or(name, p.home); name == "" {
		return catalog.Store{}, nil
	}
	if store, ok := p.stores.find(name); ok {
		return store, nil
	}
	store, err := p.ensure(ctx, catalog.NewStore{Code: short(name, catalog.MaxCode), Name: fold.Cut(name, catalog.MaxName), Zone: cmp.Or(p.imp.Mapping.Options.Zone, p.zone().String())})
	if err != nil {
		return store, err
	}
	p.stores.add(name, store)
	if p.dry != nil {
		p.dry.stores = append(p.dry.stores, name)
	}
	return store, nil
}

// batch prepares the steps of b, which stay as they are.
func (p *preparer) batch(ctx context.Context, b *batch) error {
	if len(p.seen) > maxSeen {
		p.seen = map[whoKey]bool{}
		b.forget = true
	}
	for k := range b.steps {
		step := &b.steps[k]
		var err error
		for _, in := range step.Receipts {
			if err = p.receipt(ctx, b, in); err != nil {
				return err
			}
		}
		switch {
		case step.Customer != nil:
			err = p.customer(ctx, b, step)
		case step.Product != nil:
			p.product(b, step)
		case step.Giftcard != nil:
			p.giftcard(b, step.Giftcard)
		case step.Stock != nil:
			p.stock(b, step.Stock)
		case step.Picture != nil:
			b.pictures = append(b.pictures, step.Picture)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (p *preparer) receipt(ctx context.Context, b *batch, in *Receipt) error {
	store, err := p.store(ctx, in.Store)
	if err != nil {
		return err
	}
	out := bought{Receipt: in, key: in.Who.key(), store: store}
	if in.Store == "" && p.imp.Mapping.Options.Store == "" {
		own, _ := p.stores.find(p.imp.Source)
		out.adrift = own.ID == store.ID
	}
	if out.key != (whoKey{}) {
		known, seen := p.seen[out.key]
		switch {
		case !seen:
			known = p.meet(b, in, out, b.note)
			p.seen[out.key] = known
			if p.dry != nil {
				p.dry.seen = append(p.dry.seen, out.key)
				p.dry.here[out.key] = true
			}
		case !known:
			_, bad := p.identifiers(in.Who.External, in.Who.Card, splitPhones(in.Who.Phone), in.Who.Email)
			b.note(in, bad)
		case p.dry != nil && !p.dry.here[out.key]: // whom the batches before had brought is not there
			p.meet(b, in, out, func(*Receipt, []Issue) {})
			p.dry.here[out.key] = true
		}
		if !known {
			out.key = whoKey{}
		}
	}
	b.receipts = append(b.receipts, out)
	return nil
}

// note notes what is wrong with the identifiers on a receipt.
func (b *batch) note(in *Receipt, bad []Issue) {
	for _, is := range bad {
		own := in.issue(0, is.Field, is.Reason, is.Value)
		own.Why = is.Why
		b.issues = append(b.issues, own)
	}
}

// meet prepares to register whom a receipt names for the first time; false:
// nothing tells them apart.
func (p *preparer) meet(b *batch, in *Receipt, out bought, note func(*Receipt, []Issue)) bool {
	ids, bad := p.identifiers(in.Who.External, in.Who.Card, splitPhones(in.Who.Phone), in.Who.Email)
	note(in, bad)
	if len(ids) == 0 {
		return false
	}
	n := customer.New{
		HomeStore: out.store.ID, Identifiers: ids, Normal: true, Source: "import", Origin: int64(p.imp.ID), RegisteredAt: in.At,
	}
	n.FirstName, n.MiddleName, n.LastName = splitName(in.Who.Name, p.imp.Mapping.Options.NameOrder)
	checked, err := p.customers.Check(n)
	if err != nil { // the name
		n.FirstName, n.MiddleName, n.LastName = "", "", ""
		if checked, err = p.customers.Check(n); err != nil {
			note(in, []Issue{{Field: FieldExternal, Reason: ReasonRefused, Value: in.Who.External, Why: errs.Of(err)}})
			return false
		}
		note(in, []Issue{{Field: FieldName, Reason: ReasonTextTooLong, Value: in.Who.Name}})
	}
	b.people = append(b.people, person{key: out.key, checked: checked, store: out.store})
	return true
}

// identifiers brings them into normal form and says which cannot be.
func (p *preparer) identifiers(external, card string, phones []string, email string) (ids []customer.Identifier, bad []Issue) {
	add := func(kind customer.Kind, raw string, f Field, why Reason) {
		if raw == "" {
			return
		}
		id, err := customer.Normalize(kind, raw, p.imp.Mapping.Options.Region)
		switch {
		case errors.Is(err, customer.ErrPhoneRounded):
			why = ReasonPhoneRounded
		case errors.Is(err, customer.ErrPhoneShort):
			why = ReasonPhoneShort
		case errors.Is(err, customer.ErrPhoneLong):
			why = ReasonPhoneLong
		}
		if err != nil {
			bad = append(bad, Issue{Field: f, Reason: why, Value: raw})
			return
		}
		ids = append(ids, id)
	}
	add(customer.External, external, FieldExternal, ReasonTextTooLong)
	add(customer.Card, card, FieldCard, ReasonCard)
	for _, phone := range phones {
		add(customer.Phone, phone, FieldPhone, ReasonPhone)
	}
	add(customer.Email, email, FieldEmail, ReasonEmail)
	return ids, bad
}

// customer prepares a row of a customers file.
func (p *preparer) customer(ctx context.Context, b *batch, step *Step) error {
	in := step.Customer
	note := func(is Issue) {
		is.Row, is.Cells = in.Row, in.cells
		b.issues = append(b.issues, is)
	}
	store, err := p.store(ctx, in.Store)
	if err != nil {
		return err
	}
	ids, bad := p.identifiers(in.External, in.Card, in.Phones, in.Email)
	for _, is := range bad {
		note(is)
	}
	if len(ids) == 0 && in.First+in.Last != "" {
		// The file may come again: what it says is an id, with what it should
		// have been known by, for that is what the rows of a file are compared by.
		text := p.imp.Source + ": " + strings.ToLower(fold.Line(in.called()+" "+in.External+" "+in.Card+" "+strings.Join(in.Phones, " ")+" "+in.Email))
		ids = append(ids, customer.Identifier{Kind: customer.External, Value: customer.ByName(text)})
	}
	n := customer.New{
		FirstName: in.First, LastName: in.Last, MiddleName: in.Middle, Sex: customer.Sex(in.Sex), Born: in.Born, City: in.City,
		Language: in.Language, Note: in.Note, Labels: readLabels(in.Labels), HomeStore: store.ID, Identifiers: ids, Normal: true, Source: "import", Origin: int64(p.imp.ID),
		RegisteredAt: in.Registered,
	}
	if len(in.Attributes) > 0 {
		n.Attributes = make(customer.Attributes, len(in.Attributes))
		for _, name := range slices.Sorted(maps.Keys(in.Attributes)) {
			value := in.Attributes[name]
			d := p.defined.Named(name)
			if d == nil {
				n.Attributes[name] = value
				continue
			}
			given := any(value)
			if yes, none, ok := parseYes(value); d.Format == attribute.YesNoFormat && ok && !none {
				given = yes
			}
			if fits, ok := d.Fit(given); !ok {
				note(Issue{Reason: ReasonRefused, Field: Attribute(name), Value: value, Why: attribute.ErrUnfit})
			} else if fits != nil {
				n.Attributes[d.Code] = fits
			}
		}
	}
	for _, c := range in.Consents {
		at := time.Time{} // when the customer registered
		if c.OptOut {
			at = p.now()
		}
		n.Consents = append(n.Consents, customer.Consent{
			Channel: customer.Channel(c.Channel), Purpose: customer.Marketing, Given: c.Given, At: at,
			Proof: fold.Cut(p.imp.File, customer.MaxProof-20) + ", " + strconv.FormatInt(in.Row, 10),
		})
	}
	checked, err := p.customers.Check(n)
	if err != nil {
		p.leaveOut(&n, err, note)
		if checked, err = p.customers.Check(n); err != nil {
			is := Issue{Reason: ReasonRefused, Why: errs.Of(err), Refused: true}
			if len(ids) == 0 && n.FirstName == "" && n.LastName == "" {
				is.Reason, is.Why = ReasonNobody, nil
			}
			note(is)
			b.refused++
			return nil
		}
	}
	b.people = append(b.people, person{checked: checked, store: store, row: in})
	return nil
}

// leaveOut empties what is wrong with a profile and can be done without.
func (p *preparer) leaveOut(n *customer.New, err error, note func(Issue)) {
	whole := errs.Of(err)
	for _, wrong := range whole.Fields {
		is := Issue{Reason: ReasonRefused, Why: &errs.Error{Kind: errs.Invalid, Code: wrong.Code, Text: wrong.Text, Args: whole.ArgsOf(wrong)}}
		for _, f := range []struct {
			pointer string
			field   Field
			value   *string
		}{
			{"/first_name", FieldFirstName, &n.FirstName}, {"/last_name", FieldLastName, &n.LastName},
			{"/middle_name", FieldMiddleName, &n.MiddleName}, {"/city", FieldCity, &n.City}, {"/language", FieldLanguage, &n.Language},
			{"/note", FieldNote, &n.Note}, {"/born", FieldBorn, &n.Born},
		} {
			if wrong.Pointer == f.pointer {
				is.Field, is.Value = f.field, *f.value
				note(is)
				*f.value = ""
			}
		}
		if wrong.Pointer == "/labels" {
			is.Field, is.Value = FieldLabels, strings.Join(n.Labels, ", ")
			note(is)
			n.Labels = nil
		}
		if strings.HasPrefix(wrong.Pointer, "/attributes") {
			is.Value = strings.TrimPrefix(wrong.Pointer, "/attributes/")
			note(is)
			n.Attributes = nil
		}
	}
}

// product prepares a row of a products file.
func (p *preparer) product(b *batch, step *Step) {
	in := step.Product
	g := goods{Product: in}
	g.input = catalog.ProductInput{SKU: in.SKU, AddBarcodes: in.Barcodes}
	c := &g.input.ProductChange
	if in.Name != "" {
		c.Name = &in.Name
	}
	if in.Brand != "" {
		c.Brand = &in.Brand
	}
	if in.Model != "" {
		c.Model = &in.Model
	}
	if len(in.Options) > 0 {
		c.Options = &in.Options
	}
	if in.Goods != "" {
		kind := catalog.Kind(in.Goods)
		c.Kind = &kind
	}
	c.Price, c.Cost, c.Active = in.Price, in.Cost, in.Active
	if g.categories = categories(in.Category); len(g.categories) > 0 {
		c.Category = &g.categories[len(g.categories)-1].Code
	}
	b.products = append(b.products, g)
}

// categories are those of a path such as "Home / Glass", the root first. A
// category is known by its whole path: there may be Glass elsewhere.
func categories(path string) (list []catalog.CategoryInput) {
	code, parent := "", ""
	for _, name := range strings.FieldsFunc(strings.ReplaceAll(path, " / ", ">"), func(r rune) bool { return r == '>' || r == '|' || r == '\\' }) {
		if name = fold.Line(name); name == "" {
			continue
		}
		code = within(code, name)
		own := short(code, catalog.MaxCode)
		above := parent
		list = append(list, catalog.CategoryInput{Code: own, Name: name, Parent: &above})
		parent = own
	}
	return list
}

// within is the path of a category within another; "": within none.
func within(path, name string) string {
	if path == "" {
		return name
	}
	return path + " / " + name
}

// ErrNoProgramme is returned where balances are to be imported before there is
// a programme that they could belong to.
var ErrNoProgramme = errs.New(errs.Invalid, "import_no_programme",
	"The file has points, but no programme holds yet that they could belong to. Set the programme first.")

var errNobody = errors.New("importer: a receipt of somebody who was not registered")
