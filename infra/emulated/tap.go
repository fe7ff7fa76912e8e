package emulated

import (
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"

	"github.com/weir-engine/weir/shared/fault"
)

// Call is a request of a function to a service.
type Call struct {
	Function  string
	Service   string // dynamodb, s3, sqs, lambda
	Operation string // PutItem, or PUT and the path of the object
	Version   bool   // of an object: it names one
}

// Taps see the calls of functions, for tests that break them.
type Taps struct {
	// Before is called before a call reaches its service; an answer stands in for the service's. May be nil.
	Before func(Call) *Answer
	// After is called when the service has answered and the function does not know yet. May be nil.
	After func(Call)
}

// Answer stands in for a service's; one without a status ends the connection without a word.
type Answer struct {
	Status int
	Body   string
}

// tap is a proxy between one function and one service.
type tap struct {
	URL    string
	server *http.Server
}

func newTap(function, service, target string, taps *Taps) (*tap, error) {
	to, err := url.Parse(target)
	if err != nil {
		return nil, fault.New(fault.Invalid, "%q is no address", target).Because(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fault.New(fault.Unavailable, "no port is free").Because(err)
	}
	call := func(r *http.Request) Call {
		c := Call{Function: function, Service: service, Operation: r.Method + " " + r.URL.Path, Version: r.URL.Query().Has("versionId")}
		if _, operation, ok := strings.Cut(r.Header.Get("X-Amz-Target"), "."); ok {
			c.Operation = operation
		}
		return c
	}
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = r.In.Host // it is part of what is signed
		},
		ModifyResponse: func(r *http.Response) error {
			if taps.After != nil {
				taps.After(call(r.Request))
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { drop(w) }, // one of both sides is gone
	}
	t := &tap{URL: "http://" + l.Addr().String()}
	t.server = &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if taps.Before != nil {
			if a := taps.Before(call(r)); a != nil {
				answer(w, a)
				return
			}
		}
		proxy.ServeHTTP(w, r)
	})}
	go func() { _ = t.server.Serve(l) }() // ends with close
	return t, nil
}

func answer(w http.ResponseWriter, a *Answer) {
	if a.Status == 0 {
		drop(w)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(a.Status)
	_, _ = w.Write([]byte(a.Body)) // whoever asked may be gone
}

// drop ends a connection without an answer.
func drop(w http.ResponseWriter) {
	if h, ok := w.(http.Hijacker); ok {
		if c, _, err := h.Hijack(); err == nil {
			_ = c.Close()
		}
	}
}

func (t *tap) close() { _ = t.server.Close() }
