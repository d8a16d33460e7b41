package loyaltytest

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/money"
	"regulars/internal/base/secret"
	"regulars/internal/base/settings"
	"regulars/internal/loyalty/confirm"
)

// Sent are the codes that were sent.
type Sent struct {
	mu    sync.Mutex
	ids   []confirm.ID // not sent yet
	codes []string
	body  string // of the last
	Fail  error  // of the address, from then on
}

// Last is the code that was sent last, and how many there were.
func (s *Sent) Last() (code string, all int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.codes) > 0 {
		code = s.codes[len(s.codes)-1]
	}
	return code, len(s.codes)
}

// Body is the message that was posted last.
func (s *Sent) Body() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.body
}

// AskForCodes sends codes, and says whether registering at a till needs one.
func (i *Installation) AskForCodes(t testing.TB, code settings.Code) {
	t.Helper()
	if _, _, err := i.Confirm.Address(t.Context()); errors.Is(err, confirm.ErrNoAddress) {
		i.SendCodes(t)
	}
	_, err := i.DB.Exec(t.Context(), `INSERT INTO settings (name, value) VALUES ('register_code', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, string(code))
	Check(t, err)
}

// SendCodes sets an address for codes and keeps what is sent there.
func (i *Installation) SendCodes(t testing.TB) {
	t.Helper()
	keys, err := secret.NewBox(secret.NewKey())
	Check(t, err)
	s := &i.Sent
	Check(t, i.Confirm.Use(t.Context(), confirm.Outlet{
		Keys: keys,
		Post: func(_ context.Context, _, _, _ string, _ time.Time, body []byte) error {
			var m struct{ Data struct{ Code string } }
			err := json.Unmarshal(body, &m)
			s.mu.Lock()
			defer s.mu.Unlock()
			s.codes, s.body = append(s.codes, m.Data.Code), string(body)
			if err == nil {
				err = s.Fail
			}
			return err
		},
		Text: func(_, code string, points money.Points) (string, string) { return code + " " + points.String(), "en" },
		Queue: func(_ context.Context, _ *db.Tx, of confirm.ID) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.ids = append(s.ids, of)
			return nil
		},
		Wake: func() {
			s.mu.Lock()
			ids := s.ids
			s.ids = nil
			s.mu.Unlock()
			for _, of := range ids {
				Check(t, i.Confirm.Send(context.WithoutCancel(t.Context()), of))
			}
		},
	}))
	Check(t, i.DB.Write(t.Context(), func(ctx context.Context, tx *db.Tx) error {
		return i.Confirm.SetAddressTx(ctx, tx, "https://codes.example/", false)
	}))
}
