package importer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"regulars/internal/base/money"
	"regulars/internal/importer/delimited"
)

var (
	gbp  = money.Currency{Code: "GBP", Exponent: 2}
	late = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
)

func write(t testing.TB, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "file.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func rewrite(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// sniff writes a text and guesses its mapping.
func sniff(t testing.TB, text string) (path string, m Mapping) {
	t.Helper()
	path = write(t, text)
	s, err := Sniff(context.Background(), path, Hints{Zone: "Asia/Tashkent", Region: "UZ"})
	if err != nil {
		t.Fatal(err)
	}
	return path, s.Mapping
}

// steps scans from a checkpoint on.
func steps(t testing.TB, s *Scan, from Checkpoint) (all []Step) {
	t.Helper()
	err := s.Run(context.Background(), from, func(step Step) error {
		all = append(all, step)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// brief writes what a scan came to in short lines.
func brief(all []Step) (out []string) {
	for _, step := range all {
		for _, r := range step.Receipts {
			kind := "sale"
			if r.Return {
				kind = "return"
			}
			if r.Adjusts {
				kind = "adjust"
			}
			line := fmt.Sprintf("%s %s %s %s", kind, r.Number, r.At.UTC().Format("2006-01-02T15:04"), r.Who.External+r.Who.Phone)
			for _, l := range r.Lines {
				line += fmt.Sprintf(" | %s %s x %s = %s", l.SKU, l.Quantity, l.Price, gbp.Format(l.Total))
				if l.Discount != 0 {
					line += " off " + gbp.Format(l.Discount)
				}
			}
			out = append(out, line)
		}
		for _, is := range step.Issues {
			word := "note"
			if is.Refused {
				word = "refused"
			}
			out = append(out, fmt.Sprintf("%s %d %s %s %q", word, is.Row, is.Field, is.Reason, is.Value))
		}
	}
	return out
}

func TestScanReceipts(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		text string
		edit func(*Mapping)
		want []string
	}{
		"lines make receipts": {
			text: "Чек;Дата;Код клиента;Артикул;Количество;Цена\n1;01.02.2024 10:00;77;A;2;1,50\n1;01.02.2024 10:00;77;B;0,333;12,99\n2;01.02.2024 11:00;;A;1;1,50\n",
			want: []string{
				"sale 1 2024-02-01T05:00 77 | A 2.000 x 1.5000 = 3.00 | B 0.333 x 12.9900 = 4.33",
				`note 3 amount rounded "-0.00433"`,
				"sale 2 2024-02-01T06:00  | A 1.000 x 1.5000 = 1.50",
			},
		},
		"rows apart": {
			text: "number,date,sku,qty,price\n1,2024-02-01,A,1,1\n2,2024-02-01,A,1,1\n1,2024-02-01,B,1,2\n3,2024-02-01,A,1,1\n2,2024-02-01,C,1,3\n",
			want: []string{
				"sale 3 2024-01-31T19:00  | A 1.000 x 1.0000 = 1.00",
				"sale 1 2024-01-31T19:00  | A 1.000 x 1.0000 = 1.00 | B 1.000 x 2.0000 = 2.00",
				"sale 2 2024-01-31T19:00  | A 1.000 x 1.0000 = 1.00 | C 1.000 x 3.0000 = 3.00",
			},
		},
		"the same rows twice": {
			text: "number,date,sku,qty,price\n1,2024-02-01,A,1,1\n2,2024-02-01,B,1,1\n1,2024-02-01,A,1,1\n,2024-02-01,B,1,1\n1,2024-02-01,A,1,1\n",
			want: []string{
				"sale 2 2024-01-31T19:00  | B 1.000 x 1.0000 = 1.00",
				`refused 5 number missing ""`,
				"sale 1 2024-01-31T19:00  | A 1.000 x 1.0000 = 1.00",
				`note 4 number rows_copied "1"`,
				`note 6 number rows_copied "1"`,
			},
		},
		"the same number in two stores": {
			text: "number,date,store,sku,qty,price\n1,2024-02-01,S1,A,1,1\n1,2024-02-01,S1,B,1,1\n1,2024-02-01,S2,A,1,1\n",
			want: []string{
				"sale 1 2024-01-31T19:00  | A 1.000 x 1.0000 = 1.00 | B 1.000 x 1.0000 = 1.00",
				"sale 1 2024-01-31T19:00  | A 1.000 x 1.0000 = 1.00",
			},
		},
		"rows of equal goods are no copies": {
			text: "number,date,sku,qty,price\n1,2024-02-01,A,1,1\n1,2024-02-01,A,1,1\n2,2024-02-01,B,1,1\n1,2024-02-01,A,1,1\n",
			want: []string{
				"sale 2 2024-01-31T19:00  | B 1.000 x 1.0000 = 1.00",
				"sale 1 2024-01-31T19:00  | A 1.000 x 1.0000 = 1.00 | A 1.000 x 1.0000 = 1.00 | A 1.000 x 1.0000 = 1.00",
			},
		},
		"one row refused refuses the receipt": {
			text: "number,date,sku,qty,price\n1,2024-02-01,A,1,1\n1,2024-02-01,B,x,2\n1,2024-02-01,C,1,2\n2,2024-02-01,A,1,1\n",
			want: []string{
				`refused 2 number sibling "1"`,
				`refused 3 quantity not_a_number "x"`,
				`refused 4 number sibling "1"`,
				"sale 2 2024-01-31T19:00  | A 1.000 x 1.0000 = 1.00",
			},
		},
		"a row without number stands alone": {
			text: "number,date,sku,qty,price\n1,2024-02-01,A,1,1\n,2024-02-01,B,1,2\n1,2024-02-01,C,1,2\n",
			want: []string{
				"sale 1 2024-01-31T19:00  | A 1.000 x 1.0000 = 1.00 | C 1.000 x 2.0000 = 2.00",
				`refused 3 number missing ""`,
			},
		},
		"returns by prefix, corrections without": {
			text: "invoice,stock code,quantity,invoice date,price,customer id\n" +
				strings.Repeat("%d,A,3,2024-02-01,2,7\n", 20) +
				strings.Repeat("C0,A,-1,2024-02-02,2,7\n", 10) + "C1,A,-1,2024-02-02,2,7\nC2,A,-1,2024-02-02,2,7\nC3,A,-1,2024-02-02,2,7\nC4,M,1,2024-02-02,5,\n900,A,-5,2024-02-03,0,\n901,A,-5,2024-02-03,0,7\nA1,B,1,2024-02-03,-10,\n",
			want: []string{
				"return C2 2024-02-01T19:00 7 | A 1.000 x 2.0000 = 2.00",
				"return C3 2024-02-01T19:00 7 | A 1.000 x 2.0000 = 2.00",
				"sale C4 2024-02-01T19:00  | M 1.000 x 5.0000 = 5.00",
				`note 35 quantity return_above_zero "1"`,
				"adjust 900 2024-02-02T19:00  | A 5.000 x 0.0000 = 0.00",
				"return 901 2024-02-02T19:00 7 | A 5.000 x 0.0000 = 0.00",
				"return A1 2024-02-02T19:00  | B 1.000 x 10.0000 = 10.00",
			},
		},
		"kind says what the sign does not": {
			text: "Чек,Тип операции,Дата,Артикул,Кол-во,Сумма\n1,Продажа,2024-02-01,A,2,30\n2,Возврат,2024-02-02,A,1,15\n3,обмен,2024-02-02,A,1,15\n",
			want: []string{
				"sale 1 2024-01-31T19:00  | A 2.000 x 15.0000 = 30.00",
				"return 2 2024-02-01T19:00  | A 1.000 x 15.0000 = 15.00",
				`refused 4 type unknown_word "обмен"`,
			},
		},
		"kind and sign agree": {
			text: "receipt,kind,time,sku,quantity,price,discount,amount\n1,sale,2024-02-01T10:00:00+05:00,A,2.000,15.0000,1.00,29.00\n1r,return,2024-02-02T10:00:00+05:00,A,-1.000,15.0000,-0.50,-14.50\n",
			want: []string{
				"sale 1 2024-02-01T05:00  | A 2.000 x 15.0000 = 29.00 off 1.00",
				"return 1r 2024-02-02T05:00  | A 1.000 x 15.0000 = 14.50 off 0.50",
			},
		},
		"give and take under one number": {
			text: "number,date,sku,qty,price\n1,2024-02-01,A,1,5\n1,2024-02-01,B,-1,2\n1,2024-02-01,C,1,1\n",
			want: []string{
				"sale 1 2024-01-31T19:00  | A 1.000 x 5.0000 = 5.00 | C 1.000 x 1.0000 = 1.00",
				"return 1 2024-01-31T19:00  | B 1.000 x 2.0000 = 2.00",
			},
		},
		"no numbers": {
			text: "customer_id,date,number_of_cds,dollar_value\n00001,19970101,1,11.77\n00002,19970112,1,12.00\n00002,19970112,1,12.00\n00002,19970112,5,77.00\n",
			want: []string{
				"sale c42b3865223a583d 1997-01-01 11.77 1 1996-12-31T19:00 00001 |  1.000 x 11.7700 = 11.77",
				"sale dcfcaf1570674cfa 1997-01-12 12.00 1 1997-01-11T19:00 00002 |  1.000 x 12.0000 = 12.00",
				"sale dcfcaf1570674cfa 1997-01-12 12.00 2 1997-01-11T19:00 00002 |  1.000 x 12.0000 = 12.00",
				"sale dcfcaf1570674cfa 1997-01-12 77.00 1 1997-01-11T19:00 00002 |  5.000 x 15.4000 = 77.00",
			},
		},
		"no names of columns": {
			text: " 00001 19970101  1   11.77\n 00002 19970112  2   12.00\n 00002 19970113  1    3.00\n",
			want: []string{
				"sale c42b3865223a583d 1997-01-01 11.77 1 1996-12-31T19:00 00001 |  1.000 x 11.7700 = 11.77",
				"sale dcfcaf1570674cfa 1997-01-12 12.00 1 1997-01-11T19:00 00002 |  2.000 x 6.0000 = 12.00",
				"sale dcfcaf1570674cfa 1997-01-13 3.00 1 1997-01-12T19:00 00002 |  1.000 x 3.0000 = 3.00",
			},
		},
		"number begins anew every day": {
			text: "Номер чека;Дата;Касса;Сумма\n1;01.02.2024;1;10\n2;01.02.2024;1;10\n1;02.02.2024;1;10\n2;02.02.2024;1;10\n1;03.02.2024;1;10\n",
			want: []string{
				"sale 1 2024-01-31T19:00  |  1.000 x 10.0000 = 10.00",
				"sale 2 2024-01-31T19:00  |  1.000 x 10.0000 = 10.00",
				"sale 1 2024-02-01T19:00  |  1.000 x 10.0000 = 10.00",
				"sale 2 2024-02-01T19:00  |  1.000 x 10.0000 = 10.00",
				"sale 1 2024-02-02T19:00  |  1.000 x 10.0000 = 10.00",
			},
		},
		"number used twice": {
			text: "number,date,sku,amount\n1,2024-02-01,A,1\n2,2024-02-01,A,1\n3,2024-02-01,A,1\n4,2024-02-01,A,1\n1,2024-04-01,A,1\n",
			want: []string{
				"sale 1 2024-01-31T19:00  | A 1.000 x 1.0000 = 1.00",
				"sale 2 2024-01-31T19:00  | A 1.000 x 1.0000 = 1.00",
				"sale 3 2024-01-31T19:00  | A 1.000 x 1.0000 = 1.00",
				"sale 4 2024-01-31T19:00  | A 1.000 x 1.0000 = 1.00",
				"sale 1 2024-03-31T19:00  | A 1.000 x 1.0000 = 1.00",
			},
		},
		"two customers": {
			text: "number,date,customer id,sku,amount\n1,2024-02-01,7,A,1\n1,2024-02-01,,B,1\n1,2024-02-01,8,C,1\n2,2024-02-01,,A,1\n2,2024-02-01,9.0,A,1\n",
			want: []string{
				`refused 2 number sibling "1"`,
				`refused 3 number sibling "1"`,
				`refused 4 number two_customers "8"`,
				"sale 2 2024-01-31T19:00 9 | A 1.000 x 1.0000 = 1.00 | A 1.000 x 1.0000 = 1.00",
			},
		},
		"what is refused": {
			text: "number,date,sku,qty,price\n1,2044-02-01,A,1,1\n2,,A,1,1\n3,soon,A,1,1\n4,2024-02-01,A,0,1\n5,2024-02-01,A,1,\n6,2024-02-01,A,,1\n7,2024-02-01,A,1e12,1\n8,2024-02-01,A,1,1,oops\n9,1890-01-01,A,1,1\n10,01.01.0001,A,1,1\n11,2024-02-01,A,1,99999999999999999999\n",
			want: []string{
				`refused 2 at in_future "2044-02-01"`,
				`refused 3 at missing ""`,
				`refused 4 at not_a_date "soon"`,
				`refused 5 quantity no_quantity "0"`,
				`refused 6 price missing ""`,
				`refused 7 quantity missing ""`,
				`refused 8 quantity out_of_range "1e12"`,
				`refused 9  too_many_columns "oops"`,
				`refused 10 at bad_year "1890-01-01"`,
				`refused 11 at missing "01.01.0001"`,
				`refused 12 price out_of_range "99999999999999999999"`,
			},
		},
		"time of day in its own column": {
			text: "Чек;Дата;Время;Сумма\n1;01.02.2024;10:30;10\n2;01.02.2024;11:15:20;10\n",
			want: []string{
				"sale 1 2024-02-01T05:30  |  1.000 x 10.0000 = 10.00",
				"sale 2 2024-02-01T06:15  |  1.000 x 10.0000 = 10.00",
			},
		},
		"quantity below zero, amount above": {
			text: "Чек;Дата;Артикул;Количество;Цена;Сумма\n1;01.02.2024;A;1;10;10\n2;02.02.2024;A;-1;10;10\n",
			want: []string{
				"sale 1 2024-01-31T19:00  | A 1.000 x 10.0000 = 10.00",
				"return 2 2024-02-01T19:00  | A 1.000 x 10.0000 = 10.00",
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := tt.text
			for i := 1; strings.Contains(text, "%d"); i++ {
				text = strings.Replace(text, "%d", fmt.Sprint(500+i), 1)
			}
			path, m := sniff(t, text)
			if tt.edit != nil {
				tt.edit(&m)
			}
			got := brief(steps(t, &Scan{Path: path, Mapping: m, Currency: gbp, Now: late}, Checkpoint{}))
			got = got[max(0, len(got)-len(tt.want)):]
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestScanCustomers(t *testing.T) {
	t.Parallel()
	path, m := sniff(t, "Код;Фамилия;Имя;Отчество;Пол;Телефон;Дата рождения;Email;Дата регистрации;Баллы;Согласие на SMS;Паспорт;Отказ от рассылки\n"+
		"1;Кузьмина;Дэнна;Витальевна;2;7(994)977-45-73\u00a0;24.08.1993;d@mail.com;27.03.2016;1 250,50;да;x.png;нет\n"+
		"2;Ермакова Алла Мироновна;;;жен;901234567, 901234568;22.01;;;;нет;\n"+
		"3;Петров;;;кот;;вчера;;01.01.2099;12,345;;\n"+
		";;;;м;;;;;;;\n"+
		"5;Сидоров;;;;;;;;x;;\n"+
		"6;Старов;;;;;05.06.1890;;30.12.1899;;да;;да\n"+
		"7;Юсупов;;;;;01.01.1900 0:00:00;;;;;;\n"+
		"8;Юнусов;;;;;01.01.1970;;;;;;\n")
	m.Columns[Attribute("Паспорт")] = 12
	var got []Customer
	var issues []string
	for _, step := range steps(t, &Scan{Path: path, Mapping: m, Currency: gbp, Now: late}, Checkpoint{}) {
		if step.Customer != nil {
			got = append(got, *step.Customer)
		}
		issues = append(issues, brief([]Step{step})...)
	}
	want := []Customer{
		{
			Row: 2, External: "1", Phones: []string{"7(994)977-45-73"}, Email: "d@mail.com", First: "Дэнна", Middle: "Витальевна", Last: "Кузьмина",
			Sex: "female", Born: "1993-08-24", Registered: time.Date(2016, 3, 26, 19, 0, 0, 0, time.UTC),
			Attributes: map[string]string{"Паспорт": "x.png"}, Consents: []Consent{{Channel: "sms", Given: true}}, Points: 125_050,
		},
		{
			Row: 3, External: "2", Phones: []string{"901234567", "901234568"}, First: "Алла", Middle: "Мироновна", Last: "Ермакова",
			Sex: "female", Born: "--01-22", Consents: []Consent{{Channel: "sms"}},
		},
		{Row: 4, External: "3", Last: "Петров", Points: 1235},
		{Row: 7, External: "6", Last: "Старов", Consents: []Consent{{Channel: "any", OptOut: true}}},
		{Row: 8, External: "7", Last: "Юсупов"},
		{Row: 9, External: "8", Last: "Юнусов", Born: "1970-01-01"},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Customer{}), cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) })); diff != "" {
		t.Errorf("customers (-want +got):\n%s", diff)
	}
	wantIssues := []string{
		`note 4 sex unknown_word "кот"`,
		`note 4 born not_a_date "вчера"`,
		`note 4 registered in_future "01.01.2099"`,
		`note 4 points points_rounded "12,345"`,
		`refused 5  nobody ""`,
		`refused 6 points not_a_number "x"`,
		`note 7 born bad_year "05.06.1890"`,
		`note 8 born no_birthday "01.01.1900 0:00:00"`,
	}
	if diff := cmp.Diff(wantIssues, issues); diff != "" {
		t.Errorf("issues (-want +got):\n%s", diff)
	}
}

func TestScanProducts(t *testing.T) {
	t.Parallel()
	path, m := sniff(t, "Артикул;Штрихкод;Название;Категория;Цена;Себестоимость;Активен;Тип товара\n"+
		"A1;4601234567890;Крем;Уход / Руки;1 250,50;800;1;товар\n"+
		";4601234567891;Маска;;300;-5;0;\n"+
		";;Услуга;;300,12345;;;услуга\n"+
		"A4;;Пакет;;-1;;;\n"+
		";;;;5;;;\n")
	var got []Product
	all := steps(t, &Scan{Path: path, Mapping: m, Currency: gbp, Now: late}, Checkpoint{})
	for _, step := range all {
		if step.Product != nil {
			got = append(got, *step.Product)
		}
	}
	price := func(p money.Price) *money.Price { return &p }
	yes, no := true, false
	want := []Product{
		{Row: 2, SKU: "A1", Barcodes: []string{"4601234567890"}, Name: "Крем", Category: "Уход / Руки", Goods: "goods", Price: price(12_505_000), Cost: price(8_000_000), Active: &yes},
		{Row: 3, SKU: "4601234567891", Barcodes: []string{"4601234567891"}, Name: "Маска", Price: price(3_000_000), Active: &no},
		{Row: 4, SKU: "Услуга", Name: "Услуга", Goods: "service", Price: price(3_001_235)},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(Product{})); diff != "" {
		t.Errorf("products (-want +got):\n%s", diff)
	}
	wantIssues := []string{`note 3 cost out_of_range "-5"`, `note 4 sku made_sku "Услуга"`, `refused 5 price out_of_range "-1"`, `refused 6 sku missing ""`}
	if diff := cmp.Diff(wantIssues, brief(all)); diff != "" {
		t.Errorf("issues (-want +got):\n%s", diff)
	}
}

// A receipt of more rows than can be is refused, whether they stand together or
// not, and memory does not grow with it.
func TestScanTooManyLines(t *testing.T) {
	t.Parallel()
	row := "1,2024-02-01,A,1\n"
	for name, text := range map[string]string{
		"together": strings.Repeat(row, maxLines+500) + "2,2024-02-01,A,1\n",
		"apart":    strings.Repeat(row, maxLines) + "2,2024-02-01,A,1\n" + strings.Repeat(row, 500),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path, m := sniff(t, "number,date,sku,amount\n"+text)
			all := steps(t, &Scan{Path: path, Mapping: m, Currency: gbp, Now: late}, Checkpoint{})
			var rows int64
			var receipts, refused int
			for _, s := range all {
				rows += s.Rows
				receipts += len(s.Receipts)
				refused += len(s.Issues)
			}
			if rows != maxLines+501 || receipts != 1 || refused != maxLines {
				t.Errorf("%d rows, %d receipts, %d refused rows listed", rows, receipts, refused)
			}
		})
	}
}

// Where a column is the same all day, the rows of a shop that never closes are one
// receipt without end, which is refused.
func TestScanReceiptOfDays(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	b.WriteString("receipt,date,amount\n")
	at := time.Date(2024, 2, 1, 20, 0, 0, 0, time.UTC)
	for range 80 {
		b.WriteString("1," + at.Format("02.01.2006 15:04") + ",5\n")
		at = at.Add(20 * time.Minute)
	}
	path, m := sniff(t, b.String())
	got := brief(steps(t, &Scan{Path: path, Mapping: m, Currency: gbp, Now: late}, Checkpoint{}))
	if !slices.Contains(got, `refused 75 number two_days "02.02.2024 20:20"`) {
		t.Errorf("%q", got)
	}
}

func TestScanStops(t *testing.T) {
	t.Parallel()
	path, m := sniff(t, "number,date,sku,amount\n"+strings.Repeat("1,2024-02-01,A,1\n2,2024-02-01,A,1\n", 3000))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s := &Scan{Path: path, Mapping: m, Currency: gbp, Now: late}
	if err := s.Run(ctx, Checkpoint{}, func(Step) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled scan gives %v", err)
	}
	full := errors.New("the disk is full")
	if err := s.Run(t.Context(), Checkpoint{}, func(Step) error { return full }); !errors.Is(err, full) {
		t.Errorf("a scan whose rows nobody takes gives %v", err)
	}
	few, ofFew := sniff(t, "number,date,sku,amount\n1,2024-02-01,A,1\n2,2024-02-01,A,1\n")
	s = &Scan{Path: few, Mapping: ofFew, Currency: gbp, Now: late}
	if err := s.Run(ctx, Checkpoint{}, func(Step) error { return full }); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled scan of few rows gives %v", err)
	}
	small, of := sniff(t, "number,date,sku,amount\n1,2024-02-01,A,1\n2,2024-02-01,A,1\n1,2024-02-01,B,1\n2,2024-02-01,B,1\n")
	ctx, cancel = context.WithCancel(t.Context())
	n := 0
	s = &Scan{Path: small, Mapping: of, Currency: gbp, Now: late}
	if err := s.Run(ctx, Checkpoint{}, func(Step) error { n++; cancel(); return nil }); !errors.Is(err, context.Canceled) || n != 1 {
		t.Errorf("a scan of few rows, cancelled at its first step, takes %d and gives %v", n, err)
	}
	m.Columns[FieldAt] = 0
	bad := &Scan{Path: path, Mapping: m, Currency: gbp, Now: late}
	if err := bad.Run(t.Context(), Checkpoint{}, func(Step) error { return nil }); err == nil {
		t.Error("a mapping without a date was scanned by")
	}
}

