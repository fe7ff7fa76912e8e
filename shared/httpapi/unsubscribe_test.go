package httpapi

import (
	"context"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/outreach"
)

// subscriptions knows one token and notes what is ended.
type subscriptions struct {
	fake
	topic string
	ended []bool
	list  []app.Suppression
}

func (f *subscriptions) Subscription(_ context.Context, token string) (outreach.Subscription, error) {
	if token != "good" {
		return outreach.Subscription{}, fault.New(fault.Forbidden, "this link is not valid")
	}
	return outreach.Subscription{Channel: "email", Topic: f.topic, Key: "somebody"}, nil
}

func (f *subscriptions) Unsubscribe(ctx context.Context, token string, everything bool) (outreach.Subscription, error) {
	s, err := f.Subscription(ctx, token)
	if err == nil {
		f.ended = append(f.ended, everything)
	}
	return s, err
}

func (f *subscriptions) SuppressionList(_ context.Context, after app.Suppression, limit int) ([]app.Suppression, error) {
	i := 0
	for i < len(f.list) && f.list[i].Who <= after.Who {
		i++
	}
	return f.list[i:min(i+limit, len(f.list))], nil
}

func TestUnsubscribePage(t *testing.T) {
	f := &subscriptions{topic: "<news>"}
	for name, h := range map[string]http.Handler{
		"one machine with a token": NewHandler(NewServer(f, ""), Options{Guard: Guard{Token: "secret"}}),
		"behind an authorizer":     NewHandler(NewServer(f, ""), Options{Guard: Guard{Behind: true}, Who: func(*http.Request) (Caller, bool) { return Caller{}, false }}),
	} {
		t.Run(name, func(t *testing.T) {
			f.ended = nil
			call := func(method, target, body string, change ...func(*http.Request)) *httptest.ResponseRecorder {
				return askHandler(t, h, method, target, body, change...)
			}
			in := func(language string) func(*http.Request) {
				return func(r *http.Request) { r.Header.Set("Accept-Language", language) }
			}
			page := call("GET", "/v1/unsubscribe?t=good", "", in("zh-TW,en;q=0.5"))
			for header, want := range map[string]string{"Cache-Control": "no-store", "X-Robots-Tag": "noindex, nofollow", "Referrer-Policy": "no-referrer", "Content-Type": "text/html"} {
				if got := page.Header().Get(header); got != want {
					t.Errorf("%s: %q, want %q", header, got, want)
				}
			}
			if p := page.Header().Get("Content-Security-Policy"); !strings.Contains(p, "form-action 'self'") || strings.Contains(p, "unsafe") {
				t.Errorf("the policy is %q", p)
			}
			text := page.Body.String()
			if page.Code != 200 || !strings.Contains(text, `lang="zh-CN"`) || !strings.Contains(text, "退订") || strings.Contains(text, "<news>") || strings.Contains(text, "somebody") || strings.Count(text, "<form ") != 2 {
				t.Errorf("%d %s", page.Code, text)
			}
			if len(f.ended) != 0 {
				t.Fatal("a GET changed something")
			}
			if text := call("GET", "/v1/unsubscribe?t=good", "", in("fr,*")).Body.String(); !strings.Contains(text, `lang="en"`) {
				t.Errorf("nobody's language: %s", text)
			}
			form := func(r *http.Request) { r.Header.Set("Content-Type", "application/x-www-form-urlencoded") }
			stranger := func(r *http.Request) {
				r.Header.Set("Origin", "https://mail.example")
				r.Header.Set("Sec-Fetch-Site", "cross-site")
			}
			for _, w := range []*httptest.ResponseRecorder{
				call("POST", "/v1/unsubscribe?t=good", "List-Unsubscribe=One-Click", form), // RFC 8058
				call("POST", "/v1/unsubscribe?t=good", "", stranger),
				call("POST", "/v1/unsubscribe?t=good&all=true", "", form, in("zh")),
			} {
				if w.Code != 200 || strings.Contains(w.Body.String(), "<form") {
					t.Errorf("%d %s", w.Code, w.Body)
				}
			}
			if want := []bool{false, false, true}; !slices.Equal(f.ended, want) {
				t.Errorf("ended %v, want %v", f.ended, want)
			}
			for _, target := range []string{"/v1/unsubscribe?t=bad", "/v1/unsubscribe?t=" + strings.Repeat("x", 5000)} {
				for _, method := range []string{"GET", "POST"} {
					if w := call(method, target, ""); w.Code != http.StatusForbidden {
						t.Errorf("%s %.30s: %d", method, target, w.Code)
					}
				}
			}
			if w := call("GET", "/v1/unsubscribe", ""); w.Code != http.StatusBadRequest {
				t.Errorf("without a token: %d", w.Code)
			}
			for _, target := range []string{"/v1/unsubscribe/", "/v1/unsubscribe/x?t=good", "/v1/suppressions"} {
				if w := call("GET", target, ""); w.Code != http.StatusUnauthorized {
					t.Errorf("%s is open: %d", target, w.Code)
				}
			}
		})
	}
}

func TestSuppressionPages(t *testing.T) {
	f := &subscriptions{list: []app.Suppression{{Channel: "email", Who: "ref:a", Reason: app.Bounced, At: 5}, {Channel: "email", Who: "user:b", Topic: "news", Reason: app.Unsubscribed}}}
	h := NewHandler(NewServer(f, ""), Options{})
	var all []string
	for after := ""; ; {
		w := askHandler(t, h, "GET", "/v1/suppressions?limit=1&after="+after, "")
		var page struct {
			Suppressions []struct{ Who, Reason string }
			Next         string
		}
		decode(t, w.Body.Bytes(), &page)
		for _, s := range page.Suppressions {
			all = append(all, s.Who+" "+s.Reason)
		}
		if after = page.Next; after == "" {
			break
		}
	}
	if want := []string{"ref:a bounced", "user:b unsubscribed"}; !slices.Equal(all, want) {
		t.Errorf("%v, want %v", all, want)
	}
}
