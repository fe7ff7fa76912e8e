package outreach

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTextOf(t *testing.T) {
	for _, c := range []struct{ markup, want string }{
		{"plain", "plain"},
		{"<p>One</p><p>Two<br>three</p>", "One\n\nTwo\nthree"},
		{"<p>a &lt;b&gt; &amp; c&nbsp;d</p>", "a <b> & c d"},
		{"  <h1> Hello,\n   <b>Li</b>! </h1> <div>x</div>\n<div>y</div>", "Hello, Li!\n\nx\ny"},
		{`<a href="https://a.example/?x=1&amp;y=2">Shop</a> now`, "Shop (https://a.example/?x=1&y=2) now"},
		{`<a href=https://a.example>https://a.example</a>`, "https://a.example"},
		{`<A class=b HREF = 'https://a.example'>x</A>`, "x (https://a.example)"},
		{`<a data-href="https://b.example">x</a>`, "x"},
		{"<ul><li>a</li><li>b</li></ul>c", "a\nb\n\nc"},
		{"<head><title>T</title><style>p > a {}</style></head><body>x<script>if (a<b) {}</script></body>", "x"},
		{`<img src="x.png" alt="logo"> y`, "logo y"},
		{`x<!-- <p>hidden</p> -->y`, "xy"},
		{`<p title="a>b">x</p>`, "x"},
		{"<p>好久<b>不见</b></p>", "好久不见"},
		{"a<", "a"}, {"<p", ""}, {"", ""}, {"<a href=\"https://a.example\">x", "x (https://a.example)"},
	} {
		if got := TextOf(c.markup); got != c.want+"\n" {
			t.Errorf("%s:\n%q, want\n%q", c.markup, got, c.want+"\n")
		}
	}
}

func TestHTMLOf(t *testing.T) {
	got := HTMLOf("Hello <b>Li</b>,\r\nsee https://a.example/?a=1&b=\"x.\n\n\nBye\n")
	want := "<!DOCTYPE html>\n<html><body>\n<p>Hello &lt;b&gt;Li&lt;/b&gt;,<br>\nsee <a href=\"https://a.example/?a=1&amp;b=\">https://a.example/?a=1&amp;b=</a>&#34;x.</p>\n<p>Bye</p>\n</body></html>\n"
	if got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}

// Text of any markup is text, and text that was made HTML comes back as it was but for its blanks.
func FuzzMarkup(f *testing.F) {
	for _, seed := range []string{"<p>a</p>", `<a href="https://x">y`, "İ<img ALT='x'>", "a\n\nb", "<!--", "<a href", "&#0;&lt;", "\xff<p>\xfe", `<a href='`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text := TextOf(s)
		if utf8.ValidString(s) && !utf8.ValidString(text) {
			t.Errorf("%q became %q", s, text)
		}
		back := TextOf(HTMLOf(s))
		if utf8.ValidString(s) && strings.Join(strings.Fields(back), " ") != strings.Join(strings.Fields(s), " ") && !strings.Contains(s, "&") {
			t.Errorf("%q came back as %q", s, back)
		}
	})
}

func TestLetter(t *testing.T) {
	const link = "https://weir.example/v1/unsubscribe?t=abc"
	for _, c := range []struct{ name, text, markup, locale, wantText, wantMarkup string }{
		{"both without a link", "Hi", "<p>Hi</p>", "en", "Hi\n\n-- \nUnsubscribe: " + link + "\n", "<p>Hi</p>\n<p><a href=\"" + link + "\">Unsubscribe</a></p>\n"},
		{"before the end of the body", "你好", "<body>你好</BODY></html>", "zh-CN", "你好\n\n-- \n退订: " + link + "\n", "<body>你好<p><a href=\"" + link + "\">退订</a></p>\n</BODY></html>"},
		{"said by the template", "Hi " + link, "<a href=\"" + link + "\">x</a>", "", "Hi " + link, "<a href=\"" + link + "\">x</a>"},
	} {
		text, markup := Letter(c.text, c.markup, c.locale, link)
		if text != c.wantText || markup != c.wantMarkup {
			t.Errorf("%s:\n%q\n%q", c.name, text, markup)
		}
	}
	if text, markup := Letter("Hi", "", "", link); !strings.Contains(markup, `<a href="`+link+`">`) || !strings.Contains(text, link) {
		t.Errorf("%q %q", text, markup)
	}
}
