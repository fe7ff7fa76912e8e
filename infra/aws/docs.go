package aws

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/weir-engine/weir/infra/disk"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
)

// docs implements app.Docs: pk "docs", sk the key. A large value is an object, which the item names.
type docs struct {
	table  *table
	bucket *bucket
}

func (p *docs) key(name string) key { return p.table.key("docs", name) }

func (p *docs) decode(ctx context.Context, it item) (app.Doc, error) {
	d := app.Doc{Key: it.text("sk"), Version: it.number("v"), Value: it.bytes("value"), At: it.number("at")}
	var err error
	if name := it.text("object"); name != "" {
		d.Value, err = p.bucket.read(ctx, name)
	}
	return d, err
}

// Get implements app.Docs.
func (p *docs) Get(ctx context.Context, name string) (app.Doc, error) {
	it, err := p.table.get(ctx, p.key(name))
	if err != nil || it == nil {
		return app.Doc{Key: name}, p.table.fault(err, "read the document %s", name)
	}
	return p.decode(ctx, it)
}

// Put implements app.Docs.
func (p *docs) Put(ctx context.Context, d app.Doc) error {
	it := p.key(d.Key).with(item{"v": num(d.Version + 1), "at": num(d.At)})
	if len(d.Value) > spillBytes {
		name := fmt.Sprintf("docs/%s/%s/%d-%016x", p.table.workspace, disk.SafeName(d.Key), d.Version+1, event.UserHash(string(d.Value)))
		if err := p.bucket.put(ctx, name, bytes.NewReader(d.Value)); err != nil {
			return err
		}
		it["object"] = str(name)
	} else {
		it.set("value", blob(d.Value))
	}
	err := p.table.put(ctx, it, versionIs(d.Version))
	if isCondition(err) {
		return fault.New(fault.Conflict, "the document %q was changed by another write", d.Key).WithHint("read it again and repeat")
	}
	return p.table.fault(err, "write the document %s", d.Key)
}

// List implements app.Docs.
func (p *docs) List(ctx context.Context, prefix string) (all []app.Doc, err error) {
	err = p.table.each(ctx, query{pk: p.key("").pk, prefix: prefix, consistent: true}, func(it item) (bool, error) {
		if !strings.HasPrefix(it.text("sk"), prefix) { // a stand-in of DynamoDB ignores case
			return true, nil
		}
		d, err := p.decode(ctx, it)
		all = append(all, d)
		return true, err
	})
	return all, p.table.fault(err, "list documents")
}
