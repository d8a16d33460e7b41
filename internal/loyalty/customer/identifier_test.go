package customer_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"regulars/internal/loyalty/customer"
)

func TestNormalize(t *testing.T) {
	t.Parallel()

	tests := map[string]struct {
		kind      customer.Kind
		raw, want string
		err       error
	}{
		"card":               {customer.Card, " 2900 0001-2345 ", "290000012345", nil},
		"card keeps zeros":   {customer.Card, "000123", "000123", nil},
		"card letters":       {customer.Card, "ab-12ё", "AB12Ё", nil},
		"card empty":         {customer.Card, " - ", "", customer.ErrCardBad},
		"card signs":         {customer.Card, "%B290?", "", customer.ErrCardBad},
		"card long":          {customer.Card, strings.Repeat("1", 65), "", customer.ErrCardBad},
		"email":              {customer.Email, " Anna.K+shop@Example.COM ", "anna.k+shop@example.com", nil},
		"email two":          {customer.Email, "a@example.com, b@example.com", "", customer.ErrEmailBad},
		"email name":         {customer.Email, "Anna <a@example.com>", "", customer.ErrEmailBad},
		"email no domain":    {customer.Email, "anna@", "", customer.ErrEmailBad},
		"email no dot":       {customer.Email, "anna@localhost", "", customer.ErrEmailBad},
		"email space":        {customer.Email, "an na@example.com", "", customer.ErrEmailBad},
		"email quoted":       {customer.Email, `"an na"@example.com`, "", customer.ErrEmailBad},
		"email long":         {customer.Email, strings.Repeat("a", 65) + "@example.com", "", customer.ErrEmailBad},
		"email dot at end":   {customer.Email, "anna@example.com.", "", customer.ErrEmailBad},
		"telegram":           {customer.Telegram, " 0123456789 ", "123456789", nil},
		"telegram name":      {customer.Telegram, "@anna", "", customer.ErrTelegramBad},
		"telegram nothing":   {customer.Telegram, "000", "", customer.ErrTelegramBad},
		"external":           {customer.External, " A-12/b ", "A-12/b", nil},
		"external empty":     {customer.External, " \t", "", customer.ErrExternalBad},
		"external long":      {customer.External, strings.Repeat("x", 129), "", customer.ErrExternalBad},
		"external not utf-8": {customer.External, "a\xff", "", customer.ErrExternalBad},
		"phone":              {customer.Phone, "90 123 45 67", "+998901234567", nil},
		"unknown kind":       {"fax", "1", "", customer.ErrKind},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := customer.Normalize(tt.kind, tt.raw, "UZ")
			if got.Value != tt.want || !errors.Is(err, tt.err) || (err == nil) != (tt.err == nil) {
				t.Fatalf("Normalize(%s, %q) = %q, %v, want %q, %v", tt.kind, tt.raw, got.Value, err, tt.want, tt.err)
			}
			if err != nil {
				return
			}
			if again, err := customer.Normalize(tt.kind, got.Value, "UZ"); err != nil || again != got {
				t.Errorf("its normal form becomes %q, %v", again.Value, err)
			}
		})
	}
}

// A normal form is its own normal form, for every kind.
func FuzzNormalize(f *testing.F) {
	for _, s := range []string{"290000012345", "Anna@Example.com", "12345", "ß@example.com", "İ@x.y", "a/b", "ŉ", "Ⅷ", "e\u0301", "a@b.c\u0301"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		for _, kind := range customer.Kinds {
			got, err := customer.Normalize(kind, raw, "UZ")
			if err != nil {
				continue
			}
			if again, err := customer.Normalize(kind, got.Value, "UZ"); err != nil || again != got {
				t.Fatalf("%s %q became %q, and that %q, %v", kind, raw, got.Value, again.Value, err)
			}
		}
	})
}

func TestMask(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in   customer.Identifier
		want string
	}{
		"phone":       {customer.Identifier{Kind: customer.Phone, Value: "+998901234567"}, "•••••••••4567"},
		"card":        {customer.Identifier{Kind: customer.Card, Value: "29000001"}, "••••0001"},
		"short card":  {customer.Identifier{Kind: customer.Card, Value: "1234"}, "•••4"},
		"one digit":   {customer.Identifier{Kind: customer.Card, Value: "1"}, "•"},
		"email":       {customer.Identifier{Kind: customer.Email, Value: "anna@example.com"}, "a•••@example.com"},
		"cyrillic":    {customer.Identifier{Kind: customer.Email, Value: "анна@пример.рф"}, "а•••@пример.рф"},
		"external":    {customer.Identifier{Kind: customer.External, Value: strings.Repeat("x", 50) + "1234"}, "•••••••••1234"},
		"broken mail": {customer.Identifier{Kind: customer.Email}, "•••@"},
	}
	for name, tt := range tests {
		if got := customer.Mask(tt.in); got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
	for _, tt := range []struct{ first, last, want string }{
		{"Анна", "Каренина", "Анна К."}, {"Анна", "", "Анна"}, {"", "Каренина", "К."}, {"", "", ""},
	} {
		if got := customer.MaskName(tt.first, tt.last); got != tt.want {
			t.Errorf("MaskName(%q, %q) = %q, want %q", tt.first, tt.last, got, tt.want)
		}
	}
}

// Personal data reach neither logs nor errors, whoever prints them.
func TestNothingPersonalIsPrinted(t *testing.T) {
	t.Parallel()
	i := customer.Identifier{Kind: customer.Phone, Value: "+998901234567"}
	c := customer.Customer{ID: 7, FirstName: "Анна", LastName: "Каренина", City: "Москва", Born: "1990-12-31", Identifiers: []customer.Identifier{i}}
	var log bytes.Buffer
	for _, h := range []slog.Handler{slog.NewJSONHandler(&log, nil), slog.NewTextHandler(&log, nil)} {
		slog.New(h).Info("seen", "identifier", i, "customer", c, "pointer", &c)
	}
	fmt.Fprintf(&log, "%v %+v %s %v %+v %v", i, i, i, c, c, &c)
	for _, secret := range []string{"+998", "90123", "Анна", "Каренина", "Москва", "1990"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("%q is printed: %s", secret, &log)
		}
	}
	if !strings.Contains(log.String(), "4567") || !strings.Contains(log.String(), "customer 7") {
		t.Errorf("nothing can be recognised: %s", &log)
	}
}
