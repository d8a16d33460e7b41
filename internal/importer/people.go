package importer

import (
	"strings"
	"time"
	"unicode"

	"regulars/internal/base/fold"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/programme"
)

// Customer is a row of a customers file.
type Customer struct {
	Row        int64
	External   string
	Card       string
	Phones     []string // as the file spells them
	Email      string
	First      string
	Middle     string
	Last       string
	Sex        string // "", "female" or "male"
	Born       string // 1990-12-31, or --12-31
	Registered time.Time
	Store      string // code or name of the home store
	City       string
	Language   string
	Note       string
	Labels     string // groups, as the file lists them
	Attributes map[string]string
	Consents   []Consent
	Points     money.Points // opening balance; below zero: owed
	PointsEnd  time.Time    // zero: by the programme
	Level      string       // as the file calls it
	LevelEnd   time.Time    // the midnight that ends it; zero: never

	cells []string
	again []uint64 // keys that come again in the file
}

// keys are what customers are told apart by, the surest first. What is spelled
// in several ways has one key for all, even if others have it too.
func (c *Customer) keys() (list []uint64) {
	if c.External != "" {
		list = append(list, hash("external\x00"+c.External))
	}
	if c.Card != "" {
		list = append(list, hash("card\x00"+strings.ToLower(strings.Map(wordRune, c.Card))))
	}
	for _, phone := range c.Phones {
		list = append(list, hash("phone\x00"+lastDigits(phone)))
	}
	if c.Email != "" {
		list = append(list, hash("email\x00"+strings.ToLower(c.Email)))
	}
	if name := c.called(); len(list) == 0 && name != "" {
		list = append(list, hash("name\x00"+strings.ToLower(name)))
	}
	if name := customer.Called(c.First, c.Last, c.Born); name != "" {
		list = append(list, hash(name))
	}
	return list
}

// called is the name with the birthday, by which a file knows those of whom it
// says nothing else.
func (c *Customer) called() string {
	return fold.Line(c.Last + " " + c.First + " " + c.Middle + " " + c.Born)
}

// surest is what to say of a customer who comes again.
func (c *Customer) surest() (Field, string) {
	switch {
	case c.External != "":
		return FieldExternal, c.External
	case c.Card != "":
		return FieldCard, c.Card
	case len(c.Phones) > 0:
		return FieldPhone, c.Phones[0]
	case c.Email != "":
		return FieldEmail, c.Email
	}
	return FieldName, c.called()
}

func wordRune(r rune) rune {
	if unicode.IsLetter(r) || unicode.IsDigit(r) {
		return r
	}
	return -1
}

// lastDigits of a phone are the same with and without its country.
func lastDigits(phone string) string {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, phone)
	return digits[max(0, len(digits)-7):]
}

// Consent is a yes or no of a customers file.
type Consent struct {
	Channel string // sms, email or any
	Given   bool
	OptOut  bool // it is from now on
}

// consents are the columns of consents, the widest first: what follows is more
// exact.
var consents = []struct {
	field   Field
	channel string
}{{FieldConsent, "any"}, {FieldConsentSMS, "sms"}, {FieldConsentEmail, "email"}}

// customer reads the row that was begun. A value that cannot be read is left
// out and remarked on; only who it is and the points must be right.
func (r *rowReader) customer() *Customer {
	c := &Customer{
		Row:      r.number,
		External: r.identifier(FieldExternal, customer.MaxExternal),
		Card:     r.identifier(FieldCard, maxText),
		Phones:   splitPhones(r.identifier(FieldPhone, maxText)),
		Email:    r.identifier(FieldEmail, maxText),
		City:     r.fact(FieldCity),
		Labels:   r.fact(FieldLabels),
		Language: languageOf(r.fact(FieldLanguage)),
		Store:    r.fact(FieldStore),
		Note:     r.atMost(FieldNote, fold.Text(r.raw(FieldNote)), customer.MaxNote),
	}
	r.names(c)
	c.First, c.Middle, c.Last = fold.OneScript(c.First), fold.OneScript(c.Middle), fold.OneScript(c.Last)
	r.facts(c)
	for _, k := range consents {
		if yes, none := r.yes(k.field); !none {
			c.Consents = append(c.Consents, Consent{Channel: k.channel, Given: yes})
		}
	}
	if out, _ := r.yes(FieldOptOut); out {
		c.Consents = []Consent{{Channel: "any", OptOut: true}}
	}
	r.points(c)
	r.level(c)
	r.attributes(c)
	if c.External == "" && c.Card == "" && len(c.Phones) == 0 && c.Email == "" && c.First == "" && c.Last == "" && !r.refused {
		r.refuse("", ReasonNobody, "")
	}
	return c
}

