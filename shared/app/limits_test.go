package app_test

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/outreach"
	"github.com/weir-engine/weir/shared/porttest"
	"github.com/weir-engine/weir/shared/segment"
)

// limited is a strategy whose rules greet, and recommend to, every newcomer.
const limited = `weir: 1
zone: Asia/Shanghai
segments:
  - {name: buyers, when: orders > 0}
templates:
  hello: {subject: Hello, body: Welcome.}
outreach:
  %s
  rules:
    - {name: a, on: {enter_stage: first_purchase}, template: hello, tags: [greeting]}
    - {name: b, on: {enter_segment: buyers}, template: hello, tags: [promotion]}
`

// limitedBase is a base under limits, at noon in Shanghai.
func limitedBase(t *testing.T, limits ...string) *base {
	t.Helper()
	b := newBase(t, "2026-03-01T00:00:00Z")
	b.publish(fmt.Sprintf(limited, strings.Join(limits, "\n  ")))
	b.at("2026-03-02T04:00:00Z")
	return b
}

// greet lets users buy for the first time now: each rule asks for a message to each.
func (b *base) greet(ids ...string) {
	b.t.Helper()
	var lines []string
	for _, id := range ids {
		id, traits, _ := strings.Cut(id, " ")
		if traits != "" {
			lines = append(lines, fmt.Sprintf(`{"type":"identify","messageId":"i-%s","userId":"%s","timestamp":"2026-03-02T03:00:00Z","traits":{%s}}`, id, id, traits))
		}
		lines = append(lines, bought("o-"+id, id, "2026-03-02T03:00:00Z", 5))
	}
	b.load(strings.Join(lines, "\n"))
}

// fates delivers and returns what became of each message: rule, status and reason, by user.
func (b *base) fates() map[string][]string {
	b.t.Helper()
	if _, err := b.app.Deliver(ctx); err != nil {
		b.t.Fatal(err)
	}
	page, _, err := b.app.Outbox(ctx, app.IntentQuery{Limit: 1000})
	if err != nil {
		b.t.Fatal(err)
	}
	out := map[string][]string{}
	for _, in := range page {
		out[in.Key] = append(out[in.Key], strings.TrimSpace(in.Rule+" "+string(in.Status)+" "+in.Why))
	}
	for _, list := range out {
		slices.Sort(list)
	}
	return out
}

func (b *base) fateOf(user string, want ...string) {
	b.t.Helper()
	if got := b.fates()[user]; !slices.Equal(got, want) {
		b.t.Errorf("%s: %q, want %q", user, got, want)
	}
}

func TestCapsDropOrHold(t *testing.T) {
	b := limitedBase(t, `caps: [{name: one, max: 1, days: 1}]`)
	b.greet("u")
	got := b.fates()["u"]
	slices.SortFunc(got, func(x, y string) int { return strings.Compare(x[2:], y[2:]) })
	if len(got) != 2 || got[0][2:] != "sent" || got[1][2:] != "suppressed capped: one allows 1 messages in 1 days" {
		t.Errorf("%q", got)
	}

	b = limitedBase(t, `caps: [{name: greetings, tag: greeting, max: 1, days: 30}, {name: one, channel: outbox, max: 1, hours: 48, then: hold}]`)
	b.greet("u")
	got = b.fates()["u"]
	slices.SortFunc(got, func(x, y string) int { return strings.Compare(y[2:], x[2:]) })
	if len(got) != 2 || got[0][2:] != "sent" || got[1][2:] != "pending capped: one allows 1 messages in 2 days" {
		t.Fatalf("%q", got)
	}
	waiting, _, err := b.app.Outbox(ctx, app.IntentQuery{Status: app.IntentPending, Limit: 9})
	if err != nil || len(waiting) != 1 || waiting[0].Held != at("2026-03-04T04:00:00Z") {
		t.Fatalf("%+v, %v", waiting, err)
	}
	b.at("2026-03-04T03:59:59Z")
	b.fates()
	b.at("2026-03-04T04:00:00Z")
	b.fateOf("u", "a sent", "b sent")
}

