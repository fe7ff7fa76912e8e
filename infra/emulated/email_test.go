package emulated

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/weir-engine/weir/shared/app"
)

const mailStrategy = `weir: 1
templates:
  hello:
    subject: "Welcome, {{ traits.first_name }}"
    html: "<p>Welcome, <b>{{ traits.first_name }}</b>.</p>"
    locales:
      zh-CN: {subject: "欢迎，{{ traits.first_name }}", body: "欢迎，{{ traits.first_name }}。"}
outreach:
  daily_ceiling: 4
  rules:
    - {name: welcome, on: {enter_stage: first_purchase}, template: hello, channel: email, topic: news}
`

// mailed is what the stand-in of SES was asked to send.
type mailed struct {
	From, Subject string
	Destination   struct{ To []string }
	Body          struct{ HTML, Text string }
	Headers       []struct{ Name, Value string }
}

func (c *cloud) mails(t *testing.T) map[string]mailed {
	t.Helper()
	response, err := http.Get(c.Mail + "/store")
	must(t, err)
	defer response.Body.Close()
	var store struct{ Emails []mailed }
	must(t, json.NewDecoder(response.Body).Decode(&store))
	all := map[string]mailed{}
	for _, m := range store.Emails {
		to := strings.Join(m.Destination.To, " ")
		if _, twice := all[to]; twice {
			t.Errorf("%s was written to twice", to)
		}
		all[to] = m
	}
	return all
}

// mailCloud is a stack whose deliver function sends by SES.
func mailCloud(t *testing.T, mode string, taps *Taps) *cloud {
	t.Helper()
	c := openCloud(t, Options{RetryAfter: &atOnce, Fast: true, Taps: taps, Parameters: map[string]string{
		"Email": mode, "EmailFrom": "Shop <hello@shop.example>", "EmailIdentity": "shop.example",
	}})
	must(t, c.app.PinClock(context.Background(), time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC).UnixMilli()))
	_, err := c.app.Publish(context.Background(), app.PublishRequest{Text: []byte(mailStrategy)})
	must(t, err)
	must(t, c.app.PinClock(context.Background(), time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC).UnixMilli()))
	return c
}

// arrive puts a file with newcomers into the bucket and waits until it is in.
func (c *cloud) arrive(t *testing.T, name string, people map[string]string) {
	t.Helper()
	var lines bytes.Buffer
	for id, traits := range people {
		if id != "homeless" {
			traits += `,"email":"` + id + `@customer.example"`
		}
		fmt.Fprintf(&lines, `{"type":"identify","messageId":"i-%[1]s","userId":"%[1]s","timestamp":"2026-03-02T09:00:00Z","traits":{%[2]s}}`+"\n", id, traits)
		fmt.Fprintf(&lines, `{"type":"track","event":"Order Completed","messageId":"o-%[1]s","userId":"%[1]s","timestamp":"2026-03-02T10:00:00Z","properties":{"revenue":5,"order_id":"%[1]s"}}`+"\n", id)
	}
	c.put(t, "events/main/"+name, lines.Bytes())
	c.until(t, name+" is in", func() bool {
		f, err := c.file(name)
		return err == nil && f.Status == app.FileDone
	})
}

// fate is what became of a user's message.
func (c *cloud) fate(t *testing.T, id string) string {
	t.Helper()
	all, err := c.ports.Intents.List(context.Background(), app.IntentQuery{Key: id, Limit: 9})
	must(t, err)
	if len(all) != 1 {
		return fmt.Sprint(len(all), " messages")
	}
	return string(all[0].Status) + " " + all[0].Why
}

func (c *cloud) fates(t *testing.T, want map[string]string) {
	t.Helper()
	for id, prefix := range want {
		if got := c.fate(t, id); !strings.HasPrefix(got, prefix) {
			t.Errorf("%s: %q, want %q", id, got, prefix)
		}
	}
}

