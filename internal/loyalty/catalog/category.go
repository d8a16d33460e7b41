package catalog

import (
	"context"
	"maps"
	"slices"
	"strings"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/fold"
)

// Failures that callers tell apart.
var (
	ErrCategoryNotFound = errs.New(errs.NotFound, "category_not_found", "There is no such category.")
	ErrCategoryExists   = errs.New(errs.Conflict, "category_exists", "Another category has this code.")
)

// maxDepth is how deep categories may lie in each other.
const maxDepth = 16

// Category is a kind of goods.
type Category struct {
	ID     CategoryID
	Parent CategoryID // 0: none
	Code   string
	Name   string
	Path   []string // codes from this one up to the root
}

// CategoryInput creates a category or changes the one of its code.
type CategoryInput struct {
	Code   string
	Name   string  // empty: stays, a new one is called by its code
	Parent *string // code; nil: stays; empty: none
}

// Saved counts what a set of inputs came to.
type Saved struct {
	Created, Updated, Unchanged int
	// Refused are inputs that were left out, by their place, and Same those that changed
	// nothing.
	Refused map[int]error
	Same    map[int]bool
}

func (s *Saved) same(i int) {
	if s.Same == nil {
		s.Same = map[int]bool{}
	}
	s.Same[i] = true
	s.Unchanged++
}

func (s *Saved) refuse(i int, err error) {
	if s.Refused == nil {
		s.Refused = map[int]error{}
	}
	s.Refused[i] = err
}

// tree is all categories by code.
type tree map[string]*Category

const readCategories = `SELECT id, COALESCE(parent_id, 0), code, name, path FROM categories ORDER BY id`

func (t tree) scan(r *db.Rows) error {
	var (
		c    Category
		path string
	)
	if err := r.Scan(&c.ID, &c.Parent, &c.Code, &c.Name, &path); err != nil {
		return err
	}
	c.Path = splitPath(path)
	t[c.Code] = &c
	return nil
}

// ids are those of codes, in order.
func (t tree) ids(codes map[string]bool) (ids []CategoryID) {
	for _, code := range slices.Sorted(maps.Keys(codes)) {
		ids = append(ids, t[code].ID)
	}
	return ids
}

func joinPath(codes []string) string { return strings.Join(codes, "\n") }

func splitPath(path string) []string {
	if path == "" {
		return nil
	}
	return strings.Split(path, "\n")
}

// Categories lists all categories, each after its parent, by name.
func (s *Service) Categories(ctx context.Context) (_ []Category, err error) {
	defer errs.Wrap(&err, "list categories")
	t := tree{}
	rows, err := s.db.Query(ctx, readCategories)
	if err := db.Scan(rows, err, t.scan); err != nil {
		return nil, err
	}
	return t.sorted(), nil
}

func (t tree) sorted() []Category {
	children := map[CategoryID][]*Category{}
	for _, c := range t {
		children[c.Parent] = append(children[c.Parent], c)
	}
	list := make([]Category, 0, len(t))
	var walk func(CategoryID)
	walk = func(id CategoryID) {
		slices.SortFunc(children[id], func(a, b *Category) int { return strings.Compare(fold.Key(a.Name)+a.Code, fold.Key(b.Name)+b.Code) })
		for _, c := range children[id] {
			list = append(list, *c)
			walk(c.ID)
		}
	}
	walk(0)
	return list
}

// Paths call categories by their names, each after those that it is in, as files do:
// "Home / Glass". They come as Categories gives them, each after its parent.
func Paths(list []Category) map[CategoryID]string {
	paths := make(map[CategoryID]string, len(list))
	for _, c := range list {
		paths[c.ID] = c.Name
		if c.Parent != 0 {
			paths[c.ID] = paths[c.Parent] + " / " + c.Name
		}
	}
	return paths
}

// CreateCategoryTx creates a category. It fails with ErrCategoryExists; the
// transaction must be taken back then, as after every failure.
func (s *Service) CreateCategoryTx(ctx context.Context, tx *db.Tx, in CategoryInput) (c Category, err error) {
	defer errs.Wrap(&err, "create category")
	before, c, err := s.saveCategoryTx(ctx, tx, in)
	if err == nil && before != nil {
		err = ErrCategoryExists.At("/code")
	}
	return c, err
}

// UpdateCategoryTx changes the category of a code and returns it as it was and
// as it is. It fails with ErrCategoryNotFound; the transaction must be taken back
// then.
func (s *Service) UpdateCategoryTx(ctx context.Context, tx *db.Tx, in CategoryInput) (before, after Category, err error) {
	defer errs.Wrap(&err, "change category")
	was, after, err := s.saveCategoryTx(ctx, tx, in)
	if err == nil && was == nil {
		err = ErrCategoryNotFound
	}
	if err != nil {
		return before, after, err
	}
	return *was, after, nil
}

// saveCategoryTx saves one category; before is nil where there was none.
func (s *Service) saveCategoryTx(ctx context.Context, tx *db.Tx, in CategoryInput) (before *Category, after Category, err error) {
	saved, was, t, err := s.saveCategoriesTx(ctx, tx, []CategoryInput{in})
	if err == nil {
		err = saved.Refused[0]
	}
	if err != nil {
		return nil, after, err
	}
	code := fold.Line(in.Code)
	if saved.Created == 0 {
		c := was[code]
		before = &c
	}
	return before, *t[code], nil
}

