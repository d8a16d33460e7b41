package till

import (
	"compress/gzip"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"regulars/internal/base/errs"
	"regulars/internal/base/fold"
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
	Name       string      `json:"name"`
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
		s.Goods = append(s.Goods, goods{p.SKU, p.Name, p.Price, p.Categories, p.Kind == catalog.KindGiftCard, p.Promo, p.Barcodes})
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
	for _, found := range list {
		rec, err := t.Receipts.Get(ctx, found.ID)
		if err != nil {
			return nil, err
		}
		k := slipKept{ID: rec.ID.String(), Number: rec.Number, SoldAt: rec.SoldAt.UnixMilli()}
		for _, l := range rec.Lines {
			k.Lines = append(k.Lines, lineKept{l.Position, l.Name, l.Quantity, l.Gross, l.Total, l.Returned})
		}
		kept = append(kept, k)
	}
	return kept, nil
}

// lateBatch is what a till sold and took back while it had no line.
type lateBatch struct {
	Till   string     `json:"till"`
	SentAt int64      `json:"sent_at"` // milliseconds since 1970, by its clock
	Slips  []lateSlip `json:"slips"`
}

// lateSlip is a receipt of the queue.
type lateSlip struct {
	Kind           receipt.Kind         `json:"kind"`
	Number         string               `json:"number"`
	SoldAt         int64                `json:"sold_at"`
	Staff          string               `json:"staff"`
	Customer       string               `json:"customer"` // sealed
	Shown          string               `json:"shown"`    // what the customer showed, whom the till did not find
	Lines          []lateLine           `json:"lines"`
	Total          money.Amount         `json:"total"`
	Original       string               `json:"original"`
	OriginalNumber string               `json:"original_number"`
	Parts          []receipt.ReturnLine `json:"parts"`
	Reason         string               `json:"reason"`
	// Form is a payment of the page whose answer was lost, as it was sent.
	Form string `json:"form"`
}

type lateLine struct {
	SKU      string         `json:"sku"`
	Name     string         `json:"name"`
	Quantity money.Quantity `json:"quantity"`
	Price    money.Price    `json:"price"`
	Charged  money.Amount   `json:"charged"`
	Out      bool           `json:"no_loyalty,omitempty"`
}

// What became of a receipt of the queue.
type lateState string

const (
	lateRecorded lateState = "recorded"
	lateKnown    lateState = "known" // it had been recorded before
	lateDiffers  lateState = "differs"
	lateRefused  lateState = "refused"
)

type lateAnswer struct {
	Results []lateResult `json:"results"`
	Clock   string       `json:"clock,omitempty"` // says that the till's clock is wrong
}

type lateResult struct {
	Number  string    `json:"number"`
	State   lateState `json:"state"`
	Says    []string  `json:"says"`
	Receipt string    `json:"receipt,omitempty"`
}

// maxLate is how many receipts are taken at once.
const maxLate = 100

// late records what the queue of a browser brings. It can be sent again: what was
// recorded is answered once more.
func (t *Till) late(w http.ResponseWriter, r *http.Request) error {
	var in lateBatch
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return web.BodyError(err)
	}
	at, err := t.at(r, catalog.TillID(number(in.Till)))
	if err != nil {
		return err
	}
	if len(in.Slips) > maxLate {
		return errRange.With("max", maxLate)
	}
	b := &lateCall{t: t, r: r, at: at, sent: time.UnixMilli(in.SentAt), loc: web.Loc(r.Context())}
	out := lateAnswer{Results: make([]lateResult, len(in.Slips))}
	for i := range in.Slips {
		if err := b.take(i, &in.Slips[i], &out.Results[i]); err != nil {
			return err
		}
	}
	if err := b.sentFor(b.calls...); err != nil {
		return err
	}
	results, err := t.Receipts.RecordLate(r.Context(), b.sent, b.calls)
	if err != nil {
		return err
	}
	for i, res := range results {
		which := b.places[i]
		if err := b.say(&in.Slips[which], &res, &out.Results[which]); err != nil {
			return err
		}
		if slices.Contains(res.Differences, receipt.DiffClock) {
			out.Clock = b.loc.T("counter.offline.clock")
		}
	}
	return answerJSON(w, "application/json", out)
}

// lateCall is a batch while it is read.
type lateCall struct {
	t      *Till
	r      *http.Request
	at     *place
	sent   time.Time
	loc    *i18n.Localizer
	calls  []receipt.LateCall
	places []int // in the batch
}

