package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"regulars/bench/site"
	"regulars/internal/base/db"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/staff"
)

const (
	asks  = 200                   // of each kind
	pause = 25 * time.Millisecond // between two: a server takes 50 pages a second from one address
)

// known is somebody who is looked for.
type known struct {
	id, sealed, phone string
}

// asker asks a server for what people wait for.
type asker struct {
	site, session string
	keys          []string // of tills of one store, which take turns
	buyers        []known  // who have bought there
	loyal         []known  // who have the most receipts of all
	random        *rand.Rand
}

// ask measures how long people wait for pages and tills for whom they look up.
func (b *bench) ask(ctx context.Context, s *shop) (rows [][]string, err error) {
	a, err := readyAsker(ctx, s)
	if err != nil {
		return nil, err
	}
	server, err := b.serve(ctx, s.engine)
	if err != nil {
		return nil, err
	}
	defer server.Kill()
	a.site = "http://" + server.Addr
	names := []string{"ann", "анн", "кар", "юл", "bench 1", "иванова", "ka", "мар", "дил", "саид"}
	name := func() string { return names[a.random.IntN(len(names))] }
	buyer := func() known { return a.buyers[a.random.IntN(len(a.buyers))] }
	search := func(query string) (*http.Request, error) {
		return a.page("/customers?q=" + url.QueryEscape(query))
	}
	for _, kind := range []struct {
		name string
		make func() (*http.Request, error)
	}{
		{"page: customers, the beginning of a name", func() (*http.Request, error) { return search(name()) }},
		{"page: customers, a name and the beginning of another", func() (*http.Request, error) { return search(name() + " " + name()) }},
		{"page: customers, a whole phone", func() (*http.Request, error) { return search(buyer().phone) }},
		{"page: customers, four digits", func() (*http.Request, error) { return search(fmt.Sprintf("%04d", a.random.IntN(10_000))) }},
		{"page: customers, what nobody has", func() (*http.Request, error) { return search(fmt.Sprintf("qqq%d", a.random.IntN(10_000))) }},
		{"page: a customer's card", func() (*http.Request, error) { return a.page("/customers/" + buyer().id) }},
		{"page: the card of one of those with the most receipts", func() (*http.Request, error) { return a.page("/customers/" + a.loyal[a.random.IntN(len(a.loyal))].id) }},
		{"till: find by a whole phone", func() (*http.Request, error) {
			return a.call(http.MethodPost, "/v1/customers/find", `{"phone":"`+buyer().phone+`"}`)
		}},
		{"till: find by four digits of a phone", func() (*http.Request, error) {
			phone := buyer().phone
			return a.call(http.MethodPost, "/v1/customers/find", `{"last_digits":"`+phone[len(phone)-4:]+`"}`)
		}},
		{"till: a customer with points and level", func() (*http.Request, error) { return a.call(http.MethodGet, "/v1/customers/"+buyer().sealed, "") }},
		{"till: a quote for a customer", func() (*http.Request, error) {
			return a.call(http.MethodPost, "/v1/quotes", `{"customer":"`+buyer().sealed+`","lines":[{"sku":"`+site.SKU(0)+`","quantity":"1","price":"50000"}]}`)
		}},
	} {
		var took []int64
		for range asks {
			req, err := kind.make()
			if err != nil {
				return nil, err
			}
			one, err := timed(req.WithContext(ctx))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", kind.name, err)
			}
			took = append(took, one.Microseconds())
			time.Sleep(pause)
		}
		l := distribution(took)
		rows = append(rows, []string{s.name, kind.name, millis(l[0]), aimed(millis(l[1]), l[1] < 100_000, "100 ms"), millis(l[2])})
	}
	return rows, server.Stop()
}

// timed sends a request and reads the whole answer.
func timed(req *http.Request) (time.Duration, error) {
	began := time.Now()
	res, err := http.DefaultTransport.RoundTrip(req) // no redirects: a page that is not to be seen would lead elsewhere
	if err != nil {
		return 0, err
	}
	defer res.Body.Close() //nolint:errcheck // read to its end
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %.300s", res.Status, body)
	}
	return time.Since(began), err
}

