package emulated

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/strategy"
)

// step is one command of a life at its moment.
type step struct {
	name string
	at   string
	do   func(l *life) error
}

func moment(text string) int64 {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return t.UnixMilli()
}

// lifeStrategy is the commerce preset with rules that send, one in shadow and one by e-mail, which this base does not send.
func lifeStrategy(more string) string {
	text := string(strategy.Init("commerce", "UTC", "USD"))
	return text[:strings.Index(text, "\noutreach:")+1] + `outreach:
  daily_ceiling: 1000
  rules:
    - {name: winback, on: {enter_stage: silent}, template: winback, channel: outbox}
    - {name: welcome, on: {enter_stage: first_purchase}, template: welcome, channel: outbox}
    - {name: watch, on: {enter_segment: new_buyers}, template: welcome, channel: outbox, shadow: true}
    - {name: nowhere, on: {enter_segment: one_time_buyers}, template: welcome, channel: email}
` + more
}

// visit is the script of a life: a history, live files with late events, repetitions, refunds, links and bad lines, deliveries, a
// sweep of everyone, another strategy, rejects driven again, a link that is revoked; then a snapshot, a sweep of who is due by the index
// and by the snapshot's lists, a compaction, a publication as a job, and a user who is forgotten.
func visit() []step {
	ctx := context.Background()
	lines := stream(11, 150)
	third := len(lines) / 3
	files := map[string][]byte{
		"history.ndjson": join(lines[:third]),
		"live1.ndjson":   join(append(append(slices.Clone(lines[third/2:2*third]), newcomers("n", 3, "2026-03-02T10:00:00Z")...), badLines...)),
		"live2.ndjson":   join(append(append(slices.Clone(lines[2*third-10:]), newcomers("o", 3, "2026-03-08T10:00:00Z")...), `{"type":"nothing"}`)),
		// Who buys for the first time is no new buyer 30 days later: the ones by the index, the others by the lists.
		"live3.ndjson": join(append(newcomers("p", 3, "2026-05-22T10:00:00Z"), newcomers("q", 3, "2026-05-24T10:00:00Z")...)),
	}
	ignore := func(err error, code fault.Code) error {
		if fault.Is(err, code) {
			return nil
		}
		return err
	}
	file := func(name string) func(l *life) error {
		return func(l *life) error {
			if err := l.put(name, files[name]); err != nil {
				return err
			}
			_, err := l.app.ImportKey(ctx, name, "")
			return err
		}
	}
	deliver := func(l *life) error { _, err := l.app.Deliver(ctx); return err }
	sweep := func(l *life) error {
		r, err := l.app.Sweep(ctx, nil)
		l.sweeps = append(l.sweeps, r.Everyone)
		return err
	}
	publish := func(text string, existing bool) func(l *life) error {
		return func(l *life) error {
			_, err := l.app.Publish(ctx, app.PublishRequest{Text: []byte(text), IncludeExisting: existing})
			return err
		}
	}
	return []step{
		{"publish", "2026-02-01T00:00:00Z", publish(lifeStrategy(""), false)},
		{"history", "2026-03-01T00:00:00Z", func(l *life) error {
			_, err := l.app.Import(ctx, app.ImportRequest{
				Name: "history", Source: bytes.NewReader(files["history.ndjson"]), Size: int64(len(files["history.ndjson"])), Backfill: true,
			})
			return ignore(err, fault.Conflict)
		}},
		{"live1", "2026-03-03T00:00:00Z", file("live1.ndjson")},
		{"deliver1", "2026-03-03T00:10:00Z", deliver},
		{"live2", "2026-03-09T00:00:00Z", file("live2.ndjson")},
		{"deliver2", "2026-03-09T00:10:00Z", deliver},
		{"sweep", "2026-05-20T00:00:00Z", sweep},
		{"deliver3", "2026-05-20T00:10:00Z", deliver},
		{"republish", "2026-05-21T00:00:00Z", publish(strings.Replace(lifeStrategy(""), "windows: [7, 30]", "windows: [7, 60]", 1), false)},
		{"redrive", "2026-05-22T00:00:00Z", func(l *life) error {
			// What a first try uploaded is imported by its notification, whether or not somebody asks again.
			if _, err := l.app.IngestPending(ctx, nil); err != nil {
				return err
			}
			files, _, err := l.app.Files(ctx, "", 100)
			if err != nil {
				return err
			}
			at := slices.IndexFunc(files, func(f app.File) bool { return f.Name == "live1.ndjson" })
			_, err = l.app.Redrive(ctx, files[at].ID, "", nil)
			return ignore(err, fault.NotFound) // nothing waits any more
		}},
		{"revoke", "2026-05-23T00:00:00Z", func(l *life) error {
			links, err := l.ports.Links.All(ctx)
			if err != nil {
				return err
			}
			at := slices.IndexFunc(links, func(l app.Link) bool { return !l.Alias && strings.HasPrefix(l.A, "anon:") })
			if at < 0 {
				return errors.New("no event linked an anonymous id")
			}
			_, _, err = l.app.RevokeLink(ctx, links[at].A, links[at].B)
			return err
		}},
		{"live3", "2026-05-24T12:00:00Z", file("live3.ndjson")},
		{"sweep2", "2026-06-20T00:00:00Z", sweep},
		{"deliver4", "2026-06-20T00:10:00Z", deliver},
		{"snapshot", "2026-06-22T00:00:00Z", func(l *life) error {
			due, err := l.app.SnapshotDue(ctx)
			if err == nil && due {
				_, err = l.app.TakeSnapshot(ctx, nil)
			}
			return err
		}},
		{"due", "2026-06-23T01:00:00Z", sweep},
		{"compact", "2026-06-23T02:00:00Z", func(l *life) error { _, err := l.app.Compact(ctx, false, nil); return err }},
		{"job", "2026-06-23T03:00:00Z", func(l *life) error {
			return publishAsJob(l, strings.Replace(lifeStrategy(""), "windows: [7, 30]", "windows: [7, 90]", 1))
		}},
		{"forget", "2026-06-23T04:00:00Z", func(l *life) error { _, err := l.app.Forget(ctx, "u2"); return err }},
		{"deliver5", "2026-06-23T05:00:00Z", deliver},
	}
}

