package importer

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/errs"
	"regulars/internal/base/i18n"
	"regulars/internal/base/id"
	"regulars/internal/base/jobs"
	"regulars/internal/base/money"
	"regulars/internal/base/settings"
	"regulars/internal/loyalty"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/verify"
)

// house is an installation that files are imported into.
type house struct {
	t testing.TB
	*Service
}

// newHouse opens a process over a database. A second one over the same stands
// for the process after a crash.
func newHouse(t testing.TB, d *db.DB, currency, zone, folder string) house {
	t.Helper()
	s, end, err := build(t.Context(), d, currency, zone, folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(end)
	return house{t, s}
}

func build(ctx context.Context, d *db.DB, currency, zone, folder string) (s *Service, end func(), err error) {
	c, err := money.CurrencyOf(currency)
	if err != nil {
		return nil, nil, err
	}
	place, err := time.LoadLocation(zone)
	if err != nil {
		return nil, nil, err
	}
	is, _, err := settings.Open(ctx, d, time.Now, settings.Installation{Name: "House", Currency: c, Zone: place, Language: "en"})
	if err != nil {
		return nil, nil, err
	}
	now := time.Now
	mint, err := id.Take(ctx, d, now)
	if err != nil {
		return nil, nil, err
	}
	all := loyalty.New(d, mint.Minter, now, is.Get())
	queue := jobs.New(d, mint.Minter, now, jobs.Config{})
	return New(Config{
		DB: d, Mint: mint.Minter, Now: now, Currency: c, Zone: func() *time.Location { return place }, Region: "UZ", Secret: is.Get().Secret, Folder: folder, Jobs: queue,
		Services: all,
	}), all.Close, nil
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// nothing more is to be done.
func nothing(context.Context, *db.Tx, Import) error { return nil }

// load imports a file as the command line does.
func (h house) load(path string, f File) Import {
	h.t.Helper()
	i, err := h.Add(h.t.Context(), f, path)
	must(h.t, err)
	i, err = h.RunNow(h.t.Context(), i.ID, func(Report) {})
	must(h.t, err)
	if i.State != Done || i.Report.Done != 1 {
		h.t.Errorf("%s ended as %s, %v done", f.Name, i.State, i.Report.Done)
	}
	return i
}

// count asks for one number.
func (h house) count(query string, args ...any) (n int64) {
	h.t.Helper()
	must(h.t, h.db.QueryRow(h.t.Context(), query, args...).Scan(&n))
	return n
}

// verify proves the whole database.
func (h house) verify() {
	h.t.Helper()
	report, err := verify.Run(h.t.Context(), h.db, verify.Options{TempDir: h.t.TempDir()})
	must(h.t, err)
	for _, f := range report.Findings {
		h.t.Errorf("verify: %+v", f)
	}
}

// copied is a file of the same rows that is not the same file.
func copied(t testing.TB, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	must(t, err)
	return write(t, string(text)+"\n")
}

// issuesOf is the list of refused rows, or of those taken without something,
// in English.
func (h house) issuesOf(i ID, refused bool) string {
	h.t.Helper()
	bundle, err := i18n.Load()
	must(h.t, err)
	var b bytes.Buffer
	must(h.t, h.Issues(h.t.Context(), i, &b, refused, bundle.For("en")))
	return strings.TrimPrefix(b.String(), "\uFEFF")
}

// figures of a report that do not depend on the clock: all, or without those of
// reasons and stores.
var clockless = cmp.Options{cmpopts.IgnoreFields(Report{}, "At", "Rate", "Left"), cmpopts.IgnoreUnexported(errs.Error{})}
var timeless = cmpopts.IgnoreFields(Report{}, "At", "Rate", "Left", "Tallies", "NewStores", "StoreNames")

func TestImportCustomers(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
		file := write(t, "Код;ФИО;Пол;Телефон;Email;Дата рождения;Баллы;Магазин;Согласие на SMS;Язык\n"+
			"1;Каримова Нилуфар;ж;90 123 45 67;n@example.com;24.08.1993;1 250,50;Центр;да;узбекский\n"+
			"2;Иванов Иван Иванович;м;12345;плохо;;;Центр;нет;\n"+
			"3;Петров Пётр;м;+998 90 123 45 68, +998 90 123 45 69;;;;;;\n"+
			"3;Петров Пётр;м;;p@example.com;01.02.1980;5,005;;;\n"+
			";;;;;;;;;\n"+
			";;м;нет;;;;;;\n"+
			"6;Сидоров;;901234567;;;;;;\n")
		ctx := t.Context()
		i, err := h.Add(ctx, File{Name: "clients.csv"}, file)
		must(t, err)
		if _, err := h.RunNow(ctx, i.ID, func(Report) {}); !errors.Is(err, ErrNoProgramme) {
			t.Fatalf("points without a programme: %v", err)
		}
		h.install("Main", plainRules())
		i, err = h.RunNow(ctx, i.ID, func(Report) {})
		must(t, err)
		want := Report{Rows: 6, Refused: 1, Noted: 5, Created: 4, Updated: 1, Points: 125_551, Done: 1}
		if diff := cmp.Diff(want, i.Report, timeless); diff != "" {
			t.Errorf("report (-want +got):\n%s", diff)
		}
		if got := h.issuesOf(i.ID, true); !strings.Contains(got, ";;м;нет;;;;;;;7;Nothing says who the customer is") || strings.Count(got, "\n") != 2 {
			t.Errorf("refused rows:\n%s", got)
		}
		notes := h.issuesOf(i.ID, false)
		for _, note := range []string{
			"Телефон “12345”: The phone number has too few digits; the rest of the row is taken. Email “плохо”: This is not an e-mail address.",
			"Баллы “5,005”: Points have two decimals; these were rounded.",
			"Телефон “+998901234567”: This belongs to another customer",
		} {
			if !strings.Contains(notes, note) {
				t.Errorf("the notes lack %q:\n%s", note, notes)
			}
		}
		who, err := h.customers.Find(ctx, customer.Identifier{Kind: customer.External, Value: "1"})
		must(t, err)
		if who.FirstName != "Нилуфар" || who.LastName != "Каримова" || who.Sex != customer.Female || who.Born != "1993-08-24" ||
			who.First(customer.Phone) != "+998901234567" || who.Language != "uz" || who.Source != "import" || who.Origin != int64(i.ID) {
			t.Errorf("%+v", struct{ customer.Customer }{who})
		}
		account, err := h.ledger.Get(ctx, who.ID)
		must(t, err)
		if account.Available() != 125_050 {
			t.Errorf("she has %s points", account.Available())
		}
		if n := h.count(`SELECT COUNT(*) FROM events WHERE kind LIKE 'customer.%'`); n != 0 {
			t.Errorf("%d events start something for imported customers", n)
		}

		again := h.load(file, File{Name: "clients.csv"})
		if again.ID == i.ID || again.Report.Created != 0 || again.Report.Points != 0 || again.Report.Unchanged != 5 || again.Report.Opened != 2 || again.Report.OpenedPoints != 125_551 {
			t.Errorf("the second time: %+v", again.Report)
		}
		if account, err = h.ledger.Get(ctx, who.ID); err != nil || account.Available() != 125_050 {
			t.Errorf("she has %s points after the second time, %v", account.Available(), err)
		}
		h.verify()
	})
}

func TestImportProducts(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
		file := write(t, "Артикул;Штрихкод;Название;Категория;Цена;Себестоимость\nA1;460;Крем;Уход / Руки;1 250,50;800\nA2;461;Маска;Уход / Лицо;300;\nA3;460;Чужой код;;5;\nA4;;;;-5;\n")
		i := h.load(file, File{})
		want := Report{Rows: 4, Refused: 2, Created: 2, Done: 1}
		if diff := cmp.Diff(want, i.Report, timeless); diff != "" {
			t.Errorf("report (-want +got):\n%s", diff)
		}
		if got := h.issuesOf(i.ID, true); strings.Count(got, "\n") != 3 || !strings.Contains(got, "A3;460") || !strings.Contains(got, "A4;;") {
			t.Errorf("refused:\n%s", got)
		}
		list, _, err := h.catalog.Products(t.Context(), catalog.ProductQuery{Search: "A1"})
		must(t, err)
		if len(list) != 1 || list[0].Price != 12_505_000 || list[0].Cost == nil || fmt.Sprint(list[0].Categories) != "[Уход / Руки Уход]" {
			t.Errorf("%+v", list)
		}
		if again := h.load(file, File{}); again.Report.Unchanged != 2 || again.Report.Created+again.Report.Updated != 0 {
			t.Errorf("the second time: %+v", again.Report)
		}
		h.verify()
	})
}

func TestImportVariants(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
		file := write(t, "Артикул;Наименование;Модель;Цвет;Размер;Цена\nF1-R-M;Футболка красная M;Футболка;красный;M;100\nF1-B-L;Футболка синяя L;Футболка;синий;L;100\nA1;Аист;;;;5\n")
		i := h.load(file, File{})
		if want := (Report{Rows: 3, Created: 3, Done: 1}); cmp.Diff(want, i.Report, timeless) != "" {
			t.Errorf("%+v", i.Report)
		}
		list, _, err := h.catalog.Products(t.Context(), catalog.ProductQuery{Model: "футболка"})
		must(t, err)
		got := ""
		for _, p := range list {
			got += p.SKU + " " + p.Model + " " + p.Variant() + ";"
		}
		if want := "F1-R-M Футболка красный, M;F1-B-L Футболка синий, L;"; got != want {
			t.Errorf("%s, want %s", got, want)
		}
		if again := h.load(file, File{}); again.Report.Unchanged != 3 {
			t.Errorf("the second time: %+v", again.Report)
		}
		h.verify()
	})
}

