package errs

import (
	"encoding/json"
	"fmt"

	"regulars/internal/base/money"
)

// Args are the figures that a text names. As JSON each keeps its type, for that
// says how it is written: 1250 is other points than pieces. What has a type
// that is not known here is kept as text.
type Args map[string]any

// figure is one argument in JSON.
type figure struct {
	Type  string          `json:"type"`
	Value json.RawMessage `json:"value"`
}

var figures = map[string]func([]byte) (any, error){
	"int": read[int], "int64": read[int64], "string": read[string],
	"money.Points": read[money.Points], "money.Price": read[money.Price], "money.Quantity": read[money.Quantity], "money.Rate": read[money.Rate],
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
		kind := fmt.Sprintf("%T", v)
		if figures[kind] == nil {
			kind, v = "string", fmt.Sprint(v)
		}
		value, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		kept[name] = figure{kind, value}
	}
	return json.Marshal(kept)
}

// UnmarshalJSON implements json.Unmarshaler.
func (a *Args) UnmarshalJSON(b []byte) error {
	var kept map[string]figure
	if err := json.Unmarshal(b, &kept); err != nil {
		return err
	}
	*a = make(Args, len(kept))
	for name, f := range kept {
		as := figures[f.Type]
		if as == nil {
			return fmt.Errorf("errs: argument %s is of type %q", name, f.Type)
		}
		v, err := as(f.Value)
		if err != nil {
			return err
		}
		(*a)[name] = v
	}
	return nil
}
