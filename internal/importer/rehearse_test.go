package importer

import (
	"bytes"
	cmp2 "cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/errs"
	"regulars/internal/base/i18n"
)

// asImported leaves out of reports what only one of a dry run and an import can
// tell.
var asImported = cmp.Options{
	cmpopts.IgnoreFields(Report{}, "At", "Rate", "Left", "Matched", "Named", "MatchedTotal", "Unmatched", "UnmatchedTotal"),
	cmpopts.IgnoreSliceElements(func(t Tally) bool { return t.Reason == ReasonUnmatched }), cmpopts.EquateEmpty(), cmpopts.IgnoreUnexported(errs.Error{}),
}

// unmatched is what remarks say of returns without a sale.
var unmatched = regexp.MustCompile(` ?receipt “[^”]*”: No earlier sale fits this return; it stays a return without its sale\.`)

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
		line, whole := unmatched.ReplaceAllString(line, ""), line
		if line == whole || !regexp.MustCompile(`,\n$`).MatchString(line) {
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

// A dry run and an import call the same customers new, who come in by several
// identifiers.
func TestCheckCountsNewCustomers(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "GBP", "Europe/London", t.TempDir())
		h.batchRows = 1
		h.load(write(t, "customer id,phone,name\n7,901234567,Ann\n8,,Bob\n"), File{})
		r := h.rehearsed(t, "receipt,date,customer id,phone,sku,quantity,price\n"+
			"1,2024-02-01,7,,A,1,1\n2,2024-02-01,,901234567,A,1,1\n3,2024-02-01,9,,A,1,1\n4,2024-02-01,9,901234568,A,1,1\n5,2024-02-01,,,A,1,1\n", File{})
		if r.NewCustomers != 1 || r.Anonymous != 1 {
			t.Errorf("%+v", r)
		}
	})
}

// Reasons are counted alike by a dry run and an import, whatever the batches,
// and a row with several remarks is one row of their file.
func TestReasonsAreCounted(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "GBP", "Europe/London", t.TempDir())
		var b strings.Builder
		b.WriteString("customer id,phone,email,birthday,city\n")
		for n := range 5 {
			fmt.Fprintf(&b, "1%d,12345,bad,31.02.1990,\n", n)
		}
		b.WriteString(",,,,Tashkent\n,,,,Bukhara\n")
		for n := range 20 {
			fmt.Fprintf(&b, "%d,9012345%02d,a%d@example.com,1990-12-31,\n", n+30, n, n)
		}
		want := []Tally{
			{Field: FieldBorn, Reason: ReasonDate, Count: 5, First: []Example{{Row: 2, Value: "31.02.1990"}, {Row: 3, Value: "31.02.1990"}, {Row: 4, Value: "31.02.1990"}}},
			{Field: FieldPhone, Reason: ReasonPhoneShort, Count: 5, First: []Example{{Row: 2, Value: "12345"}, {Row: 3, Value: "12345"}, {Row: 4, Value: "12345"}}},
			{Field: FieldEmail, Reason: ReasonEmail, Count: 5, First: []Example{{Row: 2, Value: "bad"}, {Row: 3, Value: "bad"}, {Row: 4, Value: "bad"}}},
			{Reason: ReasonNobody, Refused: true, Count: 2, First: []Example{{Row: 7}, {Row: 8}}},
		}
		for _, size := range []int{1, 3, 100} {
			h.batchRows = size
			r := h.rehearsed(t, b.String(), File{Source: fmt.Sprint(size)})
			if diff := cmp.Diff(want, r.Tallies, cmpopts.SortSlices(func(a, b Tally) bool { return a.First[0].Row < b.First[0].Row })); diff != "" {
				t.Errorf("batches of %d (-want +got):\n%s", size, diff)
			}
		}
		list, err := h.List(t.Context(), 0, 1)
		must(t, err)
		if notes := h.issuesOf(list[0].ID, false); strings.Count(notes, "\n") != 6 || !strings.Contains(notes, "10,12345,bad,31.02.1990,,2,\"birthday “31.02.1990”: This is not a date") {
			t.Errorf("remarks:\n%s", notes)
		}
		bundle, err := i18n.Load()
		must(t, err)
		told := list[0].Report.Causes(bundle.For("en"), &list[0].Mapping, false)
		if len(told) != 3 || told[0].Count != 5 || told[0].Text != "birthday: This is not a date, or there is no such day in the calendar." ||
			told[0].First != "row 2 “31.02.1990”, row 3 “31.02.1990”, row 4 “31.02.1990” …" {
			t.Errorf("told %+v", told)
		}
	})
}