func TestImportReceipts(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "GBP", "Europe/London", t.TempDir())
		head := "receipt,kind,time,store,till,customer_id,phone,sku,product,category,quantity,price,discount,amount\n"
		file := write(t, head+
			"1,sale,2024-02-01 10:00,S1,K1,7,,A,Milk,Food / Dairy,2,1.5,0.5,2.5\n"+
			"1,sale,2024-02-01 10:00,S1,K1,7,,B,Bread,Food,1,1.001,,1.001\n"+
			"2,sale,2024-02-02 10:00,S2,K1,,,A,Milk 2 l,Food / Dairy,1,1.5,,1.5\n"+
			"3,return,2024-02-03 10:00,S1,K1,7,,A,Milk,,-1,1.5,,-1.5\n"+
			"4,return,2024-02-03 11:00,S1,K1,7,,B,Bread,,-2,1.001,,-2\n"+
			"5,sale,2024-02-04 10:00,S1,K1,,12345,A,Milk,,1,1.5,,1.5\n"+
			"6,sale,soon,S1,K1,,,A,Milk,,1,1.5,,1.5\n")
		i := h.load(file, File{Source: "old till"})
		want := Report{
			Rows: 7, Refused: 1, Noted: 1, Sales: 3, Returns: 2, Lines: 6, Anonymous: 2, Total: 300, Rounded: 1, Lost: 10_000,
			Recorded: 5, NewCustomers: 1, NewProducts: 2, Matched: 1, MatchedTotal: 150, Unmatched: 1, UnmatchedTotal: 200, Done: 1,
		}
		if diff := cmp.Diff(want, i.Report, timeless); diff != "" {
			t.Errorf("report (-want +got):\n%s", diff)
		}
		notes := h.issuesOf(i.ID, false)
		for _, note := range []string{"amount “0.001”: The amount is not a whole number", "phone “12345”: The phone number has too few digits", "receipt “4”: No earlier sale fits"} {
			if !strings.Contains(notes, note) {
				t.Errorf("the notes lack %q:\n%s", note, notes)
			}
		}
		who, err := h.customers.Find(t.Context(), customer.Identifier{Kind: customer.External, Value: "7"})
		must(t, err)
		account, err := h.ledger.Get(t.Context(), who.ID)
		must(t, err)
		if account.Spend != 250+100-150-200 || account.Receipts != 1 || account.Balance() != 0 {
			t.Errorf("account %+v", account)
		}

		for number, name := range map[string]string{"1": "Milk", "2": "Milk 2 l"} {
			rec, err := h.receipts.Find(t.Context(), i.sourceID, receipt.KindSale, number)
			must(t, err)
			if got := rec.Lines[0].Name; got != name {
				t.Errorf("the line of receipt %s is called %q, want %q", number, got, name)
			}
		}

		again := h.load(file, File{Source: "old till"})
		if again.Report.Known != 5 || again.Report.KnownTotal != 300 || again.Report.Recorded+again.Report.NewCustomers+again.Report.NewProducts != 0 {
			t.Errorf("the second time: %+v", again.Report)
		}
		other := h.load(write(t, head+"1,sale,2024-02-01 10:00,S1,K1,7,,A,Milk,,2,1.5,0.5,2.5\n9,sale,2024-02-05 10:00,S1,K1,8,,A,Milk,,2,1.5,0.5,2.5\n"), File{Source: "old till"})
		if other.Report.Differing != 1 || other.Report.Refused != 1 || other.Report.Recorded != 1 {
			t.Errorf("another receipt 1: %+v", other.Report)
		}
		if got := h.issuesOf(other.ID, true); !strings.Contains(got, "1,sale,2024-02-01 10:00,S1") {
			t.Errorf("refused:\n%s", got)
		}
		if _, err := h.Add(t.Context(), File{Source: "another till"}, file); !errors.Is(err, ErrOtherSource) {
			t.Errorf("the same file of another source: %v", err)
		}
		twice := copied(t, file)
		drafts := make([]Import, 2)
		for k := range drafts {
			i, err := h.Add(t.Context(), File{Source: fmt.Sprint("draft ", k)}, twice)
			must(t, err)
			drafts[k] = i
		}
		_, err = h.RunNow(t.Context(), drafts[0].ID, func(Report) {})
		must(t, err)
		if _, err := h.RunNow(t.Context(), drafts[1].ID, func(Report) {}); !errors.Is(err, ErrOtherSource) {
			t.Errorf("two drafts of a file: %v", err)
		}
		// One that was stopped before anything of it was in may go on at any time.
		stopped, err := h.Add(t.Context(), File{Source: "stopped"}, copied(t, twice))
		must(t, err)
		_, err = h.begin(t.Context(), stopped.ID)
		must(t, err)
		must(t, h.Cancel(t.Context(), stopped.ID, nil))
		if _, err := h.Add(t.Context(), File{Source: "meanwhile"}, copied(t, twice)); !errors.Is(err, ErrOtherSource) {
			t.Errorf("a file of a stopped import: %v", err)
		}
		elsewhere := h.load(copied(t, copied(t, twice)), File{Source: "another till"})
		if elsewhere.Report.Recorded != 5 {
			t.Errorf("numbers of another source: %+v", elsewhere.Report)
		}
		h.verify()
	})
}

// What is left of a sale belongs first to the returns that name it, whichever
// come first, and to nobody else's.
func TestImportReturnsThatNameTheirSale(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "GBP", "Europe/London", t.TempDir())
		h.matchRows = 2
		i := h.load(write(t, "receipt,kind,original receipt,time,store,customer_id,sku,quantity,price\n"+
			"1,sale,,2024-02-01 10:00,S1,7,A,1,1.5\n"+
			"2,sale,,2024-02-02 10:00,S1,7,A,1,1.5\n"+
			"3,sale,,2024-02-02 11:00,S1,,B,3,2\n"+
			"3,sale,,2024-02-02 11:00,S1,,C,1,2\n"+
			"r1,return,,2024-02-03 10:00,S1,7,A,-1,1.5\n"+ // the latest is 2, which r2 names
			"r2,return,2,2024-02-04 10:00,S1,7,A,-1,1.5\n"+
			"r3,return,3,2024-02-05 10:00,S1,,C,-1,2\n"+ // nobody's, line by line
			"r3,return,3,2024-02-05 10:00,S1,,B,-2,2\n"+
			"r4,return,3,2024-02-06 10:00,S1,,B,-2,2\n"+ // only one is left
			"r5,return,3,2024-02-06 11:00,S1,,B,-1,1\n"+ // at another price
			"r6,return,1,2024-02-06 12:00,S1,8,A,-1,1.5\n"+ // another customer's
			"r7,return,none,2024-02-06 13:00,S1,7,A,-1,1.5\n"+
			"r8,return,3,2024-02-01 13:00,S1,,B,-1,2\n"+ // before it was sold
			"4,sale,,2024-02-07 10:00,S1,,D,3,2\n"+
			"r9,return,4,2024-02-08 10:00,S1,,D,-1,2\n"+ // both of one page, of one line
			"r10,return,4,2024-02-08 10:00,S1,,D,-1,2\n"), File{})
		want := Report{
			Rows: 16, Sales: 4, Returns: 10, Lines: 16, Anonymous: 8, Total: 1_100 - 150 - 150 - 600 - 400 - 100 - 150 - 150 - 200 + 600 - 400, Recorded: 14,
			NewCustomers: 2, NewProducts: 4, Matched: 6, Named: 5, MatchedTotal: 1_300, Unmatched: 5, UnmatchedTotal: 1_000, Done: 1,
		}
		if diff := cmp.Diff(want, i.Report, timeless); diff != "" {
			t.Errorf("report (-want +got):\n%s", diff)
		}
		sales := map[string]string{}
		rows, err := h.db.Query(t.Context(), `
			SELECT r.number, l.quantity, COALESCE(o.number, ''), COALESCE(l.original, 0)
			  FROM receipts r JOIN receipt_lines l ON l.receipt_id = r.id LEFT JOIN receipts o ON o.id = l.original_id
			 WHERE r.kind = 'return'`)
		must(t, db.Scan(rows, err, func(r *db.Rows) error {
			var number, sale string
			var quantity, position int64
			err := r.Scan(&number, &quantity, &sale, &position)
			sales[fmt.Sprintf("%s x %d", number, quantity/1000)] = fmt.Sprintf("%s/%d", sale, position)
			return err
		}))
		if diff := cmp.Diff(map[string]string{
			"r1 x 1": "1/1", "r2 x 1": "2/1", "r3 x 1": "3/2", "r3 x 2": "3/1", "r4 x 2": "/0", "r5 x 1": "/0", "r6 x 1": "/0", "r7 x 1": "/0", "r8 x 1": "/0",
			"r9 x 1": "4/1", "r10 x 1": "4/1",
		}, sales); diff != "" {
			t.Errorf("sales (-want +got):\n%s", diff)
		}
		h.verify()
	})
}

