package importer

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"regulars/internal/base/errs"
	"regulars/internal/base/i18n"
	"regulars/internal/base/settings"
	"regulars/internal/importer/delimited"
)

// Kind is what the rows of a file are.
type Kind string

// The kinds.
const (
	KindCustomers Kind = "customers"
	KindProducts  Kind = "products"
	KindReceipts  Kind = "receipts"
	KindGiftcards Kind = "giftcards"
	KindStock     Kind = "stock"
	KindImages    Kind = "images" // of products, in a ZIP archive
)

// Kinds are all of them, in the order to import them in.
var Kinds = []Kind{KindCustomers, KindProducts, KindReceipts, KindGiftcards, KindStock, KindImages}

// Field is what a column may mean.
type Field string

// The fields: first those of customers, of which the first also say whose a
// receipt is. A customers file may also keep any column as an attribute of the
// customer: see Attribute.
const (
	FieldExternal        Field = "external" // the customer's id in the other system
	FieldCard            Field = "card"
	FieldPhone           Field = "phone"
	FieldEmail           Field = "email"
	FieldName            Field = "name" // whole
	FieldLastName        Field = "last_name"
	FieldFirstName       Field = "first_name"
	FieldMiddleName      Field = "middle_name"
	FieldSex             Field = "sex"
	FieldBorn            Field = "born"
	FieldRegistered      Field = "registered"
	FieldCity            Field = "city"
	FieldLabels          Field = "labels"
	FieldLanguage        Field = "language"
	FieldNote            Field = "note"
	FieldPoints          Field = "points"           // opening balance
	FieldPointsExpire    Field = "points_expire"    // of it
	FieldLevel           Field = "level"            // of the programme, by code or name
	FieldLevelUntil      Field = "level_until"      // the last day of it
	FieldGiftcard        Field = "giftcard"         // number of a gift card
	FieldBalance         Field = "balance"          // money on it
	FieldValidUntil      Field = "valid_until"      // its last day
	FieldConsent         Field = "consent"          // to advertising by any channel
	FieldConsentSMS      Field = "consent_sms"      // yes or no
	FieldConsentEmail    Field = "consent_email"    // yes or no
	FieldOptOut          Field = "opt_out"          // yes: to no advertising, whatever else is said
	FieldStore           Field = "store"            // code or name; of a customer, the home store
	FieldTill            Field = "till"             // noted
	FieldCashier         Field = "cashier"          // noted
	FieldNumber          Field = "number"           // of the receipt; rows that share it are its lines
	FieldType            Field = "type"             // sale or return
	FieldReturned        Field = "returned"         // is it a return
	FieldStatus          Field = "status"           // of the receipt: one that was undone is not taken
	FieldSale            Field = "sale"             // of a return: the number of the sale
	FieldAt              Field = "at"               // date, or date and time
	FieldTime            Field = "time"             // where it has a column of its own
	FieldSKU             Field = "sku"              // also of products
	FieldBarcode         Field = "barcode"          // also of products
	FieldProduct         Field = "product"          // name; also of products
	FieldCategory        Field = "category"         // also of products; "A / B" is B in A
	FieldBrand           Field = "brand"            // of products
	FieldGoods           Field = "goods"            // of products: goods, service or giftcard
	FieldModel           Field = "model"            // of products: what several are variants of
	FieldColour          Field = "colour"           // of products, as the two that follow: what tells variants apart
	FieldSize            Field = "size"             //
	FieldVariant         Field = "variant"          // all in one text
	FieldActive          Field = "active"           // of products: is it sold
	FieldPrice           Field = "price"            // of one; also of products
	FieldCost            Field = "cost"             // of one; also of products
	FieldQuantity        Field = "quantity"         //
	FieldFile            Field = "file"             // of images: the name in the archive
	FieldThreshold       Field = "threshold"        // of stock: the quantity at which it runs low
	FieldDiscount        Field = "discount"         // of the line, in money or, with its sign, percent
	FieldDiscountPercent Field = "discount_percent" // where there is no other discount
	FieldAmount          Field = "amount"           // of the line, as paid
	FieldPointsEarned    Field = "points_earned"    // noted
	FieldPointsUsed      Field = "points_used"      // noted
	FieldCurrency        Field = "currency"         // which must be the installation's
)

