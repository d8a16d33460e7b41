package admin

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/i18n"
	"regulars/internal/base/jobs"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/staff"
	"regulars/internal/surface/web"
)

type programmesView struct {
	frame
	Form  *web.Form
	Kinds []web.Option
	Rows  []programmeRow
}

type programmeRow struct {
	programme.Programme
	Holds *programme.Version
}

// kinds are what a new programme may start from.
var kinds = []string{"cashback", "simple", "discount", "both"}

// programmes lists them; the only one is shown at once.
func (a *Admin) programmes(w http.ResponseWriter, r *http.Request) error {
	ctx, loc := r.Context(), web.Loc(r.Context())
	list, err := a.Programmes.List(ctx)
	if err != nil {
		return err
	}
	if len(list) == 1 && !r.URL.Query().Has("new") {
		web.Redirect(w, r, programmePath(list[0].ID))
		return nil
	}
	return a.showProgrammes(w, r, http.StatusOK, web.NewForm(map[string]string{"name": loc.T("admin.programme.first_name"), "kind": kinds[0]}))
}

func (a *Admin) showProgrammes(w http.ResponseWriter, r *http.Request, status int, form *web.Form) error {
	ctx, loc := r.Context(), web.Loc(r.Context())
	v := programmesView{frame: a.frame(ctx), Form: form}
	for _, k := range kinds {
		v.Kinds = append(v.Kinds, web.Option{Value: k, Text: loc.T("admin.programme.kind." + k)})
	}
	list, err := a.Programmes.List(ctx)
	if err != nil {
		return err
	}
	holding, err := a.Programmes.Holding(ctx, a.Now())
	if err != nil {
		return err
	}
	for _, p := range list {
		v.Rows = append(v.Rows, programmeRow{p, holding[p.ID]})
	}
	return a.pages.RenderStatus(w, r, status, "programmes", v)
}

func programmePath(id programme.ID) string { return "/programme/" + id.String() }

// startingRules are the rules that a new programme of a kind begins with.
func startingRules(loc *i18n.Localizer, kind string, c money.Currency) *programme.Rules {
	r := programme.Default(c)
	switch kind {
	case "simple":
		r.Levels = []programme.Level{{Code: "base", Cashback: 500}}
	case "discount":
		for i := range r.Levels {
			r.Levels[i].Discount, r.Levels[i].Cashback = r.Levels[i].Cashback, 0
		}
		r.Redeem.Cap = 0
	case "both":
		for i := range r.Levels {
			r.Levels[i].Discount = r.Levels[i].Cashback
		}
	}
	for i := range r.Levels {
		r.Levels[i].Name = loc.T("admin.programme.level." + r.Levels[i].Code)
	}
	return r
}

func (a *Admin) createProgramme(w http.ResponseWriter, r *http.Request) error {
	form, err := web.ReadForm(r)
	if err != nil {
		return err
	}
	var id programme.ID
	name := form.Get("name")
	err = a.change(r, func(ctx context.Context, tx *db.Tx) (line, error) {
		var err error
		if id, err = a.Programmes.CreateTx(ctx, tx, name); err != nil {
			return line{}, err
		}
		_, err = a.Programmes.SaveDraftTx(ctx, tx, id, startingRules(web.Loc(ctx), form.Get("kind"), a.Settings.Get().Currency), int64(web.Me(r).ID))
		return line{action: "programme.created", subject: "programme:" + id.String(), after: map[string]string{"name": name}}, err
	})
	if err := form.Take(err); err != nil {
		return err
	}
	if !form.OK() {
		return a.showProgrammes(w, r, unprocessable, form)
	}
	web.Redirect(w, r, programmePath(id)+"/edit")
	return nil
}

// versions are a programme with its versions.
type versions struct {
	Programme programme.Programme
	All       []*programme.Version // the newest first
	Draft     *programme.Version
	Holds     *programme.Version
}

func (a *Admin) versions(r *http.Request) (v versions, err error) {
	id, err := web.PathID[programme.ID](r, "id")
	if err != nil {
		return v, err
	}
	if v.Programme, err = a.Programmes.Get(r.Context(), id); err != nil {
		return v, err
	}
	if v.All, err = a.Programmes.Versions(r.Context(), v.Programme.ID); err != nil {
		return v, err
	}
	holding, err := a.Programmes.Holding(r.Context(), a.Now())
	if err != nil {
		return v, err
	}
	v.Holds = holding[v.Programme.ID]
	if len(v.All) > 0 && v.All[0].State == programme.StateDraft {
		v.Draft = v.All[0]
	}
	return v, nil
}

