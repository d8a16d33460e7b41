package ledger

import (
	"context"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/id"
	"regulars/internal/base/money"
)

// Flow is what moved of the points that a legal entity owes, in the stores of
// another, or in its own: what legal entities settle by. What it owes has grown by
// Issued and Other, less Redeemed and Expired.
type Flow struct {
	Owner, Place int64        // legal entities
	Issued       money.Points // less what returns took back
	Redeemed     money.Points // less what returns gave back
	Expired      money.Points
	Other        money.Points // given by hand less taken, and what customers owed that was written off
}

// Flows sums what was recorded from a time until another one, not included, by
// owner and then place. What comes late counts when it comes: a period that is over
// stays as it was. It reads every entry of the period.
func (s *Service) Flows(ctx context.Context, from, to time.Time) (list []Flow, err error) {
	defer errs.Wrap(&err, "sum points by legal entities")
	read := `
		SELECT entity_id, COALESCE(at_entity_id, entity_id), source, target, ` + money.SumColumns("points") + `
		  FROM entries
		 WHERE id >= $1 AND id < $2
		 GROUP BY 1, 2, 3, 4
		 ORDER BY 1, 2`
	rows, err := s.db.Query(ctx, read, id.First(from), id.First(to))
	err = db.Scan(rows, err, func(r *db.Rows) error {
		var (
			f              Flow
			e              Entry
			billions, rest int64
		)
		if err := r.Scan(&f.Owner, &f.Place, &e.Source, &e.Target, &billions, &rest); err != nil {
			return err
		}
		e.Points = money.Points(money.Sum(billions, rest))
		if e.Effect() == 0 {
			return nil
		}
		if last := len(list) - 1; last < 0 || list[last].Owner != f.Owner || list[last].Place != f.Place {
			list = append(list, f)
		}
		list[len(list)-1].add(e)
		return nil
	})
	return list, err
}

// add counts an entry, or many that are alike.
func (f *Flow) add(e Entry) {
	other := e.Source
	if other.customers() {
		other = e.Target
	}
	switch other {
	case Issued:
		f.Issued += e.Effect()
	case Redeemed:
		f.Redeemed -= e.Effect()
	case Expired:
		f.Expired -= e.Effect()
	default:
		f.Other += e.Effect()
	}
}
