package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/oauth2"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/httpapi/gen"
)

// login is what somebody signed in for at a Weir elsewhere. It stands in a file that nobody else may read.
type login struct {
	Bearer    string    `json:"bearer"`
	Expires   time.Time `json:"expires"`
	Refresh   string    `json:"refresh,omitempty"`
	ClientID  string    `json:"client_id"`
	Exchange  string    `json:"exchange"`
	TokenKind string    `json:"token"`
}

// signInWait is how long somebody may take to sign in.
const signInWait = 5 * time.Minute

func (c *cli) loginCommand() *cobra.Command {
	var port int
	cmd := &cobra.Command{
		Use: "login", Short: "Sign in to a Weir elsewhere, in a browser", Args: cobra.NoArgs,
		Long: `Signs in to the Weir of --url at its issuer, by an authorization code with PKCE: it prints an address to open in a browser of this
machine, and waits there for the answer. The token is kept in a file that nobody else may read, for commands with the same --url, and
is renewed when it expires. weir logout removes it.

The issuer must know http://localhost:8976/signin as an address to come back to; the user pool of the template does.`,
		Example: "  weir login --url https://weir.example.com\n  weir files list --url https://weir.example.com",
		RunE: func(cmd *cobra.Command, _ []string) error {
			at, err := c.elsewhereAddress()
			if err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), signInWait)
			defer cancel()
			got, err := c.signIn(ctx, port)
			if err != nil {
				return err
			}
			if err := keepLogin(at, got); err != nil {
				return err
			}
			return c.print(map[string]any{"address": at, "expires": got.Expires}, func(w io.Writer) {
				fmt.Fprintf(w, "signed in to %s until %s, and longer where the issuer renews it\n", at, when(got.Expires))
			})
		},
	}
	cmd.Flags().IntVar(&port, "port", 8976, "port of this machine that the issuer leads back to; 0 takes a free one")
	return cmd
}

func (c *cli) logoutCommand() *cobra.Command {
	return &cobra.Command{
		Use: "logout", Short: "Forget the token of a Weir elsewhere", Args: cobra.NoArgs, Example: "  weir logout --url https://weir.example.com",
		RunE: func(*cobra.Command, []string) error {
			at, err := c.elsewhereAddress()
			if err != nil {
				return err
			}
			if err := keepLogin(at, nil); err != nil {
				return err
			}
			return c.print(map[string]string{"address": at}, func(w io.Writer) { fmt.Fprintf(w, "signed out of %s\n", at) })
		},
	}
}

// signIn leads somebody to the issuer's page and returns what they come back with.
func (c *cli) signIn(ctx context.Context, port int) (*login, error) {
	var config gen.Config
	if err := c.askHost(ctx, http.MethodGet, "/v1/config", nil, &config); err != nil {
		return nil, err
	}
	if config.SignIn != gen.SignInOidc {
		return nil, fault.New(fault.Invalid, "nobody signs in to %s", c.url).WithHint("it asks for a token in WEIR_TOKEN, or for nothing")
	}
	endpoint, err := endpoints(ctx, config)
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		return nil, fault.New(fault.Unavailable, "cannot listen on the port %d", port).WithHint("end what uses it, or take another with --port").Because(err)
	}
	o := oauth2.Config{
		ClientID: str(config.ClientId), Endpoint: endpoint, Scopes: strings.Fields(str(config.Scopes)),
		RedirectURL: fmt.Sprintf("http://localhost:%d/signin", listener.Addr().(*net.TCPAddr).Port),
	}
	state, verifier := rand.Text(), oauth2.GenerateVerifier()
	code := make(chan string, 1)
	failed := make(chan error, 1)
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: comeBack(state, code, failed)}
	go func() { _ = server.Serve(listener) }() // ends with Close
	defer server.Close()
	c.note("Open this address in a browser of this machine:\n\n  %s\n", o.AuthCodeURL(state, oauth2.S256ChallengeOption(verifier)))
	select {
	case err := <-failed:
		return nil, err
	case <-ctx.Done():
		return nil, fault.New(fault.Unavailable, "nobody signed in").WithHint("call weir login again").Because(ctx.Err())
	case got := <-code:
		tokens, err := o.Exchange(ctx, got, oauth2.VerifierOption(verifier))
		if err != nil {
			return nil, fault.New(fault.Forbidden, "the issuer did not take the code").WithHint("call weir login again").Because(err)
		}
		return loginOf(config.ClientId, endpoint.TokenURL, config.Token, tokens)
	}
}

// comeBack answers where the issuer leads back to. What does not belong to this sign-in is refused, and it waits on.
func comeBack(state string, code chan<- string, failed chan<- error) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /signin", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		w.Header().Set("Content-Security-Policy", "default-src 'none'")
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		switch {
		case q.Get("state") != state:
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, "This does not belong to the sign-in that weir login waits for.\n")
		case q.Get("code") == "":
			_, _ = io.WriteString(w, "The sign-in was refused. You can close this page.\n")
			select {
			case failed <- fault.New(fault.Forbidden, "the sign-in was refused: %s", q.Get("error")):
			default: // it was said already
			}
		default:
			_, _ = io.WriteString(w, "You are signed in. Go back to the command line.\n")
			select {
			case code <- q.Get("code"):
			default: // one is enough
			}
		}
	})
	return mux
}

