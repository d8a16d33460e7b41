package till

import (
	"compress/gzip"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"regulars/internal/base/i18n"
	"regulars/internal/base/money"
	"regulars/internal/base/settings"
	"regulars/internal/loyalty/catalog"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/web"
)

// What a till carries with it: enough for a store's week, and little to lose.
const (
	maxGoods    = 30_000
	maxRegulars = 5_000
	maxSlips    = 50
	regularsAge = 120 * 24 * time.Hour // since they bought there last
	keyAge      = 7 * 24 * time.Hour   // of a generation
)

// worker serves the service worker. It stands under the page's path, for it may
// only look after what is under its own.
func (t *Till) worker(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Service-Worker-Allowed", Path)
	r2 := *r
	u := *r.URL
	u.Path = "/till-assets/worker.js"
	r2.URL = &u
	t.assets.ServeHTTP(w, &r2)
}

// manifest makes the page something to be installed.
func (t *Till) manifest(w http.ResponseWriter, r *http.Request) error {
	type icon struct {
		Src     string `json:"src"`
		Sizes   string `json:"sizes"`
		Type    string `json:"type"`
		Purpose string `json:"purpose"`
	}
	loc := web.Loc(r.Context())
	w.Header().Set("Cache-Control", "no-cache")
	return answerJSON(w, "application/manifest+json", map[string]any{
		"id": Path, "start_url": Path, "scope": Path, "display": "standalone", "lang": loc.Lang(),
		"name": loc.T("counter.offline.app", "name", t.Settings().Name), "short_name": loc.T("counter.offline.app_short"),
		"background_color": "#f4f6fa", "theme_color": "#1f5fbf",
		"icons": []icon{{t.icon, "any", "image/svg+xml", "any"}},
	})
}

func answerJSON(w http.ResponseWriter, kind string, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", kind)
	_, _ = w.Write(text) // the reader has gone: there is nobody to tell
	return nil
}

// offlineView is the page that goes on without the line. It says nothing of
// anybody: it lies in the browser for whoever opens it.
type offlineView struct {
	frame
	Price, Own string // addresses of its scripts
	Formats    formats
}

// formats is how the language writes what the script works out.
type formats struct {
	Money    string // with {} for the amount
	Decimal  string
	Group    string
	Exponent int
	Whole    bool // parts of the currency's unit are written only where there are any
	Zone     string
}

func formatsOf(loc *i18n.Localizer, c money.Currency, zone *time.Location) formats {
	one := money.Amount(c.Minor())
	figure := loc.Amount(7*one, c)
	return formats{
		Money: strings.Replace(loc.Money(7*one, c), figure, "{}", 1), Decimal: loc.Decimal(), Group: strings.Trim(loc.Number(1000), "10"),
		Exponent: c.Exponent, Whole: loc.Amount(one, c) == "1", Zone: zone.String(),
	}
}

func (t *Till) offlinePage(w http.ResponseWriter, r *http.Request) error {
	at, err := t.standing(w, r)
	if at == nil {
		return err
	}
	v := offlineView{
		frame: t.frame("sale", at), Price: t.priceJS, Own: t.offlineJS,
		Formats: formatsOf(web.Loc(r.Context()), t.Settings().Currency, at.Store.Zone),
	}
	return t.pages.Render(w, r, "offline", v)
}

// keys are what opens a till's snapshot and finds people in it. They are never
// stored beside it: the browser holds them while somebody is signed in.
type keys struct {
	Till       string `json:"till"`
	Staff      string `json:"staff"` // who is signed in
	Generation int64  `json:"generation"`
	Key        []byte `json:"key"`
	Marks      []byte `json:"marks"`
}

func (t *Till) keys(r *http.Request, at *place) keys {
	gen := t.Now().Unix() / int64(keyAge/time.Second)
	derive := func(what string) []byte {
		mac := hmac.New(sha256.New, t.Secret)
		mac.Write([]byte("till snapshot " + what + " " + at.Till.ID.String() + " " + strconv.FormatInt(gen, 10)))
		return mac.Sum(nil)
	}
	return keys{at.Till.ID.String(), web.Me(r).ID.String(), gen, derive("key"), derive("marks")}
}

func (t *Till) snapshotKey(w http.ResponseWriter, r *http.Request) error {
	at, err := t.chosen(r)
	if err != nil {
		return err
	}
	return answerJSON(w, "application/json", t.keys(r, at))
}

// carried is what a till knows without its line. Goods are no secret; Private is
// encrypted before it is stored.
type carried struct {
	At         int64      `json:"at"` // milliseconds since 1970
	Till       string     `json:"till"`
	Generation int64      `json:"generation"`
	Goods      []goods    `json:"goods"`
	Slips      []slipKept `json:"slips"`
	Private    private    `json:"private"`
}

type private struct {
	Rules  *programme.Rules       `json:"rules"`
	Costs  map[string]money.Price `json:"costs"`
	People []regular              `json:"people"`
}

type goods struct {
	SKU        string      `json:"sku"`
	Name       string      `json:"name"`            // the full one
	Plain      string      `json:"plain,omitempty"` // the catalog's, by which its sales are recorded; empty: the same
	Price      money.Price `json:"price"`
	Categories []string    `json:"categories,omitempty"`
	GiftCard   bool        `json:"gift_card,omitempty"`
	Promo      bool        `json:"promo,omitempty"`
	Barcodes   []string    `json:"barcodes,omitempty"`
}

// regular is a customer: as much as the cashier sees, and marks by which what
// they show is recognised without being readable.
type regular struct {
	ID    string    `json:"id"` // sealed
	Name  string    `json:"name"`
	Phone string    `json:"phone"` // masked; empty where no phones are carried
	Level string    `json:"level,omitempty"`
	Marks []string  `json:"marks"`
	Days  []daySpan `json:"days,omitempty"`
}

