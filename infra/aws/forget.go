package aws

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/weir-engine/weir/infra/disk"
	"github.com/weir-engine/weir/shared/app"
)

// drop deletes items; one that is not there is no error.
func (t *table) drop(ctx context.Context, keys []key) error {
	return atOnce(ctx, len(keys), writeWidth, func(i int) error {
		_, err := t.db.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &t.name, Key: keys[i].item()})
		return err
	})
}

// Forget implements app.Profiles. The records of decisions stand in objects with those of others: nothing points at them any more.
func (p *profiles) Forget(ctx context.Context, keys []string) error {
	if ctx.Err() != nil {
		return disk.Canceled(ctx.Err())
	}
	if err := p.changed(ctx, 0, "begun"); err != nil {
		return err
	}
	var gone int64
	end := "ended"
	var err error
	for _, user := range keys {
		var there item
		if there, err = p.table.get(ctx, p.key(user)); err == nil {
			err = p.forget(ctx, user)
		}
		if err != nil {
			end = "failed"
			break
		}
		if there.number(attrVersion) > 0 {
			gone++
		}
	}
	if e := p.changed(context.WithoutCancel(ctx), -gone, end); err == nil {
		err = e
	}
	return p.table.fault(err, "remove a user")
}

func (p *profiles) forget(ctx context.Context, user string) error {
	var intents, places []key
	var letters []string
	err := p.table.each(ctx, query{pk: p.table.key("u#"+user, "").pk, consistent: true}, func(it item) (bool, error) {
		if id := it.text("id"); id != "" {
			intents, letters = append(intents, intentKey(p.table, id)), append(letters, id)
		}
		places = append(places, it.key())
		return true, nil
	})
	if err != nil {
		return err
	}
	for _, id := range letters {
		if err := p.bucket.remove(ctx, "outbox/"+p.table.workspace+"/"+letterName(id)); err != nil {
			return err
		}
	}
	err = p.bucket.each(ctx, p.spilled(user), func(o types.Object) error { return p.bucket.remove(ctx, *o.Key) })
	if err != nil {
		return err
	}
	if err := p.table.drop(ctx, intents); err != nil { // before the places that name them
		return err
	}
	return p.table.drop(ctx, append(places, p.logsKey(user), p.key(user)))
}

// Forget implements app.Links: the pointers first; then each fact under the other id before the one that was asked for, so that a call
// that is repeated finds what is left.
func (p *links) Forget(ctx context.Context, ids []string) error {
	own := make(map[string]string, len(ids))
	for _, id := range ids {
		own[id] = id
	}
	if err := p.Apply(ctx, nil, own); err != nil {
		return err
	}
	facts, err := p.Touching(ctx, ids)
	if err != nil {
		return err
	}
	under := func(mine bool) (keys []key) {
		for i := range facts {
			for _, id := range []string{facts[i].A, facts[i].B} {
				if slices.Contains(ids, id) == mine {
					keys = append(keys, p.fact(id, &facts[i]))
				}
			}
		}
		return keys
	}
	for _, mine := range []bool{false, true} {
		if err := p.table.drop(ctx, under(mine)); err != nil {
			return p.table.fault(err, "remove links")
		}
	}
	return nil
}

var _ app.Links = (*links)(nil)
