package verify

import (
	"encoding/json"
	"maps"
	"slices"

	"regulars/internal/base/db"
)

// brought counts what imports brought, as it is gone through.
type brought struct {
	receipts  map[int64]int64 // by source
	customers map[int64]int64 // by import
	points    map[int64]int64 // of opening balances, by import
}

// imports compares what imports say they brought with what is there.
func (a *audit) imports() {
	type source struct {
		recorded int64
		open     bool // an import is not done, or failed on its way
	}
	sources := map[int64]source{}
	for id := range a.sources {
		sources[id] = source{}
	}
	there, cards := map[int64]bool{}, a.giftcards()
	a.scan("imports", func(r *db.Rows) error {
		var (
			id, of            int64
			kind, state, text string
		)
		if err := r.Scan(&id, &of, &kind, &state, &text); err != nil {
			return err
		}
		there[id] = true
		var report struct {
			Recorded     int64 `json:"recorded"`
			Created      int64 `json:"created"`
			NewCustomers int64 `json:"new_customers"`
			Points       int64 `json:"points"`
			Cards        int64 `json:"cards"`
			CardsTotal   int64 `json:"cards_total"`
		}
		if err := json.Unmarshal([]byte(text), &report); err != nil {
			a.off(ImportReport, at("imports", id), "report", "JSON", text, err.Error())
			return nil
		}
		s := sources[of]
		if state != "checked" { // that is what it would bring
			s.recorded += report.Recorded
		}
		s.open = s.open || state != "done" && state != "draft" && state != "checked"
		sources[of] = s
		if state != "done" {
			return nil
		}
		people := report.NewCustomers
		if kind == "customers" {
			people += report.Created
		}
		a.equal(ImportReport, at("imports", id), "report", a.brought.customers[id], people, "customers that it brought")
		a.equal(ImportReport, at("imports", id), "report", a.brought.points[id], report.Points, "hundredths of points in opening balances that it brought")
		a.equal(ImportReport, at("imports", id), "report", cards[id].n, report.Cards, "gift cards that it brought")
		a.equal(ImportReport, at("imports", id), "report", cards[id].balance, report.CardsTotal, "minor units on gift cards that it brought")
		return nil
	}, `SELECT id, source_id, kind, state, report FROM imports`)
	a.startedImports(there)
	for _, id := range slices.Sorted(maps.Keys(sources)) {
		if s := sources[id]; !s.open {
			a.equal(ImportReport, at("sources", id), "", a.brought.receipts[id], s.recorded, "receipts of it, by the reports of its imports")
		}
	}
}

// waiting is the gift cards of an import.
type waiting struct{ n, balance int64 }

// giftcards sums up the gift cards that imports brought. Nobody holds one who was
// merged into somebody, or erased.
func (a *audit) giftcards() map[int64]waiting {
	cards := map[int64]waiting{}
	a.look(func(r *db.Rows) error {
		var hash, state string
		err := r.Scan(&hash, &state)
		a.found(Finding{Merge, "imported_giftcards", "hash=" + hash, "customer_id", "somebody who is there", "a profile that is " + state, ""})
		return err
	}, `SELECT g.hash, c.state FROM imported_giftcards g JOIN customers c ON c.id = g.customer_id WHERE c.state IN ('merged', 'erased') ORDER BY 1`)
	a.scan("imported_giftcards", func(r *db.Rows) error {
		var source, id, n, balance int64
		if err := r.Scan(&source, &id, &n, &balance); err != nil {
			return err
		}
		if a.importsOf[id] != source {
			a.off(Reference, at("imports", id), "source_id", "the source of its gift cards", a.show("", source), "")
		}
		cards[id] = waiting{cards[id].n + n, plus(cards[id].balance, balance)}
		return nil
	}, `SELECT source_id, import_id, COUNT(*), CAST(SUM(balance) AS BIGINT) FROM imported_giftcards GROUP BY source_id, import_id`)
	return cards
}

// startedImports looks whether what was started from a page is there, with the
// job that does it: jobs are kept for ever.
func (a *audit) startedImports(there map[int64]bool) {
	jobs := map[string]bool{}
	a.scan("jobs", func(r *db.Rows) error {
		var dedupe string
		err := r.Scan(&dedupe)
		jobs[dedupe] = true
		return err
	}, `SELECT dedupe FROM jobs WHERE kind = 'import' AND dedupe IS NOT NULL`)
	for _, id := range slices.Sorted(maps.Keys(a.started)) {
		if a.discarded[id] {
			continue
		}
		told, key := "line "+a.show("", a.started[id])+" of the audit log says that it was started", a.show("", id)
		if !there[id] {
			a.off(Reference, at("imports", id), "", "an import", "none", told)
		}
		if !jobs[key] {
			a.found(Finding{Reference, "jobs", "kind=import dedupe=" + key, "", "the job of an import", "none", told})
		}
	}
}
