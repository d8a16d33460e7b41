package staff

import (
	"encoding/base64"
	"strings"

	"golang.org/x/crypto/argon2"
)

// HashFor is the last part of a hash with other figures than today's.
func HashFor(password, salt string, passes, memory uint32) string {
	return base64.RawStdEncoding.EncodeToString(argon2.IDKey([]byte(password), []byte(salt), passes, memory, 1, 32))
}

// FoldLogin and GoodLogin are how a login is kept, and whether it may be.
func FoldLogin(login string) string { return foldLogin(login) }

// GoodLogin reports whether all characters of a folded login are allowed.
func GoodLogin(login string) bool { return !strings.ContainsFunc(login, notLogin) }
