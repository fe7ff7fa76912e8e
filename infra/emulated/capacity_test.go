package emulated

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/weir-engine/weir/infra/simulate"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/profile"
)

// A strategy with everything that makes a profile large, and nothing to send: ten metrics, three declared events, an event tag.
const richStrategy = `
weir: 1
currency: USD
events: [Product Viewed, Email Opened, Signed Up]
lifecycle: {preset: commerce, thresholds: {silent_days: 60, churned_days: 120}}
metrics:
  - {name: orders, event: Order Completed, agg: count, windows: [30, 90]}
  - {name: revenue, event: Order Completed, value: revenue, unit: money, agg: sum, windows: [30, 90]}
  - {name: items, event: Order Completed, value: quantity, agg: sum, windows: [90]}
  - {name: largest_order, event: Order Completed, value: revenue, unit: money, agg: max, windows: [180]}
  - {name: views, event: Product Viewed, agg: count, windows: [7, 30]}
  - {name: skus, event: Product Viewed, value: sku, unit: text, agg: distinct, windows: [30]}
  - {name: view_value, event: Product Viewed, value: price, unit: money, agg: sum, windows: [30]}
  - {name: letters, event: Email Opened, agg: count, windows: [30]}
  - {name: last_price, event: Product Viewed, value: price, unit: money, agg: last, windows: [180]}
  - {name: pages, event: $page, agg: count, windows: [30]}
event_tags:
  - {tag: viewer, event: Product Viewed, for_days: 7}
tags:
  - {name: repeat_buyer, when: "purchase_days >= 2"}
segments:
  - {name: new_buyers, when: "days_since(first_purchase) < 30"}
  - {name: active_repeat, when: 'stage == "active" && tags.has("repeat_buyer")'}
`

// TestCapacity measures what a simulated base consumes in files of one day to all but the last month, at a reduced size; with WEIR_SOAK at 100,000
// users and two million events. It holds G4 over all of it.
func TestCapacity(t *testing.T) {
	o := simulate.Options{Users: 1000, Days: 90, Seed: 4, End: simulate.DefaultEnd, Format: "ndjson", Daily: true}
	if os.Getenv("WEIR_SOAK") != "" {
		o.Users, o.Days = 100_000, 480
	}
	if text := os.Getenv("WEIR_USERS"); text != "" { // of 480 days
		users, err := strconv.Atoi(text)
		must(t, err)
		o.Users, o.Days = users, 480
	}
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "simulated")
	manifest, err := simulate.Run(ctx, dir, o)
	must(t, err)
	var at int64
	a, c, m := metered(t, true, func() int64 { return at })
	first := int64(o.End) - int64(o.Days)
	at = first * 86_400_000
	_, err = a.Publish(ctx, app.PublishRequest{Text: []byte(richStrategy)})
	must(t, err)
	total := tally{units: map[string]float64{}}
	bySize := map[int]*tally{}
	sizes := []int{14, 7, 3, 3, 1, 1, 1, 1, 1} // days of the last files; what was before them is one file
	for day := 0; day < len(manifest.Files); {
		days := left(len(manifest.Files)-day, sizes)
		var content bytes.Buffer
		for _, f := range manifest.Files[day : day+days] {
			part, err := os.ReadFile(filepath.Join(dir, f.Name))
			must(t, err)
			content.Write(part)
		}
		day += days
		at = (int64(o.End) - int64(len(manifest.Files)-day)) * 86_400_000 // days without events, of which there is no file, are the first ones
		name := fmt.Sprintf("until-day-%d.ndjson", day)
		c.put(t, "events/main/"+name, content.Bytes())
		m.since()
		began := time.Now()
		r, err := a.ImportKey(ctx, name, "")
		must(t, err)
		used := m.since()
		one := tally{files: 1, users: r.Counts.Users, events: r.Counts.Accepted + r.Counts.Duplicates, took: time.Since(began), units: used.units}
		total.add(one)
		t.Logf("%s: %v", name, &one)
		if bySize[days] == nil {
			bySize[days] = &tally{units: map[string]float64{}}
		}
		bySize[days].add(one)
		if n := used.units["put p"] + used.units["transact p"]; n < float64(r.Counts.Users) {
			t.Errorf("%s: %d users are written for %.0f units", name, r.Counts.Users, n)
		}
	}
	for _, days := range slices.Sorted(maps.Keys(bySize)) {
		t.Logf("files of %d days: %v", days, bySize[days])
	}
	t.Logf("all: %v", &total)
	t.Logf("all: %v", consumed{units: total.units})
	written, over, units := 0, 0, 0.0
	for size, n := range m.sizes {
		written += n
		if size > profile.MaxItem {
			over += n
		}
		units += float64(n * ((size + profile.MaxItem - 1) / profile.MaxItem))
	}
	t.Logf("items as they were written: p50 %d, p90 %d, p99 %d, largest %d bytes; %d of %d over %d", at100(m.sizes, 50), at100(m.sizes, 90), at100(m.sizes, 99),
		at100(m.sizes, 100), over, written, profile.MaxItem)
	merges := total.units["transact p"]
	t.Logf("writes of a profile alone: %.0f units; with profiles taken in: %.0f units", total.units["put p"], merges)
	if p90 := at100(m.sizes, 90); p90 > profile.MaxItem {
		t.Errorf("an item of %d bytes is the 90th of 100", p90)
	}
	if got := total.units["put p"]; got > units+2*m.soon {
		t.Errorf("profiles alone took %.0f write units, and %.0f are their sizes", got, units)
	}
	if int64(written) != total.users {
		t.Errorf("%d profiles were written for %d users of files", written, total.users)
	}
	if total.events != manifest.Counts.Events {
		t.Errorf("%d events were read of %d", total.events, manifest.Counts.Events)
	}
}

// left is the number of days of the next file, of so many that are left.
func left(days int, sizes []int) int {
	rest := 0
	for i := len(sizes) - 1; i >= 0; i-- {
		if rest+sizes[i] >= days {
			return days - rest
		}
		rest += sizes[i]
	}
	return days - rest
}

// tally sums imports.
type tally struct {
	files, users, events int64
	took                 time.Duration
	units                map[string]float64
}

func (a *tally) add(b tally) {
	a.files, a.users, a.events, a.took = a.files+b.files, a.users+b.users, a.events+b.events, a.took+b.took
	for what, n := range b.units {
		a.units[what] += n
	}
}

// String says what a user of a file and a thousand events consume.
func (a *tally) String() string {
	var own, reads, writes float64
	for what, n := range a.units {
		switch what {
		case "put p", "transact p":
			own += n
		}
		if isRead(what) {
			reads += n
		} else {
			writes += n
		}
	}
	users, events := float64(a.users), float64(a.events)
	return fmt.Sprintf("%d files, %d events, %d users of a file; a user of a file %.3f write units (%.3f with the file's own) and %.3f read units (%.3f); 1,000 events %.0f and %.0f; a file's own %.0f and %.0f; %.0f events a second",
		a.files, a.events, a.users, own/users, writes/users, a.units["get p"]/users, reads/users, writes/events*1000, reads/events*1000,
		(writes-own)/float64(a.files), (reads-a.units["get p"])/float64(a.files), events/a.took.Seconds())
}

// at100 is the size that so many of a hundred writes do not pass.
func at100(sizes map[int]int, percent int) int {
	all := 0
	for _, n := range sizes {
		all += n
	}
	want := max(1, (all*percent+99)/100)
	for _, size := range slices.Sorted(maps.Keys(sizes)) {
		if want -= sizes[size]; want <= 0 {
			return size
		}
	}
	return 0
}