// take reads a receipt; what cannot be one is refused at once.
func (b *lateCall) take(i int, in *lateSlip, to *lateResult) error {
	*to = lateResult{Number: in.Number, Says: []string{}}
	by, err := b.seller(in.Staff)
	if err != nil {
		return err
	}
	if theirs, err := b.theirs(in); !theirs || err != nil {
		if err == nil {
			to.refuse(b.loc, errSoldThere)
		}
		return err
	}
	late := receipt.Late{}
	switch {
	case in.Form != "":
		done, err := b.form(by, in, &late, to)
		if done || err != nil {
			return err
		}
	case in.Kind == receipt.KindReturn:
		refund := in.Total
		late.Return = &receipt.Return{Number: in.Number, Original: receipt.ID(number(in.Original)), SoldAt: time.UnixMilli(in.SoldAt).UTC(), Reason: fold.Line(in.Reason), Lines: in.Parts}
		late.OriginalNumber, late.Refund = in.OriginalNumber, &refund
	default:
		late.Sale = b.sale(in)
		if in.Shown != "" && late.Sale.Customer == 0 {
			late.Shown = b.t.Customers.Candidates(in.Shown)
		}
	}
	b.calls, b.places = append(b.calls, receipt.LateCall{By: by, Late: late}), append(b.places, i)
	return nil
}

// theirs tells whether whoever sends works where the sale was made that comes back;
// of one that there is not, the service says so.
func (b *lateCall) theirs(in *lateSlip) (bool, error) {
	original := receipt.ID(number(in.Original))
	if original == 0 {
		return true, nil
	}
	rec, err := b.t.Receipts.Get(b.r.Context(), original)
	if errs.KindOf(err) == errs.NotFound {
		return true, nil
	}
	return err != nil || web.Me(b.r).WorksIn(rec.Store), err
}

func (b *lateCall) sale(in *lateSlip) *receipt.Sale {
	total := in.Total
	s := &receipt.Sale{Number: in.Number, SoldAt: time.UnixMilli(in.SoldAt).UTC(), Total: &total}
	s.Customer = b.t.unseal(in.Customer)
	for _, l := range in.Lines {
		charged := l.Charged
		s.Lines = append(s.Lines, receipt.DraftLine{SKU: fold.Line(l.SKU), Name: fold.Line(l.Name), Quantity: l.Quantity, Price: l.Price, Charged: &charged, NoLoyalty: l.Out})
	}
	return s
}

// seller is the till and whoever sold: somebody of the store, or else whoever
// sends.
func (b *lateCall) seller(id string) (receipt.Caller, error) {
	by := b.at.caller(b.r)
	if id == "" || id == web.Me(b.r).ID.String() {
		return by, nil
	}
	who, err := b.t.Staff.Named(b.r.Context(), id)
	switch {
	case err == nil && who.ID.String() == id && who.Role.Can(staff.Sell) && who.BelongsTo(b.at.Store.ID):
		by.Staff = int64(who.ID)
	case err != nil && errs.KindOf(err) != errs.NotFound:
		return by, err
	}
	return by, nil
}

// sentFor writes down that somebody sends what, as the browser says, others sold:
// before it is recorded in their names. That the same is sent again is the same line.
func (b *lateCall) sentFor(calls ...receipt.LateCall) error {
	me, others, numbers := web.Me(b.r), map[string]int{}, []string{}
	for _, c := range calls {
		if c.By.Staff != int64(me.ID) {
			others[staff.ID(c.By.Staff).String()]++
			numbers = append(numbers, c.Number())
		}
	}
	if len(others) == 0 {
		return nil
	}
	facts, err := json.Marshal(map[string]any{"staff": others, "receipts": numbers})
	if err != nil {
		return err
	}
	return b.t.Staff.Look(b.r.Context(), staff.Entry{
		Actor: me.ID, IP: web.Client(b.r).IP, Action: "till.sent_for", Store: b.at.Store.ID, Subject: "till:" + b.at.Till.ID.String(), After: facts,
	})
}

// say tells the cashier what became of a receipt.
func (b *lateCall) say(in *lateSlip, res *receipt.LateResult, to *lateResult) error {
	if res.Err != nil && in.Form != "" && errors.Is(res.Err, receipt.ErrKeyReused) { // the lost payment has arrived meanwhile
		done, err := b.known(in, to)
		if done || err != nil {
			return err
		}
	}
	if res.Err != nil {
		to.refuse(b.loc, res.Err)
		return nil
	}
	to.State, to.Receipt = lateRecorded, res.Receipt.ID.String()
	if res.Replayed {
		to.State = lateKnown
	}
	for _, d := range res.Differences {
		switch d {
		case receipt.DiffClock: // said once for all of them
		case receipt.DiffRecorded:
			to.State = lateKnown
		default:
			to.State = lateDiffers
			to.Says = append(to.Says, b.difference(d, &res.Receipt))
		}
	}
	return nil
}

