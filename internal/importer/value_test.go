package importer

import (
	"math/big"
	"testing"
	"time"

	"regulars/internal/base/money"
)

func TestParseNumber(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text    string
		decimal byte
		want    number
	}{
		{"12", '.', number{12, 0}},
		{"-12", '.', number{-12, 0}},
		{"12.50", '.', number{1250, 2}},
		{"0.001", '.', number{1, 3}},
		{"12,50", ',', number{125, 1}},
		{"12.50", ',', number{125, 1}}, // nothing else can be meant
		{"1,250", ',', number{125, 2}},
		{"1,250", '.', number{1250, 0}},
		{"1.250", ',', number{1250, 0}},
		{"0,250", '.', number{25, 2}},
		{"1 250,50", ',', number{12505, 1}},
		{"1\u00a0250\u00a0000", ',', number{1250000, 0}},
		{"1\u202f250,5", '.', number{12505, 1}},
		{"1'250.50", '.', number{12505, 1}},
		{"1,250.50", '.', number{12505, 1}},
		{"1.250,50", '.', number{12505, 1}},
		{"1.250.000", '.', number{1250000, 0}},
		{"£1,250.50", '.', number{12505, 1}},
		{"-£5.00", '.', number{-5, 0}},
		{"£-5.00", '.', number{-5, 0}},
		{"1 250,50 руб.", ',', number{12505, 1}},
		{"150 000 сум", ',', number{150000, 0}},
		{"150 000 so‘m", '.', number{150000, 0}},
		{"99 ₽", ',', number{99, 0}},
		{"3 шт.", ',', number{3, 0}},
		{"−5", '.', number{-5, 0}},
		{"5-", '.', number{-5, 0}},
		{"(5.25)", '.', number{-525, 2}},
		{"+5", '.', number{5, 0}},
		{".50", '.', number{5, 1}},
		{"5.", '.', number{5, 0}},
		{"00012", '.', number{12, 0}},
		{"1.5E+3", '.', number{1500, 0}},
		{"1e-05", '.', number{1, 5}},
		{"2.5500000000000003", '.', number{2550000000, 9}},
		{"0", '.', number{0, 0}},
	}
	for _, tt := range tests {
		got, ok := parseNumber(tt.text, tt.decimal)
		if !ok || got.rat().Cmp(tt.want.rat()) != 0 {
			t.Errorf("parseNumber(%q, %q) = %v, %v; want %v", tt.text, tt.decimal, got, ok, tt.want)
		}
	}
	for _, text := range []string{
		"", "-", "abc", "12a", "1 2", "1  250", "12 34", "1,2,3", "1.25.0", "12-34", "1/2", "--5", "(-5)", "5 yards", "1e", "1e999",
		"1234567890123456789", "0x10", "٣", "1,250,00", "NaN", "Inf",
	} {
		if n, ok := parseNumber(text, '.'); ok {
			t.Errorf("parseNumber(%q) = %v, want no", text, n)
		}
	}
}

func (n number) rat() *big.Rat { return big.NewRat(n.coef, powers[n.scale]) }

// What is read is within its bounds, plain reading agrees with the thorough
// one, and an amount and what was lost of it are the number again.
func FuzzParseNumber(f *testing.F) {
	f.Add("1 250,50 руб.", false)
	f.Add("-£1,250.505", true)
	f.Add("1.5E-7", true)
	f.Fuzz(func(t *testing.T, text string, point bool) {
		decimal := byte(',')
		if point {
			decimal = '.'
		}
		n, ok := parseNumber(text, decimal)
		if !ok {
			return
		}
		if n.scale < 0 || n.scale > maxScale || abs64(n.coef) >= powers[maxDigits] {
			t.Fatalf("parseNumber(%q) = %v", text, n)
		}
		again, ok := parseNumber(" "+text, decimal)
		if !ok || again.rat().Cmp(n.rat()) != 0 {
			t.Fatalf("with a blank before it %q is %v, without %v", text, again, n)
		}
		for _, code := range []string{"JPY", "GBP", "KWD"} {
			c, err := money.CurrencyOf(code)
			if err != nil {
				t.Fatal(err)
			}
			kept, gone, ok := n.amount(c)
			if !ok {
				continue
			}
			sum := new(big.Rat).Add(big.NewRat(int64(kept), c.Minor()), big.NewRat(int64(gone), powers[lostScale]))
			off := new(big.Rat).Sub(n.rat(), sum)
			if n.scale <= lostScale && off.Sign() != 0 || off.Abs(off).Cmp(big.NewRat(1, powers[lostScale])) > 0 {
				t.Fatalf("%q in %s: %d and %s lost are off by %s", text, code, kept, gone, off)
			}
		}
	})
}

