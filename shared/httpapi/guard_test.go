package httpapi

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/app"
)

func TestGuard(t *testing.T) {
	host := func(name string) func(*http.Request) { return func(r *http.Request) { r.Host = name } }
	header := func(name, v string) func(*http.Request) { return func(r *http.Request) { r.Header.Set(name, v) } }
	open := Guard{Hosts: []string{"weir.example"}}
	closed := Guard{Token: "s3cret"}
	cases := []struct {
		name   string
		guard  Guard
		method string
		target string
		change []func(*http.Request)
		status int
	}{
		{"loopback address", open, "GET", "/v1/strategy", nil, 200},
		{"loopback name", open, "GET", "/v1/strategy", []func(*http.Request){host("localhost:99")}, 200},
		{"IPv6 loopback", open, "GET", "/v1/strategy", []func(*http.Request){host("[::1]:8080")}, 200},
		{"own name", open, "GET", "/v1/strategy", []func(*http.Request){host("Weir.Example")}, 200},
		{"name that points here", open, "GET", "/v1/strategy", []func(*http.Request){host("evil.example")}, 403},
		{"name like ours", open, "GET", "/v1/strategy", []func(*http.Request){host("localhost.evil.example")}, 403},
		{"console under a foreign name", open, "GET", "/", []func(*http.Request){host("evil.example")}, 403},
		{"no token", closed, "GET", "/v1/strategy", nil, 401},
		{"wrong token", closed, "GET", "/v1/strategy", []func(*http.Request){header("Authorization", "Bearer s3cre")}, 401},
		{"wrong scheme", closed, "GET", "/v1/strategy", []func(*http.Request){header("Authorization", "Basic s3cret")}, 401},
		{"token", closed, "GET", "/v1/strategy", []func(*http.Request){header("Authorization", "bearer s3cret")}, 200},
		{"token under any name", closed, "GET", "/v1/strategy", []func(*http.Request){host("weir.lan"), header("Authorization", "Bearer s3cret")}, 200},
		{"console needs no token", closed, "GET", "/", nil, 200},
		{"foreign page writes", open, "POST", "/v1/outreach/stop", []func(*http.Request){header("Origin", "http://evil.example")}, 403},
		{"foreign page writes, as the browser says", open, "POST", "/v1/outreach/stop", []func(*http.Request){header("Sec-Fetch-Site", "cross-site")}, 403},
		{"foreign page reads", open, "GET", "/v1/strategy", []func(*http.Request){header("Sec-Fetch-Site", "cross-site")}, 200},
	}
	f := &fake{strategy: func() (app.StrategyVersion, error) { return app.StrategyVersion{Text: "weir: 1"}, nil }}
	console := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "console") })
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h := NewHandler(NewServer(f, ""), Options{Guard: c.guard, Console: console})
			w := askHandler(t, h, c.method, c.target, "", c.change...)
			if w.Code != c.status {
				t.Errorf("answer %d, want %d: %s", w.Code, c.status, w.Body)
			}
			if c.status >= 400 {
				problem(t, w)
			}
			for _, name := range []string{"Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy"} {
				if w.Header().Get(name) == "" {
					t.Errorf("the answer lacks %s", name)
				}
			}
		})
	}
}

func TestPanicBecomesAnError(t *testing.T) {
	var log bytes.Buffer
	h := NewHandler(NewServer(&fake{strategy: func() (app.StrategyVersion, error) { panic("boom") }}, ""),
		Options{Guard: Guard{Log: slog.New(slog.NewTextHandler(&log, nil))}})
	w := askHandler(t, h, "GET", "/v1/strategy", "")
	if p := problem(t, w); p.Status != 500 || strings.Contains(p.Detail, "boom") {
		t.Errorf("a panic is answered with %+v", p)
	}
	if !strings.Contains(log.String(), "boom") {
		t.Error("the operator does not learn of the panic")
	}
}

func TestBrokenDownloadIsCut(t *testing.T) {
	f := &fake{export: func(w io.Writer) error {
		_, err := io.WriteString(w, strings.Repeat("row\n", 100_000))
		if err != nil {
			return err
		}
		return io.ErrUnexpectedEOF
	}}
	server := httptest.NewServer(NewHandler(NewServer(f, ""), Options{Guard: Guard{Log: slog.New(slog.NewTextHandler(io.Discard, nil))}}))
	defer server.Close()
	res, err := http.Get(server.URL + "/v1/export/profiles?format=ndjson")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err == nil {
		t.Error("half a download looks like a whole one")
	}
	if got := res.Header.Get("Content-Disposition"); got != `attachment; filename="profiles.ndjson"` {
		t.Errorf("Content-Disposition = %q", got)
	}
}

func TestLoopback(t *testing.T) {
	for host, want := range map[string]bool{
		"127.0.0.1": true, "127.9.9.9": true, "::1": true, "localhost": true, "LOCALHOST.": true, "a.localhost": true,
		"": false, "0.0.0.0": false, "::": false, "192.168.1.2": false, "localhost.com": false, "127.0.0.1.nip.io": false,
	} {
		if Loopback(host) != want {
			t.Errorf("Loopback(%q) = %v", host, !want)
		}
	}
}
