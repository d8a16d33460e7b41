package customer_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/errs"
	"regulars/internal/base/id"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
)

var start = time.Date(2026, 3, 8, 12, 0, 0, 0, time.UTC)

func now() time.Time { return start }

// nodes gives every service of the tests a node number of its own.
var nodes atomic.Int64

func newService(d *db.DB) *customer.Service {
	mint := id.NewMinter(now, int(nodes.Add(1))%id.Nodes, 0)
	return customer.NewService(d, mint, now, "UZ", nil, catalog.New(d, mint, now))
}

func phone(raw string) customer.Identifier {
	return customer.Identifier{Kind: customer.Phone, Value: raw}
}
func card(raw string) customer.Identifier {
	return customer.Identifier{Kind: customer.Card, Value: raw}
}
func email(raw string) customer.Identifier {
	return customer.Identifier{Kind: customer.Email, Value: raw}
}
func outside(raw string) customer.Identifier {
	return customer.Identifier{Kind: customer.External, Value: raw}
}

func ptr[T any](v T) *T { return &v }

func write(t testing.TB, d *db.DB, fn func(ctx context.Context, tx *db.Tx) error) {
	t.Helper()
	if err := d.Write(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

// register registers customers in one call.
func register(t testing.TB, d *db.DB, s *customer.Service, list ...customer.New) (results []customer.Result) {
	t.Helper()
	checked := make([]customer.Checked, len(list))
	for i, n := range list {
		var err error
		if checked[i], err = s.Check(n); err != nil {
			t.Fatal(err)
		}
	}
	write(t, d, func(ctx context.Context, tx *db.Tx) (err error) {
		results, err = s.RegisterAllTx(ctx, tx, checked)
		return err
	})
	return results
}

func get(t *testing.T, s *customer.Service, id customer.ID) customer.Customer {
	t.Helper()
	c, err := s.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// events are the kinds and bodies of all events of single customers, in order.
// They are read past the log, which waits for transactions of other tests on the
// same server.
func events(t *testing.T, d *db.DB) (list []string) {
	t.Helper()
	rows, err := d.Query(t.Context(), `SELECT kind, body, customer_id, ref FROM events WHERE customer_id IS NOT NULL ORDER BY id`)
	err = db.Scan(rows, err, func(r *db.Rows) error {
		var (
			kind, body string
			who, ref   int64
		)
		err := r.Scan(&kind, &body, &who, &ref)
		if ref != who {
			t.Errorf("%s is of %d and about %d", kind, who, ref)
		}
		list = append(list, kind+" "+body)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// pointers of the fields that an error names.
func pointers(err error) (list []string) {
	for _, f := range errs.Of(err).Fields {
		list = append(list, f.Pointer)
	}
	return list
}

func TestRegister(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d)
		var who customer.ID
		write(t, d, func(ctx context.Context, tx *db.Tx) error {
			id, created, err := s.RegisterTx(ctx, tx, customer.New{
				FirstName: " Анна ", LastName: "Каренина", MiddleName: "Аркадьевна", Sex: customer.Female, Born: "1990-12-31", City: "Москва",
				Language: "RU", Note: "likes\n  tea ", Attributes: customer.Attributes{"size": "42", "vip": true, "children": json.Number("2")},
				HomeStore: 5, Source: "till",
				Identifiers: []customer.Identifier{phone("90 123 45 67"), email("Anna@Example.com"), card("2900 0001"), phone("+998901234567")},
				Consents:    []customer.Consent{{Channel: customer.ChannelSMS, Purpose: customer.Marketing, Given: true, Staff: 3, Wording: "v1", Proof: "form 1"}},
			})
			if !created {
				t.Error("nobody was created")
			}
			who = id
			return err
		})
		want := customer.Customer{
			ID: who, State: customer.StateActive, FirstName: "Анна", LastName: "Каренина", MiddleName: "Аркадьевна", Sex: customer.Female,
			Born: "1990-12-31", City: "Москва", Language: "ru", Source: "till", Note: "likes\ntea", HomeStore: 5, RegisteredAt: start,
			Attributes:  customer.Attributes{"size": "42", "vip": true, "children": json.Number("2")},
			Identifiers: []customer.Identifier{phone("+998901234567"), card("29000001"), email("anna@example.com")},
		}
		if diff := cmp.Diff(want, get(t, s, who)); diff != "" {
			t.Errorf("customer (-want +got):\n%s", diff)
		}
		for _, i := range want.Identifiers {
			if c, err := s.Find(t.Context(), i); err != nil || c.ID != who {
				t.Errorf("Find(%s) = %v, %v", i, c, err)
			}
		}
		history, err := s.Consents(t.Context(), who)
		if err != nil || len(history) != 1 || !history[0].Given || history[0].Source != "till" || !history[0].At.Equal(start) || history[0].Staff != 3 || history[0].Proof != "form 1" {
			t.Errorf("consents %+v, %v", history, err)
		}
		if got, want := events(t, d), []string{`customer.registered {"source":"till","store":"5"}`}; !slices.Equal(got, want) {
			t.Errorf("events %q, want %q", got, want)
		}
	})
}

func TestRegisterRefuses(t *testing.T) {
	t.Parallel()
	s := customer.NewService(nil, nil, now, "UZ", nil, nil)
	many := customer.Attributes{}
	for i := range 65 {
		many[fmt.Sprint(i)] = true
	}
	tests := map[string]struct {
		in   customer.New
		want []string
	}{
		"nothing": {customer.New{City: "Москва"}, []string{"/identifiers"}},
		"identifiers": {customer.New{Identifiers: []customer.Identifier{phone("901234567"), phone("12"), email("x"), {Kind: "fax"}}},
			[]string{"/identifiers/1/value", "/identifiers/2/value", "/identifiers/3/value"}},
		"long": {customer.New{FirstName: strings.Repeat("я", 101), LastName: strings.Repeat("я", 101), City: strings.Repeat("я", 101), Note: strings.Repeat("я", 2001), Source: strings.Repeat("я", 65)},
			[]string{"/first_name", "/last_name", "/city", "/source", "/note"}},
		"values":           {customer.New{FirstName: "A", Sex: "x", Born: "31.12.1990", Language: "!"}, []string{"/sex", "/born", "/language"}},
		"born tomorrow":    {customer.New{FirstName: "A", Born: "2026-03-10"}, []string{"/born"}},
		"born long ago":    {customer.New{FirstName: "A", Born: "1899-12-31"}, []string{"/born"}},
		"no such day":      {customer.New{FirstName: "A", Born: "--02-30"}, []string{"/born"}},
		"registered later": {customer.New{FirstName: "A", RegisteredAt: start.Add(48 * time.Hour)}, []string{"/registered_at"}},
		"consent":          {customer.New{FirstName: "A", Consents: []customer.Consent{{Channel: "fax", Purpose: "fun", At: start.Add(48 * time.Hour)}}}, []string{"/consents/0/channel", "/consents/0/purpose", "/consents/0/at", "/consents/0/source"}},
		"attributes": {customer.New{FirstName: "A", Attributes: customer.Attributes{"a": nil, "b/c": []any{1}, "d": strings.Repeat("x", 1001), " e": true, "f": json.Number("1e999"), "g": json.Number("inf")}},
			[]string{"/attributes", "/attributes/a", "/attributes/b~1c", "/attributes/d", "/attributes/f", "/attributes/g"}},
		"attributes, many":   {customer.New{FirstName: "A", Attributes: many}, []string{"/attributes"}},
		"identifiers, many":  {customer.New{Identifiers: make([]customer.Identifier, 33)}, []string{"/identifiers", "/identifiers"}},
		"leap day, no year":  {customer.New{FirstName: "A", Born: "--02-29"}, nil},
		"leap day, no leap":  {customer.New{FirstName: "A", Born: "1990-02-29"}, []string{"/born"}},
		"name only":          {customer.New{LastName: "A"}, nil},
		"registered in past": {customer.New{FirstName: "A", RegisteredAt: start.AddDate(-10, 0, 0)}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := s.Check(tt.in)
			if got := pointers(err); !slices.Equal(got, tt.want) || (err == nil) != (tt.want == nil) {
				t.Errorf("fields %v, want %v (%v)", got, tt.want, err)
			}
		})
	}
}

// Of people to whom a system gave ids of their own, each stays one who share a phone,
// unless the full name says that two systems mean one; who share a card, which is an
// account, where their names contradict each other.
func TestIDsTellPeopleApart(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d)
		n := 0
		for _, kind := range []customer.Kind{customer.Card, customer.Phone, customer.Telegram} {
			for _, tt := range []struct {
				first, second   customer.New
				byCard, byPhone bool // apart
			}{
				{customer.New{FirstName: "Анна"}, customer.New{FirstName: "Пётр"}, true, true},
				{customer.New{FirstName: "Анна"}, customer.New{}, false, true},
				{customer.New{}, customer.New{FirstName: "Анна"}, false, true},
				{customer.New{}, customer.New{}, false, true},
				{customer.New{FirstName: "Анна"}, customer.New{FirstName: "Анна"}, false, true},
				{customer.New{FirstName: "Анна", Born: "1990-12-31"}, customer.New{FirstName: "Анна", Born: "1960-01-01"}, true, true},
				{customer.New{FirstName: "Анна", LastName: "Каренина"}, customer.New{FirstName: "Каренина", LastName: "Анна"}, false, false},
				{customer.New{FirstName: "Анна", Born: "1990-12-31"}, customer.New{FirstName: "Анна", Born: "1990-12-31"}, false, false},
			} {
				apart := tt.byCard
				if kind == customer.Phone {
					apart = tt.byPhone
				}
				n++
				a, b := tt.first, tt.second
				a.Origin, b.Origin = 9, 9
				shared := customer.Identifier{Kind: kind, Value: fmt.Sprint(901234500 + n)}
				a.Identifiers, b.Identifiers = []customer.Identifier{outside(fmt.Sprint("a", n)), shared}, []customer.Identifier{outside(fmt.Sprint("b", n)), shared}
				res := register(t, d, s, a, b)
				if res[1].Created != apart || (len(res[1].Taken) == 1) != apart {
					t.Errorf("%s, %v and %v: the second is %+v", kind, tt.first, tt.second, res[1])
				}
			}
		}
	})
}

