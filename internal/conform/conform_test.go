package conform_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/i18n"
	"regulars/internal/base/settings"
	"regulars/internal/conform"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/loyaltytest"
	"regulars/internal/loyalty/programme"
	"regulars/internal/surface/api"
	"regulars/internal/surface/web"
)

var check = loyaltytest.Check

// site is the till API of a shop with two tills, as it is served.
type site struct {
	*loyaltytest.Installation
	url  string
	keys []string
}

func newSite(t *testing.T, d *db.DB, change func(*programme.Rules)) *site {
	t.Helper()
	return newSiteSince(t, d, time.Now().AddDate(0, 0, -30), change)
}

// newSiteSince is newSite with a programme that holds since then, and none before.
func newSiteSince(t *testing.T, d *db.DB, since time.Time, change func(*programme.Rules)) *site {
	t.Helper()
	s := &site{Installation: loyaltytest.New(t, d, loyaltytest.Options{Now: time.Now})}
	rules := loyaltytest.Rules(s.Currency, 10_000_00)
	if change != nil {
		change(rules)
	}
	if rules.Redeem.ConfirmFrom > 0 {
		s.SendCodes(t)
	}
	_, err := s.Programmes.Install(t.Context(), "Bahor", rules, since, 0)
	check(t, err)
	_, tills := s.OpenStore(t, catalog.NewStore{Code: "1", Name: "Chilonzor", Zone: "Asia/Tashkent"}, "Till 1", "Till 2")
	check(t, d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		for _, till := range tills {
			key, _, err := s.Catalog.IssueKeyTx(ctx, tx, till.ID)
			if err != nil {
				return err
			}
			s.keys = append(s.keys, key)
		}
		return nil
	}))
	bundle, err := i18n.Load()
	check(t, err)
	shell, err := web.New(web.Options{
		Bundle: bundle, Now: s.Now, Log: slog.New(slog.NewTextHandler(s.Log, &slog.HandlerOptions{Level: slog.LevelWarn})),
		Settings: func() web.Settings {
			return web.Settings{Name: "Bahor", Currency: s.Currency, Zone: time.UTC, Language: "ru"}
		},
	})
	check(t, err)
	a, err := api.New(api.Config{Services: s.Services, Shell: shell, Now: s.Now, Bundle: bundle, Secret: loyaltytest.Secret, Version: "test"})
	check(t, err)
	mux := http.NewServeMux()
	shell.Routes(mux)
	a.Routes(mux)
	server := httptest.NewServer(shell.Middleware(mux))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

// play plays the checks of groups.
func (s *site) play(t *testing.T, url string, only ...string) *conform.Report {
	t.Helper()
	r, err := conform.Run(t.Context(), conform.Options{URL: url, Key: s.keys[0], SecondKey: s.keys[1], Only: only, Now: time.Now})
	check(t, err)
	return r
}

// ended lists the checks that ended so.
func ended(r *conform.Report, state conform.State) (ids []string) {
	for _, one := range r.Results {
		if one.State == state {
			ids = append(ids, one.ID)
		}
	}
	return ids
}

func text(r *conform.Report) string {
	var b bytes.Buffer
	for i := range r.Results {
		_ = r.Results[i].Line(&b) // never fails
	}
	return b.String()
}

// What is ours withstands all of it, on either engine.
func TestOurAPIConforms(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, nil)
		o := conform.Options{URL: s.url, Key: s.keys[0], SecondKey: s.keys[1], Now: time.Now}
		if slowed {
			o.Skip = []string{"late.thousand"}
		}
		r, err := conform.Run(t.Context(), o)
		check(t, err)
		all := len(conform.IDs()) - len(o.Skip)
		if got := ended(r, conform.Passed); len(got) != all-4 || len(r.Results) != all {
			t.Errorf("passed are %d of %d:\n%s", len(got), all, text(r))
		}
		if got := ended(r, conform.Skipped); !slices.Equal(got, []string{"hold.lapse", "confirm.code", "confirm.phone", "card.shown"}) {
			t.Errorf("skipped are %v", got)
		}
		for line := range strings.Lines(s.Log.String()) {
			if !strings.Contains(line, "outcome_unknown") { // of a machine that is too busy; the kit sends it again
				t.Errorf("the server calls something its fault: %s", line)
			}
		}
	})
}

// An installation that is a few minutes old conforms too: nothing is compared with rules
// that did not hold yet.
func TestNewInstallationConforms(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSiteSince(t, d, time.Now().Add(-time.Minute), func(r *programme.Rules) { r.Levels[0].Discount = 100 })
		r, err := conform.Run(t.Context(), conform.Options{URL: s.url, Key: s.keys[0], SecondKey: s.keys[1], Only: []string{"late", "sums"}, Skip: []string{"late.thousand"}, Now: time.Now})
		check(t, err)
		if got := ended(r, conform.Failed); len(got) > 0 || len(r.Results) == 0 {
			t.Errorf("failed are %v:\n%s", got, text(r))
		}
	})
}

// Where our API announces that points need the card, they are not taken without.
func TestCardsConform(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, func(r *programme.Rules) { r.Redeem.WithCard = true })
		r := s.play(t, s.url, "card")
		if got := ended(r, conform.Passed); len(got) != 1 {
			t.Errorf("passed are %v:\n%s", got, text(r))
		}
	})
}

// Where our API announces codes, points are not taken without.
func TestCodesConform(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, func(r *programme.Rules) { r.Redeem.ConfirmFrom = 1 })
		r, err := conform.Run(t.Context(), conform.Options{URL: s.url, Key: s.keys[0], Only: []string{"confirm"}, Now: time.Now})
		check(t, err)
		if got := ended(r, conform.Passed); len(got) != 1 {
			t.Errorf("passed are %v:\n%s", got, text(r))
		}
		if _, all := s.Sent.Last(); all != 1 {
			t.Errorf("%d codes were sent", all)
		}
	})
}

// Where our API announces that phones need codes, they are not registered with wrong ones.
func TestCodesOfPhonesConform(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, nil)
		for _, way := range []settings.Code{settings.AskCode, settings.AlwaysCode} {
			s.AskForCodes(t, way)
			r, err := conform.Run(t.Context(), conform.Options{URL: s.url, Key: s.keys[0], Only: []string{"confirm.phone"}, Now: time.Now})
			check(t, err)
			if got := ended(r, conform.Passed); len(got) != 1 {
				t.Errorf("%s: passed are %v:\n%s", way, got, text(r))
			}
		}
	})
}

// Where phones need codes, nobody is told to give a bonus that is there already.
func TestBonusesOfPhonesWithoutCodes(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, nil)
		for _, way := range []settings.Code{settings.AskCode, settings.AlwaysCode} {
			s.AskForCodes(t, way)
			r := s.play(t, s.url, "hold.cancel", "late.charged")
			for _, one := range r.Results {
				passes := way == settings.AskCode && one.ID == "late.charged" // points are not needed there
				if passes != (one.State == conform.Passed) || !passes && (one.State != conform.Skipped || !strings.Contains(one.Reason, "registration_code")) {
					t.Errorf("%s: %s is %s: %s", way, one.ID, one.State, one.Reason)
				}
			}
		}
	})
}
