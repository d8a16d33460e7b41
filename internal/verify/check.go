package verify

// Check is one rule; findings are told in the order of their checks.
type Check int

// The checks; checks has what each of them holds.
const (
	Physical Check = iota
	Schema
	Setting
	Node
	Reference
	VersionRules
	Audit
	TillKey
	Consent
	Wording
	ReceiptChecksum
	ReceiptVersion
	ReceiptDiscount
	ReceiptCap
	ReceiptEarned
	LineGuard
	ReceiptSum
	ReceiptTotal
	ReceiptAmount
	ReceiptNumber
	ReceiptSource
	ReceiptTime
	ReceiptLevel
	ReceiptEvent
	ReceiptPoints
	ReceiptPaid
	ReceiptHeld
	ReceiptBalance
	ReceiptDates
	Imported
	LineTotal
	LinePrice
	LineDiscount
	LineSpend
	LineReturned
	ReturnOf
	ReturnPart
	AccountPoints
	AccountPurchases
	AccountMissing
	LotPoints
	LotOrigin
	LotDates
	LotRules
	EntryMovement
	EntryLot
	EntryReceipt
	Hold
	Confirmation
	Card
	EntryTime
	EntryEvent
	EventBody
	EventKind
	CatalogEvent
	Overdrawn
	ReturnedPoints
	TierLevel
	Version
	Category
	SearchKey
	Product
	Stock
	Identifier
	Attached
	Profile
	Attribute
	Merge
	Household
	ImportReport
)

