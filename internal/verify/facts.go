package verify

import (
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"math"
	"slices"

	"regulars/internal/base/db"
	"regulars/internal/base/money"
)

// facts are the tables that are small, or at most as large as the catalog.
type facts struct {
	currency     money.Currency
	installation map[string]string // the rows of settings
	hundreds     int64             // minor units in the major one
	stores       map[int64]*store
	tills        map[int64]int64 // the store of each
	staff        map[int64]*member
	sources      map[int64]bool
	importsOf    map[int64]int64 // the source of each
	versions     map[int64]*version
	published    map[int64][]*version // by programme, in the order in which they hold
	codes        map[int64][]string   // of levels, by programme: of any of its versions
	stoppable    map[int64]bool       // programmes that were ever stopped
	products     []int64              // sorted; read with their words
	names        interner
	calendar     calendar

	circles    circles
	wordings   map[int64]wording
	attributes []int64
	unreadable bool // the rules of some version
	windowed   bool // some version counts spend in a window
}

// store is a store with its legal entity, and those that owned it before, each
// until a time, in order.
type store struct {
	entity int64
	past   []owner
}

type owner struct{ until, entity int64 }

// ownedBy tells whether a store was, or may have been by a process that did not know
// yet, a legal entity's at a time.
func (s *store) ownedBy(entity, at int64) bool {
	from := int64(math.MinInt64 / 2)
	for _, o := range s.past {
		if o.entity == entity && from-quoteSlack <= at && at <= o.until+quoteSlack {
			return true
		}
		from = o.until
	}
	return s.entity == entity && from-quoteSlack <= at
}

// version is a version of a programme as far as it explains receipts.
type version struct {
	id, programme, number int64
	starts, told          int64 // told: when it was published
	published             bool
	digest                [sha256.Size]byte // of the rules' text
	rules                 *rules            // nil: they cannot be read
}

// rules are the fields of programme.Rules that stored figures follow from.
type rules struct {
	Stopped    bool   `json:"stopped"`
	PointValue int64  `json:"point_value"`
	Combine    string `json:"combine"`
	Levels     []struct {
		Code      string `json:"code"`
		Threshold int64  `json:"threshold"`
		Cashback  int64  `json:"cashback"`
		Discount  int64  `json:"discount"`
		Per       int64  `json:"per"`
		Promo     *struct {
			Cashback int64 `json:"cashback"`
			Discount int64 `json:"discount"`
		} `json:"promo"`
		Cap *int64 `json:"cap"`
	} `json:"levels"`
	Spend struct {
		Window  string `json:"window"`
		Days    int64  `json:"days"`
		Exclude goods  `json:"exclude"`
	} `json:"spend"`
	Downgrade struct {
		When      string `json:"when"`
		Step      bool   `json:"step"`
		GraceDays int    `json:"grace_days"`
		Forfeit   bool   `json:"forfeit"`
	} `json:"downgrade"`
	Discount struct {
		Rounding rounding `json:"rounding"`
	} `json:"discount"`
	Earn struct {
		Exclude    goods    `json:"exclude"`
		Promo      bool     `json:"promo"`
		PointsPart bool     `json:"points_part"`
		Not        bool     `json:"not_redeeming"`
		Daily      int64    `json:"daily"`
		Rounding   rounding `json:"rounding"`
		DelayDays  int      `json:"delay_days"`
		ExpiryDays int      `json:"expiry_days"`
	} `json:"earn"`
	Redeem struct {
		Cap  int64 `json:"cap"`
		Max  int64 `json:"max"`
		Caps []struct {
			Cap int64 `json:"cap"`
		} `json:"caps"`
		ConfirmFrom int64 `json:"confirm_from"`
		WithCard    bool  `json:"with_card"`
	} `json:"redeem"`
	Occasions []struct {
		On       string `json:"on"`
		Before   int64  `json:"before"`
		After    int64  `json:"after"`
		Points   int64  `json:"points"`
		Discount int64  `json:"discount"`
		Cashback int64  `json:"cashback"`
	} `json:"occasions"`
	Welcome welcome `json:"welcome"`
	Return  struct {
		GraceDays int `json:"grace_days"`
	} `json:"return"`
	Guard *struct {
		Margin int64 `json:"margin"`
	} `json:"guard"`
	QuoteMinutes int64 `json:"quote_minutes"`
	IdleDays     int64 `json:"idle_days"`

	hundreds int64 // minor units in the major one
}

type welcome struct {
	Points     int64  `json:"points"`
	ExpiryDays int    `json:"expiry_days"`
	On         string `json:"on"`
	From       int64  `json:"from"`
}