func TestQuietHours(t *testing.T) {
	quiet := `quiet_hours: {outbox: {from: "11:00", to: "13:30", then: %s}}`
	b := limitedBase(t, fmt.Sprintf(quiet, "hold"))
	b.greet(`near "timezone":"Asia/Shanghai"`, `far "timezone":"Europe/Berlin"`, "nowhere", `mars "timezone":"Mars/North"`)
	why := "quiet: by outbox from 11:00 to 13:30 in the user's zone Asia/Shanghai"
	closed := "quiet: by outbox from 11:00 to 13:30 in the project's zone, for the user's is not known: Asia/Shanghai"
	b.fateOf("near", "a pending "+why, "b pending "+why)
	b.fateOf("far", "a sent", "b sent") // five in the morning
	b.fateOf("nowhere", "a pending "+closed, "b pending "+closed)
	b.fateOf("mars", "a pending "+closed, "b pending "+closed)
	b.at("2026-03-02T05:29:59Z")
	b.fateOf("near", "a pending "+why, "b pending "+why)
	b.at("2026-03-02T05:30:00Z")
	for _, user := range []string{"near", "nowhere", "mars"} {
		b.fateOf(user, "a sent", "b sent")
	}

	b = limitedBase(t, fmt.Sprintf(quiet, "drop"))
	b.greet(`near "timezone":"Asia/Shanghai"`, "nowhere")
	b.fateOf("near", "a suppressed "+why, "b suppressed "+why)
	b.fateOf("nowhere", "a pending "+closed, "b pending "+closed) // it is not known to be night there
}

// Users in the holdout are decided about like all others, and get nothing; the same ones under another version.
func TestHoldoutWithholds(t *testing.T) {
	var users []string
	for i := range 200 {
		users = append(users, fmt.Sprintf("u%03d", i))
	}
	withheld := func(limits ...string) (in []string) {
		b := limitedBase(t, limits...)
		b.greet(users...)
		for user, list := range b.fates() {
			switch list[0] {
			case "a sent":
			case "a withheld holdout: the user is among the 20 % who get no message":
				in = append(in, user)
			default:
				t.Errorf("%s: %q", user, list)
			}
		}
		slices.Sort(in)
		return in
	}
	in := withheld(`holdout: {percent: 20}`)
	want := slices.DeleteFunc(slices.Clone(users), func(u string) bool { return segment.Bucket("holdout", u, 100) >= 20 })
	if !slices.Equal(in, want) {
		t.Errorf("%v are withheld, want %v", in, want)
	}
	if again := withheld(`daily_ceiling: 9999`, `holdout: {percent: 20}`); !slices.Equal(in, again) {
		t.Errorf("another version withholds %v", again)
	}
	if other := withheld(`holdout: {percent: 20, salt: spring}`); slices.Equal(in, other) {
		t.Error("another salt withholds the same users")
	}
}

// What waits too long is given up with the reason, behind a full ceiling too, and not while the kill switch is on.
func TestMessagesExpire(t *testing.T) {
	b := limitedBase(t, `caps: [{name: one, max: 1, days: 30, then: hold}]`, `expire_after_hours: 72`)
	b.greet("u")
	b.fates()
	b.at("2026-03-05T03:59:00Z")
	if got := strings.Join(b.fates()["u"], "\n"); !strings.Contains(got, "pending capped: one") {
		t.Fatal(got)
	}
	b.at("2026-03-05T04:00:00Z")
	if got := strings.Join(b.fates()["u"], "\n"); !strings.Contains(got, "expired expired: it was not sent within 72 hours; at last capped: one allows 1 messages in 30 days") {
		t.Fatal(got)
	}

	b = limitedBase(t, `daily_ceiling: 0`)
	b.greet("u", "v")
	b.fateOf("u", "a pending", "b pending")
	b.at("2026-03-09T03:59:00Z")
	b.fateOf("u", "a pending", "b pending")
	if err := b.app.StopOutreach(ctx, "wait"); err != nil {
		t.Fatal(err)
	}
	b.at("2026-03-09T04:00:00Z")
	b.fateOf("u", "a pending", "b pending")
	if err := b.app.ResumeOutreach(ctx); err != nil {
		t.Fatal(err)
	}
	for _, user := range []string{"u", "v"} {
		b.fateOf(user, "a expired expired: it was not sent within 168 hours", "b expired expired: it was not sent within 168 hours")
	}
}

// Ids that turn out to be one user share the messages of both.
func TestCapsAfterAMerge(t *testing.T) {
	b := limitedBase(t, `caps: [{name: two, max: 2, days: 30}]`)
	b.greet("u1", "u2")
	b.fates()
	b.load(`{"type":"alias","messageId":"al","userId":"u1","previousId":"u2","timestamp":"2026-03-02T03:30:00Z"}`)
	ports := b.store.Ports(func() int64 { return b.now })
	all := outreach.Log{}
	for _, id := range []string{"u1", "u2"} {
		log, err := ports.Intents.Log(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, log...)
	}
	if len(all) != 4 {
		t.Errorf("%d messages are known", len(all))
	}
	if log, err := ports.Intents.Log(ctx, "u1"); len(log) != 4 || err != nil {
		t.Errorf("the log of both is %v, %v", log, err)
	}
}

