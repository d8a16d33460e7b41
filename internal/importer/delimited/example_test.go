package delimited_test

import (
	"fmt"
	"strings"

	"regulars/internal/importer/delimited"
)

func Example() {
	text := "sep=;\nфамилия; имя\nИванов; \"Иван; младший\"\n"
	format, err := delimited.Detect([]byte(text), true)
	if err != nil {
		panic(err)
	}
	rows := delimited.NewReader(strings.NewReader(text), format, delimited.Position{})
	for rows.Next() {
		fmt.Printf("%d %q\n", rows.Row().Number, rows.Row().Fields)
	}
	if rows.Err() != nil {
		panic(rows.Err())
	}
	// Output:
	// 1 ["фамилия" "имя"]
	// 2 ["Иванов" "Иван; младший"]
}
