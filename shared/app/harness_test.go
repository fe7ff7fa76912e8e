package app_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weir-engine/weir/infra/embedded"
	"github.com/weir-engine/weir/shared/app"
)

// base is one base under test with a clock that only the test moves.
type base struct {
	t     testing.TB
	dir   string
	now   int64
	opts  app.Options
	store *embedded.Store
	app   *app.App
}

func at(s string) int64 {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return t.UnixMilli()
}

func newBase(t testing.TB, now string) *base {
	t.Helper()
	b := &base{t: t, dir: t.TempDir(), now: at(now)}
	b.open()
	t.Cleanup(func() { _ = b.store.Close() })
	return b
}

// open opens the folder, as a process does when it starts.
func (b *base) open() {
	b.t.Helper()
	var err error
	if b.store, err = embedded.Open(b.dir, embedded.Options{NoSync: true}); err != nil {
		b.t.Fatal(err)
	}
	if b.app, err = app.New(context.Background(), b.store.Ports(func() int64 { return b.now }), b.opts); err != nil {
		b.t.Fatal(err)
	}
}

// load imports text and fails the test when it is refused.
func (b *base) load(text string, change ...func(*app.ImportRequest)) app.Counts {
	b.t.Helper()
	res, err := b.try([]byte(text), change...)
	if err != nil {
		b.t.Fatal(err)
	}
	return res.Counts
}

func (b *base) try(content []byte, change ...func(*app.ImportRequest)) (app.ImportResult, error) {
	req := app.ImportRequest{Name: "test", Source: bytes.NewReader(content), Size: int64(len(content))}
	for _, c := range change {
		c(&req)
	}
	return b.app.Import(context.Background(), req)
}

func backfill(r *app.ImportRequest) { r.Backfill = true }

func asOf(s string) func(*app.ImportRequest) {
	return func(r *app.ImportRequest) { r.AsOf = at(s) }
}

// cdnow imports the sample as `weir run --sample` does.
func (b *base) cdnow() app.Counts {
	b.t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", "functions", "weir", "sample", "cdnow_sample.txt.gz"))
	if err != nil {
		b.t.Fatal(err)
	}
	mapping, err := os.ReadFile(filepath.Join("..", "..", "functions", "weir", "sample", "cdnow.mapping.yaml"))
	if err != nil {
		b.t.Fatal(err)
	}
	res, err := b.try(content, backfill, asOf("1997-09-30T00:00:00Z"), func(r *app.ImportRequest) {
		r.Name, r.Mapping = "cdnow_sample.txt.gz", string(mapping)
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return res.Counts
}

// cdnowUntil imports the purchases of the sample up to a day.
func (b *base) cdnowUntil(day string) {
	b.t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "functions", "weir", "sample", "cdnow_sample.txt.gz"))
	if err != nil {
		b.t.Fatal(err)
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		b.t.Fatal(err)
	}
	text, err := io.ReadAll(unzipped)
	if err != nil {
		b.t.Fatal(err)
	}
	var events strings.Builder
	for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		cells := strings.Fields(line)
		moment, err := time.Parse("20060102", cells[2])
		if err != nil {
			b.t.Fatal(err)
		}
		if moment.Format(time.DateOnly) <= day {
			events.WriteString(bought(strconv.Itoa(i), cells[0], moment.Format(time.RFC3339), 1))
		}
	}
	b.load(events.String(), backfill)
}

// items returns every stored profile.
func (b *base) items() []app.Item {
	b.t.Helper()
	items, err := b.store.Ports(nil).Profiles.Scan(context.Background(), "", 1_000_000)
	if err != nil {
		b.t.Fatal(err)
	}
	return items
}

// reference reads a table of the reference results; the test is skipped where they are not laid out.
func reference(t testing.TB, name string) []map[string]string {
	t.Helper()
	f, err := os.Open(filepath.Join("..", "..", "..", "shared", "data", "reference", name))
	if err != nil {
		t.Skip("the reference results are not beside this checkout")
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return table(rows)
}

// table names the cells of each row by the header.
func table(rows [][]string) []map[string]string {
	var out []map[string]string
	for _, row := range rows[1:] {
		m := map[string]string{}
		for i, name := range rows[0] {
			m[name] = row[i]
		}
		out = append(out, m)
	}
	return out
}
