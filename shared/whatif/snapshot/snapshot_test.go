package snapshot

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/score"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/whatif"
	"github.com/weir-engine/weir/shared/zone"
)

const text = `weir: 1
event_tags: [{tag: vip, event: Made VIP}]
segments: [{name: local, when: 'traits.city == "Köln" && orders >= 1'}]
`

const asOf = 1_770_000_000_000

// memory keeps files in memory.
type memory map[string]*bytes.Buffer

type closing struct{ *bytes.Buffer }

func (closing) Close() error { return nil }

func (m memory) Create(path string) (io.WriteCloser, error) {
	if m[path] != nil {
		return nil, errors.New(path + " is there")
	}
	m[path] = new(bytes.Buffer)
	return closing{m[path]}, nil
}

func (m memory) Read(path string) ([]byte, error) {
	if m[path] == nil {
		return nil, errors.New("no " + path)
	}
	return bytes.Clone(m[path].Bytes()), nil
}

// write makes a snapshot of n users, of whom every third has the tag vip; user i has i%4 orders of i cents.
func write(t *testing.T, n int, o Options) (memory, *Manifest) {
	t.Helper()
	s, err := strategy.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	e, err := score.New(s, zone.UTC)
	if err != nil {
		t.Fatal(err)
	}
	o.Users, o.AsOf, o.Text = int64(n), asOf, []byte(text)
	files := memory{}
	facts := make([]*profile.Facts, n)
	cuts := e.NewCuts(asOf)
	parser := event.NewParser(event.DefaultLimits)
	for i := range facts {
		facts[i] = new(profile.Facts)
		lines := []string{fmt.Sprintf(`"type":"identify","traits":{"city":"%s","email":"someone%d@example.org"}`, []string{"Köln", "Bonn"}[i%2], i)}
		for range i % 4 {
			lines = append(lines, fmt.Sprintf(`"type":"track","event":"Order Completed","properties":{"revenue":%d.%02d}`, i/100, i%100))
		}
		if i%3 == 0 {
			lines = append(lines, `"type":"track","event":"Made VIP"`)
		}
		for k, line := range lines {
			var ev event.Event
			if reject := parser.Parse([]byte(fmt.Sprintf(`{"userId":"u%05d","messageId":"%d-%d","timestamp":"2026-01-10T00:00:0%dZ",%s}`, i, i, k, k, line)), &ev); reject != nil {
				t.Fatal(reject)
			}
			e.Schema().Fold(facts[i], &ev, ev.StableID(0))
		}
		cuts.Add(fmt.Sprintf("u%05d", i), facts[i])
	}
	w, err := NewWriter(e, cuts.Build(), o, files)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range facts {
		if err := w.Add(fmt.Sprintf("u%05d", i), f, nil); err != nil {
			t.Fatal(err)
		}
	}
	m, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	return files, m
}

func TestSnapshotHoldsNoPersonalData(t *testing.T) {
	files, m := write(t, 500, Options{Shard: 200})
	if len(m.Shards) != 3 || m.Rows != 500 || m.Sampling != nil || m.IDs {
		t.Errorf("%d shards, %d rows, %v", len(m.Shards), m.Rows, m.Sampling)
	}
	for name, b := range files {
		for _, secret := range []string{"u00001", "example.org", "someone"} {
			if bytes.Contains(b.Bytes(), []byte(secret)) {
				t.Errorf("%s contains %s", name, secret)
			}
		}
	}
	for _, c := range m.Columns {
		if strings.HasPrefix(c.Ref, "traits.") && c.Ref != "traits.city" || c.Ref == ColID {
			t.Errorf("there is a column %s", c.Ref)
		}
	}
}

