package emulated

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	awssdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go"

	weiraws "github.com/weir-engine/weir/infra/aws"
	"github.com/weir-engine/weir/infra/embedded"
	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/strategy"
)

// What is known of the user who is forgotten, and nobody else.
var annsTraces = []string{"ann-7f3e9c", "dev-7f3e9c", "ann7f3e9c@example.com", "301239876", "Ulm-7f3e9c"}

// traced are the traces as they may stand somewhere: in clear, and the hashes of the ids as bytes and as digits.
func traced() (all [][]byte) {
	for _, text := range annsTraces {
		all = append(all, []byte(text))
	}
	for _, key := range []string{annsTraces[0], "anon:" + annsTraces[1]} {
		h := event.UserHash(key)
		for _, b := range [][]byte{binary.LittleEndian.AppendUint64(nil, h), binary.BigEndian.AppendUint64(nil, h)} {
			all = append(all, b, []byte(hex.EncodeToString(b)))
		}
	}
	return all
}

// holdsTrace says which trace content holds, as it is or inflated; "" for none.
func holdsTrace(name string, content []byte) string {
	for _, b := range append(inflations(name, content), content) {
		for _, trace := range traced() {
			if bytes.Contains(b, trace) {
				return fmt.Sprintf("%q", trace)
			}
		}
	}
	return ""
}

// inflations are the contents of a compressed file.
func inflations(name string, content []byte) (all [][]byte) {
	if z, err := gzip.NewReader(bytes.NewReader(content)); err == nil {
		if b, err := io.ReadAll(z); err == nil {
			all = append(all, b)
		}
	}
	if z, err := zstd.NewReader(bytes.NewReader(content)); err == nil {
		if b, err := io.ReadAll(z); err == nil {
			all = append(all, b)
		}
		z.Close()
	}
	if strings.HasSuffix(name, ".br") {
		if b, err := io.ReadAll(brotli.NewReader(bytes.NewReader(content))); err == nil {
			all = append(all, b)
		}
	}
	if f, err := parquet.OpenFile(bytes.NewReader(content), int64(len(content))); err == nil {
		all = append(all, parquetValues(f))
	}
	return all
}

// parquetValues are the texts of a table, one after the other.
func parquetValues(f *parquet.File) (out []byte) {
	buf := make([]parquet.Row, 64)
	for _, group := range f.RowGroups() {
		rows := group.Rows()
		for {
			n, err := rows.ReadRows(buf)
			for _, row := range buf[:n] {
				for _, v := range row {
					switch v.Kind() {
					case parquet.ByteArray, parquet.FixedLenByteArray:
						out = append(append(out, v.ByteArray()...), 0)
					case parquet.Int64:
						out = append(binary.LittleEndian.AppendUint64(out, v.Uint64()), 0)
					}
				}
			}
			if err != nil {
				break
			}
		}
		_ = rows.Close()
	}
	return out
}

// forgettable is a base of either host, and where everything of it can be looked through.
type forgettable struct {
	name string
	open func(now func() int64) app.Ports
	look func(t *testing.T) map[string]string // places that hold a trace, with it
	last func()                               // ends the process before places are looked through; nil: nothing has to end
}

