package catalog

import "strconv"

// Ids of what the catalog knows. In JSON they are strings: they do not fit
// JavaScript's numbers.
type (
	EntityID   int64
	StoreID    int64
	TillID     int64
	KeyID      int64
	CategoryID int64
	ProductID  int64
)

// DefaultEntity is the legal entity that owns every store until there are
// several.
const DefaultEntity EntityID = 1

// String writes the id as JSON and links show it.
func (id EntityID) String() string { return strconv.FormatInt(int64(id), 10) }

// String writes the id as JSON and links show it.
func (id StoreID) String() string { return strconv.FormatInt(int64(id), 10) }

// String writes the id as JSON and links show it.
func (id TillID) String() string { return strconv.FormatInt(int64(id), 10) }

// String writes the id as JSON and links show it.
func (id KeyID) String() string { return strconv.FormatInt(int64(id), 10) }

// String writes the id as JSON and links show it.
func (id CategoryID) String() string { return strconv.FormatInt(int64(id), 10) }

// String writes the id as JSON and links show it.
func (id ProductID) String() string { return strconv.FormatInt(int64(id), 10) }

// MarshalText implements encoding.TextMarshaler.
func (id EntityID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// MarshalText implements encoding.TextMarshaler.
func (id StoreID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// MarshalText implements encoding.TextMarshaler.
func (id TillID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// MarshalText implements encoding.TextMarshaler.
func (id KeyID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// MarshalText implements encoding.TextMarshaler.
func (id CategoryID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// MarshalText implements encoding.TextMarshaler.
func (id ProductID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (id *EntityID) UnmarshalText(text []byte) error { return parse(id, text) }

// UnmarshalText implements encoding.TextUnmarshaler.
func (id *StoreID) UnmarshalText(text []byte) error { return parse(id, text) }

// UnmarshalText implements encoding.TextUnmarshaler.
func (id *TillID) UnmarshalText(text []byte) error { return parse(id, text) }

// UnmarshalText implements encoding.TextUnmarshaler.
func (id *KeyID) UnmarshalText(text []byte) error { return parse(id, text) }

// UnmarshalText implements encoding.TextUnmarshaler.
func (id *CategoryID) UnmarshalText(text []byte) error { return parse(id, text) }

// UnmarshalText implements encoding.TextUnmarshaler.
func (id *ProductID) UnmarshalText(text []byte) error { return parse(id, text) }

func parse[ID ~int64](id *ID, text []byte) error {
	v, err := strconv.ParseInt(string(text), 10, 64)
	*id = ID(v)
	return err
}
