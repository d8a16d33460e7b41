package importer

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"regulars/internal/base/fold"
)

const storeWords = "название магазина, наименование магазина, код магазина, номер магазина, id магазина, магазин, торговая точка, точка продаж, розничная точка, филиал, подразделение, " +
	"store name, store, shop, branch, outlet, sales point, point of sale, do kon nomi, do koni, do kon, dokon, savdo nuqtasi, filial, =точка"

const (
	customerIDWords = "код клиента, id клиента, ид клиента, клиент id, клиент код, код покупателя, id покупателя, ид покупателя, покупатель id, покупатель код, " +
		"код контрагента, id контрагента, ид контрагента, контрагент id, контрагент код, код гостя, id гостя, код участника, id участника, номер клиента, номер покупателя, номер участника, " +
		"customer id, client id, contact id, user id, member id, buyer id, guest id, loyalty id, customer code, client code, member code, " +
		"customer no, customer number, client no, client number, member no, member number, loyalty number, mijoz id, mijoz kodi, mijoz raqami, xaridor id, xaridor kodi"
	cardWords = "номер карты, карта номер, номер дисконтной карты, номер бонусной карты, номер скидочной карты, номер клубной карты, номер дк, дисконтная карта, накопительная карта, бонусная карта, скидочная карта, клубная карта, " +
		"карта лояльности, карта клиента, карта покупателя, карта гостя, карта участника, карта контрагента, код карты, код дисконтной карты, код бонусной карты, штрихкод карты, " +
		"card number, card no, card code, loyalty card, discount card, bonus card, club card, member card, membership card, customer card, client card, " +
		"karta raqami, karta kodi, bonus karta, bonus kartasi, chegirma kartasi, mijoz kartasi, =карта, =дк, =card, =karta"
)

