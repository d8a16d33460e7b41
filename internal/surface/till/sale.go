package till

import (
	"cmp"
	"context"
	"errors"
	"net/http"
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
	"regulars/internal/loyalty/ledger"
	"regulars/internal/loyalty/pricing"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/surface/web"
	"regulars/internal/surface/web/field"
)

// Failures of what was typed.
var (
	errQuantity = errs.New(errs.Invalid, "till_quantity", "A quantity is a number above 0, such as 2 or 0.350.")
	errPrice    = errs.New(errs.Invalid, "till_price", "There is no price for this yet. Type it.")
	errName     = errs.New(errs.Invalid, "till_name", "The catalog does not know this. Type its name: it is printed on the slip.")
	errRange    = errs.New(errs.Invalid, "out_of_range", "This is out of range.")
	errTooMuch  = errs.New(errs.Invalid, "till_too_much", "More is to come back than is left.")
)

// saleView is what the page shows of a basket.
type saleView struct {
	frame
	basket
	Rows   []row
	Errors map[string]string // by id of the field
	Who    *person
	Q      *receipt.Quote     // nil: cannot be priced as it is
	Points *pointsView        // nil: no points can be chosen here
	Off    []pricing.Discount // discounts by cause
	Found  *found
	Notes  []note
	Touch  int    // line that was changed last; -1: none
	Say    string // for screen readers, what the last change came to
	Can    bool   // be paid, once a reason that is missing is given
	Unsure bool   // a line cannot be read: what the rest comes to is no sum to be paid
	Zone   *time.Location
	Wrong  string        // of the code
	Waits  bool          // the code has not been taken by what sends it
	Stuck  bool          // for longer than it should
	Later  bool          // what is earned is not available at once
	Ask    []box         // what a newcomer may agree to
	More   []field.Field // what else a newcomer is asked
	// JoinCode is whether a newcomer's phone needs a code.
	JoinCode settings.Code
}

// stuck is how long a code may wait to be sent before the cashier is told.
const stuck = 5 * time.Second

// row is a line as it is shown.
type row struct {
	line
	At       int
	Unpriced bool // the catalog has no price
	Result   pricing.PricedLine
	Goods    money.Amount // after discounts; what points pay of it stands in the sum
	Guarded  bool
	Bad      bool // something of it cannot be read
}

// note is a message beside the basket.
type note struct{ Kind, Text string }

// person is the customer at the till.
type person struct {
	customer.Customer
	Name    string // masked, as in every answer to a till
	Phone   string // masked
	Account *ledger.Account
	Level   programme.Level
	Next    *programme.Level
	ToNext  money.Amount
	More    [][2]string // attributes that tills see: name and value
}

// pointsView is how many points can be chosen.
type pointsView struct {
	Max   money.Points
	Worth money.Amount // of Max
	Limit string       // for people
	Whole money.Points // that leave a round sum; 0: none do
	Left  money.Amount // that they leave
}

// salePage is the page as it is opened: empty, until the script brings back
// what the tab has kept.
func (t *Till) salePage(w http.ResponseWriter, r *http.Request) error {
	at, err := t.standing(w, r)
	if at == nil {
		return err
	}
	b := t.newBasket(at)
	v := &saleView{frame: t.frame("sale", at), basket: b, Touch: -1}
	v.Code = r.URL.Query().Get("code")
	if err := t.fill(r, v); err != nil {
		return err
	}
	return t.pages.Render(w, r, "sale", v)
}

// basket applies what the cashier did, prices the basket again and answers
// with the whole of it.
func (t *Till) basket(w http.ResponseWriter, r *http.Request) error {
	v, err := t.read(r)
	if err != nil {
		return err
	}
	for _, do := range r.PostForm["do"] {
		if err := t.do(r, v, do); err != nil {
			return err
		}
	}
	if err := t.fill(r, v); err != nil {
		return err
	}
	return t.pages.Fragment(w, r, http.StatusOK, "sale", "work", v)
}

// read reads the page's form and finds the till that it belongs to.
func (t *Till) read(r *http.Request) (*saleView, error) {
	form, err := web.ReadForm(r)
	if err != nil {
		return nil, err
	}
	at, err := t.at(r, catalog.TillID(number(form.Get("till"))))
	if err != nil {
		return nil, err
	}
	v := &saleView{frame: t.frame("sale", at), basket: readBasket(form, t.unseal), Touch: -1}
	if v.Number == "" {
		v.Number = newNumber(t.Now(), at.Store.Zone)
	}
	return v, nil
}

