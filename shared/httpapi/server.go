// Package httpapi serves Weir's use cases over HTTP, as openapi.yaml says. The routes, the parameters and the shapes are
// generated into package gen; this package maps them to the use cases, and the codes of errors to statuses.
//
// The command line answers through the same Server, so that `weir … --json` and the API have one shape.
package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi/gen"
)

// Request limits, in bytes.
const (
	maxJSON   = 4 << 20
	maxUpload = 64 << 30 // as it arrives; what it unpacks to is limited by the import
)

// Server answers the operations of openapi.yaml. It is safe for concurrent use.
type Server struct {
	app     UseCases
	version string
	jobs    *jobs
	config  gen.Config
}

var _ gen.StrictServerInterface = (*Server)(nil)

// NewServer returns the operations over app. version is the program's.
func NewServer(app UseCases, version string) *Server {
	return &Server{app: app, version: version, jobs: newJobs(), config: gen.Config{SignIn: gen.SignInNone}}
}

// Close ends the long work that requests began, and waits for it. What was begun is safe to begin again.
func (s *Server) Close() { s.jobs.close() }

// Wait returns when the long work that requests began has ended, or when ctx ends. A host that stops between requests waits, for its
// work to end.
func (s *Server) Wait(ctx context.Context) { s.jobs.wait(ctx) }

// Options say how to serve.
type Options struct {
	Guard   Guard
	Console http.Handler // serves everything outside /v1/; nil answers "not found"
	Config  gen.Config   // how one signs in; without it, what the guard asks for
	// Who says who asks, as an authorizer before this server found out; false: nobody known. nil: whoever the guard lets in may do
	// everything, as on one machine.
	Who func(*http.Request) (Caller, bool)
}

// NewHandler serves the API under /v1/ and the console beside it.
func NewHandler(s *Server, o Options) http.Handler {
	log := o.Guard.Log
	if log == nil {
		log = slog.Default()
	}
	s.jobs.log, s.config = log, configOf(o)
	answer := func(w http.ResponseWriter, r *http.Request, err error) {
		if fault.CodeOf(err) == fault.Internal && !clientError(err) && r.Context().Err() == nil {
			log.Error("a request failed", "method", r.Method, "path", r.URL.Path, "error", err)
		}
		if t, ok := w.(*tracker); ok {
			t.fail(err)
			return
		}
		writeProblem(w, err)
	}
	badRequest := func(w http.ResponseWriter, r *http.Request, err error) { answer(w, r, requestError(err)) }
	strict := gen.NewStrictHandlerWithOptions(s, []gen.StrictMiddlewareFunc{nameDownload}, gen.StrictHTTPServerOptions{
		RequestErrorHandlerFunc: badRequest, ResponseErrorHandlerFunc: answer,
	})
	mux := http.NewServeMux()
	gen.HandlerWithOptions(strict, gen.StdHTTPServerOptions{BaseRouter: mux, ErrorHandlerFunc: badRequest})
	mux.Handle("/v1/", noRoute(mux))
	console := o.Console
	if console == nil {
		console = http.NotFoundHandler()
	}
	mux.Handle("/", console)
	next := limitBodies(mux)
	if o.Who != nil {
		next = authorize(mux, o.Who, log, next)
	}
	return o.Guard.Wrap(next)
}

// limitBodies bounds every body before anything reads it, and takes any body sent to /v1/files or as an upload that is no form as the file.
func limitBodies(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		limit := int64(maxJSON)
		if r.URL.Path == "/v1/files" || strings.HasPrefix(r.URL.Path, "/v1/uploads/") {
			limit = maxUpload
			if !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
				r.Header.Set("Content-Type", "application/octet-stream")
			}
		}
		if isAPI(r) {
			w.Header().Set("Cache-Control", "no-store")
		}
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		next.ServeHTTP(w, r)
	})
}

// noRoute answers for paths below /v1/ that nothing else serves: a wrong method says which ones there are.
func noRoute(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var allowed []string
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut} {
			probe := r.Clone(r.Context())
			probe.Method = method
			if _, pattern := mux.Handler(probe); strings.HasPrefix(pattern, method+" ") {
				allowed = append(allowed, method)
			}
		}
		if len(allowed) == 0 {
			writeProblem(w, fault.New(fault.NotFound, "there is no %s", r.URL.Path).WithHint("the operations stand in openapi.yaml"))
			return
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		p := ProblemOf(fault.New(fault.Invalid, "%s does not take %s", r.URL.Path, r.Method).WithHint("use %s", strings.Join(allowed, " or ")))
		p.Status, p.Title = http.StatusMethodNotAllowed, http.StatusText(http.StatusMethodNotAllowed)
		writeProblemJSON(w, p)
	})
}

// requestError says in our words why a request could not be read.
func requestError(err error) error {
	if clientError(err) {
		return err // too large: ProblemOf knows it
	}
	var format *gen.InvalidParamFormatError
	var missing *gen.RequiredParamError
	switch {
	case errors.As(err, &format):
		return fault.New(fault.Invalid, "the parameter %s cannot be read", format.ParamName).
			WithHint("see %s in openapi.yaml; times are RFC 3339, such as 1997-09-30T00:00:00Z", format.ParamName).Because(format.Err)
	case errors.As(err, &missing):
		return fault.New(fault.Invalid, "the parameter %s is missing", missing.ParamName)
	}
	return fault.New(fault.Invalid, "the request cannot be read").WithHint("its shape stands in openapi.yaml").Because(err)
}

func clientError(err error) bool {
	var big *http.MaxBytesError
	return errors.As(err, &big)
}

// downloads are the names of what operations answer in another format than JSON, without the format.
var downloads = map[string]string{
	"GetCohorts": "cohorts", "GetLifecycle": "lifecycle", "GetConcentration": "concentration", "GetReturnRate": "return-rate",
	"GetRetention": "retention", "GetAha": "aha", "ExportProfiles": "profiles",
}

// downloadName is the file name of an answer; "" for one that is no download.
func downloadName(operation, format string, response any) string {
	if d, ok := response.(interface{ filename() string }); ok {
		return d.filename()
	}
	if operation == "ExportProfiles" && format == "" {
		format = "csv"
	}
	name, ok := downloads[operation]
	if !ok || format == "" || format == "json" {
		return ""
	}
	return name + "." + format
}

// nameDownload gives downloads a file name.
func nameDownload(next gen.StrictHandlerFunc, operation string) gen.StrictHandlerFunc {
	return func(ctx context.Context, w http.ResponseWriter, r *http.Request, request any) (any, error) {
		response, err := next(ctx, w, r, request)
		if name := downloadName(operation, r.URL.Query().Get("format"), response); name != "" && err == nil {
			w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
		}
		return response, err
	}
}
