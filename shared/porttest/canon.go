package porttest

import (
	"bytes"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/weir-engine/weir/shared/app"
	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
)

var canonTests = []test{
	{"buckets is a power of two", func(t *testing.T, p app.Ports) {
		if n := p.Canon.Buckets(); n < 1 || n&(n-1) != 0 || n != p.Canon.Buckets() {
			t.Fatalf("%d buckets", n)
		}
	}},
	{"rows come back as they were written", func(t *testing.T, p app.Ports) {
		rows := canonRows("f1", 60)
		keep(t, p, "f1", rows)
		same(t, "the rows", readRows(t, p, app.RowFilter{Bucket: -1}), rows)
	}},
	{"bucket by bucket", func(t *testing.T, p app.Ports) {
		rows := canonRows("f1", 60)
		keep(t, p, "f1", rows)
		for bucket := range p.Canon.Buckets() {
			want := filterRows(rows, func(r app.Row) bool { return bucketOf(p, r) == bucket })
			same(t, fmt.Sprintf("bucket %d", bucket), readRows(t, p, app.RowFilter{Bucket: bucket}), want)
		}
	}},
	{"several files merge in order", func(t *testing.T, p app.Ports) {
		var all []app.Row
		for _, file := range []string{"f3", "f1", "f2~1"} {
			rows := canonRows(file, 40)
			keep(t, p, file, rows)
			all = append(all, rows...)
		}
		got := readRows(t, p, app.RowFilter{Bucket: -1})
		for i := 1; i < len(got); i++ {
			if compareRows(got[i-1], got[i]) > 0 {
				t.Fatalf("the rows %d and %d are out of order", i-1, i)
			}
		}
		byFile := func(a, b app.Row) int { return max(-1, min(1, 2*compareRows(a, b)+strings.Compare(a.File, b.File))) }
		slices.SortFunc(all, byFile)
		slices.SortFunc(got, byFile)
		same(t, "the rows", got, all)
	}},
	{"chunks of one file are kept apart", func(t *testing.T, p app.Ports) {
		rows := canonRows("f1", 60)
		odd := filterRows(rows, func(r app.Row) bool { return r.ID[0]%2 == 1 })
		even := filterRows(rows, func(r app.Row) bool { return r.ID[0]%2 == 0 })
		keepChunk(t, p, "f1", 0, odd)
		keepChunk(t, p, "f1", 1, even)
		same(t, "the rows", readRows(t, p, app.RowFilter{Bucket: -1}), rows)
	}},
	{"repeating a write changes nothing", func(t *testing.T, p app.Ports) {
		rows := canonRows("f1", 60)
		keep(t, p, "f1", rows)
		keep(t, p, "f1", rows)
		same(t, "the rows", readRows(t, p, app.RowFilter{Bucket: -1}), rows)
		must(t, p.Canon.Write(ctx, "f1", 0, 0, nil))
		same(t, "the rows after a write of nothing", readRows(t, p, app.RowFilter{Bucket: -1}), rows)
	}},
	{"filters", canonFilters},
	{"drop removes one file's rows", func(t *testing.T, p app.Ports) {
		f1, f2 := canonRows("f1", 40), canonRows("f1~1", 40)
		keep(t, p, "f1", f1)
		keep(t, p, "f1~1", f2)
		must(t, p.Canon.Drop(ctx, "f1"))
		same(t, "the rows", readRows(t, p, app.RowFilter{Bucket: -1}), f2)
		must(t, p.Canon.Drop(ctx, "f1"))
		must(t, p.Canon.Drop(ctx, "never"))
		same(t, "the rows after dropping it again", readRows(t, p, app.RowFilter{Bucket: -1}), f2)
		keep(t, p, "f1", f1)
		same(t, "the number of rows when it is written anew", len(readRows(t, p, app.RowFilter{Bucket: -1})), len(f1)+len(f2))
	}},
	{"a reader may stop", func(t *testing.T, p app.Ports) {
		rows := canonRows("f1", 60)
		keep(t, p, "f1", rows)
		for r, err := range p.Canon.Read(ctx, app.RowFilter{Bucket: -1}) {
			must(t, err)
			same(t, "the first row", r, rows[0])
			break
		}
	}},
	{"rows in another bucket or order are refused", func(t *testing.T, p app.Ports) {
		rows := canonRows("f1", 60)
		if p.Canon.Buckets() > 1 {
			wantCode(t, p.Canon.Write(ctx, "f1", 0, bucketOf(p, rows[0]), rows), fault.Invalid)
		}
		one := filterRows(rows, func(r app.Row) bool { return r.Key == rows[0].Key })
		slices.Reverse(one)
		wantCode(t, p.Canon.Write(ctx, "f1", 0, bucketOf(p, one[0]), one), fault.Invalid)
		wantCode(t, p.Canon.Write(ctx, "f1", 0, p.Canon.Buckets(), one), fault.Invalid)
		same(t, "the rows", readRows(t, p, app.RowFilter{Bucket: -1}), []app.Row(nil))
	}},
}

