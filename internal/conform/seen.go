package conform

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// oddity is the first answer that had something it should not.
type oddity struct {
	answer answer
	what   string
}

// movement is what an answer says that a receipt did.
type movement struct {
	customer string
	moved    dec // earned less redeemed, of a return the other way round
	store    string
}

// The rules that every answer is held to.
const (
	ruleValues   = "values"
	ruleProblems = "problems"
)

// Fields whose values are of a kind, wherever they stand.
var (
	decimals = []string{
		"gross", "discount", "paid_points", "total", "withheld", "redeemed", "earned", "balance", "quantity", "price", "returned", "redeemable",
		"max_redeem", "to_next", "available", "pending", "debt", "points", "effect", "by_rules", "point_value", "redeem_cap", "threshold", "cashback", "amount",
	}
	moments = []string{"sold_at", "recorded_at", "available_at", "expires_at", "valid_until", "registered_at", "made_at", "lapses_at", "ended_at", "earned_at", "time"}
	texts   = []string{"id", "number", "customer", "till", "receipt", "next", "code"}
)

// look holds an answer against what is promised of every one, and notes what it
// says was recorded.
func (k *kit) look(a *answer) {
	if !strings.HasPrefix(a.call.path, "/v1/") {
		return
	}
	if a.status >= http.StatusBadRequest {
		k.lookAtProblem(a)
		return
	}
	k.walk(a, "", a.value)
	if a.call.method != http.MethodPost {
		return
	}
	switch a.call.path {
	case "/v1/receipts", "/v1/returns":
		k.note(a.value)
	case "/v1/receipts/batch":
		results, _ := a.at("results").([]any)
		for _, r := range results {
			if m, _ := r.(map[string]any); m != nil {
				k.note(m["receipt"])
			}
		}
	}
}

func (k *kit) lookAtProblem(a *answer) {
	wrong := ""
	kind, _, _ := strings.Cut(a.header.Get("Content-Type"), ";")
	switch status, _ := a.at("status").(interface{ String() string }); {
	case kind != "application/problem+json":
		wrong = fmt.Sprintf("the Content-Type of an error is %q", kind)
	case status == nil || status.String() != fmt.Sprint(a.status):
		wrong = fmt.Sprintf("status says %v", a.at("status"))
	default:
		for _, field := range []string{"type", "title", "code", "detail"} {
			if a.str(field) == "" {
				wrong = field + " is missing"
			}
		}
		list, _ := a.at("errors").([]any)
		for _, e := range list {
			if m, _ := e.(map[string]any); m["pointer"] == nil || m["detail"] == nil {
				wrong = "an entry of errors lacks its pointer or detail"
			}
		}
	}
	if wrong != "" {
		k.odds(ruleProblems, a, wrong)
	}
}

func (k *kit) odds(rule string, a *answer, what string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, ok := k.odd[rule]; !ok {
		k.odd[rule] = oddity{*a, what}
	}
}

// walk looks at every value of an answer.
func (k *kit) walk(a *answer, name string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for field, inner := range v {
			k.walk(a, field, inner)
		}
		return
	case []any:
		for _, inner := range v {
			k.walk(a, name, inner)
		}
		return
	}
	s, isText := v.(string)
	switch {
	case slices.Contains(decimals, name):
		if _, err := decOf(v); err != nil {
			k.odds(ruleValues, a, fmt.Sprintf("%s is %v: %v", name, v, err))
		}
	case slices.Contains(moments, name):
		if at, err := time.Parse(time.RFC3339Nano, s); err != nil || at.Location() != time.UTC {
			k.odds(ruleValues, a, fmt.Sprintf("%s is %v, not a time in UTC of RFC 3339", name, v))
		}
	case slices.Contains(texts, name) && !isText:
		k.odds(ruleValues, a, fmt.Sprintf("%s is %v, not a string", name, v))
	}
}

// note keeps what a recorded receipt says that it moved.
func (k *kit) note(v any) {
	m, _ := v.(map[string]any)
	id, _ := m["id"].(string)
	if id == "" {
		return
	}
	earned, err := decOf(m["earned"])
	redeemed, other := decOf(m["redeemed"])
	if err != nil || other != nil {
		return // odd already
	}
	to := movement{moved: earned - redeemed}
	to.customer, _ = m["customer"].(string)
	store, _ := m["store"].(map[string]any)
	to.store, _ = store["id"].(string)
	if m["kind"] == "return" {
		to.moved = -to.moved
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.recorded[id] = to
}
