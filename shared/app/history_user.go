package app

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/journey"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/score"
	"github.com/weir-engine/weir/shared/zone"
)

// pastUser is one user of a replay: FACTS as they were at the beginning, and the events that came to be known since.
type pastUser struct {
	past   *past
	key    string
	facts  [2]profile.Facts
	known  map[event.ID]int64 // when each event came to be known, of those so far
	events []pastEvent
	any    bool // there is an event up to the end
	many   bool // too many events
}

// pastEvent is an event that came to be known between the beginning and the end.
type pastEvent struct {
	at    int64
	order int
	ev    event.Event
	id    event.ID
}

func newPastUser(p *past) *pastUser { return &pastUser{past: p, known: map[event.ID]int64{}} }

// take adds a kept row. Of an event that stands in two files the one that was known first counts.
func (u *pastUser) take(ctx context.Context, old *older, row *Row) error {
	file, done := u.past.files[row.File]
	if !done || u.many {
		return nil
	}
	at := file.at
	if file.fill {
		at = row.Time
		u.past.out.Filled = u.past.out.Filled || at > u.past.from && at <= u.past.to
	}
	if at > u.past.to {
		return nil
	}
	if before, again := u.known[row.ID]; again && before <= at {
		return nil
	} else if again && before > u.past.from {
		u.events = slices.DeleteFunc(u.events, func(e pastEvent) bool { return e.id == row.ID })
	}
	if u.known[row.ID] = at; len(u.known) > historyEvents {
		u.many, u.events, u.known = true, nil, nil
		return nil
	}
	u.any = true
	var ev event.Event
	rowEvent(row, &ev)
	if _, err := old.takeOut(ctx, row, &ev); err != nil {
		return err
	}
	if at <= u.past.from {
		u.fold(&ev, row.ID)
		return nil
	}
	u.events = append(u.events, pastEvent{at: at, order: file.order, ev: ev.Clone(), id: row.ID})
	return nil
}

func (u *pastUser) fold(ev *event.Event, id event.ID) {
	u.past.sides[published].live.Engine.Schema().Fold(&u.facts[published], ev, id)
	if !u.past.oneFold {
		u.past.sides[tried].live.Engine.Schema().Fold(&u.facts[tried], ev, id)
	}
}

func (u *pastUser) factsOf(side int) *profile.Facts {
	if u.past.oneFold {
		return &u.facts[published]
	}
	return &u.facts[side]
}

// run decides from the beginning to the end, under both strategies.
func (u *pastUser) run(settled profile.State) {
	slices.SortStableFunc(u.events, func(x, y pastEvent) int { return cmp.Or(cmp.Compare(x.at, y.at), cmp.Compare(x.order, y.order)) })
	var runs [2]pastRun
	for side := range runs {
		runs[side] = pastRun{user: u, side: side, state: settled}
		runs[side].begin()
	}
	for i := 0; i < len(u.events); {
		at, order := u.events[i].at, u.events[i].order
		for side := range runs {
			runs[side].until(at - 1)
		}
		for ; i < len(u.events) && u.events[i].at == at && u.events[i].order == order; i++ {
			u.fold(&u.events[i].ev, u.events[i].id)
		}
		for side := range runs {
			runs[side].decide(at)
		}
	}
	for side := range runs {
		runs[side].until(u.past.to)
	}
	u.past.compare(u.key, &runs)
}

// pastRun is one user under one strategy.
type pastRun struct {
	user   *pastUser
	side   int
	state  profile.State
	last   int64 // moment of the last evaluation; 0: none yet
	moves  []pastMove
	wanted []pastMessage
}

type pastMove struct {
	what, from, to string
	day            zone.Day
}

type pastMessage struct {
	rule    string
	day     zone.Day
	reasons []score.Reason
}

// begin decides at the beginning about a user who was known then.
func (r *pastRun) begin() {
	if f := r.user.factsOf(r.side); f.Events > 0 {
		r.decide(r.user.past.from)
	}
}

// until decides wherever time alone could change something, up to a moment.
func (r *pastRun) until(end int64) {
	for r.last != 0 {
		l := r.user.past.sides[r.side].live
		next := l.Engine.NextChange(r.user.key, r.user.factsOf(r.side), &r.state, l.Cuts, r.last)
		if next > end {
			return
		}
		r.decide(next)
	}
}

