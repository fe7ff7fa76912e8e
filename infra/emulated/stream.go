package emulated

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams"
	"github.com/aws/aws-sdk-go-v2/service/dynamodbstreams/types"

	"github.com/weir-engine/weir/shared/fault"
)

// streamPoller feeds a function from the stream of a table, as the event source mapping of Lambda does: shard by shard in order, only
// what the filters let through, and from the first failed record again until it is done or was tried too often.
type streamPoller struct {
	db         *dynamodb.Client
	streams    *dynamodbstreams.Client
	table      string
	function   *Function
	batch      int
	filters    []pattern // any of them; none: everything
	partial    bool      // ReportBatchItemFailures
	bisect     bool
	retries    int // -1: until it is done
	retryAfter time.Duration
	dead       *Queue // what was given up; may be nil
	log        *slog.Logger

	quiet atomic.Int64 // rounds over every shard that found nothing new
	lost  atomic.Bool  // records expire before anybody reads them
}

// pollPause is between two looks at a stream that has nothing new.
const pollPause = 20 * time.Millisecond

// shard is how far the poller is in a shard.
type shard struct {
	id, parent string
	iterator   *string
	last       string // sequence number of the last record that was done with
	closed     bool
}

// record is a record of a stream as functions get it.
type record struct {
	sequence string
	event    map[string]any
}

// run polls from the beginning of the stream until the context ends.
func (p *streamPoller) run(ctx context.Context) {
	var shards []*shard
	arn := ""
	for ctx.Err() == nil {
		found, err := p.round(ctx, &arn, &shards)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			p.log.Warn("the stream cannot be read", "error", err)
		case found:
			continue
		default:
			p.quiet.Add(1)
		}
		select {
		case <-time.After(pollPause):
		case <-ctx.Done():
		}
	}
}

// round looks once at every open shard whose parent is done with.
func (p *streamPoller) round(ctx context.Context, arn *string, shards *[]*shard) (found bool, err error) {
	if *arn == "" {
		out, err := p.db.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &p.table})
		if err != nil {
			return false, err
		}
		if *arn = aws.ToString(out.Table.LatestStreamArn); *arn == "" {
			return false, fault.New(fault.NotFound, "the table %s has no stream", p.table)
		}
	}
	if !slices.ContainsFunc(*shards, func(s *shard) bool { return !s.closed }) {
		if err := p.list(ctx, *arn, shards); err != nil {
			return false, err
		}
	}
	for _, s := range *shards {
		parent := slices.IndexFunc(*shards, func(o *shard) bool { return o.id == s.parent })
		if s.closed || parent >= 0 && !(*shards)[parent].closed {
			continue
		}
		more, err := p.read(ctx, *arn, s)
		if err != nil {
			return found, err
		}
		found = found || more
	}
	return found, nil
}

// list adds the shards that are new.
func (p *streamPoller) list(ctx context.Context, arn string, shards *[]*shard) error {
	in := &dynamodbstreams.DescribeStreamInput{StreamArn: &arn}
	for {
		out, err := p.streams.DescribeStream(ctx, in)
		if err != nil {
			return err
		}
		for _, s := range out.StreamDescription.Shards {
			id := aws.ToString(s.ShardId)
			if !slices.ContainsFunc(*shards, func(o *shard) bool { return o.id == id }) {
				*shards = append(*shards, &shard{id: id, parent: aws.ToString(s.ParentShardId)})
			}
		}
		if in.ExclusiveStartShardId = out.StreamDescription.LastEvaluatedShardId; in.ExclusiveStartShardId == nil {
			return nil
		}
	}
}

// read reads on in a shard and delivers what it finds.
func (p *streamPoller) read(ctx context.Context, arn string, s *shard) (found bool, err error) {
	if s.iterator == nil {
		in := &dynamodbstreams.GetShardIteratorInput{StreamArn: &arn, ShardId: &s.id, ShardIteratorType: types.ShardIteratorTypeTrimHorizon}
		if s.last != "" {
			in.ShardIteratorType, in.SequenceNumber = types.ShardIteratorTypeAfterSequenceNumber, &s.last
		}
		out, err := p.streams.GetShardIterator(ctx, in)
		if err != nil {
			return false, err
		}
		s.iterator = out.ShardIterator
	}
	out, err := p.streams.GetRecords(ctx, &dynamodbstreams.GetRecordsInput{ShardIterator: s.iterator, Limit: aws.Int32(1000)})
	if err != nil {
		s.iterator = nil // it may have expired: go on after what was done with
		return false, err
	}
	var pass []record
	for _, r := range out.Records {
		if p.lost.Load() {
			continue
		}
		if event := streamEvent(r, arn); p.wanted(event) {
			pass = append(pass, record{sequence: aws.ToString(r.Dynamodb.SequenceNumber), event: event})
		}
	}
	for part := range slices.Chunk(pass, max(p.batch, 1)) {
		if err := p.deliver(ctx, s, part); err != nil {
			s.iterator = nil
			return true, err
		}
	}
	if n := len(out.Records); n > 0 {
		s.last = aws.ToString(out.Records[n-1].Dynamodb.SequenceNumber)
	}
	s.iterator, s.closed = out.NextShardIterator, out.NextShardIterator == nil
	return len(out.Records) > 0 || s.closed, nil
}

