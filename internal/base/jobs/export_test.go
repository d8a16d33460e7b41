package jobs

import (
	"context"

	"regulars/internal/base/errs"
)

// List tells about the jobs before another one (0: the newest), the newest
// first.
func (q *Queue) List(ctx context.Context, before ID, limit int) (_ []Info, err error) {
	defer errs.Wrap(&err, "list jobs")
	if before == 0 {
		before = 1<<63 - 1
	}
	return q.list(ctx, ` WHERE id < $1 ORDER BY id DESC LIMIT $2`, int64(before), limit)
}
