package customer

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
)

// Failures of merging.
var (
	ErrSame      = errs.New(errs.Invalid, "merge_same", "These are one profile already.")
	ErrNotMerged = errs.New(errs.Conflict, "not_merged", "This profile is not merged into the other any more.")
)

// Merged is what a profile got from another that was merged into it, for Unmerge to
// give back. Nothing of it is personal.
type Merged struct {
	// Filled are the fields that it lacked; of attributes "attributes/" and the key,
	// of labels "labels/" and the label.
	Filled []string `json:"filled,omitempty"`
	// Identifiers are the checksums of those that went over.
	Identifiers []string `json:"identifiers,omitempty"`
	Called      bool     `json:"called,omitempty"`   // who stays got the other's name and birthday to be known by
	Consents    []int64  `json:"consents,omitempty"` // ids of those added
	FromBlocked bool     `json:"blocked,omitempty"`  // the merged one had been
	IntoBlocked bool     `json:"barred,omitempty"`   // who stays had been
}

// Joined is what MergeTx did.
type Joined struct {
	Merged
	Is    Customer  // who stays, with the identifiers of both
	Added []Consent // to those of who stays
}

// Resolve follows merges: of some customers those who were merged, with the profile
// in which they are now.
func (s *Service) Resolve(ctx context.Context, ids []ID) (is map[ID]ID, err error) {
	defer errs.Wrap(&err, "find whom customers were merged into")
	is = map[ID]ID{}
	for next := ids; len(next) > 0; {
		into := map[ID]ID{}
		rows, err := s.db.Query(ctx, `SELECT id, merged_into FROM customers WHERE id IN ($1...) AND merged_into IS NOT NULL`, db.IDs(next))
		err = db.Scan(rows, err, func(r *db.Rows) error {
			var from, to ID
			err := r.Scan(&from, &to)
			into[from] = to
			return err
		})
		if err != nil {
			return nil, err
		}
		for from, to := range is {
			if further, ok := into[to]; ok {
				is[from] = further
			}
		}
		next = nil
		for from, to := range into {
			if slices.Contains(ids, from) && is[from] == 0 {
				is[from] = to
			}
			next = append(next, to)
		}
	}
	return is, nil
}

// Now reads the profile in which a customer is now: that of whom they were merged
// into. It fails with ErrNotFound.
func (s *Service) Now(ctx context.Context, who ID) (c Customer, err error) {
	for c.Into = who; c.Into != 0 && err == nil; {
		c, err = s.Get(ctx, c.Into)
	}
	return c, err
}

// MergedTx is one step of Resolve in a transaction: where it holds the locks of the
// customers' accounts, nobody of them is merged before it ends. Who was erased, and
// merged into nobody, is in 0.
func (s *Service) MergedTx(ctx context.Context, tx *db.Tx, ids []ID) (into map[ID]ID, err error) {
	into = map[ID]ID{}
	rows, err := tx.Query(ctx, `SELECT id, COALESCE(merged_into, 0) FROM customers WHERE id IN ($1...) AND (merged_into IS NOT NULL OR state = 'erased')`, db.IDs(ids))
	return into, db.Scan(rows, err, func(r *db.Rows) error {
		var from, to ID
		err := r.Scan(&from, &to)
		into[from] = to
		return err
	})
}

// Former has b find the profiles that were merged into some customers, by the customer,
// also through others; most have none.
func (s *Service) Former(b *db.Batch, ids []ID) (former map[ID][]ID) {
	former = map[ID][]ID{}
	b.Query(func(r *db.Rows) error {
		var into, from ID
		err := r.Scan(&into, &from)
		former[into] = append(former[into], from)
		return err
	}, `
		WITH RECURSIVE gone (is_in, id) AS (
			SELECT merged_into, id FROM customers WHERE merged_into IS NOT NULL AND merged_into IN ($1...)
			UNION ALL
			SELECT g.is_in, c.id FROM gone g JOIN customers c ON c.merged_into = g.id AND c.merged_into IS NOT NULL)
		SELECT is_in, id FROM gone`, db.IDs(ids))
	return former
}

