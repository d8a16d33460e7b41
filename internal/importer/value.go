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

// How words begin that tell a deed or a state, in Russian, English and Uzbek, as
// fold.Words leaves them.
var (
	backWords   = []string{"возвр", "сторно", "return", "refund", "revers", "chargeback", "payback", "qaytar", "qaytim", "qaytg", "қайтар", "қайтим", "қайтг"} // "qayta" is again
	undoneWords = []string{"отмен", "аннул", "чернов", "cancel", "void", "delet", "draft", "bekor", "бекор", "ochir", "ўчир", "жойыл"}
	sellWords   = []string{
		"прода", "реализ", "чек", "покуп", "приход", "оплат", "отгруз", "выбыт", "накладн", "заказ", "обычн", "рту", "sale", "sell", "sold", "purchase", "receipt", "invoice",
		"order", "payment", "charge", "checkout", "sotuv", "sotish", "sotil", "сотув", "сотиш", "сату", "savdo", "савдо", "xarid", "харид", "tolov", "тўлов",
	}
	mendWords   = []string{"коррек", "исправ", "correct", "adjust", "tuzat"}
	payWords    = []string{"оплат", "платеж", "payment", "tolov"}
	paidWords   = []string{"провед", "оплач", "выкуп", "completed", "paid", "posted", "tolan", "тўлан", "төлен"}
	unpaidWords = slices.Concat(refusals, []string{"ожида", "отлож", "удерж", "неоплач", "непровед", "незаверш", "неуспе", "unpaid", "unposted", "unsuccess", "incomplete", "expired", "trash", "pending", "hold", "kutil", "oshma"})
	goneWords   = slices.Concat(backWords, undoneWords)
	partWords   = []string{"част", "partial", "qisman", "қисман"}
	passWords   = []string{"прош", "поступ", "удал", "oshm"} // what a payment does, or not
	doneWords   = []string{
		"заверш", "выполн", "достав", "выда", "получ", "закры", "пробит", "фискал", "успе", "принят", "соверш", "актив", "прода", "реализ", "отгруз", "отправ", "част", "обработан",
		"ok", "complet", "deliver", "fulfil", "ship", "closed", "success", "done", "sale", "sold", "capture", "settle", "approve", "accept", "processed", "final", "partial",
		"bajar", "yakun", "yetkaz", "topshir", "sotil", "yopil", "qisman", "бажар", "якун", "етказ", "топшир", "сотил", "ёпил",
	}
)

// How words deny: those before and behind another, what may stand between, and how
// words begin, or end in Uzbek and Kazakh, that refuse or deny themselves.
var (
	denials   = []string{"не", "нет", "нельзя", "not", "never", "none", "isnt", "wasnt", "werent", "hasnt", "havent", "didnt", "cannot", "cant", "yoq", "йўқ", "жоқ"}
	lacks     = []string{"без", "no", "non", "without"} // which deny what follows, and nothing else
	betweens  = []string{"был", "была", "было", "были", "быть", "еще", "пока", "подлежит", "подлежат", "может", "возможности", "права", "в", "от", "yet", "been", "be", "being", "a", "any", "of", "subject", "to"}
	refusals  = []string{"отклон", "отказ", "невозм", "запрещ", "недопус", "declin", "reject", "denied", "fail", "impossib"}
	denyEnds  = []string{"magan", "маган", "маған", "меген", "беген", "пеген", "баған", "паған", "madi", "мади", "мады"}
	doneByOne = []string{"qilin", "қилин", "bol", "бўл", "etil", "этил", "бол"} // "bekor qilinmagan"
)

// parseDeed reads the column that says whether a row sells or takes back,
// "Чек возврата". What undoes a return, or sets something right, is not understood.
func parseDeed(text string) (d deed, ok bool) {
	switch strings.ToLower(text) {
	case "r", "в", "-1":
		return takesBack, true
	case "", "s", "п", "1", "+1":
		return sells, true
	}
	back, gone := begins(text, backWords), begins(text, undoneWords)
	switch {
	case back && gone, (back || gone) && unclear(text), begins(text, mendWords):
		return sells, false
	case back:
		return takesBack, true
	case gone:
		return undone, true
	}
	if s := parseState(text, ""); s == void || s == puzzles { // "Payment failed"
		return undone, s == void
	}
	return sells, begins(text, sellWords)
}

// parseReturned reads the column that says whether a row takes back: да, or возврат.
func parseReturned(text string) (yes, ok bool) {
	if yes, _, ok = parseYes(text); ok {
		return yes, true
	}
	yes, no, _ := speaksOf(text, backWords)
	if yes && (begins(text, undoneWords) || unclear(text)) {
		return false, false
	}
	return yes, yes || no
}

// state is how a receipt stands.
type state int