// Whom rows of an import are taken for does not depend on what comes in one call.
func TestCallsTellPeopleApartAlike(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d)
		rnd := rand.New(rand.NewPCG(1, 2))
		pick := func(of ...string) string { return of[rnd.IntN(len(of))] }
		for world := range 150 {
			var rows []customer.New
			// In every other world few people meet often, in the rest many in many ways.
			few := world%2 == 0
			some := func(of ...string) string {
				if few {
					return ""
				}
				return pick(of...)
			}
			for len(rows) < 3+world%4 {
				n := customer.New{Origin: 9, FirstName: pick("", "Анна", "Пётр"), LastName: some("", "", "Каренина"), Born: some("", "", "1990-12-31", "1960-01-01")}
				for kind, value := range map[customer.Kind]string{
					customer.External: pick("1", "2", some("", "3")), customer.Card: pick("", "4", some("", "5")), customer.Phone: some("", "", "6", "7"), customer.Email: some("", "", "", "8"),
				} {
					if value != "" {
						n.Identifiers = append(n.Identifiers, customer.Identifier{Kind: kind, Value: value})
					}
				}
				if len(n.Identifiers) > 0 {
					rows = append(rows, n)
				}
			}
			// The same rows in three worlds: one call, one call for each, and two.
			var told [3][]string
			for way := range told {
				var results []customer.Result
				own := func(in customer.New) customer.New {
					in.Identifiers = slices.Clone(in.Identifiers)
					for k := range in.Identifiers {
						i := &in.Identifiers[k]
						of := fmt.Sprintf("%04d%d%s", world, way, i.Value)
						switch i.Kind {
						case customer.Phone:
							i.Value = "+99890" + fmt.Sprintf("%07s", of)
						case customer.Email:
							i.Value = of + "@example.com"
						default:
							i.Value = of
						}
					}
					return in
				}
				switch cut := world / 2 % len(rows); way {
				case 0:
					results = register(t, d, s, mapped(rows, own)...)
				case 1:
					for _, n := range rows {
						results = append(results, register(t, d, s, own(n))...)
					}
				case 2:
					results = append(register(t, d, s, mapped(rows[:cut], own)...), register(t, d, s, mapped(rows[cut:], own)...)...)
				}
				of := map[customer.ID]int{}
				for i, res := range results {
					if _, ok := of[res.ID]; !ok {
						of[res.ID] = i
					}
					told[way] = append(told[way], fmt.Sprintf("row %d is row %d, new %v, filled %v, kept %v, %d taken", i, of[res.ID], res.Created, res.Filled, res.Kept, len(res.Taken)))
				}
			}
			for way, is := range told[1:] {
				if diff := cmp.Diff(told[0], is); diff != "" {
					t.Fatalf("world %d, %+v: one call and way %d:\n%s", world, rows, way+1, diff)
				}
			}
		}
	})
}

