package emulated

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/weir-engine/weir/infra/embedded"
	"github.com/weir-engine/weir/shared/app"
)

// spiced are the sample's files with what makes trouble: events that came before, late ones, anonymous visits and whom they turn out to
// be, refunds, and lines that nobody can read.
func spiced(t *testing.T) []part {
	t.Helper()
	parts := sampleParts(t, hundredth)
	var before []string
	var first struct { // purchase of a part, or of the last one that had any
		UserID string `json:"userId"`
		Order  struct {
			ID string `json:"order_id"`
		} `json:"properties"`
	}
	for i := range parts {
		p := &parts[i]
		lines := strings.Split(strings.TrimSpace(string(p.content)), "\n")
		if lines[0] == "" {
			lines = nil
		} else {
			must(t, json.Unmarshal([]byte(lines[0]), &first))
		}
		day := time.UnixMilli(p.at).UTC().AddDate(0, 0, -1).Format(time.RFC3339)
		late := time.UnixMilli(p.at).UTC().AddDate(0, -3, 0).Format(time.RFC3339)
		own := lines
		lines = append(lines,
			fmt.Sprintf(`{"type":"track","event":"Product Viewed","anonymousId":"ghost%d","messageId":"v%d","timestamp":%q}`, i, i, day),
			fmt.Sprintf(`{"type":"identify","userId":%q,"anonymousId":"ghost%d","messageId":"k%d","timestamp":%q,"traits":{"plan":"p%d"}}`, first.UserID, i, i, day, i),
			fmt.Sprintf(`{"type":"track","event":"Order Refunded","userId":%q,"messageId":"r%d","timestamp":%q,"properties":{"order_id":%q,"revenue":1}}`,
				first.UserID, i, day, first.Order.ID),
			fmt.Sprintf(`{"type":"track","event":"Order Completed","userId":%q,"messageId":"l%d","timestamp":%q,"properties":{"order_id":"late%d","revenue":3}}`,
				first.UserID, i, late, i),
			fmt.Sprintf(`{"type":"track","event":"Order Completed","userId":%q,"messageId":"b%d","timestamp":%q,"properties":{"revenue":"much"}}`, first.UserID, i, day),
			fmt.Sprintf(`{"type":"track","part":%d,`, i),
		)
		if len(before) > 0 {
			lines = append(lines, before[:min(3, len(before))]...)
		}
		before = own
		p.content = join(lines)
	}
	return parts
}

// lostPart is the file whose records the stream loses; what it asks for is delivered by the sweep, 25 hours later.
const lostPart = 2

// rejected lists the quarantine, and clears from traces when things happened by the clock of whoever came late.
func rejected(t *testing.T, ports app.Ports, w *traces) []app.Reject {
	t.Helper()
	all, err := ports.Rejects.List(context.Background(), "", "", 0, 10_000)
	must(t, err)
	for i := range all {
		all[i].At = 0
	}
	for i := range w.intents {
		w.intents[i].Claimed, w.intents[i].Settled = 0, 0
	}
	for i := range w.sent {
		w.sent[i].At = 0
	}
	return all
}

// spicedHere lives the spiced life on one machine.
func spicedHere(t *testing.T, parts []part) (traces, []app.Reject) {
	t.Helper()
	ctx := context.Background()
	store, err := embedded.Open(t.TempDir(), embedded.Options{NoSync: true})
	must(t, err)
	t.Cleanup(func() { _ = store.Close() })
	ports, sent := store.Ports(func() int64 { return time.Now().UnixMilli() }), &outbox{}
	ports.Channels = map[string]app.Channel{embedded.OutboxChannel: sent}
	a, err := app.New(ctx, ports, app.Options{})
	must(t, err)
	begin(t, a)
	for i, p := range parts {
		must(t, a.PinClock(ctx, p.at))
		_, err := a.Import(ctx, app.ImportRequest{Name: p.name, Source: bytes.NewReader(p.content), Size: int64(len(p.content))})
		must(t, err)
		if i != lostPart {
			_, err = a.Deliver(ctx)
			must(t, err)
		}
		must(t, a.PinClock(ctx, p.at+later(i)))
		_, err = a.Sweep(ctx, nil)
		must(t, err)
		_, err = a.Deliver(ctx)
		must(t, err)
	}
	must(t, a.PinClock(ctx, parts[len(parts)-1].at+3_600_000))
	_, err = a.Sweep(ctx, nil)
	must(t, err)
	w := look(t, ports)
	w.sent = sent.sent
	sortMessages(w.sent)
	return w, rejected(t, ports, &w)
}

// later is how long after a file its sweep comes, in milliseconds.
func later(part int) int64 {
	if part == lostPart {
		return 25 * 3_600_000
	}
	return 0
}

