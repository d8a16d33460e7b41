package programme_test

import (
	"testing"
	"time"

	"regulars/internal/base/money"
	"regulars/internal/loyalty/programme"
)

func TestLevels(t *testing.T) {
	t.Parallel()
	r := &programme.Rules{Levels: []programme.Level{
		{Code: "base"}, {Code: "silver", Threshold: 100}, {Code: "gold", Threshold: 300},
	}}
	now := time.Date(2026, 3, 10, 18, 30, 0, 0, time.UTC)
	until := func(d time.Duration) time.Time { return now.Add(d) }
	tests := map[string]struct {
		tier   *programme.Tier
		spend  money.Amount
		held   string // before a sale
		review string // left at a midnight
	}{
		"nothing kept":                      {nil, 0, "base", "base"},
		"nothing kept, spend reaches":       {nil, 100, "silver", "silver"},
		"a unit less":                       {nil, 99, "base", "base"},
		"far more":                          {nil, 1e15, "gold", "gold"},
		"below nothing":                     {nil, -1, "base", "base"},
		"kept, until a midnight":            {&programme.Tier{Level: "gold"}, 120, "gold", "silver"},
		"spend is ahead of what is kept":    {&programme.Tier{Level: "silver"}, 300, "gold", "gold"},
		"a level that is gone":              {&programme.Tier{Level: "platinum"}, 120, "silver", "silver"},
		"given by hand":                     {&programme.Tier{Floor: "gold", FloorUntil: until(1)}, 0, "gold", "gold"},
		"given for ever":                    {&programme.Tier{Floor: "gold"}, 0, "gold", "gold"},
		"given until now":                   {&programme.Tier{Floor: "gold", FloorUntil: until(0)}, 120, "silver", "silver"},
		"given, but spend reaches more":     {&programme.Tier{Floor: "silver", FloorUntil: until(1)}, 300, "gold", "gold"},
		"given below what is kept":          {&programme.Tier{Level: "gold", Floor: "silver", FloorUntil: until(1)}, 0, "gold", "silver"},
		"given a level that is gone":        {&programme.Tier{Level: "silver", Floor: "platinum"}, 0, "silver", "base"},
		"what was given ends, what is kept": {&programme.Tier{Level: "silver", Floor: "gold", FloorUntil: until(-1)}, 0, "silver", "base"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := programme.LevelOf(r, tt.tier, tt.spend, now); got.Code != tt.held {
				t.Errorf("holds %s, want %s", got.Code, tt.held)
			}
			var kept programme.Tier
			if tt.tier != nil {
				kept = *tt.tier
			}
			if got := programme.Review(r, kept, tt.spend, 0, now, time.UTC); got.Level != tt.review {
				t.Errorf("is left with %s, want %s", got.Level, tt.review)
			}
		})
	}

	if l, ok := r.Level("gold"); !ok || l.Threshold != 300 {
		t.Errorf("Level(gold) = %+v, %v", l, ok)
	}
	if l, ok := r.Level("platinum"); ok || l.Code != "base" {
		t.Errorf("Level(platinum) = %+v, %v", l, ok)
	}
	if l := r.Reached(299); l.Code != "silver" {
		t.Errorf("Reached(299) = %+v", l)
	}
}

func TestGoodsHas(t *testing.T) {
	t.Parallel()
	g := programme.Goods{Categories: []string{"tobacco"}, Products: []string{"stamp", ""}}
	tests := map[string]struct {
		sku  string
		in   []string
		want bool
	}{
		"by SKU":                  {"stamp", nil, true},
		"by category":             {"cigar", []string{"tobacco"}, true},
		"by one above":            {"cigar", []string{"cuban", "tobacco"}, true},
		"not at all":              {"milk", []string{"dairy", "food"}, false},
		"a SKU is no category":    {"tobacco", nil, false},
		"a product without SKU":   {"", nil, false},
		"nothing that is nowhere": {"", []string{""}, false},
	}
	for name, tt := range tests {
		if got := g.Has(tt.sku, tt.in); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	if (programme.Goods{}).Has("milk", []string{"dairy"}) {
		t.Error("no goods have milk")
	}
}

func TestCovers(t *testing.T) {
	t.Parallel()
	all, some := programme.Rules{}, programme.Rules{Stores: []string{"s1", "s2"}}
	if !all.Covers("s9") || !some.Covers("s2") || some.Covers("s9") {
		t.Error("Covers is wrong")
	}
}
