package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"regulars/internal/base/db/dbtest"
)

// mainEnv makes this test's binary the program itself.
const mainEnv = "REGULARS_TEST_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(mainEnv) != "" {
		main()
	}
	os.Exit(m.Run())
}

// process is the program while it serves, in a process of its own.
type process struct {
	*exec.Cmd
	url    string
	stderr *output
}

func startProcess(t testing.TB, args ...string) *process {
	t.Helper()
	p := &process{
		Cmd:    exec.CommandContext(t.Context(), os.Args[0], append([]string{"serve", "--listen", "127.0.0.1:0"}, args...)...),
		stderr: &output{},
	}
	p.Env = append(os.Environ(), mainEnv+"=1")
	p.Stderr = p.stderr
	stdout, err := p.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.Process.Kill() // it has ended, unless the test failed
		_ = p.Wait()
	})
	if p.url = announced(stdout); p.url == "" {
		t.Fatalf("it does not serve: %s", p.stderr)
	}
	return p
}

// What was asked before the signal is answered after it.
func TestSignalStopsPolitely(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, e dbtest.Engine) {
		p := startProcess(t, database(t, e)...)
		host := strings.TrimPrefix(p.url, "http://")
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", host)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close() //nolint:errcheck // of the test
		const body = "theme=dark&back=/"
		head := fmt.Sprintf("POST /preferences HTTP/1.1\r\nHost: %s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n",
			host, len(body))
		if _, err := conn.Write([]byte(head)); err != nil {
			t.Fatal(err)
		}
		answers := bufio.NewReader(conn)
		if line, err := answers.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") { // it reads the body now
			t.Fatal(line, err)
		}
		if _, err := answers.ReadString('\n'); err != nil {
			t.Fatal(err)
		}

		if err := p.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		for refused := false; !refused; { // it takes no more
			c, err := new(net.Dialer).DialContext(t.Context(), "tcp", host)
			if refused = err != nil; !refused {
				_ = c.Close()
			}
		}
		if _, err := conn.Write([]byte(body)); err != nil {
			t.Fatal(err)
		}
		res, err := http.ReadResponse(answers, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close() //nolint:errcheck // of the test
		if res.StatusCode != http.StatusSeeOther {
			t.Errorf("answered %s", res.Status)
		}
		if err := p.Wait(); err != nil {
			t.Errorf("stopped with %v\n%s", err, p.stderr)
		}
	})
}

// A server that was killed leaves nothing that keeps the next one from
// starting at once.
func TestStartAfterKill(t *testing.T) {
	t.Parallel()
	dbtest.Each(t, func(t *testing.T, e dbtest.Engine) {
		where := database(t, e)
		for range 3 {
			p := startProcess(t, where...)
			if status, body := get(t, p.url+"/readyz"); status != http.StatusOK {
				t.Errorf("%d %s", status, body)
			}
			if err := p.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = p.Wait() // killed, as it should be
		}
		serve(t, where...)
	})
}
