package importer

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/merge"
)

// Of families that share phones some are forgotten, merged before or not: the files that
// brought them bring nobody back, and whose the receipts of the others are does not change.
func TestSoakForgottenFamilies(t *testing.T) {
	t.Parallel()
	for seed := range uint64(rounds(2)) {
		dbtest.Run(t, func(t *testing.T, d *db.DB) { forgetFamilies(t, d, seed) })
	}
}

func forgetFamilies(t *testing.T, d *db.DB, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 11))
	h, ctx := newHouse(t, d, "UZS", "Asia/Tashkent", t.TempDir()), t.Context()
	h.batchRows = 1 + r.IntN(12)
	h.open("Main")
	h.install("Main", plainRules())
	const n = 14
	who, people := family(r, n)
	errorf := func(text string, args ...any) {
		t.Helper()
		t.Errorf("seed %d: "+text+"\n%s", append(append([]any{seed}, args...), people)...)
	}
	sales := func(series string) string {
		var b strings.Builder
		b.WriteString("number,date,customer_id,card,phone,email,product,quantity,price\n")
		for k, w := range who {
			fmt.Fprintf(&b, "%s%d,2024-05-01 10:00,%s,Нон,%d,1500\n", series, k, w, k+1)
		}
		return b.String()
	}
	buyers := func(series string) (of [n]customer.ID) {
		for k := range of {
			of[k] = customer.ID(h.count(`SELECT COALESCE(customer_id, 0) FROM receipts WHERE number = $1`, fmt.Sprint(series, k)))
		}
		return of
	}
	times := 0 // a file of the same bytes is not taken
	load := func(kind Kind, text string) Report {
		times++
		return h.rehearsed(t, text+strings.Repeat("\n", times), File{Source: "old", Kind: kind, Anew: true})
	}
	load(KindCustomers, people)
	load(KindReceipts, sales("A"))
	all := h.business()
	if seed%2 == 1 {
		mergeSome(t, all.Merges, r, func() (from, into customer.ID) {
			of := buyers("A")
			return of[r.IntN(n)], of[r.IntN(n)]
		})
	}
	before, gone := buyers("A"), map[customer.ID]bool{0: true}
	var lost []customer.Identifier
	for _, id := range before {
		if gone[id] || r.IntN(3) > 0 {
			continue
		}
		c, err := h.customers.Get(ctx, id)
		must(t, err)
		lost = append(lost, c.Identifiers...)
		h.forget(id)
		gone[id] = true
	}
	living := func() int64 { return h.count(`SELECT COUNT(*) FROM customers WHERE state = 'active'`) }
	count := living()
	for range 2 {
		load(KindCustomers, people)
		if rep := load(KindReceipts, sales("A")); rep.Recorded != 0 || rep.Differing != 0 {
			errorf("of the receipts %d are recorded again, %d differ", rep.Recorded, rep.Differing)
		}
	}
	load(KindReceipts, sales("B"))
	if now := living(); now != count {
		errorf("%d are here, %d before", now, count)
	}
	for _, i := range lost {
		if _, err := h.customers.Find(ctx, i); err == nil && i.Kind != customer.Card {
			errorf("%s %s is here again", i.Kind, i.Value)
		}
	}
	for k, is := range buyers("B") {
		want := before[k]
		if gone[want] {
			want = 0
		}
		if is != want {
			errorf("the receipt of %q is of %d, not of %d", who[k], is, want)
		}
	}
	h.verify()
}

// family is a file of n customers, of whom many share a phone, and what tells each in a
// file of receipts.
func family(r *rand.Rand, n int) (who []string, file string) {
	maybe := func(chance float64, s string) string {
		if r.Float64() < chance {
			return s
		}
		return ""
	}
	ids, names := r.IntN(2) == 0, r.IntN(4) > 0
	rows := []string{"customer_id,card,phone,email,name,born,points"}
	for k := range n {
		id, card, name := "", maybe(.5, fmt.Sprint("C", 100+k)), ""
		if ids {
			id = maybe(.8, fmt.Sprint(k+1))
		}
		if names {
			name = fmt.Sprintf("Name%c Family%c", 'a'+rune(k), 'a'+rune(k))
		}
		phone, email := maybe(.8, fmt.Sprint("90123450", r.IntN(6))), maybe(.3, fmt.Sprintf("e%d@example.com", k))
		if id+card+phone+email == "" {
			card = fmt.Sprint("C", 100+k)
		}
		who = append(who, strings.Join([]string{id, card, phone, email}, ","))
		rows = append(rows, fmt.Sprintf("%s,%s,%s,10", who[k], name, maybe(.6, fmt.Sprintf("19%d-01-01", 50+k))))
	}
	return who, strings.Join(rows, "\n") + "\n"
}

// mergeSome merges some of those of whom pick gives pairs, and undoes some of it.
func mergeSome(t *testing.T, merges *merge.Service, r *rand.Rand, pick func() (from, into customer.ID)) {
	t.Helper()
	for range 6 {
		from, into := pick()
		if from == into || from == 0 || into == 0 {
			continue
		}
		out, err := merges.Merge(t.Context(), from, into, 0, nil)
		must(t, err)
		if r.IntN(3) == 0 {
			must(t, merges.Undo(t.Context(), out.ID, 0, nil))
		}
	}
}
