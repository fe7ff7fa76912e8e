package app

import (
	"context"
	"errors"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/score"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/strategy"
)

// Group is some users of a base and what they spent.
type Group struct {
	Name   string
	Zh, En string // labels, "" shows the name
	When   string // of a segment: its condition
	Users  int64
	Spend  int64
}

// Cell is the users of one recency and one frequency score.
type Cell struct {
	R, F  int
	Name  string
	Users int64
	Spend int64
}

// Overview is what one looks at first.
type Overview struct {
	Base        *Base `json:"-"`
	Users       int64
	Buyers      int64
	Orders      int64
	Spend       int64
	Stages      []Group // in the strategy's order
	Cells       []Cell  // all 25
	RFM         []Group
	RFMCN       []Group
	Tiers       []Group
	Segments    []Group
	LastArrival int64 `json:"-"` // of the newest file; 0 without files
}

// Overview counts the base at asOf.
func (a *App) Overview(ctx context.Context, asOf int64) (Overview, error) {
	base, err := a.Base(ctx, asOf)
	if err != nil {
		return Overview{}, err
	}
	o := base.Figures.Counts
	o.Base = base
	o.LastArrival, err = a.lastArrival(ctx)
	return o, err
}

func (o *Overview) add(r *score.Result) {
	o.Users++
	o.Spend += r.Spend
	o.Orders += int64(r.Orders)
	addTo(o.Stages, r.Stage, r.Spend)
	for _, name := range r.Segments {
		addTo(o.Segments, name, r.Spend)
	}
	if r.Orders == 0 {
		return
	}
	o.Buyers++
	addTo(o.RFM, r.RFM, r.Spend)
	addTo(o.RFMCN, r.RFMCN, r.Spend)
	addTo(o.Tiers, r.Tier, r.Spend)
	if r.R > 0 && r.F > 0 {
		c := &o.Cells[(r.R-1)*5+r.F-1]
		c.Users++
		c.Spend += r.Spend
	}
}

func addTo(groups []Group, name string, spend int64) {
	for i := range groups {
		if groups[i].Name == name {
			groups[i].Users++
			groups[i].Spend += spend
			return
		}
	}
}

// Status is what the base is, without reading it.
type Status struct {
	Clock       Clock
	Users       int64
	LastArrival int64 // of the newest file; 0 without files
	Live        *Live
}

// Status returns the clock, the size and the strategy of the base.
func (a *App) Status(ctx context.Context) (s Status, err error) {
	if s.Live, err = a.Live(ctx); err != nil {
		return s, err
	}
	if s.Clock, err = a.Clock(ctx); err != nil {
		return s, err
	}
	if s.Users, err = a.ports.Profiles.Count(ctx); err != nil {
		return s, fault.Wrap(err, "count the profiles")
	}
	s.LastArrival, err = a.lastArrival(ctx)
	return s, err
}

// lastArrival returns when the newest file arrived, 0 without files.
func (a *App) lastArrival(ctx context.Context) (int64, error) {
	files, err := a.ports.Ledger.Files(ctx, "", 1)
	if err != nil {
		return 0, fault.Wrap(err, "read the ledger")
	}
	if len(files) == 0 {
		return 0, nil
	}
	return files[0].Arrived, nil
}

// Segments counts every segment of the published strategy.
func (a *App) Segments(ctx context.Context, asOf int64) (base *Base, groups []Group, err error) {
	o, err := a.Overview(ctx, asOf)
	return o.Base, o.Segments, err
}

// ConditionCheck is a condition with the users that match it.
type ConditionCheck struct {
	Canonical string
	AsOf      int64
	Users     int64
	Total     int64
	Spend     int64
	Currency  string
	Warnings  []strategy.Problem // events and properties that it names and nobody has seen; why nobody was counted
	Counted   bool
	Shot      *StoredSnapshot // what was counted; nil: the profiles as they are
}

// CheckCondition compiles a condition and, when count is set, counts the users that match it. Errors of the condition are
// Invalid and hold a *segment.Error.
func (a *App) CheckCondition(ctx context.Context, expr string, count bool, asOf int64) (ConditionCheck, error) {
	asked := asOf
	asOf, err := a.AsOf(ctx, asOf)
	if err != nil {
		return ConditionCheck{}, err
	}
	live, err := a.Live(ctx)
	if err != nil {
		return ConditionCheck{}, err
	}
	p, err := live.Engine.Compile(expr)
	if err != nil {
		return ConditionCheck{AsOf: asOf}, conditionError(err, expr)
	}
	c := ConditionCheck{Canonical: p.String(), AsOf: asOf, Currency: live.Engine.Strategy().Currency}
	if c.Warnings, err = a.conditionWarnings(ctx, p); err != nil {
		return c, err
	}
	if !count {
		return c, nil
	}
	err = a.countMatches(ctx, p, asked, &c)
	return c, err
}

func (a *App) countMatches(ctx context.Context, p *segment.Program, asked int64, c *ConditionCheck) error {
	base, err := a.Base(ctx, asked)
	if err != nil {
		return err
	}
	if c.Counted, c.AsOf, c.Shot = true, base.AsOf, base.Shot; base.Shot != nil {
		found, err := a.people(ctx, base, peopleQuery{where: p.String(), limit: 1})
		if !a.readInstead(base, err) {
			c.Users, c.Spend, c.Total = found.total, found.spend, base.Counts.Users
			var u *unanswered
			if errors.As(err, &u) {
				c.Counted, err = false, nil
				c.Warnings = append(c.Warnings, strategy.Problem{Line: 1, Col: 1, Message: u.Error(), Expected: fault.HintOf(u.why)})
			}
			return err
		}
		if base, err = a.readBase(ctx, 0); err != nil {
			return err
		}
		c.AsOf, c.Shot = base.AsOf, nil
	}
	hits, err := a.match(ctx, base, p)
	if err != nil {
		return err
	}
	c.Total = int64(len(base.Users))
	for i := range base.Users {
		if r := &base.Users[i]; hits[r.Key] {
			c.Users++
			c.Spend += r.Spend
		}
	}
	return nil
}

// ConditionSchema returns what a condition can name under the published strategy.
func (a *App) ConditionSchema(ctx context.Context) (*segment.Schema, *Live, error) {
	live, err := a.Live(ctx)
	if err != nil {
		return nil, nil, err
	}
	return live.Engine.Strategy().SegmentSchema(), live, nil
}
