package conform_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"regulars/internal/base/db/dbtest"
	"regulars/internal/conform"
)

// faulty stands between the kit and an API that is right, and gets things wrong.
type faulty struct {
	url    string
	ask    func(f *faulty, r *http.Request, body []byte) []byte                        // changes what is asked
	answer func(r *http.Request, status int, h http.Header, body []byte) (int, []byte) // changes what is answered; status 0: drops it

	seen *sync.Map // numbers
}

func (f *faulty) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // the request was cut
	}
	if f.ask != nil {
		body = f.ask(f, r, body)
	}
	res, err := f.send(r, body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer res.Body.Close() //nolint:errcheck // of the test
	text, err := io.ReadAll(res.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	status := res.StatusCode
	if f.answer != nil {
		status, text = f.answer(r, status, res.Header, text)
	}
	if status == 0 {
		panic(http.ErrAbortHandler)
	}
	for name, values := range res.Header {
		if name != "Content-Length" {
			w.Header()[name] = values
		}
	}
	w.WriteHeader(status)
	_, _ = w.Write(text) // whoever has hung up reads nothing
}

// send asks the API itself, whether or not whoever asked is still there.
func (f *faulty) send(r *http.Request, body []byte) (*http.Response, error) {
	to, err := http.NewRequest(r.Method, f.url+r.URL.RequestURI(), bytes.NewReader(body)) //nolint:noctx // it goes on without who asked
	if err != nil {
		return nil, err
	}
	to.Header = r.Header.Clone()
	return http.DefaultClient.Do(to)
}

// again says whether a number has come before.
func (f *faulty) again(number string) bool {
	_, before := f.seen.LoadOrStore(number, true)
	return before
}

func sale(r *http.Request) bool { return r.Method == http.MethodPost && r.URL.Path == "/v1/receipts" }

// renumbered is a sale under another number.
func renumbered(body []byte, more string) []byte {
	return regexp.MustCompile(`"number":"([^"]+)"`).ReplaceAll(body, []byte(`"number":"${1}`+more+`"`))
}

// Each mistake that an API can make fails the checks that are there for it, and no
// others.
func TestMistakesAreFound(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		faulty
		play []string // groups
		want []string
	}{
		"none": {play: []string{"sale", "retry", "crash", "return", "answers", "sums"}},
		"a retry is another sale": {
			faulty: faulty{ask: func(f *faulty, r *http.Request, body []byte) []byte {
				if m := regexp.MustCompile(`"number":"([^"]+)"`).FindSubmatch(body); sale(r) && m != nil && f.again(string(m[1])) {
					return renumbered(body, "-again")
				}
				return body
			}},
			play: []string{"sale", "retry", "crash", "sums"},
			want: []string{"retry.same", "retry.number_reused", "retry.key_same", "retry.at_once", "retry.different_at_once", "retry.answer_cut", "crash.after_commit", "sums.receipts", "sums.points"},
		},
		"every sale is recorded twice": {
			faulty: faulty{ask: func(f *faulty, r *http.Request, body []byte) []byte {
				if sale(r) {
					if res, err := f.send(r, renumbered(body, "-twin")); err == nil {
						_ = res.Body.Close() // of the test
					}
				}
				return body
			}},
			play: []string{"sale", "return", "sums"},
			want: []string{"return.any_order", "sums.receipts", "sums.points"},
		},
		"answers to returns are lost": {
			faulty: faulty{answer: func(r *http.Request, status int, _ http.Header, body []byte) (int, []byte) {
				if r.URL.Path == "/v1/returns" {
					return 0, nil
				}
				return status, body
			}},
			play: []string{"sale", "return", "hold"},
			want: []string{"return.preview", "return.any_order", "return.retry", "return.too_much", "return.at_once", "return.unknown", "return.of_return"},
		},
		"totals are floats": {
			faulty: faulty{answer: func(r *http.Request, status int, _ http.Header, body []byte) (int, []byte) {
				return status, regexp.MustCompile(`"max_redeem":"([0-9.]+)"`).ReplaceAll(body, []byte(`"max_redeem":$1`))
			}},
			play: []string{"sale", "answers"},
			want: []string{"answers.values"},
		},
		"a sale earns more than it says": {
			faulty: faulty{answer: func(r *http.Request, status int, _ http.Header, body []byte) (int, []byte) {
				if sale(r) {
					body = regexp.MustCompile(`"earned":"[0-9]+`).ReplaceAll(body, []byte(`"earned":"1`))
				}
				return status, body
			}},
			play: []string{"sale", "sums"},
			want: []string{"sale.commit", "sale.anonymous", "sums.points"},
		},
		"both spend one balance": {
			faulty: faulty{answer: func(r *http.Request, status int, _ http.Header, body []byte) (int, []byte) {
				if status == http.StatusConflict {
					status = http.StatusCreated
				}
				return status, body
			}},
			play: []string{"sale", "crash", "hold", "return"},
			want: []string{"sale.total", "crash.balance_changed", "crash.two_tills_spend", "return.too_much", "return.at_once", "hold.too_much", "hold.confirm", "hold.others", "hold.race"},
		},
		"nobody says for how long to wait": {
			faulty: faulty{answer: func(_ *http.Request, status int, h http.Header, body []byte) (int, []byte) {
				h.Del("Retry-After")
				return status, body
			}},
			play: []string{"sale", "limit"},
			want: []string{"limit.rate"},
		},
		"errors are pages": {
			faulty: faulty{answer: func(_ *http.Request, status int, h http.Header, body []byte) (int, []byte) {
				if status >= http.StatusBadRequest {
					h.Set("Content-Type", "text/html")
				}
				return status, body
			}},
			play: []string{"sale", "body", "answers"},
			want: []string{"answers.problems"},
		},
		"batches are answered backwards": {
			faulty: faulty{answer: func(r *http.Request, status int, _ http.Header, body []byte) (int, []byte) {
				var batch struct {
					Results []json.RawMessage `json:"results"`
				}
				if r.URL.Path == "/v1/receipts/batch" && status == http.StatusOK && json.Unmarshal(body, &batch) == nil {
					slices.Reverse(batch.Results)
					body, _ = json.Marshal(batch) // never fails
				}
				return status, body
			}},
			play: []string{"late", "sale"},
			want: []string{"late.order", "late.again", "late.bad_one", "late.dates", "late.customer", "late.thousand"},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, dbtest.Open(t, dbtest.SQLite), nil)
			f := &tt.faulty
			f.url, f.seen = s.url, &sync.Map{}
			proxy := httptest.NewServer(f)
			t.Cleanup(proxy.Close)
			r := s.play(t, proxy.URL, tt.play...)
			if got := ended(r, conform.Failed); !slices.Equal(got, tt.want) {
				t.Errorf("failed are %s, want %s\n%s", strings.Join(got, " "), strings.Join(tt.want, " "), text(r))
			}
		})
	}
}
