package httpapi

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"slices"
	"sync"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi/gen"
)

// keptJobs is how many ended jobs stay to be asked for.
const keptJobs = 20

// jobs are the long work that requests began. They live as long as the process; what they do is safe to begin again.
type jobs struct {
	log    *slog.Logger
	ctx    context.Context
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu   sync.Mutex
	list []*job // oldest first
}

// job is one piece of long work.
type job struct {
	gen.Job
}

func newJobs() *jobs {
	j := &jobs{log: slog.Default()}
	j.ctx, j.cancel = context.WithCancel(context.Background())
	return j
}

// close ends all jobs and waits for them.
func (j *jobs) close() {
	j.cancel()
	j.done.Wait()
}

// wait returns when no job runs any more, or when ctx ends.
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

// work does a job: it reports how far it is, and returns what to note in the job at its end.
type work func(ctx context.Context, progress func(done, total int64)) (finish func(*gen.Job), err error)

// begin runs work in the background, by the clock of the base. Only one job of a kind runs at a time: another one is a conflict.
func (s *Server) begin(ctx context.Context, kind gen.JobKind, do work) (gen.Job, error) {
	clock, err := s.app.Clock(ctx)
	if err != nil {
		return gen.Job{}, err
	}
	return s.jobs.begin(kind, clock.Now, do)
}

func (j *jobs) begin(kind gen.JobKind, now int64, do work) (gen.Job, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.ctx.Err() != nil {
		return gen.Job{}, fault.New(fault.Unavailable, "the program is ending").WithHint("ask again when it runs")
	}
	for _, other := range j.list {
		if other.Kind == kind && other.Status == gen.JobRunning {
			return gen.Job{}, fault.New(fault.Conflict, "a job of this kind is running already").WithHint("wait for the job %s to end", other.Id)
		}
	}
	one := &job{gen.Job{Id: newJobID(), Kind: kind, Status: gen.JobRunning, Started: moment(now)}}
	j.list = append(j.list, one)
	if len(j.list) > keptJobs {
		if i := slices.IndexFunc(j.list, func(o *job) bool { return o.Status != gen.JobRunning }); i >= 0 {
			j.list = slices.Delete(j.list, i, i+1)
		}
	}
	j.done.Go(func() {
		finish, err := do(j.ctx, func(done, total int64) {
			j.mu.Lock()
			defer j.mu.Unlock()
			one.Done, one.Total = done, total
		})
		j.end(one, finish, err)
	})
	return one.Job, nil
}

func (j *jobs) end(one *job, finish func(*gen.Job), err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err != nil {
		p := ProblemOf(err)
		one.Status, one.Problem = gen.JobFailed, &p
		if fault.CodeOf(err) == fault.Internal && j.ctx.Err() == nil {
			j.log.Error("a job failed", "job", one.Id, "kind", one.Kind, "error", err)
		}
		return
	}
	one.Status = gen.JobDone
	if finish != nil {
		finish(&one.Job)
	}
}

func (j *jobs) all() []gen.Job {
	j.mu.Lock()
	defer j.mu.Unlock()
	out := []gen.Job{}
	for _, one := range slices.Backward(j.list) {
		out = append(out, one.Job)
	}
	return out
}

func newJobID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// ListJobs answers the long work of this process.
func (s *Server) ListJobs(context.Context, gen.ListJobsRequestObject) (gen.ListJobsResponseObject, error) {
	return gen.ListJobs200JSONResponse{Jobs: s.jobs.all()}, nil
}

// GetJob answers how far a job is.
func (s *Server) GetJob(_ context.Context, req gen.GetJobRequestObject) (gen.GetJobResponseObject, error) {
	for _, one := range s.jobs.all() {
		if one.Id == req.Id {
			return gen.GetJob200JSONResponse(one), nil
		}
	}
	return nil, fault.New(fault.NotFound, "there is no job %q", req.Id).
		WithHint("jobs end with the program that runs them: if it was restarted, begin again")
}
