package customer_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/customer"
)

// family is some customers, by letters.
type family struct {
	t  *testing.T
	d  *db.DB
	s  *customer.Service
	of map[string]customer.ID
}

func newFamily(t *testing.T, d *db.DB, names ...string) *family {
	f := &family{t, d, newService(d), map[string]customer.ID{}}
	for _, n := range names {
		f.of[n] = register(t, d, f.s, customer.New{FirstName: n, Source: "till"})[0].ID
	}
	return f
}

func (f *family) do(want error, do func(ctx context.Context, tx *db.Tx) error) {
	f.t.Helper()
	if err := f.d.Write(f.t.Context(), do); !errors.Is(err, want) {
		f.t.Errorf("got %v, want %v", err, want)
	}
}

func (f *family) join(want error, who, with string) {
	f.t.Helper()
	f.do(want, func(ctx context.Context, tx *db.Tx) error { return f.s.JoinTx(ctx, tx, f.of[who], f.of[with]) })
}

// is compares the household of somebody, the head first: "a b c".
func (f *family) is(who, want string) {
	f.t.Helper()
	h, err := f.s.Household(f.t.Context(), f.of[who])
	var got []string
	for i, m := range h.Members {
		for name, id := range f.of {
			if id == m.Customer {
				got = append(got, name)
			}
		}
		if m.Head != (i == 0) {
			f.t.Errorf("the head of %s: %+v", who, h.Members)
		}
	}
	if err != nil || strings.Join(got, " ") != want {
		f.t.Errorf("with %s live %v, want %s, %v", who, got, want, err)
	}
}

func TestHouseholds(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		f := newFamily(t, d, "a", "b", "c", "d")
		f.join(customer.ErrSame, "a", "a")
		f.join(nil, "b", "a")
		f.join(nil, "c", "b")
		f.join(customer.ErrHousehold, "c", "d") // d founds nothing by that
		f.is("d", "")
		f.is("c", "a b c")
		f.do(nil, func(ctx context.Context, tx *db.Tx) error { return f.s.LeaveTx(ctx, tx, f.of["a"]) })
		f.is("a", "")
		f.is("c", "b c")
		f.do(nil, func(ctx context.Context, tx *db.Tx) error { return f.s.HeadTx(ctx, tx, f.of["c"]) })
		f.is("b", "c b")
		f.do(customer.ErrNoHousehold, func(ctx context.Context, tx *db.Tx) error { return f.s.LeaveTx(ctx, tx, f.of["a"]) })
		f.do(nil, func(ctx context.Context, tx *db.Tx) error { return f.s.DissolveTx(ctx, tx, f.of["b"]) })
		f.is("b", "")
		f.is("c", "")
		f.join(nil, "a", "b")
		f.do(nil, func(ctx context.Context, tx *db.Tx) error {
			_, err := f.s.EraseTx(ctx, tx, f.of["b"])
			return err
		})
		f.is("a", "a") // the forgotten are in none
	})
}

// Of two households the one of who stays holds, a place is taken over where there is
// none, and undoing gives back what is still there.
func TestHouseholdsOfMerged(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		for name, tt := range map[string]struct {
			joins          string // pairs: who with whom
			from, into     string
			merged         string // household of into then
			dissolve       bool   // that household, before it is undone
			ofFrom, ofInto string
		}{
			"a place is taken over":         {"ba", "a", "x", "x b", false, "a b", ""},
			"of who is not the head":        {"ba", "b", "x", "a x", false, "a b", ""},
			"both have one":                 {"ba yx", "a", "x", "x y", false, "a b", "x y"},
			"both are in one":               {"xa", "a", "x", "x", false, "a x", "a x"},
			"dissolved since, nobody is in": {"ba", "a", "x", "x b", true, "", ""},
			"none":                          {"", "a", "x", "", false, "", ""},
		} {
			f := newFamily(t, d, "a", "b", "x", "y")
			for _, pair := range strings.Fields(tt.joins) {
				f.join(nil, pair[:1], pair[1:])
			}
			var m customer.Joined
			f.do(nil, func(ctx context.Context, tx *db.Tx) (err error) {
				m, err = f.s.MergeTx(ctx, tx, f.of[tt.from], f.of[tt.into])
				return err
			})
			t.Log(name)
			f.is(tt.into, tt.merged)
			f.is(tt.from, "")
			if tt.dissolve {
				f.do(nil, func(ctx context.Context, tx *db.Tx) error { return f.s.DissolveTx(ctx, tx, f.of[tt.into]) })
			}
			f.do(nil, func(ctx context.Context, tx *db.Tx) error {
				return f.s.UnmergeTx(ctx, tx, math.MaxInt64, f.of[tt.from], f.of[tt.into], m.Merged)
			})
			f.is(tt.from, tt.ofFrom)
			f.is(tt.into, tt.ofInto)
		}
	})
}

// However many join and leave at once, everybody is in one household with one head.
func TestHouseholdsAtOnce(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		names := []string{"a", "b", "c", "d", "e", "f"}
		f := newFamily(t, d, names...)
		var wg sync.WaitGroup
		for i := range 24 {
			wg.Go(func() {
				who, with := f.of[names[i%6]], f.of[names[(i*5+1)%6]]
				err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
					if i%3 == 2 {
						return f.s.LeaveTx(ctx, tx, who)
					}
					return f.s.JoinTx(ctx, tx, who, with)
				})
				if err != nil && !errors.Is(err, customer.ErrHousehold) && !errors.Is(err, customer.ErrNoHousehold) && !errors.Is(err, customer.ErrSame) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		var wrong int
		const text = `SELECT COUNT(*) FROM households h WHERE (SELECT COUNT(*) FROM household_members m WHERE m.household_id = h.id AND head) <> 1`
		if err := d.QueryRow(t.Context(), text).Scan(&wrong); err != nil || wrong > 0 {
			t.Error(fmt.Sprintf("%d households without a head", wrong), err)
		}
	})
}
