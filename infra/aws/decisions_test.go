package aws

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
)

// objects is a bucket in memory that counts its calls.
type objects struct {
	Bucket
	mu         sync.Mutex
	all        map[string][]byte
	gets, puts int
	fail       error // of every put
	left       int   // puts until one fails; 0: none does
}

func (o *objects) PutObject(_ context.Context, in *s3.PutObjectInput, _ ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	content, err := io.ReadAll(in.Body)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.puts++
	if o.left > 0 {
		if o.left--; o.left == 0 {
			return nil, errors.New("died")
		}
	}
	if o.fail != nil {
		return nil, o.fail
	}
	o.all[*in.Key] = content
	return &s3.PutObjectOutput{}, err
}

func (o *objects) GetObject(_ context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.gets++
	content, ok := o.all[*in.Key]
	if ok && in.Range == nil {
		return &s3.GetObjectOutput{Body: io.NopCloser(bytes.NewReader(bytes.Clone(content)))}, nil
	}
	var from, to int
	if _, err := fmt.Sscanf(aws.ToString(in.Range), "bytes=%d-%d", &from, &to); err != nil || !ok {
		return nil, &awshttp.ResponseError{ResponseError: &smithyhttp.ResponseError{
			Response: &smithyhttp.Response{Response: &http.Response{StatusCode: http.StatusNotFound}}, Err: errors.New("no such key"),
		}}
	}
	return &s3.GetObjectOutput{Body: io.NopCloser(bytes.NewReader(content[from : to+1]))}, nil
}

func newLog() (*profiles, *objects) {
	o := &objects{all: map[string][]byte{}}
	return &profiles{table: &table{workspace: "w"}, bucket: &bucket{s3: o, name: "b"}}, o
}

func decided(user string, seq int64, size int) app.UserWrite {
	return app.UserWrite{
		Item:     app.Item{Key: user, Version: seq - 1},
		Decision: &app.Decision{Key: user, Seq: seq, AsOf: -seq, Record: bytes.Repeat([]byte{byte('a' + seq%26)}, size)},
	}
}

// A user with thousands of decisions is read in few requests, and the writer's requests for it are few.
func TestLongHistory(t *testing.T) {
	ctx := context.Background()
	p, o := newLog()
	const n = 5000
	var head []byte
	for seq := int64(1); seq <= n; seq++ {
		w := decided("u", seq, 20)
		w.Item.Log = head
		logs, err := p.log(ctx, []app.UserWrite{w})
		if err != nil {
			t.Fatal(err)
		}
		head = logs[0]
	}
	if o.puts != n || o.gets > n {
		t.Errorf("%d decisions took %d puts and %d gets", n, o.puts, o.gets)
	}
	o.gets = 0
	all, err := p.from(ctx, "u", head, nil, 2*n)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != n || o.gets > n/pageRecords+pageRecords {
		t.Errorf("%d decisions were read in %d requests", len(all), o.gets)
	}
	for i, d := range all {
		if want := decided("u", int64(n-i), 20).Decision; d.Seq != want.Seq || d.AsOf != want.AsOf || !bytes.Equal(d.Record, want.Record) {
			t.Fatalf("place %d has decision %d", i, d.Seq)
		}
	}
	for _, limit := range []int{1, 7, 8, 9, 100} {
		few, err := p.from(ctx, "u", head, nil, limit)
		if err != nil || !reflect.DeepEqual(few, all[:limit]) {
			t.Errorf("the newest %d: %d, %v", limit, len(few), err)
		}
	}
}

