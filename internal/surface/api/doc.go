// Package api is the till API under /v1: what tills and integrations talk to.
//
// It holds no rules and no SQL: a call is let in by its till's key, decoded
// strictly, given to the services of loyalty and answered. The types of the
// calls are the documentation too: the OpenAPI document and the page at /docs
// are made of them, their words come from locales/api.*.toml, and the examples
// are calls that a test really makes.
//
// What holds everywhere: amounts, prices, points and quantities are exact
// decimals in strings, ids are strings, times are RFC 3339; an unknown field
// is refused by its name; every error is a problem (RFC 9457) with a stable
// code. What a till learns of people is masked, and nobody is read by trying ids
// (seal.go). Sending a receipt or a return again under its number answers the same
// again and changes nothing.
//
// Its neighbours are package web, which stands around every request, and
// loyalty/receipt, which does the work.
package api
