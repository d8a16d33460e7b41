package admin_test

import (
	"context"
	"encoding/csv"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/i18n"
	"regulars/internal/importer"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/web/webtest"
)

// file reads a list that was sent as a file.
func (b *browser) file() (rows [][]string) {
	b.t.Helper()
	text, ok := strings.CutPrefix(b.body, "\ufeff")
	if !ok {
		b.t.Fatalf("%s begins without a mark of its encoding: %.60q", b.path, b.body)
	}
	in := csv.NewReader(strings.NewReader(text))
	in.Comma = ';' // Russian spreadsheets
	rows, err := in.ReadAll()
	must(b.t, err)
	return rows
}

// A list is sent as it is filtered and in the columns that were chosen, a batch
// after another; what a spreadsheet would run as a formula is text there, and
// that personal data left is in the log without the words that were looked for.
func TestListsAreExported(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).shop()
		b := s.owner()
		at := "/customers/" + s.people[0].String() + "/edit"
		b.post(at, "first_name", "=HYPERLINK(1)", "last_name", "Каримова", "sex", "", "born", "", "city", "", "note", "", "store", s.store.ID.String()).is(200)
		b.get("/customers/export?q=Каримова").is(200)
		if rows := b.file(); len(rows) != 2 || rows[0][0] != "Клиент" || rows[1][0] != "'=HYPERLINK(1) Каримова" || !strings.HasPrefix(rows[1][1], "+998") {
			t.Errorf("the customers' file: %q", rows)
		}
		must(t, d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			var list []customer.Checked
			for i := range customer.MaxPage {
				card := customer.Identifier{Kind: customer.Card, Value: strconv.Itoa(700_000_000 + i)}
				c, err := s.Customers.Check(customer.New{Identifiers: []customer.Identifier{card}, HomeStore: s.store.ID, Source: "admin"})
				must(t, err)
				list = append(list, c)
			}
			_, err := s.Customers.RegisterAllTx(ctx, tx, list)
			return err
		}))
		b.get("/customers/export").is(200)
		if rows := b.file(); len(rows) <= customer.MaxPage+1 {
			t.Errorf("%d rows were sent: the first batch only", len(rows)-1)
		}

		b.post("/columns/receipts", "column", "total", "column", "cashier", "column", "made up", "back", "/receipts?q=2-1").is(200).sees("Кассир").lacks(">Магазин</th>")
		if b.path != "/receipts?q=2-1" {
			t.Errorf("after choosing columns one is at %s", b.path)
		}
		b.get("/receipts/export?q=2-1").is(200)
		if rows := b.file(); len(rows) != 2 || strings.Join(rows[0], "|") != "Номер|Кассир|Сумма" || rows[1][0] != "2-1" || !strings.HasSuffix(rows[1][2], ",00") {
			t.Errorf("the receipts' file: %q", rows)
		}
		b.post("/columns/receipts", "column", "total", "reset", "1", "back", "/receipts").is(200).sees("Магазин").lacks(">Кассир</th>")
		b.post("/columns/customers", "column", "city", "back", "//elsewhere.example/").is(200)
		if b.path != "/" {
			t.Errorf("choosing columns led to %s", b.path)
		}
		b.post("/columns/people", "column", "city", "back", "/").is(http.StatusNotFound)

		b.get("/products/export").is(200)
		if rows := b.file(); len(rows) < 2 || rows[0][0] != "Название" {
			t.Errorf("the products' file: %q", rows)
		}
		b.post("/products/new", "name", "Сыр", "sku", "A-9", "price", "45000", "kind", "goods", "barcodes", "4780000000024 4780000000017", "active", "1").is(200)
		b.post("/columns/products", "column", "barcodes", "back", "/products?q=A-9").is(200).sees("4780000000017 4780000000024")
		b.get("/products/export?q=A-9").is(200)
		if rows := b.file(); len(rows) != 2 || !slices.Equal(rows[1], []string{"Сыр", "4780000000017 4780000000024"}) {
			t.Errorf("the products' file with barcodes: %q", rows)
		}
		b.get("/audit/export?about=customer").is(200)
		if rows := b.file(); !strings.Contains(strings.Join(rows[1], "|")+strings.Join(rows[2], "|"), "Выгружен список клиентов||По словам поиска: да") {
			t.Errorf("the log's file: %q", rows)
		}
		b.get("/receipts/export?from=2026-11-01&till=" + s.till.ID.String()).is(200)
		b.get("/audit/export?who=" + s.ownerID().String()).is(200)
		must(t, d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			return s.Staff.AuditTx(ctx, tx, staff.Entry{Action: "programme.published"})
		}))
		b.get("/audit").is(200).sees("Система Опубликована программа") // nobody's doing
		b.get("/audit").is(200).sees("С: 01.11.2026", "Касса: "+s.till.Name, "Кто: ").lacks(s.ownerID().String() + "<").lacks(s.till.ID.String() + "<")
		b.get("/audit").is(200).sees("Выгружен журнал", "Выгружен список чеков", "Изменено: Имя").lacks("2-1").lacks("first_name")
	})
}

