package eventfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"pgregory.net/rapid"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
)

// told is an event or a refusal as text.
func told(ev *event.Event, err error) string {
	var line *LineError
	if errors.As(err, &line) {
		return fmt.Sprintf("%d %s %s %s", line.Line, line.Reject.Reason, line.Reject.Message, line.Text)
	}
	return fmt.Sprintf("%v %q %q %q %q %q %q %d %v %v %v %x %x", ev.Kind, ev.MessageID, ev.UserID, ev.AnonymousID, ev.PreviousID, ev.GroupID, ev.Name, ev.Time, ev.Properties, ev.Traits, ev.Context, ev.Content, ev.StableID(0))
}

// manyRows is where a test stops: damage can make a short file say that it has millions of rows.
const manyRows = 20_000

// byRows and byColumns read a whole file.
func byRows(r *Reader) (rows []string, err error) {
	for len(rows) < manyRows {
		ev, err := r.Next()
		var line *LineError
		if err != nil && !errors.As(err, &line) {
			return rows, err
		}
		rows = append(rows, told(ev, err))
	}
	return rows, nil
}

// byColumns also holds what the columns say against the events.
func byColumns(t testing.TB, r *Reader, digits int) (rows []string, ready int, err error) {
	var b Batch
	var n []int64
	var ok []bool
	var notes, rates []event.Value
	paths := []string{"revenue", "total"}
	for len(rows) < manyRows {
		if err := r.NextBatch(&b); err != nil {
			return rows, ready, err
		}
		if b.First != int64(len(rows))+1 || r.Line() != b.First+int64(len(b.Ready))-1 {
			t.Fatalf("batch at row %d behind %d, line %d", b.First, len(rows), r.Line())
		}
		n, ok = b.Scaled(paths, digits, n, ok)
		notes, rates = b.Values("note", notes), b.Values("rate", rates)
		for i := range b.Ready {
			if len(rates) > 0 && !b.Ready[i] && rates[i].Kind != event.None {
				t.Fatal("a value of a row that is not ready")
			}
			amount, is := n[i], ok[i]
			ev, err := b.Event(i)
			var line *LineError
			if err != nil && !errors.As(err, &line) {
				return rows, ready, err
			}
			rows = append(rows, told(ev, err))
			if !b.Ready[i] {
				continue
			}
			ready++
			if err != nil {
				t.Fatalf("ready, but %v", err)
			}
			key := b.Keys[b.Key[i]]
			if ev.Kind != event.Track || key != ev.Key() || b.Hashes[b.Key[i]] != event.UserHash(key) || b.Names[b.Name[i]] != ev.Name || b.Time[i] != ev.Time || b.ID[i] != ev.StableID(0) {
				t.Fatalf("row %d: %s: key %q, name %q, time %d, id %x", len(rows), rows[len(rows)-1], key, b.Names[b.Name[i]], b.Time[i], b.ID[i])
			}
			if is {
				sameAmount(t, ev, paths, digits, amount)
			}
			if v := ev.Properties.Get("note"); len(notes) > 0 && v != notes[i] {
				t.Fatalf("row %d: note %v is %v", len(rows), v, notes[i])
			}
			if v := ev.Properties.Get("rate"); len(rates) > 0 && v != rates[i] {
				t.Fatalf("row %d: rate %v is %v", len(rows), v, rates[i])
			}
			if !is && scalable(ev, paths, digits) {
				t.Fatalf("row %d: an amount of %v was not read", len(rows), ev.Properties)
			}
		}
	}
	return rows, ready, nil
}

func firstOf(ev *event.Event, paths []string) event.Value {
	for _, p := range paths {
		if v := ev.Properties.Get(p); v.Kind > event.Null {
			return v
		}
	}
	return event.Value{}
}

func scalable(ev *event.Event, paths []string, digits int) bool {
	_, ok := firstOf(ev, paths).Scaled(digits)
	return ok
}

func sameAmount(t testing.TB, ev *event.Event, paths []string, digits int, amount int64) {
	if n, ok := firstOf(ev, paths).Scaled(digits); !ok || n != amount {
		t.Fatalf("amount %d of %v is %d, %t", amount, ev.Properties, n, ok)
	}
}

