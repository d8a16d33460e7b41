//go:build race

package conform_test

// slowed says that the race detector makes SQLite so slow that a thousand receipts
// do not fit into the time of a call.
const slowed = true
