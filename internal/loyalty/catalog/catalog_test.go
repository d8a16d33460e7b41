package catalog_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/errs"
	"regulars/internal/base/id"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
)

// clock is a time that tests move.
type clock struct{ micros atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.micros.Store(time.Date(2026, 3, 8, 12, 0, 0, 0, time.UTC).UnixMicro())
	return c
}

func (c *clock) now() time.Time          { return time.UnixMicro(c.micros.Load()).UTC() }
func (c *clock) advance(d time.Duration) { c.micros.Add(d.Microseconds()) }

// nodes gives every service of the tests a node number of its own.
var nodes atomic.Int64

func newService(d *db.DB, c *clock) *catalog.Service {
	return catalog.New(d, id.NewMinter(c.now, int(nodes.Add(1))%id.Nodes, 0), c.now)
}

func write(t *testing.T, d *db.DB, fn func(ctx context.Context, tx *db.Tx) error) {
	t.Helper()
	if err := d.Write(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func addStore(t *testing.T, d *db.DB, s *catalog.Service, in catalog.NewStore) (store catalog.Store) {
	t.Helper()
	write(t, d, func(ctx context.Context, tx *db.Tx) (err error) {
		store, err = s.CreateStoreTx(ctx, tx, in)
		return err
	})
	return store
}

func addTill(t *testing.T, d *db.DB, s *catalog.Service, store catalog.StoreID) (till catalog.Till, plain string, key catalog.Key) {
	t.Helper()
	write(t, d, func(ctx context.Context, tx *db.Tx) (err error) {
		if till, err = s.CreateTillTx(ctx, tx, store, "Till 1"); err != nil {
			return err
		}
		plain, key, err = s.IssueKeyTx(ctx, tx, till.ID)
		return err
	})
	return till, plain, key
}

// pointers of the fields that an error names.
func pointers(err error) []string {
	var list []string
	for _, f := range errs.Of(err).Fields {
		list = append(list, f.Pointer)
	}
	return list
}

func ptr[T any](v T) *T { return &v }

var zones = cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() })

func TestStores(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		s := newService(d, c)
		first := addStore(t, d, s, catalog.NewStore{Name: " Chilonzor ", City: "Tashkent", Zone: "Asia/Tashkent"})
		if first.Code != "1" || first.Name != "Chilonzor" || first.Entity != catalog.DefaultEntity || first.Zone.String() != "Asia/Tashkent" || !first.Active {
			t.Errorf("first store is %+v", first)
		}
		tenth := addStore(t, d, s, catalog.NewStore{Code: "10", Name: "Moscow", Zone: "Europe/Moscow"})
		named := addStore(t, d, s, catalog.NewStore{Code: "A-1", Name: "Almaty", Zone: "Asia/Almaty"})
		next := addStore(t, d, s, catalog.NewStore{Name: "Next", Zone: "UTC"})
		if next.Code != "11" {
			t.Errorf("the code after 10 is %q", next.Code)
		}

		list, err := newService(d, c).Stores(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]catalog.Store{first, tenth, next, named}, list, zones); diff != "" {
			t.Errorf("stores differ (-want +got):\n%s", diff)
		}
		if got, ok := s.Store(tenth.ID); !ok || got.Code != "10" {
			t.Errorf("Store = %v, %v", got, ok)
		}
		if _, err := s.StoreByID(t.Context(), 42); !errors.Is(err, catalog.ErrStoreNotFound) {
			t.Errorf("a store that does not exist: %v", err)
		}
		var name string
		if err := d.QueryRow(t.Context(), `SELECT name FROM entities WHERE id = 1`).Scan(&name); err != nil || name != "1" {
			t.Errorf("the legal entity is %q, %v", name, err)
		}
	})
}

func TestStoreIsRefused(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d, newClock())
		addStore(t, d, s, catalog.NewStore{Code: "1", Name: "First", Zone: "UTC"})
		tests := map[string]struct {
			in   catalog.NewStore
			want []string
		}{
			"nothing":      {catalog.NewStore{}, []string{"/zone", "/name"}},
			"local zone":   {catalog.NewStore{Name: "A", Zone: "Local"}, []string{"/zone"}},
			"unknown zone": {catalog.NewStore{Name: "A", Zone: "Asia/Atlantis"}, []string{"/zone"}},
			"long":         {catalog.NewStore{Code: strings.Repeat("1", 65), Name: strings.Repeat("ж", 201), City: strings.Repeat("ж", 101), Zone: "UTC"}, []string{"/code", "/name", "/city"}},
			"code taken":   {catalog.NewStore{Code: " 1 ", Name: "A", Zone: "UTC"}, []string{"/code"}},
		}
		for name, tt := range tests {
			err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				_, err := s.CreateStoreTx(ctx, tx, tt.in)
				return err
			})
			if got := pointers(err); !slices.Equal(got, tt.want) {
				t.Errorf("%s: fields %v, want %v (%v)", name, got, tt.want, err)
			}
		}
		if list, err := s.Stores(t.Context()); err != nil || len(list) != 1 {
			t.Errorf("stores: %v, %v", list, err)
		}
	})
}

