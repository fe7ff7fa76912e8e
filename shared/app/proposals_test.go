package app_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/porttest"
)

// proposing is a base of some buyers where another person approves, with a strategy that moves all of them.
func proposing(t *testing.T) (b *base, text []byte) {
	t.Helper()
	b = newBase(t, "2024-05-01T00:00:00Z")
	b.load(regulars("u", 40), backfill, asOf("2024-05-01T00:00:00Z"))
	b.opts.Approval = true
	b.reopen()
	return b, b.silentAfter(20)
}

// regulars are events of users who bought twice, 40 and 30 days before proposals are made.
func regulars(name string, n int) string {
	var events strings.Builder
	for i := range n {
		for _, day := range []string{"2024-03-22", "2024-04-01"} {
			events.WriteString(bought(fmt.Sprint(name, i, day), fmt.Sprint(name, i), day+"T00:00:00Z", 5))
		}
	}
	return events.String()
}

// silentAfter is the strategy in force, but that buyers are silent after so many days.
func (b *base) silentAfter(days int) []byte {
	b.t.Helper()
	v, err := b.app.Strategy(context.Background())
	if err != nil {
		b.t.Fatal(err)
	}
	at := strings.Index(v.Text, "silent_days: ")
	if at < 0 {
		b.t.Fatal("the strategy has no such line:\n" + v.Text)
	}
	return []byte(v.Text[:at] + fmt.Sprint("silent_days: ", days) + v.Text[at+len("silent_days: 60"):])
}

func (b *base) reopen() {
	b.t.Helper()
	if err := b.store.Close(); err != nil {
		b.t.Fatal(err)
	}
	b.open()
}

// propose proposes and looks whom it moves.
func (b *base) propose(text []byte, by string, more ...func(*app.ProposeRequest)) app.Proposal {
	b.t.Helper()
	req := app.ProposeRequest{Text: text, Title: "sooner", Note: "why", By: by}
	for _, change := range more {
		change(&req)
	}
	p, err := b.app.Propose(context.Background(), req)
	if err == nil {
		p, err = b.app.PreviewProposal(context.Background(), p.Number, nil)
	}
	if err != nil {
		b.t.Fatal(err)
	}
	return p
}

func (b *base) review(number int64, by string, v app.Verdict) error {
	_, err := b.app.ReviewProposal(context.Background(), number, app.ReviewRequest{By: by, Verdict: v, Comment: "seen"})
	return err
}

func (b *base) publishProposal(number int64, by string) (app.PublishReport, error) {
	return b.app.Publish(context.Background(), app.PublishRequest{Proposal: number, By: by})
}

func (b *base) proposal(number int64) app.Proposal {
	b.t.Helper()
	p, err := b.app.Proposal(context.Background(), number)
	if err != nil {
		b.t.Fatal(err)
	}
	return p
}

