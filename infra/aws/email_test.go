package aws_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/weir-engine/weir/infra/aws"
	"github.com/weir-engine/weir/infra/emulated"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

const mailFrom = "Weir <hello@shop.example>"

var letter = app.Message{
	ID: "0123456789abcdef0123456789abcdef", User: "u1", Rule: "win back/月", Channel: "email", To: "li@customer.example", Subject: "好久不见",
	Body: "新茶上市了。\n", HTML: "<p>新茶上市了。</p>", Unsubscribe: "https://weir.example/v1/unsubscribe?t=abc",
}

// email returns the channel of a mode, with SES at an address.
func email(t *testing.T, url, mode string, change ...func(*aws.MailSettings)) (app.Channel, error) {
	t.Helper()
	for name, value := range map[string]string{
		"WEIR_TABLE": emulated.Name, "WEIR_BUCKET": emulated.Name, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": emulated.AccessKey,
		"AWS_SECRET_ACCESS_KEY": emulated.SecretKey, "AWS_ENDPOINT_URL_SESV2": url,
	} {
		t.Setenv(name, value)
	}
	m := aws.MailSettings{Mode: mode, From: mailFrom, Set: "weir", Public: "https://weir.example"}
	for _, c := range change {
		c(&m)
	}
	all, err := aws.Channels(m)
	return all["email"], err
}

func TestEmailModes(t *testing.T) {
	c, err := email(t, "", "off")
	var refused *app.Refusal
	if err != nil || !errors.As(c.Send(context.Background(), letter), &refused) || refused.Later || !strings.Contains(refused.Why, "WEIR_EMAIL=off") {
		t.Errorf("off gave %T, %v, %v", c, err, refused)
	}
	for _, mode := range []string{"", "sandbox"} {
		if c, err := email(t, "", mode); err != nil || !c.Idempotent() {
			t.Errorf("%q gave %T, %v; want the outbox", mode, c, err)
		}
	}
	if _, err := email(t, "", "smtp"); !fault.Is(err, fault.Invalid) {
		t.Errorf("an unknown mode gave %v", err)
	}
	for _, from := range []string{"", "nobody", "a@b\r\nBcc: c@d"} {
		if _, err := email(t, "", "ses", func(m *aws.MailSettings) { m.From = from }); !fault.Is(err, fault.Invalid) {
			t.Errorf("the sender %q gave %v", from, err)
		}
	}
	if _, err := email(t, "", "ses", func(m *aws.MailSettings) { m.Public = "http://weir.example" }); !fault.Is(err, fault.Invalid) {
		t.Errorf("links in the clear gave %v", err)
	}
}

// What SES is asked for, as its stand-in keeps it.
func TestEmailBySES(t *testing.T) {
	s, err := emulated.SES(context.Background())
	if fault.Is(err, fault.NotFound) {
		t.Skip(err, fault.HintOf(err))
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	c, err := email(t, s.URL, "ses")
	if err != nil || c.Idempotent() {
		t.Fatal(c, err)
	}
	if err := c.Send(context.Background(), letter); err != nil {
		t.Fatal(err)
	}
	response, err := http.Get(s.URL + "/store")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var store struct {
		Emails []struct {
			From        string
			Subject     string
			Destination struct{ To, Cc, Bcc []string }
			Body        struct{ HTML, Text string }
			Headers     []struct{ Name, Value string }
		}
	}
	if err := json.NewDecoder(response.Body).Decode(&store); err != nil || len(store.Emails) != 1 {
		t.Fatalf("%d e-mails, %v", len(store.Emails), err)
	}
	got := store.Emails[0]
	want := "[{List-Unsubscribe <" + letter.Unsubscribe + ">} {List-Unsubscribe-Post List-Unsubscribe=One-Click}]"
	if got.From != mailFrom || fmt.Sprint(got.Destination) != "{["+letter.To+"] [] []}" || got.Subject != letter.Subject ||
		got.Body.Text != letter.Body || got.Body.HTML != letter.HTML || fmt.Sprint(got.Headers) != want {
		t.Errorf("SES was asked for %+v", got)
	}
}

// What SES answers decides whether a message was refused for good, may be tried again, or is in doubt. Only a call that SES says it
// throttled is repeated.
func TestEmailAnswers(t *testing.T) {
	const refused, later, doubt = "refused", "later", "in doubt"
	for _, c := range []struct {
		status        int
		code, message string
		want          string
		calls         int64
	}{
		{429, "TooManyRequestsException", "slow down", later, 4},
		{400, "LimitExceededException", "daily quota", later, 4},
		{400, "SendingPausedException", "paused", later, 1},
		{400, "AccountSuspendedException", "suspended", later, 1},
		{400, "MailFromDomainNotVerifiedException", "x", later, 1},
		{404, "NotFoundException", "no configuration set", later, 1},
		{403, "AccessDeniedException", "not authorized to perform ses:SendEmail", later, 1},
		{400, "MessageRejected", "Email address is not verified. The following identities failed the check: hello@shop.example", later, 1},
		{400, "MessageRejected", "Email address is not verified. The following identities failed the check: li@customer.example", refused, 1},
		{400, "MessageRejected", "contains a virus", refused, 1},
		{400, "BadRequestException", "Missing final '@domain'", refused, 1},
		{408, "RequestTimeout", "x", doubt, 1},
		{500, "InternalServiceErrorException", "x", doubt, 1},
		{503, "ServiceUnavailable", "x", doubt, 1},
		{0, "the connection ends", "", doubt, 1},
	} {
		t.Run(c.code+" "+c.want, func(t *testing.T) {
			var calls atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				calls.Add(1)
				if c.status == 0 {
					conn, _, err := w.(http.Hijacker).Hijack()
					if err == nil {
						_ = conn.Close()
					}
					return
				}
				w.Header().Set("X-Amzn-Errortype", c.code)
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(c.status)
				fmt.Fprintf(w, `{"message": %q}`, c.message)
			}))
			t.Cleanup(server.Close)
			channel, err := email(t, server.URL, "ses")
			if err != nil {
				t.Fatal(err)
			}
			err = channel.Send(context.Background(), letter)
			got := doubt
			var r *app.Refusal
			if errors.As(err, &r) {
				got = map[bool]string{true: later, false: refused}[r.Later]
				if strings.Contains(r.Why, letter.To) {
					t.Errorf("the reason names the address: %s", r.Why)
				}
			}
			if err == nil || got != c.want || calls.Load() != c.calls {
				t.Errorf("%v is %s after %d calls; want %s after %d", err, got, calls.Load(), c.want, c.calls)
			}
		})
	}
	t.Run("nobody listens", func(t *testing.T) {
		channel, err := email(t, "http://127.0.0.1:1", "ses")
		var r *app.Refusal
		if err != nil || !errors.As(channel.Send(context.Background(), letter), &r) || !r.Later {
			t.Errorf("%v, %v", r, err)
		}
	})
	t.Run("no address, no way to unsubscribe", func(t *testing.T) {
		channel, err := email(t, "http://127.0.0.1:1", "ses")
		if err != nil {
			t.Fatal(err)
		}
		for _, change := range []func(*app.Message){func(m *app.Message) { m.To = "" }, func(m *app.Message) { m.Unsubscribe = "" }} {
			m := letter
			change(&m)
			var r *app.Refusal
			if !errors.As(channel.Send(context.Background(), m), &r) || r.Later {
				t.Errorf("%v", r)
			}
		}
	})
}
