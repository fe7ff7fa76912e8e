package app

import (
	"context"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/zone"
)

// Switch is the state of the kill switch.
type Switch struct {
	Stopped bool   `json:"stopped"`
	At      int64  `json:"at"`
	Note    string `json:"note,omitempty"`
}

// Outreach is what the outreach is doing.
type Outreach struct {
	Switch
	Day     zone.Day
	Ceiling int
	Sent    int // claimed today
	Counts  map[IntentStatus]int64
	Live    *Live
}

// Outreach returns the state of the kill switch, the ceiling and the intents.
func (a *App) Outreach(ctx context.Context) (Outreach, error) {
	live, err := a.Live(ctx)
	if err != nil {
		return Outreach{}, err
	}
	now, err := a.now(ctx)
	if err != nil {
		return Outreach{}, err
	}
	o := Outreach{Live: live, Day: live.Zone.Day(now), Ceiling: live.Engine.Strategy().Outreach.DailyCeiling}
	if o.Switch, err = a.killSwitch(ctx); err != nil {
		return o, err
	}
	if o.Sent, err = a.ports.Intents.Claimed(ctx, o.Day); err != nil {
		return o, fault.Wrap(err, "count today's messages")
	}
	if o.Counts, err = a.ports.Intents.Counts(ctx); err != nil {
		return o, fault.Wrap(err, "count the messages")
	}
	return o, nil
}

func (a *App) killSwitch(ctx context.Context) (Switch, error) {
	var s Switch
	_, err := a.getDoc(ctx, docStopped, &s)
	return s, err
}

// StopOutreach stops all outreach before the next message. What is pending waits.
func (a *App) StopOutreach(ctx context.Context, note string) error {
	return a.putDoc(ctx, docStopped, Switch{Stopped: true, At: a.ports.Clock(), Note: note})
}

// ResumeOutreach lets messages go out again.
func (a *App) ResumeOutreach(ctx context.Context) error {
	return a.putDoc(ctx, docStopped, Switch{At: a.ports.Clock()})
}

// DeliverReport is the outcome of a delivery.
type DeliverReport struct {
	Sent       int64 `json:"sent"`
	Suppressed int64 `json:"suppressed"`
	Unknown    int64 `json:"unknown"`
	Held       bool  `json:"held"` // the kill switch or the daily ceiling holds the rest
}

// Deliver sends what is pending: each message at most once. A message that a crash left between its claim and its record is
// sent again by a channel that knows it by its id, and is shown as unknown otherwise.
func (a *App) Deliver(ctx context.Context) (DeliverReport, error) {
	a.delivering.Lock()
	defer a.delivering.Unlock()
	d := &delivery{app: a}
	if err := d.recover(ctx); err != nil {
		return d.report, err
	}
	for !d.report.Held {
		pending, err := a.ports.Intents.List(ctx, IntentQuery{Status: IntentPending, Limit: 500})
		if err != nil {
			return d.report, fault.Wrap(err, "read the pending messages")
		}
		if len(pending) == 0 {
			break
		}
		for _, in := range pending {
			if err := d.one(ctx, in); err != nil {
				return d.report, fault.Wrap(err, "deliver the message %s", in.ID)
			}
			if d.report.Held {
				break
			}
		}
	}
	return d.report, nil
}

// DeliverThese sends the given intents where they are still pending, as Deliver does. Several processes may do it at the same time:
// an intent is claimed once.
func (a *App) DeliverThese(ctx context.Context, intents []Intent) (DeliverReport, error) {
	d := &delivery{app: a}
	for _, in := range intents {
		err := d.one(ctx, in)
		if err != nil && !fault.Is(err, fault.Conflict) { // a conflict: another process settled it
			return d.report, fault.Wrap(err, "deliver the message %s", in.ID)
		}
		if d.report.Held {
			break
		}
	}
	return d.report, nil
}

// delivery is one run of Deliver.
type delivery struct {
	app    *App
	report DeliverReport
}

// handOver is the longest that handing a message over takes where several processes do it (milliseconds): what was claimed longer
// ago has no process any more.
const handOver = 20 * 60_000

// recover settles what an earlier run claimed and did not record.
func (d *delivery) recover(ctx context.Context) error {
	now, err := d.app.now(ctx)
	if err != nil {
		return err
	}
	for after := ""; ; {
		claimed, err := d.app.ports.Intents.List(ctx, IntentQuery{Status: IntentClaimed, After: after, Limit: 500})
		if err != nil {
			return fault.Wrap(err, "read the claimed messages")
		}
		if len(claimed) == 0 {
			return nil
		}
		after = claimed[len(claimed)-1].ID
		for _, in := range claimed {
			if d.app.holder != "" && now-in.Claimed < handOver {
				continue // another process may be at it
			}
			if channel := d.app.ports.Channels[in.Channel]; channel != nil && channel.Idempotent() {
				stop, e := d.app.killSwitch(ctx)
				if e != nil || stop.Stopped {
					d.report.Held = stop.Stopped
					return e
				}
				err = d.send(ctx, in, channel)
			} else {
				err = d.settle(ctx, in, IntentUnknown, "the program stopped while the message was handed over: it may or may not have arrived")
			}
			if err != nil {
				return fault.Wrap(err, "settle the message %s", in.ID)
			}
		}
	}
}