// sameEitherWay reads a file by rows and by columns.
func sameEitherWay(t testing.TB, file []byte, o Options, digits int) (ready int) {
	open := func() *Reader {
		r, err := Open(bytes.NewReader(file), int64(len(file)), o)
		if err != nil {
			return nil
		}
		return r
	}
	r, c := open(), open()
	if r == nil || !r.ByColumns() {
		return 0
	}
	defer r.Close()
	defer c.Close()
	want, wantErr := byRows(r)
	got, ready, err := byColumns(t, c, digits)
	if len(got) >= manyRows || len(want) >= manyRows {
		err, wantErr = nil, nil
	}
	if (err == nil) != (wantErr == nil) || (wantErr == io.EOF) != (err == io.EOF) {
		t.Fatalf("by rows %v, by columns %v", wantErr, err)
	}
	if err != nil && err != io.EOF && (fault.CodeOf(err) != fault.CodeOf(wantErr) || fault.HintOf(err) == "") {
		t.Fatalf("by rows %v, by columns %v", wantErr, err)
	}
	if err == io.EOF && len(got) != len(want) {
		t.Fatalf("%d rows, want %d", len(got), len(want))
	}
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			t.Fatalf("row %d\n got %s\nwant %s", i+1, got[i], want[i])
		}
	}
	return ready
}

type entryRow struct {
	Type  string     `parquet:"type,dict"`
	Event string     `parquet:"event,dict"`
	User  string     `parquet:"userId,dict"`
	ID    string     `parquet:"messageId"`
	Time  int64      `parquet:"timestamp,timestamp(millisecond)"`
	Props entryProps `parquet:"properties"`
}

type entryProps struct {
	Revenue float64 `parquet:"revenue"`
	Note    string  `parquet:"note"`
}

type optionalRow struct {
	Type      *string        `parquet:"type,optional"`
	Event     *string        `parquet:"event,optional,dict"`
	User      *string        `parquet:"user_id,optional,dict"`
	Anonymous *string        `parquet:"anonymous_id,optional"`
	Group     *string        `parquet:"groupId,optional,dict"`
	ID        *string        `parquet:"messageId,optional,dict"`
	Time      *int64         `parquet:"timestamp,optional,timestamp(microsecond)"`
	Props     *optionalProps `parquet:"properties,optional"`
	Context   *string        `parquet:"context,optional"`
}

type optionalProps struct {
	Revenue *float64 `parquet:"revenue,optional,dict"`
	Total   *int64   `parquet:"total,optional,decimal(3:18)"`
	Rate    *float32 `parquet:"rate,optional"`
	Note    *string  `parquet:"note,optional,dict"`
}

type plainRow struct {
	Name  string `parquet:"event"`
	User  string `parquet:"userId"`
	Other string `parquet:"group_id"`
	ID    string `parquet:"message_id"`
	Time  string `parquet:"timestamp"`
	Props string `parquet:"properties"`
}

// numberRow has ids that are no text.
type numberRow struct {
	Type  string   `parquet:"type"`
	Name  string   `parquet:"event"`
	User  int64    `parquet:"userId,dict"`
	Visit *int64   `parquet:"anonymousId,optional"`
	ID    [16]byte `parquet:"messageId,uuid"`
	Time  string   `parquet:"timestamp"`
	Props float64  `parquet:"properties.total"`
}

var (
	someTypes   = rapid.SampledFrom([]string{"track", "track", "track", "track", "identify", "page", "order", ""})
	someNames   = rapid.SampledFrom([]string{"Order Completed", "Seen", "看", "", "E\xff", strings.Repeat("n", 70_000)})
	someIDs     = rapid.SampledFrom([]string{"u1", "u2", "u3", "用户", "", "anon:u", "u\xff", strings.Repeat("i", 257), strings.Repeat("i", 256)})
	someTimes   = rapid.SampledFrom([]int64{0, 1, 999, 1_700_000_000_000, 1_800_000_000_000, lastTime, -1, math.MaxInt64, math.MinInt64})
	someAmounts = rapid.OneOf(rapid.SampledFrom([]float64{0, 1, 29.33, 0.005, 1.005, -2.5, 1e15, 1e300, 9_007_199_254_740_993, math.Copysign(0, -1), math.NaN(), math.Inf(1)}), rapid.Map(rapid.IntRange(0, 1_000_000), func(c int) float64 { return float64(c) / 100 }))
	someText    = rapid.SampledFrom([]string{"1.25", "x", "é", "\xff", ""})
)

