// Package webtest drives the system's Chromium through pages, for tests.
//
// A Browser notes everything that a person would see in the console: a script
// that failed, a request refused by the content security policy. A test that
// ends with such notes fails, whatever else it asserts. Where there is no
// Chromium the test fails and says what to install. Without a browser, Markup
// and Check review a page's text.
package webtest

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/serviceworker"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// Limit is how long one test may keep its browser.
const Limit = 6 * time.Minute

// Browser is one tab.
type Browser struct {
	t   testing.TB
	ctx context.Context

	mu    sync.Mutex
	notes []string
	allow []string
}

// Open starts Chromium with an empty profile and closes it when the test ends.
func Open(t testing.TB) *Browser {
	t.Helper()
	binary := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			binary = p
			break
		}
	}
	if binary == "" {
		t.Fatal("Chromium is missing: run scripts/test-deps (apt-get install chromium)")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(binary), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()), chromedp.WSURLReadTimeout(time.Minute))
	b := &Browser{t: t}
	ctx, cancel := context.WithTimeout(context.Background(), Limit)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, opts...)
	t.Cleanup(cancel)
	b.ctx, cancel = chromedp.NewContext(ctx, chromedp.WithListener(b.hear))
	t.Cleanup(cancel)
	t.Cleanup(func() {
		_ = chromedp.Cancel(b.ctx) // the profile's folder is removed next: the process must be gone
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, n := range b.notes {
			t.Errorf("the browser says: %s", n)
		}
	})
	if _, err := chromedp.Call(b.ctx, log.Enable, cdp.Empty{}); err != nil {
		t.Fatal(err)
	}
	return b
}

// Tab opens another tab of the browser: it shares all but what a tab keeps for
// itself. It is closed by Close, or with the browser.
func (b *Browser) Tab() *Browser {
	b.t.Helper()
	b.mu.Lock()
	tab := &Browser{t: b.t, allow: slices.Clone(b.allow)}
	b.mu.Unlock()
	var cancel context.CancelFunc
	tab.ctx, cancel = chromedp.NewContext(b.ctx, chromedp.WithListener(tab.hear))
	b.t.Cleanup(cancel)
	b.t.Cleanup(func() {
		tab.mu.Lock()
		defer tab.mu.Unlock()
		for _, n := range tab.notes {
			b.t.Errorf("another tab says: %s", n)
		}
	})
	if _, err := chromedp.Call(tab.ctx, log.Enable, cdp.Empty{}); err != nil {
		b.t.Fatal(err)
	}
	return tab
}

// Installable fails the test where the browser would not install the page.
func (b *Browser) Installable() {
	b.t.Helper()
	manifest, err := chromedp.Call(b.ctx, page.GetAppManifest, page.GetAppManifestParams{})
	if err != nil {
		b.fail(err)
	}
	if manifest.URL == "" {
		b.t.Error("the page has no manifest")
	}
	for _, e := range manifest.Errors {
		b.t.Errorf("the manifest: %s", e.Message)
	}
	found, err := chromedp.Call(b.ctx, page.GetInstallabilityErrors, cdp.Empty{})
	if err != nil {
		b.fail(err)
	}
	for _, e := range found.InstallabilityErrors {
		b.t.Errorf("cannot be installed: %s", e.ErrorID)
	}
}

// Close closes the tab, whatever it is doing.
func (b *Browser) Close() {
	b.t.Helper()
	if err := chromedp.Cancel(b.ctx); err != nil {
		b.t.Fatal(err)
	}
}

// hear notes what the console shows. It runs between the browser's messages.
func (b *Browser) hear(ev any) {
	switch ev := ev.(type) {
	case *runtime.EventExceptionThrown:
		text := ev.ExceptionDetails.Text
		if ev.ExceptionDetails.Exception != nil {
			text += " " + ev.ExceptionDetails.Exception.Description
		}
		b.note("exception: " + text)
	case *runtime.EventConsoleAPICalled:
		if ev.Type == runtime.ConsoleAPICalledTypeError || ev.Type == runtime.ConsoleAPICalledTypeWarning {
			var parts []string
			for _, a := range ev.Args {
				parts = append(parts, string(a.Value)+a.Description)
			}
			b.note("console: " + strings.Join(parts, " "))
		}
	case *log.EventEntryAdded:
		if ev.Entry.Level == log.EntryLevelError || ev.Entry.Level == log.EntryLevelWarning {
			b.note(string(ev.Entry.Source) + ": " + ev.Entry.Text + " " + ev.Entry.URL)
		}
	}
}