// LockBothTx locks two profiles, in the order in which all do, before whatever else of
// them is changed, and reads them with their identifiers. It fails with ErrNotFound.
func (s *Service) LockBothTx(ctx context.Context, tx *db.Tx, x, y ID) (a, b Customer, err error) {
	found, owned := map[ID]Customer{}, map[ID][]Identifier{}
	var batch db.Batch
	batch.Query(func(r *db.Rows) error {
		c, err := scan(r)
		found[c.ID] = c
		return err
	}, `SELECT `+columns+` FROM customers c WHERE c.id IN ($1...) ORDER BY c.id
		FOR NO KEY UPDATE -- postgres`, db.IDs([]ID{x, y}))
	queueIdentifiers(&batch, []ID{x, y}, owned)
	if err = tx.Run(ctx, &batch); err != nil {
		return a, b, err
	}
	if len(found) < 2 {
		return a, b, ErrNotFound
	}
	a, b = found[x], found[y]
	a.Identifiers, b.Identifiers = owned[x], owned[y]
	return a, b, nil
}

// MergeTx has one profile go into another: the other gets its identifiers, the
// fields that it lacks itself, and of two consents the stricter, and is known by the
// name and birthday of the one, too (see calledTx). It fails with ErrSame, ErrNotFound,
// ErrGone or ErrTooMany.
func (s *Service) MergeTx(ctx context.Context, tx *db.Tx, from, into ID) (m Joined, err error) {
	defer errs.Wrap(&err, "merge the profile of customer %s into %s", from, into)
	if from == into {
		return m, ErrSame
	}
	a, b, err := s.LockBothTx(ctx, tx, from, into)
	switch {
	case err != nil:
		return m, err
	case a.State.Gone() || b.State.Gone():
		return m, ErrGone
	case len(a.Identifiers)+len(b.Identifiers) > maxIdentifiers:
		return m, ErrTooMany
	}
	m.FromBlocked, m.IntoBlocked = a.State == StateBlocked, b.State == StateBlocked
	filled := person{Customer: b}
	filled.Attributes = maps.Clone(b.Attributes)
	m.Filled, _ = filled.complete(&a)
	m.Filled = slices.DeleteFunc(m.Filled, func(f string) bool { return f == "attributes" || f == "labels" })
	for _, key := range slices.Sorted(maps.Keys(filled.Attributes)) {
		if _, had := b.Attributes[key]; !had {
			m.Filled = append(m.Filled, "attributes/"+key)
		}
	}
	for _, l := range filled.Labels {
		if !slices.Contains(b.Labels, l) {
			m.Filled = append(m.Filled, "labels/"+l)
		}
	}
	// Nobody comes around a block by being somebody else.
	if m.FromBlocked {
		filled.State = StateBlocked
	}
	if err := s.saveTx(ctx, tx, &b, &filled.Customer); err != nil {
		return m, err
	}
	gone := a
	gone.State = StateMerged
	if err := s.saveTx(ctx, tx, &a, &gone); err != nil {
		return m, err
	}
	var batch db.Batch
	batch.Guard(`UPDATE customers SET merged_into = $2 WHERE id = $1 AND merged_into IS NULL`, int64(from), int64(into))
	m.Identifiers = hand(&batch, a.Identifiers, from, into)
	if m.Called, err = s.calledTx(ctx, tx, &batch, &a, &filled.Customer); err != nil {
		return m, err
	}
	now := s.now()
	added, err := s.stricterTx(ctx, tx, from, into, now)
	if err != nil {
		return m, err
	}
	m.Is, m.Added = filled.Customer, added
	m.Is.Identifiers = slices.DeleteFunc(slices.Concat(b.Identifiers, a.Identifiers), isName)
	slices.SortFunc(m.Is.Identifiers, Identifier.compare)
	for _, c := range added {
		m.Consents = append(m.Consents, c.ID)
	}
	s.queueAdded(&batch, into, added)
	if len(a.Identifiers) > 0 {
		changed(&batch, into, now, "identifiers")
	}
	return m, tx.Run(ctx, &batch)
}

