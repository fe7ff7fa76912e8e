package emulated

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/weir-engine/weir/shared/fault"
)

// Issuer and Audience are those of the tokens that an emulated HTTP API takes. A template that names this Issuer gets the address
// where the stack serves its own.
const (
	Issuer   = "https://issuer.emulated"
	Audience = "weir"
)

// issuer signs tokens and checks them as the JWT authorizer of an HTTP API does: the signature (RS256), the issuer, the audience and
// the times. Its key lives as long as the stack.
type issuer struct {
	key  *rsa.PrivateKey
	name string
}

func newIssuer() (*issuer, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, fault.New(fault.Internal, "make the key of tokens").Because(err)
	}
	return &issuer{key: key, name: Issuer}, nil
}

// Token returns a token of a person with roles, as a user pool issues it, for an hour. Claims replace those that it has by itself.
func (s *Stack) Token(person string, roles []string, claims map[string]any) (string, error) {
	now := time.Now().Unix()
	all := map[string]any{"iss": s.issuer.name, "aud": Audience, "sub": person, "cognito:groups": roles, "iat": now, "exp": now + 3600}
	for name, v := range claims {
		all[name] = v
	}
	return s.issuer.sign(all)
}

var base64url = base64.RawURLEncoding

func (i *issuer) sign(claims map[string]any) (string, error) {
	body, err := json.Marshal(claims)
	if err != nil {
		return "", fault.New(fault.Invalid, "the claims cannot be written").Because(err)
	}
	text := base64url.EncodeToString([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." + base64url.EncodeToString(body)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, i.key, crypto.SHA256, sum[:])
	if err != nil {
		return "", fault.New(fault.Internal, "sign a token").Because(err)
	}
	return text + "." + base64url.EncodeToString(signature), nil
}

// check returns the claims of a token as a function gets them, each as text; lists stand in brackets.
func (i *issuer) check(token string, now time.Time) (map[string]string, error) {
	refused := fault.New(fault.Forbidden, "the token is not valid")
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, refused
	}
	var head struct{ Alg string }
	var claims map[string]any
	signature, err := base64url.DecodeString(parts[2])
	if err != nil || !decodePart(parts[0], &head) || !decodePart(parts[1], &claims) || head.Alg != "RS256" {
		return nil, refused
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if rsa.VerifyPKCS1v15(&i.key.PublicKey, crypto.SHA256, sum[:], signature) != nil {
		return nil, refused
	}
	audience, _ := claims["aud"].([]any)
	if claims["iss"] != i.name || claims["aud"] != Audience && !slices.Contains(audience, any(Audience)) {
		return nil, refused
	}
	expires, _ := claims["exp"].(float64)
	if notBefore, ok := claims["nbf"].(float64); float64(now.Unix()) >= expires || ok && float64(now.Unix()) < notBefore {
		return nil, refused
	}
	out := map[string]string{}
	for name, v := range claims {
		switch v := v.(type) {
		case float64:
			out[name] = fmt.Sprintf("%.0f", v)
		default:
			out[name] = fmt.Sprint(v) // a list is [a b]
		}
	}
	return out, nil
}

func decodePart(part string, into any) bool {
	text, err := base64url.DecodeString(part)
	return err == nil && json.Unmarshal(text, into) == nil
}
