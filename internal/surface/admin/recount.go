package admin

import (
	"context"

	"regulars/internal/base/db"
	"regulars/internal/base/jobs"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/programme"
)

// recountJob counts everybody's level anew when a version of a programme begins.
const recountJob = "programme.recount"

type recountPayload struct {
	Version programme.VersionID `json:"version"`
}

// recountProgress is how far it has come.
type recountProgress struct {
	Last  customer.ID `json:"last"`
	Done  int         `json:"done"`
	Moved int         `json:"moved"`
}

func (a *Admin) runRecount(ctx context.Context, run *jobs.Run) error {
	var (
		p  recountPayload
		at recountProgress
	)
	if err := run.Payload(&p); err != nil {
		return jobs.Permanent(err)
	}
	if err := run.Progress(&at); err != nil {
		return jobs.Permanent(err)
	}
	v, err := a.Programmes.ByID(ctx, p.Version)
	if err != nil {
		return err
	}
	return a.Receipts.Recount(ctx, v, at.Last, func(ctx context.Context, tx *db.Tx, last customer.ID, done, moved int) error {
		at = recountProgress{Last: last, Done: at.Done + done, Moved: at.Moved + moved}
		return run.SaveTx(ctx, tx, at)
	})
}
