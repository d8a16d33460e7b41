package main

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"
	"github.com/alecthomas/kong"

	"regulars/internal/base/errs"
)

const envPrefix = "REGULARS_"

// sources are the settings that were not given as flags: the environment
// beats the file.
type sources struct {
	env  map[string]string // by name of the setting
	file map[string]string
	path string
	used map[string]string // where each setting that was used came from
}

func newSources(environ []string) *sources {
	s := &sources{env: map[string]string{}, file: map[string]string{}, used: map[string]string{}}
	for _, e := range environ {
		name, value, _ := strings.Cut(e, "=")
		if rest, ok := strings.CutPrefix(name, envPrefix); ok {
			s.env[strings.ReplaceAll(strings.ToLower(rest), "_", "-")] = value
		}
	}
	return s
}

func envName(setting string) string {
	return envPrefix + strings.ReplaceAll(strings.ToUpper(setting), "-", "_")
}

// configFile is the path of the file with settings.
type configFile string

// BeforeResolve reads the file before any setting is looked up.
func (c configFile) BeforeResolve(k *kong.Kong, ctx *kong.Context, at *kong.Path, s *sources) error {
	path, ok := ctx.FlagValue(at.Flag).(configFile)
	if !ok {
		return errors.New("config: not a path")
	}
	return s.read(string(path), k.Model)
}

// read reads the file; a name that is no setting of any command is refused.
func (s *sources) read(path string, app *kong.Application) error {
	text, err := os.ReadFile(path) //nolint:gosec // the user's own choice
	if err != nil {
		return fmt.Errorf("--config: %w", err)
	}
	var values map[string]any
	if err := toml.Unmarshal(text, &values); err != nil {
		return fmt.Errorf("--config: %s: %w", path, err)
	}
	known := settingNames(app)
	for name, v := range values {
		if !slices.Contains(known, name) {
			return fmt.Errorf("--config: %s: %q is not a setting%s; there are %s", path, name, meant(name, known, strconv.Quote), strings.Join(known, ", "))
		}
		switch v := v.(type) {
		case string, int64, bool:
			s.file[name] = fmt.Sprint(v)
		case []any:
			parts := make([]string, len(v))
			for i, p := range v {
				parts[i] = fmt.Sprint(p)
			}
			s.file[name] = strings.Join(parts, ",")
		default:
			return fmt.Errorf("--config: %s: %s is neither a text nor a number nor a list", path, name)
		}
	}
	s.path = path
	return nil
}

// settingNames are the flags of all commands but help and config.
func settingNames(app *kong.Application) (names []string) {
	_ = kong.Visit(app, func(node kong.Visitable, next kong.Next) error {
		if f, ok := node.(*kong.Flag); ok && f.Name != "help" && f.Name != "config" && !slices.Contains(names, f.Name) {
			names = append(names, f.Name)
		}
		return next(nil)
	}) // nothing above fails
	slices.Sort(names)
	return names
}

// Validate implements kong.Resolver.
func (s *sources) Validate(*kong.Application) error { return nil }

// Resolve implements kong.Resolver: it is asked for what is not on the command
// line.
func (s *sources) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if v, ok := s.env[flag.Name]; ok {
		s.used[flag.Name] = envName(flag.Name)
		return v, nil
	}
	if v, ok := s.file[flag.Name]; ok {
		s.used[flag.Name] = s.path
		return v, nil
	}
	return nil, nil
}

// unknown lists variables that look like settings and are none, each with what
// it is most likely meant to be. They are no error, for some machines set variables
// named after every service.
func (s *sources) unknown(app *kong.Application) (names []string) {
	known := settingNames(app)
	for name := range s.env {
		if name != "config" && !strings.HasPrefix(name, "test-") && !slices.Contains(known, name) {
			names = append(names, fmt.Sprintf("%s is not a setting and is ignored%s", envName(name), meant(name, known, envName)))
		}
	}
	slices.Sort(names)
	return names
}

// meant asks whether a misspelled setting is the closest of those that are known,
// as the parser does of flags; as is how settings are named here.
func meant(name string, known []string, as func(string) string) string {
	best := slices.MinFunc(known, func(a, b string) int { return cmp.Compare(distance(name, a), distance(name, b)) })
	if distance(name, best) > max(1, len(name)/3) {
		return ""
	}
	return ", did you mean " + as(best) + "?"
}

// distance is how many characters are to be typed, left out or exchanged to make
// b of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal, row[j+1] = row[j+1], min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// noNumber is how the parser says that a setting is no number, or one that is
// out of all bounds.
var noNumber = regexp.MustCompile(`^(--[a-z-]+): expected .* (u?)int but got "(([-+]?[0-9]+)|[^"]*)".*$`)

func explainNumber(text string) string {
	m := noNumber.FindStringSubmatch(text)
	switch {
	case m == nil:
		return text
	case m[4] == "":
		return fmt.Sprintf("%s is %q, not a number", m[1], m[3])
	case m[2] == "u":
		return fmt.Sprintf("%s is %s, not a number from 0 to %d", m[1], m[4], uint64(math.MaxUint64))
	}
	return fmt.Sprintf("%s is %s, which is out of range", m[1], m[4])
}

// explain writes an error for the person at the console. Settings are named as
// they were given.
func (s *sources) explain(err error) string {
	own := (*errs.Error)(nil)
	if !errors.As(err, &own) {
		return explainNumber(err.Error())
	}
	if len(own.Fields) == 0 {
		text := own.Text
		if cause := errors.Unwrap(own); cause != nil {
			text += " (" + cause.Error() + ")"
		}
		return text
	}
	var lines []string
	for _, f := range own.Fields {
		line := "--" + f.Pointer[strings.LastIndexByte(f.Pointer, '/')+1:] + " " + f.Text
		if from := s.used[f.Pointer]; from != "" {
			line += " (it comes from " + from + ")"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}
