package programme

import "regulars/internal/base/money"

// habits are how prices in a currency look: how many of it buy roughly what a
// dollar, euro or pound does, to a round figure, and the smallest coin in use,
// in units of the currency (0: all minor units).
var habits = map[string]struct{ scale, coin int64 }{
	"AMD": {400, 10}, "AZN": {2, 0}, "BYN": {3, 0}, "CNY": {7, 0}, "CZK": {20, 1}, "GEL": {3, 0},
	"HUF": {400, 5}, "IDR": {15_000, 100}, "INR": {80, 1}, "JPY": {150, 1}, "KGS": {80, 1}, "KRW": {1_000, 10},
	"KZT": {500, 1}, "MDL": {20, 0}, "MNT": {3_000, 50}, "PLN": {4, 0}, "RSD": {100, 1}, "RUB": {100, 1},
	"THB": {30, 0}, "TJS": {10, 0}, "TRY": {40, 0}, "UAH": {40, 0}, "UZS": {10_000, 100}, "VND": {20_000, 500},
}

// Default is where a new programme starts from: cashback that grows from 1 to
// 3 and 5 % with what a customer has spent, half of a receipt payable with
// points, points available when goods cannot be returned any more and good for
// a year. Names of levels are figures, so that they need no translation.
func Default(c money.Currency) *Rules {
	habit := habits[c.Code]
	scale := max(habit.scale, 1)
	unit := c.Minor() // of the currency, in minor units
	return &Rules{
		PointValue: money.PriceScale,
		Levels: []Level{
			{Code: "start", Name: "1 %", Cashback: 100},
			{Code: "silver", Name: "3 %", Threshold: money.Amount(300 * scale * unit), Cashback: 300},
			{Code: "gold", Name: "5 %", Threshold: money.Amount(1_000 * scale * unit), Cashback: 500},
		},
		Combine:      CombineAdd,
		Spend:        Spend{Window: Lifetime},
		Discount:     Discount{Rounding: Rounding{Mode: money.Down, Unit: max(habit.coin*unit, 1)}},
		Earn:         Earn{Rounding: Rounding{Mode: money.Down, Unit: 1}, DelayDays: 14, ExpiryDays: 365},
		Redeem:       Redeem{Cap: 5_000},
		Welcome:      Welcome{ExpiryDays: 30},
		Return:       Return{Clawback: ClawbackDebt, GraceDays: 30},
		QuoteMinutes: 15,
	}
}