func mapped[A, B any](list []A, f func(A) B) (out []B) {
	for _, a := range list {
		out = append(out, f(a))
	}
	return out
}

// A word on all channels ends what was said of one before; one of a channel that
// follows stands beside it.
func TestCurrentConsents(t *testing.T) {
	t.Parallel()
	said := func(hour int, channel customer.Channel, purpose customer.Purpose, given bool) customer.Consent {
		return customer.Consent{ID: int64(hour), Channel: channel, Purpose: purpose, Given: given, At: time.Date(2026, 1, 1, hour, 0, 0, 0, time.UTC)}
	}
	sms, mail := said(1, customer.ChannelSMS, customer.Marketing, true), said(2, customer.ChannelEmail, customer.Profiling, true)
	never, again := said(3, customer.ChannelAny, customer.Marketing, false), said(4, customer.ChannelSMS, customer.Marketing, true)
	for _, tt := range []struct{ history, holds []customer.Consent }{
		{[]customer.Consent{sms, mail}, []customer.Consent{mail, sms}},
		{[]customer.Consent{sms, mail, never}, []customer.Consent{never, mail}},
		{[]customer.Consent{sms, never, again}, []customer.Consent{again, never}},
	} {
		if diff := cmp.Diff(tt.holds, customer.Current(tt.history)); diff != "" {
			t.Error(diff)
		}
	}
}

// What becomes of somebody whom an import brings and who is known already, or
// seems to be; of who registers at a till, known_test.go tells.
func TestRegisterAgain(t *testing.T) {
	t.Parallel()
	anna := customer.New{FirstName: "Анна", LastName: "Каренина", Born: "1990-12-31", Source: "till",
		Identifiers: []customer.Identifier{phone("901234567"), card("1111"), email("anna@example.com")}}
	tests := map[string]struct {
		in      customer.New
		created bool
		filled  []string
		kept    []string
		taken   int
		// what the profile that was meant says afterwards
		first, last, born, city string
		identifiers             int
	}{
		"the same": {in: anna, first: "Анна", last: "Каренина", born: "1990-12-31", identifiers: 3},
		"by phone, more is known": {
			in:     customer.New{City: "Москва", Sex: customer.Female, Identifiers: []customer.Identifier{phone("+998901234567"), card("2222")}},
			filled: []string{"sex", "city", "identifiers"}, first: "Анна", last: "Каренина", born: "1990-12-31", city: "Москва", identifiers: 4,
		},
		"blanks overwrite nothing": {
			in:    customer.New{Identifiers: []customer.Identifier{card("1111")}},
			first: "Анна", last: "Каренина", born: "1990-12-31", identifiers: 3,
		},
		"names the wrong way round": {
			in:     customer.New{FirstName: "КАРЕНИНА", LastName: "анна", Identifiers: []customer.Identifier{phone("901234567"), card("2222")}},
			filled: []string{"identifiers"},
			first:  "Анна", last: "Каренина", born: "1990-12-31", identifiers: 4,
		},
		"the whole name in one field": {
			in:   customer.New{FirstName: "Каренина Анна Аркадьевна", Identifiers: []customer.Identifier{phone("901234567")}},
			kept: []string{"first_name"}, first: "Анна", last: "Каренина", born: "1990-12-31", identifiers: 3,
		},
		"phone of another name": {
			in:   customer.New{FirstName: "Алексей", LastName: "Каренин", City: "Москва", Identifiers: []customer.Identifier{phone("901234567")}},
			kept: []string{"first_name", "last_name"}, first: "Анна", last: "Каренина", born: "1990-12-31", identifiers: 3,
		},
		"phone of another name, card of their own": {
			in:      customer.New{FirstName: "Алексей", LastName: "Каренин", Identifiers: []customer.Identifier{phone("901234567"), card("2222")}},
			created: true, taken: 1, first: "Алексей", last: "Каренин", identifiers: 1,
		},
		"phone of another birthday, id of their own": {
			in:      customer.New{FirstName: "Анна", Born: "1960-01-01", Identifiers: []customer.Identifier{phone("901234567"), outside("77")}},
			created: true, taken: 1, first: "Анна", born: "1960-01-01", identifiers: 1,
		},
		"birthday without its year": {
			in:   customer.New{Born: "--12-31", Identifiers: []customer.Identifier{phone("901234567")}},
			kept: []string{"born"}, first: "Анна", last: "Каренина", born: "1990-12-31", identifiers: 3,
		},
		"card of another id": { // of the same name: two systems may know one person
			in:     customer.New{FirstName: "Анна", LastName: "Каренина", Identifiers: []customer.Identifier{card("1111"), outside("78")}},
			filled: []string{"identifiers"}, first: "Анна", last: "Каренина", born: "1990-12-31", identifiers: 4,
		},
		"card of another name": { // a card is one person's
			in:   customer.New{FirstName: "Алексей", City: "Москва", Identifiers: []customer.Identifier{card("1111"), phone("911234567")}},
			kept: []string{"first_name"}, filled: []string{"city", "identifiers"},
			first: "Анна", last: "Каренина", born: "1990-12-31", city: "Москва", identifiers: 4,
		},
		"e-mail alone": {
			in:     customer.New{FirstName: "Анна", City: "Москва", Identifiers: []customer.Identifier{email("anna@example.com")}},
			filled: []string{"city"}, first: "Анна", last: "Каренина", born: "1990-12-31", city: "Москва", identifiers: 3,
		},
		"e-mail with a phone of their own": { // it is only a hint
			in:      customer.New{FirstName: "Анна", LastName: "Каренина", Identifiers: []customer.Identifier{email("anna@example.com"), phone("911234567")}},
			created: true, taken: 1, first: "Анна", last: "Каренина", identifiers: 1,
		},
		"unknown": {
			in:      customer.New{FirstName: "Анна", LastName: "Каренина", Identifiers: []customer.Identifier{phone("911234567")}},
			created: true, first: "Анна", last: "Каренина", identifiers: 1,
		},
		"name only": { // names are no identifiers
			in:      customer.New{FirstName: "Анна", LastName: "Каренина"},
			created: true, first: "Анна", last: "Каренина",
		},
	}
	// In one call with the first registration, and in a later one.
	for _, together := range []bool{true, false} {
		t.Run(fmt.Sprintf("together=%v", together), func(t *testing.T) {
			t.Parallel()
			dbtest.Run(t, func(t *testing.T, d *db.DB) {
				s := newService(d)
				n := 0
				for name, tt := range tests {
					// Every case has phones, cards and addresses of its own.
					n++
					own := func(in customer.New) customer.New {
						in.Identifiers, in.Origin = slices.Clone(in.Identifiers), 9
						for j, i := range in.Identifiers {
							switch i.Kind {
							case customer.Phone:
								i.Value = i.Value[:len(i.Value)-2] + fmt.Sprintf("%02d", n)
							case customer.Email:
								i.Value = fmt.Sprint(n) + i.Value
							default:
								i.Value += fmt.Sprintf("%02d", n)
							}
							in.Identifiers[j] = i
						}
						return in
					}
					var res []customer.Result
					if together {
						res = register(t, d, s, own(anna), own(tt.in))
					} else {
						res = append(register(t, d, s, own(anna)), register(t, d, s, own(tt.in))...)
					}
					got := res[1]
					if got.Created != tt.created || (got.ID != res[0].ID) != tt.created || !slices.Equal(got.Filled, tt.filled) || !slices.Equal(got.Kept, tt.kept) || len(got.Taken) != tt.taken {
						t.Errorf("%s: %+v", name, got)
					}
					c := get(t, s, got.ID)
					if c.FirstName != tt.first || c.LastName != tt.last || c.Born != tt.born || c.City != tt.city || len(c.Identifiers) != tt.identifiers {
						t.Errorf("%s left %s %s, born %s, of %q with %v", name, c.FirstName, c.LastName, c.Born, c.City, c.Identifiers)
					}
					if first := get(t, s, res[0].ID); first.FirstName != "Анна" || first.LastName != "Каренина" || first.Born != "1990-12-31" {
						t.Errorf("%s changed the first profile", name)
					}
				}
			})
		})
	}
}