const (
	stands  state = iota
	partly        // a part was given back
	void          // it was not sold, or is not any more
	puzzles       // it speaks of returns or of undoing, but who knows what
	silent        // it says nothing of that
)

// parseState reads the column that says how a receipt stands, or whether it does
// what heading says: "Отменён", "refunded", "не оплачен", "да" of "Аннулирован", or
// "нет" of "Проведён".
func parseState(text, heading string) state {
	if yes, none, ok := parseYes(text); ok {
		if !none && (yes && begins(heading, goneWords) || !yes && begins(heading, paidWords)) {
			return void
		}
		return stands
	}
	paid, unpaid, _ := speaksOf(text, paidWords)
	pay, failed, loose := speaksOf(text, payWords)
	_, stuck, _ := speaksOf(text, passWords)
	done, undone, _ := speaksOf(text, doneWords)
	gone, kept, _ := speaksOf(text, goneWords)
	if begins(text, []string{"удален"}) && !begins(text, []string{"удаленн"}) { // which is from afar
		gone = true
	}
	switch {
	case gone && unclear(text), unpaid && gone && !begins(text, undoneWords):
		return puzzles
	case unpaid:
		return void
	case gone && begins(text, partWords):
		return partly
	case gone, !paid && !kept && (failed || pay && stuck || begins(text, unpaidWords)):
		return void
	case paid:
		return stands
	case pay && loose > 0, undone && !done: // "оплата не требуется", "не завершён"
		return puzzles
	case kept, done:
		return stands
	}
	return silent
}

// clauses are the words of a text, part by part: what one denies, "возврат: нет", is
// nothing to another.
func clauses(text string) (list [][]string) {
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune(",;:.()/|", r) }) {
		words := fold.Words(part)
		bare := len(list) > 0 && !slices.ContainsFunc(words, func(word string) bool {
			return !slices.Contains(denials, word) && !slices.Contains(lacks, word) && !slices.Contains(betweens, word)
		})
		switch {
		case len(words) == 0:
		case bare: // it denies the part before
			list[len(list)-1] = append(list[len(list)-1], words...)
		default:
			list = append(list, words)
		}
	}
	return list
}

// speaksOf reports whether one of the text's words begins so, and whether one does
// but is denied: "не был возвращён", "возврат: нет", "qaytarilmagan". Loose are words
// beside them that deny something else.
func speaksOf(text string, stems []string) (yes, no bool, loose int) {
	for _, words := range clauses(text) {
		used, speaks := map[int]bool{}, false
		for i, word := range words {
			if !beginsWith(word, stems) {
				continue
			}
			speaks = true
			at, denied := deniedAt(words, i)
			yes, no = yes || !denied, no || denied
			if denied {
				used[at] = true
			}
		}
		for i, word := range words {
			if speaks && !used[i] && !beginsWith(word, stems) && (slices.Contains(denials, word) || beginsWith(word, refusals) || endsInDenial(word)) {
				loose++
			}
		}
	}
	return yes, no, loose
}

// deniedAt finds the word that denies the one at i, which may be that one.
func deniedAt(words []string, i int) (at int, denied bool) {
	at = i - 1
	for at >= 0 && slices.Contains(betweens, words[at]) {
		at--
	}
	if at >= 0 && (slices.Contains(denials, words[at]) || slices.Contains(lacks, words[at]) || beginsWith(words[at], refusals)) {
		return at, true
	}
	at = i
	if i+1 < len(words) && beginsWith(words[i+1], doneByOne) {
		at = i + 1
	}
	if endsInDenial(words[at]) {
		return at, true
	}
	behind := -1
	for k := i + 1; k < len(words); k++ {
		switch {
		case slices.Contains(betweens, words[k]):
		case behind >= 0:
			return 0, false // "возврат без чека" is one, but "возврата не было" is none
		case beginsWith(words[k], refusals):
			return k, true
		case slices.Contains(denials, words[k]), slices.Contains(lacks, words[k]):
			behind = k
		default:
			return 0, false
		}
	}
	return behind, behind >= 0
}

func beginsWith(word string, stems []string) bool {
	return slices.ContainsFunc(stems, func(stem string) bool { return strings.HasPrefix(word, stem) })
}

func endsInDenial(word string) bool {
	return slices.ContainsFunc(denyEnds, func(end string) bool { return strings.HasSuffix(word, end) })
}

// begins reports whether one of the text's words begins so and is not denied.
func begins(text string, stems []string) bool {
	yes, _, _ := speaksOf(text, stems)
	return yes
}

// unclear reports whether a text that speaks of returns or of undoing denies something
// else than these: "отмена не выполнена".
func unclear(text string) bool {
	_, _, loose := speaksOf(text, goneWords)
	return loose > 0
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
