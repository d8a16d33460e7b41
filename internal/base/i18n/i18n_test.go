package i18n_test

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"regulars/internal/base/errs"
	"regulars/internal/base/i18n"
	"regulars/internal/base/money"
)

func load(t testing.TB) *i18n.Bundle {
	t.Helper()
	b, err := i18n.Load()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// files is the smallest set that loads: the real English format and what is added.
func files(t *testing.T, extra map[string]string) fstest.MapFS {
	t.Helper()
	text, err := os.ReadFile("locales/format.en.toml")
	if err != nil {
		t.Fatal(err)
	}
	out := fstest.MapFS{"format.en.toml": {Data: text}}
	for name, text := range extra {
		out[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return out
}

func TestRussianPlurals(t *testing.T) {
	t.Parallel()
	ru := load(t).For("ru")
	for p, want := range map[money.Points]string{
		0:         "0 баллов",
		100:       "1 балл",
		200:       "2 балла",
		500:       "5 баллов",
		1100:      "11 баллов",
		2100:      "21 балл",
		11_200:    "112 баллов",
		12_300:    "123 балла",
		1250:      "12,50 балла",
		-100:      "−1 балл",
		1_250_000: "12\u202f500 баллов",
	} {
		if got := ru.PointsText(p); got != want {
			t.Errorf("PointsText(%d) = %q, want %q", p, got, want)
		}
	}
}

// After a number an Uzbek noun stays as it is.
func TestUzbekPlurals(t *testing.T) {
	t.Parallel()
	uz := load(t).For("uz")
	for p, want := range map[money.Points]string{
		0:         "0 ball",
		100:       "1 ball",
		2200:      "22 ball",
		1250:      "12,50 ball",
		1_250_000: "12\u202f500 ball",
	} {
		if got := uz.PointsText(p); got != want {
			t.Errorf("PointsText(%d) = %q, want %q", p, got, want)
		}
	}
	for n, want := range map[int64]string{1: "1 kun", 21: "21 kun", 90: "90 kun"} {
		if got := uz.N("admin.rules.days", n); got != want {
			t.Errorf("%d days are %q, want %q", n, got, want)
		}
	}
}

func TestMoney(t *testing.T) {
	t.Parallel()
	b := load(t)
	tests := []struct {
		lang, currency string
		amount         money.Amount
		want           string
	}{
		{"ru", "UZS", 125_000_000, "1\u202f250\u202f000\u00a0сум"},
		{"ru", "UZS", 125_000_050, "1\u202f250\u202f000,50\u00a0сум"},
		{"ru", "RUB", 125_050, "1\u202f250,50\u00a0₽"},
		{"ru", "RUB", 100, "1,00\u00a0₽"},
		{"ru", "RUB", 5, "0,05\u00a0₽"},
		{"ru", "JPY", 1250, "1\u202f250\u00a0JPY"},
		{"uz", "UZS", 125_000_000, "1\u202f250\u202f000\u00a0soʻm"},
		{"uz", "UZS", -125_000_050, "−1\u202f250\u202f000,50\u00a0soʻm"},
		{"uz", "RUB", 125_050, "1\u202f250,50\u00a0₽"},
		{"uz", "KZT", 125_000, "1\u202f250\u00a0₸"},
		{"uz", "USD", 125_050, "1\u202f250,50\u00a0$"},
		{"en", "GBP", 125_050, "£1,250.50"},
		{"en", "GBP", -125_050, "−£1,250.50"},
		{"en", "USD", 0, "$0.00"},
		{"en", "KWD", 1_234_567, "1,234.567\u00a0KWD"},
		{"en", "UZS", 0, "0\u00a0soum"},
		{"en", "GBP", math.MinInt64, "−£92,233,720,368,547,758.08"},
	}
	for _, tt := range tests {
		c, err := money.CurrencyOf(tt.currency)
		if err != nil {
			t.Fatal(err)
		}
		if got := b.For(tt.lang).Money(tt.amount, c); got != tt.want {
			t.Errorf("%s: Money(%d, %s) = %q, want %q", tt.lang, tt.amount, tt.currency, got, tt.want)
		}
	}
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	ru, en, uz := load(t).For("ru"), load(t).For("en"), load(t).For("uz")
	gbp := money.Currency{Code: "GBP", Exponent: 2}
	for got, want := range map[string]string{
		ru.Number(-1_250_000):   "−1\u202f250\u202f000",
		en.Number(999):          "999",
		ru.Percent(500):         "5\u00a0%",
		ru.Percent(250):         "2,5\u00a0%",
		en.Percent(10_000):      "100%",
		en.Percent(-33):         "−0.33%",
		uz.Number(-1_250_000):   "−1\u202f250\u202f000",
		uz.Percent(250):         "2,5%",
		uz.Quantity(350):        "0,350",
		ru.Quantity(2000):       "2",
		ru.Quantity(350):        "0,350",
		en.Price(12_500, gbp):   "£1.25",
		en.Price(12_345, gbp):   "£1.2345",
		en.Price(12_340, gbp):   "£1.234",
		en.Amount(125_050, gbp): "1,250.50",
		ru.Amount(100, money.Currency{Code: "UZS", Exponent: 2}): "1",
		ru.Points(125_050): "1\u202f250,50",
		ru.Symbol(money.Currency{Code: "UZS", Exponent: 2}): "сум",
		en.Symbol(gbp):                         "£",
		en.Symbol(money.Currency{Code: "JPY"}): "JPY",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestDates(t *testing.T) {
	t.Parallel()
	ru, en, uz := load(t).For("ru"), load(t).For("en"), load(t).For("uz")
	tashkent := time.FixedZone("Asia/Tashkent", 5*3600)
	at := time.Date(2026, 11, 21, 20, 5, 0, 0, time.UTC) // already the 22nd in Tashkent

	for got, want := range map[string]string{
		ru.Date(at, tashkent):             "22.11.2026",
		ru.Date(at, time.UTC):             "21.11.2026",
		en.Date(at, tashkent):             "22 Nov 2026",
		ru.LongDate(at, tashkent):         "22 ноября 2026",
		ru.DateTime(at, tashkent):         "22.11.2026 01:05",
		uz.Date(at, time.UTC):             "21.11.2026",
		uz.LongDate(at, tashkent):         "2026-yil 22-noyabr",
		uz.DateTime(at, time.UTC):         "21.11.2026 20:05",
		uz.Duration(125 * time.Minute):    "2\u00a0soat 5\u00a0daqiqa",
		uz.Duration(26 * time.Hour):       "1\u00a0kun 2\u00a0soat",
		uz.Duration(time.Second):          "1\u00a0soniya",
		en.DateTime(at, time.UTC):         "21 Nov 2026, 20:05",
		ru.Date(time.Time{}, tashkent):    "",
		ru.Duration(125 * time.Minute):    "2\u00a0ч 5\u00a0мин",
		en.Duration(26 * time.Hour):       "1\u00a0d 2\u00a0h",
		en.Duration(24*time.Hour + 1):     "1\u00a0d",
		en.Duration(59 * time.Second):     "59\u00a0s",
		en.Duration(3601 * time.Second):   "1\u00a0h",
		en.Duration(time.Millisecond):     "1\u00a0s",
		ru.Duration(61*time.Second + 3e8): "1\u00a0мин 1\u00a0с",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	b := load(t)
	tests := []struct {
		lang, text string
		want       money.Amount
		err        error
	}{
		{"ru", "1 250,50", 125_050, nil},
		{"ru", "1\u202f250,5\u00a0₽", 125_050, nil},
		{"ru", "1250.5", 125_050, nil},
		{"en", "1,250.50", 125_050, nil},
		{"en", "-0.05", -5, nil},
		{"en", "1,250", 125_000, nil},
		{"en", "-1,250,000.5", -125_000_050, nil},
		{"en", "89 900,50", 8_990_050, nil},
		{"en", "1,5", 150, nil},
		{"en", "0,35", 35, nil},
		{"en", "0,350", 35, nil},
		{"en", "12.500,00", 0, i18n.ErrNumber},
		{"en", "1,25,000", 0, i18n.ErrNumber},
		{"en", "1250,000.5", 0, i18n.ErrNumber},
		{"en", ",500", 0, i18n.ErrNumber},
		{"en", "−3", -300, nil},
		{"en", "1.500", 150, nil},
		{"en", "1.505", 0, i18n.ErrDecimals},
		{"en", "", 0, i18n.ErrNumber},
		{"en", ".5", 0, i18n.ErrNumber},
		{"en", "5.", 0, i18n.ErrNumber},
		{"en", "1e3", 0, i18n.ErrNumber},
		{"en", "٣", 0, i18n.ErrNumber},
		{"ru", "1.250.000", 0, i18n.ErrNumber},
		{"en", "92233720368547758.08", 0, i18n.ErrNumber},
	}
	rub := money.Currency{Code: "RUB", Exponent: 2}
	for _, tt := range tests {
		got, err := b.For(tt.lang).ParseMoney(tt.text, rub)
		if got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("%s: ParseMoney(%q) = %d, %v; want %d, %v", tt.lang, tt.text, got, err, tt.want, tt.err)
		}
	}
	// The sum's sign has an apostrophe, of which keyboards have every kind.
	uzs := money.Currency{Code: "UZS", Exponent: 2}
	for _, text := range []string{"1 250,50 soʻm", "1250.5so'm", "1\u202f250,50\u00a0so‘m", "1250,5 so’m", "1 250,50 so`m", "1250,50 soʼm", "1 250,50 som", "1’250,50"} {
		if got, err := b.For("uz").ParseMoney(text, uzs); got != 125_050 || err != nil {
			t.Errorf("uz: ParseMoney(%q) = %d, %v", text, got, err)
		}
	}
	if r, err := b.For("ru").ParsePercent("2,5 %"); r != 250 || err != nil {
		t.Errorf("ParsePercent = %d, %v", r, err)
	}
}

// What is written is read back as the same amount, in every language.
func FuzzMoneyRoundTrip(f *testing.F) {
	f.Add(int64(125_050))
	f.Add(int64(-1))
	b := load(f)
	f.Fuzz(func(t *testing.T, v int64) {
		if v == math.MinInt64 || v == math.MaxInt64 {
			t.Skip("not an amount")
		}
		for _, lang := range b.Languages() {
			for _, code := range []string{"UZS", "RUB", "KWD", "JPY", "GBP"} {
				c, _ := money.CurrencyOf(code)
				loc := b.For(lang.Code)
				text := loc.Amount(money.Amount(v), c)
				if got, err := loc.ParseMoney(text, c); int64(got) != v || err != nil {
					t.Fatalf("%s: %q was read as %d, %v; it was written from %d", lang.Code, text, got, err, v)
				}
			}
		}
	})
}

// Whatever is typed, it is refused or means one number, which is written and
// read again as the same.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"1 250,50", "1,250.50", "-0", "−3", "9223372036854775807", "1'000", "٣", "0x1", "..", "1,2,3"} {
		f.Add(seed)
	}
	b := load(f)
	f.Fuzz(func(t *testing.T, text string) {
		for i, lang := range append(b.Languages(), b.Languages()...) {
			loc := b.For(lang.Code)
			c := money.Currency{Code: "RUB", Exponent: 2} // its sign stands behind
			if i >= len(b.Languages()) {
				c.Code = "GBP" // in front, in English
			}
			v, err := loc.ParseMoney(text, c)
			if err != nil {
				if v != 0 || errs.KindOf(err) != errs.Invalid {
					t.Fatalf("%q was read as %d with %v", text, v, err)
				}
				continue
			}
			if again, err := loc.ParseMoney(loc.Money(v, c), c); err != nil || again != v {
				t.Fatalf("%s: %q was read as %d, written as %q and read as %d, %v", lang.Code, text, v, loc.Money(v, c), again, err)
			}
		}
	})
}

func TestLanguageChoice(t *testing.T) {
	t.Parallel()
	b := load(t)
	for header, want := range map[string]string{
		"ru":                      "ru",
		"ru-RU,ru;q=0.9,en;q=0.8": "ru",
		"de, ru;q=0.5":            "ru",
		"uz-UZ,uz;q=0.9,ru;q=0.8": "uz",
		"uz-Latn-UZ":              "uz",
		"ja":                      "en",
		"":                        "en",
		";;;":                     "en",
		"en-GB":                   "en",
	} {
		if got := b.For(header).Lang(); got != want {
			t.Errorf("For(%q) speaks %s, want %s", header, got, want)
		}
	}
	if _, ok := b.Match("ja"); ok {
		t.Error("Japanese is said to fit")
	}
}

// Dropping in a file is all that a new language needs.
func TestALanguageIsOnlyAFile(t *testing.T) {
	t.Parallel()
	fsys := files(t, map[string]string{
		"web.en.toml":    "[web]\nhello = \"Hello, {name}\"\nonly_english = \"Here\"\n[web.receipts]\none = \"{n} receipt\"\nother = \"{n} receipts\"\n",
		"web.kk.toml":    "[web]\nhello = \"Сәлем, {name}\"\n[web.receipts]\none = \"{n} чек\"\nother = \"{n} чек\"\n",
		"format.kk.toml": "[format]\nlanguage = \"Қазақша\"\ngroup = \"\\u202f\"\n[format.money]\nKZT = \"{amount}\\u00a0₸\"\n",
	})
	b, err := i18n.LoadFS(fsys)
	if err != nil {
		t.Fatal(err)
	}
	kk := b.For("kk-KZ")
	if got := fmt.Sprint(b.Languages()); got != "[{en English} {kk Қазақша}]" {
		t.Errorf("languages: %s", got)
	}
	for got, want := range map[string]string{
		kk.T("web.hello", "name", "Aziza"):                              "Сәлем, Aziza",
		kk.T("web.hello", map[string]any{"name": 1250}):                 "Сәлем, 1\u202f250",
		kk.T("web.only_english"):                                        "Here",
		kk.T("web.nowhere"):                                             "‹web.nowhere›",
		kk.N("web.receipts", 3):                                         "3 чек",
		kk.Money(125_000_000, money.Currency{Code: "KZT", Exponent: 2}): "1\u202f250\u202f000\u00a0₸",
		kk.Money(100, money.Currency{Code: "GBP", Exponent: 2}):         "£1.00",
		b.For("en").N("web.receipts", 1):                                "1 receipt",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestBadLocaleFilesAreRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		file, text, want string
	}{
		"key twice":          {"web.en.toml", "[error]\nnot_a_number = \"x\"\n", "given twice"},
		"another area":       {"web.en.toml", "[till]\nx = \"y\"\n", "another area"},
		"not a language":     {"web.xx-yy-zz.toml", "[web]\nx = \"y\"\n", "not a language"},
		"not toml":           {"web.en.toml", "[web", "web.en.toml"},
		"format with a slip": {"format.ru.toml", "[format]\ndate = \"{d\"\n", "bad argument"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := i18n.LoadFS(files(t, map[string]string{tt.file: tt.text}))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error is %v, want one that says %q", err, tt.want)
			}
		})
	}
	if _, err := i18n.LoadFS(fstest.MapFS{}); err == nil {
		t.Error("no files at all were accepted")
	}
}

func BenchmarkT(b *testing.B) {
	ru := load(b).For("ru")
	b.ReportAllocs()
	for b.Loop() {
		ru.T("error.too_many_decimals", "n", 2)
	}
}

func BenchmarkTPlain(b *testing.B) {
	ru := load(b).For("ru")
	b.ReportAllocs()
	for b.Loop() {
		ru.T("error.internal")
	}
}

func BenchmarkPointsText(b *testing.B) {
	ru := load(b).For("ru")
	b.ReportAllocs()
	for b.Loop() {
		ru.PointsText(125_050)
	}
}