// calledTx has who stays be known by the name and birthday of who goes, too, if nobody is:
// a file in which two who are called otherwise share a phone would make the other anew.
// It is written at once; b gets what that adds to the checksum of who stays.
func (s *Service) calledTx(ctx context.Context, tx *db.Tx, b *db.Batch, a, into *Customer) (done bool, err error) {
	called := Identifier{External, Called(a.FirstName, a.LastName, a.Born)}
	if called.Value == "" || agree(a, into) || len(a.Identifiers)+len(into.Identifiers) == maxIdentifiers {
		return false, nil
	}
	n, err := tx.Exec(ctx, `INSERT INTO identifiers (kind, value, customer_id, tail, checksum) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`, called.row(into.ID)...)
	switch {
	case err != nil:
		return false, err
	case n > 0:
		attach(b, into.ID, share(called.checksum(into.ID)))
		return true, nil
	case slices.Contains(into.Identifiers, called): // by themselves, or by another merge
		alone, err := s.aloneTx(ctx, tx, a.ID, into.ID, called)
		return !alone, err
	}
	return false, nil // somebody else is
}

// aloneTx reports whether nobody of those who were merged into a profile is called so but
// from, and who was merged into them.
func (s *Service) aloneTx(ctx context.Context, tx *db.Tx, from, into ID, called Identifier) (alone bool, err error) {
	var b db.Batch
	former := s.Former(&b, []ID{from, into})
	if err := tx.Run(ctx, &b); err != nil {
		return false, err
	}
	others := slices.DeleteFunc(former[into], func(id ID) bool { return id == from || slices.Contains(former[from], id) })
	alone = true
	rows, err := tx.Query(ctx, `SELECT first_name, last_name, born FROM customers WHERE id IN ($1...)`, db.IDs(others))
	return alone, db.Scan(rows, err, func(r *db.Rows) error {
		var c Customer
		err := r.Scan(&c.FirstName, &c.LastName, &c.Born)
		alone = alone && Called(c.FirstName, c.LastName, c.Born) != called.Value
		return err
	})
}

// hand adds to b that identifiers go over, and gives their checksums as they were.
func hand(b *db.Batch, list []Identifier, from, into ID) (sums []string) {
	var left, come int64
	for _, i := range list {
		was, is := i.checksum(from), i.checksum(into)
		b.Guard(`UPDATE identifiers SET customer_id = $4, checksum = $5 WHERE value = $1 AND kind = $2 AND customer_id = $3`,
			i.Value, string(i.Kind), int64(from), int64(into), is)
		left, come = left+share(was), come+share(is)
		sums = append(sums, strconv.FormatInt(was, 10))
	}
	attach(b, from, -left)
	attach(b, into, come)
	return sums
}

// queueAdded adds to b consents of a customer.
func (s *Service) queueAdded(b *db.Batch, who ID, list []Consent) {
	if len(list) == 0 {
		return
	}
	rows, sum := make([][]any, len(list)), int64(0)
	for i := range list {
		rows[i] = list[i].row()
		sum += share(list[i].checksum())
	}
	b.Insert(consentTable, rows)
	attach(b, who, sum)
	changed(b, who, s.now(), "consents")
}

func (s *Service) consentsTx(ctx context.Context, tx *db.Tx, ids ...ID) (map[ID][]Consent, error) {
	var b db.Batch
	said := map[ID][]Consent{}
	queueConsents(&b, ids, func(c Consent) { said[c.Customer] = append(said[c.Customer], c) })
	return said, tx.Run(ctx, &b)
}