func TestRegisterAppendsEvents(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d)
		register(t, d, s,
			customer.New{FirstName: "Imported", LastName: "Person", Origin: 9, Source: "import", Identifiers: []customer.Identifier{phone("901234567")}},
			customer.New{City: "Tashkent", Origin: 9, Source: "import", Identifiers: []customer.Identifier{phone("901234567")}})
		if got := events(t, d); got != nil {
			t.Errorf("an import tells of single customers: %q", got)
		}
		for range 2 { // the second time there is nothing to change
			register(t, d, s, customer.New{FirstName: "Imported", LastName: "Person", Language: "ru", Source: "till", Identifiers: []customer.Identifier{phone("901234567"), card("1")}})
		}
		if got, want := events(t, d), []string{`customer.changed {"fields":["identifiers","language"]}`}; !slices.Equal(got, want) {
			t.Errorf("events %q, want %q", got, want)
		}
		c, err := s.Find(t.Context(), card("1"))
		if err != nil || c.Origin != 9 || c.Source != "import" || c.City != "Tashkent" || c.Language != "ru" {
			t.Errorf("customer %+v, %v", c, err)
		}
	})
}

// Whom a transaction of an import creates and changes is told by one event; where
// it does neither, by none.
func TestImportAppendsOneEvent(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d)
		anna := customer.New{FirstName: "Anna", Origin: 9, Source: "import", Identifiers: []customer.Identifier{phone("901234567")}}
		boris := customer.New{FirstName: "Boris", Origin: 9, Source: "import", Identifiers: []customer.Identifier{card("1"), phone("901234568")}}
		first := register(t, d, s, anna, boris)
		register(t, d, s, anna, boris)
		anna.Origin, boris.Origin, anna.City = 10, 10, "Tashkent"
		vera := customer.New{FirstName: "Vera", Origin: 10, Source: "import", Identifiers: []customer.Identifier{card("2")}}
		second := register(t, d, s, anna, boris, vera)
		anna.Language = "ru"
		register(t, d, s, anna)
		want := []string{
			fmt.Sprintf(`customers.imported 9 {"first":"%s","last":"%s","created":2}`, first[0].ID, first[1].ID),
			fmt.Sprintf(`customers.imported 10 {"first":"%[1]s","last":"%[1]s","created":1,"changed":["%[2]s"]}`, second[2].ID, first[0].ID),
			fmt.Sprintf(`customers.imported 10 {"changed":["%s"]}`, first[0].ID),
		}
		var got []string
		rows, err := d.Query(t.Context(), `SELECT kind, body, ref FROM events ORDER BY id`)
		if err := db.Scan(rows, err, func(r *db.Rows) error {
			var (
				kind, body string
				ref        int64
			)
			err := r.Scan(&kind, &body, &ref)
			got = append(got, fmt.Sprint(kind, " ", ref, " ", body))
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Errorf("events %q, want %q", got, want)
		}
	})
}

// An import that is loaded twice changes nothing the second time.
func TestRegisterThousandsTwice(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d)
		list := make([]customer.New, 3000)
		for i := range list {
			list[i] = customer.New{
				FirstName: "Имя", LastName: fmt.Sprint("Фамилия", i), Origin: 1, Source: "import", RegisteredAt: start.AddDate(-1, 0, 0),
				Attributes:  customer.Attributes{"row": json.Number(fmt.Sprint(i))},
				Identifiers: []customer.Identifier{phone(fmt.Sprintf("90%07d", i)), outside(fmt.Sprint(i))},
				Consents:    []customer.Consent{{Channel: customer.ChannelAny, Purpose: customer.Marketing, Given: true}},
			}
		}
		first := register(t, d, s, list...)
		second := register(t, d, s, list...)
		for i := range list {
			if !first[i].Created || second[i].Created || second[i].ID != first[i].ID || second[i].Filled != nil || second[i].Kept != nil {
				t.Fatalf("row %d: %+v, then %+v", i, first[i], second[i])
			}
		}
		for table, want := range map[string]int{"customers": 3000, "identifiers": 6000, "consents": 3000, "events": 1} {
			var n int
			if err := d.QueryRow(t.Context(), `SELECT COUNT(*) FROM `+table).Scan(&n); err != nil || n != want {
				t.Errorf("%d rows of %s, want %d, %v", n, table, want, err)
			}
		}
		all := make([]customer.Identifier, len(list))
		for i := range all {
			all[i] = outside(fmt.Sprint(i))
		}
		found, err := s.FindAll(t.Context(), append(all, phone("+998900002999"), card("unknown")))
		if err != nil || len(found) != 3001 || found[phone("+998900002999")].ID != first[2999].ID || found[all[17]].ID != first[17].ID {
			t.Errorf("%d found, %v", len(found), err)
		}
	})
}

