package staff

import (
	"encoding/base64"

	"golang.org/x/crypto/argon2"
)

// HashFor is the last part of a hash with other figures than today's.
func HashFor(password, salt string, passes, memory uint32) string {
	return base64.RawStdEncoding.EncodeToString(argon2.IDKey([]byte(password), []byte(salt), passes, memory, 1, 32))
}
