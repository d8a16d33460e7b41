package admin

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"regulars/internal/base/errs"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/web"
)

const (
	passkeyCookie = "regulars_passkey"
	passkeyTime   = 5 * time.Minute
)

var errNoName = errs.New(errs.Conflict, "passkey_needs_name", "Passkeys need this address to be a name, not digits.")

// holder is somebody with passkeys, as the library asks for them.
type holder struct {
	staff.Account
	keys []webauthn.Credential
}

func (h *holder) WebAuthnID() []byte                         { return []byte(h.ID.String()) }
func (h *holder) WebAuthnName() string                       { return h.Login }
func (h *holder) WebAuthnDisplayName() string                { return h.Name }
func (h *holder) WebAuthnCredentials() []webauthn.Credential { return h.keys }

func (a *Admin) holder(r *http.Request, who staff.Account) (*holder, error) {
	h := &holder{Account: who}
	list, err := a.Staff.Passkeys(r.Context(), who.ID)
	for _, k := range list {
		var one webauthn.Credential
		if err := json.Unmarshal([]byte(k.Credential), &one); err != nil {
			return nil, err
		}
		one.Authenticator.SignCount = k.Counter
		h.keys = append(h.keys, one)
	}
	return h, err
}

// relying is this installation to whoever holds keys: its address as people came.
func (a *Admin) relying(r *http.Request) (*webauthn.WebAuthn, error) {
	base, err := url.Parse(a.base(r))
	if err != nil {
		return nil, err
	}
	if _, err := netip.ParseAddr(base.Hostname()); err == nil {
		return nil, errNoName // browsers make none for an address of digits
	}
	name := a.Settings.Get().Name
	if name == "" {
		name = "Regulars"
	}
	yes := true
	return webauthn.New(&webauthn.Config{
		RPID: base.Hostname(), RPDisplayName: name, RPOrigins: []string{base.Scheme + "://" + base.Host},
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			RequireResidentKey: &yes, ResidentKey: protocol.ResidentKeyRequirementRequired, UserVerification: protocol.VerificationRequired,
		},
	})
}

// ceremony is what a browser keeps, sealed, while its owner looks for the key.
type ceremony struct {
	Session *webauthn.SessionData
	Until   time.Time
	For     staff.ID // whose new key it is; 0: somebody signs in
}

// askKey hands out what a key has to sign.
func (a *Admin) askKey(w http.ResponseWriter, r *http.Request, session *webauthn.SessionData, options any) error {
	me, _ := web.Account(r.Context())
	kept, err := json.Marshal(ceremony{session, a.Now().Add(passkeyTime), me.ID})
	if err != nil {
		return err
	}
	a.Shell.SetCookie(w, r, passkeyCookie, a.provider.box.Seal(string(kept), passkeyCookie), passkeyTime)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(options)
}

// answered opens what the browser kept.
func (a *Admin) answered(w http.ResponseWriter, r *http.Request) (q ceremony, what staff.Signed, err error) {
	c, err := r.Cookie(passkeyCookie)
	if err != nil {
		return q, what, staff.ErrChallenge
	}
	a.Shell.SetCookie(w, r, passkeyCookie, "", -time.Second)
	plain, err := a.provider.box.Open(c.Value, passkeyCookie)
	if err == nil {
		err = json.Unmarshal([]byte(plain), &q)
	}
	me, _ := web.Account(r.Context())
	if err != nil || q.Session == nil || q.For != me.ID {
		return q, what, staff.ErrChallenge.Because(err)
	}
	return q, staff.Signed{Challenge: q.Session.Challenge, Expires: q.Until}, nil
}

func (a *Admin) beginPasskey(w http.ResponseWriter, r *http.Request) error {
	if err := a.fresh(r); err != nil {
		return err
	}
	at, err := a.relying(r)
	if err != nil {
		return err
	}
	h, err := a.holder(r, web.Me(r))
	if err != nil {
		return err
	}
	options, session, err := at.BeginRegistration(h, webauthn.WithExclusions(webauthn.Credentials(h.keys).CredentialDescriptors()))
	if err != nil {
		return err
	}
	return a.askKey(w, r, session, options)
}

