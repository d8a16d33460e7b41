package importer

import (
	"encoding/json"
	"slices"
	"strings"
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
		if diff := cmp.Diff([]Said{{FieldStatus, "Брак", MeansSale}, {FieldType, "Обмен", ""}}, i.Report.Unclear([]Said{{FieldStatus, "собран", MeansSale}})); diff != "" {
			t.Errorf("unclear (-want +got):\n%s", diff)
		}
		said := func(m Mapping) []Said {
			s, err := h.Preview(t.Context(), i.ID, Hints{Kind: i.Kind, Format: &i.Mapping.Format, Mapping: &m})
			must(t, err)
			return s.Said
		}
		if diff := cmp.Diff([]Said{{FieldType, "Продажа", MeansSale}, {FieldType, "Обмен", ""}, {FieldType, "Возврат", MeansReturn}, {FieldStatus, "Собран", MeansSale}, {FieldStatus, "Брак", MeansSale}}, said(i.Mapping)); diff != "" {
			t.Errorf("said (-want +got):\n%s", diff)
		}

		m, err := ParseMapping([]byte(`{"options": {"words": {"status": {"собран": "sale", "Брак": "void"}, "type": {"Обмен": "return", "Прочее": "sale"}}}}`), i.Mapping)
		must(t, err)
		if diff := cmp.Diff([]Said{{FieldType, "Обмен", MeansReturn}, {FieldType, "Прочее", MeansSale}, {FieldType, "Продажа", MeansSale}, {FieldType, "Возврат", MeansReturn}, {FieldStatus, "Брак", MeansVoid}, {FieldStatus, "собран", MeansSale}}, said(m)); diff != "" {
			t.Errorf("explained (-want +got):\n%s", diff)
		}
		must(t, h.SetMapping(t.Context(), i.ID, m))
		i, err = h.RunNow(t.Context(), i.ID, func(Report) {})
		must(t, err)
		if r := i.Report; r.Sales != 1 || r.Returns != 2 || r.Refused != 1 || !slices.Equal(r.Unclear(nil), []Said{{FieldStatus, "Брак", MeansVoid}}) {
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
	words := map[string]Meaning{"a": MeansSale, "b": MeansReturn, "c": MeansVoid, "-1": MeansReturn, "+": MeansSale, "-": MeansReturn}
	m := Options{Words: map[Field]map[string]Meaning{FieldType: words, FieldStatus: words, FieldReturned: words}}.meanings()
	for word, want := range map[string][3]Meaning{
		"A": {MeansSale, MeansSale, MeansSale}, "b": {MeansReturn, MeansReturn, MeansReturn}, "c": {MeansVoid, MeansVoid, MeansVoid}, "возврат": {MeansReturn, MeansVoid, MeansReturn},
		"1": {MeansSale, MeansSale, MeansReturn}, "-1": {MeansReturn, MeansReturn, MeansReturn}, "+": {MeansSale, MeansSale, MeansSale}, "-": {MeansReturn, MeansReturn, MeansReturn},
	} {
		for i, f := range wordFields {
			if got := m.deed(f, word, "").meaning(); got != want[i] {
				t.Errorf("%s %q is %q, want %q", f, word, got, want[i])
			}
		}
	}
	// What is said of one column is nothing to another.
	one := Options{Words: map[Field]map[string]Meaning{FieldStatus: {"2": MeansVoid, "1": MeansSale}}}.meanings()
	if d := one.deed(FieldReturned, "1", ""); d != takesBack {
		t.Errorf("1 of another column is %v", d)
	}
	var guess Mapping
	must(t, json.Unmarshal([]byte(`{"kind":"customers","format":{"encoding":"utf-8","delimiter":",","newline":"\n"},"columns":{"phone":1},"options":{"decimal":".","date_order":"dmy","name_order":"last_first"}}`), &guess))
	guess.Options.Words = map[Field]map[string]Meaning{FieldType: {"Old": MeansSale, "Other": MeansVoid}, FieldStatus: {"st": MeansVoid}, FieldReturned: {"r": MeansSale}}
	kept, err := ParseMapping([]byte(`{"options": {"words": {"type": {"old": "return", "new": "sale"}, "returned": null}}}`), guess)
	must(t, err)
	want := map[Field]map[string]Meaning{FieldType: {"old": MeansReturn, "new": MeansSale, "Other": MeansVoid}, FieldStatus: {"st": MeansVoid}, FieldReturned: nil}
	if diff := cmp.Diff(want, kept.Options.Words); diff != "" || guess.Options.Words[FieldType]["Old"] != MeansSale {
		t.Errorf("words of before (-want +got):\n%s", diff)
	}
	for words, at := range map[string]string{
		`{"type": {"x": "sold"}}`: "/type/x", `{"store": {"x": "sale"}}`: "/store/x", `{"type": {"X": "sale", "x": "void"}}`: "/type/x", `{"type": {" ": "sale"}}`: "/type/ ",
	} {
		_, err := ParseMapping([]byte(`{"options": {"words": `+words+`}}`), guess)
		if e := errs.Of(err); e == nil || len(e.Fields) != 1 || e.Fields[0].Pointer != "/options/words"+at {
			t.Errorf("words %s: %v", words, err)
		}
	}
}

// A state may say that the row is a return, where a mapping says so; it is a sale that was
// given back else.
func TestStateIsAReturn(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		h := newHouse(t, d, "GBP", "Europe/London", t.TempDir())
		path := write(t, "number,date,sku,quantity,price,status\n1,2024-02-01,A,1,10,Completed\n2,2024-02-02,A,-1,10,Refunded\n3,2024-02-02,A,1,10,Refunded\n")
		i, err := h.Add(t.Context(), File{}, path)
		must(t, err)
		i, err = h.CheckNow(t.Context(), i.ID, func(Report) {})
		must(t, err)
		if r := i.Report; r.Sales != 1 || r.Returns != 0 || r.Refused != 2 {
			t.Errorf("as it is read: %+v", r)
		}
		m, err := ParseMapping([]byte(`{"options": {"words": {"status": {"refunded": "return"}}}}`), i.Mapping)
		must(t, err)
		must(t, h.SetMapping(t.Context(), i.ID, m))
		i, err = h.RunNow(t.Context(), i.ID, func(Report) {})
		must(t, err)
		if r := i.Report; r.Sales != 1 || r.Returns != 2 || r.Refused != 0 || r.Total != -10_00 {
			t.Errorf("as the mapping says: %+v", r)
		}
		h.verify()
	})
}

// A row that is to be left out is, whatever its sign.
func TestLeftOutIsNoReturn(t *testing.T) {
	t.Parallel()
	for _, f := range wordFields {
		path, m := sniff(t, "receipt,date,quantity,amount,what\n1,2024-02-01,1,5,good\n2,2024-02-01,-1,-5,odd\n")
		m.Columns[f] = 5
		m.Options.Words = map[Field]map[string]Meaning{f: {"good": MeansSale, "odd": MeansVoid}}
		all := steps(t, &Scan{Path: path, Mapping: m, Currency: gbp, Now: late}, Checkpoint{})
		if got := brief(all); len(got) != 2 || !strings.HasPrefix(got[1], "refused 3 "+string(f)+" void") {
			t.Errorf("%s: %q", f, got)
		}
	}
}
