package emulated

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/weir-engine/weir/shared/httpapi"
	"github.com/weir-engine/weir/shared/httpapi/gen"
)

// routeList records the routes that the generated code registers.
type routeList struct{ all []string }

func (r *routeList) HandleFunc(pattern string, _ func(http.ResponseWriter, *http.Request)) {
	r.all = append(r.all, pattern)
}
func (r *routeList) ServeHTTP(http.ResponseWriter, *http.Request) {}

// entries are the lines of a log that a test looks at.
type entries struct {
	log  *testLog
	from int
}

func (e *entries) reset() {
	e.log.mu.Lock()
	defer e.log.mu.Unlock()
	e.from = e.log.b.Len()
}

// find returns the first entry of a source since the last reset for which holds is true. A function's answer may be here before what it
// logged: find waits for that, and returns nil when nothing comes for ten seconds.
func (e *entries) find(source string, holds func(map[string]any) bool) map[string]any {
	for {
		entry, more := e.look(source, holds)
		if entry != nil {
			return entry
		}
		select {
		case <-more:
		case <-time.After(10 * time.Second):
			return nil
		}
	}
}

func (e *entries) look(source string, holds func(map[string]any) bool) (found map[string]any, more <-chan struct{}) {
	e.log.mu.Lock()
	defer e.log.mu.Unlock()
	for line := range strings.SplitSeq(e.log.b.String()[e.from:], "\n") {
		text, ok := strings.CutPrefix(line, source+" | ")
		var entry map[string]any
		if ok && json.Unmarshal([]byte(text), &entry) == nil && holds(entry) {
			return entry, nil
		}
	}
	return nil, e.log.growth()
}

// call asks the HTTP API with a token, or without one.
func (c *cloud) call(t *testing.T, token, method, path, body string) (status int, answer string) {
	t.Helper()
	r, err := http.NewRequestWithContext(context.Background(), method, c.API+path, strings.NewReader(body))
	must(t, err)
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(r)
	must(t, err)
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	must(t, err)
	return response.StatusCode, string(text)
}

// Every route of the API with every role, without a token, with an expired one and with one for somebody else: through the template's
// routes and authorizer and the built function. Whoever is refused stands in a log: what the gateway refuses in the access log, what
// the function refuses in its own, as audit.
func TestEveryRouteAndRole(t *testing.T) {
	c := openCloud(t, Options{Fast: true})
	if c.API == "" {
		t.Skip("the template has no HTTP API, or its function is not built")
	}
	log := &entries{log: c.options.Output.(*testLog)}
	token := func(role string, claims map[string]any) string {
		text, err := c.Token(role, []string{role}, claims)
		must(t, err)
		return text
	}
	list := &routeList{}
	gen.HandlerWithOptions(gen.NewStrictHandler(httpapi.NewServer(nil, ""), nil), gen.StdHTTPServerOptions{BaseRouter: list})
	if len(list.all) < 50 {
		t.Fatalf("only %d routes", len(list.all))
	}
	callers := []struct {
		name, token string
		role        httpapi.Role
		known       bool
	}{
		{"no token", "", 0, false},
		{"an expired token", token("admin", map[string]any{"exp": 1}), 0, false},
		{"another audience", token("admin", map[string]any{"aud": "other"}), 0, false},
		{"no role", token("nobody", nil), httpapi.NoRole, true},
		{"a viewer", token("viewer", nil), httpapi.Viewer, true},
		{"an editor", token("editor", nil), httpapi.Editor, true},
		{"an approver", token("approver", nil), httpapi.Approver, true},
		{"an admin", token("admin", nil), httpapi.Admin, true},
	}
	asked := 0
	for _, pattern := range list.all {
		method, path, _ := strings.Cut(pattern, " ")
		path = strings.NewReplacer("{id}", "a", "{version}", "b", "{number}", "1", "{key}", "k", "{name}", "n", "{kind}", "email").Replace(path)
		if strings.Contains(path, "{") {
			t.Errorf("%s: which value has the parameter?", pattern)
			continue
		}
		for _, who := range callers {
			log.reset()
			asked++
			status, answer := c.call(t, who.token, method, path, "{}")
			routed := method == http.MethodGet || method == http.MethodPost
			switch want := httpapi.RoleFor(pattern); {
			case !routed:
				if status != http.StatusNotFound {
					t.Errorf("%s by %s: %d, and the gateway has no such route", pattern, who.name, status)
				}
			case path == "/v1/config": // for everybody
				if status != http.StatusOK {
					t.Errorf("%s by %s: %d", pattern, who.name, status)
				}
			case want == httpapi.NoRole: // for everybody with a link, which nobody here has
				if status != http.StatusBadRequest {
					t.Errorf("%s by %s: %d", pattern, who.name, status)
				}
			case !who.known:
				if status != http.StatusUnauthorized {
					t.Errorf("%s by %s: %d", pattern, who.name, status)
				}
			case who.role < want:
				if status != http.StatusForbidden {
					t.Errorf("%s by %s: %d %s", pattern, who.name, status, answer)
				}
			case status == http.StatusUnauthorized || status == http.StatusForbidden || status >= 500 && status != 503:
				t.Errorf("%s by %s: %d %s", pattern, who.name, status, answer)
			}
			if log.find("access", func(e map[string]any) bool {
				return e["method"] == method && e["path"] == path && e["status"] == strconv.Itoa(status)
			}) == nil {
				t.Errorf("%s by %s: %d stands in no access log", pattern, who.name, status)
			}
			if routed && who.known && (status >= 400 && method != http.MethodGet || status == http.StatusForbidden) {
				audit := log.find("ApiFunction", func(e map[string]any) bool {
					return e["audit"] == true && e["msg"] == "refused" && e["method"] == method && e["path"] == path && e["status"] == float64(status)
				})
				if audit == nil {
					t.Errorf("%s by %s: %d is not audited", pattern, who.name, status)
				}
			}
		}
	}
	t.Logf("%d routes, %d requests", len(list.all), asked)
}