// newest is the draft, or what was published last; nil: there is nothing yet.
func (v versions) newest() *programme.Version {
	if len(v.All) == 0 {
		return nil
	}
	return v.All[0]
}

// base is the rules that an editor starts from.
func (v versions) base(loc *i18n.Localizer, c money.Currency) *programme.Rules {
	if newest := v.newest(); newest != nil {
		return &newest.Rules
	}
	return startingRules(loc, "", c)
}

type programmeView struct {
	frame
	versions
	Key   string // of the draft as it is shown
	Facts []fact // of what holds
	Rows  []versionRow
}

type versionRow struct {
	*programme.Version
	Holds   bool
	Waits   bool
	Who     string
	Changes []fieldChange // against the version before; of the first: none
	First   bool
}

func (a *Admin) programmePage(w http.ResponseWriter, r *http.Request) error {
	ctx, loc := r.Context(), web.Loc(r.Context())
	vs, err := a.versions(r)
	if err != nil {
		return err
	}
	v := programmeView{frame: a.frame(ctx), versions: vs}
	if vs.Draft != nil {
		v.Key = versionKey(vs.Draft)
	}
	var ids []staff.ID
	var rules []*programme.Rules
	for _, x := range vs.All {
		ids, rules = append(ids, staff.ID(x.CreatedBy)), append(rules, &x.Rules)
	}
	tell, err := a.teller(ctx, loc, rules...)
	if err != nil {
		return err
	}
	if vs.Holds != nil {
		v.Facts = tell.facts(&vs.Holds.Rules)
	}
	names, err := a.Staff.Names(ctx, ids)
	if err != nil {
		return err
	}
	for i, x := range vs.All {
		row := versionRow{Version: x, Who: names[staff.ID(x.CreatedBy)], Holds: vs.Holds != nil && vs.Holds.ID == x.ID, Waits: x.StartsAt.After(a.Now())}
		if row.First = i == len(vs.All)-1; !row.First {
			row.Changes = tell.differences(&vs.All[i+1].Rules, &x.Rules)
		}
		v.Rows = append(v.Rows, row)
	}
	return a.pages.Render(w, r, "programme", v)
}

type editorView struct {
	frame
	versions
	Form       *web.Form
	Levels     []int
	Stores     []web.Option
	Pickers    map[string]picker // by field
	Categories []web.Option
	Combines   []web.Option
	Windows    []web.Option
	Roundings  []web.Option
	EarnWays   []web.Option // of rounding what is earned
	Clawbacks  []web.Option
	Welcomes   []web.Option // when the bonus is given
	Drops      []web.Option
	Redeeming  []web.Option // what a receipt earns that points pay
	Days       []programme.Day
	Caps       []int
	AnyStore   []web.Option
	AnyGoods   []web.Option
	Today      []web.Option // which day it is in the example
	Lines      []int        // of the example
	Example    exampleView
}

