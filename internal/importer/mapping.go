package importer

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"regulars/internal/base/errs"
	"regulars/internal/base/i18n"
	"regulars/internal/importer/delimited"
)

// Kind is what the rows of a file are.
type Kind string

// The kinds.
const (
	KindCustomers Kind = "customers"
	KindProducts  Kind = "products"
	KindReceipts  Kind = "receipts"
)

// Field is what a column may mean.
type Field string

// The fields: first those of customers, of which the first also say whose a
// receipt is. A customers file may also keep any column as an attribute of the
// customer: see Attribute.
const (
	FieldExternal     Field = "external" // the customer's id in the other system
	FieldCard         Field = "card"
	FieldPhone        Field = "phone"
	FieldEmail        Field = "email"
	FieldName         Field = "name" // whole
	FieldLastName     Field = "last_name"
	FieldFirstName    Field = "first_name"
	FieldMiddleName   Field = "middle_name"
	FieldSex          Field = "sex"
	FieldBorn         Field = "born"
	FieldRegistered   Field = "registered"
	FieldCity         Field = "city"
	FieldLanguage     Field = "language"
	FieldNote         Field = "note"
	FieldPoints       Field = "points"        // opening balance
	FieldPointsExpire Field = "points_expire" // of it
	FieldConsent      Field = "consent"       // to advertising by any channel
	FieldConsentSMS   Field = "consent_sms"   // yes or no
	FieldConsentEmail Field = "consent_email" // yes or no
	FieldStore        Field = "store"         // code or name; of a customer, the home store
	FieldTill         Field = "till"          // noted
	FieldCashier      Field = "cashier"       // noted
	FieldNumber       Field = "number"        // of the receipt; rows that share it are its lines
	FieldType         Field = "type"          // sale or return
	FieldSale         Field = "sale"          // of a return: the number of the sale
	FieldAt           Field = "at"            // date, or date and time
	FieldTime         Field = "time"          // where it has a column of its own
	FieldSKU          Field = "sku"           // also of products
	FieldBarcode      Field = "barcode"       // also of products
	FieldProduct      Field = "product"       // name; also of products
	FieldCategory     Field = "category"      // also of products; "A / B" is B in A
	FieldBrand        Field = "brand"         // of products
	FieldGoods        Field = "goods"         // of products: goods, service or giftcard
	FieldActive       Field = "active"        // of products: is it sold
	FieldPrice        Field = "price"         // of one; also of products
	FieldCost         Field = "cost"          // of one; also of products
	FieldQuantity     Field = "quantity"      //
	FieldDiscount     Field = "discount"      // of the line, in money
	FieldAmount       Field = "amount"        // of the line, as paid
	FieldPointsEarned Field = "points_earned" // noted
	FieldPointsUsed   Field = "points_used"   // noted
)

// Key is the i18n key of what people call the kind.
func (k Kind) Key() string { return "importer.kind." + string(k) }

// Key is the i18n key of what people call the field.
func (f Field) Key() string { return "importer.field." + string(f) }

// attribute begins the fields that Attribute makes.
const attribute = "attribute:"

// Attribute is the field that keeps a column of a customers file as the
// attribute name.
func Attribute(name string) Field { return Field(attribute + name) }

// fields that each kind of file may have, in the order in which pages list
// them.
var fields = map[Kind][]Field{
	KindCustomers: {
		FieldExternal, FieldCard, FieldPhone, FieldEmail, FieldName, FieldLastName, FieldFirstName, FieldMiddleName, FieldSex, FieldBorn, FieldRegistered, FieldStore, FieldCity, FieldLanguage, FieldNote,
		FieldConsent, FieldConsentSMS, FieldConsentEmail, FieldPoints, FieldPointsExpire,
	},
	KindProducts: {FieldSKU, FieldBarcode, FieldProduct, FieldCategory, FieldBrand, FieldGoods, FieldPrice, FieldCost, FieldActive},
	KindReceipts: {
		FieldNumber, FieldType, FieldSale, FieldAt, FieldTime, FieldStore, FieldTill, FieldCashier, FieldExternal, FieldCard, FieldPhone, FieldEmail, FieldName,
		FieldSKU, FieldBarcode, FieldProduct, FieldCategory, FieldQuantity, FieldPrice, FieldDiscount, FieldAmount, FieldCost, FieldPointsEarned, FieldPointsUsed, FieldNote,
	},
}

