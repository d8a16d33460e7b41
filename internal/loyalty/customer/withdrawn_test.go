package customer_test

import (
	"context"
	"math"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/customer"
)

func sayNow(t *testing.T, d *db.DB, s *customer.Service, who customer.ID, list ...customer.Consent) {
	t.Helper()
	if err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error { return s.AddConsentsTx(ctx, tx, who, list) }); err != nil {
		t.Fatal(err)
	}
}

func allowed(t *testing.T, s *customer.Service, who customer.ID, ch customer.Channel, at time.Time) customer.Permission {
	t.Helper()
	p, err := s.Allowed(t.Context(), who, ch, customer.Marketing, at)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A consent that a newer wording ended does not live again by a merge.
func TestMergeKeepsAskedAnew(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d)
		a := register(t, d, s, customer.New{FirstName: "Anna", Source: "till", Identifiers: []customer.Identifier{phone("+998901234567")}})[0].ID
		b := register(t, d, s, customer.New{FirstName: "Anna", Source: "till", Identifiers: []customer.Identifier{phone("+998901234568")}})[0].ID
		sayNow(t, d, s, a, customer.Consent{Channel: customer.ChannelAny, Purpose: customer.Marketing, Given: true, At: now().AddDate(0, -6, 0), Source: "till", Wording: "paper 2019"})
		_, err := publish(t, d, s, offers(1, now(), func(w *customer.Wording) { w.Anew, w.Channels = true, []customer.Channel{customer.ChannelAny} }))
		if err != nil {
			t.Fatal(err)
		}
		at := now().Add(time.Hour)
		if p := allowed(t, s, a, customer.ChannelSMS, at); p.Why != customer.WhyAnew {
			t.Fatalf("before: %+v", p)
		}
		if err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error { _, err := s.MergeTx(ctx, tx, a, b); return err }); err != nil {
			t.Fatal(err)
		}
		if p := allowed(t, s, b, customer.ChannelSMS, at); p.OK() {
			t.Errorf("the merged profile may be spoken to: %+v", p)
		}
	})
}

// Nor does it by undoing one.
func TestUndoKeepsAskedAnew(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d)
		a := register(t, d, s, customer.New{FirstName: "Anna", Source: "till", Identifiers: []customer.Identifier{phone("+998901234567")}})[0].ID
		b := register(t, d, s, customer.New{FirstName: "Anna", Source: "till", Identifiers: []customer.Identifier{phone("+998901234568")}})[0].ID
		sayNow(t, d, s, b, customer.Consent{Channel: customer.ChannelAny, Purpose: customer.Marketing, Given: true, At: now().AddDate(0, -6, 0), Source: "till", Wording: "paper 2019"})
		sayNow(t, d, s, a, customer.Consent{Channel: customer.ChannelAny, Purpose: customer.Marketing, At: now().AddDate(0, -6, 0), Source: "till"})
		_, err := publish(t, d, s, offers(1, now(), func(w *customer.Wording) { w.Anew, w.Channels = true, []customer.Channel{customer.ChannelAny} }))
		if err != nil {
			t.Fatal(err)
		}
		at := now().Add(time.Hour)
		if p := allowed(t, s, b, customer.ChannelSMS, at); p.Why != customer.WhyAnew {
			t.Fatalf("before: %+v", p)
		}
		var m customer.Joined
		if err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) { m, err = s.MergeTx(ctx, tx, a, b); return err }); err != nil {
			t.Fatal(err)
		}
		if err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
			return s.UnmergeTx(ctx, tx, math.MaxInt64, a, b, m.Merged)
		}); err != nil {
			t.Fatal(err)
		}
		if p := allowed(t, s, b, customer.ChannelSMS, at); p.OK() {
			t.Errorf("merged and taken apart, b may be spoken to: %+v", p)
		}
	})
}

