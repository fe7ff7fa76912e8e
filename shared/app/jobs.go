package app

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/zone"
)

// Kinds of jobs: work that takes longer than a request may.
const (
	JobFit      = "fit"      // FitModelsRequest; a version
	JobPublish  = "publish"  // of models; a version
	JobBacktest = "backtest" // BacktestRequest; a ChurnBacktest
	JobSnapshot = "snapshot" // a generation
	JobStrategy = "strategy" // PublishJob; a version
	JobReplay   = "replay"   // HistoryJob; a History
	JobRebuild  = "rebuild"
	JobProposal = "proposal" // ProposalJob: whom proposals move
	JobCompact  = "compact"  // CompactJob; a CompactReport
	JobWhatIf   = "whatif"   // WhatIfJob; a WhatIfReport
	jobsKept    = 8          // of a kind
	jobLease    = 60_000     // milliseconds
	jobStalled  = 60_000     // after its lease: whoever ran it is gone
	jobRuns     = 200        // how often work that keeps its place is taken up
	jobFresh    = 3          // and work that begins anew each time
	jobTick     = time.Second
	docJobs     = "job/"
	jobHere     = "here" // the holder where no other process writes
)

// JobStatus is how far a job has come.
type JobStatus string

// The statuses of a job.
const (
	JobWaiting JobStatus = "waiting"
	JobRunning JobStatus = "running"
	JobDone    JobStatus = "done"
	JobFailed  JobStatus = "failed"
)

// Job is the record of long work. It is a document, so that every process of a base sees it.
type Job struct {
	ID      string          `json:"id"` // kind-number
	Kind    string          `json:"kind"`
	Number  int64           `json:"number"` // counts the jobs of a kind from 1
	Status  JobStatus       `json:"status"`
	Request json.RawMessage `json:"request,omitempty"`
	Done    int64           `json:"done"`
	Total   int64           `json:"total"`
	Started int64           `json:"started"`           // by the clock of the base
	Version string          `json:"version,omitempty"` // of what was made
	Result  json.RawMessage `json:"result,omitempty"`
	Code    fault.Code      `json:"code,omitempty"` // of a failed one
	Error   string          `json:"error,omitempty"`
	Hint    string          `json:"hint,omitempty"`
	Runs    int             `json:"runs"`             // how often it was taken up
	Holder  string          `json:"holder,omitempty"` // who works on it
	Until   int64           `json:"until,omitempty"`  // the end of the lease, by the host's clock
	Handed  int64           `json:"handed,omitempty"` // when it was last handed to a worker

	doc Doc
}

// Ended reports whether nothing of the job is left to do.
func (j *Job) Ended() bool { return j.Status == JobDone || j.Status == JobFailed }

// JobWork does the work of jobs. *App is one.
type JobWork interface {
	FitModels(ctx context.Context, req FitModelsRequest, progress func(done, total int64)) (*ModelSet, error)
	PublishModels(ctx context.Context, version string, req PublishModelsRequest) (PublishModelsReport, error)
	BacktestChurn(ctx context.Context, req BacktestRequest, progress func(done, total int64)) (*ChurnBacktest, error)
	TakeSnapshot(ctx context.Context, progress func(done, total int64)) (StoredSnapshot, error)
	Publish(ctx context.Context, req PublishRequest) (PublishReport, error)
	ReplayHistory(ctx context.Context, req HistoryRequest) (*History, error)
	Rebuild(ctx context.Context, progress func(done, total int64)) (RebuildReport, error)
	PreviewProposals(ctx context.Context, number int64, progress func(done, total int64)) error
	Compact(ctx context.Context, all bool, progress func(done, total int64)) (CompactReport, error)
	WhatIfStored(ctx context.Context, text []byte) (*WhatIfReport, error)
}

var _ JobWork = (*App)(nil)

// PublishJob asks for a publication of a strategy.
type PublishJob struct {
	Text            string   `json:"text"`
	Note            string   `json:"note,omitempty"`
	From            string   `json:"from,omitempty"`
	IncludeExisting bool     `json:"include_existing,omitempty"`
	Preview         *Preview `json:"preview,omitempty"`
	Proposal        int64    `json:"proposal,omitempty"` // says what stands above
	By              string   `json:"by,omitempty"`
}