// Fields are what the columns of a kind of file may mean.
func Fields(k Kind) []Field { return slices.Clone(fields[k]) }

// Mapping says how to read a file: what is guessed, edited by people, and kept
// with the import.
type Mapping struct {
	Kind    Kind             `json:"kind"`
	Format  delimited.Format `json:"format"`
	Columns map[Field]int    `json:"columns"`         // from 1
	Width   int              `json:"width"`           // how many columns rows have; 0: any number
	Names   []string         `json:"names,omitempty"` // of the columns, where the file has them
	Options Options          `json:"options"`
}

// Options say what the cells of a file leave open.
type Options struct {
	Header    int       `json:"header"`     // the row that names the columns, rows before it are passed over; 0: none
	Decimal   string    `json:"decimal"`    // what "1,250" means: "." or "," parts the decimals
	DateOrder DateOrder `json:"date_order"` // what 01/02/2026 means
	NameOrder NameOrder `json:"name_order"` // of whole names
	Zone      string    `json:"zone"`       // IANA name of the zone of times without an offset
	Region    string    `json:"region"`     // ISO 3166 code of phones without a country

	// ReturnPrefix marks returns by their number: C536379.
	ReturnPrefix string `json:"return_prefix,omitempty"`
	// SignedReturns says that quantities and amounts of rows marked as returns
	// are below zero, so that one above zero undoes a return. Otherwise the
	// mark alone decides, whatever the sign.
	SignedReturns bool `json:"signed_returns,omitempty"`
	// NumberWith says what a number is unique in, where tills begin anew:
	// store, till, and at for the day.
	NumberWith []Field `json:"number_with,omitempty"`
	// Store is the code of the store of rows that name none.
	Store string `json:"store,omitempty"`
}

// Limits of what is read.
const (
	maxColumns   = 1000
	maxText      = 500  // bytes of a name
	maxNote      = 4000 // bytes of a note
	maxNumber    = 100  // bytes of the number of a receipt
	maxCode      = 100  // bytes of what tells customers or products apart
	maxMapping   = 1 << 20
	maxHeaderRow = 100
)

// ErrMapping is what is wrong with a mapping that is no JSON of one.
var ErrMapping = errs.New(errs.Invalid, "importer_bad_mapping", "The mapping is not one that can be read.")

// ParseMapping reads the JSON of a mapping and checks it.
func ParseMapping(text []byte) (Mapping, error) {
	var m Mapping
	if len(text) > maxMapping {
		return m, ErrMapping.Textf("The mapping is longer than %d bytes.", maxMapping)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return Mapping{}, ErrMapping.Because(err)
	}
	if d.More() {
		return Mapping{}, ErrMapping
	}
	return m, m.Validate()
}

// Validate says everything that keeps a file from being read by m.
func (m Mapping) Validate() error {
	var l errs.List
	if fields[m.Kind] == nil {
		l.Add("/kind", "unknown", "is customers, products or receipts")
		return l.Err()
	}
	if err := m.Format.Validate(); err != nil {
		l.Add("/format", "unreadable", "has an encoding, delimiter or end of line that cannot be read")
	}
	if m.Width < 0 || m.Width > maxColumns {
		l.Add("/width", "out_of_range", "is 0 to %d", maxColumns)
	}
	if len(m.Names) > maxColumns || slices.ContainsFunc(m.Names, func(n string) bool { return len(n) > maxText }) {
		l.Add("/names", "too_long", "has at most %d names of at most %d bytes", maxColumns, maxText)
	}
	m.validateColumns(&l)
	m.Options.validate(&l)
	return l.Err()
}