// stricterTx is what is to be added to the consents of one customer so that of
// theirs and another's the stricter holds.
func (s *Service) stricterTx(ctx context.Context, tx *db.Tx, from, into ID, now time.Time) ([]Consent, error) {
	said, err := s.consentsTx(ctx, tx, from, into)
	if err != nil {
		return nil, err
	}
	added := stricter(said[from], said[into])
	s.say(added, into, said[into], now, "merge")
	added = append(added, s.ended(said[into], added)...)
	return added, nil
}

// say makes consents the last word of a customer who has said others. The proof stays
// with the profile that gave it: the two may turn out to be two people.
func (s *Service) say(list []Consent, who ID, said []Consent, now time.Time, source string) {
	at := now.UTC().Truncate(time.Microsecond)
	for _, c := range said {
		if c.At.After(at) { // a clock ahead of ours
			at = c.At
		}
	}
	for i := range list {
		c := &list[i]
		c.ID, c.Customer, c.At, c.Source, c.Proof, c.Reason = s.mint.Next(), who, at, source, "", ""
	}
}

// lastWord is what holds for a channel and a purpose; nil: nothing was said.
func lastWord(history []Consent, ch Channel, p Purpose) (last *Consent) {
	for i := range history {
		c := &history[i]
		if c.Purpose == p && (c.Channel == ch || c.Channel == ChannelAny) && (last == nil || c.after(*last)) {
			last = c
		}
	}
	return last
}

// stricter are the consents to be added to into, so that of it and from the stricter
// holds on every channel; where only one of them said anything, that does.
func stricter(from, into []Consent) (add []Consent) {
	for _, p := range Purposes {
		anyway := (*bool)(nil) // what was added for all channels
		for _, ch := range Channels {
			theirs, own := lastWord(from, ch, p), lastWord(into, ch, p)
			want := theirs
			if theirs == nil || own != nil && theirs.Given {
				want = own
			}
			switch {
			case want == nil:
				continue
			case anyway != nil && *anyway == want.Given:
				continue
			case anyway == nil && own != nil && own.Given == want.Given:
				continue
			}
			c := *want
			c.Channel = ch
			if ch == ChannelAny {
				anyway = &c.Given
			}
			add = append(add, c)
		}
	}
	return add
}

// UnmergeTx gives a merged profile back what it brought: its identifiers that are
// still there, and the fields and consents that were not changed since are taken
// from the other. What was taken back since the merge of that id, and a block that was
// set, hold for both: nobody knows which of the two it was. It fails with ErrNotMerged.
func (s *Service) UnmergeTx(ctx context.Context, tx *db.Tx, merge int64, from, into ID, m Merged) (err error) {
	defer errs.Wrap(&err, "take the profile of customer %s out of %s", from, into)
	a, b, err := s.LockBothTx(ctx, tx, from, into)
	switch {
	case err != nil:
		return err
	case a.State != StateMerged || a.Into != into:
		return ErrNotMerged
	case b.State.Gone():
		return ErrGone
	}
	is := b
	is.empty(&a, m.Filled)
	if err := s.saveTx(ctx, tx, &b, &is); err != nil {
		return err
	}
	back := a
	back.State, back.Into = StateActive, 0
	if m.FromBlocked || b.State == StateBlocked && !m.IntoBlocked {
		back.State = StateBlocked
	}
	if err := s.saveTx(ctx, tx, &a, &back); err != nil {
		return err
	}
	var batch db.Batch
	batch.Guard(`UPDATE customers SET merged_into = NULL WHERE id = $1 AND merged_into = $2`, int64(from), int64(into))
	theirs := slices.DeleteFunc(slices.Clone(b.Identifiers), func(i Identifier) bool {
		return !slices.Contains(m.Identifiers, strconv.FormatInt(i.checksum(from), 10))
	})
	hand(&batch, theirs, into, from)
	called := Identifier{External, Called(a.FirstName, a.LastName, a.Born)}
	if m.Called && slices.Contains(b.Identifiers, called) {
		alone, err := s.aloneTx(ctx, tx, from, into, called)
		if err != nil {
			return err
		}
		if alone {
			batch.Guard(`DELETE FROM identifiers WHERE kind = $1 AND value = $2 AND customer_id = $3`, string(called.Kind), called.Value, int64(into))
			attach(&batch, into, -share(called.checksum(into)))
		}
	}
	said, err := s.consentsTx(ctx, tx, from, into)
	if err != nil {
		return err
	}
	now := s.now()
	takenBack := unsaid(said[into], m.Consents)
	s.say(takenBack, into, said[into], now, "unmerge")
	s.queueAdded(&batch, into, takenBack)
	both := stricter(withdrawn(said[into], merge, m.Consents), said[from])
	s.say(both, from, said[from], now, "unmerge")
	s.queueAdded(&batch, from, append(both, s.ended(said[from], both)...))
	if len(theirs) > 0 {
		changed(&batch, into, now, "identifiers")
	}
	return tx.Run(ctx, &batch)
}

