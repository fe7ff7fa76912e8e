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
	"github.com/weir-engine/weir/shared/outreach"
	"github.com/weir-engine/weir/shared/zone"
)

// intents implements app.Intents. An intent is one item, pk "i#" and its id; the index lists those of a status from the newest,
// and one item of each user's partition "u#" names it, so that a user's are found. Another item there is the user's log of messages.
type intents struct{ table *table }

var statuses = []app.IntentStatus{app.IntentPending, app.IntentClaimed, app.IntentSent, app.IntentSuppressed, app.IntentUnknown, app.IntentWithheld, app.IntentExpired}

func intentKey(t *table, id string) key { return t.key("i#"+id, "-") }

// listed is where the index lists an intent: from the newest, by id within.
func listed(asOf int64, id string) string { return inverse(asOf) + "#" + id }

// listedHeld is where the index lists an intent that is held: the place says until when, so that whoever looks for what is ready need not
// read it.
func listedHeld(asOf int64, id string, until int64) string {
	if until == 0 {
		return listed(asOf, id)
	}
	return listed(asOf, id) + "#" + dueOrder(until)
}

// placeOf reads what listedHeld wrote: the id, and the place without the moment.
func placeOf(lsk string) (id, place string, held string) {
	order, rest, _ := strings.Cut(lsk, "#")
	id, held, _ = strings.Cut(rest, "#")
	return id, order + "#" + id, held
}

// inverse is a number as a text whose order is the other way round.
func inverse(n int64) string { return fmt.Sprintf("%016x", ^uint64(n)^1<<63) }

func statusList(t *table, s app.IntentStatus) string { return t.key("i#"+string(s), "").pk }

