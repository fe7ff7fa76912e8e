package eventfile

import (
	"strings"
	"time"

	"github.com/weir-engine/weir/shared/event"
)

// layout says how a column writes a time.
type layout struct {
	kind layoutKind
	text string // a layout of package time
}

type layoutKind uint8

const (
	layoutRFC3339 layoutKind = iota
	layoutUnix
	layoutUnixMS
	layoutGo
)

// parseLayout reads rfc3339, unix, unix_ms, strftime ("%Y-%m-%d"), tokens ("YYYY-MM-DD HH:mm:ss") or Go's own layouts
// ("2006-01-02").
func parseLayout(n node) layout {
	text := n.text()
	switch text {
	case "rfc3339", "iso8601":
		return layout{}
	case "unix":
		return layout{kind: layoutUnix}
	case "unix_ms":
		return layout{kind: layoutUnixMS}
	}
	goText := text
	if strings.Contains(text, "%") {
		goText = strftime(n, text)
	} else if strings.Contains(text, "YY") || strings.Contains(text, "yy") {
		goText = tokens.Replace(text)
	}
	probe := time.Date(2023, 11, 24, 13, 14, 15, 0, time.UTC)
	back, err := time.Parse(goText, probe.Format(goText))
	if err != nil || back.Year() != 2023 || back.YearDay() != probe.YearDay() {
		n.errorf("write rfc3339, unix, unix_ms, strftime such as \"%Y-%m-%d %H:%M:%S\", tokens such as \"YYYY-MM-DD HH:mm:ss\", or Go's \"2006-01-02 15:04:05\"",
			"layout %q does not give year, month and day", text)
	}
	return layout{layoutGo, goText}
}

var tokens = strings.NewReplacer("YYYY", "2006", "yyyy", "2006", "YY", "06", "yy", "06", "MMMM", "January", "MMM", "Jan", "MM", "01", "DD", "02", "dd", "02",
	"HH", "15", "hh", "03", "mm", "04", "ss", "05", ".SSS", "", ".sss", "", "ZZ", "-0700", "Z", "Z07:00", "A", "PM", "a", "pm", "M", "1", "D", "2", "h", "3")

var directives = map[byte]string{'Y': "2006", 'y': "06", 'm': "01", 'd': "02", 'e': "_2", 'H': "15", 'I': "03", 'M': "04", 'S': "05", 'p': "PM", 'b': "Jan", 'B': "January",
	'a': "Mon", 'A': "Monday", 'z': "-0700", 'j': "002", 'T': "15:04:05", 'F': "2006-01-02", 'D': "01/02/06", '%': "%"}

func strftime(n node, text string) string {
	text = strings.ReplaceAll(strings.ReplaceAll(text, ".%f", ""), "%:z", "-07:00")
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			b.WriteByte(text[i])
			continue
		}
		i++
		if i == len(text) || directives[text[i]] == "" {
			n.errorf("", "unknown directive %q in layout %q", text[i-1:min(i+1, len(text))], text)
			return "2006-01-02"
		}
		b.WriteString(directives[text[i]])
	}
	return b.String()
}

// clock reads times and remembers the last one of each value, since neighbouring rows often share a day.
type clock struct {
	zones map[string]*time.Location
	last  map[*value]*remembered
}

type remembered struct {
	text string
	ms   int64
}

// parse returns unix milliseconds.
func (c *clock) parse(v *value, text string) (ms int64, ok bool) {
	last := c.last[v]
	if last != nil && last.text == text {
		return last.ms, true
	}
	if ms, ok = c.parseNew(v, text); !ok {
		return 0, false
	}
	if last == nil {
		last = &remembered{}
		c.last[v] = last
	}
	last.text, last.ms = strings.Clone(text), ms
	return ms, true
}

func (c *clock) parseNew(v *value, text string) (ms int64, ok bool) {
	number := event.Value{Kind: event.String, Raw: text}
	switch v.layout.kind {
	case layoutUnix:
		return number.Scaled(3)
	case layoutUnixMS:
		return number.Scaled(0)
	case layoutRFC3339:
		if loc := c.zones[v.zone]; loc != time.UTC && event.IsLocalTime(text) {
			at, ok := event.ParseTime(text)
			if !ok {
				return 0, false
			}
			wall := time.UnixMilli(at).UTC()
			return time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), wall.Nanosecond(), loc).UnixMilli(), true
		}
		return event.ParseTime(text)
	}
	t, err := time.ParseInLocation(v.layout.text, text, c.zones[v.zone])
	if err != nil {
		return 0, false
	}
	return t.UnixMilli(), true
}