func (b *Browser) note(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, a := range b.allow {
		if strings.Contains(text, a) {
			return
		}
	}
	b.notes = append(b.notes, text)
}

// Allow names words of a console message that the test expects, such as the
// "422" of a form that is refused on purpose.
func (b *Browser) Allow(words ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.allow = append(b.allow, words...)
}

// Do runs chromedp's own actions, for what the methods below do not cover.
func (b *Browser) Do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.fail(err)
	}
}

// patience is how long the browser may take over one thing on a busy machine.
const patience = 20 * time.Second

// fail ends the test and says what the page showed.
func (b *Browser) fail(err error) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 5*time.Second)
	defer cancel()
	text, _ := chromedp.Run(ctx, chromedp.Evaluate[string](`location.href + "\n" + (document.body?.innerText ?? "")`))
	b.t.Fatalf("%v\nat %s", err, text)
}

// Go opens an address and waits until it is there.
func (b *Browser) Go(url string) {
	b.t.Helper()
	b.Do(chromedp.Navigate(url))
}

// Back goes back in history.
func (b *Browser) Back() {
	b.t.Helper()
	b.Do(chromedp.Evaluate[chromedp.Void]("void history.back()"))
}

// Press sends keys to whatever has the focus, once the page listens: its
// scripts run after its text is to be seen.
func (b *Browser) Press(keys ...string) {
	b.t.Helper()
	b.Wait(`document.readyState === "complete"`)
	for _, k := range keys {
		b.Do(chromedp.KeyEvent(k))
	}
}

// See waits until the page's visible text holds every one of the words.
// No-break spaces count as spaces.
func (b *Browser) See(words ...string) {
	b.t.Helper()
	for _, w := range words {
		b.Wait(fmt.Sprintf(`document.body.innerText.replace(/[\u00a0\u202f]/g, " ").includes(%q)`, w))
	}
}

// Wait waits until a JavaScript expression is true.
func (b *Browser) Wait(expression string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		// While a page gives way to the next there is nothing to ask: ask again.
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("(() => { try { return Boolean("+expression+") } catch { return false } })()"))
		if err == nil && ok {
			return
		}
		select {
		case <-ctx.Done():
			b.fail(fmt.Errorf("waited in vain for %s (%w)", expression, errors.Join(err, ctx.Err())))
		case <-tick.C:
		}
	}
}

// Value evaluates a JavaScript expression and gives its text.
func (b *Browser) Value(expression string) string {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	out, err := chromedp.Run(ctx, chromedp.Evaluate[string]("String("+expression+")"))
	if err != nil {
		b.fail(err)
	}
	return out
}

// Fill types into the field that a CSS selector finds, instead of what was there.
func (b *Browser) Fill(selector, text string) {
	b.t.Helper()
	b.found(chromedp.WaitVisible(chromedp.CSS(selector)), chromedp.Clear(chromedp.CSS(selector)),
		chromedp.SendKeys(chromedp.CSS(selector), text))
}

// Click clicks what a CSS selector finds, once it is to be seen.
func (b *Browser) Click(selector string) {
	b.t.Helper()
	b.found(chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// found does what is done to an element, from the start where that gave way to another
// after it was found, as parts of a page do.
func (b *Browser) found(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	for {
		err := chromedp.Do(ctx, actions...)
		if err == nil {
			return
		}
		if !strings.Contains(err.Error(), "Could not find node with given id") {
			b.fail(err)
		}
	}
}

// Usable fails the test where somebody could not use the page as it is shown
// now: text of too little contrast (AA: 4.5, large 3), buttons, links and
// fields without a name for a screen reader, a choice that is cut off, an id that
// is there twice.
func (b *Browser) Usable(name string) {
	b.t.Helper()
	b.Wait(`document.readyState === "complete"`) // a page that has just been gone to is still being read
	for _, found := range b.list(usable) {
		b.t.Errorf("%s: %s", name, found)
	}
}

// Touchable fails the test where something that is to be touched is smaller
// than 44 pixels.
func (b *Browser) Touchable(name string) {
	b.t.Helper()
	for _, found := range b.list(touchable) {
		b.t.Errorf("%s: %s", name, found)
	}
}

// list evaluates a script that gives a list of texts.
func (b *Browser) list(script string) []string {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	out, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](script))
	if err != nil {
		b.fail(err)
	}
	return out
}

