package importer

import "strings"

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
	switch strings.TrimSuffix(strings.ToLower(text), ".") {
	case "да", "д", "есть", "истина", "вкл", "yes", "y", "true", "t", "on", "1", "+", "ha", "ҳа", "ха", "bor", "✓", "x", "х", "v":
		return true, false, true
	case "нет", "ложь", "выкл", "no", "n", "false", "f", "off", "0", "yo'q", "yo‘q", "yoʻq", "йўқ", "✗":
		return false, false, true
	case "", "-", "null", "none", "n/a", "unknown", "неизвестно":
		return false, true, true
	}
	return false, false, false
}

// parseReturn reads the column that says whether a row sells or takes back.
func parseReturn(text string) (returned, ok bool) {
	word := strings.ToLower(text)
	for _, prefix := range []string{"возвр", "сторно", "отмен", "return", "refund", "cancel", "reversal", "qayt", "қайт"} {
		if strings.HasPrefix(word, prefix) {
			return true, true
		}
	}
	for _, prefix := range []string{"прода", "реализ", "чек", "покуп", "приход", "sale", "sell", "sold", "purchase", "receipt", "invoice", "order", "заказ", "sotuv", "сотув", "savdo", "xarid"} {
		if strings.HasPrefix(word, prefix) {
			return false, true
		}
	}
	switch word {
	case "r", "в", "-1":
		return true, true
	case "", "s", "п", "1", "+1":
		return false, true
	}
	return false, false
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
var patronymics = []string{"вич", "вна", "ична", "инична", "vich", "vna", "ichna", "угли", "ўғли", "ugli", "o'g'li", "o‘g‘li", "oʻgʻli", "оглы", "қизи", "кизи", "кызы", "qizi", "kizi"}

func isPatronymic(word string) bool {
	word = strings.ToLower(word)
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
