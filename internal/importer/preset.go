package importer

import (
	"slices"

	"regulars/internal/base/i18n"
)

// preset is an export of a system whose columns are known: what they mean is not
// guessed.
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
		known: []string{"UUID", "Внешний код", "Единица измерения", "Закупочная цена", "Штрихкод EAN13"},
		columns: map[Field]string{
			FieldSKU: "Код", FieldProduct: "Наименование", FieldCategory: "Группы", FieldGoods: "Тип", FieldBarcode: "Штрихкод EAN13",
			FieldPrice: "Цена: Цена продажи", FieldCost: "Закупочная цена", FieldBrand: "Доп. поле: Бренд",
		},
	},
}

// presetOf is the export that a file with such headings is, of a kind, or of any if
// that is not known; nil: of none that is known.
func presetOf(names []string, kind Kind) *preset {
	for i := range presets {
		p := &presets[i]
		lacks := func(name string) bool { return !slices.Contains(names, name) }
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
		if i := slices.Index(names, name); i >= 0 {
			columns[f] = i + 1
		}
	}
	return columns
}

// called is what people call the system.
func (p *preset) called(loc *i18n.Localizer) string { return loc.T("importer.system." + p.system) }
