package importer

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"regulars/internal/base/errs"
	"regulars/internal/base/i18n"
	"regulars/internal/base/money"
	"regulars/internal/importer/delimited"
)

func TestHeaderWords(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"InvoiceNo":          "invoice no",
		"CustomerID":         "customer id",
		"customer_id":        "customer id",
		"IDName":             "id name",
		"№ чека":             "номер чека",
		"Кол-во, шт.":        "кол во шт",
		"Скидка, %":          "скидка percent",
		" Учёт  ":            "учет",
		"Tug‘ilgan sana":     "tug ilgan sana",
		"Tugʻilgan sana":     "tug ilgan sana",
		"Tug'ilgan sana":     "tug ilgan sana",
		"Дата (регистрации)": "дата регистрации",
		"":                   "",
	} {
		if got := headerWords(header); got != want {
			t.Errorf("headerWords(%q) = %q, want %q", header, got, want)
		}
	}
}

func TestSniff(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text    string
		kind    Kind
		columns map[Field]int
		options func(*Options) // what differs from the usual
	}{
		"Online Retail": {
			text: "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n536365,85123A,WHITE HANGING HEART,6,2010-12-01 08:26:00,2.55,17850,United Kingdom\n",
			kind: KindReceipts,
			columns: map[Field]int{
				FieldNumber: 1, FieldSKU: 2, FieldProduct: 3, FieldQuantity: 4, FieldAt: 5, FieldPrice: 6, FieldExternal: 7,
			},
		},
		"the demo chain": {
			text: "receipt,kind,sale,time,store,till,cashier,customer_id,line,sku,product,quantity,price,discount,amount\n" +
				"S1-1,sale,,2024-02-01T10:00:00+05:00,S1,S1-1,C1,77,1,A,Milk,2.000,15.0000,1.00,29.00\nS1-2,return,S1-1,2024-02-02T10:00:00+05:00,S1,S1-1,C1,77,1,A,Milk,-1.000,15.0000,-0.50,-14.50\n",
			kind: KindReceipts,
			columns: map[Field]int{
				FieldNumber: 1, FieldType: 2, FieldSale: 3, FieldAt: 4, FieldStore: 5, FieldTill: 6, FieldCashier: 7, FieldExternal: 8,
				FieldSKU: 10, FieldProduct: 11, FieldQuantity: 12, FieldPrice: 13, FieldDiscount: 14, FieldAmount: 15,
			},
		},
		"1C in Russian": {
			text: "Отчёт о продажах;;;;;;\nЗа январь;;;;;;\n№ чека;Дата;Магазин;Покупатель;Номенклатура;Кол-во;Сумма, руб.\n" +
				"1;01.02.2024 10:00:00;Центр;Иванов Иван;Крем;1,000;1 250,50\n2;01.02.2024 10:05:00;Центр;Петрова Анна;Крем;2,000;2 501,00\n",
			kind: KindReceipts,
			columns: map[Field]int{
				FieldNumber: 1, FieldAt: 2, FieldStore: 3, FieldName: 4, FieldProduct: 5, FieldQuantity: 6, FieldAmount: 7,
			},
			options: func(o *Options) { o.Header, o.Decimal = 3, "," },
		},
		"Uzbek": {
			text:    "Chek;Sana;Mijoz ID;Tovar;Soni;Narx;Jami\n1;01.02.2024;7;Sut;2;12 000;24 000\n",
			kind:    KindReceipts,
			columns: map[Field]int{FieldNumber: 1, FieldAt: 2, FieldExternal: 3, FieldProduct: 4, FieldQuantity: 5, FieldPrice: 6, FieldAmount: 7},
			options: func(o *Options) { o.Decimal = "," },
		},
		"customers in Uzbek": {
			text:    "Familiya;Ism;Jinsi;Telefon raqami;Tug‘ilgan sana;Shahar\nKarimova;Nilufar;ayol;+998 90 123 45 67;24.08.1993;Toshkent\n",
			kind:    KindCustomers,
			columns: map[Field]int{FieldLastName: 1, FieldFirstName: 2, FieldSex: 3, FieldPhone: 4, FieldBorn: 5, FieldCity: 6},
			options: func(o *Options) { o.Decimal = "," },
		},
		"customers by their cells": {
			text:    "Anna Smith,anna@example.com,+44 20 7946 0000,1990-01-05,F\nBob Brown,bob@example.com,+44 20 7946 0001,1985-11-30,M\n",
			kind:    KindCustomers,
			columns: map[Field]int{FieldName: 1, FieldEmail: 2, FieldPhone: 3, FieldBorn: 4, FieldSex: 5},
			options: func(o *Options) { o.Header = 0 },
		},
		"whole names in English": {
			text:    "Customer ID,Full Name,Email\n1,Anna Smith,anna@example.com\n",
			kind:    KindCustomers,
			columns: map[Field]int{FieldExternal: 1, FieldName: 2, FieldEmail: 3},
			options: func(o *Options) { o.NameOrder = FirstLast },
		},
		"American days in order of time": {
			text:    "receipt,date,amount\n1,12/1/2010 8:26,5\n2,12/2/2010 8:26,5\n3,12/3/2010 8:26,5\n4,12/4/2010 8:26,5\n",
			kind:    KindReceipts,
			columns: map[Field]int{FieldNumber: 1, FieldAt: 2, FieldAmount: 3},
			options: func(o *Options) { o.DateOrder = MonthFirst },
		},
		"days first by one cell": {
			text:    "receipt,date,amount\n1,1/2/2010,5\n2,13/2/2010,5\n3,2/3/2010,5\n",
			kind:    KindReceipts,
			columns: map[Field]int{FieldNumber: 1, FieldAt: 2, FieldAmount: 3},
		},
		"a header is not believed blindly": {
			text:    "Чек;Дата;Цена;Сумма;Скидка, %\n1;01.02.2024;договорная;5,00;10\n2;01.02.2024;звоните;6,00;10\n",
			kind:    KindReceipts,
			columns: map[Field]int{FieldNumber: 1, FieldAt: 2, FieldAmount: 4, FieldDiscountPercent: 5},
			options: func(o *Options) { o.Decimal = "," },
		},
		"products": {
			text:    "Название;Цена;Описание;Картинка;Активен;Производитель\nКрем для рук;700;Увлажняет;a.png;1;2\n",
			kind:    KindProducts,
			columns: map[Field]int{FieldProduct: 1, FieldPrice: 2, FieldActive: 5}, // a number is no brand
			options: func(o *Options) { o.Decimal = "," },
		},
		"no rows of data": {
			text:    "Фамилия;Имя;Телефон\n",
			kind:    KindCustomers,
			columns: map[Field]int{FieldLastName: 1, FieldFirstName: 2, FieldPhone: 3},
			options: func(o *Options) { o.Decimal = "," },
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, m := sniff(t, tt.text)
			want := Options{Header: 1, Decimal: ".", DateOrder: DayFirst, NameOrder: LastFirst, Zone: "Asia/Tashkent", Region: "UZ"}
			if tt.options != nil {
				tt.options(&want)
			}
			if m.Kind != tt.kind {
				t.Errorf("kind %s, want %s", m.Kind, tt.kind)
			}
			if diff := cmp.Diff(tt.columns, m.Columns); diff != "" {
				t.Errorf("columns (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(want, m.Options); diff != "" {
				t.Errorf("options (-want +got):\n%s", diff)
			}
			if err := m.Validate(); err != nil {
				t.Error(err)
			}
		})
	}
}