// ProposalJob asks whom a proposal moves.
type ProposalJob struct {
	Number int64 `json:"number"`
}

// HistoryJob asks to run history again.
type HistoryJob struct {
	Text string   `json:"text"`
	From zone.Day `json:"from"`
	To   zone.Day `json:"to"`
}

// CompactJob asks to merge canonical files.
type CompactJob struct {
	All bool `json:"all,omitempty"` // write every file anew
}

// WhatIfJob asks what the base would be under another strategy.
type WhatIfJob struct {
	Text string `json:"text"`
}

// PublishModelsJob asks for a publication of models.
type PublishModelsJob struct {
	Version string `json:"version"`
	Note    string `json:"note,omitempty"`
}

// Jobs keeps the records of long work and runs it.
type Jobs struct {
	Docs   Docs
	Clock  func() int64
	Holder string // of this process; "" where no other one works on the base
	Hand   Queue  // hands the id of a job to a worker; nil: whoever begins it runs it, too
	Work   JobWork

	mu      sync.Mutex
	running map[string]bool // by this process
}

// list reads every record, newest first.
func (j *Jobs) list(ctx context.Context, prefix string) ([]Job, error) {
	docs, err := j.Docs.List(ctx, docJobs+prefix)
	if err != nil {
		return nil, fault.Wrap(err, "list the jobs")
	}
	out := make([]Job, len(docs))
	for i, d := range docs {
		if err := json.Unmarshal(d.Value, &out[i]); err != nil {
			return nil, fault.New(fault.Internal, "document %s cannot be read", d.Key).Because(err)
		}
		out[i].doc = d
	}
	slices.SortFunc(out, func(x, y Job) int {
		return cmp.Or(cmp.Compare(y.Started, x.Started), strings.Compare(x.Kind, y.Kind), cmp.Compare(y.Number, x.Number))
	})
	return out, nil
}

// put stores a changed record; Conflict when another process changed it.
func (j *Jobs) put(ctx context.Context, one *Job) error {
	value, err := json.Marshal(one)
	if err != nil {
		return fault.New(fault.Internal, "the job cannot be written").Because(err)
	}
	d := Doc{Key: one.doc.Key, Version: one.doc.Version, Value: value, At: j.Clock()}
	if err := j.Docs.Put(ctx, d); err != nil {
		return err
	}
	d.Version++
	one.doc = d
	return nil
}

// Start records a job at a moment of the base's clock and hands it to a worker, where there are any. Conflict while one of its kind
// has not ended.
func (j *Jobs) Start(ctx context.Context, kind string, request any, now int64) (Job, error) {
	text, err := json.Marshal(request)
	if err != nil {
		return Job{}, fault.New(fault.Internal, "the job cannot be written").Because(err)
	}
	all, err := j.list(ctx, kind+"/")
	if err != nil {
		return Job{}, err
	}
	one := Job{Kind: kind, Number: 1, Status: JobWaiting, Request: text, Started: now, Handed: j.Clock()}
	for _, other := range all {
		if !other.Ended() && !j.stalled(&other) {
			return Job{}, fault.New(fault.Conflict, "a job of this kind is running already").WithHint("wait for the job %s to end", other.ID)
		}
		one.Number = max(one.Number, other.Number+1)
	}
	one.ID = fmt.Sprintf("%s-%d", kind, one.Number)
	one.doc.Key = fmt.Sprintf("%s%s/%d", docJobs, kind, one.Number%jobsKept)
	for _, other := range all {
		if other.doc.Key == one.doc.Key {
			one.doc.Version = other.doc.Version
		}
	}
	err = j.put(ctx, &one)
	if fault.Is(err, fault.Conflict) {
		return Job{}, fault.New(fault.Conflict, "somebody began a job of this kind at the same time").WithHint("look at the jobs")
	}
	if err != nil {
		return Job{}, fault.Wrap(err, "record the job")
	}
	return one, j.hand(ctx, one.ID)
}

func (j *Jobs) hand(ctx context.Context, id string) error {
	if j.Hand == nil {
		return nil
	}
	if err := j.Hand.Send(ctx, id); err != nil {
		return fault.Wrap(err, "hand over the job %s", id)
	}
	return nil
}

// stalled reports whether nobody has worked on a job for longer than a worker may be away.
func (j *Jobs) stalled(one *Job) bool {
	now := j.Clock()
	return now > max(one.Until, one.Handed)+jobStalled
}

