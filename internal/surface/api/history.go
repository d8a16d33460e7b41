package api

import (
	"context"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"regulars/internal/base/money"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/receipt"
)

// historyQuery asks for a page of what happened to a customer.
type historyQuery struct {
	ID     string `path:"id"`
	Cursor string `query:"cursor"`
	Limit  string `query:"limit"`
}

// history reads what every history is asked with.
func (a *API) history(ctx context.Context, by *caller, in *historyQuery) (who customer.ID, most int, err error) {
	id, err := by.ids.customerOf(in.ID)
	if err != nil {
		return 0, 0, err
	}
	if most, err = pageSize(in.Limit); err != nil {
		return 0, 0, err
	}
	c, err := a.profile(ctx, id)
	return c.ID, most, err
}

type receiptPage struct {
	Receipts []recorded `json:"receipts" nullable:"false"`
	Next     string     `json:"next,omitzero"`
}

// customerReceipts lists a customer's receipts of the store, the latest first.
func (a *API) customerReceipts(ctx context.Context, by *caller, in *historyQuery) (*reply[receiptPage], error) {
	who, most, err := a.history(ctx, by, in)
	if err != nil {
		return nil, err
	}
	var after receipt.Cursor
	if after.SoldAt, after.ID, err = readCursor[receipt.ID](in.Cursor); err != nil {
		return nil, err
	}
	list, err := a.receipts.List(ctx, receipt.Filter{Customer: who, Store: by.Store.ID}, after, most+1)
	if err != nil {
		return nil, err
	}
	out := &reply[receiptPage]{Body: receiptPage{Receipts: []recorded{}}}
	if len(list) > most {
		list = list[:most]
		out.Body.Next = writeCursor(list[most-1].SoldAt, list[most-1].ID)
	}
	for _, rec := range list {
		body, err := a.recorded(ctx, by, rec)
		if err != nil {
			return nil, err
		}
		body.Lines = nil // a lookup has them
		out.Body.Receipts = append(out.Body.Receipts, body)
	}
	return out, nil
}

type entryPage struct {
	Entries []entry `json:"entries" nullable:"false"`
	Next    string  `json:"next,omitzero"`
}

// entry is one movement of points.
type entry struct {
	ID      string     `json:"id"`
	At      time.Time  `json:"at"`
	Cause   entryCause `json:"cause"`
	Points  decimal    `json:"points"`
	Effect  decimal    `json:"effect"`
	Receipt string     `json:"receipt,omitzero"`
	Reason  string     `json:"reason,omitzero"`
	Text    string     `json:"text"`
}

type entryCause string

// Schema implements huma.SchemaProvider.
func (entryCause) Schema(huma.Registry) *huma.Schema {
	return enum(ledger.CauseEarn, ledger.CauseRedeem, ledger.CauseReturn, ledger.CauseWelcome, ledger.CauseOccasion, ledger.CauseOpening,
		ledger.CauseManual, ledger.CauseActivate, ledger.CauseExpire, ledger.CauseForfeit, ledger.CauseRepay)
}

// customerEntries lists every movement of a customer's points, the latest
// first.
func (a *API) customerEntries(ctx context.Context, by *caller, in *historyQuery) (*reply[entryPage], error) {
	who, most, err := a.history(ctx, by, in)
	if err != nil {
		return nil, err
	}
	_, before, err := readCursor[ledger.EntryID](in.Cursor)
	if err != nil {
		return nil, err
	}
	list, err := a.ledger.Entries(ctx, who, before, most+1)
	if err != nil {
		return nil, err
	}
	out := &reply[entryPage]{Body: entryPage{Entries: []entry{}}}
	if len(list) > most {
		list = list[:most]
		out.Body.Next = writeCursor(list[most-1].At, list[most-1].ID)
	}
	for i := range list {
		out.Body.Entries = append(out.Body.Entries, by.entry(&list[i]))
	}
	return out, nil
}

func (by *caller) entry(e *ledger.Entry) entry {
	effect := e.Effect()
	out := entry{
		ID: e.ID.String(), At: timeOf(e.At), Cause: entryCause(e.Cause), Points: points(e.Points), Effect: points(effect),
		Text: by.entryText(e.Cause, effect),
	}
	if e.Cause == ledger.CauseOccasion { // what was noted otherwise is the back office's
		out.Reason = e.Reason
	}
	if e.Store == int64(by.Store.ID) { // others are not to be read here
		out.Receipt = by.ids.receipt(receipt.ID(e.Receipt))
	}
	return out
}

// entryText says why points moved.
func (by *caller) entryText(c ledger.Cause, effect money.Points) string {
	key := string(c)
	if c == ledger.CauseReturn && effect < 0 {
		key = "return_less"
	}
	return by.loc.T("api.entry." + key)
}