// yes reads a yes or a no; none where the cell says neither, or what is remarked on.
func (r *rowReader) yes(f Field) (yes, none bool) {
	yes, none, ok := parseYes(r.line(r.raw(f)))
	if !ok {
		r.remark(f, ReasonWord, r.raw(f))
		return false, true
	}
	return yes, none
}

// names reads the name, in one column or in several, also where one column of
// the several holds the whole.
func (r *rowReader) names(c *Customer) {
	c.First, c.Middle, c.Last = r.text(FieldFirstName, maxText), r.text(FieldMiddleName, maxText), r.text(FieldLastName, maxText)
	whole := r.text(FieldName, maxText)
	if whole == "" && c.First == "" && c.Middle == "" && strings.Contains(c.Last, " ") {
		whole, c.Last = c.Last, ""
	}
	if whole == "" && c.Last == "" && c.Middle == "" && strings.Contains(c.First, " ") {
		whole, c.First = c.First, ""
	}
	if whole != "" && c.First == "" && c.Last == "" {
		c.First, c.Middle, c.Last = splitName(whole, r.m.Options.NameOrder)
	}
}

// facts reads what can be left out.
func (r *rowReader) facts(c *Customer) {
	var ok bool
	if c.Sex, ok = parseSex(r.line(r.raw(FieldSex))); !ok {
		r.remark(FieldSex, ReasonWord, r.raw(FieldSex))
	}
	if cell := r.raw(FieldBorn); cell != "" {
		born, ok := parseBorn(cell, r.m.Options.DateOrder)
		switch {
		case !ok:
			r.remark(FieldBorn, r.whyNoDate(cell), cell)
		case born == noBirthday:
			r.remark(FieldBorn, ReasonNoBirthday, cell)
		case born > r.latest.Format(time.DateOnly): // --12-31 is less
			r.remark(FieldBorn, ReasonFuture, cell)
		default:
			c.Born = born
		}
	}
	if cell := r.raw(FieldRegistered); cell != "" {
		t, _, none, ok := r.parseMoment(cell, "")
		switch {
		case !ok:
			r.remark(FieldRegistered, r.whyNoDate(cell), cell)
		case t.After(r.latest):
			r.remark(FieldRegistered, ReasonFuture, cell)
		case !none:
			c.Registered = t
		}
	}
}

// points reads the opening balance. It is money: what cannot be read is not
// passed over.
func (r *rowReader) points(c *Customer) {
	n, ok := r.decimalOf(FieldPoints)
	if !ok {
		return
	}
	v, exact, ok := n.scaled(2)
	if !ok || v < -int64(money.MaxAmount) || v > int64(money.MaxAmount) {
		r.refuse(FieldPoints, ReasonRange, r.raw(FieldPoints))
		return
	}
	if !exact {
		r.remark(FieldPoints, ReasonPointsRounded, r.raw(FieldPoints))
	}
	c.Points = money.Points(v)
	if cell := r.raw(FieldPointsExpire); cell != "" {
		t, _, _, ok := r.parseMoment(cell, "")
		if !ok {
			r.refuse(FieldPointsExpire, r.whyNoDate(cell), cell)
		}
		c.PointsEnd = t
	}
}

// level reads the level that a customer has, which is for good only where the file
// does not say otherwise.
func (r *rowReader) level(c *Customer) {
	c.Level = r.fact(FieldLevel)
	cell := r.raw(FieldLevelUntil)
	if cell == "" || c.Level == "" {
		return
	}
	last, _, none, ok := r.parseMoment(cell, "")
	switch {
	case !ok:
		r.remark(FieldLevelUntil, r.whyNoDate(cell), cell)
		c.Level = ""
	case !none:
		c.LevelEnd = programme.Midnight(last, 1, r.zone)
	}
}

func (r *rowReader) attributes(c *Customer) {
	for f := range r.m.Columns {
		name, ok := strings.CutPrefix(string(f), ownField)
		if !ok {
			continue
		}
		if value := r.fact(f); value != "" {
			if c.Attributes == nil {
				c.Attributes = map[string]string{}
			}
			c.Attributes[name] = value
		}
	}
}

// readLabels are the groups of a cell: commas part them, what has spaces is one.
func readLabels(cell string) []string {
	parts := strings.FieldsFunc(cell, func(r rune) bool { return r == ',' || r == ';' || r == '|' })
	for i := range parts {
		parts[i] = strings.ReplaceAll(fold.Line(parts[i]), " ", "-")
	}
	return customer.ReadLabels(strings.Join(parts, ","))
}
