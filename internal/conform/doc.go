// Package conform plays bad days against a till API and tells what it withstood.
//
// Retries, lost answers, duplicates, crashes between two steps, races of two
// tills and late batches: each check plays one of them over HTTP, with what the
// API itself gave it, and passes where the answers keep the promises that /docs
// makes. It knows the wire and nothing of the program behind it, so it proves the
// same of somebody else's implementation; the last checks add up everything that
// the others did and compare it with what the API says was recorded.
//
// It leaves customers and receipts behind: it is for test installations. Its
// neighbour is surface/api, which it must not import.
package conform
