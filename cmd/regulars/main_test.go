package main

import (
	"archive/zip"
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alecthomas/kong"

	"regulars/internal/base/db"
	"regulars/internal/base/db/dbtest"
	"regulars/internal/base/db/pgserver"
)

// instance is the program while it serves, in this process.
type instance struct {
	t      testing.TB
	url    string
	stderr *output
	cancel context.CancelFunc
	ended  chan int
}

var serving = regexp.MustCompile(`Regulars serves on (http://\S+)`)

// serve runs the program with the arguments until it listens. It is stopped
// when the test ends, if not before.
func serve(t testing.TB, args ...string) *instance {
	t.Helper()
	return start(t, "serve", args...)
}

// start is serve with another command that serves.
func start(t testing.TB, command string, args ...string) *instance {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s := &instance{t: t, stderr: &output{}, cancel: cancel, ended: make(chan int, 1)}
	read, write := io.Pipe()
	go func() {
		code := run(ctx, append([]string{command, "--listen", "127.0.0.1:0"}, args...), nil, write, s.stderr)
		_ = write.Close() // never fails
		s.ended <- code
	}()
	t.Cleanup(func() { s.stop() })
	if s.url = announced(read); s.url == "" {
		t.Fatalf("it does not serve: exit code %d\n%s", s.stop(), s.stderr)
	}
	return s
}

// announced reads what the program says until it says where it serves; the
// rest is read and thrown away. It is "" if the program ends without.
func announced(stdout io.Reader) string {
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if m := serving.FindStringSubmatch(lines.Text()); m != nil {
			go io.Copy(io.Discard, stdout) //nolint:errcheck // to the end
			return m[1]
		}
	}
	return ""
}

// output may be read while the program writes.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// stop stops the program, once, and returns its exit code.
func (s *instance) stop() int {
	s.cancel()
	select {
	case code := <-s.ended:
		s.ended <- code
		return code
	case <-time.After(time.Minute):
		s.t.Fatal("it did not stop within a minute")
		return -1
	}
}

func get(t testing.TB, url string) (status int, body string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // read whole
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// database is what a test says to run on an engine: new and empty.
func database(t testing.TB, e dbtest.Engine) []string {
	t.Helper()
	args := []string{"--data", t.TempDir()}
	if e == dbtest.Postgres {
		args = append(args, "--database", dbtest.Empty(t, e).URL)
	}
	return args
}

func TestServe(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, e dbtest.Engine) {
		where := database(t, e)
		s := serve(t, append(where, "--currency", "KZT", "--zone", "Asia/Almaty")...)
		for path, want := range map[string]string{"/livez": "ok\n", "/readyz": "ok\n"} {
			if status, body := get(t, s.url+path); status != http.StatusOK || body != want {
				t.Errorf("%s: %d %q", path, status, body)
			}
		}
		if status, _ := get(t, s.url+"/no/such/page"); status != http.StatusNotFound {
			t.Errorf("a page that is not there: %d", status)
		}
		_, figures := get(t, s.url+"/metrics")
		for _, want := range []string{
			"go_goroutines ", "process_open_fds ", `regulars_build_info{database="` + string(e) + `",version="dev"} 1`,
			`regulars_db_connections{state="idle"} `, "\nregulars_jobs_due ", `regulars_db_transactions_total{end="committed"} `, `regulars_http_requests_total{method="GET",route="GET /readyz",status="200"} 1`,
		} {
			if !strings.Contains(figures, want) {
				t.Errorf("/metrics says nothing of %s", want)
			}
		}
		if code := s.stop(); code != 0 {
			t.Fatalf("stopped with %d\n%s", code, s.stderr)
		}
		if log := s.stderr.String(); strings.Contains(log, `"level":"WARN"`) || strings.Contains(log, `"level":"ERROR"`) {
			t.Errorf("it complained:\n%s", log)
		}

		// The choice of the first start holds.
		again := serve(t, where...)
		if code := again.stop(); code != 0 {
			t.Errorf("the second time it stopped with %d", code)
		}
		if code, _, errors := call(t, append([]string{"serve", "--listen", "127.0.0.1:0", "--currency", "UZS"}, where...)...); code != misled ||
			!strings.Contains(errors, "--currency is UZS, but this database keeps everything in KZT") {
			t.Errorf("another currency: %d %s", code, errors)
		}
		serve(t, append(where, "--currency", "KZT")...)
	})
}

// call runs the program to its end.
func call(t testing.TB, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return callWith(t, nil, args...)
}

func callWith(t testing.TB, environ []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out, errors bytes.Buffer
	code = run(ctx, args, environ, &out, &errors)
	return code, out.String(), errors.String()
}