func TestStoreChanges(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		s, other := newService(d, c), newService(d, c)
		store := addStore(t, d, s, catalog.NewStore{Code: "1", Name: "First", Zone: "UTC"})
		addStore(t, d, s, catalog.NewStore{Code: "2", Name: "Second", Zone: "UTC"})
		if _, err := other.Stores(t.Context()); err != nil {
			t.Fatal(err)
		}
		write(t, d, func(ctx context.Context, tx *db.Tx) error {
			before, after, err := s.UpdateStoreTx(ctx, tx, store.ID, catalog.StoreChange{Name: ptr("Renamed"), Zone: ptr("Asia/Tashkent"), Active: ptr(false)})
			if before.Name != "First" || after.Name != "Renamed" || after.Zone.String() != "Asia/Tashkent" || after.Active || after.Code != "1" {
				t.Errorf("before %+v, after %+v", before, after)
			}
			return err
		})
		if got, err := s.StoreByID(t.Context(), store.ID); err != nil || got.Name != "Renamed" {
			t.Errorf("own process sees %v, %v", got, err)
		}
		c.advance(2 * time.Second)
		if got, err := other.StoreByID(t.Context(), store.ID); err != nil || got.Name != "Renamed" || got.Active {
			t.Errorf("two seconds later another process sees %v, %v", got, err)
		}

		err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, _, err := s.UpdateStoreTx(ctx, tx, store.ID, catalog.StoreChange{Code: ptr("2")})
			return err
		})
		if !errors.Is(err, catalog.ErrStoreExists) {
			t.Errorf("a code that is taken: %v", err)
		}
		err = d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, _, err := s.UpdateStoreTx(ctx, tx, 42, catalog.StoreChange{})
			return err
		})
		if !errors.Is(err, catalog.ErrStoreNotFound) {
			t.Errorf("a store that does not exist: %v", err)
		}
	})
}

func TestStoreIsForgottenWithItsTransaction(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		s := newService(d, c)
		failed := errors.New("failed")
		var store catalog.Store
		err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
			if store, err = s.CreateStoreTx(ctx, tx, catalog.NewStore{Name: "Ghost", Zone: "UTC"}); err != nil {
				return err
			}
			return failed
		})
		if !errors.Is(err, failed) {
			t.Fatal(err)
		}
		if _, err := s.StoreByID(t.Context(), store.ID); !errors.Is(err, catalog.ErrStoreNotFound) {
			t.Errorf("a store that was never committed: %v", err)
		}
	})
}

func TestEnsureStores(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d, newClock())
		old := addStore(t, d, s, catalog.NewStore{Code: "1", Name: "First", Zone: "UTC"})
		write(t, d, func(ctx context.Context, tx *db.Tx) error {
			got, err := s.EnsureStoresTx(ctx, tx, []catalog.NewStore{
				{Code: "1", Name: "Other name", Zone: "Asia/Tashkent"},
				{Code: "2", Name: "Second", Zone: "Asia/Tashkent"},
				{Code: "2", Name: "Second again", Zone: "Asia/Tashkent"},
			})
			if len(got) != 2 || got["1"].ID != old.ID || got["1"].Name != "First" || got["2"].Name != "Second" {
				t.Errorf("EnsureStoresTx = %v", got)
			}
			return err
		})
	})
}

// Readers and a writer at once: what is read is always whole.
func TestStoresUnderChange(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		s := newService(d, c)
		store := addStore(t, d, s, catalog.NewStore{Code: "1", Name: "0", Zone: "UTC"})
		var all sync.WaitGroup
		for range 2 {
			all.Go(func() {
				for range 100 {
					if got, err := s.Stores(t.Context()); err != nil || got[0].ID != store.ID {
						t.Errorf("Stores = %v, %v", got, err)
						return
					}
					c.advance(100 * time.Millisecond)
				}
			})
		}
		for i := range 10 {
			write(t, d, func(ctx context.Context, tx *db.Tx) error {
				_, _, err := s.UpdateStoreTx(ctx, tx, store.ID, catalog.StoreChange{Name: ptr(fmt.Sprint(i + 1))})
				return err
			})
		}
		all.Wait()
		c.advance(3 * time.Second)
		if got, err := s.Stores(t.Context()); err != nil || got[0].Name != "10" {
			t.Errorf("at the end: %v, %v", got, err)
		}
	})
}

func TestTills(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d, newClock())
		store := addStore(t, d, s, catalog.NewStore{Name: "First", Zone: "UTC"})
		other := addStore(t, d, s, catalog.NewStore{Name: "Second", Zone: "UTC"})
		till, _, _ := addTill(t, d, s, store.ID)
		elsewhere, _, _ := addTill(t, d, s, other.ID)
		write(t, d, func(ctx context.Context, tx *db.Tx) error {
			before, after, err := s.UpdateTillTx(ctx, tx, till.ID, catalog.TillChange{Name: ptr("Express")})
			if before.Name != "Till 1" || after.Name != "Express" {
				t.Errorf("before %v, after %v", before, after)
			}
			till = after
			return err
		})
		list, err := s.Tills(t.Context(), store.ID)
		if diff := cmp.Diff([]catalog.Till{till}, list); err != nil || diff != "" {
			t.Errorf("tills of the store: %v\n%s", err, diff)
		}
		list, err = s.Tills(t.Context(), 0)
		if diff := cmp.Diff([]catalog.Till{till, elsewhere}, list); err != nil || diff != "" {
			t.Errorf("all tills: %v\n%s", err, diff)
		}
		if got, err := s.Till(t.Context(), till.ID); err != nil || got != till {
			t.Errorf("Till = %v, %v", got, err)
		}
		if _, err := s.Till(t.Context(), 42); !errors.Is(err, catalog.ErrTillNotFound) {
			t.Errorf("a till that does not exist: %v", err)
		}
		refused := map[string]struct {
			do   func(ctx context.Context, tx *db.Tx) error
			want error
		}{
			"store": {func(ctx context.Context, tx *db.Tx) error {
				_, err := s.CreateTillTx(ctx, tx, 42, "Till")
				return err
			}, catalog.ErrStoreNotFound},
			"the same name": {func(ctx context.Context, tx *db.Tx) error {
				_, err := s.CreateTillTx(ctx, tx, store.ID, " Express ")
				return err
			}, catalog.ErrTillExists},
			"another's name": {func(ctx context.Context, tx *db.Tx) error {
				till, err := s.CreateTillTx(ctx, tx, store.ID, "Till 2")
				if err != nil {
					return err
				}
				_, _, err = s.UpdateTillTx(ctx, tx, till.ID, catalog.TillChange{Name: ptr("Express")})
				return err
			}, catalog.ErrTillExists},
			"key": {func(ctx context.Context, tx *db.Tx) error {
				_, _, err := s.IssueKeyTx(ctx, tx, 42)
				return err
			}, catalog.ErrTillNotFound},
			"revoke": {func(ctx context.Context, tx *db.Tx) error {
				_, err := s.RevokeKeyTx(ctx, tx, till.ID, 42)
				return err
			}, catalog.ErrKeyNotFound},
			"another's key": {func(ctx context.Context, tx *db.Tx) error {
				other, err := s.CreateTillTx(ctx, tx, store.ID, "Till 3")
				if err != nil {
					return err
				}
				_, k, err := s.IssueKeyTx(ctx, tx, other.ID)
				if err != nil {
					return err
				}
				_, err = s.RevokeKeyTx(ctx, tx, till.ID, k.ID)
				return err
			}, catalog.ErrKeyNotFound},
			"update": {func(ctx context.Context, tx *db.Tx) error {
				_, _, err := s.UpdateTillTx(ctx, tx, 42, catalog.TillChange{})
				return err
			}, catalog.ErrTillNotFound},
		}
		for name, tt := range refused {
			if err := d.Write(t.Context(), tt.do); !errors.Is(err, tt.want) {
				t.Errorf("%s: %v, want %v", name, err, tt.want)
			}
		}
		err = d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := s.CreateTillTx(ctx, tx, store.ID, " ")
			return err
		})
		if got := pointers(err); !slices.Equal(got, []string{"/name"}) {
			t.Errorf("a till without a name: %v", err)
		}
	})
}