// What the catalogue or the customers refuse is told in the language of whoever
// reads it, with its figures: in the report and in the file of refused rows.
func TestRefusalsAreTranslated(t *testing.T) {
	t.Parallel()
	bundle, err := i18n.Load()
	must(t, err)
	ru := bundle.For("ru")
	var phones []string
	for n := range 33 {
		phones = append(phones, fmt.Sprintf("+99890123%04d", n))
	}
	long := strings.Repeat("я", 201)
	tests := map[string]struct {
		file  string
		first string // of the report
		why   string // in the file of refused rows, or of remarks
		taken bool
	}{
		"barcode": {
			"Артикул;Штрихкод;Название;Цена\nA1;460;Крем;5\nA2;460;Мыло;5\n",
			"строка 3 «A2»: Штрихкод: Этот штрихкод уже у другого товара.", "Артикул «A2»: Штрихкод: Этот штрихкод уже у другого товара.", false,
		},
		"name of goods": {
			"Артикул;Название;Цена\nA1;" + long + ";5\n",
			"строка 2 «A1»: Название: Слишком длинно. Наибольшая длина в знаках: 200.", "Артикул «A1»: Название: Слишком длинно. Наибольшая длина в знаках: 200.", false,
		},
		"phones": {
			"Код;ФИО;Телефон\n1;Иванов Иван;" + strings.Join(phones, ",") + "\n",
			"строка 2: Телефон: Слишком много, можно не больше 32.", ";Телефон: Слишком много, можно не больше 32.", false,
		},
		"name of somebody": {
			"Код;Имя;Фамилия\n1;Иван;" + long[:2*101] + "\n",
			": Слишком длинно. Наибольшая длина в знаках: 100.", "»: Слишком длинно. Наибольшая длина в знаках: 100.", true,
		},
	}
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
		for name, tt := range tests {
			i := h.load(write(t, tt.file), File{Source: name})
			told := i.Report.Causes(ru, &i.Mapping, !tt.taken)
			if len(told) != 1 || !strings.HasSuffix(told[0].First, tt.first) {
				t.Errorf("%s: told %+v, want %q", name, told, tt.first)
			}
			var b bytes.Buffer
			must(t, h.Issues(t.Context(), i.ID, &b, !tt.taken, ru))
			if !strings.Contains(b.String(), tt.why) {
				t.Errorf("%s: %q is not in\n%s", name, tt.why, b.String())
			}
		}
	})
}

// The remark on a return without a sale says which row it is, beside what else
// is said of the row.
func TestUnmatchedReturnsHaveTheirRows(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "GBP", "Europe/London", t.TempDir())
		h.batchRows = 1
		i := h.load(write(t, "receipt,kind,time,customer_id,phone,sku,quantity,price\n"+
			"1,sale,2024-02-01 10:00,7,,A,1,1.5\n"+
			"r1,return,2024-02-03 10:00,7,12,B,-1,2\n"+ // never sold
			"r1,return,2024-02-03 10:00,7,12,A,-1,1.5\n"+
			"r1,return,2024-02-03 10:00,7,12,A,-1,1.5\n"), File{})
		if i.Report.Matched != 1 || i.Report.Unmatched != 2 {
			t.Errorf("%+v", i.Report)
		}
		notes := h.issuesOf(i.ID, false)
		for _, want := range []string{
			"r1,return,2024-02-03 10:00,7,12,B,-1,2,3,phone “12”: The phone number has too few digits; the rest of the row is taken. receipt “r1”: No earlier sale fits",
			"r1,return,2024-02-03 10:00,7,12,A,-1,1.5,5,receipt “r1”: No earlier sale fits",
		} {
			if !strings.Contains(notes, want) {
				t.Errorf("no %q in\n%s", want, notes)
			}
		}
		if strings.Count(notes, "\n") != 3 {
			t.Errorf("remarks:\n%s", notes)
		}
		tally := i.Report.Tallies[slices.IndexFunc(i.Report.Tallies, func(t Tally) bool { return t.Reason == ReasonUnmatched })]
		slices.SortFunc(tally.First, func(a, b Example) int { return cmp2.Compare(a.Row, b.Row) })
		if diff := cmp.Diff(Tally{Field: FieldNumber, Reason: ReasonUnmatched, Count: 2, First: []Example{{Row: 3, Value: "r1"}, {Row: 5, Value: "r1"}}}, tally); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// Stores that a file brings are said before and after; where rows name none,
