package httpapi

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/strategy"
)

func TestStatusOfEachCode(t *testing.T) {
	cases := []struct {
		code   fault.Code
		status int
	}{
		{fault.Invalid, 400}, {fault.Forbidden, 403}, {fault.NotFound, 404}, {fault.Conflict, 409}, {fault.TooLarge, 413},
		{fault.Internal, 500}, {fault.Unavailable, 503},
	}
	if len(cases) != len(statuses) {
		t.Fatalf("%d codes have a status, %d are tested", len(statuses), len(cases))
	}
	for _, c := range cases {
		t.Run(string(c.code), func(t *testing.T) {
			fail := fault.Wrap(fault.New(c.code, "the secret cause").WithHint("do this"), "while working")
			h := NewHandler(NewServer(&fake{strategy: func() (app.StrategyVersion, error) { return app.StrategyVersion{}, fail }}, ""),
				Options{Guard: Guard{Log: slog.New(slog.NewTextHandler(io.Discard, nil))}})
			w := askHandler(t, h, "GET", "/v1/strategy", "")
			p := problem(t, w)
			if w.Code != c.status || string(p.Code) != string(c.code) {
				t.Errorf("answer %d %s, want %d %s", w.Code, p.Code, c.status, c.code)
			}
			if hidden := !strings.Contains(w.Body.String(), "secret"); hidden != (c.code == fault.Internal) {
				t.Errorf("the text of the error is hidden: %v; body %s", hidden, w.Body)
			}
			if c.code != fault.Internal && *p.Hint != "do this" {
				t.Errorf("hint %q", *p.Hint)
			}
			if again := w.Header().Get("Retry-After"); (again != "") != (c.code == fault.Unavailable) {
				t.Errorf("Retry-After = %q", again)
			}
		})
	}
}

func TestUnknownErrorIsInternal(t *testing.T) {
	if p := ProblemOf(errors.New("raw")); p.Status != 500 || strings.Contains(p.Detail, "raw") {
		t.Errorf("a raw error becomes %+v", p)
	}
	if s := Status("no such code"); s != http.StatusInternalServerError {
		t.Errorf("an unknown code has the status %d", s)
	}
}

func TestPlacesOfMistakes(t *testing.T) {
	_, err := segment.Compile("orders >== 3", segment.NewSchema())
	places := TextProblems(fault.Wrap(err, "check"))
	if len(places) != 1 || places[0].Line != 1 || places[0].Col < 8 {
		t.Errorf("the mistake in a condition is at %+v", places)
	}
	_, err = strategy.Parse([]byte("weir: 1\nzone: 7\nbogus: x\n"))
	places = TextProblems(fault.Wrap(err, "check"))
	if len(places) == 0 || places[0].Line < 2 {
		t.Errorf("the mistakes in a strategy are at %+v", places)
	}
	if TextProblems(fault.New(fault.Invalid, "x")) != nil {
		t.Error("an error without a place has one")
	}
}

func TestRoutes(t *testing.T) {
	cases := []struct {
		method, target string
		status         int
		allow          string
	}{
		{"GET", "/v1/nothing", 404, ""},
		{"POST", "/v1/status", 405, "GET"},
		{"DELETE", "/v1/files", 405, "GET, POST"},
		{"GET", "/v1/track", 405, "POST"},
		{"GET", "/v1/users?limit=0", 400, ""},
		{"GET", "/v1/users?limit=1001", 400, ""},
		{"GET", "/v1/users?limit=many", 400, ""},
		{"GET", "/v1/users?as_of=yesterday", 400, ""},
		{"GET", "/v1/users?sort=shoe_size", 400, ""},
		{"GET", "/v1/users?order=up", 400, ""},
		{"GET", "/v1/users?after=*", 400, ""},
		{"GET", "/v1/files?after=bm9wZQ", 400, ""},
		{"GET", "/v1/outbox?status=lost", 400, ""},
		{"GET", "/v1/overview?period=year", 400, ""},
		{"GET", "/v1/analytics/cohorts?format=xls", 400, ""},
		{"GET", "/v1/analytics/retention?start=last", 400, ""},
		{"GET", "/v1/analytics/transitions", 400, ""},
		{"GET", "/v1/analytics/transitions?from=1997-01-31T00:00:00Z&kind=magic", 400, ""},
		{"GET", "/v1/jobs/none", 404, ""},
		{"GET", "/v1/models/publish", 405, "POST"},
		{"GET", "/v1/analytics/retention?days=x", 400, ""},
		{"GET", "/v1/analytics/aha?format=xls", 400, ""},
		{"GET", "/v1/export/profiles?format=xls", 400, ""},
	}
	for _, c := range cases {
		t.Run(c.method+" "+c.target, func(t *testing.T) {
			w := ask(t, &fake{}, c.method, c.target, "")
			if problem(t, w); w.Code != c.status || w.Header().Get("Allow") != c.allow {
				t.Errorf("answer %d, Allow %q; want %d, %q", w.Code, w.Header().Get("Allow"), c.status, c.allow)
			}
		})
	}
}

func TestRequestLimits(t *testing.T) {
	long := func(n int) string { return strings.Repeat("x", n) }
	cases := []struct {
		name, target, body string
		status             int
	}{
		{"no JSON", "/v1/track", "{", 400},
		{"no object", "/v1/track", "[]", 400},
		{"body", "/v1/track", `{"event":"` + long(maxJSON) + `"}`, 413},
		{"empty batch", "/v1/batch", `{"batch":[]}`, 400},
		{"batch", "/v1/batch", `{"batch":[` + strings.Repeat("1,", maxBatch) + `1]}`, 413},
		{"condition", "/v1/conditions/check", `{"condition":"` + long(maxCondition+1) + `"}`, 413},
		{"strategy", "/v1/strategy/validate", `{"text":"` + long(maxStrategy+1) + `"}`, 413},
		{"strategy to publish", "/v1/strategy/publish", `{"text":"` + long(maxStrategy+1) + `"}`, 413},
		{"diff with nothing", "/v1/strategy/diff", `{}`, 400},
		{"diff with two", "/v1/strategy/diff", `{"text":"x","to":"1"}`, 400},
		{"link of one", "/v1/identity/revoke", `{"a":"1"}`, 400},
		{"mapping", "/v1/files?name=x&mapping=" + long(maxMapping+1), "x", 413},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := ask(t, &fake{}, "POST", c.target, c.body)
			if p := problem(t, w); w.Code != c.status {
				t.Errorf("answer %d (%s), want %d", w.Code, p.Detail, c.status)
			}
		})
	}
}