// Key is the i18n key of what people call the kind.
func (k Kind) Key() string { return "importer.kind." + string(k) }

// Key is the i18n key of what people call the field.
func (f Field) Key() string {
	if strings.HasPrefix(string(f), quantityIn) {
		f = FieldQuantity
	}
	return "importer.field." + string(f)
}

// quantityIn begins the fields that QuantityIn makes.
const quantityIn = "quantity:"

// QuantityIn is the quantity in one store, by its code or name: a file of stock may
// have a column for each.
func QuantityIn(store string) Field { return Field(quantityIn + store) }

// storeOf is the store of a field that QuantityIn made.
func (f Field) storeOf() (store string, ok bool) { return strings.CutPrefix(string(f), quantityIn) }

// perStore are the columns that are each of a store, in their order.
func (m Mapping) perStore() (list []Field) {
	for f := range m.Columns {
		if _, ok := f.storeOf(); ok {
			list = append(list, f)
		}
	}
	slices.SortFunc(list, func(a, b Field) int { return cmp.Compare(m.Columns[a], m.Columns[b]) })
	return list
}

// ownField begins the fields that Attribute makes.
const ownField = "attribute:"

// Attribute is the field that keeps a column of a customers file as the
// attribute name.
func Attribute(name string) Field { return Field(ownField + name) }

// fields that each kind of file may have, in the order in which pages list
// them.
var fields = map[Kind][]Field{
	KindCustomers: {
		FieldExternal, FieldCard, FieldPhone, FieldEmail, FieldName, FieldLastName, FieldFirstName, FieldMiddleName, FieldSex, FieldBorn, FieldRegistered, FieldStore, FieldCity, FieldLanguage, FieldNote, FieldLabels,
		FieldConsent, FieldConsentSMS, FieldConsentEmail, FieldOptOut, FieldPoints, FieldPointsExpire, FieldLevel, FieldLevelUntil,
	},
	KindProducts:  {FieldSKU, FieldBarcode, FieldProduct, FieldCategory, FieldBrand, FieldModel, FieldColour, FieldSize, FieldVariant, FieldGoods, FieldPrice, FieldCost, FieldActive},
	KindGiftcards: {FieldGiftcard, FieldBalance, FieldValidUntil, FieldExternal, FieldPhone, FieldEmail},
	KindStock:     {FieldStore, FieldSKU, FieldBarcode, FieldQuantity, FieldThreshold},
	KindImages:    {FieldFile, FieldSKU},
	KindReceipts: {
		FieldNumber, FieldType, FieldReturned, FieldStatus, FieldSale, FieldAt, FieldTime, FieldStore, FieldTill, FieldCashier, FieldExternal, FieldCard, FieldPhone, FieldEmail, FieldName,
		FieldSKU, FieldBarcode, FieldProduct, FieldCategory, FieldQuantity, FieldPrice, FieldDiscount, FieldDiscountPercent, FieldAmount, FieldCost, FieldCurrency, FieldPointsEarned, FieldPointsUsed, FieldNote,
	},
}

// Fields are what the columns of a kind of file may mean.
func Fields(k Kind) []Field { return slices.Clone(fields[k]) }

// Mapping says how to read a file: what is guessed, edited by people, and kept
// with the import.
type Mapping struct {
	Kind    Kind             `json:"kind"`
	Sheet   string           `json:"sheet,omitempty"` // of a workbook; empty: the file is text
	Format  delimited.Format `json:"format"`
	Columns map[Field]int    `json:"columns"`         // from 1
	Width   int              `json:"width"`           // how many columns rows have; 0: any number
	Names   []string         `json:"names,omitempty"` // of the columns, where the file has them
	Options Options          `json:"options"`
}

