package catalog

import "regulars/internal/base/id"

// Ids of what the catalog knows.
type (
	EntityID   = id.Of[Entity]
	StoreID    = id.Of[Store]
	TillID     = id.Of[Till]
	KeyID      = id.Of[Key]
	CategoryID = id.Of[Category]
	ProductID  = id.Of[Product]
)

// DefaultEntity is the one that owns every store until there are several.
const DefaultEntity EntityID = 1
