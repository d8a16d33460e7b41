package webhook_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"regulars/internal/webhook"
)

// The signature is that of the example of Standard Webhooks' own libraries.
func TestSign(t *testing.T) {
	t.Parallel()
	const secret, want = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	got, err := webhook.Sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if err != nil || got != want {
		t.Errorf("signed %s, %v", got, err)
	}
	if _, err := webhook.Sign("no secret", "x", time.Unix(0, 0), nil); err == nil {
		t.Error("what is no secret signs")
	}
}

// Where an address leads on to nothing is sent, and an error does not say the address.
func TestPostFails(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.RedirectHandler("https://elsewhere.example/", http.StatusTemporaryRedirect))
	post := func() error {
		return webhook.New().Post(t.Context(), server.URL+"/?token=hidden", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "x", time.Unix(0, 0), nil)
	}
	if err := post(); err == nil || !strings.Contains(err.Error(), "307") {
		t.Errorf("led elsewhere: %v", err)
	}
	server.Close()
	if err := post(); err == nil || strings.Contains(err.Error(), "hidden") {
		t.Errorf("nobody there: %v", err)
	}
}
