package importer

import (
	"regulars/internal/base/money"
	"regulars/internal/loyalty/catalog"
)

// Product is a row of a products file.
type Product struct {
	Row      int64
	SKU      string // made of barcode or name where the file has none
	Barcodes []string
	Name     string
	Category string // path from the root: "Home / Glass"
	Brand    string
	Goods    string // goods, service, giftcard; empty: not said
	Price    *money.Price
	Cost     *money.Price
	Active   *bool
	Model    string
	Options  []catalog.Option // those that the file has a value for

	cells []string
	again []uint64 // keys that come again in the file
}

// keys are what products are told apart by: the code, then the barcodes.
func (p *Product) keys() []uint64 {
	list := []uint64{hash("sku\x00" + p.SKU)}
	for _, b := range p.Barcodes {
		list = append(list, hash("barcode\x00"+b))
	}
	return list
}

// product reads the row that was begun.
func (r *rowReader) product() *Product {
	p := &Product{
		Row:      r.number,
		SKU:      r.code(FieldSKU, catalog.MaxSKU),
		Barcodes: splitCell(r.code(FieldBarcode, maxText)),
		Name:     r.text(FieldProduct, maxText),
		Category: r.text(FieldCategory, maxText),
		Brand:    r.text(FieldBrand, maxText),
		Price:    r.price(),
		Cost:     r.cost(),
		Model:    r.text(FieldModel, maxText),
	}
	for _, f := range []Field{FieldColour, FieldSize, FieldVariant} {
		if value := r.text(f, maxText); value != "" {
			p.Options = append(p.Options, catalog.Option{Name: string(f), Value: value})
		}
	}
	if r.m.has(FieldGoods) {
		var ok bool
		if p.Goods, ok = parseGoods(r.line(r.raw(FieldGoods))); !ok {
			r.remark(FieldGoods, ReasonWord, r.raw(FieldGoods))
		}
	}
	if yes, none, ok := parseYes(r.line(r.raw(FieldActive))); !ok {
		r.remark(FieldActive, ReasonWord, r.raw(FieldActive))
	} else if !none {
		p.Active = &yes
	}
	if p.SKU == "" {
		p.SKU = skuFor(p.Barcodes, p.Name)
		if p.SKU != "" && len(p.Barcodes) == 0 {
			r.remark(FieldSKU, ReasonMadeSKU, p.SKU)
		}
	}
	if p.SKU == "" && !r.refused {
		r.refuse(FieldSKU, ReasonMissing, "")
	}
	return p
}

// skuFor is the code of a product that its file gives none.
func skuFor(barcodes []string, name string) string {
	if len(barcodes) > 0 {
		return barcodes[0]
	}
	return short(name, catalog.MaxSKU)
}
