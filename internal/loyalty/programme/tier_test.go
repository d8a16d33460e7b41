package programme_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"regulars/internal/base/money"
	"regulars/internal/loyalty/programme"
)

// day is a midnight of UTC, or an hour of the day ("2026-03-10 19h"); "": the zero time.
func day(text string) time.Time {
	if text == "" {
		return time.Time{}
	}
	at, err := time.Parse((time.DateOnly + " 15h")[:len(text)], text)
	if err != nil {
		panic(err)
	}
	return at
}

func tier(level, since, review string) programme.Tier {
	return programme.Tier{Programme: 1, Level: level, Since: day(since), ReviewAt: day(review)}
}

func given(t programme.Tier, floor, until string) programme.Tier {
	t.Floor, t.FloorUntil = floor, day(until)
	return t
}

func lost(t programme.Tier, at string) programme.Tier {
	t.LostAt = day(at)
	return t
}

// Levels at 0, 100 and 300, and some ways of losing them.
var (
	levels  = []programme.Level{{Code: "base"}, {Code: "silver", Threshold: 100}, {Code: "gold", Threshold: 300}}
	soon    = &programme.Rules{Levels: levels, Spend: programme.Spend{Window: programme.Lifetime}}
	never   = &programme.Rules{Levels: levels, Spend: soon.Spend, Downgrade: programme.Downgrade{When: programme.DropNever}}
	lasting = &programme.Rules{Levels: levels, Spend: soon.Spend, Downgrade: programme.Downgrade{When: programme.DropEvery, Days: 30}}
	yearly  = &programme.Rules{Levels: levels, Spend: programme.Spend{Window: programme.Year}}
)

// none is who has nothing kept.
var none = programme.Tier{Programme: 1}

func TestTierOf(t *testing.T) {
	t.Parallel()
	list := []programme.Tier{{Programme: 2, Level: "gold"}, tier("silver", "2026-01-01", "")}
	if got := programme.TierOf(list, 1); got != &list[1] {
		t.Errorf("found %+v", got)
	}
	if got := programme.TierOf(list, 3); got != nil {
		t.Errorf("found %+v of a programme of which nothing is kept", got)
	}
	if got := programme.KeptOf(list, 3); got != (programme.Tier{Programme: 3}) {
		t.Errorf("kept is %+v", got)
	}
}

