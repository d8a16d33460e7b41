package till_test

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"regulars/bench/till"
)

// What is sent arrives, and answers of every form are read to their end, on
// one connection.
func TestClientReadsEveryForm(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 50_000)
	var connections atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Header.Get("Authorization") != "Bearer key" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		switch r.URL.Path {
		case "/short":
			w.WriteHeader(http.StatusCreated)
			_, _ = w.Write(body)
		case "/long": // chunked
			_, _ = io.WriteString(w, long)
		case "/nothing":
			w.WriteHeader(http.StatusNoContent)
		case "/end":
			panic(http.ErrAbortHandler)
		}
	}))
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	defer server.Close()
	c := till.New(strings.TrimPrefix(server.URL, "http://"), "key")
	defer c.Close()
	for range 2 {
		for _, want := range []struct {
			path, body, answer string
			status             int
		}{
			{"/short", `{"a":1}`, `{"a":1}`, http.StatusCreated},
			{"/long", "", long, http.StatusOK},
			{"/nothing", "", "", http.StatusNoContent},
			{"/short", "", "", http.StatusCreated},
		} {
			status, answer, err := c.Do(t.Context(), "POST", want.path, []byte(want.body))
			if err != nil || status != want.status || string(answer) != want.answer {
				t.Fatalf("%s: %d %.20q %v", want.path, status, answer, err)
			}
		}
	}
	if connections.Load() != 1 {
		t.Errorf("%d connections", connections.Load())
	}
	if _, _, err := c.Do(t.Context(), "POST", "/end", nil); err == nil {
		t.Error("a connection that was cut off is no error")
	}
	if status, _, err := c.Do(t.Context(), "POST", "/nothing", nil); err != nil || status != http.StatusNoContent {
		t.Errorf("after it: %d %v", status, err)
	}
}

func TestSaleIsJSON(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		sale till.Sale
		want string
	}{
		{till.Sale{Total: -1, Number: "1"}, `{"number":"1","lines":[]}`},
		{till.Sale{Total: 7}, `{"lines":[]}`},
		{
			till.Sale{Number: "7", Customer: "9", Redeem: 5, Total: 100_05, Lines: []till.Line{{"P1", 1_050, 100_00}, {"P2", 1, 5}}},
			`{"number":"7","total":"100.05","customer":"9","redeem":"0.05","lines":[{"sku":"P1","quantity":"1.050","price":"100.00"},{"sku":"P2","quantity":"0.001","price":"0.05"}]}`,
		},
		{till.Sale{Quote: "q1_x", Total: 5}, `{"quote":"q1_x","lines":[]}`},
	} {
		got := tt.sale.Append(nil)
		if string(got) != tt.want || !json.Valid(got) {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	answer := []byte(`{"id":"q1","lines":[{"id":"2"}],"total":"5.00"}`)
	for name, want := range map[string]string{"id": "q1", "total": "5.00", "none": ""} {
		if got := till.Text(answer, name); got != want {
			t.Errorf("%s is %q", name, got)
		}
	}
}