// Registrations of one phone at the same moment give one profile; whoever
// comes second finds the first, and the card of the first is the only one.
func TestRegisterAtOnce(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		var (
			all sync.WaitGroup
			ids [8]customer.ID
		)
		for i := range ids {
			s := newService(d)
			all.Go(func() {
				err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
					id, _, err := s.RegisterTx(ctx, tx, customer.New{
						FirstName: "Анна", LastName: "Каренина", Source: "till", Identifiers: []customer.Identifier{phone("901234567"), card(fmt.Sprint(i))},
					})
					ids[i] = id
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		for _, id := range ids {
			if id != ids[0] {
				t.Errorf("ids %v", ids)
			}
		}
		s := newService(d)
		if c := get(t, s, ids[0]); len(c.Identifiers) != 2 {
			t.Errorf("identifiers %v", c.Identifiers)
		}
		var n int
		if err := d.QueryRow(t.Context(), `SELECT COUNT(*) FROM customers`).Scan(&n); err != nil || n != 1 {
			t.Errorf("%d customers, %v", n, err)
		}
	})
}

// The second of two open transactions waits for the first and finds its
// customer, and what else it did stays.
func TestRegisterFindsTheWinner(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.Postgres) // SQLite has one writer
	first, second := newService(d), newService(d)
	in := customer.New{FirstName: "Анна", Source: "till", Identifiers: []customer.Identifier{phone("901234567")}}
	registered, done := make(chan struct{}), make(chan error, 1)
	var ids [2]customer.ID
	go func() {
		<-registered
		done <- d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			if _, err := tx.Exec(ctx, `INSERT INTO settings (name, value) VALUES ('before', '1')`); err != nil {
				return err
			}
			id, created, err := second.RegisterTx(ctx, tx, in)
			if created {
				t.Error("two profiles for one phone")
			}
			ids[1] = id
			return err
		})
	}()
	write(t, d, func(ctx context.Context, tx *db.Tx) (err error) {
		ids[0], _, err = first.RegisterTx(ctx, tx, in)
		if err != nil {
			return err
		}
		close(registered)
		// Commit when the other one waits for us.
		for waiting := 0; waiting == 0; {
			row := d.QueryRow(ctx, `SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`)
			if err := row.Scan(&waiting); err != nil {
				return err
			}
		}
		return nil
	})
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if ids[0] != ids[1] || ids[0] == 0 {
		t.Errorf("ids %v", ids)
	}
	var kept string
	if err := d.QueryRow(t.Context(), `SELECT value FROM settings WHERE name = 'before'`).Scan(&kept); err != nil || kept != "1" {
		t.Errorf("what the second transaction did before is %q, %v", kept, err)
	}
}

func TestFindNobody(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d)
		_, err := s.Find(t.Context(), phone("+998901234567"))
		if !errors.Is(err, customer.ErrNotFound) || strings.Contains(err.Error(), "90123") {
			t.Errorf("Find: %v", err)
		}
		if _, err := s.Get(t.Context(), 42); !errors.Is(err, customer.ErrNotFound) {
			t.Errorf("Get: %v", err)
		}
		if list, err := s.GetAll(t.Context(), []customer.ID{1, 2}); err != nil || len(list) != 0 {
			t.Errorf("GetAll: %v, %v", list, err)
		}
	})
}

