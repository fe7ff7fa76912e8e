package segment

import (
	"slices"
	"strings"
)

// AnyMessage in message("*") stands for the messages of every rule, and for those that name none.
const AnyMessage = "*"

// The values of Ref.Stat for messages. Numbers count events, 0 when there is none; times are those of the latest, null when
// there is none.
const (
	StatTriggered     = "triggered"      // number: how often Weir decided to send
	StatDelivered     = "delivered"      // number
	StatOpened        = "opened"         // number
	StatClicked       = "clicked"        // number
	StatBounced       = "bounced"        // number
	StatLastTriggered = "last_triggered" // time
	StatLastDelivered = "last_delivered" // time
	StatLastOpened    = "last_opened"    // time
	StatLastClicked   = "last_clicked"   // time
	StatLastBounced   = "last_bounced"   // time
)

var messageStats = []string{
	StatTriggered, StatDelivered, StatOpened, StatClicked, StatBounced,
	StatLastTriggered, StatLastDelivered, StatLastOpened, StatLastClicked, StatLastBounced,
}

// MessageStats returns what message("NAME") has, the numbers before the times.
func MessageStats() []string { return slices.Clone(messageStats) }

const (
	lastPrefix = "last_"
	daysPrefix = "days_since_" // message("NAME").days_since_opened is days_since(message("NAME").last_opened)
)

// message reads message("NAME").STAT.
func (p *parser) message(t token) (*Node, *Error) {
	const form = `message("rule").opened, .last_opened or .days_since_opened; likewise triggered, delivered, clicked, bounced`
	name, err := p.quotedArgument(`message("rule").opened`)
	if err != nil {
		return nil, err
	}
	if !p.is(".") {
		return nil, p.fail("found " + p.tok.describe() + " after the message").expect(form)
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	stat, days := strings.CutPrefix(p.tok.text, daysPrefix)
	if days {
		stat = lastPrefix + stat
	}
	if p.tok.kind != tokName || !slices.Contains(messageStats, stat) {
		return nil, p.fail("a message has no "+p.tok.describe()).expect(form).suggest(p.tok.text, messageStats, same)
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	last, err := p.refNode(t.offset, Ref{Kind: RefMessage, Name: name, Stat: stat})
	if err != nil || !days {
		return last, err
	}
	n, err := p.node(OpCall, t.offset, last)
	if err != nil {
		return nil, err
	}
	n.Str = functions[fnDaysSince].name
	return n, nil
}

func (c *checker) message(n *Node, r *Ref) *Error {
	r.Type = TNumber
	if strings.HasPrefix(r.Stat, lastPrefix) {
		r.Type = TTime
	}
	if !slices.Contains(messageStats, r.Stat) {
		return c.fail(n, "a message has no "+shorten(r.Stat)).expect("one of " + strings.Join(messageStats, ", "))
	}
	if r.Name == AnyMessage || slices.Contains(c.schema.messages, r.Name) {
		return nil
	}
	e := c.fail(n, "there is no rule or template "+quote(shorten(r.Name))).expect(`a rule or template of the strategy, or "*" for every message; a campaign of another tool is counted by a metric on its events`)
	return e.suggest(r.Name, c.schema.messages, quote)
}

// messageDays returns the reference of message("NAME").days_since_STAT, nil for every other node.
func (n *Node) messageDays() *Ref {
	if n.Op != OpCall || n.Str != functions[fnDaysSince].name || len(n.Args) != 1 || n.Args[0].Op != OpRef {
		return nil
	}
	if r := n.Args[0].Ref; r.Kind == RefMessage && strings.HasPrefix(r.Stat, lastPrefix) {
		return r
	}
	return nil
}

func (r *Ref) appendDays(dst []byte) []byte {
	dst = appendQuoted(append(dst, "message("...), r.Name)
	dst = append(append(dst, ")."...), daysPrefix...)
	return append(dst, strings.TrimPrefix(r.Stat, lastPrefix)...)
}