func maybe[T any](t *rapid.T, g *rapid.Generator[T], name string) *T {
	if v := g.Draw(t, name); rapid.IntRange(0, 3).Draw(t, "there") > 0 {
		return &v
	}
	return nil
}

// TestBatchesGiveTheSameEvents reads random files of several schemas and encodings both ways.
func TestBatchesGiveTheSameEvents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := []parquet.WriterOption{parquet.PageBufferSize(rapid.SampledFrom([]int{32, 300, 1 << 18}).Draw(t, "page")), parquet.MaxRowsPerRowGroup(rapid.SampledFrom([]int64{3, 50, 10_000}).Draw(t, "group")), parquet.DataPageVersion(rapid.IntRange(1, 2).Draw(t, "version"))}
		n := rapid.IntRange(1, 60).Draw(t, "rows")
		var file []byte
		switch rapid.IntRange(0, 3).Draw(t, "schema") {
		case 0:
			file = pq(fatal{t: t}, drawn(n, func() entryRow {
				return entryRow{someTypes.Draw(t, "type"), someNames.Draw(t, "name"), someIDs.Draw(t, "user"), someIDs.Draw(t, "id"), someTimes.Draw(t, "time"), entryProps{someAmounts.Draw(t, "revenue"), someText.Draw(t, "note")}}
			}), o...)
		case 1:
			file = pq(fatal{t: t}, drawn(n, func() optionalRow {
				r := optionalRow{maybe(t, someTypes, "type"), maybe(t, someNames, "name"), maybe(t, someIDs, "user"), maybe(t, someIDs, "anonymous"), maybe(t, someIDs, "group"), maybe(t, someIDs, "id"), maybe(t, someTimes, "time"), nil, maybe(t, someText, "context")}
				if rapid.Bool().Draw(t, "props") {
					r.Props = &optionalProps{maybe(t, someAmounts, "revenue"), maybe(t, rapid.Int64(), "total"), maybe(t, rapid.Float32(), "rate"), maybe(t, someText, "note")}
				}
				return r
			}), o...)
		case 2:
			file = pq(fatal{t: t}, drawn(n, func() numberRow {
				return numberRow{someTypes.Draw(t, "type"), someNames.Draw(t, "name"), rapid.Int64().Draw(t, "user"), maybe(t, rapid.Int64(), "visit"), [16]byte{byte(rapid.Int().Draw(t, "id"))}, rapid.SampledFrom([]string{"2026-01-01T00:00:00Z", "0", "x"}).Draw(t, "time"), someAmounts.Draw(t, "total")}
			}), o...)
		default:
			file = pq(fatal{t: t}, drawn(n, func() plainRow {
				return plainRow{someNames.Draw(t, "name"), someIDs.Draw(t, "user"), someIDs.Draw(t, "other"), someIDs.Draw(t, "id"), rapid.SampledFrom([]string{"2026-01-01T00:00:00Z", "1700000000", "x", ""}).Draw(t, "time"), rapid.SampledFrom([]string{"", "null", `{"revenue":1.5}`, `{`, `[]`}).Draw(t, "props")}
			}), o...)
		}
		sameEitherWay(fatal{t: t}, file, Options{Arrived: 1_750_000_000_000}, rapid.IntRange(0, 4).Draw(t, "digits"))
	})
}

// fatal lets the helpers report to rapid.
type fatal struct {
	testing.TB
	t *rapid.T
}

func (f fatal) Helper()                         {}
func (f fatal) Fatal(args ...any)               { f.t.Fatal(args...) }
func (f fatal) Fatalf(form string, args ...any) { f.t.Fatalf(form, args...) }

func drawn[T any](n int, one func() T) []T {
	rows := make([]T, n)
	for i := range rows {
		rows[i] = one()
	}
	return rows
}

func entryRows(n int) []entryRow {
	return drawn(n, func() entryRow {
		n--
		return entryRow{"track", "Order Completed", fmt.Sprint("u", n%100), fmt.Sprint("m", n), int64(n) * 1000, entryProps{float64(n) / 100, "é"}}
	})
}

