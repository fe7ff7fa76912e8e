package app_test

import (
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// tokenOf is the token of a message's link.
func tokenOf(t *testing.T, m app.Message) string {
	t.Helper()
	_, token, ok := strings.Cut(m.Unsubscribe, "/v1/unsubscribe?t=")
	if !ok || !strings.Contains(m.Body, m.Unsubscribe) || !strings.Contains(m.HTML, m.Unsubscribe) {
		t.Fatalf("the message has no way out: %+v", m)
	}
	return token
}

// welcomed is a newcomer who consents to e-mail.
func welcomed(id string) string { return person(id, `"email":"x@example.com","consent_email":true`) }

func TestUnsubscribe(t *testing.T) {
	b, box := mailBase(t)
	b.load(welcomed("a") + welcomed("b"))
	if got := b.deliver(); got.Sent != 2 {
		t.Fatalf("%+v", got)
	}
	page, _, err := b.app.Outbox(ctx, app.IntentQuery{Key: "a", Limit: 1})
	if err != nil || !strings.Contains(page[0].Body, "{{ unsubscribe_url }}") || strings.Contains(page[0].Body, "?t=") {
		t.Errorf("the record of the message holds the link: %q, %v", page[0].Body, err)
	}
	tokens := map[string]string{}
	for _, m := range box.sent {
		tokens[m.User] = tokenOf(t, m)
	}
	if s, err := b.app.Subscription(ctx, tokens["a"]); err != nil || s.Key != "a" || s.Channel != "email" || s.Topic != "news" {
		t.Fatalf("%+v, %v", s, err)
	}
	if list, err := b.app.SuppressionList(ctx, app.Suppression{}, 10); err != nil || len(list) != 0 {
		t.Fatalf("looking at a link put %v on the list, %v", list, err)
	}
	if _, err := b.app.Unsubscribe(ctx, tokens["a"]+"x", false); !fault.Is(err, fault.Forbidden) {
		t.Errorf("a broken link gave %v", err)
	}
	for range 2 { // it is safe to repeat
		if _, err := b.app.Unsubscribe(ctx, tokens["a"], false); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.app.Unsubscribe(ctx, tokens["b"], true); err != nil {
		t.Fatal(err)
	}

	// It becomes a fact, once.
	files, err := b.app.IngestPending(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	accepted := int64(0)
	for _, f := range files {
		accepted += f.Counts.Accepted
	}
	if accepted != 2 {
		t.Errorf("%d events, want one for each user", accepted)
	}
	for id, trait := range map[string]string{"a": "consent_email_news", "b": "consent_email"} {
		v, err := b.app.User(ctx, id, b.now)
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, tr := range v.Facts.Traits {
			if yes, ok := tr.Value.Bool(); tr.Name == trait && ok && !yes {
				found = true
			}
		}
		if !found {
			t.Errorf("%s has no withdrawn %s: %+v", id, trait, v.Facts.Traits)
		}
	}
}

// What is pending when somebody unsubscribes does not go out, before the event is folded too; consent given later lifts it.
func TestUnsubscribeHoldsAtOnce(t *testing.T) {
	b, box := mailBase(t)
	b.load(welcomed("a"))
	b.deliver()
	token := tokenOf(t, box.sent[0])
	b.load(welcomed("a2"))
	other := strings.Replace(welcomed("c"), "2026-03-02T09:00:00Z", "2026-03-02T12:30:00Z", 1)
	for _, one := range [][2]string{{"a2", "suppressed suppressed: unsubscribed, since 2026-03-02"}, {"c", "sent"}} {
		id, want := one[0], one[1]
		s, err := b.app.Suppress(ctx, app.SuppressionRequest{User: id, Reason: app.Unsubscribed, Source: "cli"})
		if err != nil || s.Who != app.SuppressedUser(id) {
			t.Fatal(s, err)
		}
		if id == "c" { // consent at 12:30, after the entry at 12:00
			b.at("2026-03-02T13:00:00Z")
			b.load(other)
		}
		b.deliver()
		if got := b.whys()[id]; !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
	if _, err := b.app.Unsubscribe(ctx, token, true); err != nil {
		t.Fatal(err)
	}
}

func TestSuppressionList(t *testing.T) {
	b, _ := mailBase(t)
	s, err := b.app.Suppress(ctx, app.SuppressionRequest{Address: " x@EXAMPLE.com", Reason: app.Bounced, Source: "api", Note: "550"})
	if err != nil || strings.Contains(s.Who, "@") || !strings.HasPrefix(s.Who, "ref:") {
		t.Fatalf("%+v, %v", s, err)
	}
	b.load(welcomed("a") + person("homeless", `"consent_email":true`))
	b.deliver()
	b.wantWhys(map[string]string{"a": "suppressed suppressed: bounced, since 2026-03-02", "homeless": "suppressed no_address"})
	if o, err := b.app.Outreach(ctx); err != nil || o.Sent != 0 {
		t.Errorf("what the list stops counts: %d, %v", o.Sent, err)
	}
	list, err := b.app.SuppressionList(ctx, app.Suppression{}, 10)
	if err != nil || len(list) != 1 || list[0] != s {
		t.Fatalf("%+v, %v", list, err)
	}
	if err := b.app.Unsuppress(ctx, app.SuppressionRequest{Who: s.Who}); err != nil {
		t.Fatal(err)
	}
	if err := b.app.Unsuppress(ctx, app.SuppressionRequest{Address: "x@example.com"}); !fault.Is(err, fault.NotFound) {
		t.Errorf("removing it again gave %v", err)
	}
	b.load(welcomed("b"))
	b.deliver()
	if got := b.whys()["b"]; got != "sent " {
		t.Errorf("after it was removed: %q", got)
	}
	for name, r := range map[string]app.SuppressionRequest{
		"nobody": {}, "two": {User: "u", Address: "a@b.example"}, "no address": {Address: "ab"}, "no reason": {User: "u", Reason: "tired"}, "no channel": {User: "u", Channel: "pigeon"},
	} {
		if _, err := b.app.Suppress(ctx, r); !fault.Is(err, fault.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := b.app.Suppress(ctx, app.SuppressionRequest{User: "u", Note: strings.Repeat("x", 2000)}); !fault.Is(err, fault.TooLarge) {
		t.Errorf("a long note: %v", err)
	}
}
