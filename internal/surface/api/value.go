package api

import (
	"github.com/danielgtaylor/huma/v2"

	"regulars/internal/base/money"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/pricing"
	"regulars/internal/loyalty/receipt"
)

// decimal is an exact number in answers: "1250.50".
type decimal string

// Schema implements huma.SchemaProvider.
func (decimal) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "decimal", Pattern: `^-?[0-9]+(\.[0-9]+)?$`}
}

// currency writes amounts.
type currency struct{ money.Currency }

func (c currency) amount(a money.Amount) decimal { return decimal(c.Format(a)) }

func points(p money.Points) decimal { return decimal(p.String()) }

func price(p money.Price) decimal { return decimal(p.String()) }

func quantity(q money.Quantity) decimal { return decimal(q.String()) }

// percent writes a rate: "2.50" for 2.5 %.
func percent(r money.Rate) decimal { return decimal(money.Points(r).String()) }

// limitRule is the rule that holds redeeming where it is.
type limitRule string

func limitOf(c pricing.Cause) limitRule {
	if c == pricing.LimitNone {
		return "none"
	}
	return limitRule(c)
}

// Schema implements huma.SchemaProvider.
func (limitRule) Schema(huma.Registry) *huma.Schema {
	return enum(pricing.Cause("none"), pricing.LimitBalance, pricing.LimitCap, pricing.LimitGoodsCap, pricing.LimitMax, pricing.LimitGuard, pricing.LimitGoods, pricing.LimitStep,
		pricing.LimitMin, pricing.LimitOff, pricing.LimitNobody, pricing.LimitCard, pricing.LimitProgramme, pricing.LimitStopped)
}

// cause says why a discount was given.
type cause string

// Schema implements huma.SchemaProvider.
func (cause) Schema(huma.Registry) *huma.Schema {
	return enum(pricing.CauseTill, pricing.CauseTier, pricing.CauseCharged)
}

// enum documents a string of few values.
func enum[T ~string](values ...T) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString}
	for _, v := range values {
		s.Enum = append(s.Enum, string(v))
	}
	return s
}

// lateStatus is what became of a receipt that came late.
type lateStatus string

// Schema implements huma.SchemaProvider.
func (lateStatus) Schema(huma.Registry) *huma.Schema {
	return enum(lateRecorded, lateReplayed, lateRefused)
}

// lateDiff is in what a receipt that came late is not what the rules say.
type lateDiff string

// Schema implements huma.SchemaProvider.
func (lateDiff) Schema(huma.Registry) *huma.Schema {
	return enum(receipt.DiffPrice, receipt.DiffRefund, receipt.DiffUnknown, receipt.DiffBlocked, receipt.DiffClock, receipt.DiffRecorded)
}

// holdState is what became of a hold.
type holdState string

// Schema implements huma.SchemaProvider.
func (holdState) Schema(huma.Registry) *huma.Schema {
	return enum(ledger.HoldOpen, ledger.HoldRedeemed, ledger.HoldCancelled, ledger.HoldLapsed)
}

// kind is what a receipt does.
type kind string

// Schema implements huma.SchemaProvider.
func (kind) Schema(huma.Registry) *huma.Schema {
	return enum(receipt.KindSale, receipt.KindReturn)
}
