package app

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/journey"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/strategy"
)

// StrategyVersion is one publication of a strategy.
type StrategyVersion struct {
	Version         string `json:"version"` // hash of the meaning
	Sequence        int64  `json:"sequence"`
	Name            string `json:"name"`
	Text            string `json:"text"`
	Note            string `json:"note,omitempty"`
	At              int64  `json:"at"`
	IncludeExisting bool   `json:"include_existing,omitempty"`
	Proposal        int64  `json:"proposal,omitempty"`  // number of the proposal that it was; 0: none
	By              string `json:"by,omitempty"`        // who published it, where the host knows
	Emergency       bool   `json:"emergency,omitempty"` // a rollback without the approval that is demanded
}

// same reports whether a request asks for the publication as it is.
func (v *StrategyVersion) same(req PublishRequest) bool {
	return v.Text == string(req.Text) && v.Note == req.Note && v.IncludeExisting == req.IncludeExisting && v.Proposal == req.Proposal
}

// Strategy returns the published strategy.
func (a *App) Strategy(ctx context.Context) (StrategyVersion, error) {
	var v StrategyVersion
	d, err := a.getDoc(ctx, docStrategy, &v)
	if err == nil && d.Version == 0 {
		err = fault.New(fault.NotFound, "no strategy is published").WithHint("publish one with: weir strategy publish FILE")
	}
	return v, err
}

// StrategyVersions returns every publication, newest first.
func (a *App) StrategyVersions(ctx context.Context) ([]StrategyVersion, error) {
	docs, err := a.ports.Docs.List(ctx, docVersions)
	if err != nil {
		return nil, fault.Wrap(err, "list the strategies")
	}
	out := make([]StrategyVersion, len(docs))
	for i, d := range docs {
		if err := json.Unmarshal(d.Value, &out[i]); err != nil {
			return nil, fault.New(fault.Internal, "document %s cannot be read", d.Key).Because(err)
		}
	}
	slices.Reverse(out)
	return out, nil
}

// StrategyVersion returns the newest publication of a version, or the publication with that number.
func (a *App) StrategyVersion(ctx context.Context, version string) (StrategyVersion, error) {
	all, err := a.StrategyVersions(ctx)
	if err != nil {
		return StrategyVersion{}, err
	}
	for _, v := range all {
		if v.Version == version || formatInt(v.Sequence) == version {
			return v, nil
		}
	}
	return StrategyVersion{}, fault.New(fault.NotFound, "no strategy was published as %q", version).WithHint("list them with: weir strategy versions")
}

// StrategyCheck is the outcome of a validation.
type StrategyCheck struct {
	Version string
	Budget  []profile.BudgetLine
}

// ValidateStrategy checks a strategy's text. The error of a wrong one is Invalid and holds *strategy.Errors.
func (a *App) ValidateStrategy(_ context.Context, text []byte) (StrategyCheck, error) {
	l, err := a.compileText(text)
	if err != nil {
		return StrategyCheck{}, err
	}
	if err := checkTemplates(l.Engine.Strategy()); err != nil {
		return StrategyCheck{}, err
	}
	return StrategyCheck{Version: l.Version, Budget: l.Engine.Schema().Budget()}, nil
}

// StrategyDiff compares two texts.
type StrategyDiff struct {
	From, To string // versions; To is "" when the text has mistakes
	Lines    []strategy.DiffLine
	Changes  []strategy.Change
	Reach    []RuleReach
}

// RuleReach is the number of existing users whom a rule with include_existing would message at its publication.
type RuleReach struct {
	Rule  string
	Users int64
}

// DiffStrategy compares the published strategy, or the version from, with a text. A text with mistakes still has its lines
// compared; the error says what is wrong.
func (a *App) DiffStrategy(ctx context.Context, from string, text []byte) (StrategyDiff, error) {
	old, err := a.Strategy(ctx)
	if from != "" {
		old, err = a.StrategyVersion(ctx, from)
	}
	if err != nil {
		return StrategyDiff{}, err
	}
	d := StrategyDiff{From: old.Version, Lines: strategy.DiffLines([]byte(old.Text), text)}
	before, err := strategy.Parse([]byte(old.Text))
	if err != nil {
		return d, err
	}
	l, err := a.compileText(text)
	if err != nil {
		return d, err
	}
	d.To, d.Changes = l.Version, strategy.Changes(before, l.Engine.Strategy())
	models, err := a.ports.Docs.Get(ctx, docModels)
	if err != nil {
		return d, fault.Wrap(err, "read which models are in force")
	}
	if err := a.takeModels(ctx, l, models); err != nil {
		return d, err
	}
	d.Reach, err = a.reach(ctx, l)
	return d, err
}