//go:embed usable.js
var usable string

//go:embed touchable.js
var touchable string

// Look is how a page is looked at.
type Look struct {
	Width, Height int64
	Dark          bool
	Print         bool
	Touch         bool   // by fingers
	Language      string // sent as Accept-Language; "": as it is
	Zone          string // of its clock; "": that of Tashkent
}

// Screens that pages are looked at in: a phone, a till's tablet, a wide screen.
var (
	Phone  = Look{Width: 360, Height: 780}
	Tablet = Look{Width: 820, Height: 1180}
	Wide   = Look{Width: 1440, Height: 900}
)

// Look sets the screen, the scheme of colours and the language.
func (b *Browser) Look(l Look) {
	b.t.Helper()
	scheme := "light"
	if l.Dark {
		scheme = "dark"
	}
	media := ""
	if l.Print {
		media = "print"
	}
	_, err := chromedp.Call(b.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: l.Width, Height: l.Height, DeviceScaleFactor: 1,
	})
	_, err2 := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Media: media, Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme},
			{Name: "prefers-reduced-motion", Value: "reduce"}, // or what is seen depends on the moment
		},
	})
	_, err3 := chromedp.Call(b.ctx, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: l.Touch})
	_, err4 := chromedp.Call(b.ctx, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: cmp.Or(l.Zone, "Asia/Tashkent")})
	err = errors.Join(err, err3, err4)
	if l.Language != "" {
		_, err3 := chromedp.Call(b.ctx, network.SetExtraHTTPHeaders, network.SetExtraHTTPHeadersParams{
			Headers: network.Headers{"Accept-Language": l.Language},
		})
		err = errors.Join(err, err3)
	}
	if err := errors.Join(err, err2); err != nil {
		b.fail(err)
	}
}

// Shot writes what the screen shows as name.png into the folder that the environment
// variable REGULARS_SHOTS names; without it nothing is written. It also fails
// if the page is wider than the screen.
func (b *Browser) Shot(name string) {
	b.t.Helper()
	if wide := b.Value(`document.documentElement.scrollWidth > document.documentElement.clientWidth + 1
		? [...document.querySelectorAll("body *")].filter(e => e.getBoundingClientRect().right > innerWidth + 1 && !e.closest(".table-box")).slice(0, 3).map(e => e.outerHTML.slice(0, 120)).join("\n") || "something"
		: ""`); wide != "" {
		b.t.Errorf("%s: the page is wider than the screen: %s", name, wide)
	}
	dir := os.Getenv("REGULARS_SHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		b.fail(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// StopWorkers ends the service workers that run, as the browser does with idle ones;
// they begin again when they are asked something.
func (b *Browser) StopWorkers() {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, serviceworker.Enable, cdp.Empty{})
	if err == nil {
		_, err = chromedp.Call(b.ctx, serviceworker.StopAllWorkers, cdp.Empty{})
	}
	if err != nil {
		b.fail(err)
	}
}

// Passkeys gives the browser a place for passkeys, such as phones have. Whether
// its owner shows who they are is told by verified.
func (b *Browser) Passkeys() (verified func(is bool)) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, webauthn.Enable, webauthn.EnableParams{})
	if err != nil {
		b.fail(err)
	}
	made, err := chromedp.Call(b.ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{
		Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: "ctap2", Transport: "internal", HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true,
		},
	})
	if err != nil {
		b.fail(err)
	}
	return func(is bool) {
		b.t.Helper()
		_, err := chromedp.Call(b.ctx, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: made.AuthenticatorID, IsUserVerified: is})
		if err != nil {
			b.fail(err)
		}
	}
}
