// Package app holds Weir's use cases: ingest files, decide, deliver, publish strategies, rebuild, and answer questions about
// the base. It is the only package that knows the order of things; what it needs of the outside stands in Ports.
package app

import (
	"cmp"
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"sync"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/plan"
	"github.com/weir-engine/weir/shared/score"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/zone"
)

// App runs the use cases over one base. It is safe for concurrent use; imports run one after another.
type App struct {
	ports    Ports
	limits   event.Limits
	workers  int
	chunk    int64 // bytes of a small file's chunk
	rows     int   // of a shard of the stored snapshot
	most     int64 // rows of all of its shards
	few      int64 // up to so many users profiles are read where the stored snapshot has no answer
	everyone bool  // each sweep evaluates everyone
	approval bool  // Options.Approval
	scanned  int64 // up to so many users the past is looked up user by user

	delivering sync.Mutex // one delivery at a time
	adopting   sync.Mutex // one file of the bucket recorded at a time

	fresh    freshCuts
	baseLock sync.Mutex
	bases    []*Base
	shelf    shelf

	shooting sync.Mutex // one stored snapshot made at a time
	writing  sync.Mutex // one import, rebuild, publish or sweep at a time: see exclusive
	holder   string     // of the lease; "" where no other process writes
	public   string     // Options.Public

	jobs *Jobs

	mu        sync.Mutex
	collector collector
	live      *Live
	zones     map[string]*zone.Zone
	userZones userZones
	plans     map[int64]*plan.Plan // by sequence
	progress  map[string]Progress  // by file id, of running imports
	indexKey  []byte               // of contact data: see index
}

// Options tune the use cases to their host.
type Options struct {
	Workers int // chunks of a file folded at the same time; 0 and 1: one after another, in a fixed order of port calls
	// Holder names this process among those that write to the same base; "" when there is no other. Names are never used again.
	Holder string
	// Public is the address at which this base's API is reached by everybody, for links in messages; "" when there is none.
	Public string
	// ShardRows is the number of users of a shard of the stored snapshot; 0: 65,536.
	ShardRows int
	// SnapshotRows is the most rows of the stored snapshot: of a larger base it holds a sample; 0: snapshot.MaxRows.
	SnapshotRows int64
	// ChunkBytes is how much of a small file a chunk holds; 0: 1 MiB.
	ChunkBytes int64
	// Everyone makes each sweep evaluate everyone, for comparisons.
	Everyone bool
	// Approval demands that another person than its author approves a strategy before it comes into force.
	Approval bool
}

// Live is the published strategy with its cuts and models, compiled.
type Live struct {
	Engine *score.Engine // with Models
	Cuts   *score.Cuts   // nil until the first were computed
	Models *score.Models // nil while none are in force
	// ModelsStale says that models are in force but not used, because they do not fit the strategy; nil otherwise.
	ModelsStale *Warning
	Zone        *zone.Zone
	Text        []byte
	Version     string // content hash
	Sequence    int64  // 1 for the first published strategy
	Published   int64
	strategy    Doc // strategy/current as read
	cuts        Doc
	models      Doc
}

// Keys of the documents that the use cases keep.
const (
	docStrategy     = "strategy/current"
	docVersions     = "strategy/v/" // + sequence, ten digits
	docCuts         = "cuts/current"
	docCutsVersions = "cuts/v/" // + version
	docClock        = "clock"
	docBase         = "base"
	docStopped      = "outreach/stopped"
)

// New returns the use cases over ports. It publishes the default strategy when none is published yet and the store can be
// written.
func New(ctx context.Context, p Ports, o Options) (*App, error) {
	a := &App{
		ports: p, limits: event.DefaultLimits, workers: max(o.Workers, 1), holder: o.Holder, rows: o.ShardRows, most: o.SnapshotRows, few: fewUsers,
		chunk: cmp.Or(o.ChunkBytes, smallChunk), everyone: o.Everyone,
		public: o.Public, approval: o.Approval,
		progress: map[string]Progress{}, zones: map[string]*zone.Zone{},
	}
	if a.rows == 0 {
		a.rows = storedShardRows
	}
	a.jobs = &Jobs{Docs: p.Docs, Clock: p.Clock, Holder: o.Holder, Hand: p.Workers, Work: a}
	for try := 1; ; try++ {
		if _, err := a.Live(ctx); err == nil || !fault.Is(err, fault.NotFound) {
			return a, err
		}
		_, err := a.putStrategy(ctx, PublishRequest{Text: strategy.Init("commerce", "UTC", "USD"), Note: "first strategy"}, Doc{})
		if err == nil || fault.Is(err, fault.Forbidden) {
			return a, nil
		}
		if !fault.Is(err, fault.Conflict) || try == 10 { // a conflict: another process starts on the same empty base
			return nil, fault.Wrap(err, "publish the default strategy")
		}
	}
}

