package id

import "strconv"

// Of is the id of a T: a type of its own for each, so that one is not taken
// for another. As text and in JSON it is a string of digits, because it does
// not fit JavaScript's numbers. Zero is none.
type Of[T any] int64

// String implements fmt.Stringer.
func (o Of[T]) String() string { return strconv.FormatInt(int64(o), 10) }

// MarshalText implements encoding.TextMarshaler.
func (o Of[T]) MarshalText() ([]byte, error) { return []byte(o.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (o *Of[T]) UnmarshalText(text []byte) error {
	v, err := strconv.ParseInt(string(text), 10, 64)
	*o = Of[T](v)
	return err
}
