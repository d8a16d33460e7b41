package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// page is the page of figures as it is written.
type page struct{ strings.Builder }

func (p *page) line(format string, args ...any) {
	fmt.Fprintf(p, format+"\n", args...)
}

// table writes rows under a head.
func (p *page) table(head []string, rows [][]string) {
	p.line("")
	p.line("| %s |", strings.Join(head, " | "))
	p.line("|%s", strings.Repeat(" --- |", len(head)))
	for _, r := range rows {
		p.line("| %s |", strings.Join(r, " | "))
	}
	p.line("")
}

// aimed is a figure, with what we aim at where it is missed.
func aimed(figure string, met bool, aim string) string {
	if met {
		return figure
	}
	return figure + " (aim: " + aim + ")"
}

// median is the middle one, of an even number the lower of the two.
func median[T cmp.Ordered](all []T) T {
	all = slices.Clone(all)
	slices.Sort(all)
	return all[(len(all)-1)/2]
}

// span is the median with the smallest and the largest.
func span(all []float64) string {
	return fmt.Sprintf("%s (%s–%s)", count(median(all)), count(slices.Min(all)), count(slices.Max(all)))
}

// count writes a whole number in groups of three.
func count[T int | int64 | float64](v T) string {
	s := fmt.Sprintf("%.0f", float64(v))
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func millis(us int64) string { return fmt.Sprintf("%.1f ms", float64(us)/1000) }

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

func megabytes(n int64) string { return fmt.Sprintf("%d MB", n>>20) }

// distribution is the median, the 99th of a hundred and the largest.
func distribution(all []int64) [3]int64 {
	slices.Sort(all)
	return [3]int64{all[(len(all)-1)/2], all[len(all)*99/100], all[len(all)-1]}
}
