package customer

import (
	"context"
	"maps"
	"slices"

	"regulars/internal/base/db"
	"regulars/internal/base/secret"
)

// contact reports whether somebody can be written to or called by an identifier.
func (i Identifier) contact() bool { return i.Kind == Phone || i.Kind == Email || i.Kind == Telegram }

// suppression is what is kept of an identifier of somebody who was forgotten: it tells
// the identifier again when it comes. Whoever has the whole database has the key too and
// can try phones; whoever has the table alone cannot. It says "contact" of ids and cards
// too: what is kept stays true.
func (s *Service) suppression(i Identifier) string {
	return secret.Keyed(s.secret, "contact\n"+string(i.Kind)+"\n"+i.Value)
}

// suppress adds to b that c, who had the identifiers, does not come back with them in files,
// or with name and birthday, nor consents with any of them but the name. Names alone are
// many people's.
func (s *Service) suppress(b *db.Batch, c *Customer, list []Identifier) {
	list = slices.DeleteFunc(slices.Clone(list), isName)
	if called := Called(c.FirstName, c.LastName, c.Born); called != "" {
		list = append(list, Identifier{External, called})
	}
	now := s.now().UnixMicro()
	for _, i := range list {
		b.Exec(`INSERT INTO suppressions (hash, at) VALUES ($1, $2) ON CONFLICT DO NOTHING`, s.suppression(i), now)
	}
}

// suppressedTx finds which identifiers were somebody's who asked to be forgotten; they may
// be somebody's again.
func (s *Service) suppressedTx(ctx context.Context, tx *db.Tx, list []Identifier) (forgotten map[Identifier]bool, err error) {
	of := make(map[string]Identifier, len(list))
	for _, i := range list {
		of[s.suppression(i)] = i
	}
	forgotten = map[Identifier]bool{}
	rows, err := tx.Query(ctx, `SELECT hash FROM suppressions WHERE hash IN ($1...)`, db.Texts(slices.Collect(maps.Keys(of))))
	return forgotten, db.Scan(rows, err, func(row *db.Rows) error {
		var hash string
		err := row.Scan(&hash)
		forgotten[of[hash]] = true
		return err
	})
}

// forgottenTx finds which identifiers of an import were of somebody who asked to be
// forgotten: an old file brings neither them nor their consents back. Here and now
// people may come back and agree again.
func (r *registration) forgottenTx(ctx context.Context, tx *db.Tx) (err error) {
	comes := func(c Checked) bool { return c.profile.Origin != 0 }
	if !slices.ContainsFunc(r.list, comes) {
		return nil
	}
	var some bool
	if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM suppressions)`).Scan(&some); err != nil || !some {
		return err
	}
	var list []Identifier
	for i := range r.list {
		if c := &r.list[i]; comes(*c) {
			list = append(list, c.told()...)
		}
	}
	for _, p := range r.people { // no consent is taken of who has any of it
		list = append(list, p.Identifiers...)
	}
	r.forgotten, err = r.s.suppressedTx(ctx, tx, list)
	return err
}

// told is what a row of an import says of who it is, the surest first, and a name that
// may be many people's last.
func (c *Checked) told() (list []Identifier) {
	for _, kind := range surest {
		for _, i := range c.identifiers {
			if i.Kind == kind {
				list = append(list, i)
			}
		}
	}
	if c.called.Value != "" {
		list = append(list, c.called)
	}
	return list
}

// reusable reports whether an identifier may have become another person's: a card that was
// given out again, or who is called and was born as somebody else.
func (i Identifier) reusable() bool { return i.Kind == Card || isName(i) }

// whose finds whose a row of an import is: p, or nobody's, and whether surely (same). Of
// one that is forgotten nothing is taken but a no of p's; where it is surely p's all the same,
// receipts that name them are theirs. A file makes nobody anew of what was somebody's who
// was forgotten, whoever has it now.
func (r *registration) whose(c *Checked) (p *person, same, forgotten bool) {
	p, same = r.match(c)
	switch {
	case !same:
		return p, false, len(r.lost(c, nil)) > 0
	case c.profile.Name() == "" && r.inherited(c, p):
		return p, false, false
	}
	forgotten, known := r.isForgotten(c, p)
	if forgotten && !known {
		p, same = nil, false
	}
	return p, same, forgotten
}

// inherited reports whether a row leads to p by nothing but what somebody had who was
// forgotten. One without a name is of p, who may have come back, and nothing else in it is.
func (r *registration) inherited(c *Checked, p *person) bool {
	own := func(i Identifier) bool { return r.owners[i] == p && !r.forgotten[i] }
	return len(r.forgotten) > 0 && !slices.ContainsFunc(c.told(), own)
}

// lost is what a row of an import says that was somebody's who was forgotten, and is not p's,
// who it surely is (nil: nobody). Where p has another of it, they came back, and have again
// what nobody has. What may have become another person's counts in rows that say nothing new.
func (r *registration) lost(c *Checked, p *person) (lost []Identifier) {
	if len(r.forgotten) == 0 {
		return nil
	}
	fresh := false
	for _, i := range c.told() {
		switch {
		case r.forgotten[i] && (p == nil || r.owners[i] != p):
			lost = append(lost, i)
		case r.owners[i] == nil:
			fresh = fresh || !i.reusable()
		case r.owners[i] == p && r.forgotten[i] && !i.reusable():
			return nil
		}
	}
	return slices.DeleteFunc(lost, func(i Identifier) bool { return fresh && i.reusable() })
}

// isForgotten reports whether a row of an import that match takes for p's is of somebody
// forgotten. The surest of what it says decides whose it is: p's, or of who lost it. What
// another has now is passed over where p is called all that the row is. Of an agreeing name
// only an outside id is surer. A row that is p's is refused all the same where a file made p,
// without a name: it may name them as who was forgotten. known reports whether one of
// somebody forgotten is p's all the same.
func (r *registration) isForgotten(c *Checked, p *person) (is, known bool) {
	lost := r.lost(c, p)
	if len(lost) == 0 {
		return false, false
	}
	agrees, called := agree(&p.Customer, &c.profile), calledAll(&p.Customer, &c.profile)
	for _, i := range c.told() {
		known = agrees && i.Kind != External || r.owners[i] == p && !r.forgotten[i]
		if known || (r.owners[i] == nil || !called) && slices.Contains(lost, i) {
			break
		}
	}
	return !known || p.Origin != 0 && p.Name() == "", known
}

// anyForgotten reports whether something in the lists was somebody's who is forgotten. A
// name may be many people's.
func (r *registration) anyForgotten(lists ...[]Identifier) bool {
	return slices.ContainsFunc(slices.Concat(lists...), func(i Identifier) bool { return r.forgotten[i] && !isName(i) })
}