func (v *saleView) note(kind, text string) { v.Notes = append(v.Notes, note{kind, text}) }

// do is one thing that the cashier did: a verb, a colon and what with.
func (t *Till) do(r *http.Request, v *saleView, do string) error {
	verb, arg, _ := strings.Cut(do, ":")
	loc := web.Loc(r.Context())
	i, err := strconv.Atoi(arg)
	if err != nil {
		i = -1
	}
	switch verb {
	case "code":
		return t.code(r, v, arg)
	case "new":
		if code, quantity := parted(loc, fold.Line(arg)); isNew(code) && quantity > 0 {
			v.Touch = v.addNew(loc, code, quantity)
		}
	case "product":
		return t.product(r, v, arg)
	case "customer":
		v.Asked, v.Said = 0, ""
		if v.take(t.unseal(arg)); v.Customer != 0 {
			return t.noteLook(r, v.Place, v.Customer, nil)
		}
	case "nobody":
		v.Customer, v.Redeem, v.NoDiscount, v.NoPoints, v.Reason = 0, "", false, false, ""
		v.Asked, v.Said, v.Card = 0, "", ""
	case "plus":
		v.step(loc, i, money.One)
		v.Touch = i
	case "minus":
		v.step(loc, i, -money.One)
		v.Touch = i
	case "strike":
		v.strike(i, true)
		v.Touch = i
	case "out", "in":
		v.takeOut(i, verb == "out")
		v.Touch = i
	case "restore":
		v.strike(i, false)
		v.Touch = i
	case "redeem":
		v.Redeem = arg
	case "confirm":
		return t.confirm(r, v)
	case "reason":
		v.Reason = arg
	case "join":
		v.openJoin(arg)
	case "unjoin":
		v.Joining, v.Join = false, join{}
	case "join-code":
		return t.joinCode(r, v)
	case "register":
		return t.register(r, v, arg == "skip")
	case "clear":
		v.basket = t.newBasket(v.Place)
	}
	return nil
}

// confirm has the customer sent a code for the points that are chosen.
func (t *Till) confirm(r *http.Request, v *saleView) error {
	loc := web.Loc(r.Context())
	d := v.draft(loc, t.Settings().Currency, func(string, error) {})
	if d.Customer == 0 || d.Redeem == 0 {
		return nil
	}
	c, err := t.Receipts.Confirm(r.Context(), v.Place.caller(r), d.Customer, d.Redeem)
	if err != nil {
		if !web.Refused(err) && errs.KindOf(err) != errs.TooMany {
			return err
		}
		v.Wrong = web.Say(loc, err)
		return nil
	}
	v.Asked, v.Said, v.Say = c.ID, "", loc.T("counter.confirm.sent")
	return nil
}

// joinCode has the phone of who registers sent a code, whosever it is.
func (t *Till) joinCode(r *http.Request, v *saleView) error {
	loc, j := web.Loc(r.Context()), &v.Join
	j.Errors = map[string]string{}
	phone, err := t.Customers.Normalize(customer.Phone, j.Phone)
	if err != nil {
		j.Errors["join-phone"] = web.Say(loc, err)
		return nil
	}
	c, err := t.Enrol.SendCode(r.Context(), v.Place.Till.ID, phone)
	if err != nil {
		if !web.Refused(err) && errs.KindOf(err) != errs.TooMany {
			return err
		}
		j.Errors["join-said"] = web.Say(loc, err)
		return nil
	}
	j.Asked, j.Said, v.Say = c.ID, "", loc.T("counter.confirm.sent")
	return nil
}

// openJoin opens the registration with what was typed, which is a phone or
// else a card.
func (v *saleView) openJoin(typed string) {
	v.Joining, v.Join = true, join{}
	digits := 0
	for _, c := range typed {
		if c >= '0' && c <= '9' {
			digits++
		}
	}
	switch {
	case digits >= 9 && digits <= 12 && strings.Trim(typed, "0123456789 +-()") == "":
		v.Join.Phone = typed
	case digits >= 5:
		v.Join.Card = typed
	case digits == 0:
		v.Join.Name = typed
	}
}

