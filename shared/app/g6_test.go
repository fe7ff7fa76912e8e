package app_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/journey"
	"github.com/weir-engine/weir/shared/profile"
)

// bought is an NDJSON line: a purchase of revenue.
func bought(id, user, moment string, revenue int) string {
	return fmt.Sprintf(`{"type":"track","messageId":"%s","userId":"%s","event":"Order Completed","timestamp":"%s","properties":{"revenue":%d}}`+"\n",
		id, user, moment, revenue)
}

func (b *base) publish(text string, change ...func(*app.PublishRequest)) app.PublishReport {
	b.t.Helper()
	req := app.PublishRequest{Text: []byte(text)}
	for _, c := range change {
		c(&req)
	}
	report, err := b.app.Publish(ctx, req)
	if err != nil {
		b.t.Fatal(err)
	}
	return report
}

// intents returns all messages, by user, rule and episode.
func (b *base) intents() []app.Intent {
	b.t.Helper()
	all, err := b.store.Ports(nil).Intents.List(ctx, app.IntentQuery{Limit: 100_000})
	if err != nil {
		b.t.Fatal(err)
	}
	slices.SortFunc(all, func(x, y app.Intent) int { return strings.Compare(name(x), name(y)) })
	return all
}

func name(in app.Intent) string { return fmt.Sprintf("%s %s %d", in.Key, in.Rule, in.Episode) }

