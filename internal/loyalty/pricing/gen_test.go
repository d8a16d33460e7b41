package pricing_test

import (
	"fmt"
	"time"

	"pgregory.net/rapid"

	"regulars/internal/base/money"
	"regulars/internal/loyalty/pricing"
	"regulars/internal/loyalty/programme"
)

// Few SKUs and categories, so that exclusions hit.
var (
	skus       = []string{"", "a", "b", "c", "d"}
	categories = []string{"food", "drinks", "tobacco"}
	zones      = []string{"UTC", "Asia/Tashkent", "Europe/London", "America/New_York", "Africa/Cairo", "Pacific/Apia"}
)

// mixed draws mostly small numbers and sometimes the whole range.
func mixed[T ~int64](label string, low, small, high T) *rapid.Generator[T] {
	return rapid.Custom(func(t *rapid.T) T {
		if rapid.IntRange(0, 9).Draw(t, label+" is large") == 0 {
			return T(rapid.Int64Range(int64(low), int64(high)).Draw(t, label))
		}
		return T(rapid.Int64Range(int64(low), int64(small)).Draw(t, label))
	})
}

func genGoods(t *rapid.T, label string) programme.Goods {
	return programme.Goods{
		Categories: rapid.SliceOfN(rapid.SampledFrom(categories), 0, 1).Draw(t, label+" categories"),
		Products:   rapid.SliceOfN(rapid.SampledFrom(skus[1:]), 0, 1).Draw(t, label+" products"),
	}
}

func genRounding(t *rapid.T, label string, most int64) programme.Rounding {
	return programme.Rounding{
		Mode: rapid.SampledFrom([]money.Mode{money.Down, money.HalfUp}).Draw(t, label+" mode"),
		Unit: rapid.SampledFrom([]int64{1, 1, 5, 100, 10_000, most}).Draw(t, label+" unit"),
	}
}

func genRules(t *rapid.T, c money.Currency) *programme.Rules {
	r := plain()
	r.Stopped = rapid.IntRange(0, 19).Draw(t, "stopped") == 0
	low := money.Price((1000 + c.Minor() - 1) / c.Minor())
	r.PointValue = rapid.OneOf(
		rapid.SampledFrom([]money.Price{money.PriceScale, money.PriceScale, low, 3_333, 12_500, 70_000, programme.MaxPointValue}),
		rapid.Custom(func(t *rapid.T) money.Price {
			return money.Price(rapid.Int64Range(int64(low), int64(programme.MaxPointValue)).Draw(t, "value"))
		}),
	).Draw(t, "point value")
	rate := mixed[money.Rate]("rate", 0, 1500, money.Whole)
	r.Levels = nil
	var threshold money.Amount
	for i := range rapid.IntRange(1, 4).Draw(t, "levels") {
		r.Levels = append(r.Levels, programme.Level{
			Code: fmt.Sprintf("l%d", i), Name: "x", Threshold: threshold,
			Cashback: rate.Draw(t, "cashback"), Discount: rate.Draw(t, "discount"),
		})
		l := &r.Levels[i]
		if rapid.IntRange(0, 3).Draw(t, "by the point") == 0 {
			l.Cashback, l.Per = 0, mixed[money.Amount]("per", 1, 10_000, money.MaxAmount).Draw(t, "per")
		}
		if rapid.IntRange(0, 2).Draw(t, "rates for promotional goods") == 0 {
			l.Promo = &programme.PromoRates{Discount: rate.Draw(t, "promo discount")}
			if l.Per == 0 {
				l.Promo.Cashback = rate.Draw(t, "promo cashback")
			}
		}
		if rapid.IntRange(0, 3).Draw(t, "cap of the level") == 0 {
			share := rate.Draw(t, "level's cap")
			l.Cap = &share
		}
		threshold += mixed[money.Amount]("threshold", 1, 100_000, money.MaxAmount/8).Draw(t, "threshold")
	}
	r.Combine = rapid.SampledFrom([]programme.Combine{
		programme.CombineAdd, programme.CombineBetter, programme.CombineDiscount, programme.CombineCashback,
	}).Draw(t, "combine")
	r.Discount = programme.Discount{Exclude: genGoods(t, "discount"), Rounding: genRounding(t, "discount", programme.MaxUnit)}
	r.Earn = programme.Earn{
		Exclude: genGoods(t, "earn"), Rounding: genRounding(t, "earn", programme.MaxEarnUnit),
		Promo: rapid.Bool().Draw(t, "earn promo"), PointsPart: rapid.Bool().Draw(t, "earn on points"),
		DelayDays:  rapid.SampledFrom([]int{0, 1, 14, programme.MaxDays}).Draw(t, "delay"),
		ExpiryDays: rapid.SampledFrom([]int{0, 1, 365, programme.MaxExpiryDays}).Draw(t, "expiry"),
	}
	r.Redeem = programme.Redeem{
		Exclude: genGoods(t, "redeem"), Cap: money.Rate(rapid.SampledFrom([]int64{0, 1, 3_333, 5_000, 9_999, 10_000}).Draw(t, "cap")),
		Min:  money.Points(rapid.SampledFrom([]int64{0, 0, 1, 1_000}).Draw(t, "min")),
		Step: money.Points(rapid.SampledFrom([]int64{0, 0, 1, 7, 100}).Draw(t, "step")),
	}
	r.Redeem.WithCard = rapid.IntRange(0, 4).Draw(t, "only with the card") == 0
	r.Earn.NotRedeeming = rapid.IntRange(0, 4).Draw(t, "nothing while redeeming") == 0
	if rapid.IntRange(0, 4).Draw(t, "rounded up") == 0 {
		r.Earn.Rounding.Mode = money.Up
	}
	if rapid.IntRange(0, 3).Draw(t, "most at once") == 0 {
		r.Redeem.Max = max(mixed[money.Points]("max", 1, 10_000, programme.MaxPoints).Draw(t, "max"), r.Redeem.Min, r.Redeem.Step)
	}
	for range rapid.SampledFrom([]int{0, 0, 1, 3}).Draw(t, "caps") {
		r.Redeem.Caps = append(r.Redeem.Caps, programme.Cap{
			Stores: rapid.SampledFrom([][]string{nil, {"north"}, {"south"}}).Draw(t, "cap's stores"),
			Goods:  genGoods(t, "cap"), Cap: rate.Draw(t, "share"),
		})
	}
	if rapid.IntRange(0, 3).Draw(t, "some count for no level") == 0 {
		r.Spend.Exclude = genGoods(t, "spend")
	}
	for _, day := range []programme.Day{programme.Birthday, programme.Anniversary} {
		if rapid.IntRange(0, 3).Draw(t, string(day)) == 0 {
			r.Occasions = append(r.Occasions, programme.Occasion{On: day, Discount: rate.Draw(t, "day's discount"), Cashback: rate.Draw(t, "day's cashback")})
		}
	}
	if rapid.Bool().Draw(t, "guarded") {
		r.Guard = &programme.Guard{Margin: mixed[money.Rate]("margin", 0, 3_000, programme.MaxMargin).Draw(t, "margin")}
	}
	return r
}

