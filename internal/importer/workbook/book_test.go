package workbook

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// saved is a workbook that another program's code has written.
func saved(t testing.TB, f *excelize.File) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "book.xlsx")
	must(t, f.SaveAs(path))
	must(t, f.Close())
	return path
}

// rowsOf are the rows of a sheet by their numbers.
func rowsOf(t testing.TB, path, sheet string) (map[int64][]string, error) {
	t.Helper()
	b, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { must(t, b.Close()) }()
	if sheet == "" {
		if sheet, err = b.Likely(t.Context()); err != nil {
			return nil, err
		}
	}
	rows := map[int64][]string{}
	err = b.Rows(t.Context(), sheet, func(number int64, cells []string) error {
		if len(cells) > 0 {
			rows[number] = slices.Clone(cells)
		}
		return nil
	})
	return rows, err
}

// Cells come as what they are, whatever they look like.
func TestCells(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		value  any
		format string
		want   string
	}{
		"text":                    {"Голубев", "", "Голубев"},
		"text with its XML":       {"a<b & \"c\"\nd", "", "a<b & \"c\"\nd"},
		"escaped line end":        {"a_x000D_\nb", "", "a\nb"},
		"what looks escaped":      {"a_xyzw_b", "", "a_xyzw_b"},
		"phone":                   {998901234567, "", "998901234567"},
		"phone as it looks":       {998901234567.0, "0.00E+00", "998901234567"},
		"fraction":                {0.1 + 0.2, "", "0.3"},
		"price":                   {1234.5, "#,##0.00", "1234.5"},
		"price in words":          {1234.5, `# ##0.00 "сум";[Red]-# ##0`, "1234.5"},
		"more than is shown":      {12.345, "0", "12.345"},
		"padded code":             {17, "00000", "00017"},
		"share":                   {0.125, "0%", "12.5%"},
		"day":                     {time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC), "mm-dd-yy", "2026-12-31"},
		"day in Russian":          {45715, "[$-419]d mmmm yyyy;@", "2025-02-27"},
		"day with dots":           {45715, "dd.mm.yyyy", "2025-02-27"},
		"month":                   {45715, "mmmm", "2025-02-27"},
		"moment":                  {45715.5, "dd/mm/yyyy hh:mm", "2025-02-27 12:00:00"},
		"moment that looks a day": {45715.75, "dd.mm.yyyy", "2025-02-27 18:00:00"},
		"midnight":                {45715, "dd/mm/yyyy hh:mm", "2025-02-27 00:00:00"},
		"nearly a second":         {45715.999999999, "dd.mm.yyyy hh:mm:ss", "2025-02-28 00:00:00"},
		"time of day":             {0.75, "h:mm", "18:00:00"},
		"before the false day":    {59, "dd.mm.yyyy", "1900-02-28"},
		"behind it":               {61, "dd.mm.yyyy", "1900-03-01"},
		"no day":                  {-5, "dd.mm.yyyy", "-5"},
		"General is no day":       {45715, "General", "45715"},
		"units are no day":        {5, `0 "дн."`, "5"},
		"letters as they stand":   {5, `0\ \d`, "5"},
		"yes":                     {true, "", "true"},
		"no":                      {false, "", "false"},
		"rounded":                 {1.23456789012345e17, "", "1.23456789012345E+17"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := excelize.NewFile()
			must(t, f.SetCellValue("Sheet1", "A1", tt.value))
			if tt.format != "" {
				style, err := f.NewStyle(&excelize.Style{CustomNumFmt: &tt.format})
				must(t, err)
				must(t, f.SetCellStyle("Sheet1", "A1", "A1", style))
			}
			rows, err := rowsOf(t, saved(t, f), "Sheet1")
			must(t, err)
			if got := rows[1]; len(got) != 1 || got[0] != tt.want {
				t.Errorf("%v as %q is %q, want %q", tt.value, tt.format, got, tt.want)
			}
		})
	}
}

// What a spreadsheet program keeps of numbers and what others write.
func TestNumbers(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"9.98901234567E11": "998901234567", "1.2300000000000001E-2": "0.0123", "12345678901234567": "12345678901234567", "1234567890123450": "1.23456789012345E+15",
		"-0.5": "-0.5", "0": "0", "100000000000000": "100000000000000", "x": "x", "": "",
	} {
		if got := (format{}).text(raw, false); got != want {
			t.Errorf("%s is %s, want %s", raw, got, want)
		}
	}
}