// TestEverythingAtOnce lives a life in which everything goes wrong that may: each notification comes three times, functions are killed,
// aborted and frozen until their timeout around their calls, DynamoDB refuses calls, files that nobody can read lie between the others,
// and the stream loses what it held for 25 hours. What is left is what is left on one machine where nothing happens: FACTS, decisions,
// messages, quarantine; nothing is sent twice, and the dead letters hold the unreadable files, with their reasons in the ledger.
func TestEverythingAtOnce(t *testing.T) {
	kills, refuse, seeds := 10, 100, []uint64{21}
	receives, timeout := "30", 10*time.Second
	if soak() {
		timeout = 30 * time.Second // of a function: a busy machine must have time between two kills
		receives = "80"
		kills, refuse, seeds = 40, 20, []uint64{21, 22, 23, 24, 25}
	}
	parts := spiced(t)
	want, quarantine := spicedHere(t, parts)
	if len(quarantine) != 2*len(parts) {
		t.Errorf("%d lines are in quarantine on one machine", len(quarantine))
	}
	all := map[string]int{}
	for _, seed := range seeds {
		b := newBreaker("", seed, 500, kills)
		b.others, b.refuse, b.ways = true, refuse, []string{"kill", "kill", "kill", "abort", "abort", "freeze"}
		everything(t, b, receives, timeout, parts, want, quarantine)
		for _, how := range b.killed {
			way, _, _ := strings.Cut(how, " ")
			all[way]++
		}
		if len(b.killed) < kills/2 || b.refused == 0 {
			t.Errorf("seed %d: %d kills, %d refusals", seed, len(b.killed), b.refused)
		}
		t.Logf("seed %d: %d kills, %d refusals:\n%s", seed, len(b.killed), b.refused, strings.Join(b.killed, "\n"))
	}
	t.Logf("in all: %v", all)
}

func everything(t *testing.T, b *breaker, receives string, timeout time.Duration, parts []part, want traces, quarantine []app.Reject) {
	t.Helper()
	ctx := context.Background()
	written := &creations{prefix: "outbox/", counts: map[string]int{}}
	c := openCloud(t, Options{
		Fast: true, RetryAfter: &atOnce, Repeat: 3, Seen: written.seen, Taps: b.taps(), Timeout: timeout,
		Parameters: map[string]string{"IngestReceives": receives},
	})
	b.mu.Lock()
	b.after = func() { expireLease(t, c.ports) }
	b.stack = c.Stack
	b.mu.Unlock()
	begin(t, c.app)
	poison := map[string]bool{}
	for i, p := range parts {
		must(t, c.app.PinClock(ctx, p.at))
		if i%2 == 0 {
			name := fmt.Sprintf("poison %d.ndjson.gz", i)
			poison[name] = true
			c.put(t, "events/main/"+name, []byte(fmt.Sprint("this is not compressed ", i)))
		}
		c.LoseStream(i == lostPart)
		c.put(t, "events/main/a day + more/"+p.name, p.content)
		c.until(t, p.name+" is in", func() bool {
			f, err := c.file(p.name)
			return err == nil && f.Status == app.FileDone
		})
		if i == lostPart {
			wait, cancel := context.WithTimeout(ctx, patience())
			must(t, c.Drained(wait))
			cancel()
			counts, err := c.ports.Intents.Counts(ctx)
			must(t, err)
			if counts[app.IntentPending] == 0 {
				t.Error("nothing was pending when the stream had lost its records")
			}
			must(t, c.app.PinClock(ctx, p.at+later(i)))
		} else {
			c.settle(t)
		}
		c.sweep(t)
		c.LoseStream(false)
		c.settle(t)
	}
	must(t, c.app.PinClock(ctx, parts[len(parts)-1].at+3_600_000))
	c.sweep(t) // it finds what was claimed by who died
	c.settle(t)
	got := look(t, c.ports)
	got.sent = c.sent(t)
	if d := diff(quarantine, rejected(t, c.ports, &got)); d != "" {
		t.Errorf("the quarantine differs (-one machine +AWS):\n%.3000s", d)
	}
	same(t, want, got)
	if twice := written.twice(); len(twice) > 0 {
		t.Errorf("messages that were written more than once: %v", twice)
	}
	c.deadLettersAre(t, poison)
}

func (c *cloud) sweep(t *testing.T) {
	t.Helper()
	c.until(t, "the sweep is through", func() bool {
		_, err := c.Functions["SweepFunction"].Invoke(context.Background(), []byte(`{}`))
		return err == nil
	})
}

// deadLettersAre fails the test unless the dead letters are the notifications of these files, each with its reason in the ledger.
func (c *cloud) deadLettersAre(t *testing.T, names map[string]bool) {
	t.Helper()
	found := map[string]int{}
	for _, body := range c.Queues["EventsDeadLetters"].Bodies() {
		var n events.S3Event
		must(t, json.Unmarshal([]byte(body), &n))
		key := n.Records[0].S3.Object.URLDecodedKey
		found[key[strings.LastIndexByte(key, '/')+1:]]++
	}
	for name := range names {
		if found[name] != 3 {
			t.Errorf("%s stands %d times in the dead letters", name, found[name])
		}
		if f, err := c.file(name); err != nil || f.Status != app.FileFailed || f.Error == "" {
			t.Errorf("the ledger has %+v of %s, %v", f, name, err)
		}
		delete(found, name)
	}
	if len(found) > 0 || c.Queues["DeliverDeadLetters"].Len() > 0 {
		t.Errorf("other dead letters: %v, %d of the stream", found, c.Queues["DeliverDeadLetters"].Len())
	}
}
