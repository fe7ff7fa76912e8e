package score

import (
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/segment"
)

// message answers what became of the messages of a rule or template: deeds from the events that came back, triggers from STATE.
func (v *env) message(ref *segment.Ref) segment.Value {
	deed, ok := profile.DeedOf(ref.Stat)
	if !ok {
		return v.triggered(ref)
	}
	c := v.f.Message(ref.Name).Deeds[deed]
	switch {
	case ref.Type == segment.TNumber:
		return number(int(c.Count))
	case c.Count == 0:
		return segment.Null
	}
	return segment.Time(c.Last)
}

// triggered answers how often and when last rules decided for the user, as the decisions so far settled it.
func (v *env) triggered(ref *segment.Ref) segment.Value {
	count, last := int64(0), int64(0)
	if v.st != nil {
		for i := range v.st.Episodes {
			if p := &v.st.Episodes[i]; p.Counter > 0 && v.e.sends(p.Rule, ref.Name) {
				if count == 0 || p.Start > last {
					last = p.Start
				}
				count += p.Counter
			}
		}
	}
	switch {
	case ref.Type == segment.TNumber:
		return number(int(count))
	case count == 0:
		return segment.Null
	}
	return segment.Time(last)
}

// sends reports whether a rule's messages go by a name: the rule's own, its template's, or "*". A rule that is gone from the
// strategy still has its own.
func (e *Engine) sends(rule, name string) bool {
	if name == rule || name == segment.AnyMessage {
		return true
	}
	rules := e.s.Outreach.Rules
	for i := range rules {
		if rules[i].Name == rule {
			return rules[i].Template == name
		}
	}
	return false
}