func TestWrongSettingsAreRefusedByName(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "regulars.toml")
	tests := map[string]struct {
		args []string
		env  []string
		file string
		want []string
	}{
		"unknown command":     {args: []string{"sirve"}, want: []string{"sirve"}},
		"unknown flag":        {args: []string{"serve", "--lissten", ":80"}, want: []string{"--lissten"}},
		"flag":                {args: []string{"serve", "--listen", "8080"}, want: []string{`--listen is "8080"`}},
		"port":                {args: []string{"serve", "--listen", ":http"}, want: []string{"--listen"}},
		"environment":         {args: []string{"serve"}, env: []string{"REGULARS_LISTEN=8080"}, want: []string{"--listen", "REGULARS_LISTEN"}},
		"file":                {args: []string{"serve", "--config", file}, file: "listen = 8080", want: []string{"--listen", file}},
		"file by environment": {args: []string{"serve"}, env: []string{"REGULARS_CONFIG=" + file}, file: "listen = 8080", want: []string{"--listen", file}},
		"flag beats all": {args: []string{"serve", "--config", file, "--listen", "flag"}, env: []string{"REGULARS_LISTEN=env"},
			file: `listen = "file"`, want: []string{`--listen is "flag"`}},
		"environment beats file": {args: []string{"serve", "--config", file}, env: []string{"REGULARS_LISTEN=env"},
			file: `listen = "file"`, want: []string{`--listen is "env"`}},
		"unknown in file": {args: []string{"serve", "--config", file}, file: `lissten = ":80"`, want: []string{file, `"lissten" is not a setting, did you mean "listen"?`}},
		"broken file":     {args: []string{"serve", "--config", file}, file: `listen ":80"`, want: []string{file}},
		"missing file":    {args: []string{"serve", "--config", file + ".no"}, want: []string{"--config"}},
		"database":        {args: []string{"serve"}, env: []string{"REGULARS_DATABASE=mysql://root:hunter2@h/x"}, want: []string{"--database", "REGULARS_DATABASE"}},
		"secret key":      {args: []string{"serve"}, env: []string{"REGULARS_SECRET_KEY=hunter2"}, want: []string{"--secret-key", "REGULARS_SECRET_KEY"}},
		"provider":        {args: []string{"serve", "--oidc-issuer", "http://id.example.com"}, env: []string{"REGULARS_OIDC_NAME="}, want: []string{`--oidc-issuer is "http://id.example.com"`, "--oidc-client-id is needed", "--oidc-secret is needed"}},
		"no provider":     {args: []string{"serve"}, env: []string{"REGULARS_OIDC_SECRET=hunter2"}, want: []string{"--oidc-issuer is needed"}},
		"several at once": {args: []string{"serve", "--currency", "sum", "--zone", "Tashkent", "--log-level", "loud", "--log-format", "xml"},
			want: []string{`--currency is "sum"`, `--zone is "Tashkent"`, `--log-level is "loud"`, `--log-format is "xml"`}},
		"language":         {args: []string{"serve", "--language", "kk"}, want: []string{`--language is "kk", not one of en, ru, uz`}},
		"currency":         {args: []string{"serve", "--currency", "ABC"}, want: []string{`--currency is "ABC", not an ISO 4217 code`}},
		"demo":             {args: []string{"demo", "--files", "nowhere", "--customers", "0"}, want: []string{"--customers must be"}},
		"kind":             {args: []string{"import", "--language", "en", "--kind", "people", file}, file: "name\nAnn\n", want: []string{`--kind is “people”, not one of customers, products, receipts`}},
		"kind, in Russian": {args: []string{"import", "--kind", "people", file}, file: "name\nAnn\n", want: []string{`--kind — «people», а бывает customers, products, receipts, giftcards, stock или images`}},
		"names":            {args: []string{"import", "--guess", file}, file: "name\nAnn\nBob\n", want: []string{file, "--kind"}},
		"no column":        {args: []string{"import", "--check", "--kind", "receipts", file}, file: "sku;x\nA;1\n", want: []string{file + ": Укажите, в каком столбце дата. ", "Напечатайте столбцы с --guess"}},
		"no file":          {args: []string{"import", file + ".no"}, want: []string{"Нет файла " + file + ".no"}},
		"no files":         {args: []string{"import"}, want: []string{"Назовите файлы"}},
		"public url":       {args: []string{"serve", "--public-url", "loyalty.example.com"}, want: []string{"--public-url"}},
		"proxies":          {args: []string{"serve", "--trusted-proxies", "10.0.0.0/8,proxy"}, want: []string{`--trusted-proxies holds "proxy"`}},
		"roles":            {args: []string{"serve", "--database", "postgres://nowhere", "--roles", "api,cook"}, want: []string{`--roles holds "cook", not one of api, pages, worker`}},
		"roles of SQLite":  {args: []string{"serve", "--roles", "api,pages"}, want: []string{"--roles leaves out"}},
		"connections":      {args: []string{"serve", "--connections", "-1"}, want: []string{"--connections is -1, not a number from 1 to 10000"}},
		"no number":        {args: []string{"serve", "--connections", "many"}, want: []string{"--connections"}},
		"too large":        {args: []string{"serve", "--connections", "99999999999999999999"}, want: []string{`--connections is 99999999999999999999, which is out of range`}},
		"years":            {args: []string{"demo", "--years", "-1"}, want: []string{`--years must be 1 to 20`}},
		"seed":             {args: []string{"demo", "--seed", "-1"}, want: []string{`--seed is -1, not a number from 0 to 18446744073709551615`}},
		"no seed":          {args: []string{"demo", "--seed", "one"}, want: []string{`--seed is "one", not a number`}},
		"not a folder":     {args: []string{"serve", "--data", file}, file: "\n", want: []string{"--data"}},
		"migrate":          {args: []string{"migrate", "--database", "db"}, want: []string{"--database"}},
	}
	for name, tt := range tests { // in turn: they share the file
		if err := os.WriteFile(file, []byte(tt.file), 0o600); err != nil {
			t.Fatal(err)
		}
		code, _, errors := callWith(t, tt.env, tt.args...)
		if code != misled {
			t.Errorf("%s: exit code %d, want %d", name, code, misled)
		}
		for _, want := range append(tt.want, "regulars: ") {
			if !strings.Contains(errors, want) {
				t.Errorf("%s: %q, want %q in it", name, errors, want)
			}
		}
		if strings.Contains(errors, "hunter2") {
			t.Errorf("%s: a password is shown: %s", name, errors)
		}
	}
	if _, err := os.Stat("data"); err == nil {
		t.Error("a folder was made for nothing")
	}
}

