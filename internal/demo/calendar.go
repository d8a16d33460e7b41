package demo

import "time"

// A rhythm is a habit of the week and of the day. Weekday weights average one
// over a week, Sunday first.
type rhythm struct {
	name    string
	share   float64
	weekday [7]float64
	hour    float64 // around when, by the store's clock
}

var rhythms = []rhythm{
	{"after work", 0.38, [7]float64{0.7, 1.1, 1.0, 1.0, 1.1, 1.3, 0.8}, 18.6},
	{"weekend", 0.30, [7]float64{2.1, 0.4, 0.4, 0.5, 0.5, 0.8, 2.3}, 14.5},
	{"morning", 0.20, [7]float64{0.8, 1.2, 1.1, 1.1, 1.1, 1.0, 0.7}, 10.8},
	{"any time", 0.12, [7]float64{1, 1, 1, 1, 1, 1, 1}, 14.8},
}

// A season makes people buy more than on an ordinary day, and other things.
type season struct {
	name       string
	from, to   int // month*100+day, both included, within a year
	traffic    float64
	categories map[string]float64 // how many times likelier a category is
}

var seasons = []season{
	{"New Year's rush", 1215, 1231, 1.85, map[string]float64{"Подарки и праздник": 3.5, "Чай и сладости": 1.8, "Детям": 1.5}},
	{"New Year's quiet", 101, 103, 0.45, nil},
	{"8 March", 301, 308, 1.55, map[string]float64{"Красота и уход": 2.2, "Подарки и праздник": 2.2, "Чай и сладости": 1.4}},
	{"Navruz", 316, 321, 1.40, map[string]float64{"Продукты": 1.6, "Чай и сладости": 1.5, "Дом и кухня": 1.4}},
	{"summer", 620, 809, 0.90, nil},
	{"back to school", 810, 905, 1.40, map[string]float64{"Школа и книги": 4.5, "Детям": 1.6, "Одежда": 1.5}},
}

// seasonOf is the season of a day, or nil.
func seasonOf(day time.Time) *season {
	md := int(day.Month())*100 + day.Day()
	for i := range seasons {
		if md >= seasons[i].from && md <= seasons[i].to {
			return &seasons[i]
		}
	}
	return nil
}

// calendar turns days into the bent time that purchases are Poisson in.
type calendar struct {
	start time.Time // midnight UTC of the first date
	days  int
	// bent[r][d] is how much of rhythm r's time has passed at the start of day
	// d; it ends at days, so that over the whole span a day lasts a day.
	bent [][]float64
	// births is the share of all customers that has come by the end of a day.
	births []float64
}

func newCalendar(start time.Time, days int) calendar {
	c := calendar{start: start, days: days, bent: make([][]float64, len(rhythms)), births: make([]float64, days)}
	for r, rh := range rhythms {
		c.bent[r] = make([]float64, days+1)
		for d := range days {
			date := c.date(d)
			c.bent[r][d+1] = c.bent[r][d] + traffic(date)*rh.weekday[date.Weekday()]
		}
		scale := float64(days) / c.bent[r][days]
		for d := range c.bent[r] {
			c.bent[r][d] *= scale
		}
	}
	var sum float64
	for d := range days {
		date := c.date(d)
		opening := 1.0
		if d < 60 { // everybody's first card is from the weeks after the opening
			opening = 3
		}
		var w float64
		for _, rh := range rhythms {
			w += rh.share * rh.weekday[date.Weekday()]
		}
		sum += opening * w * traffic(date)
		c.births[d] = sum
	}
	for d := range c.births {
		c.births[d] /= sum
	}
	return c
}

func traffic(date time.Time) float64 {
	if s := seasonOf(date); s != nil {
		return s.traffic
	}
	return 1
}

func (c *calendar) date(d int) time.Time { return c.start.AddDate(0, 0, d) }

// dayOf is the day of midnight UTC t; of what lies before the first, 0.
func (c *calendar) dayOf(t time.Time) int { return max(0, int(t.Sub(c.start).Hours()/24)) }

// dayAt is the day in which bent time t of a rhythm falls; days if after the
// end.
func (c *calendar) dayAt(r int, t float64) int {
	bent := c.bent[r]
	if t >= bent[c.days] {
		return c.days
	}
	return search(bent[1:], t)
}
