package outreach

import (
	"html"
	"strings"
	"unicode"
	"unicode/utf8"
)

// HTMLOf makes an HTML document of plain text: paragraphs at empty lines, line breaks within, everything escaped, addresses of the
// web as links.
func HTMLOf(text string) string {
	var b strings.Builder
	b.WriteString("<!DOCTYPE html>\n<html><body>\n")
	text = strings.ReplaceAll(strings.TrimSpace(text), "\r\n", "\n")
	for _, paragraph := range strings.Split(text, "\n\n") {
		lines := strings.Split(strings.Trim(paragraph, "\n"), "\n")
		for i, line := range lines {
			lines[i] = linked(line)
		}
		b.WriteString("<p>" + strings.Join(lines, "<br>\n") + "</p>\n")
	}
	b.WriteString("</body></html>\n")
	return b.String()
}

// linked escapes a line and makes links of the addresses in it.
func linked(line string) string {
	var b strings.Builder
	for {
		at := strings.Index(line, "https://")
		if at < 0 {
			b.WriteString(html.EscapeString(line))
			return b.String()
		}
		b.WriteString(html.EscapeString(line[:at]))
		end := at
		for end < len(line) && line[end] > ' ' && line[end] < 0x7f && !strings.ContainsRune(`<>"'`, rune(line[end])) {
			end++
		}
		address := html.EscapeString(line[at:end])
		b.WriteString(`<a href="` + address + `">` + address + `</a>`)
		line = line[end:]
	}
}

// breaks are the elements that begin a new line of text; those with true leave an empty line.
var breaks = map[string]bool{
	"br": false, "tr": false, "li": false, "div": false, "dt": false, "dd": false, "hr": false, "p": true, "h1": true, "h2": true, "h3": true,
	"h4": true, "h5": true, "h6": true, "table": true, "ul": true, "ol": true, "blockquote": true, "section": true, "header": true, "footer": true,
}

// silent are the elements whose content is no text.
var silent = map[string]bool{"head": true, "style": true, "script": true, "title": true}

// TextOf makes plain text of HTML: lines where its blocks begin, the addresses of links behind their texts, entities as characters. It
// is lenient: what it cannot read it leaves out.
func TextOf(markup string) string {
	w := &textWriter{}
	for markup != "" {
		at := strings.IndexByte(markup, '<')
		if at < 0 {
			at = len(markup)
		}
		w.words(markup[:at])
		if markup = markup[at:]; markup == "" {
			break
		}
		if strings.HasPrefix(markup, "<!--") {
			_, markup, _ = strings.Cut(markup, "-->")
			continue
		}
		end := tagEnd(markup)
		w.tag(markup[1:end])
		markup = markup[min(end+1, len(markup)):]
	}
	w.link()
	return strings.TrimSpace(w.b.String()) + "\n"
}

// tagEnd is where a tag ends: the first > that stands in no quotes.
func tagEnd(markup string) int {
	var quote byte
	for i := 1; i < len(markup); i++ {
		switch c := markup[i]; {
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote == 0 && c == '>':
			return i
		}
	}
	return len(markup)
}

// textWriter writes the text of a document.
type textWriter struct {
	b     strings.Builder
	skip  string // the silent element that is open
	lines int    // line ends that were written last
	space bool   // a blank is due before the next word
	href  string
	from  int // where the link's text begins
}

func (w *textWriter) words(text string) {
	if w.skip != "" {
		return
	}
	text = html.UnescapeString(text)
	if text == "" {
		return
	}
	if first, _ := utf8.DecodeRuneInString(text); unicode.IsSpace(first) {
		w.space = true
	}
	for _, word := range strings.Fields(text) {
		if w.space && w.lines == 0 && w.b.Len() > 0 {
			w.b.WriteByte(' ')
		}
		w.b.WriteString(word)
		w.space, w.lines = true, 0
	}
	if last, _ := utf8.DecodeLastRuneInString(text); !unicode.IsSpace(last) {
		w.space = false
	}
}

func (w *textWriter) tag(tag string) {
	closing := strings.HasPrefix(tag, "/")
	name := strings.ToLower(strings.TrimPrefix(tag, "/"))
	if end := strings.IndexFunc(name, func(r rune) bool { return unicode.IsSpace(r) || r == '/' }); end >= 0 {
		name = name[:end]
	}
	switch {
	case w.skip != "":
		if closing && name == w.skip {
			w.skip = ""
		}
	case silent[name] && !closing:
		w.skip = name
	case name == "a" && !closing:
		w.link()
		w.href, w.from = attribute(tag, "href"), w.b.Len()
	case name == "a":
		w.link()
	case name == "img" && !closing:
		w.words(attribute(tag, "alt"))
	default:
		if wide, ok := breaks[name]; ok {
			w.line(wide)
		}
	}
}

// line ends the line; wide leaves an empty one.
func (w *textWriter) line(wide bool) {
	want := 1
	if wide {
		want = 2
	}
	if w.b.Len() == 0 {
		return
	}
	for ; w.lines < want; w.lines++ {
		w.b.WriteByte('\n')
	}
	w.space = false
}

// link writes the address of the link that ends, unless its text is the address.
func (w *textWriter) link() {
	if w.href != "" && strings.TrimSpace(w.b.String()[min(w.from, w.b.Len()):]) != w.href {
		w.b.WriteString(" (" + w.href + ")")
		w.lines = 0
	}
	w.href = ""
}

// attribute reads an attribute of a tag; "" when it is not there.
func attribute(tag, name string) string {
	for at := 1; at+len(name) < len(tag); at++ {
		if tag[at-1] > ' ' || !strings.EqualFold(tag[at:at+len(name)], name) {
			continue
		}
		rest, ok := strings.CutPrefix(strings.TrimLeft(tag[at+len(name):], " \t\r\n"), "=")
		if !ok {
			continue
		}
		rest = strings.TrimLeft(rest, " \t\r\n")
		if rest == "" {
			return ""
		}
		if quote := rest[0]; quote == '"' || quote == '\'' {
			value, _, _ := strings.Cut(rest[1:], string(quote))
			return html.UnescapeString(value)
		}
		value, _, _ := strings.Cut(rest, " ")
		return html.UnescapeString(value)
	}
	return ""
}
