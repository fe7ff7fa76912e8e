package app_test

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/weir-engine/weir/infra/embedded"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// The tests of this file take away one condition of a write, or one thing that a restart relies on, and expect that the
// comparison with the clean run fails: a suite that stays green then would prove nothing.

// without names one condition that a wrapper takes away.
type without struct {
	name string
	wrap func(p app.Ports) app.Ports
}

// noMarks forgets which chunks are in a profile already.
type noMarks struct{ app.Profiles }

func (p noMarks) Get(ctx context.Context, keys []string) ([]app.Item, error) {
	items, err := p.Profiles.Get(ctx, keys)
	for i := range items {
		items[i].Marks = nil
	}
	return items, err
}

// noClaim forgets that a message was claimed, as if claiming and the later settling were one step.
type noClaim struct{ app.Intents }

func (p noClaim) List(ctx context.Context, q app.IntentQuery) ([]app.Intent, error) {
	if q.Status == app.IntentClaimed {
		return nil, nil
	}
	all, err := p.Intents.List(ctx, q)
	if q.Status != app.IntentPending {
		return all, err
	}
	claimed, e := p.Intents.List(ctx, app.IntentQuery{Status: app.IntentClaimed, Limit: q.Limit})
	if err == nil {
		err = e
	}
	for _, in := range claimed {
		in.Status = app.IntentPending
		all = append(all, in)
	}
	return all, err
}

func (p noClaim) Claim(ctx context.Context, c app.Claim) (bool, error) {
	_, err := p.Intents.Claim(ctx, c)
	return err == nil, err
}

// noOwnFile reads the rows of the file that is being folded as if they were another's.
type noOwnFile struct{ app.Canon }

func (c noOwnFile) Read(ctx context.Context, f app.RowFilter) iter.Seq2[app.Row, error] {
	f.NotFile = ""
	return c.Canon.Read(ctx, f)
}

// noRunning takes a file that was interrupted for a finished one.
type noRunning struct{ app.Ledger }

func (p noRunning) Begin(ctx context.Context, f app.File) (app.File, bool, error) {
	stored, known, err := p.Ledger.Begin(ctx, f)
	if known && stored.Status == app.FileRunning {
		stored.Status = app.FileDone
	}
	return stored, known, err
}

func (c *cleanRun) step(name string) int {
	return slices.IndexFunc(c.steps, func(s step) bool { return s.name == name })
}

// TestWithoutOneConditionTheSuiteIsRed runs the crash points of a live import and of a delivery with one condition missing.
func TestWithoutOneConditionTheSuiteIsRed(t *testing.T) {
	for _, m := range []without{
		{"marks in the profiles", func(p app.Ports) app.Ports { p.Profiles = noMarks{p.Profiles}; return p }},
		{"claims of messages", func(p app.Ports) app.Ports { p.Intents = noClaim{p.Intents}; return p }},
		{"own rows left out", func(p app.Ports) app.Ports { p.Canon = noOwnFile{p.Canon}; return p }},
		{"the record of a running file", func(p app.Ports) app.Ports { p.Ledger = noRunning{p.Ledger}; return p }},
	} {
		t.Run(m.name, func(t *testing.T) {
			c := runClean(t, true)
			c.wrap = m.wrap
			first := c.red(t, "live1", "deliver1")
			if first == "" {
				t.Errorf("without the %s no crash point differs from the clean run", m.name)
			}
			t.Logf("red: %.300s", first)
		})
	}
	t.Run("nothing taken away", func(t *testing.T) {
		c := runClean(t, true)
		if first := c.red(t, "live1", "deliver1"); first != "" {
			t.Error(first)
		}
	})
}

// red returns the first crash point of steps, before or after a call that writes or sends, at which the comparison fails, and what
// differs; "" when there is none.
func (c *cleanRun) red(t *testing.T, names ...string) string {
	t.Helper()
	for _, name := range names {
		i := c.step(name)
		for n, call := range c.calls[i] {
			if !writes(call) {
				continue
			}
			for _, after := range []bool{false, true} {
				if diff := c.crash(t, i, n+1, after, i); len(diff) > 0 {
					return fmt.Sprintf("%s, call %d, %s: %s", name, n+1, call, diff[0])
				}
			}
		}
	}
	return ""
}

