package till

import (
	"maps"
	"slices"
)

// Patterns are the routes of the page, for the test of who may open what.
func (t *Till) Patterns() []string { return slices.Sorted(maps.Keys(t.table())) }
