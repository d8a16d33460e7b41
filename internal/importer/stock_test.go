package importer

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/stock"
)

// Stock is set for products and stores that are there, the dry run says the same, and
// a file that comes again changes nothing.
func TestImportStock(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
		h.batchRows = 3
		h.load(write(t, "Артикул;Штрихкод;Название\nA1;460;Крем\nA2;461;Маска\n"), File{})
		h.load(write(t, "Дата;Магазин;Номер;Артикул;Количество;Цена\n01.02.2026;Чорсу;1;A1;1;100\n01.02.2026;Сергели;2;A1;1;100\n"), File{})
		text := "Склад;Артикул;Штрихкод;Остаток;Порог\n" +
			"Чорсу;A1;;12,5;5\n" +
			"сергели;;461;-3;\n" +
			"Чорсу;A2;;7;\n" +
			"Чорсу;A1;;4;\n" +
			"Нет такого;A1;;1;\n" +
			"Чорсу;A9;;1;\n" +
			"Чорсу;A2;;много;\n" +
			"Чорсу;A2;;0,0001;\n" +
			"Чорсу;;;1;\n" +
			"Чорсу;461;;7;\n" +
			"Итого;;;22;\n"
		i, err := h.Add(t.Context(), File{Name: "stock.csv", Kind: KindStock}, write(t, text))
		must(t, err)
		if want := map[Field]int{FieldStore: 1, FieldSKU: 2, FieldBarcode: 3, FieldQuantity: 4, FieldThreshold: 5}; cmp.Diff(want, i.Mapping.Columns) != "" {
			t.Fatalf("%v", i.Mapping.Columns)
		}
		dry, err := h.CheckNow(t.Context(), i.ID, func(Report) {})
		must(t, err)
		i, err = h.RunNow(t.Context(), i.ID, func(Report) {})
		must(t, err)
		if diff := cmp.Diff(i.Report, dry.Report, clockless); diff != "" {
			t.Errorf("the dry run (-import +dry):\n%s", diff)
		}
		if want := (Report{Rows: 11, Refused: 6, Updated: 4, Unchanged: 1, Done: 1}); cmp.Diff(want, i.Report, timeless) != "" {
			t.Errorf("%+v", i.Report)
		}
		refused := h.issuesOf(i.ID, true)
		for _, want := range []string{"Нет такого;A1", "A9", "много", "0,0001"} {
			if !strings.Contains(refused, want) {
				t.Errorf("refused lacks %s:\n%s", want, refused)
			}
		}
		list, _, _, err := h.stock.List(t.Context(), stock.Query{})
		must(t, err)
		goods, err := h.catalog.ByCode(t.Context(), []string{"A1", "A2"})
		must(t, err)
		got := map[catalog.ProductID]string{}
		for _, l := range list {
			store, _ := h.catalog.Store(l.Store)
			got[l.Product] += store.Name + " " + l.Quantity.String() + ";"
		}
		if a1, a2 := got[goods["A1"].ID], got[goods["A2"].ID]; a1 != "Чорсу 4.000;" || !strings.Contains(a2, "Сергели -3.000;") || !strings.Contains(a2, "Чорсу 7.000;") {
			t.Errorf("%s and %s", a1, a2)
		}
		if low, err := h.stock.CountLow(t.Context(), nil); low != 1 || err != nil {
			t.Errorf("%d are low, %v", low, err)
		}
		again, err := h.Add(t.Context(), File{Name: "again.csv", Kind: KindStock, Anew: true}, write(t, "Склад;Артикул;Остаток\nЧорсу;A1;4\n"))
		must(t, err)
		again, err = h.RunNow(t.Context(), again.ID, func(Report) {})
		must(t, err)
		if again.Report.Unchanged != 1 || again.Report.Updated != 0 {
			t.Errorf("again: %+v", again.Report)
		}
		h.verify()
	})
}