// raceWrites runs `between` before each write of profiles, once.
type raceWrites struct {
	app.Profiles
	at, n   int
	between func()
}

func (p *raceWrites) Write(ctx context.Context, writes []app.UserWrite) ([]error, error) {
	if p.n++; p.n == p.at {
		p.between()
	}
	return p.Profiles.Write(ctx, writes)
}

// noVersions writes whatever the stored version is.
type noVersions struct{ app.Profiles }

func (p noVersions) Write(ctx context.Context, writes []app.UserWrite) ([]error, error) {
	keys := make([]string, len(writes))
	for i, w := range writes {
		keys[i] = w.Item.Key
	}
	items, err := p.Profiles.Get(ctx, keys)
	if err != nil {
		return nil, err
	}
	writes = slices.Clone(writes)
	for i := range writes {
		writes[i].Item.Version = items[i].Version
	}
	return p.Profiles.Write(ctx, writes)
}

// TestTwoProcessesFoldAtOnce lets another process import a whole file between the read and each write of an import: every
// event counts once. Without the version condition it does not.
func TestTwoProcessesFoldAtOnce(t *testing.T) {
	lines := func(prefix string, days int) string {
		text := ""
		for i := range 12 {
			text += bought(fmt.Sprint(prefix, i), fmt.Sprintf("u%d", i), fmt.Sprintf("2026-03-0%dT10:00:00Z", days), 5+i)
		}
		return text
	}
	for _, versions := range []bool{true, false} {
		t.Run(fmt.Sprint("versions: ", versions), func(t *testing.T) {
			red := 0
			for n := 1; n <= 4; n++ {
				b := smallBase(t, "2026-03-01T00:00:00Z", 2)
				b.load(lines("h", 1), backfill)
				b.now = at("2026-03-05T00:00:00Z")
				p := b.store.Ports(func() int64 { return b.now })
				other := b.app
				race := &raceWrites{Profiles: p.Profiles, at: n}
				if !versions {
					race.Profiles = noVersions{p.Profiles}
				}
				race.between = func() {
					text := lines("y", 3)
					if _, err := other.Import(ctx, app.ImportRequest{Name: "y", Source: strings.NewReader(text), Size: int64(len(text))}); err != nil {
						t.Error(err)
					}
				}
				p.Profiles = race
				var err error
				if b.app, err = app.New(ctx, p, app.Options{ChunkBytes: 1}); err != nil {
					t.Fatal(err)
				}
				if got, want := b.load(lines("x", 2)), (app.Counts{Events: 12, Accepted: 12, Users: 12}); got != want && versions {
					t.Errorf("write %d: counts are %+v", n, got)
				}
				report, err := b.app.Rebuild(ctx, nil)
				if err != nil {
					t.Fatal(err)
				}
				if report.Changed > 0 {
					red++
				}
				if race.n < n {
					break
				}
			}
			if versions && red > 0 {
				t.Errorf("events were lost at %d writes", red)
			}
			if !versions && red == 0 {
				t.Error("without the version condition nothing was lost: the test proves nothing")
			}
		})
	}
}