// checkScan holds a scan to what it promises: every row of data is taken or
// refused, once, and whoever goes on from a checkpoint gets what follows.
func checkScan(t *testing.T, path string, m Mapping) {
	t.Helper()
	for _, size := range []int{0, 1000} { // what lies apart all at once, and a few rows at a time
		checkScanOf(t, path, m, size)
	}
}

func checkScanOf(t *testing.T, path string, m Mapping, partSize int) {
	t.Helper()
	s := &Scan{Path: path, Mapping: m, Currency: gbp, Now: late, partSize: partSize}
	all := steps(t, s, Checkpoint{})
	seen := map[int64]int{}
	take := func(row int64) { seen[row]++ }
	var rows, refusedRows int64
	for _, step := range all {
		rows += step.Rows
		refusedRows -= step.Refused
		for _, r := range step.Receipts {
			for _, l := range r.Lines {
				take(l.Row)
				if l.Gross-l.Discount != l.Total || l.Quantity <= 0 || l.Total < 0 || l.Discount < 0 || l.Price < 0 {
					t.Fatalf("row %d: %+v", l.Row, l)
				}
			}
		}
		if step.Customer != nil {
			take(step.Customer.Row)
		}
		if step.Product != nil {
			take(step.Product.Row)
		}
		var refused []int64
		for _, is := range step.Issues {
			if is.Refused {
				refused = append(refused, is.Row)
			}
			if is.Reason == ReasonCopied {
				take(is.Row)
			}
		}
		slices.Sort(refused)
		for _, row := range slices.Compact(refused) {
			take(row)
			refusedRows++
		}
	}
	if refusedRows != 0 {
		t.Fatalf("%d rows more are refused than the steps say", refusedRows)
	}
	file, err := delimited.OpenAt(path, m.Format, delimited.Position{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	}()
	var want int64
	for file.Next() {
		row := file.Row()
		if row.Number <= int64(m.Options.Header) || row.Blank() {
			continue
		}
		want++
		if seen[row.Number] != 1 {
			t.Fatalf("row %d %q was taken %d times:\n%s", row.Number, row.Fields, seen[row.Number], strings.Join(brief(all), "\n"))
		}
	}
	if rows != want {
		t.Fatalf("%d rows, the steps say %d", want, rows)
	}
	for i, step := range all {
		again := &Scan{Path: path, Mapping: m, Currency: gbp, Now: late, partSize: partSize}
		rest := steps(t, again, step.End)
		if !cmp.Equal(all[i+1:], rest, cmp.AllowUnexported(Receipt{}, Customer{}, Product{}), cmp.Transformer("none", func(s []Step) []Step {
			if len(s) == 0 {
				return nil
			}
			return s
		})) {
			t.Fatalf("behind step %d of %d: %s", i, len(all), cmp.Diff(all[i+1:], rest, cmp.AllowUnexported(Receipt{}, Customer{}, Product{})))
		}
	}
}

func TestScanGoesOnAnywhere(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"together":   "number,date,sku,qty,price\n1,2024-02-01,A,1,1\n1,2024-02-01,B,1,1\n,2024-02-01,A,1,1\n2,2024-02-01,A,x,1\n3,2024-02-01,A,1,1\n\n3,2024-02-01,\"B\nC\",1,1\n",
		"apart":      "number,date,sku,qty,price\n" + strings.Repeat("1,2024-02-01,A,1,1\n2,2024-02-01,A,1,1\n3,2024-02-01,A,1,1\n4,2024-02-01,A,-1,1\n5,2024-02-01,A,1,1\n6,2024-02-01,A,q,1\n", 3),
		"few apart":  "number,date,sku,qty,price\n1,2024-02-01,A,1,1\n2,2024-02-01,A,1,1\n1,2024-02-01,B,1,1\n3,2024-02-01,A,1,1\n",
		"no store":   "number,date,time,store,sku,qty,price\n1,2024-02-01,23:50,S1,A,1,1\n1,2024-02-02,00:10,,A,1,1\n1,2024-02-02,00:10,,A,1,1\n1,2024-02-02,00:10,S2,A,1,1\n1,2024-02-02,00:10,,A,1,1\n1,2024-02-01,23:50,S1,A,1,1\n",
		"no number":  "number,date,store,sku,qty,price\n1,2024-02-01,S1,A,1,1\n,2024-02-01,S1,A,1,1\n1,2024-02-01,,A,1,1\n2,2024-02-01,S1,A,1,1\n1,2024-02-01,S1,B,1,1\n",
		"unnumbered": "customer_id,date,amount\n7,2024-02-01,5\n7,2024-02-01,5.00\n8,2024-02-01,5\n7,2024-02-01,x\n7,2024-02-01,5\n",
		"customers":  "Фамилия;Телефон\nИванов;1\n;\n;м\nПетров;2\n",
		"products":   "SKU;Название;Цена\nA;x;1\n;;2\nB;y;z\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path, m := sniff(t, text)
			checkScan(t, path, m)
		})
	}
}