// publishAsJob publishes a strategy by a job, unless one did: it goes on with one that was begun, and begins another after one that failed.
func publishAsJob(l *life, text string) error {
	ctx := context.Background()
	jobs, err := l.app.Jobs(ctx)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(jobs, func(j app.Job) bool { return j.Kind == app.JobStrategy })
	if at >= 0 && jobs[at].Status == app.JobDone {
		return nil
	}
	var one app.Job
	if at >= 0 && !jobs[at].Ended() {
		one = jobs[at]
	} else if one, err = l.app.StartJob(ctx, app.JobStrategy, app.PublishJob{Text: text}); err != nil {
		return err
	}
	done, err := l.app.RunJob(ctx, one.ID)
	if err == nil && !done {
		err = errors.New("the job did not end")
	}
	if err != nil {
		return err
	}
	if one, err = l.app.Job(ctx, one.ID); err == nil && one.Status != app.JobDone {
		err = fault.New(one.Code, "%s", one.Error)
	}
	return err
}

var badLines = []string{
	`{"type":"track","messageId":"bad1","userId":"u1","event":"Order Completed","timestamp":"2026-03-01T00:00:00Z","properties":{"revenue":"much"}}`,
	`{"type":"track","messageId":"bad2","event":"X"`,
	`{"type":"track","messageId":"bad3","userId":"u1","event":"Later","timestamp":"2027-03-04T00:00:00Z"}`,
}

func join(lines []string) []byte { return []byte(strings.Join(lines, "\n") + "\n") }

// newcomers buy for the first time.
func newcomers(prefix string, n int, when string) (lines []string) {
	for i := range n {
		lines = append(lines, fmt.Sprintf(`{"type":"track","messageId":"%s%d","userId":"%s%d","event":"Order Completed","timestamp":"%s","properties":{"order_id":"%s%d","revenue":5}}`,
			prefix, i, prefix, i, when, prefix, i))
	}
	return lines
}

// stream is a random life of a few users between January and March: purchases, refunds, views without messageId, anonymous visits,
// identify and alias events, and repetitions. Equal lines without messageId count as often as a file holds them.
func stream(seed uint64, events int) (out []string) {
	r := rand.New(rand.NewPCG(seed, 3))
	start := time.Date(2026, 1, 10, 0, 0, 0, 0, time.UTC)
	when := func() string { return start.Add(time.Duration(r.IntN(50*24*60)) * time.Minute).Format(time.RFC3339) }
	user, anon := func() string { return fmt.Sprintf("u%d", r.IntN(12)) }, func() string { return fmt.Sprintf("a%d", r.IntN(8)) }
	add := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for i := range events {
		switch r.IntN(10) {
		case 0, 1, 2:
			add(`{"type":"track","messageId":"m%d","userId":"%s","event":"Order Completed","timestamp":"%s","properties":{"order_id":"o%d","revenue":%d.%02d}}`,
				i, user(), when(), r.IntN(40), r.IntN(90), r.IntN(100))
		case 3:
			add(`{"type":"track","messageId":"m%d","userId":"%s","event":"Order Refunded","timestamp":"%s","properties":{"order_id":"o%d","revenue":%d}}`,
				i, user(), when(), r.IntN(40), 1+r.IntN(9))
		case 4, 5:
			add(`{"type":"track","messageId":"m%d","anonymousId":"%s","event":"Product Viewed","timestamp":"%s","properties":{"sku":"s%d"}}`, i, anon(), when(), r.IntN(3))
		case 6:
			add(`{"type":"identify","messageId":"m%d","userId":"%s","anonymousId":"%s","timestamp":"%s","traits":{"city":"c%d"}}`, i, user(), anon(), when(), r.IntN(3))
		case 7:
			add(`{"type":"identify","messageId":"m%d","userId":"%s","timestamp":"%s","traits":{"plan":"p%d"}}`, i, user(), when(), r.IntN(3))
		case 8:
			if i%3 == 0 {
				add(`{"type":"alias","messageId":"m%d","userId":"%s","previousId":"%s","timestamp":"%s"}`, i, user(), user(), when())
				continue
			}
			add(`{"type":"track","userId":"%s","event":"Cart Viewed","timestamp":"%s","properties":{"n":%d}}`, user(), when(), r.IntN(2))
		default:
			if len(out) > 0 {
				if repeated := out[r.IntN(len(out))]; strings.Contains(repeated, "messageId") {
					out = append(out, repeated)
				}
			}
		}
	}
	return out
}