type rounding struct {
	Mode string `json:"mode"`
	Unit int64  `json:"unit"`
}

type goods struct {
	Categories []string `json:"categories"`
	Products   []string `json:"products"`
}

func (g *goods) none() bool { return len(g.Categories) == 0 && len(g.Products) == 0 }

func (r *rules) rolling() bool { return r.Spend.Window == "rolling" }

// months are those of a period of the calendar by which spend is counted; 0: it is
// not.
func (r *rules) months() int {
	return map[string]int{"year": 12, "quarter": 3, "month": 1}[r.Spend.Window]
}

func (r *rules) windowed() bool { return r.rolling() || r.months() > 0 }

// loses tells whether a level above the first has a midnight at which it may be
// lost though nothing else happens.
func (r *rules) loses() bool {
	return r.Downgrade.When != "never" && (r.windowed() || r.Downgrade.When == "every")
}

// level is where the level of that code stands; -1: there is none.
func (r *rules) level(code string) int {
	for i := range r.Levels {
		if r.Levels[i].Code == code {
			return i
		}
	}
	return -1
}

// reached is the highest level that spend reaches.
func (r *rules) reached(spend int64) int {
	best := 0
	for i := range r.Levels {
		if r.Levels[i].Threshold <= spend && r.Levels[i].Threshold >= r.Levels[best].Threshold {
			best = i
		}
	}
	return best
}

// interner numbers texts of which there are few, so that they fit a spool.
type interner struct {
	numbers map[string]int64
	texts   []string
}

func (in *interner) number(text string) int64 {
	n, ok := in.numbers[text]
	if !ok {
		if in.numbers == nil {
			in.numbers = map[string]int64{}
		}
		n = int64(len(in.texts))
		in.numbers[text] = n
		in.texts = append(in.texts, text)
	}
	return n
}

func (in *interner) text(n int64) string { return in.texts[n] }

func (a *audit) readFacts() {
	a.newest, a.started, a.discarded = map[int64]int64{}, map[int64]int64{}, map[int64]bool{}
	a.readCurrency()
	a.stores, a.tills = map[int64]*store{}, map[int64]int64{}
	a.staff, a.sources = map[int64]*member{}, map[int64]bool{}
	a.versions, a.codes, a.stoppable = map[int64]*version{}, map[int64][]string{}, map[int64]bool{}
	a.published = map[int64][]*version{}
	a.scan("stores", func(r *db.Rows) error {
		var (
			id, entity int64
			zone       string
		)
		err := r.Scan(&id, &entity, &zone)
		a.stores[id] = &store{entity: entity}
		if e := a.calendar.add(zone); e != nil {
			a.off(Setting, at("stores", id), "zone", "a time zone such as Asia/Tashkent", zone, "")
		}
		return err
	}, `SELECT id, entity_id, zone FROM stores`)
	a.scan("store_owners", func(r *db.Rows) error {
		var (
			id int64
			o  owner
		)
		err := r.Scan(&id, &o.until, &o.entity)
		if s := a.stores[id]; s != nil {
			s.past = append(s.past, o)
		}
		return err
	}, `SELECT store_id, until, entity_id FROM store_owners ORDER BY store_id, until`)
	a.scan("tills", func(r *db.Rows) error {
		var id, store int64
		err := r.Scan(&id, &store)
		a.tills[id] = store
		return err
	}, `SELECT id, store_id FROM tills`)
	a.readWordings()
	a.readAttributes()
	a.readStaff()
	a.scanIDs("sources", func(id int64) { a.sources[id] = true })
	a.importsOf = map[int64]int64{}
	a.look(func(r *db.Rows) error {
		var id, source int64
		err := r.Scan(&id, &source)
		a.importsOf[id] = source
		return err
	}, `SELECT id, source_id FROM imports`)
	a.readVersions()
}

func (a *audit) scanIDs(table string, see func(int64)) {
	a.scan(table, func(r *db.Rows) error {
		var id int64
		err := r.Scan(&id)
		see(id)
		return err
	}, `SELECT id FROM `+table)
}

func (a *audit) product(id int64) bool {
	_, ok := slices.BinarySearch(a.products, id)
	return ok
}

func (a *audit) readCurrency() {
	a.currency, a.installation = money.Currency{Exponent: 2}, map[string]string{}
	a.scan("settings", func(r *db.Rows) error {
		var name, value string
		err := r.Scan(&name, &value)
		a.installation[name] = value
		return err
	}, `SELECT name, value FROM settings ORDER BY name`)
	code := a.installation["currency"]
	c, err := money.CurrencyOf(code)
	if err == nil {
		a.currency = c
	} else if a.err == nil && a.any("receipts") {
		a.found(Finding{Setting, "settings", "name=currency", "value", "an ISO 4217 code such as UZS", code, "amounts are taken to have two decimals"})
	}
	a.hundreds = a.currency.Minor()
}

