// Package customer keeps one profile for each person, however many phones,
// cards and addresses lead to it.
//
// An identifier is stored in one normal form and belongs to one profile: the
// database's unique key decides when two registrations meet, and the one that
// comes second finds the first. A known card, outside id or Telegram account is
// the same person; a known phone is, unless it comes with another name or
// birthday, for spouses share phones; a known e-mail is only where nothing
// better is said. What a profile says is never overwritten by a registration,
// only completed. Consents are appended and never changed.
//
//	active <--> blocked      both ways, by hand
//	   |           |
//	   +-----------+--> merged, erased      for good; their identifiers are gone
//
// Personal data appears in no error and no log: what prints itself is masked.
//
// Points are ledger's, receipts are receipt's; package enrol registers a
// customer together with the account and the welcome bonus.
package customer
