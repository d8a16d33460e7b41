package till_test

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/staff"
)

// A payment whose answer was lost is recorded at the catalogue's price, and whose name it
// is in is written down.
func TestLatePaymentInAnothersName(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		owner, err := s.Staff.Named(t.Context(), "owner")
		check(t, err)
		v := s.enter("cashier", 0)
		f := v.send("/till/basket", v.get("/till").form(), "code:"+card, "code:tea-100", "redeem:100").form()
		slip := map[string]any{"kind": "sale", "number": f.Get("number"), "sold_at": s.Now().UnixMilli(), "staff": owner.ID.String()}
		f.Set("price", "10000000") // 1 000 and not 45 000
		slip["total"], slip["form"] = 900_00, f.Encode()
		if got := v.late(0, s.Now(), slip); got.Results[0].State != "refused" {
			t.Errorf("a price of the form's own: %+v", got.Results[0])
		}
		slip["total"] = 44_900_00
		if got := v.late(0, s.Now(), slip); got.Results[0].State != "recorded" {
			t.Errorf("the catalogue's price: %+v", got.Results[0])
		}
		lines, _, err := s.Staff.Audit(t.Context(), staff.Filter{Action: "till.sent_for"}, "", 50)
		check(t, err)
		if len(lines) != 1 || !strings.Contains(string(lines[0].After), owner.ID.String()) {
			t.Errorf("in the log: %+v", lines)
		}
	})
}

// What is sent in another's name is in the log, call by call; the same again is the same.
func TestEverySaleForOthersIsNoted(t *testing.T) {
	t.Parallel()
	s := newSite(t, dbtest.Open(t, dbtest.SQLite))
	owner, err := s.Staff.Named(t.Context(), "owner")
	check(t, err)
	v := s.enter("cashier", 0)
	for i := range 5 {
		slip := tea("f"+strconv.Itoa(i), s.Now(), map[string]any{"staff": owner.ID.String()})
		v.late(0, s.Now(), slip)
		v.late(0, s.Now(), slip) // the answer was lost
	}
	lines, _, err := s.Staff.Audit(t.Context(), staff.Filter{Action: "till.sent_for"}, "", 50)
	check(t, err)
	if len(lines) != 5 {
		t.Errorf("5 sales in another's name are %d lines", len(lines))
	}
}

// What is no text in a queue is refused, and holds nothing up.
func TestLateFormsAreText(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d)
		v := s.enter("cashier", 0)
		for name, slip := range map[string]map[string]any{
			"number":          {"kind": "sale", "number": "a\x00b", "form": "sku=tea-100"},
			"number of sale":  {"kind": "return", "number": "r1", "original_number": "a\x00b"},
			"product":         {"kind": "sale", "number": "n1", "form": "sku=a%00b&redeem=100"},
			"no text at all":  {"kind": "sale", "number": "n2", "form": "sku=a%ffb"},
			"name of a field": {"kind": "sale", "number": "n3", "form": "sku%00=x"},
		} {
			slip["sold_at"], slip["total"] = s.Now().UnixMilli(), 45_000_00
			if got := v.late(0, s.Now(), slip, tea("good "+name, s.Now(), nil)); got.Results[0].State != "refused" || got.Results[1].State != "recorded" {
				t.Errorf("%s: %+v", name, got.Results)
			}
		}
	})
}

// A form may say that boxes were ticked which nobody was shown.
func TestOnlyWhatIsShownIsAgreedTo(t *testing.T) {
	t.Parallel()
	s := newSite(t, dbtest.Open(t, dbtest.SQLite))
	var foreign customer.Wording
	check(t, s.DB.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		e, err := s.Catalog.CreateEntityTx(ctx, tx, catalog.Entity{Name: "Other LLC"})
		if err != nil {
			return err
		}
		foreign, err = s.Customers.PublishTx(ctx, tx, customer.Wording{Code: "other", Version: 1, Purpose: customer.Marketing, Channels: []customer.Channel{customer.ChannelAny}, Name: "Other", Entity: e.ID, Texts: map[string]string{"en": "I agree that Other LLC writes to me"}, Offered: true})
		if err != nil {
			return err
		}
		_, err = s.Customers.PublishTx(ctx, tx, customer.Wording{Code: "ours", Version: 1, Purpose: customer.Marketing, Channels: []customer.Channel{customer.ChannelSMS}, Name: "Ours", Texts: map[string]string{"en": "I agree to SMS only"}, Offered: true})
		return err
	}))
	s.Clock.Advance(time.Hour)
	v := s.enter("cashier", 0)
	for phone, value := range map[string]string{"+998935551201": foreign.ID.String() + " en", "+998935551202": "marketing"} {
		form := v.send("/till/basket", v.get("/till").form(), "join:").form()
		form.Set("join-phone", phone)
		form.Set("join-name", "Ann Smith")
		form["consent"] = []string{value}
		v.send("/till/basket", form, "register").is(http.StatusOK)
		c, err := s.Customers.Find(t.Context(), customer.Identifier{Kind: customer.Phone, Value: phone})
		check(t, err)
		if is, err := s.Customers.Allowed(t.Context(), c.ID, customer.ChannelSMS, customer.Marketing, s.Now()); is.OK() || err != nil {
			t.Errorf("%s: allowed, %v, though the page shows no such text", value, err)
		}
	}
}
