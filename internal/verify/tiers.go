package verify

import (
	"cmp"
	"slices"
	"strconv"
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
	given map[int64]floor  // by programme: by hand
	hands int64            // when last something was given
	odd   bool             // a return before its sale

	turned  []int64                    // when the customer was merged, or that was undone
	perhaps []int64                    // since when a level is kept that a turn may have left
	sure    []int64                    // since when one is kept as an event says
	gone    bool                       // into another
	before  map[int64]map[int64][]rung // by merge: what was kept
}

// floor is a level given by hand, until a midnight; 0: for good.
type floor struct {
	code  string
	until int64
}

// floor is where a level stands that was given and holds at a time; -1: none.
func (l *ladder) floor(programme int64, r *rules, at int64) int {
	if f := l.given[programme]; f.code != "" && (f.until == 0 || at < f.until) {
		return r.level(f.code)
	}
	return -1
}

// rung is a level and since when.
type rung struct {
	code  string
	since int64
}

// step is what happens next: a receipt, a review of the night, or a merge.
type step struct {
	event   int64
	who     int64
	receipt *bought
	review  *customerEvent
	turn    *turn
}

// levels goes through the purchases and reviews of a customer, or of a circle that
// was merged: at which level each sale was, which it reached, and what is kept of it
// in the end.
func (a *audit) levels(p *person, turns []turn) {
	reviews := slices.ContainsFunc(p.events, func(e customerEvent) bool { return a.review(&e) })
	if len(p.receipts) == 0 && len(p.tiers) == 0 && !reviews || a.unreadable {
		return
	}
	ladders := make(map[int64]*ladder, len(p.profiles))
	for i := range p.profiles {
		ladders[p.profiles[i].ID] = &ladder{a: a, kept: map[int64][]rung{}, given: map[int64]floor{}}
	}
	steps := make([]step, 0, len(p.receipts))
	for i := range p.receipts {
		b := &p.receipts[i]
		if b.Told == 0 {
			return // said already; without it there is no order
		}
		steps = append(steps, step{event: b.Told, who: b.Recorded, receipt: b})
	}
	for i := range p.events {
		if e := &p.events[i]; a.review(e) {
			steps = append(steps, step{event: e.Event, who: e.Customer, review: e})
		}
	}
	for i := range turns {
		t := &turns[i]
		if t.told() == 0 {
			return
		}
		steps = append(steps, step{event: t.told(), who: t.into, turn: t})
	}
	slices.SortStableFunc(steps, func(x, y step) int { return cmp.Compare(x.event, y.event) })
	if a.windowed || slices.ContainsFunc(p.receipts, func(b bought) bool { return b.Late }) {
		for _, l := range ladders {
			l.prepare(p)
		}
	}
	for i := range steps {
		s := &steps[i]
		l := ladders[s.who]
		if l == nil {
			return // said already
		}
		switch {
		case s.turn != nil:
			a.turn(ladders[s.turn.from], l, s.turn, p.receipts)
		case s.review != nil && a.names.text(s.review.Kind) == "tier.granted":
			l.granted(s.review)
		case s.review != nil:
			l.reviewed(s.review)
		case s.receipt.Return:
			l.returned(s.receipt)
		default:
			l.bought(s.receipt)
		}
	}
	for i := range p.profiles {
		ladders[p.profiles[i].ID].end(p, p.profiles[i].ID)
	}
}

