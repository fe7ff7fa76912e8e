package app

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/weir-engine/weir/shared/catalog"
	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/plan"
	"github.com/weir-engine/weir/shared/strategy"
)

// Keys of the documents of the tracking plan.
const (
	docPlan         = "plan/current"
	docPlanVersions = "plan/v/" // + sequence, ten digits
)

// PlanVersion is one publication of a tracking plan.
type PlanVersion struct {
	Version  string `json:"version"`  // hash of the meaning
	Sequence int64  `json:"sequence"` // 1 for the first: what a file's record names
	Name     string `json:"name"`
	Text     string `json:"text"`
	Note     string `json:"note,omitempty"`
	At       int64  `json:"at"`
}

// Plan returns the tracking plan in force; NotFound when none was published.
func (a *App) Plan(ctx context.Context) (PlanVersion, error) {
	var v PlanVersion
	d, err := a.getDoc(ctx, docPlan, &v)
	if err == nil && d.Version == 0 {
		err = fault.New(fault.NotFound, "no tracking plan is published: every event is taken").WithHint("publish one with: weir plan publish FILE")
	}
	return v, err
}

// PlanVersions returns every publication, newest first.
func (a *App) PlanVersions(ctx context.Context) ([]PlanVersion, error) {
	docs, err := a.ports.Docs.List(ctx, docPlanVersions)
	if err != nil {
		return nil, fault.Wrap(err, "list the tracking plans")
	}
	out := make([]PlanVersion, len(docs))
	for i, d := range docs {
		if err := json.Unmarshal(d.Value, &out[i]); err != nil {
			return nil, fault.New(fault.Internal, "document %s cannot be read", d.Key).Because(err)
		}
	}
	slices.Reverse(out)
	return out, nil
}

// PlanVersion returns the newest publication of a version, or the publication with that number.
func (a *App) PlanVersion(ctx context.Context, version string) (PlanVersion, error) {
	all, err := a.PlanVersions(ctx)
	if err != nil {
		return PlanVersion{}, err
	}
	for _, v := range all {
		if v.Version == version || formatInt(v.Sequence) == version {
			return v, nil
		}
	}
	return PlanVersion{}, fault.New(fault.NotFound, "no tracking plan was published as %q", version).WithHint("see the one in force with: weir plan show")
}

// PlanDiff compares two plans.
type PlanDiff struct {
	From, To string // versions; From is "" when none is in force
	Lines    []strategy.DiffLine
	Changes  []strategy.Change
}

// DiffPlan compares the plan in force, or the version from, with a text. The error of a text with mistakes is *strategy.Errors.
func (a *App) DiffPlan(ctx context.Context, from string, text []byte) (PlanDiff, error) {
	old, err := a.Plan(ctx)
	if fault.Is(err, fault.NotFound) {
		old, err = PlanVersion{}, nil
	}
	if from != "" {
		old, err = a.PlanVersion(ctx, from)
	}
	if err != nil {
		return PlanDiff{}, err
	}
	next, err := plan.Parse(text)
	if err != nil {
		return PlanDiff{}, err
	}
	d := PlanDiff{From: old.Version, To: next.Version(), Lines: strategy.DiffLines([]byte(old.Text), text)}
	before := new(plan.Plan)
	if old.Text != "" {
		if before, err = plan.Parse([]byte(old.Text)); err != nil {
			return d, err
		}
	}
	d.Changes = plan.Changes(before, next)
	return d, nil
}

// PublishPlanRequest is a tracking plan to put into force.
type PublishPlanRequest struct {
	Text []byte
	Note string
	From string // version the author started from; "" does not check
}

// PublishPlan puts a tracking plan into force: for the files that arrive from now on. A file keeps the plan that was in force when
// it arrived, so that reading it again decides the same. Errors: Invalid for a text with mistakes; Conflict when another version
// than From is in force.
func (a *App) PublishPlan(ctx context.Context, req PublishPlanRequest) (PlanVersion, error) {
	p, err := plan.Parse(req.Text)
	if err != nil {
		return PlanVersion{}, err
	}
	var old PlanVersion
	current, err := a.getDoc(ctx, docPlan, &old)
	if err != nil {
		return old, err
	}
	if req.From != "" && req.From != old.Version {
		return old, fault.New(fault.Conflict, "the tracking plan in force is %q now, not %q", old.Version, req.From).
			WithHint("look at the difference, take over what changed, and publish again")
	}
	if current.Version > 0 && old.Text == string(req.Text) && old.Note == req.Note {
		return old, nil
	}
	v := PlanVersion{Version: p.Version(), Sequence: old.Sequence + 1, Name: p.Name, Text: string(req.Text), Note: req.Note, At: a.ports.Clock()}
	value, err := json.Marshal(v)
	if err != nil {
		return v, fault.New(fault.Internal, "the tracking plan cannot be written").Because(err)
	}
	key := fmt.Sprintf("%s%010d", docPlanVersions, v.Sequence)
	kept, err := a.ports.Docs.Get(ctx, key) // a publication that died leaves one that was never in force
	if err != nil {
		return v, fault.Wrap(err, "read %s", key)
	}
	if err := a.ports.Docs.Put(ctx, Doc{Key: key, Version: kept.Version, Value: value, At: v.At}); err != nil {
		return v, fault.Wrap(err, "store the tracking plan")
	}
	err = a.ports.Docs.Put(ctx, Doc{Key: docPlan, Version: current.Version, Value: value, At: v.At})
	if fault.Is(err, fault.Conflict) {
		return v, fault.New(fault.Conflict, "somebody published another tracking plan at the same time").WithHint("look at the difference and publish again")
	}
	return v, err
}

// planOf returns the compiled plan of a publication; nil for 0, which is none.
func (a *App) planOf(ctx context.Context, sequence int64) (*plan.Plan, error) {
	if sequence == 0 {
		return nil, nil
	}
	a.mu.Lock()
	p := a.plans[sequence]
	a.mu.Unlock()
	if p != nil {
		return p, nil
	}
	var v PlanVersion
	d, err := a.getDoc(ctx, fmt.Sprintf("%s%010d", docPlanVersions, sequence), &v)
	if err != nil {
		return nil, err
	}
	if d.Version == 0 {
		return nil, fault.New(fault.Internal, "the tracking plan number %d, which a file arrived under, is gone", sequence)
	}
	if p, err = plan.Parse([]byte(v.Text)); err != nil {
		return nil, fault.Wrap(err, "read the tracking plan number %d", sequence)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.plans == nil {
		a.plans = map[int64]*plan.Plan{}
	}
	a.plans[sequence] = p
	return p, nil
}

// planned compares an event with the file's plan and notes what breaks it. It returns the reject of an event that is quarantined.
func (w *partitioner) planned(name string, ev *event.Event, line int64) *event.Reject {
	in := w.in
	broken := in.plan.Check(name, ev)
	if broken == nil {
		return nil
	}
	if in.counter != nil {
		in.counter.Broke(catalog.Violation{
			At: in.file.Arrived, File: in.file.ID, Line: line, Event: name, Mode: string(broken.Mode), Detail: broken.Text(),
		}, broken.Mode == plan.Quarantine)
	}
	if broken.Mode != plan.Quarantine {
		return nil
	}
	return &event.Reject{
		Reason: plan.ReasonViolation, Message: broken.Text(),
		Hint: "mend the source, or the tracking plan and then redrive the line: weir plan show; weir rejects redrive FILE",
	}
}
