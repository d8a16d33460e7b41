package importer

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/importer/delimited"
	"regulars/internal/importer/workbook"
)

// sheets writes a workbook with another program's code; a time.Time is a day.
func sheets(t testing.TB, names []string, rows map[string][][]any) string {
	t.Helper()
	f := excelize.NewFile()
	format := "dd.mm.yy"
	day, err := f.NewStyle(&excelize.Style{CustomNumFmt: &format})
	must(t, err)
	for i, name := range names {
		if i == 0 {
			must(t, f.SetSheetName("Sheet1", name))
		} else {
			_, err := f.NewSheet(name)
			must(t, err)
		}
		for r, row := range rows[name] {
			for c, value := range row {
				cell, err := excelize.CoordinatesToCellName(c+1, r+1)
				must(t, err)
				must(t, f.SetCellValue(name, cell, value))
				if _, ok := value.(time.Time); ok {
					must(t, f.SetCellStyle(name, cell, cell, day))
				}
			}
		}
	}
	path := filepath.Join(t.TempDir(), "книга.xlsx")
	must(t, f.SaveAs(path))
	must(t, f.Close())
	return path
}

var soldOn = time.Date(2026, 4, 3, 0, 0, 0, 0, time.UTC)

// sales are receipts under a title, with a gap.
func sales(t testing.TB) string {
	t.Helper()
	return sheets(t, []string{"Описание", "Продажи", "Возвраты"}, map[string][][]any{
		"Описание": {{"Отчёт о продажах"}},
		"Продажи": {
			{"Продажи за апрель"}, {}, {"Номер чека", "Дата", "Артикул", "Количество", "Цена", "Сумма", "Телефон"},
			{1001, soldOn, "A-1", 2, 1250.5, 2501, 998901234567}, {1002, soldOn, "A-2", 1, 0.1 + 0.2, 0.3, 998901234568},
			{}, {1003, "когда-то", "A-1", 1, 100, 100, nil}, {1004, soldOn, "A-3\nкрасный", 3, 10, 30, 998901234567},
		},
		"Возвраты": {{"Номер чека", "Дата", "Артикул", "Количество", "Цена", "Сумма"}, {2001, soldOn, "A-1", -1, 1250.5, -1250.5}},
	})
}

// A workbook comes in as its rows would as CSV: under their own numbers, numbers and
// days without noise, and once.
func TestImportWorkbook(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		folder := t.TempDir()
		h := newHouse(t, d, "USD", "Asia/Tashkent", folder)
		path := sales(t)
		i := h.load(path, File{})
		r := i.Report
		if i.Mapping.Sheet != "Продажи" || i.Mapping.Options.Header != 3 || r.Rows != 4 || r.Recorded != 3 || r.Refused != 1 || r.NewCustomers != 2 || h.currency.Format(r.Total) != "2531.30" {
			t.Errorf("%+v\n%+v", i.Mapping, r)
		}
		want := "Номер чека;Дата;Артикул;Количество;Цена;Сумма;Телефон;Row;Reason\n1003;когда-то;A-1;1;100;100;;7;Дата «когда-то»: This is no date, or there is no such day in the calendar.\n"
		if got := h.issuesOf(i.ID, true); !strings.Contains(got, "1003;когда-то;A-1;1;100;100;;7;") || !strings.HasPrefix(got, want[:strings.IndexByte(want, '\n')]) {
			t.Errorf("refused:\n%s", got)
		} else if again := h.issuesOf(h.load(write(t, got), File{}).ID, true); again != strings.Replace(got, ";7;", ";2;", 1) {
			t.Errorf("refused again:\n%s", again)
		}
		if n := h.count(`SELECT COUNT(*) FROM receipts WHERE sold_at = $1`, time.Date(2026, 4, 2, 19, 0, 0, 0, time.UTC).UnixMicro()); n != 3 {
			t.Errorf("%d receipts were sold on the day", n)
		}
		if n := h.count(`SELECT COUNT(*) FROM identifiers WHERE value = '+998901234567'`); n != 1 {
			t.Errorf("%d have the phone", n)
		}
		if left, _ := filepath.Glob(filepath.Join(folder, "*.rows")); len(left) > 0 {
			t.Errorf("left behind: %q", left)
		}
		if again := h.load(path, File{}).Report; again.Recorded != 0 || again.Known != 3 {
			t.Errorf("the second time: %+v", again)
		}
		if back := h.load(path, File{Sheet: "Возвраты"}).Report; back.Returns != 1 || back.Recorded != 1 {
			t.Errorf("the other sheet: %+v", back)
		}
		if _, err := h.Add(t.Context(), File{Sheet: "Апрель"}, path); !errors.Is(err, workbook.ErrNoSheet) {
			t.Errorf("no such sheet: %v", err)
		}
		h.verify()
	})
}

