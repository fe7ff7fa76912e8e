package eventfile

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/weir-engine/weir/shared/event"
	"github.com/weir-engine/weir/shared/fault"
)

func pq[T any](t testing.TB, rows []T, o ...parquet.WriterOption) []byte {
	t.Helper()
	var b bytes.Buffer
	w := parquet.NewGenericWriter[T](&b, o...)
	if _, err := w.Write(rows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

type nestedRow struct {
	Type      string  `parquet:"type,dict"`
	MessageID string  `parquet:"messageId,optional"`
	UserID    *string `parquet:"userId,optional,dict"`
	Anonymous string  `parquet:"anonymous_id,optional"`
	Event     string  `parquet:"event,dict,zstd"`
	Timestamp int64   `parquet:"timestamp,timestamp(microsecond)"`
	Ignored   []int32 `parquet:"ignored,list"`
	Props     *props  `parquet:"properties,optional"`
	Traits    string  `parquet:"traits,optional"`
}

type props struct {
	Revenue  float64 `parquet:"revenue"`
	Quantity *int32  `parquet:"quantity,optional"`
	SKU      string  `parquet:"sku,dict,optional"`
	Gift     bool    `parquet:"gift"`
	Fee      int64   `parquet:"fee,decimal(2:18)"`
	Day      int32   `parquet:"day,date"`
}

func ptr[T any](v T) *T { return &v }

func TestParquetNamedLikeSegment(t *testing.T) {
	file := pq(t, []nestedRow{
		{Type: "track", MessageID: "m1", UserID: ptr("u1"), Event: "Order Completed", Timestamp: 1_234_567, Props: &props{Revenue: 29.33, Quantity: ptr(int32(2)), SKU: "a\"b", Gift: true, Fee: 105, Day: 1}},
		{Type: "track", Anonymous: "a1", Event: "Seen", Timestamp: 1_999},
		{Type: "identify", UserID: ptr("u2"), Timestamp: 0, Traits: `{"a":{"b":1.0}}`},
		{Type: "track", UserID: ptr("u2"), Event: "NaN", Props: &props{Revenue: math.NaN()}},
		{Type: "order", UserID: ptr("u2")},
		{Type: "track", Event: "nobody"},
		{Type: "track", UserID: ptr("u"), Event: "E", Timestamp: math.MaxInt64},
		{Type: "identify", UserID: ptr("u3"), Traits: `{"a":`},
		{Type: "track", UserID: ptr("\xff"), Event: "E"},
	}, parquet.PageBufferSize(64))
	got, err := result(t, file, Options{})
	want(t, got, err,
		`1 track u1 Order Completed 1234 {"day":"1970-01-02","fee":1.05,"gift":true,"quantity":2,"revenue":29.33,"sku":"a\"b"}`,
		"2 track anon:a1 Seen 1 ", "3 identify u2  0 ", "4 bad_value", "5 bad_type", "6 no_user", "7 bad_time", "8 bad_json", "9 bad_utf8")
}

func TestParquetRejectCanBeRedriven(t *testing.T) {
	file := pq(t, []nestedRow{{Type: "track", Event: "Order", Timestamp: 1_000, MessageID: "m", Props: &props{Revenue: 1.5, SKU: "x"}, Traits: `{"k":1}`}})
	r, err := Open(bytes.NewReader(file), int64(len(file)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	_, err = r.Next()
	var line *LineError
	if !errors.As(err, &line) {
		t.Fatal(err)
	}
	text := strings.Replace(line.Text, `"type"`, `"userId":"u","type"`, 1)
	got, err := result(t, []byte(text), Options{})
	want(t, got, err, `1 track u Order 1 {"day":"1970-01-01","fee":0,"gift":false,"revenue":1.5,"sku":"x"}`)
}

type flatRow struct {
	Customer int64   `parquet:"customer"`
	When     string  `parquet:"when"`
	Amount   float64 `parquet:"order.amount"`
}

func TestParquetOfAnotherSchema(t *testing.T) {
	file := pq(t, []flatRow{{7, "2026-01-01T00:00:00Z", 2.5}})
	_, err := result(t, file, Options{})
	wantFault(t, err, fault.Invalid, "expected the columns userId or anonymousId, timestamp, and type or event")
	if !strings.Contains(err.Error(), "customer (INT(64,true)), when") {
		t.Fatal(err)
	}
	m := mapping(t, "version: 1\nuser_id: customer\nevent: Order\ntimestamp: when\nproperties: {revenue: {column: order.amount, as: money, currency: USD}}\n")
	got, err := result(t, file, Options{Mapping: m})
	want(t, got, err, `1 track 7 Order 1767225600000 {"currency":"USD","revenue":2.5}`)
	_, err = result(t, file, Options{Mapping: mapping(t, base)})
	wantFault(t, err, fault.Invalid, `has no column "u"`)
}

func TestDamagedParquet(t *testing.T) {
	rows := make([]nestedRow, 3000)
	for i := range rows {
		rows[i] = nestedRow{Type: "track", UserID: ptr(fmt.Sprint("u", i)), Event: "E", MessageID: fmt.Sprint(i), Timestamp: int64(i) * 1000}
	}
	file := pq(t, rows, parquet.PageBufferSize(4096))
	for _, bad := range [][]byte{file[:len(file)/2], []byte("PAR1"), []byte("PAR1xxxxPAR1"), []byte("PAR1\x00\x00\x00\x00PAR1")} {
		_, err := result(t, bad, Options{})
		wantFault(t, err, fault.Invalid, "footer")
	}
	for at := 4; at < len(file); at += 97 {
		broken := bytes.Clone(file)
		broken[at] ^= 0xff
		if _, err := result(t, broken, Options{}); err != nil && fault.CodeOf(err) == fault.Internal {
			t.Fatalf("byte %d: %v", at, err)
		}
	}
}

func TestParquetBomb(t *testing.T) {
	rows := make([]flatRow, 1_200_000)
	file := pq(t, rows, parquet.Compression(&parquet.Zstd))
	_, err := result(t, file, Options{MaxRatio: 10})
	wantFault(t, err, fault.TooLarge, "10 times")
}

// TestFormatsAgree reads the same events as NDJSON and as Parquet.
func TestFormatsAgree(t *testing.T) {
	var lines strings.Builder
	var rows []nestedRow
	for i := range 5000 {
		p := props{Revenue: float64(i) / 100, SKU: fmt.Sprint("sku", i%7), Gift: i%2 == 0, Fee: int64(i), Day: int32(i)}
		rows = append(rows, nestedRow{Type: "track", UserID: ptr(fmt.Sprint("u", i%100)), Event: "E", Timestamp: int64(i) * 1_000_000, Props: &p})
		fmt.Fprintf(&lines, `{"type":"track","userId":"u%d","event":"E","timestamp":%d,"properties":{"fee":%d.%02d,"sku":"sku%d","gift":%t,"revenue":%v,"day":"%s"}}`+"\n",
			i%100, i, i/100, i%100, i%7, i%2 == 0, p.Revenue, time.Unix(int64(i)*86_400, 0).UTC().Format(time.DateOnly))
	}
	for _, o := range []parquet.WriterOption{parquet.PageBufferSize(1000), parquet.MaxRowsPerRowGroup(777), parquet.DataPageVersion(1), parquet.Compression(&parquet.Snappy)} {
		a, errA := contents([]byte(lines.String()))
		b, errB := contents(pq(t, rows, o))
		if errA != nil || errB != nil || len(a) != 5000 || len(b) != 5000 {
			t.Fatal(len(a), errA, len(b), errB)
		}
		for i := range a {
			if a[i] != b[i] {
				t.Fatalf("event %d differs", i)
			}
		}
	}
}

// contents returns the content hashes of a file's events.
func contents(file []byte) (out []event.ID, err error) {
	r, err := Open(bytes.NewReader(file), int64(len(file)), Options{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	for {
		ev, err := r.Next()
		if err != nil {
			if err.Error() == "EOF" {
				return out, nil
			}
			return out, err
		}
		out = append(out, ev.StableID(0))
	}
}
