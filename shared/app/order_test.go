package app_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-engine/weir/infra/embedded"
	"github.com/weir-engine/weir/shared/app"
)

// stream is a random life of a few users: purchases, refunds, views without messageId, anonymous visits, identify and alias
// events, and repetitions. The sum of equal lines is what a file holds of them.
func stream(seed uint64, events int) []string {
	r := rand.New(rand.NewPCG(seed, 3))
	start, _ := time.Parse(time.DateOnly, "2026-01-10")
	when := func() string {
		return start.Add(time.Duration(r.IntN(60*24*60)) * time.Minute).Format(time.RFC3339)
	}
	user := func() string { return fmt.Sprintf("u%d", r.IntN(14)) }
	anon := func() string { return fmt.Sprintf("a%d", r.IntN(9)) }
	var out []string
	for i := range events {
		id := fmt.Sprintf("m%d", i)
		switch r.IntN(10) {
		case 0, 1, 2:
			out = append(out, fmt.Sprintf(`{"type":"track","messageId":"%s","userId":"%s","event":"Order Completed","timestamp":"%s","properties":{"order_id":"o%d","revenue":%d.%02d}}`,
				id, user(), when(), r.IntN(40), r.IntN(90), r.IntN(100)))
		case 3:
			out = append(out, fmt.Sprintf(`{"type":"track","messageId":"%s","userId":"%s","event":"Order Refunded","timestamp":"%s","properties":{"order_id":"o%d","revenue":%d}}`,
				id, user(), when(), r.IntN(40), 1+r.IntN(9)))
		case 4, 5:
			out = append(out, fmt.Sprintf(`{"type":"track","messageId":"%s","anonymousId":"%s","event":"Product Viewed","timestamp":"%s","properties":{"sku":"s%d"}}`,
				id, anon(), when(), r.IntN(3)))
		case 6:
			out = append(out, fmt.Sprintf(`{"type":"identify","messageId":"%s","userId":"%s","anonymousId":"%s","timestamp":"%s","traits":{"first_name":"n%d","city":"c%d"}}`,
				id, user(), anon(), when(), r.IntN(9), r.IntN(3)))
		case 7:
			if r.IntN(8) > 0 {
				out = append(out, fmt.Sprintf(`{"type":"identify","userId":"%s","timestamp":"%s","traits":{"plan":"p%d"}}`, user(), when(), r.IntN(3)))
				continue
			}
			out = append(out, fmt.Sprintf(`{"type":"alias","messageId":"%s","userId":"%s","previousId":"%s","timestamp":"%s"}`, id, user(), user(), when()))
		case 8:
			out = append(out, fmt.Sprintf(`{"type":"track","userId":"%s","event":"Cart Viewed","timestamp":"%s","properties":{"n":%d}}`, user(), when(), r.IntN(2)))
		default:
			if len(out) > 0 {
				repeated := out[r.IntN(len(out))]
				if strings.Contains(repeated, "messageId") {
					out = append(out, repeated)
				}
			}
		}
	}
	return out
}