// What is refused leaves no data folder behind: it would keep a currency that
// nobody chose.
func TestRefusedLeavesNothing(t *testing.T) {
	t.Parallel()
	book, dateless := filepath.Join(t.TempDir(), "orders.xlsx"), filepath.Join(t.TempDir(), "orders.csv")
	for path, text := range map[string]string{book: "PK\x03\x04\x14\x00\x06\x00", dateless: "number,sku,amount\n1,A,5\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{
		{"demo", "--stores", "0", "--listen", "127.0.0.1:0"}, {"demo", "--customers", "0", "--listen", "127.0.0.1:0"}, {"demo", "--years", "21", "--listen", "127.0.0.1:0"},
		{"serve", "--database", "postgres://u@127.0.0.1:1/x?connect_timeout=1", "--listen", "127.0.0.1:0"},
		{"import", book}, {"import", "--kind", "receipts", dateless},
	} {
		data := filepath.Join(t.TempDir(), "data")
		code, _, errors := call(t, slices.Concat(args[:1], []string{"--data", data}, args[1:])...)
		if code == 0 || !strings.Contains(errors, "regulars: ") {
			t.Errorf("%v: %d %s", args, code, errors)
		}
		if _, err := os.Stat(data); err == nil {
			t.Errorf("%v: the data folder was made", args)
		}
	}
}

// An archive of images has neither sheets nor columns to tell of.
func TestImportTellsOfImages(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	if _, err := z.Create("milk.txt"); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "images.zip")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errors := call(t, "import", "--check", "--data", filepath.Join(dir, "data"), file)
	if code != 0 || !strings.Contains(out, "Это не изображение") || strings.Contains(out, "«*»") || strings.Contains(out, "→") {
		t.Errorf("%d %s\n%s", code, errors, out)
	}
}

func TestSettingsFromFileAndEnvironment(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "regulars.toml")
	text := fmt.Sprintf("data = %q\ncurrency = \"EUR\"\nconnections = 3\ntrusted-proxies = [\"10.0.0.0/8\", \"::1\"]\nlog-level = \"error\"\n", dir)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errors := callWith(t, []string{"REGULARS_CONFIG=" + file, "REGULARS_LOG_LEVEL=info", "REGULARS_DATABSE=postgres://x"}, "migrate")
	if code != 0 || out == "" || !strings.Contains(errors, "tables brought up to date") {
		t.Errorf("%d %s %s", code, out, errors)
	}
	if !strings.Contains(errors, "REGULARS_DATABSE is not a setting and is ignored, did you mean REGULARS_DATABASE?") {
		t.Errorf("nothing said of a misspelled variable: %s", errors)
	}
	info, err := os.Stat(filepath.Join(dir, "regulars.db"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("others may read the database: %v", info.Mode())
	}
}

