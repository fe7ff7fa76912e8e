package aws

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/weir-engine/weir/shared/app"
)

// layout is the number of the table's layout, which stands beside what a base was made with. In the first one a fact about two ids stood
// under "l#" and each id, in the index, too, and a pointer under "to#" and its id.
const layout = 2

// renew brings a table of the first layout to this one. It can be repeated, and done by several processes: what the index lists no more
// was moved before.
func (s *Store) renew(ctx context.Context) error {
	p := &links{table: s.table}
	var keys []key
	err := s.table.each(ctx, query{index: listIndex, pk: s.table.key("links", "").pk}, func(it item) (bool, error) {
		keys = append(keys, it.key())
		return true, nil
	})
	for batch := range slices.Chunk(keys, 1000) {
		if err == nil {
			err = p.renew(ctx, batch)
		}
	}
	if err == nil {
		_, err = s.table.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
			TableName: &s.table.name, Key: s.table.key("meta", "buckets").item(), UpdateExpression: ref("SET layout = :n"),
			ExpressionAttributeValues: item{":n": num(layout)},
		})
	}
	return s.table.fault(err, "bring the table to the layout %d", layout)
}

// renew moves some facts, named by their keys in the index, with the pointers of their ids.
func (p *links) renew(ctx context.Context, keys []key) error {
	old, err := p.table.getAll(ctx, keys)
	if err != nil {
		return err
	}
	var places, others, pointers []key
	for _, it := range old {
		parts := strings.Split(it.text("sk"), "\x00")
		if len(parts) < 2 {
			continue
		}
		l := app.Link{A: parts[0], B: parts[1], Alias: len(parts) > 2, Time: it.number("time"), Source: it.text("source"), Revoked: it.number("revoked")}
		if err := p.store(ctx, &l); err != nil {
			return err
		}
		places, others = append(places, it.key()), append(others, p.table.key("l#"+l.B, it.text("sk")))
		pointers = append(pointers, p.table.key("to#"+l.A, "-"), p.table.key("to#"+l.B, "-"))
	}
	found, err := p.table.getAll(ctx, pointers)
	if err != nil {
		return err
	}
	err = atOnce(ctx, len(found), writeWidth, func(i int) error { return p.point(ctx, found[i].text("id"), found[i].text("to")) })
	for _, gone := range [][]key{pointers, others, places} { // what the index lists goes last
		if err == nil {
			err = p.table.drop(ctx, gone)
		}
	}
	return err
}
