package api

import (
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"
	"unicode/utf8"

	"regulars/internal/base/errs"
	"regulars/internal/base/money"
)

// Whatever bytes come as a body, they are read or refused with a field or a
// reason, and what is read is within the limits that the services rely on.
func FuzzBodies(f *testing.F) {
	for _, name := range []string{"quote.request", "record.request", "return.request", "preview.request", "find.request", "register.request"} {
		f.Add([]byte(exampleText(name)))
	}
	for _, s := range []string{
		`{`, `[]`, `null`, `{"lines":[{"price":1e400}]}`, `{"lines":[{"quantity":-0}]}`, `{"sold_at":"9999-12-31T23:59:59+23:59"}`, `{"lines":[null]}`,
		`{"number":"\u0000"}`, `{"customer":"-1"}`, `{"lines":[{"quantity":"0001.0000","price":"00.00000"}]}`, "\xef\xbb\xbf{}",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		fuzzBody(t, data, func(r *reader, in *receiptRequest) {
			d := r.draft(&in.Basket)
			r.number(in.Number)
			r.amount(at("total"), in.Total)
			if r.wrong.Err() != nil {
				return
			}
			for i, l := range d.Lines {
				if l.Quantity <= 0 || l.Quantity > money.MaxQuantity || l.Price < 0 || l.Price > money.MaxPrice || l.Discount < 0 || l.Discount > money.MaxAmount {
					t.Errorf("line %d is out of range: %s of %s, less %d", i, l.Quantity, l.Price, int64(l.Discount))
				}
				if strings.ContainsRune(l.SKU+l.Name+d.Reason+in.Number, 0) {
					t.Errorf("line %d holds what no database takes: %q %q", i, l.SKU, l.Name)
				}
			}
		})
		fuzzBody(t, data, func(r *reader, in *Basket) { r.draft(in) })
		fuzzBody(t, data, func(r *reader, in *returnRequest) { r.giveBack(&in.ReturnDraft) })
		fuzzBody(t, data, func(r *reader, in *findRequest) { r.text(at("identifier"), in.Identifier, maxIdentifier) })
		fuzzBody(t, data, func(*reader, *registerRequest) {})
	})
}

func fuzzBody[T any](t *testing.T, data []byte, read func(*reader, *T)) {
	t.Helper()
	var b body[T]
	b.decode(data)
	err := b.err
	if err == nil {
		if !json.Valid(data) {
			t.Fatalf("%T was read from what is not JSON: %q", b.Value, data)
		}
		r := reader{currency: money.Currency{Code: "UZS", Exponent: 2}, ids: &seals{}}
		read(&r, &b.Value)
		err = r.wrong.Err()
	}
	if err == nil {
		return
	}
	var e *errs.Error
	if !errors.As(err, &e) || e.Kind != errs.Invalid || e.Text == "" {
		t.Fatalf("%q is refused with %v", data, err)
	}
	for _, f := range e.Fields {
		if !strings.HasPrefix(f.Pointer, "/") || f.Code == "" || f.Text == "" || !utf8.ValidString(f.Pointer) {
			t.Fatalf("%q is refused with %+v", data, f)
		}
	}
}

// A decimal is read as the very number that was written, or not at all.
func FuzzNumber(f *testing.F) {
	for _, s := range []string{"1250.50", "-0.01", "0", "00012.3400", "9223372036854775807", "4611686018427387904", "0.00001", "1.", ".5", "1e3", "--1", "", "٣"} {
		f.Add(s, 2)
	}
	f.Fuzz(func(t *testing.T, s string, exp int) {
		if exp < 0 || exp > 4 {
			t.Skip("not an exponent of ours")
		}
		if !plain([]byte(s)) {
			return
		}
		want, ok := new(big.Rat).SetString(s)
		if !ok {
			t.Fatalf("%q is taken for a number", s)
		}
		want.Mul(want, new(big.Rat).SetInt64(pow10(exp)))
		got, code := number(s).fixed(exp)
		switch {
		case code == "too_many_decimals" && want.IsInt() && want.Num().BitLen() < 40:
			t.Errorf("%q is said to have more than %d decimals", s, exp)
		case code == "out_of_range" && want.Num().BitLen() < 55:
			t.Errorf("%q is said to be out of range", s)
		case code == "" && want.Cmp(new(big.Rat).SetInt64(got)) != 0:
			t.Errorf("%q with %d decimals is read as %d", s, exp, got)
		}
	})
}

// A key is read from whatever a header holds, and is printable.
func FuzzIdempotencyKey(f *testing.F) {
	for _, s := range []string{"", `"a"`, "a", `"a\"b"`, `"`, `"\`, strings.Repeat("x", 101)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		key, err := idempotencyKey(s)
		if err != nil {
			return
		}
		if (key == "") != (s == "") || len(key) > maxKey || strings.ContainsFunc(key, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("%q is read as %q", s, key)
		}
	})
}

// Cursors lead back to where they were written, and strangers' lead nowhere.
func FuzzCursor(f *testing.F) {
	f.Add("AAAA")
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		at, id, err := readCursor[int64](s)
		if err != nil || s == "" {
			return
		}
		if again, other, err := readCursor[int64](writeCursor(at, id)); err != nil || !again.Equal(at) || other != id {
			t.Errorf("%q leads to %v %d, written again to %v %d, %v", s, at, id, again, other, err)
		}
	})
}

// Texts and paths are split at what is set apart.
func TestTextsAreSplit(t *testing.T) {
	t.Parallel()
	if got := pathSpans("/v1/customers/{id}/balance"); len(got) != 3 || !got[1].Code || got[2].Text != "/balance" {
		t.Errorf("spans are %+v", got)
	}
	if got := prose("One `two` three.\n\nFour."); len(got) != 2 || !got[0][1].Code || got[0][1].Text != "two" {
		t.Errorf("paragraphs are %+v", got)
	}
}
