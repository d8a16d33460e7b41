package fold

import "testing"

// A phone is a phone in a spreadsheet, and a number a number; what it might run is not.
func TestGuard(t *testing.T) {
	t.Parallel()
	for cell, want := range map[string]string{
		"": "", "Крем": "Крем", "5": "5", "'": "'", "+": "+", "-": "-",
		"+998 (97) 1-2": "+998 (97) 1-2", "-5": "-5", "-1\u00a0250,75": "-1\u00a0250,75", "+0.5": "+0.5",
		"+1+2": "'+1+2", "+A1": "'+A1", "-A1": "'-A1", "=1": "'=1", "=HYPERLINK(1)": "'=HYPERLINK(1)", "@sum": "'@sum", "\t=1": "'\t=1", "\r=1": "'\r=1",
	} {
		got := Guard(cell)
		if got != want {
			t.Errorf("Guard(%q) = %q, want %q", cell, got, want)
		}
		if back := Unguard(got); back != cell {
			t.Errorf("Unguard(%q) = %q, want %q", got, back, cell)
		}
	}
	for cell, want := range map[string]string{"'+998971234567": "+998971234567", "'Abc": "'Abc", "''": "''"} {
		if got := Unguard(cell); got != want {
			t.Errorf("Unguard(%q) = %q, want %q", cell, got, want)
		}
	}
}