// Somebody of another name and another birthday is somebody else, even who has nothing
// but the phone or the e-mail of another, and is found again by name and birthday,
// whatever else is known by then.
func TestFamilyOnOnePhone(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d)
		for n, shared := range []customer.Identifier{phone("901234567"), email("anna@example.uz")} {
			who := func(first, last, born string, more ...customer.Identifier) customer.New {
				return customer.New{FirstName: first, LastName: last + fmt.Sprint(n), Born: born, Origin: 9, Identifiers: append(more, shared)}
			}
			family := []customer.New{who("Анна", "Ли", "1990-12-31"), who("Пётр", "Ким", "1960-01-01"), who("Мария", "Ким", ""), who("Анна", "Ли", "1961-01-01")}
			first := register(t, d, s, family...)
			for i, created := range []bool{true, true, false, false} {
				if res := first[i]; res.Created != created || (len(res.Taken) == 1) != (i == 1) {
					t.Errorf("%d: %+v", i, res)
				}
			}
			anna, petr := first[0].ID, first[1].ID
			again := func(what string, want customer.ID, in customer.New) {
				t.Helper()
				if res := register(t, d, s, in)[0]; res.Created || res.ID != want {
					t.Errorf("%s: %+v, want %d", what, res, want)
				}
			}
			again("the same", petr, family[1])
			again("the first", anna, family[0])
			again("another spelling", petr, who("петр", "КИМ", "1960-01-01"))
			again("a phone of one's own", petr, who("Пётр", "Ким", "1960-01-01", phone(fmt.Sprint("93123456", n))))
			again("and no other", petr, customer.New{FirstName: "Пётр", LastName: fmt.Sprint("Ким", n), Born: "1960-01-01", Origin: 10, Identifiers: []customer.Identifier{card(fmt.Sprint("7", n))}})
			again("an id", petr, who("Пётр", "Ким", "1960-01-01", outside(fmt.Sprint("p", n))))
			if res := register(t, d, s, who("Пётр", "Ким", "1960-01-01", outside(fmt.Sprint("q", n))))[0]; !res.Created {
				t.Errorf("a namesake with an id of his own: %+v", res)
			}
		}

		// The middle name tells namesakes apart, even of one birthday.
		names := register(t, d, s,
			customer.New{FirstName: "Olga", LastName: "Ivanova", Born: "1965-05-05", Origin: 9, Identifiers: []customer.Identifier{phone("907770001")}},
			customer.New{FirstName: "Ivan", MiddleName: "Petrovich", LastName: "Ivanov", Born: "1990-01-01", Origin: 9, Identifiers: []customer.Identifier{phone("907770001")}},
			customer.New{FirstName: "Ivan", MiddleName: "Sergeevich", LastName: "Ivanov", Born: "1990-01-01", Origin: 9, Identifiers: []customer.Identifier{phone("907770002")}})
		if !names[1].Created || !names[2].Created || names[1].ID == names[2].ID {
			t.Errorf("namesakes: %+v", names)
		}

		// Who was known by nothing but the name is found again by name and birthday.
		kid := customer.New{FirstName: "Kid", LastName: "Lee", Born: "2001-01-01", Origin: 9, Identifiers: []customer.Identifier{outside(customer.ByName("import: lee kid"))}}
		alone := register(t, d, s, kid)[0]
		kid.Identifiers = []customer.Identifier{phone("907770001")}
		if res := register(t, d, s, kid)[0]; res.Created || res.ID != alone.ID {
			t.Errorf("with a phone that is shared: %+v", res)
		}
		kid.Identifiers = []customer.Identifier{outside("K1"), phone("907770003")}
		if res := register(t, d, s, kid)[0]; res.Created || res.ID != alone.ID {
			t.Errorf("with an id: %+v", res)
		}

		// What is made of a name is nobody's to read.
		for _, id := range []customer.ID{alone.ID, names[1].ID} {
			for _, i := range get(t, s, id).Identifiers {
				if strings.HasPrefix(i.Value, "name: ") {
					t.Errorf("%d is shown with %s", id, i.Value)
				}
			}
		}
		if made := customer.Called("Kid", "Lee", "2001-01-01"); made == "" || strings.Contains(made, "lee") || strings.Contains(made, "2001") {
			t.Errorf("a name and a birthday can be read in %q", made)
		}

		// Who has something of their own is found again by it.
		two := []customer.New{
			{FirstName: "Иван", LastName: "Иванов", Born: "1980-01-01", Origin: 9, Identifiers: []customer.Identifier{phone("901112233"), email("ivan@ex.com")}},
			{FirstName: "Ева", LastName: "Петрова", Born: "1990-02-02", Origin: 9, Identifiers: []customer.Identifier{phone("901112233"), phone("905556677"), email("eva@ex.com")}},
		}
		first := register(t, d, s, two...)
		for i, res := range register(t, d, s, two...) {
			if !first[i].Created || res.Created || res.ID != first[i].ID {
				t.Errorf("%+v again is %+v", first[i], res)
			}
		}
		// So is who was known by an id first.
		with := slices.Clone(two)
		with[0] = customer.New{FirstName: "Ольга", LastName: "Сон", Born: "1970-01-01", Origin: 9, Identifiers: []customer.Identifier{outside("o1"), phone("907778899")}}
		with[1] = customer.New{FirstName: "Олег", LastName: "Сон", Born: "1971-01-01", Origin: 9, Identifiers: []customer.Identifier{outside("o2"), phone("907778899")}}
		first = register(t, d, s, with...)
		for i := range with {
			with[i].Identifiers = with[i].Identifiers[1:]
		}
		for i, res := range register(t, d, s, with[1], with[0]) {
			if want := first[1-i]; res.Created || res.ID != want.ID {
				t.Errorf("%+v without an id is %+v", want, res)
			}
		}
	})
}

func TestFindAll(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d)
		res := register(t, d, s,
			customer.New{FirstName: "A", HomeStore: 3, Identifiers: []customer.Identifier{card("1"), phone("901234567")}},
			customer.New{FirstName: "B", Identifiers: []customer.Identifier{card("2")}})
		known, err := s.FindAll(t.Context(), []customer.Identifier{card("1"), phone("+998901234567"), card("3")})
		if err != nil {
			t.Fatal(err)
		}
		want := customer.Known{ID: res[0].ID, State: customer.StateActive, HomeStore: 3}
		if diff := cmp.Diff(map[customer.Identifier]customer.Known{card("1"): want, phone("+998901234567"): want}, known); diff != "" {
			t.Errorf("known (-want +got):\n%s", diff)
		}
		if list, err := s.GetAll(t.Context(), []customer.ID{res[1].ID, 42}); err != nil || len(list) != 1 || list[0].FirstName != "B" {
			t.Errorf("profiles %v, %v", list, err)
		}
	})
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d)
		who := register(t, d, s, customer.New{FirstName: "Анна", LastName: "Каренина", Origin: 1, Attributes: customer.Attributes{"size": "42"},
			Identifiers: []customer.Identifier{card("1")}})[0].ID
		update := func(c customer.Change) (before, after customer.Customer, err error) {
			err = d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
				before, after, err = s.UpdateTx(ctx, tx, who, c)
				return err
			})
			return before, after, err
		}
		was := get(t, s, who)
		before, after, err := update(customer.Change{LastName: ptr("Вронская"), City: ptr("Рим"), Born: ptr("--05-01"), HomeStore: ptr(catalog.StoreID(4)),
			Attributes: &customer.Attributes{"size": "43", "dog": false}, FirstName: ptr("Анна")})
		want := was
		want.LastName, want.City, want.Born, want.HomeStore, want.Attributes = "Вронская", "Рим", "--05-01", 4, customer.Attributes{"size": "43", "dog": false}
		if diff := cmp.Diff(was, before); err != nil || diff != "" {
			t.Errorf("%v, before (-want +got):\n%s", err, diff)
		}
		if diff := cmp.Diff(want, after); diff != "" {
			t.Errorf("after (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(want, get(t, s, who)); diff != "" {
			t.Errorf("stored (-want +got):\n%s", diff)
		}
		if list, err := s.Search(t.Context(), "вронская", 10); err != nil || len(list) != 1 {
			t.Errorf("the new name finds %v, %v", list, err)
		}
		if list, err := s.Search(t.Context(), "каренина", 10); err != nil || len(list) != 0 {
			t.Errorf("the old name finds %v, %v", list, err)
		}
		if _, _, err := update(customer.Change{LastName: ptr(" Вронская ")}); err != nil {
			t.Errorf("a change that changes nothing: %v", err)
		}
		if _, _, err := update(customer.Change{Born: ptr("yesterday"), Sex: ptr(customer.Sex("x"))}); !slices.Equal(pointers(err), []string{"/sex", "/born"}) {
			t.Errorf("a change that is wrong: %v", err)
		}
		if got, want := events(t, d), []string{`customer.changed {"fields":["last_name","born","city","attributes","home_store"]}`}; !slices.Equal(got, want) {
			t.Errorf("events %q, want %q", got, want)
		}
		err = d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, _, err := s.UpdateTx(ctx, tx, 42, customer.Change{})
			return err
		})
		if !errors.Is(err, customer.ErrNotFound) {
			t.Errorf("a customer that does not exist: %v", err)
		}
	})
}

