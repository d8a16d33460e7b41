// Package verify recomputes everything that is stored twice or derived, and
// names what is off.
//
// It reads the tables and nothing else: prices, shares, balances, lots and
// totals are worked out again here, in code that shares nothing above base with
// the packages that wrote them, so that one mistake cannot hide behind the
// other. What it does share it cannot find out: how db reads a row, how fold
// spells a search key, which exponent money gives a currency.
// It changes nothing, and it sees one moment: all of it runs in one snapshot.
//
// The way of the data, each table read once in the order of a key:
//
//	small tables ------------------> facts (memory)
//	events, lots ------------------> spools
//	receipts + lines + events -----> every receipt    ---> spool by customer
//	                                                  ---> spool by returned line
//	sale lines + return lines -----> every return
//	accounts + entries + lots
//	  + receipts + tiers + events -> every customer
//
// Tables are read in pages and merged; what has to be in another order goes
// through a spool, which sorts on disk. So memory is bounded by the catalog,
// the staff and the busiest single customer, not by the number of receipts.
//
// A snapshot that lasts minutes keeps the write-ahead log of SQLite from being
// shortened and PostgreSQL from cleaning up meanwhile; it stops nobody.
package verify