func TestTillByKey(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		s, other := newService(d, c), newService(d, c)
		store := addStore(t, d, s, catalog.NewStore{Name: "First", Zone: "Asia/Tashkent"})
		till, plain, key := addTill(t, d, s, store.ID)
		if !strings.HasPrefix(plain, catalog.KeyPrefix) || key.Hint != plain[len(plain)-4:] {
			t.Errorf("key %q with the hint %q", plain, key.Hint)
		}
		for _, s := range []*catalog.Service{s, other} {
			gotTill, gotStore, err := s.TillByKey(t.Context(), plain)
			if err != nil || gotTill != till || gotStore.ID != store.ID || gotStore.Zone.String() != "Asia/Tashkent" {
				t.Fatalf("TillByKey = %v, %v, %v", gotTill, gotStore, err)
			}
		}
		for name, bad := range map[string]string{
			"empty": "", "another": plain[:len(plain)-4] + "0000", "cut": plain[:20], "prefix": "xx" + plain[2:], "long": plain + "a",
		} {
			if _, _, err := s.TillByKey(t.Context(), bad); !errors.Is(err, catalog.ErrKey) {
				t.Errorf("%s key: %v", name, err)
			}
		}
		var stored string
		if err := d.QueryRow(t.Context(), `SELECT hash || hint FROM till_keys`).Scan(&stored); err != nil || strings.Contains(stored, plain) {
			t.Errorf("stored is %q, %v", stored, err)
		}

		write(t, d, func(ctx context.Context, tx *db.Tx) error {
			got, err := s.RevokeKeyTx(ctx, tx, till.ID, key.ID)
			if !got.RevokedAt.Equal(c.now()) {
				t.Errorf("revoked at %v", got.RevokedAt)
			}
			return err
		})
		if _, _, err := s.TillByKey(t.Context(), plain); !errors.Is(err, catalog.ErrKey) {
			t.Errorf("a revoked key: %v", err)
		}
		c.advance(2 * time.Second)
		if _, _, err := other.TillByKey(t.Context(), plain); !errors.Is(err, catalog.ErrKey) {
			t.Errorf("a revoked key in another process two seconds later: %v", err)
		}
		revoked := c.now()
		write(t, d, func(ctx context.Context, tx *db.Tx) error {
			got, err := s.RevokeKeyTx(ctx, tx, till.ID, key.ID)
			if !got.RevokedAt.Before(revoked) {
				t.Errorf("revoking again moved it to %v", got.RevokedAt)
			}
			return err
		})
		list, err := s.Keys(t.Context(), till.ID)
		if err != nil || len(list) != 1 || list[0].RevokedAt.IsZero() || list[0].Hint != key.Hint {
			t.Errorf("keys: %v, %v", list, err)
		}
	})
}

func TestTillThatIsOff(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		s, other := newService(d, c), newService(d, c)
		store := addStore(t, d, s, catalog.NewStore{Name: "First", Zone: "UTC"})
		till, plain, _ := addTill(t, d, s, store.ID)
		check := func(want error) {
			t.Helper()
			for _, s := range []*catalog.Service{s, other} {
				if _, _, err := s.TillByKey(t.Context(), plain); !errors.Is(err, want) {
					t.Errorf("TillByKey: %v, want %v", err, want)
				}
			}
		}
		check(nil)
		set := func(till_, store_ bool) {
			write(t, d, func(ctx context.Context, tx *db.Tx) error {
				_, _, err1 := s.UpdateTillTx(ctx, tx, till.ID, catalog.TillChange{Active: &till_})
				_, _, err2 := s.UpdateStoreTx(ctx, tx, store.ID, catalog.StoreChange{Active: &store_})
				return errors.Join(err1, err2)
			})
			c.advance(2 * time.Second)
		}
		set(false, true)
		check(catalog.ErrTillOff)
		set(true, false)
		check(catalog.ErrTillOff)
		set(true, true)
		check(nil)
	})
}

func TestIDsAreStringsInJSON(t *testing.T) {
	t.Parallel()
	in := catalog.Till{ID: 9007199254740993, Store: 2}
	text, err := json.Marshal(in)
	if err != nil || !strings.Contains(string(text), `"9007199254740993"`) {
		t.Fatalf("%s, %v", text, err)
	}
	var out catalog.Till
	if err := json.Unmarshal(text, &out); err != nil || out != in {
		t.Errorf("%v, %v", out, err)
	}
}

