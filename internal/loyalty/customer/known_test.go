package customer_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/id"
	"regulars/internal/loyalty/customer"
)

func telegram(raw string) customer.Identifier {
	return customer.Identifier{Kind: customer.Telegram, Value: raw}
}

// A lost card, or a phone that one knows, is not enough to hang one's own card
// or phone onto somebody's profile: whoever registers at a till shows by name
// or birthday that it is theirs, and even then the profile gets no second
// identifier of a kind.
func TestRegistrationTakesNobodysAccount(t *testing.T) {
	t.Parallel()
	anna := customer.New{FirstName: "Анна", LastName: "Каренина", MiddleName: "Аркадьевна", Born: "1990-12-31", Source: "till",
		Identifiers: []customer.Identifier{phone("901234567"), outside("A-1")}}
	yes := []customer.Consent{{Channel: customer.ChannelAny, Purpose: customer.Marketing, Given: true, Wording: "v1"}}
	tests := map[string]struct {
		in      customer.New
		created bool
		filled  []string
		kept    []string
		left    []string
		taken   int
		allowed bool // marketing, afterwards
		city    string
		owned   int // identifiers of the profile that was found or made
	}{
		"the victim's phone, my card, no name": {
			in:   customer.New{City: "Nowhere", Consents: yes, Identifiers: []customer.Identifier{phone("901234567"), card("666")}},
			left: []string{"card", "city", "consents"}, owned: 2,
		},
		"the victim's phone, first name only": {
			in:   customer.New{FirstName: "Анна", Identifiers: []customer.Identifier{phone("901234567"), card("666")}},
			left: []string{"card"}, owned: 2,
		},
		"their phone and first name again": {
			in: customer.New{FirstName: "анна", Identifiers: []customer.Identifier{phone("901234567")}}, owned: 2,
		},
		"the victim's phone, birthday without its year": {
			in:   customer.New{Born: "--12-31", Identifiers: []customer.Identifier{phone("901234567"), card("666")}},
			left: []string{"born", "card"}, owned: 2,
		},
		"the victim's phone and birthday, no name": {
			in:   customer.New{Born: "1990-12-31", Identifiers: []customer.Identifier{phone("901234567"), card("666")}},
			left: []string{"born", "card"}, owned: 2,
		},
		"the victim's id, my phone, another name": {
			in:   customer.New{FirstName: "Wholly", LastName: "Different", Identifiers: []customer.Identifier{outside("A-1"), phone("977777777"), telegram("42")}},
			left: []string{"first_name", "last_name", "phone", "telegram"}, owned: 2,
		},
		"the victim's id and name, another birthday": {
			in:   customer.New{FirstName: "Анна", LastName: "Каренина", Born: "1970-01-01", Identifiers: []customer.Identifier{outside("A-1"), card("666")}},
			left: []string{"born", "card", "last_name"}, owned: 2,
		},
		"name and birthday of a namesake's child": {
			in:   customer.New{FirstName: "Анна", LastName: "Каренина", MiddleName: "Алексеевна", Identifiers: []customer.Identifier{outside("A-1"), card("666")}},
			left: []string{"card", "last_name", "middle_name"}, owned: 2,
		},
		"their name, folded, and what the profile lacks": {
			in:     customer.New{FirstName: "АННА", LastName: "каренина", City: "Москва", Consents: yes, Identifiers: []customer.Identifier{phone("901234567"), card("29"), telegram("42")}},
			filled: []string{"city", "identifiers"}, city: "Москва", allowed: true, owned: 4,
		},
		"their name the wrong way round": {
			in:     customer.New{FirstName: "Каренина", LastName: "Анна", Identifiers: []customer.Identifier{phone("901234567"), card("29")}},
			filled: []string{"identifiers"}, owned: 3,
		},
		"their first name and birthday": {
			in:     customer.New{FirstName: "Анна", Born: "1990-12-31", Identifiers: []customer.Identifier{outside("A-1"), card("29")}},
			filled: []string{"identifiers"}, owned: 3,
		},
		"their name and a second phone": {
			in:   customer.New{FirstName: "Анна", LastName: "Каренина", Identifiers: []customer.Identifier{outside("A-1"), phone("977777777")}},
			left: []string{"phone"}, owned: 2,
		},
		"their name and two cards": {
			in:     customer.New{FirstName: "Анна", LastName: "Каренина", Identifiers: []customer.Identifier{phone("901234567"), card("29"), card("30")}},
			filled: []string{"identifiers"}, left: []string{"card"}, owned: 3,
		},
		"a shared phone": {
			in:      customer.New{FirstName: "Алексей", LastName: "Каренин", Consents: yes, Identifiers: []customer.Identifier{phone("901234567"), card("31")}},
			created: true, taken: 1, allowed: true, owned: 1,
		},
		"taking a consent back needs no proof": {
			in: customer.New{Consents: []customer.Consent{{Channel: customer.ChannelAny, Purpose: customer.Marketing}}, Identifiers: []customer.Identifier{phone("901234567")}}, owned: 2,
		},
	}
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		for name, tt := range tests {
			s := newService(d)
			write(t, d, func(ctx context.Context, tx *db.Tx) error {
				for _, table := range []string{"consents", "identifiers", "customers"} {
					if _, err := tx.Exec(ctx, `DELETE FROM `+table); err != nil {
						return err
					}
				}
				return nil
			})
			first := register(t, d, s, anna)[0]
			told := len(events(t, d))
			tt.in.Source = "till"
			got := register(t, d, s, tt.in)[0]
			if got.Created != tt.created || (got.ID != first.ID) != tt.created || !slices.Equal(got.Filled, tt.filled) || !slices.Equal(got.Kept, tt.kept) ||
				!slices.Equal(got.Left, tt.left) || len(got.Taken) != tt.taken {
				t.Errorf("%s: %+v", name, got)
			}
			c := get(t, s, got.ID)
			if c.City != tt.city || len(c.Identifiers) != tt.owned {
				t.Errorf("%s left %q with %v", name, c.City, c.Identifiers)
			}
			for _, i := range tt.in.Identifiers {
				if owner, err := s.Find(t.Context(), i); err == nil && owner.ID == first.ID && !slices.Contains(anna.Identifiers, i) && tt.filled == nil && i.Value != "901234567" {
					t.Errorf("%s: %s leads to the victim", name, i)
				}
			}
			history, err := s.Consents(t.Context(), got.ID)
			if err != nil || customer.Allows(history, customer.ChannelSMS, customer.Marketing) != tt.allowed {
				t.Errorf("%s: consents %+v, %v", name, history, err)
			}
			if changed := len(events(t, d)) > told; changed != (tt.created || tt.filled != nil || len(history) > 0) {
				t.Errorf("%s: an event %v", name, changed)
			}
		}
	})
}

