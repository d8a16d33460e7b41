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
	large   bool // takes an upload, or gives a download
}

// Besides the permissions of staff: pages for anybody, and for everybody who
// is signed in.
const (
	anybody   staff.Permission = "-"
	signedIn  staff.Permission = ""
	enrolling staff.Permission = "+" // signed in, also without the second factor that the role needs
)

// table says of every page who may open it. Nothing else decides that.
func (a *Admin) table() []route {
	return []route{
		{"GET /sign-in", anybody, a.signInPage, false},
		{"POST /sign-in", anybody, a.signIn, false},
		{"GET /sign-in/second", anybody, a.secondPage, false},
		{"POST /sign-in/second", anybody, a.signInSecond, false},
		{"POST /sign-in/passkey", anybody, a.keySignIn, false},
		{"POST /sign-in/passkey/begin", anybody, a.beginKeySignIn, false},
		{"GET /sign-in/oidc", anybody, a.toProvider, false},
		{"GET /sign-in/oidc/callback", anybody, a.fromProvider, false},
		{"POST /sign-out", anybody, a.signOut, false},
		{"GET /invitation/{token}", anybody, a.invitationPage, false},
		{"POST /invitation/{token}", anybody, a.acceptInvitation, false},

		{"GET /{$}", signedIn, a.home, false},
		{"GET /account", signedIn, a.accountPage, false},
		{"POST /account", signedIn, a.saveAccount, false},
		{"GET /account/second", enrolling, a.factorPage, false},
		{"POST /account/second", enrolling, a.startFactor, false},
		{"POST /account/second/confirm", enrolling, a.confirmFactor, false},
		{"POST /account/second/remove", signedIn, a.removeFactor, false},
		{"POST /account/passkeys", enrolling, a.addPasskey, false},
		{"POST /account/passkeys/begin", enrolling, a.beginPasskey, false},
		{"POST /account/passkeys/rename", signedIn, a.renamePasskey, false},
		{"POST /account/passkeys/remove", signedIn, a.removePasskey, false},
		{"POST /account/password", signedIn, a.changePassword, false},
		{"POST /account/sessions", signedIn, a.endOtherSessions, false},
		{"POST /account/sessions/end", signedIn, a.endSession, false},

		{"POST /columns/{list}", signedIn, a.chooseColumns, false},

		// A cashier finds customers of their own stores, with little shown of them.
		{"GET /customers", staff.FindCustomers, a.customers, false},
		{"GET /customers/export", staff.Export, a.exportCustomers, true},
		{"GET /customers/{id}", staff.FindCustomers, a.customerPage, false},
		{"GET /customers/new", staff.EditCustomers, a.newCustomer, false},
		{"POST /customers/new", staff.EditCustomers, a.registerCustomer, false},
		{"GET /customers/{id}/edit", staff.EditCustomers, a.editCustomer, false},
		{"POST /customers/{id}/edit", staff.EditCustomers, a.saveCustomer, false},
		{"POST /customers/{id}/identifiers", staff.EditCustomers, a.addIdentifier, false},
		{"POST /customers/{id}/identifiers/remove", staff.EditCustomers, a.removeIdentifier, false},
		{"POST /customers/{id}/identifiers/quality", staff.EditCustomers, a.judgeContact, false},
		{"GET /customers/{id}/consents", staff.EditCustomers, a.consentsPage, false},
		{"POST /customers/{id}/consents", staff.EditCustomers, a.addConsent, false},
		{"GET /customers/{id}/household", staff.EditCustomers, a.householdPage, false},
		{"POST /customers/{id}/household", staff.EditCustomers, a.changeHousehold, false},
		{"GET /customers/{id}/points", staff.AdjustPoints, a.adjustPage, false},
		{"POST /customers/{id}/points", staff.AdjustPoints, a.adjustPoints, false},
		{"GET /customers/{id}/level", staff.AdjustPoints, a.givenPage, false},
		{"POST /customers/{id}/level", staff.AdjustPoints, a.giveLevel, false},
		{"POST /customers/{id}/state", staff.EditCustomers, a.setCustomerState, false},
		{"GET /customers/{id}/merge", staff.EditCustomers, a.mergePage, false},
		{"POST /customers/{id}/merge", staff.EditCustomers, a.mergeCustomers, false},
		{"POST /customers/{id}/unmerge", staff.EditCustomers, a.unmergeCustomers, false},
		{"GET /customers/{id}/data", staff.AnswerPrivacy, a.customerData, false},
		{"GET /customers/{id}/erase", staff.AnswerPrivacy, a.erasePage, false},
		{"POST /customers/{id}/erase", staff.AnswerPrivacy, a.eraseCustomer, false},
		{"GET /duplicates", staff.EditCustomers, a.duplicates, false},
		{"POST /duplicates", staff.EditCustomers, a.settleDuplicate, false},

		{"GET /receipts", staff.ViewReceipts, a.receipts, false},
		{"GET /receipts/export", staff.Export, a.exportReceipts, true},
		{"GET /receipts/{id}", staff.ViewReceipts, a.receiptPage, false},

		{"GET /reports/identified", staff.ViewReports, a.identified, false},
		{"GET /reports/identified/export", staff.ViewReports, a.exportIdentified, true},

		{"GET /reports/contacts", staff.ViewReports, a.contacts, false},

		// Who owns what, and what they owe each other, is the owner's to know.
		{"GET /entities", staff.ManageStores, a.entities, false},
		{"POST /entities", staff.ManageStores, a.saveEntity, false},
		{"GET /reports/settlement", staff.ManageStores, a.settlement, false},
		{"GET /reports/settlement/export", staff.ManageStores, a.exportSettlement, true},

		{"GET /stores", staff.ViewStores, a.stores, false},
		{"GET /stores/new", staff.ManageStores, a.newStore, false},
		{"POST /stores/new", staff.ManageStores, a.addStore, false},
		{"GET /stores/{id}", staff.ViewStores, a.storePage, false},
		{"POST /stores/{id}", staff.ManageStores, a.saveStore, false},
		{"POST /stores/{id}/tills", staff.ManageTills, a.addTill, false},
		{"GET /tills/{id}", staff.ViewStores, a.tillPage, false},
		{"POST /tills/{id}", staff.ManageTills, a.saveTill, false},
		{"POST /tills/{id}/keys", staff.ManageTills, a.issueKey, false},
		{"POST /tills/{id}/keys/{key}/revoke", staff.ManageTills, a.revokeKey, false},

		{"GET /products", staff.ViewProducts, a.products, false},
		{"GET /products/export", staff.ViewProducts, a.exportProducts, true},
		{"GET /products/new", staff.ManageProducts, a.newProduct, false},
		{"POST /products/new", staff.ManageProducts, a.addProduct, false},
		{"GET /products/{id}", staff.ManageProducts, a.productPage, false},
		{"POST /products/{id}", staff.ManageProducts, a.saveProduct, false},
		{"GET /products/{id}/image", staff.ViewProducts, a.productImage, false},
		{"POST /products/{id}/image", staff.ManageProducts, a.saveImage, true},
		{"GET /products/{id}/stock", staff.ManageStock, a.productStock, false},
		{"POST /products/{id}/stock", staff.ManageStock, a.saveProductStock, false},
		{"POST /products/{id}/threshold", staff.ManageProducts, a.saveThreshold, false},
		{"GET /stock", staff.ManageStock, a.stockPage, false},
		{"GET /stock/export", staff.ManageStock, a.exportStock, true},
		{"POST /stock/seen", staff.ManageStock, a.seenStock, false},
		{"GET /categories", staff.ManageProducts, a.categories, false},
		{"POST /categories", staff.ManageProducts, a.saveCategory, false},

		{"GET /programme", staff.ViewProgramme, a.programmes, false},
		{"POST /programme", staff.ManageProgramme, a.createProgramme, false},
		{"GET /programme/{id}", staff.ViewProgramme, a.programmePage, false},
		{"GET /programme/{id}/edit", staff.ManageProgramme, a.editProgramme, false},
		{"POST /programme/{id}/edit", staff.ManageProgramme, a.saveProgramme, false},
		{"POST /programme/{id}/example", staff.ManageProgramme, a.exampleReceipt, false},
		{"POST /programme/{id}/goods/{field...}", staff.ManageProgramme, a.pickGoods, false},
		{"POST /programme/{id}/discard", staff.ManageProgramme, a.discardDraft, false},
		{"GET /programme/{id}/publish", staff.ManageProgramme, a.publishPage, false},
		{"POST /programme/{id}/publish", staff.ManageProgramme, a.publish, false},
		{"POST /programme/{id}/preview", staff.ManageProgramme, a.startPreview, false},
		{"GET /programme/{id}/preview/{job}", staff.ManageProgramme, a.previewPage, false},
		{"GET /programme/{id}/preview/{job}/progress", staff.ManageProgramme, a.previewProgress, false},
		{"POST /programme/{id}/preview/{job}/cancel", staff.ManageProgramme, a.cancelPreview, false},

		{"GET /staff", staff.ManageCashiers, a.staffPage, false},
		{"GET /staff/invite", staff.ManageCashiers, a.invitePage, false},
		{"POST /staff/invite", staff.ManageCashiers, a.invite, false},
		{"POST /staff/second", staff.ManageStaff, a.needFactor, false},
		{"POST /staff/withdraw", staff.ManageCashiers, a.withdraw, false},
		{"GET /staff/{id}", staff.ManageCashiers, a.memberPage, false},
		{"POST /staff/{id}", staff.ManageCashiers, a.saveMember, false},
		{"POST /staff/{id}/password", staff.ManageCashiers, a.passwordLink, false},
		{"POST /staff/{id}/active", staff.ManageCashiers, a.setActive, false},
		{"POST /staff/{id}/second", staff.ManageCashiers, a.forMember("admin.factor.reset", a.Staff.ResetFactor), false},
		{"POST /staff/{id}/provider", staff.ManageCashiers, a.forMember("admin.provider.done", a.Staff.Unlink), false},
		{"POST /staff/{id}/sessions", staff.ManageCashiers, a.forMember("admin.staff.sessions_ended", a.Staff.EndSessions), false},
		{"POST /staff/{id}/sessions/end", staff.ManageCashiers, a.endMemberSession, false},
		{"GET /audit", staff.ViewAudit, a.audit, false},
		{"GET /audit/export", staff.ViewAudit, a.exportAudit, true},

		{"GET /integrations", staff.ManageStores, a.integrations, false},
		{"POST /integrations", staff.ManageStores, a.addIntegration, false},
		{"POST /integrations/{id}/revoke", staff.ManageStores, a.revokeIntegration, false},

		{"GET /settings", staff.ManageStores, a.settingsPage, false},
		{"POST /settings", staff.ManageStores, a.saveSettings, false},
		{"GET /settings/codes", staff.ManageStores, a.codesPage, false},
		{"POST /settings/codes", staff.ManageStores, a.saveCodes, false},
		{"POST /settings/codes/test", staff.ManageStores, a.testCodes, false},

		{"GET /attributes", staff.ManageProgramme, a.attributes, false},
		{"POST /attributes", staff.ManageProgramme, a.saveAttribute, false},
		{"GET /wordings", staff.ManageStores, a.wordings, false},
		{"POST /wordings", staff.ManageStores, a.publishWording, false},

		{"GET /imports", staff.Import, a.imports, false},
		{"GET /imports/new", staff.Import, a.newImport, false},
		{"POST /imports/new", staff.Import, a.upload, true},
		{"GET /imports/{id}", staff.Import, a.importPage, false},
		{"POST /imports/{id}/columns", staff.Import, a.saveMapping, false},
		{"POST /imports/{id}/start", staff.Import, a.startImport, false},
		{"POST /imports/{id}/cancel", staff.Import, a.cancelImport, false},
		{"POST /imports/{id}/discard", staff.Import, a.discardImport, false},
		{"GET /imports/{id}/progress", staff.Import, a.importProgress, false},
		{"GET /imports/{id}/refused", staff.Import, a.refusedRows, true},
	}
}

// Routes adds the pages to mux.
func (a *Admin) Routes(mux *http.ServeMux) {
	mux.Handle("GET /admin-assets/", a.assets)
	for _, r := range a.table() {
		switch {
		case r.large:
			mux.Handle(r.pattern, a.Shell.Allow(uploadBytes, uploadTime, web.Permitted(r.needs, r.answer)))
		case r.needs == anybody:
			mux.Handle(r.pattern, a.Shell.Handle(r.answer))
		case r.needs == enrolling:
			mux.Handle(r.pattern, a.Shell.Enrolling(r.answer))
		case r.needs == signedIn:
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
