package api

import (
	"context"
	"time"

	"regulars/internal/base/errs"
	"regulars/internal/loyalty/receipt"
)

// maxLateBody is the largest body of a batch, in bytes.
const maxLateBody = 8 << 20

// lateBatch is what a till recorded while it had no line.
type lateBatch struct {
	SentAt   *time.Time    `json:"sent_at,omitzero" nullable:"false"`
	Receipts []lateRequest `json:"receipts" nullable:"false" maxItems:"1000"`
}

// lateRequest is a sale, or a return.
type lateRequest struct {
	Kind           kind         `json:"kind,omitzero"`
	Number         string       `json:"number" maxLength:"100"`
	SoldAt         *time.Time   `json:"sold_at" nullable:"false"`
	Customer       string       `json:"customer,omitzero"`
	Identifier     string       `json:"identifier,omitzero"`
	Lines          []lateLine   `json:"lines,omitzero" nullable:"false" maxItems:"1000"`
	Total          number       `json:"total,omitzero"`
	NoDiscount     bool         `json:"no_discount,omitzero"`
	NoPoints       bool         `json:"no_points,omitzero"`
	Reason         string       `json:"reason,omitzero" maxLength:"200"`
	Original       string       `json:"original,omitzero"`
	OriginalNumber string       `json:"original_number,omitzero" maxLength:"100"`
	Parts          []returnLine `json:"parts,omitzero" nullable:"false" maxItems:"1000"`
	AtTill
}

type lateLine struct {
	BasketLine
	Charged number `json:"charged,omitzero"`
}

// lateAnswer has a result for each receipt of the batch, in its order.
type lateAnswer struct {
	Results []lateResult `json:"results" nullable:"false"`
}

type lateResult struct {
	Number      string     `json:"number,omitzero"`
	Status      lateStatus `json:"status"`
	Differences []lateDiff `json:"differences" nullable:"false"`
	Receipt     *recorded  `json:"receipt,omitzero"`
	ByRules     decimal    `json:"by_rules,omitzero"`
	Problem     *problem   `json:"problem,omitzero"`
}

// What became of a receipt of a batch.
const (
	lateRecorded lateStatus = "recorded"
	lateReplayed lateStatus = "replayed"
	lateRefused  lateStatus = "refused"
)

// late reads one receipt of a batch.
func (a *API) late(ctx context.Context, by *caller, in *lateRequest) (out receipt.Late, who receipt.Caller, err error) {
	r := by.reader()
	number := r.number(in.Number)
	of := receipt.KindSale
	switch receipt.Kind(in.Kind) {
	case receipt.KindReturn:
		of = receipt.KindReturn
		back := receipt.Return{Number: number, Original: r.receipt(at("original"), in.Original), SoldAt: r.soldAt(in.SoldAt), Reason: r.text(at("reason"), in.Reason, receipt.MaxReason)}
		for i, p := range in.Parts {
			back.Lines = append(back.Lines, receipt.ReturnLine{Position: p.Position, Quantity: r.quantity(lineAt(i, "quantity"), p.Quantity)})
		}
		out.Return, out.OriginalNumber = &back, r.text(at("original_number"), in.OriginalNumber, receipt.MaxNumber)
		if in.Total != "" {
			refund := r.amount(at("total"), in.Total)
			out.Refund = &refund
		}
	case receipt.KindSale, "":
		basket := Basket{Customer: in.Customer, NoDiscount: in.NoDiscount, NoPoints: in.NoPoints, Reason: in.Reason, Lines: make([]BasketLine, len(in.Lines))}
		for i := range in.Lines {
			basket.Lines[i] = in.Lines[i].BasketLine
		}
		sale := receipt.Sale{Number: number, Draft: r.draft(&basket), SoldAt: r.soldAt(in.SoldAt)}
		for i := range min(len(in.Lines), len(sale.Lines)) {
			if in.Lines[i].Charged != "" {
				charged := r.amount(lineAt(i, "charged"), in.Lines[i].Charged)
				sale.Lines[i].Charged = &charged
			}
		}
		if in.Total != "" {
			total := r.amount(at("total"), in.Total)
			sale.Total = &total
		}
		out.Sale = &sale
		if shown := r.text(at("identifier"), in.Identifier, maxIdentifier); shown != "" {
			out.Shown = a.customers.Candidates(shown)
		}
	default:
		r.wrong.Add("/kind", "unknown_value", "must be sale or return")
	}
	if err := r.wrong.Err(); err != nil {
		return out, who, err
	}
	who, err = a.cashier(ctx, by, in.Cashier, of, number)
	return out, who, err
}

// postLate records what a till sold and took back while it had no line.
func (a *API) postLate(ctx context.Context, by *caller, in *lateBatch) (*reply[lateAnswer], error) {
	if len(in.Receipts) > receipt.MaxLate {
		return nil, errs.InvalidField("/receipts", "too_many", "has more than %d receipts", receipt.MaxLate).With("max", receipt.MaxLate)
	}
	var (
		sent    time.Time
		results = make([]lateResult, len(in.Receipts))
		list    []receipt.LateCall
		places  []int
	)
	if in.SentAt != nil {
		sent = *in.SentAt
	}
	for i := range in.Receipts {
		late, who, err := a.late(ctx, by, &in.Receipts[i])
		if err != nil {
			if errs.KindOf(err) == errs.Unavailable {
				return nil, err
			}
			results[i] = by.refusedLate(ctx, in.Receipts[i].Number, nil, err)
			continue
		}
		list, places = append(list, receipt.LateCall{By: who, Late: late}), append(places, i)
	}
	done, err := a.receipts.RecordLate(ctx, sent, list)
	if err != nil {
		return nil, err
	}
	for i, d := range done {
		number := in.Receipts[places[i]].Number
		if d.Err != nil {
			results[places[i]] = by.refusedLate(ctx, number, d.Differences, originalError(d.Err))
			continue
		}
		body, err := a.recorded(ctx, by, &d.Receipt)
		if err != nil {
			return nil, err
		}
		res := lateResult{Number: number, Status: lateRecorded, Differences: diffsOf(d.Differences), Receipt: &body}
		if d.Replayed {
			res.Status = lateReplayed
		}
		if rules := d.Receipt.Details.ByRules; rules != nil {
			res.ByRules = by.currency.amount(*rules)
		}
		results[places[i]] = res
	}
	return &reply[lateAnswer]{Body: lateAnswer{Results: results}}, nil
}

func (by *caller) refusedLate(ctx context.Context, number string, diffs []receipt.Difference, err error) lateResult {
	p := problemOf(ctx, err)
	if of, ok := errs.Of(err).Args["receipt"].(receipt.ID); ok {
		p.Receipt = by.ids.receipt(of)
		for i := range p.Errors {
			p.Errors[i].Args = nil // it is not sealed there
		}
	}
	return lateResult{Number: number, Status: lateRefused, Differences: diffsOf(diffs), Problem: p}
}

func diffsOf(list []receipt.Difference) []lateDiff {
	out := make([]lateDiff, len(list))
	for i, d := range list {
		out[i] = lateDiff(d)
	}
	return out
}