// Options say what the cells of a file leave open.
type Options struct {
	Header    int       `json:"header"`           // the row that names the columns, rows before it are passed over; 0: none
	Decimal   string    `json:"decimal"`          // what "1,250" means: "." or "," parts the decimals
	DateOrder DateOrder `json:"date_order"`       // what 01/02/2026 means
	NameOrder NameOrder `json:"name_order"`       // of whole names
	Zone      string    `json:"zone,omitempty"`   // IANA name of the zone of times without an offset; empty: the row's store's
	Region    string    `json:"region,omitempty"` // ISO 3166 code of phones without a country; empty: they have one

	// ReturnPrefix marks returns by their number: C536379.
	ReturnPrefix string `json:"return_prefix,omitempty"`
	// SignedReturns says that quantities and amounts of rows marked as returns
	// are below zero, so that one above zero undoes a return. Otherwise the
	// mark alone decides, whatever the sign.
	SignedReturns bool `json:"signed_returns,omitempty"`
	// SaleMarks says that rows are returns which name their sale.
	SaleMarks bool `json:"sale_marks,omitempty"`
	// Store is the code of the store of rows that name none.
	Store string `json:"store,omitempty"`
	// Words says what words of wordFields mean that are not understood, or wrongly: that
	// the status "Собран" is a sale's.
	Words map[Field]map[string]Meaning `json:"words,omitempty"`
}

// ofStores reports whether rows are of a store: receipts are, and opening
// balances, which one of the chain's companies owes.
func (m *Mapping) ofStores() bool {
	return m.Kind == KindReceipts || m.Kind == KindCustomers && m.has(FieldPoints)
}

// Limits of what is read.
const (
	maxColumns   = 1000
	maxText      = 500 // characters of what nothing else limits
	maxMapping   = 1 << 20
	maxHeaderRow = 100
)

// ErrMapping is what is wrong with a mapping that is no JSON of one.
var ErrMapping = errs.New(errs.Invalid, "importer_bad_mapping", "The mapping is not one that can be read.")

// ParseMapping reads the JSON of a mapping and checks it. What has no kind, format,
// columns or options says only what is other than guessed: the columns that it
// names are taken from what the guess has in them, and 0 leaves a field out; a column
// is named by its number or by what the file calls it. What belongs to the
// installation is the guess's, too, until it is named.
func ParseMapping(text []byte, guess Mapping) (m Mapping, err error) {
	if len(text) > maxMapping {
		return m, ErrMapping.Textf("The mapping is longer than %d bytes.", maxMapping)
	}
	var given map[string]any
	if err := unmarshal(text, &given); err != nil {
		return m, err
	}
	var l errs.List
	unknownIn(&l, "", given, reflect.TypeFor[Mapping]())
	named, _ := given["columns"].(map[string]any)
	for _, f := range slices.Sorted(maps.Keys(named)) {
		switch c := named[f].(type) {
		case float64:
		case string:
			i := slices.IndexFunc(guess.Names, func(name string) bool { return name != "" && headerWords(name) == headerWords(c) })
			if i < 0 {
				l.Add("/columns/"+f, "importer_no_heading", "is called by no column of the file")
			}
			named[f] = i + 1
		default:
			l.Add("/columns/"+f, "wrong_type", "is no number of a column, nor what the file calls it")
		}
	}
	if err := l.Err(); err != nil {
		return m, err
	}
	if len(named) > 0 { // by their numbers now
		if text, err = json.Marshal(given); err != nil {
			return m, err
		}
	}
	partial := !(has(given, "kind") && has(given, "format") && has(given, "columns") && has(given, "options"))
	if partial {
		m = guess
		m.Columns, m.Names, m.Options.Words = maps.Clone(guess.Columns), slices.Clone(guess.Names), maps.Clone(guess.Options.Words)
	}
	m.Options.Zone, m.Options.Region = guess.Options.Zone, guess.Options.Region
	if err := unmarshal(text, &m); err != nil {
		return Mapping{}, err
	}
	m.ofSheet(guess.Sheet)
	if partial {
		m.Options.keepWords(guess.Options)
	}
	if has(given, "names") && !sameNames(m.Names, guess.Names) {
		l.Add("/names", "importer_other_names", "the mapping is of a file with other columns")
		return Mapping{}, l.Err()
	}
	for f := range named {
		for other, c := range m.Columns {
			if c == m.Columns[Field(f)] && !has(named, string(other)) {
				delete(m.Columns, other)
			}
		}
	}
	maps.DeleteFunc(m.Columns, func(_ Field, c int) bool { return c == 0 })
	return m, m.Validate()
}

