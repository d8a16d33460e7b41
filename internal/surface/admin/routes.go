package admin

import (
	"net/http"
	"time"

	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/web"
)

// route is one line of the table: which request, who may make it, what answers.
type route struct {
	pattern string
	needs   staff.Permission
	answer  web.Handler
}

// Besides the permissions of staff: pages for anybody, and for everybody who
// is signed in.
const (
	anybody  staff.Permission = "-"
	signedIn staff.Permission = ""
)

// table says of every page who may open it. Nothing else decides that.
func (a *Admin) table() []route {
	return []route{
		{"GET /sign-in", anybody, a.signInPage},
		{"POST /sign-in", anybody, a.signIn},
		{"POST /sign-out", anybody, a.signOut},
		{"GET /invitation/{token}", anybody, a.invitationPage},
		{"POST /invitation/{token}", anybody, a.acceptInvitation},

		{"GET /{$}", signedIn, a.home},
		{"GET /account", signedIn, a.accountPage},
		{"POST /account", signedIn, a.saveAccount},
		{"POST /account/password", signedIn, a.changePassword},
		{"POST /account/sessions", signedIn, a.endOtherSessions},

		// A cashier finds customers of their own stores, with little shown of them.
		{"GET /customers", staff.Sell, a.customers},
		{"GET /customers/{id}", staff.Sell, a.customerPage},
		{"GET /customers/new", staff.EditCustomers, a.newCustomer},
		{"POST /customers/new", staff.EditCustomers, a.registerCustomer},
		{"GET /customers/{id}/edit", staff.EditCustomers, a.editCustomer},
		{"POST /customers/{id}/edit", staff.EditCustomers, a.saveCustomer},
		{"POST /customers/{id}/identifiers", staff.EditCustomers, a.addIdentifier},
		{"POST /customers/{id}/identifiers/remove", staff.EditCustomers, a.removeIdentifier},
		{"GET /customers/{id}/consents", staff.EditCustomers, a.consentsPage},
		{"POST /customers/{id}/consents", staff.EditCustomers, a.addConsent},
		{"GET /customers/{id}/points", staff.AdjustPoints, a.adjustPage},
		{"POST /customers/{id}/points", staff.AdjustPoints, a.adjustPoints},
		{"POST /customers/{id}/state", staff.EditCustomers, a.setCustomerState},

		{"GET /receipts", staff.ViewReceipts, a.receipts},
		{"GET /receipts/{id}", staff.ViewReceipts, a.receiptPage},

		{"GET /stores", staff.ManageStores, a.stores},
		{"GET /stores/new", staff.ManageStores, a.newStore},
		{"POST /stores/new", staff.ManageStores, a.addStore},
		{"GET /stores/{id}", staff.ManageStores, a.storePage},
		{"POST /stores/{id}", staff.ManageStores, a.saveStore},
		{"POST /stores/{id}/tills", staff.ManageStores, a.addTill},
		{"GET /tills/{id}", staff.ManageStores, a.tillPage},
		{"POST /tills/{id}", staff.ManageStores, a.saveTill},
		{"POST /tills/{id}/keys", staff.ManageStores, a.issueKey},
		{"POST /tills/{id}/keys/{key}/revoke", staff.ManageStores, a.revokeKey},

		{"GET /products", staff.ManageProducts, a.products},
		{"GET /products/new", staff.ManageProducts, a.newProduct},
		{"POST /products/new", staff.ManageProducts, a.addProduct},
		{"GET /products/{id}", staff.ManageProducts, a.productPage},
		{"POST /products/{id}", staff.ManageProducts, a.saveProduct},
		{"GET /categories", staff.ManageProducts, a.categories},
		{"POST /categories", staff.ManageProducts, a.saveCategory},

		{"GET /programme", staff.ManageProgramme, a.programmes},
		{"POST /programme", staff.ManageProgramme, a.createProgramme},
		{"GET /programme/{id}", staff.ManageProgramme, a.programmePage},
		{"GET /programme/{id}/edit", staff.ManageProgramme, a.editProgramme},
		{"POST /programme/{id}/edit", staff.ManageProgramme, a.saveProgramme},
		{"POST /programme/{id}/example", staff.ManageProgramme, a.exampleReceipt},
		{"GET /programme/{id}/publish", staff.ManageProgramme, a.publishPage},
		{"POST /programme/{id}/publish", staff.ManageProgramme, a.publish},
		{"POST /programme/{id}/preview", staff.ManageProgramme, a.startPreview},
		{"GET /programme/{id}/preview/{job}", staff.ManageProgramme, a.previewPage},
		{"GET /programme/{id}/preview/{job}/progress", staff.ManageProgramme, a.previewProgress},
		{"POST /programme/{id}/preview/{job}/cancel", staff.ManageProgramme, a.cancelPreview},

		{"GET /staff", staff.ManageStaff, a.staffPage},
		{"GET /staff/invite", staff.ManageStaff, a.invitePage},
		{"POST /staff/invite", staff.ManageStaff, a.invite},
		{"POST /staff/withdraw", staff.ManageStaff, a.withdraw},
		{"GET /staff/{id}", staff.ManageStaff, a.memberPage},
		{"POST /staff/{id}", staff.ManageStaff, a.saveMember},
		{"POST /staff/{id}/password", staff.ManageStaff, a.passwordLink},
		{"POST /staff/{id}/active", staff.ManageStaff, a.setActive},
		{"POST /staff/{id}/sessions", staff.ManageStaff, a.endSessions},
		{"GET /audit", staff.ViewAudit, a.audit},

		{"GET /settings", staff.ManageStores, a.settingsPage},
		{"POST /settings", staff.ManageStores, a.saveSettings},
	}
}

// Routes adds the pages to mux.
func (a *Admin) Routes(mux *http.ServeMux) {
	mux.Handle("GET /admin-assets/", a.assets)
	for _, r := range a.table() {
		switch r.needs {
		case anybody:
			mux.Handle(r.pattern, a.Shell.Handle(r.answer))
		case signedIn:
			mux.Handle(r.pattern, a.Shell.SignedIn(r.answer))
		default:
			mux.Handle(r.pattern, a.Shell.Require(r.needs, r.answer))
		}
	}
}

// day reads a date of a filter, "2026-11-22", as its midnight in zone; what
// cannot be read does not filter.
func day(text string, zone *time.Location) time.Time {
	t, err := time.ParseInLocation(time.DateOnly, text, zone)
	if err != nil {
		return time.Time{}
	}
	return t
}

// untilDay is the end of a date of a filter.
func untilDay(text string, zone *time.Location) time.Time {
	t := day(text, zone)
	if t.IsZero() {
		return t
	}
	return t.AddDate(0, 0, 1)
}
