package conform

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// patience is how long an answer is waited for, and waits how often a call that is
// told to come again later is sent again.
const (
	patience = 30 * time.Second
	waits    = 5
	mostWait = 2 * time.Minute
)

// object is a body.
type object map[string]any

// call is one request.
type call struct {
	method, path string
	key          string // "": that of the first till; "-": none
	body         any    // text goes as it is
	headers      []string
	impatient    bool // 429 and 503 are answers, not reasons to wait
}

// answer is what came back, and for what.
type answer struct {
	trial  *trial
	call   call
	sent   string
	err    error // no answer came
	again  bool  // the call had to be sent again: it may have been recorded the first time
	status int
	header http.Header
	text   string
	value  any // of the JSON
}

func newKit(o Options) *kit {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 64
	return &kit{
		url: strings.TrimRight(strings.TrimSuffix(strings.TrimRight(o.URL, "/"), "/v1"), "/"), key: o.Key, secondKey: o.SecondKey,
		slow: o.Slow, now: o.Now, run: strings.ToLower(rand.Text()[:8]), recorded: map[string]movement{}, odd: map[string]oddity{},
		client: &http.Client{Transport: transport, Timeout: patience, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }},
	}
}

func (c *call) request(ctx context.Context, k *kit) (*http.Request, string, error) {
	var body string
	switch b := c.body.(type) {
	case nil:
	case string:
		body = b
	default:
		text, err := json.Marshal(b)
		if err != nil {
			return nil, "", err
		}
		body = string(text)
	}
	r, err := http.NewRequestWithContext(ctx, c.method, k.url+c.path, strings.NewReader(body))
	if err != nil {
		return nil, "", err
	}
	if c.key == "" {
		c.key = k.key
	}
	if c.key != "-" {
		r.Header.Set("Authorization", "Bearer "+c.key)
	}
	r.Header.Set("Accept-Language", "en")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(c.headers); i += 2 {
		r.Header.Set(c.headers[i], c.headers[i+1])
	}
	return r, body, nil
}

// send makes a call, and waits and sends the same again where it is told to: a
// server that is too busy has broken no promise.
func (k *kit) send(ctx context.Context, c call) answer {
	again := false
	for range waits {
		a := k.once(ctx, c)
		a.again = again
		if a.status != http.StatusTooManyRequests && a.status != http.StatusServiceUnavailable || c.impatient {
			return a
		}
		again = again || a.status == http.StatusServiceUnavailable
		wait, ok := a.retryAfter()
		if !ok || wait > mostWait || !k.pause(ctx, wait) {
			return a
		}
	}
	a := k.once(ctx, c)
	a.again = again
	return a
}

// anyAgain reports whether one of the calls had to be sent again.
func anyAgain(list []answer) bool {
	return slices.ContainsFunc(list, func(a answer) bool { return a.again })
}

