package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"regulars/internal/base/db/dbtest"
)

// A batch is as large as its documentation says, through everything that holds for
// all requests.
func TestABatchMayBeLarge(t *testing.T) {
	t.Parallel()
	s := newSite(t, dbtest.Open(t, dbtest.SQLite), options{})
	line := `{"sku":"bread-1","name":"` + strings.Repeat("x", 150) + `","quantity":"1","price":"100"}`
	lines := strings.TrimSuffix(strings.Repeat(line+",", 12), ",")
	list := make([]string, 900)
	for i := range list {
		list[i] = fmt.Sprintf(`{"number":"%d","sold_at":"%s","total":"1200","lines":[%s]}`, i, s.Now().Add(-time.Hour).Format(time.RFC3339), lines)
	}
	body := `{"receipts":[` + strings.Join(list, ",") + `]}`
	if len(body) < 2<<20 {
		t.Fatalf("%d bytes are no large batch", len(body))
	}
	if a := s.post("/v1/receipts/batch", body).is(http.StatusOK); strings.Count(a.text, `"status":"recorded"`) != len(list) {
		t.Errorf("not all were recorded: %.300s", a.text)
	}
}
