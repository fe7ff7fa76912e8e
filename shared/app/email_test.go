package app_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/app"
)

// mailRules welcomes newcomers by e-mail, about a topic.
const mailRules = `weir: 1
templates:
  hello:
    subject: "Hello {{ traits.first_name }}"
    body: "Welcome, {{ traits.first_name }}."
    html: "<p>Welcome, {{ traits.first_name | escape }}, {{ traits.note }}.</p>"
    locales:
      zh-CN: {subject: "你好，{{ traits.first_name }}", html: "<p>欢迎，<b>{{- traits.first_name -}}</b>。</p>"}
outreach:
  rules:
    - {name: welcome, on: {enter_stage: first_purchase}, template: hello, channel: email, topic: news}
`

// mailbox is a channel that answers what a test says.
type mailbox struct {
	answer func(m app.Message) error
	sent   []app.Message
}

func (c *mailbox) Send(_ context.Context, m app.Message) error {
	if c.answer != nil {
		if err := c.answer(m); err != nil {
			return err
		}
	}
	c.sent = append(c.sent, m)
	return nil
}

func (c *mailbox) Idempotent() bool { return false }

// mailBase is a base whose e-mail goes to a mailbox.
func mailBase(t *testing.T) (*base, *mailbox) {
	t.Helper()
	b, box := newBase(t, "2026-03-01T00:00:00Z"), &mailbox{}
	ports := b.store.Ports(func() int64 { return b.now })
	ports.Channels = map[string]app.Channel{"email": box}
	var err error
	if b.app, err = app.New(ctx, ports, app.Options{}); err != nil {
		t.Fatal(err)
	}
	b.publish(mailRules)
	b.at("2026-03-02T12:00:00Z")
	return b, box
}

// person is a newcomer with traits, JSON fields.
func person(id, traits string) string {
	line, err := json.Marshal(map[string]any{
		"type": "identify", "messageId": "i-" + id, "userId": id, "timestamp": "2026-03-02T09:00:00Z", "traits": json.RawMessage("{" + traits + "}"),
	})
	if err != nil {
		panic(err)
	}
	return string(line) + "\n" + bought("o-"+id, id, "2026-03-02T10:00:00Z", 5)
}

// whys are the reasons of the messages by user.
func (b *base) whys() map[string]string {
	b.t.Helper()
	page, _, err := b.app.Outbox(ctx, app.IntentQuery{Limit: 100})
	if err != nil {
		b.t.Fatal(err)
	}
	out := map[string]string{}
	for _, in := range page {
		out[in.Key] = string(in.Status) + " " + in.Why
	}
	return out
}

func (b *base) wantWhys(want map[string]string) {
	b.t.Helper()
	got := b.whys()
	for id, prefix := range want {
		if !strings.HasPrefix(got[id], prefix) {
			b.t.Errorf("%s: %q, want %q", id, got[id], prefix)
		}
	}
	if len(got) != len(want) {
		b.t.Errorf("%d messages, want %d: %v", len(got), len(want), got)
	}
}

func TestEmailNeedsConsentAndAnAddress(t *testing.T) {
	b, box := mailBase(t)
	const address = `"email":"x@example.com",`
	b.load(person("none", address+`"first_name":"A"`) + person("given", address+`"consent_email":true,"first_name":"李","locale":"zh_cn"`) +
		person("topic", address+`"consent_email":true,"consent_email_news":false`) + person("gone", address+`"consent_email":true,"unsubscribed":true`) +
		person("homeless", `"consent_email":true`) +
		person("en", address+`"consent_email":true,"first_name":"<b>Ann</b>","note":"a & b","locale":"en-GB"`))
	b.deliver()
	b.wantWhys(map[string]string{
		"none": "suppressed consent: none", "given": "sent", "topic": "suppressed consent: it was withdrawn; the trait consent_email_news is false",
		"gone": "suppressed consent: the user has the trait unsubscribed", "homeless": "suppressed no_address", "en": "sent",
	})
	for _, m := range box.sent {
		switch m.User {
		case "given":
			if m.Locale != "zh-CN" || m.Subject != "你好，李" || !strings.HasPrefix(m.Body, "欢迎，李。") || !strings.Contains(m.HTML, "<b>李</b>") {
				t.Errorf("%+v", m)
			}
		case "en":
			if m.Locale != "" || m.Subject != "Hello <b>Ann</b>" || !strings.HasPrefix(m.Body, "Welcome, <b>Ann</b>.") || !strings.Contains(m.HTML, "<p>Welcome, &lt;b&gt;Ann&lt;/b&gt;, a &amp; b.</p>") {
				t.Errorf("%+v", m)
			}
		}
		if m.To != "x@example.com" {
			t.Errorf("%s is written to at %q", m.User, m.To)
		}
	}
}

