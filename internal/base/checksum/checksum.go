// Package checksum tells whether a row still says what was written.
//
// A checksum is kept beside what it is of, or in the log: whoever changes the
// one without the other is found by package verify, which works checksums out by
// itself. It is no signature: who knows how it is made can make one.
package checksum

import (
	"crypto/sha256"
	"encoding/binary"
	"strconv"
)

// Bit is how yes and no are counted in.
func Bit(yes bool) int64 {
	if yes {
		return 1
	}
	return 0
}

// Of is the first eight bytes of the SHA-256 of some numbers and texts, in
// that order: decimals, a space after each, then a NUL before each text, which
// has none.
func Of(numbers []int64, texts ...string) int64 {
	b := make([]byte, 0, 1024)
	for _, n := range numbers {
		b = append(strconv.AppendInt(b, n, 10), ' ')
	}
	for _, t := range texts {
		b = append(append(b, 0), t...)
	}
	sum := sha256.Sum256(b)
	return int64(binary.BigEndian.Uint64(sum[:]))
}
