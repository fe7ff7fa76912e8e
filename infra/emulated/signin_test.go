package emulated

import (
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

// signInAt serves an issuer and returns a function that signs somebody in and returns the code.
func signInAt(t *testing.T) (s *signIn, at string, code func(verifier string) string) {
	t.Helper()
	i, err := newIssuer()
	must(t, err)
	s = newSignIn(i)
	mux := http.NewServeMux()
	s.routes(mux)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	i.name = server.URL + issuerPath
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return s, i.name, func(verifier string) string {
		sum := sha256.Sum256([]byte(verifier))
		q := url.Values{
			"client_id": {Audience}, "redirect_uri": {"http://127.0.0.1:1/signin"}, "response_type": {"code"}, "scope": {"openid"}, "state": {"s"},
			"nonce": {"n"}, "code_challenge_method": {"S256"}, "code_challenge": {base64url.EncodeToString(sum[:])},
		}
		response, err := client.PostForm(i.name+"/authorize?"+q.Encode(), url.Values{"person": {"ada"}, "role": {"editor"}, "answer": {"yes"}})
		must(t, err)
		_ = response.Body.Close()
		to, err := response.Location()
		must(t, err)
		if to.Query().Get("state") != "s" || to.Host != "127.0.0.1:1" {
			t.Fatalf("led to %s", to)
		}
		return to.Query().Get("code")
	}
}

func TestSignInAtIssuer(t *testing.T) {
	s, at, code := signInAt(t)
	ask := func(form ...string) (status int, answer map[string]any) {
		q := url.Values{"client_id": {Audience}, "redirect_uri": {"http://127.0.0.1:1/signin"}}
		for _, pair := range form {
			name, value, _ := strings.Cut(pair, "=")
			q.Set(name, value)
		}
		response, err := http.PostForm(at+"/token", q)
		must(t, err)
		defer func() { _ = response.Body.Close() }()
		must(t, json.NewDecoder(response.Body).Decode(&answer))
		return response.StatusCode, answer
	}
	exchange := func(code, verifier string, more ...string) (int, map[string]any) {
		return ask(append([]string{"grant_type=authorization_code", "code=" + code, "code_verifier=" + verifier}, more...)...)
	}
	first := code("secret")
	status, answer := exchange(first, "secret")
	if status != http.StatusOK {
		t.Fatalf("%d %v", status, answer)
	}
	claims, err := s.issuer.check(answer["id_token"].(string), time.Now())
	if err != nil || claims["sub"] != "ada" || claims["cognito:groups"] != "[editor]" || claims["nonce"] != "n" || claims["iss"] != at {
		t.Errorf("%v, %v", claims, err)
	}
	status, renewed := ask("grant_type=refresh_token", "refresh_token="+answer["refresh_token"].(string))
	if status != http.StatusOK {
		t.Errorf("a refresh: %d %v", status, renewed)
	}
	for name, try := range map[string]func() (int, map[string]any){
		"another verifier": func() (int, map[string]any) { return exchange(code("secret"), "other") },
		"no verifier":      func() (int, map[string]any) { return exchange(code("secret"), "") },
		"another client":   func() (int, map[string]any) { return exchange(code("secret"), "secret", "client_id=x") },
		"another address": func() (int, map[string]any) {
			return exchange(code("secret"), "secret", "redirect_uri=http://127.0.0.1:2/")
		},
		"a code nobody gave": func() (int, map[string]any) { return exchange("x", "secret") },
		"a refresh token again": func() (int, map[string]any) {
			return ask("grant_type=refresh_token", "refresh_token="+answer["refresh_token"].(string))
		},
		"another kind of grant": func() (int, map[string]any) { return ask("grant_type=password") },
		"a code that is too old": func() (int, map[string]any) {
			old := code("secret")
			s.now = func() time.Time { return time.Now().Add(2 * codeLife) }
			defer func() { s.now = time.Now }()
			return exchange(old, "secret")
		},
	} {
		if status, answer := try(); status != http.StatusBadRequest || answer["error"] != "invalid_grant" {
			t.Errorf("%s: %d %v", name, status, answer)
		}
	}
	if status, _ := exchange(first, "secret"); status != http.StatusBadRequest {
		t.Errorf("a code twice: %d", status)
	}
	if status, _ := ask("grant_type=refresh_token", "refresh_token="+renewed["refresh_token"].(string)); status != http.StatusBadRequest {
		t.Errorf("what a code gave that came twice: %d", status)
	}
}

// An address elsewhere is never led to.
func TestSignInLeadsNowhereElse(t *testing.T) {
	_, at, _ := signInAt(t)
	for _, path := range []string{
		"/authorize?client_id=weir&redirect_uri=https%3A%2F%2Fevil.example%2F&response_type=code", "/authorize?client_id=other&redirect_uri=http%3A%2F%2F127.0.0.1%2F",
		"/logout?post_logout_redirect_uri=https%3A%2F%2Fevil.example%2F", "/logout",
	} {
		response, err := http.Get(at + path)
		must(t, err)
		_ = response.Body.Close()
		if response.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %d", path, response.StatusCode)
		}
	}
}
