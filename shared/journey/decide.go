// Package journey decides: it compares what a user is now with what was settled before, and says what to record and whom to
// message. Decide is a pure function of its arguments; the same arguments give the same intents with the same ids.
package journey

import (
	"slices"
	"strings"
	"sync"

	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/score"
	"github.com/weir-engine/weir/shared/strategy"
)

// Decision is the outcome of one evaluation of one user.
type Decision struct {
	State       profile.State // what is settled now; the state before when nothing changed
	Changed     bool          // whether there is a record to append
	Baseline    bool          // the state was set, not reached: moves in it are no news
	Transitions []Transition
	Intents     []Intent
	Record      Record // set when Changed
}

// Transition is a move of the stage, or into or out of a segment or tag.
type Transition struct {
	What    string         `json:"what"` // stage, segment:NAME or tag:NAME
	From    string         `json:"from"` // the stage before, "" for none; out or in for segments and tags
	To      string         `json:"to"`
	Reasons []score.Reason `json:"reasons,omitempty"`
}

// The two sides of a segment or tag in a Transition.
const (
	In  = "in"
	Out = "out"
)

// Intent asks for one message.
type Intent struct {
	ID       string         `json:"id"` // 32 hex digits: IntentID
	Rule     string         `json:"rule"`
	Template string         `json:"template"`
	Channel  string         `json:"channel"`
	Episode  int64          `json:"episode"`
	Shadow   bool           `json:"shadow"` // decided and recorded, never sent
	Due      int64          `json:"due"`    // unix milliseconds: whoever finds it unclaimed later delivers it
	Reasons  []score.Reason `json:"reasons"`
}

// Why a decision is a baseline.
const (
	BaselineFirst    = "first"    // nothing was decided about the user before
	BaselineBackfill = "backfill" // a backfill came in between: whoever applied it emptied prev.Strategy
	BaselineStrategy = "strategy" // another strategy decided before
	BaselineModel    = "model"    // another model did
	BaselineCuts     = "cuts"     // other cuts did: a baseline for what cuts can move, and for nothing else
)

// Decide evaluates a user at asOf and settles the state.
//
// A baseline sets the state and opens no episode, so that nobody is messaged (G6): when nothing was decided before, when the
// strategy or the model is another one than that of the state before, and when prev.Strategy was emptied, as is done after a
// backfill. Under other cuts, what cuts can move (score.Engine.CutsMove, CutsMoveStage) is set the same way, except for rules
// with after_cuts; stages and segments that read facts alone move as always, for cuts cannot be the cause.
//
// includeExisting approves the rules that ask for include_existing: they open an episode for each user who is in and has
// none open, whether or not the decision is a baseline.
//
// An episode is (user, rule, counter): entering the rule's stage or segment opens the next one and gives an intent, leaving
// closes it; while it is open nothing opens another, whatever late events do to its start. Time does not run backwards: before
// the moment of the last decision, the user is evaluated at that moment.
func Decide(e *score.Engine, key string, f *profile.Facts, prev *profile.State, cuts *score.Cuts, asOf int64, includeExisting bool) Decision {
	if prev == nil {
		prev = &profile.State{}
	}
	d := &deciding{
		e: e, key: key, f: f, prev: prev, cuts: cuts, asOf: max(asOf, prev.DecidedAt), existing: includeExisting,
		now: results.Get().(*score.Result),
	}
	defer results.Put(d.now)
	d.baseline()
	d.score()
	d.settle()
	for i := range e.Strategy().Outreach.Rules {
		d.rule(&e.Strategy().Outreach.Rules[i])
	}
	return d.finish()
}

var results = sync.Pool{New: func() any { return new(score.Result) }}

// deciding is one evaluation under way.
type deciding struct {
	e        *score.Engine
	key      string
	f        *profile.Facts
	prev     *profile.State
	cuts     *score.Cuts
	asOf     int64
	existing bool

	basis       *profile.State // what conditions take as settled
	now         *score.Result
	next        profile.State
	set         bool   // a baseline
	newCuts     bool   // other cuts than before
	why         string // why it is a baseline
	moved       bool   // something but the versions changed
	transitions []Transition
	intents     []Intent
}

func (d *deciding) baseline() {
	p := d.prev
	d.newCuts = p.Cuts != version(d.cuts)
	switch {
	case p.DecidedAt == 0 && p.Strategy == "":
		d.why = BaselineFirst
	case p.Strategy == "":
		d.why = BaselineBackfill
	case p.Strategy != d.e.StrategyVersion():
		d.why = BaselineStrategy
	case p.Model != d.e.Version():
		d.why = BaselineModel
	}
	d.set = d.why != ""
	if !d.set && d.newCuts {
		d.why = BaselineCuts
	}
}

func version(c *score.Cuts) string {
	if c == nil {
		return ""
	}
	return c.Version
}

// score scores the user. A stage that is settled for the first time is settled as of today, and conditions see it so: else
// conditions on stage_days would come true at the next evaluation for no other reason.
func (d *deciding) score() {
	d.basis = d.prev
	d.e.Score(d.key, d.f, d.basis, d.cuts, d.asOf, d.now)
	if d.prev.Stage == "" {
		d.basis = &profile.State{Stage: d.now.Stage, Since: d.e.Zone().Day(d.asOf)}
		d.e.Score(d.key, d.f, d.basis, d.cuts, d.asOf, d.now)
	}
}