type daySpan struct {
	Day   programme.Day `json:"day"`
	From  int64         `json:"from"`
	Until int64         `json:"until"`
}

// slipKept is a sale of this till of which something can come back.
type slipKept struct {
	ID     string     `json:"id"`
	Number string     `json:"number"`
	SoldAt int64      `json:"sold_at"`
	Lines  []lineKept `json:"lines"`
}

type lineKept struct {
	Position int            `json:"position"`
	Name     string         `json:"name"`
	Quantity money.Quantity `json:"quantity"`
	Gross    money.Amount   `json:"gross"`
	Total    money.Amount   `json:"total"`
	Returned money.Quantity `json:"returned"`
}

// mark is how somebody is recognised by what they show. A phone is told by its
// last digits, however it is typed; the last four of anything give a choice.
func mark(key []byte, what, text string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(what + ":" + text))
	return base64.RawStdEncoding.EncodeToString(mac.Sum(nil)[:9])
}

// phoneDigits are the last digits of a phone, the same in every way to write it.
const phoneDigits = 9

func marksOf(key []byte, list []customer.Identifier, phones bool) []string {
	marks := []string{} // not null, for a page that looks through all
	add := func(what, text string) {
		if m := mark(key, what, text); !slices.Contains(marks, m) {
			marks = append(marks, m)
		}
	}
	for _, i := range list {
		digits := strings.Map(func(r rune) rune {
			if r < '0' || r > '9' {
				return -1
			}
			return r
		}, i.Value)
		switch {
		case i.Kind == customer.Phone && phones:
			add("phone", digits[max(0, len(digits)-phoneDigits):])
		case i.Kind == customer.Card:
			add("card", i.Value)
		default:
			continue
		}
		if len(digits) >= customer.MinTail {
			add("tail", digits[len(digits)-customer.MinTail:])
		}
	}
	return marks
}

// snapshot gathers what the till carries; taking it is a look at everybody in it.
func (t *Till) snapshot(w http.ResponseWriter, r *http.Request) error {
	at, err := t.chosen(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	k := t.keys(r, at)
	s := carried{At: t.Now().UnixMilli(), Till: k.Till, Generation: k.Generation, Private: private{Costs: map[string]money.Price{}, People: []regular{}}} // not null, for a page that looks through all
	products, err := t.Catalog.Sold(ctx, maxGoods)
	if err != nil {
		return err
	}
	for _, p := range products {
		g := goods{p.SKU, p.FullName(), "", p.Price, p.Categories, p.Kind == catalog.KindGiftCard, p.Promo, p.Barcodes}
		if g.Name != p.Name {
			g.Plain = p.Name
		}
		s.Goods = append(s.Goods, g)
		if p.Cost != nil {
			s.Private.Costs[p.SKU] = *p.Cost
		}
	}
	if s.Slips, err = t.slips(r, at); err != nil {
		return err
	}
	whom, most := t.OfflinePeople(), maxRegulars
	if whom == settings.OfflineNobody {
		most = 0
	}
	version, people, err := t.Receipts.Regulars(ctx, at.Store, t.Now().Add(-regularsAge), most)
	if err != nil {
		return err
	}
	phones := whom == settings.OfflinePhones
	if version != nil && !version.Rules.Stopped {
		s.Private.Rules = &version.Rules
	}
	for _, c := range people {
		p := regular{ID: t.seal(c.ID), Name: customer.MaskName(c.FirstName, c.LastName), Level: c.Level, Marks: marksOf(k.Marks, c.Identifiers, phones)}
		if !phones && len(p.Marks) == 0 {
			continue
		}
		if phones {
			p.Phone = customer.Mask(reach(c.Customer))
		}
		for _, d := range c.Days {
			p.Days = append(p.Days, daySpan{d.Day, d.From.UnixMilli(), d.Until.UnixMilli()})
		}
		s.Private.People = append(s.Private.People, p)
	}
	facts, err := json.Marshal(map[string]any{"found": len(s.Private.People), "till": at.Till.Name})
	if err != nil {
		return err
	}
	if err := t.Staff.Look(ctx, staff.Entry{Actor: web.Me(r).ID, IP: web.Client(r).IP, Action: "look.snapshot", Store: at.Store.ID, Subject: "till:" + at.Till.ID.String(), After: facts}); err != nil {
		return err
	}
	return answerPacked(w, r, s)
}

// answerPacked answers with what may be megabytes, to lines that are not quick.
func answerPacked(w http.ResponseWriter, r *http.Request, body any) error {
	if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		return answerJSON(w, "application/json", body)
	}
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Encoding", "gzip")
	z := gzip.NewWriter(w)
	_, _ = z.Write(text) // the reader has gone: there is nobody to tell
	_ = z.Close()
	return nil
}

// slips are the till's latest sales.
func (t *Till) slips(r *http.Request, at *place) (kept []slipKept, err error) {
	ctx := r.Context()
	list, err := t.Receipts.List(ctx, receipt.Filter{Store: at.Store.ID, Till: at.Till.ID, Kind: receipt.KindSale}, receipt.Cursor{}, maxSlips)
	if err != nil {
		return nil, err
	}
	for i, found := range list {
		if list[i], err = t.Receipts.Get(ctx, found.ID); err != nil {
			return nil, err
		}
	}
	for _, rec := range list {
		k := slipKept{ID: rec.ID.String(), Number: rec.Number, SoldAt: rec.SoldAt.UnixMilli()}
		for _, l := range rec.Lines {
			k.Lines = append(k.Lines, lineKept{l.Position, l.Full, l.Quantity, l.Gross, l.Total, l.Returned})
		}
		kept = append(kept, k)
	}
	return kept, nil
}
