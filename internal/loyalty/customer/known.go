package customer

import (
	"crypto/sha256"
	"encoding/hex"
	"iter"
	"slices"
	"strings"
	"time"

	"regulars/internal/base/fold"
)

// meet finds or makes the person of c, who registers here and now. Whoever has
// a phone or a card in hand is not therefore the one whom it leads to: a
// profile takes nothing from somebody who does not show that it is theirs, and
// from nobody a second identifier of one kind.
func (r *registration) meet(c *Checked) (res Result) {
	p, sure := r.recognise(c)
	switch {
	case p == nil:
		p = r.create(c)
		res.Created, sure = true, true
	case c.profile.Name() != "" || c.profile.Born != "":
		// Names and birthdays can be tried out: after a few tries even the
		// right one shows nothing for a while.
		if _, ok := r.s.guesses.Take(p.ID.String()); !ok {
			sure = false
		}
	}
	res.ID = p.ID
	switch {
	case res.Created:
	case sure:
		res.Filled, res.Kept = p.complete(&c.profile)
		// Which values differ would tell them to who tries them.
		res.Kept = slices.DeleteFunc(res.Kept, func(field string) bool { return strings.HasPrefix(field, "attributes/") })
	default:
		// Whatever is stored, the answer is the same, or it would tell; but the
		// first name is shown to every till, and where it is the same there is
		// nothing to take.
		res.Left, _ = new(person).complete(&c.profile)
		res.Left = slices.DeleteFunc(res.Left, func(field string) bool {
			return field == "home_store" || field == "first_name" && fold.Key(c.profile.FirstName) == fold.Key(p.FirstName)
		})
	}
	r.identify(p, c.identifiers, sure, &res)
	said := *c
	if !sure {
		// Taking a consent back is as easy as it can be: it needs no proof.
		said.consents = slices.DeleteFunc(slices.Clone(c.consents), func(c Consent) bool { return c.Given })
		if len(said.consents) < len(c.consents) {
			res.Left = append(res.Left, "consents")
		}
	}
	before := len(p.consents)
	r.consent(p, &said, true)
	res.Consents = slices.Clone(p.consents[before:])
	p.changed = append(p.changed, res.Filled...)
	r.queue(p, 0)
	slices.Sort(res.Left)
	res.Left = slices.Compact(res.Left)
	return res
}

// identify gives p the identifiers that are free and may be theirs, and says
// what becomes of each.
func (r *registration) identify(p *person, list []Identifier, sure bool, res *Result) {
	for _, i := range list {
		switch owner := r.owners[i]; {
		case owner == p:
		case owner != nil:
			res.Taken = append(res.Taken, i)
		case res.Created || sure && p.First(i.Kind) == "":
			r.owners[i] = p
			p.added = append(p.added, i)
			p.Identifiers = append(p.Identifiers, i)
			res.Added = append(res.Added, i)
		default:
			res.Left = append(res.Left, string(i.Kind))
		}
	}
	if len(res.Added) > 0 && !res.Created {
		res.Filled = append(res.Filled, "identifiers")
	}
}

// recognise finds whom the identifiers of c lead to, and reports whether what c
// says of itself shows that it is they. A phone or an e-mail that comes with
// another name is shared, and whoever brings something of their own is
// somebody else; what is one person's, a card say, leads to its owner all the
// same.
func (r *registration) recognise(c *Checked) (p *person, sure bool) {
	for _, kind := range surest {
		if p := r.owner(c, kind); p != nil && agree(&p.Customer, &c.profile) {
			return p, true
		}
	}
	for _, kind := range surest {
		p := r.owner(c, kind)
		shared := kind == Phone || kind == Email
		if p != nil && !(shared && r.hasOwn(c, Kinds...) && !like(&p.Customer, &c.profile)) {
			return p, false
		}
	}
	return nil, false
}

// agree reports whether two profiles are surely of one person: the first name
// and with it the last one or the whole birthday are the same, and nothing
// contradicts. What is not said agrees with nothing.
func agree(a, b *Customer) bool {
	if !like(a, b) || a.MiddleName != "" && b.MiddleName != "" && fold.Key(a.MiddleName) != fold.Key(b.MiddleName) {
		return false
	}
	return fullName(a) != "" && fullName(a) == fullName(b) || a.FirstName != "" && fold.Key(a.FirstName) == fold.Key(b.FirstName) && len(a.Born) == len(time.DateOnly) && a.Born == b.Born
}

// fullName is a key of first and last name whichever way round they were
// written; empty where one of them is not known.
func fullName(c *Customer) string {
	first, last := fold.Words(c.FirstName), fold.Words(c.LastName)
	if len(first) == 0 || len(last) == 0 {
		return ""
	}
	words := append(first, last...)
	slices.Sort(words)
	return strings.Join(words, " ")
}

