package whatif

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/weir-engine/weir/shared/fault"
	"github.com/weir-engine/weir/shared/segment"
	"github.com/weir-engine/weir/shared/segment/column"
	"github.com/weir-engine/weir/shared/zone"
)

// small is a shard of a few rows with a column of every kind and width.
func small(t testing.TB) []byte {
	t.Helper()
	w := NewWriter(Head{AsOf: 86_400_000 * 20_000, Zone: "UTC", Currency: "EUR", Strategy: "abc", Fingerprint: "f"}, []Field{
		{Ref: "recency_days"}, {Ref: "purchase_days"}, {Ref: "orders"}, {Ref: "spend", Scale: 100}, {Ref: ColSilencePurchase}, {Ref: ColStage, Kind: column.Dict},
		{Ref: ColStageAge}, {Ref: ColRevenue, Scale: 100}, {Ref: "wide", Kind: column.Time}, {Ref: "p_alive", Kind: column.Float}, {Ref: "traits.x", Kind: column.Dict},
		{Ref: ColTag("vip"), Kind: column.Bits},
	})
	values := []segment.Value{segment.Null, segment.Bool(true), segment.Number(2.5), segment.String("上海"), segment.Time(5), segment.List([]segment.Value{segment.String("a"), segment.Null})}
	for i := range 130 {
		if i%5 == 0 {
			w.Null(0)
		} else {
			w.Int(0, int64(i*7%300))
		}
		w.Int(1, int64(i%5))
		w.Int(2, int64(i%5))
		w.Int(3, int64(i)*70_001-5)
		w.Int(4, int64(i))
		w.Value(5, segment.String([]string{"", "active", "silent"}[i%3]))
		w.Null(6)
		w.Int(7, int64(i)*1000)
		w.Int(8, int64(i)<<40)
		w.Float(9, 1/float64(i+1))
		w.Value(10, values[i%len(values)])
		if i%2 == 0 {
			w.Bit(11)
		}
		w.Next()
	}
	b, err := w.Shard()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestShardReadsBack(t *testing.T) {
	b := small(t)
	for _, shift := range []int{0, 1} { // aligned, and not
		moved := make([]byte, len(b)+shift)[shift:]
		copy(moved, b)
		h, cols, err := Open(moved)
		if err != nil {
			t.Fatal(err)
		}
		if h.Rows != 130 || h.Zone != "UTC" || h.Currency != "EUR" || h.Strategy != "abc" || !h.Ascending || len(cols) != 12 {
			t.Fatalf("%+v with %d columns", h, len(cols))
		}
		byRef := map[string]column.Column{}
		for _, c := range cols {
			byRef[c.Ref] = c
		}
		if c := byRef["recency_days"]; c.U16[6] != 42 || !c.HasNull || int64(c.U16[5]) != c.NullRaw {
			t.Errorf("recency %+v", c)
		}
		if c := byRef["spend"]; c.I64[0] != -5 || c.I64[129] != 129*70_001-5 || c.Scale != 100 {
			t.Errorf("spend %+v", c)
		}
		if c := byRef["wide"]; c.I64[3] != 3<<40 {
			t.Errorf("wide %+v", c)
		}
		if c := byRef["p_alive"]; c.I64[3] != column.FloatRaw(0.25) {
			t.Errorf("p_alive %+v", c)
		}
		if c := byRef["traits.x"]; len(c.Values) != 6 || !segment.Equal(c.Values[c.U8[5]], segment.List([]segment.Value{segment.String("a"), segment.Null})) {
			t.Errorf("traits.x %+v", c)
		}
		if c := byRef[ColTag("vip")]; c.Bits[0] != 0x5555555555555555 {
			t.Errorf("tag %x", c.Bits)
		}
	}
}

func TestManyValuesLeaveTheColumnOut(t *testing.T) {
	w := NewWriter(Head{}, []Field{{Ref: "a"}, {Ref: "traits.id", Kind: column.Dict}})
	for i := range maxDictValues + 2 {
		w.Int(0, 1)
		w.Value(1, segment.Number(float64(i)))
		w.Next()
	}
	b, err := w.Shard()
	if err != nil {
		t.Fatal(err)
	}
	_, cols, err := Open(b)
	if err != nil || len(cols) != 1 || !slices.Equal(w.Refused(), []string{"traits.id"}) {
		t.Errorf("%d columns, %v refused, %v", len(cols), w.Refused(), err)
	}
}

// seal makes a changed shard's checksum right again.
func seal(b []byte) []byte {
	if len(b) >= headerSize {
		binary.LittleEndian.PutUint64(b[16:], uint64(len(b)))
		binary.LittleEndian.PutUint32(b[12:], crc32.Checksum(b[16:], castagnoli))
	}
	return b
}

func TestDamagedShards(t *testing.T) {
	good := small(t)
	for name, change := range map[string]func(b []byte) []byte{
		"empty":      func([]byte) []byte { return nil },
		"cut":        func(b []byte) []byte { return b[:len(b)-1] },
		"a bit":      func(b []byte) []byte { b[len(b)-70] ^= 1; return b },
		"magic":      func(b []byte) []byte { b[0]++; return seal(b) },
		"version":    func(b []byte) []byte { b[8] = 9; return seal(b) },
		"rows":       func(b []byte) []byte { b[26] = 200; return seal(b) },
		"directory":  func(b []byte) []byte { binary.LittleEndian.PutUint64(b[56:], 1<<62); return seal(b) },
		"data":       func(b []byte) []byte { b[binary.LittleEndian.Uint64(b[56:])+6] = 200; return seal(b) },
		"width":      func(b []byte) []byte { b[binary.LittleEndian.Uint64(b[56:])+53] = 3; return seal(b) },
		"dictionary": func(b []byte) []byte { b[binary.LittleEndian.Uint64(b[56:])+5*entrySize+44]++; return seal(b) },
	} {
		_, _, err := Open(change(slices.Clone(good)))
		if !fault.Is(err, fault.Invalid) || fault.HintOf(err) == "" {
			t.Errorf("%s: %v (%s)", name, err, fault.HintOf(err))
		}
	}
	base := NewBase(zone.UTC)
	if err := base.Add(good); err != nil {
		t.Fatal(err)
	}
	h, _, _ := Open(good)
	h.Rows = 0
	other, err := NewWriter(Head{Zone: "UTC", AsOf: h.AsOf, Strategy: "other"}, []Field{{Ref: "recency_days"}}).Shard()
	if err != nil {
		t.Fatal(err)
	}
	if err := base.Add(other); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "another snapshot") {
		t.Errorf("a shard of another snapshot: %v", err)
	}
	if base.Rows() != 130 {
		t.Errorf("%d rows", base.Rows())
	}
}

