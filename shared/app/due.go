package app

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
)

// Time moves users without events, so each decision stores when the next one could say anything else (Item.Due): a bound that is never
// late. A sweep evaluates who is due, and finds them in two places:
//
//   - the due index holds who is due within soonFor of the moment they were written (Item.Soon);
//   - the lists of the stored snapshot, a few files for each day, hold who is due within soonFor of the moment the snapshot was begun.
//
// Nobody is missed: who is due later than soonFor after they were written was written more than soonFor ago, and the snapshot, which is
// younger than SnapshotLate, was begun after that. The difference of the two, half a day, is the room for imports and sweeps that
// take long. Where the snapshot is late, everyone is evaluated.
//
// Bounds hold under the versions of strategy, cuts and models that they were computed under. docSweep names those under which everyone
// has one; whatever changes FACTS without a decision (a backfill, a rebuild, a revoked link) or moves the clock says there first that
// everyone has to be evaluated again.
const (
	docSweep = "sweep"
	soonFor  = 48 * hour

	dueLayout   = "1" // changes when bounds are computed otherwise: those that are stored count no more
	dueListName = "due.json"
	duePart     = 1 << 20 // bytes of one file of a list
)

// sweepDoc says what is known of everyone.
type sweepDoc struct {
	Tuple      string `json:"tuple"`                // everyone has a bound under it; "": not everyone has
	Until      int64  `json:"until"`                // who of the lists was due until then was evaluated
	Generation string `json:"generation,omitempty"` // whose lists
}

// dueTuple names what bounds hold under.
func dueTuple(l *Live) string { return dueLayout + " " + l.Tuple() }

// everyoneDue notes that bounds may be wrong from now on: the next sweep evaluates everyone. Whoever calls it beside a running sweep
// insists, so that the sweep cannot take it back.
func (a *App) everyoneDue(ctx context.Context, insist bool) error {
	for {
		var s sweepDoc
		d, err := a.getDoc(ctx, docSweep, &s)
		if err != nil || s.Tuple == "" && !insist {
			return err
		}
		if err = a.putVersion(ctx, d, sweepDoc{}); !fault.Is(err, fault.Conflict) {
			return err
		}
	}
}

// distrustLists forgets the lists of the snapshot, and a snapshot that is being made: their moments are of another clock.
func (a *App) distrustLists(ctx context.Context) error {
	for {
		shot, d, err := a.storedSnapshot(ctx)
		if err != nil {
			return err
		}
		if d.Version > 0 {
			shot.Lists = false
			err = a.putVersion(ctx, d, shot)
		}
		var work snapshotWork
		if err == nil {
			if d, err = a.getDoc(ctx, docSnapshotWork, &work); err == nil && d.Version > 0 {
				err = a.putVersion(ctx, d, snapshotWork{})
			}
		}
		if !fault.Is(err, fault.Conflict) {
			return err
		}
	}
}

// putVersion replaces what was read as d.
func (a *App) putVersion(ctx context.Context, d Doc, v any) error {
	value, err := json.Marshal(v)
	if err != nil {
		return fault.New(fault.Internal, "document %s cannot be written", d.Key).Because(err)
	}
	return a.ports.Docs.Put(ctx, Doc{Key: d.Key, Version: d.Version, Value: value, At: a.ports.Clock()})
}

// setDue stores the next moment at which a decision could say anything else than the one that settled state. Who is due when they were
// due before stays where they were found before: an entry of the index is written for news alone.
func setDue(l *Live, item *Item, facts *profile.Facts, state *profile.State, at sweepAt) {
	due := at.asOf // with events that are later, the next sweep looks again, without them
	if facts.LastSeen <= at.asOf {
		due = l.Engine.NextChange(item.Key, facts, state, l.Cuts, max(at.asOf, state.DecidedAt))
	}
	if due != item.Due {
		item.Due, item.Soon = due, due <= at.now+soonFor
	}
}

// undecided takes the bound of a user whose facts changed without a decision.
func undecided(item *Item) { item.Due, item.Soon = 0, false }

// dueList is a file of users of a snapshot who are due on one day.
type dueList struct {
	Name  string `json:"name"`
	First int64  `json:"first"` // the first moment at which one of them is due
	Last  int64  `json:"last"`
	Users int64  `json:"users"`
}

// dueLists collects who is due within soonFor of a moment, a list a day. Memory is bounded by a part of each.
type dueLists struct {
	from  int64
	days  map[int64]*dueDay
	files []dueList // those that are written
	put   func(name string, content []byte) error
}

type dueDay struct {
	list    dueList
	content []byte
}

// add takes a user whom the lists are to hold.
func (x *dueLists) add(item *Item) error {
	if item.Due == 0 || item.Due > x.from+soonFor {
		return nil
	}
	day := max(item.Due, x.from) / (24 * hour)
	d := x.days[day]
	if d == nil {
		d = &dueDay{list: dueList{First: item.Due, Last: item.Due}}
		x.days[day] = d
	}
	d.list.First, d.list.Last = min(d.list.First, item.Due), max(d.list.Last, item.Due)
	d.list.Users++
	d.content = AppendDue(d.content, item.Key, item.Due)
	if len(d.content) < duePart {
		return nil
	}
	return x.write(day)
}

// write writes the collected part of a day's list.
func (x *dueLists) write(day int64) error {
	d := x.days[day]
	delete(x.days, day)
	d.list.Name = fmt.Sprintf("due-%05d-%04d", day, len(x.files)+1)
	x.files = append(x.files, d.list)
	return x.put(d.list.Name, d.content)
}

