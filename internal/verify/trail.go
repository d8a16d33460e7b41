package verify

import (
	"cmp"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"regulars/internal/base/db"
)

// member is somebody of the staff: as the row says, and as the audit log does.
type member struct {
	is    memberFacts
	told  recent[memberFacts]
	added int // lines that say so
}

// memberFacts are what the audit log keeps of somebody. The language is a
// switch that is not logged.
type memberFacts struct {
	Name   string   `json:"name"`
	Login  string   `json:"login"`
	Role   string   `json:"role"`
	Stores []string `json:"stores"`
	Active bool     `json:"active"`
}

// recent are the lines of a log that may be its last word: processes whose
// clocks differ a little number them in another order than they wrote them.
type recent[T any] struct {
	at    []int64
	lines []T
}

func (r *recent[T]) add(id int64, line T) {
	now, from := mintedAt(id), 0
	for from < len(r.at) && now-r.at[from] > apart {
		from++
	}
	r.at, r.lines = append(r.at[from:], now), append(r.lines[from:], line)
}

// adjustment is a line of the audit log that tells of points by hand.
type adjustment struct{ Customer, At, ID, Actor, Points int64 }

func (f memberFacts) equal(g memberFacts) bool {
	return f.Name == g.Name && f.Login == g.Login && f.Role == g.Role && f.Active == g.Active && slices.Equal(f.Stores, g.Stores)
}

func (a *audit) readStaff() {
	a.scan("staff", func(r *db.Rows) error {
		var (
			id int64
			m  member
		)
		err := r.Scan(&id, &m.is.Name, &m.is.Login, &m.is.Role, &m.is.Active)
		a.staff[id] = &m
		return err
	}, `SELECT id, name, login, CASE works_as WHEN '' THEN role ELSE works_as END, active FROM staff`)
	a.scan("staff_stores", func(r *db.Rows) error {
		var who, store int64
		err := r.Scan(&who, &store)
		if m := a.staff[who]; m != nil {
			m.is.Stores = append(m.is.Stores, strconv.FormatInt(store, 10))
		}
		return err
	}, `SELECT staff_id, store_id FROM staff_stores`)
}

// trail reads the lines of the audit log that are always written, and compares
// them with what they tell of.
func (a *audit) trail() {
	a.adjusted = newSpool(a, func(x, y *adjustment) int {
		return cmp.Or(cmp.Compare(x.Customer, y.Customer), cmp.Compare(x.At, y.At), cmp.Compare(x.ID, y.ID))
	})
	a.scan("audit", func(r *db.Rows) error {
		var (
			id, at, actor                int64
			action, subject, was, became string
		)
		if err := r.Scan(&id, &at, &actor, &action, &subject, &was, &became); err != nil {
			return err
		}
		of, _ := strconv.ParseInt(subject[strings.IndexByte(subject, ':')+1:], 10, 64) // 0: of nothing
		a.trailLine(id, at, actor, of, action, was, became)
		return nil
	}, `SELECT id, at, actor, action, subject, was, became FROM audit
	     WHERE action IN ('staff.added', 'staff.changed', 'customer.points_adjusted', 'store.changed', 'settings.changed', 'import.started', 'import.discarded') ORDER BY id`)
	a.staffTrail()
	a.publishedTrail()
	a.keyTrail()
}

func (a *audit) trailLine(id, when, actor, of int64, action, was, became string) {
	where := at("audit", id)
	switch action {
	case "settings.changed":
		var told map[string]string
		if json.Unmarshal([]byte(became), &told) != nil {
			a.off(Audit, where, "became", "JSON", "something else", "")
			return
		}
		a.settingsTold.add(id, told)
	case "import.started":
		if actor != 0 { // the command line runs its imports itself
			a.started[of] = id
		}
	case "import.discarded":
		a.discarded[of] = true
	case "store.changed":
		// Its days began by another zone before.
		var store struct {
			Zone string `json:"zone"`
		}
		if json.Unmarshal([]byte(was), &store) == nil && store.Zone != "" {
			_ = a.calendar.add(store.Zone) // one that is not known any more explains nothing
		}
	case "customer.points_adjusted":
		var body struct {
			Points string `json:"points"`
		}
		if json.Unmarshal([]byte(became), &body) != nil {
			a.off(Audit, where, "became", "JSON", "something else", "")
			return
		}
		a.adjusted.add(adjustment{of, when, id, actor, units(body.Points)})
	default:
		m := a.staff[of]
		if m == nil {
			a.off(Audit, where, "subject", "somebody of the staff", a.show("", of), "there is nobody of that id")
			return
		}
		var told memberFacts
		if json.Unmarshal([]byte(became), &told) != nil {
			a.off(Audit, where, "became", "JSON", "something else", "")
		}
		slices.Sort(told.Stores)
		m.told.add(id, told)
		if action == "staff.added" {
			m.added++
		}
	}
}