// Where tills begin their numbers anew, each its own and every day, a receipt is
// known by number, store, till and day, whatever else is in the file.
func TestImportNumbersThatBeginAnew(t *testing.T) {
	t.Parallel()
	const (
		head = "receipt,kind,original receipt,time,store,till,sku,quantity,price\n"
		one  = "1,sale,,2024-02-01 10:00,S1,A,X,1,1\n2,sale,,2024-02-01 23:55,S1,A,X,1,2\n2,sale,,2024-02-02 00:05,S1,A,Y,1,2\n"
		two  = "1,sale,,2024-02-02 09:00,S1,A,X,1,3\n2,sale,,2024-02-02 09:30,S1,A,X,1,4\nr,return,1,2024-02-02 10:00,S1,A,X,-1,3\n"
		both = "1,sale,,2024-02-02 09:10,S1,B,X,1,5\n1,sale,,2024-02-02 09:20,S2,A,X,1,6\n"
	)
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "GBP", "Europe/London", t.TempDir())
		for _, tt := range []struct {
			text                     string
			recorded, known, matched int64
		}{
			{two, 3, 0, 1},
			{one + two + both, 4, 3, 0},
			{two + both, 0, 5, 0},
			{both + one, 0, 4, 0},
			{one, 0, 2, 0},
		} {
			r := h.load(write(t, head+tt.text), File{}).Report
			if r.Recorded != tt.recorded || r.Known != tt.known || r.Matched != tt.matched || r.Differing != 0 || r.Refused != 0 {
				t.Errorf("%s\n%d recorded, %d known, %d matched, %d refused", tt.text, r.Recorded, r.Known, r.Matched, r.Refused)
			}
		}
		if i := h.load(write(t, head+"1,sale,,2024-02-02 09:10,S1,B,X,1,7\n"), File{}); i.Report.Differing != 1 {
			t.Errorf("another content is taken: %+v", i.Report)
		}
		if n := h.count(`SELECT COUNT(*) FROM receipts`); n != 7 {
			t.Errorf("%d receipts", n)
		}
		h.verify()
	})
}

// Exports of the same receipts with and without a column of tills, loaded after one
// another, do not double them, also where numbers begin anew every day. Where they
// begin anew at each till, the export without tills is refused what it cannot tell
// apart.
func TestImportWithAndWithoutTills(t *testing.T) {
	t.Parallel()
	with := "receipt,kind,original receipt,time,store,till,sku,quantity,price\n" +
		"1,sale,,2024-02-01 10:00,S1,A,X,1,1\n2,sale,,2024-02-01 11:00,S1,B,X,1,2\n" +
		"1,sale,,2024-02-02 10:00,S1,A,X,1,3\n2,sale,,2024-02-02 11:00,S1,B,X,1,4\nr,return,1,2024-02-02 12:00,S1,A,X,-1,3\n" +
		"1,sale,,2024-02-03 10:00,S1,A,X,1,5\n"
	without := strings.NewReplacer(",till,", ",", ",A,", ",", ",B,", ",").Replace(with)
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "GBP", "Europe/London", t.TempDir())
		for _, files := range [][]string{{with, without, with}, {without + "\n", with + "\n", without + "\n"}} {
			source := fmt.Sprint("till first: ", files[0] == with)
			for k, text := range files {
				r := h.load(write(t, text), File{Source: source}).Report
				recorded, known, matched := int64(6), int64(0), int64(1)
				if k > 0 {
					recorded, known, matched = 0, 6, 0
				}
				if r.Recorded != recorded || r.Known != known || r.Matched != matched || r.Differing != 0 {
					t.Errorf("%s, file %d: %d recorded, %d known, %d differing, %d matched", source, k, r.Recorded, r.Known, r.Differing, r.Matched)
				}
			}
		}
		each := "receipt,time,store,till,sku,quantity,price\n1,2024-02-01 10:00,S1,A,X,1,1\n1,2024-02-01 11:00,S1,B,X,1,2\n1,2024-02-02 10:00,S1,A,X,1,3\n1,2024-02-02 11:00,S1,B,X,1,4\n"
		for _, recorded := range []int64{4, 0} {
			if r := h.load(write(t, each), File{Source: "each"}).Report; r.Recorded != recorded || r.Recorded+r.Known != 4 {
				t.Errorf("numbers of each till: %+v", r)
			}
		}
		one := strings.NewReplacer(",till,", ",", ",A,", ",", ",B,", ",").Replace("receipt,time,store,till,sku,quantity,price\n1,2024-02-02 11:00,S1,B,X,1,4\n1,2024-02-03 11:00,S1,B,X,1,4\n")
		if r := h.load(write(t, one), File{Source: "each"}).Report; r.Differing != 1 || r.Recorded != 1 {
			t.Errorf("those of one till: %+v", r)
		}
		if r := h.load(write(t, strings.NewReplacer(",till,", ",", ",A,", ",", ",B,", ",").Replace(each)), File{Source: "each"}).Report; r.Recorded != 0 || r.Differing != 2 {
			t.Errorf("tills that are not told apart: %+v", r)
		}
		h.verify()
	})
}

// A line that has a barcode only is of the product that has it, if one has;
// which product it once was of stays so.
func TestImportLinesWithBarcodesOnly(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "GBP", "Europe/London", t.TempDir())
		h.load(write(t, "sku,barcode,name,price\nA,111,Milk,1.5\n"), File{})
		head := "receipt,time,customer_id,sku,barcode,product,quantity,price\n"
		first := write(t, head+
			"1,2024-02-01 10:00,7,,111,Milk,1,1.5\n"+
			"2,2024-02-01 11:00,7,,222,Bread,1,2\n"+ // nobody has it yet
			"3,2024-02-01 12:00,7,X,111,Cream,1,3\n"+ // a product of its own, whoever has the barcode
			"4,2024-02-01 13:00,7,Y,333,Tea,1,4\n"+
			"4,2024-02-01 13:00,7,,333,Tea,2,4\n")
		if i := h.load(first, File{}); i.Report.NewProducts != 3 || i.Report.Recorded != 4 {
			t.Errorf("report %+v", i.Report)
		}
		h.load(write(t, "sku,barcode,name,price\nB,222,Bread,2\n"), File{})
		if i := h.load(first, File{}); i.Report.Known != 4 {
			t.Errorf("the second time: %+v", i.Report)
		}
		if i := h.load(write(t, head+"5,2024-02-01 10:00,7,,111,,1,1.5\n"), File{}); i.Report.NewProducts != 0 {
			t.Errorf("a known barcode: %+v", i.Report)
		}
		var skus []string
		rows, err := h.db.Query(t.Context(), `
			SELECT r.number, p.sku
			  FROM receipts r JOIN receipt_lines l ON l.receipt_id = r.id JOIN products p ON p.id = l.product_id
			 ORDER BY r.number, l.quantity`)
		must(t, db.Scan(rows, err, func(r *db.Rows) error {
			var number, sku string
			err := r.Scan(&number, &sku)
			skus = append(skus, number+" "+sku)
			return err
		}))
		if diff := cmp.Diff([]string{"1 A", "2 222", "3 X", "4 Y", "4 Y", "5 A"}, skus); diff != "" {
			t.Errorf("products (-want +got):\n%s", diff)
		}
		h.verify()
	})
}

// The file is read by what it says itself: nothing of it is written by a check,
// and it says the same as the run.
func TestCheckWritesNothing(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "GBP", "Europe/London", t.TempDir())
		i, err := h.Upload(t.Context(), File{Name: `C:\my files\sales.csv`, By: 5}, strings.NewReader(
			"number,date,customer id,sku,qty,price\n1,2024-02-01,7,A,1,1\n2,2024-02-01,8,B,x,2\n3,2024-02-01,7,A,-1,1\n"), nothing)
		must(t, err)
		i, err = h.CheckNow(t.Context(), i.ID, func(Report) {})
		must(t, err)
		want := Report{Rows: 3, Refused: 1, Sales: 1, Returns: 1, Lines: 2, Recorded: 2, NewCustomers: 1, NewProducts: 1, Done: 1}
		if diff := cmp.Diff(want, i.Report, timeless); diff != "" || i.State != Checked {
			t.Errorf("%s (-want +got):\n%s", i.State, diff)
		}
		if n := h.count(`SELECT (SELECT COUNT(*) FROM receipts) + (SELECT COUNT(*) FROM customers) + (SELECT COUNT(*) FROM products) + (SELECT COUNT(*) FROM events WHERE kind <> 'installation.founded')`); n != 0 {
			t.Errorf("the check wrote %d rows", n)
		}
		if got := h.issuesOf(i.ID, true); !strings.Contains(got, "2,2024-02-01,8,B,x,2,3,") {
			t.Errorf("refused:\n%s", got)
		}
		m := i.Mapping
		delete(m.Columns, FieldQuantity)
		if err := h.SetMapping(t.Context(), i.ID, m); err == nil {
			t.Error("a price without a quantity was taken")
		}
		i, err = h.RunNow(t.Context(), i.ID, func(Report) {})
		must(t, err)
		want.Matched, want.MatchedTotal = 1, 100
		if diff := cmp.Diff(want, i.Report, timeless); diff != "" {
			t.Errorf("run (-want +got):\n%s", diff)
		}
		if _, err := os.Stat(i.path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the upload is still there: %v", err)
		}
		if err := h.SetMapping(t.Context(), i.ID, i.Mapping); !errors.Is(err, ErrStarted) {
			t.Errorf("columns of an import that is done: %v", err)
		}
		if _, err := h.RunNow(t.Context(), i.ID, func(Report) {}); !errors.Is(err, ErrNotGoing) {
			t.Errorf("an import that is done: %v", err)
		}
	})
}

// chainFile is receipts of some customers, with refused rows, receipts apart
// and returns, and what they come to.
func chainFile(receipts int) string {
	var b strings.Builder
	b.WriteString("number,date,customer id,phone,sku,qty,price\n")
	for n := range receipts {
		who := n % 17
		for line := range 1 + n%3 {
			fmt.Fprintf(&b, "%d,2024-02-%02d 10:00,%d,90%07d,P%d,%d,1.5\n", n, 1+n*27/receipts, who, 1000000+who, line, 1+n%2)
		}
		switch {
		case n%11 == 0:
			fmt.Fprintf(&b, "r%d,2024-02-28 10:00,%d,,P0,-1,1.5\n", n, who)
		case n%13 == 0:
			fmt.Fprintf(&b, "x%d,2024-02-28 10:00,%d,,P0,many,1.5\n", n, who)
		case n%5 == 0:
			fmt.Fprintf(&b, "%d,2024-02-%02d 10:00,%d,,P9,1,2\n", max(0, n-3), 1+max(0, n-3)*27/receipts, max(0, n-3)%17)
		}
	}
	return b.String()
}

