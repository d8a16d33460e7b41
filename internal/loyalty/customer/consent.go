package customer

import (
	"cmp"
	"context"
	"slices"
	"time"

	"regulars/internal/base/checksum"
	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/fold"
	"regulars/internal/loyalty/catalog"
)

// Channel is how a customer may be spoken to.
type Channel string

// The channels. Any stands for all of them.
const (
	ChannelSMS      Channel = "sms"
	ChannelEmail    Channel = "email"
	ChannelCall     Channel = "call"
	ChannelTelegram Channel = "telegram"
	ChannelViber    Channel = "viber"
	ChannelPush     Channel = "push"
	ChannelAny      Channel = "any"
)

// Channels lists the channels.
var Channels = []Channel{ChannelAny, ChannelSMS, ChannelCall, ChannelEmail, ChannelTelegram, ChannelViber, ChannelPush}

// Purpose is what for.
type Purpose string

// The purposes.
const (
	Marketing Purpose = "marketing" // offers
	Profiling Purpose = "profiling" // personal offers, worked out of purchases
	Data      Purpose = "data"      // keeping personal data at all
)

// Purposes lists the purposes.
var Purposes = []Purpose{Marketing, Profiling, Data}

// Consent is what a customer agreed to, or took back, and the proof of it.
type Consent struct {
	ID       int64
	Customer ID
	Channel  Channel
	Purpose  Purpose
	Given    bool // false: taken back
	At       time.Time
	Source   string          // till, admin, import, web …
	Store    catalog.StoreID // 0: none
	Till     catalog.TillID  // 0: none
	Staff    int64           // who asked; 0: nobody
	Wording  string          // which text was agreed to, and its version
	Text     WordingID       // the very version; 0: it is in no catalogue
	Hash     string          // of the text that was shown
	Language string          // in which it was shown
	Proof    string          // number of the form, id of the message …
	Reason   string          // why it was taken back
}

// Limits on consents, in characters.
const (
	maxWording = 200
	MaxProof   = 200
	MaxReason  = 500
)

// clean completes a consent and checks it.
func (c *Consent) clean(wrong *errs.List, pointer string, now time.Time) {
	if !slices.Contains(Channels, c.Channel) {
		wrong.Add(pointer+"/channel", "unknown_channel", "must be sms, email, call, telegram, viber, push or any")
	}
	if !slices.Contains(Purposes, c.Purpose) {
		wrong.Add(pointer+"/purpose", "unknown_purpose", "must be marketing, profiling or data")
	}
	if c.At.IsZero() {
		c.At = now
	}
	switch c.At = c.At.UTC().Truncate(time.Microsecond); {
	case c.At.After(now.Add(24 * time.Hour)):
		wrong.Add(pointer+"/at", "in_the_future", "lies in the future")
	case c.At.After(now): // a day ahead, or another clock: nothing is said later than it is heard
		c.At = now.UTC().Truncate(time.Microsecond)
	}
	c.Source, c.Wording, c.Proof = fold.Line(c.Source), fold.Line(c.Wording), fold.Line(c.Proof)
	c.Reason = fold.Line(c.Reason)
	if c.Source == "" {
		wrong.Add(pointer+"/source", "missing", "is missing: say where it was given")
	}
	wrong.Bound(pointer+"/source", c.Source, maxSource)
	wrong.Bound(pointer+"/wording", c.Wording, maxWording)
	wrong.Bound(pointer+"/proof", c.Proof, MaxProof)
	wrong.Bound(pointer+"/reason", c.Reason, MaxReason)
}

// explained finds out whether a consent that is given says to what.
func (c *Consent) explained(wrong *errs.List, pointer string) {
	if c.Given && c.Wording == "" {
		wrong.Add(pointer+"/wording", "missing", "is missing: say which text was agreed to, and its version")
	}
}

var consentTable = db.NewTable("consents",
	"id", "customer_id", "channel", "purpose", "given", "at", "source", "store_id", "staff_id", "wording", "proof", "checksum",
	"wording_id", "text_hash", "language", "till_id", "reason")

func (c *Consent) row() []any {
	return []any{
		c.ID, int64(c.Customer), string(c.Channel), string(c.Purpose), c.Given, c.At.UnixMicro(), c.Source,
		db.NullID(c.Store), db.NullID(c.Staff), c.Wording, c.Proof, c.checksum(),
		db.NullID(c.Text), c.Hash, c.Language, db.NullID(c.Till), c.Reason,
	}
}

// checksum leaves out what rows had no columns for that were written before these.
func (c *Consent) checksum() int64 {
	numbers := []int64{c.ID, int64(c.Customer), checksum.Bit(c.Given), c.At.UnixMicro(), int64(c.Store), c.Staff}
	texts := []string{string(c.Channel), string(c.Purpose), c.Source, c.Wording, c.Proof}
	if c.Text != 0 || c.Till != 0 || c.Hash+c.Language+c.Reason != "" {
		numbers, texts = append(numbers, int64(c.Text), int64(c.Till)), append(texts, c.Hash, c.Language, c.Reason)
	}
	return checksum.Of(numbers, texts...)
}