// any reports whether a table has rows.
func (a *audit) any(table string) (some bool) {
	a.look(func(*db.Rows) error {
		some = true
		return nil
	}, `SELECT 1 FROM `+table+` LIMIT 1`)
	return some
}

func (a *audit) readVersions() {
	type numbered struct{ programme, number int64 }
	seen, drafts := map[numbered]int64{}, map[int64]int64{}
	a.scan("programme_versions", func(r *db.Rows) error {
		var (
			v           version
			created     int64
			state, text string
		)
		if err := r.Scan(&v.id, &v.programme, &v.number, &state, &v.starts, &created, &v.told, &text); err != nil {
			return err
		}
		number, starts, told := v.number, v.starts, v.told
		v.published = state == "published"
		defer func() { a.unreadable = a.unreadable || v.rules == nil }()
		v.digest = sha256.Sum256([]byte(text))
		where := at("programme_versions", v.id)
		if err := json.Unmarshal([]byte(text), &v.rules); err != nil {
			v.rules = nil
			a.off(Version, where, "rules", "JSON", text, err.Error())
		} else if fault := v.rules.fault(); fault != "" {
			v.rules = nil
			a.off(Version, where, "rules", "", text, fault)
		} else {
			v.rules.hundreds = a.hundreds
			for _, l := range v.rules.Levels {
				a.codes[v.programme] = append(a.codes[v.programme], l.Code)
			}
			a.stoppable[v.programme] = a.stoppable[v.programme] || v.rules.Stopped
			a.windowed = a.windowed || v.rules.windowed()
		}
		if v.published != (starts != 0) {
			a.off(Version, where, "starts_at", "", a.show("at", starts), "the version is a "+state+" one")
		}
		if v.published != (told != 0) {
			a.off(Version, where, "published_at", "", a.show("at", told), "the version is a "+state+" one")
		} else if v.published && told < created {
			a.off(Version, where, "published_at", "not before "+a.show("at", created), a.show("at", told), "")
		}
		if number < 1 {
			a.off(Version, where, "number", "1 or more", a.show("", number), "")
		}
		if other, twice := seen[numbered{v.programme, number}]; twice {
			a.off(Version, where, "number", "a number of its own", a.show("", number), at("programme_versions", other).String()+" has it too")
		}
		if other, twice := drafts[v.programme]; twice && !v.published {
			a.off(Version, where, "state", "one draft at most", state, at("programme_versions", other).String()+" is one too")
		}
		seen[numbered{v.programme, number}] = v.id
		if !v.published {
			drafts[v.programme] = v.id
		}
		a.versions[v.id] = &v
		if v.published {
			a.published[v.programme] = append(a.published[v.programme], &v)
		}
		return nil
	}, `SELECT id, programme_id, number, state, COALESCE(starts_at, 0), created_at, COALESCE(published_at, 0), rules
	      FROM programme_versions ORDER BY id`)
	for _, list := range a.published {
		slices.SortFunc(list, func(x, y *version) int {
			return cmp.Or(cmp.Compare(x.starts, y.starts), cmp.Compare(x.number, y.number))
		})
	}
}

// held tells of the versions of a programme that hold at some time from one
// time to another.
func (a *audit) held(programme, from, to int64) (list []*version) {
	for _, v := range a.published[programme] {
		if v.starts > to {
			break
		}
		if v.starts <= from {
			list = list[:0]
		}
		list = append(list, v)
	}
	return list
}

// fault says why rules cannot be gone by; empty: they can.
func (r *rules) fault() string {
	switch {
	case r == nil:
		return "there are none"
	case len(r.Levels) == 0 || r.Levels[0].Threshold != 0:
		return "the first level must begin at 0"
	case r.PointValue <= 0:
		return "a point must be worth something"
	case r.Spend.Window != "lifetime" && !r.windowed():
		return "spend must be counted over a lifetime, a rolling window or a period of the calendar"
	case r.Earn.Rounding.Unit < 1 || r.Earn.Rounding.Unit > 1e5 || r.Discount.Rounding.Unit < 1 || r.PointValue > 1e9:
		return "what is rounded needs a unit, and all within reason"
	}
	for i := range r.Levels {
		if r.Levels[i].Code == "" || r.level(r.Levels[i].Code) != i || i > 0 && r.Levels[i].Threshold <= r.Levels[i-1].Threshold {
			return "levels need codes of their own and must go up"
		}
	}
	return ""
}