func TestHelpAndVersion(t *testing.T) {
	t.Parallel()
	if code, out, _ := call(t, "--help"); code != 0 || !strings.Contains(out, "serve") || !strings.Contains(out, "REGULARS_LOG_LEVEL") {
		t.Errorf("--help: %d %s", code, out)
	}
	for _, args := range [][]string{{"version"}, {"--version"}} {
		if code, out, _ := call(t, args...); code != 0 || out != "regulars dev\n" {
			t.Errorf("%v: %d %q", args, code, out)
		}
	}
	for _, tt := range []struct {
		args []string
		code int
		want string
	}{{nil, misled, "Commands:"}, {[]string{"help"}, 0, "Commands:"}, {[]string{"help", "import"}, 0, "--guess"}} {
		if code, out, _ := call(t, tt.args...); code != tt.code || !strings.Contains(out, tt.want) {
			t.Errorf("%v: %d %s", tt.args, code, out)
		}
	}
}

func TestOneServerForAFolder(t *testing.T) {
	t.Parallel()
	where := database(t, dbtest.SQLite)
	serve(t, where...)
	if key, err := os.Stat(filepath.Join(where[1], "secret.key")); err != nil || key.Mode().Perm() != 0o600 {
		t.Errorf("the secret key: %v, %v", key, err)
	}
	for _, command := range []string{"serve", "migrate"} {
		args := append([]string{command}, where...)
		if command == "serve" {
			args = append(args, "--listen", "127.0.0.1:0")
		}
		code, _, errors := call(t, args...)
		if code != failed || !strings.Contains(errors, "Another regulars serves the data folder "+where[1]) {
			t.Errorf("%s beside a server: %d %s", command, code, errors)
		}
	}
}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	s := serve(t, database(t, dbtest.SQLite)...)
	code, _, errors := call(t, append([]string{"serve", "--listen", strings.TrimPrefix(s.url, "http://")}, database(t, dbtest.SQLite)...)...)
	if code != failed || !strings.Contains(errors, "in use by another program; say another with --listen") {
		t.Errorf("%d %s", code, errors)
	}
}

// Several start at once on an empty database; each migrates, or waits for who
// does, and has a node number of its own.
func TestSeveralServersOnOnePostgres(t *testing.T) {
	t.Parallel()
	address := dbtest.Empty(t, dbtest.Postgres).URL
	var group sync.WaitGroup
	servers := make(chan *instance, 4)
	for range cap(servers) {
		group.Go(func() { servers <- serve(t, "--data", t.TempDir(), "--database", address, "--connections", "4") })
	}
	group.Wait()
	close(servers)
	all := map[string]bool{}
	for s := range servers {
		all[s.url] = true
		if status, body := get(t, s.url+"/readyz"); status != http.StatusOK {
			t.Errorf("%s: %d %s", s.url, status, body)
		}
		if log := s.stderr.String(); strings.Contains(log, `"level":"WARN"`) {
			t.Errorf("it complained:\n%s", log)
		}
	}
	if len(all) != cap(servers) {
		t.Errorf("%d servers, want %d", len(all), cap(servers))
	}
}

// A database that goes away makes the server not ready, and coming back makes
// it ready again, without a restart.
func TestReadyFollowsTheDatabase(t *testing.T) {
	t.Parallel()
	pg, err := pgserver.Start(t.Context(), "fsync=off")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := pg.Close(); err != nil {
			t.Error(err)
		}
	})
	s := serve(t, "--data", t.TempDir(), "--database", pg.URL)
	if err := pg.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if status, body := get(t, s.url+"/readyz"); status != http.StatusServiceUnavailable || body != "the database does not answer\n" {
		t.Errorf("without its database: %d %q", status, body)
	}
	if status, _ := get(t, s.url+"/livez"); status != http.StatusOK {
		t.Errorf("the process lives: %d", status)
	}
	if err := pg.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if status, body := get(t, s.url+"/readyz"); status != http.StatusOK {
		t.Errorf("with its database back: %d %q", status, body)
	}
	if code := s.stop(); code != 0 {
		t.Errorf("stopped with %d", code)
	}
}

