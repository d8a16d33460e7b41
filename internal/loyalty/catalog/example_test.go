package catalog_test

import (
	"fmt"

	"regulars/internal/loyalty/catalog"
)

func ExampleZone() {
	zone, err := catalog.Zone("Asia/Tashkent")
	fmt.Println(zone, err)
	_, err = catalog.Zone("Local")
	fmt.Println(err)
	// Output:
	// Asia/Tashkent <nil>
	// unknown_zone: "Local" is not the name of a time zone such as Asia/Tashkent
}