func TestBlock(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d)
		who := register(t, d, s, customer.New{Origin: 1, Identifiers: []customer.Identifier{card("1")}})[0].ID
		set := func(state customer.State) (before, after customer.Customer, err error) {
			err = d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
				before, after, err = s.SetStateTx(ctx, tx, who, state)
				return err
			})
			return before, after, err
		}
		for _, state := range []customer.State{customer.StateBlocked, customer.StateBlocked, customer.StateActive} {
			if _, after, err := set(state); err != nil || after.State != state || get(t, s, who).State != state {
				t.Errorf("%s: %v, %v", state, after.State, err)
			}
		}
		if got, want := events(t, d), []string{`customer.changed {"fields":["state"]}`, `customer.changed {"fields":["state"]}`}; !slices.Equal(got, want) {
			t.Errorf("events %q, want %q", got, want)
		}
		if _, _, err := set(customer.StateErased); !slices.Equal(pointers(err), []string{"/state"}) {
			t.Errorf("erasing by the way: %v", err)
		}
		if _, err := d.Exec(t.Context(), `UPDATE customers SET state = 'merged'`); err != nil {
			t.Fatal(err)
		}
		if _, _, err := set(customer.StateActive); !errors.Is(err, customer.ErrGone) {
			t.Errorf("a profile that was merged: %v", err)
		}
	})
}

func TestIdentifiers(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d)
		res := register(t, d, s,
			customer.New{Origin: 1, Identifiers: []customer.Identifier{card("1")}},
			customer.New{Origin: 1, Identifiers: []customer.Identifier{phone("901234567")}})
		who := res[0].ID
		add := func(kind customer.Kind, raw string) (i customer.Identifier, err error) {
			err = d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
				i, err = s.AddIdentifierTx(ctx, tx, who, kind, raw)
				return err
			})
			return i, err
		}
		for range 2 { // the second time it is there already
			if i, err := add(customer.Phone, "91 123 45 67"); err != nil || i != phone("+998911234567") {
				t.Errorf("added %v, %v", i, err)
			}
		}
		if _, err := add(customer.Phone, "90 123 45 67"); !errors.Is(err, customer.ErrTaken) || !slices.Equal(pointers(err), []string{"/value"}) {
			t.Errorf("somebody else's phone: %v", err)
		}
		if _, err := add(customer.Phone, "90"); !errors.Is(err, customer.ErrPhoneShort) || !slices.Equal(pointers(err), []string{"/value"}) {
			t.Errorf("half a phone: %v", err)
		}
		remove := func(i customer.Identifier) error {
			return d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error { return s.RemoveIdentifierTx(ctx, tx, who, i) })
		}
		if err := remove(card("1")); err != nil {
			t.Error(err)
		}
		for _, i := range []customer.Identifier{card("1"), phone("+998901234567")} { // gone, and somebody else's
			if err := remove(i); !errors.Is(err, customer.ErrIdentifierMissing) {
				t.Errorf("removing %s: %v", i, err)
			}
		}
		if got := get(t, s, who).Identifiers; !slices.Equal(got, []customer.Identifier{phone("+998911234567")}) {
			t.Errorf("identifiers %v", got)
		}
		for i := range 31 {
			if _, err := add(customer.External, fmt.Sprint(i)); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := add(customer.External, "one more"); !errors.Is(err, customer.ErrTooMany) {
			t.Errorf("a 33rd identifier: %v", err)
		}
		if got := events(t, d); len(got) != 33 || got[0] != `customer.changed {"fields":["identifiers"]}` {
			t.Errorf("%d events %q", len(got), got)
		}
	})
}

func TestConsents(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d)
		who := register(t, d, s, customer.New{Origin: 1, Identifiers: []customer.Identifier{card("1")}})[0].ID
		day := func(n int) time.Time { return start.AddDate(0, 0, n-30) }
		add := func(list ...customer.Consent) error {
			for i := range list {
				list[i].Purpose, list[i].Source, list[i].Wording = customer.Marketing, "till", "v1"
			}
			return d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error { return s.AddConsentsTx(ctx, tx, who, list) })
		}
		allowed := func(want ...customer.Channel) {
			t.Helper()
			history, err := s.Consents(t.Context(), who)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range []customer.Channel{customer.ChannelSMS, customer.ChannelEmail} {
				if got := customer.Allows(history, c, customer.Marketing); got != slices.Contains(want, c) {
					t.Errorf("%s is allowed: %v", c, got)
				}
				if customer.Allows(history, c, customer.Profiling) {
					t.Errorf("%s for what nobody agreed to", c)
				}
			}
		}
		allowed()
		if err := add(customer.Consent{Channel: customer.ChannelAny, Given: true, At: day(3)}); err != nil {
			t.Fatal(err)
		}
		allowed(customer.ChannelSMS, customer.ChannelEmail)
		if err := add(customer.Consent{Channel: customer.ChannelSMS, Given: false, At: day(5)}); err != nil {
			t.Fatal(err)
		}
		allowed(customer.ChannelEmail)
		// An older yes that is recorded later does not undo the no.
		if err := add(customer.Consent{Channel: customer.ChannelSMS, Given: true, At: day(4)}); err != nil {
			t.Fatal(err)
		}
		allowed(customer.ChannelEmail)
		if err := add(customer.Consent{Channel: customer.ChannelAny, Given: false, At: day(6)}, customer.Consent{Channel: customer.ChannelSMS, Given: true, At: day(7)}); err != nil {
			t.Fatal(err)
		}
		allowed(customer.ChannelSMS)

		history, err := s.Consents(t.Context(), who)
		if err != nil || len(history) != 5 {
			t.Fatalf("%d consents, %v", len(history), err)
		}
		var current []string
		for _, c := range customer.Current(history) {
			current = append(current, fmt.Sprint(c.Channel, " ", c.Given))
		}
		if want := []string{"sms true", "any false"}; !slices.Equal(current, want) {
			t.Errorf("current %v, want %v", current, want)
		}
		if err := add(customer.Consent{Channel: "fax"}); !slices.Equal(pointers(err), []string{"/consents/0/channel"}) {
			t.Errorf("a channel that does not exist: %v", err)
		}
		if got := events(t, d); len(got) != 4 || got[0] != `customer.changed {"fields":["consents"]}` {
			t.Errorf("events %q", got)
		}
	})
}

