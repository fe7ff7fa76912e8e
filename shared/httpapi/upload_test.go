package httpapi

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"testing"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/score"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/zone"
)

// live is the default strategy, compiled.
func live(t *testing.T) *app.Live {
	t.Helper()
	engine, err := score.New(strategy.Default(), zone.UTC)
	if err != nil {
		t.Fatal(err)
	}
	return &app.Live{Engine: engine, Zone: zone.UTC, Version: "v"}
}

func mustFail(expr string) (*segment.Program, error) {
	return segment.Compile(expr, strategy.Default().SegmentSchema())
}

// uploaded is what reached the use case.
type uploaded struct {
	app.UploadRequest
	body string
}

func uploadFake(got *uploaded) *fake {
	return &fake{upload: func(req app.UploadRequest) (app.File, error) {
		b, err := io.ReadAll(req.Body)
		if err != nil {
			return app.File{}, fault.Wrap(err, "read")
		}
		*got = uploaded{req, string(b)}
		return app.File{ID: "f1", Name: req.Name, Status: app.FileWaiting, Arrived: now}, nil
	}}
}

func TestUploadRaw(t *testing.T) {
	for _, kind := range []string{"", "application/octet-stream", "application/x-www-form-urlencoded", "application/gzip"} {
		var got uploaded
		w := ask(t, uploadFake(&got), "POST", "/v1/files?name=a.ndjson&mapping=version%3A%201&backfill=true&again=true&as_of=2026-01-02T03:04:05.678Z",
			"lines", func(r *http.Request) { r.Header.Set("Content-Type", kind) })
		if w.Code != http.StatusAccepted {
			t.Fatalf("%q: answer %d %s", kind, w.Code, w.Body)
		}
		if got.Name != "a.ndjson" || got.Mapping != "version: 1" || !got.Backfill || !got.Again || got.AsOf != now || got.body != "lines" {
			t.Errorf("%q: the use case gets %+v", kind, got)
		}
	}
}

func form(t *testing.T, fields [][2]string, file string) (body, kind string) {
	t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for _, f := range fields {
		if err := m.WriteField(f[0], f[1]); err != nil {
			t.Fatal(err)
		}
	}
	if file != "" {
		p, err := m.CreateFormFile("file", "picked.csv")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(p, file)
	}
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), m.FormDataContentType()
}

func TestUploadForm(t *testing.T) {
	cases := []struct {
		name   string
		fields [][2]string
		file   string
		status int
		want   app.UploadRequest
	}{
		{"all", [][2]string{{"name", "n"}, {"mapping", "m"}, {"backfill", "true"}, {"again", "1"}, {"as_of", "2026-01-02T03:04:05.678Z"}}, "rows", 202,
			app.UploadRequest{Name: "n", Mapping: "m", Backfill: true, Again: true, AsOf: now}},
		{"the file's own name", nil, "rows", 202, app.UploadRequest{Name: "picked.csv"}},
		{"no file", [][2]string{{"name", "n"}}, "", 400, app.UploadRequest{}},
		{"unknown part", [][2]string{{"colour", "red"}}, "rows", 400, app.UploadRequest{}},
		{"wrong value", [][2]string{{"backfill", "perhaps"}}, "rows", 400, app.UploadRequest{}},
		{"wrong moment", [][2]string{{"as_of", "noon"}}, "rows", 400, app.UploadRequest{}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var got uploaded
			body, kind := form(t, c.fields, c.file)
			w := ask(t, uploadFake(&got), "POST", "/v1/files", body, func(r *http.Request) { r.Header.Set("Content-Type", kind) })
			if w.Code != c.status {
				t.Fatalf("answer %d %s, want %d", w.Code, w.Body, c.status)
			}
			if c.status != 202 {
				problem(t, w)
				return
			}
			got.Body = nil
			if got.UploadRequest != c.want || got.body != c.file {
				t.Errorf("the use case gets %+v, want %+v", got, c.want)
			}
		})
	}
}
