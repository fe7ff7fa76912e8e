package app

import (
	"context"
	"errors"
	"fmt"
	"html"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/osteele/liquid"
	"github.com/osteele/liquid/parser"
	"github.com/osteele/liquid/render"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/outreach"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/strategy"
)

// Limits of a rendered message.
const (
	maxSubject = 998 // of a mail header line
	maxBody    = 64 << 10
)

// engines render Liquid texts, which cannot run code and read no files: one for text, one for HTML, which escapes what it puts in.
// Nothing but templates refers to them, so that a program that renders nothing does not carry Liquid.
var engines struct {
	once       sync.Once
	text, html *liquid.Engine
}

// escapeFilter is the filter that ends every output of an HTML template.
const escapeFilter = "weir_escaped"

func templates() (text, html *liquid.Engine) {
	engines.once.Do(func() {
		engines.text, engines.html = liquid.NewEngine(), liquid.NewEngine()
		for _, e := range []*liquid.Engine{engines.text, engines.html} {
			e.RegisterTag("include", func(render.Context) (string, error) { // it would read files of the host
				return "", errors.New("a template cannot include another")
			})
		}
		engines.html.RegisterFilter(escapeFilter, escaped)
	})
	return engines.text, engines.html
}

// escaped is a value as HTML shows it. What is escaped already stays as it is.
func escaped(v any) any {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = escaped(v[i])
		}
		return out
	}
	return html.EscapeString(html.UnescapeString(fmt.Sprint(v)))
}

// escapedSource is an HTML template whose every output is escaped.
func escapedSource(source string) string {
	var b strings.Builder
	raw := ""
	for _, t := range parser.Scan(source, parser.SourceLoc{}, nil) {
		switch {
		case t.Type == parser.TagTokenType && raw == "" && (t.Name == "raw" || t.Name == "comment"):
			raw = "end" + t.Name
		case t.Type == parser.TagTokenType && t.Name == raw:
			raw = ""
		case t.Type == parser.ObjTokenType && raw == "":
			left, right := strings.TrimSuffix(t.Source, "}}"), "}}"
			if strings.HasSuffix(left, "-") {
				left, right = strings.TrimSuffix(left, "-"), "-}}"
			}
			b.WriteString(left + " | " + escapeFilter + " " + right)
			continue
		}
		b.WriteString(t.Source)
	}
	return b.String()
}

// checkTemplates parses every template of a strategy.
func checkTemplates(s *strategy.Strategy) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(s.Templates)) {
		errs = append(errs, checkTemplate("templates."+name, s.Templates[name]))
	}
	return errors.Join(errs...)
}

func checkTemplate(path string, t strategy.Template) error {
	var errs []error
	text, markup := templates()
	for _, part := range []struct {
		name, text string
		engine     *liquid.Engine
	}{{"subject", t.Subject, text}, {"body", t.Body, text}, {"html", escapedSource(t.HTML), markup}} {
		if _, err := part.engine.ParseString(part.text); err != nil {
			errs = append(errs, fault.New(fault.Invalid, "%s.%s is no Liquid template", path, part.name).
				WithHint("close every {{ and {%%; see docs/strategy.md, Templates").Because(err))
		}
		for _, token := range parser.Scan(part.text, parser.SourceLoc{}, nil) {
			if token.Type == parser.TagTokenType && token.Name == "include" {
				errs = append(errs, fault.New(fault.Invalid, "%s.%s includes another template", path, part.name).WithHint("write its text here"))
			}
		}
	}
	for _, locale := range slices.Sorted(maps.Keys(t.Locales)) {
		errs = append(errs, checkTemplate(path+".locales."+locale, t.Locales[locale]))
	}
	return errors.Join(errs...)
}

// liquidText renders one part. Liquid's own loops panic on some templates that shadow their variables.
func liquidText(e *liquid.Engine, source string, bindings map[string]any) (out string, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("it cannot be rendered: %v", p)
		}
	}()
	out, failed := e.ParseAndRenderString(source, bindings)
	if failed != nil {
		return "", failed
	}
	return out, nil
}

