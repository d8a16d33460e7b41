package importer

import (
	"errors"
	"slices"
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

// deed is what a row of a receipt does.
type deed int

const (
	sells deed = iota
	takesBack
	undone // neither: somebody had the receipt made void
)

// How words begin that tell a deed, in Russian, English and Uzbek, as fold.Words
// leaves them.
var (
	backWords   = []string{"возвр", "сторно", "return", "refund", "reversal", "chargeback", "qayt", "қайт"}
	undoneWords = []string{"отмен", "аннул", "чернов", "cancel", "void", "delet", "draft", "bekor", "бекор", "ochir", "ўчир", "жойыл"}
	sellWords   = []string{
		"прода", "реализ", "чек", "покуп", "приход", "оплат", "отгруз", "выбыт", "накладн", "заказ", "обычн", "рту", "sale", "sell", "sold", "purchase", "receipt", "invoice",
		"order", "payment", "charge", "checkout", "sotuv", "sotil", "сотув", "savdo", "xarid", "tolov",
	}
	unpaidWords = []string{"отказ", "ожида", "неоплач", "unpaid", "failed", "pending", "hold", "kutil"}
)

// parseDeed reads the column that says whether a row sells or takes back,
// "Чек возврата". What undoes a return is not understood.
func parseDeed(text string) (d deed, ok bool) {
	text = strings.ToLower(text)
	switch text {
	case "r", "в", "-1":
		return takesBack, true
	case "", "s", "п", "1", "+1":
		return sells, true
	}
	back, void := begins(text, backWords), begins(text, undoneWords)
	switch {
	case back && void:
		return sells, false
	case back:
		return takesBack, true
	case void:
		return undone, true
	}
	return sells, begins(text, sellWords)
}

// parseReturned reads the column that says whether a row takes back: да, or возврат.
func parseReturned(text string) (yes, ok bool) {
	if yes, _, ok = parseYes(text); ok {
		return yes, true
	}
	yes, no := speaksOf(text, backWords)
	return yes, yes || no
}

// How words deny: those before and behind another in Russian, English and Uzbek, what
// may stand between, and how words end that deny themselves in Uzbek and Kazakh.
var (
	denials  = []string{"не", "нет", "без", "not", "no", "non", "none", "never", "without", "isnt", "wasnt", "werent", "hasnt", "havent", "didnt", "yoq", "йўқ", "жоқ"}
	betweens = []string{"был", "была", "было", "были", "еще", "пока", "yet", "been", "be", "being", "a", "any"}
	denyEnds = []string{"magan", "маган", "маған", "меген", "madi", "мади", "мады"}
	doWords  = []string{"qilin", "қилин", "bol", "бўл", "etil", "этил", "бол"} // "bekor qilinmagan"
)

// speaksOf reports whether one of the text's words begins so, and whether one does
// but is denied: "не был возвращён", "возврат: нет", "qaytarilmagan".
func speaksOf(text string, stems []string) (yes, no bool) {
	words := fold.Words(text)
	for i, word := range words {
		if !slices.ContainsFunc(stems, func(stem string) bool { return strings.HasPrefix(word, stem) }) {
			continue
		}
		denied := deniedBy(words[:i], words[i:])
		yes, no = yes || !denied, no || denied
	}
	return yes, no
}

// deniedBy reports whether the first word of rest is denied, by itself or by those
// around it.
func deniedBy(before, rest []string) bool {
	for len(before) > 0 && slices.Contains(betweens, before[len(before)-1]) {
		before = before[:len(before)-1]
	}
	if n := len(before); n > 0 && slices.Contains(denials, before[n-1]) {
		return true
	}
	verb := rest[0]
	if len(rest) > 1 && slices.ContainsFunc(doWords, func(begin string) bool { return strings.HasPrefix(rest[1], begin) }) {
		verb = rest[1]
	}
	if slices.ContainsFunc(denyEnds, func(end string) bool { return strings.HasSuffix(verb, end) }) {
		return true
	}
	switch len(rest) {
	case 2: // "возврата нет", but "возврат без чека" is one
		return slices.Contains(denials, rest[1])
	case 3:
		return slices.Contains(denials, rest[1]) && slices.Contains(betweens, rest[2]) // "возврата не было"
	}
	return false
}

// begins reports whether one of the text's words begins so and is not denied.
func begins(text string, stems []string) bool {
	yes, _ := speaksOf(text, stems)
	return yes
}

// standsVoid reports whether a receipt of such a state was not sold, or is not any
// more: "Отменён", "refunded", "не оплачен", or "да" in a column that heading says
// so of.
func standsVoid(state, heading string) bool {
	if yes, none, ok := parseYes(state); ok {
		return yes && !none && begins(heading, slices.Concat(backWords, undoneWords))
	}
	paid, unpaid := speaksOf(state, []string{"провед", "оплач", "выкуп", "completed", "paid"})
	switch {
	case unpaid:
		return true
	case standsPartly(state):
		return false
	case begins(state, []string{"удален"}) && !begins(state, []string{"удаленно"}): // which is from afar
		return true
	}
	return begins(state, slices.Concat(backWords, undoneWords)) || !paid && begins(state, unpaidWords)
}

// standsPartly reports whether a state says that a part was given back.
func standsPartly(state string) bool {
	return begins(state, []string{"част", "partial", "qisman"}) && begins(state, backWords)
}

// standsForNobody reports whether a code of a customer says that there is none, as
// tills write it who have to write something.
func standsForNobody(code string) bool {
	word := strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '\'' {
			return -1
		}
		return unicode.ToLower(r)
	}, code)
	switch word {
	case "", "нет", "нетданных", "неткарты", "безкарты", "безклиента", "неуказан", "неуказана", "гость", "розничныйпокупатель", "розничныйклиент", "розница", "частноелицо", "физлицо", "физическоелицо",
		"аноним", "анонимныйпокупатель", "анонимныйклиент", "покупатель", "клиент", "no", "none", "nocard", "nocustomer", "default", "defaultcustomer", "guest", "guestcustomer", "walkin", "walkincustomer",
		"anonymous", "retailcustomer", "cashcustomer", "customer", "unknown", "yo'q", "mehmon", "noma'lum", "chakanaxaridor", "xaridor", "mijoz", "jismoniyshaxs":
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
	case strings.HasPrefix(text, "товар"), strings.HasPrefix(text, "запас"), strings.HasPrefix(text, "goods"), strings.HasPrefix(text, "product"), strings.HasPrefix(text, "tovar"), strings.HasPrefix(text, "mahsulot"):
		return "goods", true
	}
	return "", false
}
