// Package verify recomputes everything that is stored twice or derived, and
// names what is off.
//
// It reads the tables and nothing else: prices, shares, balances, lots and
// totals are worked out again here, in code that shares nothing above base with
// the packages that wrote them, so that one mistake cannot hide behind the
// other. What it does share it cannot find out: how db reads a row, how fold
// spells a search key, which exponent money gives a currency.
// It changes nothing, and what it compares is of one moment: all tables are read
// in one snapshot. On SQLite the engine's own check of its files goes beside that
// in a snapshot of its own; what it finds broken is told alone. What verify finds
// names rows by their keys and repeats nothing that a customer said or is found by.
//
// What cannot be recomputed is compared with what was noted of it elsewhere
// when it was written: receipts, published rules, keys of tills and the currency
// in the event log, staff, settings and points by hand in the audit log,
// customers, products, consents and identifiers by a checksum in the row, and
// what belongs to a customer by a sum in the customer's. None of this is a
// signature. Somebody who may write to the database and changes a row in all the
// places that tell of it, checksums included, is not found, as long as the
// figures are such as the rules could have given; nor is what is told nowhere
// else: the name of a store, a password, a row of the logs that tells of nothing
// that is kept.
//
// The way of the data, each table read once in the order of a key:
//
//	files -------------------------> the engine's own check of rows and indexes
//	small tables ------------------> facts (memory)
//	audit -------------------------> compared as it is read
//	identifiers, consents,
//	  registrations, events, lots -> spools
//	receipts + lines + events -----> every receipt    ---> spool by customer
//	                                                  ---> spool by returned line
//	sale lines + return lines -----> every return
//	accounts + entries + lots + tiers
//	  + receipts + what belongs
//	  to them + events ------------> every customer
//
// Tables are read in pages and merged; what has to be in another order goes
// through a spool, which sorts on disk. So memory is bounded by the catalog,
// the staff and the busiest single customer, not by the number of receipts.
//
// A snapshot that lasts minutes keeps the write-ahead log of SQLite from being
// shortened and PostgreSQL from cleaning up meanwhile; it stops nobody.
package verify
