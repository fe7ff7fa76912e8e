// Package score scores users: lifecycle stage, RFM, value tier, tags and segments, and with fitted models the probability of
// being alive and of churn, the purchases to expect and their value. Every score is a pure function of FACTS, STATE, the
// strategy, the published cuts and models, and the moment asOf; nothing here reads a clock or another user. Explain gives each
// score with the inputs it follows from, and Replay computes it again from those inputs alone.
package score

import (
	"sync"

	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/zone"
)

// Engine is a strategy, compiled. It is immutable and safe for concurrent use.
type Engine struct {
	s       *strategy.Strategy
	zone    *zone.Zone
	facts   *profile.Schema
	schema  *segment.Schema
	version string
	minor   float64 // minor units in a major unit
	bought  bool    // purchases alone end a silence
	stages  []stage
	points  []points                     // of the engagement score
	rules   []rule                       // tags and segments, each after those it refers to
	limit   int                          // days of silence from which the strategy calls a user churned
	fitted  *fitted                      // nil: no models
	zones   func(name string) *zone.Zone // of users; nil: the project's alone
	scratch *sync.Pool
}

// New compiles a strategy for a zone. Its errors name the condition that does not compile.
func New(s *strategy.Strategy, z *zone.Zone) (*Engine, error) {
	facts, err := profile.NewSchema(s, z)
	if err != nil {
		return nil, err
	}
	e := &Engine{s: s, zone: z, facts: facts, schema: s.SegmentSchema(), version: s.Version(), minor: minorUnits(s.Currency)}
	e.bought = s.Activity.Of == "" || s.Activity.Of == profile.ActivityPurchase
	if e.points, err = compilePoints(s); err != nil {
		return nil, err
	}
	if e.stages, err = compileStages(s); err != nil {
		return nil, err
	}
	if e.rules, err = compileRules(s, e.schema, e.CutsMoveStage(), engagementOnCuts(e.points)); err != nil {
		return nil, err
	}
	e.limit = silenceLimit(s, e.stages)
	e.scratch = &sync.Pool{New: func() any { return &env{inside: make([]bool, len(s.Segments))} }}
	return e, nil
}

// Strategy returns the compiled strategy; it must not be changed.
func (e *Engine) Strategy() *strategy.Strategy { return e.s }

// Schema returns what the fold extracts under the strategy.
func (e *Engine) Schema() *profile.Schema { return e.facts }

// Zone returns the project's zone.
func (e *Engine) Zone() *zone.Zone { return e.zone }

// StrategyVersion returns the strategy's version.
func (e *Engine) StrategyVersion() string { return e.version }

// Version returns the version of the models that scores depend on; "" without models.
func (e *Engine) Version() string {
	if e.fitted == nil {
		return ""
	}
	return e.fitted.models.Version
}

// Fits reports whether cuts were made under settings equal to the strategy's: then their scores mean what it says.
func (e *Engine) Fits(c *Cuts) bool { return c != nil && e.FitsBasis(c.Basis) }

// FitsBasis is Fits for cuts of which only the basis is known.
func (e *Engine) FitsBasis(basis string) bool { return basis == basisOf(e.s) }

// Compile compiles a condition over the strategy's fields. The error is a *segment.Error.
func (e *Engine) Compile(condition string) (*segment.Program, error) {
	return segment.Compile(condition, e.schema)
}

// Score scores a user at asOf (unix milliseconds) into out, whose slices it reuses. st is the user's STATE, nil when nothing
// was decided yet: then the settled stage is the candidate. cuts may be nil: then nothing that needs cuts is scored. f must
// hold no event after asOf, save for purchases, which are counted up to the day of asOf.
func (e *Engine) Score(key string, f *profile.Facts, st *profile.State, cuts *Cuts, asOf int64, out *Result) {
	v := e.enter(key, f, st, cuts, asOf, out)
	e.evaluate(v)
	e.leave(v)
}

