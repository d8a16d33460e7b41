package customer_test

import (
	"encoding/csv"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"

	"regulars/internal/loyalty/customer"
)

func TestNormalizePhone(t *testing.T) {
	t.Parallel()

	tests := map[string]struct{ raw, region, want string }{
		"e164":                        {"+998901234567", "UZ", "+998901234567"},
		"spaces":                      {"+998 90 123 45 67", "UZ", "+998901234567"},
		"brackets":                    {"+998 (90) 123-45-67", "UZ", "+998901234567"},
		"no-break space, dashes":      {"+998\u00a090\u2013123\u201145\u201267", "UZ", "+998901234567"},
		"marks of direction":          {"\u202a+998 90 123 45 67\u202c", "UZ", "+998901234567"},
		"full width":                  {"＋９９８９０１２３４５６７", "UZ", "+998901234567"},
		"plus forgotten":              {"998901234567", "UZ", "+998901234567"},
		"plus forgotten abroad":       {"998901234567", "RU", "+998901234567"},
		"at home":                     {"901234567", "UZ", "+998901234567"},
		"at home with a plus":         {"+901234567", "UZ", "+998901234567"},
		"old eight at home":           {"8 90 123 45 67", "UZ", "+998901234567"},
		"landline":                    {"71 234 56 78", "UZ", "+998712345678"},
		"new codes":                   {"20 123 45 67", "UZ", "+998201234567"},
		"00":                          {"00 998 90 123 45 67", "UZ", "+998901234567"},
		"8-10":                        {"8-10-998-90-123-45-67", "UZ", "+998901234567"},
		"8-10 from Russia":            {"8 10 998 90 123 45 67", "RU", "+998901234567"},
		"russian eight":               {"8 (912) 345-67-89", "RU", "+79123456789"},
		"russian eight abroad":        {"8 912 345 67 89", "UZ", "+79123456789"},
		"plus eight":                  {"+8 912 345 67 89", "RU", "+79123456789"},
		"russian seven":               {"7 912 345 67 89", "RU", "+79123456789"},
		"russian seven abroad":        {"79123456789", "UZ", "+79123456789"},
		"russian ten digits":          {"912 345-67-89", "RU", "+79123456789"},
		"russian toll free":           {"8-800-555-35-35", "RU", "+78005553535"},
		"moscow":                      {"7(499)318-88-53 ", "RU", "+74993188853"},
		"kazakh eight":                {"8 701 123 45 67", "KZ", "+77011234567"},
		"kazakh ten digits":           {"7011234567", "KZ", "+77011234567"},
		"a float":                     {"998901234567.0", "UZ", "+998901234567"},
		"apostrophe of a spreadsheet": {"'+998901234567", "UZ", "+998901234567"},
		"one of a list":               {"+998901234567;", "UZ", "+998901234567"},
		"german zero":                 {"0151 23456789", "DE", "+4915123456789"},
		"italian zero stays":          {"+39 02 12345678", "UZ", "+390212345678"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, err := customer.NormalizePhone(tt.raw, tt.region); err != nil || got != tt.want {
				t.Errorf("NormalizePhone(%q, %s) = %q, %v, want %q", tt.raw, tt.region, got, err, tt.want)
			}
		})
	}
}