// endpoints are the issuer's: as configured, else as its discovery document says.
func endpoints(ctx context.Context, config gen.Config) (e oauth2.Endpoint, err error) {
	e = oauth2.Endpoint{AuthURL: str(config.Authorize), TokenURL: str(config.Exchange), AuthStyle: oauth2.AuthStyleInParams}
	if e.AuthURL != "" && e.TokenURL != "" {
		return e, nil
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(str(config.Issuer), "/")+"/.well-known/openid-configuration", nil)
	if err != nil {
		return e, fault.New(fault.Internal, "the issuer's address cannot be used").Because(err)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return e, fault.New(fault.Unavailable, "the issuer %s does not answer", str(config.Issuer)).Because(err)
	}
	defer res.Body.Close()
	var found struct {
		Issuer    string `json:"issuer"`
		Authorize string `json:"authorization_endpoint"`
		Exchange  string `json:"token_endpoint"`
	}
	if err := readAnswer(res, &found); err != nil {
		return e, err
	}
	if found.Issuer != str(config.Issuer) {
		return e, fault.New(fault.Forbidden, "the issuer %s says that it is %s", str(config.Issuer), found.Issuer)
	}
	e.AuthURL = found.Authorize
	if e.TokenURL == "" {
		e.TokenURL = found.Exchange
	}
	return e, nil
}

// loginOf keeps the token that the API takes.
func loginOf(client *string, exchange string, kind *gen.ConfigToken, tokens *oauth2.Token) (*login, error) {
	l := &login{Bearer: tokens.AccessToken, Expires: tokens.Expiry.UTC(), Refresh: tokens.RefreshToken, ClientID: str(client), Exchange: exchange, TokenKind: string(gen.AccessToken)}
	if kind == nil || *kind == gen.IDToken {
		l.TokenKind = string(gen.IDToken)
		l.Bearer, _ = tokens.Extra("id_token").(string)
	}
	if l.Bearer == "" {
		return nil, fault.New(fault.Unavailable, "the issuer sent no token that the API takes").WithHint("it must answer the scope openid with an ID token")
	}
	if at, ok := expiry(l.Bearer); ok {
		l.Expires = at
	}
	return l, nil
}

// expiry reads when a token ends. The API checks it; here it says when to ask for another.
func expiry(token string) (time.Time, bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return time.Time{}, false
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct{ Exp int64 }
	if err != nil || json.Unmarshal(text, &claims) != nil || claims.Exp == 0 {
		return time.Time{}, false
	}
	return time.Unix(claims.Exp, 0).UTC(), true
}

// signedIn returns the token of who signed in to an address, renewed when it ends within a minute; "" when nobody did.
func signedIn(ctx context.Context, address string) (string, error) {
	all, err := readLogins()
	l := all[address]
	if err != nil || l == nil {
		return "", err
	}
	if time.Until(l.Expires) > time.Minute || l.Refresh == "" {
		return l.Bearer, nil
	}
	o := oauth2.Config{ClientID: l.ClientID, Endpoint: oauth2.Endpoint{TokenURL: l.Exchange, AuthStyle: oauth2.AuthStyleInParams}}
	tokens, err := o.TokenSource(ctx, &oauth2.Token{RefreshToken: l.Refresh}).Token()
	if err != nil {
		return "", fault.New(fault.Forbidden, "the sign-in at %s has ended", address).WithHint("call: weir login --url %s", address).Because(err)
	}
	kind := gen.ConfigToken(l.TokenKind)
	fresh, err := loginOf(&l.ClientID, l.Exchange, &kind, tokens)
	if err != nil {
		return "", err
	}
	return fresh.Bearer, keepLogin(address, fresh)
}

// loginsFile is where sign-ins are kept.
func loginsFile() (string, error) {
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fault.New(fault.Unavailable, "there is no folder for settings").WithHint("set HOME, or bring a token in WEIR_TOKEN").Because(err)
	}
	return filepath.Join(dir, "weir", "logins.json"), nil
}

func readLogins() (map[string]*login, error) {
	name, err := loginsFile()
	if err != nil {
		return nil, nil //nolint:nilerr // without the folder nobody signed in
	}
	text, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	all := map[string]*login{}
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil {
		return nil, fault.New(fault.Unavailable, "%s cannot be read", name).WithHint("remove it and call weir login").Because(err)
	}
	return all, nil
}

// keepLogin replaces the sign-in at an address, or removes it when l is nil.
func keepLogin(address string, l *login) error {
	name, err := loginsFile()
	if err != nil {
		return err
	}
	all, err := readLogins()
	if err != nil {
		return err
	}
	if all == nil {
		all = map[string]*login{}
	}
	all[address] = l
	if l == nil {
		delete(all, address)
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return fault.New(fault.Internal, "the sign-in cannot be written").Because(err)
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return cannotWrite(name, err)
	}
	f, err := os.CreateTemp(filepath.Dir(name), ".logins-*") // 0600
	if err != nil {
		return cannotWrite(name, err)
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return cannotWrite(name, err)
	}
	return nil
}