func saveProducts(t *testing.T, d *db.DB, s *catalog.Service, in ...catalog.ProductInput) (saved catalog.Saved) {
	t.Helper()
	write(t, d, func(ctx context.Context, tx *db.Tx) (err error) {
		saved, err = s.SaveProductsTx(ctx, tx, in)
		return err
	})
	return saved
}

func bySKU(t *testing.T, d *db.DB, s *catalog.Service, skus ...string) (found map[string]catalog.Product) {
	t.Helper()
	write(t, d, func(ctx context.Context, tx *db.Tx) (err error) {
		found, err = s.BySKUTx(ctx, tx, skus)
		return err
	})
	return found
}

func counts(s catalog.Saved) [4]int {
	return [4]int{s.Created, s.Updated, s.Unchanged, len(s.Refused)}
}

func TestCategories(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d, newClock())
		save := func(in ...catalog.CategoryInput) (saved catalog.Saved) {
			t.Helper()
			write(t, d, func(ctx context.Context, tx *db.Tx) (err error) {
				saved, err = s.SaveCategoriesTx(ctx, tx, in)
				return err
			})
			return saved
		}
		paths := func() map[string]string {
			t.Helper()
			list, err := s.Categories(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			m := map[string]string{}
			for _, c := range list {
				m[c.Code] = c.Name + ": " + strings.Join(c.Path, " < ")
			}
			return m
		}
		got := save(
			catalog.CategoryInput{Code: "milk", Name: "Молоко", Parent: ptr("dairy")}, // before its parent
			catalog.CategoryInput{Code: "food", Name: "Еда"},
			catalog.CategoryInput{Code: "dairy", Name: "Молочное", Parent: ptr("food")},
			catalog.CategoryInput{Code: " "},
		)
		if counts(got) != [4]int{3, 0, 0, 1} || !slices.Equal(pointers(got.Refused[3]), []string{"/code"}) {
			t.Errorf("created: %+v", got)
		}
		want := map[string]string{"milk": "Молоко: milk < dairy < food", "dairy": "Молочное: dairy < food", "food": "Еда: food"}
		if diff := cmp.Diff(want, paths()); diff != "" {
			t.Errorf("paths (-want +got):\n%s", diff)
		}
		saveProducts(t, d, s, catalog.ProductInput{SKU: "1", ProductChange: catalog.ProductChange{Category: ptr("milk")}})
		if got := bySKU(t, d, s, "1")["1"].Categories; !slices.Equal(got, []string{"milk", "dairy", "food"}) {
			t.Errorf("the product's categories are %q", got)
		}

		// Moving a category takes everything below along; what is not said stays.
		got = save(
			catalog.CategoryInput{Code: "dairy", Name: "Dairy", Parent: ptr("")},
			catalog.CategoryInput{Code: "milk"},
			catalog.CategoryInput{Code: "food", Parent: ptr("milk")},
			catalog.CategoryInput{Code: "dairy", Parent: ptr("food")}, // into itself
		)
		if counts(got) != [4]int{0, 2, 1, 1} || !slices.Equal(pointers(got.Refused[3]), []string{"/parent"}) {
			t.Errorf("moved: %+v", got)
		}
		want = map[string]string{"milk": "Молоко: milk < dairy", "dairy": "Dairy: dairy", "food": "Еда: food < milk < dairy"}
		if diff := cmp.Diff(want, paths()); diff != "" {
			t.Errorf("paths (-want +got):\n%s", diff)
		}
		if got := bySKU(t, d, s, "1")["1"].Categories; !slices.Equal(got, []string{"milk", "dairy"}) {
			t.Errorf("the product's categories are %q", got)
		}
		if got := save(catalog.CategoryInput{Code: "food", Name: "Еда"}); counts(got) != [4]int{0, 0, 1, 0} {
			t.Errorf("saved again: %+v", got)
		}

		// One at a time, what is new and what is known are told apart.
		err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := s.CreateCategoryTx(ctx, tx, catalog.CategoryInput{Code: " food ", Name: "Other"})
			return err
		})
		if !errors.Is(err, catalog.ErrCategoryExists) || !slices.Equal(pointers(err), []string{"/code"}) {
			t.Errorf("created again: %v", err)
		}
		err = d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, _, err := s.UpdateCategoryTx(ctx, tx, catalog.CategoryInput{Code: "fish", Name: "Fish"})
			return err
		})
		if !errors.Is(err, catalog.ErrCategoryNotFound) {
			t.Errorf("changed what is not there: %v", err)
		}
		if diff := cmp.Diff(want, paths()); diff != "" {
			t.Errorf("after refusals (-want +got):\n%s", diff)
		}
		err = d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			before, after, err := s.UpdateCategoryTx(ctx, tx, catalog.CategoryInput{Code: "food", Name: "Food", Parent: ptr("")})
			if before.Name != "Еда" || len(before.Path) != 3 || after.Name != "Food" || len(after.Path) != 1 {
				t.Errorf("changed from %+v to %+v", before, after)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}

		var deep []catalog.CategoryInput
		for i := range 18 {
			deep = append(deep, catalog.CategoryInput{Code: fmt.Sprint(i + 1), Parent: ptr(fmt.Sprint(i))})
		}
		if got := save(deep...); len(got.Refused) == 0 {
			t.Error("categories may lie in each other without end")
		}
	})
}