// words are how files name their columns, in Russian, English and Uzbek. A
// name that begins with = must be the whole header; others may be a part of
// it. What stands first is meant more surely.
var words = map[Kind]map[Field]string{
	KindCustomers: {
		FieldExternal: customerIDWords + ", external id, идентификатор, =uid, =guid, =id, =ид, =код, =code",
		FieldCard:     cardWords,
		FieldPhone: "телефон, номер телефона, мобильный телефон, мобильный, сотовый, phone, phone number, mobile phone, mobile, cell phone, msisdn, telefon, telefoni, telefon raqami, " +
			"=тел, =tel, =cell",
		FieldEmail: "email, e mail, электронная почта, эл почта, электронный адрес, elektron pochta, =mail, =почта, =емейл, =имейл, =pochta",
		FieldName: "фио, ф и о, полное имя, имя клиента, имя и фамилия, фамилия имя отчество, фамилия и имя, full name, fullname, customer name, client name, f i sh, ism familiya, fio, " +
			"=клиент, =покупатель, =контрагент, =name, =customer, =client, =mijoz, =наименование",
		FieldLastName:   "фамилия, last name, lastname, surname, family name, familiya",
		FieldFirstName:  "first name, firstname, given name, forename, =имя, =ism, =ismi",
		FieldMiddleName: "отчество, middle name, patronymic, otasining ismi, sharif",
		FieldSex:        "=пол, =sex, =gender, =jinsi, =jins, пол клиента",
		FieldBorn: "дата рождения, день рождения, birth date, birthdate, birthday, date of birth, born, tugilgan sana, tug ilgan sana, tug ilgan kun, tug ilgan kuni, tugilgan kuni, " +
			"=др, =д р, =dob",
		FieldRegistered: "дата регистрации, дата создания, дата добавления, дата выдачи, зарегистрирован, registered at, registration date, registered, created at, date created, signup date, " +
			"join date, member since, ro yxatdan o tgan sana, ro yxatdan o tgan kuni, ro yxatga olingan sana, ro yxatga olingan, =создан, =created, =joined",
		FieldStore:    storeWords + ", =location",
		FieldCity:     "город, населенный пункт, city, town, shahar",
		FieldLabels:   "метки, теги, группа клиента, группы клиента, группа покупателей, группа контрагента, тип клиента, labels, tags, customer group, customer groups, mijoz guruhi, =группы, =группа, =метка, =тег, =tag, =group, =groups, =guruh",
		FieldLanguage: "язык, language, =lang, =til",
		FieldNote:     "примечание, комментарий, заметка, заметки, note, notes, comment, izoh",
		FieldConsent: "согласие на рассылку, согласие на рекламу, согласие, marketing consent, accepts marketing, consent, rozilik, " +
			"=рассылка, =подписка, =subscribed, =opt in",
		FieldConsentSMS: "согласие на sms, согласие на смс, согласие sms, sms рассылка, смс рассылка, consent sms, sms consent, sms opt in, accepts sms",
		FieldOptOut: "отказ от рассылки, отказ от рассылок, отказ от рекламы, отказ от сообщений, отказ от смс, отказ от sms, не беспокоить, не присылать, не отправлять, отписан, отписался, отписка, " +
			"opt out, opted out, do not contact, do not disturb, do not email, do not sms, unsubscribed, unsubscribe, =отказ, =dnc",
		FieldConsentEmail: "согласие на email, согласие на e mail, email рассылка, consent email, email consent, email opt in, accepts email",
		FieldPoints: "баланс баллов, остаток баллов, бонусный баланс, баланс бонусов, остаток бонусов, сумма бонусов, points balance, bonus balance, bonus balans, " +
			"бонусные баллы, накопленные бонусы, накопленные баллы, бонусы на счете, баллы на счете, bonus points, " +
			"=баллы, =баллов, =бонусы, =бонусов, =баланс, =points, =balance, =bonus, =bonuses, =ball, =ballar",
		FieldPointsExpire: "срок действия баллов, срок действия бонусов, баллы сгорают, бонусы сгорают, дата сгорания, сгорание баллов, сгорание бонусов, баллы сгорят, бонусы сгорят, баллы действуют до, бонусы действуют до, " +
			"points expire, points expiry, bonuses expire, bonus expiry, ballar kuyadi, bonuslar kuyadi, ballar kuyish sanasi, bonuslar kuyish sanasi, " +
			"ballar amal qilish muddati, bonuslar amal qilish muddati, =сгорают, =сгорание, =kuyadi, =kuyish sanasi, =expires at",
		FieldLevel: "уровень лояльности, уровень программы, уровень клиента, уровень участника, уровень карты, статус карты, статус лояльности, статус участника, вид карты, тип карты, категория карты, " +
			"loyalty tier, loyalty level, membership level, membership tier, member tier, card level, tier name, mijoz darajasi, karta darajasi, sodiqlik darajasi, " +
			"=уровень, =tier, =level, =daraja, =darajasi",
		FieldLevelUntil: "уровень действует до, уровень до, срок уровня, срок действия уровня, статус до, статус действует до, tier expires, tier expiry, tier until, level expires, level until, level expiry, " +
			"daraja muddati, daraja tugashi",
	},
	KindGiftcards: {
		FieldGiftcard: "номер подарочной карты, номер подарочного сертификата, номер сертификата, код подарочной карты, код подарочного сертификата, код сертификата, подарочная карта, подарочный сертификат, " +
			"gift card number, gift card code, gift card, giftcard, voucher number, voucher code, certificate number, certificate code, sovg a kartasi raqami, sovg a kartasi, sertifikat raqami, sertifikat kodi, " +
			"=сертификат, =ваучер, =voucher, =certificate, =sertifikat, =номер карты, =номер, =код, =card number, =number, =code, =karta raqami, =raqami",
		FieldBalance: "остаток на карте, остаток на сертификате, остаток сертификата, остаток карты, баланс карты, баланс сертификата, текущий баланс, текущий остаток, remaining balance, current balance, balance left, card balance, " +
			"karta qoldig i, =остаток, =баланс, =balance, =remaining, =qoldiq, =balans",
		FieldValidUntil: "действует до, действителен до, действительна до, годен до, срок действия, дата окончания, valid until, valid to, valid till, expires at, expires on, expiry date, expiration date, expires, amal qilish muddati, amal qiladi, =expiry",
		FieldExternal:   customerIDWords,
		FieldPhone:      "телефон владельца, телефон получателя, телефон клиента, телефон, номер телефона, phone, phone number, telefon, telefon raqami",
		FieldEmail:      "email, e mail, электронная почта, эл почта, =mail, =почта",
	},
	KindStock: {
		FieldStore:     storeWords + ", название склада, наименование склада, location name, warehouse name, ombor nomi, =склад, =location, =warehouse, =ombor",
		FieldSKU:       "артикул, код товара, код номенклатуры, sku, stock code, product code, item code, item no, mahsulot kodi, tovar kodi, artikul, =код, =article, =plu, =code, =kod",
		FieldBarcode:   "штрихкод, штрих код, barcode, bar code, ean 13, ean13, shtrix kod, shtrixkod, =шк, =ean, =gtin, =upc",
		FieldQuantity:  "остаток, количество, доступно, кол во, на складе, quantity, in stock, on hand, available, qoldiq, miqdor, miqdori, soni, =кол, =qty, =stock",
		FieldThreshold: "неснижаемый остаток, минимальный остаток, порог, минимум, minimum stock, min stock, reorder point, reorder level, threshold, minimal qoldiq, chegara, =min, =мин",
	},
	KindImages: {FieldFile: "=file", FieldSKU: "=code"},
	KindProducts: {
		FieldSKU: "артикул, код товара, код номенклатуры, номенклатурный номер, sku, stock code, stockcode, product code, item code, item no, product id, item id, " +
			"mahsulot kodi, tovar kodi, artikul, =код, =id, =ид, =article, =plu, =code, =kod",
		FieldBarcode: "штрихкод, штрих код, barcode, bar code, ean 13, ean13, shtrix kod, shtrix kodlar, shtrixkod, =шк, =ean, =gtin, =upc",
		FieldProduct: "наименование товара, название товара, наименование, название, номенклатура, product name, item name, mahsulot nomi, tovar nomi, " +
			"=товар, =name, =product, =item, =title, =nomi, =mahsulot, =tovar, =description",
		FieldCategory: "категория, название категории, наименование категории, товарная группа, группа товаров, группа товара, вид номенклатуры, category, product group, department, kategoriya, toifa, =группа, =раздел, =group, =guruh",
		FieldBrand:    "бренд, торговая марка, производитель, brand, manufacturer, vendor, brend, ishlab chiqaruvchi, =марка, =maker",
		FieldModel:    "модель товара, название модели, родительский товар, основной товар, parent sku, parent product, model name, style number, style code, =модель, =model, =style, =parent",
		FieldColour:   "характеристика цвет, цвет товара, colour, color, color name, rangi, =цвет, =rang",
		FieldSize:     "характеристика размер, размер товара, size, size name, o lchami, razmer, =размер, =o lcham",
		FieldVariant:  "характеристика товара, характеристика номенклатуры, значение характеристики, variant name, variant title, =характеристика, =характеристики, =модификация, =вариант, =variant, =variation, =xususiyat",
		FieldGoods:    "тип товара, вид товара, product type, item type, =тип, =type, =kind",
		FieldPrice:    "розничная цена, цена розничная, цена продажи, retail price, unit price, sale price, selling price, sotish narxi, =цена, =price, =narx, =narxi, =стоимость",
		FieldCost:     "себестоимость, закупочная цена, цена закупки, закупочная, cost price, purchase price, unit cost, tannarx, kelish narxi, =закупка, =cost",
		FieldActive:   "в продаже, is active, =активен, =активный, =активность, =продается, =доступен, =active, =enabled, =available, =faol",
	},
	KindReceipts: {
		FieldNumber: "=name, номер чека, чек номер, код чека, id чека, ид чека, номер кассового чека, номер товарного чека, id продажи, код продажи, номер продажи, номер накладной, накладная номер, номер накл, id накладной, " +
			"номер документа, документ номер, номер док, id документа, код документа, номер заказа, заказ номер, id заказа, ид заказа, код заказа, номер реализации, реализация номер, номер операции, id операции, " +
			"номер транзакции, id транзакции, код транзакции, chek номер, chek id, hujjat raqami, buyurtma raqami, sotuv raqami, receipt no, receipt number, receipt id, invoice no, invoice number, " +
			"invoice id, order id, order number, order no, transaction id, transaction number, transaction no, sale id, check number, check no, check id, ticket number, ticket no, ticket id, document number, document no, bill no, bill number, bill id, chek raqami, " +
			"=чек, =кассовый чек, =товарный чек, =накладная, =документ, =заказ, =receipt, =invoice, =order, =transaction, =ticket, =bill, =check, =chek, =номер, =number, =no, =id",
		FieldType: "тип операции, вид операции, тип чека, вид чека, тип документа, вид документа, тип продажи, вид продажи, тип транзакции, тип строки, хозяйственная операция, признак расчета, вид расчета, transaction type, event type, sale type, order type, line type, receipt type, operation type, document type, doc type, operatsiya turi, hujjat turi, " +
			"=операция, =operation, =тип, =вид, =kind, =type, =turi",
		FieldReturned: "признак возврата, это возврат, is return, is refund, is returned, is refunded, =возврат, =return, =returned, =refund, =refunded, =qaytarish, =qaytarilgan",
		FieldStatus: "статус чека, статус заказа, статус документа, статус операции, статус продажи, статус оплаты, статус платежа, состояние чека, состояние заказа, состояние оплаты, order status, payment status, sale status, invoice status, tolov holati, chek holati, buyurtma holati, financial status, receipt status, document status, transaction status, " +
			"=статус, =состояние, =аннулирован, =отменен, =status, =state, =voided, =void, =cancelled, =canceled, =is void, =is cancelled, =holat, =holati",
		FieldSale: "чек продажи, номер чека продажи, номер исходного чека, исходный чек, исходный документ, исходный заказ, чек основание, документ основание, документ продажи, возврат по чеку, " +
			"original receipt, original invoice, original order, original transaction, sale receipt, sale number, original sale, return of, refund of, parent order, " +
			"sotuv cheki, asl chek, asosiy chek, =sale",
		FieldAt: "дата и время, дата время, дата чека, дата продажи, дата покупки, дата документа, дата заказа, дата операции, дата накладной, дата реализации, дата транзакции, дата сделки, дата пробития, дата расхода, дата отгрузки, дата оплаты, дата закрытия, время закрытия, дата создания, invoice date, order date, transaction date, " +
			"sale date, sales date, date of sale, purchase date, date of purchase, receipt date, bill date, check date, sold at, closed at, =created at, paid at, date time, " +
			"sana va vaqt, chek sanasi, sotuv sanasi, savdo sanasi, xarid sanasi, sotilgan sana, =дата, =date, =datetime, =timestamp, =sana, =created, =time, =время, =vaqt",
		FieldTime:     "время чека, время продажи, время закрытия, time of day, invoice time, sale time, transaction time, =время, =time, =vaqt, =soat",
		FieldStore:    storeWords + ", location name, location id, warehouse name, =location, =warehouse, =склад, =объект",
		FieldTill:     "номер кассы, кассовый аппарат, касса, terminal, register, cash desk, =till, =pos, =kassa",
		FieldCashier:  "кассир, имя кассира, фио кассира, продавец, имя продавца, фио продавца, cashier, seller, salesperson, employee, kassir, sotuvchi, =сотрудник, =менеджер, =operator",
		FieldExternal: customerIDWords + ", =клиент, =покупатель, =контрагент, =гость, =customer, =client, =mijoz, =xaridor",
		FieldCard:     cardWords,
		FieldPhone: "телефон клиента, телефон, номер телефона, мобильный телефон, мобильный, сотовый, phone, phone number, mobile phone, mobile, cell phone, msisdn, telefon, telefoni, telefon raqami, " +
			"=тел, =tel, =cell",
		FieldEmail: "email, e mail, электронная почта, эл почта, =mail, =почта",
		FieldName: "фио клиента, имя клиента, фио покупателя, имя покупателя, наименование контрагента, наименование клиента, наименование покупателя, название клиента, фио, customer name, client name, mijoz ismi, " +
			"=клиент, =покупатель, =контрагент, =гость, =customer, =client, =mijoz, =xaridor",
		FieldSKU: "артикул, код товара, код номенклатуры, sku, stock code, stockcode, product code, item code, item no, product id, item id, mahsulot kodi, tovar kodi, artikul, " +
			"=код, =article, =plu, =kod",
		FieldBarcode: "штрихкод, штрих код, barcode, bar code, ean 13, ean13, shtrix kod, shtrix kodlar, shtrixkod, =шк, =ean, =gtin",
		FieldProduct: "наименование товара, название товара, номенклатура, наименование номенклатуры, название номенклатуры, наименование позиции, название позиции, наименование продукта, название продукта, " +
			"наименование услуги, название услуги, название блюда, полное наименование, lineitem name, product name, item name, item description, product description, mahsulot nomi, tovar nomi, " +
			"=наименование, =название, =товар, =блюдо, =услуга, =product, =item, =description, =name, =title, =mahsulot, =tovar, =nomi",
		FieldCategory: "категория, название категории, наименование категории, товарная группа, группа товаров, группа товара, category, product group, department, kategoriya, toifa, =группа, =group",
		FieldQuantity: "количество, кол во, quantity, number of, miqdor, miqdori, =кол, =qty, =шт, =units, =count, =pieces, =soni, =dona",
		FieldPrice: "цена со скидкой, цена с учетом скидки, net price, discounted price, discounted unit price, chegirmali narx, " +
			"цена за единицу, цена за ед, цена за шт, цена продажи, unit price, item price, lineitem price, sale price, =цена, =price, =narx, =narxi",
		FieldDiscount: "lineitem discount, сумма скидки, скидка сумма, discount amount, chegirma summasi, =скидка, =discount, =chegirma",
		FieldDiscountPercent: "скидка percent, percent скидки, процент скидки, скидка процент, скидка в процентах, discount percent, percent discount, discount percentage, discount rate, " +
			"chegirma percent, chegirma foizi, chegirma foizda",
		FieldAmount: "сумма со скидкой, сумма с учетом скидки, итого со скидкой, итого к оплате, сумма к оплате, =к оплате, =оплачено, net amount, =net, =net sales, amount paid, total paid, chegirmali summa, " +
			"сумма строки, сумма продажи, сумма покупки, итоговая сумма, сумма чека, итого по чеку, сумма заказа, line total, total amount, total price, receipt total, order total, chek summasi, " +
			"dollar value, sales amount, umumiy summa, " +
			"=сумма, =итого, =всего, =всего к оплате, =сумма оплаты, =оплаченная сумма, =выручка, =стоимость, =amount, =total, =sum, =sales, =revenue, =value, =subtotal, =summa, =jami, =sale",
		FieldCost:         "себестоимость, закупочная цена, цена закупки, cost price, unit cost, tannarx, =cost",
		FieldCurrency:     "код валюты, currency code, =валюта, =currency, =valyuta",
		FieldPointsEarned: "начислено баллов, начислено бонусов, баллов начислено, бонусов начислено, points earned, earned points, bonus earned, =начислено",
		FieldPointsUsed:   "списано баллов, списано бонусов, оплачено баллами, оплачено бонусами, points redeemed, points used, points spent, redeemed points, =списано",
		FieldNote:         "примечание, комментарий, note, notes, comment, izoh",
	},
}

