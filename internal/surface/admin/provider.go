package admin

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"regulars/internal/base/errs"
	"regulars/internal/base/secret"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/web"
)

// Provider is an OpenID Connect provider that says who somebody is.
type Provider struct {
	Issuer   string // empty: there is none
	ClientID string
	Secret   string
	Name     string // on the button
}

// Failures of the provider. What it says itself goes to the log.
var (
	errNoProvider = errs.New(errs.NotFound, "no_provider", "There is no sign-in service here.")
	errSilent     = errs.New(errs.Unavailable, "provider_silent", "The sign-in service does not answer, or is set up otherwise.")
	errRefused    = errs.New(errs.Forbidden, "provider_refused", "The sign-in service did not let you in. Begin again.")
)

const (
	providerCookie = "regulars_provider"
	providerPath   = "/sign-in/oidc"
	providerTime   = 10 * time.Minute // from leaving for the provider to coming back
)

// provider is the one of the configuration, and what it has told of itself.
type provider struct {
	Provider
	now    func() time.Time
	client *http.Client
	box    *secret.Box // of the cookie

	found atomic.Pointer[oidc.Provider] // nil: not asked yet, or there was no answer
}

func newProvider(c Config) (*provider, error) {
	// A key of its own, that every server of a database has.
	key := sha256.Sum256(append([]byte("provider\n"), c.Settings.Get().Secret...))
	box, err := secret.NewBox(base64.StdEncoding.EncodeToString(key[:]))
	return &provider{Provider: c.Provider, now: c.Now, client: &http.Client{Timeout: 10 * time.Second}, box: box}, err
}

// ask asks the provider about itself, once. It need not be there when the
// program starts.
func (p *provider) ask(ctx context.Context) (*oidc.Provider, error) {
	if p.Issuer == "" {
		return nil, errNoProvider
	}
	if found := p.found.Load(); found != nil {
		return found, nil
	}
	found, err := oidc.NewProvider(oidc.ClientContext(ctx, p.client), p.Issuer)
	if err != nil {
		return nil, errSilent.Because(err)
	}
	p.found.Store(found)
	return found, nil
}

func (p *provider) oauth(found *oidc.Provider, base string) *oauth2.Config {
	return &oauth2.Config{
		ClientID: p.ClientID, ClientSecret: p.Secret, Endpoint: found.Endpoint(), RedirectURL: base + providerPath + "/callback",
		Scopes: []string{oidc.ScopeOpenID, "email"},
	}
}

// trip is what a browser keeps, sealed, while it is at the provider.
type trip struct {
	State    string
	Nonce    string
	Verifier string
	Next     string
	Until    int64
}

// toProvider sends a browser to the provider.
func (a *Admin) toProvider(w http.ResponseWriter, r *http.Request) error {
	found, err := a.provider.ask(r.Context())
	if err != nil {
		return err
	}
	t := trip{
		State: oauth2.GenerateVerifier(), Nonce: oauth2.GenerateVerifier(), Verifier: oauth2.GenerateVerifier(),
		Next: web.SafePath(r.URL.Query().Get("next")), Until: a.Now().Add(providerTime).Unix(),
	}
	b, err := json.Marshal(t)
	if err != nil {
		return err
	}
	a.Shell.SetCookie(w, r, providerCookie, a.provider.box.Seal(string(b), providerCookie), providerTime)
	w.Header().Set("Cache-Control", "no-store")
	web.Redirect(w, r, a.provider.oauth(found, a.base(r)).AuthCodeURL(t.State, oidc.Nonce(t.Nonce), oauth2.S256ChallengeOption(t.Verifier)))
	return nil
}

// fromProvider signs in who comes back from the provider, as after a right
// password. Whoever is refused is told why on the page for signing in.
func (a *Admin) fromProvider(w http.ResponseWriter, r *http.Request) error {
	found, err := a.provider.ask(r.Context())
	if err != nil {
		return err
	}
	t, err := a.provider.back(r)
	a.Shell.SetCookie(w, r, providerCookie, "", -time.Second) // whatever comes of it, once
	var who staff.Identity
	if err == nil {
		who, err = a.provider.identity(r.Context(), found, a.base(r), t, r.URL.Query().Get("code"))
	}
	var account staff.Account
	if err == nil {
		account, err = a.Staff.Identify(r.Context(), who, web.Client(r))
	}
	switch errs.KindOf(err) {
	case errs.Forbidden, errs.Unauthorized:
		return a.sendBack(w, r, err, "/sign-in")
	}
	if err != nil {
		return err
	}
	return a.enter(w, r, account.ID, t.Next)
}

// back opens what the browser kept; it is the same that left, and not too late.
func (p *provider) back(r *http.Request) (t trip, err error) {
	c, err := r.Cookie(providerCookie)
	if err != nil {
		return trip{}, staff.ErrChallenge
	}
	plain, err := p.box.Open(c.Value, providerCookie)
	if err == nil {
		err = json.Unmarshal([]byte(plain), &t)
	}
	if err != nil || p.now().Unix() > t.Until || r.URL.Query().Get("state") != t.State {
		return trip{}, staff.ErrChallenge.Because(err)
	}
	if said := r.URL.Query().Get("error"); said != "" {
		return trip{}, errRefused.Because(errors.New(said + ": " + r.URL.Query().Get("error_description")))
	}
	return t, nil
}

// identity trades the code for who it is of, and checks that the provider said
// so, to us, now, and for this trip.
func (p *provider) identity(ctx context.Context, found *oidc.Provider, base string, t trip, code string) (who staff.Identity, err error) {
	ctx = oidc.ClientContext(ctx, p.client)
	token, err := p.oauth(found, base).Exchange(ctx, code, oauth2.VerifierOption(t.Verifier))
	if refused := (*oauth2.RetrieveError)(nil); errors.As(err, &refused) && refused.ErrorCode == "invalid_grant" {
		return who, errRefused.Because(err) // a code that is used up, or not for this browser
	}
	if err != nil {
		return who, errSilent.Because(err)
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := found.VerifierContext(ctx, &oidc.Config{ClientID: p.ClientID, Now: p.now}).Verify(ctx, raw)
	if err != nil {
		return who, errRefused.Because(err)
	}
	if id.Nonce != t.Nonce {
		return who, errRefused.Because(errors.New("the token has another nonce"))
	}
	said := struct {
		Party    string `json:"azp"`
		Email    string `json:"email"`
		Verified bool   `json:"email_verified"`
	}{}
	if err := id.Claims(&said); err != nil {
		return who, errRefused.Because(err)
	}
	if said.Party != p.ClientID && (said.Party != "" || len(id.Audience) > 1) {
		return who, errRefused.Because(errors.New("the token is another client's"))
	}
	if said.Email == "" && found.UserInfoEndpoint() != "" { // most say it only when asked
		info, err := found.UserInfo(ctx, oauth2.StaticTokenSource(token))
		if err != nil {
			return who, errSilent.Because(err)
		}
		if info.Subject != id.Subject {
			return who, errRefused.Because(errors.New("the provider tells of somebody else"))
		}
		said.Email, said.Verified = info.Email, info.EmailVerified
	}
	return staff.Identity{Issuer: id.Issuer, Subject: id.Subject, Email: said.Email, Verified: said.Verified}, nil
}