// A receipt is found by its number as the slip prints it and as people type it.
func TestReceiptsAreFoundAsPrinted(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).shop()
		by := receipt.Caller{Till: s.till, Store: s.store}
		for i, number := range []string{"2611280203477896", "S01-1-0000970", "no 7", "чек 8"} {
			s.sell(by, number, s.people[i%len(s.people)], 1000)
		}
		b := s.owner()
		for typed, number := range map[string]string{
			"2611 2802 0347 7896": "2611280203477896", "2611280203477896": "2611280203477896", "s01-1-0000970": "S01-1-0000970", " NO  7": "no 7", "ЧЕК 8": "чек 8",
		} {
			q := "?q=" + url.QueryEscape(typed)
			b.get("/receipts" + q).sees("1 продажа на").has(">" + number + "<")
			b.get("/receipts/export" + q)
			if rows := b.file(); len(rows) != 2 || rows[1][1] != number {
				t.Errorf("%q finds %q", typed, rows)
			}
		}
		b.get("/receipts?q=2611").sees("Ничего не нашлось").has(`value="2611"`)
	})
}

// Of goods in several sizes a receipt says which was sold.
func TestReceiptTellsVariants(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).shop()
		line := s.sales[0].Lines[0]
		must(t, d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			model, options := "T-1", []catalog.Option{{Name: catalog.OptionSize, Value: "XXL"}}
			_, _, err := s.Catalog.UpdateProductTx(ctx, tx, line.Product, catalog.ProductChange{Model: &model, Options: &options})
			return err
		}))
		s.signed(s.as(staff.Operator, "operator").ID).get("/receipts/" + s.sales[0].ID.String()).is(200).sees(line.Name + " XXL")
	})
}

// A list says what its receipts come to.
func TestReceiptsAreSummed(t *testing.T) {
	t.Parallel()
	s := open(t, dbtest.Open(t, dbtest.SQLite)).shop()
	s.owner().get("/receipts").is(200).sees("9 продаж на").get("/receipts?q=2-1").sees("1 продажа на")
}

// A file that cannot be finished is cut off, and not ended as if it were whole.
func TestUnfinishedFileIsCutOff(t *testing.T) {
	t.Parallel()
	s := open(t, dbtest.Open(t, dbtest.SQLite)).shop()
	mux := http.NewServeMux()
	mux.Handle("GET /half", s.Shell.Handle(func(w http.ResponseWriter, _ *http.Request) error {
		if _, err := io.WriteString(w, strings.Repeat("half of a file\n", 1000)); err != nil {
			return err
		}
		return customer.ErrNotFound
	}))
	server := httptest.NewServer(s.Shell.Middleware(mux))
	t.Cleanup(server.Close)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/half", nil)
	must(t, err)
	res, err := http.DefaultClient.Do(req)
	must(t, err)
	defer func() { _ = res.Body.Close() }()
	if body, err := io.ReadAll(res.Body); err == nil {
		t.Errorf("the file ends as if it were whole, after %d bytes", len(body))
	}
}

