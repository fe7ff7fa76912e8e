package outreach

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/strategy"
)

const hour = 3_600_000 // milliseconds

// Sent is a message that was handed over to a user, as caps count it.
type Sent struct {
	Mark    uint64 // of the message: see Mark
	At      int64  // when it was claimed, unix milliseconds
	Channel string
	Tags    []string // of the rule, at that time
}

// Mark stands for a message in a Log: a hash of its id.
func Mark(id string) uint64 { return event.UserHash(id) }

// Log holds the messages of one user that caps can count, from the oldest: those of strategy.MaxCapWindow, and of each channel, each tag
// and each pair of both the newest strategy.MaxCap. No cap counts more.
type Log []Sent

// maxLog bounds a log whatever tags it holds.
const maxLog = 2000

// Over says that a message is beyond a cap.
type Over struct {
	Cap   strategy.Cap
	Until int64 // when the cap has room again if nothing else is sent, unix milliseconds
}

// Error says which cap.
func (o *Over) Error() string {
	return fmt.Sprintf("%s allows %d messages in %s", o.Cap.Name, o.Cap.Max, windowText(o.Cap.Window()))
}

// Fault is the Over as the error of a port: TooLarge, with the Over as its cause.
func (o *Over) Fault() error {
	return fault.New(fault.TooLarge, "%s", o.Error()).WithHint("wait until the oldest of them leaves the window, or raise the cap").Because(o)
}

func windowText(hours int) string {
	if hours%24 == 0 {
		return fmt.Sprintf("%d days", hours/24)
	}
	return fmt.Sprintf("%d hours", hours)
}

// Over returns the cap that a message by a channel, with the tags of its rule, would exceed at a moment; nil when there is room. Of
// several, one that drops comes first, then the one that lasts the longest.
func (l Log) Over(caps []strategy.Cap, channel string, tags []string, at int64) (over *Over) {
	for i := range caps {
		c := &caps[i]
		if !Counts(c, channel, tags) {
			continue
		}
		window := int64(c.Window()) * hour
		var times []int64
		for _, s := range l {
			if at-s.At < window && Counts(c, s.Channel, s.Tags) {
				times = append(times, s.At)
			}
		}
		if len(times) < c.Max {
			continue
		}
		slices.Sort(times)
		found := &Over{Cap: *c, Until: times[len(times)-c.Max] + window}
		if over == nil || found.drops() && !over.drops() || found.drops() == over.drops() && found.Until > over.Until {
			over = found
		}
	}
	return over
}

func (o *Over) drops() bool { return o.Cap.Then == strategy.ThenDrop }

// Counts reports whether a cap counts messages by a channel of a rule with tags.
func Counts(c *strategy.Cap, channel string, tags []string) bool {
	return (c.Channel == "" || c.Channel == channel) && (c.Tag == "" || slices.Contains(tags, c.Tag))
}

// Add returns the log with one message more, without what no cap can count any more at that moment.
func (l Log) Add(s Sent) Log { return l.union(Log{s}).prune(s.At) }

// Remove returns the log without a message.
func (l Log) Remove(mark uint64) Log {
	return slices.DeleteFunc(slices.Clone(l), func(s Sent) bool { return s.Mark == mark })
}

// Union returns the messages of both logs: those of two users who are one. It depends on the order of neither.
func Union(a, b Log) Log {
	all := a.union(b)
	if len(all) == 0 {
		return nil
	}
	return all.prune(all[len(all)-1].At)
}

func (l Log) union(other Log) Log {
	all := append(slices.Clone(l), other...)
	slices.SortFunc(all, func(a, b Sent) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Mark, b.Mark), cmp.Compare(a.Channel, b.Channel), slices.Compare(a.Tags, b.Tags))
	})
	return slices.CompactFunc(all, func(a, b Sent) bool { return a.At == b.At && a.Mark == b.Mark })
}

