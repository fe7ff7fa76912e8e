package outreach

import (
	"html"
	"strings"
)

// Letter completes the two parts of an e-mail: HTML is made of the text where there is none, and both say how to unsubscribe where the
// template does not.
func Letter(text, markup, locale, unsubscribe string) (string, string) {
	word := "Unsubscribe"
	if strings.HasPrefix(strings.ToLower(locale), "zh") {
		word = "退订"
	}
	said := strings.Contains(text, unsubscribe)
	if !said {
		text = strings.TrimRight(text, "\n") + "\n\n-- \n" + word + ": " + unsubscribe + "\n"
	}
	if markup == "" {
		return text, HTMLOf(text)
	}
	address := html.EscapeString(unsubscribe)
	if strings.Contains(markup, address) || strings.Contains(markup, unsubscribe) {
		return text, markup
	}
	footer := "<p><a href=\"" + address + "\">" + word + "</a></p>\n"
	if at := strings.LastIndex(strings.ToLower(markup), "</body>"); at >= 0 && at < len(markup) && strings.EqualFold(markup[at:min(at+7, len(markup))], "</body>") {
		return text, markup[:at] + footer + markup[at:]
	}
	return text, markup + "\n" + footer
}
