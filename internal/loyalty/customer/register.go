package customer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/event"
	"regulars/internal/base/fold"
	"regulars/internal/loyalty/catalog"
)

// New is a customer to be registered.
type New struct {
	FirstName   string
	LastName    string
	MiddleName  string
	Sex         Sex
	Born        string // 1990-12-31, or --12-31 where the year is not known
	City        string
	Language    string
	Note        string
	Attributes  Attributes
	Labels      []string        // of a known person they are added
	HomeStore   catalog.StoreID // where it happens; 0: unknown
	Identifiers []Identifier    // values as they were typed
	Normal      bool            // Normalize has made all of them: it is not done again
	Consents    []Consent
	Source      string // till, admin, import, web …
	By          int64  // who of the staff; 0: nobody
	Till, IP    string // where it happens, for the audit log: the till's name, an address
	// Origin is the import that brings the customer: nothing starts from it,
	// one event tells of all that it brings at once, and what it says of a known
	// person is believed by its identifiers. 0: it happens now.
	Origin       int64
	RegisteredAt time.Time // zero: now
}

// Checked is a customer whose data are sound and in normal form.
type Checked struct {
	profile     Customer
	identifiers []Identifier
	called      Identifier // of an import: what those are known by, too, who share something
	consents    []Consent
	by          int64
	undated     bool // nobody knows when they were given
}

// Identifiers are those of the customer, in normal form.
func (c Checked) Identifiers() []Identifier { return c.identifiers }

// RegisteredAt is when the customer registers.
func (c Checked) RegisteredAt() time.Time { return c.profile.RegisteredAt }

// Result is what became of a registration.
type Result struct {
	ID        ID
	Created   bool
	HomeStore catalog.StoreID // of the profile; 0: unknown. Only imports are told.
	// Filled are the fields that a known profile lacked and got, Kept those in
	// which it says something else, which stayed.
	Filled, Kept []string
	// Taken are identifiers that belong to somebody else and stayed there: the
	// same phone under another name, say. It wants a person's eye.
	Taken []Identifier
	// Lost are identifiers of an import that somebody had who was forgotten: they were
	// not taken, and where Forgotten they are why. A name is not among them.
	Lost []Identifier
	// Left is what a known profile did not take, by fields, kinds of
	// identifiers and "consents": nothing showed that it is theirs, or the
	// profile has one of the kind. Imports leave nothing but consents beside
	// something that was somebody's who was forgotten.
	Left []string
	// Added are the identifiers and Consents the consents that were recorded;
	// imports are not told.
	Added    []Identifier
	Consents []Consent
	// Forgotten is of a row of an import that is of somebody who asked to be forgotten:
	// nothing was taken but a no. ID is 0, or who is known by something else in it:
	// receipts that name it are theirs.
	Forgotten bool
}

// maxIdentifiers of one customer.
const maxIdentifiers = 32

// maxConsents of one registration.
const maxConsents = 64

