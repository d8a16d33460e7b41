package importer

import (
	"slices"
	"strings"

	"regulars/internal/base/fold"
)

// deed is what a row of a receipt says of itself.
type deed int

const (
	sells deed = iota
	takesBack
	partly  // it sells, and a part was given back
	undone  // neither: it was not sold, or is not any more
	leftOut // as a mapping says
	puzzles // it speaks of returns or of undoing, but who knows what
	silent  // it says nothing of that
)

// How words begin that tell a deed or a state, in Russian, English and Uzbek, as
// fold.Words leaves them.
var (
	backWords   = []string{"возвр", "сторн", "return", "refund", "revers", "chargeback", "payback", "qaytar", "qaytim", "qaytg", "қайтар", "қайтим", "қайтг"} // "qayta" is again
	undoneWords = []string{"отмен", "аннул", "анул", "чернов", "cancel", "void", "delet", "draft", "bekor", "бекор", "ochir", "ўчир", "жойыл"}
	sellWords   = []string{
		"прода", "реализ", "чек", "покуп", "приход", "отгруз", "выбыт", "накладн", "заказ", "обычн", "рту", "sale", "sell", "sold", "purchase", "receipt", "invoice",
		"order", "charge", "checkout", "sotuv", "sotish", "sotil", "сотув", "сотиш", "сату", "savdo", "савдо", "xarid", "харид",
	}
	mendWords   = []string{"поставщ", "supplier", "vendor", "коррек", "исправ", "correct", "adjust", "tuzat"}
	payWords    = []string{"оплат", "платеж", "payment", "tolov", "тўлов"}
	paidWords   = []string{"провед", "оплач", "выкуп", "completed", "paid", "posted", "tolan", "тўлан", "төлен"}
	unpaidWords = slices.Concat(refusals, []string{"ожида", "отлож", "удерж", "неоплач", "непровед", "незаверш", "неуспе", "unpaid", "unposted", "unsuccess", "incomplete", "expired", "trash", "pending", "hold", "kutil", "oshma", "ошибк", "error", "timeout", "await", "ждет", "ждут", "невыкуп", "muvaffaqiyatsiz", "rad"})
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
	denials   = []string{"не", "нет", "нельзя", "not", "never", "none", "isnt", "wasnt", "werent", "hasnt", "havent", "didnt", "cannot", "cant", "couldnt", "false", "ложь", "yoq", "йўқ", "жоқ"}
	lacks     = []string{"без", "no", "non", "without"} // which deny what follows, and nothing else
	betweens  = []string{"был", "была", "было", "были", "быть", "еще", "пока", "подлежит", "подлежат", "может", "возможности", "права", "в", "от", "yet", "been", "be", "being", "a", "any", "of", "subject", "to"}
	refusals  = []string{"отклон", "отказ", "невозм", "запрещ", "недопус", "declin", "reject", "denied", "fail", "impossib"}
	denyEnds  = []string{"magan", "маган", "маған", "меген", "беген", "пеген", "баған", "паған", "madi", "мади", "мады", "меді", "беді", "педі", "мейді", "бейді", "пейді", "бады", "пады", "майды", "байды", "пайды"}
	doneByOne = []string{"qilin", "қилин", "bol", "бўл", "etil", "этил", "бол"} // "bekor qilinmagan"
)

// parseDeed reads the column that says whether a row sells or takes back,
// "Чек возврата". What undoes a return, or sets something right, puzzles.
func parseDeed(text string) deed {
	switch strings.ToLower(text) {
	case "r", "в", "-1":
		return takesBack
	case "", "s", "п", "1", "+1":
		return sells
	}
	t := clausesOf(text)
	back, gone := t.says(backWords), t.says(undoneWords)
	switch {
	case back && gone, (back || gone) && t.unclear(), t.says(mendWords):
		return puzzles
	case back:
		return takesBack
	case gone:
		return undone
	}
	if d := parseState(text, ""); d == undone || d == puzzles { // "Payment failed"
		return d
	}
	pays := func(word string) bool { return beginsWith(word, payWords) }
	if t.says(sellWords) || t.says(payWords) && !slices.ContainsFunc(slices.Concat(t...), func(word string) bool { return !pays(word) }) {
		return sells
	}
	return puzzles
}

// parseReturned reads the column that says whether a row takes back: да, or возврат.
func parseReturned(text string) deed {
	if yes, _, ok := parseYes(text); ok {
		if yes {
			return takesBack
		}
		return sells
	}
	t := clausesOf(text)
	yes, no, _ := t.speaksOf(backWords)
	switch {
	case yes && !t.says(undoneWords) && !t.unclear():
		return takesBack
	case !yes && no:
		return sells
	}
	return puzzles
}

// parseState reads the column that says how a receipt stands, or whether it does
// what heading says: "Отменён", "refunded", "не оплачен", "да" of "Аннулирован", or
// "нет" of "Проведён".
func parseState(text, heading string) deed {
	if yes, none, ok := parseYes(text); ok {
		h := clausesOf(heading)
		if !none && (yes && h.says(goneWords) || !yes && h.says(paidWords)) {
			return undone
		}
		return sells
	}
	t := clausesOf(text)
	paid, unpaid, _ := t.speaksOf(paidWords)
	pay, failed, loose := t.speaksOf(payWords)
	_, stuck, _ := t.speaksOf(passWords)
	done, notDone, _ := t.speaksOf(doneWords)
	gone, kept, _ := t.speaksOf(goneWords)
	if t.says([]string{"удален"}) && !t.says([]string{"удаленн"}) { // which is from afar
		gone = true
	}
	switch {
	case gone && t.unclear(), unpaid && gone && !t.says(undoneWords):
		return puzzles
	case unpaid:
		return undone
	case gone && t.says(partWords):
		return partly
	case gone, !paid && !kept && (failed || pay && stuck || t.says(unpaidWords)):
		return undone
	case paid:
		return sells
	case pay && loose > 0, notDone && !done: // "оплата не требуется", "не завершён"
		return puzzles
	case kept, done:
		return sells
	}
	return silent
}

// clauses are the words of a text, part by part: what one denies, "возврат: нет", is
// nothing to another.
type clauses [][]string

func clausesOf(text string) (list clauses) {
	for part := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune(",;:.()/|", r) }) {
		words := fold.Words(part)
		bare := len(list) > 0 && !slices.ContainsFunc(words, func(word string) bool {
			return !denies(word) && !slices.Contains(betweens, word) && !beginsWith(word, refusals)
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

// says reports whether one of the words begins so and is not denied.
func (c clauses) says(stems []string) bool {
	yes, _, _ := c.speaksOf(stems)
	return yes
}

// unclear reports whether a text that speaks of returns or of undoing denies something
// else than these: "отмена не выполнена".
func (c clauses) unclear() bool {
	_, _, loose := c.speaksOf(goneWords)
	return loose > 0
}

// speaksOf reports whether one of the words begins so, and whether one does
// but is denied: "не был возвращён", "возврат: нет", "qaytarilmagan". Loose are words
// beside them that deny something else.
func (c clauses) speaksOf(stems []string) (yes, no bool, loose int) {
	for _, words := range c {
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
	if at >= 0 && (denies(words[at]) || beginsWith(words[at], refusals)) {
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
		case denies(words[k]):
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

func denies(word string) bool { return slices.Contains(denials, word) || slices.Contains(lacks, word) }
