package app

import (
	"context"

	"regulars/internal/base/db"
	"regulars/internal/base/jobs"
	"regulars/internal/base/money"
	"regulars/internal/base/secret"
	"regulars/internal/loyalty/confirm"
	"regulars/internal/webhook"
)

// codes gives the confirmations what their codes leave by.
func (p *parts) codes(ctx context.Context, keys *secret.Box) error {
	const kind = "confirmation.code"
	err := p.services.Confirm.Use(ctx, confirm.Outlet{
		Keys: keys,
		Post: webhook.New().Post,
		Text: func(language, code string, points money.Points) (text, spoken string) {
			is := p.settings.Get()
			loc, ok := p.bundle.Match(language)
			if language == "" || !ok {
				loc = p.bundle.For(is.Language)
			}
			if points == 0 {
				return loc.T("confirm.register", "code", code, "name", is.Name), loc.Lang()
			}
			return loc.T("confirm.text", "code", code, "points", loc.PointsText(points), "name", is.Name), loc.Lang()
		},
		Queue: func(ctx context.Context, tx *db.Tx, of confirm.ID) error {
			_, _, err := p.jobs.AddTx(ctx, tx, jobs.Job{Kind: kind, Dedupe: of.String(), Payload: of})
			return err
		},
		Wake: p.jobs.Wake,
	})
	// Several at once: a receiver that is slow holds up nobody else's code for long.
	p.jobs.Handle(kind, 3, func(ctx context.Context, run *jobs.Run) error {
		var of confirm.ID
		if err := run.Payload(&of); err != nil {
			return err
		}
		return p.services.Confirm.Send(ctx, of)
	})
	return err
}