// Check brings a customer into normal form. It touches no database and may run
// on many at once: an import does so outside its transaction. Its error names
// every field that is wrong.
func (s *Service) Check(n New) (Checked, error) {
	var (
		wrong errs.List
		now   = s.now().UTC().Truncate(time.Microsecond)
		c     Checked
	)
	c.profile = Customer{
		State: StateActive, FirstName: n.FirstName, LastName: n.LastName, MiddleName: n.MiddleName, Sex: n.Sex, Born: n.Born,
		City: n.City, Language: n.Language, Source: n.Source, Attributes: n.Attributes, Labels: n.Labels, Note: n.Note,
		HomeStore: n.HomeStore, Origin: n.Origin, RegisteredAt: n.RegisteredAt.UTC().Truncate(time.Microsecond),
	}
	c.by = n.By
	c.profile.clean(&wrong, now)
	if n.Origin != 0 {
		c.called = Identifier{External, Called(c.profile.FirstName, c.profile.LastName, c.profile.Born)}
	}
	switch {
	case n.RegisteredAt.IsZero():
		c.profile.RegisteredAt = now
	case n.RegisteredAt.After(now.Add(24 * time.Hour)):
		wrong.Add("/registered_at", "in_the_future", "lies in the future")
	}
	if len(n.Identifiers) > maxIdentifiers {
		wrong.Add("/identifiers", "too_many", "are more than %d", maxIdentifiers).With("max", maxIdentifiers)
		n.Identifiers = nil
	}
	for i, raw := range n.Identifiers {
		known := raw
		if !n.Normal {
			var err error
			if known, err = s.Normalize(raw.Kind, raw.Value); err != nil {
				e := errs.Of(err)
				wrong.Add(pointer("/identifiers", i)+"/value", e.Code, "%s", e.Text)
				continue
			}
		}
		if !slices.Contains(c.identifiers, known) {
			c.identifiers = append(c.identifiers, known)
		}
	}
	if len(n.Consents) > maxConsents {
		wrong.Add("/consents", "too_many", "are more than %d", maxConsents).With("max", maxConsents)
		n.Consents = nil
	}
	for i, consent := range n.Consents {
		if consent.Source == "" {
			consent.Source = c.profile.Source
		}
		if consent.At.IsZero() && n.Origin != 0 {
			consent.At = c.profile.RegisteredAt
			c.undated = n.RegisteredAt.IsZero()
		}
		consent.clean(&wrong, pointer("/consents", i), now)
		if n.Origin == 0 {
			consent.explained(&wrong, pointer("/consents", i))
		}
		c.consents = append(c.consents, consent)
	}
	if len(n.Identifiers) == 0 && c.profile.FirstName == "" && c.profile.LastName == "" {
		wrong.Add("/identifiers", "nothing_known", "are missing: a customer needs a phone, a card, an e-mail, an id or a name")
	}
	return c, wrong.Err()
}

// RegisterAllTx registers customers, thousands at a time, and says what became
// of each. Whoever an identifier names already is not created again: what the
// profile lacks is filled in where it is surely theirs, what it says stays. An
// identifier that leads to somebody who seems to be another person stays with
// them (see the package's doc). Of two transactions that register the same phone at
// once, the second finds the customer of the first.
func (s *Service) RegisterAllTx(ctx context.Context, tx *db.Tx, list []Checked) (results []Result, err error) {
	defer errs.Wrap(&err, "register customers")
	err = s.attemptTx(ctx, tx, list, func(r *registration) error {
		results = make([]Result, len(list))
		now := s.now()
		for i := range list {
			res := r.place(&list[i])
			for _, taken := range res.Taken {
				r.pairs = append(r.pairs, Pair{A: r.owners[taken].ID, B: res.ID, Why: string(taken.Kind), Found: now})
			}
			results[i] = res
		}
		return r.writeTx(ctx, tx)
	})
	return results, err
}

// WhoseTx finds whose the rows of an import are that make nobody, by what each says
// of who it is, as RegisterAllTx does: 0 is nobody, or who was forgotten. They are locked:
// until tx ends nobody of them is merged, taken out again or erased.
func (s *Service) WhoseTx(ctx context.Context, tx *db.Tx, origin int64, rows [][]Identifier) (ids []ID, err error) {
	defer errs.Wrap(&err, "find customers")
	list := make([]Checked, len(rows))
	for i, row := range rows {
		list[i] = Checked{profile: Customer{Origin: origin}, identifiers: row}
	}
	ids = make([]ID, len(list))
	return ids, s.attemptTx(ctx, tx, list, func(r *registration) error {
		clear(ids)
		for i := range list {
			c := &list[i]
			p, _, forgotten := r.whose(c) // it says no name, so p is never in doubt where it is forgotten
			if mail := r.owner(c, Email); p == nil && !forgotten && mail != nil && !r.otherID(c, mail) {
				p = mail // nobody is made of what else it says
			}
			if p != nil {
				ids[i] = p.ID
			}
		}
		return nil
	})
}

