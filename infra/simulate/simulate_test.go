package simulate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"sort"
	"testing"
	"time"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/eventfile"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/model"
)

func run(t *testing.T, o Options) (string, *Manifest) {
	t.Helper()
	if o.Days == 0 {
		o.Days = 120
	}
	if o.End == 0 {
		o.End = DefaultEnd
	}
	if o.Format == "" {
		o.Format = "ndjson"
	}
	dir := filepath.Join(t.TempDir(), "base")
	m, err := Run(context.Background(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	return dir, m
}

// readAll reads the files of a base and checks them against the manifest.
func readAll(t *testing.T, dir string, m *Manifest) (all []event.Event, arrived []int) {
	t.Helper()
	for i, f := range m.Files {
		content, err := os.ReadFile(filepath.Join(dir, f.Name))
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != f.SHA256 || int64(len(content)) != f.Bytes {
			t.Errorf("%s: the manifest has another hash or size", f.Name)
		}
		file, err := os.Open(filepath.Join(dir, f.Name))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		r, err := eventfile.Open(file, f.Bytes, eventfile.Options{})
		if err != nil {
			t.Fatal(err)
		}
		n := int64(0)
		for {
			ev, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			n++
			all, arrived = append(all, ev.Clone()), append(arrived, i)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		if n != f.Events {
			t.Errorf("%s: %d events, the manifest has %d", f.Name, n, f.Events)
		}
	}
	return all, arrived
}

// TestSameArgumentsGiveTheSameBytes also pins them: another result is another version of the generator (newManifest).
func TestSameArgumentsGiveTheSameBytes(t *testing.T) {
	const pinned = "595e5cc0a843734929f4cd0230b21fffae3d2abc6dbb3c68d422637b832e3445"
	for _, c := range []struct{ format, compress string }{{"ndjson", ""}, {"ndjson", "gzip"}, {"ndjson", "zstd"}, {"parquet", ""}, {"parquet", "zstd"}} {
		o := Options{Users: 300, Seed: 5, Format: c.format, Compress: c.compress}
		_, first := run(t, o)
		_, again := run(t, o)
		if !reflect.DeepEqual(first, again) {
			t.Errorf("%s %s: %+v and then %+v", c.format, c.compress, first.Files, again.Files)
		}
		if got := first.Files[0].SHA256; c.format == "ndjson" && c.compress == "" && got != pinned {
			t.Errorf("the events hash to %s, want %s", got, pinned)
		}
		o.Seed = 6
		if _, other := run(t, o); other.Files[0].SHA256 == first.Files[0].SHA256 {
			t.Error("another seed gives the same base")
		}
	}
}

// TestFormatsHoldTheSameEvents reads all formats.
func TestFormatsHoldTheSameEvents(t *testing.T) {
	o := Options{Users: 400, Seed: 2}
	dir, m := run(t, o)
	want, _ := readAll(t, dir, m)
	for _, c := range []struct{ format, compress string }{{"ndjson", "gzip"}, {"ndjson", "zstd"}, {"parquet", ""}, {"parquet", "gzip"}, {"parquet", "zstd"}} {
		o.Format, o.Compress = c.format, c.compress
		dir, m := run(t, o)
		got, _ := readAll(t, dir, m)
		if len(got) != len(want) {
			t.Fatalf("%s %s: %d events, want %d", c.format, c.compress, len(got), len(want))
		}
		for i := range got {
			a, b := &got[i], &want[i]
			if a.Kind != b.Kind || a.Name != b.Name || a.UserID != b.UserID || a.AnonymousID != b.AnonymousID || a.MessageID != b.MessageID || a.Time != b.Time ||
				a.Properties.JSON() != b.Properties.JSON() || a.Traits.JSON() != b.Traits.JSON() {
				t.Fatalf("%s %s: event %d is\n%+v, want\n%+v", c.format, c.compress, i, a, b)
			}
		}
	}
}

// TestManifestCounts counts what the files hold, by day: they stand in the order of arrival, and repeat, are late and link as the
// manifest says.
func TestManifestCounts(t *testing.T) {
	dir, m := run(t, Options{Users: 1500, Days: 200, Seed: 11, Daily: true})
	if len(m.Files) < 150 {
		t.Errorf("%d files of 200 days", len(m.Files))
	}
	all, at := readAll(t, dir, m)
	c, seen, late, names := m.Counts, map[string]bool{}, int64(0), map[string]int64{}
	people := map[string]bool{}
	for i, ev := range all {
		from, err := time.Parse(time.RFC3339Nano, m.Files[at[i]].From)
		if err != nil {
			t.Fatal(err)
		}
		day := from.UnixMilli() / dayMs * dayMs
		if ev.Time < day-14*dayMs {
			late++
		}
		if ev.Time >= day+dayMs {
			t.Fatalf("%s is read a day before it happens", ev.MessageID)
		}
		id := ev.MessageID[:10]
		people[id] = true
		if seen[ev.MessageID] {
			continue
		}
		seen[ev.MessageID] = true
		name := ev.Kind.String()
		if ev.Kind == event.Track {
			name = ev.Name
		}
		names[name]++
	}
	if int64(len(all)) != c.Events || int64(len(seen)) != c.Accepted || c.Events-c.Accepted != c.Duplicates || int64(len(people)) != c.Users || !reflect.DeepEqual(names, c.ByEvent) {
		t.Errorf("%d events, %d different, %d people, %v; the manifest has %+v", len(all), len(seen), len(people), names, c)
	}
	if late != c.Late || late == 0 || c.Duplicates == 0 || c.Linked == 0 || c.Anonymous == 0 || c.Refunded == 0 || c.Rejected != 0 {
		t.Errorf("%d late events; %+v", late, c)
	}
	if m.Truth.Left+m.Truth.Stayed != c.Buyers || m.Truth.Left == 0 || m.Truth.Stayed == 0 {
		t.Errorf("%+v of %d buyers", m.Truth, c.Buyers)
	}
	if !m.Simulated || m.Notice == "" {
		t.Error("the manifest does not say that it is simulated")
	}
}

// TestRealistic: a fifth of the buyers bring most of the money, weekends and November are busy, and a model of repeat purchases finds
// that people leave.
func TestRealistic(t *testing.T) {
	dir, m := run(t, Options{Users: 4000, Days: 730, Seed: 4})
	all, _ := readAll(t, dir, m)
	spent, days := map[string]float64{}, map[string]map[int64]bool{}
	byDay, byMonth, seen := [7]int{}, [13]int{}, map[string]bool{}
	for _, ev := range all {
		if ev.Name != "Order Completed" || seen[ev.MessageID] {
			continue
		}
		seen[ev.MessageID] = true
		at := time.UnixMilli(ev.Time).UTC()
		byDay[at.Weekday()]++
		byMonth[at.Month()]++
		f, _ := ev.Properties.Get("revenue").Float()
		spent[ev.UserID] += f
		if days[ev.UserID] == nil {
			days[ev.UserID] = map[int64]bool{}
		}
		days[ev.UserID][ev.Time/dayMs] = true
	}
	var amounts []float64
	total := 0.0
	for _, v := range spent {
		amounts = append(amounts, v)
		total += v
	}
	sort.Sort(sort.Reverse(sort.Float64Slice(amounts)))
	top := 0.0
	for _, v := range amounts[:len(amounts)/5] {
		top += v
	}
	if share := top / total; share < 0.5 || share > 0.85 {
		t.Errorf("the best fifth brings %.2f", share)
	}
	if byDay[time.Saturday] <= byDay[time.Tuesday] || byMonth[time.November] <= byMonth[time.August] {
		t.Errorf("orders by day %v, by month %v", byDay, byMonth)
	}
	end := int64(DefaultEnd)
	var rows []model.Row
	for _, d := range days {
		first, last := end, int64(0)
		for day := range d {
			first, last = min(first, day), max(last, day)
		}
		rows = append(rows, model.Row{X: float64(len(d) - 1), TX: float64(last-first) / 7, T: float64(end-first) / 7})
	}
	fit, err := model.Purchases(model.MBGNBD, rows)
	if err != nil {
		t.Fatal(err)
	}
	if p := fit.Params; !fit.Identified || p.Get("a")/(p.Get("a")+p.Get("b")) < 0.1 || p.Get("r") < 0.2 || p.Get("r") > 3 {
		t.Errorf("%v, %s", fit.Params, fit.Reason)
	}
}

func TestRefusals(t *testing.T) {
	good := Options{Users: 1, Days: 1, End: DefaultEnd, Format: "ndjson"}
	for name, change := range map[string]func(*Options){
		"nobody":      func(o *Options) { o.Users = 0 },
		"too many":    func(o *Options) { o.Users = MaxUsers + 1 },
		"no days":     func(o *Options) { o.Days = 0 },
		"format":      func(o *Options) { o.Format = "csv" },
		"compression": func(o *Options) { o.Compress = "lz4" },
		"before 1970": func(o *Options) { o.End = 3; o.Days = 4 },
	} {
		o := good
		change(&o)
		if _, err := Run(context.Background(), t.TempDir(), o); !fault.Is(err, fault.Invalid) || fault.HintOf(err) == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "x"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Run(context.Background(), full, good); !fault.Is(err, fault.Conflict) {
		t.Error(err)
	}
	if _, m := run(t, Options{Users: 1, Days: 1}); m.Counts.Users != 1 || m.Counts.Events == 0 {
		t.Errorf("%+v", m.Counts)
	}
}

// TestStopped leaves no manifest and no scratch files behind.
func TestStopped(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	dir := filepath.Join(t.TempDir(), "base")
	o := Options{Users: 5000, Days: 30, End: DefaultEnd, Format: "ndjson"}
	o.Progress = func(step string, done, _ int64) {
		if done > 2000 {
			cancel()
		}
	}
	if _, err := Run(ctx, dir, o); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	found, err := os.ReadDir(dir)
	if err != nil || len(found) != 0 {
		t.Errorf("%v, %v", found, err)
	}
}

// TestSlots: what is sorted in memory does not grow with the base.
func TestSlots(t *testing.T) {
	for _, c := range []struct{ users, days int }{{1, 1}, {1_000_000, 365}, {5_000_000, 30}, {20_000_000, 7}, {MaxUsers, 365}} {
		s, err := newSpill(t.TempDir(), Options{Users: c.users, Days: c.days, End: DefaultEnd})
		if err != nil {
			t.Fatal(err)
		}
		expected := float64(c.users) * (eventsFirst + eventsADay*float64(c.days)) * eventBytes / float64(len(s.slots))
		if expected > slotBytes || len(s.slots)*spillBuffer > 256<<20 {
			t.Errorf("%d users, %d days: %d slots of %.0f MB", c.users, c.days, len(s.slots), expected/1e6)
		}
	}
}

func TestManifestIsJSON(t *testing.T) {
	dir, m := run(t, Options{Users: 5})
	text, err := os.ReadFile(filepath.Join(dir, ManifestName))
	if err != nil {
		t.Fatal(err)
	}
	var back Manifest
	if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(&back, m) {
		t.Errorf("%+v, %v", back, err)
	}
}
