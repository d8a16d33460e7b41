package importer

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/errs"
	"regulars/internal/base/i18n"
)

// moysklad is an export of products as shops publish it: the article is often empty, and the
// code says which product it is.
const moysklad = "Группы;UUID;Тип;Код;Наименование;Внешний код;Артикул;Единица измерения;Цена: Цена продажи;Валюта (Цена продажи);" +
	"Закупочная цена;Валюта (Закупочная цена);Штрихкод EAN13;Штрихкод EAN8;Описание;Минимальная цена;Валюта (Минимальная цена);Страна;Поставщик;Архивный;Вес;Доп. поле: Бренд\n" +
	"Одежда/Бермуды;a217f669-aa1a-11ee-0a80-00380034176d;Товар;B 7100;Бермуды мужские;3UHfAid1jaMi;;шт;1320,00;руб;880,00;руб;8000000784582;;Мягкие;900,00;руб;Италия;Склад;нет;0;OMSA\n" +
	";b217f669-aa1a-11ee-0a80-00380034176d;Услуга;00002;Доставка;4UHfAid1jaMi;D-1;шт;300,00;руб;;;;;;;;;;нет;0;\n"

func TestPreset(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "RUB", "Europe/Moscow", t.TempDir())
		path := write(t, moysklad)
		sniffed, err := Sniff(t.Context(), path, Hints{Currency: h.currency})
		must(t, err)
		bundle, err := i18n.Load()
		must(t, err)
		said := slices.ContainsFunc(sniffed.Doubts, func(d Doubt) bool { return strings.Contains(d.Text(bundle.For("ru")), "«МойСклад»") })
		if !said {
			t.Errorf("nothing says what it looks like: %v", sniffed.Doubts)
		}
		if i := h.load(path, File{}); i.Kind != KindProducts || i.Report.Created != 2 || i.Report.Refused != 0 {
			t.Errorf("%s: %+v", i.Kind, i.Report)
		}
		if n := h.count(`SELECT COUNT(*) FROM products WHERE sku = 'B 7100' AND name = 'Бермуды мужские' AND price = 13200000 AND cost = 8800000 AND brand = 'OMSA'`); n != 1 {
			t.Error("the goods are not as the export says")
		}
		if n := h.count(`SELECT COUNT(*) FROM products WHERE sku = '00002' AND kind = 'service'`); n != 1 {
			t.Error("the service is not as the export says")
		}
		if n := h.count(`SELECT COUNT(*) FROM barcodes WHERE code = '8000000784582'`); n != 1 {
			t.Error("the barcode is not there")
		}
	})
}

// A mapping may call columns as the file does.
func TestMappingByHeading(t *testing.T) {
	t.Parallel()
	sniffed, err := Sniff(t.Context(), write(t, "Код;ФИО;Сотовый;Бонусы\n1;Иванов Иван;901234567;10\n"), Hints{Region: "UZ"})
	must(t, err)
	m, err := ParseMapping([]byte(`{"columns": {"card": "код", "points": 0, "phone": 3}}`), sniffed.Mapping)
	must(t, err)
	if diff := cmp.Diff(map[Field]int{FieldCard: 1, FieldName: 2, FieldPhone: 3}, m.Columns); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
	_, err = ParseMapping([]byte(`{"columns": {"card": "Карта"}}`), sniffed.Mapping)
	var e *errs.Error
	if !errors.As(err, &e) || len(e.Fields) != 1 || e.Fields[0].Code != "importer_no_heading" {
		t.Errorf("a column that there is not: %v", err)
	}
}
