package web

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// Flash is a message that waits for the next page: "The store was saved."
type Flash struct {
	Kind string `json:"k"` // "good", "warn" or "bad"
	Text string `json:"t"`
}

const flashCookie = "flash"

// SetFlash keeps a message for the next page that this browser is shown. The
// text is whatever Loc says; it is escaped like any other text.
func (s *Shell) SetFlash(w http.ResponseWriter, r *http.Request, kind, text string) {
	if len(text) > 1000 {
		text = strings.ToValidUTF8(text[:1000], "")
	}
	b, err := json.Marshal(Flash{kind, text})
	if err != nil {
		return // two strings always marshal
	}
	s.SetCookie(w, r, flashCookie, base64.RawURLEncoding.EncodeToString(b), time.Minute)
}

// takeFlash gives the message that waited, once.
func (s *Shell) takeFlash(w http.ResponseWriter, r *http.Request) *Flash {
	c, err := r.Cookie(flashCookie)
	if err != nil || c.Value == "" {
		return nil
	}
	s.SetCookie(w, r, flashCookie, "", -time.Second)
	b, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil {
		return nil
	}
	var f Flash
	if json.Unmarshal(b, &f) != nil || f.Text == "" {
		return nil
	}
	if f.Kind != "good" && f.Kind != "warn" {
		f.Kind = "bad"
	}
	return &f
}
