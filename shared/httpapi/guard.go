package httpapi

import (
	"crypto/sha256"
	"crypto/subtle"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi/gen"
)

// Guard says who may ask.
type Guard struct {
	// Token, when set, must come with every request to the API as "Authorization: Bearer TOKEN", but for what is public.
	// The console's files hold no data and are served without it.
	Token string
	// Hosts are the names that requests may be addressed to, beside the loopback names. They are checked when there is no
	// token: a page of another site that makes its own name point to this machine (DNS rebinding) is refused.
	Hosts []string
	// Behind says that requests come through an authorizer that checks tokens: any name will do then.
	Behind bool
	Log    *slog.Logger // nil: slog.Default()
}

// Wrap puts the guard before a handler: a panic becomes an internal error, a foreign Host header, a missing token and a
// cross-origin write are refused, and every answer carries the security headers.
func (g Guard) Wrap(next http.Handler) http.Handler {
	log := g.Log
	if log == nil {
		log = slog.Default()
	}
	cross := http.NewCrossOriginProtection()
	token := sha256.Sum256([]byte(g.Token))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		setSecurityHeaders(w.Header())
		tracked := &tracker{ResponseWriter: w}
		defer recoverPanic(tracked, r, log)
		if g.Token == "" && !g.Behind && !g.knownHost(r.Host) {
			writeProblem(tracked, fault.New(fault.Forbidden, "the name %q is not one of this server", r.Host).
				WithHint("use 127.0.0.1 or localhost, or start weir with --token"))
			return
		}
		if g.Token != "" && isAPI(r) && !isPublic(r) && !bearer(r, token) {
			writeUnauthorized(tracked)
			return
		}
		if r.URL.Path == unsubscribePath { // its link says by itself who may do what; programs of mail providers call it
			publicHeaders(tracked.Header())
			next.ServeHTTP(tracked, r)
			return
		}
		if err := cross.Check(r); err != nil {
			writeProblem(tracked, fault.New(fault.Forbidden, "a page of another site may not write here").
				WithHint("send events from a server, or open the console at this server's own address"))
			return
		}
		next.ServeHTTP(tracked, r)
	})
}

// apiPolicy is for answers that are never a page. The console sets its own.
const apiPolicy = "default-src 'none'; frame-ancestors 'none'"

func setSecurityHeaders(h http.Header) {
	h.Set("Content-Security-Policy", apiPolicy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}

func isAPI(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/v1/") }

func (g Guard) knownHost(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if Loopback(host) {
		return true
	}
	for _, known := range g.Hosts {
		if strings.EqualFold(host, known) {
			return true
		}
	}
	return false
}

// Loopback reports whether a host name or address can only mean this machine.
func Loopback(host string) bool {
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback()
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// bearer compares hashes, so that the time it takes says nothing about the token.
func bearer(r *http.Request, token [32]byte) bool {
	scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	sum := sha256.Sum256([]byte(strings.TrimSpace(given)))
	return strings.EqualFold(scheme, "Bearer") && subtle.ConstantTimeCompare(sum[:], token[:]) == 1
}

func writeUnauthorized(w http.ResponseWriter) {
	w.Header().Set("WWW-Authenticate", `Bearer realm="weir"`)
	hint := "send the header Authorization: Bearer TOKEN with the token that weir was started with"
	writeProblemJSON(w, gen.Problem{
		Type: "about:blank#forbidden", Title: http.StatusText(http.StatusUnauthorized), Status: http.StatusUnauthorized,
		Code: gen.CodeForbidden, Detail: "this server asks for a token", Hint: &hint,
	})
}

// tracker remembers whether an answer was begun, and how: then it can no longer become an error.
type tracker struct {
	http.ResponseWriter
	begun  bool
	status int
}

func (t *tracker) WriteHeader(status int) {
	if !t.begun {
		t.status = status
	}
	t.begun = true
	t.ResponseWriter.WriteHeader(status)
}

func (t *tracker) Write(b []byte) (int, error) {
	t.begun = true
	return t.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (t *tracker) Unwrap() http.ResponseWriter { return t.ResponseWriter }

// fail answers with err, or cuts the connection when the answer was begun, so that the client does not take half a
// download for a whole one.
func (t *tracker) fail(err error) {
	if t.begun {
		panic(http.ErrAbortHandler)
	}
	writeProblem(t, err)
}

func recoverPanic(w *tracker, r *http.Request, log *slog.Logger) {
	p := recover()
	if p == nil {
		return
	}
	if p == http.ErrAbortHandler {
		panic(p)
	}
	log.Error("a request made Weir panic", "method", r.Method, "path", r.URL.Path, "panic", p, "stack", string(debug.Stack()))
	w.fail(fault.New(fault.Internal, "panic"))
}