// A demo is filled, served, verified beside the server, and verify finds what
// was damaged.
func TestDemoAndVerify(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, e dbtest.Engine) {
		where := database(t, e)
		if code, _, errors := call(t, append([]string{"verify"}, where...)...); code != failed || errors == "" {
			t.Errorf("verify of nothing: %d %s", code, errors)
		}
		s := start(t, "demo", append(where, "--stores", "1", "--customers", "15", "--years", "1")...)
		if status, body := get(t, s.url+"/readyz"); status != http.StatusOK {
			t.Errorf("%d %s", status, body)
		}
		var imports int
		verify := append([]string{"verify"}, where...)
		if code, report, errors := call(t, verify...); code != 0 || report == "" {
			t.Errorf("verify: %d %s %s", code, report, errors)
		}
		if code := s.stop(); code != 0 {
			t.Errorf("stopped with %d", code)
		}

		cfg := db.Config{Path: filepath.Join(where[1], "regulars.db")}
		if e == dbtest.Postgres {
			cfg = db.Config{URL: where[3]}
		}
		d := dbtest.OpenConfig(t, cfg)
		var zone string
		if err := d.QueryRow(t.Context(), `SELECT value FROM settings WHERE name = 'zone'`).Scan(&zone); err != nil || zone != "Asia/Tashkent" {
			t.Errorf("the clock of the chain is %q, %v", zone, err)
		}
		if err := d.QueryRow(t.Context(), `SELECT COUNT(*) FROM imports WHERE state = 'done'`).Scan(&imports); err != nil || imports != 1 {
			t.Errorf("%d imports to look at, %v", imports, err)
		}
		if n, err := d.Exec(t.Context(), `UPDATE accounts SET active = active + 1 WHERE customer_id = (SELECT MIN(customer_id) FROM accounts)`); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		if code, report, _ := call(t, verify...); code != off || !strings.Contains(report, "account") {
			t.Errorf("verify of a damaged balance: %d %s", code, report)
		}
		// The demo is there and is not made again.
		again := start(t, "demo", where...)
		if code := again.stop(); code != 0 {
			t.Errorf("stopped with %d", code)
		}
	})
}

// The demo's chain can be had as files, which an installation takes in, also in
// currencies that tell no country.
func TestDemoFiles(t *testing.T) {
	t.Parallel()
	for _, currency := range []string{"KZT", "JPY", "KWD"} {
		t.Run(currency, func(t *testing.T) {
			t.Parallel()
			folder := filepath.Join(t.TempDir(), "chain")
			code, out, errors := call(t, "demo", "--files", folder, "--stores", "1", "--customers", "20", "--years", "1", "--currency", currency)
			if code != 0 || !strings.Contains(out, "20 customers") {
				t.Fatalf("%d %s%s", code, out, errors)
			}
			args := append([]string{"import", "--currency", currency, "--language", "en"}, database(t, dbtest.SQLite)...)
			for _, name := range []string{"customers.csv", "products.csv", "receipts.csv"} {
				args = append(args, filepath.Join(folder, name))
			}
			if code, out, errors := call(t, args...); code != 0 || !strings.Contains(out, "Receipts recorded") || strings.Contains(out, "Refused") {
				t.Errorf("%d %s%s", code, out, errors)
			}
		})
	}
}

// A demo is filled in any currency.
func TestDemoOfNoCountry(t *testing.T) {
	t.Parallel()
	for _, currency := range []string{"JPY", "KWD"} {
		t.Run(currency, func(t *testing.T) {
			t.Parallel()
			where := database(t, dbtest.SQLite)
			if code := start(t, "demo", append(where, "--stores", "1", "--customers", "15", "--years", "1", "--currency", currency)...).stop(); code != 0 {
				t.Errorf("stopped with %d", code)
			}
			if code, report, errors := call(t, append([]string{"verify"}, where...)...); code != 0 {
				t.Errorf("verify: %d %s%s", code, report, errors)
			}
		})
	}
}

