package importer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"regulars/internal/base/money"
	"regulars/internal/importer/delimited"
)

// realFile is a file of the public sets; the test is skipped where they are
// not beside the project.
func realFile(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join("..", "..", "..", "shared", "data", filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		t.Skipf("needs %s of the public data sets beside the project", name)
	}
	return path
}

// summary are those of the sets' README.
type summary struct {
	lines, invoices, customers int
	anonymous                  int // lines without customer
	cancelledLines, cancelled  int // C...
	badDebt                    int // A...
	corrections                int // quantity below 0 and not C
	free, belowZero            int // lines of price 0, below 0
	duplicates                 int // lines that repeat another to the letter
	sum                        string
	soldLines, soldTo, sold    int // with customer, not C, quantity and price above 0
	revenue                    string
	cancelledByCustomer        int
	cancelledValue             string
}

// exact is a sum of lines with what rounding lost.
type exact struct {
	kept money.Amount
	lost Lost
}

func (e *exact) add(l *Line, returned bool) {
	kept := l.Total
	if returned {
		kept = -kept
	}
	e.kept += kept
	e.lost += l.Lost
}

// text writes the sum with as many decimals as it has, two at least.
func (e exact) text(t *testing.T) string {
	t.Helper()
	whole := Lost(e.kept)*(10_000_000/100) + e.lost
	s := whole.String()
	if !strings.Contains(s, ".") {
		s += "."
	}
	for len(s)-strings.IndexByte(s, '.') < 3 {
		s += "0"
	}
	return s
}

