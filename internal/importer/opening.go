package importer

import (
	"context"

	"regulars/internal/base/db"
	"regulars/internal/base/fold"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
)

// claim is a row of a customers file and whom it is of.
type claim struct {
	*person
	customer.Result
	told bool // a dry run has told of it already
}

// homeOf is the store that a claim belongs to: the row's, or the profile's, or else that
// of rows that name none.
func (w *writer) homeOf(c *claim) catalog.Store {
	if known, ok := w.stores[c.HomeStore]; ok && c.row.Store == "" {
		return known
	}
	return c.store
}

// about is of a cell of the row, as the file has it.
func (w *writer) about(c *claim, f Field, why Reason) Issue {
	return c.issue(f, why, cellOf(c.row.cells, w.imp.Mapping.Columns[f]))
}

// openingTx gives customers the points that they had elsewhere, in the programme of
// their stores.
func (w *writer) openingTx(ctx context.Context, tx *db.Tx, claims []claim, rep *Report) (issues []Issue, err error) {
	in := ledger.Openings{Source: w.imp.sourceID, Import: int64(w.imp.ID), Reason: fold.Cut(w.imp.File, receipt.MaxReason)}
	var of []*claim
	now := w.now()
	for i := range claims {
		c := &claims[i]
		if c.row == nil || c.row.Points == 0 {
			continue
		}
		home := w.homeOf(c)
		v := w.programmes(home.Code, readLabels(c.row.Labels)...)
		var is Issue
		switch end := c.row.PointsEnd; {
		case c.row.Points < 0:
			is = w.about(c, FieldPoints, ReasonBelow)
			if !c.told {
				rep.Below++
				rep.BelowPoints += c.row.Points
			}
		case !end.IsZero() && !end.After(now):
			is = w.about(c, FieldPointsExpire, ReasonExpired)
		case v == nil:
			is = w.about(c, FieldPoints, ReasonNoProgramme)
		default:
			if days := v.Rules.Earn.ExpiryDays; end.IsZero() && days > 0 { // no delay: they can be spent at once, as what is given by hand
				end = programme.Midnight(now, days, home.Zone)
			}
			of = append(of, c)
			in.List = append(in.List, ledger.Opening{
				Customer: c.ID, Points: c.row.Points, Programme: v.ProgrammeID, Entity: int64(home.Entity), Store: int64(home.ID),
				ExpiresAt: end, IdleAt: v.Rules.IdleAt(now, home.Zone),
			})
			continue
		}
		if !c.told {
			issues = append(issues, is)
		}
	}
	had, err := w.ledger.BringTx(ctx, tx, in)
	for i, before := range had {
		c := of[i]
		if w.dry != nil && before == (ledger.Opened{}) {
			before = w.dry.opened[c.ID]
		}
		switch {
		case c.told:
		case before == (ledger.Opened{}):
			rep.Points += c.row.Points
			if !c.Created {
				w.fresh.opened[c.ID] = ledger.Opened{Import: in.Import, Points: c.row.Points}
			}
		default:
			issues = append(issues, w.about(c, FieldPoints, ReasonKnown))
			if before.Import != in.Import && !w.counted[c.ID] && !w.fresh.counted[c.ID] {
				rep.Opened++
				rep.OpenedPoints += before.Points
				w.fresh.counted[c.ID] = true
			}
		}
	}
	return issues, err
}
