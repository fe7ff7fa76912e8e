package analytics

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/weir-engine/weir/shared/eventfile"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/zone"
)

// cdnow is the CDNOW sample, folded under the default strategy. The order of the users is that of a map: reports must not
// depend on it.
var cdnow = sync.OnceValues(func() (map[string]*profile.Facts, error) {
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
			return users, nil
		}
		if err != nil {
			return nil, err
		}
		f := users[ev.Key()]
		if f == nil {
			f = new(profile.Facts)
			users[strings.Clone(ev.Key())] = f
		}
		schema.Fold(f, ev, ev.StableID(seen[ev.Content]))
		seen[ev.Content]++
	}
})

func loadCDNOW(t testing.TB) map[string]*profile.Facts {
	t.Helper()
	users, err := cdnow()
	if err != nil {
		t.Fatal(err)
	}
	return users
}

// reference reads a reference file; the tests that need it are skipped where the data is not there.
func reference(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "data", "reference", name))
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("the reference data is not there")
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// misc is the part of misc_cdnow_telco.json that is about CDNOW.
type misc struct {
	Gini      float64 `json:"gini_monetary"`
	Top       float64 `json:"top20pct_share"`
	Elbow     int     `json:"churn_elbow_days_max_chord_distance"`
	Retention map[string]struct {
		Eligible  int64 `json:"eligible"`
		Exact     int64 `json:"nday_exact"`
		Unbounded int64 `json:"unbounded_on_or_after"`
		Within    int64 `json:"rolling_within_1_k"`
	} `json:"retention"`
	Bracket map[string]int64 `json:"bracket"`
	Gaps    struct {
		N   int64   `json:"n"`
		Q80 float64 `json:"q80"`
		Q90 float64 `json:"q90"`
	} `json:"ipi"`
}

func readMisc(t *testing.T) misc {
	t.Helper()
	var m misc
	if err := json.Unmarshal([]byte(reference(t, "misc_cdnow_telco.json")), &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func day(t testing.TB, s string) zone.Day {
	t.Helper()
	d, err := zone.ParseDay(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
