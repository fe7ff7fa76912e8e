//go:build !wasip1

package main_test

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"

	"github.com/weir-engine/weir/shared/eventfile"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/score"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/whatif"
	"github.com/weir-engine/weir/shared/whatif/fill"
	"github.com/weir-engine/weir/shared/whatif/wire"
	"github.com/weir-engine/weir/shared/zone"
)

// built is the module, made once.
func built(t *testing.T) string {
	t.Helper()
	for _, pattern := range []string{"*.go", "*.mjs", "*.sh", "testdata/*"} { // read, so that a kept result of this test is not older than they
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if _, err := os.ReadFile(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	out := filepath.Join(t.TempDir(), "preview.wasm")
	if text, err := exec.Command("./build.sh", out).CombinedOutput(); err != nil {
		t.Fatalf("build the module: %v\n%s", err, text)
	}
	return out
}

// maxBytes is the most that the module may take on the way to a browser, compressed.
const maxBytes = 800_000

// TestSize fails when the compressed module passes the limit, or has grown by more than a twentieth since size.txt was written.
// WEIR_UPDATE=1 writes it anew.
func TestSize(t *testing.T) {
	if testing.Short() {
		t.Skip("the module is built in long tests alone")
	}
	raw, err := os.ReadFile(built(t))
	if err != nil {
		t.Fatal(err)
	}
	var packed bytes.Buffer
	w := brotli.NewWriterOptions(&packed, brotli.WriterOptions{Quality: 11, LGWin: 24})
	if _, err := w.Write(raw); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if os.Getenv("WEIR_UPDATE") != "" {
		if err := os.WriteFile("size.txt", []byte(strconv.Itoa(packed.Len())+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile("size.txt")
	if err != nil {
		t.Fatal(err)
	}
	known, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d bytes, %d compressed, %d before", len(raw), packed.Len(), known)
	if packed.Len() > maxBytes {
		t.Errorf("the module takes %d bytes compressed, at most %d are allowed", packed.Len(), maxBytes)
	}
	if packed.Len()*20 > known*21 {
		t.Errorf("the module has grown from %d to %d bytes compressed, by more than 5 %%", known, packed.Len())
	}
}

func engine(t *testing.T, text string) *score.Engine {
	t.Helper()
	s, err := strategy.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	e, err := score.New(s, zone.UTC)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// cdnow folds the sample of CDNOW; keys ascend.
func cdnow(t *testing.T, e *score.Engine) (keys []string, facts map[string]*profile.Facts) {
	t.Helper()
	dir := filepath.Join("..", "..", "functions", "weir", "sample")
	text, err := os.ReadFile(filepath.Join(dir, "cdnow.mapping.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	mapping, err := eventfile.ParseMapping(text)
	if err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(dir, "cdnow_sample.txt.gz"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := eventfile.Open(bytes.NewReader(data), int64(len(data)), eventfile.Options{Mapping: mapping})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	facts = map[string]*profile.Facts{}
	seen := map[[16]byte]uint32{}
	for {
		ev, err := r.Next()
		if errors.Is(err, io.EOF) {
			slices.Sort(keys)
			return keys, facts
		}
		if err != nil {
			t.Fatal(err)
		}
		f := facts[ev.Key()]
		if f == nil {
			f = new(profile.Facts)
			key := strings.Clone(ev.Key())
			facts[key], keys = f, append(keys, key)
		}
		e.Schema().Fold(f, ev, ev.StableID(seen[ev.Content]))
		seen[ev.Content]++
	}
}

const (
	asOf  = 899_164_800_000 // 1998-06-30
	start = `weir: 1
rfm: {ties: ntile_first, grid: eleven}
tiers: [{name: top, top: 0.05}, {name: high, top: 0.3}, {name: low, top: 1}]
tags: [{name: repeat, when: purchase_days >= 2}]
segments:
  - {name: loyal, when: 'tags.has("repeat") && stage != "churned"'}
`
)

// tried are strategies that are tried; the second has other cuts.
var tried = []string{
	strings.Replace(start, "rfm:", "lifecycle: {preset: commerce, thresholds: {silent_days: 45, churned_days: 95}, dwell_days: {silent: 5}}\nrfm:", 1),
	strings.Replace(start, "ntile_first", "min_rank", 1) + "  - {name: worth, when: 'tier == \"top\" || spend[90] > 100 && rfm_cn startsWith \"重要\"'}\n",
	strings.Replace(start, "{name: top, top: 0.05}", "{name: top, top: 0.11}", 1) + "  - {name: dated, when: 'first_purchase > date(\"1997-02-01\") && average_order >= 20.5 && !(recency_days < 60)'}\n",
}

// TestSameBitsInNode evaluates the CDNOW sample natively and in Node, and compares every row and every sum; then what damaged
// input is answered with.
func TestSameBitsInNode(t *testing.T) {
	if testing.Short() {
		t.Skip("the module is built in long tests alone")
	}
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("Node is not installed")
	}
	dir := t.TempDir()
	put := func(name string, b []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	e := engine(t, start)
	keys, facts := cdnow(t, e)
	builder := e.NewCuts(asOf)
	for _, key := range keys {
		builder.Add(key, facts[key])
	}
	cuts := builder.Build()
	base, shards, thinned := whatif.NewBase(zone.UTC), 0, 0
	f := fill.New(e, cuts, asOf, fill.Options{ShardRows: 1100}, func(shard []byte) error {
		shards++
		put(fmt.Sprintf("users-%04d.weir", shards), shard)
		b, err := whatif.Thin(shard, 1<<30)
		if err != nil {
			return err
		}
		h, _, err := whatif.Open(b)
		if err != nil {
			return err
		}
		thinned += h.Rows
		return base.Add(shard)
	})
	for i, key := range keys {
		var st *profile.State
		if i%3 > 0 {
			st = &profile.State{Stage: []string{"active", "silent", "churned"}[i%7%3], Since: e.Zone().Day(asOf) - zone.Day(i%20), DecidedAt: 1}
		}
		if err := f.Add(key, facts[key], st); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	first, err := fill.Plan(e, e, cuts)
	if err != nil {
		t.Fatal(err)
	}
	plans := []*wire.Plan{first}
	for _, text := range tried {
		other := engine(t, text)
		plan, err := fill.Plan(e, other, cuts)
		if !other.Fits(cuts) {
			plan, err = fill.RecutPlan(e, other, asOf)
		}
		if err != nil {
			t.Fatal(err)
		}
		plans = append(plans, plan)
	}
	var preview *whatif.Preview
	want := []map[string]string{}
	for i, plan := range plans {
		spec, err := plan.Spec(base)
		if err != nil {
			t.Fatal(err)
		}
		name := "start.plan"
		if i == 0 {
			preview, err = base.Compare(spec)
		} else {
			name = fmt.Sprintf("try-%d.plan", i)
			err = preview.Try(spec)
		}
		if err != nil {
			t.Fatal(err)
		}
		put(name, plan.Encode())
		var rows []byte
		for i := range keys {
			row := preview.Row(i)
			rows = wire.AppendRow(rows, &row)
		}
		p, err := segment.Compile(`stage == "churned" && f >= 2`, plan.SegmentSchema())
		if err != nil {
			t.Fatal(err)
		}
		sum, err := preview.Count("the condition", p)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, map[string]string{
			"name": name, "report": hash(wire.AppendReport(nil, preview.Report())), "rows": hash(rows),
			"count": fmt.Sprintf(`{"users":%d,"revenue":%d,"value":%d}`, sum.Users, sum.Revenue, sum.Value),
		})
	}
	spreads := hash(wire.AppendSpreads(nil, preview.Spreads()))
	scores, stages := cubes(t, base, first, put)

	out, err := exec.Command("node", "testdata/check.mjs", "preview.mjs", built(t), dir).Output()
	var failed *exec.ExitError
	if errors.As(err, &failed) {
		t.Fatalf("%v\n%s", err, failed.Stderr)
	} else if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(bytes.NewReader(out))
	next := func() map[string]json.RawMessage {
		var m map[string]json.RawMessage
		if !lines.Scan() || json.Unmarshal(lines.Bytes(), &m) != nil {
			t.Fatalf("Node says %s", out)
		}
		return m
	}
	for _, w := range want {
		got := next()
		for _, key := range []string{"name", "report", "rows", "count"} {
			if text := strings.Trim(string(got[key]), `"`); text != strings.Trim(w[key], `"`) {
				t.Errorf("%s: %s is %s in Node, %s natively", w["name"], key, text, w[key])
			}
		}
	}
	refusals(t, next())
	got := next()
	for key, w := range map[string]string{"spreads": `"` + spreads + `"`, "thin": strconv.Itoa(thinned), "exact": "true", "between": "false", "scores": `"` + scores + `"`, "stages": "true", "moved": `"` + stages + `"`} {
		if string(got[key]) != w {
			t.Errorf("cubes: %s is %s in Node, want %s", key, got[key], w)
		}
	}
	got = next()
	for key, w := range map[string]string{"tried": `""`, "recut": "true", "histogram": "true", "movers": "true", "wanted": `"invalid"`, "ranks": `"invalid"`} {
		if string(got[key]) != w {
			t.Errorf("modules that share the rows: %s is %s in Node, want %s", key, got[key], w)
		}
	}
}

// cubes answers natively what check.mjs asks of the cubes.
func cubes(t *testing.T, base *whatif.Base, first *wire.Plan, put func(string, []byte)) (scores, stages string) {
	t.Helper()
	spec, err := first.Spec(base)
	if err != nil {
		t.Fatal(err)
	}
	p, err := base.Compare(spec)
	if err != nil {
		t.Fatal(err)
	}
	stops := func(from, to, by int64) (out []int64) {
		for v := from; v <= to; v += by {
			out = append(out, v)
		}
		return out
	}
	c, err := p.ScoreCube(stops(5, 640, 5), stops(1, 31, 1), stops(500, 32_000, 500))
	if err != nil {
		t.Fatal(err)
	}
	var a whatif.ScoreAnswer
	if !c.Answer(&whatif.Cuts{Scored: true, Recency: [4]int64{30, 90, 180, 360}, Frequency: [4]int64{1, 2, 4, 8}, Monetary: [4]int64{1_000, 3_000, 6_000, 12_000}}, whatif.GridEleven, &a) {
		t.Fatal("the cube does not answer")
	}
	s, err := p.StageCube([]whatif.Axis{{Ref: "silence_days", Stops: stops(4, 640, 5)}, {Ref: "purchase_days", Stops: []int64{0, 1}}, {Ref: "orders", Stops: []int64{0}}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	plan := *first
	plan.Stages = []wire.Stage{{Name: "active", When: "silence_days < 45"}, {Name: "churned"}}
	put("stops.plan", plan.Encode())
	moved, err := plan.StageSpec()
	if err != nil {
		t.Fatal(err)
	}
	var b whatif.StageAnswer
	if exact, err := s.Answer(moved, &b); err != nil || !exact {
		t.Fatalf("the cube of stages: %v, %v", exact, err)
	}
	return hash(wire.AppendScores(nil, &a)), hash(wire.AppendStages(nil, &b))
}

// refusals are the errors that check.mjs provokes.
func refusals(t *testing.T, got map[string]json.RawMessage) {
	t.Helper()
	for name, want := range map[string]string{
		"early": "weir_start comes before weir_open", "corrupt": "its checksum is wrong", "cut": "it has 1000 of", "older": "the shard has layout 2, this program reads layout 1",
		"plan": "the plan is damaged", "condition": "", "unknown": "metric", "rows": "there are 2357 rows",
	} {
		var e struct {
			Code, Message, Hint string
			Line                int
		}
		if err := json.Unmarshal(got[name], &e); err != nil {
			t.Fatal(err)
		}
		if e.Code != "invalid" || !strings.Contains(e.Message, want) || e.Hint == "" {
			t.Errorf("%s: %+v", name, e)
		}
		if name == "condition" && e.Line != 2 {
			t.Errorf("the condition is wrong on line %d", e.Line)
		}
	}
	if string(got["kept"]) != "true" {
		t.Error("a refused input changed the base")
	}
}

func hash(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