// What a registration says again of consents is written only where something
// else was said since, or another proof is given.
func TestConsentSaidAgainIsNotWrittenAgain(t *testing.T) {
	t.Parallel()
	type consent = customer.Consent
	sms := consent{Channel: customer.ChannelSMS, Purpose: customer.Marketing, Given: true, Wording: "v1", Proof: "form 1"}
	smsNo := consent{Channel: customer.ChannelSMS, Purpose: customer.Marketing}
	anyNo := consent{Channel: customer.ChannelAny, Purpose: customer.Marketing}
	with := func(change func(c *consent)) consent {
		c := sms
		change(&c)
		return c
	}
	tests := map[string]struct {
		before []consent
		now    consent
		told   bool
	}{
		"the same":               {[]consent{sms}, sms, false},
		"taken back twice":       {[]consent{sms, smsNo}, smsNo, false},
		"taken back":             {[]consent{sms}, smsNo, true},
		"given again":            {[]consent{sms, smsNo}, sms, true},
		"another wording":        {[]consent{sms}, with(func(c *consent) { c.Wording = "v2" }), true},
		"another proof":          {[]consent{sms}, with(func(c *consent) { c.Proof = "form 2" }), true},
		"another purpose":        {[]consent{sms}, with(func(c *consent) { c.Purpose = customer.Data }), true},
		"another channel":        {[]consent{sms}, with(func(c *consent) { c.Channel = customer.ChannelCall }), true},
		"all channels refused":   {[]consent{sms, anyNo}, sms, true},
		"one given since":        {[]consent{anyNo, sms}, anyNo, true},
		"refused before":         {[]consent{anyNo, sms}, sms, false},
		"another purpose denied": {[]consent{sms, {Channel: customer.ChannelAny, Purpose: customer.Profiling}}, sms, false},
	}
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		clock := start
		s := customer.NewService(d, id.NewMinter(now, int(nodes.Add(1))%id.Nodes, 0), func() time.Time { return clock }, "UZ", nil, nil)
		n := 0
		for name, tt := range tests {
			n++
			say := func(c consent) customer.Result {
				clock = clock.Add(time.Hour)
				return register(t, d, s, customer.New{
					FirstName: "Anna", LastName: "Karimova", Source: "till", Consents: []consent{c},
					Identifiers: []customer.Identifier{card(fmt.Sprint(n))},
				})[0]
			}
			for _, c := range tt.before {
				say(c)
			}
			told := len(events(t, d))
			got := say(tt.now)
			history, err := s.Consents(t.Context(), got.ID)
			if err != nil || (len(history) > len(tt.before)) != tt.told || (len(got.Consents) > 0) != tt.told || (len(events(t, d)) > told) != tt.told {
				t.Errorf("%s: %+v, consents %+v, %v", name, got, history, err)
			}
		}
	})
}

