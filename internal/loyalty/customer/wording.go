package customer

import (
	"cmp"
	"context"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"regulars/internal/base/checksum"
	"regulars/internal/base/db"
	"regulars/internal/base/errs"
	"regulars/internal/base/event"
	"regulars/internal/base/fold"
	"regulars/internal/base/id"
	"regulars/internal/base/secret"
	"regulars/internal/loyalty/catalog"
)

// Failures of wordings.
var (
	ErrWording = errs.New(errs.Invalid, "unknown_wording", "There is no such wording: send the code, version and language of one that GET /v1/wordings lists.")
	ErrFits    = errs.New(errs.Invalid, "wording_does_not_fit", "This wording is of another purpose, channel, legal entity or time.")
	ErrOther   = errs.New(errs.Invalid, "wording_other", "A wording keeps its purpose and legal entity: write another one under another code.")
	ErrVersion = errs.New(errs.Conflict, "wording_version_taken", "Somebody has written that version meanwhile. Look at it before you write the next.")
)

// EventWording tells of a version of a wording; ref is its id.
const EventWording = "wording.published"

// WordingID identifies one version of a wording.
type WordingID = id.Of[Wording]

// Languages are those that wordings are written in.
var Languages = []string{"ru", "uz", "en"}

// Wording is one version of a text that customers agree to. It never changes.
type Wording struct {
	ID       WordingID
	Code     string
	Version  int64
	Purpose  Purpose
	Channels []Channel
	Name     string
	Entity   catalog.EntityID  // 0: all
	Texts    map[string]string // by language; one at least
	From     time.Time
	Anew     bool // who agreed to an older version is to be asked again, from From on
	Offered  bool // people are asked to agree to it
	By       int64
	At       time.Time
}

// Shown is the text that somebody is shown who reads a language, and the language
// that it is in.
func (w *Wording) Shown(language string) (text, in string) {
	for _, in := range append([]string{language}, Languages...) {
		if text := w.Texts[in]; text != "" {
			return text, in
		}
	}
	return "", ""
}

// Title names the version.
func (w *Wording) Title() string { return w.Code + " " + strconv.FormatInt(w.Version, 10) }

// covers reports whether somebody who agrees may be spoken to so.
func (w *Wording) covers(ch Channel) bool {
	return slices.Contains(w.Channels, ChannelAny) || slices.Contains(w.Channels, ch)
}

// Limits on wordings, in characters.
const (
	maxWordingName = 100
	MaxText        = 10_000
)

