package limit_test

import (
	"fmt"
	"time"

	"regulars/internal/base/limit"
)

func ExampleLimiter() {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)
	l := limit.New(0.5, 2, 1000, func() time.Time { return now })
	for range 3 {
		wait, ok := l.Take("key:17")
		fmt.Println(ok, wait)
	}
	// Output:
	// true 0s
	// true 0s
	// false 2s
}
