package importer

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
)

// asImported leaves out of reports what only one of a dry run and an import can
// tell.
var asImported = cmpopts.IgnoreFields(Report{}, "At", "Rate", "Left", "OldCustomers",
	"Matched", "Named", "MatchedTotal", "Unmatched", "UnmatchedTotal")

// rehearsed checks a file, imports it, and has both say the same.
func (h house) rehearsed(t *testing.T, text string, f File) Report {
	t.Helper()
	count := func() int64 {
		return h.count(`SELECT (SELECT COUNT(*) FROM customers) + (SELECT COUNT(*) FROM identifiers) + (SELECT COUNT(*) FROM products)
			+ (SELECT COUNT(*) FROM stores) + (SELECT COUNT(*) FROM receipts) + (SELECT COUNT(*) FROM categories)`)
	}
	i, err := h.Add(t.Context(), f, write(t, text))
	must(t, err)
	before := count()
	checked, err := h.CheckNow(t.Context(), i.ID, func(Report) {})
	must(t, err)
	if after := count(); after != before {
		t.Errorf("the check wrote %d rows", after-before)
	}
	refused, noted := h.issuesOf(i.ID, true), h.issuesOf(i.ID, false)
	done, err := h.RunNow(t.Context(), i.ID, func(Report) {})
	must(t, err)
	if diff := cmp.Diff(checked.Report, done.Report, asImported); diff != "" {
		t.Errorf("%s (-check +import):\n%s", i.Kind, diff)
	}
	if diff := cmp.Diff(refused, h.issuesOf(i.ID, true)); diff != "" {
		t.Errorf("refused rows of %s (-check +import):\n%s", i.Kind, diff)
	}
	var matched []string
	for line := range strings.Lines(h.issuesOf(i.ID, false)) {
		if !strings.Contains(line, "No earlier sale fits") {
			matched = append(matched, line)
		}
	}
	if diff := cmp.Diff(noted, strings.Join(matched, "")); diff != "" {
		t.Errorf("remarks on %s (-check +import):\n%s", i.Kind, diff)
	}
	return checked.Report
}

// A dry run says to the last remark what the import that follows it comes to,
// however rows repeat and contradict each other over batches.
func TestCheckTellsWhatTheImportDoes(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		for seed := range uint64(6) {
			r := rand.New(rand.NewPCG(seed, 7))
			one := func(list ...string) string { return list[r.IntN(len(list))] }
			h := newHouse(t, d, "GBP", "Europe/London", t.TempDir())
			h.batchRows = 1 + r.IntN(20)
			var b strings.Builder
			b.WriteString("customer id,card,phone,email,last name,first name,store\n")
			for range 40 {
				fmt.Fprintf(&b, "%s,%s,%s,%s,%s,%s,%s\n", one("", fmt.Sprint(r.IntN(30))), one("", "", fmt.Sprintf("C%d", r.IntN(20)), "###"),
					one("", fmt.Sprintf("+99890100%04d", r.IntN(20)), fmt.Sprintf("90 100 %04d", r.IntN(20)), "12345"),
					one("", "", "bad", fmt.Sprintf("e%d@example.com", r.IntN(20))), one("", "A", "B"), one("Ann", "Bob"), one("", "S1", "S2"))
			}
			h.rehearsed(t, b.String(), File{Kind: KindCustomers})
			b.Reset()
			b.WriteString("sku,barcode,name,category,price\n")
			for range 40 {
				fmt.Fprintf(&b, "%s,%s,%s,%s,%s\n", one("", fmt.Sprintf("P%d", r.IntN(30))), one("", fmt.Sprint(100+r.IntN(30))), one("Milk", "Bread", "Tea"),
					one("", "Food", "Food / Dairy"), one("", "x", fmt.Sprint(r.IntN(5))))
			}
			h.rehearsed(t, b.String(), File{Kind: KindProducts})
			b.Reset()
			b.WriteString("receipt,date,store,customer id,phone,sku,barcode,product,quantity,price,amount\n")
			for n := range 60 {
				fmt.Fprintf(&b, "%d,2024-02-01,%s,%s,%s,%s,%s,%s,%s,%s,%s\n", (n-r.IntN(2))/2, one("S1", "S2", "S3"), one("", fmt.Sprint(r.IntN(40))),
					one("", "", fmt.Sprintf("90 100 %04d", r.IntN(30)), "12345"), one("", fmt.Sprintf("P%d", r.IntN(40))), one("", fmt.Sprint(100+r.IntN(40))),
					one("Milk", "Bread"), one("1", "2", "-1", "x"), one("1", "2.5"), one("", "", "", "7"))
			}
			h.rehearsed(t, b.String(), File{Kind: KindReceipts})
			if again := h.rehearsed(t, b.String(), File{Kind: KindReceipts}); again.Recorded+again.NewCustomers+again.NewProducts != 0 {
				t.Errorf("the second time: %+v", again)
			}
		}
	})
}

