package app

import (
	"context"

	"github.com/weir-engine/weir/shared/fault"
)

// mayPublish refuses a strategy that comes into force without a proposal where approval is demanded.
func (a *App) mayPublish(req *PublishRequest) error {
	if a.approval && req.Proposal == 0 {
		return fault.New(fault.Forbidden, "a strategy comes into force here when another person has approved it").
			WithHint("propose it: weir strategy propose FILE")
	}
	return nil
}

// takeProposal takes a proposal for a publication: from now on nobody reviews it or takes it back. It fills in what is published. A
// proposal that a call which died has put into force is taken again.
func (a *App) takeProposal(ctx context.Context, req *PublishRequest) (Proposal, error) {
	p, err := a.changeProposal(ctx, req.Proposal, func(p *Proposal) error {
		if p.State == ProposalPublished {
			return nil
		}
		if bar := a.Barred(p, ActPublish, req.By); bar != "" {
			return bar.fault(p)
		}
		p.State = ProposalPublishing
		return nil
	})
	if err != nil {
		return p, err
	}
	text, err := a.ProposalText(ctx, &p)
	if err != nil {
		return p, err
	}
	req.Text, req.Note, req.From, req.IncludeExisting = []byte(text), p.Title, p.Base, p.IncludeExisting
	req.emergency = a.approval && !p.approved(true)
	if p.Preview == "" || req.emergency {
		req.Preview = nil
		return p, nil
	}
	seen, err := a.ProposalPreview(ctx, p.Preview)
	req.Preview = seen.check()
	return p, err
}

// endProposal notes what became of a publication: the proposal is published, or can be reviewed again. Whether it was published the
// publication itself says: a process that dies before this is missed by nobody.
func (a *App) endProposal(ctx context.Context, number int64) error {
	_, err := a.changeProposal(context.WithoutCancel(ctx), number, func(p *Proposal) error {
		if p.State == ProposalPublishing {
			if p.State = ProposalOpen; p.approved(a.approval) {
				p.State = ProposalApproved
			}
		}
		return nil
	})
	return err
}

// publishedAlready returns the publication of a proposal that is in force with everyone scored under it: done.
func (a *App) publishedAlready(ctx context.Context, p *Proposal) (report PublishReport, done bool, err error) {
	if p.State != ProposalPublished {
		return report, false, nil
	}
	if report.StrategyVersion, err = a.Strategy(ctx); err != nil {
		return report, false, err
	}
	if report.Sequence != p.Publication {
		return report, false, BarEnded.fault(p)
	}
	r, err := a.Rescoring(ctx)
	return report, r.Finished, err
}
