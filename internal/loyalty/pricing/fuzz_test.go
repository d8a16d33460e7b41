package pricing_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"testing"
	"time"

	"regulars/internal/base/errs"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/pricing"
	"regulars/internal/loyalty/programme"
)

// Whatever the bytes say, Price answers: with a result that holds together or
// with an error that names what is wrong.
func FuzzPrice(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz"))
	f.Add([]byte("\x00\x01\x02\x03\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x80\x00\x00\x00\x00\x00\x00\x00\x01\x01\x01"))
	f.Fuzz(func(t *testing.T, b []byte) {
		in := bytesInput(b)
		r, err := pricing.Price(in)
		if err != nil {
			var e *errs.Error
			if !errors.As(err, &e) {
				t.Fatalf("an error of no kind: %v", err)
			}
			if e.Kind != errs.Internal && len(e.Fields) == 0 {
				t.Fatalf("an error that names no field: %v", err)
			}
			return
		}
		if problem := broken(in, r); problem != "" {
			t.Fatalf("%s\n%+v\n%+v", problem, in, r)
		}
		for i, l := range r.Lines {
			line := recorded(l, in.Draft.Lines[i].Quantity)
			half := line.Quantity / 2
			a, b := pricing.ReturnPart(line, 0, half), pricing.ReturnPart(line, half, line.Quantity-half)
			if whole := pricing.ReturnPart(line, 0, line.Quantity); plus(a, b) != whole {
				t.Fatalf("%+v and %+v are not %+v", a, b, whole)
			}
		}
	})
}

// bytesInput reads an input from bytes; zeros follow where they end. Rules are
// not all in order, and numbers not all within their limits.
func bytesInput(b []byte) pricing.Input {
	next := func() byte {
		if len(b) == 0 {
			return 0
		}
		v := b[0]
		b = b[1:]
		return v
	}
	number := func() int64 {
		size := next()
		var v [8]byte
		for i := range min(size>>5+1, 8) {
			v[i] = next()
		}
		n := int64(binary.LittleEndian.Uint64(v[:]))
		if size&1 == 1 {
			n = -n
		}
		return n
	}
	flag := func() bool { return next()&1 == 1 }
	pick := func(n int) int { return int(next()) % n }

	codes := []string{"RUB", "JPY", "KWD"}
	c, err := money.CurrencyOf(codes[pick(len(codes))])
	if err != nil {
		panic(err)
	}
	in := pricing.Input{Currency: c, At: time.UnixMicro(number())}
	if !flag() {
		r := plain()
		r.Stopped = next() == 1
		if v := money.Price(number()); v != 0 {
			r.PointValue = v
		}
		for i := range pick(4) {
			r.Levels = append(r.Levels, programme.Level{Code: fmt.Sprint("l", i), Name: "x", Threshold: r.Levels[i].Threshold + money.Amount(number()) + 1})
		}
		for i := range r.Levels {
			r.Levels[i].Cashback, r.Levels[i].Discount = money.Rate(number()), money.Rate(number())
		}
		r.Combine = []programme.Combine{"add", "better", "discount", "cashback", "none"}[pick(5)]
		modes := []money.Mode{money.Down, money.HalfUp, money.Up, ""}
		r.Discount.Rounding = programme.Rounding{Mode: modes[pick(4)], Unit: number() + 1}
		r.Earn.Rounding = programme.Rounding{Mode: modes[pick(4)], Unit: number() + 1}
		r.Earn.Promo, r.Earn.PointsPart = flag(), flag()
		r.Earn.DelayDays, r.Earn.ExpiryDays = int(number()), int(number())
		r.Redeem.Cap, r.Redeem.Min, r.Redeem.Step = money.Rate(number()), money.Points(number()), money.Points(number())
		if flag() {
			r.Guard = &programme.Guard{Margin: money.Rate(number())}
		}
		in.Rules = r
	}
	if !flag() {
		in.Customer = &pricing.Customer{Level: fmt.Sprint("l", pick(4)), Spend: money.Amount(number()), Available: money.Points(number())}
	}
	in.Draft.Redeem, in.Draft.NoDiscount, in.Draft.NoPoints = money.Points(number()), next() == 1, next() == 1
	for range pick(12) {
		l := pricing.Line{
			Quantity: money.Quantity(number()), Price: money.Price(number()), Discount: money.Amount(number()),
			GiftCard: next() == 1, Promo: next() == 1, Void: next() == 1, NoLoyalty: next() == 1,
		}
		if flag() {
			cost := money.Price(number())
			l.Cost = &cost
		}
		in.Draft.Lines = append(in.Draft.Lines, l)
	}
	return in
}
