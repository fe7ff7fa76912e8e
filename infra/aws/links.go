package aws

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/weir-engine/weir/infra/disk"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/event"
)

// links implements app.Links. A fact stands twice, once for each of its ids: pk "k#" and a byte of the id's hash, sk the id, the other
// one and whether it is an alias. A pointer is an attribute of its id's profile.
type links struct {
	table *table
	any   atomic.Bool // there is or was a pointer
}

// parts is the number of partitions of the facts.
const parts = 256

func linkName(l *app.Link) string {
	name := l.A + "\x00" + l.B
	if l.Alias {
		name += aliasEnd
	}
	return name
}

const aliasEnd = "\x00alias"

// fact is the key of a fact under one of its ids.
func (p *links) fact(id string, l *app.Link) key {
	sk := id + "\x00" + l.A
	if id == l.A {
		sk = id + "\x00" + l.B
	}
	if l.Alias {
		sk += aliasEnd
	}
	return p.part(int(event.UserHash(id)>>56), sk)
}

func (p *links) part(n int, sk string) key { return p.table.key(fmt.Sprintf("k#%02x", n), sk) }

func (p *links) pointers() key { return p.table.key("meta", "pointers") }

func decodeLink(it item) app.Link {
	sk, alias := it.text("sk"), it.flag("alias")
	if alias {
		sk = strings.TrimSuffix(sk, aliasEnd)
	}
	n := min(int(it.number("len")), max(len(sk)-1, 0))
	id, other := sk[:n], sk[min(n+1, len(sk)):]
	return app.Link{A: min(id, other), B: max(id, other), Alias: alias, Time: it.number("time"), Source: it.text("source"), Revoked: it.number("revoked")}
}

func compareLinks(a, b app.Link) int {
	return cmp.Or(strings.Compare(a.A, b.A), strings.Compare(a.B, b.B), strings.Compare(linkName(&a), linkName(&b)))
}

// sorted returns facts, each once.
func sorted(all []app.Link) []app.Link {
	found := map[string]app.Link{}
	for _, l := range all {
		found[linkName(&l)] = l
	}
	return slices.SortedFunc(maps.Values(found), compareLinks)
}

// Touching implements app.Links.
func (p *links) Touching(ctx context.Context, ids []string) ([]app.Link, error) {
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	found := make([][]app.Link, len(ids))
	err := atOnce(ctx, len(ids), writeWidth, func(i int) error {
		k := p.fact(ids[i], &app.Link{})
		return p.table.each(ctx, query{pk: k.pk, prefix: ids[i] + "\x00", consistent: true}, func(it item) (bool, error) {
			if l := decodeLink(it); l.A == ids[i] || l.B == ids[i] { // an id may hold what ends one, and a stand-in of DynamoDB ignores case
				found[i] = append(found[i], l)
			}
			return true, nil
		})
	})
	return sorted(slices.Concat(found...)), p.table.fault(err, "read links")
}

// Stored implements app.Links.
func (p *links) Stored(ctx context.Context, facts []app.Link) ([]app.Link, error) {
	keys := make([]key, len(facts))
	for i := range facts {
		keys[i] = p.fact(facts[i].A, &facts[i])
	}
	found, err := p.table.batchGet(ctx, keys, false)
	all := make([]app.Link, len(found))
	for i, it := range found {
		all[i] = decodeLink(it)
	}
	return sorted(all), p.table.fault(err, "read links")
}

// Resolve implements app.Links.
func (p *links) Resolve(ctx context.Context, keys []string) (map[string]string, error) {
	to := map[string]string{}
	if any, err := p.Any(ctx); !any || err != nil {
		return to, err
	}
	ask := make([]key, len(keys))
	for i, k := range keys {
		ask[i] = profileKey(p.table, k)
	}
	found, err := p.table.getAll(ctx, ask)
	for _, it := range found {
		if c := it.text(attrTo); c != "" {
			to[it.text("sk")] = c
		}
	}
	return to, p.table.fault(err, "read pointers")
}

// Any implements app.Links. Once it is true it stays so, and costs nothing.
func (p *links) Any(ctx context.Context) (bool, error) {
	if p.any.Load() {
		return true, nil
	}
	it, err := p.table.get(ctx, p.pointers())
	if it.number("n") > 0 {
		p.any.Store(true)
	}
	return it.number("n") > 0, p.table.fault(err, "read pointers")
}

