package httpapi

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi/gen"
	"github.com/weir-engine/weir/shared/score"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/whatif/snapshot"
	"github.com/weir-engine/weir/shared/zone"
)

// shooting keeps one snapshot with one shard.
type shooting struct {
	fake
	current *app.StoredSnapshot
	shard   []byte
}

func (f *shooting) CurrentSnapshot(context.Context) (app.StoredSnapshot, error) {
	if f.current == nil {
		return app.StoredSnapshot{}, fault.New(fault.NotFound, "there is no snapshot yet")
	}
	return *f.current, nil
}

func (f *shooting) SnapshotAge(_ context.Context, s app.StoredSnapshot) (int64, error) {
	return f.now - s.Started, nil
}

func (f *shooting) SnapshotManifest(context.Context, app.StoredSnapshot) (*snapshot.Manifest, error) {
	return &snapshot.Manifest{
		Layout: 1, Zone: "UTC", Currency: "USD", Rows: 3, Users: 3, Plan: []byte("plan"), Refused: []string{},
		Columns: []snapshot.Column{{Ref: "orders", Kind: "number", Scale: 1}},
		Shards:  []snapshot.File{{Path: "users-0001-0123456789ab.weir", Rows: 3, Bytes: 9, SHA256: "ff"}},
	}, nil
}

func (f *shooting) SnapshotShard(_ context.Context, name string) ([]byte, error) {
	if name != "g1.users-0001-0123456789ab.weir" {
		return nil, fault.New(fault.NotFound, "there is no shard %q", name)
	}
	return f.shard, nil
}

func (f *shooting) TakeSnapshot(context.Context, func(done, total int64)) (app.StoredSnapshot, error) {
	f.current = &app.StoredSnapshot{Generation: "g2", Started: f.now}
	return *f.current, nil
}

func TestSnapshotOverHTTP(t *testing.T) {
	parsed, err := strategy.Parse(strategy.Init("commerce", "UTC", "USD"))
	if err != nil {
		t.Fatal(err)
	}
	engine, err := score.New(parsed, zone.UTC)
	if err != nil {
		t.Fatal(err)
	}
	content := strings.Repeat("columns of users ", 1000)
	var packed bytes.Buffer
	w := brotli.NewWriter(&packed)
	_, _ = io.WriteString(w, content)
	_ = w.Close()
	f := &shooting{shard: packed.Bytes()}
	f.worker = f
	f.live, f.now = &app.Live{Engine: engine, Version: "v"}, 100_000_000
	server := NewServer(f, "")
	h := NewHandler(server, Options{})
	ask := func(method, path string, header ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, nil)
		r.Host = "localhost"
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, r)
		return rec
	}

	if rec := ask("GET", "/v1/snapshot"); rec.Code != http.StatusNotFound {
		t.Fatalf("without a snapshot: %d", rec.Code)
	}
	f.current = &app.StoredSnapshot{Generation: "g1", AsOf: 1000, Started: 99_000_000, Tuple: f.live.Tuple(), Users: 3, Rows: 3, Bytes: 9}
	rec := ask("GET", "/v1/snapshot")
	var got gen.Snapshot
	if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil || rec.Code != 200 {
		t.Fatal(rec.Code, err)
	}
	if got.AgeSeconds != 1000 || got.Late || got.Stale || string(got.Plan) != "plan" || len(got.Shards) != 1 || got.Shards[0].Name != "g1.users-0001-0123456789ab.weir" {
		t.Errorf("%s", rec.Body)
	}
	tag := rec.Header().Get("ETag")
	if rec.Header().Get("Cache-Control") != "no-cache" || tag == "" {
		t.Errorf("%v", rec.Header())
	}
	if rec := ask("GET", "/v1/snapshot", "If-None-Match", `"other", W/`+tag); rec.Code != http.StatusNotModified || rec.Body.Len() != 0 {
		t.Errorf("with its tag: %d", rec.Code)
	}
	f.now, f.live.Version = 99_000_000+app.SnapshotLate, "w"
	if rec := ask("GET", "/v1/snapshot", "If-None-Match", tag); rec.Code != 200 || !strings.Contains(rec.Body.String(), `"late":true`) || !strings.Contains(rec.Body.String(), `"stale":true`) {
		t.Errorf("a late one of another strategy: %d %s", rec.Code, rec.Body)
	}

	for _, c := range []struct{ takes, encoding string }{
		{"gzip, deflate, br, zstd", "br"}, {"BR", "br"}, {"br;q=0, gzip", "gzip"}, {"gzip;q=0.5", "gzip"}, {"deflate", ""}, {"", ""}, {"br;q=x", ""},
	} {
		rec := ask("GET", "/v1/snapshot/shards/g1.users-0001-0123456789ab.weir", "Accept-Encoding", c.takes)
		var body io.Reader = rec.Body
		switch rec.Header().Get("Content-Encoding") {
		case "br":
			body = brotli.NewReader(body)
		case "gzip":
			if body, err = gzip.NewReader(body); err != nil {
				t.Fatal(err)
			}
		}
		plain, err := io.ReadAll(body)
		if err != nil || string(plain) != content || rec.Header().Get("Content-Encoding") != c.encoding {
			t.Errorf("%q: %d bytes as %q, %v", c.takes, len(plain), rec.Header().Get("Content-Encoding"), err)
		}
		if rec.Header().Get("Vary") != "Accept-Encoding" || !strings.Contains(rec.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%v", rec.Header())
		}
	}
	for _, name := range []string{"g1.manifest.json", "g1", "..%2Fg1"} {
		if rec := ask("GET", "/v1/snapshot/shards/"+name); rec.Code != http.StatusNotFound {
			t.Errorf("%s: %d", name, rec.Code)
		}
	}

	if rec := ask("POST", "/v1/snapshot"); rec.Code != http.StatusAccepted || !strings.Contains(rec.Body.String(), `"snapshot"`) {
		t.Fatalf("%d %s", rec.Code, rec.Body)
	}
	server.Wait(context.Background())
	if rec := ask("GET", "/v1/jobs"); !strings.Contains(rec.Body.String(), `"version":"g2"`) || !strings.Contains(rec.Body.String(), `"done"`) {
		t.Errorf("%s", rec.Body)
	}
}

