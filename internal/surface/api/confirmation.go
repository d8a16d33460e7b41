package api

import (
	"context"
	"net/http"
	"time"

	"regulars/internal/loyalty/confirm"
)

// confirmationRequest asks for a code.
type confirmationRequest struct {
	Customer string `json:"customer"`
	Points   number `json:"points"`
}

// confirmation is a code that is on its way.
type confirmation struct {
	ID        string    `json:"id"`
	Points    decimal   `json:"points"`
	ExpiresAt time.Time `json:"expires_at"`
}

// Said is what a customer said.
type Said struct {
	ID   string `json:"id"`
	Code string `json:"code" maxLength:"6"`
}

// postConfirmation has a customer sent a code.
func (a *API) postConfirmation(ctx context.Context, by *caller, in *confirmationRequest) (*created[confirmation], error) {
	r := by.reader()
	who, most := r.customer(at("customer"), in.Customer), r.points(at("points"), in.Points)
	if in.Customer == "" {
		r.missing(at("customer"))
	}
	if err := r.wrong.Err(); err != nil {
		return nil, err
	}
	c, err := a.receipts.Confirm(ctx, by.Caller, who, most)
	if err != nil {
		return nil, err
	}
	return &created[confirmation]{Status: http.StatusCreated, Body: confirmation{
		ID: by.ids.confirmation(c.ID), Points: points(c.Points), ExpiresAt: timeOf(c.ExpiresAt),
	}}, nil
}

// said reads what a customer said. An id that is none is as a wrong code.
func (r *reader) said(in *Said) confirm.Given {
	if in == nil {
		return confirm.Given{}
	}
	id, ok := r.ids.confirmations.Open(in.ID)
	if !ok {
		id = -1
	}
	return confirm.Given{ID: confirm.ID(id), Code: in.Code}
}