// An import that is stopped after any batch goes on in another process and
// ends as if nothing had happened.
func TestImportGoesOnAfterAnyBatch(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		path := write(t, chainFile(120))
		straight := newHouse(t, dbtest.Open(t, dbtest.SQLite), "GBP", "Europe/London", t.TempDir())
		want := straight.load(path, File{})
		wantRefused, wantNotes := straight.issuesOf(want.ID, true), straight.issuesOf(want.ID, false)

		folder := t.TempDir()
		crash := errors.New("the process was killed")
		var i Import
		for run, stopped := 0, true; stopped; run++ {
			if run > 200 {
				t.Fatal("the import never ends")
			}
			h := newHouse(t, d, "GBP", "Europe/London", folder)
			h.batchRows = 10
			var err error
			i, err = h.Add(t.Context(), File{}, path)
			must(t, err)
			_, err = h.begin(t.Context(), i.ID)
			must(t, err)
			batches := 0
			err = h.run(t.Context(), i.ID, func(context.Context, *db.Tx, *Report) error {
				if batches++; batches > 1+run%2 {
					return crash // the batch is not committed, its issues are in the file
				}
				return nil
			})
			if stopped = errors.Is(err, crash); !stopped {
				must(t, err)
			}
		}
		h := newHouse(t, d, "GBP", "Europe/London", folder)
		got, err := h.Get(t.Context(), i.ID)
		must(t, err)
		if diff := cmp.Diff(want.Report, got.Report, clockless); diff != "" || got.State != Done {
			t.Errorf("%s (-straight +stopped):\n%s", got.State, diff)
		}
		if diff := cmp.Diff(wantRefused, h.issuesOf(i.ID, true)); diff != "" {
			t.Errorf("refused rows (-straight +stopped):\n%s", diff)
		}
		if diff := cmp.Diff(wantNotes, h.issuesOf(i.ID, false)); diff != "" {
			t.Errorf("notes (-straight +stopped):\n%s", diff)
		}
		const sums = `SELECT CAST(COALESCE(SUM(total), 0) + 1000000 * COUNT(*) AS BIGINT) FROM `
		for _, table := range []string{"receipts", "receipt_lines"} {
			if a, b := straight.count(sums+table), h.count(sums+table); a != b {
				t.Errorf("%s: %d straight, %d stopped", table, a, b)
			}
		}
		h.verify()
	})
}

// Jobs run imports in the background; they are cancelled and taken up again.
func TestImportJob(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "GBP", "Europe/London", t.TempDir())
		h.batchRows = 10
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			h.jobs.Work(ctx)
		}()
		defer func() {
			stop()
			<-ended
		}()
		until := func(what string, is func() bool) {
			t.Helper()
			deadline := time.NewTimer(30 * time.Second)
			defer deadline.Stop()
			tick := time.NewTicker(10 * time.Millisecond)
			defer tick.Stop()
			for !is() {
				select {
				case <-deadline.C:
					t.Fatalf("%s: it never came", what)
				case <-tick.C:
				}
			}
		}
		i, err := h.Add(ctx, File{}, write(t, chainFile(60)))
		must(t, err)
		must(t, h.Check(ctx, i.ID))
		until("checked", func() bool {
			state, _, _, err := h.CheckState(ctx, i.ID)
			must(t, err)
			return state == jobs.Done
		})
		must(t, h.Start(ctx, i.ID, nothing))
		until("done", func() bool {
			i, err = h.Get(ctx, i.ID)
			must(t, err)
			return i.State == Done
		})
		if err := h.Cancel(ctx, i.ID, nothing); !errors.Is(err, ErrNotGoing) {
			t.Errorf("an import that is done was cancelled: %v", err)
		}

		// One whose file is gone fails, and says so; with the file it goes on.
		file := write(t, chainFile(30))
		j, err := h.Add(ctx, File{Source: "b"}, file)
		must(t, err)
		must(t, remove(file))
		must(t, h.Start(ctx, j.ID, nothing))
		until("its failure", func() bool {
			j, err = h.Get(ctx, j.ID)
			must(t, err)
			return j.Failure != nil
		})
		must(t, h.Cancel(ctx, j.ID, nothing))
		until("cancelled", func() bool {
			j, err = h.Get(ctx, j.ID)
			must(t, err)
			return j.State == Cancelled
		})
		list, err := h.List(ctx, 0, 10)
		must(t, err)
		if len(list) != 2 || list[0].ID != j.ID || list[1].State != Done {
			t.Errorf("list: %+v", list)
		}
		if _, err := h.Get(ctx, 5); !errors.Is(err, ErrNotFound) {
			t.Errorf("an import that is none: %v", err)
		}
		h.verify()
	})
}

// What is not wanted goes with its files, as long as nothing of it is in; a file
// of the user's own stays where it lies.
func TestDiscard(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		ctx, folder := t.Context(), t.TempDir()
		h := newHouse(t, d, "GBP", "Europe/London", folder)
		up, err := h.Upload(ctx, File{Name: "a.csv"}, strings.NewReader(chainFile(20)), nothing)
		must(t, err)
		_, err = h.CheckNow(ctx, up.ID, func(Report) {})
		must(t, err)
		must(t, h.Check(ctx, up.ID)) // waits
		file := write(t, chainFile(20))
		own, err := h.Add(ctx, File{Source: "b"}, file)
		must(t, err)
		began, err := h.begin(ctx, own.ID)
		must(t, err)
		if err := h.Discard(ctx, began.ID, nothing); !errors.Is(err, ErrKept) {
			t.Errorf("an import that runs was discarded: %v", err)
		}
		must(t, h.Cancel(ctx, own.ID, nothing))
		for _, id := range []ID{up.ID, own.ID} {
			must(t, h.Discard(ctx, id, nothing))
			if _, err := h.Get(ctx, id); !errors.Is(err, ErrNotFound) {
				t.Errorf("it is still there: %v", err)
			}
		}
		if n := h.count(`SELECT COUNT(*) FROM jobs WHERE state IN ('queued', 'running')`); n != 0 {
			t.Errorf("%d checks of nothing wait", n)
		}
		left, err := os.ReadDir(folder)
		must(t, err)
		if _, err := os.Stat(file); err != nil || len(left) != 0 {
			t.Errorf("left: %v; the user's own: %v", left, err)
		}

		// Stopped behind a batch it stays.
		h.batchRows = 5
		halfway, err := h.Add(ctx, File{Source: "c"}, file)
		must(t, err)
		stopped, stop := context.WithCancel(ctx)
		_, err = h.RunNow(stopped, halfway.ID, func(r Report) {
			if r.Rows > 10 { // the first batch is in
				stop()
			}
		})
		if err == nil {
			t.Fatal("it was not stopped")
		}
		if err := h.Discard(ctx, halfway.ID, nothing); !errors.Is(err, ErrKept) {
			t.Errorf("an import of which something is in was discarded: %v", err)
		}
		h.verify()
	})
}

// A file that was changed between two runs is not gone on with.
func TestImportOfAnotherFile(t *testing.T) {
	t.Parallel()
	h := newHouse(t, dbtest.Open(t, dbtest.SQLite), "GBP", "Europe/London", t.TempDir())
	path := write(t, chainFile(20))
	i, err := h.Add(t.Context(), File{}, path)
	must(t, err)
	rewrite(t, path, chainFile(21))
	if _, err := h.RunNow(t.Context(), i.ID, func(Report) {}); !errors.Is(err, ErrOtherFile) {
		t.Errorf("another file: %v", err)
	}
	if i, err = h.Get(t.Context(), i.ID); err != nil || i.State != Failed {
		t.Errorf("%s, %v", i.State, err)
	}
	rewrite(t, path, chainFile(20))
	if i, err = h.RunNow(t.Context(), i.ID, func(Report) {}); err != nil || i.State != Done {
		t.Errorf("the right file again: %s, %v", i.State, err)
	}
}

// A chain in several time zones: times in a file are each store's own, until
// somebody says otherwise.
func TestTimesAreOfTheStore(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
		must(t, h.db.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := h.catalog.EnsureStoresTx(ctx, tx, []catalog.NewStore{{Code: "M", Name: "Арбат", Zone: "Europe/Moscow"}, {Code: "T", Name: "Чорсу", Zone: "Asia/Tashkent"}})
			return err
		}))
		path := write(t, "number,date,store,sku,qty,price\n1,2026-03-01 10:00,Арбат,A,1,5\n1,2026-03-01 10:00,T,A,1,5\n2,2026-03-01 01:30,M,A,1,5\n2,2026-03-01 01:30,,B,1,5\n3,2026-03-01 10:00,Новый,A,1,5\n")
		for range 2 {
			i := h.load(path, File{})
			if i.Mapping.Options.Zone != "" || i.Report.Refused > 0 {
				t.Errorf("zone %q, %+v", i.Mapping.Options.Zone, i.Report)
			}
		}
		var got []string
		rows, err := h.db.Query(t.Context(), `SELECT s.code, r.sold_at FROM receipts r JOIN stores s ON s.id = r.store_id ORDER BY r.sold_at, s.code`)
		must(t, db.Scan(rows, err, func(r *db.Rows) error {
			var (
				code string
				at   time.Time
			)
			err := r.Scan(&code, db.Time{Dst: &at})
			got = append(got, code+" "+at.UTC().Format("02 15:04"))
			return err
		}))
		if want := []string{"M 28 22:30", "T 01 05:00", "Новый 01 05:00", "M 01 07:00"}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}

		// In one zone for all, as head offices export.
		i, err := h.Add(t.Context(), File{Source: "office"}, copied(t, path))
		must(t, err)
		m := i.Mapping
		m.Options.Zone = "Europe/Moscow"
		must(t, h.SetMapping(t.Context(), i.ID, m))
		i, err = h.RunNow(t.Context(), i.ID, func(Report) {})
		must(t, err)
		if n := h.count(`SELECT COUNT(*) FROM receipts WHERE sold_at = $1`, time.Date(2026, 3, 1, 7, 0, 0, 0, time.UTC).UnixMicro()); n != 4 {
			t.Errorf("%d receipts at ten by Moscow's time, want 4", n)
		}
	})
}

