package importer

import (
	"regexp"
	"slices"
	"strings"

	"regulars/internal/base/money"
)

// heading is what a file calls a column.
type heading struct {
	name       string // as the file has it
	words      string // see headerWords
	measure    string // words without the units at their end: "сумма" of "Сумма, руб."
	currencies string // codes of those that it may name; empty: none
}

func newHeading(name string) heading {
	h := heading{name: name, words: taxRate.ReplaceAllString(headerWords(name), "$1$2")}
	h.measure = h.words
	for {
		rest, codes, ok := cutEnding(h.measure)
		if !ok {
			break
		}
		h.measure = rest
		h.currencies += codes + " "
	}
	for ending, codes := range endings {
		if h.has(ending + " ") {
			h.currencies += codes + " "
		}
	}
	h.currencies = strings.TrimSpace(h.currencies)
	return h
}

// taxRate is the rate in "с НДС 12%", which is no percentage of anything else.
var taxRate = regexp.MustCompile(`(ндс|vat|qqs)( bilan)?(?: \d+)+(?: percent)?`)

// endings stand at the end of headers and say what the numbers are in, with the
// currencies that they may be of.
var endings = func() map[string]string {
	m := map[string]string{
		"рублях": units["руб"], "сумах": units["сум"],
		"у е": "USD", "уе": "USD", "y e": "USD", "евро": "EUR", "euro": "EUR",
		"долл": units["$"], "доллар": units["$"], "доллары": units["$"], "долларов": units["$"], "долларах": units["$"], "dollar": units["$"], "dollars": units["$"],
		"в": "", "in": "", "за": "", "per": "",
		"с ндс": "", "с учетом ндс": "", "включая ндс": "", "incl vat": "", "including vat": "", "with vat": "", "qqs bilan": "",
		"incl tax": "", "including tax": "", "with tax": "", "tax included": "",
	}
	for unit, codes := range units {
		m[headerWords(unit)] = codes
	}
	m["sum"] = "" // English has the word, too
	return m
}()

// cutEnding cuts one of the endings, or the code of a currency, off a header.
func cutEnding(words string) (rest, currencies string, ok bool) {
	i := strings.LastIndexByte(words, ' ')
	if i < 0 {
		return words, "", false
	}
	if c, err := money.CurrencyOf(strings.ToUpper(words[i+1:])); err == nil {
		return words[:i], c.Code, true
	}
	for range 3 { // none has more words
		if i < 0 {
			break
		}
		if codes, ok := endings[words[i+1:]]; ok {
			return words[:i], codes, true
		}
		i = strings.LastIndexByte(words[:i], ' ')
	}
	return words, "", false
}

// has reports whether one of the words begins with one of some stems; a stem that
// ends with a blank is a whole word.
func (h heading) has(stems ...string) bool {
	return slices.ContainsFunc(stems, func(stem string) bool { return strings.Contains(" "+h.words+" ", " "+stem) })
}

// Fields of which headers are looked at more closely.
var (
	sumFields      = []Field{FieldPrice, FieldAmount, FieldDiscount, FieldCost}
	measuredFields = append([]Field{FieldQuantity}, sumFields...)
	contactFields  = []Field{FieldPhone, FieldEmail}
	nameFields     = []Field{FieldExternal, FieldName, FieldLastName, FieldFirstName, FieldMiddleName, FieldProduct, FieldCategory}
	placeFields    = []Field{FieldStore, FieldTill, FieldCashier}
	consentFields  = []Field{FieldConsent, FieldConsentSMS, FieldConsentEmail, FieldOptOut}
)