// Receipts of one number whose rows lie apart are read one after another, and each is
// of its own day all the same.
func TestScanApartAroundMidnight(t *testing.T) {
	t.Parallel()
	path, m := sniff(t, "number,date,time,store,sku,qty,price\n"+
		"7,2024-02-01,23:50,S1,A,1,1\n8,2024-02-01,23:50,S1,A,1,1\n7,2024-02-01,23:50,S1,B,1,1\n"+
		"9,2024-02-02,00:05,S1,A,1,1\n7,2024-02-02,00:10,S1,A,1,1\n10,2024-02-02,00:15,S1,A,1,1\n7,2024-02-02,00:10,S1,B,1,1\n")
	var days []string
	for _, step := range steps(t, &Scan{Path: path, Mapping: m, Currency: gbp, Now: late}, Checkpoint{}) {
		for _, r := range step.Receipts {
			if r.Number == "7" {
				days = append(days, r.Day)
			}
		}
	}
	if diff := cmp.Diff([]string{"2024-02-01", "2024-02-02"}, days); diff != "" {
		t.Errorf("days (-want +got):\n%s", diff)
	}
	checkScan(t, path, m)
}

// A row without a store is told the time of the store of the row before of its number,
// whether the scan went on between them or not.
func TestScanGoesOnInTheZoneOfTheRowBefore(t *testing.T) {
	t.Parallel()
	path, m := sniff(t, "number,date,time,store,sku,qty,price\n"+
		"7,2024-02-01,12:00,London,A,1,1\n7,2024-02-03,12:00,,A,1,1\n8,2024-02-03,12:00,,A,1,1\n")
	m.Options.Zone = ""
	tashkent := time.FixedZone("", 5*60*60)
	s := &Scan{Path: path, Mapping: m, Currency: gbp, Now: late, Zone: func(store string) *time.Location {
		if store == "London" {
			return time.UTC
		}
		return tashkent
	}}
	all := steps(t, s, Checkpoint{})
	whole := brief(all)
	if len(whole) != 3 || !strings.Contains(whole[1], "T12:00") || !strings.Contains(whole[2], "T07:00") {
		t.Fatalf("%q", whole)
	}
	for k := range all {
		after, err := json.Marshal(all[k].End)
		if err != nil {
			t.Fatal(err)
		}
		var from Checkpoint
		if err := json.Unmarshal(after, &from); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(whole, slices.Concat(whole[:k+1], brief(steps(t, s, from)))); diff != "" {
			t.Errorf("going on behind step %d (-want +got):\n%s", k, diff)
		}
	}
}

