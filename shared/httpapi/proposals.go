package httpapi

import (
	"context"
	"slices"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi/gen"
)

// number is a number that counts from 1; nil for 0, which is none.
func number(n int64) *int64 {
	if n == 0 {
		return nil
	}
	return &n
}

func proposalOf(p *app.Proposal) gen.Proposal {
	out := gen.Proposal{
		Number: p.Number, State: gen.ProposalState(p.State), Stale: p.Stale, Title: p.Title, Note: text(p.Note), Author: p.Author,
		At: moment(p.At), BaseVersion: p.Base, BaseNumber: p.BaseSequence, Version: p.Version, IncludeExisting: p.IncludeExisting,
		Rollback: number(p.Rollback), Replaces: number(p.Replaces), ReplacedBy: number(p.ReplacedBy), Reviews: []gen.ProposalReview{},
		EndedAt: instant(p.Ended), EndedBy: text(p.EndedBy), Publication: number(p.Publication), Emergency: p.Emergency,
	}
	if p.Preview != "" {
		out.Users, out.Moved = &p.Users, &p.Moved
	}
	if s := p.Seen; s != nil {
		out.Seen = &gen.PublishPreview{From: s.From, To: s.To, Users: s.Users, Moved: s.Moved}
	}
	for _, r := range p.Reviews {
		out.Reviews = append(out.Reviews, gen.ProposalReview{
			By: r.By, At: moment(r.At), Verdict: gen.ProposalVerdict(r.Verdict), Comment: text(r.Comment), Preview: text(r.Preview),
			Current: r.Preview == p.Preview,
		})
	}
	return out
}

// ListProposals answers a page of proposals, newest first.
func (s *Server) ListProposals(ctx context.Context, req gen.ListProposalsRequestObject) (gen.ListProposalsResponseObject, error) {
	limit, err := pageLimit(req.Params.Limit)
	if err != nil {
		return nil, err
	}
	all, err := s.app.Proposals(ctx)
	if err != nil {
		return nil, err
	}
	out := gen.ListProposals200JSONResponse{Proposals: []gen.Proposal{}}
	for i := range all {
		if before := value(req.Params.Before); before != 0 && all[i].Number >= before {
			continue
		}
		if len(out.Proposals) == limit {
			out.Next = &out.Proposals[limit-1].Number
			break
		}
		out.Proposals = append(out.Proposals, proposalOf(&all[i]))
	}
	return out, nil
}

// Propose stores a proposal and begins to look whom it moves.
func (s *Server) Propose(ctx context.Context, req gen.ProposeRequestObject) (gen.ProposeResponseObject, error) {
	b := req.Body
	if b == nil || (b.Text == nil) == (b.Rollback == nil) {
		return nil, fault.New(fault.Invalid, "a proposal needs a strategy").WithHint(`send {"text": YAML} or {"rollback": VERSION}`)
	}
	if err := strategySize(value(b.Text)); err != nil {
		return nil, err
	}
	p, err := s.app.Propose(ctx, app.ProposeRequest{
		Text: []byte(value(b.Text)), Title: value(b.Title), Note: value(b.Note), By: callerOf(ctx).Name, From: value(b.From),
		Rollback: value(b.Rollback), IncludeExisting: value(b.IncludeExisting), Replaces: value(b.Replaces), Seen: previewOf(b.Preview),
	})
	if err != nil {
		return nil, err
	}
	out := gen.Propose201JSONResponse{Proposal: proposalOf(&p)}
	if p.Preview != "" || s.app.Barred(&p, app.ActPreview, "") != "" { // it was stored before
		return out, nil
	}
	one, err := s.begin(ctx, gen.JobProposal, app.ProposalJob{Number: p.Number})
	if fault.Is(err, fault.Conflict) { // the job that is running looks at this one, too, before it ends
		return out, nil
	}
	out.Job = &one
	return out, err
}

// GetProposal answers a proposal with all that is needed to decide about it.
func (s *Server) GetProposal(ctx context.Context, req gen.GetProposalRequestObject) (gen.GetProposalResponseObject, error) {
	p, err := s.app.Proposal(ctx, req.Number)
	if err != nil {
		return nil, err
	}
	out := gen.GetProposal200JSONResponse{Proposal: proposalOf(&p), Actions: s.actions(ctx, &p)}
	if out.Text, err = s.app.ProposalText(ctx, &p); err != nil {
		return nil, err
	}
	d, err := s.app.ProposalDiff(ctx, &p)
	if err != nil {
		return nil, err
	}
	out.Lines, out.Changes = diffLines(d.Lines), strategyChanges(d.Changes)
	if p.Preview != "" {
		v, err := s.app.ProposalPreview(ctx, p.Preview)
		if err != nil {
			return nil, err
		}
		out.Preview = proposalPreviewOf(v)
	}
	return out, nil
}

