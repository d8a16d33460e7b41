package api

import (
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"time"

	"regulars/internal/base/errs"
)

// Pages of lists.
const (
	defaultPage = 50
	maxPage     = 200
)

// pageSize reads how much of a list is asked for.
func pageSize(text string) (int, error) {
	if text == "" {
		return defaultPage, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > maxPage {
		var wrong errs.List
		wrong.Add("limit", "out_of_range", "must be 1 to %d", maxPage).With("min", 1).With("max", maxPage)
		return 0, wrong.Err()
	}
	return n, nil
}

// writeCursor is where a page ends: a time and an id, opaque to the caller. It
// stays good whatever is added or read meanwhile.
func writeCursor[ID ~int64](at time.Time, id ID) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(at.UnixMicro()))
	binary.BigEndian.PutUint64(b[8:], uint64(id))
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// readCursor reads one; "" is the beginning.
func readCursor[ID ~int64](cursor string) (at time.Time, id ID, err error) {
	if cursor == "" {
		return at, 0, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(b) != 16 {
		return at, 0, errCursor.At("cursor")
	}
	return time.UnixMicro(int64(binary.BigEndian.Uint64(b))).UTC(), ID(binary.BigEndian.Uint64(b[8:])), nil
}
