package catalog_test

import (
	"testing"

	"regulars/internal/loyalty/catalog"
)

// The full name adds what the name does not say.
func TestFullName(t *testing.T) {
	t.Parallel()
	for want, p := range map[string]catalog.Product{
		"Хлеб":                       {Name: "Хлеб"},
		"Футболка красный, XL":       {Name: "Футболка", Options: []catalog.Option{{Value: "красный"}, {Value: "XL"}}},
		"Футболка (Красный, M)":      {Name: "Футболка (Красный, M)", Options: []catalog.Option{{Value: "красный"}, {Value: "M"}}},
		"Футболка красная M красный": {Name: "Футболка красная M", Options: []catalog.Option{{Value: "красный"}, {Value: "M"}}},
	} {
		if got := p.FullName(); got != want {
			t.Errorf("%q %v is called %q, want %q", p.Name, p.Options, got, want)
		}
	}
}
