// Package catalog knows the stores, their tills and the keys tills sign in
// with, and the products with their categories.
//
// What a till's call needs costs it nothing or one reading: stores are kept in
// memory and looked at again every second, a till's key is believed for two,
// and a product comes with the codes of its categories in one row. So a change
// that another process makes is seen here within two seconds, and a key that
// was revoked is dead within two seconds everywhere. Secrets are kept as
// SHA-256 only.
//
// Who works in a store is staff's, what was sold there is receipt's.
package catalog
