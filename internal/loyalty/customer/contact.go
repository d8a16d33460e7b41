package customer

import (
	"context"
	"slices"
	"strings"
	"time"

	"regulars/internal/base/checksum"
	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/fold"
	"regulars/internal/loyalty/catalog"
)

// ErrContact is of what nobody is written to or called by.
var ErrContact = errs.New(errs.Invalid, "no_contact", "Only a phone, an e-mail or a Telegram account can be verified, suspect or retired.")

// Quality is whether somebody is reached by a contact. Whatever it is, the contact
// leads to its profile at the till.
type Quality string

// The qualities.
const (
	Unknown  Quality = "unknown" // nothing is known; kept as no row
	Verified Quality = "verified"
	Suspect  Quality = "suspect" // it looks made up, or was to be confirmed and is not
	Retired  Quality = "retired" // no messages go there any more
)

// Qualities lists them.
var Qualities = []Quality{Unknown, Verified, Suspect, Retired}

// Reasons that no person gave: Judge is 0.
const (
	MadeUp      = "made_up"     // suspect by how it looks
	Unconfirmed = "unconfirmed" // suspect: a till was to send a code there, and none came back
	ByCode      = "code"        // verified: a code that was sent there came back
)

// Contact is what is known of a phone or an address.
type Contact struct {
	Identifier
	Quality Quality
	Reason  string
	Since   time.Time
	Store   catalog.StoreID // where it was registered; 0: none
	Staff   int64           // who registered it; 0: nobody knows
	Judge   int64           // who said so; 0: nobody, see the reasons
}

var contactTable = db.NewTable("contacts", "value", "kind", "state", "reason", "since", "store_id", "staff_id", "checksum", "judged_by")

func (c *Contact) row() []any {
	return []any{c.Value, string(c.Kind), string(c.Quality), c.Reason, c.Since.UnixMicro(), db.NullID(c.Store), db.NullID(c.Staff), c.checksum(), db.NullID(c.Judge)}
}

// checksum leaves out what rows had no column for that were written before it.
func (c *Contact) checksum() int64 {
	numbers := []int64{c.Since.UnixMicro(), int64(c.Store), c.Staff}
	if c.Judge != 0 {
		numbers = append(numbers, c.Judge)
	}
	return checksum.Of(numbers, c.Value, string(c.Kind), string(c.Quality), c.Reason)
}

// madeUp reports whether a contact looks as if somebody had typed anything, to be
// done with the question.
func (i Identifier) madeUp() bool {
	switch i.Kind {
	case Phone:
		last := i.Value[max(0, len(i.Value)-7):]
		return strings.Count(last, last[:1]) == len(last) || strings.HasSuffix("0123456789", last) || strings.HasSuffix("1234567890", last)
	case Email:
		local, domain, _ := strings.Cut(i.Value, "@")
		return slices.Contains([]string{"test", "no", "none", "noname", "asd", "qwerty", "aaa", "net", "yoq"}, local) ||
			slices.Contains([]string{"example.com", "test.com", "test.ru", "mail.com"}, domain) && len(local) <= 3
	}
	return false
}

// suspects are the contacts of a person that look made up.
func (p *person) suspects(now time.Time) (rows [][]any) {
	for _, i := range p.added {
		if i.madeUp() {
			c := Contact{Identifier: i, Quality: Suspect, Reason: MadeUp, Since: now.UTC().Truncate(time.Microsecond), Store: p.HomeStore, Staff: p.by}
			rows = append(rows, c.row())
		}
	}
	return rows
}

// Contacts tells what is known of contacts; of most nothing is.
func (s *Service) Contacts(ctx context.Context, list []Identifier) (known map[Identifier]Contact, err error) {
	defer errs.Wrap(&err, "read what is known of contacts")
	values := make(db.Texts, len(list))
	for i := range list {
		values[i] = list[i].Value
	}
	var b db.Batch
	known = queueContacts(&b, values)
	return known, s.db.Run(ctx, &b)
}

func queueContacts(b *db.Batch, values db.Texts) map[Identifier]Contact {
	known := map[Identifier]Contact{}
	b.Query(func(r *db.Rows) error {
		var c Contact
		err := r.Scan(&c.Value, &c.Kind, &c.Quality, &c.Reason, db.Time{Dst: &c.Since}, &c.Store, &c.Staff, &c.Judge)
		known[c.Identifier] = c
		return err
	}, `SELECT value, kind, state, reason, since, COALESCE(store_id, 0), COALESCE(staff_id, 0), COALESCE(judged_by, 0)
	      FROM contacts WHERE value IN ($1...)`, values)
	return known
}

// JudgeTx says what is known of a contact of a customer, and why; Unknown forgets it.
// Who registered it where stays, for the report that counts by that.
// It fails with ErrIdentifierMissing or ErrContact.
func (s *Service) JudgeTx(ctx context.Context, tx *db.Tx, id ID, i Identifier, q Quality, reason string, by int64) (err error) {
	defer errs.Wrap(&err, "judge %s of customer %d", i, id)
	var wrong errs.List
	if reason = fold.Line(reason); reason == "" && q != Unknown {
		wrong.Add("/reason", "required", "is missing")
	}
	wrong.Bound("/reason", reason, MaxReason)
	if !slices.Contains(Qualities, q) {
		wrong.Add("/quality", "unknown_state", "must be unknown, verified, suspect or retired")
	}
	if err := wrong.Err(); err != nil {
		return err
	}
	if !i.contact() {
		return ErrContact
	}
	c, err := s.LockTx(ctx, tx, id)
	if err != nil {
		return err
	}
	if !slices.Contains(c.Identifiers, i) {
		return ErrIdentifierMissing
	}
	now := s.now().UTC().Truncate(time.Microsecond)
	// Nobody noted who registered what nothing is known of.
	is := Contact{Identifier: i, Quality: q, Reason: reason, Since: now, Store: c.HomeStore, Judge: by}
	if err := judgeTx(ctx, tx, []Contact{is}); err != nil {
		return err
	}
	var b db.Batch
	changed(&b, id, now, "contacts")
	return tx.Run(ctx, &b)
}

