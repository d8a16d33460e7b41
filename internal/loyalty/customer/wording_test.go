package customer_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/errs"
	"regulars/internal/base/id"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
)

func offers(version int64, from time.Time, change ...func(*customer.Wording)) customer.Wording {
	w := customer.Wording{
		Code: "offers", Version: version, Purpose: customer.Marketing, Channels: []customer.Channel{customer.ChannelEmail, customer.ChannelSMS, customer.ChannelSMS},
		Name: "Offers", Texts: map[string]string{"ru": " Согласен\n", "en": "I agree"}, From: from, Offered: true,
	}
	for _, c := range change {
		c(&w)
	}
	return w
}

func publish(t *testing.T, d *db.DB, s *customer.Service, w customer.Wording) (customer.Wording, error) {
	t.Helper()
	err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
		w, err = s.PublishTx(ctx, tx, w)
		return err
	})
	return w, err
}

// Versions follow each other, and what a version says is what was written.
func TestVersionsOfWordings(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d)
		first, err := publish(t, d, s, offers(1, time.Time{}))
		if err != nil {
			t.Fatal(err)
		}
		week := now().AddDate(0, 0, 7)
		for name, tt := range map[string]struct {
			w    customer.Wording
			code string
		}{
			"again":           {offers(1, time.Time{}), "wording_version_taken"},
			"one left out":    {offers(3, time.Time{}), "wording_version_taken"},
			"another purpose": {offers(2, time.Time{}, func(w *customer.Wording) { w.Purpose = customer.Data }), "wording_other"},
			"another entity":  {offers(2, time.Time{}, func(w *customer.Wording) { w.Entity = 5 }), "wording_other"},
			"no text":         {offers(2, time.Time{}, func(w *customer.Wording) { w.Texts = nil }), "required"},
			"no channel":      {offers(2, time.Time{}, func(w *customer.Wording) { w.Channels = nil }), "no_channels"},
			"an odd channel":  {offers(2, time.Time{}, func(w *customer.Wording) { w.Channels = []customer.Channel{"fax"} }), "unknown_channel"},
			"a bad code":      {offers(2, time.Time{}, func(w *customer.Wording) { w.Code = "Оферта" }), "bad_code"},
		} {
			_, err := publish(t, d, s, tt.w)
			e := errs.Of(err)
			if err == nil || e.Code != tt.code && (len(e.Fields) == 0 || e.Fields[0].Code != tt.code) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err = publish(t, d, s, offers(2, week)); err != nil {
			t.Fatal(err)
		}
		if _, err = publish(t, d, s, offers(3, week.AddDate(0, 0, -1))); errs.Of(err).Fields == nil {
			t.Errorf("a version before the one before it: %v", err)
		}
		all, err := s.Wordings(t.Context())
		if err != nil || len(all) != 2 {
			t.Fatal(all, err)
		}
		is := all.Find("offers", 1)
		if is.ID != first.ID || is.Texts["ru"] != "Согласен" || len(is.Channels) != 2 || is.Channels[0] != customer.ChannelSMS || !is.From.Equal(first.From) {
			t.Errorf("%+v", is)
		}
		if h := all.Holding(1, now()); len(h) != 1 || h[0].Version != 1 {
			t.Errorf("holds now: %+v", h)
		}
		if h := all.Holding(1, week); len(h) != 1 || h[0].Version != 2 {
			t.Errorf("holds in a week: %+v", h)
		}
		if text, in := is.Shown("uz"); text != "Согласен" || in != "ru" {
			t.Errorf("shown %q in %s", text, in)
		}
	})
}

// Where a legal entity has a wording of its own, the one of all is not asked there;
// what is not offered any more is not asked at all. Data come first.
func TestWordingsThatHold(t *testing.T) {
	t.Parallel()
	w := func(code string, p customer.Purpose, change ...func(*customer.Wording)) customer.Wording {
		return offers(1, time.Time{}, append(change, func(w *customer.Wording) { w.Code, w.Purpose = code, p })...)
	}
	all := customer.Wordings{
		w("calls", customer.Profiling, func(w *customer.Wording) { w.Offered = false }),
		w("offers", customer.Marketing), w("own", customer.Marketing, func(w *customer.Wording) { w.Entity = 7 }), w("pd", customer.Data),
	}
	for entity, want := range map[catalog.EntityID]string{1: "pd offers ", 7: "pd own "} {
		got := ""
		for _, w := range all.Holding(entity, now()) {
			got += w.Code + " "
		}
		if got != want {
			t.Errorf("of entity %d: %s", entity, got)
		}
	}
}

