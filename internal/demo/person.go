package demo

import (
	"fmt"
	"strings"
	"time"
)

// Traits are what really drives a customer, which no shop ever sees.
type Traits struct {
	Lambda    float64   // purchases a day while alive
	Dropout   float64   // chance to leave for good after a repeat purchase
	MeanSpend float64   // of a receipt, in the currency's major unit
	Tastes    []float64 // over the top categories; they sum to 1
	Deals     float64   // chance that a line is picked because it is on promotion
	Redeems   float64   // chance to ask for points on a visit
	Store     int       // where he mostly buys
	Rhythm    int       // index of his habit of the week
}

// Customer is a registered person as the shop knows him.
type Customer struct {
	Number       int // 0 for the first who registered
	ExternalID   string
	FirstName    string
	LastName     string
	Sex          string    // "f" or "m"
	Language     string    // "ru" or "uz"
	BirthDate    time.Time // zero if he did not say
	Phone        string    // E.164; looks like a mobile one and belongs to hardly anybody
	Card         string    // EAN-13; empty without a card
	Email        string    // empty if he did not say; always of a domain reserved for examples
	ConsentSMS   bool
	ConsentEmail bool
	Store        int // where he registered
	RegisteredAt time.Time
}

// likes has how much more than others the people of a sex buy of a category.
var likes = map[string]map[string]float64{
	"f": {"Красота и уход": 1.7, "Одежда": 1.2, "Детям": 1.2, "Электроника и авто": 0.5},
	"m": {"Красота и уход": 0.5, "Электроника и авто": 2.2, "Дом и кухня": 0.8},
}

// popularity of the top categories over everybody.
var categoryShare = map[string]float64{
	"Продукты": 0.24, "Чай и сладости": 0.17, "Красота и уход": 0.14, "Бытовая химия": 0.13, "Дом и кухня": 0.10,
	"Детям": 0.07, "Одежда": 0.05, "Школа и книги": 0.05, "Электроника и авто": 0.03, "Подарки и праздник": 0.02,
}

// tasteSharpness is how narrow tastes are: the sum of the Dirichlet's weights.
const tasteSharpness = 5

// traits fills t, using its tastes' memory again.
func (c *Chain) traits(d *dice, i int, t *Traits) {
	d.set(traitStream, i, 0)
	h := c.Habits
	t.Store = d.pick(c.storeCum)
	t.Lambda = d.gamma(h.R, h.Alpha)
	t.Dropout = d.beta(h.A, h.B)
	t.MeanSpend = c.meanSpend(d)
	t.Rhythm = d.pick(c.rhythmCum)
	t.Deals = 0.6 * d.beta(0.8, 3.2)
	t.Redeems = d.beta(0.9, 2.6)
	c.tastes(d, c.sex(i), t)
}

// meanSpend draws one person's mean receipt from the gamma-gamma's outer law.
func (c *Chain) meanSpend(d *dice) float64 {
	nu := d.gamma(c.Habits.Q, c.Habits.Gamma)
	return c.Habits.P / nu
}

func (c *Chain) tastes(d *dice, sex string, t *Traits) {
	if t.Tastes == nil {
		t.Tastes = make([]float64, len(c.tops))
	}
	var sum float64
	for k := range t.Tastes {
		t.Tastes[k] = d.gamma(c.tasteBase[sex][k], 1)
		sum += t.Tastes[k]
	}
	for k := range t.Tastes {
		t.Tastes[k] /= sum
	}
}

// sex is the only part of the profile that tastes know of.
func (c *Chain) sex(i int) string {
	if mix(c.Seed^mix(uint64(i)))%100 < 62 {
		return "f"
	}
	return "m"
}

// Customer is the profile of customer i.
func (c *Chain) Customer(i int) Customer { return c.customer(newDice(c.Seed), i) }

func (c *Chain) customer(d *dice, i int) Customer {
	first := c.first(d, i)
	store := &c.Stores[first.store]
	d.set(profileStream, i, 0)

	p := Customer{
		Number: i, ExternalID: externalID(i), Sex: c.sex(i), Language: "uz",
		Store: first.store, RegisteredAt: first.at,
	}
	firsts, lasts := uzbekMen, uzbekSurnames
	if p.Sex == "f" {
		firsts = uzbekWomen
	}
	if d.chance(russianShare(store.City)) {
		p.Language = "ru"
		firsts, lasts = russianMen, russianSurnames
		if p.Sex == "f" {
			firsts = russianWomen
		}
	}
	p.FirstName = firsts[d.IntN(len(firsts))]
	p.LastName = lasts[d.IntN(len(lasts))]
	if p.Sex == "f" {
		p.LastName = feminine(p.LastName)
	}
	p.Phone = phone(country(store.City), i)

	age := min(max(36+13*d.NormFloat64(), 16), 82)
	born := c.Start.AddDate(0, 0, -int(age*365.25))
	if d.chance(0.78) {
		p.BirthDate = born
	}
	if d.chance(0.55) {
		p.Card = ean13(fmt.Sprintf("29%010d", scatter(i, 10_000_000_000)))
	}
	if d.chance(0.35) {
		p.Email = fmt.Sprintf("%s.%s%d@%s", mailbox(p.FirstName), mailbox(p.LastName), i+1,
			[]string{"example.com", "example.org", "example.net"}[d.IntN(3)])
	}
	p.ConsentSMS = d.chance(0.72)
	p.ConsentEmail = p.Email != "" && d.chance(0.8)
	return p
}

// mobile codes of the countries' operators.
var mobile = map[string][]string{
	"UZ": strings.Fields("+99890 +99891 +99893 +99894 +99895 +99897 +99898 +99899 +99833 +99888"),
	"KZ": strings.Fields("+7700 +7701 +7702 +7705 +7707 +7708 +7747 +7771 +7775 +7776"),
	"RU": strings.Fields("+7903 +7905 +7909 +7910 +7915 +7916 +7925 +7926 +7964 +7977"),
}

// phone is customer i's number. None of the three countries reserves numbers
// for fiction; these parse as valid, but the subscriber's part starts with 0,
// as numbers given to people hardly do. Write to none of them all the same.
func phone(country string, i int) string {
	codes := mobile[country]
	n := scatter(i, 10_000_000)
	return fmt.Sprintf("%s0%06d", codes[n%len(codes)], n/len(codes))
}

// scatter maps 0..of-1 onto itself one to one, so that neighbours lie far
// apart; of is a power of ten.
func scatter(i, of int) int { return (i*6_180_339_887%of + 271_828_182) % of }

// externalID is customer i's key in files and in the truth.
func externalID(i int) string { return fmt.Sprintf("C%07d", i+1) }
