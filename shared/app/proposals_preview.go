package app

import (
	"context"
	"encoding/json"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/whatif"
)

// ProposalPreview is whom a proposal would move, under exactly these versions at this moment. It never changes.
type ProposalPreview struct {
	Hash   string        `json:"-"` // of all that follows
	AsOf   int64         `json:"as_of"`
	From   string        `json:"from"` // the version in force
	To     string        `json:"to"`   // the version that is proposed
	Cuts   string        `json:"cuts,omitempty"`
	Recut  bool          `json:"recut,omitempty"` // the proposal's own cuts were computed from the base
	Models string        `json:"models,omitempty"`
	Users  int64         `json:"users"`
	Moved  int64         `json:"moved"` // into another stage
	Sizes  []PreviewSize `json:"sizes,omitempty"`
	Moves  []PreviewMove `json:"moves,omitempty"` // between stages, without those who stay
	Reach  []RuleReach   `json:"reach,omitempty"` // whom include_existing would message
	// Unseen says why users cannot be looked at before the publication; "" when they were. The numbers are zero then.
	Unseen string `json:"unseen,omitempty"`
}

// PreviewSize is how many users stand under a name.
type PreviewSize struct {
	Group  string `json:"group"` // stage, tier, rfm, tag or segment
	Name   string `json:"name"`
	Before int64  `json:"before"`
	After  int64  `json:"after"`
}

// PreviewMove is how many users go from one stage to another.
type PreviewMove struct {
	From  string `json:"from"`
	To    string `json:"to"`
	Users int64  `json:"users"`
}

// check is what a publication compares with; nil when nothing was seen.
func (v *ProposalPreview) check() *Preview {
	if v == nil || v.Unseen != "" {
		return nil
	}
	return &Preview{From: v.From, To: v.To, Users: v.Users, Moved: v.Moved}
}

// ProposalPreview returns a preview by its hash.
func (a *App) ProposalPreview(ctx context.Context, hash string) (*ProposalPreview, error) {
	v := &ProposalPreview{Hash: hash}
	d, err := a.getDoc(ctx, docProposalPreviews+hash, v)
	if err == nil && hashHex(d.Value) != hash {
		err = fault.New(fault.Internal, "the preview %s is not what was seen", hash)
	}
	return v, err
}

// PreviewProposal looks whom a proposal moves, and keeps it with the proposal. When other users move than before, approvals of the
// preview before hold no more. Conflict for a proposal that has ended or is stale.
func (a *App) PreviewProposal(ctx context.Context, number int64, progress func(done, total int64)) (Proposal, error) {
	p, err := a.Proposal(ctx, number)
	if err != nil {
		return p, err
	}
	if bar := a.Barred(&p, ActPreview, ""); bar != "" {
		return p, bar.fault(&p)
	}
	text, err := a.ProposalText(ctx, &p)
	if err != nil {
		return p, err
	}
	v, err := a.previewOf(ctx, &p, []byte(text), progress)
	if err != nil {
		return p, err
	}
	if err := a.keepPreview(ctx, v); err != nil {
		return p, err
	}
	return a.changeProposal(ctx, number, func(p *Proposal) error {
		if bar := a.Barred(p, ActPreview, ""); bar != "" {
			return bar.fault(p)
		}
		p.Preview, p.Users, p.Moved = v.Hash, v.Users, v.Moved
		if p.State == ProposalApproved && !p.approved(false) {
			p.State = ProposalOpen
		}
		return nil
	})
}

// PreviewProposals looks whom a proposal moves, and then whom those move of which nobody knows it yet.
func (a *App) PreviewProposals(ctx context.Context, number int64, progress func(done, total int64)) error {
	for number != 0 {
		if _, err := a.PreviewProposal(ctx, number, progress); err != nil {
			return err
		}
		all, err := a.Proposals(ctx)
		if err != nil {
			return err
		}
		number = 0
		for _, p := range all {
			if p.Preview == "" && a.Barred(&p, ActPreview, "") == "" {
				number = p.Number
			}
		}
	}
	return nil
}

func (a *App) keepPreview(ctx context.Context, v *ProposalPreview) error {
	value, err := json.Marshal(v)
	if err != nil {
		return fault.New(fault.Internal, "the preview cannot be written").Because(err)
	}
	v.Hash = hashHex(value)
	err = a.ports.Docs.Put(ctx, Doc{Key: docProposalPreviews + v.Hash, Value: value, At: a.ports.Clock()})
	if fault.Is(err, fault.Conflict) { // it is there
		return nil
	}
	return wrapped(err, "keep the preview")
}

// previewOf evaluates the whole base. A strategy that counts what is not folded yet has a preview that says so.
func (a *App) previewOf(ctx context.Context, p *Proposal, text []byte, progress func(done, total int64)) (*ProposalPreview, error) {
	live, err := a.Live(ctx)
	if err != nil {
		return nil, err
	}
	v := &ProposalPreview{From: live.Version, To: p.Version, Cuts: cutsVersionOf(live), Models: live.Engine.Version()}
	if v.AsOf, err = a.AsOf(ctx, 0); err != nil {
		return nil, err
	}
	w, err := a.WhatIf(ctx, WhatIfRequest{Text: text, AsOf: v.AsOf, Progress: progress})
	switch {
	case fault.Is(err, fault.Invalid): // the text itself is valid: it was proposed
		v.Unseen = err.Error()
	case err != nil:
		return nil, err
	default:
		v.From, v.Recut, v.Users, v.Moved = w.Published, w.Recut, w.Report.Users, w.Moved()
		v.Sizes, v.Moves = sizesOf(w.Report), movesOf(&w.Report.Stage)
	}
	l, err := a.compileText(text)
	if err == nil {
		v.Reach, err = a.reachOf(ctx, l)
	}
	return v, err
}

// reachOf counts whom include_existing would message, where any rule asks for it.
func (a *App) reachOf(ctx context.Context, l *Live) ([]RuleReach, error) {
	for _, r := range l.Engine.Strategy().Outreach.Rules {
		if r.IncludeExisting {
			models, err := a.ports.Docs.Get(ctx, docModels)
			if err != nil {
				return nil, fault.Wrap(err, "read which models are in force")
			}
			if err := a.takeModels(ctx, l, models); err != nil {
				return nil, err
			}
			return a.reach(ctx, l)
		}
	}
	return nil, nil
}

func cutsVersionOf(l *Live) string {
	if l.Cuts == nil {
		return ""
	}
	return l.Cuts.Version
}

func sizesOf(r *whatif.Report) (out []PreviewSize) {
	add := func(group, name string, before, after int64) {
		if before != 0 || after != 0 {
			out = append(out, PreviewSize{group, name, before, after})
		}
	}
	for _, g := range []struct {
		name string
		of   *whatif.Group
	}{{"stage", &r.Stage}, {"tier", &r.Tier}, {"rfm", &r.RFM}} {
		for i, name := range g.of.Names {
			add(g.name, name, g.of.Old[i].Users, g.of.New[i].Users)
		}
	}
	for _, m := range r.Tags {
		add("tag", m.Name, m.Old.Users, m.New.Users)
	}
	for _, m := range r.Segments {
		add("segment", m.Name, m.Old.Users, m.New.Users)
	}
	return out
}

func movesOf(g *whatif.Group) (out []PreviewMove) {
	for i, row := range g.Moves {
		for j, sum := range row {
			if i != j && sum.Users > 0 {
				out = append(out, PreviewMove{g.Names[i], g.Names[j], sum.Users})
			}
		}
	}
	return out
}