func (a *Admin) showEditor(w http.ResponseWriter, r *http.Request, status int, vs versions, form *web.Form) error {
	ctx, loc := r.Context(), web.Loc(r.Context())
	v := editorView{frame: a.frame(ctx), versions: vs, Form: form}
	n, _ := strconv.Atoi(form.Get("levels"))
	for i := range min(n, programme.MaxLevels) {
		v.Levels = append(v.Levels, i)
	}
	for i := range exampleLines {
		v.Lines = append(v.Lines, i)
	}
	stores, err := a.Catalog.Stores(ctx)
	if err != nil {
		return err
	}
	for _, s := range stores {
		v.Stores = append(v.Stores, web.Option{Value: s.Code, Text: s.Name})
	}
	categories, err := a.Catalog.Categories(ctx)
	if err != nil {
		return err
	}
	v.Categories = categoryOptions(categories, loc.T("admin.product.no_category"))
	options := func(prefix string, values ...string) (list []web.Option) {
		for _, x := range values {
			list = append(list, web.Option{Value: x, Text: loc.T(prefix + x)})
		}
		return list
	}
	v.Combines = options("admin.rules.combine_is.", string(programme.CombineAdd), string(programme.CombineBetter), string(programme.CombineDiscount), string(programme.CombineCashback))
	v.Windows = options("admin.rules.window_is.", string(programme.Lifetime), string(programme.Rolling), string(programme.Year), string(programme.Quarter), string(programme.Month))
	v.Drops = options("admin.rules.drop_is.", dropSoon, string(programme.DropEvery), string(programme.DropReset), string(programme.DropNever))
	v.Redeeming = options("admin.rules.redeeming_is.", earnMoney, earnAll, earnNothing)
	v.Days = days
	v.Today = append([]web.Option{{Text: loc.T("admin.example.day_is.plain")}}, options("admin.example.day_is.", string(programme.Birthday), string(programme.Anniversary))...)
	count, _ := strconv.Atoi(form.Get("caps"))
	for i := range min(count, programme.MaxCaps) {
		v.Caps = append(v.Caps, i)
	}
	v.AnyStore = append([]web.Option{{Text: loc.T("admin.editor.any_store")}}, v.Stores...)
	v.AnyGoods = categoryOptions(categories, loc.T("admin.editor.any_goods"))
	v.Roundings = options("admin.rules.rounding_way.", string(money.Down), string(money.HalfUp))
	v.EarnWays = append(slices.Clone(v.Roundings), options("admin.rules.rounding_way.", string(money.Up))...)
	v.Welcomes = options("admin.rules.welcome_is.", onRegistration, string(programme.OnPurchase))
	v.Clawbacks = options("admin.rules.clawback_is.", string(programme.ClawbackDebt), string(programme.ClawbackRefund), string(programme.ClawbackWriteOff))
	if v.Pickers, err = a.pickers(ctx, form, programmePath(vs.Programme.ID)); err != nil {
		return err
	}
	if v.Example, err = a.example(ctx, form, loc); err != nil {
		return err
	}
	return a.pages.RenderStatus(w, r, status, "programme_edit", v)
}

func (a *Admin) editProgramme(w http.ResponseWriter, r *http.Request) error {
	vs, err := a.versions(r)
	if err != nil {
		return err
	}
	loc, c := web.Loc(r.Context()), a.Settings.Get().Currency
	rules := vs.base(loc, c)
	form := rulesForm(loc, c, rules)
	if err := a.fillExample(r.Context(), form, loc, rules); err != nil {
		return err
	}
	form.Values.Set("read", versionKey(vs.newest()))
	return a.showEditor(w, r, http.StatusOK, vs, form)
}

func (a *Admin) versionsAndForm(r *http.Request) (vs versions, form *web.Form, err error) {
	if form, err = web.ReadForm(r); err == nil {
		vs, err = a.versions(r)
	}
	return vs, form, err
}

// saveProgramme keeps the draft, or changes how many levels the form has.
func (a *Admin) saveProgramme(w http.ResponseWriter, r *http.Request) error {
	vs, form, err := a.versionsAndForm(r)
	if err != nil {
		return err
	}
	do := form.Get("do")
	switch {
	case do == "add" || strings.HasPrefix(do, "drop-"):
		changeLevels(form, do)
		return a.showEditor(w, r, http.StatusOK, vs, form)
	case do == "add_cap" || strings.HasPrefix(do, "drop_cap-"):
		changeCaps(form, do)
		return a.showEditor(w, r, http.StatusOK, vs, form)
	case repick(form, do) != "", do == "enter" && looking(form) != "":
		return a.showEditor(w, r, http.StatusOK, vs, form)
	}
	loc, c := web.Loc(r.Context()), a.Settings.Get().Currency
	rules := readRules(form, loc, c)
	if err := check(form, rules, c); err != nil {
		return err
	}
	if form.OK() {
		was := vs.base(loc, c)
		err := a.change(r, func(ctx context.Context, tx *db.Tx) (line, error) {
			if form.Get("read") != versionKey(vs.newest()) {
				return line{}, programme.ErrDraftOther
			}
			_, err := a.Programmes.ReplaceDraftTx(ctx, tx, vs.Programme.ID, vs.newest(), rules, int64(web.Me(r).ID))
			return line{action: "programme.draft_saved", subject: "programme:" + vs.Programme.ID.String(), before: was, after: rules}, err
		})
		if errors.Is(err, programme.ErrDraftOther) {
			if vs, err = a.versions(r); err != nil {
				return err
			}
			form.Values.Set("read", versionKey(vs.newest())) // who saves again has been told
			err = programme.ErrDraftOther
		}
		if err := form.Take(err); err != nil {
			return err
		}
	}
	if !form.OK() {
		return a.showEditor(w, r, unprocessable, vs, form)
	}
	if do == "publish" {
		web.Redirect(w, r, programmePath(vs.Programme.ID)+"/publish")
		return nil
	}
	a.good(w, r, "admin.programme.draft_saved")
	web.Redirect(w, r, programmePath(vs.Programme.ID)+"/edit")
	return nil
}

