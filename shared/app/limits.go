package app

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/weir-engine/weir/shared/outreach"
	"github.com/weir-engine/weir/shared/strategy"
	"github.com/weir-engine/weir/shared/zone"
)

// limit is why a message does not go out at a moment although it may.
type limit struct {
	why   string
	until int64 // when it could, unix milliseconds
	drop  bool  // it is not to wait
}

// quietAt returns the quiet hours of a channel that a moment falls into, by the user's clock; nil when it falls into none. Where the user's
// zone is not known (nil) the project's clock counts, and the message waits whatever the strategy says.
func quietAt(live *Live, o *strategy.Outreach, channel string, own *zone.Zone, now int64) *limit {
	q, ok := o.Quiet[channel]
	if !ok {
		return nil
	}
	z, whose := own, "the user's zone "
	if own == nil {
		z, whose = live.Zone, "the project's zone, for the user's is not known: "
	}
	until := outreach.QuietUntil(&q, z, now)
	if until == now {
		return nil
	}
	why := fmt.Sprintf("quiet: by %s from %s to %s in %s%s", channel, q.From, q.To, whose, z.Name())
	return &limit{why: why, until: until, drop: own != nil && q.Then == strategy.ThenDrop}
}

// beyond drops a message that is beyond a limit or holds it, at most until it expires.
func (d *delivery) beyond(ctx context.Context, o *strategy.Outreach, in Intent, l *limit) error {
	if l.drop {
		return d.settle(ctx, in, IntentSuppressed, l.why)
	}
	d.report.Waiting++
	err := d.app.ports.Intents.Hold(ctx, in.ID, min(l.until, expiry(o, in)), l.why)
	return wrapped(err, "let the message wait")
}

// expiry is the moment from which a message is not sent any more.
func expiry(o *strategy.Outreach, in Intent) int64 {
	return in.Due + int64(o.Expiry())*time.Hour.Milliseconds()
}

func expired(o *strategy.Outreach, in Intent, now int64) bool { return now >= expiry(o, in) }

// expire gives a message up, and keeps why it waited.
func (d *delivery) expire(ctx context.Context, o *strategy.Outreach, in Intent) error {
	why := fmt.Sprintf("expired: it was not sent within %d hours", o.Expiry())
	if in.Why != "" {
		why += "; at last " + strings.TrimSpace(in.Why)
	}
	return d.settle(ctx, in, IntentExpired, why)
}
