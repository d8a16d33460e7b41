package main

import "testing"

func TestFigures(t *testing.T) {
	t.Parallel()
	for got, want := range map[string]string{
		count(0):                              "0",
		count(999):                            "999",
		count(1_000):                          "1,000",
		count(1_234_567.4):                    "1,234,567",
		span([]float64{3_000, 1_000, 2_000}):  "2,000 (1,000–3,000)",
		span([]float64{4, 1, 2, 3}):           "2 (1–4)",
		millis(12_345):                        "12.3 ms",
		megabytes(512 << 20):                  "512 MB",
		count(float64(median([]int64{5, 1}))): "1",
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	all := make([]int64, 200)
	for i := range all {
		all[i] = int64(199 - i)
	}
	if got := distribution(all); got != [3]int64{99, 198, 199} {
		t.Errorf("distribution is %v", got)
	}
}
