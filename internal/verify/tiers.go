package verify

import (
	"cmp"
	"slices"
	"strings"
)

// ladder is one customer's way through the levels, gone through in the order
// of the event log, which is the order in which it was written.
type ladder struct {
	a     *audit
	spend int64 // over the lifetime, so far
	times []int64
	tree  []int64          // Fenwick's: spend so far by its time
	sold  map[int64]int64  // when each receipt was sold
	kept  map[int64][]rung // by programme: what may be kept of the level
	odd   bool             // a return before its sale
}

// rung is a level and since when.
type rung struct {
	code  string
	since int64
}

// step is what happens next: a receipt, or a review of the night.
type step struct {
	event   int64
	receipt *bought
	review  *customerEvent
}

// levels goes through a customer's purchases and reviews: at which level each
// sale was, which it reached, and what is kept of it in the end.
func (a *audit) levels(p *person) {
	reviews := slices.ContainsFunc(p.events, func(e customerEvent) bool { return a.review(&e) })
	if len(p.receipts) == 0 && len(p.tiers) == 0 && !reviews || a.unreadable {
		return
	}
	l := &ladder{a: a, kept: map[int64][]rung{}}
	steps := make([]step, 0, len(p.receipts))
	for i := range p.receipts {
		b := &p.receipts[i]
		if b.Told == 0 {
			return // said already; without it there is no order
		}
		steps = append(steps, step{b.Told, b, nil})
	}
	for i := range p.events {
		if e := &p.events[i]; a.review(e) {
			steps = append(steps, step{e.Event, nil, e})
		}
	}
	slices.SortStableFunc(steps, func(x, y step) int { return cmp.Compare(x.event, y.event) })
	if a.windowed {
		l.prepare(p)
	}
	for i := range steps {
		switch s := &steps[i]; {
		case s.review != nil:
			l.reviewed(s.review)
		case s.receipt.Return:
			l.returned(s.receipt)
		default:
			l.bought(s.receipt)
		}
	}
	l.left(p)
}

func (a *audit) review(e *customerEvent) bool {
	return a.names.text(e.Kind) == "tier.changed"
}

// prepare lays out the times at which spend counts.
func (l *ladder) prepare(p *person) {
	l.sold = make(map[int64]int64, len(p.receipts))
	for i := range p.receipts {
		l.sold[p.receipts[i].ID] = p.receipts[i].SoldAt
		l.times = append(l.times, p.receipts[i].SoldAt)
	}
	slices.Sort(l.times)
	l.tree = make([]int64, len(l.times)+1)
}

// counts is when a receipt's spend counts: a return's when its sale's did.
func (l *ladder) counts(b *bought) int64 {
	at, ok := l.sold[b.Sale]
	if !ok || b.SoldAt < at {
		l.odd = true
		return b.SoldAt
	}
	return at
}

func (l *ladder) add(b *bought) {
	spend := b.TierSpend
	if b.Return {
		spend = -spend
	}
	l.spend = plus(l.spend, spend)
	if l.tree == nil {
		return
	}
	i, _ := slices.BinarySearch(l.times, l.counts(b))
	for i++; i < len(l.tree); i += i & -i {
		l.tree[i] = plus(l.tree[i], spend)
	}
}

// until is the spend so far that counts up to a time.
func (l *ladder) until(at int64) (sum int64) {
	i, _ := slices.BinarySearch(l.times, at+1)
	for ; i > 0; i -= i & -i {
		sum = plus(sum, l.tree[i])
	}
	return sum
}

// window is the spend so far that rules count after from, until to.
func (l *ladder) window(r *rules, from, to int64) int64 {
	if !r.rolling() {
		return l.spend
	}
	return plus(l.until(to), -l.until(from))
}

const aDay = 24 * 3600 * 1_000_000

func (l *ladder) spendAt(r *rules, at int64) int64 { return l.window(r, at-r.Spend.Days*aDay, at) }

// rungs are where a customer may stand before a receipt.
func (l *ladder) rungs(v *version, reached int) (list []int) {
	for _, k := range l.kept[v.programme] {
		list = append(list, max(v.rules.level(k.code), reached))
	}
	if len(list) == 0 {
		list = append(list, reached)
	}
	return list
}