// What tills and back offices call their columns, with what is not to be taken for
// money, or for the customer, though it looks like it.
func TestSniffHeadersOfTills(t *testing.T) {
	t.Parallel()
	type columns = map[Field]int
	for name, tt := range map[string]struct {
		text    string
		columns columns
	}{
		"units": {
			"Чек №;Дата, время;Кол-во, шт;Цена, сум;Скидка, сум;Сумма, сум;в т.ч. НДС, сум\n1;01.02.2024 10:00;2;5,50;1,00;10,00;1,07\n",
			columns{FieldNumber: 1, FieldAt: 2, FieldQuantity: 3, FieldPrice: 4, FieldDiscount: 5, FieldAmount: 6},
		},
		"a unit in brackets":        {"Чек;Дата;Сумма (UZS);Скидка (UZS)\n1;01.02.2024;10,00;1,00\n", columns{FieldNumber: 1, FieldAt: 2, FieldAmount: 3, FieldDiscount: 4}},
		"a unit with an apostrophe": {"Chek;Sana;Narxi, so‘m;Soni, dona;QQS, so‘m\n1;01.02.2024;10,00;1;1,07\n", columns{FieldNumber: 1, FieldAt: 2, FieldPrice: 3, FieldQuantity: 4}},
		"with tax":                  {"Чек;Дата;Сумма НДС;Сумма с НДС, сум\n1;01.02.2024;1,07;10,00\n", columns{FieldNumber: 1, FieldAt: 2, FieldAmount: 4}},
		"two currencies":            {"Чек;Дата;Сумма продажи, USD;Сумма продажи, UZS\n1;01.02.2024;10,00;125000,00\n", columns{FieldNumber: 1, FieldAt: 2, FieldAmount: 4}},
		"a currency's sign":         {"receipt;date;Amount ($)\n1;01.02.2024;10.00\n", columns{FieldNumber: 1, FieldAt: 2}},
		"thousands":                 {"Чек;Дата;Сумма, тыс. сум\n1;01.02.2024;125,5\n", columns{FieldNumber: 1, FieldAt: 2}},
		"receipts of unknown sums": {
			"Дата;Чек;Касса;Наименование;Кол-во;Цена, тг;Сумма, тг;Клиент (телефон)\n01.02.2024;1;2;Чай;1;500;500;+998 90 123 45 67\n",
			columns{FieldAt: 1, FieldNumber: 2, FieldTill: 3, FieldProduct: 4, FieldQuantity: 5, FieldPhone: 8},
		},
		"less the discount":            {"Чек;Дата;Сумма;Скидка;Итого\n1;01.02.2024;25000;2500;22500\n2;01.02.2024;1000;0;1000\n", columns{FieldNumber: 1, FieldAt: 2, FieldAmount: 5, FieldDiscount: 4}},
		"less the discount in Uzbek":   {"Chek;Sana;Jami;Chegirma;Summa\n1;01.02.2024;25000;2500;22500\n", columns{FieldNumber: 1, FieldAt: 2, FieldAmount: 5, FieldDiscount: 4}},
		"less the discount in percent": {"receipt,date,Amount,Discount,Total\n1,2024-02-01,25000,10,22500\n2,2024-02-01,100,5%,95\n", columns{FieldNumber: 1, FieldAt: 2, FieldAmount: 5, FieldDiscountPercent: 4}},
		"to pay":                       {"Чек;Дата;Сумма;К оплате\n1;01.02.2024;25000;22500\n", columns{FieldNumber: 1, FieldAt: 2, FieldAmount: 4}},
		"of several":                   {"Чек;Дата;Сумма продажи;Сумма продажи со скидкой;Сумма продажи по себестоимости\n1;01.02.2024;25000;22500;9000\n", columns{FieldNumber: 1, FieldAt: 2, FieldAmount: 4}},
		"before discounts":             {"Чек;Дата;Сумма продажи без скидки;Скидка\n1;01.02.2024;25000;2500\n", columns{FieldNumber: 1, FieldAt: 2, FieldDiscount: 4}},
		"percent": {
			"Чек;Дата;Кол-во;Цена;Скидка, %\n1;01.02.2024;1;500;10\n2;01.02.2024;1;500;0\n",
			columns{FieldNumber: 1, FieldAt: 2, FieldQuantity: 3, FieldPrice: 4, FieldDiscountPercent: 5},
		},
		"percent that is money":  {"Чек;Дата;Сумма;Скидка %\n1;01.02.2024;5000;1000\n", columns{FieldNumber: 1, FieldAt: 2, FieldAmount: 3}},
		"a price less discounts": {"Чек;Дата;Кол-во;Цена;Скидка;Цена со скидкой\n1;01.02.2024;1;500;50;450\n", columns{FieldNumber: 1, FieldAt: 2, FieldQuantity: 3, FieldPrice: 6}},
		"of the whole receipt":   {"Чек;Дата;Товар;Сумма чека\n1;01.02.2024;Чай;700\n1;01.02.2024;Сыр;700\n", columns{FieldNumber: 1, FieldAt: 2, FieldProduct: 3}},
		"of receipts of one row": {"Чек;Дата;Сумма чека\n1;01.02.2024;700\n2;01.02.2024;700\n", columns{FieldNumber: 1, FieldAt: 2, FieldAmount: 3}},
		"of the line beside it":  {"Чек;Дата;Сумма чека;Сумма\n1;01.02.2024;700;500\n1;01.02.2024;700;200\n", columns{FieldNumber: 1, FieldAt: 2, FieldAmount: 4}},
		"totals that are of the receipt": {
			"Чек;Дата;Товар;Итого\n1;01.02.2024;Чай;700\n1;01.02.2024;Сыр;700\n2;01.02.2024;Чай;90\n2;01.02.2024;Сыр;90\n3;01.02.2024;Чай;40\n3;01.02.2024;Сыр;40\n",
			columns{FieldNumber: 1, FieldAt: 2, FieldProduct: 3},
		},
		"bonuses are no goods":   {"Чек;Дата;Количество бонусов;Сумма\n1;01.02.2024;70;500\n", columns{FieldNumber: 1, FieldAt: 2, FieldAmount: 4}},
		"paid by card":           {"Чек;Дата;Сумма;Наличные;Карта\n1;01.02.2024;500;500;0\n2;01.02.2024;500;100;400\n", columns{FieldNumber: 1, FieldAt: 2, FieldAmount: 3}},
		"the brand of a card":    {"Чек;Дата;Сумма;Карта\n1;01.02.2024;500;Uzcard\n2;01.02.2024;500;HUMO\n", columns{FieldNumber: 1, FieldAt: 2, FieldAmount: 3}},
		"a card":                 {"Чек;Дата;Сумма;Карта\n1;01.02.2024;500;1001\n2;01.02.2024;500;\n", columns{FieldNumber: 1, FieldAt: 2, FieldAmount: 3, FieldCard: 4}},
		"customers' phones":      {"Чек;Дата;Сумма;Клиент\n1;01.02.2024;500;+998 90 123 45 67\n2;01.02.2024;500;901234568\n", columns{FieldNumber: 1, FieldAt: 2, FieldAmount: 3, FieldPhone: 4}},
		"customers' mail":        {"Чек;Дата;Сумма;Покупатель\n1;01.02.2024;500;anna@example.com\n", columns{FieldNumber: 1, FieldAt: 2, FieldAmount: 3, FieldEmail: 4}},
		"customers' ids":         {"Чек;Дата;Сумма;Код клиента\n1;01.02.2024;500;901234567\n", columns{FieldNumber: 1, FieldAt: 2, FieldAmount: 3, FieldExternal: 4}},
		"other people's phones":  {"Чек;Дата;Сумма;Телефон магазина;Телефон кассира;Store phone;Do‘kon telefoni;Email кассира\n1;01.02.2024;500;901234567;901234567;901234567;901234567;a@example.com\n", columns{FieldNumber: 1, FieldAt: 2, FieldAmount: 3}},
		"other names":            {"Чек;Дата;Сумма;Название магазина;Наименование контрагента;Имя кассира\n1;01.02.2024;500;Центр;Иванов Иван;Анна\n", columns{FieldNumber: 1, FieldAt: 2, FieldAmount: 3, FieldStore: 4, FieldName: 5, FieldCashier: 6}},
		"a row's number":         {"№;Дата;Сумма\n1;01.02.2024;500\n2;01.02.2024;500\n3;01.02.2024;500\n", columns{FieldAt: 2, FieldAmount: 3}},
		"a receipt's number":     {"№;Дата;Сумма\n7;01.02.2024;500\n7;01.02.2024;500\n8;01.02.2024;500\n", columns{FieldNumber: 1, FieldAt: 2, FieldAmount: 3}},
		"the number of the sale": {"Sale number;Date;Amount\nA1;2024-02-01;500\n", columns{FieldNumber: 1, FieldAt: 2, FieldAmount: 3}},
		"the sale is a sum":      {"date,customer_id,sale\n2024-01-01,17,10.50\n", columns{FieldAt: 1, FieldExternal: 2, FieldAmount: 3}},
		"a sale of every row":    {"Чек;Документ продажи;Дата;Сумма\n1;А1;01.02.2024;500\n2;А2;01.02.2024;500\n", columns{FieldNumber: 1, FieldAt: 3, FieldAmount: 4}},
		"returns alone":          {"Чек;Чек продажи;Дата;Сумма\n3;1;01.02.2024;-500\n4;2;01.02.2024;-500\n", columns{FieldNumber: 1, FieldSale: 2, FieldAt: 3, FieldAmount: 4}},
		"rows of receipts":       {"№;ID заказа;Дата;Сумма\n1;А7;01.02.2024;500\n2;А7;01.02.2024;500\n1;А8;01.02.2024;500\n2;А8;01.02.2024;500\n3;А8;01.02.2024;500\n", columns{FieldNumber: 2, FieldAt: 3, FieldAmount: 4}},
		"rows of each receipt":   {"№;Дата;Сумма\n1;01.02.2024;500\n1;01.02.2024;500\n2;01.02.2024;500\n1;02.02.2024;500\n", columns{FieldAt: 2, FieldAmount: 3}},
		"the first has two rows": {"№;Дата;Сумма\n1;01.02.2024;500\n1;01.02.2024;500\n2;01.02.2024;500\n3;02.02.2024;500\n", columns{FieldNumber: 1, FieldAt: 2, FieldAmount: 3}},
		"terminals":              {"Чек;Дата;Сумма;Терминал;Карта\n1;01.02.2024;500;2;10000017\n2;01.02.2024;700;1;10000018\n", columns{FieldNumber: 1, FieldAt: 2, FieldAmount: 3, FieldCard: 5}},
		"paid by terminal":       {"Чек;Дата;Сумма;Терминал;Карта\n1;01.02.2024;500;500;\n2;01.02.2024;700;;700\n", columns{FieldNumber: 1, FieldAt: 2, FieldAmount: 3}},
		"is it paid in cash":     {"Чек;Дата;Сумма;Наличные;Карта\n1;01.02.2024;500;да;1001\n2;01.02.2024;700;нет;1002\n", columns{FieldNumber: 1, FieldAt: 2, FieldAmount: 3, FieldCard: 5}},
		"empty columns": {
			"Дата чека;Дата;Чек;Сумма;Код клиента;Клиент;Телефон;Мобильный телефон\n;01.02.2024;1;500;;1001;;901234567\n",
			columns{FieldAt: 2, FieldNumber: 3, FieldAmount: 4, FieldExternal: 6, FieldPhone: 8},
		},
		"on few rows":             {"ID;Заказ;Дата оплаты;Дата;Сумма\n7001;1;02.02.2024;01.02.2024;500\n;1;;01.02.2024;500\n;1;;01.02.2024;500\n", columns{FieldNumber: 2, FieldAt: 4, FieldAmount: 5}},
		"days of who knows what":  {"Чек;Дата визита;Дата заявки;Сумма\n1;01.02.2024;01.02.2024;500\n", columns{FieldNumber: 1, FieldAmount: 4}},
		"a day of who knows what": {"Чек;Дата визита;Сумма\n1;01.02.2024;500\n", columns{FieldNumber: 1, FieldAt: 2, FieldAmount: 3}},
		"Shopify": {
			"Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,Subtotal,Shipping,Taxes,Total,Discount Code,Discount Amount,Shipping Method,Created at," +
				"Lineitem quantity,Lineitem name,Lineitem price,Lineitem compare at price,Lineitem sku,Lineitem requires shipping,Lineitem taxable,Lineitem fulfillment status,Shipping Name,Lineitem discount,Id\n" +
				"#1001,ann@example.com,paid,2024-02-01 10:00:00 +0500,fulfilled,2024-02-02 10:00:00 +0500,yes,UZS,25.00,5.00,0.00,30.00,,0.00,Post,2024-02-01 09:59:00 +0500,2,Tea,10.00,,T1,true,true,fulfilled,Ann Lee,0.00,5001\n" +
				"#1001,ann@example.com,,,,,,,,,,,,,,2024-02-01 09:59:00 +0500,1,Cup,5.00,,C1,true,true,fulfilled,,0.00,\n" +
				"#1002,bob@example.com,paid,2024-02-01 11:00:00 +0500,fulfilled,2024-02-02 10:00:00 +0500,no,UZS,10.00,5.00,0.00,15.00,,0.00,Post,2024-02-01 10:59:00 +0500,1,Tea,10.00,,T1,true,true,fulfilled,Bob Ray,0.00,5002\n",
			columns{FieldNumber: 1, FieldEmail: 2, FieldStatus: 3, FieldCurrency: 8, FieldAt: 16, FieldQuantity: 17, FieldProduct: 18, FieldPrice: 19, FieldSKU: 21, FieldDiscount: 26},
		},
		"Square": {
			"Date,Time,Time Zone,Category,Item,Qty,Price Point Name,SKU,Modifiers Applied,Gross Sales,Discounts,Net Sales,Tax,Transaction ID,Payment ID,Device Name,Notes,Details,Event Type,Location,Dining Option,Customer ID,Customer Name\n" +
				"2024-02-01,10:00:00,Tashkent,Drinks,Tea,2.0,Regular,T1,,$20.00,-$2.00,$18.00,$0.00,TX1,P1,Till,,https://example.com,Payment,Main,,C77,Ann Lee\n",
			columns{FieldAt: 1, FieldTime: 2, FieldCategory: 4, FieldProduct: 5, FieldQuantity: 6, FieldSKU: 8, FieldAmount: 12, FieldNumber: 14, FieldNote: 17, FieldStore: 20, FieldType: 19, FieldExternal: 22, FieldName: 23},
		},
		"WooCommerce": {
			"Order Number,Order Status,Order Date,Email (Billing),Phone (Billing),Order Total Amount,SKU,Item Name,Quantity (- Refund),Item Cost\n" +
				"1,completed,2024-02-01,ann@example.com,901234567,25.00,T1,Tea,2,10.00\n1,completed,2024-02-01,ann@example.com,901234567,25.00,C1,Cup,1,5.00\n",
			columns{FieldNumber: 1, FieldStatus: 2, FieldAt: 3, FieldEmail: 4, FieldPhone: 5, FieldSKU: 7, FieldProduct: 8, FieldQuantity: 9},
		},
		"taxed in another column": {
			"Чек;Дата;Кол-во;Цена;Сумма;Ставка НДС;Сумма НДС;Сумма с НДС\n1;01.02.2024;2;100,00;200,00;12%;24,00;224,00\n2;01.02.2024;1,000;100,00;100,00;12%;12,00;112,00\n",
			columns{FieldNumber: 1, FieldAt: 2, FieldQuantity: 3, FieldAmount: 8},
		},
		"tax on top":            {"Чек;Дата;Сумма;Сумма НДС;Всего\n1;01.02.2024;200;24;224\n2;01.02.2024;500;60;560\n", columns{FieldNumber: 1, FieldAt: 2, FieldAmount: 5}},
		"tax within":            {"Чек;Дата;Сумма;Сумма НДС;Всего\n1;01.02.2024;224;24;224\n", columns{FieldNumber: 1, FieldAt: 2, FieldAmount: 3}},
		"sales tax":             {"Receipt,Date,Amount,Tax,Total\n1,2024-02-01,200,24,224\n", columns{FieldNumber: 1, FieldAt: 2, FieldAmount: 5}},
		"before sales tax":      {"Receipt,Date,Total amount before tax,Total amount with tax\n1,2024-02-01,200,224\n", columns{FieldNumber: 1, FieldAt: 2, FieldAmount: 4}},
		"the rate of a tax":     {"Чек;Дата;Цена;Сумма с НДС 12%\n1;01.02.2024;100;112\n", columns{FieldNumber: 1, FieldAt: 2, FieldPrice: 3, FieldAmount: 4}},
		"a tax of a rate":       {"Чек;Дата;НДС 12%;Сумма с НДС, %;Сумма\n1;01.02.2024;12;12;112\n", columns{FieldNumber: 1, FieldAt: 2, FieldAmount: 5}},
		"paid, not taxed again": {"Чек;Дата;Сумма;Скидка;Сумма НДС;Итого к оплате\n1;01.02.2024;200;20;19;180\n", columns{FieldNumber: 1, FieldAt: 2, FieldAmount: 6, FieldDiscount: 4}},
		"paid in cash, or not":  {"Чек;Дата;Сумма;Наличные;Карта\n1;01.02.2024;500;1;1001\n2;01.02.2024;700;0;1002\n", columns{FieldNumber: 1, FieldAt: 2, FieldAmount: 3, FieldCard: 5}},
		"small sums by card":    {"Чек;Дата;Сумма;Наличные;Карта\n1;01.02.2024;20;5;15\n2;01.02.2024;7;7;0\n3;01.02.2024;7;0;7\n", columns{FieldNumber: 1, FieldAt: 2, FieldAmount: 3}},
		"totals of lines":       {"Receipt,Date,Qty,Price,Total,Shipping Name\n1,2024-02-01,2,10,18,Ann\n", columns{FieldNumber: 1, FieldAt: 2, FieldQuantity: 3, FieldPrice: 4, FieldAmount: 5}},
		"guests":                {"Чек;Дата;Сумма;Гость\n1;01.02.2024;500;Анна Ли\n", columns{FieldNumber: 1, FieldAt: 2, FieldAmount: 3, FieldName: 4}},
		"cards of banks":        {"Чек;Дата;Сумма;Номер карты оплаты;Номер банковской карты;Gift card number\n1;01.02.2024;500;4276;8600;9\n", columns{FieldNumber: 1, FieldAt: 2, FieldAmount: 3}},
		"registered, not sold":  {"Клиент;Дата регистрации клиента;Номер чека;Дата реализации;Сумма\n17;01.02.1984;1;01.02.2024;500\n", columns{FieldExternal: 1, FieldNumber: 3, FieldAt: 4, FieldAmount: 5}},
		"cards given out":       {"Чек;Дата выдачи карты;Сумма\n1;01.02.2024;500\n", columns{FieldNumber: 1, FieldAmount: 3}},
		"sums in units":         {"Чек;Дата;Цена, у.е.;Сумма, у.е.;Скидка (долл.);Сумма y.e.\n1;01.02.2024;5;5;1;5\n", columns{FieldNumber: 1, FieldAt: 2}},
		"dollars":               {"Чек;Дата;Сумма в долларах;Сумма $;Сумма\n1;01.02.2024;5;5;60000\n", columns{FieldNumber: 1, FieldAt: 2, FieldAmount: 5}},
		"store credit":          {"Receipt,Date,Amount,Store Credit Used,Store Visits\n1,2024-02-01,500,10,3\n", columns{FieldNumber: 1, FieldAt: 2, FieldAmount: 3}},
		"ways to pay":           {"Чек;Дата;Сумма;Тип операции оплаты;Payment method type\n1;01.02.2024;500;Продажа;sale\n", columns{FieldNumber: 1, FieldAt: 2, FieldAmount: 3}},
		"birthdays":             {"Чек;Дата рождения;Дата закрытия;Сумма\n1;01.02.1984;01.02.2024;500\n", columns{FieldNumber: 1, FieldAt: 3, FieldAmount: 4}},
		"only birthdays":        {"Чек;Дата рождения;Сумма\n1;01.02.1984;500\n", columns{FieldNumber: 1, FieldAmount: 3}},
	} {
		s, err := Sniff(t.Context(), write(t, tt.text), Hints{Zone: "UTC", Region: "UZ", Currency: money.Currency{Code: "UZS", Exponent: 2}})
		if err != nil || s.Mapping.Kind != KindReceipts {
			t.Errorf("%s: %s, %v", name, s.Mapping.Kind, err)
		}
		if diff := cmp.Diff(tt.columns, s.Mapping.Columns); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	for _, number := range []string{
		"Bill No", "№ продажи", "Номер продажи", "Документ №", "Заказ №", "Номер транзакции", "ID транзакции", "No", "Чек №", "Sale number",
		"ID заказа", "Код заказа", "Chek №", "№ док.", "Накладная", "Накладная №", "Кассовый чек", "№ кассового чека", "Код продажи", "Order Number", "Check no", "Hujjat raqami",
	} {
		if _, m := sniff(t, number+";Date;Amount\nA1;2024-02-01;5\n"); m.Columns[FieldNumber] != 1 {
			t.Errorf("%q is no number: %v", number, m.Columns)
		}
	}
	for _, customer := range []string{
		"Код покупателя", "ID покупателя", "Код контрагента", "ID контрагента", "Клиент (код)", "Код гостя", "Номер участника", "Mijoz kodi", "Client Code", "Loyalty ID", "Member number",
	} {
		if _, m := sniff(t, "Чек;Date;Amount;"+customer+"\nA1;2024-02-01;5;1001\n"); m.Columns[FieldExternal] != 4 {
			t.Errorf("%q is no customer: %v", customer, m.Columns)
		}
	}
	for _, card := range []string{
		"Карта №", "№ карты", "Карта покупателя", "Карта гостя", "Номер дисконтной карты", "Номер бонусной карты", "Карта лояльности", "Bonus karta", "Loyalty card", "Membership card no",
	} {
		for _, text := range []string{"Чек;Date;Amount;" + card + "\nA1;2024-02-01;5;1001\n", "ФИО;Телефон;Email;" + card + "\nАнна Ли;901234567;;1001\n"} {
			if _, m := sniff(t, text); m.Columns[FieldCard] != 4 {
				t.Errorf("%q is no card of %s: %v", card, m.Kind, m.Columns)
			}
		}
	}
	for _, day := range []string{"Дата реализации", "Дата транзакции", "Дата отгрузки", "Sales date", "Date of purchase", "Sotuv sanasi"} {
		if _, m := sniff(t, "Чек;Дата рождения;Дата визита;"+day+";Amount\nA1;1984-02-01;2024-02-01;2024-02-01;5\n"); m.Columns[FieldAt] != 4 {
			t.Errorf("%q is no date: %v", day, m.Columns)
		}
	}
	for _, store := range []string{
		"Точка продаж", "Торговая точка", "Розничная точка", "Точка", "Склад", "Код магазина", "Название магазина", "Магазин продажи", "Филиал", "Объект",
		"Savdo nuqtasi", "Do'kon nomi", "Sales point", "Point of sale", "Location", "Warehouse",
	} {
		if _, m := sniff(t, "Чек;Date;Amount;"+store+"\nA1;2024-02-01;5;Центр\n"); m.Columns[FieldStore] != 4 {
			t.Errorf("%q is no store: %v", store, m.Columns)
		}
	}
}

// The day on which points expire is known by its usual names, beside the points; how
// many do is no day.
func TestSniffHeadersOfExpiry(t *testing.T) {
	t.Parallel()
	for _, head := range []string{
		"Срок действия баллов", "Баллы сгорают", "Дата сгорания", "Дата сгорания бонусов", "Бонусы сгорают", "Срок действия бонусов", "Бонусы действуют до", "Баллы действуют до",
		"Сгорают", "Сгорание", "Сгорание бонусов", "Ballar kuyadi", "Bonuslar kuyadi", "Kuyish sanasi", "Ballar amal qilish muddati", "Points expire",
	} {
		if _, m := sniff(t, "ФИО;Телефон;Бонусы;"+head+"\nАнна Ли;901234567;100;31.12.2030\n"); m.Columns[FieldPointsExpire] != 4 || m.Columns[FieldPoints] != 3 {
			t.Errorf("%q is no day: %v", head, m.Columns)
		}
		if _, m := sniff(t, "ФИО;Телефон;Бонусы;"+head+"\nАнна Ли;901234567;100;40\n"); m.Columns[FieldPointsExpire] != 0 || m.Columns[FieldPoints] != 3 {
			t.Errorf("%q of numbers is a day: %v", head, m.Columns)
		}
	}
}

// Discounts are taken off once, however the file tells them.
func TestSniffHeadersOfDiscounts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"number,date,quantity,price,\"Discount, %\"\n1,2024-02-01,2,100,10\n2,2024-02-01,2,100,5%\n3,2024-02-01,2,100,\n": "570.00",
		"number,date,quantity,price,discount,discount percent\n1,2024-02-01,2,100,30,10\n2,2024-02-01,2,100,,10\n":        "350.00",
		"number,date,amount,discount,total\n1,2024-02-01,25000,2500,22500\n2,2024-02-01,100,0,100\n":                      "22600.00",
		"number,date,amount,discount,total\n1,2024-02-01,25000,10,22500\n":                                                "22500.00",
		"number,date,quantity,price,discount,amount,net price\n1,2024-02-01,2,100,10,200,90\n":                            "180.00",
		"number,date,quantity,price,discount,amount\n1,2024-02-01,1,25000,10,25000\n":                                     "25000.00",
		"number,date,price,amount,discount,Paid by guests\n1,2024-02-01,250,250,25,225\n2,2024-02-01,100,100,0,100\n":     "325.00",
		"number,date,quantity,price,amount,discount\n1,2024-02-01,2,100,200,30\n2,2024-02-01,2,50,100,\n":                 "270.00",
		"number;date;quantity;price;amount;discount\n1;2024-02-01;2,000;100,00;200,00;30,00\n":                            "170.00",
		"number,date,quantity,price,discount,sale price\n1,2024-02-01,2,500,50,450\n":                                     "900.00",
		"number,date,quantity,price,discount,sale price\n1,2024-02-01,2,500,100,450\n":                                    "900.00",
		"number,date,quantity,price,discount,sale price\n1,2024-02-01,2,500,10,450\n":                                     "900.00",
		"number,date,quantity,price,amount,VAT,total\n1,2024-02-01,2,100,200,24,224\n":                                    "224.00",
		"Цена;Сумма;Скидка;Оплаченная сумма;Дата;Чек\n250;250;25;225;01.02.2024;1\n":                                      "225.00",
		"Цена;Сумма;Скидка;Сумма оплаты;Дата;Чек\n250;250;25;225;01.02.2024;1\n":                                          "225.00",
		"Цена;Сумма;Скидка;За вычетом;Дата;Чек\n250;250;25;225;01.02.2024;1\n":                                            "225.00",
		"number,date,quantity,price,discount,net price\n1,2024-02-01,2,100,10,90\n":                                       "180.00",
		"number,date,quantity,price,receipt total\n1,2024-02-01,1,500,700\n1,2024-02-01,1,200,700\n":                      "700.00",
		"number,date,quantity,\"Price, USD\",\"Price, GBP\"\n1,2024-02-01,2,10,8\n":                                       "16.00",
	} {
		path := write(t, text)
		sniffed, err := Sniff(t.Context(), path, Hints{Zone: "UTC", Currency: gbp})
		must(t, err)
		total := money.Amount(0)
		for _, step := range steps(t, &Scan{Path: path, Mapping: sniffed.Mapping, Currency: gbp, Now: late}, Checkpoint{}) {
			for _, r := range step.Receipts {
				sum, _ := r.Total()
				total += sum
			}
			if len(step.Issues) > 0 {
				t.Errorf("%q: %+v", text, step.Issues)
			}
		}
		if gbp.Format(total) != want {
			t.Errorf("%q comes to %s, want %s, by %v", text, gbp.Format(total), want, sniffed.Mapping.Columns)
		}
	}
}

