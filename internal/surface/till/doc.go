// Package till is the cashier's page: one screen on which a customer is found
// or registered, a basket is priced and paid, points are redeemed, and goods
// come back; and the slip that is printed.
//
// It decodes what the page sends, calls the services and renders what they
// say; prices, limits and permissions of points are theirs. Its neighbours are
// surface/web, which it stands in, and surface/admin, which signs people in.
//
// # Where a basket lives
//
// In the page: its form carries every line, the customer, the number of the
// receipt to be and the id of the last quote. Each change posts the whole form
// and gets it back priced, so the server keeps nothing between two calls and
// two tabs, each with a number of its own, cannot mix. The script keeps the
// form in the tab's sessionStorage, so that a reload, a visit to another page
// or a new sign-in loses nothing.
//
// Requests of a page follow one another. What is scanned while one is under
// way waits and goes along with the next.
//
// # What is paid is paid once
//
// The number is made once for a basket and is the key of the commit. A form
// that is on its way is kept as it was sent; where the answer is lost, exactly
// that is sent again until there is one, also after a reload, and the same
// number answers with the same receipt. Where another price holds than the one
// that was shown, nothing is recorded and the page shows the new one (409).
// Returns work the same way under a number of their own.
package till
