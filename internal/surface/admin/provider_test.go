package admin_test

import (
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"
	"github.com/zitadel/oidc/v3/pkg/crypto"
	"github.com/zitadel/oidc/v3/pkg/op"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/admin"
)

// office is a chain whose people are signed in by a provider of its own: a
// program that is not ours, spoken to over HTTP.
type office struct {
	*shop
	users map[string]*storage.User
	store *storage.Storage // the provider's

	mu     sync.Mutex
	tokens func(map[string]any) // changes what the provider answers about tokens
}

// users are the provider's.
type users map[string]*storage.User

func (u users) GetUserByID(id string) *storage.User { return u[id] }
func (u users) ExampleClientID() string             { return "service" }

func (u users) GetUserByUsername(name string) *storage.User {
	for _, one := range u {
		if one.Username == name {
			return one
		}
	}
	return nil
}

func openOffice(t *testing.T, d *db.DB) *office {
	t.Helper()
	o := &office{users: users{}}
	for id, email := range map[string]string{"17": "malika@makro.uz", "18": "second@makro.uz", "19": "stranger@makro.uz"} {
		name, _, _ := strings.Cut(email, "@")
		o.users[id] = &storage.User{ID: id, Username: name, Password: "at the provider", Email: email, EmailVerified: true}
	}
	var provider http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { provider.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	o.shop = openWith(t, d, admin.Provider{Issuer: server.URL, ClientID: "regulars", Secret: "hush", Name: "Makro ID"}).shop()
	o.clock.mu.Lock()
	o.clock.t = time.Now() // the provider has the machine's clock
	o.clock.mu.Unlock()
	clients := map[string]*storage.Client{
		"regulars": storage.WebClient("regulars", "hush", o.url+"/sign-in/oidc/callback"),
		"other":    storage.WebClient("other", "hush", o.url+"/sign-in/oidc/callback"),
	}
	o.store = storage.NewStorageWithClients(users(o.users), clients)
	real := exampleop.SetupServer(server.URL, o.store, nil, false)
	provider = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		o.mu.Lock()
		change := o.tokens
		o.mu.Unlock()
		if change == nil || r.URL.Path != "/oauth/token" {
			real.ServeHTTP(w, r)
			return
		}
		answer := httptest.NewRecorder()
		real.ServeHTTP(answer, r)
		var said map[string]any
		must(t, json.Unmarshal(answer.Body.Bytes(), &said))
		change(said)
		w.Header().Set("Content-Type", "application/json")
		must(t, json.NewEncoder(w).Encode(said))
	})
	return o
}

// traveller is a browser at the provider.
type traveller struct {
	*browser
	steps *http.Client // that stops at every redirect
}