func canonFilters(t *testing.T, p app.Ports) {
	f1, f2 := canonRows("f1", 60), canonRows("f2", 30)
	keep(t, p, "f1", f1)
	keep(t, p, "f2", f2)
	all := append(slices.Clone(f1), f2...)
	slices.SortStableFunc(all, compareRows)
	at := func(s string) int64 {
		moment, err := time.Parse(time.RFC3339, s)
		must(t, err)
		return moment.UnixMilli()
	}
	for _, f := range []app.RowFilter{
		{Bucket: -1, Keys: []string{f1[0].Key}},
		{Bucket: -1, Keys: []string{f1[30].Key, f1[0].Key, "nobody"}},
		{Bucket: bucketOf(p, f1[0]), Keys: []string{f1[0].Key}},
		{Bucket: -1, Keys: []string{"nobody"}},
		{Bucket: -1, Keys: []string{}},
		{Bucket: -1, From: at("2024-02-01T00:00:00Z")},
		{Bucket: -1, To: at("2024-02-01T00:00:00Z")},
		{Bucket: -1, From: at("2024-01-31T12:00:00Z"), To: at("2024-03-01T00:00:00.001Z")},
		{Bucket: -1, From: f1[10].Time, To: f1[10].Time + 1},
		{Bucket: -1, From: f1[10].Time, To: f1[10].Time},
		{Bucket: -1, NotFile: "f1"},
		{Bucket: -1, NotFile: "f"},
		{Bucket: bucketOf(p, f1[3]), NotFile: "f2", Keys: []string{f1[3].Key}, From: f1[3].Time},
	} {
		want := filterRows(all, func(r app.Row) bool {
			return (f.Bucket < 0 || bucketOf(p, r) == f.Bucket) && (f.Keys == nil || slices.Contains(f.Keys, r.Key)) &&
				(f.From == 0 || r.Time >= f.From) && (f.To == 0 || r.Time < f.To) && r.File != f.NotFile
		})
		same(t, fmt.Sprintf("the rows of %+v", f), readRows(t, p, f), want)
	}
}

// canonRows returns n sorted rows of eight users over several months. Rows of different files never compare equal.
func canonRows(file string, n int) (rows []app.Row) {
	start := time.Date(2023, 11, 20, 0, 0, 0, 0, time.UTC).UnixMilli()
	salt := int64(file[len(file)-1])
	for i := range n {
		key := fmt.Sprintf("user-%d", i%8)
		r := app.Row{
			Hash: event.UserHash(key), Key: key, ID: event.ID{byte(i), byte(i >> 8), byte(salt), byte(len(file))}, Kind: event.Track,
			Name: "Order Completed", Time: start + int64(i)*3*86_400_000 + salt, Arrived: start, File: file,
		}
		if i%2 == 0 {
			r.Kind, r.MessageID, r.Anonymous, r.Previous, r.Group = event.Kind(i%6+1), fmt.Sprintf("m%d", i), "anon-7", "old", "group"
			r.Properties, r.Traits, r.Context = `{"revenue":12.50}`, `{"name":"张三"}`, `{"ip":"::1"}`
			r.Contact, r.Sealed = "ref", []byte{0, 1, 2, byte(i)}
		}
		if i%7 == 0 {
			r.Properties = `{"text":"` + strings.Repeat("long ", 20_000) + `"}`
		}
		rows = append(rows, r)
	}
	slices.SortFunc(rows, compareRows)
	return rows
}

func compareRows(a, b app.Row) int {
	switch {
	case a.Hash < b.Hash:
		return -1
	case a.Hash > b.Hash:
		return 1
	case a.Key != b.Key:
		return strings.Compare(a.Key, b.Key)
	case a.Time < b.Time:
		return -1
	case a.Time > b.Time:
		return 1
	}
	return bytes.Compare(a.ID[:], b.ID[:])
}

func bucketOf(p app.Ports, r app.Row) int {
	return int(r.Hash >> (64 - bits.TrailingZeros(uint(p.Canon.Buckets()))))
}

// keep writes rows, one chunk a bucket.
func keep(t *testing.T, p app.Ports, file string, rows []app.Row) {
	t.Helper()
	for bucket := range p.Canon.Buckets() {
		if one := filterRows(rows, func(r app.Row) bool { return bucketOf(p, r) == bucket }); len(one) > 0 {
			must(t, p.Canon.Write(ctx, file, bucket, bucket, one))
		}
	}
}

// keepChunk writes rows of any bucket with one number of a chunk.
func keepChunk(t *testing.T, p app.Ports, file string, chunk int, rows []app.Row) {
	t.Helper()
	for bucket := range p.Canon.Buckets() {
		must(t, p.Canon.Write(ctx, file, chunk, bucket, filterRows(rows, func(r app.Row) bool { return bucketOf(p, r) == bucket })))
	}
}

func filterRows(rows []app.Row, want func(app.Row) bool) (some []app.Row) {
	for _, r := range rows {
		if want(r) {
			some = append(some, r)
		}
	}
	return some
}

func readRows(t *testing.T, p app.Ports, f app.RowFilter) (rows []app.Row) {
	t.Helper()
	for r, err := range p.Canon.Read(ctx, f) {
		must(t, err)
		rows = append(rows, r)
	}
	return rows
}