func TestChannelAnswers(t *testing.T) {
	consents := `"email":"x@example.com","consent_email":true`
	b, box := mailBase(t)
	b.load(person("u", consents))
	answers := []error{&app.Refusal{Why: "too many", Later: true}, errors.New("the connection ended"), nil}
	box.answer = func(app.Message) error {
		answer := answers[0]
		answers = answers[1:]
		return answer
	}
	if got := b.deliver(); got != (app.DeliverReport{Waiting: 1}) {
		t.Fatalf("%+v", got)
	}
	b.wantWhys(map[string]string{"u": "pending channel: too many"})
	if o, err := b.app.Outreach(ctx); err != nil || o.Sent != 0 {
		t.Errorf("what was not taken counts: %d, %v", o.Sent, err)
	}
	if got := b.deliver(); got != (app.DeliverReport{}) || len(answers) != 2 {
		t.Fatalf("it was tried at once: %+v", got)
	}
	b.at("2026-03-02T12:20:00Z")
	if got := b.deliver(); got != (app.DeliverReport{Unknown: 1}) {
		t.Fatalf("%+v", got)
	}
	b.wantWhys(map[string]string{"u": "unknown the provider's answer is not known"})
	b.at("2026-03-03T12:00:00Z")
	if got := b.deliver(); got != (app.DeliverReport{}) || len(box.sent) != 0 {
		t.Fatalf("it was repeated: %+v", got)
	}

	b, box = mailBase(t)
	b.load(person("u", consents))
	box.answer = func(app.Message) error { return &app.Refusal{Why: "a virus"} }
	if got := b.deliver(); got != (app.DeliverReport{Suppressed: 1}) {
		t.Fatalf("%+v", got)
	}
	b.wantWhys(map[string]string{"u": "suppressed channel: a virus"})
}

func TestClosedChannel(t *testing.T) {
	b, _ := mailBase(t)
	ports := b.store.Ports(func() int64 { return b.now })
	ports.Channels = map[string]app.Channel{"email": app.Closed{Why: "switched off"}}
	a, err := app.New(ctx, ports, app.Options{})
	if err != nil {
		t.Fatal(err)
	}
	b.load(welcomed("u"))
	if _, err := a.Deliver(ctx); err != nil {
		t.Fatal(err)
	}
	b.wantWhys(map[string]string{"u": "suppressed channel: switched off"})
	if o, err := a.Outreach(ctx); err != nil || o.Sent != 0 {
		t.Errorf("what was not tried counts: %d, %v", o.Sent, err)
	}
}

// Templates read no files, and what cannot be rendered suppresses its message.
func TestTemplatesReadNoFiles(t *testing.T) {
	b := newBase(t, "2026-03-01T00:00:00Z")
	for _, part := range []string{"subject: x, body", "body: x, subject", "body: x, html", "body: x, locales: {en: {html"} {
		text := "weir: 1\ntemplates:\n  t: {" + part + `: "{% include '/etc/passwd' %}"}` + strings.Repeat("}", strings.Count(part, "{"))
		if _, err := b.app.Publish(ctx, app.PublishRequest{Text: []byte(text)}); err == nil || !strings.Contains(err.Error(), "includes another template") {
			t.Errorf("%s: %v", text, err)
		}
	}
}