// The dry run counts who on receipts is there already.
func TestCheckCountsKnownCustomers(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "GBP", "Europe/London", t.TempDir())
		h.batchRows = 1
		h.load(write(t, "customer id,phone,name\n7,901234567,Ann\n8,,Bob\n"), File{})
		r := h.rehearsed(t, "receipt,date,customer id,phone,sku,quantity,price\n"+
			"1,2024-02-01,7,,A,1,1\n2,2024-02-01,,901234567,A,1,1\n3,2024-02-01,9,,A,1,1\n4,2024-02-01,9,901234568,A,1,1\n5,2024-02-01,,,A,1,1\n", File{})
		if r.OldCustomers != 1 || r.NewCustomers != 1 || r.Anonymous != 1 {
			t.Errorf("%+v", r)
		}
	})
}

// A file that names a product twice sets it once, to what stands last, and
// changes nothing when it is read again.
func TestRepeatedProductIsSetOnce(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "GBP", "Europe/London", t.TempDir())
		h.batchRows = 1
		text := "sku,name,price\nA,Milk,1\nB,Bread,2\nA,Oat milk,3\n"
		first := h.rehearsed(t, text, File{})
		if first.Created != 2 || first.Updated != 0 || first.Noted != 1 {
			t.Errorf("the first time: %+v", first)
		}
		second := h.rehearsed(t, text, File{})
		if second.Unchanged != 2 || second.Updated != 0 || second.Noted != 1 {
			t.Errorf("the second time: %+v", second)
		}
		if n := h.count(`SELECT COUNT(*) FROM products WHERE name = 'Oat milk' AND price = 30000`); n != 1 {
			t.Error("the last row does not hold")
		}
	})
}

// A customer who stands in a file twice is one customer, is named, and is left
// alone when the file is read again.
func TestRepeatedCustomerIsOne(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "GBP", "Europe/London", t.TempDir())
		text := "card,name,city\n1001,Ann Lee,\n1002,Bob Lee,\n1001,Ann Lee,London\n"
		if first := h.rehearsed(t, text, File{}); first.Created != 2 || first.Noted != 1 {
			t.Errorf("the first time: %+v", first)
		}
		if second := h.rehearsed(t, text, File{}); second.Unchanged != 3 || second.Updated != 0 {
			t.Errorf("the second time: %+v", second)
		}
	})
}

// An amount that nothing explains is kept and named.
func TestAmountThatContradictsThePrice(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
		r := h.rehearsed(t, "receipt,date,sku,quantity,price,discount,amount\n"+
			"1,2024-02-01,A,1,12000,,999\n2,2024-02-01,A,1,12000,2000,10000\n3,2024-02-01,A,1,12000,,12500\n4,2024-02-01,A,3,333.33,,1000\n", File{})
		if r.Noted != 2 || r.Recorded != 4 || r.Total != 2_449_900 {
			t.Errorf("%+v", r)
		}
	})
}