// sameNames reports whether a file has the columns of one that was read before, or
// those of what was refused of it; one whose columns have no names may have any.
func sameNames(before, now []string) bool {
	n := len(before)
	return n == 0 || len(now) == 0 || len(now) >= n && slices.Equal(before, now[:n]) && (len(now) == n || isRefused(now[n:]))
}

func has(given map[string]any, name string) bool {
	_, ok := given[name]
	return ok
}

// SheetIn is the sheet of a workbook that the JSON of a mapping names; "" if it names
// none.
func SheetIn(text []byte) string {
	var given struct {
		Sheet string `json:"sheet"`
	}
	_ = json.Unmarshal(text, &given) // ParseMapping says what is wrong
	return given.Sheet
}

// KindIn is the kind of file that the JSON of a mapping names; "" if it names none
// that there is.
func KindIn(text []byte) Kind {
	var given struct {
		Kind Kind `json:"kind"`
	}
	if json.Unmarshal(text, &given) != nil || fields[given.Kind] == nil { // ParseMapping says what is wrong
		return ""
	}
	return given.Kind
}

// unmarshal reads JSON and says where it is wrong.
func unmarshal(text []byte, to any) error {
	err := json.Unmarshal(text, to)
	kind, syntax := (*json.UnmarshalTypeError)(nil), (*json.SyntaxError)(nil)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &kind) && kind.Field != "":
		var l errs.List
		l.Add("/"+strings.ReplaceAll(kind.Field, ".", "/"), "wrong_type", "is a %s", kind.Value)
		return l.Err()
	case errors.As(err, &syntax):
		line := 1 + bytes.Count(text[:min(syntax.Offset, int64(len(text)))], []byte("\n"))
		return ErrMapping.Textf("The mapping is no JSON: look at line %d.", line).With("line", line)
	}
	return ErrMapping.Because(err)
}

// unknownIn finds names that are no part of what t is read from.
func unknownIn(l *errs.List, at string, given map[string]any, t reflect.Type) {
	known := map[string]reflect.Type{}
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		known[name] = f.Type
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		inner, _ := given[name].(map[string]any)
		switch of, ok := known[name]; {
		case !ok:
			l.Add(at+"/"+name, "unknown_field", "is no part of a mapping")
		case of.Kind() == reflect.Struct:
			unknownIn(l, at+"/"+name, inner, of)
		}
	}
}

// Validate says everything that keeps a file from being read by m.
func (m Mapping) Validate() error {
	var l errs.List
	if fields[m.Kind] == nil {
		l.Add("/kind", "importer_no_kind", "is customers, products, receipts, giftcards, stock or images")
		return l.Err()
	}
	if (m.Kind == KindImages) != (m.Sheet == albumSheet) {
		l.Add("/kind", ErrNoAlbum.Code, "%s", ErrNoAlbum.Text)
	}
	if err := m.Format.Validate(); err != nil {
		l.Add("/format", "unreadable", "has an encoding, delimiter or end of line that cannot be read")
	}
	if m.Width < 0 || m.Width > maxColumns {
		l.Add("/width", "out_of_range", "is 0 to %d", maxColumns).With("min", 0).With("max", maxColumns)
	}
	if len(m.Names) > maxColumns || slices.ContainsFunc(m.Names, func(n string) bool { return utf8.RuneCountInString(n) > maxText }) {
		l.Add("/names", "too_long", "has at most %d names of at most %d characters", maxColumns, maxText)
	}
	m.validateColumns(&l)
	m.Options.validate(&l)
	return l.Err()
}

