package emulated

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/app"
)

// load imports text as a file at the life's moment.
func (l *life) load(t *testing.T, text string, backfill bool) {
	t.Helper()
	_, err := l.app.Import(context.Background(), app.ImportRequest{
		Name: "part", Source: bytes.NewReader([]byte(text)), Size: int64(len(text)), Backfill: backfill,
	})
	must(t, err)
}

// facts returns the FACTS of every user, and fails where folding the kept events anew gives others.
func (l *life) facts(t *testing.T) trail {
	t.Helper()
	report, err := l.app.Rebuild(context.Background(), nil)
	must(t, err)
	if report.Changed != 0 {
		t.Errorf("a rebuild changes the FACTS of %d users", report.Changed)
	}
	items, err := l.ports.Profiles.Scan(context.Background(), "", 10_000)
	must(t, err)
	out := trail{}
	for _, i := range items {
		out[i.Key] = fmt.Sprintf("%x", i.Facts)
	}
	return out
}

// TestAnyOrderGivesTheSameFacts imports one stream, with late events, repetitions, refunds and links, in random orders, cut into files at
// random places that arrive over weeks, some as backfills, with different numbers of chunks and workers.
func TestAnyOrderGivesTheSameFacts(t *testing.T) {
	const rounds = 20
	s, lines := openServices(t), stream(1, 120)
	start := moment("2026-03-15T00:00:00Z")
	whole := newLife(t, s, 1)
	whole.now = start
	must(t, whole.start())
	whole.load(t, string(join(lines)), true)
	want := whole.facts(t)
	if len(want) < 4 {
		t.Fatalf("only %d users", len(want))
	}
	r := rand.New(rand.NewPCG(5, 8))
	for round := range rounds {
		l := newLife(t, s, 1<<r.IntN(4))
		l.workers, l.now = 1+r.IntN(4), start
		must(t, l.start())
		files := cut(r, lines)
		for i, text := range files {
			l.now = start + int64(i)*9*86_400_000
			l.load(t, text, r.IntN(3) == 0)
		}
		if diff := differences(want, l.facts(t)); len(diff) > 0 {
			t.Fatalf("round %d, %d files, %d buckets: %s", round, len(files), l.buckets, strings.Join(diff, "\n"))
		}
		l.end(t)
	}
}

// cut shuffles lines and cuts them into files. Equal lines without messageId stay in one file: there each counts.
func cut(r *rand.Rand, lines []string) (out []string) {
	lines = slices.Clone(lines)
	r.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	n := 1 + r.IntN(5)
	files, place := map[int][]string{}, map[string]int{}
	for _, line := range lines {
		at, ok := place[line]
		if !ok || strings.Contains(line, "messageId") {
			at = r.IntN(n)
			place[line] = at
		}
		files[at] = append(files[at], line)
	}
	for _, at := range slices.Sorted(maps.Keys(files)) {
		out = append(out, string(join(files[at])))
	}
	return out
}