// genInput draws an input that is within its limits and redeems nothing.
func genInput(t *rapid.T) pricing.Input {
	c, err := money.CurrencyOf(rapid.SampledFrom([]string{"RUB", "UZS", "JPY", "KWD"}).Draw(t, "currency"))
	if err != nil {
		t.Fatal(err)
	}
	zone, err := time.LoadLocation(rapid.SampledFrom(zones).Draw(t, "zone"))
	if err != nil {
		t.Fatal(err)
	}
	in := pricing.Input{
		Currency: c, Zone: zone,
		At: time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "at")),
	}
	if rapid.IntRange(0, 9).Draw(t, "programme") > 0 {
		in.Rules = genRules(t, c)
	}
	if rapid.IntRange(0, 9).Draw(t, "customer") > 0 {
		in.Customer = &pricing.Customer{
			Level:     rapid.SampledFrom([]string{"", "l0", "l1", "l2", "gone"}).Draw(t, "level"),
			Spend:     mixed[money.Amount]("spend", -1000, 300_000, money.MaxAmount).Draw(t, "spend"),
			Available: mixed[money.Points]("available", -100, 100_000, 1e15).Draw(t, "available"),
			Occasions: rapid.SampledFrom([][]programme.Day{nil, nil, {programme.Birthday}, {programme.Birthday, programme.Anniversary}}).Draw(t, "occasions"),
			Card:      rapid.Bool().Draw(t, "card"),
		}
	}
	in.Store = rapid.SampledFrom([]string{"", "north", "south"}).Draw(t, "store")
	in.Draft.NoDiscount = rapid.IntRange(0, 9).Draw(t, "no discount") == 0
	in.Draft.NoPoints = rapid.IntRange(0, 9).Draw(t, "no points") == 0
	for range rapid.IntRange(0, 7).Draw(t, "lines") {
		in.Draft.Lines = append(in.Draft.Lines, genLine(t, c))
	}
	return in
}

func genLine(t *rapid.T, c money.Currency) pricing.Line {
	l := pricing.Line{
		SKU:        rapid.SampledFrom(skus).Draw(t, "sku"),
		Categories: rapid.SliceOfN(rapid.SampledFrom(categories), 0, 2).Draw(t, "in"),
		NoLoyalty:  rapid.IntRange(0, 9).Draw(t, "takes no part") == 0,
		GiftCard:   rapid.IntRange(0, 9).Draw(t, "gift card") == 0,
		Promo:      rapid.IntRange(0, 4).Draw(t, "promo") == 0,
		Void:       rapid.IntRange(0, 9).Draw(t, "void") == 0,
		Quantity:   mixed[money.Quantity]("quantity", 1, 5_000, money.MaxQuantity).Draw(t, "quantity"),
	}
	// Seven lines of at most a seventh of what a receipt may come to.
	most := money.MaxPrice
	if p, err := money.MulDiv(int64(pricing.MaxGross)/8, 10_000_000/c.Minor(), int64(l.Quantity), money.Down); err == nil {
		most = min(most, money.Price(p))
	}
	l.Price = min(mixed[money.Price]("price", 0, 2_000_000, most).Draw(t, "price"), most)
	gross, err := c.LineTotal(l.Price, l.Quantity)
	if err != nil {
		t.Fatal(err)
	}
	if rapid.IntRange(0, 4).Draw(t, "till discount") == 0 {
		l.Discount = money.Amount(rapid.Int64Range(0, int64(gross)).Draw(t, "discount"))
	}
	if rapid.Bool().Draw(t, "cost known") {
		cost := rapid.OneOf(
			rapid.Custom(func(t *rapid.T) money.Price { return money.Price(rapid.Int64Range(0, int64(l.Price)).Draw(t, "below")) }),
			mixed[money.Price]("cost", 0, 2_000_000, money.MaxPrice),
		).Draw(t, "cost")
		l.Cost = &cost
	}
	return l
}

// genPriced draws an input and prices it without points.
func genPriced(t *rapid.T) (pricing.Input, pricing.Result) {
	in := genInput(t)
	r, err := pricing.Price(in)
	if err != nil {
		t.Fatalf("Price(%+v): %v", in, err)
	}
	return in, r
}
