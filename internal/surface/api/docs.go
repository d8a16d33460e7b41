package api

import (
	"embed"
	"fmt"
	"hash/fnv"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"regulars/internal/base/errs"
	"regulars/internal/base/i18n"
	"regulars/internal/surface/web"
)

// docsPath is the page about the API.
const docsPath = "/docs"

//go:embed all:templates assets
var files embed.FS

// docs serves the documentation: a page made of the OpenAPI document, and the
// document itself.
type docs struct {
	byLang map[string]*description
	pages  *web.Pages
	assets *web.Assets
	css    string
	page   map[string]*docsPage
	served map[string]func() (served, error) // by path and language; made when first asked for
}

// served is a document as it is sent.
type served struct {
	kind, tag string
	body      []byte
}

// prepare makes everything that is served.
func (d *docs) prepare(shell *web.Shell) (err error) {
	templates, err := fs.Sub(files, "templates")
	if err != nil {
		return err
	}
	if d.pages, err = shell.Pages(templates, web.Nav{}); err != nil {
		return err
	}
	assets, err := fs.Sub(files, "assets")
	if err != nil {
		return err
	}
	if d.assets, err = web.NewAssets(docsPath+"/assets/", assets); err != nil {
		return err
	}
	if d.css, err = d.assets.URL("docs.css"); err != nil {
		return err
	}
	d.page, d.served = map[string]*docsPage{}, map[string]func() (served, error){}
	for lang, desc := range d.byLang {
		d.page[lang] = desc.page(d.css)
		d.served["/openapi.json "+lang] = lazily("application/json", desc.plain)
		d.served["/openapi.yaml "+lang] = lazily("application/yaml", desc.huma.OpenAPI().YAML)
	}
	return nil
}

// lazily makes a document once: it takes longer than everything else here, and
// the server starts without it.
func lazily(kind string, write func() ([]byte, error)) func() (served, error) {
	return sync.OnceValues(func() (served, error) {
		body, err := write()
		sum := fnv.New64a()
		_, _ = sum.Write(body) // never fails
		return served{kind, fmt.Sprintf(`"%x"`, sum.Sum64()), body}, err
	})
}

func (d *docs) routes(mux *http.ServeMux, shell *web.Shell) {
	mux.Handle("GET "+docsPath, shell.Handle(func(w http.ResponseWriter, r *http.Request) error {
		return d.pages.Render(w, r, "docs", docsView{d.page[web.Loc(r.Context()).Lang()], web.Origin(r)})
	}))
	mux.Handle("GET "+docsPath+"/assets/", d.assets)
	mux.Handle("GET /openapi.json", shell.Handle(d.document))
	mux.Handle("GET /openapi.yaml", shell.Handle(d.document))
}