// Whatever call of the ports a delivery dies at, before or after it took effect, no user gets more than the caps allow, and nothing is
// lost: the outcome is that of the run that nothing disturbs.
func TestCapsHoldWhereverItDies(t *testing.T) {
	first := limitedBase(t, `caps: [{name: one, max: 1, days: 2, then: hold}, {name: promotions, tag: promotion, max: 1, days: 9}]`,
		`quiet_hours: {outbox: {from: "11:00", to: "13:00"}}`, `holdout: {percent: 30}`)
	first.greet("u1", `u2 "timezone":"Asia/Shanghai"`, `u3 "timezone":"Europe/Berlin"`, "u5")
	first.shut()
	run := func(plan porttest.Plan) (calls []string, fates map[string][]string) {
		b := &base{t: t, dir: filepath.Join(t.TempDir(), "run"), now: first.now}
		copyDir(t, first.dir, b.dir)
		b.open()
		defer b.shut()
		ports, faults := porttest.Faulty(b.store.Ports(func() int64 { return b.now }))
		a, err := app.New(ctx, ports, app.Options{})
		if err != nil {
			t.Fatal(err)
		}
		faults.Begin(plan)
		if _, err := a.Deliver(ctx); (err != nil) != (plan.Call > 0) {
			t.Fatalf("killed at call %d: %v", plan.Call, err)
		}
		calls = faults.Names()
		for _, moment := range []string{"2026-03-02T04:30:00Z", "2026-03-02T05:00:00Z", "2026-03-04T06:00:00Z", "2026-03-06T06:00:00Z"} {
			b.at(moment)
			fates = b.fates()
		}
		return calls, fates
	}
	total, want := run(porttest.Plan{})
	if len(total) < 30 || len(want) != 4 {
		t.Errorf("a delivery makes %d calls, for %v", len(total), want)
	}
	for i, name := range total {
		kill := i + 1
		if name == "Docs.Get" {
			continue // the strategy, the clock and the kill switch are read before each message
		}
		for _, after := range []bool{false, true} {
			_, got := run(porttest.Plan{Call: kill, After: after, Err: errKilled, Dead: true})
			if !maps.EqualFunc(got, want, slices.Equal) {
				t.Fatalf("killed at call %d, %s, after it %v: %v, want %v", kill, name, after, got, want)
			}
		}
	}
}

// splitClaims looks at the caps and claims in two steps.
type splitClaims struct {
	app.Intents
	between func()
	user    string
}

func (p *splitClaims) Claim(ctx context.Context, c app.Claim) (bool, error) {
	log, err := p.Log(ctx, p.user)
	if err != nil {
		return false, err
	}
	if over := log.Over(c.Caps, "outbox", c.Tags, c.At); over != nil {
		return false, over.Fault()
	}
	c.Caps = nil
	p.between()
	return p.Intents.Claim(ctx, c)
}

// Another delivery at work between each look of a delivery and its claim exceeds no cap; it would if looking and claiming were two steps.
func TestTwoDeliveriesAtOnceKeepTheCaps(t *testing.T) {
	sent := func(split bool) (n int) {
		b := limitedBase(t, `caps: [{name: one, max: 1, days: 2}]`)
		b.greet("u")
		box := &mailbox{}
		wrap := func(between func()) *app.App {
			p := b.store.Ports(func() int64 { return b.now })
			p.Channels = map[string]app.Channel{"outbox": box}
			if split {
				p.Intents = &splitClaims{p.Intents, between, "u"}
			} else {
				p.Intents = &raceClaims{p.Intents, between}
			}
			a, err := app.New(ctx, p, app.Options{})
			if err != nil {
				t.Fatal(err)
			}
			return a
		}
		other := wrap(func() {})
		all, _, err := b.app.Outbox(ctx, app.IntentQuery{Status: app.IntentPending, Limit: 9})
		if err != nil || len(all) != 2 {
			t.Fatalf("%v, %v", all, err)
		}
		deliver := func(a *app.App, in app.Intent) {
			if _, err := a.DeliverThese(ctx, []app.Intent{in}); err != nil {
				t.Error(err)
			}
		}
		deliver(wrap(func() { deliver(other, all[1]) }), all[0])
		return len(box.sent)
	}
	if n := sent(false); n != 1 {
		t.Errorf("%d messages went out", n)
	}
	if n := sent(true); n != 2 {
		t.Errorf("%d messages went out although the caps were looked at before: the test proves nothing", n)
	}
}