// TestOrdinaryRowsAreReady counts, over several pages and groups of rows.
func TestOrdinaryRowsAreReady(t *testing.T) {
	for _, o := range []parquet.WriterOption{parquet.PageBufferSize(1000), parquet.MaxRowsPerRowGroup(777), parquet.Compression(&parquet.Snappy)} {
		if ready := sameEitherWay(t, pq(t, entryRows(5000), o), Options{}, 2); ready != 5000 {
			t.Fatalf("%d rows are ready", ready)
		}
	}
}

func TestRowsOfNumbersAreReady(t *testing.T) {
	rows := make([]numberRow, 100)
	for i := range rows {
		rows[i] = numberRow{Type: "track", Name: "E", User: int64(i), Visit: ptr(int64(i)), Time: "1970-01-01T00:00:00Z"}
	}
	if ready := sameEitherWay(t, pq(t, rows), Options{}, 2); ready != 100 {
		t.Fatalf("%d rows are ready", ready)
	}
	if ready := sameEitherWay(t, pq(t, rows), Options{Limits: event.Limits{IDBytes: 1, Depth: 32}}, 2); ready != 0 {
		t.Fatalf("%d rows are ready", ready)
	}
}

// TestBatchForAnotherFile reads a file of which no row can be ready into a batch that served another.
func TestBatchForAnotherFile(t *testing.T) {
	var b Batch
	for i, file := range [][]byte{pq(t, entryRows(10)), pq(t, []flatNames{{User: "u", Name: "E"}})} {
		r, err := Open(bytes.NewReader(file), int64(len(file)), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.NextBatch(&b); err != nil || b.Ready[0] != (i == 0) || (len(b.Keys) > 0) != (i == 0) || (len(b.Names) > 0) != (i == 0) {
			t.Fatal(i, b.Ready, b.Keys, b.Names, err)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

type flatNames struct {
	User string `parquet:"userId"`
	Name string `parquet:"event"`
	Time int64  `parquet:"timestamp"`
}

func TestColumnsAndRowsInTurn(t *testing.T) {
	file := pq(t, entryRows(3000))
	r, err := Open(bytes.NewReader(file), int64(len(file)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var b Batch
	if err := r.NextBatch(&b); err != nil {
		t.Fatal(err)
	}
	if ev, err := r.Next(); err != nil || ev.MessageID != fmt.Sprint("m", 2999-len(b.Ready)) || r.Line() != int64(len(b.Ready))+1 {
		t.Fatal(ev, err, r.Line())
	}
	if err := r.NextBatch(&b); err != nil || b.First != batchRows+2 {
		t.Fatal(b.First, err)
	}
}

func TestOnlyParquetIsReadByColumns(t *testing.T) {
	r, err := Open(strings.NewReader(one), int64(len(one)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if r.ByColumns() {
		t.Fatal("NDJSON by columns")
	}
	wantFault(t, r.NextBatch(new(Batch)), fault.Internal, "ndjson")
}

// FuzzBatch reads damaged files both ways.
func FuzzBatch(f *testing.F) {
	f.Add(pq(f, entryRows(40), parquet.PageBufferSize(200)), 100, byte(0))
	f.Add(pq(f, []optionalRow{{Type: ptr("track"), User: ptr("u"), ID: ptr("m"), Event: ptr("E"), Props: &optionalProps{Total: ptr(int64(5))}}, {}}), 200, byte(3))
	f.Add(pq(f, []plainRow{{"E", "u", "g", "m", "1700000000", ""}}), 50, byte(1))
	f.Fuzz(func(t *testing.T, file []byte, at int, with byte) {
		if len(file) == 0 || len(file) > 1<<20 {
			return
		}
		file = bytes.Clone(file)
		file[int(uint(at)%uint(len(file)))] ^= with
		sameEitherWay(t, file, Options{MaxBytes: 1 << 22}, 2)
	})
}

func BenchmarkBatch(b *testing.B) {
	file := pq(b, entryRows(100_000), parquet.Compression(&parquet.Snappy))
	var batch Batch
	var n []int64
	var ok []bool
	b.ReportAllocs()
	for b.Loop() {
		r, err := Open(bytes.NewReader(file), int64(len(file)), Options{})
		if err != nil {
			b.Fatal(err)
		}
		rows := 0
		for r.NextBatch(&batch) == nil {
			n, ok = batch.Scaled([]string{"revenue"}, 2, n, ok)
			rows += len(batch.Ready)
		}
		if rows != 100_000 {
			b.Fatal(rows)
		}
		_ = r.Close()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100_000, "ns/row")
}