func (f *shooting) SnapshotTable(context.Context) (string, []byte, string, error) {
	if f.current == nil {
		return "", nil, "", fault.New(fault.NotFound, "there is no snapshot yet")
	}
	if f.current.Generation == "far" {
		return "users-far.parquet", nil, "https://bucket.example/far?signed", nil
	}
	return "users-g1.parquet", []byte("PAR1"), "", nil
}

func (f *shooting) ValidateStrategy(context.Context, []byte) (app.StrategyCheck, error) {
	return app.StrategyCheck{}, nil
}

// The table comes as a file, or as the address of one; what-ifs and compactions are jobs that hold their report.
func TestTableAndReports(t *testing.T) {
	f := &shooting{fake: fake{now: now}}
	s := NewServer(f, "test")
	defer s.Close()
	h := NewHandler(s, Options{})
	if w := askHandler(t, h, "GET", "/v1/snapshot/table", ""); w.Code != http.StatusNotFound {
		t.Errorf("without a snapshot: %d", w.Code)
	}
	if w := askHandler(t, h, "POST", "/v1/whatif", `{"text":"x"}`); w.Code != http.StatusNotFound {
		t.Errorf("a what-if without a snapshot: %d", w.Code)
	}
	f.current = &app.StoredSnapshot{Generation: "g1"}
	w := askHandler(t, h, "GET", "/v1/snapshot/table", "")
	if w.Code != http.StatusOK || w.Body.String() != "PAR1" || !strings.Contains(w.Header().Get("Content-Disposition"), "users-g1.parquet") {
		t.Errorf("the table: %d %v", w.Code, w.Header())
	}
	f.current.Generation = "far"
	w = askHandler(t, h, "GET", "/v1/snapshot/table", "")
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "https://bucket.example/far?signed" {
		t.Errorf("the address of the table: %d %v", w.Code, w.Header())
	}
	for _, c := range []struct{ path, body, want string }{
		{"/v1/whatif", `{"text":"weir: 1"}`, `"tried_version":"weir: 1"`}, {"/v1/compact", "", `"files_after":2`},
	} {
		w := askHandler(t, h, "POST", c.path, c.body)
		if w.Code != http.StatusAccepted {
			t.Fatalf("%s: %d %s", c.path, w.Code, w.Body)
		}
		s.jobs.wait(context.Background())
		if w := askHandler(t, h, "GET", "/v1/jobs", ""); !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s: %s", c.path, w.Body)
		}
	}
}
