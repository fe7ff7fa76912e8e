package score

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/weir-engine/weir/shared/eventfile"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/zone"
)

// base is a folded base, users by ascending key.
type base struct {
	keys  []string
	facts []*profile.Facts
}

// cdnow is the CDNOW sample, folded once under the default strategy.
var cdnow = sync.OnceValues(func() (*base, error) {
	dir := filepath.Join("..", "..", "functions", "weir", "sample")
	text, err := os.ReadFile(filepath.Join(dir, "cdnow.mapping.yaml"))
	if err != nil {
		return nil, err
	}
	mapping, err := eventfile.ParseMapping(text)
	if err != nil {
		return nil, err
	}
	data, err := os.ReadFile(filepath.Join(dir, "cdnow_sample.txt.gz"))
	if err != nil {
		return nil, err
	}
	r, err := eventfile.Open(bytes.NewReader(data), int64(len(data)), eventfile.Options{Mapping: mapping})
	if err != nil {
		return nil, err
	}
	defer r.Close()
	schema, err := profile.NewSchema(strategy.Default(), zone.UTC)
	if err != nil {
		return nil, err
	}
	users, seen := map[string]*profile.Facts{}, map[[16]byte]uint32{}
	for {
		ev, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if reject := schema.Check(ev); reject != nil {
			return nil, reject
		}
		f := users[ev.Key()]
		if f == nil {
			f = new(profile.Facts)
			users[strings.Clone(ev.Key())] = f
		}
		id := ev.StableID(seen[ev.Content])
		seen[ev.Content]++
		schema.Fold(f, ev, id)
	}
	b := new(base)
	for key := range users {
		b.keys = append(b.keys, key)
	}
	slices.Sort(b.keys)
	for _, key := range b.keys {
		b.facts = append(b.facts, users[key])
	}
	return b, nil
})

func loadCDNOW(t testing.TB) *base {
	t.Helper()
	b, err := cdnow()
	if err != nil {
		t.Fatal(err)
	}
	if len(b.keys) != 2357 {
		t.Fatalf("the sample has %d users, want 2357", len(b.keys))
	}
	return b
}

// reference reads a reference table; the tests that need it are skipped where the data is not there.
func reference(t *testing.T, name string) (rows [][]string, column map[string]int) {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "..", "shared", "data", "reference", name))
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("the reference data is not there")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err = csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column = map[string]int{}
	for i, name := range rows[0] {
		column[name] = i
	}
	return rows[1:], column
}

// millis is the first moment of a day in UTC.
func millis(t testing.TB, day string) int64 {
	t.Helper()
	d, err := zone.ParseDay(day)
	if err != nil {
		t.Fatal(err)
	}
	return zone.UTC.Start(d)
}

func engine(t testing.TB, edit func(*strategy.Strategy)) *Engine {
	t.Helper()
	s := strategy.Default()
	if edit != nil {
		edit(s)
	}
	e, err := New(s, zone.UTC)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func (b *base) cuts(e *Engine, asOf int64) *Cuts {
	builder := e.NewCuts(asOf)
	for i, key := range b.keys {
		builder.Add(key, b.facts[i])
	}
	return builder.Build()
}
