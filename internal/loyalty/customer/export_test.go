package customer

import "regulars/internal/base/errs"

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
