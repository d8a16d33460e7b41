package catalog

import (
	"cmp"
	"context"
	"encoding/base64"
	"maps"
	"slices"
	"strconv"
	"strings"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/fold"
)

// ProductQuery says which products to list.
type ProductQuery struct {
	// Search is the beginnings of words of the name, brand or SKU, in any
	// order, or a whole SKU or barcode; what it names exactly comes first.
	Search   string
	Category string // code: the category and all below it
	Model    string // its variants alone
	Active   *bool
	After    string // cursor of the page before
	Limit    int    // 1 to MaxPage; 0: MaxPage
}

// MaxPage is the largest page of a list.
const MaxPage = 200

// maxSearch is how many words of a search count.
const maxSearch = 6

// Products lists products by name, the variants of a model together, with their barcodes, and gives the cursor of
// the next page; empty at the end.
func (s *Service) Products(ctx context.Context, q ProductQuery) (list []Product, next string, err error) {
	defer errs.Wrap(&err, "list products")
	if q.Limit <= 0 || q.Limit > MaxPage {
		q.Limit = MaxPage
	}
	f, err := s.filter(ctx, q)
	if err != nil {
		return nil, "", err
	}
	exact, err := s.exact(ctx, f, q)
	if err != nil {
		return nil, "", err
	}
	list, next, err = s.page(ctx, f, q)
	if err != nil {
		return nil, "", err
	}
	// What was named exactly leads the first page and comes nowhere else.
	list = slices.DeleteFunc(list, func(p Product) bool {
		return slices.ContainsFunc(exact, func(e Product) bool { return e.ID == p.ID })
	})
	if q.After == "" {
		list = append(exact, list...)
	}
	return list, next, s.addBarcodes(ctx, list)
}

// Sold lists what is sold, by name, with its barcodes: at most so many products.
func (s *Service) Sold(ctx context.Context, most int) (list []Product, err error) {
	defer errs.Wrap(&err, "list what is sold")
	var f filter
	f.add("p.active = ?", true)
	order := f.args.Put(" ORDER BY p.name_key, p.id LIMIT ?", most)
	if list, err = s.query(ctx, f, order); err != nil {
		return nil, err
	}
	return list, s.addBarcodes(ctx, list)
}

// addBarcodes gives the products of a list their barcodes.
func (s *Service) addBarcodes(ctx context.Context, list []Product) error {
	if len(list) == 0 {
		return nil
	}
	at := make(map[ProductID]*Product, len(list))
	for i := range list {
		at[list[i].ID] = &list[i]
	}
	ids := slices.Collect(maps.Keys(at))
	rows, err := s.db.Query(ctx, `SELECT product_id, code FROM barcodes WHERE product_id IN ($1...) ORDER BY code`, db.IDs(ids))
	return db.Scan(rows, err, func(r *db.Rows) error {
		var id ProductID
		var code string
		if err := r.Scan(&id, &code); err != nil {
			return err
		}
		at[id].Barcodes = append(at[id].Barcodes, code)
		return nil
	})
}

// filter collects conditions and their arguments.
type filter struct {
	where string
	args  db.Args
}

// add adds a condition; each ? in it is the next argument.
func (f *filter) add(condition string, values ...any) {
	f.where += " AND " + f.args.Put(condition, values...)
}

func (f filter) clone() filter { return filter{f.where, slices.Clone(f.args)} }

// filter is what holds for every product of the list, however it is found.
func (s *Service) filter(ctx context.Context, q ProductQuery) (f filter, err error) {
	if q.Active != nil {
		f.add("p.active = ?", *q.Active)
	}
	if q.Model != "" {
		f.add("p.model_key = ? AND p.model_key <> ''", fold.Key(q.Model))
	}
	if q.Category == "" {
		return f, nil
	}
	all, err := s.Categories(ctx)
	if err != nil {
		return f, err
	}
	var below []int64
	for _, c := range all {
		if slices.Contains(c.Path, q.Category) {
			below = append(below, int64(c.ID))
		}
	}
	if len(below) == 0 {
		return f, ErrCategoryNotFound.At("/category")
	}
	f.add("p.category_id IN (?...)", db.Int64s(below))
	return f, nil
}

// exact finds what the search names exactly.
func (s *Service) exact(ctx context.Context, f filter, q ProductQuery) (list []Product, err error) {
	code := fold.Line(q.Search)
	if code == "" {
		return nil, nil
	}
	f = f.clone()
	f.add("p.id IN (SELECT id FROM products WHERE sku = ? UNION ALL SELECT product_id FROM barcodes WHERE code = ?)", code, code)
	return s.query(ctx, f, " ORDER BY p.sku")
}

func (s *Service) page(ctx context.Context, f filter, q ProductQuery) (list []Product, next string, err error) {
	f = f.clone()
	words := fold.Words(q.Search)
	if len(words) == 0 && fold.Line(q.Search) != "" {
		return nil, "", nil // nothing in it that a name could begin with
	}
	for _, w := range words[:min(len(words), maxSearch)] {
		f.add("p.id IN (SELECT product_id FROM product_words WHERE word >= ? AND word < ?)", w, fold.After(w))
	}
	if q.After != "" {
		group, key, id, err := readCursor(q.After)
		if err != nil {
			return nil, "", err
		}
		f.add(listed+" >= ?", group) // SQLite finds the place by this, and by rows of values does not
		f.add("("+listed+", p.name_key, p.id) > (?, ?, ?)", group, key, id)
	}
	order := f.args.Put(" ORDER BY "+listed+", p.name_key, p.id LIMIT ?", q.Limit+1)
	list, err = s.query(ctx, f, order)
	if err == nil && len(list) > q.Limit {
		list = list[:q.Limit]
		last := list[q.Limit-1]
		next = writeCursor(cmp.Or(fold.Key(last.Model), fold.Key(last.Name)), fold.Key(last.Name), last.ID)
	}
	return list, next, err
}

func (s *Service) query(ctx context.Context, f filter, order string) (list []Product, err error) {
	rows, err := s.db.Query(ctx, `SELECT `+productColumns+fromProducts+` WHERE TRUE`+f.where+order, f.args...)
	err = db.Scan(rows, err, func(r *db.Rows) error {
		p, err := scanProduct(r)
		list = append(list, p)
		return err
	})
	return list, err
}

// listed is what products stand under in a list, as its index has it.
const listed = `(CASE WHEN p.model_key = '' THEN p.name_key ELSE p.model_key END)`

// writeCursor is where a page ends. No key has a line end in it.
func writeCursor(group, key string, id ProductID) string {
	return base64.RawURLEncoding.EncodeToString([]byte(id.String() + "\n" + group + "\n" + key))
}

func readCursor(cursor string) (group, key string, id int64, err error) {
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	parts := strings.Split(string(text), "\n")
	if err == nil && len(parts) == 3 {
		group, key = parts[1], parts[2]
		id, err = strconv.ParseInt(parts[0], 10, 64)
	}
	if err != nil || len(parts) != 3 || fold.Key(group) != group || fold.Key(key) != key {
		return "", "", 0, errs.InvalidField("/after", "bad_cursor", "is not a cursor of this list: begin again without it")
	}
	return group, key, id, nil
}