// Columns are chosen on the page itself; a large figure fits into its tile, and
// a table into its box, on the narrowest screen.
func TestBrowserLists(t *testing.T) {
	t.Parallel()
	s := open(t, dbtest.Open(t, dbtest.SQLite)).shop()
	look := webtest.Look{Width: 1440, Height: 900, Language: "ru"}
	b := s.visit(look)

	b.Go(s.url + "/receipts?q=2-1")
	b.Click(".columns summary")
	b.Usable("the columns to choose from")
	b.Click(`.columns [value="cashier"]`)
	b.Click(`.columns .btn-primary`)
	b.Wait(`location.search === "?q=2-1" && document.querySelector("thead")?.innerText.includes("Кассир")`)
	b.Click(".columns summary")
	b.Click(`.columns [name="reset"]`)
	b.Wait(`location.search === "?q=2-1" && !document.querySelector("thead")?.innerText.includes("Кассир")`)

	for _, width := range []int{360, 390, 820, 1024, 1440} {
		look.Width = int64(width)
		b.Look(look)
		b.Go(s.url + "/customers/" + s.people[0].String())
		b.Value(`document.querySelectorAll(".stat-value").forEach(e => e.textContent = "5\u00a0047\u00a0900,11\u00a0сум")`)
		b.Wait(`[...document.querySelectorAll(".stat")].every(e => e.scrollWidth <= e.clientWidth)`)
		b.Wait(`[...document.querySelectorAll(".stat-value")].every(e => e.offsetHeight < 40)`) // on one line
	}
	look.Width = 1280
	b.Look(look)
	b.Go(s.url + "/audit")
	b.Wait(`new Set([...document.querySelectorAll(".filters .field")].map(e => e.offsetTop)).size === 1`) // on one row
	for _, width := range []int{360, 390, 820, 1024, 1200, 1440} {
		look.Width = int64(width)
		b.Look(look)
		for _, path := range []string{"/customers", "/customers/" + s.people[0].String(), "/receipts", "/receipts/" + s.sales[0].ID.String()} {
			b.Go(s.url + path)
			// Numbers as the till's page makes them.
			b.Value(`document.querySelectorAll(".table-box td a[href^='/receipts/']").forEach(e => { if (/^[0-9]-[0-9]$/.test(e.textContent)) e.textContent = "2611280203477896" })`)
			if cut := b.Value(`[...document.querySelectorAll(".table-box")].map(e => e.scrollWidth - e.clientWidth).filter(n => n > 0).join()`); cut != "" {
				t.Errorf("%s, %d wide: figures are cut off: %s", path, width, cut)
			}
		}
	}
}

// What to do with two profiles that may be one can be pressed on a phone, in every
// language.
func TestBrowserDuplicatesOnAPhone(t *testing.T) {
	t.Parallel()
	s := open(t, dbtest.Open(t, dbtest.SQLite)).shop()
	b := s.visit(webtest.Phone)
	_, err := s.Enrol.Register(t.Context(), s.store, 0, customer.New{FirstName: "Дилноза", LastName: "Каримова", Born: "1990-05-17", HomeStore: s.store.ID, Source: "admin"})
	must(t, err)
	_, err = s.Customers.FindPairs(t.Context())
	must(t, err)
	for _, lang := range i18n.Codes() {
		must(t, s.Staff.SetLanguage(t.Context(), s.ownerID(), lang))
		for _, width := range []int64{360, 390, 600, 700, 820} {
			b.Look(webtest.Look{Width: width, Height: 800})
			b.Go(s.url + "/duplicates")
			b.Wait(`document.querySelector(".row-acts") && document.documentElement.lang === "` + lang + `"`)
			if cut := b.Value(`[...document.querySelectorAll(".row-acts .btn")].filter(e => e.getBoundingClientRect().right > document.querySelector(".table-box").getBoundingClientRect().right).map(e => e.innerText).join()`); cut != "" {
				t.Errorf("%s, %d wide: %s is cut off", lang, width, cut)
			}
			if width == 390 {
				b.Usable("duplicates " + lang)
				b.Shot("duplicates-390-" + lang)
			}
		}
	}
}

