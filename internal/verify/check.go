package verify

// Check is the stable name of one rule.
type Check string

// The checks; checks has what each of them holds.
const (
	ReceiptSum     Check = "receipt_sum"
	ReceiptTotal   Check = "receipt_total"
	ReceiptAmount  Check = "receipt_amount"
	ReceiptNumber  Check = "receipt_number"
	ReceiptSource  Check = "receipt_source"
	ReceiptTime    Check = "receipt_time"
	ReceiptLevel   Check = "receipt_level"
	ReceiptEvent   Check = "receipt_event"
	ReceiptPoints  Check = "receipt_points"
	ReceiptPaid    Check = "receipt_paid"
	ReceiptHeld    Check = "receipt_withheld"
	ReceiptBalance Check = "receipt_balance"
	ReceiptDates   Check = "receipt_dates"
	Imported       Check = "imported"

	ReceiptChecksum Check = "receipt_checksum"
	ReceiptVersion  Check = "receipt_version"
	ReceiptDiscount Check = "receipt_discount"
	ReceiptCap      Check = "receipt_cap"
	ReceiptEarned   Check = "receipt_earned"
	LineGuard       Check = "line_guard"

	LineTotal    Check = "line_total"
	LinePrice    Check = "line_price"
	LineDiscount Check = "line_discount"
	LineSpend    Check = "line_spend"
	LineReturned Check = "line_returned"
	ReturnOf     Check = "return_of"
	ReturnPart   Check = "return_part"

	AccountPoints    Check = "account_points"
	AccountPurchases Check = "account_purchases"
	AccountMissing   Check = "account_missing"
	LotPoints        Check = "lot_points"
	LotOrigin        Check = "lot_origin"
	LotDates         Check = "lot_dates"
	LotRules         Check = "lot_rules"
	EntryMovement    Check = "entry_movement"
	EntryLot         Check = "entry_lot"
	EntryReceipt     Check = "entry_receipt"
	EntryTime        Check = "entry_time"
	EntryEvent       Check = "entry_event"
	EventBody        Check = "event_body"
	Overdrawn        Check = "overdrawn"
	ReturnedPoints   Check = "returned_points"

	TierLevel    Check = "tier_level"
	Version      Check = "version"
	VersionRules Check = "version_rules"
	Audit        Check = "audit"
	TillKey      Check = "till_key"
	Consent      Check = "consent"
	Physical     Check = "physical"
	Reference    Check = "reference"
	Category     Check = "category_path"
	SearchKey    Check = "search_key"
	Identifier   Check = "identifier"
	Attached     Check = "attached"
	Product      Check = "product"
	Node         Check = "node"
	Profile      Check = "profile"
	Setting      Check = "setting"
	Schema       Check = "schema"

	ImportReport Check = "import_report"
)

// checks are all of them with what each holds, in the order in which findings
// are told.
var checks = []struct {
	check Check
	holds string
}{
	{Physical, "The database's files are whole."},
	{Schema, "The tables have the indexes and keys that guard them, and nothing acts on its own."},
	{Setting, "The installation is what was chosen, and its stores have time zones."},
	{Node, "Ids were minted under numbers that were leased, so that none comes twice."},
	{Reference, "What a row points at exists."},
	{VersionRules, "Published rules are what they were when they were published."},
	{Audit, "Staff and points by hand are what the audit log says."},
	{TillKey, "The keys of tills are what the event log says."},
	{Consent, "A consent is what was said."},
	{ReceiptChecksum, "A receipt and its lines are what the event log noted when they were recorded."},
	{ReceiptVersion, "A receipt was sold by a version that held then."},
	{ReceiptDiscount, "A level takes off no more than its rate."},
	{ReceiptCap, "Points pay no more than the share that the rules let them."},
	{ReceiptEarned, "A receipt earned the rate of its level on the money that earns."},
	{LineGuard, "Discounts and points take no line under its cost and the margin."},
	{ReceiptSum, "A receipt's amounts are the sums of its lines."},
	{ReceiptTotal, "A receipt comes to its gross less discounts and points."},
	{ReceiptAmount, "No amount of a receipt is below zero."},
	{ReceiptNumber, "A till or source uses a number once for sales and once for returns."},
	{ReceiptSource, "A receipt names where it comes from and what it returns."},
	{ReceiptTime, "A receipt was recorded when its id says, and not before it was sold."},
	{ReceiptLevel, "A receipt was sold at a level of its programme, not below the one that was reached."},
	{ReceiptEvent, "The event log tells of every receipt once, and truly."},
	{ReceiptPoints, "A receipt redeemed, earned and took back what its entries moved."},
	{ReceiptPaid, "The points paid with are worth what they paid."},
	{ReceiptHeld, "A refund was reduced by what the spent points are worth."},
	{ReceiptBalance, "The slip showed the points that were available after the receipt."},
	{ReceiptDates, "The slip showed when what was earned becomes available and expires."},
	{Imported, "What was imported moved no points and is told by one event of its batch."},
	{LineTotal, "A line comes to its gross less discounts and points, nothing below zero."},
	{LinePrice, "A line's gross is its price times its quantity."},
	{LineDiscount, "A line's discount is the sum of its causes."},
	{LineSpend, "A line counts towards the tier with all that was paid for it, or not at all."},
	{LineReturned, "What came back of a line is what its returns say, and not more than was sold."},
	{ReturnOf, "A return's line is of an earlier sale's line, to the same customer at the same price."},
	{ReturnPart, "A return undid exactly the share of what the sale recorded."},
	{AccountPoints, "A customer's points are what the entries left."},
	{AccountPurchases, "A customer's purchases are what the receipts say."},
	{AccountMissing, "Every customer has an account, and every account a customer."},
	{LotPoints, "A lot holds what its entries left in it, at most what it began with."},
	{LotOrigin, "A lot is what its first entry made."},
	{LotDates, "A lot's points moved by the lot's dates."},
	{LotRules, "A lot has the size and the dates that the rules of its time give."},
	{EntryMovement, "An entry moves points as its cause may."},
	{EntryLot, "An entry's lot is the same customer's and legal entity's."},
	{EntryReceipt, "An entry of a receipt agrees with it."},
	{EntryTime, "An entry was recorded when its id says."},
	{EntryEvent, "The event log tells of every activation and expiry once, and truly."},
	{EventBody, "What an event says can be read."},
	{Overdrawn, "Nobody ever had less than nothing."},
	{ReturnedPoints, "Points went back to the lots they came from, and no more than came."},
	{TierLevel, "A tier is a level of its programme, and the one that spend and reviews made it."},
	{Version, "A version of a programme can be read, and published ones have their dates."},
	{Category, "A category's path leads up to its root."},
	{SearchKey, "Search keys are what the names fold to."},
	{Product, "A product and its barcodes are what was saved."},
	{Identifier, "Identifiers are in their normal form and lead to whom they were given."},
	{Attached, "A customer has the identifiers, consents and registrations that were added, and no others."},
	{Profile, "A profile says what it may, and what was written."},
	{ImportReport, "What imports say they brought is there."},
}

// place is where a check stands among all.
func (c Check) place() int {
	for i, r := range checks {
		if r.check == c {
			return i
		}
	}
	panic("verify: no check " + string(c))
}
