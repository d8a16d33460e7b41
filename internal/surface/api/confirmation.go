package api

import (
	"context"
	"net/http"
	"time"

	"regulars/internal/base/errs"
	"regulars/internal/loyalty/confirm"
)

// errConfirmOne is of a code that is for nobody, or for two.
var errConfirmOne = errs.New(errs.Invalid, "confirmation_for_one", "Say whom the code is for: a customer with the points, or a phone that is to be registered.")

// confirmationRequest asks for a code, of a customer or of a phone.
type confirmationRequest struct {
	Customer string `json:"customer,omitzero"`
	Points   number `json:"points,omitzero"`
	Phone    string `json:"phone,omitzero" maxLength:"254"`
}

// confirmation is a code that is on its way.
type confirmation struct {
	ID        string    `json:"id"`
	Points    decimal   `json:"points,omitzero"`
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
	if in.Phone != "" {
		return a.confirmPhone(ctx, by, &r, in)
	}
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

// confirmPhone has a phone sent a code, whosever it is: the answer does not tell.
func (a *API) confirmPhone(ctx context.Context, by *caller, r *reader, in *confirmationRequest) (*created[confirmation], error) {
	if in.Customer != "" || in.Points != "" {
		return nil, errConfirmOne.At("/phone")
	}
	list := r.normal(a.customers, &Identified{Phone: in.Phone})
	if err := r.wrong.Err(); err != nil {
		return nil, err
	}
	c, err := a.enrol.SendCode(ctx, by.Till.ID, list[0])
	if err != nil {
		return nil, err
	}
	return &created[confirmation]{Status: http.StatusCreated, Body: confirmation{ID: by.ids.confirmation(c.ID), ExpiresAt: timeOf(c.ExpiresAt)}}, nil
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