// The built deliver function sends what may go out, with both parts and the headers of RFC 8058; its link works without a token, at once
// and as an event.
func TestEmailOnAWS(t *testing.T) {
	ctx := context.Background()
	c := mailCloud(t, "ses", nil)
	const yes = `"consent_email":true,`
	_, err := c.app.Suppress(ctx, app.SuppressionRequest{Address: "listed@Customer.example", Reason: app.Complained, Source: "cli"})
	must(t, err)
	c.arrive(t, "first.ndjson", map[string]string{
		"none": `"first_name":"N"`, "li": yes + `"first_name":"李","locale":"zh_CN"`, "ann": yes + `"first_name":"<Ann>"`, "listed": yes + `"x":1`, "homeless": yes + `"x":1`,
	})
	c.settle(t)
	c.fates(t, map[string]string{
		"none": "suppressed consent: none", "li": "sent", "ann": "sent", "listed": "suppressed suppressed: complained", "homeless": "suppressed no_address",
	})
	mails := c.mails(t)
	if len(mails) != 2 {
		t.Fatalf("%d e-mails: %+v", len(mails), mails)
	}
	li, ann := mails["li@customer.example"], mails["ann@customer.example"]
	if li.Subject != "欢迎，李" || !strings.Contains(li.Body.Text, "欢迎，李。") || !strings.Contains(li.Body.HTML, "欢迎，李。") || !strings.Contains(li.Body.Text, "退订") {
		t.Errorf("%+v", li)
	}
	if ann.From != "Shop <hello@shop.example>" || !strings.Contains(ann.Body.HTML, "&lt;Ann&gt;") || !strings.Contains(ann.Body.Text, "Welcome, <Ann>.") {
		t.Errorf("%+v", ann)
	}
	link := strings.Trim(ann.Headers[0].Value, "<>")
	if len(ann.Headers) != 2 || ann.Headers[0].Name != "List-Unsubscribe" || !strings.HasPrefix(link, "https://") || ann.Headers[1].Name != "List-Unsubscribe-Post" || ann.Headers[1].Value != "List-Unsubscribe=One-Click" {
		t.Errorf("the headers are %+v", ann.Headers)
	}
	if !strings.Contains(ann.Body.Text, link) || !strings.Contains(ann.Body.HTML, link) {
		t.Error("a part says not how to unsubscribe")
	}

	// The link, through the gateway and the built API function.
	_, path, _ := strings.Cut(link, "/v1/") // the emulation has no name of its own
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPost} {
		request, err := http.NewRequest(method, c.API+"/v1/"+path, strings.NewReader("List-Unsubscribe=One-Click"))
		must(t, err)
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.Header.Set("Accept-Language", "zh-CN")
		response, err := http.DefaultClient.Do(request)
		must(t, err)
		text, err := io.ReadAll(response.Body)
		must(t, err)
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK || !strings.Contains(string(text), "退订") || response.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %s %s", method, response.Status, text)
		}
		list, err := c.ports.Suppressions.Find(ctx, "email", []string{app.SuppressedUser("ann")})
		must(t, err)
		if want := map[bool]int{true: 0, false: 1}[method == http.MethodGet]; len(list) != want {
			t.Errorf("after a %s the list has %+v", method, list)
		}
	}
	_, err = c.Functions["CollectFunction"].Invoke(ctx, []byte(`{}`))
	must(t, err)
	c.until(t, "consent is withdrawn by an event", func() bool {
		v, err := c.app.User(ctx, "ann", 0)
		if err != nil {
			return false
		}
		for _, tr := range v.Facts.Traits {
			if yes, ok := tr.Value.Bool(); tr.Name == "consent_email_news" && ok && !yes {
				return true
			}
		}
		return false
	})

	// The kill switch holds, and a delivery finds what waits.
	must(t, c.app.StopOutreach(ctx, "test"))
	c.arrive(t, "second.ndjson", map[string]string{"held": yes + `"first_name":"H"`})
	dctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	must(t, c.Drained(dctx))
	c.fates(t, map[string]string{"held": "pending"})
	must(t, c.app.ResumeOutreach(ctx))
	_, err = c.Functions["DeliverFunction"].Invoke(ctx, []byte(`{}`))
	must(t, err)
	c.fates(t, map[string]string{"held": "sent"})

	// The ceiling is 4, and 3 are sent.
	c.arrive(t, "third.ndjson", map[string]string{"p": yes + `"x":1`, "q": yes + `"x":1`})
	must(t, c.Drained(dctx))
	if got := len(c.mails(t)); got != 4 {
		t.Errorf("%d e-mails over a ceiling of 4", got)
	}
	all, err := c.ports.Intents.List(ctx, app.IntentQuery{Limit: 100})
	must(t, err)
	if text := fmt.Sprintf("%+v", all); strings.Contains(text, "@") || strings.Contains(text, "unsubscribe?t=") {
		t.Errorf("the intents name an address or hold a link: %s", text)
	}
}

