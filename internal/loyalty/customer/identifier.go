package customer

import (
	"log/slog"
	"net/mail"
	"strings"
	"unicode"
	"unicode/utf8"

	"regulars/internal/base/checksum"
	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/fold"
)

// Kind says what an identifier is.
type Kind string

// The kinds.
const (
	Phone    Kind = "phone"
	Card     Kind = "card"
	Email    Kind = "email"
	Telegram Kind = "telegram"
	External Kind = "external"
)

// Kinds lists the kinds in the order they are shown.
var Kinds = []Kind{Phone, Card, Email, Telegram, External}

// surest lists the kinds in the order in which they are believed to be one person's.
var surest = []Kind{External, Card, Telegram, Phone, Email}

// Identifier leads to a customer. Equal ones name the same: Value is in normal
// form, as Normalize makes it.
type Identifier struct {
	Kind  Kind
	Value string
}

// String is masked: identifiers are printed into errors and logs.
func (i Identifier) String() string { return string(i.Kind) + " " + Mask(i) }

// LogValue is masked.
func (i Identifier) LogValue() slog.Value { return slog.StringValue(i.String()) }

// Limits on identifiers, in characters; of an e-mail in bytes, as RFC 5321 has them.
const (
	maxCard     = 64
	maxEmail    = 254
	maxLocal    = 64 // of an e-mail
	MaxExternal = 128
)

// Why an identifier cannot be one. None of them says what was typed.
var (
	ErrKind          = errs.New(errs.Invalid, "unknown_identifier_kind", "This must be phone, card, email, telegram or external.")
	ErrCardBad       = errs.New(errs.Invalid, "card_bad", "A card number is 1 to 64 letters and digits; spaces and hyphens are left out.")
	ErrEmailBad      = errs.New(errs.Invalid, "email_bad", "This must be one e-mail address such as anna@example.com.")
	ErrTelegramBad   = errs.New(errs.Invalid, "telegram_bad", "This must be the number of a Telegram account, not its name, which may change.")
	ErrExternalBad   = errs.New(errs.Invalid, "external_bad", "An outside id is 1 to 128 characters that can be printed.")
	ErrPhoneEmpty    = errs.New(errs.Invalid, "phone_empty", "The phone number has no digits.")
	ErrPhoneBad      = errs.New(errs.Invalid, "phone_bad", "There are characters that no phone number has.")
	ErrPhoneSeveral  = errs.New(errs.Invalid, "phone_several", "These are several phone numbers: give one.")
	ErrPhoneRounded  = errs.New(errs.Invalid, "phone_rounded", "A spreadsheet has rounded the number, its last digits are lost: export the column as text.")
	ErrPhoneShort    = errs.New(errs.Invalid, "phone_too_short", "The phone number has too few digits.")
	ErrPhoneLong     = errs.New(errs.Invalid, "phone_too_long", "The phone number has too many digits.")
	ErrPhoneNowhere  = errs.New(errs.Invalid, "phone_unknown_country", "The phone number begins with a country code that does not exist.")
	ErrPhoneNoNumber = errs.New(errs.Invalid, "phone_unknown", "No such number can exist in its country: check its first digits.")
)

// Normalize brings what was typed into an identifier's normal form; phones
// without a country are of the region. Its errors say what would be right and
// not what was typed.
func Normalize(kind Kind, raw, region string) (i Identifier, err error) {
	i.Kind = kind
	switch kind {
	case Phone:
		i.Value, err = NormalizePhone(raw, region)
	case Card:
		i.Value, err = normalizeCard(raw)
	case Email:
		i.Value, err = normalizeEmail(raw)
	case Telegram:
		i.Value, err = normalizeTelegram(raw)
	case External:
		i.Value, err = normalizeExternal(raw)
	default:
		err = ErrKind
	}
	return i, err
}

// Normalize is Normalize with the installation's region.
func (s *Service) Normalize(kind Kind, raw string) (Identifier, error) {
	return Normalize(kind, raw, s.region)
}

// Candidates are all identifiers that something scanned or typed could be, for
// an exact look-up of whatever it is.
func (s *Service) Candidates(raw string) []Identifier {
	var list []Identifier
	for _, kind := range Kinds {
		if i, err := s.Normalize(kind, raw); err == nil {
			list = append(list, i)
		}
	}
	return list
}

// normalizeCard keeps letters and digits: printed numbers are grouped, scanned
// ones are not.
func normalizeCard(raw string) (string, error) {
	var b strings.Builder
	for _, r := range fold.Line(raw) {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(unicode.ToUpper(r))
		case r == ' ' || unicode.Is(unicode.Pd, r):
		default:
			return "", ErrCardBad
		}
	}
	if n := utf8.RuneCountInString(b.String()); n == 0 || n > maxCard {
		return "", ErrCardBad
	}
	return b.String(), nil
}

// normalizeEmail takes case for no difference, as every mail service does.
func normalizeEmail(raw string) (string, error) {
	raw = strings.ToLower(fold.Line(raw))
	local, domain, _ := strings.Cut(raw, "@")
	if len(raw) > maxEmail || len(local) > maxLocal || strings.ContainsFunc(raw, unicode.IsSpace) {
		return "", ErrEmailBad
	}
	address, err := mail.ParseAddress(raw)
	if err != nil || address.Address != raw || address.Name != "" {
		return "", ErrEmailBad
	}
	if !strings.Contains(domain, ".") || strings.HasPrefix(domain, "[") || strings.HasSuffix(domain, ".") {
		return "", ErrEmailBad
	}
	return raw, nil
}

func normalizeTelegram(raw string) (string, error) {
	raw = strings.TrimLeft(strings.TrimSpace(raw), "0")
	if raw == "" || len(raw) > 18 || strings.Trim(raw, digits) != "" {
		return "", ErrTelegramBad
	}
	return raw, nil
}

// normalizeExternal leaves the chain's own ids as they are, but for spaces.
func normalizeExternal(raw string) (string, error) {
	value := fold.Line(raw)
	if value == "" || utf8.RuneCountInString(value) > MaxExternal || !utf8.ValidString(raw) {
		return "", ErrExternalBad
	}
	return value, nil
}

const digits = "0123456789"

// tail is what endings are searched by: the digits of a phone or a card turned
// round. Others have none.
func (i Identifier) tail() string {
	if i.Kind != Phone && i.Kind != Card {
		return ""
	}
	return reversed(i.Value)
}

func reversed(s string) string {
	b := make([]byte, 0, len(s))
	for j := len(s) - 1; j >= 0; j-- {
		if s[j] >= '0' && s[j] <= '9' {
			b = append(b, s[j])
		}
	}
	return string(b)
}

var identifierTable = db.NewTable("identifiers", "kind", "value", "customer_id", "tail", "checksum")

func (i Identifier) row(of ID) []any {
	return []any{string(i.Kind), i.Value, int64(of), i.tail(), i.checksum(of)}
}

func (i Identifier) checksum(of ID) int64 {
	return checksum.Of([]int64{int64(of)}, string(i.Kind), i.Value)
}
