package conform

import (
	"crypto/rand"
	"fmt"
	"maps"
	"math/big"
	"net/http"
)

// goods is a line of a basket.
func goods(sku, quantity, price string) object {
	return object{"sku": "conform-" + sku, "name": "Conformance " + sku, "quantity": quantity, "price": price}
}

// shopping is what most checks sell.
var shopping = []object{goods("tea", "3", "40000"), goods("milk", "2", "12500"), goods("apples", "1.375", "18000")}

// with is a body with other fields.
func (o object) with(pairs ...any) object {
	out := maps.Clone(o)
	for i := 0; i+1 < len(pairs); i += 2 {
		out[pairs[i].(string)] = pairs[i+1]
	}
	return out
}

func basket(customer string, lines ...object) object {
	o := object{"lines": lines}
	if customer != "" {
		o["customer"] = customer
	}
	return o
}

// quote prices a basket.
func (t *trial) quote(basket object) answer { return t.post("/v1/quotes", basket).is(http.StatusOK) }

// sale is a basket as it is recorded: by its quote, under a number of its own.
func (t *trial) sale(basket object) object {
	return basket.with("number", t.name("s"), "quote", t.quote(basket).str("id"))
}

// record records a sale.
func (t *trial) record(sale object, headers ...string) answer {
	return t.post("/v1/receipts", sale, headers...).is(http.StatusCreated)
}

// sell prices a basket and records it.
func (t *trial) sell(basket object) answer { return t.record(t.sale(basket)) }

// found are the ids of the sales of a number.
func (t *trial) found(number string) (ids []string) {
	a := t.get("/v1/receipts?number=" + number).is(http.StatusOK)
	for i := range a.list("receipts") {
		ids = append(ids, a.str(fmt.Sprintf("receipts.%d.id", i)))
	}
	return ids
}

// recordedOnce fails the check unless exactly one sale has the number, and the id.
func (t *trial) recordedOnce(a answer, number string) {
	if ids := t.found(number); len(ids) != 1 || ids[0] != a.str("id") {
		t.fail(a, "under the number %s are the receipts %v; it must be this one alone", number, ids)
	}
}

// phone is one that likely nobody has.
func phone() string {
	n, err := rand.Int(rand.Reader, big.NewInt(10_000_000))
	if err != nil {
		panic(err) // the system has no randomness
	}
	return fmt.Sprintf("+99890%07d", n)
}

// customer registers somebody new and gives the id.
func (t *trial) customer() string {
	id, _ := t.person()
	return id
}

// person is customer, with the phone.
func (t *trial) person() (id, phoned string) {
	for range 5 { // whoever has the phone already is somebody else
		phoned = phone()
		a := t.post("/v1/customers", object{"phone": phoned, "first_name": "Conformance"})
		if a.status == http.StatusOK {
			continue
		}
		t.needNoCode(a)
		id = a.is(http.StatusCreated).str("customer.id")
		t.mu.Lock()
		t.people = append(t.people, id)
		t.mu.Unlock()
		return id, phoned
	}
	t.skip("every phone that was tried is known already")
	return "", ""
}

// needNoCode skips a check that registers somebody where a is refused because a phone
// needs the code that its owner was sent.
func (t *trial) needNoCode(a answer) {
	if a.status == http.StatusConflict && a.str("code") == "confirmation_phone_needed" {
		t.skip("needs tills that may register phones without a code, which goes to the customer and not to the kit: have them announce no registration_code")
	}
}

func (t *trial) balance(who string) answer {
	return t.get("/v1/customers/" + who + "/balance").is(http.StatusOK)
}

// whole is everything that a customer has, whenever it can be spent.
func (a answer) whole() dec { return a.num("available") + a.num("pending") - a.num("debt") }

// rich registers somebody who can pay with points, and says what they have.
func (t *trial) rich() (who string, available dec) {
	who = t.customer()
	if available = t.balance(who).num("available"); available == 0 {
		t.sell(basket(who, goods("gold", "10", "100000")))
		available = t.balance(who).num("available")
	}
	if available == 0 && t.get("/v1/till").is(http.StatusOK).str("registration_code") != "" {
		t.skip("needs customers with points that can be spent at once: a phone without a code gets no welcome bonus, and the code goes to the customer and not to the kit. " +
			"Have tills announce no registration_code, or give the store's programme an activation delay of 0 days")
	}
	if available == 0 {
		t.skip("needs a programme whose points can be spent at once: give the store's programme a welcome bonus, or an activation delay of 0 days")
	}
	return who, available
}

// dear is a basket that all points of a customer can pay for.
func dear(customer string) object { return basket(customer, goods("gold", "10", "100000")) }

// spendable is a basket that is paid with as many points as may be.
func (t *trial) spendable(customer string) (paid object, points dec) {
	of := dear(customer)
	if points = t.quote(of).num("max_redeem"); points == 0 {
		t.skip("needs a programme by which points can pay for goods: the quote says that none can be redeemed")
	}
	return of.with("redeem", points.String()), points
}
