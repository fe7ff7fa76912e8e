package aws

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"github.com/weir-engine/weir/infra/disk"
	"github.com/weir-engine/weir/shared/fault"
)

// table is the one table of a base.
type table struct {
	db        Table
	name      string
	workspace string
}

// listIndex is the index that lists what has no order of its own in the table.
const listIndex = "list"

// item is an item of the table.
type item map[string]types.AttributeValue

// key is the primary key of an item.
type key struct{ pk, sk string }

// key returns a key of the workspace.
func (t *table) key(pk, sk string) key { return key{t.workspace + "#" + pk, sk} }

func (k key) item() item { return item{"pk": str(k.pk), "sk": str(k.sk)} }

// with returns an item under the key.
func (k key) with(it item) item {
	it["pk"], it["sk"] = str(k.pk), str(k.sk)
	return it
}

func str(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
func num(n int64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(n, 10)}
}
func blob(b []byte) types.AttributeValue  { return &types.AttributeValueMemberB{Value: b} }
func boolean(b bool) types.AttributeValue { return &types.AttributeValueMemberBOOL{Value: b} }
func (it item) text(name string) string {
	v, _ := it[name].(*types.AttributeValueMemberS)
	return text(v)
}
func (it item) flag(name string) bool {
	v, ok := it[name].(*types.AttributeValueMemberBOOL)
	return ok && v.Value
}
func (it item) key() key { return key{it.text("pk"), it.text("sk")} }
func text(v *types.AttributeValueMemberS) string {
	if v == nil {
		return ""
	}
	return v.Value
}

func (it item) number(name string) int64 {
	v, ok := it[name].(*types.AttributeValueMemberN)
	if !ok {
		return 0
	}
	n, err := strconv.ParseInt(v.Value, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func (it item) bytes(name string) []byte {
	v, ok := it[name].(*types.AttributeValueMemberB)
	if !ok {
		return nil
	}
	return v.Value
}

// set adds an attribute unless it is empty: an absent one reads as empty and takes no room.
func (it item) set(name string, v types.AttributeValue) {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		if v.Value == "" {
			return
		}
	case *types.AttributeValueMemberB:
		if len(v.Value) == 0 {
			return
		}
	case *types.AttributeValueMemberN:
		if v.Value == "0" {
			return
		}
	case *types.AttributeValueMemberBOOL:
		if !v.Value {
			return
		}
	}
	it[name] = v
}

// condition is what must hold for a write.
type condition struct {
	text   string
	names  map[string]string
	values item
}

// absent holds when there is no such item.
var absent = &condition{text: "attribute_not_exists(pk)"}

// equal holds when an attribute has a value.
func equal(name string, v types.AttributeValue) *condition {
	return &condition{text: "#c = :c", names: map[string]string{"#c": name}, values: item{":c": v}}
}

func (t *table) get(ctx context.Context, k key) (item, error) {
	out, err := t.db.GetItem(ctx, &dynamodb.GetItemInput{TableName: &t.name, Key: k.item(), ConsistentRead: aws.Bool(true)})
	if err != nil {
		return nil, err
	}
	return out.Item, nil
}

// put writes an item whole; c may be nil.
func (t *table) put(ctx context.Context, it item, c *condition) error {
	in := &dynamodb.PutItemInput{TableName: &t.name, Item: it}
	if c != nil {
		in.ConditionExpression, in.ExpressionAttributeNames = &c.text, c.names
		if len(c.values) > 0 {
			in.ExpressionAttributeValues = c.values
		}
	}
	_, err := t.db.PutItem(ctx, in)
	return err
}

// add adds to numbers of an item, and makes it when it is not there.
func (t *table) add(ctx context.Context, k key, numbers item) error {
	expression, names, values := "ADD ", map[string]string{}, item{}
	for i, name := range slices.Sorted(maps.Keys(numbers)) {
		if i > 0 {
			expression += ", "
		}
		expression += "#" + name + " :" + name
		names["#"+name], values[":"+name] = name, numbers[name]
	}
	_, err := t.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &t.name, Key: k.item(), UpdateExpression: &expression, ExpressionAttributeNames: names, ExpressionAttributeValues: values,
	})
	return err
}

// complete adds those attributes that an item lacks, makes it when it is not there, and returns it.
func (t *table) complete(ctx context.Context, k key, attributes item) (item, error) {
	expression, names, values := "SET ", map[string]string{}, item{}
	for i, name := range slices.Sorted(maps.Keys(attributes)) {
		if i > 0 {
			expression += ", "
		}
		expression += "#" + name + " = if_not_exists(#" + name + ", :" + name + ")"
		names["#"+name], values[":"+name] = name, attributes[name]
	}
	out, err := t.db.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &t.name, Key: k.item(), UpdateExpression: &expression, ExpressionAttributeNames: names, ExpressionAttributeValues: values,
		ReturnValues: types.ReturnValueAllNew,
	})
	if err != nil {
		return nil, err
	}
	return out.Attributes, nil
}

