package importer

import (
	"context"

	"regulars/internal/base/db"
	"regulars/internal/base/fold"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
)

// levelCalled is the code of a programme's level that a file calls so, by code or name,
// however it is spelled; "": there is none.
func levelCalled(r *programme.Rules, name string) string {
	key := fold.Key(name)
	for _, of := range []func(*programme.Level) string{
		func(l *programme.Level) string { return l.Code }, func(l *programme.Level) string { return l.Name },
	} {
		for i := range r.Levels {
			if l := &r.Levels[i]; fold.Key(of(l)) == key {
				return l.Code
			}
		}
	}
	return ""
}

// levelsTx gives customers the levels that they had elsewhere, in the programme of
// their stores: they do not fall under them, and may rise.
func (w *writer) levelsTx(ctx context.Context, tx *db.Tx, claims []claim, rep *Report) (issues []Issue, err error) {
	var list []receipt.GrantIn
	var of []*claim
	now := w.now()
	for i := range claims {
		c := &claims[i]
		if c.row == nil || c.row.Level == "" {
			continue
		}
		var is Issue
		v, code := w.programmes(w.homeOf(c).Code, readLabels(c.row.Labels)...), ""
		if v != nil {
			code = levelCalled(&v.Rules, c.row.Level)
		}
		switch end := c.row.LevelEnd; {
		case v == nil:
			is = c.issue(FieldLevel, ReasonNoProgramme, c.row.Level)
		case code == "":
			is = c.issue(FieldLevel, ReasonLevel, c.row.Level)
		case !end.IsZero() && !end.After(now):
			is = w.about(c, FieldLevelUntil, ReasonLevelOver)
		default:
			of = append(of, c)
			list = append(list, receipt.GrantIn{Version: v, Grant: receipt.Grant{Customer: c.ID, Level: code, Until: end}})
			continue
		}
		if !c.told {
			issues = append(issues, is)
		}
	}
	if len(list) == 0 {
		return issues, nil
	}
	given, err := w.receipts.GrantTiersTx(ctx, tx, list)
	for i, yes := range given {
		if yes && !of[i].told {
			rep.Levels++
		}
	}
	return issues, err
}