func TestNumberTimes(t *testing.T) {
	t.Parallel()
	gbp, jpy := money.Currency{Code: "GBP", Exponent: 2}, money.Currency{Code: "JPY"}
	for _, tt := range []struct {
		quantity, price string
		c               money.Currency
		kept            money.Amount
		lost            string
	}{
		{"6", "2.55", gbp, 1530, "0"},
		{"1", "0.001", gbp, 0, "0.001"},
		{"-1", "0.001", gbp, 0, "-0.001"},
		{"0.333", "12.99", gbp, 433, "-0.00433"},
		{"5", "0.001", gbp, 1, "-0.005"},
		{"3", "0.5", jpy, 2, "-0.5"},
		{"-80995", "2.08", gbp, -16_846_960, "0"},
	} {
		q, ok1 := parseNumber(tt.quantity, '.')
		p, ok2 := parseNumber(tt.price, '.')
		kept, lost, ok3 := q.times(p, tt.c)
		if !ok1 || !ok2 || !ok3 || kept != tt.kept || lost.String() != tt.lost {
			t.Errorf("%s x %s = %d and %s lost; want %d and %s", tt.quantity, tt.price, kept, lost, tt.kept, tt.lost)
		}
	}
	if _, _, ok := (number{powers[15] + 1, 0}).times(number{powers[15], 0}, gbp); ok {
		t.Error("a product beyond all money was taken")
	}
}

func TestParseTime(t *testing.T) {
	t.Parallel()
	tashkent, err := time.LoadLocation("Asia/Tashkent")
	if err != nil {
		t.Fatal(err)
	}
	const day, month = DayFirst, MonthFirst
	for _, tt := range []struct {
		text  string
		order DateOrder
		want  string // UTC; empty: none
	}{
		{"2010-12-01 08:26:00", day, "2010-12-01T03:26:00Z"},
		{"2010-12-01", month, "2010-11-30T19:00:00Z"},
		{"2010-12-01T08:26:00Z", day, "2010-12-01T08:26:00Z"},
		{"2010-12-01T08:26:00.5+03:00", day, "2010-12-01T05:26:00.5Z"},
		{"2010-12-01 08:26:00-0530", day, "2010-12-01T13:56:00Z"},
		{"2010/12/1 8:26", month, "2010-12-01T03:26:00Z"},
		{"01.12.2010 08:26", day, "2010-12-01T03:26:00Z"},
		{"01.12.2010 08:26", month, "2010-12-01T03:26:00Z"},
		{"1.12.10", day, "2010-11-30T19:00:00Z"},
		{"12/1/2010 8:26", month, "2010-12-01T03:26:00Z"},
		{"12/1/2010 8:26", day, "2010-01-12T03:26:00Z"},
		{"12/1/10 8:26 PM", month, "2010-12-01T15:26:00Z"},
		{"12/1/10 12:05 am", month, "2010-11-30T19:05:00Z"},
		{"1-12-2010", day, "2010-11-30T19:00:00Z"},
		{"20101201", day, "2010-11-30T19:00:00Z"},
		{"20101201082600", day, "2010-12-01T03:26:00Z"},
		{"01122010", day, "2010-11-30T19:00:00Z"},
		{"1 декабря 2010 г. 8:26", day, "2010-12-01T03:26:00Z"},
		{"1 дек. 2010", day, "2010-11-30T19:00:00Z"},
		{"Dec 1, 2010", day, "2010-11-30T19:00:00Z"},
		{"01-Dec-2010", day, "2010-11-30T19:00:00Z"},
		{"1 dekabr 2010-yil, 08:26", day, "2010-12-01T03:26:00Z"},
		{"29.02.2012", day, "2012-02-28T19:00:00Z"},
		{"01.01.0001 0:00:00", day, ""},
		{"0000-00-00 00:00:00", day, ""},
	} {
		got, none, ok := parseTime(tt.text, tt.order, tashkent)
		text := ""
		if !none {
			text = got.UTC().Format(time.RFC3339Nano)
		}
		if !ok || text != tt.want {
			t.Errorf("parseTime(%q, %s) = %q, %v; want %q", tt.text, tt.order, text, ok, tt.want)
		}
	}
	for _, text := range []string{
		"", "abc", "12", "12.50", "31.12", "2010-13-01", "2010-02-30", "31.11.2010", "13/13/2010", "1.12.2010 25:00", "1.12.2010 8:60",
		"1.12.2010 8", "2010-12-01 08:26:00 soon", "2010-12-01x", "20101301", "1/2/3/4", "12:30", "1 foo 2010", "01.12.2210", "2010-12-01T08:26+99:00",
		"8.26.2010 pm", "05.06.1890", "13:00 PM 2010-12-01",
	} {
		if got, none, ok := parseTime(text, DayFirst, time.UTC); ok {
			t.Errorf("parseTime(%q) = %v, %v; want no", text, got, none)
		}
	}
	if got, _, ok := parseTime("1/13/2010", DayFirst, time.UTC); ok {
		t.Errorf("the 1st of a 13th month is %v", got)
	}
}

