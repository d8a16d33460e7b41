package i18n_test

import (
	"fmt"
	"strings"

	"regulars/internal/base/i18n"
	"regulars/internal/base/money"
)

func ExampleLocalizer() {
	words, err := i18n.Load()
	if err != nil {
		fmt.Println(err)
		return
	}
	uzs := money.Currency{Code: "UZS", Exponent: 2}
	plain := strings.NewReplacer("\u00a0", " ", "\u202f", " ") // no-break spaces
	for _, lang := range []string{"ru-RU", "en", "uz"} {
		loc := words.For(lang)
		fmt.Println(plain.Replace(loc.Money(125_000_000, uzs)))
		fmt.Println(plain.Replace(loc.PointsText(2200)))
		fmt.Println(loc.T("error.too_many_tries", "seconds", 30))
	}
	// Output:
	// 1 250 000 сум
	// 22 балла
	// Слишком много попыток. Подождите 30 с и повторите.
	// 1,250,000 soum
	// 22 points
	// Too many tries. Wait 30 s and try again.
	// 1 250 000 soʻm
	// 22 ball
	// Urinishlar juda koʻp. 30 soniya kutib, takrorlang.
}
