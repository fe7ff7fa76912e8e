package httpapi

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/httpapi/gen"
)

// routes records the patterns that the generated code registers.
type routes struct {
	*http.ServeMux
	patterns []string
}

func (r *routes) HandleFunc(pattern string, h func(http.ResponseWriter, *http.Request)) {
	r.patterns = append(r.patterns, pattern)
	r.ServeMux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	_ = h
}

func allRoutes(t *testing.T) *routes {
	t.Helper()
	all := &routes{ServeMux: http.NewServeMux()}
	gen.HandlerWithOptions(gen.NewStrictHandler(NewServer(&fake{}, ""), nil), gen.StdHTTPServerOptions{BaseRouter: all})
	all.Handle("/v1/", noRoute(all.ServeMux))
	if len(all.patterns) < 40 {
		t.Fatalf("only %d routes", len(all.patterns))
	}
	return all
}

// Every route with every role, and without a token.
func TestEveryRouteAndRole(t *testing.T) {
	all := allRoutes(t)
	known := map[string]bool{}
	for _, route := range all.patterns {
		known[route] = true
		method, path, _ := strings.Cut(route, " ")
		public := path == unsubscribePath || path == configPath
		path = strings.NewReplacer("{id}", "a", "{version}", "b", "{number}", "1", "{name}", "c").Replace(path)
		if _, listed := writers[route]; method != http.MethodGet && !listed {
			t.Errorf("%s stands in no table of roles", route)
		}
		for role := NoRole; role <= Admin; role++ {
			var log bytes.Buffer
			h := authorize(all.ServeMux, func(*http.Request) (Caller, bool) { return Caller{Name: "s", Role: role}, true }, slog.New(slog.NewJSONHandler(&log, nil)), all)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
			want := http.StatusOK
			if role < RoleFor(route) {
				want = http.StatusForbidden
			}
			if w.Code != want {
				t.Errorf("%s as %s: %d, want %d", route, role, w.Code, want)
			}
			if audited := log.Len() > 0; audited != (want != http.StatusOK || method != http.MethodGet) {
				t.Errorf("%s as %s: audit %q", route, role, log.String())
			}
		}
		h := authorize(all.ServeMux, func(*http.Request) (Caller, bool) { return Caller{}, false }, slog.New(slog.DiscardHandler), all)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, path, nil))
		if want := map[bool]int{false: http.StatusUnauthorized, true: http.StatusOK}[public]; w.Code != want {
			t.Errorf("%s without a token: %d, want %d", route, w.Code, want)
		}
		if public != (RoleFor(route) == NoRole) {
			t.Errorf("%s is for %s", route, RoleFor(route))
		}
	}
	for route := range writers {
		if !known[route] {
			t.Errorf("%s is no route", route)
		}
	}
}

// What the roles are for, in words of people.
func TestRolesFor(t *testing.T) {
	for route, want := range map[string]Role{
		"GET /v1/users": Viewer, "POST /v1/strategy/diff": Viewer, "POST /v1/batch": Editor, "POST /v1/files": Editor,
		"POST /v1/outreach/stop": Editor, "POST /v1/outreach/resume": Approver, "POST /v1/strategy/publish": Approver,
		"POST /v1/models/publish": Approver, "POST /v1/identity/revoke": Admin, "POST /v1/of-tomorrow": Admin, "DELETE /v1/users": Admin,
	} {
		if got := RoleFor(route); got != want {
			t.Errorf("%s needs %s, want %s", route, got, want)
		}
	}
}

func TestRoleOf(t *testing.T) {
	for list, want := range map[string]Role{
		"": NoRole, "[]": NoRole, "viewer": Viewer, "[viewer]": Viewer, "[viewer approver]": Approver, "editor,viewer": Editor,
		`["admin"]`: Admin, "Admin": NoRole, "administrator": NoRole, "none": NoRole, "[sales admin ops]": Admin,
	} {
		if got := RoleOf(list); got != want {
			t.Errorf("%q is %s, want %s", list, got, want)
		}
	}
}

// The console's files need no token, whatever the roles say; unknown paths of the API do.
func TestAuthorizeConsole(t *testing.T) {
	h := NewHandler(NewServer(&fake{}, ""), Options{
		Guard:   Guard{Behind: true},
		Console: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) }),
		Who: func(r *http.Request) (Caller, bool) {
			return Caller{Role: RoleOf(r.Header.Get("Roles"))}, r.Header.Get("Roles") != ""
		},
	})
	for _, c := range []struct {
		path, roles string
		status      int
	}{
		{"/", "", 200}, {"/users", "", 200}, {"/v1/nothing", "", 401}, {"/v1/nothing", "other", 403}, {"/v1/nothing", "viewer", 404},
		{"/v1/../v1/strategy", "", 307}, {"//v1/strategy", "", 307},
	} {
		r := httptest.NewRequest(http.MethodGet, c.path, nil)
		r.Host = "abc.execute-api.eu-west-1.amazonaws.com"
		r.Header.Set("Roles", c.roles)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != c.status && (c.status != 307 || w.Code != 301 && w.Code != 401) {
			t.Errorf("%s as %q: %d, want %d", c.path, c.roles, w.Code, c.status)
		}
		if w.Code == http.StatusForbidden {
			var p gen.Problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || p.Hint == nil {
				t.Errorf("%s", w.Body)
			}
		}
	}
}
