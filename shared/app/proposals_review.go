package app

import (
	"context"

	"github.com/weir-engine/weir/shared/fault"
)

// ProposalAction is what somebody does with a proposal.
type ProposalAction string

// The actions. Who reviews, approves or rejects.
const (
	ActApprove  ProposalAction = "approve"
	ActReject   ProposalAction = "reject"
	ActWithdraw ProposalAction = "withdraw"
	ActPreview  ProposalAction = "preview" // look anew whom it moves
	ActPublish  ProposalAction = "publish"
)

// ProposalActions are all of them.
var ProposalActions = []ProposalAction{ActApprove, ActReject, ActWithdraw, ActPreview, ActPublish}

// Bar is why somebody may not do something with a proposal now; "" when they may.
type Bar string

// The bars.
const (
	BarEnded      Bar = "ended"      // nothing can be done with it any more
	BarPublishing Bar = "publishing" // a publication has taken it
	BarStale      Bar = "stale"      // it was written against a version that is not in force any more
	BarOwn        Bar = "own"        // it takes another person than the author
	BarOthers     Bar = "others"     // it takes the author
	BarPreview    Bar = "preview"    // nobody knows yet whom it moves
	BarUnapproved Bar = "unapproved" // it takes an approval
)

// fault is the error of a bar.
func (b Bar) fault(p *Proposal) error {
	switch b {
	case BarEnded:
		return fault.New(fault.Conflict, "proposal %d is %s", p.Number, p.State).WithHint("propose again: weir strategy propose FILE --replaces %d", p.Number)
	case BarPublishing:
		return fault.New(fault.Conflict, "proposal %d is being published", p.Number).WithHint("see: weir strategy status")
	case BarStale:
		return fault.New(fault.Conflict, "proposal %d was written against %s, which is not in force any more", p.Number, p.Base).
			WithHint("take over what changed since, and propose that in its place: weir strategy propose FILE --replaces %d", p.Number)
	case BarOwn:
		return fault.New(fault.Forbidden, "proposal %d is approved by another person than its author", p.Number).WithHint("ask another approver")
	case BarOthers:
		return fault.New(fault.Forbidden, "proposal %d is withdrawn by its author", p.Number).WithHint("an approver may reject it")
	case BarPreview:
		return fault.New(fault.Conflict, "nobody has seen yet whom proposal %d moves", p.Number).WithHint("look first: weir strategy preview %d", p.Number)
	case BarUnapproved:
		return fault.New(fault.Forbidden, "proposal %d is not approved", p.Number).WithHint("ask another person than its author: weir strategy approve %d", p.Number)
	}
	return nil
}

// NeedsApproval reports whether a strategy comes into force by an approved proposal alone.
func (a *App) NeedsApproval() bool { return a.approval }

// approved reports whether an approval holds: one of the preview that the proposal has, by another person than the author where that
// is demanded.
func (p *Proposal) approved(demanded bool) bool {
	for _, r := range p.Reviews {
		if r.Verdict == VerdictApprove && r.Preview == p.Preview && (r.By != p.Author || !demanded) {
			return true
		}
	}
	return false
}

// Barred says why somebody may not do something with a proposal. Which role it takes is another matter.
func (a *App) Barred(p *Proposal, act ProposalAction, by string) Bar {
	switch {
	case act == ActPublish && p.State == ProposalPublishing && !p.Stale: // one that died is repeated
	case !p.Live():
		return BarEnded
	case p.State == ProposalPublishing && !p.Stale:
		return BarPublishing
	}
	switch act {
	case ActApprove:
		switch {
		case p.Stale:
			return BarStale
		case a.approval && by == p.Author:
			return BarOwn
		case p.Preview == "":
			return BarPreview
		}
	case ActWithdraw:
		if by != p.Author {
			return BarOthers
		}
	case ActPreview:
		if p.Stale {
			return BarStale
		}
	case ActPublish:
		switch {
		case p.Stale:
			return BarStale
		case a.approval && p.Rollback == 0 && !p.approved(true):
			return BarUnapproved
		}
	}
	return ""
}

// CheckProposal is the error of what bars somebody.
func (a *App) CheckProposal(ctx context.Context, number int64, act ProposalAction, by string) error {
	p, err := a.Proposal(ctx, number)
	if err != nil {
		return err
	}
	return a.Barred(&p, act, by).fault(&p)
}

// ReviewRequest is what somebody says of a proposal.
type ReviewRequest struct {
	By      string
	Verdict Verdict
	Comment string
	Preview string // hash of the preview that the reviewer saw; "" for the one that is there
}

// ReviewProposal adds a review. Approving one that is approved adds to it; a rejection is the end. Saying the same again changes nothing.
//
// Errors: Conflict for a proposal that has ended, is stale, is being published, or whose preview is another one than was seen; Forbidden
// for an author's own approval, where another person's is demanded.
func (a *App) ReviewProposal(ctx context.Context, number int64, req ReviewRequest) (Proposal, error) {
	if len(req.Comment) > maxProposalNote {
		return Proposal{}, fault.New(fault.TooLarge, "the comment is too long").WithHint("it has at most %d bytes", maxProposalNote)
	}
	act := ActApprove
	if req.Verdict == VerdictReject {
		act = ActReject
	}
	now, err := a.now(ctx)
	if err != nil {
		return Proposal{}, err
	}
	return a.changeProposal(ctx, number, func(p *Proposal) error {
		review := Review{By: req.By, At: now, Verdict: req.Verdict, Comment: req.Comment, Preview: p.Preview}
		if n := len(p.Reviews); n > 0 && p.State != ProposalOpen && p.Reviews[n-1].sameAs(&review) {
			return nil
		}
		if bar := a.Barred(p, act, req.By); bar != "" {
			return bar.fault(p)
		}
		if req.Preview != "" && req.Preview != p.Preview {
			return fault.New(fault.Conflict, "the users were looked at anew since").WithHint("look at the preview again, then decide")
		}
		if len(p.Reviews) >= maxProposalReviews {
			return fault.New(fault.TooLarge, "proposal %d has %d reviews already", number, len(p.Reviews)).WithHint("propose it again")
		}
		p.Reviews = append(p.Reviews, review)
		if p.State = ProposalApproved; req.Verdict == VerdictReject {
			p.State, p.Ended, p.EndedBy = ProposalRejected, now, req.By
		}
		return nil
	})
}

func (r *Review) sameAs(other *Review) bool {
	return r.By == other.By && r.Verdict == other.Verdict && r.Comment == other.Comment && r.Preview == other.Preview
}

// WithdrawProposal takes a proposal back; its author may.
func (a *App) WithdrawProposal(ctx context.Context, number int64, by string) (Proposal, error) {
	now, err := a.now(ctx)
	if err != nil {
		return Proposal{}, err
	}
	return a.changeProposal(ctx, number, func(p *Proposal) error {
		if p.State == ProposalWithdrawn && p.EndedBy == by {
			return nil
		}
		if bar := a.Barred(p, ActWithdraw, by); bar != "" {
			return bar.fault(p)
		}
		p.State, p.Ended, p.EndedBy = ProposalWithdrawn, now, by
		return nil
	})
}