// Two stores that sell the same under the same number, in a file of days without
// times; and an export that leaves out the till, which the one before had.
func TestEqualReceiptsOfTwoTills(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
		with := write(t, "number,date,store,till,sku,qty,price\n1,2026-03-01,A,1,B,1,5\n1,2026-03-01,B,1,B,1,5\n1,2026-03-01,A,2,B,1,5\n2,2026-03-01,A,1,B,1,5\n")
		without := write(t, "number,date,store,sku,qty,price\n1,2026-03-01,A,B,1,5\n2,2026-03-01,A,B,1,5\n")
		for i, path := range []string{with, with, without} {
			rep := h.load(path, File{}).Report
			if want := map[bool]int64{true: 4}[i == 0]; rep.Recorded != want || rep.Refused > 0 {
				t.Errorf("load %d: %+v", i, rep)
			}
		}
		if n := h.count(`SELECT COUNT(*) FROM receipts`); n != 4 {
			t.Errorf("%d receipts, want 4", n)
		}
		h.verify()
	})
}

// Customers of whom a file has the name only are the same when it comes again.
func TestCustomersByName(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
		long := strings.Repeat("очень ", 15) + "длинное"
		path := write(t, "фамилия,имя,телефон,дата рождения\nКаримова,Анна,,01.02.1990\nКаримова,Анна,,03.04.1985\nАлиев,Тимур,12,\n"+long+","+long+",,\n"+long+","+long+" 2,,\n")
		for i := range 3 {
			f := File{Kind: KindCustomers}
			if i == 2 {
				f.Source = "another shop" // where others have those names, but for the two with a birthday
			}
			rep := h.load(path, f).Report
			if created := []int64{5, 0, 3}[i]; rep.Created != created || rep.Unchanged+rep.Updated != 5-created || rep.Refused > 0 {
				t.Errorf("load %d: %+v", i, rep)
			}
		}
		twice := h.load(write(t, "name\nОльга\nольга\n"), File{Kind: KindCustomers, Source: "notebook"})
		if twice.Report.Created != 1 || twice.Report.Noted != 1 || !strings.Contains(h.issuesOf(twice.ID, false), "Ольга") {
			t.Errorf("%+v\n%s", twice.Report, h.issuesOf(twice.ID, false))
		}
		h.verify()
	})
}

// Goods whose long names begin alike are not one product, in a file of products
// or of receipts, and a code is as long as it looks.
func TestProductsWithLongNames(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
		name := "Шампунь увлажняющий для сухих, ломких, тонких и окрашенных волос с маслом арганы, кератином и алоэ вера, "
		code := strings.Repeat("Я", catalog.MaxSKU)
		if r := h.load(write(t, "Название;Цена\n"+name+"250 мл;100\n"+name+"400 мл;150\n"), File{Kind: KindProducts}).Report; r.Created != 2 || r.Refused != 0 {
			t.Errorf("%+v", r)
		}
		r := h.load(write(t, "номер,дата,артикул,товар,количество,цена\n1,2026-03-01,,"+strings.ReplaceAll(name, ",", "")+"250 мл,1,100\n"+
			"1,2026-03-01,,"+strings.ReplaceAll(name, ",", "")+"400 мл,1,150\n2,2026-03-01,"+code+",Крем,1,5\n3,2026-03-01,"+code+"Я,Крем,1,5\n"), File{}).Report
		if r.Recorded != 2 || r.NewProducts != 3 || r.Refused != 1 {
			t.Errorf("%+v", r)
		}
		h.verify()
	})
}

// Exports of two stores, a file each: what is equal in both is sold twice, also
// where the file has no numbers or each store begins its own. Loaded again, in any
// order, alone or with the other in one file, nothing doubles.
func TestStoresWithAFileEach(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "USD", "Asia/Tashkent", t.TempDir())
		must(t, h.db.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := h.catalog.EnsureStoresTx(ctx, tx, []catalog.NewStore{{Code: "A", Name: "Чорсу", Zone: "Asia/Tashkent"}, {Code: "B", Name: "Нукус", Zone: "Asia/Tashkent"}})
			return err
		}))
		const numberless = "card,date,amount\n11,2026-03-01,5\n11,2026-03-01,5\n12,2026-03-01,7\n"
		const numbered = "number,date,card,sku,qty,price\n1,2026-03-01,11,X,1,5\n2,2026-03-01,12,X,1,7\n"
		const both = "card,date,store,amount\n11,2026-03-01,Нукус,5\n11,2026-03-01,Чорсу,5\n11,2026-03-01,Чорсу,5\n11,2026-03-01,Нукус,5\n12,2026-03-01,A,7\n12,2026-03-01,B,7\n"
		for _, tt := range []struct {
			source, text, store string
			recorded            int64
		}{
			{"numberless", numberless, "A", 3}, {"numberless", numberless, "B", 3},
			{"numberless", numberless, "A", 0}, {"numberless", numberless, "B", 0}, {"numberless", both, "", 0},
			{"together", both, "", 6}, {"together", numberless, "B", 0}, {"together", numberless, "A", 0},
			{"numbered", numbered, "A", 2}, {"numbered", numbered, "B", 2}, {"numbered", numbered, "B", 0}, {"numbered", numbered, "A", 0},
		} {
			i, err := h.Add(t.Context(), File{Source: tt.source, Kind: KindReceipts}, write(t, tt.text+strings.Repeat("\n", len(tt.source))))
			must(t, err)
			i.Mapping.Options.Store = tt.store
			must(t, h.SetMapping(t.Context(), i.ID, i.Mapping))
			i, err = h.RunNow(t.Context(), i.ID, func(Report) {})
			must(t, err)
			if r := i.Report; r.Recorded != tt.recorded || r.Refused > 0 {
				t.Errorf("%s of store %q: %d recorded, %d known, %d refused, want %d", tt.source, tt.store, r.Recorded, r.Known, r.Refused, tt.recorded)
			}
		}
		h.verify()
	})
}

// The owner puts the zone of a store right that an import had made: what is in is
// known again by the time that its clock showed, or by the moment where the file
// tells it.
func TestImportAfterTheZoneIsPutRight(t *testing.T) {
	t.Parallel()
	files := map[string]string{
		"numbered":       "number,date,store,card,sku,qty,price\n1,2026-01-04 21:30,S,11,X,1,5\n2,2026-01-05 21:30,S,11,X,1,5\n1,2026-01-05 22:10,S,11,X,1,6\n",
		"days":           "number,date,store,card,sku,qty,price\n1,2026-01-04,S,11,X,1,5\n1,2026-01-05,S,11,X,1,5\n",
		"numberless":     "date,store,card,amount\n2026-01-04 21:30,S,11,5\n2026-01-05,S,11,5\n",
		"with an offset": "date,store,card,amount\n2026-01-04T21:30:00+03:00,S,11,5\n2026-01-05T00:00:00Z,S,11,5\n",
	}
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "USD", "UTC", t.TempDir())
		for _, zone := range []string{"UTC", "Asia/Tashkent", "America/New_York"} {
			for name, text := range files {
				r := h.load(write(t, text), File{Source: name}).Report
				if want := int64(strings.Count(text, "\n") - 1); r.Recorded+r.Known != want || zone != "UTC" && r.Recorded > 0 {
					t.Errorf("%s, %s: %d recorded, %d known, %d refused", name, zone, r.Recorded, r.Known, r.Refused)
				}
			}
			must(t, h.db.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				stores, err := h.catalog.EnsureStoresTx(ctx, tx, []catalog.NewStore{{Code: "S"}})
				if err != nil {
					return err
				}
				next := map[string]string{"UTC": "Asia/Tashkent", "Asia/Tashkent": "America/New_York", "America/New_York": "UTC"}[zone]
				_, _, err = h.catalog.UpdateStoreTx(ctx, tx, stores["S"].ID, catalog.StoreChange{Zone: &next})
				return err
			}))
		}
		h.verify()
	})
}

// Without numbers, a receipt is its customer's however the next export spells
// what they are known by.
func TestNumberlessReceiptOfACustomerSpelledOtherwise(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
		for i, text := range []string{
			"phone,email,date,amount\n+998 90 123-45-67,,2026-03-01,5\n,Anna@Example.com,2026-03-01,5\n",
			"phone,email,date,amount\n998901234567,,2026-03-01,5\n,anna@example.com,2026-03-01,5\n",
		} {
			if r := h.load(write(t, text), File{}).Report; r.Recorded != []int64{2, 0}[i] || r.Recorded+r.Known != 2 {
				t.Errorf("file %d: %d recorded, %d known", i, r.Recorded, r.Known)
			}
		}
	})
}