// staffTrail compares the staff with the last that the log tells of each.
func (a *audit) staffTrail() {
	for _, id := range slices.Sorted(maps.Keys(a.staff)) {
		m, where := a.staff[id], at("staff", id)
		if m.added != 1 {
			a.off(Audit, where, "", "one line staff.added in the audit log", strconv.Itoa(m.added), "")
			continue
		}
		slices.Sort(m.is.Stores)
		if slices.ContainsFunc(m.told.lines, m.is.equal) {
			continue
		}
		told := m.told.lines[len(m.told.lines)-1]
		for _, f := range []struct{ column, is, told string }{
			{"role", m.is.Role, told.Role},
			{"active", strconv.FormatBool(m.is.Active), strconv.FormatBool(told.Active)},
			{"login", m.is.Login, told.Login},
			{"name", m.is.Name, told.Name},
		} {
			if f.is != f.told {
				a.off(Audit, where, f.column, f.told, f.is, "the audit log's last word")
			}
		}
		if !slices.Equal(m.is.Stores, told.Stores) {
			a.found(Finding{Audit, "staff_stores", "staff_id=" + a.show("", id), "store_id", strings.Join(told.Stores, " "), strings.Join(m.is.Stores, " "), "the audit log's last word"})
		}
	}
}

// publishedTrail compares published rules with those that the log tells of.
func (a *audit) publishedTrail() {
	for _, id := range slices.Sorted(maps.Keys(a.versions)) {
		v, where := a.versions[id], at("programme_versions", id)
		list := a.publishedEvents[id]
		delete(a.publishedEvents, id)
		want := 0
		if v.published {
			want = 1
		}
		a.equal(VersionRules, where, "", int64(want), int64(len(list)), "events programme.published")
		for _, e := range list {
			a.equal(VersionRules, where, "published_at", e.at, v.told, "what event "+a.show("", e.event)+" says")
			starts, err := time.Parse(time.RFC3339Nano, e.starts)
			if err != nil {
				a.off(EventBody, at("events", e.event), "body", "when the version starts", e.starts, "")
			} else if v.published {
				a.equal(VersionRules, where, "starts_at", starts.UnixMicro(), v.starts, "what event "+a.show("", e.event)+" says")
			}
			if sum := hex.EncodeToString(v.digest[:]); sum != e.rules {
				a.off(VersionRules, where, "rules", "those of SHA-256 "+e.rules, sum, "they were changed after they were published")
			}
		}
	}
	for _, list := range a.publishedEvents {
		for _, e := range list {
			a.off(VersionRules, at("events", e.event), "ref", "a version of a programme", "none of that id", "")
		}
	}
}

// keyTrail compares the keys of tills with what the log tells of them.
func (a *audit) keyTrail() {
	a.scan("till_keys", func(r *db.Rows) error {
		var (
			id, till, created, revoked int64
			hash                       string
		)
		if err := r.Scan(&id, &till, &created, &revoked, &hash); err != nil {
			return err
		}
		a.sum.texts(hash)
		sum := a.sum.sum()
		where, issued, ended := at("till_keys", id), 0, false
		for _, e := range a.keyEvents[id] {
			if !e.revoked {
				issued++
				if e.till != a.show("", till) {
					a.off(TillKey, where, "till_id", e.till, a.show("", till), "what event "+a.show("", e.event)+" says")
				}
				if e.checksum != sum {
					a.off(TillKey, where, "hash", "that of the key that was issued", "another", "by event "+a.show("", e.event))
				}
				a.equal(TillKey, where, "created_at", e.at, created, "what event "+a.show("", e.event)+" says")
			} else if !ended {
				ended = true
				a.equal(TillKey, where, "revoked_at", e.at, revoked, "what event "+a.show("", e.event)+" says")
			}
		}
		a.equal(TillKey, where, "", 1, int64(issued), "events till.key_issued")
		if !ended {
			a.equal(TillKey, where, "revoked_at", 0, revoked, "no event till.key_revoked")
		}
		delete(a.keyEvents, id)
		return nil
	}, `SELECT id, till_id, created_at, COALESCE(revoked_at, 0), hash FROM till_keys ORDER BY id`)
	for _, list := range a.keyEvents {
		for _, e := range list {
			a.off(TillKey, at("events", e.event), "ref", "a key of a till", "none of that id", "")
		}
	}
}

// byHandSlack is how far apart the entries of points by hand and their line of
// the audit log are written: both are in one transaction.
const byHandSlack = 60 * 1_000_000

// byHand compares points that were given or taken by hand with the lines of
// the audit log.
func (a *audit) byHand(p *person) {
	type gift struct {
		adjustment
		entry int64
	}
	type once struct { // entries of one moment, member of staff and sign are one gift
		at, actor int64
		taken     bool
	}
	var gifts []gift
	known := map[once]int{} // places in gifts
	for i := range p.entries {
		e := &p.entries[i]
		if e.Cause != "manual" {
			continue
		}
		points := e.inLot()
		// Those of another process, whose clock differs a little, may be numbered between them.
		same := once{e.At, e.Staff, points < 0}
		if i, ok := known[same]; ok {
			gifts[i].Points = plus(gifts[i].Points, points)
			continue
		}
		known[same] = len(gifts)
		gifts = append(gifts, gift{adjustment{At: e.At, Actor: e.Staff, Points: points}, e.ID})
	}
	lines := slices.Clone(p.adjusted)
	for _, g := range gifts {
		i := slices.IndexFunc(lines, func(l adjustment) bool {
			return l.Points == g.Points && l.Actor == g.Actor && max(l.At-g.At, g.At-l.At) <= byHandSlack
		})
		if i < 0 {
			a.off(Audit, at("entries", g.entry), "", "a line customer.points_adjusted in the audit log", "none", "of "+a.show("points", g.Points)+" by staff "+a.show("", g.Actor))
			continue
		}
		lines = slices.Delete(lines, i, i+1)
	}
	for _, l := range lines {
		a.off(Audit, at("audit", l.ID), "", "entries of "+a.show("points", l.Points), "none", "customer "+a.show("", p.id))
	}
}