// A group is one object, unless it is large; the same group is the same object.
func TestGroups(t *testing.T) {
	ctx := context.Background()
	p, o := newLog()
	var writes []app.UserWrite
	for i := range 300 {
		writes = append(writes, decided(fmt.Sprint("u", i), 1, 1000))
	}
	first, err := p.log(ctx, writes)
	if err != nil {
		t.Fatal(err)
	}
	again, err := p.log(ctx, writes)
	if err != nil {
		t.Fatal(err)
	}
	if len(o.all) != 1 || !reflect.DeepEqual(first, again) {
		t.Errorf("%d objects", len(o.all))
	}
	for name, content := range o.all {
		if !strings.HasPrefix(name, "decisions/w/") || len(content) < 300_000 {
			t.Errorf("%s has %d bytes", name, len(content))
		}
	}
	o.all = map[string][]byte{}
	for i := range writes {
		writes[i] = decided(writes[i].Item.Key, 1, 100_000)
	}
	logs, err := p.log(ctx, writes)
	if err != nil {
		t.Fatal(err)
	}
	if len(o.all) != 4 {
		t.Errorf("30 MB are %d objects", len(o.all))
	}
	for i, w := range writes {
		got, err := p.from(ctx, w.Item.Key, logs[i], nil, 9)
		if err != nil || !reflect.DeepEqual(got, []app.Decision{*w.Decision}) {
			t.Fatalf("%s has %d decisions: %v", w.Item.Key, len(got), err)
		}
	}
	o.fail = errors.New("no")
	if _, err := p.log(ctx, writes); err == nil {
		t.Error("an object that was not written goes unnoticed")
	}
}

// A decision that stands in the log already is left as it is, and writes nothing.
func TestLogLeavesOut(t *testing.T) {
	ctx := context.Background()
	p, o := newLog()
	w := decided("u", 4, 10)
	logs, err := p.log(ctx, []app.UserWrite{w})
	if err != nil {
		t.Fatal(err)
	}
	for _, seq := range []int64{4, 3, 1} {
		w := decided("u", seq, 11)
		w.Item.Log = logs[0]
		again, err := p.log(ctx, []app.UserWrite{w, {Item: app.Item{Key: "v", Log: []byte("kept")}}})
		if err != nil || !reflect.DeepEqual(again, [][]byte{logs[0], []byte("kept")}) {
			t.Errorf("decision %d: %v", seq, err)
		}
	}
	if o.puts != 1 {
		t.Errorf("%d objects were put", o.puts)
	}
}

// A lost object is said where it is read, and does not keep the user from being written.
func TestLostEntry(t *testing.T) {
	ctx := context.Background()
	p, o := newLog()
	var head []byte
	step := func(seq int64) {
		w := decided("u", seq, 10)
		w.Item.Log = head
		logs, err := p.log(ctx, []app.UserWrite{w})
		if err != nil {
			t.Fatal(err)
		}
		head = logs[0]
	}
	for seq := range int64(5) {
		step(seq + 1)
	}
	clear(o.all)
	for seq := range int64(15) {
		step(seq + 6)
	}
	all, err := p.from(ctx, "u", head, nil, 15)
	if err != nil || len(all) != 15 {
		t.Errorf("%d decisions after the lost ones: %v", len(all), err)
	}
	if _, err = p.from(ctx, "u", head, nil, 16); !fault.Is(err, fault.Internal) || fault.HintOf(err) == "" {
		t.Errorf("the lost ones: %v", err)
	}
}