// How words begin that say what a column is of.
var (
	ofPercent      = []string{"percent", "процент", "foiz"}
	ofTax          = []string{"ндс", "vat ", "tax ", "qqs"}
	ofThousand     = []string{"тыс", "млн", "ming ", "mln ", "thousand", "million"}
	ofCost         = []string{"себестоим", "закуп", "cost", "tannarx"}
	ofDiscounted   = []string{"со скидкой", "с учетом скидки", "к оплате", "оплачено", "net ", "paid ", "discounted", "chegirmali"}
	ofUndiscounted = []string{"без скидки", "без учета скидки", "до скидки", "before discount", "without discount", "gross", "chegirmasiz"}
	ofBonus        = []string{"бонус", "балл", "bonus", "points", "ball "}
	ofBalance      = []string{"баланс", "остат", "накоплен", "кешб", "кэшб", "balans", "balance", "qoldi", "cashback", "keshbek"}
	ofStock        = []string{"остат", "в наличии", "stock", "on hand", "qoldi"}
	ofCustomer     = []string{"клиент", "покупател", "контрагент", "гость", "гостя", "customer", "client", "mijoz", "xaridor"}
	ofOthers       = []string{
		"магазин", "точк", "филиал", "склад", "касс", "продав", "сотрудник", "менеджер", "оператор", "поставщик", "курьер", "водител", "мастер", "врач", "консультант", "официант",
		"store ", "shop ", "branch", "outlet", "cashier", "seller", "salesperson", "employee", "staff", "manager", "supplier", "vendor", "courier", "driver", "doctor", "waiter",
		"do kon", "dokon", "filial", "kassir", "sotuvchi", "xodim",
	}
	ofContact  = []string{"телефон", "тел ", "почт", "адрес", "инн ", "phone", "tel ", "telefon", "email", "e mail", "mail ", "address", "pochta", "manzil", "inn "}
	ofPapers   = []string{"инн ", "пинфл", "паспорт", "снилс", "кпп ", "огрн", "договор", "штрих", "inn ", "stir ", "pinfl", "jshshir", "passport", "pasport", "contract", "barcode"}
	ofOtherDay = []string{
		"рожд", "др ", "birth", "born", "dob ", "tug ", "tugilgan", "годн", "годен", "сгор", "expir", "регистрац", "выдач", "выдан", "registr", "ro yxat",
		"последн", "last ", "oxirgi", "следующ", "next ", "измен", "updated", "modified", "доставк", "deliver",
	}
	ofPayment   = []string{"оплат", "платеж", "банк", "payment", "bank", "credit", "кредит", "gift", "подароч", "to lov", "tolov"}
	ofGift      = []string{"подароч", "сертификат", "gift", "voucher", "ваучер", "sovg a", "sertifikat"}
	ofStanding  = []string{"credit", "кредит", "visit", "визит", "посещ", "balance", "баланс", "tashrif"}
	ofCompany   = []string{"организаци", "компани", "company", "organis", "organiz"}
	ofWholeName = []string{"фио ", "ф и о ", "fio ", "f i sh ", "full name"}
	ofPrivacy   = []string{"обработк", "персональн", "пдн ", "личных данных", "правил", "оферт", "политик", "услов", "personal", "processing", "privacy", "terms", "rules", "cookie", "shaxsiy", "oferta", "qoida"}
)

// mayMean reports whether nothing in the header speaks against a field, where sums
// are in a currency; an empty code: in which is not known.
func (h heading) mayMean(f Field, currency string) bool {
	of := func(fields []Field) bool { return slices.Contains(fields, f) }
	untaxed := heading{words: h.measure}
	switch {
	case h.has(ofPercent...) != (f == FieldDiscountPercent):
		return false
	case of(sumFields) && (h.has(ofThousand...) || h.currencies != "" && !strings.Contains(h.currencies, currency)),
		of(sumFields) && f != FieldCost && untaxed.has(ofTax...),
		f == FieldAmount && (h.has(ofUndiscounted...) || h.has(ofCost...)),
		of(measuredFields) && h.has(ofBonus...),
		of(placeFields) && h.has(ofContact...),
		f == FieldPhone && h.has(ofPapers...),
		f == FieldProduct && h.has(ofCustomer...),
		f == FieldAt && h.has(ofOtherDay...),
		f == FieldStore && h.has(ofStanding...),
		(f == FieldCard || f == FieldType) && h.has(ofPayment...),
		of(consentFields) && h.has(ofPrivacy...):
		return false
	}
	others := h.has(ofOthers...) || h.has(ofCompany...) && !h.has(ofWholeName...)
	return !others || h.has(ofCustomer...) || !of(contactFields) && !of(nameFields)
}