func (a *asker) page(path string) (*http.Request, error) {
	req, err := http.NewRequest(http.MethodGet, a.site+path, nil) //nolint:noctx // timed gives it one
	if err == nil {
		req.AddCookie(&http.Cookie{Name: "regulars_session", Value: a.session}) //nolint:gosec // sent, not set
	}
	return req, err
}

func (a *asker) call(method, path, body string) (*http.Request, error) {
	req, err := http.NewRequest(method, a.site+path, strings.NewReader(body)) //nolint:noctx // timed gives it one
	if err == nil {
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer "+a.keys[a.random.IntN(len(a.keys))])
	}
	return req, err
}

// readyAsker signs an owner in, puts tills into the store that sells most, and
// chooses whom to look for.
func readyAsker(ctx context.Context, s *shop) (_ *asker, err error) {
	services, err := site.Open(ctx, s.config(), time.Now)
	if err != nil {
		return nil, err
	}
	defer func() {
		if e := services.Close(ctx); err == nil {
			err = e
		}
	}()
	a := &asker{random: rand.New(rand.NewPCG(1, 1))} //nolint:gosec // what is looked for need not be hard to guess
	owner, err := services.Staff.Add(ctx, staff.By{}, staff.NewAccount{Name: "Bench", Login: "bench-owner", Role: staff.Owner, Password: "not-a-secret-at-all"})
	if err != nil {
		return nil, err
	}
	if a.session, _, err = services.Staff.StartSession(ctx, owner.ID, staff.Client{}); err != nil {
		return nil, err
	}
	var store int64
	const most = `SELECT store_id FROM receipts WHERE customer_id IS NOT NULL GROUP BY store_id ORDER BY COUNT(*) DESC LIMIT 1`
	if err := services.DB.QueryRow(ctx, most).Scan(&store); err != nil {
		return nil, err
	}
	if a.keys, err = keysIn(ctx, services, store); err != nil {
		return nil, err
	}
	const buyers = `
		SELECT r.customer_id, i.value FROM receipts r JOIN identifiers i ON i.customer_id = r.customer_id AND i.kind = 'phone'
		WHERE r.store_id = $1 ORDER BY r.id DESC LIMIT 5000`
	if a.buyers, err = people(ctx, services, buyers, store); err != nil {
		return nil, err
	}
	const loyal = `
		SELECT a.customer_id, i.value FROM accounts a JOIN identifiers i ON i.customer_id = a.customer_id AND i.kind = 'phone'
		ORDER BY a.receipts DESC LIMIT $1`
	a.loyal, err = people(ctx, services, loyal, 20)
	if err == nil && (len(a.buyers) == 0 || len(a.loyal) == 0) {
		err = fmt.Errorf("%s: nobody to look for", s.name)
	}
	return a, err
}

// keysIn puts tills into a store and gives their keys.
func keysIn(ctx context.Context, services *site.Services, store int64) (keys []string, err error) {
	err = services.DB.Write(ctx, func(ctx context.Context, tx *db.Tx) error {
		keys = nil
		for i := range tills {
			t, err := services.Catalog.CreateTillTx(ctx, tx, catalog.StoreID(store), fmt.Sprint("ask ", i))
			if err != nil {
				return err
			}
			key, _, err := services.Catalog.IssueKeyTx(ctx, tx, t.ID)
			if err != nil {
				return err
			}
			keys = append(keys, key)
		}
		return nil
	})
	return keys, err
}

// people reads whom a query gives with their phones.
func people(ctx context.Context, services *site.Services, query string, arg int64) (list []known, err error) {
	rows, err := services.DB.Query(ctx, query, arg)
	err = db.Scan(rows, err, func(r *db.Rows) error {
		var id int64
		var phone string
		err := r.Scan(&id, &phone)
		list = append(list, known{customer.ID(id).String(), services.Seal.Seal(id), phone})
		return err
	})
	return list, err
}