// document sends the OpenAPI document, in English unless lang asks for another
// language: programs read it too, and they shall get the same every time.
func (d *docs) document(w http.ResponseWriter, r *http.Request) error {
	get, ok := d.served[r.URL.Path+" "+r.URL.Query().Get("lang")]
	if !ok {
		get = d.served[r.URL.Path+" "+i18n.Fallback]
	}
	doc, err := get()
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", doc.kind)
	h.Set("ETag", doc.tag)
	h.Set("Cache-Control", "no-cache")
	if r.Header.Get("If-None-Match") == doc.tag {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	_, _ = w.Write(doc.body) // the reader has gone: there is nobody to tell
	return nil
}

// docsPage is what the page shows.
type docsPage struct {
	CSS      string
	Guide    []docsChapter
	Groups   []docsGroup
	Types    []docsType
	Problems []docsProblem
}

type docsView struct {
	*docsPage
	Server string // under which it was asked for
}

type docsChapter struct {
	Anchor, Title string
	Text          []docsParagraph
}

// docsParagraph is text with pieces of code between.
type docsParagraph []docsSpan

type docsSpan struct {
	Text string
	Code bool
}

type docsGroup struct {
	Title      string
	Operations []docsOperation
}

type docsOperation struct {
	ID, Method, Title string
	Path              []docsSpan // Code: a part to be filled in
	Text              []docsParagraph
	Params            []docsField
	Body              []docsField
	BodyExample       string
	Status            string
	Answer            string // type
	AnswerExample     string
	ProblemExample    string
	Problems          []docsProblem
}

type docsType struct {
	Name   string
	Fields []docsField
}

type docsField struct {
	Name     string
	Where    string // of a parameter: path, query, header
	Kind     string
	Type     string // it leads to
	Values   []string
	Needed   bool
	Text     docsParagraph
	Children []docsField
}

type docsProblem struct {
	Status int
	Code   string
	Text   string
}

// page makes the page of the document.
func (d *description) page(css string) *docsPage {
	p := &docsPage{CSS: css}
	for _, c := range chapters {
		p.Guide = append(p.Guide, docsChapter{c, d.word("api.guide." + c + ".title"), prose(d.word("api.guide." + c + ".text"))})
	}
	answers := map[string]bool{}
	all := map[string]*errs.Error{}
	for _, g := range groups {
		group := docsGroup{Title: d.word("api.group." + g)}
		for _, o := range d.listed {
			if o.group != g {
				continue
			}
			group.Operations = append(group.Operations, d.docsOperation(o, answers))
			for _, e := range o.failures() {
				all[e.Code] = e
			}
		}
		p.Groups = append(p.Groups, group)
	}
	for _, name := range d.typeNames() {
		if answers[name] {
			t := docsType{name, d.docsFields(name, 0)}
			for i := range t.Fields {
				t.Fields[i].Needed = false // of what is to be sent
			}
			p.Types = append(p.Types, t)
		}
	}
	for _, e := range stray {
		all[e.Code] = e
	}
	for _, e := range all {
		p.Problems = append(p.Problems, d.docsProblem(e))
	}
	sortProblems(p.Problems)
	return p
}

func (d *description) docsOperation(o operation, answers map[string]bool) docsOperation {
	path := d.huma.OpenAPI().Paths[o.path]
	op := path.Get
	switch o.method {
	case http.MethodPost:
		op = path.Post
	case http.MethodPut:
		op = path.Put
	}
	out := docsOperation{
		ID: o.id, Method: o.method, Title: op.Summary, Path: pathSpans(o.path), Text: prose(op.Description), Status: successOf(op),
	}
	for _, param := range op.Parameters {
		f := d.docsField(param.Name, param.Schema, param.Required, 0)
		f.Where, f.Text = param.In, paragraph(param.Description)
		out.Params = append(out.Params, f)
	}
	if op.RequestBody != nil {
		media := op.RequestBody.Content["application/json"]
		out.Body, out.BodyExample = d.docsFields(refName(media.Schema), 3), exampleText(o.id+".request")
	}
	if media := op.Responses[out.Status].Content["application/json"]; media != nil {
		out.Answer, out.AnswerExample = refName(media.Schema), exampleText(o.id+".response")
		d.reach(media.Schema, answers)
	}
	out.ProblemExample = exampleText(o.id + ".problem")
	answers["Problem"], answers["ProblemField"] = true, true
	for _, e := range o.errors {
		out.Problems = append(out.Problems, d.docsProblem(e))
	}
	sortProblems(out.Problems)
	return out
}

func (d *description) docsProblem(e *errs.Error) docsProblem {
	return docsProblem{web.StatusOf(e), e.Code, d.errorText(e)}
}

func sortProblems(list []docsProblem) {
	slices.SortFunc(list, func(a, b docsProblem) int {
		if a.Status != b.Status {
			return a.Status - b.Status
		}
		return strings.Compare(a.Code, b.Code)
	})
}

// docsFields lists the fields of a type, those of what it holds within them to
// a depth; deeper ones are named by their type.
func (d *description) docsFields(name string, depth int) (list []docsField) {
	s := d.types.Map()[name]
	for _, prop := range d.fields(name) {
		field := s.Properties[prop]
		f := d.docsField(prop, field, slices.Contains(s.Required, prop), depth)
		f.Text = paragraph(field.Description)
		list = append(list, f)
	}
	return list
}

func (d *description) docsField(name string, s *huma.Schema, needed bool, depth int) docsField {
	f := docsField{Name: name, Needed: needed}
	item := s
	list := s.Type == huma.TypeArray
	if list {
		item = s.Items
	}
	var kind string
	switch {
	case item.Ref != "":
		f.Type, kind = refName(item), "object"
		if depth > 1 {
			f.Children = d.docsFields(f.Type, depth-1)
		}
	case item.AnyOf != nil || item.Format == "decimal":
		kind = "decimal"
	case item.Format == "date-time":
		kind = "time"
	case item.Type == huma.TypeObject:
		kind = "object"
	case item.Type == huma.TypeBoolean:
		kind = "boolean"
	case item.Type == huma.TypeInteger:
		kind = "integer"
	default:
		kind = "string"
	}
	if list {
		kind += "s"
	}
	f.Kind = d.word("api.kind." + kind)
	for _, v := range item.Enum {
		f.Values = append(f.Values, fmt.Sprint(v))
	}
	return f
}

func refName(s *huma.Schema) string { return strings.TrimPrefix(s.Ref, "#/components/schemas/") }

func exampleText(name string) string {
	text, err := fs.ReadFile(examples, "examples/"+name+".json")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// pathSpans splits a path at what is to be filled in.
func pathSpans(path string) (spans []docsSpan) {
	for path != "" {
		before, rest, found := strings.Cut(path, "{")
		spans = append(spans, docsSpan{Text: before})
		if !found {
			break
		}
		name, after, _ := strings.Cut(rest, "}")
		spans = append(spans, docsSpan{Text: name, Code: true})
		path = after
	}
	return spans
}

// prose splits text into paragraphs, and these at `code`.
func prose(text string) (list []docsParagraph) {
	for p := range strings.SplitSeq(text, "\n\n") {
		if p = strings.TrimSpace(p); p != "" {
			list = append(list, paragraph(p))
		}
	}
	return list
}

func paragraph(text string) (p docsParagraph) {
	for i, part := range strings.Split(text, "`") {
		if part != "" {
			p = append(p, docsSpan{part, i%2 == 1})
		}
	}
	return p
}
