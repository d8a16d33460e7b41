package db

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

type engine int

const (
	sqliteEngine engine = iota
	postgresEngine
)

// Int64s is the argument of a list: "WHERE id IN ($1...)".
type Int64s []int64

// IDs is the argument of a list of ids: "WHERE id IN ($1...)".
func IDs[ID ~int64](ids []ID) Int64s {
	list := make(Int64s, len(ids))
	for i, id := range ids {
		list[i] = int64(id)
	}
	return list
}

// NullID is an id as the database keeps it: 0, which is none, is NULL.
func NullID[ID ~int64](id ID) *int64 {
	if id == 0 {
		return nil
	}
	v := int64(id)
	return &v
}

// Texts is the argument of a list of texts: "WHERE sku IN ($1...)".
type Texts []string

var (
	list      = regexp.MustCompile(`IN \((\$\d+)\.\.\.\)`)
	parameter = regexp.MustCompile(`\$\d+`)
)

// texts remembers the SQL of an engine for each text of the program, so that
// rewriting costs one look-up and prepared statements are found again.
type texts struct{ known sync.Map }

func (t *texts) get(e engine, text string) string {
	if known, ok := t.known.Load(text); ok {
		return known.(string)
	}
	own := rewrite(e, text)
	t.known.Store(text, own)
	return own
}

// nothing is a statement that has no row and changes none.
const nothing = `SELECT 1 WHERE 1 = 0`

// rewrite drops the other engine's lines and spells lists as the engine takes
// them. A text that is the other engine's only does nothing.
func rewrite(e engine, text string) string {
	mine, other := "-- sqlite", "-- postgres"
	listText := "IN (SELECT value FROM json_each(${1}))"
	if e == postgresEngine {
		mine, other = other, mine
		listText = "= ANY(${1})"
	}
	if strings.Contains(text, "-- ") {
		lines := strings.Split(text, "\n")
		kept := lines[:0]
		for _, l := range lines {
			trimmed := strings.TrimRight(l, " \t\r")
			if strings.HasSuffix(trimmed, other) {
				continue
			}
			kept = append(kept, strings.TrimSuffix(trimmed, mine))
		}
		if text = strings.Join(kept, "\n"); strings.TrimSpace(text) == "" {
			text = nothing
		}
	}
	text = list.ReplaceAllString(text, listText)
	if e == sqliteEngine && inOrder(text) {
		// The driver asks for the name of each numbered parameter, which SQLite
		// looks up one by one: a fifth of the time of a long INSERT.
		text = parameter.ReplaceAllString(text, "?")
	}
	return text
}

// inOrder reports whether the parameters stand as $1, $2, $3 …, each once.
func inOrder(text string) bool {
	for i, p := range parameter.FindAllString(text, -1) {
		if p != "$"+strconv.Itoa(i+1) {
			return false
		}
	}
	return true
}

// postgresArgs makes lists of nothing empty: nil would be NULL, and nothing is
// in NULL or not in it.
func postgresArgs(args []any) []any {
	return replaced(args, func(a any) (any, bool) {
		switch l := a.(type) {
		case Int64s:
			return Int64s{}, l == nil
		case Texts:
			return Texts{}, l == nil
		}
		return nil, false
	})
}

// sqliteArgs spells lists as JSON, which json_each takes apart.
func sqliteArgs(args []any) []any {
	return replaced(args, func(a any) (any, bool) {
		switch l := a.(type) {
		case Int64s:
			return listText(l), true
		case Texts:
			return listText(l), true
		}
		return nil, false
	})
}

// replaced is args with some of them replaced: in a copy, for args are the
// caller's and may be used again.
func replaced(args []any, by func(any) (any, bool)) []any {
	own := args
	for i, a := range args {
		b, ok := by(a)
		if !ok {
			continue
		}
		if &own[0] == &args[0] {
			own = slices.Clone(args)
		}
		own[i] = b
	}
	return own
}

func listText[T any](list []T) string {
	if list == nil {
		return "[]"
	}
	b, err := json.Marshal(list)
	if err != nil {
		panic(err) // integers and strings always marshal
	}
	return string(b)
}

// Args are the arguments of a statement whose text is put together from parts.
type Args []any

// Put gives a part of the text in which every ? has become the number of the
// value that stands for it.
func (a *Args) Put(part string, values ...any) string {
	for _, v := range values {
		*a = append(*a, v)
		part = strings.Replace(part, "?", "$"+strconv.Itoa(len(*a)), 1)
	}
	return part
}

// Micros is a time as the database keeps it: microseconds since 1970, UTC;
// the zero time is NULL.
func Micros(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	us := t.UnixMicro()
	return &us
}

// Time is where a nullable time is scanned to; NULL gives the zero time.
type Time struct{ Dst *time.Time }

// Scan implements sql.Scanner.
func (t Time) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*t.Dst = time.Time{}
	case int64:
		*t.Dst = time.UnixMicro(v).UTC()
	default:
		return errTimeType
	}
	return nil
}
