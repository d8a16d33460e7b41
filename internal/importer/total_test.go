package importer

import (
	"strings"
	"testing"

	"regulars/internal/base/db/dbtest"
)

// Sums of rows that stand inside of a file are neither customers nor receipts, and what
// only reads like one is taken.
func TestTotalsInside(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text    string
		refused int64
		sum     int64 // of receipts
		people  int64
	}{
		"customers":          {"Код;ФИО;Телефон;Баллы\n1;Иванов Иван;901234501;10\n;Итого по магазину Центр;;10\n2;Петров Пётр;901234502;20\nВсего:;2;;30\n", 2, 0, 2},
		"customers in Uzbek": {"ID;F.I.Sh;Telefon;Ballar\n1;Karimova Nilufar;901234501;10\n2;Jamila Jamiyeva;901234502;20\n3;Jami Said;;5\n;Jami mijozlar:;;35\nUmumiy summa;;;35\n", 2, 0, 3},
		"by day":             {"Чек;Дата;Сумма\n1;05.01.2026;50\n2;05.01.2026;25\nИтого за 05.01.2026;05.01.2026;75\n3;06.01.2026;10\nИтого;06.01.2026;10\nОбщий итог;;85\n", 3, 85_00, 0},
		"by receipt":         {"Чек;Дата;Артикул;Товар;Количество;Сумма\n1;05.01.2026;A;Хлеб;1;50\n1;05.01.2026;B;Соль;1;25\n1;05.01.2026;;Итого по чеку;;75\n2;05.01.2026;C;Всего хорошего, открытка;1;5\n2;05.01.2026;;Промежуточный итог;1;5\n", 2, 80_00, 0},
		"in English":         {"receipt;date;sku;product;quantity;amount\n1;2026-01-05;A;Total care;1;50\nSubtotal;2026-01-05;;;1;50\n2;2026-01-06;B;Bread;1;25\nGrand total;;;;2;75\n", 2, 75_00, 0},
		"by shop":            {"Магазин;Чек;Дата;Сумма\nЦентр;1;05.01.2026;50\nИтого Центр;;05.01.2026;50\nВсего доброго;2;05.01.2026;25\nИТОГО:;;;75\n", 2, 75_00, 0},
		"goods":              {"Артикул;Наименование;Цена\nA;Хлеб;50\n;Итого по группе;50\nB;Total care;5\n", 1, 0, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := dbtest.Open(t, dbtest.SQLite)
			h := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir())
			h.install("Main", plainRules())
			i := h.load(write(t, tt.text), File{})
			r := i.Report
			if r.Refused != tt.refused || int64(r.Total) != tt.sum || i.Kind == KindCustomers && r.Created != tt.people {
				t.Errorf("%s: %d refused, %d sold, %d people", i.Kind, r.Refused, r.Total, r.Created)
			}
			if n := strings.Count(h.issuesOf(i.ID, true), "totals of the rows before"); int64(n) != tt.refused {
				t.Errorf("%d rows are told to be totals:\n%s", n, h.issuesOf(i.ID, true))
			}
		})
	}
}
