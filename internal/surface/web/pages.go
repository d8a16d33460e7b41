package web

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"path"
	"regexp"
	"strings"
	"sync"

	"regulars/internal/base/errs"
	"regulars/internal/base/i18n"
	"regulars/internal/loyalty/staff"
)

// Nav is the frame of a surface's pages: what the sidebar lists, what the
// search box searches and where signing out is.
type Nav struct {
	Home    string // where the name at the top leads
	Items   []NavItem
	Search  *Search
	SignOut string    // path that is posted to
	Menu    []NavItem // in the user's menu, above the switches
}

// NavItem is an entry of the sidebar. It is shown to those who hold its
// permission; Go is the letter that follows g on the keyboard.
type NavItem struct {
	Key        string // what a page's block "nav" says
	Text       string // i18n key
	Icon       string
	Href       string
	Go         string
	Group      string // i18n key of the heading above; items of one group stand together
	Permission staff.Permission
}

// Search is the box at the top; it asks Href with q.
type Search struct {
	Href       string
	Text       string // i18n key of its placeholder
	Permission staff.Permission
}

// Pages are one surface's templates, ready to be rendered.
type Pages struct {
	shell *Shell
	nav   Nav
	// sets holds, by language and page, a template set that speaks it.
	sets map[string]map[string]*page
}

type page struct {
	// set is made when the page is first shown: all of them are most of what a
	// server keeps in memory, and a till's API shows none.
	set    func() (*template.Template, error)
	layout string
	nav    string
}

// templateSource is files of templates by name.
type templateSource map[string]string

// inlineCode finds what the content security policy would silently stop in the
// browser, so that it is noticed at start instead.
var inlineCode = regexp.MustCompile(`(?i)\sstyle\s*=|\son[a-z]+\s*=|\shx-on|<style|<script(?:[^>]*\ssrc=)?[^>]*>\s*[^<\s]|=["']\s*(?:js|javascript):|hx-trigger="[^"]*\[|\ssrc="(?:https?:)?//|<link[^>]*\shref="(?:https?:)?//`)

func readTemplates(fsys fs.FS, pattern string) (templateSource, error) {
	names, err := fs.Glob(fsys, pattern)
	if err != nil {
		return nil, err
	}
	out := templateSource{}
	for _, name := range names {
		text, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		if found := inlineCode.Find(text); found != nil {
			return nil, fmt.Errorf("%s: %q cannot work under the content security policy", name, found)
		}
		out[name] = string(text)
	}
	return out, nil
}

// Pages reads a surface's templates from the root of fsys: each name.html is a
// page, each _name.html holds parts that all of the surface's pages may use.
// What is wrong in any of them fails here, at start.
func (s *Shell) Pages(fsys fs.FS, nav Nav) (p *Pages, err error) {
	defer errs.Wrap(&err, "read templates")

	all, err := readTemplates(fsys, "*.html")
	if err != nil {
		return nil, err
	}
	p = &Pages{shell: s, nav: nav, sets: map[string]map[string]*page{}}
	for _, lang := range s.opts.Bundle.Languages() {
		loc := s.opts.Bundle.For(lang.Code)
		common := template.New("").Option("missingkey=error").Funcs(s.functions(loc))
		if err := s.components(common, loc); err != nil {
			return nil, err
		}
		for name, text := range s.base {
			if _, err := common.New(name).Parse(text); err != nil {
				return nil, err
			}
		}
		for name, text := range all {
			if strings.HasPrefix(name, "_") {
				if _, err := common.New(name).Parse(text); err != nil {
					return nil, err
				}
			}
		}
		set := map[string]*page{}
		for name, text := range all {
			if strings.HasPrefix(name, "_") {
				continue
			}
			name = strings.TrimSuffix(name, path.Ext(name))
			if set[name], err = newPage(common, name, text); err != nil {
				return nil, err
			}
		}
		p.sets[loc.Lang()] = set
	}
	return p, nil
}

func newPage(common *template.Template, name, text string) (*page, error) {
	parse := func() (*template.Template, error) {
		set, err := common.Clone()
		if err != nil {
			return nil, err
		}
		_, err = set.New(name + ".html").Parse(text)
		return set, err
	}
	set, err := parse() // for what is wrong in it, and two words
	if err != nil {
		return nil, err
	}
	word := func(block string) (string, error) {
		var b strings.Builder
		err := set.ExecuteTemplate(&b, block, nil)
		return strings.TrimSpace(b.String()), err
	}
	pg := &page{set: sync.OnceValues(parse)}
	if pg.layout, err = word("layout"); err != nil {
		return nil, err
	}
	if pg.nav, err = word("nav"); err != nil {
		return nil, err
	}
	if set.Lookup("layout-"+pg.layout) == nil {
		return nil, fmt.Errorf("%s.html: there is no layout %q", name, pg.layout)
	}
	return pg, nil
}

