package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"strings"

	"github.com/weir-engine/weir/shared/fault"
)

// Role is what somebody may do. Each role may do what those before it may.
type Role int

// Roles, from the least. NoRole may do nothing.
const (
	NoRole   Role = iota
	Viewer        // sees everything and asks what would be
	Editor        // brings events, fits models, and can always stop outreach
	Approver      // lets a strategy or models decide, and lets outreach go on
	Admin         // takes two people apart, and forgets one
)

var roleNames = [...]string{"none", "viewer", "editor", "approver", "admin"}

// String is the role's name in tokens.
func (r Role) String() string {
	if r < 0 || int(r) >= len(roleNames) {
		return roleNames[0]
	}
	return roleNames[r]
}

// RoleOf returns the highest role that a list names; others are left out. A list comes as HTTP APIs of AWS pass it, "[editor viewer]",
// or with commas or blanks between names.
func RoleOf(list string) Role {
	best := NoRole
	names := strings.FieldsFunc(list, func(c rune) bool { return strings.ContainsRune("[], \t\"", c) })
	for _, name := range names {
		for r := Viewer; r <= Admin; r++ {
			if name == r.String() {
				best = max(best, r)
			}
		}
	}
	return best
}

// writers says which role an operation that is no GET needs. One that does not stand here needs the highest.
var writers = map[string]Role{
	"POST /v1/conditions/check":    Viewer, // these answer a question and keep nothing
	"POST /v1/strategy/validate":   Viewer,
	"POST /v1/strategy/diff":       Viewer,
	"POST /v1/plan/validate":       Viewer,
	"POST /v1/plan/diff":           Viewer,
	"PUT /v1/plan":                 Approver, // it decides which events are taken
	"POST /v1/identify":            Editor,
	"POST /v1/track":               Editor,
	"POST /v1/page":                Editor,
	"POST /v1/screen":              Editor,
	"POST /v1/group":               Editor,
	"POST /v1/alias":               Editor,
	"POST /v1/batch":               Editor,
	"POST /v1/files":               Editor,
	"POST /v1/uploads":             Editor,
	"PUT /v1/uploads/{key}":        Editor,
	"POST /v1/files/{id}/redrive":  Editor, // the import of a file that is there
	"POST /v1/snapshot":            Editor, // it changes nobody
	"POST /v1/models/fit":          Editor, // a draft: it decides nothing
	"POST /v1/replay":              Editor,
	"POST /v1/whatif":              Viewer,
	"POST /v1/compact":             Editor, // it changes nobody
	"POST /v1/churn/backtest":      Editor,
	"POST /v1/outreach/stop":       Editor, // a brake is for everyone who works with it
	"POST /v1/suppressions":        Editor,
	"POST /v1/suppressions/remove": Approver,
	"POST /v1/unsubscribe":         NoRole, // whoever has the link of a message
	"POST /v1/outreach/resume":     Approver,
	"POST /v1/strategy/publish":    Approver, // a rollback is a publication, too
	"POST /v1/models/publish":      Approver,
	"POST /v1/users/{id}/contact":  Approver, // whose addresses somebody sees, the log says
	"POST /v1/contacts/find":       Approver,
	"POST /v1/identity/revoke":     Admin,
	"POST /v1/users/{id}/export":   Admin,
	"POST /v1/users/{id}/forget":   Admin,
	"POST /v1/receipts":            Admin,

	"POST /v1/strategy/proposals":                   Editor, // it decides nothing yet
	"POST /v1/strategy/proposals/{number}/withdraw": Editor, // one's own
	"POST /v1/strategy/proposals/{number}/preview":  Editor,
	"POST /v1/strategy/proposals/{number}/review":   Approver,
	"POST /v1/strategy/proposals/{number}/publish":  Approver,
}

// RoleFor returns the role that a route needs: its method and path, as in openapi.yaml.
func RoleFor(route string) Role {
	if route == "GET "+unsubscribePath || route == "GET "+configPath {
		return NoRole
	}
	if strings.HasPrefix(route, "GET ") {
		return Viewer
	}
	if r, ok := writers[route]; ok {
		return r
	}
	return Admin
}

// Caller is who asks.
type Caller struct {
	Name string // for the log: the token's subject, never a name or an address
	Role Role
}

// callerKey is the key of who asks in the context of a request.
type callerKey struct{}

// WithCaller says who asks with a context.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// LocalCaller is who asks where nobody knows names, as on one machine.
const LocalCaller = "local"

// callerOf returns who asks; on one machine somebody who may do everything.
func callerOf(ctx context.Context) Caller {
	if c, ok := ctx.Value(callerKey{}).(Caller); ok {
		return c
	}
	return Caller{Name: LocalCaller, Role: Admin}
}

// authorize lets pass what the caller's role may do. The routes are those of mux. Who is refused, by role or by the operation itself,
// and who changed something, is logged.
func authorize(mux *http.ServeMux, who func(*http.Request) (Caller, bool), log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isAPI(r) {
			next.ServeHTTP(w, r)
			return
		}
		caller, known := who(r)
		r = r.WithContext(WithCaller(r.Context(), caller))
		audit := func(level slog.Level, what string, more ...any) {
			log.Log(r.Context(), level, what, append([]any{
				"audit", true, "method", r.Method, "path", r.URL.Path, "who", caller.Name, "role", caller.Role.String(),
			}, more...)...)
		}
		if !known && !isPublic(r) {
			audit(slog.LevelWarn, "refused", "status", http.StatusUnauthorized, "why", "no token")
			writeUnauthorized(w)
			return
		}
		_, route := mux.Handler(r)
		if route == "/v1/" { // no operation: the answer says so to whoever may look
			route = "GET " + route
		}
		if need := RoleFor(route); caller.Role < need {
			audit(slog.LevelWarn, "refused", "status", http.StatusForbidden, "needs", need.String())
			writeProblem(w, fault.New(fault.Forbidden, "the role %s may not do this", caller.Role).
				WithHint("it takes the role %s: ask whoever administers the tokens", need))
			return
		}
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			next.ServeHTTP(w, r)
			return
		}
		answer := &tracker{ResponseWriter: w, status: http.StatusOK}
		defer func() { // also when the answer broke off
			if answer.status >= http.StatusBadRequest {
				audit(slog.LevelWarn, "refused", "status", answer.status)
				return
			}
			audit(slog.LevelInfo, "called", "status", answer.status)
		}()
		next.ServeHTTP(answer, r)
	})
}