// compose renders the parts of a message in the user's locale. A part that the template lacks is made of the other.
func compose(t strategy.Template, wanted string, bindings map[string]any) (m Message, why string) {
	if m.Locale = outreach.Locale(t.Locales, wanted); m.Locale != "" {
		t = t.Locales[m.Locale]
	}
	text, markup := templates()
	var err error
	if m.Subject, err = liquidText(text, t.Subject, bindings); err == nil {
		if m.Body, err = liquidText(text, t.Body, bindings); err == nil {
			m.HTML, err = liquidText(markup, escapedSource(t.HTML), bindings)
		}
	}
	if err != nil {
		return m, "template: " + err.Error()
	}
	m.Subject = strings.Join(strings.Fields(m.Subject), " ") // one line, whatever the user's traits hold
	if t.Body == "" {
		m.Body = outreach.TextOf(m.HTML)
	}
	if len(m.Subject) > maxSubject || len(m.Body) > maxBody || len(m.HTML) > maxBody {
		return m, "template: the message is too long"
	}
	return m, ""
}

// render makes the text of a message as the user is now. why says that it cannot be made.
func (d *delivery) render(ctx context.Context, live *Live, in Intent, unsubscribe string) (m Message, why string, err error) {
	t, ok := live.Engine.Strategy().Templates[in.Template]
	if !ok {
		return m, "template: no template is called " + in.Template + " any more", nil
	}
	view, err := d.app.userAt(ctx, live, in.Key, in.AsOf)
	if fault.Is(err, fault.NotFound) {
		return m, "user: the user has no events at the moment of the decision any more", nil
	}
	if err != nil {
		return m, "", err
	}
	locale, bindings := messageBindings(live, &view, in)
	bindings["unsubscribe_url"] = unsubscribe
	m, why = compose(t, locale, bindings)
	return m, why, nil
}

// messageBindings is what a template sees.
func messageBindings(live *Live, v *UserView, in Intent) (locale string, bindings map[string]any) {
	traits := map[string]any{}
	for _, t := range v.Facts.Traits {
		if x := plain(t.Value); x != nil {
			traits[t.Name] = x
		}
	}
	locale, _ = traits["locale"].(string)
	r := v.Result
	return locale, map[string]any{
		"user":   map[string]any{"id": v.Key},
		"traits": traits,
		"rule":   in.Rule,
		"date":   live.Zone.Day(in.AsOf).String(),
		"scores": map[string]any{
			"stage": r.Stage, "rfm": r.RFM, "rfm_cn": r.RFMCN, "tier": r.Tier, "orders": r.Orders,
			"spend": money(r.Spend, live.Engine.Strategy().Currency), "currency": live.Engine.Strategy().Currency,
			"recency_days": r.RecencyDays, "first_seen": date(live, r.FirstSeen), "last_seen": date(live, r.LastSeen),
			"tags": r.Tags, "segments": r.Segments,
		},
	}
}

func date(live *Live, ms int64) string { return live.Zone.Day(ms).String() }

// money formats minor units in major units, exactly.
func money(minor int64, currency string) string {
	digits := event.MinorDigits(currency)
	if digits == 0 {
		return formatInt(minor)
	}
	sign := ""
	if minor < 0 {
		sign, minor = "-", -minor
	}
	s := fmt.Sprintf("%0*d", digits+1, minor)
	return sign + s[:len(s)-digits] + "." + s[len(s)-digits:]
}

// plain is a trait's value as a template sees it; nil for none.
func plain(v event.Value) any {
	switch v.Kind {
	case event.String:
		return v.Raw
	case event.Number:
		f, _ := v.Float()
		return f
	case event.Bool:
		b, _ := v.Bool()
		return b
	case event.Array:
		var out []any
		for _, item := range v.Items() {
			out = append(out, plain(item))
		}
		return out
	}
	return nil
}

func decodeFacts(item Item) (*profile.Facts, error) {
	facts := new(profile.Facts)
	if err := decodeItem(item, facts, nil, nil); err != nil {
		return nil, fault.Wrap(err, "read the profile of %s", item.Key)
	}
	return facts, nil
}
