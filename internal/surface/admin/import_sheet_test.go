package admin_test

import (
	"bytes"
	"testing"

	"github.com/xuri/excelize/v2"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
)

// book is a workbook of customers and of products.
func book(t *testing.T) string {
	t.Helper()
	f := excelize.NewFile()
	must(t, f.SetSheetName("Sheet1", "Клиенты"))
	_, err := f.NewSheet("Товары")
	must(t, err)
	for sheet, rows := range map[string][][]any{
		"Клиенты": {{"Телефон", "Имя", "Фамилия", "Карта"}, {998901112233, "Малика", "Юсупова", 77001}, {902223344, "Тимур", "Алиев", 77002}, {"не телефон"}},
		"Товары":  {{"Артикул", "Наименование", "Цена"}, {"A-1", "Чай", 12500.5}},
	} {
		for i, row := range rows {
			cell, err := excelize.CoordinatesToCellName(1, i+1)
			must(t, err)
			must(t, f.SetSheetRow(sheet, cell, &row))
		}
	}
	var b bytes.Buffer
	must(t, f.Write(&b))
	must(t, f.Close())
	return b.String()
}

// Of a workbook that was uploaded another sheet can be chosen, and comes in.
func TestImportWorkbook(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		b := open(t, d).shop().owner()
		b.send("/imports/new", "архив.xlsx", "PK\x03\x04").is(422).sees("Книга повреждена или обрезана")
		b.send("/imports/new", "магазин.xlsx", book(t)).is(200).sees("магазин.xlsx", "Лист книги", "Малика", "998901112233")
		at := b.path
		form := b.form("columns")
		b.post(at+"/columns", form.with("sheet", "Нет такого")...).is(422).sees("Такого листа в книге нет. Есть: Клиенты, Товары.")
		b.post(at+"/columns", form.with("sheet", "Товары")...).is(200).sees("Товары", "Чай", "12500.5").lacks("Малика")
		b.post(at+"/columns", b.form("columns").with("sheet", "Клиенты")...).is(200).sees("Малика")
		form = b.form("columns")
		b.post(at+"/columns", form...).is(200)
		b.until(at, "Проверяем файл").sees("Вот что получится", "Строк 3", "Не принято 1")
		b.post(at+"/start", form...).is(200)
		b.until(at, "Загружаем ").sees("Файл загружен", "Новых 2", "Не принято 1")
		b.get(at + "?customers=2").sees("Клиентов 2, сходится")
		b.get(at+"?customers=3").sees("Клиентов здесь 2, там 3, разница −1", "магазин.xlsx: 1 × Непонятно, кто этот клиент")
		b.get(at + "?customers=no").is(200).has(`<span class="bad">`).lacks("сходится")
		b.get(at+"/refused").is(200).sees("не телефон;", ";4;")
	})
}
