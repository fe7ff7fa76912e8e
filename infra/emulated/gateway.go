package emulated

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
)

// route is a route of an HTTP API: a method and a path, of which the last part may be {NAME+}, which stands for any rest.
type route struct {
	method   string // ANY for every one
	path     string
	token    bool // it asks for a token
	function *Function
}

// matches reports whether a request is the route's, and how close: the more of the path it names, and then of the method.
func (r *route) matches(method, path string) (near int, ok bool) {
	if r.method != "ANY" && !strings.EqualFold(r.method, method) {
		return 0, false
	}
	if r.method != "ANY" {
		near = 1
	}
	before, rest, greedy := strings.Cut(r.path, "{")
	if greedy && strings.HasSuffix(rest, "+}") {
		return 2*len(before) + near, strings.HasPrefix(path, before) && len(path) > len(before)
	}
	return 2*len(r.path) + 2 + near, r.path == path
}

// gateway is an HTTP API in version 2.0 of its payload, with a JWT authorizer whose issuer is the emulation itself.
type gateway struct {
	routes []route
	issuer *issuer
	format string    // of the access log, with $context.… in it
	access io.Writer // where the access log goes; nil for nowhere
}

// largestRequest is the limit of an HTTP API on a request.
const largestRequest = 10 << 20

// seen is what the access log says of a request beside the request itself.
type seen struct {
	http.ResponseWriter
	status, bytes int
	who, why      string
}

func (s *seen) WriteHeader(status int) {
	s.status = status
	s.ResponseWriter.WriteHeader(status)
}

func (s *seen) Write(p []byte) (int, error) {
	s.bytes += len(p)
	return s.ResponseWriter.Write(p)
}

// ServeHTTP passes a request to the function of its route, and writes it into the access log.
func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s := &seen{ResponseWriter: w, status: http.StatusOK}
	g.serve(s, r)
	if g.access == nil {
		return
	}
	_, _ = io.WriteString(g.access, "access | "+strings.NewReplacer( // a log that is gone loses nothing
		"$context.requestTime", time.Now().UTC().Format("02/Jan/2006:15:04:05 -0700"), "$context.requestId", requestID(),
		"$context.authorizer.claims.sub", s.who, "$context.identity.sourceIp", "127.0.0.1", "$context.httpMethod", r.Method, "$context.path", r.URL.EscapedPath(),
		"$context.status", strconv.Itoa(s.status), "$context.authorizer.error", s.why, "$context.responseLength", strconv.Itoa(s.bytes),
	).Replace(g.format)+"\n")
}

func (g *gateway) serve(w *seen, r *http.Request) {
	to := g.find(r)
	if to == nil {
		reply(w, http.StatusNotFound, map[string]string{"message": "Not Found"})
		return
	}
	var claims map[string]string
	if to.token {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		var err error
		if claims, err = g.issuer.check(token, time.Now()); err != nil {
			w.why = err.Error()
			w.Header().Set("WWW-Authenticate", "Bearer")
			reply(w, http.StatusUnauthorized, map[string]string{"message": "Unauthorized"})
			return
		}
	}
	w.who = claims["sub"]
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, largestRequest))
	if err != nil {
		reply(w, http.StatusRequestEntityTooLarge, map[string]string{"message": "Request Entity Too Large"})
		return
	}
	event, err := json.Marshal(gatewayEvent(r, to, body, claims))
	if err != nil {
		reply(w, http.StatusInternalServerError, map[string]string{"message": "Internal Server Error"})
		return
	}
	answer, err := to.function.Invoke(r.Context(), event)
	var out events.APIGatewayV2HTTPResponse
	if err != nil || json.Unmarshal(answer, &out) != nil || out.StatusCode == 0 {
		reply(w, http.StatusInternalServerError, map[string]string{"message": "Internal Server Error"})
		return
	}
	pass(w, &out)
}

// find returns the closest route; nil when there is none.
func (g *gateway) find(r *http.Request) *route {
	var best *route
	most := -1
	for i := range g.routes {
		if near, ok := g.routes[i].matches(r.Method, r.URL.Path); ok && near > most {
			best, most = &g.routes[i], near
		}
	}
	return best
}

func gatewayEvent(r *http.Request, to *route, body []byte, claims map[string]string) events.APIGatewayV2HTTPRequest {
	key := to.method + " " + to.path
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	e := events.APIGatewayV2HTTPRequest{
		Version: "2.0", RouteKey: key, RawPath: r.URL.EscapedPath(), RawQueryString: r.URL.RawQuery, Headers: map[string]string{"host": r.Host},
	}
	for name, values := range r.Header {
		if name == "Cookie" {
			e.Cookies = append(e.Cookies, values...)
			continue
		}
		e.Headers[strings.ToLower(name)] = strings.Join(values, ",")
	}
	now := time.Now()
	e.RequestContext = events.APIGatewayV2HTTPRequestContext{
		RouteKey: key, AccountID: "000000000000", Stage: "$default", RequestID: requestID(), APIID: "emulated", DomainName: r.Host,
		Time: now.UTC().Format("02/Jan/2006:15:04:05 -0700"), TimeEpoch: now.UnixMilli(),
		HTTP: events.APIGatewayV2HTTPRequestContextHTTPDescription{
			Method: r.Method, Path: r.URL.Path, Protocol: r.Proto, SourceIP: host, UserAgent: r.UserAgent(),
		},
	}
	if claims != nil {
		e.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
			JWT: &events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{Claims: claims},
		}
	}
	if e.Body = string(body); !utf8.Valid(body) {
		e.Body, e.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
	}
	return e
}

// pass answers with what a function answered.
func pass(w http.ResponseWriter, out *events.APIGatewayV2HTTPResponse) {
	body := []byte(out.Body)
	if out.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(out.Body); err != nil {
			reply(w, http.StatusInternalServerError, map[string]string{"message": "Internal Server Error"})
			return
		}
	}
	for name, value := range out.Headers {
		if !strings.EqualFold(name, "Content-Length") {
			w.Header().Set(name, value)
		}
	}
	for _, cookie := range out.Cookies {
		w.Header().Add("Set-Cookie", cookie)
	}
	w.WriteHeader(out.StatusCode)
	_, _ = w.Write(body) // whoever asked may be gone
}

// sortRoutes puts routes in an order that does not depend on maps.
func sortRoutes(all []route) {
	slices.SortFunc(all, func(a, b route) int { return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.method, b.method)) })
}
