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

// The roles. Managers and cashiers work in given stores, the others everywhere.
const (
	Owner    Role = "owner"
	Marketer Role = "marketer"
	Manager  Role = "manager"  // of stores
	Operator Role = "operator" // of the call centre
	Analyst  Role = "analyst"
	Cashier  Role = "cashier"
)

// Roles lists every role, as people are shown them.
var Roles = []Role{Owner, Marketer, Manager, Operator, Analyst, Cashier}

// Permission is one thing that somebody may do.
type Permission string

// The permissions.
const (
	Sell            Permission = "sell"
	FindCustomers   Permission = "find_customers" // whom one can name, masked
	ViewCustomers   Permission = "view_customers" // and who has bought in one's stores and is at home elsewhere
	SeePersonal     Permission = "see_personal"   // unmasked
	EditCustomers   Permission = "edit_customers"
	AnswerPrivacy   Permission = "answer_privacy" // all data of a person in a file, and forgetting them
	AdjustPoints    Permission = "adjust_points"
	ViewReceipts    Permission = "view_receipts"
	ViewReports     Permission = "view_reports"
	Export          Permission = "export" // lists, as they are seen: in files, and of customers page by page
	ViewProducts    Permission = "view_products"
	ManageProducts  Permission = "manage_products"
	ManageStock     Permission = "manage_stock" // what is in one's stores
	ViewProgramme   Permission = "view_programme"
	ManageProgramme Permission = "manage_programme"
	ViewStores      Permission = "view_stores"
	ManageTills     Permission = "manage_tills"
	ManageStores    Permission = "manage_stores"
	ManageCashiers  Permission = "manage_cashiers" // of one's stores
	ManageStaff     Permission = "manage_staff"
	Import          Permission = "import"
	ViewAudit       Permission = "view_audit"
)

// permissions is the whole table of who may do what, the least that the work
// needs. In which stores is told by Account.Scope.
var permissions = map[Role][]Permission{
	Owner: {
		Sell, FindCustomers, ViewCustomers, SeePersonal, EditCustomers, AnswerPrivacy, AdjustPoints, ViewReceipts, ViewReports, Export, ViewProducts, ManageProducts, ManageStock,
		ViewProgramme, ManageProgramme, ViewStores, ManageTills, ManageStores, ManageCashiers, ManageStaff, Import, ViewAudit,
	},
	// Knows what people buy and not who they are.
	Marketer: {FindCustomers, ViewCustomers, ViewReceipts, ViewReports, Export, ViewProducts, ViewProgramme, ManageProgramme},
	Manager: {
		Sell, FindCustomers, ViewCustomers, SeePersonal, EditCustomers, AdjustPoints, ViewReceipts, ViewReports, Export, ViewProducts, ManageStock, ViewProgramme,
		ViewStores, ManageTills, ManageCashiers, ViewAudit,
	},
	// Whoever calls is to be found and helped; there is no list to take away.
	Operator: {FindCustomers, ViewCustomers, SeePersonal, EditCustomers, AdjustPoints, ViewReceipts},
	Analyst:  {FindCustomers, ViewCustomers, ViewReceipts, ViewReports, Export, ViewProducts, ViewProgramme, ViewStores, ViewAudit},
	Cashier:  {Sell, FindCustomers},
}

// Can reports whether the role holds a permission.
func (r Role) Can(p Permission) bool { return slices.Contains(permissions[r], p) }

// Valid reports whether there is such a role.
func (r Role) Valid() bool { return permissions[r] != nil }

// Everywhere reports whether the role works in every store, those to come too.
func (r Role) Everywhere() bool { return r != Manager && r != Cashier }

// columns are how a role is stored: what it is now, and what a program says of
// it that knows owners and cashiers only.
func (r Role) columns() (role, worksAs string) {
	switch r {
	case Owner, Cashier:
		return string(r), ""
	}
	return string(Cashier), string(r)
}

// roleColumn reads what columns wrote.
const roleColumn = `CASE works_as WHEN '' THEN role ELSE works_as END`

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
	// MustEnrol says of who is signed in that their role needs a second factor
	// and they have none: they set it up before anything else.
	MustEnrol bool
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

// Scope is the stores that whatever the account sees and does is limited to;
// nil: all. It is for statements: an account that has lost its stores gets one
// that does not exist, so that "no stores" is never read as "any".
func (a Account) Scope() []catalog.StoreID {
	switch {
	case a.Active && a.Role.Everywhere():
		return nil
	case !a.Active || len(a.Stores) == 0:
		return []catalog.StoreID{-1}
	}
	return a.Stores
}

// Manages reports whether the account may add and change somebody such as b:
// those who manage the staff anybody, those who manage cashiers the ones who
// work in their stores and nowhere else.
func (a Account) Manages(b Account) bool {
	if a.Can(ManageStaff) {
		return true
	}
	return a.Can(ManageCashiers) && b.Role == Cashier && len(b.Stores) > 0 && !slices.ContainsFunc(b.Stores, func(s catalog.StoreID) bool { return !a.WorksIn(s) })
}

// Client is where a request came from, as sessions and the audit log keep it.
type Client struct {
	IP    string
	Agent string
}