func TestSaveProducts(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		s := newService(d, c)
		got := saveProducts(t, d, s,
			catalog.ProductInput{SKU: " milk-1 ", ProductChange: catalog.ProductChange{
				Name: ptr("Молоко 3,2 %"), Category: ptr("dairy"), Brand: ptr("Nestle"), Price: ptr(money.Price(125_000)), Cost: ptr(money.Price(100_000)), Promo: ptr(true),
			}, AddBarcodes: []string{"4601234567890"}},
			catalog.ProductInput{SKU: "card", ProductChange: catalog.ProductChange{Kind: ptr(catalog.KindGiftCard)}},
			catalog.ProductInput{SKU: ""},
			catalog.ProductInput{SKU: "bad", ProductChange: catalog.ProductChange{Kind: ptr(catalog.Kind("car")), Price: ptr(money.Price(-1)), Cost: ptr(money.MaxPrice + 1), Name: ptr(strings.Repeat("ж", 201))}},
			catalog.ProductInput{SKU: "thief", AddBarcodes: []string{"1", "4601234567890"}},
			catalog.ProductInput{SKU: "card", ProductChange: catalog.ProductChange{Name: ptr("Gift card")}},
		)
		if counts(got) != [4]int{2, 1, 0, 3} {
			t.Fatalf("saved: %+v", got)
		}
		for i, want := range map[int][]string{2: {"/sku"}, 3: {"/name", "/kind", "/price", "/cost"}, 4: {"/barcodes/1"}} {
			if p := pointers(got.Refused[i]); !slices.Equal(p, want) {
				t.Errorf("input %d is refused for %v, want %v", i, p, want)
			}
		}
		found := bySKU(t, d, s, "milk-1", "card", "bad", "thief", "nothing")
		if len(found) != 2 {
			t.Fatalf("found %v", found)
		}
		want := catalog.Product{
			SKU: "milk-1", Name: "Молоко 3,2 %", Categories: []string{"dairy"}, Brand: "Nestle", Kind: catalog.KindGoods,
			Price: 125_000, Cost: ptr(money.Price(100_000)), Promo: true, Active: true, CreatedAt: c.now(),
		}
		ids := cmpopts.IgnoreFields(catalog.Product{}, "ID", "Category")
		if diff := cmp.Diff(want, found["milk-1"], ids); diff != "" {
			t.Errorf("product (-want +got):\n%s", diff)
		}
		if p := found["card"]; p.Name != "Gift card" || p.Kind != catalog.KindGiftCard || p.Cost != nil || p.Category != 0 || p.Categories != nil {
			t.Errorf("card: %+v", p)
		}

		// What is not said stays; what is said again changes nothing.
		got = saveProducts(t, d, s,
			catalog.ProductInput{SKU: "milk-1", ProductChange: catalog.ProductChange{Price: ptr(money.Price(130_000))}},
			catalog.ProductInput{SKU: "card", ProductChange: catalog.ProductChange{Name: ptr("Gift card"), Active: ptr(true)}},
			catalog.ProductInput{SKU: "milk-1", AddBarcodes: []string{"4601234567890"}},
		)
		if counts(got) != [4]int{0, 1, 2, 0} {
			t.Errorf("saved again: %+v", got)
		}
		want.Price = 130_000
		want.Barcodes = []string{"4601234567890"}
		p, err := s.Product(t.Context(), found["milk-1"].ID)
		if diff := cmp.Diff(want, p, ids); err != nil || diff != "" {
			t.Errorf("%v, product (-want +got):\n%s", err, diff)
		}
	})
}

func TestUpdateProduct(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d, newClock())
		var p, other catalog.Product
		write(t, d, func(ctx context.Context, tx *db.Tx) (err error) {
			if other, err = s.CreateProductTx(ctx, tx, catalog.ProductInput{SKU: "2", AddBarcodes: []string{"b3"}}); err != nil {
				return err
			}
			p, err = s.CreateProductTx(ctx, tx, catalog.ProductInput{SKU: "1", ProductChange: catalog.ProductChange{
				Category: ptr("dairy"), Cost: ptr(money.Price(5)), Brand: ptr("B"), Name: ptr("Bread"), Barcodes: &[]string{"b1", "b2"},
			}})
			return err
		})
		if !slices.Equal(p.Barcodes, []string{"b1", "b2"}) || !slices.Equal(other.Barcodes, []string{"b3"}) {
			t.Errorf("barcodes %v and %v", p.Barcodes, other.Barcodes)
		}
		update := func(c catalog.ProductChange) (before, after catalog.Product, err error) {
			err = d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
				before, after, err = s.UpdateProductTx(ctx, tx, p.ID, c)
				return err
			})
			return before, after, err
		}
		before, after, err := update(catalog.ProductChange{
			SKU: ptr("1a"), Name: ptr("Milk"), Category: ptr(""), NoCost: true, Brand: ptr(""), Active: ptr(false), Barcodes: &[]string{"b2", "b4"},
		})
		want := p
		want.SKU, want.Name, want.Category, want.Categories, want.Cost, want.Brand, want.Active, want.Barcodes = "1a", "Milk", 0, nil, nil, "", false, []string{"b2", "b4"}
		if diff := cmp.Diff(p, before); err != nil || diff != "" {
			t.Errorf("%v, before (-want +got):\n%s", err, diff)
		}
		if diff := cmp.Diff(want, after); diff != "" {
			t.Errorf("after (-want +got):\n%s", diff)
		}
		// It is found by its new words, and not by the old ones.
		for search, n := range map[string]int{"milk": 1, "1a": 1, "bread": 0, "b4": 1, "b1": 0} {
			if list, _, err := s.Products(t.Context(), catalog.ProductQuery{Search: search}); err != nil || len(list) != n {
				t.Errorf("search %q: %v, %v", search, list, err)
			}
		}
		for name, tt := range map[string]struct {
			c    catalog.ProductChange
			want error
		}{
			"sku":     {catalog.ProductChange{SKU: ptr("2")}, catalog.ErrSKUTaken},
			"barcode": {catalog.ProductChange{Barcodes: &[]string{"b3"}}, catalog.ErrBarcodeTaken},
		} {
			if _, _, err := update(tt.c); !errors.Is(err, tt.want) {
				t.Errorf("%s: %v, want %v", name, err, tt.want)
			}
		}
		err = d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := s.CreateProductTx(ctx, tx, catalog.ProductInput{SKU: "2"})
			return err
		})
		if !errors.Is(err, catalog.ErrSKUTaken) {
			t.Errorf("creating it again: %v", err)
		}
		if _, err := s.Product(t.Context(), 42); !errors.Is(err, catalog.ErrProductNotFound) {
			t.Errorf("a product that does not exist: %v", err)
		}
		if got, err := s.Product(t.Context(), p.ID); err != nil || !cmp.Equal(got, want) {
			t.Errorf("a refused change left %+v, %v", got, err)
		}
	})
}

