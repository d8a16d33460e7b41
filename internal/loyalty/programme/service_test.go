package programme_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/errs"
	"regulars/internal/base/id"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/programme"
)

// clock is set by hand.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

var start = time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)

func service(t testing.TB, d *db.DB, node int) (*programme.Service, *clock) {
	t.Helper()
	c := &clock{t: start}
	return programme.New(d, id.NewMinter(c.now, node, 0), c.now, currency(t, "RUB")), c
}

// rules are Default's with a mark to tell them apart.
func rules(t testing.TB, cashback money.Rate, stores ...string) *programme.Rules {
	t.Helper()
	r := programme.Default(currency(t, "RUB"))
	r.Levels[0].Cashback = cashback
	r.Stores = stores
	return r
}

// publish saves and publishes the next version of a programme.
func publish(t testing.TB, d *db.DB, s *programme.Service, of programme.ID, r *programme.Rules, starts time.Time) *programme.Version {
	t.Helper()
	var v *programme.Version
	err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		draft, err := s.SaveDraftTx(ctx, tx, of, r, 7)
		if err != nil {
			return err
		}
		v, err = s.PublishTx(ctx, tx, draft, starts)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func create(t testing.TB, d *db.DB, s *programme.Service, name string) (p programme.ID) {
	t.Helper()
	err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
		p, err = s.CreateTx(ctx, tx, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// at is the first level's cashback of the rules that hold; -1: none do.
func at(t testing.TB, s *programme.Service, store string, when time.Time) money.Rate {
	t.Helper()
	v, err := s.At(t.Context(), store, when)
	if err != nil {
		t.Fatal(err)
	}
	if v == nil {
		return -1
	}
	return v.Rules.Levels[0].Cashback
}

func TestVersions(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		s, clock := service(t, d, 1)
		p := create(t, d, s, "  Regulars ")
		list, err := s.List(ctx)
		if diff := cmp.Diff([]programme.Programme{{ID: p, Name: "Regulars", CreatedAt: start}}, list); diff != "" || err != nil {
			t.Errorf("List: %v\n%s", err, diff)
		}

		save := func(r *programme.Rules, by int64) (v *programme.Version, err error) {
			err = d.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
				v, err = s.SaveDraftTx(ctx, tx, p, r, by)
				return err
			})
			return v, err
		}
		first, err := save(rules(t, 100), 7)
		if err != nil || first.Number != 1 || first.State != programme.StateDraft {
			t.Fatalf("first draft: %+v, %v", first, err)
		}
		clock.pass(time.Minute)
		second, err := save(rules(t, 200), 8)
		if err != nil || second.ID != first.ID || second.Number != 1 {
			t.Fatalf("the draft saved again: %+v, %v", second, err)
		}
		got, err := s.ByID(ctx, first.ID)
		if diff := cmp.Diff(second, got); diff != "" || err != nil {
			t.Errorf("the draft as it is read: %v\n%s", err, diff)
		}
		if at(t, s, "s1", clock.now()) != -1 {
			t.Error("a draft holds")
		}
		// What somebody looked at is not what would hold, or go.
		for name, do := range map[string]func(context.Context, *db.Tx) error{
			"published": func(ctx context.Context, tx *db.Tx) error {
				_, err := s.PublishTx(ctx, tx, first, time.Time{})
				return err
			},
			"discarded": func(ctx context.Context, tx *db.Tx) error { _, err := s.DiscardDraftTx(ctx, tx, first); return err },
		} {
			if err := d.Write(ctx, do); !errors.Is(err, programme.ErrDraftChanged) {
				t.Errorf("a draft that was saved anew is %s: %v", name, err)
			}
		}

		// What is wrong is not kept.
		if _, err := save(rules(t, 10_001), 8); errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), "/levels/0/cashback") {
			t.Errorf("wrong rules: %v", err)
		}

		v := publish(t, d, s, p, rules(t, 300), time.Time{})
		if v.ID != first.ID || v.State != programme.StatePublished || !v.StartsAt.Equal(clock.now()) || !v.PublishedAt.Equal(clock.now()) || v.CreatedBy != 7 {
			t.Errorf("published: %+v", v)
		}
		next, err := save(rules(t, 400), 9)
		if err != nil || next.ID == first.ID || next.Number != 2 {
			t.Fatalf("the draft after it: %+v, %v", next, err)
		}
		versions, err := s.Versions(ctx, p)
		if diff := cmp.Diff([]*programme.Version{next, v}, versions); diff != "" || err != nil {
			t.Errorf("Versions: %v\n%s", err, diff)
		}

		// A published version does not change.
		err = d.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
			_, err := s.PublishTx(ctx, tx, v, time.Time{})
			return err
		})
		if !errors.Is(err, programme.ErrNotADraft) {
			t.Errorf("published twice: %v", err)
		}
		err = d.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
			_, err := s.PublishTx(ctx, tx, next, clock.now().Add(-time.Second))
			return err
		})
		if !errors.Is(err, programme.ErrStartsInPast) {
			t.Errorf("from a second ago: %v", err)
		}
		if got, err := s.ByID(ctx, next.ID); err != nil || got.State != programme.StateDraft {
			t.Errorf("after it was refused: %+v, %v", got, err)
		}
	})
}