// pause waits; it is false where the run is stopped meanwhile.
func (k *kit) pause(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

func (k *kit) once(ctx context.Context, c call) answer {
	r, body, err := c.request(ctx, k)
	a := answer{call: c, sent: body, err: err}
	if err != nil {
		return a
	}
	res, err := k.client.Do(r)
	if err != nil {
		a.err = err
		return a
	}
	defer res.Body.Close() //nolint:errcheck // only read
	text, err := io.ReadAll(res.Body)
	a.status, a.header, a.text = res.StatusCode, res.Header, string(text)
	if err != nil {
		a.err = err
		return a
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if d.Decode(&a.value) != nil {
		a.value = nil
	}
	k.look(&a)
	return a
}

// retryAfter is for how many seconds an answer says to wait.
func (a answer) retryAfter() (time.Duration, bool) {
	seconds, err := strconv.Atoi(a.header.Get("Retry-After"))
	return time.Duration(seconds) * time.Second, err == nil && seconds >= 1
}

// do makes a call; the check fails where no answer comes.
func (t *trial) do(c call) answer {
	a := t.send(t.ctx, c)
	a.trial = t
	if a.err != nil {
		t.fail(a, "no answer came: %v", a.err)
	}
	return a
}

func (t *trial) post(path string, body any, headers ...string) answer {
	return t.do(call{method: http.MethodPost, path: path, body: body, headers: headers})
}

func (t *trial) get(path string) answer { return t.do(call{method: http.MethodGet, path: path}) }

// together makes calls at once; answers may be missing.
func (t *trial) together(list []call) []answer {
	out := make([]answer, len(list))
	done := make(chan struct{})
	for i, c := range list {
		go func() {
			out[i] = t.send(t.ctx, c)
			out[i].trial = t
			done <- struct{}{}
		}()
	}
	for range list {
		<-done
	}
	return out
}

// cut is where a connection is cut.
type cut struct {
	what string
	sent float64 // share of the request
	read int     // bytes of the answer
}

// cutOff sends so much of a call and no more, reads so much of the answer and
// hangs up.
func (t *trial) cutOff(c call, at cut) {
	r, body, err := c.request(t.ctx, t.kit)
	failed := answer{trial: t, call: c, sent: body}
	if err != nil {
		t.fail(failed, "%v", err)
	}
	var text bytes.Buffer
	r.Header.Set("Connection", "close")
	if err := r.Write(&text); err != nil {
		t.fail(failed, "%v", err)
	}
	conn, err := dial(t.ctx, r.URL)
	if err != nil {
		t.fail(failed, "no connection: %v", err)
	}
	defer conn.Close() //nolint:errcheck // it is what is played
	_ = conn.SetDeadline(t.now().Add(patience))
	// A server that hangs up first has not read the request: that is its good right.
	_, _ = conn.Write(text.Bytes()[:int(float64(text.Len())*at.sent)])
	_, _ = io.ReadFull(conn, make([]byte, at.read))
}

func dial(ctx context.Context, u *url.URL) (net.Conn, error) {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	host := net.JoinHostPort(u.Hostname(), port)
	if u.Scheme == "https" {
		return (&tls.Dialer{}).DialContext(ctx, "tcp", host)
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", host)
}

// is fails the check where the status is another one.
func (a answer) is(status int) answer {
	if a.err != nil {
		a.trial.fail(a, "no answer came: %v", a.err)
	}
	if a.status != status {
		a.trial.fail(a, "answered with %d, not %d", a.status, status)
	}
	return a
}

// problem fails the check where the answer is not this error, naming this field.
func (a answer) problem(status int, code string, pointer ...string) answer {
	a.is(status)
	if got := a.str("code"); got != code {
		a.trial.fail(a, "the code is %q, not %q", got, code)
	}
	for _, p := range pointer {
		errors, _ := a.at("errors").([]any)
		if !slices.ContainsFunc(errors, func(e any) bool {
			m, _ := e.(map[string]any)
			return m["pointer"] == p
		}) {
			a.trial.fail(a, "errors does not name %s", p)
		}
	}
	return a
}

// at gives a value of the body by its path, "lines.0.total"; nil where there is
// none.
func (a answer) at(path string) any {
	v := a.value
	for part := range strings.SplitSeq(path, ".") {
		switch now := v.(type) {
		case map[string]any:
			v = now[part]
		case []any:
			i, err := strconv.Atoi(part)
			if err != nil || i >= len(now) {
				return nil
			}
			v = now[i]
		default:
			return nil
		}
	}
	return v
}

// str gives a text of the body; "" where there is none.
func (a answer) str(path string) string {
	s, _ := a.at(path).(string)
	return s
}

// list gives a list of the body.
func (a answer) list(path string) []any {
	l, ok := a.at(path).([]any)
	if !ok {
		a.trial.fail(a, "%s is no list", path)
	}
	return l
}

// num gives a decimal of the body.
func (a answer) num(path string) dec {
	d, err := decOf(a.at(path))
	if err != nil {
		a.trial.fail(a, "%s is %v: %v", path, a.at(path), err)
	}
	return d
}

// has fails the check where a value of the body is another one.
func (a answer) has(path string, want any) answer {
	if got := a.at(path); got != want {
		a.trial.fail(a, "%s is %v, not %v", path, got, want)
	}
	return a
}

// eq fails the check where a decimal of the body is another one.
func (a answer) eq(path string, want dec) answer {
	if got := a.num(path); got != want {
		a.trial.fail(a, "%s is %s, not %s", path, got, want)
	}
	return a
}

// replayed reports whether the answer says that it was recorded before.
func (a answer) replayed() bool { return a.header.Get("Idempotent-Replayed") == "true" }

// same fails the check where the body of another answer differs.
func (a answer) same(other answer, why string) answer {
	if !equal(a.value, other.value) {
		a.trial.fail(a, "%s: the answer before was %s", why, clip(other.text))
	}
	return a
}

func equal(a, b any) bool {
	x, err1 := json.Marshal(a)
	y, err2 := json.Marshal(b)
	return errors.Join(err1, err2) == nil && bytes.Equal(x, y)
}

func (a answer) decode(to any) bool { return json.Unmarshal([]byte(a.text), to) == nil }

// request is the request as a report shows it, without the key.
func (a answer) request() string {
	if a.call.method == "" {
		return ""
	}
	text := a.call.method + " " + a.call.path
	for i := 0; i+1 < len(a.call.headers); i += 2 {
		text += "\n" + a.call.headers[i] + ": " + a.call.headers[i+1]
	}
	if a.sent != "" {
		text += "\n\n" + clip(a.sent)
	}
	return text
}

func (a answer) response() string {
	switch {
	case a.call.method == "" || a.status == 0 && a.err == nil:
		return ""
	case a.err != nil:
		return a.err.Error()
	}
	text := fmt.Sprintf("%d %s", a.status, http.StatusText(a.status))
	for _, name := range []string{"Content-Type", "Idempotent-Replayed", "Retry-After", "Allow"} {
		if v := a.header.Get(name); v != "" {
			text += "\n" + name + ": " + v
		}
	}
	return text + "\n\n" + clip(a.text)
}

// clip shortens a text for a report.
func clip(s string) string {
	const most = 2000
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + fmt.Sprintf("… (%d bytes)", len(s))
	}
	return s
}

// shown is the beginning of a key.
func shown(key string) string { return key[:min(len(key), 6)] + "…" }

var plain = regexp.MustCompile(`^-?[0-9]+(\.[0-9]{1,4})?$`)

// dec is a decimal in ten-thousandths: as many decimals as anything here has.
type dec int64

// decOf reads a decimal as answers have it.
func decOf(v any) (dec, error) {
	s, ok := v.(string)
	if !ok || !plain.MatchString(s) {
		return 0, errors.New("not a decimal in a string")
	}
	whole, fraction, _ := strings.Cut(s, ".")
	n, err := strconv.ParseInt(whole+(fraction + "0000")[:4], 10, 64)
	return dec(n), err
}

// String writes it with at least two decimals.
func (d dec) String() string {
	sign := ""
	if d < 0 {
		sign, d = "-", -d
	}
	text := fmt.Sprintf("%s%d.%04d", sign, d/10_000, d%10_000)
	return strings.TrimSuffix(text, "00")
}

// money writes it with the decimals of a currency.
func (k *kit) money(d dec) string {
	text := fmt.Sprintf("%d.%04d", d/10_000, d%10_000)
	return strings.TrimSuffix(text[:len(text)-4+k.first.Currency.Decimals], ".")
}
