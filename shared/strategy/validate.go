package strategy

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/weir-engine/weir/shared/segment"
)

// The limits of a strategy.
const (
	MaxMetrics   = 200
	MaxWindows   = 8
	MaxWindow    = 730 // days
	MaxSegments  = 500
	MaxTags      = 64 // tags of conditions: each is a column of the snapshot
	MaxPoints    = 64 // entries of engagement
	MaxEvents    = 200
	MaxEventTags = 200
	MaxStages    = 32
	MaxTiers     = 16
	MaxTemplates = 200
	MaxLocales   = 32
	MaxRules     = 200
	MaxName      = 64       // characters of a name
	MaxTemplate  = 64 << 10 // bytes of a subject or body
)

// The values of Metric.Agg and Metric.Unit.
const (
	AggCount    = "count"
	AggSum      = "sum"
	AggMin      = "min"
	AggMax      = "max"
	AggLast     = "last"
	AggFirst    = "first"
	AggDistinct = "distinct"
	AggTimes    = "times"
	UnitMoney   = "money"
	UnitNumber  = "number"
	UnitText    = "text"
)

var aggregates = []string{AggCount, AggSum, AggMin, AggMax, AggFirst, AggLast, AggDistinct, AggTimes}

// checker checks a decoded strategy.
type checker struct {
	*decoder
	s *Strategy
}

func (c *checker) check() {
	c.header()
	c.events()
	c.metrics()
	c.eventTags()
	c.rfm()
	c.tiers()
	c.lifecycle()
	c.churn()
	c.value()
	c.engagement()
	c.tags()
	c.segments()
	c.templates()
	c.rules()
	c.limits()
}

