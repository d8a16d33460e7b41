// Package webhook posts signed messages to other programs, as Standard Webhooks
// describes.
//
// The receiver knows by the signature that a message is ours and by its id that
// it has it already; whoever sends repeats what was not taken. It knows nothing of
// what it carries; package loyalty/confirm says what, when and where to.
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	neturl "net/url"
	"strconv"
	"strings"
	"time"
)

// Prefix is what secrets begin with.
const Prefix = "whsec_"

// ErrSecret is that of a secret that is none.
var ErrSecret = errors.New("a secret is whsec_ and base64")

// timeout is how long a receiver may take.
const timeout = 5 * time.Second

// Sender posts messages.
type Sender struct{ client *http.Client }

// New makes a sender.
func New() *Sender {
	return &Sender{&http.Client{
		Timeout: timeout,
		// The address was checked; where it leads on to was not.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Sign gives the signature of a message.
func Sign(secret, id string, at time.Time, body []byte) (string, error) {
	text, ok := strings.CutPrefix(secret, Prefix)
	key, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil {
		return "", ErrSecret
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%d.", id, at.Unix())
	mac.Write(body)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)), nil
}

// Post posts JSON once. Every answer but a success is an error; none of them holds
// anything of the message.
func (s *Sender) Post(ctx context.Context, url, secret, id string, at time.Time, body []byte) error {
	signature, err := Sign(secret, id, at, body)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "regulars")
	r.Header.Set("Webhook-Id", id)
	r.Header.Set("Webhook-Timestamp", strconv.FormatInt(at.Unix(), 10))
	r.Header.Set("Webhook-Signature", signature)
	answer, err := s.client.Do(r)
	if said := (*neturl.Error)(nil); errors.As(err, &said) {
		return said.Err // without the address, which may hold a token
	}
	if err != nil {
		return err
	}
	defer answer.Body.Close()                                       //nolint:errcheck // nothing of it is used
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 16<<10)) // so that the connection is kept
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return fmt.Errorf("answered %s", answer.Status)
	}
	return nil
}
