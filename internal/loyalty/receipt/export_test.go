package receipt

import (
	"context"
	"time"

	"regulars/internal/base/db"
)

// SetPatience says how long a transaction may take, while none is under way.
func (s *Service) SetPatience(d time.Duration) { s.commits.patience = d }

// Together has calls share one transaction, as they do when tills call at the
// same moment. answers are what each of them gets, in order: sales first.
func (s *Service) Together(ctx context.Context, by Caller, sales []Sale, returns []Return) (answers []Receipt, failures []error, err error) {
	var batch []*waiting
	var receipts []func() Receipt
	add := func(c call, rec func() Receipt) {
		batch = append(batch, &waiting{ctx: ctx, call: c, answer: make(chan struct{})})
		receipts = append(receipts, rec)
	}
	for _, in := range sales {
		c, err := s.saleCall(ctx, by, in)
		if err != nil {
			return nil, nil, err
		}
		add(c, func() Receipt { return c.receipt })
	}
	for _, in := range returns {
		c, err := s.returnCall(ctx, by, in)
		if err != nil {
			return nil, nil, err
		}
		add(c, func() Receipt { return c.receipt })
	}
	s.commits.serve(batch)
	for i, w := range batch {
		<-w.answer
		answers, failures = append(answers, receipts[i]()), append(failures, w.err)
	}
	return answers, failures, nil
}

// WholeTables tells for the quote and the commit of a sale, and for a return,
// of which tables of more than a thousand rows PostgreSQL reads every row.
func (s *Service) WholeTables(ctx context.Context, by Caller, sale Sale, back Return, tell func(call string, tables []string)) error {
	selling, err := s.saleCall(ctx, by, sale)
	if err != nil {
		return err
	}
	returning, err := s.returnCall(ctx, by, back)
	if err != nil {
		return err
	}
	for _, one := range []struct {
		name string
		call call
		lock bool
	}{{"quote", selling, false}, {"commit", selling, true}, {"return", returning, true}} {
		n := needsOf([]call{one.call})
		var b db.Batch
		s.queue(&b, &n, one.lock).queueRecorded(&b, &n)
		var tables []string
		if err := s.db.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
			// What transactions before have read counts until the server takes it down,
			// about once a second.
			before, err := wholly(ctx, tx)
			if err != nil {
				return err
			}
			if err := tx.Run(ctx, &b); err != nil {
				return err
			}
			after, err := wholly(ctx, tx)
			for name, n := range after {
				if n-before[name] > 1000 {
					tables = append(tables, name)
				}
			}
			return err
		}); err != nil {
			return err
		}
		tell(one.name, tables)
	}
	return nil
}

// wholly counts the rows that were read by going through tables.
func wholly(ctx context.Context, tx *db.Tx) (map[string]int64, error) {
	counts := map[string]int64{}
	rows, err := tx.Query(ctx, `SELECT relname::text, seq_tup_read FROM pg_stat_xact_user_tables`)
	return counts, db.Scan(rows, err, func(r *db.Rows) error {
		var name string
		var n int64
		err := r.Scan(&name, &n)
		counts[name] = n
		return err
	})
}

// Fingerprint is what a call is known by when it comes again.
func (s *Sale) Fingerprint() string { return s.fingerprint() }

// Fingerprint is what a call is known by when it comes again.
func (r *Return) Fingerprint() string { return r.fingerprint() }

// FingerprintOf is what is kept of a late receipt to tell it from another.
func FingerprintOf(in *Late) string { return in.fingerprint() }