// spelling is one way to name a column.
type spelling struct {
	field Field
	words string
	whole bool
	place int // in its list
}

// spellings is words, taken apart.
var spellings = func() map[Kind][]spelling {
	out := map[Kind][]spelling{}
	for kind, byField := range words {
		for _, f := range fields[kind] {
			for place, text := range strings.Split(byField[f], ",") {
				text, whole := strings.CutPrefix(strings.TrimSpace(text), "=")
				if text != "" {
					out[kind] = append(out[kind], spelling{f, text, whole, place})
				}
			}
		}
	}
	return out
}()

// fit is how surely a header means a field: 0 not at all, 1000 to the letter.
func (s spelling) fit(h heading) int {
	switch {
	case h.words == s.words, h.measure == s.words && slices.Contains(measuredFields, s.field):
		return 1000 - s.place
	case s.whole || !strings.Contains(" "+h.words+" ", " "+s.words+" "):
		return 0
	}
	return 300 + 300*len(s.words)/len(h.words) - s.place
}

// headerWords makes the headers "InvoiceNo", "invoice_no" and "№ чека" words
// in small letters, parted by one blank.
func headerWords(header string) string {
	header = fold.OneScript(header)
	var b strings.Builder
	var last rune
	gap := func() {
		if b.Len() > 0 && last != ' ' {
			b.WriteByte(' ')
			last = ' '
		}
	}
	for i, r := range header {
		switch {
		case r == '№':
			gap()
			b.WriteString("номер")
			last = 'р'
			gap()
		case r == '%':
			gap()
			b.WriteString("percent")
			last = 't'
			gap()
		case unicode.Is(unicode.Sc, r):
			gap()
			b.WriteRune(r)
			last = r
			gap()
		case unicode.Is(unicode.Lm, r): // the turned comma of Uzbek, as any other apostrophe
			gap()
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			if unicode.IsUpper(r) && (unicode.IsLower(last) || endsAbbreviation(header[i:], last)) {
				gap()
			}
			last = r
			r = unicode.ToLower(r)
			if r == 'ё' {
				r = 'е'
			}
			b.WriteRune(r)
		default:
			gap()
		}
	}
	return strings.TrimSuffix(b.String(), " ")
}

// endsAbbreviation reports whether rest begins the word after an abbreviation:
// the N of "IDName".
func endsAbbreviation(rest string, last rune) bool {
	if !unicode.IsUpper(last) {
		return false
	}
	_, size := utf8.DecodeRuneInString(rest)
	next, _ := utf8.DecodeRuneInString(rest[size:])
	return unicode.IsLower(next)
}
