package emulated

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestRoutes(t *testing.T) {
	g := &gateway{routes: []route{
		{method: "GET", path: "/v1/{proxy+}"}, {method: "POST", path: "/v1/{proxy+}"}, {method: "GET", path: "/{proxy+}"}, {method: "GET", path: "/"},
		{method: "ANY", path: "/v1/{proxy+}"}, {method: "GET", path: "/v1/users"},
	}}
	for request, want := range map[string]string{
		"GET /": "GET /", "GET /x/y": "GET /{proxy+}", "GET /v1/": "GET /{proxy+}", "GET /v1/a/b": "GET /v1/{proxy+}",
		"POST /v1/a": "POST /v1/{proxy+}", "PUT /v1/a": "ANY /v1/{proxy+}", "GET /v1/users": "GET /v1/users", "POST /": "",
	} {
		method, path, _ := strings.Cut(request, " ")
		r, err := http.NewRequest(method, "http://x"+path, nil)
		must(t, err)
		got := ""
		if to := g.find(r); to != nil {
			got = to.method + " " + to.path
		}
		if got != want {
			t.Errorf("%s goes to %q, not %q", request, got, want)
		}
	}
}

func TestTokens(t *testing.T) {
	i, err := newIssuer()
	must(t, err)
	s := &Stack{issuer: i}
	now := time.Now()
	good, err := s.Token("ada", []string{"viewer", "editor"}, nil)
	must(t, err)
	claims, err := i.check(good, now)
	if err != nil || claims["sub"] != "ada" || claims["cognito:groups"] != "[viewer editor]" {
		t.Errorf("%v, %v", claims, err)
	}
	with := func(claims map[string]any) string {
		token, err := s.Token("ada", []string{"admin"}, claims)
		must(t, err)
		return token
	}
	if _, err := i.check(with(map[string]any{"aud": []string{"other", Audience}}), now); err != nil {
		t.Error(err)
	}
	other, err := newIssuer()
	must(t, err)
	foreign, err := other.sign(map[string]any{"iss": Issuer, "aud": Audience, "exp": now.Unix() + 60})
	must(t, err)
	parts := strings.Split(good, ".")
	none := base64url.EncodeToString([]byte(`{"alg":"none"}`)) + "." + parts[1] + "."
	raised := parts[0] + "." + base64url.EncodeToString([]byte(`{"iss":"`+Issuer+`","aud":"`+Audience+`","exp":99999999999,"cognito:groups":["admin"]}`)) + "." + parts[2]
	for name, token := range map[string]string{
		"no token": "", "no parts": "a.b", "no base64": "!.!.!", "expired": with(map[string]any{"exp": now.Unix() - 1}), "no end": with(map[string]any{"exp": nil}),
		"too early": with(map[string]any{"nbf": now.Unix() + 60}), "another audience": with(map[string]any{"aud": "other"}),
		"another issuer": with(map[string]any{"iss": "https://other"}), "another key": foreign, "without a signature": none, "raised": raised,
	} {
		if _, err := i.check(token, now); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