// Files are taken in beside a server: looked at, checked, imported, and
// nothing is doubled when they come again.
func TestImport(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, e dbtest.Engine) {
		where := database(t, e)
		serve(t, append(where, "--language", "en")...)
		dir := t.TempDir()
		file := filepath.Join(dir, "sales.csv")
		text := "receipt;date;card;sku;quantity;price;amount\n" +
			"A1;2026-01-05 10:00;770001;bread;2;1.50;3.00\n" +
			"A1;2026-01-05 10:00;770001;milk;1;2.25;2.25\n" +
			"A2;2026-01-06 11:00;770002;bread;1;1.50;1.50\n" +
			"A3;2026-01-07 12:00;770001;bread;many;1.50;1.50\n"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		ask := func(want []string, flags ...string) string {
			t.Helper()
			code, out, errors := call(t, slices.Concat([]string{"import"}, where, flags, []string{file})...)
			if code != 0 {
				t.Fatalf("%v: %d %s", flags, code, errors)
			}
			for _, w := range want {
				if !regexp.MustCompile(w).MatchString(out) {
					t.Errorf("%v: nothing says %s:\n%s", flags, w, out)
				}
			}
			return out
		}

		mapping := filepath.Join(dir, "mapping.json")
		guess := ask([]string{`"kind": "receipts"`, `"sku": 4`}, "--guess")
		if err := os.WriteFile(mapping, []byte(guess), 0o600); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(guess, `"zone"`) || strings.Contains(guess, `"region"`) { // they are the installation's
			t.Errorf("guessed without an installation:\n%s", guess)
		}
		// A check leaves nothing, unless the refused rows are asked for.
		ask([]string{`Rows +4`, `Refused +1`, `Sales +2`, `New customers +2`, `Receipts recorded +2`, `New stores +1 \(import\)`, `1 × quantity: This is not a number. \(row 5 “many”\)`}, "--check")
		ask([]string{`A check: nothing is written`}, "--check")
		ask([]string{`Compared with the old system:\n  Receipts: here 2, there 3, difference −1\n    sales.csv: 1 × quantity: This is not a number. \(row 5 “many”\)\n  Sales less returns: .*6.75.*, agrees`},
			"--check", "--expect", "receipts=3", "--expect", "sum=6.75")
		if code, _, errors := call(t, slices.Concat([]string{"import"}, where, []string{"--expect", "turnover=1", file})...); code == 0 || !strings.Contains(errors, "not one of customers, receipts, sum, points") {
			t.Errorf("a total that there is not: %d %s", code, errors)
		}
		look := filepath.Join(dir, "look")
		ask([]string{`refused rows.* are in ` + look}, "--check", "--refused", look)
		if kept, err := os.ReadDir(look); err != nil || len(kept) != 1 {
			t.Errorf("refused rows of a check: %v, %v", kept, err)
		}
		if left, err := os.ReadDir(filepath.Join(where[1], "imports")); err != nil || len(left) != 0 {
			t.Errorf("a check left %v, %v", left, err)
		}
		out := ask([]string{`receipt → Receipt number`, `Receipts recorded +2`, `New customers +2`, `New stores +1 \(old tills\)`, `1 × quantity: This is not a number. \(row 5 “many”\)`, `Total less returns .*6.75`}, "--mapping", mapping, "--source", "old tills")
		refused := regexp.MustCompile(`refused rows.* are in (.*)`).FindStringSubmatch(out)
		if refused == nil {
			t.Fatalf("nothing says where the refused rows are:\n%s", out)
		}
		rows, err := os.ReadFile(refused[1])
		if err != nil || !strings.Contains(string(rows), "A3") || !strings.Contains(string(rows), "many") {
			t.Errorf("refused rows: %s, %v", rows, err)
		}
		ask([]string{`Known before +2`}, "--source", "old tills")
		if code, report, _ := call(t, append([]string{"verify"}, where...)...); code != 0 {
			t.Errorf("verify: %d %s", code, report)
		}

		// The language is that of the installation, unless another is chosen.
		ask([]string{`Были раньше +2`}, "--language", "ru", "--source", "old tills")
		if code, _, errors := call(t, slices.Concat([]string{"import"}, where, []string{"--language", "ru"})...); code != misled || !strings.Contains(errors, "Назовите файлы") {
			t.Errorf("in Russian: %d %s", code, errors)
		}
		if code, _, errors := call(t, slices.Concat([]string{"import"}, where, []string{"--source", "third", file})...); code != misled || !strings.Contains(errors, "source “old tills”") {
			t.Errorf("the same file of another source: %d %s", code, errors)
		}
		if err := os.WriteFile(file, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		for said, text := range map[string]string{
			"columns/at: This is of another kind":                 `{"columns":{"at":true}}`,
			"columns/at: No column of the file is called so":      `{"columns":{"at":"when"}}`,
			"options/desimal: ":                                   `{"options":{"desimal":","}}`,
			"look at line 2":                                      "{\n,}",
			"columns/born: Files of this kind have no such field": `{"columns":{"born":1}}`,
		} {
			if err := os.WriteFile(mapping, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			code, _, errors := call(t, slices.Concat([]string{"import"}, where, []string{"--mapping", mapping, file})...)
			if code != misled || !strings.Contains(errors, mapping+": ") || !strings.Contains(errors, said) {
				t.Errorf("mapping %s: %d %s", text, code, errors)
			}
		}
		if err := os.WriteFile(mapping, []byte(`{"columns":{"phone":3}}`), 0o600); err != nil {
			t.Fatal(err)
		}
		ask([]string{`card → Phone`}, "--check", "--mapping", mapping, "--source", "third")
		stores := filepath.Join(dir, "stores.csv")
		if err := os.WriteFile(stores, []byte("receipt;date;store;sku;quantity;price\nB1;2026-01-05;S1;bread;1;1\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if code, _, errors := call(t, slices.Concat([]string{"import"}, where, []string{stores})...); code != 0 {
			t.Errorf("stores: %s", errors)
		}
		if code, _, errors := call(t, slices.Concat([]string{"import"}, where, []string{"--source", "fourth", file})...); code != misled || !strings.Contains(errors, "Name one of S1, old tills. Say it with --store.") {
			t.Errorf("several stores: %d %s", code, errors)
		}
		ask([]string{`Receipts recorded +2`}, "--source", "fourth", "--store", "S1")
		if code, _, errors := call(t, slices.Concat([]string{"import"}, where, []string{"--check", "--source", "fifth", file})...); code != misled || !strings.Contains(errors, "source “fourth”") {
			t.Errorf("a check of the same file: %d %s", code, errors)
		}
		cfg := db.Config{Path: filepath.Join(where[1], "regulars.db")}
		if e == dbtest.Postgres {
			cfg = db.Config{URL: where[3]}
		}
		var checked int
		const checks = `SELECT COUNT(*) FROM imports i JOIN sources s ON s.id = i.source_id WHERE i.state = 'checked' OR s.name = 'fifth'`
		if err := dbtest.OpenConfig(t, cfg).QueryRow(t.Context(), checks).Scan(&checked); err != nil || checked != 0 {
			t.Errorf("checks left %d imports, %v", checked, err)
		}
		var begun, noted int
		const trail = `SELECT (SELECT COUNT(*) FROM imports WHERE state <> 'draft'), (SELECT COUNT(*) FROM audit WHERE action = 'import.started' AND actor = 0)`
		if err := dbtest.OpenConfig(t, cfg).QueryRow(t.Context(), trail).Scan(&begun, &noted); err != nil || noted != begun || noted == 0 {
			t.Errorf("the audit log has %d of %d imports, %v", noted, begun, err)
		}

		for name, args := range map[string][]string{
			"kind": {"--kind", "people", file}, "no file": {}, "missing file": {file + ".no"}, "mapping": {"--mapping", file, file},
			"currency": {"--currency", "EUR", file},
		} {
			if code, _, errors := call(t, slices.Concat([]string{"import"}, where, args)...); code != misled || errors == "" {
				t.Errorf("%s: %d %s", name, code, errors)
			}
		}
	})
}

// writing does something at the first output.
type writing func()

func (w writing) Write(b []byte) (int, error) {
	w()
	return len(b), nil
}

// An import that is stopped says, in the language of its reports, what became of
// what is in, and the same command goes on, with its mapping too.
func TestImportIsStoppedAndGoesOn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, mapping := filepath.Join(dir, "people.csv"), filepath.Join(dir, "mapping.json")
	for path, text := range map[string]string{file: "card;name\n1001;Ann Lee\n1002;Bob Lee\n", mapping: `{"columns":{"phone":0}}`} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"import", "--data", filepath.Join(dir, "data"), "--log-level", "error", "--mapping", mapping, file}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var said bytes.Buffer
	if code := run(ctx, args, nil, writing(cancel), &said); code != failed || said.String() != "regulars: Остановлено. Что уже загружено, осталось; та же команда продолжит с того же места.\n" {
		t.Errorf("%d %s", code, said.String())
	}
	if code, out, errors := call(t, args...); code != 0 || !regexp.MustCompile(`Новых +2`).MatchString(out) {
		t.Errorf("%d %s%s", code, out, errors)
	}
}

