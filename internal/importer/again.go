package importer

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"regulars/internal/base/fold"
)

// again finds out, in one pass and bounded memory, which keys come again: it
// names every key that does, and rarely one that does not.
type again struct {
	bits []uint64
	keys map[uint64]struct{}
}

// Bounds of the filter: 16 bits for each key that a file of its size is likely
// to have, so that one key in a thousand is named in vain.
const (
	minFilter = 1 << 10 // words of 64 bits
	maxFilter = 1 << 22 // 32 MB
)

// newAgain makes one for a text of about size bytes.
func newAgain(size int64) *again {
	words := int64(minFilter)
	for words < maxFilter && words*64 < size/40*16 {
		words *= 2
	}
	return &again{bits: make([]uint64, words), keys: map[uint64]struct{}{}}
}

// see notes a key, and says whether it was seen before.
func (a *again) see(key uint64) bool {
	if _, ok := a.keys[key]; ok {
		return true
	}
	before := true
	mask := uint64(len(a.bits))*64 - 1
	step := key>>32 | 1
	for i := range uint64(4) {
		bit := (key + i*step) & mask
		if a.bits[bit/64]&(1<<(bit%64)) == 0 {
			before = false
			a.bits[bit/64] |= 1 << (bit % 64)
		}
	}
	if before {
		a.keys[key] = struct{}{}
	}
	return before
}

// short is s, or of one of more than limit characters the beginning and a hash, so
// that it stays another than what begins alike.
func short(s string, limit int) string {
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	tail := " " + strconv.FormatUint(hash(s), 16)
	return strings.TrimSpace(fold.Cut(s, limit-len(tail))) + tail
}

// hash is the same in every process: FNV-1a, and a mix for its low bits.
func hash(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	return h ^ h>>33
}