// discardDraft removes the draft that was shown.
func (a *Admin) discardDraft(w http.ResponseWriter, r *http.Request) error {
	vs, form, err := a.versionsAndForm(r)
	if err != nil {
		return err
	}
	at := programmePath(vs.Programme.ID)
	changed := func() error {
		a.Shell.SetFlash(w, r, "warn", web.Loc(r.Context()).T("admin.programme.discard_changed"))
		web.Redirect(w, r, at)
		return nil
	}
	if vs.Draft == nil || form.Get("draft") != versionKey(vs.Draft) {
		return changed()
	}
	err = a.change(r, func(ctx context.Context, tx *db.Tx) (line, error) {
		gone, err := a.Programmes.DiscardDraftTx(ctx, tx, vs.Draft)
		before := map[string]any{"version": vs.Draft.Number, "rules": vs.Draft.Rules}
		if gone {
			before["name"], at = vs.Programme.Name, "/programme"
		}
		return line{action: "programme.draft_discarded", subject: "programme:" + vs.Programme.ID.String(), before: before}, err
	})
	if errors.Is(err, programme.ErrDraftChanged) {
		return changed()
	}
	if err != nil {
		return err
	}
	a.good(w, r, "admin.programme.discarded")
	web.Redirect(w, r, at)
	return nil
}

// changeLevels adds a level to a form or drops one.
func changeLevels(f *web.Form, do string) {
	n, _ := strconv.Atoi(f.Get("levels"))
	if do == "add" {
		if n < programme.MaxLevels {
			f.Values.Set("levels", strconv.Itoa(n+1))
		}
		return
	}
	drop, err := strconv.Atoi(strings.TrimPrefix(do, "drop-"))
	if err != nil || drop < 0 || drop >= n || n == 1 {
		return
	}
	for i := drop; i < n; i++ {
		for _, field := range append([]string{"code"}, levelFields...) {
			f.Values.Set(level(i)+field, f.Get(level(i+1)+field))
		}
	}
	f.Values.Set("levels", strconv.Itoa(n-1))
	f.Values.Set("levels/0/threshold", "0") // the first level is where everybody begins
}

// changeCaps adds a share of some goods or stores to a form or drops one.
func changeCaps(f *web.Form, do string) {
	n, _ := strconv.Atoi(f.Get("caps"))
	if do == "add_cap" {
		f.Values.Set("caps", strconv.Itoa(min(n+1, programme.MaxCaps)))
		return
	}
	drop, err := strconv.Atoi(strings.TrimPrefix(do, "drop_cap-"))
	if err != nil || drop < 0 || drop >= n {
		return
	}
	for i := drop; i < n; i++ {
		for _, field := range capFields {
			f.Values.Set(capAt(i)+field, f.Get(capAt(i+1)+field))
		}
	}
	f.Values.Set("caps", strconv.Itoa(n-1))
}

type publishView struct {
	frame
	versions
	Form    *web.Form
	Changes []fieldChange
	Facts   []fact // where nothing was published before
	Preview *previewState
	When    []web.Option
	Key     string // what is confirmed: the draft as it is shown
}

