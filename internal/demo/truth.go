package demo

import (
	"bufio"
	"encoding/json"
	"io"
	"math"
	"time"
)

// TruthChain is the first line of the truth: the laws of the chain.
type TruthChain struct {
	Kind      string   `json:"kind"` // "chain"
	Seed      uint64   `json:"seed"`
	Currency  string   `json:"currency"`
	Start     string   `json:"start"`
	End       string   `json:"end"` // the day after the last
	Stores    int      `json:"stores"`
	Customers int      `json:"customers"`
	Habits    Habits   `json:"habits"`
	Tops      []string `json:"categories"` // what the tastes are over
	Rhythms   []string `json:"rhythms"`
}

// TruthCashier is how a cashier asks, and what came of it.
type TruthCashier struct {
	Kind       string  `json:"kind"` // "cashier"
	Code       string  `json:"code"`
	Store      string  `json:"store"`
	Ask        float64 `json:"ask"`
	Receipts   int     `json:"receipts"`   // all sales
	Identified int     `json:"identified"` // of them with a customer
	People     int     `json:"people"`     // sales to customers who came again, card or not
	Known      int     `json:"known"`      // of them with the card
}

// TruthCustomer is what only the simulation knows of a customer. Days of
// exposure are counted in the bent time that his purchases are Poisson in;
// over the chain's whole span it is as long as the calendar's.
type TruthCustomer struct {
	Kind       string    `json:"kind"` // "customer"
	ID         string    `json:"id"`
	Alive      bool      `json:"alive"` // would still come back after the end
	First      string    `json:"first"`
	Last       string    `json:"last"`       // the latest visit, known or not; of the dead, the last ever
	Visits     int       `json:"visits"`     // sales, the first included
	Identified int       `json:"identified"` // of them with the card
	Exposure   float64   `json:"exposure"`   // days from the first visit to the end
	Lambda     float64   `json:"lambda"`     // purchases a day while alive
	Dropout    float64   `json:"dropout"`    // chance to leave after a repeat purchase
	MeanSpend  float64   `json:"mean_spend"` // of a receipt after promotions, before discounts by hand and points
	Tastes     []float64 `json:"tastes"`
	Deals      float64   `json:"deals"`
	Redeems    float64   `json:"redeems"`
	Store      string    `json:"store"`
	Rhythm     int       `json:"rhythm"`
}

// WriteTruth writes what the simulation knows as lines of JSON: the chain, its
// cashiers, its customers. The run must have been gone through to its end.
func (r *Run) WriteTruth(w io.Writer) error {
	c := r.chain
	b := bufio.NewWriterSize(w, 1<<16)
	enc := json.NewEncoder(b)
	head := TruthChain{
		Kind: "chain", Seed: c.Seed, Currency: c.Currency.Code,
		Start: c.Start.Format(time.DateOnly), End: c.Size.End.Format(time.DateOnly),
		Stores: len(c.Stores), Customers: c.Size.Customers, Habits: c.Habits,
	}
	for _, top := range c.tops {
		head.Tops = append(head.Tops, c.Categories[top].Name)
	}
	for _, rh := range rhythms {
		head.Rhythms = append(head.Rhythms, rh.name)
	}
	if err := enc.Encode(head); err != nil {
		return err
	}
	for i, t := range r.staff {
		k := c.Cashiers[i]
		err := enc.Encode(TruthCashier{
			Kind: "cashier", Code: k.Code, Store: c.Stores[k.Store].Code, Ask: round(k.Ask),
			Receipts: t.Receipts, Identified: t.Identified, People: t.People, Known: t.Known,
		})
		if err != nil {
			return err
		}
	}
	d := newDice(c.Seed)
	var t Traits
	for i := range c.Size.Customers {
		c.traits(d, i, &t)
		for k := range t.Tastes {
			t.Tastes[k] = round(t.Tastes[k])
		}
		err := enc.Encode(TruthCustomer{
			Kind: "customer", ID: externalID(i), Alive: !r.dead[i],
			First: c.date(c.birth(i)).Format(time.DateOnly), Last: c.date(int(r.last[i])).Format(time.DateOnly),
			Visits: int(r.seen[i]), Identified: int(r.known[i]),
			Exposure: round(c.bent[t.Rhythm][c.days] - float64(r.first[i])),
			Lambda:   t.Lambda, Dropout: t.Dropout, MeanSpend: t.MeanSpend,
			Tastes: t.Tastes, Deals: round(t.Deals), Redeems: round(t.Redeems),
			Store: c.Stores[t.Store].Code, Rhythm: t.Rhythm,
		})
		if err != nil {
			return err
		}
	}
	return b.Flush()
}

// round keeps four decimals.
func round(x float64) float64 { return math.Round(x*1e4) / 1e4 }