func TestParseBorn(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"24.08.1993":         "1993-08-24",
		"1982-05-06":         "1982-05-06",
		"24.08":              "--08-24",
		"29 февраля":         "--02-29",
		"7 mart":             "--03-07",
		"24.08.1993 0:00:00": "1993-08-24",
		"01.01.0001":         "",
		"1899-12-30":         "",
	} {
		if got, ok := parseBorn(text, DayFirst); !ok || got != want {
			t.Errorf("parseBorn(%q) = %q, %v; want %q", text, got, ok, want)
		}
	}
	for _, text := range []string{"30.02", "1990", "32.01.1990", "05.06.1890", "n/a"} {
		if got, ok := parseBorn(text, DayFirst); ok {
			t.Errorf("parseBorn(%q) = %q, want no", text, got)
		}
	}
}

// What is read as a date is one, and is read from its own ISO spelling as
// itself.
func FuzzParseTime(f *testing.F) {
	f.Add("01.12.2010 08:26", true)
	f.Add("12/1/10 8:26 PM", false)
	f.Add("1 декабря 2010 г.", true)
	f.Add("2010-12-01T08:26:00.5+03:00", true)
	f.Fuzz(func(t *testing.T, text string, dayFirst bool) {
		order := MonthFirst
		if dayFirst {
			order = DayFirst
		}
		if born, ok := parseBorn(text, order); ok && born != "" {
			if again, ok := parseBorn(strip(born), DayFirst); !ok || again != born {
				t.Fatalf("parseBorn(%q) = %q, which is read as %q", text, born, again)
			}
		}
		at, none, ok := parseTime(text, order, time.UTC)
		if !ok || none {
			return
		}
		if at.Year() < minYear-1 || at.Year() > maxYear+1 {
			t.Fatalf("parseTime(%q) = %v", text, at)
		}
		again, _, ok := parseTime(at.Format(time.RFC3339Nano), order, time.UTC)
		if at.Year() >= minYear && at.Year() <= maxYear && (!ok || !again.Equal(at)) {
			t.Fatalf("parseTime(%q) = %v, which is read as %v", text, at, again)
		}
	})
}

// strip makes --12-31 what people would write of it.
func strip(born string) string {
	if len(born) == len("--12-31") {
		return born[5:7] + "." + born[2:4]
	}
	return born
}