func (m Mapping) validateColumns(l *errs.List) {
	for _, f := range slices.Sorted(maps.Keys(m.Columns)) {
		name, isAttribute := strings.CutPrefix(string(f), ownField)
		store, isQuantity := f.storeOf()
		switch {
		case isQuantity && (m.Kind != KindStock || store == "" || utf8.RuneCountInString(store) > maxText):
			l.Add("/columns/"+string(f), "importer_no_field", "is a quantity in a store, which only stock has, by a code or name of 1 to %d characters", maxText)
		case isAttribute && (m.Kind != KindCustomers || name == "" || utf8.RuneCountInString(name) > maxText):
			l.Add("/columns/"+string(f), "importer_no_field", "is an attribute, which only customers have, by a name of 1 to %d characters", maxText)
		case !isAttribute && !isQuantity && !slices.Contains(fields[m.Kind], f):
			l.Add("/columns/"+string(f), "importer_no_field", "is no field of %s", m.Kind)
		case m.Columns[f] < 1 || m.Columns[f] > maxColumns:
			l.Add("/columns/"+string(f), "out_of_range", "is a column from 1 to %d", maxColumns).With("min", 1).With("max", maxColumns)
		case m.Width > 0 && m.Columns[f] > m.Width:
			l.Add("/columns/"+string(f), "out_of_range", "is one of the file's %d columns", m.Width).With("min", 1).With("max", m.Width)
		}
	}
	for _, need := range needed[m.Kind] {
		if !slices.ContainsFunc(need.of, m.has) && !(slices.Contains(need.of, FieldQuantity) && len(m.perStore()) > 0) {
			l.Add("/columns/"+string(need.of[0]), need.code, "%s", need.text)
		}
	}
	if m.Kind == KindReceipts && !m.has(FieldAmount) && !(m.has(FieldPrice) && m.has(FieldQuantity)) {
		l.Add("/columns/"+string(FieldAmount), "importer_no_amount", "say which column is the amount, or which are price and quantity")
	}
}

// needed are the fields of which a kind of file must have at least one.
var needed = map[Kind][]struct {
	of   []Field
	code string
	text string
}{
	KindCustomers: {{[]Field{FieldExternal, FieldCard, FieldPhone, FieldEmail, FieldName, FieldLastName, FieldFirstName}, "importer_no_customer", "say which column tells the customers apart: an id, a card, a phone, an e-mail or a name"}},
	KindProducts:  {{[]Field{FieldSKU, FieldBarcode, FieldProduct}, "importer_no_product", "say which column tells the products apart: a code, a barcode or a name"}},
	KindGiftcards: {
		{[]Field{FieldGiftcard}, "importer_no_giftcard", "say which column is the number of the gift card"},
		{[]Field{FieldBalance}, "importer_no_balance", "say which column is the money on the gift card"},
	},
	KindStock: {
		{[]Field{FieldSKU, FieldBarcode}, "importer_no_goods", "say which column is the code or the barcode of the product"},
		{[]Field{FieldQuantity}, "importer_no_quantity", "say which column is the quantity"},
	},
	KindImages: {
		{[]Field{FieldFile}, "importer_no_album", "say which column is the name of the file"},
		{[]Field{FieldSKU}, "importer_no_goods", "say which column is the code or the barcode of the product"},
	},
	KindReceipts: {{[]Field{FieldAt}, "importer_no_date", "say which column is the date"}},
}

