package outreach

import (
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/profile"
)

func facts(t *testing.T, traits map[string]string) *profile.Facts {
	t.Helper()
	f := &profile.Facts{}
	for name, text := range traits {
		v, ok := event.ParseValue(text)
		if !ok {
			t.Fatal(text)
		}
		f.Traits = append(f.Traits, profile.Trait{Name: name, Value: v, Time: 7})
	}
	return f
}

func TestConsent(t *testing.T) {
	const none, withdrawn, unsubscribed = "consent: none", "consent: it was withdrawn", "consent: the user has the trait unsubscribed"
	for _, c := range []struct {
		name        string
		traits      map[string]string
		topic       string
		required    string // why it is stopped where consent is required, "" when it is not
		notRequired string
	}{
		{"nothing said", nil, "", none, ""},
		{"given", map[string]string{"consent_email": "true"}, "", "", ""},
		{"withdrawn", map[string]string{"consent_email": "false"}, "", withdrawn, withdrawn},
		{"removed", map[string]string{"consent_email": "null"}, "", none, ""},
		{"no truth value", map[string]string{"consent_email": `"true"`}, "", none, ""},
		{"another channel's", map[string]string{"consent_sms": "true"}, "", none, ""},
		{"unsubscribed from everything", map[string]string{"consent_email": "true", "unsubscribed": "true"}, "", unsubscribed, unsubscribed},
		{"not unsubscribed", map[string]string{"unsubscribed": "false"}, "", none, ""},
		{"of the channel, for a topic", map[string]string{"consent_email": "true"}, "news", "", ""},
		{"the topic refused", map[string]string{"consent_email": "true", "consent_email_news": "false"}, "news", withdrawn, withdrawn},
		{"another topic refused", map[string]string{"consent_email": "true", "consent_email_sales": "false"}, "news", "", ""},
		{"the topic alone given", map[string]string{"consent_email": "false", "consent_email_news": "true"}, "news", "", ""},
		{"a topic is not the channel", map[string]string{"consent_email_news": "true"}, "", none, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			said := ConsentOf(facts(t, c.traits), "email", c.topic)
			for required, want := range map[bool]string{true: c.required, false: c.notRequired} {
				got := said.Why("email", required)
				if (got == "") != (want == "") || !strings.HasPrefix(got, want) {
					t.Errorf("required %v: %q, want %q", required, got, want)
				}
			}
			if (said.At != 0) != (said.Given || said.Refused) {
				t.Errorf("%+v", said)
			}
		})
	}
}

func TestLocale(t *testing.T) {
	all := map[string]int{"zh-CN": 1, "zh-Hant": 1, "en": 1, "pt-BR": 1}
	for wanted, want := range map[string]string{
		"zh-CN": "zh-CN", "zh_cn": "zh-CN", "EN-us": "en", "en-GB-oxendict": "en", "zh-Hant-TW": "zh-Hant", "zh": "zh-CN", "zh-TW": "zh-CN", "pt": "pt-BR",
		"pt-PT": "pt-BR", "fr": "", "": "", "-": "", "e": "", "english": "",
	} {
		if got := Locale(all, wanted); got != want {
			t.Errorf("%q gets %q, want %q", wanted, got, want)
		}
	}
	if got := Locale(all, " en-US "); got != "en" {
		t.Errorf("with spaces around it gets %q", got)
	}
}
