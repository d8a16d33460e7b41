package customer

import (
	"context"
	"strings"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/fold"
	"regulars/internal/loyalty/catalog"
)

// SearchIn is Search for those who see customers masked. It finds who is asked
// for as a whole, so that nothing that is masked can be found out piece by
// piece: a whole phone, card or e-mail, the last four digits, or first and last
// name; and only customers of the stores. Store 0 is that of customers who have
// none.
func (s *Service) SearchIn(ctx context.Context, stores []catalog.StoreID, query string, limit int) (_ []Customer, err error) {
	defer errs.Wrap(&err, "search customers of stores")
	if limit <= 0 || limit > MaxSearch {
		limit = MaxSearch
	}
	return s.answer(ctx, s.readingsIn(stores, query, limit), limit)
}

// readingsIn are the statements that answer a query in stores.
func (s *Service) readingsIn(stores []catalog.StoreID, query string, limit int) (list []reading) {
	query = fold.Line(query)
	if query == "" || len(query) > maxQuery || len(stores) == 0 {
		return nil
	}
	in := db.IDs(stores)
	for _, i := range s.Candidates(query) {
		if i.Kind == Phone || i.Kind == Card || i.Kind == Email {
			list = append(list, reading{text: exactlyInText, args: []any{string(i.Kind), i.Value, in}})
		}
	}
	if strings.Trim(query, digits) == "" {
		if len(query) == MinTail {
			prefix := reversed(query)
			list = append(list, reading{text: endingInText, args: []any{prefix, fold.After(prefix), in, limit}})
		}
		return list
	}
	words := fold.Words(query)
	for i := 1; i < min(len(words), maxWords); i++ {
		a, b := strings.Join(words[:i], " "), strings.Join(words[i:], " ")
		for _, name := range [][2]string{{b, a}, {a, b}} {
			list = append(list, reading{text: namedInText, args: []any{name[0], name[1], in, limit}})
		}
	}
	return list
}

const (
	exactlyInText = `
		SELECT c.id, '' FROM identifiers i JOIN customers c ON c.id = i.customer_id
		 WHERE i.kind = $1 AND i.value = $2 AND COALESCE(c.home_store_id, 0) IN ($3...)`
	endingInText = `
		SELECT c.id, ''
		  FROM identifiers i CROSS JOIN customers c -- sqlite
		  FROM identifiers i JOIN customers c ON TRUE -- postgres
		 WHERE i.tail <> '' AND i.tail >= $1 AND i.tail < $2 AND c.id = i.customer_id AND COALESCE(c.home_store_id, 0) IN ($3...)
		 ORDER BY i.tail LIMIT $4`
	namedInText = `
		SELECT id, '' FROM customers
		       INDEXED BY customers_last -- sqlite
		 WHERE last_key = $1 AND first_key = $2 AND COALESCE(home_store_id, 0) IN ($3...)
		 LIMIT $4`
)
