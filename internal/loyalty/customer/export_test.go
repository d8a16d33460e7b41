package customer

import (
	"context"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
)

// Allows reports whether a history allows a channel for a purpose: the last
// word on it, or on all channels, decides; silence is no.
func Allows(history []Consent, channel Channel, purpose Purpose) bool {
	var last *Consent
	for i, c := range history {
		if c.Purpose == purpose && (c.Channel == channel || c.Channel == ChannelAny) && (last == nil || c.after(*last)) {
			last = &history[i]
		}
	}
	return last != nil && last.Given
}

// ParseAttributes reads a JSON object; empty text is none. What may be in it
// is checked when the customer is saved.
func ParseAttributes(text string) (Attributes, error) {
	a, err := readAttributes(text)
	if err != nil {
		return nil, errs.InvalidField("/attributes", "bad_attributes", "must be a JSON object such as {\"size\": \"42\"}")
	}
	return a, nil
}

// RegisterTx registers one customer, or finds the one who is known by an
// identifier; created says which. RegisterAllTx tells more.
func (s *Service) RegisterTx(ctx context.Context, tx *db.Tx, n New) (id ID, created bool, err error) {
	c, err := s.Check(n)
	if err != nil {
		return 0, false, err
	}
	results, err := s.RegisterAllTx(ctx, tx, []Checked{c})
	if err != nil {
		return 0, false, err
	}
	return results[0].ID, results[0].Created, nil
}