// Sums that are beyond counting are refused with their receipt; purchases that
// come to too much stop the import and say so.
func TestImportOfHugeSums(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
		line := ",2026-03-01,11,X,9999999999999.99\n"
		r := h.load(write(t, "number,date,card,sku,amount\n"+strings.Repeat("1"+line, 9900)+"2"+line), File{}).Report
		if r.Recorded != 1 || r.Refused != 9900 {
			t.Errorf("%d recorded, %d refused", r.Recorded, r.Refused)
		}
		var many strings.Builder
		for i := range 2000 {
			fmt.Fprintf(&many, "m%d%s", i, line)
		}
		i, err := h.Add(t.Context(), File{Source: "many"}, write(t, "number,date,card,sku,amount\n"+many.String()))
		must(t, err)
		if _, err = h.RunNow(t.Context(), i.ID, func(Report) {}); !errors.Is(err, ledger.ErrTooMuch) {
			t.Errorf("purchases beyond counting: %v", err)
		}
		h.verify()
	})
}

// What people do to their files and loads must not change what was sold, and to
// whom: each case loads files, one after another, into an empty installation.
func TestMistakesOfLoads(t *testing.T) {
	t.Parallel()
	const head = "number,date,customer_id,sku,quantity,price,amount\n"
	store := func(s string) func(*Mapping) { return func(m *Mapping) { m.Options.Store = s } }
	type load struct {
		text string
		set  func(*Mapping)
	}
	for name, tt := range map[string]struct {
		loads    []load
		receipts int64
		total    money.Amount // sales less returns
	}{
		"a refund has the minus in its amount": {[]load{{text: head + "S1,2026-01-05 10:00,7,X,1,500,500\nR1,2026-01-06 10:00,7,X,1,500,-500\n"}}, 2, 0},
		"an exchange on one receipt":           {[]load{{text: head + "1,2026-01-05 10:00,7,X,1,500,500\n1,2026-01-05 10:00,7,Y,1,300,-300\n"}}, 2, 20_000},
		"the store is named the second time": {[]load{
			{text: head + "1,2026-01-05 10:00,7,X,1,5,5\n2,2026-01-06 10:00,,X,1,6,6\n"},
			{head + "1,2026-01-05 10:00,7,X,1,5,5\n2,2026-01-06 10:00,,X,1,6,6\n", store("Main")},
		}, 2, 1_100},
		"another store begins its numbers anew": {[]load{
			{text: head + "1,2026-01-05 10:00,7,X,1,5,5\n"}, {head + "1,2026-01-05 10:00,8,X,1,7,7\n", store("Main")},
		}, 2, 1_200},
		"a store is spelled otherwise": {[]load{
			{head + "1,2026-01-05 10:00,7,X,1,5,5\n", store("Main store")}, {head + "1,2026-01-05 10:00,7,X,1,5,5\n", store("MAIN-STORE")},
		}, 1, 500},
		"tills in another order, without numbers": {[]load{
			{text: "date,store,till,sku,quantity,amount\n2026-01-05,A,1,X,1,5\n2026-01-05,A,2,X,1,5\n"},
			{text: "date,store,till,sku,quantity,amount\n2026-01-05,A,2,X,1,5\n2026-01-05,A,1,X,1,5\n"},
			{text: "date,store,till,sku,quantity,amount\n2026-01-05,A,2,X,1,5\n"},
		}, 2, 1_000},
		"exports that overlap are put together": {[]load{{text: head + "1,2026-01-05 10:00,7,X,1,5,5\n2,2026-01-05 11:00,7,X,1,5,5\n2,2026-01-05 11:00,7,Y,1,1,1\n3,2026-01-05 12:00,7,X,1,5,5\n" + head +
			"2,2026-01-05 11:00,7,X,1,5,5\n2,2026-01-05 11:00,7,Y,1,1,1\n3,2026-01-05 12:00,7,X,1,5,5\n4,2026-01-05 13:00,7,X,1,5,5\n"}}, 4, 2_100},
		"rows of two tills in turn": {[]load{{text: head + "1,2026-01-05,7,X,1,5,5\n2,2026-01-05,8,X,1,5,5\n1,2026-01-05,7,X,1,5,5\n2,2026-01-05,8,Y,1,5,5\n1,2026-01-05,7,Y,1,5,5\n"}}, 2, 2_500},
		"two stores sell alike every day": {[]load{
			{text: "date,sku,quantity,amount\n2026-01-05,X,1,5\n2026-01-05,X,1,5\n"}, {"date,sku,quantity,amount\n2026-01-05,X,1,5\n", store("Second")},
		}, 3, 1_500},
		"a quantity alone is below zero":                {[]load{{text: "number;date;sku;quantity;amount\n1;05.01.2026;X;2;100,00\n2;05.01.2026;X;-1;50,00\n"}}, 2, 5_000},
		"a price is missing where goods came back":      {[]load{{text: "number;date;sku;quantity;price;amount\n1;05.01.2026;X;2;50,00;100,00\n2;05.01.2026;X;-1;;50,00\n"}}, 2, 5_000},
		"marked returns with the minus in the quantity": {[]load{{text: "number;date;type;sku;quantity;amount\n1;05.01.2026;продажа;X;2;100,00\n2;05.01.2026;возврат;X;-1;50,00\n"}}, 2, 5_000},
		"a column counts what came back":                {[]load{{text: "number,date,sku,quantity,returned,price,amount\n1,2026-01-05,X,3,2,100,300\n2,2026-01-05,X,1,1,100,100\n3,2026-01-05,X,1,0,100,100\n"}}, 3, 50_000},
		"discounts in percent only":                     {[]load{{text: "number,date,sku,quantity,price,discount\n1,2026-01-05,X,2,100,10%\n2,2026-01-05,X,2,100,5%\n"}}, 2, 37_000},
		"two stores count from one, without times": {[]load{
			{text: "number,date,sku,amount\n1,2026-01-05,X,5\n2,2026-01-05,X,5\n"}, {"number,date,sku,amount\n1,2026-01-05,X,5\n2,2026-01-05,X,5\n", store("B")},
		}, 4, 2_000},
		"a store is spelled in two ways on a receipt": {[]load{{text: "number,date,store,sku,amount\n5,2026-01-05,Main,B,100\n5,2026-01-05,MAIN,C,30\n"}}, 1, 13_000},
		"a column of 0 and 1 says what came back":     {[]load{{text: "number,date,sku,quantity,amount,returned\n1,2026-01-05,X,1,3,0\n2,2026-01-05,X,1,3,1\n3,2026-01-05,X,2,6,0\n"}}, 3, 600},
		"a marked return is below zero twice":         {[]load{{text: "number,date,type,sku,quantity,price\n1,2026-01-05,sale,X,2,3\n2,2026-01-05,return,X,-2,-3\n"}}, 2, 0},
		"one quantity has thousands too":              {[]load{{text: "number,date,sku,quantity,price,amount\n1,2026-01-05,X,1,\"12,500\",\"12,500\"\n2,2026-01-05,X,2,\"12,500\",\"25,000\"\n3,2026-01-05,Y,3,\"2,500\",\"7,500\"\n4,2026-01-05,Z,\"1,000\",150,\"150,000\"\n"}}, 4, 19_500_000},
		"a long number comes with its store": {[]load{
			{text: "number,date,sku,amount\nINV-000101,2026-01-05,X,3\n"}, {text: "number,date,store,sku,amount\nINV-000101,2026-01-05,Main,X,3\n"},
		}, 1, 300},
		"a receipt has equal rows":             {[]load{{text: head + "1,2026-01-05 10:00,7,X,1,5,5\n1,2026-01-05 10:00,7,X,1,5,5\n2,2026-01-05 11:00,7,X,1,5,5\n"}}, 2, 1_500},
		"thousands in a table with semicolons": {[]load{{text: "number;date;sku;amount\n1;05.01.2026;X;12,500\n2;05.01.2026;X;1,250,000\n3;05.01.2026;X;900\n"}}, 3, 126_340_000},
		"a discount in percent":                {[]load{{text: "number,date,sku,quantity,price,discount\n1,2026-01-05,X,1,500,10%\n2,2026-01-05,X,1,500,10\n"}}, 2, 94_000},
		"sums in other currencies":             {[]load{{text: "number,date,sku,amount\n1,2026-01-05,X,500 USD\n2,2026-01-05,X,€500\n3,2026-01-05,X,$7\n"}}, 2, 50_700},
		"a column of currencies":               {[]load{{text: "number,date,sku,amount,currency\n1,2026-01-05,X,5,USD\n2,2026-01-05,X,5,руб.\n3,2026-01-05,X,5,840\n"}}, 2, 1_000},
		"numbers that a sheet rounds":          {[]load{{text: "number,date,sku,amount\n2.02601E+11,2026-01-05,X,5\n2.02601E+11,2026-01-05,X,5\n1,2026-01-05,X,5\n"}}, 1, 500},
		"a number that two tills use":          {[]load{{text: head + "1,2026-01-05 10:00,7,X,1,5,5\n1,2026-01-05 15:30,,X,1,1000,1000\n2,2026-01-05 10:00,7,X,1,5,5\n2,2026-01-05 10:00,,Y,1,1,1\n"}}, 1, 600},
		"the sum of the receipt on each row":   {[]load{{text: "Номер чека;Дата;Артикул;Количество;Цена;Сумма чека\n1;05.01.2026;X;1;500;700\n1;05.01.2026;Y;1;200;700\n"}}, 1, 70_000},
		"a column says what came back":         {[]load{{text: "number,date,sku,quantity,price,is_return\n1,2026-01-05,X,1,500,0\n2,2026-01-05,X,1,500,1\n3,2026-01-05,X,1,7,no\n"}}, 3, 700},
		"kinds of several words":               {[]load{{text: "number;date;type;sku;quantity;amount\n1;05.01.2026;Чек;X;2;50\n2;05.01.2026;Чек возврата;X;1;25\n3;05.01.2026;Отмена возврата;X;1;25\n4;05.01.2026;Чек аннулирован;X;1;25\n"}}, 2, 2_500},
		"returns that only name their sale":    {[]load{{text: "number;date;original receipt;sku;quantity;amount\n1;05.01.2026;;X;2;50\n2;05.01.2026;;X;1;25\n3;06.01.2026;1;X;1;25\n"}}, 3, 5_000},
		"returns of the month before":          {[]load{{text: "number;date;original receipt;sku;quantity;amount\n1;05.01.2026;;X;2;50\n2;05.01.2026;;X;1;25\n3;06.01.2026;55;X;1;25\n"}}, 3, 5_000},
		"kinds that only returns are known of": {[]load{{text: "number;date;type;sku;quantity;amount\n1;05.01.2026;Оплата;X;2;50\n2;05.01.2026;Обмен;X;1;25\n3;06.01.2026;Возврат;X;1;25\n"}}, 2, 2_500},
		"states of sales and returns":          {[]load{{text: "number;date;status;sku;quantity;amount\n1;05.01.2026;Продажа;X;2;50\n2;06.01.2026;Возврат;X;1;25\n"}}, 2, 2_500},
		"a column with nothing but returns":    {[]load{{text: "number;date;Возврат;sku;quantity;amount\n1;05.01.2026;;X;2;50\n2;06.01.2026;Возврат;X;1;25\n3;07.01.2026;;X;1;1\n"}}, 3, 2_600},
		"orders that nobody paid":              {[]load{{text: "number;date;status;sku;amount\n1;05.01.2026;Доставлен;X;1\n2;05.01.2026;Не оплачен;X;2\n3;05.01.2026;Отказ;X;4\n4;05.01.2026;Оплачен удалённо;X;8\n5;05.01.2026;Ожидает оплаты;X;16\n6;05.01.2026;partially_refunded;X;32\n"}}, 3, 4_100},
		"names that read like totals":          {[]load{{text: "customer_id;number;date;amount\nTotal;1;05.01.2026;50\nTotal;;05.01.2026;50\n"}}, 1, 5_000},
		"orders that receipts are of":          {[]load{{text: "number;date;original order;sku;quantity;amount\n1;05.01.2026;;X;2;50\n2;05.01.2026;A-7;X;1;25\n3;06.01.2026;A-8;X;1;25\n"}}, 3, 10_000},
		"receipts that were undone":            {[]load{{text: "number;date;sku;quantity;amount;status\n1;05.01.2026;X;2;50;Проведён\n2;05.01.2026;X;1;25;Отменён\n3;06.01.2026;X;1;25;Возврат\n4;06.01.2026;X;1;25;\n"}}, 2, 7_500},
		"a sum in units of account":            {[]load{{text: "number;date;sku;amount;currency\n1;05.01.2026;X;50;USD\n2;05.01.2026;X;25;у.е.\n3;05.01.2026;X;25;860\n"}}, 1, 5_000},
		"totals and the header once more":      {[]load{{text: "sku;number;date;amount\nX;1;05.01.2026;50\nsku;number;date;amount\nX;2;05.01.2026;25\nИтого:;;05.01.2026;75\n"}}, 2, 7_500},
		"receipts without their number":        {[]load{{text: "number;date;sku;amount\n1;05.01.2026 10:00;X;50\nб/н;05.01.2026 11:00;X;25\nб/н;05.01.2026 12:00;X;25\n0;05.01.2026 12:00;X;25\n"}}, 1, 5_000},
		"a sign is marked otherwise":           {[]load{{text: "number;date;type;sku;quantity;amount\n1;05.01.2026;продажа;X;5;50\n2;06.01.2026;возврат;X;-1;-10\n3;06.01.2026;возврат;X;-1;-10\n4;06.01.2026;возврат;X;1;10\n"}}, 4, 2_000},
		"returns have no sign any more": {[]load{
			{text: "number;date;type;sku;quantity;amount\n1;05.01.2026;продажа;X;5;50\n2;06.01.2026;возврат;X;-1;-10\n"},
			{text: "number;date;type;sku;quantity;amount\n3;07.01.2026;продажа;X;5;50\n4;07.01.2026;возврат;X;1;10\n"},
		}, 4, 8_000},
		"times as a spreadsheet counts them": {[]load{{text: "number,date,time,sku,amount\n1,2026-01-05,0.5,X,5\n2,2026-01-05,3:05 p.m.,X,6\n3,2026-01-05,10:00 UTC+5,X,1\n"}}, 3, 1_200},
		"days as a spreadsheet counts them":  {[]load{{text: "number,date,sku,amount\n1,46027,X,5\n2,46027.5,X,6\n"}, {text: "number,date,sku,amount\n1,2026-01-05,X,5\n2,2026-01-05 12:00,X,6\n"}}, 2, 1_100},
		"a day begins when clocks go forward": {[]load{{
			"number,date,sku,amount\n2,2025-09-06,X,5\n2,2025-09-07,X,6\n", func(m *Mapping) { m.Options.Zone = "America/Santiago" },
		}}, 2, 1_100},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, dbtest.Open(t, dbtest.SQLite), "USD", "UTC", t.TempDir())
			for k, l := range tt.loads {
				i, err := h.Add(t.Context(), File{}, write(t, l.text))
				must(t, err)
				if l.set != nil {
					l.set(&i.Mapping)
					must(t, h.SetMapping(t.Context(), i.ID, i.Mapping))
				}
				i, err = h.RunNow(t.Context(), i.ID, func(Report) {})
				must(t, err)
				if i.Report.Differing != 0 {
					t.Errorf("load %d: %+v", k, i.Report)
				}
			}
			const sum = `SELECT COALESCE(SUM(CASE kind WHEN 'sale' THEN total ELSE -total END), 0) FROM receipts`
			if n, total := h.count(`SELECT COUNT(*) FROM receipts`), money.Amount(h.count(sum)); n != tt.receipts || total != tt.total {
				t.Errorf("%d receipts of %d, want %d of %d", n, total, tt.receipts, tt.total)
			}
			h.verify()
		})
	}
}