// A look at files leaves nothing behind where there is no installation, and
// tells what an import would do all the same.
func TestLookingAtFilesFoundsNothing(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, e dbtest.Engine) {
		where := database(t, e)
		dir := t.TempDir()
		file := filepath.Join(dir, "people.csv")
		if err := os.WriteFile(file, []byte("card;name;hobby;birthday\n1001;Ann Lee;chess;03/02/1990\n1002;Bob Lee;;\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		for flag, want := range map[string]string{"--guess": `"kind": "customers"`, "--check": `New +2`} {
			code, out, errors := call(t, slices.Concat([]string{"import"}, where, []string{flag, "--currency", "KZT", "--language", "en", file})...)
			if code != 0 || !regexp.MustCompile(want).MatchString(out) {
				t.Errorf("%s: %d %s%s", flag, code, out, errors)
			}
			for _, said := range []string{"left out: hobby", "To be sure of: “03/02/1990” is read as "} {
				if flag == "--check" && !strings.Contains(out, said) {
					t.Errorf("nothing says %s:\n%s", said, out)
				}
			}
		}
		points := filepath.Join(dir, "points.csv")
		if err := os.WriteFile(points, []byte("card;name;points\n1001;Ann Lee;5\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if code, _, errors := call(t, slices.Concat([]string{"import"}, where, []string{"--language", "en", points})...); code != misled || !strings.Contains(errors, "leave the column of points out") {
			t.Errorf("points without a programme: %d %s", code, errors)
		}
		if left, err := os.ReadDir(where[1]); err != nil || len(left) != 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
		// Another currency can still be chosen.
		if code, _, errors := call(t, slices.Concat([]string{"import"}, where, []string{"--currency", "EUR", file})...); code != 0 {
			t.Errorf("import: %d %s", code, errors)
		}
	})
}