// All implements app.Links.
func (p *links) All(ctx context.Context) ([]app.Link, error) {
	found := make([][]app.Link, parts)
	err := atOnce(ctx, parts, writeWidth, func(i int) error {
		return p.table.each(ctx, query{pk: p.part(i, "").pk, consistent: true}, func(it item) (bool, error) {
			found[i] = append(found[i], decodeLink(it))
			return true, nil
		})
	})
	return sorted(slices.Concat(found...)), p.table.fault(err, "list links")
}

// Apply implements app.Links: the facts first, then that there are pointers, then the pointers. A caller that died in between repeats
// the call.
func (p *links) Apply(ctx context.Context, facts []app.Link, pointers map[string]string) error {
	if ctx.Err() != nil {
		return disk.Canceled(ctx.Err())
	}
	err := atOnce(ctx, len(facts), writeWidth, func(i int) error { return p.store(ctx, &facts[i]) })
	if err != nil {
		return p.table.fault(err, "store links")
	}
	ids := slices.Sorted(maps.Keys(pointers))
	if slices.ContainsFunc(ids, func(id string) bool { return pointers[id] != id }) {
		if err := p.some(ctx); err != nil {
			return p.table.fault(err, "store pointers")
		}
	}
	err = atOnce(ctx, len(ids), writeWidth, func(i int) error {
		if to := pointers[ids[i]]; to != ids[i] {
			return p.point(ctx, ids[i], to)
		}
		return p.unpoint(ctx, ids[i])
	})
	return p.table.fault(err, "store pointers")
}

// some notes that there are pointers, once.
func (p *links) some(ctx context.Context) error {
	if any, err := p.Any(ctx); any || err != nil {
		return err
	}
	return p.table.add(ctx, p.pointers(), item{"n": num(1)})
}

// point makes an id's item a pointer, too.
func (p *links) point(ctx context.Context, id, to string) error {
	_, err := p.table.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &p.table.name, Key: profileKey(p.table, id).item(), UpdateExpression: ref("SET " + attrTo + " = :to"),
		ExpressionAttributeValues: item{":to": str(to)},
	})
	return err
}

// unpoint takes the pointer from an id: the item goes, unless it holds a profile.
func (p *links) unpoint(ctx context.Context, id string) error {
	k := profileKey(p.table, id).item()
	_, err := p.table.db.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: &p.table.name, Key: k, ConditionExpression: ref("attribute_not_exists(" + attrVersion + ")"),
	})
	if isCondition(err) {
		_, err = p.table.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{TableName: &p.table.name, Key: k, UpdateExpression: ref("REMOVE " + attrTo)})
	}
	return err
}

// store stores one fact under both of its ids.
func (p *links) store(ctx context.Context, l *app.Link) error {
	for _, id := range []string{l.A, l.B} {
		k := p.fact(id, l)
		it := k.with(item{"len": num(int64(len(id))), "time": num(l.Time), "source": str(l.Source)})
		it.set("alias", boolean(l.Alias))
		it.set("revoked", num(l.Revoked))
		err := p.table.put(ctx, it, absent)
		if isCondition(err) {
			err = p.join(ctx, k, l)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// join brings a fact into the one that is stored.
func (p *links) join(ctx context.Context, k key, l *app.Link) error {
	change := func(expression, condition string, values item) error {
		_, err := p.table.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
			TableName: &p.table.name, Key: k.item(), UpdateExpression: &expression, ConditionExpression: &condition,
			ExpressionAttributeNames: namesIn(expression+condition, "time", "source", "revoked"), ExpressionAttributeValues: values,
		})
		if isCondition(err) {
			return nil
		}
		return err
	}
	if err := change("SET #time = :time, #source = :source", "#time > :time OR (#time = :time AND #source > :source)", item{":time": num(l.Time), ":source": str(l.Source)}); err != nil {
		return err
	}
	if l.Revoked == 0 {
		return nil
	}
	return change("SET #revoked = :revoked", "attribute_not_exists(#revoked)", item{":revoked": num(l.Revoked)})
}

// namesIn returns the placeholders of names that an expression uses.
func namesIn(expression string, names ...string) map[string]string {
	used := map[string]string{}
	for _, n := range names {
		if strings.Contains(expression, "#"+n) {
			used["#"+n] = n
		}
	}
	return used
}
