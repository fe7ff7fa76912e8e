package emulated

import (
	"io"
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

// TestAccess asks the built API through the routes and the authorizer of the template.
func TestAccess(t *testing.T) {
	c := openCloud(t, Options{Fast: true})
	if c.API == "" {
		t.Skip("the template has no HTTP API, or its function is not built")
	}
	token := func(role string, claims map[string]any) string {
		text, err := c.Token(role, []string{role}, claims)
		must(t, err)
		return text
	}
	publish := `{"text":"weir: 1\ncurrency: USD\n"}`
	for _, test := range []struct {
		name, method, path, token, body string
		want                            int
	}{
		{"no token", "GET", "/v1/overview", "", "", 401},
		{"an expired token", "GET", "/v1/overview", token("viewer", map[string]any{"exp": 1}), "", 401},
		{"another audience", "GET", "/v1/overview", token("viewer", map[string]any{"aud": "other"}), "", 401},
		{"no role", "GET", "/v1/overview", token("nobody", nil), "", 403},
		{"a viewer looks", "GET", "/v1/overview", token("viewer", nil), "", 200},
		{"a viewer publishes", "POST", "/v1/strategy/publish", token("viewer", nil), publish, 403},
		{"an editor publishes", "POST", "/v1/strategy/publish", token("editor", nil), publish, 403},
		{"an approver publishes", "POST", "/v1/strategy/publish", token("approver", nil), publish, 200},
		{"another method", "DELETE", "/v1/overview", token("admin", nil), "", 404},
		{"too large", "POST", "/v1/batch", token("editor", nil), strings.Repeat("x", largestRequest+1), 413},
	} {
		r, err := http.NewRequest(test.method, c.API+test.path, strings.NewReader(test.body))
		must(t, err)
		r.Header.Set("Content-Type", "application/json")
		if test.token != "" {
			r.Header.Set("Authorization", "Bearer "+test.token)
		}
		response, err := http.DefaultClient.Do(r)
		must(t, err)
		body, err := io.ReadAll(response.Body)
		must(t, err)
		_ = response.Body.Close()
		if response.StatusCode != test.want {
			t.Errorf("%s: %d, not %d: %.300s", test.name, response.StatusCode, test.want, body)
		}
	}
}
