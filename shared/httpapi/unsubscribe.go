package httpapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"html"
	"net/http"
	"strings"

	"github.com/weir-engine/weir/shared/httpapi/gen"
	"github.com/weir-engine/weir/shared/outreach"
)

// unsubscribePath asks for no token of the API: its own token, which a message brought, is signed.
const unsubscribePath = "/v1/unsubscribe"

// unsubscribeStyle is the page's, named by its hash in the policy.
const unsubscribeStyle = `body{font:16px/1.6 system-ui,sans-serif;margin:0;background:#f6f7f9;color:#1c2733}` +
	`main{max-width:32rem;margin:12vh auto;padding:2rem 1.5rem;background:#fff;border-radius:12px}` +
	`h1{font-size:1.4rem;margin:0 0 1rem}button{font:inherit;padding:.6rem 1.2rem;margin:.4rem .5rem 0 0;border:1px solid #17624f;` +
	`border-radius:8px;background:#17624f;color:#fff;cursor:pointer}button.more{background:#fff;color:#17624f}` +
	`button:focus-visible{outline:3px solid #e0a100;outline-offset:2px}`

var unsubscribePolicy = func() string {
	sum := sha256.Sum256([]byte(unsubscribeStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
}()

// publicHeaders are those of pages that strangers open by a link that must not spread.
func publicHeaders(h http.Header) {
	h.Set("Content-Security-Policy", unsubscribePolicy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Robots-Tag", "noindex, nofollow")
	h.Set("Cache-Control", "no-store")
}

// pageTexts are the texts of the page in one language.
type pageTexts struct {
	Lang, Title, Ask, AskTopic, Button, More, DoneTitle, Done, DoneTopic string
}

var (
	pageEnglish = pageTexts{
		Lang: "en", Title: "Unsubscribe", Ask: "You will get no more messages of this kind.", AskTopic: "You will get no more messages about this topic: ",
		Button: "Unsubscribe", More: "Unsubscribe from everything", DoneTitle: "You are unsubscribed", Done: "We send you no more messages of this kind. You can close this page.",
		DoneTopic: "We send you no more messages about this topic: ",
	}
	pageChinese = pageTexts{
		Lang: "zh-CN", Title: "退订", Ask: "退订后，你将不再收到此类消息。", AskTopic: "退订后，你将不再收到此主题的消息：", Button: "退订", More: "退订全部消息",
		DoneTitle: "已退订", Done: "我们不会再向你发送此类消息。你可以关闭此页面。", DoneTopic: "我们不会再向你发送此主题的消息：",
	}
)

// languageOf chooses by the first language of the header that there is.
func languageOf(header string) pageTexts {
	for _, part := range strings.Split(header, ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		switch language, _, _ := strings.Cut(strings.ToLower(tag), "-"); language {
		case "zh":
			return pageChinese
		case "en":
			return pageEnglish
		}
	}
	return pageEnglish
}

// unsubscribePage writes the page. It is built by hand: a package of templates calls methods by names it learns at run time, and the
// linker then keeps every method of every client of AWS.
func unsubscribePage(language, token string, s outreach.Subscription, finished bool) *bytes.Buffer {
	t := languageOf(language)
	title, words := t.Title, t.Ask
	switch {
	case finished && s.Topic != "":
		title, words = t.DoneTitle, t.DoneTopic+s.Topic
	case finished:
		title, words = t.DoneTitle, t.Done
	case s.Topic != "":
		words = t.AskTopic + s.Topic
	}
	b := &bytes.Buffer{}
	write := func(parts ...string) {
		for _, part := range parts {
			b.WriteString(part)
		}
	}
	button := func(more, class, label string) {
		write(`<form method="post" action="?t=`, html.EscapeString(token), more, `"><button type="submit"`, class, `>`, label, "</button></form>\n")
	}
	write(`<!DOCTYPE html>`, "\n", `<html lang="`, t.Lang, `"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">`,
		`<meta name="robots" content="noindex"><title>`, title, `</title><style>`, unsubscribeStyle, "</style></head>\n",
		`<body><main><h1>`, title, `</h1><p role="status">`, html.EscapeString(words), "</p>\n")
	if !finished {
		button("", "", t.Button)
		if s.Topic != "" {
			button("&amp;all=true", ` class="more"`, t.More)
		}
	}
	write("</main></body></html>\n")
	return b
}

// GetUnsubscribe answers a page with a button. It changes nothing: programs follow links before people do.
func (s *Server) GetUnsubscribe(ctx context.Context, req gen.GetUnsubscribeRequestObject) (gen.GetUnsubscribeResponseObject, error) {
	found, err := s.app.Subscription(ctx, req.Params.T)
	if err != nil {
		return nil, err
	}
	page := unsubscribePage(value(req.Params.AcceptLanguage), req.Params.T, found, false)
	return gen.GetUnsubscribe200TexthtmlResponse{Body: page, ContentLength: int64(page.Len())}, nil
}

// PostUnsubscribe ends what the link names.
func (s *Server) PostUnsubscribe(ctx context.Context, req gen.PostUnsubscribeRequestObject) (gen.PostUnsubscribeResponseObject, error) {
	found, err := s.app.Unsubscribe(ctx, req.Params.T, value(req.Params.All))
	if err != nil {
		return nil, err
	}
	page := unsubscribePage(value(req.Params.AcceptLanguage), req.Params.T, found, true)
	return gen.PostUnsubscribe200TexthtmlResponse{Body: page, ContentLength: int64(page.Len())}, nil
}
