package programme_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"regulars/internal/base/errs"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/programme"
)

func currency(t testing.TB, code string) money.Currency {
	t.Helper()
	c, err := money.CurrencyOf(code)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestValidateNamesEveryWrongField(t *testing.T) {
	t.Parallel()
	type rules = programme.Rules
	long := strings.Repeat("x", 101)
	tests := map[string]struct {
		spoil func(r *rules)
		want  []string // pointer and code
	}{
		"in order":                {func(r *rules) {}, nil},
		"no levels":               {func(r *rules) { r.Levels = nil }, []string{"/levels out_of_range"}},
		"too many levels":         {func(r *rules) { r.Levels = many(programme.MaxLevels + 1) }, []string{"/levels out_of_range"}},
		"as many as can be":       {func(r *rules) { r.Levels = many(programme.MaxLevels) }, nil},
		"first threshold":         {func(r *rules) { r.Levels[0].Threshold = 1 }, []string{"/levels/0/threshold not_zero"}},
		"equal thresholds":        {func(r *rules) { r.Levels[2].Threshold = r.Levels[1].Threshold }, []string{"/levels/2/threshold not_rising"}},
		"second threshold 0":      {func(r *rules) { r.Levels[1].Threshold = 0 }, []string{"/levels/1/threshold not_rising"}},
		"falling thresholds":      {func(r *rules) { r.Levels[1].Threshold = r.Levels[2].Threshold + 1 }, []string{"/levels/2/threshold not_rising"}},
		"negative threshold":      {func(r *rules) { r.Levels[0].Threshold = -1 }, []string{"/levels/0/threshold not_zero"}},
		"huge threshold":          {func(r *rules) { r.Levels[2].Threshold = money.MaxAmount + 1 }, []string{"/levels/2/threshold out_of_range"}},
		"code used twice":         {func(r *rules) { r.Levels[2].Code = r.Levels[0].Code }, []string{"/levels/2/code level_twice"}},
		"no code":                 {func(r *rules) { r.Levels[0].Code = "" }, []string{"/levels/0/code not_a_code"}},
		"code with a space":       {func(r *rules) { r.Levels[0].Code = "a b" }, []string{"/levels/0/code not_a_code"}},
		"code in capitals":        {func(r *rules) { r.Levels[0].Code = "Gold" }, []string{"/levels/0/code not_a_code"}},
		"code in Cyrillic":        {func(r *rules) { r.Levels[0].Code = "золото" }, []string{"/levels/0/code not_a_code"}},
		"code begins with a dash": {func(r *rules) { r.Levels[0].Code = "-a" }, []string{"/levels/0/code not_a_code"}},
		"long code":               {func(r *rules) { r.Levels[0].Code = long[:33] }, []string{"/levels/0/code not_a_code"}},
		"code with everything":    {func(r *rules) { r.Levels[0].Code = "1-level_2" }, nil},
		"blank name":              {func(r *rules) { r.Levels[0].Name = " \t" }, []string{"/levels/0/name required"}},
		"long name":               {func(r *rules) { r.Levels[0].Name = long }, []string{"/levels/0/name required"}},
		"long name in Cyrillic":   {func(r *rules) { r.Levels[0].Name = strings.Repeat("ж", 100) }, nil},
		"name that is not text":   {func(r *rules) { r.Levels[0].Name = "\xff" }, []string{"/levels/0/name required"}},
		"cashback over the whole": {func(r *rules) { r.Levels[1].Cashback = 10_001 }, []string{"/levels/1/cashback out_of_range"}},
		"negative cashback":       {func(r *rules) { r.Levels[1].Cashback = -1 }, []string{"/levels/1/cashback out_of_range"}},
		"discount over the whole": {func(r *rules) { r.Levels[1].Discount = 10_001 }, []string{"/levels/1/discount out_of_range"}},
		"negative discount":       {func(r *rules) { r.Levels[1].Discount = -1 }, []string{"/levels/1/discount out_of_range"}},
		"store without code":      {func(r *rules) { r.Stores = []string{"a", ""} }, []string{"/stores/1 bad_reference"}},
		"too many stores":         {func(r *rules) { r.Stores = listOf(programme.MaxStores + 1) }, []string{"/stores too_many"}},
		"worthless point":         {func(r *rules) { r.PointValue = 0 }, []string{"/point_value out_of_range"}},
		"too small a value":       {func(r *rules) { r.PointValue = 9 }, []string{"/point_value out_of_range"}},
		"smallest value":          {func(r *rules) { r.PointValue = 10 }, nil},
		"too large a value":       {func(r *rules) { r.PointValue = programme.MaxPointValue + 1 }, []string{"/point_value out_of_range"}},
		"unknown combination":     {func(r *rules) { r.Combine = "both" }, []string{"/combine unknown_value"}},
		"no window":               {func(r *rules) { r.Spend.Window = "" }, []string{"/spend/window unknown_value"}},
		"rolling without days":    {func(r *rules) { r.Spend.Window = programme.Rolling }, []string{"/spend/days out_of_range"}},
		"rolling":                 {func(r *rules) { r.Spend = programme.Spend{Window: programme.Rolling, Days: 3660} }, nil},
		"rolling too long":        {func(r *rules) { r.Spend = programme.Spend{Window: programme.Rolling, Days: 3661} }, []string{"/spend/days out_of_range"}},
		"a lifetime of days":      {func(r *rules) { r.Spend.Days = 1 }, []string{"/spend/days out_of_range"}},
		"discount rounded up":     {func(r *rules) { r.Discount.Rounding.Mode = money.Up }, []string{"/discount/rounding/mode unknown_value"}},
		"discount without unit":   {func(r *rules) { r.Discount.Rounding.Unit = 0 }, []string{"/discount/rounding/unit out_of_range"}},
		"huge unit of money":      {func(r *rules) { r.Discount.Rounding.Unit = programme.MaxUnit + 1 }, []string{"/discount/rounding/unit out_of_range"}},
		"points rounded up":       {func(r *rules) { r.Earn.Rounding.Mode = "" }, []string{"/earn/rounding/mode unknown_value"}},
		"huge unit of points":     {func(r *rules) { r.Earn.Rounding.Unit = programme.MaxEarnUnit + 1 }, []string{"/earn/rounding/unit out_of_range"}},
		"negative delay":          {func(r *rules) { r.Earn.DelayDays = -1 }, []string{"/earn/delay_days out_of_range"}},
		"endless delay":           {func(r *rules) { r.Earn.DelayDays = programme.MaxDays + 1 }, []string{"/earn/delay_days out_of_range"}},
		"negative expiry":         {func(r *rules) { r.Earn.ExpiryDays = -1 }, []string{"/earn/expiry_days out_of_range"}},
		"endless expiry":          {func(r *rules) { r.Earn.ExpiryDays = programme.MaxExpiryDays + 1 }, []string{"/earn/expiry_days out_of_range"}},
		"goods without code": {func(r *rules) {
			r.Discount.Exclude.Categories, r.Earn.Exclude.Products, r.Redeem.Exclude.Products = []string{""}, []string{"a", ""}, []string{long}
		}, []string{"/discount/exclude/categories/0 bad_reference", "/earn/exclude/products/1 bad_reference", "/redeem/exclude/products/0 bad_reference"}},
		"too many goods":     {func(r *rules) { r.Earn.Exclude.Products = listOf(programme.MaxGoods + 1) }, []string{"/earn/exclude too_many"}},
		"cap over the whole": {func(r *rules) { r.Redeem.Cap = 10_001 }, []string{"/redeem/cap out_of_range"}},
		"negative cap":       {func(r *rules) { r.Redeem.Cap = -1 }, []string{"/redeem/cap out_of_range"}},
		"negative least":     {func(r *rules) { r.Redeem.Min = -1 }, []string{"/redeem/min out_of_range"}},
		"huge step":          {func(r *rules) { r.Redeem.Step = programme.MaxPoints + 1 }, []string{"/redeem/step out_of_range"}},
		"welcome": {func(r *rules) { r.Welcome = programme.Welcome{Points: -1, ExpiryDays: -1} },
			[]string{"/welcome/points out_of_range", "/welcome/expiry_days out_of_range"}},
		"return": {func(r *rules) { r.Return = programme.Return{Clawback: "shrug", GraceDays: -1} },
			[]string{"/return/clawback unknown_value", "/return/grace_days out_of_range"}},
		"negative margin": {func(r *rules) { r.Guard = &programme.Guard{Margin: -1} }, []string{"/guard/margin out_of_range"}},
		"huge margin":     {func(r *rules) { r.Guard = &programme.Guard{Margin: programme.MaxMargin + 1} }, []string{"/guard/margin out_of_range"}},
		"a guard":         {func(r *rules) { r.Guard = &programme.Guard{Margin: programme.MaxMargin} }, nil},
		"minutes of a quote": {func(r *rules) { r.QuoteMinutes = -1 },
			[]string{"/quote_minutes out_of_range"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := programme.Default(currency(t, "RUB"))
			tt.spoil(r)
			err := programme.Validate(r, currency(t, "RUB"))
			if got, want := fields(t, err), strings.Join(tt.want, "\n"); got != want {
				t.Errorf("Validate names\n%s\nwant\n%s", got, want)
			}
		})
	}
	if err := programme.Validate(nil, currency(t, "RUB")); errs.KindOf(err) != errs.Invalid {
		t.Errorf("Validate(nil) = %v", err)
	}
}

// Bounds are told in what people type: points and money, not the hundredths and
// minor units that are kept.
func TestBoundsAreInWhatIsTyped(t *testing.T) {
	t.Parallel()
	type bounds [2]any
	for code, of := range map[string]struct {
		threshold int64
		unit      bounds
	}{
		"UZS": {1e13, bounds{money.Price(100), money.Price(10_000_000_0000)}},
		"JPY": {1e15, bounds{money.Price(1_0000), money.Price(1_000_000_000_0000)}},
		"KWD": {1e12, bounds{money.Price(10), money.Price(1_000_000_0000)}},
	} {
		r := programme.Default(currency(t, code))
		r.Levels[2].Threshold, r.Levels[1].Per = money.MaxAmount+1, -1
		r.Discount.Rounding.Unit, r.Earn.Rounding.Unit, r.Redeem.Min, r.Welcome.Points, r.Redeem.Cap = 0, 0, -1, -1, -1
		want := map[string]bounds{
			"/levels/2/threshold":     {nil, of.threshold},
			"/levels/1/per":           {int64(0), of.threshold},
			"/discount/rounding/unit": of.unit,
			"/earn/rounding/unit":     {money.Points(1), money.Points(1000_00)},
			"/redeem/min":             {money.Points(0), programme.MaxPoints},
			"/welcome/points":         {money.Points(0), programme.MaxPoints},
			"/redeem/cap":             {money.Rate(0), money.Whole},
		}
		for _, f := range errs.Of(programme.Validate(r, currency(t, code))).Fields {
			if got := (bounds{f.Args["min"], f.Args["max"]}); got != want[f.Pointer] {
				t.Errorf("%s %s: %#v, want %#v", code, f.Pointer, got, want[f.Pointer])
			}
			delete(want, f.Pointer)
		}
		if len(want) > 0 {
			t.Errorf("%s: nothing is said of %v", code, want)
		}
	}
}

func many(n int) (levels []programme.Level) {
	for i := range n {
		levels = append(levels, programme.Level{Code: fmt.Sprint("l", i), Name: "x", Threshold: money.Amount(i)})
	}
	return levels
}

func listOf(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = "x"
	}
	return list
}

