package emulated

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	weiraws "github.com/weir-engine/weir/infra/aws"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/cost"
	"github.com/weir-engine/weir/shared/fault"
)

// meter sums the capacity that requests consume, as DynamoDB says.
type meter struct {
	weiraws.Table
	mu            sync.Mutex
	reads, writes float64
}

func (m *meter) add(sum *float64, used ...types.ConsumedCapacity) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, u := range used {
		if u.CapacityUnits != nil {
			*sum += *u.CapacityUnits
		}
	}
}

func (m *meter) one(sum *float64, used *types.ConsumedCapacity) {
	if used != nil {
		m.add(sum, *used)
	}
}

type options = func(*dynamodb.Options)

func (m *meter) GetItem(ctx context.Context, in *dynamodb.GetItemInput, o ...options) (*dynamodb.GetItemOutput, error) {
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	out, err := m.Table.GetItem(ctx, in, o...)
	if err == nil {
		m.one(&m.reads, out.ConsumedCapacity)
	}
	return out, err
}

func (m *meter) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, o ...options) (*dynamodb.BatchGetItemOutput, error) {
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	out, err := m.Table.BatchGetItem(ctx, in, o...)
	if err == nil {
		m.add(&m.reads, out.ConsumedCapacity...)
	}
	return out, err
}

func (m *meter) Query(ctx context.Context, in *dynamodb.QueryInput, o ...options) (*dynamodb.QueryOutput, error) {
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	out, err := m.Table.Query(ctx, in, o...)
	if err == nil {
		m.one(&m.reads, out.ConsumedCapacity)
	}
	return out, err
}

func (m *meter) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...options) (*dynamodb.PutItemOutput, error) {
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	out, err := m.Table.PutItem(ctx, in, o...)
	if err == nil {
		m.one(&m.writes, out.ConsumedCapacity)
	}
	return out, err
}

func (m *meter) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...options) (*dynamodb.UpdateItemOutput, error) {
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	out, err := m.Table.UpdateItem(ctx, in, o...)
	if err == nil {
		m.one(&m.writes, out.ConsumedCapacity)
	}
	return out, err
}

func (m *meter) DeleteItem(ctx context.Context, in *dynamodb.DeleteItemInput, o ...options) (*dynamodb.DeleteItemOutput, error) {
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	out, err := m.Table.DeleteItem(ctx, in, o...)
	if err == nil {
		m.one(&m.writes, out.ConsumedCapacity)
	}
	return out, err
}

func (m *meter) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, o ...options) (*dynamodb.TransactWriteItemsOutput, error) {
	in.ReturnConsumedCapacity = types.ReturnConsumedCapacityTotal
	out, err := m.Table.TransactWriteItems(ctx, in, o...)
	if err == nil {
		m.add(&m.writes, out.ConsumedCapacity...)
	}
	return out, err
}

// since returns what was consumed since the last call.
func (m *meter) since() (reads, writes float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	reads, writes = m.reads, m.writes
	m.reads, m.writes = 0, 0
	return reads, writes
}

// The units that an import consumes, and that the model of the bill is not below them.
func TestUnits(t *testing.T) {
	ctx := context.Background()
	s, err := Start(ctx, t.TempDir(), false)
	if fault.Is(err, fault.NotFound) {
		t.Skip(err, fault.HintOf(err))
	}
	must(t, err)
	t.Cleanup(s.Close)
	m := &meter{Table: s.DynamoDB}
	store, err := weiraws.Open(ctx, m, s.S3, weiraws.Config{Table: Name, Bucket: Name, Scratch: t.TempDir()})
	must(t, err)
	outbox := weiraws.NewOutbox(s.S3, Name, "")
	a, err := app.New(ctx, store.Ports(func() int64 { return time.Now().UnixMilli() }, map[string]app.Channel{weiraws.OutboxChannel: outbox}), app.Options{Holder: "test"})
	must(t, err)
	begin(t, a)
	var users, files, messages float64
	var reads, writes float64
	for _, p := range sampleParts(t, tenth) {
		must(t, a.PinClock(ctx, p.at))
		c := &cloud{Stack: &Stack{Services: s}}
		c.put(t, "events/main/"+p.name, p.content)
		m.since()
		r, err := a.ImportKey(ctx, p.name)
		must(t, err)
		importReads, importWrites := m.since()
		d, err := a.Deliver(ctx)
		must(t, err)
		deliverReads, deliverWrites := m.since()
		t.Logf("%d users, %d events: import %.1f reads and %.1f writes a user; %d messages: %.1f reads and %.1f writes each", r.Counts.Users, r.Counts.Accepted,
			importReads/float64(r.Counts.Users), importWrites/float64(r.Counts.Users), d.Sent, deliverReads/max(1, float64(d.Sent)), deliverWrites/max(1, float64(d.Sent)))
		users += float64(r.Counts.Users)
		files++
		messages += float64(d.Sent + d.Suppressed)
		reads += importReads + deliverReads
		writes += importWrites + deliverWrites
	}
	assumed := cost.Defaults()
	assumed.Decisions = 1 // at most, of a user in a file
	bill, err := cost.Monthly(cost.Traffic{Events: int64(users), Active: int64(users), Base: int64(users), Files: int64(files), Messages: int64(messages)}, assumed)
	must(t, err)
	for _, l := range bill.Lines {
		measured := map[string]float64{"DynamoDB writes": writes, "DynamoDB reads": reads}[l.Name]
		if strings.HasPrefix(l.Name, "DynamoDB") && measured > 0 {
			t.Logf("%s: measured %.0f, modelled %.0f", l.Name, measured, l.Quantity)
			if measured > l.Quantity {
				t.Errorf("%s: the model says %.0f units, and %.0f were consumed", l.Name, l.Quantity, measured)
			}
		}
	}
}
