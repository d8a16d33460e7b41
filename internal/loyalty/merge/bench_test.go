package merge_test

import (
	"testing"

	"regulars/internal/base/db/dbtest"
)

// BenchmarkMerge merges a customer of a thousand receipts, with a lot each, into
// another, and takes them apart: both in each round.
func BenchmarkMerge(b *testing.B) {
	for _, e := range []dbtest.Engine{dbtest.SQLite, dbtest.Postgres} {
		b.Run(string(e), func(b *testing.B) {
			s := newShop(b, dbtest.Open(b, e))
			phone, card := s.anna()
			for range 1000 {
				s.sell(card, 10_000, 0)
			}
			for b.Loop() {
				s.undo(s.merge(card, phone).ID)
			}
			b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(2*b.N), "ms/merge")
		})
	}
}
