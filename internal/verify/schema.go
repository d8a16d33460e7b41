package verify

import (
	"maps"
	"slices"
)

// schema looks whether the indexes are there that tell rows apart and find
// them, and whether something changes rows that is not the program.
func (a *audit) schema() {
	made, err := a.tx.MigratedIndexes()
	if a.fail(err); a.err != nil {
		return
	}
	built, err := a.tx.Indexes(a.ctx)
	if a.fail(err); a.err != nil {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(made)) {
		want, has := made[name], built[name]
		switch {
		case has.Table != want.Table:
			a.found(Finding{Check: Schema, Table: want.Table, Row: "index " + name, Expected: "the index that the migrations make", Found: "none that is whole"})
		case want.Unique && !has.Unique:
			a.found(Finding{Check: Schema, Table: want.Table, Row: "index " + name, Expected: "a unique index", Found: "one that lets a row in twice"})
		}
	}
	triggers, err := a.tx.Triggers(a.ctx)
	a.fail(err)
	for _, t := range triggers {
		a.found(Finding{Check: Schema, Table: t.Table, Row: "trigger " + t.Name, Expected: "no triggers", Found: "one"})
	}
}