// nameless registers somebody of whom nothing else is known.
func (s *shop) nameless(known ...customer.Identifier) customer.ID {
	s.t.Helper()
	res, err := s.Enrol.Register(s.t.Context(), s.store, 0, customer.New{Identifiers: known, HomeStore: s.store.ID, Source: "admin"})
	must(s.t, err)
	return res.ID
}

// Whoever has no name is called by what they are known by, everywhere.
func TestNamelessCustomersAreTold(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).shop()
		b := s.owner()
		external, card := customer.Identifier{Kind: customer.External, Value: "17850"}, customer.Identifier{Kind: customer.Card, Value: "60017"}
		phone := customer.Identifier{Kind: customer.Phone, Value: "+998907776655"}
		imported := s.nameless(external, card)
		for id, called := range map[customer.ID]string{
			imported: "17850", s.nameless(customer.Identifier{Kind: customer.Card, Value: "60018"}, phone): "60018",
			s.nameless(customer.Identifier{Kind: customer.Phone, Value: "+998907776654"}): "•••••••••6654",
		} {
			at := "/customers/" + id.String()
			b.get(at).has("<h1>" + called).get("/customers").has(`href="` + at + `">` + called + "<")
		}
		b.get("/customers?q=60017").has(">17850<")
		s.sell(receipt.Caller{Till: s.till, Store: s.store}, "n-1", imported, 1000)
		b.get("/receipts?q=n-1").has(">17850<").get("/receipts/export?q=n-1")
		if rows := b.file(); !slices.Contains(rows[1], "17850") {
			t.Errorf("the receipts' file: %q", rows)
		}
		// A file is read back by imports: it says a name only where there is one.
		b.get("/customers/export?q=60017")
		if rows := b.file(); rows[1][0] != "" || !slices.Contains(rows[1], "17850") {
			t.Errorf("the customers' file: %q", rows)
		}
	})
}

// What was exported is read back as what it is, in every language: nobody is
// made anew, and nothing is refused.
func TestExportedCustomersAreImported(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).shop()
		b := s.owner()
		s.nameless(customer.Identifier{Kind: customer.External, Value: "17850"}, customer.Identifier{Kind: customer.Card, Value: "600"})
		all := []string{"back", "/customers"}
		for _, name := range []string{"phone", "card", "email", "external", "born", "city", "store", "points", "spend", "receipts", "last", "registered"} {
			all = append(all, "column", name)
		}
		b.post("/columns/customers", all...).is(200)
		want := map[importer.Field]int{
			importer.FieldName: 1, importer.FieldPhone: 2, importer.FieldCard: 3, importer.FieldEmail: 4, importer.FieldExternal: 5, importer.FieldBorn: 6,
			importer.FieldCity: 7, importer.FieldStore: 8, importer.FieldPoints: 9, importer.FieldRegistered: 13,
		}
		nothing := func(context.Context, *db.Tx, importer.Import) error { return nil }
		for _, lang := range i18n.Codes() {
			b.post("/preferences", "language", lang, "back", "/customers").is(200)
			b.get("/customers/export").is(200)
			i, err := s.Importer.Upload(t.Context(), importer.File{Name: "customers.csv"}, strings.NewReader(b.body), nothing)
			must(t, err)
			if diff := cmp.Diff(want, i.Mapping.Columns); diff != "" || i.Kind != importer.KindCustomers {
				t.Errorf("%s: %s (-want +got):\n%s", lang, i.Kind, diff)
			}
			m := i.Mapping
			delete(m.Columns, importer.FieldPoints)
			must(t, s.Importer.SetMapping(t.Context(), i.ID, m))
			i, err = s.Importer.RunNow(t.Context(), i.ID, func(importer.Report) {})
			must(t, err)
			if r := i.Report; r.Rows == 0 || r.Unchanged != r.Rows {
				t.Errorf("%s: %+v", lang, r)
			}
		}
	})
}