// reach counts the users whom the publication of a strategy with include_existing would message.
func (a *App) reach(ctx context.Context, l *Live) ([]RuleReach, error) {
	counts := map[string]int64{}
	asOf, err := a.AsOf(ctx, 0)
	if err != nil {
		return nil, err
	}
	cuts, err := a.computeCuts(ctx, l, asOf, nil)
	if err != nil {
		return nil, err
	}
	err = a.eachFactsAnyOrder(ctx, l, asOf, func(key string, f *profile.Facts, s *profile.State) error {
		for _, in := range journey.Decide(l.Engine, key, f, s, cuts, asOf, true).Intents {
			counts[in.Rule]++
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var out []RuleReach
	for _, r := range l.Engine.Strategy().Outreach.Rules {
		if r.IncludeExisting {
			out = append(out, RuleReach{Rule: r.Name, Users: counts[r.Name]})
		}
	}
	return out, nil
}

// PublishRequest is a strategy to put into force.
type PublishRequest struct {
	Text            []byte
	Note            string
	From            string   // version the author started from; "" does not check
	IncludeExisting bool     // approves the include_existing of the rules
	Preview         *Preview // what the author saw of it; nil does not check
	Proposal        int64    // publishes this proposal, which says what stands above; 0: none
	By              string   // who publishes, where the host knows
	emergency       bool     // see StrategyVersion
	Progress        func(phase string, done, total int64)
}

// Preview is what somebody saw of a strategy before approving it: who would move, under exactly these versions.
type Preview struct {
	From  string `json:"from"`  // the version in force then
	To    string `json:"to"`    // the version that was tried
	Users int64  `json:"users"` // in the base
	Moved int64  `json:"moved"` // into another stage
}

// PublishReport is the outcome of a publication.
type PublishReport struct {
	StrategyVersion
	Rebuilt  RebuildReport
	Rescored SweepReport
}

// Publish puts a strategy into force: it refolds FACTS when the new strategy extracts others, publishes new cuts and sets
// every user's STATE as a baseline, so that nobody is messaged unless include_existing was approved. It can be killed at any moment and
// called again with the same request: it goes on where it was. Until it has passed a user, the rules of the version before have
// decided last about that user, and whatever decides next sets the baseline.
//
// Errors: Invalid for a text with mistakes; Conflict when another version than From is in force, or when more than 1 % fewer or more
// users would move than in the preview; of a proposal those of its bars; Forbidden without one where approval is demanded.
func (a *App) Publish(ctx context.Context, req PublishRequest) (PublishReport, error) {
	ctx, release, err := a.exclusive(ctx)
	if err != nil {
		return PublishReport{}, err
	}
	defer release()
	defer a.forgetBase()
	if req.Progress == nil {
		req.Progress = func(string, int64, int64) {}
	}
	if err := a.mayPublish(&req); err != nil {
		return PublishReport{}, err
	}
	if req.Proposal != 0 {
		p, err := a.takeProposal(ctx, &req)
		if err != nil {
			return PublishReport{}, err
		}
		if report, done, err := a.publishedAlready(ctx, &p); done || err != nil {
			return report, err
		}
	}
	v, err := a.putInForce(ctx, req)
	if req.Proposal != 0 {
		if failed := a.endProposal(ctx, req.Proposal); err == nil {
			err = failed
		}
	}
	if err != nil {
		return PublishReport{}, err
	}
	report := PublishReport{StrategyVersion: v}
	live, err := a.Live(ctx)
	if err != nil {
		return report, err
	}
	report.Rebuilt, err = a.refold(ctx, live, func(done, total int64) { req.Progress("rebuild", done, total) })
	if err != nil {
		return report, err
	}
	report.Rescored, err = a.rescore(ctx, live, req)
	return report, err
}

// putInForce checks a strategy and puts it into force. One that a call which died has put into force passes the checks that were for the
// version before.
func (a *App) putInForce(ctx context.Context, req PublishRequest) (StrategyVersion, error) {
	old, err := a.Live(ctx)
	if err != nil {
		return StrategyVersion{}, err
	}
	again, err := a.rescoring(ctx, old, req)
	if err != nil {
		return StrategyVersion{}, err
	}
	if again {
		return a.Strategy(ctx)
	}
	if err := a.CheckPublish(ctx, req); err != nil {
		return StrategyVersion{}, err
	}
	if err := a.checkPreview(ctx, req); err != nil {
		return StrategyVersion{}, err
	}
	return a.publication(ctx, req, old)
}

// CheckPublish refuses what Publish would refuse without looking at the users.
func (a *App) CheckPublish(ctx context.Context, req PublishRequest) error {
	if err := a.mayPublish(&req); err != nil {
		return err
	}
	current, err := a.Strategy(ctx)
	if err != nil {
		return err
	}
	if req.From != "" && req.From != current.Version {
		return fault.New(fault.Conflict, "the strategy in force is %s now, not %s", current.Version, req.From).
			WithHint("look at the difference, take over what changed, and publish again")
	}
	check, err := a.ValidateStrategy(ctx, req.Text)
	if err != nil {
		return err
	}
	if p := req.Preview; p != nil && (p.From != current.Version || p.To != check.Version) {
		return fault.New(fault.Conflict, "the preview was of %s after %s, and not of %s after %s", p.To, p.From, check.Version, current.Version).
			WithHint("look at the preview again, then publish")
	}
	return nil
}

// previewShare is by how much the moves may differ from the preview: one in so many.
const previewShare = 100

// checkPreview asks again when other users would move than the author saw.
func (a *App) checkPreview(ctx context.Context, req PublishRequest) error {
	if req.Preview == nil {
		return nil
	}
	now, err := a.WhatIf(ctx, WhatIfRequest{Text: req.Text, Progress: func(done, total int64) { req.Progress("preview", done, total) }})
	if err != nil {
		return fault.Wrap(err, "compare with the preview")
	}
	moved := now.Moved()
	if off := max(moved-req.Preview.Moved, req.Preview.Moved-moved); off*previewShare > max(moved, req.Preview.Moved) {
		return fault.New(fault.Conflict, "%d of %d users would move now; the preview said %d of %d", moved, now.Report.Users, req.Preview.Moved, req.Preview.Users).
			WithHint("nothing was published: look at the preview again, then publish")
	}
	return nil
}

// publication puts the text into force. The same text with the same approval as the one in force is no new publication: a
// call that died is repeated so.
func (a *App) publication(ctx context.Context, req PublishRequest, old *Live) (StrategyVersion, error) {
	current, err := a.Strategy(ctx)
	if err != nil {
		return current, err
	}
	if current.same(req) {
		return current, a.putDoc(ctx, docRescore, rescoreDoc{Sequence: current.Sequence})
	}
	next, err := a.compileText(req.Text)
	if err != nil {
		return current, err
	}
	if next.Engine.Schema().Fingerprint() != old.Engine.Schema().Fingerprint() {
		if err := a.allFolded(ctx, ""); err != nil {
			return current, err
		}
		if err := a.folded(ctx, old); err != nil {
			return current, err
		}
	}
	if err := a.putDoc(ctx, docRescore, rescoreDoc{Sequence: current.Sequence + 1}); err != nil {
		return current, err
	}
	return a.putStrategy(ctx, req, old.strategy)
}

// folded records which strategy's extraction FACTS hold, unless it is recorded already.
func (a *App) folded(ctx context.Context, l *Live) error {
	return a.changeBase(ctx, func(b *baseDoc) {
		if b.Folded == "" {
			b.Folded = l.Engine.Schema().Fingerprint()
		}
	})
}

// allFolded refuses while a file other than but is half folded: its canonical rows may stand already while its users do not, and whoever
// folds the rows anew would have them counted twice when the file goes on.
func (a *App) allFolded(ctx context.Context, except string) error {
	for after := ""; ; {
		page, err := a.ports.Ledger.Files(ctx, after, 1000)
		if err != nil {
			return fault.Wrap(err, "read the ledger")
		}
		if len(page) == 0 {
			return nil
		}
		for _, f := range page {
			if f.Status == FileRunning && f.Chunks > 0 && f.ID != except {
				return fault.New(fault.Conflict, "the import of %s was interrupted and is half done", f.Name).
					WithHint("finish it first: import the same file again")
			}
		}
		after = page[len(page)-1].ID
	}
}

// putStrategy stores a publication and puts it into force.
func (a *App) putStrategy(ctx context.Context, req PublishRequest, current Doc) (StrategyVersion, error) {
	s, err := strategy.Parse(req.Text)
	if err != nil {
		return StrategyVersion{}, err
	}
	now, err := a.now(ctx)
	if err != nil {
		return StrategyVersion{}, err
	}
	var before StrategyVersion
	if current.Version > 0 {
		if err := json.Unmarshal(current.Value, &before); err != nil {
			return StrategyVersion{}, fault.New(fault.Internal, "the published strategy cannot be read").Because(err)
		}
	}
	v := StrategyVersion{
		Version: s.Version(), Sequence: before.Sequence + 1, Name: s.Name, Text: string(req.Text), Note: req.Note, At: now,
		IncludeExisting: req.IncludeExisting, Proposal: req.Proposal, By: req.By, Emergency: req.emergency,
	}
	value, err := json.Marshal(v)
	if err != nil {
		return v, fault.New(fault.Internal, "the strategy cannot be written").Because(err)
	}
	key := fmt.Sprintf("%s%010d", docVersions, v.Sequence)
	kept, err := a.ports.Docs.Get(ctx, key)
	if err != nil {
		return v, fault.Wrap(err, "read %s", key)
	}
	if err := a.ports.Docs.Put(ctx, Doc{Key: key, Version: kept.Version, Value: value, At: now}); err != nil {
		return v, fault.Wrap(err, "store the strategy")
	}
	err = a.ports.Docs.Put(ctx, Doc{Key: docStrategy, Version: current.Version, Value: value, At: now})
	if fault.Is(err, fault.Conflict) {
		return v, fault.New(fault.Conflict, "somebody published another strategy at the same time").WithHint("look at the difference and publish again")
	}
	return v, err
}
