package app

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/weir-engine/weir/shared/fault"
)

// jobRun is one process's work on a job.
type jobRun struct {
	jobs *Jobs
	job  *Job

	mu          sync.Mutex
	done, total int64

	version string // what do made
	result  json.RawMessage
}

func (r *jobRun) progress(done, total int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done, r.total = done, total
}

// work does the job while its lease is kept and its progress noted.
func (r *jobRun) work(ctx context.Context) error {
	held, cancel := context.WithCancelCause(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.keep(held, cancel)
	}()
	err := fault.Do(func() error { return r.do(held) })
	cancel(nil)
	<-ended
	return err
}

// keep notes the progress once a second when it changed, and renews the lease in time. It ends the work when the record was taken over.
func (r *jobRun) keep(ctx context.Context, cancel context.CancelCauseFunc) {
	ticker := time.NewTicker(jobTick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		r.mu.Lock()
		done, total := r.done, r.total
		r.mu.Unlock()
		now := r.jobs.Clock()
		if done == r.job.Done && total == r.job.Total && now < r.job.Until-jobLease*3/4 {
			continue
		}
		r.job.Done, r.job.Total, r.job.Until = done, total, now+jobLease
		if err := fault.Do(func() error { return r.jobs.put(ctx, r.job) }); fault.Is(err, fault.Conflict) {
			cancel(fault.New(fault.Unavailable, "another process took over the job"))
			return
		}
	}
}

// do is the work itself. Each kind is safe to repeat; publications, snapshots and compactions go on where they were.
func (r *jobRun) do(ctx context.Context) error {
	w, job := r.jobs.Work, r.job
	read := func(into any) error {
		if err := json.Unmarshal(job.Request, into); err != nil {
			return fault.New(fault.Internal, "the job %s cannot be read", job.ID).Because(err)
		}
		return nil
	}
	switch job.Kind {
	case JobFit:
		var req FitModelsRequest
		if err := read(&req); err != nil {
			return err
		}
		set, err := w.FitModels(ctx, req, r.progress)
		if err == nil {
			r.version = set.Models.Version
		}
		return err
	case JobPublish:
		var req PublishModelsJob
		if err := read(&req); err != nil {
			return err
		}
		r.version = req.Version
		_, err := w.PublishModels(ctx, req.Version, PublishModelsRequest{Note: req.Note, Progress: func(_ string, done, total int64) { r.progress(done, total) }})
		return err
	case JobBacktest:
		var req BacktestRequest
		if err := read(&req); err != nil {
			return err
		}
		b, err := w.BacktestChurn(ctx, req, r.progress)
		if err != nil {
			return err
		}
		return r.keepResult(b)
	case JobSnapshot:
		shot, err := w.TakeSnapshot(ctx, r.progress)
		r.version = shot.Generation
		return err
	case JobStrategy:
		var req PublishJob
		if err := read(&req); err != nil {
			return err
		}
		report, err := w.Publish(ctx, PublishRequest{
			Text: []byte(req.Text), Note: req.Note, From: req.From, IncludeExisting: req.IncludeExisting, Preview: req.Preview,
			Proposal: req.Proposal, By: req.By,
			Progress: func(_ string, done, total int64) { r.progress(done, total) },
		})
		r.version = report.Version
		return err
	case JobReplay:
		var req HistoryJob
		if err := read(&req); err != nil {
			return err
		}
		h, err := w.ReplayHistory(ctx, HistoryRequest{Text: []byte(req.Text), From: req.From, To: req.To, Progress: r.progress})
		if err != nil {
			return err
		}
		return r.keepResult(h)
	case JobProposal:
		var req ProposalJob
		if err := read(&req); err != nil {
			return err
		}
		return w.PreviewProposals(ctx, req.Number, r.progress)
	case JobRebuild:
		_, err := w.Rebuild(ctx, r.progress)
		return err
	case JobCompact:
		var req CompactJob
		if err := read(&req); err != nil {
			return err
		}
		report, err := w.Compact(ctx, req.All, r.progress)
		if err != nil {
			return err
		}
		return r.keepResult(report)
	case JobWhatIf:
		var req WhatIfJob
		if err := read(&req); err != nil {
			return err
		}
		report, err := w.WhatIfStored(ctx, []byte(req.Text))
		if err != nil {
			return err
		}
		r.version = report.Tried
		return r.keepResult(report)
	}
	return fault.New(fault.Internal, "nobody knows how to do a job of the kind %q", job.Kind)
}

func (r *jobRun) keepResult(v any) (err error) {
	if r.result, err = json.Marshal(v); err != nil {
		return fault.New(fault.Internal, "the result cannot be written").Because(err)
	}
	return nil
}

// end notes how the work ended. Work that was cut short waits to be taken up; work that begins anew each time is not taken up for ever.
func (r *jobRun) end(ctx context.Context, why error) (done bool, err error) {
	one, holder := r.job, r.job.Holder
	one.Done, one.Total, one.Version, one.Result, one.Holder, one.Until = r.done, r.total, r.version, r.result, "", 0
	most := jobRuns
	if one.Kind == JobFit || one.Kind == JobBacktest || one.Kind == JobReplay || one.Kind == JobWhatIf {
		most = jobFresh
	}
	cut := ctx.Err() != nil || fault.Is(why, fault.Unavailable)
	switch {
	case why == nil:
		one.Status = JobDone
	case cut && one.Runs < most:
		one.Status, one.Handed = JobWaiting, r.jobs.Clock()
	default:
		one.Status, one.Code, one.Error, one.Hint = JobFailed, fault.CodeOf(why), why.Error(), fault.HintOf(why)
	}
	noted, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err = r.jobs.put(noted, one)
	if fault.Is(err, fault.Conflict) { // with a note of the progress that was kept, and whose answer was lost
		if stored, e := r.jobs.Job(noted, one.ID); e == nil && stored.Holder == holder && stored.Runs == one.Runs {
			one.doc = stored.doc
			err = r.jobs.put(noted, one)
		}
	}
	if err != nil {
		return false, fault.Wrap(err, "note how the job %s ended", one.ID)
	}
	if one.Code == fault.Internal {
		return true, why // for the log: the record tells nobody more than that
	}
	return one.Ended(), nil
}
