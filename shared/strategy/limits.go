package strategy

import (
	"cmp"
	"fmt"
	"strconv"
)

// Cap is a limit on the messages that one user gets: at most Max within a rolling window. It counts those by Channel and of rules with
// Tag; what is empty counts all.
type Cap struct {
	Name    string `yaml:"name" json:"name"`
	Channel string `yaml:"channel" json:"channel,omitempty"`
	Tag     string `yaml:"tag" json:"tag,omitempty"`
	Max     int    `yaml:"max" json:"max"`
	Hours   int    `yaml:"hours" json:"hours,omitempty"` // of the window: either these or days of 24 hours
	Days    int    `yaml:"days" json:"days,omitempty"`
	Then    string `yaml:"then" json:"then,omitempty"` // drop (default) or hold a message beyond it
}

// Window is the length of the cap's window in hours.
func (c *Cap) Window() int { return c.Hours + 24*c.Days }

// Quiet are hours of each day at which a channel is quiet, by the user's own clock: from From until before To, over midnight where To is
// the smaller.
type Quiet struct {
	From string `yaml:"from" json:"from"` // HH:MM
	To   string `yaml:"to" json:"to"`
	Then string `yaml:"then" json:"then,omitempty"` // hold (default) or drop a message that falls into them
}

// Minutes are the bounds in minutes of the day.
func (q *Quiet) Minutes() (from, to int) {
	from, _ = clock(q.From)
	to, _ = clock(q.To)
	return from, to
}

// clock reads HH:MM as minutes of the day.
func clock(s string) (minutes int, ok bool) {
	if len(s) != 5 || s[2] != ':' {
		return 0, false
	}
	h, err1 := strconv.ParseUint(s[:2], 10, 8)
	m, err2 := strconv.ParseUint(s[3:], 10, 8)
	return int(h*60 + m), err1 == nil && err2 == nil && h < 24 && m < 60
}

// Holdout is the share of users who get no message at all, so that what messages do can be measured against them.
type Holdout struct {
	Percent int    `yaml:"percent" json:"percent,omitempty"` // 0: nobody
	Salt    string `yaml:"salt" json:"salt,omitempty"`       // another one makes another choice of users; default DefaultSalt
}

// DefaultSalt is the salt of a holdout that names none.
const DefaultSalt = "holdout"

// Salted is the holdout's salt.
func (h *Holdout) Salted() string { return cmp.Or(h.Salt, DefaultSalt) }

// The values of Cap.Then and Quiet.Then.
const (
	ThenHold = "hold"
	ThenDrop = "drop"
)

// Limits of caps, quiet hours and expiry.
const (
	MaxCaps       = 16
	MaxCap        = 50      // messages
	MaxCapWindow  = 90 * 24 // hours
	MaxRuleTags   = 8
	MaxExpiry     = 365 * 24 // hours
	defaultExpiry = 7 * 24
)

// Expiry is for how many hours after its decision a message may still be sent.
func (o *Outreach) Expiry() int { return cmp.Or(o.ExpireAfter, defaultExpiry) }

// Rule returns the rule of a name; nil when there is none.
func (o *Outreach) Rule(name string) *Rule {
	for i := range o.Rules {
		if o.Rules[i].Name == name {
			return &o.Rules[i]
		}
	}
	return nil
}

// completeLimits fills in what becomes of messages beyond a limit.
func (c *checker) completeLimits() {
	o := &c.s.Outreach
	for i := range o.Caps {
		o.Caps[i].Then = cmp.Or(o.Caps[i].Then, ThenDrop)
	}
	for channel, q := range o.Quiet {
		q.Then = cmp.Or(q.Then, ThenHold)
		o.Quiet[channel] = q
	}
}

func (c *checker) limits() {
	o := &c.s.Outreach
	c.caps(o)
	for _, channel := range sortedKeys(o.Quiet) {
		q, path := o.Quiet[channel], "outreach.quiet_hours."+channel
		c.oneOf(path, channel, channels...)
		_, from := clock(q.From)
		_, to := clock(q.To)
		switch {
		case !from:
			c.problem(path+".from", shorten(q.From)+" is no time of day", "HH:MM, as in 21:00")
		case !to:
			c.problem(path+".to", shorten(q.To)+" is no time of day", "HH:MM, as in 08:00")
		case q.From == q.To:
			c.problem(path+".to", "quiet hours end when they begin", "another time than "+q.From)
		}
		c.oneOf(path+".then", q.Then, ThenHold, ThenDrop)
	}
	if p := o.Holdout.Percent; p < 0 || p > 100 {
		c.problem("outreach.holdout.percent", fmt.Sprintf("%d percent", p), "0 (nobody) to 100")
	}
	if o.Holdout.Salt != "" {
		c.label("outreach.holdout.salt", o.Holdout.Salt)
	}
	if path := "outreach.expire_after_hours"; c.given(path) && (o.ExpireAfter < 1 || o.ExpireAfter > MaxExpiry) {
		c.problem(path, fmt.Sprintf("%d hours", o.ExpireAfter), fmt.Sprintf("1 to %d hours", MaxExpiry))
	}
}

func (c *checker) caps(o *Outreach) {
	c.limit("outreach.caps", len(o.Caps), MaxCaps)
	seen, tags := map[string]string{}, ruleTags(o)
	for i := range o.Caps {
		limit, path := &o.Caps[i], fmt.Sprintf("outreach.caps[%d]", i)
		c.label(path+".name", limit.Name)
		c.unique(seen, path+".name", limit.Name)
		if limit.Channel != "" {
			c.oneOf(path+".channel", limit.Channel, channels...)
		}
		if limit.Tag != "" {
			c.reference(path+".tag", "rule with the tag", limit.Tag, tags)
		}
		if limit.Max < 1 || limit.Max > MaxCap {
			c.problem(path+".max", fmt.Sprintf("at most %d messages", limit.Max), fmt.Sprintf("1 to %d; a rule that shall send nothing is a shadow", MaxCap))
		}
		switch n := limit.Window(); {
		case limit.Hours != 0 && limit.Days != 0:
			c.problem(path+".days", "two windows", "either hours or days")
		case !c.given(path+".hours") && !c.given(path+".days"):
			c.problem(path, "no window", "hours or days")
		case limit.Hours < 0 || limit.Days < 0 || n < 1 || n > MaxCapWindow:
			at := path + ".days"
			if c.given(path + ".hours") {
				at = path + ".hours"
			}
			c.problem(at, fmt.Sprintf("a window of %d hours", n), fmt.Sprintf("1 hour to %d days", MaxCapWindow/24))
		}
		c.oneOf(path+".then", limit.Then, ThenDrop, ThenHold)
	}
}

// ruleTags are the tags of all rules.
func ruleTags(o *Outreach) []string {
	seen := map[string]bool{}
	for i := range o.Rules {
		for _, tag := range o.Rules[i].Tags {
			seen[tag] = true
		}
	}
	return sortedKeys(seen)
}
