package outreach

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"github.com/weir-engine/weir/shared/fault"
)

// Subscription is what a link to unsubscribe names: nothing but the user's key, which is no address, the channel and the topic.
type Subscription struct {
	Channel string
	Topic   string // "" for whatever it is about
	Key     string // the user
}

const (
	tokenVersion = "1"
	tokenMAC     = 16   // bytes: 128 bits of HMAC-SHA-256
	maxToken     = 2000 // characters
)

// Sign returns the token of a subscription under a base's secret. It does not expire: a link in an old message has to work.
func Sign(secret []byte, s Subscription) string {
	body := strings.Join([]string{tokenVersion, s.Channel, s.Topic, s.Key}, "\x00")
	return base64.RawURLEncoding.EncodeToString(append(tokenSum(secret, body), body...))
}

// Open reads a token. Forbidden when it was not signed under the secret: whether there is such a user is not looked at.
func Open(secret []byte, token string) (Subscription, error) {
	refused := fault.New(fault.Forbidden, "this link is not valid").WithHint("copy it whole from the message")
	if len(token) > maxToken {
		return Subscription{}, refused
	}
	text, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(text) < tokenMAC {
		return Subscription{}, refused
	}
	body := string(text[tokenMAC:])
	if !hmac.Equal(text[:tokenMAC], tokenSum(secret, body)) {
		return Subscription{}, refused
	}
	parts := strings.SplitN(body, "\x00", 4)
	if len(parts) != 4 || parts[0] != tokenVersion {
		return Subscription{}, refused
	}
	return Subscription{Channel: parts[1], Topic: parts[2], Key: parts[3]}, nil
}

// tokenSum is keyed by a key of its own, so that nothing else that is made with the secret can stand for it.
func tokenSum(secret []byte, body string) []byte {
	own := hmac.New(sha256.New, secret)
	own.Write([]byte("weir unsubscribe"))
	mac := hmac.New(sha256.New, own.Sum(nil))
	mac.Write([]byte(body))
	return mac.Sum(nil)[:tokenMAC]
}