// A debt is no points, another's phone is not theirs, and who lets their data be kept
// has not agreed to advertising.
func TestSniffHeadersOfCustomers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]map[Field]int{
		"ФИО;Телефон;Баланс;Бонусные баллы\nАнна Ли;901234567;500;70\n":                                                                            {FieldName: 1, FieldPhone: 2, FieldPoints: 4},
		"ФИО;Телефон;Баланс\nАнна Ли;901234567;-500\nБен Ли;901234568;70\n":                                                                        {FieldName: 1, FieldPhone: 2},
		"ФИО;Телефон;Баланс\nАнна Ли;901234567;500\nБен Ли;901234568;70\n":                                                                         {FieldName: 1, FieldPhone: 2, FieldPoints: 3},
		"ФИО;Город;Телефон магазина;ИНН\nАнна Ли;Нукус;901234567;123456789\n":                                                                      {FieldName: 1, FieldCity: 2},
		"Name;Card;Phone of the store;Store\nAnn Lee;1001;901234567;Main\n":                                                                        {FieldName: 1, FieldCard: 2, FieldStore: 4},
		"Номер карты;ФИО;Бонусы на счёте;Дата последнего чека\n1;Анна Ли;5;01.02.2024\n":                                                           {FieldCard: 1, FieldName: 2, FieldPoints: 3},
		"ФИО / Организация;Телефон\nАнна Ли;901234567\n":                                                                                           {FieldName: 1, FieldPhone: 2},
		"Название организации;Телефон;Карта\nАнна и Ко;901234567;7\n":                                                                              {FieldPhone: 2, FieldCard: 3},
		"ФИО;Телефон;Согласие на обработку персональных данных;Shaxsiy ma'lumotlarga rozilik;Personal data consent\nАнна Ли;901234567;да;да;yes\n": {FieldName: 1, FieldPhone: 2},
		"Карта;ФИО\n2900000000011;Анна Ли\n2,90000E+12;Пётр Ли\n2900000000013;Ева Ли\n":                                                            {FieldCard: 1, FieldName: 2},
		"ФИО;Телефон;Отказ от рассылки;Согласие на SMS\nАнна Ли;901234567;да;да\n":                                                                 {FieldName: 1, FieldPhone: 2, FieldOptOut: 3, FieldConsentSMS: 4},
		"ФИО;Телефон;Согласие на обработку ПДн;Согласие на рассылку\nАнна Ли;901234567;да;нет\n":                                                   {FieldName: 1, FieldPhone: 2, FieldConsent: 4},
		"Name,Phone,store_credit_balance,Store\nAnn Lee,901234567,10.50,Main\n":                                                                    {FieldName: 1, FieldPhone: 2, FieldStore: 4},
	} {
		_, m := sniff(t, text)
		if diff := cmp.Diff(want, m.Columns); diff != "" || m.Kind != KindCustomers {
			t.Errorf("%q: %s (-want +got):\n%s", text, m.Kind, diff)
		}
	}
}