// docs/running.md has a row for every setting and command, and none too many;
// docs/import.md and docs/conformance.md those of their commands.
func TestDocumentedAsItIs(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/running.md")
	if err != nil {
		t.Fatal(err)
	}
	var apart string
	for _, name := range []string{"import", "conformance"} {
		page, err := os.ReadFile("../../docs/" + name + ".md")
		if err != nil {
			t.Fatal(err)
		}
		apart += string(page)
	}
	var all cli
	parser, err := kong.New(&all, kong.Vars{"demo_stores": "1", "demo_customers": "1", "demo_years": "1"})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range settingNames(parser.Model) {
		if !strings.Contains(string(text), "`"+name+"`") && !strings.Contains(string(text)+apart, "--"+name) {
			t.Errorf("the docs say nothing of the setting %s", name)
		}
	}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\|").FindAllStringSubmatch(string(text), -1) {
		isCommand := slices.ContainsFunc(parser.Model.Children, func(n *kong.Node) bool { return n.Name == row[1] })
		if !isCommand && !slices.Contains(settingNames(parser.Model), row[1]) {
			t.Errorf("docs/running.md tells of %s, which is neither a setting nor a command", row[1])
		}
	}
}

// What a README tells to type and to open is there, under the names it uses.
func TestReadmesTellWhatIsThere(t *testing.T) {
	t.Parallel()
	var all cli
	parser, err := kong.New(&all, kong.Vars{"demo_stores": "1", "demo_customers": "1", "demo_years": "1"})
	if err != nil {
		t.Fatal(err)
	}
	settings := settingNames(parser.Model)
	for name, quoted := range map[string]string{"README.md": "", "README.ru.md": "«([^»]+)»", "README.uz.md": "“([^”]+)”"} {
		text, err := os.ReadFile("../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`--([a-z][a-z-]+)`).FindAllStringSubmatch(string(text), -1) {
			if !slices.Contains(settings, m[1]) {
				t.Errorf("%s tells of --%s, which is no setting", name, m[1])
			}
		}
		for _, m := range regexp.MustCompile("(?m)(?:^|`)(?:\\./regulars|go run \\./cmd/regulars) ([a-z]+)").FindAllStringSubmatch(string(text), -1) {
			if !slices.ContainsFunc(parser.Model.Children, func(n *kong.Node) bool { return n.Name == m[1] }) {
				t.Errorf("%s tells of %s, which is no command", name, m[1])
			}
		}
		for _, m := range regexp.MustCompile(`\]\(([^):]+)\)`).FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat("../../" + m[1]); err != nil {
				t.Errorf("%s leads to %s: %v", name, m[1], err)
			}
		}
		if quoted == "" {
			continue
		}
		// A section of the pages is called as the pages call it.
		var pages []byte
		for _, of := range []string{"admin", "counter"} {
			some, err := os.ReadFile("../../internal/base/i18n/locales/" + of + strings.TrimSuffix(strings.TrimPrefix(name, "README"), "md") + "toml")
			if err != nil {
				t.Fatal(err)
			}
			pages = append(pages, some...)
		}
		for _, m := range regexp.MustCompile(quoted).FindAllStringSubmatch(string(text), -1) {
			if !strings.Contains(string(pages), ` = "`+m[1]+`"`) {
				t.Errorf("%s tells of %q, which no page is called", name, m[1])
			}
		}
	}
}

// An owner who has forgotten the password gets in by the machine, beside the
// server.
func TestForgottenPasswordOfTheOwner(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, e dbtest.Engine) {
		where := database(t, e)
		forgotten := func(login string, more ...string) (int, string, string) {
			return call(t, slices.Concat([]string{"password", login}, where, more)...)
		}
		if code, out, _ := forgotten("aziza"); code != failed || out != "" {
			t.Errorf("of an installation that is not there: %d %s", code, out)
		}
		s := start(t, "demo", append(where, "--stores", "1", "--customers", "5", "--years", "1")...)
		if code, _, errors := forgotten("aziza"); code != failed || !strings.Contains(errors, `Nobody has the login "aziza". The logins of owners: demo.`) {
			t.Errorf("of nobody: %d %s", code, errors)
		}
		code, out, errors := forgotten("demo", "--public-url", s.url)
		link := regexp.MustCompile(`http://\S+/invitation/\S+`).FindString(out)
		if code != 0 || !strings.HasPrefix(link, s.url) {
			t.Fatalf("%d %s %s", code, out, errors)
		}
		if status, page := get(t, link); status != http.StatusOK || !strings.Contains(page, `name="login" value="demo"`) {
			t.Errorf("the link leads to %d %s", status, page)
		}
		if _, out, _ := forgotten("demo", "--listen", ":9000"); !strings.Contains(out, "\n  http://localhost:9000/invitation/") {
			t.Errorf("without an address of its own: %s", out)
		}
	})
}

// Who guesses a command is told which there are.
func TestUnknownCommandNamesThoseThereAre(t *testing.T) {
	t.Parallel()
	if code, _, errors := call(t, "bogus"); code != misled || errors != "regulars: unexpected argument bogus; the commands are serve, demo, import, password, verify, backup, restore, ready, conform, migrate, version\n" {
		t.Errorf("%d %q", code, errors)
	}
}
