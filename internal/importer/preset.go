package importer

import (
	"slices"

	"regulars/internal/base/i18n"
)

// preset is an export of a system whose columns are known: what they mean is not
// guessed. Headings are as headerWords leaves them.
type preset struct {
	system  string // names its text
	kind    Kind
	known   []string // headings that tell the export; all of them are there
	columns map[Field]string
}

// presets are of systems whose headings are on record in files that shops published.
var presets = []preset{
	{
		system: "moysklad", kind: KindProducts,
		known: []string{"uuid", "внешний код", "единица измерения", "закупочная цена", "штрихкод ean13"},
		columns: map[Field]string{
			FieldSKU: "код", FieldProduct: "наименование", FieldCategory: "группы", FieldGoods: "тип", FieldBarcode: "штрихкод ean13",
			FieldPrice: "цена цена продажи", FieldCost: "закупочная цена", FieldBrand: "доп поле бренд",
		},
	},
}

// presetOf is the export that a file with such headings is, of a kind, or of any if
// that is not known; nil: of none that is known.
func presetOf(names []string, kind Kind) *preset {
	for i := range presets {
		p := &presets[i]
		lacks := func(words string) bool { return called(names, words) == 0 }
		if (kind == "" || kind == p.kind) && !slices.ContainsFunc(p.known, lacks) {
			return p
		}
	}
	return nil
}

// in are the columns of an export where they stand in a file.
func (p *preset) in(names []string) map[Field]int {
	columns := map[Field]int{}
	for f, name := range p.columns {
		if c := called(names, name); c > 0 {
			columns[f] = c
		}
	}
	return columns
}

// called is the column whose heading has these words; 0: none has.
func called(names []string, words string) int {
	return 1 + slices.IndexFunc(names, func(name string) bool { return headerWords(name) == words })
}

// name is what people call the system.
func (p *preset) name(loc *i18n.Localizer) string { return loc.T("importer.system." + p.system) }