func (o *office) traveller() *traveller {
	b := o.browser()
	return &traveller{b, &http.Client{Jar: b.client.Jar, Transport: asPerson{}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// step asks for a page and gives where it leads and what it holds.
func (b *traveller) step(method, at string, form url.Values) (to, body string) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, at, strings.NewReader(form.Encode()))
	must(b.t, err)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	answer, err := b.steps.Do(r)
	must(b.t, err)
	defer answer.Body.Close() //nolint:errcheck // read to its end
	text, err := io.ReadAll(answer.Body)
	must(b.t, err)
	if u, err := answer.Location(); err == nil {
		to = u.String()
	}
	return to, string(text)
}

// leave begins at our page and gives where it sends to.
func (b *traveller) leave(next string) string {
	b.t.Helper()
	to, _ := b.step(http.MethodGet, b.url+"/sign-in/oidc?next="+url.QueryEscape(next), nil)
	if !strings.Contains(to, "code_challenge_method=S256") || !strings.Contains(to, "nonce=") {
		b.t.Fatalf("we send to %q", to)
	}
	return to
}

var requestID = regexp.MustCompile(`name="id" value="([^"]+)"`)

// agree signs in at the provider, and gives the address that it sends back to.
func (b *traveller) agree(at, user string) string {
	b.t.Helper()
	at, _ = b.step(http.MethodGet, at, nil)
	_, form := b.step(http.MethodGet, at, nil)
	m := requestID.FindStringSubmatch(form)
	if m == nil {
		b.t.Fatalf("no form at %s: %s", at, form)
	}
	u, err := url.Parse(at)
	must(b.t, err)
	u.RawQuery = ""
	to, body := b.step(http.MethodPost, u.String(), url.Values{"username": {user}, "password": {"at the provider"}, "id": {m[1]}})
	to, _ = b.step(http.MethodGet, to, nil)
	if !strings.HasPrefix(to, b.url+"/sign-in/oidc/callback") {
		b.t.Fatalf("the provider sends to %q: %s", to, body)
	}
	return to
}

// come follows an address on our side to the page it ends at.
func (b *traveller) come(at string) *browser {
	b.t.Helper()
	return b.get(strings.TrimPrefix(at, b.url))
}

// Whoever the provider signs in comes to where they wanted, is asked for the
// second factor that they have, and is out when they sign out.
func TestProviderSignsIn(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		o := openOffice(t, d)
		owner := o.owner()
		malika := o.as(staff.Analyst, "malika@makro.uz")
		b := o.traveller()
		b.get("/sign-in?next=%2Freceipts").is(200).sees("Войти через Makro ID").has(`href="/sign-in/oidc?next=%2freceipts"`)
		b.come(b.agree(b.leave("/receipts"), "malika")).is(200).sees("Чеки")
		if b.path != "/receipts" {
			t.Errorf("one comes to %s", b.path)
		}
		b.post("/sign-out").is(200)
		if b.get("/receipts"); !strings.HasPrefix(b.path, "/sign-in") {
			t.Errorf("signed out, one is at %s", b.path)
		}
		// By the link, whatever the e-mail has become.
		o.users["17"].Email = "married@makro.uz"
		b.come(b.agree(b.leave("/"), "malika")).is(200).sees("Сегодня")
		secret, _ := b.enrol(o.chain)
		b.post("/sign-out").is(200)
		b.come(b.agree(b.leave("/receipts"), "malika")).is(200).sees("Шесть цифр из приложения")
		next := b.value("next")
		if b.get("/receipts"); !strings.HasPrefix(b.path, "/sign-in") {
			t.Errorf("without the second factor one is at %s", b.path)
		}
		b.post("/sign-in/second", "code", o.code(secret), "next", next).is(200).sees("Чеки")

		at := "/staff/" + malika.ID.String()
		owner.get("/audit?about=staff").is(200).sees("Связан с сервисом входа")
		owner.get(at).is(200).sees("Сервис входа")
		owner.post(at + "/provider").is(200).sees("связь с сервисом входа убрана").lacks(`action="` + at + `/provider"`)
		if b.get("/receipts"); !strings.HasPrefix(b.path, "/sign-in") {
			t.Errorf("after the link was removed one is at %s", b.path)
		}
		b.come(b.agree(b.leave("/"), "malika")).is(200).sees("Ни у кого из сотрудников нет логина с вашей почтой")
	})
}

