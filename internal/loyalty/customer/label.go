package customer

import (
	"context"
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/fold"
)

// Limits on labels; the length in characters.
const (
	MaxLabels = 20
	MaxLabel  = 32
)

// ReadLabels reads labels as people write them, with commas or spaces between, into
// the form that is kept: in small letters, sorted, each once. Programmes are for
// customers of a label, so that a misspelt one is another one.
func ReadLabels(text string) []string {
	list := strings.FieldsFunc(fold.Line(text), func(r rune) bool { return r == ',' || r == ';' || unicode.IsSpace(r) })
	for i := range list {
		list[i] = strings.ToLower(list[i])
	}
	if len(list) == 0 {
		return nil
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func checkLabels(wrong *errs.List, list []string) {
	if len(list) > MaxLabels {
		wrong.Add("/labels", "too_many", "are more than %d", MaxLabels).With("max", MaxLabels)
		return
	}
	for _, l := range list {
		if utf8.RuneCountInString(l) > MaxLabel {
			wrong.Bound("/labels", l, MaxLabel)
			return
		}
	}
}

// labelText is how labels are kept: a space before and after each, so that one is
// found by its text.
func labelText(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return " " + strings.Join(list, " ") + " "
}

func labelsOf(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Fields(text)
}

// Labels are those of a customer, or of whom they were merged into; nobody has none.
func (s *Service) Labels(ctx context.Context, who ID) (list []string, err error) {
	defer errs.Wrap(&err, "read the labels of customer %d", who)
	for who != 0 && err == nil {
		var text string
		err = s.db.QueryRow(ctx, `SELECT labels, COALESCE(merged_into, 0) FROM customers WHERE id = $1`, int64(who)).Scan(&text, &who)
		list = labelsOf(text)
	}
	if errors.Is(err, db.ErrNoRows) {
		return nil, nil
	}
	return list, err
}
