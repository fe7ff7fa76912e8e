package event

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// kindNames are the names of the Segment spec, by Kind.
var kindNames = [...]string{Track: "track", Identify: "identify", Page: "page", Screen: "screen", Group: "group", Alias: "alias"}

// KindOf returns the kind with a name of the Segment spec, or 0.
func KindOf(name string) Kind {
	switch name {
	case "track":
		return Track
	case "identify":
		return Identify
	case "page":
		return Page
	case "screen":
		return Screen
	case "group":
		return Group
	case "alias":
		return Alias
	}
	return 0
}

// String returns the name of the Segment spec, or "" for no kind.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return ""
}

// Validate is Check of a new Checker.
func Validate(ev *Event, arrived int64, l Limits) *Reject { return new(Checker).Check(ev, arrived, l) }

// Checker validates events that were made from rows. It keeps its buffers between calls.
type Checker struct{ canon canon }

// Check checks an event that was made from a row rather than parsed: its strings are UTF-8 and within the limits, its
// kind has what it needs, and its time is in range and not further than l.Future behind arrived (unix milliseconds; 0 for
// no such check). It sets Content when MessageID is "".
func (c *Checker) Check(ev *Event, arrived int64, l Limits) *Reject {
	if r := checkText(ev); r != nil {
		return r
	}
	return c.CheckUTF8(ev, arrived, l)
}

// CheckUTF8 is Check for an event whose strings are known to be UTF-8.
func (c *Checker) CheckUTF8(ev *Event, arrived int64, l Limits) *Reject {
	if r := check(ev, &l); r != nil {
		return r
	}
	if ev.Time < 0 || ev.Time >= endTime {
		return reject(ReasonBadTime, "the time is outside the years 1970 to 2999", timeHint)
	}
	if r := CheckFuture(ev, arrived, l); r != nil {
		return r
	}
	if ev.MessageID == "" {
		ev.Content = c.canon.content(ev)
	}
	return nil
}

// CheckFuture refuses an event that is dated further than l.Future milliseconds behind arrived (unix milliseconds). With
// arrived or l.Future 0 it refuses none.
func CheckFuture(ev *Event, arrived int64, l Limits) *Reject {
	if arrived == 0 || l.Future == 0 || ev.Time <= arrived+l.Future {
		return nil
	}
	return tooFar(ev, arrived, l)
}

func tooFar(ev *Event, arrived int64, l Limits) *Reject {
	return reject(ReasonFuture, "dated "+stamp(ev.Time)+", but the file arrived "+stamp(arrived)+": more than "+(time.Duration(l.Future)*time.Millisecond).String()+" before",
		"check the clock and the zone of the source, then redrive the line")
}

func stamp(ms int64) string {
	return time.UnixMilli(ms).UTC().Format(time.RFC3339)
}

// check applies what every event must fulfil apart from its time.
func check(ev *Event, l *Limits) *Reject {
	if ev.UserID == "" && ev.AnonymousID == "" {
		return reject(ReasonNoUser, "neither userId nor anonymousId", "every event needs the id of its user in userId, or of the visitor in anonymousId")
	}
	if strings.HasPrefix(ev.UserID, AnonPrefix) {
		return reject(ReasonBadUser, "a userId must not begin with \""+AnonPrefix+"\"", "send the id in anonymousId, without the prefix")
	}
	if l.IDBytes > 0 && (len(ev.UserID) > l.IDBytes || len(ev.AnonymousID) > l.IDBytes || len(ev.MessageID) > l.IDBytes || len(ev.PreviousID) > l.IDBytes || len(ev.GroupID) > l.IDBytes) {
		return reject(ReasonTooLong, "an id is longer than "+strconv.Itoa(l.IDBytes)+" bytes", "send a shorter id, for example a hash")
	}
	if l.FieldBytes > 0 && len(ev.Name) > l.FieldBytes {
		return reject(ReasonTooLong, "the event's name is longer than "+strconv.Itoa(l.FieldBytes)+" bytes", "")
	}
	switch ev.Kind {
	case Track:
		if ev.Name == "" {
			return reject(ReasonNoName, "a track event needs a name in event", "")
		}
	case Alias:
		if ev.PreviousID == "" {
			return reject(ReasonNoPrevious, "an alias needs previousId", "previousId is the id that userId replaces")
		}
	case Group:
		if ev.GroupID == "" {
			return reject(ReasonNoGroup, "a group event needs groupId", "")
		}
	case Identify, Page, Screen:
	default:
		return badType(&Value{})
	}
	return nil
}

// checkText refuses text that is not UTF-8, wherever it stands in an event.
func checkText(ev *Event) *Reject {
	for _, s := range [...]string{ev.MessageID, ev.UserID, ev.AnonymousID, ev.PreviousID, ev.GroupID, ev.Name, ev.Properties.Raw, ev.Traits.Raw, ev.Context.Raw} {
		if !utf8.ValidString(s) {
			return reject(ReasonBadUTF8, "the text is not UTF-8", "convert the file to UTF-8, for example with iconv")
		}
	}
	return nil
}

func badType(v *Value) *Reject {
	said := "type is absent"
	if v.Kind != None {
		said = "unknown type " + shorten(v.JSON())
	}
	return reject(ReasonBadType, said, "type is one of track, identify, page, screen, group, alias")
}

const timeHint = "timestamp is RFC 3339, such as \"2026-01-31T08:30:00.000Z\", or a number of seconds or milliseconds since 1970"

func badTime(v *Value) *Reject {
	said := "timestamp is absent"
	if v.Kind != None {
		said = "timestamp " + shorten(v.JSON()) + " is no time of the years 1970 to 2999"
	}
	return reject(ReasonBadTime, said, timeHint)
}

// shorten cuts text for a message.
func shorten(s string) string {
	if len(s) <= 60 {
		return s
	}
	n := 57
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "..."
}