// A checkpoint among receipts that lie apart says in how many parts they were read: a
// program that makes other parts of them begins those anew.
func TestScanGoesOnInOtherParts(t *testing.T) {
	t.Parallel()
	const receipts = 40
	var b strings.Builder
	b.WriteString("number,date,sku,qty,price\n")
	for run := range 2 {
		for i := range receipts {
			fmt.Fprintf(&b, "N%d,2024-02-01,P%d,1,1\n", i, run)
		}
	}
	path, m := sniff(t, b.String())
	before := steps(t, &Scan{Path: path, Mapping: m, Currency: gbp, Now: late, partSize: 2000}, Checkpoint{})
	for k := range before {
		got := map[string]bool{}
		for _, s := range slices.Concat(before[:k+1], steps(t, &Scan{Path: path, Mapping: m, Currency: gbp, Now: late}, before[k].End)) {
			for _, r := range s.Receipts {
				got[r.Number] = true
			}
		}
		if len(got) != receipts {
			t.Errorf("going on behind step %d reads %d of %d receipts", k, len(got), receipts)
		}
	}
}

// The file is read for the survey and for those that stand together; few that do not
// are held meanwhile.
func TestFewApartAreHeld(t *testing.T) {
	t.Parallel()
	path, m := sniff(t, "number,date,sku,amount\n1,2024-02-01,A,1\n2,2024-02-01,A,1\n1,2024-02-01,B,1\n")
	s := &Scan{Path: path, Mapping: m, Currency: gbp, Now: late}
	got := brief(steps(t, s, Checkpoint{}))
	if s.passes.Load() != 2 || s.Done() != 1 {
		t.Errorf("the file was read %d times, and %v is done", s.passes.Load(), s.Done())
	}
	read := &Scan{Path: path, Mapping: m, Currency: gbp, Now: late, partSize: 100}
	if diff := cmp.Diff(brief(steps(t, read, Checkpoint{})), got); diff != "" || read.passes.Load() < 4 {
		t.Errorf("read %d times, it differs:\n%s", read.passes.Load(), diff)
	}
}

