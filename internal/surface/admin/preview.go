package admin

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"regulars/internal/base/jobs"
	"regulars/internal/base/money"
	"regulars/internal/loyalty/customer"
	"regulars/internal/loyalty/programme"
	"regulars/internal/loyalty/receipt"
	"regulars/internal/surface/web"
)

// previewJob compares a draft with what holds on past receipts. It is a job,
// so that it goes on when the page is closed and any process can tell of it.
const previewJob = "programme.preview"

// How far a preview looks back, and at how many receipts at most.
const (
	previewDays = 90
	previewMost = 20_000
	previewTop  = 10
)

// previewPayload is what a preview is asked.
type previewPayload struct {
	Programme programme.ID    `json:"programme"`
	Now       json.RawMessage `json:"now"` // null: nothing holds
	Then      json.RawMessage `json:"then"`
	From      time.Time       `json:"from"`
	To        time.Time       `json:"to"`
}

// previewProgress is how far it has come; at the end it has the answer.
type previewProgress struct {
	Done    int             `json:"done"`
	All     int             `json:"all"`
	Started time.Time       `json:"started"`
	At      time.Time       `json:"at"`
	Answer  *receipt.Answer `json:"answer,omitempty"`
	Moves   []move          `json:"moves,omitempty"` // between levels, were they counted anew
}

func (a *Admin) runPreview(ctx context.Context, run *jobs.Run) error {
	var p previewPayload
	if err := run.Payload(&p); err != nil {
		return jobs.Permanent(err)
	}
	now, err := decodeRules(p.Now)
	if err != nil {
		return jobs.Permanent(err)
	}
	then, err := decodeRules(p.Then)
	if err != nil {
		return jobs.Permanent(err)
	}
	started, saved := a.Now(), time.Time{}
	answer, err := a.Receipts.Compare(ctx, receipt.Question{Now: now, Then: then, From: p.From, To: p.To, Most: previewMost, Top: previewTop},
		func(done, all int) error {
			at := a.Now()
			if at.Sub(saved) < 500*time.Millisecond {
				return context.Cause(ctx)
			}
			saved = at
			return run.Save(ctx, previewProgress{Done: done, All: all, Started: started, At: at})
		})
	if err != nil {
		return err
	}
	n := answer.Receipts + answer.Skipped
	end := previewProgress{Done: n, All: n, Started: started, Answer: &answer}
	if now != nil && then != nil {
		found, err := a.Receipts.Moves(ctx, p.Programme, now, then, func(int) error { return context.Cause(ctx) })
		if err != nil {
			return err
		}
		for _, m := range found {
			from, _ := now.Level(m.From)
			to, _ := then.Level(m.To)
			end.Moves = append(end.Moves, move{from.Name, to.Name, m.Customers, m.Points})
		}
	}
	end.At = a.Now()
	return run.Save(ctx, end)
}

// move is how many customers would go from one level to another, by its name.
type move struct {
	From      string `json:"from"`
	To        string `json:"to"`
	Customers int    `json:"customers"`
	// Points are what they would lose with their level.
	Points money.Points `json:"points,omitzero"`
}

func (a *Admin) startPreview(w http.ResponseWriter, r *http.Request) error {
	vs, err := a.versions(r)
	if err != nil {
		return err
	}
	if vs.Draft == nil {
		return programme.ErrNotADraft
	}
	p := previewPayload{
		Programme: vs.Programme.ID, Now: json.RawMessage("null"), Then: programme.Encode(&vs.Draft.Rules),
		From: a.Now().AddDate(0, 0, -previewDays), To: a.Now(),
	}
	if vs.Holds != nil {
		p.Now = programme.Encode(&vs.Holds.Rules)
	}
	id, added, err := a.Jobs.Add(r.Context(), jobs.Job{Kind: previewJob, Dedupe: versionKey(vs.Draft), Payload: p})
	if err != nil {
		return err
	}
	if !added { // it was asked before: what failed or was stopped is tried again
		info, err := a.Jobs.Get(r.Context(), id)
		if err != nil {
			return err
		}
		if info.State == jobs.Failed || info.State == jobs.Cancelled {
			if err := a.Jobs.Retry(r.Context(), id); err != nil {
				return err
			}
		}
	}
	web.Redirect(w, r, programmePath(vs.Programme.ID)+"/preview/"+id.String())
	return nil
}