// FuzzOpen changes bytes of a shard and opens what comes out, evaluates it when it is accepted, and looks for panics.
func FuzzOpen(f *testing.F) {
	good := small(f)
	f.Add(good)
	f.Add([]byte(magic))
	for _, at := range []int{24, 28, 32, 48, 52, 56, 200, 260, 400} {
		b := slices.Clone(good)
		b[at] ^= 0xff
		f.Add(b)
	}
	spec := commerce(60, 120)
	f.Fuzz(func(t *testing.T, b []byte) {
		b = seal(slices.Clone(b))
		base := NewBase(zone.UTC)
		if base.Add(b) != nil {
			return
		}
		p, err := base.Compare(spec)
		if err != nil {
			return
		}
		p.Report()
		for i := range min(base.Rows(), 3) {
			p.Row(i)
		}
		if err := p.Try(commerce(30, 90)); err != nil {
			t.Error(err)
		}
	})
}

// commerce is a strategy with five stages, every score, a tag and two segments.
func commerce(silent, churned int) *Spec {
	schema := segment.NewSchema()
	schema.AnyTag()
	schema.Segment("good")
	compile := func(src string, args ...any) *segment.Program {
		p, err := segment.Compile(fmt.Sprintf(src, args...), schema)
		if err != nil {
			panic(err)
		}
		return p
	}
	return &Spec{
		Activity: "purchase", Grid: GridEleven,
		Cuts: Cuts{
			Scored: true, Recency: [4]int64{30, 60, 120, 240}, Frequency: [4]int64{1, 2, 4, 8}, Monetary: [4]int64{5_000, 10_000, 25_000, 50_000},
			CN:    CNCuts{Known: true, Recency: 60, Frequency: 3, Monetary: 20_000},
			Tiers: []TierCut{{Name: "top", Least: 80_000}, {Name: "high", Least: 30_000}, {Name: "low", Rest: true}},
		},
		Stages: []Stage{
			{Name: "potential", When: compile("orders == 0")},
			{Name: "first_purchase", When: compile("purchase_days == 1 && silence_days < %d", silent)},
			{Name: "active", When: compile("silence_days < %d", silent)},
			{Name: "silent", When: compile("silence_days < %d", churned)},
			{Name: "churned"},
		},
		Tags:     []Audience{{"repeat", compile("purchase_days >= 2")}},
		Segments: []Audience{{"good", compile(`stage in ["active", "first_purchase"] && r >= 3`)}, {"best", compile(`segments.has("good") && tags.has("repeat") && tier == "top"`)}},
		Rules:    []Rule{{Name: "winback", Stage: "silent"}, {Name: "thanks", Segment: "best"}},
	}
}

func TestPackingWidens(t *testing.T) {
	w := NewWriter(Head{}, []Field{{Ref: "a"}})
	for _, v := range []int64{254, math.MinInt64, 65_534, math.MinInt64, 1<<32 - 2, 1 << 40} {
		if v == math.MinInt64 {
			w.Null(0)
		} else {
			w.Int(0, v)
		}
		w.Next()
	}
	b, err := w.Shard()
	if err != nil {
		t.Fatal(err)
	}
	_, cols, err := Open(b)
	if err != nil {
		t.Fatal(err)
	}
	if want := []int64{254, math.MinInt64, 65_534, math.MinInt64, 1<<32 - 2, 1 << 40}; !slices.Equal(cols[0].I64, want) || !cols[0].HasNull {
		t.Errorf("%+v", cols[0])
	}
}
