package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"strings"
)

// Box seals what has to be read again, such as the secret behind codes that
// change. Its first key seals, all of them open: a new key is put before the old
// one, and the old one goes when nothing is sealed by it any more.
type Box struct {
	keys []cipher.AEAD
	ids  []string
}

// Failures of keys and of what they seal.
var (
	ErrKeys   = errors.New("keys of 32 bytes in base64 are needed, one a line")
	ErrSealed = errors.New("none of the keys opens it")
)

// NewKey makes a key for a Box.
func NewKey() string {
	var key [32]byte
	_, _ = rand.Read(key[:]) // never fails, by its contract
	return base64.StdEncoding.EncodeToString(key[:])
}

// NewBox reads keys with spaces, commas or new lines between them.
func NewBox(keys string) (*Box, error) {
	b := &Box{}
	for _, text := range strings.FieldsFunc(keys, func(r rune) bool { return strings.ContainsRune(", \t\r\n", r) }) {
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(raw) != 32 {
			return nil, ErrKeys
		}
		block, err := aes.NewCipher(raw)
		if err != nil {
			return nil, err
		}
		aead, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, err
		}
		b.keys, b.ids = append(b.keys, aead), append(b.ids, Hash(text)[:8])
	}
	if len(b.keys) == 0 {
		return nil, ErrKeys
	}
	return b, nil
}

// Seal makes text that only the keys open, and only as what it is about: moved
// to somebody else's row it does not open.
func (b *Box) Seal(plain, about string) string {
	return b.ids[0] + "." + base64.RawStdEncoding.EncodeToString(b.keys[0].Seal(nil, nil, []byte(plain), []byte(about))) //nolint:gosec // each has a nonce of its own, which the cipher makes
}

// Open reads what Seal made, or fails with ErrSealed.
func (b *Box) Open(sealed, about string) (string, error) {
	id, text, _ := strings.Cut(sealed, ".")
	raw, err := base64.RawStdEncoding.DecodeString(text)
	if err != nil {
		return "", ErrSealed
	}
	for i, key := range b.keys {
		if b.ids[i] == id {
			if plain, err := key.Open(nil, nil, raw, []byte(about)); err == nil {
				return string(plain), nil
			}
		}
	}
	return "", ErrSealed
}

// Stale reports whether something is sealed by another key than the first.
func (b *Box) Stale(sealed string) bool { return !strings.HasPrefix(sealed, b.ids[0]+".") }
