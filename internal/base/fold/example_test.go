package fold_test

import (
	"fmt"

	"regulars/internal/base/fold"
)

func ExampleKey() {
	fmt.Println(fold.Key("Oʻtkir  Фёдоров-ЙОЛКИН"))
	// Output: otkir федоров йолкин
}