// now is the clock of decisions: the pinned moment when the clock is held, else the host's.
func (a *App) now(ctx context.Context) (int64, error) {
	c, err := a.Clock(ctx)
	if err != nil {
		return 0, err
	}
	return c.Now, nil
}

// Clock says what time it is for the base.
type Clock struct {
	Now    int64 // the moment of live decisions
	Pinned bool  // held by PinClock: time does not pass
	AsOf   int64 // the default moment of views: that of the latest import or decision; Now when nothing happened yet
}

type clockDoc struct {
	Pinned int64 `json:"pinned,omitempty"`
}

type baseDoc struct {
	AsOf   int64 `json:"as_of"`
	Newest int64 `json:"newest"` // time of the newest event
	// Folded identifies what FACTS were extracted by (see extracts); "": by the published strategy.
	Folded string `json:"folded,omitempty"`
	// Folding is a refold that has begun and not ended: until then some FACTS hold one extraction and some another.
	Folding *foldingDoc `json:"folding,omitempty"`
}

// foldingDoc is how far a refold has come.
type foldingDoc struct {
	Want   string        `json:"want"`   // the fingerprint that FACTS will have
	Bucket int           `json:"bucket"` // the first canonical bucket that is not done
	Done   RebuildReport `json:"done"`
}

// Clock returns the base's clock.
func (a *App) Clock(ctx context.Context) (Clock, error) {
	var held clockDoc
	if _, err := a.getDoc(ctx, docClock, &held); err != nil {
		return Clock{}, err
	}
	var base baseDoc
	if _, err := a.getDoc(ctx, docBase, &base); err != nil {
		return Clock{}, err
	}
	c := Clock{Now: a.ports.Clock(), AsOf: base.AsOf}
	if held.Pinned != 0 {
		c.Now, c.Pinned = held.Pinned, true
	}
	if c.AsOf == 0 {
		c.AsOf = c.Now
	}
	return c, nil
}

// PinClock holds the clock at a moment, for samples and rehearsals; 0 lets time pass again.
func (a *App) PinClock(ctx context.Context, at int64) error {
	if err := a.everyoneDue(ctx, true); err != nil {
		return err
	}
	if err := a.distrustLists(ctx); err != nil {
		return err
	}
	if err := a.putDoc(ctx, docClock, clockDoc{Pinned: at}); err != nil {
		return err
	}
	return a.everyoneDue(ctx, true)
}

// AsOf returns at, or the default moment of views when at is 0.
func (a *App) AsOf(ctx context.Context, at int64) (int64, error) {
	if at != 0 {
		return at, nil
	}
	c, err := a.Clock(ctx)
	return c.AsOf, err
}

// Newest returns the time of the newest event in the base; the default moment of views when there is none.
func (a *App) Newest(ctx context.Context) (int64, error) {
	var b baseDoc
	if _, err := a.getDoc(ctx, docBase, &b); err != nil || b.Newest != 0 {
		return b.Newest, err
	}
	return a.AsOf(ctx, 0)
}

// moveAsOf makes at the default moment of views.
func (a *App) moveAsOf(ctx context.Context, at int64) error {
	return a.changeBase(ctx, func(b *baseDoc) { b.AsOf = at })
}

func (a *App) changeBase(ctx context.Context, change func(*baseDoc)) error {
	var b baseDoc
	if _, err := a.getDoc(ctx, docBase, &b); err != nil {
		return err
	}
	change(&b)
	return a.putDoc(ctx, docBase, b)
}