func (a *Admin) addPasskey(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	q, what, err := a.answered(w, r)
	if err == nil {
		err = a.keepPasskey(r, q, what, form)
	}
	switch errs.KindOf(err) {
	case errs.Forbidden, errs.Unauthorized, errs.Invalid:
		return a.sendBack(w, r, err, "/account")
	}
	if err != nil {
		return err
	}
	a.good(w, r, "admin.passkey.added")
	web.Redirect(w, r, "/account")
	return nil
}

func (a *Admin) keepPasskey(r *http.Request, q ceremony, what staff.Signed, form *web.Form) error {
	at, err := a.relying(r)
	if err != nil {
		return err
	}
	h, err := a.holder(r, web.Me(r))
	if err != nil {
		return err
	}
	said, err := protocol.ParseCredentialCreationResponseBody(bytes.NewReader([]byte(form.Get("answer"))))
	if err != nil {
		return staff.ErrPasskey.Because(err)
	}
	key, err := at.CreateCredential(h, *q.Session, said)
	if err != nil {
		return staff.ErrPasskey.Because(err)
	}
	text, err := json.Marshal(key)
	if err != nil {
		return err
	}
	name := form.Get("name")
	if name == "" {
		name = device(r.UserAgent())
	}
	return a.Staff.AddPasskey(r.Context(), by(r), h.ID, staff.Passkey{
		ID: keyID(key.ID), Name: name, Credential: string(text), Counter: key.Authenticator.SignCount,
	}, what)
}

func keyID(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }

func (a *Admin) removePasskey(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	if err := a.Staff.RemovePasskey(r.Context(), by(r), web.Me(r).ID, form.Get("key")); err != nil {
		return err
	}
	a.good(w, r, "admin.passkey.removed")
	web.Redirect(w, r, "/account")
	return nil
}

func (a *Admin) renamePasskey(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	err = a.Staff.RenamePasskey(r.Context(), by(r), web.Me(r).ID, form.Get("key"), form.Get("name"))
	if errs.KindOf(err) == errs.Invalid {
		return a.sendBack(w, r, err, "/account")
	}
	if err != nil {
		return err
	}
	a.good(w, r, "admin.saved")
	web.Redirect(w, r, "/account")
	return nil
}

func (a *Admin) beginKeySignIn(w http.ResponseWriter, r *http.Request) error {
	at, err := a.relying(r)
	if err != nil {
		return err
	}
	options, session, err := at.BeginDiscoverableLogin(webauthn.WithUserVerification(protocol.VerificationRequired))
	if err != nil {
		return err
	}
	return a.askKey(w, r, session, options)
}

// keySignIn signs in by a passkey, with nothing more: who has it unlocked has
// shown two things.
func (a *Admin) keySignIn(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	q, what, err := a.answered(w, r)
	var who staff.Account
	if err == nil {
		who, err = a.byPasskey(r, q, what, form.Raw("answer"))
	}
	if errors.Is(err, staff.ErrPasskey) || errors.Is(err, staff.ErrInactive) || errors.Is(err, staff.ErrChallenge) {
		return a.sendBack(w, r, err, "/sign-in")
	}
	if err != nil {
		return err
	}
	if err := a.Shell.StartSession(w, r, who.ID); err != nil {
		return err
	}
	web.Redirect(w, r, web.SafePath(form.Get("next")))
	return nil
}

func (a *Admin) byPasskey(r *http.Request, q ceremony, what staff.Signed, answer string) (who staff.Account, err error) {
	at, err := a.relying(r)
	if err != nil {
		return who, err
	}
	said, err := protocol.ParseCredentialRequestResponseBytes([]byte(answer))
	if err != nil {
		return who, staff.ErrPasskey.Because(err)
	}
	var h *holder
	_, key, err := at.ValidatePasskeyLogin(func(_, handle []byte) (webauthn.User, error) {
		var id staff.ID
		if err := id.UnmarshalText(handle); err != nil {
			return nil, err
		}
		one, err := a.Staff.Get(r.Context(), id)
		if err != nil {
			return nil, err
		}
		h, err = a.holder(r, one)
		return h, err
	}, *q.Session, said)
	if err != nil {
		return who, staff.ErrPasskey.Because(err)
	}
	if key.Authenticator.CloneWarning {
		return who, staff.ErrPasskey.Because(errors.New("its counter went back: there is a copy of it"))
	}
	return a.Staff.UsePasskey(r.Context(), h.ID, staff.Passkey{ID: keyID(key.ID), Counter: key.Authenticator.SignCount}, what)
}
