package admin

import (
	"strings"

	"regulars/internal/base/i18n"
	"regulars/internal/base/money"
)

// What a field is filled with is written as people would type it, in the form
// that the Localizer reads back: without a currency's sign.

func typedPrice(loc *i18n.Localizer, p money.Price, c money.Currency) string {
	return strings.TrimSpace(strings.ReplaceAll(loc.Price(p, c), loc.Symbol(c), ""))
}

func typedAmount(loc *i18n.Localizer, a money.Amount, c money.Currency) string {
	return loc.Amount(a, c)
}

func typedRate(loc *i18n.Localizer, r money.Rate) string {
	return strings.TrimSpace(strings.ReplaceAll(loc.Percent(r), "%", ""))
}