// fill prices the basket and gathers everything that is shown.
func (t *Till) fill(r *http.Request, v *saleView) error {
	ctx, loc := r.Context(), web.Loc(r.Context())
	v.Zone, v.Errors = v.Place.Store.Zone, map[string]string{}
	known, changed, err := t.renew(ctx, loc, &v.basket)
	if err != nil {
		return err
	}
	if len(changed) > 0 {
		v.note("info", loc.T("counter.note.price", "names", strings.Join(changed, ", ")))
	}
	if err := t.person(ctx, loc, v); err != nil {
		return err
	}
	if v.Joining {
		if v.Ask, err = t.boxes(ctx, loc, v); err != nil {
			return err
		}
		if v.JoinCode, err = t.Enrol.Code(ctx); err != nil {
			return err
		}
		defined, err := t.Attributes.Definitions(ctx)
		if err != nil {
			return err
		}
		v.More = field.Of(loc, defined.SetAtTills())
	}
	if asked := cmp.Or(v.Join.Asked, v.Asked); asked != 0 {
		since, err := t.Confirm.Waits(ctx, asked, v.Place.Till.ID)
		if err != nil {
			return err
		}
		v.Waits = !since.IsZero()
		v.Stuck = v.Waits && t.Now().Sub(since) > stuck
	}
	d := v.draft(loc, t.Settings().Currency, func(field string, err error) {
		v.Errors[field] = web.Say(loc, err)
		v.Unsure = v.Unsure || field != "redeem"
	})
	if v.Unsure { // how many points can be chosen is not known either
		d.Redeem = 0
	}
	if err := t.quote(r, v, d); err != nil {
		return err
	}
	for i, l := range v.Lines {
		p := known[l.SKU]
		ro := row{line: l, At: i, Unpriced: p.Price == 0}
		if v.Q != nil && i < len(v.Q.Lines) {
			ro.Result = v.Q.Lines[i]
			ro.Goods = ro.Result.Gross - ro.Result.Discount
			for _, d := range ro.Result.Discounts {
				ro.Guarded = ro.Guarded || d.Guarded
			}
		}
		for _, field := range []string{"quantity", "named", "priced", "discount"} {
			ro.Bad = ro.Bad || v.Errors[field+"-"+strconv.Itoa(i)] != ""
		}
		v.Rows = append(v.Rows, ro)
	}
	wrong := len(v.Errors)
	if v.Errors["reason"] != "" {
		wrong--
	}
	v.Can = v.Q != nil && v.Open() > 0 && wrong == 0
	if v.Touch >= 0 && v.Touch < len(v.Rows) && v.Q != nil && !v.Unsure {
		ro := v.Rows[v.Touch]
		v.Say = loc.T("counter.line.say", "name", ro.Name, "quantity", ro.Quantity, "total", loc.Money(v.Q.Total, t.Settings().Currency))
	}
	return nil
}

// person reads the customer; one that is gone or blocked is let go.
func (t *Till) person(ctx context.Context, loc *i18n.Localizer, v *saleView) error {
	if v.Customer == 0 {
		return nil
	}
	c, err := t.Customers.Now(ctx, v.Customer)
	if errors.Is(err, customer.ErrNotFound) || err == nil && c.State.Gone() {
		v.Customer = 0
		return nil
	}
	if err != nil {
		return err
	}
	v.Customer = c.ID
	if c.State == customer.StateBlocked { // sold to like anybody else
		v.Customer = 0
		v.note("bad", web.Say(loc, receipt.ErrBlocked))
		return nil
	}
	account, err := t.Ledger.Get(ctx, v.Customer)
	if err != nil {
		return err
	}
	p := &person{Customer: c, Name: customer.MaskName(c.FirstName, c.LastName), Phone: customer.Mask(reach(c)), Account: account}
	v.Who = p
	if len(c.Attributes) == 0 {
		return nil
	}
	defined, err := t.Attributes.Definitions(ctx)
	if err != nil {
		return err
	}
	for _, d := range defined.SeenAtTills() {
		if value, ok := c.Attributes[d.Code]; ok {
			p.More = append(p.More, [2]string{d.Names.In(loc.Lang(), d.Code), field.Text(loc, &d, value)})
		}
	}
	return nil
}

