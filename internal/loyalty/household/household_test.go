package household_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/household"
	"regulars/internal/loyalty/loyaltytest"
	"regulars/internal/loyalty/staff"
	"regulars/internal/verify"
)

// family is some customers, by letters.
type family struct {
	*loyaltytest.Installation
	t  *testing.T
	of map[string]customer.ID
}

func newFamily(t *testing.T, i *loyaltytest.Installation, names ...string) *family {
	f := &family{i, t, map[string]customer.ID{}}
	list := make([]customer.Checked, len(names))
	for j, n := range names {
		var err error
		list[j], err = f.Customers.Check(customer.New{FirstName: n, Source: "till"})
		loyaltytest.Check(t, err)
	}
	f.do(nil, func(ctx context.Context, tx *db.Tx) error {
		made, err := f.Enrol.OpenAllTx(ctx, tx, list)
		for j, m := range made {
			f.of[names[j]] = m.ID
		}
		return err
	})
	return f
}

func (f *family) do(want error, do func(ctx context.Context, tx *db.Tx) error) {
	f.t.Helper()
	if err := f.DB.Write(f.t.Context(), do); !errors.Is(err, want) {
		f.t.Errorf("got %v, want %v", err, want)
	}
}

func (f *family) join(want error, who, with string) {
	f.t.Helper()
	f.do(want, func(ctx context.Context, tx *db.Tx) error { return f.Households.JoinTx(ctx, tx, f.of[who], f.of[with]) })
}

// is compares the household of somebody, the head first: "a b c".
func (f *family) is(who, want string) {
	f.t.Helper()
	h, err := f.Households.Of(f.t.Context(), f.of[who])
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
		f := newFamily(t, loyaltytest.New(t, d, loyaltytest.Options{}), "a", "b", "c", "d")
		f.join(customer.ErrSame, "a", "a")
		f.join(nil, "b", "a")
		f.join(nil, "c", "b")
		f.join(household.ErrMember, "c", "d") // d founds nothing by that
		f.is("d", "")
		f.is("c", "a b c")
		f.do(nil, func(ctx context.Context, tx *db.Tx) error { return f.Households.LeaveTx(ctx, tx, f.of["a"]) })
		f.is("a", "")
		f.is("c", "b c")
		f.do(nil, func(ctx context.Context, tx *db.Tx) error { return f.Households.HeadTx(ctx, tx, f.of["c"]) })
		f.is("b", "c b")
		f.do(household.ErrNone, func(ctx context.Context, tx *db.Tx) error { return f.Households.LeaveTx(ctx, tx, f.of["a"]) })
		f.do(nil, func(ctx context.Context, tx *db.Tx) error { return f.Households.DissolveTx(ctx, tx, f.of["b"]) })
		f.is("b", "")
		f.is("c", "")
		f.join(nil, "a", "b")
		_, err := f.Privacy.Erase(t.Context(), f.of["b"], staff.By{}, "asked")
		loyaltytest.Check(t, err)
		f.is("a", "") // the forgotten are in none, and nobody lives alone together
		f.join(nil, "d", "c")
		f.do(nil, func(ctx context.Context, tx *db.Tx) error { return f.Households.LeaveTx(ctx, tx, f.of["c"]) })
		f.is("c", "")
		f.is("d", "")
		var left int
		loyaltytest.Check(t, d.QueryRow(t.Context(), `SELECT COUNT(*) FROM households`).Scan(&left))
		if left != 0 {
			t.Errorf("%d households of nobody are left", left)
		}
		report, err := verify.Run(t.Context(), d, verify.Options{TempDir: t.TempDir()})
		loyaltytest.Check(t, err)
		if len(report.Findings) > 0 {
			t.Errorf("verify: %+v", report.Findings)
		}
	})
}

// Of two households the one of who stays holds, a place is taken over where there is
// none, and undoing gives back what is still there.
func TestHouseholdsOfMerged(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		i := loyaltytest.New(t, d, loyaltytest.Options{})
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
			f := newFamily(t, i, "a", "b", "x", "y")
			for _, pair := range strings.Fields(tt.joins) {
				f.join(nil, pair[:1], pair[1:])
			}
			t.Log(name)
			m, err := f.Merges.Merge(t.Context(), f.of[tt.from], f.of[tt.into], 0, nil)
			loyaltytest.Check(t, err)
			f.is(tt.into, tt.merged)
			f.is(tt.from, "")
			if tt.dissolve {
				f.do(nil, func(ctx context.Context, tx *db.Tx) error { return f.Households.DissolveTx(ctx, tx, f.of[tt.into]) })
			}
			loyaltytest.Check(t, f.Merges.Undo(t.Context(), m.ID, 0, nil))
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
		f := newFamily(t, loyaltytest.New(t, d, loyaltytest.Options{}), names...)
		var wg sync.WaitGroup
		for i := range 24 {
			wg.Go(func() {
				who, with := f.of[names[i%6]], f.of[names[(i*5+1)%6]]
				err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
					if i%3 == 2 {
						return f.Households.LeaveTx(ctx, tx, who)
					}
					return f.Households.JoinTx(ctx, tx, who, with)
				})
				if err != nil && !errors.Is(err, household.ErrMember) && !errors.Is(err, household.ErrNone) && !errors.Is(err, customer.ErrSame) {
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

// What an earlier version wrote down of a merge is given back.
func TestStoredMergeGivesTheHouseholdBack(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		f := newFamily(t, loyaltytest.New(t, d, loyaltytest.Options{}), "a", "b", "x")
		f.join(nil, "b", "a")
		h, err := f.Households.Of(t.Context(), f.of["a"])
		loyaltytest.Check(t, err)
		m, err := f.Merges.Merge(t.Context(), f.of["a"], f.of["x"], 0, nil)
		loyaltytest.Check(t, err)
		if m.Home != household.HomeTaken {
			t.Errorf("the household of who went: %q", m.Home)
		}
		stored := fmt.Sprintf(`{"filled":[],"household":{"left":"%s","head":true,"took":true}}`, h.ID)
		_, err = d.Exec(t.Context(), `UPDATE merges SET moved = $2 WHERE id = $1`, int64(m.ID), stored)
		loyaltytest.Check(t, err)
		loyaltytest.Check(t, f.Merges.Undo(t.Context(), m.ID, 0, nil))
		f.is("a", "a b")
		f.is("x", "")
	})
}