func TestRefusedProgrammes(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s, _ := service(t, d, 1)
		p := create(t, d, s, "x")
		tests := map[string]struct {
			do   func(ctx context.Context, tx *db.Tx) error
			want error
		}{
			"no name": {func(ctx context.Context, tx *db.Tx) error { _, err := s.CreateTx(ctx, tx, " "); return err }, programme.ErrName},
			"long name": {func(ctx context.Context, tx *db.Tx) error {
				_, err := s.CreateTx(ctx, tx, strings.Repeat("ж", 101))
				return err
			}, programme.ErrName},
			"save what is not there": {func(ctx context.Context, tx *db.Tx) error {
				_, err := s.SaveDraftTx(ctx, tx, p+1, rules(t, 100), 0)
				return err
			}, programme.ErrNotFound},
			"publish what is not there": {func(ctx context.Context, tx *db.Tx) error {
				_, err := s.PublishTx(ctx, tx, &programme.Version{ID: 1}, time.Time{})
				return err
			}, programme.ErrVersionNotFound},
		}
		for name, tt := range tests {
			if err := d.Write(t.Context(), tt.do); !errors.Is(err, tt.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := s.Get(t.Context(), p+1); !errors.Is(err, programme.ErrNotFound) {
			t.Errorf("Get: %v", err)
		}
		if _, err := s.ByID(t.Context(), 1); !errors.Is(err, programme.ErrVersionNotFound) {
			t.Errorf("ByID: %v", err)
		}
	})
}