// The variants of a model stand together in a list, whatever they are called, and
// no page ends or begins wrongly because of it.
func TestVariants(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d, newClock())
		variant := func(sku, name, model string, options ...catalog.Option) catalog.ProductInput {
			return catalog.ProductInput{SKU: sku, ProductChange: catalog.ProductChange{Name: &name, Model: &model, Options: &options}}
		}
		red, blue := catalog.Option{Name: catalog.OptionColour, Value: "red"}, catalog.Option{Name: catalog.OptionColour, Value: "blue"}
		saveProducts(t, d, s,
			variant("1", "Apple", ""), variant("2", "Zebra shirt", "Boot", red), variant("3", "Aged boot", "boot", blue), variant("4", "Car", ""))
		var got []string
		for after := ""; ; {
			list, next, err := s.Products(t.Context(), catalog.ProductQuery{After: after, Limit: 1})
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range list {
				got = append(got, p.SKU+p.Variant())
			}
			if after = next; after == "" {
				break
			}
		}
		if want := []string{"1", "3blue", "2red", "4"}; !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
		long := []catalog.Option{red, {Name: "size", Value: "1"}, {Name: "cut", Value: "2"}, {Name: "length", Value: "3"}}
		refused := saveProducts(t, d, s, variant("5", "Five", "M", long...), variant("6", "Six", "M", red, red))
		if len(refused.Refused) != 2 {
			t.Errorf("refused %v", refused.Refused)
		}
	})
}

func TestThousandsOfProducts(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d, newClock())
		in := make([]catalog.ProductInput, 3000)
		for i := range in {
			in[i] = catalog.ProductInput{SKU: fmt.Sprintf("S%05d", i), ProductChange: catalog.ProductChange{
				Name: ptr(fmt.Sprintf("Goods %d", i)), Category: ptr(fmt.Sprintf("c%d", i%40)), Price: ptr(money.Price(i)),
			}, AddBarcodes: []string{fmt.Sprintf("%013d", i)}}
		}
		if got := saveProducts(t, d, s, in...); counts(got) != [4]int{3000, 0, 0, 0} {
			t.Errorf("created: %v", counts(got))
		}
		for i := range in[:1000] {
			in[i].Price = ptr(money.Price(i + 1))
		}
		if got := saveProducts(t, d, s, in...); counts(got) != [4]int{0, 1000, 2000, 0} {
			t.Errorf("updated: %v", counts(got))
		}
		seen, after, pages := map[string]bool{}, "", 0
		for {
			list, next, err := s.Products(t.Context(), catalog.ProductQuery{After: after})
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range list {
				if seen[p.SKU] {
					t.Fatalf("%s comes twice", p.SKU)
				}
				seen[p.SKU] = true
			}
			if pages++; next == "" || pages > 20 {
				break
			}
			after = next
		}
		if len(seen) != 3000 || pages != 15 {
			t.Errorf("%d products on %d pages", len(seen), pages)
		}
	})
}

// Tills that bring a new product at the same moment create one.
func TestEnsureProductsAtOnce(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		var (
			all sync.WaitGroup
			ids [4]map[string]catalog.Product
		)
		for i := range ids {
			s := newService(d, c)
			all.Go(func() {
				seen := []catalog.Seen{{SKU: "b", Name: "B", Price: 20_000}, {SKU: "a", Name: strings.Repeat("ы", 500), Price: -1}, {SKU: "b", Name: "Other"}}
				if i%2 == 0 {
					slices.Reverse(seen[:2])
				}
				err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
					ids[i], err = s.EnsureTx(ctx, tx, seen)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		for _, m := range ids {
			if diff := cmp.Diff(ids[0], m); diff != "" || len(m) != 2 {
				t.Errorf("the tills see different products:\n%s", diff)
			}
		}
		if a, b := ids[0]["a"], ids[0]["b"]; b.Name != "B" || b.Price != 20_000 || len([]rune(a.Name)) != 200 || a.Price != 0 || !a.Active {
			t.Errorf("products %+v", ids[0])
		}
		s := newService(d, c)
		if list, _, err := s.Products(t.Context(), catalog.ProductQuery{Search: "b"}); err != nil || len(list) != 1 {
			t.Errorf("what a till brought is not found: %v, %v", list, err)
		}
		err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := s.EnsureTx(ctx, tx, []catalog.Seen{{SKU: " x"}})
			return err
		})
		if got := pointers(err); !slices.Equal(got, []string{"/sku"}) {
			t.Errorf("an SKU that is none: %v", err)
		}
	})
}

// Imports of one file at the same moment create each product once.
func TestSaveProductsAtOnce(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		c := newClock()
		var (
			all   sync.WaitGroup
			saved [3]catalog.Saved
		)
		for i := range saved {
			s := newService(d, c)
			all.Go(func() {
				in := make([]catalog.ProductInput, 200)
				for j := range in {
					in[j] = catalog.ProductInput{SKU: fmt.Sprint(j), ProductChange: catalog.ProductChange{Category: ptr(fmt.Sprint(j % 3))}}
				}
				err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) (err error) {
					saved[i], err = s.SaveProductsTx(ctx, tx, in)
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		created, unchanged := 0, 0
		for _, s := range saved {
			created += s.Created
			unchanged += s.Unchanged
		}
		if created != 200 || unchanged != 400 {
			t.Errorf("%d created and %d unchanged, want 200 and 400: %v", created, unchanged, saved)
		}
	})
}

// A product that is renamed while somebody else changes it stays one product.
func TestProductIsChangedTwiceAtOnce(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d, newClock())
		saveProducts(t, d, s, catalog.ProductInput{SKU: "A"})
		var p catalog.Product
		write(t, d, func(ctx context.Context, tx *db.Tx) error {
			found, err := s.BySKUTx(ctx, tx, []string{"A"})
			p = found["A"]
			return err
		})
		var all sync.WaitGroup
		started := make(chan struct{})
		all.Go(func() {
			<-started
			err := d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				_, _, err := s.UpdateProductTx(ctx, tx, p.ID, catalog.ProductChange{Name: ptr("Bread")})
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
		write(t, d, func(ctx context.Context, tx *db.Tx) error {
			if _, _, err := s.UpdateProductTx(ctx, tx, p.ID, catalog.ProductChange{SKU: ptr("B")}); err != nil {
				return err
			}
			close(started)
			return waiting(ctx, d)
		})
		all.Wait()
		got, err := s.Product(t.Context(), p.ID)
		if err != nil || got.SKU != "B" || got.Name != "Bread" {
			t.Errorf("%+v, %v", got, err)
		}
		var n int
		if err := d.QueryRow(t.Context(), `SELECT COUNT(*) FROM products`).Scan(&n); err != nil || n != 1 {
			t.Errorf("%d products, %v", n, err)
		}
	})
}

