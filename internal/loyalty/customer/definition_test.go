package customer_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/errs"
	"regulars/internal/loyalty/customer"
)

// Every format takes what it can keep, in one form, and nothing else.
func TestFormats(t *testing.T) {
	t.Parallel()
	list := []customer.Choice{{Code: "sport", Names: customer.Names{"ru": "Спорт"}}, {Code: "garden", Names: customer.Names{"ru": "Сад", "en": "Garden"}}}
	for _, tt := range []struct {
		format customer.Format
		given  any
		want   any
		ok     bool
	}{
		{customer.TextFormat, "  many words ", "many words", true},
		{customer.TextFormat, true, nil, false},
		{customer.TextFormat, "", nil, true},
		{customer.NumberFormat, "1 042,5", json.Number("1042.5"), true},
		{customer.NumberFormat, 42.0, json.Number("42"), true},
		{customer.NumberFormat, "NaN", nil, false},
		{customer.NumberFormat, "many", nil, false},
		{customer.DateFormat, "31.12.2026", "2026-12-31", true},
		{customer.DateFormat, "31.02.2026", nil, false},
		{customer.YesNoFormat, "Yes", true, true},
		{customer.YesNoFormat, false, false, true},
		{customer.YesNoFormat, "maybe", nil, false},
		{customer.OneFormat, "Спорт", "sport", true},
		{customer.OneFormat, "sport,garden", nil, false},
		{customer.SeveralFormat, []any{"garden", "sport", "garden"}, "sport,garden", true},
		{customer.SeveralFormat, "Garden; СПОРТ", "sport,garden", true},
		{customer.SeveralFormat, []any{"chess"}, nil, false},
		{customer.SeveralFormat, []any{1.0}, nil, false},
		{customer.OneFormat, []any{"sport"}, nil, false},
	} {
		d := customer.Definition{Code: "x", Format: tt.format, Choices: list}
		if got, ok := d.Fit(tt.given); ok != tt.ok || ok && got != tt.want {
			t.Errorf("%s of %v: %v, %v", tt.format, tt.given, got, ok)
		}
	}
	d := customer.Definition{Format: customer.SeveralFormat, Choices: list}
	if got := d.Said("sport,garden,gone", "en"); got != "Спорт, Garden, gone" {
		t.Errorf("said %s", got)
	}
}

// A definition keeps its code and format; what is archived is taken no more, and what
// is known of it stays. Values of others are left alone.
func TestDefinitions(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newService(d)
		define := func(in customer.Definition) (is customer.Definition, err error) {
			err = d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				_, is, err = s.DefineTx(ctx, tx, in)
				return err
			})
			return is, err
		}
		for i, u := range customer.Usual(func(_, key string) string { return key }) {
			u.Position = int64(i)
			if _, err := define(u); err != nil {
				t.Errorf("%s: %v", u.Code, err)
			}
		}
		if _, err := define(customer.Usual(func(_, key string) string { return key })[0]); !errors.Is(err, customer.ErrAttributeTaken) {
			t.Errorf("again: %v", err)
		}
		if _, err := define(customer.Definition{ID: 5}); !errors.Is(err, customer.ErrAttribute) {
			t.Errorf("none: %v", err)
		}
		if _, err := define(customer.Definition{Code: "x", Format: customer.OneFormat, Names: customer.Names{"ru": "X"}}); errs.KindOf(err) != errs.Invalid {
			t.Errorf("a list of nothing: %v", err)
		}
		all, err := s.Definitions(t.Context())
		if err != nil || len(all) != len(customer.Usual(func(_, key string) string { return key })) {
			t.Fatal(all, err)
		}
		if all.Named("INCOME") == nil || all.Named("income") == nil || all.Named("outcome") != nil {
			t.Error("what is called so is not found")
		}
		values, err := all.Fit(map[string]any{"income": "low", "shoe_size": "42", "social": nil})
		if err != nil {
			t.Fatal(err)
		}
		who := register(t, d, s, customer.New{FirstName: "Anna", Source: "till", Attributes: customer.Attributes{"social": "@anna", "own": "1"}})[0].ID
		write(t, d, func(ctx context.Context, tx *db.Tx) error {
			_, is, err := s.UpdateTx(ctx, tx, who, customer.Change{Set: values})
			if got := is.Attributes.String(); got != `{"income":"low","own":"1","shoe_size":42}` {
				t.Errorf("set %s", got)
			}
			return err
		})
		is := *all.Of("income")
		is.Archived, is.Code, is.Format = true, "wage", customer.TextFormat
		if is, err = define(is); err != nil || is.Code != "income" || is.Format != customer.OneFormat {
			t.Errorf("archived: %+v, %v", is, err)
		}
		if all, err = s.Definitions(t.Context()); err != nil || all.Named("income") != nil {
			t.Errorf("archived: %v", err)
		}
		if _, err = all.Fit(map[string]any{"income": "low"}); err == nil || errs.Of(err).Fields[0].Code != "unknown_attribute" {
			t.Errorf("archived fits: %v", err)
		}
	})
}