// A version that asks anew for fewer channels ends what was given under the older one for all.
func TestAskingAnewEndsAllOfItsCode(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d)
		a := register(t, d, s, customer.New{FirstName: "Anna", Source: "till", Identifiers: []customer.Identifier{phone("+998901234567"), email("a@mail.ru")}})[0].ID
		w, err := publish(t, d, s, offers(1, now(), func(w *customer.Wording) { w.Channels = []customer.Channel{customer.ChannelAny} }))
		if err != nil {
			t.Fatal(err)
		}
		sayNow(t, d, s, a, w.Agreed("ru", customer.Consent{At: now().Add(time.Minute), Source: "till", Proof: "1"})...)
		if _, err = publish(t, d, s, offers(2, now().Add(time.Hour), func(w *customer.Wording) { w.Anew, w.Channels = true, []customer.Channel{customer.ChannelSMS} })); err != nil {
			t.Fatal(err)
		}
		for _, ch := range []customer.Channel{customer.ChannelSMS, customer.ChannelEmail} {
			if p := allowed(t, s, a, ch, now().Add(2*time.Hour)); p.OK() {
				t.Errorf("%s allowed after 'ask anew' with sms alone: %+v", ch, p)
			}
		}
	})
}

// What was said by a clock that is ahead does not outlive what is said after it.
func TestWithdrawalIsTheLastWord(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d)
		a := register(t, d, s, customer.New{FirstName: "Anna", Source: "import", Origin: 1, RegisteredAt: now().Add(12 * time.Hour), Identifiers: []customer.Identifier{phone("+998901234567")},
			Consents: []customer.Consent{{Channel: customer.ChannelSMS, Purpose: customer.Marketing, Given: true}}})[0].ID
		sayNow(t, d, s, a, customer.Consent{Channel: customer.ChannelAny, Purpose: customer.Marketing, Source: "admin"})
		if p := allowed(t, s, a, customer.ChannelSMS, now().Add(time.Hour)); p.OK() {
			t.Errorf("1h: %+v", p)
		}
		if p := allowed(t, s, a, customer.ChannelSMS, now().Add(13*time.Hour)); p.OK() {
			t.Errorf("withdrawn, and allowed again thirteen hours later: %+v", p)
		}
	})
}

// A yes of a file without dates does not come after a no.
func TestFileBringsBackNoYes(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d)
		a := register(t, d, s, customer.New{FirstName: "Anna", Source: "till", Identifiers: []customer.Identifier{phone("+998901234567")}})[0].ID
		sayNow(t, d, s, a, customer.Consent{Channel: customer.ChannelAny, Purpose: customer.Marketing, Source: "admin", At: now().Add(-time.Hour)})
		register(t, d, s, customer.New{FirstName: "Anna", Source: "import", Origin: 1, Identifiers: []customer.Identifier{phone("+998901234567")},
			Consents: []customer.Consent{{Channel: customer.ChannelAny, Purpose: customer.Marketing, Given: true}}})
		if p := allowed(t, s, a, customer.ChannelSMS, now().Add(time.Hour)); p.OK() {
			t.Errorf("taken back an hour ago, an undated column of a file gave it again: %+v", p)
		}
	})
}

// Nor does one on all channels after a no on one.
func TestFileBringsBackNoYesByAnotherColumn(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d)
		in := customer.New{FirstName: "Anna", Source: "import", Origin: 1, Identifiers: []customer.Identifier{phone("+998901234567")},
			Consents: []customer.Consent{{Channel: customer.ChannelSMS, Purpose: customer.Marketing, Given: true}}}
		a := register(t, d, s, in)[0].ID
		sayNow(t, d, s, a, customer.Consent{Channel: customer.ChannelAny, Purpose: customer.Marketing, Source: "admin"})
		in.Origin = 2
		register(t, d, s, in)
		if p := allowed(t, s, a, customer.ChannelSMS, now().Add(time.Hour)); p.OK() {
			t.Errorf("same file: %+v", p)
		}
		in.Origin, in.Consents[0].Channel = 3, customer.ChannelEmail
		in.Consents = append(in.Consents, customer.Consent{Channel: customer.ChannelAny, Purpose: customer.Marketing, Given: true})
		register(t, d, s, in)
		if p := allowed(t, s, a, customer.ChannelSMS, now().Add(time.Hour)); p.OK() {
			t.Errorf("other column: %+v", p)
		}
	})
}

