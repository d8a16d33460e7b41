package verify

import (
	"cmp"

	"regulars/internal/base/db"
)

// attachment is a row of identifiers, consents or registrations, which belongs
// to a customer.
type attachment struct{ Customer, Share int64 }

// attached reads what belongs to customers, and leaves the sums for their pass.
func (a *audit) attached() {
	a.attachments = newSpool(a, func(x, y *attachment) int { return cmp.Compare(x.Customer, y.Customer) })
	a.identifiers()
	a.contacts()
	a.consents()
	a.registrations()
}

// attach notes that a row of a checksum belongs to a customer, whose own row
// keeps the sum of 32 bits of each.
func (a *audit) attach(customer, sum int64) {
	a.attachments.add(attachment{customer, int64(uint32(sum))})
}

// attachedTo compares that sum: a row that is gone, or came by another way,
// says nothing itself.
func (a *audit) attachedTo(p *person) {
	sum := int64(0)
	for i := range p.attached {
		sum += p.attached[i].Share
	}
	if sum != p.profiles[0].Attached {
		a.off(Attached, at("customers", p.id), "attached", "the sum of its identifiers, consents and registrations", "another", "one of them is gone, was added or was changed")
	}
}

// registrations reads what tills were told of those whom they registered.
func (a *audit) registrations() {
	a.scan("registrations", func(r *db.Rows) error {
		var (
			till, customer                    int64
			created                           bool
			key, print, kept, notTaken, bonus string
		)
		if err := r.Scan(&till, &customer, &created, &key, &print, &kept, &notTaken, &bonus); err != nil {
			return err
		}
		a.sum.numbers(till, customer, bit(created))
		a.sum.texts(key, print, kept, notTaken, bonus)
		a.attach(customer, a.sum.sum())
		return nil
	}, `SELECT till_id, customer_id, created, idempotency_key, fingerprint, kept, not_taken, no_bonus FROM registrations`)
}

// consents compares what people agreed to with what was noted of it.
func (a *audit) consents() {
	a.scan("consents", func(r *db.Rows) error {
		var (
			id, customer, at, store, staff, noted, text, till                int64
			channel, purpose, source, wording, proof, hash, language, reason string
			given                                                            bool
		)
		if err := r.Scan(&id, &customer, &channel, &purpose, &given, &at, &source, &store, &staff, &wording, &proof, &noted, &text, &hash, &language, &till, &reason); err != nil {
			return err
		}
		// Rows that are older than these columns have checksums without them.
		more := text != 0 || till != 0 || hash+language+reason != ""
		a.sum.numbers(id, customer, bit(given), at, store, staff)
		if more {
			a.sum.numbers(text, till)
		}
		a.sum.texts(channel, purpose, source, wording, proof)
		if more {
			a.sum.texts(hash, language, reason)
		}
		sum := a.sum.sum()
		a.attach(customer, sum)
		if sum != noted {
			a.off(Consent, row{table: "consents", key: [2]int64{id}}, "checksum", "the one of what was said", "another", "of customer "+a.show("", customer)+", "+channel+" "+purpose)
		}
		a.agreed(id, text, purpose, language, hash)
		return nil
	}, `SELECT id, customer_id, channel, purpose, given, at, source, COALESCE(store_id, 0), COALESCE(staff_id, 0), wording, proof, checksum,
	           COALESCE(wording_id, 0), text_hash, language, COALESCE(till_id, 0), reason FROM consents`)
}

// identifiers reads what leads to customers.
func (a *audit) identifiers() {
	a.scan("identifiers", func(r *db.Rows) error {
		var (
			kind, value, tail, state string
			customer, noted          int64
		)
		if err := r.Scan(&kind, &value, &tail, &customer, &state, &noted); err != nil {
			return err
		}
		// The value is personal data, and so is what it should be.
		where := "customer_id=" + a.show("", customer) + " kind=" + kind
		say := func(c Check, column, want, got, detail string) {
			a.found(Finding{c, "identifiers", where, column, want, got, detail})
		}
		if !normal(kind, value) {
			say(Identifier, "value", "the normal form of a "+kind, "another", "")
		}
		if ending(kind, value) != tail {
			say(Identifier, "tail", "the digits of the value turned round", "something else", "")
		}
		a.sum.numbers(customer)
		a.sum.texts(kind, value)
		sum := a.sum.sum()
		a.attach(customer, sum)
		if sum != noted {
			say(Identifier, "checksum", "the one of what was written", "another", "the value was changed, or led to somebody else")
		}
		switch state {
		case "":
			say(Reference, "customer_id", "a row of customers", a.show("", customer), "there is none of that id")
		case "merged", "erased":
			say(Identifier, "customer_id", "a customer who is there", a.show("", customer), "this one was "+state)
		}
		return nil
	}, `SELECT i.kind, i.value, i.tail, i.customer_id, COALESCE(c.state, ''), i.checksum FROM identifiers i LEFT JOIN customers c ON c.id = i.customer_id`)
}

// ending is what the endings of phones and cards are searched by.
func ending(kind, value string) string {
	if kind != "phone" && kind != "card" {
		return ""
	}
	var digits []byte
	for i := len(value) - 1; i >= 0; i-- {
		if '0' <= value[i] && value[i] <= '9' {
			digits = append(digits, value[i])
		}
	}
	return string(digits)
}

// contacts compares what is known of phones and addresses with what was noted, and
// finds those that nobody has any more, or that no code confirmed though they say so.
func (a *audit) contacts() {
	a.scan("contacts", func(r *db.Rows) error {
		var (
			value, kind, state, reason           string
			since, store, staff, noted, customer int64
			judge, used                          int64
		)
		if err := r.Scan(&value, &kind, &state, &reason, &since, &store, &staff, &noted, &customer, &judge, &used); err != nil {
			return err
		}
		a.sum.numbers(since, store, staff)
		if judge != 0 { // rows that are older than this column have checksums without it
			a.sum.numbers(judge)
		}
		a.sum.texts(value, kind, state, reason)
		if a.sum.sum() != noted {
			a.found(Finding{Identifier, "contacts", "customer_id=" + a.show("", customer) + " kind=" + kind, "checksum", "the one of what was written", "another", ""})
		}
		if customer == 0 {
			a.found(Finding{Reference, "contacts", "customer_id=0 kind=" + kind, "value", "a row of identifiers", "none", "the contact is nobody's"})
		}
		if reason == "code" && judge == 0 && used == 0 {
			a.found(Finding{Identifier, "contacts", "customer_id=" + a.show("", customer) + " kind=" + kind, "since", "when a code for a phone was used", a.show("at", since), ""})
		}
		return nil
	}, `SELECT c.value, c.kind, c.state, c.reason, c.since, COALESCE(c.store_id, 0), COALESCE(c.staff_id, 0), c.checksum, COALESCE(i.customer_id, 0), COALESCE(c.judged_by, 0), COALESCE(u.used_at, 0)
	      FROM contacts c LEFT JOIN identifiers i ON i.value = c.value AND i.kind = c.kind
	      LEFT JOIN (SELECT DISTINCT used_at FROM confirmations WHERE customer_id IS NULL AND used_at IS NOT NULL) u ON u.used_at = c.since`)
}
