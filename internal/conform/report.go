package conform

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
)

// Line writes a result as people read it.
func (r *Result) Line(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%-7s  %-24s  %s\n", r.State, r.ID, r.Proves)
	if r.Reason != "" {
		fmt.Fprintf(&b, "%9s%s\n", "", r.Reason)
	}
	for _, part := range []struct{ name, text string }{{"request", r.Request}, {"answer", r.Answer}} {
		if part.text != "" {
			fmt.Fprintf(&b, "%9s%s:\n%11s%s\n", "", part.name, "", strings.ReplaceAll(part.text, "\n", "\n"+strings.Repeat(" ", 11)))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Summary writes how many checks ended how.
func (r *Report) Summary(w io.Writer) error {
	var took time.Duration
	for i := range r.Results {
		took += r.Results[i].Took
	}
	_, err := fmt.Fprintf(w, "\n%d passed, %d failed, %d skipped in %s: %s\n",
		r.Count(Passed), r.Count(Failed), r.Count(Skipped), took.Round(100*time.Millisecond), r.URL)
	return err
}

// JSON writes the report for programs.
func (r *Report) JSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

type junitSuite struct {
	XMLName  xml.Name    `xml:"testsuite"`
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Skipped  int         `xml:"skipped,attr"`
	At       string      `xml:"timestamp,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Class   string     `xml:"classname,attr"`
	Name    string     `xml:"name,attr"`
	Seconds string     `xml:"time,attr"`
	Failure *junitText `xml:"failure"`
	Skipped *junitText `xml:"skipped"`
}

type junitText struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

// JUnit writes the report as servers that build and test read it.
func (r *Report) JUnit(w io.Writer) error {
	suite := junitSuite{
		Name: "regulars conform " + r.URL, Tests: len(r.Results), Failures: r.Count(Failed), Skipped: r.Count(Skipped), At: r.At.UTC().Format(time.RFC3339),
	}
	for i := range r.Results {
		one := &r.Results[i]
		group, _, _ := strings.Cut(one.ID, ".")
		c := junitCase{Class: "regulars.conform." + group, Name: one.ID + ": " + one.Proves, Seconds: fmt.Sprintf("%.3f", one.Took.Seconds())}
		switch one.State {
		case Failed:
			c.Failure = &junitText{one.Reason, one.Request + "\n\n" + one.Answer}
		case Skipped:
			c.Skipped = &junitText{Message: one.Reason}
		}
		suite.Cases = append(suite.Cases, c)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(suite); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}
