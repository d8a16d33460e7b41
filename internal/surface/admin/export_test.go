package admin

import "regulars/internal/loyalty/staff"

// Line is a line of the table of routes, for the test of who may open what.
type Line struct {
	Pattern  string
	Needs    staff.Permission
	Anybody  bool
	SignedIn bool
}

// Table is the table of routes.
func (a *Admin) Table() (list []Line) {
	for _, r := range a.table() {
		list = append(list, Line{r.pattern, r.needs, r.needs == anybody, r.needs == signedIn || r.needs == enrolling})
	}
	return list
}