// Nor does the same file after the profile was merged.
func TestFileBringsBackNoYesAfterAMerge(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d)
		in := customer.New{FirstName: "Anna", Source: "import", Origin: 1, Identifiers: []customer.Identifier{phone("+998901234567")},
			Consents: []customer.Consent{{Channel: customer.ChannelSMS, Purpose: customer.Marketing, Given: true}}}
		a := register(t, d, s, in)[0].ID
		sayNow(t, d, s, a, customer.Consent{Channel: customer.ChannelSMS, Purpose: customer.Marketing, Source: "admin"})
		in.Origin = 2
		register(t, d, s, in)
		if p := allowed(t, s, a, customer.ChannelSMS, now().Add(time.Hour)); p.OK() {
			t.Fatal("without a merge already")
		}
		b := register(t, d, s, customer.New{FirstName: "Anna", Source: "till", Identifiers: []customer.Identifier{phone("+998901234568")}})[0].ID
		write(t, d, func(ctx context.Context, tx *db.Tx) error { _, err := s.MergeTx(ctx, tx, a, b); return err })
		in.Origin = 3
		register(t, d, s, in)
		if p := allowed(t, s, b, customer.ChannelSMS, now().Add(time.Hour)); p.OK() {
			t.Errorf("%+v", p)
		}
	})
}

// A contact of somebody who was forgotten counts whichever row of a file brings it.
func TestForgottenContactsOfTwoRows(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d)
		a := register(t, d, s, customer.New{FirstName: "Anna", Source: "till", Identifiers: []customer.Identifier{phone("+998901234567")}})[0].ID
		write(t, d, func(ctx context.Context, tx *db.Tx) error { _, err := s.EraseTx(ctx, tx, a); return err })
		yes := []customer.Consent{{Channel: customer.ChannelAny, Purpose: customer.Marketing, Given: true}}
		one := register(t, d, s, customer.New{FirstName: "Anna", Source: "till", Identifiers: []customer.Identifier{phone("+998901234567"), outside("E1")}})[0].ID
		register(t, d, s, customer.New{FirstName: "Anna", Source: "import", Origin: 1, Identifiers: []customer.Identifier{phone("+998901234567")}, Consents: yes})
		if p := allowed(t, s, one, customer.ChannelSMS, now().Add(time.Hour)); p.OK() {
			t.Fatal("one row already")
		}
		two := register(t, d, s, customer.New{FirstName: "Anna", Source: "import", Origin: 1, Identifiers: []customer.Identifier{outside("E1")}, Consents: yes})[0].ID
		if p := allowed(t, s, two, customer.ChannelSMS, now().Add(time.Hour)); p.OK() {
			t.Errorf("the consent came back by a second row, same %v: %+v", one == two, p)
		}
	})
}

// Nobody is shown a version that is over.
func TestVersionThatIsOverIsNotShown(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d)
		for v := int64(1); v <= 2; v++ {
			if _, err := publish(t, d, s, offers(v, now(), func(w *customer.Wording) { w.Offered = v == 1; w.Anew = v == 2 })); err != nil {
				t.Fatal(err)
			}
		}
		all, _ := s.Wordings(t.Context())
		for v := int64(1); v <= 2; v++ {
			c := customer.Consent{Channel: customer.ChannelSMS, Purpose: customer.Marketing, Given: true}
			if err := all.Under(&c, "offers", v, "ru", 1, now().Add(time.Hour)); err == nil {
				t.Errorf("version %d: no error", v)
			}
		}
	})
}