// Rows that are short leave room for what comes later in the file.
func TestSniffLaterRows(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("date,amount\n")
	for i := range 40_000 {
		day := "01/02/2024"
		if i > 20_000 {
			day = "13/02/2024"
		}
		b.WriteString(day + ",5\n")
	}
	s, err := Sniff(t.Context(), write(t, b.String()), Hints{Zone: "UTC"})
	if err != nil || !s.sure.dates || s.Mapping.Options.DateOrder != DayFirst {
		t.Errorf("%+v, %v", s.Mapping.Options, err)
	}
}

// What a return calls the receipt that it takes back is not its own number.
func TestSniffSale(t *testing.T) {
	t.Parallel()
	for own, sale := range map[string]string{
		"Номер чека": "Номер чека продажи", "Чек №": "№ исходного чека", "Документ": "Документ-основание", "№ чека": "Возврат по чеку",
		"Receipt No": "Original receipt no", "Order ID": "Original order ID", "Transaction ID": "original_transaction_id", "receipt": "Refund of",
		"Chek raqami": "Sotuv cheki", "Chek": "Asl chek raqami",
	} {
		_, m := sniff(t, own+";"+sale+";Date;Amount\n15;;2024-02-01;10\n16;15;2024-02-02;-10\n")
		if m.Kind != KindReceipts || m.Columns[FieldNumber] != 1 || m.Columns[FieldSale] != 2 {
			t.Errorf("%q and %q are taken for %v of %s", own, sale, m.Columns, m.Kind)
		}
	}
}

