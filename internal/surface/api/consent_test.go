package api_test

import (
	"context"
	"net/http"
	"testing"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/attribute"
	"regulars/internal/loyalty/customer"
)

// wordings has the chain write what its customers are asked to agree to.
func (s *site) wordings() {
	s.t.Helper()
	check(s.t, s.DB.Write(s.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		for _, w := range []customer.Wording{
			{Code: "data", Version: 1, Purpose: customer.Data, Channels: []customer.Channel{customer.ChannelAny}, Name: "Personal data", Offered: true,
				Texts: map[string]string{"ru": "Согласие на обработку данных", "uz": "Maʼlumotlarga rozilik", "en": "Consent to the keeping of data"}},
			{Code: "offers", Version: 1, Purpose: customer.Marketing, Channels: []customer.Channel{customer.ChannelSMS, customer.ChannelTelegram}, Name: "Offers", Offered: true,
				Texts: map[string]string{"uz": "Takliflarga rozilik", "en": "Consent to offers"}},
		} {
			if _, err := s.Customers.PublishTx(ctx, tx, w); err != nil {
				return err
			}
		}
		return nil
	}))
}

// A till names the very version that somebody agreed to; one that nobody wrote is
// refused, and so is giving without a proof. Taking back needs nothing.
func TestConsentsUnderWordings(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{})
		s.wordings()
		register := func(consent string) answer {
			return s.post("/v1/customers", `{"phone": "+998901234567", "first_name": "Aziza", "last_name": "Rahimova", "consents": [`+consent+`]}`)
		}
		for consent, code := range map[string]string{
			`{"channel": "sms", "purpose": "marketing", "given": true, "wording": "offers", "version": 2, "language": "uz"}`:   "unknown_wording",
			`{"channel": "sms", "purpose": "marketing", "given": true, "wording": "offers", "version": 1, "language": "ru"}`:   "unknown_wording",
			`{"channel": "email", "purpose": "marketing", "given": true, "wording": "offers", "version": 1, "language": "uz"}`: "wording_does_not_fit",
			`{"channel": "sms", "purpose": "profiling", "given": true, "wording": "offers", "version": 1, "language": "uz"}`:   "wording_does_not_fit",
		} {
			register(consent).is(http.StatusUnprocessableEntity).has("errors.0.code", code).has("errors.0.pointer", "/consents/0/wording")
		}
		who := register(`{"channel": "sms", "purpose": "marketing", "given": true, "wording": "offers", "version": 1, "language": "uz"}`).is(http.StatusCreated).words("customer.id")
		said := func(consent string) answer {
			return s.post("/v1/consents", `{"customer": "`+who+`", "consents": [`+consent+`]}`)
		}
		said(`{"channel": "telegram", "purpose": "marketing", "given": true, "wording": "offers", "version": 1, "language": "en"}`).
			is(http.StatusUnprocessableEntity).has("code", "proof_missing")
		said(`{"channel": "sms", "purpose": "marketing", "given": false, "reason": "too many"}`).is(http.StatusOK).has("consents.0.given", false)
		found, err := s.Customers.FindAll(t.Context(), []customer.Identifier{{Kind: customer.Phone, Value: "+998901234567"}})
		check(t, err)
		for _, k := range found {
			history, err := s.Customers.Consents(t.Context(), k.ID)
			check(t, err)
			if len(history) != 2 || history[0].Text == 0 || history[0].Language != "uz" || history[0].Till == 0 || history[1].Reason != "too many" {
				t.Errorf("%+v", history)
			}
		}
	})
}

// A till sets what it may, sees what it may, and is told what there is.
func TestAttributesAtTills(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{})
		check(t, s.DB.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
			for _, d := range attribute.Usual(func(_, key string) string { return key }) {
				if _, _, err := s.Attributes.DefineTx(ctx, tx, d); err != nil {
					return err
				}
			}
			return nil
		}))
		register := func(attributes string) answer {
			return s.post("/v1/customers", `{"phone": "+998901234567", "first_name": "Aziza", "attributes": `+attributes+`}`)
		}
		register(`{"income": "low"}`).problem(http.StatusUnprocessableEntity, "invalid_request", "/attributes/income") // not the till's to set
		register(`{"shoe_size": "big"}`).problem(http.StatusUnprocessableEntity, "invalid_request", "/attributes/shoe_size")
		register(`{"shoe_size": 38.5, "interests": ["sport", "cooking"], "children": 2}`).is(http.StatusCreated).
			has("customer.attributes.shoe_size", "38.5", "customer.attributes.interests.0", "cooking", "customer.attributes.children", nil) // personal
	})
}