var wordingCode = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,39}$`)

func (w *Wording) clean(wrong *errs.List, now time.Time) {
	w.Code, w.Name = strings.ToLower(fold.Line(w.Code)), fold.Line(w.Name)
	if !wordingCode.MatchString(w.Code) {
		wrong.Add("/code", "bad_code", "must be up to 40 small Latin letters, digits, hyphens and underscores")
	}
	if w.Name == "" {
		wrong.Add("/name", "required", "is missing")
	}
	wrong.Bound("/name", w.Name, maxWordingName)
	if !slices.Contains(Purposes, w.Purpose) {
		wrong.Add("/purpose", "unknown_purpose", "must be marketing, profiling or data")
	}
	slices.SortFunc(w.Channels, func(a, b Channel) int { return cmp.Compare(slices.Index(Channels, a), slices.Index(Channels, b)) })
	w.Channels = slices.Compact(w.Channels)
	if len(w.Channels) == 0 {
		wrong.Add("/channels", "no_channels", "must name at least one, or any")
	}
	if slices.ContainsFunc(w.Channels, func(c Channel) bool { return !slices.Contains(Channels, c) }) {
		wrong.Add("/channels", "unknown_channel", "must be some of sms, email, call, telegram, viber, push, or any")
	}
	if slices.Contains(w.Channels, ChannelAny) {
		w.Channels = []Channel{ChannelAny}
	}
	some := false
	texts := map[string]string{}
	for _, in := range Languages {
		texts[in] = fold.Text(w.Texts[in])
		wrong.Bound("/text_"+in, texts[in], MaxText)
		some = some || texts[in] != ""
	}
	if w.Texts = texts; !some {
		wrong.Add("/text_"+Languages[0], "required", "is missing in every language")
	}
	// What was said yesterday was said to another text.
	if w.From = w.From.UTC().Truncate(time.Microsecond); w.From.Before(now) {
		w.From = now.UTC().Truncate(time.Microsecond)
	}
}

func (w *Wording) channels() string {
	list := make([]string, len(w.Channels))
	for i, c := range w.Channels {
		list[i] = string(c)
	}
	return strings.Join(list, ",")
}

func (w *Wording) checksum() int64 {
	return checksum.Of(
		[]int64{int64(w.ID), w.Version, int64(w.Entity), w.From.UnixMicro(), checksum.Bit(w.Anew), checksum.Bit(w.Offered), w.By, w.At.UnixMicro()},
		w.Code, string(w.Purpose), w.channels(), w.Name, w.Texts["ru"], w.Texts["uz"], w.Texts["en"])
}

// PublishTx writes the next version of a wording, or the first of a code; w.Version
// is the one that is to be written. It holds from w.From, and never in the past. It
// fails with ErrVersion.
func (s *Service) PublishTx(ctx context.Context, tx *db.Tx, w Wording) (_ Wording, err error) {
	defer errs.Wrap(&err, "publish wording %s", w.Code)
	now := s.now()
	w.ID, w.At = WordingID(s.mint.Next()), now.UTC().Truncate(time.Microsecond)
	var wrong errs.List
	w.clean(&wrong, now)
	if err := wrong.Err(); err != nil {
		return w, err
	}
	var last Wording
	const latest = `SELECT version, purpose, COALESCE(entity_id, 0), valid_from FROM wordings WHERE code = $1 ORDER BY version DESC LIMIT 1`
	err = tx.QueryRow(ctx, latest, w.Code).Scan(&last.Version, &last.Purpose, &last.Entity, db.Time{Dst: &last.From})
	switch {
	case err != nil && !errors.Is(err, db.ErrNoRows):
		return w, err
	case w.Version != last.Version+1:
		return w, ErrVersion
	case last.Version > 0 && (w.Purpose != last.Purpose || w.Entity != last.Entity):
		return w, ErrOther
	case w.From.Before(last.From):
		return w, errs.InvalidField("/valid_from", "before_previous", "is before the day of the version before")
	}
	const insert = `
		INSERT INTO wordings (id, code, version, purpose, channels, name, entity_id, text_ru, text_uz, text_en, valid_from, anew, offered, created_by, created_at, checksum)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)`
	err = tx.Try(ctx, func() error { // the unique key says which of two comes first
		_, err := tx.Exec(ctx, insert, int64(w.ID), w.Code, w.Version, string(w.Purpose), w.channels(), w.Name, db.NullID(w.Entity),
			w.Texts["ru"], w.Texts["uz"], w.Texts["en"], w.From.UnixMicro(), w.Anew, w.Offered, db.NullID(w.By), w.At.UnixMicro(), w.checksum())
		return err
	})
	if errors.Is(err, db.ErrUnique) {
		return w, ErrVersion
	}
	if err != nil {
		return w, err
	}
	var b db.Batch
	event.Append(&b, event.Event{At: now, Kind: EventWording, Ref: int64(w.ID), Body: event.Body(struct {
		Code    string `json:"code"`
		Version int64  `json:"version"`
	}{w.Code, w.Version})})
	return w, tx.Run(ctx, &b)
}

// Wordings are all versions of all wordings, by code, the latest first.
type Wordings []Wording

// Wordings reads the catalogue, which is small.
func (s *Service) Wordings(ctx context.Context) (list Wordings, err error) {
	defer errs.Wrap(&err, "read wordings")
	rows, err := s.db.Query(ctx, wordingsText)
	return list, db.Scan(rows, err, func(r *db.Rows) error {
		var (
			w          Wording
			channels   string
			ru, uz, en string
		)
		err := r.Scan(&w.ID, &w.Code, &w.Version, &w.Purpose, &channels, &w.Name, &w.Entity, &ru, &uz, &en,
			db.Time{Dst: &w.From}, &w.Anew, &w.Offered, &w.By, db.Time{Dst: &w.At})
		for _, c := range strings.Split(channels, ",") {
			w.Channels = append(w.Channels, Channel(c))
		}
		w.Texts = map[string]string{"ru": ru, "uz": uz, "en": en}
		list = append(list, w)
		return err
	})
}

const wordingsText = `
	SELECT id, code, version, purpose, channels, name, COALESCE(entity_id, 0), text_ru, text_uz, text_en,
	       valid_from, anew, offered, COALESCE(created_by, 0), created_at
	  FROM wordings ORDER BY code, version DESC`

// Holding are the wordings that people are asked to agree to at a time, in stores of
// a legal entity: of each code the version that holds, where an entity has wordings
// of its own for a purpose only those, in the order of purposes with data first.
func (l Wordings) Holding(entity catalog.EntityID, at time.Time) (list Wordings) {
	own := map[Purpose]bool{}
	last := ""
	for _, w := range l {
		if w.Code == last || w.From.After(at) {
			continue
		}
		last = w.Code
		if !w.Offered || w.Entity != 0 && w.Entity != entity {
			continue
		}
		own[w.Purpose] = own[w.Purpose] || w.Entity != 0
		list = append(list, w)
	}
	list = slices.DeleteFunc(list, func(w Wording) bool { return own[w.Purpose] && w.Entity == 0 })
	order := []Purpose{Data, Marketing, Profiling}
	slices.SortStableFunc(list, func(a, b Wording) int {
		return cmp.Compare(slices.Index(order, a.Purpose), slices.Index(order, b.Purpose))
	})
	return list
}

// Of gives a version by its id; nil: there is none.
func (l Wordings) Of(id WordingID) *Wording {
	for i := range l {
		if l[i].ID == id && id != 0 {
			return &l[i]
		}
	}
	return nil
}

// Find gives a version by its code and number; nil: there is none.
func (l Wordings) Find(code string, version int64) *Wording {
	for i := range l {
		if l[i].Code == code && l[i].Version == version {
			return &l[i]
		}
	}
	return nil
}

// Ticked gives the version and the language that the value of a box names, "id ru";
// nil where nobody can have been shown it in a store of the entity: there is none, it is
// another's, begins later, is not offered, or has no text in that language.
func (l Wordings) Ticked(value string, entity catalog.EntityID, at time.Time) (w *Wording, language string) {
	var id WordingID
	text, language, _ := strings.Cut(value, " ")
	if id.UnmarshalText([]byte(text)) != nil {
		return nil, ""
	}
	if w = l.Of(id); w == nil || w.Entity != 0 && w.Entity != entity || w.From.After(at) || !w.Offered || w.Texts[language] == "" {
		return nil, ""
	}
	return w, language
}

// Agreed are the consents of somebody who was shown a text of w in a language and
// said yes: one for each channel. like has the rest of them.
func (w *Wording) Agreed(language string, like Consent) (list []Consent) {
	for _, ch := range w.Channels {
		c := like
		c.Channel, c.Purpose, c.Given = ch, w.Purpose, true
		c.under(w, language)
		list = append(list, c)
	}
	return list
}

// under notes that a consent is given under w, as it was shown in a language.
func (c *Consent) under(w *Wording, language string) {
	var text string
	text, c.Language = w.Shown(language)
	c.Text, c.Hash, c.Wording = w.ID, secret.Hash(text), w.Title()
}

// Under has a consent given under a version, as it was shown in a language, in a
// store of a legal entity. It fails with ErrWording, where the version or its text
// in that language is unknown, or ErrFits.
func (l Wordings) Under(c *Consent, code string, version int64, language string, entity catalog.EntityID, at time.Time) error {
	w := l.Find(code, version)
	switch {
	case w == nil || w.Texts[language] == "":
		return ErrWording
	case w.Purpose != c.Purpose || c.Given && !w.covers(c.Channel) || w.Entity != 0 && w.Entity != entity || w.From.After(at) || !w.Offered || l.over(w, at):
		return ErrFits
	}
	c.under(w, language)
	return nil
}

// over reports whether a newer version of the same code holds at a time.
func (l Wordings) over(w *Wording, at time.Time) bool {
	return slices.ContainsFunc(l, func(o Wording) bool { return o.Code == w.Code && o.Version > w.Version && !o.From.After(at) })
}

// EntityOf is the legal entity that a consent concerns: that of the store where it was
// given; of one that was given in none, such as by a file, that of the customer's store.
func (s *Service) EntityOf(c Consent, home catalog.StoreID) catalog.EntityID {
	store, _ := s.catalog.Store(cmp.Or(c.Store, home))
	return store.Entity
}

// outdated reports whether a newer version asks anew whoever gave c, which concerns an
// entity: c was under an older one of the same code, or under a text that is in no
// catalogue, and the version is everybody's or that entity's.
func (l Wordings) outdated(c *Consent, entity catalog.EntityID, at time.Time) bool {
	given := l.Of(c.Text)
	return slices.ContainsFunc(l, func(w Wording) bool {
		if !w.Anew || w.Purpose != c.Purpose || w.From.After(at) {
			return false
		}
		if given == nil {
			// A merge says a consent again: when it was given is not known here.
			again := c.Source == "merge" || c.Source == "unmerge"
			return (w.Entity == 0 || w.Entity == entity) && (w.covers(c.Channel) || c.Channel == ChannelAny) && (again || w.From.After(c.At))
		}
		return w.Code == given.Code && w.Version > given.Version
	})
}

// Why says why somebody may not be spoken to.
type Why string

// The reasons.
const (
	WhyGone      Why = "gone"       // merged, erased or blocked
	WhyNotGiven  Why = "not_given"  // nothing was agreed to
	WhyTaken     Why = "withdrawn"  // it was taken back
	WhyDataTaken Why = "no_data"    // their data may not be kept
	WhyAnew      Why = "ask_anew"   // a newer wording asks again
	WhyNoContact Why = "no_contact" // nothing is known to reach them by
	WhyRetired   Why = "retired"    // all that is known was retired
)

// Permission is whether a customer may be spoken to, and by what right.
type Permission struct {
	Consent int64 // that allows it; a message keeps it as its proof. 0: it is not allowed
	Why     Why   // it is not
}

// OK reports whether it is allowed.
func (p Permission) OK() bool { return p.Consent != 0 }

// Allowed says whether a customer may be spoken to by a channel for a purpose at a
// time: by what was said until then, and by a contact that is not retired. It fails with ErrNotFound.
func (s *Service) Allowed(ctx context.Context, who ID, ch Channel, p Purpose, at time.Time) (is Permission, err error) {
	defer errs.Wrap(&err, "ask whether customer %d may be spoken to", who)
	c, err := s.Get(ctx, who)
	if err != nil {
		return is, err
	}
	if c.State != StateActive {
		return Permission{Why: WhyGone}, nil
	}
	history, err := s.Consents(ctx, who)
	if err != nil {
		return is, err
	}
	texts, err := s.Wordings(ctx)
	if err != nil {
		return is, err
	}
	if err := s.catalog.Refresh(ctx); err != nil {
		return is, err
	}
	entity := func(given Consent) catalog.EntityID { return s.EntityOf(given, c.HomeStore) }
	if is = texts.allows(history, ch, p, entity, at); !is.OK() {
		return is, nil
	}
	if why, err := s.reachable(ctx, &c, ch); err != nil || why != "" {
		return Permission{Why: why}, err
	}
	return is, nil
}

// allows is what a history comes to at a time.
func (l Wordings) allows(history []Consent, ch Channel, p Purpose, entity func(Consent) catalog.EntityID, at time.Time) Permission {
	history = slices.DeleteFunc(slices.Clone(history), func(c Consent) bool { return c.At.After(at) })
	data := lastWord(history, ch, Data)
	switch last := lastWord(history, ch, p); {
	case p != Data && data != nil && !data.Given:
		return Permission{Why: WhyDataTaken}
	case last == nil:
		return Permission{Why: WhyNotGiven}
	case !last.Given:
		return Permission{Why: WhyTaken}
	case l.outdated(last, entity(*last), at):
		return Permission{Why: WhyAnew}
	default:
		return Permission{Consent: last.ID}
	}
}

// Outdated reports whether somebody who gave c, which concerns an entity, is to be asked anew.
func (l Wordings) Outdated(c Consent, entity catalog.EntityID, at time.Time) bool {
	return c.Given && l.outdated(&c, entity, at)
}
