package app_test

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/weir-engine/weir/shared/journey"
	"github.com/weir-engine/weir/shared/profile"
	"github.com/weir-engine/weir/shared/score"
	"github.com/weir-engine/weir/shared/zone"
)

// replayRules messages on every stage and segment of the preset.
var replayRules = withRules(`outreach:
  rules:
    - {name: first, on: {enter_stage: first_purchase}, template: welcome, channel: outbox}
    - {name: active, on: {enter_stage: active}, template: welcome, channel: outbox}
    - {name: silent, on: {enter_stage: silent}, template: winback, channel: outbox}
    - {name: churned, on: {enter_stage: churned}, template: winback, channel: outbox, shadow: true}
    - {name: new, on: {enter_segment: new_buyers}, template: welcome, channel: outbox}
    - {name: once, on: {enter_segment: one_time_buyers}, template: welcome, channel: outbox}
    - {name: risk, on: {enter_segment: at_risk_high_value}, template: winback, channel: outbox, after_cuts: true}
    - {name: repeat, on: {enter_segment: active_repeat}, template: welcome, channel: outbox}
`)

// TestReasonsReplay lives through random streams and computes every stored reason again from what it stores.
func TestReasonsReplay(t *testing.T) {
	intents, reasons := 0, 0
	rounds := 20
	if soak() {
		rounds = 400
	}
	random := rand.New(rand.NewPCG(23, 42))
	for range rounds {
		seed := random.Uint64()
		b := smallBase(t, "2026-01-05T00:00:00Z", 2)
		b.publish(replayRules)
		lines := stream(seed, 120)
		third := len(lines) / 3
		b.at("2026-03-12T00:00:00Z").load(strings.Join(lines[:third], "\n"), backfill)
		b.sweep("2026-03-12T01:00:00Z")
		b.load(strings.Join(lines[third:2*third], "\n"))
		b.at("2026-03-14T00:00:00Z").load(strings.Join(lines[2*third:], "\n"))
		for range 1 + random.IntN(4) {
			b.now += int64(1+random.IntN(70)) * 86_400_000
			if _, err := b.app.Sweep(ctx, nil); err != nil {
				t.Fatal(err)
			}
		}
		n, m := checkReplay(t, b)
		intents, reasons = intents+n, reasons+m
		if err := b.store.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if intents == 0 {
		t.Error("no message was decided")
	}
	t.Logf("%d messages, %d reasons", intents, reasons)
}

// checkReplay replays what a base stores: the reasons of its messages and of its decisions, and STATE from the records.
func checkReplay(t *testing.T, b *base) (intents, reasons int) {
	z := zone.FromLocation(time.UTC)
	replay := func(where string, stored []score.Reason) {
		for _, reason := range stored {
			reasons++
			if got, err := score.Replay(reason, z); err != nil || got != reason.Value {
				t.Fatalf("%s: %s replays to %q, %v, stored is %q", where, reason.Score, got, err, reason.Value)
			}
		}
	}
	for _, in := range b.intents() {
		intents++
		var stored []score.Reason
		if err := json.Unmarshal(in.Reasons, &stored); err != nil || len(stored) == 0 {
			t.Fatalf("%s holds %d reasons, %v", name(in), len(stored), err)
		}
		for _, reason := range stored {
			if reason.AsOf != in.AsOf {
				t.Fatalf("%s was decided at %d, its reason is of %d", name(in), in.AsOf, reason.AsOf)
			}
		}
		replay(name(in), stored)
		if in.ID != journey.IntentID(in.Key, in.Rule, in.Episode) {
			t.Fatalf("%s is called %s", name(in), in.ID)
		}
	}
	ports := b.store.Ports(nil)
	for _, item := range b.items() {
		decisions, err := ports.Profiles.Decisions(ctx, item.Key, 1000)
		if err != nil {
			t.Fatal(err)
		}
		for i, d := range decisions {
			var record journey.Record
			if err := json.Unmarshal(d.Record, &record); err != nil {
				t.Fatal(err)
			}
			for _, move := range record.Transitions {
				replay(item.Key+" "+move.What, move.Reasons)
			}
			if state := record.Restore(); i == 0 && !bytes.Equal(profile.EncodeState(nil, &state), item.State) {
				t.Fatalf("%s: STATE is not that of the last decision record", item.Key)
			}
		}
		explained, err := b.app.Explain(ctx, item.Key, 0)
		if err != nil {
			t.Fatal(err)
		}
		replay("explain "+item.Key, explained.Reasons)
	}
	return intents, reasons
}
