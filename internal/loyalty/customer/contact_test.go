package customer_test

import (
	"context"
	"errors"
	"testing"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/errs"
	"regulars/internal/loyalty/customer"
)

// A phone that looks made up is suspect from its registration on, with who registered
// it where; a person's word goes before that, and the contact still finds its profile.
func TestContacts(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d)
		ctx := t.Context()
		fake, good, test := phone("+998907777777"), phone("+998901234507"), email("test@mail.ru")
		list := register(t, d, s,
			customer.New{FirstName: "Anna", Source: "till", By: 7, HomeStore: 3, Identifiers: []customer.Identifier{fake, test}},
			customer.New{FirstName: "Olim", Source: "till", By: 7, HomeStore: 3, Identifiers: []customer.Identifier{good, card("7777777")}})
		is := func(i customer.Identifier, want customer.Quality, reason string) {
			t.Helper()
			known, err := s.Contacts(ctx, []customer.Identifier{i})
			if got := known[i]; err != nil || got.Quality != want || got.Reason != reason {
				t.Errorf("%s: %+v, %v", i, got, err)
			}
		}
		is(fake, customer.Suspect, customer.MadeUp)
		is(test, customer.Suspect, customer.MadeUp)
		is(good, "", "")
		is(card("7777777"), "", "")
		count := func(want int64) {
			t.Helper()
			got, err := s.Suspects(ctx, nil, now().AddDate(0, 0, -1), now().AddDate(0, 0, 1))
			if err != nil || want == 0 && len(got) > 0 || want > 0 && (len(got) != 1 || got[0] != customer.SuspectCount{Store: 3, Staff: 7, Count: want}) {
				t.Errorf("%+v, %v", got, err)
			}
		}
		count(2)
		judge := func(who customer.ID, i customer.Identifier, q customer.Quality, reason string) error {
			return d.Write(ctx, func(ctx context.Context, tx *db.Tx) error { return s.JudgeTx(ctx, tx, who, i, q, reason, 1) })
		}
		anna := list[0].ID
		if err := judge(anna, fake, customer.Verified, "she answered"); err != nil {
			t.Fatal(err)
		}
		is(fake, customer.Verified, "she answered")
		count(1)
		// Who says that it is made up has not registered it.
		if err := judge(anna, fake, customer.Suspect, "nobody knows it"); err != nil {
			t.Fatal(err)
		}
		count(2)
		if known, err := s.Contacts(ctx, []customer.Identifier{fake}); err != nil || known[fake].Staff != 7 || known[fake].Judge != 1 || known[fake].Store != 3 {
			t.Errorf("registered and judged by %+v, %v", known[fake], err)
		}
		if err := judge(anna, fake, customer.Verified, "she answered again"); err != nil {
			t.Fatal(err)
		}
		if err := judge(anna, fake, customer.Retired, ""); errs.KindOf(err) != errs.Invalid {
			t.Errorf("without a reason: %v", err)
		}
		if err := judge(anna, good, customer.Retired, "x"); !errors.Is(err, customer.ErrIdentifierMissing) {
			t.Errorf("somebody else's: %v", err)
		}
		if err := judge(list[1].ID, card("7777777"), customer.Retired, "x"); !errors.Is(err, customer.ErrContact) {
			t.Errorf("of a card: %v", err)
		}
		if err := judge(anna, fake, customer.Retired, "nobody answers"); err != nil {
			t.Fatal(err)
		}
		if c, err := s.Find(ctx, fake); err != nil || c.ID != anna {
			t.Errorf("a retired phone finds %v, %v", c, err)
		}
		if err := judge(anna, fake, customer.Unknown, ""); err != nil {
			t.Fatal(err)
		}
		is(fake, "", "")
		write(t, d, func(ctx context.Context, tx *db.Tx) error {
			_, err := s.EraseTx(ctx, tx, anna)
			return err
		})
		is(test, "", "")
		count(0)
	})
}