// view is what a layout sees; a page's own blocks see only Data.
type view struct {
	Data      any
	Lang      string
	Theme     string
	Settings  Settings
	Account   *staff.Account
	Languages []i18n.Language
	Flash     *Flash
	Path      string
	Home      string
	Groups    []navGroup
	Search    *Search
	Menu      []NavItem
	SignOut   string
}

type navGroup struct {
	Text  string
	Items []navEntry
}

type navEntry struct {
	NavItem
	Active bool
}

// Render answers with a page: status 200 and its layout around it.
func (p *Pages) Render(w http.ResponseWriter, r *http.Request, name string, data any) error {
	return p.RenderStatus(w, r, http.StatusOK, name, data)
}

// RenderStatus is Render with another status, such as 422 for a form that is
// shown again.
func (p *Pages) RenderStatus(w http.ResponseWriter, r *http.Request, status int, name string, data any) error {
	pg, err := p.page(r, name)
	if err != nil {
		return err
	}
	q := stateOf(r.Context())
	v := view{
		Data: data, Lang: q.loc.Lang(), Theme: q.theme, Settings: p.shell.shown(),
		Account: q.account, Languages: p.shell.opts.Bundle.Languages(),
		Flash: p.shell.takeFlash(w, r), Path: r.URL.RequestURI(),
		Home: p.nav.Home, SignOut: p.nav.SignOut,
	}
	if r.Method != http.MethodGet {
		v.Path = r.URL.Path
	}
	if q.account != nil {
		v.Groups = p.groups(*q.account, pg.nav)
		for _, item := range p.nav.Menu {
			if item.Permission == "" || q.account.Can(item.Permission) {
				v.Menu = append(v.Menu, item)
			}
		}
		if s := p.nav.Search; s != nil && q.account.Can(s.Permission) {
			v.Search = s
		}
	}
	return p.send(w, r, status, pg, "layout-"+pg.layout, v)
}

func (p *Pages) groups(a staff.Account, active string) []navGroup {
	var out []navGroup
	for _, item := range p.nav.Items {
		if item.Permission != "" && !a.Can(item.Permission) {
			continue
		}
		if len(out) == 0 || out[len(out)-1].Text != item.Group {
			out = append(out, navGroup{Text: item.Group})
		}
		g := &out[len(out)-1]
		g.Items = append(g.Items, navEntry{item, item.Key == active})
	}
	return out
}

// Fragment answers with one block of a page, for htmx.
func (p *Pages) Fragment(w http.ResponseWriter, r *http.Request, status int, name, block string, data any) error {
	pg, err := p.page(r, name)
	if err != nil {
		return err
	}
	return p.send(w, r, status, pg, block, data)
}

func (p *Pages) page(r *http.Request, name string) (*page, error) {
	pg := p.sets[Loc(r.Context()).Lang()][name]
	if pg == nil {
		return nil, fmt.Errorf("there is no page %q", name)
	}
	return pg, nil
}

// send renders into memory first: a template that fails half way answers with
// an error and not with half a page.
func (p *Pages) send(w http.ResponseWriter, r *http.Request, status int, pg *page, block string, data any) error {
	set, err := pg.set()
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := set.ExecuteTemplate(&b, block, data); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Language", Loc(r.Context()).Lang())
	h.Add("Vary", "HX-Request, Cookie, Accept-Language")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the reader has gone: there is nobody to tell
	return nil
}

// fail shows an error on one of the Shell's own pages; where even that does
// not work, it is said in plain text.
func (p *Pages) fail(w http.ResponseWriter, r *http.Request, prob *Problem, partial bool) {
	var err error
	if partial {
		err = p.Fragment(w, r, prob.Status, "error", "alert", prob)
	} else {
		err = p.RenderStatus(w, r, prob.Status, "error", prob)
	}
	if err != nil {
		p.shell.opts.Log.LogAttrs(r.Context(), slog.LevelError, "the error page failed",
			slog.String("request_id", RequestID(r.Context())), slog.String("error", err.Error()))
		http.Error(w, prob.Detail, prob.Status)
	}
}
