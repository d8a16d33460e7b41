package api

import (
	"context"
	"strconv"
	"time"

	"regulars/internal/base/errs"
	"regulars/internal/loyalty/customer"
)

// wording is a text that customers are asked to agree to.
type wording struct {
	Code     string    `json:"code"`
	Version  int64     `json:"version"`
	Purpose  purpose   `json:"purpose"`
	Channels []channel `json:"channels" nullable:"false"`
	Name     string    `json:"name"`
	RU       string    `json:"ru,omitzero"`
	UZ       string    `json:"uz,omitzero"`
	EN       string    `json:"en,omitzero"`
}

type wordingList struct {
	Wordings []wording `json:"wordings" nullable:"false"`
}

// getWordings lists what holds in the store now.
func (a *API) getWordings(ctx context.Context, by *caller, _ *nothing) (*reply[wordingList], error) {
	all, err := a.customers.Wordings(ctx)
	if err != nil {
		return nil, err
	}
	out := &reply[wordingList]{Body: wordingList{Wordings: []wording{}}}
	for _, w := range all.Holding(by.Store.Entity, by.now) {
		row := wording{Code: w.Code, Version: w.Version, Purpose: purpose(w.Purpose), Name: w.Name, RU: w.Texts["ru"], UZ: w.Texts["uz"], EN: w.Texts["en"]}
		for _, c := range w.Channels {
			row.Channels = append(row.Channels, channel(c))
		}
		out.Body.Wordings = append(out.Body.Wordings, row)
	}
	return out, nil
}

// consents reads what a customer says; what is wrong with it is gathered.
func (a *API) consents(ctx context.Context, by *caller, r *reader, list []consentRequest) (said []customer.Consent, err error) {
	var texts customer.Wordings
	for i, in := range list {
		if in.Given == nil { // nobody takes back a consent by leaving a word out
			r.missing(field{"consents", i, "given"})
		}
		c := customer.Consent{
			Channel: customer.Channel(in.Channel), Purpose: customer.Purpose(in.Purpose), Given: in.Given != nil && *in.Given,
			Store: by.Store.ID, Till: by.Till.ID, Wording: in.Wording, Proof: in.Proof, Reason: in.Reason,
		}
		if in.Version != 0 {
			if texts == nil {
				if texts, err = a.customers.Wordings(ctx); err != nil {
					return nil, err
				}
			}
			if err := texts.Under(&c, in.Wording, in.Version, in.Language, by.Store.Entity, by.now); err != nil {
				e := errs.Of(err)
				r.wrong.Add("/consents/"+strconv.Itoa(i)+"/wording", e.Code, "%s", e.Text)
			}
		}
		said = append(said, c)
	}
	return said, nil
}

// saying is what a customer says.
type saying struct {
	Customer string           `json:"customer"`
	Consents []consentRequest `json:"consents" nullable:"false" minItems:"1" maxItems:"64"`
}

// agreed is what holds then.
type agreed struct {
	Customer string `json:"customer"`
	Consents []word `json:"consents" nullable:"false"`
}

// word is the last word on a channel and a purpose.
type word struct {
	Channel channel   `json:"channel"`
	Purpose purpose   `json:"purpose"`
	Given   bool      `json:"given"`
	At      time.Time `json:"at"`
	Wording string    `json:"wording,omitzero"`
	AskAnew bool      `json:"ask_anew,omitzero"`
}

// postConsents records what a customer says.
func (a *API) postConsents(ctx context.Context, by *caller, in *saying) (*reply[agreed], error) {
	who, err := by.ids.customerOf(in.Customer)
	if err != nil {
		return nil, err
	}
	c, err := a.profile(ctx, who)
	if err != nil {
		return nil, err
	}
	r := by.reader()
	list, err := a.consents(ctx, by, &r, in.Consents)
	if err != nil {
		return nil, err
	}
	if len(in.Consents) == 0 {
		r.missing(at("consents"))
	}
	if err := r.wrong.Err(); err != nil {
		return nil, err
	}
	if err := a.enrol.Say(ctx, by.Till, by.Store.ID, by.Staff, "", c.ID, list); err != nil {
		return nil, err
	}
	history, err := a.customers.Consents(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	texts, err := a.customers.Wordings(ctx)
	if err != nil {
		return nil, err
	}
	out := &reply[agreed]{Body: agreed{Customer: by.ids.customer(c.ID), Consents: []word{}}}
	for _, said := range customer.Current(history) {
		anew := texts.Outdated(said, a.customers.EntityOf(said, c.HomeStore), by.now)
		out.Body.Consents = append(out.Body.Consents, word{channel(said.Channel), purpose(said.Purpose), said.Given, timeOf(said.At), said.Wording, anew})
	}
	return out, nil
}