func TestWords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"ж": "female", "Женский": "female", "жен.": "female", "F": "female", "2": "female", "ayol": "female",
		"м": "male", "мужской": "male", "Male": "male", "1": "male", "Erkak": "male",
		"": "", "0": "", "неизвестно": "",
	} {
		if got, ok := parseSex(text); !ok || got != want {
			t.Errorf("parseSex(%q) = %q, %v", text, got, ok)
		}
	}
	if got, ok := parseSex("кот"); ok {
		t.Errorf("parseSex(кот) = %q", got)
	}
	for text, want := range map[string]bool{"Да": true, "yes": true, "1": true, "ha": true, "+": true, "нет": false, "No": false, "0": false, "yo‘q": false, "Yo'q": false, "yo`q": false, "yoʻq": false, "yoʼq": false, "yoq": false} {
		if yes, none, ok := parseYes(text); !ok || none || yes != want {
			t.Errorf("parseYes(%q) = %v, %v, %v", text, yes, none, ok)
		}
	}
	if _, none, ok := parseYes(""); !ok || !none {
		t.Error("nothing is neither yes nor no")
	}
	for text, want := range map[string]deed{
		"Возврат": takesBack, "возврат прихода": takesBack, "refund": takesBack, "Чек возврата": takesBack, "Sales return": takesBack, "Чек ККМ (возврат)": takesBack,
		"Покупка - возврат": takesBack, "Sotuvni qaytarish": takesBack, "sale": sells, "Продажа": sells, "приход": sells, "Чек ККМ": sells, "": sells,
		"Возврат без чека": takesBack, "Payment refunded": takesBack, "Return № 5": takesBack, "Возврат, не отменён": takesBack, "Refund, no receipt": takesBack, "Продажа не отменена, возврат": takesBack,
		"Продажа, возврат невозможен": sells, "Продажа, не подлежит возврату": sells, "Sale, cannot be returned": sells, "Non-returnable sale": sells,
		"Возврат: нет, оплачен, продажа": sells, "PAYBACK": takesBack, "Savdo": sells, "Сату": sells, "Sotish": sells, "Возврат: не подошёл размер": takesBack, "Қайтару": takesBack, "Qayta sotuv": sells,
		"Payment failed": undone, "Ошибка оплаты": undone, "Awaiting payment": undone, "Оплата": sells, "Payment": sells, "Заказ не оплачен": undone, "Отказ покупателя": undone, "Reversed sale": takesBack,
		"Чек без возврата": sells, "Продажа, возврата нет": sells, "Sale, never refunded": sells, "Sotuv, qaytarilmagan": sells, "Сотув (бекор қилинмаган)": sells,
		"Продажа отменена": undone, "Чек аннулирован": undone, "Order cancelled": undone, "void": undone,
	} {
		if does := parseDeed(text); does != want {
			t.Errorf("parseDeed(%q) = %v", text, does)
		}
	}
	for text, want := range map[string]bool{
		"Возврат": true, "да": true, "Возвращён": true, "": false, "Не возвращён": false, "без возврата": false, "not returned": false, "no refund": false, "qaytarilmagan": false, "0": false,
		"Не был возвращён": false, "Возврат: нет": false, "Возвращён: нет": false, "Возврата не было": false, "Ещё не возвращён": false, "Қайтарилмаган": false, "Қайтарылмаған": false, "Qaytarilmadi": false,
		"Возврат: нет, оплачен": false, "Возврат: ещё нет": false, "Refunded: false": false, "Возврат: отклонён": false, "Return: no, paid": false, "В возврате отказано": false, "Refund failed": false, "not yet returned": false, "never refunded": false, "wasn't returned": false, "hasn’t been returned": false, "refund: none": false, "Қайтарилди": true, "Возврат без чека": true,
	} {
		if does := parseReturned(text); does == puzzles || (does == takesBack) != want {
			t.Errorf("parseReturned(%q) = %v", text, does)
		}
	}
	for _, text := range []string{"Возврат: отклонён", "Возврат поставщику", "Неполная оплата", "Payment due", "Отмена возврата", "Отмена не выполнена", "Return voided", "инвентаризация", "Не возвращён", "Возврат отклонён", "Возврат не оформлен", "Возврат не проведён", "Refund not completed", "В возврате отказано", "Refund failed", "Return: no, paid", "Чек коррекции", "Продажа, возврат товара не был"} {
		if does := parseDeed(text); does != puzzles {
			t.Errorf("parseDeed(%q) = %v", text, does)
		}
	}
	if parseReturned("Отменён возврат") != puzzles {
		t.Error("an undone return is understood")
	}
	for _, tt := range []struct {
		heading string
		says    map[deed][]string
	}{
		{"Статус", map[deed][]string{
			sells: {
				"Проведён", "paid", "не отменён", "Да", "", "Нет", "Оплачен удалённо", "Оплачен, ожидает выдачи", "paid, pending pickup", "Paid, not fulfilled", "Без возврата", "bekor qilinmagan",
				"Бекор қилинмаган", "Отмены нет", "Not yet refunded", "Isn't cancelled", "Доставлен, без возможности отмены", "Возврат отклонён", "Оплачен, возврат невозможен", "Выдан", "To'langan", "Возврат: нет, оплачен", "Return: no, paid", "Payment accepted",
				"Оплата картой, не отменён", "В возврате отказано", "Доставлен, не выдан", "Refund: declined", "Refunded: false",
			},
			partly: {"Частично отменён", "partially_refunded", "Частичный возврат", "Qisman qaytarilgan"},
			undone: {
				"Отменён", "refunded", "Не оплачен", "unpaid", "Не проведён", "Черновик", "Бекор қилинган", "Оплачен: нет", "Отменён без возврата денег", "Отменён, возврата не было", "Удалён",
				"Оплата отклонена", "Оплата не прошла", "Payment declined", "To'lov amalga oshmadi", "Заказ не выкуплен", "Ожидает оплаты", "Нет оплаты", "Отложен", "Not posted", "Непроведён", "expired", "Reversed", "Төленбеген", "Отменён, не оплачен", "Paid: false", "Couldn't be paid", "төленбеді", "Ошибка фискализации", "Сторнирован", "Анулирован", "rad etilgan", "Ждёт оплаты", "Отменён, нет в наличии",
			},
			puzzles: {"Не завершён", "Возврат, не оплачен", "Чек не пробит", "Не доставлен", "Возврат не проведён", "Отмена не выполнена", "Возврат товара не был", "Отменён не клиентом"},
			silent:  {"Новый", "42", "Не поступил на склад", "В обработке", "Оплата картой", "Оплата картой, ещё везут", "Qayta ishlanmoqda", "Қайта ишланмоқда", "Удалённая оплата"},
		}},
		{"Аннулирован", map[deed][]string{sells: {"Нет", "0", "", "-"}, undone: {"Да", "1"}}},
		{"Проведён", map[deed][]string{sells: {"Да", "", "1"}, undone: {"Нет", "0"}}},
		{"is void", map[deed][]string{sells: {"false"}, undone: {"1", "true"}}},
	} {
		for want, texts := range tt.says {
			for _, text := range texts {
				if got := parseState(text, tt.heading); got != want {
					t.Errorf("parseState(%q, %q) = %v, want %v", text, tt.heading, got, want)
				}
			}
		}
	}
}