// Whoever registers, or comes by a file, while their profile is being forgotten or
// merged, is written into none that is gone.
func TestNobodyIsWrittenIntoWhoIsGone(t *testing.T) {
	t.Parallel()
	for name, gone := range map[string]func(ctx context.Context, s *customer.Service, tx *db.Tx, a, b customer.ID) error{
		"forgotten": func(ctx context.Context, s *customer.Service, tx *db.Tx, a, _ customer.ID) error {
			_, err := s.EraseTx(ctx, tx, a)
			return err
		},
		"merged": func(ctx context.Context, s *customer.Service, tx *db.Tx, a, b customer.ID) error {
			_, err := s.MergeTx(ctx, tx, a, b)
			return err
		},
	} {
		for _, origin := range []int64{0, 7} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				d := dbtest.Open(t, dbtest.Postgres) // on SQLite nobody else writes meanwhile
				s := newService(d)
				in := customer.New{FirstName: "Anna", LastName: "Kim", Source: "till", Identifiers: []customer.Identifier{phone("+998901234567")}}
				a := register(t, d, s, in)[0].ID
				b := register(t, d, s, customer.New{FirstName: "Berta", Source: "till", Identifiers: []customer.Identifier{phone("+998901234568")}})[0].ID
				in.City, in.Origin = "Samarkand", origin
				in.Identifiers = append(in.Identifiers, card("4711"))
				checked, err := s.Check(in)
				if err != nil {
					t.Fatal(err)
				}
				done := make(chan error, 1)
				write(t, d, func(ctx context.Context, tx *db.Tx) error {
					if err := gone(ctx, s, tx, a, b); err != nil {
						return err
					}
					go func() {
						done <- d.Write(context.WithoutCancel(ctx), func(ctx context.Context, tx *db.Tx) error {
							_, err := s.RegisterAllTx(ctx, tx, []customer.Checked{checked})
							return err
						})
					}()
					for waiting := 0; waiting == 0; {
						const blocked = `SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
						if err := d.QueryRow(ctx, blocked).Scan(&waiting); err != nil {
							return err
						}
					}
					return nil
				})
				if err := <-done; err != nil {
					t.Fatal(err)
				}
				c, err := s.Get(t.Context(), a)
				if err != nil || !c.State.Gone() || c.City != "" || len(c.Identifiers) > 0 {
					t.Errorf("written into who is gone: %s, in %q, %v, %v", c.State, c.City, c.Identifiers, err)
				}
			})
		}
	}
}

// Whose data may not be kept is spoken to for nothing, however it was said, and agreeing
// to it again brings nothing else back.
func TestNoDataNoOffers(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d)
		at := now().Add(-time.Hour)
		yes := func(ch customer.Channel, p customer.Purpose) customer.Consent {
			return customer.Consent{Channel: ch, Purpose: p, Given: true, At: at, Source: "till", Wording: "v1", Proof: "form 7"}
		}
		no := customer.Consent{Channel: customer.ChannelAny, Purpose: customer.Data, Source: "admin", Reason: "asked"}
		in := customer.New{FirstName: "Anna", Source: "till", Identifiers: []customer.Identifier{phone("+998901234567")},
			Consents: []customer.Consent{yes(customer.ChannelAny, customer.Data), yes(customer.ChannelSMS, customer.Marketing), yes(customer.ChannelAny, customer.Profiling)}}
		a := register(t, d, s, in)[0].ID
		later := now().Add(time.Hour)
		if p := allowed(t, s, a, customer.ChannelSMS, later); !p.OK() {
			t.Fatal("not before either")
		}
		sayNow(t, d, s, a, no)
		if p := allowed(t, s, a, customer.ChannelSMS, later); p.Why != customer.WhyDataTaken {
			t.Errorf("without data: %+v", p)
		}
		history, err := s.Consents(t.Context(), a)
		if err != nil || len(history) != 6 {
			t.Errorf("%d consents, %v", len(history), err)
		}
		for _, c := range customer.Current(history) {
			if c.Given {
				t.Errorf("still holds: %+v", c)
			}
		}
		again := yes(customer.ChannelAny, customer.Data)
		again.At = time.Time{}
		sayNow(t, d, s, a, again)
		if p := allowed(t, s, a, customer.ChannelSMS, later); p.Why != customer.WhyTaken {
			t.Errorf("agreed to data again: %+v", p)
		}
		b := register(t, d, s, customer.New{FirstName: "Olim", Source: "till", Identifiers: []customer.Identifier{phone("+998901234568")}, Consents: []customer.Consent{yes(customer.ChannelSMS, customer.Marketing), no}})[0].ID
		history, err = s.Consents(t.Context(), b)
		if err != nil || len(history) != 3 || customer.Allows(history, customer.ChannelSMS, customer.Marketing) {
			t.Errorf("registered with a no: %+v, %v", history, err)
		}
		c := register(t, d, s, customer.New{FirstName: "Olim", Source: "till", Identifiers: []customer.Identifier{phone("+998901234569")}, Consents: []customer.Consent{yes(customer.ChannelSMS, customer.Marketing)}})[0].ID
		write(t, d, func(ctx context.Context, tx *db.Tx) error { _, err := s.MergeTx(ctx, tx, b, c); return err })
		sayNow(t, d, s, c, again)
		if p := allowed(t, s, c, customer.ChannelSMS, later); p.OK() {
			t.Errorf("merged with one whose data may not be kept: %+v", p)
		}
	})
}
