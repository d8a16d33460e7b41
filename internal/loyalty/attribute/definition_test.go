package attribute_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/errs"
	"regulars/internal/loyalty/attribute"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/loyaltytest"
)

// Every format takes what it can keep, in one form, and nothing else.
func TestFormats(t *testing.T) {
	t.Parallel()
	list := []attribute.Choice{{Code: "sport", Names: attribute.Names{"ru": "Спорт"}}, {Code: "garden", Names: attribute.Names{"ru": "Сад", "en": "Garden"}}}
	for _, tt := range []struct {
		format attribute.Format
		given  any
		want   any
		ok     bool
	}{
		{attribute.TextFormat, "  many words ", "many words", true},
		{attribute.TextFormat, true, nil, false},
		{attribute.TextFormat, "", nil, true},
		{attribute.NumberFormat, "1 042,5", json.Number("1042.5"), true},
		{attribute.NumberFormat, 42.0, json.Number("42"), true},
		{attribute.NumberFormat, "NaN", nil, false},
		{attribute.NumberFormat, "many", nil, false},
		{attribute.DateFormat, "31.12.2026", "2026-12-31", true},
		{attribute.DateFormat, "31.02.2026", nil, false},
		{attribute.YesNoFormat, "Yes", true, true},
		{attribute.YesNoFormat, false, false, true},
		{attribute.YesNoFormat, "maybe", nil, false},
		{attribute.OneFormat, "Спорт", "sport", true},
		{attribute.OneFormat, "sport,garden", nil, false},
		{attribute.SeveralFormat, []any{"garden", "sport", "garden"}, "sport,garden", true},
		{attribute.SeveralFormat, "Garden; СПОРТ", "sport,garden", true},
		{attribute.SeveralFormat, []any{"chess"}, nil, false},
		{attribute.SeveralFormat, []any{1.0}, nil, false},
		{attribute.OneFormat, []any{"sport"}, nil, false},
	} {
		d := attribute.Definition{Code: "x", Format: tt.format, Choices: list}
		if got, ok := d.Fit(tt.given); ok != tt.ok || ok && got != tt.want {
			t.Errorf("%s of %v: %v, %v", tt.format, tt.given, got, ok)
		}
	}
	d := attribute.Definition{Format: attribute.SeveralFormat, Choices: list}
	if got := d.Said("sport,garden,gone", "en"); got != "Спорт, Garden, gone" {
		t.Errorf("said %s", got)
	}
}

// A column called by the code of an attribute is that one, whatever others are called.
func TestColumnIsFirstACode(t *testing.T) {
	t.Parallel()
	l := attribute.Definitions{{Code: "clothes", Names: attribute.Names{"en": "size"}}, {Code: "size", Names: attribute.Names{"en": "shoes"}}}
	if d := l.Named("size"); d.Code != "size" {
		t.Errorf("mapped to code size, goes to %s", d.Code)
	}
}

// A definition keeps its code and format; what is archived is taken no more, and what
// is known of it stays. Values of others are left alone.
func TestDefinitions(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := loyaltytest.New(t, d, loyaltytest.Options{})
		define := func(in attribute.Definition) (is attribute.Definition, err error) {
			err = d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
				_, is, err = s.Attributes.DefineTx(ctx, tx, in)
				return err
			})
			return is, err
		}
		for i, u := range attribute.Usual(func(_, key string) string { return key }) {
			u.Position = int64(i)
			if _, err := define(u); err != nil {
				t.Errorf("%s: %v", u.Code, err)
			}
		}
		if _, err := define(attribute.Usual(func(_, key string) string { return key })[0]); !errors.Is(err, attribute.ErrTaken) {
			t.Errorf("again: %v", err)
		}
		if _, err := define(attribute.Definition{ID: 5}); !errors.Is(err, attribute.ErrNotFound) {
			t.Errorf("none: %v", err)
		}
		if _, err := define(attribute.Definition{Code: "x", Format: attribute.OneFormat, Names: attribute.Names{"ru": "X"}}); errs.KindOf(err) != errs.Invalid {
			t.Errorf("a list of nothing: %v", err)
		}
		all, err := s.Attributes.Definitions(t.Context())
		if err != nil || len(all) != len(attribute.Usual(func(_, key string) string { return key })) {
			t.Fatal(all, err)
		}
		if all.Named("INCOME") == nil || all.Named("income") == nil || all.Named("outcome") != nil {
			t.Error("what is called so is not found")
		}
		values, err := all.Fit(map[string]any{"income": "low", "shoe_size": "42", "social": nil})
		if err != nil {
			t.Fatal(err)
		}
		anna, err := s.Customers.Check(customer.New{FirstName: "Anna", Source: "till", Attributes: customer.Attributes{"social": "@anna", "own": "1"}})
		loyaltytest.Check(t, err)
		loyaltytest.Check(t, d.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			made, err := s.Customers.RegisterAllTx(ctx, tx, []customer.Checked{anna})
			if err != nil {
				return err
			}
			_, is, err := s.Customers.UpdateTx(ctx, tx, made[0].ID, customer.Change{Set: values})
			if got := is.Attributes.String(); got != `{"income":"low","own":"1","shoe_size":42}` {
				t.Errorf("set %s", got)
			}
			return err
		}))
		is := *all.Of("income")
		is.Archived, is.Code, is.Format = true, "wage", attribute.TextFormat
		if is, err = define(is); err != nil || is.Code != "income" || is.Format != attribute.OneFormat {
			t.Errorf("archived: %+v, %v", is, err)
		}
		if all, err = s.Attributes.Definitions(t.Context()); err != nil || all.Named("income") != nil {
			t.Errorf("archived: %v", err)
		}
		if _, err = all.Fit(map[string]any{"income": "low"}); err == nil || errs.Of(err).Fields[0].Code != "unknown_attribute" {
			t.Errorf("archived fits: %v", err)
		}
	})
}