// the only store is theirs, and of several one must be chosen.
func TestWhichStore(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "GBP", "Europe/London", t.TempDir())
		h.batchRows = 1
		head := "receipt,date,customer id,sku,quantity,price\n"
		if r := h.rehearsed(t, head+"1,2024-02-01,7,A,1,1\n2,2024-02-01,8,A,1,1\n", File{Source: "old till"}); r.NewStores != 1 || !slices.Equal(r.StoreNames, []string{"old till"}) {
			t.Errorf("the first store: %+v", r)
		}
		if r := h.rehearsed(t, head+"3,2024-02-01,7,A,1,1\n", File{Source: "other"}); r.NewStores != 0 {
			t.Errorf("the only store: %+v", r)
		}
		named := "receipt,date,store,customer id,sku,quantity,price\n"
		if r := h.rehearsed(t, named+"4,2024-02-01,S1,7,A,1,1\n5,2024-02-01,S2,7,A,1,1\n6,2024-02-01,S1,7,A,1,1\n", File{}); r.NewStores != 2 || !slices.Equal(r.StoreNames, []string{"S1", "S2"}) {
			t.Errorf("named stores: %+v", r)
		}
		i, err := h.Add(t.Context(), File{}, write(t, head+"7,2024-02-01,7,A,1,1\n"))
		must(t, err)
		_, err = h.CheckNow(t.Context(), i.ID, func(Report) {})
		_, began := h.RunNow(t.Context(), i.ID, func(Report) {})
		if !errors.Is(err, ErrWhichStore) || !errors.Is(began, ErrWhichStore) || errs.Of(err).Args["stores"] != "S1, S2, old till" {
			t.Errorf("several stores: %v, %v", err, began)
		}
		i.Mapping.Options.Store = "S2"
		must(t, h.SetMapping(t.Context(), i.ID, i.Mapping))
		i, err = h.RunNow(t.Context(), i.ID, func(Report) {})
		must(t, err)
		if n := h.count(`SELECT COUNT(*) FROM receipts r JOIN stores s ON s.id = r.store_id WHERE s.code = 'S2'`); n != 2 || i.Report.NewStores != 0 {
			t.Errorf("%d receipts of S2, %+v", n, i.Report)
		}
		h.load(write(t, "sku,name\nA,Milk\n"), File{}) // products are of no store
		people := write(t, "customer_id,first name\n70,Anna\n")
		h.load(people, File{Source: "crm"}) // nor are customers where none is known
		if n := h.count(`SELECT COUNT(*) FROM customers WHERE home_store_id IS NULL`); n != 1 {
			t.Errorf("%d customers of no store", n)
		}
		if again := h.load(write(t, head+"8,2024-02-01,7,A,1,1\n"), File{Source: "old till"}); again.Report.NewStores != 0 || again.Report.Recorded != 1 {
			t.Errorf("the source's own store: %+v", again.Report)
		}
		h.verify()
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

