package verify

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strconv"
)

// checksum works out what the program noted of a row's numbers and texts.
type checksum struct{ text []byte }

func (c *checksum) numbers(list ...int64) {
	for _, n := range list {
		c.text = strconv.AppendInt(c.text, n, 10)
		c.text = append(c.text, ' ')
	}
}

func (c *checksum) texts(list ...string) {
	for _, t := range list {
		c.text = append(c.text, 0)
		c.text = append(c.text, t...)
	}
}

func (c *checksum) sum() int64 {
	sum := sha256.Sum256(c.text)
	c.text = c.text[:0]
	return int64(binary.BigEndian.Uint64(sum[:8]))
}

// checksumOf is of what a receipt and its lines said when it was recorded: those
// of an imported return named no sale yet.
func (a *audit) checksumOf(r *receipt, lines []line) int64 {
	c, m := &a.sum, &r.Amounts
	c.numbers(r.ID, r.Source, r.Store, r.Till, r.Staff, r.Original, r.Version, r.SoldAt, r.RecordedAt,
		m[gross], m[discount], m[paidPoints], m[total], r.Withheld, m[redeemed], m[earned], m[tierSpend], r.Balance)
	for i := range lines {
		l := &lines[i]
		sale, original := l.Sale, l.Original
		if r.Imported {
			sale, original = 0, 0
		}
		c.numbers(l.Position, l.Product, l.Quantity, l.Price, l.Cost, sale, original)
		c.numbers(l.Amounts[:]...)
	}
	c.texts(r.Kind, r.Number, r.Fingerprint, r.Key, r.Level, r.Details)
	for i := range lines {
		c.texts(lines[i].Name, lines[i].Details)
	}
	return c.sum()
}

// fingerprintOf is what tells an imported receipt from another one: its
// customer, and product, quantity, price and total of each line.
func (a *audit) fingerprintOf(r *receipt, lines []line) string {
	b := append([]byte(`{"Customer":"`), strconv.FormatInt(a.circles.recordedFor(r.ID, r.Customer), 10)...)
	b = append(b, `","Lines":`...)
	for i := range lines {
		l := &lines[i]
		open := byte(',')
		if i == 0 {
			open = '['
		}
		b = append(b, open)
		for j, n := range []int64{l.Product, l.Quantity, l.Price, l.Amounts[total]} {
			open := byte(',')
			if j == 0 {
				open = '['
			}
			b = strconv.AppendInt(append(b, open), n, 10)
		}
		b = append(b, ']')
	}
	if len(lines) == 0 {
		b = append(b, "null}"...)
	} else {
		b = append(b, "]}"...)
	}
	sum := sha256.Sum256(b)
	return base64.RawStdEncoding.EncodeToString(sum[:16])
}

// bit is how a checksum counts yes and no.
func bit(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}