func (o Options) validate(l *errs.List) {
	if o.Header < 0 || o.Header > maxHeaderRow {
		l.Add("/options/header", "out_of_range", "is a row from 1 to %d, or 0", maxHeaderRow).With("min", 0).With("max", maxHeaderRow)
	}
	if o.Decimal != "." && o.Decimal != "," {
		l.Add("/options/decimal", "importer_decimal", "is a point or a comma")
	}
	if o.DateOrder != DayFirst && o.DateOrder != MonthFirst {
		l.Add("/options/date_order", "importer_date_order", "is dmy or mdy")
	}
	if o.NameOrder != LastFirst && o.NameOrder != FirstLast {
		l.Add("/options/name_order", "importer_name_order", "is last_first or first_last")
	}
	if _, err := o.location(); err != nil {
		l.Add("/options/zone", "unknown_time_zone", "is a time zone such as Asia/Tashkent")
	}
	if o.Region != "" && len(o.Region) != 2 || strings.Trim(o.Region, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		l.Add("/options/region", "importer_region", "is a country of two capital letters such as UZ, or empty")
	}
	if utf8.RuneCountInString(o.ReturnPrefix) > 10 {
		l.Add("/options/return_prefix", "too_long", "has at most 10 characters").With("max", 10)
	}
	l.Bound("/options/store", o.Store, maxText)
	o.validateWords(l)
}

func (o Options) validateWords(l *errs.List) {
	for _, f := range slices.Sorted(maps.Keys(o.Words)) {
		seen := map[string]bool{"": true}
		for _, word := range slices.Sorted(maps.Keys(o.Words[f])) {
			at := "/options/words/" + string(f) + "/" + word
			switch key := wordKey(word); {
			case !slices.Contains(wordFields, f) || seen[key]:
				l.Add(at, "importer_word", "is no word of type, status or returned, or one that is there already")
			case !slices.Contains(Meanings, o.Words[f][word]):
				l.Add(at, "importer_meaning", "is sale, return or void")
			default:
				seen[key] = true
			}
		}
	}
}

// location is the zone; nil: each store's.
func (o Options) location() (*time.Location, error) {
	if o.Zone == "" {
		return nil, nil //nolint:nilnil // there is none
	}
	return settings.Zone(o.Zone)
}

// ColumnsText says which columns of the file are taken for what, and which are left
// out: "Клиент → Карта, Сумма → Оплачено по строке; не взяты: Хобби".
func (m Mapping) ColumnsText(loc *i18n.Localizer) string {
	by := map[int]Field{}
	for f, c := range m.Columns {
		by[c] = f
	}
	var taken, left []string
	for c := 1; c <= max(m.Width, len(m.Names)); c++ {
		name := strconv.Itoa(c)
		if c <= len(m.Names) && m.Names[c-1] != "" {
			name = m.Names[c-1]
		}
		f, ok := by[c]
		as, own := strings.CutPrefix(string(f), ownField)
		store, isQuantity := f.storeOf()
		switch {
		case !ok:
			left = append(left, name)
		case isQuantity:
			taken = append(taken, name+" → "+loc.T(f.Key())+" ("+store+")")
		case own:
			taken = append(taken, name+" → "+as)
		default:
			taken = append(taken, name+" → "+loc.T(f.Key()))
		}
	}
	var parts []string
	if len(taken) > 0 {
		parts = append(parts, strings.Join(taken, ", "))
	}
	if len(left) > 0 {
		parts = append(parts, loc.T("importer.report.left_out", "columns", strings.Join(left, ", ")))
	}
	return strings.Join(parts, "; ")
}

// heading is what the file calls a field; empty: it does not say.
func (m Mapping) heading(f Field) string {
	if c := m.Columns[f]; c > 0 && c <= len(m.Names) {
		return m.Names[c-1]
	}
	return ""
}

// Equal reports whether both read a file alike.
func (m Mapping) Equal(other Mapping) bool { return text(m) == text(other) }

func (m Mapping) has(f Field) bool { return m.Columns[f] > 0 }
