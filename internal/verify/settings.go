package verify

import (
	"maps"
	"slices"
	"strconv"

	"regulars/internal/base/db"
)

// founding is "installation.founded": what an installation was on its first day.
type founding struct {
	Currency, Secret     string // Secret is its checksum
	Name, Zone, Language string
}

// usualSettings are those that a new installation has without choosing.
var usualSettings = map[string]string{
	"late_days": "14", "clock_minutes": "10", "idle_hours": "14", "session_days": "30", "look_days": "0",
	"stock_by_sales": "0", "register_code": "no", "offline_people": "phones",
}

// settings compares what the installation is with what was told of it: the
// currency and the secret never change, of the rest the audit log has the last
// word.
func (a *audit) settings() {
	if len(a.installation) == 0 && len(a.foundings) == 0 {
		return // nothing was ever started on this database
	}
	say := func(name, want, got, detail string) {
		a.found(Finding{Setting, "settings", "name=" + name, "value", want, got, detail})
	}
	if n := len(a.foundings); n != 1 {
		say("currency", "one event installation.founded", strconv.Itoa(n), "")
		return
	}
	f := a.foundings[0]
	a.sum.texts(a.installation["secret"])
	if strconv.FormatInt(a.sum.sum(), 10) != f.Secret {
		say("secret", "the one that was made on the first day", "another, or none", "quotes and links that were handed out are refused")
	}
	told := map[string]string{"currency": f.Currency, "name": f.Name, "zone": f.Zone, "language": f.Language}
	for name, usual := range usualSettings {
		if told[name] = usual; a.installation[name] == "" { // older installations never chose them
			told[name] = ""
		}
	}
	names := slices.Sorted(maps.Keys(told))
	for _, line := range a.settingsTold.lines {
		maps.Copy(told, line)
	}
	for _, name := range names {
		got := a.installation[name]
		may := slices.ContainsFunc(a.settingsTold.lines, func(line map[string]string) bool { return line[name] == got })
		if got != told[name] && !may {
			say(name, told[name], got, "what the logs say")
		}
	}
	var reads int
	a.scan("stock_reader", func(r *db.Rows) error { return r.Scan(&reads) }, `SELECT COUNT(*) FROM stock_reader`)
	if on := a.installation["stock_by_sales"] == "1"; on != (reads > 0) {
		say("stock_by_sales", strconv.FormatBool(reads > 0), strconv.FormatBool(on), "whether sales are taken from stock (stock_reader)")
	}
}
