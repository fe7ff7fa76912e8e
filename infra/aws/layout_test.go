package aws_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/google/go-cmp/cmp"

	"github.com/weir-engine/weir/infra/aws"
	"github.com/weir-engine/weir/infra/emulated"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/fault"
)

// A table of the first layout opens with the facts and pointers it had, also when an earlier opening died in the middle.
func TestFirstLayout(t *testing.T) {
	ctx := context.Background()
	s, err := emulated.Start(ctx, t.TempDir(), true)
	if fault.Is(err, fault.NotFound) {
		t.Skip(err, fault.HintOf(err))
	}
	ok(t, err)
	t.Cleanup(s.Close)
	c := newBase(t)
	text := func(v string) types.AttributeValue { return &types.AttributeValueMemberS{Value: v} }
	number := func(v string) types.AttributeValue { return &types.AttributeValueMemberN{Value: v} }
	put := func(pk, sk string, it map[string]types.AttributeValue) {
		t.Helper()
		it["pk"], it["sk"] = text(c.Workspace+"#"+pk), text(sk)
		_, err := s.DynamoDB.PutItem(ctx, &dynamodb.PutItemInput{TableName: &c.Table, Item: it})
		ok(t, err)
	}
	put("meta", "buckets", map[string]types.AttributeValue{"n": number("4"), "secret": &types.AttributeValueMemberB{Value: []byte("0123456789abcdef")}})
	put("meta", "pointers", map[string]types.AttributeValue{"n": number("3")})
	want := []app.Link{
		{A: "anon:1", B: "u", Time: 5, Source: "f1"}, {A: "anon:2", B: "u", Time: 6, Source: "f1"},
		{A: "anon:2", B: "v", Time: 7, Source: "f2", Revoked: 9}, {A: "u", B: "w", Alias: true, Time: 8, Source: "manual"},
	}
	for _, l := range want {
		name := l.A + "\x00" + l.B
		if l.Alias {
			name += "\x00alias"
		}
		for i, id := range []string{l.A, l.B} {
			it := map[string]types.AttributeValue{"time": number(fmt.Sprint(l.Time)), "source": text(l.Source)}
			if l.Revoked != 0 {
				it["revoked"] = number(fmt.Sprint(l.Revoked))
			}
			if i == 0 {
				it["lpk"], it["lsk"] = text(c.Workspace+"#links"), text(name)
			}
			put("l#"+id, name, it)
		}
	}
	for id, to := range map[string]string{"anon:1": "u", "anon:2": "u", "w": "u"} {
		put("to#"+id, "-", map[string]types.AttributeValue{"id": text(id), "to": text(to)})
	}
	check := func(p app.Ports) {
		t.Helper()
		all, err := p.Links.All(ctx)
		ok(t, err)
		if d := cmp.Diff(want, all); d != "" {
			t.Errorf("the facts (-want +got): %s", d)
		}
		of, err := p.Links.Touching(ctx, []string{"w"})
		ok(t, err)
		if len(of) != 1 || of[0] != want[3] {
			t.Errorf("the facts of one id are %+v", of)
		}
		to, err := p.Links.Resolve(ctx, []string{"anon:1", "anon:2", "u", "v", "w"})
		ok(t, err)
		if d := cmp.Diff(map[string]string{"anon:1": "u", "anon:2": "u", "w": "u"}, to); d != "" {
			t.Errorf("the pointers (-want +got): %s", d)
		}
	}
	for n := 1; ; n++ { // an opening that dies before its n-th request changes nothing that the next one does not mend
		dying := &dying{Table: s.DynamoDB, left: n}
		if _, err := aws.Open(ctx, dying, s.S3, s.KMS, c); err == nil {
			if n < 20 {
				t.Errorf("the table was brought to the new layout by %d requests", n)
			}
			break
		}
		if n > 200 {
			t.Fatal("the table is not brought to the new layout")
		}
	}
	check(open(t, s, c))
	left, err := s.DynamoDB.Scan(ctx, &dynamodb.ScanInput{TableName: &c.Table})
	ok(t, err)
	for _, it := range left.Items {
		if kind := itemKind(it["pk"]); kind == "l" || kind == "to" {
			t.Errorf("an item of the first layout is left: %v", it["pk"])
		}
	}
	quiet := &dying{Table: s.DynamoDB, left: 1} // the next opening reads what the base was made with, and nothing else
	if _, err := aws.Open(ctx, quiet, s.S3, s.KMS, c); err != nil {
		t.Error(err)
	}
}

// dying is a table that answers so many requests.
type dying struct {
	aws.Table
	left int
}

func (d *dying) next() error {
	if d.left--; d.left < 0 {
		return fault.New(fault.Unavailable, "the process died")
	}
	return nil
}

func (d *dying) GetItem(ctx context.Context, in *dynamodb.GetItemInput, o ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	if err := d.next(); err != nil {
		return nil, err
	}
	return d.Table.GetItem(ctx, in, o...)
}

func (d *dying) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	if err := d.next(); err != nil {
		return nil, err
	}
	return d.Table.PutItem(ctx, in, o...)
}

func (d *dying) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	if err := d.next(); err != nil {
		return nil, err
	}
	return d.Table.UpdateItem(ctx, in, o...)
}

func (d *dying) DeleteItem(ctx context.Context, in *dynamodb.DeleteItemInput, o ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	if err := d.next(); err != nil {
		return nil, err
	}
	return d.Table.DeleteItem(ctx, in, o...)
}