func TestWhichVersionHolds(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s, clock := service(t, d, 1)
		hour := func(h int) time.Time { return start.Add(time.Duration(h) * time.Hour) }
		check := func(why, store string, when time.Time, want money.Rate) {
			t.Helper()
			if got := at(t, s, store, when); got != want {
				t.Errorf("%s: %d, want %d", why, got, want)
			}
		}
		refresh := func() {
			t.Helper()
			if err := s.Refresh(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		check("nothing yet", "s1", start, -1)

		everywhere := create(t, d, s, "everywhere")
		publish(t, d, s, everywhere, rules(t, 1), hour(-48)) // the first may start in the past
		publish(t, d, s, everywhere, rules(t, 2), hour(2))
		publish(t, d, s, everywhere, rules(t, 3), hour(4))
		refresh()
		check("before the first", "s1", hour(-49), -1)
		check("from the first on", "s1", hour(-48), 1)
		check("just before the second", "s1", hour(2).Add(-time.Microsecond), 1)
		check("at its start", "s1", hour(2), 2)
		check("ever after", "s1", hour(9_999), 3)

		// One that has not started is taken back by another that starts with it.
		publish(t, d, s, everywhere, rules(t, 4), hour(4))
		// One that is published later may start before it.
		publish(t, d, s, everywhere, rules(t, 5), hour(3))
		refresh()
		check("the later number", "s1", hour(5), 4)
		check("in between", "s1", hour(3), 5)

		named := create(t, d, s, "some stores")
		publish(t, d, s, named, rules(t, 10, "s1", "s2"), hour(1))
		refresh()
		check("the one that names the store", "s1", hour(1), 10)
		check("although the other starts later", "s2", hour(5), 10)
		check("elsewhere", "s3", hour(5), 4)

		stop := rules(t, 11, "s1", "s2")
		stop.Stopped = true
		publish(t, d, s, named, stop, hour(6))
		refresh()
		check("one that is stopped gives way", "s1", hour(6), 4)
		stopped := rules(t, 6)
		stopped.Stopped = true
		publish(t, d, s, everywhere, stopped, hour(7))
		refresh()
		check("both stopped: the one that names the store", "s1", hour(7), 11)
		check("stopped elsewhere", "s3", hour(7), 6)

		moved := create(t, d, s, "another for s2")
		publish(t, d, s, moved, rules(t, 20, "s2"), hour(2))
		refresh()
		check("the later start", "s2", hour(2), 20)

		clock.pass(8 * time.Hour)
		holding, err := s.Holding(t.Context(), clock.now())
		if err != nil || len(holding) != 3 || !holding[named].Rules.Stopped || holding[moved].Rules.Levels[0].Cashback != 20 {
			t.Errorf("Holding: %v, %v", holding, err)
		}
		got := map[programme.ID]bool{}
		all, _ := s.Standing(clock.now())
		for _, p := range all {
			got[p] = true
		}
		if diff := cmp.Diff(map[programme.ID]bool{everywhere: true, named: true}, got); diff != "" {
			t.Errorf("Stopped:\n%s", diff)
		}
	})
}

// What another process publishes is seen within a second, and what was
// published is read once.
func TestPublishedElsewhere(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		here, clock := service(t, d, 1)
		there, _ := service(t, d, 2)
		if at(t, here, "s1", start) != -1 {
			t.Fatal("something holds")
		}
		v, err := there.Install(t.Context(), "x", rules(t, 100), time.Time{}, 0)
		if err != nil {
			t.Fatal(err)
		}
		if at(t, there, "s1", start) != 100 {
			t.Error("it is not seen where it was published")
		}
		if at(t, here, "s1", start) != -1 {
			t.Error("every call asks the database")
		}
		clock.pass(time.Second)
		if at(t, here, "s1", start) != 100 {
			t.Error("it is not seen after a second")
		}
		a, err := here.At(t.Context(), "s1", start)
		if err != nil {
			t.Fatal(err)
		}
		clock.pass(time.Hour)
		b, err := here.At(t.Context(), "s1", start)
		if err != nil || a != b {
			t.Errorf("nothing new, but it was read again: %v", err)
		}
		if c, err := here.ByID(t.Context(), v.ID); err != nil || c != a {
			t.Errorf("ByID reads what is known: %v", err)
		}
		// A clock that is set back asks again instead of waiting to catch up.
		if _, err := there.Install(t.Context(), "y", rules(t, 200), time.Time{}, 0); err != nil {
			t.Fatal(err)
		}
		clock.pass(-24 * time.Hour)
		if at(t, here, "s1", start) != 200 {
			t.Error("the clock was set back, and nothing new is seen")
		}
	})
}

