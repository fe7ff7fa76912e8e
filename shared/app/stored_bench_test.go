package app

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/score"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/whatif/snapshot"
	"github.com/weir-engine/weir/shared/zone"
)

// shotFiles keeps the files of one generation in memory and counts what is read.
type shotFiles struct {
	Snapshots
	files map[string][]byte
	read  int64
}

func (s *shotFiles) Put(_ context.Context, _, name string, r io.Reader) error {
	b, err := io.ReadAll(r)
	s.files[name] = b
	return err
}

func (s *shotFiles) Get(_ context.Context, _, name string) ([]byte, error) {
	b, ok := s.files[name]
	if !ok {
		return nil, fault.New(fault.NotFound, "no %s", name)
	}
	s.read += int64(len(b))
	return b, nil
}

// nobodyForgotten is a base without tombstones.
type nobodyForgotten struct{ Contacts }

func (nobodyForgotten) Tombstones(context.Context) ([]string, error) { return nil, nil }

// storedBench is a stored snapshot of n users with up to nine purchases each.
func storedBench(b *testing.B, n int) (*App, *Base, *shotFiles) {
	const asOf = 1_770_000_000_000
	text := strategy.Init("commerce", "UTC", "USD")
	s, err := strategy.Parse(text)
	if err != nil {
		b.Fatal(err)
	}
	engine, err := score.New(s, zone.UTC)
	if err != nil {
		b.Fatal(err)
	}
	live := &Live{Engine: engine, Zone: zone.UTC, Text: text, Version: s.Version()}
	shots := &shotFiles{files: map[string][]byte{}}
	a := &App{ports: Ports{Shots: shots, Contacts: nobodyForgotten{}}, few: fewUsers}
	today := zone.UTC.Day(asOf)
	facts := func(i int) (string, *profile.Facts) {
		h := uint64(i+1) * 0x9E3779B97F4A7C15
		f := &profile.Facts{Events: 3, FirstSeen: zone.UTC.Start(today - 400), LastSeen: zone.UTC.Start(today-zone.Day(h>>50%90)) + 5}
		for k := range int(h >> 60 % 10) {
			f.Purchases = append(f.Purchases, profile.PurchaseDay{Day: today - zone.Day(395-40*k) + zone.Day(h>>30%35), Orders: 1, Net: int64(h >> 44 % 20000)})
		}
		return fmt.Sprintf("user-%016x", h), f
	}
	cuts := engine.NewCuts(asOf)
	for i := range n {
		cuts.Add(facts(i))
	}
	live.Cuts = cuts.Build()
	w, err := snapshot.NewWriter(engine, live.Cuts, snapshot.Options{Users: int64(n), AsOf: asOf, Text: text, Shard: storedShardRows, Named: true},
		&storedFiles{ctx: context.Background(), port: shots, generation: "g"})
	if err != nil {
		b.Fatal(err)
	}
	making := &snapshotter{a: a, live: live, work: snapshotWork{Generation: "g", AsOf: asOf}}
	crowd, err := making.crowd(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	shards := 0
	for i := range n {
		key, f := facts(i)
		if err := w.Add(key, f, nil); err != nil {
			b.Fatal(err)
		}
		full := len(w.Shards()) > shards
		shards = len(w.Shards())
		if err := crowd.add(key, f, new(profile.State), full); err != nil {
			b.Fatal(err)
		}
	}
	m, err := w.Close()
	if err != nil {
		b.Fatal(err)
	}
	if err := crowd.close(); err != nil {
		b.Fatal(err)
	}
	shot := &StoredSnapshot{Generation: "g", AsOf: asOf, Users: int64(n), Rows: m.Rows, People: true, Parts: crowd.parts}
	opened, err := snapshot.Open(a.SnapshotFiles(context.Background(), *shot))
	if err != nil {
		b.Fatal(err)
	}
	return a, &Base{AsOf: asOf, Live: live, Figures: crowd.figures, Shot: shot, opened: opened}, shots
}

// BenchmarkStoredUsers searches the users of a stored snapshot: a first page, in a process that has just begun and in one that holds the
// files unpacked. WEIR_BENCH_USERS sets how many there are (default 100,000; the published figures are of 1,000,000).
func BenchmarkStoredUsers(b *testing.B) {
	n := 100_000
	if set, err := strconv.Atoi(os.Getenv("WEIR_BENCH_USERS")); err == nil {
		n = set
	}
	a, base, shots := storedBench(b, n)
	for _, c := range []struct {
		name string
		q    UserQuery
	}{
		{"everybody by spend", UserQuery{Sort: "spend", Desc: true}},
		{"part of an id", UserQuery{Search: "CDE", Sort: "spend", Desc: true}},
		{"stage and tier", UserQuery{Stage: "active", Tier: "low"}},
		{"condition", UserQuery{Where: `orders >= 3 && recency_days < 60`, Sort: "last_seen"}},
	} {
		for _, warm := range []bool{false, true} {
			b.Run(strings.ReplaceAll(c.name, " ", "-")+map[bool]string{false: "/cold", true: "/warm"}[warm], func(b *testing.B) {
				shots.read = 0
				turns := 0
				for b.Loop() {
					if !warm {
						a.shelf.turn("")
						a.shelf.turn("g")
					}
					order, err := storedOrder(c.q.Sort)
					if err != nil {
						b.Fatal(err)
					}
					page, err := a.people(context.Background(), base, peopleQuery{
						keep: c.q.stored, value: order, desc: c.q.Desc, where: c.q.Where, limit: 50,
					})
					if err != nil || page.total == 0 {
						b.Fatal(page.total, err)
					}
					turns++
				}
				if !warm {
					b.ReportMetric(float64(shots.read)/float64(turns)/1e6, "MB-read")
				}
			})
		}
	}
	b.Run("figures", func(b *testing.B) {
		text := shots.files[figuresName]
		for b.Loop() {
			if x, err := readFigures(bytes.Clone(text)); err != nil || x.Counts.Users != int64(n) {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(len(text))/1e6, "MB-read")
	})
}