// annsFiles are the files of her life, by their moment: she comes as an anonymous visitor who buys, becomes known, and buys again.
func annsFiles() []part {
	ann, dev := annsTraces[0], annsTraces[1]
	return []part{
		{"visits.ndjson", moment("2026-02-02T00:00:00Z"), join([]string{
			fmt.Sprintf(`{"type":"track","messageId":"1","anonymousId":%q,"event":"Order Completed","timestamp":"2026-02-01T10:00:00Z","properties":{"order_id":"o1","revenue":5}}`, dev),
			`{"type":"track","messageId":"2","userId":"bob","event":"Order Completed","timestamp":"2026-02-01T10:00:00Z","properties":{"order_id":"o2","revenue":7}}`,
		})},
		{"known.ndjson", moment("2026-02-03T00:00:00Z"), join([]string{
			fmt.Sprintf(`{"type":"identify","messageId":"3","userId":%q,"anonymousId":%q,"timestamp":"2026-02-02T10:00:00Z","traits":{"email":%q,"phone":"+49 30 1239876","city":%q}}`,
				ann, dev, annsTraces[2], annsTraces[4]),
			fmt.Sprintf(`{"type":"track","messageId":"4","userId":%q,"event":"Order Completed","timestamp":"2026-02-02T11:00:00Z","properties":{"order_id":"o3","revenue":9}}`, ann),
			fmt.Sprintf(`{"type":"track","messageId":"5","anonymousId":%q,"event":"Product Viewed","timestamp":"2026-02-02T09:00:00Z","properties":{"sku":"s"}}`, dev),
			`{"type":"track","messageId":"6","userId":"bob","event":"Order Completed","timestamp":"2026-02-02T10:00:00Z","properties":{"order_id":"o4","revenue":7}}`,
		})},
	}
}

// TestNothingIsLeftOfWhoWasForgotten lets a user leave traces wherever a base keeps any, forgets her, and looks through every item, object and
// file for her ids, their hashes, addresses and traits. What is left are the event files as they arrived, which expire.
func TestNothingIsLeftOfWhoWasForgotten(t *testing.T) {
	ctx := context.Background()
	for _, b := range []*forgettable{forgettableHere(t), forgettableThere(t)} {
		t.Run(b.name, func(t *testing.T) {
			var now int64
			ports := b.open(func() int64 { return now })
			a, err := app.New(ctx, ports, app.Options{})
			must(t, err)
			at := func(text string) { now = moment(text) }
			at("2026-02-01T00:00:00Z")
			_, err = a.Publish(ctx, app.PublishRequest{Text: []byte(lifeStrategy(""))})
			must(t, err)
			for _, f := range annsFiles() {
				now = f.at
				_, err := a.Import(ctx, app.ImportRequest{Name: f.name, Source: bytes.NewReader(f.content), Size: int64(len(f.content))})
				must(t, err)
				_, err = a.Deliver(ctx)
				must(t, err)
			}
			for _, r := range []app.SuppressionRequest{{User: annsTraces[0]}, {Address: annsTraces[2], Note: "bounced"}} {
				_, err := a.Suppress(ctx, r)
				must(t, err)
			}
			at("2026-02-05T00:00:00Z")
			_, err = a.Sweep(ctx, nil) // everyone has a bound, weeks from now
			must(t, err)
			at("2026-03-02T00:00:00Z")
			_, err = a.TakeSnapshot(ctx, nil) // she is due within two days: 30 days after her first purchase
			must(t, err)
			_, err = a.Compact(ctx, false, nil)
			must(t, err)
			if b.last != nil {
				b.last()
			}
			before := b.look(t)
			for _, kind := range []string{"canonical", "due-", "decisions", "u#|weir.db", "x#|weir.db", "d#|weir.db", "outbox"} {
				if !slices.ContainsFunc(slices.Collect(keysOf(before)), func(place string) bool { return regexp.MustCompile(kind).MatchString(place) }) &&
					(b.name != "one machine" || kind != "decisions") {
					t.Errorf("she has left no trace in %s: %v", kind, before)
				}
			}
			a, err = app.New(ctx, b.open(func() int64 { return now }), app.Options{})
			must(t, err)
			r, err := a.Forget(ctx, "anon:"+annsTraces[1])
			must(t, err)
			if r.Finished == 0 || r.IDs != 2 {
				t.Errorf("the receipt is %+v", r)
			}
			if b.last != nil {
				b.last()
			}
			for place, trace := range b.look(t) {
				t.Errorf("%s holds %s", place, trace)
			}
		})
	}
}