func proposalPreviewOf(v *app.ProposalPreview) *gen.ProposalPreview {
	out := &gen.ProposalPreview{
		Hash: v.Hash, AsOf: moment(v.AsOf), From: v.From, To: v.To, Cuts: text(v.Cuts), Recut: v.Recut, Models: text(v.Models),
		Users: v.Users, Moved: v.Moved, Sizes: []gen.PreviewSize{}, Moves: []gen.PreviewMove{}, Unseen: text(v.Unseen),
	}
	for _, z := range v.Sizes {
		out.Sizes = append(out.Sizes, gen.PreviewSize{Group: gen.PreviewSizeGroup(z.Group), Name: z.Name, Before: z.Before, After: z.After})
	}
	for _, m := range v.Moves {
		out.Moves = append(out.Moves, gen.PreviewMove(m))
	}
	out.Reach = some(ruleReach(v.Reach))
	return out
}

// needed says which role an action takes: that of its route.
func needed(act app.ProposalAction) Role {
	if act == app.ActApprove || act == app.ActReject {
		act = "review"
	}
	return RoleFor("POST /v1/strategy/proposals/{number}/" + string(act))
}

// actions says what the caller may do with a proposal, and else why not.
func (s *Server) actions(ctx context.Context, p *app.Proposal) (out []gen.ProposalAction) {
	caller := callerOf(ctx)
	for _, act := range app.ProposalActions {
		bar := gen.ProposalActionBar(s.app.Barred(p, act, caller.Name))
		if bar == "" && caller.Role < needed(act) {
			bar = gen.BarRole
		}
		one := gen.ProposalAction{Action: gen.ProposalActionAction(act)}
		if bar != "" {
			one.Bar = &bar
		}
		out = append(out, one)
	}
	return out
}

// ReviewProposal approves or rejects.
func (s *Server) ReviewProposal(ctx context.Context, req gen.ReviewProposalRequestObject) (gen.ReviewProposalResponseObject, error) {
	if req.Body == nil || !slices.Contains([]gen.ProposalVerdict{gen.VerdictApprove, gen.VerdictReject}, req.Body.Verdict) {
		return nil, fault.New(fault.Invalid, "a review has a verdict").WithHint(`send {"verdict": "approve"} or {"verdict": "reject"}`)
	}
	p, err := s.app.ReviewProposal(ctx, req.Number, app.ReviewRequest{
		By: callerOf(ctx).Name, Verdict: app.Verdict(req.Body.Verdict), Comment: value(req.Body.Comment), Preview: value(req.Body.Preview),
	})
	return gen.ReviewProposal200JSONResponse(proposalOf(&p)), err
}

// WithdrawProposal takes one's own proposal back.
func (s *Server) WithdrawProposal(ctx context.Context, req gen.WithdrawProposalRequestObject) (gen.WithdrawProposalResponseObject, error) {
	p, err := s.app.WithdrawProposal(ctx, req.Number, callerOf(ctx).Name)
	return gen.WithdrawProposal200JSONResponse(proposalOf(&p)), err
}

// PreviewProposal begins to look anew whom a proposal moves.
func (s *Server) PreviewProposal(ctx context.Context, req gen.PreviewProposalRequestObject) (gen.PreviewProposalResponseObject, error) {
	if err := s.app.CheckProposal(ctx, req.Number, app.ActPreview, callerOf(ctx).Name); err != nil {
		return nil, err
	}
	one, err := s.begin(ctx, gen.JobProposal, app.ProposalJob{Number: req.Number})
	return gen.PreviewProposal202JSONResponse(one), err
}

// PublishProposal begins the publication of a proposal.
func (s *Server) PublishProposal(ctx context.Context, req gen.PublishProposalRequestObject) (gen.PublishProposalResponseObject, error) {
	by := callerOf(ctx).Name
	if err := s.app.CheckProposal(ctx, req.Number, app.ActPublish, by); err != nil {
		return nil, err
	}
	one, err := s.begin(ctx, gen.JobStrategy, app.PublishJob{Proposal: req.Number, By: by})
	return gen.PublishProposal202JSONResponse(one), err
}
