package staff

import (
	"crypto/rand"
	"encoding/base64"
)

// newToken makes a random token of 256 bits, for cookies and links.
func newToken() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails, by its contract
	return base64.RawURLEncoding.EncodeToString(b[:])
}
