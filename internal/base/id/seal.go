package id

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
)

// Sealer signs ids for those who may use what they were told and must not
// guess the rest: ids rise with time, so that who knows one could try its
// neighbours. A sealed id is the id, a point and a signature. It is the same on
// every process of the installation and for ever, and nothing is stored.
//
// It proves that the installation gave it to somebody, not to whom: who passes
// it on passes on what it opens.
type Sealer struct{ key []byte }

// NewSealer makes the sealer of one kind of thing. What another kind, or
// another secret, has sealed it does not open.
func NewSealer(secret []byte, kind string) Sealer {
	return Sealer{sum(secret, "sealed id of a "+kind)}
}

// signature is how many bytes sign an id: enough not to be guessed through an
// API in the life of an installation, and short in an address.
const signature = 9

// Seal gives the sealed form of an id.
func (s Sealer) Seal(id int64) string {
	text := strconv.FormatInt(id, 10)
	return text + "." + base64.RawURLEncoding.EncodeToString(sum(s.key, text)[:signature])
}

// Open gives the id that text is the sealed form of.
func (s Sealer) Open(text string) (id int64, ok bool) {
	number, _, _ := strings.Cut(text, ".")
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil || !hmac.Equal([]byte(s.Seal(id)), []byte(text)) {
		return 0, false
	}
	return id, true
}

func sum(key []byte, text string) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(text))
	return mac.Sum(nil)
}
