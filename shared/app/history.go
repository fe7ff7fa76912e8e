package app

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/score"
	"github.com/weir-engine/weir/shared/zone"
)

// HistoryRequest asks what would have been decided under another strategy.
type HistoryRequest struct {
	Text     []byte   // the strategy that is tried
	From, To zone.Day // the days that are run again, both included
	Progress func(done, total int64)
}

// History compares the decisions of the published strategy with those of another one, both run over the same kept events. It says what
// would have been decided, and nothing about what users would have done then.
type History struct {
	From, To  zone.Day
	Published string // versions
	Tried     string
	Cuts      string // version of the cuts that the published strategy decided by; "": none
	CutsAt    int64
	Recut     bool   // the cuts of the other strategy were computed as of From: the published ones do not fit it
	Models    string // version of the models in force, which both decided by; "": none
	Filled    bool   // part of the history was filled in: its events count from when they happened
	Users     int64
	LeftOut   int64 // users with more events than are run again
	Ceiling   int   // of the tried strategy, messages a day; what is above it would have been held
	// OverCeiling are the days on which the tried strategy asks for more.
	OverCeiling int

	Stages   []HistoryStage
	Moves    []HistoryMove
	Messages []HistoryMessages
	Days     []HistoryDay
	Samples  []HistorySample
}

// HistoryStage is the number of users settled in a stage at the end of To.
type HistoryStage struct {
	Name             string
	Published, Tried int64
}

// HistoryMove counts transitions of one kind. Those that only set the state (baselines) are none.
type HistoryMove struct {
	What, From, To   string // as in journey.Transition
	Published, Tried int64
	Same             int64 // of both: the same user on the same day
}

// HistoryMessages counts the messages that a rule asked for.
type HistoryMessages struct {
	Rule             string
	Published, Tried int64
	Same             int64 // of both: the same user on the same day
	OnlyPublished    int64
	OnlyTried        int64
}

// HistoryDay counts the messages that a rule asked for on a day.
type HistoryDay struct {
	Day              zone.Day
	Rule             string
	Published, Tried int64
}

// HistorySample is a message that one strategy alone asked for.
type HistorySample struct {
	Rule    string
	Tried   bool   // else the published strategy
	User    string // pseudonymous
	Day     zone.Day
	Reasons []score.Text // in words
	hash    uint64
}

// Limits of a replay.
const (
	historyDays    = 1100
	historyEvents  = 100_000 // of one user
	historySamples = 5       // of each rule and side
)

// ReplayHistory runs the kept events of some days again, under the published strategy and under another one. Each user starts in the
// STATE that was settled before From and is decided about whenever an event of theirs arrived, and at every moment at which time alone
// could change something. Nothing is stored. Memory follows the users of one batch, not the base. Errors: Invalid for a strategy with
// mistakes, or days that make no sense.
func (a *App) ReplayHistory(ctx context.Context, req HistoryRequest) (*History, error) {
	if req.From > req.To || req.To-req.From >= historyDays {
		return nil, fault.New(fault.Invalid, "the days from %s to %s", req.From, req.To).
			WithHint("give a first and a last day, at most %d days", historyDays)
	}
	p, err := a.newPast(ctx, req)
	if err != nil {
		return nil, err
	}
	if err := p.run(ctx, req.Progress); err != nil {
		return nil, err
	}
	return p.finish(), nil
}

// past is one replay under way.
type past struct {
	app      *App
	from, to int64 // unix milliseconds: after from, up to to
	sides    [2]side
	oneFold  bool // both strategies fold the same FACTS
	files    map[string]fileKnown
	seenAt   int64 // users whose first event is later are newcomers to both strategies
	out      History
	moves    map[HistoryMove]*HistoryMove
	messages map[string]*HistoryMessages
	days     map[HistoryDay]*HistoryDay
	stages   map[string]*HistoryStage
}

// side is one of the two strategies.
type side struct {
	live *Live
	zone *zone.Zone
}

// fileKnown says when the events of a file came to be known.
type fileKnown struct {
	at    int64
	order int // among the files of one moment
	fill  bool
}

// The sides.
const (
	published = 0
	tried     = 1
)