// Nobody becomes a customer: what stands for no one, and ids that a spreadsheet
// has made one.
func TestNobodyIsNoCustomer(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
		i := h.load(write(t, "number;date;customer id;card number;sku;amount\n1;05.01.2026;0;;X;5\n2;05.01.2026;Розничный покупатель;нет;X;5\n3;05.01.2026;К001;000000;X;5\n"+
			"8;05.01.2026;Физ.лицо;;X;5\n9;05.01.2026;-1;;X;5\n4;05.01.2026;;без карты;X;5\n5;05.01.2026;2,00001E+12;;X;5\n6;05.01.2026;=\"00017\";;X;5\n7;05.01.2026;00017;;X;5\n"), File{})
		if r := i.Report; r.NewCustomers != 2 || r.Anonymous != 5 || r.Refused != 1 || r.Recorded != 8 {
			t.Errorf("receipts: %+v", r)
		}
		i = h.load(write(t, "Наименование;Штрихкод;Цена\nЧай;4,78001E+12;25000\nКофе;4,78001E+12;40000\nХлеб;4780012345678;4000\n"), File{})
		if r := i.Report; r.Created != 3 || r.Noted < 2 {
			t.Errorf("products: %+v", r)
		}
		h.verify()
	})
}

// Whose a receipt is, where the file tells it in a way that could mislead.
func TestWhoseReceiptsAre(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
		h.load(write(t, "id,name,phone\nC1,Anna Smith,+998901112233\nC2,Bob Jones,+998901112244\n"), File{})
		bought := func(id string) int64 {
			return h.count(`SELECT COUNT(*) FROM receipts r JOIN identifiers i ON i.customer_id = r.customer_id WHERE i.kind = 'external' AND i.value = '` + id + `'`)
		}
		// The column of customers has their ids.
		h.load(write(t, "number,date,customer,sku,quantity,amount\n1,2026-01-05,C1,X,1,5\n2,2026-01-05,C2,X,1,5\n"), File{})
		if bought("C1") != 1 || bought("C2") != 1 {
			t.Errorf("%d and %d receipts", bought("C1"), bought("C2"))
		}
		// Phones are theirs, unless they are known as ids.
		h.load(write(t, "customer id,full name\n901112255,Eve Hill\n"), File{})
		h.load(write(t, "number,date,client,sku,quantity,amount\n5,2026-01-05,901112255,X,1,5\n"), File{})
		h.load(write(t, "number,date,mijoz,sku,quantity,amount\n6,2026-01-05,901112244,X,1,5\n"), File{})
		if bought("901112255") != 1 || bought("C2") != 2 || h.count(`SELECT COUNT(*) FROM customers`) != 3 {
			t.Errorf("%d and %d receipts, %d customers", bought("901112255"), bought("C2"), h.count(`SELECT COUNT(*) FROM customers`))
		}
		// Who has another id is not the one who has the phone.
		h.load(write(t, "number,date,customer id,phone,sku,quantity,amount\n3,2026-01-06,C3,+998901112233,X,1,5\n4,2026-01-06,C3,,X,1,5\n"), File{})
		if bought("C1") != 1 || bought("C3") != 2 || h.count(`SELECT COUNT(*) FROM customers`) != 4 {
			t.Errorf("%d and %d receipts, %d customers", bought("C1"), bought("C3"), h.count(`SELECT COUNT(*) FROM customers`))
		}
		h.verify()
	})
}

