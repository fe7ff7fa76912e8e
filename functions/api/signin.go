package main

import (
	"net/url"
	"slices"

	"github.com/weir-engine/weir/shared/httpapi/gen"
)

// signIn is how people sign in, from the environment; claim lists the roles of a token.
func signIn(env func(string) string, claim string) gen.Config {
	if env(oidcIssuer) == "" || env(oidcClient) == "" {
		return gen.Config{SignIn: gen.SignInToken}
	}
	text := func(name, otherwise string) *string {
		if v := env(name); v != "" {
			return &v
		}
		if otherwise == "" {
			return nil
		}
		return &otherwise
	}
	token := gen.ConfigToken(*text(oidcToken, string(gen.IDToken)))
	return gen.Config{
		SignIn: gen.SignInOidc, Issuer: text(oidcIssuer, ""), ClientId: text(oidcClient, ""), Scopes: text(oidcScopes, "openid"), Token: &token,
		RolesClaim: &claim, Authorize: text(oidcAuthorize, ""), Exchange: text(oidcExchange, ""), Logout: text(oidcLogout, ""),
	}
}

// origins are those that the console asks to sign people in: where codes are exchanged, or the issuer's own, whose discovery document says
// where. Pages that people are led to are not asked.
func origins(c gen.Config) []string {
	var all []string
	for _, address := range []*string{c.Exchange, c.Issuer} {
		if address == nil || c.SignIn != gen.SignInOidc {
			continue
		}
		if u, err := url.Parse(*address); err == nil && u.Host != "" {
			all = append(all, u.Scheme+"://"+u.Host)
		}
		if c.Authorize != nil && c.Exchange != nil {
			break // no discovery is asked for
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