func TestSniffDecimal(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"receipt;date;amount\n1;2024-02-01;1,250\n":                                         ".", // money has thousands,
		"receipt\tdate\tquantity\tprice\n1\t2024-02-01\t1,000\t50 000\n":                    ",", // goods are weighed
		"receipt;date;amount\n1;2024-02-01;12,500\n2;2024-02-01;1,250,000\n":                ".",
		"receipt\tdate\tamount\n1\t2024-02-01\t12.500\n2\t2024-02-01\t900\n":                ",",
		"receipt,date,quantity,price\n1,2024-02-01,1.500,1.250\n2,2024-02-01,2.000,3.990\n": ".",
		"receipt,date,amount\n1,2024-02-01,\"1,250\"\n":                                     ".",
		"receipt;date;amount\n1;2024-02-01;1,250\n2;2024-02-01;1.5\n":                       ".",
		"receipt,date,amount\n1,2024-02-01,\"1,250\"\n2,2024-02-01,\"1,5\"\n":               ",",
		"receipt;date;amount\n1;2024-02-01;1.250,50 ₽\n":                                    ",",
		"receipt;date;amount\n1;2024-02-01;5\n":                                             ",",
	} {
		_, m := sniff(t, text)
		if m.Options.Decimal != want {
			t.Errorf("%q: decimals are parted by %q, want %q", text, m.Options.Decimal, want)
		}
	}
}