// A category is written as the path that imports read: nothing moves when the
// file comes back.
func TestExportedProductsAreImported(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).shop()
		b := s.owner()
		nothing := func(context.Context, *db.Tx, importer.Import) error { return nil }
		load := func(text string) importer.Report {
			i, err := s.Importer.Upload(t.Context(), importer.File{Name: "goods.csv", Kind: importer.KindProducts}, strings.NewReader(text), nothing)
			must(t, err)
			i, err = s.Importer.RunNow(t.Context(), i.ID, func(importer.Report) {})
			must(t, err)
			return i.Report
		}
		load("Артикул;Название;Категория;Цена;Себестоимость;Штрихкод\n" +
			"B-1;Лепёшка;Еда / Хлеб / Лепёшки;5000;3000;4780000000024\nB-2;Ваза;Дом / Стекло;90000;;\nB-3;Люстра;Свет / Стекло;900000;;\n")
		// What a person made or called anew has another code than its path.
		b.post("/categories", "code", "cheese", "name", "Сыры", "parent", "food").is(200)
		b.get("/categories?edit="+url.QueryEscape("Дом / Стекло")).is(200).post(b.path, "code", "Дом / Стекло", "name", "Хрусталь", "parent", "Дом").is(200)
		b.post("/products/new", "name", "Сулугуни", "sku", "B-4", "price", "45000", "kind", "goods", "category", "cheese", "active", "1").is(200)
		before, err := s.Catalog.Categories(t.Context())
		must(t, err)
		b.post("/columns/products", "column", "sku", "column", "barcodes", "column", "category", "column", "brand", "column", "price", "column", "cost", "back", "/products").is(200)
		for _, lang := range i18n.Codes() {
			b.post("/preferences", "language", lang, "back", "/products").is(200)
			b.get("/products/export?q=B-").is(200).has("Еда / Хлеб / Лепёшки").has("Продукты / Сыры").has("Дом / Хрусталь")
			if r := load(b.body); r.Rows != 4 || r.Unchanged != 4 {
				t.Errorf("%s: %+v", lang, r)
			}
		}
		after, err := s.Catalog.Categories(t.Context())
		must(t, err)
		if diff := cmp.Diff(before, after); diff != "" {
			t.Errorf("the categories changed (-was +is):\n%s", diff)
		}
	})
}

// A phone is a phone in a spreadsheet; what it might run is not.
func TestPhonesAreNoFormulas(t *testing.T) {
	t.Parallel()
	s := open(t, dbtest.Open(t, dbtest.SQLite)).shop()
	b := s.owner()
	for typed, want := range map[string]string{"+998 (97) 1-2": "+998 (97) 1-2", "+1+2": "'+1+2", "+A1": "'+A1", "-5": "-5", "=1": "'=1"} {
		b.post("/customers/"+s.people[0].String()+"/edit", "first_name", "Дилноза", "last_name", "Каримова", "city", typed, "store", s.store.ID.String()).is(200)
		b.post("/columns/customers", "column", "city", "back", "/customers").is(200)
		b.get("/customers/export?q=Дилноза+Каримова")
		if got := b.file()[1][1]; got != want {
			t.Errorf("%q is %q in the file", typed, got)
		}
	}
}
