package admin

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"regulars/internal/base/i18n"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/integration"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/web"
)

type auditView struct {
	frame
	URL      web.Link
	Columns  columnsView
	Actors   []web.Option
	Topics   []web.Option
	From, To string
	Of       string // what they are all about, where one thing was asked for
	Rows     []auditRow
	Next     string
}

type auditRow struct {
	staff.Entry
	Who     string
	Text    string // what was done, in words
	Subject string // what was changed, by name
	Href    string // its page; empty: it has none
	Changes []fieldChange
}

// fieldChange is one thing that differs, as people call it.
type fieldChange struct{ Name, Was, Is string }

// topics are the beginnings of actions, by what was changed.
var topics = []string{"store", "entity", "till", "product", "stock", "category", "programme", "customer", "wording", "attribute", "look", "receipt", "staff", "audit", "import", "integration", "settings"}

var auditList = list[auditRow]{"audit", []column[auditRow]{
	{"when", "admin.audit.when", "keep", everywhere, func(e auditRow) any { return e.At }},
	{"ip", "admin.audit.ip", "keep", hidden, func(e auditRow) any { return e.IP }},
	{"who", "admin.audit.who", "keep", everywhere, func(e auditRow) any { return e.Who }},
	{"what", "admin.audit.what", "", always, func(e auditRow) any { return e.Text }},
	{"subject", "admin.audit.subject", "", wide, func(e auditRow) any { return e.Subject }},
	{"changes", "admin.audit.changes", "", wide, func(e auditRow) any {
		var list []string
		for _, c := range e.Changes {
			list = append(list, c.String())
		}
		return strings.Join(list, "\n")
	}},
}}

// String is "Name: was → is".
func (c fieldChange) String() string {
	if c.Was == "" {
		return c.Name + ": " + c.Is
	}
	return c.Name + ": " + c.Was + " → " + c.Is
}

// auditAsked are the filters of a request for the log.
func auditAsked(who staff.Account, url web.Link, zone *time.Location) staff.Filter {
	f := staff.Filter{Stores: who.Scope(), Subject: url.Get("subject"), From: day(url.Get("from"), zone), To: untilDay(url.Get("to"), zone)}
	_ = f.Actor.UnmarshalText([]byte(url.Get("who"))) // what is no id does not filter
	if topic := url.Get("about"); slices.Contains(topics, topic) {
		f.Action = topic + "."
	}
	return f
}

// someEntries reads a page of the log; everybody are the staff.
func (a *Admin) someEntries(r *http.Request, f staff.Filter, everybody []staff.Account, cursor string, limit int) (rows []auditRow, next string, err error) {
	ctx, loc := r.Context(), web.Loc(r.Context())
	entries, next, err := a.Staff.Audit(ctx, f, cursor, limit)
	if err != nil {
		return nil, "", err
	}
	names := map[staff.ID]string{}
	for _, m := range everybody {
		names[m.ID] = m.Name
	}
	subjects, err := a.subjects(r, entries, names)
	if err != nil {
		return nil, "", err
	}
	for _, e := range entries {
		row := auditRow{Entry: e, Who: names[e.Actor], Subject: subjects[e.Subject], Href: subjectPage(web.Me(r), e.Subject)}
		if e.Action == "import.discarded" { // its page is gone
			row.Href = ""
		}
		if row.Changes, err = a.changes(ctx, loc, names, e, masked(web.Me(r))); err != nil {
			return nil, "", err
		}
		if row.Who == "" {
			row.Who = loc.T("admin.audit.program")
		}
		var ok bool
		if row.Text, ok = loc.Lookup("admin.action."+e.Action, nil); !ok { // of a part of the program that is newer than these pages
			row.Text = e.Action
		}
		rows = append(rows, row)
	}
	return rows, next, nil
}

