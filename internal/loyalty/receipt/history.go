package receipt

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/programme"
)

// LevelChange is what became of somebody's level.
type LevelChange struct {
	At        time.Time
	Kind      string       // of programme.EventTierReached and the like
	Programme programme.ID // 0: that of the receipt
	Was       string       // code; only of what changed
	Level     string       // code; granted: empty where it was taken back
	Until     string       // of what was granted: RFC 3339; empty: for good
	Receipt   ID           // that reached it; 0: none
}

// LevelHistory tells what became of the levels of some customers, the first first.
func (s *Service) LevelHistory(ctx context.Context, ids []customer.ID) (list []LevelChange, err error) {
	defer errs.Wrap(&err, "read how levels changed")
	events, err := s.log.About(ctx, db.IDs(ids), programme.EventTierReached, programme.EventTierChanged, programme.EventTierGranted)
	if err != nil {
		return nil, err
	}
	for _, e := range events {
		var body struct{ Level, Was, Is, Until string }
		if err := json.Unmarshal([]byte(e.Body), &body); err != nil {
			return nil, err
		}
		c := LevelChange{At: e.At, Kind: e.Kind, Was: body.Was, Level: cmp.Or(body.Level, body.Is), Until: body.Until}
		if e.Kind == programme.EventTierReached {
			c.Receipt = ID(e.Ref)
		} else {
			c.Programme = programme.ID(e.Ref)
		}
		list = append(list, c)
	}
	return list, nil
}