// decide is what an import or a sweep does at a moment.
func (r *pastRun) decide(at int64) {
	p := r.user.past
	l, facts := p.sides[r.side].live, r.user.factsOf(r.side)
	prev := &r.state
	if prev.DecidedAt == 0 && prev.Strategy == "" && facts.FirstSeen >= p.seenAt {
		prev = newcomer(l, facts)
	}
	d := journey.Decide(l.Engine, r.user.key, facts, prev, l.Cuts, at, false)
	r.state, r.last = d.State, at
	day := p.sides[r.side].zone.Day(at)
	if !d.Baseline {
		for _, t := range d.Transitions {
			r.moves = append(r.moves, pastMove{t.What, t.From, t.To, day})
		}
	}
	for _, in := range d.Intents {
		r.wanted = append(r.wanted, pastMessage{rule: in.Rule, day: day, reasons: in.Reasons})
	}
}

// stateAt is the STATE that was settled at a moment; the zero State when nothing was decided by then.
func (a *App) stateAt(ctx context.Context, item Item, moment int64) (profile.State, error) {
	var now profile.State
	if err := decodeItem(Item{State: item.State}, nil, nil, &now); err != nil {
		return now, fault.Wrap(err, "read the profile of %s", item.Key)
	}
	if now.DecidedAt <= moment {
		return now, nil
	}
	for limit := 16; ; limit *= 8 {
		records, err := a.ports.Profiles.Decisions(ctx, item.Key, limit)
		if err != nil {
			return now, fault.Wrap(err, "read the decisions of %s", item.Key)
		}
		for _, d := range records {
			if d.AsOf > moment {
				continue
			}
			var r journey.Record
			if err := json.Unmarshal(d.Record, &r); err != nil {
				return now, fault.New(fault.Internal, "decision %d of %s cannot be read", d.Seq, item.Key).Because(err)
			}
			return r.Restore(), nil
		}
		if len(records) < limit {
			return profile.State{}, nil
		}
	}
}

// compare counts what both strategies decided about a user.
func (p *past) compare(key string, runs *[2]pastRun) {
	for side := range runs {
		s := p.stage(runs[side].state.Stage)
		*pick(side, &s.Published, &s.Tried)++
		for _, m := range runs[side].moves {
			c := p.move(m)
			*pick(side, &c.Published, &c.Tried)++
		}
	}
	rest := slices.Clone(runs[tried].moves)
	for _, m := range runs[published].moves {
		if i := slices.Index(rest, m); i >= 0 {
			rest = slices.Delete(rest, i, i+1)
			p.move(m).Same++
		}
	}
	p.compareMessages(key, runs)
}

// pick returns the place of a side.
func pick(side int, x, y *int64) *int64 {
	if side == published {
		return x
	}
	return y
}

func (p *past) compareMessages(key string, runs *[2]pastRun) {
	var others [2][]pastMessage
	for side := range runs {
		for _, m := range runs[side].wanted {
			c, d := p.rule(m.rule), p.day(m)
			*pick(side, &c.Published, &c.Tried)++
			*pick(side, &d.Published, &d.Tried)++
		}
		others[side] = slices.Clone(runs[side].wanted)
	}
	for _, m := range runs[published].wanted {
		same := func(x pastMessage) bool { return x.rule == m.rule && x.day == m.day }
		i := slices.IndexFunc(others[tried], same)
		if i < 0 {
			continue
		}
		others[tried] = slices.Delete(others[tried], i, i+1)
		j := slices.IndexFunc(others[published], same)
		others[published] = slices.Delete(others[published], j, j+1)
		p.rule(m.rule).Same++
	}
	for side, only := range others {
		for _, m := range only {
			c := p.rule(m.rule)
			*pick(side, &c.OnlyPublished, &c.OnlyTried)++
			s := HistorySample{Rule: m.rule, Tried: side == tried, Day: m.day, hash: pseudonym(key), Reasons: []score.Text{}}
			for _, reason := range m.reasons {
				s.Reasons = append(s.Reasons, reason.Text)
			}
			p.sample(s)
		}
	}
}

func (p *past) stage(name string) *HistoryStage {
	s := p.stages[name]
	if s == nil {
		s = &HistoryStage{Name: name}
		p.stages[name] = s
	}
	return s
}

func (p *past) move(m pastMove) *HistoryMove {
	key := HistoryMove{What: m.what, From: m.from, To: m.to}
	c := p.moves[key]
	if c == nil {
		c = &HistoryMove{What: m.what, From: m.from, To: m.to}
		p.moves[key] = c
	}
	return c
}

func (p *past) rule(name string) *HistoryMessages {
	c := p.messages[name]
	if c == nil {
		c = &HistoryMessages{Rule: name}
		p.messages[name] = c
	}
	return c
}

func (p *past) day(m pastMessage) *HistoryDay {
	key := HistoryDay{Day: m.day, Rule: m.rule}
	c := p.days[key]
	if c == nil {
		c = &HistoryDay{Day: m.day, Rule: m.rule}
		p.days[key] = c
	}
	return c
}
