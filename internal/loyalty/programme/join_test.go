package programme_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"regulars/internal/base/money"
	"regulars/internal/loyalty/programme"
)

// Two become one on the tenth of March.
func TestJoin(t *testing.T) {
	t.Parallel()
	silver, gold := tier("silver", "2026-02-01", "2026-03-20"), tier("gold", "2026-03-01", "2026-03-31")
	base := tier("base", "2026-02-01", "2026-03-05")
	for name, tt := range map[string]struct {
		rules         *programme.Rules
		own, theirs   programme.Tier
		spend, others money.Amount
		want          programme.Tier
	}{
		"nothing of either":                       {soon, none, none, 40, 40, none},
		"nothing of either is kept for the first": {soon, none, base, 0, 0, none},
		"what they reach together":                {soon, none, none, 60, 40, tier("silver", "2026-03-10", "2026-03-11")},
		"what one reached of whom none is kept":   {soon, base, none, -50, 300, tier("gold", "2026-03-10", "2026-03-11")},
		"the higher is theirs":                    {soon, silver, gold, 0, 0, tier("gold", "2026-03-10", "2026-03-11")},
		"the higher is their own":                 {soon, gold, silver, 0, 0, tier("gold", "2026-03-01", "2026-03-11")},
		"the same":                                {soon, silver, silver, 0, 0, tier("silver", "2026-02-01", "2026-03-11")},
		"a level that is gone":                    {soon, tier("platinum", "2026-02-01", ""), silver, 0, 0, tier("silver", "2026-03-10", "2026-03-11")},
		"a grace goes on":                         {soon, lost(gold, "2026-03-05"), silver, 0, 0, lost(tier("gold", "2026-03-01", "2026-03-11"), "2026-03-05")},
		"a grace comes along":                     {soon, silver, lost(gold, "2026-03-05"), 0, 0, lost(tier("gold", "2026-03-10", "2026-03-11"), "2026-03-05")},
		"never lost":                              {never, none, gold, 0, 0, tier("gold", "2026-03-10", "2026-03-11")},

		"a floor comes along":           {soon, silver, given(gold, "gold", ""), 0, 0, given(tier("gold", "2026-03-10", "2026-03-11"), "gold", "")},
		"a floor comes to who has none": {soon, none, given(base, "base", "2026-04-01"), 0, 0, none},
		"its end is looked at":          {soon, silver, given(gold, "gold", "2026-03-10 19h"), 0, 0, given(tier("gold", "2026-03-10", "2026-03-10 19h"), "gold", "2026-03-10 19h")},
		"of a level that is gone":       {soon, none, given(base, "platinum", ""), 0, 0, given(tier("base", "2026-03-10", "2026-03-11"), "platinum", "")},
		"but in no better one's place":  {soon, given(gold, "gold", ""), given(base, "platinum", ""), 0, 0, given(tier("gold", "2026-03-01", "2026-03-11"), "gold", "")},
		"one that ended does not":       {soon, silver, given(gold, "gold", "2026-03-10"), 0, 0, tier("gold", "2026-03-10", "2026-03-11")},
		"the better floor stays":        {soon, given(gold, "gold", ""), given(silver, "silver", ""), 0, 0, given(tier("gold", "2026-03-01", "2026-03-11"), "gold", "")},
		"the longer floor stays":        {soon, given(gold, "gold", "2026-05-01"), given(gold, "gold", "2026-04-01"), 0, 0, given(tier("gold", "2026-03-01", "2026-03-11"), "gold", "2026-05-01")},
		"the longer floor comes along":  {soon, given(gold, "gold", "2026-04-01"), given(gold, "gold", ""), 0, 0, given(tier("gold", "2026-03-01", "2026-03-11"), "gold", "")},
		"one that ended makes place":    {soon, given(silver, "gold", "2026-03-01"), given(silver, "silver", ""), 0, 0, given(tier("silver", "2026-02-01", "2026-03-11"), "silver", "")},

		"their own lasts as long as it did":           {lasting, gold, none, 0, 0, gold},
		"also where it is joined by as high a one":    {lasting, silver, tier("silver", "2026-03-09", "2026-04-08"), 0, 0, silver},
		"theirs lasts as long as it did":              {lasting, silver, gold, 0, 0, tier("gold", "2026-03-10", "2026-03-31")},
		"one that they reach together lasts from now": {lasting, silver, none, 200, 100, tier("gold", "2026-03-10", "2026-04-09")},
		"one of which no day is known":                {lasting, tier("gold", "2026-03-01", ""), none, 0, 0, tier("gold", "2026-03-01", "2026-03-11")},
		"a floor that comes along outlasts none":      {lasting, gold, given(silver, "silver", "2026-03-12"), 0, 0, given(gold, "silver", "2026-03-12")},
		"a grace of theirs, lasting":                  {lasting, silver, lost(gold, "2026-03-05"), 0, 0, lost(tier("gold", "2026-03-10", "2026-03-31"), "2026-03-05")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := programme.Join(tt.rules, tt.own, tt.theirs, tt.spend, tt.others, day("2026-03-10"), time.UTC)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// They became one on the tenth of March, and part on the fifteenth.
func TestPart(t *testing.T) {
	t.Parallel()
	silver, came := tier("silver", "2026-02-01", "2026-03-20"), tier("gold", "2026-03-10", "2026-03-31")
	for name, tt := range map[string]struct {
		rules         *programme.Rules
		is, was, gave programme.Tier
		want          programme.Tier
	}{
		"what came along goes":                 {soon, came, silver, none, tier("silver", "2026-03-15", "2026-03-16")},
		"from who had nothing, too":            {soon, came, none, none, tier("base", "2026-03-15", "2026-03-16")},
		"what was held before stays":           {soon, silver, silver, none, tier("silver", "2026-02-01", "2026-03-16")},
		"what was reached since stays":         {soon, tier("gold", "2026-03-12", ""), silver, none, tier("gold", "2026-03-12", "2026-03-16")},
		"a level that is gone meanwhile":       {soon, came, tier("platinum", "2026-02-01", ""), none, tier("base", "2026-03-15", "2026-03-16")},
		"a floor that came along goes":         {soon, given(came, "gold", ""), silver, given(came, "gold", ""), tier("silver", "2026-03-15", "2026-03-16")},
		"and the one before it is back":        {soon, given(came, "gold", ""), given(silver, "silver", "2026-06-01"), given(came, "gold", ""), given(tier("silver", "2026-03-15", "2026-03-16"), "silver", "2026-06-01")},
		"it holds, whatever was kept":          {soon, given(came, "gold", ""), given(none, "silver", ""), given(came, "gold", ""), given(tier("silver", "2026-03-15", "2026-03-16"), "silver", "")},
		"a floor given since stays":            {soon, given(came, "gold", "2026-06-01"), silver, given(came, "gold", ""), given(tier("gold", "2026-03-10", "2026-03-16"), "gold", "2026-06-01")},
		"one taken back since stays away":      {soon, silver, given(silver, "silver", ""), none, tier("silver", "2026-02-01", "2026-03-16")},
		"what came along goes, lasting or not": {lasting, came, silver, none, silverAgain},
		"what was held lasts as it did":        {lasting, silver, silver, none, silver},
		"what was reached since lasts":         {lasting, tier("gold", "2026-03-12", "2026-04-11"), silver, none, tier("gold", "2026-03-12", "2026-04-11")},
		"who had nothing lasts no days":        {lasting, came, none, none, tier("base", "2026-03-15", "2026-03-16")},
		"of who had it no day was known":       {lasting, came, tier("silver", "2026-02-01", ""), none, tier("silver", "2026-03-15", "2026-03-16")},
		"no day is known of what was held":     {lasting, tier("gold", "2026-02-01", ""), silver, none, tier("gold", "2026-02-01", "2026-03-16")},
		"what was given since lasts no days":   {lasting, given(came, "silver", ""), tier("base", "2026-02-01", "2026-03-20"), none, given(tier("silver", "2026-03-15", "2026-03-16"), "silver", "")},
		"the end of a floor is looked at":      {soon, given(silver, "silver", "2026-03-15 19h"), silver, none, given(tier("silver", "2026-02-01", "2026-03-15 19h"), "silver", "2026-03-15 19h")},
		"a grace of before goes on":            {lasting, came, lost(silver, "2026-03-05"), none, lost(silverAgain, "2026-03-05")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := programme.Part(tt.rules, tt.is, tt.was, tt.gave, day("2026-03-10"), day("2026-03-15"), time.UTC)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// silverAgain lasts for what was left of its days.
var silverAgain = tier("silver", "2026-03-15", "2026-03-20")

// Who went comes back with the days that were left, and is looked at otherwise.
func TestRestore(t *testing.T) {
	t.Parallel()
	away, left := tier("gold", "2026-02-01", ""), lost(tier("gold", "2026-02-01", "2026-03-20"), "2026-03-05")
	for name, tt := range map[string]struct {
		rules      *programme.Rules
		away, left programme.Tier
		want       programme.Tier
	}{
		"the next midnight":         {soon, away, left, lost(tier("gold", "2026-02-01", "2026-03-16"), "2026-03-05")},
		"a floor stays":             {soon, given(away, "gold", ""), given(left, "gold", ""), given(lost(tier("gold", "2026-02-01", "2026-03-16"), "2026-03-05"), "gold", "")},
		"its end is looked at":      {soon, given(away, "gold", "2026-03-15 19h"), none, given(tier("gold", "2026-02-01", "2026-03-15 19h"), "gold", "2026-03-15 19h")},
		"as long as it did":         {lasting, away, left, left},
		"of which nothing is known": {lasting, away, none, tier("gold", "2026-02-01", "2026-03-16")},
		"of which no day was known": {lasting, away, away, tier("gold", "2026-02-01", "2026-03-16")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, programme.Restore(tt.rules, tt.away, tt.left, day("2026-03-15"), time.UTC)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Whoever becomes one holds no less than either did, and who parts again untouched holds
// what they held: the level, what was given by hand and, where levels last, for as long.
func TestPartAfterJoin(t *testing.T) {
	t.Parallel()
	g := rand.New(rand.NewPCG(3, 10))
	at, later := day("2026-03-10"), day("2026-03-15")
	somebody := func() programme.Tier {
		if g.IntN(6) == 0 {
			return none
		}
		t := programme.Tier{Programme: 1, Since: at.AddDate(0, 0, -1-g.IntN(40)), ReviewAt: at.AddDate(0, 0, g.IntN(40))}
		if g.IntN(3) == 0 {
			t.LostAt = at.AddDate(0, 0, -g.IntN(5))
		}
		level := g.IntN(len(levels))
		if t.Level = levels[level].Code; g.IntN(2) == 0 { // for longer than this takes
			if t.Floor = levels[g.IntN(level+1)].Code; g.IntN(2) == 0 {
				t.FloorUntil = later.AddDate(0, 0, 1+g.IntN(40))
			}
		}
		return t
	}
	for range 20_000 {
		r := []*programme.Rules{soon, never, lasting, yearly}[g.IntN(4)]
		own, theirs := somebody(), somebody()
		spend, others := money.Amount(g.IntN(400)), money.Amount(g.IntN(400))
		one := programme.Join(r, own, theirs, spend, others, at, time.UTC)
		joined := r.Index(programme.LevelOf(r, &one, spend+others, at).Code)
		for _, t0 := range []struct {
			tier  programme.Tier
			spend money.Amount
		}{{own, spend}, {theirs, others}} {
			if was := programme.LevelOf(r, &t0.tier, t0.spend, at); joined < r.Index(was.Code) {
				t.Fatalf("%+v and %+v are %+v, under %s", own, theirs, one, was.Code)
			}
		}
		if one.Level == "" { // nothing is kept
			continue
		}
		var gave programme.Tier
		if !one.SameFloor(&own) {
			gave = one
		}
		got := programme.Part(r, one, own, gave, at, later, time.UTC)
		if !got.SameFloor(&own) || got.Level != own.Level && (own.Level != "" || got.Level != "base") {
			t.Fatalf("%+v, with %+v for a while, is %+v", own, theirs, got)
		}
		if r.Downgrade.When == programme.DropEvery && own.Level != "" && (!got.ReviewAt.Equal(own.ReviewAt) || !got.LostAt.Equal(own.LostAt)) {
			t.Fatalf("%+v, with %+v for a while, lasts otherwise: %+v", own, theirs, got)
		}
	}
}

// An empty duplicate that is joined takes nothing from a level that lasts, whichever of
// the two stays.
func TestJoinTakesNoDays(t *testing.T) {
	t.Parallel()
	g := rand.New(rand.NewPCG(5, 1))
	at := day("2026-03-10")
	for range 5_000 {
		level := g.IntN(len(levels))
		was := tier(levels[level].Code, "2026-03-01", "")
		was.ReviewAt = at.AddDate(0, 0, 1+g.IntN(30))
		spend := money.Amount(g.Int64N(int64(levels[level].Threshold) + 1))
		if got := programme.Join(lasting, was, none, spend, 0, at, time.UTC); got != was {
			t.Fatalf("%+v stays as %+v", was, got)
		}
		if got := programme.Join(lasting, none, was, 0, spend, at, time.UTC); level > 0 && (got.Level != was.Level || got.ReviewAt != was.ReviewAt) {
			t.Fatalf("%+v comes along as %+v", was, got)
		}
	}
}
