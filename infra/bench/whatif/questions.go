package main

import (
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/whatif"
	"github.com/weir-engine/weir/shared/zone"
)

//go:embed rules.txt
var ruleText string

// rules are the published audience rules, one a line, each with the same in SQL after " ### ".
func rules() []string {
	var out []string
	for _, line := range strings.Split(strings.TrimSpace(ruleText), "\n") {
		out = append(out, strings.TrimSpace(strings.SplitN(line, "###", 2)[0]))
	}
	return out
}

// bench is a loaded base.
type bench struct {
	base    *whatif.Base
	preview *whatif.Preview
	scores  *whatif.ScoreCube
	stages  *whatif.StageCube
	built   time.Duration // of the cubes
	loaded  time.Duration
	rules   []string
	asked   int
}

func open(dir string) (*bench, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.shard"))
	if err != nil {
		return nil, err
	}
	sort.Strings(names)
	var shards [][]byte
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		shards = append(shards, b)
	}
	start := time.Now()
	b := &bench{base: whatif.NewBase(zone.UTC), rules: rules()}
	for _, s := range shards {
		if err := b.base.Add(s); err != nil {
			return nil, err
		}
	}
	b.preview, err = b.base.Compare(spec(60, 120, 30))
	if b.loaded = time.Since(start); err != nil {
		return nil, err
	}
	start = time.Now()
	if b.scores, err = b.preview.ScoreCube(stops(5, 640, 5), stops(1, 31, 1), stops(1_000, 64_000, 1_000)); err != nil {
		return nil, err
	}
	b.stages, err = b.preview.StageCube([]whatif.Axis{{Ref: "silence_days", Stops: stops(4, 640, 5)}, {Ref: "purchase_days", Stops: []int64{0, 1}}, {Ref: "orders", Stops: []int64{0}}}, 0)
	b.built = time.Since(start)
	return b, err
}

func stops(from, to, by int64) (out []int64) {
	for v := from; v <= to; v += by {
		out = append(out, v)
	}
	return out
}

// slide moves the sliders of scores and of stages to other stops n times and returns how long the slowest but one in a hundred
// took, and the median.
func (b *bench) slide(n int) (func() []string, error) {
	var scores whatif.ScoreAnswer
	var stages whatif.StageAnswer
	var took [2][]float64
	for i := range n {
		cuts := spec(60, 120, 30).Cuts
		cuts.Recency = [4]int64{int64(5 + i%20*5), int64(110 + i%10*5), 200, 400}
		cuts.Monetary = [4]int64{5_000, int64(10_000 + i%10*1_000), 25_000, 50_000}
		start := time.Now()
		if !b.scores.Answer(&cuts, whatif.GridEleven, &scores) {
			return nil, fmt.Errorf("a cut stands between two stops")
		}
		took[0] = append(took[0], float64(time.Since(start).Nanoseconds())/1e3)
		start = time.Now()
		s := &whatif.Spec{Activity: "purchase", Stages: []whatif.Stage{
			{Name: "potential", When: compiled("orders == 0")},
			{Name: "first_purchase", When: compiled("purchase_days == 1 && silence_days < %d", 30+i%20*5)},
			{Name: "active", When: compiled("silence_days < %d", 30+i%20*5)},
			{Name: "silent", When: compiled("silence_days < %d", 130+i%20*5)},
			{Name: "churned"},
		}}
		if ok, err := b.stages.Answer(s, &stages); err != nil || !ok {
			return nil, fmt.Errorf("a threshold stands between two stops: %w", err)
		}
		took[1] = append(took[1], float64(time.Since(start).Nanoseconds())/1e3)
	}
	return func() []string {
		var out []string
		for _, list := range took {
			sort.Float64s(list)
			out = append(out, fmt.Sprintf("%.1f %.1f", list[len(list)/2], list[len(list)*99/100]))
		}
		return append(out, fmt.Sprint(b.stages.Cells()), fmt.Sprintf("%.0f", b.built.Seconds()*1e3))
	}, nil
}

func schema() *segment.Schema {
	s := segment.NewSchema()
	s.AnyTag()
	s.Metric("views", segment.TNumber, []int{30})
	s.Segment("good")
	return s
}