func keysOf(m map[string]string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// forgettableHere is a base in a folder.
func forgettableHere(t *testing.T) *forgettable {
	dir := t.TempDir()
	var store *embedded.Store
	b := &forgettable{name: "one machine"}
	b.open = func(now func() int64) app.Ports {
		var err error
		store, err = embedded.Open(dir, embedded.Options{NoSync: true, Buckets: 2})
		must(t, err)
		return store.Ports(now)
	}
	b.last = func() { must(t, store.Close()) }
	b.look = func(t *testing.T) map[string]string {
		t.Helper()
		found := map[string]string{}
		must(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			content, err := os.ReadFile(path)
			if trace := holdsTrace(path, content); trace != "" {
				found[strings.TrimPrefix(path, dir)] = trace
			}
			return err
		}))
		return found
	}
	return b
}

// forgettableThere is a base on the stand-ins of AWS.
func forgettableThere(t *testing.T) *forgettable {
	s := openServices(t)
	b := &forgettable{name: "AWS"}
	c := weiraws.Config{Table: Name, Bucket: Name, Key: KeyARN, Buckets: 2, Scratch: t.TempDir()}
	b.open = func(now func() int64) app.Ports {
		store, err := weiraws.Open(context.Background(), s.DynamoDB, s.S3, s.KMS, c)
		must(t, err)
		return store.Ports(now, map[string]app.Channel{strategy.ChannelOutbox: weiraws.NewOutbox(s.S3, Name, "")})
	}
	b.look = func(t *testing.T) map[string]string {
		t.Helper()
		found := map[string]string{}
		lookThroughTable(t, s, found)
		lookThroughBucket(t, s, found)
		return found
	}
	return b
}

func lookThroughTable(t *testing.T, s *Services, found map[string]string) {
	t.Helper()
	in := &dynamodb.ScanInput{TableName: awssdk.String(Name)}
	for {
		page, err := s.DynamoDB.Scan(context.Background(), in)
		must(t, err)
		for _, item := range page.Items {
			pk, _ := item["pk"].(*types.AttributeValueMemberS)
			for name, value := range item {
				if trace := holdsTrace(name, attributeBytes(value)); trace != "" {
					found[pk.Value+" "+name] = trace
				}
			}
		}
		if in.ExclusiveStartKey = page.LastEvaluatedKey; in.ExclusiveStartKey == nil {
			return
		}
	}
}

// attributeBytes is everything that an attribute holds.
func attributeBytes(v types.AttributeValue) (b []byte) {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return []byte(v.Value)
	case *types.AttributeValueMemberB:
		return v.Value
	case *types.AttributeValueMemberN:
		return []byte(v.Value)
	case *types.AttributeValueMemberL:
		for _, one := range v.Value {
			b = append(append(b, attributeBytes(one)...), 0)
		}
	case *types.AttributeValueMemberM:
		for name, one := range v.Value {
			b = append(append(append(b, name...), attributeBytes(one)...), 0)
		}
	}
	return b
}

func lookThroughBucket(t *testing.T, s *Services, found map[string]string) {
	t.Helper()
	ctx := context.Background()
	in := &s3.ListObjectsV2Input{Bucket: awssdk.String(Name)}
	for {
		page, err := s.S3.ListObjectsV2(ctx, in)
		must(t, err)
		for _, o := range page.Contents {
			got, err := s.S3.GetObject(ctx, &s3.GetObjectInput{Bucket: awssdk.String(Name), Key: o.Key})
			must(t, err)
			content, err := io.ReadAll(got.Body)
			must(t, errors.Join(err, got.Body.Close()))
			if trace := holdsTrace(*o.Key, append([]byte(*o.Key), content...)); trace != "" {
				found[*o.Key] = trace
			} else if trace := holdsTrace(*o.Key, content); trace != "" {
				found[*o.Key] = trace
			}
		}
		if in.ContinuationToken = page.NextContinuationToken; in.ContinuationToken == nil {
			return
		}
	}
}