// A process that dies while SES takes a message leaves it unknown, and nobody sends it again. What SES throttles waits and is sent once.
func TestEmailCrashes(t *testing.T) {
	ctx := context.Background()
	var stack *Stack
	var calls, dies atomic.Int64
	c := mailCloud(t, "ses", &Taps{
		Before: func(call Call) *Answer {
			if call.Service != "sesv2" || calls.Add(1) > 4 { // as often as one message is tried
				return nil
			}
			return &Answer{Status: http.StatusTooManyRequests, Body: `{"__type":"TooManyRequestsException","message":"slow down"}`}
		},
		After: func(call Call) {
			if call.Service == "sesv2" && dies.CompareAndSwap(1, 2) {
				stack.Functions[call.Function].Kill()
			}
		},
	})
	stack = c.Stack
	c.arrive(t, "u.ndjson", map[string]string{"u": `"consent_email":true`})
	c.until(t, "the message waits", func() bool { return strings.HasPrefix(c.fate(t, "u"), "pending channel: SES takes no more messages") })
	deliver := func() {
		t.Helper()
		_, err := c.Functions["DeliverFunction"].Invoke(ctx, []byte(`{}`))
		if err != nil && dies.Load() != 2 {
			t.Fatal(err)
		}
	}
	deliver()
	if n := len(c.mails(t)); n != 0 {
		t.Fatalf("it was tried at once: %d", n)
	}
	dies.Store(1)
	must(t, c.app.PinClock(ctx, time.Date(2026, 3, 2, 12, 20, 0, 0, time.UTC).UnixMilli()))
	deliver() // SES has the message, and the process is gone
	c.fates(t, map[string]string{"u": "claimed"})
	dies.Store(3)
	deliver()
	c.fates(t, map[string]string{"u": "claimed"}) // another process may still be at it
	must(t, c.app.PinClock(ctx, time.Date(2026, 3, 2, 13, 0, 0, 0, time.UTC).UnixMilli()))
	for range 2 {
		deliver()
		c.fates(t, map[string]string{"u": "unknown"})
	}
	if n := len(c.mails(t)); n != 1 {
		t.Errorf("%d e-mails", n)
	}
}

// The sandbox writes what would be sent into the bucket, without the address.
func TestEmailSandbox(t *testing.T) {
	c := mailCloud(t, "sandbox", nil)
	c.arrive(t, "u.ndjson", map[string]string{"u": `"consent_email":true,"first_name":"U"`, "homeless": `"consent_email":true`})
	c.settle(t)
	c.fates(t, map[string]string{"u": "sent", "homeless": "suppressed no_address"})
	sent := c.sent(t)
	if len(sent) != 1 || sent[0].User != "u" || sent[0].To != "" || !strings.Contains(sent[0].HTML, "<b>U</b>") || sent[0].Unsubscribe == "" {
		t.Errorf("%+v", sent)
	}
}