// waiting returns when a transaction waits for another one; on SQLite none has
// begun yet.
func waiting(ctx context.Context, d *db.DB) error {
	for n := 0; n == 0; {
		const blocked = `
			SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' -- postgres
			SELECT 1 -- sqlite`
		if err := d.QueryRow(ctx, blocked).Scan(&n); err != nil {
			return err
		}
	}
	return nil
}

func TestSearchProducts(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d, newClock())
		saveProducts(t, d, s,
			catalog.ProductInput{SKU: "10", ProductChange: catalog.ProductChange{Name: ptr("Молоко «Нестле» 3,2 %"), Category: ptr("dairy")}, AddBarcodes: []string{"4600000000024", "4600000000017"}},
			catalog.ProductInput{SKU: "100", ProductChange: catalog.ProductChange{Name: ptr("Масло сливочное"), Brand: ptr("Nestlé"), Category: ptr("dairy")}},
			catalog.ProductInput{SKU: "7", ProductChange: catalog.ProductChange{Name: ptr("Хлеб 10 зёрен"), Active: ptr(false), Category: ptr("bread")}},
			catalog.ProductInput{SKU: "85123A", ProductChange: catalog.ProductChange{Name: ptr("White hanging heart"), Category: ptr("")}},
			catalog.ProductInput{SKU: "x", ProductChange: catalog.ProductChange{Name: ptr("Yog‘urt")}},
			catalog.ProductInput{SKU: "s-m", ProductChange: catalog.ProductChange{Name: ptr("Футболка"), Options: &[]catalog.Option{{Name: catalog.OptionColour, Value: "красный"}}}},
			catalog.ProductInput{SKU: "s-l", ProductChange: catalog.ProductChange{Name: ptr("Футболка")}},
		)
		saveProducts(t, d, s, catalog.ProductInput{SKU: "s-l", ProductChange: catalog.ProductChange{Options: &[]catalog.Option{{Name: catalog.OptionColour, Value: "синий"}}}})
		write(t, d, func(ctx context.Context, tx *db.Tx) error {
			_, err := s.SaveCategoriesTx(ctx, tx, []catalog.CategoryInput{{Code: "dairy", Parent: ptr("food")}})
			return err
		})
		tests := map[string]struct {
			q    catalog.ProductQuery
			want []string
		}{
			"all by name":         {catalog.ProductQuery{}, []string{"85123A", "x", "100", "10", "s-m", "s-l", "7"}},
			"beginning of a word": {catalog.ProductQuery{Search: "мОл"}, []string{"10"}},
			"words in any order":  {catalog.ProductQuery{Search: "нест моло"}, []string{"10"}},
			"brand":               {catalog.ProductQuery{Search: "nestle"}, []string{"100"}},
			"exact sku first":     {catalog.ProductQuery{Search: "10"}, []string{"10", "100", "7"}},
			"sku in small":        {catalog.ProductQuery{Search: "85123a"}, []string{"85123A"}},
			"barcode":             {catalog.ProductQuery{Search: "4600000000017"}, []string{"10"}},
			"uzbek":               {catalog.ProductQuery{Search: "yogʻ"}, []string{"x"}},
			"yo":                  {catalog.ProductQuery{Search: "зерен"}, []string{"7"}},
			"middle of a word":    {catalog.ProductQuery{Search: "олоко"}, nil},
			"variant":             {catalog.ProductQuery{Search: "футболка красн"}, []string{"s-m"}},
			"variant made later":  {catalog.ProductQuery{Search: "синий"}, []string{"s-l"}},
			"signs only":          {catalog.ProductQuery{Search: "%%"}, nil},
			"active":              {catalog.ProductQuery{Search: "10", Active: ptr(true)}, []string{"10", "100"}},
			"inactive":            {catalog.ProductQuery{Active: ptr(false)}, []string{"7"}},
			"category":            {catalog.ProductQuery{Category: "dairy"}, []string{"100", "10"}},
			"category above":      {catalog.ProductQuery{Category: "food", Search: "мас"}, []string{"100"}},
		}
		for name, tt := range tests {
			for _, limit := range []int{0, 1} { // all at once, and page by page
				var got []string
				q := tt.q
				q.Limit = limit
				for {
					list, next, err := s.Products(t.Context(), q)
					if err != nil {
						t.Fatal(err)
					}
					for _, p := range list {
						got = append(got, p.SKU)
						var codes []string
						if p.SKU == "10" {
							codes = []string{"4600000000017", "4600000000024"}
						}
						if !slices.Equal(p.Barcodes, codes) {
							t.Errorf("%s, limit %d: %s has the barcodes %v, want %v", name, limit, p.SKU, p.Barcodes, codes)
						}
					}
					if q.After = next; next == "" || len(got) > 10 {
						break
					}
				}
				if !slices.Equal(got, tt.want) {
					t.Errorf("%s, limit %d: %v, want %v", name, limit, got, tt.want)
				}
			}
		}
		for _, q := range []catalog.ProductQuery{{After: "!"}, {After: "AAAA"}} {
			if _, _, err := s.Products(t.Context(), q); !slices.Equal(pointers(err), []string{"/after"}) {
				t.Errorf("cursor %q: %v", q.After, err)
			}
		}
		if _, _, err := s.Products(t.Context(), catalog.ProductQuery{Category: "cars"}); !errors.Is(err, catalog.ErrCategoryNotFound) {
			t.Errorf("a category that does not exist: %v", err)
		}
	})
}