// match finds the person that c is, and reports whether it is surely the same:
// what a doubtful match says is not filled in.
func (r *registration) match(c *Checked) (p *person, same bool) {
	if p := r.owner(c, External); p != nil {
		return p, true
	}
	for _, kind := range []Kind{Card, Telegram} {
		if p := r.owner(c, kind); p != nil && (like(&p.Customer, &c.profile) || !r.otherID(c, p) && !r.inherited(c, p)) {
			return p, true
		}
	}
	for p := range r.ownersOf(c, Phone) {
		if agree(&p.Customer, &c.profile) || like(&p.Customer, &c.profile) && !r.otherID(c, p) {
			return p, true
		}
	}
	if p := r.owners[c.called]; p != nil && !r.otherID(c, p) {
		sure := agree(&p.Customer, &c.profile) // the middle name, too
		if sure || !r.hasOwn(c, Kinds...) {
			return p, sure
		}
	}
	byEmail := !r.hasOwn(c, Phone, Card, Telegram, External)
	better := func(i Identifier) bool { return i.Kind != Email && r.owners[i] == nil && !r.forgotten[i] }
	for p := range r.ownersOf(c, Email) {
		if agree(&p.Customer, &c.profile) && !slices.ContainsFunc(c.identifiers, better) {
			return p, true
		}
	}
	if p := r.owner(c, Phone); p != nil {
		if r.hasOwn(c, Kinds...) || c.isAnother(p) {
			return nil, false // somebody else who shares the phone
		}
		return p, false
	}
	if p := r.owner(c, Email); p != nil && byEmail {
		if c.isAnother(p) {
			return nil, false
		}
		return p, like(&p.Customer, &c.profile)
	}
	return nil, false
}

// Called is what an import knows those by, too, who share a phone, a card or an e-mail
// with somebody, or have nothing else: an outside id, of the name, whichever way round,
// and the birthday; empty where one of these is not known.
func Called(first, last, born string) string {
	name := fullName(&Customer{FirstName: first, LastName: last})
	if name == "" || len(born) != len(time.DateOnly) {
		return ""
	}
	return ByName(name + " " + born)
}

// ByName is an outside id for somebody who is known by a name: it does not tell it.
func ByName(name string) string {
	sum := sha256.Sum256([]byte(name))
	return byName + hex.EncodeToString(sum[:16])
}

// byName is how such ids begin.
const byName = "name: "

func isName(i Identifier) bool {
	return i.Kind == External && len(i.Value) == len(ByName("")) && strings.HasPrefix(i.Value, byName)
}

// isAnother reports whether c, of another name, can be known by it and is not p by the
// birthday.
func (c *Checked) isAnother(p *person) bool {
	return c.called.Value != "" && !sameNames(&p.Customer, &c.profile) && (p.Born == "" || !sameBorn(p.Born, c.profile.Born))
}

// ownersOf are the people that identifiers of the kind lead to.
func (r *registration) ownersOf(c *Checked, kind Kind) iter.Seq[*person] {
	return func(yield func(*person) bool) {
		for _, i := range c.identifiers {
			if p := r.owners[i]; i.Kind == kind && p != nil && !yield(p) {
				return
			}
		}
	}
}

// owner is the person that an identifier of the kind leads to.
func (r *registration) owner(c *Checked, kind Kind) *person {
	for _, i := range c.identifiers {
		if p := r.owners[i]; i.Kind == kind && p != nil {
			return p
		}
	}
	return nil
}

// hasOwn reports whether c has an identifier of the kinds that nobody has.
func (r *registration) hasOwn(c *Checked, kinds ...Kind) bool {
	return slices.ContainsFunc(c.identifiers, func(i Identifier) bool {
		return slices.Contains(kinds, i.Kind) && r.owners[i] == nil
	})
}

// otherID reports whether a system gave ids to both, c and p, and another one to c. A
// family has one phone, and often one card.
func (r *registration) otherID(c *Checked, p *person) bool {
	return r.hasOwn(c, External) &&
		slices.ContainsFunc(slices.Concat(p.Identifiers, p.added), func(i Identifier) bool { return i.Kind == External && !isName(i) })
}

// like reports whether two profiles can be of one person: neither the names
// nor the birthdays, where both are known, contradict each other. Names may be
// incomplete or the wrong way round.
func like(a, b *Customer) bool {
	return sameNames(a, b) && sameBorn(a.Born, b.Born)
}

func sameNames(a, b *Customer) bool {
	fits := func(x, y string) bool { return x == "" || y == "" || fold.Key(x) == fold.Key(y) }
	if fits(a.FirstName, b.FirstName) && fits(a.LastName, b.LastName) {
		return true
	}
	m, n := fold.Words(a.Name()), fold.Words(b.Name())
	return within(m, n) || within(n, m)
}

func within(words, of []string) bool {
	return !slices.ContainsFunc(words, func(w string) bool { return !slices.Contains(of, w) })
}

// calledAll reports whether a is called all that b is, and has a birthday if b does.
func calledAll(a, b *Customer) bool {
	names := func(c *Customer) []string { return fold.Words(c.Name() + " " + c.MiddleName) }
	return within(names(b), names(a)) && (b.Born == "" || a.Born != "")
}

func sameBorn(a, b string) bool {
	if a == "" || b == "" || a == b {
		return true
	}
	// One of them may lack the year.
	return (a[0] == '-' || b[0] == '-') && a[len(a)-5:] == b[len(b)-5:]
}