// turn has spend and levels go from one to another, or back.
func (a *audit) turn(from, into *ladder, t *turn, receipts []bought) {
	stood := map[int64][]rung{} // where either did, though both together may have spent less: imported returns take more than was bought
	for programme := range a.published {
		for _, v := range a.held(programme, t.when()-reviewSlack, t.when()) {
			for _, l := range []*ladder{from, into} {
				for _, spend := range l.spendAt(v.rules, t.when(), false) {
					for _, i := range l.rungs(v, spend, t.when(), false) {
						stood[programme] = append(stood[programme], rung{v.rules.Levels[i].Code, t.when()})
					}
				}
			}
		}
	}
	for i := range receipts {
		b := &receipts[i]
		if !slices.ContainsFunc(a.circles.hands[b.ID], func(h hand) bool { return h.merge == t.merge && (t.undo || !h.later) }) {
			continue
		}
		if t.undo {
			into.count(b, -1)
			from.count(b, 1)
		} else {
			from.count(b, -1)
			into.count(b, 1)
		}
	}
	into.turned, from.gone = append(into.turned, t.when()), !t.undo
	if t.undo {
		for programme, list := range into.before[t.id] {
			into.keep(programme, list...)
		}
		into.mayKeep(t.when())
		return
	}
	if into.before == nil {
		into.before = map[int64]map[int64][]rung{}
	}
	was := map[int64][]rung{}
	for programme, list := range into.kept {
		was[programme] = slices.Clone(list)
	}
	into.before[t.id] = was
	for programme, list := range from.kept {
		if slices.ContainsFunc(list, func(k rung) bool { return a.lowest(programme, k.code) }) {
			for _, k := range list { // that one had only the lowest, then nothing came of it
				into.perhaps = append(into.perhaps, k.since)
			}
		}
		into.keep(programme, list...)
	}
	for programme, list := range stood {
		into.keep(programme, list...)
	}
	into.mayKeep(t.when())
}

// keep adds what may be kept, once.
func (l *ladder) keep(programme int64, rungs ...rung) {
	for _, k := range rungs {
		if !slices.Contains(l.kept[programme], k) {
			l.kept[programme] = append(l.kept[programme], k)
		}
	}
}

// mayKeep takes in that a level may be kept since a turn that is the same as the one
// held before, of which no event tells.
func (l *ladder) mayKeep(at int64) {
	for programme := range l.a.published {
		for _, v := range l.a.held(programme, at-reviewSlack, at) {
			for _, code := range l.joined(v, l.kept[programme], at) {
				l.keep(programme, rung{code, at})
			}
		}
	}
}