func TestSnapshotOpens(t *testing.T) {
	files, m := write(t, 500, Options{Shard: 200})
	s, err := Open(files.Read)
	if err != nil {
		t.Fatal(err)
	}
	base, err := s.Base()
	if err != nil {
		t.Fatal(err)
	}
	start, err := s.Start.Spec(base)
	if err != nil {
		t.Fatal(err)
	}
	p, err := base.Compare(start)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Report().Segments[0].New.Users; got != 125 { // every second has the city, and of them every second an order
		t.Errorf("%d users in the segment", got)
	}
	below, err := Open(func(path string) ([]byte, error) {
		if path == ManifestName {
			return m.In("x").JSON()
		}
		return files.Read(strings.TrimPrefix(path, "x/"))
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := below.Base(); err != nil {
		t.Errorf("seen from above: %v", err)
	}
}

func TestSnapshotRefusesDamage(t *testing.T) {
	for _, c := range []struct {
		name   string
		damage func(files memory)
		want   string
	}{
		{"a shard with another byte", func(f memory) { f["users-0002.weir"].Bytes()[5000] ^= 1 }, "is not what the manifest says"},
		{"an older layout", func(f memory) {
			b := bytes.Replace(f[ManifestName].Bytes(), []byte(`"layout": 1`), []byte(`"layout": 0`), 1)
			f[ManifestName] = bytes.NewBuffer(b)
		}, "layout 0"},
		{"half a manifest", func(f memory) { f[ManifestName].Truncate(1000) }, "not valid JSON"},
		{"a shard too few", func(f memory) { delete(f, "users-0003.weir") }, "read users-0003.weir"},
	} {
		files, _ := write(t, 500, Options{Shard: 200})
		c.damage(files)
		s, err := Open(files.Read)
		if err == nil {
			_, err = s.Base()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestSnapshotSamplesByStableHash(t *testing.T) {
	_, m := write(t, 4000, Options{Rows: 1000})
	if m.Sampling == nil || m.Sampling.Rate != 0.25 || m.Rows < 850 || m.Rows > 1150 || m.Sampling.Weight != 4000/float64(m.Rows) {
		t.Fatalf("%d rows, %+v", m.Rows, m.Sampling)
	}
	_, again := write(t, 4000, Options{Rows: 1000})
	if again.Shards[0].SHA256 != m.Shards[0].SHA256 {
		t.Error("the same base gives another sample")
	}
}

func TestSnapshotPseudonymousIDs(t *testing.T) {
	ids := func(key string) []int64 {
		files, m := write(t, 50, Options{IDKey: []byte(key)})
		_, cols, err := whatif.Open(files[m.Shards[0].Path].Bytes())
		if err != nil {
			t.Fatal(err)
		}
		for i := range cols {
			if cols[i].Ref == ColID {
				return cols[i].I64
			}
		}
		t.Fatal("there are no ids")
		return nil
	}
	a, b := ids("a key of sixteen bytes"), ids("another key of sixteen bytes")
	seen := map[int64]bool{}
	for i := range a {
		if a[i] < 0 || seen[a[i]] || a[i] == b[i] {
			t.Fatalf("id %d is %d, and under another key %d", i, a[i], b[i])
		}
		seen[a[i]] = true
	}
	e, _ := score.New(&strategy.Strategy{}, zone.UTC)
	if _, err := NewWriter(e, nil, Options{IDKey: []byte("short")}, memory{}); fault.HintOf(err) == "" {
		t.Errorf("a short key: %v", err)
	}
}

// TestTableReadsBack opens the Parquet copy as other tools do.
func TestTableReadsBack(t *testing.T) {
	files, m := write(t, 500, Options{Shard: 200})
	type user struct {
		Orders    *int64  `parquet:"orders,optional"`
		Recency   *int64  `parquet:"recency_days,optional"`
		Spend     *int64  `parquet:"spend,optional,decimal(2:18)"`
		City      *string `parquet:"traits.city,optional"`
		VIP       *bool   `parquet:"tag.vip,optional"`
		FirstSeen *int64  `parquet:"first_seen,optional,timestamp(millisecond)"`
	}
	b := files[TableName].Bytes()
	if int64(len(b)) != m.Table.Bytes {
		t.Errorf("%d bytes, the manifest says %d", len(b), m.Table.Bytes)
	}
	f, err := parquet.OpenFile(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	r := parquet.NewGenericReader[user](f)
	users := make([]user, 501)
	n, _ := r.Read(users)
	if n != 500 {
		t.Fatalf("%d rows", n)
	}
	for i, u := range users[:n] {
		orders := int64(i % 4)
		if *u.Orders != orders || (u.Recency == nil) != (orders == 0) || *u.Spend != orders*int64(i) || *u.City != []string{"Köln", "Bonn"}[i%2] || *u.VIP != (i%3 == 0) || *u.FirstSeen/1000 != 1768003200 {
			t.Fatalf("row %d: %+v", i, u)
		}
	}
}

// TestTableOpensInDuckDB reads the table in another program, where the benchmarks have installed it.
func TestTableOpensInDuckDB(t *testing.T) {
	bench, err := filepath.Abs(filepath.Join("..", "..", "..", "infra", "bench"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(bench, "node_modules", "@duckdb", "node-api")); err != nil {
		t.Skip("DuckDB is not installed: npm ci in infra/bench")
	}
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("Node is not installed")
	}
	files, _ := write(t, 500, Options{Shard: 200})
	table := filepath.Join(t.TempDir(), TableName)
	if err := os.WriteFile(table, files[TableName].Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	const script = `const { DuckDBInstance } = await import('@duckdb/node-api');
const db = await (await DuckDBInstance.create(':memory:')).connect();
const r = await db.runAndReadAll(` + "`" + `SELECT count(*)::INT, count(recency_days)::INT, sum(orders)::INT, sum(spend)::VARCHAR, count(*) FILTER ("tag.vip")::INT,
  count(*) FILTER ("traits.city" = 'Köln')::INT, min(first_seen)::DATE::VARCHAR, max(first_purchase)::VARCHAR FROM '${process.argv[1]}'` + "`" + `);
console.log(r.getRows()[0].join(' '));`
	cmd := exec.Command("node", "--input-type=module", "-e", script, table)
	cmd.Dir = bench
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	spend := 0
	for i := range 500 {
		spend += i % 4 * i
	}
	want := fmt.Sprintf("500 375 750 %d.%02d 167 250 2026-01-10 2026-01-10", spend/100, spend%100)
	if got := strings.TrimSpace(string(out)); got != want {
		t.Errorf("DuckDB reads %s, want %s", got, want)
	}
}
