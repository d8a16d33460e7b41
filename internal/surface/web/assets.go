package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"regexp"
	"strings"
	"sync"
)

// Assets are the files that browsers load: each is served under an address
// that carries a hash of its content and may therefore be kept for ever.
type Assets struct {
	prefix string
	files  map[string]*asset // by name and by hashed name
	icons  map[string]bool
}

type asset struct {
	name   string // "app.css"
	hashed string // "app.3f2a9c41d0.css"
	kind   string
	body   []byte
	// packed is made when it is first asked for, so that starting stays quick.
	packed func() []byte
}

// NewAssets collects the files at the root of fsys; the SVG files in its folder
// icons, if there is one, become the sprite icons.svg. A surface with files of
// its own makes its own Assets and serves them under its own prefix.
func NewAssets(prefix string, fsys fs.FS) (*Assets, error) {
	a := &Assets{prefix: prefix, files: map[string]*asset{}, icons: map[string]bool{}}
	names, err := fs.Glob(fsys, "*.*")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		kind := mime.TypeByExtension(path.Ext(name))
		switch path.Ext(name) {
		case ".md", ".LICENSE":
			continue
		case ".js": // some systems' tables call it otherwise
			kind = "text/javascript; charset=utf-8"
		case ".webmanifest":
			kind = "application/manifest+json"
		}
		body, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		a.add(name, kind, body)
	}

	icons, err := fs.Glob(fsys, "icons/*.svg")
	if err != nil || len(icons) == 0 {
		return a, err
	}
	var sprite bytes.Buffer
	sprite.WriteString(`<svg xmlns="http://www.w3.org/2000/svg">`)
	for _, file := range icons {
		svg, err := fs.ReadFile(fsys, file)
		if err != nil {
			return nil, err
		}
		id := strings.TrimSuffix(path.Base(file), ".svg")
		symbol, err := symbolOf(id, svg)
		if err != nil {
			return nil, err
		}
		sprite.WriteString(symbol)
		a.icons[id] = true
	}
	sprite.WriteString(`</svg>`)
	a.add("icons.svg", "image/svg+xml", sprite.Bytes())
	return a, nil
}

var (
	svgTag    = regexp.MustCompile(`(?s)^\s*<svg\b.*?>(.*)</svg>\s*$`)
	svgSpaces = regexp.MustCompile(`\s+`)
)

// symbolOf turns an icon's file into a symbol of the sprite. Strokes and sizes
// come from the CSS class icon.
func symbolOf(id string, svg []byte) (string, error) {
	m := svgTag.FindSubmatch(svg)
	if m == nil {
		return "", fmt.Errorf("icon %s is not an SVG file", id)
	}
	body := strings.ReplaceAll(string(m[1]), `<path stroke="none" d="M0 0h24v24H0z" fill="none" />`, "")
	body = strings.TrimSpace(svgSpaces.ReplaceAllString(body, " "))
	return `<symbol id="` + id + `" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" ` +
		`stroke-linecap="round" stroke-linejoin="round">` + body + `</symbol>`, nil
}

func (a *Assets) add(name, kind string, body []byte) {
	sum := sha256.Sum256(body)
	ext := path.Ext(name)
	f := &asset{
		name:   name,
		hashed: strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:5]) + ext,
		kind:   kind,
		body:   body,
		packed: sync.OnceValue(func() []byte { return pack(body) }),
	}
	a.files[f.name], a.files[f.hashed] = f, f
}

// pack compresses, or gives nil where it is not worth it.
func pack(body []byte) []byte {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil
	}
	if _, err := z.Write(body); err != nil || z.Close() != nil || b.Len() > len(body)*9/10 {
		return nil
	}
	return b.Bytes()
}

// URL is the address of a file, with its hash.
func (a *Assets) URL(name string) (string, error) {
	f := a.files[name]
	if f == nil {
		return "", fmt.Errorf("there is no asset %q", name)
	}
	return a.prefix + f.hashed, nil
}

// ServeHTTP serves a file: for ever under its hashed name, for a moment under
// its plain one.
func (a *Assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, a.prefix)
	f := a.files[name]
	if f == nil {
		w.Header().Set("Cache-Control", "no-store")
		http.Error(w, "no such file", http.StatusNotFound)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.kind)
	h.Set("ETag", `"`+f.hashed+`"`)
	h.Set("Vary", "Accept-Encoding")
	if name == f.hashed {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		h.Set("Cache-Control", "no-cache")
	}
	if r.Header.Get("If-None-Match") == `"`+f.hashed+`"` {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := f.body
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		if packed := f.packed(); packed != nil {
			h.Set("Content-Encoding", "gzip")
			body = packed
		}
	}
	h.Set("Content-Length", fmt.Sprint(len(body)))
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the reader has gone: there is nobody to tell
	}
}