func (m Mapping) validateColumns(l *errs.List) {
	for _, f := range slices.Sorted(maps.Keys(m.Columns)) {
		name, isAttribute := strings.CutPrefix(string(f), attribute)
		switch {
		case isAttribute && (m.Kind != KindCustomers || name == "" || len(name) > maxText):
			l.Add("/columns/"+string(f), "unknown", "is an attribute, which only customers have, by a name of 1 to %d bytes", maxText)
		case !isAttribute && !slices.Contains(fields[m.Kind], f):
			l.Add("/columns/"+string(f), "unknown", "is no field of %s", m.Kind)
		case m.Columns[f] < 1 || m.Columns[f] > maxColumns:
			l.Add("/columns/"+string(f), "out_of_range", "is a column from 1 to %d", maxColumns)
		}
	}
	for _, need := range needed[m.Kind] {
		if !slices.ContainsFunc(need.of, m.has) {
			l.Add("/columns/"+string(need.of[0]), "missing", "%s", need.text)
		}
	}
	if m.Kind == KindReceipts && !m.has(FieldAmount) && !(m.has(FieldPrice) && m.has(FieldQuantity)) {
		l.Add("/columns/"+string(FieldAmount), "missing", "say which column is the amount, or which are price and quantity")
	}
}

// needed are the fields of which a kind of file must have at least one.
var needed = map[Kind][]struct {
	of   []Field
	text string
}{
	KindCustomers: {{[]Field{FieldExternal, FieldCard, FieldPhone, FieldEmail, FieldName, FieldLastName, FieldFirstName}, "say which column tells the customers apart: an id, a card, a phone, an e-mail or a name"}},
	KindProducts:  {{[]Field{FieldSKU, FieldBarcode, FieldProduct}, "say which column tells the products apart: a code, a barcode or a name"}},
	KindReceipts:  {{[]Field{FieldAt}, "say which column is the date"}},
}

func (o Options) validate(l *errs.List) {
	if o.Header < 0 || o.Header > maxHeaderRow {
		l.Add("/options/header", "out_of_range", "is a row from 1 to %d, or 0", maxHeaderRow)
	}
	if o.Decimal != "." && o.Decimal != "," {
		l.Add("/options/decimal", "unknown", "is a point or a comma")
	}
	if o.DateOrder != DayFirst && o.DateOrder != MonthFirst {
		l.Add("/options/date_order", "unknown", "is dmy or mdy")
	}
	if o.NameOrder != LastFirst && o.NameOrder != FirstLast {
		l.Add("/options/name_order", "unknown", "is last_first or first_last")
	}
	if _, err := o.location(); err != nil {
		l.Add("/options/zone", "unknown", "is a time zone such as Asia/Tashkent")
	}
	if len(o.Region) != 2 || strings.Trim(o.Region, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		l.Add("/options/region", "unknown", "is a country of two capital letters such as UZ")
	}
	if len(o.ReturnPrefix) > 10 {
		l.Add("/options/return_prefix", "too_long", "has at most 10 characters")
	}
	for _, f := range o.NumberWith {
		if !slices.Contains(numberWith, f) {
			l.Add("/options/number_with", "unknown", "is made of store, till and at")
		}
	}
	if len(o.Store) > maxText {
		l.Add("/options/store", "too_long", "has at most %d bytes", maxText)
	}
}

// numberWith is what can be a part of a receipt's number.
var numberWith = []Field{FieldStore, FieldTill, FieldAt}

// location is the zone; "Local" is refused, it means another on each machine.
func (o Options) location() (*time.Location, error) {
	if o.Zone == "" || o.Zone == "Local" {
		return nil, ErrMapping
	}
	return time.LoadLocation(o.Zone)
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
		switch as, own := strings.CutPrefix(string(f), attribute); {
		case !ok:
			left = append(left, name)
		case own:
			taken = append(taken, name+" → "+as)
		default:
			taken = append(taken, name+" → "+loc.T(f.Key()))
		}
	}
	text := strings.Join(taken, ", ")
	if len(left) > 0 {
		text += "; " + loc.T("importer.report.left_out", "columns", strings.Join(left, ", "))
	}
	return text
}

// name is what the file calls a field, or what we call it.
func (m Mapping) name(f Field) string {
	if c := m.Columns[f]; c > 0 && c <= len(m.Names) && m.Names[c-1] != "" {
		return m.Names[c-1]
	}
	return string(f)
}

func (m Mapping) has(f Field) bool { return m.Columns[f] > 0 }