func (a *audit) review(e *customerEvent) bool {
	kind := a.names.text(e.Kind)
	return kind == "tier.changed" || kind == "tier.granted"
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

func (l *ladder) add(b *bought) { l.count(b, 1) }

// count counts a receipt as often as times says.
func (l *ladder) count(b *bought, times int64) {
	spend := b.TierSpend * times
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

// between is the spend so far that counts after from, until to.
func (l *ladder) between(from, to int64) int64 { return plus(l.until(to), -l.until(from)) }

const aDay = 24 * 3600 * 1_000_000

// spendAt is what counts at a time by some rules: by the calendar it may be
// another sum in each zone, as nobody wrote down which the customer's was.
func (l *ladder) spendAt(r *rules, at int64, late bool) (spends []int64) {
	switch months := r.months(); {
	case late && !r.windowed(): // what was bought since does not count
		return []int64{l.until(at)}
	case r.rolling():
		return []int64{l.between(at-r.Spend.Days*aDay, at)}
	case months > 0:
		for zone := range l.a.calendar.zones {
			from, _ := l.a.calendar.period(zone, at, months)
			spends = append(spends, l.between(from-1, at))
		}
		slices.Sort(spends)
		return slices.Compact(spends)
	}
	return []int64{l.spend}
}

// rungs are where a customer may stand at a time who has spent so much.
func (l *ladder) rungs(v *version, spend, at int64, late bool) (list []int) {
	reached := max(v.rules.reached(spend), l.floor(v.programme, v.rules, at))
	for _, k := range l.kept[v.programme] {
		if late && k.since > at { // reached since
			list = append(list, reached)
			continue
		}
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
	if b.Imported || v == nil || v.rules.Stopped || l.odd && v.rules.windowed() {
		return
	}
	where, levels := at("receipts", b.ID), v.rules.Levels
	held := v.rules.level(a.names.text(b.Level))
	if held < 0 {
		return // said already
	}
	has, spends := a.names.text(b.Reached), l.spendAt(v.rules, b.SoldAt, b.Late)
	var stands, reaches []string
	for _, spend := range spends {
		for _, i := range l.rungs(v, spend, b.SoldAt, b.Late) {
			stands = append(stands, levels[i].Code)
		}
		want := ""
		if i := v.rules.reached(plus(spend, b.TierSpend)); i > held {
			want = levels[i].Code
		}
		if reaches = append(reaches, want); b.Late { // unless as high a one was reached since
			reaches = append(reaches, "")
		}
	}
	if !slices.Contains(stands, levels[held].Code) {
		a.off(ReceiptLevel, where, "level", strings.Join(stands, " or "), levels[held].Code, "spend before it was "+a.show("spend", spends[0]))
	}
	if !slices.Contains(reaches, has) {
		a.off(ReceiptLevel, where, "details", "level reached: "+reaches[0], "level reached: "+has, "spend with it is "+a.show("spend", plus(spends[0], b.TierSpend)))
	}
	switch {
	case has == "":
	case b.Late: // unless a higher one was reached since
		l.kept[v.programme] = append(l.kept[v.programme], rung{has, b.SoldAt})
	default:
		l.kept[v.programme] = []rung{{has, b.SoldAt}}
	}
}

// returned has the level kept that the return may take when levels are lost.
func (l *ladder) returned(b *bought) {
	v := l.a.versions[b.Version]
	if b.Imported || v == nil {
		l.add(b)
		return
	}
	var rungs []int
	for _, spend := range l.spendAt(v.rules, b.SoldAt, b.Late) {
		rungs = append(rungs, l.rungs(v, spend, b.SoldAt, false)...)
	}
	l.add(b)
	left := len(v.rules.Levels)
	for _, spend := range l.spendAt(v.rules, b.SoldAt, b.Late) {
		left = min(left, v.rules.reached(spend))
	}
	for _, i := range rungs {
		code := v.rules.Levels[i].Code
		// After a merge, or where several may be, it is not certain which is written down.
		known := len(l.turned) == 0 && len(l.kept[v.programme]) > 0 &&
			!slices.ContainsFunc(l.kept[v.programme], func(k rung) bool { return k.code != code })
		if left < i && !known {
			l.keep(v.programme, rung{code, b.SoldAt})
			if len(l.turned) > 0 { // if it was that one
				l.perhaps = append(l.perhaps, b.SoldAt)
			}
		}
	}
}

// granted takes in that a level was given by hand, or taken back. Where it is
// the one already held, nothing else tells that it is kept from then on.
func (l *ladder) granted(e *customerEvent) {
	code, until, _ := strings.Cut(l.a.names.text(e.Value), " ")
	us, _ := strconv.ParseInt(until, 10, 64)
	before := map[string]bool{}
	for _, v := range l.a.held(e.Ref, e.At-reviewSlack, e.At) {
		for _, spend := range l.spendAt(v.rules, e.At, false) {
			for _, i := range l.rungs(v, spend, e.At, false) {
				before[v.rules.Levels[i].Code] = true
			}
		}
	}
	l.given[e.Ref], l.hands = floor{code, us}, e.At
	for code := range before {
		l.kept[e.Ref] = append(l.kept[e.Ref], rung{code, e.At})
	}
	if slices.Contains(l.turned, e.At) { // it came along
		l.mayKeep(e.At)
	}
}

// reviewSlack is how long a process may go on with the rules it had.
const reviewSlack = 2 * 1_000_000

// reviewed checks what a night made of the level. Its event does not name the
// programme: where there are several, it may be of any.
func (l *ladder) reviewed(e *customerEvent) {
	a := l.a
	_, code, _ := strings.Cut(a.names.text(e.Value), " ")
	if len(a.published) != 1 {
		for p, list := range l.kept {
			if slices.Contains(a.codes[p], code) {
				l.kept[p] = append(list, rung{code, e.At})
			}
		}
		return
	}
	for p := range a.published {
		var want []string
		before := l.kept[p]
		l.kept[p], l.sure = []rung{{code, e.At}}, append(l.sure, e.At)
		for _, v := range a.held(p, e.At-reviewSlack, e.At) {
			if slices.Contains(l.turned, e.At) {
				want = append(want, l.joined(v, before, e.At)...)
			}
			if l.hands == e.At { // what that reached, by which no ended period counts
				for _, k := range before {
					want = append(want, v.rules.Levels[max(0, v.rules.level(k.code), l.floor(p, v.rules, e.At))].Code)
				}
			}
			if v.rules.Stopped && l.given[p].code == "" { // by hand is always possible
				continue
			}
			if v.rules.windowed() && l.odd {
				return
			}
			want = append(want, l.left(v, before, e.At)...)
		}
		if !slices.Contains(want, code) {
			slices.Sort(want)
			a.off(TierLevel, at("events", e.Event), "body", strings.Join(slices.Compact(want), " or "), code, "what spend reached at the review")
		}
	}
}

// joined are the levels that a merge, or its undoing, can leave somebody with.
func (l *ladder) joined(v *version, before []rung, at int64) (codes []string) {
	floor := max(0, l.floor(v.programme, v.rules, at))
	for _, k := range append([]rung{{code: v.rules.Levels[0].Code}}, before...) {
		codes = append(codes, v.rules.Levels[max(v.rules.level(k.code), floor)].Code)
		for _, spend := range l.spendAt(v.rules, at, false) {
			codes = append(codes, v.rules.Levels[max(v.rules.level(k.code), v.rules.reached(spend), floor)].Code)
		}
	}
	return codes
}

// left are the levels that a review, or a grant, can leave somebody with who kept
// what was kept before.
func (l *ladder) left(v *version, before []rung, at int64) (codes []string) {
	r := v.rules
	for zone := range l.a.calendar.zones {
		spend, ended := l.spend, int64(0)
		switch months := r.months(); {
		case r.rolling():
			spend = l.between(l.a.calendar.midnight(zone, at, -int(r.Spend.Days)), at)
		case months > 0:
			from, earlier := l.a.calendar.period(zone, at, months)
			spend, ended = l.between(from-1, at), l.between(earlier-1, from-1)
		}
		keep := max(r.reached(spend), l.floor(v.programme, r, at))
		if r.months() > 0 && r.Downgrade.When != "reset" {
			keep = max(keep, r.reached(ended))
		}
		codes = append(codes, r.Levels[keep].Code)
		for _, k := range before {
			held := r.level(k.code)
			if held <= keep {
				continue
			}
			if r.Downgrade.When == "never" || l.given[v.programme].code != "" {
				codes = append(codes, r.Levels[held].Code)
			}
			if r.Downgrade.Step {
				codes = append(codes, r.Levels[held-1].Code)
			}
		}
	}
	return codes
}

// end compares what is kept in the end.
func (l *ladder) end(p *person, who int64) {
	a := l.a
	for i := range p.tiers {
		t := &p.tiers[i]
		if t.Customer != who {
			continue
		}
		where, list := at("tiers", who, t.Programme), l.kept[t.Programme]
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
		if t.ReviewAt == 0 && !l.gone && a.losesOnly(t.Programme) && t.Level != a.codes[t.Programme][0] && (t.Floor == "" || t.FloorUntil != 0) {
			a.off(TierLevel, where, "review_at", "a midnight", "never", "spend leaves the window")
		}
		given := l.given[t.Programme]
		if t.Floor != given.code {
			a.off(TierLevel, where, "floor", given.code, t.Floor, "what the log says was given by hand")
		}
		a.equal(TierLevel, where, "floor_until", given.until, t.FloorUntil, "what the log says")
	}
	for programme, list := range l.kept {
		if len(l.turned) > 0 { // of the lowest level a merge writes nothing down
			list = slices.DeleteFunc(list, func(k rung) bool {
				return slices.Contains(l.turned, k.since) && !slices.Contains(l.sure, k.since) || slices.Contains(l.perhaps, k.since) || a.lowest(programme, k.code)
			})
		}
		if len(list) > 0 {
			a.off(TierLevel, at("tiers", who, programme), "", list[0].code, "", "by purchases, returns and reviews")
		}
	}
}

// lowest tells whether a code is of the first level of a programme.
func (a *audit) lowest(programme int64, code string) bool {
	return len(a.codes[programme]) > 0 && a.codes[programme][0] == code
}

// losesOnly tells whether by all versions of a programme a level may be lost
// though nothing else happens, and they have the same first level.
func (a *audit) losesOnly(programme int64) bool {
	list := a.published[programme]
	return len(list) > 0 && !slices.ContainsFunc(list, func(v *version) bool {
		return !v.rules.loses() || v.rules.Levels[0].Code != list[0].rules.Levels[0].Code
	})
}