func (a *App) newPast(ctx context.Context, req HistoryRequest) (*past, error) {
	live, err := a.Live(ctx)
	if err != nil {
		return nil, err
	}
	other, err := a.compileText(req.Text)
	if err != nil {
		return nil, err
	}
	models, err := a.ports.Docs.Get(ctx, docModels)
	if err != nil {
		return nil, fault.Wrap(err, "read which models are in force")
	}
	if err := a.takeModels(ctx, other, models); err != nil {
		return nil, err
	}
	p := &past{
		app: a, from: live.Zone.Start(req.From), to: live.Zone.Start(req.To+1) - 1,
		moves: map[HistoryMove]*HistoryMove{}, messages: map[string]*HistoryMessages{}, days: map[HistoryDay]*HistoryDay{}, stages: map[string]*HistoryStage{},
		oneFold: live.Engine.Schema().Fingerprint() == other.Engine.Schema().Fingerprint(),
	}
	p.seenAt = min(live.Published, p.from)
	p.out = History{From: req.From, To: req.To, Published: live.Version, Tried: other.Version, Ceiling: other.Engine.Strategy().Outreach.DailyCeiling}
	if live.Models != nil {
		p.out.Models = live.Models.Version
	}
	if err := p.takeCuts(ctx, live, other); err != nil {
		return nil, err
	}
	return p, p.takeFiles(ctx)
}

// takeCuts fixes the cuts of both sides: the published ones where they fit, else those of the base as it was at the beginning.
func (p *past) takeCuts(ctx context.Context, live, other *Live) error {
	base := *live
	if !live.Engine.Fits(live.Cuts) {
		cuts, err := p.app.computeCuts(ctx, live, p.from, nil)
		if err != nil {
			return err
		}
		base.Cuts = cuts
	}
	other.Cuts = base.Cuts
	if !other.Engine.Fits(other.Cuts) {
		cuts, err := p.app.computeCuts(ctx, other, p.from, nil)
		if err != nil {
			return fault.Wrap(err, "compute cuts under the strategy that is tried")
		}
		other.Cuts, p.out.Recut = cuts, true
	}
	p.out.Cuts, p.out.CutsAt = base.Cuts.Version, base.Cuts.AsOf
	p.sides = [2]side{{&base, base.Zone}, {other, other.Zone}}
	return nil
}

// takeFiles reads from the ledger when the events of each file came to be known. Those of a file that filled history in are taken to
// have come when they happened.
func (p *past) takeFiles(ctx context.Context) error {
	p.files = map[string]fileKnown{}
	n := 0
	for after := ""; ; {
		page, err := p.app.ports.Ledger.Files(ctx, after, 1000)
		if err != nil {
			return fault.Wrap(err, "read the ledger")
		}
		if len(page) == 0 {
			return nil
		}
		for _, f := range page {
			n--
			if f.Status != FileDone {
				continue
			}
			p.files[f.ID] = fileKnown{at: cmp.Or(f.AsOf, f.Arrived), order: n, fill: f.Backfill}
		}
		after = page[len(page)-1].ID
	}
}

// run reads the kept events bucket by bucket; users of several ids come at the end.
func (p *past) run(ctx context.Context, progress func(done, total int64)) error {
	pointers, err := p.app.allPointers(ctx)
	if err != nil {
		return err
	}
	joined := map[string][]string{}
	for id, canonical := range pointers {
		joined[canonical] = append(joined[canonical], id)
	}
	buckets := p.app.ports.Canon.Buckets()
	total := int64(buckets + len(joined))
	tell := func(done int) {
		if progress != nil {
			progress(int64(done), total)
		}
	}
	for bucket := range buckets {
		skip := func(key string) bool { _, moved := pointers[key]; return moved || joined[key] != nil }
		if err := p.read(ctx, RowFilter{Bucket: bucket, To: p.to + 1 + lateBy}, skip, func(key string) string { return key }); err != nil {
			return err
		}
		tell(bucket + 1)
	}
	for i, canonical := range slices.Sorted(maps.Keys(joined)) {
		ids := append(joined[canonical], canonical)
		slices.Sort(ids)
		filter := RowFilter{Bucket: -1, Keys: ids, To: p.to + 1 + lateBy}
		if err := p.read(ctx, filter, func(string) bool { return false }, func(string) string { return canonical }); err != nil {
			return err
		}
		tell(buckets + i + 1)
	}
	return nil
}

// lateBy is how much later than its fileKnown an event may be dated.
const lateBy = 86_400_000

