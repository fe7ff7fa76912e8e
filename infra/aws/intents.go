package aws

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/zone"
)

// intents implements app.Intents. An intent is one item, pk "i#" and its id; the index lists those of a status from the newest,
// and one item of each user's partition "u#" names it, so that a user's are found.
type intents struct{ table *table }

var statuses = []app.IntentStatus{app.IntentPending, app.IntentClaimed, app.IntentSent, app.IntentSuppressed, app.IntentUnknown}

func intentKey(t *table, id string) key { return t.key("i#"+id, "-") }

// listed is where the index lists an intent: from the newest, by id within.
func listed(asOf int64, id string) string { return inverse(asOf) + "#" + id }

// inverse is a number as a text whose order is the other way round.
func inverse(n int64) string { return fmt.Sprintf("%016x", ^uint64(n)^1<<63) }

func statusList(t *table, s app.IntentStatus) string { return t.key("i#"+string(s), "").pk }

func encodeIntent(t *table, in *app.Intent) item {
	status := in.Status
	if status == "" {
		status = app.IntentPending
	}
	it := intentKey(t, in.ID).with(item{
		"lpk": str(statusList(t, status)), "lsk": str(listed(in.AsOf, in.ID)), "status": str(string(status)),
	})
	for name, v := range map[string]types.AttributeValue{
		"user": str(in.Key), "rule": str(in.Rule), "template": str(in.Template), "channel": str(in.Channel), "episode": num(in.Episode),
		"shadow": boolean(in.Shadow), "strategy": str(in.Strategy), "at": num(in.AsOf), "due": num(in.Due), "reasons": blob(in.Reasons),
		"why": str(in.Why), "claimed": num(in.Claimed), "settled": num(in.Settled), "subject": str(in.Subject), "body": str(in.Body), "held": num(in.Held),
	} {
		it.set(name, v)
	}
	return it
}

// userIntent names an intent among its user's.
func userIntent(t *table, in *app.Intent) item {
	return t.key("u#"+in.Key, "i#"+listed(in.AsOf, in.ID)).with(item{"id": str(in.ID)})
}

func decodeIntent(it item) app.Intent {
	return app.Intent{
		ID: strings.TrimPrefix(it.text("pk")[strings.IndexByte(it.text("pk"), '#')+1:], "i#"), Key: it.text("user"), Rule: it.text("rule"),
		Template: it.text("template"), Channel: it.text("channel"), Episode: it.number("episode"), Shadow: it.flag("shadow"),
		Strategy: it.text("strategy"), AsOf: it.number("at"), Due: it.number("due"), Reasons: it.bytes("reasons"),
		Status: app.IntentStatus(it.text("status")), Why: it.text("why"), Claimed: it.number("claimed"), Settled: it.number("settled"),
		Subject: it.text("subject"), Body: it.text("body"), Held: it.number("held"),
	}
}

// List implements app.Intents. The page after an unknown intent is NotFound.
func (p *intents) List(ctx context.Context, q app.IntentQuery) ([]app.Intent, error) {
	if q.Limit <= 0 {
		return nil, nil
	}
	after := ""
	if q.After != "" {
		it, err := p.table.get(ctx, intentKey(p.table, q.After))
		if err != nil {
			return nil, p.table.fault(err, "list intents")
		}
		if it == nil {
			return nil, fault.New(fault.NotFound, "there is no intent %q to go on after", q.After).WithHint("begin at the first page")
		}
		after = listed(it.number("at"), q.After)
	}
	all, err := p.list(ctx, q, after)
	return all, p.table.fault(err, "list intents")
}