// batchGetLimit is the number of items of one BatchGetItem.
const batchGetLimit = 100

// getAll reads items; those that are not there are left out. The order is not that of keys.
func (t *table) getAll(ctx context.Context, keys []key) ([]item, error) {
	return t.batchGet(ctx, keys, true)
}

// batchGet is getAll; without consistency it may be behind by a moment, and costs half.
func (t *table) batchGet(ctx context.Context, keys []key, consistent bool) (all []item, err error) {
	var mu sync.Mutex
	n := (len(keys) + batchGetLimit - 1) / batchGetLimit
	err = atOnce(ctx, n, 8, func(i int) error {
		part := keys[i*batchGetLimit : min((i+1)*batchGetLimit, len(keys))]
		ask := types.KeysAndAttributes{ConsistentRead: &consistent}
		seen := map[key]bool{}
		for _, k := range part {
			if !seen[k] {
				seen[k] = true
				ask.Keys = append(ask.Keys, k.item())
			}
		}
		for try := 0; len(ask.Keys) > 0; try++ {
			out, err := t.db.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{RequestItems: map[string]types.KeysAndAttributes{t.name: ask}})
			if err != nil {
				return err
			}
			mu.Lock()
			for _, it := range out.Responses[t.name] {
				all = append(all, it)
			}
			mu.Unlock()
			ask.Keys = out.UnprocessedKeys[t.name].Keys
			if len(ask.Keys) > 0 {
				if err := pause(ctx, try); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return all, err
}

// query describes a Query: the items of one pk by their sk.
type query struct {
	index      string
	pk         string
	from       string // the first sk; "" for all
	after      bool   // from is exclusive
	to         string // the last sk, with from; "" for all
	prefix     string // of sk, instead of from
	limit      int32  // of a page; 0: as many as fit
	consistent bool
	with       string // a condition on what is found; "" for none
}

func (q *query) input(name string) *dynamodb.QueryInput {
	pk, sk := "pk", "sk"
	in := &dynamodb.QueryInput{TableName: &name, ExpressionAttributeValues: item{":pk": str(q.pk)}}
	if q.index != "" {
		in.IndexName, pk, sk = &q.index, "lpk", "lsk"
	} else {
		in.ConsistentRead = &q.consistent
	}
	text := pk + " = :pk"
	switch {
	case q.prefix != "":
		text += " AND begins_with(" + sk + ", :sk)"
		in.ExpressionAttributeValues[":sk"] = str(q.prefix)
	case q.to != "":
		text += " AND " + sk + " BETWEEN :sk AND :to"
		in.ExpressionAttributeValues[":sk"], in.ExpressionAttributeValues[":to"] = str(q.from), str(q.to)
	case q.from != "" && q.after:
		text += " AND " + sk + " > :sk"
		in.ExpressionAttributeValues[":sk"] = str(q.from)
	case q.from != "":
		text += " AND " + sk + " >= :sk"
		in.ExpressionAttributeValues[":sk"] = str(q.from)
	}
	in.KeyConditionExpression = &text
	if q.with != "" {
		in.FilterExpression = &q.with
	}
	if q.limit > 0 {
		in.Limit = &q.limit
	}
	return in
}

// each yields the items of a query until do returns false.
func (t *table) each(ctx context.Context, q query, do func(item) (bool, error)) error {
	in := q.input(t.name)
	for {
		out, err := t.db.Query(ctx, in)
		if err != nil {
			return err
		}
		for _, it := range out.Items {
			if more, err := do(it); !more || err != nil {
				return err
			}
		}
		if len(out.LastEvaluatedKey) == 0 {
			return nil
		}
		in.ExclusiveStartKey = out.LastEvaluatedKey
	}
}

// count counts the items of a query without reading them all into memory.
func (t *table) count(ctx context.Context, q query) (n int64, err error) {
	in := q.input(t.name)
	in.Select = types.SelectCount
	for {
		out, err := t.db.Query(ctx, in)
		if err != nil {
			return 0, err
		}
		n += int64(out.Count)
		if len(out.LastEvaluatedKey) == 0 {
			return n, nil
		}
		in.ExclusiveStartKey = out.LastEvaluatedKey
	}
}

// transactLimit is the number of items of one transaction.
const transactLimit = 100

// transact applies writes all or none. It repeats a transaction that met another one.
func (t *table) transact(ctx context.Context, writes []types.TransactWriteItem) error {
	for try := 0; ; try++ {
		_, err := t.db.TransactWriteItems(ctx, &dynamodb.TransactWriteItemsInput{TransactItems: writes})
		if !conflicting(err) || try == retries {
			return err
		}
		if err := pause(ctx, try); err != nil {
			return err
		}
	}
}

func (t *table) transactPut(it item, c *condition) types.TransactWriteItem {
	put := &types.Put{TableName: &t.name, Item: it}
	if c != nil {
		put.ConditionExpression, put.ExpressionAttributeNames = &c.text, c.names
		if len(c.values) > 0 {
			put.ExpressionAttributeValues = c.values
		}
	}
	return types.TransactWriteItem{Put: put}
}

func (t *table) transactDelete(k key, c *condition) types.TransactWriteItem {
	del := &types.Delete{TableName: &t.name, Key: k.item()}
	if c != nil {
		del.ConditionExpression, del.ExpressionAttributeNames, del.ExpressionAttributeValues = &c.text, c.names, c.values
	}
	return types.TransactWriteItem{Delete: del}
}

// retries is how often a request that met another one is repeated; the SDK repeats throttled and failed ones by itself.
const retries = 12

// pause waits before the next try, longer with each, and not the same time as others.
func pause(ctx context.Context, try int) error {
	longest := min(time.Duration(1)<<min(try, 10)*10*time.Millisecond, 2*time.Second)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Duration(rand.Int64N(int64(longest))) + time.Millisecond):
		return nil
	}
}

// isCondition reports whether a write failed because its condition did not hold.
func isCondition(err error) bool {
	var failed *types.ConditionalCheckFailedException
	return errors.As(err, &failed)
}

// reasonsOf returns, for each write of a transaction that was canceled, why; nil when it was not canceled.
func reasonsOf(err error) []string {
	var canceled *types.TransactionCanceledException
	if !errors.As(err, &canceled) {
		return nil
	}
	codes := make([]string, len(canceled.CancellationReasons))
	for i, r := range canceled.CancellationReasons {
		codes[i] = aws.ToString(r.Code)
	}
	return codes
}

const (
	codeCondition = "ConditionalCheckFailed"
	codeConflict  = "TransactionConflict"
)

// conflicting reports whether a request met a transaction on the same item.
func conflicting(err error) bool {
	var met *types.TransactionConflictException
	var running *types.TransactionInProgressException
	if errors.As(err, &met) || errors.As(err, &running) {
		return true
	}
	conflict := false
	for _, code := range reasonsOf(err) {
		switch code {
		case codeConflict:
			conflict = true
		case codeCondition:
			return false // it will not hold the next time either
		}
	}
	return conflict
}

// fault gives an error of the table its code, and says what was being done.
func (t *table) fault(err error, format string, args ...any) error {
	return cloudFault(err, "the table "+t.name, fmt.Sprintf(format, args...))
}

// cloudFault gives an error of a service its code.
func cloudFault(err error, where, doing string) error {
	var own *fault.Error
	var api smithy.APIError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &own):
		return err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return disk.Canceled(err)
	case !errors.As(err, &api):
		return fault.New(fault.Unavailable, "%s: %s cannot be reached", doing, where).WithHint("repeat it: it goes on where it was").Because(err)
	}
	switch api.ErrorCode() {
	case "ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded", "LimitExceededException", "SlowDown",
		"TransactionConflictException", "TransactionInProgressException", "InternalServerError", "InternalError", "ServiceUnavailable",
		"TransactionCanceledException":
		return fault.New(fault.Unavailable, "%s: %s is busy", doing, where).WithHint("repeat it: it goes on where it was").Because(err)
	case "AccessDeniedException", "AccessDenied", "UnrecognizedClientException", "InvalidAccessKeyId", "SignatureDoesNotMatch":
		return fault.New(fault.Forbidden, "%s: %s refuses it", doing, where).
			WithHint("give the function's role the action named in the cause").Because(err)
	case "ResourceNotFoundException", "NoSuchBucket":
		return fault.New(fault.NotFound, "%s: %s is not there", doing, where).WithHint("check the name, and the region").Because(err)
	}
	return fault.New(fault.Internal, "%s in %s", doing, where).Because(err)
}

// atOnce calls f for each of n, up to width at a time, and returns the first error.
func atOnce(ctx context.Context, n, width int, f func(i int) error) error {
	if n == 1 {
		return f(0)
	}
	var group sync.WaitGroup
	var next, failed atomic.Int64
	errs := make([]error, n)
	for range min(n, width) {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && failed.Load() == 0; i = int(next.Add(1)) - 1 {
				if errs[i] = ctx.Err(); errs[i] == nil {
					errs[i] = fault.Do(func() error { return f(i) })
				}
				if errs[i] != nil {
					failed.Add(1)
				}
			}
		})
	}
	group.Wait()
	return errors.Join(errs...)
}
