package app

import (
	"fmt"
	"io"
	"os"
	"time"
)

// line shows text that is soon replaced: on a terminal it is written over,
// otherwise there is one now and then. The last one stays.
func (p *parts) line() func(text string, last bool) {
	out, shown := p.env.Stdout, time.Time{}
	pause, end := 10*time.Second, "\n"
	if terminal(out) {
		pause, end = 200*time.Millisecond, "\r"
	}
	return func(text string, last bool) {
		now := p.env.Now()
		if !last && now.Sub(shown) < pause {
			return
		}
		shown = now
		if last {
			end = "\n"
		}
		fmt.Fprintf(out, "%-60s%s", text, end)
	}
}

// goBy is how long work goes on before what it still takes can be told.
const goBy = 5 * time.Second

// progress tells people how far long work is, and how long it still takes.
func (p *parts) progress(format string, args ...any) func(done, of int) {
	title, line, started := fmt.Sprintf(format, args...), p.line(), p.env.Now()
	return func(done, of int) {
		left := ""
		if passed := p.env.Now().Sub(started); passed >= goBy && done > 0 && done < of {
			left = fmt.Sprintf(", %s left", time.Duration(float64(passed)*float64(of-done)/float64(done)).Round(time.Second))
		}
		line(fmt.Sprintf("%s: %d %%%s", title, 100*done/max(of, 1), left), done >= of)
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
