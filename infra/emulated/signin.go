package emulated

import (
	"crypto/rand"
	"crypto/sha256"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// issuerPath is where the issuer is served, beside the stack's own server.
const issuerPath = "/oidc"

// signIn lets people sign in at the emulated issuer: OpenID Connect's discovery, the authorization code flow with PKCE (S256) for one public
// client whose addresses are on this machine, refresh tokens that are good for one use, and sign-out. Whoever comes is believed.
type signIn struct {
	issuer *issuer
	now    func() time.Time

	mu      sync.Mutex
	codes   map[string]*grant
	refresh map[string]*grant
}

// grant is what somebody signed in for.
type grant struct {
	person, role                string
	nonce, challenge, redirects string
	begun                       time.Time
	used, revoked               bool
}

// codeLife is how long a code is good, tokenLife a token.
const (
	codeLife  = time.Minute
	tokenLife = time.Hour
)

func newSignIn(i *issuer) *signIn {
	return &signIn{issuer: i, now: time.Now, codes: map[string]*grant{}, refresh: map[string]*grant{}}
}

// routes adds the issuer's addresses.
func (s *signIn) routes(mux *http.ServeMux) {
	mux.HandleFunc("GET "+issuerPath+"/.well-known/openid-configuration", s.discovery)
	mux.HandleFunc("GET "+issuerPath+"/authorize", s.ask)
	mux.HandleFunc("POST "+issuerPath+"/authorize", s.grant)
	mux.HandleFunc("POST "+issuerPath+"/token", s.exchange)
	mux.HandleFunc("GET "+issuerPath+"/logout", s.leave)
}

func (s *signIn) discovery(w http.ResponseWriter, _ *http.Request) {
	at := s.issuer.name
	w.Header().Set("Access-Control-Allow-Origin", "*")
	reply(w, http.StatusOK, map[string]any{
		"issuer": at, "authorization_endpoint": at + "/authorize", "token_endpoint": at + "/token", "end_session_endpoint": at + "/logout",
		"jwks_uri": at + "/keys", "response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256"}, "code_challenge_methods_supported": []string{"S256"},
		"grant_types_supported": []string{"authorization_code", "refresh_token"}, "token_endpoint_auth_methods_supported": []string{"none"},
	})
}

// local reports whether an address is on this machine: people are led nowhere else.
func local(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "http" && slices.Contains([]string{"127.0.0.1", "localhost"}, u.Hostname())
}

// asked checks a request to sign in. What is wrong with the client or the address to come back to is said here; the rest is said there.
func asked(w http.ResponseWriter, r *http.Request) bool {
	q := r.URL.Query()
	if q.Get("client_id") != Audience || !local(q.Get("redirect_uri")) {
		http.Error(w, "an unknown client, or an address that is not the client's", http.StatusBadRequest)
		return false
	}
	if q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" || q.Get("code_challenge") == "" ||
		!slices.Contains(strings.Fields(q.Get("scope")), "openid") {
		back(w, r, url.Values{"error": {"invalid_request"}, "error_description": {"it takes a code with PKCE, and the scope openid"}})
		return false
	}
	return true
}

// back leads to where a request came from.
func back(w http.ResponseWriter, r *http.Request, with url.Values) {
	q := r.URL.Query()
	with.Set("state", q.Get("state"))
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+with.Encode(), http.StatusSeeOther)
}

// ask shows the form.
func (s *signIn) ask(w http.ResponseWriter, r *http.Request) {
	if !asked(w, r) {
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(`<!doctype html><html lang="en"><meta charset="utf-8"><link rel="icon" href="data:,"><title>Sign in</title><h1>Sign in</h1>
<form method="post" action="` + html.EscapeString(r.URL.String()) + `">
<label>Name <input name="person" value="ada" required></label>
<label>Role <select name="role"><option>viewer<option>editor<option>approver<option>admin<option>none</select></label>
<button name="answer" value="yes">Sign in</button> <button name="answer" value="no">Refuse</button>
</form></html>`)) // whoever asked may be gone
}

// grant answers the form.
func (s *signIn) grant(w http.ResponseWriter, r *http.Request) {
	if !asked(w, r) {
		return
	}
	if r.FormValue("answer") != "yes" {
		back(w, r, url.Values{"error": {"access_denied"}, "error_description": {"the sign-in was refused"}})
		return
	}
	q := r.URL.Query()
	g := &grant{
		person: r.FormValue("person"), role: r.FormValue("role"), nonce: q.Get("nonce"), challenge: q.Get("code_challenge"),
		redirects: q.Get("redirect_uri"), begun: s.now(),
	}
	code := rand.Text()
	s.mu.Lock()
	s.codes[code] = g
	s.mu.Unlock()
	back(w, r, url.Values{"code": {code}})
}

// exchange gives tokens for a code, once, or for a refresh token, which is replaced.
func (s *signIn) exchange(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Cache-Control", "no-store")
	g := s.granted(r)
	if g == nil {
		reply(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant", "error_description": "the code or token is used, too old, or for somebody else"})
		return
	}
	now := s.now()
	claims := map[string]any{
		"iss": s.issuer.name, "aud": Audience, "sub": g.person, "email": g.person + "@example.com", "cognito:groups": []string{g.role},
		"iat": now.Unix(), "exp": now.Add(tokenLife).Unix(),
	}
	if g.nonce != "" {
		claims["nonce"] = g.nonce
	}
	token, err := s.issuer.sign(claims)
	if err != nil {
		reply(w, http.StatusInternalServerError, map[string]string{"error": "server_error"})
		return
	}
	next := rand.Text()
	s.mu.Lock()
	s.refresh[next] = g
	s.mu.Unlock()
	reply(w, http.StatusOK, map[string]any{
		"token_type": "Bearer", "expires_in": int(tokenLife.Seconds()), "access_token": token, "id_token": token, "refresh_token": next,
	})
}

// granted returns what a request to exchange is good for; nil when for nothing. A code that comes twice ends everything that it gave.
func (s *signIn) granted(r *http.Request) *grant {
	if r.FormValue("client_id") != Audience {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch r.FormValue("grant_type") {
	case "authorization_code":
		g := s.codes[r.FormValue("code")]
		if g == nil {
			return nil
		}
		if g.used {
			g.revoked = true
			return nil
		}
		g.used = true
		sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
		if g.redirects != r.FormValue("redirect_uri") || g.challenge != base64url.EncodeToString(sum[:]) || s.now().Sub(g.begun) > codeLife {
			return nil
		}
		return g
	case "refresh_token":
		token := r.FormValue("refresh_token")
		g := s.refresh[token]
		delete(s.refresh, token)
		if g == nil || g.revoked {
			return nil
		}
		return g
	}
	return nil
}

// leave signs out, of which nothing is kept here, and leads back.
func (s *signIn) leave(w http.ResponseWriter, r *http.Request) {
	to := r.URL.Query().Get("post_logout_redirect_uri")
	if !local(to) {
		http.Error(w, "an address that is not the client's", http.StatusBadRequest)
		return
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}