// Match reports whether a condition of Compile holds for a user that Score scored into r with the same arguments.
func (e *Engine) Match(p *segment.Program, f *profile.Facts, st *profile.State, r *Result, asOf int64) bool {
	v := e.scratch.Get().(*env)
	e.prepare(v, f, st, nil, asOf, r)
	for i := range e.s.Segments {
		v.inside[i] = contains(r.Segments, e.s.Segments[i].Name)
	}
	ok := p.Bool(v)
	e.leave(v)
	return ok
}

// enter prepares an env for scoring into out.
func (e *Engine) enter(key string, f *profile.Facts, st *profile.State, cuts *Cuts, asOf int64, out *Result) *env {
	v := e.scratch.Get().(*env)
	out.reset(key)
	e.prepare(v, f, st, cuts, asOf, out)
	clear(v.inside)
	return v
}

func (e *Engine) prepare(v *env, f *profile.Facts, st *profile.State, cuts *Cuts, asOf int64, out *Result) {
	v.e, v.f, v.st, v.cuts, v.asOf, v.r = e, f, st, cuts, asOf, out
	v.day = e.facts.Day(asOf)
	v.h.read(f, v.day)
	v.silent = e.silentDays(f, &v.h, v.day)
	v.known = 0
}

// leave gives the env back without what it referred to.
func (e *Engine) leave(v *env) {
	v.f, v.st, v.cuts, v.r, v.lean = nil, nil, nil, nil, false
	e.scratch.Put(v)
}

// evaluate fills the result in the order in which scores may refer to each other.
func (e *Engine) evaluate(v *env) {
	e.history(v)
	e.rfm(v)
	r := v.r
	r.PAlive, r.Expected = v.pAlive(), v.expected()
	r.ChurnP, r.ChurnWarning = v.churn(), v.warned()
	r.Engagement = v.engagement()
	r.Candidate = e.stages[e.candidate(v)].name
	settled := e.settle(v.st, r.Candidate, v.day)
	r.Stage, r.Since = settled.Stage, settled.Since
	e.eventTags(v)
	for i := range e.rules {
		e.rules[i].apply(v)
	}
	sortNames(r.Tags)
	sortNames(r.Segments)
}

func (e *Engine) history(v *env) {
	r, h := v.r, &v.h
	r.FirstSeen, r.LastSeen = v.f.FirstSeen, v.f.LastSeen
	r.Orders, r.PurchaseDays, r.X, r.Spend = h.orders, h.days, h.x(), h.spend
	r.RecencyDays, r.SilenceDays = -1, v.silent
	if h.days == 0 {
		return
	}
	r.RecencyDays = int(h.recency)
	r.TXDays, r.TDays = int(h.last-h.first), int(v.day-h.first)
	r.TX, r.T = float64(r.TXDays)/7, float64(r.TDays)/7
	r.MX = v.mean()
}

func (e *Engine) rfm(v *env) {
	r := v.r
	s := scoreRFM(v.cuts, r.Key, &v.h)
	r.R, r.F, r.M = s.r, s.f, s.m
	r.RFM = RFMName(e.s.RFM.Grid, s.r, s.f)
	r.Tier = scoreTier(v.cuts, &v.h)
	if v.cuts != nil && v.h.days > 0 && v.cuts.CN.known() {
		r.RFMCN = CNName(scoreCN(v.cuts, &v.h))
	}
}

// silentDays is how many days ago the last sign of life was, as the strategy's activity says; without any, since the user
// was first seen.
func (e *Engine) silentDays(f *profile.Facts, h *history, day zone.Day) int {
	if e.bought {
		if h.days > 0 {
			return int(h.recency)
		}
	} else if last, ok := e.facts.LastActivity(f, "", day); ok {
		return int(day - last)
	}
	return max(int(day-e.facts.Day(f.FirstSeen)), 0)
}