// Whatever a file holds: what is guessed of it scans, no row is lost, and every
// checkpoint is one.
func FuzzScan(f *testing.F) {
	f.Add("number,date,sku,qty,price\n1,2024-02-01,A,1,1\n2,2024-02-01,A,x,1\n1,2024-02-01,A,-1,1\n", byte(0))
	f.Add("customer_id,date,amount\n7,2024-02-01,5\n7,2024-02-01,5\n", byte(1))
	f.Add("Фамилия;Телефон;Баллы\nИванов;1;5\n;м;\n", byte(2))
	f.Add("SKU;Название;Цена\nA;x;1\n;;2\nB;\"y\n;z\n", byte(3))
	f.Add("a|b|c\n1|01.02.2024|5\n2|01.03.2024|5\n", byte(1))
	f.Fuzz(func(t *testing.T, text string, kind byte) {
		if len(text) > 600 {
			t.Skip("every step is started from: too many")
		}
		path := write(t, text)
		h := Hints{Kind: []Kind{"", KindReceipts, KindCustomers, KindProducts}[kind%4], Zone: "UTC", Region: "UZ"}
		s, err := Sniff(context.Background(), path, h)
		if err != nil {
			if !errors.Is(err, ErrEmpty) && !errors.Is(err, delimited.ErrNotText) && !errors.Is(err, delimited.ErrDamaged) {
				t.Fatal(err)
			}
			return
		}
		if s.Mapping.Validate() != nil {
			return
		}
		checkScan(t, path, s.Mapping)
	})
}
