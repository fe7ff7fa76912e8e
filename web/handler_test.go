package web

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/andybalholm/brotli"
)

func built() *handler {
	return &handler{built: true, policy: Policy(), files: fstest.MapFS{
		"index.html":           {Data: []byte("<!doctype html><title>Weir</title>")},
		"weir.svg":             {Data: []byte("<svg/>")},
		"assets/index-a1b2.js": {Data: []byte("console.log(1)")},
		"assets/font-c3.woff2": {Data: []byte("binary")},
	}}
}

func TestPolicy(t *testing.T) {
	if p := Policy(); strings.Contains(p, "connect-src") || !strings.Contains(p, "default-src 'self'") {
		t.Error(p)
	}
	if p := Policy("https://a", "https://b"); !strings.HasSuffix(p, "; connect-src 'self' https://a https://b") {
		t.Error(p)
	}
}

func TestHandler(t *testing.T) {
	const page, asset = "no-cache", "public, max-age=31536000, immutable"
	for _, c := range []struct {
		method, path string
		status       int
		kind, cache  string
		body         string
	}{
		{http.MethodGet, "/", 200, "text/html; charset=utf-8", page, "<!doctype"},
		{http.MethodGet, "/users", 200, "text/html; charset=utf-8", page, "<!doctype"},
		{http.MethodGet, "/users/a.b@example.com", 200, "text/html; charset=utf-8", page, "<!doctype"},
		{http.MethodGet, "/files/deadbeef~2?x=1", 200, "text/html; charset=utf-8", page, "<!doctype"},
		{http.MethodGet, "/../../etc/passwd", 200, "text/html; charset=utf-8", page, "<!doctype"},
		{http.MethodGet, "/weir.svg", 200, "image/svg+xml", page, "<svg/>"},
		{http.MethodGet, "/assets/index-a1b2.js", 200, "text/javascript; charset=utf-8", asset, "console"},
		{"HEAD", "/assets/index-a1b2.js", 200, "text/javascript; charset=utf-8", asset, ""},
		{http.MethodGet, "/assets/index-old.js", 404, "", "", "404"},
		{http.MethodGet, "/favicon.ico", 404, "", "", "404"},
		{http.MethodGet, "/assets", 200, "text/html; charset=utf-8", page, "<!doctype"},
		{"POST", "/", 405, "", "", "only read"},
	} {
		t.Run(c.method+" "+c.path, func(t *testing.T) {
			w := httptest.NewRecorder()
			built().ServeHTTP(w, httptest.NewRequest(c.method, c.path, nil))
			if w.Code != c.status {
				t.Fatalf("status %d, want %d", w.Code, c.status)
			}
			head := w.Header()
			if c.kind != "" && (head.Get("Content-Type") != c.kind || head.Get("Cache-Control") != c.cache) {
				t.Errorf("Content-Type %q, Cache-Control %q", head.Get("Content-Type"), head.Get("Cache-Control"))
			}
			if !strings.Contains(head.Get("Content-Security-Policy"), "default-src 'self'") {
				t.Error("no content security policy")
			}
			if body := w.Body.String(); !strings.Contains(body, c.body) || c.body == "" && body != "" {
				t.Errorf("body %q", body)
			}
		})
	}
}