func (p *intents) list(ctx context.Context, q app.IntentQuery, after string) (all []app.Intent, err error) {
	for len(all) < q.Limit {
		places, err := p.places(ctx, q, after)
		if err != nil || len(places) == 0 {
			return all, err
		}
		keys := make([]key, len(places))
		for i, place := range places {
			keys[i] = intentKey(p.table, place[strings.IndexByte(place, '#')+1:])
		}
		found, err := p.table.getAll(ctx, keys)
		if err != nil {
			return nil, err
		}
		page := make([]app.Intent, 0, len(found))
		for _, it := range found {
			in := decodeIntent(it)
			if (q.Status == "" || in.Status == q.Status) && (q.Rule == "" || in.Rule == q.Rule) && (q.Key == "" || in.Key == q.Key) {
				page = append(page, in)
			}
		}
		slices.SortFunc(page, func(a, b app.Intent) int { return strings.Compare(listed(a.AsOf, a.ID), listed(b.AsOf, b.ID)) })
		all = append(all, page...)
		after = places[len(places)-1]
	}
	return all[:min(len(all), q.Limit)], nil
}

// places returns the next places of a list, at most as many as the page needs.
func (p *intents) places(ctx context.Context, q app.IntentQuery, after string) (places []string, err error) {
	limit := int32(min(q.Limit, 500))
	if q.Key != "" {
		from := "i#" + after
		err := p.table.each(ctx, query{
			pk: p.table.key("u#"+q.Key, "").pk, from: from, after: true, limit: limit, consistent: true,
		}, func(it item) (bool, error) {
			if place, ok := strings.CutPrefix(it.text("sk"), "i#"); ok {
				places = append(places, place)
			}
			return len(places) < int(limit), nil
		})
		return places, err
	}
	want := statuses
	if q.Status != "" {
		want = []app.IntentStatus{q.Status}
	}
	for _, status := range want {
		n := 0
		err := p.table.each(ctx, query{index: listIndex, pk: statusList(p.table, status), from: after, after: true, limit: limit},
			func(it item) (bool, error) {
				places = append(places, it.text("lsk"))
				n++
				return n < int(limit), nil
			})
		if err != nil {
			return nil, err
		}
	}
	slices.Sort(places)
	places = slices.Compact(places) // one that moved between two lists while they were read
	return places[:min(len(places), int(limit))], nil
}

func claimsKey(t *table, day zone.Day) key { return t.key("claims", fmt.Sprint(int64(day))) }

// Claim implements app.Intents. An intent that does not exist is not pending.
func (p *intents) Claim(ctx context.Context, c app.Claim) (bool, error) {
	it, err := p.table.get(ctx, intentKey(p.table, c.ID))
	if err != nil {
		return false, p.table.fault(err, "claim an intent")
	}
	if app.IntentStatus(it.text("status")) != app.IntentPending {
		return false, nil
	}
	full := fault.New(fault.TooLarge, "the ceiling of %d messages on %s is reached", c.Ceiling, c.Day).
		WithHint("wait for the next day, or raise the daily ceiling")
	if c.Ceiling <= 0 {
		return false, full
	}
	name := p.table.name
	err = p.table.transact(ctx, []types.TransactWriteItem{
		{Update: &types.Update{
			TableName: &name, Key: intentKey(p.table, c.ID).item(),
			UpdateExpression:          ref("SET #status = :to, lpk = :list, claimed = :at REMOVE held, why"),
			ConditionExpression:       ref("#status = :from"),
			ExpressionAttributeNames:  map[string]string{"#status": "status"},
			ExpressionAttributeValues: item{":to": str(string(app.IntentClaimed)), ":from": str(string(app.IntentPending)), ":list": str(statusList(p.table, app.IntentClaimed)), ":at": num(c.At)},
		}},
		{Update: &types.Update{
			TableName: &name, Key: claimsKey(p.table, c.Day).item(), UpdateExpression: ref("ADD n :one"),
			ConditionExpression:       ref("attribute_not_exists(n) OR n < :ceiling"),
			ExpressionAttributeValues: item{":one": num(1), ":ceiling": num(int64(c.Ceiling))},
		}},
	})
	codes := reasonsOf(err)
	switch {
	case err == nil:
		return true, nil
	case len(codes) == 2 && codes[0] == codeCondition:
		return false, nil
	case len(codes) == 2 && codes[1] == codeCondition:
		return false, full
	}
	return false, p.table.fault(err, "claim an intent")
}