// What was agreed to holds until it is taken back or a newer version asks anew, and
// the answer names the consent.
func TestAllowed(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d)
		ctx := t.Context()
		who := register(t, d, s, customer.New{FirstName: "Anna", Source: "till", Identifiers: []customer.Identifier{phone("+998901234567"), email("anna@mail.ru")}})[0].ID
		say := func(list ...customer.Consent) {
			t.Helper()
			if err := d.Write(ctx, func(ctx context.Context, tx *db.Tx) error { return s.AddConsentsTx(ctx, tx, who, list) }); err != nil {
				t.Fatal(err)
			}
		}
		ask := func(ch customer.Channel, at time.Time, why customer.Why) {
			t.Helper()
			p, err := s.Allowed(ctx, who, ch, customer.Marketing, at)
			if err != nil || p.Why != why || p.OK() != (why == "") {
				t.Errorf("%s: %+v, %v, want %q", ch, p, err, why)
			}
		}
		first, err := publish(t, d, s, offers(1, time.Time{}))
		if err != nil {
			t.Fatal(err)
		}
		at := first.From
		ask(customer.ChannelSMS, at, customer.WhyNotGiven)
		say(first.Agreed("en", customer.Consent{At: at, Source: "till"})...)
		ask(customer.ChannelSMS, at, "")
		ask(customer.ChannelEmail, at, "")
		ask(customer.ChannelCall, at, customer.WhyNotGiven)
		ask(customer.ChannelSMS, at.Add(-time.Second), customer.WhyNotGiven)
		say(customer.Consent{Channel: customer.ChannelCall, Purpose: customer.Marketing, Given: true, At: at, Source: "till", Wording: "a form"},
			customer.Consent{Channel: customer.ChannelEmail, Purpose: customer.Marketing, At: at.Add(time.Second), Source: "till", Reason: "spam"})
		ask(customer.ChannelEmail, at.Add(time.Minute), customer.WhyTaken)

		week := at.AddDate(0, 0, 7)
		if _, err = publish(t, d, s, offers(2, week)); err != nil {
			t.Fatal(err)
		}
		ask(customer.ChannelSMS, week, "") // does not ask anew
		third, err := publish(t, d, s, offers(3, week.AddDate(0, 0, 7), func(w *customer.Wording) {
			w.Anew, w.Channels = true, []customer.Channel{customer.ChannelAny}
		}))
		if err != nil {
			t.Fatal(err)
		}
		ask(customer.ChannelSMS, third.From.Add(-time.Second), "")
		ask(customer.ChannelSMS, third.From, customer.WhyAnew)
		ask(customer.ChannelCall, third.From, customer.WhyAnew) // of a form in no catalogue, from before
		ask(customer.ChannelEmail, third.From, customer.WhyTaken)
		p, err := s.Allowed(ctx, who, customer.ChannelSMS, customer.Marketing, week)
		history, _ := s.Consents(ctx, who)
		if err != nil || p.Consent != history[0].ID && p.Consent != history[1].ID {
			t.Errorf("by %d of %+v, %v", p.Consent, history, err)
		}
		write(t, d, func(ctx context.Context, tx *db.Tx) error {
			return s.JudgeTx(ctx, tx, who, phone("+998901234567"), customer.Retired, "nobody answers", 1)
		})
		ask(customer.ChannelSMS, week, customer.WhyRetired)
		write(t, d, func(ctx context.Context, tx *db.Tx) error {
			return s.RemoveIdentifierTx(ctx, tx, who, phone("+998901234567"))
		})
		ask(customer.ChannelSMS, week, customer.WhyNoContact)
		if _, err := s.Allowed(ctx, 5, customer.ChannelSMS, customer.Marketing, week); !errors.Is(err, customer.ErrNotFound) {
			t.Errorf("of nobody: %v", err)
		}
		if err := d.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
			_, _, err := s.SetStateTx(ctx, tx, who, customer.StateBlocked)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		ask(customer.ChannelSMS, week, customer.WhyGone)
	})
}