// Returns that name a number that was used again go to the sale of their store,
// and to the last one that fits.
func TestReturnsOfNumbersThatBeginAnew(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "GBP", "Europe/London", t.TempDir())
		i := h.load(write(t, "receipt,kind,original receipt,time,store,sku,quantity,price\n"+
			"17,sale,,2024-03-01 10:00,A,X,1,5\n17,sale,,2024-03-02 10:00,B,X,1,5\n17,sale,,2025-03-01 10:00,A,X,1,5\n17,sale,,2025-03-02 10:00,A,Y,1,5\n"+
			"17,sale,,2025-03-03 10:00,C,X,1,5\n"+
			"r1,return,17,2024-03-05 10:00,B,X,-1,5\nr2,return,17,2025-03-05 10:00,A,Y,-1,5\nr3,return,17,2025-03-05 11:00,A,X,-1,5\nr4,return,17,2025-03-05 11:00,A,X,-1,5\n"), File{})
		if i.Report.Named != 4 {
			t.Errorf("%+v", i.Report)
		}
		for number, sold := range map[string]string{"r1": "2024-03-02", "r2": "2025-03-02", "r3": "2025-03-01", "r4": "2024-03-01"} {
			var at time.Time
			must(t, h.db.QueryRow(t.Context(), `
				SELECT s.sold_at FROM receipts r JOIN receipt_lines l ON l.receipt_id = r.id JOIN receipts s ON s.id = l.original_id WHERE r.number = $1`,
				number).Scan(db.Time{Dst: &at}))
			if got := at.Format(time.DateOnly); got != sold {
				t.Errorf("%s is of the sale of %s, want %s", number, got, sold)
			}
		}
		h.verify()
	})
}

// A file is read like the one before it that had its columns: what one leaves
// open must not be read in two ways.
func TestFilesAreReadAsBefore(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "USD", "UTC", t.TempDir())
		const head = "number,date,customer_id,sku,quantity,price,amount\n"
		month := h.load(write(t, head+"1,03/04/2026 10:00,7,X,1,5,five\n2,03/25/2026,7,X,1,5,5\n"), File{})
		// What was refused, mended, and a day alone, which nothing tells from the 3rd of April.
		h.load(write(t, strings.ReplaceAll(h.issuesOf(month.ID, true), "five", "5")), File{})
		r := h.load(write(t, head+"1,03/04/2026 10:00,7,X,1,5,5\n"), File{}).Report
		if r.Known != 1 || h.count(`SELECT COUNT(*) FROM receipts WHERE sold_at = `+fmt.Sprint(time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC).UnixMicro())) != 1 {
			t.Errorf("%+v", r)
		}
		if r := h.load(write(t, head+"1,03/04/2026 10:00,7,X,1,5,6\n"), File{Source: "elsewhere"}); r.Mapping.Options.DateOrder != DayFirst {
			t.Errorf("another source is read %s", r.Mapping.Options.DateOrder)
		}
		more := strings.ReplaceAll(head, "\n", ",store,phone\n")
		if r := h.load(write(t, more+"21,2026-04-01 10:00,,X,1,5,5,North,+1 212 555 01 99\n"), File{}); r.Mapping.Columns[FieldStore] != 8 || r.Report.NewCustomers != 1 {
			t.Errorf("two columns more are not those of refused rows: %+v", r.Mapping.Columns)
		}
		if r := h.load(write(t, head+"9,25/03/2026 10:00,7,X,1,5,5\n"), File{}); r.Mapping.Options.DateOrder != DayFirst || r.Report.Recorded != 1 {
			t.Errorf("what the cells tell goes before: %+v", r.Report)
		}
		h.verify()
	})
}

// No spreadsheet in which refused rows are mended runs what they say, and the mended
// rows come in as they were.
func TestRefusedRowsAreNoFormulas(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
		h.open("Main")
		h.install("Main", plainRules())
		const note = `=HYPERLINK("http://a.example")`
		i := h.load(write(t, "Код;ФИО;Телефон;=Примечание;Баллы\n1;Иванов Иван;+998901234501;;5\n=2;@Петров Пётр;+998 90 123-45-02;\""+strings.ReplaceAll(note, `"`, `""`)+"\";-7x\n"),
			File{Kind: KindCustomers})
		text := h.issuesOf(i.ID, true)
		rows, err := csv.NewReader(strings.NewReader(strings.ReplaceAll(text, ";", ","))).ReadAll()
		must(t, err)
		if diff := cmp.Diff([][]string{
			{"Код", "ФИО", "Телефон", "'=Примечание", "Баллы"}, {"'=2", "'@Петров Пётр", "+998 90 123-45-02", "'" + note, "'-7x"},
		}, [][]string{rows[0][:5], rows[1][:5]}); diff != "" {
			t.Errorf("refused rows (-want +got):\n%s", diff)
		}
		mended := h.load(write(t, strings.ReplaceAll(text, "'-7x", "-7")), File{})
		if r := mended.Report; r.Created != 1 || r.Refused != 0 || r.BelowPoints != -7_00 || !slices.Equal(mended.Mapping.Names[:5], i.Mapping.Names) {
			t.Errorf("mended: %+v, %q", r, mended.Mapping.Names)
		}
		who, err := h.customers.Find(t.Context(), customer.Identifier{Kind: customer.External, Value: "=2"})
		must(t, err)
		if who.Note != note || !strings.Contains(who.LastName+who.FirstName, "@Петров") {
			t.Errorf("it came in as %+v", who)
		}
		if notes := h.issuesOf(mended.ID, false); !strings.Contains(notes, ";-7;") {
			t.Errorf("a number is kept from being run:\n%s", notes)
		}
		h.verify()
	})
}

// Until something of a file is in, its columns can be changed, and a file that
// was only looked at is looked at again: more is known by then.
func TestColumnsCanBeChangedUntilSomethingIsIn(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "USD", "UTC", t.TempDir())
		ctx := t.Context()
		receipts := write(t, "number,date,card,sku,quantity,amount\n11,2025-02-01,501,X,1,5\n12,2025-02-01,502,X,1,6\n")
		draft, err := h.Add(ctx, File{}, receipts)
		must(t, err)
		i, err := h.Add(ctx, File{}, write(t, "id,card,name,points\n501,,Anna,10\n502,,Bob,20\n503,,Carl,30\n"))
		must(t, err)
		if _, err = h.RunNow(ctx, i.ID, func(Report) {}); !errors.Is(err, ErrNoProgramme) {
			t.Fatalf("points without a programme: %v", err)
		}
		delete(i.Mapping.Columns, FieldPoints)
		first := i.Mapping
		first.Options.NameOrder = LastFirst
		must(t, h.SetMapping(ctx, i.ID, first))
		_, err = h.begin(ctx, i.ID)
		must(t, err)
		other, err := h.row(ctx, i.ID) // as another process runs it
		must(t, err)
		must(t, h.SetMapping(ctx, i.ID, i.Mapping))
		_, err = h.begin(ctx, i.ID)
		must(t, err)
		err = h.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
			_, err := other.saveTx(ctx, tx, progress{Issues: 1}, &Report{})
			return err
		})
		if !errors.Is(err, ErrTaken) {
			t.Errorf("who reads the columns before goes on: %v", err)
		}
		i, err = h.RunNow(ctx, i.ID, func(Report) {})
		must(t, err)
		if err := h.SetMapping(ctx, i.ID, draft.Mapping); !errors.Is(err, ErrStarted) {
			t.Errorf("columns of what is in: %v", err)
		}
		again, err := h.Add(ctx, File{}, receipts)
		must(t, err)
		if again.ID != draft.ID || again.Mapping.Columns[FieldExternal] != 3 {
			t.Errorf("a draft is read as %v", again.Mapping.Columns)
		}
		if _, err := h.RunNow(ctx, again.ID, func(Report) {}); err != nil || h.count(`SELECT COUNT(*) FROM customers`) != 3 {
			t.Errorf("%v, %d customers", err, h.count(`SELECT COUNT(*) FROM customers`))
		}
		h.verify()
	})
}

// A sign that several currencies have says of none that it is another.
func TestSignsOfMoney(t *testing.T) {
	t.Parallel()
	for currency, refused := range map[string]int64{"BYN": 1, "RUB": 1, "CAD": 2, "USD": 2, "KZT": 3} {
		h := newHouse(t, dbtest.Open(t, dbtest.SQLite), currency, "UTC", t.TempDir())
		r := h.load(write(t, "number;date;sku;amount\n1;05.01.2026;X;100,00 руб.\n2;05.01.2026;X;$100,00\n3;05.01.2026;X;-100,00 р\n4;05.01.2026;X;7,00\n"), File{}).Report
		if r.Refused != refused {
			t.Errorf("%s: %d refused, want %d", currency, r.Refused, refused)
		}
	}
}

// Whoever opted out gets nothing from then on, whenever they registered and whoever
// else has the phone; and it is not said again at every import.
func TestOptOutEndsConsents(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "GBP", "Europe/London", t.TempDir())
		const head = "id,name,phone,registered,accepts marketing,opt out\n"
		h.load(write(t, head+"1,Ann Lee,901234567,,yes,\n2,Bob Ray,901234568,,yes,\n"), File{})
		// Of two rows of a file the one further down is later.
		h.load(write(t, head+"3,Cid Fox,901234569,,yes,\n3,Cid Fox,901234569,,,yes\n"), File{})
		for range 2 {
			h.load(write(t, head+"1,Ann Lee,,2024-05-01,yes,yes\n"), File{})
			h.load(write(t, "name,phone,opt out\nAnn Poe,901234568,yes\n"), File{})
			for _, id := range []string{"1", "2", "3"} {
				who, err := h.customers.Find(t.Context(), customer.Identifier{Kind: customer.External, Value: id})
				must(t, err)
				history, err := h.customers.Consents(t.Context(), who.ID)
				must(t, err)
				if now := customer.Current(history); len(history) != 2 || len(now) != 1 || now[0].Given {
					t.Errorf("%s: %+v", id, history)
				}
			}
		}
		h.verify()
	})
}