func (b *lateCall) difference(d receipt.Difference, rec *receipt.Receipt) string {
	c := b.t.Settings().Currency
	by := rec.Refund()
	if rec.Details.ByRules != nil {
		by = *rec.Details.ByRules
	}
	return b.loc.T("counter.offline.diff."+string(d), "rules", b.loc.Money(by, c), "charged", b.loc.Money(rec.Total, c))
}

func (to *lateResult) refuse(loc *i18n.Localizer, err error) {
	to.State = lateRefused
	p := web.ProblemOf(err, loc)
	to.Says = append(to.Says, p.Detail)
	for _, f := range p.Errors {
		if f.Detail != p.Detail {
			to.Says = append(to.Says, f.Detail)
		}
	}
}

// form reads a payment of the page whose answer was lost. Where it was recorded,
// that is told; points that it redeems are taken at the price that was shown.
func (b *lateCall) form(by receipt.Caller, in *lateSlip, late *receipt.Late, to *lateResult) (done bool, err error) {
	if done, err := b.known(in, to); done || err != nil {
		return done, err
	}
	values, err := url.ParseQuery(in.Form)
	for name, list := range values {
		if !web.Legible(append(list, name)...) {
			err = web.ErrForm
		}
	}
	if err != nil {
		to.refuse(b.loc, web.ErrForm)
		return true, nil
	}
	soldAt := time.UnixMilli(in.SoldAt).UTC()
	if in.Kind == receipt.KindReturn {
		back := &receipt.Return{Number: in.Number, Original: receipt.ID(number(in.Original)), SoldAt: soldAt, Reason: fold.Line(values.Get("reason"))}
		for name, typed := range values {
			position, ok := strings.CutPrefix(name, "quantity-")
			if q, err := readQuantity(b.loc, typed[0]); ok && err == nil && q > 0 {
				back.Lines = append(back.Lines, receipt.ReturnLine{Position: int(number(position)), Quantity: q})
			}
		}
		slices.SortFunc(back.Lines, func(a, b receipt.ReturnLine) int { return a.Position - b.Position })
		refund := in.Total
		late.Return, late.Refund = back, &refund
		return false, nil
	}
	basket := readBasket(&web.Form{Values: values}, b.t.unseal)
	// A price that is not the catalogue's is another total, and refused.
	if _, _, err := b.t.renew(b.r.Context(), b.loc, &basket); err != nil {
		return false, err
	}
	total := in.Total
	sale := receipt.Sale{Number: in.Number, SoldAt: soldAt, Total: &total, Confirmation: basket.given()}
	wrong := 0
	if sale.Draft = basket.draft(b.loc, b.t.Settings().Currency, func(string, error) { wrong++ }); wrong > 0 {
		to.refuse(b.loc, web.ErrForm)
		return true, nil
	}
	if sale.Redeem == 0 {
		late.Sale = &sale
		return false, nil
	}
	if err := b.sentFor(receipt.LateCall{By: by, Late: receipt.Late{Sale: &sale}}); err != nil {
		return false, err
	}
	rec, _, err := b.t.Receipts.Commit(b.r.Context(), by, sale)
	if err != nil {
		if !web.Refused(err) {
			return false, err
		}
		to.refuse(b.loc, err)
		return true, nil
	}
	to.State, to.Receipt = lateRecorded, rec.ID.String()
	return true, nil
}

// known tells of a payment that had been recorded before its answer was lost.
func (b *lateCall) known(in *lateSlip, to *lateResult) (done bool, err error) {
	kind := receipt.KindSale
	if in.Kind == receipt.KindReturn {
		kind = receipt.KindReturn
	}
	rec, err := b.t.Receipts.Find(b.r.Context(), int64(b.at.Till.ID), kind, in.Number)
	if err != nil && errs.KindOf(err) == errs.NotFound {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	to.State, to.Receipt = lateKnown, rec.ID.String()
	if rec.Refund() != in.Total {
		c := b.t.Settings().Currency
		to.State = lateDiffers
		to.Says = append(to.Says, b.loc.T("counter.offline.diff.known", "recorded", b.loc.Money(rec.Refund(), c), "charged", b.loc.Money(in.Total, c)))
	}
	return true, nil
}