func (p *streamPoller) wanted(event map[string]any) bool {
	return len(p.filters) == 0 || slices.ContainsFunc(p.filters, func(f pattern) bool { return f.matches(event) })
}

// deliver hands records to the function until all are done, or given up. It fails only when the context ends.
func (p *streamPoller) deliver(ctx context.Context, s *shard, records []record) error {
	for try := 0; len(records) > 0; try++ {
		done, err := p.ask(ctx, records)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if done > 0 {
			s.last = records[done-1].sequence
			records, try = records[done:], 0
		}
		if err == nil {
			continue
		}
		p.log.Warn("a batch failed", "stream", p.table, "function", p.function.Name, "records", len(records), "error", err)
		if p.retries >= 0 && try >= p.retries {
			p.giveUp(s, records, try+1)
			s.last = records[len(records)-1].sequence
			return nil
		}
		if p.bisect && done == 0 && len(records) > 1 {
			if err := p.deliver(ctx, s, records[:len(records)/2]); err != nil {
				return err
			}
			records, try = records[len(records)/2:], -1
			continue
		}
		select {
		case <-time.After(p.retryAfter):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// ask invokes the function and returns how many of the records, from the first, are done.
func (p *streamPoller) ask(ctx context.Context, records []record) (done int, err error) {
	batch := make([]map[string]any, len(records))
	for i, r := range records {
		batch[i] = r.event
	}
	body, err := json.Marshal(map[string]any{"Records": batch})
	if err != nil {
		return 0, err
	}
	answer, err := p.function.Invoke(ctx, body)
	if err != nil {
		return 0, err
	}
	if !p.partial {
		return len(records), nil
	}
	failed, err := failures(answer)
	if err != nil || len(failed) == 0 {
		return len(records), err
	}
	first := len(records)
	for _, sequence := range failed {
		at := slices.IndexFunc(records, func(r record) bool { return r.sequence == sequence })
		first = min(first, max(at, 0)) // an unknown one: all of the batch comes again
	}
	return first, fault.New(fault.Unavailable, "the function reports a failed record")
}

// giveUp tells the queue for failures where in the stream the records are, as Lambda does; the records stay in the stream for a day.
func (p *streamPoller) giveUp(s *shard, records []record, tries int) {
	p.log.Error("records were given up", "stream", p.table, "function", p.function.Name, "records", len(records))
	if p.dead == nil {
		return
	}
	body, err := json.Marshal(map[string]any{
		"requestContext": map[string]any{"functionArn": functionARN(p.function.Name), "condition": "RetryAttemptsExhausted", "approximateInvokeCount": tries},
		"DDBStreamBatchInfo": map[string]any{
			"shardId": s.id, "batchSize": len(records),
			"startSequenceNumber": records[0].sequence, "endSequenceNumber": records[len(records)-1].sequence,
		},
	})
	if err == nil { // these are texts and numbers
		p.dead.Send(string(body))
	}
}

// streamEvent returns a record as functions get it.
func streamEvent(r types.Record, arn string) map[string]any {
	d := r.Dynamodb
	change := map[string]any{
		"Keys": attributes(d.Keys), "SequenceNumber": aws.ToString(d.SequenceNumber), "SizeBytes": aws.ToInt64(d.SizeBytes),
		"StreamViewType": string(d.StreamViewType),
	}
	if d.ApproximateCreationDateTime != nil {
		change["ApproximateCreationDateTime"] = d.ApproximateCreationDateTime.Unix()
	}
	if d.NewImage != nil {
		change["NewImage"] = attributes(d.NewImage)
	}
	if d.OldImage != nil {
		change["OldImage"] = attributes(d.OldImage)
	}
	return map[string]any{
		"eventID": aws.ToString(r.EventID), "eventName": string(r.EventName), "eventVersion": aws.ToString(r.EventVersion),
		"eventSource": "aws:dynamodb", "awsRegion": region, "eventSourceARN": arn, "dynamodb": change,
	}
}

func attributes(m map[string]types.AttributeValue) map[string]any {
	out := make(map[string]any, len(m))
	for name, v := range m {
		out[name] = attribute(v)
	}
	return out
}

func attribute(v types.AttributeValue) map[string]any {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return map[string]any{"S": v.Value}
	case *types.AttributeValueMemberN:
		return map[string]any{"N": v.Value}
	case *types.AttributeValueMemberB:
		return map[string]any{"B": base64.StdEncoding.EncodeToString(v.Value)}
	case *types.AttributeValueMemberBOOL:
		return map[string]any{"BOOL": v.Value}
	case *types.AttributeValueMemberSS:
		return map[string]any{"SS": v.Value}
	case *types.AttributeValueMemberNS:
		return map[string]any{"NS": v.Value}
	case *types.AttributeValueMemberBS:
		return map[string]any{"BS": v.Value}
	case *types.AttributeValueMemberM:
		return map[string]any{"M": attributes(v.Value)}
	case *types.AttributeValueMemberL:
		list := make([]any, len(v.Value))
		for i, inner := range v.Value {
			list[i] = attribute(inner)
		}
		return map[string]any{"L": list}
	default:
		return map[string]any{"NULL": true}
	}
}
