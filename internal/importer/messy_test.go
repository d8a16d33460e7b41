package importer

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/errs"
	"regulars/internal/base/i18n"
)

// told is a report as its readers see it: how often what was said, the figures of
// products, customers and receipts first.
func (h house) told(i Import) []string {
	h.t.Helper()
	bundle, err := i18n.Load()
	must(h.t, err)
	loc := bundle.For("ru")
	var list []string
	for _, f := range i.Report.Facts(loc, h.currency) {
		list = append(list, f.Label+" "+strings.ReplaceAll(f.Text, "\u00a0", " "))
	}
	for _, refused := range []bool{true, false} {
		for _, c := range i.Report.Causes(loc, &i.Mapping, refused) {
			first, _, _ := strings.Cut(c.First, ", ")
			list = append(list, fmt.Sprintf("%d × %s (%s)", c.Count, c.Text, first))
		}
	}
	return list
}

// Files as shops really send them go in with no hand editing. What they come to was
// counted in the files by other means.
func TestImportMessyFiles(t *testing.T) {
	t.Parallel()
	first, second, goods, orders := realFile(t, "messy-imports/clients_cp1251.csv"), realFile(t, "messy-imports/clients_messy_utf8bom.csv"),
		realFile(t, "messy-imports/products_cp1251.csv"), realFile(t, "messy-imports/orders_shoes.xlsx")
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "RUB", "Europe/Moscow", t.TempDir())
		h.region = "RU"
		load := func(path string, f File, want ...string) {
			t.Helper()
			if diff := cmp.Diff(want, h.told(h.load(path, f))); diff != "" {
				t.Errorf("%s (-want +got):\n%s", path, diff)
			}
		}
		load(first, File{}, "Строк 50", "Замечаний 49", "Новых 50",
			"19 × Телефон: В номере телефона не хватает цифр; остальное из строки взято. (строка 3 «7(38)095-64-18»)",
			"18 × Телефон: В номере телефона лишние цифры; остальное из строки взято. (строка 2 «7(9940)977-45-73»)",
			"11 × Телефон: Такого номера телефона быть не может. (строка 6 «7(636)050-96-13»)",
			"1 × Email: Это принадлежит другому клиенту; клиент принят без этого значения. (строка 40 «gbacon@mac.com»)")
		// Half of them are the same people, by their e-mail.
		load(second, File{}, "Строк 100", "Замечаний 96", "Новых 50", "Без изменений 50",
			"39 × Телефон: В номере телефона лишние цифры; остальное из строки взято. (строка 7 «7(0698)387-96-04»)",
			"33 × Телефон: В номере телефона не хватает цифр; остальное из строки взято. (строка 2 «7(78)972-73-11»)",
			"23 × Телефон: Такого номера телефона быть не может. (строка 5 «7(303)810-28-78»)",
			"1 × Email: Это принадлежит другому клиенту; клиент принят без этого значения. (строка 35 «gbacon@mac.com»)")
		load(goods, File{}, "Строк 20", "Замечаний 20", "Новых 20",
			"20 × Код товара: У товара нет кода; он известен по названию. (строка 2 «Крем для рук»)")
		for query, want := range map[string]int64{
			`SELECT COUNT(*) FROM customers`:                           100,
			`SELECT COUNT(*) FROM customers WHERE sex = 'female'`:      46,
			`SELECT COUNT(*) FROM customers WHERE sex = 'male'`:        54,
			`SELECT COUNT(*) FROM customers WHERE born = ''`:           0,
			`SELECT COUNT(*) FROM customers WHERE first_name = ''`:     0,
			`SELECT COUNT(*) FROM customers WHERE last_name = ''`:      0,
			`SELECT COUNT(*) FROM customers WHERE middle_name = ''`:    0,
			`SELECT COUNT(*) FROM identifiers WHERE kind = 'email'`:    99,
			`SELECT COUNT(*) FROM identifiers WHERE kind = 'phone'`:    5,
			`SELECT COUNT(*) FROM identifiers WHERE kind = 'external'`: 51, // one has nothing but the name
			`SELECT COUNT(*) FROM products`:                            20,
			`SELECT COUNT(*) FROM products WHERE active`:               13,
			`SELECT CAST(SUM(price) AS BIGINT) FROM products`:          15_050_0000,
		} {
			if got := h.count(query); got != want {
				t.Errorf("%s: %d, want %d", query, got, want)
			}
		}
		// One whose whole name stands in the column of last names.
		if n := h.count(`SELECT COUNT(*) FROM customers WHERE last_name = 'Ермакова' AND first_name = 'Алла' AND middle_name = 'Мироновна' AND sex = 'female' AND born = '1976-01-22'`); n != 1 {
			t.Errorf("%d of the name", n)
		}

		// Orders without sums are no receipts: what is missing is said, and nobody guesses.
		i, err := h.Add(t.Context(), File{}, orders)
		must(t, err)
		_, err = h.RunNow(t.Context(), i.ID, func(Report) {})
		if e := errs.Of(err); len(e.Fields) != 1 || e.Fields[0].Code != "importer_no_amount" {
			t.Errorf("orders without sums: %v", err)
		}
		if got := i.Mapping; got.Kind != KindReceipts || got.Columns[FieldNumber] != 1 || got.Columns[FieldAt] != 3 || got.Columns[FieldStatus] != 8 || got.Width != 8 {
			t.Errorf("%+v", got)
		}
		// The customers in it can be had. The empty rows under the table are none.
		load(orders, File{Kind: KindCustomers}, "Строк 10", "Замечаний 6", "Новых 4", "Без изменений 6",
			"6 × ФИО авторизированного клиента: Ниже есть строка с тем же идентификатором, картой, телефоном или именем; если это один человек, карточка одна, и при расхождении остаётся написанное здесь. (строка 2 «Степанов Михаил Артёмович»)")
		// Once more, and nothing is doubled.
		for _, path := range []string{first, second, goods} {
			if r := h.load(copied(t, path), File{}).Report; r.Created != 0 || r.Updated != 0 {
				t.Errorf("%s the second time: %+v", path, r)
			}
		}
		h.verify()
	})
}

