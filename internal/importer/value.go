package importer

import (
	"errors"
	"strings"
	"unicode"

	"regulars/internal/base/fold"
	"regulars/internal/loyalty/customer"
)

// parseSex reads a sex as it is stored: "female", "male", or "" where the
// file says that it does not know.
func parseSex(text string) (sex string, ok bool) {
	switch strings.TrimSuffix(strings.ToLower(text), ".") {
	case "ж", "жен", "женский", "женщина", "женск", "девушка", "f", "female", "fem", "w", "woman", "women", "mrs", "ms", "miss",
		"ayol", "аёл", "qiz", "2": // 1 and 2 as in ISO 5218
		return "female", true
	case "м", "муж", "мужской", "мужчина", "мужск", "m", "male", "man", "men", "mr", "erkak", "эркак", "1":
		return "male", true
	case "", "0", "9", "-", "н", "н/д", "нет", "не указан", "неизвестно", "unknown", "n/a", "na", "none", "null", "u":
		return "", true
	}
	return "", false
}

// parseYes reads a yes or a no; none where the cell says neither.
func parseYes(text string) (yes, none, ok bool) {
	switch fold.Bare(strings.TrimSuffix(strings.ToLower(text), ".")) {
	case "да", "д", "есть", "истина", "вкл", "yes", "y", "true", "t", "on", "1", "+", "ha", "ҳа", "ха", "bor", "✓", "x", "х", "v":
		return true, false, true
	case "нет", "ложь", "выкл", "no", "n", "false", "f", "off", "0", "yoq", "йўқ", "✗":
		return false, false, true
	case "", "-", "null", "none", "n/a", "unknown", "неизвестно":
		return false, true, true
	}
	return false, false, false
}

// standsForNobody reports whether a code of a customer says that there is none, as
// tills write it who have to write something.
func standsForNobody(code string) bool {
	word := strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, fold.Bare(code))
	switch word {
	case "", "нет", "нетданных", "неткарты", "безкарты", "безклиента", "неуказан", "неуказана", "гость", "розничныйпокупатель", "розничныйклиент", "розница", "частноелицо", "физлицо", "физическоелицо",
		"аноним", "анонимныйпокупатель", "анонимныйклиент", "покупатель", "клиент", "no", "none", "nocard", "nocustomer", "default", "defaultcustomer", "guest", "guestcustomer", "walkin", "walkincustomer",
		"anonymous", "retailcustomer", "cashcustomer", "customer", "unknown", "yoq", "mehmon", "nomalum", "chakanaxaridor", "xaridor", "mijoz", "jismoniyshaxs":
		return true
	}
	return code == "-1" || strings.Trim(word, "0") == ""
}

// NameOrder says how whole names are written where the names themselves do
// not tell.
type NameOrder string

// The orders.
const (
	LastFirst NameOrder = "last_first"
	FirstLast NameOrder = "first_last"
)

// patronymics are how middle names end in Russian and in Uzbek.
var patronymics = []string{"вич", "вна", "ична", "инична", "vich", "vna", "ichna", "угли", "ўғли", "ugli", "ogli", "оглы", "оғли", "қизи", "кизи", "кызы", "qizi", "kizi"}

func isPatronymic(word string) bool {
	word = strings.ReplaceAll(fold.Key(word), " ", "") // whichever sign o'g'li has
	for _, end := range patronymics {
		if strings.HasSuffix(word, end) && len(word) > len(end) || word == end {
			return true
		}
	}
	return false
}

// splitName takes a whole name apart. The middle name tells the order if there
// is one: it stands behind the first name.
func splitName(text string, order NameOrder) (first, middle, last string) {
	if last, rest, ok := strings.Cut(text, ","); ok && !strings.Contains(rest, ",") {
		text, order = last+" "+rest, LastFirst // "Smith, John"
	}
	words := strings.Fields(text)
	switch len(words) {
	case 0:
		return "", "", ""
	case 1:
		return words[0], "", ""
	case 2:
		if order == FirstLast {
			return words[0], "", words[1]
		}
		return words[1], "", words[0]
	}
	rest := strings.Join(words[2:], " ")
	switch {
	case isPatronymic(words[1]) && len(words) == 3: // whatever the last name ends in
		return words[0], words[1], rest
	case isPatronymic(words[len(words)-1]):
		return words[1], rest, words[0]
	case isPatronymic(words[1]):
		return words[0], words[1], rest
	case order == FirstLast:
		n := len(words) - 1
		return words[0], strings.Join(words[1:n], " "), words[n]
	}
	return words[1], rest, words[0]
}

// splitCell parts what people put into one cell.
func splitCell(cell string) (parts []string) {
	for part := range strings.FieldsFuncSeq(cell, func(c rune) bool { return c == ',' || c == ';' || c == '|' || c == '\n' }) {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

// splitPhones is splitCell, but for 9,98901E+11: that is one number, which a
// spreadsheet has rounded.
func splitPhones(cell string) []string {
	if strings.ContainsAny(cell, "eEеЕ") && strings.Count(cell, ",") == 1 && !strings.ContainsAny(cell, ";|\n") {
		if _, err := customer.Normalize(customer.Phone, cell, ""); errors.Is(err, customer.ErrPhoneRounded) {
			return []string{strings.TrimSpace(cell)}
		}
	}
	return splitCell(cell)
}

// languageOf is the code of a language that is written out.
func languageOf(text string) string {
	text = strings.ToLower(text)
	switch {
	case strings.HasPrefix(text, "рус"), strings.HasPrefix(text, "rus"):
		return "ru"
	case strings.HasPrefix(text, "узб"), strings.HasPrefix(text, "ўзб"), strings.HasPrefix(text, "uzb"), strings.HasPrefix(text, "o'zb"), strings.HasPrefix(text, "o‘zb"), strings.HasPrefix(text, "oʻzb"):
		return "uz"
	case strings.HasPrefix(text, "англ"), strings.HasPrefix(text, "engl"), strings.HasPrefix(text, "ingl"):
		return "en"
	case strings.HasPrefix(text, "каз"), strings.HasPrefix(text, "қаз"), strings.HasPrefix(text, "kaz"):
		return "kk"
	}
	return text
}

// parseGoods reads what a product is to the rules.
func parseGoods(text string) (kind string, ok bool) {
	text = strings.ToLower(text)
	switch {
	case text == "":
		return "", true
	case strings.Contains(text, "gift"), strings.Contains(text, "сертификат"), strings.Contains(text, "подарочн"), strings.Contains(text, "sertifikat"):
		return "giftcard", true
	case strings.HasPrefix(text, "услуг"), strings.HasPrefix(text, "работ"), strings.HasPrefix(text, "достав"), strings.HasPrefix(text, "serv"), strings.HasPrefix(text, "xizmat"):
		return "service", true
	case strings.HasPrefix(text, "товар"), strings.HasPrefix(text, "комплект"), strings.HasPrefix(text, "запас"), strings.HasPrefix(text, "goods"), strings.HasPrefix(text, "product"), strings.HasPrefix(text, "tovar"), strings.HasPrefix(text, "mahsulot"):
		return "goods", true
	}
	return "", false
}