// attemptTx has do done with what is known of the people of list, who are locked. Where
// somebody else registers one of the identifiers meanwhile, or one of them was merged, taken
// out again or erased before they were locked, all of it is done again. It fails with
// db.ErrUnique or db.ErrGuard where that happens again and again.
func (s *Service) attemptTx(ctx context.Context, tx *db.Tx, list []Checked, do func(*registration) error) (err error) {
	for attempt := 1; ; attempt++ {
		run := func() error {
			r := &registration{s: s, list: list}
			if err := r.readTx(ctx, tx); err != nil {
				return err
			}
			if err := r.forgottenTx(ctx, tx); err != nil {
				return err
			}
			return do(r)
		}
		if !s.db.Postgres() { // nobody else writes, and a savepoint copies every page that it may have to bring back
			return run()
		}
		if err = tx.Try(ctx, run); !errors.Is(err, db.ErrUnique) && !errors.Is(err, db.ErrGuard) || attempt == attempts {
			return err
		}
	}
}

// attempts is how often a set can meet others that register the same people.
const attempts = 5

// registration is a set of customers on its way into the database.
type registration struct {
	s    *Service
	list []Checked

	owners   map[Identifier]*person
	people   map[ID]*person
	order    []*person // those who are new or changed, as they came
	pairs    []Pair    // who gave what is somebody else's
	consents map[ID][]Consent
	// forgotten are identifiers of an import that were somebody's who is forgotten.
	forgotten map[Identifier]bool
}

// person is a profile that a registration found or makes.
type person struct {
	Customer
	isNew    bool
	origin   int64    // the import that brought it; 0: it happens now
	changed  []string // fields
	added    []Identifier
	consents []Consent // to be added
	by       int64     // who of the staff registers them
	queued   bool
}