func compiled(src string, args ...any) *segment.Program {
	p, err := segment.Compile(fmt.Sprintf(src, args...), schema())
	if err != nil {
		panic(err) // the conditions of the benchmark are fixed
	}
	return p
}

// spec is the strategy of the benchmark under three thresholds.
func spec(silent, churned, recency int) *whatif.Spec {
	return &whatif.Spec{
		Activity: "purchase", Grid: whatif.GridEleven,
		Cuts: whatif.Cuts{
			Scored: true, Recency: [4]int64{int64(recency), 60 + int64(recency), 180 + int64(recency), 400 + int64(recency)}, Frequency: [4]int64{1, 2, 4, 8},
			Monetary: [4]int64{5_000, 10_000, 25_000 + 13*int64(recency), 50_000}, CN: whatif.CNCuts{Known: true, Recency: 2 * int64(recency), Frequency: 3, Monetary: 20_000},
			Tiers: []whatif.TierCut{{Name: "top", Least: 80_000}, {Name: "high", Least: 30_000 + 7*int64(recency)}, {Name: "low", Rest: true}},
		},
		Stages: []whatif.Stage{
			{Name: "potential", When: compiled("orders == 0")},
			{Name: "first_purchase", When: compiled("purchase_days == 1 && silence_days < %d", silent)},
			{Name: "active", When: compiled("silence_days < %d", silent)},
			{Name: "silent", When: compiled("silence_days < %d", churned), Dwell: 7},
			{Name: "churned", Allowed: []string{"active", "first_purchase", "silent"}},
		},
		Tags: []whatif.Audience{{Name: "repeat", When: compiled("purchase_days >= 2")}},
		Segments: []whatif.Audience{
			{Name: "good", When: compiled(`stage in ["active", "first_purchase"] && r >= 3`)},
			{Name: "rule", When: compiled(`(recency_days >= %d && recency_days < 211 || orders >= 7) && !tags.has("vip") && traits.channel in ["channel 1", "channel 4", "channel 7"] && (tags.has("coupon") || spend >= 123.45)`, recency)},
		},
	}
}

// answer answers a question: "all N", "scores N", "stages N", "rule K N", "slide N"; N varies it, so that nothing is kept from before. What
// it returns writes the answer down, which is not part of the time.
func (b *bench) answer(question string) (func() []string, error) {
	word := strings.Fields(question)
	n, err := strconv.Atoi(word[len(word)-1])
	if err != nil {
		return nil, err
	}
	b.asked++
	switch word[0] {
	case "all":
		return b.try(spec(60+n%30, 120+n%40, 30+n%50))
	case "scores":
		return b.try(spec(60, 120, 30+n%50))
	case "stages":
		return b.try(spec(60+n%30, 120+n%40, 30))
	case "slide":
		return b.slide(n)
	case "rule":
		k, err := strconv.Atoi(word[1])
		if err != nil {
			return nil, err
		}
		p, err := segment.Compile(fmt.Sprintf("(%s) && orders < %d", b.rules[k], 100_000+b.asked), schema())
		if err != nil {
			return nil, err
		}
		sum, err := b.preview.Count("the rule", p)
		return func() []string { return []string{fmt.Sprint(sum.Users, " ", sum.Revenue)} }, err
	}
	return nil, fmt.Errorf("no question %q", question)
}

func (b *bench) try(s *whatif.Spec) (func() []string, error) {
	if err := b.preview.Try(s); err != nil {
		return nil, err
	}
	r := b.preview.Report()
	return func() []string {
		var out []string
		group := func(name string, g *whatif.Group) {
			for i, from := range g.Names {
				for j, to := range g.Names {
					if m := g.Moves[i][j]; m.Users > 0 {
						out = append(out, fmt.Sprintf("%s %s>%s %d %d %d", name, from, to, m.Users, m.Revenue, m.Value))
					}
				}
			}
		}
		group("stage", &r.Stage)
		group("rfm", &r.RFM)
		group("tier", &r.Tier)
		for _, m := range append(r.Tags, r.Segments...) {
			out = append(out, fmt.Sprintf("in %s %d %d %d", m.Name, m.New.Users, m.New.Revenue, m.New.Value))
		}
		sort.Strings(out)
		return out
	}, nil
}