// flush writes everything that was collected.
func (x *dueLists) flush() error {
	for len(x.days) > 0 {
		var days []int64
		for day := range x.days {
			days = append(days, day)
		}
		if err := x.write(slices.Min(days)); err != nil {
			return err
		}
	}
	return nil
}

// AppendDue appends a user to a list: the length of the key, the key and the moment.
func AppendDue(b []byte, key string, due int64) []byte {
	b = binary.AppendUvarint(b, uint64(len(key)))
	b = append(b, key...)
	return binary.AppendUvarint(b, uint64(due))
}

// ParseDue yields the users of a list; false when it is damaged.
func ParseDue(b []byte, do func(key string, due int64)) bool {
	for len(b) > 0 {
		n, used := binary.Uvarint(b)
		if used <= 0 || n > uint64(len(b)-used) {
			return false
		}
		key := string(b[used : used+int(n)])
		b = b[used+int(n):]
		due, used := binary.Uvarint(b)
		if used <= 0 || key == "" || due == 0 || int64(due) < 0 {
			return false
		}
		b = b[used:]
		do(key, int64(due))
	}
	return true
}

// Why a sweep evaluates everyone: SweepReport.Everyone.
const (
	EveryoneFirst    = "bounds"   // not everyone has a bound that holds: the first sweep, or one after a backfill, a rebuild or a change of the clock
	EveryoneVersions = "versions" // another strategy, other cuts or other models are in force
	EveryoneSnapshot = "snapshot" // there is no snapshot, or it is late
)

// sweepPlan is how a sweep finds who is due.
type sweepPlan struct {
	everyone string // why everyone is evaluated; "": who is due
	known    sweepDoc
	doc      Doc
	shot     StoredSnapshot
}

func (a *App) planSweep(ctx context.Context, live *Live, now int64) (p sweepPlan, err error) {
	if p.doc, err = a.getDoc(ctx, docSweep, &p.known); err != nil {
		return p, err
	}
	if p.shot, _, err = a.storedSnapshot(ctx); err != nil {
		return p, err
	}
	switch {
	case a.everyone || p.known.Tuple == "":
		p.everyone = EveryoneFirst
	case p.known.Tuple != dueTuple(live):
		p.everyone = EveryoneVersions
	case !p.shot.Lists || now-p.shot.Started >= SnapshotLate || now < p.shot.Started:
		p.everyone = EveryoneSnapshot
	}
	return p, nil
}

// swept notes that everyone who was due until now was evaluated. When somebody said in between that bounds may be wrong, that stays.
func (a *App) swept(ctx context.Context, p sweepPlan, live *Live, until int64) error {
	err := a.putVersion(ctx, p.doc, sweepDoc{Tuple: dueTuple(live), Until: until, Generation: p.shot.Generation})
	if fault.Is(err, fault.Conflict) {
		return nil
	}
	return err
}

// sweepDue evaluates who is due.
func (a *App) sweepDue(ctx context.Context, live *Live, p sweepPlan, now int64, report *SweepReport) error {
	for after := ""; ; {
		keys, next, err := a.ports.Profiles.Due(ctx, now, after, writeBatch)
		if err != nil {
			return fault.Wrap(err, "read who is due")
		}
		if err := a.sweepKeys(ctx, live, keys, now, report); err != nil {
			return err
		}
		if next == "" {
			break
		}
		after = next
	}
	text, err := a.ports.Shots.Get(ctx, p.shot.Generation, dueListName)
	if err != nil {
		return fault.Wrap(err, "read the due lists of the snapshot")
	}
	var lists []dueList
	if err := json.Unmarshal(text, &lists); err != nil {
		return fault.New(fault.Internal, "the due lists of the snapshot cannot be read").WithHint("make a new snapshot").Because(err)
	}
	from := p.known.Until
	if p.known.Generation != p.shot.Generation {
		from = 0
	}
	for _, list := range lists {
		if list.First > now || list.Last <= from {
			continue
		}
		if err := a.sweepList(ctx, live, p.shot.Generation, list.Name, from, now, report); err != nil {
			return err
		}
	}
	return nil
}

// sweepList evaluates who of a list is due after one moment and until another.
func (a *App) sweepList(ctx context.Context, live *Live, generation, name string, from, now int64, report *SweepReport) error {
	content, err := a.ports.Shots.Get(ctx, generation, name)
	if err != nil {
		return fault.Wrap(err, "read a due list of the snapshot")
	}
	var keys []string
	whole := ParseDue(content, func(key string, due int64) {
		if due > from && due <= now {
			keys = append(keys, key)
		}
	})
	if !whole {
		return fault.New(fault.Internal, "the due list %s of the snapshot %s is damaged", name, generation).WithHint("make a new snapshot")
	}
	for batch := range slices.Chunk(keys, writeBatch) {
		if err := a.sweepKeys(ctx, live, batch, now, report); err != nil {
			return err
		}
	}
	return nil
}

// sweepKeys evaluates those of some users who are still due.
func (a *App) sweepKeys(ctx context.Context, live *Live, keys []string, now int64, report *SweepReport) error {
	if len(keys) == 0 {
		return nil
	}
	items, err := a.ports.Profiles.Get(ctx, keys)
	if err != nil {
		return fault.Wrap(err, "read profiles")
	}
	items = slices.DeleteFunc(items, func(i Item) bool { return i.Version == 0 || i.Due > now })
	return a.sweepItems(ctx, live, items, sweepAt{asOf: now, now: now}, report)
}
