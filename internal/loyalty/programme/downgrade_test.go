package programme_test

import (
	"testing"
	"time"

	"regulars/internal/base/money"
	"regulars/internal/loyalty/programme"
)

// When a level is lost, kept for a grace or looked at next, by each way of
// losing it.
func TestDowngrade(t *testing.T) {
	t.Parallel()
	gold := programme.Tier{Level: "gold", Since: day("2025-11-20"), ReviewAt: day("2026-01-01")}
	kept := func(change func(*programme.Tier)) programme.Tier {
		tier := gold
		change(&tier)
		return tier
	}
	lifetime := programme.Spend{Window: programme.Lifetime}
	year := programme.Spend{Window: programme.Year}
	for name, tt := range map[string]struct {
		spend        programme.Spend
		rule         programme.Downgrade
		tier         programme.Tier
		has, ended   money.Amount
		at           string
		level        string
		lost, review string
	}{
		"soon, to what spend reaches":  {lifetime, programme.Downgrade{}, gold, 120, 0, "2026-01-01", "silver", "", ""},
		"soon, a step":                 {lifetime, programme.Downgrade{Step: true}, gold, 0, 0, "2026-01-01", "silver", "", "2026-01-02"},
		"soon, the last step":          {lifetime, programme.Downgrade{Step: true}, gold, 120, 0, "2026-01-01", "silver", "", ""},
		"never":                        {lifetime, programme.Downgrade{When: programme.DropNever}, gold, 0, 0, "2026-01-01", "gold", "", ""},
		"never, but up":                {lifetime, programme.Downgrade{When: programme.DropNever}, kept(func(t *programme.Tier) { t.Level = "base" }), 300, 0, "2026-01-01", "gold", "", ""},
		"every 30 days, lost":          {lifetime, programme.Downgrade{When: programme.DropEvery, Days: 30}, gold, 0, 0, "2026-01-01", "base", "", "2026-01-31"},
		"every 30 days, kept":          {lifetime, programme.Downgrade{When: programme.DropEvery, Days: 30}, gold, 300, 0, "2026-01-01", "gold", "", "2026-01-31"},
		"a grace begins":               {lifetime, programme.Downgrade{GraceDays: 10}, gold, 120, 0, "2026-01-01", "gold", "2026-01-01", "2026-01-11"},
		"a grace goes on":              {lifetime, programme.Downgrade{GraceDays: 10}, kept(func(t *programme.Tier) { t.LostAt = day("2025-12-28") }), 120, 0, "2026-01-01", "gold", "2025-12-28", "2026-01-07"},
		"a grace ends":                 {lifetime, programme.Downgrade{GraceDays: 10}, kept(func(t *programme.Tier) { t.LostAt = day("2025-12-22") }), 120, 0, "2026-01-01", "silver", "", ""},
		"bought enough in the grace":   {lifetime, programme.Downgrade{GraceDays: 10}, kept(func(t *programme.Tier) { t.LostAt = day("2025-12-22") }), 300, 0, "2026-01-01", "gold", "", ""},
		"the year's end, kept by it":   {year, programme.Downgrade{}, gold, 0, 300, "2026-01-01", "gold", "", "2027-01-01"},
		"the year's end, less by it":   {year, programme.Downgrade{}, gold, 0, 299, "2026-01-01", "silver", "", "2027-01-01"},
		"the year's end, more already": {year, programme.Downgrade{}, gold, 300, 0, "2026-01-01", "gold", "", "2027-01-01"},
		"the year's end, anew":         {year, programme.Downgrade{When: programme.DropReset}, gold, 0, 500, "2026-01-01", "base", "", "2027-01-01"},
		"the quarter's end":            {programme.Spend{Window: programme.Quarter}, programme.Downgrade{}, gold, 0, 100, "2026-01-01", "silver", "", "2026-04-01"},
		"the month's end":              {programme.Spend{Window: programme.Month}, programme.Downgrade{}, gold, 0, 0, "2026-01-01", "base", "", "2026-02-01"},
		"a floor holds and is looked at": {
			lifetime, programme.Downgrade{}, kept(func(t *programme.Tier) { t.Floor, t.FloorUntil = "silver", day("2026-03-01") }), 0, 0, "2026-01-01", "silver", "", "2026-03-01",
		},
		"a floor has ended": {
			lifetime, programme.Downgrade{}, kept(func(t *programme.Tier) { t.Floor, t.FloorUntil = "gold", day("2026-01-01") }), 0, 0, "2026-01-01", "base", "", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &programme.Rules{Levels: levels, Spend: tt.spend, Downgrade: tt.rule}
			got := programme.Review(r, tt.tier, tt.has, tt.ended, day(tt.at), time.UTC)
			if got.Level != tt.level || !got.LostAt.Equal(day(tt.lost)) || !got.ReviewAt.Equal(day(tt.review)) {
				t.Errorf("%s, lost at %v, looked at %v", got.Level, got.LostAt, got.ReviewAt)
			}
			if since := tt.tier.Since; got.Level != tt.tier.Level {
				if since = day(tt.at); !got.Since.Equal(since) {
					t.Errorf("since %v", got.Since)
				}
			} else if !got.Since.Equal(since) {
				t.Errorf("since %v, though it is the same", got.Since)
			}
		})
	}
}