// quote asks for the price. What the cashier has to decide first is shown at
// its field, beside the price of the basket without it.
func (t *Till) quote(r *http.Request, v *saleView, d receipt.Draft) error {
	ctx, loc := r.Context(), web.Loc(r.Context())
	v.Quote, v.Total = "", ""
	if (d.NoDiscount || d.NoPoints) && d.Reason == "" {
		v.Errors["reason"] = loc.T("error.reason_missing")
		d.Reason = "-" // it changes no price, and without one there is none
	}
	q, err := t.Receipts.Quote(ctx, v.Place.caller(r), d)
	if err != nil && d.Redeem != 0 && (points(err) || uncarded(err)) {
		if points(err) {
			v.Errors["redeem"] = t.redeemText(loc, err)
		} else {
			v.Redeem = "" // the page asks for the card in its place
		}
		d.Redeem = 0
		q, err = t.Receipts.Quote(ctx, v.Place.caller(r), d)
	}
	if err != nil {
		if !web.Refused(err) {
			return err
		}
		v.note("bad", web.Say(loc, err))
		return nil
	}
	v.show(t, loc, &q)
	if v.Unsure {
		v.Quote, v.Total = "", ""
	}
	return t.choosePoints(ctx, loc, v)
}

// show takes a quote over.
func (v *saleView) show(t *Till, loc *i18n.Localizer, q *receipt.Quote) {
	v.Q, v.Quote, v.Total = q, q.ID, loc.Money(q.Total, t.Settings().Currency)
	v.Later = q.AvailableAt.After(t.Now().Add(time.Second))
	var all []pricing.Discount
	for _, l := range q.Lines {
		all = append(all, l.Discounts...)
	}
	v.Off = pricing.ByCause(all)
	if q.Programme == nil || !q.Programme.Rules.Redeem.WithCard {
		v.Card = "" // nobody needs it
	}
	if v.Who != nil {
		v.Who.Level, v.Who.Next, v.Who.ToNext = q.Level, q.Next, q.ToNext
	}
}

// points reports whether an error is about the points that were chosen.
func points(err error) bool {
	return errors.Is(err, pricing.ErrRedeemTooMuch) || errors.Is(err, pricing.ErrRedeemMin) || errors.Is(err, pricing.ErrRedeemStep)
}

// uncarded reports whether an error is about the card that was not shown.
func uncarded(err error) bool {
	return errors.Is(err, receipt.ErrCardNeeded) || errors.Is(err, receipt.ErrCardWrong)
}

// Uncarded reports whether the customer's card is what points lack.
func (v *saleView) Uncarded() bool { return v.Q != nil && v.Q.Limit == pricing.LimitCard }

// redeemText says what is wrong with the points that were chosen; figures in
// its arguments are points and are written as such.
func (t *Till) redeemText(loc *i18n.Localizer, err error) string {
	e := errs.Of(err)
	args := map[string]any{}
	for k, a := range e.Args {
		if p, ok := a.(money.Points); ok {
			a = loc.PointsText(p)
		}
		args[k] = a
	}
	if text, ok := loc.Lookup("error."+e.Code, args); ok {
		return text
	}
	return e.Text
}

// choosePoints works out what the chips beside the points offer.
func (t *Till) choosePoints(ctx context.Context, loc *i18n.Localizer, v *saleView) error {
	q := v.Q
	if v.Who == nil || q.Version == 0 || v.Open() == 0 {
		return nil
	}
	version, err := t.Programmes.ByID(ctx, q.Version)
	if err != nil {
		return err
	}
	c, rules := t.Settings().Currency, &version.Rules
	p := &pointsView{Max: q.MaxRedeem, Worth: c.Worth(q.MaxRedeem, rules.PointValue)}
	if q.Limit != pricing.LimitNone {
		share := rules.Redeem.Cap
		if own := q.Level.Cap; own != nil {
			share = *own
		}
		p.Limit = loc.T("counter.limit."+string(q.Limit), "share", share, "most", loc.PointsText(rules.Redeem.Max),
			"least", loc.PointsText(rules.Redeem.Min), "step", loc.PointsText(rules.Redeem.Step))
	} else {
		p.Limit = loc.T("counter.limit.none")
	}
	before := q.Gross - q.Discount // what is to be paid without points
	unit := c.RoundSum()
	if left := (before - p.Worth + unit - 1) / unit * unit; left < before && left > before-p.Worth {
		whole := c.PointsFor(before-left, rules.PointValue, money.Up)
		if step := rules.Redeem.Step; whole <= p.Max && (step == 0 || whole%step == 0) && whole >= rules.Redeem.Min {
			p.Whole, p.Left = whole, left
		}
	}
	v.Points = p
	return nil
}