// A column for each store is known by the store's code or name, with or without a word
// beside it; an empty cell says nothing, and a row counts once.
func TestImportStockByStores(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
		h.load(write(t, "Артикул;Штрихкод;Название\nA1;460;Крем\nA2;461;Маска\nA3;462;Тоник\n"), File{})
		must(t, d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			_, err := h.catalog.EnsureStoresTx(ctx, tx, []catalog.NewStore{
				{Code: "7", Name: "Чорсу", Zone: "Asia/Tashkent"}, {Code: "serg", Name: "Магазин №2", Zone: "Asia/Tashkent"}, {Code: "9", Name: "Склад", Zone: "Asia/Tashkent"},
			})
			return err
		}))
		for name, text := range map[string]string{
			"names": "Отчёт по остаткам\n\nНаименование;Артикул;Чорсу;Остаток, магазин 2;Итого\nКрем;A1;12,5;;12,5\nМаска;A2;7;-1;6\nТоник;A3;;;0\nНет;A9;1;2;3\nМаска;A2;много;4;4\n",
			"codes": "Наименование;Артикул;7;serg;Остаток\nКрем;A1;12,5;;12,5\nМаска;A2;7;-1;6\nТоник;A3;;;0\nНет;A9;1;2;3\nМаска;A2;много;4;4\n",
		} {
			i, err := h.Add(t.Context(), File{Name: name + ".csv", Kind: KindStock, Source: name}, write(t, text))
			must(t, err)
			if want := map[Field]int{FieldSKU: 2, QuantityIn("7"): 3, QuantityIn("serg"): 4}; cmp.Diff(want, i.Mapping.Columns) != "" {
				t.Fatalf("%s: %v", name, i.Mapping.Columns)
			}
			dry, err := h.CheckNow(t.Context(), i.ID, func(Report) {})
			must(t, err)
			i, err = h.RunNow(t.Context(), i.ID, func(Report) {})
			must(t, err)
			if diff := cmp.Diff(i.Report, dry.Report, clockless); diff != "" {
				t.Errorf("%s: the dry run (-import +dry):\n%s", name, diff)
			}
			if r := i.Report; r.Rows != 5 || r.Refused != 3 || r.Updated+r.Unchanged != 2 {
				t.Errorf("%s: %+v", name, r)
			}
			refused := h.issuesOf(i.ID, true)
			for _, want := range []string{";A3;", ";A9;", ";много;"} {
				if n := strings.Count(refused, want); n != 1 {
					t.Errorf("%s: refused has %s %d times:\n%s", name, want, n, refused)
				}
			}
		}
		goods, err := h.catalog.ByCode(t.Context(), []string{"A1", "A2"})
		must(t, err)
		list, _, _, err := h.stock.List(t.Context(), stock.Query{})
		must(t, err)
		got := map[string]string{}
		for _, l := range list {
			store, _ := h.catalog.Store(l.Store)
			for sku, p := range goods {
				if p.ID == l.Product {
					got[store.Code+" "+sku] = l.Quantity.String()
				}
			}
		}
		if diff := cmp.Diff(map[string]string{"7 A1": "12.500", "7 A2": "7.000", "serg A2": "-1.000"}, got); diff != "" {
			t.Errorf("stock: %s", diff)
		}

		// By hand, of a store that there is not, and of no kind but stock.
		m, err := ParseMapping([]byte(`{"kind":"stock","columns":{"sku":1,"quantity:Нет такого":2,"quantity:Чорсу":3}}`), Mapping{Kind: KindStock, Width: 3, Options: Options{Decimal: ",", DateOrder: DayFirst, NameOrder: LastFirst}, Format: sheetFormat})
		must(t, err)
		if got := m.perStore(); len(got) != 2 || got[0] != QuantityIn("Нет такого") {
			t.Errorf("by hand: %v", got)
		}
		m.Kind = KindProducts
		if m.Validate() == nil {
			t.Error("products have a quantity in a store")
		}
	})
}
