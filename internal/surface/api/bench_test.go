package api_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/surface/api"
)

const threeLines = `"lines":[{"sku":"milk-1","quantity":"2","price":"12000"},{"sku":"tea-100","quantity":"1","price":"40000"},{"sku":"milk-1","quantity":"0.5","price":"9000.5"}]`

// benchSite is a site with customers, on the machine's clock and without a
// limit of rate.
func benchSite(b *testing.B, e dbtest.Engine, people int) (s *site, who []customer.ID) {
	b.Helper()
	// The catalog looks again at what was changed within the last seconds.
	ahead := time.Duration(0)
	s = newSite(b, dbtest.Open(b, e), options{
		now:   func() time.Time { return time.Now().Add(ahead) },
		api:   func(c *api.Config) { c.Rate, c.Burst = 1e9, 1e9 },
		rules: func(r *programme.Rules) { r.Levels = r.Levels[:1] }, // the price stays the same
	})
	s.contract = nil
	for i := range people {
		res, err := s.Enrol.Register(b.Context(), s.store, 0, customer.New{
			FirstName: "Aziza", Identifiers: []customer.Identifier{{Kind: customer.Card, Value: strconv.Itoa(1_000_000 + i)}},
		})
		check(b, err)
		who = append(who, res.ID)
	}
	ahead = time.Minute
	return s, who
}

func (s *site) send(b *testing.B, path, body string, want int) {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body)) //nolint:noctx // the context of a benchmark costs nothing real ones do not
	r.Header.Set("Authorization", "Bearer "+s.keys[0])
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept-Language", "ru-RU,ru;q=0.9")
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	if w.Code != want {
		b.Errorf("%d: %s", w.Code, w.Body)
	}
}

func draft(who customer.ID) receipt.Draft {
	return receipt.Draft{Customer: who, Lines: []receipt.DraftLine{
		{SKU: "milk-1", Quantity: 2000, Price: 12_000_0000}, {SKU: "tea-100", Quantity: 1000, Price: 40_000_0000}, {SKU: "milk-1", Quantity: 500, Price: 9_000_5000},
	}}
}

// What a quote costs through the whole stack of handlers, and what of it is
// the service's: the difference is HTTP, JSON and words.
func BenchmarkQuote(b *testing.B) {
	s, who := benchSite(b, dbtest.SQLite, 1)
	by := receipt.Caller{Till: s.tills[0], Store: s.store}
	b.Run("service", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.Receipts.Quote(b.Context(), by, draft(who[0])); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("handler", func(b *testing.B) {
		body := `{"customer":"` + people.Seal(int64(who[0])) + `",` + threeLines + `}`
		b.ReportAllocs()
		for b.Loop() {
			s.send(b, "/v1/quotes", body, http.StatusOK)
		}
	})
}

// What the handlers cost without anything behind them.
func BenchmarkRefusedQuote(b *testing.B) {
	s, _ := benchSite(b, dbtest.SQLite, 0)
	body := `{` + threeLines + `,"redeem":"0.001"}`
	b.ReportAllocs()
	for b.Loop() {
		s.send(b, "/v1/quotes", body, http.StatusUnprocessableEntity)
	}
}

// Receipts of 64 tills at once, on either engine, through the handlers and
// straight to the service.
func BenchmarkRecord(b *testing.B) {
	for _, e := range []dbtest.Engine{dbtest.SQLite, dbtest.Postgres} {
		b.Run(string(e), func(b *testing.B) {
			s, who := benchSite(b, e, 500)
			by := receipt.Caller{Till: s.tills[1], Store: s.store}
			var n atomic.Int64
			parallel := func(b *testing.B, do func(i int64)) {
				b.SetParallelism(32) // a core
				b.ReportAllocs()
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						do(n.Add(1))
					}
				})
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "receipts/s")
			}
			b.Run("service", func(b *testing.B) {
				total := money.Amount(68_500_25)
				parallel(b, func(i int64) {
					_, _, err := s.Receipts.Commit(context.Background(), by, receipt.Sale{
						Number: strconv.FormatInt(i, 10), Draft: draft(who[i%int64(len(who))]), Total: &total,
					})
					if err != nil {
						b.Error(err)
					}
				})
			})
			b.Run("handler", func(b *testing.B) {
				parallel(b, func(i int64) {
					s.send(b, "/v1/receipts", fmt.Sprintf(`{"number":"%d","total":"68500.25","customer":"%s",%s}`, i, people.Seal(int64(who[i%int64(len(who))])), threeLines), http.StatusCreated)
				})
			})
		})
	}
}

// What a day without the line costs: ten batches of a thousand receipts, one after
// the other, all sold at once, as a till tells it that knows only the day.
func BenchmarkLate(b *testing.B) {
	for _, e := range []dbtest.Engine{dbtest.SQLite, dbtest.Postgres} {
		b.Run(string(e), func(b *testing.B) {
			s, who := benchSite(b, e, 2000)
			n, sold := 0, time.Now().Add(-time.Hour).Format(time.RFC3339)
			b.ReportAllocs()
			for b.Loop() {
				for range 10 {
					list := make([]string, receipt.MaxLate)
					for i := range list {
						n++
						list[i] = fmt.Sprintf(`{"number":"%d","sold_at":"%s","total":"68500.25","customer":"%s",%s}`, n, sold, people.Seal(int64(who[n%len(who)])), threeLines)
					}
					s.send(b, "/v1/receipts/batch", `{"receipts":[`+strings.Join(list, ",")+`]}`, http.StatusOK)
				}
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "receipts/s")
		})
	}
}

// What it costs to send the same thousand again, whose answer was lost.
func BenchmarkLateAgain(b *testing.B) {
	for _, e := range []dbtest.Engine{dbtest.SQLite, dbtest.Postgres} {
		b.Run(string(e), func(b *testing.B) {
			s, who := benchSite(b, e, 2000)
			sold := time.Now().Add(-time.Hour).Format(time.RFC3339)
			list := make([]string, receipt.MaxLate)
			for i := range list {
				list[i] = fmt.Sprintf(`{"number":"%d","sold_at":"%s","total":"68500.25","customer":"%s",%s}`, i, sold, people.Seal(int64(who[i%len(who)])), threeLines)
			}
			body := `{"receipts":[` + strings.Join(list, ",") + `]}`
			s.send(b, "/v1/receipts/batch", body, http.StatusOK)
			b.ReportAllocs()
			for b.Loop() {
				s.send(b, "/v1/receipts/batch", body, http.StatusOK)
			}
			b.ReportMetric(float64(b.N*receipt.MaxLate)/b.Elapsed().Seconds(), "receipts/s")
		})
	}
}
