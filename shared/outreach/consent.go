// Package outreach says whether a message may go out, and what becomes of its text: consent, and the two parts of a message. It is
// pure: what the user is, and the moment, are arguments.
package outreach

import (
	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/profile"
)

// Traits by which users say what they want. Events set them, so consent is a fact that is folded like any other.
const (
	TraitUnsubscribed = "unsubscribed" // true: nothing at all
	consentPrefix     = "consent_"
)

// ConsentTrait is the name of the trait that holds a user's consent to a channel, or with a topic to that topic by the channel:
// consent_email, consent_email_news. True is given, false is withdrawn.
func ConsentTrait(channel, topic string) string {
	if topic == "" {
		return consentPrefix + channel
	}
	return consentPrefix + channel + "_" + topic
}

// Consent is what a user has said about a channel and a topic.
type Consent struct {
	Refused bool
	Given   bool
	At      int64  // when it was said, unix milliseconds; 0 when nothing was said
	Trait   string // the trait that says it
}

// ConsentOf reads a user's consent. What is said about the topic counts before what is said about the channel, and the trait
// unsubscribed before both.
func ConsentOf(f *profile.Facts, channel, topic string) Consent {
	if c := said(f, TraitUnsubscribed); c.Given {
		return Consent{Refused: true, At: c.At, Trait: c.Trait}
	}
	if topic != "" {
		if c := said(f, ConsentTrait(channel, topic)); c.Trait != "" {
			return c
		}
	}
	return said(f, ConsentTrait(channel, ""))
}

// said reads one trait; what is no truth value says nothing.
func said(f *profile.Facts, name string) Consent {
	for i := range f.Traits {
		t := &f.Traits[i]
		if t.Name != name || t.Value.Kind != event.Bool {
			continue
		}
		yes, _ := t.Value.Bool()
		return Consent{Given: yes, Refused: !yes, At: t.Time, Trait: name}
	}
	return Consent{}
}

// Why says why consent stops a message, "" when it does not. required demands that consent was given; else it is enough that it was
// not refused.
func (c Consent) Why(channel string, required bool) string {
	switch {
	case c.Refused && c.Trait == TraitUnsubscribed:
		return "consent: the user has the trait unsubscribed"
	case c.Refused:
		return "consent: it was withdrawn; the trait " + c.Trait + " is false"
	case required && !c.Given:
		return "consent: none was given; the trait " + ConsentTrait(channel, "") + " is not there"
	}
	return ""
}
