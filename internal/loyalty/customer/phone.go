package customer

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/text/unicode/norm"
	"google.golang.org/protobuf/proto"
)

// maxDigits is more than an international prefix and the longest number.
const maxDigits = 20

var (
	spreadsheet = regexp.MustCompile(`^\s*\d+([.,]\d+)?[eEеЕ]\+?\d+\s*$`) // 9,98901E+11
	wholeFloat  = regexp.MustCompile(`^(\s*\d+)\.0+\s*$`)                 // 998901234567.0
)

// NormalizePhone brings a phone number, however it was typed, into E.164. One
// without a country's code is of the region, such as "UZ". What is looked for
// is a number that exists, in the order of likelihood: as typed; with the plus
// that was forgotten; after the international prefixes 00 and 810; after the 8
// that Russians and Kazakhs put in front. Its errors are the ErrPhone ones.
func NormalizePhone(raw, region string) (string, error) {
	number, plus, err := scanPhone(raw)
	if err != nil {
		return "", err
	}
	tries := spellings(number, plus, region)
	if codeFirst(raw, region) {
		tries = []string{"+" + number}
	}
	for i, try := range tries {
		if e164 := straight(try, region); e164 != "" {
			return e164, nil
		}
		n, parsed := phonenumbers.Parse(try, region)
		if parsed == nil && phonenumbers.IsValidNumber(n) {
			return phonenumbers.Format(n, phonenumbers.E164), nil
		}
		if i == 0 { // what is wrong is said of the number as it was typed
			err = reason(n, parsed)
		}
	}
	return "", err
}

// codeFirst reports whether the code of the country, or of one of those that shops here
// have customers from, stands before a bracket, so that it is no part of what is in it:
// 7(78)972-73-11 has digits too few, is not the number 778 972-73-11 of Kazakhstan, and
// is not too long for Uzbekistan.
func codeFirst(raw, region string) bool {
	before, _, ok := strings.Cut(raw, "(")
	code, err := strconv.Atoi(strings.Trim(before, "+ \u00a0"))
	if !ok || err != nil || code == 0 {
		return false
	}
	return code == phonenumbers.GetCountryCodeForRegion(region) || code == int(plans["RU"].code) || code == int(plans["UZ"].code)
}

// scanPhone takes the digits out of what was typed.
func scanPhone(raw string) (number string, plus bool, err error) {
	if strings.ContainsAny(raw, ".eEеЕ") { // few do, and the patterns are slow
		if spreadsheet.MatchString(raw) {
			return "", false, ErrPhoneRounded
		}
		if m := wholeFloat.FindStringSubmatch(raw); m != nil {
			raw = m[1]
		}
	}
	raw = strings.TrimFunc(raw, func(r rune) bool { return strings.ContainsRune(",;|'\"`’", r) || unicode.IsSpace(r) })
	b := make([]byte, 0, len(raw))
	for _, r := range norm.NFKC.String(raw) {
		switch {
		case r >= '0' && r <= '9':
			b = append(b, byte(r))
		case r == '+' && len(b) == 0:
			plus = true
		case r == '+' || r == ',' || r == ';' || r == '|':
			return "", false, ErrPhoneSeveral
		case unicode.IsSpace(r), unicode.Is(unicode.Pd, r), unicode.Is(unicode.Cf, r), strings.ContainsRune("().−/_'", r):
		default:
			return "", false, ErrPhoneBad
		}
	}
	switch {
	case len(b) == 0:
		return "", false, ErrPhoneEmpty
	case len(b) > maxDigits:
		return "", false, ErrPhoneLong
	}
	return string(b), plus, nil
}

// spellings are the ways to read a number, the likeliest first.
func spellings(number string, plus bool, region string) []string {
	var list []string
	if plus {
		list = append(list, "+"+number)
	} else {
		list = append(list, number)
		if len(number) >= 10 {
			list = append(list, "+"+number)
		}
	}
	for _, prefix := range []string{"00", "810"} {
		if rest, ok := strings.CutPrefix(number, prefix); ok && len(rest) >= 10 {
			list = append(list, "+"+rest)
		}
	}
	if rest, ok := strings.CutPrefix(number, "8"); ok {
		switch {
		case len(rest) == 10:
			list = append(list, "+7"+rest)
		case len(rest) == 9 && region == "UZ": // dialled so until 2022
			list = append(list, rest)
		}
	}
	if plus {
		list = append(list, number) // the plus of a number at home
	}
	return list
}

// plans are the numbering plans in which the code and the length leave nothing
// to search: most numbers here are read four times as fast by them.
var plans = map[string]struct {
	code   int32
	digits int
}{"UZ": {998, 9}, "RU": {7, 10}, "KZ": {7, 10}}

// straight reads a whole number of one of the plans; empty: it takes a closer
// look.
func straight(number, region string) string {
	if rest, ok := strings.CutPrefix(number, "+"); ok {
		switch {
		case strings.HasPrefix(rest, "998"):
			region = "UZ"
		case strings.HasPrefix(rest, "7"):
			region = "RU"
		default:
			return ""
		}
		number = rest[len(strconv.Itoa(int(plans[region].code))):]
	}
	plan := plans[region]
	if plan.digits == 0 || len(number) != plan.digits || number[0] == '0' {
		return ""
	}
	national, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		return ""
	}
	n := &phonenumbers.PhoneNumber{CountryCode: proto.Int32(plan.code), NationalNumber: proto.Uint64(national)}
	if !phonenumbers.IsValidNumber(n) {
		return ""
	}
	return "+" + strconv.Itoa(int(plan.code)) + number
}

// reason says why n, or what could not be parsed, is no number. The usual
// length of a country's numbers is that of its mobile ones.
func reason(n *phonenumbers.PhoneNumber, parsed error) error {
	switch {
	case errors.Is(parsed, phonenumbers.ErrInvalidCountryCode):
		return ErrPhoneNowhere
	case errors.Is(parsed, phonenumbers.ErrNumTooLong):
		return ErrPhoneLong
	case parsed != nil:
		return ErrPhoneShort
	}
	region := phonenumbers.GetRegionCodeForCountryCode(int(n.GetCountryCode()))
	usual := phonenumbers.GetExampleNumberForType(region, phonenumbers.MOBILE)
	if usual == nil {
		return ErrPhoneNoNumber
	}
	has, wants := phonenumbers.GetNationalSignificantNumber(n), phonenumbers.GetNationalSignificantNumber(usual)
	switch {
	case len(has) < len(wants):
		return ErrPhoneShort
	case len(has) > len(wants):
		return ErrPhoneLong
	}
	return ErrPhoneNoNumber
}