// previewState is what a page shows of a preview.
type previewState struct {
	Job     jobs.Info
	Path    string
	Back    string // the programme
	Running bool
	Failed  string // what happened; empty: nothing did
	Stopped bool
	previewProgress
	Left    time.Duration
	Rate    int
	Payload previewPayload
	Winners []moverRow
	Losers  []moverRow
	More    money.Amount // what the draft would cost more (less: negative)
}

type moverRow struct {
	receipt.Mover
	Name string
}

// Difference is what the customer would get more.
func (m moverRow) Difference() money.Amount { return m.Then - m.Now }

func (a *Admin) previewState(r *http.Request, info jobs.Info, of programme.ID) (*previewState, error) {
	s := &previewState{Job: info, Back: programmePath(of), Path: programmePath(of) + "/preview/" + info.ID.String()}
	if err := json.Unmarshal(info.Payload, &s.Payload); err != nil {
		return nil, err
	}
	if s.Payload.Programme != of || info.Kind != previewJob {
		return nil, web.ErrNoPage
	}
	if err := json.Unmarshal(info.Progress, &s.previewProgress); err != nil {
		return nil, err
	}
	s.Running, s.Stopped = !info.State.Ended(), info.State == jobs.Cancelled
	if info.State == jobs.Failed && info.Failure != nil {
		s.Failed = web.Say(web.Loc(r.Context()), info.Failure)
	}
	if took := s.At.Sub(s.Started); s.Running && s.Done > 0 && took > 0 {
		s.Rate = int(float64(s.Done) / took.Seconds())
		s.Left = time.Duration(float64(took) / float64(s.Done) * float64(s.All-s.Done))
	}
	if s.Answer == nil {
		return s, nil
	}
	s.More = s.Answer.Then.Cost() - s.Answer.Now.Cost()
	var ids []customer.ID
	for _, m := range append(append([]receipt.Mover(nil), s.Answer.Winners...), s.Answer.Losers...) {
		ids = append(ids, m.Customer)
	}
	people, err := a.Customers.GetAll(r.Context(), ids)
	if err != nil {
		return nil, err
	}
	names := map[customer.ID]string{}
	for _, c := range people {
		names[c.ID] = nameOf(web.Loc(r.Context()), web.Me(r), c)
	}
	for _, m := range s.Answer.Winners {
		s.Winners = append(s.Winners, moverRow{m, names[m.Customer]})
	}
	for _, m := range s.Answer.Losers {
		s.Losers = append(s.Losers, moverRow{m, names[m.Customer]})
	}
	return s, nil
}

type previewView struct {
	frame
	versions
	Preview *previewState
}

func (a *Admin) preview(r *http.Request) (v previewView, err error) {
	v.frame = a.frame(r.Context())
	if v.versions, err = a.versions(r); err != nil {
		return v, err
	}
	id, err := web.PathID[jobs.ID](r, "job")
	if err != nil {
		return v, err
	}
	info, err := a.Jobs.Get(r.Context(), id)
	if err != nil {
		return v, err
	}
	v.Preview, err = a.previewState(r, info, v.Programme.ID)
	return v, err
}

func (a *Admin) previewPage(w http.ResponseWriter, r *http.Request) error {
	v, err := a.preview(r)
	if err != nil {
		return err
	}
	return a.pages.Render(w, r, "preview", v)
}

func (a *Admin) previewProgress(w http.ResponseWriter, r *http.Request) error {
	v, err := a.preview(r)
	if err != nil {
		return err
	}
	return a.pages.Fragment(w, r, http.StatusOK, "preview", "state", v.Preview)
}

func (a *Admin) cancelPreview(w http.ResponseWriter, r *http.Request) error {
	v, err := a.preview(r)
	if err != nil {
		return err
	}
	if v.Preview.Running {
		if err := a.Jobs.Cancel(r.Context(), v.Preview.Job.ID); err != nil {
			return err
		}
	}
	web.Redirect(w, r, programmePath(v.Programme.ID)+"/preview/"+v.Preview.Job.ID.String())
	return nil
}
