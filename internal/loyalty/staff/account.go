package staff

import (
	"slices"
	"time"

	"regulars/internal/base/id"
	"regulars/internal/loyalty/catalog"
)

// ID identifies a person who works here.
type ID = id.Of[Account]

// Role is what somebody works as.
type Role string

// The roles. An owner works everywhere; a cashier in given stores.
const (
	Owner   Role = "owner"
	Cashier Role = "cashier"
)

// Roles lists every role, the one with most permissions first.
var Roles = []Role{Owner, Cashier}

// Permission is one thing that somebody may do.
type Permission string

// The permissions.
const (
	Sell            Permission = "sell"
	ViewCustomers   Permission = "view_customers"
	EditCustomers   Permission = "edit_customers"
	ViewReceipts    Permission = "view_receipts"
	AdjustPoints    Permission = "adjust_points"
	ManageStaff     Permission = "manage_staff"
	ManageStores    Permission = "manage_stores"
	ManageProducts  Permission = "manage_products"
	ManageProgramme Permission = "manage_programme"
	Import          Permission = "import"
	ViewAudit       Permission = "view_audit"
	ViewReports     Permission = "view_reports"
)

// permissions is the whole table of who may do what. A cashier finds, registers
// and serves customers at the till; the back office is the owner's.
var permissions = map[Role][]Permission{
	Owner: {
		Sell, ViewCustomers, EditCustomers, ViewReceipts, AdjustPoints, ManageStaff, ManageStores,
		ManageProducts, ManageProgramme, Import, ViewAudit, ViewReports,
	},
	Cashier: {Sell},
}

// Can reports whether the role holds a permission.
func (r Role) Can(p Permission) bool { return slices.Contains(permissions[r], p) }

// Valid reports whether there is such a role.
func (r Role) Valid() bool { return permissions[r] != nil }

// Everywhere reports whether the role works in every store, those to come too.
func (r Role) Everywhere() bool { return r == Owner }

// Account is a person who can sign in.
type Account struct {
	ID        ID
	Name      string
	Login     string // folded: lower case, no spaces around
	Role      Role
	Stores    []catalog.StoreID // where the account works, unless its role does everywhere
	Language  string            // "" follows the browser
	Active    bool
	CreatedAt time.Time
}

// Can reports whether the account may do something at all.
func (a Account) Can(p Permission) bool { return a.Active && a.Role.Can(p) }

// WorksIn reports whether the account may act in a store.
func (a Account) WorksIn(store catalog.StoreID) bool {
	return a.Active && a.BelongsTo(store)
}

// BelongsTo reports whether the account is one of a store's, though whose it is
// may have left.
func (a Account) BelongsTo(store catalog.StoreID) bool {
	return a.Role.Everywhere() || slices.Contains(a.Stores, store)
}

// Client is where a request came from, as sessions and the audit log keep it.
type Client struct {
	IP    string
	Agent string
}