// readTx reads whom the identifiers lead to, with what they have and said, and locks those
// profiles. It fails with db.ErrGuard where one was no longer theirs when they were locked.
func (r *registration) readTx(ctx context.Context, tx *db.Tx) error {
	var all, names []Identifier
	consents := false
	for i := range r.list {
		all = append(all, r.list[i].identifiers...)
		if r.list[i].called.Value != "" {
			names = append(names, r.list[i].called)
		}
		consents = consents || len(r.list[i].consents) > 0
	}
	if len(names) > 0 { // few are known so, or nobody at all
		var some bool
		const exist = `SELECT EXISTS (SELECT 1 FROM identifiers WHERE kind = $1 AND value >= $2 AND value < $3)`
		if err := tx.QueryRow(ctx, exist, string(External), byName, fold.After(byName)).Scan(&some); err != nil {
			return err
		}
		if some {
			all = append(all, names...)
		}
	}
	known, err := r.s.FindAllTx(ctx, tx, all)
	if err != nil {
		return err
	}
	r.owners = make(map[Identifier]*person, len(all))
	r.people = make(map[ID]*person, len(known))
	r.consents = map[ID][]Consent{}
	if len(known) == 0 {
		return nil
	}
	ids := make([]ID, 0, len(known))
	for _, k := range known {
		ids = append(ids, k.ID)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	var b db.Batch
	b.Query(func(row *db.Rows) error {
		c, err := scan(row)
		r.people[c.ID] = &person{Customer: c}
		return err
	}, `SELECT `+columns+` FROM customers c WHERE c.id IN ($1...) ORDER BY c.id
		FOR NO KEY UPDATE -- postgres`, db.IDs(ids))
	if consents {
		queueConsents(&b, ids, func(c Consent) { r.consents[c.Customer] = append(r.consents[c.Customer], c) })
	}
	owned := make(map[ID][]Identifier, len(ids))
	queueIdentifiers(&b, ids, owned)
	if err := tx.Run(ctx, &b); err != nil {
		return err
	}
	for id, p := range r.people {
		p.Identifiers = owned[id]
		for _, i := range p.Identifiers {
			if known[i].ID == id {
				r.owners[i] = p
			}
		}
	}
	if len(r.owners) < len(known) { // merged, taken out again or erased before they were locked
		return fmt.Errorf("customers are others meanwhile: %w", db.ErrGuard)
	}
	return nil
}

// place finds or makes the person of c. An import brings what a system knows
// of its customers and is believed; who stands at a till is met.
func (r *registration) place(c *Checked) Result {
	if c.profile.Origin == 0 {
		return r.meet(c)
	}
	var res Result
	p, same, forgotten := r.whose(c)
	if forgotten {
		res.Forgotten = true
		res.Lost = slices.DeleteFunc(r.lost(c, p), isName)
		if p != nil { // a no is heard
			r.consent(p, c, false)
			r.queue(p, c.profile.Origin)
		}
		if same { // receipts are theirs, too
			res.ID = p.ID
		}
		return res
	}
	if p == nil {
		p = r.create(c)
		res.Created = true
		shares := func(i Identifier) bool { return r.owners[i] != nil || isName(i) }
		if c.called.Value != "" && r.owners[c.called] == nil && slices.ContainsFunc(c.identifiers, shares) {
			r.owners[c.called] = p
			p.added = append(p.added, c.called)
		}
	} else if same {
		res.Filled, res.Kept = p.complete(&c.profile)
	} else {
		_, res.Kept = (&person{Customer: p.Customer}).complete(&c.profile)
	}
	res.ID = p.ID
	lost := r.lost(c, p)
	for _, i := range c.identifiers {
		switch owner := r.owners[i]; {
		case owner == p:
		case owner != nil:
			res.Taken = append(res.Taken, i)
		case !same && !res.Created:
		case slices.Contains(lost, i): // no file gives to somebody what another had
			res.Lost = append(res.Lost, i)
		default:
			r.owners[i] = p
			p.added = append(p.added, i)
			if !res.Created {
				res.Filled = append(res.Filled, "identifiers")
			}
		}
	}
	if !r.consent(p, c, same || res.Created) {
		res.Left = []string{"consents"}
	}
	p.changed = append(p.changed, res.Filled...)
	r.queue(p, c.profile.Origin)
	res.Filled, res.HomeStore = slices.Compact(res.Filled), p.HomeStore
	return res
}

// queue has a person written who is new or changed, by an import or, with 0, now.
func (r *registration) queue(p *person, origin int64) {
	if (p.isNew || len(p.changed) > 0) && !p.queued {
		p.queued, p.origin = true, origin
		r.order = append(r.order, p)
	}
}

func (r *registration) create(c *Checked) *person {
	p := &person{Customer: c.profile, isNew: true, by: c.by}
	p.ID = ID(r.s.mint.Next())
	p.Attributes = maps.Clone(c.profile.Attributes)
	r.people[p.ID] = p
	return p
}

// complete fills in what p lacks of n, and tells what it got and in what it
// differs.
func (p *person) complete(n *Customer) (filled, kept []string) {
	names := fold.Words(p.Name())
	set := func(field string, is *string, to string) {
		switch {
		case to == "" || *is == to:
		case strings.HasSuffix(field, "_name") && within(fold.Words(to), names):
			// It stands in another field, or the whole name does in this one.
		case *is != "":
			if fold.Key(*is) != fold.Key(to) {
				kept = append(kept, field)
			}
		default:
			*is = to
			filled = append(filled, field)
		}
	}
	set("first_name", &p.FirstName, n.FirstName)
	set("last_name", &p.LastName, n.LastName)
	set("middle_name", &p.MiddleName, n.MiddleName)
	set("sex", (*string)(&p.Sex), string(n.Sex))
	set("born", &p.Born, n.Born)
	set("city", &p.City, n.City)
	set("language", &p.Language, n.Language)
	set("note", &p.Note, n.Note)
	if p.HomeStore == 0 && n.HomeStore != 0 {
		p.HomeStore = n.HomeStore
		filled = append(filled, "home_store")
	}
	more := maps.Clone(p.Attributes)
	for key, value := range n.Attributes {
		old, ok := more[key]
		switch {
		case !ok && len(more) < maxAttributes:
			if more == nil {
				more = Attributes{}
			}
			more[key] = value
		case ok && old != value:
			kept = append(kept, "attributes/"+key)
		}
	}
	if len(more) > len(p.Attributes) {
		p.Attributes = more
		filled = append(filled, "attributes")
	}
	labels := slices.Concat(p.Labels, n.Labels)
	slices.Sort(labels)
	if labels = slices.Compact(labels); len(labels) > len(p.Labels) && len(labels) <= MaxLabels {
		p.Labels = labels
		filled = append(filled, "labels")
	}
	slices.Sort(kept)
	return filled, kept
}

// consent adds the consents of c that p has not given yet; of one who may be somebody
// else only what is taken back. It reports whether all of an import holds: whoever was
// forgotten has to agree anew.
func (r *registration) consent(p *person, c *Checked, same bool) (all bool) {
	all = true
	for _, n := range c.consents {
		if n.Given && !same {
			continue
		}
		history := r.consents[p.ID]
		heard := stands
		if c.profile.Origin != 0 {
			heard = c.brought
		}
		if heard(history, n) {
			continue
		}
		if c.profile.Origin == 0 {
			n.At = sayable(n.At, history)
		} else if n.Given && r.anyForgotten(p.Identifiers, p.added, c.identifiers) {
			last := lastWord(history, n.Channel, n.Purpose)
			all = all && last != nil && (last.Given || last.after(n)) // as they agreed anew, or said no since
			continue
		}
		n.ID, n.Customer = r.s.mint.Next(), p.ID
		said := append([]Consent{n}, r.s.ended(history, []Consent{n})...)
		p.consents = append(p.consents, said...)
		r.consents[p.ID] = append(history, said...)
		if !p.isNew {
			p.changed = append(p.changed, "consents")
		}
	}
	return all
}

// brought reports whether an import need not add n. One that is repeated brings
// the same consents again; where it does not know when they were given, a yes
// that was recorded before is not given anew, for it may have been taken back
// since, and neither is a no of the same row. A no that still holds is not said again.
func (c *Checked) brought(history []Consent, n Consent) bool {
	repeated, holds := false, false
	for _, o := range history {
		// Nobody knows that a yes without a date came after a no.
		if c.undated && n.Given && !o.Given && o.Purpose == n.Purpose && (o.Channel == n.Channel || o.Channel == ChannelAny || n.Channel == ChannelAny) &&
			!lastWord(history, o.Channel, o.Purpose).Given {
			return true
		}
		if o.Channel != n.Channel || o.Purpose != n.Purpose {
			continue
		}
		holds = o.Given == n.Given
		repeated = repeated || holds && (o.At.Equal(n.At) || !n.Given && o.Proof == n.Proof || c.undated && n.Given)
	}
	return repeated || (c.undated || !n.Given) && holds
}

// stands reports whether n says again what holds: the last word on its channel
// and purpose, with the same proof, which no later one on all channels, or on
// one of all, contradicts.
func stands(history []Consent, n Consent) bool {
	var last, against Consent
	for _, o := range history {
		switch {
		case o.Purpose != n.Purpose:
		case o.Channel == n.Channel:
			if o.after(last) {
				last = o
			}
		case o.Given != n.Given && (o.Channel == ChannelAny || n.Channel == ChannelAny) && o.after(against):
			against = o
		}
	}
	return last.ID != 0 && last.Given == n.Given && last.Wording == n.Wording && last.Proof == n.Proof && last.after(against)
}

func (r *registration) writeTx(ctx context.Context, tx *db.Tx) error {
	var (
		customers, identifiers, consents, suspects [][]any
		b                                          db.Batch
	)
	for _, p := range r.order {
		attached := int64(0)
		for _, i := range p.added {
			identifiers = append(identifiers, i.row(p.ID))
			attached += share(i.checksum(p.ID))
		}
		suspects = append(suspects, p.suspects(r.s.now())...)
		for _, c := range p.consents {
			consents = append(consents, c.row())
			attached += share(c.checksum())
		}
		if p.isNew {
			customers = append(customers, p.row(attached))
		} else {
			if slices.ContainsFunc(p.changed, func(f string) bool { return f != "identifiers" && f != "consents" }) {
				p.queueUpdate(&b)
			}
			attach(&b, p.ID, attached)
		}
	}
	event.Append(&b, r.events()...)
	queuePairs(&b, r.pairs)
	for _, in := range []struct {
		table *db.Table
		rows  [][]any
	}{{customerTable, customers}, {identifierTable, identifiers}, {consentTable, consents}, {contactTable, suspects}} {
		if err := tx.Insert(ctx, in.table, in.rows); err != nil {
			return err
		}
	}
	return tx.Run(ctx, &b)
}