// Habits of people who fill tables in.
func TestMessyHabits(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
		// Headers and codes with letters of the other alphabet: o, C, a of Telefon and so on.
		i := h.load(write(t, "Koд;ФИO;Пoл;Teлeфон\n"+
			"K-1;Каримов Акмал Шухрат ўғли;М;998(90)1234567\nК-2;Karimova Nilufar Shuhrat qizi;ayol;90 123-45-68\nKХ-3;Toshmatov Olim Anvar o`g`li;1;901234569\n"+
			"4;Иванoв Иван Иванович;муж.;90 123 45 70\n5;Роман Аркадьевич Абрамович;male;7(78)123-45-67\n"), File{})
		if diff := cmp.Diff([]string{"Строк 5", "Замечаний 2", "Новых 5",
			"1 × Koд: В коде рядом русские и латинские буквы, похожие на вид; он записан буквами одного алфавита. (строка 4 «KХ-3»)",
			"1 × Teлeфон: В номере телефона не хватает цифр; остальное из строки взято. (строка 6 «7(78)123-45-67»)",
		}, h.told(i)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		var names []string
		rows, err := h.db.Query(t.Context(), `
			SELECT i.value, c.last_name, c.first_name, c.middle_name, c.sex
			  FROM customers c JOIN identifiers i ON i.customer_id = c.id AND i.kind = 'external'
			 ORDER BY c.id`)
		must(t, db.Scan(rows, err, func(r *db.Rows) error {
			var code, last, first, middle, sex string
			err := r.Scan(&code, &last, &first, &middle, &sex)
			names = append(names, strings.Join([]string{code, last, first, middle, sex}, "|"))
			return err
		}))
		slices.Sort(names)
		if diff := cmp.Diff([]string{
			"4|Иванов|Иван|Иванович|male", "5|Абрамович|Роман|Аркадьевич|male", "K-1|Каримов|Акмал|Шухрат ўғли|male", "KX-3|Toshmatov|Olim|Anvar o`g`li|male", "К-2|Karimova|Nilufar|Shuhrat qizi|female",
		}, names); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}

		// Numbers with no-break spaces and decimal commas; a code in Russian letters is
		// that of the product with the same in Latin ones.
		h.load(write(t, "Артикул;Наименование;Цена\nA112T4;Туфли;1\u00a0250,50\nB-7;Сумка;2\u202f000\n"), File{})
		r := h.load(write(t, "Номер чека;Дата;Артикул;Количество;Цена;Сумма\n1;31.03.2026;А112Т4;2;1\u00a0250,50;2\u00a0501,00\n1;31.03.2026;B-7;1,5;2\u00a0000;3\u00a0000\n"), File{}).Report
		if h.currency.Format(r.Total) != "5501.00" || r.NewProducts != 0 || r.Refused != 0 {
			t.Errorf("%+v", r)
		}
		h.verify()
	})
}
