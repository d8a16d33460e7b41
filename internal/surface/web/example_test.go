package web_test

import (
	"fmt"
	"net/http/httptest"

	"regulars/internal/surface/web"
)

// Every chip, sort and page of a list is its own address with something
// changed, so that it can be sent to a colleague.
func ExampleLink() {
	here := web.LinkOf(httptest.NewRequest("GET", "/customers?state=lost&cursor=abc", nil))
	fmt.Println(here.With("cursor", "def"))
	fmt.Println(here.With("state", "active"))
	fmt.Println(here.With("state", ""))
	// Output:
	// /customers?cursor=def&state=lost
	// /customers?state=active
	// /customers
}