// Whatever is made or changed is told, many at once by one event, and what is
// saved as it is by none.
func TestChangesAreTold(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d, newClock())
		var mark int64
		told := func(want ...string) {
			t.Helper()
			var got []string
			rows, err := d.Query(t.Context(), `SELECT id, kind, ref, body FROM events WHERE id > $1 AND kind LIKE '%.changed' ORDER BY id`, mark)
			if err := db.Scan(rows, err, func(r *db.Rows) error {
				var (
					kind, body string
					ref        int64
				)
				err := r.Scan(&mark, &kind, &ref, &body)
				got = append(got, fmt.Sprint(kind, " ", ref, " ", body))
				return err
			}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		}
		store := addStore(t, d, s, catalog.NewStore{Name: "Chilonzor", Zone: "Asia/Tashkent"})
		made := fmt.Sprintf("store.changed %s {}", store.ID)
		told(made)
		till, _, _ := addTill(t, d, s, store.ID)
		told(fmt.Sprintf("till.changed %s {}", till.ID))
		for _, want := range [][]string{{made, fmt.Sprintf("till.changed %s {}", till.ID)}, nil} {
			write(t, d, func(ctx context.Context, tx *db.Tx) error {
				if _, _, err := s.UpdateStoreTx(ctx, tx, store.ID, catalog.StoreChange{City: new("Tashkent")}); err != nil {
					return err
				}
				_, _, err := s.UpdateTillTx(ctx, tx, till.ID, catalog.TillChange{Name: new("Till 2")})
				return err
			})
			told(want...)
		}

		id := func(text string) (id string) {
			t.Helper()
			if err := d.QueryRow(t.Context(), text).Scan(&id); err != nil {
				t.Fatal(err)
			}
			return id
		}
		products := func(in ...catalog.ProductInput) {
			write(t, d, func(ctx context.Context, tx *db.Tx) error {
				_, err := s.SaveProductsTx(ctx, tx, in)
				return err
			})
		}
		bread := catalog.ProductInput{SKU: "P1", ProductChange: catalog.ProductChange{Category: new("bread")}}
		for range 2 { // the second time there is nothing to change
			products(bread, catalog.ProductInput{SKU: "P2"})
		}
		category := id(`SELECT id FROM categories`)
		one, two := id(`SELECT id FROM products WHERE sku = 'P1'`), id(`SELECT id FROM products WHERE sku = 'P2'`)
		told(`categories.changed 0 {"ids":["`+category+`"]}`, `products.changed 0 {"ids":["`+one+`","`+two+`"]}`)
		products(bread, catalog.ProductInput{SKU: "P2", AddBarcodes: []string{"4780000000017"}})
		told(`products.changed 0 {"ids":["` + two + `"]}`)

		write(t, d, func(ctx context.Context, tx *db.Tx) error {
			_, err := s.EnsureTx(ctx, tx, []catalog.Seen{{SKU: "P1"}, {SKU: "P3"}})
			return err
		})
		told(`products.changed 0 {"ids":["` + id(`SELECT id FROM products WHERE sku = 'P3'`) + `"]}`)

		for range 2 {
			write(t, d, func(ctx context.Context, tx *db.Tx) error {
				_, err := s.SaveCategoriesTx(ctx, tx, []catalog.CategoryInput{{Code: "bread", Parent: new("food")}, {Code: "tea"}})
				return err
			})
		}
		told(`categories.changed 0 {"ids":["` + category + `","` + id(`SELECT id FROM categories WHERE code = 'food'`) + `","` + id(`SELECT id FROM categories WHERE code = 'tea'`) + `"]}`)
	})
}

// A till calls a product by its SKU, or else by a barcode.
func TestByCode(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d, newClock())
		write(t, d, func(ctx context.Context, tx *db.Tx) error {
			_, err := s.SaveProductsTx(ctx, tx, []catalog.ProductInput{{SKU: "A", AddBarcodes: []string{"1", "B"}}, {SKU: "B"}})
			return err
		})
		found, err := s.ByCode(t.Context(), []string{"A", "B", "1", "2"})
		if err != nil || len(found) != 3 || found["A"].SKU != "A" || found["B"].SKU != "B" || found["1"].SKU != "A" {
			t.Errorf("by code %+v, %v", found, err)
		}
		found, err = s.BySKU(t.Context(), []string{"A", "1"})
		if err != nil || len(found) != 1 || found["A"].SKU != "A" {
			t.Errorf("by SKU %+v, %v", found, err)
		}
	})
}

// However long its name and its options are, a product is found by both.
func TestNamesAreFoundBesideLongOptions(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d, newClock())
		saveProducts(t, d, s, catalog.ProductInput{SKU: "6f1c2f0e-8a0b-4c35-9d1e-2f7f1f1a0c11", ProductChange: catalog.ProductChange{Name: ptr("Футболка женская оверсайз с принтом и коротким рукавом"), Brand: ptr("Zara"), Options: &[]catalog.Option{
			{Name: catalog.OptionColour, Value: "тёмно-синий меланж"},
			{Name: catalog.OptionSize, Value: "48-50 (рост 170-176), 2XL"},
		}}})
		for _, q := range []string{"футболка", "рукавом", "zara", "меланж", "2XL"} {
			list, _, err := s.Products(t.Context(), catalog.ProductQuery{Search: q})
			if err != nil {
				t.Fatal(err)
			}
			if len(list) != 1 {
				t.Errorf("%s finds %d products", q, len(list))
			}
		}
	})
}
