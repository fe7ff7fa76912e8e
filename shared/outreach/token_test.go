package outreach

import (
	"bytes"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/fault"
)

var secret = bytes.Repeat([]byte{7}, 32)

func TestTokens(t *testing.T) {
	for _, s := range []Subscription{
		{"email", "", "u1"}, {"email", "news", "张三"}, {"sms", "", "anon:\x00x"}, {"email", "news", strings.Repeat("k", 1000)}, {"", "", ""},
	} {
		token := Sign(secret, s)
		if got, err := Open(secret, token); err != nil || got != s {
			t.Errorf("%+v came back as %+v, %v", s, got, err)
		}
		if strings.ContainsAny(token, "+/=&?# ") {
			t.Errorf("%s does not stand in an address", token)
		}
		if _, err := Open(append([]byte{8}, secret[1:]...), token); !fault.Is(err, fault.Forbidden) {
			t.Errorf("another base takes it: %v", err)
		}
		for i := range token {
			other := token[:i] + string(map[bool]byte{true: 'A', false: 'B'}[token[i] != 'A']) + token[i+1:]
			if _, err := Open(secret, other); !fault.Is(err, fault.Forbidden) {
				t.Fatalf("%q with another character at %d is taken: %v", token, i, err)
			}
		}
	}
}

func FuzzToken(f *testing.F) {
	f.Add(Sign(secret, Subscription{"email", "", "u1"}))
	f.Add("")
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, token string) {
		s, err := Open(secret, token)
		if err == nil && Sign(secret, s) != token {
			t.Errorf("%q is taken for %+v", token, s)
		}
	})
}
