package till

import (
	"context"
	"slices"
	"time"
	"unicode/utf8"

	"regulars/internal/base/i18n"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/staff"
)

// box is one thing that a newcomer may agree to. None is ticked for them.
type box struct {
	ID, Value string
	Text      string
	Rest      string // the whole of a long text, which Text only names
	Checked   bool
}

// wordingVersion names the page's own texts of consents, which are asked for what
// the chain has written no wording of; it goes up when they change.
const wordingVersion = "1"

// own are the purposes for which the page has a text.
var own = []customer.Purpose{customer.Data, customer.Marketing}

// joinTime is how long a form of a newcomer may stand open.
const joinTime = 15 * time.Minute

// maxInline is how long a text may be that stands beside its box, in characters.
const maxInline = 300

// boxes are what is asked in the store of a sale now.
func (t *Till) boxes(ctx context.Context, loc *i18n.Localizer, v *saleView) (list []box, err error) {
	all, err := t.Customers.Wordings(ctx)
	if err != nil {
		return nil, err
	}
	holding := all.Holding(v.Place.Store.Entity, t.Now())
	for _, p := range own {
		if !slices.ContainsFunc(holding, func(w customer.Wording) bool { return w.Purpose == p }) {
			list = append(list, box{ID: "consent-" + string(p), Value: string(p), Text: loc.T("counter.join." + string(p))})
		}
	}
	for _, w := range holding {
		text, in := w.Shown(loc.Lang())
		b := box{ID: "consent-" + w.Code, Value: w.ID.String() + " " + in, Text: text}
		if utf8.RuneCountInString(text) > maxInline {
			b.Text, b.Rest = w.Name, text
		}
		list = append(list, b)
	}
	for i := range list {
		list[i].Checked = slices.Contains(v.Join.Agreed, list[i].Value)
	}
	return list, nil
}

// agreed are the consents of the boxes that were ticked, each under the text that
// was shown, also where a newer one holds by now.
func (t *Till) agreed(ctx context.Context, loc *i18n.Localizer, v *saleView, by staff.ID) (list []customer.Consent, err error) {
	if len(v.Join.Agreed) == 0 {
		return nil, nil
	}
	all, err := t.Customers.Wordings(ctx)
	if err != nil {
		return nil, err
	}
	// A text of the page's own may have stood there until a wording took its place.
	shown := all.Holding(v.Place.Store.Entity, t.Now().Add(-joinTime))
	like := customer.Consent{Source: "till", Store: v.Place.Store.ID, Till: v.Place.Till.ID, Staff: int64(by), Proof: v.Join.Proof}
	for _, value := range v.Join.Agreed {
		if p := customer.Purpose(value); slices.Contains(own, p) {
			if slices.ContainsFunc(shown, func(w customer.Wording) bool { return w.Purpose == p }) {
				continue
			}
			c := like
			c.Channel, c.Purpose, c.Given = customer.ChannelAny, p, true
			c.Wording = loc.T("counter.join.wording", "version", wordingVersion, "text", loc.T("counter.join."+value))
			list = append(list, c)
			continue
		}
		if w, in := all.Ticked(value, v.Place.Store.Entity, t.Now()); w != nil {
			list = append(list, w.Agreed(in, like)...)
		}
	}
	return list, nil
}
