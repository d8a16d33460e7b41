// Package customer keeps one profile for each person, however many phones,
// cards and addresses lead to it.
//
// An identifier is stored in one normal form and belongs to one profile: the
// database's unique key decides when two registrations meet, and the one that
// comes second finds the first. Whatever it is, it only finds a profile: one
// takes nothing from a registration, neither a field nor a consent nor a
// further identifier, unless the full name or the whole birthday shows that it
// is theirs, and even then no second identifier of a kind, which an owner adds
// by hand. Otherwise a card that somebody lost, or a phone that somebody knows,
// would be enough to take the points. A known phone or e-mail that comes with
// another name is shared, as spouses do, and makes somebody new where there is
// something else to know them by.
//
// An import is believed further: a known outside id is the same person; a known
// card or Telegram account is, unless an id of its own and a name or a birthday that
// contradicts say otherwise, or these alone where somebody who was forgotten had it; a known phone is, unless name or birthday differ, or an
// id of its own and no name that says the same; a known e-mail is only where nothing
// better is said. Who shares one of these is known by name and birthday as well.
// Whoever was forgotten does not come back so (see whose), but in person.
//
// What a profile says is never overwritten by a registration, only completed.
// Consents are appended and never changed; what is said again and holds is not
// written again.
//
//	active <--> blocked      both ways, by hand
//	   |           |
//	   +-----------+--> merged              its identifiers are the other's; can be undone
//	   +-----------+--> erased              for good; its identifiers are gone
//
// Personal data appears in no error and no log: what prints itself is masked.
//
// Values of attributes are kept here, which attributes there are is attribute's; who
// lives together is household's. Points are ledger's, receipts are receipt's. Package
// enrol registers a customer together with the account and the welcome bonus; packages
// merge and privacy do to all that others keep what MergeTx and EraseTx do to profiles.
package customer