func (a *Admin) showPublish(w http.ResponseWriter, r *http.Request, status int, vs versions, form *web.Form) error {
	ctx, loc := r.Context(), web.Loc(r.Context())
	if vs.Draft == nil {
		web.Redirect(w, r, programmePath(vs.Programme.ID))
		return nil
	}
	v := publishView{frame: a.frame(ctx), versions: vs, Form: form, Key: versionKey(vs.Draft)}
	rules := []*programme.Rules{&vs.Draft.Rules}
	if vs.Holds != nil {
		rules = append(rules, &vs.Holds.Rules)
	}
	tell, err := a.teller(ctx, loc, rules...)
	if err != nil {
		return err
	}
	if vs.Holds != nil {
		v.Changes = tell.differences(&vs.Holds.Rules, &vs.Draft.Rules)
	} else {
		v.Facts = tell.facts(&vs.Draft.Rules)
	}
	v.When = []web.Option{{Value: "now", Text: loc.T("admin.publish.now")}, {Value: "later", Text: loc.T("admin.publish.later")}}
	info, err := a.Jobs.Find(ctx, previewJob, versionKey(vs.Draft))
	switch {
	case err == nil:
		if v.Preview, err = a.previewState(r, info, vs.Programme.ID); err != nil {
			return err
		}
	case errs.KindOf(err) != errs.NotFound:
		return err
	}
	return a.pages.RenderStatus(w, r, status, "publish", v)
}

func (a *Admin) publishPage(w http.ResponseWriter, r *http.Request) error {
	vs, err := a.versions(r)
	if err != nil {
		return err
	}
	tomorrow := a.Now().In(a.Settings.Get().Zone).AddDate(0, 0, 1).Format(time.DateOnly)
	return a.showPublish(w, r, http.StatusOK, vs, web.NewForm(map[string]string{"when": "now", "date": tomorrow}))
}

func (a *Admin) publish(w http.ResponseWriter, r *http.Request) error {
	vs, form, err := a.versionsAndForm(r)
	if err != nil {
		return err
	}
	if vs.Draft == nil {
		return programme.ErrNotADraft
	}
	loc := web.Loc(r.Context())
	// Whoever confirms confirms what was shown: a draft that somebody has
	// saved since is shown again.
	if form.Get("draft") != versionKey(vs.Draft) {
		form.Alert = loc.T("admin.publish.changed")
		return a.showPublish(w, r, unprocessable, vs, form)
	}
	var starts time.Time
	if form.Get("when") == "later" {
		if starts = day(form.Get("date"), a.Settings.Get().Zone); starts.IsZero() {
			form.Fail("date", loc.T("admin.publish.date_needed"))
			return a.showPublish(w, r, unprocessable, vs, form)
		}
	}
	var before any
	if vs.Holds != nil {
		before = map[string]any{"rules": vs.Holds.Rules}
	}
	var published *programme.Version
	err = a.change(r, func(ctx context.Context, tx *db.Tx) (line, error) {
		var err error
		if published, err = a.Programmes.PublishTx(ctx, tx, vs.Draft, starts); err != nil {
			return line{}, err
		}
		if form.Has("recount", "1") {
			job := jobs.Job{Kind: recountJob, Dedupe: published.ID.String(), RunAt: published.StartsAt, Payload: recountPayload{published.ID}}
			if _, _, err := a.Jobs.AddTx(ctx, tx, job); err != nil {
				return line{}, err
			}
		}
		return line{action: "programme.published", subject: "programme:" + vs.Programme.ID.String(),
			before: before, after: map[string]any{"version": published.Number, "starts": published.StartsAt.Format(time.RFC3339), "rules": published.Rules}}, nil
	})
	if errors.Is(err, programme.ErrDraftChanged) {
		if vs, err = a.versions(r); err != nil {
			return err
		}
		form.Alert = loc.T("admin.publish.changed")
		return a.showPublish(w, r, unprocessable, vs, form)
	}
	if errors.Is(err, programme.ErrStartsInPast) {
		form.Check("date", programme.ErrStartsInPast)
		err = nil
	}
	if err := form.Take(err); err != nil {
		return err
	}
	if !form.OK() {
		return a.showPublish(w, r, unprocessable, vs, form)
	}
	if err := a.Programmes.Refresh(r.Context()); err != nil {
		return err
	}
	a.Jobs.Wake() // levels may be to be counted
	a.good(w, r, "admin.publish.done", "when", loc.DateTime(published.StartsAt, a.Settings.Get().Zone))
	web.Redirect(w, r, programmePath(vs.Programme.ID))
	return nil
}

// versionKey names a version as it was saved last; "": there is none.
func versionKey(v *programme.Version) string {
	if v == nil {
		return ""
	}
	return v.ID.String() + ":" + strconv.FormatInt(v.CreatedAt.UnixMicro(), 10)
}

func decodeRules(text json.RawMessage) (*programme.Rules, error) {
	if len(text) == 0 || string(text) == "null" {
		return nil, nil
	}
	return programme.Decode(text)
}