// readReceipts guesses the mapping of a file and scans it.
func readReceipts(t *testing.T, path, zone, currency string, take func(*Receipt)) {
	t.Helper()
	sniffed, err := Sniff(t.Context(), path, Hints{Zone: zone, Region: "GB"})
	if err != nil {
		t.Fatal(err)
	}
	c, err := money.CurrencyOf(currency)
	if err != nil {
		t.Fatal(err)
	}
	s := Scan{Path: path, Mapping: sniffed.Mapping, Currency: c, Now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	err = s.Run(t.Context(), Checkpoint{}, func(step Step) error {
		for _, is := range step.Issues {
			if is.Reason != ReasonRounded && is.Row != 76801 { // C496350, an adjustment above zero
				t.Errorf("%+v", is)
			}
		}
		for _, r := range step.Receipts {
			take(r)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if s.Done() != 1 {
		t.Errorf("at the end %v is done", s.Done())
	}
}

// duplicates counts the rows that repeat another to the letter.
func duplicates(t *testing.T, path string) (n int) {
	t.Helper()
	file, err := delimited.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	}()
	seen := map[uint64]bool{}
	for file.Next() {
		key := hash(strings.Join(file.Row().Fields, "\x00"))
		if seen[key] {
			n++
		}
		seen[key] = true
	}
	if file.Err() != nil {
		t.Fatal(file.Err())
	}
	return n
}

func TestOnlineRetail(t *testing.T) {
	t.Parallel()
	union := struct {
		numbers, customers map[string]bool
		lines              int
	}{map[string]bool{}, map[string]bool{}, 0}
	for _, tt := range []struct {
		file string
		want summary
	}{
		{"online-retail/online_retail_2010-2011.csv.gz", summary{
			lines: 541_909, invoices: 25_900, customers: 4_372, anonymous: 135_080, cancelledLines: 9_288, cancelled: 3_836,
			badDebt: 3, corrections: 1_336, free: 2_515, belowZero: 2, duplicates: 5_268, sum: "9747747.934",
			soldLines: 397_884, soldTo: 4_338, sold: 18_532, revenue: "8911407.904", cancelledByCustomer: 8_905, cancelledValue: "-611342.09",
		}},
		{"online-retail/online_retail_II_2009-2010.csv.gz", summary{
			lines: 525_461, invoices: 28_816, customers: 4_383, anonymous: 107_927, cancelledLines: 10_206, cancelled: 4_592,
			badDebt: 3, corrections: 2_121, free: 3_687, belowZero: 3, duplicates: 6_865, sum: "9539484.634",
			soldLines: 407_664, soldTo: 4_312, sold: 19_213, revenue: "8832003.274", cancelledByCustomer: 9_839, cancelledValue: "-483794.70",
		}},
	} {
		path := realFile(t, tt.file)
		var got summary
		var sum, revenue, cancelled exact
		customers, soldTo := map[string]bool{}, map[string]bool{}
		sold, seen := map[string]bool{}, map[string]bool{}
		readReceipts(t, path, "Europe/London", "GBP", func(r *Receipt) {
			if seen[r.Number] {
				t.Errorf("invoice %s came twice", r.Number)
			}
			seen[r.Number] = true
			if r.Who.External != "" {
				customers[r.Who.External] = true
				union.customers[r.Who.External] = true
			}
			if !union.numbers[r.Number] {
				union.numbers[r.Number] = true
				union.lines += len(r.Lines)
			}
			isCancelled := strings.HasPrefix(r.Number, "C")
			got.invoices++
			if isCancelled {
				got.cancelled++
			}
			if r.Adjusts {
				got.corrections += len(r.Lines)
			}
			for i := range r.Lines {
				l := &r.Lines[i]
				got.lines++
				sum.add(l, r.Return)
				known := r.Who.External != ""
				if !known {
					got.anonymous++
				}
				switch {
				case isCancelled:
					got.cancelledLines++
					if known {
						got.cancelledByCustomer++
						cancelled.add(l, r.Return)
					}
				case strings.HasPrefix(r.Number, "A"):
					got.badDebt++
					if r.Return {
						got.belowZero++
					}
				case known && !r.Return && l.Price > 0:
					got.soldLines++
					soldTo[r.Who.External], sold[r.Number] = true, true
					revenue.add(l, false)
				}
				if l.Price == 0 {
					got.free++
				}
			}
		})
		got.duplicates = duplicates(t, path)
		got.customers, got.soldTo, got.sold = len(customers), len(soldTo), len(sold)
		got.sum, got.revenue, got.cancelledValue = sum.text(t), revenue.text(t), cancelled.text(t)
		if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(summary{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.file, diff)
		}
	}
	if union.lines != 1_044_847 || len(union.numbers) != 53_628 || len(union.customers) != 5_942 {
		t.Errorf("union of both years: %d lines, %d invoices, %d customers", union.lines, len(union.numbers), len(union.customers))
	}
}

func TestCDNOW(t *testing.T) {
	t.Parallel()
	path := realFile(t, "cdnow/cdnow_master.csv.gz")
	var receipts, discs int
	var sum exact
	customers, numbers := map[string]bool{}, map[string]bool{}
	var first, last time.Time
	second := 0
	readReceipts(t, path, "America/New_York", "USD", func(r *Receipt) {
		receipts++
		numbers[r.Number] = true
		customers[r.Who.External] = true
		if strings.HasSuffix(r.Number, " 2") {
			second++
		}
		if first.IsZero() || r.At.Before(first) {
			first = r.At
		}
		if r.At.After(last) {
			last = r.At
		}
		for i := range r.Lines {
			sum.add(&r.Lines[i], r.Return)
			discs += int(r.Lines[i].Quantity / money.One)
		}
	})
	if receipts != 69_659 || len(numbers) != 69_659 || len(customers) != 23_570 || sum.text(t) != "2500315.63" || discs != 167_881 {
		t.Errorf("%d receipts of %d numbers, %d customers, %s dollars, %d discs",
			receipts, len(numbers), len(customers), sum.text(t), discs)
	}
	if second == 0 {
		t.Error("no genuine repeat has a number of its own")
	}
	if got := first.Format(time.DateOnly) + " " + last.Format(time.DateOnly); got != "1997-01-01 1998-06-30" {
		t.Errorf("from and to: %s", got)
	}
}
