package httpapi

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"time"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi/gen"
)

// jobs runs the long work that requests began, where no worker of the host does. What it does is recorded and goes on at the next start.
type jobs struct {
	log    *slog.Logger
	ctx    context.Context
	cancel context.CancelFunc
	done   sync.WaitGroup
}

func newJobs() *jobs {
	j := &jobs{log: slog.Default()}
	j.ctx, j.cancel = context.WithCancel(context.Background())
	return j
}

// close ends all work and waits for it.
func (j *jobs) close() {
	j.cancel()
	j.done.Wait()
}

// wait returns when nothing runs any more, or when ctx ends.
func (j *jobs) wait(ctx context.Context) {
	ended := make(chan struct{})
	go func() {
		j.done.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
	}
}

// Pauses between tries of work that was cut short.
const (
	jobPause    = time.Second
	longestWait = time.Minute
)

// begin records a job, and runs it in the background unless a worker of the host does. Only one job of a kind runs at a time: another
// one is a conflict.
func (s *Server) begin(ctx context.Context, kind gen.JobKind, request any) (gen.Job, error) {
	if s.jobs.ctx.Err() != nil {
		return gen.Job{}, fault.New(fault.Unavailable, "the program is ending").WithHint("ask again when it runs")
	}
	one, err := s.app.StartJob(ctx, string(kind), request)
	if err != nil {
		return gen.Job{}, err
	}
	if !s.app.JobsElsewhere() {
		s.run(one.ID)
	}
	return jobOf(one), nil
}

// run works on a job in the background until it has ended or the server is closed.
func (s *Server) run(id string) {
	s.jobs.done.Go(func() {
		for pause := jobPause; s.jobs.ctx.Err() == nil; pause = min(2*pause, longestWait) {
			var done bool
			err := fault.Do(func() (err error) {
				done, err = s.app.RunJob(s.jobs.ctx, id)
				return err
			})
			if err != nil && s.jobs.ctx.Err() == nil {
				s.jobs.log.Error("a job could not be worked on", "job", id, "error", err)
			}
			if done {
				return
			}
			timer := time.NewTimer(pause)
			select {
			case <-timer.C:
			case <-s.jobs.ctx.Done():
				timer.Stop()
			}
		}
	})
}

// ResumeJobs goes on with the jobs that an earlier process left, in the background.
func (s *Server) ResumeJobs(ctx context.Context) error {
	ids, err := s.app.UnfinishedJobs(ctx)
	if err != nil || s.app.JobsElsewhere() {
		return err
	}
	for _, id := range ids {
		s.run(id)
	}
	return nil
}

// jobOf describes a job to clients: one that waits for a worker runs, for them.
func jobOf(one app.Job) gen.Job {
	out := gen.Job{Id: one.ID, Kind: gen.JobKind(one.Kind), Status: gen.JobRunning, Done: one.Done, Total: one.Total, Started: moment(one.Started)}
	switch one.Status {
	case app.JobDone:
		out.Status, out.Version = gen.JobDone, &one.Version
	case app.JobFailed:
		p := ProblemOf(fault.New(one.Code, "%s", one.Error).WithHint("%s", one.Hint))
		out.Status, out.Problem = gen.JobFailed, &p
	}
	if one.Kind == app.JobStrategy || one.Kind == app.JobProposal {
		var of struct{ Proposal, Number int64 }
		if json.Unmarshal(one.Request, &of) == nil {
			out.Proposal = number(max(of.Proposal, of.Number))
		}
	}
	if one.Kind == app.JobBacktest && len(one.Result) > 0 {
		var b app.ChurnBacktest
		if json.Unmarshal(one.Result, &b) == nil {
			out.Backtest = backtestOf(&b)
		}
	}
	if one.Kind == app.JobWhatIf && len(one.Result) > 0 {
		out.Whatif = &one.Result
	}
	if one.Kind == app.JobCompact && len(one.Result) > 0 {
		var r app.CompactReport
		if json.Unmarshal(one.Result, &r) == nil {
			out.Compaction = &gen.Compaction{FilesBefore: r.Before, FilesAfter: r.After, Rows: r.Rows, Sealed: r.Sealed, Forgotten: r.Forgotten}
		}
	}
	if one.Kind == app.JobReplay && len(one.Result) > 0 {
		var h app.History
		if json.Unmarshal(one.Result, &h) == nil {
			replay := ReplayOf(&h)
			out.Replay = &replay
		}
	}
	return out
}

// Compact begins to merge files of kept events.
func (s *Server) Compact(ctx context.Context, _ gen.CompactRequestObject) (gen.CompactResponseObject, error) {
	one, err := s.begin(ctx, gen.JobCompact, app.CompactJob{})
	return gen.Compact202JSONResponse(one), err
}

// ListJobs answers the long work, newest first.
func (s *Server) ListJobs(ctx context.Context, _ gen.ListJobsRequestObject) (gen.ListJobsResponseObject, error) {
	all, err := s.app.Jobs(ctx)
	if err != nil {
		return nil, err
	}
	out := gen.ListJobs200JSONResponse{Jobs: []gen.Job{}}
	for _, one := range all {
		out.Jobs = append(out.Jobs, jobOf(one))
	}
	return out, nil
}

// GetJob answers how far a job is.
func (s *Server) GetJob(ctx context.Context, req gen.GetJobRequestObject) (gen.GetJobResponseObject, error) {
	one, err := s.app.Job(ctx, req.Id)
	if err != nil {
		return nil, err
	}
	return gen.GetJob200JSONResponse(jobOf(one)), nil
}