func TestHandlerCompresses(t *testing.T) {
	h := built()
	for range 2 { // the second answer comes out of memory
		r := httptest.NewRequest(http.MethodGet, "/assets/index-a1b2.js", nil)
		r.Header.Set("Accept-Encoding", "br, gzip")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Header().Get("Content-Encoding") != "gzip" || w.Header().Get("Vary") != "Accept-Encoding" {
			t.Fatalf("headers %v", w.Header())
		}
		unzip, err := gzip.NewReader(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(unzip); err != nil || string(text) != "console.log(1)" {
			t.Fatalf("body %q, %v", text, err)
		}
	}
	r := httptest.NewRequest(http.MethodGet, "/assets/font-c3.woff2", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Header().Get("Content-Encoding") != "" || w.Body.String() != "binary" {
		t.Error("what is compressed already was compressed again")
	}
}

func TestHandlerNotBuilt(t *testing.T) {
	w := httptest.NewRecorder()
	(&handler{files: fstest.MapFS{".gitkeep": {}}}).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "npm run build") {
		t.Fatalf("%d %s", w.Code, w.Body.String())
	}
}

func TestFiles(t *testing.T) {
	if files, _ := Files(); files == nil {
		t.Fatal("no files, not even the placeholder")
	}
	if Handler() == nil {
		t.Fatal("no handler")
	}
}

func TestPackedAssets(t *testing.T) {
	const raw = "\x00asm and the rest"
	var packed bytes.Buffer
	z := brotli.NewWriter(&packed)
	_, _ = z.Write([]byte(raw))
	_ = z.Close()
	h := &handler{built: true, policy: Policy(), files: fstest.MapFS{
		"index.html": {Data: []byte("<!doctype html>")}, "assets/preview-a1.wasm.br": {Data: packed.Bytes()}, "assets/broken-a1.wasm.br": {Data: []byte("no brotli")},
	}}
	for _, c := range []struct{ path, accept, encoding, body string }{
		{"/assets/preview-a1.wasm", "gzip, deflate, br", "br", packed.String()},
		{"/assets/preview-a1.wasm", "gzip", "", raw},
		{"/assets/preview-a1.wasm", "br;q=0", "", raw},
	} {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, c.path, nil)
		r.Header.Set("Accept-Encoding", c.accept)
		h.ServeHTTP(w, r)
		head := w.Header()
		if w.Code != 200 || w.Body.String() != c.body || head.Get("Content-Encoding") != c.encoding || head.Get("Content-Type") != "application/wasm" || !strings.Contains(head.Get("Cache-Control"), "immutable") || head.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s: %d, %v, %d bytes", c.accept, w.Code, head, w.Body.Len())
		}
		if !strings.Contains(head.Get("Content-Security-Policy"), "'wasm-unsafe-eval'") {
			t.Error("the policy lets no module be compiled")
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/assets/broken-a1.wasm", nil))
	if w.Code != http.StatusInternalServerError {
		t.Errorf("a damaged asset: %d", w.Code)
	}
}

// Files that are embedded compressed are served as the others are.
func TestPackedFiles(t *testing.T) {
	plain := built()
	packed := &handler{built: true, policy: Policy(), files: fstest.MapFS{}}
	for name, f := range plain.files.(fstest.MapFS) {
		var b bytes.Buffer
		zip := brotli.NewWriter(&b)
		if _, err := zip.Write(f.Data); err != nil {
			t.Fatal(err)
		}
		if err := zip.Close(); err != nil {
			t.Fatal(err)
		}
		packed.files.(fstest.MapFS)[name+packedSuffix] = &fstest.MapFile{Data: b.Bytes()}
	}
	for _, path := range []string{"/", "/users", "/weir.svg", "/assets/index-a1b2.js", "/assets/font-c3.woff2", "/assets/no.js", "/favicon.ico"} {
		for _, accepts := range []string{"", "gzip", "gzip, br", "gzip"} { // the second gzip comes out of memory
			var bodies [2]string
			var codes [2]int
			for i, h := range []*handler{plain, packed} {
				r := httptest.NewRequest(http.MethodGet, path, nil)
				r.Header.Set("Accept-Encoding", accepts)
				w := httptest.NewRecorder()
				h.ServeHTTP(w, r)
				codes[i], bodies[i] = w.Code, unpacked(t, w)
				if i == 1 && w.Code == http.StatusOK && strings.Contains(accepts, "br") && w.Header().Get("Content-Encoding") != "br" {
					t.Errorf("%s is unpacked for one who takes it packed", path)
				}
			}
			if codes[0] != codes[1] || bodies[0] != bodies[1] {
				t.Errorf("%s for %q: %d %q, compressed %d %q", path, accepts, codes[0], bodies[0], codes[1], bodies[1])
			}
		}
	}
}

func unpacked(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	var body io.Reader = w.Body
	switch w.Header().Get("Content-Encoding") {
	case "br":
		body = brotli.NewReader(w.Body)
	case "gzip":
		zip, err := gzip.NewReader(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		body = zip
	}
	text, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