// one delivers one pending intent or says why not.
func (d *delivery) one(ctx context.Context, in Intent) error {
	a := d.app
	live, err := a.Live(ctx)
	if err != nil {
		return err
	}
	stop, err := a.killSwitch(ctx)
	if err != nil {
		return err
	}
	if stop.Stopped {
		d.report.Held = true
		return nil
	}
	why, err := d.suppressed(ctx, in)
	if err != nil {
		return err
	}
	if why != "" {
		return d.settle(ctx, in, IntentSuppressed, why)
	}
	message, why, err := d.render(ctx, live, in)
	if err != nil {
		return err
	}
	if why != "" {
		return d.settle(ctx, in, IntentSuppressed, why)
	}
	now, err := a.now(ctx)
	if err != nil {
		return err
	}
	claimed, err := a.ports.Intents.Claim(ctx, in.ID, now, live.Zone.Day(now), live.Engine.Strategy().Outreach.DailyCeiling)
	if fault.Is(err, fault.TooLarge) {
		d.report.Held = true
		return nil
	}
	if err != nil || !claimed {
		return err
	}
	in.Status, in.Claimed, in.Subject, in.Body = IntentClaimed, now, message.Subject, message.Body
	return d.send(ctx, in, a.ports.Channels[in.Channel])
}

// suppressed returns why a message must not go out, "" when it may.
func (d *delivery) suppressed(ctx context.Context, in Intent) (string, error) {
	if in.Shadow {
		return "shadow: the rule decides and records, and never sends", nil
	}
	if d.app.ports.Channels[in.Channel] == nil {
		return "channel: no channel is called " + in.Channel, nil
	}
	items, err := d.app.ports.Profiles.Get(ctx, []string{in.Key})
	if err != nil {
		return "", fault.Wrap(err, "read the profile of %s", in.Key)
	}
	if items[0].Version == 0 {
		return "user: the profile was merged into another user's, or is gone", nil
	}
	return d.withdrawn(items[0])
}

// withdrawn looks for the trait by which a user refuses messages.
func (d *delivery) withdrawn(item Item) (string, error) {
	facts, err := decodeFacts(item)
	if err != nil {
		return "", err
	}
	for _, t := range facts.Traits {
		if yes, ok := t.Value.Bool(); ok && yes && t.Name == "unsubscribed" {
			return "consent: the user has the trait unsubscribed", nil
		}
	}
	return "", nil
}

// send hands a claimed message over and records it.
func (d *delivery) send(ctx context.Context, in Intent, channel Channel) error {
	if in.Body == "" && in.Subject == "" { // claimed by a run that died: render again
		live, err := d.app.Live(ctx)
		if err != nil {
			return err
		}
		message, why, err := d.render(ctx, live, in)
		if err != nil {
			return err
		}
		if why != "" {
			return d.settle(ctx, in, IntentUnknown, why)
		}
		in.Subject, in.Body = message.Subject, message.Body
	}
	err := channel.Send(ctx, Message{
		ID: in.ID, User: in.Key, Rule: in.Rule, Channel: in.Channel, Subject: in.Subject, Body: in.Body, At: in.Claimed,
	})
	if err != nil {
		return fault.Wrap(err, "hand the message to %s", in.Channel)
	}
	return d.settle(ctx, in, IntentSent, "")
}

// settle records the fate of an intent.
func (d *delivery) settle(ctx context.Context, in Intent, fate IntentStatus, why string) error {
	from := in.Status
	now, err := d.app.now(ctx)
	if err != nil {
		return err
	}
	in.Status, in.Why, in.Settled = fate, why, now
	if err := d.app.ports.Intents.Settle(ctx, in, from); err != nil {
		return fault.Wrap(err, "record the message's fate")
	}
	switch fate {
	case IntentSent:
		d.report.Sent++
	case IntentSuppressed:
		d.report.Suppressed++
	case IntentUnknown:
		d.report.Unknown++
	}
	return nil
}

// Outbox returns a page of messages, newest first.
func (a *App) Outbox(ctx context.Context, q IntentQuery) (page []Intent, next string, err error) {
	q.Limit = min(max(q.Limit, 1), 1000)
	page, err = a.ports.Intents.List(ctx, q)
	if err != nil {
		return nil, "", fault.Wrap(err, "read the messages")
	}
	if len(page) == q.Limit {
		next = page[len(page)-1].ID
	}
	return page, next, nil
}

// UserMessages returns the messages of a user under all of the user's ids.
func (a *App) UserMessages(ctx context.Context, id string, after string, limit int) (key string, page []Intent, next string, err error) {
	if key, _, err = a.canonical(ctx, id); err != nil {
		return "", nil, "", err
	}
	page, next, err = a.Outbox(ctx, IntentQuery{Key: key, After: after, Limit: limit})
	return key, page, next, err
}
