package fold

import "strings"

// formulas are what a spreadsheet takes for the beginning of a formula.
const formulas = "=+-@\t\r"

// Guard keeps a spreadsheet from running a cell as a formula: it has a ' before. A
// phone or a number is none.
func Guard(cell string) string {
	if cell == "" || strings.IndexByte(formulas, cell[0]) < 0 {
		return cell
	}
	if (cell[0] == '+' || cell[0] == '-') && strings.Trim(cell[1:], "0123456789().,- \u00a0\u202f") == "" {
		return cell
	}
	return "'" + cell
}

// Unguard is the cell that Guard made, or a spreadsheet that writes phones so, without the ' before it.
func Unguard(cell string) string {
	if len(cell) > 1 && cell[0] == '\'' && strings.IndexByte(formulas, cell[1]) >= 0 {
		return cell[1:]
	}
	return cell
}