func TestNormalizePhoneSaysWhyNot(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		raw, region string
		want        error
	}{
		"empty":                {"", "UZ", customer.ErrPhoneEmpty},
		"signs only":           {" +-() ", "UZ", customer.ErrPhoneEmpty},
		"a word":               {"none", "UZ", customer.ErrPhoneBad},
		"masked":               {"+99890*****67", "UZ", customer.ErrPhoneBad},
		"extension":            {"71 234 56 78 доб. 12", "UZ", customer.ErrPhoneBad},
		"two":                  {"901234567, 911234567", "UZ", customer.ErrPhoneSeveral},
		"two with a plus":      {"+998901234567 +998911234567", "UZ", customer.ErrPhoneSeveral},
		"rounded":              {"9,98901E+11", "UZ", customer.ErrPhoneRounded},
		"rounded with a point": {"9.98901234567E11", "UZ", customer.ErrPhoneRounded},
		"short":                {"90 123 45", "UZ", customer.ErrPhoneShort},
		"short, with plus":     {"+7(83)334-52-76 ", "RU", customer.ErrPhoneShort},
		"short in brackets":    {"7(78)972-73-11 ", "RU", customer.ErrPhoneShort},
		"short, of another":    {"7(78)972-73-11 ", "UZ", customer.ErrPhoneShort},
		"long, of another":     {"7(9940)977-45-73 ", "UZ", customer.ErrPhoneLong},
		"long":                 {"7(9940)977-45-73 ", "RU", customer.ErrPhoneLong},
		"very long":            {strings.Repeat("9", 30), "UZ", customer.ErrPhoneLong},
		"no such country":      {"+210 123 456 789", "UZ", customer.ErrPhoneNowhere},
		"no such range":        {"+998 00 123 45 67", "UZ", customer.ErrPhoneNoNumber},
		"zeros":                {"000000000", "UZ", customer.ErrPhoneNoNumber},
		"two digits":           {"12", "UZ", customer.ErrPhoneShort},
		"one digit":            {"1", "UZ", customer.ErrPhoneShort},
		"no region":            {"901234567", "", customer.ErrPhoneNowhere},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := customer.NormalizePhone(tt.raw, tt.region)
			if !errors.Is(err, tt.want) || got != "" {
				t.Errorf("NormalizePhone(%q, %s) = %q, %v, want %v", tt.raw, tt.region, got, err, tt.want)
			}
			if err != nil && tt.raw != "" && strings.Contains(err.Error(), tt.raw) {
				t.Errorf("the error tells the number: %v", err)
			}
		})
	}
}

// Every example of libphonenumber, in E.164 and as people at home write it.
func TestNormalizePhoneExamples(t *testing.T) {
	t.Parallel()
	f, err := os.Open("../../../../shared/data/phones/libphonenumber_examples.csv")
	if err != nil {
		t.Skipf("the example numbers are not here: %v", err)
	}
	defer f.Close() //nolint:errcheck // read only
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 1145 {
		t.Fatalf("%d rows", len(rows))
	}
	for _, row := range rows[1:] {
		region, code, national, e164 := row[0], row[1], row[3], row[4]
		if got, err := customer.NormalizePhone(e164, "UZ"); err != nil || got != e164 {
			t.Errorf("NormalizePhone(%s) = %q, %v", e164, got, err)
		}
		if region == "001" { // belongs to no country: only known by its code
			national = "+" + code + " " + national
		}
		if got, err := customer.NormalizePhone(national, region); err != nil || got != e164 {
			t.Errorf("NormalizePhone(%s, %s) = %q, %v, want %s", national, region, got, err, e164)
		}
	}
}

// Whatever was typed, a number that comes out is valid and comes out again.
func FuzzNormalizePhone(f *testing.F) {
	for _, s := range []string{"+998 90 123 45 67", "8 (912) 345-67-89", "810998901234567", "9,98901E+11", "+", "0", "+7 8", "00", "998901234567.00", "+++1", "١٢٣"} {
		for _, region := range []string{"UZ", "RU", "KZ", "DE", "", "??"} {
			f.Add(s, region)
		}
	}
	f.Fuzz(func(t *testing.T, raw, region string) {
		got, err := customer.NormalizePhone(raw, region)
		if err != nil {
			if got != "" {
				t.Fatalf("NormalizePhone(%q, %q) = %q and %v", raw, region, got, err)
			}
			return
		}
		n, err := phonenumbers.Parse(got, "")
		if err != nil || !phonenumbers.IsValidNumber(n) || phonenumbers.Format(n, phonenumbers.E164) != got {
			t.Fatalf("NormalizePhone(%q, %q) = %q is not a valid number: %v", raw, region, got, err)
		}
		if again, err := customer.NormalizePhone(got, "US"); err != nil || again != got {
			t.Fatalf("NormalizePhone(%q) = %q, %v", got, again, err)
		}
	})
}

func BenchmarkNormalizePhone(b *testing.B) {
	for name, raw := range map[string]string{"home": "90 123 45 67", "e164": "+998901234567", "abroad": "+49 1512 3456789"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := customer.NormalizePhone(raw, "UZ"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
