package web

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
)

// policy lets the console load only what this server serves. Styles may be inline because the component library makes them, and
// the what-if module is compiled in the browser.
const policy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// Policy is the content security policy of the console: it may also ask the origins given, such as that of a bucket or of an issuer.
func Policy(connect ...string) string {
	if len(connect) == 0 {
		return policy
	}
	return policy + "; connect-src 'self' " + strings.Join(connect, " ")
}

// Handler serves the console, which may also ask the origins given. A path without a file is a page of the console and gets index.html; a missing asset is 404.
// Assets have the hash of their content in their name and may be cached for ever; pages are checked each time. What the build has
// compressed is sent as it stands to clients that accept brotli, and unpacked or by gzip to others.
func Handler(connect ...string) http.Handler {
	files, built := Files()
	return &handler{files: files, built: built, policy: Policy(connect...)}
}

type handler struct {
	files  fs.FS
	built  bool
	policy string
	zipped sync.Map // name → []byte, gzip
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	head := w.Header()
	head.Set("Content-Security-Policy", h.policy)
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("Referrer-Policy", "same-origin")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		head.Set("Allow", "GET, HEAD")
		http.Error(w, "the console is only read", http.StatusMethodNotAllowed)
		return
	}
	if !h.built {
		head.Set("Content-Type", "text/html; charset=utf-8")
		head.Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusServiceUnavailable)
		if r.Method == http.MethodGet {
			_, _ = w.Write([]byte(NotBuilt))
		}
		return
	}
	h.serve(w, r)
}

func (h *handler) serve(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(path.Clean("/"+r.URL.Path), "/")
	if name == "" {
		name = "index.html"
	}
	f, err := h.open(name)
	if err != nil {
		if strings.HasPrefix(name, "assets/") || path.Ext(name) != "" && path.Dir(name) == "." {
			http.NotFound(w, r)
			return
		}
		name = "index.html"
		if f, err = h.open(name); err != nil {
			http.Error(w, "the console's index.html cannot be read: build it again with make", http.StatusInternalServerError)
			return
		}
	}
	head := w.Header()
	head.Set("Cache-Control", "no-cache")
	if strings.HasPrefix(name, "assets/") {
		head.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	head.Set("Content-Type", contentType(name))
	body, encoding, err := h.encode(name, f, r.Header.Get("Accept-Encoding"))
	if err != nil {
		http.Error(w, name+" cannot be unpacked: build the console again with make", http.StatusInternalServerError)
		return
	}
	if f.packed != nil || packs(contentType(name)) {
		head.Set("Vary", "Accept-Encoding")
	}
	if encoding != "" {
		head.Set("Content-Encoding", encoding)
	}
	head.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(body)
	}
}

// packedSuffix marks files that the build has compressed by brotli, and that stand in this form alone.
const packedSuffix = ".br"

// file is a file as it is embedded: one of the two is set.
type file struct{ plain, packed []byte }

func (h *handler) open(name string) (file, error) {
	plain, err := fs.ReadFile(h.files, name)
	if err == nil {
		return file{plain: plain}, nil
	}
	packed, missing := fs.ReadFile(h.files, name+packedSuffix)
	if missing != nil {
		return file{}, err
	}
	return file{packed: packed}, nil
}

// encode returns a file in the best encoding that a client accepts: as it stands when it can, text by gzip where that is all
// that is accepted, and unpacked.
func (h *handler) encode(name string, f file, accept string) (body []byte, encoding string, err error) {
	if f.packed != nil && accepts(accept, "br") {
		return f.packed, "br", nil
	}
	zips := packs(contentType(name)) && accepts(accept, "gzip")
	if known, ok := h.zipped.Load(name); ok && zips {
		return known.([]byte), "gzip", nil
	}
	if body = f.plain; f.packed != nil {
		if body, err = io.ReadAll(brotli.NewReader(bytes.NewReader(f.packed))); err != nil {
			return nil, "", err
		}
	}
	if !zips {
		return body, "", nil
	}
	var out bytes.Buffer
	zip, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // the level is valid, and a Buffer never fails
	_, _ = zip.Write(body)
	_ = zip.Close()
	h.zipped.Store(name, out.Bytes())
	return out.Bytes(), "gzip", nil
}

// accepts reports whether Accept-Encoding names an encoding.
func accepts(header, encoding string) bool {
	for one := range strings.SplitSeq(header, ",") {
		name, weight, _ := strings.Cut(one, ";")
		if strings.EqualFold(strings.TrimSpace(name), encoding) {
			return strings.TrimSpace(weight) != "q=0"
		}
	}
	return false
}

// contentType never asks the machine's own tables for what the console ships: they differ between machines.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".wasm":
		return "application/wasm"
	}
	if kind := mime.TypeByExtension(path.Ext(name)); kind != "" {
		return kind
	}
	return "application/octet-stream"
}

func packs(kind string) bool {
	return strings.HasPrefix(kind, "text/") || strings.Contains(kind, "xml") || strings.Contains(kind, "json")
}
