package attribute

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"

	"regulars/internal/base/checksum"
	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/event"
	"regulars/internal/base/fold"
	"regulars/internal/base/id"
	"regulars/internal/loyalty/customer"
)

// Failures of attributes.
var (
	ErrNotFound = errs.New(errs.NotFound, "attribute_not_found", "There is no such attribute.")
	ErrUnfit    = errs.New(errs.Invalid, "attribute_unfit", "The attribute cannot have such a value.")
	ErrTaken    = errs.New(errs.Conflict, "attribute_taken", "There is an attribute of this code already.").At("/code")
)

// EventChanged tells that an attribute was defined or changed; ref is its id.
const EventChanged = "attribute.changed"

// Format is what values of an attribute are.
type Format string

// The formats.
const (
	TextFormat    Format = "text"
	NumberFormat  Format = "number"
	DateFormat    Format = "date"
	YesNoFormat   Format = "yesno"
	OneFormat     Format = "choice"  // of the choices
	SeveralFormat Format = "choices" // of the choices; kept as their codes with commas between
)

// Formats lists the formats.
var Formats = []Format{TextFormat, NumberFormat, DateFormat, YesNoFormat, OneFormat, SeveralFormat}

// What tills may do with an attribute; nothing where it is empty.
const (
	TillsSee = "see"
	TillsSet = "set" // and see
)

// ID identifies a definition.
type ID = id.Of[Definition]

// Names are what something is called, by language; the code where there is none.
type Names map[string]string

// In is the name in a language.
func (n Names) In(language, code string) string {
	for _, in := range append([]string{language}, customer.Languages...) {
		if n[in] != "" {
			return n[in]
		}
	}
	return code
}

// Choice is one of the values that a list has.
type Choice struct {
	Code  string `json:"code"`
	Names Names  `json:"names"`
}

// Definition is an attribute that a chain keeps of its customers. Its code and format
// never change, as values are kept by them; it is archived and not removed.
type Definition struct {
	ID       ID
	Code     string
	Format   Format
	Names    Names
	Choices  []Choice
	Tills    string // "", TillsSee or TillsSet
	Personal bool
	Required bool
	Position int64
	Archived bool
}

// List reports whether values are of the choices.
func (d *Definition) List() bool { return d.Format == OneFormat || d.Format == SeveralFormat }

// maxChoices of a list.
const maxChoices = 200