// Tills ask while versions are published.
func TestAtWhilePublishing(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s, clock := service(t, d, 1)
		v, err := s.Install(t.Context(), "x", rules(t, 1), time.Time{}, 0)
		if err != nil {
			t.Fatal(err)
		}
		const versions = 20
		done := make(chan struct{})
		var tills sync.WaitGroup
		for range 4 {
			tills.Go(func() {
				last := money.Rate(1)
				for {
					select {
					case <-done:
						return
					default:
					}
					v, err := s.At(t.Context(), "s1", start.Add(time.Hour))
					if err != nil || v == nil || v.Rules.Levels[0].Cashback < last {
						t.Errorf("after version %d: %+v, %v", last, v, err)
						return
					}
					last = v.Rules.Levels[0].Cashback
				}
			})
		}
		for i := range versions {
			publish(t, d, s, v.ProgrammeID, rules(t, money.Rate(i+2)), clock.now())
			clock.pass(time.Second)
		}
		if got := at(t, s, "s1", start.Add(time.Hour)); got != versions+1 {
			t.Errorf("%d holds in the end", got)
		}
		close(done)
		tills.Wait()
	})
}

// Two who save the first draft at once end with one.
func TestOneDraft(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s, _ := service(t, d, 1)
		p := create(t, d, s, "x")
		var savers sync.WaitGroup
		for range 8 {
			savers.Go(func() {
				err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
					_, err := s.SaveDraftTx(ctx, tx, p, rules(t, 100), 0)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		savers.Wait()
		if list, err := s.Versions(t.Context(), p); err != nil || len(list) != 1 || list[0].Number != 1 {
			t.Errorf("%d versions, %v", len(list), err)
		}
	})
}

// A draft is discarded, what was published is not; a programme that nothing
// else is left of goes with its draft.
func TestDraftIsDiscarded(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx := t.Context()
		s, _ := service(t, d, 1)
		published, err := s.Install(ctx, "x", rules(t, 100), time.Time{}, 0)
		if err != nil {
			t.Fatal(err)
		}
		discard := func(of programme.ID) (gone bool, err error) {
			err = d.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
				draft, err := s.SaveDraftTx(ctx, tx, of, rules(t, 200), 0)
				if err != nil {
					return err
				}
				gone, err = s.DiscardDraftTx(ctx, tx, draft)
				return err
			})
			return gone, err
		}
		if gone, err := discard(published.ProgrammeID); gone || err != nil {
			t.Errorf("gone: %t, %v", gone, err)
		}
		if list, err := s.Versions(ctx, published.ProgrammeID); err != nil || len(list) != 1 || list[0].ID != published.ID {
			t.Errorf("what is left: %v, %v", list, err)
		}
		if gone, err := discard(create(t, d, s, "y")); !gone || err != nil {
			t.Errorf("gone: %t, %v", gone, err)
		}
		if list, err := s.List(ctx); err != nil || len(list) != 1 {
			t.Errorf("programmes: %v, %v", list, err)
		}
		for id, want := range map[programme.VersionID]error{published.ID: programme.ErrNotADraft, 1: programme.ErrVersionNotFound} {
			err := d.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
				_, err := s.DiscardDraftTx(ctx, tx, &programme.Version{ID: id})
				return err
			})
			if !errors.Is(err, want) {
				t.Errorf("%v, want %v", err, want)
			}
		}
	})
}

// A programme of a newer program is not guessed at.
func TestUnreadableRules(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s, clock := service(t, d, 1)
		v, err := s.Install(t.Context(), "x", rules(t, 100), time.Time{}, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Exec(t.Context(), `UPDATE programme_versions SET rules = '{"levels": [], "magic": true}' WHERE id = $1`, int64(v.ID)); err != nil {
			t.Fatal(err)
		}
		other, _ := service(t, d, 2)
		if _, err := other.At(t.Context(), "s1", clock.now()); errs.KindOf(err) != errs.Internal || errs.Of(err).Code != "programme_unreadable" {
			t.Errorf("At = %v", err)
		}
	})
}

func BenchmarkAt(b *testing.B) {
	d := dbtest.Open(b, dbtest.SQLite)
	s, _ := service(b, d, 1)
	if _, err := s.Install(b.Context(), "x", rules(b, 100), time.Time{}, 0); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.At(b.Context(), "s1", start); err != nil {
			b.Fatal(err)
		}
	}
}
