package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/i18n"
)

// contract is the OpenAPI document as another program reads it. Every answer
// in these tests is held against it.
type contract struct {
	compiler *jsonschema.Compiler
	paths    map[string]map[string]any
	mu       sync.Mutex
	schemas  map[string]*jsonschema.Schema
}

func newContract(t testing.TB, document string) *contract {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(document))
	check(t, err)
	c := &contract{compiler: jsonschema.NewCompiler(), paths: map[string]map[string]any{}, schemas: map[string]*jsonschema.Schema{}}
	check(t, c.compiler.AddResource("openapi.json", doc))
	for path, item := range doc.(map[string]any)["paths"].(map[string]any) {
		c.paths[path] = item.(map[string]any)
	}
	return c
}

// schema compiles a part of the document; nil where there is none.
func (c *contract) schema(t testing.TB, path, method, part string) *jsonschema.Schema {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	at := fmt.Sprintf("openapi.json#/paths/%s/%s/%s", strings.ReplaceAll(path, "/", "~1"), strings.ToLower(method), part)
	if s, ok := c.schemas[at]; ok {
		return s
	}
	s, err := c.compiler.Compile(at)
	if err != nil {
		t.Fatalf("%s: %v", at, err)
	}
	c.schemas[at] = s
	return s
}

var parameter = regexp.MustCompile(`\{[a-z]+\}`)

// route finds the documented path of an address.
func (c *contract) route(method, address string) string {
	address, _, _ = strings.Cut(address, "?")
	for path, item := range c.paths {
		if item[strings.ToLower(method)] == nil {
			continue
		}
		pattern := "^" + parameter.ReplaceAllString(path, "[^/]+") + "$"
		if regexp.MustCompile(pattern).MatchString(address) && !(strings.Contains(path, "{") && c.paths[address] != nil) {
			return path
		}
	}
	return ""
}

// holds fails the test where an answer is not what the document promises.
func (c *contract) holds(t testing.TB, method, address string, a answer) {
	t.Helper()
	path := c.route(method, address)
	if path == "" {
		return
	}
	kind := strings.ReplaceAll(a.header.Get("Content-Type"), "/", "~1")
	s := c.schema(t, path, method, fmt.Sprintf("responses/%d/content/%s/schema", a.status, kind))
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(a.text))
	check(t, err)
	if err := s.Validate(v); err != nil {
		t.Errorf("%s %s answers %d otherwise than its document says: %v\n%s", method, address, a.status, err, a.text)
	}
}

// The document is a sound OpenAPI 3.1 document, in every language.
func TestOpenAPIDocumentIsSound(t *testing.T) {
	t.Parallel()
	s := newSite(t, dbtest.Open(t, dbtest.SQLite), options{})
	schema, err := os.ReadFile("testdata/openapi-3.1.schema.json")
	check(t, err)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	check(t, err)
	c := jsonschema.NewCompiler()
	check(t, c.AddResource("oas.json", doc))
	sound, err := c.Compile("oas.json")
	check(t, err)
	texts := map[string]bool{}
	for _, lang := range i18n.Codes() {
		a := s.do(call{method: http.MethodGet, path: "/openapi.json?lang=" + lang, key: "-"}).is(http.StatusOK)
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(a.text))
		check(t, err)
		if err := sound.Validate(v); err != nil {
			t.Errorf("%s: %v", lang, err)
		}
		a.has("openapi", "3.1.0", "info.version", "test")
		texts[a.words("info.title")] = true

		again := s.do(call{method: http.MethodGet, path: "/openapi.json?lang=" + lang, key: "-", headers: []string{"If-None-Match", a.header.Get("ETag")}})
		again.is(http.StatusNotModified)
	}
	if len(texts) != len(i18n.Codes()) {
		t.Errorf("titles are %v, want one in each language", texts)
	}
	if a := s.do(call{method: http.MethodGet, path: "/openapi.yaml", key: "-"}).is(http.StatusOK); !strings.HasPrefix(a.text, "components:") {
		t.Errorf("not YAML: %.60s", a.text)
	}
}

// Every call of the document has an example, and every example fits it.
func TestExamplesFitTheDocument(t *testing.T) {
	t.Parallel()
	s := newSite(t, dbtest.Open(t, dbtest.SQLite), options{})
	c := s.contract
	used := map[string]bool{}
	for path, item := range c.paths {
		for method, op := range item {
			op := op.(map[string]any)
			id := op["operationId"].(string)
			status := "200"
			if op["responses"].(map[string]any)["201"] != nil {
				status = "201"
			}
			parts := map[string]string{id + ".response": "responses/" + status + "/content/application~1json/schema"}
			if op["requestBody"] != nil {
				parts[id+".request"] = "requestBody/content/application~1json/schema"
			}
			if _, err := os.Stat(filepath.Join("examples", id+".problem.json")); err == nil {
				parts[id+".problem"] = "responses/409/content/application~1problem+json/schema"
			}
			for name, part := range parts {
				used[name+".json"] = true
				text, err := os.ReadFile(filepath.Join("examples", name+".json"))
				check(t, err)
				v, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
				check(t, err)
				if err := c.schema(t, path, method, part).Validate(v); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
	}
	files, err := os.ReadDir("examples")
	check(t, err)
	for _, f := range files {
		if !used[f.Name()] {
			t.Errorf("examples/%s belongs to no call", f.Name())
		}
	}
}

// What the document allows as a body is no wider than what is taken: names
// that it does not have are refused by both.
func TestDocumentRefusesUnknownFields(t *testing.T) {
	t.Parallel()
	dbtest.Run(t, func(t *testing.T, d *db.DB) {
		s := newSite(t, d, options{})
		for path, item := range s.contract.paths {
			if op, ok := item["post"].(map[string]any); !ok || op["requestBody"] == nil {
				continue
			}
			s.post(path, `{"unheard_of": 1}`).problem(http.StatusUnprocessableEntity, "invalid_request", "/unheard_of").has("errors.0.code", "unknown_field", "detail", "/unheard_of is not a field of this call; see the documentation for its fields. This is the first mistake; what follows it was not read.")
			v, err := jsonschema.UnmarshalJSON(strings.NewReader(`{"unheard_of": 1}`))
			check(t, err)
			if s.contract.schema(t, path, "post", "requestBody/content/application~1json/schema").Validate(v) == nil {
				t.Errorf("the document of %s allows a field that is refused", path)
			}
		}
	})
}

// No text of the documentation is left that nothing shows.
func TestEveryTextOfTheDocumentationIsShown(t *testing.T) {
	t.Parallel()
	s := newSite(t, dbtest.Open(t, dbtest.SQLite), options{})
	document := s.do(call{method: http.MethodGet, path: "/openapi.json", key: "-"}).is(http.StatusOK)
	var doc struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]struct{ Description string }
			}
		}
	}
	check(t, json.Unmarshal([]byte(document.text), &doc))
	shown := map[string]bool{}
	for _, schema := range doc.Components.Schemas {
		for _, p := range schema.Properties {
			shown[p.Description] = true
		}
	}
	for key, text := range documentation(t) {
		if (strings.HasPrefix(key, "api.field.") || strings.HasPrefix(key, "api.type.")) && !shown[text] {
			t.Errorf("%s describes nothing", key)
		}
	}
}
