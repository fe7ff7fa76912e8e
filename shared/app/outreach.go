package app

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/weir-engine/weir/shared/contact"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/outreach"
	"github.com/weir-engine/weir/shared/strategy"
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
	Withheld   int64 `json:"withheld"` // of users in the holdout
	Expired    int64 `json:"expired"`
	Waiting    int64 `json:"waiting"` // held back until a moment of their own
	Held       bool  `json:"held"`    // the kill switch or the daily ceiling holds the rest
}

// Deliver sends what is pending and ready: each message at most once. A message that a crash left between its claim and its record is
// sent again by a channel that knows it by its id, and is shown as unknown otherwise. Behind the daily ceiling it looks on for messages
// that have expired.
func (a *App) Deliver(ctx context.Context) (DeliverReport, error) {
	a.delivering.Lock()
	defer a.delivering.Unlock()
	d := &delivery{app: a}
	if err := d.recover(ctx); err != nil {
		return d.report, err
	}
	now, err := a.now(ctx)
	if err != nil {
		return d.report, err
	}
	for after := ""; !d.stopped(); {
		pending, err := a.ports.Intents.List(ctx, IntentQuery{Status: IntentPending, Ready: now, After: after, Limit: 500})
		if err != nil {
			return d.report, fault.Wrap(err, "read the pending messages")
		}
		if len(pending) == 0 {
			break
		}
		after = pending[len(pending)-1].ID
		for _, in := range pending {
			if d.full != nil && !expired(d.full, in, now) {
				continue
			}
			if err := d.one(ctx, in); err != nil {
				return d.report, fault.Wrap(err, "deliver the message %s", in.ID)
			}
			if d.stopped() {
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
	graves *graves            // read with the first message
	full   *strategy.Outreach // set when the daily ceiling was reached
}

// stopped reports whether nothing more is to be looked at.
func (d *delivery) stopped() bool { return d.report.Held && d.full == nil }

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
				err = d.again(ctx, in)
			} else {
				err = d.settle(ctx, in, IntentUnknown, "the program stopped while the message was handed over: it may or may not have arrived")
			}
			if err != nil {
				return fault.Wrap(err, "settle the message %s", in.ID)
			}
		}
	}
}

// again hands over what a run claimed that died. The channel knows the message by its id.
func (d *delivery) again(ctx context.Context, in Intent) error {
	live, err := d.app.Live(ctx)
	if err != nil {
		return err
	}
	m, _, why, err := d.prepare(ctx, live, in)
	if err != nil {
		return err
	}
	if why != "" {
		return d.settle(ctx, in, IntentUnknown, why)
	}
	return d.send(ctx, live, in, m)
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
	now, err := a.now(ctx)
	if err != nil {
		return err
	}
	if in.Held > now {
		d.report.Waiting++
		return nil
	}
	rules := &live.Engine.Strategy().Outreach
	if expired(rules, in, now) {
		return d.expire(ctx, rules, in)
	}
	message, user, why, err := d.prepare(ctx, live, in)
	if err != nil {
		return err
	}
	if why != "" {
		return d.settle(ctx, in, IntentSuppressed, why)
	}
	if outreach.InHoldout(&rules.Holdout, in.Key) {
		return d.settle(ctx, in, IntentWithheld, fmt.Sprintf("holdout: the user is among the %d %% who get no message", rules.Holdout.Percent))
	}
	if quiet := quietAt(live, rules, in.Channel, user.zone, now); quiet != nil {
		return d.beyond(ctx, rules, in, quiet)
	}
	claim := Claim{ID: in.ID, At: now, Day: live.Zone.Day(now), Ceiling: rules.DailyCeiling, Caps: rules.Caps}
	if r := rules.Rule(in.Rule); r != nil {
		claim.Tags = r.Tags
	}
	claimed, err := a.ports.Intents.Claim(ctx, claim)
	var over *outreach.Over
	switch {
	case errors.As(err, &over):
		return d.beyond(ctx, rules, in, &limit{why: "capped: " + over.Error(), until: over.Until, drop: over.Cap.Then == strategy.ThenDrop})
	case fault.Is(err, fault.TooLarge):
		d.report.Held, d.full = true, rules
		return nil
	case err != nil || !claimed:
		return err
	}
	in.Status, in.Claimed = IntentClaimed, now
	return d.send(ctx, live, in, message)
}

// prepare makes the message of an intent, or says why it must not go out.
func (d *delivery) prepare(ctx context.Context, live *Live, in Intent) (m Message, user addressee, why string, err error) {
	user, why, err = d.suppressed(ctx, live, in)
	if err != nil || why != "" {
		return m, user, why, err
	}
	topic := topicOf(&live.Engine.Strategy().Outreach, in.Rule)
	address, why, err := d.address(ctx, in)
	if err != nil || why != "" {
		return m, user, why, err
	}
	if why, err = d.app.listed(ctx, in.Channel, topic, in.Key, address, user.consent); err != nil || why != "" {
		return m, user, why, err
	}
	unsubscribe := ""
	if in.Channel == strategy.ChannelEmail {
		if unsubscribe, err = d.app.unsubscribeAddress(ctx, outreach.Subscription{Channel: in.Channel, Topic: topic, Key: in.Key}); err != nil {
			return m, user, "", err
		}
	}
	if m, why, err = d.render(ctx, live, in, unsubscribe); err != nil || why != "" {
		return m, user, why, err
	}
	m.ID, m.User, m.Rule, m.Channel, m.To, m.Unsubscribe = in.ID, in.Key, in.Rule, in.Channel, address, unsubscribe
	if in.Channel == strategy.ChannelEmail {
		m.Body, m.HTML = outreach.Letter(m.Body, m.HTML, m.Locale, unsubscribe)
	}
	return m, user, "", nil
}