// read collects the events of each user and decides.
func (p *past) read(ctx context.Context, filter RowFilter, skip func(string) bool, owner func(string) string) error {
	u := newPastUser(p)
	old := older{app: p.app}
	batch := []*pastUser{}
	flush := func() error {
		err := p.decide(ctx, batch)
		batch = batch[:0]
		return err
	}
	for row, err := range p.app.kept(ctx, filter) {
		if err != nil {
			return err
		}
		if skip(row.Key) {
			continue
		}
		if key := owner(row.Key); key != u.key {
			if u.key != "" {
				batch = append(batch, u)
			}
			if len(batch) == pastBatch {
				if err := flush(); err != nil {
					return err
				}
			}
			u = newPastUser(p)
			u.key = strings.Clone(key)
		}
		if err := u.take(ctx, &old, &row); err != nil {
			return err
		}
	}
	if u.key != "" {
		batch = append(batch, u)
	}
	return flush()
}

// pastBatch is how many users are held at once.
const pastBatch = 256

// decide reads what was settled about a batch of users and runs them.
func (p *past) decide(ctx context.Context, batch []*pastUser) error {
	keys := make([]string, len(batch))
	for i, u := range batch {
		keys[i] = u.key
	}
	items, err := p.app.ports.Profiles.Get(ctx, keys)
	if err != nil {
		return fault.Wrap(err, "read profiles")
	}
	for i, u := range batch {
		if u.many {
			p.out.LeftOut++
			continue
		}
		if !u.any {
			continue
		}
		settled, err := p.app.stateAt(ctx, items[i], p.from)
		if err != nil {
			return err
		}
		p.out.Users++
		u.run(settled)
	}
	return nil
}

// finish puts the counts in order.
func (p *past) finish() *History {
	h := &p.out
	for _, s := range p.sides[tried].live.Engine.Strategy().Lifecycle.Stages {
		p.stage(s.Name)
	}
	names := p.sides[published].live.Engine.Strategy().StageNames()
	place := func(name string) int {
		if i := slices.Index(names, name); i >= 0 {
			return i
		}
		return len(names)
	}
	h.Stages = collect(p.stages, func(x, y HistoryStage) int {
		return cmp.Or(cmp.Compare(place(x.Name), place(y.Name)), cmp.Compare(x.Name, y.Name))
	})
	h.Moves = collect(p.moves, func(x, y HistoryMove) int {
		return cmp.Or(cmp.Compare(x.What, y.What), cmp.Compare(x.From, y.From), cmp.Compare(x.To, y.To))
	})
	h.Messages = collect(p.messages, func(x, y HistoryMessages) int { return cmp.Compare(x.Rule, y.Rule) })
	h.Days = collect(p.days, func(x, y HistoryDay) int { return cmp.Or(cmp.Compare(x.Day, y.Day), cmp.Compare(x.Rule, y.Rule)) })
	slices.SortFunc(h.Samples, compareSamples)
	sums := map[zone.Day]int64{}
	for _, d := range h.Days {
		sums[d.Day] += d.Tried
	}
	for _, n := range sums {
		if n > int64(h.Ceiling) {
			h.OverCeiling++
		}
	}
	return h
}

func collect[K comparable, V any](m map[K]*V, order func(x, y V) int) []V {
	out := make([]V, 0, len(m))
	for _, v := range m {
		out = append(out, *v)
	}
	slices.SortFunc(out, order)
	return out
}

func compareSamples(x, y HistorySample) int {
	side := func(s HistorySample) int {
		if s.Tried {
			return 0
		}
		return 1
	}
	return cmp.Or(cmp.Compare(x.Rule, y.Rule), cmp.Compare(side(x), side(y)), cmp.Compare(x.hash, y.hash), cmp.Compare(x.Day, y.Day))
}

// sample keeps the messages of the users with the smallest hashes, so that the same ones are shown each time.
func (p *past) sample(s HistorySample) {
	s.User = "u-" + strconv.FormatUint(s.hash, 36)
	var rivals []int
	for i := range p.out.Samples {
		if x := &p.out.Samples[i]; x.Rule == s.Rule && x.Tried == s.Tried {
			rivals = append(rivals, i)
		}
	}
	if len(rivals) < historySamples {
		p.out.Samples = append(p.out.Samples, s)
		return
	}
	worst := slices.MaxFunc(rivals, func(i, j int) int { return compareSamples(p.out.Samples[i], p.out.Samples[j]) })
	if compareSamples(s, p.out.Samples[worst]) < 0 {
		p.out.Samples[worst] = s
	}
}

// pseudonym is a number that stands for a user in the report.
func pseudonym(key string) uint64 { return event.UserHash("replay\x00" + key) }