// Money of three decimals is written with them, where nearly all of it is; points
// are not money.
func TestSniffDecimalOfThreeDecimals(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"receipt,date,amount\n1,2024-02-01,12.500\n":                                        ".",
		"receipt,date,quantity,amount\n1,2024-02-01,1,\"1,250\"\n2,2024-02-01,1,999\n":      ".",
		"receipt,date,quantity,price\n1,2024-02-01,\"1,000\",1.250\n2,2024-02-01,2,2.500\n": ".",
		"card,name,points\n1001,Ann Lee,\"1,250\"\n1002,Bob Ray,\"2,500\"\n":                ".",
	} {
		s, err := Sniff(t.Context(), write(t, text), Hints{Zone: "UTC", Currency: money.Currency{Code: "KWD", Exponent: 3}})
		if err != nil || s.Mapping.Options.Decimal != want {
			t.Errorf("%q: %q, %v, want %q", text, s.Mapping.Options.Decimal, err, want)
		}
	}
}

// What no cell tells for certain is said, as it is read; one cell that does is enough.
func TestDoubts(t *testing.T) {
	t.Parallel()
	bundle, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	english := bundle.For("en")
	look := func(text string, by *Mapping) (said []string) {
		s, err := Sniff(t.Context(), write(t, text), Hints{Zone: "UTC", Mapping: by})
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range s.Doubts {
			if d.Kind == "customer" && strings.HasPrefix(text, "receipt") { // as in all of these
				continue
			}
			text, _, _ := strings.Cut(d.Text(english), " Nothing")
			said = append(said, text)
		}
		return said
	}
	for text, want := range map[string][]string{
		"receipt;date;amount\n1;2024-02-01;1,250\n":                      {"“1,250” in “amount” is read as 1250."},
		"receipt,date,amount\n1,2024-02-01,900\n2,2024-02-01,1.250\n":    {"“1.250” in “amount” is read as 1250."},
		"receipt;date;quantity;price\n1;2024-02-01;1,500;50 000\n":       {"“1,500” in “quantity” is read as 1.5."},
		"receipt;date;quantity;price\n1;2024-02-01;1,500;50 000,50\n":    nil, // the price tells
		"receipt;date;price;quantity;cost\n1;2024-02-01;1.250;1;870.5\n": {"“1.250” in “price” is read as 1.25."},
		"receipt;date;quantity;amount\n1;2024-02-01;0.75;1.280.000\n2;2024-02-01;0.5;112.500\n3;2024-02-01;1.5;80\n": {
			"“112.500” in “amount” is read as 112.5.",
		},
		"receipt,date,amount\n1,01/02/2024,900\n":                       {"“01/02/2024” is read as 1 Feb 2024."},
		"receipt,date,amount\n1,01/02/2024,900\n2,01/13/2024,900\n":     nil,
		"receipt,date,amount\n1,01.02.2024,900\n":                       nil,
		"receipt,date,amount,payment status\n1,2024-02-01,900,Voided\n": nil,
		"receipt,date,amount,what became of it\n1,2024-02-01,900,Voided\n": {
			"“Voided” in “what became of it”: such rows count as sales. If they were not paid or were undone, take the column as the status.",
		},
		"receipt,date,amount\n1,02/02/2024,900\n":                           nil,
		"receipt;date;amount\n1;2024-02-01;1,250\n2;2024-02-01;12.00\n":     nil,
		"receipt;date;amount\n1;2024-02-01;1,250\n2;2024-02-01;1,250,000\n": nil,
		"receipt;date;quantity;price;discount;amount\n1;2024-02-01;2;95;10;190\n2;2024-02-01;1;7;0;7\n": {
			"“190” in “amount” is the price times the quantity: the discount is taken off it. If the price is without the discount already, take the column as the amount and leave the discount out.",
		},
		"date;amount;number\n2024-02-01;900;1\n":                                          {"No column says whose the receipts are: they are nobody’s."},
		"receipt;date;amount;remark\n1;2024-02-01;900;\n2;2024-02-01;900;Возврат брака\n": {"“Возврат брака” in “remark”: such rows count as sales. If they are returns, say so in the columns or below them."},
		"receipt;date;amount;original order\n1;2024-02-01;900;\n2;2024-02-01;900;\n3;2024-02-01;900;A-7\n": {
			"“A-7” in “original order”: such rows count as sales. If they are returns, say so in the columns or below them.",
		},
		"Телефон;ФИО;Баланс\n901234567;Анна Ли;0\n901234568;Бен Ли;1 250,75\n": {
			"“1 250,75” in “Баланс” is taken for points that customers have. If it is money or a debt, leave the column out.",
		},
		"Телефон;ФИО;Баланс\n901234567;Анна Ли;-500\n901234568;Бен Ли;70\n": {
			"“-500” in “Баланс”: the column is left out, and nobody is given points. If it is the points that customers have, take it as “Points to begin with”.",
		},
		"Телефон;ФИО;Баланс, сум\n901234567;Анна Ли;500\n": {
			"“500” in “Баланс, сум”: the column is left out, and nobody is given points. If it is the points that customers have, take it as “Points to begin with”.",
		},
		"Telefon;F.I.Sh;Balans\n901234567;Anna Li;500\n": {
			"“500” in “Balans”: the column is left out, and nobody is given points. If it is the points that customers have, take it as “Points to begin with”.",
		},
		"Телефон;ФИО;Начислено бонусов всего;Остаток\n901234567;Анна Ли;900;500\n": {
			"“500” in “Остаток”: the column is left out, and nobody is given points. If it is the points that customers have, take it as “Points to begin with”.",
		},
		"Телефон;ФИО;Начислено бонусов всего\n901234567;Анна Ли;900\n": {
			"“900” in “Начислено бонусов всего”: the column is left out, and nobody is given points. If it is the points that customers have, take it as “Points to begin with”.",
		},
		"Артикул;Товар;Цена;Остаток\nA-1;Нон;5000;12\nA-2;Сут;9000;\n": {
			"“12” in “Остаток”: the column is left out, and the file is taken for products. If it says how much there is of them, load it as “Stock” (--kind stock).",
		},
		"Артикул;Товар;Цена;Срок остатка\nA-1;Нон;5000;до вторника\n":    nil,
		"Телефон;ФИО;Остаток;Бонусные баллы\n901234567;Анна Ли;500;70\n": nil,
		"Телефон;ФИО;Остаток\n901234567;Анна Ли;0\n901234568;Бен Ли;\n":  nil,
		"date;card;amount\n01/02/2024;77001;1,250\n": {
			"No column is the number of the receipt: every row is a receipt of its own.", "“1,250” in “amount” is read as 1250.", "“01/02/2024” is read as 1 Feb 2024.",
		},
	} {
		if diff := cmp.Diff(want, look(text, nil)); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
	other := Mapping{Kind: KindReceipts, Columns: map[Field]int{FieldNumber: 1, FieldAt: 2, FieldAmount: 3}, Options: Options{Decimal: ",", DateOrder: MonthFirst, NameOrder: LastFirst}}
	want := []string{"“1,250” in “Amount paid for the line” is read as 1.25.", "“01/02/2024” is read as 2 Jan 2024."}
	if diff := cmp.Diff(want, look("receipt;date;amount\n1;01/02/2024;1,250\n", &other)); diff != "" {
		t.Errorf("by another mapping: %s", diff)
	}
}

// People say what a file is; the guess follows.
func TestSniffHints(t *testing.T) {
	t.Parallel()
	path := write(t, "Код;Название;Телефон\n1;Крем;+998901234567\n")
	for kind, field := range map[Kind]Field{KindProducts: FieldSKU, KindCustomers: FieldExternal} {
		s, err := Sniff(t.Context(), path, Hints{Kind: kind, Zone: "UTC", Region: "UZ"})
		if err != nil || s.Mapping.Kind != kind || s.Mapping.Columns[field] != 1 {
			t.Errorf("as %s: %+v, %v", kind, s.Mapping, err)
		}
	}
	f := delimited.Format{Encoding: delimited.UTF8, Delimiter: "|", Newline: "\n"}
	s, err := Sniff(t.Context(), path, Hints{Format: &f, Zone: "UTC", Region: "UZ"})
	if err != nil || s.Mapping.Width != 1 || s.Mapping.Format != f {
		t.Errorf("cut by another delimiter: %+v, %v", s.Mapping, err)
	}
	if _, err := Sniff(t.Context(), write(t, "\n  \n\n"), Hints{}); !errors.Is(err, ErrEmpty) {
		t.Errorf("a file without rows gives %v", err)
	}
	wide := strings.Repeat("a;", 1_000_000) + "\n"
	if _, err := Sniff(t.Context(), write(t, wide+wide), Hints{}); !errors.Is(err, ErrLongRows) {
		t.Errorf("a file of a million columns gives %v", err)
	}
}

// A name alone is of people or of goods: nobody but a person can tell. Goods have
// no first name.
func TestNamesAloneNeedAKind(t *testing.T) {
	t.Parallel()
	path := write(t, "name\nAnn Lee\nBob Lee\n")
	if _, err := Sniff(t.Context(), path, Hints{Zone: "UTC", Region: "UZ"}); !errors.Is(err, ErrKind) {
		t.Errorf("guessed: %v", err)
	}
	if s, err := Sniff(t.Context(), path, Hints{Kind: KindCustomers, Zone: "UTC", Region: "UZ"}); err != nil || !s.Mapping.has(FieldName) {
		t.Errorf("said: %+v, %v", s.Mapping, err)
	}
	for _, text := range []string{"Наименование\nНон\n", "Название\nНон\n"} {
		if s, err := Sniff(t.Context(), write(t, text), Hints{Zone: "UTC", Region: "UZ"}); !errors.Is(err, ErrKind) {
			t.Errorf("%q is taken for %s, %v", text, s.Mapping.Kind, err)
		}
	}
	if s, err := Sniff(t.Context(), write(t, "Имя\nАнна\n"), Hints{Zone: "UTC", Region: "UZ"}); err != nil || s.Mapping.Kind != KindCustomers {
		t.Errorf("first names: %+v, %v", s.Mapping, err)
	}
}

// Files as shops really send them need no editing.
func TestMessyFiles(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]struct {
		encoding delimited.Encoding
		people   int
		columns  map[Field]int
	}{
		"messy-imports/clients_cp1251.csv": {delimited.Windows1251, 50, map[Field]int{
			FieldLastName: 1, FieldFirstName: 2, FieldMiddleName: 3, FieldSex: 4, FieldPhone: 5, FieldBorn: 6, FieldEmail: 7, FieldRegistered: 8, FieldExternal: 10,
		}},
		"messy-imports/clients_messy_utf8bom.csv": {delimited.UTF8, 100, map[Field]int{
			FieldLastName: 1, FieldFirstName: 2, FieldMiddleName: 3, FieldSex: 4, FieldPhone: 5, FieldBorn: 7, FieldEmail: 8, FieldRegistered: 9,
		}},
	} {
		path := realFile(t, file)
		s, err := Sniff(t.Context(), path, Hints{Zone: "Europe/Moscow", Region: "RU"})
		if err != nil {
			t.Fatal(err)
		}
		if s.Mapping.Format.Encoding != want.encoding || !maps.Equal(s.Mapping.Columns, want.columns) {
			t.Errorf("%s: %+v", file, s.Mapping)
		}
		people := 0
		for _, step := range steps(t, &Scan{Path: path, Mapping: s.Mapping, Currency: gbp, Now: late}, Checkpoint{}) {
			c := step.Customer
			if c == nil || len(step.Issues) > 0 {
				t.Fatalf("%s: %+v", file, step)
			}
			people++
			for what, value := range map[string]string{
				"first name": c.First, "last name": c.Last, "middle name": c.Middle, "sex": c.Sex, "birthday": c.Born,
				"phone": strings.Join(c.Phones, ""), "e-mail": c.Email,
			} {
				if value == "" || strings.Contains(value, "\u00a0") {
					t.Errorf("%s row %d: %s is %q", file, c.Row, what, value)
				}
			}
			if c.Registered.IsZero() || strings.Contains(c.Last, " ") {
				t.Errorf("%s row %d: %+v", file, c.Row, c)
			}
		}
		if people != want.people {
			t.Errorf("%s: %d people, want %d", file, people, want.people)
		}
	}
	path := realFile(t, "messy-imports/products_cp1251.csv")
	s, err := Sniff(t.Context(), path, Hints{Zone: "Europe/Moscow", Region: "RU"})
	if err != nil || s.Mapping.Kind != KindProducts {
		t.Fatalf("%+v, %v", s.Mapping, err)
	}
	if n := len(steps(t, &Scan{Path: path, Mapping: s.Mapping, Currency: gbp, Now: late}, Checkpoint{})); n != 20 {
		t.Errorf("%d products, want 20", n)
	}
	s, err = Sniff(t.Context(), realFile(t, "messy-imports/orders_shoes.xlsx"), Hints{})
	if err != nil || s.Mapping.Kind != KindReceipts || s.Mapping.Sheet != "Лист1" || len(s.Rows) != 10 {
		t.Errorf("%+v, %v", s, err)
	}
}