// TestTwoProcessesDeliverAtOnce lets another process deliver everything before each claim of a delivery: nobody is messaged
// twice.
func TestTwoProcessesDeliverAtOnce(t *testing.T) {
	b := newBase(t, "2026-03-01T00:00:00Z")
	b.publish(withRules(welcomeOnly))
	b.at("2026-03-02T12:00:00Z").newcomers("n", 6, "2026-03-02T10:00:00Z")
	sent := newPhone()
	ports := func(between func()) app.Ports {
		p := b.store.Ports(func() int64 { return b.now })
		p.Channels = map[string]app.Channel{embedded.OutboxChannel: sent}
		p.Intents = &raceClaims{Intents: p.Intents, between: between}
		return p
	}
	second, err := app.New(ctx, ports(func() {}), app.Options{ChunkBytes: 1})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	first, err := app.New(ctx, ports(func() {
		if n++; n == 3 {
			if _, err := second.Deliver(ctx); err != nil {
				t.Error(err)
			}
		}
	}), app.Options{ChunkBytes: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := first.Deliver(ctx); err != nil && !fault.Is(err, fault.Conflict) {
		t.Fatal(err)
	}
	if len(sent.sent) != 6 {
		t.Errorf("%d users were messaged", len(sent.sent))
	}
	for id, n := range maps.All(sent.sent) {
		if n != 1 {
			t.Errorf("%s was sent %d times", id, n)
		}
	}
}

type raceClaims struct {
	app.Intents
	between func()
}

func (p *raceClaims) Claim(ctx context.Context, c app.Claim) (bool, error) {
	p.between()
	return p.Intents.Claim(ctx, c)
}

// TestTwoProcessesImportTheSameFile lets another process import the same file between the read and each write of an import:
// every event counts once, and the file is recorded once.
func TestTwoProcessesImportTheSameFile(t *testing.T) {
	text := strings.Join(stream(6, 90), "\n")
	clean := smallBase(t, "2026-03-15T00:00:00Z", 2)
	counts := clean.load(text)
	want := clean.facts()
	for n := 1; n <= 3; n++ {
		b := smallBase(t, "2026-03-15T00:00:00Z", 2)
		p := b.store.Ports(func() int64 { return b.now })
		other := b.app
		race := &raceWrites{Profiles: p.Profiles, at: n, between: func() {
			if _, err := other.Import(ctx, app.ImportRequest{Name: "test", Source: strings.NewReader(text), Size: int64(len(text))}); err != nil {
				t.Error(err)
			}
		}}
		p.Profiles = race
		var err error
		if b.app, err = app.New(ctx, p, app.Options{ChunkBytes: 1}); err != nil {
			t.Fatal(err)
		}
		if _, err = b.try([]byte(text)); err != nil && !fault.Is(err, fault.Conflict) {
			t.Fatal(err)
		}
		if race.n < n {
			break
		}
		if diff := differences(want, b.facts()); len(diff) > 0 {
			t.Errorf("write %d: %s", n, strings.Join(diff, "\n"))
		}
		files, _, err := b.app.Files(ctx, "", 10)
		if err != nil || len(files) != 1 || files[0].Status != app.FileDone || files[0].Counts != counts {
			t.Errorf("the ledger says %+v, %v", files, err)
		}
	}
}

// raceDocs runs `between` before the first write of a document.
type raceDocs struct {
	app.Docs
	key     string
	between func()
}

func (p *raceDocs) Put(ctx context.Context, d app.Doc) error {
	if between := p.between; d.Key == p.key && between != nil {
		p.between = nil
		between()
	}
	return p.Docs.Put(ctx, d)
}

// TestTwoProcessesPublishAtOnce: the second to come is told so, and what is in force is what the versions say.
func TestTwoProcessesPublishAtOnce(t *testing.T) {
	for _, key := range []string{"strategy/v/0000000002", "strategy/current"} {
		b := newBase(t, "2026-03-01T00:00:00Z")
		p := b.store.Ports(func() int64 { return b.now })
		other := b.app
		p.Docs = &raceDocs{Docs: p.Docs, key: key, between: func() {
			if _, err := other.Publish(ctx, app.PublishRequest{Text: []byte(scriptStrategy)}); err != nil {
				t.Error(err)
			}
		}}
		var err error
		if b.app, err = app.New(ctx, p, app.Options{ChunkBytes: 1}); err != nil {
			t.Fatal(err)
		}
		if _, err := b.app.Publish(ctx, app.PublishRequest{Text: []byte(withRules(welcomeOnly))}); !fault.Is(err, fault.Conflict) {
			t.Errorf("%s: the second publication gives %v", key, err)
		}
		current, err := b.app.Strategy(ctx)
		if err != nil || current.Text != scriptStrategy || current.Sequence != 2 {
			t.Errorf("%s: in force is %s, %d, %v", key, current.Version, current.Sequence, err)
		}
		versions, err := b.app.StrategyVersions(ctx)
		if err != nil || len(versions) != 2 || versions[0].Version != current.Version {
			t.Errorf("%s: %d versions, the newest is %s, %v", key, len(versions), versions[0].Version, err)
		}
	}
}
