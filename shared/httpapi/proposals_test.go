package httpapi

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi/gen"
)

// proposed is a fake with one proposal.
type proposed struct {
	*fake
	all  []app.Proposal
	bars map[app.ProposalAction]app.Bar
	by   string // who asked last
}

func (f *proposed) Proposals(context.Context) ([]app.Proposal, error) { return f.all, nil }
func (f *proposed) Proposal(_ context.Context, number int64) (app.Proposal, error) {
	if number != 1 {
		return app.Proposal{}, fault.New(fault.NotFound, "no")
	}
	return f.all[0], nil
}
func (f *proposed) ProposalText(context.Context, *app.Proposal) (string, error) {
	return "weir: 1\n", nil
}
func (f *proposed) ProposalDiff(context.Context, *app.Proposal) (app.StrategyDiff, error) {
	return app.StrategyDiff{}, nil
}
func (f *proposed) Barred(_ *app.Proposal, act app.ProposalAction, by string) app.Bar {
	f.by = by
	return f.bars[act]
}
func (f *proposed) CheckProposal(_ context.Context, _ int64, _ app.ProposalAction, by string) error {
	f.by = by
	return fault.New(fault.Conflict, "not now")
}
func (f *proposed) ReviewProposal(_ context.Context, number int64, req app.ReviewRequest) (app.Proposal, error) {
	f.by = req.By
	return f.all[0], nil
}

// What a caller may do follows from the proposal and from their role; the reason of the proposal comes first.
func TestProposalActions(t *testing.T) {
	f := &proposed{fake: &fake{}, all: []app.Proposal{{Number: 1, State: app.ProposalOpen}}, bars: map[app.ProposalAction]app.Bar{app.ActPublish: app.BarUnapproved}}
	for role, want := range map[Role]string{
		Viewer: "role role role role unapproved", Editor: "role role - - unapproved", Approver: "- - - - unapproved", Admin: "- - - - unapproved",
	} {
		h := NewHandler(NewServer(f, "test"), Options{
			Guard: Guard{Behind: true},
			Who:   func(*http.Request) (Caller, bool) { return Caller{Name: "s-" + role.String(), Role: role}, true },
		})
		w := askHandler(t, h, http.MethodGet, "/v1/strategy/proposals/1", "")
		var d gen.ProposalDetail
		decode(t, w.Body.Bytes(), &d)
		var bars []string
		for _, one := range d.Actions {
			bar := "-"
			if one.Bar != nil {
				bar = string(*one.Bar)
			}
			bars = append(bars, bar)
		}
		if got := strings.Join(bars, " "); got != want || f.by != "s-"+role.String() {
			t.Errorf("a %s, asked as %q: %s, want %s", role, f.by, got, want)
		}
	}
}

// Who acts is who the token names; on one machine it is everybody's name. Wrong requests say what is wrong.
func TestProposalRequests(t *testing.T) {
	f := &proposed{fake: &fake{}, all: []app.Proposal{{Number: 3}, {Number: 2}, {Number: 1}}}
	h := NewHandler(NewServer(f, "test"), Options{})
	post := func(path, body string) *httptest.ResponseRecorder {
		return askHandler(t, h, http.MethodPost, "/v1/strategy/proposals"+path, body)
	}
	if w := post("/1/review", `{"verdict":"approve"}`); w.Code != 200 || f.by != LocalCaller {
		t.Error(w.Code, f.by, w.Body)
	}
	for path, body := range map[string]string{"": `{}`, "/1/review": `{"verdict":"maybe"}`, "/x/review": `{"verdict":"approve"}`} {
		if w := post(path, body); w.Code != 400 {
			t.Error(path, w.Code, w.Body)
		}
	}
	if w := post("", `{"text":"x","rollback":"1"}`); w.Code != 400 {
		t.Error(w.Code, w.Body)
	}
	if w := post("", `{"text":"`+strings.Repeat("x", maxStrategy+1)+`"}`); w.Code != 413 {
		t.Error(w.Code, w.Body)
	}
	for _, path := range []string{"/1/publish", "/1/preview"} {
		if w := post(path, ""); w.Code != 409 {
			t.Error(path, w.Code, w.Body)
		}
	}
	var page gen.ProposalList
	decode(t, askHandler(t, h, http.MethodGet, "/v1/strategy/proposals?limit=2", "").Body.Bytes(), &page)
	if len(page.Proposals) != 2 || page.Next == nil || *page.Next != 2 {
		t.Errorf("%+v", page)
	}
	page = gen.ProposalList{}
	decode(t, askHandler(t, h, http.MethodGet, "/v1/strategy/proposals?limit=2&before=2", "").Body.Bytes(), &page)
	if len(page.Proposals) != 1 || page.Proposals[0].Number != 1 || page.Next != nil {
		t.Errorf("%+v", page)
	}
}
