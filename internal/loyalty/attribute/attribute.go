// Package attribute keeps what a chain wants to know of its customers besides: what the
// attributes are, and which values fit them.
//
// The code and the format of an attribute never change, as profiles keep their values by
// them. A value that fits is in the one form in which it is kept; what nobody defined
// fits nothing, and stays where a profile has it.
//
// The values are in the profiles, which are package customer's.
package attribute

import (
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/id"
)

// Service keeps the attributes.
type Service struct {
	db   *db.DB
	mint *id.Minter
	now  func() time.Time
}

// New makes the service.
func New(d *db.DB, mint *id.Minter, now func() time.Time) *Service {
	return &Service{d, mint, now}
}
