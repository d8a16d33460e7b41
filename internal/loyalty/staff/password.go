package staff

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"

	"regulars/internal/base/errs"
)

// How passwords are hashed: argon2id with the memory and passes that OWASP
// recommends for one lane. A hash carries its own figures, so raising them
// leaves old passwords valid; SignIn hashes those anew.
const (
	hashMemory = 19 * 1024 // KiB
	hashTime   = 2
	hashLanes  = 1
	saltBytes  = 16
	keyBytes   = 32
	// parallel hashes at a time: however many sign in at once, they take no
	// more memory and processors than this from the tills.
	parallel = 2
)

// hasher hashes passwords, a few at a time.
type hasher struct {
	slots chan struct{}
	dummy string // what the password of an unknown login is checked against
}

func newHasher() *hasher {
	salt := make([]byte, saltBytes)
	return &hasher{
		slots: make(chan struct{}, parallel),
		dummy: phc(salt, make([]byte, keyBytes)),
	}
}

func phc(salt, key []byte) string {
	b := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, hashMemory, hashTime, hashLanes, b.EncodeToString(salt), b.EncodeToString(key))
}

func (h *hasher) take(ctx context.Context) error {
	select {
	case h.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// hash hashes a password with a new salt.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	if err := h.take(ctx); err != nil {
		return "", err
	}
	defer func() { <-h.slots }()
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails, by its contract
	return phc(salt, argon2.IDKey([]byte(password), salt, hashTime, hashMemory, hashLanes, keyBytes)), nil
}

// check reports whether a password is the hashed one, and whether its hash is
// of older figures. An empty hash matches nothing, in the same time.
func (h *hasher) check(ctx context.Context, hash, password string) (ok, old bool, err error) {
	known := hash != ""
	if !known {
		hash = h.dummy
	}
	var (
		version, memory, passes int
		lanes                   uint8
		rest                    string
	)
	if _, err := fmt.Sscanf(hash, "$argon2id$v=%d$m=%d,t=%d,p=%d$%s", &version, &memory, &passes, &lanes, &rest); err != nil {
		return false, false, fmt.Errorf("a stored password cannot be read: %w", err)
	}
	salt64, key64, _ := strings.Cut(rest, "$")
	salt, err := base64.RawStdEncoding.DecodeString(salt64)
	if err != nil {
		return false, false, fmt.Errorf("a stored password cannot be read: %w", err)
	}
	want, err := base64.RawStdEncoding.DecodeString(key64)
	if err != nil {
		return false, false, fmt.Errorf("a stored password cannot be read: %w", err)
	}
	if version != argon2.Version || memory < 1 || passes < 1 || lanes < 1 {
		return false, false, errors.New("a stored password has figures that cannot be")
	}
	if err := h.take(ctx); err != nil {
		return false, false, err
	}
	defer func() { <-h.slots }()
	got := argon2.IDKey([]byte(password), salt, uint32(passes), uint32(memory), lanes, uint32(len(want)))
	same := subtle.ConstantTimeCompare(got, want) == 1
	return same && known, memory != hashMemory || passes != hashTime || lanes != hashLanes, nil
}

// common passwords that are long enough to pass, the first that anybody tries.
const common = " password password1 password123 12345678 123456789 1234567890 qwertyui qwertyuiop qwerty123 qwerty12 " +
	"iloveyou 11111111 00000000 87654321 1q2w3e4r 1qaz2wsx q1w2e3r4 zaq12wsx asdfghjk asdfghjkl zxcvbnm1 abcd1234 abc12345 " +
	"football baseball superman sunshine princess passw0rd p@ssw0rd letmein1 welcome1 administrator adminadmin admin123 " +
	"йцукенгш йцукен123 пароль123 парольпароль toshkent toshkent1 uzbekistan ozbekiston samarqand tashkent moscow2026 "

// checkPassword says what is wrong with a new password.
func checkPassword(wrong *errs.List, password, login string) {
	switch n := utf8.RuneCountInString(password); {
	case n < minPassword:
		wrong.Add("/password", "password_short", "must have at least %d characters", minPassword)
	case n > maxPassword || !utf8.ValidString(password):
		wrong.Add("/password", "password_long", "may have at most %d characters", maxPassword)
	case login != "" && strings.Contains(strings.ToLower(password), login):
		wrong.Add("/password", "password_login", "may not contain the login")
	case strings.Contains(common, " "+strings.ToLower(password)+" "), strings.Count(password, password[:1]) == len(password):
		wrong.Add("/password", "password_weak", "is too easy to guess; take several words, or letters and digits that are not a sequence")
	}
}