func TestList(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d)
		var all []customer.New
		for i := range 25 {
			all = append(all, customer.New{
				FirstName: fmt.Sprint(i), HomeStore: catalog.StoreID(i%2 + 1), Source: []string{"till", "import", "web"}[i%3],
				Identifiers: []customer.Identifier{card(fmt.Sprint(i))},
			})
		}
		res := register(t, d, s, all...)
		write(t, d, func(ctx context.Context, tx *db.Tx) error {
			_, _, err := s.SetStateTx(ctx, tx, res[4].ID, customer.StateBlocked)
			return err
		})
		tests := map[string]struct {
			q    customer.ListQuery
			want func(i int) bool
		}{
			"all":     {customer.ListQuery{}, func(int) bool { return true }},
			"store":   {customer.ListQuery{HomeStore: 2}, func(i int) bool { return i%2 == 1 }},
			"blocked": {customer.ListQuery{State: customer.StateBlocked}, func(i int) bool { return i == 4 }},
			"active":  {customer.ListQuery{State: customer.StateActive, HomeStore: 1}, func(i int) bool { return i != 4 && i%2 == 0 }},
			"nobody":  {customer.ListQuery{HomeStore: 9}, func(int) bool { return false }},
		}
		for name, tt := range tests {
			for _, limit := range []int{0, 1, 5} {
				var want, got []string
				for i := 24; i >= 0; i-- {
					if tt.want(i) {
						want = append(want, fmt.Sprint(i))
					}
				}
				for q := tt.q; len(got) < 50; {
					q.Limit = limit
					list, next, err := s.List(t.Context(), q)
					if err != nil {
						t.Fatal(err)
					}
					for _, c := range list {
						got = append(got, c.FirstName)
						if c.First(customer.Card) != c.FirstName {
							t.Errorf("card of %s is %s", c.FirstName, c.First(customer.Card))
						}
					}
					if q.After = next; next == 0 {
						break
					}
				}
				if !slices.Equal(got, want) {
					t.Errorf("%s by %d: %v, want %v", name, limit, got, want)
				}
			}
		}
	})
}

func TestByTailInStore(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d)
		res := register(t, d, s,
			customer.New{FirstName: "Анна", LastName: "Каренина", HomeStore: 1, Identifiers: []customer.Identifier{phone("901114567"), card("004567")}},
			customer.New{FirstName: "Stranger", HomeStore: 2, Identifiers: []customer.Identifier{phone("902224567")}},
			customer.New{FirstName: "Buyer", HomeStore: 2, Identifiers: []customer.Identifier{phone("903334567")}},
			customer.New{FirstName: "Other", HomeStore: 1, Identifiers: []customer.Identifier{phone("903334568"), outside("4567")}})
		bought := func(_ context.Context, ids []customer.ID) (map[customer.ID]bool, error) {
			if slices.Contains(ids, res[0].ID) {
				t.Error("asked about somebody who registered here")
			}
			return map[customer.ID]bool{res[2].ID: true}, nil
		}
		got, err := s.ByTailInStore(t.Context(), 1, "4567", bought)
		slices.SortFunc(got, func(a, b customer.Tail) int { return strings.Compare(b.Name, a.Name) })
		if len(got) != 2 {
			t.Fatalf("%v, %v", got, err)
		}
		want := []customer.Tail{
			{ID: res[0].ID, State: customer.StateActive, Name: "Анна К.", Masked: "•••••7", Kind: customer.Card, Home: 1, Registered: got[0].Registered},
			{ID: res[2].ID, State: customer.StateActive, Name: "Buyer", Masked: "•••••••••4567", Kind: customer.Phone, Home: 2, Registered: got[1].Registered},
		}
		for _, c := range got {
			if c.Registered.IsZero() {
				t.Errorf("%s registered never", c.Name)
			}
		}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v, tails (-want +got):\n%s", err, diff)
		}
		if got, err := s.ByTailInStore(t.Context(), 1, "14567", nil); err != nil || len(got) != 1 || got[0].Kind != customer.Phone {
			t.Errorf("five digits: %v, %v", got, err)
		}
		for _, bad := range []string{"", "567", "456x", "+4567", "45%7"} {
			if _, err := s.ByTailInStore(t.Context(), 1, bad, nil); !errors.Is(err, customer.ErrTail) {
				t.Errorf("%q: %v", bad, err)
			}
		}
		failed := errors.New("failed")
		if _, err := s.ByTailInStore(t.Context(), 1, "4567", func(context.Context, []customer.ID) (map[customer.ID]bool, error) { return nil, failed }); !errors.Is(err, failed) {
			t.Errorf("a failure of the callback: %v", err)
		}
	})
}

func TestParseAttributes(t *testing.T) {
	t.Parallel()
	a, err := customer.ParseAttributes(`{"b": 1.50, "a": "x", "c": true}`)
	if err != nil || a.String() != `{"a":"x","b":1.50,"c":true}` {
		t.Errorf("%s, %v", a, err)
	}
	for _, text := range []string{"", "{}", "  {} "} {
		if a, err := customer.ParseAttributes(text); err != nil || len(a) != 0 || a.String() != "{}" {
			t.Errorf("%q: %v, %v", text, a, err)
		}
	}
	for _, text := range []string{"[]", "1", `{"a": 1} x`, "{", `"a"`} {
		if _, err := customer.ParseAttributes(text); !slices.Equal(pointers(err), []string{"/attributes"}) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// What is read as attributes is kept and read again as the same.
func FuzzParseAttributes(f *testing.F) {
	for _, text := range []string{`{"a": 1.50, "b": "x", "c": true}`, `{}`, `{"a":1e400}`, `{"":{"a":[1]}}`, `{"a":null}`, `{"a":1,"a":2}`, "{\"\xff\":1}"} {
		f.Add(text)
	}
	s := customer.NewService(nil, nil, now, "UZ", nil, nil)
	f.Fuzz(func(t *testing.T, text string) {
		a, err := customer.ParseAttributes(text)
		if err != nil {
			return
		}
		if _, err := s.Check(customer.New{FirstName: "A", Attributes: a}); err != nil {
			return
		}
		kept := a.String()
		if again, err := customer.ParseAttributes(kept); err != nil || again.String() != kept {
			t.Fatalf("%q is kept as %q and read as %q, %v", text, kept, again, err)
		}
	})
}
