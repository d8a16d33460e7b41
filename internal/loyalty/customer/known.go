package customer

import (
	"slices"
	"strings"
	"time"

	"regulars/internal/base/db"
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
	kinds := []Kind{External, Card, Telegram, Phone, Email}
	for _, kind := range kinds {
		if p := r.owner(c, kind); p != nil && agree(&p.Customer, &c.profile) {
			return p, true
		}
	}
	for _, kind := range kinds {
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

// queueOwned adds to b the reading of what identifies the people found, where
// somebody registers here and now, or where it tells whom an import means; found
// are the identifiers that lead to them.
func (r *registration) queueOwned(b *db.Batch, ids []ID, found map[Identifier]Known) {
	if !slices.ContainsFunc(r.list, func(c Checked) bool { return c.profile.Origin == 0 || c.bringsID(found) }) {
		return
	}
	owned := make(map[ID][]Identifier, len(ids))
	queueIdentifiers(b, ids, owned)
	r.owned = owned
}
