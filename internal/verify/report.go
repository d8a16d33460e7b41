package verify

import (
	"fmt"
	"io"
	"strings"
)

// Write tells the report in English, for a console or a log.
func (r *Report) Write(w io.Writer) error {
	var b strings.Builder
	var all int64
	for _, c := range r.Rows {
		all += c.Rows
	}
	fmt.Fprintf(&b, "Read %d rows:\n", all)
	for _, c := range r.Rows {
		fmt.Fprintf(&b, "  %-20s %12d\n", c.Table, c.Rows)
	}
	b.WriteString("Points in all accounts, by the entries:\n")
	for _, p := range r.Points {
		fmt.Fprintf(&b, "  %-20s %15s\n", p.Account, p.Points)
	}
	for _, note := range r.Notes {
		fmt.Fprintf(&b, "%s\n", note)
	}
	if r.Clean() {
		b.WriteString("Everything agrees.\n")
	}
	told := map[Check]int{}
	for i, f := range r.Findings {
		if i == 0 || r.Findings[i-1].Check != f.Check {
			fmt.Fprintf(&b, "\n%s: %s Broken: %d\n", f.Check, checks[f.Check].holds, r.Broken[f.Check])
		}
		fmt.Fprintf(&b, "  %s\n", f)
		if told[f.Check]++; (i+1 == len(r.Findings) || r.Findings[i+1].Check != f.Check) && told[f.Check] < r.Broken[f.Check] {
			fmt.Fprintf(&b, "  and %d more\n", r.Broken[f.Check]-told[f.Check])
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// String tells a finding in one line.
func (f Finding) String() string {
	var b strings.Builder
	b.WriteString(f.Table + " " + f.Row)
	if f.Column != "" {
		b.WriteString(" " + f.Column)
	}
	b.WriteString(": ")
	switch {
	case f.Expected != "" && f.Found != "":
		fmt.Fprintf(&b, "should be %s, is %s", f.Expected, f.Found)
	case f.Expected != "":
		fmt.Fprintf(&b, "should be %s, is empty", f.Expected)
	case f.Found != "":
		fmt.Fprintf(&b, "cannot be %s", f.Found)
	default:
		b.WriteString("is off")
	}
	if f.Detail != "" {
		b.WriteString(" (" + f.Detail + ")")
	}
	return b.String()
}