func (a *Admin) audit(w http.ResponseWriter, r *http.Request) error {
	ctx, loc := r.Context(), web.Loc(r.Context())
	v := auditView{frame: a.frame(ctx), URL: web.LinkOf(r), Columns: auditList.view(r)}
	v.From, v.To = v.URL.Get("from"), v.URL.Get("to")
	everybody, err := a.Staff.List(ctx)
	if err != nil {
		return err
	}
	if v.Rows, v.Next, err = a.someEntries(r, auditAsked(v.Me, v.URL, v.Zone), everybody, v.URL.Get("cursor"), 50); err != nil {
		return err
	}
	if of := v.URL.Get("subject"); of != "" {
		names := map[staff.ID]string{}
		for _, m := range everybody {
			if v.Me.Scope() == nil || v.Me.Manages(m) || m.ID == v.Me.ID {
				names[m.ID] = m.Name
			}
		}
		subjects, err := a.subjects(r, []staff.Entry{{Subject: of}}, names)
		if err != nil {
			return err
		}
		v.Of = cmp.Or(subjects[of], of)
	}
	v.Actors = []web.Option{{Text: loc.T("admin.audit.everybody")}}
	for _, m := range everybody {
		if v.Me.Scope() != nil && !v.Me.Manages(m) && m.ID != v.Me.ID {
			continue
		}
		v.Actors = append(v.Actors, web.Option{Value: m.ID.String(), Text: m.Name})
	}
	v.Topics = []web.Option{{Text: loc.T("admin.audit.everything")}}
	for _, topic := range topics {
		v.Topics = append(v.Topics, web.Option{Value: topic, Text: loc.T("admin.audit.topic." + topic)})
	}
	return a.pages.Render(w, r, "audit", v)
}

func (a *Admin) exportAudit(w http.ResponseWriter, r *http.Request) error {
	everybody, err := a.Staff.List(r.Context())
	if err != nil {
		return err
	}
	if err := a.noteExport(r, "audit.exported", "from", "to", "who", "about"); err != nil {
		return err
	}
	f := auditAsked(web.Me(r), web.LinkOf(r), a.Settings.Get().Zone)
	return sendList(a, w, r, auditList, func(cursor string) ([]auditRow, string, error) {
		return a.someEntries(r, f, everybody, cursor, 200)
	})
}

// changes lists what differs between the two states of an entry; of what is new
// or gone, all. Names are those of the staff. Of why something was done to a customer
// only that it was said is told to whom it is to be hidden from, as on the card.
func (a *Admin) changes(ctx context.Context, loc *i18n.Localizer, names map[staff.ID]string, e staff.Entry, hide bool) (list []fieldChange, err error) {
	if strings.HasPrefix(e.Action, "programme.") {
		if list, err = a.ruleChanges(ctx, loc, &e); err != nil {
			return nil, err
		}
	}
	topic, _, _ := strings.Cut(e.Action, ".")
	was, is := fields(e.Before), fields(e.After)
	all := map[string]json.RawMessage{}
	maps.Copy(all, was)
	maps.Copy(all, is)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if string(was[name]) != string(is[name]) {
			c := fieldChange{fieldName(loc, topic, name), a.fieldValue(loc, topic, name, was[name]), a.fieldValue(loc, topic, name, is[name])}
			c.Was, c.Is = a.named(ctx, names, name, c.Was), a.named(ctx, names, name, c.Is)
			if hide && topic == "customer" && name == "reason" {
				c.Was, c.Is = "", "•••"
			}
			if c.Was != c.Is { // nothing can be written in two ways
				list = append(list, c)
			}
		}
	}
	return list, nil
}

// named is the name of the person, the till or the legal entity that the log has as
// an id; everything else stays as it is.
func (a *Admin) named(ctx context.Context, names map[staff.ID]string, field, value string) string {
	switch field {
	case "who":
		var id staff.ID
		if id.UnmarshalText([]byte(value)) == nil && names[id] != "" {
			return names[id]
		}
	case "entity":
		var id catalog.EntityID
		if id.UnmarshalText([]byte(value)) == nil {
			if names, _, err := a.entityNames(ctx); err == nil && names[id] != "" {
				return names[id]
			}
		}
	case "till":
		var id catalog.TillID
		if id.UnmarshalText([]byte(value)) == nil {
			if till, err := a.Catalog.Till(ctx, id); err == nil {
				return till.Name
			}
		}
	}
	return value
}

