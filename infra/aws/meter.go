package aws

import (
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/weir-engine/weir/shared/app"
)

// Meter passes calls on to a table and sums what they consume, as DynamoDB says: the table's units and its index's, those of
// calls that failed not counted. It is safe for concurrent use.
type Meter struct {
	Table Table

	mu        sync.Mutex
	used      app.Units
	conflicts int64
}

// NewMeter returns a meter of a table.
func NewMeter(t Table) *Meter { return &Meter{Table: t} }

// Used returns what was consumed since the meter was made.
func (m *Meter) Used() app.Units {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.used
}

// Conflicts returns how many writes found that their condition did not hold, or met another transaction.
func (m *Meter) Conflicts() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.conflicts
}

// total asks a request to report what it consumes; it is set on a copy, for the caller may repeat its own.
const total = types.ReturnConsumedCapacityTotal

func (m *Meter) read(used ...types.ConsumedCapacity) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.used.Reads += sum(used)
}

func (m *Meter) wrote(err error, used ...types.ConsumedCapacity) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if isCondition(err) || reasonsOf(err) != nil || conflicting(err) {
		m.conflicts++
	}
	m.used.Writes += sum(used)
	return err
}

func sum(used []types.ConsumedCapacity) (units float64) {
	for _, u := range used {
		if u.CapacityUnits != nil {
			units += *u.CapacityUnits
		}
	}
	return units
}

func one(used *types.ConsumedCapacity) []types.ConsumedCapacity {
	if used == nil {
		return nil
	}
	return []types.ConsumedCapacity{*used}
}

// GetItem implements Table.
func (m *Meter) GetItem(ctx context.Context, in *dynamodb.GetItemInput, o ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error) {
	ask := *in
	ask.ReturnConsumedCapacity = total
	out, err := m.Table.GetItem(ctx, &ask, o...)
	if err == nil {
		m.read(one(out.ConsumedCapacity)...)
	}
	return out, err
}

// BatchGetItem implements Table.
func (m *Meter) BatchGetItem(ctx context.Context, in *dynamodb.BatchGetItemInput, o ...func(*dynamodb.Options)) (*dynamodb.BatchGetItemOutput, error) {
	ask := *in
	ask.ReturnConsumedCapacity = total
	out, err := m.Table.BatchGetItem(ctx, &ask, o...)
	if err == nil {
		m.read(out.ConsumedCapacity...)
	}
	return out, err
}

// Query implements Table.
func (m *Meter) Query(ctx context.Context, in *dynamodb.QueryInput, o ...func(*dynamodb.Options)) (*dynamodb.QueryOutput, error) {
	ask := *in
	ask.ReturnConsumedCapacity = total
	out, err := m.Table.Query(ctx, &ask, o...)
	if err == nil {
		m.read(one(out.ConsumedCapacity)...)
	}
	return out, err
}

// PutItem implements Table.
func (m *Meter) PutItem(ctx context.Context, in *dynamodb.PutItemInput, o ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error) {
	ask := *in
	ask.ReturnConsumedCapacity = total
	out, err := m.Table.PutItem(ctx, &ask, o...)
	if err != nil {
		return out, m.wrote(err)
	}
	return out, m.wrote(nil, one(out.ConsumedCapacity)...)
}

// UpdateItem implements Table.
func (m *Meter) UpdateItem(ctx context.Context, in *dynamodb.UpdateItemInput, o ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error) {
	ask := *in
	ask.ReturnConsumedCapacity = total
	out, err := m.Table.UpdateItem(ctx, &ask, o...)
	if err != nil {
		return out, m.wrote(err)
	}
	return out, m.wrote(nil, one(out.ConsumedCapacity)...)
}

// DeleteItem implements Table.
func (m *Meter) DeleteItem(ctx context.Context, in *dynamodb.DeleteItemInput, o ...func(*dynamodb.Options)) (*dynamodb.DeleteItemOutput, error) {
	ask := *in
	ask.ReturnConsumedCapacity = total
	out, err := m.Table.DeleteItem(ctx, &ask, o...)
	if err != nil {
		return out, m.wrote(err)
	}
	return out, m.wrote(nil, one(out.ConsumedCapacity)...)
}

// TransactWriteItems implements Table.
func (m *Meter) TransactWriteItems(ctx context.Context, in *dynamodb.TransactWriteItemsInput, o ...func(*dynamodb.Options)) (*dynamodb.TransactWriteItemsOutput, error) {
	ask := *in
	ask.ReturnConsumedCapacity = total
	out, err := m.Table.TransactWriteItems(ctx, &ask, o...)
	if err != nil {
		return out, m.wrote(err)
	}
	return out, m.wrote(nil, out.ConsumedCapacity...)
}