func (c *checker) header() {
	s := c.s
	if !c.given("weir") {
		c.problem("weir", "the format's version is missing", "weir: 1")
	} else if s.Weir != 1 {
		c.problem("weir", fmt.Sprintf("version %d of the format is not known", s.Weir), "weir: 1")
	}
	if utf8.RuneCountInString(s.Name) > 200 {
		c.problem("name", "the name is longer than 200 characters", "a short name")
	}
	if s.Zone == "" || len(s.Zone) > 64 || strings.ContainsAny(s.Zone, " \t") {
		c.problem("zone", shorten(s.Zone)+" is no time zone", `a name of the tz database such as Asia/Shanghai`)
	}
	if len(s.Currency) != 3 || strings.Trim(s.Currency, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != "" {
		c.problem("currency", shorten(s.Currency)+" is no currency", "three capital letters of ISO 4217 such as USD or CNY")
	}
	c.oneOf("activity.of", s.Activity.Of, ActivityAny, ActivityPurchase, ActivityEvents)
	if s.Activity.Of == ActivityEvents && len(s.Events) == 0 {
		c.problem("activity.of", "no event is declared", "events with at least one name")
	}
	c.filled("purchase.event", s.Purchase.Event)
	c.filled("purchase.amount", s.Purchase.Amount)
	c.filled("refund.event", s.Refund.Event)
	c.filled("refund.amount", s.Refund.Amount)
	if s.Purchase.Event == s.Refund.Event && s.Refund.Event != "" {
		c.problem("refund.event", "purchases and refunds are the same event", "another event than "+shorten(s.Purchase.Event))
	}
}

func (c *checker) filled(path, value string) {
	if strings.TrimSpace(value) == "" {
		c.problem(path, "is empty", "a text")
	}
}

// oneOf demands one of the known values.
func (c *checker) oneOf(path, value string, known ...string) {
	if slices.Contains(known, value) {
		return
	}
	message := shorten(value) + " is not known"
	if value == "" {
		message = "is missing"
	} else if near := segment.Nearest(value, known); near != "" {
		message += ", did you mean " + near + "?"
	}
	c.problem(path, message, "one of "+strings.Join(known, ", "))
}

// limit demands at most most entries.
func (c *checker) limit(path string, n, most int) {
	if n > most {
		c.problem(path, strconv.Itoa(n)+" entries", "at most "+strconv.Itoa(most))
	}
}

// identifier demands a name of small letters, digits and _, for names that stand bare in conditions.
func (c *checker) identifier(path, name string) {
	ok := name != "" && len(name) <= MaxName && (name[0] < '0' || name[0] > '9')
	for i := 0; ok && i < len(name); i++ {
		b := name[i]
		ok = b == '_' || b >= 'a' && b <= 'z' || b >= '0' && b <= '9'
	}
	if !ok {
		c.name(path, name, "a name of small letters, digits and _ that begins with a letter, at most 64")
	}
}

func (c *checker) name(path, name, expected string) {
	if name == "" {
		c.problem(path, "the name is missing", expected)
		return
	}
	c.problem(path, shorten(name)+" is no name", expected)
}

// label demands a name in any script without spaces and separators.
func (c *checker) label(path, name string) {
	bad := func(r rune) bool {
		return r <= ' ' || r == 0x7f || r == 0xa0 || r == 0x3000 || strings.ContainsRune(`"'\,;|`, r)
	}
	if name == "" || utf8.RuneCountInString(name) > MaxName || strings.ContainsFunc(name, bad) {
		c.name(path, name, "a name of at most 64 characters without spaces, quotes and the signs , ; |")
	}
}

// unique demands that a name did not stand before; seen maps names to paths.
func (c *checker) unique(seen map[string]string, path, name string) {
	if before, ok := seen[name]; ok && name != "" {
		c.problem(path, shorten(name)+" stands twice", "another name than that of "+before)
		return
	}
	seen[name] = strings.TrimSuffix(path, ".name")
}

// condition compiles a condition and reports its error at its place in the file.
func (c *checker) condition(path, src string, schema *segment.Schema) {
	_, err := segment.Compile(src, schema)
	if err == nil {
		return
	}
	e, ok := err.(*segment.Error)
	if !ok {
		c.problem(path, err.Error(), "")
		return
	}
	n := c.at(path)
	line, col := n.line, n.col
	message := e.Message
	if e.DidYouMean != "" {
		message += ", did you mean " + e.DidYouMean + "?"
	}
	switch {
	case n.plain && e.Line == 1:
		col += n.quote + e.Col - 1
	case n.literal:
		line, col = line+e.Line, n.indent+e.Col
	default:
		message += fmt.Sprintf(" (line %d, column %d of the condition)", e.Line, e.Col)
	}
	c.ps.add(Problem{Line: line, Col: col, Path: path, Message: message, Expected: e.Expected})
}

func (c *checker) events() {
	c.limit("events", len(c.s.Events), MaxEvents)
	seen := map[string]string{}
	for i, e := range c.s.Events {
		path := fmt.Sprintf("events[%d]", i)
		c.filled(path, e)
		c.unique(seen, path, e)
	}
}

func (c *checker) metrics() {
	c.limit("metrics", len(c.s.Metrics), MaxMetrics)
	seen := map[string]string{}
	for i := range c.s.Metrics {
		m, path := &c.s.Metrics[i], fmt.Sprintf("metrics[%d]", i)
		c.identifier(path+".name", m.Name)
		c.unique(seen, path+".name", m.Name)
		c.filled(path+".event", m.Event)
		c.oneOf(path+".agg", m.Agg, aggregates...)
		c.oneOf(path+".unit", m.Unit, UnitMoney, UnitNumber, UnitText)
		if m.Where != "" {
			c.condition(path+".where", m.Where, segment.PropertySchema())
		}
		c.metricValue(m, path)
		c.windows(m, path)
	}
}

func (c *checker) metricValue(m *Metric, path string) {
	if !slices.Contains(aggregates, m.Agg) {
		return
	}
	events := m.Agg == AggCount || m.Agg == AggTimes
	if m.Value == "" && !events {
		c.problem(path+".value", "the aggregate "+m.Agg+" needs a value", "the path of a property, such as revenue")
	}
	if m.Value != "" && events {
		c.problem(path+".value", m.Agg+" is about events and reads no value", "no value, or agg: sum")
	}
	if m.Unit == UnitText && m.Agg != AggDistinct {
		c.problem(path+".unit", "texts have no "+m.Agg, "agg: distinct, or unit: number or money; the latest text is a trait")
	}
}

func (c *checker) windows(m *Metric, path string) {
	c.limit(path+".windows", len(m.Windows), MaxWindows)
	if len(m.Windows) == 0 {
		c.problem(path+".windows", "no window", "a list of days, as in [30, 90]")
	}
	for i, w := range m.Windows {
		at := fmt.Sprintf("%s.windows[%d]", path, i)
		if w < 1 || w > MaxWindow {
			c.problem(at, fmt.Sprintf("a window of %d days", w), fmt.Sprintf("1 to %d days", MaxWindow))
		} else if i > 0 && w <= m.Windows[i-1] {
			c.problem(at, "the windows do not ascend", "more than "+strconv.Itoa(m.Windows[i-1]))
		}
	}
}

func (c *checker) eventTags() {
	c.limit("event_tags", len(c.s.EventTags), MaxEventTags)
	for i, t := range c.s.EventTags {
		path := fmt.Sprintf("event_tags[%d]", i)
		c.label(path+".tag", t.Tag)
		c.filled(path+".event", t.Event)
		if t.Where != "" {
			c.condition(path+".where", t.Where, segment.PropertySchema())
		}
		if t.For < 0 || t.For > 36_500 {
			c.problem(path+".for_days", fmt.Sprintf("%d days", t.For), "0 (for ever) to 36500")
		}
		if t.Clear && t.For != 0 {
			c.problem(path+".for_days", "a tag that is removed has no duration", "no for_days beside clear: true")
		}
	}
}

func (c *checker) tiers() {
	c.limit("tiers", len(c.s.Tiers), MaxTiers)
	if len(c.s.Tiers) == 0 {
		c.problem("tiers", "no tier", "at least one tier; without the key tiers there are four")
	}
	seen, before := map[string]string{}, 0.0
	for i, t := range c.s.Tiers {
		path := fmt.Sprintf("tiers[%d]", i)
		c.label(path+".name", t.Name)
		c.unique(seen, path+".name", t.Name)
		switch last := i == len(c.s.Tiers)-1; {
		case t.Top <= before || t.Top > 1:
			c.problem(path+".top", fmt.Sprintf("top is %v", t.Top), fmt.Sprintf("a share of users above %v, at most 1", before))
		case last && t.Top != 1:
			c.problem(path+".top", fmt.Sprintf("the last tier ends at %v", t.Top), "1: the last tier holds everybody else")
		}
		before = max(before, t.Top)
	}
}

func (c *checker) rfm() {
	r := &c.s.RFM
	c.oneOf("rfm.ties", r.Ties, TiesMinRank, TiesNtileFirst, TiesFixed)
	c.oneOf("rfm.grid", r.Grid, GridTen, GridEleven)
	c.oneOf("rfm.cn.m_kind", r.CN.MKind, "total", "average")
	c.oneOf("rfm.cn.cut", r.CN.Cut, "mean", "median", "fixed")
	for _, cuts := range []struct {
		path   string
		values []float64
	}{{"rfm.recency", r.Recency}, {"rfm.frequency", r.Freq}, {"rfm.monetary", r.Money}} {
		if r.Ties != TiesFixed {
			if len(cuts.values) > 0 {
				c.problem(cuts.path, "cuts are given but not used", "ties: fixed beside cuts, or no cuts")
			}
			continue
		}
		if len(cuts.values) != 4 {
			c.problem(cuts.path, strconv.Itoa(len(cuts.values))+" cuts", "four ascending numbers between the five scores")
			continue
		}
		for i := 1; i < 4; i++ {
			if cuts.values[i] <= cuts.values[i-1] {
				c.problem(fmt.Sprintf("%s[%d]", cuts.path, i), "the cuts do not ascend", fmt.Sprintf("more than %v", cuts.values[i-1]))
			}
		}
	}
	if fixed := r.CN.Fixed != [3]float64{}; fixed != (r.CN.Cut == "fixed") {
		c.problem("rfm.cn.fixed", "fixed cuts and cut: fixed belong together", "cut: fixed with fixed: [days, purchases, major units]")
	}
}