// bought checks a sale's level, and the one that it reached.
func (l *ladder) bought(b *bought) {
	defer l.add(b)
	a, v := l.a, l.a.versions[b.Version]
	if b.Imported || v == nil || v.rules.Stopped || l.odd && v.rules.rolling() {
		return
	}
	where, levels := at("receipts", b.ID), v.rules.Levels
	held := v.rules.level(a.names.text(b.Level))
	if held < 0 {
		return // said already
	}
	spend := l.spendAt(v.rules, b.SoldAt)
	if rungs := l.rungs(v, v.rules.reached(spend)); !slices.Contains(rungs, held) {
		var want []string
		for _, i := range rungs {
			want = append(want, levels[i].Code)
		}
		a.off(ReceiptLevel, where, "level", strings.Join(want, " or "), levels[held].Code, "spend before it was "+a.show("spend", spend))
	}
	want, has := "", a.names.text(b.Reached)
	if i := v.rules.reached(plus(spend, b.TierSpend)); i > held {
		want = levels[i].Code
	}
	if want != has {
		a.off(ReceiptLevel, where, "details", "level reached: "+want, "level reached: "+has, "spend with it is "+a.show("spend", plus(spend, b.TierSpend)))
	}
	if has != "" {
		l.kept[v.programme] = []rung{{has, b.SoldAt}}
	}
}

// returned has the level kept that the return may take at the next review.
func (l *ladder) returned(b *bought) {
	v := l.a.versions[b.Version]
	if b.Imported || v == nil {
		l.add(b)
		return
	}
	rungs := l.rungs(v, v.rules.reached(l.spendAt(v.rules, b.SoldAt)))
	l.add(b)
	left := v.rules.reached(l.spendAt(v.rules, b.SoldAt))
	for _, i := range rungs {
		code := v.rules.Levels[i].Code
		known := slices.ContainsFunc(l.kept[v.programme], func(k rung) bool { return k.code == code })
		if left < i && !known {
			l.kept[v.programme] = append(l.kept[v.programme], rung{code, b.SoldAt})
		}
	}
}

// reviewSlack is how long a process may go on with the rules it had.
const reviewSlack = 2 * 1_000_000

// reviewed checks what a night made of the level. Its event does not name the
// programme: where there are several, it may be of any.
func (l *ladder) reviewed(e *customerEvent) {
	a, code := l.a, l.a.names.text(e.Value)
	if len(a.published) != 1 {
		for p, list := range l.kept {
			if slices.Contains(a.codes[p], code) {
				l.kept[p] = append(list, rung{code, e.At})
			}
		}
		return
	}
	for p := range a.published {
		l.kept[p] = []rung{{code, e.At}}
		var want []string
		for _, v := range a.held(p, e.At-reviewSlack, e.At) {
			if v.rules.Stopped {
				continue
			}
			if v.rules.rolling() && l.odd {
				return
			}
			for zone := range a.calendar.zones {
				from := a.calendar.midnight(zone, e.At, -int(v.rules.Spend.Days))
				want = append(want, v.rules.Levels[v.rules.reached(l.window(v.rules, from, e.At))].Code)
			}
		}
		if !slices.Contains(want, code) {
			slices.Sort(want)
			a.off(TierLevel, at("events", e.Event), "body", strings.Join(slices.Compact(want), " or "), code, "what spend reached at the review")
		}
	}
}

// left compares what is kept in the end.
func (l *ladder) left(p *person) {
	a := l.a
	for i := range p.tiers {
		t := &p.tiers[i]
		where, list := at("tiers", p.id, t.Programme), l.kept[t.Programme]
		delete(l.kept, t.Programme)
		var want []string
		for _, k := range list {
			want = append(want, k.code+" since "+a.show("at", k.since))
		}
		if len(want) == 0 {
			want = append(want, "nothing kept")
		}
		if !slices.Contains(list, rung{t.Level, t.Since}) {
			a.off(TierLevel, where, "level", strings.Join(want, " or "), t.Level+" since "+a.show("at", t.Since), "by purchases, returns and reviews")
		}
		if t.ReviewAt == 0 && a.rollingOnly(t.Programme) && t.Level != a.codes[t.Programme][0] {
			a.off(TierLevel, where, "review_at", "a midnight", "never", "spend leaves the window")
		}
	}
	for programme, list := range l.kept {
		if len(list) > 0 {
			a.off(TierLevel, at("tiers", p.id, programme), "", list[0].code, "", "by purchases, returns and reviews")
		}
	}
}

// rollingOnly tells whether all versions of a programme count spend in a
// window, and have the same first level.
func (a *audit) rollingOnly(programme int64) bool {
	list := a.published[programme]
	return len(list) > 0 && !slices.ContainsFunc(list, func(v *version) bool {
		return !v.rules.rolling() || v.rules.Levels[0].Code != list[0].rules.Levels[0].Code
	})
}