// What is refused for other reasons than a role: with the right status, and audited.
func TestAccess(t *testing.T) {
	c := openCloud(t, Options{Fast: true})
	if c.API == "" {
		t.Skip("the template has no HTTP API, or its function is not built")
	}
	log := &entries{log: c.options.Output.(*testLog)}
	publish := `{"text":"weir: 1\ncurrency: USD\n"}`
	for _, test := range []struct {
		name, role, method, path, body string
		want                           int
		audited                        bool // in the function's log; else in the gateway's access log alone
	}{
		{"a viewer looks", "viewer", "GET", "/v1/strategy", "", 200, false},
		{"a viewer publishes", "viewer", "POST", "/v1/strategy/publish", publish, 403, true},
		{"an editor publishes", "editor", "POST", "/v1/strategy/publish", publish, 403, true},
		{"another method", "admin", "DELETE", "/v1/overview", "", 404, false},
		{"an upload to the folder above", "editor", "POST", "/v1/uploads", `{"name":"../x.ndjson","size":1}`, 400, true},
		{"an upload to another folder", "editor", "POST", "/v1/uploads", `{"name":"a/../../canonical/main/x","size":1}`, 400, true},
		{"an upload with a backslash", "editor", "POST", "/v1/uploads", `{"name":"..\\x","size":1}`, 400, true},
		{"an upload to another workspace", "editor", "POST", "/v1/uploads", `{"name":"events/other/x.ndjson","size":1}`, 403, true},
		{"an upload to another workspace, from above", "editor", "POST", "/v1/uploads", `{"name":"../other/../../events/other/x","size":1}`, 400, true},
		{"too large an upload", "editor", "POST", "/v1/uploads", `{"name":"x","size":5000000001}`, 413, true},
		{"a viewer uploads", "viewer", "POST", "/v1/uploads", `{"name":"x","size":1}`, 403, true},
		{"a file by a path", "editor", "POST", "/v1/files?name=..%2F..%2Fx", "", 202, true}, // the name is mended: it is for people
		{"too large a body for the function", "editor", "POST", "/v1/batch", `{"batch":["` + strings.Repeat("x", 4<<20) + `"]}`, 413, true},
		{"too large a body for the gateway", "editor", "POST", "/v1/batch", strings.Repeat("x", largestRequest+1), 413, false},
		{"a path that climbs", "admin", "GET", "/v1/users/..%2F..%2Fstrategy", "", 404, false},
	} {
		token, err := c.Token(test.role, []string{test.role}, nil)
		must(t, err)
		log.reset()
		status, answer := c.call(t, token, test.method, test.path, test.body)
		if status != test.want {
			t.Errorf("%s: %d, not %d: %.300s", test.name, status, test.want, answer)
		}
		audit := log.find("ApiFunction", func(e map[string]any) bool { return e["audit"] == true && e["status"] == float64(status) })
		if (audit != nil) != test.audited {
			t.Errorf("%s: audited: %v", test.name, audit)
		}
		if audit != nil && (audit["who"] != test.role || (audit["msg"] == "refused") != (status >= 400)) {
			t.Errorf("%s: audited as %v", test.name, audit)
		}
		if log.find("access", func(e map[string]any) bool {
			return e["status"] == strconv.Itoa(status) && e["who"] == test.role || status == 404
		}) == nil {
			t.Errorf("%s stands in no access log", test.name)
		}
	}
}