func TestSplitName(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text                string
		order               NameOrder
		first, middle, last string
	}{
		{"Ермакова Алла Мироновна", LastFirst, "Алла", "Мироновна", "Ермакова"},
		{"Ермакова Алла Мироновна", FirstLast, "Алла", "Мироновна", "Ермакова"},
		{"Алла Мироновна Ермакова", LastFirst, "Алла", "Мироновна", "Ермакова"},
		{"Каримов Алишер Бахтиёр ўғли", LastFirst, "Алишер", "Бахтиёр ўғли", "Каримов"},
		{"Karimova Nilufar Rustam qizi", LastFirst, "Nilufar", "Rustam qizi", "Karimova"},
		{"Иванов Иван", LastFirst, "Иван", "", "Иванов"},
		{"John Smith", FirstLast, "John", "", "Smith"},
		{"Smith, John", FirstLast, "John", "", "Smith"},
		{"John Ronald Reuel Tolkien", FirstLast, "John", "Ronald Reuel", "Tolkien"},
		{"Мадонна", LastFirst, "Мадонна", "", ""},
		{"", LastFirst, "", "", ""},
	} {
		if f, m, l := splitName(tt.text, tt.order); f != tt.first || m != tt.middle || l != tt.last {
			t.Errorf("splitName(%q, %s) = %q, %q, %q", tt.text, tt.order, f, m, l)
		}
	}
}

func TestLostString(t *testing.T) {
	t.Parallel()
	for l, want := range map[Lost]string{0: "0", 10_000: "0.001", -40_000: "-0.004", 1: "0.0000001", 15_000_000: "1.5", -10_000_000: "-1"} {
		if got := l.String(); got != want {
			t.Errorf("Lost(%d) = %q, want %q", int64(l), got, want)
		}
	}
}

// Whatever apostrophe a till writes, nobody is nobody.
func TestNobodyInUzbek(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"yo'q", "Yoʻq", "YO‘Q", "yo’q", "yoq", "noma'lum", "Nomaʼlum", "noma’lum"} {
		if !standsForNobody(code) {
			t.Errorf("%q is taken for a customer", code)
		}
	}
	if standsForNobody("O'ktam") {
		t.Error("O'ktam is taken for nobody")
	}
}
