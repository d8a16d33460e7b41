package receipt

import (
	"context"
	"time"
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
