package checksum_test

import (
	"testing"

	"regulars/internal/base/checksum"
)

// What is kept in databases does not change with the program.
func TestOfIsStable(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		numbers []int64
		texts   []string
		want    int64
	}{
		{nil, nil, -2039914840885289964},
		{[]int64{1, -2}, []string{"a", ""}, -5658672135979267691},
		{[]int64{1}, []string{"-2 ", "a"}, -4873833386545898085},
	} {
		if got := checksum.Of(c.numbers, c.texts...); got != c.want {
			t.Errorf("%v %q: %d, want %d", c.numbers, c.texts, got, c.want)
		}
	}
}