func encodeIntent(t *table, in *app.Intent) item {
	status := in.Status
	if status == "" {
		status = app.IntentPending
	}
	it := intentKey(t, in.ID).with(item{
		"lpk": str(statusList(t, status)), "lsk": str(listedHeld(in.AsOf, in.ID, in.Held)), "status": str(string(status)),
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
			id, _, _ := placeOf(place)
			keys[i] = intentKey(p.table, id)
		}
		found, err := p.table.getAll(ctx, keys)
		if err != nil {
			return nil, err
		}
		page := make([]app.Intent, 0, len(found))
		for _, it := range found {
			in := decodeIntent(it)
			if (q.Status == "" || in.Status == q.Status) && (q.Rule == "" || in.Rule == q.Rule) && (q.Key == "" || in.Key == q.Key) &&
				(q.Ready == 0 || in.Status != app.IntentPending || in.Held <= q.Ready) {
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
	want, size := statuses, limit
	if q.Status != "" {
		want = []app.IntentStatus{q.Status}
	}
	if q.Ready != 0 {
		size = 0 // many places may be passed over
	}
	for _, status := range want {
		n := 0
		err := p.table.each(ctx, query{index: listIndex, pk: statusList(p.table, status), from: behind(after), after: true, limit: size},
			func(it item) (bool, error) {
				_, place, held := placeOf(it.text("lsk"))
				if q.Ready == 0 || held <= dueOrder(q.Ready) {
					places = append(places, place)
					n++
				}
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

// behind is behind a place, whether or not a moment stands there.
func behind(place string) string {
	if place == "" {
		return ""
	}
	return place + "$"
}

func claimsKey(t *table, day zone.Day) key { return t.key("claims", fmt.Sprint(int64(day))) }

// Claim implements app.Intents. An intent that does not exist is not pending. The first message of a user counts the version of the
// profile up: whoever takes the profile into another one meanwhile reads it again, and finds the log.
func (p *intents) Claim(ctx context.Context, c app.Claim) (bool, error) {
	it, err := p.table.get(ctx, intentKey(p.table, c.ID))
	if err != nil {
		return false, p.table.fault(err, "claim an intent")
	}
	if app.IntentStatus(it.text("status")) != app.IntentPending {
		return false, nil
	}
	in := decodeIntent(it)
	full := fault.New(fault.TooLarge, "the ceiling of %d messages on %s is reached", c.Ceiling, c.Day).
		WithHint("wait for the next day, or raise the daily ceiling")
	for try := 0; ; try++ {
		sent, err := p.table.sent(ctx, in.Key)
		if err != nil {
			return false, p.table.fault(err, "read a user's messages")
		}
		if over := sent.log.Over(c.Caps, in.Channel, c.Tags, c.At); over != nil {
			return false, over.Fault()
		}
		if c.Ceiling <= 0 {
			return false, full
		}
		log := sent.log.Add(outreach.Sent{Mark: outreach.Mark(c.ID), At: c.At, Channel: in.Channel, Tags: c.Tags})
		writes := []types.TransactWriteItem{
			p.move(&in, app.IntentPending, app.IntentClaimed, "claimed = :at REMOVE held, why", item{":at": num(c.At), ":place": str(listed(in.AsOf, in.ID))}),
			{Update: &types.Update{
				TableName: &p.table.name, Key: claimsKey(p.table, c.Day).item(), UpdateExpression: ref("ADD n :one"),
				ConditionExpression:       ref("attribute_not_exists(n) OR n < :ceiling"),
				ExpressionAttributeValues: item{":one": num(1), ":ceiling": num(int64(c.Ceiling))},
			}},
			p.table.transactPut(sent.with(log), sent.asRead()),
		}
		if sent.version == 0 {
			writes = append(writes, p.touch(in.Key))
		}
		err = p.table.transact(ctx, writes)
		codes := append(reasonsOf(err), "", "", "", "")
		switch {
		case err == nil:
			return true, nil
		case codes[0] == codeCondition, codes[3] == codeCondition:
			return false, nil
		case codes[2] == codeCondition && try < retries: // another message of the user was claimed meanwhile
			if err := pause(ctx, try); err != nil {
				return false, err
			}
		case codes[1] == codeCondition:
			return false, full
		default:
			return false, p.table.fault(err, "claim an intent")
		}
	}
}

// move changes the status of an intent in a transaction, and where it is listed; set goes on after "SET …, " and reads values.
func (p *intents) move(in *app.Intent, from, to app.IntentStatus, set string, values item) types.TransactWriteItem {
	values[":from"], values[":to"], values[":list"] = str(string(from)), str(string(to)), str(statusList(p.table, to))
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &p.table.name, Key: intentKey(p.table, in.ID).item(), UpdateExpression: ref("SET #status = :to, lpk = :list, lsk = :place, " + set),
		ConditionExpression: ref("#status = :from"), ExpressionAttributeNames: map[string]string{"#status": "status"}, ExpressionAttributeValues: values,
	}}
}

// touch counts the version of a profile up.
func (p *intents) touch(user string) types.TransactWriteItem {
	own := profiles{table: p.table}
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &p.table.name, Key: own.key(user).item(), UpdateExpression: ref("ADD " + attrVersion + " :one"),
		ConditionExpression: ref("attribute_exists(" + attrVersion + ")"), ExpressionAttributeValues: item{":one": num(1)},
	}}
}

// sentLog is a user's log as it was read.
type sentLog struct {
	key     key
	version int64 // 0: there is none
	log     outreach.Log
}

const attrMessages = "l"

// sent reads the log of a user's messages.
func (t *table) sent(ctx context.Context, user string) (s sentLog, err error) {
	s.key = t.key("u#"+user, "sent")
	it, err := t.get(ctx, s.key)
	if err != nil {
		return s, err
	}
	s.version = it.number(attrVersion)
	s.log, err = outreach.DecodeLog(it.bytes(attrMessages))
	return s, err
}

// with is the item of another log in place of this one.
func (s *sentLog) with(log outreach.Log) item {
	return s.key.with(item{attrVersion: num(s.version + 1), attrMessages: blob(log.Encode())})
}

// asRead is the condition that the log is as it was read.
func (s *sentLog) asRead() *condition { return versionIs(s.version) }

// Log implements app.Intents.
func (p *intents) Log(ctx context.Context, user string) (outreach.Log, error) {
	s, err := p.table.sent(ctx, user)
	return s.log, p.table.fault(err, "read a user's messages")
}

// Release implements app.Intents.
func (p *intents) Release(ctx context.Context, id string, day zone.Day, until int64, why string) error {
	it, err := p.table.get(ctx, intentKey(p.table, id))
	if err != nil {
		return p.table.fault(err, "release an intent")
	}
	if app.IntentStatus(it.text("status")) != app.IntentClaimed {
		return notAny(id, app.IntentClaimed)
	}
	in := decodeIntent(it)
	for try := 0; ; try++ {
		sent, err := p.table.sent(ctx, in.Key)
		if err != nil {
			return p.table.fault(err, "read a user's messages")
		}
		writes := []types.TransactWriteItem{
			p.move(&in, app.IntentClaimed, app.IntentPending, "held = :until, why = :why REMOVE claimed",
				item{":until": num(until), ":why": str(why), ":place": str(listedHeld(in.AsOf, id, until))}),
			{Update: &types.Update{
				TableName: &p.table.name, Key: claimsKey(p.table, day).item(), UpdateExpression: ref("ADD n :less"), ExpressionAttributeValues: item{":less": num(-1)},
			}},
		}
		if sent.version > 0 {
			writes = append(writes, p.table.transactPut(sent.with(sent.log.Remove(outreach.Mark(id))), sent.asRead()))
		}
		err = p.table.transact(ctx, writes)
		codes := append(reasonsOf(err), "", "", "")
		switch {
		case codes[0] == codeCondition:
			return notAny(id, app.IntentClaimed)
		case codes[2] == codeCondition && try < retries:
			if err := pause(ctx, try); err != nil {
				return err
			}
		default:
			return p.table.fault(err, "release an intent")
		}
	}
}

// Hold implements app.Intents.
func (p *intents) Hold(ctx context.Context, id string, until int64, why string) error {
	it, err := p.table.get(ctx, intentKey(p.table, id))
	if err != nil {
		return p.table.fault(err, "hold an intent")
	}
	_, err = p.table.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &p.table.name, Key: intentKey(p.table, id).item(), UpdateExpression: ref("SET held = :until, why = :why, lsk = :place"),
		ConditionExpression: ref("#status = :pending"), ExpressionAttributeNames: map[string]string{"#status": "status"},
		ExpressionAttributeValues: item{
			":until": num(until), ":why": str(why), ":pending": str(string(app.IntentPending)), ":place": str(listedHeld(it.number("at"), id, until)),
		},
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
	it["lsk"] = str(listed(stored.number("at"), in.ID))
	// What the decision gave stays as it was stored.
	for _, name := range []string{"user", "rule", "template", "channel", "episode", "shadow", "strategy", "at", "due", "reasons"} {
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