// A look at a workbook, without an installation, leaves nothing behind.
func TestSniffWorkbook(t *testing.T) {
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	s, err := Sniff(t.Context(), sales(t), Hints{})
	must(t, err)
	if s.Mapping.Sheet != "Продажи" || s.Mapping.Kind != KindReceipts || !cmp.Equal(s.Mapping.Format, sheetFormat) || len(s.Rows) != 4 || s.Rows[0][6] != "998901234567" || s.Rows[0][1] != "2026-04-03" {
		t.Errorf("%+v", s)
	}
	if left, _ := filepath.Glob(filepath.Join(temp, "regulars-*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	for path, want := range map[string]error{
		write(t, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"): delimited.ErrNotText, // a workbook of old, or one with a password
		write(t, "PK\x03\x04"):                       workbook.ErrDamaged,
	} {
		if _, err := Sniff(t.Context(), path, Hints{}); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
}

// What was uploaded is read by another sheet when that is asked for, until it is
// started; what was written down for it is gone when it is discarded.
func TestSheetIsChosen(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		folder := t.TempDir()
		h := newHouse(t, d, "USD", "Asia/Tashkent", folder)
		ctx := t.Context()
		upload := func() Import {
			f, err := os.Open(sales(t))
			must(t, err)
			i, err := h.Upload(ctx, File{Name: "книга.xlsx"}, f, nothing)
			must(t, errors.Join(err, f.Close()))
			return i
		}
		i := upload()
		names, err := h.Sheets(ctx, i.ID)
		must(t, err)
		if diff := cmp.Diff([]string{"Описание", "Продажи", "Возвраты"}, names); diff != "" {
			t.Errorf("sheets (-want +got):\n%s", diff)
		}
		must(t, h.SetSheet(ctx, i.ID, "Возвраты"))
		if _, err := h.CheckNow(ctx, i.ID, func(Report) {}); err != nil {
			t.Fatal(err)
		}
		// What was written down may be gone; it is written anew.
		must(t, h.dropRows(i.ID))
		i, err = h.RunNow(ctx, i.ID, func(Report) {})
		must(t, err)
		if i.Mapping.Sheet != "Возвраты" || i.Report.Returns != 1 || i.Report.Sales != 0 {
			t.Errorf("%+v", i)
		}
		if err := h.SetSheet(ctx, i.ID, "Продажи"); !errors.Is(err, ErrStarted) {
			t.Errorf("changed when it is in: %v", err)
		}
		must(t, h.Discard(ctx, upload().ID, nothing))
		left, _ := filepath.Glob(filepath.Join(folder, "*"))
		if len(left) > 1 { // the issues of the one that is in
			t.Errorf("left behind: %q", left)
		}
	})
}

// Stopped anywhere, an import of a workbook goes on where it was, and comes to what
// it would have come to.
func TestImportWorkbookGoesOn(t *testing.T) {
	t.Parallel()
	rows := [][]any{{"Номер чека", "Дата", "Сумма", "Код клиента"}}
	for n := 1; n <= 200; n++ {
		rows = append(rows, []any{n, soldOn, n, fmt.Sprint("c", n%17)})
		if n%3 == 0 {
			rows = append(rows, []any{})
		}
	}
	path := sheets(t, []string{"Лист1"}, map[string][][]any{"Лист1": rows})
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		folder := t.TempDir()
		for stop := 1; ; stop++ {
			h := newHouse(t, d, "USD", "Asia/Tashkent", folder)
			h.batchRows = 20
			i, err := h.Add(t.Context(), File{}, path)
			must(t, err)
			batches := 0
			broken := errors.New("cut off")
			_, err = h.begin(t.Context(), i.ID)
			must(t, err)
			err = h.run(t.Context(), i.ID, func(context.Context, *db.Tx, *Report) error {
				if batches++; batches > 2 {
					return broken
				}
				return nil
			})
			if err == nil {
				break
			}
			if !errors.Is(err, broken) || stop > 20 {
				t.Fatal(err)
			}
		}
		h := newHouse(t, d, "USD", "Asia/Tashkent", folder)
		if n := h.count(`SELECT COUNT(*) FROM receipts`); n != 200 {
			t.Errorf("%d receipts", n)
		}
		if sum := h.count(`SELECT CAST(SUM(total) AS BIGINT) FROM receipts`); sum != 200*201/2*100 {
			t.Errorf("they come to %s", strconv.FormatInt(sum, 10))
		}
		h.verify()
	})
}

// Rows that say one long text again and again come to no more than a file may.
func TestRowsAreCapped(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	c := &capped{&out, 10}
	_, err := c.Write([]byte("123456"))
	must(t, err)
	if _, err := c.Write([]byte("7890a")); !errors.Is(err, workbook.ErrTooLarge) || out.String() != "123456" {
		t.Errorf("%q was written, %v", out.String(), err)
	}
}