// fields are the fields that an error names.
func fields(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var e *errs.Error
	if !errors.As(err, &e) || e.Kind != errs.Invalid {
		t.Fatalf("not an error of the request: %v", err)
	}
	var list []string
	for _, f := range e.Fields {
		if f.Text == "" {
			t.Errorf("%s has no text", f.Pointer)
		}
		list = append(list, f.Pointer+" "+f.Code)
	}
	return strings.Join(list, "\n")
}

// Pricing asks before every receipt.
func TestValidateNumbersAllocatesNothing(t *testing.T) {
	c := currency(t, "UZS")
	r := programme.Default(c)
	if n := testing.AllocsPerRun(100, func() {
		if err := programme.ValidateNumbers(r, c); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestDefaultFitsTheCurrency(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"UZS", "RUB", "KZT", "USD", "EUR", "GBP", "JPY", "KWD", "KGS", "XAF", "VND", "HUF"} {
		c := currency(t, code)
		if err := programme.Validate(programme.Default(c), c); err != nil {
			t.Errorf("%s: %v", code, err)
		}
	}
	r := programme.Default(currency(t, "UZS"))
	if r.Levels[1].Threshold != 3_000_000_00 || r.Levels[2].Threshold != 10_000_000_00 || r.Discount.Rounding.Unit != 100_00 {
		t.Errorf("UZS: %+v", r)
	}
	r = programme.Default(currency(t, "GBP"))
	if r.Levels[1].Threshold != 300_00 || r.Levels[2].Threshold != 1_000_00 || r.Discount.Rounding.Unit != 1 {
		t.Errorf("GBP: %+v", r)
	}
	r.Levels[0].Cashback = 9_999
	if programme.Default(currency(t, "GBP")).Levels[0].Cashback != 100 {
		t.Error("Default hands out what it gave before")
	}
}
