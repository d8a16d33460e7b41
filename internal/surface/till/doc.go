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
//
// # Without the line
//
// A service worker (worker.js) answers with the page /till/offline where the server
// cannot be reached, and keeps nothing but that page and its files. The page sells
// and takes back by what the till carries with it, and puts each receipt into a
// queue in the browser (queue.js), which goes through package receipt's late
// receipts:
//
//	queued --sent, in order, by one tab--> recorded or known --> forgotten
//	   ^                                   differs ----------> shown until it was seen
//	   +------------ sent again ---------- refused ----------> likewise
//
// A receipt leaves the queue in the transaction that stores its answer, so whatever
// dies in between, it is sent again and answered as before. A payment whose answer
// was lost goes through the queue under its own number.
//
// What is carried is goods, which are no secret, and, encrypted, the store's own
// customers as the cashier sees them, with the rules and the costs of goods. The
// key comes over the line to who is signed in at the till and lives in the tab. The
// price is that of package pricing (price.js), points excepted.
package till
