package strategy

import (
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/segment"
)

// What the error of a measure asks for can be pasted into the file, and then the condition compiles.
func TestMissingMetricsCanBePasted(t *testing.T) {
	for _, src := range []string{
		`count("Tea", 30) > 1`, `count("*" where properties.a == "x\"y\n", 730) > 1`, `distinct("茶", kind, 7) > 1`, `min("Tea", properties["odd name"].x, 7) > 1`,
		`first("Tea", price, 7) > 1`, `first("Tea", 7) > days_ago(3)`, `last("Tea" where properties.x, 9) == null`, `first_time("Tea", 30)`, `first_time("Tea's \"best\"", 30)`,
		`first_time("*", 30)`, `regularly("Tea: hot", 3 per 7, 4 of 6)`, `stopped("- {Tea}", 3 per 28, for 14)`, `resumed("Tea", after 30, 7)`,
		`resumed("Tea" where properties.x > 1, after 30, 7)`, `sequence("A", "B" where properties.x in ["a", null], "A", "B", within 7)`, `sequence("A", "*", within 7, 60)`,
	} {
		s := Default()
		_, err := segment.Compile(src, s.SegmentSchema())
		e, ok := err.(*segment.Error)
		if !ok {
			t.Errorf("%s: %v", src, err)
			continue
		}
		asked, _ := strings.CutPrefix(e.Expected, "in the strategy ")
		events, metrics, both := strings.Cut(asked, ", and under metrics: ")
		if !both {
			events, metrics = "", ""
			if rest, ok := strings.CutPrefix(asked, "under events: "); ok {
				events = rest
			} else {
				metrics = strings.TrimPrefix(asked, "under metrics: ")
			}
		}
		text := "weir: 1\n"
		if events = strings.TrimPrefix(events, "under events: "); events != "" {
			text += "events:\n  " + events + "\n"
		}
		if metrics != "" {
			text += "metrics:\n  " + strings.ReplaceAll(metrics, "]} and - {", "]}\n  - {") + "\n"
		}
		s, err = Parse([]byte(text))
		if err != nil {
			t.Errorf("%s\n%s\n%v", src, text, err)
			continue
		}
		if p, err := segment.Compile(src, s.SegmentSchema()); err != nil {
			t.Errorf("%s\n%s\n%v", src, text, err)
		} else if len(p.Refs()) != 1 {
			t.Errorf("%s: %v", src, p.Refs())
		}
	}
}
