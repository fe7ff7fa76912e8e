package aws

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	values "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/weir-engine/weir/infra/disk"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// drop deletes items; one that is not there is no error.
func (t *table) drop(ctx context.Context, keys []key) error {
	return atOnce(ctx, len(keys), writeWidth, func(i int) error {
		_, err := t.db.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &t.name, Key: keys[i].item()})
		return err
	})
}

// Forget implements app.Profiles. The records of decisions stand in objects with those of others: there they become zeros.
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
	if err := p.eraseLogs(ctx, user); err != nil { // before what points at them
		return err
	}
	if err := p.table.drop(ctx, intents); err != nil { // before the places that name them
		return err
	}
	return p.table.drop(ctx, append(places, p.logsKey(user), p.key(user)))
}

// eraseLogs makes zeros of the decision records of a user, in objects that keep their length and name, so that the entries of others stay
// where they are. The oldest go first: a call that died finds what is left.
func (p *profiles) eraseLogs(ctx context.Context, user string) error {
	there, err := p.table.get(ctx, p.key(user))
	if err != nil {
		return err
	}
	kept, err := p.table.get(ctx, p.logsKey(user))
	if err != nil {
		return err
	}
	heads := [][]byte{there.bytes(attrLog)}
	list, _ := kept[attrLogs].(*values.AttributeValueMemberL)
	for pointer := range reversed(list) {
		heads = append(heads, pointer)
	}
	for _, pointer := range heads {
		if err := p.eraseFrom(ctx, user, pointer); err != nil {
			return err
		}
	}
	return nil
}

// eraseFrom makes zeros of the entries of a user from a pointer back.
func (p *profiles) eraseFrom(ctx context.Context, user string, pointer []byte) error {
	at, err := parsePlace(pointer)
	if err != nil {
		return err
	}
	var places []*place
	for at != nil {
		e, err := p.entry(ctx, user, at)
		if errors.Is(err, errErased) || fault.Is(err, fault.NotFound) {
			break
		}
		if err != nil {
			return err
		}
		places = append(append(places, at), e.again...)
		at = e.before
	}
	slices.SortStableFunc(places, func(a, b *place) int { return cmp.Compare(a.seq, b.seq) })
	for _, at := range places {
		if err := p.erase(ctx, at); err != nil {
			return err
		}
	}
	return nil
}

// erase makes zeros of an entry.
func (p *profiles) erase(ctx context.Context, at *place) error {
	b, err := p.bucket.read(ctx, p.object(at))
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if at.offset+at.length > uint64(len(b)) {
		return errLog
	}
	mine := b[at.offset : at.offset+at.length]
	if mine[0] == 0 {
		return nil
	}
	clear(mine)
	return p.bucket.put(ctx, p.object(at), bytes.NewReader(b))
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