// judgeTx writes what is known of contacts now. Who registered one where stays.
func judgeTx(ctx context.Context, tx *db.Tx, list []Contact) error {
	values := make(db.Texts, len(list))
	for n := range list {
		values[n] = list[n].Value
	}
	var read, b db.Batch
	known := queueContacts(&read, values)
	if err := tx.Run(ctx, &read); err != nil {
		return err
	}
	var rows [][]any
	for _, is := range list {
		forget(&b, []Identifier{is.Identifier})
		if is.Quality == Unknown {
			continue
		}
		if was, before := known[is.Identifier]; before {
			is.Store, is.Staff = was.Store, was.Staff
		}
		rows = append(rows, is.row())
	}
	b.Insert(contactTable, rows)
	return tx.Run(ctx, &b)
}

// ConfirmTx notes that a code which was sent to a phone came back, in the transaction
// of the registration that it came with, in a store and by somebody of the staff. A phone
// that stayed nobody's is let be.
func (s *Service) ConfirmTx(ctx context.Context, tx *db.Tx, phone Identifier, at time.Time, store catalog.StoreID, by int64) (err error) {
	defer errs.Wrap(&err, "confirm %s", phone)
	owners, err := s.FindAllTx(ctx, tx, []Identifier{phone})
	owner, ok := owners[phone]
	if err != nil || !ok {
		return err
	}
	is := Contact{Identifier: phone, Quality: Verified, Reason: ByCode, Since: at, Store: store, Staff: by}
	if err := judgeTx(ctx, tx, []Contact{is}); err != nil {
		return err
	}
	var b db.Batch
	changed(&b, owner.ID, at, "contacts")
	return tx.Run(ctx, &b)
}

// DoubtTx notes of identifiers that a registration has just added that no code
// confirmed them though one was to be asked for.
func (s *Service) DoubtTx(ctx context.Context, tx *db.Tx, added []Identifier, at time.Time, store catalog.StoreID, by int64) (err error) {
	defer errs.Wrap(&err, "note contacts that were not confirmed")
	var list []Contact
	for _, i := range added {
		if i.contact() {
			list = append(list, Contact{Identifier: i, Quality: Suspect, Reason: Unconfirmed, Since: at, Store: store, Staff: by})
		}
	}
	if len(list) == 0 {
		return nil
	}
	return judgeTx(ctx, tx, list)
}

// forget adds to b that nothing is known of contacts any more.
func forget(b *db.Batch, list []Identifier) {
	for _, i := range list {
		if i.contact() {
			b.Exec(`DELETE FROM contacts WHERE value = $1 AND kind = $2`, i.Value, string(i.Kind))
		}
	}
}

// SuspectCount is how many suspect contacts somebody registered in a store.
type SuspectCount struct {
	Store catalog.StoreID // 0: none
	Staff int64           // 0: nobody is known
	Count int64
}

// Suspects counts the contacts that are suspect now and became so from one time to
// another, by store and by who registered them, most first. Nil stores are all.
func (s *Service) Suspects(ctx context.Context, stores []catalog.StoreID, from, to time.Time) (list []SuspectCount, err error) {
	defer errs.Wrap(&err, "count suspect contacts")
	rows, err := s.db.Query(ctx, `
		SELECT COALESCE(store_id, 0), COALESCE(staff_id, 0), COUNT(*) FROM contacts
		 WHERE state = 'suspect' AND since >= $1 AND since < $2
		 GROUP BY COALESCE(store_id, 0), COALESCE(staff_id, 0) ORDER BY COUNT(*) DESC, 1, 2`, from.UnixMicro(), to.UnixMicro())
	return list, db.Scan(rows, err, func(r *db.Rows) error {
		var c SuspectCount
		err := r.Scan(&c.Store, &c.Staff, &c.Count)
		if stores == nil || slices.Contains(stores, c.Store) {
			list = append(list, c)
		}
		return err
	})
}

// reach are the kinds of contacts that a channel reaches people by; none: it needs
// none that is kept here.
var reach = map[Channel]Kind{ChannelSMS: Phone, ChannelCall: Phone, ChannelViber: Phone, ChannelEmail: Email, ChannelTelegram: Telegram}

// reachable says why somebody is not reached by a channel; empty: they are.
func (s *Service) reachable(ctx context.Context, c *Customer, ch Channel) (Why, error) {
	kind, ok := reach[ch]
	if !ok {
		return "", nil
	}
	known, err := s.Contacts(ctx, c.Identifiers)
	why := WhyNoContact
	for _, i := range c.Identifiers {
		if i.Kind != kind {
			continue
		}
		if known[i].Quality != Retired {
			return "", err
		}
		why = WhyRetired
	}
	return why, err
}