// ruleChanges tells the rules of an entry in words and takes them out of it.
// Where nothing was before, they are told against those that everybody begins
// with.
func (a *Admin) ruleChanges(ctx context.Context, loc *i18n.Localizer, e *staff.Entry) ([]fieldChange, error) {
	was, is := a.takeRules(&e.Before), a.takeRules(&e.After)
	if is == nil {
		return nil, nil
	}
	if was == nil {
		was = startingRules(loc, "", a.Settings.Get().Currency)
	}
	tell, err := a.teller(ctx, loc, was, is)
	return tell.differences(was, is), err
}

// takeRules reads the rules that a state of the log is, or has, and leaves the
// rest of it; nil: there are none.
func (a *Admin) takeRules(state *json.RawMessage) *programme.Rules {
	rest := fields(*state)
	text, part := rest["rules"]
	if !part {
		text = *state
		if _, whole := rest["levels"]; !whole {
			return nil
		}
		*state = nil
	} else {
		delete(rest, "rules")
		*state, _ = json.Marshal(rest) //nolint:errchkjson // parts of what was JSON are
	}
	r := new(programme.Rules)
	if json.Unmarshal(text, r) != nil {
		return nil
	}
	return r
}

// fieldName is what people call a field of the log; one of a part of the
// program that is newer than these pages has its own name only.
func fieldName(loc *i18n.Localizer, topic, name string) string {
	if topic == "staff" && name == "name" {
		return loc.T("admin.staff.name")
	}
	if text, ok := loc.Lookup("admin.field."+name, nil); ok {
		return text
	}
	return name
}

// fieldValue is what a field holds, in words.
func (a *Admin) fieldValue(loc *i18n.Localizer, topic, name string, raw json.RawMessage) string {
	var v any
	if len(raw) == 0 || json.Unmarshal(raw, &v) != nil {
		return ""
	}
	switch v := v.(type) {
	case nil:
		return ""
	case bool:
		return web.ValueText(loc, v)
	case []any:
		var parts []string
		for _, item := range v {
			if text, ok := item.(string); ok {
				parts = append(parts, a.word(loc, topic, name, text))
			}
		}
		return strings.Join(parts, ", ")
	case string:
		if len(v) > 200 {
			v = strings.ToValidUTF8(v[:200], "") + "…"
		}
		return a.word(loc, topic, name, v)
	}
	return string(raw)
}

// word is one value of a field as people call it; most are written as they are.
func (a *Admin) word(loc *i18n.Localizer, topic, name, value string) string {
	key := ""
	switch name {
	case "fields":
		return fieldName(loc, topic, value)
	case "store", "stores":
		var id catalog.StoreID
		if id.UnmarshalText([]byte(value)) == nil {
			if s, ok := a.Catalog.Store(id); ok {
				return s.Name
			}
		}
	case "starts", "ends":
		if at, err := time.Parse(time.RFC3339, value); err == nil {
			return loc.DateTime(at, a.Settings.Get().Zone)
		}
	case "from", "to":
		return born(loc, value)
	case "points", "available":
		if p, err := loc.ParsePoints(value); err == nil {
			return loc.Points(p)
		}
	case "price", "cost":
		if p, err := loc.ParsePrice(value); err == nil {
			return loc.Price(p, a.Settings.Get().Currency)
		}
	case "language":
		for _, l := range a.Bundle.Languages() {
			if l.Code == value {
				return l.Name
			}
		}
	case "search":
		return loc.T("web.yes")
	case "stock_by_sales":
		return web.ValueText(loc, value == "1")
	case "permissions":
		return loc.T(permissionKey(integration.Permission(value)))
	case "about":
		key = "admin.audit.topic."
	case "role":
		key = "web.role."
	case "source":
		if topic == "staff" {
			key = "admin.value."
		}
	case "channel":
		key = "admin.channel."
	case "purpose", "consents":
		key = "admin.purpose."
	case "by":
		key = "admin.look.by."
	case "kind", "state":
		key = "admin.value."
	}
	if key != "" {
		if text, ok := loc.Lookup(key+value, nil); ok {
			return text
		}
	}
	return value
}

func fields(text json.RawMessage) (out map[string]json.RawMessage) {
	if json.Unmarshal(text, &out) != nil {
		return nil
	}
	return out
}