// Live returns the published strategy, cuts and models, compiled once a version. NotFound when nothing is published.
func (a *App) Live(ctx context.Context) (*Live, error) {
	current, err := a.ports.Docs.Get(ctx, docStrategy)
	if err != nil {
		return nil, fault.Wrap(err, "read the published strategy")
	}
	if current.Version == 0 {
		return nil, fault.New(fault.NotFound, "no strategy is published").WithHint("publish one with: weir strategy publish FILE")
	}
	cuts, err := a.ports.Docs.Get(ctx, docCuts)
	if err != nil {
		return nil, fault.Wrap(err, "read the published cuts")
	}
	models, err := a.ports.Docs.Get(ctx, docModels)
	if err != nil {
		return nil, fault.Wrap(err, "read which models are in force")
	}
	a.mu.Lock()
	l := a.live
	a.mu.Unlock()
	if l != nil && l.strategy.Version == current.Version && l.cuts.Version == cuts.Version && l.models.Version == models.Version {
		return l, nil
	}
	if l, err = a.compile(current, cuts); err != nil {
		return nil, err
	}
	if err := a.takeModels(ctx, l, models); err != nil {
		return nil, err
	}
	a.mu.Lock()
	a.live = l
	a.mu.Unlock()
	return l, nil
}

func (a *App) compile(current, cuts Doc) (*Live, error) {
	var published StrategyVersion
	if err := json.Unmarshal(current.Value, &published); err != nil {
		return nil, fault.New(fault.Internal, "the published strategy cannot be read").Because(err)
	}
	l, err := a.compileText([]byte(published.Text))
	if err != nil {
		return nil, err
	}
	l.Sequence, l.Published, l.strategy, l.cuts = published.Sequence, published.At, current, cuts
	if cuts.Version > 0 {
		if l.Cuts, err = score.ParseCuts(cuts.Value); err != nil {
			return nil, fault.Wrap(err, "read the published cuts")
		}
	}
	return l, nil
}

// compileText compiles a strategy that need not be published, without cuts.
func (a *App) compileText(text []byte) (*Live, error) {
	s, err := strategy.Parse(text)
	if err != nil {
		return nil, err
	}
	z, err := a.zone(s.Zone)
	if err != nil {
		return nil, unknownZone(text, s.Zone)
	}
	engine, err := score.New(s, z)
	if err != nil {
		return nil, err
	}
	return &Live{Engine: engine.WithZones(a.userZone), Zone: z, Text: text, Version: s.Version()}, nil
}

// unknownZone points at the zone in a strategy's text.
func unknownZone(text []byte, name string) error {
	p := strategy.Problem{
		Line: 1, Col: 1, Path: "zone", Message: "zone " + strconv.Quote(name) + " is not in the zone table",
		Expected: "a name of the tz database, such as Asia/Shanghai or UTC",
	}
	for i, line := range strings.Split(string(text), "\n") {
		if strings.HasPrefix(line, "zone:") {
			p.Line, p.Col = i+1, max(strings.Index(line, name), 0)+1
			break
		}
	}
	return &strategy.Errors{Problems: []strategy.Problem{p}}
}

// zone returns the rules of a zone as a table.
func (a *App) zone(name string) (*zone.Zone, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if z := a.zones[name]; z != nil {
		return z, nil
	}
	loc, err := a.ports.Zones(name)
	if err != nil {
		return nil, fault.New(fault.Invalid, "zone %q is not in the zone table", name).
			WithHint("use a name of the tz database, such as Asia/Shanghai or UTC").Because(err)
	}
	z := zone.FromLocation(loc)
	a.zones[name] = z
	return z, nil
}

// getDoc reads a JSON document into v; v stays as it is when there is none.
func (a *App) getDoc(ctx context.Context, key string, v any) (Doc, error) {
	d, err := a.ports.Docs.Get(ctx, key)
	if err != nil {
		return d, fault.Wrap(err, "read %s", key)
	}
	if d.Version == 0 {
		return d, nil
	}
	if err := json.Unmarshal(d.Value, v); err != nil {
		return d, fault.New(fault.Internal, "document %s cannot be read", key).Because(err)
	}
	return d, nil
}

// putDoc replaces a JSON document whatever it holds; between two writers the later wins.
func (a *App) putDoc(ctx context.Context, key string, v any) error {
	value, err := json.Marshal(v)
	if err != nil {
		return fault.New(fault.Internal, "document %s cannot be written", key).Because(err)
	}
	for {
		d, err := a.ports.Docs.Get(ctx, key)
		if err != nil {
			return fault.Wrap(err, "read %s", key)
		}
		if d.Version > 0 && string(d.Value) == string(value) {
			return nil
		}
		err = a.ports.Docs.Put(ctx, Doc{Key: key, Version: d.Version, Value: value, At: a.ports.Clock()})
		if !fault.Is(err, fault.Conflict) {
			return err
		}
	}
}