// codes are what attributes and choices may be called by programs.
var codes = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,39}$`)

// Code is a code as it is kept of what somebody types; "": it cannot be one.
func Code(text string) string {
	code := strings.ToLower(fold.Line(text))
	if !codes.MatchString(code) {
		return ""
	}
	return code
}

func (d *Definition) clean(wrong *errs.List) {
	d.Code = strings.ToLower(fold.Line(d.Code))
	if !codes.MatchString(d.Code) {
		wrong.Add("/code", "bad_code", "must be up to 40 small Latin letters, digits, hyphens and underscores")
	}
	if !slices.Contains(Formats, d.Format) {
		wrong.Add("/format", "unknown_format", "must be text, number, date, yesno, choice or choices")
	}
	if d.Tills != "" && d.Tills != TillsSee && d.Tills != TillsSet {
		wrong.Add("/tills", "unknown_format", "must be empty, see or set")
	}
	d.Names = d.Names.clean(wrong, "/name_")
	if d.Names.In("", "") == "" {
		wrong.Add("/name_"+customer.Languages[0], "required", "is missing in every language")
	}
	if !d.List() {
		d.Choices = nil
		return
	}
	if len(d.Choices) == 0 || len(d.Choices) > maxChoices {
		wrong.Add("/choices", "bad_choices", "must be 1 to %d, one a line", maxChoices).With("max", maxChoices)
	}
	seen := map[string]bool{}
	for i := range d.Choices {
		c := &d.Choices[i]
		c.Code, c.Names = strings.ToLower(fold.Line(c.Code)), c.Names.clean(wrong, "/choices/")
		if !codes.MatchString(c.Code) || seen[c.Code] {
			wrong.Add("/choices", "bad_code", "have a code that comes twice or is not up to 40 small Latin letters, digits, hyphens and underscores")
		}
		seen[c.Code] = true
	}
}

// have reports whether a key is that of the name in some language.
func (n Names) have(key string) bool {
	for _, name := range n {
		if name != "" && fold.Key(name) == key {
			return true
		}
	}
	return false
}

func (n Names) clean(wrong *errs.List, pointer string) Names {
	out := Names{}
	for _, in := range customer.Languages {
		if name := fold.Line(n[in]); name != "" {
			out[in] = name
			wrong.Bound(pointer+in, name, customer.MaxKey)
		}
	}
	return out
}

func (d *Definition) choices() string {
	if len(d.Choices) == 0 {
		return "[]"
	}
	text, err := json.Marshal(d.Choices)
	if err != nil { // texts only
		panic(err)
	}
	return string(text)
}

func (d *Definition) checksum() int64 {
	return checksum.Of([]int64{int64(d.ID), checksum.Bit(d.Personal), checksum.Bit(d.Required), d.Position, checksum.Bit(d.Archived)},
		d.Code, string(d.Format), d.Names["ru"], d.Names["uz"], d.Names["en"], d.choices(), d.Tills)
}

// DefineTx adds an attribute, or changes the one of d.ID, and returns it as it was
// and as it is. It fails with ErrNotFound or ErrTaken.
func (s *Service) DefineTx(ctx context.Context, tx *db.Tx, d Definition) (before, after Definition, err error) {
	defer errs.Wrap(&err, "define attribute %s", d.Code)
	if d.ID != 0 {
		const read = `
			SELECT code, kind FROM attributes WHERE id = $1
			FOR NO KEY UPDATE -- postgres`
		err := tx.QueryRow(ctx, read, int64(d.ID)).Scan(&d.Code, &d.Format)
		if errors.Is(err, db.ErrNoRows) {
			err = ErrNotFound
		}
		if err != nil {
			return before, before, err
		}
		all, err := s.definitions(ctx, tx.Query)
		if err != nil {
			return before, before, err
		}
		before = *all.Of(d.Code)
	}
	var wrong errs.List
	d.clean(&wrong)
	if err := wrong.Err(); err != nil {
		return before, before, err
	}
	if d.ID != 0 {
		const update = `
			UPDATE attributes
			   SET name_ru = $2, name_uz = $3, name_en = $4, choices = $5, tills = $6, personal = $7, required = $8, position = $9, archived = $10, checksum = $11
			 WHERE id = $1`
		err = tx.Guard(ctx, update, int64(d.ID), d.Names["ru"], d.Names["uz"], d.Names["en"], d.choices(), d.Tills, d.Personal, d.Required, d.Position, d.Archived, d.checksum())
	} else {
		d.ID = ID(s.mint.Next())
		const insert = `
			INSERT INTO attributes (id, code, kind, name_ru, name_uz, name_en, choices, tills, personal, required, position, archived, checksum)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`
		err = tx.Try(ctx, func() error {
			_, err := tx.Exec(ctx, insert, int64(d.ID), d.Code, string(d.Format), d.Names["ru"], d.Names["uz"], d.Names["en"], d.choices(), d.Tills, d.Personal, d.Required, d.Position, d.Archived, d.checksum())
			return err
		})
		if errors.Is(err, db.ErrUnique) {
			err = ErrTaken
		}
	}
	if err != nil {
		return before, before, err
	}
	var b db.Batch
	event.Append(&b, event.Event{At: s.now(), Kind: EventChanged, Ref: int64(d.ID), Body: event.Body(map[string]string{"code": d.Code})})
	return before, d, tx.Run(ctx, &b)
}

// Definitions are all attributes, in their order, the archived ones as well.
type Definitions []Definition

// Definitions reads the attributes.
func (s *Service) Definitions(ctx context.Context) (list Definitions, err error) {
	defer errs.Wrap(&err, "read attributes")
	return s.definitions(ctx, s.db.Query)
}

func (s *Service) definitions(ctx context.Context, query func(context.Context, string, ...any) (*db.Rows, error)) (list Definitions, err error) {
	rows, err := query(ctx, `
		SELECT id, code, kind, name_ru, name_uz, name_en, choices, tills, personal, required, position, archived
		  FROM attributes ORDER BY position, code`)
	return list, db.Scan(rows, err, func(r *db.Rows) error {
		var (
			d                   Definition
			ru, uz, en, choices string
		)
		if err := r.Scan(&d.ID, &d.Code, &d.Format, &ru, &uz, &en, &choices, &d.Tills, &d.Personal, &d.Required, &d.Position, &d.Archived); err != nil {
			return err
		}
		d.Names = Names{"ru": ru, "uz": uz, "en": en}
		list = append(list, d)
		return json.Unmarshal([]byte(choices), &list[len(list)-1].Choices)
	})
}

// Of gives an attribute by its code; nil: there is none.
func (l Definitions) Of(code string) *Definition {
	for i := range l {
		if l[i].Code == code {
			return &l[i]
		}
	}
	return nil
}

// Named gives an attribute that is not archived by its code or a name of any
// language, as a column of a file may be headed; nil: there is none.
func (l Definitions) Named(name string) *Definition {
	key := fold.Key(name)
	if d := l.Of(strings.ToLower(name)); d != nil && !d.Archived {
		return d
	}
	for i := range l {
		d := &l[i]
		if !d.Archived && d.Names.have(key) {
			return d
		}
	}
	return nil
}

// SeenAtTills are those whose values tills are shown.
func (l Definitions) SeenAtTills() Definitions {
	return l.those(func(d *Definition) bool { return d.Tills != "" && !d.Personal })
}

// SetAtTills are those of which tills say what the values are when somebody registers.
func (l Definitions) SetAtTills() Definitions {
	return l.those(func(d *Definition) bool { return d.Tills == TillsSet })
}

func (l Definitions) those(fit func(*Definition) bool) (list Definitions) {
	for i := range l {
		if d := &l[i]; !d.Archived && fit(d) {
			list = append(list, *d)
		}
	}
	return list
}

// Keeping gives the attributes with what values hold that was taken out of a list since,
// as choices of it still: saving a form does not lose them. named is what such a choice
// is called in a language.
func (l Definitions) Keeping(values customer.Attributes, named func(language, code string) string) Definitions {
	l = slices.Clone(l)
	for i := range l {
		d := &l[i]
		if !d.List() {
			continue
		}
		for _, code := range Chosen(values[d.Code]) {
			if d.place(code) >= 0 {
				continue
			}
			former := Choice{Code: code, Names: Names{}}
			for _, in := range customer.Languages {
				former.Names[in] = named(in, code)
			}
			d.Choices = append(slices.Clip(d.Choices), former)
		}
	}
	return l
}