func TestMappingJSON(t *testing.T) {
	t.Parallel()
	_, m := sniff(t, "Фамилия;Имя;Размер\nИванов;Иван;5\n")
	m.Columns[Attribute("Размер")] = 3
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	back, err := ParseMapping(text, Mapping{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m, back); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Where the currency tells no country, files are read all the same.
func TestMappingOfNoCountry(t *testing.T) {
	t.Parallel()
	_, m := sniff(t, "Чек,Дата,Сумма\n1,2024-02-01,5\n")
	m.Options.Region = ""
	if err := m.Validate(); err != nil {
		t.Error(err)
	}
}

func TestMappingRefused(t *testing.T) {
	t.Parallel()
	_, good := sniff(t, "Чек,Дата,Сумма\n1,2024-02-01,5\n")
	for pointer, spoil := range map[string]func(*Mapping){
		"/kind":                  func(m *Mapping) { m.Kind = "people" },
		"/format":                func(m *Mapping) { m.Format.Delimiter = "" },
		"/width":                 func(m *Mapping) { m.Width = -1 },
		"/names":                 func(m *Mapping) { m.Names = make([]string, maxColumns+1) },
		"/columns/at":            func(m *Mapping) { m.Columns = map[Field]int{FieldAmount: 3} },
		"/columns/amount":        func(m *Mapping) { m.Columns = map[Field]int{FieldAt: 2, FieldPrice: 3} },
		"/columns/number":        func(m *Mapping) { m.Columns[FieldNumber] = maxColumns + 1 },
		"/columns/born":          func(m *Mapping) { m.Columns[FieldBorn] = 1 },
		"/columns/attribute:x":   func(m *Mapping) { m.Columns[Attribute("x")] = 1 },
		"/options/header":        func(m *Mapping) { m.Options.Header = -1 },
		"/options/decimal":       func(m *Mapping) { m.Options.Decimal = ";" },
		"/options/date_order":    func(m *Mapping) { m.Options.DateOrder = "ydm" },
		"/options/name_order":    func(m *Mapping) { m.Options.NameOrder = "" },
		"/options/zone":          func(m *Mapping) { m.Options.Zone = "Local" },
		"/options/region":        func(m *Mapping) { m.Options.Region = "uz" },
		"/options/return_prefix": func(m *Mapping) { m.Options.ReturnPrefix = strings.Repeat("C", 11) },
		"/options/store":         func(m *Mapping) { m.Options.Store = strings.Repeat("x", maxText+1) },
	} {
		m := good
		m.Columns = maps.Clone(good.Columns)
		spoil(&m)
		fields := errs.Of(m.Validate()).Fields
		if len(fields) == 0 || fields[0].Pointer != pointer {
			t.Errorf("%s: refused as %+v", pointer, fields)
		}
	}
	for _, text := range []string{"", "{", "[]", `{"kind":"customers","what":1}`, `{} {}`, strings.Repeat(" ", maxMapping+1)} {
		if _, err := ParseMapping([]byte(text), Mapping{}); errs.KindOf(err) != errs.Invalid {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

// A file that names only what is other than guessed is completed from the guess,
// and what is wrong in it is named by its path.
func TestMappingIsCompleted(t *testing.T) {
	t.Parallel()
	_, guess := sniff(t, "Чек,Дата,Сумма,Карта,Заметка\n1,01.02.2024,5,77001,x\n")
	before := maps.Clone(guess.Columns)
	m, err := ParseMapping([]byte(`{"columns":{"phone":4,"note":0},"options":{"date_order":"mdy"}}`), guess)
	if err != nil {
		t.Fatal(err)
	}
	want := guess
	want.Columns, want.Options.DateOrder = map[Field]int{FieldNumber: 1, FieldAt: 2, FieldAmount: 3, FieldPhone: 4}, MonthFirst
	if diff := cmp.Diff(want, m); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(before, guess.Columns); diff != "" {
		t.Errorf("the guess was changed:\n%s", diff)
	}
	whole := guess
	whole.Options.Zone, whole.Options.Region = "", ""
	for _, o := range []struct{ own, zone, region string }{{"", guess.Options.Zone, guess.Options.Region}, {`"zone":"","region":"KZ",`, "", "KZ"}} {
		m, err := ParseMapping([]byte(strings.Replace(text(whole), `"options":{`, `"options":{`+o.own, 1)), guess)
		if err != nil || m.Options.Zone != o.zone || m.Options.Region != o.region {
			t.Errorf("what is the installation's: %+v, %v", m.Options, err)
		}
	}
	for text, pointer := range map[string]string{
		`{"colums":{"at":1}}`:             "/colums",
		`{"options":{"desimal":","}}`:     "/options/desimal",
		`{"format":{"delimeter":","}}`:    "/format/delimeter",
		`{"options":{"header":"first"}}`:  "/options/header",
		`{"columns":"at"}`:                "/columns",
		`{"columns":{"at":"Время"}}`:      "/columns/at",
		`{"columns":{"at":[2]}}`:          "/columns/at",
		`{"columns":{"at":0}}`:            "/columns/at",
		`{"columns":{"birthday":1}}`:      "/columns/birthday",
		`{"options":{"decimal":"point"}}`: "/options/decimal",
	} {
		_, err := ParseMapping([]byte(text), guess)
		if f := errs.Of(err).Fields; len(f) != 1 || f[0].Pointer != pointer {
			t.Errorf("%s: %+v, want %s", text, errs.Of(err), pointer)
		}
	}
	if _, err := ParseMapping([]byte("{\n\"columns\": {,}\n}"), guess); !errors.Is(err, ErrMapping) || errs.Of(err).Args["line"] != 2 {
		t.Errorf("no JSON: %+v", err)
	}
}

// A mapping that is taken can be read with: from JSON, and back.
func FuzzParseMapping(f *testing.F) {
	_, m := sniff(f, "Чек,Дата,Сумма\n1,2024-02-01,5\n")
	text, err := json.Marshal(m)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"kind":"customers","format":{"encoding":"utf-8","delimiter":";","newline":"\n"},"columns":{"phone":1,"attribute:x":2},"width":2,"options":{"header":0,"decimal":",","date_order":"dmy","name_order":"last_first","zone":"UTC","region":"UZ"}}`))
	path := write(f, "a,b,c\n1;2;3\n\"\n")
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := ParseMapping(text, Mapping{})
		if err != nil {
			if errs.KindOf(err) != errs.Invalid {
				t.Fatal(err)
			}
			return
		}
		text, err = json.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseMapping(text, Mapping{}); err != nil && len(text) <= maxMapping {
			t.Fatalf("%s: %v", text, err)
		}
		s := Scan{Path: path, Mapping: m, Currency: gbp, Now: late}
		if err := s.Run(context.Background(), Checkpoint{}, func(Step) error { return nil }); err != nil {
			t.Fatal(err)
		}
	})
}

// The guide lists every field of every kind of file, and no other.
func TestFieldsAreDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/import.md")
	must(t, err)
	for kind, heading := range map[Kind]string{KindCustomers: "**Customers.**", KindProducts: "\n**Products**, known", KindReceipts: "**Receipts.**"} {
		_, part, _ := strings.Cut(string(text), heading)
		_, part, _ = strings.Cut(part, "| --- | --- |\n")
		part, _, _ = strings.Cut(part, "\n\n")
		told := map[Field]bool{}
		for row := range strings.Lines(part) {
			cell, _, _ := strings.Cut(strings.TrimPrefix(row, "|"), "|")
			for _, name := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(cell, -1) {
				told[Field(name[1])] = true
			}
		}
		for _, f := range Fields(kind) {
			if !told[f] {
				t.Errorf("the guide says nothing of %s of %s", f, kind)
			}
			delete(told, f)
		}
		for f := range told {
			t.Errorf("the guide tells of %s of %s, which there is not", f, kind)
		}
	}
}

// A phone that a spreadsheet has rounded is one number, and told as what it is.
func TestRoundedPhones(t *testing.T) {
	t.Parallel()
	for cell, want := range map[string][]string{
		"9,98901E+11":                 {"9,98901E+11"},
		"998901234567, 998901234568":  {"998901234567", "998901234568"},
		"90 123 45 67,e 90 123 45 68": {"90 123 45 67", "e 90 123 45 68"},
	} {
		if got := splitPhones(cell); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", cell, got, want)
		}
	}
}