// The records of a user who is forgotten become zeros, those that pages hold again too, and others keep theirs. It may die in between.
func TestEraseDecisions(t *testing.T) {
	ctx := context.Background()
	for fails := range 12 { // the first puts happen, and then one fails
		p, o := newLog()
		heads := map[string][]byte{}
		for seq := int64(1); seq <= 21; seq++ {
			var writes []app.UserWrite
			for _, user := range []string{"ann", "bob"} {
				w := decided(user, seq, 20)
				w.Decision.Record = []byte(user + "'s secret")
				w.Item.Log = heads[user]
				writes = append(writes, w)
			}
			logs, err := p.log(ctx, writes)
			if err != nil {
				t.Fatal(err)
			}
			heads["ann"], heads["bob"] = logs[0], logs[1]
		}
		o.left = fails + 1
		if err := p.eraseFrom(ctx, "ann", heads["ann"]); err == nil {
			t.Fatal("it did not die")
		}
		o.left = 0
		if err := p.eraseFrom(ctx, "ann", heads["ann"]); err != nil {
			t.Fatal(err)
		}
		hash := binary.LittleEndian.AppendUint64(nil, event.UserHash("ann"))
		for name, content := range o.all {
			if bytes.Contains(content, []byte("ann")) || bytes.Contains(content, hash) {
				t.Errorf("%d: %s holds %q", fails, name, content)
			}
		}
		if all, err := p.from(ctx, "bob", heads["bob"], nil, 100); err != nil || len(all) != 21 || string(all[0].Record) != "bob's secret" {
			t.Errorf("%d: bob has %d decisions, %v", fails, len(all), err)
		}
		w := decided("ann", 22, 20) // by a backup of the table
		w.Item.Log = heads["ann"]
		if _, err := p.log(ctx, []app.UserWrite{w}); err != nil {
			t.Errorf("%d: a decision after erased ones: %v", fails, err)
		}
	}
}

// An entry of another user, a damaged one and a pointer in a circle are refused.
func TestDamagedEntries(t *testing.T) {
	good := appendEntry(nil, "u", []app.Decision{{Key: "u", Seq: 3, AsOf: -5, Record: []byte("r")}}, (&place{length: 3, seq: 2}).encode(), nil)
	page := appendEntry(nil, "u", []app.Decision{{Key: "u", Seq: 3, AsOf: -5, Record: []byte("r")}}, (&place{length: 3, seq: 2}).encode(),
		[][]byte{(&place{length: 4, seq: 2}).encode(), (&place{length: 5, seq: 1}).encode()})
	for _, b := range [][]byte{good, page} {
		e, err := parseEntry(b, "u")
		if err != nil || e.before.seq != 2 {
			t.Fatal(err)
		}
		if len(b) == len(page) && (len(e.again) != 2 || e.again[1].length != 5) {
			t.Errorf("the page holds again %v", e.again)
		}
		if _, err := parseEntry(b, "v"); err == nil {
			t.Error("the entry of another user is read")
		}
		for n := range b {
			if _, err := parseEntry(b[:n], "u"); err == nil {
				t.Errorf("%d of %d bytes are an entry", n, len(b))
			}
		}
	}
	pointer := (&place{length: 3, seq: 2, singles: 7}).encode()
	for n := 1; n < len(pointer); n++ {
		if _, err := parsePlace(pointer[:n]); err == nil {
			t.Errorf("%d of %d bytes are a pointer", n, len(pointer))
		}
	}
}

func FuzzEntry(f *testing.F) {
	f.Add(appendEntry(nil, "u", []app.Decision{{Key: "u", Seq: 3, AsOf: -5, Record: []byte("r")}}, (&place{length: 3, seq: 2}).encode(), nil))
	f.Add(appendEntry(nil, "u", []app.Decision{{Key: "u", Seq: 9}, {Key: "u", Seq: 8}}, nil, [][]byte{(&place{length: 3, seq: 2}).encode()}))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := parseEntry(b, "u")
		if err != nil {
			return
		}
		var pointer []byte
		if e.before != nil {
			pointer = e.before.encode()
		}
		var places [][]byte
		for _, at := range e.again {
			places = append(places, at.encode())
		}
		again, err := parseEntry(appendEntry(nil, "u", e.records, pointer, places), "u")
		if err != nil || !reflect.DeepEqual(e, again) {
			t.Fatalf("%v is read as %v: %v", e, again, err)
		}
	})
}

func FuzzPlace(f *testing.F) {
	f.Add((&place{object: [16]byte{1, 2}, offset: 7, length: 3, seq: 2, singles: 7}).encode())
	f.Fuzz(func(t *testing.T, b []byte) {
		at, err := parsePlace(b)
		if err != nil || at == nil {
			return
		}
		again, err := parsePlace(at.encode())
		if err != nil || *again != *at {
			t.Fatalf("%+v is read as %+v: %v", at, again, err)
		}
	})
}
