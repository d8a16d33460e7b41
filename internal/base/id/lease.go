package id

import (
	"context"
	"crypto/rand"
	"errors"
	"sync/atomic"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
)

// leaseFor is far longer than the pause between renewals: a process that
// cannot reach the database for that long cannot write either, and one that
// comes back later takes a new number before it mints again. Should it mint in
// between, the primary keys refuse the doubles.
const (
	leaseFor   = 10 * time.Minute
	renewEvery = time.Minute
	releaseFor = 5 * time.Second
)

// Lease holds a node number in the database.
type Lease struct {
	db     *db.DB
	now    func() time.Time
	holder string
	node   int
	until  atomic.Int64 // microseconds since 1970
	*Minter
}

// Take leases a free node number.
func Take(ctx context.Context, d *db.DB, now func() time.Time) (_ *Lease, err error) {
	defer errs.Wrap(&err, "lease a node number")
	l := &Lease{db: d, now: now, holder: rand.Text()}
	node, high, err := l.take(ctx)
	if err != nil {
		return nil, err
	}
	l.node = node
	l.Minter = NewMinter(now, node, high)
	return l, nil
}

// take finds a number that is free: one whose lease has ended, or the first
// that was never used.
func (l *Lease) take(ctx context.Context) (node int, high int64, err error) {
	for {
		node, high, err = l.tryTake(ctx)
		// Another process that starts at the same moment was given the number.
		if !errors.Is(err, db.ErrUnique) || ctx.Err() != nil {
			return node, high, err
		}
	}
}

func (l *Lease) tryTake(ctx context.Context) (node int, high int64, err error) {
	var until time.Time
	err = l.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		now := l.now()
		until = now.Add(leaseFor)
		const reuse = `
			UPDATE nodes SET holder = $1, leased_until = $2
			 WHERE number = (SELECT number FROM nodes WHERE leased_until < $3 ORDER BY number LIMIT 1)
			   AND leased_until < $3
			RETURNING number, (SELECT MAX(high) FROM nodes)` // ids rise even where the clock was set back
		err := tx.QueryRow(ctx, reuse, l.holder, until.UnixMicro(), now.UnixMicro()).Scan(&node, &high)
		if !errors.Is(err, db.ErrNoRows) {
			return err
		}
		const add = `
			INSERT INTO nodes (number, holder, leased_until, high)
			SELECT COALESCE(MAX(number) + 1, 0), $1, $2, CASE WHEN MAX(high) > $3 THEN MAX(high) ELSE $3 END FROM nodes
			RETURNING number, high`
		if err := tx.QueryRow(ctx, add, l.holder, until.UnixMicro(), now.UnixMilli()).Scan(&node, &high); err != nil {
			return err
		}
		if node >= Nodes {
			return errs.New(errs.Unavailable, "too_many_nodes", "More than 1024 processes use this database at once.")
		}
		return nil
	})
	if err == nil {
		l.until.Store(until.UnixMicro())
	}
	return node, high, err
}

// Held reports whether the number is still ours.
func (l *Lease) Held() bool { return l.now().UnixMicro() < l.until.Load() }

// Keep renews the lease until ctx ends; Release gives it up, once nothing mints any
// more. A lease that was lost is replaced by a new one.
func (l *Lease) Keep(ctx context.Context, failed func(error)) {
	tick := time.NewTicker(renewEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := l.Renew(ctx); err != nil && ctx.Err() == nil {
				failed(err)
			}
		}
	}
}

// Renew holds the number for as long again; one that was lost is replaced.
func (l *Lease) Renew(ctx context.Context) error { return l.renew(ctx, l.now().Add(leaseFor)) }

// Release gives the number up, unless the database does not answer in time: then it
// lapses. Nothing may be minted afterwards.
func (l *Lease) Release(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, releaseFor)
	defer cancel()
	return l.renew(ctx, l.now())
}

func (l *Lease) renew(ctx context.Context, until time.Time) error {
	const renew = `UPDATE nodes SET leased_until = $3, high = $4 WHERE number = $1 AND holder = $2`
	n, err := l.db.Exec(ctx, renew, l.node, l.holder, until.UnixMicro(), l.High()+1)
	if err != nil {
		return err
	}
	if n == 1 || !until.After(l.now()) { // given up, and nobody's business if it was lost before
		l.until.Store(until.UnixMicro())
		return nil
	}
	node, high, err := l.take(ctx)
	if err != nil {
		return err
	}
	l.node = node
	l.move(node, high)
	return nil
}
