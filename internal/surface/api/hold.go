package api

import (
	"context"
	"net/http"
	"time"

	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/receipt"
)

// holdRequest asks to keep points.
type holdRequest struct {
	Number   string `json:"number" maxLength:"100"`
	Customer string `json:"customer"`
	Points   number `json:"points"`
	Minutes  int    `json:"minutes,omitzero" minimum:"1" maximum:"60"`
	Card     string `json:"card,omitzero" maxLength:"254"`
	Said     *Said  `json:"confirmation,omitzero" nullable:"false"`
	AtTill
}

// held is a hold as it is.
type held struct {
	ID       string    `json:"id"`
	Number   string    `json:"number"`
	Customer string    `json:"customer"`
	Points   decimal   `json:"points"`
	State    holdState `json:"state"`
	MadeAt   time.Time `json:"made_at"`
	LapsesAt time.Time `json:"lapses_at"`
	EndedAt  time.Time `json:"ended_at,omitzero"`
	Receipt  string    `json:"receipt,omitzero"`
}

func (by *caller) held(h *ledger.Hold) held {
	return held{
		ID: by.ids.hold(h.ID), Number: h.Number, Customer: by.ids.customer(h.Customer), Points: points(h.Points), State: holdState(h.State),
		MadeAt: timeOf(h.MadeAt), LapsesAt: timeOf(h.LapsesAt), EndedAt: optionalTime(h.EndedAt), Receipt: by.ids.receipt(receipt.ID(h.Receipt)),
	}
}

// postHold keeps points for a customer who is paying.
func (a *API) postHold(ctx context.Context, by *caller, in *holdRequest) (*created[held], error) {
	r := by.reader()
	ask := receipt.Hold{
		Number: r.number(in.Number), Customer: r.customer(at("customer"), in.Customer), Points: r.points(at("points"), in.Points),
		For: time.Duration(in.Minutes) * time.Minute, Confirmation: r.said(in.Said), Card: r.text(at("card"), in.Card, maxIdentifier),
	}
	if in.Customer == "" {
		r.missing(at("customer"))
	}
	if err := r.wrong.Err(); err != nil {
		return nil, err
	}
	at, err := a.cashier(ctx, by, in.Cashier, receipt.KindSale, ask.Number)
	if err != nil {
		return nil, err
	}
	h, replayed, err := a.receipts.Hold(ctx, at, ask)
	if err != nil {
		return nil, err
	}
	out := &created[held]{Status: http.StatusCreated, Body: by.held(&h)}
	if replayed {
		out.Replayed = "true"
	}
	return out, nil
}

// cancelHold ends a hold before its time.
func (a *API) cancelHold(ctx context.Context, by *caller, in *struct {
	ID string `path:"id"`
},
) (*reply[held], error) {
	id, err := by.ids.holdOf(in.ID)
	if err != nil {
		return nil, err
	}
	h, err := a.receipts.Release(ctx, by.Caller, id)
	if err != nil {
		return nil, err
	}
	return &reply[held]{Body: by.held(&h)}, nil
}
