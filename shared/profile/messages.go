package profile

import (
	"cmp"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/segment"
)

// Message is what became of the messages of one rule, template or campaign to the user, or of all messages.
type Message struct {
	Key   uint32           // 32 bits of the hash of the name; AllMessages for all of them
	Deeds [Deeds]DeedCount // by Deed
}

// MaxMessages is the number of names of messages that one profile keeps: all of them together, and those with the smallest
// hashes.
const MaxMessages = 64

// AllMessages is the key under which the messages of every rule are counted together.
const AllMessages uint32 = 0

// Deed is something that became of a message.
type Deed uint8

// The deeds.
const (
	Delivered Deed = iota
	Opened
	Clicked
	Bounced
	Deeds = 4
)

// DeedOf returns the deed that a stat of a message counts (opened) or times (last_opened); ok is false for those that STATE knows.
func DeedOf(stat string) (d Deed, ok bool) {
	switch stat {
	case segment.StatDelivered, segment.StatLastDelivered:
		return Delivered, true
	case segment.StatOpened, segment.StatLastOpened:
		return Opened, true
	case segment.StatClicked, segment.StatLastClicked:
		return Clicked, true
	case segment.StatBounced, segment.StatLastBounced:
		return Bounced, true
	}
	return 0, false
}

// DeedCount is how often something became of a message, and when last.
type DeedCount struct {
	Count int64 `json:"count"`
	Last  int64 `json:"last"` // unix milliseconds; 0 with Count 0
}

// messageEvents are the track events that say what became of a message, by the Segment specs of e-mail and of mobile events,
// and four of our own for other channels.
var messageEvents = []struct {
	name  string
	deeds uint8
}{
	{"Email Delivered", 1 << Delivered},
	{"Email Opened", 1 << Opened},
	{"Email Link Clicked", 1 << Clicked},
	{"Email Bounced", 1 << Bounced},
	{"Push Notification Received", 1 << Delivered},
	{"Push Notification Tapped", 1<<Opened | 1<<Clicked},
	{"Push Notification Bounced", 1 << Bounced},
	{"Message Delivered", 1 << Delivered},
	{"Message Opened", 1 << Opened},
	{"Message Clicked", 1 << Clicked},
	{"Message Bounced", 1 << Bounced},
}

// messageNames are the properties that name the rule, template or campaign of a message.
var messageNames = [...]string{"weir_rule", "weir_template", "campaign_name"}

func messageOf(name string) uint8 {
	for i := range messageEvents {
		if messageEvents[i].name == name {
			return messageEvents[i].deeds
		}
	}
	return 0
}

// quiet reports whether events are about the user alone, and not by them: they make no active day.
func (p *plan) quiet() bool {
	return p.list != 0 || p.message != 0 && p.message&(1<<Opened|1<<Clicked) == 0
}

// messageKey is the key of a name; "" and "*" are all messages.
func messageKey(name string) uint32 {
	if name == "" || name == AnyEvent {
		return AllMessages
	}
	return max(uint32(xxhash.Sum64String(name)>>32), AllMessages+1)
}

// Message returns what became of the messages of a rule, template or campaign; "*" are all messages.
func (f *Facts) Message(name string) Message {
	key := messageKey(name)
	if i, ok := slices.BinarySearchFunc(f.Messages, key, compareMessageKey); ok {
		return f.Messages[i]
	}
	return Message{Key: key}
}

func compareMessageKey(m Message, key uint32) int { return cmp.Compare(m.Key, key) }

// foldMessage counts an event for all messages, and for each name that it gives.
func (f *Facts) foldMessage(ev *event.Event, deeds uint8) {
	var keys [1 + len(messageNames)]uint32
	n := 1 // keys[0] is AllMessages
	for _, path := range messageNames {
		name, ok := property(&ev.Properties, path).Str()
		if key := messageKey(name); ok && key != AllMessages && !slices.Contains(keys[:n], key) {
			keys[n] = key
			n++
		}
	}
	for _, key := range keys[:n] {
		m := Message{Key: key}
		for d := range Deed(Deeds) {
			if deeds>>d&1 != 0 {
				m.Deeds[d] = DeedCount{1, ev.Time}
			}
		}
		f.message(&m)
	}
}

// message adds what became of messages. A key that falls out can never come back, as of traits.
func (f *Facts) message(m *Message) {
	i, ok := slices.BinarySearchFunc(f.Messages, m.Key, compareMessageKey)
	if ok {
		have := &f.Messages[i]
		for d, c := range m.Deeds {
			if c.Count == 0 {
				continue
			}
			if have.Deeds[d].Count == 0 {
				have.Deeds[d].Last = c.Last
			}
			have.Deeds[d] = DeedCount{have.Deeds[d].Count + c.Count, max(have.Deeds[d].Last, c.Last)}
		}
		return
	}
	if i >= MaxMessages {
		return
	}
	if len(f.Messages) == MaxMessages {
		f.Messages = f.Messages[:MaxMessages-1]
	}
	f.Messages = slices.Insert(f.Messages, i, *m)
}

func (f *Facts) mergeMessages(src *Facts) {
	for i := range src.Messages {
		f.message(&src.Messages[i])
	}
}

// messages writes key, which deeds there are, and of each the count and the last time.
func (e *encoder) messages() {
	e.uint(uint64(len(e.f.Messages)))
	for i := range e.f.Messages {
		m := &e.f.Messages[i]
		e.dst = appendFixed(e.dst, uint64(m.Key), messageKeyBytes)
		deeds := byte(0)
		for d, c := range m.Deeds {
			if c.Count > 0 {
				deeds |= 1 << d
			}
		}
		e.dst = append(e.dst, deeds)
		for _, c := range m.Deeds {
			if c.Count > 0 {
				e.uint(uint64(c.Count))
				e.ago(c.Last)
			}
		}
	}
}

const messageKeyBytes = 4

func (d *decoder) messages() {
	n := d.count(messageKeyBytes + 1)
	f := d.f
	f.Messages = slices.Grow(f.Messages[:0], n)
	for i := range n {
		m := Message{Key: uint32(d.fixed(messageKeyBytes))}
		deeds := d.byte()
		for deed := range m.Deeds {
			if deeds>>deed&1 != 0 {
				m.Deeds[deed] = DeedCount{int64(d.uint()), d.ago()}
				if m.Deeds[deed].Count <= 0 {
					d.fail()
				}
			}
		}
		if deeds>>Deeds != 0 || i >= MaxMessages || i > 0 && m.Key <= f.Messages[i-1].Key {
			d.fail()
		}
		if d.failed {
			return
		}
		f.Messages = append(f.Messages, m)
	}
}
