package demo

import (
	"fmt"
	"time"
	_ "time/tzdata" // the stores' zones, also where the system has none

	"regulars/internal/base/errs"
)

// Store is a shop of the chain.
type Store struct {
	Code   string
	Name   string
	City   string
	Zone   string // IANA name
	Tills  int
	Weight float64 // its part of the chain's customers; all sum to 1

	loc      *time.Location
	cashiers int // index of its first cashier; each till has two, in turns
}

// TillCode names the store's till n, counted from 0.
func (s *Store) TillCode(n int) string { return fmt.Sprintf("%s-%d", s.Code, n+1) }

// Cashier works at a till of one store, two days on and two off.
type Cashier struct {
	Code  string
	Name  string
	Store int
	Ask   float64 // how often she asks for the card
}

// Every store is open at these hours of its own clock. The zones of the places
// lie so close together that a date is over everywhere before the next begins
// anywhere: receipts made date by date are in order of time.
const (
	opens  = 9
	closes = 22
)

// Ahead is how far the clock of the easternmost store is ahead of UTC.
const Ahead = 5 * time.Hour

// Zone is that of most stores.
const Zone = "Asia/Tashkent"

var places = []struct {
	city, zone, name string
	weight           float64
}{
	{"Ташкент", "Asia/Tashkent", "Чиланзар", 1.0},
	{"Самарканд", "Asia/Samarkand", "Регистан", 0.62},
	{"Алматы", "Asia/Almaty", "Абай", 0.48},
	{"Москва", "Europe/Moscow", "Сокол", 0.40},
	{"Ташкент", "Asia/Tashkent", "Юнусабад", 0.85},
	{"Фергана", "Asia/Tashkent", "Марказ", 0.35},
	{"Бухара", "Asia/Samarkand", "Ляби-Хауз", 0.33},
	{"Ташкент", "Asia/Tashkent", "Сергели", 0.55},
	{"Наманган", "Asia/Tashkent", "Чорсу", 0.30},
	{"Казань", "Europe/Moscow", "Баумана", 0.30},
	{"Андижан", "Asia/Tashkent", "Бабур", 0.28},
	{"Шымкент", "Asia/Almaty", "Арбат", 0.26},
	{"Нукус", "Asia/Samarkand", "Амударья", 0.22},
	{"Ургенч", "Asia/Samarkand", "Хорезм", 0.18},
}

// openStores sets the stores up with their tills and cashiers.
func (c *Chain) openStores(d *dice) error {
	var sum float64
	for i := range c.Size.Stores {
		place := places[i%len(places)]
		name, weight := place.name, place.weight
		if round := i / len(places); round > 0 {
			name = fmt.Sprintf("%s %d", name, round+1)
			weight *= 0.4 + 0.6*d.Float64()
		}
		loc, err := time.LoadLocation(place.zone)
		if err != nil {
			return errs.New(errs.Internal, "demo_zone", "The time zone of a store is unknown: "+place.zone).Because(err)
		}
		sum += weight
		c.Stores = append(c.Stores, Store{
			Code: fmt.Sprintf("S%02d", i+1), Name: name, City: place.city, Zone: place.zone,
			Tills: 1 + int(4*weight+0.5), Weight: weight, loc: loc,
		})
	}
	for i := range c.Stores {
		s := &c.Stores[i]
		s.Weight /= sum
		s.cashiers = len(c.Cashiers)
		for range 2 * s.Tills {
			n := len(c.Cashiers)
			c.Cashiers = append(c.Cashiers, Cashier{
				Code: fmt.Sprintf("K%03d", n+1), Name: c.cashierName(s, d), Store: i,
				// Most ask nearly always; some hardly ever do.
				Ask: 0.30 + 0.69*d.beta(3.2, 0.9),
			})
		}
	}
	return nil
}

func (c *Chain) cashierName(s *Store, d *dice) string {
	first, last := uzbekWomen, uzbekSurnames
	if d.chance(russianShare(s.City)) {
		first, last = russianWomen, russianSurnames
	}
	return first[d.IntN(len(first))] + " " + feminine(last[d.IntN(len(last))])
}

// onDuty is the cashier at a store's till on a day.
func (c *Chain) onDuty(store, till, day int) int {
	s := &c.Stores[store]
	return s.cashiers + till + s.Tills*(day/2%2)
}

// neighbours are the stores of the same city, the store itself among them.
func (c *Chain) neighbours(store int) []int {
	return c.cities[c.Stores[store].City]
}

// russianShare is how many of a city's customers have Russian names.
func russianShare(city string) float64 {
	switch city {
	case "Москва", "Казань":
		return 0.85
	case "Алматы", "Шымкент":
		return 0.6
	case "Ташкент":
		return 0.35
	}
	return 0.12
}

// country is the one whose phones a city's people have.
func country(city string) string {
	switch city {
	case "Москва", "Казань":
		return "RU"
	case "Алматы", "Шымкент":
		return "KZ"
	}
	return "UZ"
}