// Nobody's consent is recorded without saying what it was given to.
func TestConsentSaysWhatItWasGivenTo(t *testing.T) {
	t.Parallel()
	s := customer.NewService(nil, nil, now, "UZ", nil, nil)
	in := customer.New{FirstName: "A", Source: "till", Consents: []customer.Consent{
		{Channel: customer.ChannelAny, Purpose: customer.Data, Given: true, Wording: "v1"},
		{Channel: customer.ChannelAny, Purpose: customer.Marketing, Given: true},
		{Channel: customer.ChannelAny, Purpose: customer.Profiling},
	}}
	if _, err := s.Check(in); !slices.Equal(pointers(err), []string{"/consents/1/wording"}) {
		t.Errorf("wrong are %v", pointers(err))
	}
	in.Origin = 1
	if _, err := s.Check(in); err != nil {
		t.Errorf("an import is refused: %v", err)
	}
}

// A surname and a birthday cannot be found by trying them out: a wrong one is
// answered as if nothing were stored, and after a few tries the right one is
// too.
func TestNamesCannotBeTriedOut(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d)
		register(t, d, s, customer.New{
			FirstName: "Анна", LastName: "Каренина", Born: "1990-12-31", Identifiers: []customer.Identifier{{Kind: customer.External, Value: "A-1"}},
		})
		try := func(last string) customer.Result {
			return register(t, d, s, customer.New{FirstName: "Анна", LastName: last, Identifiers: []customer.Identifier{
				{Kind: customer.External, Value: "A-1"}, {Kind: customer.Card, Value: "666"},
			}})[0]
		}
		for i := range 8 {
			if got := try(fmt.Sprint("Фамилия", i)); got.Kept != nil || !slices.Equal(got.Left, []string{"card", "last_name"}) {
				t.Fatalf("try %d tells %+v", i, got)
			}
		}
		if got := try("Каренина"); got.Added != nil || !slices.Equal(got.Left, []string{"card", "last_name"}) {
			t.Errorf("the right one after too many tries: %+v", got)
		}
	})
}