func Test1904(t *testing.T) {
	t.Parallel()
	f := excelize.NewFile()
	yes := true
	must(t, f.SetWorkbookProps(&excelize.WorkbookPropsOptions{Date1904: &yes}))
	format := "dd.mm.yyyy"
	style, err := f.NewStyle(&excelize.Style{CustomNumFmt: &format})
	must(t, err)
	must(t, f.SetCellValue("Sheet1", "A1", 45715-1462))
	must(t, f.SetCellStyle("Sheet1", "A1", "A1", style))
	rows, err := rowsOf(t, saved(t, f), "")
	must(t, err)
	if got := rows[1][0]; got != "2025-02-27" {
		t.Errorf("the day is %s", got)
	}
}

// Titles, gaps, formulas and empty cells with a border.
func TestRows(t *testing.T) {
	t.Parallel()
	f := excelize.NewFile()
	must(t, f.SetCellValue("Sheet1", "A1", "Клиенты за март"))
	must(t, f.MergeCell("Sheet1", "A1", "D1"))
	must(t, f.SetSheetRow("Sheet1", "A3", &[]any{"Код", nil, "ФИО"}))
	must(t, f.SetSheetRow("Sheet1", "A5", &[]any{1, 2}))
	must(t, f.SetCellFormula("Sheet1", "C5", "A5+B5"))
	border, err := f.NewStyle(&excelize.Style{Border: []excelize.Border{{Type: "left", Style: 1}}})
	must(t, err)
	must(t, f.SetCellStyle("Sheet1", "A5", "Z99", border))
	must(t, f.SetCellRichText("Sheet1", "A7", []excelize.RichTextRun{{Text: "Иванов "}, {Text: "Иван"}}))
	got, err := rowsOf(t, saved(t, f), "")
	must(t, err)
	want := map[int64][]string{1: {"Клиенты за март"}, 3: {"Код", "", "ФИО"}, 5: {"1", "2"}, 7: {"Иванов Иван"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

// Many rows are streamed, by a program that writes them so too.
func TestManyRows(t *testing.T) {
	t.Parallel()
	const n = 20_000
	f := excelize.NewFile()
	w, err := f.NewStreamWriter("Sheet1")
	must(t, err)
	for i := 1; i <= n; i++ {
		must(t, w.SetRow("A"+strconv.Itoa(i), []any{i, "строка " + strconv.Itoa(i), float64(i) / 100}))
	}
	must(t, w.Flush())
	rows, err := rowsOf(t, saved(t, f), "")
	must(t, err)
	if len(rows) != n {
		t.Fatalf("%d rows", len(rows))
	}
	for i := int64(1); i <= n; i++ {
		want := []string{strconv.FormatInt(i, 10), "строка " + strconv.FormatInt(i, 10), strconv.FormatFloat(float64(i)/100, 'f', -1, 64)}
		if !slices.Equal(rows[i], want) {
			t.Fatalf("row %d is %q", i, rows[i])
		}
	}
}

// The sheet with the data is found, those that are hidden are not looked at.
func TestSheets(t *testing.T) {
	t.Parallel()
	f := excelize.NewFile()
	must(t, f.SetCellValue("Sheet1", "A1", "Как заполнять"))
	for _, name := range []string{"Старое", "Клиенты", "Итоги"} {
		_, err := f.NewSheet(name)
		must(t, err)
	}
	for row, sheet := range map[int]string{40: "Старое", 10: "Клиенты", 3: "Итоги"} {
		for i := 1; i <= row; i++ {
			must(t, f.SetSheetRow(sheet, "A"+strconv.Itoa(i), &[]any{i, sheet, "x"}))
		}
	}
	must(t, f.SetSheetVisible("Старое", false))
	path := saved(t, f)
	b, err := Open(path)
	must(t, err)
	defer func() { must(t, b.Close()) }()
	if got := b.Sheets(); !slices.Equal(got, []string{"Sheet1", "Клиенты", "Итоги"}) {
		t.Errorf("sheets %q", got)
	}
	likely, err := b.Likely(t.Context())
	if err != nil || likely != "Клиенты" {
		t.Errorf("the data are taken to be in %q: %v", likely, err)
	}
	if rows, err := rowsOf(t, path, "Старое"); err != nil || len(rows) != 40 {
		t.Errorf("a hidden sheet that is asked for has %d rows: %v", len(rows), err)
	}
	if _, err := rowsOf(t, path, "нет такого"); !errors.Is(err, ErrNoSheet) {
		t.Errorf("a sheet that there is not: %v", err)
	}
}

// plain are the parts of a small workbook as other programs write them: without
// names of cells, with their own slashes.
func plain(sheet string) map[string]string {
	const relations = `<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">`
	return map[string]string{
		"_rels/.rels":                 relations + `<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
		`xl\_rels\workbook.xml.rels`:  relations + `<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="/xl/worksheets/Sheet1.xml"/></Relationships>`,
		"xl/workbook.xml":             `<x:workbook xmlns:x="m" xmlns:r="n"><x:sheets><x:sheet name="Лист" sheetId="1" r:id="r1"/></x:sheets></x:workbook>`,
		"xl/worksheets/sheet1.xml":    sheet,
		"[Content_Types].xml":         "<Types/>",
		"docProps/thumbnail.jpeg":     "\xff\xd8",
		"xl/worksheets/unrelated.xml": "<worksheet/>",
	}
}

func archive(t testing.TB, parts map[string]string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		f, err := w.Create(name)
		must(t, err)
		_, err = f.Write([]byte(parts[name]))
		must(t, err)
	}
	must(t, w.Close())
	return write(t, b.Bytes())
}

func write(t testing.TB, b []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "book.xlsx")
	must(t, os.WriteFile(path, b, 0o600))
	return path
}

func TestOtherPrograms(t *testing.T) {
	t.Parallel()
	got, err := rowsOf(t, archive(t, plain(`<x:worksheet xmlns:x="m"><x:sheetData>`+
		`<x:row><x:c t="inlineStr"><x:is><x:t>Код</x:t><x:rPh><x:t>kod</x:t></x:rPh></x:is></x:c><x:c/><x:c t="str"><x:f>1+1</x:f><x:v>Имя</x:v></x:c></x:row>`+
		`<x:row r="4"><x:c><x:v>1</x:v></x:c><x:c r="D4" t="e"><x:v>#N/A</x:v></x:c><x:c t="d"><x:v>2026-03-01T10:00:00</x:v></x:c></x:row></x:sheetData></x:worksheet>`)), "")
	must(t, err)
	want := map[int64][]string{1: {"Код", "", "Имя"}, 4: {"1", "", "", "#N/A", "2026-03-01T10:00:00"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

// What is no workbook, is broken or unpacks without end is refused in words.
func TestRefused(t *testing.T) {
	t.Parallel()
	f := excelize.NewFile()
	for i := 1; i < 2000; i++ {
		must(t, f.SetCellValue("Sheet1", "A"+strconv.Itoa(i), strconv.Itoa(i*7919)+"x"))
	}
	whole, err := os.ReadFile(saved(t, f))
	must(t, err)
	flipped := slices.Clone(whole)
	for i := len(flipped) / 4; i < len(flipped)/2; i += 10 {
		flipped[i] ^= 0x55
	}
	sheet := func(rows string) string {
		return archive(t, plain("<worksheet><sheetData>"+rows+"</sheetData></worksheet>"))
	}
	lacking := plain("<worksheet/>")
	delete(lacking, "xl/workbook.xml")
	sharing := plain("<worksheet><sheetData/></worksheet>")
	sharing[`xl\_rels\workbook.xml.rels`] = strings.Replace(sharing[`xl\_rels\workbook.xml.rels`], "<Relationship ",
		`<Relationship Id="r2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="/xl/sharedStrings.xml"/><Relationship `, 1)
	sharing["xl/sharedStrings.xml"] = "<sst>" + strings.Repeat("<si><t>"+strings.Repeat("x", maxToken-100)+"</t></si>", maxShared/maxToken+1) + "</sst>"
	for name, tt := range map[string]struct {
		path string
		want error
	}{
		"shared texts":    {archive(t, sharing), ErrTooLarge},
		"another archive": {archive(t, map[string]string{"word/document.xml": "<w/>"}), ErrNotWorkbook},
		"no book in it":   {archive(t, lacking), ErrNotWorkbook},
		"cut off":         {write(t, whole[:len(whole)/2]), ErrDamaged},
		"bits flipped":    {write(t, flipped), ErrDamaged},
		"no rows at all":  {archive(t, plain("<worksheet/>")), ErrDamaged},
		"broken XML":      {sheet("<row><c></row"), ErrDamaged},
		"entities":        {archive(t, plain(`<!DOCTYPE x [<!ENTITY a "aaaa">]><worksheet><sheetData/></worksheet>`)), ErrDamaged},
		"endless text":    {sheet("<row><c t=\"str\"><v>" + strings.Repeat("x", 2*maxToken) + "</v></c></row>"), ErrTooLarge},
		"too deep":        {sheet(strings.Repeat("<row>", 1000) + strings.Repeat("</row>", 1000)), ErrDamaged},
		"too many rows":   {sheet(`<row r="1048577"/>`), ErrTooLarge},
		"too wide":        {sheet(`<row><c r="XFE1"><v>1</v></c></row>`), ErrTooLarge},
		"a huge row":      {sheet("<row>" + strings.Repeat(`<c t="str"><v>`+strings.Repeat("x", maxToken-100)+"</v></c>", 17) + "</row>"), ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := rowsOf(t, tt.path, ""); !errors.Is(err, tt.want) {
				t.Errorf("%v, want %v", err, tt.want)
			}
		})
	}
}

// A part that unpacks to more than it may ends there.
func TestBomb(t *testing.T) {
	t.Parallel()
	n, err := io.Copy(io.Discard, &guard{src: &endless{}, left: 10 << 20})
	if !errors.Is(err, ErrTooLarge) || n > 10<<20 {
		t.Errorf("%d bytes, then %v", n, err)
	}
}

type endless struct{}

func (*endless) Read(b []byte) (int, error) {
	return copy(b, bytes.Repeat([]byte("<r/>"), 1+len(b)/4)), nil
}

func TestRowsStop(t *testing.T) {
	t.Parallel()
	b, err := Open(archive(t, plain("<worksheet><sheetData>"+strings.Repeat("<row/>", 5000)+"</sheetData></worksheet>")))
	must(t, err)
	defer func() { must(t, b.Close()) }()
	ctx, cancel := context.WithCancel(t.Context())
	rows := 0
	err = b.Rows(ctx, "Лист", func(int64, []string) error {
		rows++
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) || rows > 2048 {
		t.Errorf("stopped after %d rows: %v", rows, err)
	}
}

// Whatever the sheet is, reading it ends, and rows go on.
func FuzzRows(f *testing.F) {
	f.Add("<worksheet><sheetData><row r=\"2\"><c r=\"B2\" t=\"s\" s=\"1\"><v>0</v></c></row></sheetData></worksheet>")
	f.Add("<worksheet><sheetData><row><c t=\"b\"><v>1</v></c></row><row r=\"1\"><c r=\"ZZZZ\"/></row></sheetData></worksheet>")
	f.Add("</row >")
	f.Fuzz(func(t *testing.T, sheet string) {
		b, err := Open(archive(t, plain(sheet)))
		must(t, err)
		defer func() { must(t, b.Close()) }()
		last := int64(0)
		_ = b.Rows(t.Context(), "Лист", func(number int64, cells []string) error {
			if number <= last || len(cells) > maxWidth || len(cells) > 0 && cells[len(cells)-1] == "" {
				t.Errorf("row %d behind %d, %q", number, last, cells)
			}
			last = number
			return nil
		})
	})
}

func BenchmarkRows(b *testing.B) {
	f := excelize.NewFile()
	w, err := f.NewStreamWriter("Sheet1")
	must(b, err)
	for i := 1; i <= 10_000; i++ {
		must(b, w.SetRow("A"+strconv.Itoa(i), []any{i, "85123A", "WHITE HANGING HEART T-LIGHT HOLDER", 6, 2.55, 17850, "United Kingdom"}))
	}
	must(b, w.Flush())
	path := saved(b, f)
	b.ReportAllocs()
	for b.Loop() {
		book, err := Open(path)
		must(b, err)
		must(b, book.Rows(b.Context(), "Sheet1", func(int64, []string) error { return nil }))
		must(b, book.Close())
	}
}
