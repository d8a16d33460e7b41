package site

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Server is a `serve` that runs.
type Server struct {
	Addr string // host:port
	Pid  int
	cmd  *exec.Cmd
	log  *output
	done chan struct{}
	err  error // of its end, once done is closed
}

// output keeps what a process writes.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

// String is what was written so far.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

const announcement = "Regulars serves on http://"

// ErrNotServing is returned where a server ended before it served.
var ErrNotServing = errors.New("site: the server does not serve")

// Serve starts a server with a command that is given "serve" and where to
// listen, and waits until it says that it serves.
func Serve(ctx context.Context, cmd *exec.Cmd) (*Server, error) {
	s := &Server{cmd: cmd, log: &output{}, done: make(chan struct{})}
	cmd.Stderr = s.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	s.Pid = cmd.Process.Pid
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if addr, ok := strings.CutPrefix(lines.Text(), announcement); ok {
			s.Addr = addr
			break
		}
	}
	go func() {
		for lines.Scan() { // or it would wait for somebody to read
		}
		s.err = cmd.Wait()
		close(s.done)
	}()
	if s.Addr == "" {
		<-s.done
		return nil, fmt.Errorf("%w: %w\n%s", ErrNotServing, s.err, s.log)
	}
	return s, ctx.Err()
}

// Kill ends it as a power cut would.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill() // it may have ended by itself
	<-s.done
}

// Stop ends it politely and says what it complains of.
func (s *Server) Stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-s.done:
	case <-time.After(time.Minute):
		s.Kill()
		return fmt.Errorf("site: the server did not stop within a minute\n%s", s.log)
	}
	if s.err != nil {
		return fmt.Errorf("%w\n%s", s.err, s.log)
	}
	return nil
}

// Log is what it has written to its log.
func (s *Server) Log() string { return s.log.String() }