// All returns the jobs, newest first. One that stalled is handed to a worker again.
func (j *Jobs) All(ctx context.Context) ([]Job, error) {
	all, err := j.list(ctx, "")
	if err != nil || j.Hand == nil {
		return all, err
	}
	for i := range all {
		if one := &all[i]; !one.Ended() && j.stalled(one) {
			one.Handed = j.Clock()
			if err := j.put(ctx, one); err == nil { // else another process has it
				_ = j.hand(ctx, one.ID) // asked for again when it stalls again
			}
		}
	}
	return all, nil
}

// Job returns one job; NotFound when it is none, or was ended long ago.
func (j *Jobs) Job(ctx context.Context, id string) (Job, error) {
	all, err := j.All(ctx)
	if err != nil {
		return Job{}, err
	}
	for _, one := range all {
		if one.ID == id {
			return one, nil
		}
	}
	return Job{}, fault.New(fault.NotFound, "there is no job %q", id).WithHint("the last %d jobs of a kind are kept", jobsKept)
}

// Unfinished returns the ids of the jobs that are left to do, the earliest first.
func (j *Jobs) Unfinished(ctx context.Context) (ids []string, err error) {
	all, err := j.list(ctx, "")
	for _, one := range slices.Backward(all) {
		if !one.Ended() {
			ids = append(ids, one.ID)
		}
	}
	return ids, err
}

// Run works on a job until it has ended or the context ends. done is false when something is left to do: run it again, in this process
// or another. A job that another process works on is left to it. The error is for the log: that of the work stands in the record.
func (j *Jobs) Run(ctx context.Context, id string) (done bool, err error) {
	if !j.enter(id) {
		return true, nil
	}
	defer j.leave(id)
	one, err := j.Job(ctx, id)
	if err != nil || one.Ended() {
		return true, err
	}
	holder := cmp.Or(j.Holder, jobHere)
	for one.Holder != holder && j.Clock() < one.Until { // its holder works on it, or is dead: then nothing changes until the lease ends
		if !rest(ctx, jobTick) {
			return false, nil
		}
		seen := one.doc.Version
		if one, err = j.Job(ctx, id); err != nil || one.Ended() || one.doc.Version != seen {
			return true, err
		}
	}
	one.Status, one.Holder, one.Until, one.Runs = JobRunning, holder, j.Clock()+jobLease, one.Runs+1
	if err := j.put(ctx, &one); err != nil {
		if fault.Is(err, fault.Conflict) {
			return true, nil // another process was faster
		}
		return false, fault.Wrap(err, "take the job %s", id)
	}
	r := &jobRun{jobs: j, job: &one}
	why := r.work(ctx)
	return r.end(ctx, why)
}

// rest waits; false when the context ended.
func rest(ctx context.Context, pause time.Duration) bool {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (j *Jobs) enter(id string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.running[id] {
		return false
	}
	if j.running == nil {
		j.running = map[string]bool{}
	}
	j.running[id] = true
	return true
}

func (j *Jobs) leave(id string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.running, id)
}

// StartJob begins long work, by the clock of the base. Conflict while a job of the kind has not ended.
func (a *App) StartJob(ctx context.Context, kind string, request any) (Job, error) {
	clock, err := a.Clock(ctx)
	if err != nil {
		return Job{}, err
	}
	return a.jobs.Start(ctx, kind, request, clock.Now)
}

// Jobs returns the long work, newest first.
func (a *App) Jobs(ctx context.Context) ([]Job, error) { return a.jobs.All(ctx) }

// Job returns one piece of long work.
func (a *App) Job(ctx context.Context, id string) (Job, error) { return a.jobs.Job(ctx, id) }

// RunJob works on a job; done is false when something is left to do.
func (a *App) RunJob(ctx context.Context, id string) (done bool, err error) {
	return a.jobs.Run(ctx, id)
}

// UnfinishedJobs returns the jobs that are left to do.
func (a *App) UnfinishedJobs(ctx context.Context) ([]string, error) { return a.jobs.Unfinished(ctx) }

// JobsElsewhere reports whether workers of the host run the jobs, rather than whoever begins them.
func (a *App) JobsElsewhere() bool { return a.jobs.Hand != nil }