// A file that brings somebody's phone, outside id or card again after they were forgotten
// makes nobody, and brings no consents to those who came back; they themselves may agree again, and others
// are not concerned.
func TestForgottenStaySuppressed(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d)
		ctx := t.Context()
		yes := []customer.Consent{{Channel: customer.ChannelSMS, Purpose: customer.Marketing, Given: true, Wording: "v1", Source: "till"}}
		row := func(phone string, origin int64) customer.New {
			return customer.New{FirstName: "Anna", Source: "file", Origin: origin, Consents: yes, Identifiers: []customer.Identifier{{Kind: customer.Phone, Value: phone}}}
		}
		known := func(ids ...customer.Identifier) customer.New {
			return customer.New{FirstName: "Anna", Source: "file", Origin: 9, Identifiers: ids}
		}
		outside, named, other := customer.Identifier{Kind: customer.External, Value: "crm-7"}, customer.Identifier{Kind: customer.External, Value: customer.ByName("anna")}, phone("+998901234561")
		first := row("+998901234567", 0)
		first.Identifiers = append(first.Identifiers, outside, card("111"), named)
		who := register(t, d, s, first)[0].ID
		if err := d.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
			_, err := s.EraseTx(ctx, tx, who)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		for _, n := range []customer.New{known(outside), known(outside, other), known(card("111")), known(card("111"), named)} {
			if r := register(t, d, s, n)[0]; !r.Forgotten || r.ID != 0 {
				t.Errorf("%v makes them anew: %+v", n.Identifiers, r)
			}
		}
		for _, n := range []customer.New{known(named), known(card("111"), other)} {
			if r := register(t, d, s, n)[0]; r.Forgotten || !r.Created {
				t.Errorf("%v is refused: %+v", n.Identifiers, r)
			}
		}
		said := func(n customer.New, want int) {
			t.Helper()
			id := register(t, d, s, n)[0].ID
			if history, err := s.Consents(ctx, id); err != nil || len(history) != want {
				t.Errorf("%d consents, want %d, %v", len(history), want, err)
			}
		}
		if r := register(t, d, s, row("+998901234567", 9))[0]; !r.Forgotten || r.Created || r.ID != 0 {
			t.Errorf("a file makes them anew: %+v", r)
		}
		back := row("+998901234567", 0)
		back.Consents = nil
		said(back, 0)
		said(row("+998901234567", 9), 0)
		said(row("+998907654321", 9), 1)
		said(row("+998901234569", 0), 1)
		hit := 0
		rows, err := d.Query(ctx, `SELECT hash FROM suppressions`)
		if err := db.Scan(rows, err, func(r *db.Rows) error {
			var hash string
			err := r.Scan(&hash)
			if hit++; len(hash) != 64 {
				t.Errorf("hash %q", hash)
			}
			return err
		}); err != nil || hit != 3 {
			t.Errorf("%d hashes, %v", hit, err)
		}
	})
}

// A version of a legal entity that asks anew ends the unlisted texts that were agreed to
// in its stores, or in no store by customers of its stores, and no others.
func TestAskingAnewOfAnEntity(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s, shops := newService(d), catalog.New(d, id.NewMinter(now, int(nodes.Add(1))%id.Nodes, 0), now)
		var own, other catalog.Store
		write(t, d, func(ctx context.Context, tx *db.Tx) (err error) {
			if own, err = shops.CreateStoreTx(ctx, tx, catalog.NewStore{Code: "S1", Name: "One", Zone: "Asia/Tashkent"}); err != nil {
				return err
			}
			e, err := shops.CreateEntityTx(ctx, tx, catalog.Entity{Name: "Second"})
			if err != nil {
				return err
			}
			other, err = shops.CreateStoreTx(ctx, tx, catalog.NewStore{Code: "S2", Name: "Two", Zone: "Asia/Tashkent", Entity: e.ID})
			return err
		})
		if own.Entity == other.Entity {
			t.Fatal("the stores are of one entity")
		}
		at, n := now().AddDate(0, -6, 0), 0
		join := func(home, given catalog.StoreID) customer.ID {
			n++
			return register(t, d, s, customer.New{FirstName: "Anna", Source: "till", HomeStore: home, Identifiers: []customer.Identifier{phone(fmt.Sprintf("+9989012345%02d", n))},
				Consents: []customer.Consent{{Channel: customer.ChannelSMS, Purpose: customer.Marketing, Given: true, At: at, Store: given, Wording: "paper"}}})[0].ID
		}
		people := map[string]customer.ID{
			"given there": join(other.ID, own.ID), "of there, in no store": join(own.ID, 0),
			"of there, given elsewhere": join(own.ID, other.ID), "elsewhere": join(other.ID, 0), "nowhere": join(0, 0),
		}
		if _, err := publish(t, d, s, offers(1, now(), func(w *customer.Wording) { w.Anew, w.Entity = true, own.Entity })); err != nil {
			t.Fatal(err)
		}
		for name, who := range people {
			want := name != "given there" && name != "of there, in no store"
			if p := allowed(t, s, who, customer.ChannelSMS, now().Add(time.Hour)); p.OK() != want {
				t.Errorf("%s: %+v", name, p)
			}
		}
	})
}
