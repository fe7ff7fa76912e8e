package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"github.com/weir-engine/weir/infra/aws"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi"
)

// maxAnswer is how many bytes an answer may have, as Lambda takes it: 6 MB with what is around it.
const maxAnswer = 5_900_000

type handler struct {
	serve http.Handler
	log   *slog.Logger
	begin func(context.Context) *aws.Invocation // nil: no figures
}

// handle answers one request of the HTTP API, in version 2.0 of its payload. What takes longer is a job, which another function does.
func (h *handler) handle(ctx context.Context, in events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	if h.begin != nil {
		run := h.begin(ctx)
		defer func() { run.End() }()
	}
	ctx, cancel := aws.Bounded(ctx)
	defer cancel()
	w := &answer{head: http.Header{}, status: http.StatusOK}
	r, err := request(ctx, in)
	if err != nil {
		return problem(err), nil
	}
	if err := h.run(w, r); err != nil {
		return problem(err), nil
	}
	out := w.response()
	if len(out.Body) > maxAnswer {
		h.log.Warn("an answer was too large", "path", in.RawPath, "bytes", w.body.Len())
		return problem(fault.New(fault.TooLarge, "the answer has %d bytes, more than the 6 MB that Lambda passes on", w.body.Len()).
			WithHint("ask for fewer: a page, a shorter period, another format; whole exports are read from the bucket")), nil
	}
	return out, nil
}

// run serves a request; an answer that was broken off becomes an error, for nothing of it was sent yet.
func (h *handler) run(w *answer, r *http.Request) (err error) {
	defer func() {
		if p := recover(); p != nil {
			h.log.Error("an answer broke off", "method", r.Method, "path", r.URL.Path, "panic", p)
			err = fault.New(fault.Internal, "an answer broke off")
		}
	}()
	h.serve.ServeHTTP(w, r)
	return nil
}

// request is the request as net/http has it.
func request(ctx context.Context, in events.APIGatewayV2HTTPRequest) (*http.Request, error) {
	body := []byte(in.Body)
	if in.IsBase64Encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(in.Body); err != nil {
			return nil, fault.New(fault.Invalid, "the body is not base64, as it says").Because(err)
		}
	}
	r, err := http.NewRequestWithContext(ctx, in.RequestContext.HTTP.Method, "/", bytes.NewReader(body))
	if err != nil {
		return nil, fault.New(fault.Invalid, "%q is no method", in.RequestContext.HTTP.Method).Because(err)
	}
	r.URL = &url.URL{Path: in.RawPath, RawQuery: in.RawQueryString}
	if plain, err := url.PathUnescape(in.RawPath); err == nil { // gateways decode the path, or do not
		r.URL.Path, r.URL.RawPath = plain, in.RawPath
	}
	r.RequestURI = r.URL.RequestURI()
	for name, value := range in.Headers {
		r.Header.Set(name, value)
	}
	for _, c := range in.Cookies {
		r.Header.Add("Cookie", c)
	}
	r.Host = r.Header.Get("Host")
	r.RemoteAddr = in.RequestContext.HTTP.SourceIP
	return r.WithContext(context.WithValue(r.Context(), claims{}, in.RequestContext.Authorizer)), nil
}

// claims is the key of what the authorizer found out about a request.
type claims struct{}

// callers reads who asks from the claims of the token that the HTTP API checked. A request that no authorizer saw has none.
func callers(claim string) func(*http.Request) (httpapi.Caller, bool) {
	return func(r *http.Request) (httpapi.Caller, bool) {
		a, _ := r.Context().Value(claims{}).(*events.APIGatewayV2HTTPRequestContextAuthorizerDescription)
		if a == nil || a.JWT == nil || len(a.JWT.Claims) == 0 {
			return httpapi.Caller{}, false
		}
		return httpapi.Caller{Name: a.JWT.Claims["sub"], Role: httpapi.RoleOf(a.JWT.Claims[claim])}, true
	}
}

// answer is an http.ResponseWriter that keeps what is written.
type answer struct {
	head   http.Header
	status int
	begun  bool
	body   bytes.Buffer
}

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.head }

// WriteHeader implements http.ResponseWriter: the first one counts.
func (a *answer) WriteHeader(status int) {
	if !a.begun {
		a.begun, a.status = true, status
	}
}

// Write implements http.ResponseWriter.
func (a *answer) Write(p []byte) (int, error) {
	if !a.begun && a.head.Get("Content-Type") == "" {
		a.head.Set("Content-Type", http.DetectContentType(p))
	}
	a.begun = true
	return a.body.Write(p)
}

// response is the answer as the HTTP API wants it; what is not text goes as base64.
func (a *answer) response() events.APIGatewayV2HTTPResponse {
	out := events.APIGatewayV2HTTPResponse{StatusCode: a.status, Headers: map[string]string{}}
	for name, values := range a.head {
		out.Headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	if a.head.Get("Content-Encoding") == "" && utf8.Valid(a.body.Bytes()) {
		out.Body = a.body.String()
	} else {
		out.Body, out.IsBase64Encoded = base64.StdEncoding.EncodeToString(a.body.Bytes()), true
	}
	return out
}

// problem answers with an error before or instead of the API.
func problem(err error) events.APIGatewayV2HTTPResponse {
	p := httpapi.ProblemOf(err)
	text, err := json.Marshal(p)
	if err != nil {
		text = []byte(`{}`)
	}
	return events.APIGatewayV2HTTPResponse{
		StatusCode: p.Status, Body: string(text), Headers: map[string]string{"content-type": "application/problem+json", "cache-control": "no-store"},
	}
}