// empty takes the fields from c that came from a, where they still say the same.
func (c *Customer) empty(a *Customer, fields []string) {
	clear := func(is *string, was string) {
		if *is == was {
			*is = ""
		}
	}
	for _, f := range fields {
		switch f {
		case "first_name":
			clear(&c.FirstName, a.FirstName)
		case "last_name":
			clear(&c.LastName, a.LastName)
		case "middle_name":
			clear(&c.MiddleName, a.MiddleName)
		case "sex":
			clear((*string)(&c.Sex), string(a.Sex))
		case "born":
			clear(&c.Born, a.Born)
		case "city":
			clear(&c.City, a.City)
		case "language":
			clear(&c.Language, a.Language)
		case "note":
			clear(&c.Note, a.Note)
		case "home_store":
			if c.HomeStore == a.HomeStore {
				c.HomeStore = 0
			}
		default:
			if l, of := strings.CutPrefix(f, "labels/"); of {
				c.Labels = slices.DeleteFunc(slices.Clone(c.Labels), func(own string) bool { return own == l })
				continue
			}
			key, of := strings.CutPrefix(f, "attributes/")
			if of && c.Attributes[key] == a.Attributes[key] {
				c.Attributes = maps.Clone(c.Attributes)
				delete(c.Attributes, key)
			}
		}
	}
}

// withdrawn are the last words of a history that take something back and were said
// since a merge, which added those of ids. What another merge brought was said before.
func withdrawn(history []Consent, merge int64, ids []int64) (list []Consent) {
	for _, c := range history {
		if !c.Given && c.ID > merge && c.Source != "merge" && !slices.Contains(ids, c.ID) && lastWord(history, c.Channel, c.Purpose).ID == c.ID {
			list = append(list, c)
		}
	}
	return list
}

// unsaid are the consents to be added so that those of a merge do not hold any more:
// where one is the last word still, what was said before it; where nothing was,
// nothing is given.
func unsaid(history []Consent, ids []int64) (add []Consent) {
	merged := func(c Consent) bool { return slices.Contains(ids, c.ID) }
	before := slices.DeleteFunc(slices.Clone(history), merged)
	for _, p := range Purposes {
		anyway := (*bool)(nil) // what was added for all channels
		for _, ch := range Channels {
			last := lastWord(history, ch, p)
			if last == nil {
				continue
			}
			want := *last
			if merged(*last) {
				if was := lastWord(before, ch, p); was != nil {
					want = *was
				} else {
					want.Given = false
				}
			}
			if holds := anyway; holds != nil && *holds == want.Given || holds == nil && last.Given == want.Given {
				continue
			}
			if want.Channel = ch; ch == ChannelAny {
				anyway = &want.Given
			}
			add = append(add, want)
		}
	}
	return add
}
