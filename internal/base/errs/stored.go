package errs

import (
	"encoding/json"
	"fmt"

	"regulars/internal/base/money"
)

// Args are the figures that a text names. As JSON each keeps what it is of, for
// that says how it is written: 1250 is other points than pieces. What is of
// nothing known here is kept as text.
type Args map[string]any

// figure is one argument in JSON, which is kept: the names of kinds stay.
type figure struct {
	Kind  string          `json:"kind"`
	Value json.RawMessage `json:"value"`
}

func kindOf(v any) string {
	switch v.(type) {
	case int, int32, int64:
		return "number"
	case money.Points:
		return "points"
	case money.Price:
		return "price"
	case money.Quantity:
		return "quantity"
	case money.Rate:
		return "rate"
	}
	return "text"
}

var figures = map[string]func([]byte) (any, error){
	"number": read[int64], "points": read[money.Points], "price": read[money.Price], "quantity": read[money.Quantity], "rate": read[money.Rate],
	"text": read[string],
}

func read[T any](b []byte) (any, error) {
	var v T
	err := json.Unmarshal(b, &v)
	return v, err
}

// MarshalJSON implements json.Marshaler.
func (a Args) MarshalJSON() ([]byte, error) {
	kept := make(map[string]figure, len(a))
	for name, v := range a {
		kind := kindOf(v)
		if kind == "text" {
			v = fmt.Sprint(v)
		}
		value, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		kept[name] = figure{kind, value}
	}
	return json.Marshal(kept)
}

// UnmarshalJSON implements json.Unmarshaler. A kind that a later version may
// have is read as the text of its value: words are better than none.
func (a *Args) UnmarshalJSON(b []byte) error {
	var kept map[string]figure
	if err := json.Unmarshal(b, &kept); err != nil {
		return err
	}
	*a = make(Args, len(kept))
	for name, f := range kept {
		as := figures[f.Kind]
		if as == nil {
			as = func(b []byte) (any, error) { return string(b), nil }
		}
		v, err := as(f.Value)
		if err != nil {
			return err
		}
		(*a)[name] = v
	}
	return nil
}