// prune leaves out what no cap can count at a moment, or later.
func (l Log) prune(at int64) Log {
	type counted struct{ channel, tag string }
	seen := map[counted]int{}
	var kept Log
	for _, s := range slices.Backward(l) {
		if at-s.At >= strategy.MaxCapWindow*hour || len(kept) == maxLog {
			continue
		}
		needed := false
		for _, tag := range append([]string{""}, s.Tags...) {
			for _, key := range []counted{{"", tag}, {s.Channel, tag}} {
				seen[key]++
				needed = needed || seen[key] <= strategy.MaxCap
			}
		}
		if needed {
			kept = append(kept, s)
		}
	}
	slices.Reverse(kept)
	return kept
}

// logVersion is the first byte of an encoded log.
const logVersion = 1

// Encode writes the log: the version, the names of channels and tags, and the messages by their places among them.
func (l Log) Encode() []byte {
	var names []string
	place := func(name string) uint64 {
		i := slices.Index(names, name)
		if i < 0 {
			i, names = len(names), append(names, name)
		}
		return uint64(i)
	}
	var body []byte
	before := int64(0)
	for _, s := range l {
		body = binary.AppendVarint(body, s.At-before)
		before = s.At
		body = binary.BigEndian.AppendUint64(body, s.Mark)
		body = binary.AppendUvarint(body, place(s.Channel))
		body = binary.AppendUvarint(body, uint64(len(s.Tags)))
		for _, tag := range s.Tags {
			body = binary.AppendUvarint(body, place(tag))
		}
	}
	out := binary.AppendUvarint([]byte{logVersion}, uint64(len(names)))
	for _, name := range names {
		out = append(binary.AppendUvarint(out, uint64(len(name))), name...)
	}
	return append(binary.AppendUvarint(out, uint64(len(l))), body...)
}

// DecodeLog reads what Encode wrote; nothing is the empty log. Internal when it is damaged or of a later version.
func DecodeLog(b []byte) (Log, error) {
	if len(b) == 0 {
		return nil, nil
	}
	r := logReader{b: b[1:], ok: b[0] == logVersion}
	names := make([]string, r.count(len(b)))
	for i := range names {
		n := r.count(len(r.b))
		if r.ok = r.ok && n <= len(r.b); !r.ok {
			break
		}
		names[i], r.b = string(r.b[:n]), r.b[n:]
	}
	name := func() string {
		if i := r.count(len(names) - 1); r.ok {
			return names[i]
		}
		return ""
	}
	var l Log
	at := int64(0)
	for n := r.count(len(r.b)); n > 0 && r.ok; n-- {
		at += r.signed()
		s := Sent{At: at, Mark: r.fixed()}
		s.Channel = name()
		for tags := r.count(len(r.b)); tags > 0 && r.ok; tags-- {
			s.Tags = append(s.Tags, name())
		}
		l = append(l, s)
	}
	if !r.ok || len(r.b) > 0 {
		return nil, fault.New(fault.Internal, "the record of the messages that a user got is damaged, or of a newer Weir").
			WithHint("restore it from a backup, or use the newer version")
	}
	return l, nil
}

// logReader reads numbers until the first that is not there.
type logReader struct {
	b  []byte
	ok bool
}

// count reads a number that is at most most.
func (r *logReader) count(most int) int {
	v, n := binary.Uvarint(r.b)
	if !r.ok || n <= 0 || most < 0 || v > uint64(most) {
		r.ok = false
		return 0
	}
	r.b = r.b[n:]
	return int(v)
}

func (r *logReader) signed() int64 {
	v, n := binary.Varint(r.b)
	if !r.ok || n <= 0 {
		r.ok = false
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *logReader) fixed() uint64 {
	if !r.ok || len(r.b) < 8 {
		r.ok = false
		return 0
	}
	v := binary.BigEndian.Uint64(r.b)
	r.b = r.b[8:]
	return v
}
