package app

import (
	"fmt"
	"io"
	"os"
	"time"
)

// progress tells people how far long work is: on a terminal a line that is
// written over, otherwise a line now and then.
func (p *parts) progress(format string, args ...any) func(done, of int) {
	title, out := fmt.Sprintf(format, args...), p.env.Stdout
	started, last := p.env.Now(), time.Time{}
	pause, end := 10*time.Second, "\n"
	if terminal(out) {
		pause, end = 200*time.Millisecond, "\r"
	}
	return func(done, of int) {
		now := p.env.Now()
		if done < of && now.Sub(last) < pause {
			return
		}
		last = now
		left := ""
		if passed := now.Sub(started); done > 0 && done < of {
			left = fmt.Sprintf(", %s left", (passed * time.Duration(of-done) / time.Duration(done)).Round(time.Second))
		}
		if done >= of {
			end = "\n"
		}
		fmt.Fprintf(out, "%s: %d %%%s        %s", title, 100*done/max(of, 1), left, end)
	}
}

// writeFile writes a file that is either whole or not there.
func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.Create(path + ".part") //nolint:gosec // a path of our own folder
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		_ = f.Close() // the first error tells
		return err
	}
	if err := f.Sync(); err != nil {
		_ = f.Close() // likewise
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(path+".part", path)
}