// address is where a message goes; "" by a channel that needs none. why says that the user has none.
func (d *delivery) address(ctx context.Context, in Intent) (address, why string, err error) {
	if in.Channel != strategy.ChannelEmail {
		return "", "", nil
	}
	address, err = d.app.Address(ctx, in.Key, contact.Email)
	if fault.Is(err, fault.NotFound) {
		return "", "no_address: the user has no e-mail address, or was forgotten", nil
	}
	return address, "", wrapped(err, "read the address of "+in.Key)
}

// addressee is what the delivery of a message reads of its user.
type addressee struct {
	consent outreach.Consent
	zone    *zone.Zone // the user's own; nil when it is not known
}

// suppressed returns why a message must not go out, "" when it may, and its user.
func (d *delivery) suppressed(ctx context.Context, live *Live, in Intent) (u addressee, why string, err error) {
	if in.Shadow {
		return u, "shadow: the rule decides and records, and never sends", nil
	}
	channel := d.app.ports.Channels[in.Channel]
	if channel == nil {
		return u, "channel: no channel is called " + in.Channel, nil
	}
	if closed, ok := channel.(Closed); ok {
		return u, "channel: " + closed.Why, nil
	}
	if d.graves == nil {
		if d.graves, err = d.app.graves(ctx); err != nil {
			return u, "", err
		}
	}
	if d.graves.holds(in.Key) {
		return u, "forgotten: the user was forgotten, and a backup brought the message back", nil
	}
	items, err := d.app.ports.Profiles.Get(ctx, []string{in.Key})
	if err != nil {
		return u, "", fault.Wrap(err, "read the profile of %s", in.Key)
	}
	if items[0].Version == 0 {
		return u, "user: the profile was merged into another user's, or is gone", nil
	}
	facts, err := decodeFacts(items[0])
	if err != nil {
		return u, "", err
	}
	rules := &live.Engine.Strategy().Outreach
	u.consent, u.zone = outreach.ConsentOf(facts, in.Channel, topicOf(rules, in.Rule)), live.Engine.UserZone(facts)
	return u, u.consent.Why(in.Channel, rules.NeedsConsent(in.Channel)), nil
}

// topicOf is what a rule's messages are about; "" when the rule says nothing of it or is gone.
func topicOf(o *strategy.Outreach, rule string) string {
	if r := o.Rule(rule); r != nil {
		return r.Topic
	}
	return ""
}

// retryLater is how long a message rests that a channel could not take (milliseconds).
const retryLater = 15 * 60_000

// send hands a claimed message over and records what became of it. What the channel refused was not sent. Any other error leaves in
// doubt whether it was: a channel that knows messages by their ids is asked again by the next delivery, and for any other the message is
// unknown, and never repeated.
func (d *delivery) send(ctx context.Context, live *Live, in Intent, m Message) error {
	channel := d.app.ports.Channels[in.Channel]
	in.Subject, in.Body, m.At = m.Subject, m.Body, in.Claimed
	if m.Unsubscribe != "" { // whoever reads the record must not be able to use the link
		in.Body = strings.ReplaceAll(in.Body, m.Unsubscribe, "{{ unsubscribe_url }}")
	}
	err := channel.Send(ctx, m)
	ctx = context.WithoutCancel(ctx) // what happened is written down even when the time is over
	var refused *Refusal
	switch {
	case err == nil:
		return d.settle(ctx, in, IntentSent, "")
	case errors.As(err, &refused) && refused.Later:
		d.report.Waiting++
		now, err := d.app.now(ctx)
		if err != nil {
			return err
		}
		err = d.app.ports.Intents.Release(ctx, in.ID, live.Zone.Day(in.Claimed), now+retryLater, "channel: "+refused.Why)
		return wrapped(err, "let the message wait")
	case errors.As(err, &refused):
		return d.settle(ctx, in, IntentSuppressed, "channel: "+refused.Why)
	case channel.Idempotent():
		return fault.Wrap(err, "hand the message to %s", in.Channel)
	}
	return d.settle(ctx, in, IntentUnknown, "the provider's answer is not known: the message may or may not have arrived")
}

// wrapped says what was being done; nil stays nil.
func wrapped(err error, doing string) error {
	if err == nil {
		return nil
	}
	return fault.Wrap(err, "%s", doing)
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
	case IntentWithheld:
		d.report.Withheld++
	case IntentExpired:
		d.report.Expired++
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
