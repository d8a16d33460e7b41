package programme

import (
	"context"
	"time"

	"regulars/internal/base/errs"
)

// Holding gives, of each programme that has started at a time, the version
// that holds then, wherever it does.
func (s *Service) Holding(ctx context.Context, t time.Time) (_ map[ID]*Version, err error) {
	defer errs.Wrap(&err, "programmes that hold")
	snap, err := s.snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return snap.holding(t), nil
}

func (snap *snapshot) holding(t time.Time) map[ID]*Version {
	found := map[ID]*Version{}
	for programme, versions := range snap.byProgramme {
		if p := holding(versions, t); p != nil {
			found[programme] = p.Version
		}
	}
	return found
}

// Standing are the programmes that are stopped at a time, and of the others those
// where whole accounts expire when nothing is bought for long, by what At or
// Holding read last; it asks no database, so that it can be called inside of a
// transaction.
func (s *Service) Standing(t time.Time) (stopped, idle []ID) {
	for programme, v := range s.cache.standing.Load().holding(t) {
		switch {
		case v.Rules.Stopped:
			stopped = append(stopped, programme)
		case v.Rules.IdleDays > 0:
			idle = append(idle, programme)
		}
	}
	return stopped, idle
}
