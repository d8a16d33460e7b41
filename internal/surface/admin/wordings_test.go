package admin_test

import (
	"context"
	"regexp"
	"slices"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/attribute"
	"regulars/internal/loyalty/customer"
)

// wording has the chain write what its customers are asked to agree to, and two of
// them agree.
func (s *shop) wording() {
	s.t.Helper()
	must(s.t, s.DB.Write(s.t.Context(), func(ctx context.Context, tx *db.Tx) error {
		if err := s.Households.JoinTx(ctx, tx, s.people[1], s.people[0]); err != nil {
			return err
		}
		if _, err := s.Customers.AddIdentifierTx(ctx, tx, s.people[0], customer.Phone, "+998907777777"); err != nil {
			return err
		}
		for _, d := range attribute.Usual(func(_, key string) string { return key }) {
			if _, _, err := s.Attributes.DefineTx(ctx, tx, d); err != nil {
				return err
			}
		}
		for _, w := range []customer.Wording{
			{Code: "pd", Version: 1, Purpose: customer.Data, Channels: []customer.Channel{customer.ChannelAny}, Name: "Персональные данные", Offered: true,
				Texts: map[string]string{"ru": "Согласие на обработку персональных данных", "uz": "Shaxsiy maʼlumotlarga rozilik", "en": "Consent to the keeping of personal data"}},
			{Code: "offers", Version: 1, Purpose: customer.Marketing, Channels: []customer.Channel{customer.ChannelSMS, customer.ChannelEmail}, Name: "Предложения", Offered: true, Texts: map[string]string{"ru": "Согласие на рассылку"}},
		} {
			w, err := s.Customers.PublishTx(ctx, tx, w)
			if err != nil {
				return err
			}
			if err := s.Customers.AddConsentsTx(ctx, tx, s.people[0], w.Agreed("ru", customer.Consent{Source: "admin", Proof: "форма 18"})); err != nil {
				return err
			}
		}
		return nil
	}))
}

// A wording is published, a customer is asked with boxes that are not ticked, agrees
// and takes it back on the same page; the next version asks anew.
func TestWordingsAndConsents(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := open(t, d).shop()
		b := s.owner()
		b.get("/settings").is(200).has(`href="/wordings"`)
		publish := func(version string, more ...string) *browser {
			return b.post("/wordings", append([]string{"code", "offers", "version", version, "purpose", "marketing", "name", "Рассылка", "channels", "sms", "channels", "email",
				"text_ru", "Да, присылайте мне предложения", "offered", "1"}, more...)...)
		}
		b.post("/wordings", "code", "offers", "version", "1", "purpose", "marketing", "name", "Рассылка", "text_ru", "Да").is(422).sees("Отметьте хотя бы один канал").lacks(`role="alert"`)
		publish("1", "valid_from", s.clock.now().AddDate(0, 0, -2).Format(time.DateOnly)).is(422).sees("Этот день уже прошёл")
		publish("1", "valid_from", s.clock.now().Format(time.DateOnly)).is(200).sees("Текст опубликован")
		publish("1").is(422).sees("Эту версию уже кто-то написал")
		card := "/customers/" + s.people[1].String()
		body := b.get(card + "/consents").is(200).sees("Да, присылайте мне предложения").body
		value := regexp.MustCompile(`name="agreed" value="([^"]+)"( checked)?`).FindStringSubmatch(body)
		if value == nil || value[2] != "" {
			t.Fatalf("the box: %v", value)
		}
		b.post(card+"/consents", "ask", "1").is(422).sees("Ничего не отмечено")
		b.post(card+"/consents", "ask", "1", "agreed", value[1], "proof", "бланк 5").is(200)
		history, err := s.Customers.Consents(t.Context(), s.people[1])
		must(t, err)
		n := len(history)
		if n < 2 || history[n-1].Text == 0 || history[n-1].Language != "ru" || history[n-1].Proof != "бланк 5" || history[n-1].Staff == 0 {
			t.Fatalf("%+v", history)
		}
		b.post(card+"/consents", "given", "0", "purpose", "marketing", "channel", "sms", "reason", "много писем").is(200)
		b.get(card+"/consents").sees("много писем", "offers 1", "Да, присылайте мне предложения")
		publish("2", "anew", "1").is(200).sees("спрашивает заново")
		b.get(card).sees("спросить заново")
		b.post("/customers/new", "first_name", "Лола", "phone", "+998901112299", "store", s.store.ID.String(), "agreed", value[1]).is(200)
		c, err := s.Customers.Find(t.Context(), customer.Identifier{Kind: customer.Phone, Value: "+998901112299"})
		must(t, err)
		if history, err = s.Customers.Consents(t.Context(), c.ID); err != nil || len(history) != 2 {
			t.Errorf("%+v, %v", history, err)
		}

		// Without data there are no offers, and the card offers to forget the person.
		b.post(card+"/consents", "given", "1", "purpose", "marketing", "channel", "any", "wording", "бланк").is(200).lacks("не согласен на хранение")
		b.post(card+"/consents", "given", "0", "purpose", "data", "channel", "any").is(200).sees("не согласен на хранение").has(card + `/erase"`)
		history, err = s.Customers.Consents(t.Context(), s.people[1])
		must(t, err)
		if slices.ContainsFunc(customer.Current(history), func(c customer.Consent) bool { return c.Given }) {
			t.Errorf("still agreed: %+v", history)
		}
	})
}