// People of one card or phone whom ids and names tell apart stay apart, and a value
// that a profile does not take is remarked on.
func TestSharedCardsArePeoplesOwn(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "GBP", "Europe/London", t.TempDir())
		h.batchRows = 1
		first := h.rehearsed(t, "id,name,phone,card\n3001,Ann Lee,901234567,888001\n3002,Bob Ray,901234568,888001\n", File{})
		if first.Created != 2 || first.Noted != 1 || first.Tallies[0].Reason != ReasonTaken {
			t.Errorf("two of one card: %+v", first)
		}
		if second := h.rehearsed(t, "id,name,phone,card\n3003,Cid Fox,901234569,888001\n3001,Ann Poe,,\n", File{}); second.Created != 1 || second.Noted != 2 || second.Tallies[1].Reason != ReasonKept || second.Tallies[1].First[0].Value != "Ann Poe" {
			t.Errorf("another file: %+v", second)
		}
		// A family is not one person.
		const family = "name,phone,born\nAnn Poe,901234570,1980-02-01\nEve Poe,901234570,1985-06-05\nEve Q. Poe,901234570,\n"
		for _, created := range []int64{2, 0} {
			if r := h.rehearsed(t, family, File{}); r.Created != created {
				t.Errorf("of a family %d are new: %+v", created, r)
			}
		}
		// Nor is anybody new who is called so again, far away in the file.
		far := h.rehearsed(t, "first name,last name,phone,born\nAdam,Ash,901234571,1980-02-01\nEve,Ash,901234571,1985-06-05\nEve,Ash,,1985-06-05\n", File{})
		if far.Created != 2 || far.Updated != 1 {
			t.Errorf("called again: %+v", far)
		}
		// Rows may be shorter than the header, and names stand in whichever column.
		h.rehearsed(t, "id,name,city,first name,last name\nE1,Ann Poe,London,,\n", File{})
		short := h.rehearsed(t, "id,name,city,first name,last name\nE1,Bob Ray,Leeds\nE1\n", File{})
		if n := len(short.Tallies); n != 3 || short.Noted != 3 {
			t.Errorf("short rows: %+v", short)
		}
		for _, tally := range short.Tallies {
			if tally.Reason == ReasonKept && tally.First[0].Value != "Bob Ray" && tally.First[0].Value != "Leeds" {
				t.Errorf("kept instead of %+v", tally)
			}
		}
		receipts := h.rehearsed(t, "receipt,date,customer id,card,sku,quantity,price\n1,2024-02-01,3001,888001,A,1,1\n2,2024-02-01,3002,888001,A,1,1\n"+
			"3,2024-02-01,3004,888001,A,1,1\n4,2024-02-01,3005,888005,A,1,1\n5,2024-02-01,3006,888005,A,1,1\n6,2024-02-01,,888001,A,1,1\n", File{})
		if receipts.NewCustomers != 1 {
			t.Errorf("receipts: %+v", receipts)
		}
		if n := h.count(`SELECT COUNT(*) FROM receipts r JOIN identifiers i ON i.customer_id = r.customer_id WHERE i.value = '3001'`); n != 3 {
			t.Errorf("%d receipts of who has the card, want 3", n)
		}
		h.verify()
	})
}

// Whoever random rows mean, with cards, phones and names that they share, a dry run
// tells what the import does.
func TestCheckTellsPeopleApartAsTheImport(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "GBP", "Europe/London", t.TempDir())
		rnd := rand.New(rand.NewPCG(7, 9))
		pick := func(of ...string) string { return of[rnd.IntN(len(of))] }
		seen := int64(0)
		for world := range 8 {
			h.batchRows = 1 + rnd.IntN(4)
			own := func(format string, of ...string) string {
				if s := pick(of...); s != "" {
					return fmt.Sprintf(format, world, s)
				}
				return ""
			}
			who := func() string {
				return strings.Join([]string{own("%03d%s", "", "1", "2", "3"), own("7%03d%s", "", "4", "5"), own("901%03d00%s", "", "1", "2"), own("a%d%s@x.uz", "", "", "1"), pick("", "Ann Lee", "Bob Ray", "Lee Ann")}, ",")
			}
			people, receipts := "id,card,phone,email,name\n", "receipt,date,sku,quantity,price,customer id,card,phone,email,customer name\n"
			for n := range 8 {
				people += who() + "\n"
				receipts += fmt.Sprintf("%d,2024-02-01,A,1,1,", n) + who() + "\n"
			}
			files := []string{people, receipts}
			for _, text := range files[world%2:] { // or receipts alone
				before := t.Failed()
				seen += h.rehearsed(t, text, File{Source: fmt.Sprint("world ", world)}).NewCustomers
				if t.Failed() && !before {
					t.Fatalf("batches of %d rows:\n%s", h.batchRows, text)
				}
			}
		}
		if seen == 0 {
			t.Error("nobody is new")
		}
		h.verify()
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

// A row with a quote that nothing closes is refused with its receipt, and named;
// the others are taken.
func TestOpenQuoteIsRefused(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "GBP", "Europe/London", t.TempDir())
		r := h.rehearsed(t, "receipt,date,product,sku,quantity,price\n"+
			"1,2024-02-01,\"Milk,A,1,1\n1,2024-02-01,Tea,B,1,1\n2,2024-02-01,\"Jam\",C,1,1\n3,2024-02-01,Oil 1/2\",D,1,1\n4,2024-02-01,\"Two\nlines\",E,1,1\n", File{})
		want := []Tally{
			{Reason: ReasonQuote, Refused: true, Count: 1, First: []Example{{Row: 2}}},
			{Field: FieldNumber, Reason: ReasonSibling, Refused: true, Count: 1, First: []Example{{Row: 3, Value: "1"}}},
		}
		if diff := cmp.Diff(want, r.Tallies); diff != "" || r.Rows != 5 || r.Recorded != 3 {
			t.Errorf("%+v (-want +got):\n%s", r, diff)
		}
	})
}