// settle makes the next state of stage, segments and tags, and lists the moves.
func (d *deciding) settle() {
	p, r := d.prev, d.now
	d.next = *p
	if r.Stage != p.Stage {
		d.next.Stage, d.next.From, d.next.Since, d.next.SinceMs = r.Stage, p.Stage, d.e.Zone().Day(d.asOf), d.asOf
		d.move(Transition{What: score.NameStage, From: p.Stage, To: r.Stage}, score.NameStage)
	}
	if !slices.Equal(r.Segments, p.Segments) {
		d.next.Segments = append([]string(nil), r.Segments...) // nil when empty: equal states are equal values
		d.members(score.PrefixSegment, p.Segments, r.Segments)
	}
	if tags := d.ruleTags(); !slices.Equal(tags, p.Tags) {
		d.next.Tags = tags
		d.members(score.PrefixTag, p.Tags, tags)
	}
}

// ruleTags are the user's tags that the strategy gives by conditions; nil when there are none. Tags of events stand in FACTS.
func (d *deciding) ruleTags() []string {
	var tags []string
	for _, name := range d.now.Tags {
		if slices.ContainsFunc(d.e.Strategy().Tags, func(t strategy.Tag) bool { return t.Name == name }) {
			tags = append(tags, name)
		}
	}
	return tags
}

// members lists who left and who entered.
func (d *deciding) members(prefix string, before, after []string) {
	for _, name := range before {
		if !slices.Contains(after, name) {
			d.move(Transition{What: prefix + name, From: In, To: Out}, prefix+name)
		}
	}
	for _, name := range after {
		if !slices.Contains(before, name) {
			d.move(Transition{What: prefix + name, From: Out, To: In}, prefix+name)
		}
	}
}

// move keeps a transition with its reasons. A baseline gives reasons for the stage alone: it sets, and explains no move.
func (d *deciding) move(t Transition, scored string) {
	d.moved = true
	if !d.set || scored == score.NameStage {
		t.Reasons = d.reasons(scored, true)
	}
	d.transitions = append(d.transitions, t)
}

func (d *deciding) reasons(scored string, lean bool) []score.Reason {
	st := d.basis
	if scored == score.NameStage {
		st = d.prev
	}
	return d.e.Why(d.key, d.f, st, d.cuts, d.asOf, lean, scored)
}

// rule opens and closes the rule's episode.
func (d *deciding) rule(r *strategy.Rule) {
	was, is, scored, quiet := d.trigger(r)
	open := d.open(r.Name)
	switch {
	case !is && open:
		d.episode(r.Name).Open = false
		d.moved = true
	case !is || open:
	case d.existing && r.IncludeExisting, !was && !quiet:
		d.enter(r, scored)
	}
}

// trigger says whether the user was and is in the rule's stage or segment, which score says so, and whether entering is no
// news because the state is set.
func (d *deciding) trigger(r *strategy.Rule) (was, is bool, scored string, quiet bool) {
	if stage := r.On.EnterStage; stage != "" {
		quiet = d.set || d.newCuts && !r.AfterCuts && d.e.CutsMoveStage()
		return d.prev.Stage == stage, d.now.Stage == stage, score.NameStage, quiet
	}
	name := r.On.EnterSegment
	quiet = d.set || d.newCuts && !r.AfterCuts && d.e.CutsMove(name)
	return slices.Contains(d.prev.Segments, name), slices.Contains(d.now.Segments, name), score.PrefixSegment + name, quiet
}

// enter opens the next episode of a rule and asks for its message.
func (d *deciding) enter(r *strategy.Rule, scored string) {
	ep := d.episode(r.Name)
	ep.Counter++
	ep.Start, ep.Open = d.asOf, true
	d.moved = true
	d.intents = append(d.intents, Intent{
		ID: IntentID(d.key, r.Name, ep.Counter), Rule: r.Name, Template: r.Template, Channel: r.Channel, Episode: ep.Counter,
		Shadow: r.Shadow, Due: d.asOf, Reasons: d.reasons(scored, false),
	})
}

func (d *deciding) open(rule string) bool {
	i := slices.IndexFunc(d.next.Episodes, func(x profile.Episode) bool { return x.Rule == rule })
	return i >= 0 && d.next.Episodes[i].Open
}

// episode returns the rule's episode in the next state, a new one when there is none. The state before is left as it is.
func (d *deciding) episode(rule string) *profile.Episode {
	if len(d.prev.Episodes) > 0 && len(d.next.Episodes) > 0 && &d.next.Episodes[0] == &d.prev.Episodes[0] {
		d.next.Episodes = slices.Clone(d.prev.Episodes)
	}
	i, ok := slices.BinarySearchFunc(d.next.Episodes, rule, func(x profile.Episode, rule string) int { return strings.Compare(x.Rule, rule) })
	if !ok {
		d.next.Episodes = slices.Insert(d.next.Episodes, i, profile.Episode{Rule: rule})
	}
	return &d.next.Episodes[i]
}

// finish stamps the versions and writes the record.
func (d *deciding) finish() Decision {
	d.closeGone()
	n := &d.next
	n.Strategy, n.Cuts, n.Model = d.e.StrategyVersion(), version(d.cuts), d.e.Version()
	if !d.moved && n.Strategy == d.prev.Strategy && n.Cuts == d.prev.Cuts && n.Model == d.prev.Model {
		return Decision{State: *d.prev}
	}
	n.DecidedAt, n.Seq = d.asOf, d.prev.Seq+1
	return Decision{
		State: *n, Changed: true, Baseline: d.set, Transitions: d.transitions, Intents: d.intents, Record: d.record(),
	}
}

// closeGone closes episodes of rules that the strategy no longer has; their counters stay, so that no id is used twice.
func (d *deciding) closeGone() {
	for i := range d.next.Episodes {
		ep := d.next.Episodes[i]
		known := func(r strategy.Rule) bool { return r.Name == ep.Rule }
		if ep.Open && !slices.ContainsFunc(d.e.Strategy().Outreach.Rules, known) {
			d.episode(ep.Rule).Open = false
			d.moved = true
		}
	}
}