// SaveCategoriesTx creates and changes categories. A parent may be created by
// the same call, before or after.
func (s *Service) SaveCategoriesTx(ctx context.Context, tx *db.Tx, in []CategoryInput) (saved Saved, err error) {
	defer errs.Wrap(&err, "save categories")
	saved, _, _, err = s.saveCategoriesTx(ctx, tx, in)
	return saved, err
}

// saveCategoriesTx saves categories and returns all as they were, those that it
// created among them, and as they are.
func (s *Service) saveCategoriesTx(ctx context.Context, tx *db.Tx, in []CategoryInput) (saved Saved, was map[string]Category, t tree, err error) {
	var codes []string
	for i := range in {
		in := &in[i]
		if err := in.clean(); err != nil {
			saved.refuse(i, err)
			continue
		}
		codes = append(codes, in.Code)
		if in.Parent != nil && *in.Parent != "" {
			codes = append(codes, *in.Parent)
		}
	}
	t, created, err := s.categoriesTx(ctx, tx, codes)
	if err != nil {
		return saved, nil, nil, err
	}
	was = map[string]Category{}
	for code, c := range t {
		was[code] = *c
	}
	counted := map[string]bool{} // a code that comes twice is created once
	for i, in := range in {
		if saved.Refused[i] != nil {
			continue
		}
		changed, err := t.apply(in)
		switch {
		case err != nil:
			saved.refuse(i, err)
		case created[in.Code] && !counted[in.Code]:
			saved.Created++
		case changed:
			saved.Updated++
		default:
			saved.Unchanged++
		}
		counted[in.Code] = true
	}
	t.repath()
	var (
		b    db.Batch
		told []CategoryID
	)
	for _, code := range slices.Sorted(maps.Keys(t)) {
		c, old := t[code], was[code]
		same := c.Name == old.Name && c.Parent == old.Parent && slices.Equal(c.Path, old.Path)
		if !same || created[code] {
			told = append(told, c.ID)
		}
		if same {
			continue
		}
		const update = `UPDATE categories SET parent_id = $2, name = $3, path = $4 WHERE id = $1`
		b.Guard(update, int64(c.ID), db.NullID(c.Parent), c.Name, joinPath(c.Path))
	}
	tell(s, &b, EventCategories, told)
	return saved, was, t, tx.Run(ctx, &b)
}

// clean puts what was sent into its normal form and says what is wrong.
func (in *CategoryInput) clean() error {
	in.Code, in.Name = fold.Line(in.Code), fold.Line(in.Name)
	var wrong errs.List
	required(&wrong, "/code", in.Code, MaxCode)
	wrong.Bound("/name", in.Name, MaxName)
	if in.Parent != nil {
		parent := fold.Line(*in.Parent)
		in.Parent = &parent
		wrong.Bound("/parent", parent, MaxCode)
	}
	return wrong.Err()
}

// apply changes the category of in, which is in the tree.
func (t tree) apply(in CategoryInput) (changed bool, err error) {
	c := t[in.Code]
	if in.Name != "" && in.Name != c.Name {
		c.Name, changed = in.Name, true
	}
	if in.Parent == nil {
		return changed, nil
	}
	parent := CategoryID(0)
	if *in.Parent != "" {
		parent = t[*in.Parent].ID
	}
	if parent == c.Parent {
		return changed, nil
	}
	old := c.Parent
	c.Parent = parent
	if !t.sound() {
		c.Parent = old
		return changed, errs.InvalidField("/parent", "category_cycle", "would put the category into itself, or deeper than %d", maxDepth)
	}
	return true, nil
}

func (t tree) byID() map[CategoryID]*Category {
	ids := make(map[CategoryID]*Category, len(t))
	for _, c := range t {
		ids[c.ID] = c
	}
	return ids
}

// sound reports whether every category reaches a root.
func (t tree) sound() bool {
	ids := t.byID()
	for _, c := range t {
		depth := 0
		for c != nil && depth <= maxDepth {
			c = ids[c.Parent]
			depth++
		}
		if depth > maxDepth {
			return false
		}
	}
	return true
}

// repath computes every path of a sound tree.
func (t tree) repath() {
	ids := t.byID()
	for _, c := range t {
		var path []string
		for up := c; up != nil; up = ids[up.Parent] {
			path = append(path, up.Code)
		}
		c.Path = path
	}
}

// categoriesTx reads the tree, locked, after creating the codes that are
// missing as roots called by their code, of which the caller tells.
func (s *Service) categoriesTx(ctx context.Context, tx *db.Tx, codes []string) (t tree, created map[string]bool, err error) {
	created = map[string]bool{}
	const lock = readCategories + `
		FOR NO KEY UPDATE -- postgres`
	for {
		t = tree{}
		rows, err := tx.Query(ctx, lock)
		if err := db.Scan(rows, err, t.scan); err != nil {
			return nil, nil, err
		}
		var b db.Batch
		for _, code := range slices.Compact(slices.Sorted(slices.Values(codes))) {
			if t[code] != nil {
				continue
			}
			// Another process may create it at the same moment; then its
			// row is read in the next round.
			const insert = `
				INSERT INTO categories (id, code, name, path) VALUES ($1, $2, $2, $2)
				ON CONFLICT (code) DO NOTHING
				RETURNING code`
			b.Query(func(r *db.Rows) error {
				var code string
				err := r.Scan(&code)
				created[code] = true
				return err
			}, insert, s.mint.Next(), code)
		}
		if b.Empty() {
			return t, created, nil
		}
		if err := tx.Run(ctx, &b); err != nil {
			return nil, nil, err
		}
	}
}