func TestReach(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		rules    *programme.Rules
		tier     programme.Tier
		recorded string
		want     programme.Tier
	}{
		"the first level":                        {soon, none, "2026-03-10", tier("gold", "2026-03-10", "")},
		"in place of a lower one":                {soon, lost(tier("silver", "2026-01-01", "2026-03-11"), "2026-03-01"), "2026-03-10", tier("gold", "2026-03-10", "")},
		"of a year, until its end":               {yearly, none, "2026-03-10", tier("gold", "2026-03-10", "2027-01-01")},
		"a floor stays, and its end is seen":     {yearly, given(tier("silver", "2026-01-01", ""), "silver", "2026-04-01"), "2026-03-10", given(tier("gold", "2026-03-10", "2026-04-01"), "silver", "2026-04-01")},
		"nor one that ended before it came":      {yearly, given(tier("silver", "2026-01-01", ""), "silver", "2026-03-11"), "2026-03-12", given(tier("gold", "2026-03-10", "2027-01-01"), "silver", "2026-03-11")},
		"one that lasts outlasts a floor":        {lasting, given(tier("silver", "2026-01-01", ""), "silver", "2026-03-20"), "2026-03-10", given(tier("gold", "2026-03-10", "2026-04-09"), "silver", "2026-03-20")},
		"one that lasts, from the sale's day on": {lasting, none, "2026-03-15", tier("gold", "2026-03-10", "2026-04-09")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := programme.Reach(tt.rules, tt.tier, "gold", day("2026-03-10"), day(tt.recorded), time.UTC)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTakeBack(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		rules *programme.Rules
		tier  programme.Tier
		held  int
		left  money.Amount
		want  programme.Tier
	}{
		"spend still carries the level":        {soon, tier("gold", "2026-01-01", ""), 2, 300, tier("gold", "2026-01-01", "")},
		"the next midnight looks":              {soon, tier("gold", "2026-01-01", ""), 2, 299, tier("gold", "2026-01-01", "2026-03-11")},
		"one that looks sooner does":           {soon, tier("gold", "2026-01-01", "2026-03-10"), 2, 0, tier("gold", "2026-01-01", "2026-03-10")},
		"the end of a floor looks sooner":      {soon, given(tier("gold", "2026-01-01", ""), "gold", "2026-03-11"), 2, 0, given(tier("gold", "2026-01-01", "2026-03-11"), "gold", "2026-03-11")},
		"a grace goes on":                      {soon, lost(tier("gold", "2026-01-01", "2026-03-20"), "2026-03-01"), 2, 0, lost(tier("gold", "2026-01-01", "2026-03-11"), "2026-03-01")},
		"held but not kept: it is from then":   {soon, tier("silver", "2026-01-01", ""), 2, 0, tier("gold", "2026-03-09", "2026-03-11")},
		"of who had nothing kept":              {soon, none, 1, 0, tier("silver", "2026-03-09", "2026-03-11")},
		"a floor stays":                        {soon, given(none, "silver", ""), 2, 0, given(tier("gold", "2026-03-09", "2026-03-11"), "silver", "")},
		"never lost":                           {never, tier("gold", "2026-01-01", ""), 2, 0, tier("gold", "2026-01-01", "")},
		"never lost, looked at all the same":   {never, tier("gold", "2026-01-01", "2026-03-20"), 2, 0, tier("gold", "2026-01-01", "2026-03-20")},
		"of a year, until its end":             {yearly, tier("gold", "2026-01-01", ""), 2, 0, tier("gold", "2026-01-01", "2027-01-01")},
		"one that lasts, lasts as it did":      {lasting, tier("gold", "2026-03-01", "2026-03-31"), 2, 0, tier("gold", "2026-03-01", "2026-03-31")},
		"one that lasts, held but not kept":    {lasting, given(tier("silver", "2026-03-01", "2026-03-31"), "silver", "2026-03-12"), 2, 0, given(tier("gold", "2026-03-09", "2026-04-09"), "silver", "2026-03-12")},
		"one that lasts is looked at sometime": {lasting, tier("gold", "2026-03-01", ""), 2, 0, tier("gold", "2026-03-01", "2026-04-09")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// The return is of the day before.
			got := programme.TakeBack(tt.rules, tt.tier, levels[tt.held], tt.left, day("2026-03-09"), day("2026-03-10"), time.UTC)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestGive(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		rules  *programme.Rules
		tier   programme.Tier
		spend  money.Amount
		level  string // "": taken back
		until  string
		byHand bool
		want   programme.Tier
	}{
		"for good":                            {soon, none, 0, "gold", "", false, given(tier("gold", "2026-03-10", ""), "gold", "")},
		"until a day, which looks at it":      {soon, none, 0, "gold", "2026-04-01", false, given(tier("gold", "2026-03-10", "2026-04-01"), "gold", "2026-04-01")},
		"under what spend reaches":            {soon, none, 300, "silver", "", false, given(tier("gold", "2026-03-10", ""), "silver", "")},
		"under what is kept":                  {soon, tier("gold", "2026-01-01", "2026-03-20"), 0, "silver", "2026-03-15", false, given(tier("gold", "2026-01-01", "2026-03-15"), "silver", "2026-03-15")},
		"a grace ends":                        {soon, lost(tier("silver", "2026-01-01", "2026-03-20"), "2026-03-01"), 0, "gold", "", false, given(tier("gold", "2026-03-10", ""), "gold", "")},
		"taken back":                          {soon, given(tier("gold", "2026-01-01", ""), "gold", ""), 0, "", "", true, tier("gold", "2026-01-01", "2026-03-11")},
		"taken back from who has none":        {soon, none, 0, "", "", false, tier("base", "2026-03-10", "")},
		"that lasts, alone, until a day":      {lasting, none, 0, "gold", "2026-03-15", false, given(tier("gold", "2026-03-10", "2026-03-15"), "gold", "2026-03-15")},
		"that lasts, alone, for longer":       {lasting, none, 0, "gold", "2027-01-01", false, given(tier("gold", "2026-03-10", "2026-04-09"), "gold", "2027-01-01")},
		"reached, lasts though given shorter": {lasting, tier("gold", "2026-03-01", "2026-03-31"), 300, "gold", "2026-03-15", false, given(tier("gold", "2026-03-01", "2026-03-31"), "gold", "2026-03-15")},
		"reached, lasts though taken back":    {lasting, given(tier("gold", "2026-03-01", "2026-03-31"), "gold", ""), 0, "", "", false, tier("gold", "2026-03-01", "2026-03-31")},
		"of which no day was known":           {lasting, tier("gold", "2026-03-01", ""), 0, "gold", "2026-03-15", false, given(tier("gold", "2026-03-01", "2026-03-15"), "gold", "2026-03-15")},
		"by hand alone, does not":             {lasting, given(tier("gold", "2026-03-01", "2026-03-31"), "gold", ""), 0, "", "", true, tier("gold", "2026-03-01", "2026-03-11")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := programme.Give(tt.rules, tt.tier, tt.spend, tt.level, day(tt.until), tt.byHand, day("2026-03-10"), time.UTC)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
