package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/osteele/liquid"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/strategy"
)

// Limits of a rendered message.
const (
	maxSubject = 998 // of a mail header line
	maxBody    = 64 << 10
)

// engine renders Liquid texts, which cannot run code. Nothing but templates refers to it, so that a program that renders nothing does
// not carry it.
var engine struct {
	once sync.Once
	*liquid.Engine
}

func templates() *liquid.Engine {
	engine.once.Do(func() { engine.Engine = liquid.NewEngine() })
	return engine.Engine
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
	for _, part := range []struct{ name, text string }{{"subject", t.Subject}, {"body", t.Body}} {
		if _, err := templates().ParseString(part.text); err != nil {
			errs = append(errs, fault.New(fault.Invalid, "%s.%s is no Liquid template", path, part.name).
				WithHint("close every {{ and {%%; see docs/strategy.md, Templates").Because(err))
		}
	}
	for _, locale := range slices.Sorted(maps.Keys(t.Locales)) {
		errs = append(errs, checkTemplate(path+".locales."+locale, t.Locales[locale]))
	}
	return errors.Join(errs...)
}

// render makes the text of a message as the user is now. why says that it cannot be made.
func (d *delivery) render(ctx context.Context, live *Live, in Intent) (m Message, why string, err error) {
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
	if own, ok := t.Locales[locale]; ok {
		t = own
	}
	if m.Subject, err = templates().ParseAndRenderString(t.Subject, bindings); err == nil {
		m.Body, err = templates().ParseAndRenderString(t.Body, bindings)
	}
	switch {
	case err != nil:
		return m, "template: " + err.Error(), nil //nolint:nilerr // a template that cannot be rendered suppresses its message
	case len(m.Subject) > maxSubject || len(m.Body) > maxBody:
		return m, "template: the message is too long", nil
	}
	return m, "", nil
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