// Release implements app.Intents.
func (p *intents) Release(ctx context.Context, id string, day zone.Day, until int64, why string) error {
	name := p.table.name
	err := p.table.transact(ctx, []types.TransactWriteItem{
		{Update: &types.Update{
			TableName: &name, Key: intentKey(p.table, id).item(),
			UpdateExpression:         ref("SET #status = :to, lpk = :list, held = :until, why = :why REMOVE claimed"),
			ConditionExpression:      ref("#status = :from"),
			ExpressionAttributeNames: map[string]string{"#status": "status"},
			ExpressionAttributeValues: item{
				":to": str(string(app.IntentPending)), ":from": str(string(app.IntentClaimed)), ":list": str(statusList(p.table, app.IntentPending)),
				":until": num(until), ":why": str(why),
			},
		}},
		{Update: &types.Update{
			TableName: &name, Key: claimsKey(p.table, day).item(), UpdateExpression: ref("ADD n :less"), ExpressionAttributeValues: item{":less": num(-1)},
		}},
	})
	if codes := reasonsOf(err); len(codes) == 2 && codes[0] == codeCondition {
		return notAny(id, app.IntentClaimed)
	}
	return p.table.fault(err, "release an intent")
}

// Hold implements app.Intents.
func (p *intents) Hold(ctx context.Context, id string, until int64, why string) error {
	_, err := p.table.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &p.table.name, Key: intentKey(p.table, id).item(), UpdateExpression: ref("SET held = :until, why = :why"),
		ConditionExpression: ref("#status = :pending"), ExpressionAttributeNames: map[string]string{"#status": "status"},
		ExpressionAttributeValues: item{":until": num(until), ":why": str(why), ":pending": str(string(app.IntentPending))},
	})
	if isCondition(err) {
		return notAny(id, app.IntentPending)
	}
	return p.table.fault(err, "hold an intent")
}

func notAny(id string, status app.IntentStatus) error {
	return fault.New(fault.Conflict, "the intent %s is not %s any more", id, status).WithHint("read it again")
}

// Settle implements app.Intents.
func (p *intents) Settle(ctx context.Context, in app.Intent, from app.IntentStatus) error {
	in.Held = 0
	it := encodeIntent(p.table, &in)
	stored, err := p.table.get(ctx, intentKey(p.table, in.ID))
	if err != nil {
		return p.table.fault(err, "settle an intent")
	}
	// What the decision gave stays as it was stored.
	for _, name := range []string{"user", "rule", "template", "channel", "episode", "shadow", "strategy", "at", "due", "reasons", "lsk"} {
		delete(it, name)
		if v, ok := stored[name]; ok {
			it[name] = v
		}
	}
	err = p.table.put(ctx, it, equal("status", str(string(from))))
	if isCondition(err) {
		return notAny(in.ID, from)
	}
	return p.table.fault(err, "settle an intent")
}

// Claimed implements app.Intents.
func (p *intents) Claimed(ctx context.Context, day zone.Day) (int, error) {
	it, err := p.table.get(ctx, claimsKey(p.table, day))
	return int(it.number("n")), p.table.fault(err, "count claims")
}

// Counts implements app.Intents.
func (p *intents) Counts(ctx context.Context) (map[app.IntentStatus]int64, error) {
	counts := map[app.IntentStatus]int64{}
	for _, status := range statuses {
		n, err := p.table.count(ctx, query{index: listIndex, pk: statusList(p.table, status)})
		if err != nil {
			return nil, p.table.fault(err, "count intents")
		}
		if n > 0 {
			counts[status] = n
		}
	}
	return counts, nil
}

func ref[T any](v T) *T { return &v }
