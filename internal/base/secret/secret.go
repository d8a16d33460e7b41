// Package secret is how what lets somebody in is kept: keys of tills, tokens of
// cookies and links.
//
// What is stored is a hash, which cannot be used as the secret that it is of.
// It is for secrets that were made at random and are long; passwords, which
// people choose, are hashed by package staff, slowly and with salt. What has to
// be read again is sealed in a Box, under a key that is not in the database.
package secret

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// Hash is what is stored instead of a secret. The secret is random over 128
// bits at least, so a quick digest without salt is enough.
func Hash(plain string) string {
	sum := sha256.Sum256([]byte(plain))
	return hex.EncodeToString(sum[:])
}

// Keyed is what is stored instead of a secret that is short enough to be tried
// out, such as the number of a card: without the key nobody can.
func Keyed(key []byte, plain string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(plain))
	return hex.EncodeToString(mac.Sum(nil))
}
