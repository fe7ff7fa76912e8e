package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi"
)

// useCases answers what the tests ask; anything else panics on the nil interface.
type useCases struct{ httpapi.UseCases }

func (useCases) Strategy(context.Context) (app.StrategyVersion, error) {
	return app.StrategyVersion{Text: "weir: 1"}, nil
}
func (useCases) Clock(context.Context) (app.Clock, error) { return app.Clock{Now: 1, AsOf: 1}, nil }
func (useCases) Live(context.Context) (*app.Live, error) {
	return nil, fault.New(fault.Conflict, "none")
}
func (useCases) StopOutreach(context.Context, string) error { return nil }
func (useCases) Outreach(context.Context) (app.Outreach, error) {
	return app.Outreach{}, nil
}
func (useCases) Collect(_ context.Context, lines [][]byte) error           { return nil }
func (useCases) User(context.Context, string, int64) (app.UserView, error) { panic("broken") }

func testHandler() *handler {
	log := slog.New(slog.DiscardHandler)
	console := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/picture.png":
			_, _ = w.Write([]byte{0x89, 'P', 'N', 'G', 0xff})
		case "/large":
			_, _ = io.WriteString(w, strings.Repeat("x", 6_000_000))
		default:
			_, _ = io.WriteString(w, "<!doctype html>")
		}
	})
	api := httpapi.NewServer(useCases{}, "test")
	return &handler{log: log, serve: httpapi.NewHandler(api, httpapi.Options{
		Guard: httpapi.Guard{Behind: true, Log: log}, Console: console, Who: callers("roles"),
	})}
}

func call(method, path string, token map[string]string) events.APIGatewayV2HTTPRequest {
	var in events.APIGatewayV2HTTPRequest
	in.RawPath, in.RequestContext.HTTP.Method = path, method
	in.Headers = map[string]string{"host": "abc.execute-api.eu-west-1.amazonaws.com", "content-type": "application/json"}
	if token != nil {
		in.RequestContext.Authorizer = &events.APIGatewayV2HTTPRequestContextAuthorizerDescription{
			JWT: &events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{Claims: token},
		}
	}
	return in
}

func TestHandle(t *testing.T) {
	viewer, editor := map[string]string{"sub": "1", "roles": "[viewer]"}, map[string]string{"sub": "2", "roles": "[editor]"}
	for _, c := range []struct {
		name, method, path string
		token              map[string]string
		body               string
		status             int
		has                string
	}{
		{"no authorizer", "GET", "/v1/strategy", nil, "", 401, "token"},
		{"an authorizer without claims", "GET", "/v1/strategy", map[string]string{}, "", 401, "token"},
		{"a token without roles", "GET", "/v1/strategy", map[string]string{"sub": "3"}, "", 403, "viewer"},
		{"a viewer reads", "GET", "/v1/strategy", viewer, "", 200, "weir: 1"},
		{"a viewer stops", "POST", "/v1/outreach/stop", viewer, `{}`, 403, "editor"},
		{"an editor publishes", "POST", "/v1/strategy/publish", editor, `{}`, 403, "approver"},
		{"an unknown path", "GET", "/v1/nothing", viewer, "", 404, "openapi"},
		{"a wrong method", "PUT", "/v1/strategy", map[string]string{"sub": "4", "roles": "admin"}, "", 405, "GET"},
		{"the console", "GET", "/", nil, "", 200, "<!doctype"},
		{"a page of the console", "GET", "/users/a b%2Fc", nil, "", 200, "<!doctype"},
		{"too large an answer", "GET", "/large", nil, "", 413, "6 MB"},
		{"no method", "", "/", nil, "", 200, "<!doctype"},
		{"a bad method", "a b", "/", nil, "", 400, "method"},
		{"a panic", "GET", "/v1/users/x", viewer, "", 500, "mistake"},
	} {
		t.Run(c.name, func(t *testing.T) {
			in := call(c.method, c.path, c.token)
			in.Body = c.body
			out, err := testHandler().handle(t.Context(), in)
			if err != nil || out.StatusCode != c.status || !strings.Contains(out.Body, c.has) {
				t.Fatalf("%d %.300s, %v", out.StatusCode, out.Body, err)
			}
			if c.status >= 400 && !json.Valid([]byte(out.Body)) {
				t.Errorf("no problem: %s", out.Body)
			}
		})
	}
}

func TestHandleBinary(t *testing.T) {
	out, err := testHandler().handle(t.Context(), call("GET", "/picture.png", nil))
	got, bad := base64.StdEncoding.DecodeString(out.Body)
	if err != nil || bad != nil || !out.IsBase64Encoded || string(got) != "\x89PNG\xff" || out.Headers["content-type"] == "" {
		t.Fatalf("%+v, %v", out, err)
	}
	in := call("POST", "/v1/track", map[string]string{"sub": "1", "roles": "editor"})
	in.Body, in.IsBase64Encoded = base64.StdEncoding.EncodeToString([]byte(`{"userId": "u", "event": "e", "messageId": "m"}`)), true
	if out, err = testHandler().handle(t.Context(), in); err != nil || out.StatusCode != http.StatusAccepted {
		t.Fatalf("%+v, %v", out, err)
	}
	in.Body = "%%%"
	if out, err = testHandler().handle(t.Context(), in); err != nil || out.StatusCode != http.StatusBadRequest {
		t.Fatalf("%+v, %v", out, err)
	}
}