// queueConsents adds to b the reading of the consents of customers, each
// customer's in the order they were given.
func queueConsents(b *db.Batch, ids []ID, take func(Consent)) {
	b.Query(func(r *db.Rows) error {
		var c Consent
		err := r.Scan(&c.ID, &c.Customer, &c.Channel, &c.Purpose, &c.Given, db.Time{Dst: &c.At}, &c.Source,
			&c.Store, &c.Staff, &c.Wording, &c.Proof, &c.Text, &c.Hash, &c.Language, &c.Till, &c.Reason)
		take(c)
		return err
	}, `SELECT id, customer_id, channel, purpose, given, at, source, COALESCE(store_id, 0), COALESCE(staff_id, 0), wording, proof,
		       COALESCE(wording_id, 0), text_hash, language, COALESCE(till_id, 0), reason
	      FROM consents WHERE customer_id IN ($1...) ORDER BY customer_id, at, id`, db.IDs(ids))
}

// Consents is the history of a customer's consents, the first first. What
// holds now is Current of it.
func (s *Service) Consents(ctx context.Context, id ID) (history []Consent, err error) {
	defer errs.Wrap(&err, "read consents of customer %d", id)
	var b db.Batch
	queueConsents(&b, []ID{id}, func(c Consent) { history = append(history, c) })
	return history, s.db.Run(ctx, &b)
}

// Current is the last word on each channel and purpose of a history, the
// newest first. One on all channels ends what was said of each before.
func Current(history []Consent) []Consent {
	type key struct {
		Channel
		Purpose
	}
	last := map[key]Consent{}
	for _, c := range history {
		k := key{c.Channel, c.Purpose}
		if old, ok := last[k]; !ok || c.after(old) {
			last[k] = c
		}
	}
	list := make([]Consent, 0, len(last))
	for _, c := range last {
		if all, ok := last[key{ChannelAny, c.Purpose}]; !ok || !all.after(c) {
			list = append(list, c)
		}
	}
	slices.SortFunc(list, func(a, b Consent) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.ID, a.ID)) })
	return list
}

// NoData reports whether a history ends with somebody's data not to be kept.
func NoData(history []Consent) bool {
	last := lastWord(history, ChannelAny, Data)
	return last != nil && !last.Given
}

// after reports whether c was said after d.
func (c Consent) after(d Consent) bool {
	return cmp.Or(c.At.Compare(d.At), cmp.Compare(c.ID, d.ID)) > 0
}

// sayable is when something is said that is said now: after all that was, also by
// clocks that are ahead of ours.
func sayable(at time.Time, history []Consent) time.Time {
	for _, c := range history {
		if c.At.After(at) {
			at = c.At
		}
	}
	return at
}

// ended is what ends with said, which is to be added to a history: nobody is spoken to
// whose data may not be kept. Agreeing to that again brings nothing of it back.
func (s *Service) ended(history, said []Consent) (list []Consent) {
	all := slices.Concat(history, said)
	for _, no := range said {
		if no.Purpose != Data || no.Given || lastWord(all, no.Channel, Data).ID != no.ID {
			continue
		}
		for _, p := range Purposes {
			holds := func(c Consent) bool {
				return c.Purpose == p && c.Given && (no.Channel == ChannelAny || c.Channel == no.Channel || c.Channel == ChannelAny)
			}
			if p == Data || !slices.ContainsFunc(Current(all), holds) {
				continue
			}
			c := no
			c.ID, c.Purpose, c.Proof = s.mint.Next(), p, ""
			c.Text, c.Hash, c.Language, c.Wording = 0, "", "", ""
			list, all = append(list, c), append(all, c)
		}
	}
	return list
}

// AddConsentsTx appends to a customer's consents. A withdrawal is a consent
// that is not given; one of keeping data ends all others.
func (s *Service) AddConsentsTx(ctx context.Context, tx *db.Tx, id ID, consents []Consent) (err error) {
	defer errs.Wrap(&err, "add consents of customer %d", id)
	if len(consents) == 0 {
		return nil
	}
	now := s.now()
	var wrong errs.List
	said := slices.Clone(consents)
	for i := range said {
		said[i].clean(&wrong, pointer("/consents", i), now)
		said[i].explained(&wrong, pointer("/consents", i))
	}
	if err := wrong.Err(); err != nil {
		return err
	}
	if _, err := s.LockTx(ctx, tx, id); err != nil {
		return err
	}
	history, err := s.consentsTx(ctx, tx, id)
	if err != nil {
		return err
	}
	for i := range said {
		c := &said[i]
		if consents[i].At.IsZero() {
			c.At = sayable(c.At, history[id])
		}
		c.ID, c.Customer = s.mint.Next(), id
	}
	var b db.Batch
	s.queueAdded(&b, id, append(said, s.ended(history[id], said)...))
	return tx.Run(ctx, &b)
}