// The way of a proposal: written, looked at, approved by another person, published as it was reviewed.
func TestProposal(t *testing.T) {
	b, text := proposing(t)
	p := b.propose(text, "ann")
	if p.Number != 1 || p.State != app.ProposalOpen || p.Users != 40 || p.Moved != 40 || p.BaseSequence != 1 || p.Stale {
		t.Fatalf("%+v", p)
	}
	v, err := b.app.ProposalPreview(t.Context(), p.Preview)
	if err != nil || v.From != p.Base || v.To != p.Version || v.Cuts == "" || len(v.Moves) != 1 || v.Moves[0].Users != 40 || len(v.Sizes) == 0 || v.Unseen != "" {
		t.Errorf("the preview: %+v, %v", v, err)
	}
	if _, err := b.app.Publish(t.Context(), app.PublishRequest{Text: text}); !fault.Is(err, fault.Forbidden) {
		t.Error("published past a review:", err)
	}
	if err := b.app.CheckPublish(t.Context(), app.PublishRequest{Text: text}); !fault.Is(err, fault.Forbidden) {
		t.Error("published past a review:", err)
	}
	for name, err := range map[string]error{
		"published before it is approved": func() error { _, err := b.publishProposal(1, "bob"); return err }(),
		"approved by its author":          b.review(1, "ann", app.VerdictApprove),
		"withdrawn by another":            func() error { _, err := b.app.WithdrawProposal(t.Context(), 1, "bob"); return err }(),
	} {
		if !fault.Is(err, fault.Forbidden) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := b.review(1, "bob", app.VerdictApprove); err != nil {
		t.Fatal(err)
	}
	if err := b.review(1, "bob", app.VerdictApprove); err != nil || len(b.proposal(1).Reviews) != 1 {
		t.Errorf("said again it is another review: %+v, %v", b.proposal(1).Reviews, err)
	}
	report, err := b.publishProposal(1, "ann")
	if err != nil || report.Sequence != 2 || report.Proposal != 1 || report.By != "ann" || report.Emergency || report.Text != string(text) || report.Rescored.Users != 40 {
		t.Fatalf("%+v, %v", report, err)
	}
	if p := b.proposal(1); p.State != app.ProposalPublished || p.Publication != 2 || p.EndedBy != "ann" || p.Stale {
		t.Errorf("%+v", p)
	}
	if report, err := b.publishProposal(1, "ann"); err != nil || report.Sequence != 2 {
		t.Errorf("repeated: %+v, %v", report, err)
	}
	if err := b.review(1, "bob", app.VerdictReject); !fault.Is(err, fault.Conflict) {
		t.Error("rejected when it was published:", err)
	}
}

// What each state lets whom do, with and without the demand for another person.
func TestProposalBars(t *testing.T) {
	for _, demanded := range []bool{true, false} {
		b, text := proposing(t)
		b.opts.Approval = demanded
		b.reopen()
		bars := func(number int64, by string) string {
			p := b.proposal(number)
			var out []string
			for _, act := range []app.ProposalAction{app.ActApprove, app.ActReject, app.ActWithdraw, app.ActPreview, app.ActPublish} {
				out = append(out, string(b.app.Barred(&p, act, by)))
			}
			return string(p.State) + " " + strings.Join(out, ",")
		}
		either := func(with, without string) string {
			if demanded {
				return with
			}
			return without
		}
		want := func(what string, number int64, by, bars_ string) {
			t.Helper()
			if got := bars(number, by); got != bars_ {
				t.Errorf("demanded %v, %s, for %s: %q, want %q", demanded, what, by, got, bars_)
			}
		}
		bare, err := b.app.Propose(t.Context(), app.ProposeRequest{Text: b.silentAfter(21), By: "ann"})
		if err != nil || bare.Title != "Strategy "+bare.Version {
			t.Fatal(bare, err)
		}
		want("not looked at", 1, "bob", either("open preview,,others,,unapproved", "open preview,,others,,"))
		b.propose(text, "ann")
		want("open", 2, "ann", either("open own,,,,unapproved", "open ,,,,"))
		want("open", 2, "bob", either("open ,,others,,unapproved", "open ,,others,,"))
		if err := b.review(2, "bob", app.VerdictApprove); err != nil {
			t.Fatal(err)
		}
		want("approved", 2, "ann", either("approved own,,,,", "approved ,,,,"))
		b.propose(b.silentAfter(22), "ann")
		if err := b.review(3, "bob", app.VerdictReject); err != nil {
			t.Fatal(err)
		}
		want("rejected", 3, "ann", "rejected ended,ended,ended,ended,ended")
		if err := b.review(3, "eve", app.VerdictApprove); !fault.Is(err, fault.Conflict) {
			t.Error("a rejection is the end:", err)
		}
		b.propose(b.silentAfter(23), "ann", func(r *app.ProposeRequest) { r.Replaces = 1 })
		want("superseded", 1, "ann", "superseded ended,ended,ended,ended,ended")
		if p := b.proposal(1); p.ReplacedBy != 4 {
			t.Errorf("%+v", p)
		}
		if _, err := b.app.WithdrawProposal(t.Context(), 4, "ann"); err != nil {
			t.Fatal(err)
		}
		want("withdrawn", 4, "ann", "withdrawn ended,ended,ended,ended,ended")
		b.propose(b.silentAfter(24), "ann")
		if _, err := b.publishProposal(2, "bob"); err != nil {
			t.Fatal(err)
		}
		want("stale", 5, "ann", "open stale,,,stale,stale")
		if err := b.review(5, "bob", app.VerdictApprove); !fault.Is(err, fault.Conflict) || !strings.Contains(fault.HintOf(err), "--replaces 5") {
			t.Error("approved when it is stale:", err, fault.HintOf(err))
		}
	}
}

// An approval is of a text against a version, and of whom it moves: whatever changes of that asks again.
func TestApprovalHolds(t *testing.T) {
	b, text := proposing(t)
	b.propose(text, "ann")
	seen := b.proposal(1).Preview
	if err := b.review(1, "bob", app.VerdictApprove); err != nil {
		t.Fatal(err)
	}
	if p, err := b.app.PreviewProposal(t.Context(), 1, nil); err != nil || p.State != app.ProposalApproved || p.Preview != seen {
		t.Errorf("the same preview asks again: %+v, %v", p, err)
	}
	b.load(regulars("new", 10), backfill, asOf("2024-05-01T00:00:00Z"))
	if _, err := b.publishProposal(1, "bob"); !fault.Is(err, fault.Conflict) {
		t.Fatal("other users move than were seen:", err)
	}
	if p := b.proposal(1); p.State != app.ProposalApproved {
		t.Errorf("after a publication that failed: %+v", p)
	}
	if p, err := b.app.PreviewProposal(t.Context(), 1, nil); err != nil || p.State != app.ProposalOpen || p.Moved != 50 {
		t.Errorf("an approval of another preview holds: %+v, %v", p, err)
	}
	if _, err := b.publishProposal(1, "bob"); !fault.Is(err, fault.Forbidden) {
		t.Error(err)
	}
	_, err := b.app.ReviewProposal(t.Context(), 1, app.ReviewRequest{By: "bob", Verdict: app.VerdictApprove, Preview: seen})
	if !fault.Is(err, fault.Conflict) {
		t.Error("approved what was not there any more:", err)
	}
	if err := b.review(1, "bob", app.VerdictApprove); err != nil {
		t.Fatal(err)
	}
	if _, err := b.publishProposal(1, "bob"); err != nil {
		t.Error(err)
	}
}

// An earlier publication comes back at once, by whoever may publish; the record says that nobody had approved it.
func TestRollback(t *testing.T) {
	b, text := proposing(t)
	first, _ := b.app.Strategy(t.Context())
	b.propose(text, "ann")
	if err := b.review(1, "bob", app.VerdictApprove); err != nil {
		t.Fatal(err)
	}
	if _, err := b.publishProposal(1, "bob"); err != nil {
		t.Fatal(err)
	}
	for _, req := range []app.ProposeRequest{{By: "bob", Rollback: "2"}, {By: "bob", Rollback: "1", IncludeExisting: true}, {By: "bob", Text: text}} {
		if _, err := b.app.Propose(t.Context(), req); !fault.Is(err, fault.Invalid) {
			t.Errorf("%+v: %v", req, err)
		}
	}
	p, err := b.app.Propose(t.Context(), app.ProposeRequest{By: "bob", Rollback: "1"})
	if err != nil || p.Rollback != 1 {
		t.Fatal(p, err)
	}
	report, err := b.publishProposal(p.Number, "bob")
	if err != nil || report.Version != first.Version || report.Sequence != 3 || !report.Emergency {
		t.Fatalf("%+v, %v", report.StrategyVersion, err)
	}
	if p = b.proposal(p.Number); p.State != app.ProposalPublished || !p.Emergency || p.EndedBy != "bob" {
		t.Errorf("%+v", p)
	}
}

// What counts anew cannot be looked at before: the preview says so, and the proposal can be approved and published.
func TestProposalOfNewMetrics(t *testing.T) {
	b, text := proposing(t)
	changed := strings.Replace(string(text), "windows: [7, 30]", "windows: [7, 30, 60]", 1)
	changed = strings.Replace(changed, "when: orders > 0 && average_order >= 100", "when: metrics.views[60] > 3", 1)
	p := b.propose([]byte(changed), "ann")
	v, err := b.app.ProposalPreview(t.Context(), p.Preview)
	if err != nil || v.Unseen == "" || v.Users != 0 {
		t.Fatalf("%+v, %v", v, err)
	}
	if err := b.review(1, "bob", app.VerdictApprove); err != nil {
		t.Fatal(err)
	}
	if _, err := b.publishProposal(1, "bob"); err != nil {
		t.Error(err)
	}
}

// Requests that are wrong, and limits.
func TestProposeRefuses(t *testing.T) {
	b, text := proposing(t)
	b.propose(text, "ann")
	for want, reqs := range map[fault.Code][]app.ProposeRequest{
		fault.Invalid:   {{Text: []byte("weir: 1\nbogus: 1\n"), By: "ann"}, {Text: text}, {By: "ann"}},
		fault.TooLarge:  {{Text: text, By: "ann", Title: strings.Repeat("x", 201)}, {Text: text, By: "ann", Note: strings.Repeat("x", 4001)}},
		fault.Conflict:  {{Text: text, By: "ann", From: "another"}},
		fault.Forbidden: {{Text: b.silentAfter(30), By: "bob", Replaces: 1}},
		fault.NotFound:  {{Text: b.silentAfter(30), By: "bob", Replaces: 7}, {By: "ann", Rollback: "9"}},
	} {
		for _, req := range reqs {
			if _, err := b.app.Propose(t.Context(), req); fault.CodeOf(err) != want {
				t.Errorf("%+v: %v, want %s", req, err, want)
			}
		}
	}
	if again := b.propose(text, "ann"); again.Number != 1 {
		t.Errorf("the same is proposed twice: %+v", again)
	}
	for i := range 99 {
		if _, err := b.app.Propose(t.Context(), app.ProposeRequest{Text: text, By: fmt.Sprint("p", i)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.app.Propose(t.Context(), app.ProposeRequest{Text: text, By: "one too many"}); !fault.Is(err, fault.Conflict) {
		t.Error(err)
	}
}

// Many approve, reject, take back and publish at once: each sees what came before, and one end is reached.
func TestProposalAtOnce(t *testing.T) {
	for round := range 6 {
		b, text := proposing(t)
		b.propose(text, "ann")
		if err := b.review(1, "first", app.VerdictApprove); err != nil {
			t.Fatal(err)
		}
		errs := make([]error, 7)
		var group sync.WaitGroup
		for i, do := range []func() error{
			func() error { return b.review(1, "bob", app.VerdictApprove) },
			func() error { return b.review(1, "eve", app.VerdictApprove) },
			func() error { return b.review(1, "dan", app.VerdictReject) },
			func() error { _, err := b.app.WithdrawProposal(t.Context(), 1, "ann"); return err },
			func() error { _, err := b.publishProposal(1, "bob"); return err },
			func() error {
				_, err := b.app.Propose(t.Context(), app.ProposeRequest{Text: b.silentAfter(30), By: "x"})
				return err
			},
			func() error {
				_, err := b.app.Propose(t.Context(), app.ProposeRequest{Text: b.silentAfter(30), By: "y"})
				return err
			},
		} {
			group.Go(func() { errs[i] = do() })
		}
		group.Wait()
		p := b.proposal(1)
		v, err := b.app.Strategy(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ended := map[app.ProposalState]error{app.ProposalRejected: errs[2], app.ProposalWithdrawn: errs[3], app.ProposalPublished: errs[4]}
		for state, err := range ended {
			if (p.State == state) != (err == nil) {
				t.Errorf("round %d: it is %s, and who wanted %s was told %v", round, p.State, state, err)
			}
		}
		if (v.Sequence == 2) != (p.State == app.ProposalPublished) {
			t.Errorf("round %d: it is %s, and number %d is in force", round, p.State, v.Sequence)
		}
		for i, err := range errs {
			if err != nil && !fault.Is(err, fault.Conflict) && !fault.Is(err, fault.Forbidden) {
				t.Errorf("round %d, call %d: %v", round, i, err)
			}
		}
		all, err := b.app.Proposals(t.Context())
		if err != nil || (errs[5] == nil && errs[6] == nil) != (len(all) == 3) {
			t.Errorf("round %d: %d proposals, %v %v %v", round, len(all), err, errs[5], errs[6])
		}
	}
}

// A process that dies at any write, before or after it took effect, leaves what another one ends by doing the same again: one
// proposal of each, published once.
func TestProposalKilledAnywhere(t *testing.T) {
	points := 0
	run := func(plan porttest.Plan) string {
		b, text := proposing(t)
		defer func() { _ = b.store.Close() }()
		other := b.silentAfter(25)
		ports, faults := porttest.Faulty(b.store.Ports(func() int64 { return b.now }))
		mortal, err := app.New(t.Context(), ports, app.Options{Approval: true})
		if err != nil {
			t.Fatal(err)
		}
		faults.Ignore(func(name string) bool { return name != "Docs.Put" && name != "Profiles.Write" })
		faults.Begin(plan)
		ctx := t.Context()
		steps := []func(a *app.App) error{
			func(a *app.App) error {
				_, err := a.Propose(ctx, app.ProposeRequest{Text: other, Title: "first", By: "ann"})
				return err
			},
			func(a *app.App) error {
				_, err := a.Propose(ctx, app.ProposeRequest{Text: text, Title: "second", By: "ann", Replaces: 1})
				return err
			},
			func(a *app.App) error { return a.PreviewProposals(ctx, 2, nil) },
			func(a *app.App) error {
				_, err := a.ReviewProposal(ctx, 2, app.ReviewRequest{By: "bob", Verdict: app.VerdictApprove})
				return err
			},
			func(a *app.App) error {
				_, err := a.Publish(ctx, app.PublishRequest{Proposal: 2, By: "bob"})
				return err
			},
		}
		alive := true
		for i, step := range steps {
			if alive {
				if err := step(mortal); err == nil {
					continue
				}
				alive = false
			}
			if err := step(b.app); err != nil {
				t.Errorf("%+v: step %d again: %v", plan, i, err)
			}
		}
		if plan.Call == 0 {
			points = faults.Calls()
		}
		var out strings.Builder
		all, err := b.app.Proposals(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range all {
			fmt.Fprintln(&out, p.Number, p.State, p.Title, p.Replaces, p.ReplacedBy, len(p.Reviews), p.Moved, p.Publication, p.EndedBy)
		}
		versions, err := b.app.StrategyVersions(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range versions {
			fmt.Fprintln(&out, v.Sequence, v.Version, v.Proposal, v.By)
		}
		r, err := b.app.Rescoring(ctx)
		fmt.Fprintln(&out, r, err)
		for _, item := range b.items() {
			fmt.Fprintf(&out, "%s %x\n", item.Key, item.State)
		}
		return out.String()
	}
	want := run(porttest.Plan{})
	if !strings.Contains(want, "2 published second 1 0 1 40 2 bob\n1 superseded first") {
		t.Fatal(want)
	}
	died := errors.New("died")
	for call := 1; call <= points; call++ {
		for _, after := range []bool{false, true} {
			if got := run(porttest.Plan{Call: call, After: after, Err: died, Dead: true}); got != want {
				t.Errorf("call %d, after %v:\n%s\nwant\n%s", call, after, got, want)
			}
		}
	}
	t.Logf("%d writes", points)
}
