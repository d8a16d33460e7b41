package settings_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/errs"
	"regulars/internal/base/money"
	"regulars/internal/base/settings"
)

func installation(t *testing.T, currency, zone string) settings.Installation {
	t.Helper()
	c, err := money.CurrencyOf(currency)
	if err != nil {
		t.Fatal(err)
	}
	z, err := settings.Zone(zone)
	if err != nil {
		t.Fatal(err)
	}
	return settings.Installation{Name: "Oltin " + currency, Currency: c, Zone: z, Language: "ru"}
}

var sameZone = cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() })

func TestTheFirstProcessChooses(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		var (
			group   sync.WaitGroup
			mu      sync.Mutex
			created []settings.Installation
			all     []settings.Installation
		)
		for i := range 8 {
			first := installation(t, []string{"UZS", "KZT"}[i%2], "Asia/Tashkent")
			group.Go(func() {
				s, isFirst, err := settings.Open(t.Context(), d, time.Now, first)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				if isFirst {
					created = append(created, first)
				}
				all = append(all, s.Get())
			})
		}
		group.Wait()
		if len(created) != 1 || len(all) != 8 {
			t.Fatalf("%d created it, %d opened it, want 1 and 8", len(created), len(all))
		}
		want := created[0]
		want.Secret, want.LateDays, want.ClockMinutes = all[0].Secret, settings.DefaultLateDays, settings.DefaultClockMinutes
		want.IdleHours, want.SessionDays = settings.DefaultIdleHours, settings.DefaultSessionDays
		want.Code, want.OfflinePeople = settings.NoCode, settings.OfflinePhones
		if len(want.Secret) < 32 {
			t.Errorf("a secret of %d bytes", len(want.Secret))
		}
		for _, got := range all {
			if diff := cmp.Diff(want, got, sameZone); diff != "" {
				t.Error(diff)
			}
		}
	})
}

func TestChangeKeepsCurrencyAndSecret(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		long := installation(t, "USD", "UTC")
		long.Name = strings.Repeat("o", 1000)
		if _, _, err := settings.Open(t.Context(), d, time.Now, long); errs.KindOf(err) != errs.Invalid {
			t.Fatalf("a name of 1000 characters: %v, want it refused", err)
		}
		here, _, err := settings.Open(t.Context(), d, time.Now, installation(t, "UZS", "Asia/Tashkent"))
		if err != nil {
			t.Fatal(err)
		}
		there, created, err := settings.Open(t.Context(), d, time.Now, long) // what is there already stays
		if err != nil || created {
			t.Fatal(created, err)
		}
		want := here.Get()
		to := here.Get()
		other := installation(t, "EUR", "Europe/Moscow")
		to.Name, to.Currency, to.Zone, to.Secret = other.Name, other.Currency, other.Zone, []byte("another")
		err = d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error { return here.ChangeTx(ctx, tx, to) })
		if err != nil {
			t.Fatal(err)
		}
		want.Name, want.Zone = to.Name, to.Zone
		for _, s := range []*settings.Settings{here, there} {
			if err := s.Reload(t.Context()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, s.Get(), sameZone); diff != "" {
				t.Error(diff)
			}
		}
	})
}

// An installation that is older than a setting has what is usual.
func TestSettingsThatWereNeverChosen(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s, _, err := settings.Open(t.Context(), d, time.Now, installation(t, "UZS", "Asia/Tashkent"))
		if err != nil {
			t.Fatal(err)
		}
		want := s.Get()
		if _, err := d.Exec(t.Context(), `DELETE FROM settings WHERE name NOT IN ('currency', 'name', 'zone', 'language', 'secret')`); err != nil {
			t.Fatal(err)
		}
		if err := s.Reload(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, s.Get(), sameZone); diff != "" {
			t.Error(diff)
		}
	})
}

func TestZone(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"UTC", "Asia/Tashkent", "America/Argentina/Ushuaia"} {
		if z, err := settings.Zone(name); err != nil || z.String() != name {
			t.Errorf("Zone(%q) = %v, %v", name, z, err)
		}
	}
	for _, name := range []string{"", "Local", "Asia/Tashkend", "MSK", "../etc/passwd", "UTC+5"} {
		if z, err := settings.Zone(name); errs.KindOf(err) != errs.Invalid {
			t.Errorf("Zone(%q) = %v, %v, want it refused", name, z, err)
		}
	}
}
