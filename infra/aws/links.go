package aws

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/weir-engine/weir/infra/disk"
	"github.com/weir-engine/weir/shared/app"
)

// links implements app.Links. A fact stands twice, under pk "l#" and each of its ids; the index lists the first of the two. A
// pointer is pk "to#" and its id.
type links struct{ table *table }

func linkName(l *app.Link) string {
	name := l.A + "\x00" + l.B
	if l.Alias {
		name += "\x00alias"
	}
	return name
}

func (p *links) pointer(id string) key { return p.table.key("to#"+id, "-") }

func (p *links) pointers() key { return p.table.key("meta", "pointers") }

func decodeLink(it item) app.Link {
	parts := strings.Split(it.text("sk"), "\x00")
	return app.Link{
		A: parts[0], B: parts[min(1, len(parts)-1)], Alias: len(parts) > 2, Time: it.number("time"), Source: it.text("source"),
		Revoked: it.number("revoked"),
	}
}

func compareLinks(a, b app.Link) int {
	return cmp.Or(strings.Compare(a.A, b.A), strings.Compare(a.B, b.B), strings.Compare(linkName(&a), linkName(&b)))
}

// Touching implements app.Links.
func (p *links) Touching(ctx context.Context, ids []string) ([]app.Link, error) {
	found := map[string]app.Link{}
	ids = slices.Compact(slices.Sorted(slices.Values(ids)))
	parts := make([][]app.Link, len(ids))
	err := atOnce(ctx, len(ids), writeWidth, func(i int) error {
		return p.table.each(ctx, query{pk: p.table.key("l#"+ids[i], "").pk, consistent: true}, func(it item) (bool, error) {
			parts[i] = append(parts[i], decodeLink(it))
			return true, nil
		})
	})
	if err != nil {
		return nil, p.table.fault(err, "read links")
	}
	for _, l := range slices.Concat(parts...) {
		found[linkName(&l)] = l
	}
	return slices.SortedFunc(maps.Values(found), compareLinks), nil
}

// Resolve implements app.Links.
func (p *links) Resolve(ctx context.Context, keys []string) (map[string]string, error) {
	to := map[string]string{}
	if any, err := p.Any(ctx); !any || err != nil {
		return to, err
	}
	ask := make([]key, len(keys))
	for i, k := range keys {
		ask[i] = p.pointer(k)
	}
	found, err := p.table.getAll(ctx, ask)
	if err != nil {
		return nil, p.table.fault(err, "read pointers")
	}
	for _, it := range found {
		to[it.text("id")] = it.text("to")
	}
	return to, nil
}

// Any implements app.Links.
func (p *links) Any(ctx context.Context) (bool, error) {
	it, err := p.table.get(ctx, p.pointers())
	return it.number("n") > 0, p.table.fault(err, "read pointers")
}

// All implements app.Links.
func (p *links) All(ctx context.Context) (all []app.Link, err error) {
	var keys []key
	err = p.table.each(ctx, query{index: listIndex, pk: p.table.key("links", "").pk}, func(it item) (bool, error) {
		keys = append(keys, it.key())
		return true, nil
	})
	if err != nil {
		return nil, p.table.fault(err, "list links")
	}
	found, err := p.table.getAll(ctx, keys)
	for _, it := range found {
		all = append(all, decodeLink(it))
	}
	slices.SortFunc(all, compareLinks)
	return all, p.table.fault(err, "list links")
}

// Apply implements app.Links: the facts first, then the pointers. A caller that died in between repeats the call.
func (p *links) Apply(ctx context.Context, facts []app.Link, pointers map[string]string) error {
	if ctx.Err() != nil {
		return disk.Canceled(ctx.Err())
	}
	err := atOnce(ctx, len(facts), writeWidth, func(i int) error { return p.fact(ctx, &facts[i]) })
	if err != nil {
		return p.table.fault(err, "store links")
	}
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(pointers)), transactLimit-1) {
		if err := p.point(ctx, ids, pointers); err != nil {
			return p.table.fault(err, "store pointers")
		}
	}
	return nil
}

// fact stores one fact under both of its ids.
func (p *links) fact(ctx context.Context, l *app.Link) error {
	for i, id := range []string{l.A, l.B} {
		k := p.table.key("l#"+id, linkName(l))
		it := k.with(item{"time": num(l.Time), "source": str(l.Source)})
		it.set("revoked", num(l.Revoked))
		if i == 0 {
			it["lpk"], it["lsk"] = str(p.table.key("links", "").pk), str(linkName(l))
		}
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

// point changes pointers and their number in one transaction.
func (p *links) point(ctx context.Context, ids []string, pointers map[string]string) error {
	for try := 0; ; try++ {
		keys := make([]key, len(ids))
		for i, id := range ids {
			keys[i] = p.pointer(id)
		}
		found, err := p.table.getAll(ctx, keys)
		if err != nil {
			return err
		}
		stored := map[string]string{}
		for _, it := range found {
			stored[it.text("id")] = it.text("to")
		}
		writes := p.moves(ids, stored, pointers)
		if len(writes) == 0 {
			return nil
		}
		err = p.table.transact(ctx, writes)
		if !slices.Contains(reasonsOf(err), codeCondition) || try == retries {
			return err
		}
		if err := pause(ctx, try); err != nil {
			return err
		}
	}
}

// moves returns the writes that bring stored pointers to what is wanted, with the change of their number.
func (p *links) moves(ids []string, stored, wanted map[string]string) (writes []types.TransactWriteItem) {
	var more int64
	for _, id := range ids {
		from, was := stored[id]
		to := wanted[id]
		c := absent
		if was {
			c = equal("to", str(from))
		}
		switch {
		case to == id && was:
			writes = append(writes, p.table.transactDelete(p.pointer(id), c))
			more--
		case to != id && from != to:
			writes = append(writes, p.table.transactPut(p.pointer(id).with(item{"id": str(id), "to": str(to)}), c))
			if !was {
				more++
			}
		}
	}
	if more != 0 {
		writes = append(writes, types.TransactWriteItem{Update: &types.Update{
			TableName: &p.table.name, Key: p.pointers().item(), UpdateExpression: ref("ADD n :more"), ExpressionAttributeValues: item{":more": num(more)},
		}})
	}
	return writes
}
