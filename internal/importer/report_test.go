package importer

import (
	"testing"

	"regulars/internal/base/i18n"
	"regulars/internal/base/money"
)

// A report speaks the reader's language to the last figure, names columns as
// the file does, and the first rows in their order.
func TestReportInTheReadersLanguage(t *testing.T) {
	t.Parallel()
	bundle, err := i18n.Load()
	must(t, err)
	gbp, err := money.CurrencyOf("GBP")
	must(t, err)
	m := Mapping{
		Kind: KindReceipts, Width: 3, Names: []string{"Дата", "Кол-во", "Цена, фунты"},
		Columns: map[Field]int{FieldAt: 1, FieldQuantity: 2, FieldPrice: 3},
	}
	r := Report{Rounded: 14, Lost: 140_000}
	for _, row := range []int64{0, 185, 183, 190, 182} {
		r.count(&Issue{Row: row, Field: FieldAmount, Reason: ReasonRounded, Value: "0.001"})
	}
	before := r.clone()
	r.count(&Issue{Row: 7, Field: FieldAmount, Reason: ReasonRounded, Value: "-0.004"})
	told := before.Causes(bundle.For("ru"), &m, false)
	if want := "строка 182 «0,001», строка 183 «0,001», строка 185 «0,001» …"; len(told) != 1 || told[0].First != want {
		t.Errorf("%+v, want %s", told, want)
	}
	if want := "Кол-во × Цена, фунты: Сумма не делится на мельчайшую монету без остатка; разница хранится рядом."; told[0].Text != want {
		t.Errorf("%s, want %s", told[0].Text, want)
	}
	if told := r.Causes(bundle.For("en"), &m, false); told[0].First != "row 7 “−0.004”, row 182 “0.001”, row 183 “0.001” …" {
		t.Errorf("%+v", told)
	}
	if facts := r.Facts(bundle.For("ru"), gbp); len(facts) != 1 || facts[0] != (Fact{"Округлено строк", "14, разница 0,014"}) {
		t.Errorf("%+v", facts)
	}
}