// What does not hold is refused, and says what to do.
func TestProviderRefuses(t *testing.T) {
	t.Parallel()
	o := openOffice(t, dbtest.Open(t, dbtest.SQLite))
	malika := o.as(staff.Analyst, "malika@makro.uz")
	o.as(staff.Analyst, "second@makro.uz")
	const again, refused = "Вход занял слишком много времени. Начните заново.", "Сервис входа вас не впустил."
	out := func(name string, b *browser, want string) {
		t.Helper()
		if b.is(200).sees(want); !strings.HasPrefix(b.path, "/sign-in") {
			t.Errorf("%s leads to %s", name, b.path)
		}
		if b.get("/account"); !strings.HasPrefix(b.path, "/sign-in") {
			t.Errorf("%s lets in", name)
		}
	}
	with := func(at, name, value string) string {
		u, err := url.Parse(at)
		must(t, err)
		q := u.Query()
		q.Set(name, value)
		u.RawQuery = q.Encode()
		return u.String()
	}

	b := o.traveller()
	out("another state", b.come(with(b.agree(b.leave("/"), "malika"), "state", "x")), again)
	out("no state", b.come(with(b.agree(b.leave("/"), "malika"), "state", "")), again)
	out("somebody else's answer", o.traveller().come(b.agree(b.leave("/"), "malika")), again) // a link that was sent to a victim
	mine, theirs := o.traveller(), o.traveller()
	answer := theirs.agree(theirs.leave("/"), "malika")
	left, err := url.Parse(mine.leave("/"))
	must(t, err)
	out("somebody else's code", mine.come(with(answer, "state", left.Query().Get("state"))), refused) // PKCE
	out("another nonce", b.come(b.agree(with(b.leave("/"), "nonce", "x"), "malika")), refused)
	out("a code that was made up", b.come(with(b.agree(b.leave("/"), "malika"), "code", "x")), refused)
	left, err = url.Parse(b.leave("/"))
	must(t, err)
	out("a no of the provider", b.come(o.url+"/sign-in/oidc/callback?error=access_denied&state="+left.Query().Get("state")), refused)
	answer = b.agree(b.leave("/"), "malika")
	o.wait(11 * time.Minute)
	out("a trip that took too long", b.come(answer), again)

	// A code is taken once, also by a browser that still has the cookie.
	b = o.traveller()
	at := b.leave("/")
	home, err := url.Parse(o.url)
	must(t, err)
	kept := b.client.Jar.Cookies(home)
	answer = b.agree(at, "malika")
	b.come(answer).is(200).sees("Сегодня")
	jar, err := cookiejar.New(nil)
	must(t, err)
	replay := o.traveller()
	replay.client.Jar = jar
	jar.SetCookies(home, kept)
	out("a code again", replay.come(answer), refused)
	out("an answer again", o.traveller().come(answer), again)

	// What the provider signed for another program, and what it signed long ago.
	b = o.traveller()
	for client, in := range map[string]bool{"other": false, "regulars": true} { // it is the audience that counts
		at := b.leave("/")
		left, err := url.Parse(at)
		must(t, err)
		o.answers(func(said map[string]any) { said["id_token"] = o.tokenOf(t, client, left.Query().Get("nonce")) })
		if answer := b.agree(at, "malika"); in {
			b.come(answer).is(200).sees("Сегодня").post("/sign-out")
		} else {
			out("a token for another program", b.come(answer), refused)
		}
	}
	for name, c := range map[string]struct {
		party any
		to    []string
		in    bool
	}{
		"a token made for another party":      {"other", []string{"regulars"}, false},
		"a token for two, made for the other": {"other", []string{"regulars", "other"}, false},
		"a token for two, made for nobody":    {nil, []string{"regulars", "other"}, false},
		"a token for two, made for us":        {"regulars", []string{"regulars", "other"}, true},
	} {
		o.answers(func(said map[string]any) {
			said["id_token"] = o.changed(t, said["id_token"].(string), map[string]any{"azp": c.party, "aud": c.to})
		})
		if answer := b.agree(b.leave("/"), "malika"); c.in {
			b.come(answer).is(200).sees("Сегодня").post("/sign-out")
		} else {
			out(name, b.come(answer), refused)
		}
	}
	o.answers(func(said map[string]any) { said["id_token"] = said["id_token"].(string)[:20] + "x" })
	out("a token that is none", b.come(b.agree(b.leave("/"), "malika")), refused)
	o.answers(func(said map[string]any) { delete(said, "id_token") })
	out("no token", b.come(b.agree(b.leave("/"), "malika")), refused)
	o.answers(func(map[string]any) { o.wait(10 * time.Hour) })
	answer = b.agree(b.leave("/"), "malika")
	out("a token that has run out", b.come(answer), refused)
	o.answers(nil)
	o.wait(-10 * time.Hour)

	out("a stranger", b.come(b.agree(b.leave("/"), "stranger")), "Попросите владельца сделать её вашим логином")
	o.users["18"].EmailVerified = false
	out("an e-mail that is not verified", b.come(b.agree(b.leave("/"), "second")), "не подтвердил вашу почту")
	off := false
	_, err = o.Staff.Change(t.Context(), staff.By{}, malika.ID, staff.Change{Active: &off})
	must(t, err)
	out("an account that is off", b.come(b.agree(b.leave("/"), "malika")), "Ваш доступ отключён")
	if all, err := o.Staff.List(t.Context()); err != nil || len(all) != 2 {
		t.Errorf("there are %d accounts: %v", len(all), err)
	}
}

// answers changes what the provider says about tokens from here on.
func (o *office) answers(change func(map[string]any)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.tokens = change
}

// changed is a token of the provider that it signed with other claims; nil: without one.
func (o *office) changed(t *testing.T, token string, claims map[string]any) string {
	t.Helper()
	var all map[string]any
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	must(t, err)
	must(t, json.Unmarshal(text, &all))
	for name, v := range claims {
		if all[name] = v; v == nil {
			delete(all, name)
		}
	}
	key, err := o.store.SigningKey(t.Context())
	must(t, err)
	signer, err := op.SignerFromKey(key)
	must(t, err)
	token, err = crypto.Sign(all, signer)
	must(t, err)
	return token
}

// tokenOf is a token for one of its programs that the provider hands a browser.
func (o *office) tokenOf(t *testing.T, client, nonce string) string {
	t.Helper()
	b := o.traveller()
	at := o.Provider.Issuer + "/auth?" + url.Values{
		"client_id": {client}, "redirect_uri": {o.url + "/sign-in/oidc/callback"}, "response_type": {"id_token"},
		"scope": {"openid email"}, "state": {"x"}, "nonce": {nonce},
	}.Encode()
	u, err := url.Parse(b.agree(at, "malika"))
	must(t, err)
	said, err := url.ParseQuery(u.Fragment)
	must(t, err)
	if said.Get("id_token") == "" {
		t.Fatalf("no token: %s", u)
	}
	return said.Get("id_token")
}

// A provider that does not answer is no reason not to start, and is told.
func TestProviderIsSilent(t *testing.T) {
	t.Parallel()
	d := dbtest.Open(t, dbtest.SQLite)
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	s := openWith(t, d, admin.Provider{Issuer: gone.URL, ClientID: "regulars", Secret: "hush", Name: "Makro ID"})
	s.browser().get("/sign-in/oidc").is(503).sees("Сервис входа не отвечает")
	s.browser().get("/sign-in").is(200).sees("Войти через Makro ID")
}
