package main

import (
	"encoding/json"
	"slices"
	"testing"
)

func TestSignIn(t *testing.T) {
	const issuer, domain = "https://cognito-idp.eu-west-1.amazonaws.com/pool", "https://weir.auth.eu-west-1.amazoncognito.com"
	for name, c := range map[string]struct {
		env     map[string]string
		want    string
		origins []string
	}{
		"nothing":                    {nil, `{"sign_in":"token"}`, nil},
		"an issuer without a client": {map[string]string{oidcIssuer: issuer}, `{"sign_in":"token"}`, nil},
		"a client without an issuer": {map[string]string{oidcClient: "c"}, `{"sign_in":"token"}`, nil},
		"an issuer with discovery": {
			map[string]string{oidcIssuer: "https://example.com/realm", oidcClient: "c", oidcToken: "access_token", oidcScopes: "openid weir"},
			`{"client_id":"c","issuer":"https://example.com/realm","roles_claim":"roles","scopes":"openid weir","sign_in":"oidc","token":"access_token"}`,
			[]string{"https://example.com"},
		},
		"an issuer with discovery that exchanges elsewhere": {
			map[string]string{oidcIssuer: "https://example.com", oidcClient: "c", oidcExchange: "https://token.example.com/t"},
			`{"client_id":"c","exchange":"https://token.example.com/t","issuer":"https://example.com","roles_claim":"roles","scopes":"openid","sign_in":"oidc","token":"id_token"}`,
			[]string{"https://example.com", "https://token.example.com"},
		},
		"a user pool": {
			map[string]string{
				oidcIssuer: issuer, oidcClient: "c", oidcAuthorize: domain + "/oauth2/authorize", oidcExchange: domain + "/oauth2/token",
				oidcLogout: domain + "/logout?client_id=c&logout_uri={return}",
			},
			`{"authorize":"https://weir.auth.eu-west-1.amazoncognito.com/oauth2/authorize","client_id":"c","exchange":"https://weir.auth.eu-west-1.amazoncognito.com/oauth2/token",` +
				`"issuer":"https://cognito-idp.eu-west-1.amazonaws.com/pool","logout":"https://weir.auth.eu-west-1.amazoncognito.com/logout?client_id=c\u0026logout_uri={return}",` +
				`"roles_claim":"roles","scopes":"openid","sign_in":"oidc","token":"id_token"}`,
			[]string{domain},
		},
	} {
		config := signIn(func(name string) string { return c.env[name] }, "roles")
		text, err := json.Marshal(config)
		if err != nil || string(text) != c.want {
			t.Errorf("%s: %s, %v, want %s", name, text, err, c.want)
		}
		if got := origins(config); !slices.Equal(got, c.origins) {
			t.Errorf("%s: the console may ask %v, want %v", name, got, c.origins)
		}
	}
}
