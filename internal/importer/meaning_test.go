package importer

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/errs"
)

// What a word of a file means is said by its mapping where it is not understood, or
// wrongly, and is kept for the next file of the source.
func TestWordsAreExplained(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "GBP", "Europe/London", t.TempDir())
		const head = "Номер чека,Дата,Артикул,Количество,Цена,Операция,Статус\n"
		path := write(t, head+"1,2024-02-01,A,1,1,Продажа,Собран\n2,2024-02-01,A,1,1,Продажа,Брак\n3,2024-02-02,A,1,1,Обмен,Собран\n4,2024-02-02,A,1,1,Возврат,собран\n")
		i, err := h.Add(t.Context(), File{}, path)
		must(t, err)
		i, err = h.CheckNow(t.Context(), i.ID, func(Report) {})
		must(t, err)
		if diff := cmp.Diff([]Said{{"Брак", MeansSale}, {"Обмен", ""}}, i.Report.Unclear([]Said{{"собран", MeansSale}})); diff != "" {
			t.Errorf("unclear (-want +got):\n%s", diff)
		}
		said := func(m Mapping) []Said {
			s, err := h.Preview(t.Context(), i.ID, Hints{Kind: i.Kind, Format: &i.Mapping.Format, Mapping: &m})
			must(t, err)
			return s.Said
		}
		if diff := cmp.Diff([]Said{{"Продажа", MeansSale}, {"Обмен", ""}, {"Возврат", MeansReturn}, {"Собран", MeansSale}, {"Брак", MeansSale}}, said(i.Mapping)); diff != "" {
			t.Errorf("said (-want +got):\n%s", diff)
		}

		m, err := ParseMapping([]byte(`{"options": {"words": {"собран": "sale", "Брак": "void", "Обмен": "return", "Прочее": "sale"}}}`), i.Mapping)
		must(t, err)
		if diff := cmp.Diff([]Said{{"Продажа", MeansSale}, {"Обмен", MeansReturn}, {"Возврат", MeansReturn}, {"собран", MeansSale}, {"Брак", MeansVoid}, {"Прочее", MeansSale}}, said(m)); diff != "" {
			t.Errorf("explained (-want +got):\n%s", diff)
		}
		must(t, h.SetMapping(t.Context(), i.ID, m))
		i, err = h.RunNow(t.Context(), i.ID, func(Report) {})
		must(t, err)
		if r := i.Report; r.Sales != 1 || r.Returns != 2 || r.Refused != 1 || len(r.Unclear(nil)) != 0 {
			t.Errorf("%+v", r)
		}
		next := h.load(write(t, head+"5,2024-02-03,A,1,1,Обмен,Брак\n6,2024-02-03,A,1,1,Обмен,Собран\n"), File{})
		if r := next.Report; r.Returns != 1 || r.Refused != 1 {
			t.Errorf("the next file: %+v", r)
		}
		h.verify()
	})
}

func TestMeaningsOfColumns(t *testing.T) {
	t.Parallel()
	m := Options{Words: map[string]Meaning{"a": MeansSale, "b": MeansReturn, "c": MeansVoid}}.meanings()
	for word, want := range map[string][3]Meaning{
		"A": {MeansSale, MeansSale, MeansSale}, "b": {MeansReturn, MeansVoid, MeansReturn}, "c": {MeansVoid, MeansVoid, MeansVoid}, "возврат": {MeansReturn, MeansVoid, MeansReturn},
	} {
		for i, f := range wordFields {
			if got := m.deed(f, word, "").meaning(); got != want[i] {
				t.Errorf("%s %q is %q, want %q", f, word, got, want[i])
			}
		}
	}
	var guess Mapping
	must(t, json.Unmarshal([]byte(`{"kind":"customers","format":{"encoding":"utf-8","delimiter":",","newline":"\n"},"columns":{"phone":1},"options":{"decimal":".","date_order":"dmy","name_order":"last_first"}}`), &guess))
	_, err := ParseMapping([]byte(`{"options": {"words": {"x": "sold"}}}`), guess)
	if e := errs.Of(err); e == nil || len(e.Fields) != 1 || e.Fields[0].Pointer != "/options/words/x" {
		t.Errorf("a meaning that there is not: %v", err)
	}
}
