package strategy

import (
	"fmt"
	"strings"
)

// channels are the channels that rules may name.
var channels = []string{ChannelOutbox, ChannelEmail}

func (c *checker) templates() {
	c.limit("templates", len(c.s.Templates), MaxTemplates)
	for _, name := range sortedKeys(c.s.Templates) {
		t, path := c.s.Templates[name], "templates."+name
		c.label(path, name)
		c.template(path, t)
		c.limit(path+".locales", len(t.Locales), MaxLocales)
		for _, locale := range sortedKeys(t.Locales) {
			at := path + ".locales." + locale
			if !isLocale(locale) {
				c.problem(at, shorten(locale)+" is no language tag", "a BCP 47 tag such as zh-CN or en")
			}
			c.template(at, t.Locales[locale])
			if len(t.Locales[locale].Locales) > 0 {
				c.problem(at+".locales", "a translation has translations", "subject, body and html alone")
			}
		}
	}
}

func (c *checker) template(path string, t Template) {
	if strings.TrimSpace(t.Body) == "" && strings.TrimSpace(t.HTML) == "" {
		c.problem(path+".body", "the message has no text", "body: the text, in Liquid")
	}
	if len(t.Body) > MaxTemplate || len(t.Subject) > MaxTemplate || len(t.HTML) > MaxTemplate {
		c.problem(path, "the message is longer than 64 KiB", "a shorter text")
	}
	if strings.ContainsAny(t.Subject, "\r\n") {
		c.problem(path+".subject", "the subject has several lines", "one line")
	}
}

// isLocale reports whether s looks like a language tag: letters and digits in parts of 1 to 8, the first of 2 or 3 letters.
func isLocale(s string) bool {
	for i, part := range strings.Split(s, "-") {
		if len(part) == 0 || len(part) > 8 || i == 0 && (len(part) < 2 || len(part) > 3) {
			return false
		}
		for j := 0; j < len(part); j++ {
			b := part[j]
			letter := b|0x20 >= 'a' && b|0x20 <= 'z'
			if !letter && (i == 0 || b < '0' || b > '9') {
				return false
			}
		}
	}
	return true
}

func (c *checker) rules() {
	o := &c.s.Outreach
	if o.DailyCeiling < 0 {
		c.problem("outreach.daily_ceiling", fmt.Sprint(o.DailyCeiling), "0 (nothing is sent) or more")
	}
	for _, channel := range sortedKeys(o.Consent) {
		path := "outreach.consent." + channel
		c.oneOf(path, channel, channels...)
		c.oneOf(path, o.Consent[channel], ConsentRequired, ConsentNotRefused)
	}
	c.limit("outreach.rules", len(o.Rules), MaxRules)
	segments := make([]string, len(c.s.Segments))
	for i, g := range c.s.Segments {
		segments[i] = g.Name
	}
	seen := map[string]string{}
	for i, r := range o.Rules {
		path := fmt.Sprintf("outreach.rules[%d]", i)
		c.label(path+".name", r.Name)
		c.unique(seen, path+".name", r.Name)
		switch {
		case r.On.EnterStage != "" && r.On.EnterSegment != "":
			c.problem(path+".on", "two triggers", "either enter_stage or enter_segment")
		case r.On.EnterStage != "":
			c.reference(path+".on.enter_stage", "stage", r.On.EnterStage, c.s.StageNames())
		case r.On.EnterSegment != "":
			c.reference(path+".on.enter_segment", "segment", r.On.EnterSegment, segments)
		default:
			c.problem(path+".on", "no trigger", "on: {enter_stage: NAME} or on: {enter_segment: NAME}")
		}
		c.reference(path+".template", "template", r.Template, sortedKeys(c.s.Templates))
		c.oneOf(path+".channel", r.Channel, channels...)
		if r.Topic != "" {
			c.identifier(path+".topic", r.Topic)
		}
		c.limit(path+".tags", len(r.Tags), MaxRuleTags)
		own := map[string]string{}
		for j, tag := range r.Tags {
			c.label(fmt.Sprintf("%s.tags[%d]", path, j), tag)
			c.unique(own, fmt.Sprintf("%s.tags[%d]", path, j), tag)
		}
	}
}