// expect fails unless the messages are those named, each as "user rule episode status".
func (b *base) expect(want ...string) {
	b.t.Helper()
	var got []string
	for _, in := range b.intents() {
		got = append(got, name(in)+" "+string(in.Status))
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		b.t.Fatalf("messages are\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

func (b *base) deliver() app.DeliverReport {
	b.t.Helper()
	report, err := b.app.Deliver(ctx)
	if err != nil {
		b.t.Fatal(err)
	}
	return report
}

func (b *base) sweep(now string) app.SweepReport {
	b.t.Helper()
	b.now = at(now)
	report, err := b.app.Sweep(ctx, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return report
}

func (b *base) at(now string) *base {
	b.now = at(now)
	return b
}

const welcomeOnly = `outreach:
  daily_ceiling: 1000
  rules:
    - {name: welcome, on: {enter_stage: first_purchase}, template: welcome, channel: outbox}
    - {name: winback, on: {enter_stage: silent}, template: winback, channel: outbox}
`

// history is a base of three buyers: one of long ago, one who is about to fall silent, one of yesterday.
func historic(t *testing.T, rules string) *base {
	b := newBase(t, "2026-03-01T00:00:00Z")
	b.publish(withRules(rules))
	b.at("2026-03-01T01:00:00Z").load(bought("1", "old", "2025-10-01T10:00:00Z", 10)+bought("2", "fading", "2026-01-05T10:00:00Z", 20)+
		bought("3", "fresh", "2026-02-28T10:00:00Z", 30), backfill)
	return b
}

func TestBackfillMessagesNobody(t *testing.T) {
	b := historic(t, welcomeOnly)
	b.expect()
	t.Run("nor does the first live file after it", func(t *testing.T) {
		b.at("2026-03-02T00:00:00Z").load(bought("4", "fresh", "2026-03-01T10:00:00Z", 5) + bought("5", "old", "2026-03-01T11:00:00Z", 5))
		b.expect()
	})
	t.Run("nor the first sweep", func(t *testing.T) {
		b.sweep("2026-03-03T00:00:00Z")
		b.expect()
	})
	t.Run("nor a backfill among live files", func(t *testing.T) {
		b.at("2026-03-04T00:00:00Z").load(bought("6", "fading", "2026-03-03T10:00:00Z", 5)+bought("7", "late", "2026-03-03T12:00:00Z", 5), backfill)
		b.at("2026-03-04T01:00:00Z").load(bought("8", "late", "2026-03-04T00:30:00Z", 5) + bought("9", "fading", "2026-03-04T00:40:00Z", 5))
		b.sweep("2026-03-05T00:00:00Z")
		b.expect()
	})
	t.Run("but what happens after that does", func(t *testing.T) {
		b.sweep("2026-05-10T00:00:00Z")
		b.expect("fading winback 1 pending", "fresh winback 1 pending", "late winback 1 pending", "old winback 1 pending")
	})
}

func TestPublishMessagesNobody(t *testing.T) {
	b := historic(t, welcomeOnly)
	b.sweep("2026-03-02T00:00:00Z")
	changed := withRules(strings.Replace(welcomeOnly, "rules:", "rules:\n    - {name: hello, on: {enter_segment: new_buyers}, template: welcome, channel: outbox, include_existing: true}", 1))
	b.at("2026-03-03T00:00:00Z").publish(changed)
	b.expect()
	t.Run("nor does the sweep after it", func(t *testing.T) {
		b.sweep("2026-03-03T01:00:00Z")
		b.expect()
	})
	t.Run("nor a shorter time to silence", func(t *testing.T) {
		b.at("2026-03-03T02:00:00Z").publish(strings.Replace(changed, "silent_days: 60", "silent_days: 50", 1))
		b.sweep("2026-03-03T03:00:00Z")
		b.expect()
	})
	t.Run("a newcomer is messaged once", func(t *testing.T) {
		b.at("2026-03-04T12:00:00Z").load(bought("4", "newcomer", "2026-03-04T10:00:00Z", 5))
		b.sweep("2026-03-04T13:00:00Z")
		b.at("2026-03-05T12:00:00Z").load(bought("5", "newcomer", "2026-03-04T11:00:00Z", 5))
		b.expect("newcomer hello 1 pending", "newcomer welcome 1 pending")
	})
}

func TestIncludeExistingMessagesThoseCounted(t *testing.T) {
	b := historic(t, welcomeOnly)
	b.sweep("2026-03-02T00:00:00Z")
	b.now = at("2026-03-03T00:00:00Z")
	text := withRules(strings.Replace(welcomeOnly, "rules:", "rules:\n    - {name: hello, on: {enter_segment: new_buyers}, template: welcome, channel: outbox, include_existing: true}", 1))
	diff, err := b.app.DiffStrategy(ctx, "", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if want := []app.RuleReach{{Rule: "hello", Users: 1}}; !slices.Equal(diff.Reach, want) {
		t.Fatalf("the count shown is %+v, want %+v", diff.Reach, want)
	}
	approve := func(r *app.PublishRequest) { r.IncludeExisting = true }
	b.publish(text, approve)
	b.expect("fresh hello 1 pending")
	b.publish(text, approve)
	b.sweep("2026-03-03T01:00:00Z")
	b.expect("fresh hello 1 pending")
}

func TestKnownEventsChangeNothing(t *testing.T) {
	b := historic(t, welcomeOnly)
	text := bought("4", "newcomer", "2026-03-02T10:00:00Z", 5) + bought("5", "fresh", "2026-03-02T10:00:00Z", 5)
	b.at("2026-03-02T12:00:00Z").load(text)
	b.sweep("2026-03-02T12:30:00Z") // the base grew by a third: there are new cuts
	before, intents := b.items(), b.intents()
	counts := b.load(text, func(r *app.ImportRequest) { r.Again = true })
	if want := (app.Counts{Events: 2, Duplicates: 2, Users: 2}); counts != want {
		t.Errorf("the second time counts %+v, want %+v", counts, want)
	}
	for i, item := range b.items() {
		if string(item.Facts) != string(before[i].Facts) || string(item.State) != string(before[i].State) {
			t.Errorf("%s changed", item.Key)
		}
	}
	if got := b.intents(); len(got) != len(intents) {
		t.Errorf("%d messages, %d before", len(got), len(intents))
	}
}

// TestNewCutsOpenNoEpisode: the buyer of 60 is among the best fifth until bigger buyers come; new cuts alone open no episode, unless
// the rule has after_cuts.
func TestNewCutsOpenNoEpisode(t *testing.T) {
	for _, afterCuts := range []bool{false, true} {
		t.Run(fmt.Sprint("after_cuts: ", afterCuts), func(t *testing.T) {
			text := strings.Replace(withRules(fmt.Sprintf(`outreach:
  rules:
    - {name: modest, on: {enter_segment: modest}, template: welcome, channel: outbox, after_cuts: %v}
`, afterCuts)), "segments:\n", "segments:\n  - {name: modest, when: 'tier in [\"middle\", \"low\"]'}\n", 1)
			b := newBase(t, "2026-03-01T00:00:00Z")
			b.publish(text)
			lines := ""
			for i := range 10 {
				lines += bought(fmt.Sprint("h", i), fmt.Sprintf("u%d", i), "2026-02-20T10:00:00Z", 10+10*i)
			}
			b.at("2026-03-01T01:00:00Z").load(lines, backfill)
			b.sweep("2026-03-01T02:00:00Z")
			b.expect()
			lines = ""
			for i := range 10 {
				lines += bought(fmt.Sprint("r", i), fmt.Sprintf("rich%d", i), "2026-02-21T10:00:00Z", 1000)
			}
			b.at("2026-03-02T00:00:00Z").load(lines, backfill) // new cuts: u8 and u9 are of the middle now
			b.sweep("2026-03-02T01:00:00Z")
			got := b.intents()
			if !afterCuts && len(got) > 0 {
				t.Fatalf("new cuts gave %d messages, such as %s", len(got), name(got[0]))
			}
			if afterCuts && !slices.ContainsFunc(got, func(in app.Intent) bool { return in.Key == "u9" }) {
				t.Fatalf("after_cuts gave %d messages, none of them to u9", len(got))
			}
		})
	}
}

// newcomers loads n first purchases, which give n welcome messages.
func (b *base) newcomers(prefix string, n int, moment string) {
	b.t.Helper()
	lines := ""
	for i := range n {
		lines += bought(fmt.Sprint(prefix, i), fmt.Sprint(prefix, i), moment, 5)
	}
	b.load(lines)
}

func TestKillSwitch(t *testing.T) {
	b := newBase(t, "2026-03-01T00:00:00Z")
	sent := 0
	ports := b.store.Ports(func() int64 { return b.now })
	ports.Channels = map[string]app.Channel{"outbox": channelFunc(func(app.Message) {
		if sent++; sent == 3 {
			if err := b.app.StopOutreach(ctx, "wrong text"); err != nil {
				t.Error(err)
			}
		}
	})}
	var err error
	if b.app, err = app.New(ctx, ports, app.Options{}); err != nil {
		t.Fatal(err)
	}
	b.publish(withRules(welcomeOnly))
	b.at("2026-03-02T12:00:00Z").newcomers("n", 10, "2026-03-02T10:00:00Z")
	if got, want := b.deliver(), (app.DeliverReport{Sent: 3, Held: true}); got != want || sent != 3 {
		t.Fatalf("stopped after the third message: %+v, %d sent", got, sent)
	}
	if got, want := b.deliver(), (app.DeliverReport{Held: true}); got != want || sent != 3 {
		t.Fatalf("while it is stopped: %+v, %d sent", got, sent)
	}
	o, err := b.app.Outreach(ctx)
	if err != nil || !o.Stopped || o.Note != "wrong text" || o.Counts[app.IntentPending] != 7 || o.Sent != 3 {
		t.Fatalf("the status says %+v, %v", o, err)
	}
	if err := b.app.ResumeOutreach(ctx); err != nil {
		t.Fatal(err)
	}
	if got, want := b.deliver(), (app.DeliverReport{Sent: 7}); got != want || sent != 10 {
		t.Fatalf("after it was resumed: %+v, %d sent", got, sent)
	}
}

// flaky is an outbox that knows its messages by id and fails once.
type flaky struct {
	fail bool
	sent map[string]int
}

func (f *flaky) Send(_ context.Context, m app.Message) error {
	if f.fail {
		f.fail = false
		return errKilled
	}
	f.sent[m.ID]++
	return nil
}

func (f *flaky) Idempotent() bool { return true }

// TestKillSwitchHoldsWhatWasClaimed: a message that was being handed over when the channel failed is not sent while outreach is
// stopped.
func TestKillSwitchHoldsWhatWasClaimed(t *testing.T) {
	b := newBase(t, "2026-03-01T00:00:00Z")
	channel := &flaky{fail: true, sent: map[string]int{}}
	ports := b.store.Ports(func() int64 { return b.now })
	ports.Channels = map[string]app.Channel{"outbox": channel}
	var err error
	if b.app, err = app.New(ctx, ports, app.Options{}); err != nil {
		t.Fatal(err)
	}
	b.publish(withRules(welcomeOnly))
	b.at("2026-03-02T12:00:00Z").newcomers("n", 3, "2026-03-02T10:00:00Z")
	if _, err := b.app.Deliver(ctx); err == nil {
		t.Fatal("nobody noticed that the channel failed")
	}
	if err := b.app.StopOutreach(ctx, ""); err != nil {
		t.Fatal(err)
	}
	if got := b.deliver(); len(channel.sent) != 0 || !got.Held {
		t.Fatalf("while it is stopped: %+v, %d sent", got, len(channel.sent))
	}
	if err := b.app.ResumeOutreach(ctx); err != nil {
		t.Fatal(err)
	}
	if got, want := b.deliver(), (app.DeliverReport{Sent: 3}); got != want || len(channel.sent) != 3 {
		t.Fatalf("after it was resumed: %+v, %d sent", got, len(channel.sent))
	}
}

type channelFunc func(m app.Message)

func (f channelFunc) Send(_ context.Context, m app.Message) error { f(m); return nil }
func (f channelFunc) Idempotent() bool                            { return false }

func TestDailyCeilingHoldsAcrossRuns(t *testing.T) {
	b := newBase(t, "2026-03-01T00:00:00Z")
	b.publish(withRules(strings.Replace(welcomeOnly, "1000", "4", 1)))
	b.at("2026-03-02T12:00:00Z").newcomers("n", 10, "2026-03-02T10:00:00Z")
	day := func(now string, want app.DeliverReport) {
		t.Helper()
		b.now = at(now)
		if got := b.deliver(); got != want {
			t.Fatalf("%s: %+v, want %+v", now, got, want)
		}
	}
	day("2026-03-02T12:00:00Z", app.DeliverReport{Sent: 4, Held: true})
	day("2026-03-02T23:59:59Z", app.DeliverReport{Held: true})
	if err := b.store.Close(); err != nil {
		t.Fatal(err)
	}
	b.open()
	day("2026-03-02T23:59:59Z", app.DeliverReport{Held: true})
	day("2026-03-03T00:00:00Z", app.DeliverReport{Sent: 4, Held: true})
	day("2026-03-04T00:00:00Z", app.DeliverReport{Sent: 2})
}

func TestReentryIsAnotherEpisode(t *testing.T) {
	b := historic(t, welcomeOnly)
	b.sweep("2026-03-02T00:00:00Z")
	b.sweep("2026-04-01T00:00:00Z")
	b.expect("fading winback 1 pending")
	b.deliver()
	b.sweep("2026-04-02T00:00:00Z")
	b.at("2026-04-03T00:00:00Z").load(bought("4", "fading", "2026-04-02T10:00:00Z", 5) + bought("5", "fresh", "2026-04-02T10:00:00Z", 5))
	b.expect("fading winback 1 sent")
	b.sweep("2026-07-01T00:00:00Z")
	b.expect("fading winback 1 sent", "fading winback 2 pending", "fresh winback 1 pending")
	t.Run("a late event that moves the start of an open episode opens none", func(t *testing.T) {
		b.at("2026-07-02T00:00:00Z").load(bought("6", "fading", "2026-04-05T10:00:00Z", 5))
		b.sweep("2026-07-02T01:00:00Z")
		b.expect("fading winback 1 sent", "fading winback 2 pending", "fresh winback 1 pending")
	})
}

// TestEverySuppressedMessageSaysWhy: shadow rules, unknown channels and users who unsubscribed.
func TestEverySuppressedMessageSaysWhy(t *testing.T) {
	b := newBase(t, "2026-03-01T00:00:00Z")
	b.publish(withRules(`outreach:
  rules:
    - {name: welcome, on: {enter_stage: first_purchase}, template: welcome, channel: outbox}
    - {name: watch, on: {enter_segment: new_buyers}, template: welcome, channel: outbox, shadow: true}
`))
	b.at("2026-03-02T12:00:00Z").load(bought("1", "quiet", "2026-03-02T10:00:00Z", 5) + bought("2", "open", "2026-03-02T10:00:00Z", 5) +
		`{"type":"identify","messageId":"3","userId":"quiet","timestamp":"2026-03-02T11:00:00Z","traits":{"unsubscribed":true}}` + "\n")
	if got, want := b.deliver(), (app.DeliverReport{Sent: 1, Suppressed: 3}); got != want {
		t.Fatalf("%+v, want %+v", got, want)
	}
	b.expect("open watch 1 suppressed", "open welcome 1 sent", "quiet watch 1 suppressed", "quiet welcome 1 suppressed")
	reasons := map[string]string{"watch": "shadow", "welcome": "unsubscribed"}
	for _, in := range b.intents() {
		if in.Status == app.IntentSuppressed && !strings.Contains(in.Why, reasons[in.Rule]) {
			t.Errorf("%s is suppressed because %q", name(in), in.Why)
		}
	}
}

// TestSeparatedUsersCountOn: after a link is revoked, messages and decision records of both users have names of their own.
func TestSeparatedUsersCountOn(t *testing.T) {
	b := historic(t, welcomeOnly)
	order := func(id, who, moment string) string {
		return fmt.Sprintf(`{"type":"track","messageId":"%s",%s,"event":"Order Completed","timestamp":"%s","properties":{"revenue":5}}`+"\n", id, who, moment)
	}
	anon, known := `"anonymousId":"a"`, `"userId":"u"`
	b.at("2026-03-02T12:00:00Z").load(order("x1", anon, "2026-03-02T10:00:00Z") + order("x2", known, "2026-03-02T10:00:00Z"))
	b.deliver()
	b.sweep("2026-05-10T00:00:00Z")
	b.deliver()
	sent := []string{"anon:a welcome 1 sent", "anon:a winback 1 sent", "u welcome 1 sent", "u winback 1 sent"}
	mine := func(want ...string) {
		t.Helper()
		var got []string
		for _, in := range b.intents() {
			if strings.HasPrefix(in.Key, "anon:a") || in.Key == "u" {
				got = append(got, name(in)+" "+string(in.Status))
			}
		}
		if want = slices.Sorted(slices.Values(append(want, sent...))); !slices.Equal(got, want) {
			t.Fatalf("messages are %q, want %q", got, want)
		}
	}
	mine()
	b.at("2026-05-11T12:00:00Z").load(order("x3", anon, "2026-05-11T10:00:00Z") +
		`{"type":"identify","messageId":"x4","userId":"u","anonymousId":"a","timestamp":"2026-05-11T11:00:00Z"}` + "\n")
	if _, _, err := b.app.RevokeLink(ctx, "anon:a", "u"); err != nil {
		t.Fatal(err)
	}
	b.sweep("2026-05-12T00:00:00Z")
	mine()
	b.sweep("2026-08-01T00:00:00Z")
	mine("anon:a winback 2 pending")
	for _, item := range b.items() {
		decisions, err := b.store.Ports(nil).Profiles.Decisions(ctx, item.Key, 1)
		if err != nil {
			t.Fatal(err)
		}
		var record journey.Record
		if err := json.Unmarshal(decisions[0].Record, &record); err != nil {
			t.Fatal(err)
		}
		if state := record.Restore(); string(profile.EncodeState(nil, &state)) != string(item.State) {
			t.Errorf("%s: STATE is not that of the last decision record", item.Key)
		}
	}
}

// TestSettledFateStays: a message that another process gave up as unknown, while it was handed over, stays unknown.
func TestSettledFateStays(t *testing.T) {
	b := newBase(t, "2026-03-01T00:00:00Z")
	ports := b.store.Ports(func() int64 { return b.now })
	ports.Channels = map[string]app.Channel{"outbox": newPhone()}
	other, err := app.New(ctx, ports, app.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ports.Channels = map[string]app.Channel{"outbox": channelFunc(func(app.Message) {
		if got, err := other.Deliver(ctx); err != nil || got.Unknown != 1 {
			t.Errorf("the other process says %+v, %v", got, err)
		}
	})}
	if b.app, err = app.New(ctx, ports, app.Options{}); err != nil {
		t.Fatal(err)
	}
	b.publish(withRules(welcomeOnly))
	b.at("2026-03-02T12:00:00Z").newcomers("n", 1, "2026-03-02T10:00:00Z")
	if _, err := b.app.Deliver(ctx); !fault.Is(err, fault.Conflict) {
		t.Errorf("the first process says %v", err)
	}
	b.expect("n0 welcome 1 unknown")
}