var checks = [...]struct{ name, holds string }{
	Physical:         {"physical", "The database's files are whole."},
	Schema:           {"schema", "The tables have the indexes and keys that guard them, and nothing acts on its own."},
	Setting:          {"setting", "The installation is what was chosen, and its stores have time zones."},
	Node:             {"node", "Ids were minted under numbers that were leased, so that none comes twice."},
	Reference:        {"reference", "What a row points at exists."},
	VersionRules:     {"version_rules", "Published rules are what they were when they were published."},
	Audit:            {"audit", "Staff and points by hand are what the audit log says."},
	TillKey:          {"till_key", "The keys of tills and integrations are what the event log says."},
	Consent:          {"consent", "A consent is what was said."},
	Wording:          {"wording", "A wording is what was published, and consents were given under its text."},
	ReceiptChecksum:  {"receipt_checksum", "A receipt and its lines are what the event log noted when they were recorded."},
	ReceiptVersion:   {"receipt_version", "A receipt was sold by a version that held then."},
	ReceiptDiscount:  {"receipt_discount", "A level takes off no more than its rate."},
	ReceiptCap:       {"receipt_cap", "Points pay no more than the share that the rules let them."},
	ReceiptEarned:    {"receipt_earned", "A receipt earned the rate of its level on the money that earns."},
	LineGuard:        {"line_guard", "Discounts and points take no line under its cost and the margin."},
	ReceiptSum:       {"receipt_sum", "A receipt's amounts are the sums of its lines."},
	ReceiptTotal:     {"receipt_total", "A receipt comes to its gross less discounts and points."},
	ReceiptAmount:    {"receipt_amount", "No amount of a receipt is below zero."},
	ReceiptNumber:    {"receipt_number", "A till or source uses a number once for sales and once for returns."},
	ReceiptSource:    {"receipt_source", "A receipt names where it comes from and what it returns."},
	ReceiptTime:      {"receipt_time", "A receipt was recorded when its id says, and not before it was sold."},
	ReceiptLevel:     {"receipt_level", "A receipt was sold at a level of its programme, not below the one that was reached."},
	ReceiptEvent:     {"receipt_event", "The event log tells of every receipt once, and truly."},
	ReceiptPoints:    {"receipt_points", "A receipt redeemed, earned and took back what its entries moved."},
	ReceiptPaid:      {"receipt_paid", "The points paid with are worth what they paid."},
	ReceiptHeld:      {"receipt_withheld", "A refund was reduced by what the spent points are worth."},
	ReceiptBalance:   {"receipt_balance", "The slip showed the points that were available after the receipt."},
	ReceiptDates:     {"receipt_dates", "The slip showed when what was earned becomes available and expires."},
	Imported:         {"imported", "What was imported moved no points and is told by one event of its batch."},
	LineTotal:        {"line_total", "A line comes to its gross less discounts and points, nothing below zero."},
	LinePrice:        {"line_price", "A line's gross is its price times its quantity."},
	LineDiscount:     {"line_discount", "A line's discount is the sum of its causes."},
	LineSpend:        {"line_spend", "A line counts towards the tier with all that was paid for it, or not at all."},
	LineReturned:     {"line_returned", "What came back of a line is what its returns say, and not more than was sold."},
	ReturnOf:         {"return_of", "A return's line is of an earlier sale's line, to the same customer at the same price."},
	ReturnPart:       {"return_part", "A return undid exactly the share of what the sale recorded."},
	AccountPoints:    {"account_points", "A customer's points are what the entries left."},
	AccountPurchases: {"account_purchases", "A customer's purchases are what the receipts say."},
	AccountMissing:   {"account_missing", "Every customer has an account, and every account a customer."},
	LotPoints:        {"lot_points", "A lot holds what its entries left in it, at most what it began with."},
	LotOrigin:        {"lot_origin", "A lot is what its first entry made."},
	LotDates:         {"lot_dates", "A lot's points moved by the lot's dates."},
	LotRules:         {"lot_rules", "A lot has the size and the dates that the rules of its time give."},
	EntryMovement:    {"entry_movement", "An entry moves points as its cause may."},
	EntryLot:         {"entry_lot", "An entry's lot is the same customer's and legal entity's."},
	EntryReceipt:     {"entry_receipt", "An entry of a receipt agrees with it."},
	Hold:             {"hold", "A hold is of the customer's lots, and ended as the event log says."},
	Confirmation:     {"confirmation", "A code was made as the event log says, and used up by no more points than it was for."},
	Card:             {"card", "Where rules ask for the customer's card, points were taken from whoever showed it."},
	EntryTime:        {"entry_time", "An entry was recorded when its id says."},
	EntryEvent:       {"entry_event", "The event log tells of all points that no receipt moved once, and truly."},
	EventBody:        {"event_body", "What an event says can be read."},
	EventKind:        {"event_kind", "An event is of a kind that the program appends."},
	CatalogEvent:     {"catalog_event", "The event log tells of every store, till, category and product, and of no others."},
	Overdrawn:        {"overdrawn", "Nobody ever had less than nothing."},
	ReturnedPoints:   {"returned_points", "Points went back to the lots they came from, and no more than came."},
	TierLevel:        {"tier_level", "A tier is a level of its programme, and the one that spend and reviews made it."},
	Version:          {"version", "A version of a programme can be read, and published ones have their dates."},
	Category:         {"category_path", "A category's path leads up to its root."},
	SearchKey:        {"search_key", "Search keys are what the names fold to."},
	Product:          {"product", "A product and its barcodes are what was saved."},
	Stock:            {"stock", "What is in stock is the last count and the moves since, and notices tell what is low."},
	Identifier:       {"identifier", "Identifiers are in their normal form and lead to whom they were given."},
	Attached:         {"attached", "A customer has the identifiers, consents and registrations that were added, and no others."},
	Attribute:        {"attribute", "What a chain keeps of customers is defined as it was saved."},
	Profile:          {"profile", "A profile says what it may, and what was written."},
	Household:        {"household", "Who lives together is as the event log says."},
	Merge:            {"merge", "Who was merged, and what went along, is as the merges and the event log say."},
	ImportReport:     {"import_report", "What imports say they brought is there."},
}

// String is the stable name of the check.
func (c Check) String() string { return checks[c].name }