// facts returns the FACTS of every user and checks that folding the canonical rows anew gives the same bytes.
func (b *base) facts() record {
	b.t.Helper()
	report, err := b.app.Rebuild(ctx, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	if report.Changed != 0 {
		b.t.Errorf("a rebuild changes the FACTS of %d users", report.Changed)
	}
	out := record{}
	for _, i := range b.items() {
		out[i.Key] = fmt.Sprintf("%x", i.Facts)
	}
	return out
}

// smallBase opens a base with another number of buckets, which is that of chunks too (but four buckets are one chunk), and of workers
// (one when not given).
func smallBase(t testing.TB, now string, buckets int, workers ...int) *base {
	t.Helper()
	b := &base{t: t, dir: t.TempDir(), now: at(now)}
	if buckets != 4 {
		b.opts.ChunkBytes = 1
	}
	if len(workers) > 0 {
		b.opts.Workers = workers[0]
	}
	store, err := embedded.Open(b.dir, embedded.Options{NoSync: true, Buckets: buckets})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	b.open()
	t.Cleanup(func() { _ = b.store.Close() })
	return b
}

// TestAnyOrderGivesTheSameFacts imports one stream in random orders, cut into files at random places that arrive over weeks
// (so that an event is late here and on time there) and in bases of different numbers of chunks and workers.
func TestAnyOrderGivesTheSameFacts(t *testing.T) {
	rounds := 20
	if testing.Short() {
		rounds = 6
	}
	lines := stream(1, 240)
	whole := smallBase(t, "2026-03-15T00:00:00Z", 1)
	whole.load(strings.Join(lines, "\n"), backfill)
	want := whole.facts()
	if len(want) < 4 {
		t.Fatalf("only %d users", len(want))
	}
	r := rand.New(rand.NewPCG(5, 8))
	for round := range rounds {
		b := smallBase(t, "2026-03-15T00:00:00Z", 1<<r.IntN(5), 1+r.IntN(4))
		files := cut(r, lines)
		for i, text := range files {
			b.now = at("2026-03-15T00:00:00Z") + int64(i)*9*86_400_000
			if r.IntN(3) == 0 {
				b.load(text, backfill)
			} else {
				b.load(text)
			}
		}
		if diff := differences(want, b.facts()); len(diff) > 0 {
			t.Fatalf("round %d, %d files: %s", round, len(files), strings.Join(diff, "\n"))
		}
		if err := b.store.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// cut shuffles lines and cuts them into files. Equal lines without messageId stay in one file: there each counts.
func cut(r *rand.Rand, lines []string) []string {
	lines = slices.Clone(lines)
	r.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	n := 1 + r.IntN(6)
	files := make([][]string, n)
	place := map[string]int{}
	for _, line := range lines {
		at, ok := place[line]
		if !ok || strings.Contains(line, "messageId") {
			at = r.IntN(n)
			place[line] = at
		}
		files[at] = append(files[at], line)
	}
	var out []string
	for _, f := range files {
		if len(f) > 0 {
			out = append(out, strings.Join(f, "\n")+"\n")
		}
	}
	return out
}

// TestAnonymousThenKnownInEveryOrder imports four events of one person as four files in each of the 24 orders.
func TestAnonymousThenKnownInEveryOrder(t *testing.T) {
	events := []string{
		`{"type":"track","messageId":"1","anonymousId":"a","event":"Product Viewed","timestamp":"2026-03-01T10:00:00Z"}`,
		`{"type":"track","messageId":"2","anonymousId":"a","event":"Order Completed","timestamp":"2026-03-02T10:00:00Z","properties":{"revenue":10}}`,
		`{"type":"identify","messageId":"3","userId":"u","anonymousId":"a","timestamp":"2026-03-03T10:00:00Z","traits":{"first_name":"Ann"}}`,
		`{"type":"track","messageId":"4","userId":"u","event":"Order Completed","timestamp":"2026-03-04T10:00:00Z","properties":{"revenue":5}}`,
	}
	var want record
	for _, order := range permutations(len(events)) {
		b := smallBase(t, "2026-03-05T00:00:00Z", 4)
		for n, i := range order {
			b.now += int64(n) * 60_000
			b.load(events[i])
		}
		got := b.facts()
		if want == nil {
			want = got
		}
		if diff := differences(want, got); len(diff) > 0 || len(got) != 1 || got["u"] == "" {
			t.Fatalf("order %v: %d users: %v", order, len(got), diff)
		}
		v, err := b.app.User(ctx, "anon:a", 0)
		if err != nil || v.Key != "u" || v.Facts.Events != 4 {
			t.Fatalf("order %v: the anonymous id finds %+v, %v", order, v.Key, err)
		}
		if err := b.store.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func permutations(n int) [][]int {
	if n == 0 {
		return [][]int{nil}
	}
	var out [][]int
	for _, p := range permutations(n - 1) {
		for i := range n {
			out = append(out, slices.Insert(slices.Clone(p), i, n-1))
		}
	}
	return out
}

// TestRevokedLinkSeparates compares a base whose link was revoked with one that never saw the link.
func TestRevokedLinkSeparates(t *testing.T) {
	view := func(id, user, day string) string {
		return fmt.Sprintf(`{"type":"track","messageId":"%s",%s,"event":"Order Completed","timestamp":"%sT10:00:00Z","properties":{"revenue":7}}`, id, user, day)
	}
	anon, known := `"anonymousId":"a"`, `"userId":"u"`
	before := view("1", anon, "2026-03-01") + "\n" + view("2", known, "2026-03-02") + "\n"
	after := view("3", anon, "2026-03-04") + "\n" + view("4", known, "2026-03-04") + "\n"
	last := view("5", anon, "2026-03-06") + "\n" + view("6", known, "2026-03-06") + "\n" + view("3", anon, "2026-03-04") + "\n"
	identify := `{"type":"identify","messageId":"9","userId":"u","anonymousId":"a","timestamp":"2026-03-03T10:00:00Z"}`
	never := `{"type":"identify","messageId":"9","userId":"u","timestamp":"2026-03-03T10:00:00Z"}`

	build := func(link string) *base {
		b := smallBase(t, "2026-03-05T00:00:00Z", 4)
		b.load(before)
		b.load(link)
		b.load(after)
		return b
	}
	linked, apart := build(identify), build(never)
	if n := len(linked.items()); n != 1 {
		t.Fatalf("%d users while the link is in force", n)
	}
	for range 2 { // repeating it changes nothing
		left, right, err := linked.app.RevokeLink(ctx, "u", "anon:a")
		if err != nil || left != "u" || right != "anon:a" {
			t.Fatalf("revoking gives %q, %q, %v", left, right, err)
		}
		compareSeparated(t, linked, apart)
	}
	for _, b := range []*base{linked, apart} {
		b.now = at("2026-03-07T00:00:00Z")
		if got, want := b.load(last), (app.Counts{Events: 3, Accepted: 2, Duplicates: 1, Users: 2}); got != want {
			t.Errorf("the file after counts %+v, want %+v", got, want)
		}
	}
	compareSeparated(t, linked, apart)
}

// compareSeparated compares FACTS up to the identify event, which names the anonymous id in the linked base alone.
func compareSeparated(t *testing.T, linked, apart *base) {
	t.Helper()
	if diff := differences(apart.facts(), linked.facts()); len(diff) > 0 {
		t.Fatalf("the users are not as if the link had never been: %s", strings.Join(diff, "\n"))
	}
}

// TestSameContentInAnotherFile: the same message in files of different compression and order counts once.
func TestSameContentInAnotherFile(t *testing.T) {
	b := smallBase(t, "2026-03-15T00:00:00Z", 2)
	lines := stream(2, 60)
	first := b.load(strings.Join(lines, "\n"))
	slices.Reverse(lines)
	again := b.load(strings.Join(lines, "\n"))
	if again.Accepted != 0 || again.Duplicates != first.Accepted+first.Duplicates {
		t.Fatalf("the same events in another file count %+v after %+v", again, first)
	}
	if _, err := b.try([]byte(strings.Join(lines, "\n"))); err == nil || !bytes.Contains([]byte(err.Error()), []byte("known")) {
		t.Fatalf("known content gives %v", err)
	}
}

// TestPastViewEqualsTheBaseOfThen: a view of a moment of the past shows what a base that ends there shows.
func TestPastViewEqualsTheBaseOfThen(t *testing.T) {
	const moment = "2026-02-10T12:00:00Z"
	var then, all []string
	for _, line := range stream(4, 300) {
		if strings.Contains(line, "anonymousId") || strings.Contains(line, "alias") {
			continue // links have no past: an id belongs to whom it belongs to
		}
		all = append(all, line)
		at := strings.Index(line, `"timestamp":"`) + len(`"timestamp":"`)
		if line[at:at+len(moment)] <= moment {
			then = append(then, line)
		}
	}
	bases := [2]*base{smallBase(t, "2026-03-15T00:00:00Z", 4), smallBase(t, "2026-03-15T00:00:00Z", 4)}
	bases[0].load(strings.Join(then, "\n"), backfill)
	bases[1].load(strings.Join(all, "\n"), backfill)
	want, got := bases[0].export(moment), bases[1].export(moment)
	if len(want) < 5 || len(want) != len(got) {
		t.Fatalf("%d users, want %d", len(got), len(want))
	}
	for i := range want {
		if diff := differences(want[i], got[i]); len(diff) > 0 {
			t.Errorf("%s: %s", want[i]["user_id"], strings.Join(diff, "\n"))
		}
	}
	for _, period := range []string{app.PeriodWeek, app.PeriodMonth} {
		var x, y bytes.Buffer
		if err := errors.Join(bases[0].base(moment).Lifecycle[period].CSV(&x), bases[1].base(moment).Lifecycle[period].CSV(&y)); err != nil {
			t.Fatal(err)
		}
		if x.String() != y.String() {
			t.Errorf("the lifecycle by %s is\n%s\nwant\n%s", period, y.String(), x.String())
		}
	}
}
