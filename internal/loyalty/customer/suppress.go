package customer

import (
	"context"
	"maps"
	"slices"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/secret"
)

// contact reports whether somebody can be written to or called by an identifier.
func (i Identifier) contact() bool { return i.Kind == Phone || i.Kind == Email || i.Kind == Telegram }

// tells reports whether an identifier tells who somebody is, not only what they are
// called.
func (i Identifier) tells() bool { return !isName(i) }

// suppression is what is kept of an identifier of somebody who was forgotten: it tells
// the identifier again when it comes. Whoever has the whole database has the key too and
// can try phones; whoever has the table alone cannot. It says "contact" of ids and cards
// too: what is kept stays true.
func (s *Service) suppression(i Identifier) string {
	return secret.Keyed(s.secret, "contact\n"+string(i.Kind)+"\n"+i.Value)
}

// suppress adds to b that people do not come back with their identifiers in files, nor
// consents with their contacts.
func (s *Service) suppress(b *db.Batch, list []Identifier, now time.Time) {
	for _, i := range list {
		if i.tells() {
			b.Exec(`INSERT INTO suppressions (hash, at) VALUES ($1, $2) ON CONFLICT DO NOTHING`, s.suppression(i), now.UnixMicro())
		}
	}
}

// suppressTx finds which identifiers of an import are of somebody who asked to be
// forgotten: an old file brings neither them nor their consents back. Here and now
// people may come back and agree again.
func (r *registration) suppressTx(ctx context.Context, tx *db.Tx) error {
	comes := func(c Checked) bool { return c.profile.Origin != 0 }
	if !slices.ContainsFunc(r.list, comes) {
		return nil
	}
	var some bool
	if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT 1 FROM suppressions)`).Scan(&some); err != nil || !some {
		return err
	}
	agrees := func(c Checked) bool {
		return comes(c) && slices.ContainsFunc(c.consents, func(c Consent) bool { return c.Given })
	}
	// Of consents the contacts of those who are known count too, and so do those that
	// another row of the set brings of the same person.
	if r.owned == nil && len(r.people) > 0 && slices.ContainsFunc(r.list, agrees) {
		ids := slices.Collect(maps.Keys(r.people))
		r.owned = make(map[ID][]Identifier, len(ids))
		var b db.Batch
		queueIdentifiers(&b, ids, r.owned)
		if err := tx.Run(ctx, &b); err != nil {
			return err
		}
		for id, p := range r.people {
			p.Identifiers = r.owned[id]
		}
	}
	of := map[string]Identifier{}
	add := func(list []Identifier) {
		for _, i := range list {
			if i.tells() {
				of[r.s.suppression(i)] = i
			}
		}
	}
	for i := range r.list {
		add(r.list[i].identifiers)
	}
	for _, p := range r.people {
		add(p.Identifiers)
	}
	if len(of) == 0 {
		return nil
	}
	r.forgotten = map[Identifier]bool{}
	rows, err := tx.Query(ctx, `SELECT hash FROM suppressions WHERE hash IN ($1...)`, db.Texts(slices.Collect(maps.Keys(of))))
	return db.Scan(rows, err, func(row *db.Rows) error {
		var hash string
		err := row.Scan(&hash)
		r.forgotten[of[hash]] = true
		return err
	})
}

// isForgotten reports whether what a row of an import says of p, whom it was matched with
// (nil: nobody), is of somebody forgotten: one of its contacts or outside ids was theirs and
// is nobody's now, or, where it has none, its card. A card alone does not excuse a row: it
// may be another's by now. Who came back has one of those again, and whoever is known here
// by something else and has a name may have got one of them since. known reports whether p
// is who the row says by more than a card.
func (r *registration) isForgotten(list []Identifier, p *person) (is, known bool) {
	sure := func(i Identifier) bool { return i.tells() && i.Kind != Card }
	none := !slices.ContainsFunc(list, sure)
	back := false
	for _, i := range list {
		is = is || r.forgotten[i] && r.owners[i] == nil && (none || sure(i))
		if p != nil && r.owners[i] == p && sure(i) {
			known, back = true, back || r.forgotten[i]
		}
	}
	bare := p != nil && p.Origin != 0 && p.FirstName+p.LastName+p.MiddleName == "" // by a file of receipts
	return is && !back && (!known || bare), known
}

// forgotContact reports whether any contact of lists was somebody's who is forgotten.
func (r *registration) forgotContact(lists ...[]Identifier) bool {
	return slices.ContainsFunc(slices.Concat(lists...), func(i Identifier) bool { return i.contact() && r.forgotten[i] })
}
