package aws

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/weir-engine/weir/shared/app"
)

// suppressions implements app.Suppressions. An entry is pk "x#" and who, sk the channel and the topic; the index lists them by all
// three.
type suppressions struct{ table *table }

// between stands where no text of a key has it.
const between = "\x00"

func suppressionKey(t *table, channel, who, topic string) key {
	return t.key("x#"+who, channel+between+topic)
}

func suppressionPlace(s *app.Suppression) string {
	return s.Who + between + s.Channel + between + s.Topic
}

func (p *suppressions) list() string { return p.table.key("suppressed", "").pk }

func decodeSuppression(it item) app.Suppression {
	channel, topic, _ := strings.Cut(it.text("sk"), between)
	return app.Suppression{
		Channel: channel, Topic: topic, Who: it.text("who"), Reason: app.SuppressionReason(it.text("reason")), Source: it.text("source"),
		Note: it.text("note"), At: it.number("at"),
	}
}

// Find implements app.Suppressions.
func (p *suppressions) Find(ctx context.Context, channel string, who []string) (all []app.Suppression, err error) {
	for _, w := range who {
		err := p.table.each(ctx, query{pk: p.table.key("x#"+w, "").pk, consistent: true}, func(it item) (bool, error) {
			if s := decodeSuppression(it); s.Channel == channel {
				all = append(all, s)
			}
			return true, nil
		})
		if err != nil {
			return nil, p.table.fault(err, "look for suppressions")
		}
	}
	return all, nil
}

// Put implements app.Suppressions.
func (p *suppressions) Put(ctx context.Context, s app.Suppression) error {
	it := suppressionKey(p.table, s.Channel, s.Who, s.Topic).with(item{
		"lpk": str(p.list()), "lsk": str(suppressionPlace(&s)), "who": str(s.Who), "reason": str(string(s.Reason)), "at": num(s.At),
	})
	it.set("source", str(s.Source))
	it.set("note", str(s.Note))
	return p.table.fault(p.table.put(ctx, it, nil), "suppress")
}

// Remove implements app.Suppressions.
func (p *suppressions) Remove(ctx context.Context, channel, who, topic string) error {
	_, err := p.table.db.DeleteItem(ctx, &dynamodb.DeleteItemInput{
		TableName: &p.table.name, Key: suppressionKey(p.table, channel, who, topic).item(),
	})
	return p.table.fault(err, "remove a suppression")
}

// List implements app.Suppressions.
func (p *suppressions) List(ctx context.Context, after app.Suppression, limit int) (all []app.Suppression, err error) {
	if limit <= 0 {
		return nil, nil
	}
	from := ""
	if after.Who != "" {
		from = suppressionPlace(&after)
	}
	var keys []key
	q := query{index: listIndex, pk: p.list(), from: from, after: true, limit: int32(min(limit, 500))}
	err = p.table.each(ctx, q, func(it item) (bool, error) {
		keys = append(keys, it.key())
		return len(keys) < limit, nil
	})
	if err != nil || len(keys) == 0 {
		return nil, p.table.fault(err, "list suppressions")
	}
	found, err := p.table.getAll(ctx, keys)
	if err != nil {
		return nil, p.table.fault(err, "list suppressions")
	}
	for _, k := range keys {
		for _, it := range found {
			if it.key() == k {
				all = append(all, decodeSuppression(it))
			}
		}
	}
	return all, nil
}
